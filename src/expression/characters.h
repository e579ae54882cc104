/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CHARACTERS_H
#define EXPRESSION_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Characters of a text are its code points, as SQLite counts them: a byte together with the bytes 10xxxxxx behind it. So
 * nothing here trusts that a text is UTF-8, and what is cut at characters stays UTF-8 where it was.
 */

static inline bool
characters_goes_on(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/** characters_ascii(at, size): whether no byte is above 0x7f: then characters are bytes. */
static inline bool
characters_ascii(const char *at, size_t size)
{
    uint64_t all = 0, word;
    size_t i = 0;

    for (; i + 8 <= size; i += 8) {
        memcpy(&word, at + i, 8);
        all |= word;
    }
    for (; i < size; i++)
        all |= (unsigned char)at[i];
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

static inline size_t
characters_count(const char *at, size_t size)
{
    size_t count = 0, i = 0;

    for (; i + 8 <= size; i += 8) { /* eight bytes at a time: 10xxxxxx are those with the top bit and without the next one */
        uint64_t word, on;

        memcpy(&word, at + i, 8);
        on = (word & ~(word << 1) & UINT64_C(0x8080808080808080)) >> 7;
        count += 8 - (size_t)(on * UINT64_C(0x0101010101010101) >> 56);
    }
    for (; i < size; i++)
        count += !characters_goes_on(at[i]);
    return size > 0 && characters_goes_on(at[0]) ? count + 1 : count; /* stray bytes in front are one character */
}

/** characters_next(at, end): behind the character at ${at} < ${end}. */
static inline const char *
characters_next(const char *at, const char *end)
{
    at++;
    while (at < end && characters_goes_on(*at))
        at++;
    return at;
}

/** characters_skip(at, end, count): behind ${count} characters, or ${end}. */
static inline const char *
characters_skip(const char *at, const char *end, size_t count)
{
    while (count-- > 0 && at < end)
        at = characters_next(at, end);
    return at;
}

/** characters_put(code, to): a code point as UTF-8 (up to 4 bytes). */
static inline char *
characters_put(unsigned code, char *to)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

#endif
