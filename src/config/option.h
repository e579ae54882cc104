/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "daybreak/connector.h"
#include "base/json.h"
#include "config/node.h"

struct arena;
struct findings;

/*
 * One table describes an option wholly. A scalar given to a list is a list of one; a scalar given to a map is one name without a
 * value, so that `after: keep` and `after: {move: done/}` are one option.
 */

/**
 * option_fill(table, node, self, ignore, arena, file, findings): set every field of ${self} that ${table} describes,
 * from the mapping ${node} (NULL: presets alone). Unknown keys (but those in ${ignore}, NULL-ended, may be NULL),
 * wrong types, values out of bounds, unknown choices (did-you-mean) and missing required ones are findings at their
 * place; ${file} names the file. Texts live in ${arena}. {secret: NAME} values are resolved by the caller beforehand.
 * A field without a value and without a preset is left as it is. Returns the number of errors added.
 */
size_t option_fill(const struct daybreak_option *table, const struct config_node *node, void *self,
                   const char *const *ignore, struct arena *arena, const char *file, struct findings *findings);
/** option_wrong(member, expected, file, findings): the finding of a value that is not what it must be: `'x' must be EXPECTED`. */
void option_wrong(const struct config_node *member, const char *expected, const char *file, struct findings *findings);
/** option_duration, option_size, option_percent, option_time: parse one text; false when it is none. Durations and sizes may have
 * a fraction when it comes out whole ("1.5h"), durations may follow each other ("1h30m"). */
bool option_duration(const char *text, int64_t *ms);
bool option_size(const char *text, int64_t *bytes);
bool option_percent(const char *text, double *share);
bool option_time(const char *text, int64_t *seconds);
/** option_number(text, number): a plain decimal number: "99", "99.5". */
bool option_number(const char *text, double *number);
/** option_schema(table, json): "properties" of a JSON Schema (draft 2020-12) object for the table. */
void option_schema(const struct daybreak_option *table, struct json *json);
/** option_schema_members(table, json): the same members without the object around them; option_schema_required: the array
 * `required`, when any is. */
void option_schema_members(const struct daybreak_option *table, struct json *json);
void option_schema_required(const struct daybreak_option *table, struct json *json);
/** option_help(table, out): one line an option for `daybreak connectors NAME` and the manual. */
void option_help(const struct daybreak_option *table, struct text *out);

#endif
