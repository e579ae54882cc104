/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"
#include "ledger/hops.h"

#define MINUTE INT64_C(60000000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct lag_set set, sum;

/* Changed 60 s before T0, visible 10 s, read 5 s, ready 4 s before it. */
static struct lag_change
change_of(enum lag_kind kind, enum lag_basis basis)
{
    return (struct lag_change){
        .kind = kind,
        .basis = basis,
        .changed_at_us = T0 - MINUTE,
        .since_us = T0 - 5 * MINUTE,
        .visible_at_us = T0 - 10000000,
        .read_at_us = T0 - 5000000,
        .ready_at_us = T0 - 4000000,
        .loaded_at_us = T0,
    };
}

static void
note(enum lag_kind kind, enum lag_basis basis)
{
    struct lag_change change = change_of(kind, basis);

    lag_set_note(&set, &change);
}

static void
ck_hop(const struct lag_set *in, enum lag_hop hop, int64_t n, int64_t max_ms)
{
    int64_t near = max_ms / 100 + 1; /* two digits */

    ck_assert_msg(lag_count(&in->hop[hop]) == n, "%s: n is %" PRId64, lag_hop_name[hop],
                  lag_count(&in->hop[hop]));
    if (n > 0)
        ck_assert_msg(llabs(lag_quantile(&in->hop[hop], 1.0) - max_ms) <= near,
                      "%s: %" PRId64 " ms, not %" PRId64, lag_hop_name[hop],
                      lag_quantile(&in->hop[hop], 1.0), max_ms);
}

/* A batch that landed at ${at_us} with the figures of set. */
static void
landed(int64_t batch, int64_t at_us)
{
    struct daybreak_batch_row row = batch_of(batch, 0);
    struct ledger_checkpoint checkpoint = {.batch = batch, .committed_at_us = at_us};

    OK(ledger_count(ledger, "load", &checkpoint, &row, 1, &set, &fault));
}

static int64_t
rows_of(int level)
{
    sqlite3 *db;
    sqlite3_stmt *query;
    int64_t n;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(DISTINCT start_us) FROM lag"
                                            " WHERE level = ?", -1, &query, NULL), SQLITE_OK);
    sqlite3_bind_int(query, 1, level);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    n = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return n;
}

static void
fresh(void)
{
    lag_set_clear(&set);
    lag_set_clear(&sum);
}

START_TEST(each_hop_has_its_own_figure)
{
    fresh();
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    ck_hop(&set, LAG_PRODUCTION, 1, 50000);
    ck_hop(&set, LAG_DETECTION, 1, 5000);
    ck_hop(&set, LAG_PROCESSING, 1, 1000);
    ck_hop(&set, LAG_DELIVERY, 1, 4000);
    ck_hop(&set, LAG_CONFIRMATION, 0, 0);
    ck_hop(&set, LAG_END_TO_END, 1, 60000);
    ck_hop(&set, LAG_ADDRESSABLE, 1, 10000);
    ck_assert_int_eq(set.basis[LAG_SOURCE_TIME], 1);
    ck_assert_int_eq(set.kind[LAG_NORMAL], 1);
}
END_TEST

START_TEST(what_is_not_normal_is_counted_beside)
{
    fresh();
    for (int kind = LAG_FIRST_LOAD; kind < LAG_KINDS; kind++)
        note((enum lag_kind)kind, LAG_SOURCE_TIME);
    lag_set_beside(&set, LAG_FIRST_LOAD, 1000);
    for (int hop = 0; hop < LAG_HOPS; hop++)
        ck_hop(&set, (enum lag_hop)hop, 0, 0);
    ck_assert_int_eq(set.kind[LAG_NORMAL], 0);
    ck_assert_int_eq(set.kind[LAG_FIRST_LOAD], 1001);
    ck_assert_int_eq(set.kind[LAG_RELEASE], 1);
    ck_assert_int_eq(set.basis[LAG_SOURCE_TIME], 0);
    ck_assert_int_eq(lag_set_basis(&set), LAG_BASES);
}
END_TEST

START_TEST(between_two_looks_is_judged_by_the_worse_end)
{
    struct lag_change change = change_of(LAG_NORMAL, LAG_BOUNDED);

    fresh();
    lag_set_note(&set, &change);
    ck_hop(&set, LAG_END_TO_END, 1, 300000);
    ck_hop(&set, LAG_ADDRESSABLE, 1, 10000);
    change.since_us = DAYBREAK_NO_TIME; /* no look before: no end to end */
    lag_set_note(&set, &change);
    ck_hop(&set, LAG_END_TO_END, 1, 300000);
    ck_hop(&set, LAG_ADDRESSABLE, 2, 10000);
}
END_TEST

START_TEST(a_files_time_says_nothing_of_its_records)
{
    fresh();
    note(LAG_NORMAL, LAG_FILE_TIME);
    ck_hop(&set, LAG_END_TO_END, 0, 0);
    ck_hop(&set, LAG_PRODUCTION, 0, 0);
    ck_hop(&set, LAG_ADDRESSABLE, 1, 10000);
}
END_TEST

START_TEST(an_unknown_instant_leaves_its_hops_out)
{
    struct lag_change change = change_of(LAG_NORMAL, LAG_SOURCE_TIME);

    fresh();
    change.changed_at_us = DAYBREAK_NO_TIME;
    lag_set_note(&set, &change);
    ck_hop(&set, LAG_END_TO_END, 0, 0);
    ck_hop(&set, LAG_DELIVERY, 1, 4000);
}
END_TEST

START_TEST(clocks_that_disagree_are_counted_with_the_worst)
{
    struct lag_change change = change_of(LAG_NORMAL, LAG_SOURCE_TIME);

    fresh();
    change.changed_at_us = T0 + 7000000;
    lag_set_note(&set, &change);
    ck_hop(&set, LAG_END_TO_END, 0, 0);
    ck_assert_int_eq(set.hop[LAG_END_TO_END].skewed, 1);
    ck_assert_int_eq(set.hop[LAG_END_TO_END].skew_worst_ms, -7000);
    open_ledger();
    landed(1, T0);
    OK(ledger_lag_sum(ledger, T0 - HOUR, T0 + HOUR, &sum, &fault));
    ck_assert_int_eq(sum.hop[LAG_END_TO_END].skewed, 1);
    ck_assert_int_eq(sum.hop[LAG_END_TO_END].skew_worst_ms, -7000);
}
END_TEST

START_TEST(the_basis_is_that_of_most)
{
    fresh();
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    note(LAG_NORMAL, LAG_BOUNDED);
    ck_assert_int_eq(lag_set_basis(&set), LAG_BOUNDED);
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    ck_assert_int_eq(lag_set_basis(&set), LAG_SOURCE_TIME);
}
END_TEST

START_TEST(a_span_sums_what_landed_in_it)
{
    fresh();
    open_ledger();
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    note(LAG_FIRST_LOAD, LAG_SOURCE_TIME);
    landed(1, T0);
    landed(2, T0);
    landed(3, T0 + MINUTE);
    landed(3, T0 + MINUTE); /* again: not counted */
    reopen();
    OK(ledger_lag_sum(ledger, T0, T0 + MINUTE, &sum, &fault));
    ck_hop(&sum, LAG_END_TO_END, 2, 60000);
    ck_assert_int_eq(sum.kind[LAG_FIRST_LOAD], 2);
    ck_assert_int_eq(sum.basis[LAG_SOURCE_TIME], 2);
    OK(ledger_lag_sum(ledger, T0 + MINUTE, T0 + HOUR, &sum, &fault));
    ck_hop(&sum, LAG_END_TO_END, 3, 60000);
    ck_assert_int_eq(sum.kind[LAG_NORMAL], 3);
}
END_TEST

START_TEST(minutes_become_hours_and_hours_days_and_nothing_is_lost)
{
    fresh();
    open_ledger();
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    note(LAG_BACKLOG, LAG_SOURCE_TIME);
    for (int i = 0; i < 90; i++)
        landed(i + 1, T0 + i * MINUTE);
    ck_assert_int_eq(rows_of(0), 90);
    landed(91, T0 + 4 * DAY);
    ck_assert_int_eq(rows_of(0), 1);
    ck_assert_int_eq(rows_of(1), 3); /* 03:33 to 05:02 */
    landed(92, T0 + 100 * DAY);
    ck_assert_int_eq(rows_of(0), 1);
    ck_assert_int_eq(rows_of(1), 0);
    ck_assert_int_eq(rows_of(2), 2);
    OK(ledger_lag_sum(ledger, 0, T0 + 200 * DAY, &sum, &fault));
    ck_hop(&sum, LAG_END_TO_END, 92, 60000);
    ck_assert_int_eq(sum.kind[LAG_BACKLOG], 92);
    ck_assert_int_eq(sum.basis[LAG_SOURCE_TIME], 92);
}
END_TEST

START_TEST(a_damaged_histogram_is_told)
{
    fresh();
    open_ledger();
    note(LAG_NORMAL, LAG_SOURCE_TIME);
    landed(1, T0);
    ledger_close(ledger);
    ledger = NULL;
    sql("UPDATE lag SET histogram = x'ff00ff'");
    open_ledger();
    ck_assert_int_eq(ledger_lag_sum(ledger, 0, T0 + DAY, &sum, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "a lag histogram is damaged"));
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        each_hop_has_its_own_figure,
        what_is_not_normal_is_counted_beside,
        between_two_looks_is_judged_by_the_worse_end,
        a_files_time_says_nothing_of_its_records,
        an_unknown_instant_leaves_its_hops_out,
        clocks_that_disagree_are_counted_with_the_worst,
        the_basis_is_that_of_most,
        a_span_sums_what_landed_in_it,
        minutes_become_hours_and_hours_days_and_nothing_is_lost,
        a_damaged_histogram_is_told,
    };

    return life_run("hops", tests, sizeof(tests) / sizeof(tests[0]));
}
