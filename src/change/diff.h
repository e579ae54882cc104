/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_DIFF_H
#define CHANGE_DIFF_H

#include "base/text.h"
#include "change/change.h"
#include "change/memory.h"

/** diff_capture(change, batch, fault): the comparing half of change_capture. */
int diff_capture(struct change *change, struct batch *batch, struct daybreak_fault *fault);
/** change_set_aside(change, batch, row, reason, detail): count a row as invalid and keep it for its dead letter. */
void change_set_aside(struct change *change, struct batch *batch, uint32_t row, const char *reason, const char *detail);
/** change_counts(change, batch): where this row's count goes: the batch's when it lands as it came, else the input's. */
struct daybreak_counts *change_counts(struct change *change, struct batch *batch);
/** change_mark(batch, row, op, was): row is a change of this very batch; ${was}: where the key's version before it went. */
void change_mark(struct batch *batch, uint32_t row, char op, uint8_t was);
/** change_remember(change, batch, row, item, room): ${item} into the memory, open for where it goes, with the whole row (as JSON, built in ${room}) where `before` asks. */
void change_remember(struct change *change, const struct batch *batch, uint32_t row, struct memory_item *item, struct text *room);
/** change_take_back(change, item, route): a row of this first load that went ${route} was none: change_taken_back tells of it. */
void change_take_back(struct change *change, const struct memory_item *item, uint8_t route);
/** change_good(change, key, same): a good row of this key was there: its open dead letters end as the batch lands; with ${same}, equal to the
 * version remembered, only those of invalid rows do, since that version may be the very one that was refused. */
void change_good(struct change *change, struct daybreak_text key, bool same);

#endif
