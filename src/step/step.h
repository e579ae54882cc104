/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_STEP_H
#define STEP_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct arena;
struct batch;
struct batch_layout;
struct lookups;
struct step_program;

/*
 * What the transforms of a table make of an input's columns. rename, drop and select touch no cell: they are a map from the
 * columns a sink sees to the columns of the batch, computed once per layout. What computes (filter, set, the envelope's
 * expressions) is a program that step_run runs over each batch; a table without any of it has none, and costs nothing.
 */

/* A value of the envelope: a constant, a column of the batch, or (text NULL, column UINT32_MAX) nothing. */
struct step_value {
    const char *text;
    uint32_t column;
};

struct step_plan {
    struct arena *arena;               /* all of it */
    const struct batch_layout *layout; /* what it was computed for */
    uint32_t columns;
    struct daybreak_column *column;    /* names after the transforms; key says which make the key */
    uint32_t *key;                     /* [capture.key.count] which of them each key column became; UINT32_MAX: none */
    uint32_t *from;                    /* column of the batch: of the layout, or one that step_run makes; UINT32_MAX: this input does not have it */
    struct step_value changed_at, reason, actor, *related; /* [context.related_count] */
    struct step_program *program;      /* NULL: nothing is computed */
};

/* What is wrong with a transform, a context, or a lookup. */
struct step_problem {
    const struct config_expression *expression; /* the text it is in, and which bytes of it; NULL: no expression */
    uint32_t at, size;
    struct config_place place;                  /* of what is wrong where that is no expression */
    const char *code, *what, *suggestion;       /* suggestion may be NULL */
    bool guessed;                               /* no problem: a name of which nothing is known was taken for a column of the input */
};

struct step_request {
    const struct config_table *table;
    const struct batch_layout *layout;
    const struct step_plan *known;     /* may be NULL: an earlier plan, whose columns stay, in their order, new ones behind them */
    const struct config *config;       /* whose table it is: where modules find their files; NULL only where no transform uses one */
    const struct lookups *lookups;     /* lent as long as the plan; NULL only where no transform looks anything up */
    const char *zone;                  /* tzdata name in which dates are cut from timestamps; NULL: UTC */
    bool keys_only;                    /* the layout has the key columns alone: what is made of others is left out */
    bool open;                         /* the layout may lack columns of the input (of lines of JSON, or where none was seen yet): a name that is not
                                          there is null in this one */
    bool context_open;                 /* the same for the context, which tables inherit */
    void (*problem)(void *context, const struct step_problem *problem); /* NULL: the first problem becomes the fault */
    void *context;
};

/**
 * step_plan_make(request, plan, fault): the plan for a layout. ASIDE (status 4) when a transform names a column that is not
 * there, an expression does not fit the columns, or two columns end with one name; HALT when a key column is dropped. With
 * request->problem every problem is said and the fault tells only that there were some; the plan is then made as far as it can
 * be, and must be freed all the same.
 */
int step_plan_make(const struct step_request *request, struct step_plan *plan, struct daybreak_fault *fault);
/** step_plan_free(plan): zeroed afterwards; does nothing to a zeroed one. Names of columns live on, as long as config and
 * layout. */
void step_plan_free(struct step_plan *plan);
/**
 * step_run(plan, batch, fault): the program over the batch's changes, rows typed before: columns are made, fates and stops set.
 * A change that is filtered or set aside is computed no further. Deletes are asked by no filter and pass only what makes key
 * columns; all else that is made is null in them. What was filtered or set aside stays so when it is asked again. Faults are
 * those of lookups and modules. One thread at a time a plan.
 * step_run_old(plan, batch, fault): the same over rows as they once were: none is taken out, and what cannot be computed is
 * null.
 */
int step_run(const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault);
int step_run_old(const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault);
/** step_name(table, column): what a column of the source is called behind the transforms; NULL: it is dropped. */
const char *step_name(const struct config_table *table, const char *column);
/** step_plan_find(plan, name): its index, UINT32_MAX when there is none. */
uint32_t step_plan_find(const struct step_plan *plan, const char *name);
/** step_computes(table): does a transform of the table make more of a record than other names and fewer columns? */
bool step_computes(const struct config_table *table);

#endif
