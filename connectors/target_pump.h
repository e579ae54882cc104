/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second pair of hands for target files: one full buffer is written to disk while the next is filled. A commit, a rollback and a
 * close wait for it, so that nobody else ever looks at a file that is being written. Small commits never come here: what does not
 * fill a buffer is written by the commit itself.
 */
#ifndef CONNECTORS_TARGET_PUMP_H
#define CONNECTORS_TARGET_PUMP_H

#include <stddef.h>

#include <daybreak/connector.h>

struct target_file;
struct target_set;
struct target_pump;

/* How a buffer is written: on the pump's thread, one at a time. */
typedef int (*target_pump_fn)(struct target_set *set, struct target_file *file, const char *bytes, size_t size,
                              struct daybreak_fault *fault);

/** target_pump_give(pump, set, file, write, fault): hands over the file's full buffer and gives it the one before in exchange, as soon as
 * that is written; its failure is told here. Starts the thread at first use; where there can be none, writes at once. */
int target_pump_give(struct target_pump **pump, struct target_set *set, struct target_file *file, target_pump_fn write,
                     struct daybreak_fault *fault);
/** target_pump_wait(pump, fault): until nothing is under way. A failure is told once. NULL is nothing. */
int target_pump_wait(struct target_pump *pump, struct daybreak_fault *fault);
/** target_pump_free(pump): waits, then ends the thread. */
void target_pump_free(struct target_pump *pump);

#endif
