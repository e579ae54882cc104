/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is newer than the base: an arena of versions that only grows, in the bytes the journal will hold,
 * and an open-addressed table of one word a key. Nothing is allocated per key: 8 bytes of it cost some 42
 * while a first load builds up.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "change/memory_parts.h"

#define OFFSET_BITS 40
#define OFFSET_MASK ((UINT64_C(1) << OFFSET_BITS) - 1)

void
memory_overlay_init(struct memory_overlay *overlay)
{
    memset(overlay, 0, sizeof *overlay);
    overlay->size = overlay->landed = overlay->journalled = MEMORY_START;
    overlay->plain = true;
}

static void
places_free(struct memory_overlay *overlay)
{
    memory_pages_free(overlay->place, sizeof *overlay->place << overlay->bits);
}

void
memory_overlay_fini(struct memory_overlay *overlay)
{
    free(overlay->at);
    places_free(overlay);
    free(overlay->seen);
    free(overlay->below);
    memory_overlay_init(overlay);
}

void
memory_overlay_forget(struct memory_overlay *overlay)
{
    if (overlay->bits > 0)
        memset(overlay->place, 0, sizeof *overlay->place << overlay->bits);
    overlay->used = 0;
}

uint8_t *
memory_overlay_room(struct memory_overlay *overlay, size_t size)
{
    if (overlay->room - overlay->size < size || overlay->at == NULL) {
        size_t room = overlay->size + size;

        overlay->room = room + room / 2 + 4096;
        overlay->at = memory_grow(overlay->at, overlay->room);
    }
    return overlay->at + overlay->size;
}

bool
memory_overlay_read(const struct memory_overlay *overlay, uint64_t offset, size_t end, struct memory_version *version)
{
    const uint8_t *at = overlay->at + offset;
    size_t room = end - offset, size;

    if (room < 1)
        return false;
    version->kind = at[0];
    switch (at[0] & ~MEMORY_UNDONE) {
    case MEMORY_PUT:
        if (!memory_entry_read(at + 1, room - 1, &version->entry))
            return false;
        version->size = 1 + version->entry.size;
        return true;
    case MEMORY_REMOVE:
        memset(&version->entry, 0, sizeof version->entry);
        size = memory_varint_read(at + 1, at + room, &version->entry.key_size);
        if (size == 0 || version->entry.key_size == 0 || room - 1 - size < version->entry.key_size)
            return false;
        version->entry.key = (const char *)at + 1 + size;
        version->size = 1 + size + version->entry.key_size;
        return true;
    case MEMORY_RESEED:
        version->size = 17;
        return room >= 17;
    case MEMORY_CLEAR:
        version->size = 1;
        return true;
    default:
        return false;
    }
}

/* The key's place, or the free one where it would stand. */
static uint64_t *
place_of(const struct memory_overlay *overlay, uint64_t hash, const char *key, uint32_t size, struct memory_version *version)
{
    uint64_t mask = (UINT64_C(1) << overlay->bits) - 1, at = hash >> (64 - overlay->bits);

    for (; overlay->place[at] != 0; at = (at + 1) & mask) {
        if (overlay->place[at] >> OFFSET_BITS != (hash & 0xffffff))
            continue;
        if (memory_overlay_read(overlay, overlay->place[at] & OFFSET_MASK, overlay->size, version) &&
            version->entry.key_size == size && memcmp(version->entry.key, key, size) == 0)
            break;
    }
    return &overlay->place[at];
}

uint64_t
memory_overlay_find(const struct memory_overlay *overlay, uint64_t hash, const char *key, uint32_t size,
                    struct memory_version *version)
{
    const uint64_t *place;

    if (overlay->used == 0)
        return MEMORY_NONE;
    place = place_of(overlay, hash, key, size, version);
    return *place == 0 || version->kind & MEMORY_UNDONE ? MEMORY_NONE : *place & OFFSET_MASK;
}

/* Twice the places. The versions lie all over the arena: they are asked for some steps ahead. */
static void
grow(struct memory_overlay *overlay, uint64_t seed)
{
    uint32_t bits = overlay->bits == 0 ? 10 : overlay->bits + 1;
    uint64_t count = overlay->bits == 0 ? 0 : UINT64_C(1) << overlay->bits, mask = (UINT64_C(1) << bits) - 1;
    uint64_t *place = memory_pages(sizeof *place << bits);
    struct memory_version version;

    overlay->used = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t ahead = i + 16 < count ? overlay->place[i + 16] : 0, at;

        if (ahead != 0)
            __builtin_prefetch(overlay->at + (ahead & OFFSET_MASK));
        if (overlay->place[i] == 0 ||
            !memory_overlay_read(overlay, overlay->place[i] & OFFSET_MASK, overlay->size, &version) ||
            version.kind & MEMORY_UNDONE)
            continue;
        at = XXH3_64bits_withSeed(version.entry.key, version.entry.key_size, seed) >> (64 - bits);
        while (place[at] != 0)
            at = (at + 1) & mask;
        place[at] = overlay->place[i];
        overlay->used++;
    }
    places_free(overlay);
    overlay->place = place;
    overlay->bits = bits;
}

void
memory_overlay_lead(struct memory_overlay *overlay, uint64_t hash, const char *key, uint32_t size, uint64_t offset,
                    uint64_t seed)
{
    struct memory_version version;
    uint64_t *place;

    if (overlay->bits == 0 || overlay->used >= (UINT64_C(3) << overlay->bits) / 4)
        grow(overlay, seed);
    place = place_of(overlay, hash, key, size, &version);
    if (*place == 0)
        overlay->used++;
    else
        overlay->plain = false;
    *place = offset | (hash & 0xffffff) << OFFSET_BITS;
    if ((offset >> 10) >= overlay->seen_words) {
        size_t words = (size_t)(offset >> 10) * 3 / 2 + 64;

        overlay->seen = memory_grow(overlay->seen, words * sizeof *overlay->seen);
        memset(overlay->seen + overlay->seen_words, 0, (words - overlay->seen_words) * sizeof *overlay->seen);
        overlay->seen_words = words;
    }
}

void
memory_overlay_prefetch(const struct memory_overlay *overlay, uint64_t hash)
{
    if (overlay->used > 0)
        __builtin_prefetch(&overlay->place[hash >> (64 - overlay->bits)]);
}

void
memory_overlay_prefetch_version(const struct memory_overlay *overlay, uint64_t hash)
{
    uint64_t mask = (UINT64_C(1) << overlay->bits) - 1;

    if (overlay->used == 0)
        return;
    for (uint64_t at = hash >> (64 - overlay->bits); overlay->place[at] != 0; at = (at + 1) & mask)
        if (overlay->place[at] >> OFFSET_BITS == (hash & 0xffffff)) {
            __builtin_prefetch(overlay->at + (overlay->place[at] & OFFSET_MASK));
            return;
        }
}

/* Versions come in rising order, so that what stands on what is found by halving. */
void
memory_overlay_stand(struct memory_overlay *overlay, uint64_t version, uint64_t below)
{
    if (overlay->below_count == overlay->below_room) {
        overlay->below_room = overlay->below_room == 0 ? 64 : overlay->below_room * 2;
        overlay->below = memory_grow(overlay->below, overlay->below_room * sizeof *overlay->below);
    }
    overlay->below[overlay->below_count++] = (struct memory_below){version, below};
}

uint64_t
memory_overlay_below(const struct memory_overlay *overlay, uint64_t version)
{
    size_t low = 0, high = overlay->below_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (overlay->below[middle].version < version)
            low = middle + 1;
        else
            high = middle;
    }
    return low < overlay->below_count && overlay->below[low].version == version ? overlay->below[low].below : MEMORY_NONE;
}

bool
memory_overlay_seen(const struct memory_overlay *overlay, uint64_t offset)
{
    return overlay->seen[offset >> 10] >> (offset >> 4 & 63) & 1;
}

void
memory_overlay_see(struct memory_overlay *overlay, uint64_t offset)
{
    overlay->seen[offset >> 10] |= UINT64_C(1) << (offset >> 4 & 63);
}
