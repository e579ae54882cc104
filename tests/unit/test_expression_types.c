/* SPDX-License-Identifier: Apache-2.0 */
/* The types of expressions: which pairs mix and what they give, arithmetic at its edges, comparisons, casts. */
#include "expression/expression.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"

#define EXPECT(list) kit_expect(NULL, list, sizeof list / sizeof *list)

/* ---- every pair --------------------------------------------------------------------------- */

static const char *const type_names[] = {"text", "boolean", "integer", "decimal(6,2)", "real", "bytes", "timestamp", "date"};
static const char *const samples[] = {"text:x", "boolean:true", "integer:2", "decimal(6,2):1.50", "real:0.5", "bytes:x",
                                      "timestamp:2026-01-31 10:00:00", "date:2026-01-31"};
#define TYPES 8

/* The type of ${expression} over columns a and b of these types, or "-" when they do not mix. */
static const char *
type_of(const char *expression, int a, int b)
{
    static char text[32];
    struct expression_name names[2] = {{.name = "a"}, {.name = "b"}};
    struct expression_scope scope = {.name = names, .names = 2};
    struct expression_error error = {0};
    struct arena *arena = arena_new();
    struct expression *expression_made;

    ck_assert(value_type_parse(type_names[a], &names[0].type) && value_type_parse(type_names[b], &names[1].type));
    expression_made = expression_compile(arena, expression, &scope, &error);
    if (expression_made == NULL) {
        ck_assert_msg(strcmp(error.code, "expression-type") == 0 && error.what[0] != '\0', "%s: %s", expression, error.what);
        snprintf(text, sizeof text, "-");
    } else {
        value_type_text(expression_type(expression_made), text);
    }
    expression_free(expression_made);
    arena_free(arena);
    return text;
}

START_TEST(every_pair_of_types_adds_to_what_the_rules_say)
{
    static const struct {
        const char *expression;
        const char *gives[TYPES][TYPES]; /* by type of a, of b: text boolean integer decimal real bytes timestamp date; NULL: they do not mix */
    } rules[] = {
        {"a + b",
         {[2] = {[2] = "integer", [3] = "decimal(22,2)", [4] = "real", [7] = "date"},
          [3] = {[2] = "decimal(22,2)", [3] = "decimal(7,2)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"},
          [7] = {[2] = "date"}}},
        {"a - b",
         {[2] = {[2] = "integer", [3] = "decimal(22,2)", [4] = "real"},
          [3] = {[2] = "decimal(22,2)", [3] = "decimal(7,2)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"},
          [6] = {[6] = "decimal(18,6)", [7] = "decimal(18,6)"},
          [7] = {[2] = "date", [6] = "decimal(18,6)", [7] = "integer"}}},
        {"a * b",
         {[2] = {[2] = "integer", [3] = "decimal(25,2)", [4] = "real"},
          [3] = {[2] = "decimal(25,2)", [3] = "decimal(12,4)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"}}},
        {"a / b",
         {[2] = {[2] = "decimal(25,6)", [3] = "decimal(27,6)", [4] = "real"},
          [3] = {[2] = "decimal(12,8)", [3] = "decimal(14,8)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"}}},
        {"a % b",
         {[2] = {[2] = "integer", [3] = "decimal(6,2)", [4] = "real"},
          [3] = {[2] = "decimal(6,2)", [3] = "decimal(6,2)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"}}},
        {"a = b",
         {[0] = {[0] = "boolean"},
          [1] = {[1] = "boolean"},
          [2] = {[2] = "boolean", [3] = "boolean", [4] = "boolean"},
          [3] = {[2] = "boolean", [3] = "boolean", [4] = "boolean"},
          [4] = {[2] = "boolean", [3] = "boolean", [4] = "boolean"},
          [5] = {[5] = "boolean"},
          [6] = {[6] = "boolean", [7] = "boolean"},
          [7] = {[6] = "boolean", [7] = "boolean"}}},
        {"coalesce(a, b)",
         {[0] = {[0] = "text"},
          [1] = {[1] = "boolean"},
          [2] = {[2] = "integer", [3] = "decimal(21,2)", [4] = "real"},
          [3] = {[2] = "decimal(21,2)", [3] = "decimal(6,2)", [4] = "real"},
          [4] = {[2] = "real", [3] = "real", [4] = "real"},
          [5] = {[5] = "bytes"},
          [6] = {[6] = "timestamp", [7] = "timestamp"},
          [7] = {[6] = "timestamp", [7] = "date"}}},
        {"a || b",
         {[0] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [1] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [2] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [3] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [4] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [5] = {[5] = "bytes"},
          [6] = {"text", "text", "text", "text", "text", NULL, "text", "text"},
          [7] = {"text", "text", "text", "text", "text", NULL, "text", "text"}}},
        {"a AND b", {[1] = {[1] = "boolean"}}},
        {"a LIKE b", {[0] = {[0] = "boolean"}}},
    };

    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++)
        for (int a = 0; a < TYPES; a++)
            for (int b = 0; b < TYPES; b++) {
                const char *gives = rules[r].gives[a][b] == NULL ? "-" : rules[r].gives[a][b];
                const char *const columns[] = {samples[a], samples[b], NULL};

                ck_assert_msg(strcmp(type_of(rules[r].expression, a, b), gives) == 0, "%s of %s and %s: %s, not %s", rules[r].expression,
                              type_names[a], type_names[b], type_of(rules[r].expression, a, b), gives);
                if (gives[0] != '-') /* and it runs */
                    ck_assert_ptr_null(strstr(kit_over(NULL, rules[r].expression, columns), "error"));
            }
}
END_TEST

START_TEST(every_cast_is_there_or_says_what_to_write)
{
    static const char there[TYPES][TYPES + 1] = {/* text boolean integer decimal real bytes timestamp date */
                                                 "11111111", "11100000", "11111000", "10111000", "10111000", "10000100", "10000011", "10000011"};

    for (int from = 0; from < TYPES; from++)
        for (int to = 0; to < TYPES; to++) {
            char text[64];

            snprintf(text, sizeof text, "cast(a as %s)", type_names[to]);
            ck_assert_msg(strcmp(type_of(text, from, 0), there[from][to] == '1' ? type_names[to] : "-") == 0, "%s to %s: %s", type_names[from],
                          type_names[to], type_of(text, from, 0));
        }
}
END_TEST

/* ---- arithmetic --------------------------------------------------------------------------- */

#define MOST "integer:9223372036854775807"
#define LEAST "integer:-9223372036854775808"
#define NINES38 "99999999999999999999999999999999999999"

START_TEST(integers_overflow_at_64_bits)
{
    static const struct kit_expected list[] = {
        {"a + 1", {MOST}, "overflow: 9223372036854775807 + 1 is beyond 64 bits"},
        {"a - 1", {LEAST}, "overflow: -9223372036854775808 - 1 is beyond 64 bits"},
        {"a * 2", {MOST}, "overflow: 9223372036854775807 * 2 is beyond 64 bits"},
        {"a * -1", {LEAST}, "overflow: -9223372036854775808 * -1 is beyond 64 bits"},
        {"-a", {LEAST}, "overflow: -(-9223372036854775808) is beyond 64 bits"},
        {"-a", {MOST}, "-9223372036854775807"},
        {"a % -1", {LEAST}, "0"},
        {"a % b", {"integer:-7", "integer:3"}, "-1"},
        {"a % b", {"integer:7", "integer:-3"}, "1"},
        {"a % b", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"a / b", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"a / b", {LEAST, "integer:-1"}, "9223372036854775808.000000"},
        {"a / b", {MOST, "integer:3"}, "3074457345618258602.333333"},
        {"a / b", {"integer:2", "integer:3"}, "0.666667"},
        {"a / b", {"integer:-2", "integer:3"}, "-0.666667"},
        {"a / b", {"integer:1", "integer:8000000"}, "0.000000"},
        {"a / b", {"integer:1", "integer:2000000"}, "0.000001"}, /* a half of the last digit: away from zero */
        {"a / b", {"integer:-1", "integer:2000000"}, "-0.000001"},
        {"a + b", {MOST, LEAST}, "-1"},
        {"a * b", {"integer:3037000500", "integer:3037000500"}, "overflow: 3037000500 * 3037000500 is beyond 64 bits"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(decimals_are_exact_and_round_once)
{
    static const struct kit_expected list[] = {
        {"a * b", {"integer:3", "decimal(12,2):19.90"}, "59.70"},
        {"a + b", {"decimal(12,2):0.10", "decimal(12,2):0.20"}, "0.30"},
        {"a - b", {"decimal(5,1):0.1", "decimal(6,3):0.125"}, "-0.025"},
        {"a * b", {"decimal(6,2):-1.50", "decimal(6,2):2.25"}, "-3.3750"},
        {"a / b", {"decimal(6,2):10.00", "decimal(6,2):4.00"}, "2.50000000"},
        {"a / b", {"decimal(6,2):10.00", "decimal(6,2):0.00"}, "division_by_zero: cannot divide 10.00 by zero"},
        {"a % b", {"decimal(6,2):10.00", "decimal(6,2):0.00"}, "division_by_zero: cannot divide 10.00 by zero"},
        {"a % b", {"decimal(6,2):-7.50", "decimal(3,1):2.0"}, "-1.50"},
        {"a / 3", {"decimal(6,2):10.00"}, "3.33333333"},
        {"2 / a", {"decimal(6,2):3.00"}, "0.666667"},
        {"a / b", {"decimal(20,14):1", "integer:3"}, "0.33333333333333"}, /* its own scale is finer than twelve */
        {"cast(a * 1.19 as decimal(12,2))", {"decimal(12,2):10.50"}, "12.50"}, /* 12.4950 */
        {"cast(a * 1.19 as decimal(12,2))", {"decimal(12,2):-10.50"}, "-12.50"},
        {"cast(a as decimal(12,2))", {"decimal(12,3):2.345"}, "2.35"},
        {"cast(a as decimal(12,2))", {"decimal(12,3):-2.345"}, "-2.35"},
        {"cast(a as decimal(12,2))", {"decimal(12,3):2.344"}, "2.34"},
        {"cast(a as decimal(3,2))", {"decimal(12,3):9.994"}, "9.99"},
        {"cast(a as decimal(3,2))", {"decimal(12,3):9.995"}, "overflow: 9.995 does not fit decimal(3,2)"},
        {"cast(a as decimal(3,2))", {"decimal(12,2):10.00"}, "overflow: 10.00 does not fit decimal(3,2)"},
        {"a + 1", {"decimal(38,0):" NINES38}, "overflow: " NINES38 " + 1 has more than 38 digits"},
        {"a - 1", {"decimal(38,0):" NINES38}, "99999999999999999999999999999999999998"},
        {"a * 2", {"decimal(38,0):" NINES38}, "overflow: " NINES38 " * 2 has more than 38 digits"},
        {"a * 1", {"decimal(38,0):" NINES38}, NINES38},
        {"-a", {"decimal(38,0):" NINES38}, "-" NINES38},
        {"a / b", {"decimal(38,0):" NINES38, "decimal(2,1):0.1"}, "overflow: " NINES38 " / 0.1 has more than 38 digits"},
        /* where 38 digits are not enough, those behind the point give way down to six */
        {"a * b", {"decimal(38,20):1.11111111111111111111", "decimal(38,20):3"}, "3.333333"},
        {"a * b", {"decimal(30,10):0.0000005", "decimal(30,10):1"}, "0.000001"},
        {"a + b", {"decimal(38,20):0.00000000000000000001", "decimal(38,10):1"}, "1.000000000"},
        {"7 / 2", {NULL}, "3.5"},
        {"1 / 3", {NULL}, "0.333333"},
        {"6 / 3", {NULL}, "2"},
        {"1.00 / 4", {NULL}, "0.25"},
        {"10.00 / 4", {NULL}, "2.50"},
        {"0 / 5", {NULL}, "0"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(reals_are_finite_or_fail)
{
    static const struct kit_expected list[] = {
        {"a + b", {"real:0.5", "integer:1"}, "1.5"},
        {"a * b", {"real:0.5", "decimal(6,2):1.50"}, "0.75"},
        {"a + b", {"real:1.7e308", "real:1.7e308"}, "overflow: 1.7e+308 + 1.7e+308 is beyond the range of a real"},
        {"a * 10", {"real:-1.7e308"}, "overflow: -1.7e+308 * 10 is beyond the range of a real"},
        {"a / b", {"real:1", "real:0"}, "division_by_zero: cannot divide 1 by zero"},
        {"a / b", {"real:1e300", "real:1e-300"}, "overflow: 1e+300 / 1e-300 is beyond the range of a real"},
        {"a % b", {"real:7.5", "real:2"}, "1.5"},
        {"a % b", {"real:7.5", "real:0"}, "division_by_zero: cannot divide 7.5 by zero"},
        {"-a", {"real:0.5"}, "-0.5"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(dates_count_days_and_timestamps_seconds)
{
    static const struct kit_expected list[] = {
        {"a + 1", {"date:2024-02-28"}, "2024-02-29"},
        {"1 + a", {"date:2023-02-28"}, "2023-03-01"},
        {"a - 1", {"date:2026-01-01"}, "2025-12-31"},
        {"a - b", {"date:2026-03-01", "date:2026-02-01"}, "28"},
        {"a + 1", {"date:9999-12-31"}, "overflow: 9999-12-31 + 1 lies outside the years 1 to 9999"},
        {"a - 1", {"date:0001-01-01"}, "overflow: 0001-01-01 - 1 lies outside the years 1 to 9999"},
        {"a + b", {"date:2026-01-01", MOST}, "overflow: 2026-01-01 + 9223372036854775807 lies outside the years 1 to 9999"},
        {"a - b", {"timestamp:2026-01-01 00:00:01.5", "timestamp:2026-01-01"}, "1.500000"},
        {"a - b", {"timestamp:9999-12-31 23:59:59", "timestamp:0001-01-01"}, "315537897599.000000"},
        {"a - b", {"timestamp:2026-01-01 12:00:00", "date:2026-01-01"}, "43200.000000"},
        {"cast(a as date)", {"timestamp:1969-12-31 23:59:59"}, "1969-12-31"},
        {"cast(a as timestamp)", {"date:2026-07-01"}, "2026-07-01T00:00:00.000000Z"},
    };
    static const struct kit_expected berlin[] = {
        {"cast(a as timestamp)", {"date:2026-07-01"}, "2026-06-30T22:00:00.000000Z"},
        {"cast(a as date)", {"timestamp:2026-06-30 22:00:00"}, "2026-07-01"},
        {"cast(a as date)", {"timestamp:2026-06-30 21:59:59.999999"}, "2026-06-30"},
        {"TIMESTAMP '2026-01-01 00:00'", {NULL}, "2025-12-31T23:00:00.000000Z"},
        {"TIMESTAMP '2026-01-01 00:00Z'", {NULL}, "2026-01-01T00:00:00.000000Z"},
        {"cast(a as timestamp)", {"text:2026-03-29 02:30"}, "2026-03-29T01:30:00.000000Z"}, /* the hour that is not there: moved forward */
        {"cast(a as timestamp)", {"text:2026-10-25 02:30"}, "2026-10-25T00:30:00.000000Z"}, /* the one that is there twice: the first */
        {"a = b", {"timestamp:2026-06-30 22:00:00", "date:2026-07-01"}, "true"},
        {"a - b", {"timestamp:2026-06-30 23:00:00", "date:2026-07-01"}, "3600.000000"},
        {"cast(a as timestamp)", {"date:0001-01-01"}, "overflow: 0001-01-01 does not fit timestamp"},
    };
    EXPECT(list);
    kit_expect("Europe/Berlin", berlin, sizeof berlin / sizeof *berlin);
}
END_TEST

/* ---- comparisons and casts ---------------------------------------------------------------- */

START_TEST(numbers_compare_by_value_and_texts_by_bytes)
{
    static const struct kit_expected list[] = {
        {"a = b", {"integer:2", "decimal(6,2):2.00"}, "true"},
        {"a < b", {"integer:2", "decimal(6,2):2.01"}, "true"},
        {"a = b", {"decimal(6,2):2.50", "decimal(8,4):2.5000"}, "true"},
        {"a > b", {"decimal(6,2):-2.50", "decimal(8,4):-2.5001"}, "true"},
        {"a = b", {"decimal(6,2):0.10", "real:0.1"}, "true"},
        {"a = b", {"integer:9007199254740993", "real:9007199254740992"}, "false"}, /* beyond what a real holds exactly */
        {"a > b", {"integer:9007199254740993", "real:9007199254740992"}, "true"},
        {"b < a", {"integer:9007199254740993", "real:9007199254740992"}, "true"},
        {"a < b", {MOST, "real:9223372036854775808"}, "true"},
        {"a > b", {LEAST, "real:-1e300"}, "true"},
        {"a = b", {LEAST, "real:-9223372036854775808"}, "true"},
        {"a < b", {"integer:-1", "real:-0.5"}, "true"},
        {"a > b", {"integer:0", "real:-0.5"}, "true"},
        {"a = 2.50", {"decimal(6,1):2.5"}, "true"},
        {"a = 2.505", {"decimal(6,2):2.50"}, "false"},
        {"a < 10000000000", {"decimal(6,2):2.50"}, "true"},
        {"a >= 3", {"real:3"}, "true"},
        {"a < b", {"text:a", "text:ab"}, "true"},
        {"a < b", {"text:B", "text:a"}, "true"},
        {"a < b", {"text:z", "text:é"}, "true"},
        {"a < b", {"text:", "text:a"}, "true"},
        {"a <= b", {"text:x", "text:x"}, "true"},
        {"a > b", {"boolean:true", "boolean:false"}, "true"},
        {"a < b", {"date:2025-12-31", "date:2026-01-01"}, "true"},
        {"a > b", {"timestamp:2026-01-01 00:00:01", "date:2026-01-01"}, "true"},
        {"a = x'61'", {"bytes:a"}, "true"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(casts_take_whole_values_or_fail_the_row)
{
    static const struct kit_expected list[] = {
        {"cast(a as integer)", {"text:-12"}, "-12"},
        {"cast(a as integer)", {"text:+012"}, "12"},
        {"cast(a as integer)", {"text: 12"}, "bad_cast: cannot cast ' 12' to integer"},
        {"cast(a as integer)", {"text:12.0"}, "bad_cast: cannot cast '12.0' to integer"},
        {"cast(a as integer)", {"text:"}, "bad_cast: cannot cast '' to integer"},
        {"cast(a as integer)", {"text:9223372036854775808"}, "bad_cast: cannot cast '9223372036854775808' to integer"},
        {"cast(a as integer)",
         {"text:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
         "bad_cast: cannot cast 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…' to integer"},
        {"cast(a as integer)", {"text:a\x1b[31m"}, "bad_cast: cannot cast 'a\\x1b[31m' to integer"},
        {"cast(a as decimal(6,2))", {"text:19.9"}, "19.90"},
        {"cast(a as decimal(6,2))", {"text:19.995"}, "20.00"},
        {"cast(a as decimal(6,2))", {"text:-0.005"}, "-0.01"},
        {"cast(a as decimal(6,2))", {"text:1.23e1"}, "12.30"},
        {"cast(a as decimal(6,2))", {"text:12345e-4"}, "1.23"},
        {"cast(a as decimal(6,2))", {"text:10000"}, "bad_cast: cannot cast '10000' to decimal(6,2)"},
        {"cast(a as decimal(6,2))", {"text:1,5"}, "bad_cast: cannot cast '1,5' to decimal(6,2)"},
        {"cast(a as decimal(6,2))", {"text:1.5.2"}, "bad_cast: cannot cast '1.5.2' to decimal(6,2)"},
        {"cast(a as real)", {"text:1.5e3"}, "1500"},
        {"cast(a as real)", {"text:nan"}, "bad_cast: cannot cast 'nan' to real"},
        {"cast(a as boolean)", {"text:Yes"}, "true"},
        {"cast(a as boolean)", {"text:2"}, "bad_cast: cannot cast '2' to boolean"},
        {"cast(a as date)", {"text:2024-02-29"}, "2024-02-29"},
        {"cast(a as date)", {"text:2026-02-29"}, "bad_cast: cannot cast '2026-02-29' to date"},
        {"cast(a as timestamp)", {"text:2026-01-31T10:00:00+02:00"}, "2026-01-31T08:00:00.000000Z"},
        {"cast(a as bytes)", {"text:é"}, "é"},
        {"cast(a as text)", {"bytes:\xc3\xa9"}, "é"},
        {"cast(a as text)", {"bytes:\xc3"}, "bad_cast: cannot cast x'c3' to text"},
        {"cast(a as text)", {"decimal(6,2):1.50"}, "1.50"},
        {"cast(a as text)", {"boolean:false"}, "false"},
        {"cast(a as text)", {"real:0.1"}, "0.1"},
        {"cast(a as text)", {"timestamp:2026-01-31 10:00"}, "2026-01-31T10:00:00.000000Z"},
        {"cast(a as integer)", {"decimal(6,2):1.99"}, "1"},
        {"cast(a as integer)", {"decimal(6,2):-1.99"}, "-1"},
        {"cast(a as integer)", {"decimal(38,0):9223372036854775808"}, "overflow: 9223372036854775808 does not fit integer"},
        {"cast(a as integer)", {"decimal(38,2):-9223372036854775808.99"}, "-9223372036854775808"},
        {"cast(a as integer)", {"real:-1.99"}, "-1"},
        {"cast(a as integer)", {"real:1e19"}, "overflow: 10000000000000000000 does not fit integer"},
        {"cast(a as integer)", {"boolean:true"}, "1"},
        {"cast(a as boolean)", {"integer:-3"}, "true"},
        {"cast(a as decimal(6,2))", {"integer:9999"}, "9999.00"},
        {"cast(a as decimal(6,2))", {"integer:-10000"}, "overflow: -10000 does not fit decimal(6,2)"},
        {"cast(a as decimal(38,19))", {MOST}, "9223372036854775807.0000000000000000000"},
        {"cast(a as decimal(38,38))", {"integer:1"}, "overflow: 1 does not fit decimal(38,38)"},
        {"cast(a as decimal(6,2))", {"real:2.675"}, "2.68"}, /* as it is written, though the nearest double lies below */
        {"cast(a as decimal(6,2))", {"real:1e4"}, "overflow: 10000 does not fit decimal(6,2)"},
        {"cast(a as real)", {"decimal(38,10):1234567890123456789012345678.0123456789"}, "1.2345678901234569e+27"},
        {"cast(a as numeric ( 6 , 2 ))", {"text:1"}, "1.00"},
        {"cast(a as BIGINT)", {"text:1"}, "1"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(null_rows_hold_anything_and_never_fail)
{
    static const char *const expressions[] = {"a + 9223372036854775807", "a * 4611686018427387904", "-a", "a / 0 > 1", "a % 0", "a + b", "b * 2",
                                              "b / 0", "cast(a as decimal(1,0))", "cast(b as decimal(1,0))", "cast(b as integer)", "c * 1e308",
                                              "cast(c as integer)", "cast(c as decimal(2,1))", "d + 100000000", "cast(d as timestamp)",
                                              "cast(d as text)", "cast(a as text) || cast(b as text)"};
    static int64_t number[2] = {INT64_MIN, INT64_MAX};
    static double real[2] = {1e308, -1e308};
    static const uint8_t nulls[2] = {1, 1};
    value_int128 *decimal;
    const struct expression_name names[] = {{"a", {.type = DAYBREAK_TYPE_INTEGER}},
                                            {"b", {.type = DAYBREAK_TYPE_DECIMAL, .precision = 20, .scale = 2}},
                                            {"c", {.type = DAYBREAK_TYPE_REAL}},
                                            {"d", {.type = DAYBREAK_TYPE_DATE}}};
    const struct expression_scope scope = {.name = names, .names = 4};
    struct arena *arena = arena_new();

    decimal = arena_alloc(arena, 2 * sizeof *decimal);
    memset(decimal, 0x7f, 2 * sizeof *decimal);
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
        const struct vector input[4] = {{.type = names[0].type, .nulls = nulls, .number = number},
                                        {.type = names[1].type, .nulls = nulls, .decimal = decimal},
                                        {.type = names[2].type, .nulls = nulls, .real = real},
                                        {.type = names[3].type, .nulls = nulls, .number = number}};
        struct expression_failures failures = {0};
        struct expression_error error = {0};
        struct expression *expression = expression_compile(arena, expressions[i], &scope, &error);
        struct vector out;

        ck_assert_msg(expression != NULL, "%s: %s", expressions[i], error.what);
        expression_run(expression, input, 2, NULL, 2, arena, &out, &failures);
        ck_assert_msg(failures.count == 0, "%s: %s", expressions[i], failures.count == 0 ? "" : failures.item[0].detail);
        ck_assert_uint_eq(out.nulls[0] + out.nulls[1], 2);
        expression_free(expression);
    }
    arena_free(arena);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("expression types");
    TCase *tcase = tcase_create("expression types");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, every_pair_of_types_adds_to_what_the_rules_say);
    tcase_add_test(tcase, every_cast_is_there_or_says_what_to_write);
    tcase_add_test(tcase, integers_overflow_at_64_bits);
    tcase_add_test(tcase, decimals_are_exact_and_round_once);
    tcase_add_test(tcase, reals_are_finite_or_fail);
    tcase_add_test(tcase, dates_count_days_and_timestamps_seconds);
    tcase_add_test(tcase, numbers_compare_by_value_and_texts_by_bytes);
    tcase_add_test(tcase, casts_take_whole_values_or_fail_the_row);
    tcase_add_test(tcase, null_rows_hold_anything_and_never_fail);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
