/* SPDX-License-Identifier: Apache-2.0 */
/* What jsonl writes, byte for byte. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "envelope_json.h"
#include "file_load.h"

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROW(...) ((const char *const[]){__VA_ARGS__})

static const struct daybreak_column columns[] = {
    {.name = "order_id", .type = DAYBREAK_TYPE_TEXT, .key = true},
    {.name = "q\"ty", .type = DAYBREAK_TYPE_INTEGER},
    {.name = "price", .type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2},
    {.name = "special", .type = DAYBREAK_TYPE_BOOLEAN},
    {.name = "at", .type = DAYBREAK_TYPE_TIMESTAMP},
    {.name = "day", .type = DAYBREAK_TYPE_DATE},
    {.name = "raw", .type = DAYBREAK_TYPE_BYTES},
};

static char dir[512];
static struct file_ledger *ledger;
static struct file_load load;

static void
setup(void)
{
    file_dir(dir);
    ledger = file_ledger_new();
}

static void
teardown(void)
{
    file_load_close(&load);
    file_ledger_free(ledger);
    file_dir_remove(dir);
}

static void
start(enum daybreak_envelope envelope, uint32_t count)
{
    ck_assert_int_eq(file_load_open(&load, dir, ledger, OPTIONS("path", "out.jsonl")), 0);
    ck_assert_msg(file_load_claim(&load) == 0, "%s", load.fault.what);
    load.target[0] = (struct daybreak_target){.size = sizeof load.target[0], .table = "orders", .column = columns,
                                              .columns = count, .write = DAYBREAK_APPEND, .envelope = envelope, .prefix = ""};
    ck_assert_msg(file_load_prepare(&load, 1) == 0, "%s", load.fault.what);
}

static void
land(struct batch *batch)
{
    ck_assert_msg(file_load_stage(&load, 0, batch) == 0, "%s", load.fault.what);
    ck_assert_msg(file_load_commit(&load, "p1", true, false) == 0, "%s", load.fault.what);
}

static void
expect(const char *text)
{
    char *found = file_text(dir, "out.jsonl");

    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found, text);
    free(found);
}

#define STORY \
    ",\"pipeline\":\"orders\",\"pipeline_version\":\"v1\",\"run\":\"R1\",\"batch\":1,\"source\":{\"connector\":\"file\"," \
    "\"name\":\"drop/a\\\"b.csv\",\"object\":\"orders\",\"position\":"
#define TIMES TIMES_BY("source_time")
#define TIMES_BY(basis) \
    ",\"visible_at\":\"2025-02-21T04:00:00.000000Z\",\"read_at\":\"2025-02-21T04:00:00.123456Z\",\"ready_at\":null," \
    "\"loaded_at\":\"2025-02-21T04:00:01.000001Z\",\"time_basis\":\"" basis "\""

START_TEST(a_change_is_one_line_with_its_whole_envelope)
{
    start(DAYBREAK_ENVELOPE_DAYBREAK, 7);
    land(file_batch(columns, 7, "cd",
                    ROW("A\"1\n\x01\\", "-7", "19.90", "true", "2025-02-21T03:53:00.5Z", "2025-02-21", "hi!!", /* c */
                        "B", NULL, NULL, NULL, NULL, NULL, NULL)));
    expect("{\"event_id\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\",\"op\":\"c\"" STORY "\"2:0\"},"
           "\"key\":{\"order_id\":\"A\\\"1\\n\\u0001\\\\\"},\"before\":null,"
           "\"after\":{\"order_id\":\"A\\\"1\\n\\u0001\\\\\",\"q\\\"ty\":-7,\"price\":19.90,\"special\":true,"
           "\"at\":\"2025-02-21T03:53:00.500000Z\",\"day\":\"2025-02-21\",\"raw\":\"aGkhIQ==\"},"
           "\"changed_at\":\"2025-02-21T04:00:00.000000Z\"" TIMES
           ",\"reason\":null,\"actor\":null,\"related\":null,\"trace\":\"00-1-2-01\"}\n"
           "{\"event_id\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"op\":\"d\"" STORY "\"3:100\"},"
           "\"key\":{\"order_id\":\"B\"},\"before\":null,\"after\":null,\"changed_at\":null" TIMES_BY("bounded")
           ",\"reason\":null,\"actor\":null,\"related\":null,\"trace\":\"00-1-2-01\"}\n");
}
END_TEST

static const struct {
    const char *context, *expect;
} contexts[] = {
    {"{\"reason\":\"a, \\\"b\\\" {\"}", "\"reason\":\"a, \\\"b\\\" {\",\"actor\":null,\"related\":null,\"trace\""},
    {"{\"actor\":\"ada\"}", "\"reason\":null,\"actor\":\"ada\",\"related\":null,\"trace\""},
    {"{\"related\":{\"ticket\":\"T}1\",\"customer\":\"C\"}}",
     "\"reason\":null,\"actor\":null,\"related\":{\"ticket\":\"T}1\",\"customer\":\"C\"},\"trace\""},
    {"{\"reason\":\"x\",\"actor\":\"y\",\"related\":{\"actor\":\"no\"}}",
     "\"reason\":\"x\",\"actor\":\"y\",\"related\":{\"actor\":\"no\"},\"trace\""},
};

START_TEST(the_context_is_spliced_member_by_member)
{
    struct batch *batch = file_batch(columns, 1, "rr", ROW("A", "B"));
    char *text;

    start(DAYBREAK_ENVELOPE_DAYBREAK, 1);
    for (uint32_t i = 0; i < 2; i++)
        batch->context[i] = (struct daybreak_text){contexts[_i].context, (uint32_t)strlen(contexts[_i].context)};
    land(batch);
    text = file_text(dir, "out.jsonl");
    ck_assert_ptr_nonnull(strstr(text, contexts[_i].expect));
    ck_assert_ptr_nonnull(strstr(strchr(text, '\n'), contexts[_i].expect));
    free(text);
}
END_TEST

START_TEST(the_old_row_is_copied_as_it_is)
{
    struct batch *batch = file_batch(columns, 1, "ud", ROW("A", "B"));
    static const char old[] = "{\"order_id\":\"A\",\"price\":1.0}";
    char *text;

    start(DAYBREAK_ENVELOPE_DAYBREAK, 1);
    batch->has_before = true;
    batch->before[0] = (struct daybreak_text){old, sizeof old - 1};
    batch->before[1] = (struct daybreak_text){NULL, 0};
    land(batch);
    text = file_text(dir, "out.jsonl");
    ck_assert_ptr_nonnull(strstr(text, "\"before\":{\"order_id\":\"A\",\"price\":1.0},\"after\":{\"order_id\":\"A\"}"));
    ck_assert_ptr_nonnull(strstr(text, "\"before\":null,\"after\":null"));
    free(text);
}
END_TEST

START_TEST(without_envelope_a_line_is_the_row_and_a_delete_is_refused)
{
    struct batch *batch = file_batch(columns, 2, "cdu", ROW("A", "1", "B", NULL, "C", NULL));

    start(DAYBREAK_ENVELOPE_NONE, 2);
    ck_assert_int_eq(file_load_stage(&load, 0, batch), 0);
    ck_assert_uint_eq(batch->refused_count, 1);
    ck_assert_uint_eq(batch->refused[0].change, 1);
    ck_assert_str_eq(batch->refused[0].rule, "delete_without_envelope");
    ck_assert_int_eq(file_load_commit(&load, "p1", true, false), 0);
    expect("{\"order_id\":\"A\",\"q\\\"ty\":1}\n{\"order_id\":\"C\",\"q\\\"ty\":null}\n");
}
END_TEST

START_TEST(a_row_larger_than_the_buffer_is_written_whole)
{
    size_t size = 3 << 20;
    char *big = memory_need(size + 1), *text;

    memset(big, '"', size);
    big[size] = '\0';
    start(DAYBREAK_ENVELOPE_NONE, 1);
    land(file_batch(columns, 1, "ccc", ROW("a", big, "b")));
    text = file_text(dir, "out.jsonl");
    ck_assert_uint_eq(strlen(text), 2 * size + 15 + 2 * 17 + 1);
    ck_assert_int_eq(strncmp(text, "{\"order_id\":\"a\"}\n{\"order_id\":\"\\\"\\\"", 34), 0);
    ck_assert_str_eq(text + strlen(text) - 17, "{\"order_id\":\"b\"}\n");
    free(text);
    free(big);
}
END_TEST

/* Against the core's own reader, which knows nothing of this writer. */
START_TEST(every_line_reads_back_as_what_went_in)
{
    struct batch *batch;
    const char *cells[400];
    char *text, *line;

    srand(_i + 1);
    for (int i = 0; i < 400; i++) {
        int size = rand() % 40;
        char *cell = memory_need((size_t)size + 1);

        for (int k = 0; k < size; k++)
            cell[k] = (char)(rand() % 4 == 0 ? "\"\\\n\r\t\x1f\x7f "[rand() % 8] : ' ' + 1 + rand() % 90);
        cell[size] = '\0';
        cells[i] = cell;
    }
    start(DAYBREAK_ENVELOPE_DAYBREAK, 1);
    batch = file_batch(columns, 1, "cccccccccccccccccccccccccccccccccccccccc", cells);
    land(batch);
    line = text = file_text(dir, "out.jsonl");
    for (int i = 0; i < 40; i++) {
        struct json_tree tree = {0};
        struct text found = {0};
        char *end = strchr(line, '\n');
        size_t where;

        ck_assert_ptr_nonnull(end);
        ck_assert_int_eq(json_parse(&tree, line, (size_t)(end - line), &where), 0);
        json_string(&tree, json_member(&tree, json_member(&tree, 0, "after"), "order_id"), &found);
        ck_assert_str_eq(text_end(&found), cells[i]);
        ck_assert_uint_eq(found.size, strlen(cells[i]));
        text_fini(&found);
        json_fini(&tree);
        line = end + 1;
    }
    ck_assert_str_eq(line, "");
    free(text);
    for (int i = 0; i < 400; i++)
        free((char *)cells[i]);
}
END_TEST

static const struct {
    int64_t us;
    const char *text;
} instants[] = {
    {0, "1970-01-01T00:00:00.000000Z"},
    {-1, "1969-12-31T23:59:59.999999Z"},
    {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
    {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z"},
    {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
    {INT64_C(253402300800000000), ""},
    {INT64_C(-62135596800000001), ""},
    {DAYBREAK_NO_TIME, ""},
    {INT64_MAX, ""},
};

START_TEST(instants_are_rfc_3339_within_four_digit_years)
{
    struct line_day day = {.known = false};
    char text[64];

    for (int again = 0; again < 2; again++) {
        *line_instant(text, &day, instants[_i].us) = '\0';
        ck_assert_str_eq(text, instants[_i].text);
    }
}
END_TEST

START_TEST(what_a_file_cannot_do_is_refused_in_words)
{
    static const struct {
        enum daybreak_write write;
        enum daybreak_envelope envelope;
        const char *what, *hint;
    } cases[] = {
        {DAYBREAK_MIRROR, DAYBREAK_ENVELOPE_DAYBREAK, "cannot mirror into 'out.jsonl': lines of a file cannot be replaced",
         "files take `write: append`: every change is a line"},
        {DAYBREAK_UPSERT, DAYBREAK_ENVELOPE_NONE, "cannot upsert into 'out.jsonl': lines of a file cannot be replaced",
         "files take `write: append`: every change is a line"},
        {DAYBREAK_APPEND, DAYBREAK_ENVELOPE_SIDE, "cannot keep the envelope of 'orders' at its side: a file has no second table",
         "files take `envelope: daybreak` or `envelope: none`"},
    };

    start(DAYBREAK_ENVELOPE_DAYBREAK, 1);
    load.target[0].write = cases[_i].write;
    load.target[0].envelope = cases[_i].envelope;
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    ck_assert_int_eq(load.fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(load.fault.status, 78);
    ck_assert_str_eq(load.fault.what, cases[_i].what);
    ck_assert_str_eq(load.fault.hint, cases[_i].hint);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("load_jsonl");
    TCase *tcase = tcase_create("load_jsonl");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_change_is_one_line_with_its_whole_envelope);
    tcase_add_loop_test(tcase, the_context_is_spliced_member_by_member, 0, 4);
    tcase_add_test(tcase, the_old_row_is_copied_as_it_is);
    tcase_add_test(tcase, without_envelope_a_line_is_the_row_and_a_delete_is_refused);
    tcase_add_test(tcase, a_row_larger_than_the_buffer_is_written_whole);
    tcase_add_loop_test(tcase, every_line_reads_back_as_what_went_in, 0, 8);
    tcase_add_loop_test(tcase, instants_are_rfc_3339_within_four_digit_years, 0, 9);
    tcase_add_loop_test(tcase, what_a_file_cannot_do_is_refused_in_words, 0, 3);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
