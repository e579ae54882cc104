/* SPDX-License-Identifier: Apache-2.0 */
/* What the functions of time share: the calendar, zones that are named by an argument, and the limits of what a date may be. */
#include "moment.h"

#include <stdio.h>

#define ZONE_ROOM 80

void
moment_give_date(struct function_call *call, uint32_t lane, int64_t days)
{
    if (days < MOMENT_FIRST_DAY || days > MOMENT_LAST_DAY)
        function_fail(call, lane, "overflow", "the date lies outside the years 1 to 9999");
    else
        call->out->number[lane] = days;
}

void
moment_give_us(struct function_call *call, uint32_t lane, int64_t us)
{
    if (us < MOMENT_FIRST_DAY * MOMENT_DAY_US || us >= (MOMENT_LAST_DAY + 1) * MOMENT_DAY_US)
        function_fail(call, lane, "overflow", "the timestamp lies outside the years 1 to 9999");
    else
        call->out->number[lane] = us;
}

/* UTC needs no tzdata. */
static bool
zone_named(struct daybreak_text name, const struct zone **zone)
{
    char text[ZONE_ROOM];

    if (name.size >= sizeof text || name.size == 0 || memchr(name.at, '\0', name.size) != NULL)
        return false;
    memcpy(text, name.at, name.size);
    text[name.size] = '\0';
    *zone = NULL;
    return strcmp(text, "UTC") == 0 || (*zone = zone_find(text)) != NULL;
}

bool
moment_zone(struct function_call *call, uint32_t argument, uint32_t lane, const struct zone **zone)
{
    const struct cells *in = &call->in[argument];

    if (argument >= call->arguments) {
        *zone = call->zone;
        return true;
    }
    if (zone_named(in->text[lane & in->mask], zone))
        return true;
    function_fail(call, lane, "bad_argument", "there is no time zone %s", function_shown(call, in->text[lane & in->mask]));
    return false;
}

bool
moment_check_zone(struct function_check *check, uint32_t argument)
{
    const struct cells *given = functions_given(check, argument);
    const struct zone *zone;

    if (given == NULL || zone_named(given->text[0], &zone))
        return true;
    function_error(check, argument, "there is no time zone '%.*s'", (int)(given->text[0].size > 60 ? 60 : given->text[0].size),
                   given->text[0].at);
    snprintf(check->error->suggestion, sizeof check->error->suggestion, "zones are named as in tzdata: 'Europe/Paris', 'UTC'");
    return false;
}

bool
moment_check_word(struct function_check *check, uint32_t argument, const char *what, char *word, size_t size)
{
    const struct cells *given = functions_given(check, argument);
    size_t length = given == NULL ? 0 : given->text[0].size;

    if (given == NULL)
        return function_error(check, argument, "the %s of %s must be a 'quoted' word", what, check->function->name);
    if (length >= size)
        length = size - 1;
    for (size_t i = 0; i < length; i++)
        word[i] = (char)(given->text[0].at[i] >= 'A' && given->text[0].at[i] <= 'Z' ? given->text[0].at[i] | 0x20
                         : given->text[0].at[i]);
    if (length > 1 && word[length - 1] == 's')
        length--;
    word[length] = '\0';
    return true;
}

int
moment_weekday(int64_t days)
{
    return (int)((days + 3) % 7 + 7) % 7 + 1; /* 1970-01-01 was a Thursday */
}

int
moment_week(int64_t days, int *year)
{
    int64_t thursday = days - moment_weekday(days) + 4; /* a week belongs to the year of its Thursday */
    int month, day;

    value_civil((int32_t)thursday, year, &month, &day);
    return (int)(thursday - value_days(*year, 1, 1)) / 7 + 1;
}

int
moment_month_days(int year, int month)
{
    return month == 12 ? 31 : value_days(year, month + 1, 1) - value_days(year, month, 1);
}
