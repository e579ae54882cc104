/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_STORE_H
#define LEDGER_STORE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

/* One SQLite file and how it is talked to; knows no table. Private to this folder. */
#define STORE_QUERIES 80

struct store {
    sqlite3 *db;
    char *path;
    bool write;
    bool failed;          /* a commit or rollback went wrong: nothing is written any more */
    pthread_mutex_t turn; /* recursive; held from begin to the end of a transaction */
    struct store_query {
        const char *sql;
        sqlite3_stmt *statement;
        bool busy;
    } query[STORE_QUERIES];
    int queries;
};

/** store_open(store, path, write, fault): create where absent (0600, folder synced) and configure. A
 * reader finding no file gets RETRY 66. */
int store_open(struct store *store, const char *path, bool write, struct daybreak_fault *fault);
void store_close(struct store *store);
/** store_upgrade(store, application, script, scripts, fault): bring the file to version ${scripts}, each
 * script[v] leading from version v to v + 1 in one transaction. HALT 78 when it is newer or not ours. */
int store_upgrade(struct store *store, int32_t application, const char *const *script, int scripts,
                  struct daybreak_fault *fault);
int store_check(struct store *store, struct daybreak_fault *fault);
/** store_memory(store, path, fault): an empty one in memory, named ${path} in messages. store_copy(store, path, application, script, scripts,
 * where, fault): in memory what the file ${path} holds, at version ${scripts}; of each table the rows that ${where} gives a clause for ("" all,
 * NULL none). No file: empty. Neither the file nor its folder is touched. */
typedef const char *(*store_copy_fn)(const char *table);
int store_memory(struct store *store, const char *path, struct daybreak_fault *fault);
int store_copy(struct store *store, const char *path, int32_t application, const char *const *script, int scripts,
               store_copy_fn where, struct daybreak_fault *fault);

/** STORE_TURN(of): the calling thread's turn, until the block ends. */
#define STORE_TURN(of)                                                                             \
    struct store *turn_of __attribute__((cleanup(store_turn_end), unused)) = store_turn(of)
struct store *store_turn(struct store *store);
void store_turn_end(struct store **store);

/*
 * Statements are kept by their text's address: give literals only. ${types} says what follows, one
 * letter a parameter: i int64_t, t const char * (NULL: null), b const void * and uint32_t (NULL: null),
 * u int64_t where DAYBREAK_NO_TIME is null.
 */
/** store_query: prepared and bound, or NULL with the fault; ends with store_done. */
sqlite3_stmt *store_query(struct store *store, struct daybreak_fault *fault, const char *sql,
                          const char *types, ...);
/** store_step: 1 a row, 0 the end, -1 fault. */
int store_step(struct store *store, sqlite3_stmt *statement, struct daybreak_fault *fault);
void store_done(struct store *store, sqlite3_stmt *statement);
/** store_run: a statement without rows; the number of rows it changed, or -1. */
int64_t store_run(struct store *store, struct daybreak_fault *fault, const char *sql,
                  const char *types, ...);
const char *store_text(sqlite3_stmt *statement, int column);
int64_t store_time(sqlite3_stmt *statement, int column); /* null: DAYBREAK_NO_TIME */

/** store_begin(store, mine, fault): BEGIN IMMEDIATE, unless a transaction is open: then it is joined and
 * ${mine} is false. store_end(store, mine, result, fault): commit what is mine when ${result} is 0, else
 * roll it back; gives 0, or -1 with the fault of the commit or the one there already. */
int store_begin(struct store *store, bool *mine, struct daybreak_fault *fault);
int store_end(struct store *store, bool mine, int result, struct daybreak_fault *fault);
bool store_inside(const struct store *store);
/** store_fault(store, fault, what): the story of the last failed SQLite call. Gives -1. */
int store_fault(struct store *store, struct daybreak_fault *fault, const char *what);

#endif
