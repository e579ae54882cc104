/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct written {
    int64_t us;
    const char *text;
} instants[] = {
    {0, "1970-01-01T00:00:00.000000Z"},
    {1740023580000000, "2025-02-20T03:53:00.000000Z"},
    {951782399999999, "2000-02-28T23:59:59.999999Z"},
    {951782400000000, "2000-02-29T00:00:00.000000Z"},
    {4107542400000000, "2100-03-01T00:00:00.000000Z"}, /* no leap year */
    {-1, "1969-12-31T23:59:59.999999Z"},
    {-86400000000, "1969-12-31T00:00:00.000000Z"},
    {-86400000001, "1969-12-30T23:59:59.999999Z"},
    {-62135596800000000, "0001-01-01T00:00:00.000000Z"},
    {-62167219200000000, "0000-01-01T00:00:00.000000Z"},
    {-62167219200000001, "-0001-12-31T23:59:59.999999Z"},
    {253402300799999999, "9999-12-31T23:59:59.999999Z"},
    {253402300800000000, "+10000-01-01T00:00:00.000000Z"},
    {INT64_MAX, "+294247-01-10T04:00:54.775807Z"},
    {INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
};

START_TEST(an_instant_is_written_as_rfc_3339)
{
    char text[CLOCK_TEXT_ROOM];

    ck_assert_uint_eq((size_t)clock_text(instants[_i].us, text), strlen(instants[_i].text));
    ck_assert_str_eq(text, instants[_i].text);
}
END_TEST

START_TEST(every_day_is_the_day_the_library_says)
{
    char text[CLOCK_TEXT_ROOM], expected[CLOCK_TEXT_ROOM];

    for (int64_t day = -800000; day < 2900000; day += 97) {
        time_t second = (time_t)(day * 86400 + 86399);
        struct tm parts;

        if (gmtime_r(&second, &parts) == NULL || parts.tm_year < -1900 || parts.tm_year > 8099)
            continue;
        strftime(expected, sizeof(expected), "%m-%dT%H:%M:%S.000000Z", &parts);
        clock_text((int64_t)second * 1000000, text);
        ck_assert_int_eq(atol(text), parts.tm_year + 1900);
        ck_assert_str_eq(text + 5, expected);
    }
}
END_TEST

static const struct written spans[] = {
    {0, "0 ms"},           {850, "850 ms"},          {999, "999 ms"},        {1000, "1 s"},
    {12999, "12 s"},       {60000, "1 min"},         {250000, "4 min 10 s"}, {3599999, "59 min 59 s"},
    {3600000, "1 h"},      {50700000, "14 h 5 min"}, {86400000, "1 d"},      {266400000, "3 d 2 h"},
    {3600000 + 59999, "1 h"}, {-250000, "-4 min 10 s"},
    {INT64_MAX, "106751991167 d 7 h"}, {INT64_MIN, "-106751991167 d 7 h"},
};

START_TEST(a_span_is_written_for_people)
{
    char text[CLOCK_TEXT_ROOM];

    ck_assert_ptr_eq(clock_duration(spans[_i].us, text), text);
    ck_assert_str_eq(text, spans[_i].text);
}
END_TEST

START_TEST(a_test_clock_stands_still_until_it_ends)
{
    struct timespec now;

    clock_set_us(42);
    ck_assert_int_eq(clock_now_us(), 42);
    clock_set_us(0);
    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_int_ge(clock_now_us(), now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}
END_TEST

/* The environment is read once a process, so each case has a process of its own. */
START_TEST(the_environment_freezes_the_clock)
{
    static const struct frozen {
        const char *from;
        int64_t us; /* 0: not frozen */
    } cases[] = {{"1740022380000000", 1740022380000000}, {"-5", -5}, {"", 0}, {"soon", 0}, {"12x", 0}};
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int64_t first, second;

        setenv("DAYBREAK_NOW_US", cases[_i].from, 1);
        first = clock_now_us();
        setenv("DAYBREAK_NOW_US", "77", 1);
        second = clock_now_us();
        if (cases[_i].us != 0)
            _exit(first == cases[_i].us && second == first ? 0 : 1);
        _exit(first > 1000000000000000 && second >= first ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_steady_clock_never_goes_back_and_cannot_be_set)
{
    int64_t before = clock_steady_ms();

    clock_set_us(1);
    ck_assert_int_ge(clock_steady_ms(), before);
    ck_assert_int_lt(clock_steady_ms() - before, 60000);
    clock_set_us(0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = tcase_create("clock");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, an_instant_is_written_as_rfc_3339, 0,
                        (int)(sizeof(instants) / sizeof(instants[0])));
    tcase_add_test(tcase, every_day_is_the_day_the_library_says);
    tcase_add_loop_test(tcase, a_span_is_written_for_people, 0, (int)(sizeof(spans) / sizeof(spans[0])));
    tcase_add_test(tcase, a_test_clock_stands_still_until_it_ends);
    tcase_add_loop_test(tcase, the_environment_freezes_the_clock, 0, 5);
    tcase_add_test(tcase, the_steady_clock_never_goes_back_and_cannot_be_set);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
