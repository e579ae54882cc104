/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Lines: one object a line, as rows of spans over the block. What a record becomes is told in json_record.h; objects inside of it are
 * compact JSON, as arrays are.
 *
 * A line feed ends a line; blank lines are no records. Marks are those of line_mark.h: "LINE:BYTE".
 */
#include <string.h>

#include <daybreak/connector.h>

#include "json_record.h"
#include "line_mark.h"

struct jsonl {
    struct daybreak_list names_given;

    const struct daybreak_host *host;
    struct json_record record;

    bool begun;             /* bytes of the part were seen */
    struct line_mark mark;
    bool swallow;           /* the rest of a line that was too long is passed over */
    uint32_t behind, behind_line;
};

static const struct daybreak_option options[] = {
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct jsonl, names_given),
     .help = "Columns that come first and are there even when no record has them; the fields of the "
             "pipeline stand for it."},
    {.name = NULL},
};

/* ---- life --------------------------------------------------------------------------------- */

static int
jsonl_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    jsonl->host = jsonl->record.host = host;
    if (jsonl->names_given.count > JSON_COLUMNS_MAX)
        return host->fault(fault, DAYBREAK_HALT, "%zu columns are named, at most %d can be", jsonl->names_given.count,
                           JSON_COLUMNS_MAX);
    return 0;
}

static void
jsonl_close(void *self)
{
    struct jsonl *jsonl = self;

    json_record_fini(&jsonl->record);
}

static int
jsonl_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    (void)part;
    json_record_begin(&jsonl->record, &jsonl->names_given);
    jsonl->begun = jsonl->swallow = false;
    jsonl->mark = (struct line_mark){0};
    if (mark != NULL && mark[0] != '\0' && !line_mark_read(mark, &jsonl->mark))
        return jsonl->host->fault(fault, DAYBREAK_HALT, "cannot go on at mark '%s': it is none of jsonl", mark);
    return 0;
}

static int
jsonl_columns(void *self, const char *const **names, uint32_t *count, struct daybreak_fault *fault)
{
    const struct jsonl *jsonl = self;

    (void)fault;
    *names = (const char *const *)jsonl->record.names;
    *count = jsonl->record.columns;
    return 0;
}

/* ---- a block ------------------------------------------------------------------------------ */

/* How much of the block is whole lines; a line feed is put behind a line that has none, when it must be read as it is. */
static uint32_t
lines_end(struct daybreak_rows *rows, uint32_t from, bool *unended)
{
    const char *feed = memrchr(rows->block + from, '\n', rows->block_size - from);
    uint32_t end = feed == NULL ? from : (uint32_t)(feed - rows->block) + 1;

    *unended = false;
    if (end == rows->block_size || (!rows->last && !(rows->overlong && end == 0)))
        return end;
    *unended = true;
    rows->block[rows->block_size] = '\n'; /* there is room: decoded text is shorter than its JSON */
    rows->block_used = rows->block_size + 1;
    return rows->block_size + 1;
}

/* A row from a line of which only the front is there. */
static void
row_overlong(struct jsonl *jsonl, struct daybreak_rows *rows, uint32_t line)
{
    uint32_t row = rows->rows;
    struct daybreak_span *cells = rows->spans + (size_t)row * jsonl->record.columns;

    for (uint32_t i = 0; i < jsonl->record.columns; i++)
        if (cells[i].size != DAYBREAK_NULL && cells[i].at + cells[i].size == rows->block_size)
            cells[i].size = DAYBREAK_NULL; /* a number that may go on */
    rows->end[row] = rows->block_size;
    rows->lines[row] = line;
    jsonl->host->bad(rows, row, JSON_NO_COLUMN, "record_too_long", "is longer than %u bytes", rows->block_size);
    rows->rows++;
    jsonl->swallow = true;
    jsonl->behind = rows->block_size;
    jsonl->behind_line = line;
}

/* The lines from ${at} to ${end}. ${unended}: the last of them had no line feed. */
static int
lines_take(struct jsonl *jsonl, struct daybreak_rows *rows, uint32_t at, uint32_t end, bool unended,
           enum daybreak_next *next, struct daybreak_fault *fault)
{
    uint32_t line = (uint32_t)(rows->next_line - rows->line), room = 0;

    while (at < end) {
        struct jsonl_text text = {.block = rows->block, .at = at, .room = end};
        struct json_blemish blemish = {0};
        const char *feed;
        enum json_found found = JSON_ROW;
        uint32_t behind;
        bool final, blank;

        if (rows->rows > 0 &&
            ((uint64_t)rows->rows + 1) * jsonl->record.columns > (uint64_t)rows->block_size * 2 + 65536)
            break; /* records with few of many columns would take memory without bound */
        json_record_room(&jsonl->record, rows, &room);
        while (jsonl_is_blank(text.block[text.at]))
            text.at++;
        blank = text.block[text.at] == '\n';
        if (!blank)
            found = json_record_read(&jsonl->record, rows, &text, '\n', &blemish);
        if (found == JSON_NEW)
            break;
        feed = memchr(rows->block + text.at, '\n', end - text.at);
        behind = (uint32_t)(feed - rows->block) + 1;
        final = unended && behind == end;
        if (!blank && final && rows->overlong) { /* whatever follows, it is too long */
            row_overlong(jsonl, rows, line);
            at = end;
            break;
        }
        if (found == JSON_WRONG && final) {
            *next = DAYBREAK_INPUT_CUT;
            jsonl->host->fault(fault, DAYBREAK_HALT, "line %llu is cut off: %s at byte %u of it",
                               (unsigned long long)(rows->line + line), text.wrong, text.at - at + 1);
            break;
        }
        if (!blank) {
            uint32_t row = rows->rows;

            if (found == JSON_WRONG) {
                uint32_t stop = behind - 1;

                while (stop > rows->start[row] && jsonl_is_blank(rows->block[stop - 1]))
                    stop--;
                rows->end[row] = stop;
                jsonl->host->bad(rows, row, JSON_NO_COLUMN, "bad_json", "%s at byte %u of the line", text.wrong, text.at - at + 1);
            } else if (blemish.reason != NULL) {
                jsonl->host->bad(rows, row, blemish.column, blemish.reason, "%s", blemish.detail);
            }
            rows->lines[row] = line;
            rows->rows++;
            room = rows->rows > 1 ? room : 1; /* the columns may have come with it */
        }
        line += !final;
        at = behind;
        if (!blank) {
            jsonl->behind = final ? rows->block_size : at;
            jsonl->behind_line = line;
        }
    }
    rows->consumed = at < rows->block_size ? at : rows->block_size;
    rows->next_line = rows->line + line;
    return 0;
}

static int
jsonl_feed(void *self, struct daybreak_rows *rows, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;
    uint32_t at = 0, end;
    bool unended;

    rows->rows = rows->consumed = 0;
    rows->next_line = rows->line;
    rows->columns = jsonl->record.columns;
    *next = DAYBREAK_MORE;
    if (jsonl->mark.byte > 0) { /* there is no header to read */
        rows->skip_to = jsonl->mark.byte;
        rows->next_line = jsonl->mark.line;
        jsonl->swallow = jsonl->mark.state != 0;
        jsonl->mark = (struct line_mark){0};
        jsonl->begun = true;
        return 0;
    }
    if (jsonl->swallow && rows->block_size > 0) {
        const char *feed = memchr(rows->block, '\n', rows->block_size);

        at = feed == NULL ? rows->block_size : (uint32_t)(feed - rows->block) + 1;
        rows->next_line += feed != NULL;
        jsonl->swallow = feed == NULL;
    }
    if (!jsonl->begun && rows->byte == 0) {
        if (rows->block_size < 3 && !rows->last)
            return 0;
        at = rows->block_size >= 3 && memcmp(rows->block, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    }
    jsonl->begun = true;
    end = lines_end(rows, at, &unended);
    if (lines_take(jsonl, rows, at, end, unended, next, fault) != 0)
        return -1;
    if (rows->last && rows->consumed == rows->block_size && *next == DAYBREAK_MORE)
        *next = DAYBREAK_PART_END;
    return 0;
}

static int
jsonl_mark(void *self, const struct daybreak_rows *rows, uint32_t row, char *to, size_t room,
           struct daybreak_fault *fault)
{
    const struct jsonl *jsonl = self;
    bool final = row + 1 >= rows->rows;
    struct line_mark mark = {
        .line = rows->line + (final ? jsonl->behind_line : rows->lines[row + 1]),
        .byte = rows->byte + (final ? jsonl->behind : rows->start[row + 1]),
        .state = final && jsonl->swallow ? 'l' : 0,
    };

    if (!line_mark_write(&mark, to, room))
        return jsonl->host->fault(fault, DAYBREAK_HALT, "cannot write a mark into %zu bytes", room);
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_FORMAT,
    .name = "jsonl",
    .help = "JSON Lines: one JSON object a line.",
    .self_size = sizeof(struct jsonl),
    .options = options,
    .open = jsonl_open,
    .close = jsonl_close,
    .begin = jsonl_begin,
    .feed = jsonl_feed,
    .columns = jsonl_columns,
    .mark = jsonl_mark,
    .compare = line_mark_compare,
};
