/* SPDX-License-Identifier: Apache-2.0 */
/* Under the load `postgres`: the target read back, whole by a binary COPY, or by key. */
#include "postgres_read.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_make.h"
#include "real_text.h"

/* ---- the whole ---------------------------------------------------------------------------- */

static int
side_known(struct postgres_wire *wire, const struct postgres_table *table, bool *known, struct daybreak_fault *fault)
{
    *known = table->place == ENVELOPE_INLINE && table->inlined;
    return table->place == ENVELOPE_SIDE ? postgres_table_there(wire, table->side, known, fault) : 0;
}

static void
scan_sql(const struct postgres_table *table, bool known, struct postgres_text *sql)
{
    struct postgres_text cell = {0};

    postgres_text_put(sql, "COPY (SELECT ");
    for (uint32_t i = 0; i < table->columns; i++) {
        postgres_text_put(sql, i == 0 ? "" : ",");
        if (!table->column[i].there) {
            postgres_text_put(sql, "NULL::text");
            continue;
        }
        postgres_text_clear(&cell);
        postgres_text_name(&cell, "t.", table->column[i].name);
        postgres_table_cell(&table->column[i], cell.at, false, sql);
    }
    postgres_text_fini(&cell);
    if (known) {
        postgres_text_name(sql, table->place == ENVELOPE_SIDE ? ",s." : ",t.", table->envelope[ENVELOPE_EVENT_ID]);
        postgres_text_put(sql, " IS NOT NULL");
    } else {
        postgres_text_put(sql, table->created && table->place != ENVELOPE_SIDE ? ",true" : ",false");
    }
    postgres_text_format(sql, " FROM %s t", table->at);
    if (known && table->place == ENVELOPE_SIDE) {
        postgres_text_format(sql, " LEFT JOIN %s s ON ", table->side);
        postgres_table_same(table, "s.", "t.", sql);
    }
    if (known && table->mark_deletes) {
        postgres_text_name(sql, table->place == ENVELOPE_SIDE ? " WHERE s." : " WHERE t.", table->envelope[ENVELOPE_OP]);
        postgres_text_put(sql, " IS DISTINCT FROM 'd'");
    }
    postgres_text_put(sql, ") TO STDOUT (FORMAT binary)");
}

static bool
take32(const char **at, const char *end, uint32_t *value)
{
    if (end - *at < 4)
        return false;
    memcpy(value, *at, 4);
    *value = ntohl(*value);
    *at += 4;
    return true;
}

/* One row of a binary COPY; false: it is none. */
static bool
row_cells(const struct postgres_table *table, const char *at, const char *end, struct daybreak_text *cell, char (*room)[REAL_TEXT_ROOM], bool *ours)
{
    uint16_t fields;

    if (end - at < 2)
        return false;
    memcpy(&fields, at, 2);
    at += 2;
    if (ntohs(fields) != table->columns + 1)
        return false;
    for (uint32_t i = 0; i <= table->columns; i++) {
        uint32_t size;

        if (!take32(&at, end, &size) || (size != UINT32_MAX && size > (size_t)(end - at)))
            return false;
        cell[i] = (struct daybreak_text){at, size == UINT32_MAX ? DAYBREAK_NULL : size};
        at += size == UINT32_MAX ? 0 : size;
        if (i < table->columns && table->column[i].type == DAYBREAK_TYPE_REAL && cell[i].size != DAYBREAK_NULL && cell[i].size < REAL_TEXT_ROOM) {
            memcpy(room[i], cell[i].at, cell[i].size);
            room[i][cell[i].size] = '\0';
            cell[i] = (struct daybreak_text){room[i], (uint32_t)real_text(strtod(room[i], NULL), room[i])};
        }
    }
    *ours = cell[table->columns].size == 1 && cell[table->columns].at[0] != 0;
    return true;
}

int
postgres_read_scan(struct postgres_wire *wire, struct postgres_table *table, daybreak_scan_fn each, void *context, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    struct daybreak_text *cell;
    char (*room)[REAL_TEXT_ROOM], *piece;
    bool known, goes_on = true, ours, first = true;
    int status, size;

    table->scanned = true;
    if (!table->exists)
        return 0;
    if (side_known(wire, table, &known, fault) != 0)
        return -1;
    scan_sql(table, known, &sql);
    status = postgres_wire_copy_out(wire, sql.at, fault);
    postgres_text_fini(&sql);
    if (status != 0)
        return -1;
    cell = postgres_text_memory((table->columns + 1) * sizeof *cell);
    room = postgres_text_memory((table->columns + 1) * sizeof *room);
    while ((status = postgres_wire_take(wire, &piece, &size, fault)) == 1) {
        const char *at = piece + (first ? 19 : 0); /* the header is in front of the first row */

        if (goes_on && size - (at - piece) > 2 && row_cells(table, at, piece + size, cell, room, &ours))
            goes_on = each(context, cell, ours);
        first = false;
        PQfreemem(piece);
    }
    free(cell);
    free(room);
    return status;
}

int
postgres_read_older(struct postgres_wire *wire, struct postgres_table *table, const char *version, int64_t *rows, struct daybreak_fault *fault)
{
    const char *const texts[] = {version, table->name};
    struct postgres_text sql = {0};
    PGresult *result;
    bool known;
    int status;

    *rows = -1;
    if (!table->exists)
        return 0;
    if (side_known(wire, table, &known, fault) != 0 || !known)
        return known ? -1 : 0;
    postgres_text_format(&sql, "SELECT count(*) FROM %s WHERE ", table->place == ENVELOPE_SIDE ? table->side : table->at);
    postgres_text_name(&sql, "", table->envelope[ENVELOPE_BATCH]);
    postgres_text_name(&sql, " IN (SELECT b.batch FROM ", wire->schema);
    postgres_text_name(&sql, "._daybreak_batch b JOIN ", wire->schema);
    postgres_text_put(&sql, "._daybreak_table r ON r.name = $2 AND b.pipeline_id = r.pipeline_id AND b.handoff = r.handoff WHERE "
                            "b.pipeline_version IS DISTINCT FROM $1)");
    if (table->mark_deletes) {
        postgres_text_name(&sql, " AND ", table->envelope[ENVELOPE_OP]);
        postgres_text_put(&sql, " IS DISTINCT FROM 'd'");
    }
    status = postgres_wire_ask(wire, sql.at, texts, 2, &result, fault);
    postgres_text_fini(&sql);
    if (status != 0)
        return -1;
    *rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return 0;
}

/* ---- one key ------------------------------------------------------------------------------ */

static void
key_where(const struct postgres_table *table, bool plain, struct postgres_text *sql)
{
    char room[32];

    for (uint32_t k = 0; k < table->keys; k++) {
        const struct postgres_column *column = &table->column[table->key[k]];
        const char *type = plain || column->cast == NULL ? postgres_table_type(column, room) : column->cast;

        postgres_text_name(sql, k == 0 ? " WHERE t." : " AND t.", column->name);
        if (column->type == DAYBREAK_TYPE_BYTES) /* given as hex, for parameters are texts */
            postgres_text_format(sql, " = decode($%u, 'hex')", k + 1);
        else
            postgres_text_format(sql, " = CAST($%u::text AS %s)", k + 1, type);
    }
}

/* A row as JSON without blanks, from `SELECT … FROM …`; null when there is none, or when the key is no value of its type. */
static int
object_ask(struct postgres_wire *wire, const char *select, const char *const *key, uint32_t keys, bool all, struct postgres_text *out,
           struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    bool inside = postgres_wire_in(wire);
    PGresult *result;
    int status;

    postgres_text_format(&sql, all ? "SELECT coalesce(string_agg(row_to_json(x)::text, ','), '') FROM (%s) x" : "SELECT row_to_json(x)::text FROM (%s) x",
                         select);
    if (inside && postgres_wire_run(wire, "SAVEPOINT daybreak_find", fault) != 0) {
        postgres_text_fini(&sql);
        return -1;
    }
    status = postgres_wire_ask(wire, sql.at, key, (int)keys, &result, fault);
    postgres_text_fini(&sql);
    if (status == 0) {
        postgres_text_put(out, PQntuples(result) == 0 ? "null" : PQgetvalue(result, 0, 0));
        PQclear(result);
    } else if (postgres_wire_alive(wire) && postgres_wire_refusal(wire)) {
        *fault = (struct daybreak_fault){0};
        postgres_text_put(out, all ? "" : "null");
        status = 0;
    }
    if (inside && status == 0)
        status = postgres_wire_run(wire, "ROLLBACK TO daybreak_find; RELEASE daybreak_find", fault);
    return status;
}

/* The whole row: who asks by key need not know the table's other columns. */
static int
row_sql(struct postgres_wire *wire, const struct postgres_table *table, struct postgres_text *sql, struct daybreak_fault *fault)
{
    const char *const texts[] = {table->at};
    struct postgres_text cell = {0};
    PGresult *result;
    bool first = true;

    if (postgres_wire_ask(wire, "SELECT attname, format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 "
                                "AND NOT attisdropped ORDER BY attnum", texts, 1, &result, fault) != 0)
        return -1;
    postgres_text_put(sql, "SELECT ");
    for (int i = 0; i < PQntuples(result); i++) {
        const char *name = PQgetvalue(result, i, 0), *type = PQgetvalue(result, i, 1);
        struct postgres_column column = {.type = DAYBREAK_TYPE_TEXT};
        bool ours = false, known = false;

        for (int e = 0; e < ENVELOPE_COLUMNS && table->place == ENVELOPE_INLINE && table->inlined; e++)
            ours |= strcmp(name, table->envelope[e]) == 0;
        if (ours)
            continue;
        for (uint32_t c = 0; c < table->columns; c++)
            if (strcmp(table->column[c].name, name) == 0) {
                column = table->column[c];
                known = true;
            }
        if (!known && strncmp(type, "timestamp", 9) == 0)
            column.type = DAYBREAK_TYPE_TIMESTAMP;
        postgres_text_clear(&cell);
        postgres_text_name(&cell, "t.", name);
        postgres_text_put(sql, first ? "" : ",");
        if (known || column.type == DAYBREAK_TYPE_TIMESTAMP)
            postgres_table_cell(&column, cell.at, true, sql);
        else
            postgres_text_put(sql, cell.at);
        postgres_text_name(sql, " AS ", name);
        first = false;
    }
    PQclear(result);
    postgres_text_fini(&cell);
    postgres_text_format(sql, " FROM %s t", table->at);
    key_where(table, false, sql);
    return 0;
}

static void
history_sql(struct postgres_wire *wire, const struct postgres_table *table, const struct postgres_table *named, struct postgres_text *sql)
{
    struct postgres_text gone = {0};

    postgres_text_put(sql, "SELECT ");
    postgres_make_envelope(named, sql);
    postgres_text_name(&gone, "t.", table->gone_at);
    postgres_text_put(sql, ",");
    postgres_table_instant(gone.at, sql);
    postgres_text_name(sql, " AS gone_at,t.", table->row);
    postgres_text_format(sql, "::json AS row FROM %s", table->past);
    postgres_make_batches(wire, table, sql);
    key_where(table, true, sql);
    postgres_text_put(sql, " ORDER BY t._daybreak_n");
    postgres_text_fini(&gone);
}

static char *
hex_of(const struct daybreak_text *bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = postgres_text_memory((size_t)bytes->size * 2 + 1);

    for (uint32_t i = 0; i < bytes->size; i++) {
        text[2 * i] = digits[(uint8_t)bytes->at[i] >> 4];
        text[2 * i + 1] = digits[(uint8_t)bytes->at[i] & 15];
    }
    return text;
}

int
postgres_read_find(struct postgres_wire *wire, const struct postgres_table *table, const struct daybreak_text *key, char **json,
                   struct daybreak_fault *fault)
{
    bool exists = table->exists && table->keys > 0, known = false, past = false;
    char **texts = postgres_text_memory((table->keys + 1) * sizeof *texts);
    struct postgres_table named = *table; /* its JSON has the envelope's own names, whatever the key's are */
    struct postgres_text out = {0}, sql = {0};
    int status = 0;

    named.keys = 0;
    for (uint32_t k = 0; k < table->keys; k++) {
        if (table->column[table->key[k]].type == DAYBREAK_TYPE_BYTES) {
            texts[k] = hex_of(&key[k]);
        } else {
            texts[k] = postgres_text_memory((size_t)key[k].size + 1);
            memcpy(texts[k], key[k].at, key[k].size);
        }
    }
    if (exists && table->registered && (side_known(wire, table, &known, fault) != 0 || postgres_table_there(wire, table->past, &past, fault) != 0))
        status = -1;
    postgres_text_put(&out, "{\"row\":");
    if (!exists)
        postgres_text_put(&out, "null");
    else if (status == 0 && (status = row_sql(wire, table, &sql, fault)) == 0)
        status = object_ask(wire, sql.at, (const char *const *)texts, table->keys, false, &out, fault);
    postgres_text_put(&out, ",\"provenance\":");
    if (!known) {
        postgres_text_put(&out, "null");
    } else if (status == 0) {
        postgres_text_clear(&sql);
        postgres_text_put(&sql, "SELECT ");
        postgres_make_envelope(&named, &sql);
        postgres_text_format(&sql, " FROM %s", table->place == ENVELOPE_SIDE ? table->side : table->at);
        postgres_make_batches(wire, table, &sql);
        key_where(table, table->place == ENVELOPE_SIDE, &sql);
        status = object_ask(wire, sql.at, (const char *const *)texts, table->keys, false, &out, fault);
    }
    postgres_text_put(&out, ",\"history\":[");
    if (past && status == 0) {
        postgres_text_clear(&sql);
        history_sql(wire, table, &named, &sql);
        status = object_ask(wire, sql.at, (const char *const *)texts, table->keys, true, &out, fault);
    }
    postgres_text_put(&out, "]}");
    for (uint32_t k = 0; k < table->keys; k++)
        free(texts[k]);
    free(texts);
    postgres_text_fini(&sql);
    if (status == 0)
        *json = out.at;
    else
        postgres_text_fini(&out);
    return status;
}
