/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_DEAD_H
#define ENGINE_DEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

struct batch;
struct pipeline;
struct pipeline_table;

/*
 * Dead letters of what is staged and has not landed: rows that capture, a step or the target set aside, each with
 * all that a person needs to mend it. They go into the ledger before the target's commit, and count with it.
 */
struct dead_letters;

struct dead_letters *dead_new(void);
void dead_free(struct dead_letters *letters);
void dead_clear(struct dead_letters *letters);
uint32_t dead_count(const struct dead_letters *letters);
/** dead_first(letters): the first of them, lent until dead_clear; NULL: there is none. */
const struct ledger_dead *dead_first(const struct dead_letters *letters);

/* All three belong to the batch staged last. */
/** dead_asides(pipeline, input, table): what capture set aside. */
void dead_asides(struct pipeline *pipeline, const struct daybreak_input *input, struct pipeline_table *table);
/** dead_stopped(pipeline, input, table, batch): changes that a step set aside, as fate_settle left them. */
void dead_stopped(struct pipeline *pipeline, const struct daybreak_input *input, struct pipeline_table *table,
                  const struct batch *batch);
/** dead_refused(pipeline, input, table, batch): what the target refused: the row as it would have been
 * delivered, and the target's words. */
void dead_refused(struct pipeline *pipeline, const struct daybreak_input *input, struct pipeline_table *table,
                  const struct batch *batch);

/** dead_write(pipeline, last, fault): all of them, and the closings of older letters of keys whose changes land
 * with this commit (${last}: of the input), provisional in the ledger. */
int dead_write(struct pipeline *pipeline, bool last, struct daybreak_fault *fault);
/** dead_remember(pipeline): they landed: a later input of the same run may heal them. */
void dead_remember(struct pipeline *pipeline);
/** dead_rehearse(pipeline): told as what a dry run would set aside. */
void dead_rehearse(struct pipeline *pipeline);

#endif
