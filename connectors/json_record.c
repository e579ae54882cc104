/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object as a row of spans over its block, and the columns that objects bring. */
#include "json_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line_mark.h"

struct json_column {
    char *name;
    uint32_t size;
    uint32_t after;  /* the column whose member followed last */
    bool plain;      /* its name stands in JSON as it is, outside of any inner object */
    uint64_t record; /* the last one that had it */
};

/* A member that no column has yet. */
struct json_arrival {
    char *name;
    uint32_t size;
    struct daybreak_span cell;
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
column_find(const struct json_record *record, const char *name, uint32_t size)
{
    if (record->slots == 0)
        return JSON_NO_COLUMN;
    for (uint32_t at = name_hash(name, size) & (record->slots - 1);; at = (at + 1) & (record->slots - 1)) {
        const struct json_column *column;

        if (record->slot[at] == 0)
            return JSON_NO_COLUMN;
        column = &record->column[record->slot[at] - 1];
        if (column->size == size && memcmp(column->name, name, size) == 0)
            return record->slot[at] - 1;
    }
}

static void
slot_fill(struct json_record *record, uint32_t column)
{
    uint32_t at = name_hash(record->column[column].name, record->column[column].size);

    while (record->slot[at & (record->slots - 1)] != 0)
        at++;
    record->slot[at & (record->slots - 1)] = column + 1;
}

/* Takes over ${name}. */
static void
column_add(struct json_record *record, char *name, uint32_t size)
{
    struct json_column *column;

    if (record->columns == record->columns_room) {
        record->columns_room = record->columns_room == 0 ? 32 : record->columns_room * 2;
        record->column = line_grow(record->column, record->columns_room * sizeof *record->column);
        record->names = line_grow(record->names, record->columns_room * sizeof *record->names);
    }
    column = &record->column[record->columns];
    *column = (struct json_column){.name = name, .size = size, .after = JSON_NO_COLUMN, .plain = true};
    for (uint32_t i = 0; i < size; i++)
        if (name[i] == '"' || name[i] == '\\' || (unsigned char)name[i] < 0x20)
            column->plain = false;
    record->names[record->columns++] = name;
    if (record->columns * 2 > record->slots) {
        record->slots = record->slots == 0 ? 64 : record->slots * 2;
        record->slot = line_grow(record->slot, record->slots * sizeof *record->slot);
        memset(record->slot, 0, record->slots * sizeof *record->slot);
        for (uint32_t i = 0; i + 1 < record->columns; i++)
            slot_fill(record, i);
    }
    slot_fill(record, record->columns - 1);
}

static void
arrivals_free(struct json_record *record)
{
    for (uint32_t i = 0; i < record->arrivals; i++)
        free(record->arrival[i].name);
    record->arrivals = 0;
    record->flooded = false;
}

static void
columns_free(struct json_record *record)
{
    for (uint32_t i = 0; i < record->columns; i++)
        free(record->column[i].name);
    record->columns = 0;
    record->first = JSON_NO_COLUMN;
    if (record->slots > 0)
        memset(record->slot, 0, record->slots * sizeof *record->slot);
}

static char *
text_new(const char *at, uint32_t size)
{
    char *text = line_grow(NULL, (size_t)size + 1);

    memcpy(text, at, size);
    text[size] = '\0';
    return text;
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
    while (jsonl_is_blank(text->block[text->at]) || (text->feeds && text->block[text->at] == '\n'))
        text->at++;
    return text->block[text->at];
}

static void
blemish_set(struct json_blemish *blemish, const char *reason, uint32_t column, const char *what, const char *name,
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
arrival_note(struct json_record *record, const char *name, uint32_t size, const struct daybreak_span *cell,
             struct json_blemish *blemish)
{
    for (uint32_t i = 0; i < record->arrivals; i++)
        if (record->arrival[i].size == size && memcmp(record->arrival[i].name, name, size) == 0) {
            blemish_set(blemish, "duplicate_member", JSON_NO_COLUMN, "comes twice", name, size);
            return;
        }
    if (record->columns + record->arrivals == JSON_COLUMNS_MAX) {
        record->flooded = true;
        return;
    }
    if (record->arrivals == record->arrivals_room) {
        record->arrivals_room = record->arrivals_room == 0 ? 16 : record->arrivals_room * 2;
        record->arrival = line_grow(record->arrival, record->arrivals_room * sizeof *record->arrival);
    }
    record->arrival[record->arrivals++] = (struct json_arrival){text_new(name, size), size, *cell};
}

/* The column expected next, when its name stands at text->at: then behind the name. */
static inline bool
name_expected(const struct json_record *record, struct jsonl_text *text, uint32_t expected)
{
    const struct json_column *column;
    const char *at = text->block + text->at + 1;

    if (expected == JSON_NO_COLUMN)
        return false;
    column = &record->column[expected];
    if (!column->plain || text->room - text->at < column->size + 2 || at[column->size] != '"' ||
        memcmp(at, column->name, column->size) != 0)
        return false;
    text->at += column->size + 2;
    return true;
}

/* A name at text->at, which is a quote: its column, or JSON_NO_COLUMN with the decoded name behind block_used. */
static bool
name_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, uint32_t *column,
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
    *column = column_find(record, rows->block + name->at, name->size);
    return true;
}

/* The value's cell is that of ${column}, or of a column still to come that is called ${name}. */
static void
cell_place(struct json_record *record, struct daybreak_rows *rows, const struct jsonl_value *value, uint32_t column, const char *name,
           uint32_t size, struct daybreak_span *cells, uint32_t *seen, struct json_blemish *blemish)
{
    struct daybreak_span cell;

    cell_make(rows, value, &cell);
    if (value->kind == JSONL_STRING && value->loose && memchr(rows->block + cell.at, '\0', cell.size) != NULL) {
        blemish_set(blemish, "nul_byte", column, "holds a NUL", name, size);
        cell.size = DAYBREAK_NULL;
    }
    if (column == JSON_NO_COLUMN) {
        arrival_note(record, name, size, &cell, blemish);
        return;
    }
    if (record->column[column].record == record->record) {
        blemish_set(blemish, "duplicate_member", column, "comes twice", name, size);
        cell.size = DAYBREAK_NULL; /* which one is meant is not known */
    } else {
        record->column[column].record = record->record;
        ++*seen;
    }
    cells[column] = cell;
}

/* At the colon: then at the value. */
static bool
colon(struct jsonl_text *text)
{
    if (blanks(text) != ':')
        return wrong(text, "':' is expected");
    text->at++;
    blanks(text);
    return true;
}

/* Behind a member: whether another one follows. */
static bool
more(struct jsonl_text *text, bool *another)
{
    char c = blanks(text);

    if (c != ',' && c != '}')
        return wrong(text, "',' or '}' is expected");
    text->at++;
    *another = c == ',';
    if (*another)
        blanks(text);
    return true;
}

static void
path_add(struct json_record *record, const char *name, uint32_t size)
{
    uint32_t need = record->path_size + size + 1;

    if (need > record->path_room) {
        record->path_room = need * 2;
        record->path = line_grow(record->path, record->path_room);
    }
    if (record->path_size > 0)
        record->path[record->path_size++] = '.';
    memcpy(record->path + record->path_size, name, size);
    record->path_size += size;
}

/* Is the value at text->at an object whose members are columns of their own? */
static inline bool
is_dotted(const struct json_record *record, const struct jsonl_text *text, uint32_t column)
{
    return record->dotted && text->block[text->at] == '{' && (column == JSON_NO_COLUMN || column >= record->named);
}

/* The object at text->at inside of the member that record->path names. */
static bool
inner_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, struct daybreak_span *cells, uint32_t *seen,
           struct json_blemish *blemish)
{
    uint32_t before = record->path_size;
    bool another = true;

    if (++record->depth >= JSONL_DEPTH)
        return wrong(text, "nested deeper than 64");
    text->at++;
    if (blanks(text) == '}') {
        text->at++;
        record->depth--;
        return true;
    }
    while (another) {
        struct daybreak_span name = {0};
        struct jsonl_value value;
        uint32_t column;

        if (text->block[text->at] != '"')
            return wrong(text, "a name is expected");
        if (!name_read(record, rows, text, &column, &name))
            return false;
        path_add(record, rows->block + name.at, name.size);
        if (!colon(text))
            return false;
        column = column_find(record, record->path, record->path_size);
        if (is_dotted(record, text, column)) {
            if (!inner_read(record, rows, text, cells, seen, blemish))
                return false;
        } else {
            if (!jsonl_value(text, &value))
                return false;
            cell_place(record, rows, &value, column, record->path, record->path_size, cells, seen, blemish);
        }
        record->path_size = before;
        if (!more(text, &another))
            return false;
    }
    record->depth--;
    return true;
}

/* One member of the record, from its name to behind its value. ${last} is the column before it, and then this one's. */
static bool
member_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, struct daybreak_span *cells,
            uint32_t *last, uint32_t *seen, struct json_blemish *blemish)
{
    uint32_t *link = *last == JSON_NO_COLUMN ? &record->first : &record->column[*last].after;
    uint32_t column = *link;
    struct daybreak_span name = {0};
    struct jsonl_value value;
    char *arrived = NULL;
    bool good;

    if (text->block[text->at] != '"')
        return wrong(text, "a name is expected");
    if (!name_expected(record, text, column)) {
        if (!name_read(record, rows, text, &column, &name))
            return false;
        if (column == JSON_NO_COLUMN)
            arrived = text_new(rows->block + name.at, name.size); /* its value is decoded over it */
        else
            *link = column;
    }
    good = colon(text);
    if (good && is_dotted(record, text, column)) {
        record->path_size = record->depth = 0;
        if (arrived != NULL)
            path_add(record, arrived, name.size);
        else
            path_add(record, record->column[column].name, record->column[column].size);
        good = inner_read(record, rows, text, cells, seen, blemish);
    } else if (good && jsonl_value(text, &value)) {
        if (arrived != NULL)
            cell_place(record, rows, &value, column, arrived, name.size, cells, seen, blemish);
        else
            cell_place(record, rows, &value, column, record->column[column].name, record->column[column].size, cells, seen, blemish);
    } else {
        good = false;
    }
    free(arrived);
    if (good && column != JSON_NO_COLUMN)
        *last = column;
    return good;
}

/* The object at text->at, into ${cells}; then behind it. */
static bool
object_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, struct daybreak_span *cells,
            uint32_t *seen, struct json_blemish *blemish)
{
    uint32_t last = JSON_NO_COLUMN;
    bool another = true;

    if (text->block[text->at] != '{')
        return wrong(text, "an object is expected");
    text->at++;
    if (blanks(text) == '}') {
        text->at++;
        return true;
    }
    while (another)
        if (!member_read(record, rows, text, cells, &last, seen, blemish) || !more(text, &another))
            return false;
    return true;
}

void
json_record_room(const struct json_record *record, struct daybreak_rows *rows, uint32_t *room)
{
    if (rows->rows < *room)
        return;
    *room = rows->rows + (record->columns < 64 ? 1024 : 65536 / record->columns);
    record->host->reserve(rows, *room);
}

/* The columns that a good record brought, all rows before it being without them. */
static void
arrivals_take(struct json_record *record, struct daybreak_rows *rows)
{
    uint32_t column = record->columns;

    for (uint32_t i = 0; i < record->arrivals; i++) {
        column_add(record, record->arrival[i].name, record->arrival[i].size);
        record->arrival[i].name = NULL;
    }
    rows->columns = record->columns;
    record->host->reserve(rows, 1);
    for (uint32_t i = 0; i < record->arrivals; i++) {
        rows->spans[column + i] = record->arrival[i].cell;
        record->column[column + i].record = record->record;
    }
}

enum json_found
json_record_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, char behind, struct json_blemish *blemish)
{
    uint32_t row = rows->rows, seen = 0, used = rows->block_used, start = text->at;
    struct daybreak_span *cells = record->columns == 0 ? rows->spans : rows->spans + (size_t)row * record->columns; /* none is made before */
    bool good;

    record->record++;
    blemish->reason = NULL;
    good = object_read(record, rows, text, cells, &seen, blemish);
    rows->start[row] = start;
    rows->end[row] = text->at;
    if (good && behind != 0 && blanks(text) != behind)
        good = wrong(text, "nothing more is expected");
    if (good && record->flooded)
        blemish_set(blemish, "too_many_members", JSON_NO_COLUMN, "brings more than 4096 columns", NULL, 0);
    if (seen < record->columns)
        for (uint32_t i = 0; i < record->columns; i++)
            if (record->column[i].record != record->record)
                cells[i] = (struct daybreak_span){start, DAYBREAK_NULL};
    if (record->arrivals > 0) {
        bool brings = good && blemish->reason == NULL;

        if (brings && row > 0) {
            arrivals_free(record);
            rows->block_used = used;
            return JSON_NEW;
        }
        if (brings)
            arrivals_take(record, rows);
        arrivals_free(record);
    }
    return good ? JSON_ROW : JSON_WRONG;
}

void
json_record_begin(struct json_record *record, const struct daybreak_list *names)
{
    columns_free(record);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->item[i];

        if (column_find(record, name, (uint32_t)strlen(name)) == JSON_NO_COLUMN)
            column_add(record, text_new(name, (uint32_t)strlen(name)), (uint32_t)strlen(name));
    }
    record->named = record->columns;
    record->record = 0;
}

void
json_record_fini(struct json_record *record)
{
    arrivals_free(record);
    columns_free(record);
    free(record->column);
    free(record->names);
    free(record->slot);
    free(record->arrival);
    free(record->path);
}
