/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_LIKE_H
#define EXPRESSION_LIKE_H

#include <stdbool.h>

struct checker;
struct term;

/** like_check(checker, term): x [NOT] LIKE pattern [ESCAPE c]: % is any text, _ one character, ASCII letters match in either
 * case, as in SQLite. */
bool like_check(struct checker *checker, struct term *term);

#endif
