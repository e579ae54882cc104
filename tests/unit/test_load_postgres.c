/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_writer.h"
#include "postgres_server.h"

#define COLUMNS "order_id:text:key,qty:integer,price:decimal(12,2)"

static char dir[64];      /* of the server */
static char schema[32];   /* each test has its own */
static int tests;
static struct daybreak_fault fault;
static const char *options[] = {"host", dir, "user", "tester", "dbname", "postgres", "schema", schema, "wait", "1000ms", "answer", "20s",
                                "settle", "5s", NULL};

/* ---- what others see ---------------------------------------------------------------------- */

static PGconn *
other(const char *path)
{
    const char *const name[] = {"host", "user", "dbname", "options", NULL};
    char setting[80];
    const char *const value[] = {dir, "tester", "postgres", setting, NULL};
    PGconn *conn;

    snprintf(setting, sizeof setting, "-csearch_path=%s -cTimeZone=UTC -cclient_min_messages=error", path);
    conn = PQconnectdbParams(name, value, 0);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return conn;
}

/* Rows of a query from outside: "CELL|CELL\n" each, ~ for null. Valid until the next call. */
static const char *
sql_in(const char *path, const char *query)
{
    static char out[65536];
    PGconn *conn = other(path);
    PGresult *result = PQexec(conn, query);
    size_t used = 0;

    out[0] = '\0';
    if (PQresultStatus(result) == PGRES_FATAL_ERROR)
        snprintf(out, sizeof out, "%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < PQnfields(result); i++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s", i == 0 ? "" : "|",
                                     PQgetisnull(result, row, i) ? "~" : PQgetvalue(result, row, i));
        used += (size_t)snprintf(out + used, sizeof out - used, "\n");
    }
    PQclear(result);
    PQfinish(conn);
    return out;
}

static const char *
sql(const char *query)
{
    return sql_in(schema, query);
}

static void
user(const char *script)
{
    ck_assert_str_eq(sql(script), "");
}

static void
setup(void)
{
    char script[80];

    snprintf(schema, sizeof schema, "s%d_%d", (int)getpid(), tests++);
    snprintf(script, sizeof script, "CREATE SCHEMA %s", schema);
    ck_assert_str_eq(sql_in("public", script), "");
    fault = (struct daybreak_fault){0};
}

/* ---- the writer in one line --------------------------------------------------------------- */

#define ok(call) ck_assert_msg((call) == 0, "%s (%s)", fault.what, fault.hint)
#define fails(call, with) \
    do { \
        ck_assert_int_eq((call), -1); \
        ck_assert_msg(fault.status == (with), "%d: %s", fault.status, fault.what); \
        ck_assert_int_ne(fault.kind, DAYBREAK_NO_FAULT); \
    } while (0)

static void
begin_with(struct load_writer *w, enum daybreak_write write, const char *columns)
{
    ok(load_writer_open(w, &daybreak_connector, options, "/", &fault));
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
    ck_assert_str_eq(sql("SELECT to_regclass('orders')"), "~\n");
    ok(load_writer_commit(&w, "p1", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|5|19.90\nA2|~|3.00\n");
    ck_assert_str_eq(sql("SELECT encode(_event_id, 'hex'), _op, _changed_at, _batch, _position, _context FROM orders WHERE order_id = 'A1'"),
                     "01000000000000000000000000000001|r|1740000000000000|1|1:0|{\"reason\":\"row 0\",\"related\":{\"ticket\":\"T0\"}}\n");
    ck_assert_str_eq(sql("SELECT * FROM _daybreak_checkpoint"), "id-1|load|1|p1|0|1|1750000000000000\n");
    ck_assert_str_eq(sql("SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'orders'::regclass AND "
                         "attnum > 0 ORDER BY attnum LIMIT 3"),
                     "order_id|text|t\nqty|bigint|f\nprice|numeric(12,2)|f\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(batch_rows_have_the_columns_that_people_query)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_APPEND, COLUMNS);
    land(&w, "c A1|5|19.90\n", "p1");
    ck_assert_str_eq(sql("SELECT * FROM _daybreak_batch"),
                     "1|id-1|orders|load|run-1|v1|file|drop/orders.csv|1 abc||1|2|1|0|0|0|0|1|0|0|1|0|0|0|0|0|0|0|1749999998000000|"
                     "1749999999000000|1750000000000000|source_time\n");
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
    land(&w, "c A5|1|~\nc A6|1|~\nu A5|2|~\nd A6|~|~\nc A7|1|~\nd A7|~|~\nc A7|7|~\n", "p3");
    ck_assert_str_eq(sql("SELECT order_id, qty, _op FROM orders WHERE _batch = 3 ORDER BY 1"), "A5|2|u\nA7|7|c\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(upsert_never_deletes_and_append_writes_every_change)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_UPSERT, COLUMNS);
    land(&w, "c A1|1|~\nc A2|1|~\n", "p1");
    land(&w, "d A1|~|~\nu A2|2|~\nd A2|~|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|1|c\nA2|2|u\n");
    load_writer_close(&w);
    user("DROP TABLE _daybreak_checkpoint, _daybreak_batch, _daybreak_story, _daybreak_table, orders CASCADE");
    begin_with(&w, DAYBREAK_APPEND, COLUMNS);
    land(&w, "c A1|1|~\nu A1|2|~\nd A1|~|~\n", "p1");
    ck_assert_str_eq(sql("SELECT order_id, qty, _op FROM orders ORDER BY ctid"), "A1|1|c\nA1|2|u\nA1|~|d\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(marked_deletes_keep_the_row_as_it_was_last)
{
    struct load_writer w;
    char *scan;

    ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
    w.target.mark_deletes = true;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "c A1|1|~\nc A2|2|~\n", "p1");
    land(&w, "u A1|5|~\nd A1|~|~\nd A7|~|~\n", "p2");
    ck_assert_str_eq(sql("SELECT order_id, qty, _op, encode(_event_id, 'hex'), _changed_at FROM orders ORDER BY order_id"),
                     "A1|5|d|02000000000000000000000000000002|~\nA2|2|c|01000000000000000000000000000002|1740000000000001\n");
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "A2|2|~\n");
    free(scan);
    load_writer_close(&w);
}
END_TEST

START_TEST(history_all_keeps_every_superseded_version_for_as_long_as_asked)
{
    struct load_writer w;

    ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
    w.target.history = DAYBREAK_HISTORY_ALL;
    w.target.keep_ms = 60000;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "r A1|1|1.50\n", "p1");
    land(&w, "u A1|2|1.50\nu A1|3|~\n", "p2");
    land(&w, "d A1|~|~\n", "p3");
    ck_assert_str_eq(sql("SELECT order_id, _op, _batch, _row FROM _daybreak_history_orders ORDER BY _daybreak_n"),
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
    static const char *const columns = "k:integer:key,b:boolean,d:decimal(15,3),w:decimal(30,2),r:real,t:timestamp,y:date,x:bytes,s:text,h:decimal(38,38)";
    static const char *const rows =
        "r 1|yes|-12.340|1234567890123456789012345678.90|0.1|2025-03-01T10:00:00+01:00|2025-03-01|raw|true|0.12345678901234567890123456789012345678\n"
        "r 2|no|1000.000|0.00|1e300|1969-12-31T23:59:59.5Z|1969-12-31|~||0.00000000000000000000000000000000000000\n"
        "r 3|~|999999999999.999|-10000.01|1e20|0001-01-01T00:00:00Z|9999-12-31|~|~|~\n"
        "r 4|~|0.001|0.01|-0.00001|~|~|~|~|-0.00010000000000000000000000000000000001\n";
    static const char *const scanned =
        "1|true|-12.340|1234567890123456789012345678.90|0.1|2025-03-01T09:00:00.000000Z|2025-03-01|raw|true|0.12345678901234567890123456789012345678\n"
        "2|false|1000.000|0.00|1e+300|1969-12-31T23:59:59.500000Z|1969-12-31|~||0.00000000000000000000000000000000000000\n"
        "3|~|999999999999.999|-10000.01|100000000000000000000|0001-01-01T00:00:00.000000Z|9999-12-31|~|~|~\n"
        "4|~|0.001|0.01|-0.00001|~|~|~|~|-0.00010000000000000000000000000000000001\n";
    struct load_writer w;
    char *scan;

    begin_with(&w, DAYBREAK_MIRROR, columns);
    land(&w, rows, "p1");
    ck_assert_str_eq(sql("SELECT k, b, d, w, r, t, y, x, s FROM orders WHERE k < 3 ORDER BY k"),
                     "1|t|-12.340|1234567890123456789012345678.90|0.1|2025-03-01 09:00:00+00|2025-03-01|\\x726177|true\n"
                     "2|f|1000.000|0.00|1e+300|1969-12-31 23:59:59.5+00|1969-12-31|~|\n");
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, scanned);
    free(scan);
    land(&w, "d 1|~|~|~|~|~|~|~|~|~\nd 2|~|~|~|~|~|~|~|~|~\nd 3|~|~|~|~|~|~|~|~|~\nd 4|~|~|~|~|~|~|~|~|~\n", "p2");
    land(&w, rows, "p3"); /* through the staged rows */
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, scanned);
    free(scan);
    load_writer_close(&w);
}
END_TEST

START_TEST(columns_are_added_and_a_rollback_undoes_all)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, "order_id:text:key,qty:integer");
    ok(load_writer_stage(&w, "r A1|1\n", &fault));
    load_writer_rollback(&w);
    ck_assert_str_eq(sql("SELECT to_regclass('orders')"), "~\n");
    land(&w, "r A1|1\n", "p1");
    ok(load_writer_columns(&w, COLUMNS, &fault));
    ok(load_writer_stage(&w, "u A1|2|3.25\n", &fault));
    load_writer_rollback(&w);
    ck_assert_str_eq(sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'price'"), "0\n");
    land(&w, "r A3|3|3.25\n", "p2");
    ck_assert_str_eq(sql(ROWS), "A1|1|~\nA3|3|3.25\n");
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
    ok(load_writer_stage(&young, "r A2|1|~\n", &fault));
    snprintf(young.position, sizeof young.position, "elsewhere");
    fails(load_writer_commit(&young, "p2", true, &fault), 75);
    ck_assert_str_eq(sql("SELECT position, batch FROM _daybreak_checkpoint"), "p1|1\n");
    load_writer_close(&old);
    load_writer_close(&young);
}
END_TEST

START_TEST(a_writer_that_hangs_in_a_transaction_is_ended_by_the_next)
{
    struct load_writer old, young;

    begin_with(&old, DAYBREAK_MIRROR, COLUMNS);
    ok(load_writer_stage(&old, "r A1|1|~\n", &fault));
    begin_with(&young, DAYBREAK_MIRROR, COLUMNS);
    land(&young, "r A1|2|~\n", "p1");
    fails(load_writer_commit(&old, "p1", true, &fault), 69);
    fails(load_writer_stage(&old, "r A1|1|~\n", &fault), 75);
    ck_assert_str_eq(sql(OPS), "A1|2|r\n");
    load_writer_close(&old);
    load_writer_close(&young);
}
END_TEST

START_TEST(a_table_that_another_pipeline_feeds_is_refused_until_it_is_taken_over)
{
    struct load_writer a, b;

    begin_with(&a, DAYBREAK_MIRROR, COLUMNS);
    land(&a, "r A1|1|~\n", "p1");
    for (int run = 0; run < 2; run++) {
        ok(load_writer_open(&b, &daybreak_connector, options, "/", &fault));
        b.pipeline_id = "id-2";
        b.pipeline = "rival";
        b.was = run == 0 ? NULL : "orders";
        ok(load_writer_claim(&b, false, &fault));
        if (run == 0) {
            fails(load_writer_columns(&b, COLUMNS, &fault), 78);
            ck_assert_ptr_nonnull(strstr(fault.what, "'orders' (id-1), this is pipeline 'rival' (id-2)"));
            load_writer_close(&b);
        }
    }
    ck_assert_str_eq(b.now.position, "p1");
    ok(load_writer_columns(&b, COLUMNS, &fault));
    land(&b, "r A2|1|~\n", "p2");
    ck_assert_str_eq(sql("SELECT pipeline_id, position FROM _daybreak_checkpoint"), "id-2|p2\n");
    ck_assert_str_eq(sql("SELECT pipeline_id, batch FROM _daybreak_batch ORDER BY 2"), "id-2|1\nid-2|2\n");
    fails(load_writer_stage(&a, "r A1|1|~\n", &fault), 75);
    load_writer_close(&a);
    load_writer_close(&b);
}
END_TEST

START_TEST(a_look_raises_no_epoch_and_makes_nothing)
{
    struct load_writer w;
    char *scan;

    for (int run = 0; run < 2; run++) {
        ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
        ok(load_writer_claim(&w, true, &fault));
        ck_assert_str_eq(w.now.position, run == 0 ? "" : "p1");
        ok(load_writer_columns(&w, COLUMNS, &fault));
        scan = load_writer_scan(&w, &fault);
        ck_assert_str_eq(scan, run == 0 ? "" : "A1|1|~\n");
        free(scan);
        fails(load_writer_stage(&w, "r A2|1|~\n", &fault), 70);
        load_writer_close(&w);
        if (run == 0) {
            ck_assert_str_eq(sql("SELECT to_regclass('_daybreak_checkpoint')"), "~\n");
            begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
            land(&w, "r A1|1|~\n", "p1");
            load_writer_close(&w);
        }
    }
    ck_assert_str_eq(sql("SELECT epoch FROM _daybreak_checkpoint"), "1\n");
}
END_TEST

/* ---- tables that are not ours ------------------------------------------------------------- */

static int
adopt(struct load_writer *w, enum daybreak_existing existing, const char *columns)
{
    ok(load_writer_open(w, &daybreak_connector, options, "/", &fault));
    w->target.existing = existing;
    ok(load_writer_claim(w, false, &fault));
    return load_writer_columns(w, columns, &fault);
}

START_TEST(an_adopted_table_keeps_its_shape_and_has_its_envelope_beside_it)
{
    struct load_writer w;
    char *scan;

    user("CREATE TABLE orders(note text DEFAULT 'x', order_id varchar(4) PRIMARY KEY, qty integer, price numeric);"
         "INSERT INTO orders VALUES('mine', 'Z', 1, 1.5)");
    fails(adopt(&w, DAYBREAK_EXISTING_REFUSE, COLUMNS), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "has rows that Daybreak did not write"));
    load_writer_close(&w);
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    scan = load_writer_scan(&w, &fault);
    ck_assert_str_eq(scan, "Z|1|1.50 foreign\n");
    free(scan);
    land(&w, "c A1|1|~\nc A2|2|~\n", "p1");
    land(&w, "u A1|3|~\nd A2|~|~\n", "p2");
    ck_assert_str_eq(sql("SELECT * FROM orders ORDER BY order_id"), "x|A1|3|~\nmine|Z|1|1.5\n");
    ck_assert_str_eq(sql("SELECT order_id, _op, _batch FROM _daybreak_row_orders"), "A1|u|2\n");
    ck_assert_str_eq(sql("SELECT order_id, op, run FROM orders_provenance"), "A1|u|run-1\n");
    ok(load_writer_stage(&w, "c toolong|1|~\nc B|9999999999|~\nc C|3|~\n", &fault));
    ck_assert_str_eq(w.refused, "0 too_big: value too long for type character varying(4)\n1 constraint_type: integer out of range\n");
    ok(load_writer_commit(&w, "p3", true, &fault));
    ck_assert_str_eq(sql("SELECT order_id FROM orders ORDER BY 1"), "A1\nC\nZ\n");
    load_writer_close(&w);
    ok(adopt(&w, DAYBREAK_EXISTING_REFUSE, COLUMNS)); /* once adopted it is ours to write */
    load_writer_close(&w);
}
END_TEST

START_TEST(what_does_not_fit_an_existing_table_is_said_before_a_row_lands)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id text, qty integer, price numeric)");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    ck_assert_str_eq(fault.code, "no-unique-key");
    load_writer_close(&w);
    user("CREATE UNIQUE INDEX other ON orders(order_id, qty); CREATE UNIQUE INDEX part ON orders(order_id) WHERE qty > 1;"
         "CREATE UNIQUE INDEX low ON orders(lower(order_id))");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    load_writer_close(&w);
    user("CREATE UNIQUE INDEX fits ON orders(order_id)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS));
    load_writer_close(&w);
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS ",segment:text"), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "has no column 'segment'"));
    load_writer_close(&w);
    user("DROP TABLE orders; CREATE VIEW orders AS SELECT 1 AS order_id");
    fails(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS), 78);
    ck_assert_str_eq(fault.code, "no-table");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_changed_type_and_a_vanished_table_are_said)
{
    struct load_writer w;
    char *scan;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    fails(load_writer_columns(&w, "order_id:text:key,qty:text,price:decimal(12,2)", &fault), 78);
    ck_assert_str_eq(fault.what, "column 'qty' of table 'orders' is bigint, the pipeline now gives text");
    load_writer_close(&w);
    user("DROP TABLE orders CASCADE");
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

START_TEST(strange_and_long_names_are_quoted_and_told_apart)
{
    static const char *const names[] = {"a \"b'; DROP TABLE x; --", "a-table-whose-name-is-just-as-long-as-the-server-allows-so-long-x"};
    struct load_writer w;

    for (int i = 0; i < 2; i++) {
        ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
        w.handoff = i == 0 ? "load" : "other";
        w.target.table = i == 0 ? names[0] : names[1] + 2;
        w.target.history = DAYBREAK_HISTORY_ALL;
        ok(load_writer_claim(&w, false, &fault));
        ok(load_writer_columns(&w, "k \"1'[x]\\:text:key,select:text", &fault));
        land(&w, "r A|1\n", "p1");
        land(&w, "u A|2\nd B|~\n", "p2");
        load_writer_close(&w);
    }
    ck_assert_str_eq(sql("SELECT \"k \"\"1'[x]\\\", \"select\" FROM \"a \"\"b'; DROP TABLE x; --\""), "A|2\n");
    ck_assert_str_eq(sql("SELECT event_id FROM \"a \"\"b'; DROP TABLE x; --_provenance\""), "02000000000000000000000000000001\n");
    ck_assert_str_eq(sql("SELECT count(*), max(length(relname)) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname LIKE "
                         "'%table-whose%' AND relkind = 'r'"), "2|63\n");
    ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
    ok(load_writer_claim(&w, false, &fault));
    w.target.table = names[1];
    fails(load_writer_columns(&w, "k:text:key", &fault), 78);
    w.target.table = "_daybreak_batch";
    fails(load_writer_columns(&w, "k:text:key", &fault), 78);
    w.target.table = "orders";
    fails(load_writer_columns(&w, "id:text:key,_op:text", &fault), 78);
    ck_assert_ptr_nonnull(strstr(fault.hint, "prefix: db_"));
    w.target.prefix = "db_";
    ok(load_writer_columns(&w, "id:text:key,_op:text", &fault));
    land(&w, "r A|mine\n", "p1");
    ck_assert_str_eq(sql("SELECT id, _op, db_op, db_batch FROM orders"), "A|mine|r|3\n");
    load_writer_close(&w);
}
END_TEST

/* ---- refused rows ------------------------------------------------------------------------- */

START_TEST(exactly_the_refused_rows_are_refused)
{
    struct load_writer w;

    user("CREATE TABLE orders(order_id text PRIMARY KEY, qty integer CHECK(qty < 100), price numeric UNIQUE, note text NOT NULL)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS ",note:text"));
    ok(load_writer_stage(&w, "c A1|1|1.00|x\nc A2|500|2.00|x\nc A3|3|1.00|x\nc A4|4|4.00|~\nc ~|4|5.00|x\nc A6|6|6.00|x\n", &fault));
    ck_assert_str_eq(w.refused, "4 constraint_notnull: NOT NULL constraint failed: orders.order_id\n"
                                "1 constraint_check: new row for relation \"orders\" violates check constraint \"orders_qty_check\"\n"
                                "2 constraint_unique: duplicate key value violates unique constraint \"orders_price_key\"\n"
                                "3 constraint_notnull: null value in column \"note\" of relation \"orders\" violates not-null constraint\n");
    ok(load_writer_commit(&w, "p1", true, &fault));
    ck_assert_str_eq(sql(ROWS), "A1|1|1.00\nA6|6|6.00\n");
    ck_assert_str_eq(sql("SELECT order_id FROM _daybreak_row_orders ORDER BY 1"), "A1\nA6\n");
    ok(load_writer_stage(&w, "c B1|1|~|x\nu B1|2|~|x\nu B1|500|~|x\nc B2|1|~|x\n", &fault)); /* the one before it lands */
    ok(load_writer_commit(&w, "p2", true, &fault));
    ck_assert_str_eq(sql("SELECT order_id, qty FROM orders WHERE order_id LIKE 'B%' ORDER BY 1"), "B1|2\nB2|1\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(deferred_constraints_and_moving_values_are_judged_before_the_commit)
{
    struct load_writer w;

    user("CREATE TABLE customer(id text PRIMARY KEY); INSERT INTO customer VALUES('x');"
         "CREATE TABLE orders(order_id text PRIMARY KEY, qty integer UNIQUE, price numeric, customer text REFERENCES customer DEFERRABLE INITIALLY "
         "DEFERRED)");
    ok(adopt(&w, DAYBREAK_EXISTING_ADOPT, COLUMNS ",customer:text"));
    ok(load_writer_stage(&w, "c A1|1|~|x\nc A2|2|~|nobody\nc A3|3|~|x\n", &fault));
    ck_assert_ptr_nonnull(strstr(w.refused, "1 constraint_foreign_key: "));
    ok(load_writer_commit(&w, "p1", true, &fault));
    ok(load_writer_stage(&w, "u A1|3|~|x\nu A3|4|~|x\nc A9|1|~|x\n", &fault));
    ck_assert_str_eq(w.refused, "");
    ok(load_writer_commit(&w, "p2", true, &fault));
    ck_assert_str_eq(sql("SELECT order_id, qty FROM orders ORDER BY 1"), "A1|3\nA3|4\nA9|1\n");
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

/* Random batches, half of them with rows that the table refuses and that so force the slow way: what they leave equals a plain model. */
START_TEST(random_batches_leave_what_the_mode_promises)
{
    struct load_writer w;
    int qty[12];
    char rows[4096], expected[1024];
    uint32_t state = (uint32_t)_i * 104729 + 3;
    bool mirror = _i % 2 == 0, poison = _i % 4 < 2;
    size_t used = 0;

    ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
    w.target.write = mirror ? DAYBREAK_MIRROR : DAYBREAK_UPSERT;
    w.target.history = _i % 3 == 0 ? DAYBREAK_HISTORY_ALL : DAYBREAK_HISTORY_GONE;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, "k:text:key,qty:decimal(3,0)", &fault));
    land(&w, "", "p0");
    for (int i = 0; i < 12; i++)
        qty[i] = -1;
    for (int batch = 0; batch < 5; batch++) {
        size_t size = 0;

        for (int i = 0; i < 15; i++) {
            uint32_t key = draw(&state, 12), value = draw(&state, 1000);
            bool gone = draw(&state, 3) == 0;

            if (poison && draw(&state, 5) == 0)
                size += (size_t)snprintf(rows + size, sizeof rows - size, "c POISON%d|~\n", i);
            if (gone)
                size += (size_t)snprintf(rows + size, sizeof rows - size, "d %c|~\n", 'A' + key);
            else
                size += (size_t)snprintf(rows + size, sizeof rows - size, "u %c|%u\n", 'A' + key, value);
            if (!gone)
                qty[key] = (int)value;
            else if (mirror)
                qty[key] = -1;
        }
        if (batch == 0)
            user("ALTER TABLE orders ADD CHECK (k NOT LIKE 'POISON%')");
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

/* ---- reading back ------------------------------------------------------------------------- */

START_TEST(find_tells_row_provenance_and_history)
{
    struct daybreak_text key = {"A1", 2};
    struct load_writer w;
    char *json = NULL;

    ok(load_writer_open(&w, &daybreak_connector, options, "/", &fault));
    w.target.history = DAYBREAK_HISTORY_ALL;
    ok(load_writer_claim(&w, false, &fault));
    ok(load_writer_columns(&w, COLUMNS, &fault));
    land(&w, "r A1|1|19.90\n", "p1");
    land(&w, "u A1|2|19.90\n", "p2");
    ok(daybreak_connector.find(w.self, 0, &key, &json, &fault));
    ck_assert_str_eq(
        json,
        "{\"row\":{\"order_id\":\"A1\",\"qty\":2,\"price\":19.90},"
        "\"provenance\":{\"event_id\":\"02000000000000000000000000000001\",\"op\":\"u\",\"pipeline\":\"orders\",\"pipeline_version\":\"v1\","
        "\"run\":\"run-1\",\"batch\":2,\"source\":{\"connector\":\"file\",\"name\":\"drop/orders.csv\",\"object\":\"orders\",\"position\":\"1:0\"},"
        "\"changed_at\":\"2025-02-19T21:20:00.000000Z\",\"visible_at\":\"2025-06-15T15:06:37.000000Z\",\"read_at\":\"2025-06-15T15:06:38.000000Z\","
        "\"ready_at\":\"2025-06-15T15:06:39.000000Z\",\"loaded_at\":\"2025-06-15T15:06:40.000000Z\",\"time_basis\":\"source_time\",\"reason\":\"row "
        "0\",\"actor\":null,\"related\":{\"ticket\":\"T0\"},\"trace\":\"00-1-2-01\"},"
        "\"history\":[{\"event_id\":\"01000000000000000000000000000001\",\"op\":\"r\",\"pipeline\":\"orders\",\"pipeline_version\":\"v1\",\"run\":"
        "\"run-1\",\"batch\":1,\"source\":{\"connector\":\"file\",\"name\":\"drop/orders.csv\",\"object\":\"orders\",\"position\":\"1:0\"},"
        "\"changed_at\":\"2025-02-19T21:20:00.000000Z\",\"visible_at\":\"2025-06-15T15:06:37.000000Z\",\"read_at\":\"2025-06-15T15:06:38.000000Z\","
        "\"ready_at\":\"2025-06-15T15:06:39.000000Z\",\"loaded_at\":\"2025-06-15T15:06:40.000000Z\",\"time_basis\":\"source_time\",\"reason\":\"row "
        "0\",\"actor\":null,\"related\":{\"ticket\":\"T0\"},\"trace\":\"00-1-2-01\",\"gone_at\":\"2025-06-15T15:06:40.000000Z\",\"row\":"
        "{\"order_id\":\"A1\",\"qty\":1,\"price\":19.90}}]}");
    free(json);
    key = (struct daybreak_text){"nobody", 6};
    ok(daybreak_connector.find(w.self, 0, &key, &json, &fault));
    ck_assert_str_eq(json, "{\"row\":null,\"provenance\":null,\"history\":[]}");
    free(json);
    load_writer_close(&w);
}
END_TEST

static bool
count_row(void *context, const struct daybreak_batch_row *row)
{
    int64_t *sum = context;

    ck_assert_str_eq(row->story->table, "orders");
    ck_assert_str_eq(row->first, "1");
    ck_assert_int_eq(row->counts.healed, 7);
    *sum += row->counts.delivered * 100 + row->story->batch;
    return true;
}

START_TEST(audit_and_older_tell_what_landed)
{
    struct load_writer w;
    int64_t sum = 0, rows;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\nr A2|1|~\n", "p1");
    land(&w, "r A3|1|~\n", "p2");
    ok(daybreak_connector.audit(w.self, "id-1", count_row, &sum, &fault));
    ck_assert_int_eq(sum, 303);
    ok(daybreak_connector.older(w.self, 0, "v1", &rows, &fault));
    ck_assert_int_eq(rows, 0);
    ok(daybreak_connector.older(w.self, 0, "v2", &rows, &fault));
    ck_assert_int_eq(rows, 3);
    load_writer_close(&w);
}
END_TEST

/* ---- outages ------------------------------------------------------------------------------ */

static void
cut_all(void)
{
    sql_in("public", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'daybreak%'");
}

START_TEST(a_lost_connection_is_told_as_retry_and_the_same_calls_work_later)
{
    struct load_writer w;

    begin_with(&w, DAYBREAK_MIRROR, COLUMNS);
    land(&w, "r A1|1|~\n", "p1");
    cut_all();
    fails(load_writer_stage(&w, "r A2|1|~\n", &fault), 69);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    load_writer_rollback(&w);
    ok(load_writer_stage(&w, "r A2|1|~\n", &fault));
    cut_all();
    fails(load_writer_commit(&w, "p2", true, &fault), 69);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    load_writer_rollback(&w);
    land(&w, "r A2|2|~\n", "p2");
    ck_assert_str_eq(sql(OPS), "A1|1|r\nA2|2|r\n");
    load_writer_close(&w);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_unreachable)
{
    static const char *const nowhere[] = {"host", "/nonexistent", "dbname", "postgres", "connect", "2s", NULL};
    const char *const no_database[] = {"host", dir, "user", "tester", "dbname", "nothing-here", NULL};
    struct load_writer w;

    ok(load_writer_open(&w, &daybreak_connector, nowhere, "/", &fault));
    fails(load_writer_claim(&w, false, &fault), 69);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    load_writer_close(&w);
    ok(load_writer_open(&w, &daybreak_connector, no_database, "/", &fault));
    fails(load_writer_claim(&w, false, &fault), 78);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    load_writer_close(&w);
}
END_TEST

/* ---- kills -------------------------------------------------------------------------------- */

static const char *const points[] = {"load_postgres.before-claim", "load_postgres.claimed", "load_postgres.staged",
                                     "load_postgres.before-commit", "load_postgres.committed"};
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

    if (load_writer_open(&w, &daybreak_connector, options, "/", &fault) != 0)
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
    for (int after = 0; after < 2; after++) {
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
            ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 137, "exit %d", WEXITSTATUS(status));
            if (strcmp(sql("SELECT to_regclass('orders')"), "orders\n") == 0)
                ck_assert_str_eq(sql("SELECT (SELECT count(*) FROM orders) = batch + 1, (SELECT qty FROM orders WHERE order_id = 'B') = batch, "
                                     "position = 'p' || batch, (SELECT count(*) FROM _daybreak_batch) = batch FROM _daybreak_checkpoint"),
                                 "t|t|t|t\n");
            ck_assert_int_lt(runs++, 3);
        } while (WEXITSTATUS(status) != 0);
        ck_assert_str_eq(sql(OPS), "A1|1|c\nA2|2|c\nA3|3|c\nB|3|c\n");
        setup();
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("load_postgres");
    TCase *tcase = tcase_create("load_postgres");
    SRunner *runner = srunner_create(suite);
    int failed, status;

    snprintf(dir, sizeof dir, "/tmp/daybreak-load-postgres-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return EXIT_FAILURE;
    status = postgres_server("start", dir);
    if (status != 0) {
        postgres_server("remove", dir);
        return status;
    }
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_first_load_makes_table_envelope_and_checkpoint_in_one_commit);
    tcase_add_test(tcase, batch_rows_have_the_columns_that_people_query);
    tcase_add_test(tcase, mirror_holds_exactly_the_rows_that_are_there);
    tcase_add_test(tcase, upsert_never_deletes_and_append_writes_every_change);
    tcase_add_test(tcase, marked_deletes_keep_the_row_as_it_was_last);
    tcase_add_test(tcase, history_all_keeps_every_superseded_version_for_as_long_as_asked);
    tcase_add_test(tcase, types_are_those_of_the_design);
    tcase_add_test(tcase, columns_are_added_and_a_rollback_undoes_all);
    tcase_add_test(tcase, a_writer_that_was_passed_is_refused);
    tcase_add_test(tcase, a_writer_that_hangs_in_a_transaction_is_ended_by_the_next);
    tcase_add_test(tcase, a_table_that_another_pipeline_feeds_is_refused_until_it_is_taken_over);
    tcase_add_test(tcase, a_look_raises_no_epoch_and_makes_nothing);
    tcase_add_test(tcase, an_adopted_table_keeps_its_shape_and_has_its_envelope_beside_it);
    tcase_add_test(tcase, what_does_not_fit_an_existing_table_is_said_before_a_row_lands);
    tcase_add_test(tcase, a_changed_type_and_a_vanished_table_are_said);
    tcase_add_test(tcase, strange_and_long_names_are_quoted_and_told_apart);
    tcase_add_test(tcase, exactly_the_refused_rows_are_refused);
    tcase_add_test(tcase, deferred_constraints_and_moving_values_are_judged_before_the_commit);
    tcase_add_loop_test(tcase, random_batches_leave_what_the_mode_promises, 0, 12);
    tcase_add_test(tcase, find_tells_row_provenance_and_history);
    tcase_add_test(tcase, audit_and_older_tell_what_landed);
    tcase_add_test(tcase, a_lost_connection_is_told_as_retry_and_the_same_calls_work_later);
    tcase_add_test(tcase, a_server_that_is_not_there_is_unreachable);
    tcase_add_loop_test(tcase, a_kill_anywhere_leaves_all_or_nothing_of_a_commit, 0, (int)(sizeof points / sizeof points[0]));
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    postgres_server("remove", dir);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
