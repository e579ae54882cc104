/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: one opened file, what it is, whether it stayed the same, and where it goes when it is done. */
#include "file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "file_memory.h"

#define DIGEST_BYTES (256u << 10) /* a piece is still in the cache when it is hashed */

struct file_hash {
    XXH3_state_t *state;
    uint64_t done; /* bytes from the beginning that are in it */
};
#define SUFFIXES 10000

/* ---- what it is --------------------------------------------------------------------------- */

static const struct magic {
    const char *bytes;
    size_t size, at;
    enum file_kind kind;
    const char *says, *endings; /* of names that promise it, each followed by a blank */
} magics[] = {
    {"\x1f\x8b", 2, 0, FILE_GZIP, "gzip data", ".gz .tgz "},
    {"\x28\xb5\x2f\xfd", 4, 0, FILE_FILTERED, "zstd data", ".zst .tzst "},
    {"\xfd" "7zXZ\0", 6, 0, FILE_FILTERED, "xz data", ".xz .txz "},
    {"\x31\x41\x59\x26\x53\x59", 6, 4, FILE_FILTERED, "bzip2 data", ".bz2 .tbz .tbz2 "},
    {"\x17\x72\x45\x38\x50\x90", 6, 4, FILE_FILTERED, "bzip2 data", ""}, /* of nothing */
    {"\x04\x22\x4d\x18", 4, 0, FILE_FILTERED, "lz4 data", ".lz4 "},
    {"\x02\x21\x4c\x18", 4, 0, FILE_FILTERED, "lz4 data", ""},           /* its old framing */
    {"PK\3\4", 4, 0, FILE_ZIP, "a zip archive", ".zip "},
    {"PK\5\6", 4, 0, FILE_ZIP, "a zip archive", ""},
    {"PK\7\10", 4, 0, FILE_ZIP, "a zip archive", ""},
    {"7z\xbc\xaf\x27\x1c", 6, 0, FILE_SEVEN_ZIP, "a 7-Zip archive", ".7z "},
    {"Rar!\x1a\x07", 6, 0, FILE_FOREIGN, "a RAR archive", ".rar "},
    {"\x1f\x9d", 2, 0, FILE_FOREIGN, "compress (.Z) data", ".z "},
    {NULL, 0, 0, FILE_TAR, "a tar archive", ".tar "},
};

/* A tar header proves itself by its checksum; a block of zeros is the end of a tar without members. */
static bool
is_tar(const unsigned char *head, size_t size)
{
    unsigned long sum = 0, stored = 0;
    size_t i;

    if (size < 512 || head[0] == '\0')
        return false;
    for (i = 0; i < 512; i++)
        sum += i >= 148 && i < 156 ? ' ' : head[i];
    for (i = 148; i < 156 && head[i] == ' ';)
        i++;
    if (i == 156 || head[i] < '0' || head[i] > '7')
        return false;
    for (; i < 156 && head[i] >= '0' && head[i] <= '7'; i++)
        stored = stored * 8 + (unsigned long)(head[i] - '0');
    return sum == stored;
}

enum file_kind
file_kind_of(const unsigned char *head, size_t size, const char **says)
{
    for (const struct magic *magic = magics; magic->bytes != NULL; magic++)
        if (size >= magic->at + magic->size && memcmp(head + magic->at, magic->bytes, magic->size) == 0 &&
            (magic->at == 0 || memcmp(head, "BZh", 3) == 0)) {
            *says = magic->says;
            return magic->kind;
        }
    if (size >= 4 && head[0] >= 0x50 && head[0] <= 0x5f && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0) {
        *says = "zstd or lz4 data"; /* both may begin with a frame to be skipped */
        return FILE_FILTERED;
    }
    if (is_tar(head, size)) {
        *says = "a tar archive";
        return FILE_TAR;
    }
    *says = "";
    return FILE_PLAIN;
}

static bool
all_zero(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (head[i] != 0)
            return false;
    return true;
}

/* The name promises packed data and the bytes are none: cut at its very beginning, or something else altogether. */
static const struct magic *
promise_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t length = dot == NULL ? 0 : strlen(dot);

    if (length == 0)
        return NULL;
    for (const struct magic *magic = magics; magic < magics + sizeof magics / sizeof *magics; magic++)
        for (const char *ending = magic->endings; *ending != '\0'; ending = strchr(ending, ' ') + 1)
            if (strncasecmp(ending, dot, length) == 0 && ending[length] == ' ')
                return magic;
    return NULL;
}

static int
kind_find(struct file_open *open, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    unsigned char head[FILE_HEAD];
    const struct magic *promise = promise_of(open->name);
    size_t size = 0, got;

    do {
        if (file_pread(open, host, head + size, sizeof head - size, size, &got, fault) != 0)
            return -1;
        size += got;
    } while (got > 0 && size < sizeof head);
    open->kind = file_kind_of(head, size, &open->says);
    if (open->kind != FILE_PLAIN || promise == NULL)
        return 0;
    open->kind = promise->kind;
    if (promise->kind == FILE_TAR && size == FILE_HEAD && all_zero(head, size))
        open->says = promise->says;
    else
        open->promised = promise->says;
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

enum file_opened
file_open(struct file_open *file, const struct daybreak_host *host, const char *path, const char *name,
          struct daybreak_fault *fault)
{
    struct stat now;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        int error = errno;

        if (error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO)
            return FILE_GONE;
        host->fault(fault, error == EACCES || error == EPERM ? DAYBREAK_HALT : DAYBREAK_RETRY, "cannot open '%s': %s",
                    name, strerror(error));
        if (error == EACCES || error == EPERM) {
            fault->status = 77;
            host->hint(fault, "the user that runs daybreak must be allowed to read it");
        }
        return FILE_OPEN_FAILED;
    }
    if (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)) {
        close(fd);
        return FILE_GONE;
    }
    *file = (struct file_open){.fd = fd, .path = file_text(path), .name = file_text(name)};
    file_identity_of(&now, &file->identity);
    file->hash = file_need(NULL, sizeof *file->hash);
    *file->hash = (struct file_hash){.state = XXH3_createState()};
    if (file->hash->state == NULL)
        abort(); /* any crash is safe */
    XXH3_128bits_reset(file->hash->state);
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (kind_find(file, host, fault) == 0)
        return FILE_OPENED;
    file_close(file);
    return FILE_OPEN_FAILED;
}

void
file_close(struct file_open *file)
{
    if (file->path == NULL)
        return;
    close(file->fd);
    free(file->path);
    free(file->name);
    XXH3_freeState(file->hash->state);
    free(file->hash);
    *file = (struct file_open){.fd = -1};
}

int
file_pread(const struct file_open *file, const struct daybreak_host *host, void *to, size_t room, uint64_t offset,
           size_t *got, struct daybreak_fault *fault)
{
    ssize_t taken;

    do
        taken = pread(file->fd, to, room, (off_t)offset);
    while (taken < 0 && errno == EINTR);
    if (taken < 0)
        return host->fault(fault, DAYBREAK_RETRY, "cannot read '%s' at byte %llu: %s", file->name,
                           (unsigned long long)offset, strerror(errno));
    *got = (size_t)taken;
    if (offset <= file->hash->done && offset + *got > file->hash->done) {
        size_t known = (size_t)(file->hash->done - offset);

        XXH3_128bits_update(file->hash->state, (const char *)to + known, *got - known);
        file->hash->done = offset + *got;
    }
    return 0;
}

/* The digest of ${hash} once it has reached the end of the file. */
static int
digest_make(const struct file_open *file, const struct daybreak_host *host, struct file_hash *hash, uint8_t digest[16],
            struct daybreak_fault *fault)
{
    struct file_open reader = *file;
    XXH128_canonical_t canonical;
    char *buffer = file_need(NULL, DIGEST_BYTES);
    size_t got = 1;
    int result = 0;

    reader.hash = hash;
    while (result == 0 && got > 0) {
        if (host->stopping(host))
            result = host->fault(fault, DAYBREAK_RETRY, "stopped while reading '%s'", file->name);
        else
            result = file_pread(&reader, host, buffer, DIGEST_BYTES, hash->done, &got, fault);
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(hash->state));
    memcpy(digest, canonical.digest, 16);
    free(buffer);
    return result;
}

int
file_digest(struct file_open *file, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    if (file->digested)
        return 0;
    if (digest_make(file, host, file->hash, file->digest, fault) != 0)
        return -1;
    file->digested = true;
    return 0;
}

/* Read anew, whatever is known of it. */
static bool
digest_same(const struct file_open *file, const struct daybreak_host *host)
{
    struct file_hash anew = {.state = XXH3_createState()};
    struct daybreak_fault fault = {0};
    uint8_t digest[16];
    bool same;

    if (anew.state == NULL)
        abort(); /* any crash is safe */
    XXH3_128bits_reset(anew.state);
    same = digest_make(file, host, &anew, digest, &fault) == 0 && memcmp(digest, file->digest, sizeof digest) == 0;
    XXH3_freeState(anew.state);
    return same;
}

bool
file_changed(struct file_open *file, const struct daybreak_host *host)
{
    struct file_identity identity;
    struct stat now;

    if (fstat(file->fd, &now) != 0)
        return true;
    file_identity_of(&now, &identity);
    if (!file_identity_same(&identity, &file->identity))
        return true;
    if (identity.ctime_ns == file->identity.ctime_ns)
        return false;
    /* Renamed, unlinked, chmodded — or written to by someone who then set mtime back. Only the bytes can tell. */
    if (file->digested && !digest_same(file, host))
        return true;
    file->identity.ctime_ns = identity.ctime_ns;
    return false;
}

/* ---- when it is done ---------------------------------------------------------------------- */

/* Does a name still lead to this very file, as it was read? */
static bool
leads_here(const struct file_open *file, const char *path)
{
    struct file_identity identity;
    struct stat now;

    if (lstat(path, &now) != 0 || !S_ISREG(now.st_mode))
        return false;
    file_identity_of(&now, &identity);
    return file_identity_same(&identity, &file->identity);
}

static int
cannot(const struct file_open *file, const struct daybreak_host *host, const char *verb, int error,
       struct daybreak_fault *fault)
{
    bool lasting = error == EACCES || error == EPERM || error == EROFS || error == EXDEV || error == ENOTDIR ||
                   error == ENAMETOOLONG || error == ELOOP;

    host->fault(fault, lasting ? DAYBREAK_HALT : DAYBREAK_RETRY, "cannot %s '%s', which is done: %s", verb, file->name,
                strerror(error));
    if (error == EACCES || error == EPERM || error == EROFS) {
        fault->status = 77;
        host->hint(fault, "the user that runs daybreak must be allowed to write in its folder, or say after: keep");
    } else if (error == EXDEV) {
        host->hint(fault, "the folder of after: {move: …} must be on the same file system as the file");
    }
    return -1;
}

int
file_delete(const struct file_open *file, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    char marker[PATH_MAX];

    if (!leads_here(file, file->path))
        return 0;
    if (unlink(file->path) != 0 && errno != ENOENT)
        return cannot(file, host, "delete", errno, fault);
    if (snprintf(marker, sizeof marker, "%s.done", file->path) < (int)sizeof marker)
        unlink(marker);
    return 0;
}

static int
folder_make(const char *dir)
{
    char path[PATH_MAX];
    size_t size = strlen(dir);

    if (size >= sizeof path)
        return ENAMETOOLONG;
    memcpy(path, dir, size + 1);
    for (char *at = path + 1; *at != '\0'; at++)
        if (*at == '/') {
            *at = '\0';
            if (mkdir(path, 0777) != 0 && errno != EEXIST && errno != EROFS)
                return errno;
            *at = '/';
        }
    return mkdir(path, 0777) != 0 && errno != EEXIST ? errno : 0;
}

/* rename that never overwrites; 0 or errno. File systems that cannot do so atomically are given a link first. */
static int
rename_new(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (link(from, to) != 0)
        return errno;
    return unlink(from) == 0 ? 0 : errno;
}

int
file_move(const struct file_open *file, const struct daybreak_host *host, const char *dir, struct daybreak_fault *fault)
{
    const char *slash = strrchr(file->path, '/'), *base = slash == NULL ? file->path : slash + 1;
    char to[PATH_MAX], marker[PATH_MAX], parent[PATH_MAX];
    struct stat here, there;
    int error;

    if (!leads_here(file, file->path))
        return 0;
    if (stat(dir, &there) != 0 && ((error = folder_make(dir)) != 0 || (stat(dir, &there) != 0 && (error = errno) != 0)))
        return cannot(file, host, "move", error, fault);
    if (snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - file->path) + 1,
                 slash == NULL ? "." : file->path) >= (int)sizeof parent)
        return cannot(file, host, "move", ENAMETOOLONG, fault);
    if (stat(parent, &here) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
        return 0; /* it lies there already */
    for (int suffix = 0; suffix < SUFFIXES; suffix++) {
        char number[16] = "";

        if (suffix > 0)
            snprintf(number, sizeof number, ".%d", suffix);
        if (snprintf(to, sizeof to, "%s/%s%s", dir, base, number) >= (int)sizeof to)
            return cannot(file, host, "move", ENAMETOOLONG, fault);
        error = rename_new(file->path, to);
        if (error == EEXIST)
            continue;
        if (error == ENOENT)
            return 0;
        if (error != 0)
            return cannot(file, host, "move", error, fault);
        if (snprintf(marker, sizeof marker, "%s.done", file->path) < (int)sizeof marker &&
            strlen(to) + sizeof ".done" <= sizeof to) {
            memcpy(to + strlen(to), ".done", sizeof ".done");
            rename_new(marker, to);
        }
        return 0;
    }
    return cannot(file, host, "move", EEXIST, fault);
}
