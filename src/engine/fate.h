/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_FATE_H
#define ENGINE_FATE_H

#include <stdint.h>

#include "daybreak/connector.h"

struct batch;
struct pipeline;
struct pipeline_table;

/**
 * fate_settle(pipeline, table, batch, fault): what the steps said of each change comes true. Those that a filter
 * took out or that were set aside leave ${batch}, counted (batch->taken_out of them stand behind its changes, set
 * aside ones first); where each version went is told to the memory; a mirror that holds the version before gets a
 * delete in its place. A delete goes where the key's last version went: nowhere is filtered. The steps have run,
 * and no envelope is filled yet.
 */
int fate_settle(struct pipeline *pipeline, struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault);
/** fate_filter(pipeline, table, batch, change): of a change that was filtered, by what; NULL: its key's last
 * version never was anywhere. */
const char *fate_filter(const struct pipeline *pipeline, const struct pipeline_table *table, const struct batch *batch,
                        uint32_t change);
/** fate_refused(table, batch): the target refused some of it: where a row did not leave, its key's
 * version is still there. */
void fate_refused(struct pipeline_table *table, const struct batch *batch);
/** fate_skipped(pipeline, table, batch, fault): rows of a first input that are only remembered: those that a
 * filter takes out are remembered so. ${batch} has no changes afterwards. */
int fate_skipped(struct pipeline *pipeline, struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault);
/** fate_taken_back(pipeline, batch): of rows of a first load that are taken back, those that a filter had taken
 * out leave ${batch}. */
void fate_taken_back(struct pipeline *pipeline, struct batch *batch);

#endif
