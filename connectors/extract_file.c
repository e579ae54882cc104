/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extract: files in folders, plain, compressed or archived. Owns the look that goes on, the input given last with
 * its opened files,
 * and what of it is read now. A file is hashed, read and judged on one descriptor; nothing is ever unpacked to a disk.
 */
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "daybreak/connector.h"
#include "file_beside.h"
#include "file_look.h"
#include "file_match.h"
#include "file_memory.h"
#include "file_open.h"
#include "file_reader.h"

/* Looking costs a follower at most one part in so many of a CPU; inotify wakes it for what is new. */
#define LOOK_SHARE 500
#define LOOK_MIN_MS 1000
#define LOOK_MAX_MS 10000
#define AGAIN_MS 50      /* a file changed between being listed and being given */
#define LISTED_FRESH_MS 20

enum after { AFTER_KEEP, AFTER_DELETE, AFTER_MOVE };

/* One file of the input given last. */
struct taken {
    struct file_entry entry; /* its name is our own */
    struct file_open file;
    bool open;
};

struct file_extract {
    const struct daybreak_host *host;

    struct daybreak_list path;
    int64_t at_s, settle_ms, parts, max_ratio, max_member, max_members;
    const char *timezone;
    struct file_select select;
    struct daybreak_map after;
    bool growing;

    enum after after_kind;
    char *after_dir;         /* where it lies */
    struct file_wanted wanted;
    struct file_limits limits;
    locale_t locale;         /* so that names of members are bytes of UTF-8 wherever we run */

    struct file_look look;
    bool looking, worked;    /* in this look something was read */
    size_t next_ready;
    uint32_t passed;         /* changed between being listed and being given */
    int64_t listed_ms, look_began_us;

    struct taken *taken;     /* the input given last */
    size_t takens;
    char fingerprint[160];
    char *beside;            /* what was asked for beside it last */

    size_t reading;          /* the file of it that is read */
    struct file_reader *reader;
    char *part_name;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_LIST, .at = offsetof(struct file_extract, path), .required = true,
     .help = "Files to read: names, globs (* ? [a-z], ** for any folders) and %-parts (%Y %m %d %H %M %S %j %y), relative to the "
             "pipeline file.",
     .example = "drop/orders_%Y%m%d.csv.gz"},
    {.name = "at", .type = DAYBREAK_TIME, .at = offsetof(struct file_extract, at_s),
     .help = "Time of day a dump was cut, where its name tells only the day.", .example = "\"02:10\""},
    {.name = "timezone", .type = DAYBREAK_TEXT, .at = offsetof(struct file_extract, timezone), .preset = "UTC",
     .help = "Zone of the times in names and of at.", .example = "Europe/Paris"},
    {.name = "settle", .type = DAYBREAK_DURATION, .at = offsetof(struct file_extract, settle_ms), .preset = "2s",
     .max = 86400000,
     .help = "A file only written to is complete when unchanged this long; a rename or NAME.done completes it at once."},
    {.name = "after", .type = DAYBREAK_MAP, .at = offsetof(struct file_extract, after), .preset = "keep",
     .help = "What becomes of a file that is durably done: keep, delete, or {move: FOLDER}.", .example = "{move: done/}"},
    {.name = "member", .type = DAYBREAK_TEXT, .at = offsetof(struct file_extract, select.member),
     .help = "Which members of an archive to read; * also matches a slash.", .example = "\"*/orders.csv\""},
    {.name = "beside", .type = DAYBREAK_LIST, .at = offsetof(struct file_extract, select.beside),
     .help = "Members that are given besides; the manifests of guards stand for it."},
    {.name = "parts", .type = DAYBREAK_INTEGER, .at = offsetof(struct file_extract, parts), .preset = "1", .min = 1,
     .max = 10000, .help = "So many files of the same %-time are one input, complete when all are there."},
    {.name = "growing", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct file_extract, growing), .preset = "false",
     .help = "Plain files are read while they are written to, as logs are."},
    {.name = "max_ratio", .type = DAYBREAK_INTEGER, .at = offsetof(struct file_extract, max_ratio), .preset = "1000", .min = 1,
     .max = 1000000000, .help = "Packed data may unfold to so many times its size (beyond 64 MiB)."},
    {.name = "max_member", .type = DAYBREAK_SIZE, .at = offsetof(struct file_extract, max_member), .preset = "64GiB",
     .min = 1, .max = INT64_MAX, .help = "The largest size, unpacked, of what one packed file or member may hold."},
    {.name = "max_members", .type = DAYBREAK_INTEGER, .at = offsetof(struct file_extract, max_members),
     .preset = "100000", .min = 1, .max = 100000000, .help = "The most members an archive may have."},
    {.name = NULL},
};

/* ---- the input given last ----------------------------------------------------------------- */

static void
reading_close(struct file_extract *self)
{
    file_reader_close(self->reader);
    free(self->part_name);
    self->reader = NULL;
    self->part_name = NULL;
}

static void
input_drop(struct file_extract *self)
{
    reading_close(self);
    for (size_t i = 0; i < self->takens; i++) {
        if (self->taken[i].open)
            file_close(&self->taken[i].file);
        free(self->taken[i].entry.name);
    }
    free(self->taken);
    free(self->beside);
    self->taken = NULL;
    self->beside = NULL;
    self->takens = self->reading = 0;
}

/* Is the opened file the one that was listed? A growing one may have grown. */
static bool
as_listed(const struct file_extract *self, const struct file_identity *listed, const struct file_identity *now)
{
    return file_identity_same(listed, now) || (self->growing && listed->device == now->device &&
                                               listed->inode == now->inode && listed->size <= now->size);
}

static enum file_opened
taken_open(struct file_extract *self, struct taken *taken, struct daybreak_fault *fault)
{
    char path[PATH_MAX];
    enum file_opened opened;

    if (taken->open)
        return FILE_OPENED;
    if (!file_look_path(&self->look, taken->entry.name, path))
        return FILE_GONE;
    opened = file_open(&taken->file, self->host, path, taken->entry.name, fault);
    if (opened != FILE_OPENED)
        return opened;
    if (!as_listed(self, &taken->entry.identity, &taken->file.identity)) {
        file_close(&taken->file);
        return FILE_GONE;
    }
    taken->open = true;
    return FILE_OPENED;
}

static int
taken_need(struct file_extract *self, struct taken *taken, struct daybreak_fault *fault)
{
    switch (taken_open(self, taken, fault)) {
    case FILE_OPENED:
        self->worked = true;
        return 0;
    case FILE_GONE:
        return self->host->fault(fault, DAYBREAK_RETRY, "cannot read '%s': it was altered or taken away before it was read",
                                 taken->entry.name);
    default:
        return -1;
    }
}

static void
fingerprint_make(struct file_extract *self)
{
    XXH128_hash_t all = {0};

    for (size_t i = 0; i < self->takens; i++) {
        const struct file_identity *identity = &self->taken[i].entry.identity;

        snprintf(self->fingerprint, sizeof self->fingerprint, "%" PRIu64 ":%" PRIu64 ":%" PRId64 ":%" PRId64 ":%" PRId64,
                 identity->device, identity->inode, identity->size, identity->mtime_ns, identity->ctime_ns);
        all = XXH3_128bits_withSeed(self->fingerprint, strlen(self->fingerprint), all.low64 ^ all.high64);
    }
    if (self->takens > 1)
        snprintf(self->fingerprint, sizeof self->fingerprint, "%zu:%016" PRIx64 "%016" PRIx64, self->takens, all.high64,
                 all.low64);
}

/* Entries of the look become the input. 1, or 0 when one of them is no longer what was listed. */
static int
input_take(struct file_extract *self, struct file_entry **entry, size_t count, struct daybreak_fault *fault)
{
    bool stale = file_steady_ms() - self->listed_ms > LISTED_FRESH_MS;

    self->taken = file_need(NULL, count * sizeof *self->taken);
    for (size_t i = 0; i < count; i++) {
        struct taken *taken = &self->taken[i];
        char path[PATH_MAX];
        struct stat now;

        *taken = (struct taken){.entry = *entry[i]};
        taken->entry.name = file_text(entry[i]->name);
        self->takens++;
        if (entry[i]->packed < 0) {
            switch (taken_open(self, taken, fault)) {
            case FILE_OPENED:
                entry[i]->packed = taken->file.kind != FILE_PLAIN;
                break;
            case FILE_GONE:
                return 0;
            default:
                return -1;
            }
        } else if (stale) {
            if (!file_look_path(&self->look, taken->entry.name, path) || lstat(path, &now) != 0)
                return 0;
            file_identity_of(&now, &taken->entry.identity);
            if (!as_listed(self, &entry[i]->identity, &taken->entry.identity))
                return 0;
        }
        taken->entry.packed = entry[i]->packed;
        if (taken->open)
            taken->entry.identity = taken->file.identity;
    }
    fingerprint_make(self);
    return 1;
}

static void
input_tell(const struct file_extract *self, struct daybreak_input *input)
{
    const struct file_entry *first = &self->taken[0].entry;

    *input = (struct daybreak_input){.size = sizeof *input, .name = first->name, .fingerprint = self->fingerprint,
                                     .time_us = first->time_us, .visible_at_us = first->visible_at_us,
                                     .packed = self->takens > 1};
    for (size_t i = 0; i < self->takens; i++) {
        const struct file_entry *entry = &self->taken[i].entry;

        input->bytes += entry->identity.size;
        input->packed |= entry->packed != 0;
        if (entry->visible_at_us > input->visible_at_us)
            input->visible_at_us = entry->visible_at_us;
    }
}

/* ---- looking ------------------------------------------------------------------------------ */

static int64_t
cpu_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* When to look again at the latest. */
static int64_t
wait_ms_of(const struct file_extract *self)
{
    int64_t wait_ms = LOOK_MIN_MS;

    if (self->look.looks == 1)
        return 1; /* the next look watches, and so may wait */
    if (!self->worked && !self->look.watch.blind) {
        int64_t thrifty_ms = (cpu_us() - self->look_began_us) * LOOK_SHARE / 1000;

        if (thrifty_ms > wait_ms)
            wait_ms = thrifty_ms < LOOK_MAX_MS ? thrifty_ms : LOOK_MAX_MS;
    }
    if (self->passed > 0 && wait_ms > AGAIN_MS)
        wait_ms = AGAIN_MS;
    return wait_ms < self->look.settle_left_ms ? wait_ms : self->look.settle_left_ms;
}

static int
file_next_input(void *of, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
                struct daybreak_fault *fault)
{
    struct file_extract *self = of;

    input_drop(self);
    if (!self->looking) {
        self->look_began_us = cpu_us();
        if (file_look_now(&self->look, fault) != 0)
            return -1;
        self->looking = true;
        self->worked = false;
        self->next_ready = 0;
        self->passed = 0;
        self->listed_ms = file_steady_ms();
    }
    while (self->next_ready < self->look.readies) {
        struct file_entry **first = &self->look.ready[self->next_ready];
        size_t count = 1;
        int taken;

        while (self->parts > 1 && self->next_ready + count < self->look.readies &&
               first[count]->time_us == first[0]->time_us)
            count++;
        self->next_ready += count;
        if ((int64_t)count < self->parts) {
            if (file_look_once(&self->look, first[0]->name))
                self->host->log(self->host, 'I', "waits for the other parts of its time: input=%s here=%zu parts=%" PRId64,
                                first[0]->name, count, self->parts);
            continue;
        }
        taken = input_take(self, first, count, fault);
        if (taken < 0) {
            self->looking = false;
            input_drop(self);
            return -1;
        }
        if (taken == 0) {
            self->passed++;
            input_drop(self);
            continue;
        }
        input_tell(self, input);
        *next = DAYBREAK_MORE;
        return 0;
    }
    self->looking = false;
    *wait = (struct daybreak_wait){.size = sizeof *wait, .fd = self->look.watch.fd, .wait_ms = wait_ms_of(self),
                                   .clock_us = file_now_us(), .matched = (uint32_t)self->look.entries,
                                   .unsettled = self->look.unsettled + self->passed};
    *next = DAYBREAK_IDLE;
    return 0;
}

static int
file_digest_input(void *of, uint8_t digest[16], struct daybreak_fault *fault)
{
    struct file_extract *self = of;
    uint8_t *all = file_need(NULL, self->takens * 16);
    XXH128_canonical_t canonical;
    int result = 0;

    for (size_t i = 0; i < self->takens && result == 0; i++) {
        result = taken_need(self, &self->taken[i], fault);
        if (result == 0)
            result = file_digest(&self->taken[i].file, self->host, fault);
        if (result == 0)
            memcpy(all + i * 16, self->taken[i].file.digest, 16);
    }
    if (result == 0 && self->takens > 1) {
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(all, self->takens * 16));
        memcpy(digest, canonical.digest, 16);
    } else if (result == 0) {
        memcpy(digest, all, 16);
    }
    free(all);
    return result;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* A fault of kind ASIDE is the input's: it is cut. Others are the route's. */
static int
cut_or_fail(const struct daybreak_fault *fault, enum daybreak_next *next)
{
    *next = DAYBREAK_INPUT_CUT;
    return fault->kind == DAYBREAK_ASIDE ? 0 : -1;
}

/* With several files to an input, theirs stand before the names of members. */
static const char *
part_name(struct file_extract *self, const char *member)
{
    const char *name = self->taken[self->reading].entry.name, *slash = strrchr(name, '/');
    size_t room;

    if (self->takens == 1)
        return member;
    name = slash == NULL ? name : slash + 1;
    if (member[0] == '\0')
        return name;
    room = strlen(name) + strlen(member) + 2;
    self->part_name = file_need(self->part_name, room);
    snprintf(self->part_name, room, "%s/%s", name, member);
    return self->part_name;
}

static int
next_part(struct file_extract *self, struct daybreak_part *part, enum daybreak_next *next, struct daybreak_fault *fault)
{
    *next = DAYBREAK_MORE;
    if ((int64_t)self->takens > self->parts) {
        self->host->fault(fault, DAYBREAK_ASIDE, "%zu files have the time of '%s', and source.parts is %" PRId64, self->takens,
                          self->taken[0].entry.name, self->parts);
        return cut_or_fail(fault, next);
    }
    for (; self->reading < self->takens; self->reading++) {
        struct taken *taken = &self->taken[self->reading];
        bool found;

        if (self->reader == NULL && (taken_need(self, taken, fault) != 0 ||
                                     file_reader_open(&taken->file, self->host, &self->limits, &self->select, &self->reader,
                                                      fault) != 0))
            return cut_or_fail(fault, next);
        if (file_reader_next(self->reader, part, &found, fault) != 0)
            return cut_or_fail(fault, next);
        if (found) {
            part->name = part_name(self, part->name);
            return 0;
        }
        reading_close(self);
    }
    *next = DAYBREAK_INPUT_END;
    return 0;
}

static int
file_next_part(void *of, struct daybreak_part *part, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct file_extract *self = of;
    locale_t before = uselocale(self->locale);
    int result = next_part(self, part, next, fault);

    uselocale(before);
    return result;
}

static int
file_read(void *of, char *buffer, size_t room, size_t *got, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct file_extract *self = of;

    *got = 0;
    if (file_reader_read(self->reader, buffer, room, got, fault) != 0) {
        *got = 0;
        return cut_or_fail(fault, next);
    }
    *next = *got == 0 ? DAYBREAK_PART_END : DAYBREAK_MORE;
    return 0;
}

static int
file_seek(void *of, uint64_t offset, struct daybreak_fault *fault)
{
    struct file_extract *self = of;

    if (self->reader == NULL)
        return self->host->fault(fault, DAYBREAK_HALT, "cannot go to a place in a file that is not open");
    return file_reader_seek(self->reader, offset, fault);
}

static int
file_look_beside(void *of, struct daybreak_beside *beside, char *to, size_t room, size_t *got, enum daybreak_next *next,
                 struct daybreak_fault *fault)
{
    struct file_extract *self = of;
    struct taken *taken;
    char name[PATH_MAX];
    bool there = true;

    *got = 0;
    *next = DAYBREAK_INPUT_END;
    if (beside->file >= self->takens)
        return 0;
    taken = &self->taken[beside->file];
    beside->file_name = file_beside_own(taken->entry.name);
    if (beside->name == NULL) {
        beside->found = taken->entry.name;
        if (taken_need(self, taken, fault) != 0 || file_pread(&taken->file, self->host, to, room, beside->offset, got, fault) != 0)
            return -1;
    } else {
        if (!file_beside_name(beside->name, taken->entry.name, name))
            return self->host->fault(fault, DAYBREAK_HALT, "what stands beside '%s' would have too long a name", taken->entry.name);
        free(self->beside);
        beside->found = self->beside = file_text(name);
        if (file_beside_read(&self->look, self->host, name, beside->offset, to, room, got, &there, fault) != 0)
            return -1;
    }
    *next = !there ? DAYBREAK_IDLE : *got == 0 ? DAYBREAK_PART_END : DAYBREAK_MORE;
    return 0;
}

/* ---- the end of an input ------------------------------------------------------------------ */

static bool
file_changed_since(void *of)
{
    struct file_extract *self = of;

    for (size_t i = 0; i < self->takens; i++)
        if (self->taken[i].open && file_changed(&self->taken[i].file, self->host))
            return true;
    return false;
}

static int
file_finish(void *of, struct daybreak_fault *fault)
{
    struct file_extract *self = of;
    enum file_opened opened;
    int result = 0;

    reading_close(self);
    for (size_t i = 0; i < self->takens && result == 0 && self->after_kind != AFTER_KEEP; i++) {
        struct taken *taken = &self->taken[i];

        opened = taken_open(self, taken, fault); /* taken by a life that ended before this, it is not open yet */
        if (opened == FILE_GONE)
            continue;
        if (opened != FILE_OPENED) {
            result = -1;
            break;
        }
        self->host->crash_point("file.before-after");
        result = self->after_kind == AFTER_DELETE ? file_delete(&taken->file, self->host, fault)
                                                  : file_move(&taken->file, self->host, self->after_dir, fault);
    }
    input_drop(self);
    return result;
}

static void
file_abandon(void *of)
{
    input_drop(of);
}

/* ---- life --------------------------------------------------------------------------------- */

static int
wrong(const struct file_extract *self, struct daybreak_fault *fault, const char *hint)
{
    fault->status = 78;
    return hint == NULL ? -1 : self->host->hint(fault, "%s", hint);
}

static int
path_check(const struct file_extract *self, struct daybreak_fault *fault)
{
    if (self->path.count == 0) {
        self->host->fault(fault, DAYBREAK_HALT, "source.path names no file");
        return wrong(self, fault, NULL);
    }
    for (size_t i = 0; i < self->path.count; i++) {
        const char *path = self->path.item[i], *problem;
        size_t size = strlen(path);
        bool times;

        if (size == 0 || size >= PATH_MAX || path[size - 1] == '/') {
            self->host->fault(fault, DAYBREAK_HALT, "source.path '%s' is no name of a file", path);
            return wrong(self, fault, size > 0 && size < PATH_MAX ? "for all files of a folder, write FOLDER/*" : NULL);
        }
        problem = file_match_problem(path, &times);
        if (problem != NULL) {
            self->host->fault(fault, DAYBREAK_HALT, "source.path '%s': %s", path, problem);
            return wrong(self, fault, "a percent sign in a name is written %%");
        }
        if (self->parts > 1 && !times) {
            self->host->fault(fault, DAYBREAK_HALT, "source.parts is %" PRId64 " and source.path '%s' tells no time", self->parts,
                              path);
            return wrong(self, fault, "files of one input are known by the time in their names, such as %Y%m%d");
        }
    }
    return 0;
}

static int
after_read(struct file_extract *self, struct daybreak_fault *fault)
{
    const char *name = self->after.count == 1 ? self->after.name[0] : "";
    const char *dir = self->after.count == 1 ? self->after.value[0] : "";
    char path[PATH_MAX];

    if (strcmp(name, "keep") == 0 && dir[0] == '\0') {
        self->after_kind = AFTER_KEEP;
    } else if (strcmp(name, "delete") == 0 && dir[0] == '\0') {
        self->after_kind = AFTER_DELETE;
    } else if (strcmp(name, "move") == 0 && dir[0] != '\0' && file_look_path(&self->look, dir, path)) {
        for (size_t size = strlen(path); size > 1 && path[size - 1] == '/'; size--)
            path[size - 1] = '\0';
        self->after_kind = AFTER_MOVE;
        self->after_dir = file_text(path);
        self->wanted.apart = self->after_dir;
    } else {
        self->host->fault(fault, DAYBREAK_HALT, "source.after is keep, delete, or {move: FOLDER}");
        return wrong(self, fault, NULL);
    }
    return 0;
}

static int
file_extract_open(void *of, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct file_extract *self = of;
    int64_t probe;

    self->host = host;
    if (path_check(self, fault) != 0)
        return -1;
    if (!host->instant("2000-01-01T00:00:00", self->timezone, &probe)) {
        host->fault(fault, DAYBREAK_HALT, "source.timezone '%s' is not known here", self->timezone);
        return wrong(self, fault, "a name of the time zone database, such as Europe/Paris");
    }
    self->wanted = (struct file_wanted){.host = host, .path = self->path, .settle_ms = self->settle_ms, .at_s = self->at_s,
                                        .timezone = self->timezone, .growing = self->growing};
    self->limits = (struct file_limits){.ratio = self->max_ratio, .member = self->max_member, .members = self->max_members};
    while (self->select.member != NULL && strncmp(self->select.member, "./", 2) == 0)
        self->select.member += 2;
    file_look_open(&self->look, &self->wanted);
    if (after_read(self, fault) != 0) {
        file_look_close(&self->look);
        return -1;
    }
    self->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); /* 0 where there is none: then ours stays */
    return 0;
}

static void
file_extract_close(void *of)
{
    struct file_extract *self = of;

    input_drop(self);
    file_look_close(&self->look);
    free(self->after_dir);
    if (self->locale != (locale_t)0)
        freelocale(self->locale);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_EXTRACT,
    .name = "file",
    .help = "Files in folders: plain, compressed (gzip, zstd, xz, bzip2, lz4) or archived (tar, zip, 7-Zip).",
    .abilities = DAYBREAK_GIVES_BYTES | DAYBREAK_RESUMES | DAYBREAK_ORDERED,
    .self_size = sizeof(struct file_extract),
    .options = options,
    .open = file_extract_open,
    .close = file_extract_close,
    .next_input = file_next_input,
    .digest = file_digest_input,
    .next_part = file_next_part,
    .read = file_read,
    .seek = file_seek,
    .changed_since = file_changed_since,
    .finish = file_finish,
    .abandon = file_abandon,
    .beside = file_look_beside,
};
