/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/lag.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static struct lag lag, other;
static struct text blob;

static void
setup(void)
{
    memset(&lag, 0, sizeof(lag));
    memset(&other, 0, sizeof(other));
}

static void
teardown(void)
{
    text_fini(&blob);
}

static void
note_ms(struct lag *into, int64_t ms)
{
    lag_note(into, 1000000, 1000000 + ms * 1000);
}

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t
any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Any lag between 0 and 400 days, small ones as often as large ones. */
static int64_t
any_ms(void)
{
    return (int64_t)(any() >> (any() % 36 + 28)) % (LAG_MOST_MS + 1);
}

START_TEST(zeroed_is_empty)
{
    ck_assert(lag_empty(&lag));
    ck_assert_int_eq(lag_count(&lag), 0);
    ck_assert_int_eq(lag_quantile(&lag, 0.5), -1);
    note_ms(&lag, 0);
    ck_assert(!lag_empty(&lag));
    ck_assert_int_eq(lag_quantile(&lag, 0.5), 0);
}
END_TEST

/* A bucket holds neighbours only: whatever is noted is told within 1/128, never as too small. */
START_TEST(every_lag_keeps_two_digits)
{
    int64_t step = 1;

    for (int64_t ms = 0; ms <= LAG_MOST_MS; ms += step) {
        int64_t told;

        setup();
        note_ms(&lag, ms);
        lag.max_ms = INT64_MAX; /* the exact maximum would hide the bucket's figure */
        told = lag_quantile(&lag, 0.5);
        if (told == INT64_MAX) { /* the last bucket gives the maximum */
            ck_assert_int_gt(ms, 390 * DAY_MS);
            break;
        }
        ck_assert_int_ge(told, ms);
        ck_assert_int_le(told - ms, ms / 128);
        step = ms / 90 + 1;
    }
}
END_TEST

START_TEST(what_is_longer_than_400_days_is_counted_last)
{
    note_ms(&lag, LAG_MOST_MS + 1);
    note_ms(&lag, 5000 * DAY_MS);
    lag_note(&lag, INT64_MIN, INT64_MAX); /* more than can be subtracted */
    ck_assert_int_eq(lag_count(&lag), 3);
    ck_assert_int_eq(lag.bucket[LAG_BUCKETS - 1], 3);
    ck_assert_int_eq(lag_quantile(&lag, 1.0), INT64_MAX / 1000);
    ck_assert_int_eq(lag_quantile(&lag, 0.1), INT64_MAX / 1000);
}
END_TEST

START_TEST(the_maximum_is_exact)
{
    note_ms(&lag, 1234567);
    note_ms(&lag, 100);
    ck_assert_int_eq(lag_quantile(&lag, 1.0), 1234567);
    ck_assert_int_eq(lag_quantile(&lag, 0.99), 1234567);
    ck_assert_int_eq(lag_quantile(&lag, 2.0), 1234567);
    ck_assert_int_eq(lag_quantile(&lag, nan("")), 1234567);
    ck_assert_int_eq(lag_quantile(&lag, 0.5), 100);
    ck_assert_int_eq(lag_quantile(&lag, 0.500001), 1234567);
    ck_assert_int_eq(lag_quantile(&lag, 0), 100);
    ck_assert_int_eq(lag_quantile(&lag, -1), 100);
}
END_TEST

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

START_TEST(quantiles_are_those_of_the_sorted_records)
{
    static const double quantiles[] = {0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0};
    static int64_t all[5000];
    size_t count;

    state += (uint64_t)_i;
    count = (size_t)(any() % 5000) + 1;
    for (size_t i = 0; i < count; i++) {
        all[i] = any_ms();
        note_ms(&lag, all[i]);
    }
    qsort(all, count, sizeof(all[0]), by_value);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        int64_t exact = all[(size_t)ceil(quantiles[i] * (double)count) - 1];
        int64_t told = lag_quantile(&lag, quantiles[i]);

        ck_assert_int_ge(told, exact);
        ck_assert_int_le(told - exact, exact / 128);
    }
}
END_TEST

START_TEST(negative_lag_is_counted_apart_with_its_worst)
{
    lag_note(&lag, 1000, 999); /* a microsecond is skew too */
    ck_assert_int_eq(lag.skewed, 1);
    ck_assert_int_eq(lag.skew_worst_ms, -1);
    lag_note(&lag, 7000000, 0);
    note_ms(&lag, -3);
    ck_assert_int_eq(lag.skewed, 3);
    ck_assert_int_eq(lag.skew_worst_ms, -7000);
    ck_assert_int_eq(lag_count(&lag), 0);
    ck_assert(!lag_empty(&lag));
    ck_assert_int_eq(lag_quantile(&lag, 0.5), -1);
    lag_note(&lag, INT64_MAX, INT64_MIN);
    ck_assert_int_eq(lag.skew_worst_ms, INT64_MIN / 1000 - 1);
}
END_TEST

START_TEST(parts_of_a_millisecond_are_rounded_down)
{
    lag_note(&lag, 0, 999);
    ck_assert_int_eq(lag_quantile(&lag, 1.0), 0);
    lag_note(&lag, 0, 1999);
    ck_assert_int_eq(lag_quantile(&lag, 1.0), 1);
}
END_TEST

START_TEST(merged_is_as_if_noted_in_one)
{
    static struct lag one;

    memset(&one, 0, sizeof(one));
    for (int i = 0; i < 3000; i++) {
        int64_t ms = i % 50 == 0 ? -any_ms() - 1 : any_ms();

        note_ms(i % 3 == 0 ? &lag : &other, ms);
        note_ms(&one, ms);
    }
    lag_merge(&lag, &other);
    ck_assert_int_eq(memcmp(&lag, &one, sizeof(lag)), 0);
    memset(&other, 0, sizeof(other));
    lag_merge(&lag, &other);
    ck_assert_int_eq(memcmp(&lag, &one, sizeof(lag)), 0);
    lag_merge(&other, &lag);
    ck_assert_int_eq(memcmp(&other, &one, sizeof(lag)), 0);
}
END_TEST

START_TEST(what_is_stored_comes_back)
{
    for (int i = 0; i < _i * 100; i++)
        note_ms(&lag, i % 10 == 9 ? -any_ms() - 1 : any_ms());
    if (_i == 3)
        note_ms(&lag, 9000 * DAY_MS);
    lag_encode(&lag, &blob);
    if (_i == 0)
        ck_assert_uint_eq(blob.size, 5);
    memset(&other, 'x', sizeof(other));
    ck_assert_int_eq(lag_decode(&other, blob.at, blob.size), 0);
    ck_assert_int_eq(memcmp(&lag, &other, sizeof(lag)), 0);
}
END_TEST

/* Most flaws are told; what is not told is a histogram that makes sense. Never a step too far. */
START_TEST(damage_never_gives_a_histogram_that_contradicts_itself)
{
    int64_t sum;

    for (int i = 0; i < 40; i++)
        note_ms(&lag, i % 10 == 9 ? -any_ms() - 1 : any_ms());
    lag_encode(&lag, &blob);
    for (size_t size = 0; size < blob.size; size++) {
        char *cut = malloc(size + 1);

        memcpy(cut, blob.at, size);
        memset(&other, 0, sizeof(other));
        ck_assert_int_eq(lag_decode(&other, cut, size), -1);
        ck_assert(lag_empty(&other));
        free(cut);
    }
    for (size_t at = 0; at < blob.size * 8; at++) {
        blob.at[at / 8] = (char)(blob.at[at / 8] ^ 1 << at % 8);
        memset(&other, 0, sizeof(other));
        if (lag_decode(&other, blob.at, blob.size) == 0) {
            sum = 0;
            for (size_t i = 0; i < LAG_BUCKETS; i++)
                sum += other.bucket[i];
            ck_assert_int_eq(sum, other.count);
            ck_assert_int_ge(lag_quantile(&other, 0.99), lag_quantile(&other, 0.5));
            lag_merge(&lag, &other);
        } else {
            ck_assert(lag_empty(&other));
        }
        blob.at[at / 8] = (char)(blob.at[at / 8] ^ 1 << at % 8);
    }
}
END_TEST

START_TEST(a_histogram_that_is_none_is_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } blobs[] = {
        {"", 0},
        {"\xff\x00\xff", 3},
        {"\x02\0\0\0\0", 5},                                      /* another version */
        {"\x01\x01\0\0\0", 5},                                    /* counts one, has none */
        {"\x01\0\x01\0\0", 5},                                    /* skewed by nothing */
        {"\x01\0\0\x01\0", 5},                                    /* a skew of nobody */
        {"\x01\0\0\0\x05", 5},                                    /* a maximum of nothing */
        {"\x01\x01\0\0\x05\x04\x01", 7},                          /* the maximum is in another bucket */
        {"\x01\x01\0\0\x05\x05\x01\x00", 8},                      /* half a pair */
        {"\x01\0\0\0\0\0\0", 7},                                  /* a bucket with nothing */
        {"\x01\x01\0\0\x05\x81\x1d\x01", 8},                      /* past the last bucket */
        {"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0\0", 14}, /* more than 63 bits */
        {"\x01\x80\x80\x80\x80\x80\x80\x80\x01\0\0\0\0\x80\x80\x80\x80\x80\x80\x80\x01", 21}, /* too many */
    };

    ck_assert_int_eq(lag_decode(&lag, blobs[_i].bytes, blobs[_i].size), -1);
    ck_assert(lag_empty(&lag));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lag");
    TCase *tcase = tcase_create("lag");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 30); /* sanitizers */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, zeroed_is_empty);
    tcase_add_test(tcase, every_lag_keeps_two_digits);
    tcase_add_test(tcase, what_is_longer_than_400_days_is_counted_last);
    tcase_add_test(tcase, the_maximum_is_exact);
    tcase_add_loop_test(tcase, quantiles_are_those_of_the_sorted_records, 0, 10);
    tcase_add_test(tcase, negative_lag_is_counted_apart_with_its_worst);
    tcase_add_test(tcase, parts_of_a_millisecond_are_rounded_down);
    tcase_add_test(tcase, merged_is_as_if_noted_in_one);
    tcase_add_loop_test(tcase, what_is_stored_comes_back, 0, 10);
    tcase_add_test(tcase, damage_never_gives_a_histogram_that_contradicts_itself);
    tcase_add_loop_test(tcase, a_histogram_that_is_none_is_refused, 0, 13);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
