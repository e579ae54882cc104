/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_VECTOR_H
#define RECORD_VECTOR_H

#include <stdint.h>

#include "daybreak/connector.h"
#include "record/value.h"

/*
 * One column of cells in native form, as expressions and lookups read and give it. The array that its type asks for is set, indexed
 * by row of the batch; only rows that were asked for are defined. Lent until the batch (or the arena it was made in) ends.
 */
struct vector {
    struct value_type type;
    const uint8_t *nulls;              /* [rows], 1: null; NULL: none is */
    const int64_t *number;             /* integer, boolean 0|1, timestamp (µs), date (days) */
    const double *real;
    const value_int128 *decimal;       /* unscaled, of type.scale */
    const struct daybreak_text *text;  /* text and bytes; a null one has size DAYBREAK_NULL too */
};

#endif
