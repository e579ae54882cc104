/* SPDX-License-Identifier: Apache-2.0 */
/* A lookup among the transforms: its columns come behind all others, for expressions alone, and a record without an answer is set aside. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "program.h"
#include "step/lookup.h"

/* A lookup bound to its point. */
struct bound {
    struct lookup *lookup;
    uint32_t keys, columns;
    uint32_t *key;              /* column of the batch */
    struct value_type *type;
};

static void
failures_take_out(const struct step_op *op, struct step_run *run, const struct lookup_failures *failures)
{
    const struct bound *bound = op->state;
    uint32_t *at, keys;

    if (failures->count == 0 || run->old)
        return;
    at = arena_alloc(run->batch->arena, (run->batch->rows.rows + 1) * sizeof *at);
    for (uint32_t i = 0; i < run->count; i++)
        at[run->row[i]] = i;
    for (uint32_t f = 0; f < failures->count; f++) {
        const struct lookup_failure *failure = &failures->item[f];
        struct batch_stop stop = {.step = op->step, .rule = op->rule, .reason = failure->reason, .detail = failure->detail,
                                  .field = bound->keys == 0 ? NULL : lookup_keys(bound->lookup, &keys)[0], .value = failure->value};

        step_set_aside(run, at[failure->row], &stop);
    }
    step_run_close(run);
}

static int
lookup_op_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    const struct bound *bound = op->state;
    struct arena *arena = run->batch->arena;
    struct vector *key = arena_alloc(arena, (bound->keys + 1) * sizeof *key);
    struct vector *out = arena_zero(arena, (bound->columns + 1) * sizeof *out);
    const struct lookup_column *column;
    struct lookup_failures failures = {0};
    uint32_t columns;

    column = lookup_columns(bound->lookup, &columns);
    for (uint32_t c = 0; c < bound->columns; c++)
        out[c].type = column[c].type;
    if (run->count > 0) {
        for (uint32_t k = 0; k < bound->keys; k++)
            key[k] = *step_run_vector(run, bound->key[k], &bound->type[k]);
        if (lookup_run(bound->lookup, key, run->batch->rows.rows, run->dense ? NULL : run->row, run->count, arena, out, &failures,
                       fault) != 0)
            return -1;
        failures_take_out(op, run, &failures);
    }
    for (uint32_t c = 0; c < bound->columns; c++)
        step_make(run, &out[c], NULL);
    return 0;
}

static void
problem_say(struct step_build *build, struct config_place place, const char *code, const char *suggestion, const char *what)
{
    struct step_problem problem = {.place = place, .code = code, .what = what, .suggestion = suggestion};

    step_problem_say(build, &problem);
}

/* The columns that are looked for; false: one of them is not there, or is never equal. */
static bool
keys_bind(struct step_build *build, const struct config_lookup *from, struct bound *bound)
{
    struct config_place place = from->from == CONFIG_FROM_SQLITE ? from->query_place : from->on_place;
    const char *const *key = lookup_keys(bound->lookup, &bound->keys);
    char what[320];

    bound->key = arena_alloc(build->arena, (bound->keys + 1) * sizeof *bound->key);
    bound->type = arena_zero(build->arena, (bound->keys + 1) * sizeof *bound->type);
    for (uint32_t k = 0; k < bound->keys; k++) {
        uint32_t at = step_slot_need(build, key[k], place);
        const char **names, *nearest;
        size_t count = 0;

        if (at != UINT32_MAX) {
            bound->key[k] = build->slot[at].column;
            bound->type[k] = build->slot[at].type;
            continue;
        }
        names = arena_alloc(build->arena, (build->slots + 1) * sizeof *names);
        for (uint32_t i = 0; i < build->slots; i++)
            if (build->slot[i].kept)
                names[count++] = build->slot[i].name;
        nearest = text_nearest(key[k], names, count);
        problem_say(build, place, "lookup-column", nearest == NULL ? NULL : arena_printf(build->arena, "did you mean '%s'?", nearest),
                    arena_printf(build->arena, "lookup '%s' looks for column '%s', which the record does not have here", from->name, key[k]));
        return false;
    }
    if (lookup_takes(bound->lookup, bound->type, what))
        return true;
    problem_say(build, place, "lookup-type", "give both the same type under `fields`", arena_text(build->arena, what));
    return false;
}

/* The slots of what it gives, behind all others. */
static void
columns_add(struct step_build *build, const struct config_lookup *from, struct bound *bound, bool bound_well)
{
    const struct lookup_column *column = lookup_columns(bound->lookup, &bound->columns);

    for (uint32_t c = 0; c < bound->columns; c++) {
        struct step_slot slot = {.name = column[c].name, .type = column[c].type, .kept = true, .hidden = true, .key = STEP_NO_KEY,
                                 .column = build->request->layout->columns + build->program->makes++};

        if (step_slot_find(build, slot.name) != UINT32_MAX)
            problem_say(build, from->place, "duplicate-name", "give the lookup another name",
                        arena_printf(build->arena, "the record has a column '%s', and the lookup makes one", slot.name));
        if (!bound_well)
            slot.column = UINT32_MAX; /* said so: so that what follows is not found fault with, too */
        step_slot_add(build, &slot);
    }
}

static struct bound *
bind(struct step_build *build, const struct config_lookup *from)
{
    struct bound *bound = arena_zero(build->arena, sizeof *bound);

    bound->lookup = lookups_find(build->request->lookups, from);
    if (bound->lookup == NULL || !lookup_known(bound->lookup)) {
        if (build->request->problem == NULL)
            problem_say(build, from->place, "lookup-column", NULL,
                        arena_printf(build->arena, "what lookup '%s' gives is not known", from->name));
        build->blind = true; /* who listens was told why */
        return NULL;
    }
    columns_add(build, from, bound, keys_bind(build, from, bound));
    return bound;
}

void
step_lookup_build(struct step_build *build, const struct config_lookup *from)
{
    struct step_op *op;
    struct bound *bound;

    bound = build->request->keys_only ? NULL : bind(build, from);
    if (bound == NULL)
        return;
    op = step_op_add(build, arena_printf(build->arena, "lookup %s", from->name));
    op->run = lookup_op_run;
    op->state = bound;
    op->makes = bound->columns;
}

bool
step_lookup_bind(struct step_build *build, const struct config_lookup *from, struct lookup **lookup, uint32_t **key, struct value_type **type)
{
    struct bound *bound = bind(build, from);

    if (bound == NULL)
        return false;
    *lookup = bound->lookup;
    *key = bound->key;
    *type = bound->type;
    return true;
}

/* ---- those of the source ------------------------------------------------------------------------- */

static bool
mentions(const struct config_expression *expression, const char *prefix)
{
    return expression->text != NULL && strstr(expression->text, prefix) != NULL;
}

/* Whether anything behind the comparison can mean a column of the lookup: its name with a dot stands in a text. */
static bool
is_used(const struct config_table *table, const char *prefix)
{
    const struct config_context *context = &table->context;
    bool used = mentions(&context->changed_at, prefix) || mentions(&context->reason, prefix) || mentions(&context->actor, prefix);

    for (uint32_t i = 0; i < context->related_count; i++)
        used |= mentions(&context->related[i].value, prefix);
    for (uint32_t i = 0; i < table->step_count && !used; i++) {
        const struct config_step *step = &table->steps[i];

        used |= mentions(&step->keep, prefix);
        for (uint32_t k = 0; k < step->set_count; k++)
            used |= mentions(&step->set[k].value, prefix);
        for (size_t k = 0; step->kind == CONFIG_LOOKUP && k < step->lookup->on.count; k++)
            used |= strncmp(step->lookup->on.name[k], prefix, strlen(prefix)) == 0;
    }
    return used;
}

void
step_source_lookups_build(struct step_build *build)
{
    const struct config_table *table = build->request->table;

    for (uint32_t i = 0; i < table->lookup_count; i++) {
        const char *prefix = arena_printf(build->arena, "%s.", table->lookups[i].name);
        bool used = is_used(table, prefix);

        for (uint32_t k = i + 1; k < table->lookup_count; k++)
            for (size_t n = 0; n < table->lookups[k].on.count; n++)
                used |= strncmp(table->lookups[k].on.name[n], prefix, strlen(prefix)) == 0;
        if (used)
            step_lookup_build(build, &table->lookups[i]);
    }
}
