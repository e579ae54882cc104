/* SPDX-License-Identifier: Apache-2.0 */
/* What csv writes, byte for byte, and what it would rather not write. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "file_load.h"

#define OPTIONS(...) ((const char *const[]){"path", "out.csv", __VA_ARGS__, NULL})
#define PLAIN ((const char *const[]){"path", "out.csv", NULL})
#define ROW(...) ((const char *const[]){__VA_ARGS__})

static const struct daybreak_column columns[] = {
    {.name = "id", .type = DAYBREAK_TYPE_TEXT, .key = true},
    {.name = "qty", .type = DAYBREAK_TYPE_INTEGER},
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

static int
begin(const char *const *options, enum daybreak_envelope envelope, uint32_t count)
{
    if (file_load_open(&load, dir, ledger, options) != 0 || file_load_claim(&load) != 0)
        return -1;
    load.target[0] = (struct daybreak_target){.size = sizeof load.target[0], .table = "orders", .column = columns,
                                              .columns = count, .write = DAYBREAK_APPEND, .envelope = envelope, .prefix = ""};
    return file_load_prepare(&load, 1);
}

static void
land(struct batch *batch, const char *position)
{
    ck_assert_msg(file_load_stage(&load, 0, batch) == 0, "%s", load.fault.what);
    ck_assert_msg(file_load_commit(&load, position, true, false) == 0, "%s", load.fault.what);
}

static void
expect(const char *text)
{
    char *found = file_text(dir, "out.csv");

    ck_assert_ptr_nonnull(found);
    ck_assert_str_eq(found, text);
    free(found);
}

static void
refused(const char *what, const char *hint)
{
    ck_assert_int_eq(load.fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(load.fault.status, 78);
    ck_assert_msg(strstr(load.fault.what, what) != NULL, "'%s' is not in '%s'", what, load.fault.what);
    ck_assert_msg(strstr(load.fault.hint, hint) != NULL, "'%s' is not in '%s'", hint, load.fault.hint);
}

struct csv_case {
    const char *const *options;
    const char *cell, *expect; /* expect NULL: refused */
};

static const struct csv_case cells[] = {
    {PLAIN, "plain", "plain"},
    {PLAIN, "a longer text, with a comma", "\"a longer text, with a comma\""},
    {PLAIN, "say \"hi\"", "\"say \"\"hi\"\"\""},
    {PLAIN, "two\nlines", "\"two\nlines\""},
    {PLAIN, "two\rlines", "\"two\rlines\""},
    {PLAIN, " blanks ", " blanks "},
    {PLAIN, "", "\"\""},
    {PLAIN, NULL, ""},
    {PLAIN, "\xc3\xa9t\xc3\xa9 \xe2\x82\xac 12345678", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac 12345678"},
    {OPTIONS("null_text", "\\N"), NULL, "\\N"},
    {OPTIONS("null_text", "\\N"), "\\N", "\"\\N\""},
    {OPTIONS("null_text", "\\N"), "", ""},
    {OPTIONS("null_text", ""), "", "\"\""},
    {OPTIONS("delimiter", ";"), "a,b;c", "\"a,b;c\""},
    {OPTIONS("delimiter", "tab"), "a,b\tc", "\"a,b\tc\""},
    {OPTIONS("delimiter", "\\t"), "a,b", "a,b"},
    {OPTIONS("quote", "'"), "it's, well", "'it''s, well'"},
    {OPTIONS("quote", "none"), "say \"hi\"", "say \"hi\""},
    {OPTIONS("quote", "none"), "a,b", NULL},
    {OPTIONS("quote", "none", "null_text", "NULL"), "NULL", NULL},
    {OPTIONS("guard", "spreadsheet"), "=1+1", "'=1+1"},
    {OPTIONS("guard", "spreadsheet"), "@a,b", "\"'@a,b\""},
    {OPTIONS("guard", "spreadsheet"), "a=1", "a=1"},
    {PLAIN, "=1+1", "=1+1"},
};

START_TEST(a_field_is_quoted_when_it_must_be)
{
    const struct csv_case *c = &cells[_i];
    struct batch *batch = file_batch(columns, 2, "cc", ROW(c->cell, "-1", "z", NULL));
    bool null_is_shown = c->options[2] != NULL && strstr("null_text", c->options[2]) != NULL;
    bool other = c->options[2] != NULL && strcmp(c->options[2], "delimiter") == 0;
    const char *delimiter = !other ? "," : c->options[3][0] == ';' ? ";" : "\t";
    char text[256];

    ck_assert_msg(begin(c->options, DAYBREAK_ENVELOPE_NONE, 2) == 0, "%s", load.fault.what);
    ck_assert_int_eq(file_load_stage(&load, 0, batch), 0);
    ck_assert_uint_eq(batch->refused_count, c->expect == NULL);
    if (c->expect == NULL)
        ck_assert_str_eq(batch->refused[0].rule, "cannot_quote");
    ck_assert_int_eq(file_load_commit(&load, "p", true, false), 0);
    if (c->expect == NULL) {
        snprintf(text, sizeof text, "id,qty\nz,%s\n", c->options[4] != NULL ? "NULL" : "");
    } else {
        snprintf(text, sizeof text, "id%sqty\n%s%s-1\nz%s%s\n", delimiter, c->expect, delimiter, delimiter,
                 null_is_shown ? c->options[3] : "");
    }
    expect(text);
}
END_TEST

START_TEST(the_envelope_stands_behind_the_row)
{
    struct batch *batch = file_batch(columns, 3, "cd", ROW("A", "7", "hi!!", "B", NULL, NULL));
    static const char context[] = "{\"reason\":\"x\"}";

    batch->context[0] = (struct daybreak_text){context, sizeof context - 1};
    ck_assert_int_eq(begin(OPTIONS("line_end", "crlf"), DAYBREAK_ENVELOPE_DAYBREAK, 3), 0);
    land(batch, "p1");
    expect("id,qty,raw,_event_id,_op,_changed_at,_batch,_position,_context\r\n"
           "A,7,aGkhIQ==,a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0,c,2025-02-21T04:00:00.000000Z,1,2:0,\"{\"\"reason\"\":\"\"x\"\"}\"\r\n"
           "B,,,a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1,d,,1,3:100,\r\n");
}
END_TEST

START_TEST(a_delete_without_envelope_is_refused)
{
    struct batch *batch = file_batch(columns, 1, "cd", ROW("A", "B"));

    ck_assert_int_eq(begin(PLAIN, DAYBREAK_ENVELOPE_NONE, 1), 0);
    ck_assert_int_eq(file_load_stage(&load, 0, batch), 0);
    ck_assert_uint_eq(batch->refused_count, 1);
    ck_assert_str_eq(batch->refused[0].rule, "delete_without_envelope");
    ck_assert_int_eq(file_load_commit(&load, "p", true, false), 0);
    expect("id\nA\n");
}
END_TEST

START_TEST(a_null_alone_on_its_line_is_no_blank_line)
{
    ck_assert_int_eq(begin(PLAIN, DAYBREAK_ENVELOPE_NONE, 1), 0);
    land(file_batch(columns, 1, "cc", ROW(NULL, "x")), "p1");
    expect("id\n\"\"\nx\n");
}
END_TEST

START_TEST(the_header_comes_once_a_file)
{
    ck_assert_int_eq(begin(OPTIONS("header", _i == 0 ? "true" : "false"), DAYBREAK_ENVELOPE_NONE, 1), 0);
    ck_assert_int_eq(file_load_stage(&load, 0, file_batch(columns, 1, "c", ROW("lost"))), 0);
    file_load_rollback(&load);
    land(file_batch(columns, 1, "c", ROW("A")), "p1");
    land(file_batch(columns, 1, "c", ROW("B")), "p2");
    file_load_close(&load);
    ck_assert_int_eq(begin(OPTIONS("header", _i == 0 ? "true" : "false"), DAYBREAK_ENVELOPE_NONE, 1), 0);
    land(file_batch(columns, 1, "c", ROW("C")), "p3");
    expect(_i == 0 ? "id\nA\nB\nC\n" : "A\nB\nC\n");
}
END_TEST

START_TEST(other_columns_cannot_go_on_in_the_same_file)
{
    ck_assert_int_eq(begin(OPTIONS("header", _i == 0 ? "true" : "false"), DAYBREAK_ENVELOPE_NONE, 1), 0);
    land(file_batch(columns, 1, "c", ROW("A")), "p1");
    file_load_close(&load);
    ck_assert_int_eq(begin(OPTIONS("header", _i == 0 ? "true" : "false"), DAYBREAK_ENVELOPE_NONE, 2), -1);
    refused("its lines have other columns than table 'orders' has now", "give the sink another path");
    file_load_close(&load);
    expect(_i == 0 ? "id\nA\n" : "A\n");
}
END_TEST

START_TEST(two_tables_of_other_columns_need_two_files)
{
    ck_assert_int_eq(begin(PLAIN, DAYBREAK_ENVELOPE_NONE, 1), 0);
    ck_assert_int_eq(file_load_stage(&load, 0, file_batch(columns, 1, "c", ROW("A"))), 0);
    load.target[1] = load.target[0];
    load.target[1].table = "parts";
    load.target[1].columns = 2;
    ck_assert_int_eq(file_load_prepare(&load, 2), -1);
    refused("cannot write tables 'orders' and 'parts' to one file 'out.csv': their columns differ", "put {table} into its path");
}
END_TEST

START_TEST(adopt_wants_the_same_header)
{
    file_put(dir, "out.csv", _i == 0 ? "id\nold\n" : "other\nold\n");
    ck_assert_int_eq(file_load_open(&load, dir, ledger, PLAIN), 0);
    ck_assert_int_eq(file_load_claim(&load), 0);
    load.target[0] = (struct daybreak_target){.size = sizeof load.target[0], .table = "orders", .column = columns, .columns = 1,
                                              .write = DAYBREAK_APPEND, .envelope = DAYBREAK_ENVELOPE_NONE, .prefix = "",
                                              .existing = DAYBREAK_EXISTING_ADOPT};
    if (_i == 0) {
        ck_assert_int_eq(file_load_prepare(&load, 1), 0);
        land(file_batch(columns, 1, "c", ROW("A")), "p1");
        expect("id\nold\nA\n");
    } else {
        ck_assert_int_eq(file_load_prepare(&load, 1), -1);
        refused("its first line does not name these columns", "");
        file_load_close(&load);
        expect("other\nold\n");
    }
}
END_TEST

START_TEST(a_clash_with_the_envelope_names_its_remedy)
{
    static const struct daybreak_column clash[] = {{.name = "_op", .type = DAYBREAK_TYPE_TEXT}};

    ck_assert_int_eq(file_load_open(&load, dir, ledger, PLAIN), 0);
    ck_assert_int_eq(file_load_claim(&load), 0);
    load.target[0] = (struct daybreak_target){.size = sizeof load.target[0], .table = "orders", .column = clash, .columns = 1,
                                              .write = DAYBREAK_APPEND, .prefix = ""};
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    refused("cannot write column '_op' of table 'orders': the envelope has one of that name", "`prefix: db_` makes it db_op");
    load.target[0].prefix = "db_";
    ck_assert_int_eq(file_load_prepare(&load, 1), 0);
    land(file_batch(clash, 1, "c", ROW("A")), "p1");
    expect("_op,db_event_id,db_op,db_changed_at,db_batch,db_position,db_context\n"
           "A,a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0,c,2025-02-21T04:00:00.000000Z,1,2:0,\n");
}
END_TEST

static const struct {
    const char *name, *value, *what;
} bad_options[] = {
    {"delimiter", "", "cannot write csv with delimiter '': one ASCII character is needed"},
    {"delimiter", "||", "cannot write csv with delimiter '||': one ASCII character is needed"},
    {"delimiter", "\n", "one ASCII character is needed"},
    {"delimiter", "\"", "cannot write csv with quote '\"': it is the delimiter"},
    {"quote", "", "one ASCII character or none is needed"},
    {"quote", "ab", "cannot write csv with quote 'ab': one ASCII character or none is needed"},
    {"null_text", "a,b", "cannot write csv with null_text 'a,b': it cannot stand unquoted"},
};

START_TEST(a_dialect_that_cannot_be_read_back_is_refused)
{
    ck_assert_int_eq(file_load_open(&load, dir, ledger, OPTIONS(bad_options[_i].name, bad_options[_i].value)), -1);
    refused(bad_options[_i].what, "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("load_csv");
    TCase *tcase = tcase_create("load_csv");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_field_is_quoted_when_it_must_be, 0, (int)(sizeof cells / sizeof *cells));
    tcase_add_test(tcase, the_envelope_stands_behind_the_row);
    tcase_add_test(tcase, a_delete_without_envelope_is_refused);
    tcase_add_test(tcase, a_null_alone_on_its_line_is_no_blank_line);
    tcase_add_loop_test(tcase, the_header_comes_once_a_file, 0, 2);
    tcase_add_loop_test(tcase, other_columns_cannot_go_on_in_the_same_file, 0, 2);
    tcase_add_test(tcase, two_tables_of_other_columns_need_two_files);
    tcase_add_loop_test(tcase, adopt_wants_the_same_header, 0, 2);
    tcase_add_test(tcase, a_clash_with_the_envelope_names_its_remedy);
    tcase_add_loop_test(tcase, a_dialect_that_cannot_be_read_back_is_refused, 0, (int)(sizeof bad_options / sizeof *bad_options));
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
