/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: compression taken off, its end proven. */
#include "file_stream.h"

#include <errno.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "file_inflate.h"
#include "file_memory.h"

#define PACKED_BYTES (256u << 10)

struct file_stream {
    const struct file_open *file;
    const struct daybreak_host *host;
    const struct file_limits *limits;
    enum file_kind kind;
    uint64_t offset;        /* next byte of the file to be read */
    int64_t unpacked;       /* bytes given, those of head included */
    char head[FILE_HEAD];   /* peeked at, not yet read */
    size_t head_at, head_size;
    bool ended;

    unsigned char *packed;  /* of gzip and filters: as it lies there */
    size_t packed_at, packed_size;
    bool packed_end;

    struct file_inflate *inflate;
    bool in_member, any_member;

    struct archive *filter;
    struct daybreak_fault disk; /* of a read below libarchive */
};

/* ---- gzip --------------------------------------------------------------------------------- */

/* At least ${want} packed bytes in the buffer, unless the file ends before. */
static int
packed_fill(struct file_stream *stream, size_t want, struct daybreak_fault *fault)
{
    while (stream->packed_size - stream->packed_at < want && !stream->packed_end) {
        size_t left = stream->packed_size - stream->packed_at, got;

        memmove(stream->packed, stream->packed + stream->packed_at, left);
        stream->packed_at = 0;
        stream->packed_size = left;
        if (file_pread(stream->file, stream->host, stream->packed + left, PACKED_BYTES - left, stream->offset, &got,
                       fault) != 0)
            return -1;
        stream->packed_size += got;
        stream->offset += got;
        stream->packed_end = got == 0;
    }
    return 0;
}

/* Where in the file the next packed byte stands. */
static unsigned long long
packed_place(const struct file_stream *stream)
{
    return stream->offset - (stream->packed_size - stream->packed_at);
}

static int
gzip_begin(struct file_stream *stream, struct daybreak_fault *fault)
{
    const unsigned char *at;

    if (packed_fill(stream, 2, fault) != 0)
        return -1;
    at = stream->packed + stream->packed_at;
    if (stream->packed_size == stream->packed_at && stream->any_member) {
        stream->ended = true;
        return 0;
    }
    if (stream->packed_size - stream->packed_at < 2 || at[0] != 0x1f || at[1] != 0x8b)
        return stream->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': what follows its gzip data at byte %llu is none",
                                   stream->file->name, packed_place(stream));
    file_inflate_begin(stream->inflate);
    stream->in_member = stream->any_member = true;
    return 0;
}

static int
gzip_read(struct file_stream *stream, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = stream->host;

    while (*got == 0) {
        size_t used;

        if (!stream->in_member) {
            if (gzip_begin(stream, fault) != 0)
                return -1;
            if (stream->ended)
                return 0;
        }
        if (packed_fill(stream, 1, fault) != 0)
            return -1;
        switch (file_inflate_run(stream->inflate, stream->packed + stream->packed_at,
                                 stream->packed_size - stream->packed_at, &used, to, room, got)) {
        case FILE_INFLATE_BAD:
            stream->packed_at += used;
            return host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its gzip data is bad before byte %llu: %s",
                               stream->file->name, packed_place(stream), file_inflate_why(stream->inflate));
        case FILE_INFLATE_END:
            stream->in_member = false;
            break;
        case FILE_INFLATE_MORE:
            if (used == 0 && *got == 0 && stream->packed_end)
                return host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its gzip data is cut off at byte %lld",
                                   stream->file->name, (long long)stream->offset);
            break;
        }
        stream->packed_at += used;
    }
    return 0;
}

/* ---- what libarchive takes off ------------------------------------------------------------ */

static la_ssize_t
packed_read(struct archive *archive, void *context, const void **buffer)
{
    struct file_stream *stream = context;
    size_t got;

    if (file_pread(stream->file, stream->host, stream->packed, PACKED_BYTES, stream->offset, &got, &stream->disk) != 0) {
        archive_set_error(archive, EIO, "cannot read");
        return -1;
    }
    stream->offset += got;
    *buffer = stream->packed;
    return (la_ssize_t)got;
}

static int
filter_bad(struct file_stream *stream, struct daybreak_fault *fault)
{
    const char *why = archive_error_string(stream->filter);

    if (stream->disk.kind != DAYBREAK_NO_FAULT) {
        *fault = stream->disk;
        return -1;
    }
    return stream->host->fault(fault, DAYBREAK_ASIDE,
                               "cannot read '%s': its %s is damaged or cut off before byte %lld of %lld: %s", stream->file->name, stream->file->says,
                               (long long)archive_filter_bytes(stream->filter, -1),
                               (long long)stream->file->identity.size, why == NULL ? "no reason known" : why);
}

static int
filter_open(struct file_stream *stream, struct daybreak_fault *fault)
{
    struct archive *filter = archive_read_new();
    struct archive_entry *entry;
    int result;

    if (filter == NULL)
        abort();
    stream->filter = filter;
    archive_read_support_filter_zstd(filter);
    archive_read_support_filter_xz(filter);
    archive_read_support_filter_bzip2(filter);
    archive_read_support_filter_lz4(filter);
    archive_read_support_format_raw(filter);
    archive_read_support_format_empty(filter);
    result = archive_read_open(filter, stream, NULL, packed_read, NULL);
    /* An error that left no bytes looks like nothing packed well: its number stays behind. */
    if (result != ARCHIVE_OK || archive_errno(filter) != 0)
        return filter_bad(stream, fault);
    result = archive_read_next_header(filter, &entry);
    if (result == ARCHIVE_EOF)
        stream->ended = true;
    else if (result != ARCHIVE_OK)
        return filter_bad(stream, fault);
    if (archive_filter_count(filter) != 2) /* the filter, and what reads the file */
        return stream->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its %s %s", stream->file->name,
                                   stream->file->says,
                                   archive_filter_count(filter) > 2 ? "holds packed data again" : "is of an unknown kind");
    return 0;
}

static int
filter_read(struct file_stream *stream, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    la_ssize_t result = archive_read_data(stream->filter, to, room);
    int64_t used;

    if (result < 0)
        return filter_bad(stream, fault);
    *got = (size_t)result;
    if (result > 0)
        return 0;
    stream->ended = true;
    used = archive_filter_bytes(stream->filter, -1);
    if (used != stream->file->identity.size) /* not all of these formats mind what follows */
        return stream->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': what follows its %s at byte %lld is none",
                                   stream->file->name, stream->file->says, (long long)used);
    return 0;
}

/* ---- all of them -------------------------------------------------------------------------- */

int
file_stream_open(const struct file_open *file, const struct daybreak_host *host, const struct file_limits *limits,
                 struct file_stream **out, struct daybreak_fault *fault)
{
    struct file_stream *stream = file_need(NULL, sizeof *stream);

    *stream = (struct file_stream){.file = file, .host = host, .limits = limits, .kind = file->kind};
    if (stream->kind != FILE_GZIP && stream->kind != FILE_FILTERED)
        stream->kind = FILE_PLAIN;
    else
        stream->packed = file_need(NULL, PACKED_BYTES);
    if (stream->kind == FILE_GZIP)
        stream->inflate = file_inflate_new();
    if (stream->kind == FILE_FILTERED && filter_open(stream, fault) != 0) {
        file_stream_close(stream);
        return -1;
    }
    *out = stream;
    return 0;
}

void
file_stream_close(struct file_stream *stream)
{
    if (stream == NULL)
        return;
    if (stream->filter != NULL)
        archive_read_free(stream->filter);
    file_inflate_free(stream->inflate);
    free(stream->packed);
    free(stream);
}

bool
file_unfolds(const struct file_open *file, const struct file_limits *limits, int64_t bytes)
{
    return bytes > FILE_RATIO_FROM && bytes / limits->ratio > file->identity.size;
}

static int
unfold(struct file_stream *stream, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    int result = 0;

    *got = 0;
    if (stream->kind == FILE_PLAIN) {
        result = file_pread(stream->file, stream->host, to, room, stream->offset, got, fault);
        stream->offset += *got;
        return result;
    }
    if (stream->ended)
        return 0;
    result = stream->kind == FILE_GZIP ? gzip_read(stream, to, room, got, fault) : filter_read(stream, to, room, got, fault);
    if (result != 0)
        return -1;
    stream->unpacked += (int64_t)*got;
    if (file_unfolds(stream->file, stream->limits, stream->unpacked)) {
        stream->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its %lld bytes unfold to more than %lld times as many",
                            stream->file->name, (long long)stream->file->identity.size, (long long)stream->limits->ratio);
        return stream->host->hint(fault, "if that is what it should do, raise source.max_ratio");
    }
    return 0;
}

int
file_stream_read(struct file_stream *stream, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    size_t left = stream->head_size - stream->head_at;

    if (left == 0)
        return unfold(stream, to, room, got, fault);
    *got = left < room ? left : room;
    memcpy(to, stream->head + stream->head_at, *got);
    stream->head_at += *got;
    return 0;
}

int
file_stream_peek(struct file_stream *stream, const char **head, size_t *size, struct daybreak_fault *fault)
{
    size_t got = 1;

    while (got > 0 && stream->head_size < sizeof stream->head) {
        if (unfold(stream, stream->head + stream->head_size, sizeof stream->head - stream->head_size, &got, fault) != 0)
            return -1;
        stream->head_size += got;
    }
    *head = stream->head;
    *size = stream->head_size;
    return 0;
}

void
file_stream_seek(struct file_stream *stream, uint64_t offset)
{
    stream->offset = offset;
    stream->head_at = stream->head_size = 0;
}

void
file_stream_skip(struct file_stream *stream, uint64_t more, uint64_t *skipped)
{
    uint64_t left = stream->head_size - stream->head_at, size = (uint64_t)stream->file->identity.size, rest;

    *skipped = more < left ? more : left;
    stream->head_at += (size_t)*skipped;
    rest = more - *skipped;
    if (stream->offset >= size)
        rest = 0;
    else if (rest > size - stream->offset)
        rest = size - stream->offset;
    stream->offset += rest;
    *skipped += rest;
}
