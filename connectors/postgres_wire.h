/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_WIRE_H
#define POSTGRES_WIRE_H

#include <libpq-fe.h>

#include <daybreak/connector.h>

#include "postgres_text.h"

/* How a database is reached. Texts are lent; NULL: as libpq finds it. */
struct postgres_place {
    const char *dsn, *host, *user, *password, *dbname, *schema;
    int64_t port;       /* 0: as libpq finds it */
    int64_t connect_ms; /* for a connection */
    int64_t answer_ms;  /* the longest silence of a server that owes an answer */
    int64_t wait_ms;    /* for locks of others */
};

/* One connection, which comes and goes: what is lost is told as RETRY, and opened again by who goes on. */
struct postgres_wire {
    const struct daybreak_host *host;
    const struct postgres_place *place;
    PGconn *conn;          /* NULL: not connected */
    char shown[256];       /* HOST:PORT/DBNAME, for messages; no secret is in it */
    char label[64];        /* application_name: who looks at the server's connections sees who we are */
    char *schema;          /* of our tables; "" before the first connection found it out */
    bool read_only;
    bool replication;      /* speaks the replication protocol as well */
    int backend;           /* process id at the server */
    char state[6];         /* SQLSTATE of the last failure, "" when the server said none */
    char reason[512];      /* its message */
};

/** postgres_wire_check(place, wrong, context): what is wrong with the options without asking any server. */
void postgres_wire_check(const struct postgres_place *place, daybreak_wrong_fn wrong, void *context);
/** postgres_wire_open(wire, fault): connects unless it is; sets the session up. RETRY when the server is not to be had. */
int postgres_wire_open(struct postgres_wire *wire, struct daybreak_fault *fault);
void postgres_wire_close(struct postgres_wire *wire);
bool postgres_wire_alive(const struct postgres_wire *wire);

/** postgres_wire_try(wire, sql, fault): runs statements, rows are thrown away. 0; 1: the server refused data (wire->state and reason say why,
 * the transaction is broken up to its savepoint); -1 a fault. */
int postgres_wire_try(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault);
/** postgres_wire_run(wire, sql, fault): the same where data cannot be refused: 0 or -1. */
int postgres_wire_run(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault);
/** postgres_wire_ask(wire, sql, texts, count, result, fault): one statement with text parameters, NULL for null; its rows, to be PQclear'ed. */
int postgres_wire_ask(struct postgres_wire *wire, const char *sql, const char *const *texts, int count, PGresult **result,
                      struct daybreak_fault *fault);

/** postgres_wire_next(wire, result, fault): the next result of what was sent; *result NULL: all are here. Waits answer_ms at most. */
int postgres_wire_next(struct postgres_wire *wire, PGresult **result, struct daybreak_fault *fault);
/** postgres_wire_end(wire, fault): takes all results: as postgres_wire_try. */
int postgres_wire_end(struct postgres_wire *wire, struct daybreak_fault *fault);
/** postgres_wire_copy_in(wire, sql, fault): begins a COPY … FROM STDIN. postgres_wire_give sends bytes of it, postgres_wire_given ends it:
 * 0, 1 refused, -1. */
int postgres_wire_copy_in(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault);
int postgres_wire_give(struct postgres_wire *wire, const char *at, size_t size, struct daybreak_fault *fault);
int postgres_wire_given(struct postgres_wire *wire, struct daybreak_fault *fault);
/** postgres_wire_copy_out(wire, sql, fault): begins a COPY … TO STDOUT. postgres_wire_take gives a piece of it, to be PQfreemem'ed: 1, 0 at
 * its end, -1. */
int postgres_wire_copy_out(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault);
int postgres_wire_take(struct postgres_wire *wire, char **piece, int *size, struct daybreak_fault *fault);
/** postgres_wire_copy_both(wire, sql, fault): begins a stream both ways, as replication is. postgres_wire_poll gives a piece that is here, to be
 * PQfreemem'ed: 1; 0 none is, -1. */
int postgres_wire_copy_both(struct postgres_wire *wire, const char *sql, struct daybreak_fault *fault);
int postgres_wire_poll(struct postgres_wire *wire, char **piece, int *size, struct daybreak_fault *fault);

/** postgres_wire_fault(wire, verb, fault): the last failure as RETRY or HALT. Always -1. */
int postgres_wire_fault(struct postgres_wire *wire, const char *verb, struct daybreak_fault *fault);
/** postgres_wire_refusal(wire): the last failure is one of data, which belongs to a row. */
bool postgres_wire_refusal(const struct postgres_wire *wire);
int postgres_wire_exit(struct daybreak_fault *fault, int status, const char *code);
/** postgres_wire_in(wire): inside a transaction, sound or broken. */
bool postgres_wire_in(const struct postgres_wire *wire);
/** postgres_wire_now_ms(): a clock that only goes forward. */
int64_t postgres_wire_now_ms(void);
/** postgres_wire_rest(wire, ms): a short sleep, ended early when the process is to end. */
void postgres_wire_rest(const struct postgres_wire *wire, int64_t ms);

#endif
