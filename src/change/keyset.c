/* SPDX-License-Identifier: Apache-2.0 */
/* A small set of keys: open addressing over texts in an arena, in the order they came. */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "change/change.h"

struct keyset {
    struct arena *arena;
    struct daybreak_text *key;
    uint32_t count, room;
    uint32_t *slot; /* index + 1; twice as many slots as room */
};

struct keyset *
keyset_new(void)
{
    struct keyset *set = memory_zero(sizeof *set);

    set->arena = arena_new();
    return set;
}

void
keyset_free(struct keyset *set)
{
    if (set == NULL)
        return;
    arena_free(set->arena);
    free(set->key);
    free(set->slot);
    free(set);
}

void
keyset_clear(struct keyset *set)
{
    if (set->count == 0)
        return;
    set->count = 0;
    memset(set->slot, 0, (size_t)set->room * 2 * sizeof *set->slot);
    arena_reset(set->arena);
}

static uint32_t *
find(const struct keyset *set, const char *key, uint32_t size)
{
    uint32_t mask = set->room * 2 - 1;
    uint32_t at = (uint32_t)XXH3_64bits(key, size) & mask;

    while (set->slot[at] != 0) {
        const struct daybreak_text *there = &set->key[set->slot[at] - 1];

        if (there->size == size && memcmp(there->at, key, size) == 0)
            break;
        at = (at + 1) & mask;
    }
    return &set->slot[at];
}

bool
keyset_add(struct keyset *set, const char *key, uint32_t size)
{
    uint32_t *slot;

    if (set->count == set->room) {
        set->room = set->room == 0 ? 16 : set->room * 2;
        set->key = memory_grow(set->key, set->room * sizeof *set->key);
        free(set->slot);
        set->slot = memory_zero((size_t)set->room * 2 * sizeof *set->slot);
        for (uint32_t i = 0; i < set->count; i++)
            *find(set, set->key[i].at, set->key[i].size) = i + 1;
    }
    slot = find(set, key, size);
    if (*slot != 0)
        return false;
    set->key[set->count++] = (struct daybreak_text){arena_bytes(set->arena, key, size), size};
    *slot = set->count;
    return true;
}

bool
keyset_has(const struct keyset *set, const char *key, uint32_t size)
{
    return set->count > 0 && *find(set, key, size) != 0;
}

uint32_t
keyset_index(const struct keyset *set, const char *key, uint32_t size)
{
    return set->count == 0 ? UINT32_MAX : *find(set, key, size) - 1;
}

uint32_t
keyset_count(const struct keyset *set)
{
    return set->count;
}

void
keyset_get(const struct keyset *set, uint32_t i, struct daybreak_text *key)
{
    *key = set->key[i];
}
