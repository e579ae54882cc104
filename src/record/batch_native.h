/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_BATCH_NATIVE_H
#define RECORD_BATCH_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "record/value.h"

struct batch;

/* Cells of one column, converted: a typed one of the layout (rows that were not asked for are not filled), or a made one. */
struct batch_native {
    struct value_type type;
    bool typed;
    bool any_null;
    uint8_t *nulls;
    int64_t *number;      /* integer, boolean, date, timestamp; of decimals made on first asking */
    double *real;
    value_int128 *decimal;
    const struct daybreak_text *cell; /* text and bytes that were made */
    struct daybreak_span *text;       /* canonical texts for loads, made on first asking */
    const char *text_base;
};

/** batch_native_plain(type): are such cells their own text, and need no converting? */
bool batch_native_plain(enum daybreak_type type);
/** batch_native_of(batch, column): the typed or made column; its arrays are there, its rows perhaps not yet. No plain one of
 * the layout. */
struct batch_native *batch_native_of(struct batch *batch, uint32_t column);
/** batch_native_write(native, row, to): the canonical text of a cell that is not null and not plain, into ${to} (room
 * VALUE_ROOM). */
size_t batch_native_write(const struct batch_native *native, uint32_t row, char *to);

#endif
