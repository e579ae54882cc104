/* SPDX-License-Identifier: Apache-2.0 */
/* A memory that is only looked at: it says what it knows, takes what would land, and leaves no trace. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "change/memory.h"

#define OK(call) ck_assert_msg((call) == 0, "%s", fault.what)

static char dir[64];
static struct daybreak_fault fault;

static void
setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/daybreak.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    memset(&fault, 0, sizeof fault);
}

static void
teardown(void)
{
    struct dirent **entry;
    int count = scandir(dir, &entry, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        char path[400];

        snprintf(path, sizeof path, "%s/%s", dir, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.')
            unlink(path);
        free(entry[i]);
    }
    free(entry);
    rmdir(dir);
}

/* Names, sizes, times and inodes of all that is there. */
static void
traces(char *to, size_t room)
{
    struct dirent **entry;
    int count = scandir(dir, &entry, NULL, alphasort);
    size_t size = 0;

    to[0] = '\0';
    for (int i = 0; i < count; i++) {
        char path[400];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", dir, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && stat(path, &st) == 0)
            size += (size_t)snprintf(to + size, room - size, "%s %ld %ld %ld.%09ld\n", entry[i]->d_name, (long)st.st_ino,
                                     (long)st.st_size,
                                     (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
        free(entry[i]);
    }
    free(entry);
}

static struct memory_item
item_of(const char *key, uint64_t raw)
{
    return (struct memory_item){.key = key, .key_size = (uint32_t)strlen(key), .route = MEMORY_HOME, .raw = raw, .canon = raw};
}

static bool
knows(struct memory *memory, const char *key, uint64_t raw)
{
    struct memory_item item = item_of(key, 0);
    struct memory_found found;

    memory_find(memory, &item, 1, &found);
    return found.there && found.raw == raw;
}

static void
put(struct memory *memory, const char *key, uint64_t raw)
{
    struct memory_item item = item_of(key, raw);

    memory_put(memory, &item);
}

/* Two batches landed, the third is in the journal and has not. */
static void
life(void)
{
    struct memory *memory;

    OK(memory_open(dir, "t", 0, false, &memory, &fault));
    put(memory, "a", 1);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    put(memory, "b", 2);
    OK(memory_journal(memory, 2, &fault));
    memory_landed(memory);
    put(memory, "c", 3);
    OK(memory_journal(memory, 3, &fault));
    memory_close(memory);
}

START_TEST(where_nothing_is_nothing_is_made)
{
    struct memory *memory;
    char after[4096];

    OK(memory_open_still("/nonexistent/memory", "t", 0, false, &memory, &fault));
    ck_assert_int_eq(memory_count(memory), 0);
    put(memory, "a", 1);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    ck_assert(knows(memory, "a", 1));
    memory_close(memory);
    ck_assert_int_eq(access("/nonexistent", F_OK), -1);
    traces(after, sizeof after);
    ck_assert_str_eq(after, "");
}
END_TEST

START_TEST(a_journal_that_goes_beyond_the_target_is_not_cut)
{
    char before[4096], after[4096];
    struct memory *memory;

    life();
    traces(before, sizeof before);
    OK(memory_open_still(dir, "t", 2, true, &memory, &fault));
    ck_assert_int_eq(memory_count(memory), 2);
    ck_assert(knows(memory, "a", 1) && knows(memory, "b", 2) && !knows(memory, "c", 3));
    memory_close(memory);
    traces(after, sizeof after);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(what_would_land_is_known_to_the_next_input)
{
    char before[4096], after[4096];
    struct memory_item gone = item_of("a", 0);
    struct memory *memory;

    life();
    traces(before, sizeof before);
    OK(memory_open_still(dir, "t", 2, true, &memory, &fault));
    put(memory, "b", 7);
    memory_remove(memory, &gone);
    OK(memory_journal(memory, 3, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    memory_look(memory);
    ck_assert(knows(memory, "b", 7) && !knows(memory, "a", 1));
    ck_assert_int_eq(memory_count(memory), 1);
    put(memory, "d", 9); /* of an input that is then held */
    OK(memory_revert(memory, &fault));
    ck_assert(knows(memory, "b", 7) && !knows(memory, "d", 9));
    memory_close(memory);
    traces(after, sizeof after);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(a_damaged_one_that_nothing_relies_on_is_left_as_it_is)
{
    char before[4096], after[4096], path[400];
    struct memory *memory;
    FILE *file;

    snprintf(path, sizeof path, "%s/t.base", dir);
    file = fopen(path, "w");
    fputs("no memory at all", file);
    fclose(file);
    traces(before, sizeof before);
    ck_assert_int_eq(memory_open_still(dir, "t", 2, true, &memory, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 78);
    OK(memory_open_still(dir, "t", 2, false, &memory, &fault));
    ck_assert_int_eq(memory_count(memory), 0);
    put(memory, "a", 1);
    ck_assert(knows(memory, "a", 1));
    memory_close(memory);
    traces(after, sizeof after);
    ck_assert_str_eq(before, after);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("memory_still");
    TCase *tcase = tcase_create("still");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, where_nothing_is_nothing_is_made);
    tcase_add_test(tcase, a_journal_that_goes_beyond_the_target_is_not_cut);
    tcase_add_test(tcase, what_would_land_is_known_to_the_next_input);
    tcase_add_test(tcase, a_damaged_one_that_nothing_relies_on_is_left_as_it_is);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
