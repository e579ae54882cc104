/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's eyes: reads the target beside the run that writes it. */
#include "cli/demo_look.h"

#include <sqlite3.h>
#include <string.h>

#include "base/fault.h"
#include "base/sha256.h"

#define BUSY_MS 2000

struct demo_look *
demo_look_open(const char *path)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, BUSY_MS);
    /* A target has one connection that checkpoints, and it is not this one: not even as the last to leave after a kill. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return (struct demo_look *)db;
}

void
demo_look_close(struct demo_look *look)
{
    sqlite3_close((sqlite3 *)look);
}

/* Steps to the first row; NULL when there is none. */
static sqlite3_stmt *
first_row(struct demo_look *look, const char *query)
{
    sqlite3_stmt *statement = NULL;

    if (look == NULL || sqlite3_prepare_v2((sqlite3 *)look, query, -1, &statement, NULL) != SQLITE_OK)
        return NULL;
    if (sqlite3_step(statement) == SQLITE_ROW)
        return statement;
    sqlite3_finalize(statement);
    return NULL;
}

int64_t
demo_look_number(struct demo_look *look, const char *query, int64_t otherwise)
{
    sqlite3_stmt *statement = first_row(look, query);
    int64_t number = statement == NULL ? otherwise : sqlite3_column_int64(statement, 0);

    sqlite3_finalize(statement);
    return number;
}

int
demo_look_text(struct demo_look *look, const char *query, struct text *out)
{
    sqlite3_stmt *statement = first_row(look, query);

    if (statement == NULL || sqlite3_column_text(statement, 0) == NULL) {
        sqlite3_finalize(statement);
        return -1;
    }
    text_add(out, (const char *)sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    sqlite3_finalize(statement);
    return 0;
}

static void
cell_add(struct sha256 *sha, sqlite3_stmt *statement, int column)
{
    int type = sqlite3_column_type(statement, column);
    const void *bytes = type == SQLITE_NULL ? "" : sqlite3_column_blob(statement, column);
    int32_t size = sqlite3_column_bytes(statement, column);

    sha256_add(sha, &type, sizeof type);
    sha256_add(sha, &size, sizeof size);
    if (size > 0)
        sha256_add(sha, bytes, (size_t)size);
}

int
demo_look_digest(struct demo_look *look, const char *query, char hex[65], int64_t *rows, struct daybreak_fault *fault)
{
    sqlite3_stmt *statement = NULL;
    uint8_t hash[SHA256_SIZE];
    struct sha256 sha;
    int result = SQLITE_CANTOPEN;

    *rows = 0;
    sha256_init(&sha);
    if (look != NULL && sqlite3_prepare_v2((sqlite3 *)look, query, -1, &statement, NULL) == SQLITE_OK)
        while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
            for (int column = 0; column < sqlite3_column_count(statement); column++)
                cell_add(&sha, statement, column);
            ++*rows;
        }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE)
        return fault_set(fault, DAYBREAK_RETRY, "cannot read the demo's target: %s",
                         look == NULL ? "it is not there" : sqlite3_errmsg((sqlite3 *)look));
    sha256_end(&sha, hash);
    text_hex(hash, sizeof hash, hex);
    hex[64] = '\0';
    return 0;
}
