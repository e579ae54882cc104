/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `postgres`: a folded batch becomes rows. Rows that are new to a table of ours are copied straight into it. All else is
 * copied into a temporary table, from where a few statements, sent as one, take it to its places: old versions into the history,
 * deletes before rows, so that a value that is unique in another column can move from one key to another within a batch; under
 * `deletes: mark` they come behind, for the row stays.
 */
#include "postgres_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER '\1' /* in a statement: where a range of turns goes in */
#define LOADED '\2' /* and the instant of loading */
#define UNDONE "ROLLBACK TO daybreak_batch; RELEASE daybreak_batch"

/* ---- statements --------------------------------------------------------------------------- */

/* The staged value of a column, in the type the table wants it in. */
static void
value(const struct postgres_table *table, uint32_t column, struct postgres_text *sql)
{
    if (table->column[column].cast == NULL)
        postgres_text_format(sql, "v.c%u", column);
    else
        postgres_text_format(sql, "v.c%u::%s", column, table->column[column].cast);
}

static void
key_values(const struct postgres_table *table, bool plain, struct postgres_text *sql)
{
    for (uint32_t k = 0; k < table->keys; k++) {
        postgres_text_put(sql, k == 0 ? "" : ",");
        if (plain)
            postgres_text_format(sql, "v.c%u", table->key[k]);
        else
            value(table, table->key[k], sql);
    }
}

static void
envelope_values(struct postgres_text *sql)
{
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        postgres_text_format(sql, "%sv.e%d", e == 0 ? "" : ",", e);
}

/* plain: a table of ours, whose key is as we declare it. */
static void
same_key(const struct postgres_table *table, const char *alias, bool plain, struct postgres_text *sql)
{
    for (uint32_t k = 0; k < table->keys; k++) {
        postgres_text_put(sql, k == 0 ? "" : " AND ");
        postgres_text_name(sql, alias, table->column[table->key[k]].name);
        postgres_text_put(sql, " = ");
        if (plain)
            postgres_text_format(sql, "v.c%u", table->key[k]);
        else
            value(table, table->key[k], sql);
    }
}

static void
filter(struct postgres_text *sql, const char *kinds)
{
    postgres_text_format(sql, "v.kind IN (%s)%c;\n", kinds, FILTER);
}

void
postgres_write_row(const struct postgres_table *table, const char *from, struct postgres_text *sql)
{
    struct postgres_text cell = {0};

    postgres_text_put(sql, "(SELECT row_to_json(x)::text FROM (SELECT ");
    for (uint32_t i = 0; i < table->columns; i++) {
        postgres_text_clear(&cell);
        if (from == NULL)
            postgres_text_format(&cell, "v.c%u", i);
        else
            postgres_text_name(&cell, from, table->column[i].name);
        postgres_text_put(sql, i == 0 ? "" : ",");
        postgres_table_cell(&table->column[i], cell.at, true, sql);
        postgres_text_name(sql, " AS ", table->column[i].name);
    }
    postgres_text_put(sql, ") x)");
    postgres_text_fini(&cell);
}

static void
history_into(const struct postgres_table *table, struct postgres_text *sql)
{
    postgres_text_format(sql, "INSERT INTO %s(", table->past);
    postgres_table_keys(table, "", sql);
    postgres_text_put(sql, ",");
    postgres_table_envelope(table, "", sql);
    postgres_text_name(sql, ",", table->gone_at);
    postgres_text_name(sql, ",", table->row);
    postgres_text_put(sql, ") SELECT ");
    key_values(table, true, sql);
    postgres_text_put(sql, ",");
}

static void
history_sql(const struct postgres_table *table, struct postgres_text *sql)
{
    bool side = table->place == ENVELOPE_SIDE;

    if (table->history == DAYBREAK_HISTORY_ALL) {
        history_into(table, sql);
        postgres_table_envelope(table, side ? "s." : "t.", sql);
        postgres_text_format(sql, ",%c,", LOADED);
        postgres_write_row(table, "t.", sql);
        postgres_text_format(sql, " FROM %s v JOIN %s t ON ", table->staged, table->at);
        same_key(table, "t.", false, sql);
        if (side) {
            postgres_text_format(sql, " LEFT JOIN %s s ON ", table->side);
            same_key(table, "s.", true, sql);
        }
        postgres_text_put(sql, " WHERE ");
        filter(sql, "'p','g'");
    }
    history_into(table, sql);
    envelope_values(sql);
    postgres_text_format(sql, ",%c,", LOADED);
    if (table->history == DAYBREAK_HISTORY_ALL) {
        postgres_text_format(sql, "CASE WHEN v.e%d <> 'd' THEN ", ENVELOPE_OP);
        postgres_write_row(table, NULL, sql);
        postgres_text_put(sql, " END");
    } else {
        postgres_text_put(sql, "NULL"); /* what was deleted is gone, only how it went is kept */
    }
    postgres_text_format(sql, " FROM %s v WHERE ", table->staged);
    filter(sql, "'h','g'");
}

static void
delete_sql(const struct postgres_table *table, const char *from, bool plain, struct postgres_text *sql)
{
    postgres_text_format(sql, "DELETE FROM %s t USING %s v WHERE ", from, table->staged);
    same_key(table, "t.", plain, sql);
    postgres_text_put(sql, " AND ");
    filter(sql, "'g'");
}

static void
assign(const char *name, bool *first, struct postgres_text *sql)
{
    postgres_text_name(sql, *first ? " DO UPDATE SET " : ",", name);
    postgres_text_name(sql, "=excluded.", name);
    *first = false;
}

static void
columns_into(const struct postgres_table *table, struct postgres_text *sql)
{
    for (uint32_t i = 0; i < table->columns; i++)
        postgres_text_name(sql, i == 0 ? "(" : ",", table->column[i].name);
    if (table->place == ENVELOPE_INLINE) {
        postgres_text_put(sql, ",");
        postgres_table_envelope(table, "", sql);
    }
    postgres_text_put(sql, ")");
}

static void
put_sql(const struct postgres_table *table, struct postgres_text *sql)
{
    bool first = true;

    postgres_text_format(sql, "INSERT INTO %s", table->at);
    columns_into(table, sql);
    postgres_text_put(sql, " SELECT ");
    for (uint32_t i = 0; i < table->columns; i++) {
        postgres_text_put(sql, i == 0 ? "" : ",");
        value(table, i, sql);
    }
    if (table->place == ENVELOPE_INLINE) {
        postgres_text_put(sql, ",");
        envelope_values(sql);
    }
    postgres_text_format(sql, " FROM %s v WHERE v.kind = 'p'%c", table->staged, FILTER);
    if (table->write != DAYBREAK_APPEND) {
        postgres_text_put(sql, " ON CONFLICT (");
        postgres_table_keys(table, "", sql);
        postgres_text_put(sql, ")");
        for (uint32_t i = 0; i < table->columns; i++)
            if (!table->column[i].key)
                assign(table->column[i].name, &first, sql);
        for (int e = 0; e < ENVELOPE_COLUMNS && table->place == ENVELOPE_INLINE; e++)
            assign(table->envelope[e], &first, sql);
        if (first)
            postgres_text_put(sql, " DO NOTHING");
    }
    postgres_text_put(sql, ";\n");
}

static void
side_put_sql(const struct postgres_table *table, struct postgres_text *sql)
{
    bool first = true;

    postgres_text_format(sql, "INSERT INTO %s(", table->side);
    postgres_table_keys(table, "", sql);
    postgres_text_put(sql, ",");
    postgres_table_envelope(table, "", sql);
    postgres_text_put(sql, ") SELECT ");
    if (table->write == DAYBREAK_APPEND) { /* every change is a row there; beside it stands the last one of its key */
        postgres_text_put(sql, "DISTINCT ON (");
        key_values(table, true, sql);
        postgres_text_put(sql, ") ");
    }
    key_values(table, true, sql);
    postgres_text_put(sql, ",");
    envelope_values(sql);
    postgres_text_format(sql, " FROM %s v WHERE v.kind = 'p'%c", table->staged, FILTER);
    for (uint32_t k = 0; k < table->keys; k++) /* a row without its key cannot be named */
        postgres_text_format(sql, " AND v.c%u IS NOT NULL", table->key[k]);
    if (table->write == DAYBREAK_APPEND) {
        postgres_text_put(sql, " ORDER BY ");
        key_values(table, true, sql);
        postgres_text_put(sql, ", v.turn DESC");
    }
    postgres_text_put(sql, " ON CONFLICT (");
    postgres_table_keys(table, "", sql);
    postgres_text_put(sql, ")");
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        assign(table->envelope[e], &first, sql);
    postgres_text_put(sql, ";\n");
}

static void
mark_sql(const struct postgres_table *table, struct postgres_text *sql)
{
    bool side = table->place == ENVELOPE_SIDE;

    postgres_text_format(sql, "UPDATE %s AS t SET ", side ? table->side : table->at);
    for (int e = 0; e < ENVELOPE_COLUMNS; e++) {
        postgres_text_name(sql, e == 0 ? "" : ",", table->envelope[e]);
        postgres_text_format(sql, "=v.e%d", e);
    }
    postgres_text_format(sql, " FROM %s v WHERE ", table->staged);
    same_key(table, "t.", side, sql);
    postgres_text_put(sql, " AND ");
    filter(sql, "'g'");
}

void
postgres_write_make(struct postgres_writer *writer, const struct postgres_table *table)
{
    bool keyed = table->write != DAYBREAK_APPEND, deletes = table->write == DAYBREAK_MIRROR && !table->mark_deletes;
    struct postgres_text sql = {0};

    postgres_write_drop(writer);
    if (table->history != DAYBREAK_HISTORY_NONE)
        history_sql(table, &sql);
    if (deletes)
        delete_sql(table, table->at, false, &sql);
    if (deletes && table->place == ENVELOPE_SIDE)
        delete_sql(table, table->side, true, &sql);
    put_sql(table, &sql);
    if (table->place == ENVELOPE_SIDE)
        side_put_sql(table, &sql);
    if (keyed && table->mark_deletes && table->place != ENVELOPE_NOWHERE)
        mark_sql(table, &sql);
    writer->statement = sql.at;
    sql = (struct postgres_text){0};
    postgres_text_format(&sql, "COPY %s FROM STDIN (FORMAT binary)", table->staged);
    writer->copy = sql.at;
    sql = (struct postgres_text){0};
    postgres_text_format(&sql, "COPY %s", table->at);
    columns_into(table, &sql);
    postgres_text_put(&sql, " FROM STDIN (FORMAT binary)");
    writer->copy_new = sql.at;
    writer->made = true;
}

void
postgres_write_drop(struct postgres_writer *writer)
{
    free(writer->copy);
    free(writer->copy_new);
    free(writer->statement);
    writer->copy = writer->copy_new = writer->statement = NULL;
    writer->made = writer->staged = false;
}

void
postgres_write_fini(struct postgres_writer *writer)
{
    postgres_write_drop(writer);
    postgres_rows_fini(&writer->rows);
    row_fold_fini(&writer->fold);
    postgres_text_fini(&writer->sql);
    free(writer->item);
    *writer = (struct postgres_writer){0};
}

/* ---- staged rows -------------------------------------------------------------------------- */

static struct postgres_item *
items_room(struct postgres_writer *writer, size_t count)
{
    if (count > writer->room) {
        writer->room = count * 2;
        writer->item = postgres_text_grow(writer->item, writer->room * sizeof *writer->item);
    }
    return writer->item;
}

/* An empty table of staged rows. It ends with the connection; its rows end with the transaction. */
static int
staged_empty(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, struct daybreak_fault *fault)
{
    static const char *const envelope[ENVELOPE_COLUMNS] = {"bytea", "text", "bigint", "bigint", "text", "text"};
    struct postgres_text *sql = &writer->sql;

    postgres_text_clear(sql);
    postgres_text_put(sql, "SAVEPOINT daybreak_stage;"); /* to where a COPY that breaks falls back */
    if (writer->staged && writer->backend == wire->backend) {
        postgres_text_format(sql, "TRUNCATE %s", table->staged);
        return postgres_wire_run(wire, sql->at, fault);
    }
    postgres_text_format(sql, "DROP TABLE IF EXISTS %s; CREATE TEMP TABLE %s(turn integer, kind \"char\"", table->staged,
                         strchr(table->staged, '.') + 1);
    for (uint32_t i = 0; i < table->columns; i++) {
        struct postgres_column plain = table->column[i];
        char room[32];

        if (plain.type == DAYBREAK_TYPE_DECIMAL) /* checked where it lands: there its row can be refused */
            postgres_text_format(sql, ",c%u numeric", i);
        else
            postgres_text_format(sql, ",c%u %s%s", i, postgres_table_type(&plain, room),
                                 plain.type == DAYBREAK_TYPE_TEXT ? " COLLATE \"C\"" : "");
    }
    for (int e = 0; e < ENVELOPE_COLUMNS; e++)
        postgres_text_format(sql, ",e%d %s", e, envelope[e]);
    postgres_text_put(sql, ") ON COMMIT DELETE ROWS");
    if (postgres_wire_run(wire, sql->at, fault) != 0)
        return -1;
    writer->staged = true;
    writer->indexed = false;
    writer->backend = wire->backend;
    return 0;
}

static int
staged_fill(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, uint32_t count,
            struct daybreak_fault *fault)
{
    int status;

    if (staged_empty(wire, writer, table, fault) != 0)
        return -1;
    status = postgres_rows_send(&writer->rows, wire, writer->copy, writer->item, count, true, true, fault);
    if (status < 0)
        return -1;
    if (status == 1)
        writer->staged = false; /* it may be no older than the savepoint */
    return postgres_wire_run(wire, status == 1 ? "ROLLBACK TO daybreak_stage; RELEASE daybreak_stage" : "RELEASE daybreak_stage", fault) != 0
               ? -1
               : status;
}

/* The statements for turns ${from} to ${to} (all: every one), as one savepoint. 1: the table refused something, nothing of it happened. */
static int
staged_write(struct postgres_wire *wire, struct postgres_writer *writer, bool all, uint32_t from, uint32_t to, struct daybreak_fault *fault)
{
    struct postgres_text *sql = &writer->sql;
    char state[6], reason[512];
    int status;

    postgres_text_clear(sql);
    postgres_text_put(sql, "SAVEPOINT daybreak_batch;\n");
    for (const char *at = writer->statement; *at != '\0';) {
        size_t plain = strcspn(at, "\1\2");

        postgres_text_add(sql, at, plain);
        at += plain;
        if (*at == FILTER && !all)
            postgres_text_format(sql, " AND v.turn BETWEEN %u AND %u", from, to);
        else if (*at == LOADED)
            postgres_text_format(sql, "%lld::bigint", (long long)writer->rows.batch->story->loaded_at);
        at += *at != '\0';
    }
    postgres_text_put(sql, "RELEASE daybreak_batch");
    status = postgres_wire_try(wire, sql->at, fault);
    if (status != 1)
        return status;
    memcpy(state, wire->state, sizeof state);
    memcpy(reason, wire->reason, sizeof reason);
    if (!postgres_wire_in(wire)) {
        wire->host->fault(fault, DAYBREAK_HALT, "cannot write '%s': the transaction was ended from within: %s", wire->shown, reason);
        return postgres_wire_exit(fault, 78, "trigger");
    }
    if (postgres_wire_run(wire, UNDONE, fault) != 0)
        return -1;
    memcpy(wire->state, state, sizeof state);
    memcpy(wire->reason, reason, sizeof reason);
    return 1;
}

static const char *
rule_of(const struct postgres_wire *wire)
{
    static const struct {
        const char *state, *rule;
    } rules[] = {{"23502", "constraint_notnull"}, {"23514", "constraint_check"}, {"23505", "constraint_unique"}, {"23P01", "constraint_unique"},
                 {"23503", "constraint_foreign_key"}, {"44", "constraint_check"}, {"54", "too_big"}, {"22001", "too_big"},
                 {"22", "constraint_type"}, {"42846", "constraint_type"}, {"P0", "constraint_trigger"}, {"38", "constraint_trigger"},
                 {"39", "constraint_trigger"}, {"09", "constraint_trigger"}};

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strncmp(wire->state, rules[i].state, strlen(rules[i].state)) == 0)
            return rules[i].rule;
    return "constraint";
}

/* ---- the slow way ------------------------------------------------------------------------- */

/* What a change and those it supersedes put into the staged rows. */
static uint32_t
items_of(struct postgres_writer *writer, const struct postgres_table *table, const struct daybreak_batch *batch, uint32_t change, uint32_t turn,
         uint32_t count)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND, gone = keyed && batch->op[change] == 'd';
    uint32_t kept = NO_CHANGE;

    for (uint32_t p = keyed ? fold->previous[change] : NO_CHANGE; p != NO_CHANGE; p = fold->previous[p]) {
        if (fold->state[p] == CHANGE_OUT)
            continue;
        if (table->history == DAYBREAK_HISTORY_ALL || (table->history == DAYBREAK_HISTORY_GONE && batch->op[p] == 'd'))
            items_room(writer, count + 3)[count] = (struct postgres_item){p, turn, 'h'}, count++;
        if (gone && table->mark_deletes && kept == NO_CHANGE && batch->op[p] != 'd')
            kept = p;
    }
    items_room(writer, count + 3);
    if (gone)
        writer->item[count++] = (struct postgres_item){change, turn, 'g'};
    if (!gone || kept != NO_CHANGE)
        writer->item[count++] = (struct postgres_item){gone ? kept : change, turn, 'p'};
    return count;
}

struct range {
    uint32_t from, to;
};

/* Halves what is refused until it is single; refused[turn] says which. Turns that landed stay. */
static int
halves(struct postgres_wire *wire, struct postgres_writer *writer, uint32_t count, bool tell, const uint32_t *queue, uint8_t *refused,
       struct daybreak_fault *fault)
{
    struct range stack[64];
    int depth = 0;

    stack[depth++] = (struct range){0, count - 1};
    while (depth > 0) {
        struct range range = stack[--depth];
        int status = staged_write(wire, writer, false, range.from, range.to, fault);
        uint32_t middle = range.from + (range.to - range.from) / 2;

        if (status < 0)
            return -1;
        if (status == 0)
            continue;
        if (range.from == range.to) {
            refused[range.from] = 1;
            if (tell)
                wire->host->refuse(writer->rows.batch, queue[range.from], rule_of(wire), "%s", wire->reason);
            continue;
        }
        stack[depth++] = (struct range){middle + 1, range.to};
        stack[depth++] = (struct range){range.from, middle};
    }
    return 0;
}

static int
index_make(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, struct daybreak_fault *fault)
{
    if (writer->indexed)
        return 0;
    postgres_text_clear(&writer->sql);
    postgres_text_format(&writer->sql, "CREATE INDEX ON %s(turn)", table->staged);
    writer->indexed = true;
    return postgres_wire_run(wire, writer->sql.at, fault);
}

/* The change of a key that has its turn when ${change} is refused for good. */
static uint32_t
out(struct row_fold *fold, uint32_t change)
{
    fold->state[change] = CHANGE_OUT;
    do {
        change = fold->previous[change];
    } while (change != NO_CHANGE && fold->state[change] == CHANGE_OUT);
    return change;
}

/*
 * Taken only when the table refused something of the batch. A key's last change is tried first; when it is refused for good, the one before it
 * has its turn. What is refused is tried again as long as others still land: a unique value may be on its way from one row to another.
 */
static int
write_each(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, const struct daybreak_batch *batch,
           uint32_t *queue, uint32_t count, uint8_t *refused, struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND, final = !keyed;

    while (count > 0) {
        uint32_t items = 0, left = 0;
        int status;

        for (uint32_t i = 0; i < count; i++)
            items = items_of(writer, table, batch, queue[i], i, items);
        status = staged_fill(wire, writer, table, items, fault);
        if (status != 0)
            return status < 0 ? -1 : postgres_wire_fault(wire, "write", fault);
        memset(refused, 0, count);
        if (index_make(wire, writer, table, fault) != 0 || halves(wire, writer, count, final, queue, refused, fault) != 0)
            return -1;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t next = queue[i];

            if (!refused[i])
                continue;
            if (final)
                next = keyed ? out(fold, next) : NO_CHANGE;
            if (next != NO_CHANGE)
                queue[left++] = next;
        }
        final = left == count || final; /* nothing landed in a whole pass: what is left is refused for good */
        count = left;
    }
    return 0;
}

/* What no COPY could carry goes first, so that the rest can be sent. */
static int
write_slow(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, const struct daybreak_batch *batch,
           struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND;
    uint32_t *queue = postgres_text_memory(((size_t)fold->gones + fold->puts + 1) * sizeof *queue), queued = 0;
    uint8_t *refused = postgres_text_memory((size_t)fold->gones + fold->puts + 1);
    int status;

    for (uint32_t i = 0; i < batch->changes; i++) {
        const char *why = (keyed && fold->state[i] == CHANGE_OUT) ? NULL : postgres_rows_bad(&writer->rows, i);

        if (why == NULL)
            continue;
        wire->host->refuse(batch, i, "constraint_type", "%s", why);
        fold->state[i] = CHANGE_OUT;
    }
    for (uint32_t i = 0; i < fold->gones + fold->puts; i++) {
        uint32_t change = i < fold->gones ? fold->gone[i] : fold->put[i - fold->gones];

        if (fold->state[change] == CHANGE_PASSED) /* goes with the mark upon it */
            continue;
        if (fold->state[change] == CHANGE_OUT)
            change = keyed ? out(fold, change) : NO_CHANGE;
        if (change != NO_CHANGE)
            queue[queued++] = change;
    }
    status = write_each(wire, writer, table, batch, queue, queued, refused, fault);
    free(queue);
    free(refused);
    return status;
}

/* ---- the fast way ------------------------------------------------------------------------- */

static uint32_t
items_all(struct postgres_writer *writer)
{
    const struct row_fold *fold = &writer->fold;
    struct postgres_item *item = items_room(writer, (size_t)fold->passeds + fold->gones + fold->puts + 1);
    uint32_t count = 0;

    for (uint32_t i = 0; i < fold->passeds; i++)
        item[count++] = (struct postgres_item){fold->passed[i], fold->passed[i], 'h'};
    for (uint32_t i = 0; i < fold->gones; i++)
        item[count++] = (struct postgres_item){fold->gone[i], fold->gone[i], 'g'};
    for (uint32_t i = 0; i < fold->puts; i++)
        item[count++] = (struct postgres_item){fold->put[i], fold->put[i], 'p'};
    return count;
}

/* Straight into the table: 0, 1 refused and undone, -1. The savepoint is released with the next one, or by the end of the transaction: each word
 * to the server costs a turn of both processes. */
static int
write_new(struct postgres_wire *wire, struct postgres_writer *writer, const struct postgres_table *table, uint32_t count,
          struct daybreak_fault *fault)
{
    int status;

    postgres_text_clear(&writer->sql);
    postgres_text_format(&writer->sql, "%sSAVEPOINT daybreak_batch; %s", writer->saved ? "RELEASE daybreak_batch; " : "", writer->copy_new);
    status = postgres_rows_send(&writer->rows, wire, writer->sql.at, writer->item, count, false, table->place == ENVELOPE_INLINE, fault);
    writer->saved = status == 0;
    if (status != 1)
        return status;
    return postgres_wire_run(wire, UNDONE, fault) != 0 ? -1 : 1;
}

int
postgres_write_batch(struct postgres_wire *wire, struct postgres_writer *writer, struct postgres_table *table, const struct daybreak_batch *batch,
                     struct daybreak_fault *fault)
{
    struct row_fold *fold = &writer->fold;
    bool keyed = table->write != DAYBREAK_APPEND;
    uint32_t count;
    int status;

    postgres_rows_lend(&writer->rows, wire->host, table, batch);
    if (keyed)
        row_fold_keys(fold, &(struct row_rule){wire->host, table->name, table->key, table->keys,
                                               table->write == DAYBREAK_MIRROR || table->mark_deletes, table->mark_deletes, table->history},
                      batch);
    else
        row_fold_none(fold, batch);
    if (!keyed)
        for (uint32_t i = 0; i < batch->changes; i++)
            fold->state[i] = CHANGE_LAST;
    count = items_all(writer);
    if (count == 0)
        return 0;
    if (table->created && table->place != ENVELOPE_SIDE && fold->gones == 0 && fold->passeds == 0 && (!keyed || table->fresh)) {
        status = write_new(wire, writer, table, count, fault);
        if (status <= 0)
            return status;
        table->fresh = false; /* a key was there after all, or a row is refused */
    }
    status = staged_fill(wire, writer, table, count, fault);
    if (status == 0)
        status = staged_write(wire, writer, true, 0, 0, fault);
    if (status == 1)
        status = write_slow(wire, writer, table, batch, fault);
    writer->rows.batch = NULL;
    return status;
}

int
postgres_write_prune(struct postgres_wire *wire, const struct postgres_table *table, int64_t now_us, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    int status;

    if (table->history == DAYBREAK_HISTORY_NONE || table->keep_ms <= 0 || !table->ready)
        return 0;
    /* rows stand in the order of their time: what is kept begins at the first that is young enough */
    postgres_text_format(&sql, "DELETE FROM %s WHERE _daybreak_n < coalesce((SELECT _daybreak_n FROM %s WHERE ", table->past, table->past);
    postgres_text_name(&sql, "", table->gone_at);
    postgres_text_format(&sql, " >= %lld ORDER BY _daybreak_n LIMIT 1), 9223372036854775807)", (long long)(now_us - table->keep_ms * 1000));
    status = postgres_wire_run(wire, sql.at, fault);
    postgres_text_fini(&sql);
    return status;
}
