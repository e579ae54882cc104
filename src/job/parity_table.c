/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road, in the comparison: a table or view of an SQLite file, opened to read only, in one transaction from
 * the first row to the end of the second reading. Columns that Daybreak keeps beside its rows are not compared
 * unless they are asked for.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "parity_side.h"
#include "record/value.h"

struct table {
    sqlite3 *db;
    sqlite3_stmt *rows;
    char *path;
    uint32_t *id; /* result column → number; UINT32_MAX: left out */
    int columns;
    char (*number)[VALUE_ROOM]; /* text of numbers, one a column */
    struct text *blob;          /* one a column */
};

static bool
is_sqlite(const char *path)
{
    char start[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && pread(fd, start, sizeof start, 0) == (ssize_t)sizeof start &&
              memcmp(start, "SQLite format 3", sizeof start) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

bool
parity_table_split(const char *side, char **path, const char **table)
{
    const char *hash = strrchr(side, '#');

    *table = NULL;
    *path = memory_text(side);
    if (access(side, F_OK) == 0) {
        if (is_sqlite(side))
            return true;
    } else if (hash != NULL && hash[1] != '\0') {
        (*path)[hash - side] = '\0';
        *table = hash + 1;
        if (access(*path, F_OK) == 0)
            return true; /* whatever it is: opening tells */
    }
    free(*path);
    *path = NULL;
    return false;
}

static int
refuse(const struct parity_side *side, struct daybreak_fault *fault)
{
    const struct table *table = side->self;
    int code = sqlite3_errcode(table->db);
    const char *cause = sqlite3_errmsg(table->db);

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        fault_set(fault, DAYBREAK_RETRY, "cannot read '%s': %s", side->name, cause);
        fault_hint(fault, "another program is writing it; try again when it is done");
        return fault_exit(fault, 75, "side_busy");
    }
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", side->name, cause);
    return fault_exit(fault, 65, "unreadable");
}

/* ---- which table --------------------------------------------------------------------------------- */

/* Not asked for one, the user's tables alone are meant. */
#define TABLE_QUERY                                                                                \
    "SELECT name FROM sqlite_schema "                                                              \
    "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "                  \
    "AND (?1 IS NOT NULL OR (type = 'table' AND name NOT LIKE '\\_daybreak\\_%' ESCAPE '\\')) "    \
    "ORDER BY (name = ?1 COLLATE NOCASE) DESC, name"

static int
which_table(const struct parity_side *side, const char *asked, char **name, struct daybreak_fault *fault)
{
    const struct table *table = side->self;
    struct arena *arena = arena_new();
    const char *have[64];
    size_t count = 0, exact = 0;
    sqlite3_stmt *list;
    int result = -1;

    if (sqlite3_prepare_v2(table->db, TABLE_QUERY, -1, &list, NULL) != SQLITE_OK) {
        arena_free(arena);
        return refuse(side, fault);
    }
    sqlite3_bind_text(list, 1, asked, -1, SQLITE_STATIC);
    while (count < 64 && sqlite3_step(list) == SQLITE_ROW) {
        have[count] = arena_text(arena, (const char *)sqlite3_column_text(list, 0));
        exact += asked != NULL && sqlite3_stricmp(have[count], asked) == 0;
        count++;
    }
    if (asked != NULL ? exact > 0 : count == 1) {
        *name = memory_text(have[0]);
        result = 0;
    } else if (asked == NULL && count > 1) {
        fault_set(fault, DAYBREAK_HALT, "'%s' has more than one table: '%s', '%s'%s", side->name, have[0], have[1],
                  count > 2 ? ", …" : "");
        fault_hint(fault, "say which: '%s#%s'", side->name, have[0]);
        fault_exit(fault, 64, "which_table");
    } else {
        const char *meant = asked == NULL ? NULL : text_nearest(asked, have, count);

        fault_set(fault, DAYBREAK_HALT, "'%s' has no table%s%s%s", table->path, asked == NULL ? "" : " '",
                  asked == NULL ? "" : asked, asked == NULL ? "" : "'");
        if (meant != NULL)
            fault_hint(fault, "did you mean '%s'?", meant);
        fault_exit(fault, 66, "no_such_table");
    }
    sqlite3_finalize(list);
    arena_free(arena);
    return result;
}

/* ---- its columns ----------------------------------------------------------------------------------- */

static bool
asked_for(const struct daybreak_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], name) == 0)
            return true;
    return false;
}

/* What Daybreak writes beside each row of a table it made; only where all of them are. */
static bool
is_ours(sqlite3_stmt *rows, int columns, const char *name)
{
    static const char *const ours[] = {"_event_id", "_op", "_changed_at", "_batch", "_position", "_context"};
    int seen = 0, count = (int)(sizeof ours / sizeof ours[0]);
    bool is = false;

    for (int k = 0; k < count; k++) {
        is |= strcmp(name, ours[k]) == 0;
        for (int i = 0; i < columns; i++)
            seen += strcmp(sqlite3_column_name(rows, i), ours[k]) == 0;
    }
    return is && seen == count;
}

static int
bind(struct parity_side *side, struct table *table, struct daybreak_fault *fault)
{
    int columns = sqlite3_column_count(table->rows);
    const char **names = memory_zero((size_t)columns * sizeof *names);
    int result;

    table->columns = columns;
    table->id = memory_need((size_t)columns * sizeof *table->id);
    table->number = memory_need((size_t)columns * sizeof *table->number);
    table->blob = memory_zero((size_t)columns * sizeof *table->blob);
    for (int i = 0; i < columns; i++)
        names[i] = sqlite3_column_name(table->rows, i);
    result = parity_side_keys(side, names, (size_t)columns, fault);
    for (int i = 0; i < columns && result == 0; i++) {
        table->id[i] = UINT32_MAX;
        if (is_ours(table->rows, columns, names[i]) && !asked_for(&side->request->columns, names[i]) &&
            !asked_for(&side->request->key, names[i]))
            continue;
        result = parity_side_column(side, names[i], strlen(names[i]), &table->id[i], fault);
        if (result == 0 && !side->column[table->id[i]]->key && !side->column[table->id[i]]->compared)
            table->id[i] = UINT32_MAX;
    }
    free(names);
    return result;
}

static int
table_open(struct parity_side *side, struct table *table, struct daybreak_fault *fault)
{
    const char *asked;
    char *name, *query;
    int code;

    parity_table_split(side->name, &table->path, &asked);
    if (sqlite3_open_v2(table->path, &table->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return refuse(side, fault);
    sqlite3_busy_timeout(table->db, 5000);
    sqlite3_db_config(table->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (sqlite3_exec(table->db, "PRAGMA query_only = ON; PRAGMA cell_size_check = ON; BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return refuse(side, fault);
    if (which_table(side, asked, &name, fault) != 0)
        return -1;
    query = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
    free(name);
    code = query == NULL ? SQLITE_NOMEM : sqlite3_prepare_v2(table->db, query, -1, &table->rows, NULL);
    sqlite3_free(query);
    return code == SQLITE_OK ? bind(side, table, fault) : refuse(side, fault);
}

/* ---- its rows ---------------------------------------------------------------------------------------- */

static void
blob_text(struct text *out, const char *bytes, size_t size)
{
    text_clear(out);
    text_put(out, "x'");
    text_hex(bytes, size, text_room(out, 2 * size));
    out->size += 2 * size;
    text_char(out, '\'');
}

static struct daybreak_text
cell_text(struct table *table, int i)
{
    switch (sqlite3_column_type(table->rows, i)) {
    case SQLITE_NULL:
        return (struct daybreak_text){NULL, DAYBREAK_NULL};
    case SQLITE_INTEGER:
        return (struct daybreak_text){
            table->number[i], (uint32_t)text_number(sqlite3_column_int64(table->rows, i), table->number[i])};
    case SQLITE_FLOAT:
        return (struct daybreak_text){
            table->number[i], (uint32_t)value_write_real(sqlite3_column_double(table->rows, i), table->number[i])};
    case SQLITE_BLOB:
        blob_text(&table->blob[i], sqlite3_column_blob(table->rows, i), (size_t)sqlite3_column_bytes(table->rows, i));
        return (struct daybreak_text){table->blob[i].at, (uint32_t)table->blob[i].size};
    default: {
        const char *at = (const char *)sqlite3_column_text(table->rows, i);

        return (struct daybreak_text){at, (uint32_t)sqlite3_column_bytes(table->rows, i)};
    }
    }
}

static int
table_next(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault)
{
    struct table *table = side->self;
    int code = sqlite3_step(table->rows);

    *more = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        return 0;
    if (code != SQLITE_ROW)
        return refuse(side, fault);
    for (int i = 0; i < table->columns && !row->skip; i++)
        if (table->id[i] != UINT32_MAX)
            side->cell[table->id[i]] = cell_text(table, i);
    return 0;
}

static int
table_begin(struct parity_side *side, struct daybreak_fault *fault)
{
    if (side->self != NULL) {
        sqlite3_reset(((struct table *)side->self)->rows);
        return 0;
    }
    side->self = memory_zero(sizeof(struct table));
    return table_open(side, side->self, fault);
}

static void
table_close(struct parity_side *side)
{
    struct table *table = side->self;

    if (table == NULL)
        return;
    sqlite3_finalize(table->rows);
    sqlite3_close(table->db);
    for (int i = 0; i < table->columns; i++)
        text_fini(&table->blob[i]);
    free(table->blob);
    free(table->number);
    free(table->id);
    free(table->path);
    free(table);
}

const struct parity_reader parity_table = {.nulls = true, .fixed = true, .begin = table_begin, .next = table_next,
                                           .close = table_close};
