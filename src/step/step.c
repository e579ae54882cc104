/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms between capture and handoff: from the columns of an input to those of a sink, and the program that computes
 * the new ones. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

static void
unknown_column(struct step_build *build, const char *verb, const char *name)
{
    const char **names = arena_alloc(build->arena, (build->slots + 1) * sizeof *names), *nearest;
    struct step_problem problem = {.place = build->request->table->steps[build->step].place, .code = "unknown-column"};
    size_t count = 0;

    for (uint32_t i = 0; i < build->slots; i++)
        if (build->slot[i].kept && !build->slot[i].hidden)
            names[count++] = build->slot[i].name;
    nearest = text_nearest(name, names, count);
    problem.what = arena_printf(build->arena, "cannot %s column '%s': the input has none of that name", verb, name);
    problem.suggestion = nearest == NULL ? NULL : arena_printf(build->arena, "did you mean '%s'?", nearest);
    step_problem_say(build, &problem);
}

/* A column that the transform names; hidden ones are not its business. */
static uint32_t
named(struct step_build *build, const struct config_step *step, const char *verb, const char *name)
{
    uint32_t at = step_slot_need(build, name, step->place);

    if (at != UINT32_MAX && build->slot[at].hidden)
        at = UINT32_MAX;
    if (at == UINT32_MAX && !build->request->keys_only)
        unknown_column(build, verb, name);
    return at;
}

static void
rename_build(struct step_build *build, const struct config_step *step)
{
    uint32_t *at = arena_alloc(build->arena, (step->rename.count + 1) * sizeof *at);

    for (size_t i = 0; i < step->rename.count; i++) /* all at once, so that two columns can swap names */
        at[i] = named(build, step, "rename", step->rename.name[i]);
    for (size_t i = 0; i < step->rename.count; i++)
        if (at[i] != UINT32_MAX)
            build->slot[at[i]].name = step->rename.value[i];
}

static bool
listed(const struct daybreak_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], name) == 0)
            return true;
    return false;
}

static void
choose_build(struct step_build *build, const struct config_step *step)
{
    bool drop = step->kind == CONFIG_DROP;

    for (size_t i = 0; i < step->columns.count; i++)
        named(build, step, drop ? "drop" : "select", step->columns.item[i]);
    for (uint32_t i = 0; i < build->slots; i++) {
        const struct step_slot *slot = &build->slot[i];

        if ((!slot->hidden || slot->source != NULL) && listed(&step->columns, slot->name) == drop)
            build->slot[i].kept = false;
    }
    build->selected |= !drop;
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
        } else if (step->kind == CONFIG_DROP || step->kind == CONFIG_SELECT) {
            if (listed(&step->columns, column) == (step->kind == CONFIG_DROP))
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

bool
step_computes(const struct config_table *table)
{
    for (uint32_t i = 0; i < table->step_count; i++)
        if (table->steps[i].kind != CONFIG_RENAME && table->steps[i].kind != CONFIG_DROP && table->steps[i].kind != CONFIG_SELECT)
            return true;
    return false;
}

/* ---- what the sink sees --------------------------------------------------------------------- */

static void
column_put(struct step_plan *plan, const char *name, const struct step_slot *slot)
{
    plan->column[plan->columns] = (struct daybreak_column){
        .name = name, .type = slot->type.type, .precision = slot->type.precision, .scale = slot->type.scale};
    plan->from[plan->columns++] = slot->column;
}

/* Columns that were known before keep their place, new ones come behind them. */
static void
columns_put(struct step_build *build, struct step_plan *plan)
{
    const struct step_plan *known = build->request->known;
    uint32_t room = build->slots + (known == NULL ? 0 : known->columns) + 1;
    uint32_t *slot_of = arena_alloc(build->arena, room * sizeof *slot_of);

    plan->column = arena_alloc(build->arena, room * sizeof *plan->column);
    plan->from = arena_alloc(build->arena, room * sizeof *plan->from);
    for (uint32_t i = 0; known != NULL && i < known->columns; i++) {
        uint32_t at = step_slot_find(build, known->column[i].name);

        if (at != UINT32_MAX && build->slot[at].hidden)
            at = UINT32_MAX;
        slot_of[plan->columns] = at;
        if (at != UINT32_MAX) {
            column_put(plan, known->column[i].name, &build->slot[at]);
        } else {
            plan->column[plan->columns] = known->column[i];
            plan->from[plan->columns++] = UINT32_MAX;
        }
        plan->column[i].key = known->column[i].key;
    }
    for (uint32_t i = 0; i < build->slots; i++) {
        const struct step_slot *slot = &build->slot[i];
        uint32_t there;

        if (!slot->kept || slot->hidden)
            continue;
        there = step_plan_find(plan, slot->name);
        if (there == UINT32_MAX) {
            slot_of[plan->columns] = i;
            column_put(plan, slot->name, slot);
        } else if (slot_of[there] != i) {
            struct step_problem problem = {
                .place = build->request->table->step_count > 0 ? build->request->table->steps[0].place : build->request->table->place,
                .code = "duplicate-column",
                .what = arena_printf(build->arena, "two columns would be called '%s' after the transforms", slot->name)};

            step_problem_say(build, &problem);
        }
    }
}

/* A target can only follow rows whose key it holds. */
static void
keys_mark(struct step_build *build, struct step_plan *plan)
{
    const struct daybreak_list *key = &build->request->table->capture.key;

    plan->key = arena_alloc(build->arena, (key->count + 1) * sizeof *plan->key);
    for (uint32_t k = 0; k < key->count; k++) {
        uint32_t i = 0;

        plan->key[k] = UINT32_MAX;
        if (batch_layout_find(build->request->layout, key->item[k]) == UINT32_MAX)
            continue; /* the format said so already */
        while (i < build->slots && (build->slot[i].key != k || !build->slot[i].kept))
            i++;
        if (i < build->slots) {
            plan->key[k] = step_plan_find(plan, build->slot[i].name);
            plan->column[plan->key[k]].key = true;
        } else {
            struct step_problem problem = {
                .place = build->request->table->capture.key_place, .code = "key-dropped",
                .what = arena_printf(build->arena, "key column '%s' is dropped by a transform", key->item[k]),
                .suggestion = "a target can only follow rows whose key it holds"};

            step_problem_say(build, &problem);
        }
    }
}

/* ---- the plan ------------------------------------------------------------------------------- */

static void
steps_build(struct step_build *build)
{
    const struct config_table *table = build->request->table;

    for (build->step = 0; build->step < table->step_count; build->step++) {
        const struct config_step *step = &table->steps[build->step];

        switch (step->kind) {
        case CONFIG_RENAME:
            rename_build(build, step);
            break;
        case CONFIG_DROP:
        case CONFIG_SELECT:
            choose_build(build, step);
            break;
        case CONFIG_FILTER:
            step_filter_build(build, step);
            break;
        case CONFIG_SET:
            step_set_build(build, step);
            break;
        case CONFIG_LOOKUP:
            step_lookup_build(build, step->lookup);
            break;
        case CONFIG_USE:
            step_use_build(build, step);
            break;
        }
    }
}

void
step_layout_slots(struct step_build *build)
{
    const struct batch_layout *layout = build->request->layout;
    const struct daybreak_list *key = &build->request->table->capture.key;

    for (uint32_t i = 0; i < layout->columns; i++) {
        struct step_slot slot = {.name = layout->name[i], .source = layout->name[i], .type = layout->type[i], .column = i, .kept = true,
                                 .key = STEP_NO_KEY};

        for (uint32_t k = 0; k < key->count; k++)
            if (strcmp(key->item[k], layout->name[i]) == 0)
                slot.key = k;
        step_slot_add(build, &slot);
    }
}

int
step_plan_make(const struct step_request *request, struct step_plan *plan, struct daybreak_fault *fault)
{
    struct step_build build = {.request = request, .arena = arena_new(), .open = request->open, .fault = fault};

    *plan = (struct step_plan){.arena = build.arena, .layout = request->layout};
    plan->program = build.program = arena_zero(build.arena, sizeof *build.program);
    step_layout_slots(&build);
    step_source_lookups_build(&build);
    steps_build(&build);
    step_context_build(&build, plan);
    step_takers_build(&build, plan);
    columns_put(&build, plan);
    keys_mark(&build, plan);
    if (build.program->op == NULL && build.program->formula == NULL)
        plan->program = NULL;
    if (build.problems == 0)
        return 0;
    if (request->problem == NULL) {
        step_plan_free(plan);
        return -1;
    }
    return fault_set(fault, DAYBREAK_ASIDE, "the transforms do not fit the columns");
}

void
step_plan_free(struct step_plan *plan)
{
    if (plan->arena == NULL)
        return;
    for (struct step_op *op = plan->program == NULL ? NULL : plan->program->op; op != NULL; op = op->next)
        if (op->release != NULL)
            op->release(op->state);
    for (struct step_formula *formula = plan->program == NULL ? NULL : plan->program->formula; formula != NULL; formula = formula->next)
        expression_free(formula->expression);
    arena_free(plan->arena);
    memset(plan, 0, sizeof *plan);
}
