/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as targets (DESIGN 5): lines land in files that only grow by whole commits, as far as a crash can tell.
 *
 * Two kinds. A path without {run} or {date} is one file that grows for ever ({table}: one a table); its end is known by device,
 * inode, length and a hash of the last 4 KiB. A path with {run} or {date} gives a new file each time; it is written aside, in the
 * same folder, and renamed when whole.
 *
 * The commit is told by the ledger, which has the only memory here. intend writes and syncs everything and gives a mark; once the
 * ledger holds that mark the commit has happened, whatever comes after; what is then left to do (rename, marker) is done by
 * commit or by the next claim. Before that it has not happened, and what lies behind the last mark is cut. A growing file is cut
 * only while a note beside it says that a life of ours was writing there; anything else behind the mark, or another file, is a
 * HALT.
 */
#ifndef CONNECTORS_TARGET_FILE_H
#define CONNECTORS_TARGET_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#include "target_mark.h"

/* What every line of a file has in common, and what a file begins with. */
struct target_head {
    const char *at;     /* first line of an empty file; size 0: none */
    size_t size;
    uint64_t shape;     /* of the columns; another one cannot go on in the same file. 0: lines describe themselves */
};

struct target_file {
    struct target_mark_file mark;   /* what it is called, and where it stood at the last commit */
    char *head;
    size_t head_size;
    char *bound;                    /* the table that was bound first */
    int fd;                         /* -1: not open */
    char *full, *beside;            /* final path; beside it the aside of a whole file, the note of a growing one */
    int note_fd;                    /* -1: not made in this life */
    int64_t length;                 /* written so far; mark.length is what was committed */
    int64_t pushed;                 /* up to here the kernel was told to begin writing to disk */
    struct target_mark_file next;   /* as intended; texts are mark's */
    bool fresh;                     /* made since the last commit: its folder is to be synced */
    char *buffer;
    size_t used, room;
    bool handed;                    /* bytes went to the pump since the last commit: length may be behind */
};

struct target_set {
    const struct daybreak_host *host;
    const char *pattern;
    char *tail;                     /* what a whole file ends with: set behind target_open, taken over; NULL: nothing */
    char *done;                     /* suffix of the marker beside a whole file; "" for none */
    bool whole, per_table, read_only;
    bool rehearses;                 /* read_only; yet a writer's first look at each file is taken, without a trace */
    bool broken;                    /* an fsync failed, or a commit's fate is not known here: only the next claim can tell */
    bool intended;
    char owner[17];                 /* hash of pipeline id and handoff: whose asides and notes these are */
    char *position;
    int64_t epoch, batch;
    struct target_file **file;
    uint32_t files;
    char *mark;                     /* as last given */
    struct target_pump *pump;       /* NULL until a buffer was full */
};

/** target_open(set, host, pattern, fault): checks the pattern; touches nothing. target_close: what was not committed is cut or
 * removed. */
int target_open(struct target_set *set, const struct daybreak_host *host, const char *pattern, struct daybreak_fault *fault);
void target_close(struct target_set *set);
/** target_claim(set, claim, now, fault): decides what the last life did, ends what it left open, cuts what it tore. */
int target_claim(struct target_set *set, const struct daybreak_claim *claim, struct daybreak_checkpoint *now,
                 struct daybreak_fault *fault);
/** target_check_envelope(host, target, messages, fault): that files can serve it: daybreak or none; with ${messages} also the forms that
 * others gave to a message. */
int target_check_envelope(const struct daybreak_host *host, const struct daybreak_target *target, bool messages,
                          struct daybreak_fault *fault);
/** target_bind(set, target, head, file, fault): the file of a table; a growing one is opened, made, or refused because of what is
 * in it. ${head} is copied. Also checks the keys of `sink` that files cannot serve. */
int target_bind(struct target_set *set, const struct daybreak_target *target, const struct target_head *head,
                struct target_file **file, struct daybreak_fault *fault);
/** target_begin(set, file, story, fault): before the lines of a batch: makes the aside, writes the head. */
int target_begin(struct target_set *set, struct target_file *file, const struct daybreak_story *story,
                 struct daybreak_fault *fault);
/** target_flush(set, file, bytes, fault): gives a full buffer away to be written and makes room for at least ${bytes}. */
int target_flush(struct target_set *set, struct target_file *file, size_t bytes, struct daybreak_fault *fault);

/** target_room(set, file, bytes, to, fault): where ${bytes} may be written; the caller adds what it wrote to file->used. */
static inline int
target_room(struct target_set *set, struct target_file *file, size_t bytes, char **to, struct daybreak_fault *fault)
{
    if (file->room - file->used < bytes && target_flush(set, file, bytes, fault) != 0)
        return -1;
    *to = file->buffer + file->used;
    return 0;
}

int target_intend(struct target_set *set, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault);
int target_commit(struct target_set *set, const struct daybreak_commit *commit, struct daybreak_fault *fault);
void target_rollback(struct target_set *set);
const char *target_state_mark(struct target_set *set);

#endif
