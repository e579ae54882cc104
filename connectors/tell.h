/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads that tell somebody of each change (a server, a program) and cannot take it back. What was told is told: the commit comes after, and
 * the ledger has the only memory of it. A change whose answer was lost is told again, with the same event id, so that who listens can know
 * it again. Within one life nobody is told twice of what was answered, however often its batch is tried.
 */
#ifndef CONNECTORS_TELL_H
#define CONNECTORS_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#include "envelope_json.h"

struct tell_table {
    struct envelope_json envelope;
    bool made;
    uint32_t *key;              /* its key columns */
    uint32_t keys;
};

struct tell {
    const struct daybreak_host *host;
    struct tell_table *table;
    uint32_t tables;
    char *position, *mark;
    int64_t epoch, batch, released;
    uint8_t (*answered)[16];    /* event ids since the last commit: open addressing, all zero is empty */
    size_t answers, slots;
    char *buffer;               /* of message_write */
    size_t room;
};

void tell_open(struct tell *tell, const struct daybreak_host *host);
void tell_close(struct tell *tell);
/** tell_halt(host, fault, status, code, hint, what, …): a HALT with all it can carry; gives -1. */
int tell_halt(const struct daybreak_host *host, struct daybreak_fault *fault, int status, const char *code, const char *hint,
              const char *what, ...) __attribute__((format(printf, 6, 7)));
int tell_claim(struct tell *tell, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault);
/** tell_prepare(tell, target, targets, bare, fault): ${bare}: the envelope in our own form, whatever frame stands around it elsewhere. */
int tell_prepare(struct tell *tell, const struct daybreak_target *target, uint32_t targets, bool bare, struct daybreak_fault *fault);
/** tell_begin(tell, table, batch): before the first tell_message of a batch. */
void tell_begin(struct tell *tell, uint32_t table, const struct daybreak_batch *batch);
/** tell_due(tell, table, batch, i): is change ${i} to be told? Not when it was answered; a delete that could not be told from a row is refused. */
bool tell_due(struct tell *tell, uint32_t table, const struct daybreak_batch *batch, uint32_t i);
/** tell_message(tell, table, i, size): its JSON without line feed, lent until the next call. */
const char *tell_message(struct tell *tell, uint32_t table, uint32_t i, size_t *size);
/** tell_lane(tell, table, batch, i, lanes): which of so many it goes by: changes of one key never part. */
uint32_t tell_lane(const struct tell *tell, uint32_t table, const struct daybreak_batch *batch, uint32_t i, uint32_t lanes);
void tell_answered(struct tell *tell, const uint8_t id[16]);
int tell_intend(struct tell *tell, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault);
int tell_commit(struct tell *tell, const struct daybreak_commit *commit, struct daybreak_fault *fault);
const char *tell_state_mark(struct tell *tell);
/** tell_printable(to, room, at, size): the beginning of an answer for people: UTF-8, one line, no control characters. */
void tell_printable(char *to, size_t room, const char *at, size_t size);

#endif
