/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: what a file is decides how it is read; its name only says what was promised. */
#include "file_reader.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "file_archive.h"
#include "file_memory.h"

struct file_reader {
    const struct file_open *file;
    const struct daybreak_host *host;
    const struct file_limits *limits;
    const struct file_select *select;
    struct file_stream *stream;
    struct file_archive *archive; /* NULL: the file is one part */
    bool given;                   /* that one part */
    int64_t bytes;                /* of the part, so far */
};

static bool
promises_tar(const char *name)
{
    static const char *const endings[] = {".tgz",    ".txz",    ".tzst",    ".tbz",     ".tbz2",
                                          ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.lz4"};
    size_t size = strlen(name);

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);

        if (size >= length && strcasecmp(name + size - length, endings[i]) == 0)
            return true;
    }
    return false;
}

/* Under the compression: is it a tar? */
static int
unpacked_look(struct file_reader *reader, bool *tar, struct daybreak_fault *fault)
{
    const struct file_open *file = reader->file;
    const char *head, *says;
    enum file_kind kind;
    size_t size, zeros = 0;

    if (file_stream_peek(reader->stream, &head, &size, fault) != 0)
        return -1;
    kind = file_kind_of((const unsigned char *)head, size, &says);
    while (zeros < size && head[zeros] == 0)
        zeros++;
    *tar = kind == FILE_TAR || (promises_tar(file->name) && zeros == FILE_HEAD); /* one without members */
    if (*tar)
        return 0;
    if (kind != FILE_PLAIN)
        return reader->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its %s holds %s", file->name, file->says, says);
    if (promises_tar(file->name))
        return reader->host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its name promises a tar archive, its %s holds none",
                                   file->name, file->says);
    return 0;
}

static int
layers_open(struct file_reader *reader, struct daybreak_fault *fault)
{
    const struct file_open *file = reader->file;
    const struct daybreak_host *host = reader->host;
    bool tar = file->kind == FILE_TAR;

    if (file->promised != NULL)
        return host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its name promises %s, %s", file->name, file->promised,
                           file->identity.size == 0 ? "and it is empty" : "which its bytes are not, or it is cut off");
    if (file->kind == FILE_FOREIGN)
        return host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': it is %s, which is not read here", file->name,
                           file->says);
    if (file->kind == FILE_ZIP || file->kind == FILE_SEVEN_ZIP)
        return file_archive_open(NULL, file, host, reader->limits, &reader->archive, fault);
    if (file_stream_open(file, host, reader->limits, &reader->stream, fault) != 0)
        return -1;
    if (!tar && file->kind != FILE_PLAIN && unpacked_look(reader, &tar, fault) != 0)
        return -1;
    return tar ? file_archive_open(reader->stream, file, host, reader->limits, &reader->archive, fault) : 0;
}

int
file_reader_open(const struct file_open *file, const struct daybreak_host *host, const struct file_limits *limits,
                 const struct file_select *select, struct file_reader **out, struct daybreak_fault *fault)
{
    struct file_reader *reader = file_need(NULL, sizeof *reader);

    *reader = (struct file_reader){.file = file, .host = host, .limits = limits, .select = select};
    if (layers_open(reader, fault) != 0) {
        file_reader_close(reader);
        return -1;
    }
    *out = reader;
    return 0;
}

void
file_reader_close(struct file_reader *reader)
{
    if (reader == NULL)
        return;
    file_archive_close(reader->archive);
    file_stream_close(reader->stream);
    free(reader);
}

int
file_reader_next(struct file_reader *reader, struct daybreak_part *part, bool *found, struct daybreak_fault *fault)
{
    const struct file_open *file = reader->file;

    reader->bytes = 0;
    if (reader->archive != NULL)
        return file_archive_next(reader->archive, reader->select, part, found, fault);
    *found = !reader->given;
    reader->given = true;
    part->name = "";
    part->bytes = file->kind == FILE_PLAIN ? file->identity.size : -1;
    part->time_us = file->identity.mtime_ns / 1000;
    return 0;
}

int
file_reader_read(struct file_reader *reader, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = reader->host;

    if (reader->archive != NULL)
        return file_archive_read(reader->archive, to, room, got, fault);
    if (file_stream_read(reader->stream, to, room, got, fault) != 0)
        return -1;
    reader->bytes += (int64_t)*got;
    if (reader->file->kind != FILE_PLAIN && reader->bytes > reader->limits->member) {
        host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': it holds more than %" PRId64 " bytes", reader->file->name,
                    reader->limits->member);
        return host->hint(fault, "if that is what it should hold, raise source.max_member");
    }
    return 0;
}

int
file_reader_seek(struct file_reader *reader, uint64_t offset, struct daybreak_fault *fault)
{
    if (reader->file->kind != FILE_PLAIN)
        return reader->host->fault(fault, DAYBREAK_HALT, "cannot go to a place in '%s': it is packed", reader->file->name);
    file_stream_seek(reader->stream, offset);
    return 0;
}
