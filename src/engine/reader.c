/* SPDX-License-Identifier: Apache-2.0 */
/* The reading thread: records out of the source, their keys and hashes made, typed where all of them land. */
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "engine/reading.h"
#include "engine/ring.h"
#include "record/batch.h"
#include "source/source.h"

/* Marks of its first and its last row; with --limit the batch ends with the ${kept}th, and what is behind it is for the next run. */
static int
batch_end(struct pipeline *p, struct batch *batch, uint32_t kept, struct daybreak_fault *fault)
{
    struct daybreak_rows *rows = &batch->rows;

    if (kept == 0)
        return 0;
    if (source_mark(p->source, batch, 0, batch->first, fault) != 0 || source_mark(p->source, batch, kept - 1, batch->last, fault) != 0)
        return -1;
    if (kept < rows->rows) {
        rows->consumed = rows->start[kept];
        rows->rows = kept;
    }
    return 0;
}

static void *
reader_main(void *context)
{
    struct pipeline *p = context;
    struct batch *batch;
    int64_t left = p->limit > 0 ? p->limit_left : INT64_MAX;

    while ((batch = ring_free_batch(p->ring)) != NULL) {
        struct daybreak_fault fault = {0};
        enum daybreak_next next;
        uint32_t kept;

        if (source_read(p->source, batch, &fault) != 0) {
            ring_give(p->ring, batch, &fault);
            return NULL;
        }
        batch->story.read_at = clock_now_us();
        kept = batch->rows.rows < left ? batch->rows.rows : (uint32_t)left;
        left -= kept;
        if (left == 0)
            batch->next = DAYBREAK_INPUT_END;
        next = batch->next;
        if (batch_end(p, batch, kept, &fault) != 0) {
            ring_give(p->ring, batch, &fault);
            return NULL;
        }
        /* Landing is the slower half where all of it lands; comparing is now the slower one and now the faster: who has time does it. */
        if (batch->rows.rows > 0 && (p->all_land || ring_waiting(p->ring) > 1))
            key_make(&p->table[batch->table].keys_ahead, batch);
        if (batch->rows.rows > 0 && p->all_land)
            batch_type(batch, NULL, 0);
        ring_give(p->ring, batch, NULL);
        if (next == DAYBREAK_INPUT_END || next == DAYBREAK_INPUT_CUT)
            return NULL;
    }
    return NULL;
}

int
reader_start(struct pipeline *p, struct daybreak_fault *fault)
{
    ring_reset(p->ring);
    if (pthread_create(&p->reader, NULL, reader_main, p) != 0)
        return fault_set(fault, DAYBREAK_RETRY, "cannot start the reading thread");
    p->reading = true;
    return 0;
}

void
reader_join(struct pipeline *p)
{
    if (!p->reading)
        return;
    ring_stop(p->ring);
    pthread_join(p->reader, NULL);
    ring_reset(p->ring);
    p->reading = false;
}
