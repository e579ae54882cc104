/* SPDX-License-Identifier: Apache-2.0 */
/* Days, dates and timestamps: the calendar, what the texts of cells say about a moment, and the canonical form. */
#include "record/value.h"

#include <string.h>
#include <strings.h>

#include "digits.h"
#include "record/zone.h"

/* ---- days --------------------------------------------------------------------------------- */

int32_t
value_days(int year, int month, int day)
{
    int era, of_era, of_year;

    year -= month <= 2;
    era = (year >= 0 ? year : year - 399) / 400;
    of_era = year - era * 400;
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
value_civil(int32_t days, int *year, int *month, int *day)
{
    int era, of_era, year_of_era, of_year, shifted;

    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    of_era = days - era * 146097;
    year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    shifted = (5 * of_year + 2) / 153;
    *day = of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool
is_day(int year, int month, int day)
{
    static const uint8_t lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= lengths[month] + (month == 2 && is_leap(year));
}

/* ---- instants ----------------------------------------------------------------------------- */

/* What a text says about a moment. */
struct moment {
    int year, month, day;
    int hour, minute, second, micros;
    int offset_s;
    bool has_offset;
};

/* Two digits; above 99 when they are none. */
static inline unsigned
two(const char *at)
{
    unsigned high = digit_of(at[0]), low = digit_of(at[1]);

    return high > 9 || low > 9 ? 1000 : high * 10 + low;
}

/* YYYY-MM-DD, ten bytes. */
static inline bool
iso_date(const char *at, struct moment *moment)
{
    unsigned century = two(at), year = two(at + 2), month = two(at + 5), day = two(at + 8);

    if (century > 99 || year > 99 || at[4] != '-' || at[7] != '-')
        return false;
    moment->year = (int)(century * 100 + year);
    moment->month = (int)month;
    moment->day = (int)day;
    return is_day(moment->year, moment->month, moment->day);
}

/* One to nine digits of a fraction, what is beyond µs is cut. */
static const char *
fraction_read(const char *at, const char *end, int *micros)
{
    int value = 0, digits = 0;

    for (; at < end && digit_of(*at) <= 9; at++, digits++)
        if (digits < 6)
            value = value * 10 + (int)digit_of(*at);
    if (digits == 0 || digits > 9)
        return NULL;
    for (; digits < 6; digits++)
        value *= 10;
    *micros = value;
    return at;
}

/* Z, ±HH, ±HHMM or ±HH:MM. */
static const char *
offset_read(const char *at, const char *end, struct moment *moment)
{
    unsigned hours, minutes = 0;
    int sign;

    if (at == end)
        return NULL;
    moment->has_offset = true;
    if (*at == 'Z' || *at == 'z') {
        moment->offset_s = 0;
        return at + 1;
    }
    if (*at != '+' && *at != '-')
        return NULL;
    sign = *at++ == '-' ? -1 : 1;
    if (end - at < 2)
        return NULL;
    hours = two(at);
    at += 2;
    if (end - at >= 3 && *at == ':') {
        minutes = two(at + 1);
        at += 3;
    } else if (end - at >= 2 && digit_of(*at) <= 9) {
        minutes = two(at);
        at += 2;
    }
    if (hours > 23 || minutes > 59)
        return NULL;
    moment->offset_s = sign * (int)(hours * 3600 + minutes * 60);
    return at;
}

static bool
iso_read(const char *at, const char *end, struct moment *moment)
{
    unsigned hour, minute, second = 0;

    if (end - at < 10 || !iso_date(at, moment))
        return false;
    at += 10;
    if (at == end)
        return true;
    if (end - at < 6 || (*at != 'T' && *at != ' ' && *at != 't') || at[3] != ':')
        return false;
    hour = two(at + 1);
    minute = two(at + 4);
    at += 6;
    if (end - at >= 3 && *at == ':') {
        second = two(at + 1);
        at += 3;
        if (at < end && (*at == '.' || *at == ',') && (at = fraction_read(at + 1, end, &moment->micros)) == NULL)
            return false;
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    moment->hour = (int)hour;
    moment->minute = (int)minute;
    moment->second = (int)second;
    if (at == end)
        return true;
    if (end - at == 1 && (*at == 'Z' || *at == 'z')) {
        moment->has_offset = true;
        return true;
    }
    return offset_read(at, end, moment) == end;
}

/* Up to ${most} digits, at least ${least}. */
static const char *
digits_read(const char *at, const char *end, int least, int most, int *number)
{
    int count = 0, value = 0;

    for (; at < end && count < most && digit_of(*at) <= 9; at++, count++)
        value = value * 10 + (int)digit_of(*at);
    *number = value;
    return count < least ? NULL : at;
}

static const char *
month_read(const char *at, const char *end, int *month)
{
    static const char *const names[12] = {"january", "february", "march",     "april",   "may",      "june",
                                          "july",    "august",   "september", "october", "november", "december"};

    for (int i = 0; i < 12; i++) {
        size_t size = strlen(names[i]), left = (size_t)(end - at);

        if (left < 3 || strncasecmp(at, names[i], 3) != 0)
            continue;
        *month = i + 1;
        return at + (left >= size && strncasecmp(at, names[i], size) == 0 ? size : 3);
    }
    return NULL;
}

/* strptime's idea, without its locale and its forgiveness of blanks. */
static bool
pattern_read(const char *pattern, const char *at, const char *end, struct moment *moment)
{
    int of_year = 0, afternoon = -1;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '%') {
            if (at == end || *at++ != *pattern)
                return false;
            continue;
        }
        switch (*++pattern) {
        case 'Y':
            at = digits_read(at, end, 4, 4, &moment->year);
            break;
        case 'y':
            at = digits_read(at, end, 2, 2, &moment->year);
            moment->year += moment->year < 69 ? 2000 : 1900; /* as POSIX has it */
            break;
        case 'm':
            at = digits_read(at, end, 1, 2, &moment->month);
            break;
        case 'b':
        case 'B':
            at = month_read(at, end, &moment->month);
            break;
        case 'd':
            at = digits_read(at, end, 1, 2, &moment->day);
            break;
        case 'j':
            at = digits_read(at, end, 3, 3, &of_year);
            break;
        case 'H':
            at = digits_read(at, end, 1, 2, &moment->hour);
            break;
        case 'I':
            at = digits_read(at, end, 1, 2, &moment->hour);
            if (moment->hour < 1 || moment->hour > 12)
                return false;
            break;
        case 'p':
            if (end - at < 2 || (at[1] | 0x20) != 'm' || ((at[0] | 0x20) != 'a' && (at[0] | 0x20) != 'p'))
                return false;
            afternoon = (at[0] | 0x20) == 'p';
            at += 2;
            break;
        case 'M':
            at = digits_read(at, end, 1, 2, &moment->minute);
            break;
        case 'S':
            at = digits_read(at, end, 1, 2, &moment->second);
            break;
        case 'f':
            at = fraction_read(at, end, &moment->micros);
            break;
        case 'z':
            at = offset_read(at, end, moment);
            break;
        case '%':
            at = at < end && *at == '%' ? at + 1 : NULL;
            break;
        default:
            return false;
        }
        if (at == NULL)
            return false;
    }
    if (at != end || moment->hour > 23 || moment->minute > 59 || moment->second > 60)
        return false;
    if (afternoon >= 0) {
        if (moment->hour > 12)
            return false;
        moment->hour = moment->hour % 12 + 12 * afternoon;
    }
    if (of_year > 0 && of_year <= 365 + is_leap(moment->year) && moment->year >= 1)
        value_civil(value_days(moment->year, 1, 1) + of_year - 1, &moment->year, &moment->month, &moment->day);
    return is_day(moment->year, moment->month, moment->day);
}

bool
value_pattern_valid(const char *pattern)
{
    bool year = false, month = false, day = false;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '%')
            continue;
        pattern++;
        if (*pattern == '\0' || strchr("YymbBdjHIpMSfz%", *pattern) == NULL)
            return false;
        year |= *pattern == 'Y' || *pattern == 'y';
        month |= *pattern == 'm' || *pattern == 'b' || *pattern == 'B' || *pattern == 'j';
        day |= *pattern == 'd' || *pattern == 'j';
    }
    return year && month && day;
}

bool
value_date(const char *at, size_t size, const struct value_type *type, int32_t *days)
{
    struct moment moment = {0};

    if (type != NULL && type->pattern != NULL ? !pattern_read(type->pattern, at, at + size, &moment)
                                              : size != 10 || !iso_date(at, &moment))
        return false;
    *days = value_days(moment.year, moment.month, moment.day);
    return true;
}

#define FIRST_SECOND (INT64_C(-719162) * 86400)            /* 0001-01-01 */
#define LAST_SECOND (INT64_C(2932896) * 86400 + 86399) /* 9999-12-31 */

bool
value_timestamp(const char *at, size_t size, const struct value_type *type, int64_t *us)
{
    struct moment moment = {0};
    int64_t second;

    if (type != NULL && type->pattern != NULL ? !pattern_read(type->pattern, at, at + size, &moment)
                                              : !iso_read(at, at + size, &moment))
        return false;
    second = (int64_t)value_days(moment.year, moment.month, moment.day) * 86400 + moment.hour * 3600 + moment.minute * 60 +
             moment.second; /* a leap second, 60, thereby is the next one */
    if (moment.has_offset) {
        second -= moment.offset_s;
    } else if (type != NULL && type->zone != NULL) {
        const struct zone *zone = zone_find(type->zone);

        if (zone == NULL)
            return false;
        second = zone_utc(zone, second);
    }
    if (second < FIRST_SECOND || second > LAST_SECOND)
        return false;
    *us = second * 1000000 + moment.micros;
    return true;
}

/* ---- writers ------------------------------------------------------------------------------ */

size_t
value_write_date(int32_t days, char *to)
{
    int year, month, day;
    char *at;

    value_civil(days, &year, &month, &day);
    at = put_two(to, (unsigned)year / 100 % 100);
    at = put_two(at, (unsigned)year % 100);
    *at++ = '-';
    at = put_two(at, (unsigned)month);
    *at++ = '-';
    at = put_two(at, (unsigned)day);
    return (size_t)(at - to);
}

size_t
value_write_timestamp(int64_t us, char *to)
{
    int64_t days = us / INT64_C(86400000000), rest = us % INT64_C(86400000000);
    unsigned second, micros;
    char *at;

    if (rest < 0) {
        rest += INT64_C(86400000000);
        days--;
    }
    second = (unsigned)(rest / 1000000);
    micros = (unsigned)(rest % 1000000);
    at = to + value_write_date((int32_t)days, to);
    *at++ = 'T';
    at = put_two(at, second / 3600);
    *at++ = ':';
    at = put_two(at, second / 60 % 60);
    *at++ = ':';
    at = put_two(at, second % 60);
    *at++ = '.';
    at = put_two(at, micros / 10000);
    at = put_two(at, micros / 100 % 100);
    at = put_two(at, micros % 100);
    *at++ = 'Z';
    return (size_t)(at - to);
}
