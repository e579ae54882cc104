/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract template: the files of a folder, in the order of their names.
 *
 * An extract of bytes gives inputs. A look (next_input, until IDLE) says which are there; the engine skips those that it has taken already,
 * asks for the digest of the others, reads their parts (here one: the file itself) and hands the bytes to a format, which knows what a
 * record is. The engine tells an input by its content, the digest, and never by its name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daybreak/connector.h>

/*
 * One instance. The engine makes it zeroed and fills the fields that the table of options names. Nothing writable may lie outside of it:
 * several instances run at once, each on its own thread.
 */
struct template_extract {
    const struct daybreak_host *host;
    const char *path;       /* option; lent until close */
    int64_t every_ms;       /* option */
    char folder[PATH_MAX];
    struct dirent **entry;  /* of the look that is on; NULL between two */
    int entries, at;
    char name[PATH_MAX], fingerprint[128];
    int fd;                 /* of the input given last; -1: none */
    struct stat found;      /* as it was when it was given */
    bool part_given;
    int64_t bytes;          /* read so far */
};

/* The one description of the options: it parses, checks, fills, and writes the manual. */
static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct template_extract, path), .required = true,
     .help = "The folder whose files are read, relative to the pipeline file.", .example = "in"},
    {.name = "every", .type = DAYBREAK_DURATION, .at = offsetof(struct template_extract, every_ms), .preset = "2s", .min = 10, .max = 3600000,
     .help = "How often a follower looks again."},
    {.name = NULL},
};

static int
template_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct template_extract *extract = self;
    int size;

    extract->host = host; /* lent until close */
    extract->fd = -1;
    size = extract->path[0] == '/' ? snprintf(extract->folder, sizeof extract->folder, "%s", extract->path)
                                   : snprintf(extract->folder, sizeof extract->folder, "%s/%s", host->base_dir, extract->path);
    if (extract->path[0] == '\0' || (size_t)size >= sizeof extract->folder - NAME_MAX - 1)
        return host->fault(fault, DAYBREAK_HALT, "option 'path' is %s", extract->path[0] == '\0' ? "empty" : "too long");
    return 0;
}

static void
input_close(struct template_extract *extract)
{
    if (extract->fd >= 0)
        close(extract->fd);
    extract->fd = -1;
}

static void
look_end(struct template_extract *extract)
{
    for (int i = 0; extract->entry != NULL && i < extract->entries; i++)
        free(extract->entry[i]);
    free(extract->entry);
    extract->entry = NULL;
}

static void
template_close(void *self)
{
    struct template_extract *extract = self;

    input_close(extract);
    look_end(extract);
}

static int
visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.'; /* a writer names its file .x until it is whole, then renames it */
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* never the locale's order: it must be the same everywhere */
}

/*
 * MORE with one complete input after the other, then IDLE, which ends the look; the next call begins a new one. Everything in *input is lent
 * until the next call.
 */
static int
template_next_input(void *self, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct template_extract *extract = self;

    input_close(extract);
    if (extract->entry == NULL) {
        extract->at = 0;
        extract->entries = scandir(extract->folder, &extract->entry, visible, by_name);
        if (extract->entries < 0) {
            extract->entry = NULL;
            extract->host->fault(fault, errno == ENOENT ? DAYBREAK_RETRY : DAYBREAK_HALT, "cannot look into '%s': %s", extract->folder,
                                 strerror(errno));
            return extract->host->hint(fault, "option 'path' names a folder that is there and can be read");
        }
        wait->matched = 0;
    }
    while (extract->at < extract->entries) {
        const char *file = extract->entry[extract->at++]->d_name;

        if ((size_t)snprintf(extract->name, sizeof extract->name, "%s/%s", extract->folder, file) >= sizeof extract->name)
            continue;
        extract->fd = open(extract->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK); /* a link leads anywhere, a FIFO waits for ever */
        if (extract->fd < 0)
            continue; /* gone again, or a link */
        if (fstat(extract->fd, &extract->found) != 0 || !S_ISREG(extract->found.st_mode)) {
            input_close(extract);
            continue;
        }
        /* cheap to make, another one whenever the file is another: the digest is then not asked for again */
        snprintf(extract->fingerprint, sizeof extract->fingerprint, "%llu:%llu:%lld:%lld.%09ld", (unsigned long long)extract->found.st_dev,
                 (unsigned long long)extract->found.st_ino, (long long)extract->found.st_size, (long long)extract->found.st_mtim.tv_sec,
                 extract->found.st_mtim.tv_nsec);
        if ((size_t)snprintf(extract->name, sizeof extract->name, "%s/%s", extract->path, file) >= sizeof extract->name) {
            input_close(extract); /* the name that people see is as the pipeline file says it */
            continue;
        }
        input->name = extract->name;
        input->fingerprint = extract->fingerprint;
        input->time_us = DAYBREAK_NO_TIME;
        input->visible_at_us = (int64_t)extract->found.st_mtim.tv_sec * 1000000 + extract->found.st_mtim.tv_nsec / 1000;
        input->bytes = extract->found.st_size;
        input->packed = false;
        extract->part_given = false;
        extract->bytes = 0;
        wait->matched++;
        *next = DAYBREAK_MORE;
        return 0;
    }
    look_end(extract);
    wait->fd = -1;
    wait->wait_ms = extract->every_ms;
    wait->clock_us = DAYBREAK_NO_TIME;
    wait->proves = false; /* an empty folder proves nothing: perhaps the file is late */
    *next = DAYBREAK_IDLE;
    return 0;
}

/* Which content is this? FNV-1a with 128 bits over every byte (Fowler, Noll, Vo). */
static int
template_digest(void *self, uint8_t digest[16], struct daybreak_fault *fault)
{
    struct template_extract *extract = self;
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    unsigned __int128 hash = ((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
    unsigned char buffer[65536];
    off_t at = 0;
    ssize_t got;

    while ((got = pread(extract->fd, buffer, sizeof buffer, at)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return extract->host->fault(fault, DAYBREAK_RETRY, "cannot read '%s': %s", extract->name, strerror(errno));
        for (ssize_t i = 0; i < got; i++)
            hash = (hash ^ buffer[i]) * prime;
        at += got;
    }
    memcpy(digest, &hash, 16);
    return 0;
}

/* The parts of the input given last: here the file itself, which has no name inside of itself. */
static int
template_next_part(void *self, struct daybreak_part *part, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct template_extract *extract = self;

    (void)fault;
    *next = extract->part_given ? DAYBREAK_INPUT_END : DAYBREAK_MORE;
    extract->part_given = true;
    extract->bytes = 0;
    part->name = "";
    part->bytes = extract->found.st_size;
    part->time_us = DAYBREAK_NO_TIME;
    return 0;
}

/* MORE with bytes, PART_END behind the last one, INPUT_CUT when the end came too early: never END for half a file. */
static int
template_read(void *self, char *buffer, size_t room, size_t *got, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct template_extract *extract = self;
    ssize_t size;

    do
        size = pread(extract->fd, buffer, room, (off_t)extract->bytes);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return extract->host->fault(fault, DAYBREAK_RETRY, "cannot read '%s': %s", extract->name, strerror(errno));
    *got = (size_t)size;
    extract->bytes += size;
    *next = DAYBREAK_MORE;
    if (size == 0 && extract->bytes == extract->found.st_size)
        *next = DAYBREAK_PART_END;
    if (size == 0 && extract->bytes != extract->found.st_size) {
        *next = DAYBREAK_INPUT_CUT;
        extract->host->fault(fault, DAYBREAK_HALT, "'%s' ended after %lld bytes, %lld were there", extract->name, (long long)extract->bytes,
                             (long long)extract->found.st_size);
    }
    return 0;
}

/* Goes to an offset of the part that was opened last: a run that was killed goes on where the last one stood. */
static int
template_seek(void *self, uint64_t offset, struct daybreak_fault *fault)
{
    struct template_extract *extract = self;

    if (offset > (uint64_t)extract->found.st_size)
        return extract->host->fault(fault, DAYBREAK_HALT, "'%s' has no byte %llu", extract->name, (unsigned long long)offset);
    extract->bytes = (int64_t)offset;
    return 0;
}

/* Was the file altered while it was read? Then nothing of it may be used. */
static bool
template_changed_since(void *self)
{
    struct template_extract *extract = self;
    struct stat now;

    return extract->fd < 0 || fstat(extract->fd, &now) != 0 || now.st_size != extract->found.st_size ||
           now.st_mtim.tv_sec != extract->found.st_mtim.tv_sec || now.st_mtim.tv_nsec != extract->found.st_mtim.tv_nsec;
}

/* The input is durably done in every target: here it could be moved or deleted. */
static int
template_finish(void *self, struct daybreak_fault *fault)
{
    (void)fault;
    input_close(self);
    return 0;
}

/* It is not done, or was skipped: it will be given again. */
static void
template_abandon(void *self)
{
    input_close(self);
}

/* The one symbol that is exported. */
const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_EXTRACT,
    .name = "template",
    .help = "The files of a folder, in the order of their names.",
    .abilities = DAYBREAK_GIVES_BYTES | DAYBREAK_RESUMES | DAYBREAK_ORDERED,
    .options = options,
    .self_size = sizeof(struct template_extract),
    .open = template_open,
    .close = template_close,
    .next_input = template_next_input,
    .digest = template_digest,
    .next_part = template_next_part,
    .read = template_read,
    .seek = template_seek,
    .changed_since = template_changed_since,
    .finish = template_finish,
    .abandon = template_abandon,
};
