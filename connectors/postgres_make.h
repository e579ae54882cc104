/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_MAKE_H
#define POSTGRES_MAKE_H

#include "postgres_table.h"

/** postgres_make_table(wire, table, feeder, fault): inside a transaction: look, then make or widen what is ours. */
int postgres_make_table(struct postgres_wire *wire, struct postgres_table *table, const struct postgres_feeder *feeder,
                        struct daybreak_fault *fault);
/** postgres_make_envelope(table, sql): the whole envelope as a list of expressions with names, over a row t, its batch b and its story s. A
 * name that a key column has gets the prefix. */
void postgres_make_envelope(const struct postgres_table *table, struct postgres_text *sql);
/** postgres_make_batches(table, sql): the joins from t to its batch and story. */
void postgres_make_batches(const struct postgres_wire *wire, const struct postgres_table *table, struct postgres_text *sql);

#endif
