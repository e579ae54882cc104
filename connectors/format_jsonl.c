/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Lines: one object a line, as rows of spans over the block. Columns are those of `names` first, then members in the order in
 * which they first appear in the part; a record that brings a new one begins a feed of its own, and only a good record can bring one.
 *
 * Strings are their text, numbers and true|false as written, null and missing are null, arrays and objects compact JSON with order
 * and number text kept. Numbers are never read as numbers here. A member that comes twice makes the row bad; inside of nested
 * objects it is text like all else. Speed comes from the order of the members: each column remembers which one followed it last.
 *
 * A line feed ends a line; blank lines are no records. Marks are those of line_mark.h: "LINE:BYTE".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

#include "jsonl_value.h"
#include "line_mark.h"

#define COLUMNS_MAX 4096
#define NONE UINT32_MAX

struct column {
    char *name;
    uint32_t size;
    uint32_t after;  /* the column whose member followed last */
    bool plain;      /* its name stands in JSON as it is */
    uint64_t record; /* the last one that had it */
};

/* A member that no column has yet. */
struct arrival {
    char *name;
    uint32_t size;
    struct daybreak_span cell;
};

/* What is wrong with a record that is JSON. */
struct blemish {
    const char *reason;
    uint32_t column;
    char detail[160];
};

struct jsonl {
    struct daybreak_list names_given;

    const struct daybreak_host *host;
    struct column *column;
    const char **names;     /* lent by columns */
    uint32_t columns, columns_room;
    uint32_t first;         /* the column that began a record last */
    uint32_t *slot;         /* open addressing over the names: column + 1 */
    uint32_t slots;
    struct arrival *arrival;
    uint32_t arrivals, arrivals_room;
    bool flooded;           /* more columns than may be */
    uint64_t record;        /* numbers them, to see members that come twice */

    bool begun;             /* bytes of the part were seen */
    struct line_mark mark;
    bool swallow;           /* the rest of a line that was too long is passed over */
    uint32_t behind, behind_line;
};

enum found {
    FOUND_ROW,
    FOUND_BLANK,
    FOUND_WRONG, /* no JSON, or no object: text.wrong at text.at */
    FOUND_NEW,   /* brings new columns, while there are rows without them */
};

static const struct daybreak_option options[] = {
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct jsonl, names_given),
     .help = "Columns that come first and are there even when no record has them; the fields of the "
             "pipeline stand for it."},
    {.name = NULL},
};

/* ---- columns ------------------------------------------------------------------------------ */

static uint32_t
name_hash(const char *name, uint32_t size)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static uint32_t
column_find(const struct jsonl *jsonl, const char *name, uint32_t size)
{
    if (jsonl->slots == 0)
        return NONE;
    for (uint32_t at = name_hash(name, size) & (jsonl->slots - 1);; at = (at + 1) & (jsonl->slots - 1)) {
        const struct column *column;

        if (jsonl->slot[at] == 0)
            return NONE;
        column = &jsonl->column[jsonl->slot[at] - 1];
        if (column->size == size && memcmp(column->name, name, size) == 0)
            return jsonl->slot[at] - 1;
    }
}

static void
slot_fill(struct jsonl *jsonl, uint32_t column)
{
    uint32_t at = name_hash(jsonl->column[column].name, jsonl->column[column].size);

    while (jsonl->slot[at & (jsonl->slots - 1)] != 0)
        at++;
    jsonl->slot[at & (jsonl->slots - 1)] = column + 1;
}

/* Takes over ${name}. */
static void
column_add(struct jsonl *jsonl, char *name, uint32_t size)
{
    struct column *column;

    if (jsonl->columns == jsonl->columns_room) {
        jsonl->columns_room = jsonl->columns_room == 0 ? 32 : jsonl->columns_room * 2;
        jsonl->column = line_grow(jsonl->column, jsonl->columns_room * sizeof *jsonl->column);
        jsonl->names = line_grow(jsonl->names, jsonl->columns_room * sizeof *jsonl->names);
    }
    column = &jsonl->column[jsonl->columns];
    *column = (struct column){.name = name, .size = size, .after = NONE, .plain = true};
    for (uint32_t i = 0; i < size; i++)
        if (name[i] == '"' || name[i] == '\\' || (unsigned char)name[i] < 0x20)
            column->plain = false;
    jsonl->names[jsonl->columns++] = name;
    if (jsonl->columns * 2 > jsonl->slots) {
        jsonl->slots = jsonl->slots == 0 ? 64 : jsonl->slots * 2;
        jsonl->slot = line_grow(jsonl->slot, jsonl->slots * sizeof *jsonl->slot);
        memset(jsonl->slot, 0, jsonl->slots * sizeof *jsonl->slot);
        for (uint32_t i = 0; i + 1 < jsonl->columns; i++)
            slot_fill(jsonl, i);
    }
    slot_fill(jsonl, jsonl->columns - 1);
}

static void
arrivals_free(struct jsonl *jsonl)
{
    for (uint32_t i = 0; i < jsonl->arrivals; i++)
        free(jsonl->arrival[i].name);
    jsonl->arrivals = 0;
    jsonl->flooded = false;
}

static void
columns_free(struct jsonl *jsonl)
{
    for (uint32_t i = 0; i < jsonl->columns; i++)
        free(jsonl->column[i].name);
    jsonl->columns = 0;
    jsonl->first = NONE;
    if (jsonl->slots > 0)
        memset(jsonl->slot, 0, jsonl->slots * sizeof *jsonl->slot);
}

/* ---- life --------------------------------------------------------------------------------- */

static int
jsonl_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    jsonl->host = host;
    jsonl->first = NONE;
    if (jsonl->names_given.count > COLUMNS_MAX)
        return host->fault(fault, DAYBREAK_HALT, "%zu columns are named, at most %d can be", jsonl->names_given.count,
                           COLUMNS_MAX);
    return 0;
}

static void
jsonl_close(void *self)
{
    struct jsonl *jsonl = self;

    arrivals_free(jsonl);
    columns_free(jsonl);
    free(jsonl->column);
    free(jsonl->names);
    free(jsonl->slot);
    free(jsonl->arrival);
}

static char *
text_new(const char *at, uint32_t size)
{
    char *text = line_grow(NULL, (size_t)size + 1);

    memcpy(text, at, size);
    text[size] = '\0';
    return text;
}

static int
jsonl_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    (void)part;
    columns_free(jsonl);
    for (size_t i = 0; i < jsonl->names_given.count; i++) {
        const char *name = jsonl->names_given.item[i];

        if (column_find(jsonl, name, (uint32_t)strlen(name)) == NONE)
            column_add(jsonl, text_new(name, (uint32_t)strlen(name)), (uint32_t)strlen(name));
    }
    jsonl->record = 0;
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
    *names = (const char *const *)jsonl->names;
    *count = jsonl->columns;
    return 0;
}

/* ---- a record ----------------------------------------------------------------------------- */

static bool
wrong(struct jsonl_text *text, const char *what)
{
    text->wrong = what;
    return false;
}

static inline char
blanks(struct jsonl_text *text)
{
    while (jsonl_is_blank(text->block[text->at]))
        text->at++;
    return text->block[text->at];
}

static void
blemish_set(struct blemish *blemish, const char *reason, uint32_t column, const char *what, const char *name,
            uint32_t size)
{
    if (blemish->reason != NULL)
        return;
    blemish->reason = reason;
    blemish->column = column;
    if (name == NULL)
        snprintf(blemish->detail, sizeof blemish->detail, "%s", what);
    else
        snprintf(blemish->detail, sizeof blemish->detail, "member '%.*s' %s", (int)(size < 64 ? size : 64), name, what);
}

/* The cell that a value is; decoded text goes behind the block. */
static inline void
cell_make(struct daybreak_rows *rows, const struct jsonl_value *value, struct daybreak_span *cell)
{
    char *to = rows->block + rows->block_used;

    *cell = (struct daybreak_span){value->at, value->size};
    if (value->kind == JSONL_NULL)
        cell->size = DAYBREAK_NULL;
    if (!value->loose)
        return;
    cell->at = rows->block_used;
    if (value->kind == JSONL_STRING)
        cell->size = jsonl_unescape(rows->block + value->at, value->size, to);
    else
        cell->size = jsonl_compact(rows->block + value->at, value->size, to);
    rows->block_used += cell->size;
}

/* A member without a column: kept until the record is known to be good. */
static void
arrival_note(struct jsonl *jsonl, const char *name, uint32_t size, const struct daybreak_span *cell,
             struct blemish *blemish)
{
    for (uint32_t i = 0; i < jsonl->arrivals; i++)
        if (jsonl->arrival[i].size == size && memcmp(jsonl->arrival[i].name, name, size) == 0) {
            blemish_set(blemish, "duplicate_member", NONE, "comes twice", name, size);
            return;
        }
    if (jsonl->columns + jsonl->arrivals == COLUMNS_MAX) {
        jsonl->flooded = true;
        return;
    }
    if (jsonl->arrivals == jsonl->arrivals_room) {
        jsonl->arrivals_room = jsonl->arrivals_room == 0 ? 16 : jsonl->arrivals_room * 2;
        jsonl->arrival = line_grow(jsonl->arrival, jsonl->arrivals_room * sizeof *jsonl->arrival);
    }
    jsonl->arrival[jsonl->arrivals++] = (struct arrival){text_new(name, size), size, *cell};
}

/* The column expected next, when its name stands at text->at: then behind the name. */
static inline bool
name_expected(const struct jsonl *jsonl, struct jsonl_text *text, uint32_t expected)
{
    const struct column *column;
    const char *at = text->block + text->at + 1;

    if (expected == NONE)
        return false;
    column = &jsonl->column[expected];
    if (!column->plain || text->room - text->at < column->size + 2 || at[column->size] != '"' ||
        memcmp(at, column->name, column->size) != 0)
        return false;
    text->at += column->size + 2;
    return true;
}

/* A name at text->at, which is a quote: its column, or NONE with the decoded name behind block_used. */
static bool
name_read(struct jsonl *jsonl, struct daybreak_rows *rows, struct jsonl_text *text, uint32_t *column,
          struct daybreak_span *name)
{
    uint32_t from = text->at, used = rows->block_used;
    struct jsonl_value value;

    if (!jsonl_string(text, &value))
        return false;
    cell_make(rows, &value, name);
    rows->block_used = used; /* whoever keeps the name copies it */
    if (name->size == 0 || memchr(rows->block + name->at, '\0', name->size) != NULL) {
        text->at = from;
        return wrong(text, name->size == 0 ? "the name is empty" : "the name holds a NUL");
    }
    *column = column_find(jsonl, rows->block + name->at, name->size);
    return true;
}

/* One member, from its name to behind its value. ${last} is the column before it, and then this one's. */
static bool
member_read(struct jsonl *jsonl, struct daybreak_rows *rows, struct jsonl_text *text, struct daybreak_span *cells,
            uint32_t *last, uint32_t *seen, struct blemish *blemish)
{
    uint32_t *link = *last == NONE ? &jsonl->first : &jsonl->column[*last].after;
    uint32_t column = *link;
    struct daybreak_span name = {0}, cell;
    struct jsonl_value value;
    char *arrived = NULL;

    if (text->block[text->at] != '"')
        return wrong(text, "a name is expected");
    if (!name_expected(jsonl, text, column)) {
        if (!name_read(jsonl, rows, text, &column, &name))
            return false;
        if (column == NONE)
            arrived = text_new(rows->block + name.at, name.size); /* its value is decoded over it */
        else
            *link = column;
    }
    if (blanks(text) != ':') {
        free(arrived);
        return wrong(text, "':' is expected");
    }
    text->at++;
    blanks(text);
    if (!jsonl_value(text, &value)) {
        free(arrived);
        return false;
    }
    cell_make(rows, &value, &cell);
    if (value.kind == JSONL_STRING && value.loose && memchr(rows->block + cell.at, '\0', cell.size) != NULL) {
        blemish_set(blemish, "nul_byte", column, "holds a NUL",
                    arrived != NULL ? arrived : jsonl->column[column].name,
                    arrived != NULL ? name.size : jsonl->column[column].size);
        cell.size = DAYBREAK_NULL;
    }
    if (arrived != NULL) {
        arrival_note(jsonl, arrived, name.size, &cell, blemish);
        free(arrived);
        return true;
    }
    *last = column;
    if (jsonl->column[column].record == jsonl->record) {
        blemish_set(blemish, "duplicate_member", column, "comes twice", jsonl->column[column].name,
                    jsonl->column[column].size);
        cell.size = DAYBREAK_NULL; /* which one is meant is not known */
    } else {
        jsonl->column[column].record = jsonl->record;
        ++*seen;
    }
    cells[column] = cell;
    return true;
}

/* The object at text->at, into ${cells}; then behind it. */
static bool
object_read(struct jsonl *jsonl, struct daybreak_rows *rows, struct jsonl_text *text, struct daybreak_span *cells,
            uint32_t *seen, struct blemish *blemish)
{
    uint32_t last = NONE;

    if (text->block[text->at] != '{')
        return wrong(text, "an object is expected");
    text->at++;
    if (blanks(text) == '}') {
        text->at++;
        return true;
    }
    for (;;) {
        char c;

        if (!member_read(jsonl, rows, text, cells, &last, seen, blemish))
            return false;
        c = blanks(text);
        if (c != ',' && c != '}')
            return wrong(text, "',' or '}' is expected");
        text->at++;
        if (c == '}')
            return true;
        blanks(text);
    }
}

/* Room for one more row, asked for in larger steps. */
static void
room_make(struct jsonl *jsonl, struct daybreak_rows *rows, uint32_t *room)
{
    if (rows->rows < *room)
        return;
    *room = rows->rows + (jsonl->columns < 64 ? 1024 : 65536 / jsonl->columns);
    jsonl->host->reserve(rows, *room);
}

/* The columns that a good record brought, all rows before it being without them. */
static void
arrivals_take(struct jsonl *jsonl, struct daybreak_rows *rows)
{
    uint32_t column = jsonl->columns;

    for (uint32_t i = 0; i < jsonl->arrivals; i++) {
        column_add(jsonl, jsonl->arrival[i].name, jsonl->arrival[i].size);
        jsonl->arrival[i].name = NULL;
    }
    rows->columns = jsonl->columns;
    jsonl->host->reserve(rows, 1);
    for (uint32_t i = 0; i < jsonl->arrivals; i++) {
        rows->spans[column + i] = jsonl->arrival[i].cell;
        jsonl->column[column + i].record = jsonl->record;
    }
}

/* The line at text->at becomes row rows->rows; when FOUND_WRONG, with what cells could be read. */
static enum found
record_read(struct jsonl *jsonl, struct daybreak_rows *rows, struct jsonl_text *text, struct blemish *blemish)
{
    uint32_t row = rows->rows, seen = 0, used = rows->block_used, start;
    struct daybreak_span *cells = rows->spans + (size_t)row * jsonl->columns;
    bool good;

    if (blanks(text) == '\n')
        return FOUND_BLANK;
    start = text->at;
    jsonl->record++;
    blemish->reason = NULL;
    good = object_read(jsonl, rows, text, cells, &seen, blemish);
    rows->start[row] = start;
    rows->end[row] = text->at;
    if (good && blanks(text) != '\n')
        good = wrong(text, "nothing more is expected");
    if (good && jsonl->flooded)
        blemish_set(blemish, "too_many_members", NONE, "brings more than 4096 columns", NULL, 0);
    if (seen < jsonl->columns)
        for (uint32_t i = 0; i < jsonl->columns; i++)
            if (jsonl->column[i].record != jsonl->record)
                cells[i] = (struct daybreak_span){start, DAYBREAK_NULL};
    if (jsonl->arrivals > 0) {
        bool brings = good && blemish->reason == NULL;

        if (brings && row > 0) {
            arrivals_free(jsonl);
            rows->block_used = used;
            return FOUND_NEW;
        }
        if (brings)
            arrivals_take(jsonl, rows);
        arrivals_free(jsonl);
    }
    return good ? FOUND_ROW : FOUND_WRONG;
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
    struct daybreak_span *cells = rows->spans + (size_t)row * jsonl->columns;

    for (uint32_t i = 0; i < jsonl->columns; i++)
        if (cells[i].size != DAYBREAK_NULL && cells[i].at + cells[i].size == rows->block_size)
            cells[i].size = DAYBREAK_NULL; /* a number that may go on */
    rows->end[row] = rows->block_size;
    rows->lines[row] = line;
    jsonl->host->bad(rows, row, NONE, "record_too_long", "is longer than %u bytes", rows->block_size);
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
    bool full = false;

    while (at < end && !full) {
        struct jsonl_text text = {.block = rows->block, .at = at, .room = end};
        struct blemish blemish = {0};
        const char *feed;
        enum found found;
        uint32_t behind;
        bool final;

        if (rows->rows > 0 &&
            ((uint64_t)rows->rows + 1) * jsonl->columns > (uint64_t)rows->block_size * 2 + 65536)
            break; /* records with few of many columns would take memory without bound */
        room_make(jsonl, rows, &room);
        found = record_read(jsonl, rows, &text, &blemish);
        if (found == FOUND_NEW)
            break;
        feed = memchr(rows->block + text.at, '\n', end - text.at);
        behind = (uint32_t)(feed - rows->block) + 1;
        final = unended && behind == end;
        if (found != FOUND_BLANK && final && rows->overlong) { /* whatever follows, it is too long */
            row_overlong(jsonl, rows, line);
            at = end;
            break;
        }
        if (found == FOUND_WRONG && final) {
            *next = DAYBREAK_INPUT_CUT;
            jsonl->host->fault(fault, DAYBREAK_HALT, "line %llu is cut off: %s at byte %u of it",
                               (unsigned long long)(rows->line + line), text.wrong, text.at - at + 1);
            break;
        }
        if (found == FOUND_ROW || found == FOUND_WRONG) {
            uint32_t row = rows->rows;

            if (found == FOUND_WRONG) {
                uint32_t stop = behind - 1;

                while (stop > rows->start[row] && jsonl_is_blank(rows->block[stop - 1]))
                    stop--;
                rows->end[row] = stop;
                jsonl->host->bad(rows, row, NONE, "bad_json", "%s at byte %u of the line", text.wrong, text.at - at + 1);
            } else if (blemish.reason != NULL) {
                jsonl->host->bad(rows, row, blemish.column, blemish.reason, "%s", blemish.detail);
            }
            rows->lines[row] = line;
            rows->rows++;
            room = rows->rows > 1 ? room : 1; /* the columns may have come with it */
        }
        line += !final;
        at = behind;
        if (found != FOUND_BLANK) {
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
    rows->columns = jsonl->columns;
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
