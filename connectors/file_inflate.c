/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: gzip, by whichever library is there. libarchive's own reader does not check the CRC, so it is
 * not asked. */
#include "file_inflate.h"

#include "file_memory.h"

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

struct file_inflate {
    struct inflate_state state;
    const char *why;
};

struct file_inflate *
file_inflate_new(void)
{
    struct file_inflate *self = file_need(NULL, sizeof *self);

    isal_inflate_init(&self->state);
    self->state.crc_flag = ISAL_GZIP;
    self->why = "";
    return self;
}

void
file_inflate_free(struct file_inflate *self)
{
    free(self);
}

void
file_inflate_begin(struct file_inflate *self)
{
    isal_inflate_reset(&self->state);
    self->state.crc_flag = ISAL_GZIP;
}

static const char *
why_of(int result)
{
    switch (result) {
    case ISAL_INCORRECT_CHECKSUM: return "its bytes do not match its checksum and length";
    case ISAL_INVALID_WRAPPER: return "its header is damaged";
    case ISAL_UNSUPPORTED_METHOD: return "its method is not deflate";
    default: return "it is damaged";
    }
}

enum file_inflated
file_inflate_run(struct file_inflate *self, const unsigned char *in, size_t in_size, size_t *used, char *out,
                 size_t room, size_t *got)
{
    struct inflate_state *state = &self->state;
    int result;

    state->next_in = (uint8_t *)(uintptr_t)in; /* it only reads there */
    state->avail_in = (uint32_t)in_size;
    state->next_out = (uint8_t *)out;
    state->avail_out = (uint32_t)room;
    result = isal_inflate(state);
    *used = in_size - state->avail_in;
    *got = room - state->avail_out;
    if (result < 0 || result == ISAL_NEED_DICT) {
        self->why = why_of(result);
        return FILE_INFLATE_BAD;
    }
    return state->block_state == ISAL_BLOCK_FINISH ? FILE_INFLATE_END : FILE_INFLATE_MORE;
}

#else

#include <zlib.h>

struct file_inflate {
    z_stream stream;
    const char *why;
};

struct file_inflate *
file_inflate_new(void)
{
    struct file_inflate *self = file_need(NULL, sizeof *self);

    *self = (struct file_inflate){.why = ""};
    if (inflateInit2(&self->stream, 15 + 16) != Z_OK)
        abort(); /* out of memory: nothing else can be wrong here */
    return self;
}

void
file_inflate_free(struct file_inflate *self)
{
    if (self != NULL)
        inflateEnd(&self->stream);
    free(self);
}

void
file_inflate_begin(struct file_inflate *self)
{
    inflateReset(&self->stream);
}

enum file_inflated
file_inflate_run(struct file_inflate *self, const unsigned char *in, size_t in_size, size_t *used, char *out,
                 size_t room, size_t *got)
{
    z_stream *stream = &self->stream;
    int result;

    stream->next_in = (Bytef *)(uintptr_t)in; /* it only reads there */
    stream->avail_in = (uInt)in_size;
    stream->next_out = (Bytef *)out;
    stream->avail_out = (uInt)room;
    result = inflate(stream, Z_NO_FLUSH);
    *used = in_size - stream->avail_in;
    *got = room - stream->avail_out;
    if (result == Z_STREAM_END)
        return FILE_INFLATE_END;
    if (result == Z_OK || result == Z_BUF_ERROR)
        return FILE_INFLATE_MORE;
    if (stream->msg != NULL && (strcmp(stream->msg, "incorrect data check") == 0 ||
                                strcmp(stream->msg, "incorrect length check") == 0))
        self->why = "its bytes do not match its checksum and length";
    else if (stream->msg != NULL && strcmp(stream->msg, "unknown compression method") == 0)
        self->why = "its method is not deflate";
    else if (stream->msg != NULL && strncmp(stream->msg, "incorrect header", 16) == 0)
        self->why = "its header is damaged";
    else
        self->why = "it is damaged";
    return FILE_INFLATE_BAD;
}

#endif

const char *
file_inflate_why(const struct file_inflate *self)
{
    return self->why;
}
