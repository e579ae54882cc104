/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: what a sender puts beside a file to prove it, found by the file's name and read like any other file. */
#include "file_beside.h"

#include <string.h>
#include <strings.h>

const char *
file_beside_own(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash == NULL ? name : slash + 1;
}

static size_t
stem_size(const char *name)
{
    static const char *const packed[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".7z", ".tgz", ".txz", ".tzst", ".tbz", ".tbz2"};
    size_t size = strlen(name), before = 0;

    while (size != before) {
        before = size;
        for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
            size_t ending = strlen(packed[i]);

            if (size > ending && strncasecmp(name + size - ending, packed[i], ending) == 0) {
                size -= ending;
                break;
            }
        }
    }
    for (size_t i = size; i > 1; i--)
        if (name[i - 1] == '.')
            return i - 1;
    return size;
}

static bool
put(char to[PATH_MAX], size_t *used, const char *text, size_t size)
{
    if (size >= PATH_MAX - *used)
        return false;
    memcpy(to + *used, text, size);
    *used += size;
    to[*used] = '\0';
    return true;
}

bool
file_beside_name(const char *asked, const char *name, char to[PATH_MAX])
{
    const char *own = file_beside_own(name);
    size_t used = 0;
    bool fits = asked[0] == '/' || put(to, &used, name, (size_t)(own - name));

    while (fits && *asked != '\0') {
        if (strncmp(asked, "{name}", 6) == 0) {
            fits = put(to, &used, own, strlen(own));
            asked += 6;
        } else if (strncmp(asked, "{stem}", 6) == 0) {
            fits = put(to, &used, own, stem_size(own));
            asked += 6;
        } else {
            fits = put(to, &used, asked++, 1);
        }
    }
    return fits && used > 0;
}

int
file_beside_read(const struct file_look *look, const struct daybreak_host *host, const char *name, uint64_t offset, char *to,
                 size_t room, size_t *got, bool *there, struct daybreak_fault *fault)
{
    char path[PATH_MAX];
    struct file_open file;
    int result;

    *there = false;
    if (!file_look_path(look, name, path))
        return 0;
    switch (file_open(&file, host, path, name, fault)) {
    case FILE_OPENED:
        break;
    case FILE_GONE:
        return 0;
    default:
        return -1;
    }
    *there = true;
    result = file_pread(&file, host, to, room, offset, got, fault);
    file_close(&file);
    return result;
}
