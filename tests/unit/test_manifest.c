/* SPDX-License-Identifier: Apache-2.0 */
/* What manifests say, in the forms in which they come. */
#include "source/manifest.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUM_A "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SUM_B "60303AE22B998861BCE3B28F33EEC1BE758A213C86C93C076DBE9F558C11C752"

static const char *const shown[] = {[MANIFEST_MISSING] = "missing", [MANIFEST_SHARED] = "all", [MANIFEST_OWN] = "own",
                                    [MANIFEST_OTHERS] = "others"};

static const struct {
    const char *text;
    enum manifest_kind kind;
    const char *path;
    const char *expect; /* of the piece data/orders.csv, orders.csv, of table orders, in the file night.tar.gz */
} cases[] = {
    /* one value */
    {"{\"rows\": 3}", MANIFEST_ROWS, "rows", "all 3"},
    {"{\"rows\": \"3\"}", MANIFEST_ROWS, "rows", "all 3"},
    {"{\"data\": {\"count\": 12}}", MANIFEST_ROWS, "data.count", "all 12"},
    {"{\"data.count\": 12, \"data\": {\"count\": 13}}", MANIFEST_ROWS, "data.count", "all 12"},
    {"{\"a\": {\"b.c\": 1}}", MANIFEST_ROWS, "a.b.c", "all 1"},
    {"\xef\xbb\xbf {\"rows\": 3}", MANIFEST_ROWS, "rows", "all 3"},
    {"{\"sha256\": \"" SUM_A "\"}", MANIFEST_SHA256, "sha256", "all " SUM_A},
    {"{\"rows\": 3}", MANIFEST_ROWS, "row", "missing"},
    {"{\"rows\": null}", MANIFEST_ROWS, "rows", "missing"},
    {"{\"rows\": {}}", MANIFEST_ROWS, "rows", "missing"},
    {"{\"rows\": 3}", MANIFEST_ROWS, "rows.deeper", "missing"},
    {"{\"rows\": \"caf\\u00e9\"}", MANIFEST_ROWS, "rows", "all caf\xc3\xa9"},

    /* by name */
    {"{\"rows\": {\"orders.csv\": 3, \"items.csv\": 5}}", MANIFEST_ROWS, "rows", "own 3"},
    {"{\"rows\": {\"data/orders.csv\": 3, \"orders.csv\": 5}}", MANIFEST_ROWS, "rows", "own 3"},
    {"{\"rows\": {\"orders.csv\": 5, \"./data/orders.csv\": 3}}", MANIFEST_ROWS, "rows", "own 3"},
    {"{\"rows\": {\"orders\": 3}}", MANIFEST_ROWS, "rows", "own 3"},
    {"{\"rows\": {\"items.csv\": 5}}", MANIFEST_ROWS, "rows", "others"},
    {"{\"rows\": {\"orders\\u002ecsv\": 3}}", MANIFEST_ROWS, "rows", "own 3"},
    {"{\"files\": {\"orders.csv\": {\"rows\": 3}}}", MANIFEST_ROWS, "files.{member}.rows", "own 3"},
    {"{\"files\": {\"orders.csv\": {\"size\": {\"rows\": 3}}}}", MANIFEST_ROWS, "files.{member}.size.rows", "own 3"},
    {"{\"files\": {\"orders.csv\": {\"bytes\": 3}}}", MANIFEST_ROWS, "files.{member}.rows", "missing"},
    {"{\"files\": {\"items.csv\": {\"rows\": 3}}}", MANIFEST_ROWS, "files.{member}.rows", "others"},
    {"{\"orders.csv\": {\"rows\": 3}}", MANIFEST_ROWS, "{member}.rows", "own 3"},
    {"{\"orders.csv\": 3}", MANIFEST_ROWS, "{member}", "own 3"},
    {"{\"files\": [{\"name\": \"items.csv\", \"rows\": 5}, {\"name\": \"orders.csv\", \"rows\": 3}]}", MANIFEST_ROWS, "files.rows", "own 3"},
    {"{\"files\": [{\"file\": \"data/orders.csv\", \"rows\": 3}]}", MANIFEST_ROWS, "files.{member}.rows", "own 3"},
    {"[{\"path\": \"./orders.csv\", \"n\": {\"rows\": 3}}]", MANIFEST_ROWS, "n.rows", "own 3"},
    {"{\"files\": [{\"name\": \"items.csv\", \"rows\": 5}]}", MANIFEST_ROWS, "files.rows", "others"},
    {"{\"files\": []}", MANIFEST_ROWS, "files.rows", "missing"},
    {"{\"files\": [3]}", MANIFEST_ROWS, "files", "others"},
    {"{\"rows\": {\"orders.csv\": {\"rows\": 3}}}", MANIFEST_ROWS, "rows", "missing"},

    /* lines */
    {"rows 3\nsha256 " SUM_A "\n", MANIFEST_ROWS, "rows", "all 3"},
    {"rows 3\nsha256 " SUM_A "\n", MANIFEST_SHA256, "sha256", "all " SUM_A},
    {"# written at night\r\n\r\nrows = 3\r\n", MANIFEST_ROWS, "rows", "all 3"},
    {"rows: 3", MANIFEST_ROWS, "rows", "all 3"},
    {"rows\t3", MANIFEST_ROWS, "rows", "all 3"},
    {"rows 3", MANIFEST_SHA256, "sha256", "missing"},
    {SUM_A "  orders.csv\n" SUM_B "  items.csv\n", MANIFEST_SHA256, "sha256", "own " SUM_A},
    {SUM_B " *items.csv\n" SUM_A " *./data/orders.csv\n", MANIFEST_SHA256, "sha256", "own " SUM_A},
    {SUM_B "  items.csv\n", MANIFEST_SHA256, "sha256", "others"},
    {SUM_B "  night.tar.gz\n", MANIFEST_SHA256, "sha256", "own " SUM_B},
    {"SHA256 (orders.csv) = " SUM_A "\n", MANIFEST_SHA256, "sha256", "own " SUM_A},
    {"SHA256 (an (odd) name.csv) = " SUM_A "\n", MANIFEST_SHA256, "sha256", "others"},
    {"3 data/orders.csv\n 5 data/items.csv\n 8 total\n", MANIFEST_ROWS, "rows", "own 3"},
    {"orders.csv 3\nitems.csv 5\n", MANIFEST_ROWS, "rows", "own 3"},
    {"orders.csv " SUM_A "\n", MANIFEST_SHA256, "sha256", "own " SUM_A},
};

static const struct manifest_names names = {{"data/orders.csv", "orders.csv", "orders", "night.tar.gz", NULL}};

START_TEST(a_manifest_says_what_it_says)
{
    struct daybreak_fault fault = {0};
    size_t size = strlen(cases[_i].text);
    char *text = malloc(size), got[200]; /* without a NUL behind it: the sanitizer sees one byte too many */
    struct manifest *manifest;
    struct text value = {0};
    enum manifest_found found;
    uint32_t by;

    memcpy(text, cases[_i].text, size);
    manifest = manifest_new(text, size, &fault);
    ck_assert_msg(manifest != NULL, "%s: %s", cases[_i].text, fault.what);
    found = manifest_find(manifest, cases[_i].kind, cases[_i].path, &names, &value, &by);
    snprintf(got, sizeof got, "%s%s%s", shown[found], value.size > 0 ? " " : "", text_end(&value));
    ck_assert_msg(strcmp(got, cases[_i].expect) == 0, "%s at %s: %s", cases[_i].text, cases[_i].path, got);
    ck_assert(found != MANIFEST_OWN || by < MANIFEST_NAMES);
    text_fini(&value);
    manifest_free(manifest);
    free(text);
}
END_TEST

START_TEST(what_is_none_says_why)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "it is empty"},
        {"\n \n# only a comment\n", "it is empty"},
        {"{\"rows\": 3", "it is no JSON: byte 11 is wrong"},
        {"{rows: 3}", "it is no JSON: byte 2 is wrong"},
        {"[1,]", "it is no JSON: byte 4 is wrong"},
        {"rows 3\nnothing\n", "it is no JSON, and its line 2 is no name with a value"},
        {"rows \xff\n", "it is no text in UTF-8"},
        {"= 3\n", "it is no JSON, and its line 1 is no name with a value"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct daybreak_fault fault = {0};

        ck_assert_ptr_null(manifest_new(bad[i].text, strlen(bad[i].text), &fault));
        ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
        ck_assert_str_eq(fault.what, bad[i].why);
    }
}
END_TEST

static bool
list(void *context, const char *name)
{
    text_printf(context, "%s ", name);
    return true;
}

START_TEST(what_it_lists_is_known)
{
    static const struct {
        const char *text;
        enum manifest_kind kind;
        const char *path, *expect;
    } of[] = {
        {"{\"rows\": {\"a.csv\": 1, \"./b.csv\": 2}}", MANIFEST_ROWS, "rows", "a.csv b.csv "},
        {"{\"files\": [{\"name\": \"a.csv\"}, {\"path\": \"b.csv\"}, 3]}", MANIFEST_ROWS, "files.rows", "a.csv b.csv "},
        {"{\"files\": {\"a.csv\": {}}}", MANIFEST_ROWS, "files.{member}.rows", "a.csv "},
        {"{\"rows\": 3}", MANIFEST_ROWS, "rows", ""},
        {"{\"rows\": 3}", MANIFEST_ROWS, "none", ""},
        {SUM_A "  a.csv\n5 b.csv\nrows 3\n", MANIFEST_SHA256, "sha256", "a.csv "},
        {SUM_A "  a.csv\n5 b.csv\nrows 3\n", MANIFEST_ROWS, "lines", "b.csv "},
    };

    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct daybreak_fault fault = {0};
        struct manifest *manifest = manifest_new(of[i].text, strlen(of[i].text), &fault);
        struct text got = {0};

        manifest_each(manifest, of[i].kind, of[i].path, list, &got);
        ck_assert_str_eq(text_end(&got), of[i].expect);
        text_fini(&got);
        manifest_free(manifest);
    }
}
END_TEST

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % below;
}

START_TEST(no_text_does_harm)
{
    static const char *const piece[] = {"{", "}", "[", "]", "\"rows\"", ":", ",", "3", "\"orders.csv\"", "\n", " ", "SHA256 (", ") = ",
                                        SUM_A, "*", "=", "\\u0000", "null", "\"name\"", "\xc3\xa9", "\xff"};
    static const char *const path[] = {"rows", "{member}", "a.{member}.b", "rows.rows", "", "."};

    for (int round = 0; round < 20000; round++) {
        char text[400] = "";
        struct daybreak_fault fault = {0};
        struct manifest *manifest;
        struct text value = {0};
        uint32_t by;

        for (uint32_t i = any(12); i > 0; i--)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s", piece[any(sizeof piece / sizeof *piece)]);
        manifest = manifest_new(text, strlen(text), &fault);
        if (manifest == NULL)
            continue;
        manifest_find(manifest, round % 2 == 0 ? MANIFEST_ROWS : MANIFEST_SHA256, path[any(6)], &names, &value, &by);
        text_fini(&value);
        manifest_free(manifest);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("manifest");
    TCase *tcase = tcase_create("manifest");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120); /* a machine may have much else to do */
    tcase_add_loop_test(tcase, a_manifest_says_what_it_says, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, what_is_none_says_why);
    tcase_add_test(tcase, what_it_lists_is_known);
    tcase_add_test(tcase, no_text_does_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
