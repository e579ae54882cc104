/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_READ_H
#define POSTGRES_READ_H

#include "postgres_table.h"

/** postgres_read_scan(wire, table, each, context, fault): every row that is not marked as deleted; ours: it has an envelope of ours. A table
 * that is not there has none. */
int postgres_read_scan(struct postgres_wire *wire, struct postgres_table *table, daybreak_scan_fn each, void *context, struct daybreak_fault *fault);
/** postgres_read_older(wire, table, version, rows, fault): how many rows batches of other versions of the pipeline file wrote; -1 where rows
 * carry no batch. */
int postgres_read_older(struct postgres_wire *wire, struct postgres_table *table, const char *version, int64_t *rows, struct daybreak_fault *fault);
/** postgres_read_find(wire, table, key, json, fault): row, provenance and history of a key; malloc'ed. */
int postgres_read_find(struct postgres_wire *wire, const struct postgres_table *table, const struct daybreak_text *key, char **json,
                       struct daybreak_fault *fault);

#endif
