/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_DECIMAL_H
#define EXPRESSION_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "record/value.h"

/*
 * Exact decimals: unscaled 128 bit integers below 10^38. Where digits must go, the value is rounded to the nearest one, halves
 * away from zero (2.345 → 2.35, -2.345 → -2.35). False: the result has more than ${precision} digits.
 */
#define DECIMAL_DIGITS 38
extern const value_int128 decimal_power[DECIMAL_DIGITS + 1];

/** decimal_rescale(value, from, to, precision, result): the same number with another scale. */
bool decimal_rescale(value_int128 value, unsigned from, unsigned to, unsigned precision, value_int128 *result);
/** decimal_sum(a, a_scale, b, b_scale, scale, precision, result): a + b, rounded once. */
bool decimal_sum(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale, unsigned scale, unsigned precision,
                 value_int128 *result);
/** decimal_product(a, b, drop, precision, result): a * b / 10^drop, rounded once. */
bool decimal_product(value_int128 a, value_int128 b, unsigned drop, unsigned precision, value_int128 *result);
/** decimal_quotient(a, b, shift, precision, result): a * 10^shift / b (shift may be negative), rounded once; b is not 0. */
bool decimal_quotient(value_int128 a, value_int128 b, int shift, unsigned precision, value_int128 *result);
/** decimal_rest(a, a_scale, b, b_scale): what is left of a after taking b as often as it fits, with a's sign, of the larger
 * scale; b is not 0. */
value_int128 decimal_rest(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale);
/** decimal_order(a, a_scale, b, b_scale): below, 0, above. */
int decimal_order(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale);
/** decimal_real(value, scale): the nearest double. decimal_of_real(real, scale, precision, result): of its shortest text, so that
 * 2.675 rounds as it is written. */
double decimal_real(value_int128 value, unsigned scale);
bool decimal_of_real(double real, unsigned scale, unsigned precision, value_int128 *result);

/** decimal_round64(value, drop): value / 10^drop rounded, drop at most 18; divisions by constants only. */
static inline uint64_t
decimal_round64(uint64_t value, unsigned drop)
{
#define DECIMAL_CASE(n, power)                                  \
    case n: {                                                   \
        uint64_t whole = value / power, rest = value - whole * power; \
        return whole + (rest >= power / 2);                     \
    }
    switch (drop) {
        DECIMAL_CASE(1, 10u)
        DECIMAL_CASE(2, 100u)
        DECIMAL_CASE(3, 1000u)
        DECIMAL_CASE(4, 10000u)
        DECIMAL_CASE(5, 100000u)
        DECIMAL_CASE(6, 1000000u)
        DECIMAL_CASE(7, 10000000u)
        DECIMAL_CASE(8, 100000000u)
        DECIMAL_CASE(9, UINT64_C(1000000000))
        DECIMAL_CASE(10, UINT64_C(10000000000))
        DECIMAL_CASE(11, UINT64_C(100000000000))
        DECIMAL_CASE(12, UINT64_C(1000000000000))
        DECIMAL_CASE(13, UINT64_C(10000000000000))
        DECIMAL_CASE(14, UINT64_C(100000000000000))
        DECIMAL_CASE(15, UINT64_C(1000000000000000))
        DECIMAL_CASE(16, UINT64_C(10000000000000000))
        DECIMAL_CASE(17, UINT64_C(100000000000000000))
        DECIMAL_CASE(18, UINT64_C(1000000000000000000))
    default:
        return value;
    }
#undef DECIMAL_CASE
}

/** decimal_within(value, precision): whether it has at most that many digits. */
static inline bool
decimal_within(value_int128 value, unsigned precision)
{
    return value < decimal_power[precision] && value > -decimal_power[precision];
}

#endif
