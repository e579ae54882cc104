/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_ROWS_H
#define POSTGRES_ROWS_H

#include "postgres_table.h"

enum postgres_shape { CELLS_TEXT, CELLS_BOOLEAN, CELLS_INTEGER, CELLS_REAL, CELLS_DECIMAL, CELLS_WIDE, CELLS_TIMESTAMP, CELLS_DATE };

/* How one column of a batch is read. */
struct postgres_cells {
    struct daybreak_view view;
    enum postgres_shape shape;
    uint8_t scale;
};

/* A row to be staged: a change, its turn, and what is done with it: p put, g gone, h kept in the history. */
struct postgres_item {
    uint32_t change, turn;
    char kind;
};

/* A batch as the rows of a binary COPY (https://www.postgresql.org/docs/15/sql-copy.html). */
struct postgres_rows {
    const struct daybreak_batch *batch; /* lent while a batch is staged */
    struct postgres_cells *cells;       /* [columns] */
    uint32_t columns;
    struct postgres_text out;
};

/** postgres_rows_lend(rows, host, table, batch): views of every column. */
void postgres_rows_lend(struct postgres_rows *rows, const struct daybreak_host *host, const struct postgres_table *table,
                        const struct daybreak_batch *batch);
/** postgres_rows_bad(rows, change): why the server could not take the cells of a change as they are, NULL when it can. */
const char *postgres_rows_bad(const struct postgres_rows *rows, uint32_t change);
/** postgres_rows_send(rows, wire, sql, items, count, staged, envelope, fault): one COPY. staged: each row begins with its turn and kind;
 * envelope: and ends with the envelope. 0, 1 refused, -1. */
int postgres_rows_send(struct postgres_rows *rows, struct postgres_wire *wire, const char *sql, const struct postgres_item *items, uint32_t count,
                       bool staged, bool envelope, struct daybreak_fault *fault);
void postgres_rows_fini(struct postgres_rows *rows);

#endif
