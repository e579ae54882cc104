/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: the sets of handoffs that records went to, each with the number by which the memory of a diff knows it. */
#include "ledger.h"

#include <inttypes.h>

#include "base/crash.h"
#include "base/fault.h"
#include "parts.h"

int
ledger_routes(struct ledger *ledger, ledger_route_fn each, void *context, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault, "SELECT number, handoffs, filter FROM route ORDER BY number", "");
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1)
        if (!each(context, &(struct ledger_route){.number = (uint8_t)sqlite3_column_int(query, 0),
                                                  .handoffs = store_text(query, 1),
                                                  .filter = store_text(query, 2)}))
            break;
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

/* 1 and its number, 0 when it was never seen, -1 fault. */
static int
route_find(struct store *store, const char *handoffs, const char *filter, uint8_t *number, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault, "SELECT number FROM route WHERE handoffs = ? AND filter = ?", "tt", handoffs,
                                      filter);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1)
        *number = (uint8_t)sqlite3_column_int(query, 0);
    store_done(store, query);
    return row;
}

/* The next number: none is given twice, since some key may still have it. */
static int
route_new(struct store *store, const char *handoffs, const char *filter, uint8_t *number, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault, "SELECT ifnull(max(number), 0) + 1 FROM route", "");
    int64_t next = 0;
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1)
        next = sqlite3_column_int64(query, 0);
    store_done(store, query);
    if (row < 0)
        return -1;
    if (next >= LEDGER_ROUTES) {
        fault_set(fault, DAYBREAK_HALT,
                  "records of this pipeline went %d different ways (sets of handoffs, filters), and no more can be told apart",
                  LEDGER_ROUTES);
        fault_hint(fault, "`run --resync` in a state of its own (--state) begins anew with the ways there are now");
        return fault_exit(fault, 78, "routes_full");
    }
    if (store_run(store, fault, "INSERT INTO route (number, handoffs, filter) VALUES (?, ?, ?)", "itt", next, handoffs,
                  filter) < 0)
        return -1;
    *number = (uint8_t)next;
    return 0;
}

int
ledger_route_number(struct ledger *ledger, const char *handoffs, const char *filter, uint8_t *number,
                    struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    bool mine;
    int result;

    if (store_begin(store, &mine, fault) != 0)
        return -1;
    result = route_find(store, handoffs, filter, number, fault);
    if (result == 0)
        result = route_new(store, handoffs, filter, number, fault);
    else if (result == 1)
        result = 0;
    CRASH_POINT("ledger.before-route");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.route");
    return 0;
}
