/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_FORMAT_H
#define SOURCE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "record/value.h"

struct arena;
struct batch_layout;
struct instance;

/** format_choose(table, name): index of the first format whose `match` fits the file's or member's name, -1: none does. */
int format_choose(const struct config_table *table, const char *name);
/** format_guess(name): the format that an extension says ("csv", "jsonl"), compression endings passed over; csv otherwise. */
const char *format_guess(const char *name);
/** format_open(config, table, format, name, stop, instance, fault): open its connector, with `names` from the fields. */
int format_open(const struct config *config, const struct config_table *table, const struct config_connector *format, const char *name,
                volatile int *stop, struct instance **instance, struct daybreak_fault *fault);
/** format_style(format): how its numbers are written; the format leaves them as they are, the declared types read them. NULL: plainly. */
struct value_style format_style(const struct config_connector *format);
/** format_layout(arena, table, old, names, count, empty_is_null, style, fault): names bound to declared types; ${old} when nothing differs. NULL
 * with a fault (kind ASIDE: the input is held) when a key column is missing. */
struct batch_layout *format_layout(struct arena *arena, const struct config_table *table, struct batch_layout *old, const char *const *names,
                                   uint32_t count, bool empty_is_null, struct value_style style, struct daybreak_fault *fault);

#endif
