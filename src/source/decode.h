/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_DECODE_H
#define SOURCE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Bytes of a declared encoding into UTF-8, in a stream. A sequence that the encoding does not know becomes the byte 0xFF, which
 * is never UTF-8: the row that holds it is then found bad with its place, and the rest goes on. A BOM in front is left out.
 */
struct decode;

/** decode_known(encoding): does iconv know it? No suffix (//IGNORE) and no empty name, which would mean that of the locale. */
bool decode_known(const char *encoding);
/** decode_declared(bytes, size, encoding): what an XML document says of itself in its first bytes, `<?xml version="1.0" encoding="ISO-8859-1"?>`; false:
 * it says nothing, or is none. */
bool decode_declared(const char *bytes, size_t size, char encoding[64]);
#define DECODE_LOOK 200 /* as many bytes as that takes */
/** decode_new(encoding): NULL for UTF-8 and ASCII, which need none, and for what iconv does not know. */
struct decode *decode_new(const char *encoding);
void decode_free(struct decode *decode);
/** decode_wide(decode): its characters have two bytes or more, as those of UTF-16. */
bool decode_wide(const struct decode *decode);
#define DECODE_ROOM 8
/** decode_push(decode, from, size, last, to, room): decode as much of ${from} as fits; returns bytes written, ${taken} gets bytes read. With less
 * ${room} than DECODE_ROOM it does nothing. Bytes of a character cut at the end are kept inside until more comes; ${last}: none will. */
size_t decode_push(struct decode *decode, const char *from, size_t size, bool last, char *to, size_t room, size_t *taken);

#endif
