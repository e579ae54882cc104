/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include <limits.h>
#include <stdbool.h>

#include "config/config.h"
#include "daybreak/connector.h"

/* STATE/NAME/{lock, ledger.db, memory, spool, inbox}: all that a pipeline keeps. Whoever holds `lock` alone writes there. */
struct state {
    char dir[PATH_MAX];      /* STATE/NAME */
    char ledger[PATH_MAX];
    char memory[PATH_MAX];   /* a folder: one memory a table */
    char inbox[PATH_MAX];
    int lock;                /* descriptor, -1: not held */
};

/** state_root_set(dir): --state; otherwise $DAYBREAK_STATE, otherwise `.daybreak` beside the pipeline file. */
void state_root_set(const char *dir);
/** state_root(dir_of_file, root): the folder of all states. */
void state_root(const char *dir_of_file, char root[PATH_MAX]);
/** state_paths(state, root, name, fault): fills the paths; a name that is no plain file name is refused. */
int state_paths(struct state *state, const char *root, const char *name, struct daybreak_fault *fault);
/** state_make(state, fault): makes the folders; refuses network file systems (78) unless $DAYBREAK_STATE_ANYWHERE is set. */
int state_make(struct state *state, struct daybreak_fault *fault);
/** state_lock(state, busy, fault), state_unlock: one writer. Busy: 0 with ${busy} true. */
int state_lock(struct state *state, bool *busy, struct daybreak_fault *fault);
void state_unlock(struct state *state);
/** state_holder(config, text): who holds the lock now, for a hint: "process 4711 has held it since 2026-11-24T02:00:05 UTC: "; "" when nobody
 * knows. */
#define STATE_HOLDER_ROOM 96
void state_holder(const struct config *config, char text[STATE_HOLDER_ROOM]);
/** state_running(state): somebody holds the lock now. Nothing is made. */
bool state_running(const struct state *state);

#endif
