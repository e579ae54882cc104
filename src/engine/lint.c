/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline file promises, and whether its connectors can keep it. */
#include "engine/lint.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fault.h"
#include "connector/instance.h"
#include "connector/module.h"
#include "engine/lint_guarantee.h"
#include "engine/lint_lookups.h"
#include "engine/lint_steps.h"
#include "record/batch.h"
#include "record/value.h"
#include "record/zone.h"
#include "sink/sink.h"
#include "source/source.h"
#include "step/step.h"

static uint32_t
abilities_of(enum daybreak_role role, const char *name)
{
    const struct daybreak_connector *connector;
    struct daybreak_fault fault = {0};

    return name != NULL && module_find(role, name, &connector, &fault) == 0 ? connector->abilities : 0;
}

void
lint_types(const struct config *config, const struct config_field *field, uint32_t count, struct findings *findings)
{
    struct value_type type;
    size_t types = 0;

    while (value_type_names[types] != NULL)
        types++;
    for (uint32_t i = 0; i < count; i++)
        if (field[i].zone != NULL && zone_find(field[i].zone) == NULL)
            findings_add(findings, FINDING_ERROR, "unknown-zone", config->path, field[i].place, "a name such as Europe/Paris",
                         "field '%s' has no known time zone: '%s'", field[i].name, field[i].zone);
        else if (field[i].pattern != NULL && !value_pattern_valid(field[i].pattern))
            findings_add(findings, FINDING_ERROR, "bad-pattern", config->path, field[i].place,
                         "such as \"%d.%m.%Y\" or \"%Y%m%d %H:%M:%S\"",
                         "field '%s' has a pattern that names no whole date: '%s'", field[i].name, field[i].pattern);
        else if (!value_type_parse(field[i].type, &type))
            findings_add(findings, FINDING_ERROR, "unknown-type", config->path, field[i].place,
                         strncmp(field[i].type, "dec", 3) == 0 || strncmp(field[i].type, "num", 3) == 0
                             ? "a decimal says how many digits it has: \"decimal(12,2)\""
                             : text_nearest(field[i].type, value_type_names, types),
                         "field '%s' has no known type: '%s'", field[i].name, field[i].type);
        else if (type.type == DAYBREAK_TYPE_DECIMAL && type.precision > 15 && config->sink.load.type != NULL &&
                 strcmp(config->sink.load.type, "sqlite") == 0)
            findings_add(findings, FINDING_NOTE, "wide-decimal", config->path, field[i].place, NULL,
                         "field '%s' has more than 15 digits: SQLite keeps it as TEXT, so that no digit is lost",
                         field[i].name);
}

/* The source's clock is that of its timestamps too, unless a field says its own. */
static void
zone_inherit(const struct config *config, struct config_field *field, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (field[i].zone == NULL && strcmp(config->source.timezone, "UTC") != 0)
            field[i].zone = config->source.timezone;
}

void
lint_fields(const struct config *config, const struct config_table *table, struct findings *findings)
{
    zone_inherit(config, table->fields, table->field_count);
    for (uint32_t i = 0; i < table->format_count; i++)
        zone_inherit(config, table->formats[i].fields, table->formats[i].field_count);
    lint_types(config, table->fields, table->field_count, findings); /* what tables inherit is said once all the same */
    for (uint32_t i = 0; i < table->format_count; i++)
        lint_types(config, table->formats[i].fields, table->formats[i].field_count, findings);
}

static void
check_capture(const struct config *config, const struct config_table *table, struct findings *findings)
{
    const struct config_capture *capture = &table->capture;
    struct config_place place = capture->method_place.line > 0 ? capture->method_place : config->source.place;

    if (capture->method == CONFIG_DIFF && capture->key.count == 0)
        findings_add(findings, FINDING_ERROR, "no-key", config->path, place, "key: [columns that make a row unique]",
                     "table '%s' is compared by key, but the file names none", table->name);
    if (capture->key.count > 64)
        findings_add(findings, FINDING_ERROR, "long-key", config->path, capture->key_place, NULL,
                     "a key has at most 64 columns");
    if (capture->first == CONFIG_FIRST_SKIP && capture->method != CONFIG_DIFF)
        findings_add(findings, FINDING_WARNING, "no-effect", config->path, place, NULL,
                     "`first: skip` is for diff: an append has nothing to compare with");
    for (size_t i = 0; i < capture->ignore.count; i++)
        for (size_t k = 0; k < capture->key.count; k++)
            if (strcmp(capture->ignore.item[i], capture->key.item[k]) == 0)
                findings_add(findings, FINDING_ERROR, "ignored-key", config->path, capture->ignore_place, NULL,
                             "key column '%s' cannot be ignored", capture->key.item[k]);
}

/* Tables of one document move on together, and only a comparison can go on where one of them was ended. */
static void
check_shared(const struct config *config, uint32_t t, struct findings *findings)
{
    const struct config_table *table = &config->source.tables[t];

    if (table->record == NULL || table->capture.method == CONFIG_DIFF)
        return;
    for (uint32_t i = 0; i < t; i++) {
        const struct config_table *other = &config->source.tables[i];

        if (other->record == NULL || (table->member != NULL && other->member != NULL && strcmp(table->member, other->member) != 0))
            continue;
        findings_add(findings, FINDING_ERROR, "not-together", config->path, table->capture.method_place.line > 0 ? table->capture.method_place
                                                                                                                 : config->source.place,
                     "key: [columns that make a record unique], so that the tables are compared (method: diff)",
                     "tables '%s' and '%s' have their records in one document, and that is not read by append", other->name, table->name);
        return;
    }
}

static void
check_write(struct config *config, uint32_t load, struct findings *findings)
{
    struct config_sink *sink = &config->sink;
    struct config_place place = sink->write_place.line > 0 ? sink->write_place : sink->place;
    bool mirrors = (load & DAYBREAK_MIRRORS) != 0, all_diff = true;

    for (uint32_t t = 0; t < config->source.table_count; t++)
        all_diff &= config->source.tables[t].capture.method == CONFIG_DIFF;
    if (!sink->write_set)
        sink->write = all_diff && mirrors ? DAYBREAK_MIRROR : DAYBREAK_APPEND;
    for (uint32_t t = 0; sink->write != DAYBREAK_APPEND && t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        if (table->capture.key.count == 0)
            findings_add(findings, FINDING_ERROR, "no-key", config->path, place, "source.capture.key: [columns]",
                         "`write: %s` needs a key to find its row again, table '%s' has none",
                         sink->write == DAYBREAK_MIRROR ? "mirror" : "upsert", table->name);
    }
    if (sink->existing == DAYBREAK_EXISTING_ADOPT && !all_diff)
        findings_add(findings, FINDING_ERROR, "no-adopt", config->path, sink->place, "method: diff",
                     "`existing: adopt` compares the source with the table: that needs diff");
    if (mirrors && (sink->envelope == DAYBREAK_ENVELOPE_DEBEZIUM || sink->envelope == DAYBREAK_ENVELOPE_CLOUDEVENTS))
        findings_add(findings, FINDING_ERROR, "bad-envelope", config->path, sink->place, "envelope: daybreak, side or none",
                     "connector '%s' keeps columns beside a row: debezium and cloudevents are forms of a message", sink->load.type);
    if (!mirrors && sink->envelope == DAYBREAK_ENVELOPE_SIDE)
        findings_add(findings, FINDING_ERROR, "bad-envelope", config->path, sink->place, "envelope: daybreak or none",
                     "`envelope: side` is a second table: connector '%s' has none", sink->load.type);
    if (sink->mark_deletes && sink->write != DAYBREAK_MIRROR)
        findings_add(findings, FINDING_WARNING, "no-effect", config->path, sink->place, NULL,
                     "`deletes: mark` is for mirrors: other writes keep every row anyway");
}

/* Two tables of the source that would land in one. */
static void
check_targets(const struct config *config, struct findings *findings)
{
    char name[256], other[256];

    for (uint32_t t = 1; t < config->source.table_count; t++)
        for (uint32_t k = 0; k < t; k++) {
            const struct config_node *path = node_member(config->sink.load.node, "path");

            sink_table_name(config, t, name);
            sink_table_name(config, k, other);
            if (strcmp(name, other) != 0 || (path != NULL && path->text != NULL && strstr(path->text, "{table}") != NULL))
                continue;
            findings_add(findings, FINDING_ERROR, "same-target", config->path, config->sink.place, "table: \"{table}\"",
                         "tables '%s' and '%s' would both land in '%s'", config->source.tables[k].name,
                         config->source.tables[t].name, name);
            return;
        }
}

/* Options of the modules among the transforms; gives the number of errors. */
static size_t
check_modules(const struct config *config, const struct config_table *table, struct findings *findings)
{
    static const char *const ignore[] = {"type", NULL};
    size_t errors = 0;

    for (uint32_t i = 0; i < table->step_count; i++) {
        const struct config_connector *use = &table->steps[i].use;
        struct instance_request request = {.role = DAYBREAK_TRANSFORM, .name = use->type, .node = use->node, .ignore = ignore,
                                           .file = config->path, .base_dir = config->dir};

        if (table->steps[i].kind == CONFIG_USE)
            errors += instance_check(&request, findings);
    }
    return errors;
}

/* One target: options, what it can do, what is promised of it. */
static void
sink_check(struct config *config, struct findings *findings)
{
    struct instance_request load = {.role = DAYBREAK_LOAD, .name = config->sink.load.type, .node = config->sink.load.node,
                                    .ignore = config_sink_keys, .file = config->path, .base_dir = config->dir};
    const struct daybreak_connector *known;
    struct daybreak_fault fault = {0};

    instance_check(&load, findings);
    if (module_find(DAYBREAK_LOAD, config->sink.load.type, &known, &fault) == 0) {
        check_write(config, abilities_of(DAYBREAK_LOAD, config->sink.load.type), findings);
        check_targets(config, findings);
        lint_demands(config, findings);
    }
}

/* The clauses, contracts and targets are checked by now; a run through several of them is refused, never done in part. */
static void
handoffs_check(const struct config *config, struct findings *findings)
{
    findings_add(findings, FINDING_ERROR, "not-yet", config->path, config->sink.place,
                 "one handoff without `when`, `hold` and `contract` runs, as `sink` does",
                 "'handoffs' is not built yet in this version for more than one target");
    for (uint32_t i = 0; i < config->handoff_count; i++) {
        const struct config_handoff *handoff = &config->handoffs[i];

        if (handoff->lands && handoff->view->sink.existing == DAYBREAK_EXISTING_ADOPT)
            findings_add(findings, FINDING_ERROR, "no-adopt", config->path, handoff->place, "existing: refuse",
                         "`existing: adopt` compares the source with one target: handoff '%s' is one of several", handoff->name);
    }
}

size_t
lint_bind(struct config *config, struct findings *findings)
{
    size_t before = findings->errors;
    struct lookups *lookups;

    if (zone_find(config->source.timezone) == NULL)
        findings_add(findings, FINDING_ERROR, "unknown-zone", config->path, config->source.place, "a name such as Europe/Paris",
                     "source.timezone '%s' is not known", config->source.timezone);
    if (config->source.extract.type != NULL && config->source.extract.type[0] != '\0')
        source_check(config, findings);
    if (config->handoff_count == 0 && (config->sink.load.type == NULL || config->sink.load.type[0] == '\0'))
        return findings->errors - before; /* told already: nothing says where rows would go */
    lookups = lint_lookups(config, findings);
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        lint_fields(config, table, findings);
        check_capture(config, table, findings);
        check_shared(config, t, findings);
        if (check_modules(config, table, findings) == 0) /* else nobody knows what comes behind them */
            lint_steps_bind(config, lookups, table, findings);
    }
    lookups_free(lookups);
    if (config->handoff_count == 0)
        sink_check(config, findings);
    for (uint32_t i = 0; i < config->handoff_count; i++)
        if (config->handoffs[i].lands && config->handoffs[i].view->sink.load.type[0] != '\0')
            sink_check(config->handoffs[i].view, findings);
    if (config->handoff_count > 0)
        handoffs_check(config, findings);
    return findings->errors - before;
}

/* ---- a look at what is there ------------------------------------------------------------------ */

struct peek {
    const struct config *config;
    struct lookups *lookups;
    struct findings *findings;
    struct batch *batch;
};

static void
unknown(const struct peek *peek, struct config_place place, const char *what, const char *name, const char *const *names,
        size_t count)
{
    findings_add(peek->findings, FINDING_WARNING, "unknown-column", peek->config->path, place,
                 text_nearest(name, names, count), "%s '%s': the input has no column of that name", what, name);
}

/* A target made by Daybreak has the envelope's columns beside the user's: one name can only be one of them. */
static void
peek_clash(const struct peek *peek, const struct step_plan *plan)
{
    static const char *const envelope[] = {"event_id", "op", "changed_at", "batch", "position", "context"};
    const struct config_sink *sink = &peek->config->sink;
    const char *prefix = sink->prefix == NULL || sink->prefix[0] == '\0' ? "_" : sink->prefix;
    size_t size = strlen(prefix);

    if (!(abilities_of(DAYBREAK_LOAD, sink->load.type) & DAYBREAK_MIRRORS) || sink->envelope != DAYBREAK_ENVELOPE_DAYBREAK ||
        sink->existing == DAYBREAK_EXISTING_ADOPT)
        return;
    for (uint32_t i = 0; i < plan->columns; i++)
        for (size_t e = 0; e < sizeof envelope / sizeof *envelope; e++)
            if (strncasecmp(plan->column[i].name, prefix, size) == 0 && strcasecmp(plan->column[i].name + size, envelope[e]) == 0)
                findings_add(peek->findings, FINDING_ERROR, "envelope-clash", peek->config->path, sink->place,
                             "give the envelope another prefix in the sink: `prefix: db_`, or keep it apart: `envelope: side`",
                             "column '%s' has the name of one that Daybreak writes beside every row", plan->column[i].name);
}

/* The names the file gives for columns, against those the input has: before the transforms and behind them. */
static void
peek_columns(const struct peek *peek, const struct config_table *table, const struct batch_layout *layout, bool names_all)
{
    struct step_plan plan;

    for (size_t i = 0; i < table->capture.ignore.count; i++)
        if (batch_layout_find(layout, table->capture.ignore.item[i]) == UINT32_MAX)
            unknown(peek, table->capture.ignore_place, "ignore", table->capture.ignore.item[i], layout->name, layout->columns);
    for (uint32_t i = 0; i < table->field_count; i++)
        if (batch_layout_find(layout, table->fields[i].name) == UINT32_MAX)
            unknown(peek, table->fields[i].place, "field", table->fields[i].name, layout->name, layout->columns);
    lint_steps_seen(peek->config, peek->lookups, table, layout, names_all, &plan, peek->findings);
    peek_clash(peek, &plan);
    step_plan_free(&plan);
}

static void
peek_input(const struct peek *peek, struct source *source, const struct daybreak_input *input)
{
    struct source_start start = {.part = "", .mark = ""};
    struct daybreak_fault fault = {0};
    bool *seen = arena_zero(peek->config->arena, peek->config->source.table_count + 1);
    uint32_t left = peek->config->source.table_count, blocks = 0;

    source_start(source, input, &start);
    do {
        batch_reset(peek->batch);
        if (source_read(source, peek->batch, &fault) != 0)
            return;
        if (peek->batch->next == DAYBREAK_INPUT_CUT) {
            findings_add(peek->findings, FINDING_WARNING, "unreadable-input", peek->config->path, peek->config->source.place,
                         peek->batch->cut->hint[0] == '\0' ? NULL : peek->batch->cut->hint, "%s: %s", input->name,
                         peek->batch->cut->what);
            return;
        }
        if (peek->batch->layout != NULL && !seen[peek->batch->table]) {
            seen[peek->batch->table] = true;
            left--;
            peek_columns(peek, &peek->config->source.tables[peek->batch->table], peek->batch->layout,
                         source_names_all(source, peek->batch->table));
        }
    } while (left > 0 && blocks++ < 64 && peek->batch->next != DAYBREAK_INPUT_END);
}

void
lint_peek(const struct config *config, struct findings *findings)
{
    struct peek peek = {.config = config, .findings = findings, .batch = NULL};
    struct source *source;
    struct daybreak_fault fault = {0};
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next;
    int64_t time_us = DAYBREAK_NO_TIME;
    uint32_t inputs = 0, beside = 0;
    volatile int never = 0;

    peek.lookups = lint_lookups(config, findings);
    lint_lookups_peek(config, peek.lookups, findings);
    if (source_open(config, &never, &source, &fault) != 0) {
        lookups_free(peek.lookups);
        return;
    }
    while (source_look(source, &input, &wait, &next, &fault) == 0 && next == DAYBREAK_MORE) {
        beside += inputs > 0 && input.time_us == time_us;
        time_us = input.time_us;
        inputs++;
    }
    if (beside > 0 && config->source.parts <= 1 && config->source.tables[0].capture.method == CONFIG_DIFF)
        findings_add(findings, FINDING_WARNING, "dumps-or-parts", config->path, config->source.place,
                     "%-times in the path order dumps; `parts: N` joins files of one time into one input",
                     "%u of %u inputs have no time of their own: each is taken for a whole dump, in name order", beside + 1,
                     inputs);
    for (uint32_t i = 0; i < inputs; i++)
        if (source_look(source, &input, &wait, &next, &fault) != 0 || next != DAYBREAK_MORE)
            inputs = 0;
    if (inputs > 0) {
        peek.batch = batch_new();
        peek_input(&peek, source, &input);
        batch_free(peek.batch);
    } else {
        for (uint32_t t = 0; t < config->source.table_count; t++)
            lint_steps_unseen(config, peek.lookups, &config->source.tables[t], findings);
    }
    source_close(source);
    lookups_free(peek.lookups);
}
