/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: each life of a pipeline, when it began and how it ended. */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "parts.h"

/* Sortable by time, then by number, as long as there are fewer than 10^4 runs of one second. */
static int
run_insert(struct store *store, const char *mode, const char *version, char run[40],
           struct daybreak_fault *fault)
{
    int64_t now_us = clock_now_us();
    time_t now = (time_t)(now_us / 1000000);
    char stamp[24];
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL || strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc) == 0)
        return fault_set(fault, DAYBREAK_HALT, "cannot name a run: the clock says %" PRId64 " µs",
                         now_us);
    if (store_run(store, fault,
                  "INSERT INTO run (run, mode, version, started_at_us, state)"
                  " VALUES ('', ?, ?, ?, 'running')",
                  "tti", mode, version, now_us) < 0)
        return -1;
    snprintf(run, 40, "%s-%04" PRId64, stamp, (int64_t)sqlite3_last_insert_rowid(store->db));
    return store_run(store, fault, "UPDATE run SET run = ? WHERE run = ''", "t", run) < 0 ? -1 : 0;
}

int
ledger_run_begin(struct ledger *ledger, const char *mode, const char *version, char run[40],
                 struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    char name[40];
    bool mine;
    int result;

    if (store_begin(store, &mine, fault) != 0)
        return -1;
    /* only the holder of the lock writes here, so whoever has not ended is gone */
    result = store_run(store, fault, "UPDATE run SET state = 'killed' WHERE state = 'running'", "");
    if (result >= 0)
        result = run_insert(store, mode, version, name, fault);
    CRASH_POINT("ledger.before-run");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.run");
    memcpy(run, name, sizeof(name));
    memcpy(ledger->run, name, sizeof(name));
    return 0;
}

int
ledger_run_end(struct ledger *ledger, const char *run, int status, const char *result,
               struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);
    int64_t changed;

    CRASH_POINT("ledger.before-run-end");
    changed = store_run(&ledger->store, fault,
                        "UPDATE run SET state = 'ended', status = ?, result = ?, ended_at_us = ?"
                        " WHERE run = ? AND state = 'running'",
                        "itit", (int64_t)status, result, clock_now_us(), run);
    if (changed < 0)
        return -1;
    CRASH_POINT("ledger.run-end");
    ledger->run[0] = '\0';
    if (changed == 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot end run '%s': it is not going on", run);
        return fault_exit(fault, 70, "no_such_run");
    }
    return 0;
}

int
ledger_runs(struct ledger *ledger, int64_t limit,
            bool (*each)(void *context, const struct ledger_run *run), void *context,
            struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(
        store, fault,
        "SELECT run, mode, version, started_at_us, ended_at_us, state, ifnull(status, -1), result"
        " FROM run ORDER BY id DESC LIMIT ?",
        "i", limit);
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1) {
        struct ledger_run run = {
            .run = store_text(query, 0),
            .mode = store_text(query, 1),
            .version = store_text(query, 2),
            .started_at_us = sqlite3_column_int64(query, 3),
            .ended_at_us = store_time(query, 4),
            .state = store_text(query, 5),
            .status = sqlite3_column_int(query, 6),
            .result = store_text(query, 7),
        };
        if (!each(context, &run))
            break;
    }
    store_done(store, query);
    return row < 0 ? -1 : 0;
}
