/* SPDX-License-Identifier: Apache-2.0 */
#include "config/option.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "config/finding.h"

struct values {
    const char *path, *token, *delimiter;
    bool header;
    int64_t skip, settle_ms, room, at_s, count;
    double share;
    int ragged;
    struct daybreak_list names, presets;
    struct daybreak_map after, pairs;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct values, path), .required = true, .help = "A path.",
     .example = "drop/a.csv"},
    {.name = "token", .type = DAYBREAK_TEXT, .at = offsetof(struct values, token), .secret = true, .preset = "none",
     .help = "A token."},
    {.name = "delimiter", .type = DAYBREAK_TEXT, .at = offsetof(struct values, delimiter), .preset = ",",
     .help = "Between fields.", .example = ";"},
    {.name = "header", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct values, header), .preset = "true", .help = "Names first."},
    {.name = "skip", .type = DAYBREAK_INTEGER, .at = offsetof(struct values, skip), .max = 1000, .help = "Lines."},
    {.name = "count", .type = DAYBREAK_INTEGER, .at = offsetof(struct values, count), .help = "Any number."},
    {.name = "settle", .type = DAYBREAK_DURATION, .at = offsetof(struct values, settle_ms), .preset = "2s",
     .max = 3600000, .help = "Wait."},
    {.name = "room", .type = DAYBREAK_SIZE, .at = offsetof(struct values, room), .preset = "1MiB", .min = 4096,
     .max = 1 << 30, .help = "Bytes."},
    {.name = "at", .type = DAYBREAK_TIME, .at = offsetof(struct values, at_s), .help = "When."},
    {.name = "share", .type = DAYBREAK_PERCENT, .at = offsetof(struct values, share), .preset = "20%", .help = "How much."},
    {.name = "ragged", .type = DAYBREAK_CHOICE, .at = offsetof(struct values, ragged), .preset = "invalid",
     .choices = "invalid|pad|cut", .help = "What."},
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct values, names), .help = "Names."},
    {.name = "presets", .type = DAYBREAK_LIST, .at = offsetof(struct values, presets), .preset = "[a, b]", .help = "Names."},
    {.name = "after", .type = DAYBREAK_MAP, .at = offsetof(struct values, after), .preset = "keep", .help = "Then."},
    {.name = "pairs", .type = DAYBREAK_MAP, .at = offsetof(struct values, pairs), .preset = "{x: y}", .help = "Pairs."},
    {.name = NULL},
};

static struct arena *arena;
static struct findings findings;
static struct values values;

static void
setup(void)
{
    arena = arena_new();
    findings_init(&findings);
    memset(&values, 0, sizeof values);
}

static void
teardown(void)
{
    arena_free(arena);
    findings_fini(&findings);
}

static size_t
fill(const char *text)
{
    const struct config_node *root = node_read(arena, "p.yaml", text, strlen(text), &findings);

    ck_assert_uint_eq(findings.count, 0);
    return option_fill(options, root, &values, NULL, arena, "p.yaml", &findings);
}

START_TEST(defaults_fill_what_the_file_does_not_say)
{
    values.at_s = -1;
    ck_assert_uint_eq(fill("path: x"), 0);
    ck_assert_str_eq(values.path, "x");
    ck_assert_str_eq(values.delimiter, ",");
    ck_assert(values.header);
    ck_assert_int_eq(values.skip, 0);
    ck_assert_int_eq(values.settle_ms, 2000);
    ck_assert_int_eq(values.room, 1 << 20);
    ck_assert_int_eq(values.at_s, -1); /* no default: left alone */
    ck_assert(values.share > 0.199 && values.share < 0.201);
    ck_assert_int_eq(values.ragged, 0);
    ck_assert_uint_eq(values.names.count, 0);
    ck_assert_uint_eq(values.presets.count, 2);
    ck_assert_str_eq(values.presets.item[1], "b");
    ck_assert_uint_eq(values.after.count, 1);
    ck_assert_str_eq(values.after.name[0], "keep");
    ck_assert_str_eq(values.pairs.value[0], "y");
}
END_TEST

START_TEST(what_the_file_says_is_typed_by_the_table)
{
    ck_assert_uint_eq(fill("{path: 007, header: NO, skip: 12, count: -9223372036854775808, settle: 1m, room: 16MiB, "
                           "at: 02:10:30, share: 0.5, ragged: cut,"
                           " names: one, after: {move: done/}, delimiter: ''}"),
                      0);
    ck_assert_str_eq(values.path, "007");
    ck_assert(!values.header);
    ck_assert_int_eq(values.skip, 12);
    ck_assert_int_eq(values.count, INT64_MIN);
    ck_assert_int_eq(values.settle_ms, 60000);
    ck_assert_int_eq(values.room, 16 << 20);
    ck_assert_int_eq(values.at_s, 2 * 3600 + 630);
    ck_assert(values.share == 0.5);
    ck_assert_int_eq(values.ragged, 2);
    ck_assert_uint_eq(values.names.count, 1);
    ck_assert_str_eq(values.names.item[0], "one");
    ck_assert_str_eq(values.after.name[0], "move");
    ck_assert_str_eq(values.after.value[0], "done/");
    ck_assert_str_eq(values.delimiter, "");
}
END_TEST

static const struct {
    const char *text, *code, *message, *suggestion;
    uint32_t column;
} wrongs[] = {
    {"{path: x, delimeter: ;}", "unknown-key", "unknown key 'delimeter'", "did you mean 'delimiter'?", 11},
    {"{path: x, sep: ;}", "unknown-key", "unknown key 'sep'", "did you mean 'delimiter'?", 11},
    {"{path: x, zzzzzzzzzz: 1}", "unknown-key", "unknown key 'zzzzzzzzzz'",
     "known here: path, token, delimiter, header, skip, count, settle, room, at, share, ragged, names, presets, after, "
     "pairs", 11},
    {"{skip: 1}", "missing-key", "'path' is missing", "path: drop/a.csv", 1},
    {"{path: }", "empty-value", "'path' must not be empty", NULL, 2},
    {"{path: [a]}", "wrong-type", "'path' must be one value, not a list", NULL, 8},
    {"{path: x, header: maybe}", "wrong-type", "'header' must be true or false, not 'maybe'", NULL, 19},
    {"{path: x, header: }", "empty-value", "'header' must be true or false, it is empty", NULL, 11},
    {"{path: x, skip: 1.5}", "wrong-type", "'skip' must be a whole number, not '1.5'", NULL, 17},
    {"{path: x, skip: -1}", "out-of-bounds", "'skip' must be at least 0, not '-1'", NULL, 17},
    {"{path: x, skip: 1001}", "out-of-bounds", "'skip' must be at most 1000, not '1001'", NULL, 17},
    {"{path: x, count: 9223372036854775808}", "wrong-type", "'count' must be a whole number, not '9223372036854775808'",
     NULL, 18},
    {"{path: x, settle: 5}", "wrong-type", "'settle' must be a duration such as 250ms, 2s, 5m, 1h or 3d, not '5'", NULL, 19},
    {"{path: x, settle: 2h}", "out-of-bounds", "'settle' must be at most 1h, not '2h'", NULL, 19},
    {"{path: x, room: 1}", "out-of-bounds", "'room' must be at least 4KiB, not '1'", NULL, 17},
    {"{path: x, room: 2GiB}", "out-of-bounds", "'room' must be at most 1GiB, not '2GiB'", NULL, 17},
    {"{path: x, room: lots}", "wrong-type", "'room' must be a size such as 4096, 16MiB or 1M, not 'lots'", NULL, 17},
    {"{path: x, at: 24:00}", "wrong-type", "'at' must be a time of day such as 02:10, not '24:00'", NULL, 15},
    {"{path: x, share: 120%}", "wrong-type", "'share' must be a percentage such as 20% or 0.2, not '120%'", NULL, 18},
    {"{path: x, ragged: pat}", "unknown-choice", "'ragged' may be invalid, pad or cut, not 'pat'", "did you mean 'pad'?", 19},
    {"{path: x, ragged: somehow}", "unknown-choice", "'ragged' may be invalid, pad or cut, not 'somehow'", NULL, 19},
    {"{path: x, names: {a: b}}", "wrong-type", "'names' must be a text or a list of texts, not a mapping", NULL, 18},
    {"{path: x, names: [a, [b]]}", "wrong-type", "an item must be a text, not a list", NULL, 22},
    {"{path: x, pairs: [a]}", "wrong-type", "'pairs' must be a mapping, not a list", NULL, 18},
    {"{path: x, pairs: {a: {b: c}}}", "wrong-type", "'a' must be a text, not a mapping", NULL, 22},
    {"[a]", "wrong-type", "an item must be a mapping, not a list", NULL, 1},
};

START_TEST(a_wrong_value_is_said_with_its_place_and_what_it_should_be)
{
    ck_assert_uint_eq(fill(wrongs[_i].text), 1);
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_str_eq(findings.item[0].message, wrongs[_i].message);
    ck_assert_str_eq(findings.item[0].code, wrongs[_i].code);
    ck_assert_uint_eq(findings.item[0].place.column, wrongs[_i].column);
    ck_assert_pstr_eq(findings.item[0].suggestion, wrongs[_i].suggestion);
}
END_TEST

START_TEST(everything_wrong_is_said_at_once)
{
    ck_assert_uint_eq(fill("{header: x, skip: y, settle: z, nothing: 1}"), 5);
    ck_assert_uint_eq(findings.count, 5);
}
END_TEST

START_TEST(keys_of_others_are_left_alone_but_count_as_meant)
{
    static const char *const ignore[] = {"capture", NULL};
    const struct config_node *root = node_read(arena, "p.yaml", "{path: x, capture: {a: b}}", 26, &findings);

    ck_assert_uint_eq(option_fill(options, root, &values, ignore, arena, "p.yaml", &findings), 0);
    root = node_read(arena, "p.yaml", "{path: x, captur: {a: b}}", 25, &findings);
    ck_assert_uint_eq(option_fill(options, root, &values, ignore, arena, "p.yaml", &findings), 1);
    ck_assert_str_eq(findings.item[0].suggestion, "did you mean 'capture'?");
}
END_TEST

START_TEST(without_a_mapping_there_are_defaults)
{
    ck_assert_uint_eq(option_fill(options, NULL, &values, NULL, arena, "p.yaml", &findings), 0);
    ck_assert_int_eq(values.settle_ms, 2000);
    ck_assert_uint_eq(fill("''"), 1); /* but an empty one lacks its path */
    ck_assert_str_eq(findings.item[0].message, "'path' is missing");
}
END_TEST

START_TEST(no_message_shows_a_secret)
{
    static const struct daybreak_option secrets[] = {{.name = "n", .type = DAYBREAK_INTEGER, .at = 0, .secret = true,
                                                      .min = 1, .max = 5},
                                                     {.name = "c", .type = DAYBREAK_CHOICE, .at = 8, .secret = true,
                                                      .choices = "a|b"},
                                                     {.name = NULL}};
    static const char *const texts[] = {"{n: hunter2}", "{n: 4711}", "{c: hunter2}"};
    static const char *const messages[] = {"'n' must be a whole number; its secret is not",
                                           "'n' must be at most 5, not 'what is written'", "'c' may be a or b"};
    int64_t room[2];

    for (size_t i = 0; i < 3; i++) {
        const struct config_node *root = node_read(arena, "p.yaml", texts[i], strlen(texts[i]), &findings);

        ck_assert_uint_eq(option_fill(secrets, root, room, NULL, arena, "p.yaml", &findings), 1);
        ck_assert_str_eq(findings.item[0].message, messages[i]);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(durations_have_units)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0}, {"250ms", 250}, {"2s", 2000}, {"5m", 300000}, {"5min", 300000}, {"1h", 3600000},
                {"3d", 259200000}, {"1w", 604800000},
                {"1.5h", 5400000}, {"1h30m", 5400000}, {"1d2h3m4s5ms", 93784005}, {"0.001s", 1}};
    static const char *const bad[] = {"", "5", "s", "-1s", "1.s", ".5s", "1 s", "30m1h", "1s1s", "1x", "1h ", "0.0001s",
                                      "99999999999999999999d", "300000000000000d", "1e3s"};
    int64_t ms;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(option_duration(good[i].text, &ms), "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!option_duration(bad[i], &ms), "%s", bad[i]);
}
END_TEST

START_TEST(sizes_are_decimal_or_binary)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"4096", 4096}, {"16MiB", 16 << 20}, {"1GiB", 1 << 30}, {"1M", 1000000}, {"1k", 1000}, {"2KiB", 2048},
                {"1.5M", 1500000}, {"10B", 10}, {"2TB", 2000000000000}};
    static const char *const bad[] = {"", "x", "-1", "1.5", "1 M", "1Mi", "M", "1MM", "99999999999T", "0x10"};
    int64_t bytes;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ck_assert_msg(option_size(good[i].text, &bytes), "%s", good[i].text);
        ck_assert_int_eq(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!option_size(bad[i], &bytes), "%s", bad[i]);
}
END_TEST

START_TEST(percentages_and_times_of_day_have_bounds)
{
    double share;
    int64_t seconds;

    ck_assert(option_percent("20%", &share) && share == 0.2);
    ck_assert(option_percent("20 %", &share) && share == 0.2);
    ck_assert(option_percent("0.2", &share) && share == 0.2);
    ck_assert(option_percent("100%", &share) && share == 1);
    ck_assert(option_percent("0", &share) && share == 0);
    ck_assert(!option_percent("101%", &share) && !option_percent("1.1", &share) && !option_percent("%", &share) &&
              !option_percent("", &share) &&
              !option_percent("-1%", &share));
    ck_assert(option_number("99.9", &share) && share == 99.9);
    ck_assert(!option_number("1e3", &share) && !option_number("", &share));
    ck_assert(option_time("00:00", &seconds) && seconds == 0);
    ck_assert(option_time("23:59:59", &seconds) && seconds == 86399);
    ck_assert(!option_time("24:00", &seconds) && !option_time("2:10", &seconds) && !option_time("02", &seconds) &&
              !option_time("02:60", &seconds) &&
              !option_time("02:10:", &seconds) && !option_time("02:10:00:00", &seconds) && !option_time("", &seconds));
}
END_TEST

START_TEST(the_schema_comes_from_the_same_table)
{
    static const struct daybreak_option few[] = {
        {.name = "a", .type = DAYBREAK_BOOLEAN, .preset = "true", .required = true, .help = "A."},
        {.name = "b", .type = DAYBREAK_INTEGER, .min = 1, .max = 5, .preset = "2"},
        {.name = "c", .type = DAYBREAK_CHOICE, .choices = ".|,", .preset = "."},
        {.name = "d", .type = DAYBREAK_TEXT, .secret = true, .preset = "x"},
        {.name = NULL},
    };
    struct text out = {0};
    struct json json;

    json_init(&json, &out, false);
    json_object(&json, NULL);
    option_schema(few, &json);
    option_schema_required(few, &json);
    json_close(&json);
    ck_assert_str_eq(text_end(&out),
                     "{\"properties\":{\"a\":{\"description\":\"A.\",\"enum\":[true,false,\"yes\",\"no\"],\"default\":true},"
                                     "\"b\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":5,\"default\":2},"
                                     "\"c\":{\"enum\":[\".\",\",\"],\"default\":\".\"},"
                                     "\"d\":{\"type\":[\"string\",\"number\",\"boolean\"],\"writeOnly\":true}},"
                                     "\"required\":[\"a\"]}");
    text_fini(&out);
}
END_TEST

START_TEST(help_has_a_line_for_each_option)
{
    struct text out = {0};
    const char *at;
    size_t lines = 0;

    option_help(options, &out);
    for (at = text_end(&out); *at != '\0'; at++)
        lines += *at == '\n';
    ck_assert_uint_eq(lines, 15);
    ck_assert_ptr_nonnull(strstr(out.at, "  path       text             A path. Required. Example: drop/a.csv\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "  ragged     invalid|pad|cut  What. Default: invalid.\n"));
    ck_assert_ptr_nonnull(strstr(out.at, "A token. Never shown.\n"));
    text_fini(&out);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("option");
    TCase *tcase = tcase_create("option");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, defaults_fill_what_the_file_does_not_say);
    tcase_add_test(tcase, what_the_file_says_is_typed_by_the_table);
    tcase_add_loop_test(tcase, a_wrong_value_is_said_with_its_place_and_what_it_should_be, 0,
                        (int)(sizeof wrongs / sizeof *wrongs));
    tcase_add_test(tcase, everything_wrong_is_said_at_once);
    tcase_add_test(tcase, keys_of_others_are_left_alone_but_count_as_meant);
    tcase_add_test(tcase, without_a_mapping_there_are_defaults);
    tcase_add_test(tcase, no_message_shows_a_secret);
    tcase_add_test(tcase, durations_have_units);
    tcase_add_test(tcase, sizes_are_decimal_or_binary);
    tcase_add_test(tcase, percentages_and_times_of_day_have_bounds);
    tcase_add_test(tcase, the_schema_comes_from_the_same_table);
    tcase_add_test(tcase, help_has_a_line_for_each_option);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
