/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records out of a block. Runs of records with the right number of cells, as the scanner found them, become spans at memory speed;
 * a record that is anything else goes through the careful reader.
 */
#include "csv_rows.h"

#include <string.h>

/* ---- one record --------------------------------------------------------------------------- */

int
csv_begins_with(const struct daybreak_rows *rows, uint32_t at, const char *prefix, uint32_t size)
{
    uint32_t left = rows->block_size - at;

    if (size == 0)
        return 0;
    if (left >= size)
        return memcmp(rows->block + at, prefix, size) == 0;
    return !rows->last && memcmp(rows->block + at, prefix, left) == 0 ? -1 : 0;
}

enum csv_step
csv_line_pass(struct csv *csv, const struct daybreak_rows *rows)
{
    const char *block = rows->block;
    uint32_t at = csv->at, size = rows->block_size;

    while (at < size && block[at] != '\n' && block[at] != '\r')
        at++;
    if ((at == size || (block[at] == '\r' && at + 1 == size)) && !rows->last)
        return CSV_STEP_WAIT;
    if (at < size) {
        at += block[at] == '\r' && at + 1 < size && block[at + 1] == '\n' ? 2 : 1;
        csv->line++;
    }
    csv->at = at;
    return CSV_STEP_ON;
}

int
csv_trailer_at(const struct csv *csv, const struct daybreak_rows *rows)
{
    uint32_t at = csv->at, size = csv->trailer_size;
    int here = csv_begins_with(rows, at, csv->trailer_starts, size);

    if (here != 0 || size == 0 || at == rows->block_size || (unsigned char)rows->block[at] != csv->dialect.quote)
        return here;
    return csv_begins_with(rows, at + 1, csv->trailer_starts, size); /* where all is quoted, so is the trailer */
}

/* 1: a line without anything stands here, 0: none, -1: the block ends before that is known. */
static int
blank_line_at(const struct csv *csv, const struct daybreak_rows *rows)
{
    const char *block = rows->block;
    uint32_t at = csv->at;

    if (csv->trim)
        while (at < rows->block_size && csv_record_blank(block[at]) && block[at] != csv->dialect.delimiter[0])
            at++;
    if (at == rows->block_size || (block[at] == '\x1a' && at + 1 == rows->block_size)) /* or DOS says that the file ends */
        return rows->last ? 1 : rows->overlong ? 0 : -1;
    return block[at] == '\n' || block[at] == '\r';
}

enum csv_step
csv_idle_pass(struct csv *csv, const struct daybreak_rows *rows)
{
    for (;;) {
        int comment, blank;

        if (csv->at == rows->block_size)
            return CSV_STEP_WAIT;
        comment = csv_begins_with(rows, csv->at, csv->comment, csv->comment_size);
        if (comment != 0 && csv->trailer_size > 0) { /* a trailer may well look like a comment */
            int trailer = csv_trailer_at(csv, rows);

            if (trailer != 0)
                return trailer > 0 ? CSV_STEP_ON : CSV_STEP_WAIT;
        }
        blank = comment == 0 ? blank_line_at(csv, rows) : 0;
        if (comment == 0 && blank == 0)
            return CSV_STEP_ON;
        if (comment < 0 || blank < 0)
            return CSV_STEP_WAIT;
        if (csv_line_pass(csv, rows) == CSV_STEP_WAIT) {
            if (comment > 0 && rows->overlong && csv->at == 0) {
                csv->swallow = 'c';
                csv->at = rows->block_size - (rows->block[rows->block_size - 1] == '\r');
            }
            return CSV_STEP_WAIT;
        }
    }
}

/* The row that csv->record is, its surplus dropped and its missing cells null. ${fields}: how many can be trusted. */
static void
row_fill(struct csv *csv, struct daybreak_rows *rows, uint32_t fields)
{
    const struct csv_record *record = &csv->record;
    uint32_t row = rows->rows, nul = UINT32_MAX;
    struct daybreak_span *span;

    csv->host->reserve(rows, row + 1);
    span = rows->spans + (size_t)row * csv->columns;
    rows->start[row] = record->start;
    rows->end[row] = record->end;
    rows->lines[row] = csv->line;
    for (uint32_t i = 0; i < csv->columns; i++) {
        const struct csv_field *field = &record->field[i];

        if (i >= fields) {
            span[i] = (struct daybreak_span){record->start, DAYBREAK_NULL};
        } else if (field->nul) {
            span[i] = (struct daybreak_span){field->at, DAYBREAK_NULL}; /* what it was meant to be is not known */
            nul = nul == UINT32_MAX ? i : nul;
        } else if (csv->null_text != NULL && !field->quoted && field->size == csv->null_size &&
                   memcmp(rows->block + field->at, csv->null_text, csv->null_size) == 0) {
            span[i] = (struct daybreak_span){field->at, DAYBREAK_NULL};
        } else if (field->dirty) {
            span[i].at = rows->block_used;
            span[i].size = csv_field_decode(&csv->dialect, rows->block, field, rows->block + rows->block_used);
            rows->block_used += span[i].size;
        } else {
            span[i].at = field->at + field->quoted;
            span[i].size = field->size - 2 * field->quoted;
        }
    }
    if (nul != UINT32_MAX)
        csv->host->bad(rows, row, nul, "nul_byte", "field '%s' holds a NUL byte", csv->names[nul]);
    rows->rows++;
}

static void
row_take(struct csv *csv, struct daybreak_rows *rows)
{
    const struct csv_record *record = &csv->record;
    uint32_t row = rows->rows, fields = record->fields;
    bool short_of = fields < csv->columns && csv->ragged != CSV_RAGGED_PAD,
         over = fields > csv->columns && csv->ragged != CSV_RAGGED_CUT;

    if (short_of || over)
        csv->host->bad(rows, row, UINT32_MAX, "column_count",
                       csv->header ? "has %u field%s, the header %u" : "has %u field%s, %u are named", fields,
                       fields == 1 ? "" : "s", csv->columns);
    row_fill(csv, rows, fields < csv->columns ? fields : csv->columns);
    csv->at = csv->behind = record->next;
    csv->line += record->lines;
    csv->behind_line = csv->line;
}

/* A record longer than may be: a bad row of the fields that are whole; its rest is swallowed. */
static void
row_overlong(struct csv *csv, struct daybreak_rows *rows)
{
    struct csv_record *record = &csv->record;

    record->end = record->next;
    csv->host->bad(rows, rows->rows, UINT32_MAX, "record_too_long", "is longer than %u bytes", rows->block_size);
    row_fill(csv, rows, record->fields < csv->columns ? record->fields : csv->columns);
    csv->swallow = (char)record->place;
    csv->swallow_line = rows->line + csv->line + record->quote_line;
    csv->at = csv->behind = record->next;
    csv->line += record->lines;
    csv->behind_line = csv->line;
}

/* The text of the trailer's count; false: the trailer has no such field. */
static bool
trailer_field(const struct csv *csv, const struct daybreak_rows *rows, const char **from, const char **to)
{
    const struct csv_record *record = &csv->record;
    const char *at = rows->block + record->start, *end = rows->block + record->end, *stop;
    char by = csv->trailer_starts[csv->trailer_size - 1];

    if (csv->trailer_count <= record->fields) {
        const struct csv_field *field = &record->field[csv->trailer_count - 1];

        *from = rows->block + field->at + field->quoted;
        *to = rows->block + field->at + field->size - field->quoted;
        return true;
    }
    if ((by >= '0' && by <= '9') || (by >= 'a' && by <= 'z') || (by >= 'A' && by <= 'Z') || (unsigned char)by >= 0x80)
        return false;
    for (uint32_t i = 1; i < csv->trailer_count; i++) { /* "TRAILER|3" among rows that have commas: it is cut as it begins */
        at = memchr(at, by, (size_t)(end - at));
        if (at == NULL)
            return false;
        at++;
    }
    stop = memchr(at, by, (size_t)(end - at));
    *from = at;
    *to = stop == NULL ? end : stop;
    return true;
}

/* Digits alone, blanks around; leading zeros are usual. */
static bool
trailer_number(const char *at, const char *end, uint64_t *number)
{
    *number = 0;
    while (at < end && csv_record_blank(*at))
        at++;
    while (end > at && csv_record_blank(end[-1]))
        end--;
    for (const char *digit = at; digit < end; digit++)
        if (*digit < '0' || *digit > '9' || __builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*digit - '0'), number))
            return false;
    return at < end;
}

static enum csv_step
trailer_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    const struct csv_record *record = &csv->record;
    uint64_t rows_there = csv->rows_before + rows->rows, said;
    unsigned long long line = (unsigned long long)(rows->line + csv->line);
    const char *from, *to;

    csv->stage = CSV_STAGE_TRAILED;
    csv->at = record->next;
    csv->line += record->lines;
    if (csv->trailer_count == 0)
        return CSV_STEP_ON;
    if (!csv->rows_known)
        return CSV_CUT(csv, fault, "cannot check the trailer in line %llu: reading went on in the middle, at a mark that "
                               "holds no number of rows", line);
    if (!trailer_field(csv, rows, &from, &to))
        return CSV_CUT(csv, fault, "the trailer in line %llu has %u field%s, its count should be field %u", line, record->fields,
                   record->fields == 1 ? "" : "s", csv->trailer_count);
    if (!trailer_number(from, to, &said))
        return CSV_CUT(csv, fault, "field %u of the trailer in line %llu is no number of rows", csv->trailer_count, line);
    if (said != rows_there)
        return CSV_CUT(csv, fault, "the trailer in line %llu says %llu rows, there are %llu", line,
                   (unsigned long long)said, (unsigned long long)rows_there);
    return CSV_STEP_ON;
}

/* One record, or what stands in its place. */
static enum csv_step
record_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    struct csv_record *record = &csv->record;
    enum csv_found found;
    int trailer;

    if (csv_idle_pass(csv, rows) == CSV_STEP_WAIT)
        return CSV_STEP_WAIT;
    if (rows->rows > 0 && ((uint64_t)rows->rows + 1) * csv->columns > (uint64_t)rows->block_size * 2 + 65536)
        return CSV_STEP_FULL; /* short rows padded to many columns would take memory without bound */
    trailer = csv_trailer_at(csv, rows);
    if (trailer < 0)
        return CSV_STEP_WAIT;
    record->keep = csv->columns > csv->trailer_count ? csv->columns : csv->trailer_count;
    found = csv_record_read(&csv->dialect, rows->block, csv->at, rows->block_size, rows->last, CSV_BEGIN, record);
    if (csv->stage == CSV_STAGE_TRAILED && found != CSV_PARTIAL)
        return CSV_CUT(csv, fault, "line %llu stands behind the trailer", (unsigned long long)(rows->line + csv->line));
    if (found == CSV_UNCLOSED)
        return CSV_CUT(csv, fault, "the quote opened in line %llu is never closed",
                   (unsigned long long)(rows->line + csv->line + record->quote_line));
    if (found == CSV_PARTIAL) {
        if (rows->overlong && csv->at == 0)
            row_overlong(csv, rows);
        return CSV_STEP_WAIT;
    }
    if (trailer > 0)
        return trailer_take(csv, rows, fault);
    row_take(csv, rows);
    return CSV_STEP_ON;
}

/* ---- runs of records ---------------------------------------------------------------------- */

/* The text of a quoted cell; ${doubled}: it has doubled quotes. */
static void
cell_unquote(struct csv *csv, struct daybreak_rows *rows, struct daybreak_span *span, bool doubled)
{
    const char *from = rows->block + span->at + 1, *end = from + span->size - 2, *quote;
    char *to;

    span->at++;
    span->size -= 2;
    if (!doubled)
        return;
    to = rows->block + rows->block_used;
    span->at = rows->block_used;
    while ((quote = memchr(from, csv->dialect.quote, (size_t)(end - from))) != NULL) {
        size_t size = (size_t)(quote + 1 - from);

        memcpy(to, from, size);
        to += size;
        from = quote + 2;
    }
    memcpy(to, from, (size_t)(end - from));
    to += end - from;
    rows->block_used = (uint32_t)(to - rows->block);
    span->size = rows->block_used - span->at;
}

/* A cell that is quoted begins and ends with its quotes, and stays as it is. */
static void
span_trim(const char *block, struct daybreak_span *span)
{
    while (span->size > 0 && csv_record_blank(block[span->at + span->size - 1]))
        span->size--;
    while (span->size > 0 && csv_record_blank(block[span->at])) {
        span->at++;
        span->size--;
    }
}

/* ${count} records of csv->columns cells each, the first cell being number ${first} of the scan. */
static void
run_take(struct csv *csv, struct daybreak_rows *rows, uint32_t first, uint32_t count, uint32_t *quoted,
         uint32_t *doubled, uint32_t *soft)
{
    const struct csv_scan *scan = &csv->scan;
    const uint32_t columns = csv->columns, cells = count * columns;
    const char *block = rows->block;
    uint32_t row = rows->rows, line = csv->line;
    uint32_t soft_at = *soft < scan->soft.count ? scan->soft.at[*soft] : UINT32_MAX;
    struct daybreak_span *span, *last;

    csv->host->reserve(rows, row + count);
    span = rows->spans + (size_t)row * columns;
    csv_scan_spans(scan->cell.at + first, cells, span);
    last = span + columns - 1;
    for (uint32_t i = 0; i < count; i++, last += columns) {
        uint32_t end = last->at + last->size;
        bool crlf = last->size > 0 && block[end] == '\n' && block[end - 1] == '\r';

        last->size -= crlf;
        rows->start[row + i] = last[1 - (ptrdiff_t)columns].at;
        rows->end[row + i] = end - crlf;
        rows->lines[row + i] = line++;
        while (soft_at < end) {
            line++;
            soft_at = ++*soft < scan->soft.count ? scan->soft.at[*soft] : UINT32_MAX;
        }
    }
    if (csv->trim)
        for (uint32_t i = 0; i < cells; i++)
            span_trim(block, &span[i]);
    if (csv->null_text != NULL)
        for (uint32_t i = 0; i < cells; i++)
            if (span[i].size == csv->null_size && memcmp(block + span[i].at, csv->null_text, csv->null_size) == 0)
                span[i].size = DAYBREAK_NULL;
    for (; *quoted < scan->quoted.count && scan->quoted.at[*quoted] < first + cells; ++*quoted) {
        uint32_t cell = scan->quoted.at[*quoted];
        bool twice = *doubled < scan->doubled.count && scan->doubled.at[*doubled] == cell;

        cell_unquote(csv, rows, span + (cell - first), twice);
        while (*doubled < scan->doubled.count && scan->doubled.at[*doubled] == cell)
            ++*doubled;
    }
    rows->rows += count;
    csv->at = csv->behind = scan->cell.at[first + cells] + 1;
    csv->line = csv->behind_line = line;
}

/* May what begins here be no record? It is looked at with more care then. */
static bool
is_watched(const struct csv *csv, const struct daybreak_rows *rows, uint32_t at)
{
    const char *block = rows->block;
    char c = block[at];

    if (c == '\n' || c == '\r' || (csv->comment_size > 0 && c == csv->comment[0]) || (csv->trim && csv_record_blank(c)))
        return true;
    if (csv->trailer_size == 0)
        return false;
    return c == csv->trailer_starts[0] || ((unsigned char)c == csv->dialect.quote && block[at + 1] == csv->trailer_starts[0]);
}

static void
list_pass(const struct csv_list *list, uint32_t *from, uint32_t below)
{
    while (*from < list->count && list->at[*from] < below)
        ++*from;
}

/* The records that the scanner found in one window. */
static enum csv_step
window_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    struct csv_scan *scan = &csv->scan;
    const uint32_t *cell = scan->cell.at, *record = scan->record.at;
    const uint32_t records = scan->record.count, columns = csv->columns;
    uint32_t first = 0, quoted = 0, doubled = 0, soft = 0, at = 0;

    while (at < records) {
        uint32_t run = at, next = first;
        enum csv_step step;

        while (run < records && record[run] + 1 - next == columns &&
               !(csv->watches && is_watched(csv, rows, cell[next] + 1))) {
            next += columns;
            run++;
        }
        if (run > at) {
            run_take(csv, rows, first, run - at, &quoted, &doubled, &soft);
            first = next;
            at = run;
            continue;
        }
        step = record_take(csv, rows, fault);
        if (step != CSV_STEP_ON)
            return step;
        while (at < records && cell[record[at] + 1] + 1 < csv->at) /* blank lines went with it */
            at++;
        if (at == records || cell[record[at] + 1] + 1 != csv->at || csv->stage != CSV_STAGE_ROWS)
            return CSV_STEP_RESCAN;
        first = record[at++] + 1;
        list_pass(&scan->quoted, &quoted, first);
        list_pass(&scan->doubled, &doubled, first);
        list_pass(&scan->soft, &soft, csv->at);
    }
    csv_scan_forget(scan, first);
    return CSV_STEP_ON;
}

/* All that the scanner can read from csv->at on. ON: a record follows that it cannot. */
static enum csv_step
scan_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    struct csv_scan *scan = &csv->scan;
    uint32_t size = rows->block_size;
    uint32_t limit = size > 0 && !rows->last && rows->block[size - 1] == '\r' ? size - 1 : size;

    csv_scan_begin(scan, csv->at);
    while (scan->at < limit && !scan->odd) {
        enum csv_step step;

        csv_scan_window(scan, rows->block, limit, size);
        step = window_take(csv, rows, fault);
        if (step != CSV_STEP_ON)
            return step;
    }
    return scan->odd ? CSV_STEP_ON : CSV_STEP_WAIT;
}

enum csv_step
csv_rows_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault)
{
    for (;;) {
        enum csv_step step = CSV_STEP_ON;

        if (csv->scans && csv->stage == CSV_STAGE_ROWS && csv->columns > 0) {
            step = scan_take(csv, rows, fault);
            if (step == CSV_STEP_RESCAN)
                continue;
            if (step == CSV_STEP_WAIT && (rows->last || (rows->overlong && csv->at == 0)))
                step = CSV_STEP_ON;
        }
        if (step == CSV_STEP_ON)
            step = record_take(csv, rows, fault);
        if (step != CSV_STEP_ON)
            return step;
    }
}
