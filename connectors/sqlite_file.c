/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: the target file, its one connection, turns, transactions, and what SQLite's
 * answers mean for the caller.
 *
 * A file that we make is loaded with a rollback journal: pages behind its old end need no journal, so each is
 * written once. When the first load is over it becomes WAL. A file that is not in WAL is its owner's and
 * stays so. synchronous is EXTRA throughout: in WAL that is FULL, and without WAL the journal's end is
 * durable too, which FULL does not promise.
 */
#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 20
#define WAL_KEPT_BYTES (16 << 20)
#define APPLICATION_ID 0x44617942 /* "DayB", in the header of files we made */

/* ---- memory and faults -------------------------------------------------------------------- */

void *
sqlite_file_grow(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes == 0 ? 1 : bytes);

    if (memory == NULL)
        abort();
    return memory;
}

void *
sqlite_file_need(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);

    if (memory == NULL)
        abort();
    return memory;
}

char *
sqlite_file_text(const char *text)
{
    char *copy = strdup(text == NULL ? "" : text);

    if (copy == NULL)
        abort();
    return copy;
}

int
sqlite_file_exit(struct daybreak_fault *fault, int status, const char *code)
{
    fault->status = status;
    snprintf(fault->code, sizeof fault->code, "%s", code);
    return -1;
}

static int
fault_of(struct sqlite_file *file, int code, const char *verb, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = file->host;
    const char *cause = file->db != NULL && sqlite3_extended_errcode(file->db) == code ? sqlite3_errmsg(file->db)
                                                                                       : sqlite3_errstr(code);

    switch (code) { /* locks of the file system, not its disk */
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_UNLOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
    case SQLITE_IOERR_BLOCKED:
    case SQLITE_IOERR_SHMLOCK:
        host->fault(fault, DAYBREAK_RETRY, "cannot %s '%s': %s", verb, file->shown, cause);
        return sqlite_file_exit(fault, 69, "target-lock");
    default:
        break;
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        host->fault(fault, DAYBREAK_RETRY, "cannot %s '%s': another program holds it", verb, file->shown);
        host->hint(fault, "who else has this file open? a reader that never ends its transaction is enough");
        return sqlite_file_exit(fault, 69, "target-busy");
    case SQLITE_CANTOPEN:
    case SQLITE_INTERRUPT:
        host->fault(fault, DAYBREAK_RETRY, "cannot %s '%s': %s", verb, file->shown, cause);
        return sqlite_file_exit(fault, 69, "target-open");
    case SQLITE_FULL:
        host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, file->shown, cause);
        host->hint(fault, "free some space on its file system");
        return sqlite_file_exit(fault, 74, "target-full");
    case SQLITE_IOERR: /* a failed fsync is among these and is never tried again */
        file->failed = true;
        host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, file->shown, cause);
        return sqlite_file_exit(fault, 74, "target-io");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, file->shown, cause);
        host->hint(fault, "put it back from a backup, or move it away and run again with --resync");
        return sqlite_file_exit(fault, 78, "target-damaged");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, file->shown, cause);
        host->hint(fault, "may this user write the file and its folder?");
        return sqlite_file_exit(fault, 73, "target-readonly");
    case SQLITE_NOMEM:
        abort();
    default:
        host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, file->shown, cause);
        return sqlite_file_exit(fault, 78, "target");
    }
}

int
sqlite_file_fault(struct sqlite_file *file, const char *verb, struct daybreak_fault *fault)
{
    return fault_of(file, sqlite3_extended_errcode(file->db), verb, fault);
}

/* ---- statements --------------------------------------------------------------------------- */

sqlite3_stmt *
sqlite_file_query(struct sqlite_file *file, const char *sql, struct daybreak_fault *fault)
{
    sqlite3_stmt *query;

    if (sqlite3_prepare_v3(file->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &query, NULL) == SQLITE_OK)
        return query;
    sqlite_file_fault(file, "use", fault);
    return NULL;
}

sqlite3_stmt *
sqlite_file_built(struct sqlite_file *file, sqlite3_str *sql, struct daybreak_fault *fault)
{
    char *text = sqlite3_str_finish(sql);
    sqlite3_stmt *query;

    if (text == NULL)
        abort();
    query = sqlite_file_query(file, text, fault);
    sqlite3_free(text);
    return query;
}

int
sqlite_file_step(struct sqlite_file *file, sqlite3_stmt *query, struct daybreak_fault *fault)
{
    int code = sqlite3_step(query);

    if (code == SQLITE_ROW)
        return 1;
    if (code == SQLITE_DONE)
        return 0;
    return fault_of(file, sqlite3_extended_errcode(file->db), sqlite3_stmt_readonly(query) ? "read" : "write", fault);
}

int
sqlite_file_exec(struct sqlite_file *file, const char *sql, struct daybreak_fault *fault)
{
    if (sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return sqlite_file_fault(file, "write", fault);
}

int
sqlite_file_run(struct sqlite_file *file, sqlite3_str *sql, struct daybreak_fault *fault)
{
    char *text = sqlite3_str_finish(sql);
    int result;

    if (text == NULL)
        abort();
    result = sqlite_file_exec(file, text, fault);
    sqlite3_free(text);
    return result;
}

void
sqlite_file_bind(sqlite3_stmt *query, int at, const char *text)
{
    sqlite3_bind_text(query, at, text, -1, SQLITE_STATIC);
}

static int
pragma_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *query;
    int value = -1;

    if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(query) == SQLITE_ROW)
        value = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return value;
}

/* SQLite answers with the mode it has, not with an error, where another one is not possible. */
static bool
pragma_wal(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *query;
    bool wal = false;

    if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK)
        return false;
    if (sqlite3_step(query) == SQLITE_ROW)
        wal = strcmp((const char *)sqlite3_column_text(query, 0), "wal") == 0;
    sqlite3_finalize(query);
    return wal;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static int64_t
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One short sleep; false when the time is over or the process is to end. */
static bool
wait_more(const struct sqlite_file *file, int64_t since_ms)
{
    struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};

    if (now_ms() - since_ms >= file->wait_ms || file->host->stopping(file->host))
        return false;
    nanosleep(&pause, NULL);
    return true;
}

static int
exec_patient(struct sqlite_file *file, const char *sql)
{
    int64_t since = now_ms();
    int code;

    do {
        code = sqlite3_exec(file->db, sql, NULL, NULL, NULL);
    } while ((code & 0xff) == SQLITE_BUSY && wait_more(file, since));
    return code;
}

static int
turn_take(struct sqlite_file *file, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = file->host;
    int64_t since = now_ms();
    char name[PATH_MAX + 32];

    if (file->has_turn)
        return 0;
    snprintf(name, sizeof name, "%s.daybreak-lock", file->path);
    if (file->turn < 0)
        file->turn = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0666);
    if (file->turn < 0) {
        host->fault(fault, DAYBREAK_HALT, "cannot create lock file '%s': %s", name, strerror(errno));
        host->hint(fault, "may this user write the folder of the target?");
        return sqlite_file_exit(fault, 73, "target-lock");
    }
    while (flock(file->turn, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK) {
            host->fault(fault, DAYBREAK_RETRY, "cannot lock '%s': %s", name, strerror(errno));
            return sqlite_file_exit(fault, 69, "target-lock");
        }
        if (!wait_more(file, since)) {
            host->fault(fault, DAYBREAK_RETRY, "cannot write '%s': another pipeline is writing it", file->shown);
            return sqlite_file_exit(fault, 69, "target-turn");
        }
    }
    file->has_turn = true;
    return 0;
}

static void
turn_give(struct sqlite_file *file)
{
    if (file->has_turn)
        flock(file->turn, LOCK_UN);
    file->has_turn = false;
}

/* ---- the file ----------------------------------------------------------------------------- */

int
sqlite_file_place(struct sqlite_file *file, const char *base_dir, const char *path, struct daybreak_fault *fault)
{
    char whole[PATH_MAX], real[PATH_MAX];
    bool relative = path[0] != '/' && base_dir != NULL && base_dir[0] != '\0';
    int size = snprintf(whole, sizeof whole, "%s%s%s", relative ? base_dir : "", relative ? "/" : "", path);
    const char *base;

    file->turn = -1;
    file->shown = path;
    if (path[0] == '\0' || path[strlen(path) - 1] == '/' || size < 0 || (size_t)size >= sizeof whole - 32) {
        file->host->fault(fault, DAYBREAK_HALT, "'%s' is no path of a file", path);
        return sqlite_file_exit(fault, 78, "path");
    }
    if (realpath(whole, real) != NULL) {
        file->path = sqlite_file_text(real);
        return 0;
    }
    base = strrchr(whole, '/'); /* the file is not there yet; its folder may be reached through a link */
    if (base != NULL && base != whole) {
        char folder[PATH_MAX];

        snprintf(folder, sizeof folder, "%.*s", (int)(base - whole), whole);
        if (realpath(folder, real) != NULL && strlen(real) + strlen(base) < sizeof whole - 32) {
            char joined[2 * PATH_MAX];

            snprintf(joined, sizeof joined, "%s%s", strcmp(real, "/") == 0 ? "" : real, base);
            file->path = sqlite_file_text(joined);
            return 0;
        }
    }
    file->path = sqlite_file_text(whole);
    return 0;
}

static int
cannot_create(struct sqlite_file *file, const char *what, int error, struct daybreak_fault *fault)
{
    file->host->fault(fault, DAYBREAK_HALT, "cannot create '%s': %s", what, strerror(error));
    if (error == ENOTDIR || error == EEXIST)
        file->host->hint(fault, "a file stands where a folder must be: move it away, or give the sink another path");
    else if (error == EACCES || error == EPERM)
        file->host->hint(fault, "give this user the right to write there, or give the sink another path");
    else if (error == EROFS)
        file->host->hint(fault, "its file system is mounted read-only: give the sink another path");
    else
        file->host->hint(fault, "give the sink another path, below a folder that is there");
    return sqlite_file_exit(fault, 73, "target-create");
}

/* The folders above a new file, each synced into its parent: a commit must not hang on a folder that a power
 * cut forgets. */
static int
folders_make(struct sqlite_file *file, struct daybreak_fault *fault)
{
    char *path = sqlite_file_text(file->path);
    int result = 0;

    for (char *at = strchr(path + 1, '/'); at != NULL && result == 0; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(path, 0777) == 0) {
            char *parent = strrchr(path, '/');
            int fd;

            *parent = '\0';
            fd = open(parent == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            *parent = '/';
            if (fd < 0 || fsync(fd) != 0)
                result = cannot_create(file, path, errno, fault);
            if (fd >= 0)
                close(fd);
        } else if (errno != EEXIST) {
            result = cannot_create(file, path, errno, fault);
        }
        *at = '/';
    }
    free(path);
    return result;
}

static int
wal_note(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct sqlite_file *file = context;

    (void)db;
    (void)schema;
    file->wal_pages = pages;
    return SQLITE_OK;
}

static int
file_check(struct sqlite_file *file, bool *there, struct daybreak_fault *fault)
{
    struct stat st;

    *there = true;
    if (stat(file->path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        file->host->fault(fault, DAYBREAK_HALT, "cannot write '%s': it is no regular file", file->shown);
        file->host->hint(fault, "let sink.path name a file: %s/NAME.db", file->shown);
        return sqlite_file_exit(fault, 73, "target-create");
    }
    if (errno != ENOENT)
        return cannot_create(file, file->shown, errno, fault);
    *there = false;
    return 0;
}

static const char *const settings = "PRAGMA synchronous = EXTRA;"
                                    "PRAGMA foreign_keys = ON;"
                                    "PRAGMA cell_size_check = ON;"
                                    "PRAGMA mmap_size = 0;"
                                    "PRAGMA temp_store = MEMORY;"
                                    "PRAGMA wal_autocheckpoint = 0;"
                                    "PRAGMA journal_size_limit = 67108864;";

/* SQLite counts the cache in pages of the size it believes in when it is told: only now is that the file's. Rows that come in the order
 * of their key need no more than the way to the last leaf; what is updated here and there gains from more (sqlite_file_cache). */
static const char *const cache = "PRAGMA cache_size = -4096";

int
sqlite_file_cache(struct sqlite_file *file, struct daybreak_fault *fault)
{
    return exec_patient(file, "PRAGMA cache_size = -24576") == SQLITE_OK ? 0 : sqlite_file_fault(file, "open", fault);
}

static int
configure(struct sqlite_file *file, bool there, struct daybreak_fault *fault)
{
    int pages;

    sqlite3_busy_timeout(file->db, 0);
    sqlite3_limit(file->db, SQLITE_LIMIT_ATTACHED, 0);
    if (sqlite3_db_config(file->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(file->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        exec_patient(file, settings) != SQLITE_OK)
        return sqlite_file_fault(file, "open", fault);
    if (file->read_only)
        return exec_patient(file, "PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema") == SQLITE_OK
                   ? 0
                   : sqlite_file_fault(file, "read", fault);
    if (turn_take(file, fault) != 0)
        return -1;
    if (exec_patient(file, "SELECT count(*) FROM sqlite_schema") != SQLITE_OK) /* is it a database at all, and free? */
        return sqlite_file_fault(file, "open", fault);
    pages = pragma_number(file->db, "PRAGMA page_count");
    if (!there || pages == 0) {
        char sql[96];

        snprintf(sql, sizeof sql, "PRAGMA page_size = 16384; PRAGMA application_id = %d", APPLICATION_ID);
        if (exec_patient(file, sql) != SQLITE_OK)
            return sqlite_file_fault(file, "create", fault);
    }
    file->wal = pragma_wal(file->db, "PRAGMA journal_mode");
    file->fresh = !file->wal && pragma_number(file->db, "PRAGMA application_id") == APPLICATION_ID;
    file->page_bytes = pragma_number(file->db, "PRAGMA page_size");
    if (exec_patient(file, cache) != SQLITE_OK)
        return sqlite_file_fault(file, "open", fault);
    sqlite3_wal_hook(file->db, wal_note, file);
    turn_give(file);
    return 0;
}

static int64_t
bytes_beside(const struct sqlite_file *file, const char *ending)
{
    char *path = sqlite3_mprintf("%s%s", file->path, ending);
    struct stat st;
    int64_t size = path != NULL && stat(path, &st) == 0 ? (int64_t)st.st_size : -1;

    sqlite3_free(path);
    return size;
}

/* A database in WAL mode, as its last writer closed it. */
static bool
is_still(const struct sqlite_file *file, struct stat *st)
{
    unsigned char head[20] = {0};
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    bool wal = fd >= 0 && fstat(fd, st) == 0 && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && head[18] == 2;

    if (fd >= 0)
        close(fd); /* before any connection of ours: closing drops a process's locks on a file */
    return wal && bytes_beside(file, "-wal") <= 0 && bytes_beside(file, "-shm") < 0;
}

int
sqlite_file_was_still(struct sqlite_file *file, struct daybreak_fault *fault)
{
    struct stat now;

    if (!file->still || (stat(file->path, &now) == 0 && now.st_ino == file->seen.st_ino && now.st_size == file->seen.st_size &&
                         now.st_mtim.tv_sec == file->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec &&
                         bytes_beside(file, "-wal") <= 0))
        return 0;
    file->host->fault(fault, DAYBREAK_RETRY, "'%s' was written by another program while it was looked at", file->shown);
    file->host->hint(fault, "run again");
    return sqlite_file_exit(fault, 75, "target-busy");
}

/* The path as an URI that says: nobody writes it. */
static char *
still_uri(const struct sqlite_file *file)
{
    sqlite3_str *uri = sqlite3_str_new(NULL);
    char *text;

    sqlite3_str_appendall(uri, "file:");
    for (const char *at = file->path; *at != '\0'; at++)
        if (*at == '?' || *at == '#' || *at == '%')
            sqlite3_str_appendf(uri, "%%%02X", (unsigned)*at);
        else
            sqlite3_str_appendchar(uri, 1, *at);
    sqlite3_str_appendall(uri, "?immutable=1");
    text = sqlite3_str_finish(uri);
    if (text == NULL)
        abort();
    return text;
}

int
sqlite_file_open(struct sqlite_file *file, bool read_only, struct daybreak_fault *fault)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
    bool there;
    int code;

    sqlite_file_close(file);
    file->read_only = read_only;
    file->failed = file->fresh = file->wal = false;
    file->wal_pages = 0;
    if (file_check(file, &there, fault) != 0)
        return -1;
    if (read_only && !there)
        return 0;
    if (!there && folders_make(file, fault) != 0)
        return -1;
    flags |= read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    file->still = read_only && file->rehearses && is_still(file, &file->seen);
    if (file->still) {
        char *uri = still_uri(file);

        code = sqlite3_open_v2(uri, &file->db, flags | SQLITE_OPEN_URI, NULL);
        sqlite3_free(uri);
    } else {
        code = sqlite3_open_v2(file->path, &file->db, flags, NULL);
    }
    if (code != SQLITE_OK) {
        int error = file->db == NULL ? 0 : sqlite3_system_errno(file->db);

        if ((code & 0xff) == SQLITE_CANTOPEN && (error == EACCES || error == EPERM || error == EROFS || error == ENOENT))
            cannot_create(file, file->shown, error, fault);
        else
            fault_of(file, code, "open", fault);
        goto close_db;
    }
    if (configure(file, there, fault) != 0)
        goto close_db;
    return 0;

close_db: /* SQLite wants the handle closed even when opening it failed */
    turn_give(file);
    sqlite3_close(file->db);
    file->db = NULL;
    return -1;
}

/* WAL, once the file may be read by others in earnest. A reader in the way only puts it off. */
static void
wal_begin(struct sqlite_file *file)
{
    if (!file->fresh || file->failed)
        return;
    file->wal = pragma_wal(file->db, "PRAGMA journal_mode = WAL");
    file->fresh = !file->wal;
}

/* A checkpoint whose sync failed is never tried again: the next one would succeed, and the WAL that still has all would go. */
static void
wal_checkpoint(struct sqlite_file *file, int how)
{
    int code = sqlite3_wal_checkpoint_v2(file->db, NULL, how, NULL, NULL);

    if ((code & 0xff) == SQLITE_IOERR)
        file->failed = true;
}

void
sqlite_file_close(struct sqlite_file *file)
{
    struct daybreak_fault fault = {0};
    int64_t wait = file->wait_ms;

    if (file->db != NULL) {
        sqlite_file_rollback(file);
        file->wait_ms = 0;
        /* the last connection empties and removes the WAL; without a turn another may be at work in it */
        if (file->read_only || file->failed || turn_take(file, &fault) != 0) {
            sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        } else {
            wal_begin(file);
            if (file->wal)
                wal_checkpoint(file, SQLITE_CHECKPOINT_TRUNCATE);
            if (file->failed)
                sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        }
        sqlite3_close(file->db);
        file->db = NULL;
        turn_give(file);
        file->wait_ms = wait;
    }
    if (file->turn >= 0)
        close(file->turn);
    file->turn = -1;
}

/* ---- transactions ------------------------------------------------------------------------- */

int
sqlite_file_begin(struct sqlite_file *file, struct daybreak_fault *fault)
{
    if (file->begun)
        return 0;
    if (file->failed) {
        file->host->fault(fault, DAYBREAK_HALT, "cannot write '%s': an earlier write failed and is not tried again",
                          file->shown);
        return sqlite_file_exit(fault, 74, "target-io");
    }
    if (turn_take(file, fault) != 0)
        return -1;
    if (exec_patient(file, "BEGIN IMMEDIATE") != SQLITE_OK) {
        sqlite_file_fault(file, "write", fault);
        turn_give(file);
        return -1;
    }
    file->begun = true;
    return 0;
}

int
sqlite_file_commit(struct sqlite_file *file, struct daybreak_fault *fault)
{
    int code = exec_patient(file, "COMMIT");

    if (code == SQLITE_OK) {
        file->begun = false;
        return 0;
    }
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        file->host->fault(fault, DAYBREAK_HALT, "cannot commit to '%s': %s", file->shown, sqlite3_errmsg(file->db));
        file->host->hint(fault, "a deferred constraint says no only at the end, too late to tell which record; declare it "
                                "immediate");
        sqlite_file_exit(fault, 78, "deferred-constraint");
    } else {
        sqlite_file_fault(file, "commit to", fault);
    }
    sqlite_file_rollback(file);
    return -1;
}

void
sqlite_file_settle(struct sqlite_file *file, bool loaded)
{
    if (loaded)
        wal_begin(file);
    if (file->wal && (int64_t)file->wal_pages * file->page_bytes > WAL_KEPT_BYTES)
        wal_checkpoint(file, SQLITE_CHECKPOINT_PASSIVE);
    turn_give(file);
}

void
sqlite_file_rollback(struct sqlite_file *file)
{
    if (file->begun && !sqlite3_get_autocommit(file->db)) /* some faults have rolled back already */
        sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
    file->begun = false;
    turn_give(file);
}
