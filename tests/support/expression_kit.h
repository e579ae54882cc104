/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_KIT_H
#define EXPRESSION_KIT_H

#include <stdint.h>

#include "base/arena.h"
#include "expression/expression.h"

/* What tests of expressions share: columns out of texts, and results as texts. */

/** kit_fill(arena, type, cells, rows, vector): a column of ${rows} cells, each a text as `fields` would read it, NULL for null.
 * Aborts on a text that is no such value. */
void kit_fill(struct arena *arena, const struct value_type *type, const char *const *cells, uint32_t rows, struct vector *vector);
/** kit_cell(arena, vector, row): the canonical text of a cell, NULL when it is null; ${size} as well. */
const char *kit_cell(struct arena *arena, const struct vector *vector, uint32_t row, uint32_t *size);

/**
 * kit_over(zone, expression, columns): the expression over one row, as text: its value, "null", "REASON: DETAIL" when the row
 * fails, or "error: WHAT (SUGGESTION)" when it is none. ${columns} are "type:value", or "type" for null, with NULL at the end:
 * they are called a, b, c, … The row stands between others, and is computed twice: with and without a pick. Lent until the next
 * call but one.
 */
const char *kit_over(const char *zone, const char *expression, const char *const *columns);
/* An expression over columns a, b, c and what comes out. */
struct kit_expected {
    const char *expression;
    const char *columns[5];
    const char *gives;
};

/** kit_expect(zone, list, count): every one of them gives what it should. */
void kit_expect(const char *zone, const struct kit_expected *list, size_t count);
/** kit(expression): the same without columns, in UTC. */
const char *kit(const char *expression);

#endif
