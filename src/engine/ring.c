/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads and four batches: a mutex and two conditions per megabyte cannot be measured. */
#include "engine/ring.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "record/batch.h"

#define RING_BATCHES 4

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t room, work;
    struct batch *spare[RING_BATCHES];
    unsigned spares;
    struct batch *queue[RING_BATCHES];
    unsigned first, count;
    bool stopped, failed;
    struct daybreak_fault fault;
};

struct ring *
ring_new(void)
{
    struct ring *ring = memory_zero(sizeof *ring);

    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->room, NULL);
    pthread_cond_init(&ring->work, NULL);
    for (unsigned i = 0; i < RING_BATCHES; i++)
        ring->spare[ring->spares++] = batch_new();
    return ring;
}

void
ring_free(struct ring *ring)
{
    if (ring == NULL)
        return;
    ring_reset(ring);
    for (unsigned i = 0; i < ring->spares; i++)
        batch_free(ring->spare[i]);
    pthread_cond_destroy(&ring->work);
    pthread_cond_destroy(&ring->room);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

struct batch *
ring_free_batch(struct ring *ring)
{
    struct batch *batch = NULL;

    pthread_mutex_lock(&ring->lock);
    while (ring->spares == 0 && !ring->stopped)
        pthread_cond_wait(&ring->room, &ring->lock);
    if (!ring->stopped)
        batch = ring->spare[--ring->spares];
    pthread_mutex_unlock(&ring->lock);
    if (batch != NULL)
        batch_reset(batch);
    return batch;
}

void
ring_give(struct ring *ring, struct batch *batch, const struct daybreak_fault *fault)
{
    pthread_mutex_lock(&ring->lock);
    if (fault != NULL) {
        ring->failed = true;
        ring->fault = *fault;
        ring->spare[ring->spares++] = batch;
    } else {
        ring->queue[(ring->first + ring->count++) % RING_BATCHES] = batch;
    }
    pthread_cond_signal(&ring->work);
    pthread_mutex_unlock(&ring->lock);
}

int
ring_take(struct ring *ring, struct batch **batch, struct daybreak_fault *fault)
{
    int result = 0;

    pthread_mutex_lock(&ring->lock);
    while (ring->count == 0 && !ring->failed)
        pthread_cond_wait(&ring->work, &ring->lock);
    if (ring->count > 0) {
        *batch = ring->queue[ring->first];
        ring->first = (ring->first + 1) % RING_BATCHES;
        ring->count--;
    } else {
        *fault = ring->fault;
        result = -1;
    }
    pthread_mutex_unlock(&ring->lock);
    return result;
}

unsigned
ring_waiting(struct ring *ring)
{
    unsigned count;

    pthread_mutex_lock(&ring->lock);
    count = ring->count;
    pthread_mutex_unlock(&ring->lock);
    return count;
}

void
ring_return(struct ring *ring, struct batch *batch)
{
    pthread_mutex_lock(&ring->lock);
    ring->spare[ring->spares++] = batch;
    pthread_cond_signal(&ring->room);
    pthread_mutex_unlock(&ring->lock);
}

void
ring_stop(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->stopped = true;
    pthread_cond_signal(&ring->room);
    pthread_mutex_unlock(&ring->lock);
}

void
ring_reset(struct ring *ring)
{
    while (ring->count > 0) {
        ring->spare[ring->spares++] = ring->queue[ring->first];
        ring->first = (ring->first + 1) % RING_BATCHES;
        ring->count--;
    }
    ring->stopped = ring->failed = false;
}
