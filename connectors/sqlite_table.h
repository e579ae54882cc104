/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_TABLE_H
#define SQLITE_TABLE_H

#include "sqlite_file.h"

/* The envelope beside a row, in this order wherever it is listed. */
enum sqlite_envelope { ENVELOPE_EVENT_ID, ENVELOPE_OP, ENVELOPE_CHANGED_AT, ENVELOPE_BATCH, ENVELOPE_POSITION,
                      ENVELOPE_CONTEXT, ENVELOPE_COLUMNS };

enum sqlite_place {
    ENVELOPE_NOWHERE, /* no envelope */
    ENVELOPE_INLINE,  /* columns of the table */
    ENVELOPE_SIDE,    /* _daybreak_row_TABLE, by key */
};

struct sqlite_column {
    char *name;
    enum daybreak_type type;
    uint8_t precision, scale;
    bool key;
    bool there;      /* in the table as it is */
    bool as_number;  /* decimals: a number (up to 15 digits, into a numeric column), else their text */
};

/*
 * One target: what the pipeline wants of it, and what the file has. `name` and the columns' names are as the
 * pipeline writes them; SQLite compares them without case.
 */
struct sqlite_table {
    char *name;               /* NULL: not prepared yet */
    struct sqlite_column *column;
    uint32_t columns;
    uint32_t *key;            /* indices of the key columns */
    uint32_t keys;
    enum daybreak_write write;
    enum daybreak_existing existing;
    enum daybreak_history history; /* as it applies: NONE for append, or without an envelope */
    enum daybreak_envelope wanted;
    bool mark_deletes;
    int64_t keep_ms;
    char *prefix;
    char *envelope[ENVELOPE_COLUMNS]; /* column names: _event_id, or PREFIXevent_id */
    char *gone_at, *row;              /* of the history */

    bool exists, created, registered; /* created: by us; registered: fed by this pipeline before */
    bool has_rowid, inlined;  /* inlined: it has the envelope's columns */
    bool fresh;               /* made by this writer, and no key came twice so far: plain inserts, until one fails */
    enum sqlite_place place;
    bool ready;               /* made and checked inside a transaction; false after a rollback that undid it */
    bool scanned;             /* somebody has looked at the whole of it and knows what is not there */
    bool told;                /* warnings are given once */
};

/* Who feeds a target. */
struct sqlite_feeder {
    const char *pipeline, *pipeline_id, *handoff; /* lent */
};

/** sqlite_table_want(file, table, target, fault): copy what is wanted and refuse what no file could satisfy. */
int sqlite_table_want(struct sqlite_file *file, struct sqlite_table *table, const struct daybreak_target *target,
                      struct daybreak_fault *fault);
/** sqlite_table_look(file, table, feeder, fault): what the file has of it, and whether rows may land there.
 * Changes nothing. */
int sqlite_table_look(struct sqlite_file *file, struct sqlite_table *table, const struct sqlite_feeder *feeder,
                      struct daybreak_fault *fault);
void sqlite_table_fini(struct sqlite_table *table);

/** sqlite_table_type(column): the type it is declared with where the table is ours. */
const char *sqlite_table_type(const struct sqlite_column *column);
/** sqlite_table_keys(table, before, sql): the key columns, comma separated, each with ${before} in front:
 * `t."k1",t."k2"`. sqlite_table_envelope: the envelope's likewise. */
void sqlite_table_keys(const struct sqlite_table *table, const char *before, sqlite3_str *sql);
void sqlite_table_envelope(const struct sqlite_table *table, const char *before, sqlite3_str *sql);
/** sqlite_table_instant(from, column, sql): an SQL expression: µs in ${from}."${column}" as RFC 3339, UTC;
 * also before 1970. */
void sqlite_table_instant(const char *from, const char *column, sqlite3_str *sql);

#endif
