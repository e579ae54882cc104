/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a memory: opened where its target stands, staged, journalled, landed or taken back, and made
 * a new base when an input ended. What is durable is decided here; what is known of a key is decided in
 * its parts.
 */
#include "change/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/log.h"
#include "change/memory_parts.h"

#define SETTLE_LEAST (16 * 1024)  /* a smaller journal is not worth a new base */
#define MARKS_MOST (64 * 1024)    /* of a journal that says nothing but how far batches came */

/* Table names are the user's: whatever a file name might not bear is written as %XX. */
static char *
path_of(const char *dir, const char *name, const char *ending)
{
    size_t size = strlen(dir) + 3 * strlen(name) + strlen(ending) + 3, at;
    char *path = memory_need(size);

    at = (size_t)snprintf(path, size, "%s/", dir);
    for (size_t i = 0; name[i] != '\0'; i++) {
        unsigned char c = (unsigned char)name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                     (c == '.' && i > 0) || c >= 0x80;

        at += (size_t)snprintf(path + at, size - at, plain ? "%c" : "%%%02X", c);
    }
    snprintf(path + at, size - at, ".%s", ending);
    return path;
}

static void
aside_unlink(const char *path)
{
    size_t size = strlen(path) + sizeof ".new";
    char *aside = memory_need(size);

    snprintf(aside, size, "%s.new", path);
    unlink(aside); /* left by a kill; nothing but its name is worth anything */
    free(aside);
}

static void
draw_seed(struct memory *memory)
{
    if (getrandom(&memory->hash_seed, sizeof memory->hash_seed, 0) != (ssize_t)sizeof memory->hash_seed)
        memory->hash_seed ^= (uint64_t)(uintptr_t)memory; /* places in a table depend on it, no promise does */
}

static int
lost(const struct memory *memory, int64_t landed, struct daybreak_fault *fault)
{
    bool none = memory->base.map == NULL && memory->log.fd < 0;

    if (none)
        fault_set(fault, DAYBREAK_HALT, "the memory '%s' is lost: the target has batches up to %lld", memory->base_path,
                  (long long)landed);
    else
        fault_set(fault, DAYBREAK_HALT,
                  "the memory '%s' ends with batch %lld, the target has batches up to %lld: it is from an older copy",
                  memory->base_path, (long long)memory->log.batch, (long long)landed);
    fault_hint(fault, "restore the state folder from a backup, or compare source and target anew: daybreak run --resync");
    return fault_exit(fault, 78, "memory-lost");
}

static int
read_all(struct memory *memory, int64_t landed, bool needed, struct daybreak_fault *fault)
{
    bool base_there, log_there;

    if (memory_base_open(&memory->base, memory->base_path, &base_there, fault) != 0)
        return -1;
    memory->log.batch = memory->log.landed_batch = memory->base.head.batch;
    if (memory_log_open(&memory->log, memory->base.head.generation, landed, &memory->overlay, &log_there, fault) != 0)
        return -1;
    if ((base_there || log_there || needed) && memory->log.batch < landed)
        return lost(memory, landed, fault);
    if (memory->base.head.batch > landed) {
        fault_set(fault, DAYBREAK_HALT, "the memory '%s' is at batch %lld, the target at %lld: the target is from an older copy",
                  memory->base_path, (long long)memory->base.head.batch, (long long)landed);
        fault_hint(fault, "compare source and target anew: daybreak run --resync");
        return fault_exit(fault, 78, "memory-ahead");
    }
    if (base_there)
        memory->hash_seed = memory->base.head.hash_seed;
    else
        draw_seed(memory);
    if (!memory_replay(memory))
        return memory_base_fault(fault, memory->base_path, "is damaged: a remembered version is none");
    return 0;
}

static void
parts_close(struct memory *memory)
{
    memory_base_close(&memory->base);
    memory_overlay_fini(&memory->overlay);
    memory_log_close(&memory->log);
}

/* Nothing relies on it (a resync, or nothing ever landed): kept for a person to look at, and begun anew. */
static int
set_aside(const char *path, struct daybreak_fault *fault)
{
    size_t size = strlen(path) + sizeof ".damaged";
    char *aside = memory_need(size);
    int result = 0;

    snprintf(aside, size, "%s.damaged", path);
    if (rename(path, aside) != 0 && errno != ENOENT) {
        fault_set(fault, DAYBREAK_HALT, "cannot rename '%s' to '%s': %s", path, aside, strerror(errno));
        result = fault_exit(fault, 74, "memory");
    }
    free(aside);
    return result;
}

static int
open_as(const char *dir, const char *name, int64_t landed, bool needed, bool still, struct memory **out, struct daybreak_fault *fault)
{
    struct memory *memory = memory_zero(sizeof *memory);
    struct daybreak_fault why = {0};

    memory->dir = memory_text(dir);
    memory->base_path = path_of(dir, name, "base");
    memory->log.path = path_of(dir, name, "journal");
    memory->log.fd = -1;
    memory->log.still = still;
    memory_overlay_init(&memory->overlay);
    if (!still) {
        aside_unlink(memory->base_path);
        aside_unlink(memory->log.path);
    }
    if (read_all(memory, landed, needed, &why) != 0) {
        parts_close(memory);
        if (needed || fault_status(&why) != 78) {
            *fault = why;
            goto close_memory;
        }
        LOG_WARN("memory is begun anew, what was there is %s: reason=%s", still ? "left as it is" : "kept beside it", why.what);
        if (still) {
            memory->log.size = memory->log.landed_size = memory->log.batch = memory->log.landed_batch = 0;
            draw_seed(memory);
            memory_replay(memory);
        } else if (set_aside(memory->base_path, fault) != 0 || set_aside(memory->log.path, fault) != 0 ||
                   read_all(memory, landed, false, fault) != 0) {
            goto close_memory;
        }
    }
    memory_look(memory);
    *out = memory;
    return 0;

close_memory:
    memory_close(memory);
    return -1;
}

int
memory_open(const char *dir, const char *name, int64_t landed, bool needed, struct memory **out, struct daybreak_fault *fault)
{
    return open_as(dir, name, landed, needed, false, out, fault);
}

int
memory_open_still(const char *dir, const char *name, int64_t landed, bool needed, struct memory **out, struct daybreak_fault *fault)
{
    return open_as(dir, name, landed, needed, true, out, fault);
}

void
memory_close(struct memory *memory)
{
    if (memory == NULL)
        return;
    parts_close(memory);
    free(memory->dir);
    free(memory->base_path);
    free(memory->log.path);
    free(memory);
}

int64_t
memory_count(const struct memory *memory)
{
    return memory->count;
}

int64_t
memory_batch(const struct memory *memory)
{
    return memory->log.batch;
}

const uint8_t *
memory_seed(const struct memory *memory)
{
    return memory->seed;
}

void
memory_set_seed(struct memory *memory, const uint8_t seed[16])
{
    uint8_t *to;

    if (memcmp(seed, memory->seed, sizeof memory->seed) == 0)
        return;
    memcpy(memory->seed, seed, sizeof memory->seed);
    to = memory_overlay_room(&memory->overlay, 1 + sizeof memory->seed);
    *to = MEMORY_RESEED;
    memcpy(to + 1, memory->seed, sizeof memory->seed);
    memory->overlay.size += 1 + sizeof memory->seed;
    memory->overlay.plain = false;
}

int
memory_sound(const struct memory *memory, struct daybreak_fault *fault)
{
    return memory->base.damaged
               ? memory_base_fault(fault, memory->base_path, "is damaged: a block that was looked up is not what was written")
               : 0;
}

int
memory_journal(struct memory *memory, int64_t batch, struct daybreak_fault *fault)
{
    struct memory_overlay *overlay = &memory->overlay;

    if (memory_sound(memory, fault) != 0)
        return -1;
    if (batch < memory->log.batch || batch <= memory->log.landed_batch) { /* could not be told from what landed */
        fault_set(fault, DAYBREAK_HALT, "the memory '%s' is at batch %lld, it cannot take batch %lld", memory->base_path,
                  (long long)memory->log.batch, (long long)batch);
        return fault_exit(fault, 70, "memory");
    }
    if (memory->log.still) {
        overlay->journalled = overlay->size;
        memory->log.batch = batch;
        return 0;
    }
    if (memory->log.fd < 0 || memory->log.older) {
        size_t landed = memory->log.fd < 0 ? 0 : overlay->landed - MEMORY_START; /* of the journal of before nothing is lost */

        if (memory_log_begin(&memory->log, memory->dir, memory->base.head.generation,
                             landed == 0 ? NULL : overlay->at + MEMORY_START, landed, fault) != 0)
            return -1;
    }
    if (memory_log_append(&memory->log, batch, overlay->at == NULL ? NULL : overlay->at + overlay->journalled,
                          overlay->size - overlay->journalled, fault) != 0)
        return -1;
    overlay->journalled = overlay->size;
    return 0;
}

void
memory_landed(struct memory *memory)
{
    struct memory_overlay *overlay = &memory->overlay;

    overlay->landed = overlay->journalled;
    memory->log.landed_size = memory->log.size;
    memory->log.landed_batch = memory->log.batch;
    if (overlay->landed == overlay->size)
        overlay->below_count = 0; /* else a few stand there longer than they are asked for */
}

int
memory_revert(struct memory *memory, struct daybreak_fault *fault)
{
    if (memory->overlay.size > memory->overlay.landed && !memory_replay(memory))
        return memory_base_fault(fault, memory->base_path, "is damaged: a block that was looked up is not what was written");
    return memory_log_cut(&memory->log, fault);
}

int
memory_clear(struct memory *memory, struct daybreak_fault *fault)
{
    (void)fault;
    memory_forget_all(memory);
    return 0;
}

/* ---- a new base ------------------------------------------------------------------------------------- */

struct settling {
    struct memory *memory;
    struct memory_base_writer *writer;
    struct daybreak_fault *fault;
    uint64_t *told;              /* a bit per 16 bytes of the overlay: this version took the place of one in the base */
    int64_t count;
};

static int
tell(struct settling *settling, const struct memory_entry *entry, uint64_t hash)
{
    struct memory_item item = {.key = entry->key, .key_size = entry->key_size, .route = entry->route, .raw = entry->raw,
                               .canon = entry->canon, .row = entry->row, .row_size = entry->row_size};

    settling->count++;
    return memory_base_writer_add(settling->writer, &item, hash, settling->fault);
}

/* In the order of the old base, each with its newest version. */
static int
tell_base(struct settling *settling)
{
    struct memory *memory = settling->memory;
    struct memory_base *base = &memory->base;
    struct memory_version version;
    struct memory_entry entry;

    for (uint64_t offset = 0; offset < base->entries_size; offset = memory_base_next(base, offset, &entry)) {
        uint64_t hash, newest = MEMORY_NONE;
        int result = 0;

        if (!memory_base_at(base, offset, &entry))
            return memory_sound(memory, settling->fault);
        hash = memory_hash(memory, entry.key, entry.key_size);
        if (memory_base_flags(base, offset) & MEMORY_SHADOWED)
            newest = memory_overlay_find(&memory->overlay, hash, entry.key, entry.key_size, &version);
        if (newest == MEMORY_NONE) {
            result = tell(settling, &entry, hash);
        } else if (version.kind == MEMORY_PUT) {
            settling->told[newest >> 10] |= UINT64_C(1) << (newest >> 4 & 63);
            result = tell(settling, &version.entry, hash);
        }
        if (result != 0)
            return -1;
    }
    return 0;
}

/* Keys that are new, in the order they came. */
static int
tell_overlay(struct settling *settling)
{
    const struct memory_overlay *overlay = &settling->memory->overlay;
    struct memory_version version, newest;

    for (uint64_t offset = MEMORY_START; offset < overlay->size; offset += version.size) {
        uint64_t hash;

        if (!memory_overlay_read(overlay, offset, overlay->size, &version))
            break;
        if (version.kind != MEMORY_PUT || settling->told[offset >> 10] >> (offset >> 4 & 63) & 1)
            continue;
        hash = memory_hash(settling->memory, version.entry.key, version.entry.key_size);
        if (!overlay->plain &&
            memory_overlay_find(overlay, hash, version.entry.key, version.entry.key_size, &newest) != offset)
            continue;
        if (tell(settling, &version.entry, hash) != 0)
            return -1;
    }
    return 0;
}

static int
base_write(struct memory *memory, struct daybreak_fault *fault)
{
    struct memory_base_head head = {.generation = memory->base.head.generation + 1, .batch = memory->log.landed_batch,
                                    .count = (uint64_t)memory->count, .hash_seed = memory->hash_seed};
    struct settling settling = {.memory = memory, .fault = fault};
    bool placed;
    int result = -1;

    memcpy(head.seed, memory->seed, sizeof head.seed);
    settling.writer = memory_base_writer_new(memory->base_path, &head,
                                             (memory->base.entries_size + memory->overlay.size) * 2, fault);
    if (settling.writer == NULL)
        return -1;
    settling.told = memory_zero(((memory->overlay.size >> 10) + 1) * sizeof *settling.told);
    if ((!memory->hidden && tell_base(&settling) != 0) || tell_overlay(&settling) != 0)
        goto drop;
    if (settling.count != memory->count) {
        memory_base_fault(fault, memory->base_path, "is damaged: it does not hold as many keys as it counted");
        goto drop;
    }
    CRASH_POINT("memory.base-told");
    result = memory_base_writer_end(settling.writer, memory->dir, &placed, fault);
    memory->log.broken = placed; /* the journal belongs to the base that was, until another is begun */
drop:
    free(settling.told);
    memory_base_writer_drop(settling.writer);
    return result;
}

int
memory_settle(struct memory *memory, bool force, struct daybreak_fault *fault)
{
    struct memory_overlay *overlay = &memory->overlay;
    struct memory_log *log = &memory->log;
    int64_t limit = (int64_t)memory->base.map_size / 4 > SETTLE_LEAST ? (int64_t)memory->base.map_size / 4 : SETTLE_LEAST;
    uint64_t generation = memory->base.head.generation;
    bool there;

    if (log->fd < 0 || log->still || log->broken || overlay->size != overlay->landed || log->size != log->landed_size)
        return 0; /* nothing to fold, or something that may yet be taken back: the next end of an input comes */
    if (overlay->size == MEMORY_START)
        return log->size > MARKS_MOST ? memory_log_begin(log, memory->dir, generation, NULL, 0, fault) : 0;
    if (!force && log->size <= limit)
        return 0;
    if (memory_sound(memory, fault) != 0 || base_write(memory, fault) != 0)
        return -1;
    memory_base_close(&memory->base);
    memory_overlay_fini(overlay);
    if (memory_base_open(&memory->base, memory->base_path, &there, fault) != 0)
        return -1;
    CRASH_POINT("memory.before-journal-begin");
    if (memory_log_begin(log, memory->dir, generation + 1, NULL, 0, fault) != 0)
        return -1;
    log->broken = false;
    if (!memory_replay(memory))
        return memory_sound(memory, fault);
    memory_look(memory);
    return 0;
}

static uint64_t
hash_again(void *context, const char *key, uint32_t size)
{
    return memory_hash(context, key, size);
}

int
memory_verify(struct memory *memory, struct daybreak_fault *fault)
{
    if (memory->base.map != NULL &&
        memory_base_verify(&memory->base, memory->base_path, hash_again, memory, fault) != 0)
        return -1;
    return memory_log_verify(&memory->log, fault);
}

int64_t
memory_bytes(const struct memory *memory)
{
    return (int64_t)memory->base.map_size + (memory->log.fd < 0 ? 0 : memory->log.size);
}
