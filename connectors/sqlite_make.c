/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: target tables made and widened, inside the transaction of the rows that need it,
 * with what stands beside them: side table, history, the view of provenance, the entry in `_daybreak_table`.
 * A table that is not ours is never altered.
 */
#include "sqlite_make.h"

#include <strings.h>

static const char *const envelope_type[ENVELOPE_COLUMNS] = {"BLOB", "TEXT", "INTEGER", "INTEGER", "TEXT", "TEXT"};

static int
table_create(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);
    bool keyed = table->write != DAYBREAK_APPEND;

    sqlite3_str_appendf(sql, "CREATE TABLE \"%w\"(", table->name);
    for (uint32_t i = 0; i < table->columns; i++) {
        const struct sqlite_column *column = &table->column[i];

        sqlite3_str_appendf(sql, "%s\"%w\" %s", i == 0 ? "" : ",", column->name, sqlite_table_type(column));
        if (column->key && keyed)
            sqlite3_str_appendall(sql, " NOT NULL COLLATE BINARY");
    }
    if (table->place == ENVELOPE_INLINE)
        for (int e = 0; e < ENVELOPE_COLUMNS; e++)
            sqlite3_str_appendf(sql, ",\"%w\" %s", table->envelope[e], envelope_type[e]);
    if (keyed) {
        sqlite3_str_appendall(sql, ",PRIMARY KEY(");
        sqlite_table_keys(table, "", sql);
        sqlite3_str_appendall(sql, ")");
    }
    sqlite3_str_appendall(sql, ")");
    return sqlite_file_run(file, sql, fault);
}

static int
columns_add(struct sqlite_file *file, struct sqlite_table *table, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        sqlite3_str *sql;

        if (table->column[i].there)
            continue;
        sql = sqlite3_str_new(file->db);
        sqlite3_str_appendf(sql, "ALTER TABLE \"%w\" ADD COLUMN \"%w\" %s", table->name, table->column[i].name,
                            sqlite_table_type(&table->column[i]));
        if (sqlite_file_run(file, sql, fault) != 0)
            return -1;
    }
    for (int e = 0; e < ENVELOPE_COLUMNS && table->place == ENVELOPE_INLINE && !table->inlined; e++) {
        sqlite3_str *sql = sqlite3_str_new(file->db);

        sqlite3_str_appendf(sql, "ALTER TABLE \"%w\" ADD COLUMN \"%w\" %s", table->name, table->envelope[e],
                            envelope_type[e]);
        if (sqlite_file_run(file, sql, fault) != 0)
            return -1;
    }
    return 0;
}

static void
side_columns(const struct sqlite_table *table, sqlite3_str *sql)
{
    for (uint32_t k = 0; k < table->keys; k++)
        sqlite3_str_appendf(sql, "\"%w\" %s NOT NULL,", table->column[table->key[k]].name,
                            sqlite_table_type(&table->column[table->key[k]]));
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        sqlite3_str_appendf(sql, "%s\"%w\" %s", e == 0 ? "" : ",", table->envelope[e], envelope_type[e]);
}

static int
side_create(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);

    sqlite3_str_appendf(sql, "CREATE TABLE IF NOT EXISTS \"_daybreak_row_%w\"(", table->name);
    side_columns(table, sql);
    sqlite3_str_appendall(sql, ",PRIMARY KEY(");
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ")) WITHOUT ROWID");
    return sqlite_file_run(file, sql, fault);
}

static int
history_create(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);

    sqlite3_str_appendf(sql, "CREATE TABLE IF NOT EXISTS \"_daybreak_history_%w\"(", table->name);
    side_columns(table, sql);
    sqlite3_str_appendf(sql, ",\"%w\" INTEGER,\"%w\" TEXT);", table->gone_at, table->row);
    sqlite3_str_appendf(sql, "CREATE INDEX IF NOT EXISTS \"_daybreak_history_key_%w\" ON \"_daybreak_history_%w\"(",
                        table->name, table->name);
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ")");
    return sqlite_file_run(file, sql, fault);
}

/* A name for a column of the view that no key column has. */
static void
view_name(const struct sqlite_table *table, const char *name, sqlite3_str *sql)
{
    bool taken = false;

    for (uint32_t k = 0; k < table->keys; k++)
        taken |= strcasecmp(table->column[table->key[k]].name, name) == 0;
    sqlite3_str_appendf(sql, " AS \"%s%s\"", !taken ? "" : table->prefix[0] == '\0' ? "_" : table->prefix, name);
}

static void
view_instant(const struct sqlite_table *table, const char *from, const char *column, const char *name, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, ",");
    sqlite_table_instant(from, column, sql);
    view_name(table, name, sql);
}

static void
view_plain(const struct sqlite_table *table, const char *expression, const char *name, sqlite3_str *sql)
{
    sqlite3_str_appendf(sql, ",%s", expression);
    view_name(table, name, sql);
}

/* The whole envelope of a row, readable: what the row keeps, and what its batch shares. */
static int
view_create(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    static const char *const shared[] = {"pipeline", "pipeline_version", "run"};
    sqlite3_str *sql = sqlite3_str_new(file->db);
    const char *const *e = (const char *const *)table->envelope;
    char *context = sqlite3_mprintf("t.\"%w\"", e[ENVELOPE_CONTEXT]), *text;

    sqlite3_str_appendf(sql, "CREATE VIEW IF NOT EXISTS \"%w_provenance\" AS SELECT ", table->name);
    if (table->keys > 0)
        sqlite_table_keys(table, "t.", sql);
    else
        sqlite3_str_appendall(sql, "t.rowid AS row");
    sqlite3_str_appendf(sql, ",lower(hex(t.\"%w\"))", e[ENVELOPE_EVENT_ID]);
    view_name(table, "event_id", sql);
    sqlite3_str_appendf(sql, ",t.\"%w\"", e[ENVELOPE_OP]);
    view_name(table, "op", sql);
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        text = sqlite3_mprintf("b.%s", shared[i]);
        view_plain(table, text, shared[i], sql);
        sqlite3_free(text);
    }
    sqlite3_str_appendf(sql, ",t.\"%w\"", e[ENVELOPE_BATCH]);
    view_name(table, "batch", sql);
    text = sqlite3_mprintf("json_object('connector',b.connector,'name',b.source,'object',ifnull(nullif(b.part,''),s.table_name),'position',t.\"%w\")",
                           e[ENVELOPE_POSITION]);
    view_plain(table, text, "source", sql);
    sqlite3_free(text);
    view_instant(table, "t", e[ENVELOPE_CHANGED_AT], "changed_at", sql);
    view_instant(table, "s", "visible_at", "visible_at", sql);
    view_instant(table, "b", "read_at", "read_at", sql);
    view_instant(table, "b", "ready_at", "ready_at", sql);
    view_instant(table, "b", "loaded_at", "loaded_at", sql);
    text = sqlite3_mprintf("iif(t.\"%w\" IS NULL AND b.time_basis='source_time','bounded',b.time_basis)", e[ENVELOPE_CHANGED_AT]);
    view_plain(table, text, "time_basis", sql);
    sqlite3_free(text);
    for (int i = 0; i < 3; i++) {
        static const char *const member[] = {"reason", "actor", "related"};

        text = sqlite3_mprintf("json_extract(%s,'$.%s')", context, member[i]);
        view_plain(table, text, member[i], sql);
        sqlite3_free(text);
    }
    view_plain(table, "s.trace", "trace", sql);
    view_plain(table, "b.connector", "connector", sql);
    view_plain(table, "b.source", "input", sql);
    view_plain(table, "b.part", "part", sql);
    text = sqlite3_mprintf("t.\"%w\"", e[ENVELOPE_POSITION]);
    view_plain(table, text, "position", sql);
    sqlite3_free(text);
    sqlite3_str_appendf(sql,
                        " FROM \"%s%w\" t JOIN _daybreak_table r ON r.name = %Q"
                        " LEFT JOIN _daybreak_batch b ON b.pipeline_id = r.pipeline_id AND b.handoff = r.handoff AND "
                        "b.batch = t.\"%w\""
                        " LEFT JOIN _daybreak_story s ON s.pipeline_id = b.pipeline_id AND s.handoff = b.handoff AND "
                        "s.batch = b.batch",
                        table->place == ENVELOPE_SIDE ? "_daybreak_row_" : "", table->name, table->name, e[ENVELOPE_BATCH]);
    sqlite3_free(context);
    return sqlite_file_run(file, sql, fault);
}

static int
registry_write(struct sqlite_file *file, const struct sqlite_table *table, const struct sqlite_feeder *feeder, bool created,
               struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(
        file, "INSERT INTO _daybreak_table(name, created, pipeline_id, pipeline, handoff, prefix) VALUES(?1, ?2, ?3, ?4,"
              " ?5, ?6) "
              "ON CONFLICT(name) DO UPDATE SET created = excluded.created, pipeline = excluded.pipeline", fault);
    int step;

    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, table->name);
    sqlite3_bind_int(query, 2, created);
    sqlite_file_bind(query, 3, feeder->pipeline_id);
    sqlite_file_bind(query, 4, feeder->pipeline);
    sqlite_file_bind(query, 5, feeder->handoff);
    sqlite_file_bind(query, 6, table->prefix);
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    return step;
}

int
sqlite_make_table(struct sqlite_file *file, struct sqlite_table *table, const struct sqlite_feeder *feeder,
                  struct daybreak_fault *fault)
{
    bool created;

    if (sqlite_table_look(file, table, feeder, fault) != 0)
        return -1;
    if (!table->exists && table->registered && !table->scanned) {
        file->host->fault(fault, DAYBREAK_HALT, "table '%s' is gone from '%s', its rows were delivered there", table->name,
                          file->shown);
        file->host->hint(fault, "`daybreak run --resync` writes it anew");
        return sqlite_file_exit(fault, 78, "table-gone");
    }
    created = table->created || !table->exists;
    if (!table->exists) {
        if (table_create(file, table, fault) != 0)
            return -1;
        table->fresh = true;
    } else if (table->created && columns_add(file, table, fault) != 0) {
        return -1;
    }
    if (table->place == ENVELOPE_SIDE && side_create(file, table, fault) != 0)
        return -1;
    if (table->history != DAYBREAK_HISTORY_NONE && history_create(file, table, fault) != 0)
        return -1;
    if (registry_write(file, table, feeder, created, fault) != 0)
        return -1;
    if (table->place != ENVELOPE_NOWHERE && view_create(file, table, fault) != 0)
        return -1;
    table->exists = table->registered = table->ready = true;
    table->inlined |= table->place == ENVELOPE_INLINE;
    table->created = created;
    for (uint32_t i = 0; i < table->columns; i++)
        table->column[i].there = true;
    return 0;
}
