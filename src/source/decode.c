/* SPDX-License-Identifier: Apache-2.0 */
/* Between extract and format: iconv over a stream. */
#include "source/decode.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

struct decode {
    iconv_t iconv;
    size_t unit;   /* bytes that belong together: 2 of UTF-16, so that one bad character does not shift all that follow */
    bool begun;    /* the place of a BOM is passed */
    char held[16]; /* the beginning of a character whose rest has not come yet */
    size_t held_size;
};

static bool
is_utf8(const char *encoding)
{
    return strcasecmp(encoding, "utf-8") == 0 || strcasecmp(encoding, "utf8") == 0 ||
           strcasecmp(encoding, "ascii") == 0 || strcasecmp(encoding, "us-ascii") == 0;
}

bool
decode_known(const char *encoding)
{
    iconv_t handle;

    if (encoding[0] == '\0' || strchr(encoding, '/') != NULL) /* which would mean: that of the locale, or: leave out what cannot be */
        return false;
    handle = iconv_open("UTF-8", encoding);
    if (handle == (iconv_t)-1)
        return false;
    iconv_close(handle);
    return true;
}

/* How many bytes one more letter takes; what stands in front of the first one does not count. */
static size_t
unit_of(const char *encoding)
{
    iconv_t handle = iconv_open(encoding, "UTF-8");
    size_t used[2] = {0};

    if (handle == (iconv_t)-1)
        return 1;
    for (size_t i = 0; i < 2; i++) {
        char letters[] = "AA", to[32], *in = letters, *out = to;
        size_t left = i + 1, room = sizeof to;

        iconv(handle, NULL, NULL, NULL, NULL);
        if (iconv(handle, &in, &left, &out, &room) != (size_t)-1)
            used[i] = sizeof to - room;
    }
    iconv_close(handle);
    return used[1] > used[0] ? used[1] - used[0] : 1;
}

bool
decode_declared(const char *bytes, size_t size, char encoding[64])
{
    const char *end = size < 5 || memcmp(bytes, "<?xml", 5) != 0 ? NULL : memmem(bytes, size < DECODE_LOOK ? size : DECODE_LOOK, "?>", 2);
    const char *at = end == NULL ? NULL : memmem(bytes, (size_t)(end - bytes), "encoding", 8);
    size_t length = 0;
    char quote;

    if (at == NULL)
        return false;
    for (at += 8; at < end && (*at == ' ' || *at == '=' || *at == '\t' || *at == '\n' || *at == '\r');)
        at++;
    quote = *at;
    if (at >= end || (quote != '"' && quote != '\''))
        return false;
    for (at++; at < end && *at != quote && length < 63; at++)
        encoding[length++] = *at;
    encoding[length] = '\0';
    return at < end && *at == quote && length > 0 && decode_known(encoding);
}

struct decode *
decode_new(const char *encoding)
{
    struct decode *decode;
    iconv_t handle;

    if (is_utf8(encoding) || !decode_known(encoding))
        return NULL;
    handle = iconv_open("UTF-8", encoding);
    if (handle == (iconv_t)-1)
        return NULL;
    decode = memory_zero(sizeof *decode);
    decode->iconv = handle;
    decode->unit = unit_of(encoding);
    return decode;
}

bool
decode_wide(const struct decode *decode)
{
    return decode->unit > 1;
}

void
decode_free(struct decode *decode)
{
    if (decode == NULL)
        return;
    iconv_close(decode->iconv);
    free(decode);
}

/* One run of iconv; what it cannot decode becomes 0xFF a unit. Stops at a cut character or a full ${to}. */
static void
run(struct decode *decode, char **from, size_t *left, char **to, size_t *room, bool last)
{
    while (*left > 0 && *room >= DECODE_ROOM) {
        size_t unit;

        errno = 0;
        if (iconv(decode->iconv, from, left, to, room) != (size_t)-1)
            return;
        if (errno == E2BIG)
            return;
        if (errno == EINVAL && !last)
            return;
        unit = *left < decode->unit ? *left : decode->unit;
        **to = (char)0xff;
        ++*to;
        --*room;
        *from += unit;
        *left -= unit;
    }
}

size_t
decode_push(struct decode *decode, const char *from, size_t size, bool last, char *to, size_t room,
            size_t *taken)
{
    char *in = (char *)from, *out = to;
    size_t left = size;

    while (decode->held_size > 0 && room >= DECODE_ROOM && (left > 0 || last)) {
        char *held = decode->held;
        size_t held_left;

        if (left > 0 && decode->held_size < sizeof decode->held) {
            decode->held[decode->held_size++] = *in++;
            left--;
        }
        held_left = decode->held_size;
        run(decode, &held, &held_left, &out, &room, last && left == 0);
        if (held_left == decode->held_size && decode->held_size == sizeof decode->held) {
            *out++ = (char)0xff; /* no character is this long */
            room--;
            held_left = 0;
        }
        memmove(decode->held, held, held_left);
        decode->held_size = held_left;
    }
    if (decode->held_size == 0) {
        run(decode, &in, &left, &out, &room, last);
        if (left > 0 && left < sizeof decode->held && room >= DECODE_ROOM && !last) {
            memcpy(decode->held, in, left);
            decode->held_size = left;
            left = 0;
        }
    }
    *taken = size - left;
    if (!decode->begun && out > to) { /* characters come whole, so a BOM does */
        decode->begun = true;
        if (out - to >= 3 && memcmp(to, "\xef\xbb\xbf", 3) == 0) {
            memmove(to, to + 3, (size_t)(out - to) - 3);
            out -= 3;
        }
    }
    return (size_t)(out - to);
}
