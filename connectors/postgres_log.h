/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_LOG_H
#define POSTGRES_LOG_H

#include "postgres_wire.h"

/* A table as the log names it. */
struct postgres_relation {
    uint32_t id;
    char *schema, *name;
    char identity; /* replica identity: d by key, f whole rows, i an index, n none */
    uint32_t columns;
    struct postgres_attribute {
        char *name;
        uint32_t type;
        int32_t mod;
        bool key;
    } *column;
};

/* A cell: n null, t text, u as it was (a long value that did not change is not sent). */
struct postgres_value {
    char kind;
    const char *at;
    uint32_t size;
};

/* A change of a row. A key that changed comes as u with both keys: `before` then has the old one. */
struct postgres_change {
    char op; /* c u d, t: the whole table was emptied */
    const struct postgres_relation *relation;
    const struct postgres_value *now;    /* [columns]; NULL for d and t */
    const struct postgres_value *before; /* [columns]; NULL: not sent */
    bool whole;                          /* before has all cells, not only the key's */
    int64_t changed_at_us;               /* commit of its transaction, by the server's clock */
    uint64_t lsn;                        /* where that commit stands; with number it names the change */
    uint32_t number;                     /* of the change in its transaction, from 0 */
};

enum postgres_log_next { POSTGRES_LOG_NOTHING, POSTGRES_LOG_CHANGE, POSTGRES_LOG_COMMIT };

/*
 * A server's own log of committed changes, read from a slot (pgoutput, protocol version 1). The server keeps the log from the confirmed position
 * on: nothing is confirmed but what postgres_log_confirm said is durable elsewhere.
 */
struct postgres_log {
    struct postgres_wire wire;        /* of its own; place, host and label are set before anything */
    const char *slot, *publication;   /* lent */
    uint64_t confirmed;               /* durable elsewhere */
    uint64_t committed;               /* behind the last transaction that was given whole */
    uint64_t seen;                    /* how far the server's log was when it last said so */
    bool inside;                      /* a transaction is under way */
    bool given;                       /* the last call gave a change */
    int64_t told_ms;                  /* when we last said where we are */
    struct postgres_relation **relation;
    uint32_t relations;
    char *piece;                      /* what the last change lies in */
    struct postgres_value *value[2];
    uint32_t room;
    struct postgres_change change;
};

/** postgres_log_make(log, snapshot, lsn, fault): makes the slot, anew if there is one, and leaves open the snapshot of the moment at which it
 * begins: who reads tables under it and then the log from ${lsn} misses nothing and sees nothing twice. It ends with the next call. */
int postgres_log_make(struct postgres_log *log, char snapshot[64], uint64_t *lsn, struct daybreak_fault *fault);
/** postgres_log_start(log, lsn, fault): reads from ${lsn} on. HALT when the slot is gone, or was confirmed beyond it by somebody else. */
int postgres_log_start(struct postgres_log *log, uint64_t lsn, struct daybreak_fault *fault);
/** postgres_log_next(log, next, fault): what is there now, without waiting; log->change is lent until the next call. Answers the server's
 * questions whether we live. */
int postgres_log_next(struct postgres_log *log, enum postgres_log_next *next, struct daybreak_fault *fault);
/** postgres_log_confirm(log, lsn, fault): all before ${lsn} is durable elsewhere: the server need not keep it. */
int postgres_log_confirm(struct postgres_log *log, uint64_t lsn, struct daybreak_fault *fault);
/** postgres_log_drop(log, fault): the slot goes; that it is not there is no fault. */
int postgres_log_drop(struct postgres_log *log, struct daybreak_fault *fault);
/** postgres_log_kept(log, bytes, fault): how much log the server keeps for the slot; asked through another connection than the stream. */
int postgres_log_kept(struct postgres_wire *wire, const char *slot, int64_t *bytes, struct daybreak_fault *fault);
void postgres_log_close(struct postgres_log *log);

/** postgres_log_read(text, lsn), postgres_log_write(lsn, text): a position as people see it: 16/B374D848. */
bool postgres_log_read(const char *text, uint64_t *lsn);
void postgres_log_write(uint64_t lsn, char text[24]);

#endif
