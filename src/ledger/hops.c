/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road, behind the sink: how long each hop took, kept by the minute, then hour, then day. */
#include "hops.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "parts.h"

const char *const lag_hop_name[] = {
    [LAG_PRODUCTION] = "production",     [LAG_DETECTION] = "detection",
    [LAG_PROCESSING] = "processing",     [LAG_DELIVERY] = "delivery",
    [LAG_CONFIRMATION] = "confirmation", [LAG_END_TO_END] = "end_to_end",
    [LAG_ADDRESSABLE] = "addressable",
};

const char *const lag_basis_name[] = {
    [LAG_SOURCE_TIME] = "source_time", [LAG_NAME_TIME] = "name_time",
    [LAG_FILE_TIME] = "file_time",     [LAG_BOUNDED] = "bounded",
    [LAG_OBSERVED] = "observed",
};

const char *const lag_kind_name[] = {
    [LAG_NORMAL] = "normal",   [LAG_FIRST_LOAD] = "first_loads", [LAG_RESYNC] = "resyncs",
    [LAG_BACKLOG] = "backlog", [LAG_RELEASE] = "releases",
};

/* ---- the set ------------------------------------------------------------------------------ */

void
lag_set_clear(struct lag_set *set)
{
    memset(set, 0, sizeof(*set));
}

static void
note(struct lag *lag, int64_t from_us, int64_t to_us)
{
    if (from_us != DAYBREAK_NO_TIME && to_us != DAYBREAK_NO_TIME)
        lag_note(lag, from_us, to_us);
}

void
lag_set_note(struct lag_set *set, const struct lag_change *change)
{
    int64_t changed_at_us = change->changed_at_us;

    set->kind[change->kind]++;
    if (change->kind != LAG_NORMAL)
        return;
    set->basis[change->basis]++;
    if (change->basis == LAG_BOUNDED)
        changed_at_us = change->since_us;
    else if (change->basis == LAG_FILE_TIME)
        changed_at_us = DAYBREAK_NO_TIME;

    note(&set->hop[LAG_PRODUCTION], changed_at_us, change->visible_at_us);
    note(&set->hop[LAG_DETECTION], change->visible_at_us, change->read_at_us);
    note(&set->hop[LAG_PROCESSING], change->read_at_us, change->ready_at_us);
    note(&set->hop[LAG_DELIVERY], change->ready_at_us, change->loaded_at_us);
    note(&set->hop[LAG_END_TO_END], changed_at_us, change->loaded_at_us);
    note(&set->hop[LAG_ADDRESSABLE], change->visible_at_us, change->loaded_at_us);
}

void
lag_set_beside(struct lag_set *set, enum lag_kind kind, int64_t count)
{
    assert(kind != LAG_NORMAL);
    set->kind[kind] += count;
}

void
lag_set_merge(struct lag_set *into, const struct lag_set *from)
{
    for (int i = 0; i < LAG_HOPS; i++)
        lag_merge(&into->hop[i], &from->hop[i]);
    for (int i = 0; i < LAG_BASES; i++)
        into->basis[i] += from->basis[i];
    for (int i = 0; i < LAG_KINDS; i++)
        into->kind[i] += from->kind[i];
}

enum lag_basis
lag_set_basis(const struct lag_set *set)
{
    int most = LAG_BASES;

    for (int i = 0; i < LAG_BASES; i++)
        if (set->basis[i] > 0 && (most == LAG_BASES || set->basis[i] >= set->basis[most]))
            most = i;
    return (enum lag_basis)most;
}

/* ---- kept by the minute, then hour, then day ----------------------------------------------- */

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

static const struct level {
    int64_t span_us;
    int64_t keep_us; /* older than that becomes the next level; 0: stays */
} levels[] = {
    {60 * SECOND_US, 2 * DAY_US},
    {3600 * SECOND_US, 90 * DAY_US},
    {DAY_US, 0},
};
enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

/* Rows rolled up in one commit at most, so that a landing after a long pause stays short. */
#define ROLL_MOST 2000

static int64_t
start_of(int64_t at_us, int64_t level)
{
    int64_t rest = at_us % levels[level].span_us;

    return at_us - (rest < 0 ? rest + levels[level].span_us : rest);
}

static int
decode(struct store *store, struct lag *lag, sqlite3_stmt *query, int column,
       struct daybreak_fault *fault)
{
    const void *bytes = sqlite3_column_blob(query, column);
    size_t size = (size_t)sqlite3_column_bytes(query, column);

    if (lag_decode(lag, bytes, size) == 0)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot use ledger '%s': a lag histogram is damaged",
              store->path);
    return fault_exit(fault, 78, "ledger_damaged");
}

/* What is there already, into ${lag}, which is empty. */
static int
hop_read(struct store *store, int64_t level, int64_t start_us, int64_t hop, struct lag *lag,
         struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(
        store, fault, "SELECT histogram FROM lag WHERE level = ? AND start_us = ? AND hop = ?",
        "iii", level, start_us, hop);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1 && decode(store, lag, query, 0, fault) != 0)
        row = -1;
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

static int
hop_add(struct store *store, int64_t level, int64_t start_us, int64_t hop, const struct lag *more,
        struct daybreak_fault *fault)
{
    struct lag *lag = memory_zero(sizeof(*lag));
    struct text blob = {0};
    int result = hop_read(store, level, start_us, hop, lag, fault);

    if (result == 0) {
        lag_merge(lag, more);
        lag_encode(lag, &blob);
        if (store_run(store, fault,
                      "INSERT INTO lag (level, start_us, hop, histogram) VALUES (?, ?, ?, ?)"
                      " ON CONFLICT (level, start_us, hop) DO UPDATE"
                      " SET histogram = excluded.histogram",
                      "iiib", level, start_us, hop, (const void *)blob.at,
                      (uint32_t)blob.size) < 0)
            result = -1;
    }
    text_fini(&blob);
    free(lag);
    return result;
}

static int
beside_add(struct store *store, int64_t start_us, const char *name, int64_t n,
           struct daybreak_fault *fault)
{
    if (n == 0)
        return 0;
    return store_run(store, fault,
                     "INSERT INTO lag_beside (level, start_us, name, n) VALUES (0, ?, ?, ?)"
                     " ON CONFLICT (level, start_us, name) DO UPDATE SET n = n + excluded.n",
                     "iti", start_us, name, n) < 0
               ? -1
               : 0;
}

/* The oldest row of ${level} that is due goes one level up: 1 done, 0 none is due. */
static int
roll_one(struct store *store, int64_t level, int64_t due_us, struct lag *lag,
         struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT start_us, hop, histogram FROM lag"
                                      " WHERE level = ? AND start_us < ?"
                                      " ORDER BY start_us, hop LIMIT 1",
                                      "ii", level, due_us);
    int64_t start_us = 0, hop = 0;
    int row;

    if (query == NULL)
        return -1;
    memset(lag, 0, sizeof(*lag));
    row = store_step(store, query, fault);
    if (row == 1) {
        start_us = sqlite3_column_int64(query, 0);
        hop = sqlite3_column_int64(query, 1);
        row = decode(store, lag, query, 2, fault) == 0 ? 1 : -1;
    }
    store_done(store, query);
    if (row == 1 &&
        (hop_add(store, level + 1, start_of(start_us, level + 1), hop, lag, fault) != 0 ||
         store_run(store, fault, "DELETE FROM lag WHERE level = ? AND start_us = ? AND hop = ?",
                   "iii", level, start_us, hop) < 0))
        return -1;
    return row;
}

static int
roll_beside(struct store *store, int64_t level, int64_t due_us, struct daybreak_fault *fault)
{
    if (store_run(store, fault,
                  "INSERT INTO lag_beside (level, start_us, name, n)"
                  " SELECT level + 1, start_us - start_us % ?, name, n FROM lag_beside"
                  " WHERE level = ? AND start_us < ?"
                  " ON CONFLICT (level, start_us, name) DO UPDATE SET n = n + excluded.n",
                  "iii", levels[level + 1].span_us, level, due_us) < 0 ||
        store_run(store, fault, "DELETE FROM lag_beside WHERE level = ? AND start_us < ?", "ii",
                  level, due_us) < 0)
        return -1;
    return 0;
}

static int
roll(struct store *store, int64_t now_us, struct daybreak_fault *fault)
{
    struct lag *lag = memory_zero(sizeof(*lag));
    int rows = 0, one = 0;

    for (int64_t level = 0; level + 1 < LEVELS && one >= 0; level++) {
        int64_t due_us = start_of(now_us - levels[level].keep_us, level + 1);

        while (rows < ROLL_MOST && (one = roll_one(store, level, due_us, lag, fault)) == 1)
            rows++;
        if (one >= 0 && roll_beside(store, level, due_us, fault) != 0)
            one = -1;
    }
    free(lag);
    return one < 0 ? -1 : 0;
}

int
parts_lag_merge(struct ledger *ledger, int64_t at_us, const struct lag_set *set,
                struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    int64_t start_us = start_of(at_us, 0);

    for (int hop = 0; hop < LAG_HOPS; hop++)
        if (!lag_empty(&set->hop[hop]) &&
            hop_add(store, 0, start_us, hop, &set->hop[hop], fault) != 0)
            return -1;
    for (int i = 0; i < LAG_BASES; i++)
        if (beside_add(store, start_us, lag_basis_name[i], set->basis[i], fault) != 0)
            return -1;
    for (int i = 0; i < LAG_KINDS; i++)
        if (beside_add(store, start_us, lag_kind_name[i], set->kind[i], fault) != 0)
            return -1;
    if (at_us - ledger->rolled_at_us < levels[1].span_us)
        return 0;
    ledger->rolled_at_us = at_us;
    return roll(store, at_us, fault);
}

/* ---- summing ------------------------------------------------------------------------------ */

static int
sum_hops(struct store *store, int64_t since_us, int64_t until_us, struct lag_set *set,
         struct daybreak_fault *fault)
{
    sqlite3_stmt *query =
        store_query(store, fault,
                    "SELECT hop, histogram FROM lag WHERE level IN (0, 1, 2)"
                    " AND start_us >= ? AND start_us < ?",
                    "ii", since_us, until_us);
    struct lag *lag;
    int row;

    if (query == NULL)
        return -1;
    lag = memory_need(sizeof(*lag));
    while ((row = store_step(store, query, fault)) == 1) {
        int64_t hop = sqlite3_column_int64(query, 0);

        memset(lag, 0, sizeof(*lag));
        if (decode(store, lag, query, 1, fault) != 0) {
            row = -1;
            break;
        }
        if (hop >= 0 && hop < LAG_HOPS)
            lag_merge(&set->hop[hop], lag);
    }
    free(lag);
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

static void
sum_name(struct lag_set *set, const char *name, int64_t n)
{
    for (int i = 0; i < LAG_BASES; i++)
        if (strcmp(name, lag_basis_name[i]) == 0)
            set->basis[i] += n;
    for (int i = 0; i < LAG_KINDS; i++)
        if (strcmp(name, lag_kind_name[i]) == 0)
            set->kind[i] += n;
}

static int
sum_beside(struct store *store, int64_t since_us, int64_t until_us, struct lag_set *set,
           struct daybreak_fault *fault)
{
    sqlite3_stmt *query =
        store_query(store, fault,
                    "SELECT name, sum(n) FROM lag_beside WHERE level IN (0, 1, 2)"
                    " AND start_us >= ? AND start_us < ? GROUP BY name",
                    "ii", since_us, until_us);
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1)
        sum_name(set, store_text(query, 0), sqlite3_column_int64(query, 1));
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

/* One transaction: a landing is in both tables or in neither. */
int
ledger_lag_sum(struct ledger *ledger, int64_t since_us, int64_t until_us, struct lag_set *set,
               struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    struct daybreak_fault ignored;
    bool mine = !store_inside(store);
    int result;

    if (mine && store_run(store, fault, "BEGIN", "") < 0)
        return -1;
    result = sum_hops(store, since_us, until_us, set, fault);
    if (result == 0)
        result = sum_beside(store, since_us, until_us, set, fault);
    if (mine)
        store_run(store, &ignored, "ROLLBACK", "");
    return result;
}
