/* SPDX-License-Identifier: Apache-2.0 */
#include "step/lookup.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "record/batch.h"

#define ROWS_MAX 4096

/* One lookup of one table, and the records that look; made anew for each test. */
static struct arena *arena;
static struct config config, file;
static struct config_table table, file_table;
static struct config_field fields[8];
static struct config_lookup from;
static struct lookups *lookups;
static struct lookup *lookup;
static struct daybreak_fault fault;
static char folder[64], database[96];

/* what a run gave */
static struct vector out[16];
static struct lookup_failures failures;

static void
setup(void)
{
    arena = arena_new();
    memset(&config, 0, sizeof config);
    memset(&file, 0, sizeof file);
    memset(&table, 0, sizeof table);
    memset(&file_table, 0, sizeof file_table);
    memset(&from, 0, sizeof from);
    memset(&fault, 0, sizeof fault);
    snprintf(folder, sizeof folder, "/tmp/test_lookup.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(database, sizeof database, "%s/crm.db", folder);
    config.dir = folder;
    config.source.tables = &table;
    config.source.table_count = 1;
    file.source.tables = &file_table;
    file.source.table_count = 1;
    file_table.fields = fields;
    table.lookups = &from;
    table.lookup_count = 1;
    from.name = "crm";
    from.file = &file;
    from.path = "crm.db";
    from.max_memory = 64 << 20;
}

static void
teardown(void)
{
    char path[128];

    lookups_free(lookups);
    lookups = NULL;
    arena_free(arena);
    for (int i = 0; i < 4; i++) {
        static const char *const endings[] = {"", "-journal", "-wal", "-shm"};

        snprintf(path, sizeof path, "%s%s", database, endings[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void
open_lookup(void)
{
    lookups = lookups_new(&config, NULL);
    lookup = lookups_find(lookups, &from);
    ck_assert_ptr_nonnull(lookup);
    ck_assert_msg(lookup_open(lookup, &fault) == 0, "%s", fault.what);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void
field(const char *name, const char *type)
{
    fields[file_table.field_count++] = (struct config_field){.name = name, .type = type};
}

static const char *const *
names(const char *text, size_t *count)
{
    const char **item = arena_alloc(arena, 16 * sizeof *item);

    *count = 0;
    for (const char *at = text; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        item[(*count)++] = arena_bytes(arena, at, strcspn(at, ","));
    return item;
}

/* `on`: record columns and the file's, as "a,b" and "x,y". */
static void
file_lookup(const char *on, const char *its, const char *take)
{
    size_t count;

    from.from = CONFIG_FROM_FILE;
    from.on.name = names(on, &count);
    from.on.value = names(its, &count);
    from.on.count = count;
    from.take.item = names(take, &count);
    from.take.count = count;
    open_lookup();
}

/* A batch of rows "a,b;c,d;" with these columns; "~" is null. */
static struct batch *
batch_of(const char *columns, const char *rows, const struct value_type *type)
{
    struct batch_layout *layout = arena_zero(arena, sizeof *layout);
    struct value_type *types = arena_zero(arena, 16 * sizeof *types);
    struct batch *batch = batch_new();
    size_t columns_count;
    uint32_t count = 0, column = 0, begin = 0;
    char *block = batch_block(batch, (uint32_t)strlen(rows) + 1);

    layout->name = names(columns, &columns_count);
    layout->columns = (uint32_t)columns_count;
    layout->empty_is_null = true;
    for (uint32_t i = 0; i < layout->columns; i++)
        for (uint32_t k = 0; k < file_table.field_count; k++)
            if (strcmp(fields[k].name, layout->name[i]) == 0)
                ck_assert(value_type_parse(fields[k].type, &types[i]));
    if (type != NULL)
        memcpy(types, type, layout->columns * sizeof *types);
    layout->type = types;
    batch->layout = layout;
    batch->rows.columns = layout->columns;
    memcpy(block, rows, strlen(rows) + 1);
    for (uint32_t i = 0; rows[i] != '\0'; i++) {
        if (rows[i] != ',' && rows[i] != ';')
            continue;
        batch_reserve(&batch->rows, count + 1);
        batch->rows.spans[count * layout->columns + column++] =
            (struct daybreak_span){begin, i - begin == 1 && rows[begin] == '~' ? DAYBREAK_NULL : i - begin};
        begin = i + 1;
        if (rows[i] == ',')
            continue;
        ck_assert_uint_eq(column, layout->columns);
        batch->rows.start[count] = batch->rows.lines[count] = batch->rows.end[count] = 0;
        count++;
        column = 0;
    }
    batch->rows.rows = count;
    return batch;
}

static int
fill(const char *columns, const char *rows)
{
    struct batch *batch = batch_of(columns, rows, NULL);
    int result = lookup_fill(lookup, batch, &fault);

    batch_free(batch);
    return result;
}

static void
filled(const char *columns, const char *rows)
{
    lookup_fill_begin(lookup, "x.csv");
    ck_assert_msg(fill(columns, rows) == 0, "%s", fault.what);
    lookup_fill_end(lookup);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Records "a,b;…" with key columns of these types, ended by one that is 0. */
static int
look(const char *rows, ...)
{
    struct value_type type[8] = {{0}};
    struct vector key[8];
    uint32_t keys, columns = 0;
    const char *const *name = lookup_keys(lookup, &keys);
    struct text header = {0};
    struct batch *batch;
    va_list args;
    int result;

    va_start(args, rows);
    for (uint32_t k = 0; k < keys; k++) {
        ck_assert(value_type_parse(va_arg(args, const char *), &type[k]));
        text_printf(&header, "%s%s", k == 0 ? "" : ",", name[k]);
    }
    va_end(args);
    batch = batch_of(text_end(&header), rows, type);
    batch_type(batch, NULL, 0);
    for (uint32_t k = 0; k < keys; k++)
        batch_vector(batch, k, NULL, batch->rows.rows, &key[k]);
    lookup_columns(lookup, &columns);
    memset(&failures, 0, sizeof failures);
    result = lookup_run(lookup, key, batch->rows.rows, NULL, batch->rows.rows, arena, out, &failures, &fault);
    batch_free(batch);
    text_fini(&header);
    return result;
}

/* The n-th column of row r as text; "~" for null. */
static const char *
got(uint32_t n, uint32_t r)
{
    char room[VALUE_ROOM];

    if (out[n].nulls[r])
        return "~";
    switch (out[n].type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        return arena_bytes(arena, out[n].text[r].at, out[n].text[r].size);
    case DAYBREAK_TYPE_DECIMAL:
        return arena_bytes(arena, room, value_write_decimal(out[n].decimal[r], out[n].type.scale, room));
    case DAYBREAK_TYPE_REAL:
        return arena_printf(arena, "%g", out[n].real[r]);
    default:
        return arena_printf(arena, "%lld", (long long)out[n].number[r]);
    }
}

static const char *
why(uint32_t row)
{
    for (uint32_t i = 0; i < failures.count; i++)
        if (failures.item[i].row == row)
            return failures.item[i].reason;
    return "";
}

START_TEST(rows_are_found_by_key)
{
    file_lookup("customer", "id", "name,city");
    filled("id,city,name", "C1,Paris,Ann;C2,~,Bob;");
    ck_assert_int_eq(look("C2;C9;C1;~;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "Bob");
    ck_assert_str_eq(got(1, 0), "~");
    ck_assert_str_eq(got(0, 2), "Ann");
    ck_assert_str_eq(got(1, 2), "Paris");
    ck_assert_uint_eq(failures.count, 2);
    ck_assert_str_eq(why(1), "lookup_none");
    ck_assert_str_eq(why(3), "lookup_none");
    ck_assert_str_eq(failures.item[0].detail, "nothing in x.csv has id = 'C9'");
    ck_assert_str_eq(failures.item[0].value, "{\"customer\":\"C9\"}");
    ck_assert_str_eq(failures.item[1].value, "{\"customer\":null}");
}
END_TEST

START_TEST(none_may_be_null)
{
    from.none = CONFIG_NONE_NULL;
    file_lookup("customer", "id", "name");
    filled("id,name", "C1,Ann;");
    ck_assert_int_eq(look("C9;C1;", "text"), 0);
    ck_assert_uint_eq(failures.count, 0);
    ck_assert_str_eq(got(0, 0), "~");
    ck_assert_str_eq(got(0, 1), "Ann");
}
END_TEST

START_TEST(keys_are_equal_as_values_of_their_type)
{
    file_lookup("k", "k", "v");
    filled("k,v", "007,seven;7.00,point;x,text;2026-01-02,day;true,yes;");
    ck_assert_int_eq(look("7;", "integer"), 0);
    ck_assert_str_eq(why(0), "lookup_many"); /* 007 and 7.00 */
    ck_assert_int_eq(look("7;007;7.00;", "text"), 0);
    ck_assert_str_eq(why(0), "lookup_none");
    ck_assert_str_eq(got(0, 1), "seven");
    ck_assert_str_eq(got(0, 2), "point");
    ck_assert_int_eq(look("7.000;", "decimal(9,3)"), 0);
    ck_assert_str_eq(why(0), "lookup_many");
    ck_assert_int_eq(look("2026-01-02;", "date"), 0);
    ck_assert_str_eq(got(0, 0), "day");
    ck_assert_int_eq(look("t;", "boolean"), 0);
    ck_assert_str_eq(got(0, 0), "yes");
    ck_assert_int_eq(look("7e0;", "real"), 0);
    ck_assert_str_eq(why(0), "lookup_many");
    ck_assert_int_eq(look("7;", "integer"), 0); /* and the first index is still there */
    ck_assert_str_eq(why(0), "lookup_many");
}
END_TEST

START_TEST(types_that_are_never_equal_are_told)
{
    struct value_type text = {.type = DAYBREAK_TYPE_TEXT}, decimal = {.type = DAYBREAK_TYPE_DECIMAL, .precision = 9, .scale = 2};
    char what[320];

    field("id", "integer");
    file_lookup("customer", "id", "name");
    ck_assert(lookup_takes(lookup, &decimal, what));
    ck_assert(!lookup_takes(lookup, &text, what));
    ck_assert_str_eq(what, "column 'customer' is text, and 'id' of lookup 'crm' is integer: they are never equal");
}
END_TEST

START_TEST(keys_of_several_columns_do_not_run_together)
{
    file_lookup("a,b", "x,y", "v");
    filled("x,y,v", "a,bc,1;ab,c,2;,abc,3;a,~,4;");
    ck_assert_int_eq(look("a,bc;ab,c;,abc;a,~;abc,;", "text", "text"), 0);
    ck_assert_str_eq(got(0, 0), "1");
    ck_assert_str_eq(got(0, 1), "2");
    ck_assert_str_eq(got(0, 2), "3");
    ck_assert_str_eq(why(3), "lookup_none"); /* null is equal to nothing */
    ck_assert_str_eq(why(4), "lookup_none");
    ck_assert_str_eq(failures.item[0].detail, "nothing in x.csv has x = 'a' and y = null");
    ck_assert_str_eq(failures.item[0].value, "{\"a\":\"a\",\"b\":null}");
}
END_TEST

START_TEST(many_is_a_failure_the_first_or_a_fold)
{
    struct config_fold folds[] = {{"n", CONFIG_FOLD_SUM, {0, 0}}, {"d", CONFIG_FOLD_MIN, {0, 0}}, {"t", CONFIG_FOLD_MAX, {0, 0}},
                                  {"r", CONFIG_FOLD_COUNT, {0, 0}}};

    field("n", "decimal(9,2)");
    field("d", "date");
    field("r", "real");
    from.many = CONFIG_MANY_FOLD;
    from.fold = folds;
    from.fold_count = 4;
    file_lookup("k", "k", "n,d,t,r");
    filled("k,n,d,t,r", "1,1.10,2026-01-02,b,1.5;1,~,~,~,~;1,-3.25,2026-01-01,ab,2;2,~,~,~,~;");
    ck_assert_int_eq(look("1;2;", "integer"), 0);
    ck_assert_uint_eq(failures.count, 0);
    ck_assert_str_eq(got(0, 0), "-2.15");
    ck_assert_uint_eq(out[0].type.precision, 38);
    ck_assert_str_eq(got(1, 0), "20454");
    ck_assert_str_eq(got(2, 0), "b");
    ck_assert_str_eq(got(3, 0), "2");
    ck_assert_str_eq(got(0, 1), "~");
    ck_assert_str_eq(got(3, 1), "0");
    lookups_free(lookups);

    from.many = CONFIG_MANY_FIRST;
    from.fold_count = 0;
    open_lookup();
    filled("k,n,d,t,r", "1,1.10,2026-01-02,b,1.5;1,2,2026-01-01,ab,2;");
    ck_assert_int_eq(look("1;", "integer"), 0);
    ck_assert_str_eq(got(2, 0), "b");
    lookups_free(lookups);

    from.many = CONFIG_MANY_DEAD;
    open_lookup();
    filled("k,n,d,t,r", "1,1.10,2026-01-02,b,1.5;1,2,2026-01-01,ab,2;");
    ck_assert_int_eq(look("1;", "integer"), 0);
    ck_assert_str_eq(why(0), "lookup_many");
    ck_assert_str_eq(failures.item[0].detail, "2 rows of x.csv have k = 1; `many` says which of them is meant");
}
END_TEST

START_TEST(a_sum_that_overflows_fails_who_asks)
{
    struct config_fold fold = {"n", CONFIG_FOLD_SUM, {0, 0}};

    field("n", "integer");
    from.many = CONFIG_MANY_FOLD;
    from.fold = &fold;
    from.fold_count = 1;
    file_lookup("k", "k", "n");
    filled("k,n", "1,9223372036854775807;1,1;2,9223372036854775807;");
    ck_assert_int_eq(look("1;2;", "integer"), 0);
    ck_assert_str_eq(why(0), "lookup_value");
    ck_assert_str_eq(got(0, 1), "9223372036854775807");
}
END_TEST

START_TEST(a_bad_row_fails_only_who_asks_for_it)
{
    field("since", "date");
    file_lookup("k", "k", "since");
    filled("k,since", "1,2026-01-01;2,soon;");
    ck_assert_int_eq(look("1;2;", "integer"), 0);
    ck_assert_uint_eq(failures.count, 1);
    ck_assert_str_eq(why(1), "lookup_value");
    ck_assert_str_eq(failures.item[0].detail, "k = 2 in x.csv: line 0: field 'since' is no date");
}
END_TEST

START_TEST(what_is_filled_anew_takes_the_place_of_the_old)
{
    from.none = CONFIG_NONE_NULL;
    file_lookup("k", "k", "v");
    filled("k,v", "1,a;2,b;");
    ck_assert_int_eq(look("1;2;", "text"), 0);
    filled("v,k", "c,2;");
    ck_assert_int_eq(look("1;2;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "~");
    ck_assert_str_eq(got(0, 1), "c");
    filled("k,v", "");
    ck_assert_int_eq(look("1;2;", "text"), 0);
    ck_assert_str_eq(got(0, 1), "~");
    lookup_fill_begin(lookup, "x.csv");
    ck_assert_int_eq(fill("k,w", "1,a;"), -1);
    ck_assert_str_eq(fault.what, "x.csv has no column 'v'");
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
}
END_TEST

START_TEST(memory_is_bounded)
{
    struct text rows = {0};

    from.max_memory = 1 << 16;
    file_lookup("k", "k", "v");
    for (int i = 0; i < 2000; i++)
        text_printf(&rows, "%d,%d;", i, i);
    lookup_fill_begin(lookup, "x.csv");
    ck_assert_int_eq(fill("k,v", text_end(&rows)), -1);
    ck_assert_str_eq(fault.what, "x.csv needs more than 0 MiB in memory");
    ck_assert_str_eq(fault.code, "lookup-memory");
    text_fini(&rows);
}
END_TEST

START_TEST(many_keys_keep_their_rows)
{
    struct text rows = {0}, asked = {0};

    file_lookup("k", "k", "v");
    for (int i = 0; i < ROWS_MAX; i++)
        text_printf(&rows, "%d,v%d;", i * 7, i);
    filled("k,v", text_end(&rows));
    for (int i = 0; i < ROWS_MAX; i++)
        text_printf(&asked, "%d;", (i * 31 % ROWS_MAX) * 7);
    for (int turn = 0; turn < 2; turn++) {
        ck_assert_int_eq(look(text_end(&asked), turn == 0 ? "text" : "integer"), 0);
        ck_assert_uint_eq(failures.count, 0);
        for (int i = 0; i < ROWS_MAX; i++) {
            char expected[16];

            snprintf(expected, sizeof expected, "v%d", i * 31 % ROWS_MAX);
            ck_assert_str_eq(got(0, (uint32_t)i), expected);
        }
    }
    text_fini(&rows);
    text_fini(&asked);
}
END_TEST

/* ---- databases ---------------------------------------------------------------------------------- */

static void
sql(const char *text)
{
    sqlite3 *db;
    char *error = NULL;

    ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
    sqlite3_exec(db, text, NULL, NULL, &error);
    ck_assert_msg(error == NULL, "%s", error);
    sqlite3_close(db);
}

static void
database_lookup(const char *query)
{
    from.from = CONFIG_FROM_SQLITE;
    from.query = query;
    open_lookup();
    ck_assert_msg(lookup_begin(lookup, &fault) == 0, "%s", fault.what);
}

START_TEST(a_key_is_asked_once_an_input)
{
    sql("CREATE TABLE a(id TEXT, v TEXT); INSERT INTO a VALUES ('1', 'x'), ('2', 'y')");
    database_lookup("SELECT hex(randomblob(8)) AS r, v FROM a WHERE id = :id");
    ck_assert_int_eq(look("1;2;1;", "text"), 0);
    ck_assert_str_eq(got(0, 0), got(0, 2));
    ck_assert_str_ne(got(0, 0), got(0, 1));
    ck_assert_str_eq(got(1, 1), "y");
}
END_TEST

START_TEST(answers_hold_for_an_input_and_are_asked_anew_when_the_data_changed)
{
    from.none = CONFIG_NONE_NULL;
    sql("CREATE TABLE a(id TEXT, v TEXT); INSERT INTO a VALUES ('1', 'x')");
    database_lookup("SELECT v FROM a WHERE id = :id");
    ck_assert_int_eq(look("1;", "text"), 0);
    sql("UPDATE a SET v = 'new'; INSERT INTO a VALUES ('2', 'y')"); /* nobody waits for a reader between two batches */
    ck_assert_int_eq(look("1;2;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "x");
    ck_assert_str_eq(got(0, 1), "y");
    ck_assert_int_eq(lookup_begin(lookup, &fault), 0);
    ck_assert_int_eq(look("1;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "new");
    ck_assert_int_eq(lookup_begin(lookup, &fault), 0);
    ck_assert_int_eq(look("1;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "new");
}
END_TEST

START_TEST(another_file_in_its_place_is_opened)
{
    sql("CREATE TABLE a(id TEXT, v TEXT); INSERT INTO a VALUES ('1', 'x')");
    database_lookup("SELECT v FROM a WHERE id = :id");
    ck_assert_int_eq(look("1;", "text"), 0);
    ck_assert_int_eq(unlink(database), 0);
    ck_assert_int_eq(lookup_begin(lookup, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY); /* it was there, and may come back */
    sql("CREATE TABLE a(v TEXT, id TEXT); INSERT INTO a VALUES ('other', '1')");
    ck_assert_msg(lookup_begin(lookup, &fault) == 0, "%s", fault.what);
    ck_assert_int_eq(look("1;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "other");
    ck_assert_int_eq(unlink(database), 0);
    sql("CREATE TABLE b(x)");
    ck_assert_int_eq(lookup_begin(lookup, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_str_eq(fault.what, "'crm.db' says of its query: no such table: a");
}
END_TEST

START_TEST(values_go_there_and_come_back_as_what_they_are)
{
    sql("CREATE TABLE a(id, i INTEGER, d DECIMAL(9,2), r REAL, t TEXT, b BOOLEAN, at TIMESTAMP, day DATE, x BLOB, n NUMERIC);"
        "INSERT INTO a VALUES (1, 5, 19.9, 1.5, 'ü', 1, '2026-01-01 00:00:00', '2026-01-01', x'00ff', 7)");
    database_lookup("SELECT i, d, r, t, b, at, day, x, n, i + 1 AS e FROM a WHERE id = :id AND d = :d AND day = :day AND b = :b");
    ck_assert_int_eq(look("1,19.90,2026-01-01,true;", "integer", "decimal(9,2)", "date", "boolean"), 0);
    ck_assert_uint_eq(failures.count, 0);
    ck_assert_str_eq(got(0, 0), "5");
    ck_assert_str_eq(got(1, 0), "19.90");
    ck_assert_str_eq(got(2, 0), "1.5");
    ck_assert_str_eq(got(3, 0), "ü");
    ck_assert_str_eq(got(4, 0), "1");
    ck_assert_int_eq(out[5].type.type, DAYBREAK_TYPE_TIMESTAMP);
    ck_assert_int_eq(out[6].type.type, DAYBREAK_TYPE_DATE);
    ck_assert_int_eq(out[7].text[0].size, 2);
    ck_assert_int_eq(out[8].type.type, DAYBREAK_TYPE_TEXT);
    ck_assert_str_eq(got(9, 0), "6");
}
END_TEST

START_TEST(what_one_key_cannot_have_fails_it_alone)
{
    sql("CREATE TABLE a(id INTEGER, v INTEGER); INSERT INTO a VALUES (1, 1), (2, 'two')");
    database_lookup("SELECT v FROM a WHERE id = :id AND abs(:big) > 0");
    ck_assert_int_eq(look("1,1;1,-9223372036854775808;2,1;", "integer", "integer"), 0);
    ck_assert_uint_eq(failures.count, 2);
    ck_assert_str_eq(why(1), "lookup_failed");
    ck_assert_str_eq(failures.item[0].detail, "id = 1 and big = -9223372036854775808 in crm.db: the query fails: integer overflow");
    ck_assert_str_eq(why(2), "lookup_value");
    ck_assert_str_eq(failures.item[1].detail, "id = 2 and big = 1 in crm.db: crm.v is no integer: 'two'");
}
END_TEST

START_TEST(what_was_answered_is_forgotten_before_it_takes_too_much)
{
    struct text asked = {0};

    from.max_memory = 1 << 16;
    sql("CREATE TABLE a(id INTEGER PRIMARY KEY, v TEXT);"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4095) INSERT INTO a SELECT i, 'value ' || i FROM n");
    database_lookup("SELECT v FROM a WHERE id = :id");
    for (int i = 0; i < ROWS_MAX; i++)
        text_printf(&asked, "%d;", i);
    for (int turn = 0; turn < 3; turn++) {
        ck_assert_int_eq(look(text_end(&asked), "integer"), 0);
        ck_assert_uint_eq(failures.count, 0);
        for (int i = 0; i < ROWS_MAX; i += 13) {
            char expected[24];

            snprintf(expected, sizeof expected, "value %d", i);
            ck_assert_str_eq(got(0, (uint32_t)i), expected);
        }
    }
    text_fini(&asked);
}
END_TEST

START_TEST(a_query_may_only_read)
{
    static const char *const queries[] = {"DELETE FROM a", "INSERT INTO a VALUES (1)", "UPDATE a SET id = 1 RETURNING id", "PRAGMA user_version",
                                          "ATTACH 'x' AS y", "VACUUM", "BEGIN", "CREATE TEMP TABLE t(x)", "SELECT load_extension('x')",
                                          "SELECT * FROM pragma_table_info('a')", "", "-- nothing", "SELECT id FROM a; DELETE FROM a"};

    sql("CREATE TABLE a(id)");
    from.from = CONFIG_FROM_SQLITE;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct lookups *all;

        from.query = queries[i];
        all = lookups_new(&config, NULL);
        ck_assert_msg(lookup_open(lookups_find(all, &from), &fault) == -1, "%s", queries[i]);
        ck_assert_str_eq(fault.code, "lookup-query");
        ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
        ck_assert(!lookup_known(lookups_find(all, &from)));
        lookups_free(all);
    }
    from.query = "SELECT id FROM a; -- and that is all\n /* indeed */ ;";
    open_lookup();
}
END_TEST

START_TEST(a_locked_database_is_waited_for)
{
    sqlite3 *db;

    sql("CREATE TABLE a(id TEXT, v TEXT); INSERT INTO a VALUES ('1', 'x')");
    database_lookup("SELECT v FROM a WHERE id = :id");
    ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(look("1;", "text"), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_str_eq(fault.what, "lookup 'crm': cannot read the database 'crm.db': database is locked");
    sqlite3_close(db);
    ck_assert_int_eq(look("1;", "text"), 0);
    ck_assert_str_eq(got(0, 0), "x");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lookup");
    TCase *tcase = tcase_create("files"), *databases = tcase_create("databases");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rows_are_found_by_key);
    tcase_add_test(tcase, none_may_be_null);
    tcase_add_test(tcase, keys_are_equal_as_values_of_their_type);
    tcase_add_test(tcase, types_that_are_never_equal_are_told);
    tcase_add_test(tcase, keys_of_several_columns_do_not_run_together);
    tcase_add_test(tcase, many_is_a_failure_the_first_or_a_fold);
    tcase_add_test(tcase, a_sum_that_overflows_fails_who_asks);
    tcase_add_test(tcase, a_bad_row_fails_only_who_asks_for_it);
    tcase_add_test(tcase, what_is_filled_anew_takes_the_place_of_the_old);
    tcase_add_test(tcase, memory_is_bounded);
    tcase_add_test(tcase, many_keys_keep_their_rows);
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(databases, setup, teardown);
    tcase_set_timeout(databases, 60);
    tcase_add_test(databases, a_key_is_asked_once_an_input);
    tcase_add_test(databases, answers_hold_for_an_input_and_are_asked_anew_when_the_data_changed);
    tcase_add_test(databases, another_file_in_its_place_is_opened);
    tcase_add_test(databases, values_go_there_and_come_back_as_what_they_are);
    tcase_add_test(databases, what_one_key_cannot_have_fails_it_alone);
    tcase_add_test(databases, what_was_answered_is_forgotten_before_it_takes_too_much);
    tcase_add_test(databases, a_query_may_only_read);
    tcase_add_test(databases, a_locked_database_is_waited_for);
    suite_add_tcase(suite, databases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
