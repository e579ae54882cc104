/* SPDX-License-Identifier: Apache-2.0 */
/* Whole guesses, through the modules of this build. */
#include "engine/guess.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connector/module.h"

static char folder[] = "/tmp/test_guess_XXXXXX";
static struct daybreak_fault fault;

static const char *
path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *to = paths[next++ % 4];

    snprintf(to, sizeof paths[0], "%s/%s", folder, name);
    return to;
}

static struct guess_request
request_of(const char *name)
{
    return (struct guess_request){.from = path(name), .output = path("p.yaml")};
}

static struct guess *
guess_of(const struct guess_request *request)
{
    struct guess *guess;

    memset(&fault, 0, sizeof fault);
    ck_assert_msg(guess_make(request, &guess, &fault) == 0, "%s", fault.what);
    return guess;
}

static void
put(const char *name, const char *text)
{
    FILE *file = fopen(path(name), "wb");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void
setup(void)
{
    const char *build = getenv("DAYBREAK_BUILD");
    char modules[512];

    snprintf(modules, sizeof modules, "%s/connectors", build == NULL ? "." : build);
    module_folder_set(modules);
    if (access(folder, F_OK) != 0)
        ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
    static const char *const names[] = {"rows.csv", "more.jsonl", "quote.csv", "trail.csv", "gone.csv"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path(names[i]));
    rmdir(folder);
}

/* ${rows} rows; id repeats the one of row 17 in row ${twice}, if that is one. */
static void
put_rows(int rows, int twice)
{
    FILE *file = fopen(path("rows.csv"), "wb");

    ck_assert_ptr_nonnull(file);
    fputs("id,group,seq,note\n", file);
    for (int i = 0; i < rows; i++)
        fprintf(file, "%d,%d,%d,n%d\n", i == twice ? 17 : i, i / 4, i % 4, i % 9);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(keys_beyond_memory_are_counted_share_by_share)
{
    struct guess_request request = request_of("rows.csv");
    struct guess *guess;

    request.memory_bytes = 100000;
    put_rows(30000, -1);
    guess = guess_of(&request);
    ck_assert_uint_eq(guess->table[0].key.count, 1);
    ck_assert_str_eq(guess->table[0].key.item[0], "id");
    ck_assert_str_eq(guess->table[0].key_why, "different in all 30,000 rows, never empty; its name says so too");
    ck_assert_ptr_null(guess->table[0].key_doubt);
    guess_free(guess);
    put_rows(30000, 29999); /* one in thirty thousand, wherever its share falls */
    guess = guess_of(&request);
    ck_assert_str_eq(guess->table[0].key.item[0], "id");
    ck_assert_str_eq(guess->table[0].key_doubt, "1 row has the key of another, different row: both are set aside");
    guess_free(guess);
}
END_TEST

START_TEST(columns_that_come_late_are_columns_of_all_rows)
{
    struct guess_request request = request_of("more.jsonl");
    struct guess *guess;

    put("more.jsonl", "{\"id\":1}\n{\"id\":2,\"late\":\"a\"}\n{\"id\":3,\"later\":5}\n");
    guess = guess_of(&request);
    ck_assert_uint_eq(guess->table[0].columns, 3);
    ck_assert_str_eq(guess->table[0].column[1].type, "text");
    ck_assert_str_eq(guess->table[0].column[2].type, "integer");
    ck_assert_int_eq(guess->table[0].rows, 3);
    ck_assert_str_eq(guess->table[0].key.item[0], "id");
    guess_free(guess);
}
END_TEST

START_TEST(a_quote_that_is_never_closed_far_inside_switches_quotes_off)
{
    struct guess_request request = request_of("quote.csv");
    FILE *file = fopen(path("quote.csv"), "wb");
    struct guess *guess;

    ck_assert_ptr_nonnull(file);
    fputs("id,note\n", file);
    for (int i = 0; i < 90000; i++) /* beyond what the dialect is told from */
        fprintf(file, "%d,%s\n", i, i == 89000 ? "\"open" : "plain text of some length");
    ck_assert_int_eq(fclose(file), 0);
    guess = guess_of(&request);
    ck_assert_int_eq(guess->table[0].dialect.quote, -1);
    ck_assert_int_eq(guess->table[0].rows, 90000);
    ck_assert_uint_eq(guess->table[0].columns, 2);
    guess_free(guess);
}
END_TEST

START_TEST(what_only_looks_like_a_trailer_stays_a_row)
{
    struct guess_request request = request_of("trail.csv");
    struct guess *guess;

    put("trail.csv", "id,kind,n\nA,x,1\nEND,y,2\nB,z,3\nEND2,y,4\n");
    guess = guess_of(&request);
    ck_assert_ptr_null(guess->table[0].dialect.trailer_starts);
    ck_assert_int_eq(guess->table[0].rows, 4);
    guess_free(guess);
    put("trail.csv", "id,kind,n\nEND,x,1\nA,y,2\nEND,,2\n"); /* a row begins as the trailer does */
    guess = guess_of(&request);
    ck_assert_ptr_null(guess->table[0].dialect.trailer_starts);
    ck_assert_int_eq(guess->table[0].rows, 3);
    guess_free(guess);
}
END_TEST

START_TEST(a_limit_is_said_to_prove_little)
{
    struct guess_request request = request_of("rows.csv");
    struct guess *guess;

    put_rows(1000, -1);
    request.limit = 100;
    guess = guess_of(&request);
    ck_assert(guess->limited);
    ck_assert_int_eq(guess->table[0].rows, 100);
    ck_assert_str_eq(guess->table[0].key_doubt, "only the rows looked at prove it");
    guess_free(guess);
}
END_TEST

START_TEST(what_is_not_there_is_66_and_a_stop_ends_it)
{
    struct guess_request request = request_of("gone.csv");
    volatile int stop = 1;
    struct guess *guess;

    memset(&fault, 0, sizeof fault);
    ck_assert_int_eq(guess_make(&request, &guess, &fault), -1);
    ck_assert_int_eq(fault.status, 66);
    put_rows(10, -1);
    request = request_of("rows.csv");
    request.stop = &stop;
    memset(&fault, 0, sizeof fault);
    ck_assert_int_eq(guess_make(&request, &guess, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("guess_file");
    TCase *tcase = tcase_create("guess_file");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, keys_beyond_memory_are_counted_share_by_share);
    tcase_add_test(tcase, columns_that_come_late_are_columns_of_all_rows);
    tcase_add_test(tcase, a_quote_that_is_never_closed_far_inside_switches_quotes_off);
    tcase_add_test(tcase, what_only_looks_like_a_trailer_stays_a_row);
    tcase_add_test(tcase, a_limit_is_said_to_prove_little);
    tcase_add_test(tcase, what_is_not_there_is_66_and_a_stop_ends_it);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
