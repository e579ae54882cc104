/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms between capture and handoff that only choose and name columns. */
#include "step/step.h"

#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "record/batch.h"

struct column_state {
    const char *name;
    bool kept;
};

static int
unknown_column(const char *verb, const char *name, const struct column_state *state, uint32_t columns,
               struct daybreak_fault *fault)
{
    const char *names[512];
    size_t count = 0;
    const char *nearest;

    for (uint32_t i = 0; i < columns && count < 512; i++)
        if (state[i].kept)
            names[count++] = state[i].name;
    fault_set(fault, DAYBREAK_ASIDE, "cannot %s column '%s': the input has none of that name", verb, name);
    nearest = text_nearest(name, names, count);
    if (nearest != NULL)
        fault_hint(fault, "did you mean '%s'?", nearest);
    return fault_exit(fault, 4, "missing-column");
}

static uint32_t
state_find(const struct column_state *state, uint32_t columns, const char *name)
{
    for (uint32_t i = 0; i < columns; i++)
        if (state[i].kept && strcmp(state[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

static bool
listed(const struct daybreak_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], name) == 0)
            return true;
    return false;
}

static int
step_run(const struct config_step *step, struct column_state *state, uint32_t columns, struct daybreak_fault *fault)
{
    if (step->kind == CONFIG_RENAME) {
        const char *renamed[512];
        uint32_t at[512];
        size_t count = step->rename.count < 512 ? step->rename.count : 512;

        for (size_t i = 0; i < count; i++) { /* all at once, so that two columns can swap names */
            at[i] = state_find(state, columns, step->rename.name[i]);
            renamed[i] = step->rename.value[i];
            if (at[i] == UINT32_MAX)
                return unknown_column("rename", step->rename.name[i], state, columns, fault);
        }
        for (size_t i = 0; i < count; i++)
            state[at[i]].name = renamed[i];
        return 0;
    }
    for (size_t i = 0; i < step->columns.count; i++)
        if (state_find(state, columns, step->columns.item[i]) == UINT32_MAX)
            return unknown_column(step->kind == CONFIG_DROP ? "drop" : "select", step->columns.item[i], state,
                                  columns, fault);
    for (uint32_t i = 0; i < columns; i++)
        if (listed(&step->columns, state[i].name) == (step->kind == CONFIG_DROP))
            state[i].kept = false;
    return 0;
}

const char *
step_name(const struct config_table *table, const char *column)
{
    for (uint32_t i = 0; i < table->step_count; i++) {
        const struct config_step *step = &table->steps[i];

        if (step->kind == CONFIG_RENAME) {
            for (size_t k = 0; k < step->rename.count; k++)
                if (strcmp(step->rename.name[k], column) == 0) {
                    column = step->rename.value[k];
                    break;
                }
        } else if (listed(&step->columns, column) == (step->kind == CONFIG_DROP)) {
            return NULL;
        }
    }
    return column;
}

uint32_t
step_plan_find(const struct step_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->columns; i++)
        if (strcmp(plan->column[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

static void
plan_add(struct step_plan *plan, const char *name, const struct value_type *type, uint32_t from, bool key)
{
    plan->column[plan->columns] = (struct daybreak_column){
        .name = name, .type = type->type, .precision = type->precision, .scale = type->scale, .key = key};
    plan->from[plan->columns++] = from;
}

int
step_plan_make(struct arena *arena, const struct config_table *table, const struct batch_layout *layout,
               const struct step_plan *known, struct step_plan *plan, struct daybreak_fault *fault)
{
    uint32_t columns = layout->columns, room = columns + (known == NULL ? 0 : known->columns);
    struct column_state *state = arena_alloc(arena, (columns + 1) * sizeof *state);

    for (uint32_t i = 0; i < columns; i++)
        state[i] = (struct column_state){layout->name[i], true};
    for (uint32_t i = 0; i < table->step_count; i++)
        if (step_run(&table->steps[i], state, columns, fault) != 0)
            return -1;
    *plan = (struct step_plan){.layout = layout,
                               .column = arena_alloc(arena, (room + 1) * sizeof *plan->column),
                               .from = arena_alloc(arena, (room + 1) * sizeof *plan->from)};
    for (uint32_t i = 0; known != NULL && i < known->columns; i++) {
        uint32_t from = state_find(state, columns, known->column[i].name);

        plan->column[plan->columns] = known->column[i];
        if (from != UINT32_MAX) {
            plan->column[plan->columns].type = layout->type[from].type;
            plan->column[plan->columns].precision = layout->type[from].precision;
            plan->column[plan->columns].scale = layout->type[from].scale;
        }
        plan->from[plan->columns++] = from;
    }
    for (uint32_t i = 0; i < columns; i++) {
        uint32_t there;

        if (!state[i].kept)
            continue;
        there = step_plan_find(plan, state[i].name);
        if (there != UINT32_MAX && plan->from[there] != i) {
            fault_set(fault, DAYBREAK_ASIDE, "two columns would be called '%s' after the transforms", state[i].name);
            return fault_exit(fault, 4, "duplicate-column");
        }
        if (there == UINT32_MAX)
            plan_add(plan, state[i].name, &layout->type[i], i, false);
    }
    for (size_t k = 0; k < table->capture.key.count; k++) {
        uint32_t i = 0, at;

        while (i < columns && strcmp(layout->name[i], table->capture.key.item[k]) != 0)
            i++;
        if (i == columns)
            continue; /* the format said so already */
        at = state[i].kept ? step_plan_find(plan, state[i].name) : UINT32_MAX;
        if (at == UINT32_MAX) {
            fault_set(fault, DAYBREAK_HALT, "key column '%s' is dropped by a transform", layout->name[i]);
            fault_hint(fault, "a target can only follow rows whose key it holds");
            return fault_exit(fault, 78, "key-dropped");
        }
        plan->column[at].key = true;
    }
    return 0;
}
