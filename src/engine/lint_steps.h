/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LINT_STEPS_H
#define ENGINE_LINT_STEPS_H

#include <stdbool.h>

#include "config/config.h"
#include "config/finding.h"
#include "step/step.h"

struct arena;
struct batch_layout;

/** lint_steps_bind(config, lookups, table, findings): transforms, context and the source's contract of a table against what the
 * file says of the input: whatever columns it will have, these expressions are wrong. */
void lint_steps_bind(const struct config *config, const struct lookups *lookups, const struct config_table *table, struct findings *findings);
/** lint_steps_unseen(config, lookups, table, findings): names that nothing is known of, because no input is there yet. */
void lint_steps_unseen(const struct config *config, const struct lookups *lookups, const struct config_table *table, struct findings *findings);
/** lint_steps_seen(config, lookups, table, layout, names_all, plan, findings): against the columns of an input; ${names_all}:
 * it has no others. The plan is made as far as it can be; to be freed. */
void lint_steps_seen(const struct config *config, const struct lookups *lookups, const struct config_table *table,
                     const struct batch_layout *layout, bool names_all,
                     struct step_plan *plan, struct findings *findings);

#endif
