/* SPDX-License-Identifier: Apache-2.0 */
/* What loads and transform modules see of a batch: the changes, and each column on asking, in the form they ask for. */
#include "batch_native.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "record/batch.h"

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
native_text(struct batch *batch, struct batch_native *native)
{
    size_t room = (size_t)batch->changes * text_most(&native->type) + VALUE_ROOM;
    char *base = arena_alloc(batch->arena, room), *to = base;
    struct daybreak_span *text = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *text);

    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];

        text[row].at = (uint32_t)(to - base);
        if (native->nulls[row]) {
            text[row].size = DAYBREAK_NULL;
        } else {
            text[row].size = (uint32_t)batch_native_write(native, row, to);
            to += text[row].size;
        }
    }
    native->text = text;
    native->text_base = base;
}

/* Made texts lie anywhere; a view has one base. Who makes a column sees to it that all of its texts have less than 4 GiB. */
static void
made_text(struct batch *batch, struct batch_native *native)
{
    struct daybreak_span *text = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *text);
    size_t room = 0;
    char *base, *to;

    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];

        room += native->nulls[row] ? 0 : native->cell[row].size;
    }
    base = to = arena_alloc(batch->arena, room + 1);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i], size = native->nulls[row] ? 0 : native->cell[row].size;

        text[row] = (struct daybreak_span){(uint32_t)(to - base), native->nulls[row] ? DAYBREAK_NULL : size};
        if (size > 0)
            memcpy(to, native->cell[row].at, size);
        to += size;
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
    if (from < batch->rows.columns && batch_native_plain(batch->layout->type[from].type)) {
        view->data = (const char *)&batch->rows.spans[from];
        view->stride = batch->rows.columns * (uint32_t)sizeof(struct daybreak_span);
        return;
    }
    native = batch_native_of(batch, from);
    if (!native->typed)
        batch_type(batch, batch->pick, batch->changes);
    if (as == DAYBREAK_AS_TEXT || native->cell != NULL) {
        if (native->text == NULL && native->cell != NULL)
            made_text(batch, native);
        else if (native->text == NULL)
            native_text(batch, native);
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

void
batch_give(const struct daybreak_batch *face, uint32_t column, const struct daybreak_cells *cells)
{
    struct batch_taking *taking = batch_behind(face)->taking;

    if (taking == NULL || column >= taking->columns)
        return;
    taking->cells[column] = (struct daybreak_cells){.size = sizeof *cells, .nulls = cells->nulls, .text = cells->text,
                                                    .number = cells->number, .real = cells->real};
}

void
batch_take_out(const struct daybreak_batch *face, uint32_t i)
{
    struct batch_taking *taking = batch_behind(face)->taking;

    if (taking != NULL && i < taking->changes)
        taking->filtered[i] = 1;
}
