/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_SPOOL_H
#define JOB_PARITY_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

#define PARITY_KEY_MAX ((1u << 24) - 1)

/* What is kept of a row until both sides were read. */
struct parity_record {
    uint64_t row[2]; /* its hash, the key left out */
    int64_t ordinal; /* rows before it on its side */
    bool bad;        /* its key is all that is known */
    uint32_t hash;   /* the lower half of the key's */
    uint32_t key_size, cells_size;
    const char *key, *cells; /* cells: only in a spool that keeps them */
};

/*
 * The records of one side, thrown into partitions by the upper bits of the key's hash, so that each can be joined
 * by itself. What is beyond ${memory_bytes} lies in an unlinked temporary file. One thread at a time.
 */
struct parity_spool;

struct parity_spool *parity_spool_new(uint32_t partition_bits, int64_t memory_bytes, bool cells);
void parity_spool_free(struct parity_spool *spool);
/** parity_spool_add(spool, hash, record, fault): copies. A full disk is a fault of status 74. */
int parity_spool_add(struct parity_spool *spool, uint64_t hash, const struct parity_record *record, struct daybreak_fault *fault);
/** parity_spool_records, _bytes(spool, partition): how many, and of what size together. */
int64_t parity_spool_records(const struct parity_spool *spool, uint32_t partition);
int64_t parity_spool_bytes(const struct parity_spool *spool, uint32_t partition);
bool parity_spool_spilled(const struct parity_spool *spool);

/* A walk over a partition in the order of adding; zeroed it stands before the first. Records are lent until the next call. */
struct parity_walk {
    uint32_t segment;
    uint32_t at, size;
    const char *bytes;
};

int parity_spool_next(struct parity_spool *spool, uint32_t partition, struct parity_walk *walk, struct parity_record *record,
                      bool *more, struct daybreak_fault *fault);

#endif
