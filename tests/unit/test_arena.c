/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(what_is_given_is_aligned_apart_and_stays)
{
    struct arena *arena = arena_new();
    unsigned char *given[4000];
    size_t size[4000];

    for (size_t i = 0; i < 4000; i++) {
        size[i] = i % 37 == 0 ? i * 61 : i % 90; /* some are chunks of their own */
        given[i] = arena_alloc(arena, size[i]);
        ck_assert_uint_eq((uintptr_t)given[i] % 16, 0);
        memset(given[i], (int)(i % 251), size[i]);
    }
    for (size_t i = 0; i < 4000; i++) {
        size_t good = 0;

        while (good < size[i] && given[i][good] == i % 251)
            good++;
        ck_assert_uint_eq(good, size[i]);
    }
    arena_free(arena);
}
END_TEST

START_TEST(nothing_is_asked_for_and_still_given)
{
    struct arena *arena = arena_new();

    ck_assert_ptr_ne(arena_alloc(arena, 0), arena_alloc(arena, 0));
    ck_assert_str_eq(arena_bytes(arena, NULL, 0), "");
    free(memory_need(0));
    free(memory_zero(0));
    arena_free(arena);
    arena_free(NULL);
}
END_TEST

START_TEST(zeroed_memory_is_zeroed_also_when_it_was_used_before)
{
    struct arena *arena = arena_new();

    memset(arena_alloc(arena, 5000), 'x', 5000);
    memset(arena_alloc(arena, 500000), 'x', 500000);
    arena_reset(arena);
    for (int turn = 0; turn < 2; turn++) {
        size_t size = turn == 0 ? 5000 : 500000;
        const char *at = arena_zero(arena, size);
        size_t zeros = 0;

        while (zeros < size && at[zeros] == 0)
            zeros++;
        ck_assert_uint_eq(zeros, size);
    }
    arena_free(arena);
}
END_TEST

START_TEST(a_reset_keeps_the_chunks)
{
    struct arena *arena = arena_new();
    void *large, *first = NULL;
    int same = 0;

    large = arena_alloc(arena, 3 << 20);
    arena_reset(arena);
    ck_assert_ptr_eq(arena_alloc(arena, 3 << 20), large);
    for (int turn = 0; turn < 50; turn++) { /* after a few turns nothing new is asked of the system */
        void *at;

        arena_reset(arena);
        at = arena_alloc(arena, 100);
        same += at == first;
        first = at;
        for (int i = 0; i < 2000; i++)
            arena_alloc(arena, 1000);
    }
    ck_assert_int_ge(same, 40);
    arena_free(arena);
}
END_TEST

START_TEST(a_reset_gives_back_what_one_huge_batch_took)
{
    struct arena *arena = arena_new();
    char *huge[3];

    for (int i = 0; i < 3; i++) {
        huge[i] = arena_alloc(arena, (size_t)(30 + i) << 20);
        huge[i][0] = 'x';
    }
    arena_alloc(arena, (size_t)65 << 20); /* more than is ever kept */
    arena_reset(arena);
    ck_assert_ptr_eq(arena_alloc(arena, 30 << 20), huge[1]); /* the two largest of what may be kept are there */
    ck_assert_ptr_eq(arena_alloc(arena, 30 << 20), huge[2]);
    arena_free(arena);
}
END_TEST

START_TEST(texts_are_copies)
{
    struct arena *arena = arena_new();
    char name[] = "orders", long_text[1000];

    memset(long_text, 'y', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    ck_assert_str_eq(arena_text(arena, name), "orders");
    ck_assert_ptr_ne(arena_text(arena, name), name);
    ck_assert_str_eq(arena_bytes(arena, "orders", 3), "ord");
    ck_assert_int_eq(memcmp(arena_bytes(arena, "a\0b", 3), "a\0b", 4), 0);
    ck_assert_str_eq(arena_printf(arena, "%s has %d", name, 7), "orders has 7");
    ck_assert_str_eq(arena_printf(arena, "%s", long_text), long_text);
    arena_free(arena);
}
END_TEST

START_TEST(heap_memory_grows_and_is_copied)
{
    char *text = memory_text("abc"), *zero = memory_zero(64);

    text = memory_grow(text, 100000);
    ck_assert_str_eq(text, "abc");
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(zero[i], 0);
    free(text);
    free(zero);
}
END_TEST

/* A sanitizer answers a size that cannot be with a report of its own, and ends as it likes; the status is never 0. */
START_TEST(memory_running_out_ends_the_process)
{
    int ends[2], status;
    char line[200] = "";
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        if (_i == 0)
            arena_alloc(arena_new(), SIZE_MAX - 3);
        else
            memory_need((size_t)PTRDIFF_MAX + 1);
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_ge(read(ends[0], line, sizeof(line) - 1), 0);
    close(ends[0]);
    ck_assert_int_ne(status, 0);
    if (_i == 0) {
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 70);
        ck_assert_ptr_eq(strstr(line, "daybreak: out of memory: cannot get "), line);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, what_is_given_is_aligned_apart_and_stays);
    tcase_add_test(tcase, nothing_is_asked_for_and_still_given);
    tcase_add_test(tcase, zeroed_memory_is_zeroed_also_when_it_was_used_before);
    tcase_add_test(tcase, a_reset_keeps_the_chunks);
    tcase_add_test(tcase, a_reset_gives_back_what_one_huge_batch_took);
    tcase_add_test(tcase, texts_are_copies);
    tcase_add_test(tcase, heap_memory_grows_and_is_copied);
    tcase_add_loop_test(tcase, memory_running_out_ends_the_process, 0, 2);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
