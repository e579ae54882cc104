/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_MAKE_H
#define SQLITE_MAKE_H

#include "sqlite_table.h"

/** sqlite_make_table(file, table, feeder, fault): inside a transaction: look, then make or widen what is ours. */
int sqlite_make_table(struct sqlite_file *file, struct sqlite_table *table, const struct sqlite_feeder *feeder,
                      struct daybreak_fault *fault);

#endif
