/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_LEDGER_LIFE_H
#define SUPPORT_LEDGER_LIFE_H

/* A ledger in a folder of its own, and pieces of a pipeline's life to put into it. */
#include <check.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/ledger.h"

#define T0 INT64_C(1740022380000000) /* 2025-02-20T03:33:00Z */

static char folder[64], path[128];
static struct daybreak_fault fault;
static struct ledger *ledger;

#define OK(call) ck_assert_msg((call) == 0, "%s", fault.what)

static inline void
setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/daybreak.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ledger.db", folder);
    memset(&fault, 0, sizeof(fault));
    ledger = NULL;
    clock_set_us(T0);
}

static inline void
teardown(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[160];

    ledger_close(ledger);
    ledger = NULL;
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
    snprintf(name, sizeof(name), "%s/list", folder);
    unlink(name);
    rmdir(folder);
    clock_set_us(0);
}

static inline void
open_ledger(void)
{
    OK(ledger_open(path, true, &ledger, &fault));
}

static inline void
reopen(void)
{
    ledger_close(ledger);
    open_ledger();
}

/* What another program might do to the file. */
static inline void
sql(const char *text)
{
    sqlite3 *db;
    char *error = NULL;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, text, NULL, NULL, &error);
    ck_assert_msg(error == NULL, "%s", error);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* ---- pieces of a pipeline's life ---------------------------------------------------------- */

static struct daybreak_story story;

/* A batch of 10 rows, of which ${invalid} cannot be read and the others are new. */
static inline struct daybreak_batch_row
batch_of(int64_t number, int64_t invalid)
{
    struct daybreak_batch_row row = {.size = sizeof(row), .story = &story, .first = "0",
                                     .last = "10"};

    story = (struct daybreak_story){
        .size = sizeof(story), .pipeline = "orders", .pipeline_id = "00ff", .handoff = "load",
        .run = "20250220T033300Z-0001", .connector = "file", .source = "a.csv", .input = "i",
        .part = "", .table = "orders", .time_basis = "source_time", .batch = number,
        .visible_at = T0 - 3000000, .read_at = T0 - 2000000, .ready_at = T0 - 1000000,
        .loaded_at = DAYBREAK_NO_TIME,
    };
    row.changes = 10 - invalid;
    row.counts = (struct daybreak_counts){.size = sizeof(row.counts), .read = 10,
                                          .captured = 10 - invalid, .created = 10 - invalid,
                                          .invalid = invalid, .delivered = 10 - invalid,
                                          .dead = invalid};
    return row;
}

static inline struct ledger_dead
dead_of(int64_t batch, const char *key, char op)
{
    return (struct ledger_dead){
        .batch = batch, .pipeline = "orders", .table = "orders",
        .stage = op == 0 ? "source" : "sink", .handoff = op == 0 ? NULL : "load",
        .rule = op == 0 ? "not_an_integer" : "constraint", .reason = "qty is no integer",
        .key = key, .key_bytes = key, .key_size = key != NULL ? (uint32_t)strlen(key) : 0,
        .input = "a.csv", .line = 7, .byte = 312, .field = "qty", .value = "x", .value_size = 1,
        .record = "{}", .record_size = 2, .record_is_json = true, .op = op, .at_us = T0,
    };
}

static inline void
set_aside(int64_t batch, const char *key, char op)
{
    struct ledger_dead dead = dead_of(batch, key, op);

    OK(ledger_dead_add(ledger, &dead, NULL, &fault));
}

static inline void
count_one(const struct daybreak_batch_row *row)
{
    struct ledger_checkpoint checkpoint = {.epoch = 1, .batch = row->story->batch,
                                           .position = (char *)"p", .committed_at_us = T0};

    OK(ledger_count(ledger, "load", &checkpoint, row, 1, NULL, &fault));
}

/* Batch 1 landed with one invalid row of key K: D1. */
static inline void
one_dead(void)
{
    struct daybreak_batch_row row = batch_of(1, 1);

    OK(ledger_provisional_begin(ledger, &fault));
    set_aside(1, "K", 0);
    OK(ledger_provisional_commit(ledger, &fault));
    count_one(&row);
}

static inline bool
tally(void *context, const struct ledger_dead *dead)
{
    (void)dead;
    ++*(int *)context;
    return true;
}

static inline int
dead_listed(bool open_only)
{
    int n = 0;

    OK(ledger_dead_list(ledger, open_only, tally, &n, &fault));
    return n;
}

static inline bool
take_state(void *context, const struct ledger_dead *dead)
{
    snprintf(context, 16, "%s", dead->state);
    return true;
}

static inline const char *
dead_state(int64_t id)
{
    static char state[16];

    state[0] = '\0';
    ck_assert_int_ge(ledger_dead_find(ledger, id, take_state, state, &fault), 0);
    return state;
}

static inline struct daybreak_counts
totals(void)
{
    struct daybreak_counts kept, anew;

    OK(ledger_totals(ledger, &kept, &fault));
    OK(ledger_recount(ledger, &anew, &fault));
    ck_assert_mem_eq(&kept, &anew, sizeof(kept));
    return kept;
}

static inline bool
drop_each(void *context, const struct ledger_dead *dead)
{
    (void)context;
    OK(ledger_dead_drop(ledger, dead->id, "me", "all", &fault));
    return true;
}

static inline int64_t
input_taken(const char *name, const char *digest, const char *order, int64_t bytes)
{
    struct ledger_input input = {.name = name, .fingerprint = "f", .digest = digest,
                                 .order = order, .bytes = bytes, .time_us = DAYBREAK_NO_TIME,
                                 .visible_at_us = T0, .run = "r"};
    int64_t id;

    OK(ledger_input_add(ledger, &input, &id, &fault));
    return id;
}

/* Every test of the suite runs with a fresh folder and the clock at T0. */
static inline int
life_run(const char *name, const TTest *const *test, size_t tests)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < tests; i++)
        tcase_add_test(tcase, test[i]);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
