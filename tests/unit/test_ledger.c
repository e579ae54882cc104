/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/crash.h"

/* ---- the file ----------------------------------------------------------------------------- */

START_TEST(a_new_ledger_is_made_for_its_owner_alone)
{
    struct stat status;

    open_ledger();
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    OK(ledger_check(ledger, &fault));
}
END_TEST

START_TEST(a_file_of_version_0_is_brought_up_to_date)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(ledger_open(path, false, &ledger, &fault), -1);
    ck_assert_int_eq(fault.status, 66);
    open_ledger();
    one_dead();
    reopen();
    ck_assert_int_eq(totals().dead, 1);
}
END_TEST

START_TEST(a_newer_ledger_is_left_alone)
{
    open_ledger();
    ledger_close(ledger);
    ledger = NULL;
    sql("PRAGMA user_version = 99");
    ck_assert_int_eq(ledger_open(path, true, &ledger, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "it is of version 99, this daybreak knows 2"));
    ck_assert_str_eq(fault.hint, "a newer daybreak wrote it: use that one");
}
END_TEST

START_TEST(another_programs_database_is_left_alone)
{
    sql("CREATE TABLE customers (id)");
    ck_assert_int_eq(ledger_open(path, true, &ledger, &fault), -1);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "it is another program's database"));
}
END_TEST

START_TEST(what_is_no_database_is_said_to_be_damaged)
{
    FILE *file = fopen(path, "w");

    for (int i = 0; i < 4096; i++)
        fputs("garbage ", file);
    fclose(file);
    ck_assert_int_eq(ledger_open(path, true, &ledger, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "it is damaged"));
    ck_assert_ptr_nonnull(strstr(fault.hint, "from a backup"));
}
END_TEST

/* Every page but the first gets other bytes; the ledger was not closed in order. */
START_TEST(damage_is_found_after_an_unclean_end)
{
    char page[4096];
    FILE *file;

    open_ledger();
    for (int64_t i = 1; i <= 200; i++) {
        struct daybreak_batch_row row = batch_of(i, 0);

        count_one(&row);
    }
    ledger_close(ledger);
    ledger = NULL;
    sql("UPDATE note SET value = 'yes' WHERE name = 'ledger.open'; "
        "PRAGMA wal_checkpoint(TRUNCATE)");
    file = fopen(path, "r+");
    memset(page, 0xa5, sizeof(page));
    fseek(file, -3L * (long)sizeof(page), SEEK_END);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(fwrite(page, sizeof(page), 1, file), 1);
    fclose(file);
    ck_assert_int_eq(ledger_open(path, true, &ledger, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "it is damaged"));
}
END_TEST

START_TEST(a_reader_of_nothing_is_told_so)
{
    ck_assert_int_eq(ledger_open(path, false, &ledger, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_int_eq(fault.status, 66);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_reader_sees_what_landed_while_the_writer_writes)
{
    struct ledger *reader;
    struct daybreak_batch_row row;
    struct daybreak_counts counts;
    char run[40];

    open_ledger();
    one_dead();
    OK(ledger_open(path, false, &reader, &fault));
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(2, "L", 0);
    OK(ledger_totals(reader, &counts, &fault));
    ck_assert_int_eq(counts.read, 10);
    OK(ledger_provisional_commit(ledger, &fault));
    row = batch_of(2, 1);
    count_one(&row);
    OK(ledger_recount(reader, &counts, &fault));
    ck_assert_int_eq(counts.read, 20);
    ck_assert_int_eq(counts.dead, 2);
    OK(ledger_evidence_verify(reader, &fault));

    ck_assert_int_eq(ledger_run_begin(reader, "run", "v", run, &fault), -1);
    ck_assert_int_eq(ledger_dead_drop(reader, 1, "me", "no", &fault), -1);
    ledger_close(reader);
    ck_assert_int_eq(totals().dead, 2);
}
END_TEST

START_TEST(a_reader_reads_after_the_writer_has_gone)
{
    struct daybreak_counts counts;

    open_ledger();
    one_dead();
    ledger_close(ledger);
    OK(ledger_open(path, false, &ledger, &fault));
    OK(ledger_recount(ledger, &counts, &fault));
    ck_assert_int_eq(counts.dead, 1);
}
END_TEST

/* ---- identity, notes, runs ---------------------------------------------------------------- */

START_TEST(an_identity_is_drawn_once)
{
    struct ledger_identity first, again;

    open_ledger();
    OK(ledger_identity(ledger, "orders", &first, &fault));
    ck_assert_uint_eq(strlen(first.id), 32);
    ck_assert_int_eq(first.created_at_us, T0);
    reopen();
    OK(ledger_identity(ledger, "other", &again, &fault));
    ck_assert_mem_eq(first.secret, again.secret, sizeof(first.secret));
    ck_assert_str_eq(first.id, again.id);
    ck_assert_str_eq(again.name, "orders");
    OK(ledger_rename(ledger, "other", &fault));
    OK(ledger_identity(ledger, "other", &again, &fault));
    ck_assert_str_eq(again.name, "other");
    ck_assert_str_eq(first.id, again.id);
}
END_TEST

START_TEST(a_reader_draws_no_identity)
{
    struct ledger_identity identity;

    open_ledger();
    ledger_close(ledger);
    OK(ledger_open(path, false, &ledger, &fault));
    ck_assert_int_eq(ledger_identity(ledger, "orders", &identity, &fault), -1);
    ck_assert_int_eq(fault.status, 66);
    ck_assert_str_eq(fault.what, "pipeline 'orders' has not run yet");
}
END_TEST

START_TEST(notes_survive)
{
    char *value;

    open_ledger();
    OK(ledger_note_get(ledger, "digest", &value, &fault));
    ck_assert_str_eq(value, "");
    free(value);
    OK(ledger_note_set(ledger, "digest", "a", &fault));
    OK(ledger_note_set(ledger, "digest", "b", &fault));
    reopen();
    OK(ledger_note_get(ledger, "digest", &value, &fault));
    ck_assert_str_eq(value, "b");
    free(value);
}
END_TEST

static bool
join_runs(void *context, const struct ledger_run *run)
{
    char *text = context;
    size_t have = strlen(text);

    snprintf(text + have, 400 - have, "%s %s %s %d %s;", run->run, run->mode, run->state,
             run->status, run->result != NULL ? run->result : "-");
    return true;
}

START_TEST(a_run_without_an_end_was_killed)
{
    char run[40], text[400] = "";

    open_ledger();
    OK(ledger_run_begin(ledger, "run", "v1", run, &fault));
    ck_assert_str_eq(run, "20250220T033300Z-0001");
    OK(ledger_run_begin(ledger, "follow", "v1", run, &fault));
    ck_assert_str_eq(run, "20250220T033300Z-0002");
    OK(ledger_run_end(ledger, run, 3, "{}", &fault));
    OK(ledger_runs(ledger, 10, join_runs, text, &fault));
    ck_assert_str_eq(text, "20250220T033300Z-0002 follow ended 3 {};"
                           "20250220T033300Z-0001 run killed -1 -;");
    ck_assert_int_eq(ledger_run_end(ledger, run, 0, NULL, &fault), -1);
    ck_assert_int_eq(fault.status, 70);
}
END_TEST

START_TEST(a_checkpoint_is_kept_and_its_intent_cleared_by_landing)
{
    struct ledger_checkpoint checkpoint;
    struct daybreak_batch_row row = batch_of(1, 0);

    open_ledger();
    OK(ledger_checkpoint_get(ledger, "load", &checkpoint, &fault));
    ck_assert(!checkpoint.found);
    ck_assert_str_eq(checkpoint.position, "");
    ledger_checkpoint_fini(&checkpoint);
    OK(ledger_checkpoint_intend(ledger, "load", "inode 7, 100 bytes", &fault));
    reopen();
    OK(ledger_checkpoint_get(ledger, "load", &checkpoint, &fault));
    ck_assert_str_eq(checkpoint.intended_mark, "inode 7, 100 bytes");
    ck_assert_int_eq(checkpoint.batch, 0);
    ledger_checkpoint_fini(&checkpoint);
    count_one(&row);
    OK(ledger_checkpoint_get(ledger, "load", &checkpoint, &fault));
    ck_assert(checkpoint.found);
    ck_assert_ptr_null(checkpoint.intended_mark);
    ck_assert_int_eq(checkpoint.batch, 1);
    ck_assert_str_eq(checkpoint.position, "p");
    ledger_checkpoint_fini(&checkpoint);
}
END_TEST

/* ---- the law ------------------------------------------------------------------------------ */

START_TEST(an_unbalanced_batch_is_never_written)
{
    struct daybreak_batch_row row = batch_of(1, 0);

    open_ledger();
    row.counts.delivered--;
    ck_assert_int_eq(ledger_count(ledger, "load", NULL, &row, 1, NULL, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 70);
    ck_assert_str_eq(fault.what,
                     "the ledger does not balance: captured 10 + absent 0 + invalid 0 + copied 0 "
                     "is not filtered 0 + delivered 9 + held 0 + waiting 0 + dead 0 + closed 0");
    row.counts.delivered++;
    row.counts.read++;
    ck_assert_int_eq(ledger_count(ledger, "load", NULL, &row, 1, NULL, &fault), -1);
    ck_assert_str_eq(fault.what, "the ledger does not balance: read 11 is not 10 = unchanged 0 + "
                                 "repeated 0 + captured 10 + invalid 0");
    ck_assert_int_eq(totals().read, 0);
}
END_TEST

START_TEST(batches_counted_twice_count_once)
{
    struct daybreak_batch_row rows[2];
    struct daybreak_story second;

    open_ledger();
    rows[1] = batch_of(2, 0);
    second = story;
    rows[1].story = &second;
    rows[0] = batch_of(1, 0);
    OK(ledger_count(ledger, "load", NULL, rows, 1, NULL, &fault));
    OK(ledger_count(ledger, "load", NULL, rows, 2, NULL, &fault));
    OK(ledger_count(ledger, "load", NULL, rows, 2, NULL, &fault));
    ck_assert_int_eq(totals().read, 20);
    ck_assert_int_eq(totals().delivered, 20);
}
END_TEST

START_TEST(a_row_taken_back_keeps_the_balance)
{
    struct daybreak_batch_row row = batch_of(1, 0);

    open_ledger();
    count_one(&row);
    row = batch_of(2, 0);
    row.counts = (struct daybreak_counts){.size = sizeof(row.counts), .read = 1, .captured = -1,
                                          .invalid = 2, .delivered = -1, .dead = 2};
    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(2, "K", 0);
    set_aside(2, "K", 0);
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
    ck_assert_int_eq(totals().delivered, 9);
    ck_assert_int_eq(totals().dead, 2);
}
END_TEST

static bool
same_row(void *context, const struct daybreak_batch_row *row)
{
    struct daybreak_batch_row want = batch_of(row->story->batch, row->story->batch);

    ck_assert_mem_eq(&row->counts, &want.counts, sizeof(want.counts));
    ck_assert_str_eq(row->story->pipeline_id, "00ff");
    ck_assert_str_eq(row->story->table, "orders");
    ck_assert_str_eq(row->story->run, "20250220T033300Z-0001");
    ck_assert_str_eq(row->story->time_basis, "source_time");
    ck_assert_str_eq(row->first, "0");
    ck_assert_str_eq(row->last, "10");
    ck_assert_int_eq(row->story->ready_at, T0 - 1000000);
    ck_assert_int_eq(row->story->loaded_at, DAYBREAK_NO_TIME);
    ck_assert_int_eq(row->changes, want.changes);
    *(int *)context = *(int *)context * 10 + (int)row->story->batch;
    return true;
}

START_TEST(batches_are_listed_as_they_were_counted)
{
    int order = 0;

    open_ledger();
    for (int64_t i = 1; i <= 3; i++) {
        struct daybreak_batch_row row = batch_of(i, i);

        OK(ledger_provisional_begin(ledger, &fault));
        for (int64_t k = 0; k < i; k++)
            set_aside(i, NULL, 0);
        OK(ledger_provisional_commit(ledger, &fault));
        count_one(&row);
    }
    OK(ledger_dead_drop(ledger, 1, "me", "no use", &fault));
    OK(ledger_batches(ledger, 1, same_row, &order, &fault));
    ck_assert_int_eq(order, 23);
}
END_TEST

START_TEST(recounting_finds_a_row_changed_behind_its_back)
{
    struct daybreak_counts counts;

    open_ledger();
    one_dead();
    ledger_close(ledger);
    ledger = NULL;
    sql("UPDATE batch SET read = 11, unchanged = 1");
    open_ledger();
    ck_assert_int_eq(ledger_recount(ledger, &counts, &fault), -1);
    ck_assert_int_eq(fault.status, 70);
    ck_assert_str_eq(fault.what,
                     "the ledger does not balance: read is 11 when counted anew, 10 as kept");
}
END_TEST

START_TEST(recounting_misses_a_lost_dead_letter)
{
    struct daybreak_counts counts;

    open_ledger();
    one_dead();
    ledger_close(ledger);
    ledger = NULL;
    sql("DELETE FROM dead");
    open_ledger();
    ck_assert_int_eq(ledger_recount(ledger, &counts, &fault), -1);
    ck_assert_str_eq(fault.what,
                     "the ledger does not balance: dead is 0 when counted anew, 1 as kept");
}
END_TEST

START_TEST(counts_of_a_run_are_its_own)
{
    struct daybreak_counts counts;

    open_ledger();
    one_dead();
    OK(ledger_run_totals(ledger, "20250220T033300Z-0001", &counts, &fault));
    ck_assert_int_eq(counts.read, 10);
    OK(ledger_run_totals(ledger, "another", &counts, &fault));
    ck_assert_int_eq(counts.read, 0);
}
END_TEST

/* ---- killed at every point ---------------------------------------------------------------- */

/*
 * A life of three batches and some decisions beside a target that is one number in shared memory:
 * the last batch it has. It goes on from wherever it finds ledger and target.
 */
static struct daybreak_batch_row
life_row(int64_t batch)
{
    struct daybreak_batch_row row = batch_of(batch, 1);

    if (batch > 1) { /* each heals the one before */
        row.counts.dead--;
        row.counts.healed++;
    }
    return row;
}

static bool
take_id(void *context, const struct ledger_dead *dead)
{
    *(int64_t *)context = dead->id;
    return true;
}

static void
live(int64_t *target)
{
    static const char *const keys[] = {"", "A", "B", "C"};
    struct ledger_identity identity;
    char run[40];
    int64_t id;

    open_ledger();
    OK(ledger_identity(ledger, "orders", &identity, &fault));
    OK(ledger_unlanded(ledger, "load", *target, &fault));
    for (int64_t i = 1; i <= *target; i++) {
        struct daybreak_batch_row row = life_row(i);

        count_one(&row);
    }
    OK(ledger_run_begin(ledger, "run", "v", run, &fault));
    id = input_taken("a.csv", "d", "1", 10);
    for (int64_t i = *target + 1; i <= 3; i++) {
        struct daybreak_batch_row row = batch_of(i, 1);

        OK(ledger_provisional_begin(ledger, &fault));
        OK(ledger_dead_close_key(ledger, "orders", keys[i - 1], (uint32_t)strlen(keys[i - 1]), LEDGER_KEY_CHANGED,
                                 i, &row.counts, &fault));
        set_aside(i, keys[i], 0);
        OK(ledger_provisional_commit(ledger, &fault));
        OK(ledger_checkpoint_intend(ledger, "load", "mark", &fault));
        ck_assert_int_eq(row.counts.healed, life_row(i).counts.healed);
        *target = i;
        CRASH_POINT("test.target-committed");
        row = life_row(i);
        count_one(&row);
    }
    OK(ledger_input_end(ledger, id, "done", NULL, NULL, NULL, 30, 3, &fault));
    OK(ledger_dead_list(ledger, true, take_id, &id, &fault));
    OK(ledger_dead_again(ledger, id, "me", &(struct ledger_dead){.stage = "source", .reason = "still"}, &fault));
    OK(ledger_dead_drop(ledger, id, "me", "no use", &fault));
    OK(ledger_evidence(ledger, "ended", run, "me", NULL, NULL, &fault));
    OK(ledger_run_end(ledger, run, 0, "{}", &fault));
}

/* Whatever is still to do after a kill: the end of life must be the same. */
static void
finish(int64_t *target)
{
    struct daybreak_counts n;
    char state[16];

    open_ledger();
    OK(ledger_evidence_verify(ledger, &fault));
    OK(ledger_check(ledger, &fault));
    if (ledger_input_taken(ledger, "a.csv", "f", state, &fault) == 0) {
        ledger_close(ledger);
        live(target);
    } else if (dead_listed(true) == 1) {
        OK(ledger_dead_list(ledger, true, drop_each, NULL, &fault));
    }
    n = totals();
    ck_assert_int_eq(n.read, 30);
    ck_assert_int_eq(n.delivered, 27);
    ck_assert_int_eq(n.invalid, 3);
    ck_assert_int_eq(n.healed, 2);
    ck_assert_int_eq(n.dropped, 1);
    ck_assert_int_eq(n.dead, 0);
    ck_assert_int_eq(dead_listed(false), 3);
    OK(ledger_evidence_verify(ledger, &fault));
}

static int
live_in_child(const char *variable, const char *value, int64_t *target)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setenv(variable, value, 1);
        crash_init();
        live(target);
        ledger_close(ledger);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

START_TEST(nothing_is_lost_or_doubled_wherever_it_is_killed)
{
    int64_t *target = mmap(NULL, sizeof(*target), PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char list[128], point[64], points[64][64];
    int status, count = 0;
    FILE *file;

    ck_assert_ptr_ne(target, MAP_FAILED);
    snprintf(list, sizeof(list), "%s/list", folder);
    *target = 0;
    status = live_in_child("DAYBREAK_CRASH_LIST", list, target);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "unharmed: %d", status);
    finish(target);
    file = fopen(list, "r");
    ck_assert_ptr_nonnull(file);
    while (count < 64 && fgets(point, sizeof(point), file) != NULL) {
        point[strcspn(point, "\n")] = '\0';
        memcpy(points[count++], point, sizeof(point));
    }
    fclose(file);
    ck_assert_int_ge(count, 20);

    for (int i = 0; i < count; i++) {
        teardown();
        setup();
        *target = 0;
        status = live_in_child("DAYBREAK_CRASH_AT", points[i], target);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s was never reached",
                      points[i]);
        finish(target);
    }
    munmap(target, sizeof(*target));
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        a_new_ledger_is_made_for_its_owner_alone,
        a_file_of_version_0_is_brought_up_to_date,
        a_newer_ledger_is_left_alone,
        another_programs_database_is_left_alone,
        what_is_no_database_is_said_to_be_damaged,
        damage_is_found_after_an_unclean_end,
        a_reader_of_nothing_is_told_so,
        a_reader_sees_what_landed_while_the_writer_writes,
        a_reader_reads_after_the_writer_has_gone,
        an_identity_is_drawn_once,
        a_reader_draws_no_identity,
        notes_survive,
        a_run_without_an_end_was_killed,
        a_checkpoint_is_kept_and_its_intent_cleared_by_landing,
        an_unbalanced_batch_is_never_written,
        batches_counted_twice_count_once,
        a_row_taken_back_keeps_the_balance,
        batches_are_listed_as_they_were_counted,
        recounting_finds_a_row_changed_behind_its_back,
        recounting_misses_a_lost_dead_letter,
        counts_of_a_run_are_its_own,
        nothing_is_lost_or_doubled_wherever_it_is_killed,
    };

    return life_run("ledger", tests, sizeof(tests) / sizeof(tests[0]));
}
