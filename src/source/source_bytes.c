/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first half of the first station: bytes of a part, decoded into UTF-8, in blocks. A character never lies in two of them, and what a
 * format left over stands in front of the next.
 */
#include "source_parts.h"

#include <string.h>

#include "base/arena.h"
#include "connector/instance.h"
#include "record/batch.h"
#include "source/decode.h"

void
source_bytes_begin(struct source *source, const struct config_connector *format)
{
    const struct config_node *node = node_member(format->node, "encoding");

    decode_free(source->decode);
    source->decode = node == NULL || node->text == NULL ? NULL : decode_new(node->text);
    source->decode_asked = false;
}

/* What a BOM says is so, whatever was declared; it is no data. Called with the first bytes of a part in raw. */
static void
decode_by_bom(struct source *source)
{
    static const struct {
        const char *bytes, *encoding;
        size_t size;
    } boms[] = {
        {"\xef\xbb\xbf", "UTF-8", 3},           {"\xff\xfe\0\0", "UTF-32LE", 4}, {"\0\0\xfe\xff", "UTF-32BE", 4},
        {"\xff\xfe", "UTF-16LE", 2}, {"\xfe\xff", "UTF-16BE", 2},
    };
    char encoding[64];

    source->decode_asked = true;
    if (source->decode != NULL && decode_wide(source->decode))
        return; /* it looks for its BOM itself */
    for (size_t i = 0; i < sizeof boms / sizeof *boms; i++)
        if (source->raw_size >= boms[i].size && memcmp(source->raw, boms[i].bytes, boms[i].size) == 0) {
            decode_free(source->decode);
            source->decode = decode_new(boms[i].encoding);
            source->raw_at = boms[i].size;
            source->byte = source->decode == NULL ? boms[i].size : 0;
            return;
        }
    if (source->decode == NULL && decode_declared(source->raw, source->raw_size, encoding))
        source->decode = decode_new(encoding);
}

int
source_bytes_more(struct source *source, char *to, size_t room, size_t *got, enum daybreak_next *next,
                  struct daybreak_fault *fault)
{
    const struct daybreak_connector *extract = source->extract->type;

    *got = 0;
    *next = DAYBREAK_MORE;
    while (*got == 0) {
        if (source->raw_at < source->raw_size) {
            size_t taken = source->raw_size - source->raw_at;

            if (source->decode != NULL) {
                *got = decode_push(source->decode, source->raw + source->raw_at, taken, source->part_done, to, room, &taken);
            } else {
                taken = taken < room ? taken : room;
                memcpy(to, source->raw + source->raw_at, taken);
                *got = taken;
            }
            source->raw_at += taken;
            continue;
        }
        if (source->part_done)
            return 0;
        if (source->decode == NULL && source->decode_asked) { /* straight into the block */
            if (extract->read(source->extract->self, to, room, got, next, fault) != 0)
                return -1;
            proof_bytes(&source->proof, to, *got);
        } else {
            source->raw_at = source->raw_size = 0;
            while (source->raw_size < (source->decode_asked ? 1 : DECODE_LOOK) && *next == DAYBREAK_MORE) {
                size_t more = 0;

                if (extract->read(source->extract->self, source->raw + source->raw_size,
                                  RAW_BYTES - source->raw_size, &more, next, fault) != 0)
                    return -1;
                source->raw_size += more;
            }
            proof_bytes(&source->proof, source->raw, source->raw_size);
            if (!source->decode_asked)
                decode_by_bom(source);
        }
        if (*next == DAYBREAK_INPUT_CUT)
            return 0;
        if (*next == DAYBREAK_PART_END || *next == DAYBREAK_INPUT_END) {
            source->part_done = true;
            proof_end(&source->proof);
            *next = DAYBREAK_MORE;
            if (source->raw_at == source->raw_size && source->decode != NULL && *got == 0) {
                size_t taken;

                *got = decode_push(source->decode, "", 0, true, to, room, &taken);
            }
        }
    }
    return 0;
}

bool
source_bytes_full(const struct source *source, size_t size)
{
    return source->block_bytes - size < (source->decode == NULL ? 1 : DECODE_ROOM);
}

int
source_bytes_fill(struct source *source, struct batch *batch, enum daybreak_next *next, struct daybreak_fault *fault)
{
    char *block = batch_block(batch, source->block_bytes);
    size_t size = source->left_size;

    if (size > 0)
        memcpy(block, source->left, size);
    source->left_size = 0;
    *next = DAYBREAK_MORE;
    while (!source_bytes_full(source, size) && !(source->part_done && source->raw_at == source->raw_size)) {
        size_t got;

        if (source_bytes_more(source, block + size, source->block_bytes - size, &got, next, fault) != 0)
            return -1;
        if (*next == DAYBREAK_INPUT_CUT)
            break;
        if (got == 0)
            break;
        if (source->skip > 0) {
            size_t skipped = got < source->skip ? got : (size_t)source->skip;

            source->skip -= skipped;
            got -= skipped;
            memmove(block + size, block + size + skipped, got);
        }
        size += got;
    }
    batch->rows.block_size = (uint32_t)size;
    batch->rows.block_used = (uint32_t)size;
    batch->rows.byte = source->byte;
    batch->rows.line = source->line;
    return 0;
}

void
source_bytes_keep(struct source *source, struct batch *batch)
{
    struct daybreak_rows *rows = &batch->rows;
    size_t size = rows->block_size - rows->consumed;

    if (source->left_room < size) {
        source->left = memory_grow(source->left, size);
        source->left_room = size;
    }
    if (size > 0)
        memcpy(source->left, rows->block + rows->consumed, size);
    source->left_size = size;
    source->byte += rows->consumed;
    source->line = rows->next_line > source->line ? rows->next_line : source->line;
}

int
source_bytes_skip(struct source *source, struct batch *batch, struct daybreak_fault *fault)
{
    uint64_t to = batch->rows.skip_to, have = source->byte + source->left_size;

    if (to <= have) {
        size_t drop = to > source->byte ? (size_t)(to - source->byte) : 0;

        memmove(source->left, source->left + drop, source->left_size - drop);
        source->left_size -= drop;
    } else {
        source->left_size = 0;
        if ((source->extract->type->abilities & DAYBREAK_RESUMES) && source->decode == NULL &&
            source->tables[source->table].parts == 1 && source->part_name[0] == '\0' && source->start.growing &&
            source->extract->type->seek(source->extract->self, to, fault) == 0) {
            source->part_done = false;
            source->raw_at = source->raw_size = 0;
        } else {
            source->skip = to - have;
        }
    }
    source->byte = to;
    source->line = batch->rows.next_line;
    return 0;
}
