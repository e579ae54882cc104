/* SPDX-License-Identifier: Apache-2.0 */
/* What the transforms make of a table's columns and keys, without an input: for questions to a target. */
#include "engine/shape.h"

#include <string.h>

#include "base/arena.h"
#include "record/batch.h"
#include "record/value.h"
#include "step/lookup.h"
#include "step/step.h"

static void
field_add(struct batch_layout *layout, const char **name, struct value_type *type, const struct config_field *field)
{
    if (batch_layout_find(layout, field->name) != UINT32_MAX)
        return;
    name[layout->columns] = field->name;
    if (!value_type_parse(field->type, &type[layout->columns]))
        type[layout->columns] = (struct value_type){.type = DAYBREAK_TYPE_TEXT}; /* said elsewhere */
    layout->columns++;
}

const struct batch_layout *
shape_declared(struct arena *arena, const struct config_table *table)
{
    struct batch_layout *layout = arena_zero(arena, sizeof *layout);
    size_t room = table->field_count + table->capture.key.count + 1;
    struct value_type *type;
    const char **name;

    for (uint32_t k = 0; k < table->format_count; k++)
        room += table->formats[k].field_count;
    layout->name = name = arena_alloc(arena, room * sizeof *name);
    layout->type = type = arena_zero(arena, room * sizeof *type);
    for (uint32_t k = 0; k < table->format_count; k++)
        for (uint32_t i = 0; i < table->formats[k].field_count; i++)
            field_add(layout, name, type, &table->formats[k].fields[i]);
    for (uint32_t i = 0; i < table->field_count; i++)
        field_add(layout, name, type, &table->fields[i]);
    for (size_t k = 0; k < table->capture.key.count; k++)
        if (batch_layout_find(layout, table->capture.key.item[k]) == UINT32_MAX)
            name[layout->columns++] = table->capture.key.item[k];
    return layout;
}

/* What is wrong with the file is lint's to say. */
static void
ignore(void *context, const struct step_problem *problem)
{
    (void)context;
    (void)problem;
}

uint32_t
shape_columns(struct arena *arena, const struct config *config, const struct config_table *table, struct daybreak_column **column)
{
    struct lookups *lookups = lookups_new(config, NULL);
    struct step_request request = {.table = table, .config = config, .layout = shape_declared(arena, table), .lookups = lookups,
                                   .zone = config->source.timezone, .open = true, .context_open = true, .problem = ignore};
    struct daybreak_fault fault = {0};
    struct daybreak_column *out;
    struct step_plan plan;
    bool known = true; /* else what follows from a lookup has no type that could be told */
    uint32_t count = 0;

    for (uint32_t i = 0; i < lookups_count(lookups); i++)
        known &= lookup_open(lookups_at(lookups, i), &fault) == 0;
    step_plan_make(&request, &plan, &fault);
    out = arena_alloc(arena, (plan.columns + table->capture.key.count + 1) * sizeof *out);
    for (size_t k = 0; k < table->capture.key.count; k++) {
        out[count] = plan.key[k] != UINT32_MAX ? plan.column[plan.key[k]]
                                               : (struct daybreak_column){.name = table->capture.key.item[k]};
        out[count++].key = true;
    }
    for (uint32_t i = 0; i < plan.columns; i++)
        if (!plan.column[i].key && (known || plan.from[i] != UINT32_MAX))
            out[count++] = plan.column[i];
    for (uint32_t i = 0; i < count; i++)
        out[i].name = arena_text(arena, out[i].name);
    step_plan_free(&plan);
    lookups_free(lookups);
    *column = out;
    return count;
}

/* The key columns alone. */
static struct batch_layout
key_layout(struct arena *arena, const struct config_table *table)
{
    const struct batch_layout *all = shape_declared(arena, table);
    struct value_type *type = arena_zero(arena, (table->capture.key.count + 1) * sizeof *type);

    for (size_t k = 0; k < table->capture.key.count; k++)
        for (uint32_t i = 0; i < all->columns; i++)
            if (strcmp(all->name[i], table->capture.key.item[k]) == 0) {
                type[k] = all->type[i];
                type[k].style = (struct value_style){0}; /* the cells are canonical */
                type[k].pattern = type[k].zone = NULL;
            }
    return (struct batch_layout){.columns = (uint32_t)table->capture.key.count, .name = table->capture.key.item, .type = type,
                                 .empty_is_null = true};
}

/* A batch with one delete: nothing else has its key alone. */
static struct batch *
key_batch(const struct batch_layout *layout, const struct daybreak_text *cell)
{
    struct batch *batch = batch_new();
    size_t size = 1, used = 0;
    char *block;

    for (uint32_t k = 0; k < layout->columns; k++)
        size += cell[k].size;
    batch->layout = layout;
    batch->rows.columns = layout->columns;
    block = batch_block(batch, (uint32_t)size);
    batch_reserve(&batch->rows, 1);
    batch_changes(batch, 1);
    for (uint32_t k = 0; k < layout->columns; k++) {
        memcpy(block + used, cell[k].at, cell[k].size);
        batch->rows.spans[k] = (struct daybreak_span){(uint32_t)used, cell[k].size};
        used += cell[k].size;
    }
    batch->rows.start[0] = batch->rows.end[0] = batch->rows.lines[0] = batch->pick[0] = 0;
    batch->op[0] = 'd';
    batch->rows.rows = batch->changes = 1;
    batch_type(batch, NULL, 0);
    return batch;
}

void
shape_key(struct arena *arena, const struct config *config, const struct config_table *table, struct daybreak_text *cell)
{
    struct batch_layout layout;
    struct step_request request = {.table = table, .config = config, .layout = &layout, .zone = config->source.timezone,
                                   .keys_only = true};
    struct daybreak_fault fault = {0};
    struct step_plan plan;
    struct batch *batch;

    if (!step_computes(table))
        return;
    layout = key_layout(arena, table);
    if (step_plan_make(&request, &plan, &fault) != 0)
        return;
    batch = key_batch(&layout, cell);
    if (step_run(&plan, batch, &fault) == 0)
        for (size_t k = 0; k < table->capture.key.count; k++) {
            char room[VALUE_ROOM];
            struct daybreak_text made = {NULL, DAYBREAK_NULL};

            if (plan.key[k] != UINT32_MAX && plan.from[plan.key[k]] != UINT32_MAX)
                made = batch_canonical(batch, 0, plan.from[plan.key[k]], room);
            if (made.size != DAYBREAK_NULL)
                cell[k] = (struct daybreak_text){arena_bytes(arena, made.at, made.size), made.size};
        }
    batch_free(batch);
    step_plan_free(&plan);
}
