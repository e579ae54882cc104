/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of an input, decoded, cut into blocks and fed to the format of the table that each part belongs to. Owns the leftover
 * behind the last whole record, the layouts (names bound to declared types), and the connectors.
 */
#include "source_parts.h"

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
#include "source/manifest.h"
#include "source/proof.h"

int
source_open(const struct config *config, volatile int *stop, struct source **out, struct daybreak_fault *fault)
{
    struct source *source = memory_zero(sizeof *source);
    static const char *const yes[] = {"true"};
    const struct config_capture *capture = &config->source.tables[0].capture;
    const char **manifests = memory_need((config->source.table_count + 1) * sizeof *manifests);
    struct instance_extra extra[] = {{.name = "growing", .item = yes}, {.name = "beside", .item = manifests}};
    struct instance_request request = {
        .role = DAYBREAK_EXTRACT, .name = config->source.extract.type, .node = config->source.extract.node,
        .ignore = config_source_keys, .file = config->path, .base_dir = config->dir, .stop = stop,
        .extra = extra, .extras = sizeof extra / sizeof *extra};
    int result;

    source->config = config;
    source->stop = stop;
    /* a log is never complete: it is read as far as it goes, unless the file says how long it must rest */
    extra[0].count = capture->method_set && capture->method == CONFIG_APPEND &&
                     node_member(config->source.extract.node, "settle") == NULL;
    for (uint32_t i = 0; i < config->source.table_count; i++) {
        const struct config_manifest *manifest = config->source.tables[i].capture.guards.manifest;

        source->proves |= manifest != NULL;
        if (manifest != NULL && manifest->member != NULL)
            manifests[extra[1].count++] = manifest->member;
    }
    result = instance_open(&request, &source->extract, fault);
    free(manifests);
    if (result != 0) {
        free(source);
        return -1;
    }
    source->arena = arena_new();
    source->raw = memory_need(RAW_BYTES);
    source->tables = memory_zero(config->source.table_count * sizeof *source->tables);
    for (uint32_t i = 0; i < config->source.table_count; i++) {
        source->tables[i].config = &config->source.tables[i];
        source->tables[i].formats =
            memory_zero((config->source.tables[i].format_count + 1) * sizeof(struct instance *));
    }
    *out = source;
    return 0;
}

void
source_close(struct source *source)
{
    if (source == NULL)
        return;
    for (uint32_t i = 0; i < source->config->source.table_count; i++) {
        for (uint32_t k = 0; k < source->tables[i].config->format_count; k++)
            instance_close(source->tables[i].formats[k]);
        free(source->tables[i].formats);
    }
    free(source->tables);
    instance_close(source->extract);
    source_shared_end(source);
    free(source->stream);
    decode_free(source->decode);
    proof_fini(&source->proof);
    arena_free(source->arena);
    free(source->start_part);
    free(source->start_mark);
    free(source->input_name);
    free(source->part_name);
    free(source->raw);
    free(source->left);
    free(source);
}

const char *
source_connector(const struct source *source)
{
    return source->extract->type->name;
}

uint32_t
source_abilities(const struct source *source)
{
    return source->extract->type->abilities;
}

int
source_look(struct source *source, struct daybreak_input *input, struct daybreak_wait *wait,
            enum daybreak_next *next, struct daybreak_fault *fault)
{
    source->probed = false;
    *input = (struct daybreak_input){.size = sizeof *input, .time_us = DAYBREAK_NO_TIME, .bytes = -1};
    *wait = (struct daybreak_wait){.size = sizeof *wait, .fd = -1, .wait_ms = 1000,
                                   .clock_us = DAYBREAK_NO_TIME};
    return source->extract->type->next_input(source->extract->self, input, wait, next, fault);
}

int
source_digest(struct source *source, uint8_t digest[16], struct daybreak_fault *fault)
{
    return source->extract->type->digest(source->extract->self, digest, fault);
}

void
source_start(struct source *source, const struct daybreak_input *input, const struct source_start *start)
{
    free(source->start_part);
    free(source->start_mark);
    free(source->input_name);
    source->start = *start;
    source->start_part = memory_text(start->part);
    source->start_mark = memory_text(start->mark);
    source->input_name = memory_text(input->name);
    source->resumed = start->mark[0] == '\0' && start->part[0] == '\0';
    source->part_open = source->part_done = false;
    proof_clear(&source->proof);
    for (uint32_t i = 0; i < source->config->source.table_count; i++)
        source->tables[i].parts = 0;
}

/* Which table takes a member; -1: none. */
static int
table_of(const struct source *source, const char *member)
{
    const struct config_source *config = &source->config->source;

    while (strncmp(member, "./", 2) == 0)
        member += 2;
    if (!config->tables_named)
        return 0;
    for (uint32_t i = 0; i < config->table_count; i++)
        if (config->tables[i].member == NULL || text_glob(config->tables[i].member, member, true))
            return (int)i;
    return -1;
}

bool
source_manifest_named(const struct config_manifest *manifest, const char *name)
{
    const char *slash = strrchr(name, '/');

    return manifest != NULL && manifest->member != NULL &&
           (text_glob(manifest->member, name, true) || (slash != NULL && text_glob(manifest->member, slash + 1, true)));
}

static bool
is_manifest(const struct source *source, const char *member)
{
    for (uint32_t i = 0; source->proves && i < source->config->source.table_count; i++)
        if (source_manifest_named(source->config->source.tables[i].capture.guards.manifest, member))
            return true;
    return false;
}

/* A member that is no data is kept as it stands, up to what any manifest may have. */
static int
note_read(struct source *source, const char *member, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct proof_note *note = proof_note_new(&source->proof, member);

    while (*next == DAYBREAK_MORE) {
        size_t got = 0;

        if (source->extract->type->read(source->extract->self, source->raw, RAW_BYTES, &got, next, fault) != 0)
            return -1;
        if (note->text.size + got > MANIFEST_MAX)
            note->too_large = true;
        else
            text_add(&note->text, source->raw, got);
    }
    if (*next != DAYBREAK_INPUT_CUT)
        *next = DAYBREAK_MORE;
    return 0;
}

/* Open the next part that a table wants. next: MORE, INPUT_END or INPUT_CUT. */
static int
part_begin(struct source *source, enum daybreak_next *next, struct daybreak_fault *fault)
{
    for (;;) {
        struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = -1};
        const struct config_connector *format;
        const char *mark = NULL;
        int table, chosen;

        if (source->probed) { /* a plain file: its only part was opened to look at its bytes */
            source->probed = false;
            *next = DAYBREAK_MORE;
            if (source->extract->type->seek(source->extract->self, 0, fault) != 0)
                return -1;
        } else if (source->extract->type->next_part(source->extract->self, &part, next, fault) != 0) {
            return -1;
        }
        if (*next != DAYBREAK_MORE)
            return 0;
        if (is_manifest(source, part.name)) {
            if (note_read(source, part.name, next, fault) != 0)
                return -1;
            if (*next != DAYBREAK_MORE)
                return 0;
            continue;
        }
        table = table_of(source, part.name);
        if (table < 0)
            continue;
        if (!source->resumed) {
            if (strcmp(part.name, source->start_part) != 0) {
                source->tables[table].parts++; /* landed by an earlier run */
                if (source->proves)
                    proof_begin(&source->proof, part.name, (uint32_t)table, false, false);
                continue;
            }
            source->resumed = true;
            mark = source->start_mark[0] == '\0' ? NULL : source->start_mark;
        }
        free(source->part_name);
        source->part_name = memory_text(part.name);
        source->table = (uint32_t)table;
        source->tables[table].parts++;
        chosen = format_choose(source->tables[table].config,
                               part.name[0] != '\0' ? part.name : source->input_name);
        if (chosen < 0)
            return fault_set(fault, DAYBREAK_HALT, "no format of table '%s' matches '%s'",
                             source->tables[table].config->name,
                             part.name[0] != '\0' ? part.name : source->input_name);
        format = &source->tables[table].config->formats[chosen];
        if (source->tables[table].formats[chosen] == NULL &&
            format_open(source->config, source->tables[table].config, format,
                        part.name[0] != '\0' ? part.name : source->input_name, source->stop,
                        &source->tables[table].formats[chosen], fault) != 0)
            return -1;
        source->format = source->tables[table].formats[chosen];
        source->tables[table].names_all = (source->format->type->abilities & DAYBREAK_NAMES_ALL) != 0;
        if (source->format->type->begin(source->format->self, &part, mark, fault) != 0)
            return -1;
        source_bytes_begin(source, format);
        source->style = format_style(format);
        if (source->proves)
            proof_begin(&source->proof, part.name, (uint32_t)table, mark == NULL && !source->start.growing,
                        source->tables[table].config->capture.guards.manifest != NULL &&
                            source->tables[table].config->capture.guards.manifest->sha256 != NULL);
        if (source_shared_begin(source, &part, fault) != 0)
            return -1;
        source->part_open = true;
        source->part_done = source->feed_last = source->overlong = false;
        source->raw_size = source->raw_at = source->left_size = 0;
        source->byte = source->skip = 0;
        source->line = 1;
        source->block_bytes = BLOCK_BYTES;
        return 0;
    }
}

int
source_layout(struct source *source, struct batch *batch, struct daybreak_fault *fault)
{
    struct table_state *table = &source->tables[source->table];
    const char *const *names;
    uint32_t count;

    if (source->format->type->columns(source->format->self, &names, &count, fault) != 0)
        return -1;
    if (count == 0 && batch->rows.rows > 0 && table->config->capture.key.count > 0) { /* too long to be read before any column was met */
        fault_set(fault, DAYBREAK_ASIDE, "key column '%s' is missing: its first record cannot be read and has no columns",
                  table->config->capture.key.item[0]);
        return fault_exit(fault, 4, "missing-column");
    }
    table->layout = format_layout(source->arena, table->config, table->layout, names, count,
                                  (source->format->type->abilities & DAYBREAK_EMPTY_IS_NULL) != 0, source->style, fault);
    if (table->layout == NULL)
        return -1;
    batch->layout = table->layout;
    return 0;
}

/* The block as a whole is nearly always good; only a bad one is asked row by row, cell by cell. */
void
source_encoding(struct batch *batch)
{
    struct daybreak_rows *rows = &batch->rows;
    bool block = text_utf8(rows->block, rows->consumed),
         tail = text_utf8(rows->block + rows->block_size, rows->block_used - rows->block_size);

    if (block && tail)
        return;
    for (uint32_t row = 0; row < rows->rows; row++) {
        uint32_t column;

        for (column = 0; column < rows->columns; column++) {
            struct daybreak_text cell = batch_cell(batch, row, column);

            if (cell.size != DAYBREAK_NULL && !text_utf8(cell.at, cell.size))
                break;
        }
        if (column < rows->columns && !batch_is_bad(batch, row))
            batch_bad_row(rows, row, column,
                          memchr(batch_cell(batch, row, column).at, 0, batch_cell(batch, row, column).size)
                              ? "nul_byte" : "encoding",
                          "field '%s' holds bytes that are no text in the declared encoding",
                          batch->layout->name[column]);
    }
}

int
source_cut(struct batch *batch, const struct daybreak_fault *fault)
{
    batch->next = DAYBREAK_INPUT_CUT;
    batch->cut = arena_alloc(batch->arena, sizeof *batch->cut);
    *batch->cut = *fault;
    return 0;
}

int
source_read(struct source *source, struct batch *batch, struct daybreak_fault *fault)
{
    struct daybreak_rows *rows = &batch->rows;
    enum daybreak_next next = DAYBREAK_MORE, fed;
    bool last;

    if (!source->part_open) {
        if (part_begin(source, &next, fault) != 0) {
            batch->next = DAYBREAK_MORE;
            return -1;
        }
        if (next == DAYBREAK_INPUT_CUT)
            return source_cut(batch, fault);
        if (next == DAYBREAK_INPUT_END) {
            batch->next = DAYBREAK_INPUT_END;
            return 0;
        }
    }
    if (source->streams > 1)
        return source_shared_read(source, batch, fault);
again:
    if (source_bytes_fill(source, batch, &next, fault) != 0)
        return -1;
    last = source->part_done && source->raw_at == source->raw_size && next == DAYBREAK_MORE;
    rows->last = last && !source->start.growing;
    rows->overlong = !last && source_bytes_full(source, rows->block_size) &&
                     (int64_t)source->block_bytes >= source->config->max_record;
    rows->consumed = rows->rows = 0;
    rows->next_line = rows->line;
    if (source->format->type->feed(source->format->self, rows, &fed, fault) != 0) {
        if (fault->kind != DAYBREAK_ASIDE) /* a header that cannot be: the input is held, not the pipeline stopped */
            fault_within(fault, "%s%s%s", source->input_name, source->part_name[0] ? " " : "", source->part_name);
        return source_cut(batch, fault);
    }
    if (rows->consumed > rows->block_size)
        return fault_set(fault, DAYBREAK_HALT, "format '%s' took %u bytes of a block of %u",
                         source->format->type->name, rows->consumed, rows->block_size);
    source_bytes_keep(source, batch);
    proof_rows(&source->proof, rows->rows);
    if (rows->skip_to > 0 && source_bytes_skip(source, batch, fault) != 0)
        return -1;
    batch->table = source->table;
    batch->story.part = arena_text(batch->arena, source->part_name);
    if (rows->rows > 0 || last || fed == DAYBREAK_PART_END) {
        if (source_layout(source, batch, fault) != 0) {
            rows->rows = 0; /* nobody knows what their cells are called */
            return source_cut(batch, fault);
        }
        if (batch->layout->columns != rows->columns && rows->rows > 0)
            return fault_set(fault, DAYBREAK_HALT, "format '%s' names %u columns and gives %u",
                             source->format->type->name, batch->layout->columns, rows->columns);
        source_encoding(batch);
    }
    if (fed == DAYBREAK_INPUT_CUT || next == DAYBREAK_INPUT_CUT)
        return source_cut(batch, fault);
    /* of a file that grows, what the format takes nothing of is a line whose end has not come; a new column stops it before that */
    if (last && rows->skip_to == 0 &&
        (source->left_size == 0 || (source->start.growing && rows->consumed == 0) || fed == DAYBREAK_PART_END)) {
        source->part_open = false;
        batch->next = DAYBREAK_PART_END;
        return 0;
    }
    if (rows->rows == 0 && rows->skip_to == 0 && rows->consumed == 0) {
        if (last) {
            fault_set(fault, DAYBREAK_ASIDE, "format '%s' left %zu bytes at the end", source->format->type->name,
                      source->left_size);
            return source_cut(batch, fault);
        }
        if ((int64_t)source->block_bytes < source->config->max_record) {
            int64_t wider = (int64_t)source->block_bytes * 4;

            source->block_bytes =
                (uint32_t)(wider < source->config->max_record ? wider : source->config->max_record);
        }
    }
    rows->skip_to = 0;
    if (rows->rows == 0) {
        if (source->stop != NULL && *source->stop)
            return fault_set(fault, DAYBREAK_RETRY, "stopped while reading '%s'", source->input_name);
        goto again;
    }
    if (rows->consumed > 0 && source->block_bytes > BLOCK_BYTES && !rows->overlong)
        source->block_bytes = BLOCK_BYTES > source->left_size ? BLOCK_BYTES : source->block_bytes;
    return 0;
}

int
source_probe(struct source *source, uint64_t offset, char *to, size_t size, size_t *got, struct daybreak_fault *fault)
{
    const struct daybreak_connector *extract = source->extract->type;
    struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = -1};
    enum daybreak_next next = DAYBREAK_MORE;

    *got = 0;
    if (!source->probed && extract->next_part(source->extract->self, &part, &next, fault) != 0)
        return -1;
    source->probed = next == DAYBREAK_MORE;
    if (!source->probed || extract->seek(source->extract->self, offset, fault) != 0)
        return source->probed ? -1 : 0;
    while (*got < size && next == DAYBREAK_MORE) {
        size_t more = 0;

        if (extract->read(source->extract->self, to + *got, size - *got, &more, &next, fault) != 0)
            return -1;
        *got += more;
    }
    return 0;
}

bool
source_decodes(const struct source *source)
{
    return source->decode != NULL;
}

bool
source_changed(struct source *source)
{
    return source->extract->type->changed_since(source->extract->self);
}

int
source_finish(struct source *source, struct daybreak_fault *fault)
{
    return source->extract->type->finish(source->extract->self, fault);
}

void
source_abandon(struct source *source)
{
    source->extract->type->abandon(source->extract->self);
}

int
source_mark(struct source *source, const struct batch *batch, uint32_t row, char to[64], struct daybreak_fault *fault)
{
    return source->format->type->mark(source->format->self, &batch->rows, row, to, 64, fault);
}

int
source_compare(struct source *source, uint32_t table, const char *mark_a, const char *mark_b)
{
    struct table_state *state = &source->tables[table];

    for (uint32_t i = 0; i < state->config->format_count; i++)
        if (state->formats[i] != NULL)
            return state->formats[i]->type->compare(mark_a, mark_b);
    return strcmp(mark_a, mark_b);
}

uint32_t
source_parts_seen(const struct source *source, uint32_t table)
{
    return source->tables[table].parts;
}

const struct proof *
source_proof(const struct source *source)
{
    return &source->proof;
}

int
source_beside(struct source *source, struct daybreak_beside *beside, char *to, size_t room, size_t *got, enum daybreak_next *next,
              struct daybreak_fault *fault)
{
    *got = 0;
    *next = DAYBREAK_IDLE;
    beside->size = sizeof *beside;
    beside->file_name = beside->found = "";
    if (source->extract->type->beside == NULL)
        return 0;
    return source->extract->type->beside(source->extract->self, beside, to, room, got, next, fault);
}

const char *
source_evidence(struct source *source)
{
    const char *evidence = source->extract->type->evidence == NULL ? NULL : source->extract->type->evidence(source->extract->self);

    return evidence == NULL ? "" : evidence;
}

bool
source_names_all(const struct source *source, uint32_t table)
{
    return source->tables[table].names_all;
}
