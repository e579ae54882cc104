/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger in memory, for a run that must leave no trace: it knows what the file knows, and the file is as it was. */
#include "../support/ledger_life.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct ledger *copy;

static struct stat
trace(void)
{
    struct stat status = {0};

    stat(path, &status);
    return status;
}

static bool
beside(const char *ending)
{
    char name[160];

    snprintf(name, sizeof(name), "%s%s", path, ending);
    return access(name, F_OK) == 0;
}

static void
untouched(const struct stat *before)
{
    struct stat after = trace();

    ck_assert_int_eq(after.st_size, before->st_size);
    ck_assert_int_eq(after.st_mtim.tv_sec, before->st_mtim.tv_sec);
    ck_assert_int_eq(after.st_mtim.tv_nsec, before->st_mtim.tv_nsec);
    ck_assert_int_eq(after.st_ctim.tv_nsec, before->st_ctim.tv_nsec);
}

static struct daybreak_counts
totals_of(struct ledger *of)
{
    struct daybreak_counts counts;

    OK(ledger_totals(of, &counts, &fault));
    return counts;
}

START_TEST(without_a_file_it_is_empty_and_makes_none)
{
    struct ledger_identity identity;

    OK(ledger_copy(path, &copy, &fault));
    OK(ledger_identity(copy, "orders", &identity, &fault));
    ck_assert_str_eq(identity.name, "orders");
    ledger_close(copy);
    ck_assert_int_eq(access(path, F_OK), -1);
    ck_assert(!beside("-wal") && !beside("-shm"));
}
END_TEST

START_TEST(it_knows_what_the_file_knows)
{
    struct ledger_identity identity, again;
    int64_t open, oldest;
    struct stat before;
    char *note;

    open_ledger();
    OK(ledger_identity(ledger, "orders", &identity, &fault));
    OK(ledger_note_set(ledger, "columns:orders", "id\nv\n", &fault));
    one_dead();
    ledger_close(ledger);
    ledger = NULL;
    ck_assert(!beside("-wal") && !beside("-shm"));
    before = trace();
    OK(ledger_copy(path, &copy, &fault));
    OK(ledger_identity(copy, "orders", &again, &fault));
    ck_assert_str_eq(again.id, identity.id);
    ck_assert_mem_eq(again.secret, identity.secret, sizeof(identity.secret));
    OK(ledger_note_get(copy, "columns:orders", &note, &fault));
    ck_assert_str_eq(note, "id\nv\n");
    free(note);
    OK(ledger_dead_count(copy, &open, &oldest, &fault));
    ck_assert_int_eq(open, 1);
    ck_assert_int_eq(totals_of(copy).dead, 1);
    /* what is written goes nowhere */
    OK(ledger_note_set(copy, "columns:orders", "id\n", &fault));
    ledger_close(copy);
    untouched(&before);
    ck_assert(!beside("-wal") && !beside("-shm"));
    open_ledger();
    OK(ledger_note_get(ledger, "columns:orders", &note, &fault));
    ck_assert_str_eq(note, "id\nv\n");
    free(note);
}
END_TEST

START_TEST(it_is_made_while_another_writes)
{
    struct ledger_identity identity;
    char *note;

    open_ledger();
    OK(ledger_identity(ledger, "orders", &identity, &fault));
    OK(ledger_note_set(ledger, "file", "/srv/orders.yaml", &fault)); /* in the WAL still */
    ck_assert(beside("-wal"));
    OK(ledger_copy(path, &copy, &fault));
    OK(ledger_note_get(copy, "file", &note, &fault));
    ck_assert_str_eq(note, "/srv/orders.yaml");
    free(note);
    ledger_close(copy);
    OK(ledger_note_set(ledger, "file", "/srv/other.yaml", &fault));
}
END_TEST

START_TEST(an_older_file_is_brought_up_to_date_in_memory_alone)
{
    struct ledger_identity identity;
    struct stat before;

    open_ledger();
    OK(ledger_identity(ledger, "orders", &identity, &fault));
    one_dead();
    ledger_close(ledger);
    ledger = NULL;
    sql("DROP TABLE route; PRAGMA user_version = 1"); /* as the first version left it */
    before = trace();
    ck_assert_int_eq(ledger_open(path, false, &ledger, &fault), -1);
    ck_assert_int_eq(fault.status, 66);
    OK(ledger_copy(path, &copy, &fault));
    ck_assert_int_eq(totals_of(copy).dead, 1);
    OK(ledger_check(copy, &fault));
    ledger_close(copy);
    untouched(&before);
}
END_TEST

START_TEST(what_is_no_ledger_is_refused)
{
    sql("CREATE TABLE customers (id)");
    ck_assert_int_eq(ledger_copy(path, &copy, &fault), -1);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "it is another program's database"));
    sql("DROP TABLE customers");
    open_ledger();
    ledger_close(ledger);
    ledger = NULL;
    sql("PRAGMA user_version = 99");
    ck_assert_int_eq(ledger_copy(path, &copy, &fault), -1);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "a newer daybreak wrote it"));
}
END_TEST

START_TEST(damage_is_told)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    char garbage[4096];

    memset(garbage, 'g', sizeof(garbage));
    ck_assert_int_eq(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
    close(fd);
    ck_assert_int_eq(ledger_copy(path, &copy, &fault), -1);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "damaged"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger_copy");
    TCase *tcase = tcase_create("copy");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, without_a_file_it_is_empty_and_makes_none);
    tcase_add_test(tcase, it_knows_what_the_file_knows);
    tcase_add_test(tcase, it_is_made_while_another_writes);
    tcase_add_test(tcase, an_older_file_is_brought_up_to_date_in_memory_alone);
    tcase_add_test(tcase, what_is_no_ledger_is_refused);
    tcase_add_test(tcase, damage_is_told);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
