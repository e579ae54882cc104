/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: what must survive a crash. Owns the file, its tables, the identity and the notes. */
#include "ledger.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/text.h"
#include "parts.h"

#define LEDGER_APPLICATION 0x44594252 /* "DYBR" */

#define X(name) ", \"" #name "\" INTEGER NOT NULL DEFAULT 0"
/*
 * The columns of batch are those of _daybreak_batch, plus what says that a row is a decision and
 * what a story has besides. One step a version; a step that was released is never changed.
 */
static const char *const steps[] = {
    "CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL,"
    " secret BLOB NOT NULL, name TEXT NOT NULL, created_at_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE run (id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE,"
    " mode TEXT NOT NULL, version TEXT, started_at_us INTEGER NOT NULL, ended_at_us INTEGER,"
    " state TEXT NOT NULL, status INTEGER, result TEXT) STRICT;"
    "CREATE TABLE checkpoint (handoff TEXT PRIMARY KEY, epoch INTEGER NOT NULL DEFAULT 0,"
    " position TEXT NOT NULL DEFAULT '', released INTEGER NOT NULL DEFAULT 0,"
    " batch INTEGER NOT NULL DEFAULT 0, committed_at_us INTEGER NOT NULL DEFAULT 0,"
    " state_mark TEXT, intended_mark TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE batch (id INTEGER PRIMARY KEY, kind TEXT NOT NULL"
    " CHECK (kind IN ('landed', 'decision')), batch INTEGER, pipeline_id TEXT, pipeline TEXT,"
    " handoff TEXT, run TEXT, pipeline_version TEXT, connector TEXT, source TEXT, input TEXT,"
    " part TEXT, \"first\" TEXT, \"last\" TEXT, changes INTEGER NOT NULL DEFAULT 0"
    DAYBREAK_COUNTS(X) ", visible_at INTEGER, read_at INTEGER, ready_at INTEGER,"
    " loaded_at INTEGER, time_basis TEXT, table_name TEXT, trace TEXT) STRICT;"
    "CREATE UNIQUE INDEX batch_landed ON batch (handoff, batch) WHERE kind = 'landed';"
    "CREATE INDEX batch_run ON batch (run);"
    "CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1)" DAYBREAK_COUNTS(X) ") STRICT;"
    "INSERT INTO totals (one) VALUES (1);"
    "CREATE TABLE input (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " fingerprint TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " sort_order TEXT NOT NULL, time_us INTEGER, visible_at_us INTEGER, taken_at_us INTEGER,"
    " ended_at_us INTEGER, state TEXT NOT NULL, guard TEXT, reason TEXT, evidence TEXT,"
    " rows INTEGER NOT NULL DEFAULT 0, first_batch INTEGER NOT NULL DEFAULT 0,"
    " last_batch INTEGER NOT NULL DEFAULT 0, run TEXT, version INTEGER NOT NULL DEFAULT 0,"
    " applied INTEGER UNIQUE) STRICT;"
    "CREATE INDEX input_name ON input (name, fingerprint);"
    "CREATE INDEX input_digest ON input (digest);"
    "CREATE INDEX input_bytes ON input (bytes);"
    "CREATE INDEX input_state ON input (state);"
    "CREATE TABLE dead (id INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL,"
    " pipeline TEXT, handoff TEXT, table_name TEXT NOT NULL, stage TEXT NOT NULL, rule TEXT,"
    " reason TEXT NOT NULL, detail TEXT, key TEXT, key_bytes BLOB, input TEXT, member TEXT,"
    " line INTEGER NOT NULL, byte INTEGER NOT NULL, field TEXT, value BLOB, record BLOB,"
    " record_is_json INTEGER NOT NULL, op TEXT NOT NULL, event_id TEXT, at_us INTEGER NOT NULL,"
    " loops INTEGER NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 0,"
    " next_verb TEXT, next_batch INTEGER, ended_at_us INTEGER, ended_batch INTEGER) STRICT;"
    "CREATE INDEX dead_key ON dead (table_name, key_bytes)"
    " WHERE state IN ('provisional', 'dead') AND key_bytes IS NOT NULL;"
    "CREATE INDEX dead_provisional ON dead (batch) WHERE state = 'provisional';"
    "CREATE INDEX dead_next ON dead (next_batch) WHERE next_batch IS NOT NULL;"
    "CREATE INDEX dead_state ON dead (state, at_us);"
    "CREATE TABLE evidence (id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, verb TEXT NOT NULL,"
    " subject TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT, facts TEXT, chain BLOB NOT NULL)"
    " STRICT;"
    "CREATE INDEX evidence_subject ON evidence (subject);"
    "CREATE TABLE lag (start_us INTEGER NOT NULL, level INTEGER NOT NULL, hop INTEGER NOT NULL,"
    " histogram BLOB NOT NULL, PRIMARY KEY (level, start_us, hop)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE lag_beside (start_us INTEGER NOT NULL, level INTEGER NOT NULL,"
    " name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (level, start_us, name))"
    " STRICT, WITHOUT ROWID;",

    /* until here all records went to the one handoff there was */
    "CREATE TABLE route (number INTEGER PRIMARY KEY CHECK (number > 0), handoffs TEXT NOT NULL,"
    " filter TEXT NOT NULL, UNIQUE (handoffs, filter)) STRICT;"
    "INSERT INTO route (number, handoffs, filter)"
    " SELECT 1, json_array(handoff), '' FROM checkpoint ORDER BY handoff LIMIT 1;",
};
#undef X

/* ---- opening and closing ------------------------------------------------------------------ */

/* "open" stays behind when the process was killed or the machine lost power. */
static int
mark_open(struct ledger *ledger, struct daybreak_fault *fault)
{
    char *open = NULL;
    int result = ledger_note_get(ledger, "ledger.open", &open, fault);

    if (result == 0 && strcmp(open, "yes") == 0)
        result = ledger_check(ledger, fault);
    else if (result == 0)
        result = parts_set(ledger, "ledger.open", "yes", fault);
    free(open);
    return result;
}

int
ledger_open(const char *path, bool write, struct ledger **opened, struct daybreak_fault *fault)
{
    struct ledger *ledger = memory_zero(sizeof(*ledger));

    if (store_open(&ledger->store, path, write, fault) != 0)
        goto free_ledger;
    if (store_upgrade(&ledger->store, LEDGER_APPLICATION, steps, sizeof(steps) / sizeof(steps[0]),
                      fault) != 0)
        goto close_store;
    if (write && mark_open(ledger, fault) != 0)
        goto close_store;
    *opened = ledger;
    return 0;

close_store:
    store_close(&ledger->store);
free_ledger:
    free(ledger);
    return -1;
}

static const char *
copied(const char *table)
{
    static const struct {
        const char *table, *rows;
    } part[] = {
        {"run", NULL}, {"lag", NULL}, {"lag_beside", NULL}, {"evidence", NULL},
        {"dead", "WHERE state IN ('provisional', 'dead')"},
        {"batch", "WHERE batch > ifnull((SELECT last_batch FROM was.input WHERE applied IS NOT NULL ORDER BY applied DESC LIMIT 1), 0)"},
    };

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
        if (strcmp(part[i].table, table) == 0)
            return part[i].rows;
    return "";
}

int
ledger_copy(const char *path, struct ledger **opened, struct daybreak_fault *fault)
{
    struct ledger *ledger = memory_zero(sizeof(*ledger));

    if (store_copy(&ledger->store, path, LEDGER_APPLICATION, steps, sizeof(steps) / sizeof(steps[0]), copied, fault) != 0) {
        free(ledger);
        return -1;
    }
    *opened = ledger;
    return 0;
}

void
ledger_close(struct ledger *ledger)
{
    struct daybreak_fault ignored; /* what is left open is checked at the next opening */

    if (ledger == NULL)
        return;
    if (ledger->provisional)
        ledger_provisional_drop(ledger);
    if (ledger->store.write && !ledger->store.failed)
        parts_set(ledger, "ledger.open", "no", &ignored);
    store_close(&ledger->store);
    free(ledger);
}

int
ledger_check(struct ledger *ledger, struct daybreak_fault *fault)
{
    return store_check(&ledger->store, fault);
}

/* ---- identity ----------------------------------------------------------------------------- */

static int
identity_read(struct store *store, struct ledger_identity *identity, struct daybreak_fault *fault)
{
    sqlite3_stmt *query =
        store_query(store, fault, "SELECT id, secret, name, created_at_us FROM identity", "");
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1 && (sqlite3_column_bytes(query, 0) != 32 ||
                     sqlite3_column_bytes(query, 1) != (int)sizeof(identity->secret) ||
                     sqlite3_column_bytes(query, 2) >= (int)sizeof(identity->name))) {
        fault_set(fault, DAYBREAK_HALT, "cannot use ledger '%s': its identity is damaged",
                  store->path);
        row = fault_exit(fault, 78, "ledger_damaged");
    }
    if (row == 1) {
        memset(identity, 0, sizeof(*identity));
        memcpy(identity->id, store_text(query, 0), 32);
        memcpy(identity->secret, sqlite3_column_blob(query, 1), sizeof(identity->secret));
        memcpy(identity->name, store_text(query, 2), (size_t)sqlite3_column_bytes(query, 2));
        identity->created_at_us = sqlite3_column_int64(query, 3);
    }
    store_done(store, query);
    return row;
}

static int
name_check(const char *name, struct daybreak_fault *fault)
{
    if (strlen(name) < sizeof(((struct ledger_identity *)NULL)->name))
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot keep a pipeline's name of %zu bytes: 255 are the most",
              strlen(name));
    return fault_exit(fault, 78, "name_too_long");
}

static int
identity_draw(struct store *store, const char *name, struct daybreak_fault *fault)
{
    uint8_t drawn[32];
    char id[33] = "";

    if (name_check(name, fault) != 0)
        return -1;
    for (size_t have = 0; have < sizeof(drawn);) {
        ssize_t got = getrandom(drawn + have, sizeof(drawn) - have, 0);

        if (got < 0 && errno != EINTR) {
            fault_set(fault, DAYBREAK_HALT, "cannot draw an identity: %s", strerror(errno));
            return fault_exit(fault, 70, "no_random");
        }
        have += got > 0 ? (size_t)got : 0;
    }
    text_hex(drawn, 16, id);
    return store_run(store, fault,
                     "INSERT INTO identity (one, id, secret, name, created_at_us)"
                     " VALUES (1, ?, ?, ?, ?)",
                     "tbti", id, drawn + 16, (uint32_t)16, name, clock_now_us()) < 0
               ? -1
               : 0;
}

int
ledger_identity(struct ledger *ledger, const char *name, struct ledger_identity *identity,
                struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    int found = identity_read(store, identity, fault);
    bool mine;
    int result;

    if (found != 0)
        return found < 0 ? -1 : 0;
    if (!store->write) {
        fault_set(fault, DAYBREAK_RETRY, "pipeline '%s' has not run yet", name);
        return fault_exit(fault, 66, "never_run");
    }
    if (store_begin(store, &mine, fault) != 0)
        return -1;
    result = identity_draw(store, name, fault);
    CRASH_POINT("ledger.before-identity");
    if (store_end(store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.identity");
    return identity_read(store, identity, fault) == 1 ? 0 : -1;
}

int
ledger_rename(struct ledger *ledger, const char *name, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    if (name_check(name, fault) != 0)
        return -1;
    return store_run(&ledger->store, fault, "UPDATE identity SET name = ?", "t", name) < 0 ? -1 : 0;
}

/* ---- notes -------------------------------------------------------------------------------- */

int
parts_set(struct ledger *ledger, const char *name, const char *value, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    return store_run(&ledger->store, fault,
                     "INSERT INTO note (name, value) VALUES (?, ?)"
                     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                     "tt", name, value) < 0
               ? -1
               : 0;
}

int
ledger_note_set(struct ledger *ledger, const char *name, const char *value,
                struct daybreak_fault *fault)
{
    assert(strncmp(name, "ledger.", 7) != 0); /* those are the ledger's own */
    return parts_set(ledger, name, value, fault);
}

int
ledger_note_get(struct ledger *ledger, const char *name, char **value, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        store_query(store, fault, "SELECT value FROM note WHERE name = ?", "t", name);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row >= 0)
        *value = memory_text(row == 1 ? store_text(query, 0) : "");
    store_done(store, query);
    return row < 0 ? -1 : 0;
}
