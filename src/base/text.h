/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that grows. Zeroed is empty; text_fini gives the memory back. at is NUL-ended when size > 0 or after text_end. */
struct text {
    char *at;
    size_t size, room;
};

void text_fini(struct text *text);
void text_clear(struct text *text); /* keeps its room */
char *text_room(struct text *text, size_t more); /* where `more` bytes may be written; then size += */
void text_add(struct text *text, const char *bytes, size_t size);
void text_put(struct text *text, const char *string);
void text_char(struct text *text, char c);
void text_int(struct text *text, int64_t value);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_end(struct text *text); /* NUL-ended; "" when empty */

/** text_number(value, to): decimal digits of ${value} into ${to} (room 24), no NUL; returns the length. */
size_t text_number(int64_t value, char *to);
/** text_hex(bytes, size, to): lower case, 2 * size characters, no NUL. */
void text_hex(const void *bytes, size_t size, char *to);
/** text_unhex(hex, size, bytes): ${size} bytes from 2 * size characters; false when a character is none. */
bool text_unhex(const char *hex, size_t size, void *bytes);
/** text_utf8(bytes, size): true when it is all valid UTF-8 (RFC 3629) and holds no NUL; ASCII runs at memory speed. */
bool text_utf8(const char *bytes, size_t size);
/** text_utf8_count(bytes, size): how many characters. */
size_t text_utf8_count(const char *bytes, size_t size);
/** text_width(string): how many columns a person sees. */
size_t text_width(const char *string);
/** text_utf8_cut(bytes, size, limit): the largest length at most ${limit} that does not cut a character. */
size_t text_utf8_cut(const char *bytes, size_t size, size_t limit);
/** text_printable(bytes, size, limit, out): for messages: control, C1 and bidi escaped as \xNN, cut at ${limit} with … */
void text_printable(const char *bytes, size_t size, size_t limit, struct text *out);
/** text_glob(pattern, name, slash): * ? [a-z]; with ${slash} a * also matches '/'. */
bool text_glob(const char *pattern, const char *name, bool slash);
/** text_nearest(word, choices, count): the choice a person most likely meant (Damerau-Levenshtein, at most a third of its
 * length off), or NULL. */
const char *text_nearest(const char *word, const char *const *choices, size_t count);

#endif
