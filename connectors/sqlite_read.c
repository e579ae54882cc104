/* SPDX-License-Identifier: Apache-2.0 */
/* Under the load `sqlite`: the target read back, whole or by key. */
#include "sqlite_read.h"

#include <stdlib.h>
#include <string.h>

#include "sqlite_cell.h"

/* The user's columns, null where the table does not have one yet. */
static void
columns_list(const struct sqlite_table *table, sqlite3_str *sql)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        if (table->column[i].there)
            sqlite3_str_appendf(sql, "%st.\"%w\"", i == 0 ? "" : ",", table->column[i].name);
        else
            sqlite3_str_appendf(sql, "%sNULL", i == 0 ? "" : ",");
    }
}

static void
side_join(const struct sqlite_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendf(sql, " LEFT JOIN \"_daybreak_row_%w\" s ON ", table->name);
    for (uint32_t k = 0; k < table->keys; k++) {
        const char *name = table->column[table->key[k]].name;

        sqlite3_str_appendf(sql, "%ss.\"%w\" = t.\"%w\"", k == 0 ? "" : " AND ", name, name);
    }
}

/* 1 when the file has that table. */
static int
there(struct sqlite_file *file, const char *kind, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(file, "SELECT 1 FROM sqlite_schema WHERE name = ?1 || ?2 COLLATE NOCASE",
                                            fault);
    int step;

    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, kind);
    sqlite_file_bind(query, 2, table->name);
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    return step;
}

int
sqlite_read_scan(struct sqlite_file *file, struct sqlite_table *table, daybreak_scan_fn each, void *context,
                 struct daybreak_fault *fault)
{
    bool side = table->place == ENVELOPE_SIDE, known;
    struct daybreak_text *cell;
    sqlite3_stmt *query;
    sqlite3_str *sql;
    char (*room)[CELL_ROOM];
    int step;

    table->scanned = true;
    if (file->db == NULL || !table->exists)
        return 0;
    if (side && (step = there(file, "_daybreak_row_", table, fault)) != 1) {
        if (step < 0)
            return -1;
        side = false;
    }
    known = side || (table->place == ENVELOPE_INLINE && table->inlined);
    sql = sqlite3_str_new(file->db);
    sqlite3_str_appendall(sql, "SELECT ");
    columns_list(table, sql);
    if (known)
        sqlite3_str_appendf(sql, ",%s.\"%w\" IS NOT NULL", side ? "s" : "t", table->envelope[ENVELOPE_EVENT_ID]);
    else
        sqlite3_str_appendf(sql, ",%d", table->created && table->place != ENVELOPE_SIDE);
    sqlite3_str_appendf(sql, " FROM \"%w\" t", table->name);
    if (side)
        side_join(table, sql);
    if (known && table->mark_deletes)
        sqlite3_str_appendf(sql, " WHERE %s.\"%w\" IS NOT 'd'", side ? "s" : "t", table->envelope[ENVELOPE_OP]);
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    cell = sqlite_file_need((table->columns + 1) * sizeof *cell);
    room = sqlite_file_need((table->columns + 1) * sizeof *room);
    while ((step = sqlite_file_step(file, query, fault)) == 1) {
        for (uint32_t i = 0; i < table->columns; i++)
            cell[i] = sqlite_cell_text(&table->column[i], sqlite3_column_value(query, (int)i), room[i]);
        if (!each(context, cell, sqlite3_column_int(query, (int)table->columns) != 0)) {
            step = 0;
            break;
        }
    }
    free(cell);
    free(room);
    sqlite3_finalize(query);
    return step;
}

int
sqlite_read_older(struct sqlite_file *file, struct sqlite_table *table, const char *version, int64_t *rows,
                  struct daybreak_fault *fault)
{
    bool side = table->place == ENVELOPE_SIDE;
    sqlite3_stmt *query;
    sqlite3_str *sql;
    int step;

    *rows = -1;
    if (file->db == NULL || !table->exists || (!side && (table->place != ENVELOPE_INLINE || !table->inlined)))
        return 0;
    if (side && (step = there(file, "_daybreak_row_", table, fault)) != 1)
        return step;
    sql = sqlite3_str_new(file->db);
    sqlite3_str_appendf(sql, "SELECT count(*) FROM \"%s%w\" WHERE \"%w\" IN (SELECT b.batch FROM _daybreak_batch b"
                             " JOIN _daybreak_table r ON r.name = %Q AND b.pipeline_id = r.pipeline_id AND b.handoff = r.handoff"
                             " WHERE b.pipeline_version IS NOT ?1)",
                        side ? "_daybreak_row_" : "", table->name, table->envelope[ENVELOPE_BATCH], table->name);
    if (table->mark_deletes)
        sqlite3_str_appendf(sql, " AND \"%w\" IS NOT 'd'", table->envelope[ENVELOPE_OP]);
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, version);
    step = sqlite_file_step(file, query, fault);
    if (step == 1)
        *rows = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return step < 0 ? -1 : 0;
}

/* ---- one key ------------------------------------------------------------------------------ */

/* The column's affinity applies to what it is compared with, so texts will do for numbers; booleans have words. */
static void
key_bind(const struct sqlite_table *table, const struct daybreak_text *key, sqlite3_stmt *query)
{
    for (uint32_t k = 0; k < table->keys; k++) {
        const struct sqlite_column *column = &table->column[table->key[k]];

        if (column->type == DAYBREAK_TYPE_BOOLEAN)
            sqlite3_bind_int(query, (int)k + 1, key[k].size == 4 && memcmp(key[k].at, "true", 4) == 0);
        else if (column->type == DAYBREAK_TYPE_BYTES)
            sqlite3_bind_blob(query, (int)k + 1, key[k].at, (int)key[k].size, SQLITE_STATIC);
        else
            sqlite3_bind_text(query, (int)k + 1, key[k].at, (int)key[k].size, SQLITE_STATIC);
    }
}

static void
key_where(const struct sqlite_table *table, const char *alias, sqlite3_str *sql)
{
    for (uint32_t k = 0; k < table->keys; k++)
        sqlite3_str_appendf(sql, "%s%s\"%w\" = ?%u", k == 0 ? " WHERE " : " AND ", alias,
                            table->column[table->key[k]].name, k + 1);
}

static void
member_name(const char *name, bool first, sqlite3_str *out)
{
    if (!first)
        sqlite3_str_appendchar(out, 1, ',');
    sqlite_cell_quote(out, name, strlen(name));
    sqlite3_str_appendchar(out, 1, ':');
}

/* Cells of a query as members under their own names; a blank in front of a name says that the text is JSON already. */
static void
plain_object(sqlite3_stmt *query, sqlite3_str *out)
{
    static const struct sqlite_column plain = {.type = DAYBREAK_TYPE_TEXT};

    sqlite3_str_appendchar(out, 1, '{');
    for (int i = 0; i < sqlite3_column_count(query); i++) {
        const char *name = sqlite3_column_name(query, i);
        const char *text;

        if (name == NULL)
            abort();
        member_name(name[0] == ' ' ? name + 1 : name, i == 0, out);
        text = name[0] == ' ' ? (const char *)sqlite3_column_text(query, i) : NULL;
        if (text != NULL)
            sqlite3_str_append(out, text, sqlite3_column_bytes(query, i));
        else
            sqlite_cell_json(&plain, sqlite3_column_value(query, i), out);
    }
    sqlite3_str_appendchar(out, 1, '}');
}

/* The user's column of that name, with its type where it is known; false for what Daybreak keeps beside the row. */
static bool
user_column(const struct sqlite_table *table, const char *name, struct sqlite_column *column)
{
    if (table->place == ENVELOPE_INLINE && table->inlined)
        for (int i = 0; i < ENVELOPE_COLUMNS; i++)
            if (sqlite3_stricmp(table->envelope[i], name) == 0)
                return false;
    *column = (struct sqlite_column){.type = DAYBREAK_TYPE_TEXT};
    for (uint32_t i = 0; i < table->columns; i++)
        if (sqlite3_stricmp(table->column[i].name, name) == 0)
            *column = table->column[i];
    return true;
}

/* The whole row: who asks by key need not know the table's other columns. */
static int
row_json(struct sqlite_file *file, const struct sqlite_table *table, const struct daybreak_text *key, sqlite3_str *out,
         struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);
    sqlite3_stmt *query;
    bool first = true;
    int step;

    sqlite3_str_appendf(sql, "SELECT t.* FROM \"%w\" t", table->name);
    key_where(table, "t.", sql);
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    key_bind(table, key, query);
    step = sqlite_file_step(file, query, fault);
    if (step == 1) {
        sqlite3_str_appendchar(out, 1, '{');
        for (int i = 0; i < sqlite3_column_count(query); i++) {
            const char *name = sqlite3_column_name(query, i);
            struct sqlite_column column;

            if (name == NULL)
                abort();
            if (!user_column(table, name, &column))
                continue;
            member_name(name, first, out);
            first = false;
            sqlite_cell_json(&column, sqlite3_column_value(query, i), out);
        }
        sqlite3_str_appendchar(out, 1, '}');
    } else if (step == 0) {
        sqlite3_str_appendall(out, "null");
    }
    sqlite3_finalize(query);
    return step < 0 ? -1 : 0;
}

static void
instant_sql(const char *alias, const char *column, const char *name, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, ",");
    sqlite_table_instant(alias, column, sql);
    sqlite3_str_appendf(sql, " AS %s", name);
}

static void
envelope_sql(const struct sqlite_table *table, sqlite3_str *sql)
{
    char *const *e = table->envelope;

    sqlite3_str_appendf(sql, "SELECT lower(hex(t.\"%w\")) AS event_id,t.\"%w\" AS "
                             "op,b.pipeline,b.pipeline_version,b.run,t.\"%w\" AS batch,",
                        e[ENVELOPE_EVENT_ID], e[ENVELOPE_OP], e[ENVELOPE_BATCH]);
    sqlite3_str_appendf(sql, "json_object('connector',b.connector,'name',b.source,'object',ifnull(nullif(b.part,''),s.table_name),'position',t.\"%w\") AS "
                             "\" source\"",
                        e[ENVELOPE_POSITION]);
    instant_sql("t", e[ENVELOPE_CHANGED_AT], "changed_at", sql);
    instant_sql("s", "visible_at", "visible_at", sql);
    instant_sql("b", "read_at", "read_at", sql);
    instant_sql("b", "ready_at", "ready_at", sql);
    instant_sql("b", "loaded_at", "loaded_at", sql);
    sqlite3_str_appendf(sql, ",iif(t.\"%w\" IS NULL AND b.time_basis='source_time','bounded',b.time_basis) AS time_basis",
                        e[ENVELOPE_CHANGED_AT]);
    sqlite3_str_appendf(sql, ",t.\"%w\"->>'reason' AS reason,t.\"%w\"->>'actor' AS actor,t.\"%w\"->'related' "
                             "AS \" related\",s.trace",
                        e[ENVELOPE_CONTEXT], e[ENVELOPE_CONTEXT], e[ENVELOPE_CONTEXT]);
}

static void
batches_join(const struct sqlite_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendf(sql,
                        " t JOIN _daybreak_table r ON r.name = %Q LEFT JOIN _daybreak_batch b ON b.pipeline_id = r.pipeline_id"
                        " AND b.handoff = r.handoff AND b.batch = t.\"%w\" LEFT JOIN _daybreak_story s ON s.pipeline_id "
                        "= b.pipeline_id"
                        " AND s.handoff = b.handoff AND s.batch = b.batch",
                        table->name, table->envelope[ENVELOPE_BATCH]);
}

static int
provenance_json(struct sqlite_file *file, const struct sqlite_table *table, const struct daybreak_text *key,
                sqlite3_str *out, struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);
    sqlite3_stmt *query;
    int step;

    envelope_sql(table, sql);
    sqlite3_str_appendf(sql, " FROM \"%s%w\"", table->place == ENVELOPE_SIDE ? "_daybreak_row_" : "", table->name);
    batches_join(table, sql);
    key_where(table, "t.", sql);
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    key_bind(table, key, query);
    step = sqlite_file_step(file, query, fault);
    if (step == 1)
        plain_object(query, out);
    else if (step == 0)
        sqlite3_str_appendall(out, "null");
    sqlite3_finalize(query);
    return step < 0 ? -1 : 0;
}

static int
history_json(struct sqlite_file *file, const struct sqlite_table *table, const struct daybreak_text *key, sqlite3_str *out,
             struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);
    sqlite3_stmt *query;
    bool first = true;
    int step;

    envelope_sql(table, sql);
    instant_sql("t", table->gone_at, "gone_at", sql);
    sqlite3_str_appendf(sql, ",t.\"%w\" AS \" row\" FROM \"_daybreak_history_%w\"", table->row, table->name);
    batches_join(table, sql);
    key_where(table, "t.", sql);
    sqlite3_str_appendall(sql, " ORDER BY t.rowid");
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    key_bind(table, key, query);
    while ((step = sqlite_file_step(file, query, fault)) == 1) {
        if (!first)
            sqlite3_str_appendchar(out, 1, ',');
        first = false;
        plain_object(query, out);
    }
    sqlite3_finalize(query);
    return step;
}

int
sqlite_read_find(struct sqlite_file *file, const struct sqlite_table *table, const struct daybreak_text *key, char **json,
                 struct daybreak_fault *fault)
{
    sqlite3_str *out = sqlite3_str_new(NULL);
    bool exists = file->db != NULL && table->exists && table->keys > 0, envelope = false;
    int history = 0, side = 1, result = 0;
    char *text;

    if (exists && table->registered) {
        history = there(file, "_daybreak_history_", table, fault);
        side = history >= 0 && table->place == ENVELOPE_SIDE ? there(file, "_daybreak_row_", table, fault) : 1;
        if (history < 0 || side < 0)
            result = -1;
        envelope = side == 1 && (table->place == ENVELOPE_SIDE || (table->place == ENVELOPE_INLINE && table->inlined));
    }
    sqlite3_str_appendall(out, "{\"row\":");
    if (!exists)
        sqlite3_str_appendall(out, "null");
    else if (result == 0)
        result = row_json(file, table, key, out, fault);
    sqlite3_str_appendall(out, ",\"provenance\":");
    if (!envelope)
        sqlite3_str_appendall(out, "null");
    else if (result == 0)
        result = provenance_json(file, table, key, out, fault);
    sqlite3_str_appendall(out, ",\"history\":[");
    if (history == 1 && result == 0)
        result = history_json(file, table, key, out, fault);
    sqlite3_str_appendall(out, "]}");
    text = sqlite3_str_finish(out);
    if (text == NULL)
        abort();
    if (result == 0)
        *json = sqlite_file_text(text);
    sqlite3_free(text);
    return result;
}
