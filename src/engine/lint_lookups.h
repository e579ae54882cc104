/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LINT_LOOKUPS_H
#define ENGINE_LINT_LOOKUPS_H

#include "config/config.h"
#include "config/finding.h"
#include "step/lookup.h"

/** lint_lookups(config, findings): every lookup of the file: options of its connectors, types, and the query against the database, where that is
 * there. What is not known of one is a finding, and the lookup then stays unknown. To be freed with lookups_free. */
struct lookups *lint_lookups(const struct config *config, struct findings *findings);
/** lint_lookups_peek(config, lookups, findings): the columns that are asked of a file, against those that it has. Reads one block of each. */
void lint_lookups_peek(const struct config *config, const struct lookups *lookups, struct findings *findings);

#endif
