/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "postgres_log.h"
#include "postgres_server.h"

static char dir[64]; /* of the server */
static struct daybreak_fault fault;
static struct postgres_place place = {.host = dir, .user = "tester", .dbname = "postgres", .connect_ms = 10000, .answer_ms = 20000, .wait_ms = 5000};
static struct daybreak_host host;
static struct postgres_log stream;

static void
quiet(const struct daybreak_host *of, char level, const char *phrase, ...)
{
    (void)of;
    (void)level;
    (void)phrase;
}

static bool
goes_on(const struct daybreak_host *of)
{
    (void)of;
    return false;
}

#define ok(call) ck_assert_msg((call) == 0, "%s (%s)", fault.what, fault.hint)

/* The rows of the last statement: "CELL|CELL\n" each. */
static const char *
sql(const char *query)
{
    static char out[4096];
    const char *const name[] = {"host", "user", "dbname", NULL}, *const value[] = {dir, "tester", "postgres", NULL};
    PGconn *conn = PQconnectdbParams(name, value, 0);
    PGresult *result = PQexec(conn, query);
    size_t used = 0;

    out[0] = '\0';
    ck_assert_msg(PQresultStatus(result) != PGRES_FATAL_ERROR, "%s", PQerrorMessage(conn));
    for (int row = 0; row < PQntuples(result); row++)
        for (int i = 0; i < PQnfields(result); i++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s", PQgetvalue(result, row, i), i + 1 == PQnfields(result) ? "\n" : "|");
    PQclear(result);
    PQfinish(conn);
    return out;
}

static void
setup(void)
{
    fault = (struct daybreak_fault){0};
    host = (struct daybreak_host){.size = sizeof host, .fault = fault_set, .within = fault_within, .hint = fault_hint, .log = quiet, .stopping = goes_on};
    stream = (struct postgres_log){.wire = {.host = &host, .place = &place}, .slot = "daybreak_test", .publication = "daybreak Pub"};
    sql("DROP TABLE IF EXISTS orders; DROP PUBLICATION IF EXISTS \"daybreak Pub\"; CREATE TABLE orders(id bigint PRIMARY KEY, qty integer, note text);"
        "CREATE PUBLICATION \"daybreak Pub\" FOR TABLE orders; INSERT INTO orders VALUES(1, 10, 'a'), (2, 20, NULL)");
}

static void
teardown(void)
{
    postgres_log_drop(&stream, &fault);
    postgres_log_close(&stream);
}

static size_t
values_put(const struct postgres_change *change, const struct postgres_value *value, char *to, size_t room)
{
    size_t used = 0;

    for (uint32_t i = 0; i < change->relation->columns; i++) {
        if (value[i].kind == 't' && value[i].size > 20)
            used += (size_t)snprintf(to + used, room - used, "|%u bytes", value[i].size);
        else
            used += (size_t)snprintf(to + used, room - used, "|%.*s", value[i].kind == 't' ? (int)value[i].size : 1,
                                     value[i].kind == 't' ? value[i].at : value[i].kind == 'n' ? "~" : "=");
    }
    return used;
}

/* All changes up to ${commits} commits: "OP|CELL|… < OLD CELLS\n", a line of its own for each commit. */
static const char *
changes(int commits)
{
    static char out[8192];
    int64_t last_at = 0;
    size_t used = 0;

    out[0] = '\0';
    for (int tries = 0; commits > 0; tries++) {
        const struct postgres_change *change = &stream.change;
        enum postgres_log_next next;

        ok(postgres_log_next(&stream, &next, &fault));
        if (next == POSTGRES_LOG_NOTHING) {
            struct pollfd fd = {.fd = PQsocket(stream.wire.conn), .events = POLLIN};

            ck_assert_int_lt(tries, 100000);
            poll(&fd, 1, 100);
        } else if (next == POSTGRES_LOG_COMMIT) {
            ck_assert(!stream.inside);
            ck_assert_uint_gt(stream.committed, change->lsn);
            used += (size_t)snprintf(out + used, sizeof out - used, "commit\n");
            commits--;
        } else {
            ck_assert(stream.inside);
            ck_assert_int_ge(change->changed_at_us, last_at);
            last_at = change->changed_at_us;
            ck_assert_int_gt(last_at, INT64_C(1700000000000000));
            used += (size_t)snprintf(out + used, sizeof out - used, "%u %c", change->number, change->op);
            if (change->now != NULL)
                used += values_put(change, change->now, out + used, sizeof out - used);
            if (change->before != NULL) {
                used += (size_t)snprintf(out + used, sizeof out - used, change->whole ? " <" : " key");
                used += values_put(change, change->before, out + used, sizeof out - used);
            }
            used += (size_t)snprintf(out + used, sizeof out - used, "\n");
        }
    }
    return out;
}

START_TEST(between_snapshot_and_stream_nothing_is_lost_or_doubled)
{
    char snapshot[64], query[200];
    uint64_t lsn;

    ok(postgres_log_make(&stream, snapshot, &lsn, &fault));
    sql("INSERT INTO orders VALUES(3, 30, 'c')"); /* behind the snapshot */
    sql("DELETE FROM orders WHERE id = 1");
    snprintf(query, sizeof query, "BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '%s'; SELECT id, qty FROM orders ORDER BY 1", snapshot);
    ck_assert_str_eq(sql(query), "1|10\n2|20\n");
    ok(postgres_log_start(&stream, lsn, &fault));
    ck_assert_str_eq(changes(2), "0 c|3|30|c\ncommit\n0 d key|1|~|~\ncommit\n");
}
END_TEST

START_TEST(every_kind_of_change_is_told)
{
    char snapshot[64];
    uint64_t lsn;

    ok(postgres_log_make(&stream, snapshot, &lsn, &fault));
    ok(postgres_log_start(&stream, lsn, &fault));
    sql("BEGIN; INSERT INTO orders VALUES(3, NULL, ''); UPDATE orders SET qty = 11 WHERE id = 1; UPDATE orders SET id = 9 WHERE id = 2;"
        "DELETE FROM orders WHERE id = 3; COMMIT");
    ck_assert_str_eq(changes(1), "0 c|3|~|\n1 u|1|11|a\n2 u|9|20|~ key|2|~|~\n3 d key|3|~|~\ncommit\n");
    sql("BEGIN; INSERT INTO orders VALUES(4, 4, 'x'); ROLLBACK; INSERT INTO orders VALUES(5, 5, (SELECT string_agg(md5(i::text), '') FROM "
        "generate_series(1, 1000) i))");
    sql("UPDATE orders SET qty = 6 WHERE id = 5"); /* the long value is not sent again */
    ck_assert_str_eq(changes(2), "0 c|5|5|32000 bytes\ncommit\n0 u|5|6|=\ncommit\n");
    sql("ALTER TABLE orders REPLICA IDENTITY FULL; ALTER TABLE orders ADD extra boolean");
    sql("UPDATE orders SET extra = true WHERE id = 1");
    sql("TRUNCATE orders");
    ck_assert_str_eq(changes(2), "0 u|1|11|a|t <|1|11|a|~\ncommit\n0 t\ncommit\n");
    ck_assert_int_eq(stream.change.relation->identity, 'f');
}
END_TEST

START_TEST(what_was_confirmed_is_not_told_again_and_all_else_is)
{
    char snapshot[64];
    uint64_t lsn, first;
    struct postgres_wire asks = {.host = &host, .place = &place};
    int64_t kept;

    ok(postgres_log_make(&stream, snapshot, &lsn, &fault));
    ok(postgres_log_start(&stream, lsn, &fault));
    sql("INSERT INTO orders VALUES(3, 3, 'c')");
    changes(1);
    first = stream.committed;
    ok(postgres_log_confirm(&stream, first, &fault));
    sql("INSERT INTO orders VALUES(4, 4, 'd')");
    ck_assert_str_eq(changes(1), "0 c|4|4|d\ncommit\n");
    postgres_wire_close(&stream.wire); /* the second was not confirmed */
    for (int tries = 0; strcmp(sql("SELECT active FROM pg_replication_slots"), "f\n") != 0; tries++)
        ck_assert_int_lt(tries, 1000);
    ok(postgres_log_start(&stream, first, &fault));
    ck_assert_str_eq(changes(1), "0 c|4|4|d\ncommit\n");
    ok(postgres_wire_open(&asks, &fault));
    ok(postgres_log_kept(&asks, stream.slot, &kept, &fault));
    ck_assert_int_gt(kept, 0);
    postgres_wire_close(&asks);
    free(asks.schema);
}
END_TEST

START_TEST(a_slot_that_is_gone_or_was_moved_is_told)
{
    char snapshot[64];
    uint64_t lsn;

    ok(postgres_log_make(&stream, snapshot, &lsn, &fault));
    ck_assert_int_eq(postgres_log_start(&stream, 16, &fault), -1);
    ck_assert_str_eq(fault.code, "slot-gone");
    ck_assert_ptr_nonnull(strstr(fault.what, "was confirmed beyond it"));
    fault = (struct daybreak_fault){0};
    ok(postgres_log_drop(&stream, &fault));
    ok(postgres_log_drop(&stream, &fault));
    ck_assert_int_eq(postgres_log_start(&stream, lsn, &fault), -1);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "slot 'daybreak_test' is gone"));
}
END_TEST

START_TEST(positions_are_read_as_they_are_written)
{
    char text[24];
    uint64_t lsn;

    ck_assert(postgres_log_read("16/B374D848", &lsn));
    postgres_log_write(lsn, text);
    ck_assert_str_eq(text, "16/B374D848");
    ck_assert(!postgres_log_read("16", &lsn));
    ck_assert(!postgres_log_read("16/0x", &lsn));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("postgres_log");
    TCase *tcase = tcase_create("postgres_log");
    SRunner *runner = srunner_create(suite);
    int failed, status;

    snprintf(dir, sizeof dir, "/tmp/daybreak-postgres-log-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return EXIT_FAILURE;
    status = postgres_server("start", dir);
    if (status != 0) {
        postgres_server("remove", dir);
        return status;
    }
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, between_snapshot_and_stream_nothing_is_lost_or_doubled);
    tcase_add_test(tcase, every_kind_of_change_is_told);
    tcase_add_test(tcase, what_was_confirmed_is_not_told_again_and_all_else_is);
    tcase_add_test(tcase, a_slot_that_is_gone_or_was_moved_is_told);
    tcase_add_test(tcase, positions_are_read_as_they_are_written);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    postgres_server("remove", dir);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
