/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lookup that asks a SQLite database: one prepared SELECT, each key asked once an input. Owns the statement and what was answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "lookup_database.h"
#include "lookup_parts.h"

#define COLUMNS_MAX 64
#define BAD_MAX 300

struct lookup_query {
    struct lookup *lookup;
    struct lookup_database database;
    sqlite3_stmt *ask;
    int parameters;
    uint32_t parameter_key[COLUMNS_MAX]; /* of the keys, by number of the parameter - 1 */
    struct value_type type[COLUMNS_MAX];
    int64_t version;            /* of the data, as the input began or as it was asked last; 0: not known yet */
    bool changed;               /* while the input was read; said once */
    struct lookup_cache *cache;
    struct text key;
    /* one answer while it is made */
    struct arena *arena;
    union lookup_cell cell[COLUMNS_MAX];
    uint8_t null[COLUMNS_MAX];
    struct lookup_bad bad;
    char bad_text[BAD_MAX];
};

struct lookup_query *
lookup_query_new(struct lookup *lookup)
{
    struct lookup_query *query = memory_zero(sizeof *query);
    const char *path = lookup->from->path;

    query->lookup = lookup;
    lookup_database_init(&query->database, path[0] == '/' ? path : arena_printf(lookup->arena, "%s/%s", lookup->config->dir, path), path,
                         lookup->stop);
    query->cache = lookup_cache_new((size_t)lookup->from->max_memory);
    query->arena = arena_new();
    return query;
}

static void
disconnect(struct lookup_query *query)
{
    sqlite3_finalize(query->ask);
    query->ask = NULL;
    lookup_database_close(&query->database);
}

void
lookup_query_free(struct lookup_query *query)
{
    if (query == NULL)
        return;
    disconnect(query);
    lookup_cache_free(query->cache);
    text_fini(&query->key);
    arena_free(query->arena);
    free(query);
}

/* ---- the query -------------------------------------------------------------------------------------- */

static int
refuse(const char *hint, struct daybreak_fault *fault, const char *what)
{
    fault_set(fault, DAYBREAK_HALT, "%s", what);
    if (hint != NULL)
        fault_hint(fault, "%s", hint);
    return fault_exit(fault, 78, "lookup-query");
}

/* Behind the first statement there may be blanks, semicolons and comments. */
static bool
is_rest(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n;");
        if (at[0] == '-' && at[1] == '-')
            at += strcspn(at, "\n");
        else if (at[0] == '/' && at[1] == '*')
            at = strstr(at + 2, "*/") == NULL ? "" : strstr(at + 2, "*/") + 2;
        else
            return *at == '\0';
    }
}

static int
prepare(struct lookup_query *query, struct daybreak_fault *fault)
{
    const char *rest = NULL;
    int code = sqlite3_prepare_v3(query->database.db, query->lookup->from->query, -1, SQLITE_PREPARE_PERSISTENT, &query->ask, &rest);

    if ((code & 0xff) == SQLITE_AUTH)
        return refuse("one SELECT over the tables of that database", fault, "its query may only read");
    if (code != SQLITE_OK && (lookup_database_may_pass(code) || (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT ||
                              (code & 0xff) == SQLITE_CANTOPEN))
        return lookup_database_failed(&query->database, "read the database", fault);
    if (code != SQLITE_OK) {
        fault_set(fault, DAYBREAK_HALT, "'%s' says of its query: %s", query->lookup->from->path,
                  sqlite3_errmsg(query->database.db));
        return fault_exit(fault, 78, "lookup-query");
    }
    if (query->ask == NULL || !sqlite3_stmt_readonly(query->ask) || sqlite3_column_count(query->ask) == 0)
        return refuse("query: \"SELECT name FROM customers WHERE id = :customer_id\"", fault, "its query is no SELECT");
    if (!is_rest(rest))
        return refuse("leave out what follows the first one", fault, "its query is more than one statement");
    return 0;
}

static int
parameters_read(struct lookup_query *query, struct daybreak_fault *fault)
{
    struct lookup *lookup = query->lookup;
    int count = sqlite3_bind_parameter_count(query->ask);

    if (count > COLUMNS_MAX)
        return refuse(NULL, fault, "its query has more than 64 parameters");
    query->parameters = count;
    lookup->key = arena_alloc(lookup->arena, ((size_t)count + 1) * sizeof *lookup->key);
    lookup->keys = 0;
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_bind_parameter_name(query->ask, i + 1);

        if (name == NULL || name[0] != ':')
            return refuse("such as :customer_id", fault, "a parameter of its query must be :column, a column of the record");
        query->parameter_key[i] = lookup->keys;
        lookup->key[lookup->keys++] = arena_text(lookup->arena, name + 1);
    }
    return 0;
}

/* The type that a declared column of the database has; text where it says nothing that is known here. */
static struct value_type
declared_type(const char *declared)
{
    struct value_type type = {.type = DAYBREAK_TYPE_TEXT};
    char lower[64];
    size_t size = 0;

    for (const char *at = declared; at != NULL && *at != '\0' && size + 1 < sizeof lower; at++)
        if (*at != ' ')
            lower[size++] = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
    lower[size] = '\0';
    if (value_type_parse(lower, &type))
        return type;
    type = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
    if (strcmp(lower, "datetime") == 0)
        type.type = DAYBREAK_TYPE_TIMESTAMP;
    else if (strstr(lower, "int") != NULL)
        type.type = DAYBREAK_TYPE_INTEGER;
    else if (strstr(lower, "char") != NULL || strstr(lower, "clob") != NULL || strstr(lower, "text") != NULL)
        type.type = DAYBREAK_TYPE_TEXT;
    else if (strstr(lower, "blob") != NULL)
        type.type = DAYBREAK_TYPE_BYTES;
    else if (strstr(lower, "real") != NULL || strstr(lower, "floa") != NULL || strstr(lower, "doub") != NULL)
        type.type = DAYBREAK_TYPE_REAL;
    return type;
}

static int
columns_read(struct lookup_query *query, struct daybreak_fault *fault)
{
    struct lookup *lookup = query->lookup;
    int count = sqlite3_column_count(query->ask);
    const char *names[COLUMNS_MAX];

    if (count > COLUMNS_MAX)
        return refuse(NULL, fault, "its query gives more than 64 columns");
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(query->ask, i);

        names[i] = arena_text(lookup->arena, name == NULL ? "" : name);
        query->type[i] = declared_type(sqlite3_column_decltype(query->ask, i));
    }
    for (uint32_t f = 0; f < lookup->from->field_count; f++) {
        const struct config_field *field = &lookup->from->fields[f];
        int i = 0;

        while (i < count && strcmp(names[i], field->name) != 0)
            i++;
        if (i == count) {
            const char *nearest = text_nearest(field->name, names, (size_t)count);

            fault_set(fault, DAYBREAK_HALT, "the query gives no column '%s', which `fields` types", field->name);
            if (nearest != NULL)
                fault_hint(fault, "did you mean '%s'?", nearest);
            return fault_exit(fault, 78, "unknown-column");
        }
        if (!value_type_parse(field->type, &query->type[i])) {
            fault_set(fault, DAYBREAK_HALT, "field '%s' has no known type: '%s'", field->name, field->type);
            return fault_exit(fault, 78, "unknown-type");
        }
        query->type[i].pattern = field->pattern;
        query->type[i].zone = field->zone;
    }
    return lookup_shape(lookup, names, query->type, (uint32_t)count, fault);
}

int
lookup_query_open(struct lookup_query *query, struct daybreak_fault *fault)
{
    if (lookup_database_open(&query->database, fault) == 0 && prepare(query, fault) == 0 && parameters_read(query, fault) == 0 &&
        columns_read(query, fault) == 0)
        return 0;
    disconnect(query);
    return -1;
}

/* A database that was put in the place of another: the same query must still mean the same columns. */
static int
reopen(struct lookup_query *query, struct daybreak_fault *fault)
{
    const struct lookup *lookup = query->lookup;

    disconnect(query);
    lookup_cache_clear(query->cache);
    query->version = 0;
    if (lookup_database_open(&query->database, fault) != 0 || prepare(query, fault) != 0) {
        disconnect(query);
        return -1;
    }
    for (uint32_t i = 0; i < lookup->columns; i++) {
        const char *name = sqlite3_column_name(query->ask, (int)i), *own = lookup->column[i].name + strlen(lookup->from->name) + 1;

        if ((uint32_t)sqlite3_column_count(query->ask) == lookup->columns && name != NULL && strcmp(name, own) == 0)
            continue;
        disconnect(query);
        fault_set(fault, DAYBREAK_HALT, "the query does not give the columns any more that it gave when this run began");
        fault_hint(fault, "another database took the place of '%s'; start again once it is the right one", lookup->from->path);
        return fault_exit(fault, 78, "lookup-query");
    }
    return 0;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static int
read_begin(struct lookup_query *query, struct daybreak_fault *fault)
{
    int64_t version = query->version;

    if ((query->database.db == NULL && reopen(query, fault) != 0) || lookup_database_read(&query->database, &version, fault) != 0)
        return -1;
    if (version != query->version && query->version != 0 && !query->changed) {
        query->changed = true;
        LOG_INFO("a lookup's database changed while an input was read, keys that were looked for keep their answers: lookup=%s file=%s",
                 query->lookup->from->name, query->lookup->from->path);
    }
    query->version = version;
    return 0;
}

void
lookup_query_pause(struct lookup_query *query)
{
    lookup_database_pause(&query->database);
}

int
lookup_query_begin(struct lookup_query *query, struct daybreak_fault *fault)
{
    int64_t version = 0;
    bool replaced;

    if (lookup_database_look(&query->database, &replaced, &version, fault) != 0)
        return -1;
    if (replaced && reopen(query, fault) != 0)
        return -1;
    if (replaced || query->changed || version != query->version)
        lookup_cache_clear(query->cache);
    query->changed = false;
    query->version = replaced ? 0 : version;
    return 0;
}

static int
bind(struct lookup_query *query, const struct vector *key, uint32_t row)
{
    sqlite3_stmt *ask = query->ask;
    char room[VALUE_ROOM];
    size_t size;

    for (int i = 0; i < query->parameters; i++) {
        const struct vector *vector = &key[query->parameter_key[i]];
        int code = SQLITE_OK;

        if ((vector->nulls != NULL && vector->nulls[row]) || (vector->text != NULL && vector->text[row].size == DAYBREAK_NULL)) {
            sqlite3_bind_null(ask, i + 1);
            continue;
        }
        switch (vector->type.type) {
        case DAYBREAK_TYPE_TEXT:
            code = sqlite3_bind_text(ask, i + 1, vector->text[row].at, (int)vector->text[row].size, SQLITE_STATIC);
            break;
        case DAYBREAK_TYPE_BYTES:
            code = sqlite3_bind_blob(ask, i + 1, vector->text[row].at, (int)vector->text[row].size, SQLITE_STATIC);
            break;
        case DAYBREAK_TYPE_REAL:
            code = sqlite3_bind_double(ask, i + 1, vector->real[row]);
            break;
        case DAYBREAK_TYPE_BOOLEAN:
        case DAYBREAK_TYPE_INTEGER:
            code = sqlite3_bind_int64(ask, i + 1, vector->number[row]);
            break;
        case DAYBREAK_TYPE_DECIMAL: /* as text every digit arrives, and a numeric column compares it as a number */
            size = value_write_decimal(vector->decimal[row], vector->type.scale, room);
            code = sqlite3_bind_text(ask, i + 1, room, (int)size, SQLITE_TRANSIENT);
            break;
        case DAYBREAK_TYPE_TIMESTAMP:
            size = value_write_timestamp(vector->number[row], room);
            code = sqlite3_bind_text(ask, i + 1, room, (int)size, SQLITE_TRANSIENT);
            break;
        case DAYBREAK_TYPE_DATE:
            size = value_write_date((int32_t)vector->number[row], room);
            code = sqlite3_bind_text(ask, i + 1, room, (int)size, SQLITE_TRANSIENT);
            break;
        }
        if (code != SQLITE_OK)
            return -1;
    }
    return 0;
}

/* A value of the row at hand; false: it is none of its column's type. */
static bool
cell_read(struct lookup_query *query, int column, union lookup_cell *cell, bool *null)
{
    const struct value_type *type = &query->type[column];
    int kind = sqlite3_column_type(query->ask, column);
    const char *at;
    size_t size;
    int32_t days;

    *cell = (union lookup_cell){.decimal = 0};
    *null = kind == SQLITE_NULL;
    if (*null)
        return true;
    if (kind == SQLITE_INTEGER && type->type == DAYBREAK_TYPE_INTEGER) {
        cell->number = sqlite3_column_int64(query->ask, column);
        return true;
    }
    if (kind == SQLITE_FLOAT && type->type == DAYBREAK_TYPE_REAL) {
        cell->real = sqlite3_column_double(query->ask, column);
        return cell->real - cell->real == 0;
    }
    at = kind == SQLITE_BLOB ? sqlite3_column_blob(query->ask, column) : (const char *)sqlite3_column_text(query->ask, column);
    size = (size_t)sqlite3_column_bytes(query->ask, column);
    if (at == NULL)
        at = "";
    switch (type->type) {
    case DAYBREAK_TYPE_TEXT:
        if (!text_utf8(at, size))
            return false;
        cell->text = (struct daybreak_text){arena_bytes(query->arena, at, size), (uint32_t)size};
        return true;
    case DAYBREAK_TYPE_BYTES:
        cell->text = (struct daybreak_text){arena_bytes(query->arena, at, size), (uint32_t)size};
        return true;
    case DAYBREAK_TYPE_BOOLEAN:
        return value_boolean(at, size, &cell->number);
    case DAYBREAK_TYPE_INTEGER:
        return value_integer(at, size, &cell->number);
    case DAYBREAK_TYPE_DECIMAL:
        return value_decimal(at, size, type->precision, type->scale, &cell->decimal);
    case DAYBREAK_TYPE_REAL:
        return value_real(at, size, &cell->real);
    case DAYBREAK_TYPE_TIMESTAMP:
        return value_timestamp(at, size, type, &cell->number);
    case DAYBREAK_TYPE_DATE:
        if (!value_date(at, size, type, &days))
            return false;
        cell->number = days;
        return true;
    }
    return false;
}

static void
bad_say(struct lookup_query *query, struct lookup_answer *answer, const char *reason)
{
    query->bad = (struct lookup_bad){reason, query->bad_text};
    answer->bad = &query->bad;
    answer->cell = NULL;
}

/* The row at hand becomes the answer, or is folded into it. False: it cannot be used. */
static bool
row_take(struct lookup_query *query, struct lookup_answer *answer)
{
    const struct lookup *lookup = query->lookup;
    char type[32];

    for (uint32_t c = 0; c < lookup->columns; c++) {
        const char *name = lookup->column[c].name;
        union lookup_cell cell;
        bool null;

        if (!cell_read(query, (int)c, &cell, &null)) {
            value_type_text(&query->type[c], type);
            snprintf(query->bad_text, BAD_MAX, "%.60s is no %s: '%.100s'", name, type,
                     sqlite3_column_type(query->ask, (int)c) == SQLITE_BLOB ? "(bytes)"
                                                                            : (const char *)sqlite3_column_text(query->ask, (int)c));
            bad_say(query, answer, "lookup_value");
            return false;
        }
        if (lookup->fold == NULL) {
            query->cell[c] = cell;
            query->null[c] = null;
        } else if (!lookup_cell_fold(lookup, c, &query->cell[c], &query->null[c], answer->count, &cell, null)) {
            snprintf(query->bad_text, BAD_MAX, "the sum of %.60s is too large for its type", name);
            bad_say(query, answer, "lookup_value");
            return false;
        }
    }
    return true;
}

/* The database is asked. Faults are those of the database; what only this key cannot have is in the answer. */
static int
ask(struct lookup_query *query, const struct vector *key, uint32_t row, struct lookup_answer *answer, struct daybreak_fault *fault)
{
    const struct lookup *lookup = query->lookup;
    int code = SQLITE_ROW;

    *answer = (struct lookup_answer){.cell = query->cell, .null = query->null};
    arena_reset(query->arena);
    if (bind(query, key, row) != 0) {
        snprintf(query->bad_text, BAD_MAX, "%.200s", sqlite3_errmsg(query->database.db));
        bad_say(query, answer, "lookup_failed");
        return 0;
    }
    while (answer->bad == NULL && (code = sqlite3_step(query->ask)) == SQLITE_ROW) {
        if ((uint32_t)sqlite3_column_count(query->ask) != lookup->columns) {
            sqlite3_reset(query->ask);
            fault_set(fault, DAYBREAK_HALT, "the query does not give the columns any more that it gave when this run began");
            return fault_exit(fault, 78, "lookup-query");
        }
        if ((answer->count == 0 || lookup->fold != NULL) && !row_take(query, answer))
            break;
        answer->count++;
        if (lookup->fold == NULL && (lookup->from->many == CONFIG_MANY_FIRST || answer->count > 1))
            break;
    }
    if (answer->count == 0)
        answer->cell = NULL;
    if (code == SQLITE_ERROR || code == SQLITE_TOOBIG || code == SQLITE_MISMATCH) { /* of this key: an overflow in the query, a text that is too long */
        snprintf(query->bad_text, BAD_MAX, "the query fails: %.200s", sqlite3_errmsg(query->database.db));
        bad_say(query, answer, "lookup_failed");
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        lookup_database_failed(&query->database, "ask the database", fault);
        sqlite3_reset(query->ask);
        return -1;
    }
    sqlite3_reset(query->ask);
    return 0;
}

/* Values and their types, so that 7 and '7' are two questions. */
static void
key_write(struct lookup_query *query, const struct vector *key, uint32_t row)
{
    text_clear(&query->key);
    for (uint32_t k = 0; k < query->lookup->keys; k++) {
        size_t at = query->key.size;

        text_char(&query->key, (char)(key[k].type.type + 1));
        text_char(&query->key, (char)key[k].type.scale);
        if (!lookup_cell_key(&query->key, &key[k], row, false))
            query->key.at[at] = 0; /* null */
    }
}

int
lookup_query_find(struct lookup_query *query, const struct vector *key, const uint32_t *row, uint32_t count,
                  struct lookup_answer *answer, struct daybreak_fault *fault)
{
    const struct lookup *lookup = query->lookup;

    lookup_cache_turn(query->cache);
    for (uint32_t i = 0; i < count; i++) {
        const struct lookup_answer *known;
        struct lookup_answer fresh;
        uint64_t hash;

        key_write(query, key, row[i]);
        hash = XXH3_64bits(query->key.at, query->key.size);
        known = lookup_cache_find(query->cache, query->key.at, (uint32_t)query->key.size, hash);
        if (known == NULL) {
            if (read_begin(query, fault) != 0 || ask(query, key, row[i], &fresh, fault) != 0)
                return -1;
            known = lookup_cache_add(query->cache, query->key.at, (uint32_t)query->key.size, hash, &fresh, lookup->columns, lookup->column);
        }
        answer[i] = *known;
    }
    return 0;
}
