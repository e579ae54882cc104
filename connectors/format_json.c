/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON document with an array of records somewhere in it. The document is walked, never held: of the array only the record at hand
 * is looked at whole. What a record becomes is told in json_record.h; objects inside of it are columns with dotted names.
 *
 * A record that is no JSON is one bad row as long as its brackets and strings end where they should; when they do not, nobody can tell
 * where the next one begins, and the input is cut off there. The end of the document proves that it is whole. Marks are those of
 * line_mark.h: the end of a record, the beginning of one (~r), or the beginning of one that is too long and passed over (~s).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

#include "json_record.h"
#include "json_walk.h"
#include "line_mark.h"

enum where { AROUND, INSIDE, SKIPPING };

struct json {
    const char *path;
    struct daybreak_list names_given;

    const struct daybreak_host *host;
    struct json_record record;
    struct json_walk walk;
    char **step;            /* of the path */
    uint32_t steps;
    enum where where;
    bool begun, comma;      /* comma: one was read, a record must follow */
    bool some;              /* a record was read: a comma must come before the next */
    struct line_mark mark;  /* where to go on; byte 0: from the beginning */
    uint64_t skip_byte, skip_line; /* where the record that is passed over began */
    uint32_t skip_depth;
    bool skip_text, skip_escape;
    uint32_t behind, behind_line;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct json, path), .preset = "",
     .help = "Where the array of records is: names from the top, dots between them; empty: the document is the array.",
     .example = "data.items"},
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct json, names_given),
     .help = "Columns that come first and are there even when no record has them; the fields of the "
             "pipeline stand for it."},
    {.name = NULL},
};

/* ---- life --------------------------------------------------------------------------------- */

/* "data.items", "$.data.items" and "/data/items" name the same array. */
static int
path_split(struct json *json, struct daybreak_fault *fault)
{
    const char *at = json->path;
    char between = *at == '/' ? '/' : '.';

    if (strncmp(at, "$.", 2) == 0)
        at += 2;
    else if (*at == '/' || strcmp(at, "$") == 0)
        at++;
    while (*at != '\0') {
        const char *end = strchr(at, between);
        size_t size = end == NULL ? strlen(at) : (size_t)(end - at);

        if (size == 0 || json->steps == JSON_WALK_DEPTH - 2) {
            json->host->fault(fault, DAYBREAK_HALT, "path '%s' names no array: %s", json->path,
                              size == 0 ? "a name in it is empty" : "it has too many steps");
            json->host->hint(fault, "names from the top with dots between them: data.items");
            fault->status = 78;
            return -1;
        }
        json->step = line_grow(json->step, (json->steps + (size_t)1) * sizeof *json->step);
        json->step[json->steps] = line_grow(NULL, size + 1);
        memcpy(json->step[json->steps], at, size);
        json->step[json->steps++][size] = '\0';
        at += size + (end != NULL);
        if (end != NULL && *at == '\0') {
            json->host->fault(fault, DAYBREAK_HALT, "path '%s' names no array: it ends with '%c'", json->path, between);
            fault->status = 78;
            return -1;
        }
    }
    return 0;
}

static void
json_close(void *self)
{
    struct json *json = self;

    for (uint32_t i = 0; i < json->steps; i++)
        free(json->step[i]);
    free(json->step);
    json_record_fini(&json->record);
}

static int
json_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct json *json = self;

    json->host = json->record.host = host;
    json->record.dotted = true;
    if (path_split(json, fault) != 0) {
        json_close(json);
        return -1;
    }
    if (json->names_given.count <= JSON_COLUMNS_MAX)
        return 0;
    host->fault(fault, DAYBREAK_HALT, "%zu columns are named, at most %d can be", json->names_given.count, JSON_COLUMNS_MAX);
    json_close(json);
    return -1;
}

static int
json_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct json *json = self;

    (void)part;
    json_record_begin(&json->record, &json->names_given);
    json_walk_begin(&json->walk, json->step, json->steps);
    json->where = AROUND;
    json->begun = json->comma = json->some = false;
    json->mark = (struct line_mark){0};
    if (mark != NULL && mark[0] != '\0' && !line_mark_read(mark, &json->mark))
        return json->host->fault(fault, DAYBREAK_HALT, "cannot go on at mark '%s': it is none of json", mark);
    return 0;
}

static int
json_columns(void *self, const char *const **names, uint32_t *count, struct daybreak_fault *fault)
{
    const struct json *json = self;

    (void)fault;
    *names = (const char *const *)json->record.names;
    *count = json->record.columns;
    return 0;
}

/* ---- what ends an input badly -------------------------------------------------------------- */

static uint32_t
feeds(const char *block, uint32_t from, uint32_t to)
{
    uint32_t count = 0;

    while (from < to) {
        const char *feed = memchr(block + from, '\n', to - from);

        if (feed == NULL)
            break;
        count++;
        from = (uint32_t)(feed - block) + 1;
    }
    return count;
}

static void
cut(struct json *json, const struct daybreak_rows *rows, uint32_t at, uint32_t line, const char *what, enum daybreak_next *next,
    struct daybreak_fault *fault)
{
    *next = DAYBREAK_INPUT_CUT;
    json->host->fault(fault, DAYBREAK_HALT, "this is no whole JSON document: %s at byte %llu, line %llu", what,
                      (unsigned long long)(rows->byte + at + 1), (unsigned long long)(rows->line + line));
}

/* The document is over, and there was no array where the path says. */
static void
no_array(struct json *json, enum daybreak_next *next, struct daybreak_fault *fault)
{
    char seen[JSON_WALK_SEEN * 68] = "";
    size_t size = 0;

    *next = DAYBREAK_INPUT_CUT;
    for (uint32_t i = 0; i < json->walk.seen_count; i++)
        size += (size_t)snprintf(seen + size, sizeof seen - size, "%s%s", i == 0 ? "" : ", ", json->walk.seen[i]);
    if (json->steps == 0)
        json->host->fault(fault, DAYBREAK_HALT, "the document is no array of records");
    else
        json->host->fault(fault, DAYBREAK_HALT, "the document has no array at '%s'", json->path);
    if (size > 0)
        json->host->hint(fault, "format: {type: json, path: …} names the array; there are: %s", seen);
    else
        json->host->hint(fault, "format: {type: json, path: NAME.NAME} names the array of records, from the top");
}

/* ---- a block ------------------------------------------------------------------------------ */

/* Where a feed stands. */
struct feed {
    uint32_t at, line; /* line: after rows->line */
    uint32_t room;
};

/* The rest of a record that was too long; false: it goes on in the next block. */
static bool
skip(struct json *json, const struct daybreak_rows *rows, struct feed *feed)
{
    while (feed->at < rows->block_size) {
        char c = rows->block[feed->at++];

        feed->line += c == '\n';
        if (json->skip_escape) {
            json->skip_escape = false;
        } else if (json->skip_text) {
            json->skip_escape = c == '\\';
            json->skip_text = c != '"';
        } else if (c == '"') {
            json->skip_text = true;
        } else if (c == '{' || c == '[') {
            json->skip_depth++;
        } else if ((c == '}' || c == ']') && json->skip_depth > 0) {
            json->skip_depth--;
        }
        if (json->skip_depth == 0 && !json->skip_text) {
            json->where = INSIDE;
            return true;
        }
    }
    return false;
}

/* The record at feed->at ends at ${end}: a row of it. False: it brings new columns, while there are rows without them. */
static bool
record_take(struct json *json, struct daybreak_rows *rows, struct feed *feed, uint32_t end)
{
    struct jsonl_text text = {.block = rows->block, .at = feed->at, .room = end, .feeds = true};
    struct json_blemish blemish = {0};
    uint32_t row = rows->rows;
    enum json_found found;

    json_record_room(&json->record, rows, &feed->room);
    found = json_record_read(&json->record, rows, &text, 0, &blemish);
    if (found == JSON_NEW)
        return false;
    if (found == JSON_WRONG || text.at != end)
        json->host->bad(rows, row, JSON_NO_COLUMN, "bad_json", "%s at byte %u of the record",
                        found == JSON_WRONG ? text.wrong : "nothing more is expected", text.at - feed->at + 1);
    else if (blemish.reason != NULL)
        json->host->bad(rows, row, blemish.column, blemish.reason, "%s", blemish.detail);
    rows->end[row] = end;
    rows->lines[row] = feed->line;
    rows->rows++;
    feed->room = rows->rows > 1 ? feed->room : 1; /* the columns may have come with it */
    feed->line += feeds(rows->block, feed->at, end);
    feed->at = end;
    json->comma = false;
    json->some = true;
    json->behind = feed->at;
    json->behind_line = feed->line;
    return true;
}

/* A record of which only the front is there, and more is not to be had at once. */
static void
record_too_long(struct json *json, struct daybreak_rows *rows, struct feed *feed)
{
    uint32_t row = rows->rows;

    json_record_room(&json->record, rows, &feed->room);
    for (uint32_t i = 0; i < json->record.columns; i++)
        rows->spans[(size_t)row * json->record.columns + i] = (struct daybreak_span){feed->at, DAYBREAK_NULL};
    rows->start[row] = feed->at;
    rows->end[row] = rows->block_size;
    rows->lines[row] = feed->line;
    json->host->bad(rows, row, JSON_NO_COLUMN, "record_too_long", "is longer than %u bytes", rows->block_size - feed->at);
    rows->rows++;
    json->skip_byte = rows->byte + feed->at;
    json->skip_line = rows->line + feed->line;
    json->skip_depth = 0;
    json->skip_text = json->skip_escape = false;
    json->where = SKIPPING;
    json->comma = false;
    json->some = true;
    skip(json, rows, feed);
}

/* Records, commas and the end of the array. False: the block has no more that is whole, or the feed is over. */
static bool
inside(struct json *json, struct daybreak_rows *rows, struct feed *feed, enum daybreak_next *next, struct daybreak_fault *fault)
{
    uint32_t end;
    char c;

    while (feed->at < rows->block_size && (jsonl_is_blank(rows->block[feed->at]) || rows->block[feed->at] == '\n'))
        feed->line += rows->block[feed->at++] == '\n';
    if (feed->at == rows->block_size) {
        if (rows->last)
            cut(json, rows, feed->at, feed->line, "it is cut off", next, fault);
        return false;
    }
    c = rows->block[feed->at];
    if (c == ']' && !json->comma) {
        feed->at++;
        json_walk_end(&json->walk);
        json->where = AROUND;
        return true;
    }
    if (c == ',' && json->some && !json->comma) {
        json->comma = true;
        feed->at++;
        return true;
    }
    if ((json->some && !json->comma) || c == ',' || c == ']' || c == '}' || c == ':') {
        cut(json, rows, feed->at, feed->line, json->some && !json->comma ? "',' or ']' is expected" : "a record is expected", next, fault);
        return false;
    }
    if (rows->rows > 0 && ((uint64_t)rows->rows + 1) * json->record.columns > (uint64_t)rows->block_size * 2 + 65536)
        return false; /* records with few of many columns would take memory without bound */
    end = json_extent(rows->block, feed->at, rows->block_size, rows->last);
    if (end > 0)
        return record_take(json, rows, feed, end);
    if (rows->last)
        cut(json, rows, rows->block_size, feed->line, "it is cut off", next, fault);
    else if (rows->overlong && rows->rows == 0)
        record_too_long(json, rows, feed);
    return false;
}

/* The document around the records. False as above. */
static bool
around(struct json *json, struct daybreak_rows *rows, struct feed *feed, enum daybreak_next *next, struct daybreak_fault *fault)
{
    uint32_t from = feed->at;
    enum json_walked walked = json_walk(&json->walk, rows->block, &feed->at, rows->block_size, rows->last);

    feed->line += feeds(rows->block, from, feed->at);
    switch (walked) {
    case JSON_ARRAY:
        json->where = INSIDE;
        return true;
    case JSON_WALKED:
        if (rows->last && feed->at == rows->block_size)
            cut(json, rows, feed->at, feed->line, "it is cut off", next, fault);
        else if (rows->overlong && feed->at == 0)
            cut(json, rows, feed->at, feed->line, "a text outside of the records is too long", next, fault);
        return false;
    case JSON_BROKEN:
        cut(json, rows, feed->at, feed->line, json->walk.wrong, next, fault);
        return false;
    case JSON_OVER:
        break;
    }
    if (feed->at < rows->block_size) {
        cut(json, rows, feed->at, feed->line, "something follows the document", next, fault);
        if (!json->walk.found && rows->block[feed->at] == '{')
            json->host->hint(fault, "one object a line is JSON Lines: format: jsonl");
        return false;
    }
    if (rows->last && !json->walk.found)
        no_array(json, next, fault);
    else if (rows->last)
        *next = DAYBREAK_PART_END;
    return false;
}

static int
json_feed(void *self, struct daybreak_rows *rows, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct json *json = self;
    struct feed feed = {0};
    bool going = true;

    rows->rows = rows->consumed = 0;
    rows->next_line = rows->line;
    rows->columns = json->record.columns;
    *next = DAYBREAK_MORE;
    if (json->mark.byte > 0) { /* what lies before the array was walked when the mark was made */
        rows->skip_to = json->mark.byte;
        rows->next_line = json->mark.line;
        json_walk_inside(&json->walk);
        json->where = json->mark.state == 's' ? SKIPPING : INSIDE;
        json->comma = json->mark.state == 'r';
        json->skip_depth = 0;
        json->skip_text = json->skip_escape = false;
        json->begun = json->some = true;
        json->mark = (struct line_mark){0};
        return 0;
    }
    if (!json->begun) {
        if (rows->block_size < 3 && !rows->last)
            return 0;
        if (rows->block_size >= 3 && memcmp(rows->block, "\xef\xbb\xbf", 3) == 0)
            feed.at = 3;
        json->begun = true;
    }
    while (going && *next == DAYBREAK_MORE)
        going = json->where == AROUND   ? around(json, rows, &feed, next, fault)
                : json->where == INSIDE ? inside(json, rows, &feed, next, fault)
                                        : skip(json, rows, &feed);
    if (*next == DAYBREAK_MORE && json->where == SKIPPING && rows->last && feed.at == rows->block_size)
        cut(json, rows, feed.at, feed.line, "it is cut off", next, fault);
    rows->consumed = feed.at;
    rows->next_line = rows->line + feed.line;
    return 0;
}

static int
json_mark(void *self, const struct daybreak_rows *rows, uint32_t row, char *to, size_t room, struct daybreak_fault *fault)
{
    const struct json *json = self;
    bool final = row + 1 >= rows->rows, skipping = final && json->where == SKIPPING;
    struct line_mark mark = {
        .line = skipping ? json->skip_line : rows->line + (final ? json->behind_line : rows->lines[row + 1]),
        .byte = skipping ? json->skip_byte : rows->byte + (final ? json->behind : rows->start[row + 1]),
        .state = skipping ? 's' : final ? 0 : 'r',
    };

    if (!line_mark_write(&mark, to, room))
        return json->host->fault(fault, DAYBREAK_HALT, "cannot write a mark into %zu bytes", room);
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_FORMAT,
    .name = "json",
    .help = "A JSON document with an array of objects in it.",
    .self_size = sizeof(struct json),
    .options = options,
    .open = json_open,
    .close = json_close,
    .begin = json_begin,
    .feed = json_feed,
    .columns = json_columns,
    .mark = json_mark,
    .compare = line_mark_compare,
};
