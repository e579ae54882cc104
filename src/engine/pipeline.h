/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_PIPELINE_H
#define ENGINE_PIPELINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "change/change.h"
#include "change/envelope.h"
#include "config/config.h"
#include "engine/position.h"
#include "engine/result.h"
#include "engine/state.h"
#include "ledger/ledger.h"
#include "step/step.h"

struct contract;
struct dead_letters;
struct lookup_files;
struct ring;
struct routes;
struct sink;
struct source;

/* One table on its way: how its columns are bound, and its capture. */
struct pipeline_table {
    const struct config_table *config;
    uint32_t index;
    struct key_maker keys_ahead;       /* of the reading thread, which makes keys and hashes where it waits for the other anyway */
    struct key_maker keys;             /* writing thread, like all below */
    struct change change;
    const struct batch_layout *layout; /* the plans below are made for it */
    struct step_plan plan;
    struct contract *contract;         /* NULL: every row that can be read is taken */
    struct envelope_plan envelope;
    uint32_t prepared;                 /* columns the sink was told of; 0: none yet */
    struct daybreak_list known;        /* source columns of the last finished input */
    char *known_note;                  /* what they were read from; NULL: not yet */
    bool seeded;                       /* its memory was made from the target for this input */
    bool new_columns;                  /* this input has columns that were not known */
    int64_t read;                      /* rows of this input */
};

/*
 * One pipeline, opened by a process that holds its lock. The only place that knows the order of the stages: source, change, step,
 * handoff, sink. Two threads: one reads, types and hashes, the other compares, shapes and writes.
 */
struct pipeline {
    const struct config *config;
    struct state state;
    struct ledger *ledger;
    struct ledger_identity identity;
    struct source *source;
    struct sink *sink;
    struct lookup_files *lookups;
    struct pipeline_table *table;
    uint32_t tables;
    struct ring *ring;
    pthread_t reader;
    bool reading;
    bool all_land;                     /* each row of the input is a change: the reading thread makes keys and types, too */
    volatile int *stop;
    char run[40];
    char trace[56];
    const char *was;
    bool resync, dry_run;
    int64_t limit, limit_left;  /* --limit: rows to read in this run, and how many of them are left; 0: all */
    bool release;               /* what lands now waited for a person: its lag is no figure of the flow */
    struct arena *arena;        /* plans: as long as the pipeline */
    struct position position;   /* in position_arena */
    struct arena *position_arena;
    struct append_file *growing; /* the file under way, of a source that grows */
    struct dead_letters *letters; /* of what is staged */
    struct routes *routes;
    struct lag_set lag;         /* of what is staged */
    bool unsettled;             /* an input landed, and the ledger could not be told yet */
    bool provisional;           /* the ledger holds something for a commit that has not come */
    int64_t first_seen_us;      /* what was there before counts as backlog */
    int64_t last_look_us;       /* of the last applied input: lower bound of what changed since */
    const char *awaited;        /* the input that was named last to wait for its manifest; in arena */
    struct result result;
    void (*progress)(struct pipeline *pipeline, const struct daybreak_input *input, int64_t bytes, int64_t rows);
};

struct pipeline_options {
    const char *was;
    bool resync, dry_run;
    int64_t limit;
    volatile int *stop;
    const char *mode; /* run | follow | resync | decide */
    void (*progress)(struct pipeline *pipeline, const struct daybreak_input *input, int64_t bytes, int64_t rows);
};

/** pipeline_open(config, options, pipeline, busy, fault): lock, ledger, source, sink, claim, memory. Another run holding the lock: 0 with ${busy}
 * true and no pipeline. */
int pipeline_open(const struct config *config, const struct pipeline_options *options, struct pipeline **pipeline, bool *busy,
                  struct daybreak_fault *fault);
/** pipeline_close(pipeline): the run ends with result.status. */
void pipeline_close(struct pipeline *pipeline);

/** pipeline_position_load(pipeline): the position as the target has it; what was not committed is forgotten. */
void pipeline_position_load(struct pipeline *pipeline);

enum pipeline_outcome {
    PIPELINE_DONE,     /* landed, or nothing of it was new */
    PIPELINE_HELD,     /* waits for a person */
    PIPELINE_CHANGED,  /* altered while it was read: look again */
};

/** pipeline_look(pipeline, input, wait, next, fault): the next input that was not taken before. */
int pipeline_look(struct pipeline *pipeline, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
                  struct daybreak_fault *fault);
/** pipeline_input(pipeline, input, outcome, fault): one input from its first byte to its commit. RETRY: nothing of it landed beyond the
 * position, the same call may work later. */
int pipeline_input(struct pipeline *pipeline, const struct daybreak_input *input, enum pipeline_outcome *outcome,
                   struct daybreak_fault *fault);

/* ---- land.c: from a captured batch to its commit ------------------------------------------- */
/** land_bind(pipeline, table, layout, names_all, fault): plans for the layout; the sink learns of new columns. A column that a layout lacks which does
 * not ${names_all} there are is null. ASIDE: the input is to be held. */
int land_bind(struct pipeline *pipeline, struct pipeline_table *table, const struct batch_layout *layout, bool names_all,
              struct daybreak_fault *fault);
/** land_batch(pipeline, input, batch, fault): steps, envelope, stage, dead letters of what was set aside or refused. What does not go on is no
 * change of the batch any more. */
int land_batch(struct pipeline *pipeline, const struct daybreak_input *input, struct batch *batch, struct daybreak_fault *fault);
/** land_withdrawals(pipeline, table, fault): of the keys deleted by the input those the target never took, into table->change.withdrawn. */
int land_withdrawals(struct pipeline *pipeline, struct pipeline_table *table, struct daybreak_fault *fault);
/** land_commit(pipeline, input, fault): everything staged, at pipeline->position. land_rollback: as if nothing had been staged. */
int land_commit(struct pipeline *pipeline, bool input_end, struct daybreak_fault *fault);
void land_rollback(struct pipeline *pipeline);
/** land_forget(pipeline, fault): what the ledger holds provisionally for a commit that did not come is gone. */
int land_forget(struct pipeline *pipeline, struct daybreak_fault *fault);

/* ---- guard.c: what stops a whole input ------------------------------------------------------ */
struct guard_verdict {
    const char *guard;   /* NULL: none tripped */
    char reason[512];
    char evidence[1024]; /* JSON */
    bool deletes_only;   /* keyless rows: creates and updates go on, deletes are withheld */
};

/** guard_judge(table, absent, verdict): the guards of DESIGN 6 on a whole input of one table. */
void guard_judge(const struct pipeline_table *table, int64_t absent, struct guard_verdict *verdict);
/** guard_columns(table, layout, names_all, verdict): drift: columns that are gone. */
void guard_columns(struct pipeline_table *table, const struct batch_layout *layout, bool names_all, struct guard_verdict *verdict);

#endif
