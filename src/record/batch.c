/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batch: what the source fills, change/ marks, the steps shape and the sink reads. Owns its block, its arrays and an arena.
 * Arrays that every block needs (spans, starts, changes) are kept from one use to the next; all else lives in the arena.
 */
#include "record/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

uint32_t
batch_layout_find(const struct batch_layout *layout, const char *name)
{
    for (uint32_t column = 0; column < layout->columns; column++)
        if (strcmp(layout->name[column], name) == 0)
            return column;
    return UINT32_MAX;
}

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
    free(batch->stop);
    free(batch->breach);
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
    batch->raw_hash = batch->shaped = NULL;
    batch->key = NULL;
    batch->binding = NULL;
    batch->has_before = batch->typed = false;
    batch->was = NULL;
    batch->left = NULL;
    batch->taken_out = 0;
    batch->out_columns = 0;
    batch->out = NULL;
    batch->out_from = NULL;
    batch->native = batch->made = NULL;
    batch->made_count = batch->made_room = 0;
    batch->fate = NULL;
    batch->fate_step = NULL;
    batch->stop_count = batch->breach_count = 0;
    batch->takers = NULL;
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

static void
fate_say(struct batch *batch, uint32_t change, enum batch_fate fate, uint32_t step)
{
    if (batch->fate == NULL) {
        batch->fate = arena_zero(batch->arena, batch->changes + 1);
        batch->fate_step = arena_zero(batch->arena, (batch->changes + 1) * sizeof *batch->fate_step);
    }
    batch->fate[change] = (uint8_t)fate;
    batch->fate_step[change] = (uint16_t)step;
}

void
batch_filter(struct batch *batch, uint32_t change, uint32_t step)
{
    fate_say(batch, change, BATCH_FILTERED, step);
}

void
batch_set_aside(struct batch *batch, const struct batch_stop *stop)
{
    if (batch->stop_count == batch->stop_room) {
        batch->stop_room = batch->stop_room == 0 ? 16 : batch->stop_room * 2;
        batch->stop = memory_grow(batch->stop, batch->stop_room * sizeof *batch->stop);
    }
    batch->stop[batch->stop_count++] = *stop;
    fate_say(batch, stop->change, BATCH_ASIDE, stop->step);
}

void
batch_breach(struct batch *batch, const struct batch_stop *stop)
{
    if (batch->breach_count == batch->breach_room) {
        batch->breach_room = batch->breach_room == 0 ? 16 : batch->breach_room * 2;
        batch->breach = memory_grow(batch->breach, batch->breach_room * sizeof *batch->breach);
    }
    batch->breach[batch->breach_count++] = *stop;
}

void
batch_unstep(struct batch *batch)
{
    batch->made_count = batch->stop_count = batch->breach_count = 0;
    batch->takers = NULL;
    batch->fate = NULL;
    batch->fate_step = NULL;
}

bool
batch_goes(const struct batch *batch, uint32_t change)
{
    return batch->fate == NULL || batch->fate[change] == BATCH_GOES;
}
