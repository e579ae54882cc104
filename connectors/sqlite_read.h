/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_READ_H
#define SQLITE_READ_H

#include "sqlite_table.h"

/** sqlite_read_scan(file, table, each, context, fault): every row that is not marked as deleted; ours: it has
 * an envelope of ours. A table that is not there has none. */
int sqlite_read_scan(struct sqlite_file *file, struct sqlite_table *table, daybreak_scan_fn each, void *context,
                     struct daybreak_fault *fault);
/** sqlite_read_older(file, table, version, rows, fault): how many rows batches of other versions of the pipeline file wrote; -1 where rows carry
 * no batch. */
int sqlite_read_older(struct sqlite_file *file, struct sqlite_table *table, const char *version, int64_t *rows,
                      struct daybreak_fault *fault);
/** sqlite_read_find(file, table, key, json, fault): row, provenance and history of a key; malloc'ed. */
int sqlite_read_find(struct sqlite_file *file, const struct sqlite_table *table, const struct daybreak_text *key,
                     char **json, struct daybreak_fault *fault);

#endif
