/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_OPEN_H
#define FILE_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "file_watch.h"

/* What a file is by its first bytes. */
enum file_kind {
    FILE_PLAIN = 0,
    FILE_GZIP,
    FILE_FILTERED, /* zstd, xz, bzip2, lz4 */
    FILE_TAR,
    FILE_ZIP,
    FILE_SEVEN_ZIP,
    FILE_FOREIGN,  /* packed in a way that is not read */
};

#define FILE_HEAD 1024 /* bytes that file_kind_of may want to see */

/** file_kind_of(head, size, says): *says is "a zip archive" and the like, "" for plain bytes. */
enum file_kind file_kind_of(const unsigned char *head, size_t size, const char **says);

struct file_hash;

/* One file, opened once: what is hashed is what is read. */
struct file_open {
    int fd;
    char *path;           /* where it lies */
    char *name;           /* as configured */
    struct file_identity identity; /* when it was opened */
    enum file_kind kind;
    const char *says;     /* what its bytes are; "" for a plain file */
    const char *promised; /* what its name says it is and its bytes are not; NULL: no contradiction */
    struct file_hash *hash; /* of its bytes as far as they were read in order */
    bool digested;
    uint8_t digest[16];
};

enum file_opened { FILE_OPENED, FILE_GONE, FILE_OPEN_FAILED };

/**
 * file_open(open, host, path, name, fault): FILE_GONE when there is no such regular file any more (also: a link or a
 * device stands
 * there now). Never follows a link and never waits.
 */
enum file_opened file_open(struct file_open *open, const struct daybreak_host *host, const char *path, const char *name,
                           struct daybreak_fault *fault);
void file_close(struct file_open *open);

/** file_pread(open, host, to, room, offset, got, fault): *got 0 only at the end. RETRY when the disk or its server fails. */
int file_pread(const struct file_open *open, const struct daybreak_host *host, void *to, size_t room, uint64_t offset,
               size_t *got, struct daybreak_fault *fault);
/** file_digest: XXH3-128 of all its bytes, on the descriptor that is read. What was read in order is not read again for it. */
int file_digest(struct file_open *open, const struct daybreak_host *host, struct daybreak_fault *fault);
/** file_changed: its bytes were altered since it was opened. Another file that took its name is no change of this one. */
bool file_changed(struct file_open *open, const struct daybreak_host *host);

/** file_delete, file_move(…, dir): its name goes, if it still leads to this very file; its NAME.done goes with it.
 * ${dir} is made
 * when it is not there; nothing is ever overwritten, a taken name gets .1, .2, … */
int file_delete(const struct file_open *open, const struct daybreak_host *host, struct daybreak_fault *fault);
int file_move(const struct file_open *open, const struct daybreak_host *host, const char *dir, struct daybreak_fault *fault);

#endif
