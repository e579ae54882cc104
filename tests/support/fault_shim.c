/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be preloaded: it counts what a process changes below one folder, and makes one of these calls fail, or end the process.
 * SQLite's calls pass here too. Nothing of Daybreak is known to it.
 *
 *   FAULT_UNDER=FOLDER   only files below it, by their real path; required, else nothing is counted
 *   FAULT_KIND=KIND      enospc: the call fails, no room        eio: it fails, broken disk
 *                        short: a write writes half             full: a write writes half, from then on there is no room
 *                        kill: SIGKILL before the call          killed: behind it
 *                        torn: SIGKILL behind half a write
 *   FAULT_ONLY=fsync     count nothing but syncs (fsync, fdatasync, sync_file_range)
 *   FAULT_AT=N           the Nth call of those that the kind fits; 0: none, they are only counted
 *   FAULT_STICKY=1       every one from there on (enospc, eio, short)
 *   FAULT_TALLY=FILE     text: how many calls were counted, how many failed, how often a sync that had failed was tried again with
 *                        nothing written in between
 *   FAULT_TRACE=FILE     each counted call, a line
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NOTHING, NO_ROOM, BROKEN, SHORT, FULL, KILL, KILLED, TORN };
enum call { MAKES, WRITES, SYNCS, NAMES, CUTS, REMOVES, CLOSES }; /* what sort of call this is */

#define FDS 4096

static struct {
    bool on, sticky, only_syncs;
    enum kind kind;
    long at;
    char under[PATH_MAX];
    size_t under_size;
    int trace;
    volatile char *tally;
} setup = {.trace = -1};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static long counted, failed, resynced;
static bool no_room_left;
static bool written[FDS];               /* since it was opened: closing it may tell of a loss */
static struct { dev_t device; ino_t inode; } unsynced[64]; /* files whose sync has failed */
static unsigned unsynced_count;

/* What stands behind us. */
#define REAL(name) ((__typeof__(&name))real(#name))

static void *
real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

static void
tell(void)
{
    if (setup.tally != NULL)
        snprintf((char *)setup.tally, 64, "%-12ld %-12ld %-12ld\n", counted, failed, resynced);
}

__attribute__((constructor)) static void
begin(void)
{
    static const char *const name[] = {"", "enospc", "eio", "short", "full", "kill", "killed", "torn"};
    const char *under = getenv("FAULT_UNDER"), *kind = getenv("FAULT_KIND"), *at = getenv("FAULT_AT"), *only = getenv("FAULT_ONLY");
    const char *trace = getenv("FAULT_TRACE"), *tally = getenv("FAULT_TALLY");

    if (under == NULL || realpath(under, setup.under) == NULL)
        return;
    setup.under_size = strlen(setup.under);
    for (unsigned i = 1; i < sizeof name / sizeof *name && kind != NULL; i++)
        if (strcmp(kind, name[i]) == 0)
            setup.kind = (enum kind)i;
    setup.at = at == NULL ? 0 : strtol(at, NULL, 10);
    setup.sticky = getenv("FAULT_STICKY") != NULL;
    setup.only_syncs = only != NULL && strcmp(only, "fsync") == 0;
    if (trace != NULL)
        setup.trace = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (tally != NULL) { /* mapped, so that a kill does not take it along */
        int fd = (int)syscall(SYS_openat, AT_FDCWD, tally, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd >= 0 && syscall(SYS_ftruncate, fd, 64) == 0) {
            setup.tally = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            if (setup.tally == MAP_FAILED)
                setup.tally = NULL;
        }
        if (fd >= 0)
            syscall(SYS_close, fd);
    }
    setup.on = true;
    tell();
}

/* ---- which calls count ---------------------------------------------------------------------- */

static bool
below(const char *path)
{
    return strncmp(path, setup.under, setup.under_size) == 0 && (path[setup.under_size] == '/' || path[setup.under_size] == '\0');
}

static bool
fd_path(int fd, char path[PATH_MAX])
{
    char link[64];
    ssize_t size;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, PATH_MAX - 1);
    if (size <= 0 || path[0] != '/')
        return false;
    path[size] = '\0';
    return true;
}

/* Where a name leads, though it need not be there: its folder is. */
static bool
name_path(int dirfd, const char *name, char path[PATH_MAX])
{
    char whole[PATH_MAX * 2], folder[PATH_MAX];
    char *slash;

    if (name[0] == '/' || dirfd == AT_FDCWD)
        snprintf(whole, sizeof whole, "%s%s", name[0] == '/' ? "" : "./", name);
    else if (fd_path(dirfd, folder))
        snprintf(whole, sizeof whole, "%s/%s", folder, name);
    else
        return false;
    slash = strrchr(whole, '/');
    if (slash == whole)
        return false;
    *slash = '\0';
    if (realpath(whole, folder) == NULL)
        return false;
    return snprintf(path, PATH_MAX, "%s/%s", folder, slash + 1) < PATH_MAX;
}

static bool
fits(enum call call, size_t size)
{
    if (setup.only_syncs)
        return call == SYNCS;
    switch (setup.kind) {
    case NO_ROOM:
        return call != REMOVES && call != CLOSES;
    case SHORT:
    case FULL:
    case TORN:
        return call == WRITES && size > 1;
    default:
        return true;
    }
}

enum verdict { PASS, FAIL, HALF, DIE, DIE_AFTER, HALF_DIE };

/* One counted call: what becomes of it. ${error} is set with FAIL. */
static enum verdict
judge(enum call call, const char *what, const char *path, size_t size, int *error)
{
    enum verdict verdict = PASS;
    bool hit;

    if (!setup.on || !below(path))
        return PASS;
    pthread_mutex_lock(&turn);
    if (no_room_left && call != REMOVES && call != CLOSES && call != SYNCS) {
        *error = ENOSPC;
        pthread_mutex_unlock(&turn);
        return FAIL;
    }
    if (!fits(call, size)) {
        pthread_mutex_unlock(&turn);
        return PASS;
    }
    counted++;
    hit = setup.at > 0 && (counted == setup.at || (setup.sticky && counted > setup.at));
    if (hit) {
        failed++;
        switch (setup.kind) {
        case NO_ROOM:
            *error = ENOSPC;
            verdict = FAIL;
            break;
        case BROKEN:
            *error = EIO;
            verdict = FAIL;
            break;
        case SHORT:
            verdict = HALF;
            break;
        case FULL:
            no_room_left = true;
            verdict = HALF;
            break;
        case KILL:
            verdict = DIE;
            break;
        case KILLED:
            verdict = DIE_AFTER;
            break;
        case TORN:
            verdict = HALF_DIE;
            break;
        default:
            break;
        }
    }
    tell();
    if (setup.trace >= 0) {
        char line[PATH_MAX + 100];
        int length = snprintf(line, sizeof line, "%ld %s %s%s\n", counted, what, path + setup.under_size, hit ? " <- here" : "");

        if (syscall(SYS_write, setup.trace, line, (size_t)length) < 0)
            setup.trace = -1;
    }
    pthread_mutex_unlock(&turn);
    if (verdict == DIE)
        raise(SIGKILL);
    return verdict;
}

/* Behind the call. */
static void
after(enum verdict verdict)
{
    if (verdict == DIE_AFTER || verdict == HALF_DIE)
        raise(SIGKILL);
}

static enum verdict
judge_fd(enum call call, const char *what, int fd, size_t size, int *error)
{
    char path[PATH_MAX];
    int kept = errno;
    enum verdict verdict = PASS;

    if (setup.on && fd_path(fd, path))
        verdict = judge(call, what, path, size, error);
    errno = kept;
    return verdict;
}

static enum verdict
judge_name(enum call call, const char *what, int dirfd, const char *name, int *error)
{
    char path[PATH_MAX];
    int kept = errno;
    enum verdict verdict = PASS;

    if (setup.on && name_path(dirfd, name, path))
        verdict = judge(call, what, path, 0, error);
    errno = kept;
    return verdict;
}

/* A call without a size: its verdict, the call itself, what comes behind. */
#define PLAIN(judged, call)                                                                                                      \
    do {                                                                                                                         \
        int error = 0;                                                                                                           \
        enum verdict verdict = judged;                                                                                           \
        __typeof__(call) result;                                                                                                 \
                                                                                                                                 \
        if (verdict == FAIL) {                                                                                                   \
            errno = error;                                                                                                       \
            return -1;                                                                                                           \
        }                                                                                                                        \
        result = call;                                                                                                           \
        after(verdict);                                                                                                          \
        return result;                                                                                                           \
    } while (0)

/* ---- opening and closing -------------------------------------------------------------------- */

static int
opened(int fd)
{
    if (fd >= 0 && fd < FDS)
        written[fd] = false;
    return fd;
}

static int
open_at(int dirfd, const char *path, int flags, mode_t mode)
{
    if (!(flags & O_CREAT) && (flags & O_TMPFILE) != O_TMPFILE)
        return opened((int)syscall(SYS_openat, dirfd, path, flags, mode));
    PLAIN(judge_name(MAKES, "open", dirfd, path, &error), opened((int)syscall(SYS_openat, dirfd, path, flags, mode)));
}

#define OPEN(name)                                                                                                               \
    int name(const char *path, int flags, ...);                                                                                  \
    int name(const char *path, int flags, ...)                                                                                   \
    {                                                                                                                            \
        va_list list;                                                                                                            \
        mode_t mode;                                                                                                             \
                                                                                                                                 \
        va_start(list, flags);                                                                                                   \
        mode = va_arg(list, mode_t);                                                                                             \
        va_end(list);                                                                                                            \
        return open_at(AT_FDCWD, path, flags, mode);                                                                             \
    }
#define OPENAT(name)                                                                                                             \
    int name(int dirfd, const char *path, int flags, ...);                                                                       \
    int name(int dirfd, const char *path, int flags, ...)                                                                        \
    {                                                                                                                            \
        va_list list;                                                                                                            \
        mode_t mode;                                                                                                             \
                                                                                                                                 \
        va_start(list, flags);                                                                                                   \
        mode = va_arg(list, mode_t);                                                                                             \
        va_end(list);                                                                                                            \
        return open_at(dirfd, path, flags, mode);                                                                                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int
mkostemp(char *name, int flags)
{
    PLAIN(judge_name(MAKES, "mkostemp", AT_FDCWD, name, &error), opened(REAL(mkostemp)(name, flags)));
}

int
close(int fd)
{
    bool was = fd >= 0 && fd < FDS && written[fd];
    int error = 0, result;
    enum verdict verdict = was ? judge_fd(CLOSES, "close", fd, 0, &error) : PASS;

    opened(fd);
    result = (int)syscall(SYS_close, fd);
    if (verdict == FAIL) { /* it is closed all the same */
        errno = error;
        return -1;
    }
    after(verdict);
    return result;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Written anew, it may be synced anew. */
static void
write_note(int fd)
{
    struct stat st;

    if (fd >= 0 && fd < FDS)
        written[fd] = true;
    if (unsynced_count == 0 || fstat(fd, &st) != 0)
        return;
    pthread_mutex_lock(&turn);
    for (unsigned i = 0; i < unsynced_count; i++)
        if (unsynced[i].device == st.st_dev && unsynced[i].inode == st.st_ino)
            unsynced[i] = unsynced[--unsynced_count];
    pthread_mutex_unlock(&turn);
}

static ssize_t
put(const char *what, int fd, const void *bytes, size_t size, off_t at)
{
    int error = 0;
    enum verdict verdict = judge_fd(WRITES, what, fd, size, &error);
    ssize_t result;

    if (verdict == FAIL) {
        errno = error;
        return -1;
    }
    if (verdict == HALF || verdict == HALF_DIE)
        size = (size + 1) / 2;
    result = at < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, at);
    write_note(fd);
    after(verdict);
    return result;
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    return put("write", fd, bytes, size, -1);
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return put("pwrite", fd, bytes, size, at);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return put("pwrite", fd, bytes, size, at);
}

ssize_t
writev(int fd, const struct iovec *piece, int count)
{
    struct iovec half;
    int error = 0;
    enum verdict verdict = judge_fd(WRITES, "writev", fd, count > 0 ? piece[0].iov_len : 0, &error);
    ssize_t result;

    if (verdict == FAIL) {
        errno = error;
        return -1;
    }
    write_note(fd);
    if (verdict == HALF || verdict == HALF_DIE) {
        half = (struct iovec){piece[0].iov_base, (piece[0].iov_len + 1) / 2};
        piece = &half;
        count = 1;
    }
    result = syscall(SYS_writev, fd, piece, count);
    after(verdict);
    return result;
}

int
ftruncate(int fd, off_t size)
{
    write_note(fd);
    PLAIN(judge_fd(CUTS, "ftruncate", fd, 0, &error), (int)syscall(SYS_ftruncate, fd, size));
}

int
ftruncate64(int fd, off64_t size)
{
    write_note(fd);
    PLAIN(judge_fd(CUTS, "ftruncate", fd, 0, &error), (int)syscall(SYS_ftruncate, fd, size));
}

/* ---- syncing -------------------------------------------------------------------------------- */

/*
 * What could not be synced may be gone though the next sync succeeds: to try that is a bug. One is let pass: SQLite syncs a rollback
 * journal once more before it rolls back by it, when it could not be removed; what comes of that commits nothing.
 */
static void
sync_note(int fd, bool bad)
{
    char path[PATH_MAX];
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    if (fd_path(fd, path) && strlen(path) > 8 && strcmp(path + strlen(path) - 8, "-journal") == 0)
        return;
    pthread_mutex_lock(&turn);
    for (unsigned i = 0; i < unsynced_count; i++)
        if (unsynced[i].device == st.st_dev && unsynced[i].inode == st.st_ino) {
            resynced++;
            bad = false;
            tell();
        }
    if (bad && unsynced_count < sizeof unsynced / sizeof *unsynced) {
        unsynced[unsynced_count].device = st.st_dev;
        unsynced[unsynced_count++].inode = st.st_ino;
    }
    pthread_mutex_unlock(&turn);
}

static int
sync_fd(const char *what, int fd, long call)
{
    int error = 0, result;
    enum verdict verdict = judge_fd(SYNCS, what, fd, 0, &error);

    if (setup.on)
        sync_note(fd, verdict == FAIL);
    if (verdict == FAIL) {
        errno = error;
        return -1;
    }
    result = (int)syscall(call, fd);
    after(verdict);
    return result;
}

int
fsync(int fd)
{
    return sync_fd("fsync", fd, SYS_fsync);
}

int
fdatasync(int fd)
{
    return sync_fd("fdatasync", fd, SYS_fdatasync);
}

int
sync_file_range(int fd, off64_t from, off64_t size, unsigned flags)
{
    PLAIN(judge_fd(SYNCS, "sync_file_range", fd, 0, &error), (int)syscall(SYS_sync_file_range, fd, from, size, flags));
}

/* ---- names ---------------------------------------------------------------------------------- */

int
rename(const char *from, const char *to)
{
    PLAIN(judge_name(NAMES, "rename", AT_FDCWD, to, &error), (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    PLAIN(judge_name(NAMES, "rename", to_fd, to, &error), (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0));
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    PLAIN(judge_name(NAMES, "renameat2", to_fd, to, &error), (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags));
}

int
link(const char *from, const char *to)
{
    PLAIN(judge_name(NAMES, "link", AT_FDCWD, to, &error), (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    PLAIN(judge_name(NAMES, "link", to_fd, to, &error), (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags));
}

int
mkdir(const char *path, mode_t mode)
{
    PLAIN(judge_name(MAKES, "mkdir", AT_FDCWD, path, &error), (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
    PLAIN(judge_name(MAKES, "mkdir", dirfd, path, &error), (int)syscall(SYS_mkdirat, dirfd, path, mode));
}

int
unlink(const char *path)
{
    PLAIN(judge_name(REMOVES, "unlink", AT_FDCWD, path, &error), (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int
unlinkat(int dirfd, const char *path, int flags)
{
    PLAIN(judge_name(REMOVES, "unlink", dirfd, path, &error), (int)syscall(SYS_unlinkat, dirfd, path, flags));
}
