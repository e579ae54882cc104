/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "daybreak/connector.h"

struct batch;
struct instance;
struct lag_set;
struct ledger;
struct ledger_identity;

/*
 * The last station: one load connector with its tables, and the one commit that makes rows, counts and position durable. Loads
 * that have no transactions (files) get the same order from the ledger: intent, commit, settled. Writing thread.
 */
struct sink {
    const struct config *config;
    const struct config_sink *settings;
    struct instance *load;
    struct ledger *ledger;               /* lent */
    const char *pipeline_id;             /* lent */
    struct daybreak_target *target;      /* by table */
    uint32_t targets;
    bool prepared, open, first_run;      /* open: something is staged */
    bool follows;                        /* set before the claim: the run has no end, a file that stands for it ends with each input */
    bool rehearses;                      /* set before the claim: a dry run; the target is only looked at, a commit only counts */
    bool at_end;                         /* nothing but whole inputs has landed in this run: sink_end may close its file */
    int64_t epoch, released, batch, committed_at_us;
    char *position;                      /* as the target has it */
    struct arena *pending;               /* batch rows staged since the last commit */
    struct daybreak_batch_row *row;
    struct daybreak_story *story;
    uint32_t rows, room;
    int64_t staged_changes;
    bool uncertain;                      /* a commit failed so that only the next claim tells what became of it; nothing is staged again */
};

/** sink_open(config, stop, sink, fault): loads and opens the connector; touches no target yet. */
int sink_open(const struct config *config, volatile int *stop, struct sink **sink, struct daybreak_fault *fault);
void sink_close(struct sink *sink);
bool sink_transactional(const struct sink *sink);
uint32_t sink_abilities(const struct sink *sink);
const char *sink_connector(const struct sink *sink);

/** sink_claim(sink, ledger, identity, was, resync, fault): raise the epoch; position, batch and epoch are then what the target says, and the
 * ledger knows every batch that the target has. With ${resync} a target or a state that was lost or restored is taken as it is: batches
 * are numbered behind both, and the note SINK_VERIFY_AFTER says up to where the two cannot be compared any more. */
int sink_claim(struct sink *sink, struct ledger *ledger, const struct ledger_identity *identity, const char *was, bool resync,
               struct daybreak_fault *fault);
#define SINK_VERIFY_AFTER "verify_after"
/** sink_look(sink, ledger, identity, fault): stand where sink_claim would, but raise no epoch and create nothing: for those who only read. */
int sink_look(struct sink *sink, struct ledger *ledger, const struct ledger_identity *identity, struct daybreak_fault *fault);
/** sink_audit: every batch the target has of this pipeline, in order; only where the load is transactional. */
int sink_audit(struct sink *sink, daybreak_audit_fn each, void *context, struct daybreak_fault *fault);
/** sink_find(sink, table, column, columns, key, json, fault): what the target holds of a key: JSON {"row", "provenance", "history"}, malloc'ed; ${column}
 * are the target's key columns, ${key} their canonical texts. ${json} is NULL when this target cannot be asked. After sink_look. */
int sink_find(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns, const struct daybreak_text *key,
              char **json, struct daybreak_fault *fault);
/** sink_older(sink, table, column, columns, rows, fault): how many rows of a table still stand as another version of the pipeline file wrote them; -1
 * when this target cannot tell. ${column} are its key columns. After sink_look. */
int sink_older(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns, int64_t *rows,
               struct daybreak_fault *fault);
/** sink_prepare(sink, table, columns, count, fault): the columns a table has now; called again when some came. */
int sink_prepare(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns, struct daybreak_fault *fault);
/** sink_table_name(config, table, name): the target's name of a table, {table} filled in; name has room 256. */
void sink_table_name(const struct config *config, uint32_t table, char name[256]);

/** sink_stage(sink, batch, fault): number the batch, set its loaded_at, stage its changes. Refused ones stand in batch->refused. A batch without
 * changes only carries counts. sink_row: the counts of the batch staged last may be changed until the commit. */
int sink_stage(struct sink *sink, struct batch *batch, struct daybreak_fault *fault);
struct daybreak_counts *sink_row(struct sink *sink);
/** sink_commit(sink, position, input_end, lags, fault): one commit of all that is staged. What is provisional in the ledger is durable by then; it and
 * the batch rows are final afterwards. The rows stay readable until sink_settled. */
int sink_commit(struct sink *sink, const char *position, bool input_end, const struct lag_set *lags, struct daybreak_fault *fault);
void sink_settled(struct sink *sink);
/** sink_end(sink, fault): the run is over: a file that stands for it is whole, unless an input broke off in it. Again: does nothing. */
int sink_end(struct sink *sink, struct daybreak_fault *fault);
void sink_rollback(struct sink *sink);

#endif
