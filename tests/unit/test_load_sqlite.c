/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_writer.h"

#define COLUMNS "order_id:text:key,qty:integer,price:decimal(12,2)"

static char dir[64];
static struct daybreak_fault fault;
static const char *const options[] = {"path", "out.db", "wait", "0ms", NULL};

static void
setup(void)
{
    snprintf(dir, sizeof dir, "/tmp/daybreak-load-sqlite-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    fault = (struct daybreak_fault){0};
}

static void
teardown(void)
{
    static const char *const names[] = {"out.db", "out.db-wal", "out.db-shm", "out.db-journal", "out.db.daybreak-lock",
                                        "twin.db",
                                        "twin.db-wal", "twin.db-shm", "twin.db-journal", "twin.db.daybreak-lock"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* ---- what others see ---------------------------------------------------------------------- */

/* Rows of a query from outside: "CELL|CELL\n" each, ~ for null. Valid until the next call. */
static const char *
sql_of(const char *name, const char *query)
{
    static char out[65536];
    char path[128];
    size_t used = 0;
    sqlite3 *db;
    sqlite3_stmt *statement;

    out[0] = '\0';
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (access(path, F_OK) != 0)
        return "no file";
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    while (*query != '\0') {
        if (sqlite3_prepare_v2(db, query, -1, &statement, &query) != SQLITE_OK) {
            snprintf(out, sizeof out, "%s", sqlite3_errmsg(db));
            break;
        }
        while (sqlite3_step(statement) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(statement); i++) {
                const char *text = (const char *)sqlite3_column_text(statement, i);

                used += (size_t)snprintf(out + used, sizeof out - used, "%s%s", i == 0 ? "" : "|",
                                         text == NULL ? "~" : text);
            }
            used += (size_t)snprintf(out + used, sizeof out - used, "\n");
        }
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return out;
}

static const char *
sql(const char *query)
{
    return sql_of("out.db", query);
}

static void
user(const char *script)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/out.db", dir);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, script, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- the writer in one line --------------------------------------------------------------- */

#define ok(call) ck_assert_msg((call) == 0, "%s (%s)", fault.what, fault.hint)
#define fails(call, with) \
    do { \
        ck_assert_int_eq((call), -1); \
        ck_assert_int_eq(fault.status, (with)); \
        ck_assert_int_ne(fault.kind, DAYBREAK_NO_FAULT); \
    } while (0)

static void
begin_with(struct load_writer *w, enum daybreak_write write, const char *columns)
{
    ok(load_writer_open(w, &daybreak_connector, options, dir, &fault));
    w->target.write = write;
    ok(load_writer_claim(w, false, &fault));
    if (columns != NULL)
        ok(load_writer_columns(w, columns, &fault));
}

static void
land(struct load_writer *w, const char *rows, const char *position)
{
    ok(load_writer_stage(w, rows, &fault));
    ok(load_writer_commit(w, position, true, &fault));
}

#define ROWS "SELECT order_id, qty, price FROM orders ORDER BY order_id"
#define OPS "SELECT order_id, qty, _op FROM orders ORDER BY order_id"

/* ---- writing ------------------------------------------------------------------------------ */

START_TEST(a_first_load_makes_table_envelope_and_checkpoint_in_one_commit)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    ck_assert(!w.now.found);
    ck_assert_int_eq(w.now.epoch, 1);
    ok(load_writer_stage(&w, "r A1|5|19.90\nr A2|~|3.00\n", &fault));
    ck_assert_str_eq(sql("SELECT count(*) FROM sqlite_schema WHERE name = 'orders'"), "0\n");
    ok(load_writer_commit(&w, "p1", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|5|19.9\nA2|~|3\n");
    ck_assert_str_eq(sql("SELECT typeof(order_id), typeof(qty), typeof(price), hex(_event_id), _op, _changed_at, _batch, "
                         "_position, _context "
                         "FROM orders WHERE order_id = 'A1'"),
                     "text|integer|real|01000000000000000000000000000001|r|1740000000000000|1|1:0|"
                     "{\"reason\":\"row 0\",\"related\":{\"ticket\":\"T0\"}}\n");
    ck_assert_str_eq(sql("SELECT pipeline_id, handoff, epoch, position, released, batch, committed_at FROM "
                         "_daybreak_checkpoint"),
                     "id-1|load|1|p1|0|1|1750000000000000\n");
    ck_assert_str_eq(sql("SELECT name, type, pk FROM pragma_table_info('orders') LIMIT 3"),
                     "order_id|TEXT|1\nqty|INTEGER|0\nprice|NUMERIC|0\n");
    ck_assert_str_eq(sql("PRAGMA journal_mode"), "wal\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(batch_rows_have_the_columns_that_people_query)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_APPEND, COLUMNS);
    land(&w, "c A1|5|19.90\n", "p1");
    ck_assert_str_eq(sql("SELECT group_concat(name, ' ') FROM pragma_table_info('_daybreak_batch')"),
                     "batch pipeline_id pipeline handoff run pipeline_version connector source input part first last "
                     "changes created "
                     "updated deleted loaded read unchanged repeated captured absent invalid copied filtered held "
                     "waiting dead read_at "
                     "ready_at loaded_at time_basis\n");
    ck_assert_str_eq(sql("SELECT batch, pipeline_id, pipeline, handoff, run, pipeline_version, connector, source, input, "
                         "part, first, last, "
                         "changes, read, captured, dead, read_at, ready_at, loaded_at, time_basis FROM _daybreak_batch"),
                     "1|id-1|orders|load|run-1|v1|file|drop/orders.csv|1 abc||1|2|1|1|1|0|1749999998000000|1749999999000000|"
                     "1750000000000000|source_time\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(mirror_holds_exactly_the_rows_that_are_there)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|1.00\nr A2|2|2.00\nr A3|3|3.00\n", "p1");
    land(&w, "u A1|10|1.00\nd A2|~|~\nc A4|4|4.00\nd A9|~|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|10|u\nA3|3|r\nA4|4|c\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(the_last_change_of_a_key_in_a_batch_counts)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "c A1|1|~\nc A2|1|~\nu A1|2|~\nd A2|~|~\nc A3|1|~\nd A3|~|~\nc A3|7|~\n", "p1");
    ck_assert_str_eq(sql(OPS), "A1|2|u\nA3|7|c\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(upsert_never_deletes)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_UPSERT, COLUMNS);
    land(&w, "c A1|1|~\nc A2|1|~\n", "p1");
    land(&w, "d A1|~|~\nu A2|2|~\nd A2|~|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|1|c\nA2|2|u\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(append_writes_every_change_as_a_row)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_APPEND, COLUMNS);
    land(&w, "c A1|1|~\nu A1|2|~\nd A1|~|~\n", "p1");
    ck_assert_str_eq(sql("SELECT order_id, qty, _op FROM orders ORDER BY rowid"), "A1|1|c\nA1|2|u\nA1|~|d\n");
    ck_assert_str_eq(sql("SELECT order_id, op FROM orders_provenance ORDER BY position"), "A1|c\nA1|u\nA1|d\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(marked_deletes_keep_the_row_as_it_was_last)
{
    struct load_writer w;
    char *scan;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    w.target.mark_deletes = true;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "c A1|1|~\nc A2|2|~\n", "p1");
    land(&w, "u A1|5|~\nd A1|~|~\nd A7|~|~\n", "p2");
    ck_assert_str_eq(sql("SELECT order_id, qty, _op, hex(_event_id), _changed_at FROM orders ORDER BY order_id"),
                     "A1|5|d|02000000000000000000000000000002|~\nA2|2|c|01000000000000000000000000000002|1740000000000001\n");
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "A2|2|~\n");
    free(scan);
    load_writer_close(&w);
}
END_TEST

START_TEST(history_keeps_how_rows_went)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|1.00\nr A2|2|2.00\n", "p1");
    land(&w, "u A1|9|1.00\nd A2|~|~\n", "p2");
    ck_assert_str_eq(sql("SELECT order_id, hex(_event_id), _op, _batch, _gone_at, _row FROM _daybreak_history_orders"),
                     "A2|02000000000000000000000000000002|d|2|1750000000000000|~\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(history_all_keeps_every_superseded_version_for_as_long_as_asked)
{
    struct load_writer w;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    w.target.history = DAYBREAK_HISTORY_ALL;
    w.target.keep_ms = 60000;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "r A1|1|1.50\n", "p1");
    land(&w, "u A1|2|1.50\nu A1|3|~\n", "p2");
    land(&w, "d A1|~|~\n", "p3");
    ck_assert_str_eq(sql("SELECT order_id, _op, _batch, _row FROM _daybreak_history_orders ORDER BY rowid"),
                     "A1|r|1|{\"order_id\":\"A1\",\"qty\":1,\"price\":1.50}\n"
                     "A1|u|2|{\"order_id\":\"A1\",\"qty\":2,\"price\":1.50}\n"
                     "A1|u|2|{\"order_id\":\"A1\",\"qty\":3,\"price\":null}\n"
                     "A1|d|3|~\n");
    w.loaded_at += 60000001;
    land(&w, "c A2|1|~\n", "p4");
    ck_assert_str_eq(sql("SELECT count(*) FROM _daybreak_history_orders"), "0\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(types_are_those_of_the_design)
{
    struct load_writer w;
    char *scan;

    begin_with(&w, DAYBREAK_MIRROR,
               "k:integer:key,b:boolean,d:decimal(15,3),w:decimal(30,2),r:real,t:timestamp,y:date,x:bytes,s:text");
    land(&w,
         "r 1|yes|-12.340|1234567890123456789012345678.90|0.1|2025-03-01T10:00:00+01:00|2025-03-01|raw|true\n"
         "r 2|no|1000.000|0.00|1e300|1969-12-31T23:59:59.5Z|1969-12-31|~|\n"
         "r 3|~|999999999999.999|~|~|~|~|~|~\n",
         "p1");
    ck_assert_str_eq(sql("SELECT *, typeof(b), typeof(d), typeof(w), typeof(r), typeof(x) FROM (SELECT k, b, d, w, r, t, "
                         "y, x, s FROM orders)"),
                     "1|1|-12.34|1234567890123456789012345678.90|0.1|2025-03-01T09:00:00.000000Z|2025-03-01|raw|true|"
                     "integer|real|text|real|blob\n"
                     "2|0|1000|0.00|1.0e+300|1969-12-31T23:59:59.500000Z|1969-12-31|~||integer|integer|text|real|null\n"
                     "3|~|999999999999.999|~|~|~|~|~|~|null|real|null|null|null\n");
    ck_assert_str_eq(sql("SELECT rowid FROM orders WHERE k = 2"), "2\n");
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan,
                     "1|true|-12.340|1234567890123456789012345678.90|0.1|2025-03-01T09:00:00.000000Z|2025-03-01|raw|true\n"
                     "2|false|1000.000|0.00|1e+300|1969-12-31T23:59:59.500000Z|1969-12-31|~|\n"
                     "3|~|999999999999.999|~|~|~|~|~|~\n");
    free(scan);
    load_writer_close(&w);
}
END_TEST

START_TEST(new_columns_are_added_in_the_same_commit)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, "order_id:text:key,qty:integer");
    land(&w, "r A1|1\n", "p1");
    ok(load_writer_stage(&w, "r A2|2\n", &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "r A3|3|3.25\n", "p2");
    ck_assert_str_eq(sql(ROWS), "A1|1|~\nA2|2|~\nA3|3|3.25\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_rollback_undoes_rows_columns_and_tables)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    ok(load_writer_stage(&w, "r A1|1|~\n", &fault));
    load_writer_rollback(&w);
    ck_assert_str_eq(sql("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'orders%'"), "0\n");
    land(&w, "r A2|1|~\n", "p1");
    ok(load_writer_columns(&w, COLUMNS ",note:text", &fault));
    ok(load_writer_stage(&w, "u A2|1|~|hello\n", &fault));
    load_writer_rollback(&w);
    ck_assert_str_eq(sql("SELECT count(*) FROM pragma_table_info('orders') WHERE name = 'note'"), "0\n");
    land(&w, "u A2|1|~|again\n", "p2");
    ck_assert_str_eq(sql("SELECT order_id, note FROM orders"), "A2|again\n");
    load_writer_close(&w);
}
END_TEST

/* ---- fences ------------------------------------------------------------------------------- */

START_TEST(a_writer_that_was_passed_is_refused)
{
    struct load_writer old, young;

    begin_with(&old, DAYBREAK_MIRROR, COLUMNS);
    begin_with(&young, DAYBREAK_MIRROR, COLUMNS);
    ck_assert_int_eq(young.now.epoch, 2);
    fails(load_writer_stage(&old, "r A1|1|~\n", &fault), 75);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_ptr_nonnull(strstr(fault.what, "another run took over"));
    land(&young, "r A1|2|~\n", "p1");
    fails(load_writer_commit(&old, "p1", true, &fault), 75);
    ck_assert_str_eq(sql(OPS), "A1|2|r\n");
    load_writer_close(&old);
    load_writer_close(&young);
}
END_TEST

START_TEST(a_commit_from_another_position_is_refused_whole)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    ok(load_writer_stage(&w, "r A2|1|~\n", &fault));
    snprintf(w.position, sizeof w.position, "elsewhere");
    fails(load_writer_commit(&w, "p2", true, &fault), 75);
    ck_assert_str_eq(sql(OPS), "A1|1|r\n");
    ck_assert_str_eq(sql("SELECT position, batch FROM _daybreak_checkpoint"), "p1|1\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(while_another_writes_the_file_one_waits_and_may_try_again)
{
    struct load_writer a, b;

    begin_with(&a, DAYBREAK_MIRROR, COLUMNS);
    ok(load_writer_open(&b, &daybreak_connector, options, dir, &fault));
    b.pipeline_id = "id-2";
    b.pipeline = "other";
    ok(load_writer_stage(&a, "r A1|1|~\n", &fault));
    fails(load_writer_claim(&b, false, &fault), 69);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_str_eq(fault.code, "target-turn");
    ok(load_writer_commit(&a, "p1", true, &fault));
    ok(load_writer_claim(&b, false, &fault));
    load_writer_close(&a);
    load_writer_close(&b);
}
END_TEST

START_TEST(a_table_that_another_pipeline_feeds_is_refused_with_both_names)
{
    struct load_writer a, b;

    begin_with(&a, DAYBREAK_MIRROR, COLUMNS);
    land(&a, "r A1|1|~\n", "p1");
    load_writer_close(&a);
    ok(load_writer_open(&b, &daybreak_connector, options, dir, &fault));
    b.pipeline_id = "id-2";
    b.pipeline = "rival";
    ok(load_writer_claim(&b, false, &fault));
    fails(load_writer_columns(&b, COLUMNS, &fault), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "'orders' (id-1)"));
    ck_assert_ptr_nonnull(strstr(fault.what, "'rival' (id-2)"));
    load_writer_close(&b);

    ok(load_writer_open(&b, &daybreak_connector, options, dir, &fault));
    b.pipeline_id = "id-2";
    b.pipeline = "rival";
    b.was = "orders";
    ok(load_writer_claim(&b, false, &fault));
    ck_assert(b.now.found);
    ck_assert_str_eq(b.now.position, "p1");
    ck_assert_int_eq(b.now.batch, 1);
    ok(load_writer_columns(&b, COLUMNS, &fault));
    land(&b, "r A2|1|~\n", "p2");
    ck_assert_str_eq(sql("SELECT pipeline_id, position FROM _daybreak_checkpoint"), "id-2|p2\n");
    load_writer_close(&b);
}
END_TEST

START_TEST(a_pipeline_whose_state_was_lost_takes_over_what_it_was)
{
    struct load_writer old, young;

    begin_with(&old, DAYBREAK_MIRROR, COLUMNS);
    land(&old, "r A1|1|~\n", "p1");
    for (int run = 0; run < 2; run++) { /* the first one only claims; the second one takes over */
        ok(load_writer_open(&young, &daybreak_connector, options, dir, &fault));
        young.pipeline_id = "id-9";
        young.was = run == 0 ? NULL : "orders";
        ok(load_writer_claim(&young, false, &fault));
        ck_assert_str_eq(young.now.position, run == 0 ? "" : "p1");
        if (run == 0)
            load_writer_close(&young);
    }
    ok(load_writer_columns(&young, COLUMNS, &fault));
    fails(load_writer_stage(&old, "r A2|1|~\n", &fault), 75);
    land(&young, "r A3|1|~\n", "p2");
    ck_assert_str_eq(sql("SELECT pipeline_id, batch FROM _daybreak_batch"), "id-9|1\nid-9|2\n");
    ck_assert_str_eq(sql(OPS), "A1|1|r\nA3|1|r\n");
    load_writer_close(&old);
    load_writer_close(&young);
}
END_TEST

START_TEST(a_new_process_goes_on_where_the_target_stands)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    load_writer_close(&w);
    ck_assert_str_eq(sql("SELECT count(*) FROM orders"), "1\n");
    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    ck_assert(w.now.found);
    ck_assert_str_eq(w.now.position, "p1");
    ck_assert_int_eq(w.now.batch, 1);
    ck_assert_int_eq(w.now.epoch, 2);
    land(&w, "u A1|2|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|2|u\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_look_raises_no_epoch_and_makes_nothing)
{
    struct load_writer w;
    char *scan;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    ok(load_writer_claim(&w, true, &fault));
    ck_assert(!w.now.found);
    ok(load_writer_columns(&w, COLUMNS, &fault));
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "");
    free(scan);
    load_writer_close(&w);
    ck_assert_str_eq(sql("SELECT 1"), "no file");

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    load_writer_close(&w);
    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    ok(load_writer_claim(&w, true, &fault));
    ck_assert_str_eq(w.now.position, "p1");
    ok(load_writer_columns(&w, COLUMNS, &fault));
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "A1|1|~\n");
    free(scan);
    fails(load_writer_stage(&w, "r A2|1|~\n", &fault), 70);
    load_writer_close(&w);
    ck_assert_str_eq(sql("SELECT epoch FROM _daybreak_checkpoint"), "1\n");
}
END_TEST

/* ---- tables that are not ours ------------------------------------------------------------- */

static int
adopt(struct load_writer *w, enum daybreak_existing existing, const char *columns)
{
    ok(load_writer_open(w, &daybreak_connector, options, dir, &fault));
    w->target.existing = existing;
    ok(load_writer_claim(w, false, &fault));
    return load_writer_columns(w, columns, &fault);
}

START_TEST(rows_that_we_did_not_write_stop_the_first_run)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id TEXT PRIMARY KEY, qty INTEGER, price NUMERIC); INSERT INTO orders VALUES('Z', 1, "
         "1)");
    fails(adopt(&w, DAYBREAK_EXISTING_REFUSE, COLUMNS), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "has rows that Daybreak did not write"));
    ck_assert_ptr_nonnull(strstr(fault.hint, "existing: adopt"));
    load_writer_close(&w);
    ck_assert_str_eq(sql(ROWS), "Z|1|1\n");
}
END_TEST

START_TEST(an_adopted_table_keeps_its_shape_and_has_its_envelope_beside_it)
{
    struct load_writer w;
    char *scan;

    user("CREATE TABLE orders(note TEXT DEFAULT 'x', order_id TEXT PRIMARY KEY, qty INTEGER, price NUMERIC);"
         "INSERT INTO orders VALUES('mine', 'Z', 1, 1.5)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "Z|1|1.50 foreign\n");
    free(scan);
    land(&w, "c A1|1|~\nc A2|2|~\n", "p1");
    land(&w, "u A1|3|~\nd A2|~|~\n", "p2");
    ck_assert_str_eq(sql("SELECT * FROM orders ORDER BY order_id"), "x|A1|3|~\nmine|Z|1|1.5\n");
    ck_assert_str_eq(sql("SELECT order_id, _op, _batch FROM _daybreak_row_orders"), "A1|u|2\n");
    ck_assert_str_eq(sql("SELECT order_id, op, run FROM orders_provenance"), "A1|u|run-1\n");
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "Z|1|1.50 foreign\nA1|3|~\n");
    free(scan);
    ck_assert_str_eq(sql("PRAGMA journal_mode"), "delete\n");
    load_writer_close(&w);
    ok(adopt(&w, DAYBREAK_EXISTING_REFUSE, COLUMNS)); /* once adopted it is ours to write */
    load_writer_close(&w);
}
END_TEST

START_TEST(what_does_not_fit_an_existing_table_is_said_before_a_row_lands)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id TEXT, qty INTEGER, price NUMERIC)");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    ck_assert_str_eq(fault.code, "no-unique-key");
    load_writer_close(&w);
    user("CREATE UNIQUE INDEX nocase ON orders(order_id COLLATE NOCASE)");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    load_writer_close(&w);
    user("CREATE UNIQUE INDEX other ON orders(order_id, qty)");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    load_writer_close(&w);
    user("CREATE UNIQUE INDEX fits ON orders(order_id)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    load_writer_close(&w);
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS ",segment:text"), 78);
    ck_assert_str_eq(fault.code, "missing-column");
    ck_assert_ptr_nonnull(strstr(fault.what, "has no column 'segment'"));
    load_writer_close(&w);
    user("DROP TABLE orders; CREATE VIEW orders AS SELECT 1 AS order_id");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    ck_assert_str_eq(fault.code, "no-table");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_changed_type_of_our_table_is_said)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    fails(load_writer_columns(&w, "order_id:text:key,qty:text,price:decimal(12,2)", &fault), 78);
    ck_assert_str_eq(fault.what, "column 'qty' of table 'orders' is INTEGER, the pipeline now gives TEXT");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_table_that_vanished_is_not_made_anew_in_silence)
{
    struct load_writer w;
    char *scan;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    load_writer_close(&w);
    user("DROP TABLE orders");
    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    fails(load_writer_stage(&w, "u A1|2|~\n", &fault), 78);
    ck_assert_str_eq(fault.code, "table-gone");
    load_writer_rollback(&w);
    scan = load_writer_scan(&w, &fault); /* as a resync does: now it is known what is missing */
    ck_assert_str_eq(scan, "");
    free(scan);
    land(&w, "r A1|2|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|2|r\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(names_that_clash_name_the_prefix)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, NULL);
    fails(load_writer_columns(&w, "id:text:key,_OP:text", &fault), 78);
    ck_assert_str_eq(fault.what, "column '_OP' of table 'orders' has the name of an envelope column");
    ck_assert_ptr_nonnull(strstr(fault.hint, "prefix: db_"));
    w.target.prefix = "db_";
    ok(load_writer_columns(&w, "id:text:key,_OP:text", &fault));
    land(&w, "r A|mine\n", "p1");
    ck_assert_str_eq(sql("SELECT id, _op, db_op, db_batch FROM orders"), "A|mine|r|1\n");
    fails(load_writer_columns(&w, "id:text:key,ID:text", &fault), 78);
    ck_assert_str_eq(fault.code, "column-twice");
    load_writer_close(&w);
}
END_TEST

START_TEST(strange_names_are_quoted)
{
    struct load_writer w;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    w.target.table = "a \"b'; DROP TABLE x; --";
    w.target.history = DAYBREAK_HISTORY_ALL;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, "k \"1'[x]:text:key,select:text", &fault));
    land(&w, "r A|1\n", "p1");
    land(&w, "u A|2\nd B|~\n", "p2");
    ck_assert_str_eq(sql("SELECT * FROM (SELECT \"k \"\"1'[x]\", \"select\" FROM \"a \"\"b'; DROP TABLE x; --\")"),
                     "A|2\n");
    ck_assert_str_eq(sql("SELECT event_id FROM \"a \"\"b'; DROP TABLE x; --_provenance\""),
                     "02000000000000000000000000000001\n");
    w.target.table = "a-name-that-is-longer-than-the-sixty-four-bytes-that-are-possible-here";
    fails(load_writer_columns(&w, "k:text:key", &fault), 78);
    w.target.table = "_daybreak_batch";
    fails(load_writer_columns(&w, "k:text:key", &fault), 78);
    load_writer_close(&w);
}
END_TEST

/* ---- refused rows ------------------------------------------------------------------------- */

START_TEST(exactly_the_refused_rows_are_refused)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id TEXT PRIMARY KEY, qty INTEGER CHECK(qty < 100), price NUMERIC UNIQUE, note TEXT "
         "NOT NULL)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS ",note:text"));
    ok(load_writer_stage(&w, "c A1|1|1.00|x\nc A2|500|2.00|x\nc A3|3|1.00|x\nc A4|4|4.00|~\nc ~|4|5.00|x\nc A6|6|6.00|x\n",
                         &fault));
    ck_assert_str_eq(w.refused, "4 constraint_notnull: NOT NULL constraint failed: orders.order_id\n"
                                "1 constraint_check: CHECK constraint failed: qty < 100\n"
                                "2 constraint_unique: UNIQUE constraint failed: orders.price\n"
                                "3 constraint_notnull: NOT NULL constraint failed: orders.note\n");
    ok(load_writer_commit(&w, "p1", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|1|1\nA6|6|6\n");
    ck_assert_str_eq(sql("SELECT order_id FROM _daybreak_row_orders"), "A1\nA6\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(when_a_keys_last_change_is_refused_the_one_before_it_lands)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id TEXT PRIMARY KEY, qty INTEGER CHECK(qty < 100), price NUMERIC)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    ok(load_writer_stage(&w, "c A1|1|~\nu A1|2|~\nu A1|500|~\nc A2|1|~\n", &fault));
    ck_assert_str_eq(w.refused, "2 constraint_check: CHECK constraint failed: qty < 100\n");
    ok(load_writer_commit(&w, "p1", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|2|~\nA2|1|~\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_unique_value_may_move_from_one_key_to_another)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id TEXT PRIMARY KEY, qty INTEGER UNIQUE, price NUMERIC)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    land(&w, "c A1|1|~\nc A2|2|~\nc A3|3|~\n", "p1");
    ok(load_writer_stage(&w, "u A1|2|~\nu A2|4|~\nc A9|3|~\nd A3|~|~\n", &fault));
    ck_assert_str_eq(w.refused, "");
    ok(load_writer_commit(&w, "p2", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|2|~\nA2|4|~\nA9|3|~\n");
    load_writer_close(&w);
}
END_TEST

/* A small generator of our own, so that a failing case is found again by its number. */
static uint32_t
draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

static void
random_batch(uint32_t *state, char *rows, size_t room, uint32_t count, const char *poison)
{
    size_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        char op = "cud"[draw(state, 3)];
        uint32_t key = draw(state, 12), qty = draw(state, 120), price = draw(state, 8);

        if (op == 'd')
            used += (size_t)snprintf(rows + used, room - used, "d K%u|~|~\n", key);
        else if (draw(state, 9) == 0)
            used += (size_t)snprintf(rows + used, room - used, "%c K%u|~|%u.25\n", op, key, price);
        else
            used += (size_t)snprintf(rows + used, room - used, "%c K%u|%u|~\n", op, key, qty);
    }
    snprintf(rows + used, room - used, "%s", poison);
}

/*
 * Random batches, with and without one more row that the table refuses and that so forces the slow way: all
 * else must come out the same, history included.
 */
START_TEST(the_slow_way_gives_what_the_fast_way_gives)
{
    static const char *const other_options[] = {"path", "twin.db", "wait", "0ms", NULL};
    struct load_writer w[2];
    char rows[4096], first[16384];
    uint32_t state = (uint32_t)_i * 7919 + 1;

    for (int side = 0; side < 2; side++) {
        ok(load_writer_open(&w[side], &daybreak_connector, side == 0 ? options : other_options, dir, &fault));
        w[side].target.write = _i % 3 == 2 ? DAYBREAK_UPSERT : DAYBREAK_MIRROR;
        w[side].target.mark_deletes = _i % 3 == 1;
        w[side].target.history = _i % 2 == 0 ? DAYBREAK_HISTORY_ALL : DAYBREAK_HISTORY_GONE;
        ok(load_writer_claim(&w[side], false, &fault));
        ok(load_writer_columns(&w[side], COLUMNS, &fault));
        land(&w[side], "r K0|0|~\n", "p0");
    }
    for (int side = 0; side < 2; side++) {
        char path[128];
        sqlite3 *db;

        snprintf(path, sizeof path, "%s/%s", dir, side == 0 ? "out.db" : "twin.db");
        ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "CREATE TRIGGER no BEFORE INSERT ON orders WHEN NEW.order_id = 'POISON' BEGIN "
                                          "SELECT RAISE(ABORT, 'poison'); END", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
    }
    for (int batch = 1; batch <= 5; batch++) {
        uint32_t from = state;

        random_batch(&state, rows, sizeof rows, 20, "");
        ok(load_writer_stage(&w[0], rows, &fault));
        ck_assert_str_eq(w[0].refused, "");
        random_batch(&from, rows, sizeof rows, 20, "c POISON|1|~\n");
        ok(load_writer_stage(&w[1], rows, &fault));
        ck_assert_str_eq(w[1].refused, "20 constraint_trigger: poison\n");
        ok(load_writer_commit(&w[0], "p", true, &fault));
        ok(load_writer_commit(&w[1], "p", true, &fault));
    }
    snprintf(first, sizeof first, "%s", sql("SELECT order_id, qty, price, _op, _batch, hex(_event_id) FROM orders ORDER "
                                            "BY 1"));
    ck_assert_str_eq(first, sql_of("twin.db", "SELECT order_id, qty, price, _op, _batch, hex(_event_id) FROM orders ORDER "
                                              "BY 1"));
    snprintf(first, sizeof first, "%s", sql("SELECT order_id, _op, _batch, hex(_event_id), _row FROM "
                                            "_daybreak_history_orders ORDER BY 1, 3, 4"));
    ck_assert_str_eq(first, sql_of("twin.db",
                                   "SELECT order_id, _op, _batch, hex(_event_id), _row FROM _daybreak_history_orders "
                                   "ORDER BY 1, 3, 4"));
    load_writer_close(&w[0]);
    load_writer_close(&w[1]);
}
END_TEST

/* What random batches leave equals what a plain model of the three write modes says. */
START_TEST(random_batches_leave_what_the_mode_promises)
{
    struct load_writer w;
    int qty[12];
    char rows[4096], expected[1024];
    uint32_t state = (uint32_t)_i * 104729 + 3;
    size_t used = 0;

    begin_with(&w, _i % 2 == 0 ? DAYBREAK_MIRROR : DAYBREAK_UPSERT, "k:text:key,qty:integer");
    for (int i = 0; i < 12; i++)
        qty[i] = -1;
    for (int batch = 0; batch < 6; batch++) {
        size_t size = 0;

        for (int i = 0; i < 15; i++) {
            uint32_t key = draw(&state, 12), value = draw(&state, 1000);
            bool gone = draw(&state, 3) == 0;

            if (gone)
                size += (size_t)snprintf(rows + size, sizeof rows - size, "d %c|~\n", 'A' + key);
            else
                size += (size_t)snprintf(rows + size, sizeof rows - size, "u %c|%u\n", 'A' + key, value);
            if (!gone)
                qty[key] = (int)value;
            else if (_i % 2 == 0)
                qty[key] = -1;
        }
        land(&w, rows, "p");
    }
    expected[0] = '\0';
    for (int i = 0; i < 12; i++)
        if (qty[i] >= 0)
            used += (size_t)snprintf(expected + used, sizeof expected - used, "%c|%d\n", 'A' + i, qty[i]);
    ck_assert_str_eq(sql("SELECT k, qty FROM orders ORDER BY k"), expected);
    load_writer_close(&w);
}
END_TEST

START_TEST(composite_keys_go_by_all_their_parts)
{
    struct load_writer w;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    w.target.history = DAYBREAK_HISTORY_ALL;
    w.target.envelope = DAYBREAK_ENVELOPE_SIDE;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, "a:text:key,n:integer:key,v:text", &fault));
    land(&w, "r x|1|p\nr x|2|q\nr y|1|r\n", "p1");
    land(&w, "d x|1|~\nu x|2|Q\n", "p2");
    ck_assert_str_eq(sql("SELECT * FROM orders ORDER BY 1, 2"), "x|2|Q\ny|1|r\n");
    ck_assert_str_eq(sql("SELECT a, n, _op FROM _daybreak_row_orders"), "x|2|u\ny|1|r\n");
    ck_assert_str_eq(sql("SELECT a, n, _op, _row FROM _daybreak_history_orders ORDER BY 2, 3"),
                     "x|1|d|~\nx|1|r|{\"a\":\"x\",\"n\":1,\"v\":\"p\"}\nx|2|r|{\"a\":\"x\",\"n\":2,\"v\":\"q\"}\n");
    load_writer_close(&w);
}
END_TEST

/* ---- reading back ------------------------------------------------------------------------- */

START_TEST(find_tells_row_provenance_and_history)
{
    struct daybreak_text key = {"A1", 2};
    struct load_writer w;
    char *json = NULL;

    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    w.target.history = DAYBREAK_HISTORY_ALL;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "r A1|1|19.90\n", "p1");
    land(&w, "u A1|2|19.90\n", "p2");
    ok(daybreak_connector.find(w.self, 0, &key, &json, &fault));
    ck_assert_str_eq(json,
                     "{\"row\":{\"order_id\":\"A1\",\"qty\":2,\"price\":19.90},"
                     "\"provenance\":{\"event_id\":\"02000000000000000000000000000001\","
                     "\"op\":\"u\",\"pipeline\":\"orders\",\"pipeline_version\":\"v1\",\"run\":\"run-1\",\"batch\":2,"
                     "\"source\":{\"connector\":"
                     "\"file\",\"name\":\"drop/orders.csv\",\"object\":\"orders\",\"position\":\"1:0\"},"
                     "\"changed_at\":\"2025-02-19T21:20:00.000000Z\","
                     "\"visible_at\":\"2025-06-15T15:06:37.000000Z\",\"read_at\":\"2025-06-15T15:06:38.000000Z\",\"ready_at\":"
                     "\"2025-06-15T15:06:39.000000Z\",\"loaded_at\":\"2025-06-15T15:06:40.000000Z\","
                     "\"time_basis\":\"source_time\",\"reason\":"
                     "\"row 0\",\"actor\":null,\"related\":{\"ticket\":\"T0\"},\"trace\":\"00-1-2-01\"},"
                     "\"history\":[{\"event_id\":"
                     "\"01000000000000000000000000000001\",\"op\":\"r\",\"pipeline\":\"orders\","
                     "\"pipeline_version\":\"v1\",\"run\":\"run-1\","
                     "\"batch\":1,\"source\":{\"connector\":\"file\",\"name\":\"drop/orders.csv\",\"object\":\"orders\","
                     "\"position\":\"1:0\"},"
                     "\"changed_at\":\"2025-02-19T21:20:00.000000Z\",\"visible_at\":\"2025-06-15T15:06:37.000000Z\","
                     "\"read_at\":"
                     "\"2025-06-15T15:06:38.000000Z\",\"ready_at\":\"2025-06-15T15:06:39.000000Z\","
                     "\"loaded_at\":\"2025-06-15T15:06:40.000000Z\","
                     "\"time_basis\":\"source_time\",\"reason\":\"row 0\",\"actor\":null,"
                     "\"related\":{\"ticket\":\"T0\"},\"trace\":\"00-1-2-01\","
                     "\"gone_at\":\"2025-06-15T15:06:40.000000Z\",\"row\":{\"order_id\":\"A1\",\"qty\":1,\"price\":19.90}}]}");
    free(json);
    key = (struct daybreak_text){"nobody", 6};
    ok(daybreak_connector.find(w.self, 0, &key, &json, &fault));
    ck_assert_str_eq(json, "{\"row\":null,\"provenance\":null,\"history\":[]}");
    free(json);
    load_writer_close(&w);
}
END_TEST

START_TEST(the_provenance_view_is_the_whole_envelope_readable)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, "order_id:text:key,op:text:key");
    land(&w, "r A1|x\n", "p1");
    ck_assert_str_eq(sql("SELECT order_id, op, _op, event_id, batch, source, changed_at, loaded_at, reason, related FROM "
                         "orders_provenance"),
                     "A1|x|r|01000000000000000000000000000001|1|{\"connector\":\"file\",\"name\":\"drop/orders.csv\","
                     "\"object\":\"orders\","
                     "\"position\":\"1:0\"}|2025-02-19T21:20:00.000000Z|2025-06-15T15:06:40.000000Z|row "
                     "0|{\"ticket\":\"T0\"}\n");
    load_writer_close(&w);
}
END_TEST

static bool
count_row(void *context, const struct daybreak_batch_row *row)
{
    int64_t *sum = context;

    ck_assert_str_eq(row->story->table, "orders");
    ck_assert_str_eq(row->story->run, "run-1");
    ck_assert_str_eq(row->first, "1");
    ck_assert_int_eq(row->counts.healed, 7);
    *sum += row->counts.delivered * 100 + row->story->batch;
    return true;
}

START_TEST(audit_gives_every_batch_with_all_its_counts)
{
    struct load_writer w;
    int64_t sum = 0;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\nr A2|1|~\n", "p1");
    land(&w, "r A3|1|~\n", "p2");
    ok(daybreak_connector.audit(w.self, "id-1", count_row, &sum, &fault));
    ck_assert_int_eq(sum, 303);
    sum = 0;
    ok(daybreak_connector.audit(w.self, "nobody", count_row, &sum, &fault));
    ck_assert_int_eq(sum, 0);
    load_writer_close(&w);
}
END_TEST

/* ---- kills and full disks ----------------------------------------------------------------- */

static const char *const points[] = {"load_sqlite.before-claim", "load_sqlite.claimed",   "load_sqlite.staged",
                                     "load_sqlite.before-commit", "load_sqlite.committed", "load_sqlite.settled"};
static const char *kill_at;
static int kill_after;

static void
maybe_die(const char *name)
{
    if (strcmp(name, kill_at) == 0 && kill_after-- == 0)
        _exit(137);
}

static void
live(void)
{
    struct load_writer w;
    char rows[32], position[16];

    if (load_writer_open(&w, &daybreak_connector, options, dir, &fault) != 0)
        _exit(1);
    w.host.crash_point = maybe_die;
    if (load_writer_claim(&w, false, &fault) != 0 || load_writer_columns(&w, COLUMNS, &fault) != 0)
        _exit(2);
    for (int64_t batch = w.now.batch + 1; batch <= 3; batch++) {
        snprintf(rows, sizeof rows, "c A%d|%d|~\nc B|%d|~\n", (int)batch, (int)batch, (int)batch);
        snprintf(position, sizeof position, "p%d", (int)batch);
        if (load_writer_stage(&w, rows, &fault) != 0 || load_writer_commit(&w, position, batch == 3, &fault) != 0)
            _exit(3);
    }
    load_writer_close(&w);
    _exit(0);
}

START_TEST(a_kill_anywhere_leaves_all_or_nothing_of_a_commit)
{
    for (int after = 0; after < 3; after++) {
        int status, runs = 0;

        do {
            pid_t child;

            kill_at = runs == 0 ? points[_i] : "";
            kill_after = after;
            child = fork();
            ck_assert_int_ge(child, 0);
            if (child == 0)
                live();
            ck_assert_int_eq(waitpid(child, &status, 0), child);
            ck_assert(WIFEXITED(status));
            ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 137);
            if (access(dir, F_OK) == 0 && strstr(sql("SELECT name FROM sqlite_schema WHERE name = 'orders'"),
                                                 "orders\n") != NULL)
                ck_assert_str_eq(sql("SELECT (SELECT count(*) FROM orders) = batch + 1, (SELECT qty FROM orders WHERE "
                                     "order_id = 'B') = batch,"
                                     "position = 'p' || batch, (SELECT count(*) FROM _daybreak_batch) = batch FROM "
                                     "_daybreak_checkpoint"),
                                 "1|1|1|1\n");
            ck_assert_int_lt(runs++, 3);
        } while (WEXITSTATUS(status) != 0);
        ck_assert_str_eq(sql(OPS), "A1|1|c\nA2|2|c\nA3|3|c\nB|3|c\n");
        ck_assert_str_eq(sql("PRAGMA integrity_check"), "ok\n");
        teardown();
        ck_assert_int_eq(mkdir(dir, 0700), 0);
    }
}
END_TEST

START_TEST(what_is_no_database_is_told_from_what_cannot_be_made)
{
    static const char *const nowhere[] = {"path", "/proc/nowhere/out.db", NULL};
    struct load_writer w;
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/out.db", dir);
    file = fopen(path, "w");
    for (int i = 0; i < 200; i++)
        fputs("this is no database at all, only text\n", file);
    fclose(file);
    ok(load_writer_open(&w, &daybreak_connector, options, dir, &fault));
    fails(load_writer_claim(&w, false, &fault), 78);
    ck_assert_str_eq(fault.code, "target-damaged");
    load_writer_close(&w);
    ok(load_writer_open(&w, &daybreak_connector, nowhere, dir, &fault));
    fails(load_writer_claim(&w, false, &fault), 73);
    load_writer_close(&w);
}
END_TEST

START_TEST(a_reader_in_the_way_of_a_rollback_journal_makes_the_commit_retry)
{
    struct load_writer w;
    char path[128];
    sqlite3 *reader;

    user("CREATE TABLE other(x); INSERT INTO other VALUES(1)");
    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    ok(load_writer_stage(&w, "r A1|1|~\n", &fault));
    snprintf(path, sizeof path, "%s/out.db", dir);
    ck_assert_int_eq(sqlite3_open(path, &reader), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM other", NULL, NULL, NULL), SQLITE_OK);
    fails(load_writer_commit(&w, "p1", true, &fault), 69);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    sqlite3_close(reader);
    load_writer_rollback(&w);
    land(&w, "r A1|1|~\n", "p1");
    ck_assert_str_eq(sql(OPS), "A1|1|r\n");
    load_writer_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("load_sqlite");
    TCase *tcase = tcase_create("load_sqlite");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_first_load_makes_table_envelope_and_checkpoint_in_one_commit);
    tcase_add_test(tcase, batch_rows_have_the_columns_that_people_query);
    tcase_add_test(tcase, mirror_holds_exactly_the_rows_that_are_there);
    tcase_add_test(tcase, the_last_change_of_a_key_in_a_batch_counts);
    tcase_add_test(tcase, upsert_never_deletes);
    tcase_add_test(tcase, append_writes_every_change_as_a_row);
    tcase_add_test(tcase, marked_deletes_keep_the_row_as_it_was_last);
    tcase_add_test(tcase, history_keeps_how_rows_went);
    tcase_add_test(tcase, history_all_keeps_every_superseded_version_for_as_long_as_asked);
    tcase_add_test(tcase, types_are_those_of_the_design);
    tcase_add_test(tcase, new_columns_are_added_in_the_same_commit);
    tcase_add_test(tcase, a_rollback_undoes_rows_columns_and_tables);
    tcase_add_test(tcase, a_writer_that_was_passed_is_refused);
    tcase_add_test(tcase, a_commit_from_another_position_is_refused_whole);
    tcase_add_test(tcase, while_another_writes_the_file_one_waits_and_may_try_again);
    tcase_add_test(tcase, a_table_that_another_pipeline_feeds_is_refused_with_both_names);
    tcase_add_test(tcase, a_pipeline_whose_state_was_lost_takes_over_what_it_was);
    tcase_add_test(tcase, a_new_process_goes_on_where_the_target_stands);
    tcase_add_test(tcase, a_look_raises_no_epoch_and_makes_nothing);
    tcase_add_test(tcase, rows_that_we_did_not_write_stop_the_first_run);
    tcase_add_test(tcase, an_adopted_table_keeps_its_shape_and_has_its_envelope_beside_it);
    tcase_add_test(tcase, what_does_not_fit_an_existing_table_is_said_before_a_row_lands);
    tcase_add_test(tcase, a_changed_type_of_our_table_is_said);
    tcase_add_test(tcase, a_table_that_vanished_is_not_made_anew_in_silence);
    tcase_add_test(tcase, names_that_clash_name_the_prefix);
    tcase_add_test(tcase, strange_names_are_quoted);
    tcase_add_test(tcase, exactly_the_refused_rows_are_refused);
    tcase_add_test(tcase, when_a_keys_last_change_is_refused_the_one_before_it_lands);
    tcase_add_test(tcase, a_unique_value_may_move_from_one_key_to_another);
    tcase_add_loop_test(tcase, the_slow_way_gives_what_the_fast_way_gives, 0, 18);
    tcase_add_loop_test(tcase, random_batches_leave_what_the_mode_promises, 0, 12);
    tcase_add_test(tcase, composite_keys_go_by_all_their_parts);
    tcase_add_test(tcase, find_tells_row_provenance_and_history);
    tcase_add_test(tcase, the_provenance_view_is_the_whole_envelope_readable);
    tcase_add_test(tcase, audit_gives_every_batch_with_all_its_counts);
    tcase_add_loop_test(tcase, a_kill_anywhere_leaves_all_or_nothing_of_a_commit, 0,
                        (int)(sizeof points / sizeof points[0]));
    tcase_add_test(tcase, what_is_no_database_is_told_from_what_cannot_be_made);
    tcase_add_test(tcase, a_reader_in_the_way_of_a_rollback_journal_makes_the_commit_retry);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
