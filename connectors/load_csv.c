/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as lines of CSV (RFC 4180): the columns of the row, then those of the envelope.
 *
 * What was null and what was an empty text stay apart: null is an empty field (or null_text), an empty text is "". A delete has
 * its key and its envelope; without an envelope it could not be told from a row, so it is refused and becomes a dead letter.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <daybreak/connector.h>

#include "line_write.h"
#include "target_disk.h"
#include "target_file.h"

enum { LINE_LF, LINE_CRLF };
enum { GUARD_NONE, GUARD_SPREADSHEET };

static const char *const envelope_names[] = {"event_id", "op", "changed_at", "batch", "position", "context"};
#define ENVELOPE_COLUMNS (sizeof envelope_names / sizeof *envelope_names)

struct csv_column {
    enum daybreak_type type;
    struct daybreak_view view; /* of the batch under way */
};

struct csv_table {
    struct target_file *file;
    struct csv_column *column;
    uint32_t columns;
    bool alone; /* envelope: none */
};

struct csv {
    const struct daybreak_host *host;
    const char *path, *delimiter_text, *quote_text, *null_text;
    int line_end, guard;
    bool header;
    char delimiter, quote; /* quote '\0': switched off */
    size_t null_size;
    struct target_set target;
    struct csv_table *table;
    uint32_t tables;
    struct line_day day;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, path), .required = true,
     .help = "The file to write, relative to the pipeline file; with {run} or {date} a file a run, with {table} a file a table.",
     .example = "out/orders_{run}.csv"},
    {.name = "delimiter", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, delimiter_text), .preset = ",",
     .help = "The character between fields; tab or \\t for a tab.", .example = ";"},
    {.name = "quote", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, quote_text), .preset = "\"",
     .help = "The character around fields that need it; with none, a record that would need it is refused.", .example = "none"},
    {.name = "header", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct csv, header), .preset = "true",
     .help = "Whether the first line of a file names the columns."},
    {.name = "null_text", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, null_text),
     .help = "What stands for null, unquoted; without it an empty field.", .example = "\\N"},
    {.name = "line_end", .type = DAYBREAK_CHOICE, .at = offsetof(struct csv, line_end), .preset = "lf", .choices = "lf|crlf",
     .help = "How a line ends."},
    {.name = "guard", .type = DAYBREAK_CHOICE, .at = offsetof(struct csv, guard), .preset = "none", .choices = "none|spreadsheet",
     .help = "spreadsheet: texts that a spreadsheet would take for a formula get a ' in front."},
    {.name = NULL},
};

/* ---- life --------------------------------------------------------------------------------- */

static int
bad_option(const struct csv *csv, const char *name, const char *text, const char *why, struct daybreak_fault *fault)
{
    return TARGET_HALT(csv->host, fault, 78, "bad-option", "cannot write csv with %s '%s': %s", name, text, why);
}

static bool
breaks_lines(char c)
{
    return c == '\n' || c == '\r' || (unsigned char)c >= 0x80 || c == '\0';
}

static int
csv_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct csv *csv = self;
    bool tab = strcmp(csv->delimiter_text, "tab") == 0 || strcmp(csv->delimiter_text, "\\t") == 0;
    bool unquoted = strcmp(csv->quote_text, "none") == 0;

    csv->host = host;
    csv->delimiter = tab ? '\t' : csv->delimiter_text[0];
    csv->quote = unquoted ? '\0' : csv->quote_text[0];
    if ((!tab && strlen(csv->delimiter_text) != 1) || breaks_lines(csv->delimiter))
        return bad_option(csv, "delimiter", csv->delimiter_text, "one ASCII character is needed", fault);
    if (!unquoted && (strlen(csv->quote_text) != 1 || breaks_lines(csv->quote)))
        return bad_option(csv, "quote", csv->quote_text, "one ASCII character or none is needed", fault);
    if (csv->quote == csv->delimiter)
        return bad_option(csv, "quote", csv->quote_text, "it is the delimiter", fault);
    csv->null_size = csv->null_text == NULL ? 0 : strlen(csv->null_text);
    for (size_t i = 0; i < csv->null_size; i++)
        if (csv->null_text[i] == csv->delimiter || csv->null_text[i] == csv->quote || csv->null_text[i] == '\n' ||
            csv->null_text[i] == '\r')
            return bad_option(csv, "null_text", csv->null_text, "it cannot stand unquoted", fault);
    return target_open(&csv->target, host, csv->path, fault);
}

static void
csv_close(void *self)
{
    struct csv *csv = self;

    for (uint32_t i = 0; i < csv->tables; i++)
        free(csv->table[i].column);
    free(csv->table);
    target_close(&csv->target);
}

static int
csv_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct csv *csv = self;

    return target_claim(&csv->target, claim, now, fault);
}

/* ---- fields ------------------------------------------------------------------------------- */

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

static inline uint64_t
holds(uint64_t word, uint64_t pattern)
{
    uint64_t gone = word ^ pattern;

    return (gone - EVERY(1)) & ~gone & EVERY(0x80);
}

static bool
needs_quotes(const struct csv *csv, const char *at, size_t size)
{
    const uint64_t delimiter = EVERY(csv->delimiter), quote = EVERY(csv->quote == '\0' ? csv->delimiter : csv->quote);
    size_t done = 0;

    for (; size - done >= 8; done += 8) {
        uint64_t word;

        memcpy(&word, at + done, sizeof word);
        if (holds(word, delimiter) | holds(word, quote) | holds(word, EVERY('\n')) | holds(word, EVERY('\r')))
            return true;
    }
    for (; done < size; done++)
        if (at[done] == csv->delimiter || at[done] == '\n' || at[done] == '\r' || (csv->quote != '\0' && at[done] == csv->quote))
            return true;
    return false;
}

/* Room for a field of so many bytes: each doubled, two quotes, a guard, a delimiter. */
#define FIELD_ROOM(size) ((size_t)(size) * 2 + 4)

/* A field that is not null; NULL when it needs quotes and there are none. ${text}: an empty one must not look like null. */
static char *
field_write(const struct csv *csv, char *to, const char *at, size_t size, bool text)
{
    bool guarded = text && csv->guard == GUARD_SPREADSHEET && size > 0 && memchr("=+-@\t\r", at[0], 6) != NULL;
    bool like_null = csv->null_text != NULL ? size == csv->null_size && (size == 0 || memcmp(at, csv->null_text, size) == 0)
                                            : text && size == 0 && csv->quote != '\0';

    if (!like_null && !needs_quotes(csv, at, size)) {
        if (guarded)
            *to++ = '\'';
        return line_bytes(to, at, size);
    }
    if (csv->quote == '\0')
        return NULL;
    *to++ = csv->quote;
    if (guarded)
        *to++ = '\'';
    for (size_t i = 0; i < size; i++) {
        if (at[i] == csv->quote)
            *to++ = csv->quote;
        *to++ = at[i];
    }
    *to++ = csv->quote;
    return to;
}

/* A line of one empty field would be a blank line, which readers skip. */
static char *
null_write(const struct csv *csv, char *to, bool only)
{
    if (csv->null_text != NULL)
        return line_bytes(to, csv->null_text, csv->null_size);
    if (only && csv->quote != '\0') {
        *to++ = csv->quote;
        *to++ = csv->quote;
    }
    return to;
}

static char *
line_end_write(const struct csv *csv, char *to)
{
    if (csv->line_end == LINE_CRLF)
        *to++ = '\r';
    *to++ = '\n';
    return to;
}

/* ---- tables ------------------------------------------------------------------------------- */

static int
name_refused(const struct csv *csv, const struct daybreak_target *target, const char *name, struct daybreak_fault *fault)
{
    return TARGET_HALT(csv->host, fault, 78, "cannot-quote",
                       "cannot name column '%s' of table '%s': it needs quotes, and quote is none",
                       name, target->table);
}

/* The line that names the columns; envelope columns are PREFIXop, or _op without a prefix. */
static int
header_make(const struct csv *csv, const struct daybreak_target *target, char **line, size_t *size, struct daybreak_fault *fault)
{
    const char *prefix = target->prefix == NULL || target->prefix[0] == '\0' ? "_" : target->prefix;
    size_t room = 64 + LINE_SLACK;
    char *to, *end;

    for (uint32_t i = 0; i < target->columns; i++)
        room += FIELD_ROOM(strlen(target->column[i].name));
    room += ENVELOPE_COLUMNS * (FIELD_ROOM(strlen(prefix)) + 32);
    *line = to = malloc(room);
    if (to == NULL)
        abort(); /* any crash is safe */
    for (uint32_t i = 0; i < target->columns; i++) {
        if (i > 0)
            *to++ = csv->delimiter;
        end = field_write(csv, to, target->column[i].name, strlen(target->column[i].name), true);
        if (end == NULL) {
            name_refused(csv, target, target->column[i].name, fault);
            goto free_line;
        }
        to = end;
    }
    for (size_t k = 0; k < ENVELOPE_COLUMNS && target->envelope != DAYBREAK_ENVELOPE_NONE; k++) {
        char *name = target_join(prefix, envelope_names[k], "", "");
        bool clash = false;

        for (uint32_t i = 0; i < target->columns; i++)
            clash |= strcmp(target->column[i].name, name) == 0;
        if (clash) {
            TARGET_HALT(csv->host, fault, 78, "name-clash",
                        "cannot write column '%s' of table '%s': the envelope has one of that name",
                        name, target->table);
            csv->host->hint(fault, "give the envelope another prefix in the sink: `prefix: db_` makes it db_%s",
                            envelope_names[k]);
        }
        *to++ = csv->delimiter;
        end = field_write(csv, to, name, strlen(name), true);
        if (!clash && end == NULL)
            name_refused(csv, target, name, fault);
        free(name);
        if (clash || end == NULL)
            goto free_line;
        to = end;
    }
    to = line_end_write(csv, to);
    *to = '\0';
    *size = (size_t)(to - *line);
    return 0;

free_line:
    free(*line);
    *line = NULL;
    return -1;
}

static int
table_prepare(struct csv *csv, const struct daybreak_target *target, struct csv_table *table, struct daybreak_fault *fault)
{
    struct target_head head = {.at = "", .size = 0};
    size_t size;
    char *line;
    int result;

    if (target_check_envelope(csv->host, target, false, fault) != 0 || header_make(csv, target, &line, &size, fault) != 0)
        return -1;
    head.shape = XXH3_64bits(line, size);
    if (csv->header)
        head = (struct target_head){.at = line, .size = size, .shape = head.shape};
    result = target_bind(&csv->target, target, &head, &table->file, fault);
    free(line);
    if (result != 0)
        return -1;
    table->alone = target->envelope == DAYBREAK_ENVELOPE_NONE;
    free(table->column);
    table->column = calloc(target->columns + (size_t)1, sizeof *table->column);
    if (table->column == NULL)
        abort();
    table->columns = target->columns;
    for (uint32_t i = 0; i < target->columns; i++)
        table->column[i].type = target->column[i].type;
    return 0;
}

static int
csv_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct csv *csv = self;

    if (csv->table == NULL) {
        csv->table = calloc(targets + (size_t)1, sizeof *csv->table);
        if (csv->table == NULL)
            abort();
        csv->tables = targets;
    }
    for (uint32_t i = 0; i < targets; i++)
        if (target[i].column != NULL && table_prepare(csv, &target[i], &csv->table[i], fault) != 0)
            return -1;
    return 0;
}

/* ---- rows --------------------------------------------------------------------------------- */

static inline const struct daybreak_span *
cell_of(const struct csv_column *column, uint32_t row)
{
    return (const struct daybreak_span *)(const void *)(column->view.data + (size_t)row * column->view.stride);
}

static size_t
row_room(const struct csv *csv, const struct csv_table *table, const struct daybreak_batch *batch, uint32_t i)
{
    size_t room = 256 + LINE_SLACK + (table->columns + ENVELOPE_COLUMNS) * (csv->null_size + 4);

    for (uint32_t c = 0; c < table->columns; c++) {
        uint32_t size = cell_of(&table->column[c], batch->pick[i])->size;

        if (size != DAYBREAK_NULL)
            room += FIELD_ROOM(table->column[c].type == DAYBREAK_TYPE_BYTES ? LINE_BASE64(size) : size);
    }
    return room + FIELD_ROOM(batch->position[i].size) + FIELD_ROOM(batch->context[i].size);
}

/* The six columns of the envelope; NULL when one of them cannot be written. */
static char *
envelope_write(struct csv *csv, const struct daybreak_batch *batch, uint32_t i, char *to)
{
    char text[LINE_INSTANT + LINE_SLACK];
    size_t size;

    *to++ = csv->delimiter;
    to = line_hex(to, batch->event_id[i], 16);
    *to++ = csv->delimiter;
    *to++ = batch->op[i];
    *to++ = csv->delimiter;
    size = (size_t)(line_instant(text, &csv->day, batch->changed_at[i]) - text);
    to = size == 0 ? null_write(csv, to, false) : field_write(csv, to, text, size, false);
    if (to == NULL)
        return NULL;
    *to++ = csv->delimiter;
    to = line_int(to, batch->story->batch);
    *to++ = csv->delimiter;
    to = field_write(csv, to, batch->position[i].at, batch->position[i].size, false);
    if (to == NULL)
        return NULL;
    *to++ = csv->delimiter;
    if (batch->context[i].size == 0)
        return null_write(csv, to, false);
    return field_write(csv, to, batch->context[i].at, batch->context[i].size, true);
}

static char *
row_write(struct csv *csv, const struct csv_table *table, const struct daybreak_batch *batch, uint32_t i, char *to)
{
    bool only = table->columns == 1 && table->alone;

    for (uint32_t c = 0; c < table->columns; c++) {
        const struct csv_column *column = &table->column[c];
        const struct daybreak_span *cell = cell_of(column, batch->pick[i]);
        const char *at = column->view.base + cell->at;
        size_t size = cell->size;

        if (c > 0)
            *to++ = csv->delimiter;
        if (cell->size == DAYBREAK_NULL) {
            to = null_write(csv, to, only);
            continue;
        }
        if (column->type == DAYBREAK_TYPE_BYTES) {
            char *coded = csv->host->alloc(batch, LINE_BASE64(size) + 1);

            size = (size_t)(line_base64(coded, at, size) - coded);
            at = coded;
        }
        to = field_write(csv, to, at, size, column->type == DAYBREAK_TYPE_TEXT);
        if (to == NULL)
            return NULL;
    }
    if (!table->alone)
        to = envelope_write(csv, batch, i, to);
    return to == NULL ? NULL : line_end_write(csv, to);
}

static int
csv_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct csv *csv = self;
    struct csv_table *table = &csv->table[target];
    char *to, *end;

    if (target_begin(&csv->target, table->file, batch->story, fault) != 0)
        return -1;
    for (uint32_t c = 0; c < table->columns; c++)
        csv->host->view(batch, c, DAYBREAK_AS_TEXT, &table->column[c].view);
    for (uint32_t i = 0; i < batch->changes; i++) {
        if (table->alone && batch->op[i] == 'd') {
            csv->host->refuse(batch, i, "delete_without_envelope",
                              "a delete is no row, and `envelope: none` cannot say that it is one");
            continue;
        }
        if (target_room(&csv->target, table->file, row_room(csv, table, batch, i), &to, fault) != 0)
            return -1;
        end = row_write(csv, table, batch, i, to);
        if (end == NULL)
            csv->host->refuse(batch, i, "cannot_quote", "a field needs quotes, and quote is none");
        else
            table->file->used += (size_t)(end - to);
    }
    return 0;
}

static int
csv_intend(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    struct csv *csv = self;

    return target_intend(&csv->target, commit, mark, fault);
}

static int
csv_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct csv *csv = self;

    return target_commit(&csv->target, commit, fault);
}

static void
csv_rollback(void *self)
{
    struct csv *csv = self;

    target_rollback(&csv->target);
}

static const char *
csv_state_mark(void *self)
{
    struct csv *csv = self;

    return target_state_mark(&csv->target);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "csv",
    .help = "Appends changes to a CSV file, the envelope in columns behind those of the row.",
    .options = options,
    .self_size = sizeof(struct csv),
    .open = csv_open,
    .close = csv_close,
    .claim = csv_claim,
    .prepare = csv_prepare,
    .stage = csv_stage,
    .intend = csv_intend,
    .commit = csv_commit,
    .rollback = csv_rollback,
    .state_mark = csv_state_mark,
};
