/* SPDX-License-Identifier: Apache-2.0 */
/* Under the extract `postgres`: what a table or query has, and its rows as cells of a batch. */
#include "postgres_source.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_table.h"

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_DATE = 1082,
       OID_TIMESTAMP = 1114, OID_TIMESTAMPTZ = 1184, OID_NUMERIC = 1700 };

/* A numeric without a precision has digits of its own in each row: it is given as text, exactly. */
static void
type_of(uint32_t oid, int mod, struct daybreak_column *column)
{
    switch (oid) {
    case OID_BOOL:
        column->type = DAYBREAK_TYPE_BOOLEAN;
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
        column->type = DAYBREAK_TYPE_INTEGER;
        break;
    case OID_FLOAT4:
    case OID_FLOAT8:
        column->type = DAYBREAK_TYPE_REAL;
        break;
    case OID_BYTEA:
        column->type = DAYBREAK_TYPE_BYTES;
        break;
    case OID_DATE:
        column->type = DAYBREAK_TYPE_DATE;
        break;
    case OID_TIMESTAMP:
    case OID_TIMESTAMPTZ:
        column->type = DAYBREAK_TYPE_TIMESTAMP;
        break;
    case OID_NUMERIC:
        if (mod >= 4 && ((mod - 4) >> 16 & 0xffff) <= 38 && ((mod - 4) & 0x7ff) <= ((mod - 4) >> 16 & 0xffff)) {
            column->type = DAYBREAK_TYPE_DECIMAL;
            column->precision = (uint8_t)((mod - 4) >> 16 & 0xffff);
            column->scale = (uint8_t)((mod - 4) & 0x7ff);
        }
        break;
    default:
        break;
    }
}

void
postgres_source_fini(struct postgres_source *source)
{
    for (uint32_t i = 0; i < source->columns; i++)
        free((char *)source->column[i].name);
    free(source->column);
    free(source->type);
    free(source->at);
    *source = (struct postgres_source){0};
}

uint32_t
postgres_source_column(const struct postgres_source *source, const char *name)
{
    uint32_t i = 0;

    while (i < source->columns && strcmp(source->column[i].name, name) != 0)
        i++;
    return i;
}

static char *
place_of(const struct postgres_wire *wire, const struct daybreak_want *want)
{
    const char *table = want->table != NULL ? want->table : want->name, *dot = strchr(table, '.');
    struct postgres_text at = {0};

    if (want->query != NULL) {
        size_t size = strlen(want->query);

        while (size > 0 && (want->query[size - 1] == ';' || want->query[size - 1] == '\n' || want->query[size - 1] == ' '))
            size--;
        postgres_text_format(&at, "(%.*s)", (int)size, want->query);
        return at.at;
    }
    if (dot != NULL) { /* schema.table */
        char *schema = postgres_text_copy(table);

        schema[dot - table] = '\0';
        postgres_text_name(&at, "", schema);
        free(schema);
        table = dot + 1;
    } else {
        postgres_text_name(&at, "", wire->schema);
    }
    postgres_text_name(&at, ".", table);
    return at.at;
}

int
postgres_source_open(struct postgres_wire *wire, struct postgres_source *source, const struct daybreak_want *want, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    PGresult *result;
    int status;

    *source = (struct postgres_source){.want = want, .at = place_of(wire, want)};
    postgres_text_format(&sql, "SELECT * FROM %s q LIMIT 0", source->at);
    status = postgres_wire_ask(wire, sql.at, NULL, 0, &result, fault);
    postgres_text_fini(&sql);
    if (status != 0) {
        if (strcmp(wire->state, "42P01") == 0) {
            wire->host->fault(fault, DAYBREAK_HALT, "'%s' has no table %s", wire->shown, source->at);
            wire->host->hint(fault, "name it under source: `table: schema.name`");
            postgres_wire_exit(fault, 78, "no-source-table");
        }
        postgres_source_fini(source);
        return -1;
    }
    source->columns = (uint32_t)PQnfields(result);
    source->column = postgres_text_memory((source->columns + 1) * sizeof *source->column);
    source->type = postgres_text_memory((source->columns + 1) * sizeof *source->type);
    for (uint32_t i = 0; i < source->columns; i++) {
        source->column[i].name = postgres_text_copy(PQfname(result, (int)i));
        source->type[i] = PQftype(result, (int)i);
        type_of(source->type[i], PQfmod(result, (int)i), &source->column[i]);
    }
    PQclear(result);
    for (uint32_t k = 0; k < want->keys; k++) {
        uint32_t at = postgres_source_column(source, want->key[k]);

        if (at < source->columns) {
            source->column[at].key = true;
            continue;
        }
        wire->host->fault(fault, DAYBREAK_HALT, "table %s of '%s' has no column '%s', which the key names", source->at, wire->shown, want->key[k]);
        postgres_source_fini(source);
        return postgres_wire_exit(fault, 78, "no-key-column");
    }
    return 0;
}

/* ---- rows --------------------------------------------------------------------------------- */

int
postgres_source_begin(struct postgres_wire *wire, const struct postgres_source *source, enum postgres_part part, const char *where,
                      struct daybreak_fault *fault)
{
    struct postgres_text sql = {0}, cell = {0};
    int status;

    postgres_text_put(&sql, "COPY (SELECT ");
    for (uint32_t i = 0; i < source->columns; i++) {
        struct postgres_column column = {.type = source->column[i].type, .precision = source->column[i].precision, .scale = source->column[i].scale};

        postgres_text_put(&sql, i == 0 ? "" : ",");
        if (part == POSTGRES_KEYS && !source->column[i].key) {
            postgres_text_put(&sql, "NULL::text");
            continue;
        }
        postgres_text_clear(&cell);
        postgres_text_name(&cell, "q.", source->column[i].name);
        postgres_table_cell(&column, cell.at, false, &sql);
    }
    postgres_text_format(&sql, " FROM %s q %s) TO STDOUT (FORMAT binary)", source->at, where);
    status = postgres_wire_copy_out(wire, sql.at, fault);
    postgres_text_fini(&sql);
    postgres_text_fini(&cell);
    return status;
}

uint32_t
postgres_source_reserve(struct postgres_filler *filler, uint32_t columns)
{
    struct daybreak_rows *rows = filler->rows;
    uint32_t row = rows->rows;

    rows->columns = columns;
    filler->host->reserve(rows, row + 1);
    rows->rows = row + 1;
    rows->start[row] = rows->end[row] = rows->block_used;
    rows->lines[row] = row;
    for (uint32_t i = 0; i < columns; i++)
        rows->spans[(size_t)row * columns + i] = (struct daybreak_span){0, DAYBREAK_NULL};
    return row;
}

void
postgres_source_cell(struct postgres_filler *filler, struct daybreak_span *cell, const char *at, uint32_t size)
{
    struct daybreak_rows *rows = filler->rows;

    memcpy(filler->host->grow(rows, size), at, size);
    *cell = (struct daybreak_span){rows->block_used, size};
    rows->block_used += size;
    filler->bytes += size;
}

static int
row_broken(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    wire->host->fault(fault, DAYBREAK_HALT, "'%s' gave a row that is none", wire->shown);
    return postgres_wire_exit(fault, 70, "source-row");
}

int
postgres_source_row(struct postgres_wire *wire, const struct postgres_source *source, struct postgres_filler *filler, char op,
                    struct daybreak_fault *fault)
{
    char *piece;
    int size, status;

    for (;;) {
        const char *at, *end;
        uint16_t fields;
        uint32_t row;

        status = postgres_wire_take(wire, &piece, &size, fault);
        if (status != 1)
            return status;
        at = piece;
        end = piece + size;
        if (size >= 19 && memcmp(at, "PGCOPY\n\377\r\n", 11) == 0)
            at += 19;
        if (end - at < 2 || (memcpy(&fields, at, 2), fields == UINT16_MAX)) { /* the header alone, or the trailer */
            PQfreemem(piece);
            continue;
        }
        at += 2;
        if (ntohs(fields) != source->columns) {
            PQfreemem(piece);
            return row_broken(wire, fault);
        }
        row = postgres_source_reserve(filler, source->columns);
        filler->rows->op[row] = op;
        for (uint32_t i = 0; i < source->columns; i++) {
            uint32_t length;

            if (end - at < 4) {
                PQfreemem(piece);
                return row_broken(wire, fault);
            }
            memcpy(&length, at, 4);
            length = ntohl(length);
            at += 4;
            if (length == UINT32_MAX)
                continue;
            if (length > (size_t)(end - at)) {
                PQfreemem(piece);
                return row_broken(wire, fault);
            }
            postgres_source_cell(filler, &filler->rows->spans[(size_t)row * source->columns + i], at, length);
            at += length;
        }
        filler->rows->end[row] = filler->rows->block_used;
        PQfreemem(piece);
        return 1;
    }
}

void
postgres_source_plain(const struct postgres_source *source, uint32_t column, struct postgres_filler *filler, struct daybreak_span *cell,
                      const char *text, uint32_t size)
{
    char room[64];
    int made;

    switch (source->column[column].type) {
    case DAYBREAK_TYPE_BOOLEAN:
        postgres_source_cell(filler, cell, size > 0 && text[0] == 't' ? "true" : "false", size > 0 && text[0] == 't' ? 4 : 5);
        return;
    case DAYBREAK_TYPE_TIMESTAMP: /* 2025-03-01 09:00:00.5+00: the session's zone is UTC */
        if (size >= 19 && size < 40 && text[10] == ' ') {
            made = snprintf(room, sizeof room, "%.10sT%.*s%s", text, (int)(size - 11 - (size > 3 && text[size - 3] == '+' ? 3 : 0)), text + 11, "Z");
            postgres_source_cell(filler, cell, room, (uint32_t)made);
            return;
        }
        break;
    case DAYBREAK_TYPE_BYTES:
        if (size >= 2 && text[0] == '\\' && text[1] == 'x') {
            char *bytes = postgres_text_memory(size / 2 + 1);

            for (uint32_t i = 2; i + 1 < size; i += 2) {
                char pair[3] = {text[i], text[i + 1], '\0'};

                bytes[i / 2 - 1] = (char)strtol(pair, NULL, 16);
            }
            postgres_source_cell(filler, cell, bytes, (size - 2) / 2);
            free(bytes);
            return;
        }
        break;
    default:
        break;
    }
    postgres_source_cell(filler, cell, text, size);
}
