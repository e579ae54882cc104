/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: the end record of a zip. */
#include "file_zip.h"

#include <string.h>

#include "file_memory.h"

#define END_BYTES 22
#define LOCATOR_BYTES 20
#define END64_BYTES 56
#define TAIL_BYTES (END_BYTES + 65535 + LOCATOR_BYTES) /* a comment may follow the record */

static uint64_t
number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

/* All of ${room} bytes at an offset, or fewer where the file ends. */
static int
read_at(const struct file_open *file, const struct daybreak_host *host, uint64_t offset, unsigned char *to, size_t room,
        size_t *size, struct daybreak_fault *fault)
{
    size_t got = 1;

    for (*size = 0; *size < room && got > 0; *size += got)
        if (file_pread(file, host, to + *size, room - *size, offset + *size, &got, fault) != 0)
            return -1;
    return 0;
}

static int
large_end(const struct file_open *file, const struct daybreak_host *host, const unsigned char *locator, int64_t *members,
          bool *found, struct daybreak_fault *fault)
{
    unsigned char end[END64_BYTES];
    uint64_t offset = number(locator + 8, 8);
    size_t size = 0;

    *found = false;
    if (memcmp(locator, "PK\6\7", 4) != 0 || offset > (uint64_t)file->identity.size)
        return 0;
    if (read_at(file, host, offset, end, sizeof end, &size, fault) != 0)
        return -1;
    if (size < sizeof end || memcmp(end, "PK\6\6", 4) != 0)
        return 0;
    *members = (int64_t)(number(end + 32, 8) & INT64_MAX);
    *found = true;
    return 0;
}

int
file_zip_end(const struct file_open *file, const struct daybreak_host *host, int64_t *members, bool *empty,
             struct daybreak_fault *fault)
{
    uint64_t whole = (uint64_t)file->identity.size, offset = whole > TAIL_BYTES ? whole - TAIL_BYTES : 0;
    unsigned char *tail = file_need(NULL, TAIL_BYTES);
    bool found = false;
    size_t size, at;
    int result = read_at(file, host, offset, tail, TAIL_BYTES, &size, fault);

    for (at = size >= END_BYTES ? size - END_BYTES + 1 : 0; result == 0 && at > 0 && !found;) {
        const unsigned char *end = tail + --at;

        if (memcmp(end, "PK\5\6", 4) != 0 || at + END_BYTES + number(end + 20, 2) != size)
            continue;
        found = true;
        *members = (int64_t)number(end + 10, 2);
        *empty = *members == 0 && offset + at == 0;
        if (*members == 0xffff || number(end + 16, 4) == UINT32_MAX)
            if (at < LOCATOR_BYTES || (result = large_end(file, host, end - LOCATOR_BYTES, members, &found, fault)) != 0)
                found = false;
        break;
    }
    free(tail);
    if (result != 0 || found)
        return result;
    return host->fault(fault, DAYBREAK_ASIDE, "cannot read '%s': its zip archive is cut off: its end record is missing",
                       file->name);
}
