/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_SHAPE_H
#define ENGINE_SHAPE_H

#include <stdint.h>

#include "config/config.h"
#include "daybreak/connector.h"

struct arena;
struct batch_layout;

/*
 * A table as far as the pipeline file alone tells it, for who asks a target without having an input at hand. Everything lives
 * in the arena given, or as long as the config.
 */

/** shape_declared(arena, table): the columns of the input that the file knows: declared fields, then key columns, which are
 * text where nothing else is said. */
const struct batch_layout *shape_declared(struct arena *arena, const struct config_table *table);
/** shape_columns(arena, config, table, column): the columns of the target whose names and types follow from those: the key
 * first, in its order. Returns their number. */
uint32_t shape_columns(struct arena *arena, const struct config *config, const struct config_table *table, struct daybreak_column **column);
/** shape_key(arena, config, table, cell): the canonical cells of a key of the source become those of the target: what
 * transforms make of them. */
void shape_key(struct arena *arena, const struct config *config, const struct config_table *table, struct daybreak_text *cell);

#endif
