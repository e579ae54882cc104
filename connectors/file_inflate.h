/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_INFLATE_H
#define FILE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * One gzip member after another (RFC 1952), CRC and length proven. ISA-L where it is built in (HAVE_ISAL), about three times as
 * fast as zlib, which does it otherwise.
 */
struct file_inflate;

enum file_inflated {
    FILE_INFLATE_MORE,  /* give it more input or room */
    FILE_INFLATE_END,   /* this member is complete and proven */
    FILE_INFLATE_BAD,   /* see file_inflate_why */
};

struct file_inflate *file_inflate_new(void);
void file_inflate_free(struct file_inflate *self);
/** file_inflate_begin(self): a member begins with the next byte given. */
void file_inflate_begin(struct file_inflate *self);
/** file_inflate_run(self, in, in_size, used, out, room, got): sizes below 4 GiB. */
enum file_inflated file_inflate_run(struct file_inflate *self, const unsigned char *in, size_t in_size, size_t *used,
                                    char *out, size_t room, size_t *got);
const char *file_inflate_why(const struct file_inflate *self);

#endif
