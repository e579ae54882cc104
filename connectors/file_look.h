/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_LOOK_H
#define FILE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "file_watch.h"

/* One file that the path takes. */
struct file_entry {
    char *name;             /* as configured, %-parts and globs filled in */
    struct file_identity identity;
    int64_t time_us;        /* of its name, or DAYBREAK_NO_TIME */
    int64_t visible_at_us;  /* when it was complete; known once it is */
    int64_t same_since_ms;  /* steady clock: when this state of it was seen first */
    size_t pattern;         /* the first that took it */
    bool complete;
    int8_t packed;          /* -1: not known yet */
};

/* What is asked of a look; lent for as long as there are looks. */
struct file_wanted {
    const struct daybreak_host *host;
    struct daybreak_list path;
    int64_t settle_ms, at_s;
    const char *timezone;
    bool growing;           /* a plain file is taken while it is written to */
    const char *apart;      /* a folder whose files are never taken again: where they were moved to; NULL: none */
};

/*
 * Looking at folders: every file that the path takes, in time then name order, and which of them are complete. Owns what it
 * remembers of the look before (so that "unchanged since" can be told), the watch, and what it has named already.
 */
struct file_look {
    const struct file_wanted *wanted;
    struct file_watch watch;
    struct file_entry *entry; /* by name */
    size_t entries, entries_room;
    struct file_entry **ready; /* complete ones, in order; of this look */
    size_t readies;
    uint64_t looks;          /* begun so far */
    uint32_t unsettled;
    int64_t settle_left_ms;  /* until the next of those may be complete */
    struct file_entry *before; /* the look before, while one is made */
    size_t befores;
    uint64_t *said;          /* hashes of what was named in the log */
    size_t said_count;
};

void file_look_open(struct file_look *look, const struct file_wanted *wanted);
void file_look_close(struct file_look *look);
/** file_look_now(look, fault): list anew. RETRY when a folder cannot be read now, HALT when it may not. */
int file_look_now(struct file_look *look, struct daybreak_fault *fault);
/** file_look_path(look, name, to): where it lies; room PATH_MAX; false: too long. */
bool file_look_path(const struct file_look *look, const char *name, char *to);
/** file_look_once(look, what): true the first time this text comes. */
bool file_look_once(struct file_look *look, const char *what);

int64_t file_steady_ms(void);
int64_t file_now_us(void);

#endif
