/* SPDX-License-Identifier: Apache-2.0 */
/* The exec extract, driven as the engine does. Programs are small shells; what they see is what they print. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../support/extract_reader.h"
#include "daybreak/connector.h"

#define TYPE (&daybreak_connector)

static char *
input_of(void *self, const char *name)
{
    ck_assert_msg(extract_take(TYPE, self, name), "the look ended without '%s'", name);
    return extract_input(TYPE, self, 7);
}

/* The shell line ${line}; every and timeout as given. */
static void *
shell(const char *line, const char *timeout, const char *every)
{
    struct daybreak_fault fault = {0};
    char command[1024];
    void *self;

    snprintf(command, sizeof command, "sh|-c|%s", line);
    self = extract_open(TYPE, (const char *const[]){"command", command, "timeout", timeout, "every", every, "environment", "A=1|PATH_2=x y=z",
                                                    "max_output", "1000", NULL}, "/", &fault);
    ck_assert_msg(self != NULL, "%s", fault.what);
    return self;
}

static void
prints(const char *line, const char *expected)
{
    void *self = shell(line, "30s", "600s");
    char *found = input_of(self, "sh");

    ck_assert_str_eq(found, expected);
    free(found);
    free(extract_log());
    extract_close(TYPE, self);
}

START_TEST(what_it_prints_is_one_part)
{
    prints("printf hello", "[]helloend");
    prints("true", "[]end");
}
END_TEST

START_TEST(it_runs_in_its_folder_with_its_variables_and_no_stdin)
{
    prints("pwd", "[]/\nend");
    prints("printf %s \"$A-$PATH_2\"", "[]1-x y=zend");
    prints("cat", "[]end");
}
END_TEST

START_TEST(nothing_of_one_that_fails_is_read)
{
    prints("echo some; exit 7", "cut: 'sh' ended with exit status 7");
    prints("echo some; echo why >&2; exit 7", "cut: 'sh' ended with exit status 7: why");
    prints("kill -KILL $$", "cut: 'sh' was ended by signal 9 (KILL)");
    prints("head -c 1001 /dev/zero", "cut: 'sh' printed more than 1000 bytes (max_output) and was killed");
}
END_TEST

START_TEST(last_words_are_text_whatever_they_are)
{
    prints("printf 'a\\377b\\001\\nc\\303\\274\\303' >&2; exit 1", "cut: 'sh' ended with exit status 1: a?b? c\303\274?");
}
END_TEST

START_TEST(of_stderr_the_last_4_kib_are_kept)
{
    void *self = shell("seq 100000 >&2; exit 1", "30s", "600s");
    char *found = input_of(self, "sh");
    const char *said = TYPE->evidence(self);

    ck_assert_uint_eq(strlen(said), 4096);
    ck_assert_str_eq(said + 4096 - 13, "99999\n100000\n");
    free(found);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_time_limit_ends_the_whole_group)
{
    char folder[] = "/tmp/extract_exec.XXXXXX", line[200], *found;
    void *self;
    int pid = 0;
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(line, sizeof line, "sleep 1000 & echo $! >%s/pid; sleep 1000", folder);
    self = shell(line, "250", "600s");
    found = input_of(self, "sh");
    ck_assert_str_eq(found, "cut: 'sh' did not end within 250 ms and was killed");
    snprintf(line, sizeof line, "%s/pid", folder);
    file = fopen(line, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d", &pid), 1);
    fclose(file);
    /* The signal was sent; the kernel may still be ending it, and whoever takes orphans in may not have taken it away yet. */
    snprintf(line, sizeof line, "/proc/%d/stat", pid);
    for (int tries = 0; tries < 1000; tries++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        char state = 'X';

        file = fopen(line, "r");
        if (file != NULL) {
            if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
                state = 'X';
            fclose(file);
        }
        if (state == 'Z' || state == 'X')
            break;
        ck_assert_msg(tries < 999, "it lives on: %c", state);
        nanosleep(&pause, NULL);
    }
    free(found);
    extract_close(TYPE, self);
    snprintf(line, sizeof line, "%s/pid", folder);
    unlink(line);
    rmdir(folder);
}
END_TEST

START_TEST(what_it_leaves_behind_with_its_output_open_is_waited_for_in_vain)
{
    void *self = shell("sleep 1000 & echo done", "250", "600s");
    char *found = input_of(self, "sh");

    ck_assert_str_eq(found, "cut: 'sh' ended, and what it started held its output open for 250 ms");
    free(found);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(it_runs_once_until_it_is_due_again)
{
    char folder[] = "/tmp/extract_exec.XXXXXX", line[200], *look;
    struct daybreak_wait wait;
    struct daybreak_fault fault = {0};
    void *self;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(line, sizeof line, "echo x >>%s/runs; cat %s/runs", folder, folder);
    self = shell(line, "30s", "600s");
    look = extract_look(TYPE, self, &wait);
    ck_assert_str_eq(look, "sh - packed\n");
    free(look);
    ck_assert_int_eq(wait.wait_ms, 1000); /* given up: given again soon, from what was kept */
    ck_assert_uint_eq(wait.matched, 1);
    ck_assert(wait.proves);
    ck_assert(extract_take(TYPE, self, "sh"));
    look = extract_input(TYPE, self, 100);
    ck_assert_str_eq(look, "[]x\nend");
    free(look);
    ck_assert_int_eq(TYPE->finish(self, &fault), 0);
    look = extract_look(TYPE, self, &wait);
    ck_assert_str_eq(look, "");
    free(look);
    ck_assert_int_gt(wait.wait_ms, 500000);
    ck_assert_int_le(wait.wait_ms, 600000);
    extract_close(TYPE, self);
    snprintf(line, sizeof line, "%s/runs", folder);
    unlink(line);
    rmdir(folder);
}
END_TEST

START_TEST(its_name_is_its_content)
{
    void *one = shell("echo a", "30s", "600s"), *other = shell("printf 'a\\n'", "30s", "600s"), *failed = shell("echo a; exit 1", "30s", "600s");
    uint8_t a[16], b[16], c[16];
    struct daybreak_fault fault = {0};

    ck_assert(extract_take(TYPE, one, "sh") && extract_take(TYPE, other, "sh") && extract_take(TYPE, failed, "sh"));
    ck_assert_int_eq(TYPE->digest(one, a, &fault), 0);
    ck_assert_int_eq(TYPE->digest(other, b, &fault), 0);
    ck_assert_int_eq(TYPE->digest(failed, c, &fault), 0);
    ck_assert_mem_eq(a, b, 16);
    ck_assert_mem_ne(a, c, 16);
    extract_close(TYPE, one);
    extract_close(TYPE, other);
    extract_close(TYPE, failed);
}
END_TEST

START_TEST(one_that_is_not_there_stops_with_its_reason)
{
    struct daybreak_fault fault = {0};
    void *self = extract_open(TYPE, (const char *const[]){"command", "/nonexistent/program|x", "timeout", "30s", "max_output", "1000", NULL}, "/",
                              &fault);
    struct daybreak_input input = {.size = sizeof input};
    struct daybreak_wait wait = {.size = sizeof wait};
    enum daybreak_next next;

    ck_assert_ptr_nonnull(self);
    ck_assert_int_eq(TYPE->next_input(self, &input, &wait, &next, &fault), -1);
    ck_assert_str_eq(fault.what, "cannot execute '/nonexistent/program': No such file or directory");
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(it_is_ended_when_we_are)
{
    void *self = shell("sleep 1000", "30s", "600s");
    char *look;

    extract_stop(true);
    look = extract_look(TYPE, self, NULL);
    extract_stop(false);
    ck_assert_str_eq(look, "fault: stopped while 'sh' was running; it was killed, and nothing of it landed\n");
    free(look);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(no_descriptor_of_ours_is_left_to_it)
{
    int mine = open("/dev/null", O_RDONLY), kept = fcntl(mine, F_DUPFD, 100);
    void *self;
    char *found;

    ck_assert_int_ge(kept, 100);
    self = shell("for f in /proc/$$/fd/*; do [ ${f##*/} -lt 50 ] && continue; echo $f; done", "30s", "600s");
    found = input_of(self, "sh");
    ck_assert_str_eq(found, "[]end");
    free(found);
    extract_close(TYPE, self);
    close(mine);
    close(kept);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("extract_exec");
    TCase *runs = tcase_create("runs");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(runs, 60);
    tcase_add_test(runs, what_it_prints_is_one_part);
    tcase_add_test(runs, it_runs_in_its_folder_with_its_variables_and_no_stdin);
    tcase_add_test(runs, nothing_of_one_that_fails_is_read);
    tcase_add_test(runs, last_words_are_text_whatever_they_are);
    tcase_add_test(runs, of_stderr_the_last_4_kib_are_kept);
    tcase_add_test(runs, a_time_limit_ends_the_whole_group);
    tcase_add_test(runs, what_it_leaves_behind_with_its_output_open_is_waited_for_in_vain);
    tcase_add_test(runs, it_runs_once_until_it_is_due_again);
    tcase_add_test(runs, its_name_is_its_content);
    tcase_add_test(runs, one_that_is_not_there_stops_with_its_reason);
    tcase_add_test(runs, it_is_ended_when_we_are);
    tcase_add_test(runs, no_descriptor_of_ours_is_left_to_it);
    suite_add_tcase(suite, runs);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
