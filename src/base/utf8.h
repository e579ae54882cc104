/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/**
 * utf8_char(at, size, bad):
 * Bytes of the character at ${at} (${size} > 0), RFC 3629 table 3-7 of Unicode: no overlong form, no
 * surrogate, nothing above U+10FFFF. 0 when there is none; then ${bad} bytes stand for one U+FFFD
 * (the longest beginning of a character that could have been, at least one byte).
 */
static inline size_t
utf8_char(const char *at, size_t size, size_t *bad)
{
    const unsigned char *s = (const unsigned char *)at;
    unsigned low = 0x80, high = 0xbf; /* of the second byte */

    *bad = 1;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xe0) {
        if (s[0] < 0xc2 || size < 2 || (s[1] & 0xc0) != 0x80)
            return 0;
        return 2;
    }
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[0] > 0xf4 || size < 2 || s[1] < low || s[1] > high)
        return 0;
    *bad = 2;
    if (size < 3 || (s[2] & 0xc0) != 0x80)
        return 0;
    if (s[0] < 0xf0)
        return 3;
    *bad = 3;
    return size < 4 || (s[3] & 0xc0) != 0x80 ? 0 : 4;
}

/** utf8_code(at, size): the code point of a character that utf8_char found to be ${size} bytes. */
static inline unsigned
utf8_code(const char *at, size_t size)
{
    const unsigned char *s = (const unsigned char *)at;

    switch (size) {
    case 2:
        return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
    case 3:
        return (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    case 4:
        return (s[0] & 0x07u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
    default:
        return s[0];
    }
}

#endif
