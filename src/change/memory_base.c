/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base as it is read: mapped, and trusted no further than its checksums. Opening looks at header and
 * table only; a block is compared with its checksum when it is first used, so that a damaged one is found
 * before it can say anything, at the price of one pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "change/memory_base.h"
#include "change/memory_parts.h"

int
memory_base_fault(struct daybreak_fault *fault, const char *path, const char *how)
{
    fault_set(fault, DAYBREAK_HALT, "the memory '%s' %s", path, how);
    fault_hint(fault, "restore the state folder from a backup, or compare source and target anew: daybreak run --resync");
    return fault_exit(fault, 78, "memory-damaged");
}

void *
memory_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        LOG_ERROR("out of memory: bytes=%zu", bytes);
        abort();
    }
    (void)madvise(pages, bytes, MADV_HUGEPAGE); /* a wish: small pages are slower, not wrong */
    return pages;
}

void
memory_pages_free(void *pages, size_t bytes)
{
    if (pages != NULL)
        munmap(pages, bytes);
}

void
memory_base_close(struct memory_base *base)
{
    if (base->map != NULL)
        munmap(base->map, base->map_size);
    free(base->checked);
    free(base->flags);
    memset(base, 0, sizeof *base);
}

static void
point_into(struct memory_base *base, const uint8_t *bytes)
{
    uint64_t line_blocks = (base->head.lines + MEMORY_LINES - 1) / MEMORY_LINES;

    base->entries = bytes + MEMORY_BLOCK;
    base->entries_size = base->head.entry_blocks * MEMORY_BLOCK;
    base->lines = base->entries + base->entries_size;
    base->sums = (const uint64_t *)(const void *)(base->lines + line_blocks * MEMORY_BLOCK);
    base->counts = (const uint16_t *)(const void *)(base->sums + base->head.entry_blocks + line_blocks);
}

/* Sizes follow from the header, and all of them from the file's size: nothing outside the mapping is ever
 * pointed at. */
static const char *
head_wrong(struct memory_base *base)
{
    const struct memory_base_head *head = &base->head;
    uint64_t blocks = base->map_size / MEMORY_BLOCK, places = head->wide ? MEMORY_PLACES_WIDE : MEMORY_PLACES;
    XXH128_hash_t sum = XXH3_128bits(head, offsetof(struct memory_base_head, sum));
    uint64_t line_blocks;

    if (head->magic != MEMORY_BASE_MAGIC || head->version < MEMORY_VERSION_READ || head->version > MEMORY_VERSION ||
        head->block != MEMORY_BLOCK)
        return "is of another version, or of no version at all";
    if (sum.low64 != head->sum[0] || sum.high64 != head->sum[1])
        return "is damaged: its header is not what was written";
    if (head->entry_blocks >= blocks || head->lines >= blocks * MEMORY_LINES || head->lines == 0)
        return "is damaged: its header says more than the file holds";
    line_blocks = (head->lines + MEMORY_LINES - 1) / MEMORY_LINES;
    if (memory_base_bytes(head->entry_blocks, line_blocks) != base->map_size)
        return "is damaged: the file is not as long as it was written";
    if (head->count > head->entry_blocks * (MEMORY_BLOCK / 18) || head->count > head->lines * places || head->batch < 0)
        return "is damaged: its header contradicts itself";
    base->places = (uint32_t)places;
    point_into(base, base->map);
    sum = XXH3_128bits(base->sums, memory_base_table_bytes(head->entry_blocks, line_blocks));
    if (sum.low64 != head->table_sum[0] || sum.high64 != head->table_sum[1])
        return "is damaged: its table of checksums is not what was written";
    base->checked = memory_zero(((head->entry_blocks + line_blocks) / 64 + 1) * sizeof *base->checked);
    base->flags = memory_zero((base->entries_size >> 9) * sizeof *base->flags + sizeof *base->flags);
    return NULL;
}

int
memory_base_open(struct memory_base *base, const char *path, bool *there, struct daybreak_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = -1;
    struct stat status;
    const char *wrong;

    memset(base, 0, sizeof *base);
    *there = fd >= 0;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &status) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot open the memory '%s': %s", path, strerror(errno));
        fault_exit(fault, 74, "memory");
        goto close_file;
    }
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)(2 * MEMORY_BLOCK)) {
        memory_base_fault(fault, path, "is damaged: the file is too short");
        goto close_file;
    }
    base->map_size = (size_t)status.st_size;
    base->map = mmap(NULL, base->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base->map == MAP_FAILED) {
        base->map = NULL;
        fault_set(fault, DAYBREAK_HALT, "cannot map the memory '%s': %s", path, strerror(errno));
        fault_exit(fault, 74, "memory");
        goto close_file;
    }
    memcpy(&base->head, base->map, sizeof base->head);
    wrong = head_wrong(base);
    if (wrong != NULL) {
        memory_base_fault(fault, path, wrong);
        memory_base_close(base);
        goto close_file;
    }
    result = 0;
close_file:
    if (fd >= 0)
        close(fd);
    return result;
}

bool
memory_base_touch(struct memory_base *base, uint64_t block)
{
    if (base->checked[block / 64] >> block % 64 & 1)
        return true;
    if (XXH3_64bits(base->entries + block * MEMORY_BLOCK, MEMORY_BLOCK) != base->sums[block]) {
        base->damaged = true;
        return false;
    }
    base->checked[block / 64] |= UINT64_C(1) << block % 64;
    return true;
}

bool
memory_base_large(struct memory_base *base, uint64_t offset, struct memory_entry *entry)
{
    uint64_t block = offset / MEMORY_BLOCK;

    if (offset % MEMORY_BLOCK != 0 || !memory_entry_long(base->entries + offset, base->entries_size - offset, entry)) {
        base->damaged = true;
        return false;
    }
    for (uint64_t last = (offset + entry->size - 1) / MEMORY_BLOCK; block <= last; block++)
        if (!memory_base_touch(base, block))
            return false;
    return true;
}

static const uint8_t *
line_of(struct memory_base *base, uint64_t line)
{
    return memory_base_touch(base, base->head.entry_blocks + line / MEMORY_LINES) ? base->lines + line * MEMORY_LINE : NULL;
}

/*
 * Places of a line whose byte of the hash is this one, a bit 7 in every byte of two words: all twelve are
 * compared at once, since a loop would be guessed wrong half of the time. A place above a true one may be
 * named falsely, which its key then shows.
 */
struct matches {
    uint64_t low, high;
};

static inline uint64_t
zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

static inline struct matches
matches_of(const struct memory_base *base, const uint8_t *line, uint8_t byte)
{
    uint64_t each = byte * UINT64_C(0x0101010101010101), low, high = 0;
    uint32_t used = line[MEMORY_LINE_USED] < base->places ? line[MEMORY_LINE_USED] : base->places;
    struct matches matches;

    memcpy(&low, line, 8);
    memcpy(&high, line + 8, 4);
    matches.low = zero_bytes(low ^ each) & (used >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * used) - 1);
    matches.high = used <= 8 ? 0 : zero_bytes(high ^ each) & ((UINT64_C(1) << 8 * (used - 8)) - 1);
    return matches;
}

/* The next place of them; false when there is none left. */
static inline bool
match_take(struct matches *matches, uint32_t *place)
{
    uint64_t *word = matches->low != 0 ? &matches->low : &matches->high;

    if (*word == 0)
        return false;
    *place = (uint32_t)(__builtin_ctzll(*word) >> 3) + (word == &matches->high ? 8 : 0);
    *word &= *word - 1;
    return true;
}

uint64_t
memory_base_find(struct memory_base *base, uint64_t hash, const char *key, uint32_t size, struct memory_entry *entry)
{
    uint64_t line = memory_line_of(hash, base->head.lines);

    for (uint64_t tries = 0; tries < base->head.lines; tries++) {
        const uint8_t *at = line_of(base, line);
        struct matches matches;
        uint32_t place;

        if (at == NULL)
            return MEMORY_NONE;
        matches = matches_of(base, at, (uint8_t)hash);
        while (match_take(&matches, &place)) {
            uint64_t offset = memory_place_read(at, place, base->head.wide != 0);

            if (memory_base_at(base, offset, entry) && entry->key_size == size && memcmp(entry->key, key, size) == 0)
                return offset;
        }
        if (!at[MEMORY_LINE_OVER])
            return MEMORY_NONE;
        line = line + 1 == base->head.lines ? 0 : line + 1;
    }
    return MEMORY_NONE;
}

const uint8_t *
memory_base_line(const struct memory_base *base, uint64_t hash)
{
    return base->lines + memory_line_of(hash, base->head.lines) * MEMORY_LINE;
}

uint64_t
memory_base_guess(struct memory_base *base, uint64_t hash)
{
    uint64_t line = memory_line_of(hash, base->head.lines);
    const uint8_t *at = line_of(base, line);
    struct matches matches;
    uint64_t offset;
    uint32_t place;

    if (at == NULL)
        return MEMORY_NONE;
    matches = matches_of(base, at, (uint8_t)hash);
    if (!match_take(&matches, &place)) {
        if (!at[MEMORY_LINE_OVER] || line + 1 == base->head.lines || (at = line_of(base, line + 1)) == NULL)
            return MEMORY_NONE;
        matches = matches_of(base, at, (uint8_t)hash);
        if (!match_take(&matches, &place))
            return MEMORY_NONE;
    }
    offset = memory_place_read(at, place, base->head.wide != 0);
    return offset < base->entries_size ? offset : MEMORY_NONE;
}

int
memory_base_verify(struct memory_base *base, const char *path, uint64_t (*hash)(void *context, const char *key, uint32_t size),
                   void *context, struct daybreak_fault *fault)
{
    uint64_t line_blocks = (base->head.lines + MEMORY_LINES - 1) / MEMORY_LINES, offset = 0, count = 0;
    struct memory_entry entry, again;

    memset(base->checked, 0, ((base->head.entry_blocks + line_blocks) / 64 + 1) * sizeof *base->checked);
    for (uint64_t block = 0; block < base->head.entry_blocks + line_blocks; block++)
        if (!memory_base_touch(base, block))
            return memory_base_fault(fault, path, "is damaged: a block is not what was written");
    for (uint64_t block = 0, in_block = 0; offset < base->entries_size; count++) {
        if (!memory_base_at(base, offset, &entry))
            return memory_base_fault(fault, path, "is damaged: an entry is none");
        if (memory_base_find(base, hash(context, entry.key, entry.key_size), entry.key, entry.key_size, &again) != offset)
            return memory_base_fault(fault, path, "is damaged: its directory does not lead to every entry");
        in_block = offset / MEMORY_BLOCK == block ? in_block + 1 : 1;
        block = offset / MEMORY_BLOCK;
        offset = memory_base_next(base, offset, &entry);
        if (offset / MEMORY_BLOCK != block && in_block != base->counts[block])
            return memory_base_fault(fault, path, "is damaged: a block does not hold as many entries as it says");
    }
    return count == base->head.count ? 0 : memory_base_fault(fault, path, "is damaged: it does not hold as many keys as it says");
}
