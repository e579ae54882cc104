/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of loads: batches out of text, and the engine's calls in the engine's order. */
#include "load_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "record/batch.h"

struct load_writer_inner {
    struct arena *arena;            /* columns and options */
    struct arena *pending;          /* batch rows of the open commit */
    struct batch *batch;
    struct batch_layout layout;
    struct daybreak_batch_row row[64];
    uint32_t rows;
};

static void
quiet(const struct daybreak_host *host, char level, const char *phrase, ...)
{
    (void)host;
    (void)level;
    (void)phrase;
}

static void
no_crash(const char *name)
{
    (void)name;
}

static bool
goes_on(const struct daybreak_host *host)
{
    (void)host;
    return false;
}

static void
option_set(struct load_writer *writer, const struct daybreak_option *option, const char *value)
{
    char *field = (char *)writer->self + option->at, *unit;
    long long number;

    if (value == NULL)
        return;
    switch (option->type) {
    case DAYBREAK_TEXT:
        *(const char **)field = arena_text(writer->inner->arena, value);
        break;
    case DAYBREAK_BOOLEAN:
        *(bool *)field = strcmp(value, "true") == 0;
        break;
    case DAYBREAK_INTEGER:
        *(int64_t *)field = strtoll(value, NULL, 10);
        break;
    case DAYBREAK_DURATION: /* ms and s are all that loads' presets use */
        number = strtoll(value, &unit, 10);
        *(int64_t *)field = strcmp(unit, "s") == 0 ? number * 1000 : number;
        break;
    default:
        abort();
    }
}

int
load_writer_open(struct load_writer *writer, const struct daybreak_connector *type, const char *const *options,
                 const char *base_dir, struct daybreak_fault *fault)
{
    *writer = (struct load_writer){.type = type, .pipeline = "orders", .pipeline_id = "id-1", .handoff = "load",
                                   .loaded_at = INT64_C(1750000000000000)};
    writer->host = (struct daybreak_host){
        .size = sizeof writer->host, .fault = fault_set, .within = fault_within, .hint = fault_hint, .log = quiet,
        .reserve = batch_reserve, .bad = batch_bad_row, .view = batch_view, .refuse = batch_refuse, .alloc = batch_alloc,
        .base_dir = base_dir, .crash_point = no_crash, .stopping = goes_on};
    writer->target = (struct daybreak_target){.size = sizeof writer->target, .table = "orders", .prefix = "",
                                              .keep_ms = INT64_C(90) * 86400000, .first_run = true};
    writer->inner = memory_zero(sizeof *writer->inner);
    writer->inner->arena = arena_new();
    writer->inner->pending = arena_new();
    writer->inner->batch = batch_new();
    writer->self = memory_zero(type->self_size);
    for (const struct daybreak_option *option = type->options; option->name != NULL; option++) {
        const char *value = option->preset;

        for (size_t i = 0; options[i] != NULL; i += 2)
            if (strcmp(options[i], option->name) == 0)
                value = options[i + 1];
        option_set(writer, option, value);
    }
    if (type->open(writer->self, &writer->host, fault) == 0)
        return 0;
    free(writer->self);
    writer->self = NULL;
    load_writer_close(writer);
    return -1;
}

void
load_writer_close(struct load_writer *writer)
{
    if (writer->self != NULL)
        writer->type->close(writer->self);
    free(writer->self);
    writer->self = NULL;
    if (writer->inner == NULL)
        return;
    arena_free(writer->inner->arena);
    arena_free(writer->inner->pending);
    batch_free(writer->inner->batch);
    free(writer->inner);
    writer->inner = NULL;
}

int
load_writer_claim(struct load_writer *writer, bool read_only, struct daybreak_fault *fault)
{
    struct daybreak_checkpoint state = {.size = sizeof state, .position = ""}, now = {.size = sizeof now, .position = ""};
    struct daybreak_claim claim = {.size = sizeof claim, .pipeline = writer->pipeline, .pipeline_id = writer->pipeline_id,
                                   .handoff = writer->handoff, .was = writer->was, .state = &state, .read_only = read_only};

    if (writer->type->claim(writer->self, &claim, &now, fault) != 0)
        return -1;
    snprintf(writer->position, sizeof writer->position, "%s", now.position);
    writer->now = now;
    writer->now.position = writer->position;
    writer->target.first_run = !now.found;
    return 0;
}

int
load_writer_columns(struct load_writer *writer, const char *columns, struct daybreak_fault *fault)
{
    struct load_writer_inner *inner = writer->inner;
    char *spec = arena_text(inner->arena, columns);
    struct daybreak_column *column = arena_zero(inner->arena, 64 * sizeof *column);
    struct value_type *type = arena_zero(inner->arena, 64 * sizeof *type);
    const char **name = arena_zero(inner->arena, 64 * sizeof *name);
    uint32_t count = 0;

    while (*spec != '\0' && count < 64) {
        char *kind = strchr(spec, ':') + 1, *end = kind + strcspn(kind, ":,(");

        kind[-1] = '\0';
        if (*end == '(')
            end = strchr(end, ')') + 1;
        column[count].key = strncmp(end, ":key", 4) == 0;
        name[count] = column[count].name = spec;
        spec = end + (column[count].key ? 4 : 0);
        spec += *spec == ',';
        *end = '\0';
        if (!value_type_parse(kind, &type[count]))
            abort();
        column[count].type = type[count].type;
        column[count].precision = type[count].precision;
        column[count].scale = type[count].scale;
        count++;
    }
    writer->target.column = column;
    writer->target.columns = count;
    inner->layout = (struct batch_layout){.columns = count, .name = name, .type = type, .empty_is_null = true};
    return writer->type->prepare(writer->self, &writer->target, 1, fault);
}

/* The text becomes the block, its cells spans of it. */
static void
batch_fill(struct load_writer *writer, const char *text)
{
    struct load_writer_inner *inner = writer->inner;
    struct batch *batch = inner->batch;
    size_t size = strlen(text);
    uint32_t columns = inner->layout.columns, change = 0;
    char *block;

    batch_reset(batch);
    block = batch_block(batch, (uint32_t)size + 1);
    memcpy(block, text, size);
    batch->rows.block_size = batch->rows.block_used = (uint32_t)size;
    batch->rows.columns = columns;
    batch->rows.line = 1;
    batch->layout = &inner->layout;
    for (const char *at = text; *at != '\0'; at += strcspn(at, "\n") + 1, change++) {
        const char *end = at + strcspn(at, "\n"), *cell = at + 2;
        struct daybreak_span *span;

        batch_reserve(&batch->rows, change + 1);
        batch_changes(batch, change + 1);
        batch->rows.start[change] = (uint32_t)(at - text);
        batch->rows.end[change] = (uint32_t)(end - text);
        batch->rows.lines[change] = change;
        span = &batch->rows.spans[(size_t)change * columns];
        for (uint32_t i = 0; i < columns; i++) {
            size_t length = cell > end ? 0 : strcspn(cell, "|\n");

            span[i] = (struct daybreak_span){(uint32_t)(cell - text), cell > end || (length == 1 &&
                                                                                     *cell == '~') ? DAYBREAK_NULL
                                                                                                         : (uint32_t)length};
            cell += length + 1;
        }
        batch->pick[change] = change;
        batch->op[change] = at[0];
        if (*end == '\0') {
            change++;
            break;
        }
    }
    batch->rows.rows = batch->changes = change;
}

int
load_writer_stage(struct load_writer *writer, const char *rows, struct daybreak_fault *fault)
{
    struct load_writer_inner *inner = writer->inner;
    struct batch *batch = inner->batch;
    struct daybreak_story *story = arena_alloc(inner->pending, sizeof *story);
    size_t used = 0;

    batch_fill(writer, rows);
    batch->out_columns = inner->layout.columns;
    batch->out = writer->target.column;
    *story = (struct daybreak_story){
        .size = sizeof *story, .pipeline = arena_text(inner->pending, writer->pipeline),
        .pipeline_id = arena_text(inner->pending,
                                  writer->pipeline_id), .pipeline_version = "v1", .handoff = "load", .run = "run-1",
        .connector = "file", .source = "drop/orders.csv", .input = "1 abc", .part = "", .table = "orders",
        .time_basis = "source_time",
        .trace = "00-1-2-01", .batch = writer->now.batch + inner->rows + 1, .visible_at = writer->loaded_at - 3000000,
        .read_at = writer->loaded_at - 2000000, .ready_at = writer->loaded_at - 1000000, .loaded_at = writer->loaded_at};
    batch->story = *story;
    for (uint32_t i = 0; i < batch->changes; i++) {
        char position[48], context[64];
        int size = snprintf(context, sizeof context, "{\"reason\":\"row %u\",\"related\":{\"ticket\":\"T%u\"}}", i, i);

        memset(batch->event_id[i], 0, 16);
        batch->event_id[i][0] = (uint8_t)story->batch;
        batch->event_id[i][15] = (uint8_t)(i + 1);
        batch->changed_at[i] = batch->op[i] == 'd' ? DAYBREAK_NO_TIME : INT64_C(1740000000000000) + i;
        batch->context[i] = (struct daybreak_text){arena_bytes(batch->arena, context, (size_t)size), (uint32_t)size};
        size = snprintf(position, sizeof position, "%u:%u", i + 1, batch->rows.start[i]);
        batch->position[i] = (struct daybreak_text){arena_bytes(batch->arena, position, (size_t)size), (uint32_t)size};
    }
    batch_type(batch, batch->pick, batch->changes);
    writer->refused[0] = '\0';
    if (writer->type->stage(writer->self, 0, batch_face(batch), fault) != 0)
        return -1;
    for (uint32_t i = 0; i < batch->refused_count; i++) {
        int size = snprintf(writer->refused + used, sizeof writer->refused - used, "%u %s: %s\n", batch->refused[i].change,
                            batch->refused[i].rule, batch->refused[i].reason);

        if (size > 0 && used + (size_t)size < sizeof writer->refused)
            used += (size_t)size;
    }
    if (inner->rows == 64)
        abort();
    inner->row[inner->rows++] = (struct daybreak_batch_row){
        .size = sizeof inner->row[0], .story = story, .first = "1", .last = "2", .changes = batch->changes,
        .counts = {.size = sizeof inner->row[0].counts, .read = batch->changes, .captured = batch->changes,
                   .delivered = (int64_t)batch->changes - batch->refused_count, .dead = batch->refused_count, .healed = 7}};
    return 0;
}

int
load_writer_commit(struct load_writer *writer, const char *position, bool input_end, struct daybreak_fault *fault)
{
    struct load_writer_inner *inner = writer->inner;
    struct daybreak_commit commit = {
        .size = sizeof commit, .old_position = writer->position, .new_position = position, .epoch = writer->now.epoch,
        .released_old = writer->now.released, .released_new = writer->now.released, .batch = inner->row, .batches = inner->rows,
        .input_end = input_end, .run = "run-1"};

    if (writer->type->commit(writer->self, &commit, fault) != 0)
        return -1;
    snprintf(writer->position, sizeof writer->position, "%s", position);
    writer->now.batch += inner->rows;
    writer->now.found = true;
    inner->rows = 0;
    arena_reset(inner->pending);
    return 0;
}

void
load_writer_rollback(struct load_writer *writer)
{
    writer->type->rollback(writer->self);
    writer->inner->rows = 0;
    arena_reset(writer->inner->pending);
}

struct scanned {
    struct text out;
    uint32_t columns;
};

static bool
scan_row(void *context, const struct daybreak_text *cell, bool ours)
{
    struct scanned *scanned = context;

    for (uint32_t i = 0; i < scanned->columns; i++) {
        if (i > 0)
            text_char(&scanned->out, '|');
        if (cell[i].size == DAYBREAK_NULL)
            text_char(&scanned->out, '~');
        else
            text_add(&scanned->out, cell[i].at, cell[i].size);
    }
    text_put(&scanned->out, ours ? "\n" : " foreign\n");
    return true;
}

char *
load_writer_scan(struct load_writer *writer, struct daybreak_fault *fault)
{
    struct scanned scanned = {.columns = writer->target.columns};
    char *copy = NULL;

    if (writer->type->scan(writer->self, 0, scan_row, &scanned, fault) == 0)
        copy = memory_text(text_end(&scanned.out));
    text_fini(&scanned.out);
    return copy;
}
