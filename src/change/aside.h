/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_ASIDE_H
#define CHANGE_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

struct arena;
struct batch;

/* A row set aside before it became a change: what its dead letter will say. Texts live in the list's arena. */
struct aside {
    uint32_t table;
    const char *reason, *detail;
    const char *key;           /* encoded; size 0: it could not be read */
    uint32_t key_size;
    const char *member;
    int64_t line, byte;        /* -1: not known any more */
    const char *field;         /* NULL: no single one */
    const char *value;         /* cut at 4 KiB */
    uint32_t value_size;
    const char *record;        /* JSON of the row by name */
    uint32_t record_size;
};

struct asides {
    struct arena *arena;
    struct aside *item;
    uint32_t count, room;
};

void asides_init(struct asides *asides);
void asides_clear(struct asides *asides);
void asides_fini(struct asides *asides);
/** asides_add(asides, batch, row, reason, detail): row ${row} of ${batch}, with its first fault when ${reason} is NULL. */
void asides_add(struct asides *asides, const struct batch *batch, uint32_t row, const char *reason, const char *detail);
/** asides_push(asides, aside): a ready one; its texts are copied. */
void asides_push(struct asides *asides, const struct aside *aside);

#endif
