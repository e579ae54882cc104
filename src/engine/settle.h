/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_SETTLE_H
#define ENGINE_SETTLE_H

#include <stdint.h>

#include "engine/pipeline.h"

/** settle_columns(pipeline, table): the source columns that the last finished input of ${table} had, into table->known. */
void settle_columns(struct pipeline *pipeline, struct pipeline_table *table);
/** settle_intend(pipeline, withheld, fault): before the last commit of an input: the columns it had, and why its deletes are ${withheld}
 * (if they are), under the number its last batch will have. */
int settle_intend(struct pipeline *pipeline, const struct guard_verdict *withheld, struct daybreak_fault *fault);
/** settle_input(pipeline, id, withheld, rows, fault): the target has all of the input; in one ledger commit it is done (or held, for the
 * deletes that were ${withheld}), its columns are known, and what was held before is superseded. */
int settle_input(struct pipeline *pipeline, int64_t id, const struct guard_verdict *withheld, int64_t rows, struct daybreak_fault *fault);
/** settle_landed(pipeline, table, counts, same, fault): what has landed of the input at the position, of one table; ${same}: all of it by
 * this very pipeline file. */
int settle_landed(struct pipeline *pipeline, const char *table, struct daybreak_counts *counts, bool *same, struct daybreak_fault *fault);
/** settle_again(pipeline, fault): at start, what a life that ended between the two commits left undone of that. */
int settle_again(struct pipeline *pipeline, struct daybreak_fault *fault);

#endif
