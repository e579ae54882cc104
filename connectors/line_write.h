/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a line of text, written at memory speed. Every function writes at `to` and gives the end of what it wrote; the caller
 * has made sure of the room, and of LINE_SLACK bytes more, because copies are rounded up. Sources are never read beyond their
 * end.
 */
#ifndef CONNECTORS_LINE_WRITE_H
#define CONNECTORS_LINE_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <daybreak/connector.h>

#define LINE_SLACK 32
#define LINE_INSTANT 27 /* 2025-02-21T03:53:00.000000Z */
#define LINE_BASE64(size) (((size_t)(size) + 2) / 3 * 4)

/* A day's date is written once: the instants of a batch mostly share it. */
struct line_day {
    int64_t day;
    bool known;
    char text[11]; /* 2025-02-21T */
};

/* Small copies dominate: two overlapping words instead of a call. */
static inline char *
line_bytes(char *to, const char *from, size_t size)
{
    if (size >= 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size > 0) {
        char middle = from[size / 2], last = from[size - 1];

        to[0] = from[0];
        to[size / 2] = middle;
        to[size - 1] = last;
    }
    return to + size;
}

/* A constant piece, padded to a multiple of 16 bytes when it was made. */
static inline char *
line_padded(char *to, const char *from, size_t size)
{
    for (size_t done = 0; done < size; done += 16)
        memcpy(to + done, from + done, 16);
    return to + size;
}

#define LINE_TEXT(to, literal) (memcpy(to, literal, sizeof(literal) - 1), (to) + sizeof(literal) - 1)

static inline char *
line_hex(char *to, const uint8_t *bytes, size_t size)
{
    while (size >= 4) { /* eight digits at once: nibbles spread over a word, those above nine moved on to the letters */
        uint64_t word = (uint64_t)bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 | (uint64_t)bytes[3] << 48;
        uint64_t nibble = (word >> 4 & UINT64_C(0x000f000f000f000f)) | (word & UINT64_C(0x000f000f000f000f)) << 8;
        uint64_t letter = (nibble + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);

        nibble += UINT64_C(0x3030303030303030) + letter * ('a' - '0' - 10);
        memcpy(to, &nibble, sizeof nibble); /* little endian, as configure demands */
        to += sizeof nibble;
        bytes += 4;
        size -= 4;
    }
    for (size_t i = 0; i < size; i++) {
        *to++ = "0123456789abcdef"[bytes[i] >> 4];
        *to++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return to;
}

static inline char *
line_two(char *to, unsigned value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
    return to + 2;
}

static inline char *
line_int(char *to, int64_t value)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *to++ = '-';
    memcpy(to, digits + at, sizeof digits - at);
    return to + sizeof digits - at;
}

/** line_base64(to, bytes, size): RFC 4648 section 4, with padding. */
char *line_base64(char *to, const char *bytes, size_t size);
/** line_instant(to, day, us): RFC 3339, UTC, microseconds; writes nothing for DAYBREAK_NO_TIME or a year outside 0001 to 9999. */
char *line_instant(char *to, struct line_day *day, int64_t us);

#endif
