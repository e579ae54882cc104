/* SPDX-License-Identifier: Apache-2.0 */
/* The cells of a batch in native form: those of declared types, converted once, and those of columns that the steps made. */
#include "batch_native.h"

#include <string.h>

#include "base/arena.h"
#include "record/batch.h"
#include "record/vector.h"

bool
batch_native_plain(enum daybreak_type type)
{
    return type == DAYBREAK_TYPE_TEXT || type == DAYBREAK_TYPE_BYTES;
}

const struct value_type *
batch_column_type(const struct batch *batch, uint32_t column)
{
    return column < batch->rows.columns ? &batch->layout->type[column] : &batch->made[column - batch->rows.columns].type;
}

bool
batch_null(const struct batch *batch, uint32_t row, uint32_t column)
{
    uint32_t size;

    if (column >= batch->rows.columns)
        return batch->made[column - batch->rows.columns].nulls[row] != 0;
    size = batch->rows.spans[(size_t)row * batch->rows.columns + column].size;
    return size == DAYBREAK_NULL ||
           (size == 0 && batch->layout->empty_is_null && batch->layout->type[column].type != DAYBREAK_TYPE_TEXT);
}

void
batch_blank(struct batch *batch, uint32_t row, uint32_t column)
{
    batch->rows.spans[(size_t)row * batch->rows.columns + column] = (struct daybreak_span){0, DAYBREAK_NULL};
    if (batch->native == NULL || batch->native[column].nulls == NULL)
        return;
    batch->native[column].nulls[row] = 1;
    batch->native[column].any_null = true;
}

struct batch_native *
batch_native_of(struct batch *batch, uint32_t column)
{
    struct batch_native *native;
    size_t rows = batch->rows.rows + 1;

    if (column >= batch->rows.columns)
        return &batch->made[column - batch->rows.columns];
    if (batch->native == NULL)
        batch->native = arena_zero(batch->arena, (batch->rows.columns + 1) * sizeof *batch->native);
    native = &batch->native[column];
    if (native->nulls != NULL)
        return native;
    native->type = batch->layout->type[column];
    native->nulls = arena_zero(batch->arena, rows);
    if (native->type.type == DAYBREAK_TYPE_REAL)
        native->real = arena_alloc(batch->arena, rows * sizeof *native->real);
    else if (native->type.type == DAYBREAK_TYPE_DECIMAL)
        native->decimal = arena_alloc(batch->arena, rows * sizeof *native->decimal);
    else
        native->number = arena_alloc(batch->arena, rows * sizeof *native->number);
    return native;
}

static const char *const bad_reason[] = {
    [DAYBREAK_TYPE_TEXT] = "bad_text",         [DAYBREAK_TYPE_BOOLEAN] = "bad_boolean",
    [DAYBREAK_TYPE_INTEGER] = "bad_integer",   [DAYBREAK_TYPE_DECIMAL] = "bad_decimal",
    [DAYBREAK_TYPE_REAL] = "bad_real",         [DAYBREAK_TYPE_BYTES] = "bad_bytes",
    [DAYBREAK_TYPE_TIMESTAMP] = "bad_timestamp", [DAYBREAK_TYPE_DATE] = "bad_date",
};

/* One cell into its native place; false when it does not parse. */
static bool
convert(struct batch *batch, struct batch_native *native, uint32_t row, uint32_t column)
{
    const struct value_type *type = &batch->layout->type[column];
    struct daybreak_text cell = batch_cell(batch, row, column);
    char plain[VALUE_ROOM];
    int32_t days;

    if (cell.size == DAYBREAK_NULL || (cell.size == 0 && batch->layout->empty_is_null)) {
        native->nulls[row] = 1;
        native->any_null = true;
        if (native->number != NULL)
            native->number[row] = 0;
        return true;
    }
    if (type->style.comma || type->style.thousands != 0) {
        size_t size;

        if (!value_plain(type->style, cell.at, cell.size, plain, &size))
            return false;
        cell = (struct daybreak_text){plain, (uint32_t)size};
    }
    switch (type->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        return value_boolean(cell.at, cell.size, &native->number[row]);
    case DAYBREAK_TYPE_INTEGER:
        return value_integer(cell.at, cell.size, &native->number[row]);
    case DAYBREAK_TYPE_DECIMAL:
        return value_decimal(cell.at, cell.size, type->precision, type->scale, &native->decimal[row]);
    case DAYBREAK_TYPE_REAL:
        return value_real(cell.at, cell.size, &native->real[row]);
    case DAYBREAK_TYPE_TIMESTAMP:
        return value_timestamp(cell.at, cell.size, type, &native->number[row]);
    case DAYBREAK_TYPE_DATE:
        if (!value_date(cell.at, cell.size, type, &days))
            return false;
        native->number[row] = days;
        return true;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        break;
    }
    return true;
}

void
batch_type(struct batch *batch, const uint32_t *row, uint32_t count)
{
    char name[32];

    if (batch->typed)
        return;
    if (row == NULL) {
        count = batch->rows.rows;
        batch->typed = true;
    }
    for (uint32_t column = 0; column < batch->rows.columns; column++) {
        struct batch_native *native;

        if (batch_native_plain(batch->layout->type[column].type))
            continue;
        native = batch_native_of(batch, column);
        native->typed = true;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t r = row == NULL ? i : row[i];

            if (batch->bad_count > 0 && batch_is_bad(batch, r)) {
                native->nulls[r] = 1;
                native->any_null = true;
                continue;
            }
            if (!convert(batch, native, r, column)) {
                native->nulls[r] = 1;
                native->any_null = true;
                value_type_text(&batch->layout->type[column], name);
                batch_bad_row(&batch->rows, r, column, bad_reason[batch->layout->type[column].type],
                              "field '%s' is no %s", batch->layout->name[column], name);
            }
        }
    }
}

size_t
batch_native_write(const struct batch_native *native, uint32_t row, char *to)
{
    switch (native->type.type) {
    case DAYBREAK_TYPE_BOOLEAN:
        memcpy(to, native->number[row] ? "true" : "false", 5);
        return native->number[row] ? 4 : 5;
    case DAYBREAK_TYPE_INTEGER:
        return text_number(native->number[row], to);
    case DAYBREAK_TYPE_DECIMAL:
        return value_write_decimal(native->decimal[row], native->type.scale, to);
    case DAYBREAK_TYPE_REAL:
        return value_write_real(native->real[row], to);
    case DAYBREAK_TYPE_TIMESTAMP:
        return value_write_timestamp(native->number[row], to);
    case DAYBREAK_TYPE_DATE:
        return value_write_date((int32_t)native->number[row], to);
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        break;
    }
    return 0;
}

static struct daybreak_text
native_canonical(const struct batch_native *native, uint32_t row, char *to)
{
    if (native->nulls[row])
        return (struct daybreak_text){to, DAYBREAK_NULL};
    if (native->cell != NULL)
        return native->cell[row];
    return (struct daybreak_text){to, (uint32_t)batch_native_write(native, row, to)};
}

struct daybreak_text
batch_canonical(struct batch *batch, uint32_t row, uint32_t column, char *to)
{
    struct daybreak_text cell;
    size_t length;

    if (column >= batch->rows.columns)
        return native_canonical(&batch->made[column - batch->rows.columns], row, to);
    cell = batch_cell(batch, row, column);
    if (batch_null(batch, row, column))
        return (struct daybreak_text){to, DAYBREAK_NULL};
    if (batch_native_plain(batch->layout->type[column].type))
        return cell;
    if (batch->native != NULL && batch->native[column].typed)
        return native_canonical(&batch->native[column], row, to);
    if (!value_canonical(&batch->layout->type[column], cell.at, cell.size, to, &length))
        return (struct daybreak_text){to, DAYBREAK_NULL};
    return (struct daybreak_text){to, (uint32_t)length};
}

int64_t
batch_instant(const struct batch *batch, uint32_t row, uint32_t column)
{
    enum daybreak_type type = batch_column_type(batch, column)->type;
    const struct batch_native *native;

    if (type != DAYBREAK_TYPE_TIMESTAMP && type != DAYBREAK_TYPE_DATE)
        return DAYBREAK_NO_TIME;
    if (column < batch->rows.columns && (batch->native == NULL || !batch->native[column].typed))
        return DAYBREAK_NO_TIME;
    native = column < batch->rows.columns ? &batch->native[column] : &batch->made[column - batch->rows.columns];
    if (native->nulls[row])
        return DAYBREAK_NO_TIME;
    return type == DAYBREAK_TYPE_DATE ? native->number[row] * INT64_C(86400000000) : native->number[row];
}

/* ---- columns that were made ----------------------------------------------------------------- */

uint32_t
batch_make(struct batch *batch, const struct value_type *type, const struct vector *cells)
{
    struct batch_native *made;

    if (batch->made_count == batch->made_room) {
        uint32_t room = batch->made_room == 0 ? 16 : batch->made_room * 2;

        made = arena_alloc(batch->arena, room * sizeof *made);
        if (batch->made_count > 0)
            memcpy(made, batch->made, batch->made_count * sizeof *made);
        batch->made = made;
        batch->made_room = room;
    }
    made = &batch->made[batch->made_count];
    *made = (struct batch_native){
        .type = *type,
        .typed = true,
        .any_null = cells->nulls != NULL,
        .nulls = cells->nulls == NULL ? arena_zero(batch->arena, batch->rows.rows + 1) : (uint8_t *)cells->nulls,
        .number = (int64_t *)cells->number, /* what was given is only read */
        .real = (double *)cells->real,
        .decimal = (value_int128 *)cells->decimal,
        .cell = cells->text,
    };
    return batch->rows.columns + batch->made_count++;
}

/* ---- columns as vectors --------------------------------------------------------------------- */

/* Cells of text and bytes as the format left them. */
static void
plain_vector(struct batch *batch, uint32_t column, const uint32_t *pick, uint32_t picked, struct vector *vector)
{
    const uint32_t columns = batch->rows.columns;
    const struct daybreak_span *span = batch->rows.spans + column;
    const char *block = batch->rows.block;
    struct daybreak_text *text = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *text);
    uint32_t none = 0;
    uint8_t *nulls;

    for (uint32_t i = 0; i < picked; i++) {
        uint32_t row = pick == NULL ? i : pick[i];
        const struct daybreak_span *cell = &span[(size_t)row * columns];

        text[row] = (struct daybreak_text){block + cell->at, cell->size};
        none |= cell->size == DAYBREAK_NULL;
    }
    vector->text = text;
    if (none == 0)
        return;
    nulls = arena_alloc(batch->arena, batch->rows.rows + 1);
    for (uint32_t i = 0; i < picked; i++) {
        uint32_t row = pick == NULL ? i : pick[i];

        nulls[row] = text[row].size == DAYBREAK_NULL;
    }
    vector->nulls = nulls;
}

void
batch_vector(struct batch *batch, uint32_t column, const uint32_t *pick, uint32_t picked, struct vector *vector)
{
    const struct batch_native *native;

    *vector = (struct vector){.type = *batch_column_type(batch, column)};
    if (column < batch->rows.columns && batch_native_plain(vector->type.type)) {
        plain_vector(batch, column, pick, picked, vector);
        return;
    }
    native = batch_native_of(batch, column);
    if (!native->typed)
        batch_type(batch, pick, picked);
    vector->nulls = native->any_null ? native->nulls : NULL;
    vector->number = native->decimal == NULL ? native->number : NULL;
    vector->real = native->real;
    vector->decimal = native->decimal;
    vector->text = native->cell;
}
