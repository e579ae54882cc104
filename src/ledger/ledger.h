/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "base/json.h"

/*
 * Daybreak's own durable memory of one pipeline: STATE/NAME/ledger.db, SQLite in WAL with synchronous=FULL. Exactly one connection
 * writes (whoever holds the pipeline's lock); others open read-only. A happy record costs nothing here: one row a batch.
 */
struct ledger;

/** ledger_open(path, write, ledger, fault): with ${write} creates and upgrades it. Read-only and absent: RETRY status 66. */
int ledger_open(const char *path, bool write, struct ledger **ledger, struct daybreak_fault *fault);
void ledger_close(struct ledger *ledger);

/* ---- identity --------------------------------------------------------------------------- */
struct ledger_identity {
    char id[33];             /* 32 hex, drawn at the first run */
    uint8_t secret[16];      /* seeds the hashes of the diff's memory */
    char name[256];          /* the pipeline's name at the last run */
    int64_t created_at_us;
};
/** ledger_identity(ledger, name, identity, fault): drawn (getrandom) and kept at the first call of a writer. A different name is stored
 * by ledger_rename only. */
int ledger_identity(struct ledger *ledger, const char *name, struct ledger_identity *identity, struct daybreak_fault *fault);
int ledger_rename(struct ledger *ledger, const char *name, struct daybreak_fault *fault);
/** ledger_note_set/get: small named texts that survive (file digest of the last run, source seen since, …). get: "" when absent; malloc'ed. */
int ledger_note_set(struct ledger *ledger, const char *name, const char *value, struct daybreak_fault *fault);
int ledger_note_get(struct ledger *ledger, const char *name, char **value, struct daybreak_fault *fault);

/* ---- runs ------------------------------------------------------------------------------- */
/** ledger_run_begin(ledger, mode, version, run, fault): mode run|follow|resync|decide; ${run} gets a sortable text id such as
 * "20250221T035300Z-0007". A run found without an end is marked killed. */
int ledger_run_begin(struct ledger *ledger, const char *mode, const char *version, char run[40], struct daybreak_fault *fault);
/** ledger_run_end: status and the run's result JSON as printed. */
int ledger_run_end(struct ledger *ledger, const char *run, int status, const char *result, struct daybreak_fault *fault);

/* ---- checkpoint, as cached or (for targets without transactions) as kept here ------------- */
struct ledger_checkpoint {
    bool found;
    int64_t epoch, released, batch, committed_at_us;
    char *position;          /* malloc'ed by get */
    char *state_mark;        /* malloc'ed by get; what a load without transactions said */
    char *intended_mark;     /* provisional: written before such a load's commit; NULL when settled */
};
int ledger_checkpoint_get(struct ledger *ledger, const char *handoff, struct ledger_checkpoint *checkpoint, struct daybreak_fault *fault);
void ledger_checkpoint_fini(struct ledger_checkpoint *checkpoint);
/** ledger_checkpoint_intend(ledger, handoff, mark, fault): durable before the commit of a load without transactions. */
int ledger_checkpoint_intend(struct ledger *ledger, const char *handoff, const char *mark, struct daybreak_fault *fault);

/* ---- batches: one transaction from provisional to final ----------------------------------- */
struct ledger_dead {         /* in: what is set aside; out (listing): all of it */
    int64_t id;
    int64_t batch;
    const char *pipeline, *handoff, *table;
    const char *stage;       /* source | transform | route | contract | sink */
    const char *rule, *reason, *detail;
    const char *key;         /* readable: "a" or ["a","b"]; NULL when it could not be read */
    const char *key_bytes; uint32_t key_size;  /* encoded key for healing; size 0: none */
    const char *input, *member;
    int64_t line, byte;      /* -1 unknown */
    const char *field;
    const char *value; uint32_t value_size;    /* cut at 4 KiB by the caller */
    const char *record; uint32_t record_size;  /* JSON of the source row by name, or its raw text, for retry; cut at max_record */
    bool record_is_json;
    char op;                 /* c u d r, 0 for an invalid row */
    const char *event_id;    /* hex or NULL */
    int64_t at_us;
    int64_t loops;
    const char *state;       /* out: provisional dead dropped healed superseded withdrawn released */
};

/** ledger_dead_add(ledger, dead, fault): provisional in the open provisional transaction of batch dead->batch. */
int ledger_provisional_begin(struct ledger *ledger, struct daybreak_fault *fault);
int ledger_dead_add(struct ledger *ledger, const struct ledger_dead *dead, int64_t *id, struct daybreak_fault *fault);
/** ledger_dead_close_key(ledger, table, key, size, invalid_too, state, by, batch, fault): provisional closing of the open dead letters
 * of a key when batch lands: invalid ones → healed (only when ${good_row}), all else → superseded; adds to ${counts}. */
int ledger_dead_close_key(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size, bool good_row,
                          int64_t batch, struct daybreak_counts *counts, struct daybreak_fault *fault);
/** ledger_dead_keys(ledger, table, each, context, fault): encoded keys of open dead letters, so that capture asks only for those. */
int ledger_dead_keys(struct ledger *ledger, const char *table, bool (*each)(void *context, const char *key, uint32_t size),
                     void *context, struct daybreak_fault *fault);
int ledger_provisional_commit(struct ledger *ledger, struct daybreak_fault *fault);
void ledger_provisional_drop(struct ledger *ledger);
/** ledger_unlanded(ledger, landed, fault): at start: provisional rows of batches above ${landed} never happened; those up to it did. */
int ledger_unlanded(struct ledger *ledger, const char *handoff, int64_t landed, struct daybreak_fault *fault);

struct ledger_batch {
    const struct daybreak_batch_row *row;
    const struct ledger_lag *lag;    /* NULL: none */
};
struct lag_set;
/** ledger_count(ledger, handoff, checkpoint, rows, count, lags, fault): the batches landed: one transaction that writes their rows,
 * makes their provisional dead letters final, caches the checkpoint (clearing intended_mark), and merges ${lags} into the minute's
 * histograms. Batches already there are left as they are. The law is checked cumulatively: unbalanced is HALT status 70. */
int ledger_count(struct ledger *ledger, const char *handoff, const struct ledger_checkpoint *checkpoint,
                 const struct daybreak_batch_row *rows, uint32_t count, const struct lag_set *lags, struct daybreak_fault *fault);
/** ledger_totals: cumulative counts of all batches and decisions. ledger_balanced: the two equations of DESIGN 5; ${why} says which
 * fails (room 256). */
int ledger_totals(struct ledger *ledger, struct daybreak_counts *counts, struct daybreak_fault *fault);
bool ledger_balanced(const struct daybreak_counts *counts, char why[256]);
/** ledger_batches: every batch row in order (for verify, tail). ledger_rebuild: rows the target has and the ledger has not are taken over
 * from it. */
int ledger_batches(struct ledger *ledger, int64_t after, daybreak_audit_fn each, void *context, struct daybreak_fault *fault);

/* ---- inputs ----------------------------------------------------------------------------- */
struct ledger_input {
    int64_t id;              /* I3 */
    const char *name, *fingerprint;
    const char *digest;      /* 32 hex or "" */
    int64_t bytes;
    const char *order;       /* sortable: time and name */
    int64_t time_us, visible_at_us, taken_at_us, ended_at_us;
    const char *state;       /* reading done repeated held approved rejected superseded skipped cut */
    const char *guard, *reason; /* why held */
    const char *evidence;    /* JSON */
    int64_t rows, first_batch, last_batch;
    const char *run;
};
/** ledger_input_taken(ledger, name, fingerprint, state, fault): 1 when this state of the file was taken before (its state name is put into
 * ${state}), 0 when not, -1 fault. */
int ledger_input_taken(struct ledger *ledger, const char *name, const char *fingerprint, char state[16], struct daybreak_fault *fault);
int ledger_input_add(struct ledger *ledger, const struct ledger_input *input, int64_t *id, struct daybreak_fault *fault);
/** ledger_input_move(ledger, id, state, …): only moves of the input's little table of states; ${by} and ${why} may be NULL. */
int ledger_input_end(struct ledger *ledger, int64_t id, const char *state, const char *guard, const char *reason, const char *evidence,
                     int64_t rows, int64_t last_batch, struct daybreak_fault *fault);
/** ledger_inputs(ledger, state, each, context, fault): NULL state: all; oldest first. */
int ledger_inputs(struct ledger *ledger, const char *state, bool (*each)(void *context, const struct ledger_input *input), void *context,
                  struct daybreak_fault *fault);
/** ledger_input_by_digest: 1 found (id, order), 0 not; only inputs of state done or approved. ledger_input_sizes: is there an
 * applied input of that many bytes (a digest beforehand is worth while)? */
int ledger_input_by_digest(struct ledger *ledger, const char *digest, int64_t *id, char order[512], struct daybreak_fault *fault);
int ledger_input_same_size(struct ledger *ledger, int64_t bytes, struct daybreak_fault *fault);
/** ledger_input_last(ledger, input, fault): the last applied one; texts malloc'ed together, free with ledger_input_fini. 0 or 1 found. */
int ledger_input_last(struct ledger *ledger, struct ledger_input *input, struct daybreak_fault *fault);
void ledger_input_fini(struct ledger_input *input);

/* ---- decisions on dead letters, evidence -------------------------------------------------- */
/** ledger_dead_list(ledger, open_only, each, context, fault). ledger_dead_find: one by id. */
int ledger_dead_list(struct ledger *ledger, bool open_only, bool (*each)(void *context, const struct ledger_dead *dead), void *context,
                     struct daybreak_fault *fault);
int ledger_dead_count(struct ledger *ledger, int64_t *open, int64_t *oldest_at_us, struct daybreak_fault *fault);
/** ledger_decide(ledger, verb, subject, actor, reason, facts, fault): one line of evidence, chained by SHA-256? by XXH3-128 of the line
 * before; also given for drops, approvals, rejections. */
int ledger_evidence(struct ledger *ledger, const char *verb, const char *subject, const char *actor, const char *reason,
                    const char *facts, struct daybreak_fault *fault);
/** ledger_dead_drop(ledger, id, actor, reason, fault): dead → dropped, counted as a batch of its own kind; a second decision is ASIDE
 * status 1 and changes nothing. */
int ledger_dead_drop(struct ledger *ledger, int64_t id, const char *actor, const char *reason, struct daybreak_fault *fault);
/** ledger_evidence_verify: recounts the chain; HALT 70 names the first broken line. */
int ledger_evidence_verify(struct ledger *ledger, struct daybreak_fault *fault);

/* ---- lag -------------------------------------------------------------------------------- */
enum lag_hop { LAG_PRODUCTION, LAG_DETECTION, LAG_PROCESSING, LAG_DELIVERY, LAG_CONFIRMATION, LAG_END_TO_END, LAG_ADDRESSABLE, LAG_HOPS };
enum lag_basis { LAG_SOURCE_TIME, LAG_NAME_TIME, LAG_FILE_TIME, LAG_BOUNDED, LAG_OBSERVED, LAG_BASES };
extern const char *const lag_hop_name[];   /* "production", …, "end_to_end", "addressable" */
extern const char *const lag_basis_name[]; /* "source_time", … */

#endif
