/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LINT_H
#define ENGINE_LINT_H

#include "base/text.h"
#include "config/config.h"
#include "config/finding.h"

/**
 * lint_bind(config, findings): what the file alone could not tell: options against their connectors' tables, types of fields, abilities
 * against what is asked, and defaults that depend on a connector (`write`). Opens no source and no target. Returns the number of
 * errors added; a config with errors must not be run.
 */
size_t lint_bind(struct config *config, struct findings *findings);

/**
 * lint_peek(config, findings): look at the newest input that is there, for columns that the file names and the input has not, and for
 * inputs that would be taken for dumps although they look like parts of one. Reads one block, writes nothing; says nothing where
 * nothing is there yet.
 */
void lint_peek(const struct config *config, struct findings *findings);

/** lint_types(config, field, count, findings): types, patterns and zones of fields. lint_fields(config, table, findings): all of a table's, which get the
 * source's time zone where they say none. */
void lint_types(const struct config *config, const struct config_field *field, uint32_t count, struct findings *findings);
void lint_fields(const struct config *config, const struct config_table *table, struct findings *findings);

/** lint_guarantee(config, table, out): what this route promises, in one sentence. false: it is less than `strict: true` allows. */
bool lint_guarantee(const struct config *config, uint32_t table, struct text *out);

#endif
