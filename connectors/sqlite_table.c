/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: the shape of a target table, as it is wanted and as it is found. Nothing is changed here.
 * `_daybreak_table` says which tables are ours and who feeds each.
 */
#include "sqlite_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 64
#define COLUMNS_MAX 1900 /* SQLite's limit is 2000; the envelope and room for the user's own */
#define EXACT_DIGITS 15  /* decimal digits that a double carries */

static const char *const envelope_name[ENVELOPE_COLUMNS] = {"event_id", "op", "changed_at", "batch", "position", "context"};

void
sqlite_table_fini(struct sqlite_table *table)
{
    for (uint32_t i = 0; i < table->columns; i++)
        free(table->column[i].name);
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        free(table->envelope[e]);
    free(table->column);
    free(table->key);
    free(table->name);
    free(table->prefix);
    free(table->gone_at);
    free(table->row);
    *table = (struct sqlite_table){0};
}

void
sqlite_table_keys(const struct sqlite_table *table, const char *before, sqlite3_str *sql)
{
    for (uint32_t k = 0; k < table->keys; k++)
        sqlite3_str_appendf(sql, "%s%s\"%w\"", k == 0 ? "" : ",", before, table->column[table->key[k]].name);
}

void
sqlite_table_envelope(const struct sqlite_table *table, const char *before, sqlite3_str *sql)
{
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        sqlite3_str_appendf(sql, "%s%s\"%w\"", e == 0 ? "" : ",", before, table->envelope[e]);
}

void
sqlite_table_instant(const char *from, const char *column, sqlite3_str *sql)
{
    char *of = sqlite3_mprintf("%s.\"%w\"", from, column), *rest = sqlite3_mprintf("((%s%%1000000)+1000000)%%1000000", of);

    /* the remainder of a floored division is what stands behind the point */
    sqlite3_str_appendf(sql, "strftime('%%Y-%%m-%%dT%%H:%%M:%%S',(%s-%s)/1000000,'unixepoch')||printf('.%%06dZ',%s)", of,
                        rest, rest);
    sqlite3_free(rest);
    sqlite3_free(of);
}

/* ---- what is wanted ----------------------------------------------------------------------- */

static int
halt(struct daybreak_fault *fault, const char *code)
{
    return sqlite_file_exit(fault, 78, code);
}

static int
name_check(struct sqlite_file *file, const char *what, const char *name, struct daybreak_fault *fault)
{
    size_t size = strlen(name);

    if (size > 0 && size <= NAME_MAX_BYTES)
        return 0;
    file->host->fault(fault, DAYBREAK_HALT, "%s name '%.80s' has %zu bytes, 1 to %d are possible", what, name, size,
                      NAME_MAX_BYTES);
    file->host->hint(fault, "give it another name with a rename transform, or with `table:`");
    return halt(fault, "name");
}

static char *
envelope_column(const char *prefix, const char *name)
{
    char *made = sqlite3_mprintf("%s%s", prefix[0] == '\0' ? "_" : prefix, name), *copy;

    if (made == NULL)
        abort();
    copy = sqlite_file_text(made);
    sqlite3_free(made);
    return copy;
}

static int
clash_check(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        const char *name = table->column[i].name;

        for (uint32_t k = 0; k < i; k++)
            if (strcasecmp(name, table->column[k].name) == 0) {
                file->host->fault(fault, DAYBREAK_HALT, "columns '%s' and '%s' of table '%s' are one name to SQLite",
                                  table->column[k].name, name, table->name);
                file->host->hint(fault, "rename one of them: transforms: - rename: {%s: another_name}", name);
                return halt(fault, "column-twice");
            }
        if (table->wanted == DAYBREAK_ENVELOPE_NONE)
            continue;
        for (int e = 0; e < ENVELOPE_COLUMNS + 2; e++) {
            const char *ours = e < ENVELOPE_COLUMNS ? table->envelope[e] : e == ENVELOPE_COLUMNS ? table->gone_at : table->row;

            if (strcasecmp(name, ours) != 0 || (e >= ENVELOPE_COLUMNS && !table->column[i].key))
                continue;
            file->host->fault(fault, DAYBREAK_HALT, "column '%s' of table '%s' has the name of an envelope column", name,
                              table->name);
            file->host->hint(fault, "give the envelope another prefix in the sink: `prefix: db_` makes it db_%s",
                             ours + (table->prefix[0] == '\0' ? 1 : strlen(table->prefix)));
            return halt(fault, "envelope-clash");
        }
    }
    return 0;
}

static int
write_check(struct sqlite_file *file, const struct sqlite_table *table, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = file->host;

    if (strncasecmp(table->name, "sqlite_", 7) == 0 || strncasecmp(table->name, "_daybreak_", 10) == 0) {
        host->fault(fault, DAYBREAK_HALT, "a table cannot be called '%s': that prefix is reserved", table->name);
        host->hint(fault, "set another `table:` in the sink");
        return halt(fault, "name");
    }
    if (table->columns > COLUMNS_MAX) {
        host->fault(fault, DAYBREAK_HALT, "table '%s' would have %u columns, %d are possible", table->name, table->columns,
                    COLUMNS_MAX);
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
sqlite_table_want(struct sqlite_file *file, struct sqlite_table *table, const struct daybreak_target *target,
                  struct daybreak_fault *fault)
{
    const char *prefix = target->prefix == NULL ? "" : target->prefix;
    bool scanned = table->scanned, told = table->told, fresh = table->fresh;

    sqlite_table_fini(table);
    table->scanned = scanned;
    table->told = told;
    table->fresh = fresh;
    table->name = sqlite_file_text(target->table);
    table->columns = target->columns;
    table->column = sqlite_file_need((target->columns + 1) * sizeof *table->column);
    table->key = sqlite_file_need((target->columns + 1) * sizeof *table->key);
    table->write = target->write;
    table->existing = target->existing;
    table->wanted = target->envelope;
    table->mark_deletes = target->mark_deletes;
    table->keep_ms = target->keep_ms;
    table->prefix = sqlite_file_text(prefix);
    for (uint32_t i = 0; i < target->columns; i++) {
        const struct daybreak_column *from = &target->column[i];

        table->column[i] = (struct sqlite_column){.name = sqlite_file_text(from->name), .type = from->type,
                                                  .precision = from->precision, .scale = from->scale, .key = from->key};
        if (from->key)
            table->key[table->keys++] = i;
    }
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        table->envelope[e] = envelope_column(prefix, envelope_name[e]);
    table->gone_at = envelope_column(prefix, "gone_at");
    table->row = envelope_column(prefix, "row");
    table->history = target->history;
    if (table->write == DAYBREAK_APPEND || table->wanted == DAYBREAK_ENVELOPE_NONE ||
        (target->history == DAYBREAK_HISTORY_GONE && (table->mark_deletes || table->write == DAYBREAK_UPSERT)))
        table->history = DAYBREAK_HISTORY_NONE; /* nothing goes, or the row itself keeps how it went */
    if (name_check(file, "table", table->name, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < table->columns; i++)
        if (name_check(file, "column", table->column[i].name, fault) != 0)
            return -1;
    if (write_check(file, table, fault) != 0)
        return -1;
    return clash_check(file, table, fault);
}

/* ---- what is there ------------------------------------------------------------------------ */

const char *
sqlite_table_type(const struct sqlite_column *column)
{
    switch (column->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        return "BOOLEAN";
    case DAYBREAK_TYPE_INTEGER:
        return "INTEGER";
    case DAYBREAK_TYPE_DECIMAL:
        return column->precision <= EXACT_DIGITS ? "NUMERIC" : "TEXT";
    case DAYBREAK_TYPE_REAL:
        return "REAL";
    case DAYBREAK_TYPE_BYTES:
        return "BLOB";
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    return "TEXT";
}

static bool
holds(const char *text, const char *word)
{
    size_t size = strlen(word);

    for (; *text != '\0'; text++)
        if (strncasecmp(text, word, size) == 0)
            return true;
    return false;
}

/* The affinity rules of https://sqlite.org/datatype3.html 3.1, in their order: true when texts that look like
 * numbers become numbers. */
static bool
numeric(const char *declared)
{
    if (holds(declared, "INT"))
        return true;
    if (holds(declared, "CHAR") || holds(declared, "CLOB") || holds(declared, "TEXT"))
        return false;
    return declared[0] != '\0' && !holds(declared, "BLOB");
}

static struct sqlite_column *
column_named(struct sqlite_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->columns; i++)
        if (strcasecmp(table->column[i].name, name) == 0)
            return &table->column[i];
    return NULL;
}

static int
registry_look(struct sqlite_file *file, struct sqlite_table *table, const struct sqlite_feeder *feeder,
              struct daybreak_fault *fault)
{
    sqlite3_stmt *query;
    int step, result = 0;

    table->registered = table->created = false;
    query = sqlite_file_query(file, "SELECT 1 FROM sqlite_schema WHERE name = '_daybreak_table' AND type = 'table'", fault);
    if (query == NULL)
        return -1;
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    if (step <= 0)
        return step;
    query = sqlite_file_query(file, "SELECT created, pipeline_id, pipeline, handoff, prefix FROM _daybreak_table WHERE "
                                    "name = ?1", fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, table->name);
    step = sqlite_file_step(file, query, fault);
    if (step == 1) {
        const char *id = (const char *)sqlite3_column_text(query, 1), *pipeline = (const char *)sqlite3_column_text(query,
                                                                                                                    2);
        const char *handoff = (const char *)sqlite3_column_text(query,
                                                                3), *prefix = (const char *)sqlite3_column_text(query, 4);

        table->created = sqlite3_column_int(query, 0) != 0;
        table->registered = true;
        if (id == NULL || pipeline == NULL || handoff == NULL || prefix == NULL)
            abort(); /* all are NOT NULL; only memory can be missing */
        if (strcmp(id, feeder->pipeline_id) != 0) {
            file->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' is fed by pipeline '%s' (%s), this is pipeline "
                                                    "'%s' (%s)",
                              table->name, file->shown, pipeline, id, feeder->pipeline, feeder->pipeline_id);
            if (strcmp(pipeline, feeder->pipeline) == 0) /* the same file with a new state: most often the old one is gone */
                file->host->hint(fault, "when this pipeline lost its state: daybreak run --resync; else another table or file for one "
                                        "of them");
            else
                file->host->hint(fault, "another table or file for one of them; or, to take over: daybreak run --was %s", pipeline);
            result = halt(fault, "other-pipeline");
        } else if (strcmp(handoff, feeder->handoff) != 0) {
            file->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' is fed by handoff '%s', this is handoff '%s'",
                              table->name,
                              file->shown, handoff, feeder->handoff);
            file->host->hint(fault, "a table has one handoff: give one of them another table");
            result = halt(fault, "other-handoff");
        } else if (table->created && table->wanted == DAYBREAK_ENVELOPE_DAYBREAK && strcmp(prefix, table->prefix) != 0) {
            file->host->fault(fault, DAYBREAK_HALT, "the envelope of table '%s' was made with `prefix: %s`, now it is "
                                                    "`prefix: %s`",
                              table->name, prefix[0] == '\0' ? "''" : prefix, table->prefix[0] == '\0' ? "''" : table->prefix);
            file->host->hint(fault, "put the old prefix back");
            result = halt(fault, "prefix");
        }
    } else if (step < 0) {
        result = -1;
    }
    sqlite3_finalize(query);
    return result;
}

/* One column of the table as it is. strict: a STRICT table refuses what others would convert. */
static int
column_look(struct sqlite_file *file, struct sqlite_table *table, const char *name, const char *declared, bool strict,
            struct daybreak_fault *fault)
{
    struct sqlite_column *column = column_named(table, name);

    if (column == NULL)
        return 0;
    column->there = true;
    column->as_number = column->type == DAYBREAK_TYPE_DECIMAL && column->precision <= EXACT_DIGITS && numeric(declared);
    if (table->created && strcasecmp(declared, sqlite_table_type(column)) != 0) {
        file->host->fault(fault, DAYBREAK_HALT, "column '%s' of table '%s' is %s, the pipeline now gives %s", name,
                          table->name,
                          declared, sqlite_table_type(column));
        file->host->hint(fault, "put the old type back in `fields`, or move the table away and run again with --resync");
        return halt(fault, "column-type");
    }
    if (table->created || column->type != DAYBREAK_TYPE_TEXT || !numeric(declared))
        return 0;
    if (strict) {
        file->host->fault(fault, DAYBREAK_HALT, "column '%s' of table '%s' is %s, the pipeline gives text", name,
                          table->name, declared);
        file->host->hint(fault, "declare the field: fields: {%s: integer}, decimal(p,s) or real", name);
        return halt(fault, "column-type");
    }
    if (!table->told)
        file->host->log(file->host, 'W', "texts that look like numbers become numbers there: table=%s column=%s type=%s",
                        table->name,
                        name, declared);
    return 0;
}

static int
columns_look(struct sqlite_file *file, struct sqlite_table *table, bool strict, struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(file, "SELECT name, type, hidden FROM pragma_table_xinfo(?1)", fault);
    int found = 0, step, result = 0;

    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, table->name);
    while ((step = sqlite_file_step(file, query, fault)) == 1 && result == 0) {
        const char *name = (const char *)sqlite3_column_text(query,
                                                             0), *declared = (const char *)sqlite3_column_text(query, 1);

        if (name == NULL || sqlite3_column_int(query, 2) != 0) /* a generated column takes no value */
            continue;
        result = column_look(file, table, name, declared == NULL ? "" : declared, strict, fault);
        for (int e = 0; e < ENVELOPE_COLUMNS; e++)
            found += strcasecmp(name, table->envelope[e]) == 0;
    }
    sqlite3_finalize(query);
    table->inlined = found == ENVELOPE_COLUMNS;
    return step < 0 ? -1 : result;
}

/* Rows go by key, so the table needs a unique index over exactly the key that tells texts apart byte by byte. */
static int
index_look(struct sqlite_file *file, struct sqlite_table *table, struct daybreak_fault *fault)
{
    static const char *const sql =
        "SELECT -1, name, 'BINARY', type = 'INTEGER' COLLATE NOCASE AND 1 = sum(1) OVER () FROM pragma_table_xinfo(?1) "
        "WHERE pk > 0 "
        "UNION ALL "
        "SELECT l.seq, x.name, x.coll, 0 FROM pragma_index_list(?1) l, pragma_index_xinfo(l.name) x "
        "WHERE l.\"unique\" AND NOT l.partial AND x.key ORDER BY 1";
    sqlite3_stmt *query;
    uint32_t matched = 0, width = 0;
    int64_t current = -2;
    bool fits = false, binary = true, alias = false;
    int step;

    if (table->write == DAYBREAK_APPEND)
        return 0;
    query = sqlite_file_query(file, sql, fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, table->name);
    do {
        step = sqlite_file_step(file, query, fault);
        if (step != 1 || sqlite3_column_int64(query, 0) != current) {
            /* -1 is the declared key: it has an index among the others, unless it is the rowid itself */
            fits |= width > 0 && matched == table->keys && width == table->keys && binary && (current >= 0 || alias);
            matched = width = 0;
            binary = true;
            if (step == 1)
                current = sqlite3_column_int64(query, 0);
        }
        if (step == 1) {
            const char *name = (const char *)sqlite3_column_text(query,
                                                                 1), *coll = (const char *)sqlite3_column_text(query, 2);
            struct sqlite_column *column = name == NULL ? NULL : column_named(table, name);

            width++;
            matched += column != NULL && column->key;
            binary &= coll != NULL && strcasecmp(coll, "BINARY") == 0;
            alias = sqlite3_column_int(query, 3) != 0;
        }
    } while (step == 1 && !fits);
    sqlite3_finalize(query);
    if (step < 0)
        return -1;
    if (fits)
        return 0;
    file->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has no unique index over just its key (%s%s) that tells "
                                            "upper from lower case",
                      table->name, file->shown, table->column[table->key[0]].name, table->keys > 1 ? ", …" : "");
    if (table->created)
        file->host->hint(fault, "was the key changed? put it back, or move the table away and run again with --resync");
    else
        file->host->hint(fault, "create one: CREATE UNIQUE INDEX … ON %s(%s), or use write: append", table->name,
                         table->column[table->key[0]].name);
    return halt(fault, "no-unique-key");
}

static int
missing_check(struct sqlite_file *file, struct sqlite_table *table, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < table->columns; i++) {
        const struct sqlite_column *column = &table->column[i];

        if (column->there || (table->created && !column->key))
            continue;
        file->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has no column '%s'", table->name, file->shown,
                          column->name);
        if (table->created)
            file->host->hint(fault, "a key cannot be added to a table with rows: move the table away and run again with "
                                    "--resync");
        else
            file->host->hint(fault, "add the column, or leave it out: transforms: - drop: [%s], or rename it",
                             column->name);
        return halt(fault, "missing-column");
    }
    return 0;
}

static int
rows_check(struct sqlite_file *file, struct sqlite_table *table, struct daybreak_fault *fault)
{
    sqlite3_str *sql = sqlite3_str_new(file->db);
    sqlite3_stmt *query;
    int step;

    sqlite3_str_appendf(sql, "SELECT 1 FROM \"%w\" LIMIT 1", table->name);
    query = sqlite_file_built(file, sql, fault);
    if (query == NULL)
        return -1;
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    if (step != 1)
        return step;
    file->host->fault(fault, DAYBREAK_HALT, "table '%s' of '%s' has rows that Daybreak did not write", table->name,
                      file->shown);
    file->host->hint(fault, "`existing: adopt` in the sink takes them over; another `table:` leaves them alone");
    return halt(fault, "existing-rows");
}

int
sqlite_table_look(struct sqlite_file *file, struct sqlite_table *table, const struct sqlite_feeder *feeder,
                  struct daybreak_fault *fault)
{
    sqlite3_stmt *query;
    bool strict = false;
    char type[16] = "";
    int step;

    table->exists = false;
    table->has_rowid = true;
    for (uint32_t i = 0; i < table->columns; i++) {
        table->column[i].there = false;
        table->column[i].as_number = table->column[i].type == DAYBREAK_TYPE_DECIMAL && table->column[i].precision <= EXACT_DIGITS;
    }
    table->place = table->wanted == DAYBREAK_ENVELOPE_NONE   ? ENVELOPE_NOWHERE
                   : table->wanted == DAYBREAK_ENVELOPE_SIDE ? ENVELOPE_SIDE
                                                             : ENVELOPE_INLINE;
    if (file->db == NULL)
        return 0;
    if (registry_look(file, table, feeder, fault) != 0)
        return -1;
    query = sqlite_file_query(file, "SELECT type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1 "
                                    "COLLATE NOCASE", fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, table->name);
    step = sqlite_file_step(file, query, fault);
    if (step == 1) {
        sqlite3_snprintf(sizeof type, type, "%s", (const char *)sqlite3_column_text(query, 0));
        table->has_rowid = sqlite3_column_int(query, 1) == 0;
        strict = sqlite3_column_int(query, 2) != 0;
    }
    sqlite3_finalize(query);
    if (step <= 0)
        return step;
    if (strcmp(type, "view") == 0 || strcmp(type, "shadow") == 0) {
        file->host->fault(fault, DAYBREAK_HALT, "'%s' of '%s' is a %s, not a table", table->name, file->shown, type);
        file->host->hint(fault, "set another `table:` in the sink");
        return halt(fault, "no-table");
    }
    table->exists = true;
    if (columns_look(file, table, strict, fault) != 0 || missing_check(file, table, fault) != 0 ||
        index_look(file, table, fault) != 0)
        return -1;
    if (!table->created && table->place == ENVELOPE_INLINE && !table->inlined) {
        table->place = table->keys > 0 ? ENVELOPE_SIDE : ENVELOPE_NOWHERE;
        if (table->keys == 0 && !table->told)
            file->host->log(file->host, 'W', "no envelope is kept for rows without a key in a table that is not ours: "
                                             "table=%s", table->name);
        if (table->keys == 0)
            table->history = DAYBREAK_HISTORY_NONE;
    }
    table->told = true;
    if (!table->registered && table->existing == DAYBREAK_EXISTING_REFUSE && (!file->read_only || file->rehearses))
        return rows_check(file, table, fault);
    return 0;
}
