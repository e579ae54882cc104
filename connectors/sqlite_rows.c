/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: the batch as an eponymous virtual table. One INSERT … SELECT over it costs half of
 * binding and stepping row by row, because cells go from the block straight into the row image
 * (https://sqlite.org/vtab.html 2.1.2).
 */
#include "sqlite_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rows_table {
    sqlite3_vtab base;
    const struct sqlite_rows *rows;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    const struct sqlite_rows *rows;
    uint32_t at;     /* in the list */
    uint32_t change; /* list[at] */
    uint32_t row;    /* pick[change] */
};

static int
rows_connect(sqlite3 *db, void *context, int argc, const char *const *argv, sqlite3_vtab **out, char **error)
{
    const struct sqlite_rows *rows = context;
    sqlite3_str *sql = sqlite3_str_new(db);
    struct rows_table *table;
    char *text;
    int code;

    (void)argc;
    (void)argv;
    (void)error;
    sqlite3_str_appendall(sql, "CREATE TABLE x(");
    for (uint32_t i = 0; i < rows->columns; i++)
        sqlite3_str_appendf(sql, "c%u,", i);
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        sqlite3_str_appendf(sql, "%se%d", e == 0 ? "" : ",", e);
    sqlite3_str_appendall(sql, ")");
    text = sqlite3_str_finish(sql);
    if (text == NULL)
        return SQLITE_NOMEM;
    code = sqlite3_declare_vtab(db, text);
    sqlite3_free(text);
    if (code != SQLITE_OK)
        return code;
    table = sqlite_file_need(sizeof *table);
    table->rows = rows;
    *out = &table->base;
    return SQLITE_OK;
}

static int
rows_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

/* There is one way through. It is dear, so that in a join the batch is the outer side and the target is
 * sought by key. */
static int
rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1e9;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int
rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    struct rows_cursor *cursor = sqlite_file_need(sizeof *cursor);

    cursor->rows = ((struct rows_table *)table)->rows;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int
rows_close(sqlite3_vtab_cursor *cursor)
{
    free(cursor);
    return SQLITE_OK;
}

static inline void
place(struct rows_cursor *cursor)
{
    if (cursor->at >= cursor->rows->count)
        return;
    cursor->change = cursor->rows->list[cursor->at];
    cursor->row = cursor->rows->batch->pick[cursor->change];
}

static int
rows_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc, sqlite3_value **argv)
{
    struct rows_cursor *cursor = (struct rows_cursor *)base;

    (void)number;
    (void)text;
    (void)argc;
    (void)argv;
    cursor->at = 0;
    place(cursor);
    return SQLITE_OK;
}

static int
rows_next(sqlite3_vtab_cursor *base)
{
    struct rows_cursor *cursor = (struct rows_cursor *)base;

    cursor->at++;
    place(cursor);
    return SQLITE_OK;
}

static int
rows_eof(sqlite3_vtab_cursor *base)
{
    const struct rows_cursor *cursor = (struct rows_cursor *)base;

    return cursor->at >= cursor->rows->count;
}

/*
 * A decimal of at most 15 digits as the number that NUMERIC affinity would make of its text, but rounded
 * once: its digits and the power of ten are both exact in a double, so the quotient is the nearest double
 * there is.
 */
static void
decimal_result(sqlite3_context *context, int64_t value, uint8_t scale)
{
    static const int64_t power[] = {1,           10,           100,           1000,           10000,           100000,
                                    1000000,     10000000,     100000000,     1000000000,     10000000000,     100000000000,
                                    1000000000000, 10000000000000, 100000000000000, 1000000000000000};

    if (value % power[scale] == 0)
        sqlite3_result_int64(context, value / power[scale]);
    else
        sqlite3_result_double(context, (double)value / (double)power[scale]);
}

static inline void
cell_result(sqlite3_context *context, const struct sqlite_cells *cells, uint32_t row)
{
    const char *data = cells->view.data + (size_t)row * cells->view.stride;
    struct daybreak_span span;
    int64_t number;
    double real;

    if (cells->view.nulls != NULL && cells->view.nulls[row])
        return; /* null, as every result begins */
    switch (cells->shape) {
    case CELLS_INTEGER:
        memcpy(&number, data, sizeof number);
        sqlite3_result_int64(context, number);
        break;
    case CELLS_DECIMAL:
        memcpy(&number, data, sizeof number);
        decimal_result(context, number, cells->scale);
        break;
    case CELLS_REAL:
        memcpy(&real, data, sizeof real);
        sqlite3_result_double(context, real);
        break;
    case CELLS_TEXT:
    case CELLS_BLOB:
        memcpy(&span, data, sizeof span);
        if (span.size == DAYBREAK_NULL)
            break;
        if (cells->shape == CELLS_TEXT)
            sqlite3_result_text(context, cells->view.base + span.at, (int)span.size, SQLITE_STATIC);
        else
            sqlite3_result_blob(context, cells->view.base + span.at, (int)span.size, SQLITE_STATIC);
        break;
    }
}

static void
text_result(sqlite3_context *context, const struct daybreak_text *texts, uint32_t change)
{
    if (texts != NULL && texts[change].size != 0 && texts[change].size != DAYBREAK_NULL)
        sqlite3_result_text(context, texts[change].at, (int)texts[change].size, SQLITE_STATIC);
}

static void
envelope_result(sqlite3_context *context, const struct daybreak_batch *batch, uint32_t change, int which)
{
    switch (which) {
    case ENVELOPE_EVENT_ID:
        if (batch->event_id != NULL)
            sqlite3_result_blob(context, batch->event_id[change], 16, SQLITE_STATIC);
        break;
    case ENVELOPE_OP:
        sqlite3_result_text(context, &batch->op[change], 1, SQLITE_STATIC);
        break;
    case ENVELOPE_CHANGED_AT:
        if (batch->changed_at != NULL && batch->changed_at[change] != DAYBREAK_NO_TIME)
            sqlite3_result_int64(context, batch->changed_at[change]);
        break;
    case ENVELOPE_BATCH:
        sqlite3_result_int64(context, batch->story->batch);
        break;
    case ENVELOPE_POSITION:
        text_result(context, batch->position, change);
        break;
    case ENVELOPE_CONTEXT:
        text_result(context, batch->context, change);
        break;
    default:
        break;
    }
}

static int
rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct rows_cursor *cursor = (struct rows_cursor *)base;
    const struct sqlite_rows *rows = cursor->rows;

    if ((uint32_t)column < rows->columns)
        cell_result(context, &rows->cells[column], cursor->row);
    else
        envelope_result(context, rows->batch, cursor->change, column - (int)rows->columns);
    return SQLITE_OK;
}

static int
rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = ((const struct rows_cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module module = { /* without xCreate: it is there by its name and cannot be created */
    .iVersion = 0,
    .xConnect = rows_connect,
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

int
sqlite_rows_register(struct sqlite_file *file, struct sqlite_rows *rows, const struct sqlite_table *table, uint32_t number,
                     struct daybreak_fault *fault)
{
    if (rows->name[0] != '\0')
        sqlite3_create_module(file->db, rows->name, NULL, NULL);
    free(rows->cells);
    rows->columns = table->columns;
    rows->cells = sqlite_file_need((table->columns + 1) * sizeof *rows->cells);
    snprintf(rows->name, sizeof rows->name, "daybreak staged %u", number);
    if (sqlite3_create_module(file->db, rows->name, &module, rows) != SQLITE_OK)
        return sqlite_file_fault(file, "use", fault);
    return 0;
}

void
sqlite_rows_lend(struct sqlite_file *file, struct sqlite_rows *rows, const struct sqlite_table *table,
                 const struct daybreak_batch *batch)
{
    rows->batch = batch;
    for (uint32_t i = 0; i < table->columns; i++) {
        struct sqlite_cells *cells = &rows->cells[i];
        enum daybreak_as as = DAYBREAK_AS_TEXT;

        cells->scale = table->column[i].scale;
        cells->shape = CELLS_TEXT;
        switch (table->column[i].type) {
        case DAYBREAK_TYPE_BOOLEAN:
        case DAYBREAK_TYPE_INTEGER:
            as = DAYBREAK_AS_INTEGER;
            cells->shape = CELLS_INTEGER;
            break;
        case DAYBREAK_TYPE_REAL:
            as = DAYBREAK_AS_REAL;
            cells->shape = CELLS_REAL;
            break;
        case DAYBREAK_TYPE_BYTES:
            cells->shape = CELLS_BLOB;
            break;
        case DAYBREAK_TYPE_DECIMAL:
            if (table->column[i].as_number) {
                as = DAYBREAK_AS_INTEGER;
                cells->shape = CELLS_DECIMAL;
            }
            break;
        case DAYBREAK_TYPE_TEXT:
        case DAYBREAK_TYPE_TIMESTAMP:
        case DAYBREAK_TYPE_DATE:
            break;
        }
        file->host->view(batch, i, as, &cells->view);
    }
}

void
sqlite_rows_fini(struct sqlite_rows *rows)
{
    free(rows->cells);
    *rows = (struct sqlite_rows){0};
}
