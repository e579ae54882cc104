/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the extract `postgres`: the server's log of committed changes over the replication protocol
 * (https://www.postgresql.org/docs/15/protocol-replication.html, protocol-logicalrep-message-formats.html). The server is
 * trusted to speak it, not to be sound: every length is checked.
 */
#include "postgres_log.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EPOCH_US INT64_C(946684800000000) /* 2000-01-01, where the server's time begins */
#define TELL_MS 3000

/* One to eight digits; NULL: none are there. */
static const char *
hex_read(const char *at, uint64_t *value)
{
    static const char digits[] = "0123456789ABCDEF";
    int count = 0;

    *value = 0;
    for (const char *digit; *at != '\0' && (digit = strchr(digits, *at)) != NULL; at++, count++)
        *value = *value << 4 | (uint64_t)(digit - digits);
    return count >= 1 && count <= 8 ? at : NULL;
}

bool
postgres_log_read(const char *text, uint64_t *lsn)
{
    uint64_t high, low;

    text = hex_read(text, &high);
    if (text == NULL || *text != '/')
        return false;
    text = hex_read(text + 1, &low);
    if (text == NULL || *text != '\0')
        return false;
    *lsn = high << 32 | low;
    return true;
}

void
postgres_log_write(uint64_t lsn, char text[24])
{
    snprintf(text, 24, "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn);
}

/* ---- the slot ----------------------------------------------------------------------------- */

static int
connected(struct postgres_log *log, struct daybreak_fault *fault)
{
    log->wire.replication = true;
    if (postgres_wire_alive(&log->wire))
        return 0;
    if (postgres_wire_open(&log->wire, fault) != 0)
        return -1;
    return postgres_wire_run(&log->wire, "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET extra_float_digits = 1; "
                                         "SET bytea_output = 'hex'", fault);
}

int
postgres_log_drop(struct postgres_log *log, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    int status;

    postgres_wire_close(&log->wire); /* a stream of ours would hold it */
    if (connected(log, fault) != 0)
        return -1;
    postgres_text_name(&sql, "DROP_REPLICATION_SLOT ", log->slot);
    postgres_text_put(&sql, " WAIT");
    status = postgres_wire_run(&log->wire, sql.at, fault);
    postgres_text_fini(&sql);
    if (status == 0 || strcmp(log->wire.state, "42704") != 0)
        return status;
    *fault = (struct daybreak_fault){0};
    return 0;
}

int
postgres_log_make(struct postgres_log *log, char snapshot[64], uint64_t *lsn, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    PGresult *result = NULL, *rest;
    bool made = false;

    if (postgres_log_drop(log, fault) != 0)
        return -1;
    postgres_text_name(&sql, "CREATE_REPLICATION_SLOT ", log->slot);
    postgres_text_put(&sql, " LOGICAL pgoutput (SNAPSHOT 'export')");
    if (PQsendQuery(log->wire.conn, sql.at) == 0 || postgres_wire_next(&log->wire, &result, fault) != 0) {
        postgres_text_fini(&sql);
        return -1;
    }
    postgres_text_fini(&sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        made = postgres_log_read(PQgetvalue(result, 0, 1), lsn);
        snprintf(snapshot, 64, "%s", PQgetvalue(result, 0, 2));
    } else {
        log->wire.host->fault(fault, DAYBREAK_HALT, "cannot make slot '%s' in '%s': %s", log->slot, log->wire.shown, PQresultErrorMessage(result));
        log->wire.host->hint(fault, "the server needs wal_level = logical and a free slot, the role REPLICATION");
        postgres_wire_exit(fault, 77, "no-slot");
    }
    PQclear(result);
    while (postgres_wire_alive(&log->wire) && postgres_wire_next(&log->wire, &rest, fault) == 0 && rest != NULL)
        PQclear(rest);
    return made ? 0 : -1;
}

int
postgres_log_start(struct postgres_log *log, uint64_t lsn, struct daybreak_fault *fault)
{
    const char *const texts[] = {log->slot};
    struct postgres_text sql = {0};
    char position[24];
    uint64_t kept = 0;
    PGresult *result;
    bool there;
    int status;

    postgres_log_write(lsn, position);
    if (connected(log, fault) != 0)
        return -1;
    postgres_text_put(&sql, "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = ");
    postgres_text_quote(&sql, texts[0]);
    if (PQsendQuery(log->wire.conn, sql.at) == 0 || postgres_wire_next(&log->wire, &result, fault) != 0) {
        postgres_text_fini(&sql);
        return fault->kind != DAYBREAK_NO_FAULT ? -1 : postgres_wire_fault(&log->wire, "ask", fault);
    }
    there = PQntuples(result) == 1 && postgres_log_read(PQgetvalue(result, 0, 0), &kept);
    PQclear(result);
    if (postgres_wire_end(&log->wire, fault) != 0) {
        postgres_text_fini(&sql);
        return -1;
    }
    if (!there || kept > lsn) {
        if (there)
            log->wire.host->fault(fault, DAYBREAK_HALT, "the log of '%s' is no longer there from %s on: slot '%s' was confirmed beyond it",
                                  log->wire.shown, position, log->slot);
        else
            log->wire.host->fault(fault, DAYBREAK_HALT, "slot '%s' is gone from '%s': changes since %s may be lost", log->slot, log->wire.shown,
                                  position);
        log->wire.host->hint(fault, "`daybreak run --resync` compares source and target");
        postgres_text_fini(&sql);
        return postgres_wire_exit(fault, 78, "slot-gone");
    }
    postgres_text_clear(&sql);
    postgres_text_name(&sql, "START_REPLICATION SLOT ", log->slot);
    postgres_text_format(&sql, " LOGICAL %s (proto_version '1', publication_names ", position);
    {
        struct postgres_text name = {0};

        postgres_text_name(&name, "", log->publication);
        postgres_text_quote(&sql, name.at);
        postgres_text_fini(&name);
    }
    postgres_text_put(&sql, ")");
    status = postgres_wire_copy_both(&log->wire, sql.at, fault);
    postgres_text_fini(&sql);
    log->confirmed = log->committed = lsn;
    log->inside = false;
    log->told_ms = postgres_wire_now_ms();
    return status;
}

int
postgres_log_kept(struct postgres_wire *wire, const char *slot, int64_t *bytes, struct daybreak_fault *fault)
{
    const char *const texts[] = {slot};
    PGresult *result;

    if (postgres_wire_ask(wire, "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint FROM pg_replication_slots "
                                "WHERE slot_name = $1", texts, 1, &result, fault) != 0)
        return -1;
    *bytes = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return 0;
}

/* ---- saying where we are ------------------------------------------------------------------ */

static void
put64(char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
}

static int
tell(struct postgres_log *log, struct daybreak_fault *fault)
{
    struct timespec now;
    char status[34] = {'r'};

    clock_gettime(CLOCK_REALTIME, &now);
    put64(status + 1, log->committed > log->confirmed ? log->committed : log->confirmed); /* received: says nothing of what may go */
    put64(status + 9, log->confirmed);
    put64(status + 17, log->confirmed);
    put64(status + 25, (uint64_t)((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - EPOCH_US));
    log->told_ms = postgres_wire_now_ms();
    return postgres_wire_give(&log->wire, status, sizeof status, fault);
}

int
postgres_log_confirm(struct postgres_log *log, uint64_t lsn, struct daybreak_fault *fault)
{
    if (lsn <= log->confirmed)
        return 0;
    log->confirmed = lsn;
    return postgres_wire_alive(&log->wire) ? tell(log, fault) : 0;
}

/* ---- messages ----------------------------------------------------------------------------- */

struct message {
    const char *at, *end;
    bool broken;
};

static uint64_t
take(struct message *m, int bytes)
{
    uint64_t value = 0;

    if (m->end - m->at < bytes) {
        m->broken = true;
        return 0;
    }
    for (int i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)*m->at++;
    return value;
}

static const char *
take_text(struct message *m)
{
    const char *text = m->at, *end = m->broken ? NULL : memchr(m->at, '\0', (size_t)(m->end - m->at));

    if (end == NULL) {
        m->broken = true;
        return "";
    }
    m->at = end + 1;
    return text;
}

static void
relation_free(struct postgres_relation *relation)
{
    for (uint32_t i = 0; relation != NULL && i < relation->columns; i++)
        free(relation->column[i].name);
    if (relation != NULL) {
        free(relation->column);
        free(relation->schema);
        free(relation->name);
    }
    free(relation);
}

static struct postgres_relation *
relation_of(const struct postgres_log *log, uint32_t id)
{
    for (uint32_t i = 0; i < log->relations; i++)
        if (log->relation[i]->id == id)
            return log->relation[i];
    return NULL;
}

/* Told before the first change of a table in a stream, and again when it was altered. */
static void
relation_take(struct postgres_log *log, struct message *m)
{
    struct postgres_relation *relation = postgres_text_memory(sizeof *relation);
    uint32_t at = 0;

    relation->id = (uint32_t)take(m, 4);
    relation->schema = postgres_text_copy(take_text(m));
    relation->name = postgres_text_copy(take_text(m));
    relation->identity = (char)take(m, 1);
    relation->columns = (uint32_t)take(m, 2);
    relation->column = postgres_text_memory((relation->columns + 1) * sizeof *relation->column);
    for (uint32_t i = 0; i < relation->columns && !m->broken; i++) {
        relation->column[i].key = take(m, 1) & 1;
        relation->column[i].name = postgres_text_copy(take_text(m));
        relation->column[i].type = (uint32_t)take(m, 4);
        relation->column[i].mod = (int32_t)take(m, 4);
    }
    while (at < log->relations && log->relation[at]->id != relation->id)
        at++;
    if (at == log->relations)
        log->relation = postgres_text_grow(log->relation, ++log->relations * sizeof *log->relation);
    else
        relation_free(log->relation[at]);
    log->relation[at] = relation;
}

static const struct postgres_value *
values_take(struct postgres_log *log, struct message *m, int which, const struct postgres_relation *relation)
{
    uint32_t columns = (uint32_t)take(m, 2);
    struct postgres_value *value;

    if (m->broken || columns != relation->columns) {
        m->broken = true;
        return NULL;
    }
    if (columns > log->room || log->value[0] == NULL) {
        log->room = columns + 16;
        for (int i = 0; i < 2; i++)
            log->value[i] = postgres_text_grow(log->value[i], log->room * sizeof *log->value[i]);
    }
    value = log->value[which];
    for (uint32_t i = 0; i < columns; i++) {
        value[i] = (struct postgres_value){.kind = (char)take(m, 1)};
        if (value[i].kind != 't')
            continue;
        value[i].size = (uint32_t)take(m, 4);
        value[i].at = m->at;
        if (m->broken || value[i].size > (size_t)(m->end - m->at)) {
            m->broken = true;
            return value;
        }
        m->at += value[i].size;
    }
    return value;
}

static bool
change_take(struct postgres_log *log, char kind, struct message *m)
{
    struct postgres_change *change = &log->change;
    char part;

    change->relation = relation_of(log, (uint32_t)take(m, 4));
    change->now = change->before = NULL;
    change->whole = false;
    change->op = kind == 'I' ? 'c' : kind == 'U' ? 'u' : 'd';
    if (change->relation == NULL)
        return false;
    part = (char)take(m, 1);
    if (part == 'K' || part == 'O') {
        change->whole = part == 'O';
        change->before = values_take(log, m, 1, change->relation);
        if (kind == 'U')
            part = (char)take(m, 1);
    }
    if (part == 'N')
        change->now = values_take(log, m, 0, change->relation);
    return !m->broken && (change->now != NULL || (kind == 'D' && change->before != NULL));
}

static int
garbled(struct postgres_log *log, char kind, struct daybreak_fault *fault)
{
    log->wire.host->fault(fault, DAYBREAK_HALT, "the log of '%s' has a message '%c' that cannot be read", log->wire.shown, kind);
    return postgres_wire_exit(fault, 70, "log-message");
}

static int
message_take(struct postgres_log *log, struct message *m, enum postgres_log_next *next, struct daybreak_fault *fault)
{
    char kind = (char)take(m, 1);

    switch (kind) {
    case 'B':
        log->change.lsn = take(m, 8);
        log->change.changed_at_us = (int64_t)take(m, 8) + EPOCH_US;
        log->change.number = 0;
        log->inside = true;
        break;
    case 'C':
        take(m, 9);
        log->committed = take(m, 8);
        log->inside = false;
        *next = POSTGRES_LOG_COMMIT;
        break;
    case 'R':
        relation_take(log, m);
        break;
    case 'I':
    case 'U':
    case 'D':
        if (!change_take(log, kind, m))
            return garbled(log, kind, fault);
        *next = POSTGRES_LOG_CHANGE;
        break;
    case 'T':
        take(m, 5);
        log->change.relation = relation_of(log, (uint32_t)take(m, 4));
        log->change.op = 't';
        log->change.now = log->change.before = NULL;
        *next = POSTGRES_LOG_CHANGE;
        break;
    default: /* origin, type, message of others: nothing of a row */
        break;
    }
    return m->broken || (*next == POSTGRES_LOG_CHANGE && log->change.relation == NULL) ? garbled(log, kind, fault) : 0;
}

int
postgres_log_next(struct postgres_log *log, enum postgres_log_next *next, struct daybreak_fault *fault)
{
    *next = POSTGRES_LOG_NOTHING;
    log->change.number += log->given;
    log->given = false;
    while (*next == POSTGRES_LOG_NOTHING) {
        struct message m = {0};
        int size, status;
        bool asked = false;

        PQfreemem(log->piece);
        log->piece = NULL;
        status = postgres_wire_poll(&log->wire, &log->piece, &size, fault);
        if (status < 0)
            return -1;
        if (status == 1) {
            m = (struct message){log->piece + 1, log->piece + size, false};
            if (log->piece[0] == 'k') {
                log->seen = take(&m, 8);
                take(&m, 8);
                asked = take(&m, 1) != 0;
            } else if (log->piece[0] == 'w') {
                take(&m, 8);
                log->seen = take(&m, 8);
                take(&m, 8);
                if (message_take(log, &m, next, fault) != 0)
                    return -1;
            }
        }
        if ((asked || postgres_wire_now_ms() - log->told_ms >= TELL_MS) && tell(log, fault) != 0)
            return -1;
        if (status == 0)
            break;
    }
    log->given = *next == POSTGRES_LOG_CHANGE;
    return 0;
}

void
postgres_log_close(struct postgres_log *log)
{
    postgres_wire_close(&log->wire);
    for (uint32_t i = 0; i < log->relations; i++)
        relation_free(log->relation[i]);
    free(log->relation);
    free(log->value[0]);
    free(log->value[1]);
    PQfreemem(log->piece);
    *log = (struct postgres_log){0};
}
