/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The old row of a change, as a sink may show it. It is remembered under the source's names and in the source's spelling; what goes
 * out has the names, the columns and the types of the row beside it, so that a dropped column stays dropped here as well.
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

static const struct value_type *
type_of(const struct batch_layout *layout, const char *name)
{
    for (uint32_t column = 0; column < layout->columns; column++)
        if (strcmp(layout->name[column], name) == 0)
            return &layout->type[column];
    return NULL;
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
    else if (type->type == DAYBREAK_TYPE_TIMESTAMP || type->type == DAYBREAK_TYPE_DATE ||
             (type->type == DAYBREAK_TYPE_REAL && memchr("0123456789", room[room[0] == '-'], 10) == NULL))
        json_bytes(json, name, room, length);
    else
        json_raw(json, name, room, length);
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
        const struct json_node *value = &tree.node[node];
        const char *shown;

        text_clear(&name);
        text_add(&name, tree.source + value->name_at, value->name_size);
        text_end(&name);
        name.at[json_unescape(name.at, name.size, name.at)] = '\0';
        shown = step_name(table, name.at);
        if (shown == NULL)
            continue;
        text_clear(&cell);
        if (value->kind != JSON_NULL)
            json_string(&tree, node, &cell);
        if (value->kind == JSON_NULL)
            json_null(&json, shown);
        else
            cell_write(&json, shown, type_of(layout, name.at), &cell);
    }
    json_close(&json);
    json_fini(&tree);
    text_fini(&name);
    text_fini(&cell);
    return good;
}

void
before_show(const struct config_table *table, struct batch *batch)
{
    struct text out = {0};

    for (uint32_t i = 0; i < batch->changes; i++) {
        struct daybreak_text *row = &batch->before[i];

        if (row->size == 0)
            continue;
        text_clear(&out);
        if (row_write(table, batch->layout, *row, &out))
            *row = (struct daybreak_text){arena_bytes(batch->arena, out.at, out.size), (uint32_t)out.size};
    }
    text_fini(&out);
}
