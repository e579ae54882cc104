/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_TABLE_H
#define POSTGRES_TABLE_H

#include "postgres_wire.h"

/* The envelope beside a row, in this order wherever it is listed. */
enum postgres_envelope { ENVELOPE_EVENT_ID, ENVELOPE_OP, ENVELOPE_CHANGED_AT, ENVELOPE_BATCH, ENVELOPE_POSITION, ENVELOPE_CONTEXT,
                        ENVELOPE_COLUMNS };

enum postgres_where {
    ENVELOPE_NOWHERE, /* no envelope */
    ENVELOPE_INLINE,  /* columns of the table */
    ENVELOPE_SIDE,    /* _daybreak_row_TABLE, by key */
};

struct postgres_column {
    char *name;
    enum daybreak_type type;
    uint8_t precision, scale;
    bool key;
    bool there;  /* in the table as it is */
    char *cast;  /* its type in a table that is not ours, without length; NULL: as we declare it */
};

/* One target: what the pipeline wants of it, and what the database has. */
struct postgres_table {
    char *name;               /* NULL: not prepared yet */
    struct postgres_column *column;
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

    char *at;                 /* "schema"."name", as SQL names it; the same for what stands beside it */
    char *side, *past, *view, *past_key, *staged;

    bool exists, created, registered; /* created: by us; registered: fed by this pipeline before */
    bool inlined;             /* it has the envelope's columns */
    bool fresh;               /* made by this writer, and no key came twice so far: rows are copied straight into it */
    enum postgres_where place;
    bool ready;               /* made and checked inside a transaction; false after a rollback that undid it */
    bool scanned;             /* somebody has looked at the whole of it and knows what is not there */
    bool told;                /* warnings are given once */
};

/* Who feeds a target. */
struct postgres_feeder {
    const char *pipeline, *pipeline_id, *handoff; /* lent */
};

/** postgres_table_want(wire, table, target, fault): copy what is wanted and refuse what no database could satisfy. */
int postgres_table_want(struct postgres_wire *wire, struct postgres_table *table, const struct daybreak_target *target,
                        struct daybreak_fault *fault);
/** postgres_table_look(wire, table, feeder, ours_there, refuses, fault): what the database has of it, and whether rows may land there.
 * ours_there: `_daybreak_table` is; refuses: rows of others are refused as a writer would. Changes nothing. */
int postgres_table_look(struct postgres_wire *wire, struct postgres_table *table, const struct postgres_feeder *feeder, bool ours_there,
                        bool refuses, struct daybreak_fault *fault);
void postgres_table_fini(struct postgres_table *table);

/** postgres_table_type(column): the type it is declared with where the table is ours; in ${room} where it has a length. */
const char *postgres_table_type(const struct postgres_column *column, char room[32]);
/** postgres_table_keys(table, before, sql): the key columns, comma separated, each with ${before} in front. postgres_table_envelope: the
 * envelope's likewise. postgres_table_same(table, a, b, sql): a."k" = b."k" AND …; */
void postgres_table_keys(const struct postgres_table *table, const char *before, struct postgres_text *sql);
void postgres_table_envelope(const struct postgres_table *table, const char *before, struct postgres_text *sql);
void postgres_table_same(const struct postgres_table *table, const char *a, const char *b, struct postgres_text *sql);
/** postgres_table_there(wire, at, there, fault): whether there is a relation of that name, as SQL writes it. */
int postgres_table_there(struct postgres_wire *wire, const char *at, bool *there, struct daybreak_fault *fault);

/** postgres_table_instant(expression, sql): µs as RFC 3339, UTC. */
void postgres_table_instant(const char *expression, struct postgres_text *sql);
/** postgres_table_cell(column, before, json, sql): an expression: the cell as a batch would show it; json: as a JSON value's source. */
void postgres_table_cell(const struct postgres_column *column, const char *expression, bool json, struct postgres_text *sql);

#endif
