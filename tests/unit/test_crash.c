/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crash.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char list[64];

static void
setup(void)
{
    int fd;

    snprintf(list, sizeof(list), "/tmp/daybreak.XXXXXX");
    fd = mkstemp(list);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void
teardown(void)
{
    unlink(list);
}

/* Two points, the first three times. The exit status counts how far it came. */
static int
live(const char *at, const char *to)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int reached = 0;

        unsetenv("DAYBREAK_CRASH_AT");
        unsetenv("DAYBREAK_CRASH_LIST");
        if (at != NULL)
            setenv("DAYBREAK_CRASH_AT", at, 1);
        if (to != NULL)
            setenv("DAYBREAK_CRASH_LIST", to, 1);
        crash_init();
        for (; reached < 3; reached++)
            CRASH_POINT("test.thrice");
        CRASH_POINT("test.once");
        _exit(reached + 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static const char *
listed(void)
{
    static char names[512];
    FILE *file = fopen(list, "r");
    size_t size;

    ck_assert_ptr_nonnull(file);
    size = fread(names, 1, sizeof(names) - 1, file);
    fclose(file);
    names[size] = '\0';
    return names;
}

START_TEST(unarmed_points_do_nothing)
{
    int status = live(NULL, NULL);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 4);
}
END_TEST

START_TEST(a_named_point_kills)
{
    static const char *const names[] = {"test.thrice", "test.once", "test.thrice:1", "test.thrice:3"};
    int status = live(names[_i], NULL);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}
END_TEST

START_TEST(a_point_not_reached_does_not_kill)
{
    static const char *const names[] = {"test.never",    "test.thrice:4", "test.once:2",  "test.thrice:0",
                                        "test.thrice:x", "test.thrice:",  "test.thrice:-1", "test"};
    int status = live(names[_i], NULL);

    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 4);
}
END_TEST

START_TEST(each_name_is_listed_once_in_the_order_passed)
{
    ck_assert_int_eq(WEXITSTATUS(live(NULL, list)), 4);
    ck_assert_str_eq(listed(), "test.thrice\ntest.once\n");
}
END_TEST

START_TEST(the_list_is_appended_to_and_holds_the_point_that_kills)
{
    ck_assert_int_eq(WTERMSIG(live("test.thrice:2", list)), SIGKILL);
    ck_assert_str_eq(listed(), "test.thrice\n");
    ck_assert_int_eq(WTERMSIG(live("test.once", list)), SIGKILL);
    ck_assert_str_eq(listed(), "test.thrice\ntest.thrice\ntest.once\n");
}
END_TEST

START_TEST(a_list_that_cannot_be_written_harms_nothing)
{
    ck_assert_int_eq(WEXITSTATUS(live(NULL, "/nowhere/list")), 4);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("crash");
    TCase *tcase = tcase_create("crash");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, unarmed_points_do_nothing);
    tcase_add_loop_test(tcase, a_named_point_kills, 0, 4);
    tcase_add_loop_test(tcase, a_point_not_reached_does_not_kill, 0, 8);
    tcase_add_test(tcase, each_name_is_listed_once_in_the_order_passed);
    tcase_add_test(tcase, the_list_is_appended_to_and_holds_the_point_that_kills);
    tcase_add_test(tcase, a_list_that_cannot_be_written_harms_nothing);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
