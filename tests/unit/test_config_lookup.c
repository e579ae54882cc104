/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/finding.h"

static struct findings findings;
static struct config *config;
static char path[64];

static struct config *
read_text(const char *text)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
    config = config_read(path, &findings);
    return config;
}

static const struct config_table *
need(const char *text)
{
    struct text out = {0};

    read_text(text);
    findings_print(&findings, &out, false);
    ck_assert_msg(config != NULL && findings.count == 0, "%s", text_end(&out));
    text_fini(&out);
    return &config->source.tables[0];
}

static void
setup(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/test_config_lookup.XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    findings_init(&findings);
}

static void
teardown(void)
{
    config_free(config);
    config = NULL;
    findings_fini(&findings);
    unlink(path);
}

#define SOURCE "source: {path: x.csv, capture: {key: id}}\n"
#define SINK "sink: {type: sqlite, path: out.db}\n"
#define LOOKUP(inside) SOURCE "transforms:\n- lookup: " inside "\n" SINK

START_TEST(a_file_is_a_source_of_its_own)
{
    const struct config_table *table =
        need("source: {path: x.csv, timezone: Europe/Paris}\ntransforms:\n"
             "- lookup: {name: crm, from: {path: \"c_%Y.csv.gz\", settle: 0s, format: {type: csv, delimiter: ;}, fields: {since: date}, member: \"*/c.csv\"}, "
             "on: {customer: id, shop: no}, take: [name, since]}\n" SINK);
    const struct config_lookup *lookup = table->steps[0].lookup;

    ck_assert_int_eq(table->steps[0].kind, CONFIG_LOOKUP);
    ck_assert_str_eq(lookup->name, "crm");
    ck_assert_int_eq(lookup->from, CONFIG_FROM_FILE);
    ck_assert_str_eq(lookup->file->source.extract.type, "file");
    ck_assert_str_eq(lookup->file->source.timezone, "Europe/Paris");
    ck_assert_str_eq(lookup->file->dir, config->dir);
    ck_assert_str_eq(lookup->file->source.tables[0].formats[0].type, "csv");
    ck_assert_str_eq(lookup->file->source.tables[0].fields[0].name, "since");
    ck_assert_str_eq(lookup->file->source.tables[0].member, "*/c.csv");
    ck_assert_uint_eq(lookup->on.count, 2);
    ck_assert_str_eq(lookup->on.name[1], "shop");
    ck_assert_str_eq(lookup->on.value[1], "no");
    ck_assert_str_eq(lookup->take.item[1], "since");
    ck_assert_int_eq(lookup->none, CONFIG_NONE_DEAD);
    ck_assert_int_eq(lookup->many, CONFIG_MANY_DEAD);
    ck_assert_int_eq(lookup->max_memory, 256 << 20);
}
END_TEST

START_TEST(a_database_has_a_query)
{
    const struct config_lookup *lookup =
        need(LOOKUP("{name: crm, from: {type: sqlite, path: c.db, fields: {n: integer}}, query: \"SELECT 1\", none: null, many: first}"))
            ->steps[0].lookup;

    ck_assert_int_eq(lookup->from, CONFIG_FROM_SQLITE);
    ck_assert_str_eq(lookup->path, "c.db");
    ck_assert_str_eq(lookup->query, "SELECT 1");
    ck_assert_str_eq(lookup->fields[0].type, "integer");
    ck_assert_int_eq(lookup->none, CONFIG_NONE_NULL);
    ck_assert_int_eq(lookup->many, CONFIG_MANY_FIRST);
    ck_assert_uint_eq(lookup->query_place.line, 3);
}
END_TEST

START_TEST(another_table_of_the_input_and_folds)
{
    const struct config_table *table =
        need("source: {path: x.tar, tables: {a: {lookup: {name: p, from: input, table: b, on: {id: a}, take: [n, m], many: {n: sum, m: count}}, "
             "contract: {required: [id], check: {paid: p.n > 0}}}, b: {contract: {check: {x: n > 1}}}}, contract: {required: [k]}}\n" SINK);

    ck_assert_uint_eq(table[0].lookup_count, 1);
    ck_assert_int_eq(table[0].lookups[0].from, CONFIG_FROM_INPUT);
    ck_assert_str_eq(table[0].lookups[0].table, "b");
    ck_assert_int_eq(table[0].lookups[0].many, CONFIG_MANY_FOLD);
    ck_assert_uint_eq(table[0].lookups[0].fold_count, 2);
    ck_assert_int_eq(table[0].lookups[0].fold[1].kind, CONFIG_FOLD_COUNT);
    ck_assert_str_eq(table[0].contract.required.item[0], "id");
    ck_assert_str_eq(table[0].contract.check[0].name, "paid");
    ck_assert_str_eq(table[0].contract.check[0].test.text, "p.n > 0");
    ck_assert_uint_eq(table[1].lookup_count, 0);
    ck_assert_str_eq(table[1].contract.required.item[0], "k"); /* from above */
    ck_assert_str_eq(table[1].contract.check[0].name, "x");
}
END_TEST

START_TEST(a_module_keeps_its_options)
{
    const struct config_step *step = need(SOURCE "transforms: [{use: {type: mask, columns: [a]}}]\n" SINK)->steps;

    ck_assert_int_eq(step->kind, CONFIG_USE);
    ck_assert_str_eq(step->use.type, "mask");
    ck_assert_ptr_nonnull(node_member(step->use.node, "columns"));
}
END_TEST

#define FILE_FROM "from: {path: c.csv}"
#define BASE_FROM "from: {type: sqlite, path: c.db}"

static const struct {
    const char *text, *code, *message, *suggestion;
    uint32_t line, column;
} wrongs[] = {
    {LOOKUP("{" FILE_FROM ", on: {a: b}, take: [c]}"), "missing-key", "'name' is missing in 'lookup'", "name: crm", 3, 3},
    {LOOKUP("{name: 1st, " FILE_FROM ", on: {a: b}, take: [c]}"), "bad-name",
     "'1st' cannot name a lookup: its columns are written NAME.COLUMN", "letters, digits and _, no digit in front", 3, 18},
    {LOOKUP("{name: crm, on: {a: b}, take: [c]}"), "missing-key", "'from' is missing in lookup 'crm'", "from: {type: file, path: customers.csv}", 3,
     3},
    {LOOKUP("{name: crm, from: c.csv, on: {a: b}, take: [c]}"), "wrong-type",
     "'from' must be a mapping such as {type: file, path: customers.csv}, or input, not 'c.csv'", NULL, 3, 29},
    {LOOKUP("{name: crm, from: {type: sqlit, path: c}, query: x}"), "unknown-choice",
     "a lookup is from a file, sqlite or the input, not 'sqlit'", "did you mean 'sqlite'?", 3, 36},
    {LOOKUP("{name: crm, from: {path: c.csv, capture: {}}, on: {a: b}, take: [c]}"), "not-together",
     "'capture' has no meaning for the file of a lookup: it is read as it is, and left where it is", NULL, 3, 43},
    {LOOKUP("{name: crm, " FILE_FROM ", on: a, take: [c]}"), "wrong-type", "'on' must be a mapping {record column: its column}, not 'a'", NULL, 3,
     48},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b, c: b}, take: [c]}"), "duplicate-name", "'on' names column 'b' twice", NULL, 3, 48},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b}, take: []}"), "empty-value", "'take' names no column", NULL, 3, 56},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b}, take: [c.d]}"), "bad-column",
     "column 'c.d' has a dot in its name, and a looked-up column is NAME.COLUMN", NULL, 3, 62},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b}, take: [c], none: nul}"), "unknown-choice", "'none' may be dead_letter or null, not 'nul'",
     "did you mean 'null'?", 3, 73},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b}, take: [c], many: frist}"), "unknown-choice",
     "'many' may be dead_letter, first or {COLUMN: sum|min|max|count}, not 'frist'", "did you mean 'first'?", 3, 73},
    {LOOKUP("{name: crm, " FILE_FROM ", on: {a: b}, take: [c, d], many: {c: sum}}"), "missing-key", "'many' does not say what becomes of column 'd'",
     "d: min", 3, 70},
    {LOOKUP("{name: crm, " BASE_FROM "}"), "missing-key", "'query' is missing in lookup 'crm'",
     "query: \"SELECT name FROM customers WHERE id = :customer_id\"", 3, 18},
    {LOOKUP("{name: crm, from: {type: sqlite}, query: x}"), "missing-key", "'path' is missing in 'from'", "path: crm.db", 3, 23},
    {LOOKUP("{name: crm, " BASE_FROM ", query: x, table: t}"), "not-together", "'table' is for `from: input`", NULL, 3, 67},
    {LOOKUP("{name: crm, from: input, on: {a: b}, take: [c]}"), "missing-key", "'table' is missing in lookup 'crm'", "table: regions", 3, 29},
    {LOOKUP("{name: crm, from: input, table: t, on: {a: b}, take: [c]}"), "unknown-table",
     "lookup 'crm' is from table 't', which the source does not have", "name the tables of an input under source.tables", 3, 29},
    {SOURCE "transforms:\n- lookup: {name: crm, " FILE_FROM ", on: {a: b}, take: [c]}\n- lookup: {name: crm, " FILE_FROM
            ", on: {a: b}, take: [c]}\n" SINK,
     "duplicate-name", "two lookups are called 'crm'", NULL, 4, 18},
    {"source: {path: x, lookup: y}\n" SINK, "wrong-type", "'lookup' must be a list of lookups, not 'y'", NULL, 1, 27},
    {"source: {path: x, contract: {required: []}}\n" SINK, "empty-value", "'required' names no column", "leave the key out", 1, 30},
    {"source: {path: x, contract: {check: {a b: n > 1}}}\n" SINK, "bad-name",
     "'a b' cannot name a check: it is the reason of what breaches it", "letters, digits, _ and -, at most 64", 1, 38},
    {"source: {path: x, contract: {check: {a: }}}\n" SINK, "empty-value", "check 'a' has no condition", NULL, 1, 38},
    {"source: {path: x, contract: {requird: [n]}}\n" SINK, "unknown-key", "unknown key 'requird' in 'contract'", "did you mean 'required'?", 1, 30},
    {SOURCE "transforms: [{use: mask}]\n" SINK, "wrong-type", "a transform module is named by its type, with its options beside it",
     "use: {type: mask, columns: [email]}", 2, 15},
};

START_TEST(what_is_wrong_is_said_with_place_and_remedy)
{
    const struct finding *finding;
    struct text out = {0};
    size_t known = 0;

    ck_assert_ptr_null(read_text(wrongs[_i].text));
    finding = &findings.item[0];
    findings_print(&findings, &out, false);
    ck_assert_msg(findings.count == 1, "%s", text_end(&out));
    ck_assert_str_eq(finding->message, wrongs[_i].message);
    ck_assert_str_eq(finding->code, wrongs[_i].code);
    ck_assert_pstr_eq(finding->suggestion, wrongs[_i].suggestion);
    ck_assert_uint_eq(finding->place.line, wrongs[_i].line);
    ck_assert_uint_eq(finding->place.column, wrongs[_i].column);
    while (finding_codes[known].code != NULL && strcmp(finding_codes[known].code, finding->code) != 0)
        known++;
    ck_assert_ptr_nonnull(finding_codes[known].code);
    text_fini(&out);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config_lookup");
    TCase *tcase = tcase_create("config_lookup");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_file_is_a_source_of_its_own);
    tcase_add_test(tcase, a_database_has_a_query);
    tcase_add_test(tcase, another_table_of_the_input_and_folds);
    tcase_add_test(tcase, a_module_keeps_its_options);
    tcase_add_loop_test(tcase, what_is_wrong_is_said_with_place_and_remedy, 0, sizeof wrongs / sizeof *wrongs);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
