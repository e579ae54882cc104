/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: which names a pattern takes, and what time they tell. */
#include "file_match.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct time_part {
    char letter;
    uint8_t part, digits;
    uint16_t least, most;
} time_parts[] = {
    {'Y', FILE_YEAR, 4, 1, 9999},  {'y', FILE_YEAR, 2, 0, 99},     {'m', FILE_MONTH, 2, 1, 12},
    {'d', FILE_DAY, 2, 1, 31},     {'H', FILE_HOUR, 2, 0, 23},     {'M', FILE_MINUTE, 2, 0, 59},
    {'S', FILE_SECOND, 2, 0, 60},  {'j', FILE_YEAR_DAY, 3, 1, 366},
};

static const struct time_part *
time_part_of(char letter)
{
    for (size_t i = 0; i < sizeof time_parts / sizeof *time_parts; i++)
        if (time_parts[i].letter == letter)
            return &time_parts[i];
    return NULL;
}

/* The digits of one %-part. Those out of range do not match, so that * in front may take more. */
static bool
digits_take(const struct time_part *part, const char **name, struct file_time *time)
{
    unsigned value = 0;

    for (unsigned i = 0; i < part->digits; i++) {
        if ((*name)[i] < '0' || (*name)[i] > '9')
            return false;
        value = value * 10 + (unsigned)((*name)[i] - '0');
    }
    if (value < part->least || value > part->most)
        return false;
    if (part->letter == 'y')
        value += value < 69 ? 2000 : 1900; /* as POSIX has it */
    if ((time->seen & 1u << part->part) && time->part[part->part] != value)
        return false;
    time->part[part->part] = (uint16_t)value;
    time->seen |= (uint8_t)(1u << part->part);
    *name += part->digits;
    return true;
}

/* Behind a '[': the end of the class, or NULL when nothing closes it (it is then a plain character). */
static const char *
class_take(const char *at, unsigned char c, bool *taken)
{
    bool not = *at == '!' || *at == '^', in = false;
    const char *first = at + not;

    for (at = first; *at != '\0' && (*at != ']' || at == first);) {
        unsigned char low = (unsigned char)*at, high = low;

        if (at[1] == '-' && at[2] != ']' && at[2] != '\0') {
            high = (unsigned char)at[2];
            at += 3;
        } else {
            at++;
        }
        in |= low <= c && c <= high;
    }
    if (*at == '\0')
        return NULL;
    *taken = in != not;
    return at + 1;
}

/* One element of the pattern that is no star. */
static bool
element_take(const char **pattern, const char **name, struct file_time *time)
{
    const char *p = *pattern, *behind;
    bool taken;

    if (**name == '\0')
        return false;
    if (*p == '%' && time != NULL && p[1] != '%') {
        const struct time_part *part = time_part_of(p[1]);

        *pattern += part != NULL ? 2 : 0;
        return part != NULL && digits_take(part, name, time);
    }
    if (*p == '[' && (behind = class_take(p + 1, (unsigned char)**name, &taken)) != NULL) {
        *pattern = behind;
        *name += 1;
        return taken;
    }
    if (*p != '?' && *p != **name)
        return false;
    *pattern += *p == '%' && time != NULL ? 2 : 1;
    *name += 1;
    return true;
}

bool
file_match(const char *pattern, const char *name, struct file_time *time)
{
    const char *star = NULL, *star_name = NULL;
    struct file_time found = time == NULL ? (struct file_time){0} : *time, at_star = found;

    /* Only the last star is ever widened: names are short and nothing here grows with their square. */
    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            star_name = name;
            at_star = found;
        } else if (*pattern == '\0' && *name == '\0') {
            if (time != NULL)
                *time = found;
            return true;
        } else if (*pattern == '\0' || !element_take(&pattern, &name, time == NULL ? NULL : &found)) {
            if (star == NULL || *star_name == '\0')
                return false;
            pattern = star;
            name = ++star_name;
            found = at_star;
        }
    }
}

bool
file_match_wild(const char *pattern)
{
    return strpbrk(pattern, "*?[%") != NULL;
}

const char *
file_match_problem(const char *pattern, bool *times)
{
    unsigned seen = 0;

    for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%')) {
        const struct time_part *part = time_part_of(at[1]);

        if (part == NULL && at[1] != '%')
            return "of the %-parts, %Y %y %m %d %H %M %S %j and %% are known";
        if (part != NULL)
            seen |= 1u << part->part;
    }
    *times = seen != 0;
    if (seen != 0 && !(seen & 1u << FILE_YEAR))
        return "its %-parts tell no year: %Y or %y is missing";
    if ((seen & 1u << FILE_DAY) && !(seen & 1u << FILE_MONTH))
        return "its %-parts tell a day of no month: %m is missing";
    if ((seen & (1u << FILE_HOUR | 1u << FILE_MINUTE | 1u << FILE_SECOND)) &&
        !(seen & (1u << FILE_DAY | 1u << FILE_YEAR_DAY)))
        return "its %-parts tell a time of no day: %d or %j is missing";
    if ((seen & (1u << FILE_MINUTE | 1u << FILE_SECOND)) && !(seen & 1u << FILE_HOUR))
        return "its %-parts tell minutes of no hour: %H is missing";
    return NULL;
}

bool
file_time_text(const struct file_time *time, int64_t at_s, char to[FILE_TIME_ROOM])
{
    static const uint8_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = time->part[FILE_YEAR], month = 1, day = 1;
    unsigned hour = (unsigned)(at_s / 3600), minute = (unsigned)(at_s / 60 % 60), second = (unsigned)(at_s % 60);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (time->seen & 1u << FILE_MONTH)
        month = time->part[FILE_MONTH];
    if (time->seen & 1u << FILE_DAY)
        day = time->part[FILE_DAY];
    if (time->seen & 1u << FILE_YEAR_DAY) {
        unsigned of_month = 1, left = time->part[FILE_YEAR_DAY];

        while (of_month <= 12 && left > lengths[of_month - 1] + (unsigned)(of_month == 2 && leap)) {
            left -= lengths[of_month - 1] + (unsigned)(of_month == 2 && leap);
            of_month++;
        }
        if (((time->seen & 1u << FILE_MONTH) && month != of_month) || ((time->seen & 1u << FILE_DAY) && day != left))
            return false;
        month = of_month;
        day = left;
    }
    if (time->seen & 1u << FILE_HOUR) {
        hour = time->part[FILE_HOUR];
        minute = time->seen & 1u << FILE_MINUTE ? time->part[FILE_MINUTE] : 0;
        second = time->seen & 1u << FILE_SECOND ? time->part[FILE_SECOND] : 0;
    }
    if (month > 12 || day > lengths[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    snprintf(to, FILE_TIME_ROOM, "%04u-%02u-%02uT%02u:%02u:%02u", year, month, day, hour, minute, second);
    return true;
}

bool
file_match_select(const struct file_select *select, const char *name)
{
    const char *slash = strrchr(name, '/');

    if (select->member == NULL || file_match(select->member, name, NULL))
        return true;
    for (size_t i = 0; i < select->beside.count; i++)
        if (file_match(select->beside.item[i], name, NULL) || (slash != NULL && file_match(select->beside.item[i], slash + 1, NULL)))
            return true;
    return false;
}
