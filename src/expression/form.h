/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_FORM_H
#define EXPRESSION_FORM_H

#include <stdbool.h>
#include <stdint.h>

struct cells;
struct checker;
struct evaluation;
struct term;

/*
 * What is no plain operator: NOT AND OR with three values, IS NULL, IS TRUE, CASE and iif, IN, BETWEEN, coalesce, nullif,
 * greatest, least. Those that choose are lazy: a part is computed for the rows alone that need it, from left to right, so that
 * it cannot fail the others.
 */
bool form_check(struct checker *checker, struct term *term);
/** form_run(evaluation, term, lane, lanes, out): as evaluation_term; the lazy ones only. */
void form_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out);

#endif
