/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "base/arena.h"
#include "config/config.h"
#include "config/finding.h"
#include "config/option.h"

/* One pipeline file while it is read. */
struct reading {
    struct config *config;
    struct arena *arena;
    const char *file;
    struct findings *findings;
    const struct config_node *root;
    const struct config_node *transforms, *context; /* of the top level: tables inherit them */
};

#define CONFIG_ERROR(reading, code, place, suggestion, ...) \
    findings_add((reading)->findings, FINDING_ERROR, code, (reading)->file, place, suggestion, __VA_ARGS__)
#define CONFIG_WARNING(reading, code, place, suggestion, ...) \
    findings_add((reading)->findings, FINDING_WARNING, code, (reading)->file, place, suggestion, __VA_ARGS__)

/* A mapping and what may stand in it. */
struct section {
    const struct daybreak_option *table;
    const char *const *inner;   /* keys that are read elsewhere, NULL-ended; may be NULL */
    const char *const *not_yet; /* keys that are known but not built, likewise */
    bool open;                  /* other keys are a connector's */
};

/** section_fill(reading, section, node, values): option_fill with the rest of the section known. NULL: presets alone. */
void section_fill(struct reading *reading, const struct section *section, const struct config_node *node, void *values);
/** section_mapping(reading, node, what): ${node} when it is a mapping, NULL with a finding when it is something else;
 * an empty one is NULL. */
const struct config_node *section_mapping(struct reading *reading, const struct config_node *node, const char *what);
/** section_merge(arena, above, own): members of both, those of ${own} where both have them; mappings member by member.
 * Either may be NULL. */
const struct config_node *section_merge(struct arena *arena, const struct config_node *above, const struct config_node *own);
/** section_name(reading, name, place, what): whether ${name} may name a pipeline or table, which is a file name too. */
bool section_name(struct reading *reading, const char *name, struct config_place place, const char *what);

/** limit_read(reading, node, name, preset, limit): "20%" or a number from member ${name} of ${node}. */
void limit_read(struct reading *reading, const struct config_node *node, const char *name, const char *preset,
                struct config_limit *limit);

/** secret_resolve(reading, root): the tree with every {secret: NAME} replaced by its value; ${…} anywhere is a finding. */
const struct config_node *secret_resolve(struct reading *reading, const struct config_node *root);

void config_source_read(struct reading *reading, const struct config_node *node);
void config_sink_read(struct reading *reading, const struct config_node *node);
void config_alerts_read(struct reading *reading, const struct config_node *node);
/** config_sink_fill(reading, node, errors, handoff, sink): a sink whose on_error is ${errors} (may be NULL). */
void config_sink_fill(struct reading *reading, const struct config_node *node, const struct config_node *errors, const char *handoff,
                      struct config_sink *sink);
void config_handoffs_read(struct reading *reading, const struct config_node *node);
void config_tests_read(struct reading *reading, const struct config_node *node);
/** config_fields_read, config_formats_read, config_steps_read, config_context_read: parts that a table may have of its own. */
void config_fields_read(struct reading *reading, const struct config_node *node, struct config_field **fields, uint32_t *count);
void config_formats_read(struct reading *reading, const struct config_node *node, struct config_connector **formats,
                         uint32_t *count);
void config_steps_read(struct reading *reading, const struct config_node *node, struct config_step **steps, uint32_t *count);
/** config_manifest_read(reading, node): NULL when there is none, or it is wrong. */
const struct config_manifest *config_manifest_read(struct reading *reading, const struct config_node *node);
void config_context_read(struct reading *reading, const struct config_node *node, struct config_context *context);
/** config_lookup_read, config_lookups_read: one, as a transform is, and the list of a source. config_lookups_check(reading, table): what only shows
 * when all lookups of a table, and all tables, are known. */
void config_lookup_read(struct reading *reading, const struct config_node *node, struct config_lookup *lookup);
void config_lookups_read(struct reading *reading, const struct config_node *node, struct config_lookup **lookups, uint32_t *count);
void config_lookups_check(struct reading *reading, const struct config_table *table);
void config_contract_read(struct reading *reading, const struct config_node *node, struct config_contract *contract);
/** config_payload_read(reading, node, contract, context): the contract of a handoff, which may ask for parts of the envelope too. */
void config_payload_read(struct reading *reading, const struct config_node *node, struct config_contract *contract,
                         struct daybreak_list *context);

/* Option tables, shown by config_sections. */
extern const struct daybreak_option config_top_options[], config_owner_options[], config_lag_options[], config_secret_options[],
    config_source_options[], config_expect_options[], config_table_options[], config_capture_options[], config_guard_options[], config_manifest_options[],
    config_field_options[], config_format_options[], config_step_options[], config_filter_options[], config_context_options[], config_sink_options[],
    config_error_options[], config_alert_options[], config_mail_options[], config_test_options[], config_lookup_options[],
    config_from_options[], config_contract_options[], config_use_options[], config_handoff_options[], config_hold_options[],
    config_outcome_options[], config_payload_options[];

/* ---- config_found.c ------------------------------------------------------------------------ */
/** config_found_data(path): by its name this is data, and no pipeline file. */
bool config_found_data(const char *path);
/** config_found_advice(path, error, out): what the person can do who named ${path}, which cannot be read because of ${error}. */
void config_found_advice(const char *path, int error, struct text *out);

#endif
