/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of an input that is still being compared. Few as a rule, so they wait in memory; a night that
 * changed everything goes on into a file without a name, which ends with the process whatever happens. One
 * word a record says where it stands.
 */
#include "change/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"

#define MEMORY_BYTES (32u << 20)
#define BUFFER_BYTES (1u << 20)   /* of what is not in the file yet, once there is one */
#define WINDOW_BYTES (256u << 10)
#define VOIDED (UINT64_C(1) << 63)

struct spool {
    char *dir;
    int fd;                  /* -1: all is in memory */
    char *tail;              /* bytes from ${written} on */
    size_t tail_size, tail_room;
    uint64_t written;        /* bytes in the file */
    uint64_t *at;            /* where each record begins; the top bit: voided */
    uint64_t records, room, voided, next;
    char *window;            /* a piece of the file */
    size_t window_size, window_room;
    uint64_t window_at;
};

struct spool *
spool_new(const char *dir)
{
    struct spool *spool = memory_zero(sizeof *spool);

    spool->dir = memory_text(dir);
    spool->fd = -1;
    return spool;
}

void
spool_clear(struct spool *spool)
{
    if (spool->fd >= 0)
        close(spool->fd); /* nothing of it is wanted any more */
    free(spool->tail);
    free(spool->at);
    free(spool->window);
    *spool = (struct spool){.dir = spool->dir, .fd = -1};
}

void
spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    spool_clear(spool);
    free(spool->dir);
    free(spool);
}

/* Always the disk's trouble, and a person's: the input is compared again when there is room. */
static int
halted(struct spool *spool, struct daybreak_fault *fault)
{
    fault->kind = DAYBREAK_HALT;
    fault_hint(fault, "changes of the input under way are kept in '%s': make room there and run again", spool->dir);
    return fault->status == 74 ? -1 : fault_exit(fault, 74, "spool");
}

static int
file_begin(struct spool *spool, struct daybreak_fault *fault)
{
    size_t size = strlen(spool->dir) + sizeof "/spool.XXXXXX";
    char *path = memory_need(size);

    snprintf(path, size, "%s/spool.XXXXXX", spool->dir);
    spool->fd = mkostemp(path, O_CLOEXEC);
    if (spool->fd < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot create '%s': %s", path, strerror(errno));
    } else if (unlink(path) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot unlink '%s': %s", path, strerror(errno));
        close(spool->fd);
        spool->fd = -1;
    }
    free(path);
    return spool->fd < 0 ? halted(spool, fault) : 0;
}

/* The tail goes into the file. A write that failed midway is written over by the next. */
static int
tail_write(struct spool *spool, struct daybreak_fault *fault)
{
    if (spool->fd < 0 && file_begin(spool, fault) != 0)
        return -1;
    if (lseek(spool->fd, (off_t)spool->written, SEEK_SET) < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot write the spool: %s", strerror(errno));
        return halted(spool, fault);
    }
    if (file_write_all(spool->fd, spool->tail, spool->tail_size, "the spool", fault) != 0)
        return halted(spool, fault);
    spool->written += spool->tail_size;
    spool->tail_size = 0;
    if (spool->tail_room > 2 * BUFFER_BYTES) { /* it held all there was; now it only collects */
        free(spool->tail);
        spool->tail = NULL;
        spool->tail_room = 0;
    }
    return 0;
}

int
spool_add(struct spool *spool, const void *bytes, size_t size, uint64_t *index, struct daybreak_fault *fault)
{
    size_t limit = spool->fd < 0 ? MEMORY_BYTES : BUFFER_BYTES;

    if (spool->tail_size > 0 && (size > limit || spool->tail_size > limit - size) && tail_write(spool, fault) != 0)
        return -1;
    if (spool->tail_room - spool->tail_size < size) {
        size_t need = spool->tail_size + size;

        spool->tail_room = need + need / 2 < 4096 ? 4096 : need + need / 2;
        spool->tail = memory_grow(spool->tail, spool->tail_room);
    }
    if (spool->records == spool->room) {
        spool->room = spool->room == 0 ? 64 : spool->room * 2;
        spool->at = memory_grow(spool->at, spool->room * sizeof *spool->at);
    }
    if (size > 0)
        memcpy(spool->tail + spool->tail_size, bytes, size);
    spool->at[spool->records] = spool->written + spool->tail_size;
    spool->tail_size += size;
    *index = spool->records++;
    return 0;
}

void
spool_void(struct spool *spool, uint64_t index)
{
    if (index >= spool->records || spool->at[index] & VOIDED)
        return;
    spool->at[index] |= VOIDED;
    spool->voided++;
}

static int
window_read(struct spool *spool, uint64_t at, size_t size, struct daybreak_fault *fault)
{
    size_t want = size > WINDOW_BYTES ? size : WINDOW_BYTES, got = 0;

    if (want > spool->written - at)
        want = (size_t)(spool->written - at);
    if (want > spool->window_room) {
        spool->window_room = want;
        spool->window = memory_grow(spool->window, want);
    }
    spool->window_size = 0;
    while (got < want) {
        ssize_t part = pread(spool->fd, spool->window + got, want - got, (off_t)(at + got));

        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            fault_set(fault, DAYBREAK_HALT, "cannot read the spool: %s",
                      part < 0 ? strerror(errno) : "it is shorter than it was");
            return halted(spool, fault);
        }
        got += (size_t)part;
    }
    spool->window_at = at;
    spool->window_size = want;
    return 0;
}

int
spool_get(struct spool *spool, uint64_t index, const char **bytes, size_t *size, struct daybreak_fault *fault)
{
    uint64_t at, end;

    if (index >= spool->records)
        return fault_set(fault, DAYBREAK_HALT, "the spool has no record %llu", (unsigned long long)index);
    at = spool->at[index] & ~VOIDED;
    end = index + 1 < spool->records ? spool->at[index + 1] & ~VOIDED : spool->written + spool->tail_size;
    if (at == end) {
        *bytes = ""; /* never NULL, which is the end */
    } else if (at < spool->written) { /* the tail is written whole: a record is on one side or the other */
        if ((at < spool->window_at || end > spool->window_at + spool->window_size) &&
            window_read(spool, at, (size_t)(end - at), fault) != 0)
            return -1;
        *bytes = spool->window + (at - spool->window_at);
    } else {
        *bytes = spool->tail + (at - spool->written);
    }
    *size = (size_t)(end - at);
    return 0;
}

void
spool_rewind(struct spool *spool)
{
    spool->next = 0;
}

int
spool_next(struct spool *spool, const char **bytes, size_t *size, struct daybreak_fault *fault)
{
    while (spool->next < spool->records && spool->at[spool->next] & VOIDED)
        spool->next++;
    if (spool->next == spool->records) {
        *bytes = NULL;
        *size = 0;
        return 0;
    }
    return spool_get(spool, spool->next++, bytes, size, fault);
}

uint64_t
spool_count(const struct spool *spool)
{
    return spool->records - spool->voided;
}

uint64_t
spool_bytes(const struct spool *spool)
{
    return spool->written + spool->tail_size;
}
