/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_ROWS_H
#define SQLITE_ROWS_H

#include "sqlite_table.h"

enum sqlite_shape { CELLS_TEXT, CELLS_BLOB, CELLS_INTEGER, CELLS_REAL, CELLS_DECIMAL };

/* How one column of a batch is read. */
struct sqlite_cells {
    struct daybreak_view view;
    enum sqlite_shape shape;
    uint8_t scale;
};

/*
 * A batch as a table that SQL can select from: columns c0… are the target's, e0…e5 the envelope. What is
 * selected are the changes of `list`, in its order. Cells are lent to SQLite, never copied here.
 */
struct sqlite_rows {
    char name[48];
    const struct daybreak_batch *batch; /* lent while a batch is staged */
    struct sqlite_cells *cells;         /* [columns] */
    const uint32_t *list;               /* change numbers */
    uint32_t count;
    uint32_t columns;
};

/** sqlite_rows_register(file, rows, table, number, fault): make it known to the connection under a name of its
 * own, again whenever the table's columns changed. ${rows} must outlive the connection. */
int sqlite_rows_register(struct sqlite_file *file, struct sqlite_rows *rows, const struct sqlite_table *table,
                         uint32_t number, struct daybreak_fault *fault);
/** sqlite_rows_lend(file, rows, table, batch): views of every column. */
void sqlite_rows_lend(struct sqlite_file *file, struct sqlite_rows *rows, const struct sqlite_table *table,
                      const struct daybreak_batch *batch);
void sqlite_rows_fini(struct sqlite_rows *rows);

#endif
