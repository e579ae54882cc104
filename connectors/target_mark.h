/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledger keeps of target files between lives: a few lines of text that only these modules understand. */
#ifndef CONNECTORS_TARGET_MARK_H
#define CONNECTORS_TARGET_MARK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum target_state {
    TARGET_NONE = 0,    /* no file now */
    TARGET_GROWS,       /* one file for ever */
    TARGET_ASIDE,       /* written aside */
    TARGET_ENDS,        /* whole with this commit: to be renamed */
};

struct target_mark_file {
    enum target_state state;
    bool at_end;            /* of an input: nothing of a next one is in it */
    uint64_t device, inode;
    int64_t length;         /* durable bytes */
    uint8_t tail[16];       /* XXH3-128 of the last 4 KiB of them */
    uint64_t shape;         /* of its columns */
    int64_t serial;         /* how many files this run has made for the table, this one included */
    char *table, *run, *path;   /* path as configured, braces filled in */
};

struct target_mark {
    bool intended;          /* a commit that may have happened: the three below are of it */
    int64_t batch, released;
    char *position;
    char *done;             /* suffix of the marker beside a whole file; "" for none */
    struct target_mark_file *file;
    uint32_t files;
};

/** target_mark_write(mark, out): the text of ${mark}; files in TARGET_NONE are left out. ${out} is open_memstream's or alike. */
void target_mark_write(const struct target_mark *mark, FILE *out);
/** target_mark_read(text, mark): false when it is none of ours; ${mark} is to be given back either way. */
bool target_mark_read(const char *text, struct target_mark *mark);
void target_mark_fini(struct target_mark *mark);
void target_mark_file_fini(struct target_mark_file *file);
/** target_mark_clean(text): true when it can stand in a mark (and in a file's name): no control characters. */
bool target_mark_clean(const char *text);

#endif
