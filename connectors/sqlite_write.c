/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: a folded batch becomes rows. Deletes come before rows, so that a value that is
 * unique in another column can move from one key to another within a batch; under `deletes: mark` they come
 * behind, for the row stays.
 */
#include "sqlite_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_cell.h"

struct lists {
    const uint32_t *put, *gone, *passed;
    uint32_t puts, gones, passeds;
};

/* ---- statements --------------------------------------------------------------------------- */

static void
name_of(const struct sqlite_table *table, const char *kind, sqlite3_str *sql)
{
    sqlite3_str_appendf(sql, "\"%s%w\"", kind, table->name);
}

/* The batch's values for the key columns: v.c0,v.c3 */
static void
key_values(const struct sqlite_table *table, sqlite3_str *sql)
{
    for (uint32_t k = 0; k < table->keys; k++)
        sqlite3_str_appendf(sql, "%sv.c%u", k == 0 ? "" : ",", table->key[k]);
}

static void
envelope_values(sqlite3_str *sql)
{
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        sqlite3_str_appendf(sql, "%sv.e%d", e == 0 ? "" : ",", e);
}

static void
same_key(const struct sqlite_table *table, const char *alias, sqlite3_str *sql)
{
    for (uint32_t k = 0; k < table->keys; k++)
        sqlite3_str_appendf(sql, "%s%s.\"%w\" = v.c%u", k == 0 ? "" : " AND ", alias, table->column[table->key[k]].name,
                            table->key[k]);
}

static void
put_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, bool fresh, sqlite3_str *sql)
{
    bool first = true;

    sqlite3_str_appendall(sql, "INSERT INTO ");
    name_of(table, "", sql);
    sqlite3_str_appendall(sql, "(");
    for (uint32_t i = 0; i < table->columns; i++)
        sqlite3_str_appendf(sql, "%s\"%w\"", i == 0 ? "" : ",", table->column[i].name);
    if (table->place == ENVELOPE_INLINE) {
        sqlite3_str_appendall(sql, ",");
        sqlite_table_envelope(table, "", sql);
    }
    sqlite3_str_appendall(sql, ") SELECT ");
    for (uint32_t i = 0; i < table->columns; i++)
        sqlite3_str_appendf(sql, "%sv.c%u", i == 0 ? "" : ",", i);
    if (table->place == ENVELOPE_INLINE) {
        sqlite3_str_appendall(sql, ",");
        envelope_values(sql);
    }
    sqlite3_str_appendf(sql, " FROM \"%w\" v WHERE true", writer->rows.name);
    if (fresh || table->write == DAYBREAK_APPEND)
        return;
    sqlite3_str_appendall(sql, " ON CONFLICT(");
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ") DO ");
    for (uint32_t i = 0; i < table->columns; i++) {
        if (table->column[i].key)
            continue;
        sqlite3_str_appendf(sql, "%s\"%w\"=excluded.\"%w\"", first ? "UPDATE SET " : ",", table->column[i].name,
                            table->column[i].name);
        first = false;
    }
    for (int e = 0; e < ENVELOPE_COLUMNS && table->place == ENVELOPE_INLINE; e++) {
        sqlite3_str_appendf(sql, "%s\"%w\"=excluded.\"%w\"", first ? "UPDATE SET " : ",", table->envelope[e],
                            table->envelope[e]);
        first = false;
    }
    if (first)
        sqlite3_str_appendall(sql, "NOTHING");
}

static void
delete_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, const char *kind, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "DELETE FROM ");
    name_of(table, kind, sql);
    sqlite3_str_appendall(sql, " WHERE (");
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ") IN (SELECT ");
    key_values(table, sql);
    sqlite3_str_appendf(sql, " FROM \"%w\" v)", writer->rows.name);
}

static void
side_put_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "INSERT OR REPLACE INTO ");
    name_of(table, "_daybreak_row_", sql);
    sqlite3_str_appendall(sql, "(");
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ",");
    sqlite_table_envelope(table, "", sql);
    sqlite3_str_appendall(sql, ") SELECT ");
    key_values(table, sql);
    sqlite3_str_appendall(sql, ",");
    envelope_values(sql);
    sqlite3_str_appendf(sql, " FROM \"%w\" v", writer->rows.name);
    for (uint32_t k = 0; k < table->keys; k++) /* a row without its key cannot be named */
        sqlite3_str_appendf(sql, "%sv.c%u IS NOT NULL", k == 0 ? " WHERE " : " AND ", table->key[k]);
}

static void
mark_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "UPDATE ");
    name_of(table, table->place == ENVELOPE_SIDE ? "_daybreak_row_" : "", sql);
    sqlite3_str_appendall(sql, " AS t SET ");
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        sqlite3_str_appendf(sql, "%s\"%w\"=v.e%d", e == 0 ? "" : ",", table->envelope[e], e);
    sqlite3_str_appendf(sql, " FROM \"%w\" v WHERE ", writer->rows.name);
    same_key(table, "t", sql);
}

static void
history_into(const struct sqlite_table *table, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "INSERT INTO ");
    name_of(table, "_daybreak_history_", sql);
    sqlite3_str_appendall(sql, "(");
    sqlite_table_keys(table, "", sql);
    sqlite3_str_appendall(sql, ",");
    sqlite_table_envelope(table, "", sql);
    sqlite3_str_appendf(sql, ",\"%w\",\"%w\") SELECT ", table->gone_at, table->row);
    key_values(table, sql);
    sqlite3_str_appendall(sql, ",");
}

static void
history_old_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, const char *function,
                sqlite3_str *sql)
{
    bool side = table->place == ENVELOPE_SIDE;

    history_into(table, sql);
    sqlite_table_envelope(table, side ? "s." : "t.", sql);
    sqlite3_str_appendall(sql, ",?1,");
    sqlite_cell_row(table, function, "t.", sql);
    sqlite3_str_appendf(sql, " FROM \"%w\" v CROSS JOIN ", writer->rows.name);
    name_of(table, "", sql);
    sqlite3_str_appendall(sql, " t ON ");
    same_key(table, "t", sql);
    if (side) {
        sqlite3_str_appendall(sql, " LEFT JOIN ");
        name_of(table, "_daybreak_row_", sql);
        sqlite3_str_appendall(sql, " s ON ");
        same_key(table, "s", sql);
    }
}

static void
history_new_sql(const struct sqlite_writer *writer, const struct sqlite_table *table, const char *function,
                sqlite3_str *sql)
{
    history_into(table, sql);
    envelope_values(sql);
    sqlite3_str_appendall(sql, ",?1,");
    if (table->history == DAYBREAK_HISTORY_ALL) {
        sqlite3_str_appendf(sql, "CASE WHEN v.e%d <> 'd' THEN ", ENVELOPE_OP);
        sqlite_cell_row(table, function, NULL, sql);
        sqlite3_str_appendall(sql, " END");
    } else {
        sqlite3_str_appendall(sql, "NULL"); /* what was deleted is gone, only how it went is kept */
    }
    sqlite3_str_appendf(sql, " FROM \"%w\" v", writer->rows.name);
}

static bool
needed(const struct sqlite_table *table, enum row_statement which)
{
    bool mirror = table->write == DAYBREAK_MIRROR, keyed = table->write != DAYBREAK_APPEND;

    switch (which) {
    case WRITE_HISTORY_OLD:
        return table->history == DAYBREAK_HISTORY_ALL;
    case WRITE_HISTORY_NEW:
        return table->history != DAYBREAK_HISTORY_NONE;
    case WRITE_DELETE:
        return mirror && !table->mark_deletes;
    case WRITE_SIDE_DELETE:
        return mirror && !table->mark_deletes && table->place == ENVELOPE_SIDE;
    case WRITE_PUT:
        return true;
    case WRITE_PUT_NEW:
        return keyed && table->fresh;
    case WRITE_SIDE_PUT:
        return table->place == ENVELOPE_SIDE;
    case WRITE_MARK:
        return keyed && table->mark_deletes && table->place != ENVELOPE_NOWHERE;
    case WRITE_STATEMENTS:
        break;
    }
    return false;
}

int
sqlite_write_make(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table, uint32_t number,
                  struct daybreak_fault *fault)
{
    char function[48];

    sqlite_write_drop(writer);
    snprintf(function, sizeof function, "daybreak_row_%u", number);
    if (sqlite_rows_register(file, &writer->rows, table, number, fault) != 0 ||
        sqlite_cell_function(file, (struct sqlite_table *)table, function, fault) != 0 ||
        (table->write != DAYBREAK_APPEND && sqlite_file_cache(file, fault) != 0))
        return -1;
    for (enum row_statement which = 0; which < WRITE_STATEMENTS; which++) {
        sqlite3_str *sql;

        if (!needed(table, which))
            continue;
        sql = sqlite3_str_new(file->db);
        switch (which) {
        case WRITE_HISTORY_OLD:
            history_old_sql(writer, table, function, sql);
            break;
        case WRITE_HISTORY_NEW:
            history_new_sql(writer, table, function, sql);
            break;
        case WRITE_DELETE:
            delete_sql(writer, table, "", sql);
            break;
        case WRITE_SIDE_DELETE:
            delete_sql(writer, table, "_daybreak_row_", sql);
            break;
        case WRITE_PUT:
        case WRITE_PUT_NEW:
            put_sql(writer, table, which == WRITE_PUT_NEW, sql);
            break;
        case WRITE_SIDE_PUT:
            side_put_sql(writer, table, sql);
            break;
        case WRITE_MARK:
            mark_sql(writer, table, sql);
            break;
        case WRITE_STATEMENTS:
            break;
        }
        writer->statement[which] = sqlite_file_built(file, sql, fault);
        if (writer->statement[which] == NULL)
            return -1;
    }
    writer->made = true;
    return 0;
}

void
sqlite_write_drop(struct sqlite_writer *writer)
{
    for (int i = 0; i < WRITE_STATEMENTS; i++) {
        sqlite3_finalize(writer->statement[i]);
        writer->statement[i] = NULL;
    }
    writer->made = false;
}

void
sqlite_write_fini(struct sqlite_writer *writer)
{
    sqlite_write_drop(writer);
    sqlite_rows_fini(&writer->rows);
    row_fold_fini(&writer->fold);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* 1: the table refused something. */
static int
statement_run(struct sqlite_file *file, struct sqlite_writer *writer, enum row_statement which, const uint32_t *list,
              uint32_t count, struct daybreak_fault *fault)
{
    sqlite3_stmt *statement = writer->statement[which];
    int code;

    if (statement == NULL || count == 0)
        return 0;
    writer->rows.list = list;
    writer->rows.count = count;
    if (which == WRITE_HISTORY_OLD || which == WRITE_HISTORY_NEW)
        sqlite3_bind_int64(statement, 1, writer->rows.batch->story->loaded_at);
    do {
        code = sqlite3_step(statement);
    } while (code == SQLITE_ROW); /* an adopted table's trigger may select */
    sqlite3_reset(statement);
    if (code == SQLITE_DONE)
        return 0;
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return 1;
    default:
        return sqlite_file_fault(file, "write", fault);
    }
}

static int
lists_run(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table,
          const struct lists *lists, struct daybreak_fault *fault)
{
    enum row_statement put = table->fresh && writer->statement[WRITE_PUT_NEW] != NULL ? WRITE_PUT_NEW : WRITE_PUT;
    int result = 0;

    if (table->history != DAYBREAK_HISTORY_NONE) {
        result = statement_run(file, writer, WRITE_HISTORY_OLD, lists->gone, lists->gones, fault);
        if (result == 0)
            result = statement_run(file, writer, WRITE_HISTORY_OLD, lists->put, lists->puts, fault);
        if (result == 0)
            result = statement_run(file, writer, WRITE_HISTORY_NEW, lists->passed, lists->passeds, fault);
        if (result == 0)
            result = statement_run(file, writer, WRITE_HISTORY_NEW, lists->gone, lists->gones, fault);
    }
    if (result == 0)
        result = statement_run(file, writer, WRITE_DELETE, lists->gone, lists->gones, fault);
    if (result == 0)
        result = statement_run(file, writer, WRITE_SIDE_DELETE, lists->gone, lists->gones, fault);
    if (result == 0)
        result = statement_run(file, writer, put, lists->put, lists->puts, fault);
    if (result == 0)
        result = statement_run(file, writer, WRITE_SIDE_PUT, lists->put, lists->puts, fault);
    if (result == 0)
        result = statement_run(file, writer, WRITE_MARK, lists->gone, lists->gones, fault);
    return result;
}

/* All of the lists or nothing. 1: the table refused something; sqlite3_errmsg says what. */
static int
lists_write(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table,
            const struct lists *lists, int *code, char reason[512], struct daybreak_fault *fault)
{
    /* a single statement undoes itself */
    bool alone = lists->gones == 0 && lists->passeds == 0 && table->history != DAYBREAK_HISTORY_ALL &&
                 table->place != ENVELOPE_SIDE;
    int result;

    if (!alone && sqlite_file_exec(file, "SAVEPOINT daybreak_batch", fault) != 0)
        return -1;
    result = lists_run(file, writer, table, lists, fault);
    if (result == 1) {
        *code = sqlite3_extended_errcode(file->db);
        snprintf(reason, 512, "%s", sqlite3_errmsg(file->db));
        if (sqlite3_get_autocommit(file->db)) { /* a trigger's RAISE(ROLLBACK) ended the whole transaction */
            file->host->fault(fault, DAYBREAK_HALT, "cannot write table '%s' of '%s': a trigger rolled the transaction "
                                                    "back: %s",
                              table->name, file->shown, reason);
            file->host->hint(fault, "let the trigger RAISE(ABORT, …): then only the record is refused");
            return sqlite_file_exit(fault, 78, "trigger");
        }
        if (!alone && sqlite_file_exec(file, "ROLLBACK TO daybreak_batch", fault) != 0)
            return -1;
    }
    if (result >= 0 && !alone && sqlite_file_exec(file, "RELEASE daybreak_batch", fault) != 0)
        return -1;
    return result;
}

static const char *
rule_of(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_NOTNULL:
        return "constraint_notnull";
    case SQLITE_CONSTRAINT_CHECK:
        return "constraint_check";
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return "constraint_unique";
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return "constraint_foreign_key";
    case SQLITE_CONSTRAINT_TRIGGER:
        return "constraint_trigger";
    case SQLITE_CONSTRAINT_DATATYPE:
    case SQLITE_MISMATCH:
        return "constraint_type";
    case SQLITE_TOOBIG:
        return "too_big";
    default:
        return "constraint";
    }
}

/* One change and what it supersedes. 0 landed, 1 refused by the table. */
static int
change_write(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table,
             const struct daybreak_batch *batch, uint32_t change, int *code, char reason[512], struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND, gone = keyed && batch->op[change] == 'd';
    struct lists lists = {.passed = fold->passed};
    uint32_t kept = NO_CHANGE;

    for (uint32_t p = keyed ? fold->previous[change] : NO_CHANGE; p != NO_CHANGE; p = fold->previous[p]) {
        if (fold->state[p] == CHANGE_OUT)
            continue;
        if (table->history == DAYBREAK_HISTORY_ALL || (table->history == DAYBREAK_HISTORY_GONE && batch->op[p] == 'd'))
            fold->passed[lists.passeds++] = p;
        if (gone && table->mark_deletes && kept == NO_CHANGE && batch->op[p] != 'd')
            kept = p;
    }
    if (gone) {
        lists.gone = &change;
        lists.gones = 1;
    }
    if (!gone || kept != NO_CHANGE) {
        lists.put = gone ? &kept : &change;
        lists.puts = 1;
    }
    return lists_write(file, writer, table, &lists, code, reason, fault);
}

/*
 * The slow way, taken only when the table refused something of the batch. A key's last change is tried first;
 * when it is refused for good, the one before it has its turn. What is refused is tried again as long as
 * others still land: a unique value may be on its way from one row to another.
 */
static int
write_each(struct sqlite_file *file, struct sqlite_writer *writer, const struct sqlite_table *table,
           const struct daybreak_batch *batch, uint32_t *queue, uint32_t count, struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND, final = !keyed;
    char reason[512];
    int code;

    while (count > 0) {
        uint32_t left = 0;

        for (uint32_t i = 0; i < count; i++) {
            int result = change_write(file, writer, table, batch, queue[i], &code, reason, fault);
            uint32_t next = queue[i];

            if (result < 0)
                return -1;
            if (result == 0)
                continue;
            if (final) {
                file->host->refuse(batch, queue[i], rule_of(code), "%s", reason);
                if (!keyed)
                    continue;
                fold->state[queue[i]] = CHANGE_OUT;
                next = fold->previous[queue[i]];
                while (next != NO_CHANGE && fold->state[next] == CHANGE_OUT)
                    next = fold->previous[next];
                if (next == NO_CHANGE)
                    continue;
            }
            queue[left++] = next;
        }
        final = left == count || final; /* nothing landed in a whole pass: what is left is refused for good */
        count = left;
    }
    return 0;
}

int
sqlite_write_batch(struct sqlite_file *file, struct sqlite_writer *writer, struct sqlite_table *table,
                   const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND;
    struct lists lists;
    uint32_t *queue, queued = 0;
    char reason[512];
    int result, code;

    sqlite_rows_lend(file, &writer->rows, table, batch);
    if (keyed)
        row_fold_keys(fold, &(struct row_rule){file->host, table->name, table->key, table->keys,
                                               table->write == DAYBREAK_MIRROR || table->mark_deletes, table->mark_deletes,
                                               table->history}, batch);
    else
        row_fold_none(fold, batch);
    lists = (struct lists){fold->put, fold->gone, fold->passed, fold->puts, fold->gones, fold->passeds};
    result = lists_write(file, writer, table, &lists, &code, reason, fault);
    if (result == 1 && table->fresh && keyed) { /* a key was there after all */
        table->fresh = false;
        result = lists_write(file, writer, table, &lists, &code, reason, fault);
    }
    if (result == 1) {
        queue = sqlite_file_need(((size_t)fold->gones + fold->puts + 1) * sizeof *queue);
        for (uint32_t i = 0; i < fold->gones; i++)
            queue[queued++] = fold->gone[i];
        for (uint32_t i = 0; i < fold->puts; i++)
            if (!keyed || fold->state[fold->put[i]] == CHANGE_LAST) /* the others go with the mark upon them */
                queue[queued++] = fold->put[i];
        result = write_each(file, writer, table, batch, queue, queued, fault);
        free(queue);
    }
    writer->rows.batch = NULL;
    return result;
}

int
sqlite_write_prune(struct sqlite_file *file, const struct sqlite_table *table, int64_t now_us, struct daybreak_fault *fault)
{
    sqlite3_str *sql;

    if (table->history == DAYBREAK_HISTORY_NONE || table->keep_ms <= 0 || !table->ready)
        return 0;
    sql = sqlite3_str_new(file->db);
    /* rows stand in the order of their time: what is kept begins at the first that is young enough */
    sqlite3_str_appendf(sql, "DELETE FROM \"_daybreak_history_%w\" WHERE rowid < coalesce((SELECT rowid FROM "
                             "\"_daybreak_history_%w\" "
                             "WHERE \"%w\" >= %lld ORDER BY rowid LIMIT 1), 9223372036854775807)",
                        table->name, table->name, table->gone_at, (long long)(now_us - table->keep_ms * 1000));
    return sqlite_file_run(file, sql, fault);
}
