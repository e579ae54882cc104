/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_WRITE_H
#define POSTGRES_WRITE_H

#include "postgres_rows.h"
#include "row_fold.h"

/* How rows of one table are written. Scratch stays from batch to batch. */
struct postgres_writer {
    struct postgres_rows rows;
    struct row_fold fold;
    struct postgres_item *item;
    size_t room;
    struct postgres_text sql;
    bool made;        /* statements below fit the table as it is */
    char *copy;       /* into the staged rows */
    char *copy_new;   /* straight into the table */
    char *statement;  /* from the staged rows into the table; a filter goes in at each FILTER */
    bool staged;      /* the connection has the table of staged rows */
    int backend;      /* of which connection */
    bool indexed;
    bool saved;       /* the savepoint of the last copied rows is not released yet */
};

/** postgres_write_make(writer, table): statements for the table as it is now. */
void postgres_write_make(struct postgres_writer *writer, const struct postgres_table *table);
/** postgres_write_batch(wire, writer, table, batch, fault): every change of ${batch}. Of several changes of a key the last one counts, its op
 * included. First all at once; if the table refuses something, in halves down to single changes, so that exactly what it refuses is
 * refused: then the change before it of that key has its turn. */
int postgres_write_batch(struct postgres_wire *wire, struct postgres_writer *writer, struct postgres_table *table,
                         const struct daybreak_batch *batch, struct daybreak_fault *fault);
/** postgres_write_prune(wire, table, now_us, fault): history older than keep goes. */
int postgres_write_prune(struct postgres_wire *wire, const struct postgres_table *table, int64_t now_us, struct daybreak_fault *fault);
void postgres_write_drop(struct postgres_writer *writer);
void postgres_write_fini(struct postgres_writer *writer);
/** postgres_write_row(table, from, sql): an expression: the whole row as a JSON object; ${from} NULL: of the staged rows. */
void postgres_write_row(const struct postgres_table *table, const char *from, struct postgres_text *sql);

#endif
