/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of cells to numbers and back; dates and timestamps have a file of their own. These loops run once per cell of
 * every typed column, so they look at each byte once and call nothing; only reals that the exact short cut cannot
 * settle go to the C library.
 */
#include "record/value.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "digits.h"

#define DIGITS_MAX 38 /* of a decimal: the largest power of ten that 128 bits hold with a sign */

static const uint64_t power64[20] = {
    1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull, 10000000ull, 100000000ull, 1000000000ull, 10000000000ull,
    100000000000ull, 1000000000000ull, 10000000000000ull, 100000000000000ull, 1000000000000000ull, 10000000000000000ull,
    100000000000000000ull, 1000000000000000000ull, 10000000000000000000ull};

static value_int128
power128(unsigned exponent)
{
    return exponent <= 19 ? (value_int128)power64[exponent] : (value_int128)power64[19] * (value_int128)power64[exponent - 19];
}

/* 10^0 to 10^22: those that a double holds exactly. */
static double
power_real(int exponent)
{
    return exponent <= 11 ? (double)power64[exponent] : (double)power64[11] * (double)power64[exponent - 11];
}

/* ---- types -------------------------------------------------------------------------------- */

const char *const value_type_names[] = {"text",    "string", "boolean", "bool",   "integer", "int",       "bigint",
                                        "decimal", "numeric",
                                        "real",    "double", "float",   "bytes",  "blob",    "timestamp", "date",   NULL};

static const enum daybreak_type value_type_of[] = {
    DAYBREAK_TYPE_TEXT,    DAYBREAK_TYPE_TEXT,    DAYBREAK_TYPE_BOOLEAN, DAYBREAK_TYPE_BOOLEAN,
    DAYBREAK_TYPE_INTEGER, DAYBREAK_TYPE_INTEGER, DAYBREAK_TYPE_INTEGER, DAYBREAK_TYPE_DECIMAL,
    DAYBREAK_TYPE_DECIMAL, DAYBREAK_TYPE_REAL,    DAYBREAK_TYPE_REAL,    DAYBREAK_TYPE_REAL,
    DAYBREAK_TYPE_BYTES,   DAYBREAK_TYPE_BYTES,   DAYBREAK_TYPE_TIMESTAMP, DAYBREAK_TYPE_DATE};

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ')
        at++;
    return at;
}

static const char *
small_number(const char *at, unsigned *number)
{
    at = skip_blanks(at);
    if (digit_of(*at) > 9)
        return NULL;
    for (*number = 0; digit_of(*at) <= 9; at++) {
        *number = *number * 10 + digit_of(*at);
        if (*number > 255)
            return NULL;
    }
    return skip_blanks(at);
}

bool
value_type_parse(const char *text, struct value_type *type)
{
    const char *at = skip_blanks(text);
    size_t size = strcspn(at, "( "), i = 0;
    unsigned precision = 0, scale = 0;
    bool sized;

    while (value_type_names[i] != NULL &&
           (strlen(value_type_names[i]) != size || strncasecmp(value_type_names[i], at, size) != 0))
        i++;
    if (value_type_names[i] == NULL)
        return false;
    at = skip_blanks(at + size);
    sized = *at == '(';
    if (sized != (value_type_of[i] == DAYBREAK_TYPE_DECIMAL))
        return false;
    if (sized) {
        at = small_number(at + 1, &precision);
        if (at != NULL && *at == ',')
            at = small_number(at + 1, &scale);
        if (at == NULL || *at != ')' || precision == 0 || precision > DIGITS_MAX || scale > precision)
            return false;
        at = skip_blanks(at + 1);
    }
    if (*at != '\0')
        return false;
    *type = (struct value_type){.type = value_type_of[i], .precision = (uint8_t)precision, .scale = (uint8_t)scale};
    return true;
}

void
value_type_text(const struct value_type *type, char text[32])
{
    static const char *const name[] = {
        [DAYBREAK_TYPE_TEXT] = "text", [DAYBREAK_TYPE_BOOLEAN] = "boolean", [DAYBREAK_TYPE_INTEGER] = "integer",
        [DAYBREAK_TYPE_DECIMAL] = "decimal", [DAYBREAK_TYPE_REAL] = "real", [DAYBREAK_TYPE_BYTES] = "bytes",
        [DAYBREAK_TYPE_TIMESTAMP] = "timestamp", [DAYBREAK_TYPE_DATE] = "date"};

    if (type->type == DAYBREAK_TYPE_DECIMAL)
        snprintf(text, 32, "decimal(%u,%u)", type->precision, type->scale);
    else
        snprintf(text, 32, "%s", name[type->type]);
}

/* ---- booleans and numbers ----------------------------------------------------------------- */

bool
value_boolean(const char *at, size_t size, int64_t *value)
{
    static const struct {
        const char *word;
        uint8_t size, value;
    } words[] = {{"true", 4, 1}, {"false", 5, 0}, {"t", 1, 1}, {"f", 1, 0}, {"yes", 3, 1},
                 {"no", 2, 0},   {"y", 1, 1},     {"n", 1, 0}, {"1", 1, 1}, {"0", 1, 0}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].size == size && strncasecmp(words[i].word, at, size) == 0) {
            *value = words[i].value;
            return true;
        }
    return false;
}

bool
value_integer(const char *at, size_t size, int64_t *value)
{
    const char *end = at + size;
    uint64_t number = 0;
    bool minus = false;

    if (at < end && (*at == '-' || *at == '+'))
        minus = *at++ == '-';
    if (at == end)
        return false;
    while (end - at > 18 && *at == '0')
        at++;
    if (end - at > 19)
        return false;
    for (; at < end; at++) {
        unsigned digit = digit_of(*at);

        if (digit > 9)
            return false;
        number = number * 10 + digit; /* 19 digits fit into 64 bits without a sign */
    }
    if (number > (uint64_t)INT64_MAX + minus)
        return false;
    *value = minus ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

/* The parts of a number as written: digits, where the point was, an exponent. Leading zeros are not counted as digits. */
struct number {
    value_int128 digits;
    int count;     /* of significant digits in it */
    int exponent;  /* value = digits * 10^exponent */
    bool minus;
    bool inexact;  /* digits beyond the 38th that are not zero were dropped */
};

/* [e][+-]digits; clamped far beyond anything that could matter. */
static const char *
exponent_read(const char *at, const char *end, int *exponent)
{
    bool minus = false;
    int value = 0;

    at++;
    if (at < end && (*at == '-' || *at == '+'))
        minus = *at++ == '-';
    if (at == end)
        return NULL;
    for (; at < end; at++) {
        if (digit_of(*at) > 9)
            return NULL;
        if (value < 100000)
            value = value * 10 + (int)digit_of(*at);
    }
    *exponent += minus ? -value : value;
    return at;
}

static bool
number_read(const char *at, const char *end, struct number *number)
{
    uint64_t low = 0;
    bool point = false, any = false;
    int lows = 0; /* digits waiting in low */

    *number = (struct number){0};
    if (at < end && (*at == '-' || *at == '+'))
        number->minus = *at++ == '-';
    for (; at < end; at++) {
        unsigned digit = digit_of(*at);

        if (digit > 9) {
            if (*at == '.' && !point) {
                point = true;
                continue;
            }
            break;
        }
        any = true;
        if (number->count == 0 && digit == 0) {
            number->exponent -= point;
            continue;
        }
        if (number->count == DIGITS_MAX) {
            number->inexact |= digit != 0;
            number->exponent += !point;
            continue;
        }
        if (lows == 18) {
            number->digits = number->digits * (value_int128)power64[18] + (value_int128)low;
            low = 0;
            lows = 0;
        }
        low = low * 10 + digit;
        lows++;
        number->count++;
        number->exponent -= point;
    }
    number->digits = number->digits * power128((unsigned)lows) + (value_int128)low;
    if (!any)
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = exponent_read(at, end, &number->exponent);
    return at == end;
}

/* A decimal of up to 18 digits without an exponent: nearly all. False: look closer. */
static inline bool
decimal_short(const char *at, const char *end, unsigned precision, unsigned scale, value_int128 *unscaled)
{
    uint64_t value = 0;
    unsigned fraction = 0;
    bool minus = false;

    if (at < end && (*at == '-' || *at == '+'))
        minus = *at++ == '-';
    if (end - at > 19 || at == end || digit_of(*at) > 9)
        return false;
    for (; at < end && *at != '.'; at++) {
        unsigned digit = digit_of(*at);

        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    if (at < end) {
        at++;
        fraction = (unsigned)(end - at);
        if (fraction > scale)
            return false;
        for (; at < end; at++) {
            unsigned digit = digit_of(*at);

            if (digit > 9)
                return false;
            value = value * 10 + digit;
        }
    }
    if (precision <= 18 && value >= power64[precision - (scale - fraction)])
        return false;
    if (precision > 18) { /* the product may need more than 64 bits */
        if (value > 999999999999999999ull)
            return false;
        value_int128 wide = (value_int128)value * power128(scale - fraction);
        if (wide >= power128(precision))
            return false;
        *unscaled = minus ? -wide : wide;
        return true;
    }
    value *= power64[scale - fraction];
    *unscaled = minus ? -(value_int128)value : (value_int128)value;
    return true;
}

bool
value_decimal(const char *at, size_t size, uint8_t precision, uint8_t scale, value_int128 *unscaled)
{
    struct number number;
    value_int128 digits;
    int shift;

    if (decimal_short(at, at + size, precision, scale, unscaled))
        return true;
    if (!number_read(at, at + size, &number) || number.inexact)
        return false;
    digits = number.digits;
    shift = number.exponent + scale;
    if (digits == 0) {
        *unscaled = 0;
        return true;
    }
    for (; shift < 0; shift++) { /* what is finer than the scale must be zeros */
        if (digits % 10 != 0)
            return false;
        digits /= 10;
        number.count--;
    }
    if (number.count + shift > precision)
        return false;
    digits *= power128((unsigned)shift);
    *unscaled = number.minus ? -digits : digits;
    return true;
}

static locale_t c_locale;

static void
locale_make(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0)
        abort();
}

static double
library_real(const char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, locale_make);
    return strtod_l(text, NULL, c_locale);
}

bool
value_real(const char *at, size_t size, double *value)
{
    char text[1100]; /* a double that is written out has at most 1,077 characters */
    struct number number;
    double result;

    if (!number_read(at, at + size, &number))
        return false;
    if (number.digits < INT64_C(1) << 53 && !number.inexact && number.exponent >= -22 && number.exponent <= 22) {
        /* both sides are exact doubles, so one rounding gives the nearest (Clinger 1990) */
        result = (double)(int64_t)number.digits;
        if (number.exponent < 0)
            result /= power_real(-number.exponent);
        else
            result *= power_real(number.exponent);
        *value = number.minus ? -result : result;
        return true;
    }
    if (size >= sizeof text)
        return false;
    memcpy(text, at, size);
    text[size] = '\0';
    result = library_real(text);
    if (!isfinite(result))
        return false;
    *value = result;
    return true;
}

/* ---- writers ------------------------------------------------------------------------------ */

/* Digits of ${value}, at least ${least} of them. */
static char *
put_digits(char *to, uint64_t value, unsigned least)
{
    char text[20];
    size_t at = sizeof text;

    while (value >= 100) {
        at -= 2;
        memcpy(text + at, digit_pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(text + at, digit_pairs + 2 * value, 2);
    } else {
        text[--at] = (char)('0' + value);
    }
    while (sizeof text - at < least)
        text[--at] = '0';
    memcpy(to, text + at, sizeof text - at);
    return to + (sizeof text - at);
}

size_t
value_write_decimal(value_int128 unscaled, uint8_t scale, char *to)
{
    __extension__ unsigned __int128 value = unscaled < 0 ? -(unsigned __int128)unscaled : (unsigned __int128)unscaled;
    const uint64_t step = power64[19];
    char digits[64], *end = digits, *at = to;
    size_t count;

    if (value < step) {
        end = put_digits(digits, (uint64_t)value, scale + 1u > 20 ? 20 : scale + 1u);
    } else if (value / step < step) {
        end = put_digits(digits, (uint64_t)(value / step), 1);
        end = put_digits(end, (uint64_t)(value % step), 19);
    } else {
        end = put_digits(digits, (uint64_t)(value / step / step), 1);
        end = put_digits(end, (uint64_t)(value / step % step), 19);
        end = put_digits(end, (uint64_t)(value % step), 19);
    }
    count = (size_t)(end - digits);
    if (unscaled < 0)
        *at++ = '-';
    if (count <= scale) { /* 0.000…x */
        *at++ = '0';
        *at++ = '.';
        for (size_t i = count; i < scale; i++)
            *at++ = '0';
        memcpy(at, digits, count);
        return (size_t)(at + count - to);
    }
    memcpy(at, digits, count - scale);
    at += count - scale;
    if (scale > 0) {
        *at++ = '.';
        memcpy(at, digits + count - scale, scale);
        at += scale;
    }
    return (size_t)(at - to);
}

/* Significant digits and the power of ten of the first one into the form people write. */
static size_t
real_form(bool minus, const char *digits, int count, int exponent, char *to)
{
    char *at = to;

    if (minus)
        *at++ = '-';
    if (exponent >= 0 && exponent < 21) {
        for (int i = 0; i <= exponent || i < count; i++) {
            if (i == exponent + 1)
                *at++ = '.';
            *at++ = i < count ? digits[i] : '0';
        }
    } else if (exponent < 0 && exponent >= -6) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; i--)
            *at++ = '0';
        memcpy(at, digits, (size_t)count);
        at += count;
    } else {
        *at++ = digits[0];
        if (count > 1) {
            *at++ = '.';
            memcpy(at, digits + 1, (size_t)count - 1);
            at += count - 1;
        }
        *at++ = 'e';
        *at++ = exponent < 0 ? '-' : '+';
        at = put_digits(at, (uint64_t)(exponent < 0 ? -exponent : exponent), 2);
    }
    return (size_t)(at - to);
}

size_t
value_write_real(double value, char *to)
{
    bool minus = signbit(value);
    double size = fabs(value);
    char text[40], digits[20];
    int exponent = 0, count = 0;

    if (!isfinite(value)) {
        memcpy(to, isnan(value) ? "nan" : minus ? "-inf" : "inf", 4);
        return isnan(value) || !minus ? 3 : 4;
    }
    if (size < 1e15 && size >= 1e-5) /* few digits behind the point: exact division tells at once */
        for (int places = 0; places <= 20; places++) {
            double scaled = size * power_real(places);

            if (scaled >= 1e15) /* up to 15 digits the product is near enough to round right */
                break;
            scaled = nearbyint(scaled);
            if (scaled / power_real(places) != size)
                continue;
            count = (int)(put_digits(digits, (uint64_t)scaled, 1) - digits);
            exponent = count - 1 - places;
            goto form;
        }
    if (size == 0)
        return real_form(minus, "0", 1, 0, to);
    for (int precision = size < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        char again[40];

        snprintf(text, sizeof text, "%.*e", precision, size);
        count = 0;
        for (const char *at = text; *at != 'e'; at++) /* only digits: the point is the locale's */
            if (digit_of(*at) <= 9)
                digits[count++] = *at;
        exponent = 0;
        exponent_read(strchr(text, 'e'), text + strlen(text), &exponent);
        again[real_form(false, digits, count, exponent, again)] = '\0';
        if (library_real(again) == size)
            break;
    }
form:
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return real_form(minus, digits, count, exponent, to);
}

bool
value_canonical(const struct value_type *type, const char *at, size_t size, char *to, size_t *length)
{
    char room[VALUE_ROOM];
    value_int128 decimal;
    int64_t number;
    double real;
    int32_t days;

    *length = 0;
    if (type->style.comma || type->style.thousands != 0) {
        if (!value_plain(type->style, at, size, room, &size))
            return false;
        at = room;
    }
    switch (type->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        if (!value_boolean(at, size, &number))
            return false;
        *length = number ? 4 : 5;
        memcpy(to, number ? "true" : "false", *length);
        return true;
    case DAYBREAK_TYPE_INTEGER:
        if (!value_integer(at, size, &number))
            return false;
        *length = text_number(number, to);
        return true;
    case DAYBREAK_TYPE_DECIMAL:
        if (!value_decimal(at, size, type->precision, type->scale, &decimal))
            return false;
        *length = value_write_decimal(decimal, type->scale, to);
        return true;
    case DAYBREAK_TYPE_REAL:
        if (!value_real(at, size, &real))
            return false;
        *length = value_write_real(real, to);
        return true;
    case DAYBREAK_TYPE_TIMESTAMP:
        if (!value_timestamp(at, size, type, &number))
            return false;
        *length = value_write_timestamp(number, to);
        return true;
    case DAYBREAK_TYPE_DATE:
        if (!value_date(at, size, type, &days))
            return false;
        *length = value_write_date(days, to);
        return true;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        break;
    }
    return false;
}
