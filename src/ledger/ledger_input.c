/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road, before the source: which contents were taken, and what became of each. */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "parts.h"

/* What may become of an input; "" is one not seen yet. The only copy in code. */
static const struct input_rule {
    const char *from, *to;
} rules[] = {
    {"reading", "reading"}, /* killed while it was read */
    {"reading", "done"},
    {"reading", "repeated"},
    {"reading", "held"},
    {"reading", "skipped"},
    {"reading", "cut"},
    {"reading", "superseded"},
    {"held", "approved"},
    {"held", "rejected"},
    {"held", "superseded"},
    {"approved", "reading"},
    {"approved", "done"},
    {"approved", "repeated"},
    {"approved", "held"}, /* it was to be read again, and something else was found */
    {"approved", "skipped"},
    {"approved", "cut"},
    {"approved", "superseded"},
    {"cut", "superseded"},
    {"", "reading"},
    {"", "done"},
    {"", "repeated"},
    {"", "held"},
    {"", "skipped"},
    {"", "cut"},
};

static int
input_move(const char *from, const char *to, int64_t id, struct daybreak_fault *fault)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (strcmp(rules[i].from, from) == 0 && strcmp(rules[i].to, to) == 0)
            return 0;
    if (from[0] == '\0')
        fault_set(fault, DAYBREAK_ASIDE, "an input cannot begin as %s", to);
    else
        fault_set(fault, DAYBREAK_ASIDE, "I%" PRId64 " is %s and cannot become %s", id, from, to);
    return fault_exit(fault, 1, "decided_before");
}

/* ---- taking ------------------------------------------------------------------------------- */

/* The latest of that name and fingerprint: 1 with its id and state, 0 none. */
static int
input_latest(struct store *store, const char *name, const char *fingerprint, int64_t *id,
             char state[16], struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT id, state FROM input WHERE name = ?"
                                      " AND fingerprint = ? ORDER BY id DESC LIMIT 1",
                                      "tt", name, fingerprint);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1) {
        *id = sqlite3_column_int64(query, 0);
        snprintf(state, 16, "%s", store_text(query, 1));
    }
    store_done(store, query);
    return row;
}

static bool
to_be_read(const char *state)
{
    return strcmp(state, "reading") == 0 || strcmp(state, "approved") == 0;
}

int
ledger_input_taken(struct ledger *ledger, const char *name, const char *fingerprint,
                   char state[16], struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);
    char found[16] = "";
    int64_t id;

    if (input_latest(&ledger->store, name, fingerprint, &id, found, fault) < 0)
        return -1;
    memcpy(state, found, sizeof(found));
    return found[0] != '\0' && !to_be_read(found) ? 1 : 0;
}

static int
input_insert(struct ledger *ledger, const struct ledger_input *input, const char *state,
             int64_t *id, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    const char *run = input->run != NULL ? input->run : ledger->run;

    if (store_run(store, fault,
                  "INSERT INTO input (name, fingerprint, digest, bytes, sort_order, time_us,"
                  " visible_at_us, taken_at_us, ended_at_us, state, guard, reason, evidence, rows,"
                  " first_batch, last_batch, run, applied) VALUES (?, ?, ifnull(?, ''), ?,"
                  " ifnull(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                  " iif(?10 = 'done', (SELECT ifnull(max(applied), 0) + 1 FROM input), NULL))",
                  "tttituuuuttttiiit", input->name, input->fingerprint, input->digest,
                  input->bytes, input->order, input->time_us, input->visible_at_us,
                  input->taken_at_us > 0 ? input->taken_at_us : clock_now_us(),
                  strcmp(state, "reading") != 0 ? clock_now_us() : DAYBREAK_NO_TIME, state,
                  input->guard, input->reason, input->evidence, input->rows, input->first_batch,
                  input->last_batch, run) < 0)
        return -1;
    *id = sqlite3_last_insert_rowid(store->db);
    return 0;
}

static int
input_again(struct ledger *ledger, int64_t id, const char *was, const struct ledger_input *input,
            const char *state, struct daybreak_fault *fault)
{
    const char *run = input->run != NULL ? input->run : ledger->run;

    if (input_move(was, state, id, fault) != 0)
        return -1;
    return store_run(&ledger->store, fault,
                     "UPDATE input SET state = iif(state = 'approved' AND ?1 = 'reading', state, ?1),"
                     " digest = ifnull(nullif(?2, ''), digest),"
                     " sort_order = ifnull(nullif(?3, ''), sort_order), run = ?4,"
                     " taken_at_us = ?5, first_batch = iif(first_batch = 0, ?6, first_batch),"
                     " version = version + 1,"
                     " ended_at_us = iif(?1 = 'reading', ended_at_us, ?5), applied ="
                     "  iif(?1 = 'done', (SELECT ifnull(max(applied), 0) + 1 FROM input), applied)"
                     " WHERE id = ?7",
                     "ttttiii", state, input->digest, input->order, run, clock_now_us(),
                     input->first_batch, id) < 0
               ? -1
               : 0;
}

int
ledger_input_add(struct ledger *ledger, const struct ledger_input *input, int64_t *id,
                 struct daybreak_fault *fault)
{
    const char *state = input->state != NULL ? input->state : "reading";
    struct store *store = &ledger->store;
    int64_t added = 0;
    char was[16];
    bool mine;
    int found, result;

    if (store_begin(store, &mine, fault) != 0)
        return -1;
    found = input_latest(store, input->name, input->fingerprint, &added, was, fault);
    if (found < 0)
        result = -1;
    else if (found == 1 && to_be_read(was))
        result = input_again(ledger, added, was, input, state, fault);
    else
        result = input_move("", state, 0, fault) != 0
                     ? -1
                     : input_insert(ledger, input, state, &added, fault);
    CRASH_POINT("ledger.before-input");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.input");
    *id = added;
    return 0;
}

int
ledger_input_digest(struct ledger *ledger, int64_t id, const char *digest, const char *order,
                    struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    return store_run(&ledger->store, fault,
                     "UPDATE input SET digest = ifnull(?, digest),"
                     " sort_order = ifnull(?, sort_order) WHERE id = ?",
                     "tti", digest, order, id) < 0
               ? -1
               : 0;
}

/* ---- moving ------------------------------------------------------------------------------- */

static int
input_standing(struct store *store, int64_t id, char state[16], int64_t *version,
               struct daybreak_fault *fault)
{
    sqlite3_stmt *query =
        store_query(store, fault, "SELECT state, version FROM input WHERE id = ?", "i", id);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1) {
        snprintf(state, 16, "%s", store_text(query, 0));
        *version = sqlite3_column_int64(query, 1);
    }
    store_done(store, query);
    if (row == 0) {
        fault_set(fault, DAYBREAK_ASIDE, "there is no input I%" PRId64, id);
        return fault_exit(fault, 1, "no_such_input");
    }
    return row < 0 ? -1 : 0;
}

/* What is put beside a new state; NULL and -1 leave what is there. */
struct input_end {
    const char *guard, *reason, *evidence;
    int64_t rows, last_batch;
};

/* The one function that moves an input: rule and compare-and-set. */
static int
input_set(struct store *store, int64_t id, const char *state, const struct input_end *end,
          struct daybreak_fault *fault)
{
    int64_t version, changed;
    char was[16];

    if (input_standing(store, id, was, &version, fault) != 0 ||
        input_move(was, state, id, fault) != 0)
        return -1;
    changed = store_run(store, fault,
                        "UPDATE input SET state = ?1, guard = ifnull(?2, guard),"
                        " reason = ifnull(?3, reason), evidence = ifnull(?4, evidence),"
                        " rows = iif(?5 < 0, rows, ?5), last_batch = iif(?6 < 0, last_batch, ?6),"
                        " ended_at_us = ?7, version = version + 1, applied ="
                        "  iif(?1 = 'done', (SELECT ifnull(max(applied), 0) + 1 FROM input), NULL)"
                        " WHERE id = ?8 AND version = ?9",
                        "ttttiiiii", state, end->guard, end->reason, end->evidence, end->rows,
                        end->last_batch, clock_now_us(), id, version);
    if (changed == 0) {
        fault_set(fault, DAYBREAK_ASIDE, "I%" PRId64 " was decided by someone else meanwhile", id);
        fault_exit(fault, 1, "decided_before");
    }
    return changed == 1 ? 0 : -1;
}

int
ledger_input_end(struct ledger *ledger, int64_t id, const char *state, const char *guard,
                 const char *reason, const char *evidence, int64_t rows, int64_t last_batch,
                 struct daybreak_fault *fault)
{
    const struct input_end end = {guard, reason, evidence, rows, last_batch};
    bool mine;
    int result;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    result = input_set(&ledger->store, id, state, &end, fault);
    CRASH_POINT("ledger.before-input-end");
    if (store_end(&ledger->store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.input-end");
    return 0;
}

static int
input_decide(struct ledger *ledger, int64_t id, const char *state, const char *actor,
             const char *reason, struct daybreak_fault *fault)
{
    static const struct input_end nothing = {.rows = -1, .last_batch = -1};
    const char *verb = strcmp(state, "approved") == 0 ? "approve" : "reject";
    char was[16], subject[24];
    int64_t version;

    if (input_standing(&ledger->store, id, was, &version, fault) != 0)
        return -1;
    snprintf(subject, sizeof(subject), "I%" PRId64, id);
    if (strcmp(was, "held") != 0) {
        fault_set(fault, DAYBREAK_ASIDE, "cannot %s input %s: it is %s", verb, subject, was);
        return fault_exit(fault, 1, "decided_before");
    }
    if (input_set(&ledger->store, id, state, &nothing, fault) != 0)
        return -1;
    return ledger_evidence(ledger, verb, subject, actor, reason, NULL, fault);
}

int
ledger_input_decide(struct ledger *ledger, int64_t id, const char *state, const char *actor,
                    const char *reason, struct daybreak_fault *fault)
{
    bool mine;
    int result;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    result = input_decide(ledger, id, state, actor, reason, fault);
    CRASH_POINT("ledger.before-decide");
    if (store_end(&ledger->store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.decided");
    return 0;
}

int
ledger_input_supersede(struct ledger *ledger, int64_t by, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    /* these → superseded stand in the table above; what was taken later is newer than this one */
    return store_run(&ledger->store, fault,
                     "UPDATE input SET state = 'superseded', version = version + 1,"
                     " ended_at_us = ?1, reason = ifnull(reason, '') || ' (superseded by I' || ?2 || ')'"
                     " WHERE state IN ('held', 'approved', 'cut') AND id < ?2 AND ifnull(time_us <= (SELECT b.time_us"
                     "  FROM input b WHERE b.id = ?2), 1)",
                     "ii", clock_now_us(), by) < 0
               ? -1
               : 0;
}

/* ---- looking ------------------------------------------------------------------------------ */

#define INPUT_COLUMNS                                                                              \
    "id, name, fingerprint, digest, bytes, sort_order, time_us, visible_at_us, taken_at_us,"       \
    " ended_at_us, state, guard, reason, evidence, rows, first_batch, last_batch, run"

static void
input_read(sqlite3_stmt *query, struct ledger_input *input)
{
    *input = (struct ledger_input){
        .id = sqlite3_column_int64(query, 0),
        .name = store_text(query, 1),
        .fingerprint = store_text(query, 2),
        .digest = store_text(query, 3),
        .bytes = sqlite3_column_int64(query, 4),
        .order = store_text(query, 5),
        .time_us = store_time(query, 6),
        .visible_at_us = store_time(query, 7),
        .taken_at_us = store_time(query, 8),
        .ended_at_us = store_time(query, 9),
        .state = store_text(query, 10),
        .guard = store_text(query, 11),
        .reason = store_text(query, 12),
        .evidence = store_text(query, 13),
        .rows = sqlite3_column_int64(query, 14),
        .first_batch = sqlite3_column_int64(query, 15),
        .last_batch = sqlite3_column_int64(query, 16),
        .run = store_text(query, 17),
    };
}

int
ledger_inputs(struct ledger *ledger, const char *state, ledger_input_fn each, void *context,
              struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        state != NULL
            ? store_query(store, fault,
                          "SELECT " INPUT_COLUMNS " FROM input WHERE state = ? ORDER BY id", "t",
                          state)
            : store_query(store, fault, "SELECT " INPUT_COLUMNS " FROM input ORDER BY id", "");
    struct ledger_input input;
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1) {
        input_read(query, &input);
        if (!each(context, &input))
            break;
    }
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

int
ledger_input_by_digest(struct ledger *ledger, const char *digest, int64_t *id, char order[512],
                       struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT id, sort_order FROM input WHERE digest = ?"
                                      " AND digest <> '' AND state = 'done'"
                                      " ORDER BY applied DESC LIMIT 1",
                                      "t", digest);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1) {
        *id = sqlite3_column_int64(query, 0);
        snprintf(order, 512, "%s", store_text(query, 1));
    }
    store_done(store, query);
    return row;
}

int
ledger_input_same_size(struct ledger *ledger, int64_t bytes, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(
        store, fault, "SELECT 1 FROM input WHERE bytes = ? AND state = 'done' LIMIT 1", "i", bytes);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    store_done(store, query);
    return row;
}

int
ledger_input_unchanged(struct ledger *ledger, const char *name, const char *digest, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT digest = ? AND digest <> '' FROM input WHERE name = ?"
                                      " AND state IN ('done', 'repeated') ORDER BY id DESC LIMIT 1",
                                      "tt", digest, name);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1)
        row = sqlite3_column_int(query, 0);
    store_done(store, query);
    return row;
}

/* ---- one kept beyond the call: its texts in one piece, which begins with the name ---------- */

static const char *
piece(char **to, const char *text)
{
    char *at = *to;

    if (text == NULL)
        return NULL;
    *to += strlen(text) + 1;
    memcpy(at, text, (size_t)(*to - at));
    return at;
}

static void
input_keep(const struct ledger_input *from, struct ledger_input *to)
{
    const char *const text[] = {from->name,  from->fingerprint, from->digest,
                                from->order, from->state,       from->guard,
                                from->reason, from->evidence,   from->run};
    size_t size = 0;
    char *at;

    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        size += text[i] != NULL ? strlen(text[i]) + 1 : 0;
    at = memory_need(size);
    *to = *from;
    to->name = piece(&at, from->name);
    to->fingerprint = piece(&at, from->fingerprint);
    to->digest = piece(&at, from->digest);
    to->order = piece(&at, from->order);
    to->state = piece(&at, from->state);
    to->guard = piece(&at, from->guard);
    to->reason = piece(&at, from->reason);
    to->evidence = piece(&at, from->evidence);
    to->run = piece(&at, from->run);
}

int
ledger_input_last(struct ledger *ledger, struct ledger_input *input, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query = store_query(store, fault,
                                      "SELECT " INPUT_COLUMNS " FROM input WHERE applied IS NOT NULL"
                                      " ORDER BY applied DESC LIMIT 1",
                                      "");
    struct ledger_input found;
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1) {
        input_read(query, &found);
        input_keep(&found, input);
    }
    store_done(store, query);
    return row;
}

void
ledger_input_fini(struct ledger_input *input)
{
    free((void *)(uintptr_t)input->name);
    memset(input, 0, sizeof(*input));
}
