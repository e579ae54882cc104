/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format template: records of lines NAME=VALUE, an empty line between two records.
 *
 *     id=1
 *     name=Ann
 *
 *     id=2
 *     name=Bo
 *
 * A format turns blocks of bytes into rows. The engine reads the file, unpacks it, and hands over one block after the other; the format
 * takes the whole records out of it, says how far it came (consumed), and gets the rest again in front of the next block. It copies nothing:
 * a cell is a span, an offset and a length in the block. All it calls is in `struct daybreak_host`, so it links to nothing of Daybreak's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

/*
 * One instance. The engine makes it zeroed and fills the fields that the table of options names; open does the rest. Nothing writable may
 * lie outside of it: several instances run at once, each on its own thread.
 */
struct template_format {
    const struct daybreak_host *host;
    struct daybreak_list names; /* option; lent until close */
    uint64_t skip_to, skip_line; /* where begin was told to go on; 0: at the beginning */
    bool swallow;               /* inside of a record that was too long: its rest is passed over */
};

/* The one description of the options: it parses, checks, fills, and writes the manual. */
static const struct daybreak_option options[] = {
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct template_format, names),
     .help = "The columns; `fields` of the pipeline file gives them when this is not set.", .example = "[id, name]"},
    {.name = NULL},
};

static int
template_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct template_format *format = self;

    format->host = host; /* lent until close */
    if (format->names.count > 0 && format->names.count <= 1000)
        return 0;
    host->fault(fault, DAYBREAK_HALT, "a record has between 1 and 1000 names, not %zu", format->names.count);
    return host->hint(fault, "name them under `fields` of the source");
}

static void
template_close(void *self)
{
    (void)self; /* whatever open took would be given back here */
}

/*
 * A part begins: a file, or a member of an archive. ${mark} is NULL, or what this format's own `mark` wrote in an earlier life, perhaps in
 * another process: then reading goes on behind that record.
 */
static int
template_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct template_format *format = self;
    char *end;

    (void)part;
    format->skip_to = 0;
    format->swallow = false;
    if (mark == NULL || mark[0] == '\0')
        return 0;
    format->skip_line = strtoull(mark, &end, 10);
    if (*end == ':')
        format->skip_to = strtoull(end + 1, &end, 10);
    format->swallow = *end == '~';
    if (format->skip_to == 0 || end[format->swallow] != '\0')
        return format->host->fault(fault, DAYBREAK_HALT, "'%.40s' is no mark of this format", mark);
    return 0;
}

/* Text is UTF-8 without NUL (RFC 3629): what is not must not pass as if it were. */
static bool
utf8(const char *text, uint32_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;

    while (at < end) {
        unsigned char lead = *at++;
        int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;

        if (lead == 0 || more < 0 || end - at < more)
            return false;
        if ((lead == 0xe0 && at[0] < 0xa0) || (lead == 0xed && at[0] > 0x9f) || (lead == 0xf0 && at[0] < 0x90) ||
            (lead == 0xf4 && at[0] > 0x8f))
            return false;
        for (; more > 0; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static uint32_t
column_find(const struct template_format *format, const char *name, uint32_t size)
{
    for (uint32_t i = 0; i < format->names.count; i++)
        if (strlen(format->names.item[i]) == size && memcmp(format->names.item[i], name, size) == 0)
            return i;
    return UINT32_MAX;
}

/* One line of record ${row}, NAME=VALUE, into its cell. A row that cannot be read is still a row: `bad` says why, and its cells stay. */
static void
line_take(const struct template_format *format, struct daybreak_rows *rows, uint32_t row, uint32_t at, uint32_t end)
{
    const char *line = rows->block + at, *equals = memchr(line, '=', end - at);
    struct daybreak_span *cell;
    uint32_t column;

    if (equals == NULL) {
        format->host->bad(rows, row, UINT32_MAX, "no_equals", "a line is NAME=VALUE");
        return;
    }
    column = column_find(format, line, (uint32_t)(equals - line));
    if (column == UINT32_MAX) {
        format->host->bad(rows, row, UINT32_MAX, "unknown_name", "a line names none of the columns");
        return;
    }
    cell = &rows->spans[(size_t)row * rows->columns + column];
    if (cell->size != DAYBREAK_NULL)
        format->host->bad(rows, row, column, "name_twice", "a record names a column twice");
    *cell = (struct daybreak_span){(uint32_t)(equals + 1 - rows->block), end - (uint32_t)(equals + 1 - rows->block)};
    if (!utf8(equals + 1, cell->size)) {
        format->host->bad(rows, row, column, "bad_utf8", "a value is no UTF-8");
        *cell = (struct daybreak_span){0, DAYBREAK_NULL};
    }
}

/* The lines from ${at} up to an empty one are a record; 0: its end is not in this block. ${next}: behind the empty line. */
static uint32_t
record_end(const struct daybreak_rows *rows, uint32_t at, uint32_t *next)
{
    while (at < rows->block_size) {
        const char *line = rows->block + at, *end = memchr(line, '\n', rows->block_size - at);
        uint32_t size = end == NULL ? rows->block_size - at : (uint32_t)(end - line);

        if (end != NULL && (size == 0 || (size == 1 && line[0] == '\r'))) {
            *next = at;
            return at;
        }
        if (end == NULL)
            break;
        at += size + 1;
    }
    *next = rows->block_size;
    return rows->last || rows->overlong ? rows->block_size : 0;
}

static void
record_take(const struct template_format *format, struct daybreak_rows *rows, uint32_t at, uint32_t end, uint32_t line)
{
    uint32_t row = rows->rows++, stop = end;

    while (stop > at && (rows->block[stop - 1] == '\n' || rows->block[stop - 1] == '\r'))
        stop--; /* the line end is not of the record */
    format->host->reserve(rows, rows->rows);
    for (uint32_t i = 0; i < rows->columns; i++)
        rows->spans[(size_t)row * rows->columns + i] = (struct daybreak_span){0, DAYBREAK_NULL};
    rows->start[row] = at;
    rows->end[row] = stop;
    rows->lines[row] = line;
    if (rows->overlong)
        format->host->bad(rows, row, UINT32_MAX, "too_long", "a record is longer than max_record");
    while (at < stop) {
        const char *line_end = memchr(rows->block + at, '\n', stop - at);
        uint32_t to = line_end == NULL ? stop : (uint32_t)(line_end - rows->block);

        line_take(format, rows, row, at, to > at && rows->block[to - 1] == '\r' ? to - 1 : to);
        at = to + 1;
    }
}

static uint32_t
lines_in(const struct daybreak_rows *rows, uint32_t from, uint32_t to)
{
    uint32_t lines = 0;

    for (const char *at = rows->block + from, *end = rows->block + to; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    return lines;
}

/*
 * The heart: whole records out of one block. What is not whole is left (consumed says so) and comes again with more behind it; in the last
 * block everything is whole. `overlong` says that a record is longer than anybody allows: what is there of it becomes one bad row, and the
 * rest is passed over.
 */
static int
template_feed(void *self, struct daybreak_rows *rows, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct template_format *format = self;
    uint32_t at = 0, line = 0, end, behind;

    (void)fault;
    *next = DAYBREAK_MORE;
    rows->columns = (uint32_t)format->names.count;
    rows->next_line = rows->line;
    if (format->skip_to > 0) { /* begin was given a mark; the first block would have a header, which this format has not */
        rows->skip_to = format->skip_to;
        rows->next_line = format->skip_line;
        format->skip_to = 0;
        return 0;
    }
    while (at < rows->block_size) {
        if (!format->swallow && (rows->block[at] == '\n' || (rows->block[at] == '\r' && at + 1 < rows->block_size && rows->block[at + 1] == '\n'))) {
            at += rows->block[at] == '\r' ? 2 : 1; /* empty lines between records */
            line++;
            continue;
        }
        if (!format->swallow && rows->block[at] == '\r' && at + 1 == rows->block_size && !rows->last)
            break;
        end = record_end(rows, at, &behind);
        if (format->swallow) {
            /* up to the last whole line: an empty one may begin right behind it */
            for (behind = end > 0 ? end : rows->block_size; end == 0 && behind > at && rows->block[behind - 1] != '\n';)
                behind--;
            if (behind == at && !rows->overlong && !rows->last)
                break;
            if (behind == at)
                behind = rows->block_size;
            line += lines_in(rows, at, behind);
            at = behind;
            format->swallow = end == 0 || (rows->overlong && end == rows->block_size);
            continue;
        }
        if (end == 0)
            break;
        record_take(format, rows, at, end, line);
        line += lines_in(rows, at, behind);
        at = behind;
        format->swallow = rows->overlong && end == rows->block_size;
    }
    rows->consumed = at;
    rows->next_line = rows->line + line;
    if (rows->last)
        *next = DAYBREAK_PART_END;
    return 0;
}

static int
template_columns(void *self, const char *const **names, uint32_t *count, struct daybreak_fault *fault)
{
    struct template_format *format = self;

    (void)fault;
    *names = format->names.item;
    *count = (uint32_t)format->names.count;
    return 0;
}

/* Where to go on behind a row: "LINE:BYTE", with ~ when the rest of that record is to be passed over. */
static int
template_mark(void *self, const struct daybreak_rows *rows, uint32_t row, char *mark, size_t room, struct daybreak_fault *fault)
{
    struct template_format *format = self;
    uint64_t line = rows->line + rows->lines[row] + lines_in(rows, rows->start[row], rows->end[row]);
    bool open = rows->overlong && row + 1 == rows->rows && format->swallow;
    uint32_t end = open ? rows->consumed : rows->end[row];
    int size;

    if (open)
        line = rows->next_line;
    size = snprintf(mark, room, "%" PRIu64 ":%" PRIu64 "%s", line, rows->byte + end, open ? "~" : "");
    if (size < 0 || (size_t)size >= room)
        return format->host->fault(fault, DAYBREAK_HALT, "a mark needs more than %zu bytes", room);
    return 0;
}

/* Marks are ordered by their byte. */
static int
template_compare(const char *a, const char *b)
{
    const char *in_a = strchr(a, ':'), *in_b = strchr(b, ':');
    uint64_t byte_a = in_a == NULL ? 0 : strtoull(in_a + 1, NULL, 10), byte_b = in_b == NULL ? 0 : strtoull(in_b + 1, NULL, 10);

    return (byte_a > byte_b) - (byte_a < byte_b);
}

/* The one symbol that is exported. */
const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_FORMAT,
    .name = "template",
    .help = "Records of lines NAME=VALUE, an empty line between two.",
    .options = options,
    .self_size = sizeof(struct template_format),
    .open = template_open,
    .close = template_close,
    .begin = template_begin,
    .feed = template_feed,
    .columns = template_columns,
    .mark = template_mark,
    .compare = template_compare,
};
