/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows into tables of an SQLite file, with the position in the same transaction. Owns the order of a landing:
 * a turn at the file, the fence, tables made or widened, rows, batch rows, checkpoint, commit, and then the
 * WAL kept short. The parts are in sqlite_*.
 *
 * Columns of the envelope are called _event_id, _op, …; with `prefix: db_` they are db_event_id, db_op, …
 */
#include <stdlib.h>
#include <string.h>

#include "sqlite_make.h"
#include "sqlite_position.h"
#include "sqlite_read.h"
#include "sqlite_write.h"

/* One target with how it is written. Its address is known to the connection, so it never moves. */
struct landing {
    struct sqlite_table table;
    struct sqlite_writer writer;
    bool made_now; /* in the transaction under way: a rollback undoes it */
};

struct sqlite_load {
    const struct daybreak_host *host;
    const char *path; /* lent until close */
    int64_t wait_ms;
    struct sqlite_file file;
    struct sqlite_position position;
    struct landing **landing;
    uint32_t landings;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct sqlite_load, path), .required = true,
     .help = "The SQLite file; it and its folder are made when they are not there.", .example = "out/orders.db"},
    {.name = "wait", .type = DAYBREAK_DURATION, .at = offsetof(struct sqlite_load, wait_ms), .preset = "30s",
     .max = 3600000,
     .help = "How long to wait for a turn while another program writes the file."},
    {.name = NULL},
};

static struct sqlite_feeder
feeder(const struct sqlite_load *load)
{
    return (struct sqlite_feeder){load->position.pipeline, load->position.pipeline_id, load->position.handoff};
}

static int
load_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;

    load->host = host;
    load->file.host = host;
    load->file.wait_ms = load->wait_ms;
    return sqlite_file_place(&load->file, host->base_dir, load->path, fault);
}

static void
landings_free(struct sqlite_load *load)
{
    for (uint32_t i = 0; i < load->landings; i++) {
        sqlite_write_fini(&load->landing[i]->writer);
        sqlite_table_fini(&load->landing[i]->table);
        free(load->landing[i]);
    }
    free(load->landing);
    load->landing = NULL;
    load->landings = 0;
}

static void
load_close(void *self)
{
    struct sqlite_load *load = self;

    for (uint32_t i = 0; i < load->landings; i++)
        sqlite_write_drop(&load->landing[i]->writer);
    sqlite_file_close(&load->file); /* before the tables: the connection knows them */
    landings_free(load);
    sqlite_position_fini(&load->position);
    free(load->file.path);
}

static int
load_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;

    for (uint32_t i = 0; i < load->landings; i++)
        sqlite_write_drop(&load->landing[i]->writer);
    load->file.rehearses = claim->read_only && claim->size > offsetof(struct daybreak_claim, rehearses) && claim->rehearses;
    if (sqlite_file_open(&load->file, claim->read_only, fault) != 0 ||
        sqlite_position_claim(&load->file, &load->position, claim, fault) != 0)
        return -1;
    landings_free(load);
    *now = load->position.now;
    return 0;
}

/* ---- tables ------------------------------------------------------------------------------- */

static bool
same_target(const struct sqlite_table *table, const struct daybreak_target *target)
{
    if (table->name == NULL || strcmp(table->name, target->table) != 0 || table->columns != target->columns)
        return false;
    for (uint32_t i = 0; i < target->columns; i++) {
        const struct sqlite_column *a = &table->column[i];
        const struct daybreak_column *b = &target->column[i];

        if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->precision != b->precision || a->scale != b->scale ||
            a->key != b->key)
            return false;
    }
    return true;
}

static int
load_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;
    struct sqlite_feeder who = feeder(load);

    if (targets > load->landings) {
        load->landing = sqlite_file_grow(load->landing, targets * sizeof(struct landing *));
        while (load->landings < targets)
            load->landing[load->landings++] = sqlite_file_need(sizeof(struct landing));
    }
    for (uint32_t i = 0; i < targets; i++) {
        struct landing *landing = load->landing[i];

        if (target[i].column == NULL || target[i].columns == 0 || same_target(&landing->table, &target[i]))
            continue;
        for (uint32_t k = 0; k < targets; k++) {
            const char *other = k == i ? NULL : load->landing[k]->table.name;

            if (other == NULL || sqlite3_stricmp(other, target[i].table) != 0)
                continue;
            load->host->fault(fault, DAYBREAK_HALT, "two tables of the pipeline would land in table '%s'", target[i].table);
            load->host->hint(fault, "put {table} into the sink's `table:`");
            return sqlite_file_exit(fault, 78, "table-twice");
        }
        sqlite_write_drop(&landing->writer);
        if (sqlite_table_want(&load->file, &landing->table, &target[i], fault) != 0 ||
            sqlite_table_look(&load->file, &landing->table, &who, fault) != 0) {
            sqlite_table_fini(&landing->table);
            return -1;
        }
    }
    return 0;
}

/* A turn, a transaction, and the question whether we may still write at all. */
static int
begin(struct sqlite_load *load, struct daybreak_fault *fault)
{
    if (!load->position.claimed || load->file.db == NULL) {
        load->host->fault(fault, DAYBREAK_HALT, "cannot write '%s' without a claim", load->file.shown);
        return sqlite_file_exit(fault, 70, "no-claim");
    }
    if (load->file.begun)
        return 0;
    if (sqlite_file_begin(&load->file, fault) != 0)
        return -1;
    if (sqlite_position_check(&load->file, &load->position, fault) == 0)
        return 0;
    sqlite_file_rollback(&load->file);
    return -1;
}

static int
make(struct sqlite_load *load, uint32_t target, struct daybreak_fault *fault)
{
    struct landing *landing = load->landing[target];
    struct sqlite_feeder who = feeder(load);

    if (!landing->table.ready) {
        landing->made_now = true;
        if (sqlite_make_table(&load->file, &landing->table, &who, fault) != 0)
            return -1;
    }
    if (landing->writer.made)
        return 0;
    return sqlite_write_make(&load->file, &landing->writer, &landing->table, target, fault);
}

/* What was made in the transaction is undone with it. */
static void
load_rollback(void *self)
{
    struct sqlite_load *load = self;
    struct sqlite_feeder who = feeder(load);

    sqlite_file_rollback(&load->file);
    for (uint32_t i = 0; i < load->landings; i++) {
        struct landing *landing = load->landing[i];
        struct daybreak_fault fault = {0};

        if (!landing->made_now)
            continue;
        landing->made_now = landing->table.ready = false;
        sqlite_write_drop(&landing->writer);
        if (landing->table.name != NULL && sqlite_table_look(&load->file, &landing->table, &who, &fault) != 0)
            landing->table.exists = false; /* the next stage looks again, and says why */
    }
}

static int
load_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;
    struct landing *landing = target < load->landings ? load->landing[target] : NULL;

    if (landing == NULL || landing->table.name == NULL || batch->columns != landing->table.columns) {
        load->host->fault(fault, DAYBREAK_HALT, "a batch of %u columns for a table that was prepared with %u",
                          batch->columns,
                          landing == NULL ? 0 : landing->table.columns);
        return sqlite_file_exit(fault, 70, "not-prepared");
    }
    if (begin(load, fault) != 0 || make(load, target, fault) != 0)
        return -1;
    if (sqlite_write_batch(&load->file, &landing->writer, &landing->table, batch, fault) != 0)
        return -1;
    load->host->crash_point("load_sqlite.staged");
    return 0;
}

static int
commit_all(struct sqlite_load *load, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    if (begin(load, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < load->landings; i++) {
        struct sqlite_table *table = &load->landing[i]->table;

        if (table->name == NULL)
            continue;
        if (make(load, i, fault) != 0) /* an empty table is a result, too */
            return -1;
        if (commit->batches > 0 &&
            sqlite_write_prune(&load->file, table, commit->batch[commit->batches - 1].story->loaded_at, fault) != 0)
            return -1;
    }
    if (sqlite_position_move(&load->file, &load->position, commit, fault) != 0)
        return -1;
    load->host->crash_point("load_sqlite.before-commit");
    return sqlite_file_commit(&load->file, fault);
}

static int
load_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;

    if (commit_all(load, commit, fault) != 0) {
        load_rollback(load);
        return -1;
    }
    load->host->crash_point("load_sqlite.committed");
    sqlite_position_moved(&load->position, commit);
    for (uint32_t i = 0; i < load->landings; i++)
        load->landing[i]->made_now = false;
    sqlite_file_settle(&load->file, commit->input_end);
    load->host->crash_point("load_sqlite.settled");
    return 0;
}

/* ---- reading back ------------------------------------------------------------------------- */

static struct sqlite_table *
prepared(struct sqlite_load *load, uint32_t target, struct daybreak_fault *fault)
{
    if (target < load->landings && load->landing[target]->table.name != NULL)
        return &load->landing[target]->table;
    load->host->fault(fault, DAYBREAK_HALT, "cannot read back table %u of '%s': it was not prepared", target,
                      load->file.shown);
    sqlite_file_exit(fault, 70, "not-prepared");
    return NULL;
}

static int
load_scan(void *self, uint32_t target, daybreak_scan_fn each, void *context, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;
    struct sqlite_table *table = prepared(load, target, fault);

    return table == NULL || sqlite_read_scan(&load->file, table, each, context, fault) != 0
               ? -1
               : sqlite_file_was_still(&load->file, fault);
}

static int
load_find(void *self, uint32_t target, const struct daybreak_text *key, char **json, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;
    struct sqlite_table *table = prepared(load, target, fault);

    if (table == NULL || sqlite_read_find(&load->file, table, key, json, fault) != 0)
        return -1;
    if (sqlite_file_was_still(&load->file, fault) == 0)
        return 0;
    free(*json);
    *json = NULL;
    return -1;
}

static int
load_older(void *self, uint32_t target, const char *pipeline_version, int64_t *rows, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;
    struct sqlite_table *table = prepared(load, target, fault);

    return table == NULL ? -1 : sqlite_read_older(&load->file, table, pipeline_version, rows, fault);
}

static int
load_audit(void *self, const char *pipeline_id, daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    struct sqlite_load *load = self;

    return sqlite_position_audit(&load->file, &load->position, pipeline_id, each, context, fault);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "sqlite",
    .help = "Rows into tables of an SQLite file; position and rows in one transaction.",
    .abilities = DAYBREAK_TRANSACTIONAL | DAYBREAK_IDEMPOTENT | DAYBREAK_MIRRORS | DAYBREAK_READS_BACK,
    .options = options,
    .self_size = sizeof(struct sqlite_load),
    .open = load_open,
    .close = load_close,
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
