/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_BEFORE_H
#define ENGINE_BEFORE_H

struct batch;
struct config_table;
struct daybreak_fault;
struct step_plan;

/** before_show(table, plan, batch, fault): the old rows of ${batch}, as they were remembered, become what a sink may show:
 * names, columns and types of the rows after the transforms, which compute from the old values what they compute; what cannot
 * be computed of them is null. */
int before_show(const struct config_table *table, const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault);

#endif
