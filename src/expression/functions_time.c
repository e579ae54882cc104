/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that reckon with dates and timestamps. Days, weeks, months and years are those of the wall clock in the scope's
 * zone, or in one that is named; hours and what is smaller are elapsed time, so that a day with 23 hours has 23.
 */
#include "functions.h"

#include <stdio.h>

#include "base/arena.h"
#include "moment.h"

static bool
is_date(const struct cells *cells)
{
    return cells->type.type == DAYBREAK_TYPE_DATE;
}

static struct moment
moment_at(const struct cells *in, uint32_t i, const struct zone *zone)
{
    int64_t value = in->number[i & in->mask];

    return is_date(in) ? (struct moment){.days = value} : moment_of(value, zone);
}

/* ---- fields ------------------------------------------------------------------------------- */

enum field {
    FIELD_YEAR, FIELD_QUARTER, FIELD_MONTH, FIELD_WEEK, FIELD_ISOYEAR, FIELD_DAY, FIELD_DAYOFWEEK, FIELD_ISODOW,
        FIELD_DAYOFYEAR, FIELD_HOUR,
    FIELD_MINUTE, FIELD_SECOND, FIELD_EPOCH,
};

static const struct {
    const char *name;
    enum field field;
} fields[] = {
    {"year", FIELD_YEAR},           {"quarter", FIELD_QUARTER}, {"month", FIELD_MONTH},         {"week", FIELD_WEEK},
    {"isoyear", FIELD_ISOYEAR},     {"day", FIELD_DAY},         {"dayofweek", FIELD_DAYOFWEEK}, {"dow", FIELD_DAYOFWEEK},
    {"isodow", FIELD_ISODOW},       {"dayofyear", FIELD_DAYOFYEAR}, {"doy", FIELD_DAYOFYEAR},   {"hour", FIELD_HOUR},
    {"minute", FIELD_MINUTE},       {"second", FIELD_SECOND},   {"epoch", FIELD_EPOCH},
};

/* What a call of year(x) or extract('year', x) is about; lives with the expression. */
struct field_state {
    enum field field;
    uint32_t argument; /* that holds x */
};

static int64_t
field_of(enum field field, const struct moment *moment)
{
    int year, month, day;

    switch (field) {
    case FIELD_DAYOFWEEK:
        return moment_weekday(moment->days) % 7;
    case FIELD_ISODOW:
        return moment_weekday(moment->days);
    case FIELD_WEEK:
        return moment_week(moment->days, &year);
    case FIELD_ISOYEAR:
        moment_week(moment->days, &year);
        return year;
    case FIELD_HOUR:
        return moment->of_day_us / INT64_C(3600000000);
    case FIELD_MINUTE:
        return moment->of_day_us / INT64_C(60000000) % 60;
    case FIELD_SECOND:
        return moment->of_day_us / INT64_C(1000000) % 60;
    default:
        break;
    }
    value_civil((int32_t)moment->days, &year, &month, &day);
    switch (field) {
    case FIELD_QUARTER:
        return (month + 2) / 3;
    case FIELD_MONTH:
        return month;
    case FIELD_DAY:
        return day;
    case FIELD_DAYOFYEAR:
        return moment->days - value_days(year, 1, 1) + 1;
    default:
        return year;
    }
}

/* Unknown words get the nearest known one as a suggestion. */
static bool
no_such_word(struct function_check *check, uint32_t argument, const char *what, const char *word, const char *const *known,
             size_t count)
{
    const char *nearest = text_nearest(word, known, count);
    struct text shown = {0}, all = {0};

    text_printable(word, strlen(word), 40, &shown);
    function_error(check, argument, "%s knows no %s '%s'", check->function->name, what, text_end(&shown));
    for (size_t i = 0; i < count; i++)
        text_printf(&all, "%s%s", i == 0 ? "" : ", ", known[i]);
    if (nearest != NULL)
        snprintf(check->error->suggestion, sizeof check->error->suggestion, "did you mean '%s'?", nearest);
    else
        snprintf(check->error->suggestion, sizeof check->error->suggestion, "known are: %s", text_end(&all));
    text_fini(&shown);
    text_fini(&all);
    return false;
}

bool
functions_time_check_field(struct function_check *check)
{
    struct field_state *state = arena_zero(check->arena, sizeof *state);
    const char *names[sizeof fields / sizeof *fields], *name = check->function->name;
    char word[32];
    size_t i = 0;

    state->argument = check->arguments - 1;
    if (check->arguments == 2) {
        if (!moment_check_word(check, 0, "field", word, sizeof word))
            return false;
        name = word;
    }
    for (; i < sizeof fields / sizeof *fields && strcmp(fields[i].name, name) != 0; i++)
        names[i] = fields[i].name;
    if (i == sizeof fields / sizeof *fields)
        return no_such_word(check, 0, "field", name, names, i);
    state->field = fields[i].field;
    if (state->field == FIELD_EPOCH) {
        check->gives = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 18, .scale = 6};
        if (check->type[state->argument].type == DAYBREAK_TYPE_DATE)
            check->type[state->argument] = (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP};
    } else if (state->field >= FIELD_HOUR && check->type[state->argument].type == DAYBREAK_TYPE_DATE) {
        function_error(check, state->argument, "a date has no %s", name);
        snprintf(check->error->suggestion, sizeof check->error->suggestion, "timestamp(x) is its midnight");
        return false;
    }
    check->state = state;
    return true;
}

void
functions_time_field(struct function_call *call)
{
    const struct field_state *state = call->state;
    const struct cells *in = &call->in[state->argument];

    EACH_LANE(call, i) {
        if (state->field == FIELD_EPOCH) {
            call->out->decimal[i] = in->number[i & in->mask];
        } else {
            struct moment moment = moment_at(in, i, call->zone);

            call->out->number[i] = field_of(state->field, &moment);
        }
    }
}

/* ---- units -------------------------------------------------------------------------------- */

enum unit { UNIT_YEAR, UNIT_QUARTER, UNIT_MONTH, UNIT_WEEK, UNIT_DAY, UNIT_HOUR, UNIT_MINUTE, UNIT_SECOND, UNIT_MILLISECOND,
           UNIT_MICROSECOND };

static const char *const unit_names[] = {"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond",
                                         "microsecond"};
static const int64_t unit_us[] = {[UNIT_HOUR] = INT64_C(3600000000), [UNIT_MINUTE] = INT64_C(60000000),
                                  [UNIT_SECOND] = INT64_C(1000000),
                                  [UNIT_MILLISECOND] = 1000, [UNIT_MICROSECOND] = 1};

struct unit_state {
    enum unit unit;
};

/* The unit named by ${argument}; argument ${of} has to have such a thing. */
static bool
check_unit(struct function_check *check, uint32_t argument, uint32_t of)
{
    const size_t count = sizeof unit_names / sizeof *unit_names;
    struct unit_state *state = arena_zero(check->arena, sizeof *state);
    char word[32];
    size_t i = 0;

    if (!moment_check_word(check, argument, "unit", word, sizeof word))
        return false;
    while (i < count && strcmp(unit_names[i], word) != 0)
        i++;
    if (i == count)
        return no_such_word(check, argument, "unit", word, unit_names, count);
    state->unit = (enum unit)i;
    check->state = state;
    if (state->unit >= UNIT_HOUR && check->type[of].type == DAYBREAK_TYPE_DATE) {
        function_error(check, of, "a date has no %ss", unit_names[i]);
        snprintf(check->error->suggestion, sizeof check->error->suggestion, "timestamp(x) is its midnight");
        return false;
    }
    return true;
}

static void
same_kind(struct function_check *check, uint32_t argument)
{
    check->gives = (struct value_type){.type = check->type[argument].type == DAYBREAK_TYPE_DATE ? DAYBREAK_TYPE_DATE
                                       : DAYBREAK_TYPE_TIMESTAMP};
}

bool
functions_time_check_trunc(struct function_check *check)
{
    same_kind(check, 1);
    return check_unit(check, 0, 1) && moment_check_zone(check, 2);
}

/* The first day of the unit (day or larger) that a day lies in. */
static int64_t
unit_start(enum unit unit, int64_t days)
{
    int year, month, day;

    if (unit == UNIT_DAY)
        return days;
    if (unit == UNIT_WEEK)
        return days - moment_weekday(days) + 1;
    value_civil((int32_t)days, &year, &month, &day);
    if (unit == UNIT_QUARTER)
        month -= (month - 1) % 3;
    return value_days(year, unit == UNIT_YEAR ? 1 : month, 1);
}

void
functions_time_date_trunc(struct function_call *call)
{
    const struct unit_state *state = call->state;
    const struct cells *in = &call->in[1];

    EACH_LANE(call, i) {
        const struct zone *zone;
        struct moment moment;

        if (!moment_zone(call, 2, i, &zone))
            continue;
        moment = moment_at(in, i, zone);
        if (is_date(in))
            moment_give_date(call, i, unit_start(state->unit, moment.days));
        else if (state->unit >= UNIT_HOUR) /* with the offset of that instant: a second 02:30 stays in the second hour 02 */
            moment_give_us(call, i, in->number[i & in->mask] - moment.of_day_us % unit_us[state->unit]);
        else
            moment_give_us(call, i, moment_us(unit_start(state->unit, moment.days), 0, zone));
    }
}

bool
functions_time_check_add(struct function_check *check)
{
    same_kind(check, 0);
    return check_unit(check, 2, 0) && moment_check_zone(check, 3);
}

/* ${n} units (day or larger) later; false when that is far beyond any date. A day that the month does not have is its last. */
static bool
days_later(enum unit unit, int64_t n, int64_t *days)
{
    int year, month, day, length;

    if (n > 5000000 || n < -5000000)
        return false;
    if (unit == UNIT_DAY || unit == UNIT_WEEK) {
        *days += unit == UNIT_WEEK ? n * 7 : n;
        return true;
    }
    n *= unit == UNIT_YEAR ? 12 : unit == UNIT_QUARTER ? 3 : 1;
    value_civil((int32_t)*days, &year, &month, &day);
    n += (int64_t)year * 12 + month - 1;
    year = (int)moment_floor(n, 12);
    if (year < 0 || year > 10000)
        return false;
    month = (int)(n - year * INT64_C(12)) + 1;
    length = moment_month_days(year, month);
    *days = value_days(year, month, day < length ? day : length);
    return true;
}

void
functions_time_date_add(struct function_call *call)
{
    const struct unit_state *state = call->state;
    const struct cells *in = &call->in[0];

    EACH_LANE(call, i) {
        int64_t value = in->number[i & in->mask], n = call->in[1].number[i & call->in[1].mask], us;
        const struct zone *zone;
        struct moment moment;

        if (!moment_zone(call, 3, i, &zone))
            continue;
        if (state->unit >= UNIT_HOUR) {
            if (__builtin_mul_overflow(n, unit_us[state->unit], &us) || __builtin_add_overflow(us, value, &us))
                us = INT64_MAX;
            moment_give_us(call, i, us);
            continue;
        }
        moment = moment_at(in, i, zone);
        if (n == 0) /* also for a wall clock time that comes twice */
            call->out->number[i] = value;
        else if (!days_later(state->unit, n, &moment.days))
            moment_give_date(call, i, INT64_MAX);
        else if (is_date(in))
            moment_give_date(call, i, moment.days);
        else
            moment_give_us(call, i, moment_us(moment.days, moment.of_day_us, zone));
    }
}

bool
functions_time_check_diff(struct function_check *check)
{
    for (uint32_t a = 1; a <= 2; a++) /* one of each: the date counts as its midnight */
        if (check->type[a].type != DAYBREAK_TYPE_DATE && !functions_is_null(check, a))
            check->type[1] = check->type[2] = (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP};
    return check_unit(check, 0, 1) && moment_check_zone(check, 3);
}

/* Number of the unit that a moment lies in, counted from some fixed one. */
static int64_t
unit_number(enum unit unit, const struct moment *moment)
{
    int year, month, day;

    if (unit == UNIT_DAY)
        return moment->days;
    if (unit == UNIT_WEEK)
        return moment_floor(moment->days + 3, 7);
    value_civil((int32_t)moment->days, &year, &month, &day);
    return unit == UNIT_YEAR ? year : unit == UNIT_QUARTER ? year * 4 + (month - 1) / 3 : year * 12 + month - 1;
}

void
functions_time_date_diff(struct function_call *call)
{
    const struct unit_state *state = call->state;
    const struct cells *from = &call->in[1], *to = &call->in[2];

    EACH_LANE(call, i) {
        const struct zone *zone;
        struct moment first, second;

        if (!moment_zone(call, 3, i, &zone))
            continue;
        first = moment_at(from, i, zone);
        second = moment_at(to, i, zone);
        if (state->unit < UNIT_HOUR) {
            call->out->number[i] = unit_number(state->unit, &second) - unit_number(state->unit, &first);
        } else {
            int64_t us = unit_us[state->unit];

            call->out->number[i] =
                (to->number[i & to->mask] - second.of_day_us % us - from->number[i & from->mask] + first.of_day_us % us) / us;
        }
    }
}

void
functions_time_last_day(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct moment moment = moment_at(&call->in[0], i, call->zone);
        int year, month, day;

        value_civil((int32_t)moment.days, &year, &month, &day);
        moment_give_date(call, i, moment.days - day + moment_month_days(year, month));
    }
}

void
functions_time_make_date(struct function_call *call)
{
    EACH_LANE(call, i) {
        int64_t year = call->in[0].number[i & call->in[0].mask], month = call->in[1].number[i & call->in[1].mask];
        int64_t day = call->in[2].number[i & call->in[2].mask];

        if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > moment_month_days((int)year, (int)month))
            function_fail(call, i, "bad_argument", "there is no day %lld of month %lld in the year %lld", (long long)day,
                          (long long)month,
                          (long long)year);
        else
            call->out->number[i] = value_days((int)year, (int)month, (int)day);
    }
}
