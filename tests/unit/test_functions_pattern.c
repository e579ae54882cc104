/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and regular expressions in expressions: what they give, and what they cannot be made to do. */
#include "expression/expression.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"

#define EXPECT(list) kit_expect(NULL, list, sizeof list / sizeof *list)

/* ---- hash --------------------------------------------------------------------------------- */

START_TEST(hashes_are_those_that_others_compute)
{
    static const struct kit_expected list[] = {
        {"md5(a)", {"text:"}, "d41d8cd98f00b204e9800998ecf8427e"},
        {"md5(a)", {"text:The quick brown fox jumps over the lazy dog"}, "9e107d9d372bb6826bd81d3542a419d6"},
        {"md5(a)", {"text:12345678901234567890123456789012345678901234567890123456789012345678901234567890"},
         "57edf4a22be3c955ac49da2e2107b67a"},
        {"sha256(a)", {"text:"}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"sha256(a) = sha256('42')", {"integer:42"}, "true"},
        {"sha256(a) = sha256('1.50')", {"decimal(5,2):1.5"}, "true"},
        {"md5(a) = md5(b)", {"bytes:é", "text:é"}, "true"},
        {"xxh3(a)", {"text:"}, "2d06800538d394c2"},
        {"crc32(a)", {"text:"}, "0"},
        {"crc32(a)", {"text:123456789"}, "3421780262"},
        {"crc32(a)", {"text"}, "null"},
    };

    EXPECT(list);
}
END_TEST

/* At the ends of its blocks. */
START_TEST(md5_fills_its_blocks)
{
    static const struct kit_expected list[] = {
        {"md5(repeat('a', a))", {"integer:54"}, "eced9e0b81ef2bba605cbc5e2e76a1d0"},
        {"md5(repeat('a', a))", {"integer:55"}, "ef1772b6dff9a122358552954ad0df65"},
        {"md5(repeat('a', a))", {"integer:56"}, "3b0c8ac703f828b04c6c197006d17218"},
        {"md5(repeat('a', a))", {"integer:57"}, "652b906d60af96844ebd21b674f35e93"},
        {"md5(repeat('a', a))", {"integer:63"}, "b06521f39153d618550606be297466d5"},
        {"md5(repeat('a', a))", {"integer:64"}, "014842d480b571495a4a0363793f7367"},
        {"md5(repeat('a', a))", {"integer:65"}, "c743a45e0d2e6a95cb859adae0248435"},
        {"md5(repeat('a', a))", {"integer:119"}, "8a7bd0732ed6a28ce75f6dabc90e1613"},
        {"md5(repeat('a', a))", {"integer:120"}, "5f61c0ccad4cac44c75ff505e1f1e537"},
        {"md5(repeat('a', a))", {"integer:128"}, "e510683b3f5ffe4093d021808bc6ff70"},
        {"md5(repeat('a', a))", {"integer:1000"}, "cabe45dcc9ae5b66ba86600cca6b8ba8"},
    };

    EXPECT(list);
}
END_TEST

/* ---- pattern ------------------------------------------------------------------------------ */

START_TEST(patterns_match_extract_and_replace)
{
    static const struct kit_expected list[] = {
        {"a REGEXP '^[A-Z]{2}-\\d+$'", {"text:DE-10115"}, "true"},
        {"a NOT REGEXP 'x'", {"text:abc"}, "true"},
        {"regexp('b', a)", {"text:abc"}, "true"},
        {"regexp(a, b)", {"text:^b", "text:abc"}, "false"},
        {"a REGEXP ''", {"text:"}, "true"},
        {"a REGEXP 'x'", {"text"}, "null"},
        {"a REGEXP '^.$'", {"text:é"}, "true"},
        {"a REGEXP '^\\p{Lu}'", {"text:Ärger"}, "true"},
        {"a REGEXP '^\\w'", {"text:Ärger"}, "false"},
        {"a REGEXP '^a.b$'", {"text:a\xff" "b"}, "false"}, /* bytes that are no UTF-8 match nothing */
        {"regexp_like(a, 'ÄRGER', 'i')", {"text:ärger"}, "true"},
        {"regexp_like(a, '^b', 'm')", {"text:a\nb"}, "true"},
        {"regexp_like(a, 'a.b')", {"text:a\nb"}, "false"},
        {"regexp_like(a, 'a.b', 's')", {"text:a\nb"}, "true"},
        {"regexp_like(a, 'a b', 'x')", {"text:ab"}, "true"},
        {"regexp_like(a, 'a', 'q')", {"text:ab"},
         "error: regexp_like knows no flag 'q' (flags are i (any case), m (^ and $ at lines), s (. matches a line end), x "
         "(blanks in the pattern do not count))"},
        {"a REGEXP '('", {"text:abc"}, "error: this is no regular expression: missing closing parenthesis at byte 2 of it"},
        {"a REGEXP '\\C'", {"text:abc"}, "error: this is no regular expression: using \\C is disabled by the application at "
                                         "byte 3 of it"},
        {"regexp(a, b)", {"text:[", "text:abc"},
         "bad_argument: '[' is no regular expression: missing terminating ] for character class at byte 2"},
        {"regexp_extract(a, '\\d+')", {"text:ab 042 7"}, "042"},
        {"regexp_extract(a, '(\\d)(x)?', 1)", {"text:ab 042"}, "0"},
        {"regexp_extract(a, '(\\d)(x)?', 2)", {"text:ab 042"}, "null"},
        {"regexp_extract(a, 'x*')", {"text:abc"}, ""},
        {"regexp_extract(a, 'z')", {"text:abc"}, "null"},
        {"regexp_extract(a, b, 1)", {"text:abc", "text:b(.)"}, "c"},
        {"regexp_extract(a, '(b)', 2)", {"text:abc"}, "error: the pattern has 1 group, there is no group 2"},
        {"regexp_extract(a, '(b)', b)", {"text:abc", "integer:-1"}, "null"},
        {"regexp_extract(a, 'B', 0, 'i')", {"text:abc"}, "b"},
        {"regexp_replace(a, '[^0-9]', '')", {"text:+49 (0)30 / 12"}, "4903012"},
        {"regexp_replace(a, '(\\w+)@(\\w+)', '\\2 at \\1 \\\\ \\0')", {"text:me@here"}, "here at me \\ me@here"},
        {"regexp_replace(a, 'x*', '-')", {"text:abc"}, "-a-b-c-"},
        {"regexp_replace(a, 'x*', '-')", {"text:éà"}, "-é-à-"},
        {"regexp_replace(a, 'x*', '-')", {"text:axb"}, "-a--b-"},
        {"regexp_replace(a, 'x*', '-')", {"text:"}, "-"},
        {"regexp_replace(a, '^', '-', 'm')", {"text:a\nb"}, "-a\n-b"},
        {"regexp_replace(a, '(?<=a)b', 'X')", {"text:abab"}, "aXaX"},
        {"regexp_replace(a, 'B', 'x', 'gi')", {"text:abab"}, "axax"},
        {"regexp_replace(a, '(a)(z)?', '[\\1\\2]')", {"text:ab"}, "[a]b"},
        {"regexp_replace(a, 'q', 'x')", {"text:abc"}, "abc"},
        {"regexp_replace(a, 'b', '\\1')", {"text:abc"}, "error: the pattern has 0 groups, there is no \\1"},
        {"regexp_replace(a, b, c)", {"text:abc", "text:b", "text:\\1"}, "ac"},
        {"regexp_replace(a, 'b', c)", {"text:abc", "text:b", "text"}, "null"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(a_pattern_cannot_run_away)
{
    static const struct kit_expected list[] = {
        {"a REGEXP '^(a|aa)+$'", {"text:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"},
         "match_limit: matching 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' takes more steps than a row may "
         "have"},
        {"regexp_replace(a, '^(a|aa)+$', '')", {"text:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"},
         "match_limit: matching 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' takes more steps than a row may "
         "have"},
        /* in a text that is searched by pieces a match is found wherever it begins */
        {"length(regexp_extract(repeat('a', 70000) || a || repeat('b', 70000), 'é+b{3}'))", {"text:ééé"}, "6"},
        {"length(regexp_replace(repeat('ab', 70000) || a, 'b', ''))", {"text:b"}, "70000"},
        {"regexp_extract(repeat('é', 40000) || a, '[^é].*$')", {"text:end"}, "end"},
        {"repeat('é', 40000) || a REGEXP '^x'", {"text:end"}, "false"},
    };

    EXPECT(list);
}
END_TEST

/* Each pattern once, then again: those kept from before must not answer for others. */
START_TEST(patterns_of_a_column_do_not_mix)
{
    struct expression_name name[] = {{"p", {.type = DAYBREAK_TYPE_TEXT}}, {"x", {.type = DAYBREAK_TYPE_TEXT}}};
    struct expression_scope scope = {.name = name, .names = 2};
    struct arena *arena = arena_new();
    struct expression_failures failures = {0};
    struct expression_error error;
    struct expression *expression = expression_compile(arena, "regexp_extract(x, p)", &scope, &error);
    const char *patterns[200], *texts[200];
    struct vector input[2], out;
    uint32_t size;

    ck_assert_msg(expression != NULL, "%s", error.what);
    for (uint32_t i = 0; i < 200; i++) {
        patterns[i] = arena_printf(arena, "%u[a-c]%s", i % 40, i % 41 == 13 ? "(" : "");
        texts[i] = arena_printf(arena, "…%ub%ua", i % 40 + 1, i % 40);
    }
    kit_fill(arena, &name[0].type, patterns, 200, &input[0]);
    kit_fill(arena, &name[1].type, texts, 200, &input[1]);
    expression_run(expression, input, 200, NULL, 200, arena, &out, &failures);
    for (uint32_t i = 0; i < 200; i++) {
        const char *found = kit_cell(arena, &out, i, &size);

        if (i % 41 == 13)
            ck_assert_ptr_null(found);
        else
            ck_assert_msg(found != NULL && strtoul(found, NULL, 10) % 10 == i % 40 % 10, "row %u: %s", i, found);
    }
    ck_assert_uint_eq(failures.count, 5);
    expression_free(expression);
    arena_free(arena);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("functions of patterns");
    TCase *tcase = tcase_create("functions of patterns");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, hashes_are_those_that_others_compute);
    tcase_add_test(tcase, md5_fills_its_blocks);
    tcase_add_test(tcase, patterns_match_extract_and_replace);
    tcase_add_test(tcase, a_pattern_cannot_run_away);
    tcase_add_test(tcase, patterns_of_a_column_do_not_mix);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
