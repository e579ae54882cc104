/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESYNC_H
#define ENGINE_RESYNC_H

#include "engine/pipeline.h"

/**
 * resync_seed(pipeline, table, batch, fault): the memory of ${table} becomes what its target holds now, so that the input under
 * way is compared with the target itself: for `run --resync`, and for `existing: adopt` before anything of ours landed. Called
 * once an input, after the plan of its columns is made and before its first row is compared; ${batch} is that first one. Staged
 * like everything else: nothing of it stays when the input does not land. Only columns that reach the target are compared;
 * which those are is told to the table's capture. Writing thread. HALT when the load cannot be read back or holds a key twice.
 */
int resync_seed(struct pipeline *pipeline, struct pipeline_table *table, const struct batch *batch, struct daybreak_fault *fault);

/** resync_shape(table, batch, fault): what each row of the batch would be in the target, for capture to compare, where
 * transforms compute. */
int resync_shape(struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault);

#endif
