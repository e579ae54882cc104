/* SPDX-License-Identifier: Apache-2.0 */
/* Records come back as they were put in, in memory and beyond it. */
#include "change/spool.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"

static char dir[64];
static struct daybreak_fault fault;

static void
folder_new(void)
{
    snprintf(dir, sizeof dir, "spool.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static uint32_t
size_of(uint64_t i, uint32_t scale)
{
    return (uint32_t)(i * 2654435761u % scale) + (i % 7 == 0 ? 0 : 1);
}

static void
fill(char *to, uint64_t i, size_t size)
{
    for (size_t at = 0; at < size; at++)
        to[at] = (char)(i * 31 + at * 7);
}

static void
same(uint64_t i, const char *bytes, size_t size, uint32_t scale, char *room)
{
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(size, size_of(i, scale));
    fill(room, i, size);
    ck_assert_int_eq(memcmp(bytes, room, size), 0);
}

/* Below 32 MiB, and three times as much with records larger than any buffer. */
START_TEST(gives_back_what_it_was_given)
{
    const uint32_t scale = _i == 0 ? 500 : 1800000, count = _i == 0 ? 20000 : 110;
    struct spool *spool;
    char *room = memory_need(scale + 1);
    const char *bytes;
    uint64_t index, total = 0, voided = 0;
    size_t size;

    folder_new();
    spool = spool_new(dir);
    for (uint64_t i = 0; i < count; i++) {
        size = size_of(i, scale);
        fill(room, i, size);
        total += size;
        ck_assert_int_eq(spool_add(spool, room, size, &index, &fault), 0);
        ck_assert_uint_eq(index, i);
        if (i % 13 == 5) { /* while it still grows */
            ck_assert_int_eq(spool_get(spool, i / 2, &bytes, &size, &fault), 0);
            same(i / 2, bytes, size, scale, room);
            spool_void(spool, i / 2);
            spool_void(spool, i / 2);
            voided++;
        }
    }
    ck_assert_uint_eq(spool_bytes(spool), total);
    ck_assert_uint_eq(spool_count(spool), count - voided);
    for (int again = 0; again < 2; again++) {
        uint64_t given = 0;

        spool_rewind(spool);
        for (uint64_t i = 0; i < count; i++) {
            bool is_void = false;

            for (uint64_t j = i * 2; j <= i * 2 + 1; j++)
                is_void |= j < count && j % 13 == 5;
            if (is_void)
                continue;
            ck_assert_int_eq(spool_next(spool, &bytes, &size, &fault), 0);
            same(i, bytes, size, scale, room);
            given++;
        }
        ck_assert_uint_eq(given, spool_count(spool));
        ck_assert_int_eq(spool_next(spool, &bytes, &size, &fault), 0);
        ck_assert_ptr_null(bytes);
    }
    for (uint64_t i = count; i-- > 0;) { /* voided ones too */
        ck_assert_int_eq(spool_get(spool, i, &bytes, &size, &fault), 0);
        same(i, bytes, size, scale, room);
    }
    ck_assert_int_eq(spool_get(spool, count, &bytes, &size, &fault), -1);
    spool_clear(spool);
    ck_assert_uint_eq(spool_count(spool), 0);
    ck_assert_uint_eq(spool_bytes(spool), 0);
    ck_assert_int_eq(spool_next(spool, &bytes, &size, &fault), 0);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(spool_add(spool, "again", 5, &index, &fault), 0);
    ck_assert_uint_eq(index, 0);
    ck_assert_int_eq(rmdir(dir), 0); /* no file was ever seen in it */
    spool_free(spool);
    free(room);
}
END_TEST

START_TEST(a_folder_that_is_gone_is_a_fault_with_status_74)
{
    struct spool *spool;
    char *bytes = memory_zero(9u << 20);
    uint64_t index;
    int result = 0;

    folder_new();
    spool = spool_new(dir);
    ck_assert_int_eq(rmdir(dir), 0);
    for (int i = 0; i < 5 && result == 0; i++)
        result = spool_add(spool, bytes, 9u << 20, &index, &fault);
    ck_assert_int_eq(result, -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault_status(&fault), 74);
    ck_assert_ptr_nonnull(strstr(fault.hint, "make room there"));
    ck_assert_uint_eq(spool_count(spool), 3);
    spool_free(spool);
    free(bytes);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("spool");
    TCase *tcase = tcase_create("spool");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, gives_back_what_it_was_given, 0, 2);
    tcase_add_test(tcase, a_folder_that_is_gone_is_a_fault_with_status_74);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
