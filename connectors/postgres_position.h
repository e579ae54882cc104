/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_POSITION_H
#define POSTGRES_POSITION_H

#include "postgres_wire.h"

/* What the target knows of a route: the checkpoint, and the batches that landed. */
struct postgres_position {
    char *pipeline, *pipeline_id, *handoff;
    struct daybreak_checkpoint now; /* position is `held` */
    char *held;
    bool claimed;
    bool there; /* our tables are */
};

/** postgres_position_claim(wire, position, claim, fault): raise the epoch in a transaction of its own; read-only: only look. A writer of the
 * same route that holds its row for longer than the wait for locks, without doing anything, is ended: it was passed. */
int postgres_position_claim(struct postgres_wire *wire, struct postgres_position *position, const struct daybreak_claim *claim,
                            struct daybreak_fault *fault);
/** postgres_position_check(wire, position, fault): inside a transaction: takes the route's row; HALT 75 when another run has raised the epoch
 * or moved on. */
int postgres_position_check(struct postgres_wire *wire, const struct postgres_position *position, struct daybreak_fault *fault);
/** postgres_position_move(wire, position, commit, fault): batch rows, and the compare-and-set of the checkpoint. The caller commits, then calls
 * postgres_position_moved. */
int postgres_position_move(struct postgres_wire *wire, const struct postgres_position *position, const struct daybreak_commit *commit,
                           struct daybreak_fault *fault);
void postgres_position_moved(struct postgres_position *position, const struct daybreak_commit *commit);
/** postgres_position_landed(wire, position, commit, landed, fault): behind an answer that was lost: what the target says became of the commit.
 * The transaction that was lost is over when this gives 0. */
int postgres_position_landed(struct postgres_wire *wire, const struct postgres_position *position, const struct daybreak_commit *commit,
                             bool *landed, struct daybreak_fault *fault);
int postgres_position_audit(struct postgres_wire *wire, const struct postgres_position *position, const char *pipeline_id,
                            daybreak_audit_fn each, void *context, struct daybreak_fault *fault);
void postgres_position_fini(struct postgres_position *position);

/** postgres_position_number(result, row, column): a number; 0 for null. */
int64_t postgres_position_number(const PGresult *result, int row, int column);

#endif
