/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: what happened in the watched folders since the last look. */
#include "file_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "file_memory.h"

#define EVENTS_BYTES 65536
#define EVENTS_READS 256 /* of one look; a busy folder may not hold it up for ever */

struct file_watch_dir {
    int wd;
    uint32_t turn; /* of the look that named it last */
    char *path;
};

struct file_arrival {
    struct file_identity identity;
    int64_t at_us;
    bool met;      /* a look found it */
};

void
file_identity_of(const struct stat *stat, struct file_identity *identity)
{
    *identity = (struct file_identity){
        .device = stat->st_dev, .inode = stat->st_ino, .size = stat->st_size,
        .mtime_ns = (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec,
        .ctime_ns = (int64_t)stat->st_ctim.tv_sec * 1000000000 + stat->st_ctim.tv_nsec};
}

bool
file_identity_same(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns;
}

void
file_watch_init(struct file_watch *watch, bool growing)
{
    *watch = (struct file_watch){.fd = -1, .growing = growing};
}

void
file_watch_open(struct file_watch *watch)
{
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static void
dir_drop(struct file_watch *watch, size_t i)
{
    free(watch->dir[i].path);
    memmove(watch->dir + i, watch->dir + i + 1, (watch->dirs - i - 1) * sizeof *watch->dir);
    watch->dirs--;
}

void
file_watch_close(struct file_watch *watch)
{
    while (watch->dirs > 0)
        dir_drop(watch, watch->dirs - 1);
    free(watch->dir);
    free(watch->arrival);
    if (watch->fd >= 0)
        close(watch->fd);
}

/* The place of a descriptor, or where it belongs. */
static size_t
dir_place(const struct file_watch *watch, int wd)
{
    size_t low = 0, high = watch->dirs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (watch->dir[middle].wd < wd)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
arrival_add(struct file_watch *watch, const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat now;
    struct timespec clock;

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path || lstat(path, &now) != 0 ||
        !S_ISREG(now.st_mode))
        return;
    if (watch->arrivals == watch->arrivals_room) {
        watch->arrivals_room = watch->arrivals_room == 0 ? 64 : watch->arrivals_room * 2;
        watch->arrival = file_need(watch->arrival, watch->arrivals_room * sizeof *watch->arrival);
    }
    clock_gettime(CLOCK_REALTIME, &clock);
    watch->arrival[watch->arrivals] =
        (struct file_arrival){.at_us = (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000};
    file_identity_of(&now, &watch->arrival[watch->arrivals++].identity);
}

static int
arrival_compare(const void *a, const void *b)
{
    const struct file_identity *one = &((const struct file_arrival *)a)->identity;
    const struct file_identity *two = &((const struct file_arrival *)b)->identity;

    if (one->inode != two->inode)
        return one->inode < two->inode ? -1 : 1;
    return one->device < two->device ? -1 : one->device > two->device;
}

static void
event_take(struct file_watch *watch, const struct inotify_event *event)
{
    size_t i = dir_place(watch, event->wd);

    if (i == watch->dirs || watch->dir[i].wd != event->wd)
        return;
    if (event->mask & IN_IGNORED) {
        dir_drop(watch, i);
    } else if (event->mask & IN_MOVE_SELF) { /* its path is another's now; the look names it anew */
        inotify_rm_watch(watch->fd, event->wd);
        dir_drop(watch, i);
    } else if ((event->mask & IN_MOVED_TO) && event->len > 0) {
        arrival_add(watch, watch->dir[i].path, event->name);
    }
}

void
file_watch_begin(struct file_watch *watch)
{
    _Alignas(struct inotify_event) char buffer[EVENTS_BYTES];

    watch->turn++;
    watch->blind = watch->fd < 0;
    for (int reads = 0; watch->fd >= 0 && reads < EVENTS_READS; reads++) {
        ssize_t got = read(watch->fd, buffer, sizeof buffer);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)(buffer + at);

            event_take(watch, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    if (watch->arrivals > 1)
        qsort(watch->arrival, watch->arrivals, sizeof *watch->arrival, arrival_compare);
    for (size_t i = 0; i < watch->arrivals; i++)
        watch->arrival[i].met = false;
}

void
file_watch_folder(struct file_watch *watch, const char *path)
{
    /* IN_CREATE: a new folder below a glob part, or a file linked into place */
    uint32_t mask = IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_MOVE_SELF | IN_ONLYDIR;
    size_t i;
    int wd;

    if (watch->fd < 0)
        return;
    wd = inotify_add_watch(watch->fd, path, watch->growing ? mask | IN_MODIFY : mask);
    if (wd < 0) {
        watch->blind |= errno != ENOENT && errno != ENOTDIR;
        return;
    }
    i = dir_place(watch, wd);
    if (i == watch->dirs || watch->dir[i].wd != wd) {
        if (watch->dirs == watch->dirs_room) {
            watch->dirs_room = watch->dirs_room == 0 ? 8 : watch->dirs_room * 2;
            watch->dir = file_need(watch->dir, watch->dirs_room * sizeof *watch->dir);
        }
        memmove(watch->dir + i + 1, watch->dir + i, (watch->dirs - i) * sizeof *watch->dir);
        watch->dir[i] = (struct file_watch_dir){.wd = wd, .path = file_text(path)};
        watch->dirs++;
    } else if (strcmp(watch->dir[i].path, path) != 0) {
        free(watch->dir[i].path);
        watch->dir[i].path = file_text(path);
    }
    watch->dir[i].turn = watch->turn;
}

void
file_watch_end(struct file_watch *watch)
{
    size_t kept = 0;

    for (size_t i = watch->dirs; i > 0; i--)
        if (watch->dir[i - 1].turn != watch->turn) {
            inotify_rm_watch(watch->fd, watch->dir[i - 1].wd);
            dir_drop(watch, i - 1);
        }
    for (size_t i = 0; i < watch->arrivals; i++)
        if (watch->arrival[i].met)
            watch->arrival[kept++] = watch->arrival[i];
    watch->arrivals = kept;
}

bool
file_watch_arrived(struct file_watch *watch, const struct file_identity *identity, int64_t *at_us)
{
    struct file_arrival wanted = {.identity = *identity}, *found;

    if (watch->arrivals == 0)
        return false;
    found = bsearch(&wanted, watch->arrival, watch->arrivals, sizeof wanted, arrival_compare);
    if (found == NULL)
        return false;
    while (found > watch->arrival && arrival_compare(found - 1, &wanted) == 0)
        found--;
    for (; found < watch->arrival + watch->arrivals && arrival_compare(found, &wanted) == 0; found++)
        if (file_identity_same(&found->identity, identity)) {
            found->met = true;
            *at_us = found->at_us;
            return true;
        }
    return false;
}

