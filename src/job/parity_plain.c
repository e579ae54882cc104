/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road, under the comparison: the bytes of a file, inflated when it is a gzip. That is done here because
 * libarchive proves neither a gzip's CRC nor that nothing follows it.
 */
#include "parity_plain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

static int
unreadable(struct parity_plain *plain, struct daybreak_fault *fault, const char *cause)
{
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", plain->path, cause);
    return fault_exit(fault, 65, "unreadable");
}

/* ---- the file ----------------------------------------------------------------------------- */

int
parity_plain_temporary(int *fd, struct daybreak_fault *fault)
{
    const char *asked = getenv("TMPDIR");
    const char *const dirs[] = {asked != NULL && asked[0] != '\0' ? asked : "/var/tmp", P_tmpdir};

    for (int i = 0; i < 2; i++) {
        struct text name = {0};

        *fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (*fd >= 0)
            return 0;
        text_printf(&name, "%s/daybreak-XXXXXX", dirs[i]); /* not every file system knows O_TMPFILE */
        *fd = mkostemp(name.at, O_CLOEXEC);
        if (*fd >= 0)
            unlink(name.at);
        text_fini(&name);
        if (*fd >= 0)
            return 0;
    }
    fault_set(fault, DAYBREAK_HALT, "cannot create a temporary file in '%s': %s", dirs[0], strerror(errno));
    fault_hint(fault, "set TMPDIR to a folder with room");
    return fault_exit(fault, 73, "no_temporary");
}

static int
raw_fill(struct parity_plain *plain, struct daybreak_fault *fault)
{
    ssize_t got;

    do
        got = read(plain->fd, plain->raw, PARITY_RAW_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return unreadable(plain, fault, strerror(errno));
    plain->raw_at = 0;
    plain->raw_size = (size_t)got;
    plain->raw_read += got;
    plain->raw_end = got == 0;
    return 0;
}

/* A pipe cannot be read twice. */
static int
keep_pipe(struct parity_plain *plain, struct daybreak_fault *fault)
{
    int copy, failed;

    if (parity_plain_temporary(&copy, fault) != 0)
        return -1;
    while ((failed = raw_fill(plain, fault)) == 0 && !plain->raw_end)
        if ((failed = file_write_all(copy, plain->raw, plain->raw_size, "a temporary file", fault)) != 0)
            break;
    if (failed == 0 && (lseek(copy, 0, SEEK_SET) != 0 || fstat(copy, &plain->stat) != 0))
        failed = unreadable(plain, fault, strerror(errno));
    close(plain->fd);
    plain->fd = copy;
    return failed;
}

static int
file_open(struct parity_plain *plain, struct daybreak_fault *fault)
{
    plain->fd = open(plain->path, O_RDONLY | O_CLOEXEC);
    if (plain->fd < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot open '%s': %s", plain->path, strerror(errno));
        return fault_exit(fault, errno == ENOENT || errno == ENOTDIR ? 66 : errno == EACCES ? 77 : 65, "no_such_side");
    }
    if (fstat(plain->fd, &plain->stat) != 0)
        return unreadable(plain, fault, strerror(errno));
    if (S_ISFIFO(plain->stat.st_mode))
        return keep_pipe(plain, fault);
    if (!S_ISREG(plain->stat.st_mode))
        return unreadable(plain, fault, S_ISDIR(plain->stat.st_mode) ? "it is a folder" : "it is no file");
    return 0;
}

int
parity_plain_unchanged(struct parity_plain *plain, struct daybreak_fault *fault)
{
    struct stat now;

    if (fstat(plain->fd, &now) != 0)
        return unreadable(plain, fault, strerror(errno));
    if (now.st_size == plain->stat.st_size && now.st_mtim.tv_sec == plain->stat.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == plain->stat.st_mtim.tv_nsec)
        return 0;
    unreadable(plain, fault, "it changed while it was read");
    return fault_hint(fault, "compare a copy, or wait until its writer is done");
}

/* ---- a gzip ------------------------------------------------------------------------------- */

static int
inflate_fault(struct parity_plain *plain, struct daybreak_fault *fault, const char *cause)
{
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': the gzip %s at byte %" PRId64, plain->path, cause,
              plain->raw_read - (int64_t)(plain->raw_size - plain->raw_at));
    return fault_exit(fault, 65, "unreadable");
}

/* Behind a member: another one, zeros that pad a tape, or the end. */
static int
inflate_between(struct parity_plain *plain, bool *end, struct daybreak_fault *fault)
{
    *end = false;
    for (;;) {
        while (plain->raw_at < plain->raw_size && plain->raw[plain->raw_at] == '\0')
            plain->raw_at++;
        if (plain->raw_at < plain->raw_size)
            break;
        if (raw_fill(plain, fault) != 0)
            return -1;
        if (plain->raw_end) {
            *end = true;
            return 0;
        }
    }
    if ((unsigned char)plain->raw[plain->raw_at] != 0x1f)
        return inflate_fault(plain, fault, "is followed by something else");
    if (inflateReset(&plain->z) != Z_OK)
        return inflate_fault(plain, fault, "cannot be read on");
    plain->inflating = true;
    return 0;
}

static int
inflate_read(struct parity_plain *plain, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    z_stream *z = &plain->z;
    bool end = false;
    int answer;

    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    while (z->avail_out > 0 && !end) {
        if (!plain->inflating) {
            if (plain->raw_end)
                break;
            if (inflate_between(plain, &end, fault) != 0)
                return -1;
            continue;
        }
        if (plain->raw_at == plain->raw_size) {
            if (raw_fill(plain, fault) != 0)
                return -1;
            if (plain->raw_end)
                return inflate_fault(plain, fault, "is cut off: it ends");
        }
        z->next_in = (Bytef *)plain->raw + plain->raw_at;
        z->avail_in = (uInt)(plain->raw_size - plain->raw_at);
        answer = inflate(z, Z_NO_FLUSH);
        plain->raw_at = plain->raw_size - z->avail_in;
        if (answer == Z_STREAM_END)
            plain->inflating = false;
        else if (answer != Z_OK && answer != Z_BUF_ERROR)
            return inflate_fault(plain, fault, "is damaged");
    }
    *got = room - z->avail_out;
    return 0;
}

/* ---- unpacked ------------------------------------------------------------------------------------ */

int
parity_plain_read(struct parity_plain *plain, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    size_t have = plain->head_size - plain->head_at;

    if (have > 0) {
        *got = have < room ? have : room;
        memcpy(to, plain->head + plain->head_at, *got);
        plain->head_at += *got;
        return 0;
    }
    if (plain->gzip)
        return inflate_read(plain, to, room, got, fault);
    if (plain->raw_at == plain->raw_size) { /* straight to where it is wanted */
        ssize_t size;

        do
            size = read(plain->fd, to, room);
        while (size < 0 && errno == EINTR);
        if (size < 0)
            return unreadable(plain, fault, strerror(errno));
        *got = (size_t)size;
        return 0;
    }
    *got = plain->raw_size - plain->raw_at;
    if (*got > room)
        *got = room;
    memcpy(to, plain->raw + plain->raw_at, *got);
    plain->raw_at += *got;
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static void
begin_again(struct parity_plain *plain)
{
    if (plain->gzip)
        inflateEnd(&plain->z);
    plain->gzip = plain->raw_end = false;
    plain->raw_at = plain->raw_size = plain->head_at = plain->head_size = 0;
    plain->raw_read = 0;
}

int
parity_plain_rewind(struct parity_plain *plain, struct daybreak_fault *fault)
{
    size_t got = 1;

    begin_again(plain);
    if (lseek(plain->fd, 0, SEEK_SET) != 0)
        return unreadable(plain, fault, strerror(errno));
    if (raw_fill(plain, fault) != 0)
        return -1;
    if (plain->raw_size >= 2 && (unsigned char)plain->raw[0] == 0x1f && (unsigned char)plain->raw[1] == 0x8b) {
        plain->z = (z_stream){0};
        if (inflateInit2(&plain->z, 15 + 16) != Z_OK)
            return unreadable(plain, fault, "the gzip cannot be opened");
        plain->gzip = plain->inflating = true;
    }
    while (plain->head_size < sizeof plain->head && got > 0) {
        plain->head_at = plain->head_size; /* nothing of it is given yet */
        if (parity_plain_read(plain, plain->head + plain->head_size, sizeof plain->head - plain->head_size, &got, fault) != 0)
            return -1;
        plain->head_size += got;
    }
    plain->head_at = 0;
    return 0;
}

int
parity_plain_open(struct parity_plain *plain, const char *path, struct daybreak_fault *fault)
{
    *plain = (struct parity_plain){.path = path, .fd = -1, .raw = memory_need(PARITY_RAW_BYTES)};
    return file_open(plain, fault) != 0 ? -1 : parity_plain_rewind(plain, fault);
}

void
parity_plain_close(struct parity_plain *plain)
{
    begin_again(plain);
    if (plain->fd >= 0)
        close(plain->fd);
    free(plain->raw);
}
