/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a key, and what is new about it. A dump mostly comes in the order of the one
 * before: the base keeps that order, and a cursor tries the entry that should come next before any hash is
 * computed. What is elsewhere is looked up in groups, so that the waits for memory overlap.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "change/memory_parts.h"

#define GROUP 64
#define TRIES 4                  /* keys in a row that no cursor expected: the rest of the group is hashed at once */
#define IN_OVERLAY (UINT64_C(1) << 63)

uint64_t
memory_hash(const struct memory *memory, const char *key, uint32_t size)
{
    return XXH3_64bits_withSeed(key, size, memory->hash_seed);
}

static bool
base_counts(const struct memory *memory)
{
    return memory->base.head.count > 0 && !memory->hidden;
}

static void
found_in_base(const struct memory *memory, uint64_t offset, const struct memory_entry *entry, struct memory_found *found)
{
    found->there = true; /* one by one: this is done for every row, and a whole struct would be made twice */
    found->seen = (memory_base_flags(&memory->base, offset) & MEMORY_SEEN) != 0;
    found->staged = false;
    found->route = entry->route;
    found->ref = offset;
    found->raw = entry->raw;
    found->canon = entry->canon;
    found->row = entry->row;
    found->row_size = entry->row_size;
}

static void
found_in_overlay(const struct memory *memory, uint64_t offset, const struct memory_entry *entry, struct memory_found *found)
{
    *found = (struct memory_found){.there = true, .ref = offset | IN_OVERLAY, .raw = entry->raw, .canon = entry->canon,
                                   .row = entry->row, .row_size = entry->row_size, .route = entry->route,
                                   .staged = offset >= memory->overlay.landed,
                                   .seen = memory_overlay_seen(&memory->overlay, offset)};
}

/* Whole lookup of one key; gives the offset in the base when that is where it counts. */
static uint64_t
look_up(struct memory *memory, uint64_t hash, const char *key, uint32_t size, struct memory_found *found)
{
    struct memory_version version;
    struct memory_entry entry;
    uint64_t offset = memory_overlay_find(&memory->overlay, hash, key, size, &version);

    if (offset != MEMORY_NONE) {
        if (version.kind == MEMORY_PUT)
            found_in_overlay(memory, offset, &version.entry, found);
        else
            *found = (struct memory_found){.there = false};
        return MEMORY_NONE;
    }
    offset = base_counts(memory) ? memory_base_find(&memory->base, hash, key, size, &entry) : MEMORY_NONE;
    if (offset == MEMORY_NONE)
        *found = (struct memory_found){.there = false};
    else
        found_in_base(memory, offset, &entry, found);
    return offset;
}

static inline bool
same_key(const struct memory_entry *entry, const struct memory_item *item)
{
    return entry->key_size == item->key_size && memcmp(entry->key, item->key, item->key_size) == 0;
}

/* The entry that a cursor expects, or the one behind it (a deleted key leaves a gap of one). */
static bool
expected(struct memory *memory, const struct memory_item *item, uint64_t *offset, struct memory_entry *entry)
{
    struct memory_base *base = &memory->base;

    for (size_t c = 0; c < MEMORY_CURSORS; c++) {
        uint64_t at = memory->cursor[c], other = memory->cursor[0];

        for (int step = 0; step < 2 && memory_base_at(base, at, entry); step++) {
            uint64_t next = memory_base_next(base, at, entry);

            if (same_key(entry, item)) {
                *offset = at;
                memory->cursor[0] = next;
                if (c > 0)
                    memory->cursor[c] = other;
                return true;
            }
            at = next;
        }
    }
    return false;
}

/*
 * Ask for all that the lookups of these hashes will touch, and find out where they likely lead. Each loop
 * that asks does nothing else: the shorter it is, the more page walks overlap, and these are what a jump
 * through a large base waits for.
 */
static void
ask_ahead(struct memory *memory, const uint64_t *hash, uint32_t count, uint64_t *guess)
{
    struct memory_base *base = &memory->base;

    if (memory->overlay.used > 0) {
        for (uint32_t k = 0; k < count; k++)
            memory_overlay_prefetch(&memory->overlay, hash[k]);
        for (uint32_t k = 0; k < count; k++)
            memory_overlay_prefetch_version(&memory->overlay, hash[k]);
    }
    if (!base_counts(memory))
        return;
    for (uint32_t k = 0; k < count; k++)
        guess[k] = (uint64_t)(memory_base_line(base, hash[k]) - base->lines);
    for (uint32_t k = 0; k < count; k++)
        __builtin_prefetch(base->lines + guess[k]);
    for (uint32_t k = 0; k < count; k++)
        guess[k] = memory_base_guess(base, hash[k]);
    for (uint32_t k = 0; k < count; k++)
        if (guess[k] != MEMORY_NONE)
            __builtin_prefetch(base->entries + guess[k]);
    for (uint32_t k = 0; k < count; k++)
        if (guess[k] != MEMORY_NONE) {
            __builtin_prefetch(base->entries + guess[k] + 24); /* most entries are done by then */
            __builtin_prefetch(&base->flags[guess[k] >> 9]);
        }
}

static void
find_group(struct memory *memory, const struct memory_item *item, uint32_t count, struct memory_found *found)
{
    bool base = base_counts(memory);
    uint32_t later[GROUP], laters = 0, misses = base ? 0 : TRIES;
    uint64_t hash[GROUP], guess[GROUP], offset, jump = MEMORY_NONE;
    struct memory_entry entry;

    for (uint32_t i = 0; i < count; i++) {
        if (item[i].key_size == 0) {
            found[i] = (struct memory_found){.there = false};
            continue;
        }
        if (misses < TRIES) {
            if (expected(memory, &item[i], &offset, &entry)) {
                misses = 0;
                if (memory_base_flags(&memory->base, offset) & MEMORY_SHADOWED)
                    later[laters++] = i | GROUP; /* the cursor was right all the same */
                else
                    found_in_base(memory, offset, &entry, &found[i]);
                continue;
            }
            misses++;
        }
        later[laters++] = i;
    }
    if (laters == 0)
        return;
    for (uint32_t k = 0; k < laters; k++) {
        const struct memory_item *one = &item[later[k] % GROUP];

        hash[k] = memory_hash(memory, one->key, one->key_size);
        guess[k] = MEMORY_NONE;
    }
    ask_ahead(memory, hash, laters, guess);
    for (uint32_t k = 0; k < laters; k++) {
        uint32_t i = later[k] % GROUP;

        offset = guess[k];
        if (offset != MEMORY_NONE && memory_base_at(&memory->base, offset, &entry) && same_key(&entry, &item[i]) &&
            (memory_base_flags(&memory->base, offset) & MEMORY_SHADOWED) == 0)
            found_in_base(memory, offset, &entry, &found[i]);
        else
            offset = look_up(memory, hash[k], item[i].key, item[i].key_size, &found[i]);
        if (offset != MEMORY_NONE && later[k] < GROUP)
            jump = offset;
    }
    if (jump != MEMORY_NONE && memory_base_at(&memory->base, jump, &entry)) /* the cursor that was right last is kept */
        memory->cursor[MEMORY_CURSORS - 1] = memory_base_next(&memory->base, jump, &entry);
}

void
memory_find(struct memory *memory, const struct memory_item *item, uint32_t count, struct memory_found *found)
{
    for (uint32_t at = 0; at < count; at += GROUP)
        find_group(memory, item + at, count - at < GROUP ? count - at : GROUP, found + at);
}

/* A version was appended at ${offset}: the table leads to it, and what it means is counted. ${staged}: it
 * may be undone. */
static void
take_version(struct memory *memory, uint64_t hash, uint64_t offset, bool staged)
{
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_version version, below;
    struct memory_entry entry;
    uint64_t under, base = MEMORY_NONE;
    bool was = false;

    memory_overlay_read(overlay, offset, overlay->size, &version);
    under = memory_overlay_find(overlay, hash, version.entry.key, version.entry.key_size, &below);
    if (under != MEMORY_NONE) {
        was = below.kind == MEMORY_PUT;
        if (staged)
            memory_overlay_stand(overlay, offset, under);
    } else if (base_counts(memory)) {
        base = memory_base_find(&memory->base, hash, version.entry.key, version.entry.key_size, &entry);
        was = base != MEMORY_NONE;
        if (was)
            memory_base_flag(&memory->base, base, MEMORY_SHADOWED);
    }
    memory_overlay_lead(overlay, hash, version.entry.key, version.entry.key_size, offset, memory->hash_seed);
    if (version.kind == MEMORY_PUT) {
        memory->count += !was;
    } else {
        memory->count -= was;
        overlay->plain = false;
    }
}

/* Room for ${size} bytes. ${item} may point into the arena, which may move. */
static uint8_t *
room_for(struct memory_overlay *overlay, size_t size, struct memory_item *item)
{
    uintptr_t from = (uintptr_t)overlay->at, end = from + overlay->size;
    uintptr_t key = (uintptr_t)item->key, row = (uintptr_t)item->row;
    uint8_t *to = memory_overlay_room(overlay, size);

    if (key >= from && key < end)
        item->key = (const char *)overlay->at + (key - from);
    if (row >= from && row < end)
        item->row = (const char *)overlay->at + (row - from);
    return to;
}

uint64_t
memory_put(struct memory *memory, const struct memory_item *item)
{
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_item copy = *item;
    size_t size = 1 + memory_entry_size(item);
    uint64_t offset = overlay->size;
    uint8_t *to = room_for(overlay, size, &copy);

    *to = MEMORY_PUT;
    memory_entry_write(to + 1, &copy);
    overlay->size += size;
    take_version(memory, memory_hash(memory, copy.key, copy.key_size), offset, true);
    memory_overlay_see(overlay, offset);
    return offset | IN_OVERLAY;
}

void
memory_remove(struct memory *memory, const struct memory_item *item)
{
    struct memory_overlay *overlay = &memory->overlay;
    uint64_t hash = memory_hash(memory, item->key, item->key_size), offset = overlay->size;
    struct memory_item copy = *item;
    struct memory_found found;
    uint8_t *to;
    size_t size;

    look_up(memory, hash, item->key, item->key_size, &found);
    if (!found.there)
        return;
    to = room_for(overlay, item->key_size + 8, &copy);
    to[0] = MEMORY_REMOVE;
    size = 1 + memory_varint_write(to + 1, copy.key_size);
    memcpy(to + size, copy.key, copy.key_size);
    overlay->size += size + copy.key_size;
    take_version(memory, hash, offset, true);
}

void
memory_route(struct memory *memory, const struct memory_item *item)
{
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_version version;
    uint64_t hash = memory_hash(memory, item->key, item->key_size);
    uint64_t offset = memory_overlay_find(overlay, hash, item->key, item->key_size, &version);

    if (offset != MEMORY_NONE && offset >= overlay->journalled && version.kind == MEMORY_PUT)
        memory_entry_route(overlay->at + offset + 1, item->route);
}

/* What stands below a version that was journalled comes back as a version of its own. */
static void
put_back(struct memory *memory, uint64_t hash, const struct memory_item *item, const struct memory_version *below)
{
    struct memory_item old = {.key = item->key, .key_size = item->key_size};
    const struct memory_entry *entry = below == NULL ? NULL : &below->entry;
    struct memory_entry in_base;

    if (below == NULL && base_counts(memory) &&
        memory_base_find(&memory->base, hash, item->key, item->key_size, &in_base) != MEMORY_NONE)
        entry = &in_base;
    if (entry == NULL || (below != NULL && below->kind != MEMORY_PUT)) {
        memory_remove(memory, &old);
        return;
    }
    old.route = entry->route;
    old.raw = entry->raw;
    old.canon = entry->canon;
    old.row = entry->row;
    old.row_size = entry->row_size;
    memory_put(memory, &old);
}

void
memory_undo(struct memory *memory, const struct memory_item *item)
{
    struct memory_overlay *overlay = &memory->overlay;
    uint64_t hash = memory_hash(memory, item->key, item->key_size), under, base;
    struct memory_version version, below;
    struct memory_entry entry;
    uint64_t offset = memory_overlay_find(overlay, hash, item->key, item->key_size, &version);
    bool there;

    if (offset == MEMORY_NONE || offset < overlay->landed)
        return;
    under = memory_overlay_below(overlay, offset);
    if (under != MEMORY_NONE)
        memory_overlay_read(overlay, under, overlay->size, &below);
    if (offset < overlay->journalled) {
        put_back(memory, hash, item, under == MEMORY_NONE ? NULL : &below);
        return;
    }
    overlay->at[offset] |= MEMORY_UNDONE;
    overlay->plain = false;
    if (under != MEMORY_NONE) {
        there = below.kind == MEMORY_PUT;
        memory_overlay_lead(overlay, hash, item->key, item->key_size, under, memory->hash_seed);
        memory_overlay_see(overlay, under);
    } else {
        base = base_counts(memory) ? memory_base_find(&memory->base, hash, item->key, item->key_size, &entry) : MEMORY_NONE;
        there = base != MEMORY_NONE;
        if (there)
            memory_base_flag(&memory->base, base, MEMORY_SEEN);
    }
    memory->count += (int64_t)there - (version.kind == MEMORY_PUT);
}

void
memory_look(struct memory *memory)
{
    struct memory_base *base = &memory->base;
    struct memory_overlay *overlay = &memory->overlay;

    for (size_t i = 0; i < base->entries_size >> 9; i++)
        base->flags[i] &= UINT64_C(0xaaaaaaaaaaaaaaaa);
    if (overlay->seen_words > 0)
        memset(overlay->seen, 0, overlay->seen_words * sizeof *overlay->seen);
    memory->cursor[0] = 0;
    memory->cursor[1] = MEMORY_NONE;
}

bool
memory_see(struct memory *memory, uint64_t ref)
{
    bool before;

    if (ref & IN_OVERLAY) {
        ref &= ~IN_OVERLAY;
        before = memory_overlay_seen(&memory->overlay, ref);
        memory_overlay_see(&memory->overlay, ref);
    } else {
        before = (memory_base_flags(&memory->base, ref) & MEMORY_SEEN) != 0;
        memory_base_flag(&memory->base, ref, MEMORY_SEEN);
    }
    return before;
}

static struct memory_item
item_of(const struct memory_entry *entry)
{
    return (struct memory_item){.key = entry->key, .key_size = entry->key_size, .route = entry->route, .raw = entry->raw,
                                .canon = entry->canon, .row = entry->row, .row_size = entry->row_size};
}

/* The base's seen bits lie in the low places of each pair; a block whose every entry was seen is passed
 * over without reading it. */
static bool
block_all_seen(const struct memory_base *base, uint64_t block)
{
    const uint64_t *flags = &base->flags[block * (MEMORY_BLOCK >> 9)];
    uint32_t seen = 0;

    for (uint32_t i = 0; i < MEMORY_BLOCK >> 9; i++)
        seen += (uint32_t)__builtin_popcountll(flags[i] & UINT64_C(0x5555555555555555));
    return seen == base->counts[block];
}

static void
each(struct memory *memory, bool unseen, bool (*give)(void *context, const struct memory_item *item), void *context)
{
    struct memory_base *base = &memory->base;
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_version version, newest;
    struct memory_entry entry;
    struct memory_item item;

    for (uint64_t block = 0; base_counts(memory) && block < base->head.entry_blocks; block++) {
        uint64_t offset = block * MEMORY_BLOCK;

        if (base->counts[block] == 0 || (unseen && block_all_seen(base, block)))
            continue;
        for (uint32_t i = 0; i < base->counts[block] && memory_base_at(base, offset, &entry);
             i++, offset = memory_base_next(base, offset, &entry)) {
            uint32_t flags = memory_base_flags(base, offset);

            if (unseen && flags & MEMORY_SEEN)
                continue;
            if (flags & MEMORY_SHADOWED &&
                memory_overlay_find(overlay, memory_hash(memory, entry.key, entry.key_size), entry.key, entry.key_size,
                                    &newest) != MEMORY_NONE)
                continue;
            item = item_of(&entry);
            if (!give(context, &item))
                return;
        }
    }
    for (uint64_t offset = MEMORY_START; offset < overlay->size; offset += version.size) {
        if (!memory_overlay_read(overlay, offset, overlay->size, &version))
            return;
        if (version.kind != MEMORY_PUT || (unseen && memory_overlay_seen(overlay, offset)))
            continue;
        if (!overlay->plain && memory_overlay_find(overlay, memory_hash(memory, version.entry.key, version.entry.key_size),
                                                   version.entry.key, version.entry.key_size, &newest) != offset)
            continue;
        item = item_of(&version.entry);
        if (!give(context, &item))
            return;
    }
}

void
memory_unseen(struct memory *memory, bool (*give)(void *context, const struct memory_item *item), void *context)
{
    each(memory, true, give, context);
}

void
memory_each(struct memory *memory, bool (*give)(void *context, const struct memory_item *item), void *context)
{
    each(memory, false, give, context);
}

static void
forget_all(struct memory *memory)
{
    memory_overlay_forget(&memory->overlay);
    memory->hidden = true;
    memory->count = 0;
}

/* Versions of keys, some at once so that their lookups overlap. */
static void
replay_some(struct memory *memory, const uint64_t *offset, const uint64_t *hash, uint32_t count)
{
    uint64_t guess[GROUP];

    if (count == 0)
        return;
    ask_ahead(memory, hash, count, guess);
    for (uint32_t i = 0; i < count; i++)
        take_version(memory, hash[i], offset[i], false);
}

bool
memory_replay(struct memory *memory)
{
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_base *base = &memory->base;
    uint64_t at[GROUP], hash[GROUP];
    uint32_t some = 0;

    overlay->size = overlay->journalled = overlay->landed;
    overlay->below_count = 0;
    overlay->plain = true;
    memory_overlay_forget(overlay);
    for (size_t i = 0; i < base->entries_size >> 9; i++)
        base->flags[i] &= UINT64_C(0x5555555555555555);
    memory->hidden = false;
    memory->count = (int64_t)base->head.count;
    memcpy(memory->seed, base->head.seed, sizeof memory->seed);
    for (uint64_t offset = MEMORY_START; offset < overlay->size;) {
        struct memory_version version;

        if (!memory_overlay_read(overlay, offset, overlay->size, &version))
            return false;
        if (version.kind == MEMORY_PUT || version.kind == MEMORY_REMOVE) {
            hash[some] = memory_hash(memory, version.entry.key, version.entry.key_size);
            at[some++] = offset;
        } else {
            overlay->plain = false;
        }
        if (some == GROUP || version.kind == MEMORY_CLEAR) {
            replay_some(memory, at, hash, some);
            some = 0;
        }
        if (version.kind == MEMORY_CLEAR)
            forget_all(memory);
        else if (version.kind == MEMORY_RESEED)
            memcpy(memory->seed, overlay->at + offset + 1, sizeof memory->seed);
        offset += version.size;
    }
    replay_some(memory, at, hash, some);
    return !base->damaged;
}

void
memory_forget_all(struct memory *memory)
{
    uint8_t *to = memory_overlay_room(&memory->overlay, 1);

    *to = MEMORY_CLEAR;
    memory->overlay.size++;
    memory->overlay.plain = false;
    forget_all(memory);
}
