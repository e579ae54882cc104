/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database answered, by key. Two generations: answers are added to the young one, and one that is asked for in the old one moves
 * over; when the young one has half of the room, the old one is forgotten. So what is asked for often stays, and nothing is counted per use.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "lookup_parts.h"

struct kept {
    uint64_t hash;
    const char *key;
    uint32_t size;
    struct lookup_answer answer;
    uint32_t columns;
    const struct lookup_column *column;
};

struct generation {
    struct arena *arena;
    struct kept **slot;
    uint32_t mask, count;
    size_t bytes;
};

struct lookup_cache {
    struct generation young, old;
    size_t half;                /* bytes of one generation */
};

static void
generation_init(struct generation *generation)
{
    *generation = (struct generation){.arena = arena_new(), .mask = 1023};
    generation->slot = memory_zero(1024 * sizeof *generation->slot);
}

static void
generation_fini(struct generation *generation)
{
    arena_free(generation->arena);
    free(generation->slot);
}

struct lookup_cache *
lookup_cache_new(size_t bytes)
{
    struct lookup_cache *cache = memory_zero(sizeof *cache);

    cache->half = bytes / 2;
    generation_init(&cache->young);
    generation_init(&cache->old);
    return cache;
}

void
lookup_cache_free(struct lookup_cache *cache)
{
    if (cache == NULL)
        return;
    generation_fini(&cache->young);
    generation_fini(&cache->old);
    free(cache);
}

void
lookup_cache_clear(struct lookup_cache *cache)
{
    generation_fini(&cache->young);
    generation_fini(&cache->old);
    generation_init(&cache->young);
    generation_init(&cache->old);
}

static struct kept *
find(const struct generation *generation, const char *key, uint32_t size, uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & generation->mask; generation->slot[at] != NULL; at = (at + 1) & generation->mask) {
        struct kept *kept = generation->slot[at];

        if (kept->hash == hash && kept->size == size && memcmp(kept->key, key, size) == 0)
            return kept;
    }
    return NULL;
}

static void
put(struct generation *generation, struct kept *kept)
{
    uint32_t at = (uint32_t)kept->hash & generation->mask;

    while (generation->slot[at] != NULL)
        at = (at + 1) & generation->mask;
    generation->slot[at] = kept;
}

static void
widen(struct generation *generation)
{
    struct kept **slot = generation->slot;
    uint32_t slots = generation->mask + 1;

    generation->mask = slots * 2 - 1;
    generation->slot = memory_zero((size_t)slots * 2 * sizeof *slot);
    for (uint32_t i = 0; i < slots; i++)
        if (slot[i] != NULL)
            put(generation, slot[i]);
    free(slot);
}

static struct lookup_answer
answer_copy(struct generation *generation, const struct lookup_answer *from, uint32_t columns, const struct lookup_column *column)
{
    struct lookup_answer answer = *from;

    if (from->bad != NULL) {
        struct lookup_bad *bad = arena_alloc(generation->arena, sizeof *bad);

        *bad = (struct lookup_bad){from->bad->reason, arena_text(generation->arena, from->bad->detail)};
        answer.bad = bad;
        generation->bytes += sizeof *bad + strlen(bad->detail);
    }
    if (from->cell != NULL) {
        union lookup_cell *cell = arena_alloc(generation->arena, columns * sizeof *cell);
        uint8_t *null = arena_alloc(generation->arena, columns);

        memcpy(cell, from->cell, columns * sizeof *cell);
        memcpy(null, from->null, columns);
        for (uint32_t c = 0; c < columns; c++)
            if (!null[c] && (column[c].type.type == DAYBREAK_TYPE_TEXT || column[c].type.type == DAYBREAK_TYPE_BYTES)) {
                cell[c].text.at = arena_bytes(generation->arena, cell[c].text.at, cell[c].text.size);
                generation->bytes += cell[c].text.size + 16;
            }
        answer.cell = cell;
        answer.null = null;
        generation->bytes += columns * (sizeof *cell + 1) + 16;
    }
    return answer;
}

static const struct lookup_answer *
add(struct generation *generation, const struct kept *from)
{
    struct kept *kept = arena_alloc(generation->arena, sizeof *kept);

    *kept = *from;
    kept->key = arena_bytes(generation->arena, from->key, from->size);
    kept->answer = answer_copy(generation, &from->answer, from->columns, from->column);
    generation->bytes += sizeof *kept + from->size + 32;
    if (++generation->count > generation->mask / 4 * 3)
        widen(generation);
    put(generation, kept);
    return &kept->answer;
}

const struct lookup_answer *
lookup_cache_find(struct lookup_cache *cache, const char *key, uint32_t size, uint64_t hash)
{
    const struct kept *kept = find(&cache->young, key, size, hash);

    if (kept != NULL)
        return &kept->answer;
    kept = cache->old.count == 0 ? NULL : find(&cache->old, key, size, hash);
    return kept == NULL ? NULL : add(&cache->young, kept);
}

const struct lookup_answer *
lookup_cache_add(struct lookup_cache *cache, const char *key, uint32_t size, uint64_t hash, const struct lookup_answer *answer,
                 uint32_t columns, const struct lookup_column *column)
{
    struct kept kept = {.hash = hash, .key = key, .size = size, .answer = *answer, .columns = columns, .column = column};

    return add(&cache->young, &kept);
}

void
lookup_cache_turn(struct lookup_cache *cache)
{
    if (cache->young.bytes < cache->half)
        return;
    generation_fini(&cache->old);
    cache->old = cache->young;
    generation_init(&cache->young);
}
