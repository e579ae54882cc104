/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `postgres`: changes of a batch as rows of a binary COPY. The server then parses no text, which is most of what
 * it does for a COPY of CSV; numbers go from the batch's views into the row image.
 */
#include "postgres_rows.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (32 << 10) /* the server begins with the first while the others are made */
#define EPOCH_DAYS 10957 /* 2000-01-01, where the server's time begins */
#define DAY_US INT64_C(86400000000)
#define GROUP 10000      /* numerics are digits to this base */
#define GROUPS 16        /* 38 digits, and what the scale adds */

static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* with the NUL of the literal: 19 bytes */

void
postgres_rows_lend(struct postgres_rows *rows, const struct daybreak_host *host, const struct postgres_table *table,
                   const struct daybreak_batch *batch)
{
    if (rows->columns != table->columns || rows->cells == NULL)
        rows->cells = postgres_text_grow(rows->cells, (table->columns + 1) * sizeof *rows->cells);
    rows->columns = table->columns;
    rows->batch = batch;
    for (uint32_t i = 0; i < table->columns; i++) {
        struct postgres_cells *cells = &rows->cells[i];
        const struct postgres_column *column = &table->column[i];
        enum daybreak_as as = DAYBREAK_AS_INTEGER;

        cells->scale = column->scale;
        switch (column->type) {
        case DAYBREAK_TYPE_BOOLEAN:
            cells->shape = CELLS_BOOLEAN;
            break;
        case DAYBREAK_TYPE_INTEGER:
            cells->shape = CELLS_INTEGER;
            break;
        case DAYBREAK_TYPE_TIMESTAMP:
            cells->shape = CELLS_TIMESTAMP;
            break;
        case DAYBREAK_TYPE_DATE:
            cells->shape = CELLS_DATE;
            break;
        case DAYBREAK_TYPE_REAL:
            as = DAYBREAK_AS_REAL;
            cells->shape = CELLS_REAL;
            break;
        case DAYBREAK_TYPE_DECIMAL:
            cells->shape = column->precision <= 18 ? CELLS_DECIMAL : CELLS_WIDE;
            as = column->precision <= 18 ? DAYBREAK_AS_INTEGER : DAYBREAK_AS_TEXT;
            break;
        case DAYBREAK_TYPE_TEXT:
        case DAYBREAK_TYPE_BYTES:
            as = DAYBREAK_AS_TEXT;
            cells->shape = CELLS_TEXT;
            break;
        }
        host->view(batch, i, as, &cells->view);
    }
}

/* ---- pieces of a row ---------------------------------------------------------------------- */

static inline char *
put16(char *at, uint16_t value)
{
    value = htobe16(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline char *
put32(char *at, uint32_t value)
{
    value = htobe32(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline char *
put64(char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

static inline char *
put_bytes(char *at, const void *bytes, uint32_t size)
{
    at = put32(at, size);
    memcpy(at, bytes, size);
    return at + size;
}

static inline char *
put_null(char *at)
{
    return put32(at, UINT32_MAX);
}

/* Groups of four digits, most significant first; ${weight} is the power of 10000 of the first. */
static char *
put_numeric(char *at, const uint16_t *group, int groups, int weight, bool minus, uint16_t scale)
{
    while (groups > 0 && group[0] == 0) {
        group++;
        groups--;
        weight--;
    }
    while (groups > 0 && group[groups - 1] == 0)
        groups--;
    at = put32(at, (uint32_t)(8 + 2 * groups));
    at = put16(at, (uint16_t)groups);
    at = put16(at, groups == 0 ? 0 : (uint16_t)weight);
    at = put16(at, minus && groups > 0 ? 0x4000 : 0);
    at = put16(at, scale);
    for (int i = 0; i < groups; i++)
        at = put16(at, group[i]);
    return at;
}

static char *
put_decimal(char *at, int64_t value, uint8_t scale)
{
    static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
                                     1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
                                     100000000000000000, 1000000000000000000};
    static const uint16_t filled[] = {1, 1000, 100, 10};
    uint64_t whole, part, digits = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int fraction = (scale + 3) / 4, last = fraction, weight;
    uint16_t group[GROUPS];

    whole = digits / power[scale];
    part = digits % power[scale];
    if (fraction > 0) { /* the last group is filled up with zeros to its right */
        int kept = scale - 4 * (fraction - 1);

        group[GROUPS - 1] = (uint16_t)(part % power[kept] * filled[kept % 4]);
        part /= power[kept];
        while (--last > 0) {
            group[GROUPS - 1 - (fraction - last)] = (uint16_t)(part % GROUP);
            part /= GROUP;
        }
    }
    last = GROUPS - fraction;
    weight = -1;
    for (; whole > 0; whole /= GROUP) {
        group[--last] = (uint16_t)(whole % GROUP);
        weight++;
    }
    return put_numeric(at, group + last, GROUPS - last, weight, value < 0, scale);
}

/* Canonical text of a decimal: [-]DIGITS[.DIGITS], 38 of them at most. */
static char *
put_wide(char *at, const char *text, uint32_t size, uint8_t scale)
{
    bool minus = size > 0 && text[0] == '-';
    const char *point = memchr(text, '.', size), *end = text + size;
    uint16_t group[GROUPS + 4] = {0};
    int whole, groups, offset;

    text += minus;
    whole = (int)((point == NULL ? end : point) - text);
    groups = (whole + 3) / 4;
    offset = groups * 4 - whole; /* of the first digit in its group */
    for (const char *digit = text; digit < end && offset / 4 < GROUPS + 4; digit++) {
        static const uint16_t place[] = {1000, 100, 10, 1};

        if (*digit == '.')
            continue;
        group[offset / 4] = (uint16_t)(group[offset / 4] + (*digit - '0') * place[offset % 4]);
        offset++;
    }
    return put_numeric(at, group, (offset + 3) / 4, groups - 1, minus, scale);
}

static inline struct daybreak_span
span_at(const struct postgres_cells *cells, uint32_t row)
{
    struct daybreak_span span;

    memcpy(&span, cells->view.data + (size_t)row * cells->view.stride, sizeof span);
    return span;
}

static inline int64_t
number_at(const struct postgres_cells *cells, uint32_t row)
{
    int64_t number;

    memcpy(&number, cells->view.data + (size_t)row * cells->view.stride, sizeof number);
    return number;
}

static inline bool
textual(const struct postgres_cells *cells)
{
    return cells->shape == CELLS_TEXT || cells->shape == CELLS_WIDE;
}

/* The most a cell takes, its length included. */
static inline size_t
cell_room(const struct postgres_cells *cells, uint32_t row)
{
    if (cells->shape == CELLS_TEXT) {
        struct daybreak_span span = span_at(cells, row);

        return span.size == DAYBREAK_NULL ? 4 : 4 + (size_t)span.size;
    }
    return 12 + 2 * (GROUPS + 4);
}

static inline char *
cell_put(char *at, const struct postgres_cells *cells, uint32_t row)
{
    struct daybreak_span span;
    int64_t number;

    if (textual(cells)) {
        span = span_at(cells, row);
        if (span.size == DAYBREAK_NULL)
            return put_null(at);
        if (cells->shape == CELLS_TEXT)
            return put_bytes(at, cells->view.base + span.at, span.size);
        return put_wide(at, cells->view.base + span.at, span.size, cells->scale);
    }
    if (cells->view.nulls != NULL && cells->view.nulls[row])
        return put_null(at);
    number = number_at(cells, row);
    switch (cells->shape) {
    case CELLS_BOOLEAN:
        return put_bytes(at, number != 0 ? "\1" : "\0", 1);
    case CELLS_DECIMAL:
        return put_decimal(at, number, cells->scale);
    case CELLS_TIMESTAMP:
        return put64(put32(at, 8), (uint64_t)number - (uint64_t)(EPOCH_DAYS * DAY_US));
    case CELLS_DATE:
        return put32(put32(at, 4), (uint32_t)(int32_t)(number - EPOCH_DAYS));
    default: /* an integer, or the bits of a real */
        return put64(put32(at, 8), (uint64_t)number);
    }
}

const char *
postgres_rows_bad(const struct postgres_rows *rows, uint32_t change)
{
    uint32_t row = rows->batch->pick[change];

    for (uint32_t i = 0; i < rows->columns; i++) {
        const struct postgres_cells *cells = &rows->cells[i];
        struct daybreak_span span;

        if (textual(cells)) {
            span = span_at(cells, row);
            if (span.size != DAYBREAK_NULL && rows->batch->column[i].type == DAYBREAK_TYPE_TEXT &&
                memchr(cells->view.base + span.at, '\0', span.size) != NULL)
                return "a text with a NUL character, which the server cannot keep";
            continue;
        }
        if (cells->view.nulls != NULL && cells->view.nulls[row])
            continue;
        /* years -4713 to 294276, of which the server keeps a little more and says so itself */
        if (cells->shape == CELLS_TIMESTAMP && number_at(cells, row) < INT64_MIN + EPOCH_DAYS * DAY_US)
            return "a timestamp that the server cannot keep";
        if (cells->shape == CELLS_DATE && (number_at(cells, row) > INT32_MAX || number_at(cells, row) < INT32_MIN + EPOCH_DAYS))
            return "a date that the server cannot keep";
    }
    return NULL;
}

static char *
envelope_put(char *at, const struct daybreak_batch *batch, uint32_t change)
{
    const struct daybreak_text *texts[] = {batch->position, batch->context};

    at = batch->event_id == NULL ? put_null(at) : put_bytes(at, batch->event_id[change], 16);
    at = put_bytes(at, &batch->op[change], 1);
    if (batch->changed_at == NULL || batch->changed_at[change] == DAYBREAK_NO_TIME)
        at = put_null(at);
    else
        at = put64(put32(at, 8), (uint64_t)batch->changed_at[change]);
    at = put64(put32(at, 8), (uint64_t)batch->story->batch);
    for (int i = 0; i < 2; i++) {
        const struct daybreak_text *text = texts[i] == NULL ? NULL : &texts[i][change];

        at = text == NULL || text->size == 0 || text->size == DAYBREAK_NULL ? put_null(at) : put_bytes(at, text->at, text->size);
    }
    return at;
}

static size_t
envelope_room(const struct daybreak_batch *batch, uint32_t change)
{
    size_t room = 64;

    if (batch->position != NULL && batch->position[change].size != DAYBREAK_NULL)
        room += batch->position[change].size;
    if (batch->context != NULL && batch->context[change].size != DAYBREAK_NULL)
        room += batch->context[change].size;
    return room;
}

int
postgres_rows_send(struct postgres_rows *rows, struct postgres_wire *wire, const char *sql, const struct postgres_item *items, uint32_t count,
                   bool staged, bool envelope, struct daybreak_fault *fault)
{
    uint32_t fields = rows->columns + (staged ? 2 : 0) + (envelope ? ENVELOPE_COLUMNS : 0);
    const struct daybreak_batch *batch = rows->batch;
    struct postgres_text *out = &rows->out;

    if (postgres_wire_copy_in(wire, sql, fault) != 0)
        return -1;
    postgres_text_clear(out);
    postgres_text_add(out, header, sizeof header);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t change = items[i].change, row = batch->pick[change];
        size_t room = 32 + (envelope ? envelope_room(batch, change) : 0);
        char *at;

        for (uint32_t c = 0; c < rows->columns; c++)
            room += cell_room(&rows->cells[c], row);
        at = put16(postgres_text_need(out, room), (uint16_t)fields);
        if (staged) {
            at = put32(put32(at, 4), items[i].turn);
            at = put_bytes(at, &items[i].kind, 1);
        }
        for (uint32_t c = 0; c < rows->columns; c++)
            at = cell_put(at, &rows->cells[c], row);
        if (envelope)
            at = envelope_put(at, batch, change);
        out->size = (size_t)(at - out->at);
        if (out->size < PIECE_BYTES)
            continue;
        if (postgres_wire_give(wire, out->at, out->size, fault) != 0)
            return -1;
        out->size = 0;
    }
    out->size = (size_t)(put16(postgres_text_need(out, 2), UINT16_MAX) - out->at);
    if (postgres_wire_give(wire, out->at, out->size, fault) != 0)
        return -1;
    return postgres_wire_given(wire, fault);
}

void
postgres_rows_fini(struct postgres_rows *rows)
{
    free(rows->cells);
    postgres_text_fini(&rows->out);
    *rows = (struct postgres_rows){0};
}
