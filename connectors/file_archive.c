/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: what an archive holds, member by member, as far as it can be trusted. */
#include "file_archive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "file_match.h"
#include "file_memory.h"
#include "file_zip.h"

#define PIECE_BYTES (256u << 10)
#define TAR_END 1024 /* two blocks of zeros */

struct file_archive {
    struct file_stream *stream;
    const struct file_open *file;
    const struct daybreak_host *host;
    const struct file_limits *limits;
    struct archive *archive;
    char *piece;
    uint64_t offset;        /* of what was given to libarchive */
    uint64_t used_until;    /* offset behind the last byte that is not zero */
    struct daybreak_fault below; /* of a read below libarchive */
    int64_t members, unpacked;
    int64_t promised;       /* members, by the end record of a zip; -1: nothing says so */
    bool empty;             /* a zip that is its end record alone; libarchive does not know it */

    char *name;             /* of the member under way */
    int64_t member_bytes;
    bool member_begun;

    uint64_t *seen;         /* hashes of names: open addressing, 0 is empty */
    size_t seen_count, seen_room;
};

/* ---- what libarchive reads from ----------------------------------------------------------- */

/* For a tar: how far it goes before the zeros that end it. */
static void
used_note(struct file_archive *a, size_t got)
{
    size_t size = got;

    while (size > 0 && a->piece[size - 1] == 0)
        size--;
    if (size > 0)
        a->used_until = a->offset + size;
    a->offset += got;
}

static la_ssize_t
stream_read(struct archive *archive, void *context, const void **buffer)
{
    struct file_archive *a = context;
    size_t got;

    if (file_stream_read(a->stream, a->piece, PIECE_BYTES, &got, &a->below) != 0) {
        archive_set_error(archive, EIO, "cannot read");
        return -1;
    }
    used_note(a, got);
    *buffer = a->piece;
    return (la_ssize_t)got;
}

/* Passed over, so perhaps no zeros. */
static la_int64_t
stream_skip(struct archive *archive, void *context, la_int64_t more)
{
    struct file_archive *a = context;
    uint64_t skipped;

    (void)archive;
    file_stream_skip(a->stream, (uint64_t)more, &skipped);
    a->offset += skipped;
    a->used_until = a->offset;
    return (la_int64_t)skipped;
}

static la_ssize_t
file_read(struct archive *archive, void *context, const void **buffer)
{
    struct file_archive *a = context;
    size_t got;

    if (file_pread(a->file, a->host, a->piece, PIECE_BYTES, a->offset, &got, &a->below) != 0) {
        archive_set_error(archive, EIO, "cannot read");
        return -1;
    }
    a->offset += got;
    *buffer = a->piece;
    return (la_ssize_t)got;
}

static la_int64_t
file_seek(struct archive *archive, void *context, la_int64_t offset, int whence)
{
    struct file_archive *a = context;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (int64_t)a->offset : a->file->identity.size, to;

    (void)archive;
    if (__builtin_add_overflow(base, offset, &to) || to < 0)
        return ARCHIVE_FATAL;
    a->offset = (uint64_t)to;
    return to;
}

static la_int64_t
file_skip(struct archive *archive, void *context, la_int64_t more)
{
    struct file_archive *a = context;
    int64_t left = a->file->identity.size - (int64_t)a->offset;

    (void)archive;
    if (more > left)
        more = left > 0 ? left : 0;
    a->offset += (uint64_t)more;
    return more;
}

/* ---- open and close ----------------------------------------------------------------------- */

static int
bad(struct file_archive *a, struct daybreak_fault *fault)
{
    const char *why = archive_error_string(a->archive);

    if (a->below.kind != DAYBREAK_NO_FAULT) {
        *fault = a->below;
        return -1;
    }
    if (a->name != NULL)
        return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read member '%s' of '%s': it is damaged or cut off: %s", a->name,
                              a->file->name, why == NULL ? "no reason known" : why);
    return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': %s is damaged or cut off: %s", a->file->name,
                          a->stream != NULL ? "its tar archive" : "its archive", why == NULL ? "no reason known" : why);
}

int
file_archive_open(struct file_stream *stream, const struct file_open *file, const struct daybreak_host *host,
                  const struct file_limits *limits, struct file_archive **out, struct daybreak_fault *fault)
{
    struct file_archive *a = file_need(NULL, sizeof *a);
    struct archive *archive = archive_read_new();

    if (archive == NULL)
        abort();
    *a = (struct file_archive){.stream = stream, .file = file, .host = host, .limits = limits, .archive = archive, .promised = -1,
                               .piece = file_need(NULL, PIECE_BYTES)};
    archive_read_set_callback_data(archive, a);
    if (stream != NULL) {
        archive_read_support_format_tar(archive);
        archive_read_set_read_callback(archive, stream_read);
        if (file->kind == FILE_TAR)
            archive_read_set_skip_callback(archive, stream_skip);
    } else {
        /* The directory at its end alone says what a zip holds: read as a stream it could tell another story. */
        if (file->kind == FILE_ZIP)
            archive_read_support_format_zip_seekable(archive);
        else
            archive_read_support_format_7zip(archive);
        archive_read_set_read_callback(archive, file_read);
        archive_read_set_seek_callback(archive, file_seek);
        archive_read_set_skip_callback(archive, file_skip);
    }
    if (file->kind == FILE_ZIP && file_zip_end(file, host, &a->promised, &a->empty, fault) != 0) {
        file_archive_close(a);
        return -1;
    }
    if (!a->empty && archive_read_open1(archive) != ARCHIVE_OK) {
        bad(a, fault);
        file_archive_close(a);
        return -1;
    }
    *out = a;
    return 0;
}

void
file_archive_close(struct file_archive *a)
{
    if (a == NULL)
        return;
    archive_read_free(a->archive);
    free(a->piece);
    free(a->name);
    free(a->seen);
    free(a);
}

/* ---- names -------------------------------------------------------------------------------- */

/* How many bytes a well-formed UTF-8 character at ${at} has, or 0. Control characters count as none. */
static size_t
character(const unsigned char *at)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

    if (size <= 1)
        return at[0] < 0x20 || at[0] == 0x7f ? 0 : size;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f) || (at[0] == 0xc2 && at[1] < 0xa0))
        return 0;
    return size;
}

/* A member's name as text: ./ in front is nothing, bytes that are no text are written \xNN. */
static char *
name_clean(const char *raw)
{
    char *name, *to;

    while (raw[0] == '.' && raw[1] == '/')
        for (raw += 2; *raw == '/';)
            raw++;
    name = to = file_need(NULL, strlen(raw) * 4 + 1);
    while (*raw != '\0') {
        size_t size = character((const unsigned char *)raw);

        if (size > 0) {
            memcpy(to, raw, size);
            to += size;
            raw += size;
        } else {
            to += snprintf(to, 5, "\\x%02x", (unsigned char)*raw++);
        }
    }
    *to = '\0';
    return name;
}

static bool
name_escapes(const char *raw)
{
    if (raw[0] == '/')
        return true;
    for (const char *at = raw; at != NULL; at = strchr(at, '/')) {
        while (*at == '/')
            at++;
        if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}

/* Was this name given before? */
static bool
name_seen(struct file_archive *a, const char *name)
{
    uint64_t hash = XXH3_64bits(name, strlen(name)) | 1;

    if (a->seen_count * 2 >= a->seen_room) {
        size_t room = a->seen_room == 0 ? 64 : a->seen_room * 2;
        uint64_t *wider = file_need(NULL, room * sizeof *wider);

        memset(wider, 0, room * sizeof *wider);
        for (size_t i = 0; i < a->seen_room; i++)
            if (a->seen[i] != 0) {
                size_t to = (size_t)(a->seen[i] >> 1) & (room - 1);

                while (wider[to] != 0)
                    to = (to + 1) & (room - 1);
                wider[to] = a->seen[i];
            }
        free(a->seen);
        a->seen = wider;
        a->seen_room = room;
    }
    for (size_t to = (size_t)(hash >> 1) & (a->seen_room - 1);; to = (to + 1) & (a->seen_room - 1)) {
        if (a->seen[to] == hash)
            return true;
        if (a->seen[to] == 0) {
            a->seen[to] = hash;
            a->seen_count++;
            return false;
        }
    }
}

/* ---- members ------------------------------------------------------------------------------ */

/* Behind the last member of a tar: its end mark must be there, and nothing after it. */
static int
tar_end(struct file_archive *a, struct daybreak_fault *fault)
{
    uint64_t ended_at = (uint64_t)archive_filter_bytes(a->archive, 0);
    size_t got = 1;

    while (got > 0) {
        if (a->host->stopping(a->host))
            return a->host->fault(fault, DAYBREAK_RETRY, "stopped while reading '%s'", a->file->name);
        if (file_stream_read(a->stream, a->piece, PIECE_BYTES, &got, fault) != 0)
            return -1;
        used_note(a, got);
    }
    if (a->used_until > ended_at)
        return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its tar archive ends at byte %llu and more follows",
                              a->file->name, (unsigned long long)ended_at);
    if (a->offset % 512 != 0 || a->offset - a->used_until < TAR_END)
        return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its tar archive is cut off: its end mark is missing",
                              a->file->name);
    return 0;
}

/* What a member is when it is nothing to read. */
static const char *
unsafe(struct archive_entry *entry, const char *raw)
{
    if (name_escapes(raw))
        return "its name leads out of the archive";
    if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL ||
        archive_entry_filetype(entry) == AE_IFLNK)
        return "it is a link";
    if (archive_entry_filetype(entry) == AE_IFREG || archive_entry_filetype(entry) == AE_IFDIR)
        return NULL;
    return archive_entry_filetype(entry) == AE_IFIFO ? "it is a FIFO" : "it is no regular file";
}

int
file_archive_next(struct file_archive *a, const struct file_select *select, struct daybreak_part *part, bool *found,
                  struct daybreak_fault *fault)
{
    for (;;) {
        struct archive_entry *entry;
        const char *raw, *why;
        int result;

        if (a->host->stopping(a->host))
            return a->host->fault(fault, DAYBREAK_RETRY, "stopped while reading '%s'", a->file->name);
        result = a->empty ? ARCHIVE_EOF : archive_read_next_header(a->archive, &entry);
        if (result == ARCHIVE_EOF) {
            *found = false;
            if (a->promised >= 0 && a->promised != a->members)
                return a->host->fault(fault, DAYBREAK_ASIDE,
                                      "cannot read '%s': its zip archive is damaged: it has %lld members and says %lld",
                                      a->file->name, (long long)a->members, (long long)a->promised);
            return a->stream == NULL ? 0 : tar_end(a, fault);
        }
        /* A tar may warn of owners and times that mean nothing here; a zip warns that its two descriptions differ. */
        if (result != ARCHIVE_OK && (result != ARCHIVE_WARN || a->stream == NULL))
            return bad(a, fault); /* the member before, when it was passed over */
        free(a->name);
        a->name = NULL;
        if (++a->members > a->limits->members)
            return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': it has more than %lld members", a->file->name,
                                  (long long)a->limits->members);
        raw = archive_entry_pathname(entry);
        if (raw == NULL)
            raw = archive_entry_pathname_utf8(entry);
        if (raw == NULL || raw[0] == '\0')
            return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its member %lld has no readable name",
                                  a->file->name, (long long)a->members);
        why = unsafe(entry, raw);
        if (why == NULL && archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        a->name = name_clean(raw);
        if (!file_match_select(select, a->name))
            continue;
        if (why != NULL)
            return a->host->fault(fault, DAYBREAK_ASIDE, "unsafe member '%s' in '%s': %s", a->name, a->file->name, why);
        if (archive_entry_is_encrypted(entry))
            return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read member '%s' of '%s': it is encrypted", a->name,
                                  a->file->name);
        if (name_seen(a, a->name))
            return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its member '%s' is there twice", a->file->name,
                                  a->name);
        part->name = a->name;
        part->bytes = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
        if (!archive_entry_mtime_is_set(entry) ||
            __builtin_mul_overflow((int64_t)archive_entry_mtime(entry), 1000000, &part->time_us))
            part->time_us = DAYBREAK_NO_TIME;
        a->member_bytes = 0;
        a->member_begun = false;
        *found = true;
        return 0;
    }
}

int
file_archive_read(struct file_archive *a, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    la_ssize_t result = archive_read_data(a->archive, to, room);
    const char *says;

    if (result < 0)
        return bad(a, fault);
    *got = (size_t)result;
    a->member_bytes += result;
    a->unpacked += result;
    if (!a->member_begun && file_kind_of((unsigned char *)to, *got, &says) != FILE_PLAIN)
        return a->host->fault(fault, DAYBREAK_ASIDE, "cannot read member '%s' of '%s': it is %s itself", a->name,
                              a->file->name, says);
    a->member_begun = true;
    if (a->member_bytes > a->limits->member) {
        a->host->fault(fault, DAYBREAK_ASIDE, "cannot read member '%s' of '%s': it is larger than %lld bytes", a->name,
                       a->file->name, (long long)a->limits->member);
        return a->host->hint(fault, "if that is what it should be, raise source.max_member");
    }
    if (file_unfolds(a->file, a->limits, a->unpacked)) {
        a->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its %lld bytes unfold to more than %lld times as many",
                       a->file->name, (long long)a->file->identity.size, (long long)a->limits->ratio);
        return a->host->hint(fault, "if that is what it should do, raise source.max_ratio");
    }
    return 0;
}
