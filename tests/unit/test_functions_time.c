/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of dates and times at their edges: leap days, gaps and overlaps of clocks, the first and the last year. */
#include "expression/expression.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"
#include "record/value.h"

/* An expression over columns a, b, c, in a zone (NULL: UTC), and what comes out. */
struct expected {
    const char *zone;
    const char *expression;
    const char *columns[4];
    const char *gives;
};

static void
expect(const struct expected *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *gives = kit_over(list[i].zone, list[i].expression, list[i].columns);

        ck_assert_msg(strcmp(gives, list[i].gives) == 0, "%s over %s, %s in %s gives\n  %s, not\n  %s", list[i].expression,
                      list[i].columns[0] == NULL ? "-" : list[i].columns[0],
                          list[i].columns[1] == NULL ? "-" : list[i].columns[1],
                      list[i].zone == NULL ? "UTC" : list[i].zone, gives, list[i].gives);
    }
}
#define EXPECT(list) expect(list, sizeof list / sizeof *list)

#define PARIS "Europe/Paris"

START_TEST(fields_are_those_of_the_clock_in_the_zone)
{
    static const struct expected list[] = {
        {NULL, "year(a)", {"date:0001-01-01"}, "1"},
        {NULL, "year(a)", {"date:9999-12-31"}, "9999"},
        {NULL, "year(a)", {"date"}, "null"},
        {NULL, "month(a) * 100 + day(a)", {"date:2024-02-29"}, "229"},
        {NULL, "quarter(a)", {"date:2024-12-31"}, "4"},
        {NULL, "dayofyear(a)", {"date:2023-12-31"}, "365"},
        {NULL, "dayofyear(a)", {"date:1900-12-31"}, "365"},
        {NULL, "dayofyear(a)", {"date:2000-12-31"}, "366"},
        {NULL, "dayofweek(a)", {"date:1970-01-01"}, "4"},
        {NULL, "isodow(a)", {"date:1969-12-28"}, "7"},
        {NULL, "isodow(a)", {"date:0001-01-01"}, "1"},
        {NULL, "week(a)", {"date:2021-01-03"}, "53"},
        {NULL, "isoyear(a)", {"date:2021-01-03"}, "2020"},
        {NULL, "week(a)", {"date:2019-12-30"}, "1"},
        {NULL, "isoyear(a)", {"date:2019-12-30"}, "2020"},
        {NULL, "week(a)", {"date:0001-01-01"}, "1"},
        {NULL, "isoyear(a)", {"date:9999-12-31"}, "9999"},
        {NULL, "hour(a)", {"timestamp:1969-12-31T23:59:59.999999Z"}, "23"},
        {NULL, "second(a)", {"timestamp:1969-12-31T23:59:59.999999Z"}, "59"},
        {NULL, "minute(a)", {"timestamp:0001-01-01T00:01:00Z"}, "1"},
        {PARIS, "hour(a)", {"timestamp:2025-03-30T00:59:59Z"}, "1"},
        {PARIS, "hour(a)", {"timestamp:2025-03-30T01:00:00Z"}, "3"},
        {PARIS, "day(a)", {"timestamp:2025-12-31T23:00:00Z"}, "1"},
        {PARIS, "year(a)", {"timestamp:2025-12-31T23:00:00Z"}, "2026"},
        {PARIS, "year(a)", {"timestamp:9999-12-31T23:30:00Z"}, "10000"}, /* there it is that year already */
        {PARIS, "day(a)", {"date:2025-12-31"}, "31"},
        {NULL, "extract(year FROM a)", {"date:2024-02-29"}, "2024"},
        {NULL, "extract(DOW FROM a)", {"date:2024-02-29"}, "4"},
        {NULL, "extract('Months', a)", {"date:2024-02-29"}, "2"},
        {NULL, "extract(epoch FROM a)", {"date:1970-01-02"}, "86400.000000"},
        {NULL, "extract(epoch FROM a)", {"timestamp:1969-12-31T23:59:59.5Z"}, "-0.500000"},
        {NULL, "extract(monht FROM a)", {"date:2024-02-29"}, "error: extract knows no field 'monht' (did you mean 'month'?)"},
        {NULL, "date_part(b, a)", {"date:2024-02-29", "text:year"}, "error: the field of date_part must be a 'quoted' word"},
        {NULL, "hour(a)", {"date:2024-02-29"}, "error: a date has no hour (timestamp(x) is its midnight)"},
        {NULL, "year(a)", {"text:2024"}, "error: year takes a date or a timestamp here, not text (cast(a as date))"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(dates_are_cut_at_their_units)
{
    static const struct expected list[] = {
        {NULL, "date_trunc('year', a)", {"date:2024-02-29"}, "2024-01-01"},
        {NULL, "date_trunc('quarter', a)", {"date:2024-12-31"}, "2024-10-01"},
        {NULL, "date_trunc('MONTH', a)", {"date:2024-02-29"}, "2024-02-01"},
        {NULL, "date_trunc('week', a)", {"date:2024-02-25"}, "2024-02-19"},
        {NULL, "date_trunc('week', a)", {"date:0001-01-07"}, "0001-01-01"},
        {NULL, "date_trunc('day', a)", {"date:2024-02-29"}, "2024-02-29"},
        {NULL, "date_trunc('hour', a)", {"date:2024-02-29"}, "error: a date has no hours (timestamp(x) is its midnight)"},
        {NULL, "date_trunc('decade', a)", {"date:2024-02-29"},
         "error: date_trunc knows no unit 'decade' (known are: year, quarter, month, week, day, hour, minute, second, "
         "millisecond, microsecond)"},
        {NULL, "date_trunc('minute', a)", {"timestamp:1969-12-31T23:59:59.999999Z"}, "1969-12-31T23:59:00.000000Z"},
        {NULL, "date_trunc('millisecond', a)", {"timestamp:2025-01-01T00:00:00.123456Z"}, "2025-01-01T00:00:00.123000Z"},
        {NULL, "date_trunc('day', a)", {"timestamp:1969-12-31T23:59:59Z"}, "1969-12-31T00:00:00.000000Z"},
        {PARIS, "date_trunc('day', a)", {"timestamp:2025-03-30T12:00:00Z"}, "2025-03-29T23:00:00.000000Z"},
        {PARIS, "date_trunc('month', a)", {"timestamp:2025-03-31T12:00:00Z"}, "2025-02-28T23:00:00.000000Z"},
        {NULL, "date_trunc('month', a, 'Europe/Paris')", {"timestamp:2025-03-31T12:00:00Z"}, "2025-02-28T23:00:00.000000Z"},
        {NULL, "date_trunc('day', a, b)", {"timestamp:2025-03-30T02:00:00Z", "text:America/New_York"},
         "2025-03-29T04:00:00.000000Z"},
        {NULL, "date_trunc('day', a, b)", {"timestamp:2025-03-30T02:00:00Z", "text:Europe/Pariss"},
         "bad_argument: there is no time zone 'Europe/Pariss'"},
        {NULL, "date_trunc('day', a, 'Mars')", {"timestamp:2025-03-30T02:00:00Z"},
         "error: there is no time zone 'Mars' (zones are named as in tzdata: 'Europe/Paris', 'UTC')"},
        /* the second 02:30 of that night stays in the second hour 02 */
        {PARIS, "date_trunc('hour', a)", {"timestamp:2025-10-26T01:30:00Z"}, "2025-10-26T01:00:00.000000Z"},
        {PARIS, "date_trunc('hour', a)", {"timestamp:2025-10-26T00:30:00Z"}, "2025-10-26T00:00:00.000000Z"},
        {"Asia/Kolkata", "date_trunc('hour', a)", {"timestamp:2025-10-26T00:45:00Z"}, "2025-10-26T00:30:00.000000Z"},
        /* that day began at one o'clock */
        {"America/Sao_Paulo", "date_trunc('day', a)", {"timestamp:2018-11-04T12:00:00Z"}, "2018-11-04T03:00:00.000000Z"},
        {"Asia/Tokyo", "date_trunc('year', a)", {"timestamp:0001-01-01T00:00:00Z"},
         "overflow: the timestamp lies outside the years 1 to 9999"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(what_is_added_comes_out_on_the_calendar)
{
    static const struct expected list[] = {
        {NULL, "date_add(a, 1, 'day')", {"date:2024-02-28"}, "2024-02-29"},
        {NULL, "date_add(a, 1, 'months')", {"date:2023-01-31"}, "2023-02-28"},
        {NULL, "date_add(a, -1, 'month')", {"date:2024-03-31"}, "2024-02-29"},
        {NULL, "date_add(a, 1, 'year')", {"date:2024-02-29"}, "2025-02-28"},
        {NULL, "date_add(a, 4, 'year')", {"date:2024-02-29"}, "2028-02-29"},
        {NULL, "date_add(a, -13, 'month')", {"date:2024-01-15"}, "2022-12-15"},
        {NULL, "date_add(a, 2, 'quarter')", {"date:2023-08-31"}, "2024-02-29"},
        {NULL, "date_add(a, -1, 'week')", {"date:2024-03-01"}, "2024-02-23"},
        {NULL, "date_add(a, 1, 'day')", {"date:9999-12-31"}, "overflow: the date lies outside the years 1 to 9999"},
        {NULL, "date_add(a, -1, 'month')", {"date:0001-01-31"}, "overflow: the date lies outside the years 1 to 9999"},
        {NULL, "date_add(a, b, 'week')", {"date:2024-01-01", "integer:9223372036854775807"},
         "overflow: the date lies outside the years 1 to 9999"},
        {NULL, "date_add(a, b, 'month')", {"date:2024-01-01", "integer:-4999999"},
         "overflow: the date lies outside the years 1 to 9999"},
        {NULL, "date_add(a, b, 'hour')", {"timestamp:2024-01-01T00:00:00Z", "integer:9223372036854775807"},
         "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "date_add(a, b, 'day')", {"date:2024-01-01", "integer"}, "null"},
        {NULL, "date_add(a, 1, 'hour')", {"date:2024-01-01"}, "error: a date has no hours (timestamp(x) is its midnight)"},
        {NULL, "date_add(a, 1, 'fortnight')", {"date:2024-01-01"},
         "error: date_add knows no unit 'fortnight' (known are: year, quarter, month, week, day, hour, minute, second, "
         "millisecond, microsecond)"},
        {NULL, "date_add(a, 1500, 'millisecond')", {"timestamp:2024-01-01T00:00:00Z"}, "2024-01-01T00:00:01.500000Z"},
        /* a day later is the same time on the clock, 24 hours later is not */
        {PARIS, "date_add(a, 1, 'day')", {"timestamp:2025-03-29T11:00:00Z"}, "2025-03-30T10:00:00.000000Z"},
        {PARIS, "date_add(a, 24, 'hour')", {"timestamp:2025-03-29T11:00:00Z"}, "2025-03-30T11:00:00.000000Z"},
        /* 02:30 is not there: 03:30 */
        {PARIS, "date_add(a, 1, 'day')", {"timestamp:2025-03-29T01:30:00Z"}, "2025-03-30T01:30:00.000000Z"},
        /* 02:30 comes twice: the first */
        {PARIS, "date_add(a, 1, 'day')", {"timestamp:2025-10-25T00:30:00Z"}, "2025-10-26T00:30:00.000000Z"},
        {PARIS, "date_add(a, 0, 'day')", {"timestamp:2025-10-26T01:30:00Z"}, "2025-10-26T01:30:00.000000Z"},
        {NULL, "date_add(a, 1, 'month', 'Europe/Paris')", {"timestamp:2025-03-01T11:00:00Z"}, "2025-04-01T10:00:00.000000Z"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(differences_count_beginnings)
{
    static const struct expected list[] = {
        {NULL, "date_diff('day', a, b)", {"date:2024-02-28", "date:2024-03-01"}, "2"},
        {NULL, "date_diff('month', a, b)", {"date:2024-01-31", "date:2024-02-01"}, "1"},
        {NULL, "date_diff('month', a, b)", {"date:2024-02-01", "date:2024-01-31"}, "-1"},
        {NULL, "date_diff('year', a, b)", {"date:0001-01-01", "date:9999-12-31"}, "9998"},
        {NULL, "date_diff('week', a, b)", {"date:2024-02-25", "date:2024-02-26"}, "1"},
        {NULL, "date_diff('week', a, b)", {"date:1969-12-28", "date:1969-12-29"}, "1"},
        {NULL, "date_diff('quarter', a, b)", {"date:2023-12-31", "date:2024-04-01"}, "2"},
        {NULL, "date_diff('day', a, b)", {"date:2024-02-28", "date"}, "null"},
        {NULL, "date_diff('hour', a, b)", {"timestamp:2024-01-01T00:59:59Z", "timestamp:2024-01-01T01:00:00Z"}, "1"},
        {NULL, "date_diff('second', a, b)", {"timestamp:1970-01-01T00:00:00.9Z", "timestamp:1969-12-31T23:59:59.1Z"}, "-1"},
        {NULL, "date_diff('microsecond', a, b)", {"timestamp:0001-01-01T00:00:00Z", "timestamp:9999-12-31T23:59:59.999999Z"},
         "315537897599999999"},
        {NULL, "date_diff('day', a, b)", {"date:2024-02-28", "timestamp:2024-02-28T23:59:59Z"}, "0"},
        {NULL, "date_diff('hour', a, b)", {"date:2024-02-28", "timestamp:2024-02-28T23:59:59Z"}, "23"},
        {NULL, "date_diff('hour', a, b)", {"date:2024-02-28", "date:2024-02-29"},
         "error: a date has no hours (timestamp(x) is its midnight)"},
        {PARIS, "date_diff('hour', a, b)", {"timestamp:2025-03-29T23:00:00Z", "timestamp:2025-03-30T22:00:00Z"}, "23"},
        {PARIS, "date_diff('day', a, b)", {"timestamp:2025-03-29T22:59:59Z", "timestamp:2025-03-29T23:00:00Z"}, "1"},
        {NULL, "date_diff('day', a, b, 'Europe/Paris')", {"timestamp:2025-03-29T22:59:59Z", "timestamp:2025-03-29T23:00:00Z"},
         "1"},
        {NULL, "last_day(a)", {"date:2023-02-01"}, "2023-02-28"},
        {NULL, "last_day(a)", {"date:9999-12-01"}, "9999-12-31"},
        {PARIS, "last_day(a)", {"timestamp:2025-12-31T23:00:00Z"}, "2026-01-31"},
        {NULL, "make_date(a, b, c)", {"integer:2024", "integer:2", "integer:29"}, "2024-02-29"},
        {NULL, "make_date(a, b, c)", {"integer:2023", "integer:2", "integer:29"},
         "bad_argument: there is no day 29 of month 2 in the year 2023"},
        {NULL, "make_date(a, b, c)", {"integer:0", "integer:1", "integer:1"},
         "bad_argument: there is no day 1 of month 1 in the year 0"},
        {NULL, "make_date(a, b, c)", {"integer:9999", "integer:12", "integer:31"}, "9999-12-31"},
        {NULL, "make_date(a, 13, 1)", {"integer:2024"}, "bad_argument: there is no day 1 of month 13 in the year 2024"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(texts_become_dates_and_instants)
{
    static const struct expected list[] = {
        {NULL, "date(a)", {"text:2024-02-29"}, "2024-02-29"},
        {NULL, "date(a)", {"text:2023-02-29"}, "bad_cast: '2023-02-29' is no date"},
        {NULL, "date(a)", {"text:2024-02-29T23:30:00Z"}, "2024-02-29"},
        {PARIS, "date(a)", {"text:2024-02-29T23:30:00Z"}, "2024-03-01"},
        {PARIS, "date(a)", {"text:2024-02-29T23:30:00"}, "2024-02-29"}, /* a text without an offset is that zone's own */
        {PARIS, "date(a)", {"timestamp:2024-02-29T23:30:00Z"}, "2024-03-01"},
        {NULL, "date(a, b)", {"timestamp:2024-02-29T23:30:00Z", "text:Asia/Tokyo"}, "2024-03-01"},
        {NULL, "date(a)", {"date:2024-02-29"}, "2024-02-29"},
        {PARIS, "date(a)", {"timestamp:9999-12-31T23:30:00Z"}, "overflow: the date lies outside the years 1 to 9999"},
        {NULL, "date(a)", {"integer:20240229"}, "error: date makes a date of a text, a date or a timestamp (from_epoch(x) takes "
                                                "seconds since 1970)"},
        {NULL, "timestamp(a)", {"text:2024-02-29 23:30"}, "2024-02-29T23:30:00.000000Z"},
        {PARIS, "timestamp(a)", {"text:2024-07-01 12:00"}, "2024-07-01T10:00:00.000000Z"},
        {PARIS, "timestamp(a)", {"text:2024-07-01 12:00Z"}, "2024-07-01T12:00:00.000000Z"},
        {PARIS, "timestamp(a, 'UTC')", {"text:2024-07-01 12:00"}, "2024-07-01T12:00:00.000000Z"},
        {NULL, "timestamp(a, b)", {"text:2025-03-30 02:30", "text:Europe/Paris"}, "2025-03-30T01:30:00.000000Z"},
        {NULL, "timestamp(a, b)", {"text:2025-10-26 02:30", "text:Europe/Paris"}, "2025-10-26T00:30:00.000000Z"},
        {PARIS, "timestamp(a)", {"date:2025-03-30"}, "2025-03-29T23:00:00.000000Z"},
        {"Asia/Tokyo", "timestamp(a)", {"date:0001-01-01"}, "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "timestamp(a)", {"text:yesterday"}, "bad_cast: 'yesterday' is no timestamp"},
        {NULL, "timestamp(a, 'Europe/Paris')", {"timestamp:2024-07-01T12:00:00Z"},
         "error: a timestamp is an instant already: no zone changes it (at_zone(x, zone) gives the text a clock there shows)"},
        {NULL, "to_date(a, '%d.%m.%Y')", {"text:29.2.2024"}, "2024-02-29"},
        {NULL, "to_date(a, '%d.%m.%Y')", {"text:29.2.2023"}, "bad_cast: '29.2.2023' is no date of the form '%d.%m.%Y'"},
        {NULL, "to_date(a, '%d.%m.%Y')", {"text: 1.2.2023"}, "bad_cast: ' 1.2.2023' is no date of the form '%d.%m.%Y'"},
        {NULL, "to_date(a, '%d.%m.%Y')", {"text"}, "null"},
        {NULL, "to_date(a, '%y%j')", {"text:24366"}, "2024-12-31"},
        {NULL, "to_date(a, 'DD.MM.YYYY')", {"text:01.02.2023"},
         "error: the pattern of to_date has no % (patterns look like '%Y-%m-%d %H:%M:%S')"},
        {NULL, "to_date(a, '%d.%m')", {"text:01.02"},
         "error: the pattern names no whole date: a year, a month and a day are needed (patterns look like '%Y-%m-%d %H:%M:%S')"},
        {NULL, "to_date(a, '%Q')", {"text:1"}, "error: to_date knows no '%Q' in a pattern (patterns look like '%Y-%m-%d "
                                               "%H:%M:%S')"},
        {NULL, "to_date(a, '%')", {"text:1"}, "error: to_date knows no '%' in a pattern (patterns look like '%Y-%m-%d "
                                              "%H:%M:%S')"},
        {NULL, "to_date(a, b)", {"text:1", "text:%Y"}, "error: the pattern of to_date must be a 'quoted' text"},
        {NULL, "to_timestamp(a, '%d/%b/%Y:%H:%M:%S %z')", {"text:10/Oct/2000:13:55:36 -0700"}, "2000-10-10T20:55:36.000000Z"},
        {NULL, "to_timestamp(a, '%Y%m%d%H%M', 'Europe/Paris')", {"text:202507011200"}, "2025-07-01T10:00:00.000000Z"},
        {PARIS, "to_timestamp(a, '%Y%m%d%H%M')", {"text:202507011200"}, "2025-07-01T10:00:00.000000Z"},
        {NULL, "to_timestamp(a, '%Y%m%d%H%M', b)", {"text:202507011200", "text:Asia/Tokyo"}, "2025-07-01T03:00:00.000000Z"},
        {NULL, "to_timestamp(a, '%Y%m%d%H%M', b)", {"text:202507011200", "text:../etc"},
         "bad_argument: there is no time zone '../etc'"},
        {NULL, "to_timestamp(a, '%m/%d/%Y %I:%M %p')", {"text:2/29/2024 12:05 am"}, "2024-02-29T00:05:00.000000Z"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(dates_and_instants_become_texts)
{
    static const struct expected list[] = {
        {NULL, "strftime('%d.%m.%Y', a)", {"date:2024-02-29"}, "29.02.2024"},
        {NULL, "strftime(a, '%d.%m.%Y')", {"date:0001-01-01"}, "01.01.0001"},
        {NULL, "to_char(a, '%y %b %B %e %j %a %A')", {"date:2024-09-01"}, "24 Sep September  1 245 Sun Sunday"},
        {NULL, "to_char(a, '%H:%M:%S.%f %I %p %z%%')", {"timestamp:2024-02-29T00:05:06.007Z"}, "00:05:06.007000 12 AM +0000%"},
        {PARIS, "to_char(a, '%F %T %z')", {"timestamp:2025-10-26T01:30:00Z"}, "2025-10-26 02:30:00 +0100"},
        {PARIS, "to_char(a, '%F %T %z')", {"timestamp:2025-10-26T00:30:00Z"}, "2025-10-26 02:30:00 +0200"},
        {NULL, "to_char(a, '%F %T', 'America/New_York')", {"timestamp:2025-10-26T00:30:00Z"}, "2025-10-25 20:30:00"},
        {NULL, "to_char(a, '%F', b)", {"timestamp:2025-10-26T00:30:00Z", "text:America/New_York"}, "2025-10-25"},
        {NULL, "to_char(a, '%G-W%V-%u %w')", {"date:2021-01-03"}, "2020-W53-7 0"},
        {PARIS, "to_char(a, '%s')", {"timestamp:9999-12-31T23:59:59Z"}, "253402300799"},
        {NULL, "to_char(a, '%s')", {"timestamp:0001-01-01T00:00:00Z"}, "-62135596800"},
        {NULL, "to_char(a, 'é%Y日')", {"date:2024-02-29"}, "é2024日"},
        {NULL, "to_char(a, '%Y')", {"date"}, "null"},
        {NULL, "to_char(a, 'YYYY')", {"date:2024-02-29"}, "error: the pattern of to_char has no % (patterns look like '%Y-%m-%d "
                                                          "%H:%M:%S')"},
        {NULL, "to_char(a, '%Y')", {"integer:2024"}, "error: to_char writes a date or a timestamp by a pattern"},
        {NULL, "to_char(a, 5)", {"date:2024-02-29"}, "error: the pattern of to_char must be a 'quoted' text"},
        {NULL, "strftime('%Y', NULL)", {NULL}, "null"},
        {NULL, "at_zone(a, 'Europe/Paris')", {"timestamp:2025-10-26T00:30:00Z"}, "2025-10-26T02:30:00.000000+02:00"},
        {NULL, "a AT TIME ZONE 'Europe/Paris'", {"timestamp:2025-10-26T01:30:00Z"}, "2025-10-26T02:30:00.000000+01:00"},
        {NULL, "at_zone(a, 'UTC')", {"timestamp:2025-10-26T01:30:00Z"}, "2025-10-26T01:30:00.000000+00:00"},
        {NULL, "at_zone(a, b)", {"timestamp:2025-10-26T01:30:00Z", "text:America/St_Johns"}, "2025-10-25T23:00:00.000000-02:30"},
        {NULL, "at_zone(a, 'Europe/Paris')", {"timestamp:1900-01-01T00:00:00Z"}, "1900-01-01T00:09:21.000000+00:09:21"},
        {NULL, "at_zone(a, b)", {"timestamp:2025-10-26T01:30:00Z", "text"}, "null"},
        {NULL, "timestamp(at_zone(a, 'Asia/Kathmandu'))", {"timestamp:2025-10-26T01:30:00.123456Z"},
         "2025-10-26T01:30:00.123456Z"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(seconds_since_1970_are_exact)
{
    static const struct expected list[] = {
        {NULL, "epoch(a)", {"timestamp:1969-12-31T23:59:59.999999Z"}, "-0.000001"},
        {NULL, "epoch(a)", {"timestamp:9999-12-31T23:59:59.999999Z"}, "253402300799.999999"},
        {NULL, "epoch(a)", {"timestamp:0001-01-01T00:00:00Z"}, "-62135596800.000000"},
        {PARIS, "epoch(a)", {"date:1970-01-01"}, "-3600.000000"},
        {NULL, "from_epoch(a)", {"integer:-1"}, "1969-12-31T23:59:59.000000Z"},
        {NULL, "from_epoch(a)", {"integer:253402300800"}, "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "from_epoch(a)", {"integer:-9223372036854775808"}, "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "from_epoch(a)", {"decimal(20,9):1.123456789"}, "1970-01-01T00:00:01.123457Z"},
        {NULL, "from_epoch(a)", {"decimal(20,9):-1.123456500"}, "1969-12-31T23:59:58.876543Z"},
        {NULL, "from_epoch(a)", {"decimal(4,1):-0.5"}, "1969-12-31T23:59:59.500000Z"},
        {NULL, "from_epoch(a)", {"decimal(38,0):99999999999999999999999999999999999999"},
         "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "from_epoch(a)", {"decimal(38,38):0.00000049999999999999999999999999999999"}, "1970-01-01T00:00:00.000000Z"},
        {NULL, "from_epoch(a)", {"real:1.5"}, "1970-01-01T00:00:01.500000Z"},
        {NULL, "from_epoch(a)", {"real:1e300"}, "overflow: the timestamp lies outside the years 1 to 9999"},
        {NULL, "from_epoch(a / 1000)", {"integer:1769904000123"}, "2026-02-01T00:00:00.123000Z"},
        {NULL, "from_epoch(epoch(a)) = a", {"timestamp:2026-01-31T23:59:59.999999Z"}, "true"},
    };

    EXPECT(list);
}
END_TEST

/* What a pattern writes, the same pattern reads, on every day of the calendar. */
START_TEST(what_is_written_is_read_again)
{
    static const char *const expressions[] = {"to_date(strftime(a, '%d.%m.%Y'), '%d.%m.%Y')",
                                              "to_date(strftime(a, '%Y%j'), '%Y%j')",
                                              "to_date(strftime(a, '%B %d, %Y'), '%B %d, %Y')", "date(timestamp(a))",
                                              "date_add(date_trunc('year', a), dayofyear(a) - 1, 'day')",
                                                  "make_date(year(a), month(a), day(a))",
                                              "date_add(last_day(a), day(a) - day(last_day(a)), 'day')"};
    enum { ROWS = 4000 };
    struct expression_name name = {"a", {.type = DAYBREAK_TYPE_DATE}};
    struct arena *arena = arena_new();
    int64_t *days = arena_alloc(arena, ROWS * sizeof *days);
    struct vector input = {.type = name.type, .number = days}, out;

    for (int i = 0; i < ROWS; i++)
        days[i] = value_days(1, 1, 1) + (int64_t)i * (value_days(9999, 12, 31) - value_days(1, 1, 1)) / (ROWS - 1);
    for (size_t k = 0; k < sizeof expressions / sizeof *expressions; k++) {
        struct expression_scope scope = {.name = &name, .names = 1, .zone = k == 3 ? NULL : PARIS};
        struct expression_failures failures = {0};
        struct expression_error error;
        struct expression *expression = expression_compile(arena, expressions[k], &scope, &error);

        ck_assert_msg(expression != NULL, "%s: %s", expressions[k], error.what);
        expression_run(expression, &input, ROWS, NULL, ROWS, arena, &out, &failures);
        ck_assert_uint_eq(failures.count, 0);
        for (int i = 0; i < ROWS; i++)
            ck_assert_msg(out.number[i] == days[i], "%s of day %lld gives %lld", expressions[k], (long long)days[i],
                          (long long)out.number[i]);
        expression_free(expression);
    }
    arena_free(arena);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("functions of time");
    TCase *tcase = tcase_create("functions of time");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, fields_are_those_of_the_clock_in_the_zone);
    tcase_add_test(tcase, dates_are_cut_at_their_units);
    tcase_add_test(tcase, what_is_added_comes_out_on_the_calendar);
    tcase_add_test(tcase, differences_count_beginnings);
    tcase_add_test(tcase, texts_become_dates_and_instants);
    tcase_add_test(tcase, dates_and_instants_become_texts);
    tcase_add_test(tcase, seconds_since_1970_are_exact);
    tcase_add_test(tcase, what_is_written_is_read_again);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
