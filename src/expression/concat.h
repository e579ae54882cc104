/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CONCAT_H
#define EXPRESSION_CONCAT_H

#include <stdbool.h>

struct checker;
struct term;

/** concat_check(checker, term): a || b …: texts, and anything else by its canonical text; or bytes alone. */
bool concat_check(struct checker *checker, struct term *term);

#endif
