/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Daybreak's own durable memory of one pipeline: STATE/NAME/ledger.db, SQLite in WAL with
 * synchronous=FULL. Exactly one connection writes (whoever holds the pipeline's lock); others open
 * read-only. A happy record costs nothing here: one row a batch.
 *
 * Any thread may call; calls take turns, and from ledger_provisional_begin to its commit or drop
 * the other threads wait. What a call changes is durable when it gives 0, unless it is called
 * between those two: then it is durable with the commit, and gone with the drop. Inside a callback
 * other functions of the ledger may be called.
 *
 * Faults: 70 what only a bug can explain, 74 disk full or failing, 75 the file is busy, 78 damaged,
 * of a newer version, or not a ledger; ASIDE 1 a decision that is not (or no longer) possible.
 */
struct ledger;
struct lag_set;

/** ledger_open(path, write, ledger, fault): with ${write} creates and upgrades it, and checks the
 * whole file when it was not closed in order. Read-only and absent: RETRY status 66. */
int ledger_open(const char *path, bool write, struct ledger **ledger, struct daybreak_fault *fault);
/** ledger_copy(path, ledger, fault): what the ledger at ${path} knows, in memory, empty when there is none: for a run that must leave no
 * trace. All that decides what comes next is in it; batches of settled inputs, earlier runs, lag and evidence are left out. */
int ledger_copy(const char *path, struct ledger **ledger, struct daybreak_fault *fault);
void ledger_close(struct ledger *ledger);
/** ledger_check(ledger, fault): SQLite's quick_check of the whole file; HALT 78 when damaged. */
int ledger_check(struct ledger *ledger, struct daybreak_fault *fault);

/* ---- identity --------------------------------------------------------------------------- */
struct ledger_identity {
    char id[33];             /* 32 hex, drawn at the first run */
    uint8_t secret[16];      /* seeds the hashes of the diff's memory */
    char name[256];          /* the pipeline's name at the last run */
    int64_t created_at_us;
};
/** ledger_identity(ledger, name, identity, fault): drawn (getrandom) and kept at the first call of a
 * writer; a reader finding none gets RETRY 66. identity->name is the stored one: when it differs
 * from ${name} the caller decides, and only ledger_rename stores another. */
int ledger_identity(struct ledger *ledger, const char *name, struct ledger_identity *identity,
                    struct daybreak_fault *fault);
int ledger_rename(struct ledger *ledger, const char *name, struct daybreak_fault *fault);
/** ledger_note_set/get: small named texts that survive (file digest of the last run, source seen
 * since, …). get: "" when absent; malloc'ed. */
int ledger_note_set(struct ledger *ledger, const char *name, const char *value,
                    struct daybreak_fault *fault);
int ledger_note_get(struct ledger *ledger, const char *name, char **value,
                    struct daybreak_fault *fault);

/* ---- runs ------------------------------------------------------------------------------- */
struct ledger_run {
    const char *run, *mode, *version;
    int64_t started_at_us, ended_at_us; /* ended: DAYBREAK_NO_TIME while it runs */
    const char *state;       /* running ended killed */
    int status;              /* exit status, -1 when it has none */
    const char *result;      /* JSON, or NULL */
};
/** ledger_run_begin(ledger, mode, version, run, fault): mode run|follow|resync|decide; ${run} gets a
 * sortable text id such as "20250221T035300Z-0007". A run found without an end is marked killed. */
int ledger_run_begin(struct ledger *ledger, const char *mode, const char *version, char run[40],
                     struct daybreak_fault *fault);
/** ledger_run_end: status and the run's result JSON as printed (NULL: none). */
int ledger_run_end(struct ledger *ledger, const char *run, int status, const char *result,
                   struct daybreak_fault *fault);
/** ledger_runs(ledger, limit, each, context, fault): the latest ${limit} runs, newest first. */
int ledger_runs(struct ledger *ledger, int64_t limit,
                bool (*each)(void *context, const struct ledger_run *run), void *context,
                struct daybreak_fault *fault);

/* ---- checkpoint, as cached or (for targets without transactions) as kept here ------------- */
struct ledger_checkpoint {
    bool found;
    int64_t epoch, released, batch, committed_at_us;
    char *position;          /* malloc'ed by get */
    char *state_mark;        /* malloc'ed by get; what a load without transactions said; or NULL */
    char *intended_mark;     /* provisional: written before such a load's commit; NULL when settled */
};
int ledger_checkpoint_get(struct ledger *ledger, const char *handoff,
                          struct ledger_checkpoint *checkpoint, struct daybreak_fault *fault);
void ledger_checkpoint_fini(struct ledger_checkpoint *checkpoint);
/** ledger_checkpoint_intend(ledger, handoff, mark, fault): durable before the commit of a load
 * without transactions. */
int ledger_checkpoint_intend(struct ledger *ledger, const char *handoff, const char *mark,
                             struct daybreak_fault *fault);
/** ledger_checkpoint_put(ledger, handoff, checkpoint, fault): what a claim answered: epoch, position,
 * released, batch, committed_at_us as the target says; state_mark too. Clears intended_mark. */
int ledger_checkpoint_put(struct ledger *ledger, const char *handoff,
                          const struct ledger_checkpoint *checkpoint, struct daybreak_fault *fault);

/* ---- routes -------------------------------------------------------------------------------- */

/*
 * Where records went: a set of handoffs, and, when that is empty, the filter that took them out. Each has a number that fits into the byte
 * which the memory of a diff keeps for every key; 0 is no route of this table but nowhere at all. Numbers are never given anew.
 */
#define LEDGER_ROUTES 255    /* how many there may be, nowhere included */
struct ledger_route {
    uint8_t number;
    const char *handoffs;    /* JSON array of names, in the order of the pipeline file */
    const char *filter;      /* "" when handoffs took it */
};
typedef bool (*ledger_route_fn)(void *context, const struct ledger_route *route);

/** ledger_routes(ledger, each, context, fault): all there are, by number. */
int ledger_routes(struct ledger *ledger, ledger_route_fn each, void *context, struct daybreak_fault *fault);
/** ledger_route_number(ledger, handoffs, filter, number, fault): the number of this route, a new one where it was never seen; durable before any
 * memory has it. The 256th is HALT status 78. */
int ledger_route_number(struct ledger *ledger, const char *handoffs, const char *filter, uint8_t *number, struct daybreak_fault *fault);

/* ---- dead letters ------------------------------------------------------------------------- */
struct ledger_dead {         /* in: what is set aside; out (listing): all of it, texts lent for the call */
    int64_t id;
    int64_t batch;
    const char *pipeline, *handoff, *table; /* handoff NULL: not routed yet; table NULL: "" */
    const char *stage;       /* source | transform | route | contract | sink */
    const char *rule, *reason, *detail;
    const char *key;         /* readable: "a" or ["a","b"]; NULL when it could not be read */
    const char *key_bytes; uint32_t key_size;  /* encoded key for healing; size 0: none */
    const char *input, *member;
    int64_t line, byte;      /* -1 unknown */
    const char *field;
    const char *value; uint32_t value_size;    /* cut at 4 KiB by the caller; NULL: none */
    const char *record; uint32_t record_size;  /* JSON of the source row by name, or its raw text, for retry; cut at max_record */
    bool record_is_json;
    char op;                 /* c u d r, 0 for an invalid row */
    const char *event_id;    /* hex or NULL */
    int64_t at_us;
    int64_t loops;           /* how often a retry failed */
    const char *state;       /* out: dead delivered filtered dropped healed superseded withdrawn */
};
typedef bool (*ledger_dead_fn)(void *context, const struct ledger_dead *dead);

/*
 * What is set aside in a batch is provisional until that batch landed: nobody sees it or decides on
 * it. One transaction holds all of a batch (or of all batches of one commit):
 *   ledger_provisional_begin, then per batch first ledger_dead_close_key and ledger_dead_withdraw_key
 *   (for letters of earlier batches), then ledger_dead_add; ledger_provisional_commit; the target's
 *   commit; ledger_count, which makes exactly the letters and closings of its batches final.
 * It is skipped when there is nothing to set aside or close.
 */
int ledger_provisional_begin(struct ledger *ledger, struct daybreak_fault *fault);
/** ledger_dead_add(ledger, dead, id, fault): ${id} (D7) may be NULL. Adds to no counts: the caller has
 * counted the record as dead (and invalid) in its batch. */
int ledger_dead_add(struct ledger *ledger, const struct ledger_dead *dead, int64_t *id,
                    struct daybreak_fault *fault);
/* What an input said of a key that has open dead letters. */
enum ledger_key {
    LEDGER_KEY_GONE,    /* deleted */
    LEDGER_KEY_CHANGED, /* a good row, and a new version */
    LEDGER_KEY_SAME,    /* a good row equal to the version that is remembered; that one may be the very record that was refused */
};
/** ledger_dead_close_key(ledger, table, key_bytes, key_size, said, batch, counts, fault): the open dead letters of a key end when ${batch}
 * lands: a good row heals invalid ones, a new version supersedes the others too; a delete supersedes all. Adds dead −1, healed +1 or
 * superseded +1 for each to ${counts} of that batch. */
int ledger_dead_close_key(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size, enum ledger_key said,
                          int64_t batch, struct daybreak_counts *counts, struct daybreak_fault *fault);
/** ledger_dead_open(ledger, table, key_bytes, key_size, fault): 1 when a dead letter of the key is open, 0 when not, -1 fault. */
int ledger_dead_open(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size, struct daybreak_fault *fault);
/** ledger_dead_undelivered(ledger, table, key_bytes, key_size, fault): 1 when a version of the key that a step or the target refused is open
 * and none was delivered before it, 0 when not, -1 fault. */
int ledger_dead_undelivered(struct ledger *ledger, const char *table, const char *key_bytes, uint32_t key_size,
                            struct daybreak_fault *fault);
/** ledger_dead_withdraw_key: the same for a delete of a key that was never delivered: all end as
 * withdrawn (dead −1, withdrawn +1); the delete itself is counted by the caller. */
int ledger_dead_withdraw_key(struct ledger *ledger, const char *table, const char *key_bytes,
                             uint32_t key_size, int64_t batch, struct daybreak_counts *counts,
                             struct daybreak_fault *fault);
/** ledger_dead_retry(ledger, id, actor, reason, filtered, batch, counts, fault): D7 goes the road again and is
 * delivered when ${batch} lands (dead −1, delivered +1 in ${counts}), or, if it is ${filtered}, taken out by a filter
 * (delivered +1 all the same: the caller has counted it as filtered instead); evidence is written. ASIDE 1
 * when it is not open. ledger_dead_again: the road refused it again: it stays dead for what ${why} says (handoff, stage,
 * rule, reason, detail, field, value), loops + 1; a call of its own, never between begin and commit of the batch that failed. */
int ledger_dead_retry(struct ledger *ledger, int64_t id, const char *actor, const char *reason, bool filtered,
                      int64_t batch, struct daybreak_counts *counts, struct daybreak_fault *fault);
int ledger_dead_again(struct ledger *ledger, int64_t id, const char *actor, const struct ledger_dead *why,
                      struct daybreak_fault *fault);
/** ledger_dead_keys(ledger, table, each, context, fault): encoded keys of open dead letters, provisional
 * ones included, each once, so that capture asks only for those. */
int ledger_dead_keys(struct ledger *ledger, const char *table,
                     bool (*each)(void *context, const char *key, uint32_t size), void *context,
                     struct daybreak_fault *fault);
int ledger_provisional_commit(struct ledger *ledger, struct daybreak_fault *fault);
void ledger_provisional_drop(struct ledger *ledger);
/** ledger_unlanded(ledger, handoff, landed, fault): at start, after the claim: provisional letters and
 * closings of batches above ${landed} never happened and go; those up to it become final with
 * ledger_count of their batch, whose row the target's audit gives. */
int ledger_unlanded(struct ledger *ledger, const char *handoff, int64_t landed,
                    struct daybreak_fault *fault);

/** ledger_dead_list(ledger, open_only, each, context, fault): oldest first; never a provisional one.
 * ledger_dead_find: the one of that id; gives 1 when found, 0 when not. */
int ledger_dead_list(struct ledger *ledger, bool open_only, ledger_dead_fn each, void *context,
                     struct daybreak_fault *fault);
int ledger_dead_find(struct ledger *ledger, int64_t id, ledger_dead_fn each, void *context,
                     struct daybreak_fault *fault);
/** ledger_dead_count(ledger, open, oldest_at_us, fault): oldest: DAYBREAK_NO_TIME when none is open. */
int ledger_dead_count(struct ledger *ledger, int64_t *open, int64_t *oldest_at_us,
                      struct daybreak_fault *fault);
/** ledger_dead_drop(ledger, id, actor, reason, fault): dead → dropped, counted as a decision of its own
 * (dead −1, dropped +1) and written as evidence, in one commit; a second decision is ASIDE status 1
 * and changes nothing. */
int ledger_dead_drop(struct ledger *ledger, int64_t id, const char *actor, const char *reason,
                     struct daybreak_fault *fault);

/* ---- batches ------------------------------------------------------------------------------ */
/** ledger_count(ledger, handoff, checkpoint, rows, count, lags, fault): the batches landed: one
 * transaction that writes their rows, makes their provisional dead letters and closings final, caches
 * the checkpoint (clearing intended_mark; NULL: left as it is), and merges ${lags} (may be NULL) into
 * the histograms of the minute of checkpoint->committed_at_us (0: now). Batches already there are
 * left as they are, and with none new ${lags} is not merged: after a crash it takes over every row
 * of the target's audit. The law is checked cumulatively: unbalanced is HALT status 70. */
int ledger_count(struct ledger *ledger, const char *handoff,
                 const struct ledger_checkpoint *checkpoint, const struct daybreak_batch_row *rows,
                 uint32_t count, const struct lag_set *lags, struct daybreak_fault *fault);
/** ledger_totals: cumulative counts of all batches and decisions, as kept with every commit. */
int ledger_totals(struct ledger *ledger, struct daybreak_counts *counts,
                  struct daybreak_fault *fault);
/** ledger_run_totals: net counts of the batches and decisions of one run. */
int ledger_run_totals(struct ledger *ledger, const char *run, struct daybreak_counts *counts,
                      struct daybreak_fault *fault);
/** ledger_recount(ledger, counts, fault): the same counted anew from the rows; HALT 70 when they are not
 * the kept totals, do not balance, or are not matched by the dead letters stored (open, dropped,
 * superseded, withdrawn, healed). */
int ledger_recount(struct ledger *ledger, struct daybreak_counts *counts,
                   struct daybreak_fault *fault);
/** ledger_balanced(counts, why): the two equations of the law; ${why} says which fails, with its
 * figures ("" when balanced). */
bool ledger_balanced(const struct daybreak_counts *counts, char why[256]);
/** ledger_add(sum, counts): every count of ${counts} added to ${sum}. */
void ledger_add(struct daybreak_counts *sum, const struct daybreak_counts *counts);
/** ledger_batches(ledger, after, each, context, fault): every landed batch above number ${after} in
 * order, decisions left out (for verify, tail). Texts are lent for the call. */
int ledger_batches(struct ledger *ledger, int64_t after, daybreak_audit_fn each, void *context,
                   struct daybreak_fault *fault);

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
typedef bool (*ledger_input_fn)(void *context, const struct ledger_input *input);

/** ledger_input_taken(ledger, name, fingerprint, state, fault): 1 when this state of the file was taken
 * before and nothing is left to do with it (its state is put into ${state}); 0 when it is to be read:
 * never seen (${state} is ""), killed while it was read ("reading"), or "approved"; -1 fault. */
int ledger_input_taken(struct ledger *ledger, const char *name, const char *fingerprint,
                       char state[16], struct daybreak_fault *fault);
/** ledger_input_add(ledger, input, id, fault): taken; input->state NULL is "reading". The same name and
 * fingerprint found in state reading or approved is that input again and keeps its id; an approved
 * one stays approved while it is read, so that a kill does not cost the approval. */
int ledger_input_add(struct ledger *ledger, const struct ledger_input *input, int64_t *id,
                     struct daybreak_fault *fault);
/** ledger_input_digest(ledger, id, digest, order, fault): what became known only while it was read;
 * NULL leaves as it is. */
int ledger_input_digest(struct ledger *ledger, int64_t id, const char *digest, const char *order,
                        struct daybreak_fault *fault);
/** ledger_input_end(ledger, id, state, guard, reason, evidence, rows, last_batch, fault): only moves of
 * the inputs' table: reading and approved → any, held → approved rejected superseded, cut →
 * superseded; any other is ASIDE 1. NULL texts and ${rows}, ${last_batch} of -1 leave what is there. */
int ledger_input_end(struct ledger *ledger, int64_t id, const char *state, const char *guard,
                     const char *reason, const char *evidence, int64_t rows, int64_t last_batch,
                     struct daybreak_fault *fault);
/** ledger_input_decide(ledger, id, state, actor, reason, fault): a person's word on a held input:
 * "approved" or "rejected", with evidence, in one commit; a second decision is ASIDE status 1. */
int ledger_input_decide(struct ledger *ledger, int64_t id, const char *state, const char *actor,
                        const char *reason, struct daybreak_fault *fault);
/** ledger_input_supersede(ledger, by, fault): every older input that is held, cut off, or approved and not read since, is superseded by the good
 * one ${by}. */
int ledger_input_supersede(struct ledger *ledger, int64_t by, struct daybreak_fault *fault);
/** ledger_inputs(ledger, state, each, context, fault): NULL state: all; oldest first. */
int ledger_inputs(struct ledger *ledger, const char *state, ledger_input_fn each, void *context,
                  struct daybreak_fault *fault);
/** ledger_input_by_digest: 1 found (id and order of the latest), 0 not; only applied inputs (done): an
 * approved one is not applied yet. ledger_input_same_size: 1 when an applied input has that many
 * bytes (a digest beforehand is worth while). */
int ledger_input_by_digest(struct ledger *ledger, const char *digest, int64_t *id, char order[512],
                           struct daybreak_fault *fault);
int ledger_input_same_size(struct ledger *ledger, int64_t bytes, struct daybreak_fault *fault);
/** ledger_input_unchanged(ledger, name, digest, fault): 1 when what was applied last under this name is this very content:
 * the file was only touched, moved to another disk or restored. */
int ledger_input_unchanged(struct ledger *ledger, const char *name, const char *digest, struct daybreak_fault *fault);
/** ledger_input_last(ledger, input, fault): the one applied last; 1 found, 0 none; texts are malloc'ed
 * together, free with ledger_input_fini. */
int ledger_input_last(struct ledger *ledger, struct ledger_input *input,
                      struct daybreak_fault *fault);
void ledger_input_fini(struct ledger_input *input);

/* ---- evidence ----------------------------------------------------------------------------- */
struct ledger_evidence {
    int64_t id, at_us;
    const char *verb, *subject, *actor, *reason, *facts;
};
/** ledger_evidence(ledger, verb, subject, actor, reason, facts, fault): one line of evidence: ${verb} was
 * done to ${subject} (D7, I3, a run); ${facts} is JSON or NULL. Each line holds the SHA-256 of itself
 * and the hash of the line before. */
int ledger_evidence(struct ledger *ledger, const char *verb, const char *subject, const char *actor,
                    const char *reason, const char *facts, struct daybreak_fault *fault);
/** ledger_evidence_list(ledger, subject, each, context, fault): oldest first; NULL subject: all. */
int ledger_evidence_list(struct ledger *ledger, const char *subject,
                         bool (*each)(void *context, const struct ledger_evidence *evidence),
                         void *context, struct daybreak_fault *fault);
/** ledger_evidence_verify: recounts the chain to the head that is kept apart; HALT 70 names the first
 * broken line, a line cut off at the end included. */
int ledger_evidence_verify(struct ledger *ledger, struct daybreak_fault *fault);

/* ---- lag (hops.h has the set itself) ------------------------------------------------------- */
enum lag_hop {
    LAG_PRODUCTION,   /* changed → visible */
    LAG_DETECTION,    /* visible → read */
    LAG_PROCESSING,   /* read → ready */
    LAG_DELIVERY,     /* ready → loaded */
    LAG_CONFIRMATION, /* loaded → confirmed */
    LAG_END_TO_END,   /* changed → loaded */
    LAG_ADDRESSABLE,  /* visible → loaded */
    LAG_HOPS,
};
enum lag_basis {
    LAG_SOURCE_TIME,
    LAG_NAME_TIME,
    LAG_FILE_TIME,
    LAG_BOUNDED,
    LAG_OBSERVED,
    LAG_BASES,
};
extern const char *const lag_hop_name[];   /* "production", …, "end_to_end", "addressable" */
extern const char *const lag_basis_name[]; /* "source_time", … */
/** ledger_lag_sum(ledger, since_us, until_us, set, fault): what landed in [since, until), added to ${set}.
 * Minutes become hours after 2 days and days after 90; such a span counts by its beginning. */
int ledger_lag_sum(struct ledger *ledger, int64_t since_us, int64_t until_us, struct lag_set *set,
                   struct daybreak_fault *fault);

#endif
