/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_WRITE_H
#define SQLITE_WRITE_H

#include "row_fold.h"
#include "sqlite_rows.h"

enum row_statement {
    WRITE_HISTORY_OLD, /* rows of the target that are about to be superseded */
    WRITE_HISTORY_NEW, /* changes of the batch: deletes, and versions that a later change of the same batch superseded */
    WRITE_DELETE,
    WRITE_SIDE_DELETE,
    WRITE_PUT,
    WRITE_PUT_NEW,      /* the same in the hope that no key is there yet */
    WRITE_SIDE_PUT,
    WRITE_MARK,
    WRITE_STATEMENTS,
};

/* How rows of one table are written. Statements are made once per set of columns. */
struct sqlite_writer {
    struct sqlite_rows rows;
    sqlite3_stmt *statement[WRITE_STATEMENTS];
    bool made;
    struct row_fold fold;
};

/** sqlite_write_make(file, writer, table, number, fault): statements for the table as it is now. */
int sqlite_write_make(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table,
                      uint32_t number, struct daybreak_fault *fault);
/** sqlite_write_batch(file, writer, table, batch, fault): every change of ${batch}, or as if it had never been
 * given when it faults. Of several changes of a key the last one counts, its op included. First all at once;
 * if the table refuses something, change by change, so that exactly what it refuses is refused: then the
 * change before it of that key has its turn. */
int sqlite_write_batch(struct sqlite_file *file, struct sqlite_writer *writer, struct sqlite_table *table,
                       const struct daybreak_batch *batch, struct daybreak_fault *fault);
/** sqlite_write_prune(file, table, now_us, fault): history older than keep goes. */
int sqlite_write_prune(struct sqlite_file *file, const struct sqlite_table *table, int64_t now_us,
                       struct daybreak_fault *fault);
/** sqlite_write_drop(writer): statements go, scratch stays. sqlite_write_fini: all of it; before the
 * connection is closed. */
void sqlite_write_drop(struct sqlite_writer *writer);
void sqlite_write_fini(struct sqlite_writer *writer);

#endif
