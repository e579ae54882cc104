/* SPDX-License-Identifier: Apache-2.0 */
/* The sink of a pipeline file: where rows land, how, and what happens when they do not. */
#include "parts.h"

#include <string.h>

/* What the engine reads itself; all else under `sink` is an option of the connector. */
const char *const config_sink_keys[] = {"type",   "table",    "write", "existing", "deletes",  "history", "keep", "prefix",
                                        "envelope", "done", "on_error", "order",  "contract", "outcome", NULL};

struct sink_values {
    const char *type, *table, *prefix, *done;
    int write, existing, deletes, history, envelope;
    int64_t keep_ms;
};

const struct daybreak_option config_sink_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct sink_values, type), .required = true, .example = "sqlite",
     .help = "The load connector; its options stand beside it."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct sink_values, table), .example = "\"{table}\"",
     .help = "The target's table; {table} stands for the source's. The pipeline's name, or {table} with several tables."},
    {.name = "write", .type = DAYBREAK_CHOICE, .at = offsetof(struct sink_values, write), .choices = "mirror|upsert|append",
     .help = "mirror: the target holds exactly the rows of the source; upsert never deletes; append writes every change. "
             "mirror for a diff into a database, else append."},
    {.name = "existing", .type = DAYBREAK_CHOICE, .at = offsetof(struct sink_values, existing), .preset = "refuse",
     .choices = "refuse|adopt", .help = "A table with rows of others: refuse it, or compare with it and take it over."},
    {.name = "deletes", .type = DAYBREAK_CHOICE, .at = offsetof(struct sink_values, deletes), .preset = "delete",
     .choices = "delete|mark", .help = "mirror: delete rows, or keep them marked with _op = d."},
    {.name = "history", .type = DAYBREAK_CHOICE, .at = offsetof(struct sink_values, history), .preset = "gone",
     .choices = "gone|all|none", .help = "Keep the envelope of deleted rows, of every replaced version, or of none."},
    {.name = "keep", .type = DAYBREAK_DURATION, .at = offsetof(struct sink_values, keep_ms), .preset = "90d",
     .help = "How long history is kept."},
    {.name = "prefix", .type = DAYBREAK_TEXT, .at = offsetof(struct sink_values, prefix), .preset = "", .example = "db_",
     .help = "Stands before the names of the envelope's columns, where one clashes."},
    {.name = "envelope", .type = DAYBREAK_CHOICE, .at = offsetof(struct sink_values, envelope), .preset = "daybreak",
     .choices = "daybreak|side|none|debezium|cloudevents",
     .help = "What travels with the data: the envelope, beside it in a table of its own, nothing, or another form of it."},
    {.name = "done", .type = DAYBREAK_TEXT, .at = offsetof(struct sink_values, done), .example = "\".done\"",
     .help = "Suffix of an empty file that is made when a target file is whole."},
    {.name = NULL},
};

struct error_values {
    const char *refused, *backoff;
    int64_t give_up_ms;
};

const struct daybreak_option config_error_options[] = {
    {.name = "refused", .type = DAYBREAK_TEXT, .at = offsetof(struct error_values, refused), .preset = "dead_letter",
     .help = "A record the target refuses: dead_letter sets it aside, stop ends the run."},
    {.name = "backoff", .type = DAYBREAK_TEXT, .at = offsetof(struct error_values, backoff), .preset = "250ms..30s",
     .help = "How long to wait before trying again: the first time, and at most."},
    {.name = "give_up", .type = DAYBREAK_DURATION, .at = offsetof(struct error_values, give_up_ms), .preset = "5m",
     .help = "How long a run keeps trying to reach a target; a follower does not give up."},
    {.name = NULL},
};

/* "250ms..30s", or one duration for both ends. */
static bool
range_read(const char *text, int64_t *low, int64_t *high)
{
    const char *dots = strstr(text, "..");
    char first[32];

    if (dots == NULL)
        return option_duration(text, low) && (*high = *low) > 0;
    if ((size_t)(dots - text) >= sizeof first)
        return false;
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    return option_duration(first, low) && option_duration(dots + 2, high) && *low > 0 && *low <= *high;
}

/* Which of the handoffs it may name shows when all are known. */
static void
refused_read(struct reading *reading, const struct config_node *member, const char *text, struct config_sink *sink)
{
    static const char *const words[] = {"dead_letter", "stop"};
    const char *nearest;

    sink->refused = strcmp(text, "stop") == 0 ? CONFIG_REFUSED_STOP : CONFIG_REFUSED_DEAD;
    if (strcmp(text, "dead_letter") == 0 || strcmp(text, "stop") == 0)
        return;
    nearest = text_nearest(text, words, 2);
    if (nearest == NULL && node_member(reading->root, "handoffs") != NULL) {
        sink->refused = CONFIG_REFUSED_NAME;
        sink->refused_to = text;
        return;
    }
    CONFIG_ERROR(reading, "unknown-choice", member->place,
                 nearest != NULL ? arena_printf(reading->arena, "did you mean '%s'?", nearest)
                                 : "another handoff can only be named among handoffs",
                 "'refused' may be dead_letter or stop, not '%s'", text);
}

static void
error_read(struct reading *reading, const struct config_node *node, struct config_sink *sink)
{
    static const struct section section = {.table = config_error_options};
    struct error_values values = {0};

    section_fill(reading, &section, node, &values);
    refused_read(reading, node_member(node, "refused"), values.refused, sink);
    sink->give_up_ms = values.give_up_ms;
    if (!range_read(values.backoff, &sink->backoff_min_ms, &sink->backoff_max_ms)) {
        sink->backoff_min_ms = 250;
        sink->backoff_max_ms = 30000;
        option_wrong(node_member(node, "backoff"), "a range of durations such as 250ms..30s", reading->file, reading->findings);
    }
}

/* Loads that only append, as far as a name tells: lint asks the connector itself. */
static bool
is_database(const char *type)
{
    static const char *const files[] = {"jsonl", "json", "csv", "xml", "fixed", "parquet", "kafka", "nats", "webhook",
                                        "http", "exec"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i], type) == 0)
            return false;
    return true;
}

void
config_sink_fill(struct reading *reading, const struct config_node *node, const struct config_node *errors, const char *handoff,
                 struct config_sink *sink)
{
    static const char *const not_yet[] = {"order", "contract", "outcome", NULL};
    static const struct section section = {.table = config_sink_options, .not_yet = not_yet, .open = true};
    const struct config_source *source = &reading->config->source;
    const struct config_node *write = node_member(node, "write");
    struct sink_values values = {0};
    bool diff = source->table_count > 0;

    section_fill(reading, &section, node, &values);
    error_read(reading, errors, sink);
    sink->handoff = handoff;
    sink->load = (struct config_connector){.type = values.type == NULL ? "" : values.type, .node = node, .place = node->place};
    sink->place = node->key_place;
    sink->table = values.table;
    sink->existing = (enum daybreak_existing)values.existing;
    sink->history = (enum daybreak_history)values.history;
    sink->envelope = (enum daybreak_envelope)values.envelope;
    sink->mark_deletes = values.deletes == 1;
    sink->keep_ms = values.keep_ms;
    sink->prefix = values.prefix;
    sink->done = values.done;
    sink->write_set = write != NULL;
    sink->write_place = write == NULL ? (struct config_place){0, 0} : write->place;
    for (uint32_t t = 0; t < source->table_count; t++)
        diff &= source->tables[t].capture.method == CONFIG_DIFF;
    sink->write = sink->write_set ? (enum daybreak_write)values.write
                                  : diff && is_database(sink->load.type) ? DAYBREAK_MIRROR : DAYBREAK_APPEND;
    if (values.table != NULL && values.table[0] == '\0')
        CONFIG_ERROR(reading, "empty-value", node_member(node, "table")->key_place, "leave the key out", "'table' is empty");
}

void
config_sink_read(struct reading *reading, const struct config_node *node)
{
    config_sink_fill(reading, node, node_member(node, "on_error"), "load", &reading->config->sink);
}
