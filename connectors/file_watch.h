/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_WATCH_H
#define FILE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A state of a file: what tells one state of one file from all others without reading it. */
struct file_identity {
    uint64_t device, inode;
    int64_t size, mtime_ns, ctime_ns;
};

void file_identity_of(const struct stat *stat, struct file_identity *identity);
/** file_identity_same(a, b): same file, same bytes as far as size and mtime tell; a rename or chmod in between is no
 * difference. */
bool file_identity_same(const struct file_identity *a, const struct file_identity *b);

struct file_watch_dir;
struct file_arrival;

/*
 * inotify over the folders that looks list: it wakes a follower, and tells which files were renamed in. It is never trusted for
 * what is there; a look is, so a lost event costs time and nothing else.
 */
struct file_watch {
    int fd;            /* -1: not open, or not to be had: polling alone */
    bool growing;      /* every write wakes */
    bool blind;        /* a folder of this look cannot be watched */
    uint32_t turn;
    struct file_watch_dir *dir; /* by descriptor, rising */
    size_t dirs, dirs_room;
    struct file_arrival *arrival;
    size_t arrivals, arrivals_room;
};

void file_watch_init(struct file_watch *watch, bool growing);
/** file_watch_open(watch): from the next look on there are events. Closing it takes the kernel some 20 ms: a pass
 * that never waits
 * should not open it. */
void file_watch_open(struct file_watch *watch);
void file_watch_close(struct file_watch *watch);
/** file_watch_begin(watch): take the events that came since; a look begins. file_watch_folder(watch, path): before
 * it is listed.
 * file_watch_end(watch): forget folders and arrivals that this look did not name. */
void file_watch_begin(struct file_watch *watch);
void file_watch_folder(struct file_watch *watch, const char *path);
void file_watch_end(struct file_watch *watch);
/** file_watch_arrived(watch, identity, at_us): this state of the file was renamed in, seen at *at_us (Unix µs). */
bool file_watch_arrived(struct file_watch *watch, const struct file_identity *identity, int64_t *at_us);

#endif
