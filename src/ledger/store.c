/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road, under the ledger: the one place that calls SQLite to open, prepare and commit. */
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"

static int
fault_of(struct store *store, struct daybreak_fault *fault, int code, const char *what)
{
    const char *cause = store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        fault_set(fault, DAYBREAK_RETRY, "cannot %s ledger '%s': %s", what, store->path, cause);
        fault_hint(fault, "is another program using this file?");
        return fault_exit(fault, 75, "ledger_busy");
    case SQLITE_FULL:
        fault_set(fault, DAYBREAK_RETRY, "cannot %s ledger '%s': %s", what, store->path, cause);
        fault_hint(fault, "free some space on its file system");
        return fault_exit(fault, 74, "ledger_full");
    case SQLITE_IOERR: /* a failed fsync is among these: never tried again in this process */
        store->failed = true;
        fault_set(fault, DAYBREAK_HALT, "cannot %s ledger '%s': %s", what, store->path, cause);
        return fault_exit(fault, 74, "ledger_io");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        fault_set(fault, DAYBREAK_HALT, "cannot %s ledger '%s': it is damaged: %s", what,
                  store->path, cause);
        fault_hint(fault, "put back the folder '%s' stands in from a backup", store->path);
        return fault_exit(fault, 78, "ledger_damaged");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        fault_set(fault, DAYBREAK_HALT, "cannot %s ledger '%s': %s", what, store->path, cause);
        return fault_exit(fault, store->write ? 73 : 77, "ledger_denied");
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_ERROR:
        fault_set(fault, DAYBREAK_HALT, "cannot %s ledger '%s': %s", what, store->path, cause);
        return fault_exit(fault, 70, "ledger_bug");
    default:
        fault_set(fault, DAYBREAK_HALT, "cannot %s ledger '%s': %s", what, store->path, cause);
        return fault_exit(fault, 78, "ledger");
    }
}

int
store_fault(struct store *store, struct daybreak_fault *fault, const char *what)
{
    int code = store->db != NULL ? sqlite3_extended_errcode(store->db) : SQLITE_NOMEM;

    return fault_of(store, fault, code, what);
}

/* ---- opening ------------------------------------------------------------------------------ */

/* The file exists before SQLite sees it, so that it is never readable by others; O_EXCL, because
 * closing a descriptor of a file that is in use would drop the locks SQLite holds on it. */
static int
create(const char *path, struct daybreak_fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    char *copy;
    int result;

    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0 || close(fd) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot create ledger '%s': %s", path, strerror(errno));
        return fault_exit(fault, 73, "ledger_create");
    }
    copy = memory_text(path);
    result = file_sync_dir(dirname(copy), fault);
    free(copy);
    return result;
}

static const char *const writer_settings = /* journal_mode first: the others then mean WAL's */
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA journal_size_limit = 67108864;";

static const char *const reader_settings = "PRAGMA query_only = ON;"
                                           "PRAGMA cell_size_check = ON;"
                                           "PRAGMA mmap_size = 0;";

#define CHECKPOINT_PAGES 1000

/* SQLite's own checkpoints forget that a sync failed; the next one would succeed, and the WAL that still has all would go. */
static int
on_wal(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct store *store = context;
    int code = SQLITE_OK;

    if (pages >= CHECKPOINT_PAGES && !store->failed)
        code = sqlite3_wal_checkpoint_v2(db, schema, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if ((code & 0xff) == SQLITE_IOERR)
        store->failed = true;
    return SQLITE_OK; /* the commit itself is durable */
}

static int
configure(struct store *store, struct daybreak_fault *fault)
{
    char *mode = NULL;
    sqlite3_stmt *statement;

    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_busy_timeout(store->db, 5000);
    if (sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, store->write ? writer_settings : reader_settings, NULL, NULL,
                     NULL) != SQLITE_OK)
        return store_fault(store, fault, "open");
    if (!store->write)
        return 0;
    sqlite3_wal_hook(store->db, on_wal, store);

    /* SQLite answers with the mode it has, not with an error, where WAL is not possible */
    if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode", -1, &statement, NULL) != SQLITE_OK)
        return store_fault(store, fault, "open");
    if (sqlite3_step(statement) == SQLITE_ROW)
        mode = memory_text((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    if (mode == NULL || strcmp(mode, "wal") != 0) {
        fault_set(fault, DAYBREAK_HALT,
                  "cannot open ledger '%s': its file system does not bear a write-ahead log",
                  store->path);
        free(mode);
        fault_hint(fault, "keep the state on a local disk with --state");
        return fault_exit(fault, 78, "ledger_no_wal");
    }
    free(mode);
    return 0;
}

static void
begin(struct store *store, const char *path, bool write)
{
    pthread_mutexattr_t recursive;

    memset(store, 0, sizeof(*store));
    store->path = memory_text(path);
    store->write = write;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->turn, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

int
store_memory(struct store *store, const char *path, struct daybreak_fault *fault)
{
    int code;

    begin(store, path, true);
    code = sqlite3_open_v2(":memory:", &store->db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(store->db, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, 5000);
        return 0;
    }
    fault_of(store, fault, code, "copy");
    store_close(store);
    return -1;
}

int
store_open(struct store *store, const char *path, bool write, struct daybreak_fault *fault)
{
    int flags = (write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    struct stat status;
    int code;

    if (!write && stat(path, &status) != 0 && errno == ENOENT) {
        fault_set(fault, DAYBREAK_RETRY, "there is no ledger '%s' yet", path);
        fault_hint(fault, "it is made by the first daybreak run");
        return fault_exit(fault, 66, "ledger_absent");
    }
    if (write && create(path, fault) != 0)
        return -1;

    begin(store, path, write);
    code = sqlite3_open_v2(path, &store->db, flags, NULL);
    if (code != SQLITE_OK) {
        fault_of(store, fault, code, "open");
        goto close_store;
    }
    if (configure(store, fault) != 0)
        goto close_store;
    return 0;

close_store: /* SQLite wants the handle closed even when opening it failed */
    store_close(store);
    return -1;
}

void
store_close(struct store *store)
{
    for (int i = 0; i < store->queries; i++)
        sqlite3_finalize(store->query[i].statement);
    store->queries = 0;
    if (store->write && store->failed) /* the checkpoint would sync again what could not be synced */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(store->db);
    store->db = NULL;
    pthread_mutex_destroy(&store->turn);
    free(store->path);
    store->path = NULL;
}

static int
pragma_number(struct store *store, const char *sql, int64_t *value, struct daybreak_fault *fault)
{
    sqlite3_stmt *statement = store_query(store, fault, sql, "");
    int row;

    if (statement == NULL)
        return -1;
    row = store_step(store, statement, fault);
    if (row == 1)
        *value = sqlite3_column_int64(statement, 0);
    store_done(store, statement);
    return row < 0 ? -1 : 0;
}

static int
upgrade_one(struct store *store, int32_t application, const char *script, int version,
            struct daybreak_fault *fault)
{
    char stamp[96];
    bool mine;
    int result = 0;

    if (store_begin(store, &mine, fault) != 0)
        return -1;
    sqlite3_snprintf((int)sizeof(stamp), stamp,
                     "PRAGMA application_id = %d; PRAGMA user_version = %d;", (int)application,
                     version + 1);
    if (sqlite3_exec(store->db, script, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(store->db, stamp, NULL, NULL, NULL) != SQLITE_OK)
        result = store_fault(store, fault, "upgrade");
    return store_end(store, mine, result, fault);
}

int
store_upgrade(struct store *store, int32_t application, const char *const *script, int scripts,
              struct daybreak_fault *fault)
{
    int64_t version = 0, id = 0, tables = 0;

    if (pragma_number(store, "PRAGMA user_version", &version, fault) != 0 ||
        pragma_number(store, "PRAGMA application_id", &id, fault) != 0 ||
        pragma_number(store, "SELECT count(*) FROM sqlite_schema", &tables, fault) != 0)
        return -1;
    if (id != application && (id != 0 || version != 0 || tables != 0)) {
        fault_set(fault, DAYBREAK_HALT, "cannot open ledger '%s': it is another program's database",
                  store->path);
        return fault_exit(fault, 78, "ledger_foreign");
    }
    if (version > scripts) {
        fault_set(fault, DAYBREAK_HALT,
                  "cannot open ledger '%s': it is of version %" PRId64 ", this daybreak knows %d",
                  store->path, version, scripts);
        fault_hint(fault, "a newer daybreak wrote it: use that one");
        return fault_exit(fault, 78, "ledger_newer");
    }
    if (!store->write && version < scripts) {
        fault_set(fault, DAYBREAK_RETRY, "there is no ledger '%s' of this version yet",
                  store->path);
        fault_hint(fault, "the next daybreak run brings it up to date");
        return fault_exit(fault, 66, "ledger_older");
    }
    for (; version < scripts; version++)
        if (upgrade_one(store, application, script[version], (int)version, fault) != 0)
            return -1;
    return 0;
}

int
store_check(struct store *store, struct daybreak_fault *fault)
{
    STORE_TURN(store);
    sqlite3_stmt *statement = store_query(store, fault, "PRAGMA quick_check(1)", "");
    int row, result = 0;

    if (statement == NULL)
        return -1;
    row = store_step(store, statement, fault);
    if (row == 1 && strcmp(store_text(statement, 0), "ok") != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot use ledger '%s': it is damaged: %s", store->path,
                  store_text(statement, 0));
        fault_hint(fault, "put back the folder '%s' stands in from a backup", store->path);
        result = fault_exit(fault, 78, "ledger_damaged");
    }
    store_done(store, statement);
    return row < 0 ? -1 : result;
}

/* ---- turns -------------------------------------------------------------------------------- */

struct store *
store_turn(struct store *store)
{
    pthread_mutex_lock(&store->turn);
    return store;
}

void
store_turn_end(struct store **store)
{
    pthread_mutex_unlock(&(*store)->turn);
}

/* ---- statements --------------------------------------------------------------------------- */

static sqlite3_stmt *
prepare(struct store *store, const char *sql, struct daybreak_fault *fault)
{
    sqlite3_stmt *statement;
    struct store_query *query;

    for (query = store->query; query < store->query + store->queries; query++)
        if (query->sql == sql && !query->busy) {
            query->busy = true;
            return query->statement;
        }
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK) {
        store_fault(store, fault, "ask");
        return NULL;
    }
    if (store->queries < STORE_QUERIES) /* beyond that, store_done finalizes it */
        store->query[store->queries++] =
            (struct store_query){.sql = sql, .statement = statement, .busy = true};
    return statement;
}

static int
bind(sqlite3_stmt *statement, const char *types, va_list values)
{
    int code = SQLITE_OK;

    for (int i = 1; *types != '\0' && code == SQLITE_OK; types++, i++) {
        const void *bytes;
        int64_t number;
        uint32_t size;

        switch (*types) {
        case 'i':
            code = sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
            break;
        case 'u':
            number = va_arg(values, int64_t);
            code = number == DAYBREAK_NO_TIME ? sqlite3_bind_null(statement, i)
                                              : sqlite3_bind_int64(statement, i, number);
            break;
        case 't':
            code = sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_STATIC);
            break;
        case 'b':
            bytes = va_arg(values, const void *);
            size = va_arg(values, uint32_t);
            code = bytes == NULL ? sqlite3_bind_null(statement, i)
                                 : sqlite3_bind_blob64(statement, i, bytes, size, SQLITE_STATIC);
            break;
        default:
            assert(!"unknown letter");
        }
    }
    return code;
}

static sqlite3_stmt *
queryv(struct store *store, struct daybreak_fault *fault, const char *sql, const char *types,
       va_list values)
{
    sqlite3_stmt *statement = prepare(store, sql, fault);

    if (statement != NULL && bind(statement, types, values) != SQLITE_OK) {
        store_fault(store, fault, "ask");
        store_done(store, statement);
        return NULL;
    }
    return statement;
}

static int
failed_before(const struct store *store, struct daybreak_fault *fault)
{
    fault_set(fault, DAYBREAK_HALT, "cannot write ledger '%s': an earlier write failed", store->path);
    return fault_exit(fault, 74, "ledger_io");
}

sqlite3_stmt *
store_query(struct store *store, struct daybreak_fault *fault, const char *sql, const char *types,
            ...)
{
    sqlite3_stmt *statement;
    va_list values;

    va_start(values, types);
    statement = queryv(store, fault, sql, types, values);
    va_end(values);
    return statement;
}

int
store_step(struct store *store, sqlite3_stmt *statement, struct daybreak_fault *fault)
{
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return store_fault(store, fault, sqlite3_column_count(statement) > 0 ? "read" : "write");
    }
}

void
store_done(struct store *store, sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    for (int i = 0; i < store->queries; i++)
        if (store->query[i].statement == statement) {
            sqlite3_reset(statement);
            sqlite3_clear_bindings(statement); /* what was bound was lent */
            store->query[i].busy = false;
            return;
        }
    sqlite3_finalize(statement);
}

int64_t
store_run(struct store *store, struct daybreak_fault *fault, const char *sql, const char *types,
          ...)
{
    sqlite3_stmt *statement;
    va_list values;
    int row;

    va_start(values, types);
    statement = queryv(store, fault, sql, types, values);
    va_end(values);
    if (statement == NULL)
        return -1;
    row = store->failed && !sqlite3_stmt_readonly(statement) ? failed_before(store, fault) : store_step(store, statement, fault);
    store_done(store, statement);
    return row < 0 ? -1 : sqlite3_changes64(store->db);
}

const char *
store_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

int64_t
store_time(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? DAYBREAK_NO_TIME
               : sqlite3_column_int64(statement, column);
}

/* ---- transactions ------------------------------------------------------------------------- */

bool
store_inside(const struct store *store)
{
    return sqlite3_get_autocommit(store->db) == 0;
}

int
store_begin(struct store *store, bool *mine, struct daybreak_fault *fault)
{
    if (store->failed)
        return failed_before(store, fault);
    store_turn(store);
    *mine = !store_inside(store);
    if (*mine && store_run(store, fault, "BEGIN IMMEDIATE", "") < 0) {
        store_turn_end(&store);
        return -1;
    }
    return 0;
}

int
store_end(struct store *store, bool mine, int result, struct daybreak_fault *fault)
{
    struct daybreak_fault ignored;

    if (mine && result == 0 && store_run(store, fault, "COMMIT", "") < 0)
        result = -1;
    /* some failures (disk full) have rolled back already */
    if (mine && result != 0 && store_inside(store) && store_run(store, &ignored, "ROLLBACK", "") < 0)
        store->failed = true;
    store_turn_end(&store);
    return result == 0 ? 0 : -1;
}
