/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the arithmetic of expressions: exact decimals. Nearly all fit 64 bits and take one step; what does not is computed in
 * 256 bits, by the schoolbook, so that every result is rounded once and from the exact value.
 */
#include "decimal.h"

#include <math.h>

__extension__ typedef unsigned __int128 uint128;

/* 256 bits without a sign. */
struct wide {
    uint128 high, low;
};

#define P(n) (value_int128)UINT64_C(n)
#define E19 P(10000000000000000000)
const value_int128 decimal_power[DECIMAL_DIGITS + 1] = {
    P(1), P(10), P(100), P(1000), P(10000), P(100000), P(1000000), P(10000000), P(100000000), P(1000000000), P(10000000000),
    P(100000000000), P(1000000000000), P(10000000000000), P(100000000000000), P(1000000000000000), P(10000000000000000),
    P(100000000000000000), P(1000000000000000000), E19, E19 * 10, E19 * 100, E19 * 1000, E19 * 10000, E19 * 100000, E19 * 1000000,
    E19 * 10000000, E19 * 100000000, E19 * 1000000000, E19 * P(10000000000), E19 * P(100000000000), E19 * P(1000000000000),
    E19 * P(10000000000000), E19 * P(100000000000000), E19 * P(1000000000000000), E19 * P(10000000000000000),
    E19 * P(100000000000000000), E19 * P(1000000000000000000), E19 * E19};

static uint128
size_of(value_int128 value)
{
    return value < 0 ? 0 - (uint128)value : (uint128)value;
}

static bool
signed_within(uint128 size, bool minus, unsigned precision, value_int128 *result)
{
    if (size >= (uint128)decimal_power[precision])
        return false;
    *result = minus ? -(value_int128)size : (value_int128)size;
    return true;
}

/* ---- 256 bits ----------------------------------------------------------------------------- */

static struct wide
wide_product(uint128 a, uint128 b)
{
    const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    const uint128 p00 = (uint128)a0 * b0, p01 = (uint128)a0 * b1, p10 = (uint128)a1 * b0, p11 = (uint128)a1 * b1;
    const uint128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;

    return (struct wide){.high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), .low = middle << 64 | (uint64_t)p00};
}

/* False: it does not fit. */
static bool
wide_times(struct wide *value, uint128 factor)
{
    struct wide low = wide_product(value->low, factor), high = wide_product(value->high, factor);
    uint128 sum = low.high + high.low;

    if (high.high != 0 || sum < low.high)
        return false;
    *value = (struct wide){.high = sum, .low = low.low};
    return true;
}

/* Quotient and rest by up to 128 bits. */
static struct wide
wide_divide(struct wide value, uint128 by, uint128 *rest)
{
    struct wide quotient = {0};
    uint128 left = 0;

    if (value.high == 0) {
        *rest = value.low % by;
        return (struct wide){.low = value.low / by};
    }
    if (by >> 64 == 0) { /* limb by limb */
        const uint64_t limbs[4] = {(uint64_t)(value.high >> 64), (uint64_t)value.high, (uint64_t)(value.low >> 64),
                                   (uint64_t)value.low};
        uint64_t digits[4];

        for (int i = 0; i < 4; i++) {
            left = left << 64 | limbs[i];
            digits[i] = (uint64_t)(left / by);
            left %= by;
        }
        *rest = left;
        return (struct wide){.high = (uint128)digits[0] << 64 | digits[1], .low = (uint128)digits[2] << 64 | digits[3]};
    }
    for (int i = 255; i >= 0; i--) { /* bit by bit: rare */
        bool carry = left >> 127 != 0;

        left = left << 1 | (i >= 128 ? value.high >> (i - 128) & 1 : value.low >> i & 1);
        quotient.high = quotient.high << 1 | quotient.low >> 127;
        quotient.low <<= 1;
        if (carry || left >= by) {
            left -= by;
            quotient.low |= 1;
        }
    }
    *rest = left;
    return quotient;
}

/* value / 10^drop, halves away from zero; false: above 128 bits. */
static bool
wide_round(struct wide value, unsigned drop, uint128 *result)
{
    uint128 rest, by;

    if (drop > DECIMAL_DIGITS) {
        /* the digits below do not decide: a half is a whole number of what is dropped first */
        value = wide_divide(value, (uint128)decimal_power[drop - DECIMAL_DIGITS], &rest);
        drop = DECIMAL_DIGITS;
    }
    if (drop > 0) {
        by = (uint128)decimal_power[drop];
        value = wide_divide(value, by, &rest);
        if (rest >= by - rest && ++value.low == 0)
            value.high++;
    }
    *result = value.low;
    return value.high == 0;
}

/* ---- what is asked for -------------------------------------------------------------------- */

bool
decimal_rescale(value_int128 value, unsigned from, unsigned to, unsigned precision, value_int128 *result)
{
    const bool minus = value < 0;
    uint128 size = size_of(value);

    if (from > to) {
        const unsigned drop = from - to;

        if (size <= UINT64_MAX && drop <= 18) {
            size = decimal_round64((uint64_t)size, drop);
        } else {
            const uint128 by = (uint128)decimal_power[drop], rest = size % by;

            size = size / by + (rest >= by - rest);
        }
        return signed_within(size, minus, precision, result);
    }
    if (from < to) {
        if (to - from > precision ? size != 0 : size >= (uint128)decimal_power[precision - (to - from)])
            return false;
        if (size == 0) { /* whatever the step, and none above 10^38 is looked up */
            *result = 0;
            return true;
        }
        *result = value * decimal_power[to - from];
        return true;
    }
    return signed_within(size, minus, precision, result);
}

bool
decimal_sum(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale, unsigned scale, unsigned precision,
            value_int128 *result)
{
    const unsigned most = a_scale > b_scale ? a_scale : b_scale;
    struct wide x = wide_product(size_of(a), (uint128)decimal_power[most - a_scale]);
    struct wide y = wide_product(size_of(b), (uint128)decimal_power[most - b_scale]);
    bool minus = a < 0, turned = y.high > x.high || (y.high == x.high && y.low > x.low);
    struct wide sum;
    uint128 size;

    if ((a < 0) == (b < 0)) {
        sum.low = x.low + y.low;
        sum.high = x.high + y.high + (sum.low < x.low);
    } else { /* the smaller from the larger, whose sign it has */
        if (turned) {
            struct wide z = x;

            x = y;
            y = z;
            minus = b < 0;
        }
        sum.low = x.low - y.low;
        sum.high = x.high - y.high - (x.low < y.low);
    }
    return wide_round(sum, most - scale, &size) && signed_within(size, minus, precision, result);
}

bool
decimal_product(value_int128 a, value_int128 b, unsigned drop, unsigned precision, value_int128 *result)
{
    uint128 size;

    return wide_round(wide_product(size_of(a), size_of(b)), drop, &size) &&
           signed_within(size, (a < 0) != (b < 0), precision, result);
}

bool
decimal_quotient(value_int128 a, value_int128 b, int shift, unsigned precision, value_int128 *result)
{
    const bool minus = (a < 0) != (b < 0);
    const uint128 by = size_of(b);
    struct wide value = {.low = size_of(a)}, quotient;
    uint128 rest, size;

    if (shift >= 0 && shift <= 18 && value.low < (uint128)1 << 63 && by < (uint128)1 << 63) {
        uint64_t top;

        if (!__builtin_mul_overflow((uint64_t)value.low, (uint64_t)decimal_power[shift], &top)) {
            uint64_t whole = top / (uint64_t)by, left = top - whole * (uint64_t)by;

            return signed_within(whole + (left >= (uint64_t)by - left), minus, precision, result);
        }
    }
    for (int left = shift; left > 0; left -= DECIMAL_DIGITS)
        if (!wide_times(&value, (uint128)decimal_power[left > DECIMAL_DIGITS ? DECIMAL_DIGITS : left]))
            return false; /* by is below 2^127, so the quotient has more than 38 digits */
    quotient = wide_divide(value, by, &rest);
    if (shift < 0) { /* what is left below the last digit cannot turn a rounding: a half of 10^n is a whole number */
        if (!wide_round(quotient, (unsigned)-shift, &size))
            return false;
        return signed_within(size, minus, precision, result);
    }
    if (rest >= by - rest && ++quotient.low == 0)
        quotient.high++;
    return quotient.high == 0 && signed_within(quotient.low, minus, precision, result);
}

value_int128
decimal_rest(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale)
{
    const uint128 size = size_of(b);
    const unsigned most = a_scale > b_scale ? a_scale : b_scale;
    struct wide value = wide_product(size_of(a), (uint128)decimal_power[most - a_scale]);
    struct wide divisor = wide_product(size, (uint128)decimal_power[most - b_scale]);
    uint128 rest;

    if (divisor.high != 0) { /* then a was not made wider, and is less */
        rest = value.low;
    } else {
        wide_divide(value, divisor.low, &rest);
    }
    return a < 0 ? -(value_int128)rest : (value_int128)rest;
}

int
decimal_order(value_int128 a, unsigned a_scale, value_int128 b, unsigned b_scale)
{
    struct wide x, y;
    int order;

    if (a_scale == b_scale || (a < 0) != (b < 0))
        return a < b ? -1 : a > b;
    x = wide_product(size_of(a), a_scale < b_scale ? (uint128)decimal_power[b_scale - a_scale] : 1);
    y = wide_product(size_of(b), b_scale < a_scale ? (uint128)decimal_power[a_scale - b_scale] : 1);
    order = x.high != y.high ? (x.high < y.high ? -1 : 1) : x.low < y.low ? -1 : x.low > y.low;
    return a < 0 ? -order : order;
}

double
decimal_real(value_int128 value, unsigned scale)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    char text[VALUE_ROOM];
    double real = 0;

    if (size_of(value) < (uint128)1 << 53 && scale < sizeof power / sizeof *power)
        return (double)(int64_t)value / power[scale]; /* both exact: one rounding */
    value_real(text, value_write_decimal(value, (uint8_t)scale, text), &real);
    return real;
}

/* Digits behind the point that a number's text has: "1.25e-7" has 9. */
static int
fraction_digits(const char *text, size_t size)
{
    int digits = 0, exponent = 0;
    bool point = false, minus = false;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == 'e') {
            minus = text[i + 1] == '-';
            for (i += 2; i < size; i++)
                exponent = exponent * 10 + (text[i] - '0');
        } else if (text[i] == '.') {
            point = true;
        } else {
            digits += point;
        }
    }
    return minus ? digits + exponent : digits - exponent;
}

bool
decimal_of_real(double real, unsigned scale, unsigned precision, value_int128 *result)
{
    char text[VALUE_ROOM];
    value_int128 exact;
    double scaled;
    size_t size;
    int fine;

    if (!isfinite(real) || fabs(real) >= 1e38)
        return false;
    size = value_write_real(real, text);
    fine = fraction_digits(text, size);
    if (fine < (int)scale)
        fine = (int)scale;
    if (fine <= DECIMAL_DIGITS)
        return value_decimal(text, size, DECIMAL_DIGITS, (uint8_t)fine, &exact) &&
               decimal_rescale(exact, (unsigned)fine, scale, precision, result);
    /* below 1e-20: its last digits lie behind the 38th place, and at any scale fewer than 19 are left */
    scaled = real * (double)decimal_power[scale];
    *result = (value_int128)(int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return decimal_within(*result, precision);
}
