/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_CELL_H
#define SQLITE_CELL_H

#include "sqlite_table.h"

#define CELL_ROOM 64

/** sqlite_cell_text(column, value, room): the canonical text of what the target holds, as a batch would show
 * it: decimals with their scale, booleans true|false. Lent from ${value} or written into ${room} (CELL_ROOM).
 * size DAYBREAK_NULL: null. */
struct daybreak_text sqlite_cell_text(const struct sqlite_column *column, sqlite3_value *value, char *room);
/** sqlite_cell_json(column, value, out): the same as a JSON value; bytes in lower-case hex. */
void sqlite_cell_json(const struct sqlite_column *column, sqlite3_value *value, sqlite3_str *out);
/** sqlite_cell_quote(out, at, size): a JSON string; what is no UTF-8 becomes U+FFFD. */
void sqlite_cell_quote(sqlite3_str *out, const char *at, size_t size);
/** sqlite_cell_function(file, table, name, fault): registers the SQL function ${name}(first, value…): members
 * "column":value, comma separated, of the columns from ${first} on. ${table} must outlive the connection. */
int sqlite_cell_function(struct sqlite_file *file, struct sqlite_table *table, const char *name,
                         struct daybreak_fault *fault);
/** sqlite_cell_row(table, name, from, sql): an SQL expression over that function: the whole row as a JSON
 * object. ${from} is what stands before each column: `t.` for the target's own, or NULL for the batch's
 * (v.c0…). */
void sqlite_cell_row(const struct sqlite_table *table, const char *name, const char *from, sqlite3_str *sql);

#endif
