/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection of a lookup to a SQLite database: read-only, one SELECT, no transaction open for long. Nothing is ever written there,
 * and the database's own writers wait for nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "lookup_database.h"

#define BUSY_MS 1000            /* how long a lock is waited for; then the route waits with its own patience */
#define READ_MS 2000            /* a read transaction ends after so long */
#define STEPS_PER_LOOK 10000    /* of the virtual machine, between two looks whether to stop */

void
lookup_database_init(struct lookup_database *database, const char *path, const char *shown, volatile int *stop)
{
    *database = (struct lookup_database){.path = path, .shown = shown, .stop = stop};
}

void
lookup_database_close(struct lookup_database *database)
{
    sqlite3_finalize(database->begin);
    sqlite3_finalize(database->end);
    sqlite3_finalize(database->version);
    sqlite3_close(database->db);
    database->begin = database->end = database->version = NULL;
    database->db = NULL;
    database->reading = false;
}

bool
lookup_database_may_pass(int code)
{
    code &= 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_PROTOCOL || code == SQLITE_INTERRUPT || code == SQLITE_IOERR ||
           code == SQLITE_NOMEM;
}

int
lookup_database_failed(struct lookup_database *database, const char *doing, struct daybreak_fault *fault)
{
    int code = database->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(database->db);
    const char *why = database->db == NULL ? "no connection" : sqlite3_errmsg(database->db);

    if ((code & 0xff) == SQLITE_INTERRUPT)
        return fault_set(fault, DAYBREAK_RETRY, "stopped while asking '%s'", database->shown);
    if (lookup_database_may_pass(code)) {
        fault_set(fault, DAYBREAK_RETRY, "cannot %s '%s': %s", doing, database->shown, why);
        return fault_exit(fault, 69, "lookup-locked");
    }
    fault_set(fault, DAYBREAK_HALT, "cannot %s '%s': %s", doing, database->shown, why);
    return fault_exit(fault, 78, "lookup-database");
}

static int
not_there(const struct lookup_database *database, int error, struct daybreak_fault *fault)
{
    fault_set(fault, database->was_open ? DAYBREAK_RETRY : DAYBREAK_HALT, "cannot open the database '%s': %s", database->shown,
              strerror(error));
    fault_hint(fault, "the path is relative to the pipeline file: %s", database->path);
    return fault_exit(fault, 69, "lookup-missing");
}

/* A query reads, and nothing else: no other file, no setting, no write, whatever the text says. */
static int
allow(void *context, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
    const struct lookup_database *database = context;

    (void)a;
    (void)schema;
    (void)trigger;
    if (database->own)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return b != NULL && strcasecmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

static int
stopping(void *context)
{
    const struct lookup_database *database = context;

    return database->stop != NULL && *database->stop != 0;
}

static int
own_prepare(struct lookup_database *database, const char *sql, sqlite3_stmt **statement, struct daybreak_fault *fault)
{
    int code;

    database->own = true;
    code = sqlite3_prepare_v3(database->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    database->own = false;
    return code == SQLITE_OK ? 0 : lookup_database_failed(database, "open the database", fault);
}

static int
own_run(struct lookup_database *database, sqlite3_stmt *statement, int64_t *value, struct daybreak_fault *fault)
{
    int code;

    database->own = true;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW && value != NULL)
        *value = sqlite3_column_int64(statement, 0);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        lookup_database_failed(database, "read the database", fault);
    sqlite3_reset(statement);
    database->own = false;
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

int
lookup_database_open(struct lookup_database *database, struct daybreak_fault *fault)
{
    struct stat there;

    if (stat(database->path, &there) != 0)
        return not_there(database, errno, fault);
    if (sqlite3_open_v2(database->path, &database->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) !=
        SQLITE_OK)
        return lookup_database_failed(database, "open the database", fault);
    database->device = there.st_dev;
    database->inode = there.st_ino;
    sqlite3_extended_result_codes(database->db, 1);
    sqlite3_busy_timeout(database->db, BUSY_MS);
    sqlite3_db_config(database->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(database->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(database->db, STEPS_PER_LOOK, stopping, database);
    if (own_prepare(database, "BEGIN", &database->begin, fault) != 0 || own_prepare(database, "COMMIT", &database->end, fault) != 0 ||
        own_prepare(database, "PRAGMA data_version", &database->version, fault) != 0)
        return -1;
    sqlite3_set_authorizer(database->db, allow, database);
    database->was_open = true;
    return 0;
}

int
lookup_database_look(struct lookup_database *database, bool *replaced, int64_t *version, struct daybreak_fault *fault)
{
    struct stat there;

    if (stat(database->path, &there) != 0)
        return not_there(database, errno, fault);
    *replaced = database->db == NULL || there.st_dev != database->device || there.st_ino != database->inode;
    return *replaced ? 0 : own_run(database, database->version, version, fault);
}

int
lookup_database_read(struct lookup_database *database, int64_t *version, struct daybreak_fault *fault)
{
    if (database->reading && clock_steady_ms() - database->since_ms < READ_MS)
        return 0;
    lookup_database_pause(database);
    if (own_run(database, database->begin, NULL, fault) != 0)
        return -1;
    database->reading = true;
    database->since_ms = clock_steady_ms();
    return own_run(database, database->version, version, fault);
}

void
lookup_database_pause(struct lookup_database *database)
{
    struct daybreak_fault ignored = {0};

    if (database->reading)
        own_run(database, database->end, NULL, &ignored); /* it only read: there is nothing to lose */
    database->reading = false;
}
