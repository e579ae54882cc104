/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batch: what the source fills, change/ marks and the sink reads. Owns its block, its arrays and an arena. Arrays that every
 * block needs (spans, starts, changes) are kept from one use to the next; all else lives in the arena.
 */
#include "record/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Cells of one typed column, converted. Rows that were not asked for are not filled. */
struct batch_native {
    bool typed;
    bool any_null;
    uint8_t *nulls;
    int64_t *number;      /* integer, boolean, date, timestamp */
    double *real;
    value_int128 *decimal;
    struct daybreak_span *text; /* canonical texts, made on first asking */
    const char *text_base;
};

struct batch *
batch_new(void)
{
    struct batch *batch = memory_zero(sizeof *batch);

    batch->arena = arena_new();
    batch_reset(batch);
    return batch;
}

void
batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    free(batch->rows.block);
    free(batch->rows.spans);
    free(batch->rows.start);
    free(batch->rows.end);
    free(batch->rows.lines);
    free(batch->bad);
    free(batch->pick);
    free(batch->op);
    free(batch->event_id);
    free(batch->changed_at);
    free(batch->position);
    free(batch->context);
    free(batch->before);
    free(batch->refused);
    arena_free(batch->arena);
    free(batch);
}

void
batch_reset(struct batch *batch)
{
    struct daybreak_rows *rows = &batch->rows;

    rows->size = sizeof *rows;
    rows->block_size = rows->block_used = rows->consumed = 0;
    rows->block_room = batch->block_capacity;
    rows->byte = rows->line = rows->next_line = rows->skip_to = 0;
    rows->last = rows->overlong = false;
    rows->columns = rows->rows = 0;
    batch->layout = NULL;
    batch->flag = NULL;
    batch->bad_count = batch->changes = batch->refused_count = 0;
    batch->raw_hash = NULL;
    batch->key = NULL;
    batch->binding = NULL;
    batch->has_before = batch->typed = false;
    batch->out_columns = 0;
    batch->out = NULL;
    batch->out_from = NULL;
    batch->native = NULL;
    batch->cut = NULL;
    batch->next = DAYBREAK_MORE;
    memset(&batch->story, 0, sizeof batch->story);
    batch->story.size = sizeof batch->story;
    memset(&batch->counts, 0, sizeof batch->counts);
    batch->counts.size = sizeof batch->counts;
    batch->first[0] = batch->last[0] = '\0';
    arena_reset(batch->arena);
}

char *
batch_block(struct batch *batch, uint32_t size)
{
    uint64_t need = (uint64_t)size * 2 + 64; /* scanners may look a vector past the end */

    if (need > UINT32_MAX)
        need = UINT32_MAX;
    if (batch->block_capacity < need) {
        batch->rows.block = memory_grow(batch->rows.block, need);
        batch->block_capacity = (uint32_t)need;
    }
    batch->rows.block_room = batch->block_capacity;
    return batch->rows.block;
}

void
batch_reserve(struct daybreak_rows *rows, uint32_t count)
{
    struct batch *batch = (struct batch *)((char *)rows - offsetof(struct batch, rows));
    uint64_t cells = (uint64_t)count * rows->columns;

    if (count > batch->rows_room) {
        uint32_t room = batch->rows_room < 1024 ? 1024 : batch->rows_room;

        while (room < count)
            room += room / 2;
        rows->start = memory_grow(rows->start, (size_t)room * sizeof *rows->start);
        rows->end = memory_grow(rows->end, (size_t)room * sizeof *rows->end);
        rows->lines = memory_grow(rows->lines, (size_t)room * sizeof *rows->lines);
        batch->rows_room = room;
    }
    if (cells > batch->spans_room) {
        uint64_t room = batch->spans_room < 8192 ? 8192 : batch->spans_room;

        while (room < cells)
            room += room / 2;
        rows->spans = memory_grow(rows->spans, room * sizeof *rows->spans);
        batch->spans_room = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
    }
}

void
batch_bad_row(struct daybreak_rows *rows, uint32_t row, uint32_t column, const char *reason,
              const char *detail, ...)
{
    struct batch *batch = (struct batch *)((char *)rows - offsetof(struct batch, rows));
    char text[DAYBREAK_WHAT_MAX];
    va_list args;

    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    if (batch->bad_count == batch->bad_room) {
        batch->bad_room = batch->bad_room == 0 ? 16 : batch->bad_room * 2;
        batch->bad = memory_grow(batch->bad, batch->bad_room * sizeof *batch->bad);
    }
    batch->bad[batch->bad_count++] = (struct batch_bad){
        .row = row, .column = column, .reason = arena_text(batch->arena, reason),
        .detail = arena_text(batch->arena, text),
    };
    /* While a format feeds, the number of rows is not final: flags are then made at first question. */
    if (batch->flag != NULL && row < rows->rows)
        batch->flag[row] = BATCH_BAD;
}

static void
flag_make(struct batch *batch)
{
    batch->flag = arena_zero(batch->arena, batch->rows.rows + 1);
    for (uint32_t i = 0; i < batch->bad_count; i++)
        if (batch->bad[i].row < batch->rows.rows)
            batch->flag[batch->bad[i].row] = BATCH_BAD;
}

bool
batch_is_bad(const struct batch *batch, uint32_t row)
{
    if (batch->bad_count == 0)
        return false;
    if (batch->flag == NULL)
        flag_make((struct batch *)batch);
    return batch->flag[row] != 0;
}

const struct batch_bad *
batch_bad_of(const struct batch *batch, uint32_t row)
{
    for (uint32_t i = 0; i < batch->bad_count; i++)
        if (batch->bad[i].row == row)
            return &batch->bad[i];
    return NULL;
}

void
batch_changes(struct batch *batch, uint32_t count)
{
    uint32_t room = batch->changes_room;

    if (count <= room)
        return;
    if (room < 1024)
        room = 1024;
    while (room < count)
        room *= 2;
    batch->pick = memory_grow(batch->pick, room * sizeof *batch->pick);
    batch->op = memory_grow(batch->op, room);
    batch->event_id = memory_grow(batch->event_id, (size_t)room * 16);
    batch->changed_at = memory_grow(batch->changed_at, room * sizeof *batch->changed_at);
    batch->position = memory_grow(batch->position, room * sizeof *batch->position);
    batch->context = memory_grow(batch->context, room * sizeof *batch->context);
    batch->before = memory_grow(batch->before, room * sizeof *batch->before);
    batch->changes_room = room;
}

struct daybreak_text
batch_cell(const struct batch *batch, uint32_t row, uint32_t column)
{
    const struct daybreak_span *span = &batch->rows.spans[(size_t)row * batch->rows.columns + column];

    return (struct daybreak_text){batch->rows.block + span->at, span->size};
}

bool
batch_null(const struct batch *batch, uint32_t row, uint32_t column)
{
    uint32_t size = batch->rows.spans[(size_t)row * batch->rows.columns + column].size;

    return size == DAYBREAK_NULL || (size == 0 && batch->layout->empty_is_null &&
                                     batch->layout->type[column].type != DAYBREAK_TYPE_TEXT);
}

static bool
is_plain(enum daybreak_type type)
{
    return type == DAYBREAK_TYPE_TEXT || type == DAYBREAK_TYPE_BYTES;
}

static struct batch_native *
native_of(struct batch *batch, uint32_t column)
{
    struct batch_native *native;
    enum daybreak_type type = batch->layout->type[column].type;
    size_t rows = batch->rows.rows + 1;

    if (batch->native == NULL)
        batch->native = arena_zero(batch->arena, (batch->rows.columns + 1) * sizeof *batch->native);
    native = &batch->native[column];
    if (native->nulls != NULL)
        return native;
    native->nulls = arena_zero(batch->arena, rows);
    if (type == DAYBREAK_TYPE_REAL)
        native->real = arena_alloc(batch->arena, rows * sizeof *native->real);
    else if (type == DAYBREAK_TYPE_DECIMAL)
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
    char point[VALUE_ROOM];
    int32_t days;

    if (cell.size == DAYBREAK_NULL || (cell.size == 0 && batch->layout->empty_is_null)) {
        native->nulls[row] = 1;
        native->any_null = true;
        if (native->number != NULL)
            native->number[row] = 0;
        return true;
    }
    if (type->comma) {
        if (!value_point(cell.at, cell.size, point))
            return false;
        cell.at = point;
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

        if (is_plain(batch->layout->type[column].type))
            continue;
        native = native_of(batch, column);
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

static size_t
write_native(const struct batch *batch, const struct batch_native *native, uint32_t row,
             uint32_t column, char *to)
{
    const struct value_type *type = &batch->layout->type[column];

    switch (type->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        memcpy(to, native->number[row] ? "true" : "false", 5);
        return native->number[row] ? 4 : 5;
    case DAYBREAK_TYPE_INTEGER:
        return text_number(native->number[row], to);
    case DAYBREAK_TYPE_DECIMAL:
        return value_write_decimal(native->decimal[row], type->scale, to);
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

struct daybreak_text
batch_canonical(struct batch *batch, uint32_t row, uint32_t column, char *to)
{
    struct daybreak_text cell = batch_cell(batch, row, column);
    size_t length;

    if (batch_null(batch, row, column))
        return (struct daybreak_text){to, DAYBREAK_NULL};
    if (is_plain(batch->layout->type[column].type))
        return cell;
    if (batch->native != NULL && batch->native[column].typed) {
        if (batch->native[column].nulls[row])
            return (struct daybreak_text){to, DAYBREAK_NULL};
        return (struct daybreak_text){to, (uint32_t)write_native(batch, &batch->native[column], row, column, to)};
    }
    if (!value_canonical(&batch->layout->type[column], cell.at, cell.size, to, &length))
        return (struct daybreak_text){to, DAYBREAK_NULL};
    return (struct daybreak_text){to, (uint32_t)length};
}

int64_t
batch_instant(const struct batch *batch, uint32_t row, uint32_t column)
{
    enum daybreak_type type = batch->layout->type[column].type;
    const struct batch_native *native;

    if (batch->native == NULL ||
        (type != DAYBREAK_TYPE_TIMESTAMP && type != DAYBREAK_TYPE_DATE))
        return DAYBREAK_NO_TIME;
    native = &batch->native[column];
    if (!native->typed || native->nulls[row])
        return DAYBREAK_NO_TIME;
    return type == DAYBREAK_TYPE_DATE ? native->number[row] * INT64_C(86400000000)
                                      : native->number[row];
}

uint64_t
batch_line(const struct batch *batch, uint32_t row)
{
    return batch->rows.line + batch->rows.lines[row];
}

uint64_t
batch_byte(const struct batch *batch, uint32_t row)
{
    return batch->rows.byte + batch->rows.start[row];
}

int
batch_position(const struct batch *batch, uint32_t row, char *to)
{
    size_t size = text_number((int64_t)batch_line(batch, row), to);

    to[size++] = ':';
    size += text_number((int64_t)batch_byte(batch, row), to + size);
    return (int)size;
}

const struct daybreak_batch *
batch_face(struct batch *batch)
{
    batch->face = (struct daybreak_batch){
        .size = sizeof batch->face,
        .rows = batch->rows.rows,
        .changes = batch->changes,
        .columns = batch->out_columns,
        .column = batch->out,
        .pick = batch->pick,
        .op = batch->op,
        .event_id = (const uint8_t(*)[16])batch->event_id,
        .changed_at = batch->changed_at,
        .position = batch->position,
        .context = batch->context,
        .story = &batch->story,
        .before = batch->has_before ? batch->before : NULL,
    };
    return &batch->face;
}

static struct batch *
batch_behind(const struct daybreak_batch *face)
{
    return (struct batch *)((char *)face - offsetof(struct batch, face));
}

/* Bytes that no value of the type needs more of. */
static size_t
text_most(const struct value_type *type)
{
    switch (type->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        return 5;
    case DAYBREAK_TYPE_INTEGER:
        return 20;
    case DAYBREAK_TYPE_DECIMAL:
        return type->precision + 3u; /* sign, point, a zero before it */
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
    case DAYBREAK_TYPE_REAL:
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        break;
    }
    return VALUE_ROOM;
}

/* Canonical texts of the picked rows of one typed column, side by side in the arena. */
static void
native_text(struct batch *batch, struct batch_native *native, uint32_t column)
{
    size_t room = (size_t)batch->changes * text_most(&batch->layout->type[column]) + VALUE_ROOM;
    char *base = arena_alloc(batch->arena, room), *to = base;
    struct daybreak_span *text =
        arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *text);

    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];

        text[row].at = (uint32_t)(to - base);
        if (native->nulls[row]) {
            text[row].size = DAYBREAK_NULL;
        } else {
            text[row].size = (uint32_t)write_native(batch, native, row, column, to);
            to += text[row].size;
        }
    }
    native->text = text;
    native->text_base = base;
}

/* Decimals that fit, as what they are times ten to their scale. */
static void
native_number(struct batch *batch, struct batch_native *native)
{
    native->number = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *native->number);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];

        native->number[row] = native->nulls[row] ? 0 : (int64_t)native->decimal[row];
    }
}

static const struct daybreak_span null_span = {0, DAYBREAK_NULL};
static const int64_t null_number;
static const double null_real;

void
batch_view(const struct daybreak_batch *face, uint32_t column, enum daybreak_as as,
           struct daybreak_view *view)
{
    struct batch *batch = batch_behind(face);
    uint32_t from = batch->out_from == NULL ? column : batch->out_from[column];
    struct batch_native *native;

    *view = (struct daybreak_view){.base = batch->rows.block};
    if (from == UINT32_MAX) { /* this input does not have the column: null in every row, stride 0 */
        uint8_t *nulls;

        view->data = (const char *)&null_span;
        if (as != DAYBREAK_AS_TEXT) {
            nulls = arena_alloc(batch->arena, batch->rows.rows + 1);
            memset(nulls, 1, batch->rows.rows + 1);
            view->nulls = nulls;
            view->data = as == DAYBREAK_AS_REAL ? (const char *)&null_real : (const char *)&null_number;
        }
        return;
    }
    if (is_plain(batch->layout->type[from].type)) {
        view->data = (const char *)&batch->rows.spans[from];
        view->stride = batch->rows.columns * (uint32_t)sizeof(struct daybreak_span);
        return;
    }
    native = native_of(batch, from);
    if (!native->typed)
        batch_type(batch, batch->pick, batch->changes);
    if (as == DAYBREAK_AS_TEXT) {
        if (native->text == NULL)
            native_text(batch, native, from);
        view->base = native->text_base;
        view->data = (const char *)native->text;
        view->stride = sizeof(struct daybreak_span);
        return;
    }
    if (as == DAYBREAK_AS_INTEGER && native->number == NULL && native->decimal != NULL)
        native_number(batch, native);
    view->nulls = native->any_null ? native->nulls : NULL;
    view->data = as == DAYBREAK_AS_REAL ? (const char *)native->real : (const char *)native->number;
    view->stride = as == DAYBREAK_AS_REAL ? sizeof(double) : sizeof(int64_t);
}

void
batch_refuse(const struct daybreak_batch *face, uint32_t i, const char *rule, const char *reason, ...)
{
    struct batch *batch = batch_behind(face);
    char text[DAYBREAK_WHAT_MAX];
    va_list args;

    va_start(args, reason);
    vsnprintf(text, sizeof text, reason, args);
    va_end(args);
    if (batch->refused_count == batch->refused_room) {
        batch->refused_room = batch->refused_room == 0 ? 16 : batch->refused_room * 2;
        batch->refused = memory_grow(batch->refused, batch->refused_room * sizeof *batch->refused);
    }
    batch->refused[batch->refused_count++] = (struct batch_refusal){
        .change = i, .rule = arena_text(batch->arena, rule), .reason = arena_text(batch->arena, text)};
}

void *
batch_alloc(const struct daybreak_batch *face, size_t bytes)
{
    return arena_alloc(batch_behind(face)->arena, bytes);
}
