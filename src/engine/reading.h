/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_READING_H
#define ENGINE_READING_H

#include "engine/pipeline.h"

struct batch;

/* The mark of an input that was compared and has landed in part. */
#define READING_COMPARED "landing"

/* The input under way, as those know it who bring it from its first byte to its commit. */
struct reading {
    struct pipeline *p;
    const struct daybreak_input *input;
    int64_t id;
    bool approved;       /* a person let it through: guards are not asked */
    bool deletes_only;   /* its rows were taken before, its deletes withheld until now */
    bool first;          /* nothing was there before: rows land as they come */
    bool append;
    bool against_target; /* compared with the target itself, not with what is remembered of it */
    bool committed;      /* something of it landed already */
    char *landed_digest, *landed_part, *landed_mark; /* how far the target was; "" when that was the end of an input */
    bool landed_end;
    bool skipping;       /* this one had landed in part when the run before was ended; up to that place it lands no more */
    int64_t rows, uncommitted_since_ms;
    uint32_t uncommitted;
    char digest[33];
    char order[600];
};

/* ---- input.c ------------------------------------------------------------------------------- */
/** input_hold(r, guard, reason, evidence, state): it waits for a person ("held"), or was cut off after a part of it had landed ("cut"). */
void input_hold(struct reading *r, const char *guard, const char *reason, const char *evidence, const char *state);
/** input_digest(r, fault): what the input is called from now on; the connector hashed what was read on the way. */
int input_digest(struct reading *r, struct daybreak_fault *fault);

/* ---- arrival.c: has it been here before? ---------------------------------------------------- */
/** arrival_begin(r, outcome, fault): the input is known to the ledger, and how it is to be read is decided. 1: it is settled already, by its content
 * or its age. */
int arrival_begin(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault);

/* ---- reader.c: the reading thread ------------------------------------------------------------ */
int reader_start(struct pipeline *p, struct daybreak_fault *fault);
/** reader_join(p): ends it wherever it is; nothing when it is not running. */
void reader_join(struct pipeline *p);

/* ---- passage.c: what of an input lands when -------------------------------------------------- */
/** passage_resumed(r): had it landed in part when the run before was ended? */
bool passage_resumed(const struct reading *r);
/** passage_landed(r, batch): the batch is of what had landed before: it is counted as seen, and lands no more. */
bool passage_landed(struct reading *r, struct batch *batch);
/** passage_now(r, batch, fault): first load and append: the batch lands as it came. */
int passage_now(struct reading *r, struct batch *batch, struct daybreak_fault *fault);
/** passage_spool(r, fault): a compared input: its changes come out of the spool. */
int passage_spool(struct reading *r, struct daybreak_fault *fault);
/** passage_counts(r, table, fault): a batch with nothing but counts, so that every input that ended has its commit. */
int passage_counts(struct reading *r, uint32_t table, struct daybreak_fault *fault);

#endif
