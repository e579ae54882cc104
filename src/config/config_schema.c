/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline file described by the tables that read it: sections for manuals, a JSON Schema for editors. */
#include "parts.h"

#include <string.h>

#include "base/json.h"

static const struct daybreak_option no_options[] = {{.name = NULL}};

const struct config_section config_sections[] = {
    {.path = "", .table = config_top_options, .help = "A Daybreak pipeline: one source, its changes, one sink."},
    {.path = "owner", .table = config_owner_options, .help = "Who answers for this pipeline."},
    {.path = "source", .table = config_source_options, .open = true,
     .help = "Where rows come from; the options of the extract connector stand here too."},
    {.path = "source.expect", .table = config_expect_options,
     .help = "When a new input is due; one that is not there in time is late."},
    {.path = "source.format", .table = config_format_options, .open = true, .shape = CONFIG_SHAPE_OR_LIST,
     .help = "How inputs are read: a format's name, a mapping with its options, or a list of those with match."},
    {.path = "source.format.fields", .table = no_options, .same = "source.fields",
     .help = "The fields of what this format reads."},
    {.path = "source.fields", .table = no_options, .help = "Types of columns; others are text."},
    {.path = "source.fields.*", .table = config_field_options, .shape = CONFIG_SHAPE_OR_TEXT,
     .help = "A type, or a mapping with type, pattern and zone."},
    {.path = "source.capture", .table = config_capture_options, .help = "How changes are found."},
    {.path = "source.capture.guards", .table = config_guard_options,
     .help = "Rules that hold a whole input: a percentage or a number each."},
    {.path = "source.lookup", .table = no_options, .shape = CONFIG_SHAPE_LIST, .same = "transforms.lookup",
     .help = "As among the transforms, but before contract and comparison."},
    {.path = "source.contract", .table = config_contract_options,
     .help = "What a row must satisfy; one that does not is invalid: its last good version stays."},
    {.path = "source.capture.guards.manifest", .table = config_manifest_options,
     .help = "Holds an input that is not what its sender says, or that comes without a word: JSON, lines of names and values, or what sha256sum writes."},
    {.path = "source.tables", .table = no_options,
     .help = "Several tables in one input, each by its name; what one does not set comes from above."},
    {.path = "source.tables.*", .table = config_table_options, .help = "One table of the input."},
    {.path = "source.tables.*.fields", .table = no_options, .same = "source.fields",
     .help = "Types of this table's columns."},
    {.path = "source.tables.*.format", .table = no_options, .same = "source.format", .help = "How this table is read."},
    {.path = "source.tables.*.capture", .table = no_options, .same = "source.capture",
     .help = "How changes of this table are found."},
    {.path = "source.tables.*.lookup", .table = no_options, .same = "source.lookup",
     .help = "Instead of the source's lookups."},
    {.path = "source.tables.*.contract", .table = no_options, .same = "source.contract",
     .help = "Before the source's contract."},
    {.path = "source.tables.*.transforms", .table = no_options, .same = "transforms",
     .help = "Instead of the pipeline's transforms."},
    {.path = "source.tables.*.context", .table = no_options, .same = "context",
     .help = "Before the pipeline's context."},
    {.path = "transforms", .table = config_step_options, .shape = CONFIG_SHAPE_ITEMS,
     .help = "What reshapes records, in order: a list, one key each."},
    {.path = "transforms.filter", .table = config_filter_options, .help = "Leaves records out, by a condition."},
    {.path = "transforms.lookup", .table = config_lookup_options,
     .help = "Columns from a file, a database or another table of the input, for each record."},
    {.path = "transforms.lookup.from", .table = config_from_options, .open = true, .shape = CONFIG_SHAPE_OR_TEXT,
     .help = "Where they come from: a file as a source would name it, a database, or `input`. It is read before an input's first row and stays the "
             "same to its last; a file that changed makes no row a change by itself."},
    {.path = "transforms.lookup.from.fields", .table = no_options, .same = "source.fields", .help = "Types of its columns."},
    {.path = "transforms.lookup.from.format", .table = no_options, .same = "source.format", .help = "How the file is read."},
    {.path = "transforms.use", .table = config_use_options, .open = true, .help = "A transform module, with its options."},
    {.path = "context", .table = config_context_options,
     .help = "The envelope: when, why and by whom a row was changed; sees the columns after the transforms."},
    {.path = "sink", .table = config_sink_options, .open = true,
     .help = "Where rows land; the options of the load connector stand here too."},
    {.path = "sink.on_error", .table = config_error_options,
     .help = "What happens when the target refuses a record or is not there."},
    {.path = "handoffs", .table = config_handoff_options, .shape = CONFIG_SHAPE_LIST,
     .help = "Instead of sink: who takes which records. In order, the first whose `when` holds takes the record."},
    {.path = "handoffs.contract", .table = config_payload_options,
     .help = "What a record must satisfy to be handed over; one that does not is a dead letter of this handoff."},
    {.path = "handoffs.to", .table = no_options, .same = "sink", .help = "Where the records land, as under sink."},
    {.path = "handoffs.hold", .table = config_hold_options, .help = "Records that come here wait for a person's decision."},
    {.path = "handoffs.on_error", .table = no_options, .same = "sink.on_error",
     .help = "What happens when the target refuses a record or is not there."},
    {.path = "handoffs.outcome", .table = config_outcome_options,
     .help = "What must be seen at the target afterwards; a miss is an incident."},
    {.path = "tests", .table = config_test_options, .shape = CONFIG_SHAPE_LIST, .open = true,
     .help = "Records that come in, and what must become of them: `daybreak test` runs them."},
    {.path = "alerts", .table = config_alert_options, .shape = CONFIG_SHAPE_LIST,
     .help = "Who is told of what: a list, each with exactly one of command, webhook and mail."},
    {.path = "alerts.mail", .table = config_mail_options, .help = "Tells by mail."},
    {.path = "lag", .table = config_lag_options, .help = "What is promised about delay."},
    {.path = "secrets", .table = no_options,
     .help = "Values that stand elsewhere, by name; an option of a connector takes one as {secret: NAME}."},
    {.path = "secrets.*", .table = config_secret_options, .help = "Where a secret is: exactly one of these."},
    {.path = NULL},
};

/* The last word of a section's path when it stands right under ${parent}; NULL when it does not. */
static const char *
name_under(const char *parent, const char *path)
{
    size_t size = strlen(parent);

    if (path[0] == '\0' || strncmp(path, parent, size) != 0 || (size > 0 && path[size] != '.'))
        return NULL;
    path += size + (size > 0);
    return strchr(path, '.') == NULL ? path : NULL;
}

/* Is the section of that name, of so many bytes, a list of mappings? */
static bool
is_list(const char *path, size_t size)
{
    for (const struct config_section *section = config_sections; section->path != NULL; section++)
        if (strlen(section->path) == size && memcmp(section->path, path, size) == 0)
            return section->shape == CONFIG_SHAPE_ITEMS || section->shape == CONFIG_SHAPE_LIST;
    return false;
}

/* "#/properties/source/properties/fields" */
static void
reference_put(struct json *json, const char *path)
{
    struct text out = {0};

    text_put(&out, "#/properties/");
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '.')
            text_put(&out, is_list(path, (size_t)(at - path)) ? "/items/properties/" : "/properties/");
        else
            text_char(&out, *at);
    }
    json_text(json, "$ref", text_end(&out));
    text_fini(&out);
}

static void object_put(struct json *json, const struct config_section *section);

static void
section_put(struct json *json, const struct config_section *section, const char *name)
{
    json_object(json, name);
    json_text(json, "description", section->help);
    if (section->shape == CONFIG_SHAPE_LIST && section->same != NULL) {
        json_text(json, "type", "array");
        json_object(json, "items");
        reference_put(json, section->same);
        json_close(json);
    } else if (section->same != NULL) {
        reference_put(json, section->same);
    } else if (section->shape == CONFIG_SHAPE_OR_TEXT || section->shape == CONFIG_SHAPE_OR_LIST) {
        json_array(json, "anyOf");
        json_object(json, NULL);
        json_text(json, "type", "string");
        json_close(json);
        json_object(json, NULL);
        object_put(json, section);
        json_close(json);
        if (section->shape == CONFIG_SHAPE_OR_LIST) {
            json_object(json, NULL);
            json_text(json, "type", "array");
            json_int(json, "minItems", 1);
            json_object(json, "items");
            object_put(json, section);
            json_close(json);
            json_close(json);
        }
        json_close(json);
    } else if (section->shape == CONFIG_SHAPE_LIST) {
        json_text(json, "type", "array");
        json_object(json, "items");
        object_put(json, section);
        json_close(json);
    } else if (section->shape == CONFIG_SHAPE_ITEMS) {
        json_text(json, "type", "array");
        json_object(json, "items");
        object_put(json, section);
        json_int(json, "minProperties", 1);
        json_int(json, "maxProperties", 1);
        json_close(json);
    } else {
        object_put(json, section);
    }
    json_close(json);
}

/* What may stand in a section: its own options, the sections under it, and, where it is open, a connector's. */
static void
object_put(struct json *json, const struct config_section *section)
{
    const struct config_section *each = NULL;

    json_text(json, "type", "object");
    json_object(json, "properties");
    option_schema_members(section->table, json);
    for (const struct config_section *under = config_sections; under->path != NULL; under++) {
        const char *name = name_under(section->path, under->path);

        if (name != NULL && strcmp(name, "*") == 0)
            each = under;
        else if (name != NULL)
            section_put(json, under, name);
    }
    json_close(json);
    if (section->path[0] == '\0') {
        json_array(json, "required");
        json_text(json, NULL, "source");
        json_close(json);
        json_array(json, "oneOf");
        for (int i = 0; i < 2; i++) {
            json_object(json, NULL);
            json_array(json, "required");
            json_text(json, NULL, i == 0 ? "sink" : "handoffs");
            json_close(json);
            json_close(json);
        }
        json_close(json);
    } else {
        option_schema_required(section->table, json);
    }
    if (each != NULL)
        section_put(json, each, "additionalProperties");
    else if (!section->open)
        json_bool(json, "additionalProperties", false);
}

void
config_schema(struct json *json)
{
    json_object(json, NULL);
    json_text(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_text(json, "title", "Daybreak pipeline file");
    json_text(json, "description", config_sections[0].help);
    object_put(json, &config_sections[0]);
    json_close(json);
}
