/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_JOIN_H
#define JOB_PARITY_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "job/parity.h"
#include "parity_spool.h"

/* A key that will be shown. */
struct parity_pick {
    int64_t ordinal[2];
    char *key; /* malloc'ed */
    uint32_t key_size;
    char *cells[2]; /* malloc'ed; of a changed one, from the second pass */
    uint32_t cells_size[2];
};

/* The first few of one class in the order of the dump: A's, for what is only in B B's. */
struct parity_picks {
    struct parity_pick *pick;
    uint32_t count, most;
};

/* What the joins find, over all partitions. */
struct parity_findings {
    int64_t equal, missing, extra, different, unclear;
    int64_t repeated[2], duplicate[2];
    uint8_t *differs[2];        /* a bit for each ordinal that the second pass must read */
    int64_t last[2];            /* the last such ordinal */
    struct parity_picks picks[PARITY_CLASSES];
    int64_t *column;            /* second pass: by number of column */
    int64_t compared;           /* second pass: pairs seen */
};

/**
 * parity_join_rows(spools, partition, memory_bytes, findings, fault): first pass: match keys, compare hashes. When
 * the partition needs more memory than that it is walked several times, a share of its keys at a time.
 */
int parity_join_rows(struct parity_spool *const spools[2], uint32_t partition, int64_t memory_bytes,
                     struct parity_findings *findings, struct daybreak_fault *fault);
/** parity_join_cells: second pass, over spools that keep cells: which columns of each pair differ. */
int parity_join_cells(struct parity_spool *const spools[2], uint32_t partition, int64_t memory_bytes,
                      struct parity_findings *findings, struct daybreak_fault *fault);

/* Cells as they are hashed and kept: for each that is not null its column's number and size, then its bytes; by rising number. */
struct parity_cell {
    uint32_t column, size;
    const char *at;
};

/** parity_cell_next(at, end, cell): false at the end. */
bool parity_cell_next(const char **at, const char *end, struct parity_cell *cell);

typedef void (*parity_cell_fn)(void *context, uint32_t column, const struct parity_cell *left, const struct parity_cell *right);
/** parity_cells_differ(left, left_size, right, right_size, each, context): each column whose cell differs; NULL for
 * a null cell. */
void parity_cells_differ(const char *left, uint32_t left_size, const char *right, uint32_t right_size, parity_cell_fn each,
                         void *context);

#endif
