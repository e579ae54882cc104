/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_PROGRAM_H
#define STEP_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "expression/expression.h"
#include "record/batch.h"
#include "record/vector.h"
#include "step/step.h"

/*
 * How the transforms of a table become a program. While it is built, a list of slots says what columns there are at that point;
 * rename, drop and select only change the list, filter, set and whatever else computes add an op. Once built, the slots that
 * are delivered are the columns of the plan, and the ops are run over each batch in their order.
 */

#define STEP_NO_KEY UINT32_MAX

/* A column at a point between two transforms. */
struct step_slot {
    const char *name;         /* as expressions and the sink know it; "crm.ticket" */
    const char *source;       /* the column of the input that it is, or whose place it took; NULL: neither */
    struct value_type type;
    uint32_t column;          /* of the batch: one of the layout, or layout->columns + n for the n-th that ops make; UINT32_MAX: null */
    bool kept;                /* false: it was dropped */
    bool hidden;              /* the sink never sees it: looked up (no source), which rename, drop and select pass by; or a column that the
                                 layout lacks and only expressions name */
    uint32_t key;             /* which key column it is for the target: made of key columns of the source alone; or STEP_NO_KEY */
};

/* The names an expression may use at one point, and where their values are; shared by all expressions of one transform. */
struct step_scope {
    struct expression_scope names;
    uint32_t *column;         /* [names.names] of the batch */
    uint32_t *key;            /* [names.names] as in the slot */
    struct vector *input;     /* [names.names] filled for each run as far as it is read */
};

/* An expression bound to its point. */
struct step_formula {
    const struct config_expression *from;
    struct expression *expression;
    const struct step_scope *scope;
    const uint32_t *reads;    /* names of the scope */
    uint32_t read_count;
    struct step_formula *next;
};

struct lookup;
struct step_op;
struct step_run;

/* What computes: filter, set, a value of the envelope, or another kind with a function of its own. */
struct step_op {
    /* run(op, run, fault): makes exactly ${makes} columns with step_make, also when no change is left; takes changes out with
     * step_filter and step_set_aside. */
    int (*run)(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault);
    uint32_t step;            /* index of the transform in the pipeline file; the envelope: their number */
    const char *rule;         /* "set total", "filter drafts", "lookup crm", "context reason" */
    const char *field;        /* the column to be made; may be NULL */
    struct step_formula *formula;
    uint32_t makes;           /* columns; they are numbered in the order of the ops */
    bool key;                 /* it makes a key column: deletes pass it as well */
    void *state;              /* of another kind */
    void (*release)(void *state);
    struct step_op *next;
};

struct step_program {
    struct step_op *op;
    struct step_formula *formula; /* all of them, those of no op too */
    uint32_t makes;           /* by all ops */
    bool keys_made;           /* a key column is computed */
    bool asks_gone;           /* a handoff's `when` names _op: deletes are asked, too */
};

/* A program being built. */
struct step_build {
    const struct step_request *request;
    struct arena *arena;      /* the plan's */
    struct step_slot *slot;   /* those that are gone stay in it with kept = false */
    uint32_t slots, room;
    struct step_program *program;
    struct step_op *op;       /* the one added last */
    uint32_t step;            /* the transform at hand */
    bool open;                /* a name that is not there may be a column of the input all the same */
    bool selected;            /* a select went before: what it did not name is gone, whatever the input has */
    bool in_context;          /* a value of the envelope that only names a column may name one that is not there */
    bool blind;               /* what a lookup gives is not known: nothing behind it can be checked */
    uint32_t problems;
    struct daybreak_fault *fault; /* the first problem, where nobody listens */
};

/* ---- program.c: what every kind of transform needs ------------------------------------------- */
/** step_slot_find(build, name): the slot that has this name now, hidden ones too; UINT32_MAX: none. */
uint32_t step_slot_find(const struct step_build *build, const char *name);
/** step_slot_need(build, name): the same; where the input may have more columns than the layout, such a one is added, null. */
uint32_t step_slot_need(struct step_build *build, const char *name, struct config_place place);
/** step_slot_add(build, slot): a copy of ${slot}, behind all others. */
uint32_t step_slot_add(struct step_build *build, const struct step_slot *slot);
/** step_scope_make(build): what expressions see here. */
const struct step_scope *step_scope_make(struct step_build *build);
/** step_formula_make(build, scope, from): compiled; NULL after what is wrong with it was said. The scope it is bound to
 * (formula->scope) has more names than ${scope} where the layout may lack some. */
struct step_formula *step_formula_make(struct step_build *build, const struct step_scope *scope, const struct config_expression *from);
/** step_op_add(build, rule): an op behind all others, zeroed but for step and rule. step_column_next(build): the number of the
 * next column that is made, counted to the op added last. */
struct step_op *step_op_add(struct step_build *build, const char *rule);
uint32_t step_column_next(struct step_build *build);
/** step_layout_slots(build): the columns of the layout, as they come. */
void step_layout_slots(struct step_build *build);
/** step_problem_say(build, problem): to who listens, or into the fault. */
void step_problem_say(struct step_build *build, const struct step_problem *problem);

/* ---- formula.c: what expressions compute ----------------------------------------------------- */
void step_filter_build(struct step_build *build, const struct config_step *step);
void step_set_build(struct step_build *build, const struct config_step *step);
void step_context_build(struct step_build *build, struct step_plan *plan);

/* ---- lookup_op.c: what is found elsewhere ------------------------------------------------------ */
void step_lookup_build(struct step_build *build, const struct config_lookup *from);
/** step_lookup_bind(build, from, lookup, key, type): its slots, without an op: who asks it is the caller. ${key}: the columns
 * to look for. False: what it gives is not known. */
bool step_lookup_bind(struct step_build *build, const struct config_lookup *from, struct lookup **lookup, uint32_t **key,
                      struct value_type **type);
/** step_source_lookups_build(build): lookups of the source that something behind the comparison uses: asked again, for the
 * changes alone. */
void step_source_lookups_build(struct step_build *build);

/* ---- use.c: transform modules ------------------------------------------------------------------ */
void step_use_build(struct step_build *build, const struct config_step *step);

/* ---- takers.c: which handoffs take a record ------------------------------------------------------ */
/** step_takers_build(build, plan): behind the context, whose values ${plan} has by now. */
void step_takers_build(struct step_build *build, const struct step_plan *plan);

/* ---- run.c: a program over a batch ------------------------------------------------------------ */
struct step_run {
    const struct step_plan *plan;
    struct batch *batch;
    bool old;                 /* of old rows: nothing is taken out, what fails is null */
    /* the changes that still go, but for deletes, in the order of the batch */
    uint32_t *change, *row;
    uint32_t count;
    bool dense;               /* row[i] == i, and that is all rows of the batch */
    bool gaps;                /* some were taken out since step_run_close */
    /* native cells of the columns, as far as they were asked for */
    struct vector *vector;    /* [layout->columns + makes] */
    bool *there;
    struct step_run *gone;    /* the same for deletes, which pass what makes key columns; NULL: nothing does, or there are none */
};

/** step_run_vector(run, column, type): cells of a column of the batch for all changes that go; lent until the batch ends.
 * UINT32_MAX: nulls of ${type}. */
const struct vector *step_run_vector(struct step_run *run, uint32_t column, const struct value_type *type);
/** step_filter(run, i, step), step_set_aside(run, i, stop): the i-th change that goes is taken out; stop->change is filled in.
 * Nothing moves until step_run_close: then the others close up. */
void step_filter(struct step_run *run, uint32_t i, uint32_t step);
void step_set_aside(struct step_run *run, uint32_t i, const struct batch_stop *stop);
void step_run_close(struct step_run *run);
/** step_make(run, cells, gone): a column of the batch of cells that are defined for the changes that go, and of others (may be
 * NULL) that are so for deletes; null in all other rows. Arrays may be missing where there are no such changes. */
void step_make(struct step_run *run, const struct vector *cells, const struct vector *gone);
/** step_values(run, formula, row): JSON of the columns the formula reads. */
const char *step_values(struct step_run *run, const struct step_formula *formula, uint32_t row);

#endif
