/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_BEFORE_H
#define ENGINE_BEFORE_H

struct batch;
struct config_table;

/** before_show(table, batch): the old rows of ${batch}, as they were remembered, become what a sink may show: names, columns and types of the
 * rows after the transforms. */
void before_show(const struct config_table *table, struct batch *batch);

#endif
