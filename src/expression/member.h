/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_MEMBER_H
#define EXPRESSION_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

struct cells;
struct checker;
struct evaluation;
struct term;

/**  member_check(checker, term): x [NOT] IN (…), comparable by then: constants leave the parts and are looked up all at once; the
 * others stay and are compared one after the other, for the rows alone that are not found yet. As in SQL: null when x is, or
 * when it is not found and one of the list is null. / */
bool member_check(struct checker *checker, struct term *term);
void member_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out);

#endif
