/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CELLS_H
#define EXPRESSION_CELLS_H

#include <stdint.h>

#include "record/value.h"

/*
 * What moves inside an expression: the values of one node for up to CELLS_MAX rows at a time, so that whole expressions are
 * computed in the processor's near memory. A lane is a place in these arrays, from 0; which row of the batch it is, only the
 * evaluator knows. Cell of lane i: `text[i & mask]`, so that a constant (mask 0) is one cell that all lanes share.
 */
#define CELLS_MAX 1024u

struct cells {
    struct value_type type;
    uint32_t mask;                  /* 0: constant; UINT32_MAX: one cell a lane */
    uint8_t *nulls;                 /* 1: null, and then the value is undefined; never NULL */
    union {
        int64_t *number;            /* integer, boolean 0|1, timestamp (µs), date (days) */
        double *real;               /* always finite */
        value_int128 *decimal;      /* unscaled, of type.scale, below 10^precision */
        struct daybreak_text *text; /* text (valid UTF-8 unless the input was not) and bytes */
        void *cell;
    };
    struct evaluation_slot *slot;   /* whose memory it is; NULL: lent */
};

extern const uint8_t cells_none[CELLS_MAX]; /* nulls of cells that are never null */
extern const uint8_t cells_null[1];         /* of a constant that is */

/** cells_width(type): bytes of a cell. */
static inline uint32_t
cells_width(enum daybreak_type type)
{
    return type == DAYBREAK_TYPE_DECIMAL || type == DAYBREAK_TYPE_TEXT || type == DAYBREAK_TYPE_BYTES ? 16 : 8;
}

#endif
