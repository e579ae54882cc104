/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_PLAIN_H
#define JOB_PARITY_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <zlib.h>

#include "daybreak/connector.h"

#define PARITY_RAW_BYTES (256u << 10)
#define PARITY_HEAD_BYTES 512

/* A file's bytes from first to last, a gzip's inflated and proven. A pipe is copied first, since it is read twice. */
struct parity_plain {
    const char *path; /* lent */
    int fd;
    struct stat stat;
    char *raw; /* bytes of the file as they lie there */
    size_t raw_at, raw_size;
    int64_t raw_read;
    bool gzip, inflating, raw_end;
    z_stream z;
    char head[PARITY_HEAD_BYTES]; /* the first bytes, to know what this is; they are given all the same */
    size_t head_at, head_size;
};

/** parity_plain_open(plain, path, fault): a file that is not there is 66. parity_plain_close also after it failed. */
int parity_plain_open(struct parity_plain *plain, const char *path, struct daybreak_fault *fault);
void parity_plain_close(struct parity_plain *plain);
int parity_plain_rewind(struct parity_plain *plain, struct daybreak_fault *fault);
/** parity_plain_read(plain, to, room, got, fault): nothing got: it has ended, whole. */
int parity_plain_read(struct parity_plain *plain, char *to, size_t room, size_t *got, struct daybreak_fault *fault);
/** parity_plain_unchanged(plain, fault): that the file is still what was opened; once all is read. */
int parity_plain_unchanged(struct parity_plain *plain, struct daybreak_fault *fault);
/** parity_plain_temporary(fd, fault): an empty file nobody sees, in $TMPDIR or where the system keeps large ones. */
int parity_plain_temporary(int *fd, struct daybreak_fault *fault);

#endif
