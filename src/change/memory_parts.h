/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_MEMORY_PARTS_H
#define CHANGE_MEMORY_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "change/memory.h"

/* The parts of a memory; only memory*.c include this. On disk numbers are native: state does not travel
 * between machines, and the magic numbers tell when it did. */

#define MEMORY_VERSION 2
#define MEMORY_VERSION_READ 1 /* the oldest that is understood: no entry says where its version went */
#define MEMORY_BLOCK 8192u
#define MEMORY_NONE UINT64_MAX

/* ---- one entry ----------------------------------------------------------------------------------- */

/*
 * varint (key size << 2 | has a route << 1 | has a row), the route if any, varint row size if any, raw
 * 8, canon 8, key, row. Without a route it is MEMORY_HOME. A key has a byte at least, so that no entry begins with 0.
 */

struct memory_entry {
    const char *key, *row;
    uint32_t key_size, row_size;
    uint64_t raw, canon;
    uint8_t route;
    size_t size;             /* of the whole entry */
};

bool memory_entry_long(const uint8_t *at, size_t room, struct memory_entry *entry);
size_t memory_entry_size(const struct memory_item *item);
uint8_t *memory_entry_write(uint8_t *to, const struct memory_item *item);
/** memory_entry_route(at, route): an entry written ${open} says another route; false when there is no room for one. */
bool memory_entry_route(uint8_t *at, uint8_t route);
size_t memory_varint_write(uint8_t *to, uint64_t value);
/** memory_varint_read(at, end, value): bytes taken, 0 when there is none within 32 bits. */
size_t memory_varint_read(const uint8_t *at, const uint8_t *end, uint32_t *value);

/* False when no whole entry lies in ${room} bytes. Key and row are pointed at, not read. */
static inline bool
memory_entry_read(const uint8_t *at, size_t room, struct memory_entry *entry)
{
    if (__builtin_expect(room < 17 || at[0] >= 0x80 || (at[0] & 3) != 0 || 17u + (at[0] >> 2) > room, 0))
        return memory_entry_long(at, room, entry);
    entry->key_size = at[0] >> 2;
    entry->size = 17u + entry->key_size;
    entry->route = MEMORY_HOME;
    __builtin_memcpy(&entry->raw, at + 1, 8);
    __builtin_memcpy(&entry->canon, at + 9, 8);
    entry->key = (const char *)at + 17;
    entry->row = NULL;
    entry->row_size = 0;
    return entry->key_size > 0;
}

/* ---- the base: NAME.base ------------------------------------------------------------------------- */

/*
 * Block 0 is the header; then entries in the order of the last whole input, none across a block's end
 * but those larger than a block, which begin and end with their blocks; then the directory: lines of
 * 64 bytes, each up to 12 places (a byte of the key's hash, offset of the entry); then per block its
 * XXH3-64, and per block of entries how many begin there.
 */

struct memory_base_head {
    uint64_t magic;
    uint32_t version, block;
    uint64_t generation;
    int64_t batch;
    uint64_t count, entry_blocks, lines;
    uint64_t wide;           /* entries from 4 GiB: offsets take 5 bytes, a line has 10 places */
    uint64_t hash_seed;
    uint8_t seed[16];
    uint64_t table_sum[2], sum[2]; /* XXH3-128 of the table at the end, of this header up to here */
};

struct memory_base {
    struct memory_base_head head; /* count 0 and map NULL: there is none yet */
    uint8_t *map;
    size_t map_size;
    const uint8_t *entries, *lines;
    size_t entries_size;     /* whole blocks */
    uint32_t places;         /* of a line */
    const uint64_t *sums;
    const uint16_t *counts;
    uint64_t *checked;       /* a bit a block: its checksum was compared */
    uint64_t *flags;         /* two bits per 16 bytes of entries: seen, shadowed; an entry's are those of its first byte */
    bool damaged;            /* a block is not what was written: nothing may be made durable any more */
};

#define MEMORY_SEEN 1u
#define MEMORY_SHADOWED 2u   /* the overlay may have a newer version */

int memory_base_open(struct memory_base *base, const char *path, bool *there, struct daybreak_fault *fault);
void memory_base_close(struct memory_base *base);
/** memory_base_touch(base, block): first use of a block; false when it is damaged. */
bool memory_base_touch(struct memory_base *base, uint64_t block);
/** memory_base_large: an entry that does not end in its first block, or none at all. */
bool memory_base_large(struct memory_base *base, uint64_t offset, struct memory_entry *entry);
uint64_t memory_base_find(struct memory_base *base, uint64_t hash, const char *key, uint32_t size, struct memory_entry *entry);
/** memory_base_prefetch: the directory's line is asked for; memory_base_guess: the entry it most likely
 * leads to, asked for; MEMORY_NONE without. */
/** memory_base_line: where the directory begins to look for a hash, to be asked for; memory_base_guess: the
 * entry it most likely leads to, MEMORY_NONE without one. */
const uint8_t *memory_base_line(const struct memory_base *base, uint64_t hash);
uint64_t memory_base_guess(struct memory_base *base, uint64_t hash);
/** memory_base_verify(base, path, hash, context, fault): every block, every entry, and that the directory
 * leads to each. */
int memory_base_verify(struct memory_base *base, const char *path,
                       uint64_t (*hash)(void *context, const char *key, uint32_t size), void *context,
                       struct daybreak_fault *fault);
/** memory_base_fault: HALT 78 with the way out; ${how}: "is damaged: …". */
int memory_base_fault(struct daybreak_fault *fault, const char *path, const char *how);

static inline bool
memory_base_at(struct memory_base *base, uint64_t offset, struct memory_entry *entry)
{
    uint64_t block = offset / MEMORY_BLOCK;

    if (offset >= base->entries_size)
        return false;
    if (__builtin_expect((base->checked[block / 64] >> block % 64 & 1) == 0, 0) && !memory_base_touch(base, block))
        return false;
    if (__builtin_expect(memory_entry_read(base->entries + offset, MEMORY_BLOCK - offset % MEMORY_BLOCK, entry), 1))
        return true;
    return memory_base_large(base, offset, entry);
}

/* Where the entry behind this one begins; the end of the entries when there is none. */
static inline uint64_t
memory_base_next(const struct memory_base *base, uint64_t offset, const struct memory_entry *entry)
{
    uint64_t next = offset + entry->size;

    if (next % MEMORY_BLOCK != 0 && base->entries[next] == 0)
        next += MEMORY_BLOCK - next % MEMORY_BLOCK;
    return next;
}

static inline uint32_t
memory_base_flags(const struct memory_base *base, uint64_t offset)
{
    return (uint32_t)(base->flags[offset >> 9] >> ((offset >> 4 & 31) * 2)) & 3;
}

static inline void
memory_base_flag(struct memory_base *base, uint64_t offset, uint32_t flag)
{
    base->flags[offset >> 9] |= (uint64_t)flag << ((offset >> 4 & 31) * 2);
}

/* Writes a new base aside, entry by entry. */
struct memory_base_writer;

struct memory_base_writer *memory_base_writer_new(const char *path, const struct memory_base_head *head, uint64_t entries_most,
                                                  struct daybreak_fault *fault);
int memory_base_writer_add(struct memory_base_writer *writer, const struct memory_item *item, uint64_t hash,
                           struct daybreak_fault *fault);
/** memory_base_writer_end(writer, dir, placed, fault): the file is whole, synced and in its place.
 * ${placed} is written always: the old base is gone, also when what came behind it failed.
 * memory_base_writer_drop: gone, ended or not. */
int memory_base_writer_end(struct memory_base_writer *writer, const char *dir, bool *placed, struct daybreak_fault *fault);
void memory_base_writer_drop(struct memory_base_writer *writer);

/** memory_pages(bytes): zeroed, in large pages where the system has them; memory_pages_free gives them back. */
void *memory_pages(size_t bytes);
void memory_pages_free(void *pages, size_t bytes);

/* ---- the overlay --------------------------------------------------------------------------------- */

/*
 * Versions newer than the base, one behind the other as they will stand in the journal, and a table
 * that leads from a key to its newest: a word a place, 40 bits offset and 24 of the hash.
 */

enum memory_kind {
    MEMORY_PUT = 1,  /* an entry */
    MEMORY_REMOVE,   /* varint key size, key */
    MEMORY_RESEED,   /* 16 bytes */
    MEMORY_CLEAR,    /* all before is gone */
    MEMORY_UNDONE = 0x80,
};

struct memory_version {
    uint8_t kind;
    struct memory_entry entry; /* of a remove: the key alone */
    size_t size;               /* with the kind */
};

struct memory_below {
    uint64_t version, below;
};

#define MEMORY_START 16u /* versions begin here, so that no place is 0 */

struct memory_overlay {
    uint8_t *at;
    size_t size, room;
    size_t landed, journalled;
    uint64_t *place;
    uint32_t bits;               /* 2^bits places; 0: none yet */
    size_t used;
    uint64_t *seen;              /* a bit per 16 bytes */
    size_t seen_words;
    struct memory_below *below;  /* of versions not landed: the version of the overlay they stand on */
    size_t below_count, below_room;
    bool plain;                  /* every version is a put and the newest of its key */
};

void memory_overlay_init(struct memory_overlay *overlay);
void memory_overlay_fini(struct memory_overlay *overlay);
/** memory_overlay_forget: no key is known; versions stay. */
void memory_overlay_forget(struct memory_overlay *overlay);
/** memory_overlay_room(overlay, size): where ${size} more bytes may be written; pointers into it may move. */
uint8_t *memory_overlay_room(struct memory_overlay *overlay, size_t size);
bool memory_overlay_read(const struct memory_overlay *overlay, uint64_t offset, size_t end, struct memory_version *version);
/** memory_overlay_find: the newest version of a key that was not undone, MEMORY_NONE without one. */
uint64_t memory_overlay_find(const struct memory_overlay *overlay, uint64_t hash, const char *key, uint32_t size,
                             struct memory_version *version);
/** memory_overlay_lead(overlay, hash, key, size, offset, seed): the table leads to ${offset} from now on. */
void memory_overlay_lead(struct memory_overlay *overlay, uint64_t hash, const char *key, uint32_t size, uint64_t offset,
                         uint64_t seed);
/** memory_overlay_prefetch: the key's place is asked for; memory_overlay_prefetch_version: where it leads. */
void memory_overlay_prefetch(const struct memory_overlay *overlay, uint64_t hash);
void memory_overlay_prefetch_version(const struct memory_overlay *overlay, uint64_t hash);
void memory_overlay_stand(struct memory_overlay *overlay, uint64_t version, uint64_t below);
uint64_t memory_overlay_below(const struct memory_overlay *overlay, uint64_t version);
bool memory_overlay_seen(const struct memory_overlay *overlay, uint64_t offset);
void memory_overlay_see(struct memory_overlay *overlay, uint64_t offset);

/* ---- the journal: NAME.journal ------------------------------------------------------------------- */

/* A header, then records: a head with its own checksum, then versions as in the overlay. */

struct memory_log {
    char *path;
    int fd;                      /* -1: no file yet */
    uint64_t generation;         /* of the base it stands on */
    int64_t size, landed_size;   /* bytes */
    int64_t batch, landed_batch;
    bool torn;                   /* bytes behind ${size} may be there */
    bool broken;                 /* a sync failed: what the disk holds is not known */
    bool still;                  /* only read: nothing of it is written or cut */
    bool older;                  /* its file is of a version before: begun anew before anything is added */
};

/**
 * memory_log_open(log, generation, landed, overlay, there, fault): read what landed into ${overlay} and
 * cut the rest off. A journal of an older generation was folded into the base: as none. ${log}->batch is
 * preset to the base's.
 */
int memory_log_open(struct memory_log *log, uint64_t generation, int64_t landed, struct memory_overlay *overlay, bool *there,
                    struct daybreak_fault *fault);
/** memory_log_begin(log, dir, generation, bytes, size, fault): a journal in place of the one that was, with ${size} bytes of versions of
 * landed batches. */
int memory_log_begin(struct memory_log *log, const char *dir, uint64_t generation, const void *bytes, size_t size,
                     struct daybreak_fault *fault);
void memory_log_close(struct memory_log *log);
int memory_log_append(struct memory_log *log, int64_t batch, const void *bytes, size_t size, struct daybreak_fault *fault);
int memory_log_cut(struct memory_log *log, struct daybreak_fault *fault);
int memory_log_verify(const struct memory_log *log, struct daybreak_fault *fault);

/* ---- the memory ------------------------------------------------------------------------------------- */

#define MEMORY_CURSORS 2

struct memory {
    char *dir, *base_path;
    struct memory_base base;
    struct memory_overlay overlay;
    struct memory_log log;
    bool hidden;                 /* cleared: the base does not count */
    int64_t count;
    uint64_t hash_seed;
    uint8_t seed[16];
    uint64_t cursor[MEMORY_CURSORS]; /* what is expected next; the one that was right last comes first */
};

/** memory_replay(memory): keys, count and seed as base and landed versions say. False when a version is none. */
bool memory_replay(struct memory *memory);
/** memory_forget_all(memory): a version that says so. memory_hash: of a key, as table and directory know it. */
void memory_forget_all(struct memory *memory);
uint64_t memory_hash(const struct memory *memory, const char *key, uint32_t size);

#endif
