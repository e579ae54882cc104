/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into tables of a PostgreSQL database, with the position in the same transaction. Owns the order of a landing: the
 * fence, tables made or widened, rows, batch rows, checkpoint, commit; and what becomes of a commit whose answer was lost.
 * The parts are in postgres_*.
 *
 * Columns of the envelope are called _event_id, _op, …; with `prefix: db_` they are db_event_id, db_op, …
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres_make.h"
#include "postgres_options.h"
#include "postgres_position.h"
#include "postgres_read.h"
#include "postgres_write.h"

/* One target with how it is written. */
struct landing {
    struct postgres_table table;
    struct postgres_writer writer;
    bool made_now; /* in the transaction under way: a rollback undoes it */
};

struct postgres_load {
    struct postgres_place place; /* filled from options */
    int64_t settle_ms;
    const struct daybreak_host *host;
    struct postgres_wire wire;
    struct postgres_position position;
    struct landing **landing;
    uint32_t landings;
    bool begun, rehearses;
};

static const struct daybreak_option options[] = {
    POSTGRES_OPTIONS(postgres_load),
    {.name = "settle", .type = DAYBREAK_DURATION, .at = offsetof(struct postgres_load, settle_ms), .preset = "300s", .min = 0, .max = 86400000,
     .help = "How long to ask for what became of a commit whose answer was lost, before the run ends; the next one asks again."},
    {.name = NULL},
};

static struct postgres_feeder
feeder(const struct postgres_load *load)
{
    return (struct postgres_feeder){load->position.pipeline, load->position.pipeline_id, load->position.handoff};
}

static void
load_check(const void *self, daybreak_wrong_fn wrong, void *context)
{
    const struct postgres_load *load = self;

    postgres_wire_check(&load->place, wrong, context);
}

static int
load_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;

    (void)fault;
    load->host = host;
    load->wire = (struct postgres_wire){.host = host, .place = &load->place};
    snprintf(load->wire.shown, sizeof load->wire.shown, "postgres");
    return 0;
}

static void
landings_free(struct postgres_load *load)
{
    for (uint32_t i = 0; i < load->landings; i++) {
        postgres_write_fini(&load->landing[i]->writer);
        postgres_table_fini(&load->landing[i]->table);
        free(load->landing[i]);
    }
    free(load->landing);
    load->landing = NULL;
    load->landings = 0;
}

static void
load_close(void *self)
{
    struct postgres_load *load = self;

    postgres_wire_close(&load->wire);
    landings_free(load);
    postgres_position_fini(&load->position);
    free(load->wire.schema);
}

/* The name under which the server lists us: the same for every writer of a route, and for no other. */
static void
label_make(struct postgres_wire *wire, const struct daybreak_claim *claim)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    const char *const texts[] = {claim->pipeline_id, "/", claim->handoff};

    for (int i = 0; i < 3; i++)
        for (const char *at = texts[i]; *at != '\0'; at++)
            hash = (hash ^ (uint8_t)*at) * UINT64_C(1099511628211);
    snprintf(wire->label, sizeof wire->label, "daybreak %s%016llx", claim->read_only ? "reads " : "", (unsigned long long)hash);
}

static int
load_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;

    postgres_wire_close(&load->wire);
    landings_free(load);
    load->begun = false;
    load->rehearses = claim->read_only && claim->size > offsetof(struct daybreak_claim, rehearses) && claim->rehearses;
    load->wire.read_only = claim->read_only;
    label_make(&load->wire, claim);
    if (postgres_wire_open(&load->wire, fault) != 0 || postgres_position_claim(&load->wire, &load->position, claim, fault) != 0)
        return -1;
    *now = load->position.now;
    return 0;
}

/* ---- tables ------------------------------------------------------------------------------- */

static bool
same_target(const struct postgres_table *table, const struct daybreak_target *target)
{
    if (table->name == NULL || strcmp(table->name, target->table) != 0 || table->columns != target->columns)
        return false;
    for (uint32_t i = 0; i < target->columns; i++) {
        const struct postgres_column *a = &table->column[i];
        const struct daybreak_column *b = &target->column[i];

        if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->precision != b->precision || a->scale != b->scale || a->key != b->key)
            return false;
    }
    return true;
}

static int
look(struct postgres_load *load, struct postgres_table *table, struct daybreak_fault *fault)
{
    struct postgres_feeder who = feeder(load);

    return postgres_table_look(&load->wire, table, &who, load->position.there, !load->wire.read_only || load->rehearses, fault);
}

static int
load_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;

    if (targets > load->landings) {
        load->landing = postgres_text_grow(load->landing, targets * sizeof(struct landing *));
        while (load->landings < targets)
            load->landing[load->landings++] = postgres_text_memory(sizeof(struct landing));
    }
    for (uint32_t i = 0; i < targets; i++) {
        struct landing *landing = load->landing[i];

        if (target[i].column == NULL || target[i].columns == 0 || same_target(&landing->table, &target[i]))
            continue;
        for (uint32_t k = 0; k < targets; k++) {
            const char *other = k == i ? NULL : load->landing[k]->table.name;

            if (other == NULL || strcmp(other, target[i].table) != 0)
                continue;
            load->host->fault(fault, DAYBREAK_HALT, "two tables of the pipeline would land in table '%s'", target[i].table);
            load->host->hint(fault, "put {table} into the sink's `table:`");
            return postgres_wire_exit(fault, 78, "table-twice");
        }
        postgres_write_drop(&landing->writer);
        if (postgres_table_want(&load->wire, &landing->table, &target[i], fault) != 0 || look(load, &landing->table, fault) != 0) {
            postgres_table_fini(&landing->table);
            return -1;
        }
    }
    return 0;
}

/* What was made in the transaction is undone with it. */
static void
undone(struct postgres_load *load)
{
    load->begun = false;
    for (uint32_t i = 0; i < load->landings; i++) {
        struct landing *landing = load->landing[i];

        landing->writer.saved = false;
        landing->writer.staged = false; /* it may have been of that transaction */
        if (!landing->made_now)
            continue;
        landing->made_now = landing->table.ready = landing->table.fresh = false; /* the next stage looks again */
        postgres_write_drop(&landing->writer);
    }
}

static void
load_rollback(void *self)
{
    struct postgres_load *load = self;
    struct daybreak_fault fault = {0};

    if (postgres_wire_alive(&load->wire) && postgres_wire_in(&load->wire))
        postgres_wire_run(&load->wire, "ROLLBACK", &fault); /* where it fails the connection is gone, and the transaction with it */
    undone(load);
    for (uint32_t i = 0; i < load->landings; i++) { /* what is read back meanwhile is asked of the table as it is */
        struct postgres_table *table = &load->landing[i]->table;

        if (table->name != NULL && !table->ready && postgres_wire_alive(&load->wire) && look(load, table, &fault) != 0)
            table->exists = false;
    }
}

/* A connection, a transaction, and the question whether we may still write at all. */
static int
begin(struct postgres_load *load, struct daybreak_fault *fault)
{
    struct daybreak_fault aside = {0};

    if (!load->position.claimed) {
        load->host->fault(fault, DAYBREAK_HALT, "cannot write '%s' without a claim", load->wire.shown);
        return postgres_wire_exit(fault, 70, "no-claim");
    }
    if (load->begun && postgres_wire_alive(&load->wire))
        return 0;
    if (load->begun) { /* rows staged before are lost with it */
        load->host->fault(fault, DAYBREAK_RETRY, "cannot reach '%s': the connection was lost", load->wire.shown);
        return postgres_wire_exit(fault, 69, "target-open");
    }
    if (postgres_wire_open(&load->wire, fault) != 0 || postgres_wire_run(&load->wire, "BEGIN; SET CONSTRAINTS ALL IMMEDIATE", fault) != 0)
        return -1;
    if (postgres_position_check(&load->wire, &load->position, fault) == 0) {
        load->begun = true;
        return 0;
    }
    if (postgres_wire_alive(&load->wire))
        postgres_wire_run(&load->wire, "ROLLBACK", &aside);
    return -1;
}

static int
make(struct postgres_load *load, uint32_t target, struct daybreak_fault *fault)
{
    struct landing *landing = load->landing[target];
    struct postgres_feeder who = feeder(load);

    if (!landing->table.ready) {
        landing->made_now = true;
        if (postgres_make_table(&load->wire, &landing->table, &who, fault) != 0)
            return -1;
    }
    if (!landing->writer.made)
        postgres_write_make(&landing->writer, &landing->table);
    return 0;
}

static int
load_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;
    struct landing *landing = target < load->landings ? load->landing[target] : NULL;

    if (landing == NULL || landing->table.name == NULL || batch->columns != landing->table.columns) {
        load->host->fault(fault, DAYBREAK_HALT, "a batch of %u columns for a table that was prepared with %u", batch->columns,
                          landing == NULL ? 0 : landing->table.columns);
        return postgres_wire_exit(fault, 70, "not-prepared");
    }
    if (begin(load, fault) != 0 || make(load, target, fault) != 0 ||
        postgres_write_batch(&load->wire, &landing->writer, &landing->table, batch, fault) != 0)
        return -1;
    load->host->crash_point("load_postgres.staged");
    return 0;
}

static int
commit_rows(struct postgres_load *load, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    if (begin(load, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < load->landings; i++) {
        struct postgres_table *table = &load->landing[i]->table;

        if (table->name == NULL)
            continue;
        if (make(load, i, fault) != 0) /* an empty table is a result, too */
            return -1;
        if (commit->batches > 0 &&
            postgres_write_prune(&load->wire, table, commit->batch[commit->batches - 1].story->loaded_at, fault) != 0)
            return -1;
    }
    if (postgres_position_move(&load->wire, &load->position, commit, fault) != 0)
        return -1;
    load->host->crash_point("load_postgres.before-commit");
    return 0;
}

/*
 * The word COMMIT went out, and no answer came back. The target knows: it is asked until it answers. Only when it does not
 * in all that time is the fault no RETRY any more, for something may have changed; then the next start asks.
 */
static int
answer_lost(struct postgres_load *load, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    int64_t began = postgres_wire_now_ms(), pause = 100;
    bool landed = false;

    load->host->log(load->host, 'W', "the answer to a commit was lost, asking the target: target=%s", load->wire.shown);
    for (;;) {
        struct daybreak_fault aside = {0};

        if (postgres_wire_open(&load->wire, &aside) == 0 &&
            postgres_position_landed(&load->wire, &load->position, commit, &landed, &aside) == 0)
            break;
        if (load->host->stopping(load->host) || postgres_wire_now_ms() - began >= load->settle_ms) {
            load->host->fault(fault, DAYBREAK_HALT, "the answer to a commit was lost, and '%s' cannot be asked what became of it: %s",
                              load->wire.shown, aside.what);
            load->host->hint(fault, "run again: the next start asks the target");
            return postgres_wire_exit(fault, 69, "commit-uncertain");
        }
        postgres_wire_rest(&load->wire, pause);
        pause = pause * 2 < 5000 ? pause * 2 : 5000;
    }
    if (landed) {
        load->host->log(load->host, 'I', "the commit had landed: target=%s", load->wire.shown);
        *fault = (struct daybreak_fault){0};
        return 0;
    }
    load->host->fault(fault, DAYBREAK_RETRY, "the connection to '%s' was lost before the commit", load->wire.shown);
    return postgres_wire_exit(fault, 69, "target-open");
}

static int
load_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;
    int status = commit_rows(load, commit, fault);

    if (status == 0) {
        status = postgres_wire_run(&load->wire, "COMMIT", fault);
        if (status != 0 && !postgres_wire_alive(&load->wire))
            status = answer_lost(load, commit, fault);
    }
    if (status != 0) {
        load_rollback(load);
        return -1;
    }
    load->begun = false;
    for (uint32_t i = 0; i < load->landings; i++)
        load->landing[i]->writer.saved = false;
    load->host->crash_point("load_postgres.committed");
    postgres_position_moved(&load->position, commit);
    for (uint32_t i = 0; i < load->landings; i++)
        load->landing[i]->made_now = false;
    return 0;
}

/* ---- reading back ------------------------------------------------------------------------- */

static struct postgres_table *
prepared(struct postgres_load *load, uint32_t target, struct daybreak_fault *fault)
{
    if (target >= load->landings || load->landing[target]->table.name == NULL) {
        load->host->fault(fault, DAYBREAK_HALT, "cannot read back table %u of '%s': it was not prepared", target, load->wire.shown);
        postgres_wire_exit(fault, 70, "not-prepared");
        return NULL;
    }
    return postgres_wire_open(&load->wire, fault) != 0 ? NULL : &load->landing[target]->table;
}

static int
load_scan(void *self, uint32_t target, daybreak_scan_fn each, void *context, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;
    struct postgres_table *table = prepared(load, target, fault);

    return table == NULL ? -1 : postgres_read_scan(&load->wire, table, each, context, fault);
}

static int
load_find(void *self, uint32_t target, const struct daybreak_text *key, char **json, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;
    struct postgres_table *table = prepared(load, target, fault);

    return table == NULL ? -1 : postgres_read_find(&load->wire, table, key, json, fault);
}

static int
load_older(void *self, uint32_t target, const char *pipeline_version, int64_t *rows, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;
    struct postgres_table *table = prepared(load, target, fault);

    return table == NULL ? -1 : postgres_read_older(&load->wire, table, pipeline_version, rows, fault);
}

static int
load_audit(void *self, const char *pipeline_id, daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    struct postgres_load *load = self;

    return postgres_wire_open(&load->wire, fault) != 0
               ? -1
               : postgres_position_audit(&load->wire, &load->position, pipeline_id, each, context, fault);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "postgres",
    .help = "Rows into tables of a PostgreSQL database; position and rows in one transaction.",
    .abilities = DAYBREAK_TRANSACTIONAL | DAYBREAK_IDEMPOTENT | DAYBREAK_MIRRORS | DAYBREAK_READS_BACK,
    .options = options,
    .self_size = sizeof(struct postgres_load),
    .open = load_open,
    .close = load_close,
    .check = load_check,
    .claim = load_claim,
    .prepare = load_prepare,
    .stage = load_stage,
    .commit = load_commit,
    .rollback = load_rollback,
    .scan = load_scan,
    .find = load_find,
    .audit = load_audit,
    .older = load_older,
};
