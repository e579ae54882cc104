/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_ARITHMETIC_H
#define EXPRESSION_ARITHMETIC_H

#include <stdbool.h>

#include "record/value.h"

struct checker;
struct term;

/*
 * + - * / % and signs. Types: integer with integer gives integer, but for /; with a real, real; else decimal, an integer
 * counting as decimal(19,0), a constant one as the digits it has. Digits before the point (i) and behind it (s) of decimals:
 *
 *   a + b, a - b   i = max(ia, ib) + 1, s = max(sa, sb)
 *   a * b          i = ia + ib,         s = sa + sb
 *   a / b          i = ia + sb,         s = sa + 6, at most 12 unless sa is more
 *   a % b          i = min(ia, ib),     s = max(sa, sb)
 *
 * So a result is exact and cannot overflow, but a quotient, which is rounded at its last digit. Where i + s is above 38, digits
 * behind the point give way down to 6 (or s, where that is less) and the result is rounded there; then a value can have too
 * many digits and fail its row. Rounding is to the nearest, halves away from zero, and done once. Dates: date + days, date -
 * days, date - date in days, timestamp - timestamp in seconds, decimal(18,6).
 */
bool arithmetic_check(struct checker *checker, struct term *term);
/** arithmetic_capped(whole, scale): the decimal of so many digits before and behind the point, cut to 38 as above. */
struct value_type arithmetic_capped(unsigned whole, unsigned scale);

#endif
