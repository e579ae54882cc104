/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: how dates and times are written. A layout is a way of writing the day and one of writing the time; a column keeps
 * those that its first value allows and counts which of them the others follow, so that a day above 12 settles which number is the month.
 */
#include <stdio.h>
#include <string.h>

#include "guess_parts.h"
#include "record/value.h"

#define ISO_DATE 0
#define ISO_TIME 1
#define FIRST 2 /* layouts that need a pattern */
#define SEEDS_MAX 200 /* values that began nothing, before a column is let alone */

/* order: which of the two numbers could be the month; digits: how many the day has when it is digits alone. */
static const struct {
    const char *pattern;
    char order;
    uint8_t digits;
} days[] = {
    {"%Y-%m-%d", 0, 0},   {"%Y/%m/%d", 0, 0},   {"%Y.%m.%d", 0, 0},   {"%Y%m%d", 0, 8},     {"%d.%m.%Y", 0, 0},  {"%d.%m.%y", 0, 0},
    {"%d/%m/%Y", 'd', 0}, {"%m/%d/%Y", 'm', 0}, {"%d/%m/%y", 'd', 0}, {"%m/%d/%y", 'm', 0}, {"%d-%m-%Y", 'd', 0}, {"%m-%d-%Y", 'm', 0},
    {"%d-%b-%Y", 0, 0},   {"%d-%b-%y", 0, 0},   {"%d %b %Y", 0, 0},   {"%d. %b %Y", 0, 0},  {"%b %d, %Y", 0, 0}, {"%b %d %Y", 0, 0},
    {"%d%b%Y", 0, 0},     {"%d/%b/%Y", 0, 0},   {"%Y-%b-%d", 0, 0},
};

static const struct {
    const char *pattern;
    bool zoned;
    uint8_t digits; /* that follow a day of digits */
} times[] = {
    {"", false, 0},
    {" %H:%M:%S", false, 0}, {" %H:%M", false, 0}, {"T%H:%M:%S", false, 0}, {"T%H:%M", false, 0},
    {" %H:%M:%S.%f", false, 0}, {"T%H:%M:%S.%f", false, 0}, {" %H:%M:%S,%f", false, 0},
    {" %I:%M:%S %p", false, 0}, {" %I:%M %p", false, 0}, {" %I:%M:%S%p", false, 0}, {" %I:%M%p", false, 0}, {" %I:%M:%S.%f %p", false, 0},
    {", %H:%M:%S", false, 0}, {", %H:%M", false, 0}, {":%H:%M:%S", false, 0}, {"-%H:%M:%S", false, 0}, {" %H.%M.%S", false, 0},
    {"-%H.%M.%S.%f", false, 0},
    {" %H:%M:%S%z", true, 0}, {" %H:%M:%S %z", true, 0}, {"T%H:%M:%S%z", true, 0}, {"T%H:%M:%S.%f%z", true, 0},
    {" %H:%M:%S.%f%z", true, 0}, {" %H:%M:%S.%f %z", true, 0}, {":%H:%M:%S %z", true, 0},
    {" %H:%M:%S UTC", true, 0}, {" %H:%M:%S GMT", true, 0}, {" %H:%M:%S.%f UTC", true, 0},
    {"%H%M%S", false, 6}, {"%H%M", false, 4}, {" %H%M%S", false, 7}, {"T%H%M%S", false, 7}, {"-%H%M%S", false, 7}, {"_%H%M%S", false, 7},
    {"T%H%M%SZ", true, 8}, {"T%H%M%S%z", true, 0},
};

#define DAYS (sizeof days / sizeof *days)
#define TIMES (sizeof times / sizeof *times)

static size_t
day_of(uint16_t layout)
{
    return (size_t)(layout - FIRST) / TIMES;
}

static size_t
time_of(uint16_t layout)
{
    return (size_t)(layout - FIRST) % TIMES;
}

const char *
guess_times_pattern(uint16_t layout, char pattern[GUESS_LAYOUT_ROOM])
{
    if (layout < FIRST)
        return NULL;
    snprintf(pattern, GUESS_LAYOUT_ROOM, "%s%s", days[day_of(layout)].pattern, times[time_of(layout)].pattern);
    return pattern;
}

bool
guess_times_dated(uint16_t layout)
{
    return layout == ISO_DATE || (layout >= FIRST && time_of(layout) == 0);
}

bool
guess_times_compact(uint16_t layout)
{
    return layout >= FIRST && days[day_of(layout)].digits > 0 && (time_of(layout) == 0 || times[time_of(layout)].digits == 4);
}

char
guess_times_order(uint16_t layout)
{
    return layout < FIRST ? '\0' : days[day_of(layout)].order;
}

/* Does the text, which ends with a NUL, follow the layout; its instant, or its midnight. */
static bool
follows(uint16_t layout, const char *pattern, const char *at, size_t size, int64_t *us)
{
    struct value_type type = {.type = DAYBREAK_TYPE_TIMESTAMP};
    int32_t day;

    if (layout == ISO_DATE) {
        if (!value_date(at, size, NULL, &day))
            return false;
        *us = (int64_t)day * INT64_C(86400000000);
        return true;
    }
    if (layout >= FIRST) {
        size_t digits = days[day_of(layout)].digits;

        if (digits > 0 && (strspn(at, "0123456789") < digits ||
                           ((time_of(layout) == 0 || times[time_of(layout)].digits > 0) &&
                            size != digits + times[time_of(layout)].digits)))
            return false; /* 2026111 is no day, whatever strptime thinks */
        type.pattern = pattern;
    }
    if (!value_timestamp(at, size, &type, us))
        return false;
    return layout < FIRST || days[day_of(layout)].digits == 0 ||
           (*us >= INT64_C(-2208988800000000) && *us < INT64_C(4133980800000000)); /* 1900 to 2100: else it is some number */
}

/* A day has at least four digits, and begins with one or with a month's name. */
static bool
may_be_time(const char *at, size_t size)
{
    unsigned digits = 0;

    if (size < 6 || size > 40 ||
        (!(at[0] >= '0' && at[0] <= '9') && memchr("JjFfMmAaSsOoNnDd", at[0], 16) == NULL))
        return false;
    for (size_t i = 0; i < size; i++)
        digits += at[i] >= '0' && at[i] <= '9';
    return digits >= 4;
}

/* An offset, or a word for UTC, stands at the end of an ISO time. */
static bool
iso_zoned(const char *at, size_t size)
{
    return size > 10 && (at[size - 1] == 'Z' || at[size - 1] == 'z' || memchr(at + 10, '+', size - 10) != NULL ||
                         memchr(at + 10, '-', size - 10) != NULL);
}

static void
note(struct guess_times *column, uint32_t i, int64_t us)
{
    if (column->fits[i]++ == 0 || us < column->least_us[i])
        column->least_us[i] = us;
    if (column->fits[i] == 1 || us > column->most_us[i])
        column->most_us[i] = us;
}

static void
seed(struct guess_times *column, const char *at, size_t size)
{
    int64_t us;

    for (uint16_t layout = 0; layout < FIRST + DAYS * TIMES && column->layouts < GUESS_LAYOUTS; layout++) {
        char *pattern = column->pattern[column->layouts];

        if (layout >= FIRST && day_of(layout) == 0 && time_of(layout) <= 4)
            continue; /* ISO 8601 itself */
        guess_times_pattern(layout, pattern);
        if (follows(layout, pattern, at, size, &us))
            column->layout[column->layouts++] = layout;
    }
    if (column->layouts == 1 && column->layout[0] == ISO_TIME && size == 10)
        column->layouts = 0;
    column->vain += column->layouts == 0;
}

bool
guess_times_add(struct guess_times *column, const char *given, size_t size)
{
    char at[44];
    bool taken = false;

    if (!may_be_time(given, size))
        return false;
    memcpy(at, given, size);
    at[size] = '\0';
    if (column->layouts == 0) {
        if (column->vain >= SEEDS_MAX)
            return false;
        seed(column, at, size);
    }
    for (uint32_t i = 0; i < column->layouts; i++) {
        int64_t us;

        if (!follows(column->layout[i], column->pattern[i], at, size, &us))
            continue;
        note(column, i, us);
        if (!taken && (column->layout[i] == ISO_TIME ? size > 10 && !iso_zoned(at, size)
                                                    : column->layout[i] >= FIRST && !times[time_of(column->layout[i])].zoned &&
                                                          time_of(column->layout[i]) > 0))
            column->zoneless++;
        taken = true;
    }
    return taken;
}
