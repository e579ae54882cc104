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
    iconv_t handle = iconv_open("UTF-8", encoding);

    if (handle == (iconv_t)-1)
        return false;
    iconv_close(handle);
    return true;
}

struct decode *
decode_new(const char *encoding)
{
    struct decode *decode;
    iconv_t handle;

    if (is_utf8(encoding))
        return NULL;
    handle = iconv_open("UTF-8", encoding);
    if (handle == (iconv_t)-1)
        return NULL;
    decode = memory_zero(sizeof *decode);
    decode->iconv = handle;
    return decode;
}

void
decode_free(struct decode *decode)
{
    if (decode == NULL)
        return;
    iconv_close(decode->iconv);
    free(decode);
}

/* One run of iconv; what it cannot decode becomes 0xFF a byte. Stops at a cut character or a full ${to}. */
static void
run(struct decode *decode, char **from, size_t *left, char **to, size_t *room, bool last)
{
    while (*left > 0 && *room >= 8) {
        errno = 0;
        if (iconv(decode->iconv, from, left, to, room) != (size_t)-1)
            return;
        if (errno == E2BIG)
            return;
        if (errno == EINVAL && !last)
            return;
        **to = (char)0xff;
        ++*to;
        --*room;
        ++*from;
        --*left;
        iconv(decode->iconv, NULL, NULL, NULL, NULL);
    }
}

size_t
decode_push(struct decode *decode, const char *from, size_t size, bool last, char *to, size_t room,
            size_t *taken)
{
    char *in = (char *)from, *out = to;
    size_t left = size;

    while (decode->held_size > 0 && room >= 8 && (left > 0 || last)) {
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
        if (left > 0 && left < sizeof decode->held && room >= 8 && !last) {
            memcpy(decode->held, in, left);
            decode->held_size = left;
            left = 0;
        }
    }
    *taken = size - left;
    return (size_t)(out - to);
}
