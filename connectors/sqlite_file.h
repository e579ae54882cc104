/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_FILE_H
#define SQLITE_FILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <daybreak/connector.h>

/*
 * The file that rows land in, its one connection, and the turns that processes of ours take at it. A turn is
 * a lock on a file beside the target, held from the beginning of a transaction to the end of the checkpoint
 * behind it.
 */
struct sqlite_file {
    const struct daybreak_host *host;
    const char *shown;    /* the path as configured, for messages; lent */
    char *path;           /* absolute, links resolved */
    int64_t wait_ms;      /* for a turn, and for other programs */
    sqlite3 *db;          /* NULL: not open, or read-only and not there */
    int turn;             /* descriptor of the lock file; -1 */
    bool has_turn, begun; /* begun: inside a transaction */
    bool read_only;
    bool rehearses;       /* set before a read-only opening: leave no trace, and say what a writer would be told */
    bool still;           /* open as a file that nobody writes: without the index that a reader of a WAL database leaves beside it */
    struct stat seen;     /* as it was then */
    bool wal;
    bool fresh;           /* made by us and in its first load: a rollback journal writes each new page once, a WAL twice */
    bool failed;          /* a write or sync failed: what the disk holds is no longer known */
    int wal_pages;        /* in the WAL after the last commit */
    int page_bytes;
};

/** sqlite_file_place(file, base_dir, path, fault): the absolute path; nothing is opened. */
int sqlite_file_place(struct sqlite_file *file, const char *base_dir, const char *path, struct daybreak_fault *fault);
/** sqlite_file_open(file, read_only, fault): opens or makes the file, with the settings of the house.
 * Read-only and absent: 0, db NULL. */
int sqlite_file_open(struct sqlite_file *file, bool read_only, struct daybreak_fault *fault);
void sqlite_file_close(struct sqlite_file *file);
/** sqlite_file_was_still(file, fault): 0; or RETRY when somebody began to write a file that was opened as still: what was read of it may be torn. */
int sqlite_file_was_still(struct sqlite_file *file, struct daybreak_fault *fault);
/** sqlite_file_cache(file, fault): a cache for rows that are sought by key instead of one for rows that go to the end. */
int sqlite_file_cache(struct sqlite_file *file, struct daybreak_fault *fault);

/** sqlite_file_begin(file, fault): a turn and a write transaction, if there is none yet. RETRY when neither is
 * to be had in time. */
int sqlite_file_begin(struct sqlite_file *file, struct daybreak_fault *fault);
/** sqlite_file_commit(file, fault): durable when 0. Otherwise nothing of it is visible, unless the fault is
 * HALT 74: then only the next claim knows. */
int sqlite_file_commit(struct sqlite_file *file, struct daybreak_fault *fault);
/** sqlite_file_settle(file, loaded): behind a commit: WAL kept short, turn given back; ${loaded}: a first load
 * is over. */
void sqlite_file_settle(struct sqlite_file *file, bool loaded);
void sqlite_file_rollback(struct sqlite_file *file);

int sqlite_file_exec(struct sqlite_file *file, const char *sql, struct daybreak_fault *fault);
/** sqlite_file_query(file, sql, fault): a prepared statement, or NULL. The same for a text built with
 * sqlite3_str, which is taken over. */
sqlite3_stmt *sqlite_file_query(struct sqlite_file *file, const char *sql, struct daybreak_fault *fault);
sqlite3_stmt *sqlite_file_built(struct sqlite_file *file, sqlite3_str *sql, struct daybreak_fault *fault);
int sqlite_file_run(struct sqlite_file *file, sqlite3_str *sql, struct daybreak_fault *fault);
/** sqlite_file_step(file, query, fault): 1 a row, 0 done, -1 fault. */
int sqlite_file_step(struct sqlite_file *file, sqlite3_stmt *query, struct daybreak_fault *fault);
/** sqlite_file_fault(file, verb, fault): what SQLite said last, as RETRY or HALT. Always -1. */
int sqlite_file_fault(struct sqlite_file *file, const char *verb, struct daybreak_fault *fault);

/** sqlite_file_exit(fault, status, code): exit status and stable code of the fault just set. Always -1. */
int sqlite_file_exit(struct daybreak_fault *fault, int status, const char *code);
/** sqlite_file_need(bytes): zeroed memory; running out ends the process, as everywhere. */
void *sqlite_file_need(size_t bytes);
void *sqlite_file_grow(void *old, size_t bytes);
char *sqlite_file_text(const char *text);
void sqlite_file_bind(sqlite3_stmt *query, int at, const char *text); /* lent until the statement is reset; NULL: null */

#endif
