/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_REHEARSAL_H
#define ENGINE_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "daybreak/connector.h"

struct batch;
struct guard_verdict;
struct ledger_dead;
struct pipeline;
struct pipeline_table;
struct result;

#define REHEARSAL_SAMPLES 5

/* A cell of a change that would land. */
struct rehearsal_cell {
    const char *column;
    const char *before, *after;   /* NULL: null */
    bool had_before;              /* what stood there is known */
};

/* One change, or one record that would be set aside. */
struct rehearsal_sample {
    const char *table, *input;
    char op;                      /* c u d r; f: a filter takes it out; 'x': set aside */
    const char *key;              /* NULL: none */
    struct rehearsal_cell *cell;  /* of u: only what differs, where the row before is known */
    uint32_t cells;
    /* of 'x'; f: rule is the filter; d: reason, when its row leaves */
    const char *stage, *rule, *reason, *detail, *field, *value;
    int64_t line;                 /* -1: not known */
    struct rehearsal_sample *next;
};

/* A rule that would stop an input. */
struct rehearsal_guard {
    const char *input, *table, *guard, *reason, *evidence;
    struct rehearsal_guard *next;
};

/* What would become of one input. */
struct rehearsal_input {
    const char *name;
    const char *outcome;          /* lands | part | withheld | held | repeated */
    const char *reason;           /* of held and withheld */
    struct daybreak_counts *table; /* by table; of a held input what would land if it were let through */
    struct rehearsal_input *next;
};

/*
 * What a dry run would have done: filled while it goes the whole road but for the last step, and part of its result. Lives in the
 * result's arena.
 */
struct rehearsal {
    struct rehearsal_input *input, **input_end;
    struct rehearsal_guard *guard, **guard_end;
    struct rehearsal_sample *sample, **sample_end;
    const char **guarantee;       /* by table */
    const char **target;          /* by table: what the target calls it */
    struct daybreak_counts *told; /* by table: of the inputs before the one under way */
    uint8_t (*taken)[6];          /* samples by table and kind */
    bool moved;                   /* an input would have landed: the target is not what it would be then */
};

/** rehearsal_begin(pipeline): a dry run begins. All below do nothing in a run that is none. */
void rehearsal_begin(struct pipeline *pipeline);
/** rehearsal_batch(pipeline, input, table, batch): changes as they would be staged: some are kept as samples. */
void rehearsal_batch(struct pipeline *pipeline, const struct daybreak_input *input, const struct pipeline_table *table,
                     struct batch *batch);
/** rehearsal_letter(pipeline, dead): a record that would become a dead letter. */
void rehearsal_letter(struct pipeline *pipeline, const struct ledger_dead *dead);
/** rehearsal_guard(pipeline, input, table, verdict): a guard trips; ${table} may be NULL. */
void rehearsal_guard(struct pipeline *pipeline, const struct daybreak_input *input, const char *table,
                     const struct guard_verdict *verdict);
/** rehearsal_input(pipeline, input, outcome, reason): the input is settled; called before what it staged is forgotten. */
void rehearsal_input(struct pipeline *pipeline, const struct daybreak_input *input, const char *outcome, const char *reason);
/** rehearsal_json(result, json): members of the result's object: dry_run, rehearsed, guards, samples, guarantees. */
void rehearsal_json(const struct result *result, struct json *json);

#endif
