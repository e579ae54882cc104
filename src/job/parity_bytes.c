/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road, under the comparison: from a file's bytes to text. They go through libarchive when the first of
 * them say archive or packed otherwise, and through iconv when they are not UTF-8.
 */
#include "parity_bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "parity_plain.h"

enum packing { PACKING_NONE, PACKING_ARCHIVE, PACKING_FILTER };

struct parity_bytes {
    const char *path, *member, *encoding; /* lent */
    struct parity_plain plain;
    struct text name;

    enum packing packing;
    struct archive *archive;
    struct daybreak_fault *under; /* the fault of a read below libarchive */
    bool under_failed;
    char *block; /* what libarchive is lent */
    bool opened, matched;

    iconv_t iconv;
    bool converting, decoded_end, first;
    char *undecoded;
    size_t undecoded_size;
    uint64_t decoded; /* bytes of the content before undecoded[0] */
};

static int
unreadable(struct parity_bytes *bytes, struct daybreak_fault *fault, const char *cause)
{
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", parity_bytes_name(bytes), cause);
    return fault_exit(fault, 65, "unreadable");
}

int
parity_bytes_unchanged(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    return parity_plain_unchanged(&bytes->plain, fault);
}

const char *
parity_bytes_name(const struct parity_bytes *bytes)
{
    return bytes->name.size > 0 ? bytes->name.at : bytes->path;
}

int64_t
parity_bytes_estimate(const struct parity_bytes *bytes)
{
    return bytes->plain.stat.st_size * (bytes->plain.gzip || bytes->packing != PACKING_NONE ? 8 : 1);
}

/* ---- what it is packed in ------------------------------------------------------------------------ */

/* The checksum of a tar header: all its bytes, those of the sum itself as blanks (POSIX pax, ustar interchange format). */
static bool
is_tar(const char *head, size_t size)
{
    unsigned long sum = 0, said = 0;

    if (size < PARITY_HEAD_BYTES || head[0] == '\0')
        return false;
    for (size_t i = 0; i < PARITY_HEAD_BYTES; i++)
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)head[i];
    for (size_t i = 148; i < 156; i++)
        if (head[i] >= '0' && head[i] <= '7')
            said = said * 8 + (unsigned long)(head[i] - '0');
        else if (head[i] != ' ' && head[i] != '\0')
            return false;
    return said == sum;
}

static enum packing
packing_of(const char *head, size_t size)
{
    static const struct magic {
        const char *bytes;
        size_t size;
        enum packing packing;
    } magics[] = {
        {"PK\003\004", 4, PACKING_ARCHIVE}, {"PK\005\006", 4, PACKING_ARCHIVE}, {"7z\274\257\047\034", 6, PACKING_ARCHIVE},
        {"\375" "7zXZ\0", 6, PACKING_FILTER}, {"\050\265\057\375", 4, PACKING_FILTER}, {"\004\042\115\030", 4, PACKING_FILTER},
    };

    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= magics[i].size && memcmp(head, magics[i].bytes, magics[i].size) == 0)
            return magics[i].packing;
    if (size >= 10 && memcmp(head, "BZh", 3) == 0 && memcmp(head + 4, "1AY&SY", 6) == 0)
        return PACKING_FILTER;
    return is_tar(head, size) ? PACKING_ARCHIVE : PACKING_NONE;
}

static int
look(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    bytes->packing = packing_of(bytes->plain.head, bytes->plain.head_size);
    if (bytes->plain.head_size < 16 || memcmp(bytes->plain.head, "SQLite format 3", 16) != 0)
        return 0;
    unreadable(bytes, fault, "it is a packed SQLite file");
    return fault_hint(fault, "unpack it first, then compare FILE#TABLE");
}

/* ---- through libarchive --------------------------------------------------------------------- */

static la_ssize_t
archive_feed(struct archive *archive, void *context, const void **block)
{
    struct parity_bytes *bytes = context;
    size_t got = 0;

    if (parity_plain_read(&bytes->plain, bytes->block, PARITY_RAW_BYTES, &got, bytes->under) != 0) {
        bytes->under_failed = true;
        archive_set_error(archive, EIO, "%s", "the packing below is damaged");
        return -1;
    }
    *block = bytes->block;
    return (la_ssize_t)got;
}

static int
archive_fault(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    const char *cause = archive_error_string(bytes->archive);

    if (bytes->under_failed) /* its story is already there */
        return -1;
    return unreadable(bytes, fault, cause != NULL ? cause : "the archive is damaged");
}

/* libarchive takes a zip without its directory and a tar without its end marker: members may be gone with what was cut off. */
static bool
ends_whole(const struct parity_bytes *bytes)
{
    char tail[22 + UINT16_MAX]; /* a zip's last record, with the longest comment */
    off_t from = bytes->plain.stat.st_size < (off_t)sizeof tail ? 0 : bytes->plain.stat.st_size - (off_t)sizeof tail;
    ssize_t size = pread(bytes->plain.fd, tail, sizeof tail, from);

    if (is_tar(bytes->plain.head, bytes->plain.head_size)) {
        const char *at = tail + (size > PARITY_HEAD_BYTES ? size - PARITY_HEAD_BYTES : 0);

        while (at < tail + size && *at == '\0')
            at++;
        return size > 0 && at == tail + size;
    }
    if (bytes->plain.head[0] != 'P')
        return true;
    for (ssize_t at = size - 22; at >= 0; at--)
        if (memcmp(tail + at, "PK\005\006", 4) == 0)
            return at + 22 + (unsigned char)tail[at + 20] + ((unsigned char)tail[at + 21] << 8) <= size;
    return false;
}

static int
archive_begin(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    struct archive *archive = archive_read_new();
    int answer;

    if (archive == NULL)
        return unreadable(bytes, fault, "out of memory");
    bytes->archive = archive;
    if (!bytes->plain.gzip && bytes->packing == PACKING_ARCHIVE && !ends_whole(bytes))
        return unreadable(bytes, fault, "the archive is cut off: its end is missing");
    bytes->under = fault;
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_zip(archive);
    archive_read_support_format_7zip(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    if (bytes->plain.gzip)
        answer = archive_read_open2(archive, bytes, NULL, archive_feed, NULL, NULL);
    else if (lseek(bytes->plain.fd, 0, SEEK_SET) != 0)
        return unreadable(bytes, fault, strerror(errno));
    else
        answer = archive_read_open_fd(archive, bytes->plain.fd, PARITY_RAW_BYTES);
    return answer == ARCHIVE_OK ? 0 : archive_fault(bytes, fault);
}

static bool
member_fits(const struct parity_bytes *bytes, const char *name)
{
    if (bytes->member == NULL)
        return true;
    if (strncmp(name, "./", 2) == 0)
        name += 2;
    return text_glob(bytes->member, name, true);
}

/* All members were seen: what follows must be readable too, or the archive is not proven whole. */
static int
archive_finish(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    size_t got = 1;

    while (bytes->plain.gzip && got > 0)
        if (parity_plain_read(&bytes->plain, bytes->block, PARITY_RAW_BYTES, &got, fault) != 0)
            return -1;
    if (bytes->matched)
        return 0;
    text_clear(&bytes->name);
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': no member %s%s%s", bytes->path,
              bytes->member != NULL ? "matches '" : "is a file", bytes->member != NULL ? bytes->member : "",
              bytes->member != NULL ? "'" : "");
    return fault_exit(fault, 66, "no_member");
}

static int
archive_member(struct parity_bytes *bytes, bool *more, struct daybreak_fault *fault)
{
    struct archive_entry *entry;
    int answer;

    bytes->under = fault;
    while ((answer = archive_read_next_header(bytes->archive, &entry)) == ARCHIVE_OK || answer == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(entry);
        bool raw = archive_format(bytes->archive) == ARCHIVE_FORMAT_RAW;

        if (!raw && (name == NULL || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != NULL))
            continue;
        if (!raw && !member_fits(bytes, name))
            continue;
        if (bytes->matched && bytes->member == NULL) {
            fault_set(fault, DAYBREAK_HALT, "'%s' has more than one member: '%s' and '%s'", bytes->path,
                      bytes->name.at + strlen(bytes->path) + 1, name);
            fault_hint(fault, "say which with --member GLOB");
            return fault_exit(fault, 64, "which_member");
        }
        text_clear(&bytes->name);
        text_put(&bytes->name, bytes->path);
        if (!raw) {
            text_char(&bytes->name, ':');
            text_put(&bytes->name, name);
        }
        text_end(&bytes->name);
        bytes->matched = *more = true;
        return 0;
    }
    *more = false;
    return answer == ARCHIVE_EOF ? archive_finish(bytes, fault) : archive_fault(bytes, fault);
}

static int
packed_read(struct parity_bytes *bytes, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    la_ssize_t size;

    if (bytes->packing == PACKING_NONE)
        return parity_plain_read(&bytes->plain, to, room, got, fault);
    bytes->under = fault;
    do
        size = archive_read_data(bytes->archive, to, room);
    while (size == ARCHIVE_RETRY);
    if (size < 0)
        return archive_fault(bytes, fault);
    *got = (size_t)size;
    return 0;
}

/* ---- decoded -------------------------------------------------------------------------------- */

static int
decode_begin(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    const char *encoding = bytes->encoding;
    const unsigned char *mark = (const unsigned char *)bytes->undecoded;

    if (packed_read(bytes, bytes->undecoded, PARITY_RAW_BYTES, &bytes->undecoded_size, fault) != 0)
        return -1;
    bytes->decoded = 0;
    bytes->first = true;
    bytes->decoded_end = bytes->undecoded_size == 0;
    if (bytes->converting)
        iconv_close(bytes->iconv);
    bytes->converting = false;
    if (encoding == NULL && bytes->undecoded_size >= 2 &&
        ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff)))
        encoding = "UTF-16";
    if (encoding == NULL || strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "UTF8") == 0)
        return 0;
    bytes->iconv = iconv_open("UTF-8", encoding);
    if (bytes->iconv == (iconv_t)-1) {
        fault_set(fault, DAYBREAK_HALT, "'%s' is no encoding that is known here", encoding);
        fault_hint(fault, "iconv -l lists them");
        return fault_exit(fault, 64, "unknown_encoding");
    }
    bytes->converting = true;
    return 0;
}

static int
decode_read(struct parity_bytes *bytes, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    char *out = to;

    while (out == to && (bytes->undecoded_size > 0 || !bytes->decoded_end)) {
        char *in = bytes->undecoded;
        size_t left = bytes->undecoded_size, more = 0;
        bool cut = false;

        if (left > 0 && iconv(bytes->iconv, &in, &left, &out, &room) == (size_t)-1 && errno != E2BIG) {
            cut = errno == EINVAL;
            if (!cut || bytes->decoded_end) {
                fault_set(fault, DAYBREAK_HALT, "cannot read '%s': byte %" PRIu64 " is no %s", parity_bytes_name(bytes),
                          bytes->decoded + (uint64_t)(in - bytes->undecoded),
                          bytes->encoding != NULL ? bytes->encoding : "UTF-16");
                fault_hint(fault, "name its encoding with --encoding");
                return fault_exit(fault, 65, "encoding");
            }
        }
        bytes->decoded += (uint64_t)(in - bytes->undecoded);
        memmove(bytes->undecoded, in, left);
        bytes->undecoded_size = left;
        if (left > 0 && !cut)
            continue;
        if (packed_read(bytes, bytes->undecoded + left, PARITY_RAW_BYTES - left, &more, fault) != 0)
            return -1;
        bytes->undecoded_size += more;
        bytes->decoded_end = more == 0;
    }
    *got = (size_t)(out - to);
    return 0;
}

int
parity_bytes_read(struct parity_bytes *bytes, char *to, size_t room, size_t *got, struct daybreak_fault *fault)
{
    if (bytes->converting) {
        if (decode_read(bytes, to, room, got, fault) != 0)
            return -1;
    } else if (bytes->undecoded_size > 0) { /* what was read to see the byte order mark */
        *got = bytes->undecoded_size < room ? bytes->undecoded_size : room;
        memcpy(to, bytes->undecoded, *got);
        bytes->undecoded_size -= *got;
        memmove(bytes->undecoded, bytes->undecoded + *got, bytes->undecoded_size);
    } else if (packed_read(bytes, to, room, got, fault) != 0) {
        return -1;
    }
    if (bytes->first && *got >= 3 && memcmp(to, "\xef\xbb\xbf", 3) == 0) {
        *got -= 3;
        memmove(to, to + 3, *got);
        bytes->first = false;
        if (*got == 0)
            return parity_bytes_read(bytes, to, room, got, fault);
    }
    bytes->first = false;
    return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void
begin_again(struct parity_bytes *bytes)
{
    if (bytes->archive != NULL)
        archive_read_free(bytes->archive);
    bytes->archive = NULL;
    if (bytes->converting)
        iconv_close(bytes->iconv);
    bytes->converting = bytes->opened = bytes->matched = bytes->under_failed = false;
    bytes->undecoded_size = 0;
    text_clear(&bytes->name);
}

int
parity_bytes_next(struct parity_bytes *bytes, bool *more, struct daybreak_fault *fault)
{
    if (bytes->packing == PACKING_NONE) {
        *more = !bytes->opened;
    } else {
        if (!bytes->opened && archive_begin(bytes, fault) != 0)
            return -1;
        if (archive_member(bytes, more, fault) != 0)
            return -1;
    }
    bytes->opened = true;
    return *more ? decode_begin(bytes, fault) : 0;
}

int
parity_bytes_rewind(struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    begin_again(bytes);
    return parity_plain_rewind(&bytes->plain, fault) != 0 ? -1 : look(bytes, fault);
}

int
parity_bytes_open(const char *path, const char *member, const char *encoding, struct parity_bytes **out,
                  struct daybreak_fault *fault)
{
    struct parity_bytes *bytes = memory_zero(sizeof *bytes);

    bytes->path = path;
    bytes->member = member;
    bytes->encoding = encoding;
    bytes->block = memory_need(PARITY_RAW_BYTES);
    bytes->undecoded = memory_need(PARITY_RAW_BYTES);
    if (parity_plain_open(&bytes->plain, path, fault) == 0 && look(bytes, fault) == 0) {
        *out = bytes;
        return 0;
    }
    parity_bytes_close(bytes);
    return -1;
}

void
parity_bytes_close(struct parity_bytes *bytes)
{
    if (bytes == NULL)
        return;
    begin_again(bytes);
    parity_plain_close(&bytes->plain);
    text_fini(&bytes->name);
    free(bytes->block);
    free(bytes->undecoded);
    free(bytes);
}
