/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_POSITION_H
#define SQLITE_POSITION_H

#include "sqlite_table.h"

/* What the target knows of a route: the checkpoint, and the batches that landed. */
struct sqlite_position {
    char *pipeline, *pipeline_id, *handoff;
    struct daybreak_checkpoint now; /* position is `held` */
    char *held;
    bool claimed;
};

/** sqlite_position_claim(file, position, claim, fault): raise the epoch in a transaction of its own;
 * read-only: only look. */
int sqlite_position_claim(struct sqlite_file *file, struct sqlite_position *position, const struct daybreak_claim *claim,
                          struct daybreak_fault *fault);
/** sqlite_position_check(file, position, fault): inside a transaction: HALT 75 when another run has raised the
 * epoch or moved on. */
int sqlite_position_check(struct sqlite_file *file, const struct sqlite_position *position, struct daybreak_fault *fault);
/** sqlite_position_move(file, position, commit, fault): batch rows, and the compare-and-set of the checkpoint.
 * The caller commits, then calls sqlite_position_moved. */
int sqlite_position_move(struct sqlite_file *file, const struct sqlite_position *position,
                         const struct daybreak_commit *commit, struct daybreak_fault *fault);
void sqlite_position_moved(struct sqlite_position *position, const struct daybreak_commit *commit);
int sqlite_position_audit(struct sqlite_file *file, const struct sqlite_position *position, const char *pipeline_id,
                          daybreak_audit_fn each, void *context, struct daybreak_fault *fault);
void sqlite_position_fini(struct sqlite_position *position);

#endif
