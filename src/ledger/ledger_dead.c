/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: records that were set aside, each with its reason, until something ends them. */
#include "ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "parts.h"
#include "stored.h"

/* ---- set aside, and closed, with a batch -------------------------------------------------- */

int
ledger_dead_add(struct ledger *ledger, const struct ledger_dead *dead, int64_t *id,
                struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    const char op[2] = {dead->op, '\0'};

    assert(ledger->provisional);
    if (store_run(store, fault,
                  "INSERT INTO dead (batch, pipeline, handoff, table_name, stage, rule, reason,"
                  " detail, key, key_bytes, input, member, line, byte, field, value, record,"
                  " record_is_json, op, event_id, at_us, loops, state)"
                  " VALUES (?, ?, ?, ifnull(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                  " ?, ?, ?)",
                  "ittttttttbttiitbbittiit", dead->batch, dead->pipeline, dead->handoff, dead->table,
                  dead->stage, dead->rule, dead->reason, dead->detail, dead->key,
                  dead->key_size > 0 ? dead->key_bytes : NULL, dead->key_size, dead->input,
                  dead->member, dead->line, dead->byte, dead->field, dead->value, dead->value_size,
                  dead->record, dead->record_size, (int64_t)dead->record_is_json, op,
                  dead->event_id, dead->at_us, dead->loops, stored_state_name[STORED_PENDING]) < 0)
        return -1;
    if (id != NULL)
        *id = sqlite3_last_insert_rowid(store->db);
    return 0;
}

/* Those of this key that are open and not closing yet; ${op} true: only invalid rows, or only others. */
static int64_t
close_some(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size,
           bool invalid, enum stored_verb verb, int64_t batch, struct daybreak_fault *fault)
{
    return store_run(&ledger->store, fault,
                     "UPDATE dead SET next_verb = ?, next_batch = ?"
                     " WHERE table_name = ifnull(?, '') AND key_bytes = ?"
                     " AND state IN ('provisional', 'dead') AND next_verb IS NULL"
                     " AND (op = '') = ?",
                     "titbi", stored_verb_name[verb], batch, table, key_bytes, key_size,
                     (int64_t)invalid);
}

static int
close_all(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size,
          enum stored_verb invalid_verb, enum stored_verb other_verb, bool others, int64_t batch,
          int64_t *invalid, int64_t *other, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    assert(ledger->provisional);
    if (key_size == 0)
        return 0;
    *invalid = close_some(ledger, table, key_bytes, key_size, true, invalid_verb, batch, fault);
    if (*invalid < 0 || !others)
        return *invalid < 0 ? -1 : 0;
    *other = close_some(ledger, table, key_bytes, key_size, false, other_verb, batch, fault);
    return *other < 0 ? -1 : 0;
}

int
ledger_dead_close_key(struct ledger *ledger, const char *table, const char *key_bytes,
                      uint32_t key_size, enum ledger_key said, int64_t batch,
                      struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    int64_t invalid = 0, other = 0;

    if (close_all(ledger, table, key_bytes, key_size,
                  said == LEDGER_KEY_GONE ? STORED_SUPERSEDE : STORED_HEAL, STORED_SUPERSEDE,
                  said != LEDGER_KEY_SAME, batch, &invalid, &other, fault) != 0)
        return -1;
    counts->dead -= invalid + other;
    if (said != LEDGER_KEY_GONE)
        counts->healed += invalid;
    else
        counts->superseded += invalid;
    counts->superseded += other;
    return 0;
}

int
ledger_dead_open(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT 1 FROM dead WHERE table_name = ifnull(?, '')"
                                      " AND key_bytes = ? AND state = 'dead' AND next_verb IS NULL LIMIT 1",
                                      "tb", table, key_bytes, key_size);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    store_done(store, query);
    return row;
}

int
ledger_dead_undelivered(struct ledger *ledger, const char *table, const char *key_bytes,
                        uint32_t key_size, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT 1 FROM dead WHERE table_name = ifnull(?, '')"
                                      " AND key_bytes = ? AND state IN ('provisional', 'dead')"
                                      " AND next_verb IS NULL AND stage IN ('transform', 'sink')"
                                      " AND op IN ('c', 'r') LIMIT 1",
                                      "tb", table, key_bytes, key_size);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    store_done(store, query);
    return row;
}

int
ledger_dead_withdraw_key(struct ledger *ledger, const char *table, const char *key_bytes,
                         uint32_t key_size, int64_t batch, struct daybreak_counts *counts,
                         struct daybreak_fault *fault)
{
    int64_t invalid = 0, other = 0;

    if (close_all(ledger, table, key_bytes, key_size, STORED_WITHDRAW, STORED_WITHDRAW, true,
                  batch, &invalid, &other, fault) != 0)
        return -1;
    counts->dead -= invalid + other;
    counts->withdrawn += invalid + other;
    return 0;
}

/* ---- landing ------------------------------------------------------------------------------ */

/* What the table says, for all that leave with this batch by the same verb. */
static int
land_closing(struct ledger *ledger, enum stored_verb verb, int64_t batch,
             struct daybreak_fault *fault)
{
    enum stored_state state = STORED_DEAD;

    if ((verb == STORED_DELIVER || verb == STORED_FILTER) && stored_move(&state, STORED_RETRY, fault) != 0)
        return -1;
    if (stored_move(&state, verb, fault) != 0)
        return -1;
    return store_run(&ledger->store, fault,
                     "UPDATE dead SET state = ?, version = version + 1, ended_at_us = ?,"
                     " ended_batch = next_batch, next_verb = NULL, next_batch = NULL"
                     " WHERE next_batch = ? AND next_verb = ? AND state = 'dead'",
                     "tiit", stored_state_name[state], clock_now_us(), batch, stored_verb_name[verb]) < 0
               ? -1
               : 0;
}

int
parts_dead_land(struct ledger *ledger, const char *handoff, int64_t batch,
                struct daybreak_fault *fault)
{
    static const enum stored_verb closings[] = {STORED_HEAL, STORED_SUPERSEDE, STORED_WITHDRAW,
                                               STORED_DELIVER, STORED_FILTER};
    enum stored_state state = STORED_PENDING;

    if (stored_move(&state, STORED_REFUSE, fault) != 0 ||
        store_run(&ledger->store, fault,
                  "UPDATE dead SET state = ?, version = version + 1"
                  " WHERE batch = ? AND state = 'provisional'"
                  " AND (handoff = ? OR handoff IS NULL)",
                  "tit", stored_state_name[state], batch, handoff) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(closings) / sizeof(closings[0]); i++)
        if (land_closing(ledger, closings[i], batch, fault) != 0)
            return -1;
    return 0;
}

int
ledger_unlanded(struct ledger *ledger, const char *handoff, int64_t landed,
                struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    bool mine;
    int result = 0;

    if (store_begin(store, &mine, fault) != 0)
        return -1;
    if (store_run(store, fault,
                  "DELETE FROM dead WHERE state = 'provisional' AND batch > ?"
                  " AND (handoff = ? OR handoff IS NULL)",
                  "it", landed, handoff) < 0 ||
        store_run(store, fault,
                  "UPDATE dead SET next_verb = NULL, next_batch = NULL WHERE next_batch > ?", "i",
                  landed) < 0)
        result = -1;
    CRASH_POINT("ledger.before-unlanded");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.unlanded");
    return 0;
}

/* ---- looking ------------------------------------------------------------------------------ */

int
ledger_dead_keys(struct ledger *ledger, const char *table,
                 bool (*each)(void *context, const char *key, uint32_t size), void *context,
                 struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        store_query(store, fault,
                    "SELECT DISTINCT key_bytes FROM dead WHERE table_name = ifnull(?, '')"
                    " AND state IN ('provisional', 'dead') AND key_bytes IS NOT NULL"
                    " AND next_verb IS NULL",
                    "t", table);
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1)
        if (!each(context, sqlite3_column_blob(query, 0),
                  (uint32_t)sqlite3_column_bytes(query, 0)))
            break;
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

#define DEAD_COLUMNS                                                                               \
    "id, batch, pipeline, handoff, table_name, stage, rule, reason, detail, key, key_bytes, input," \
    " member, line, byte, field, value, record, record_is_json, op, event_id, at_us, loops, state"

/* Rows of DEAD_COLUMNS; the number given to ${each}, or -1. */
static int64_t
dead_each(struct store *store, sqlite3_stmt *query, ledger_dead_fn each, void *context,
          struct daybreak_fault *fault)
{
    int64_t given = 0;
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1) {
        struct ledger_dead dead = {
            .id = sqlite3_column_int64(query, 0),
            .batch = sqlite3_column_int64(query, 1),
            .pipeline = store_text(query, 2),
            .handoff = store_text(query, 3),
            .table = store_text(query, 4),
            .stage = store_text(query, 5),
            .rule = store_text(query, 6),
            .reason = store_text(query, 7),
            .detail = store_text(query, 8),
            .key = store_text(query, 9),
            .key_bytes = sqlite3_column_blob(query, 10),
            .key_size = (uint32_t)sqlite3_column_bytes(query, 10),
            .input = store_text(query, 11),
            .member = store_text(query, 12),
            .line = sqlite3_column_int64(query, 13),
            .byte = sqlite3_column_int64(query, 14),
            .field = store_text(query, 15),
            .value = sqlite3_column_blob(query, 16),
            .value_size = (uint32_t)sqlite3_column_bytes(query, 16),
            .record = sqlite3_column_blob(query, 17),
            .record_size = (uint32_t)sqlite3_column_bytes(query, 17),
            .record_is_json = sqlite3_column_int(query, 18) != 0,
            .op = store_text(query, 19)[0],
            .event_id = store_text(query, 20),
            .at_us = sqlite3_column_int64(query, 21),
            .loops = sqlite3_column_int64(query, 22),
            .state = store_text(query, 23),
        };

        /* an empty blob comes back as NULL: an empty value is a value */
        if (dead.value == NULL && sqlite3_column_type(query, 16) != SQLITE_NULL)
            dead.value = "";
        if (dead.record == NULL && sqlite3_column_type(query, 17) != SQLITE_NULL)
            dead.record = "";
        given++;
        if (!each(context, &dead))
            break;
    }
    store_done(store, query);
    return row < 0 ? -1 : given;
}

int
ledger_dead_list(struct ledger *ledger, bool open_only, ledger_dead_fn each, void *context,
                 struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        open_only ? store_query(store, fault,
                                "SELECT " DEAD_COLUMNS
                                " FROM dead WHERE state = 'dead' ORDER BY id",
                                "")
                  : store_query(store, fault,
                                "SELECT " DEAD_COLUMNS
                                " FROM dead WHERE state <> 'provisional' ORDER BY id",
                                "");

    return dead_each(store, query, each, context, fault) < 0 ? -1 : 0;
}

int
ledger_dead_find(struct ledger *ledger, int64_t id, ledger_dead_fn each, void *context,
                 struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT " DEAD_COLUMNS
                                      " FROM dead WHERE id = ? AND state <> 'provisional'",
                                      "i", id);

    return (int)dead_each(store, query, each, context, fault);
}

int
ledger_dead_count(struct ledger *ledger, int64_t *open, int64_t *oldest_at_us,
                  struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(
        store, fault, "SELECT count(*), min(at_us) FROM dead WHERE state = 'dead'", "");
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1) {
        *open = sqlite3_column_int64(query, 0);
        *oldest_at_us = store_time(query, 1);
    }
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

/* ---- deciding ----------------------------------------------------------------------------- */

struct standing {
    enum stored_state state;
    int64_t version;
    char subject[24];  /* D7 */
    char handoff[256]; /* "" when it had none */
};

/* Where a dead letter stands that a person may decide on. */
static int
dead_standing(struct store *store, int64_t id, struct standing *standing,
              struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(
        store, fault, "SELECT state, version, next_verb, handoff FROM dead WHERE id = ?", "i", id);
    bool closing = false;
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1 && !stored_state_of(store_text(query, 0), &standing->state))
        row = fault_set(fault, DAYBREAK_HALT, "dead letter D%" PRId64 " has the state '%s'", id,
                        store_text(query, 0));
    if (row == 1) {
        standing->version = sqlite3_column_int64(query, 1);
        closing = store_text(query, 2) != NULL;
        snprintf(standing->handoff, sizeof(standing->handoff), "%s",
                 store_text(query, 3) != NULL ? store_text(query, 3) : "");
        snprintf(standing->subject, sizeof(standing->subject), "D%" PRId64, id);
    }
    store_done(store, query);
    if (row < 0)
        return -1;
    /* one whose batch has not landed may never have been: nobody is told of it */
    if (row == 0 || standing->state == STORED_PENDING) {
        fault_set(fault, DAYBREAK_ASIDE, "there is no dead letter D%" PRId64, id);
        return fault_exit(fault, 1, "no_such_dead");
    }
    if (closing) {
        fault_set(fault, DAYBREAK_RETRY, "D%" PRId64 " is part of a batch that is not counted yet",
                  id);
        fault_hint(fault, "run the pipeline once; then decide");
        return fault_exit(fault, 75, "dead_in_flight");
    }
    return 0;
}

/* The compare-and-set: only the version that was looked at moves. */
static int
dead_swap(struct store *store, int64_t id, const struct standing *from, enum stored_state to,
          struct daybreak_fault *fault)
{
    int64_t changed =
        store_run(store, fault,
                  "UPDATE dead SET state = ?, version = version + 1, ended_at_us = ?"
                  " WHERE id = ? AND version = ?",
                  "tiii", stored_state_name[to], clock_now_us(), id, from->version);

    if (changed == 1)
        return 0;
    if (changed == 0) {
        fault_set(fault, DAYBREAK_ASIDE, "%s was decided by someone else meanwhile", from->subject);
        fault_exit(fault, 1, "decided_before");
    }
    return -1;
}

static int
dead_drop(struct ledger *ledger, int64_t id, const char *actor, const char *reason,
          struct daybreak_fault *fault)
{
    struct daybreak_counts counts = {.size = sizeof(counts), .dead = -1, .dropped = 1};
    struct store *store = &ledger->store;
    struct standing standing;
    enum stored_state state;

    if (dead_standing(store, id, &standing, fault) != 0)
        return -1;
    state = standing.state;
    if (stored_move(&state, STORED_DROP, fault) != 0)
        return fault_within(fault, "%s", standing.subject);
    if (dead_swap(store, id, &standing, state, fault) != 0 ||
        parts_decide(ledger, "drop", standing.subject,
                     standing.handoff[0] != '\0' ? standing.handoff : NULL, &counts, fault) != 0)
        return -1;
    return ledger_evidence(ledger, "drop", standing.subject, actor, reason, NULL, fault);
}

int
ledger_dead_drop(struct ledger *ledger, int64_t id, const char *actor, const char *reason,
                 struct daybreak_fault *fault)
{
    bool mine;
    int result;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    result = dead_drop(ledger, id, actor, reason, fault);
    CRASH_POINT("ledger.before-drop");
    if (store_end(&ledger->store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.dropped");
    return 0;
}

int
ledger_dead_retry(struct ledger *ledger, int64_t id, const char *actor, const char *reason, bool filtered,
                  int64_t batch, struct daybreak_counts *counts, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    struct standing standing;
    enum stored_state state;

    assert(ledger->provisional);
    if (dead_standing(store, id, &standing, fault) != 0)
        return -1;
    state = standing.state;
    if (stored_move(&state, STORED_RETRY, fault) != 0)
        return fault_within(fault, "%s", standing.subject);
    if (store_run(store, fault,
                  "UPDATE dead SET next_verb = ?, next_batch = ? WHERE id = ? AND version = ?",
                  "tiii", stored_verb_name[filtered ? STORED_FILTER : STORED_DELIVER], batch, id, standing.version) < 0 ||
        ledger_evidence(ledger, "retry", standing.subject, actor, reason, NULL, fault) != 0)
        return -1;
    counts->dead--;
    counts->delivered++;
    return 0;
}

static int
dead_again(struct ledger *ledger, int64_t id, const char *actor, const struct ledger_dead *why,
           struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    struct standing standing;
    enum stored_state state;

    if (dead_standing(store, id, &standing, fault) != 0)
        return -1;
    state = standing.state;
    if (stored_move(&state, STORED_RETRY, fault) != 0 || stored_move(&state, STORED_REFUSE, fault) != 0)
        return fault_within(fault, "%s", standing.subject);
    if (store_run(store, fault,
                  "UPDATE dead SET state = ?, version = version + 1, loops = loops + 1, handoff = ?, stage = ?, rule = ?,"
                  " reason = ?, detail = ?, field = ?, value = ? WHERE id = ? AND version = ?",
                  "tttttttbii", stored_state_name[state], why->handoff, why->stage, why->rule, why->reason, why->detail, why->field,
                  why->value, why->value_size, id, standing.version) < 0)
        return -1;
    return ledger_evidence(ledger, "retry failed", standing.subject, actor,
                           why->detail != NULL && why->detail[0] != '\0' ? why->detail : why->reason, NULL, fault);
}

int
ledger_dead_again(struct ledger *ledger, int64_t id, const char *actor, const struct ledger_dead *why,
                  struct daybreak_fault *fault)
{
    bool mine;
    int result;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    result = dead_again(ledger, id, actor, why, fault);
    CRASH_POINT("ledger.before-again");
    if (store_end(&ledger->store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.again");
    return 0;
}
