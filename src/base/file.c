/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: bytes that must be on the disk, folders, the lock. Owns no descriptor between two calls. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "crash.h"
#include "fault.h"
#include "log.h"
#include "text.h"

/* ---- faults ------------------------------------------------------------------------------- */

/* A full disk can be helped while we wait; anything else needs a person first. */
static int
fault_io(struct daybreak_fault *fault, const char *verb, const char *name, int cause)
{
    bool full = cause == ENOSPC || cause == EDQUOT;

    fault_set(fault, full ? DAYBREAK_RETRY : DAYBREAK_HALT, "cannot %s '%s': %s", verb, name, strerror(cause));
    if (full)
        fault_hint(fault, "free some space on its file system");
    return fault_exit(fault, 74, full ? "disk-full" : "io-error");
}

static int
fault_create(struct daybreak_fault *fault, const char *verb, const char *name, int cause)
{
    if (cause == ENOSPC || cause == EDQUOT || cause == EIO)
        return fault_io(fault, verb, name, cause);
    fault_set(fault, DAYBREAK_HALT, "cannot %s '%s': %s", verb, name, strerror(cause));
    if (cause == EACCES || cause == EPERM)
        fault_hint(fault, "may this user write there?");
    else if (cause == EROFS)
        fault_hint(fault, "its file system is mounted read-only");
    return fault_exit(fault, 73, "cannot-create");
}

/* ---- writing ------------------------------------------------------------------------------ */

int
file_write_all(int fd, const void *bytes, size_t size, const char *name, struct daybreak_fault *fault)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t done = write(fd, at, size < SSIZE_MAX ? size : SSIZE_MAX);

        if (done > 0) {
            at += done;
            size -= (size_t)done;
        } else if (done == 0) { /* says neither how much nor why; asking again could go on for ever */
            return fault_io(fault, "write", name, EIO);
        } else if (errno == EAGAIN) { /* a pipe that its other end made non-blocking */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};

            if (poll(&ready, 1, -1) < 0 && errno != EINTR)
                return fault_io(fault, "write", name, errno);
        } else if (errno != EINTR) {
            return fault_io(fault, "write", name, errno);
        }
    }
    return 0;
}

int
file_sync(int fd, const char *name, struct daybreak_fault *fault)
{
    /* Never again after a failure: the kernel has dropped the dirty pages by then, and would say yes. */
    if (fsync(fd) == 0)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot sync '%s': %s", name, strerror(errno));
    fault_hint(fault, "what was written may be lost: look at the disk, then run again");
    return fault_exit(fault, 74, "sync-failed");
}

int
file_sync_dir(const char *path, struct daybreak_fault *fault)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

    if (fd < 0)
        return fault_create(fault, "open folder", path, errno);
    result = file_sync(fd, path, fault);
    close(fd); /* read-only: nothing can be lost by it */
    return result;
}

/* The folder that ${path} stands in; freed by the caller. */
static char *
folder_of(const char *path)
{
    size_t size = strlen(path);
    char *folder;

    while (size > 1 && path[size - 1] == '/') /* of "a/b/" it is "a" */
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size == 0)
        return memory_text(".");
    folder = memory_need(size + 1);
    memcpy(folder, path, size);
    folder[size] = '\0';
    return folder;
}

int
file_replace(const char *path, const void *bytes, size_t size, struct daybreak_fault *fault)
{
    struct text aside = {0};
    char *folder = folder_of(path);
    const char *name = strrchr(path, '/');
    int fd, result = -1;

    /* A leading dot: who lists the folder passes over what a crash may leave there. */
    name = name == NULL ? path : name + 1;
    text_add(&aside, path, (size_t)(name - path));
    text_printf(&aside, ".%s.XXXXXX", name);
    fd = mkostemp(aside.at, O_CLOEXEC);
    if (fd < 0) {
        fault_create(fault, "create a file beside", path, errno);
        goto free_names;
    }
    if (file_write_all(fd, bytes, size, aside.at, fault) != 0 || file_sync(fd, aside.at, fault) != 0)
        goto close_aside;
    if (close(fd) != 0) {
        fault_io(fault, "close", aside.at, errno);
        goto unlink_aside;
    }
    CRASH_POINT("base.before-replace");
    if (rename(aside.at, path) != 0) {
        fault_create(fault, "replace", path, errno);
        goto unlink_aside;
    }
    CRASH_POINT("base.before-replace-sync");
    result = file_sync_dir(folder, fault);
    goto free_names;

close_aside:
    close(fd);
unlink_aside:
    unlink(aside.at);
free_names:
    text_fini(&aside);
    free(folder);
    return result;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int
read_open(const char *path, size_t limit, int fd, char **bytes, size_t *size, struct daybreak_fault *fault)
{
    struct text text = {0};
    struct stat about;
    size_t expected = 0;

    if (fstat(fd, &about) != 0)
        return fault_io(fault, "read", path, errno);
    if (S_ISDIR(about.st_mode))
        return fault_io(fault, "read", path, EISDIR);
    if (S_ISREG(about.st_mode) && about.st_size > 0)
        expected = (uint64_t)about.st_size < limit ? (size_t)about.st_size : limit;
    /* Opened without waiting, read with it: a FIFO nobody writes to is empty, one with a writer is read. */
    if (fcntl(fd, F_SETFL, 0) != 0)
        return fault_io(fault, "read", path, errno);
    for (;;) {
        size_t room = expected >= text.size ? expected - text.size + 1 : 64 << 10;
        ssize_t got;

        if (room > limit - text.size)
            room = limit - text.size + 1; /* one more than allowed tells */
        got = read(fd, text_room(&text, room), room);
        if (got > 0)
            text.size += (size_t)got;
        if (got < 0 && errno != EINTR) {
            fault_io(fault, "read", path, errno);
            break;
        }
        if (text.size > limit) {
            fault_set(fault, DAYBREAK_HALT, "cannot read '%s': it has more than %zu bytes", path, limit);
            fault_exit(fault, 74, "too-large");
            break;
        }
        if (got == 0) {
            text_room(&text, 0)[0] = '\0';
            *bytes = text.at;
            *size = text.size;
            return 0;
        }
    }
    text_fini(&text);
    return -1;
}

int
file_read(const char *path, size_t limit, char **bytes, size_t *size, struct daybreak_fault *fault)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), result;

    if (fd < 0 && errno == ENOENT) {
        fault_set(fault, DAYBREAK_HALT, "cannot open '%s': %s", path, strerror(errno));
        return fault_exit(fault, 66, "no-file");
    }
    if (fd < 0)
        return fault_io(fault, "open", path, errno);
    result = read_open(path, limit < SSIZE_MAX ? limit : SSIZE_MAX - 1, fd, bytes, size, fault);
    close(fd);
    return result;
}

/* ---- folders ------------------------------------------------------------------------------ */

/* One folder whose parent is there: 1 made, 0 there already. */
static int
make_one(const char *path, struct daybreak_fault *fault)
{
    struct stat about;
    int cause;

    if (mkdir(path, 0700) == 0)
        return 1;
    cause = errno; /* also where we may not make one it may be there */
    if (stat(path, &about) != 0)
        return fault_create(fault, "make folder", path, cause == EEXIST ? ENOENT : cause);
    return S_ISDIR(about.st_mode) ? 0 : fault_create(fault, "make folder", path, ENOTDIR);
}

int
file_make_dir(const char *path, struct daybreak_fault *fault)
{
    char *copy = memory_text(path), *parent;
    int made = 0;

    for (char *at = copy; made >= 0; at++) {
        char c = *at;

        if (c == '\0' || (c == '/' && at > copy && at[-1] != '/')) {
            *at = '\0';
            made = make_one(copy, fault);
            if (made == 1) { /* durable before anything is written into it */
                parent = folder_of(copy);
                made = file_sync_dir(parent, fault);
                free(parent);
            }
            *at = c;
        }
        if (c == '\0')
            break;
    }
    free(copy);
    return made < 0 ? -1 : 0;
}

/* ---- the lock ----------------------------------------------------------------------------- */

/* Who holds it. For people only: nothing is decided by it, so that it could not be written is no fault. */
static void
lock_sign(int fd, const char *path)
{
    struct text sign = {0};
    struct daybreak_fault fault;
    char started[CLOCK_TEXT_ROOM], *boot;
    size_t size;

    clock_text(clock_now_us(), started);
    text_printf(&sign, "pid %ld\n", (long)getpid());
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &boot, &size, &fault) == 0) {
        text_printf(&sign, "boot %.*s\n", (int)strcspn(boot, "\n"), boot);
        free(boot);
    }
    text_printf(&sign, "since %s\n", started);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, sign.at, sign.size, 0) != (ssize_t)sign.size)
        LOG_INFO("cannot sign the lock: path=%s", path);
    text_fini(&sign);
}

/* Whether ${fd} is what stands at ${path} now: one that was unlinked meanwhile locks nobody out. */
static bool
still_there(int fd, const char *path)
{
    struct stat held, there;

    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}

int
file_lock(const char *path, int *fd, bool *busy, struct daybreak_fault *fault)
{
    for (;;) {
        int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), cause;

        if (lock < 0)
            return fault_create(fault, "open lock", path, errno);
        while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
            cause = errno;
            if (cause == EINTR)
                continue;
            close(lock);
            if (cause != EWOULDBLOCK) {
                fault_set(fault, DAYBREAK_HALT, "cannot lock '%s': %s", path, strerror(cause));
                return fault_exit(fault, 73, "cannot-lock");
            }
            *fd = -1;
            *busy = true;
            return 0;
        }
        if (still_there(lock, path)) {
            lock_sign(lock, path);
            *fd = lock;
            *busy = false;
            return 0;
        }
        close(lock);
    }
}

/* ---- file systems ------------------------------------------------------------------------- */

bool
file_is_network(const char *path)
{
    /* Magic numbers as <linux/magic.h> and the file systems' own sources have them. */
    static const uint32_t network[] = {
        0x6969,     /* NFS */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x517b,     /* SMB */
        0x01021997, /* 9p */
        0x65735546, /* FUSE */
        0x00c36400, /* Ceph */
        0x5346414f, /* AFS */
        0x0bd00bd0, /* Lustre */
    };
    struct statfs about;

    if (statfs(path, &about) != 0)
        return false;
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
        if ((uint32_t)about.f_type == network[i])
            return true;
    return false;
}

int64_t
file_free_bytes(const char *path)
{
    struct statvfs about;
    int64_t bytes;

    if (statvfs(path, &about) != 0 || about.f_bavail > INT64_MAX ||
        __builtin_mul_overflow((int64_t)about.f_bavail, (int64_t)about.f_frsize, &bytes))
        return -1;
    return bytes;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    remove(path);
    return 0;
}

void
file_remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
