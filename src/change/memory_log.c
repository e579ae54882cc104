/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: what was decided since the base, on the disk before the target hears of it. A record says
 * which batch it belongs to, so that what the target never got is told from what it has. A torn end is
 * what a kill leaves and is cut off; damage before it is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/file.h"
#include "change/memory_parts.h"

#define LOG_MAGIC UINT64_C(0x314c4e4a59414244)
#define RECORD_MAGIC UINT64_C(0x3144524359414244)
#define PIECE (1u << 20)

struct log_head {
    uint64_t magic, version, generation;
    int64_t batch;           /* all up to it is in the base, or there was nothing to keep */
    uint64_t sum;
};

struct log_record {
    uint64_t magic;
    int64_t batch;
    uint64_t at, size;       /* where this head stands; bytes behind it */
    uint64_t sum[2];         /* XXH3-128 of these bytes */
    uint64_t head_sum;       /* of this head up to here, under the generation */
};

static int
log_fault(const struct memory_log *log, struct daybreak_fault *fault, const char *verb)
{
    fault_set(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, log->path, strerror(errno));
    return fault_exit(fault, 74, "memory");
}

void
memory_log_close(struct memory_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

/* All of it or a fault; the file's end is one too. */
static int
read_at(const struct memory_log *log, void *to, size_t size, int64_t at, struct daybreak_fault *fault)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(log->fd, (char *)to + done, size - done, (off_t)(at + (int64_t)done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it is shorter than fstat said a moment ago */
        if (got <= 0)
            return log_fault(log, fault, "read");
        done += (size_t)got;
    }
    return 0;
}

static uint64_t
head_sum(const struct log_record *record, uint64_t generation)
{
    return XXH3_64bits_withSeed(record, offsetof(struct log_record, head_sum), generation);
}

static int
cut(struct memory_log *log, int64_t size, struct daybreak_fault *fault)
{
    if (ftruncate(log->fd, (off_t)size) != 0)
        return log_fault(log, fault, "cut");
    if (file_sync(log->fd, log->path, fault) != 0) {
        log->broken = true;
        return fault_exit(fault, 74, "memory");
    }
    log->torn = false;
    return 0;
}

/* 1: a whole record stands at ${at}; 0: none does; -1: fault. ${claims}: the batch its head names, -1 when
 * the head is none. */
static int
record_at(const struct memory_log *log, int64_t at, int64_t end, struct log_record *record, int64_t *claims,
          struct daybreak_fault *fault)
{
    *claims = -1;
    if (end - at < (int64_t)sizeof *record)
        return 0;
    if (read_at(log, record, sizeof *record, at, fault) != 0)
        return -1;
    if (record->magic != RECORD_MAGIC || record->head_sum != head_sum(record, log->generation) || record->at != (uint64_t)at ||
        record->batch < 0)
        return 0;
    *claims = record->batch;
    return record->size <= (uint64_t)(end - at) - sizeof *record;
}

static bool
payload_whole(const struct log_record *record, const void *bytes)
{
    XXH128_hash_t sum = XXH3_128bits(bytes, record->size);

    return sum.low64 == record->sum[0] && sum.high64 == record->sum[1];
}

/* Records up to the one the target has; what stands behind must be newer, whole or not. */
static int
read_records(struct memory_log *log, int64_t landed, int64_t end, struct memory_overlay *overlay, struct daybreak_fault *fault)
{
    struct log_record record;
    int64_t claims;

    for (;;) {
        int found = record_at(log, log->size, end, &record, &claims, fault);
        uint8_t *to;

        if (found < 0)
            return -1;
        if (found > 0 && record.batch <= landed) {
            to = memory_overlay_room(overlay, record.size);
            if (read_at(log, to, record.size, log->size + (int64_t)sizeof record, fault) != 0)
                return -1;
            found = payload_whole(&record, to) && record.batch >= log->batch;
        } else if (found > 0) {
            return 0;
        }
        if (found == 0) {
            if (claims >= 0 ? claims <= landed : log->batch < landed && log->size < end)
                return memory_base_fault(fault, log->path,
                                         "is damaged: a record that the target builds on is not what was written");
            return 0;
        }
        overlay->size += record.size;
        log->size += (int64_t)(sizeof record + record.size);
        log->batch = record.batch;
    }
}

int
memory_log_open(struct memory_log *log, uint64_t generation, int64_t landed, struct memory_overlay *overlay, bool *there,
                struct daybreak_fault *fault)
{
    struct log_head head = {0};
    struct stat status;

    *there = false;
    log->generation = generation;
    log->fd = open(log->path, (log->still ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
    if (log->fd < 0)
        return errno == ENOENT ? 0 : log_fault(log, fault, "open");
    if (fstat(log->fd, &status) != 0)
        return log_fault(log, fault, "open");
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof head)
        return memory_base_fault(fault, log->path, "is damaged: it has no header");
    if (read_at(log, &head, sizeof head, 0, fault) != 0)
        return -1;
    if (head.magic != LOG_MAGIC || head.version < MEMORY_VERSION_READ || head.version > MEMORY_VERSION)
        return memory_base_fault(fault, log->path, "is of another version, or of no version at all");
    if (head.sum != XXH3_64bits(&head, offsetof(struct log_head, sum)))
        return memory_base_fault(fault, log->path, "is damaged: its header is not what was written");
    if (head.generation < generation) { /* folded in; the end came before it was replaced */
        memory_log_close(log);
        return 0;
    }
    if (head.generation > generation)
        return memory_base_fault(fault, log->path, "is newer than the base beside it: one of them is from another time");
    *there = true;
    log->older = head.version < MEMORY_VERSION;
    log->batch = head.batch > log->batch ? head.batch : log->batch;
    log->size = sizeof head;
    if (read_records(log, landed, (int64_t)status.st_size, overlay, fault) != 0)
        return -1;
    if (!log->still && log->size < (int64_t)status.st_size && log->batch >= landed && cut(log, log->size, fault) != 0)
        return -1;
    overlay->landed = overlay->journalled = overlay->size;
    log->landed_size = log->size;
    log->landed_batch = log->batch;
    return 0;
}

static void
record_seal(struct log_record *record, const void *bytes, uint64_t generation)
{
    XXH128_hash_t sum = XXH3_128bits(bytes, record->size);

    record->sum[0] = sum.low64;
    record->sum[1] = sum.high64;
    record->head_sum = head_sum(record, generation);
}

int
memory_log_begin(struct memory_log *log, const char *dir, uint64_t generation, const void *bytes, size_t size,
                 struct daybreak_fault *fault)
{
    struct log_head head = {.magic = LOG_MAGIC, .version = MEMORY_VERSION, .generation = generation, .batch = log->batch};
    struct log_record record = {.magic = RECORD_MAGIC, .batch = log->batch, .at = sizeof head, .size = size};
    size_t name_size = strlen(log->path) + sizeof ".new";
    char *aside = memory_need(name_size);
    int fd, result = -1;

    snprintf(aside, name_size, "%s.new", log->path);
    record_seal(&record, bytes, generation);
    head.sum = XXH3_64bits(&head, offsetof(struct log_head, sum));
    unlink(aside);
    fd = open(aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        log_fault(log, fault, "create");
        goto free_name;
    }
    if (file_write_all(fd, &head, sizeof head, aside, fault) != 0 ||
        (size > 0 && (file_write_all(fd, &record, sizeof record, aside, fault) != 0 ||
                      file_write_all(fd, bytes, size, aside, fault) != 0)) ||
        file_sync(fd, aside, fault) != 0)
        goto drop_file;
    CRASH_POINT("memory.journal-begun");
    if (rename(aside, log->path) != 0) {
        log_fault(log, fault, "replace");
        goto drop_file;
    }
    CRASH_POINT("memory.journal-renamed");
    memory_log_close(log);
    log->fd = fd;
    log->generation = generation;
    log->size = log->landed_size = (int64_t)(sizeof head + (size > 0 ? sizeof record + size : 0));
    log->landed_batch = log->batch;
    log->torn = log->older = false;
    result = file_sync_dir(dir, fault);
    log->broken |= result != 0;
    goto free_name;

drop_file:
    close(fd);
    unlink(aside);
free_name:
    free(aside);
    return result;
}

int
memory_log_append(struct memory_log *log, int64_t batch, const void *bytes, size_t size, struct daybreak_fault *fault)
{
    struct log_record record = {.magic = RECORD_MAGIC, .batch = batch, .at = (uint64_t)log->size, .size = size};

    if (log->broken) {
        fault_set(fault, DAYBREAK_HALT, "the journal '%s' could not be synced before: what the disk holds is not known",
                  log->path);
        fault_hint(fault, "see to the disk, then run again: the journal is read anew");
        return fault_exit(fault, 74, "memory");
    }
    record_seal(&record, bytes, log->generation);
    if (log->torn && cut(log, log->size, fault) != 0)
        return -1;
    if (lseek(log->fd, (off_t)log->size, SEEK_SET) != (off_t)log->size)
        return log_fault(log, fault, "write");
    log->torn = true;
    CRASH_POINT("memory.before-journal");
    if (file_write_all(log->fd, &record, sizeof record, log->path, fault) != 0)
        return -1;
    CRASH_POINT("memory.journal-torn");
    if (file_write_all(log->fd, bytes, size, log->path, fault) != 0)
        return -1;
    CRASH_POINT("memory.journal-written");
    if (file_sync(log->fd, log->path, fault) != 0) {
        log->broken = true;
        return -1;
    }
    CRASH_POINT("memory.journal-synced");
    log->torn = false;
    log->size += (int64_t)(sizeof record + size);
    log->batch = batch;
    return 0;
}

int
memory_log_cut(struct memory_log *log, struct daybreak_fault *fault)
{
    bool more = log->torn || log->size != log->landed_size;

    log->size = log->landed_size;
    log->batch = log->landed_batch;
    if (log->fd < 0 || !more)
        return 0;
    log->torn = true;
    return log->broken ? 0 : cut(log, log->size, fault);
}

int
memory_log_verify(const struct memory_log *log, struct daybreak_fault *fault)
{
    struct log_record record;
    int64_t at = sizeof(struct log_head), claims;
    XXH3_state_t *state;
    char *piece;
    int result = 0;

    if (log->fd < 0)
        return 0;
    piece = memory_need(PIECE);
    state = XXH3_createState();
    while (result == 0 && at < log->size) {
        XXH128_hash_t sum;
        int found = record_at(log, at, log->size, &record, &claims, fault);

        result = found > 0 ? 0 : -1;
        if (found == 0)
            memory_base_fault(fault, log->path, "is damaged: a record is not what was written");
        XXH3_128bits_reset(state);
        at += (int64_t)sizeof record;
        for (uint64_t left = result == 0 ? record.size : 0; left > 0 && result == 0;) {
            size_t part = left < PIECE ? left : PIECE;

            result = read_at(log, piece, part, at, fault);
            XXH3_128bits_update(state, piece, part);
            at += (int64_t)part;
            left -= part;
        }
        sum = XXH3_128bits_digest(state);
        if (result == 0 && (sum.low64 != record.sum[0] || sum.high64 != record.sum[1]))
            result = memory_base_fault(fault, log->path, "is damaged: a record is not what was written");
    }
    XXH3_freeState(state);
    free(piece);
    return result;
}
