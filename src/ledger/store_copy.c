/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road, under the ledger: its tables once more, in memory, for a run that must leave no trace. The file is only
 * read. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#define COPY_TRIES 5

/* Does the file lie as its last writer closed it? Then a reader needs no index beside it; any other makes one, and leaves it
 * there. */
static bool
is_still(const char *path, struct stat *file)
{
    struct text beside = {0};
    struct stat status;
    bool still;

    text_printf(&beside, "%s-wal", path);
    still = stat(path, file) == 0 && (stat(text_end(&beside), &status) != 0 || status.st_size == 0);
    text_clear(&beside);
    text_printf(&beside, "%s-shm", path);
    still = still && stat(text_end(&beside), &status) != 0;
    text_fini(&beside);
    return still;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int
attach(struct store *store, const char *path, bool still, struct daybreak_fault *fault)
{
    struct text uri = {0};
    int64_t done;

    text_put(&uri, "file:");
    for (const char *at = path; *at != '\0'; at++)
        if (strchr("?#%", *at) != NULL)
            text_printf(&uri, "%%%02X", (unsigned char)*at);
        else
            text_char(&uri, *at);
    text_put(&uri, still ? "?mode=ro&immutable=1" : "?mode=ro");
    done = store_run(store, fault, "ATTACH ? AS was", "t", text_end(&uri));
    text_fini(&uri);
    if (done < 0 && fault->hint[0] == '\0')
        fault_hint(fault, "may this user read it and the files beside it?");
    return done < 0 ? -1 : 0;
}

static int
number(struct store *store, const char *sql, int64_t *value, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(store, fault, sql, "");
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row == 1)
        *value = sqlite3_column_int64(query, 0);
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

/* Statements kept by the store are known by the address of their text, so these, which are made here, are not its. */
static int
copy_table(struct store *store, const char *name, const char *where, struct daybreak_fault *fault)
{
    char *sql = sqlite3_mprintf("INSERT INTO main.\"%w\" SELECT * FROM was.\"%w\" %s", name, name, where);
    int result = 0;

    if (sql == NULL || sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        result = store_fault(store, fault, "read");
    sqlite3_free(sql);
    return result;
}

/* What a script puts into a table of its own making is the older one's, too. */
static int
copy_tables(struct store *store, store_copy_fn where, struct daybreak_fault *fault)
{
    sqlite3_stmt *tables = store_query(store, fault,
                                       "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
                                       "");
    int row;

    if (tables == NULL)
        return -1;
    while ((row = store_step(store, tables, fault)) == 1) {
        const char *name = store_text(tables, 0), *condition = where(name);
        char *wipe = sqlite3_mprintf("DELETE FROM main.\"%w\"", name);
        int code = wipe == NULL ? SQLITE_NOMEM : condition == NULL ? SQLITE_OK : sqlite3_exec(store->db, wipe, NULL, NULL, NULL);

        sqlite3_free(wipe);
        if (code != SQLITE_OK) {
            row = store_fault(store, fault, "copy");
            break;
        }
        if (condition != NULL && copy_table(store, name, condition, fault) != 0) {
            row = -1;
            break;
        }
    }
    store_done(store, tables);
    return row < 0 ? -1 : 0;
}

static int
copy_all(struct store *store, int32_t application, const char *const *script, int scripts, store_copy_fn where,
         struct daybreak_fault *fault)
{
    int64_t version = 0, id = 0, tables = 0;
    bool mine;
    int result;

    if (number(store, "PRAGMA was.user_version", &version, fault) != 0 ||
        number(store, "PRAGMA was.application_id", &id, fault) != 0 ||
        number(store, "SELECT count(*) FROM was.sqlite_schema", &tables, fault) != 0)
        return -1;
    if (id != application && (id != 0 || version != 0 || tables != 0)) {
        fault_set(fault, DAYBREAK_HALT, "cannot read ledger '%s': it is another program's database", store->path);
        return fault_exit(fault, 78, "ledger_foreign");
    }
    if (version > scripts) {
        fault_set(fault, DAYBREAK_HALT, "cannot read ledger '%s': a newer daybreak wrote it", store->path);
        fault_hint(fault, "use that one");
        return fault_exit(fault, 78, "ledger_newer");
    }
    if (store_upgrade(store, application, script, (int)version, fault) != 0 || store_begin(store, &mine, fault) != 0)
        return -1;
    result = version == 0 ? 0 : copy_tables(store, where, fault); /* one transaction: one moment of the file */
    return store_end(store, mine, result, fault);
}

int
store_copy(struct store *store, const char *path, int32_t application, const char *const *script, int scripts,
           store_copy_fn where,
           struct daybreak_fault *fault)
{
    struct stat before, after;

    for (int tries = 0;; tries++) {
        bool still = is_still(path, &before), there = still || stat(path, &before) == 0;
        int result;

        if (!there && errno != ENOENT && errno != ENOTDIR) {
            fault_set(fault, DAYBREAK_HALT, "cannot read ledger '%s': %s", path, strerror(errno));
            fault_hint(fault, "may this user read the state folder?");
            return fault_exit(fault, 77, "ledger_denied");
        }
        if (store_memory(store, path, fault) != 0)
            return -1;
        result = there ? attach(store, path, still, fault) : 0;
        if (there && result == 0)
            result = copy_all(store, application, script, scripts, where, fault);
        if (still && tries < COPY_TRIES && (!is_still(path, &after) || !same_file(&before, &after))) {
            store_close(store); /* somebody began to write meanwhile: what was read may be torn */
            continue;
        }
        if (result == 0 && there && store_run(store, fault, "DETACH was", "") < 0)
            result = -1;
        if (result == 0)
            result = store_upgrade(store, application, script, scripts, fault);
        if (result != 0)
            store_close(store);
        return result;
    }
}
