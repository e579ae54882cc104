/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_LOOKUP_DATABASE_H
#define STEP_LOOKUP_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daybreak/connector.h"

/* A database that is only read. */
struct lookup_database {
    const char *path, *shown;   /* as it is opened, and as the file writes it */
    volatile int *stop;
    sqlite3 *db;                /* NULL: not open */
    sqlite3_stmt *begin, *end, *version;
    bool own;                   /* a statement of ours is at work: the authorizer lets it */
    bool was_open;              /* once: if it is missing now, it may come back */
    dev_t device;               /* of the file that is open */
    ino_t inode;
    bool reading;               /* a transaction is open */
    int64_t since_ms;
};

void lookup_database_init(struct lookup_database *database, const char *path, const char *shown, volatile int *stop);
/** lookup_database_open(database, fault): HALT (69) when it is not there. Statements prepared from then on may only read. */
int lookup_database_open(struct lookup_database *database, struct daybreak_fault *fault);
/** lookup_database_close: after the statements of the caller. */
void lookup_database_close(struct lookup_database *database);
/** lookup_database_look(database, replaced, version, fault): is another file in its place; if not, the version of its data. */
int lookup_database_look(struct lookup_database *database, bool *replaced, int64_t *version, struct daybreak_fault *fault);
/** lookup_database_read(database, version, fault): a read transaction, no older than two seconds; ${version} is written when it is a new one. */
int lookup_database_read(struct lookup_database *database, int64_t *version, struct daybreak_fault *fault);
/** lookup_database_pause(database): no transaction stays open while nothing is asked. */
void lookup_database_pause(struct lookup_database *database);
/** lookup_database_failed(database, doing, fault): what SQLite said, as what the caller may do next. */
int lookup_database_failed(struct lookup_database *database, const char *doing, struct daybreak_fault *fault);
bool lookup_database_may_pass(int code);

#endif
