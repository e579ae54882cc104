/* SPDX-License-Identifier: Apache-2.0 */
/* Under the load `sqlite`: what a cell of the target says, as canonical text and as JSON. */
#include "sqlite_cell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "real_text.h"

#define ARGUMENTS 90 /* of the row function in one call; SQLite's limit is 100 */

/* ${value} times ten to the ${scale}, both exact within 15 digits, as digits with a point. */
static size_t
decimal_write(const struct sqlite_column *column, sqlite3_value *value, char *room)
{
    double power = 1, scaled;
    uint64_t digits;
    bool minus;
    char whole[32];
    int size;

    for (uint8_t i = 0; i < column->scale; i++)
        power *= 10;
    scaled = sqlite3_value_double(value) * power;
    if (!(fabs(scaled) < 1e15)) /* not ours: more digits than were declared */
        return 0;
    digits = (uint64_t)(fabs(scaled) + 0.5);
    minus = scaled < 0 && digits > 0;
    size = snprintf(whole, sizeof whole, "%0*" PRIu64, column->scale + 1, digits);
    if (column->scale == 0)
        return (size_t)snprintf(room, CELL_ROOM, "%s%s", minus ? "-" : "", whole);
    return (size_t)snprintf(room, CELL_ROOM, "%s%.*s.%s", minus ? "-" : "", size - column->scale, whole,
                            whole + size - column->scale);
}

struct daybreak_text
sqlite_cell_text(const struct sqlite_column *column, sqlite3_value *value, char *room)
{
    int type = sqlite3_value_type(value);
    struct daybreak_text text = {room, 0};

    if (type == SQLITE_NULL)
        return (struct daybreak_text){room, DAYBREAK_NULL};
    if (type == SQLITE_INTEGER && column->type == DAYBREAK_TYPE_BOOLEAN && (uint64_t)sqlite3_value_int64(value) <= 1)
        return sqlite3_value_int64(value) ? (struct daybreak_text){"true", 4} : (struct daybreak_text){"false", 5};
    if ((type == SQLITE_INTEGER || type == SQLITE_FLOAT) && column->type == DAYBREAK_TYPE_DECIMAL &&
        column->precision <= 15)
        text.size = (uint32_t)decimal_write(column, value, room);
    if (text.size == 0 && type == SQLITE_FLOAT)
        text.size = (uint32_t)real_text(sqlite3_value_double(value), room);
    if (text.size > 0)
        return text;
    if (type == SQLITE_BLOB)
        text.at = sqlite3_value_blob(value);
    else
        text.at = (const char *)sqlite3_value_text(value);
    text.size = (uint32_t)sqlite3_value_bytes(value);
    if (text.at == NULL)
        text.at = "";
    return text;
}

/* Length of the UTF-8 sequence at ${at} (RFC 3629), 0 when it is none. */
static size_t
sequence(const unsigned char *at, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80                     ? 1
                  : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                  : (at[0] & 0xf0) == 0xe0        ? 3
                  : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                  : 0;
    uint32_t code;

    if (size <= 1 || size > left)
        return size <= left ? size : 0;
    code = at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    return code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : size;
}

void
sqlite_cell_quote(sqlite3_str *out, const char *at, size_t size)
{
    size_t from = 0, i = 0;

    sqlite3_str_appendchar(out, 1, '"');
    while (i < size) {
        unsigned char c = (unsigned char)at[i];
        size_t length = sequence((const unsigned char *)at + i, size - i);

        if (length > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += length;
            continue;
        }
        sqlite3_str_append(out, at + from, (int)(i - from));
        if (length == 0)
            sqlite3_str_appendall(out, "\xef\xbf\xbd");
        else if (c == '\n')
            sqlite3_str_appendall(out, "\\n");
        else if (c == '\r')
            sqlite3_str_appendall(out, "\\r");
        else if (c == '\t')
            sqlite3_str_appendall(out, "\\t");
        else if (c < 0x20)
            sqlite3_str_appendf(out, "\\u%04x", c);
        else
            sqlite3_str_appendf(out, "\\%c", c);
        from = ++i;
    }
    sqlite3_str_append(out, at + from, (int)(size - from));
    sqlite3_str_appendchar(out, 1, '"');
}

/* A number in the grammar of RFC 8259, so that a decimal kept as text stands in JSON as the number it is. */
static bool
is_number(const char *at, size_t size)
{
    size_t i = size > 0 && at[0] == '-', digits = 0;

    for (; i < size && at[i] >= '0' && at[i] <= '9'; i++)
        digits++;
    if (digits == 0 || (digits > 1 && at[at[0] == '-'] == '0'))
        return false;
    if (i == size)
        return true;
    if (at[i++] != '.' || i == size)
        return false;
    for (; i < size; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

void
sqlite_cell_json(const struct sqlite_column *column, sqlite3_value *value, sqlite3_str *out)
{
    char room[CELL_ROOM];
    int type = sqlite3_value_type(value);
    struct daybreak_text text = sqlite_cell_text(column, value, room);

    if (text.size == DAYBREAK_NULL) {
        sqlite3_str_appendall(out, "null");
    } else if (type == SQLITE_BLOB) {
        sqlite3_str_appendchar(out, 1, '"');
        for (uint32_t i = 0; i < text.size; i++)
            sqlite3_str_appendf(out, "%02x", (unsigned char)text.at[i]);
        sqlite3_str_appendchar(out, 1, '"');
    } else if (type == SQLITE_INTEGER || (type == SQLITE_FLOAT && isfinite(sqlite3_value_double(value))) ||
               (column->type == DAYBREAK_TYPE_DECIMAL && is_number(text.at, text.size))) {
        sqlite3_str_append(out, text.at, (int)text.size);
    } else {
        sqlite_cell_quote(out, text.at, text.size);
    }
}

static void
row_function(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const struct sqlite_table *table = sqlite3_user_data(context);
    sqlite3_str *out = sqlite3_str_new(NULL);
    uint32_t first = (uint32_t)sqlite3_value_int(argv[0]);
    int size;

    for (int i = 1; i < argc && first + (uint32_t)i - 1 < table->columns; i++) {
        const struct sqlite_column *column = &table->column[first + (uint32_t)i - 1];

        if (i > 1)
            sqlite3_str_appendchar(out, 1, ',');
        sqlite_cell_quote(out, column->name, strlen(column->name));
        sqlite3_str_appendchar(out, 1, ':');
        sqlite_cell_json(column, argv[i], out);
    }
    size = sqlite3_str_length(out);
    if (sqlite3_str_errcode(out) == SQLITE_TOOBIG) {
        sqlite3_free(sqlite3_str_finish(out));
        sqlite3_result_error_toobig(context);
        return;
    }
    sqlite3_result_text(context, sqlite3_str_finish(out), size, sqlite3_free);
}

int
sqlite_cell_function(struct sqlite_file *file, struct sqlite_table *table, const char *name, struct daybreak_fault *fault)
{
    if (sqlite3_create_function_v2(file->db, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, table,
                                   row_function,
                                   NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_file_fault(file, "use", fault);
    return 0;
}

void
sqlite_cell_row(const struct sqlite_table *table, const char *name, const char *from, sqlite3_str *sql)
{
    sqlite3_str_appendall(sql, "'{'");
    for (uint32_t i = 0; i < table->columns; i++) {
        if (i % ARGUMENTS == 0)
            sqlite3_str_appendf(sql, "%s||\"%w\"(%u", i == 0 ? "" : ")||','", name, i);
        if (from == NULL)
            sqlite3_str_appendf(sql, ",v.c%u", i);
        else
            sqlite3_str_appendf(sql, ",%s\"%w\"", from, table->column[i].name);
    }
    sqlite3_str_appendall(sql, table->columns == 0 ? "||'}'" : ")||'}'");
}
