/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CAST_H
#define EXPRESSION_CAST_H

#include <stdbool.h>

struct checker;
struct term;

/*
 * cast(x AS type), and conversions that the checker puts in. A text must be wholly a value of the type, as `fields` reads it
 * (no blanks around), but may have more digits behind the point than a decimal keeps: they are rounded, halves away from zero,
 * as between decimals and from reals (of their shortest text). To integer, decimals and reals are cut, as SQLite does. Texts
 * are canonical. Dates and timestamps convert at midnight of the scope's zone. What does not fit fails the row.
 */
/** cast_check(checker, term): choose how; compute stays NULL where nothing is to be done. */
bool cast_check(struct checker *checker, struct term *term);

#endif
