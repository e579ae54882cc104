/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RING_H
#define ENGINE_RING_H

#include <stdbool.h>

#include "daybreak/connector.h"

struct batch;

/* A bounded ring of batches between the reading and the writing thread; one of each. */
struct ring;

struct ring *ring_new(void);
void ring_free(struct ring *ring);
/** ring_free_batch(ring): an empty batch to read into; waits while all are under way. NULL when the writer gave up (ring_stop). */
struct batch *ring_free_batch(struct ring *ring);
/** ring_give(ring, batch, fault): the batch is read. ${fault} not NULL: reading ended with it, after this batch. */
void ring_give(struct ring *ring, struct batch *batch, const struct daybreak_fault *fault);
/** ring_take(ring, batch, fault): the next batch in order; -1 with the reader's fault (its batch is given back by then). */
int ring_take(struct ring *ring, struct batch **batch, struct daybreak_fault *fault);
/** ring_waiting(ring): how many batches were read and not taken yet. */
unsigned ring_waiting(struct ring *ring);
void ring_return(struct ring *ring, struct batch *batch);
/** ring_stop(ring): the writer wants no more; the reader gets NULL. ring_reset: as new; neither thread may be inside. */
void ring_stop(struct ring *ring);
void ring_reset(struct ring *ring);

#endif
