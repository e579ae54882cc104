/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Last station of an expression: a typed tree over at most CELLS_MAX rows at a time. Owns the memory of cells, which columns'
 * values they are, and the rows that fail. What a term computes is in files of its own: arithmetic, comparison, cast, the lazy
 * forms.
 */
#include "evaluation.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "form.h"
#include "record/value.h"

#define ROOM_FIRST ((size_t)32 << 10)
#define SHOWN_MAX 80

/* ---- memory ------------------------------------------------------------------------------- */

struct evaluation_slot *
evaluation_slot_take(struct evaluation *evaluation)
{
    struct evaluation_slot *slot = evaluation->free;

    if (slot != NULL) {
        evaluation->free = slot->next;
        return slot;
    }
    slot = memory_need(sizeof *slot);
    slot->all = evaluation->all;
    evaluation->all = slot;
    return slot;
}

void
evaluation_slot_give(struct evaluation *evaluation, struct evaluation_slot *slot)
{
    slot->next = evaluation->free;
    evaluation->free = slot;
}

void
evaluation_take(struct evaluation *evaluation, const struct term *term, struct cells *out)
{
    if (term == evaluation->root) {
        *out = evaluation->into;
    } else {
        struct evaluation_slot *slot = evaluation_slot_take(evaluation);

        *out = (struct cells){.mask = UINT32_MAX, .nulls = slot->nulls, .cell = slot->cell, .slot = slot};
    }
    out->type = term->type;
}

void
evaluation_give(struct evaluation *evaluation, struct cells *cells)
{
    if (cells->slot != NULL)
        evaluation_slot_give(evaluation, cells->slot);
    cells->slot = NULL;
}

void
evaluation_fini(struct evaluation *evaluation)
{
    while (evaluation->all != NULL) {
        struct evaluation_slot *slot = evaluation->all;

        evaluation->all = slot->all;
        free(slot);
    }
    evaluation->free = NULL;
}

char *
evaluation_room_more(struct evaluation *evaluation, size_t bytes)
{
    /* folding makes one text at a time, in an arena that lives long: no more than that */
    size_t room = evaluation->failures == NULL || bytes > ROOM_FIRST ? bytes : ROOM_FIRST;

    evaluation->room = arena_alloc(evaluation->arena, room);
    evaluation->room_end = evaluation->room + room;
    return evaluation->room;
}

/* ---- lanes -------------------------------------------------------------------------------- */

const uint32_t *
evaluation_every(void)
{
#define FOUR(n) n, n + 1, n + 2, n + 3
#define SIXTEEN(n) FOUR(n), FOUR(n + 4), FOUR(n + 8), FOUR(n + 12)
#define MANY(n) SIXTEEN(n), SIXTEEN(n + 16), SIXTEEN(n + 32), SIXTEEN(n + 48)
#define MORE(n) MANY(n), MANY(n + 64), MANY(n + 128), MANY(n + 192)
    static const uint32_t every[CELLS_MAX] = {MORE(0), MORE(256), MORE(512), MORE(768)};

    return every;
}

/* Into nulls, and-ed to what is there unless it is the first. */
static void
nulls_add(const struct cells *in, bool first, const uint32_t *lane, uint32_t lanes, uint8_t *nulls)
{
    const uint8_t *from = in->nulls;

    if (in->mask == 0 || from == cells_none) {
        uint8_t null = from == cells_none ? 0 : from[0];

        if (first || null)
            EVALUATION_EACH(i, nulls[i] = null;);
    } else if (first) {
        EVALUATION_EACH(i, nulls[i] = from[i];);
    } else {
        EVALUATION_EACH(i, nulls[i] |= from[i];);
    }
}

void
evaluation_nulls(const struct cells *in, uint32_t count, const uint32_t *lane, uint32_t lanes, uint8_t *nulls)
{
    if (count == 0)
        EVALUATION_EACH(i, nulls[i] = 0;);
    for (uint32_t n = 0; n < count; n++)
        nulls_add(&in[n], n == 0, lane, lanes, nulls);
}

const uint32_t *
evaluation_present(const uint8_t *nulls, const uint32_t *lane, uint32_t *lanes_, uint32_t *room)
{
    uint32_t lanes = *lanes_, count = 0;

    if (lane == NULL && memchr(nulls, 1, lanes) == NULL)
        return lane;
    EVALUATION_EACH(i, room[count] = i; count += !nulls[i];);
    if (count == lanes)
        return lane;
    *lanes_ = count;
    return room;
}

void
evaluation_copy(struct cells *out, const struct cells *from, const uint32_t *lane, uint32_t lanes)
{
    const uint32_t mask = from->mask;
    const char *cell = from->cell;
    char *to = out->cell;

    if (cells_width(from->type.type) == 8)
        EVALUATION_EACH(i, memcpy(to + 8 * (size_t)i, cell + 8 * (size_t)(i & mask), 8); out->nulls[i] = from->nulls[i & mask];);
    else
        EVALUATION_EACH(i, memcpy(to + 16 * (size_t)i, cell + 16 * (size_t)(i & mask), 16); out->nulls[i] = from->nulls[i & mask];);
}

/* ---- rows that fail ----------------------------------------------------------------------- */

void
evaluation_vfail(struct evaluation *evaluation, uint32_t lane, const char *reason, const char *detail, va_list args)
{
    struct expression_failures *failures = evaluation->failures;
    struct expression_failure failure = {.reason = reason};
    char text[600];
    int size;

    if (evaluation->failed[lane])
        return;
    evaluation->failed[lane] = 1;
    evaluation->any_failed = true;
    size = vsnprintf(text, sizeof text, detail, args);
    if (size < 0)
        size = 0;
    failure.detail = arena_bytes(evaluation->arena, text, text_utf8_cut(text, strlen(text), (size_t)size));
    failure.row = evaluation->pick == NULL ? evaluation->first + lane : evaluation->pick[lane];
    if (failures == NULL) {
        evaluation->failure = failure;
        return;
    }
    if (failures->count == failures->room) {
        struct expression_failure *old = failures->item;

        failures->room = failures->room == 0 ? 16 : failures->room * 2;
        failures->item = arena_alloc(evaluation->arena, failures->room * sizeof *failures->item);
        if (failures->count > 0)
            memcpy(failures->item, old, failures->count * sizeof *old);
    }
    failures->item[failures->count++] = failure;
}

void
evaluation_fail(struct evaluation *evaluation, uint32_t lane, struct cells *out, const char *reason, const char *detail, ...)
{
    va_list args;

    out->nulls[lane] = 1;
    va_start(args, detail);
    evaluation_vfail(evaluation, lane, reason, detail, args);
    va_end(args);
}

const char *
evaluation_text_shown(struct evaluation *evaluation, struct daybreak_text text)
{
    struct text shown = {0};
    const char *kept;

    text_char(&shown, '\'');
    text_printable(text.at, text.size, SHOWN_MAX, &shown);
    text_char(&shown, '\'');
    kept = arena_bytes(evaluation->arena, shown.at, shown.size);
    text_fini(&shown);
    return kept;
}

const char *
evaluation_shown(struct evaluation *evaluation, const struct cells *cells, uint32_t lane)
{
    const uint32_t i = lane & cells->mask;
    char text[VALUE_ROOM], *hex;
    uint32_t size;

    if (cells->nulls[i])
        return "null";
    switch (cells->type.type) {
    case DAYBREAK_TYPE_TEXT:
        return evaluation_text_shown(evaluation, cells->text[i]);
    case DAYBREAK_TYPE_BYTES:
        size = cells->text[i].size < SHOWN_MAX / 2 ? cells->text[i].size : SHOWN_MAX / 2;
        hex = arena_alloc(evaluation->arena, SHOWN_MAX + 8);
        memcpy(hex, "x'", 2);
        text_hex(cells->text[i].at, size, hex + 2);
        memcpy(hex + 2 + 2 * size, "'", 2);
        return hex;
    case DAYBREAK_TYPE_BOOLEAN:
        return cells->number[i] ? "true" : "false";
    case DAYBREAK_TYPE_INTEGER:
        size = (uint32_t)text_number(cells->number[i], text);
        break;
    case DAYBREAK_TYPE_DECIMAL:
        size = (uint32_t)value_write_decimal(cells->decimal[i], cells->type.scale, text);
        break;
    case DAYBREAK_TYPE_REAL:
        size = (uint32_t)value_write_real(cells->real[i], text);
        break;
    case DAYBREAK_TYPE_DATE:
        size = (uint32_t)value_write_date((int32_t)cells->number[i], text);
        break;
    default:
        size = (uint32_t)value_write_timestamp(cells->number[i], text);
        break;
    }
    return arena_bytes(evaluation->arena, text, size);
}

/* ---- terms -------------------------------------------------------------------------------- */

static const void *
vector_cell(const struct vector *vector)
{
    switch (vector->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        return vector->text;
    case DAYBREAK_TYPE_DECIMAL:
        return vector->decimal;
    case DAYBREAK_TYPE_REAL:
        return vector->real;
    default:
        return vector->number;
    }
}

/* A column where it lies when the rows follow each other, else gathered. */
static void
column_term(struct evaluation *evaluation, const struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    const struct vector *vector = &evaluation->input[term->column];
    const uint32_t width = cells_width(term->type.type), *pick = evaluation->pick;
    const char *from = vector_cell(vector);
    char *to;

    assert(vector->type.type == term->type.type && from != NULL);
    if (pick == NULL) {
        *out = (struct cells){.type = term->type, .mask = UINT32_MAX,
                              .nulls = vector->nulls == NULL ? (uint8_t *)cells_none : (uint8_t *)vector->nulls + evaluation->first,
                              .cell = (char *)from + (size_t)evaluation->first * width};
        return;
    }
    evaluation_take(evaluation, term, out);
    to = out->cell;
    if (width == 8)
        EVALUATION_EACH(i, memcpy(to + 8 * (size_t)i, from + 8 * (size_t)pick[i], 8););
    else
        EVALUATION_EACH(i, memcpy(to + 16 * (size_t)i, from + 16 * (size_t)pick[i], 16););
    if (vector->nulls == NULL)
        EVALUATION_EACH(i, out->nulls[i] = 0;);
    else
        EVALUATION_EACH(i, out->nulls[i] = vector->nulls[pick[i]];);
}

void
evaluation_term(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    switch (term->kind) {
    case TERM_CONSTANT:
        *out = term->value;
        out->type = term->type;
        return;
    case TERM_COLUMN:
        column_term(evaluation, term, lane, lanes, out);
        return;
    default:
        break;
    }
    if (term->compute == NULL) {
        form_run(evaluation, term, lane, lanes, out);
        return;
    }
    for (uint32_t n = 0; n < term->count; n++)
        evaluation_term(evaluation, term->part[n], lane, lanes, &term->scratch[n]);
    evaluation_take(evaluation, term, out);
    evaluation_nulls(term->scratch, term->count, lane, lanes, out->nulls);
    term->compute(evaluation, term, term->scratch, lane, lanes, out);
    for (uint32_t n = 0; n < term->count; n++)
        evaluation_give(evaluation, &term->scratch[n]);
}

void
evaluation_chunk(struct evaluation *evaluation)
{
    const uint32_t lanes = evaluation->lanes;
    struct cells out;

    evaluation->any_failed = false;
    memset(evaluation->failed, 0, lanes);
    evaluation_term(evaluation, (struct term *)evaluation->root, NULL, lanes, &out);
    if (evaluation->any_failed)
        for (uint32_t i = 0; i < lanes; i++)
            out.nulls[i] |= evaluation->failed[i];
    if (out.type.type == DAYBREAK_TYPE_TEXT || out.type.type == DAYBREAK_TYPE_BYTES)
        for (uint32_t i = 0; i < lanes; i++)
            if (out.nulls[i])
                out.text[i] = (struct daybreak_text){NULL, DAYBREAK_NULL};
}
