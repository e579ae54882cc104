/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_INBOX_H
#define ENGINE_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "engine/state.h"

struct pipeline;

/* A decision of a person on what is stored one by one. */
struct inbox_letter {
    char verb[16];     /* approve | reject | drop | retry | add | answer | close */
    char kind;         /* I input, D dead letter, F feedback */
    int64_t id;
    char actor[128];
    char reason[1024];
    char facts[16384]; /* JSON, or "" */
};

/*
 * Decisions reach the one who holds the lock as files: the asking verb leaves one, the run that holds the lock acts and leaves an answer
 * beside it.
 */
struct inbox;

/** inbox_open(pipeline): the reading side; wakes a follower. inbox_open gives NULL when the folder cannot be watched: it is then polled. */
struct inbox *inbox_open(struct pipeline *pipeline);
void inbox_close(struct inbox *inbox);
int inbox_fd(const struct inbox *inbox);
/** inbox_take(inbox, pipeline): act on all letters there are; true when one may have made an input free. */
bool inbox_take(struct inbox *inbox, struct pipeline *pipeline);

/** inbox_send(state, letter, answer, room, status, fault): leave a letter and wait up to 5 s. ${answer} says what became of it; status is the exit
 * status it had, or 0 with "queued" when nobody answered in time. */
int inbox_send(const struct state *state, const struct inbox_letter *letter, char *answer, size_t room, int *status,
               struct daybreak_fault *fault);
/** inbox_act(pipeline, letter, answer, room, freed): what a letter asks, by the holder of the lock. Returns the exit status. */
int inbox_act(struct pipeline *pipeline, const struct inbox_letter *letter, char *answer, size_t room, bool *freed);

#endif
