/* SPDX-License-Identifier: Apache-2.0 */
/* What json makes of documents, whatever the blocks they come in; and what jsonl shares with it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format_reader.h"

extern const struct daybreak_connector daybreak_connector;

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT(text) (text), sizeof(text) - 1

struct json_case {
    const char *name;
    const char *const *options;
    const char *input;
    size_t size;
    const char *expect;
};

#define ITEMS OPTIONS("path", "data.items")

static const struct json_case cases[] = {
    {"the document is the array", NULL, TEXT("[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":null}]"), "a|b\n1|x\n2|~\nend\n"},
    {"white space everywhere", NULL, TEXT(" \n[\n {\n \"a\" :\n 1 ,\r\n\t\"b\":[\n1 ,\n2\n]\n}\n,\n{\"a\":3,\"b\":[ ]}\n]\n \n"),
     "a|b\n1|[1,2]\n3|[]\nend\n"},
    {"bom", NULL, TEXT("\xef\xbb\xbf[{\"a\":1}]"), "a\n1\nend\n"},
    {"no records", NULL, TEXT("[ ]"), "\nend\n"},
    {"at a name", OPTIONS("path", "rows"), TEXT("{\"title\":\"x\",\"rows\":[{\"a\":\"1\"}],\"count\":1}"), "a\n1\nend\n"},
    {"behind other arrays", ITEMS,
     TEXT("{\"items\":[{\"a\":0}],\"meta\":{\"data\":{\"items\":[{\"a\":0}]}},\"data\":{\"n\":[[]],\"items\":[{\"a\":1}],\"z\":{}}}"),
     "a\n1\nend\n"},
    {"a path as JSON path", OPTIONS("path", "$.data.items"), TEXT("{\"data\":{\"items\":[{\"a\":1}]}}"), "a\n1\nend\n"},
    {"a path as pointer", OPTIONS("path", "/data/items"), TEXT("{\"data\":{\"items\":[{\"a\":1}]}}"), "a\n1\nend\n"},
    {"the root by its name", OPTIONS("path", "$"), TEXT("[{\"a\":1}]"), "a\n1\nend\n"},

    {"objects inside are dotted", NULL, TEXT("[{\"id\":1,\"at\":{\"city\":\"Bonn\",\"geo\":{\"lat\":50.73,\"lon\":7.10}}},{\"at\":{\"city\":\"K\xc3\xb6ln\"},\"id\":2}]"),
     "id|at.city|at.geo.lat|at.geo.lon\n1|Bonn|50.73|7.10\n2|K\xc3\xb6ln|~|~\nend\n"},
    {"unless the object itself is asked for", OPTIONS("names", "at"), TEXT("[{\"id\":1,\"at\":{\"city\": \"Bonn\"}}]"),
     "at|id\n{\"city\":\"Bonn\"}|1\nend\n"},
    {"an inner name may be asked for", OPTIONS("names", "at.city"), TEXT("[{\"id\":1},{\"id\":2,\"at\":{\"city\":\"B\"}}]"),
     "at.city|id\n~|1\nB|2\nend\n"},
    {"an empty object is nothing", NULL, TEXT("[{\"id\":1,\"at\":{}}]"), "id\n1\nend\n"},
    {"null where an object was", NULL, TEXT("[{\"at\":{\"x\":1}},{\"at\":null}]"), "at.x\n1\nat.x|at\n~|~\nend\n"},
    {"a dotted name twice", NULL, TEXT("[{\"a.b\":1,\"a\":{\"b\":2},\"c\":3}]"),
     "\n !duplicate_member: member 'a.b' comes twice\nend\n"},
    {"arrays stay JSON, numbers their text", NULL, TEXT("[{\"a\":[{\"x\": 1.50}, \"\\u00e9\"],\"n\":1e400,\"d\":19.90}]"),
     "a|n|d\n[{\"x\":1.50},\"\\\\u00e9\"]|1e400|19.90\nend\n"},
    {"escapes", NULL, TEXT("[{\"a\\u0062\":\"x\\n\\ud83d\\ude00\\/\"}]"), "ab\nx\\n\xf0\x9f\x98\x80/\nend\n"},
    {"new columns later", NULL, TEXT("[{\"a\":1},\n{\"a\":2,\"b\":3}]"), "a\n1\na|b\n2|3\nend\n"},

    /* what is bad */
    {"a member twice", NULL, TEXT("[{\"a\":1},{\"a\":1,\"a\":2},{\"a\":3}]"),
     "a\n1\n~ !duplicate_member@0: member 'a' comes twice\n3\nend\n"},
    {"no object", NULL, TEXT("[{\"a\":1},7,\"x\",[1,{\"a\":5}],null,{\"a\":2}]"),
     "a\n1\n~ !bad_json: an object is expected at byte 1 of the record\n~ !bad_json: an object is expected at byte 1 of the record\n"
     "~ !bad_json: an object is expected at byte 1 of the record\n~ !bad_json: an object is expected at byte 1 of the record\n2\nend\n"},
    {"a record that is no JSON", NULL, TEXT("[{\"a\":1},{\"a\":tru},{\"a\":\"x\ny\"},{\"a\" 3},{\"a\":4,},{\"a\":5}]"),
     "a\n1\n~ !bad_json: a value is expected at byte 6 of the record\n~ !bad_json: a control character in a string at byte 8 of the record\n"
     "~ !bad_json: ':' is expected at byte 6 of the record\n4 !bad_json: a name is expected at byte 8 of the record\n5\nend\n"},
    {"NUL in a text", NULL, TEXT("[{\"a\":\"x\\u0000\"}]"), "\n !nul_byte: member 'a' holds a NUL\nend\n"},
    {"cut off in a record", NULL, TEXT("[{\"a\":1},{\"a\":"), "a\n1\ncut: this is no whole JSON document: it is cut off at byte 15, line 1\n"},
    {"cut off between records", NULL, TEXT("[{\"a\":1},\n"), "a\n1\ncut: this is no whole JSON document: it is cut off at byte 11, line 2\n"},
    {"cut off behind the array", OPTIONS("path", "r"), TEXT("{\"r\":[{\"a\":1}]"), "a\n1\ncut: this is no whole JSON document: it is cut off at byte 15, line 1\n"},
    {"an empty file", NULL, TEXT(""), "cut: this is no whole JSON document: it is cut off at byte 1, line 1\n"},
    {"comma missing", NULL, TEXT("[{\"a\":1} {\"a\":2}]"), "a\n1\ncut: this is no whole JSON document: ',' or ']' is expected at byte 10, line 1\n"},
    {"comma too many", NULL, TEXT("[{\"a\":1},]"), "a\n1\ncut: this is no whole JSON document: a record is expected at byte 10, line 1\n"},
    {"something behind", NULL, TEXT("[{\"a\":1}]\n[]"), "a\n1\ncut: this is no whole JSON document: something follows the document at byte 11, line 2\n"},
    {"JSON lines", NULL, TEXT("{\"a\":1}\n{\"a\":2}\n"), "cut: this is no whole JSON document: something follows the document at byte 9, line 2\n"},
    {"no such array", ITEMS, TEXT("{\"rows\":[{\"a\":1}],\"data\":{\"item\":[]}}"), "cut: the document has no array at 'data.items'\n"},
    {"an object where the array should be", OPTIONS("path", "rows"), TEXT("{\"rows\":{\"rows\":[]}}"), "cut: the document has no array at 'rows'\n"},
    {"no array at all", NULL, TEXT("{\"rows\":[{\"a\":1}]}"), "cut: the document is no array of records\n"},
    {"the array twice", OPTIONS("path", "r"), TEXT("{\"r\":[{\"a\":1}],\"r\":[]}"),
     "a\n1\ncut: this is no whole JSON document: the array of records comes twice at byte 20, line 1\n"},
    {"broken around", OPTIONS("path", "r"), TEXT("{\"x\":nul,\"r\":[]}"), "cut: this is no whole JSON document: a value is expected at byte 6, line 1\n"},
    {"broken brackets around", OPTIONS("path", "r"), TEXT("{\"x\":[1},\"r\":[]}"), "cut: this is no whole JSON document: ',' or ']' is expected at byte 8, line 1\n"},

    {"an empty step", OPTIONS("path", "a..b"), TEXT(""), "fault: path 'a..b' names no array: a name in it is empty\n"},
    {"a step too many", OPTIONS("path", "a."), TEXT(""), "fault: path 'a.' names no array: it ends with '.'\n"},
};

START_TEST(a_document_reads_as_expected_in_every_block_size)
{
    const struct json_case *c = &cases[_i];

    for (uint32_t block = 1; block <= c->size + 1; block++) {
        struct format_reading reading = {.type = &daybreak_connector, .options = c->options, .block_bytes = block};
        char *got = format_read(&reading, c->input, c->size);

        ck_assert_msg(strcmp(got, c->expect) == 0, "%s, block of %u:\n%s-- expected:\n%s", c->name, block, got, c->expect);
        free(got);
    }
}
END_TEST

static const char document[] = "{\"n\":2,\"rows\":[\n {\"a\":1},\n {\n\"a\":2},\n\n {\"a\":\"three\"}\n , {\"a\":4} ]}";

START_TEST(reading_goes_on_at_every_mark)
{
    struct format_reading whole = {.type = &daybreak_connector, .options = OPTIONS("path", "rows"), .places = true, .marks = true};
    char *all, *line, *rest;

    for (uint32_t block = 1; block < sizeof document; block++) {
        whole.block_bytes = block;
        all = format_read(&whole, document, sizeof document - 1);
        for (line = strchr(all, '\n') + 1; (rest = strchr(line, '\n')) != NULL && strncmp(line, "end", 3) != 0; line = rest + 1) {
            struct format_reading again = whole;
            char mark[64], *got, *at = strstr(line, " @");

            snprintf(mark, sizeof mark, "%.*s", (int)(rest - at - 2), at + 2);
            again.mark = mark;
            again.options = OPTIONS("path", "rows", "names", "a");
            again.block_bytes = 64;
            got = format_read(&again, document, sizeof document - 1);
            /* the same places, whatever the marks behind them are called */
            for (char *a = rest + 1, *b = strchr(got, '\n') + 1; *a != '\0'; a = strchr(a, '\n') + 1, b = strchr(b, '\n') + 1) {
                size_t size = strcspn(a, "@\n");

                ck_assert_msg(strncmp(a, b, size) == 0, "block %u, mark %s:\n%s-- of\n%s", block, mark, got, all);
            }
            free(got);
        }
        free(all);
    }
}
END_TEST

START_TEST(a_record_beyond_the_limit_is_one_bad_row)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = OPTIONS("names", "a"), .max_record = 256, .block_bytes = 64, .marks = true};
    char *text = malloc(5000), *got, *at;
    size_t size = (size_t)snprintf(text, 5000, "[{\"a\":1},{\"a\":\"]}\\\"");

    memset(text + size, 'x', 3000);
    size += 3000;
    size += (size_t)snprintf(text + size, 100, "\",\"b\":{\"c\":[1]}},{\"a\":3}]");
    got = format_read(&reading, text, size);
    at = strstr(got, "!record_too_long");
    ck_assert_msg(at != NULL && strncmp(got, "a\n1 @1:8\n~ !record_too_long", 26) == 0, "%s", got);
    ck_assert_msg(strstr(at, "\n3 @") != NULL && strstr(at, "end\n") != NULL, "%s", got);
    /* its mark passes it over again */
    reading.mark = "1:9~s";
    free(got);
    got = format_read(&reading, text, size);
    ck_assert_msg(strncmp(got, "a\n3 @", 5) == 0, "%s", got);
    free(got);
    free(text);
}
END_TEST

START_TEST(a_deep_document_is_refused_and_a_deep_record_is_bad)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = OPTIONS("path", "r")};
    char text[1000], *got;
    size_t size = 0;

    size += (size_t)snprintf(text, sizeof text, "{\"x\":");
    memset(text + size, '[', 100);
    got = format_read(&reading, text, size + 100);
    ck_assert_msg(strstr(got, "nested deeper than 64") != NULL, "%s", got);
    free(got);
    size = (size_t)snprintf(text, sizeof text, "{\"r\":[{\"a\":1},{\"a\":");
    memset(text + size, '[', 100);
    memset(text + size + 100, ']', 100);
    size += 200;
    size += (size_t)snprintf(text + size, 20, "},{\"a\":2}]}");
    got = format_read(&reading, text, size);
    ck_assert_msg(strstr(got, "!bad_json: nested deeper than 64") != NULL && strstr(got, "\n2\nend\n") != NULL, "%s", got);
    free(got);
}
END_TEST

/* ---- chance ------------------------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % below;
}

/* Whatever the bytes, blocks make no difference, and nothing is read beyond them. */
START_TEST(broken_documents_read_the_same_in_all_blocks)
{
    static const char *const piece[] = {"{", "}", "[", "]", ",", ":", "\"a\"", "\"r\"", "\"b\":1", "{\"a\":1}", ",{\"a\":2}", "\"x\\\"", "\\", "1.5", "-", "true", "nul",
                                        "\n", " ", "\"a\":{\"b\":3}", "\"\\u00e9\"", "\"\n\"", "{\"r\":[", "]}"};

    for (int round = 0; round < 4000; round++) {
        char text[400];
        size_t size = (size_t)snprintf(text, sizeof text, "%s", round % 2 == 0 ? "{\"r\":[{\"a\":1}," : "");
        uint32_t pieces = any(30);
        struct format_reading reading = {.type = &daybreak_connector, .options = OPTIONS("path", "r"), .places = true};
        char *expect, *got;

        for (uint32_t i = 0; i < pieces; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", piece[any(sizeof piece / sizeof *piece)]);
        if (round % 3 == 0)
            size += (size_t)snprintf(text + size, sizeof text - size, "]}");
        expect = format_read(&reading, text, size);
        for (uint32_t block = 1; block < size; block += 1 + any(7)) {
            reading.block_bytes = block;
            got = format_read(&reading, text, size);
            ck_assert_msg(strcmp(got, expect) == 0, "block %u of\n%.*s\n-- gives\n%s-- not\n%s", block, (int)size, text, got, expect);
            free(got);
        }
        free(expect);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("format_json");
    TCase *tcase = tcase_create("json");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_document_reads_as_expected_in_every_block_size, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, reading_goes_on_at_every_mark);
    tcase_add_test(tcase, a_record_beyond_the_limit_is_one_bad_row);
    tcase_add_test(tcase, a_deep_document_is_refused_and_a_deep_record_is_bad);
    tcase_add_test(tcase, broken_documents_read_the_same_in_all_blocks);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
