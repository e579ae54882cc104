/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `postgres`: the shape of a target table, as it is wanted and as it is found. Nothing is changed here.
 * `_daybreak_table` says which tables are ours and who feeds each.
 */
#include "postgres_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 63
#define COLUMNS_MAX 1500 /* the server's limit is 1600; the envelope and room for the user's own */

static const char *const envelope_name[ENVELOPE_COLUMNS] = {"event_id", "op", "changed_at", "batch", "position", "context"};

void
postgres_table_fini(struct postgres_table *table)
{
    char *texts[] = {table->name, table->prefix, table->gone_at, table->row, table->at, table->side, table->past, table->view, table->past_key,
                     table->staged};

    for (uint32_t i = 0; i < table->columns; i++) {
        free(table->column[i].name);
        free(table->column[i].cast);
    }
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        free(table->envelope[e]);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    free(table->column);
    free(table->key);
    *table = (struct postgres_table){0};
}

void
postgres_table_keys(const struct postgres_table *table, const char *before, struct postgres_text *sql)
{
    for (uint32_t k = 0; k < table->keys; k++) {
        postgres_text_put(sql, k == 0 ? "" : ",");
        postgres_text_name(sql, before, table->column[table->key[k]].name);
    }
}

void
postgres_table_envelope(const struct postgres_table *table, const char *before, struct postgres_text *sql)
{
    for (int e = 0; e < ENVELOPE_COLUMNS; e++) {
        postgres_text_put(sql, e == 0 ? "" : ",");
        postgres_text_name(sql, before, table->envelope[e]);
    }
}

void
postgres_table_same(const struct postgres_table *table, const char *a, const char *b, struct postgres_text *sql)
{
    for (uint32_t k = 0; k < table->keys; k++) {
        const char *name = table->column[table->key[k]].name;

        postgres_text_put(sql, k == 0 ? "" : " AND ");
        postgres_text_name(sql, a, name);
        postgres_text_put(sql, " = ");
        postgres_text_name(sql, b, name);
    }
}

void
postgres_table_instant(const char *expression, struct postgres_text *sql)
{
    postgres_text_format(sql, "to_char(to_timestamp(0) + (%s) * interval '1 microsecond', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", expression);
}

void
postgres_table_cell(const struct postgres_column *column, const char *expression, bool json, struct postgres_text *sql)
{
    switch (column->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        if (json)
            postgres_text_format(sql, "(%s)::boolean", expression);
        else
            postgres_text_format(sql, "CASE WHEN (%s)::boolean THEN 'true' WHEN NOT (%s)::boolean THEN 'false' END", expression, expression);
        break;
    case DAYBREAK_TYPE_DECIMAL:
        postgres_text_format(sql, "round((%s)::numeric, %d)%s", expression, column->scale, json ? "" : "::text");
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        postgres_text_format(sql, "to_char((%s)::timestamptz, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", expression);
        break;
    case DAYBREAK_TYPE_DATE:
        postgres_text_format(sql, "to_char((%s)::date, 'YYYY-MM-DD')", expression);
        break;
    case DAYBREAK_TYPE_BYTES:
        postgres_text_format(sql, json ? "encode(%s, 'hex')" : "(%s)", expression);
        break;
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_REAL:
        postgres_text_format(sql, json ? "(%s)" : "(%s)::text", expression);
        break;
    case DAYBREAK_TYPE_TEXT:
        postgres_text_format(sql, "(%s)::text", expression);
        break;
    }
}

const char *
postgres_table_type(const struct postgres_column *column, char room[32])
{
    switch (column->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        return "boolean";
    case DAYBREAK_TYPE_INTEGER:
        return "bigint";
    case DAYBREAK_TYPE_DECIMAL:
        snprintf(room, 32, "numeric(%u,%u)", column->precision, column->scale);
        return room;
    case DAYBREAK_TYPE_REAL:
        return "double precision";
    case DAYBREAK_TYPE_BYTES:
        return "bytea";
    case DAYBREAK_TYPE_TIMESTAMP:
        return "timestamp with time zone";
    case DAYBREAK_TYPE_DATE:
        return "date";
    case DAYBREAK_TYPE_TEXT:
        break;
    }
    return "text";
}

/* ---- what is wanted ----------------------------------------------------------------------- */

static int
halt(struct daybreak_fault *fault, const char *code)
{
    return postgres_wire_exit(fault, 78, code);
}

static int
name_check(struct postgres_wire *wire, const char *what, const char *name, struct daybreak_fault *fault)
{
    size_t size = strlen(name);

    if (size > 0 && size <= NAME_MAX_BYTES)
        return 0;
    wire->host->fault(fault, DAYBREAK_HALT, "%s name '%.80s' has %zu bytes, 1 to %d are possible", what, name, size, NAME_MAX_BYTES);
    wire->host->hint(fault, "give it another name with a rename transform, or with `table:`");
    return halt(fault, "name");
}

static char *
envelope_column(const char *prefix, const char *name)
{
    struct postgres_text text = {0};

    postgres_text_format(&text, "%s%s", prefix[0] == '\0' ? "_" : prefix, name);
    return text.at;
}

/* What stands beside a table: BEFOREnameBEHIND. A name that would be cut by the server, and then might be another table's, has a hash in place
 * of its end. */
static char *
beside(const char *schema, const char *before, const char *name, const char *behind)
{
    struct postgres_text plain = {0}, text = {0};
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    postgres_text_format(&plain, "%s%s%s", before, name, behind);
    if (plain.size > NAME_MAX_BYTES) {
        size_t kept = NAME_MAX_BYTES - strlen(before) - strlen(behind) - 9;

        for (const char *at = name; *at != '\0'; at++)
            hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
        while (kept > 0 && ((uint8_t)name[kept] & 0xc0) == 0x80)
            kept--;
        postgres_text_clear(&plain);
        postgres_text_format(&plain, "%s%.*s_%08x%s", before, (int)kept, name, (unsigned)(hash ^ hash >> 32), behind);
    }
    if (schema != NULL) {
        postgres_text_name(&text, "", schema);
        postgres_text_put(&text, ".");
    }
    postgres_text_name(&text, "", plain.at);
    postgres_text_fini(&plain);
    return text.at;
}

static int
clash_check(struct postgres_wire *wire, const struct postgres_table *table, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < table->columns && table->wanted != DAYBREAK_ENVELOPE_NONE; i++) {
        const char *name = table->column[i].name;

        for (int e = 0; e < ENVELOPE_COLUMNS + 2; e++) {
            const char *ours = e < ENVELOPE_COLUMNS ? table->envelope[e] : e == ENVELOPE_COLUMNS ? table->gone_at : table->row;

            if (strcmp(name, ours) != 0 || (e >= ENVELOPE_COLUMNS && !table->column[i].key))
                continue;
            wire->host->fault(fault, DAYBREAK_HALT, "column '%s' of table '%s' has the name of an envelope column", name, table->name);
            wire->host->hint(fault, "give the envelope another prefix in the sink: `prefix: db_` makes it db_%s",
                             ours + (table->prefix[0] == '\0' ? 1 : strlen(table->prefix)));
            return halt(fault, "envelope-clash");
        }
    }
    return 0;
}

static int
write_check(struct postgres_wire *wire, const struct postgres_table *table, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = wire->host;

    if (strncmp(table->name, "pg_", 3) == 0 || strncmp(table->name, "_daybreak_", 10) == 0) {
        host->fault(fault, DAYBREAK_HALT, "a table cannot be called '%s': that prefix is reserved", table->name);
        host->hint(fault, "set another `table:` in the sink");
        return halt(fault, "name");
    }
    if (table->columns > COLUMNS_MAX) {
        host->fault(fault, DAYBREAK_HALT, "table '%s' would have %u columns, %d are possible", table->name, table->columns, COLUMNS_MAX);
        host->hint(fault, "keep the ones that are needed: transforms: - select: [columns]");
        return halt(fault, "columns");
    }
    if (table->write != DAYBREAK_APPEND && table->keys == 0) {
        host->fault(fault, DAYBREAK_HALT, "table '%s' has no key, and `write: %s` goes by key", table->name,
                    table->write == DAYBREAK_MIRROR ? "mirror" : "upsert");
        host->hint(fault, "set capture: {key: [column]}, or write: append");
        return halt(fault, "no-key");
    }
    if (table->wanted == DAYBREAK_ENVELOPE_DEBEZIUM || table->wanted == DAYBREAK_ENVELOPE_CLOUDEVENTS) {
        host->fault(fault, DAYBREAK_HALT, "a table has columns, not messages: `envelope: %s` is for messages",
                    table->wanted == DAYBREAK_ENVELOPE_DEBEZIUM ? "debezium" : "cloudevents");
        host->hint(fault, "use envelope: daybreak, side or none");
        return halt(fault, "envelope");
    }
    if (table->wanted == DAYBREAK_ENVELOPE_SIDE && table->keys == 0) {
        host->fault(fault, DAYBREAK_HALT, "table '%s' has no key, and `envelope: side` goes by key", table->name);
        host->hint(fault, "set capture: {key: [column]}, or envelope: none");
        return halt(fault, "no-key");
    }
    if (table->mark_deletes && table->write != DAYBREAK_APPEND && table->wanted == DAYBREAK_ENVELOPE_NONE) {
        host->fault(fault, DAYBREAK_HALT, "`deletes: mark` marks in the envelope, and table '%s' has none", table->name);
        host->hint(fault, "leave out envelope: none");
        return halt(fault, "envelope");
    }
    return 0;
}

int
postgres_table_want(struct postgres_wire *wire, struct postgres_table *table, const struct daybreak_target *target, struct daybreak_fault *fault)
{
    const char *prefix = target->prefix == NULL ? "" : target->prefix;
    bool scanned = table->scanned, told = table->told, fresh = table->fresh;

    postgres_table_fini(table);
    table->scanned = scanned;
    table->told = told;
    table->fresh = fresh;
    table->name = postgres_text_copy(target->table);
    table->columns = target->columns;
    table->column = postgres_text_memory((target->columns + 1) * sizeof *table->column);
    table->key = postgres_text_memory((target->columns + 1) * sizeof *table->key);
    table->write = target->write;
    table->existing = target->existing;
    table->wanted = target->envelope;
    table->mark_deletes = target->mark_deletes;
    table->keep_ms = target->keep_ms;
    table->prefix = postgres_text_copy(prefix);
    for (uint32_t i = 0; i < target->columns; i++) {
        const struct daybreak_column *from = &target->column[i];

        table->column[i] = (struct postgres_column){.name = postgres_text_copy(from->name), .type = from->type,
                                                    .precision = from->precision, .scale = from->scale, .key = from->key};
        if (from->key)
            table->key[table->keys++] = i;
    }
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        table->envelope[e] = envelope_column(prefix, envelope_name[e]);
    table->gone_at = envelope_column(prefix, "gone_at");
    table->row = envelope_column(prefix, "row");
    table->at = beside(wire->schema, "", table->name, "");
    table->side = beside(wire->schema, "_daybreak_row_", table->name, "");
    table->past = beside(wire->schema, "_daybreak_history_", table->name, "");
    table->past_key = beside(NULL, "_daybreak_key_", table->name, "");
    table->view = beside(wire->schema, "", table->name, "_provenance");
    table->staged = beside("pg_temp", "_daybreak_staged_", table->name, "");
    table->history = target->history;
    if (table->write == DAYBREAK_APPEND || table->wanted == DAYBREAK_ENVELOPE_NONE ||
        (target->history == DAYBREAK_HISTORY_GONE && (table->mark_deletes || table->write == DAYBREAK_UPSERT)))
        table->history = DAYBREAK_HISTORY_NONE; /* nothing goes, or the row itself keeps how it went */
    if (name_check(wire, "table", table->name, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < table->columns; i++)
        if (name_check(wire, "column", table->column[i].name, fault) != 0)
            return -1;
    if (write_check(wire, table, fault) != 0)
        return -1;
    return clash_check(wire, table, fault);
}

/* ---- what is there ------------------------------------------------------------------------ */

int
postgres_table_there(struct postgres_wire *wire, const char *at, bool *there, struct daybreak_fault *fault)
{
    const char *const texts[] = {at};
    PGresult *result;

    if (postgres_wire_ask(wire, "SELECT to_regclass($1) IS NOT NULL", texts, 1, &result, fault) != 0)
        return -1;
    *there = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return 0;
}

static int
registry_look(struct postgres_wire *wire, struct postgres_table *table, const struct postgres_feeder *feeder, struct daybreak_fault *fault)
{
    const char *const texts[] = {table->name};
    struct postgres_text sql = {0};
    PGresult *result;
    int status;

    postgres_text_name(&sql, "SELECT created, pipeline_id, pipeline, handoff, prefix FROM ", wire->schema);
    postgres_text_put(&sql, "._daybreak_table WHERE name = $1");
    status = postgres_wire_ask(wire, sql.at, texts, 1, &result, fault);
    postgres_text_fini(&sql);
    if (status != 0)
        return -1;
    if (PQntuples(result) == 1) {
        const char *id = PQgetvalue(result, 0, 1), *pipeline = PQgetvalue(result, 0, 2), *handoff = PQgetvalue(result, 0, 3),
                   *prefix = PQgetvalue(result, 0, 4);

        table->created = PQgetvalue(result, 0, 0)[0] == 't';
        table->registered = true;
        if (strcmp(id, feeder->pipeline_id) != 0) {
            wire->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' is fed by pipeline '%s' (%s), this is pipeline '%s' (%s)", table->name,
                              wire->shown, pipeline, id, feeder->pipeline, feeder->pipeline_id);
            if (strcmp(pipeline, feeder->pipeline) == 0) /* the same file with a new state: most often the old one is gone */
                wire->host->hint(fault, "when this pipeline lost its state: daybreak run --resync; else another table for one of them");
            else
                wire->host->hint(fault, "another table for one of them; or, to take over: daybreak run --was %s", pipeline);
            status = halt(fault, "other-pipeline");
        } else if (strcmp(handoff, feeder->handoff) != 0) {
            wire->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' is fed by handoff '%s', this is handoff '%s'", table->name, wire->shown,
                              handoff, feeder->handoff);
            wire->host->hint(fault, "a table has one handoff: give one of them another table");
            status = halt(fault, "other-handoff");
        } else if (table->created && table->wanted == DAYBREAK_ENVELOPE_DAYBREAK && strcmp(prefix, table->prefix) != 0) {
            wire->host->fault(fault, DAYBREAK_HALT, "the envelope of table '%s' was made with `prefix: %s`, now it is `prefix: %s`", table->name,
                              prefix[0] == '\0' ? "''" : prefix, table->prefix[0] == '\0' ? "''" : table->prefix);
            wire->host->hint(fault, "put the old prefix back");
            status = halt(fault, "prefix");
        }
    }
    PQclear(result);
    return status;
}

static int
column_look(struct postgres_wire *wire, struct postgres_table *table, const char *name, const char *whole, const char *base,
            struct daybreak_fault *fault)
{
    char room[32];

    for (uint32_t i = 0; i < table->columns; i++) {
        struct postgres_column *column = &table->column[i];

        if (strcmp(column->name, name) != 0)
            continue;
        column->there = true;
        if (!table->created) {
            column->cast = postgres_text_copy(base);
        } else if (strcmp(whole, postgres_table_type(column, room)) != 0) {
            wire->host->fault(fault, DAYBREAK_HALT, "column '%s' of table '%s' is %s, the pipeline now gives %s", name, table->name, whole,
                              postgres_table_type(column, room));
            wire->host->hint(fault, "put the old type back in `fields`, or move the table away and run again with --resync");
            return halt(fault, "column-type");
        }
    }
    return 0;
}

static int
columns_look(struct postgres_wire *wire, struct postgres_table *table, struct daybreak_fault *fault)
{
    const char *const texts[] = {table->at};
    PGresult *result;
    int found = 0, status = 0;

    if (postgres_wire_ask(wire, "SELECT attname, format_type(atttypid, atttypmod), format_type(atttypid, -1) FROM pg_attribute WHERE "
                                "attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a'",
                          texts, 1, &result, fault) != 0)
        return -1;
    for (int i = 0; i < PQntuples(result) && status == 0; i++) {
        status = column_look(wire, table, PQgetvalue(result, i, 0), PQgetvalue(result, i, 1), PQgetvalue(result, i, 2), fault);
        for (int e = 0; e < ENVELOPE_COLUMNS; e++)
            found += strcmp(PQgetvalue(result, i, 0), table->envelope[e]) == 0;
    }
    PQclear(result);
    table->inlined = found == ENVELOPE_COLUMNS;
    return status;
}

/* Rows go by key, so the table needs a unique index over exactly the key, checked at once, which tells all texts apart. */
static int
index_look(struct postgres_wire *wire, struct postgres_table *table, struct daybreak_fault *fault)
{
    struct postgres_text keys = {0};
    const char *texts[] = {table->at, NULL};
    PGresult *result;
    bool fits;

    if (table->write == DAYBREAK_APPEND)
        return 0;
    postgres_text_put(&keys, "{");
    for (uint32_t k = 0; k < table->keys; k++)
        postgres_text_name(&keys, k == 0 ? "" : ",", table->column[table->key[k]].name);
    postgres_text_put(&keys, "}");
    for (char *at = keys.at; *at != '\0'; at++) /* an array's element has its quote behind a backslash, not doubled */
        if (at[0] == '"' && at[1] == '"' && at > keys.at && at[-1] != '{' && at[-1] != ',')
            *at = '\\';
    texts[1] = keys.at;
    if (postgres_wire_ask(wire,
                          "SELECT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indimmediate AND "
                          "i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) "
                          "FROM unnest(i.indkey[0:i.indnkeyatts - 1]) n JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = n) = "
                          "(SELECT array_agg(k ORDER BY k) FROM unnest($2::text[]) k) AND NOT EXISTS (SELECT FROM unnest(i.indcollation) c "
                          "JOIN pg_collation l ON l.oid = c WHERE NOT l.collisdeterministic))",
                          texts, 2, &result, fault) != 0) {
        postgres_text_fini(&keys);
        return -1;
    }
    postgres_text_fini(&keys);
    fits = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (fits)
        return 0;
    wire->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has no unique index over just its key (%s%s)", table->name, wire->shown,
                      table->column[table->key[0]].name, table->keys > 1 ? ", …" : "");
    if (table->created)
        wire->host->hint(fault, "was the key changed? put it back, or move the table away and run again with --resync");
    else
        wire->host->hint(fault, "create one: CREATE UNIQUE INDEX … ON %s(%s), or use write: append", table->name,
                         table->column[table->key[0]].name);
    return halt(fault, "no-unique-key");
}

static int
missing_check(struct postgres_wire *wire, struct postgres_table *table, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        const struct postgres_column *column = &table->column[i];

        if (column->there || (table->created && !column->key))
            continue;
        wire->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has no column '%s'", table->name, wire->shown, column->name);
        if (table->created)
            wire->host->hint(fault, "a key cannot be added to a table with rows: move the table away and run again with --resync");
        else
            wire->host->hint(fault, "add the column, or leave it out: transforms: - drop: [%s], or rename it", column->name);
        return halt(fault, "missing-column");
    }
    return 0;
}

static int
rows_check(struct postgres_wire *wire, struct postgres_table *table, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    PGresult *result;
    int status, rows;

    postgres_text_format(&sql, "SELECT 1 FROM %s LIMIT 1", table->at);
    status = postgres_wire_ask(wire, sql.at, NULL, 0, &result, fault);
    postgres_text_fini(&sql);
    if (status != 0)
        return -1;
    rows = PQntuples(result);
    PQclear(result);
    if (rows == 0)
        return 0;
    wire->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has rows that Daybreak did not write", table->name, wire->shown);
    wire->host->hint(fault, "`existing: adopt` in the sink takes them over; another `table:` leaves them alone");
    return halt(fault, "existing-rows");
}

int
postgres_table_look(struct postgres_wire *wire, struct postgres_table *table, const struct postgres_feeder *feeder, bool ours_there, bool refuses,
                    struct daybreak_fault *fault)
{
    const char *const texts[] = {table->at};
    PGresult *result;
    char kind;

    table->exists = table->registered = table->created = table->inlined = false;
    for (uint32_t i = 0; i < table->columns; i++) {
        table->column[i].there = false;
        free(table->column[i].cast);
        table->column[i].cast = NULL;
    }
    table->place = table->wanted == DAYBREAK_ENVELOPE_NONE   ? ENVELOPE_NOWHERE
                   : table->wanted == DAYBREAK_ENVELOPE_SIDE ? ENVELOPE_SIDE
                                                             : ENVELOPE_INLINE;
    if (ours_there && registry_look(wire, table, feeder, fault) != 0)
        return -1;
    if (postgres_wire_ask(wire, "SELECT relkind FROM pg_class WHERE oid = to_regclass($1)", texts, 1, &result, fault) != 0)
        return -1;
    kind = PQntuples(result) == 0 ? '\0' : PQgetvalue(result, 0, 0)[0];
    PQclear(result);
    if (kind == '\0')
        return 0;
    if (kind != 'r' && kind != 'p') {
        wire->host->fault(fault, DAYBREAK_HALT, "'%s' of '%s' is a %s, not a table", table->name, wire->shown,
                          kind == 'v' ? "view" : kind == 'm' ? "materialized view" : kind == 'f' ? "foreign table" : "thing of another kind");
        wire->host->hint(fault, "set another `table:` in the sink");
        return halt(fault, "no-table");
    }
    table->exists = true;
    if (columns_look(wire, table, fault) != 0 || missing_check(wire, table, fault) != 0 || index_look(wire, table, fault) != 0)
        return -1;
    if (!table->created && table->place == ENVELOPE_INLINE && !table->inlined) {
        table->place = table->keys > 0 ? ENVELOPE_SIDE : ENVELOPE_NOWHERE;
        if (table->keys == 0 && !table->told)
            wire->host->log(wire->host, 'W', "no envelope is kept for rows without a key in a table that is not ours: table=%s", table->name);
        if (table->keys == 0)
            table->history = DAYBREAK_HISTORY_NONE;
    }
    table->told = true;
    if (!table->registered && table->existing == DAYBREAK_EXISTING_REFUSE && refuses)
        return rows_check(wire, table, fault);
    return 0;
}
