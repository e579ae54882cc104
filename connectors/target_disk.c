/* SPDX-License-Identifier: Apache-2.0 */
/* Target files on disk: made, locked, hashed, synced, cut and published, one call each. */
#include "target_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define LOCK_WAIT_MS 30000
#define LOCK_STEP_MS 100

/* ---- faults and texts --------------------------------------------------------------------- */

int
target_fault_exit(struct daybreak_fault *fault, int status, const char *code)
{
    fault->status = status;
    snprintf(fault->code, sizeof fault->code, "%s", code);
    return -1;
}

int
target_cannot(const struct daybreak_host *host, struct daybreak_fault *fault, const char *verb, const char *path)
{
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG, failing = full || error == EIO;

    host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, path, strerror(error));
    if (full)
        host->hint(fault, "make room, then run again: nothing that was committed is lost");
    else if (error == ENOTDIR || error == EEXIST)
        host->hint(fault, "a file stands where a folder must be: move it away, or give the sink another path");
    else if (error == EACCES || error == EPERM)
        host->hint(fault, "give this user the right to write there, or give the sink another path");
    else if (error == EROFS)
        host->hint(fault, "its file system is mounted read-only: give the sink another path");
    else if (error == EISDIR)
        host->hint(fault, "this is a folder: let sink.path name a file in it");
    return target_fault_exit(fault, failing ? 74 : 73, full ? "disk-full" : failing ? "disk-fails" : "cannot-write");
}

char *
target_join(const char *a, const char *b, const char *c, const char *d)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *text = malloc(size);

    if (text == NULL)
        abort(); /* any crash is safe */
    snprintf(text, size, "%s%s%s%s", a, b, c, d);
    return text;
}

char *
target_copy(const char *text)
{
    return target_join(text, "", "", "");
}

const char *
target_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

char *
target_folder(const char *path)
{
    const char *name = target_name(path);
    char *folder = target_copy(name == path ? "." : path);

    if (name == path + 1)
        folder[1] = '\0'; /* the root */
    else if (name != path)
        folder[name - path - 1] = '\0';
    return folder;
}

/* ---- files and folders -------------------------------------------------------------------- */

int
target_make_folders(const struct daybreak_host *host, const char *path, struct daybreak_fault *fault)
{
    char *copy = target_copy(path);
    int result = 0;

    for (char *slash = strchr(copy + 1, '/'); slash != NULL && result == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0755) == 0)
            result = target_sync_folder(host, copy, fault); /* its entry in its parent */
        else if (errno != EEXIST)
            result = target_cannot(host, fault, "make folder", copy);
        *slash = '/';
    }
    free(copy);
    return result;
}

int
target_sync(const struct daybreak_host *host, int fd, const char *path, struct daybreak_fault *fault)
{
    return fdatasync(fd) == 0 ? 0 : target_cannot(host, fault, "sync", path);
}

int
target_sync_folder(const struct daybreak_host *host, const char *path, struct daybreak_fault *fault)
{
    char *folder = target_folder(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;

    if (fd < 0)
        result = target_cannot(host, fault, "open folder", folder);
    else if (fsync(fd) != 0 && errno != EINVAL) /* some network file systems have nothing to sync there */
        result = target_cannot(host, fault, "sync folder", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return result;
}

/* Processes of ours that write one file take turns. */
static int
take_turn(const struct daybreak_host *host, int fd, const char *path, struct daybreak_fault *fault)
{
    struct timespec step = {.tv_nsec = LOCK_STEP_MS * 1000000};

    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return errno == ENOLCK || errno == EOPNOTSUPP ? 0 : target_cannot(host, fault, "lock", path);
        if (waited >= LOCK_WAIT_MS || host->stopping(host)) {
            host->fault(fault, DAYBREAK_RETRY, "cannot lock '%s': another process is writing it", path);
            return target_fault_exit(fault, 75, "target-busy");
        }
        nanosleep(&step, NULL);
    }
    return 0;
}

static int
look_and_lock(const struct daybreak_host *host, const char *path, int *fd, struct stat *st, struct daybreak_fault *fault)
{
    if (fstat(*fd, st) != 0) {
        target_cannot(host, fault, "look at", path);
        goto close_fd;
    }
    if (!S_ISREG(st->st_mode)) {
        TARGET_HALT(host, fault, 78, "target-no-file", "cannot write '%s': it is no regular file", path);
        goto close_fd;
    }
    if (take_turn(host, *fd, path, fault) != 0)
        goto close_fd;
    if (fstat(*fd, st) != 0) { /* the one before us may have written */
        target_cannot(host, fault, "look at", path);
        goto close_fd;
    }
    return 0;

close_fd:
    close(*fd);
    *fd = -1;
    return -1;
}

int
target_open_file(const struct daybreak_host *host, const char *path, int *fd, struct stat *st, struct daybreak_fault *fault)
{
    *fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return errno == ENOENT ? 0 : target_cannot(host, fault, "open", path);
    return look_and_lock(host, path, fd, st, fault);
}

int
target_make_file(const struct daybreak_host *host, const char *path, int *fd, struct stat *st, struct daybreak_fault *fault)
{
    *fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_CREAT | O_EXCL, 0644);
    if (*fd < 0 && errno == EEXIST)
        return TARGET_HALT(host, fault, 78, "target-exists", "cannot create '%s': it is there already", path);
    if (*fd < 0)
        return target_cannot(host, fault, "create", path);
    return look_and_lock(host, path, fd, st, fault);
}

int
target_tail(const struct daybreak_host *host, int fd, const char *path, int64_t length, uint8_t tail[16],
            struct daybreak_fault *fault)
{
    char bytes[TARGET_TAIL];
    size_t size = length < TARGET_TAIL ? (size_t)length : TARGET_TAIL, got = 0;
    XXH128_canonical_t canonical;

    while (got < size) {
        ssize_t more = pread(fd, bytes + got, size - got, (off_t)(length - (int64_t)(size - got)));

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return target_cannot(host, fault, "read", path);
        if (more == 0)
            return TARGET_HALT(host, fault, 78, "target-changed", "cannot use '%s': it became shorter while it was read", path);
        got += (size_t)more;
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
    memcpy(tail, canonical.digest, 16);
    return 0;
}

int
target_cut(const struct daybreak_host *host, int fd, const char *path, int64_t length, struct daybreak_fault *fault)
{
    if (ftruncate(fd, (off_t)length) != 0)
        return target_cannot(host, fault, "cut", path);
    return target_sync(host, fd, path, fault);
}

int
target_publish(const struct daybreak_host *host, const char *from, const char *to, struct daybreak_fault *fault)
{
    int failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    if (failed != 0 && errno == EINVAL) { /* a file system without that flag: a link never replaces either */
        failed = link(from, to);
        if (failed == 0 && unlink(from) != 0)
            return target_cannot(host, fault, "remove", from);
    }
    if (failed != 0 && errno == EEXIST) {
        TARGET_HALT(host, fault, 78, "target-exists", "cannot name '%s': a file is there that this pipeline did not write", to);
        return host->hint(fault, "move it away and run again; what is to stand there waits as '%s'", target_name(from));
    }
    if (failed != 0)
        return target_cannot(host, fault, "name", to);
    return target_sync_folder(host, to, fault);
}

/* ---- the note ----------------------------------------------------------------------------- */

#define NOTE_ROOM 256

static void
boot_read(char boot[40])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, boot, 36);

    boot[got < 0 ? 0 : got] = '\0';
    if (fd >= 0)
        close(fd);
}

/* Always the same length, so that one write in place replaces it. */
static int
note_put(const struct daybreak_host *host, int fd, const char *path, const struct target_note *note, struct daybreak_fault *fault)
{
    char text[NOTE_ROOM], boot[40];
    int size;

    boot_read(boot);
    size = snprintf(text, sizeof text,
                    "daybreak writing 1 %16s %020" PRIu64 " %020" PRIu64 " %020" PRId64 " %020" PRId64 " %-36s\n",
                    note->owner, note->device, note->inode, note->from, note->reach, boot);
    if (pwrite(fd, text, (size_t)size, 0) != size)
        return target_cannot(host, fault, "write", path);
    return 0;
}

int
target_note_make(const struct daybreak_host *host, const char *path, const struct target_note *note, int *fd,
                 struct daybreak_fault *fault)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (*fd < 0)
        return target_cannot(host, fault, "create", path);
    if (note_put(host, *fd, path, note, fault) == 0 && target_sync(host, *fd, path, fault) == 0 &&
        target_sync_folder(host, path, fault) == 0)
        return 0;
    close(*fd);
    *fd = -1;
    return -1;
}

int
target_note_move(const struct daybreak_host *host, int fd, const char *path, const struct target_note *note,
                 struct daybreak_fault *fault)
{
    return note_put(host, fd, path, note, fault);
}

bool
target_note_read(const char *path, struct target_note *note)
{
    char text[NOTE_ROOM], boot[40], now[40];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    boot[0] = '\0';
    if (sscanf(text, "daybreak writing 1 %16s %" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 " %36s", note->owner, &note->device,
               &note->inode, &note->from, &note->reach, boot) < 5)
        return false;
    boot_read(now);
    note->this_boot = strcmp(boot, now) == 0;
    return true;
}
