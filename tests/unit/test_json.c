/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <check.h>
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static struct text out;

static void
teardown(void)
{
    text_fini(&out);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void
write_all_kinds(bool pretty)
{
    struct json json;

    json_init(&json, &out, pretty);
    json_object(&json, NULL);
    json_text(&json, "text", "a\"b");
    json_text(&json, "none", NULL);
    json_bytes(&json, "bytes", "x\0y", 3);
    json_int(&json, "int", -7);
    json_real(&json, "real", 0.1);
    json_bool(&json, "yes", true);
    json_null(&json, "null");
    json_raw(&json, "raw", "19.90", 5);
    json_array(&json, "list");
    json_int(&json, NULL, 1);
    json_object(&json, NULL);
    json_close(&json);
    json_array(&json, NULL);
    json_close(&json);
    json_close(&json);
    json_object(&json, "in\n");
    json_bool(&json, "no", false);
    json_close(&json);
    json_close(&json);
}

START_TEST(objects_are_compact)
{
    write_all_kinds(false);
    ck_assert_str_eq(text_end(&out),
                     "{\"text\":\"a\\\"b\",\"none\":null,\"bytes\":\"x\\u0000y\",\"int\":-7,\"real\":0.1,"
                     "\"yes\":true,\"null\":null,\"raw\":19.90,\"list\":[1,{},[]],\"in\\n\":{\"no\":false}}");
}
END_TEST

START_TEST(objects_are_pretty)
{
    write_all_kinds(true);
    ck_assert_str_eq(text_end(&out), "{\n"
                                     "  \"text\": \"a\\\"b\",\n"
                                     "  \"none\": null,\n"
                                     "  \"bytes\": \"x\\u0000y\",\n"
                                     "  \"int\": -7,\n"
                                     "  \"real\": 0.1,\n"
                                     "  \"yes\": true,\n"
                                     "  \"null\": null,\n"
                                     "  \"raw\": 19.90,\n"
                                     "  \"list\": [\n"
                                     "    1,\n"
                                     "    {},\n"
                                     "    []\n"
                                     "  ],\n"
                                     "  \"in\\n\": {\n"
                                     "    \"no\": false\n"
                                     "  }\n"
                                     "}");
}
END_TEST

START_TEST(a_value_alone_is_no_list)
{
    struct json json;

    json_init(&json, &out, true);
    json_int(&json, NULL, 5);
    ck_assert_str_eq(text_end(&out), "5");
}
END_TEST

/* Arrays and objects in turn, down to the deepest level; what was written is read again. */
START_TEST(levels_close_as_they_were_opened)
{
    struct json json;
    struct json_tree tree = {0};
    size_t where;

    json_init(&json, &out, _i == 1);
    for (int level = 0; level < JSON_DEPTH; level++)
        if (level % 3 == 0)
            json_object(&json, NULL);
        else
            json_array(&json, level % 3 == 1 ? "list" : NULL);
    for (int level = 0; level < JSON_DEPTH; level++)
        json_close(&json);
    ck_assert_int_eq(json_parse(&tree, out.at, out.size, &where), 0);
    ck_assert_uint_eq(tree.count, JSON_DEPTH);
    for (uint32_t level = 0; level < JSON_DEPTH; level++)
        ck_assert_int_eq(tree.node[level].kind, level % 3 == 0 ? JSON_OBJECT : JSON_ARRAY);
    json_fini(&tree);
}
END_TEST

static const struct quoted {
    const char *bytes;
    size_t size;
    const char *json;
} quotes[] = {
    {"", 0, "\"\""},
    {"plain", 5, "\"plain\""},
    {"\"\\/", 3, "\"\\\"\\\\/\""},
    {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
    {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
    {"é€😀", 9, "\"é€😀\""},
    {"\xc2\x85\xe2\x80\xa8", 5, "\"\xc2\x85\xe2\x80\xa8\""}, /* above U+001F nothing is escaped */
    {"a\xff" "b", 3, "\"a\xef\xbf\xbd" "b\""},
    {"\xe2\x82", 2, "\"\xef\xbf\xbd\""},         /* a character cut off: one sign for it */
    {"\xe2\x82" "a", 3, "\"\xef\xbf\xbd" "a\""},
    {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\x80", 1, "\"\xef\xbf\xbd\""},
};

START_TEST(a_string_is_quoted)
{
    json_quote(&out, quotes[_i].bytes, quotes[_i].size);
    ck_assert_str_eq(text_end(&out), quotes[_i].json);
}
END_TEST

START_TEST(whatever_the_bytes_the_quoted_text_is_json_and_comes_back)
{
    struct json_tree tree = {0};
    char bytes[70];
    unsigned state = (unsigned)_i * 2654435761u + 1;
    size_t where;

    for (int turn = 0; turn < 2000; turn++) {
        size_t size = state % sizeof(bytes);
        struct text back = {0};

        for (size_t i = 0; i < size; i++) {
            state = state * 1664525 + 1013904223;
            bytes[i] = (char)(state >> 24);
            if (turn % 2 == 0) /* ASCII, which must come back exactly */
                bytes[i] = (char)(bytes[i] & 0x7f);
        }
        text_clear(&out);
        json_quote(&out, bytes, size);
        ck_assert_int_eq(json_parse(&tree, out.at, out.size, &where), 0);
        json_string(&tree, 0, &back);
        if (turn % 2 == 0) {
            ck_assert_uint_eq(back.size, size);
            ck_assert(size == 0 || memcmp(back.at, bytes, size) == 0);
        }
        text_fini(&back);
    }
    json_fini(&tree);
}
END_TEST

START_TEST(a_flaw_at_any_place_is_quoted)
{
    char bytes[80], expected[120];

    for (size_t at = 0; at < sizeof(bytes); at++) {
        memset(bytes, 'x', sizeof(bytes));
        bytes[at] = _i == 0 ? '"' : _i == 1 ? '\x1f' : '\xfe';
        snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"", (int)at, bytes,
                 _i == 0 ? "\\\"" : _i == 1 ? "\\u001f" : "\xef\xbf\xbd", (int)(sizeof(bytes) - at - 1),
                 bytes + at + 1);
        text_clear(&out);
        json_quote(&out, bytes, sizeof(bytes));
        ck_assert_str_eq(text_end(&out), expected);
    }
}
END_TEST

static const struct real {
    double value;
    const char *json;
} reals[] = {
    {0, "0"},
    {-0.0, "-0"},
    {1, "1"},
    {-2.5, "-2.5"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1.0 / 3, "0.3333333333333333"},
    {1e21, "1e+21"},
    {123456789012345680.0, "1.2345678901234568e+17"},
    {5e-324, "5e-324"},
    {2.2250738585072014e-308, "2.2250738585072014e-308"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
    {9007199254740993.0, "9007199254740992"},
    {HUGE_VAL, "null"},
    {-HUGE_VAL, "null"},
};

START_TEST(a_real_is_the_shortest_that_reads_back)
{
    struct json json;

    json_init(&json, &out, false);
    json_real(&json, NULL, reals[_i].value);
    ck_assert_str_eq(text_end(&out), reals[_i].json);
    text_clear(&out);
    json_real(&json, NULL, nan(""));
    ck_assert_str_eq(text_end(&out), "null");
}
END_TEST

START_TEST(any_real_reads_back)
{
    uint64_t bits = 88172645463325252u;
    struct json json;

    for (int i = 0; i < 20000; i++) {
        double value;

        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        text_clear(&out);
        json_init(&json, &out, false);
        json_real(&json, NULL, value);
        ck_assert(strtod(text_end(&out), NULL) == value);
    }
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------ */

static struct json_tree
parsed(const char *source)
{
    struct json_tree tree = {0};
    size_t where = 0;

    ck_assert_msg(json_parse(&tree, source, strlen(source), &where) == 0, "%s: at %zu", source, where);
    return tree;
}

static const char *
string_of(const struct json_tree *tree, uint32_t node)
{
    text_clear(&out);
    json_string(tree, node, &out);
    return text_end(&out);
}

START_TEST(members_are_found_by_name)
{
    struct json_tree tree = parsed(" { \"a\" : 1 , \"b\\u0063\" : \"x\\ty\", \"list\": [ true , null, -12.50e1, \"\" ],"
                                   " \"o\": {\"a\": 2}, \"\": 3, \"a\": 4 } ");
    uint32_t list = json_member(&tree, 0, "list"), at;

    ck_assert_int_eq(tree.node[0].kind, JSON_OBJECT);
    ck_assert_int_eq(json_number(&tree, json_member(&tree, 0, "a"), 0), 4); /* the last one holds */
    ck_assert_str_eq(string_of(&tree, json_member(&tree, 0, "bc")), "x\ty");
    ck_assert(tree.node[json_member(&tree, 0, "bc")].escaped);
    ck_assert_int_eq(json_number(&tree, json_member(&tree, json_member(&tree, 0, "o"), "a"), 0), 2);
    ck_assert_int_eq(json_number(&tree, json_member(&tree, 0, ""), 0), 3);
    ck_assert_uint_eq(json_member(&tree, 0, "A"), 0);
    ck_assert_uint_eq(json_member(&tree, 0, "b"), 0);
    ck_assert_uint_eq(json_member(&tree, list, "a"), 0);
    ck_assert_uint_eq(json_member(&tree, 999, "a"), 0);
    ck_assert_int_eq(tree.node[list].kind, JSON_ARRAY);
    ck_assert_int_eq(strncmp(tree.source + tree.node[list].at, "[ true , null, -12.50e1, \"\" ]",
                             tree.node[list].size), 0);
    ck_assert_uint_eq(tree.node[list].size, 29);
    ck_assert_str_eq(string_of(&tree, list), "");
    at = tree.node[list].child;
    ck_assert_int_eq(tree.node[at].kind, JSON_TRUE);
    ck_assert_str_eq(string_of(&tree, at), "true");
    at = tree.node[at].next;
    ck_assert_int_eq(tree.node[at].kind, JSON_NULL);
    at = tree.node[at].next;
    ck_assert_int_eq(tree.node[at].kind, JSON_NUMBER);
    ck_assert_str_eq(string_of(&tree, at), "-12.50e1"); /* exactly as it was written */
    at = tree.node[at].next;
    ck_assert_str_eq(string_of(&tree, at), "");
    ck_assert_uint_eq(tree.node[at].next, 0);
    json_fini(&tree);
}
END_TEST

START_TEST(a_tree_is_used_again)
{
    struct json_tree tree = {0};
    size_t where;

    ck_assert_int_eq(json_parse(&tree, "[1,2,3]", 7, &where), 0);
    ck_assert_uint_eq(tree.count, 4);
    ck_assert_int_eq(json_parse(&tree, "[1,", 3, &where), -1);
    ck_assert_uint_eq(tree.count, 0);
    ck_assert_int_eq(json_parse(&tree, "{}", 2, &where), 0);
    ck_assert_uint_eq(tree.count, 1);
    ck_assert_uint_eq(tree.node[0].child, 0);
    json_fini(&tree);
    ck_assert_ptr_null(tree.node);
}
END_TEST

START_TEST(whole_numbers_are_exact_and_others_are_refused)
{
    static const struct {
        const char *source;
        int64_t value;
    } numbers[] = {{"0", 0}, {"-0", 0}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN},
                   {"9223372036854775808", 77}, {"-9223372036854775809", 77}, {"99999999999999999999999", 77},
                   {"1.0", 77}, {"1e3", 77}, {"\"5\"", 77}, {"null", 77}, {"[5]", 77}, {"-41", -41}};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct json_tree tree = parsed(numbers[i].source);

        ck_assert_int_eq(json_number(&tree, 0, 77), numbers[i].value);
        json_fini(&tree);
    }
}
END_TEST

START_TEST(the_place_of_a_fault_is_told)
{
    static const struct {
        const char *source;
        size_t where;
    } faults[] = {{"", 0},          {"  ", 2},        {"[1 2]", 3},      {"{\"a\" 1}", 5}, {"{\"a\":1,}", 7},
                  {"[1,]", 3},      {"nul", 3},       {"nulx", 3},       {"01", 1},        {"1.", 2},
                  {"\"a\x01\"", 2}, {"\"\\x\"", 2},   {"\"\\u12g4\"", 5}, {"[1] x", 4},    {"\"ab", 3},
                  {"{1:2}", 1},     {"\"\xff\"", 1},  {"-", 1},          {"+1", 0},        {"[", 1}};
    struct json_tree tree = {0};

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        size_t where = 99;

        ck_assert_int_eq(json_parse(&tree, faults[i].source, strlen(faults[i].source), &where), -1);
        ck_assert_msg(where == faults[i].where, "%s: %zu, not %zu", faults[i].source, where, faults[i].where);
    }
    json_fini(&tree);
}
END_TEST

START_TEST(depth_is_limited)
{
    char source[2 * (JSON_DEPTH + 1)];
    struct json_tree tree = {0};
    size_t where;

    for (size_t depth = JSON_DEPTH; depth <= JSON_DEPTH + 1; depth++) {
        memset(source, '[', depth);
        memset(source + depth, ']', depth);
        ck_assert_int_eq(json_parse(&tree, source, 2 * depth, &where), depth == JSON_DEPTH ? 0 : -1);
    }
    ck_assert_uint_eq(where, JSON_DEPTH);
    json_fini(&tree);
}
END_TEST

static const struct {
    const char *escaped, *plain;
    size_t size;
} escapes[] = {
    {"", "", 0},
    {"abc", "abc", 3},
    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8},
    {"x\\u0041y", "xAy", 3},
    {"\\u00e9\\u20AC\\uD83d\\ude00", "é€😀", 9},
    {"\\u0000", "\0", 1},
    {"\\ud800", "\xef\xbf\xbd", 3},
    {"\\udc00x", "\xef\xbf\xbdx", 4},
    {"\\ud800\\ud800\\udc00", "\xef\xbf\xbd\xf0\x90\x80\x80", 7},
    {"\\ud800\\n", "\xef\xbf\xbd\n", 4},
    {"\\ud800\\u0041", "\xef\xbf\xbd" "A", 4},
    {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf", 4},
    {"\\ufffd\\uFFFF", "\xef\xbf\xbd\xef\xbf\xbf", 6},
};

START_TEST(escapes_are_decoded_in_place_too)
{
    char at[64], to[64];
    size_t size = strlen(escapes[_i].escaped);

    memset(to, '#', sizeof(to));
    ck_assert_uint_eq(json_unescape(escapes[_i].escaped, size, to), escapes[_i].size);
    ck_assert_int_eq(memcmp(to, escapes[_i].plain, escapes[_i].size), 0);
    ck_assert_int_eq(to[escapes[_i].size], '#');
    memcpy(at, escapes[_i].escaped, size);
    ck_assert_uint_eq(json_unescape(at, size, at), escapes[_i].size);
    ck_assert_int_eq(memcmp(at, escapes[_i].plain, escapes[_i].size), 0);
}
END_TEST

/* What was never scanned: no meaning, but no harm. */
START_TEST(a_torn_escape_does_no_harm)
{
    static const char whole[] = "\\ud83d\\ude00\\";

    for (size_t size = 0; size < sizeof(whole); size++) {
        char *at = malloc(size + 1), *to = malloc(size + 1);

        memcpy(at, whole, size);
        ck_assert_uint_le(json_unescape(at, size, to), size);
        free(at);
        free(to);
    }
}
END_TEST

/* https://github.com/nst/JSONTestSuite: y_ must be accepted, n_ refused, i_ either. */
START_TEST(the_conformance_suite_is_passed)
{
    const char *shared = getenv("DAYBREAK_SHARED");
    char path[4096], unlike[2000] = "";
    int files = 0;
    DIR *dir;

    if (shared == NULL || shared[0] == '\0') {
        printf("skipped: DAYBREAK_SHARED does not name the folder that holds conformance/JSONTestSuite\n");
        return;
    }
    snprintf(path, sizeof(path), "%s/conformance/JSONTestSuite/test_parsing", shared);
    dir = opendir(path);
    if (dir == NULL) {
        printf("skipped: there is no folder '%s'\n", path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct daybreak_fault fault = {0};
        struct json_tree tree = {0};
        size_t size, where = SIZE_MAX, used = strlen(unlike);
        char *bytes, *exact;
        int result;

        if (strchr("yni", entry->d_name[0]) == NULL || entry->d_name[1] != '_')
            continue;
        snprintf(path, sizeof(path), "%s/conformance/JSONTestSuite/test_parsing/%s", shared, entry->d_name);
        ck_assert_msg(file_read(path, 16 << 20, &bytes, &size, &fault) == 0, "%s", fault.what);
        exact = malloc(size + (size == 0)); /* without the NUL, so that a step too far is seen */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes, size);
        result = json_parse(&tree, exact, size, &where);
        ck_assert(result == 0 || where <= size);
        if (entry->d_name[0] != 'i' && (result == 0) != (entry->d_name[0] == 'y'))
            snprintf(unlike + used, sizeof(unlike) - used, " %s", entry->d_name);
        for (uint32_t i = 0; i < tree.count; i++)
            string_of(&tree, i);
        json_fini(&tree);
        free(exact);
        free(bytes);
        files++;
    }
    closedir(dir);
    ck_assert_msg(unlike[0] == '\0', "not as they should be:%s", unlike);
    ck_assert_int_ge(files, 300);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("json");
    TCase *tcase = tcase_create("json");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 30); /* sanitizers */
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, objects_are_compact);
    tcase_add_test(tcase, objects_are_pretty);
    tcase_add_test(tcase, a_value_alone_is_no_list);
    tcase_add_loop_test(tcase, levels_close_as_they_were_opened, 0, 2);
    tcase_add_loop_test(tcase, a_string_is_quoted, 0, (int)(sizeof(quotes) / sizeof(quotes[0])));
    tcase_add_loop_test(tcase, whatever_the_bytes_the_quoted_text_is_json_and_comes_back, 0, 4);
    tcase_add_loop_test(tcase, a_flaw_at_any_place_is_quoted, 0, 3);
    tcase_add_loop_test(tcase, a_real_is_the_shortest_that_reads_back, 0,
                        (int)(sizeof(reals) / sizeof(reals[0])));
    tcase_add_test(tcase, any_real_reads_back);
    tcase_add_test(tcase, members_are_found_by_name);
    tcase_add_test(tcase, a_tree_is_used_again);
    tcase_add_test(tcase, whole_numbers_are_exact_and_others_are_refused);
    tcase_add_test(tcase, the_place_of_a_fault_is_told);
    tcase_add_test(tcase, depth_is_limited);
    tcase_add_loop_test(tcase, escapes_are_decoded_in_place_too, 0,
                        (int)(sizeof(escapes) / sizeof(escapes[0])));
    tcase_add_test(tcase, a_torn_escape_does_no_harm);
    tcase_add_test(tcase, the_conformance_suite_is_passed);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
