/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_COMPARE_H
#define EXPRESSION_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "term.h"

struct checker;

/*
 * = <> < <= > >=, IS [NOT] DISTINCT FROM, and comparing for the forms that do. Texts and bytes compare byte by byte; numbers by
 * their value, whatever their types (a decimal with a real as the nearest reals); a date with a timestamp as its midnight;
 * booleans false before true. Nothing else mixes.
 */
bool compare_check(struct checker *checker, struct term *term);
/** compare_group(checker, term, parts, step): let part 0 of ${term} be comparable with parts 1, 1 + step, … below ${parts}: what
 * must be converted is, and constants take the shape that compares fastest. */
bool compare_group(struct checker *checker, struct term *term, uint32_t parts, uint32_t step);
/** compare_run(kind, a, b, nulls, lane, lanes, to): 1 or 0 for each lane that is not null; ${kind} is one of the six. */
void compare_run(enum term_kind kind, const struct cells *a, const struct cells *b, const uint8_t *nulls, const uint32_t *lane,
                 uint32_t lanes, int64_t *to);
/** compare_texts(a, b): byte by byte, a beginning before what goes on: below, 0, above. */
int compare_texts(struct daybreak_text a, struct daybreak_text b);

#endif
