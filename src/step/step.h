/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_STEP_H
#define STEP_STEP_H

#include <stdint.h>

#include "config/config.h"

struct arena;
struct batch_layout;

/*
 * What the transforms of a table make of an input's columns. rename, drop and select touch no cell: they are a map from the
 * columns a sink sees to the columns the format gave, computed once per layout.
 */
struct step_plan {
    const struct batch_layout *layout; /* what it was computed for */
    uint32_t columns;
    struct daybreak_column *column;    /* names after the transforms; key says which make the key */
    uint32_t *from;                    /* column of the layout; UINT32_MAX: this input does not have it */
};

/**
 * step_plan_make(arena, table, layout, known, plan, fault): the plan for ${layout}. ${known} (may be NULL) is an earlier plan whose columns
 * stay, in their order, new ones behind them. ASIDE when a transform names a column that is not there, or two columns end with one name.
 */
int step_plan_make(struct arena *arena, const struct config_table *table, const struct batch_layout *layout,
                   const struct step_plan *known, struct step_plan *plan, struct daybreak_fault *fault);
/** step_name(table, column): what a column of the source is called behind the transforms; NULL: it is dropped. */
const char *step_name(const struct config_table *table, const char *column);
/** step_plan_find(plan, name): its index, UINT32_MAX when there is none. */
uint32_t step_plan_find(const struct step_plan *plan, const char *name);

#endif
