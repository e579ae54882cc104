/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "config/config.h"
#include "engine/state.h"
#include "ledger/ledger.h"

/* A pipeline as one looks at it: its state read-only, without its lock. */
struct view {
    char name[256];
    struct state state;
    struct ledger *ledger;      /* read-only; NULL: it never ran */
    struct config *config;      /* NULL: the file is gone or holds errors */
    char file[PATH_MAX];        /* as the last run noted it, or as asked; "" unknown */
};

/** view_open(name, view, fault): ${name} is a pipeline file, or the name of a pipeline in this state. Neither: status 66. */
int view_open(const char *name, struct view *view, struct daybreak_fault *fault);
void view_close(struct view *view);
/** view_names(names, count, fault): every pipeline of this state, in order; view_names_free gives them back. */
int view_names(char ***names, size_t *count, struct daybreak_fault *fault);
void view_names_free(char **names, size_t count);
/** view_running(view): a run holds its lock now. */
bool view_running(const struct view *view);

/** view_config(path, config, fault): a pipeline file that may be run: read and bound. An error is status 78 with its place, all findings on stderr. */
int view_config(const char *path, struct config **config, struct daybreak_fault *fault);

/* ---- status.c ------------------------------------------------------------------------------ */
struct view_status {
    char run[40], run_state[16], mode[16];
    int64_t started_at_us, ended_at_us;
    int run_status;             /* -1: none */
    bool ran, running, balanced;
    char unbalanced[256];
    struct daybreak_counts totals;
    int64_t dead, oldest_dead_us;
    int64_t held_inputs, oldest_held_us;
    char held_input[600], held_reason[800], last_input[600];
    int64_t held_id;            /* of the oldest held input, 0: none */
    int64_t last_input_us, last_ended_us, batch, committed_at_us;
    char *position;             /* malloc'ed */
    int64_t as_of_us;           /* the table is at least as young as this; DAYBREAK_NO_TIME: nothing landed */
    bool late;
    int64_t older_changes;      /* changes that landed under another version of the pipeline file */
    int64_t older_rows;         /* rows that still stand as such a version wrote them, as the target says; -1: it cannot be asked */
};
int view_status(struct view *view, struct view_status *status, struct daybreak_fault *fault);
void view_status_fini(struct view_status *status);

/* ---- older.c ------------------------------------------------------------------------------- */
/** view_older(view, rows, fault): how many rows of the targets still stand as another version of the pipeline file wrote them; -1: they
 * cannot tell (files), or there is nobody to ask. */
int view_older(struct view *view, int64_t *rows, struct daybreak_fault *fault);

/* ---- trace.c ------------------------------------------------------------------------------- */
/** view_trace(view, key, found, json, fault): the object of DESIGN 14 for ${key}: the text itself, "a,b" or a JSON array for several columns. */
int view_trace(struct view *view, const char *key, bool *found, struct json *json, struct daybreak_fault *fault);

/* ---- verify.c ------------------------------------------------------------------------------ */
struct view_verify {
    int64_t batches, evidence, not_taken_over;
    struct daybreak_counts counts;
    bool target_asked;          /* its batches were compared one by one */
};
/** view_verify(view, verify, fault): the ledger counted anew, its evidence chain, and its batches against those of the target. HALT 70 names
 * what does not hold. */
int view_verify(struct view *view, struct view_verify *verify, struct daybreak_fault *fault);

#endif
