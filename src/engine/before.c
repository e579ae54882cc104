/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The old row of a change, as a sink may show it. It is remembered under the source's names and in the source's spelling; what
 * goes out has the names, the columns and the types of the row beside it, so that a dropped column stays dropped here as well,
 * and what the transforms compute is computed of the old values too.
 */
#include "engine/before.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "record/batch.h"
#include "record/value.h"
#include "step/step.h"

#define CELLS_AT_ONCE (64u << 20) /* bytes of old rows that are computed together */

/* A canonical text. */
static void
canonical_write(struct json *json, const char *name, enum daybreak_type type, const char *at, size_t size)
{
    switch (type) {
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_DECIMAL:
        json_raw(json, name, at, size);
        return;
    case DAYBREAK_TYPE_REAL:
        if (size > 0 && at[at[0] == '-'] >= '0' && at[at[0] == '-'] <= '9') { /* no infinity: JSON has none */
            json_raw(json, name, at, size);
            return;
        }
        break;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    json_bytes(json, name, size == 0 ? "" : at, size);
}

static void
cell_write(struct json *json, const char *name, const struct value_type *type, const struct text *cell)
{
    char room[VALUE_ROOM];
    size_t length;

    if (type == NULL || type->type == DAYBREAK_TYPE_TEXT || type->type == DAYBREAK_TYPE_BYTES)
        json_bytes(json, name, cell->at == NULL ? "" : cell->at, cell->size);
    else if (cell->size == 0)
        json_null(json, name); /* an empty field of a declared type */
    else if (!value_canonical(type, cell->at, cell->size, room, &length))
        json_bytes(json, name, cell->at, cell->size); /* its type was another then */
    else
        canonical_write(json, name, type->type, room, length);
}

/* The name of a member of a remembered row. */
static const char *
member_name(const struct json_tree *tree, uint32_t node, struct text *name)
{
    const struct json_node *value = &tree->node[node];

    text_clear(name);
    text_add(name, tree->source + value->name_at, value->name_size);
    text_end(name);
    name->at[json_unescape(name->at, name->size, name->at)] = '\0';
    return name->at;
}

static bool
row_write(const struct config_table *table, const struct batch_layout *layout, struct daybreak_text row, struct text *out)
{
    struct json_tree tree = {0};
    struct text name = {0}, cell = {0};
    struct json json;
    size_t where;
    bool good = json_parse(&tree, row.at, row.size, &where) == 0 && tree.node[0].kind == JSON_OBJECT;

    json_init(&json, out, false);
    json_object(&json, NULL);
    for (uint32_t node = good ? tree.node[0].child : 0; node != 0; node = tree.node[node].next) {
        const char *was = member_name(&tree, node, &name), *shown = step_name(table, was);
        uint32_t column = batch_layout_find(layout, was);

        if (shown == NULL)
            continue;
        text_clear(&cell);
        if (tree.node[node].kind != JSON_NULL)
            json_string(&tree, node, &cell);
        if (tree.node[node].kind == JSON_NULL)
            json_null(&json, shown);
        else
            cell_write(&json, shown, column == UINT32_MAX ? NULL : &layout->type[column], &cell);
    }
    json_close(&json);
    json_fini(&tree);
    text_fini(&name);
    text_fini(&cell);
    return good;
}

/* ---- where columns are computed ------------------------------------------------------------- */

/* One remembered row behind those that ${old} has, its cells in the texts. False when it cannot be read. */
static bool
old_row_add(struct batch *old, struct daybreak_text row, struct text *cells)
{
    const struct batch_layout *layout = old->layout;
    uint32_t number = old->rows.rows;
    struct json_tree tree = {0};
    struct text name = {0};
    struct daybreak_span *spans;
    size_t where;
    bool good = json_parse(&tree, row.at, row.size, &where) == 0 && tree.node[0].kind == JSON_OBJECT;

    if (good) {
        batch_reserve(&old->rows, number + 1);
        batch_changes(old, number + 1);
        spans = &old->rows.spans[(size_t)number * layout->columns];
        for (uint32_t column = 0; column < layout->columns; column++)
            spans[column] = (struct daybreak_span){0, DAYBREAK_NULL};
        for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
            uint32_t column = batch_layout_find(layout, member_name(&tree, node, &name));
            size_t from = cells->size;

            if (column == UINT32_MAX || tree.node[node].kind == JSON_NULL)
                continue;
            json_string(&tree, node, cells);
            spans[column] = (struct daybreak_span){(uint32_t)from, (uint32_t)(cells->size - from)};
        }
        old->rows.start[number] = old->rows.end[number] = old->rows.lines[number] = 0;
        old->pick[number] = number;
        old->op[number] = 'u';
        old->rows.rows = old->changes = number + 1;
    }
    json_fini(&tree);
    text_fini(&name);
    return good;
}

static void
computed_write(const struct step_plan *plan, struct batch *old, uint32_t row, struct text *out)
{
    struct json json;

    json_init(&json, out, false);
    json_object(&json, NULL);
    for (uint32_t i = 0; i < plan->columns; i++) {
        const struct daybreak_column *column = &plan->column[i];
        char room[VALUE_ROOM];
        struct daybreak_text cell;

        if (plan->from[i] == UINT32_MAX)
            continue;
        cell = batch_canonical(old, row, plan->from[i], room);
        if (cell.size == DAYBREAK_NULL)
            json_null(&json, column->name);
        else
            canonical_write(&json, column->name, column->type, cell.at, cell.size);
    }
    json_close(&json);
}

static void
old_begin(struct batch *old, const struct batch_layout *layout, struct text *cells)
{
    batch_reset(old);
    old->layout = layout;
    old->rows.columns = layout->columns;
    text_clear(cells);
}

/* Rows that were added become the texts of changes ${from} to ${to}; row[i] is the row of change i. */
static int
old_show(const struct step_plan *plan, struct batch *old, const struct text *cells, struct batch *batch, uint32_t from, uint32_t to,
         const uint32_t *row, struct daybreak_fault *fault)
{
    char *block = batch_block(old, (uint32_t)cells->size + 1);
    struct text out = {0};

    if (cells->size > 0)
        memcpy(block, cells->at, cells->size);
    batch_type(old, NULL, 0);
    if (step_run_old(plan, old, fault) != 0)
        return -1;
    for (uint32_t i = from; i < to; i++) {
        if (row[i] == UINT32_MAX)
            continue;
        text_clear(&out);
        computed_write(plan, old, row[i], &out);
        batch->before[i] = (struct daybreak_text){arena_bytes(batch->arena, out.at, out.size), (uint32_t)out.size};
    }
    text_fini(&out);
    return 0;
}

/* The old rows of a batch go the way that the new ones went. */
static int
compute(const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault)
{
    struct batch *old = batch_new();
    struct text cells = {0};
    uint32_t *row = arena_alloc(batch->arena, (batch->changes + 1) * sizeof *row), from = 0;
    int result = 0;

    old_begin(old, batch->layout, &cells);
    for (uint32_t i = 0; i < batch->changes && result == 0; i++) {
        row[i] = batch->before[i].size > 0 && old_row_add(old, batch->before[i], &cells) ? old->rows.rows - 1 : UINT32_MAX;
        if (cells.size < CELLS_AT_ONCE)
            continue;
        result = old_show(plan, old, &cells, batch, from, i + 1, row, fault);
        old_begin(old, batch->layout, &cells);
        from = i + 1;
    }
    if (result == 0)
        result = old_show(plan, old, &cells, batch, from, batch->changes, row, fault);
    text_fini(&cells);
    batch_free(old);
    return result;
}

int
before_show(const struct config_table *table, const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault)
{
    struct text out = {0};

    if (step_computes(table))
        return compute(plan, batch, fault);
    for (uint32_t i = 0; i < batch->changes; i++) {
        struct daybreak_text *row = &batch->before[i];

        if (row->size == 0)
            continue;
        text_clear(&out);
        if (row_write(table, batch->layout, *row, &out))
            *row = (struct daybreak_text){arena_bytes(batch->arena, out.at, out.size), (uint32_t)out.size};
    }
    text_fini(&out);
    return 0;
}
