/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_BYTES_H
#define JOB_PARITY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * The text of one side's file: unpacked and decoded to UTF-8, one content (the file, or a member) after the other.
 * What is packed is proven to its end: a gzip by its CRC and length, a tar by its end marker, a zip by its
 * directory. Anything wrong is a fault of status 65. One thread.
 */
struct parity_bytes;

/** parity_bytes_open(path, member, encoding, out, fault): a file that is not there is 66. ${path} and the rest are
 * lent until close. */
int parity_bytes_open(const char *path, const char *member, const char *encoding, struct parity_bytes **out,
                      struct daybreak_fault *fault);
void parity_bytes_close(struct parity_bytes *bytes);
/** parity_bytes_rewind(bytes, fault): from the start again. */
int parity_bytes_rewind(struct parity_bytes *bytes, struct daybreak_fault *fault);
/** parity_bytes_next(bytes, more, fault): open the next content. No member that fits is a fault of status 66. */
int parity_bytes_next(struct parity_bytes *bytes, bool *more, struct daybreak_fault *fault);
/** parity_bytes_read(bytes, to, room, got, fault): ${room} at least 4096; nothing got: the content has ended. */
int parity_bytes_read(struct parity_bytes *bytes, char *to, size_t room, size_t *got, struct daybreak_fault *fault);
/** parity_bytes_unchanged(bytes, fault): that the file is still what was opened; once all is read. */
int parity_bytes_unchanged(struct parity_bytes *bytes, struct daybreak_fault *fault);
/** parity_bytes_name(bytes): for messages: the path, with the member behind ':'. */
const char *parity_bytes_name(const struct parity_bytes *bytes);
/** parity_bytes_estimate(bytes): about how many bytes of text there are. */
int64_t parity_bytes_estimate(const struct parity_bytes *bytes);

#endif
