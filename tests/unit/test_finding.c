/* SPDX-License-Identifier: Apache-2.0 */
#include "config/finding.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct findings findings;
static struct text out;

static void
setup(void)
{
    findings_init(&findings);
}

static void
teardown(void)
{
    findings_fini(&findings);
    text_fini(&out);
}

static void
source(const char *text)
{
    findings_source(&findings, "p.yaml", strdup(text), strlen(text));
}

static void
add(uint32_t line, uint32_t column, const char *message)
{
    findings_add(&findings, FINDING_ERROR, "unknown-key", "p.yaml", (struct config_place){line, column}, NULL, "%s", message);
}

static const char *
printed(void)
{
    text_clear(&out);
    findings_print(&findings, &out, false);
    return text_end(&out);
}

START_TEST(a_finding_shows_its_line_and_what_to_do)
{
    source("name: x\nsorce: y\n");
    findings_add(&findings, FINDING_ERROR, "unknown-key", "p.yaml", (struct config_place){2, 1},
                 "did you mean 'source'?", "unknown key '%s'",
                 "sorce");
    ck_assert_str_eq(printed(), "p.yaml:2:1: error: unknown key 'sorce' [unknown-key]\n"
                                "  sorce: y\n"
                                "  ^^^^^\n"
                                "  help: did you mean 'source'?\n");
}
END_TEST

START_TEST(colour_stands_around_word_and_caret_only)
{
    source("a: b\n");
    findings_add(&findings, FINDING_WARNING, "no-effect", "p.yaml", (struct config_place){1, 4}, NULL, "hm");
    findings_print(&findings, &out, true);
    ck_assert_str_eq(text_end(&out), "p.yaml:1:4: \033[33mwarning\033[0m: hm [no-effect]\n  a: b\n     \033[33m^\033[0m\n");
}
END_TEST

START_TEST(a_finding_without_a_place_has_no_line)
{
    findings_add(&findings, FINDING_NOTE, "x", "p.yaml", (struct config_place){0, 0}, NULL, "hello");
    ck_assert_str_eq(printed(), "p.yaml: note: hello [x]\n");
}
END_TEST

START_TEST(findings_stand_in_the_order_of_the_file)
{
    add(3, 1, "c");
    add(1, 5, "b");
    add(1, 2, "a");
    add(3, 1, "d");
    ck_assert_uint_eq(findings.count, 4);
    ck_assert_str_eq(findings.item[0].message, "a");
    ck_assert_str_eq(findings.item[1].message, "b");
    ck_assert_str_eq(findings.item[2].message, "c");
    ck_assert_str_eq(findings.item[3].message, "d");
}
END_TEST

START_TEST(the_same_is_not_said_twice)
{
    add(1, 1, "a");
    add(2, 1, "b");
    add(1, 1, "c");
    add(1, 1, "a");
    add(1, 2, "a");
    ck_assert_uint_eq(findings.count, 4);
    ck_assert_uint_eq(findings.errors, 4);
}
END_TEST

START_TEST(files_stay_apart)
{
    source("one\n");
    add(2, 1, "a");
    findings_add(&findings, FINDING_ERROR, "x", "q.yaml", (struct config_place){1, 1}, NULL, "a");
    add(1, 1, "b");
    ck_assert_str_eq(findings.item[0].file, "p.yaml");
    ck_assert_str_eq(printed(),
                     "p.yaml:2:1: error: a [unknown-key]\n  \n  ^\nq.yaml:1:1: error: a [x]\np.yaml:1:1: error: b "
                     "[unknown-key]\n  one\n  ^^^\n");
}
END_TEST

START_TEST(errors_and_warnings_are_counted_and_give_the_status)
{
    findings_add(&findings, FINDING_WARNING, "x", "p.yaml", (struct config_place){1, 1}, NULL, "w");
    findings_add(&findings, FINDING_NOTE, "x", "p.yaml", (struct config_place){1, 1}, NULL, "n");
    ck_assert_int_eq(findings.status, 0);
    add(1, 1, "e");
    ck_assert_int_eq(findings.status, 78);
    ck_assert_uint_eq(findings.errors, 1);
    ck_assert_uint_eq(findings.warnings, 1);
}
END_TEST

static const struct {
    const char *line;
    uint32_t column, width;
} widths[] = {{"sorce: y", 1, 5},      {"a: b c d", 4, 5},   {"a: \"x, y\", b", 4, 6}, {"a: 'it'", 4, 4},
                   {"[aa, bb]", 2, 2}, {"[aa, bb]", 1, 1},
              {"{a: bb}", 5, 2},       {"a: b # c", 4, 1},   {"a: x#y", 4, 3},          {"a: h:m", 4,
                  3},       {"größe: 1", 1, 5}, {"ä: größe", 4, 5},
              {"a: \"x\\\"y\" z", 4, 6}, {"a: \"open", 4, 5}, {"", 1, 1},                {"a", 9, 1},            {"a:", 3, 1}};

START_TEST(the_caret_underlines_the_word_at_its_place)
{
    source(widths[_i].line);
    add(1, widths[_i].column, "m");
    ck_assert_msg(findings.item[0].width == widths[_i].width, "%s: %u", widths[_i].line, findings.item[0].width);
}
END_TEST

START_TEST(nothing_of_the_file_reaches_the_terminal_raw)
{
    source("a: \033[31m\xe2\x80\xae\tb\xff\x7f\xc2\x9b\xe2\x80\xa6\xc3\xa4\r\nb: 1\rc: 2\n");
    add(1, 1, "x \033[31m y");
    add(3, 4, "line three");
    ck_assert_str_eq(printed(), "p.yaml:1:1: error: x \\x1b[31m y [unknown-key]\n  a: ?[31m? b???\xe2\x80\xa6\xc3\xa4\n  ^\n"
                                "p.yaml:3:4: error: line three [unknown-key]\n  c: 2\n     ^\n");
}
END_TEST

START_TEST(a_long_line_is_shown_around_the_caret)
{
    char line[2000];
    const char *end;

    memset(line, 'x', sizeof line);
    memcpy(line + 999, " y ", 4);
    memset(line + 1002, 'z', 900);
    line[1902] = '\0';
    source(line);
    add(1, 1001, "m");
    end = strstr(printed(), "\n  ") + 3;
    ck_assert_uint_eq(strcspn(end, "\n"), 110);
    ck_assert_int_eq(end[40], 'y');
    end = strchr(end, '\n') + 1;
    ck_assert_uint_eq(strspn(end, " "), 42);
}
END_TEST

START_TEST(more_than_a_thousand_are_counted)
{
    for (uint32_t i = 1; i <= 1200; i++)
        add(i, 1, "m");
    ck_assert_uint_eq(findings.count, FINDINGS_SHOWN);
    ck_assert_uint_eq(findings.errors, 1200);
    ck_assert_ptr_nonnull(strstr(printed(), "\nand 200 more findings\n"));
}
END_TEST

START_TEST(json_has_the_members_of_the_interface)
{
    struct json json;

    source("a: b\n");
    findings_add(&findings, FINDING_ERROR, "unknown-key", "p.yaml", (struct config_place){1, 1}, "did you mean 'b'?",
                 "unknown key \"a\"");
    findings_add(&findings, FINDING_WARNING, "no-effect", "p.yaml", (struct config_place){0, 0}, NULL, "w");
    json_init(&json, &out, false);
    json_object(&json, NULL);
    findings_json(&findings, &json);
    json_close(&json);
    ck_assert_str_eq(text_end(&out),
                     "{\"findings\":[{\"severity\":\"warning\",\"code\":\"no-effect\",\"message\":\"w\",\"file\":\"p.yaml\","
                     "\"line\":null,\"column\":null,\"suggestion\":null},"
                     "{\"severity\":\"error\",\"code\":\"unknown-key\","
                     "\"message\":\"unknown key \\\"a\\\"\","
                     "\"file\":\"p.yaml\",\"line\":1,\"column\":1,\"suggestion\":\"did you mean 'b'?\"}]}");
}
END_TEST

START_TEST(every_code_is_explained_once)
{
    for (size_t i = 0; finding_codes[i].code != NULL; i++) {
        ck_assert(strlen(finding_codes[i].help) > 20);
        ck_assert_uint_eq(strspn(finding_codes[i].code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(finding_codes[i].code));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(finding_codes[i].code, finding_codes[k].code);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("finding");
    TCase *tcase = tcase_create("finding");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_finding_shows_its_line_and_what_to_do);
    tcase_add_test(tcase, colour_stands_around_word_and_caret_only);
    tcase_add_test(tcase, a_finding_without_a_place_has_no_line);
    tcase_add_test(tcase, findings_stand_in_the_order_of_the_file);
    tcase_add_test(tcase, the_same_is_not_said_twice);
    tcase_add_test(tcase, files_stay_apart);
    tcase_add_test(tcase, errors_and_warnings_are_counted_and_give_the_status);
    tcase_add_loop_test(tcase, the_caret_underlines_the_word_at_its_place, 0, (int)(sizeof widths / sizeof *widths));
    tcase_add_test(tcase, nothing_of_the_file_reaches_the_terminal_raw);
    tcase_add_test(tcase, a_long_line_is_shown_around_the_caret);
    tcase_add_test(tcase, more_than_a_thousand_are_counted);
    tcase_add_test(tcase, json_has_the_members_of_the_interface);
    tcase_add_test(tcase, every_code_is_explained_once);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
