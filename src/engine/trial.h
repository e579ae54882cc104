/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TRIAL_H
#define ENGINE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config.h"

struct arena;

/* A change as it reached the target, or a record that was set aside. */
struct trial_cell {
    const char *column, *value; /* value NULL: null */
};

struct trial_record {
    struct trial_cell *cell;
    uint32_t cells;
    struct trial_record *next;
};

struct trial_list {
    struct trial_record *first, **end;
    uint32_t count;
};

/* What became of a test's records. */
struct trial {
    const struct config *config;      /* the pipeline as it is */
    const struct config_test *test;
    struct arena *arena;              /* all that is found; lent */
    struct trial_list delivered, dead; /* in the order they came */
    int64_t filtered;
    const char *stopped;              /* what ended it early; NULL */
    struct text differences;          /* a line each; empty: it holds */
    uint32_t different, checks;       /* how many lines, and how many expectations were looked at */
};

/**
 * trial_run(trial, state, fault): the records of ${trial}'s test through the whole engine, from source to target, both in memory: with a key that is
 * captured by diff each version of it is a night of its own behind an empty first one, otherwise all are one input. No guard stops them.
 * ${state} is a folder of its own, which the caller made and removes. What came out is compared with what the test expects. -1 only where
 * the engine itself cannot go.
 */
int trial_run(struct trial *trial, const char *state, struct daybreak_fault *fault);

/* ---- trial_source.c, trial_target.c: connectors of this binary, for the trial that is under way ---------------------------- */
#define TRIAL_CONNECTOR "trial"
extern const struct daybreak_connector trial_source, trial_target;

/* Inputs in order: the text of each is lines of JSON of the table that is tried. */
struct trial_inputs {
    const struct text *input;
    uint32_t count;
    const char *const *part;          /* the tables' names, NULL-ended; only one of them has rows */
    uint32_t filled;
};
/** trial_source_give(inputs), trial_target_take(arena, list): what the connectors work on; both are of this thread, and lent until the pipeline is closed. */
void trial_source_give(const struct trial_inputs *inputs);
void trial_target_take(struct arena *arena, struct trial_list *list);
/** trial_add(list, record), trial_cell_add(arena, record, column, value): records grow cell by cell. */
void trial_add(struct trial_list *list, struct trial_record *record);
void trial_cell_add(struct arena *arena, struct trial_record *record, const char *column, const char *value);

#endif
