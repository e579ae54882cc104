/* SPDX-License-Identifier: Apache-2.0 */
/* Values with units: durations, sizes, percentages and times of day, in whole numbers as far as it goes. */
#include "config/option.h"

#include <string.h>

/* Digits with an optional fraction: mantissa and number of fraction digits. NULL when there is none, else what follows. */
static const char *
decimal_read(const char *text, int64_t *mantissa, int *fraction)
{
    const char *at = text;
    bool point = false;

    *mantissa = 0;
    *fraction = 0;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point && at > text); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (__builtin_mul_overflow(*mantissa, 10, mantissa) || __builtin_add_overflow(*mantissa, *at - '0', mantissa))
            return NULL;
        *fraction += point;
    }
    return at == text || at[-1] == '.' ? NULL : at;
}

/* mantissa / 10^fraction * unit; false when that is no whole number or too large. */
static bool
scale_up(int64_t mantissa, int fraction, int64_t unit, int64_t *value)
{
    __extension__ __int128 product = (__int128)mantissa * unit;

    for (; fraction > 0; fraction--) {
        if (product % 10 != 0)
            return false;
        product /= 10;
    }
    if (product > INT64_MAX)
        return false;
    *value = (int64_t)product;
    return true;
}

struct unit {
    const char *name;
    int64_t size;
};

/* The longest unit that ${text} begins with. */
static const struct unit *
unit_find(const struct unit *units, const char *text)
{
    const struct unit *best = NULL;

    for (; units->name != NULL; units++)
        if (strncmp(text, units->name, strlen(units->name)) == 0 &&
            (best == NULL || strlen(units->name) > strlen(best->name)))
            best = units;
    return best;
}

bool
option_duration(const char *text, int64_t *ms)
{
    static const struct unit units[] = {{"ms", 1},          {"s", 1000},        {"m", 60000}, {"min", 60000},
                                        {"h", 3600000},     {"d", 86400000},    {"w", 604800000}, {NULL, 0}};
    int64_t total = 0, before = INT64_MAX;

    if (strcmp(text, "0") == 0) {
        *ms = 0;
        return true;
    }
    do {
        const struct unit *unit;
        int64_t mantissa, part;
        int fraction;

        text = decimal_read(text, &mantissa, &fraction);
        unit = text == NULL ? NULL : unit_find(units, text);
        if (unit == NULL || unit->size >= before || !scale_up(mantissa, fraction, unit->size, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
        before = unit->size; /* 1h30m, but not 30m1h */
        text += strlen(unit->name);
    } while (*text != '\0');
    *ms = total;
    return true;
}

bool
option_size(const char *text, int64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"B", 1}, {"k", 1000}, {"K", 1000}, {"kB", 1000}, {"KB", 1000}, {"M", 1000000}, {"MB", 1000000},
        {"G", 1000000000}, {"GB", 1000000000}, {"T", 1000000000000}, {"TB", 1000000000000}, {"KiB", INT64_C(1) << 10},
        {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30}, {"TiB", INT64_C(1) << 40}, {NULL, 0}};
    const struct unit *unit;
    int64_t mantissa;
    int fraction;

    text = decimal_read(text, &mantissa, &fraction);
    if (text == NULL)
        return false;
    unit = unit_find(units, text);
    return strcmp(unit->name, text) == 0 && scale_up(mantissa, fraction, unit->size, bytes);
}

bool
option_number(const char *text, double *number)
{
    int64_t mantissa, divisor = 1;
    int fraction;

    text = decimal_read(text, &mantissa, &fraction);
    if (text == NULL || *text != '\0' || fraction > 18)
        return false;
    for (; fraction > 0; fraction--)
        divisor *= 10;
    *number = (double)mantissa / (double)divisor;
    return true;
}

bool
option_percent(const char *text, double *share)
{
    size_t size = strlen(text);
    bool percent = size > 0 && text[size - 1] == '%';
    char number[32];
    double value;

    if (size == 0 || size >= sizeof number)
        return false;
    size -= percent;
    while (percent && size > 0 && text[size - 1] == ' ')
        size--;
    memcpy(number, text, size);
    number[size] = '\0';
    if (!option_number(number, &value) || value > (percent ? 100 : 1))
        return false;
    *share = percent ? value / 100 : value;
    return true;
}

bool
option_time(const char *text, int64_t *seconds)
{
    int64_t part[3] = {0, 0, 0};
    int parts = 0;

    for (; parts < 3; parts++) {
        if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
            return false;
        part[parts] = (text[0] - '0') * 10 + (text[1] - '0');
        text += 2;
        if (*text == '\0')
            break;
        if (*text != ':' || parts == 2)
            return false;
        text++;
    }
    if (parts == 0 || part[0] > 23 || part[1] > 59 || part[2] > 59)
        return false;
    *seconds = part[0] * 3600 + part[1] * 60 + part[2];
    return true;
}
