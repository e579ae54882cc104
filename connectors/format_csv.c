/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma separated values, RFC 4180 and what people make of it, as rows of spans over the block.
 *
 * The scanner finds cells and records; whole runs of records with the right number of cells become spans at memory speed. A record
 * that is anything else (other count of cells, stray quotes, NUL bytes, comment, trailer, blank) goes through csv_record. A dialect
 * the scanner does not know (a delimiter of several bytes, an escape) takes that way throughout. Owns the names of the header.
 *
 * CR, LF and CRLF end a line, in any mixture; a blank line is no record. Marks are those of line_mark.h: "LINE:BYTE".
 * A record whose end equals block_size had no line end; it is only given when nothing follows the block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

#include "csv_options.h"

static const struct daybreak_option options[] = {
    {.name = "delimiter", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, delimiter), .preset = ",",
     .help = "What separates the fields: 1 to 16 bytes; tab, \\t and \\xHH are understood wherever they come.", .example = "\"||\""},
    {.name = "quote", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, quote), .preset = "\"",
     .help = "The character around fields that hold delimiters or line ends; none switches quoting off.",
     .example = "\"'\""},
    {.name = "escape", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, escape),
     .help = "A character that makes the next one plain text, in quotes and outside; without it a quote in quotes is written twice, and "
             "with it it may be.", .example = "\\"},
    {.name = "trim", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct csv, trim), .preset = "false",
     .help = "Blanks and tabs around a field, and around its quotes, are no part of it; what stands in quotes stays."},
    {.name = "header", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct csv, header), .preset = "true",
     .help = "Whether the first record names the columns; false: their names are those of fields, in order."},
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct csv, names_given),
     .help = "Names of the columns where there is no header; the fields of the pipeline stand for it."},
    {.name = "null_text", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, null_text),
     .help = "An unquoted field with exactly this text is null.", .example = "\\N"},
    {.name = "skip", .type = DAYBREAK_INTEGER, .at = offsetof(struct csv, skip), .max = 1000000,
     .help = "Lines before the header that are no data, whatever stands in them."},
    {.name = "comment", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, comment),
     .help = "Lines that begin with this are no records; blank lines never are.", .example = "\"#\""},
    {.name = "ragged", .type = DAYBREAK_CHOICE, .at = offsetof(struct csv, ragged), .preset = "invalid",
     .choices = "invalid|pad|cut",
     .help = "A record with too few or too many fields: invalid; pad: missing ones are null; cut: surplus ones are dropped."},
    {.name = "decimal", .type = DAYBREAK_CHOICE, .at = offsetof(struct csv, decimal), .preset = ".", .choices = ".|,",
     .help = "The decimal point of numbers."},
    {.name = "thousands", .type = DAYBREAK_TEXT, .at = offsetof(struct csv, thousands), .preset = "none",
     .help = "What may stand between groups of three digits of a number: . or , or ' or space (also the narrow and the no-break one). A "
             "number without is taken too, one that is grouped wrongly is not.", .example = "\".\""},
    {.name = "trailer", .type = DAYBREAK_MAP, .at = offsetof(struct csv, trailer),
     .help = "The record that ends the file and proves it whole: how its line begins, and, if it has one, which field, from 1, holds the "
             "number of rows. Its fields are those of the delimiter; where it has too few, starts tells by its last character how it is cut.",
     .example = "{starts: \"TRAILER|\", count: 2}"},
    {.name = NULL},
};

/* ---- life --------------------------------------------------------------------------------- */

/* The first thing that is wrong; lint names the others too. */
struct refusal {
    const struct daybreak_host *host;
    struct daybreak_fault *fault;
    bool refused;
};

static void
refuse(void *context, const char *option, const char *what, const char *hint)
{
    struct refusal *refusal = context;

    (void)option;
    if (refusal->refused)
        return;
    refusal->refused = true;
    refusal->host->fault(refusal->fault, DAYBREAK_HALT, "%s", what);
    if (hint != NULL)
        refusal->host->hint(refusal->fault, "%s", hint);
}

static void
csv_check(const void *self, daybreak_wrong_fn wrong, void *context)
{
    csv_options_check(self, wrong, context);
}

static int
csv_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct csv *csv = self;
    struct refusal refusal = {host, fault, false};

    csv->host = host;
    csv_options_check(csv, refuse, &refusal);
    if (refusal.refused)
        return -1;
    csv_options_make(csv);
    csv_scan_init(&csv->scan, csv->dialect.delimiter[0], csv->dialect.quote, csv_scan_best());
    return 0;
}

static void
names_free(struct csv *csv)
{
    for (uint32_t i = 0; i < csv->columns; i++)
        free(csv->names[i]);
    free(csv->names);
    csv->names = NULL;
    csv->columns = 0;
}

static void
csv_close(void *self)
{
    struct csv *csv = self;

    names_free(csv);
    csv_scan_fini(&csv->scan);
    free(csv->record.field);
}

static int
csv_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct csv *csv = self;

    (void)part;
    names_free(csv);
    csv->stage = CSV_STAGE_START;
    csv->skip_left = csv->skip;
    csv->mark = (struct line_mark){0};
    csv->swallow = 0;
    csv->swallow_line = csv->rows_before = csv->rows_fed = 0;
    csv->rows_known = true;
    if (mark != NULL && mark[0] != '\0' && !line_mark_read(mark, &csv->mark))
        return csv->host->fault(fault, DAYBREAK_HALT, "cannot go on at mark '%s': it is none of csv", mark);
    return 0;
}

/* ---- names -------------------------------------------------------------------------------- */

static char *
text_new(const char *at, size_t size)
{
    char *text = line_grow(NULL, size + 1);

    memcpy(text, at, size);
    text[size] = '\0';
    return text;
}

static void
names_ready(struct csv *csv, struct daybreak_rows *rows)
{
    rows->columns = csv->columns;
    csv->stage = CSV_STAGE_ROWS;
    csv->watches = csv->comment_size > 0 || csv->trailer_size > 0 || csv->columns == 1;
}

static int
name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
names_check(struct csv *csv, struct daybreak_fault *fault)
{
    const char **sorted = line_grow(NULL, csv->columns * sizeof *sorted);
    const char *twice = NULL;

    for (uint32_t i = 0; i < csv->columns; i++) {
        sorted[i] = csv->names[i];
        if (csv->names[i][0] == '\0') {
            free(sorted);
            csv->host->fault(fault, DAYBREAK_HALT, "column %u has no name in the header", i + 1);
            return csv->host->hint(fault, "with header: false the columns are named by fields");
        }
    }
    qsort(sorted, csv->columns, sizeof *sorted, name_order);
    for (uint32_t i = 1; i < csv->columns && twice == NULL; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            twice = sorted[i];
    free(sorted);
    if (twice == NULL)
        return 0;
    csv->host->fault(fault, DAYBREAK_HALT, "column '%.200s' comes twice in the header", twice);
    return csv->host->hint(fault, "with header: false and skip: 1 the columns are named by fields");
}

/* The names out of the header, which is csv->record. */
static int
names_of_header(struct csv *csv, const char *block, struct daybreak_fault *fault)
{
    const struct csv_record *record = &csv->record;

    if (record->fields > CSV_COLUMNS_MAX)
        return csv->host->fault(fault, DAYBREAK_HALT, "the header has %u columns, at most %d can be", record->fields,
                                CSV_COLUMNS_MAX);
    csv->names = line_grow(NULL, record->fields * sizeof *csv->names);
    for (uint32_t i = 0; i < record->fields; i++) {
        const struct csv_field *field = &record->field[i];
        uint32_t quotes = field->quoted && !field->dirty;

        if (field->nul) {
            csv->host->fault(fault, DAYBREAK_HALT, "the name of column %u in the header holds a NUL byte", i + 1);
            return csv->host->hint(fault, "is the file UTF-16 without its mark (`encoding: UTF-16LE`), packed, or no text at all?");
        }
        if (field->dirty) {
            char *name = line_grow(NULL, (size_t)field->size + 1);

            name[csv_field_decode(&csv->dialect, block, field, name)] = '\0';
            csv->names[i] = name;
        } else {
            csv->names[i] = text_new(block + field->at + quotes, field->size - 2 * quotes);
        }
        csv->columns = i + 1;
    }
    return names_check(csv, fault);
}

static void
names_of_list(struct csv *csv, uint32_t count)
{
    csv->names = line_grow(NULL, count * sizeof *csv->names);
    for (uint32_t i = 0; i < count; i++) {
        char number[16];
        const char *name = number;

        snprintf(number, sizeof number, "c%u", i + 1);
        if (i < csv->names_given.count)
            name = csv->names_given.item[i];
        csv->names[i] = text_new(name, strlen(name));
    }
    csv->columns = count;
}

static int
csv_columns(void *self, const char *const **names, uint32_t *count, struct daybreak_fault *fault)
{
    const struct csv *csv = self;

    (void)fault;
    *names = (const char *const *)csv->names;
    *count = csv->columns;
    return 0;
}

/* ---- a block ------------------------------------------------------------------------------ */

/* The rest of what was too long. */
static enum csv_step
swallow_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    struct csv_record *record = &csv->record;
    enum csv_found found;

    if (csv->swallow == 'c') {
        if (csv_line_pass(csv, rows) == CSV_STEP_WAIT) {
            csv->at = rows->block_size - (rows->block_size > 0 && rows->block[rows->block_size - 1] == '\r');
            return CSV_STEP_WAIT;
        }
        csv->swallow = 0;
        return CSV_STEP_ON;
    }
    record->keep = 0;
    found = csv_record_read(&csv->dialect, rows->block, csv->at, rows->block_size, rows->last,
                            (enum csv_place)csv->swallow, record);
    if (found == CSV_UNCLOSED)
        return CSV_CUT(csv, fault, "the quote opened in line %llu is never closed", (unsigned long long)csv->swallow_line);
    csv->at = record->next;
    csv->line += record->lines;
    csv->swallow = found == CSV_PARTIAL ? (char)record->place : 0;
    return found == CSV_PARTIAL ? CSV_STEP_WAIT : CSV_STEP_ON;
}

/* What comes before the header. */
static enum csv_step
start_take(struct csv *csv, struct daybreak_rows *rows)
{
    if (csv->at == 0 && rows->byte == 0 && csv->skip_left == csv->skip) {
        int bom = csv_begins_with(rows, 0, "\xef\xbb\xbf", 3);

        if (bom < 0)
            return CSV_STEP_WAIT;
        csv->at = bom > 0 ? 3 : 0;
    }
    for (; csv->skip_left > 0; csv->skip_left--)
        if (csv->at == rows->block_size || csv_line_pass(csv, rows) == CSV_STEP_WAIT)
            return CSV_STEP_WAIT;
    csv->stage = CSV_STAGE_HEADER;
    return CSV_STEP_ON;
}

/* Names of the columns: CSV_STEP_ON, or *failed. */
static enum csv_step
header_take(struct csv *csv, struct daybreak_rows *rows, bool *failed, struct daybreak_fault *fault)
{
    struct csv_record *record = &csv->record;
    enum csv_found found;

    if (!csv->header && csv->names_given.count > 0) {
        names_of_list(csv, (uint32_t)csv->names_given.count);
        names_ready(csv, rows);
        return CSV_STEP_ON;
    }
    if (csv_idle_pass(csv, rows) == CSV_STEP_WAIT)
        return CSV_STEP_WAIT;
    if (!csv->header) {
        int trailer = csv_trailer_at(csv, rows);

        if (trailer != 0) { /* no row at all */
            if (trailer > 0)
                csv->stage = CSV_STAGE_ROWS;
            return trailer > 0 ? CSV_STEP_ON : CSV_STEP_WAIT;
        }
    }
    record->keep = CSV_COLUMNS_MAX;
    found = csv_record_read(&csv->dialect, rows->block, csv->at, rows->block_size, rows->last, CSV_BEGIN, record);
    if (found == CSV_UNCLOSED)
        return CSV_CUT(csv, fault, "the quote opened in line %llu is never closed",
                   (unsigned long long)(rows->line + csv->line + record->quote_line));
    if (found == CSV_PARTIAL) {
        *failed = rows->overlong && csv->at == 0;
        if (*failed)
            csv->host->fault(fault, DAYBREAK_HALT, "the %s is longer than %u bytes",
                             csv->header ? "header" : "first record", rows->block_size);
        return CSV_STEP_WAIT;
    }
    if (csv->header) {
        *failed = names_of_header(csv, rows->block, fault) != 0;
        csv->at = record->next;
        csv->line += record->lines;
    } else {
        names_of_list(csv, record->fields < CSV_COLUMNS_MAX ? record->fields : CSV_COLUMNS_MAX);
    }
    names_ready(csv, rows);
    return CSV_STEP_ON;
}

static int
csv_feed(void *self, struct daybreak_rows *rows, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct csv *csv = self;
    enum csv_step step = CSV_STEP_ON;
    bool failed = false;

    csv->at = csv->line = csv->behind = csv->behind_line = 0;
    rows->rows = 0;
    rows->columns = csv->columns;
    csv->rows_before += csv->rows_fed;
    csv->rows_fed = 0;
    if (csv->swallow != 0)
        step = swallow_take(csv, rows, fault);
    if (step == CSV_STEP_ON && csv->stage == CSV_STAGE_START)
        step = start_take(csv, rows);
    if (step == CSV_STEP_ON && csv->stage == CSV_STAGE_HEADER)
        step = header_take(csv, rows, &failed, fault);
    if (failed)
        return -1;
    *next = DAYBREAK_MORE;
    if (step == CSV_STEP_ON && csv->mark.byte > 0) { /* the header was read for its names */
        rows->skip_to = csv->mark.byte;
        rows->next_line = csv->mark.line;
        rows->consumed = csv->at;
        csv->swallow = csv->mark.state;
        csv->swallow_line = csv->mark.line;
        csv->rows_before = csv->mark.rows;
        csv->rows_known = csv->mark.counted;
        csv->mark = (struct line_mark){0};
        return 0;
    }
    if (step == CSV_STEP_ON)
        step = csv_rows_take(csv, rows, fault);
    if (step == CSV_STEP_WAIT && rows->last && csv->trailer_size > 0 && csv->stage != CSV_STAGE_TRAILED)
        step = CSV_CUT(csv, fault, "the trailer is missing: no line begins with '%s'", csv->trailer_starts);
    rows->consumed = csv->at;
    rows->next_line = rows->line + csv->line;
    csv->rows_fed = rows->rows;
    if (step == CSV_STEP_CUT)
        *next = DAYBREAK_INPUT_CUT;
    else if (step == CSV_STEP_WAIT && rows->last)
        *next = DAYBREAK_PART_END;
    return 0;
}

static int
csv_mark(void *self, const struct daybreak_rows *rows, uint32_t row, char *to, size_t room,
         struct daybreak_fault *fault)
{
    const struct csv *csv = self;
    bool final = row + 1 >= rows->rows;
    struct line_mark mark = {
        .line = rows->line + (final ? csv->behind_line : rows->lines[row + 1]),
        .byte = rows->byte + (final ? csv->behind : rows->start[row + 1]),
        .rows = csv->rows_before + row + 1,
        .counted = csv->trailer_size > 0 && csv->rows_known,
        .state = final ? csv->swallow : 0,
    };

    if (!line_mark_write(&mark, to, room))
        return csv->host->fault(fault, DAYBREAK_HALT, "cannot write a mark into %zu bytes", room);
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_FORMAT,
    .name = "csv",
    .help = "Comma separated values: one record a line, with or without a header.",
    .abilities = DAYBREAK_EMPTY_IS_NULL | DAYBREAK_NAMES_ALL,
    .self_size = sizeof(struct csv),
    .options = options,
    .open = csv_open,
    .close = csv_close,
    .begin = csv_begin,
    .feed = csv_feed,
    .columns = csv_columns,
    .mark = csv_mark,
    .compare = line_mark_compare,
    .check = csv_check,
};
