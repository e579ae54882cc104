/* SPDX-License-Identifier: Apache-2.0 */
/* Single values of a lookup: as parts of a key, folded many to one, and as people read them. */
#include "lookup_parts.h"

#include <string.h>

#include "base/json.h"

#define VALUE_SHOWN 200 /* bytes of a key in messages and dead letters */

void
lookup_cell_part(struct text *out, const void *bytes, uint32_t size, bool alone)
{
    if (!alone)
        text_add(out, (const char *)&size, sizeof size);
    if (size > 0)
        text_add(out, bytes, size);
}

bool
lookup_cell_key(struct text *out, const struct vector *vector, uint32_t row, bool alone)
{
    double real;

    if (vector->nulls != NULL && vector->nulls[row])
        return false;
    switch (vector->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        if (vector->text[row].size == DAYBREAK_NULL)
            return false;
        lookup_cell_part(out, vector->text[row].at, vector->text[row].size, alone);
        return true;
    case DAYBREAK_TYPE_DECIMAL:
        lookup_cell_part(out, &vector->decimal[row], sizeof *vector->decimal, alone);
        return true;
    case DAYBREAK_TYPE_REAL:
        real = vector->real[row] == 0 ? 0 : vector->real[row]; /* -0 is 0 */
        lookup_cell_part(out, &real, sizeof real, alone);
        return true;
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    lookup_cell_part(out, &vector->number[row], sizeof *vector->number, alone);
    return true;
}

static int
cell_compare(const struct value_type *type, const union lookup_cell *a, const union lookup_cell *b)
{
    uint32_t size;
    int order;

    switch (type->type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        size = a->text.size < b->text.size ? a->text.size : b->text.size;
        order = size == 0 ? 0 : memcmp(a->text.at, b->text.at, size);
        return order != 0 ? order : (a->text.size > b->text.size) - (a->text.size < b->text.size);
    case DAYBREAK_TYPE_DECIMAL:
        return (a->decimal > b->decimal) - (a->decimal < b->decimal);
    case DAYBREAK_TYPE_REAL:
        return (a->real > b->real) - (a->real < b->real);
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    return (a->number > b->number) - (a->number < b->number);
}

static bool
sum_add(const struct value_type *type, union lookup_cell *into, const union lookup_cell *cell)
{
    static const value_int128 most = (value_int128)INT64_C(1000000000000000000) * INT64_C(1000000000000000000) * 100; /* 10^38 */

    if (type->type == DAYBREAK_TYPE_REAL) {
        into->real += cell->real;
        return into->real - into->real == 0; /* neither infinite nor none */
    }
    if (type->type == DAYBREAK_TYPE_INTEGER)
        return !__builtin_add_overflow(into->number, cell->number, &into->number);
    return !__builtin_add_overflow(into->decimal, cell->decimal, &into->decimal) && into->decimal < most && into->decimal > -most;
}

bool
lookup_cell_fold(const struct lookup *lookup, uint32_t column, union lookup_cell *into, uint8_t *null, uint32_t rows,
                 const union lookup_cell *cell, bool is_null)
{
    const struct value_type *type = &lookup->found[column];
    enum config_fold_kind fold = lookup->fold[column];
    int order;

    if (fold == CONFIG_FOLD_COUNT) {
        into->number = (rows == 0 ? 0 : into->number) + !is_null;
        *null = 0;
        return true;
    }
    if (rows == 0)
        *null = 1;
    if (is_null)
        return true;
    if (*null) {
        *into = *cell;
        *null = 0;
        return true;
    }
    if (fold == CONFIG_FOLD_SUM)
        return sum_add(type, into, cell);
    order = cell_compare(type, cell, into);
    if (fold == CONFIG_FOLD_MIN ? order < 0 : order > 0)
        *into = *cell;
    return true;
}

void
lookup_cell_show(const struct vector *vector, uint32_t row, bool quoted, struct text *out)
{
    char room[VALUE_ROOM];
    size_t size = 0;

    if (vector->nulls != NULL && vector->nulls[row]) {
        text_put(out, "null");
        return;
    }
    switch (vector->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        if (vector->text[row].size == DAYBREAK_NULL) {
            text_put(out, "null");
            return;
        }
        size = text_utf8_cut(vector->text[row].at, vector->text[row].size, VALUE_SHOWN);
        if (quoted) {
            json_quote(out, vector->text[row].at, size);
        } else {
            text_char(out, '\'');
            text_printable(vector->text[row].at, size, VALUE_SHOWN, out);
            text_char(out, '\'');
        }
        return;
    case DAYBREAK_TYPE_BOOLEAN:
        text_put(out, vector->number[row] ? "true" : "false");
        return;
    case DAYBREAK_TYPE_INTEGER:
        text_int(out, vector->number[row]);
        return;
    case DAYBREAK_TYPE_DECIMAL:
        size = value_write_decimal(vector->decimal[row], vector->type.scale, room);
        quoted = false;
        break;
    case DAYBREAK_TYPE_REAL:
        size = value_write_real(vector->real[row], room);
        quoted = false;
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        size = value_write_timestamp(vector->number[row], room);
        break;
    case DAYBREAK_TYPE_DATE:
        size = value_write_date((int32_t)vector->number[row], room);
        break;
    }
    if (quoted)
        json_quote(out, room, size);
    else
        text_add(out, room, size);
}
