/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* What ${say} writes to stderr in a process of its own. */
static const char *
said(void (*say)(void), bool logfmt)
{
    static char lines[200000];
    size_t size = 0;
    int ends[2], status;
    ssize_t got;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        if (logfmt)
            setenv("DAYBREAK_LOG", "logfmt", 1);
        else
            unsetenv("DAYBREAK_LOG");
        clock_set_us(1740022380000000);
        say();
        _exit(0);
    }
    close(ends[1]);
    while (size < sizeof(lines) - 1 && (got = read(ends[0], lines + size, sizeof(lines) - 1 - size)) > 0)
        size += (size_t)got;
    close(ends[0]);
    lines[size] = '\0';
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    return lines;
}

static void
say_levels(void)
{
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        log_level_set((enum log_level)level);
        LOG_ERROR("e%d", level);
        LOG_WARN("w%d", level);
        LOG_INFO("i%d", level);
        LOG_DEBUG("d%d", level);
    }
}

START_TEST(a_level_shows_itself_and_what_is_worse)
{
    ck_assert_int_eq(log_level_get(), LOG_LEVEL_WARN);
    ck_assert_str_eq(said(say_levels, false), "daybreak: e0\n"
                                              "daybreak: e1\ndaybreak: w1\n"
                                              "daybreak: e2\ndaybreak: w2\ndaybreak: i2\n"
                                              "daybreak: e3\ndaybreak: w3\ndaybreak: i3\ndaybreak: d3\n");
}
END_TEST

static void
say_facts(void)
{
    LOG_WARN("batch landed: pipeline=%s records=%d lag_ms=%lld", "orders", 7, -5LL);
    LOG_WARN("route waits: pipeline=%s wait_ms=%d: %s", "orders", 250, "cannot open 'x': no");
    LOG_ERROR("cannot write '%s': %s", "out", "disk is full");
    LOG_ERROR("%s: reading: input=%s", "two: parts", "a b.csv");
    LOG_ERROR("nothing: input=%s done=", "");
}

START_TEST(lines_are_plain_for_people)
{
    ck_assert_str_eq(said(say_facts, false),
                     "daybreak: batch landed: pipeline=orders records=7 lag_ms=-5\n"
                     "daybreak: route waits: pipeline=orders wait_ms=250: cannot open 'x': no\n"
                     "daybreak: cannot write 'out': disk is full\n"
                     "daybreak: two: parts: reading: input=a b.csv\n"
                     "daybreak: nothing: input= done=\n");
}
END_TEST

#define TS "ts=2025-02-20T03:33:00.000000Z "

START_TEST(lines_are_facts_for_collectors)
{
    ck_assert_str_eq(said(say_facts, true),
                     "level=warn " TS "msg=\"batch landed\" pipeline=orders records=7 lag_ms=-5\n"
                     "level=warn " TS "msg=\"route waits\" pipeline=orders wait_ms=250"
                     " error=\"cannot open 'x': no\"\n"
                     "level=error " TS "msg=\"cannot write 'out': disk is full\"\n"
                     "level=error " TS "msg=\"two: parts: reading\" input=\"a b.csv\"\n"
                     "level=error " TS "msg=nothing input=\"\" done=\"\"\n");
}
END_TEST

static void
say_attack(void)
{
    LOG_ERROR("file seen: input=%s size=%d", "a\nlevel=error msg=\"x\" size=9\x1b[2J", 1);
    LOG_ERROR("file seen: input=%s size=%d", "a\xff" "9", 1);
    LOG_ERROR("right to left: %s", "\xe2\x80\xae" "exe \xc2\x85 \xc3\xa9 \\ \xc3");
}

START_TEST(a_value_cannot_pretend_to_be_a_line_or_a_fact)
{
    ck_assert_str_eq(said(say_attack, true),
                     "level=error " TS "msg=\"file seen\" "
                     "input=\"a\\x0alevel=error msg=\\\"x\\\" size=9\\x1b[2J\" size=1\n"
                     "level=error " TS "msg=\"file seen: input=a\\xff9 size=1\"\n"
                     "level=error " TS "msg=\"right to left: \\xe2\\x80\\xaeexe \\xc2\\x85 é \\\\ \\xc3\"\n");
    ck_assert_str_eq(said(say_attack, false),
                     "daybreak: file seen: input=a\\x0alevel=error msg=\"x\" size=9\\x1b[2J size=1\n"
                     "daybreak: file seen: input=a\\xff9 size=1\n"
                     "daybreak: right to left: \\xe2\\x80\\xaeexe \\xc2\\x85 é \\ \\xc3\n");
}
END_TEST

static void
say_much(void)
{
    static char much[3 * 6000 + 1];

    for (int i = 0; i < 6000; i++)
        memcpy(much + 3 * i, "€", 3);
    LOG_ERROR("long: input=%s", much);
    memset(much, '\n', sizeof(much) - 1);
    LOG_ERROR("long: input=%s", much);
}

START_TEST(a_line_is_cut_at_4_kib)
{
    const char *lines = said(say_much, _i == 1), *end;

    for (int line = 0; line < 2; line++) {
        end = strchr(lines, '\n');
        ck_assert_ptr_nonnull(end);
        ck_assert_int_le(end + 1 - lines, 4096);
        ck_assert_int_ge(end + 1 - lines, 4080);
        ck_assert_int_eq(strncmp(end - 3, "…", 3), 0);
        ck_assert(text_utf8(lines, (size_t)(end - lines)));
        lines = end + 1;
    }
    ck_assert_str_eq(lines, "");
}
END_TEST

static void
clear_bar(void)
{
    ck_assert_int_eq(write(STDERR_FILENO, "<clear>", 7), 7);
}

static void
say_hooked(void)
{
    log_line_hook(clear_bar);
    LOG_INFO("not shown");
    LOG_ERROR("shown");
    log_line_hook(NULL);
    LOG_ERROR("plain");
}

START_TEST(a_progress_bar_clears_itself_before_a_line)
{
    ck_assert_str_eq(said(say_hooked, false), "<clear>daybreak: shown\ndaybreak: plain\n");
}
END_TEST

static void *
chatter(void *name)
{
    for (int i = 0; i < 200; i++)
        LOG_ERROR("thread: name=%s", (const char *)name);
    return NULL;
}

static void
say_at_once(void)
{
    pthread_t one, other;

    pthread_create(&one, NULL, chatter, "aaaaaaaaaaaaaaaaaaaaaaaa");
    pthread_create(&other, NULL, chatter, "bbbbbbbbbbbbbbbbbbbbbbbb");
    pthread_join(one, NULL);
    pthread_join(other, NULL);
}

START_TEST(threads_do_not_mix_their_lines)
{
    const char *at = said(say_at_once, false);
    int lines = 0;

    for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1, lines++)
        ck_assert(strncmp(at, "daybreak: thread: name=aaaaaaaaaaaaaaaaaaaaaaaa\n", 48) == 0 ||
                  strncmp(at, "daybreak: thread: name=bbbbbbbbbbbbbbbbbbbbbbbb\n", 48) == 0);
    ck_assert_int_eq(lines, 400);
}
END_TEST

static void
say_with_errno(void)
{
    close(STDERR_FILENO); /* nowhere to say it */
    errno = ENOENT;
    LOG_ERROR("unheard");
    if (errno != ENOENT)
        _exit(1);
}

START_TEST(logging_keeps_errno_and_needs_no_stderr)
{
    ck_assert_str_eq(said(say_with_errno, false), "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log");
    TCase *tcase = tcase_create("log");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_level_shows_itself_and_what_is_worse);
    tcase_add_test(tcase, lines_are_plain_for_people);
    tcase_add_test(tcase, lines_are_facts_for_collectors);
    tcase_add_test(tcase, a_value_cannot_pretend_to_be_a_line_or_a_fact);
    tcase_add_loop_test(tcase, a_line_is_cut_at_4_kib, 0, 2);
    tcase_add_test(tcase, a_progress_bar_clears_itself_before_a_line);
    tcase_add_test(tcase, threads_do_not_mix_their_lines);
    tcase_add_test(tcase, logging_keeps_errno_and_needs_no_stderr);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
