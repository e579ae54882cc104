/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CALL_H
#define EXPRESSION_CALL_H

#include <stdbool.h>

struct checker;
struct term;

/** call_check(checker, term): a call by its name: a function with its arguments converted, or one of the forms that look like
 * calls, which then have a kind of their own (coalesce, ifnull, nullif, iif, if, greatest, least, and max, min of several). */
bool call_check(struct checker *checker, struct term *term);

#endif
