/* SPDX-License-Identifier: Apache-2.0 */
/* The handoffs of a pipeline file: who takes which records, what they must be, who decides, and where they land. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

struct handoff_values {
    const char *name, *owner, *when, *otherwise, *share;
    bool copy, only_by_name, enabled;
    struct daybreak_list tables;
    int order;
};

const struct daybreak_option config_handoff_options[] = {
    {.name = "name", .type = DAYBREAK_TEXT, .at = offsetof(struct handoff_values, name), .required = true, .example = "fulfilment",
     .help = "Its name, which checkpoints, counts and decisions carry."},
    {.name = "owner", .type = DAYBREAK_TEXT, .at = offsetof(struct handoff_values, owner), .example = "warehouse",
     .help = "Who answers for what was handed over."},
    {.name = "when", .type = DAYBREAK_TEXT, .at = offsetof(struct handoff_values, when), .example = "\"total > 10000\"",
     .help = "Which records it takes: a condition on the columns behind the transforms, on _op, _table, _reason and _changed_at. All, if left out."},
    {.name = "copy", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct handoff_values, copy), .preset = "false",
     .help = "It takes a copy, and the record goes on to the handoffs behind it."},
    {.name = "only_by_name", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct handoff_values, only_by_name), .preset = "false",
     .help = "It takes nothing by itself, only what another handoff sends here."},
    {.name = "tables", .type = DAYBREAK_LIST, .at = offsetof(struct handoff_values, tables), .example = "[navaids]",
     .help = "Tables whose records it takes; all, if left out."},
    {.name = "order", .type = DAYBREAK_CHOICE, .at = offsetof(struct handoff_values, order), .choices = "latest|every",
     .help = "latest: a newer version replaces one that is held or dead; every: it waits behind it. latest for mirror, upsert and hold."},
    {.name = "enabled", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct handoff_values, enabled), .preset = "true",
     .help = "false: its records go on as if its `when` did not hold."},
    {.name = "share", .type = DAYBREAK_TEXT, .at = offsetof(struct handoff_values, share), .preset = "100%", .example = "5%",
     .help = "How much of what its `when` takes it gets, always the same keys; the rest goes to `otherwise`."},
    {.name = "otherwise", .type = DAYBREAK_TEXT, .at = offsetof(struct handoff_values, otherwise),
     .help = "The handoff that gets what `share` leaves; those behind this one, if left out."},
    {.name = NULL},
};

struct hold_values {
    const char *by, *on_approve, *on_reject, *decisions;
    int64_t within_ms;
    int on_timeout;
    struct daybreak_list show;
};

const struct daybreak_option config_hold_options[] = {
    {.name = "by", .type = DAYBREAK_TEXT, .at = offsetof(struct hold_values, by), .required = true, .example = "sales-manager",
     .help = "Who decides; when a Unix group of that name exists, only its members do."},
    {.name = "within", .type = DAYBREAK_DURATION, .at = offsetof(struct hold_values, within_ms), .min = 1, .max = INT64_MAX, .example = "2d",
     .help = "How long a decision may take."},
    {.name = "on_timeout", .type = DAYBREAK_CHOICE, .at = offsetof(struct hold_values, on_timeout), .preset = "alert",
     .choices = "alert|reject|approve", .help = "What happens then."},
    {.name = "on_approve", .type = DAYBREAK_TEXT, .at = offsetof(struct hold_values, on_approve), .example = "fulfilment",
     .help = "The handoff that gets what is approved; its own target, if left out."},
    {.name = "on_reject", .type = DAYBREAK_TEXT, .at = offsetof(struct hold_values, on_reject), .example = "sales_desk",
     .help = "The handoff that gets what is rejected; nobody, if left out."},
    {.name = "show", .type = DAYBREAK_LIST, .at = offsetof(struct hold_values, show), .example = "[crm.segment]",
     .help = "Columns that whoever decides sees besides, looked-up ones too."},
    {.name = "decisions", .type = DAYBREAK_TEXT, .at = offsetof(struct hold_values, decisions), .example = "approvals/*.csv",
     .help = "Files with decisions: CSV with the columns id, decision (approve or reject), reason and by."},
    {.name = NULL},
};

struct outcome_values {
    int64_t within_ms, sample;
    const char *verify;
};

const struct daybreak_option config_outcome_options[] = {
    {.name = "within", .type = DAYBREAK_DURATION, .at = offsetof(struct outcome_values, within_ms), .preset = "5m", .min = 1, .max = INT64_MAX,
     .help = "How soon after its delivery it must be seen."},
    {.name = "verify", .type = DAYBREAK_TEXT, .at = offsetof(struct outcome_values, verify), .required = true,
     .example = "\"SELECT 1 FROM orders WHERE order_id = :order_id\"", .help = "A query of the target that gives a row when all is well."},
    {.name = "sample", .type = DAYBREAK_INTEGER, .at = offsetof(struct outcome_values, sample), .preset = "100", .min = 1, .max = 1000000,
     .help = "One of so many records is verified."},
    {.name = NULL},
};

uint32_t
config_handoff_find(const struct config *config, const char *name)
{
    for (uint32_t i = 0; i < config->handoff_count; i++)
        if (strcmp(config->handoffs[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

static void
hold_read(struct reading *reading, const struct config_node *node, struct config_handoff *handoff)
{
    static const struct section section = {.table = config_hold_options};
    struct hold_values values = {0};

    if (node == NULL)
        return;
    section_fill(reading, &section, node, &values);
    handoff->hold = (struct config_hold){
        .set = true, .by = values.by == NULL ? "" : values.by, .within_ms = values.within_ms,
        .on_timeout = (enum config_timeout)values.on_timeout, .on_approve = values.on_approve, .on_reject = values.on_reject,
        .show = values.show, .decisions = values.decisions, .place = node->key_place};
}

static void
outcome_read(struct reading *reading, const struct config_node *node, struct config_handoff *handoff)
{
    static const struct section section = {.table = config_outcome_options};
    struct outcome_values values = {0};

    if (node == NULL)
        return;
    section_fill(reading, &section, node, &values);
    handoff->outcome_within_ms = values.within_ms;
    handoff->outcome_sample = values.sample;
    handoff->outcome_verify = values.verify;
}

static void
tables_check(struct reading *reading, const struct config_node *node, const struct config_handoff *handoff)
{
    const struct config_source *source = &reading->config->source;

    for (size_t i = 0; i < handoff->tables.count; i++) {
        const char **names = arena_alloc(reading->arena, (source->table_count + 1) * sizeof *names), *nearest;
        bool known = false;

        for (uint32_t t = 0; t < source->table_count; t++) {
            names[t] = source->tables[t].name;
            known |= strcmp(names[t], handoff->tables.item[i]) == 0;
        }
        if (known)
            continue;
        nearest = text_nearest(handoff->tables.item[i], names, source->table_count);
        CONFIG_ERROR(reading, "unknown-table", node->place,
                     nearest == NULL ? NULL : arena_printf(reading->arena, "did you mean '%s'?", nearest),
                     "the source has no table '%s'", handoff->tables.item[i]);
    }
}

static void
handoff_read(struct reading *reading, const struct config_node *node, struct config_handoff *handoff)
{
    static const char *const inner[] = {"contract", "to", "hold", "on_error", "outcome", NULL};
    static const struct section section = {.table = config_handoff_options, .inner = inner};
    const struct config_node *to = node_member(node, "to"), *when = node_member(node, "when"), *share = node_member(node, "share");
    struct handoff_values values = {0};

    handoff->name = "";
    handoff->place = node->place;
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a handoff: {name: …, when: …, to: {…}}", reading->file, reading->findings);
        return;
    }
    section_fill(reading, &section, node, &values);
    handoff->name = values.name == NULL ? "" : values.name;
    handoff->owner = values.owner;
    if (when != NULL && values.when != NULL)
        handoff->when = (struct config_expression){values.when, when->place};
    if (when != NULL && values.when != NULL && values.when[0] == '\0')
        CONFIG_ERROR(reading, "empty-value", when->key_place, "leave the key out", "'when' is empty");
    handoff->copy = values.copy;
    handoff->only_by_name = values.only_by_name;
    handoff->enabled = values.enabled;
    handoff->otherwise = values.otherwise;
    handoff->tables = values.tables;
    handoff->order = (enum config_order)values.order;
    handoff->order_set = node_member(node, "order") != NULL;
    if (!option_percent(values.share, &handoff->share)) {
        handoff->share = 1;
        option_wrong(share, "a percentage such as 5%", reading->file, reading->findings);
    }
    tables_check(reading, node_member(node, "tables"), handoff);
    config_payload_read(reading, node_member(node, "contract"), &handoff->contract, &handoff->context);
    hold_read(reading, node_member(node, "hold"), handoff);
    outcome_read(reading, node_member(node, "outcome"), handoff);
    handoff->view = arena_zero(reading->arena, sizeof *handoff->view);
    if (to == NULL) {
        handoff->view->sink = (struct config_sink){.backoff_min_ms = 250, .backoff_max_ms = 30000, .give_up_ms = 300000,
                                                   .handoff = handoff->name, .place = node->place};
        return;
    }
    handoff->lands = true;
    config_sink_fill(reading, to, node_member(node, "on_error"), handoff->name, &handoff->view->sink);
    if (!handoff->order_set)
        handoff->order = handoff->view->sink.write == DAYBREAK_APPEND && !handoff->hold.set ? CONFIG_ORDER_EVERY : CONFIG_ORDER_LATEST;
}

/* A handoff that another one names must be there, and able to take what it is sent. */
static void
named_check(struct reading *reading, const struct config_handoff *from, const char *key, const char *name)
{
    const struct config *config = reading->config;
    const char **names = arena_alloc(reading->arena, (config->handoff_count + 1) * sizeof *names), *nearest;
    uint32_t at;

    if (name == NULL)
        return;
    at = config_handoff_find(config, name);
    for (uint32_t i = 0; i < config->handoff_count; i++)
        names[i] = config->handoffs[i].name;
    nearest = text_nearest(name, names, config->handoff_count);
    if (at == UINT32_MAX)
        CONFIG_ERROR(reading, "unknown-handoff", from->place,
                     nearest == NULL ? NULL : arena_printf(reading->arena, "did you mean '%s'?", nearest),
                     "%s of handoff '%s' names '%s', and there is no handoff of that name", key, from->name, name);
    else if (&config->handoffs[at] == from)
        CONFIG_ERROR(reading, "handoff-loop", from->place, NULL, "%s of handoff '%s' names itself", key, from->name);
    else if (!config->handoffs[at].lands)
        CONFIG_ERROR(reading, "handoff-target", config->handoffs[at].place, "to: {type: …}",
                     "handoff '%s' is named by '%s' and has no `to`", name, from->name);
}

static void
handoff_check(struct reading *reading, uint32_t i)
{
    const struct config *config = reading->config;
    const struct config_handoff *handoff = &config->handoffs[i];
    const struct config_sink *sink = &handoff->view->sink;

    if (!section_name(reading, handoff->name, handoff->place, "handoff"))
        return;
    if (handoff->name[0] == '(')
        CONFIG_ERROR(reading, "bad-name", handoff->place, NULL, "'%s' cannot name a handoff", handoff->name);
    if (strcmp(handoff->name, "dead") == 0 || strcmp(handoff->name, "filtered") == 0)
        CONFIG_ERROR(reading, "bad-name", handoff->place, NULL, "'%s' cannot name a handoff: tests call by it what reaches none", handoff->name);
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(config->handoffs[k].name, handoff->name) == 0)
            CONFIG_ERROR(reading, "duplicate-name", handoff->place, NULL, "there are two handoffs '%s'", handoff->name);
    named_check(reading, handoff, "on_approve", handoff->hold.on_approve);
    named_check(reading, handoff, "on_reject", handoff->hold.on_reject);
    named_check(reading, handoff, "otherwise", handoff->otherwise);
    if (sink->refused == CONFIG_REFUSED_NAME)
        named_check(reading, handoff, "on_error.refused", sink->refused_to);
    if (!handoff->lands && (!handoff->hold.set || handoff->hold.on_approve == NULL))
        CONFIG_ERROR(reading, "handoff-target", handoff->place, "to: {type: sqlite, path: out.db}",
                     "handoff '%s' has no target: it needs `to`%s", handoff->name,
                     handoff->hold.set ? " or `hold.on_approve`" : "");
    if (handoff->only_by_name && handoff->when.text != NULL)
        CONFIG_ERROR(reading, "no-effect", handoff->place, NULL, "handoff '%s' is only_by_name: its `when` is never asked", handoff->name);
    for (uint32_t k = 0; k < i; k++) {
        const struct config_handoff *before = &config->handoffs[k];

        if (before->when.text == NULL && !before->copy && !before->only_by_name && before->enabled && before->share >= 1 &&
            before->tables.count == 0 && !handoff->only_by_name && handoff->enabled) {
            CONFIG_WARNING(reading, "unreachable-handoff", handoff->place, "put it in front, or give the other one a `when`",
                           "nothing reaches handoff '%s': '%s' takes everything before it", handoff->name, before->name);
            break;
        }
    }
}

/* Everything goes to one target, nothing waits for anybody: rows and the source's position land in one commit, without a spool. */
static bool
is_plain(const struct config_handoff *handoff)
{
    return handoff->when.text == NULL && !handoff->copy && !handoff->only_by_name && handoff->enabled && handoff->share >= 1 &&
           handoff->tables.count == 0 && handoff->contract.required.count == 0 && handoff->contract.check_count == 0 &&
           handoff->context.count == 0 && !handoff->hold.set && handoff->lands && handoff->outcome_verify == NULL;
}

/* A record that no clause holds for has nowhere to go: said where the clauses cannot add up to everything. */
static void
hole_check(struct reading *reading, const struct config_node *node)
{
    const struct config *config = reading->config;

    for (uint32_t i = 0; i < config->handoff_count; i++)
        if (config->handoffs[i].when.text == NULL && !config->handoffs[i].copy && !config->handoffs[i].only_by_name &&
            config->handoffs[i].enabled)
            return;
    CONFIG_WARNING(reading, "handoff-hole", node->key_place, "a last handoff without `when` takes all that is left",
                   "a record for which no `when` holds (or is unknown, because of a null) has no handoff: it becomes a dead letter");
}

void
config_handoffs_read(struct reading *reading, const struct config_node *node)
{
    struct config *config = reading->config;
    uint32_t i = 0;

    if (node->kind != CONFIG_SEQUENCE || node->children == 0) {
        option_wrong(node, "a list of handoffs", reading->file, reading->findings);
        return;
    }
    if (node->children > CONFIG_HANDOFFS_MAX) {
        CONFIG_ERROR(reading, "too-many", node->key_place, NULL, "there are %lu handoffs, at most %d may be", (unsigned long)node->children,
                     CONFIG_HANDOFFS_MAX);
        return;
    }
    config->handoffs = arena_zero(reading->arena, (node->children + 1) * sizeof *config->handoffs);
    for (const struct config_node *item = node->child; item != NULL; item = item->next)
        handoff_read(reading, item, &config->handoffs[config->handoff_count++]);
    for (i = 0; i < config->handoff_count; i++)
        handoff_check(reading, i);
    if (config->handoff_count == 1 && is_plain(&config->handoffs[0])) {
        config->sink = config->handoffs[0].view->sink;
        config->handoff_count = 0;
        return;
    }
    hole_check(reading, node);
    config->sink = (struct config_sink){.handoff = CONFIG_SPOOL, .load = {.type = ""}, .write = DAYBREAK_APPEND, .prefix = "",
                                        .backoff_min_ms = 250, .backoff_max_ms = 30000, .give_up_ms = 300000, .place = node->key_place};
}
