/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road, behind the sink: batches that landed, decisions, and the law they must obey. */
#include "ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "parts.h"

/* ---- counts ------------------------------------------------------------------------------- */

void
ledger_add(struct daybreak_counts *sum, const struct daybreak_counts *counts)
{
#define X(name) sum->name += counts->name;
    DAYBREAK_COUNTS(X)
#undef X
}

static int64_t
closed(const struct daybreak_counts *n)
{
    return n->rejected + n->expired + n->dropped + n->superseded + n->withdrawn + n->healed;
}

bool
ledger_balanced(const struct daybreak_counts *n, char why[256])
{
    int64_t in = n->captured + n->absent + n->invalid + n->copied;
    int64_t out = n->filtered + n->delivered + n->held + n->waiting + n->dead + closed(n);
    int64_t rows = n->unchanged + n->repeated + n->captured + n->invalid;

    why[0] = '\0';
    if (n->read != rows)
        snprintf(why, 256,
                 "read %" PRId64 " is not %" PRId64 " = unchanged %" PRId64 " + repeated %" PRId64
                 " + captured %" PRId64 " + invalid %" PRId64,
                 n->read, rows, n->unchanged, n->repeated, n->captured, n->invalid);
    else if (in != out)
        snprintf(why, 256,
                 "captured %" PRId64 " + absent %" PRId64 " + invalid %" PRId64 " + copied %" PRId64
                 " is not filtered %" PRId64 " + delivered %" PRId64 " + held %" PRId64
                 " + waiting %" PRId64 " + dead %" PRId64 " + closed %" PRId64,
                 n->captured, n->absent, n->invalid, n->copied, n->filtered, n->delivered, n->held,
                 n->waiting, n->dead, closed(n));
    return why[0] == '\0';
}

static void
counts_bind(sqlite3_stmt *statement, int at, const struct daybreak_counts *counts)
{
#define X(name) sqlite3_bind_int64(statement, at++, counts->name);
    DAYBREAK_COUNTS(X)
#undef X
}

static int
counts_read(sqlite3_stmt *statement, int at, struct daybreak_counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    counts->size = sizeof(*counts);
#define X(name) counts->name = sqlite3_column_int64(statement, at++);
    DAYBREAK_COUNTS(X)
#undef X
    return at;
}

/* The one row of ${sql} has something else in its first column. */
static int
counts_ask(struct store *store, const char *sql, const char *types, const char *value,
           struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault, sql, types, value);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1)
        counts_read(query, 1, counts);
    store_done(store, query);
    if (row == 0) { /* it is made with the table: it cannot be missing from a whole file */
        fault_set(fault, DAYBREAK_HALT, "cannot use ledger '%s': its totals are gone", store->path);
        return fault_exit(fault, 78, "ledger_damaged");
    }
    return row < 0 ? -1 : 0;
}

#define COUNT_NAME(name) ", \"" #name "\""
#define COUNT_MARK(name) ", ?"
#define COUNT_SET(name) ", \"" #name "\" = ?"
#define COUNT_SUM(name) ", ifnull(sum(\"" #name "\"), 0)"

static const char totals_sql[] = "SELECT one" DAYBREAK_COUNTS(COUNT_NAME) " FROM totals";
static const char totals_write_sql[] = "UPDATE totals SET one = 1" DAYBREAK_COUNTS(COUNT_SET);
static const char recount_sql[] = "SELECT count(*)" DAYBREAK_COUNTS(COUNT_SUM) " FROM batch";
static const char recount_run_sql[] = "SELECT count(*)" DAYBREAK_COUNTS(COUNT_SUM)
                                      " FROM batch WHERE run = ?";

int
ledger_totals(struct ledger *ledger, struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    return counts_ask(&ledger->store, totals_sql, "", NULL, counts, fault);
}

int
ledger_run_totals(struct ledger *ledger, const char *run, struct daybreak_counts *counts,
                  struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    return counts_ask(&ledger->store, recount_run_sql, "t", run, counts, fault);
}

/* The law is asked before the totals are written, so that nothing unbalanced is ever committed. */
static int
totals_move(struct store *store, const struct daybreak_counts *more, struct daybreak_fault *fault)
{
    struct daybreak_counts totals;
    sqlite3_stmt *query;
    char why[256];
    int row;

    if (counts_ask(store, totals_sql, "", NULL, &totals, fault) != 0)
        return -1;
    ledger_add(&totals, more);
    if (!ledger_balanced(&totals, why)) {
        fault_set(fault, DAYBREAK_HALT, "the ledger does not balance: %s", why);
        fault_hint(fault, "nothing of this was written; please report it with the output of "
                          "daybreak ledger verify");
        return fault_exit(fault, 70, "unbalanced");
    }
    query = store_query(store, fault, totals_write_sql, "");
    if (query == NULL)
        return -1;
    counts_bind(query, 1, &totals);
    row = store_step(store, query, fault);
    store_done(store, query);
    return row;
}

/* ---- recounting --------------------------------------------------------------------------- */

static int
recount_differs(struct daybreak_fault *fault, const char *what, int64_t counted, int64_t kept)
{
    fault_set(fault, DAYBREAK_HALT,
              "the ledger does not balance: %s is %" PRId64 " when counted anew, %" PRId64 " as kept",
              what, counted, kept);
    return fault_exit(fault, 70, "unbalanced");
}

/* What the counts say of dead letters must lie there one by one; nothing else is stored that way. */
static int
recount_dead(struct store *store, const struct daybreak_counts *n, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(
        store, fault,
        "SELECT sum(state = 'dead'), sum(state = 'dropped'), sum(state = 'healed'),"
        " sum(state = 'superseded'), sum(state = 'withdrawn'),"
        " (SELECT count(*) FROM dead d WHERE d.state = 'provisional' AND EXISTS"
        "  (SELECT 1 FROM batch b WHERE b.kind = 'landed' AND b.batch = d.batch"
        "   AND (d.handoff IS NULL OR d.handoff = b.handoff))) FROM dead",
        "");
    int64_t have[6] = {0};
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    for (int i = 0; row == 1 && i < 6; i++)
        have[i] = sqlite3_column_int64(query, i);
    store_done(store, query);
    if (row < 0)
        return -1;
    if (have[0] != n->dead)
        return recount_differs(fault, "dead", have[0], n->dead);
    if (have[1] != n->dropped)
        return recount_differs(fault, "dropped", have[1], n->dropped);
    if (have[2] != n->healed)
        return recount_differs(fault, "healed", have[2], n->healed);
    if (have[3] > n->superseded) /* held records are superseded too */
        return recount_differs(fault, "superseded", have[3], n->superseded);
    if (have[4] > n->withdrawn) /* the delete counts itself as well */
        return recount_differs(fault, "withdrawn", have[4], n->withdrawn);
    if (have[5] != 0)
        return recount_differs(fault, "provisional in landed batches", have[5], 0);
    return 0;
}

static int
recount(struct store *store, struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    struct daybreak_counts kept;
    char why[256];

    if (counts_ask(store, recount_sql, "", NULL, counts, fault) != 0 ||
        counts_ask(store, totals_sql, "", NULL, &kept, fault) != 0)
        return -1;
#define X(name)                                                                                    \
    if (counts->name != kept.name)                                                                 \
        return recount_differs(fault, #name, counts->name, kept.name);
    DAYBREAK_COUNTS(X)
#undef X
    if (!ledger_balanced(counts, why)) {
        fault_set(fault, DAYBREAK_HALT, "the ledger does not balance: %s", why);
        return fault_exit(fault, 70, "unbalanced");
    }
    return recount_dead(store, counts, fault);
}

/* One transaction, so that a reader does not see a batch land between two of the questions. */
int
ledger_recount(struct ledger *ledger, struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    struct daybreak_fault ignored;
    struct daybreak_counts anew;
    bool mine = !store_inside(store);
    int result;

    if (mine && store_run(store, fault, "BEGIN", "") < 0)
        return -1;
    result = recount(store, &anew, fault);
    if (mine)
        store_run(store, &ignored, "ROLLBACK", "");
    if (result == 0)
        *counts = anew;
    return result;
}

/* ---- provisional -------------------------------------------------------------------------- */

int
ledger_provisional_begin(struct ledger *ledger, struct daybreak_fault *fault)
{
    bool mine;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    assert(mine); /* one at a time; other threads wait */
    ledger->provisional = true;
    return 0;
}

int
ledger_provisional_commit(struct ledger *ledger, struct daybreak_fault *fault)
{
    assert(ledger->provisional);
    ledger->provisional = false;
    CRASH_POINT("ledger.before-provisional");
    if (store_end(&ledger->store, true, 0, fault) != 0)
        return -1;
    CRASH_POINT("ledger.provisional");
    return 0;
}

void
ledger_provisional_drop(struct ledger *ledger)
{
    struct daybreak_fault ignored;

    if (!ledger->provisional)
        return;
    ledger->provisional = false;
    store_end(&ledger->store, true, -1, &ignored);
}

/* ---- counting ----------------------------------------------------------------------------- */

#define BATCH_COLUMNS                                                                              \
    "kind, batch, pipeline_id, pipeline, handoff, run, pipeline_version, connector, source, input," \
    " part, \"first\", \"last\", time_basis, table_name, trace, changes, visible_at, read_at,"     \
    " ready_at, loaded_at" DAYBREAK_COUNTS(COUNT_NAME)
enum { BATCH_BEFORE_COUNTS = 21 };
static const char batch_insert_sql[] =
    "INSERT INTO batch (" BATCH_COLUMNS ")"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?" /* clang-format off */
    DAYBREAK_COUNTS(COUNT_MARK) ") ON CONFLICT (handoff, batch) WHERE kind = 'landed' DO NOTHING";
/* clang-format on */
static const char batch_list_sql[] = "SELECT " BATCH_COLUMNS
                                     " FROM batch WHERE kind = 'landed' AND batch > ? ORDER BY batch";

/* 1 written, 0 it was there. */
static int
batch_insert(struct store *store, const char *kind, const char *handoff,
             const struct daybreak_batch_row *row, struct daybreak_fault *fault)
{
    const struct daybreak_story *story = row->story;
    int64_t number = strcmp(kind, "landed") == 0 ? story->batch : DAYBREAK_NO_TIME;
    sqlite3_stmt *query = store_query(
        store, fault, batch_insert_sql, "tuttttttttttttttiuuuu", kind, number,
        story->pipeline_id, story->pipeline, handoff, story->run, story->pipeline_version,
        story->connector, story->source, story->input, story->part, row->first, row->last,
        story->time_basis, story->table, story->trace, row->changes, story->visible_at,
        story->read_at, story->ready_at, story->loaded_at);
    int step;

    if (query == NULL)
        return -1;
    counts_bind(query, BATCH_BEFORE_COUNTS + 1, &row->counts);
    step = store_step(store, query, fault);
    store_done(store, query);
    return step < 0 ? -1 : sqlite3_changes(store->db);
}

static int
count_rows(struct ledger *ledger, const char *handoff, const struct daybreak_batch_row *rows,
           uint32_t count, uint32_t *written, struct daybreak_fault *fault)
{
    struct daybreak_counts more = {.size = sizeof(more)};

    *written = 0;
    for (uint32_t i = 0; i < count; i++) {
        int one = batch_insert(&ledger->store, "landed", handoff, &rows[i], fault);

        if (one < 0 || (one == 1 && parts_dead_land(ledger, handoff, rows[i].story->batch, fault) != 0))
            return -1;
        if (one == 1)
            ledger_add(&more, &rows[i].counts);
        *written += (uint32_t)one;
    }
    return *written == 0 ? 0 : totals_move(&ledger->store, &more, fault);
}

int
ledger_count(struct ledger *ledger, const char *handoff,
             const struct ledger_checkpoint *checkpoint, const struct daybreak_batch_row *rows,
             uint32_t count, const struct lag_set *lags, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    int64_t at_us = checkpoint != NULL && checkpoint->committed_at_us > 0
                        ? checkpoint->committed_at_us
                        : clock_now_us();
    uint32_t written;
    bool mine;
    int result;

    CRASH_POINT("ledger.before-count");
    if (store_begin(store, &mine, fault) != 0)
        return -1;
    result = count_rows(ledger, handoff, rows, count, &written, fault);
    if (result == 0 && checkpoint != NULL)
        result = ledger_checkpoint_put(ledger, handoff, checkpoint, fault);
    if (result == 0 && lags != NULL && written > 0)
        result = parts_lag_merge(ledger, at_us, lags, fault);
    CRASH_POINT("ledger.counting");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.counted");
    return 0;
}

int
parts_decide(struct ledger *ledger, const char *verb, const char *subject, const char *handoff,
             const struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    struct daybreak_story story = {
        .size = sizeof(story),
        .run = ledger->run[0] != '\0' ? ledger->run : NULL,
        .source = verb,
        .input = subject,
        .visible_at = DAYBREAK_NO_TIME,
        .read_at = DAYBREAK_NO_TIME,
        .ready_at = DAYBREAK_NO_TIME,
        .loaded_at = clock_now_us(),
    };
    struct daybreak_batch_row row = {.size = sizeof(row), .story = &story, .counts = *counts};

    if (batch_insert(&ledger->store, "decision", handoff, &row, fault) < 0)
        return -1;
    return totals_move(&ledger->store, counts, fault);
}

int
ledger_batches(struct ledger *ledger, int64_t after, daybreak_audit_fn each, void *context,
               struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault, batch_list_sql, "i", after);
    int step;

    if (query == NULL)
        return -1;
    while ((step = store_step(store, query, fault)) == 1) {
        struct daybreak_story story = {
            .size = sizeof(story),
            .batch = sqlite3_column_int64(query, 1),
            .pipeline_id = store_text(query, 2),
            .pipeline = store_text(query, 3),
            .handoff = store_text(query, 4),
            .run = store_text(query, 5),
            .pipeline_version = store_text(query, 6),
            .connector = store_text(query, 7),
            .source = store_text(query, 8),
            .input = store_text(query, 9),
            .part = store_text(query, 10),
            .time_basis = store_text(query, 13),
            .table = store_text(query, 14),
            .trace = store_text(query, 15),
            .visible_at = store_time(query, 17),
            .read_at = store_time(query, 18),
            .ready_at = store_time(query, 19),
            .loaded_at = store_time(query, 20),
        };
        struct daybreak_batch_row row = {
            .size = sizeof(row),
            .story = &story,
            .first = store_text(query, 11),
            .last = store_text(query, 12),
            .changes = sqlite3_column_int64(query, 16),
        };

        counts_read(query, BATCH_BEFORE_COUNTS, &row.counts);
        if (!each(context, &row))
            break;
    }
    store_done(store, query);
    return step < 0 ? -1 : 0;
}
