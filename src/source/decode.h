/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_DECODE_H
#define SOURCE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Bytes of a declared encoding into UTF-8, in a stream. A sequence that the encoding does not know becomes the byte 0xFF, which
 * is never UTF-8: the row that holds it is then found bad with its place, and the rest goes on.
 */
struct decode;

/** decode_known(encoding): does iconv know it? */
bool decode_known(const char *encoding);
/** decode_new(encoding): NULL for UTF-8 and ASCII, which need none, and for what iconv does not know. */
struct decode *decode_new(const char *encoding);
void decode_free(struct decode *decode);
/** decode_push(decode, from, size, last, to, room): decode as much of ${from} as fits; returns bytes written, ${taken} gets bytes read. Bytes of a
 * character cut at the end are kept inside until more comes. */
size_t decode_push(struct decode *decode, const char *from, size_t size, bool last, char *to, size_t room, size_t *taken);

#endif
