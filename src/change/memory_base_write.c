/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The base as it is written: aside, in one pass, with the directory growing in memory (7 bytes a key); it
 * takes the old one's place only when all of it is on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/file.h"
#include "change/memory_base.h"

#define BUFFER (128u * MEMORY_BLOCK)

#define TOGETHER 64

/* An entry whose place in the directory is still to be taken: some are, at once, so that the waits for
 * their lines overlap. */
struct waiting {
    uint64_t hash, offset;
};

struct memory_base_writer {
    char *path, *aside;
    int fd;
    struct memory_base_head head;
    uint8_t *buffer;
    size_t used;
    uint64_t blocks;         /* flushed */
    struct waiting waiting[TOGETHER];
    uint32_t waits;
    uint8_t *lines;
    size_t lines_size;
    uint32_t places;
    uint64_t *sums;
    uint16_t *counts;        /* room for one block more than begun */
    uint64_t room;
};

struct memory_base_writer *
memory_base_writer_new(const char *path, const struct memory_base_head *head, uint64_t entries_most, struct daybreak_fault *fault)
{
    struct memory_base_writer *writer = memory_zero(sizeof *writer);
    size_t size = strlen(path) + sizeof ".new";
    uint64_t line_blocks;

    writer->path = memory_text(path);
    writer->aside = memory_need(size);
    snprintf(writer->aside, size, "%s.new", path);
    writer->head = *head;
    writer->head.magic = MEMORY_BASE_MAGIC;
    writer->head.version = MEMORY_VERSION;
    writer->head.block = MEMORY_BLOCK;
    writer->head.wide = entries_most > UINT32_MAX;
    writer->places = writer->head.wide ? MEMORY_PLACES_WIDE : MEMORY_PLACES;
    writer->head.lines = writer->head.wide ? head->count / 7 + 1 : head->count / 9 + 1; /* three quarters full */
    line_blocks = (writer->head.lines + MEMORY_LINES - 1) / MEMORY_LINES;
    writer->lines_size = line_blocks * MEMORY_BLOCK;
    writer->lines = memory_pages(writer->lines_size);
    writer->buffer = memory_need(BUFFER);
    unlink(writer->aside);
    writer->fd = open(writer->aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (writer->fd < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot create '%s': %s", writer->aside, strerror(errno));
        fault_exit(fault, 74, "memory");
        memory_base_writer_drop(writer);
        return NULL;
    }
    memset(writer->buffer, 0, MEMORY_BLOCK);
    if (file_write_all(writer->fd, writer->buffer, MEMORY_BLOCK, writer->aside, fault) != 0) { /* the header's place */
        memory_base_writer_drop(writer);
        return NULL;
    }
    return writer;
}

void
memory_base_writer_drop(struct memory_base_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0) {
        close(writer->fd);
        unlink(writer->aside);
    }
    free(writer->path);
    free(writer->aside);
    free(writer->buffer);
    memory_pages_free(writer->lines, writer->lines_size);
    free(writer->sums);
    free(writer->counts);
    free(writer);
}

static void
table_room(struct memory_base_writer *writer, uint64_t blocks)
{
    uint64_t room = writer->room;

    if (blocks <= room)
        return;
    room = blocks + blocks / 2 + 256;
    writer->sums = memory_grow(writer->sums, room * sizeof *writer->sums);
    writer->counts = memory_grow(writer->counts, room * sizeof *writer->counts);
    memset(writer->counts + writer->room, 0, (room - writer->room) * sizeof *writer->counts);
    writer->room = room;
}

/* Whole blocks only. */
static int
flush(struct memory_base_writer *writer, struct daybreak_fault *fault)
{
    uint64_t blocks = writer->used / MEMORY_BLOCK;

    table_room(writer, writer->blocks + blocks + 1);
    for (uint64_t i = 0; i < blocks; i++)
        writer->sums[writer->blocks + i] = XXH3_64bits(writer->buffer + i * MEMORY_BLOCK, MEMORY_BLOCK);
    if (file_write_all(writer->fd, writer->buffer, blocks * MEMORY_BLOCK, writer->aside, fault) != 0)
        return -1;
    writer->blocks += blocks;
    writer->used = 0;
    return 0;
}

static int
pad(struct memory_base_writer *writer, struct daybreak_fault *fault)
{
    size_t over = writer->used % MEMORY_BLOCK;

    if (over == 0)
        return 0;
    memset(writer->buffer + writer->used, 0, MEMORY_BLOCK - over);
    writer->used += MEMORY_BLOCK - over;
    return writer->used == BUFFER ? flush(writer, fault) : 0;
}

static int
add_large(struct memory_base_writer *writer, const struct memory_item *item, size_t size, struct daybreak_fault *fault)
{
    uint8_t *bytes = memory_need(size);
    int result = 0;

    memory_entry_write(bytes, item);
    for (size_t done = 0; done < size && result == 0;) {
        size_t part = BUFFER - writer->used < size - done ? BUFFER - writer->used : size - done;

        memcpy(writer->buffer + writer->used, bytes + done, part);
        writer->used += part;
        done += part;
        if (writer->used == BUFFER)
            result = flush(writer, fault);
    }
    free(bytes);
    return result == 0 ? pad(writer, fault) : -1;
}

static void
line_add(struct memory_base_writer *writer, uint64_t hash, uint64_t offset)
{
    uint64_t line = memory_line_of(hash, writer->head.lines);
    uint8_t *at = writer->lines + line * MEMORY_LINE;

    while (at[MEMORY_LINE_USED] == writer->places) {
        at[MEMORY_LINE_OVER] = 1;
        line = line + 1 == writer->head.lines ? 0 : line + 1;
        at = writer->lines + line * MEMORY_LINE;
    }
    at[at[MEMORY_LINE_USED]] = (uint8_t)hash;
    memory_place_write(at, at[MEMORY_LINE_USED], writer->head.wide != 0, offset);
    at[MEMORY_LINE_USED]++;
}

static void
lines_add(struct memory_base_writer *writer)
{
    for (uint32_t i = 0; i < writer->waits; i++)
        __builtin_prefetch(writer->lines + memory_line_of(writer->waiting[i].hash, writer->head.lines) * MEMORY_LINE, 1);
    for (uint32_t i = 0; i < writer->waits; i++)
        line_add(writer, writer->waiting[i].hash, writer->waiting[i].offset);
    writer->waits = 0;
}

int
memory_base_writer_add(struct memory_base_writer *writer, const struct memory_item *item, uint64_t hash,
                       struct daybreak_fault *fault)
{
    size_t size = memory_entry_size(item);
    uint64_t offset;

    if (size > MEMORY_BLOCK - writer->used % MEMORY_BLOCK && pad(writer, fault) != 0)
        return -1;
    offset = writer->blocks * MEMORY_BLOCK + writer->used;
    table_room(writer, offset / MEMORY_BLOCK + 1);
    writer->counts[offset / MEMORY_BLOCK]++;
    writer->waiting[writer->waits++] = (struct waiting){hash, offset};
    if (writer->waits == TOGETHER)
        lines_add(writer);
    if (size > MEMORY_BLOCK)
        return add_large(writer, item, size, fault);
    memory_entry_write(writer->buffer + writer->used, item);
    writer->used += size;
    return writer->used == BUFFER ? flush(writer, fault) : 0;
}

static int
write_tail(struct memory_base_writer *writer, struct daybreak_fault *fault)
{
    struct memory_base_head *head = &writer->head;
    uint64_t line_blocks = (head->lines + MEMORY_LINES - 1) / MEMORY_LINES, bytes;
    XXH128_hash_t sum;
    uint8_t *table;
    int result;

    lines_add(writer);
    if (pad(writer, fault) != 0 || flush(writer, fault) != 0)
        return -1;
    head->entry_blocks = writer->blocks;
    table_room(writer, writer->blocks + line_blocks);
    for (uint64_t i = 0; i < line_blocks; i++)
        writer->sums[writer->blocks + i] = XXH3_64bits(writer->lines + i * MEMORY_BLOCK, MEMORY_BLOCK);
    bytes = memory_base_table_bytes(head->entry_blocks, line_blocks);
    table = memory_need(bytes);
    memcpy(table, writer->sums, (head->entry_blocks + line_blocks) * sizeof *writer->sums);
    memcpy(table + (head->entry_blocks + line_blocks) * sizeof *writer->sums, writer->counts,
           head->entry_blocks * sizeof *writer->counts);
    sum = XXH3_128bits(table, bytes);
    head->table_sum[0] = sum.low64;
    head->table_sum[1] = sum.high64;
    sum = XXH3_128bits(head, offsetof(struct memory_base_head, sum));
    head->sum[0] = sum.low64;
    head->sum[1] = sum.high64;
    result = file_write_all(writer->fd, writer->lines, line_blocks * MEMORY_BLOCK, writer->aside, fault) == 0 &&
                     file_write_all(writer->fd, table, bytes, writer->aside, fault) == 0
                 ? 0
                 : -1;
    free(table);
    return result;
}

int
memory_base_writer_end(struct memory_base_writer *writer, const char *dir, bool *placed, struct daybreak_fault *fault)
{
    *placed = false;
    if (write_tail(writer, fault) != 0)
        return -1;
    CRASH_POINT("memory.base-without-header");
    if (lseek(writer->fd, 0, SEEK_SET) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot write '%s': %s", writer->aside, strerror(errno));
        return fault_exit(fault, 74, "memory");
    }
    if (file_write_all(writer->fd, &writer->head, sizeof writer->head, writer->aside, fault) != 0 ||
        file_sync(writer->fd, writer->aside, fault) != 0)
        return -1;
    CRASH_POINT("memory.base-synced");
    if (rename(writer->aside, writer->path) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot rename '%s' to '%s': %s", writer->aside, writer->path, strerror(errno));
        return fault_exit(fault, 74, "memory");
    }
    *placed = true;
    CRASH_POINT("memory.base-renamed");
    if (close(writer->fd) != 0) { /* synced above: what close says of it can only be about the descriptor */
        writer->fd = -1;
        fault_set(fault, DAYBREAK_HALT, "cannot close '%s': %s", writer->path, strerror(errno));
        return fault_exit(fault, 74, "memory");
    }
    writer->fd = -1;
    return file_sync_dir(dir, fault);
}
