/* SPDX-License-Identifier: Apache-2.0 */
/* Off the road, in the comparison: records in partitions, in memory while there is room and in a file beyond. */
#include "parity_spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "parity_plain.h"

#define BLOCK_LEAST 1024
#define BLOCK_MOST (64u << 10)

/* As it lies in a block: this head, the key, and where cells are kept their size and bytes. Nothing is aligned. */
struct head {
    uint64_t row[2];
    uint64_t what; /* ordinal, bad, size of the key: 39, 1, 24 bits from above */
    uint32_t hash;
} __attribute__((packed));

struct segment {
    char *bytes; /* NULL: in the file */
    int64_t at;
    uint32_t size;
};

struct partition {
    struct segment *segment; /* full ones */
    uint32_t segments, room;
    char *block; /* the one being filled */
    uint32_t used;
    int64_t records, bytes;
};

struct parity_spool {
    struct partition *partition;
    uint32_t partitions, bits;
    uint32_t block_bytes;
    int64_t memory, memory_most;
    bool cells;
    int fd; /* -1: nothing was too much yet */
    int64_t end;
    char *back; /* a segment read from the file */
    uint32_t back_room;
};

struct parity_spool *
parity_spool_new(uint32_t partition_bits, int64_t memory_bytes, bool cells)
{
    struct parity_spool *spool = memory_zero(sizeof *spool);
    int64_t block = (memory_bytes >> partition_bits) / 2;

    spool->bits = partition_bits;
    spool->partitions = 1u << partition_bits;
    spool->partition = memory_zero(spool->partitions * sizeof *spool->partition);
    spool->block_bytes = block < BLOCK_LEAST ? BLOCK_LEAST : block > BLOCK_MOST ? BLOCK_MOST : (uint32_t)block;
    spool->memory_most = memory_bytes;
    spool->cells = cells;
    spool->fd = -1;
    return spool;
}

void
parity_spool_free(struct parity_spool *spool)
{
    if (spool == NULL)
        return;
    for (uint32_t p = 0; p < spool->partitions; p++) {
        struct partition *partition = &spool->partition[p];

        for (uint32_t i = 0; i < partition->segments; i++)
            free(partition->segment[i].bytes);
        free(partition->segment);
        free(partition->block);
    }
    if (spool->fd >= 0)
        close(spool->fd);
    free(spool->partition);
    free(spool->back);
    free(spool);
}

static int
spill(struct parity_spool *spool, const char *bytes, uint32_t size, struct daybreak_fault *fault)
{
    uint32_t done = 0;

    if (spool->fd < 0 && parity_plain_temporary(&spool->fd, fault) != 0)
        return -1;
    while (done < size) {
        ssize_t wrote = pwrite(spool->fd, bytes + done, size - done, spool->end + done);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0) {
            fault_set(fault, DAYBREAK_HALT, "cannot write a temporary file: %s", strerror(wrote < 0 ? errno : ENOSPC));
            fault_hint(fault, "set TMPDIR to a folder with room, or --memory to more");
            return fault_exit(fault, 74, "no_room");
        }
        done += (uint32_t)wrote;
    }
    spool->end += size;
    return 0;
}

/* The block that is full becomes a segment; a block of memory stays for the next one. */
static int
seal(struct parity_spool *spool, struct partition *partition, struct daybreak_fault *fault)
{
    struct segment *segment;
    bool keep = spool->memory + partition->used <= spool->memory_most;

    if (partition->segments == partition->room) {
        partition->room = partition->room == 0 ? 8 : partition->room * 2;
        partition->segment = memory_grow(partition->segment, partition->room * sizeof *partition->segment);
    }
    segment = &partition->segment[partition->segments];
    *segment = (struct segment){.at = spool->end, .size = partition->used};
    if (!keep && spill(spool, partition->block, partition->used, fault) != 0)
        return -1;
    if (keep) {
        segment->bytes = partition->block;
        spool->memory += partition->used;
        partition->block = NULL;
    }
    partition->segments++;
    partition->used = 0;
    return 0;
}

int
parity_spool_add(struct parity_spool *spool, uint64_t hash, const struct parity_record *record, struct daybreak_fault *fault)
{
    struct partition *partition = &spool->partition[spool->bits == 0 ? 0 : hash >> (64 - spool->bits)];
    uint32_t size = (uint32_t)sizeof(struct head) + record->key_size;
    struct head head = {{record->row[0], record->row[1]},
                        (uint64_t)record->ordinal << 25 | (uint64_t)record->bad << 24 | record->key_size,
                        record->hash};
    char *to;

    if (spool->cells)
        size += 4 + record->cells_size;
    if (partition->used + size > spool->block_bytes && partition->used > 0 && seal(spool, partition, fault) != 0)
        return -1;
    if (size > spool->block_bytes) { /* a block of its own */
        free(partition->block);
        partition->block = memory_need(size);
    } else if (partition->block == NULL) {
        partition->block = memory_need(spool->block_bytes);
    }
    to = partition->block + partition->used;
    memcpy(to, &head, sizeof head);
    memcpy(to + sizeof head, record->key, record->key_size);
    if (spool->cells) {
        memcpy(to + sizeof head + record->key_size, &record->cells_size, 4);
        memcpy(to + sizeof head + record->key_size + 4, record->cells, record->cells_size);
    }
    partition->used += size;
    partition->records++;
    partition->bytes += size;
    if (size <= spool->block_bytes)
        return 0;
    if (seal(spool, partition, fault) != 0)
        return -1;
    free(partition->block); /* too large to be used again */
    partition->block = NULL;
    return 0;
}

int64_t
parity_spool_records(const struct parity_spool *spool, uint32_t partition)
{
    return spool->partition[partition].records;
}

int64_t
parity_spool_bytes(const struct parity_spool *spool, uint32_t partition)
{
    return spool->partition[partition].bytes;
}

bool
parity_spool_spilled(const struct parity_spool *spool)
{
    return spool->fd >= 0;
}

/* ---- reading back ------------------------------------------------------------------------------- */

static int
load(struct parity_spool *spool, const struct segment *segment, struct parity_walk *walk, struct daybreak_fault *fault)
{
    uint32_t done = 0;

    walk->at = 0;
    walk->size = segment->size;
    walk->bytes = segment->bytes;
    if (segment->bytes != NULL)
        return 0;
    if (segment->size > spool->back_room) {
        spool->back_room = segment->size;
        spool->back = memory_grow(spool->back, spool->back_room);
    }
    while (done < segment->size) {
        ssize_t got = pread(spool->fd, spool->back + done, segment->size - done, segment->at + done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            fault_set(fault, DAYBREAK_HALT, "cannot read a temporary file back: %s", got < 0 ? strerror(errno) : "it is shorter");
            return fault_exit(fault, 74, "temporary_lost");
        }
        done += (uint32_t)got;
    }
    walk->bytes = spool->back;
    return 0;
}

int
parity_spool_next(struct parity_spool *spool, uint32_t which, struct parity_walk *walk, struct parity_record *record, bool *more,
                  struct daybreak_fault *fault)
{
    const struct partition *partition = &spool->partition[which];
    const char *at;
    struct head head;

    while (walk->at == walk->size) {
        *more = walk->segment <= partition->segments;
        if (!*more)
            return 0;
        if (walk->segment < partition->segments) {
            if (load(spool, &partition->segment[walk->segment], walk, fault) != 0)
                return -1;
        } else {
            *walk = (struct parity_walk){.segment = walk->segment, .bytes = partition->block, .size = partition->used};
        }
        walk->segment++;
    }
    at = walk->bytes + walk->at;
    memcpy(&head, at, sizeof head);
    *record = (struct parity_record){.row = {head.row[0], head.row[1]}, .ordinal = (int64_t)(head.what >> 25),
                                     .bad = head.what >> 24 & 1, .hash = head.hash,
                                     .key_size = (uint32_t)(head.what & PARITY_KEY_MAX), .key = at + sizeof head};
    walk->at += (uint32_t)sizeof head + record->key_size;
    if (spool->cells) {
        memcpy(&record->cells_size, at + sizeof head + record->key_size, 4);
        record->cells = at + sizeof head + record->key_size + 4;
        walk->at += 4 + record->cells_size;
    }
    *more = true;
    return 0;
}
