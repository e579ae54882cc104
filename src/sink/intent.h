/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SINK_INTENT_H
#define SINK_INTENT_H

#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"

struct arena;

/* Batch rows as JSON: what a target without transactions cannot keep for us, written to the ledger before its commit, so that the
 * counts of a commit that happened are known after a kill. */
void intent_write(const struct daybreak_batch_row *row, uint32_t rows, struct text *out);
/** intent_read(json, size, arena, row, rows): rows with all their texts in ${arena}; -1 when it is no intent. */
int intent_read(const char *json, size_t size, struct arena *arena, struct daybreak_batch_row **row, uint32_t *rows);

#endif
