/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `postgres`: target tables made and widened, inside the transaction of the rows that need it, with what
 * stands beside them: side table, history, the view of provenance, the entry in `_daybreak_table`. A table that is not ours
 * is never altered.
 */
#include "postgres_make.h"

#include <string.h>

static const char *const envelope_type[ENVELOPE_COLUMNS] = {"bytea", "text", "bigint", "bigint", "text", "text"};

/* Texts of a key compare byte by byte: whatever the server's language is, and faster. */
static void
declare(const struct postgres_column *column, bool in_key, struct postgres_text *sql)
{
    char room[32];

    postgres_text_name(sql, "", column->name);
    postgres_text_format(sql, " %s%s%s", postgres_table_type(column, room), in_key && column->type == DAYBREAK_TYPE_TEXT ? " COLLATE \"C\"" : "",
                         in_key ? " NOT NULL" : "");
}

static void
envelope_columns(const struct postgres_table *table, struct postgres_text *sql)
{
    for (int e = 0; e < ENVELOPE_COLUMNS; e++) {
        postgres_text_name(sql, e == 0 ? "" : ",", table->envelope[e]);
        postgres_text_format(sql, " %s", envelope_type[e]);
    }
}

static void
primary_key(const struct postgres_table *table, struct postgres_text *sql)
{
    postgres_text_put(sql, ",PRIMARY KEY(");
    postgres_table_keys(table, "", sql);
    postgres_text_put(sql, ")");
}

static void
table_create(const struct postgres_table *table, struct postgres_text *sql)
{
    bool keyed = table->write != DAYBREAK_APPEND;

    postgres_text_format(sql, "CREATE TABLE %s(", table->at);
    for (uint32_t i = 0; i < table->columns; i++) {
        postgres_text_put(sql, i == 0 ? "" : ",");
        declare(&table->column[i], table->column[i].key && keyed, sql);
    }
    if (table->place == ENVELOPE_INLINE) {
        postgres_text_put(sql, ",");
        envelope_columns(table, sql);
    }
    if (keyed)
        primary_key(table, sql);
    postgres_text_put(sql, ");\n");
}

static void
columns_add(const struct postgres_table *table, struct postgres_text *sql)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        if (table->column[i].there)
            continue;
        postgres_text_format(sql, "ALTER TABLE %s ADD COLUMN ", table->at);
        declare(&table->column[i], false, sql);
        postgres_text_put(sql, ";\n");
    }
    for (int e = 0; e < ENVELOPE_COLUMNS && table->place == ENVELOPE_INLINE && !table->inlined; e++) {
        postgres_text_format(sql, "ALTER TABLE %s ADD COLUMN ", table->at);
        postgres_text_name(sql, "", table->envelope[e]);
        postgres_text_format(sql, " %s;\n", envelope_type[e]);
    }
}

static void
beside_create(const struct postgres_table *table, bool past, struct postgres_text *sql)
{
    postgres_text_format(sql, "CREATE TABLE IF NOT EXISTS %s(", past ? table->past : table->side);
    if (past)
        postgres_text_put(sql, "_daybreak_n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,");
    for (uint32_t k = 0; k < table->keys; k++) {
        declare(&table->column[table->key[k]], true, sql);
        postgres_text_put(sql, ",");
    }
    envelope_columns(table, sql);
    if (past) {
        postgres_text_name(sql, ",", table->gone_at);
        postgres_text_name(sql, " bigint,", table->row);
        postgres_text_put(sql, " text");
    } else {
        primary_key(table, sql);
    }
    postgres_text_put(sql, ");\n");
    if (!past)
        return;
    postgres_text_format(sql, "CREATE INDEX IF NOT EXISTS %s ON %s(", table->past_key, table->past);
    postgres_table_keys(table, "", sql);
    postgres_text_put(sql, ");\n");
}

/* ---- the view ----------------------------------------------------------------------------- */

/* A name for a column of the view that no key column has. */
static void
as_name(const struct postgres_table *table, const char *name, struct postgres_text *sql)
{
    bool taken = false;

    for (uint32_t k = 0; k < table->keys; k++)
        taken |= strcmp(table->column[table->key[k]].name, name) == 0;
    postgres_text_format(sql, " AS \"%s%s\"", !taken ? "" : table->prefix[0] == '\0' ? "_" : table->prefix, name);
}

static void
own(const struct postgres_table *table, enum postgres_envelope which, struct postgres_text *sql)
{
    postgres_text_name(sql, "t.", table->envelope[which]);
}

static void
instant(const struct postgres_table *table, const char *expression, const char *name, struct postgres_text *sql)
{
    postgres_text_put(sql, ",");
    postgres_table_instant(expression, sql);
    as_name(table, name, sql);
}

static void
plain(const struct postgres_table *table, const char *expression, const char *name, struct postgres_text *sql)
{
    postgres_text_format(sql, ",%s", expression);
    as_name(table, name, sql);
}

void
postgres_make_envelope(const struct postgres_table *table, struct postgres_text *sql)
{
    static const char *const member[] = {"reason", "actor", "related"};
    struct postgres_text changed = {0};

    own(table, ENVELOPE_CHANGED_AT, &changed);
    postgres_text_put(sql, "encode(");
    own(table, ENVELOPE_EVENT_ID, sql);
    postgres_text_put(sql, ",'hex')");
    as_name(table, "event_id", sql);
    postgres_text_put(sql, ",");
    own(table, ENVELOPE_OP, sql);
    as_name(table, "op", sql);
    plain(table, "b.pipeline", "pipeline", sql);
    plain(table, "b.pipeline_version", "pipeline_version", sql);
    plain(table, "b.run", "run", sql);
    postgres_text_put(sql, ",");
    own(table, ENVELOPE_BATCH, sql);
    as_name(table, "batch", sql);
    /* row_to_json, for it writes no blanks */
    postgres_text_put(sql, ",(SELECT row_to_json(o) FROM (SELECT b.connector AS connector,b.source AS name,"
                           "coalesce(nullif(b.part,''),s.table_name) AS object,");
    own(table, ENVELOPE_POSITION, sql);
    postgres_text_put(sql, " AS position) o)");
    as_name(table, "source", sql);
    instant(table, changed.at, "changed_at", sql);
    instant(table, "s.visible_at", "visible_at", sql);
    instant(table, "b.read_at", "read_at", sql);
    instant(table, "b.ready_at", "ready_at", sql);
    instant(table, "b.loaded_at", "loaded_at", sql);
    postgres_text_format(sql, ",CASE WHEN %s IS NULL AND b.time_basis='source_time' THEN 'bounded' ELSE b.time_basis END", changed.at);
    as_name(table, "time_basis", sql);
    for (int i = 0; i < 3; i++) {
        postgres_text_put(sql, ",");
        own(table, ENVELOPE_CONTEXT, sql);
        postgres_text_format(sql, "::json%s'%s'", i < 2 ? "->>" : "->", member[i]);
        as_name(table, member[i], sql);
    }
    plain(table, "s.trace", "trace", sql);
    postgres_text_fini(&changed);
}

void
postgres_make_batches(const struct postgres_wire *wire, const struct postgres_table *table, struct postgres_text *sql)
{
    struct postgres_text schema = {0};

    postgres_text_name(&schema, "", wire->schema);
    postgres_text_format(sql, " t JOIN %s._daybreak_table r ON r.name = ", schema.at);
    postgres_text_quote(sql, table->name);
    postgres_text_format(sql, " LEFT JOIN %s._daybreak_batch b ON b.pipeline_id = r.pipeline_id AND b.handoff = r.handoff AND b.batch = ", schema.at);
    own(table, ENVELOPE_BATCH, sql);
    postgres_text_format(sql, " LEFT JOIN %s._daybreak_story s ON s.pipeline_id = b.pipeline_id AND s.handoff = b.handoff AND s.batch = b.batch",
                         schema.at);
    postgres_text_fini(&schema);
}

/* The whole envelope of a row, readable: what the row keeps, and what its batch shares. */
static void
view_create(const struct postgres_wire *wire, const struct postgres_table *table, struct postgres_text *sql)
{
    struct postgres_text position = {0};

    postgres_text_format(sql, "CREATE VIEW %s AS SELECT ", table->view);
    if (table->keys > 0)
        postgres_table_keys(table, "t.", sql);
    else
        postgres_text_put(sql, "t.ctid AS row");
    postgres_text_put(sql, ",");
    postgres_make_envelope(table, sql);
    plain(table, "b.connector", "connector", sql);
    plain(table, "b.source", "input", sql);
    plain(table, "b.part", "part", sql);
    own(table, ENVELOPE_POSITION, &position);
    plain(table, position.at, "position", sql);
    postgres_text_fini(&position);
    postgres_text_format(sql, " FROM %s", table->place == ENVELOPE_SIDE ? table->side : table->at);
    postgres_make_batches(wire, table, sql);
    postgres_text_put(sql, ";\n");
}

static void
registry_write(const struct postgres_wire *wire, const struct postgres_table *table, const struct postgres_feeder *feeder, bool created,
               struct postgres_text *sql)
{
    const char *const values[] = {feeder->pipeline_id, feeder->pipeline, feeder->handoff, table->prefix};

    postgres_text_name(sql, "INSERT INTO ", wire->schema);
    postgres_text_put(sql, "._daybreak_table(name, created, pipeline_id, pipeline, handoff, prefix) VALUES(");
    postgres_text_quote(sql, table->name);
    postgres_text_put(sql, created ? ",true" : ",false");
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        postgres_text_put(sql, ",");
        postgres_text_quote(sql, values[i]);
    }
    postgres_text_put(sql, ") ON CONFLICT(name) DO UPDATE SET created = excluded.created, pipeline = excluded.pipeline;\n");
}

int
postgres_make_table(struct postgres_wire *wire, struct postgres_table *table, const struct postgres_feeder *feeder, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    bool created, view = true, made;
    int status;

    if (postgres_table_look(wire, table, feeder, true, true, fault) != 0)
        return -1;
    if (!table->exists && table->registered && !table->scanned) {
        wire->host->fault(fault, DAYBREAK_HALT, "table '%s' is gone from '%s', its rows were delivered there", table->name, wire->shown);
        wire->host->hint(fault, "`daybreak run --resync` writes it anew");
        return postgres_wire_exit(fault, 78, "table-gone");
    }
    if (table->place != ENVELOPE_NOWHERE && postgres_table_there(wire, table->view, &view, fault) != 0)
        return -1;
    created = table->created || !table->exists;
    made = !table->exists;
    if (made)
        table_create(table, &sql);
    else if (table->created)
        columns_add(table, &sql);
    if (table->place == ENVELOPE_SIDE)
        beside_create(table, false, &sql);
    if (table->history != DAYBREAK_HISTORY_NONE)
        beside_create(table, true, &sql);
    registry_write(wire, table, feeder, created, &sql);
    if (!view)
        view_create(wire, table, &sql);
    status = postgres_wire_try(wire, sql.at, fault);
    postgres_text_fini(&sql);
    if (status == 1 || (status < 0 && strncmp(wire->state, "42P0", 4) == 0)) { /* somebody made it in the same moment */
        wire->host->fault(fault, DAYBREAK_RETRY, "cannot make table '%s' in '%s': %s", table->name, wire->shown, wire->reason);
        return postgres_wire_exit(fault, 69, "target-busy");
    }
    if (status != 0)
        return -1;
    table->fresh |= made;
    table->exists = table->registered = table->ready = true;
    table->inlined |= table->place == ENVELOPE_INLINE;
    table->created = created;
    for (uint32_t i = 0; i < table->columns; i++)
        table->column[i].there = true;
    return 0;
}
