/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_MOMENT_H
#define EXPRESSION_MOMENT_H

#include "functions.h"
#include "record/zone.h"

/* Dates and instants as the functions of time see them: days since 1970 and µs since midnight, on the wall clock of a zone. */
#define MOMENT_DAY_US INT64_C(86400000000)
#define MOMENT_FIRST_DAY INT64_C(-719162) /* 0001-01-01 */
#define MOMENT_LAST_DAY INT64_C(2932896)  /* 9999-12-31 */

struct moment {
    int64_t days, of_day_us;
    int32_t offset_s; /* ahead of UTC */
};

/** moment_floor(value, by): the largest multiple of ${by} not above ${value}, divided by it. */
static inline int64_t
moment_floor(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/** moment_of(us, zone): what a clock in ${zone} (NULL: UTC) shows. */
static inline struct moment
moment_of(int64_t us, const struct zone *zone)
{
    struct moment moment = {.offset_s = 0};

    if (zone != NULL) {
        int64_t second = moment_floor(us, 1000000);

        moment.offset_s = (int32_t)(zone_local(zone, second) - second);
        us += moment.offset_s * INT64_C(1000000);
    }
    moment.days = moment_floor(us, MOMENT_DAY_US);
    moment.of_day_us = us - moment.days * MOMENT_DAY_US;
    return moment;
}

/** moment_us(days, of_day_us, zone): the instant at which a clock there shows this. */
static inline int64_t
moment_us(int64_t days, int64_t of_day_us, const struct zone *zone)
{
    int64_t second = days * 86400 + of_day_us / 1000000;

    return (zone == NULL ? second : zone_utc(zone, second)) * 1000000 + of_day_us % 1000000;
}

/** moment_give_date, moment_give_us: the result of a lane, which fails with `overflow` outside the years 1 to 9999. */
void moment_give_date(struct function_call *call, uint32_t lane, int64_t days);
void moment_give_us(struct function_call *call, uint32_t lane, int64_t us);
/** moment_zone(call, argument, lane, zone): the zone that an argument names, the scope's when it is not there; false: the
 * lane failed. */
bool moment_zone(struct function_call *call, uint32_t argument, uint32_t lane, const struct zone **zone);
/** moment_check_zone(check, argument): whether a zone that is written down exists; true also when none is. */
bool moment_check_zone(struct function_check *check, uint32_t argument);
/** moment_check_word(check, argument, what, word, size): a constant text in small letters without an s at its end, and in any
 * length; else an error that calls it ${what}. */
bool moment_check_word(struct function_check *check, uint32_t argument, const char *what, char *word, size_t size);
/** moment_weekday(days): 1 Monday to 7 Sunday. moment_week(days, year): the ISO 8601 week and the year it belongs to. */
int moment_weekday(int64_t days);
int moment_week(int64_t days, int *year);
int moment_month_days(int year, int month);

#endif
