/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part in which records of several tables stand, such as an XML document: read once, and given to the format of each table piece by piece,
 * so that no more of it is held than the longest record of any of them. Each has its own marks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "connector/instance.h"
#include "record/batch.h"
#include "source/decode.h"
#include "source/format.h"
#include "source_parts.h"

void
source_shared_end(struct source *source)
{
    for (uint32_t i = 0; i < source->streams; i++)
        free(source->stream[i].part);
    source->streams = source->stream_at = 0;
}

static bool
takes_from(const struct config_table *table, const char *member)
{
    return table->record != NULL && (table->member == NULL || text_glob(table->member, member, true));
}

static void
stream_add(struct source *source, const char *part)
{
    const struct config_table *table = source->tables[source->table].config;
    struct text name = {0};

    if (source->streams == source->stream_room) {
        source->stream_room = source->stream_room == 0 ? 8 : source->stream_room * 2;
        source->stream = memory_grow(source->stream, source->stream_room * sizeof *source->stream);
    }
    text_printf(&name, "%s%s%s", part, part[0] == '\0' ? "" : "#", table->name);
    source->stream[source->streams++] = (struct stream){.table = source->table, .format = source->format, .style = source->style,
                                                        .part = memory_text(text_end(&name)), .line = 1};
    text_fini(&name);
}

int
source_shared_begin(struct source *source, const struct daybreak_part *part, struct daybreak_fault *fault)
{
    const struct config_source *config = &source->config->source;
    const char *member = part->name;
    uint32_t first = source->table;
    struct instance *format = source->format;
    struct value_style style = source->style;

    source_shared_end(source);
    while (strncmp(member, "./", 2) == 0)
        member += 2;
    if (!config->tables_named || !takes_from(&config->tables[first], member))
        return 0;
    stream_add(source, part->name);
    for (uint32_t t = first + 1; t < config->table_count; t++) {
        struct table_state *table = &source->tables[t];
        const char *name = part->name[0] != '\0' ? part->name : source->input_name;
        int chosen;

        if (!takes_from(&config->tables[t], member))
            continue;
        chosen = format_choose(table->config, name);
        if (chosen < 0)
            return fault_set(fault, DAYBREAK_HALT, "no format of table '%s' matches '%s'", table->config->name, name);
        if (table->formats[chosen] == NULL &&
            format_open(source->config, table->config, &table->config->formats[chosen], name, source->stop, &table->formats[chosen], fault) != 0)
            return -1;
        source->table = t;
        source->format = table->formats[chosen];
        source->style = format_style(&table->config->formats[chosen]);
        table->names_all = (source->format->type->abilities & DAYBREAK_NAMES_ALL) != 0;
        table->parts++;
        if (source->format->type->begin(source->format->self, part, NULL, fault) != 0)
            return -1;
        stream_add(source, part->name);
    }
    if (source->streams == 1)
        source_shared_end(source);
    source->table = first;
    source->format = format;
    source->style = style;
    return 0;
}

/* What no format needs any more goes, and the next piece comes behind what is left. */
static int
window_move(struct source *source, enum daybreak_next *next, struct daybreak_fault *fault)
{
    uint64_t from = UINT64_MAX, piece = 0;

    for (uint32_t i = 0; i < source->streams; i++)
        if (!source->stream[i].ended && source->stream[i].byte < from)
            from = source->stream[i].byte;
    if (from > source->byte + source->left_size)
        from = source->byte + source->left_size;
    source->left_size -= (size_t)(from - source->byte);
    if (source->left_size > 0)
        memmove(source->left, source->left + (from - source->byte), source->left_size);
    source->byte = from;
    if (source->left_room < source->left_size + BLOCK_BYTES) {
        source->left_room = source->left_size * 2 + BLOCK_BYTES;
        source->left = memory_grow(source->left, source->left_room);
    }
    *next = DAYBREAK_MORE;
    while (BLOCK_BYTES - piece > DECODE_ROOM && !(source->part_done && source->raw_at == source->raw_size)) {
        uint64_t before = source->byte;
        size_t got;

        if (source_bytes_more(source, source->left + source->left_size, (size_t)(BLOCK_BYTES - piece), &got, next, fault) != 0)
            return -1;
        if (source->byte != before) /* a BOM, which is no data */
            for (uint32_t i = 0; i < source->streams; i++)
                source->stream[i].byte = source->byte;
        if (*next == DAYBREAK_INPUT_CUT || got == 0)
            break;
        piece += got;
        source->left_size += got;
    }
    for (uint32_t i = 0; i < source->streams; i++)
        source->stream[i].dry = source->stream[i].ended;
    source->stream_at = 0;
    return 0;
}

/* The next stream that may take something of what is there; NULL: none. */
static struct stream *
stream_next(struct source *source)
{
    while (source->stream_at < source->streams && source->stream[source->stream_at].dry)
        source->stream_at++;
    return source->stream_at < source->streams ? &source->stream[source->stream_at] : NULL;
}

static bool
all_ended(const struct source *source)
{
    for (uint32_t i = 0; i < source->streams; i++)
        if (!source->stream[i].ended)
            return false;
    return true;
}

static int
stream_feed(struct source *source, struct stream *stream, struct batch *batch, enum daybreak_next *fed, struct daybreak_fault *fault)
{
    struct daybreak_rows *rows = &batch->rows;
    size_t skipped = (size_t)(stream->byte - source->byte), size = source->left_size - skipped;
    bool last = source->part_done && source->raw_at == source->raw_size;
    char *block = batch_block(batch, size < BLOCK_BYTES ? BLOCK_BYTES : (uint32_t)size);

    if (size > 0)
        memcpy(block, source->left + skipped, size);
    rows->block_size = rows->block_used = (uint32_t)size;
    rows->byte = stream->byte;
    rows->line = stream->line;
    rows->last = last;
    rows->overlong = !last && (int64_t)size + BLOCK_BYTES > source->config->max_record;
    rows->consumed = rows->rows = 0;
    rows->next_line = rows->line;
    if (stream->format->type->feed(stream->format->self, rows, fed, fault) != 0)
        return -1;
    if (rows->consumed > rows->block_size)
        return fault_set(fault, DAYBREAK_HALT, "format '%s' took %u bytes of a block of %u", stream->format->type->name, rows->consumed,
                         rows->block_size);
    stream->byte += rows->consumed;
    stream->line = rows->next_line;
    stream->ended = *fed == DAYBREAK_PART_END;
    stream->dry = stream->ended || rows->rows == 0;
    if (last && stream->dry && !stream->ended && *fed != DAYBREAK_INPUT_CUT && rows->consumed == 0) {
        fault_set(fault, DAYBREAK_ASIDE, "format '%s' left %zu bytes at the end", stream->format->type->name, size);
        *fed = DAYBREAK_INPUT_CUT;
    }
    if (last && !stream->ended)
        stream->dry = false; /* it is asked until it says that this was all */
    return 0;
}

int
source_shared_read(struct source *source, struct batch *batch, struct daybreak_fault *fault)
{
    for (;;) {
        struct stream *stream = stream_next(source);
        enum daybreak_next next, fed = DAYBREAK_MORE;

        if (stream == NULL) {
            if (window_move(source, &next, fault) != 0)
                return -1;
            if (next == DAYBREAK_INPUT_CUT)
                return source_cut(batch, fault);
            if (source->stop != NULL && *source->stop)
                return fault_set(fault, DAYBREAK_RETRY, "stopped while reading '%s'", source->input_name);
            continue;
        }
        source->table = stream->table;
        source->format = stream->format;
        source->style = stream->style;
        batch->table = stream->table;
        batch->story.part = arena_text(batch->arena, stream->part);
        if (stream_feed(source, stream, batch, &fed, fault) != 0) {
            if (fault->kind != DAYBREAK_ASIDE)
                fault_within(fault, "%s%s%s", source->input_name, source->part_name[0] ? " " : "", source->part_name);
            return source_cut(batch, fault);
        }
        proof_rows(&source->proof, batch->rows.rows);
        if (batch->rows.rows > 0 || stream->ended) {
            if (source_layout(source, batch, fault) != 0) {
                batch->rows.rows = 0; /* nobody knows what their cells are called */
                return source_cut(batch, fault);
            }
            source_encoding(batch);
        }
        if (fed == DAYBREAK_INPUT_CUT)
            return source_cut(batch, fault);
        batch->next = DAYBREAK_MORE;
        if (all_ended(source)) {
            source->part_open = false;
            batch->next = DAYBREAK_PART_END;
            return 0;
        }
        if (batch->rows.rows > 0 || stream->ended)
            return 0;
    }
}
