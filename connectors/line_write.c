/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a line that are worth a call. */
#include "line_write.h"

#define DAY_US INT64_C(86400000000)
#define DAY_MIN (-719162) /* 0001-01-01 */
#define DAY_MAX 2932896   /* 9999-12-31 */

char *
line_base64(char *to, const char *bytes, size_t size)
{
    static const char sign[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t three = (uint32_t)(uint8_t)bytes[at] << 16;

        if (left > 1)
            three |= (uint32_t)(uint8_t)bytes[at + 1] << 8;
        if (left > 2)
            three |= (uint8_t)bytes[at + 2];
        *to++ = sign[three >> 18];
        *to++ = sign[three >> 12 & 63];
        *to++ = left > 1 ? sign[three >> 6 & 63] : '=';
        *to++ = left > 2 ? sign[three & 63] : '=';
    }
    return to;
}

/* Hinnant's civil_from_days, for the years 0001 to 9999. */
static void
day_write(struct line_day *day, int64_t days)
{
    uint32_t shifted = (uint32_t)(days + 719468), era = shifted / 146097, of_era = shifted % 146097;
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month = (5 * of_year + 2) / 153, date = of_year - (153 * month + 2) / 5 + 1;
    uint32_t year = year_of_era + era * 400;
    char *to = day->text;

    month = month < 10 ? month + 3 : month - 9;
    year += month <= 2;
    to = line_two(to, year / 100);
    to = line_two(to, year % 100);
    *to++ = '-';
    to = line_two(to, month);
    *to++ = '-';
    to = line_two(to, date);
    *to = 'T';
    day->day = days;
    day->known = true;
}

char *
line_instant(char *to, struct line_day *day, int64_t us)
{
    int64_t days = us / DAY_US, rest = us % DAY_US;
    uint32_t second, fraction;

    if (us == DAYBREAK_NO_TIME)
        return to;
    if (rest < 0) {
        rest += DAY_US;
        days--;
    }
    if (days < DAY_MIN || days > DAY_MAX)
        return to;
    if (!day->known || day->day != days)
        day_write(day, days);
    memcpy(to, day->text, 11);
    second = (uint32_t)(rest / 1000000);
    fraction = (uint32_t)(rest % 1000000);
    line_two(to + 11, second / 3600);
    to[13] = ':';
    line_two(to + 14, second / 60 % 60);
    to[16] = ':';
    line_two(to + 17, second % 60);
    to[19] = '.';
    line_two(to + 20, fraction / 10000);
    line_two(to + 22, fraction / 100 % 100);
    line_two(to + 24, fraction % 100);
    to[26] = 'Z';
    return to + LINE_INSTANT;
}
