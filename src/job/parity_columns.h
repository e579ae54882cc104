/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_COLUMNS_H
#define JOB_PARITY_COLUMNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "job/parity.h"

#define PARITY_COLUMNS_MAX 10000

/* A name both sides know by the same number. The key columns are 0, 1, … in the order of the request. */
struct parity_name {
    const char *name; /* lent until parity_columns_fini */
    uint32_t size;
    bool key, compared;
    bool seen[2];
};

/* The names of both sides. Readers on two threads add to it; what is added never moves or changes its number. */
struct parity_columns {
    pthread_mutex_t lock;
    const struct parity_request *request;
    struct arena *arena;
    struct parity_name **entry;
    uint32_t count, room;
    uint32_t *slot; /* number + 1 by hash; always twice as many as room */
};

void parity_columns_init(struct parity_columns *columns, const struct parity_request *request);
void parity_columns_fini(struct parity_columns *columns);
/** parity_columns_id(columns, side, name, size, id, entry, fault): its number, new when it is a new name. Any
 * thread. */
int parity_columns_id(struct parity_columns *columns, int side, const char *name, size_t size, uint32_t *id,
                      const struct parity_name **entry, struct daybreak_fault *fault);
/** parity_columns_check(columns, fault): that every column the request names was seen; once both sides told theirs. */
int parity_columns_check(struct parity_columns *columns, struct daybreak_fault *fault);
/** parity_columns_lacks(columns, key, have, count, side, fault): the fault of a side without the key column ${key}. */
int parity_columns_lacks(const char *key, const char *const *have, size_t count, const char *side,
                         struct daybreak_fault *fault);

#endif
