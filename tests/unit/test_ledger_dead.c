/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"

#include <pthread.h>
#include <semaphore.h>

/* ---- dead letters ------------------------------------------------------------------------- */

START_TEST(provisional_is_seen_by_nobody_before_landing)
{
    struct daybreak_batch_row row = batch_of(1, 1);
    int64_t open, oldest;

    open_ledger();
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    OK(ledger_provisional_commit(ledger, &fault));
    reopen();
    ck_assert_int_eq(dead_listed(false), 0);
    ck_assert_str_eq(dead_state(1), "");
    OK(ledger_dead_count(ledger, &open, &oldest, &fault));
    ck_assert_int_eq(open, 0);
    ck_assert_int_eq(oldest, DAYBREAK_NO_TIME);
    ck_assert_int_eq(ledger_dead_drop(ledger, 1, "me", "no", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 1);
    ck_assert_str_eq(fault.what, "there is no dead letter D1");
    count_one(&row);
    ck_assert_int_eq(dead_listed(true), 1);
    ck_assert_str_eq(dead_state(1), "dead");
    OK(ledger_dead_count(ledger, &open, &oldest, &fault));
    ck_assert_int_eq(open, 1);
    ck_assert_int_eq(oldest, T0);
    ck_assert_int_eq(totals().dead, 1);
}
END_TEST

START_TEST(what_is_dropped_before_its_commit_never_was)
{
    open_ledger();
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    ledger_provisional_drop(ledger);
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    OK(ledger_provisional_commit(ledger, &fault));
    OK(ledger_unlanded(ledger, "load", 0, &fault));
    count_one(&(struct daybreak_batch_row){.size = sizeof(struct daybreak_batch_row),
                                           .story = (batch_of(1, 0), &story)});
    ck_assert_int_eq(dead_listed(false), 0);
}
END_TEST

static sem_t begun;

static void *
note_beside(void *unused)
{
    struct daybreak_fault own = {0};

    sem_post(&begun);
    ck_assert_int_eq(ledger_note_set(ledger, "beside", "kept", &own), 0);
    return unused;
}

/* Had the other thread's note joined the transaction, the drop would take it along. */
START_TEST(other_threads_wait_while_a_batch_is_set_aside)
{
    pthread_t thread;
    char *value;

    open_ledger();
    sem_init(&begun, 0, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    ck_assert_int_eq(pthread_create(&thread, NULL, note_beside, NULL), 0);
    sem_wait(&begun);
    for (int i = 0; i < 1000; i++)
        set_aside(1, "K", 0);
    ledger_provisional_drop(ledger);
    pthread_join(thread, NULL);
    OK(ledger_note_get(ledger, "beside", &value, &fault));
    ck_assert_str_eq(value, "kept");
    free(value);
}
END_TEST

static bool
whole_dead(void *context, const struct ledger_dead *dead)
{
    (void)context;
    ck_assert_int_eq(dead->id, 1);
    ck_assert_int_eq(dead->batch, 1);
    ck_assert_str_eq(dead->pipeline, "orders");
    ck_assert_str_eq(dead->table, "orders");
    ck_assert_str_eq(dead->handoff, "load");
    ck_assert_str_eq(dead->stage, "sink");
    ck_assert_str_eq(dead->rule, "constraint");
    ck_assert_str_eq(dead->reason, "qty is no integer");
    ck_assert_ptr_null(dead->detail);
    ck_assert_str_eq(dead->key, "K");
    ck_assert_uint_eq(dead->key_size, 1);
    ck_assert_str_eq(dead->input, "a.csv");
    ck_assert_ptr_null(dead->member);
    ck_assert_int_eq(dead->line, 7);
    ck_assert_int_eq(dead->byte, 312);
    ck_assert_str_eq(dead->field, "qty");
    ck_assert_uint_eq(dead->value_size, 3);
    ck_assert_mem_eq(dead->value, "a\0b", 3);
    ck_assert_ptr_nonnull(dead->record); /* empty is not missing */
    ck_assert_uint_eq(dead->record_size, 0);
    ck_assert(!dead->record_is_json);
    ck_assert_int_eq(dead->op, 'u');
    ck_assert_str_eq(dead->event_id, "abcd");
    ck_assert_int_eq(dead->at_us, T0);
    ck_assert_int_eq(dead->loops, 0);
    return true;
}

START_TEST(a_dead_letter_comes_back_whole)
{
    struct ledger_dead dead = dead_of(1, "K", 'u');
    struct daybreak_batch_row row = batch_of(1, 0);
    int64_t id;

    open_ledger();
    dead.value = "a\0b";
    dead.value_size = 3;
    dead.record = "";
    dead.record_size = 0;
    dead.record_is_json = false;
    dead.event_id = "abcd";
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_add(ledger, &dead, &id, &fault));
    ck_assert_int_eq(id, 1);
    OK(ledger_provisional_commit(ledger, &fault));
    row.counts.delivered = 9;
    row.counts.dead = 1;
    count_one(&row);
    ck_assert_int_eq(ledger_dead_find(ledger, 1, whole_dead, NULL, &fault), 1);
    ck_assert_int_eq(ledger_dead_find(ledger, 2, whole_dead, NULL, &fault), 0);
}
END_TEST

static bool
join_keys(void *context, const char *key, uint32_t size)
{
    strncat(context, key, size);
    return true;
}

static const char *
open_keys(void)
{
    static char keys[64];

    keys[0] = '\0';
    OK(ledger_dead_keys(ledger, "orders", join_keys, keys, &fault));
    return keys;
}

/* Keys K (an invalid row) and L (refused by the target) are dead since batch 1. */
static void
two_dead(void)
{
    struct daybreak_batch_row row = batch_of(1, 1);

    row.counts.delivered--;
    row.counts.dead++;
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    set_aside(1, "L", 'c');
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
}

START_TEST(a_good_row_heals_the_invalid_and_supersedes_the_others)
{
    struct daybreak_batch_row row;

    open_ledger();
    two_dead();
    ck_assert_str_eq(open_keys(), "KL");
    row = batch_of(2, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "K", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "L", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "L", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "M", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    OK(ledger_dead_close_key(ledger, "others", "K", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    ck_assert_str_eq(open_keys(), "");
    OK(ledger_provisional_commit(ledger, &fault));
    ck_assert_int_eq(row.counts.dead, -2);
    ck_assert_int_eq(row.counts.healed, 1);
    ck_assert_int_eq(row.counts.superseded, 1);
    ck_assert_str_eq(dead_state(1), "dead"); /* until the batch has landed */
    count_one(&row);
    ck_assert_str_eq(dead_state(1), "healed");
    ck_assert_str_eq(dead_state(2), "superseded");
    ck_assert_int_eq(dead_listed(true), 0);
    ck_assert_int_eq(dead_listed(false), 2);
    ck_assert_int_eq(totals().healed, 1);
    ck_assert_int_eq(totals().dead, 0);
}
END_TEST

/* The version remembered of L is the one that was refused: to see it again is no news of it. */
START_TEST(a_row_that_is_the_same_heals_only_the_invalid)
{
    struct daybreak_batch_row row;

    open_ledger();
    two_dead();
    row = batch_of(2, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "K", 1, LEDGER_KEY_SAME, 2, &row.counts, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "L", 1, LEDGER_KEY_SAME, 2, &row.counts, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    ck_assert_int_eq(row.counts.dead, -1);
    ck_assert_int_eq(row.counts.healed, 1);
    ck_assert_int_eq(row.counts.superseded, 0);
    count_one(&row);
    ck_assert_str_eq(open_keys(), "L");
}
END_TEST

START_TEST(a_delete_supersedes_or_withdraws)
{
    struct daybreak_batch_row row;

    open_ledger();
    two_dead();
    row = batch_of(2, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "K", 1, LEDGER_KEY_GONE, 2, &row.counts, &fault));
    OK(ledger_dead_withdraw_key(ledger, "orders", "L", 1, 2, &row.counts, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    ck_assert_int_eq(row.counts.superseded, 1);
    ck_assert_int_eq(row.counts.withdrawn, 1);
    row.counts.withdrawn++; /* the delete itself */
    row.counts.delivered--;
    count_one(&row);
    ck_assert_str_eq(dead_state(1), "superseded");
    ck_assert_str_eq(dead_state(2), "withdrawn");
    ck_assert_int_eq(totals().withdrawn, 2);
}
END_TEST

START_TEST(a_closing_of_a_batch_that_never_landed_never_was)
{
    struct daybreak_batch_row row;

    open_ledger();
    two_dead();
    row = batch_of(2, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_close_key(ledger, "orders", "K", 1, LEDGER_KEY_CHANGED, 2, &row.counts, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    ck_assert_int_eq(ledger_dead_drop(ledger, 1, "me", "no", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_str_eq(fault.what, "D1 is part of a batch that is not counted yet");
    reopen();
    OK(ledger_unlanded(ledger, "load", 1, &fault));
    ck_assert_str_eq(open_keys(), "KL");
    row = batch_of(2, 0);
    count_one(&row);
    ck_assert_str_eq(dead_state(1), "dead");
    OK(ledger_dead_drop(ledger, 1, "me", "no", &fault));
}
END_TEST

/* Killed between the target's commit and ledger_count: the target's row tells. */
START_TEST(what_landed_becomes_final_with_the_targets_row)
{
    struct daybreak_batch_row row = batch_of(1, 1);

    open_ledger();
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    set_aside(2, "L", 0);
    OK(ledger_provisional_commit(ledger, &fault));
    reopen();
    OK(ledger_unlanded(ledger, "load", 1, &fault));
    count_one(&row);
    ck_assert_int_eq(dead_listed(true), 1);
    ck_assert_str_eq(open_keys(), "K");
    ck_assert_int_eq(totals().dead, 1);
}
END_TEST

START_TEST(one_set_aside_and_closed_before_one_landing_is_healed)
{
    struct daybreak_batch_row rows[2];
    struct daybreak_story first;

    open_ledger();
    rows[0] = batch_of(1, 1);
    first = story;
    rows[0].story = &first;
    rows[1] = batch_of(2, 0);
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    OK(ledger_dead_close_key(ledger, "orders", "K", 1, LEDGER_KEY_CHANGED, 2, &rows[1].counts, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    OK(ledger_count(ledger, "load", NULL, rows, 2, NULL, &fault));
    ck_assert_str_eq(dead_state(1), "healed");
    ck_assert_int_eq(totals().healed, 1);
}
END_TEST

START_TEST(a_second_decision_is_refused)
{
    open_ledger();
    one_dead();
    OK(ledger_dead_drop(ledger, 1, "me", "no use", &fault));
    ck_assert_str_eq(dead_state(1), "dropped");
    ck_assert_int_eq(totals().dropped, 1);
    ck_assert_int_eq(ledger_dead_drop(ledger, 1, "you", "again", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 1);
    ck_assert_str_eq(fault.what, "D1: cannot drop a record that is dropped");
    ck_assert_int_eq(totals().dropped, 1);
    ck_assert_int_eq(ledger_dead_drop(ledger, 9, "me", "no", &fault), -1);
    ck_assert_str_eq(fault.what, "there is no dead letter D9");
    OK(ledger_evidence_verify(ledger, &fault));
}
END_TEST

static bool
take_loops(void *context, const struct ledger_dead *dead)
{
    *(int64_t *)context = dead->loops;
    ck_assert_str_eq(dead->stage, "transform");
    ck_assert_str_eq(dead->rule, "set total");
    ck_assert_str_eq(dead->reason, "still none");
    ck_assert_str_eq(dead->detail, "why");
    ck_assert_str_eq(dead->field, "total");
    ck_assert_uint_eq(dead->value_size, 2);
    return true;
}

START_TEST(a_retry_delivers_when_its_batch_lands_or_counts_a_loop)
{
    struct daybreak_batch_row row;
    int64_t loops = 0;

    open_ledger();
    one_dead();
    OK(ledger_dead_again(ledger, 1, "me",
                         &(struct ledger_dead){.stage = "transform", .rule = "set total", .reason = "still none", .detail = "why",
                                               .field = "total", .value = "{}", .value_size = 2},
                         &fault));
    ck_assert_int_eq(ledger_dead_find(ledger, 1, take_loops, &loops, &fault), 1);
    ck_assert_int_eq(loops, 1);
    ck_assert_int_eq(totals().dead, 1);

    row = batch_of(2, 0);
    memset(&row.counts, 0, sizeof(row.counts));
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_retry(ledger, 1, "me", "new type", false, 2, &row.counts, &fault));
    ck_assert_int_eq(ledger_dead_retry(ledger, 1, "me", "twice", false, 2, &row.counts, &fault), -1);
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
    ck_assert_str_eq(dead_state(1), "delivered");
    ck_assert_int_eq(totals().delivered, 10);
    ck_assert_int_eq(totals().dead, 0);
    ck_assert_int_eq(ledger_dead_drop(ledger, 1, "me", "no", &fault), -1);
    ck_assert_str_eq(fault.what, "D1: cannot drop a record that is delivered");
}
END_TEST

START_TEST(a_retry_may_end_at_a_filter)
{
    struct daybreak_batch_row row;

    open_ledger();
    one_dead();
    row = batch_of(2, 0);
    memset(&row.counts, 0, sizeof(row.counts));
    row.counts.filtered = 1;
    row.counts.delivered = -1;
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_retry(ledger, 1, "me", "such rows are left out now", true, 2, &row.counts, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
    ck_assert_str_eq(dead_state(1), "filtered");
    ck_assert_int_eq(totals().filtered, 1);
    ck_assert_int_eq(totals().delivered, 9);
    ck_assert_int_eq(totals().dead, 0);
    ck_assert_int_eq(ledger_dead_drop(ledger, 1, "me", "no", &fault), -1);
    ck_assert_str_eq(fault.what, "D1: cannot drop a record that is filtered");
}
END_TEST

START_TEST(what_a_step_set_aside_before_anything_was_delivered_is_undelivered)
{
    struct ledger_dead dead = dead_of(1, "K", 'c');
    struct daybreak_batch_row row = batch_of(1, 1);

    open_ledger();
    dead.stage = "transform";
    dead.handoff = NULL;
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_add(ledger, &dead, NULL, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
    ck_assert_int_eq(ledger_dead_undelivered(ledger, "orders", "K", 1, &fault), 1);
    dead.key = dead.key_bytes = "L";
    dead.op = 'u'; /* the version before stands in the target */
    row = batch_of(2, 1);
    dead.batch = 2;
    OK(ledger_provisional_begin(ledger, &fault));
    OK(ledger_dead_add(ledger, &dead, NULL, &fault));
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
    ck_assert_int_eq(ledger_dead_undelivered(ledger, "orders", "L", 1, &fault), 0);
}
END_TEST

START_TEST(all_can_be_dropped_while_they_are_listed)
{
    open_ledger();
    two_dead();
    OK(ledger_dead_list(ledger, true, drop_each, NULL, &fault));
    ck_assert_int_eq(totals().dropped, 2);
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        provisional_is_seen_by_nobody_before_landing,
        what_is_dropped_before_its_commit_never_was,
        other_threads_wait_while_a_batch_is_set_aside,
        a_dead_letter_comes_back_whole,
        a_good_row_heals_the_invalid_and_supersedes_the_others,
        a_row_that_is_the_same_heals_only_the_invalid,
        a_delete_supersedes_or_withdraws,
        a_closing_of_a_batch_that_never_landed_never_was,
        what_landed_becomes_final_with_the_targets_row,
        one_set_aside_and_closed_before_one_landing_is_healed,
        a_second_decision_is_refused,
        a_retry_delivers_when_its_batch_lands_or_counts_a_loop,
        a_retry_may_end_at_a_filter,
        what_a_step_set_aside_before_anything_was_delivered_is_undelivered,
        all_can_be_dropped_while_they_are_listed,
    };

    return life_run("ledger_dead", tests, sizeof(tests) / sizeof(tests[0]));
}
