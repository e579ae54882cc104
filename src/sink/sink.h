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
    int64_t epoch, released, batch, committed_at_us;
    char *position;                      /* as the target has it */
    struct arena *pending;               /* batch rows staged since the last commit */
    struct daybreak_batch_row *row;
    struct daybreak_story *story;
    uint32_t rows, room;
    int64_t staged_changes;
};

/** sink_open(config, stop, sink, fault): loads and opens the connector; touches no target yet. */
int sink_open(const struct config *config, volatile int *stop, struct sink **sink, struct daybreak_fault *fault);
void sink_close(struct sink *sink);
bool sink_transactional(const struct sink *sink);
uint32_t sink_abilities(const struct sink *sink);
const char *sink_connector(const struct sink *sink);

/** sink_claim(sink, ledger, identity, was, read_only, fault): raise the epoch; position, batch and epoch are then what the target says, and the
 * ledger knows every batch that the target has. */
int sink_claim(struct sink *sink, struct ledger *ledger, const struct ledger_identity *identity, const char *was, bool read_only,
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
 * the batch rows are final afterwards. */
int sink_commit(struct sink *sink, const char *position, bool input_end, const struct lag_set *lags, struct daybreak_fault *fault);
void sink_rollback(struct sink *sink);

#endif
