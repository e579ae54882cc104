/* SPDX-License-Identifier: Apache-2.0 */
/* Functions between dates or timestamps and their texts, numbers and zones: reading by a pattern, writing by one, seconds
 * since 1970. */
#include "functions.h"

#include <math.h>
#include <stdio.h>

#include "base/arena.h"
#include "moment.h"

/* ---- reading ------------------------------------------------------------------------------ */

/* How texts of a call are read; lives with the expression. */
struct reading_state {
    struct value_type type;
};

static bool
zone_text(struct daybreak_text name, char zone[80])
{
    if (name.size >= 80)
        return false;
    memcpy(zone, name.at, name.size);
    zone[name.size] = '\0';
    return true;
}

/* A text as an instant; on its way the lane may fail. */
static bool
instant_of(struct function_call *call, uint32_t lane, struct daybreak_text text, const struct value_type *as,
           uint32_t zone_argument, int64_t *us)
{
    struct value_type type = *as;
    char name[80];

    if (zone_argument < call->arguments) {
        const struct cells *in = &call->in[zone_argument];
        const struct zone *zone;

        if (!moment_zone(call, zone_argument, lane, &zone) || !zone_text(in->text[lane & in->mask], name))
            return false;
        type.zone = zone == NULL ? NULL : name;
    } else if (call->zone != NULL) {
        type.zone = zone_name(call->zone);
    }
    if (value_timestamp(text.at, text.size, &type, us))
        return true;
    if (as->pattern != NULL)
        function_fail(call, lane, "bad_cast", "%s is no timestamp of the form '%s'", function_shown(call, text), as->pattern);
    else
        function_fail(call, lane, "bad_cast", "%s is no timestamp", function_shown(call, text));
    return false;
}

/* date(x), timestamp(x): of a text, a date or a timestamp. */
static bool
check_moment(struct function_check *check, const char *what)
{
    enum daybreak_type type = check->type[0].type;

    if (type == DAYBREAK_TYPE_TEXT || type == DAYBREAK_TYPE_DATE || type == DAYBREAK_TYPE_TIMESTAMP)
        return moment_check_zone(check, 1);
    function_error(check, 0, "%s makes a %s of a text, a date or a timestamp", check->function->name, what);
    if (type == DAYBREAK_TYPE_INTEGER || type == DAYBREAK_TYPE_DECIMAL || type == DAYBREAK_TYPE_REAL)
        snprintf(check->error->suggestion, sizeof check->error->suggestion, "from_epoch(x) takes seconds since 1970");
    return false;
}

bool
functions_timetext_check_date(struct function_check *check)
{
    return check_moment(check, "date");
}

bool
functions_timetext_check_timestamp(struct function_check *check)
{
    if (check->arguments > 1 && check->type[0].type == DAYBREAK_TYPE_TIMESTAMP) {
        function_error(check, 1, "a timestamp is an instant already: no zone changes it");
        snprintf(check->error->suggestion, sizeof check->error->suggestion,
                 "at_zone(x, zone) gives the text a clock there shows");
        return false;
    }
    return check_moment(check, "timestamp");
}

void
functions_timetext_date(struct function_call *call)
{
    static const struct value_type iso = {.type = DAYBREAK_TYPE_TIMESTAMP};
    const struct cells *in = &call->in[0];

    EACH_LANE(call, i) {
        const struct zone *zone;
        int64_t us;
        int32_t days;

        if (!moment_zone(call, 1, i, &zone))
            continue;
        if (in->type.type == DAYBREAK_TYPE_DATE) {
            call->out->number[i] = in->number[i & in->mask];
            continue;
        }
        if (in->type.type == DAYBREAK_TYPE_TEXT) {
            struct daybreak_text text = in->text[i & in->mask];

            if (value_date(text.at, text.size, NULL, &days)) {
                call->out->number[i] = days;
                continue;
            }
            if (!value_timestamp(text.at, text.size, &iso, &us)) {
                function_fail(call, i, "bad_cast", "%s is no date", function_shown(call, text));
                continue;
            }
            if (!instant_of(call, i, text, &iso, 1, &us))
                continue;
        } else {
            us = in->number[i & in->mask];
        }
        moment_give_date(call, i, moment_of(us, zone).days);
    }
}

void
functions_timetext_timestamp(struct function_call *call)
{
    static const struct value_type iso = {.type = DAYBREAK_TYPE_TIMESTAMP};
    const struct cells *in = &call->in[0];

    EACH_LANE(call, i) {
        const struct zone *zone;
        int64_t us;

        if (in->type.type == DAYBREAK_TYPE_TIMESTAMP)
            call->out->number[i] = in->number[i & in->mask];
        else if (in->type.type == DAYBREAK_TYPE_TEXT && instant_of(call, i, in->text[i & in->mask], &iso, 1, &us))
            moment_give_us(call, i, us);
        else if (in->type.type == DAYBREAK_TYPE_DATE && moment_zone(call, 1, i, &zone))
            moment_give_us(call, i, moment_us(in->number[i & in->mask], 0, zone));
    }
}

/* Conversions that only writing knows. */
#define WRITES_TOO "aAeFGsTuVw"

/* A pattern that is written down, in ${pattern}. ${writes}: for strftime. */
static bool
check_pattern(struct function_check *check, uint32_t argument, bool writes, const char **pattern)
{
    const struct cells *given = functions_given(check, argument);
    const char *at, *end;
    char wrong = 0;

    if (given == NULL)
        return function_error(check, argument, "the pattern of %s must be a 'quoted' text", check->function->name);
    *pattern = arena_bytes(check->arena, given->text[0].at, given->text[0].size);
    end = *pattern + given->text[0].size;
    for (at = *pattern; at < end && wrong == 0; at++)
        if (*at == '%' && (at++, *at == '\0' || (strchr("YymbBdjHIpMSfz%", *at) == NULL &&
                                                 (!writes || strchr(WRITES_TOO, *at) == NULL))))
            wrong = at < end ? *at : '%';
    if (strlen(*pattern) != given->text[0].size || given->text[0].size > 1024)
        return function_error(check, argument, "this is no pattern of a date");
    if (wrong != 0)
        function_error(check, argument, "%s knows no '%%%.*s' in a pattern", check->function->name, wrong != '%' &&
                       (wrong & 0x80) == 0, &wrong);
    else if (strchr(*pattern, '%') == NULL)
        function_error(check, argument, "the pattern of %s has no %%", check->function->name);
    else if (!writes && !value_pattern_valid(*pattern))
        function_error(check, argument, "the pattern names no whole date: a year, a month and a day are needed");
    else
        return true;
    snprintf(check->error->suggestion, sizeof check->error->suggestion, "patterns look like '%%Y-%%m-%%d %%H:%%M:%%S'");
    return false;
}

bool
functions_timetext_check_read(struct function_check *check)
{
    struct reading_state *state = arena_zero(check->arena, sizeof *state);

    check->state = state;
    return check_pattern(check, 1, false, &state->type.pattern) && moment_check_zone(check, 2);
}

void
functions_timetext_to_date(struct function_call *call)
{
    const struct reading_state *state = call->state;

    EACH_LANE(call, i) {
        struct daybreak_text text = call->in[0].text[i & call->in[0].mask];
        int32_t days;

        if (value_date(text.at, text.size, &state->type, &days))
            call->out->number[i] = days;
        else
            function_fail(call, i, "bad_cast", "%s is no date of the form '%s'", function_shown(call, text), state->type.pattern);
    }
}

void
functions_timetext_to_timestamp(struct function_call *call)
{
    const struct reading_state *state = call->state;

    EACH_LANE(call, i) {
        int64_t us;

        if (instant_of(call, i, call->in[0].text[i & call->in[0].mask], &state->type, 2, &us))
            call->out->number[i] = us;
    }
}

/* ---- writing ------------------------------------------------------------------------------ */

struct writing_state {
    const char *pattern;
    size_t room;       /* that a text of this pattern may need */
    uint32_t argument; /* that holds the moment; the other one of the first two is the pattern */
};

/* strftime('%Y', x) as SQLite has it, strftime(x, '%Y') as others. */
bool
functions_timetext_check_write(struct function_check *check)
{
    struct writing_state *state = arena_zero(check->arena, sizeof *state);
    bool swapped = check->type[0].type == DAYBREAK_TYPE_TEXT &&
        !(functions_is_null(check, 0) && check->type[1].type == DAYBREAK_TYPE_TEXT);
    enum daybreak_type type;

    state->argument = swapped ? 1 : 0;
    type = check->type[state->argument].type;
    if (!functions_is_null(check, state->argument) && type != DAYBREAK_TYPE_DATE && type != DAYBREAK_TYPE_TIMESTAMP)
        return function_error(check, state->argument, "%s writes a date or a timestamp by a pattern", check->function->name);
    if (check->type[1 - state->argument].type != DAYBREAK_TYPE_TEXT)
        return function_error(check, 1 - state->argument, "the pattern of %s must be a 'quoted' text", check->function->name);
    if (!check_pattern(check, 1 - state->argument, true, &state->pattern) || !moment_check_zone(check, 2))
        return false;
    for (const char *at = state->pattern; *at != '\0'; at++)
        state->room += *at == '%' ? 16 : 1; /* the longest is %s, 13 digits and a sign */
    check->state = state;
    return true;
}

static char *
put_number(char *to, int64_t value, int wide, char fill)
{
    char digits[24];
    size_t size = text_number(value, digits);

    for (; wide > (int)size; wide--)
        *to++ = fill;
    memcpy(to, digits, size);
    return to + size;
}

static char *
put_word(char *to, const char *word, size_t most)
{
    size_t size = strlen(word);

    if (size > most)
        size = most;
    memcpy(to, word, size);
    return to + size;
}

/* +0100; with a colon for the texts of RFC 3339. Seconds, as before railways, are written where there are any. */
static char *
put_offset(char *to, int32_t offset_s, bool colon)
{
    *to++ = offset_s < 0 ? '-' : '+';
    if (offset_s < 0)
        offset_s = -offset_s;
    to = put_number(to, offset_s / 3600, 2, '0');
    if (colon)
        *to++ = ':';
    to = put_number(to, offset_s / 60 % 60, 2, '0');
    if (offset_s % 60 == 0)
        return to;
    if (colon)
        *to++ = ':';
    return put_number(to, offset_s % 60, 2, '0');
}

static char *
put_clock(char *to, int64_t second)
{
    to = put_number(to, second / 3600, 2, '0');
    *to++ = ':';
    to = put_number(to, second / 60 % 60, 2, '0');
    *to++ = ':';
    return put_number(to, second % 60, 2, '0');
}

static char *
put_day(char *to, int year, int month, int day)
{
    to = put_number(to, year, 4, '0');
    *to++ = '-';
    to = put_number(to, month, 2, '0');
    *to++ = '-';
    return put_number(to, day, 2, '0');
}

static char *
put_pattern(char *to, const char *pattern, const struct moment *moment)
{
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    int64_t second = moment->of_day_us / 1000000, hour = second / 3600;
    int year, month, day, iso_year, weekday = moment_weekday(moment->days);

    value_civil((int32_t)moment->days, &year, &month, &day);
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '%') {
            *to++ = *pattern;
            continue;
        }
        switch (*++pattern) {
        case 'Y': to = put_number(to, year, 4, '0'); break;
        case 'y': to = put_number(to, year % 100, 2, '0'); break;
        case 'm': to = put_number(to, month, 2, '0'); break;
        case 'b': to = put_word(to, months[month - 1], 3); break;
        case 'B': to = put_word(to, months[month - 1], 9); break;
        case 'd': to = put_number(to, day, 2, '0'); break;
        case 'e': to = put_number(to, day, 2, ' '); break;
        case 'j': to = put_number(to, moment->days - value_days(year, 1, 1) + 1, 3, '0'); break;
        case 'H': to = put_number(to, hour, 2, '0'); break;
        case 'I': to = put_number(to, (hour + 11) % 12 + 1, 2, '0'); break;
        case 'p': to = put_word(to, hour < 12 ? "AM" : "PM", 2); break;
        case 'M': to = put_number(to, second / 60 % 60, 2, '0'); break;
        case 'S': to = put_number(to, second % 60, 2, '0'); break;
        case 'f': to = put_number(to, moment->of_day_us % 1000000, 6, '0'); break;
        case 'z': to = put_offset(to, moment->offset_s, false); break;
        case 'a': to = put_word(to, weekdays[weekday - 1], 3); break;
        case 'A': to = put_word(to, weekdays[weekday - 1], 9); break;
        case 'u': to = put_number(to, weekday, 1, '0'); break;
        case 'w': to = put_number(to, weekday % 7, 1, '0'); break;
        case 'V': to = put_number(to, moment_week(moment->days, &iso_year), 2, '0'); break;
        case 'G':
            moment_week(moment->days, &iso_year);
            to = put_number(to, iso_year, 4, '0');
            break;
        case 'F': to = put_day(to, year, month, day); break;
        case 'T': to = put_clock(to, second); break;
        case 's': to = put_number(to, moment->days * 86400 + second - moment->offset_s, 1, '0'); break;
        default: *to++ = '%'; break;
        }
    }
    return to;
}

void
functions_timetext_strftime(struct function_call *call)
{
    const struct writing_state *state = call->state;
    const struct cells *in = &call->in[state->argument];

    EACH_LANE(call, i) {
        int64_t value = in->number[i & in->mask];
        struct moment moment = {.days = value};
        const struct zone *zone;
        char *start, *to;

        if (!moment_zone(call, 2, i, &zone))
            continue;
        if (in->type.type != DAYBREAK_TYPE_DATE)
            moment = moment_of(value, zone);
        start = function_room(call, state->room);
        to = put_pattern(start, state->pattern, &moment);
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

bool
functions_timetext_check_at_zone(struct function_check *check)
{
    return moment_check_zone(check, 1);
}

void
functions_timetext_at_zone(struct function_call *call)
{
    EACH_LANE(call, i) {
        const struct zone *zone;
        struct moment moment;
        int year, month, day;
        char *start, *to;

        if (!moment_zone(call, 1, i, &zone))
            continue;
        moment = moment_of(call->in[0].number[i & call->in[0].mask], zone);
        value_civil((int32_t)moment.days, &year, &month, &day);
        start = to = function_room(call, VALUE_ROOM);
        to = put_day(to, year, month, day);
        *to++ = 'T';
        to = put_clock(to, moment.of_day_us / 1000000);
        *to++ = '.';
        to = put_number(to, moment.of_day_us % 1000000, 6, '0');
        to = put_offset(to, moment.offset_s, true);
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

/* ---- seconds since 1970 ------------------------------------------------------------------- */

void
functions_timetext_from_epoch(struct function_call *call)
{
    const struct cells *in = &call->in[0];
    const int64_t far = INT64_C(1000000000000); /* beyond every year that a timestamp may have */

    EACH_LANE(call, i) {
        int64_t us = INT64_MAX;

        if (in->type.type == DAYBREAK_TYPE_REAL) {
            double second = in->real[i & in->mask];

            if (fabs(second) < (double)far)
                us = (int64_t)round(second * 1e6);
        } else if (in->type.type == DAYBREAK_TYPE_INTEGER) {
            int64_t second = in->number[i & in->mask];

            if (second > -far && second < far)
                us = second * 1000000;
        } else {
            value_int128 value = in->decimal[i & in->mask], micros = value;
            int places = in->type.scale;

            for (; places > 7; places--)
                micros /= 10; /* towards zero: the digit that rounds stays */
            if (places == 7)
                micros = (micros + (value < 0 ? -5 : 5)) / 10;
            for (; places < 6 && micros < (value_int128)far * 1000000 && micros > -(value_int128)far * 1000000; places++)
                micros *= 10;
            if (micros < (value_int128)far * 1000000 && micros > -(value_int128)far * 1000000)
                us = (int64_t)micros;
        }
        moment_give_us(call, i, us);
    }
}
