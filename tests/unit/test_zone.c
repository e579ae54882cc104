/* SPDX-License-Identifier: Apache-2.0 */
#include "record/zone.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/value.h"

static int64_t
at(int year, int month, int day, int hour, int minute)
{
    return (int64_t)value_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

static const struct zone *
need(const char *name)
{
    const struct zone *zone = zone_find(name);

    ck_assert_msg(zone != NULL, "%s", name);
    return zone;
}

START_TEST(a_zone_is_found_once_and_stays)
{
    ck_assert_ptr_eq(need("Europe/Paris"), need("Europe/Paris"));
    ck_assert_str_eq(zone_name(need("America/Argentina/Buenos_Aires")), "America/Argentina/Buenos_Aires");
    ck_assert_ptr_ne(need("UTC"), need("Europe/Paris"));
}
END_TEST

START_TEST(a_name_cannot_leave_the_folder)
{
    static const char *const wrong[] = {"", "/etc/passwd", "../../../etc/passwd", "Europe/../../passwd", "Europe",
                                        "Europe/Pariss", ".", "Europe/Paris\n",
                                        "zone.tab", "tzdata.zi", "Europe/Paris/x"};
    char large[300];

    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(zone_find(wrong[i]) == NULL, "%s", wrong[i]);
    ck_assert_ptr_null(zone_find(large));
}
END_TEST

START_TEST(a_time_in_a_gap_moves_forward_by_the_gap)
{
    const struct zone *paris = need("Europe/Paris"), *howe = need("Australia/Lord_Howe");

    ck_assert_int_eq(zone_utc(paris, at(2025, 3, 30, 1, 59)), at(2025, 3, 30, 0, 59));
    ck_assert_int_eq(zone_utc(paris, at(2025, 3, 30, 2, 30)), at(2025, 3, 30, 1, 30)); /* shown as 03:30 */
    ck_assert_int_eq(zone_utc(paris, at(2025, 3, 30, 3, 0)), at(2025, 3, 30, 1, 0));
    ck_assert_int_eq(zone_utc(howe, at(2025, 10, 5, 2, 10)), at(2025, 10, 4, 15, 40)); /* half an hour, 02:10 shown as 02:40 */
}
END_TEST

START_TEST(a_time_that_comes_twice_is_the_first_one)
{
    const struct zone *paris = need("Europe/Paris"), *york = need("America/New_York");

    ck_assert_int_eq(zone_utc(paris, at(2025, 10, 26, 2, 30)), at(2025, 10, 26, 0, 30));
    ck_assert_int_eq(zone_utc(paris, at(2025, 10, 26, 2, 59)), at(2025, 10, 26, 0, 59));
    ck_assert_int_eq(zone_utc(paris, at(2025, 10, 26, 3, 0)), at(2025, 10, 26, 2, 0));
    ck_assert_int_eq(zone_utc(york, at(2025, 11, 2, 1, 30)), at(2025, 11, 2, 5, 30));
}
END_TEST

START_TEST(a_day_that_never_was_is_moved_too)
{
    /* Samoa went from 29 to 31 December 2011 */
    ck_assert_int_eq(zone_utc(need("Pacific/Apia"), at(2011, 12, 30, 12, 0)), at(2011, 12, 30, 22, 0));
    ck_assert_int_eq(zone_utc(need("Pacific/Apia"), at(2011, 12, 31, 12, 0)), at(2011, 12, 30, 22, 0));
}
END_TEST

START_TEST(the_rule_goes_on_for_ever)
{
    const struct zone *paris = need("Europe/Paris"), *sydney = need("Australia/Sydney"), *dublin = need("Europe/Dublin");

    for (int year = 2030; year <= 9999; year += 7) {
        ck_assert_int_eq(zone_utc(paris, at(year, 1, 15, 12, 0)), at(year, 1, 15, 11, 0));
        ck_assert_int_eq(zone_utc(paris, at(year, 7, 15, 12, 0)), at(year, 7, 15, 10, 0));
        ck_assert_int_eq(zone_utc(sydney, at(year, 1, 15, 12, 0)), at(year, 1, 15, 1, 0));
        ck_assert_int_eq(zone_utc(sydney, at(year, 7, 15, 12, 0)), at(year, 7, 15, 2, 0));
        ck_assert_int_eq(zone_utc(dublin, at(year, 1, 15, 12, 0)), at(year, 1, 15, 12, 0));
        ck_assert_int_eq(zone_utc(dublin, at(year, 7, 15, 12, 0)), at(year, 7, 15, 11, 0));
    }
}
END_TEST

START_TEST(every_instant_has_one_wall_clock)
{
    const struct zone *paris = need("Europe/Paris"), *howe = need("Australia/Lord_Howe"), *apia = need("Pacific/Apia");

    ck_assert_int_eq(zone_local(paris, at(2025, 3, 30, 0, 59)), at(2025, 3, 30, 1, 59));
    ck_assert_int_eq(zone_local(paris, at(2025, 3, 30, 1, 0) - 1), at(2025, 3, 30, 2, 0) - 1);
    ck_assert_int_eq(zone_local(paris, at(2025, 3, 30, 1, 0)), at(2025, 3, 30, 3, 0)); /* no 02:xx that night */
    ck_assert_int_eq(zone_local(paris, at(2025, 10, 26, 0, 30)), at(2025, 10, 26, 2, 30));
    ck_assert_int_eq(zone_local(paris, at(2025, 10, 26, 1, 0) - 1), at(2025, 10, 26, 3, 0) - 1);
    ck_assert_int_eq(zone_local(paris, at(2025, 10, 26, 1, 30)), at(2025, 10, 26, 2, 30)); /* 02:30 twice */
    ck_assert_int_eq(zone_local(howe, at(2025, 10, 4, 15, 30)), at(2025, 10, 5, 2, 30));
    ck_assert_int_eq(zone_local(apia, at(2011, 12, 30, 9, 59)), at(2011, 12, 29, 23, 59));
    ck_assert_int_eq(zone_local(apia, at(2011, 12, 30, 10, 0)), at(2011, 12, 31, 0, 0));
    ck_assert_int_eq(zone_local(need("UTC"), 12345), 12345);
}
END_TEST

START_TEST(the_rule_goes_on_for_instants_too)
{
    const struct zone *paris = need("Europe/Paris"), *sydney = need("Australia/Sydney");

    for (int year = 2030; year <= 9999; year++) {
        ck_assert_int_eq(zone_local(paris, at(year, 1, 15, 11, 0)), at(year, 1, 15, 12, 0));
        ck_assert_int_eq(zone_local(paris, at(year, 7, 15, 10, 0)), at(year, 7, 15, 12, 0));
        ck_assert_int_eq(zone_local(sydney, at(year, 1, 1, 0, 0) - 1), at(year, 1, 1, 11, 0) - 1);
        ck_assert_int_eq(zone_local(sydney, at(year, 12, 31, 12, 0)), at(year, 12, 31, 23, 0));
        ck_assert_int_eq(zone_local(sydney, at(year, 7, 15, 2, 0)), at(year, 7, 15, 12, 0));
    }
}
END_TEST

/* Every instant's wall clock, as the C library shows it, leads back to that instant or, in a fold, to the one an
 * offset earlier. */
START_TEST(it_is_what_the_c_library_shows)
{
    static const char *const names[] = {"Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
                                        "America/Sao_Paulo", "Africa/Casablanca",
                                        "Asia/Tehran",  "Pacific/Apia",     "Europe/Dublin",
                                        "Asia/Gaza", "Antarctica/Troll", "America/Nuuk",
                                        "EST5EDT",      "Etc/GMT-14",       "Pacific/Chatham", "Africa/Cairo"};
    const char *name = names[_i];
    const struct zone *zone = need(name);
    uint64_t state = 88172645463325252ull + (uint64_t)_i;

    setenv("TZ", name, 1);
    tzset();
    for (int i = 0; i < 40000; i++) {
        struct tm tm;
        time_t instant;
        int64_t local, back;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        instant = (time_t)(state % 6000000000ull) - 2000000000; /* 1906 to 2096 */
        ck_assert_ptr_nonnull(localtime_r(&instant, &tm));
        local = (int64_t)value_days(tm.tm_year + 1900, tm.tm_mon + 1,
                                    tm.tm_mday) * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
        ck_assert_msg(zone_local(zone, instant) == local, "%s: %lld is shown as %lld, not %lld", name, (long long)instant,
                      (long long)zone_local(zone, instant), (long long)local);
        back = zone_utc(zone, local);
        if (back == instant)
            continue;
        ck_assert_msg(back < instant, "%s: %lld leads to %lld", name, (long long)instant, (long long)back);
        instant = (time_t)back; /* the first of two: it must show the same wall clock */
        ck_assert_ptr_nonnull(localtime_r(&instant, &tm));
        ck_assert_int_eq((int64_t)value_days(tm.tm_year + 1900, tm.tm_mon + 1,
                                             tm.tm_mday) * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec,
                         local);
    }
}
END_TEST

/* A version 2 file with no transitions, one type, and a footer. */
static size_t
tiny(const char *footer, char *out)
{
    char head[44] = "TZif2", *to = out;

    head[39] = 1; /* types */
    head[43] = 4; /* characters */
    for (int block = 0; block < 2; block++) {
        memcpy(to, head, 44);
        memcpy(to + 44, "\0\0\0\0\0\0UTC", 10);
        to += 54;
    }
    to += snprintf(to, 256, "\n%s\n", footer);
    return (size_t)(to - out);
}

START_TEST(a_footer_is_read_or_refused)
{
    static const char *const good[] = {"UTC0", "EST5", "<+0330>-3:30", "CET-1CEST,M3.5.0,M10.5.0/3",
                                       "EST5EDT4:00:00,J60/2,J300", "XXX3YYY,59,300/-24",
                                       "IST-1GMT0,M10.5.0,M3.5.0/1", "XXX3EDT4,0/0,J365/23"};
    static const char *const bad[] = {"U0", "UTC", "UTC25", "UTC0:60", "<UTC0", "CET-1CEST", "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J300", "CET-1CEST,1,366",
                                      "CET-1CEST,M3.5.0,M10.5.0/168", "UTC0x"};
    char bytes[400];
    struct zone *zone;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        zone = zone_parse(bytes, tiny(good[i], bytes), "test");
        ck_assert_msg(zone != NULL, "%s", good[i]);
        zone_free(zone);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(zone_parse(bytes, tiny(bad[i], bytes), "test") == NULL, "%s", bad[i]);
    zone = zone_parse(bytes, tiny("<+0330>-3:30", bytes), "test");
    ck_assert_int_eq(zone_utc(zone, 0), -12600);
    zone_free(zone);
    zone = zone_parse(bytes, tiny("XXX3EDT2,0/0,J365/25", bytes), "test"); /* summer all year */
    ck_assert_int_eq(zone_utc(zone, at(2030, 1, 1, 12, 0)), at(2030, 1, 1, 14, 0));
    ck_assert_int_eq(zone_utc(zone, at(2031, 12, 31, 23, 59)), at(2032, 1, 1, 1, 59));
    for (int year = 2024; year < 3000; year++)
        for (int hour = 0; hour < 6; hour++)
            ck_assert_int_eq(zone_local(zone, at(year, 1, 1, hour, 0)), at(year, 1, 1, hour - 2, 0));
    zone_free(zone);
}
END_TEST

START_TEST(a_damaged_file_is_no_zone_and_does_no_harm)
{
    const char *dir = getenv("TZDIR") != NULL ? getenv("TZDIR") : "/usr/share/zoneinfo";
    char path[512], bytes[8192];
    uint64_t state = 88172645463325252ull;
    size_t size;
    FILE *file;

    snprintf(path, sizeof path, "%s/Europe/Paris", dir);
    file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < size; cut++) {
        char *copy = malloc(cut + 1);
        struct zone *zone;

        memcpy(copy, bytes, cut);
        zone = zone_parse(copy, cut, "cut");
        if (zone != NULL)
            ck_assert_int_le(llabs((long long)(zone_utc(zone, 0))), 26 * 3600);
        zone_free(zone);
        free(copy);
    }
    for (int i = 0; i < 20000; i++) {
        char copy[8192];
        struct zone *zone;

        memcpy(copy, bytes, size);
        for (int k = 0; k < 3; k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            copy[k == 0 ? state % 100 : state % size] = (char)(state >> 32);
        }
        zone = zone_parse(copy, size, "flipped");
        if (zone != NULL)
            for (int year = 1; year < 9999; year += 501) {
                ck_assert_int_le(llabs((long long)(zone_utc(zone, at(year, 5, 5, 5, 5)) - at(year, 5, 5, 5, 5))), 26 * 3600);
                ck_assert_int_le(llabs((long long)(zone_local(zone, at(year, 5, 5, 5, 5)) - at(year, 5, 5, 5, 5))), 26 * 3600);
            }
        zone_free(zone);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("zone");
    TCase *tcase = tcase_create("zone");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_zone_is_found_once_and_stays);
    tcase_add_test(tcase, a_name_cannot_leave_the_folder);
    tcase_add_test(tcase, a_time_in_a_gap_moves_forward_by_the_gap);
    tcase_add_test(tcase, a_time_that_comes_twice_is_the_first_one);
    tcase_add_test(tcase, a_day_that_never_was_is_moved_too);
    tcase_add_test(tcase, the_rule_goes_on_for_ever);
    tcase_add_test(tcase, every_instant_has_one_wall_clock);
    tcase_add_test(tcase, the_rule_goes_on_for_instants_too);
    tcase_add_loop_test(tcase, it_is_what_the_c_library_shows, 0, 16);
    tcase_add_test(tcase, a_footer_is_read_or_refused);
    tcase_add_test(tcase, a_damaged_file_is_no_zone_and_does_no_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
