/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the connectors `postgres`: the connection, what is asked through it, and what the server's answers mean for the
 * caller. libpq is used without blocking: a server behind a network that swallows everything must not hold a run for ever,
 * so each wait has an end.
 */
#include "postgres_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MS 250

int
postgres_wire_exit(struct daybreak_fault *fault, int status, const char *code)
{
    fault->status = status;
    snprintf(fault->code, sizeof fault->code, "%s", code);
    return -1;
}

int64_t
postgres_wire_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
postgres_wire_rest(const struct postgres_wire *wire, int64_t ms)
{
    while (ms > 0 && !wire->host->stopping(wire->host)) {
        int64_t now = ms < 50 ? ms : 50;
        struct timespec pause = {.tv_nsec = now * 1000000};

        nanosleep(&pause, NULL);
        ms -= now;
    }
}

/* ---- faults ------------------------------------------------------------------------------- */

static bool
state_is(const struct postgres_wire *wire, const char *start)
{
    return strncmp(wire->state, start, strlen(start)) == 0;
}

bool
postgres_wire_refusal(const struct postgres_wire *wire)
{
    static const char *const data[] = {"22", "23", "44", "54", "P0", "09", "38", "39", "42846"};

    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        if (state_is(wire, data[i]))
            return true;
    return false;
}

static void
reason_take(struct postgres_wire *wire, const char *message)
{
    size_t size = message == NULL ? 0 : strlen(message);

    while (size > 0 && (message[size - 1] == '\n' || message[size - 1] == ' '))
        size--;
    snprintf(wire->reason, sizeof wire->reason, "%.*s", (int)(size < 500 ? size : 500), message == NULL ? "" : message);
    for (char *at = wire->reason; *at != '\0'; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    if (wire->reason[0] == '\0')
        snprintf(wire->reason, sizeof wire->reason, "the connection ended");
}

static void
failure_take(struct postgres_wire *wire, const PGresult *result)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    snprintf(wire->state, sizeof wire->state, "%s", state == NULL ? "" : state);
    reason_take(wire, message != NULL ? message : PQerrorMessage(wire->conn));
}

struct meaning {
    const char *state;
    enum daybreak_fault_kind kind;
    int status;
    const char *code, *hint;
};

static const struct meaning meanings[] = {
    {"25006", DAYBREAK_RETRY, 69, .code = "target-readonly", .hint = "is this a standby? connect to the primary, or let this role write"},
    {"53100", DAYBREAK_HALT, 74, .code = "target-full", .hint = "make room on the server's disk"},
    {"53", DAYBREAK_RETRY, 69, .code = "target-open", .hint = "the server has no more of it: connections, memory or locks"},
    {"55P03", DAYBREAK_RETRY, 69, .code = "target-busy", .hint = "another transaction holds it: see pg_stat_activity"},
    {"40", DAYBREAK_RETRY, 69, .code = "target-busy", .hint = NULL},
    {"57014", DAYBREAK_RETRY, 69, .code = "target-busy", .hint = "a statement took longer than statement_timeout allows"},
    {"57", DAYBREAK_RETRY, 69, .code = "target-open", .hint = NULL},
    {"08", DAYBREAK_RETRY, 69, .code = "target-open", .hint = NULL},
    {"28", DAYBREAK_HALT, 77, .code = "target-login", .hint = "user and password of the sink; pg_hba.conf of the server"},
    {"3D000", DAYBREAK_HALT, 78, .code = "target-create", .hint = "create the database: createdb NAME"},
    {"42501", DAYBREAK_HALT, 77, .code = "target-readonly", .hint = "grant this role what is missing: GRANT CREATE, USAGE ON SCHEMA …; and the table's rights"},
    {"58", DAYBREAK_HALT, 74, .code = "target-io", .hint = NULL},
    {"XX", DAYBREAK_HALT, 78, .code = "target-damaged", .hint = "see the server's log"},
};

int
postgres_wire_fault(struct postgres_wire *wire, const char *verb, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = wire->host;

    if (wire->state[0] == '\0') { /* no word of the server: the way to it is gone */
        host->fault(fault, DAYBREAK_RETRY, "cannot %s '%s': %s", verb, wire->shown, wire->reason);
        host->hint(fault, "does the server run, and is it reached from here? `psql` with the same settings tells");
        return postgres_wire_exit(fault, 69, "target-open");
    }
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        const struct meaning *meaning = &meanings[i];

        if (!state_is(wire, meaning->state))
            continue;
        host->fault(fault, meaning->kind, "cannot %s '%s': %s", verb, wire->shown, wire->reason);
        if (meaning->hint != NULL)
            host->hint(fault, "%s", meaning->hint);
        return postgres_wire_exit(fault, meaning->status, meaning->code);
    }
    host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s (SQLSTATE %s)", verb, wire->shown, wire->reason, wire->state);
    return postgres_wire_exit(fault, 78, "target");
}

/* ---- the connection ----------------------------------------------------------------------- */

#define KEYWORDS 24

struct keywords {
    const char *name[KEYWORDS], *value[KEYWORDS];
    size_t count;
};

static void
keyword(struct keywords *words, const char *name, const char *value)
{
    if (value == NULL)
        return;
    words->name[words->count] = name;
    words->value[words->count++] = value;
}

void
postgres_wire_check(const struct postgres_place *place, daybreak_wrong_fn wrong, void *context)
{
    PQconninfoOption *parsed;
    char *message = NULL;

    if (place->dsn == NULL || (strchr(place->dsn, '=') == NULL && strstr(place->dsn, "://") == NULL))
        return;
    parsed = PQconninfoParse(place->dsn, &message);
    PQfreemem(message); /* may quote the password */
    if (parsed == NULL)
        wrong(context, "dsn", "is no connection string", "postgresql://USER@HOST:PORT/DATABASE, or host=… port=… dbname=… user=…");
    PQconninfoFree(parsed);
}

/* What a message may show of where we go: never the password. */
static void
shown_make(struct postgres_wire *wire)
{
    const char *host = PQhost(wire->conn), *port = PQport(wire->conn), *dbname = PQdb(wire->conn);

    snprintf(wire->shown, sizeof wire->shown, "%.120s%s%.8s/%.100s", host == NULL ? "" : host, host == NULL || host[0] == '\0' ? "" : ":",
             port == NULL ? "" : port, dbname == NULL ? "" : dbname);
}

/* poll, cut into pieces so that a signal to end is heard; false when the time is over. */
static bool
wait_ready(const struct postgres_wire *wire, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(wire->conn), .events = events};
        int64_t left = deadline - postgres_wire_now_ms();
        int ready = poll(&fd, 1, left <= 0 ? 0 : left < PAUSE_MS ? (int)left : PAUSE_MS);

        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true; /* libpq says what is wrong */
        if (left <= 0)
            return false;
    }
}

static int
connect_wait(struct postgres_wire *wire)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->connect_ms;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;

    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        if (PQstatus(wire->conn) == CONNECTION_BAD)
            break;
        if (wire->host->stopping(wire->host) || !wait_ready(wire, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
            snprintf(wire->reason, sizeof wire->reason, "no answer within %lld ms", (long long)wire->place->connect_ms);
            return -1;
        }
        state = PQconnectPoll(wire->conn);
    }
    if (PQstatus(wire->conn) == CONNECTION_OK)
        return 0;
    reason_take(wire, PQerrorMessage(wire->conn));
    return -1;
}

/* Words of a refused login: libpq gives no SQLSTATE while it connects. */
static void
login_state(struct postgres_wire *wire)
{
    static const struct {
        const char *says, *state;
    } words[] = {{"authentication failed", "28P01"}, {"no pg_hba.conf entry", "28000"}, {"no password supplied", "28P01"},
                 {"role \"", "28000"}, {"too many", "53300"}, {"the database system is", "57P03"}, {"database \"", "3D000"}};

    if (PQstatus(wire->conn) != CONNECTION_BAD || strstr(wire->reason, "FATAL") == NULL)
        return;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(wire->reason, words[i].says) != NULL) {
            snprintf(wire->state, sizeof wire->state, "%s", words[i].state);
            return;
        }
}

static int
session_set(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    PGresult *result;
    int status;

    postgres_text_format(&sql,
                         "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 1;"
                         "SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET client_min_messages = warning;"
                         "SET lock_timeout = %lld; SET default_transaction_isolation = 'read committed';"
                         "SET default_transaction_read_only = %s; SET synchronous_commit = %s",
                         (long long)wire->place->wait_ms, wire->read_only ? "on" : "off", wire->read_only ? "off" : "on");
    /* a broken network must not leave our locks at the server for hours */
    if (PQhost(wire->conn) != NULL && PQhost(wire->conn)[0] != '/')
        postgres_text_put(&sql, "; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3");
    status = postgres_wire_run(wire, sql.at, fault);
    postgres_text_fini(&sql);
    if (status != 0 || postgres_wire_ask(wire, "SELECT pg_backend_pid(), current_schema(), getdatabaseencoding()", NULL, 0, &result, fault) != 0)
        return -1;
    wire->backend = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    if (wire->schema == NULL || wire->schema[0] == '\0') {
        free(wire->schema);
        wire->schema = postgres_text_copy(wire->place->schema != NULL ? wire->place->schema : PQgetvalue(result, 0, 1));
    }
    if (strcmp(PQgetvalue(result, 0, 2), "UTF8") != 0) {
        wire->host->fault(fault, DAYBREAK_HALT, "database '%s' is in %s, only UTF8 is possible", wire->shown, PQgetvalue(result, 0, 2));
        wire->host->hint(fault, "createdb -E UTF8 -T template0 NAME makes one that is");
        PQclear(result);
        return postgres_wire_exit(fault, 78, "target-encoding");
    }
    PQclear(result);
    if (wire->schema[0] != '\0')
        return 0;
    wire->host->fault(fault, DAYBREAK_HALT, "no schema of search_path is there in '%s'", wire->shown);
    wire->host->hint(fault, "name one: schema: public");
    return postgres_wire_exit(fault, 78, "target-create");
}

bool
postgres_wire_alive(const struct postgres_wire *wire)
{
    return wire->conn != NULL && PQstatus(wire->conn) == CONNECTION_OK;
}

/* What the server would tell a person stays out of our stderr. */
static void
no_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

int
postgres_wire_open(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    const struct postgres_place *place = wire->place;
    struct keywords words = {.count = 0};
    char port[24];

    if (postgres_wire_alive(wire))
        return 0;
    postgres_wire_close(wire);
    snprintf(port, sizeof port, "%lld", (long long)place->port);
    keyword(&words, "dbname", place->dsn);
    keyword(&words, "dbname", place->dbname);
    keyword(&words, "host", place->host);
    keyword(&words, "port", place->port > 0 ? port : NULL);
    keyword(&words, "user", place->user);
    keyword(&words, "password", place->password);
    keyword(&words, "client_encoding", "UTF8");
    keyword(&words, "application_name", wire->label);
    keyword(&words, "keepalives_idle", "30");
    keyword(&words, "keepalives_interval", "10");
    keyword(&words, "keepalives_count", "3");
    keyword(&words, "replication", wire->replication ? "database" : NULL);
    words.name[words.count] = words.value[words.count] = NULL;
    wire->state[0] = '\0';
    snprintf(wire->shown, sizeof wire->shown, "%.100s/%.100s", place->host == NULL ? "postgres" : place->host, place->dbname == NULL ? "" : place->dbname);
    wire->conn = PQconnectStartParams(words.name, words.value, 1);
    if (wire->conn == NULL)
        abort();
    shown_make(wire);
    if (connect_wait(wire) != 0) {
        login_state(wire);
        postgres_wire_fault(wire, "connect to", fault);
        postgres_wire_close(wire);
        return -1;
    }
    PQsetNoticeReceiver(wire->conn, no_notice, NULL);
    if (PQsetnonblocking(wire->conn, 1) != 0)
        abort();
    if (wire->replication || session_set(wire, fault) == 0)
        return 0;
    postgres_wire_close(wire);
    return -1;
}

void
postgres_wire_close(struct postgres_wire *wire)
{
    PQfinish(wire->conn);
    wire->conn = NULL;
}

bool
postgres_wire_in(const struct postgres_wire *wire)
{
    PGTransactionStatusType state = wire->conn == NULL ? PQTRANS_IDLE : PQtransactionStatus(wire->conn);

    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR || state == PQTRANS_ACTIVE;
}

/* ---- asking ------------------------------------------------------------------------------- */

/* The way to the server is gone: what it would still answer is of no use. */
static int
lost(struct postgres_wire *wire, const char *why, struct daybreak_fault *fault)
{
    wire->state[0] = '\0';
    reason_take(wire, why);
    postgres_wire_close(wire);
    return postgres_wire_fault(wire, "reach", fault);
}

static int
silent(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    char why[96];

    snprintf(why, sizeof why, "the server has not answered for %lld ms", (long long)wire->place->answer_ms);
    return lost(wire, why, fault);
}

static int
flush(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->answer_ms;
    int left;

    while ((left = PQflush(wire->conn)) == 1) {
        /* a server that wants to say something first must be heard, or both wait for each other */
        if (!wait_ready(wire, POLLIN | POLLOUT, deadline))
            return silent(wire, fault);
        if (PQconsumeInput(wire->conn) == 0)
            return lost(wire, PQerrorMessage(wire->conn), fault);
    }
    return left == 0 ? 0 : lost(wire, PQerrorMessage(wire->conn), fault);
}

int
postgres_wire_next(struct postgres_wire *wire, PGresult **result, struct daybreak_fault *fault)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->answer_ms;

    if (flush(wire, fault) != 0)
        return -1;
    while (PQisBusy(wire->conn)) {
        if (!wait_ready(wire, POLLIN, deadline))
            return silent(wire, fault);
        if (PQconsumeInput(wire->conn) == 0)
            return lost(wire, PQerrorMessage(wire->conn), fault);
    }
    *result = PQgetResult(wire->conn);
    if (*result == NULL && PQstatus(wire->conn) != CONNECTION_OK)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    return 0;
}

int
postgres_wire_end(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    bool failed = false;
    PGresult *result;

    for (;;) {
        if (postgres_wire_next(wire, &result, fault) != 0)
            return -1;
        if (result == NULL)
            break;
        switch (PQresultStatus(result)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_SINGLE_TUPLE:
        case PGRES_EMPTY_QUERY:
            break;
        case PGRES_COPY_IN:
            PQputCopyEnd(wire->conn, "not wanted");
            break;
        default:
            if (!failed)
                failure_take(wire, result);
            failed = true;
        }
        PQclear(result);
    }
    if (!failed)
        return 0;
    if (PQstatus(wire->conn) != CONNECTION_OK) {
        postgres_wire_fault(wire, "reach", fault);
        postgres_wire_close(wire);
        return -1;
    }
    return postgres_wire_refusal(wire) ? 1 : postgres_wire_fault(wire, "use", fault);
}

static int
not_connected(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    wire->state[0] = '\0';
    snprintf(wire->reason, sizeof wire->reason, "the connection was lost");
    return postgres_wire_fault(wire, "reach", fault);
}

int
postgres_wire_try(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault)
{
    if (!postgres_wire_alive(wire))
        return not_connected(wire, fault);
    if (PQsendQuery(wire->conn, sql) == 0)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    return postgres_wire_end(wire, fault);
}

/* Where data cannot be at fault, a word about data is a word about us or the target. */
static int
not_refused(struct postgres_wire *wire, int result, struct daybreak_fault *fault)
{
    return result == 1 ? postgres_wire_fault(wire, "use", fault) : result;
}

int
postgres_wire_run(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault)
{
    return not_refused(wire, postgres_wire_try(wire, sql, fault), fault);
}

int
postgres_wire_ask(struct postgres_wire *wire, const char *sql, const char *const *texts, int count, PGresult **result,
                  struct daybreak_fault *fault)
{
    PGresult *first, *next;

    if (!postgres_wire_alive(wire))
        return not_connected(wire, fault);
    if (PQsendQueryParams(wire->conn, sql, count, NULL, texts, NULL, NULL, 0) == 0)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    if (postgres_wire_next(wire, &first, fault) != 0)
        return -1;
    while (first != NULL) {
        if (postgres_wire_next(wire, &next, fault) != 0) {
            PQclear(first);
            return -1;
        }
        if (next == NULL)
            break;
        PQclear(next);
    }
    if (first != NULL && (PQresultStatus(first) == PGRES_TUPLES_OK || PQresultStatus(first) == PGRES_COMMAND_OK)) {
        *result = first;
        return 0;
    }
    failure_take(wire, first);
    PQclear(first);
    if (PQstatus(wire->conn) != CONNECTION_OK)
        postgres_wire_close(wire);
    return postgres_wire_fault(wire, "use", fault);
}

/* ---- COPY --------------------------------------------------------------------------------- */

static int
copy_begin(struct postgres_wire *wire, const char *sql, ExecStatusType wanted, struct daybreak_fault *fault)
{
    PGresult *result;

    if (!postgres_wire_alive(wire))
        return not_connected(wire, fault);
    if (PQsendQuery(wire->conn, sql) == 0)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    do { /* statements in front of it */
        if (postgres_wire_next(wire, &result, fault) != 0)
            return -1;
        if (PQresultStatus(result) == PGRES_COMMAND_OK)
            PQclear(result);
        else
            break;
    } while (true);
    if (PQresultStatus(result) == wanted) {
        PQclear(result);
        return 0;
    }
    failure_take(wire, result);
    PQclear(result);
    if (PQstatus(wire->conn) != CONNECTION_OK) {
        postgres_wire_close(wire);
        return postgres_wire_fault(wire, "use", fault);
    }
    while (postgres_wire_next(wire, &result, fault) == 0 && result != NULL)
        PQclear(result);
    return postgres_wire_alive(wire) ? postgres_wire_fault(wire, "use", fault) : -1;
}

int
postgres_wire_copy_in(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault)
{
    return copy_begin(wire, sql, PGRES_COPY_IN, fault);
}

int
postgres_wire_give(struct postgres_wire *wire, const char *at, size_t size, struct daybreak_fault *fault)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->answer_ms;
    int given;

    while ((given = PQputCopyData(wire->conn, at, (int)size)) == 0) {
        if (!wait_ready(wire, POLLIN | POLLOUT, deadline))
            return silent(wire, fault);
        if (PQconsumeInput(wire->conn) == 0)
            return lost(wire, PQerrorMessage(wire->conn), fault);
    }
    if (given < 0)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    return flush(wire, fault);
}

int
postgres_wire_given(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->answer_ms;
    int ended;

    while ((ended = PQputCopyEnd(wire->conn, NULL)) == 0)
        if (!wait_ready(wire, POLLOUT, deadline))
            return silent(wire, fault);
    if (ended < 0)
        return lost(wire, PQerrorMessage(wire->conn), fault);
    return postgres_wire_end(wire, fault);
}

int
postgres_wire_copy_out(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault)
{
    return copy_begin(wire, sql, PGRES_COPY_OUT, fault);
}

int
postgres_wire_take(struct postgres_wire *wire, char **piece, int *size, struct daybreak_fault *fault)
{
    int64_t deadline = postgres_wire_now_ms() + wire->place->answer_ms;

    for (;;) {
        *size = PQgetCopyData(wire->conn, piece, 1);
        if (*size > 0)
            return 1;
        if (*size == -1)
            return not_refused(wire, postgres_wire_end(wire, fault), fault);
        if (*size < 0)
            return lost(wire, PQerrorMessage(wire->conn), fault);
        if (!wait_ready(wire, POLLIN, deadline))
            return silent(wire, fault);
        if (PQconsumeInput(wire->conn) == 0)
            return lost(wire, PQerrorMessage(wire->conn), fault);
    }
}

int
postgres_wire_copy_both(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault)
{
    return copy_begin(wire, sql, PGRES_COPY_BOTH, fault);
}

int
postgres_wire_poll(struct postgres_wire *wire, char **piece, int *size, struct daybreak_fault *fault)
{
    if (!postgres_wire_alive(wire))
        return not_connected(wire, fault);
    for (int tries = 0; tries < 2; tries++) {
        *size = PQgetCopyData(wire->conn, piece, 1);
        if (*size > 0)
            return 1;
        if (*size == -1) { /* the server ended the stream: why, its last result says */
            int status = not_refused(wire, postgres_wire_end(wire, fault), fault);

            return status != 0 ? status : lost(wire, "the server ended the stream", fault);
        }
        if (*size < 0 || (tries == 0 && PQconsumeInput(wire->conn) == 0))
            return lost(wire, PQerrorMessage(wire->conn), fault);
    }
    return 0;
}
