/* SPDX-License-Identifier: Apache-2.0 */
/* The source of a pipeline file: the extract, its tables with all they inherit, and how changes are found. */
#include "parts.h"

#include <string.h>

/* What the engine reads itself; all else under `source` is an option of the connector. */
const char *const config_source_keys[] = {"type",   "at",    "timezone", "parts",  "format", "fields",   "expect", "capture",
                                          "member", "table", "query",    "tables", "lookup", "contract", NULL};

struct source_values {
    const char *type, *timezone, *member, *table, *query;
    int64_t at_s, parts;
};

const struct daybreak_option config_source_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct source_values, type), .example = "file",
     .help = "The extract connector; its options stand beside it. With a path alone it is file."},
    {.name = "at", .type = DAYBREAK_TIME, .at = offsetof(struct source_values, at_s), .example = "\"02:10\"",
     .help = "Time of day at which the dump was cut, where its name has no time of day."},
    {.name = "timezone", .type = DAYBREAK_TEXT, .at = offsetof(struct source_values, timezone), .preset = "UTC",
     .help = "Time zone of `at` and of the times in names, by its tzdata name.", .example = "Europe/Paris"},
    {.name = "parts", .type = DAYBREAK_INTEGER, .at = offsetof(struct source_values, parts), .preset = "1", .min = 1,
     .max = 100000,
     .help = "That many files of equal time are one input, complete when all are there."},
    {.name = "member", .type = DAYBREAK_TEXT, .at = offsetof(struct source_values, member), .example = "\"*/orders.csv\"",
     .help = "Which members of an archive are the table; * also matches /."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct source_values, table),
     .help = "The table of a database to read."},
    {.name = "query", .type = DAYBREAK_TEXT, .at = offsetof(struct source_values, query),
     .help = "The query to read instead of a table."},
    {.name = NULL},
};

struct expect_values {
    int64_t every_ms, grace_ms;
};

const struct daybreak_option config_expect_options[] = {
    {.name = "every", .type = DAYBREAK_DURATION, .at = offsetof(struct expect_values, every_ms), .required = true, .min = 1,
     .max = INT64_MAX, .help = "How often a new input is due.", .example = "1d"},
    {.name = "grace", .type = DAYBREAK_DURATION, .at = offsetof(struct expect_values, grace_ms), .preset = "0",
     .help = "How much later it may come before it is late.", .example = "2h"},
    {.name = NULL},
};

/* ---- capture ------------------------------------------------------------------------------ */

const struct daybreak_option config_capture_options[] = {
    {.name = "method", .type = DAYBREAK_CHOICE, .at = offsetof(struct config_capture, method),
     .choices = "diff|append|watermark|triggers|log",
     .help = "How changes are found: diff compares whole dumps by key, append takes new rows; diff with a key, else append."},
    {.name = "key", .type = DAYBREAK_LIST, .at = offsetof(struct config_capture, key), .example = "[order_id]",
     .help = "The columns that make a row the same row."},
    {.name = "ignore", .type = DAYBREAK_LIST, .at = offsetof(struct config_capture, ignore), .example = "[exported_at]",
     .help = "Columns that are delivered but not compared."},
    {.name = "before", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct config_capture, before), .preset = "false",
     .help = "Remember whole rows, so that updates and deletes carry the old one."},
    {.name = "first", .type = DAYBREAK_CHOICE, .at = offsetof(struct config_capture, first), .preset = "load",
     .choices = "load|skip",
     .help = "What the first input does: load every row, or only be remembered."},
    {.name = "again", .type = DAYBREAK_CHOICE, .at = offsetof(struct config_capture, again), .preset = "allow",
     .choices = "allow|dead_letter", .help = "append: what happens to a row whose key was there before."},
    {.name = "cursor", .type = DAYBREAK_LIST, .at = offsetof(struct config_capture, cursor), .example = "[updated_at, order_id]",
     .help = "watermark: the columns by which rows are read in order."},
    {.name = "late", .type = DAYBREAK_DURATION, .at = offsetof(struct config_capture, late_ms), .example = "30s",
     .help = "watermark: how late a commit may become visible."},
    {.name = NULL},
};

struct guard_values {
    const char *max_deletes, *min_rows, *max_invalid, *max_updates;
    int64_t max_keyless;
    int unreadable;
};

const struct daybreak_option config_guard_options[] = {
    {.name = "max_deletes", .type = DAYBREAK_TEXT, .at = offsetof(struct guard_values, max_deletes), .preset = "20%",
     .help = "An input that would delete more rows than this, of those remembered, is held."},
    {.name = "min_rows", .type = DAYBREAK_TEXT, .at = offsetof(struct guard_values, min_rows), .preset = "50%",
     .help = "An input with fewer rows than this, of those remembered, is held."},
    {.name = "max_invalid", .type = DAYBREAK_TEXT, .at = offsetof(struct guard_values, max_invalid), .preset = "5%",
     .help = "An input with more invalid rows than this, of those read and more than 10, is held."},
    {.name = "max_updates", .type = DAYBREAK_TEXT, .at = offsetof(struct guard_values, max_updates), .example = "50%",
     .help = "An input that would update more rows than this is held; 50% when a column is new, else no limit."},
    {.name = "max_keyless", .type = DAYBREAK_INTEGER, .at = offsetof(struct guard_values, max_keyless), .preset = "0",
     .max = INT64_MAX, .help = "With more rows than this whose key cannot be read, the deletes of the input are held."},
    {.name = "unreadable", .type = DAYBREAK_CHOICE, .at = offsetof(struct guard_values, unreadable), .preset = "hold",
     .choices = "hold|dead_letter", .help = "What becomes of an input that cannot be read to its end."},
    {.name = NULL},
};

static void
guards_read(struct reading *reading, const struct config_node *node, struct config_guards *guards)
{
    static const char *const inner[] = {"manifest", NULL};
    static const struct section section = {.table = config_guard_options, .inner = inner};
    struct guard_values values = {0};

    section_fill(reading, &section, node, &values);
    limit_read(reading, node, "max_deletes", "20%", &guards->max_deletes);
    limit_read(reading, node, "min_rows", "50%", &guards->min_rows);
    limit_read(reading, node, "max_invalid", "5%", &guards->max_invalid);
    limit_read(reading, node, "max_updates", NULL, &guards->max_updates);
    guards->max_keyless = values.max_keyless;
    guards->unreadable = values.unreadable == 0 ? CONFIG_UNREADABLE_HOLD : CONFIG_UNREADABLE_DEAD;
    guards->manifest = config_manifest_read(reading, node_member(node, "manifest"));
}

static void
columns_check(struct reading *reading, const struct config_node *node, const char *name, const struct daybreak_list *list)
{
    const struct config_node *member = node_member(node, name);

    for (size_t i = 0; member != NULL && i < list->count; i++) {
        if (list->item[i][0] == '\0')
            CONFIG_ERROR(reading, "empty-value", member->key_place, NULL, "'%s' holds an empty column name", name);
        for (size_t k = 0; k < i && i < 1000; k++)
            if (list->item[i][0] != '\0' && strcmp(list->item[i], list->item[k]) == 0)
                CONFIG_ERROR(reading, "duplicate-name", member->place, NULL, "'%s' names column '%s' twice", name, list->item[i]);
    }
    if (member != NULL && list->count == 0 && member->kind == CONFIG_SEQUENCE)
        CONFIG_ERROR(reading, "empty-value", member->key_place, "leave the key out", "'%s' names no column", name);
}

/* Keys that only one method reads. */
static void
only_with(struct reading *reading, const struct config_node *node, const char *name, enum config_method method,
          enum config_method needed, const char *word)
{
    const struct config_node *member = node_member(node, name);

    if (member != NULL && method != needed)
        CONFIG_ERROR(reading, "not-together", member->key_place, NULL, "'%s' is for `method: %s` only", name, word);
}

static struct config_place
place_of(const struct config_node *node)
{
    return node == NULL ? (struct config_place){0, 0} : node->place;
}

static void
capture_read(struct reading *reading, const struct config_node *node, struct config_capture *capture)
{
    static const char *const inner[] = {"guards", NULL}, *const not_yet[] = {"deletes", NULL};
    static const struct section section = {.table = config_capture_options, .inner = inner, .not_yet = not_yet};
    size_t raised = reading->findings->raised;

    memset(capture, 0, sizeof *capture);
    section_fill(reading, &section, node, capture);
    guards_read(reading, node_member(node, "guards"), &capture->guards);
    capture->method_set = node_member(node, "method") != NULL;
    if (!capture->method_set)
        capture->method = capture->key.count > 0 ? CONFIG_DIFF : CONFIG_APPEND;
    capture->key_place = place_of(node_member(node, "key"));
    capture->ignore_place = place_of(node_member(node, "ignore"));
    capture->method_place = place_of(node_member(node, "method"));
    columns_check(reading, node, "key", &capture->key);
    columns_check(reading, node, "ignore", &capture->ignore);
    columns_check(reading, node, "cursor", &capture->cursor);
    if (reading->findings->raised > raised)
        return; /* a method that could not be read would find fault with all that belongs to it */
    only_with(reading, node, "cursor", capture->method, CONFIG_WATERMARK, "watermark");
    only_with(reading, node, "late", capture->method, CONFIG_WATERMARK, "watermark");
    only_with(reading, node, "again", capture->method, CONFIG_APPEND, "append");
    if (capture->guards.manifest != NULL && capture->method == CONFIG_APPEND)
        CONFIG_WARNING(reading, "no-effect", capture->guards.manifest->place, NULL,
                       "a manifest is held against packed files only: one that grows is never whole");
    if (capture->again == CONFIG_AGAIN_DEAD && capture->key.count == 0)
        CONFIG_ERROR(reading, "needs-key", node_member(node, "again")->key_place, "key: [columns that make a row unique]",
                     "`again: dead_letter` needs a key to know a row again");
}

/* ---- tables ------------------------------------------------------------------------------- */

struct table_values {
    const char *member, *table, *query, *record;
    struct daybreak_list key;
};

const struct daybreak_option config_table_options[] = {
    {.name = "member", .type = DAYBREAK_TEXT, .at = offsetof(struct table_values, member), .example = "\"*/navaids.csv\"",
     .help = "Which members of the archive are this table; * also matches /."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct table_values, table),
     .help = "The table of the database to read."},
    {.name = "query", .type = DAYBREAK_TEXT, .at = offsetof(struct table_values, query),
     .help = "The query to read instead of a table."},
    {.name = "record", .type = DAYBREAK_TEXT, .at = offsetof(struct table_values, record),
     .help = "The path of this table's records."},
    {.name = "key", .type = DAYBREAK_LIST, .at = offsetof(struct table_values, key), .example = "[code]",
     .help = "Short for capture: {key: …}."},
    {.name = NULL},
};

static const char *const table_inner[] = {"fields", "format", "capture", "transforms", "context", "lookup", "contract", NULL};

/* What the source says for all its tables. */
struct above {
    const struct config_node *capture, *contract;
    struct config_table table;
};

/* `key:` of a table is short for `capture: {key: …}`. */
static const struct config_node *
capture_of_table(struct reading *reading, const struct config_node *node)
{
    const struct config_node *capture = section_mapping(reading, node_member(node, "capture"), NULL);
    const struct config_node *key = node_member(node, "key");
    struct config_node *short_form, *copy;

    if (key == NULL)
        return capture;
    if (node_member(capture, "key") != NULL)
        CONFIG_ERROR(reading, "not-together", key->key_place, "keep one of them", "the key is also in 'capture'");
    short_form = arena_zero(reading->arena, sizeof *short_form);
    copy = arena_alloc(reading->arena, sizeof *copy);
    *copy = *key;
    copy->next = NULL;
    *short_form = (struct config_node){.kind = CONFIG_MAPPING, .key = "capture", .place = node->place,
                                       .key_place = key->key_place,
                                       .child = copy, .children = 1};
    return section_merge(reading->arena, capture, short_form);
}

static void
table_or_query(struct reading *reading, const struct config_node *node)
{
    if (node_member(node, "table") != NULL && node_member(node, "query") != NULL)
        CONFIG_ERROR(reading, "not-together", node_member(node, "query")->key_place, "keep one of them",
                     "'table' and 'query' exclude each other");
}

static void
table_read(struct reading *reading, const struct config_node *node, const struct above *above, struct config_table *table)
{
    static const struct section section = {.table = config_table_options, .inner = table_inner};
    struct table_values values = {.member = above->table.member, .table = above->table.table, .query = above->table.query};
    const struct config_node *fields = node_member(node, "fields"), *format = node_member(node, "format"),
                             *steps = node_member(node, "transforms"), *context = node_member(node, "context"),
                             *lookup = node_member(node, "lookup"), *contract = node_member(node, "contract");

    *table = above->table;
    section_fill(reading, &section, node, &values);
    table->name = node->key;
    table->place = node->key_place;
    section_name(reading, node->key, node->key_place, "table");
    table->member = values.member;
    table->table = values.table;
    table->query = values.query;
    table->record = values.record;
    table_or_query(reading, node);
    if (node_member(node, "query") != NULL)
        table->table = node_member(node, "table") == NULL ? NULL : values.table;
    else if (node_member(node, "table") != NULL)
        table->query = NULL;
    if (fields != NULL)
        config_fields_read(reading, fields, &table->fields, &table->field_count);
    if (format != NULL)
        config_formats_read(reading, format, &table->formats, &table->format_count);
    if (steps != NULL)
        config_steps_read(reading, steps, &table->steps, &table->step_count);
    if (context != NULL)
        config_context_read(reading, section_merge(reading->arena, reading->context, context), &table->context);
    if (lookup != NULL)
        config_lookups_read(reading, lookup, &table->lookups, &table->lookup_count);
    if (contract != NULL)
        config_contract_read(reading, section_merge(reading->arena, above->contract, contract), &table->contract);
    capture_read(reading, section_merge(reading->arena, above->capture, capture_of_table(reading, node)), &table->capture);
}

static void
tables_read(struct reading *reading, const struct config_node *node, const struct above *above, struct config_source *source)
{
    const struct config_node *tables = node_member(node, "tables");
    struct config_table *table;

    source->tables_named = tables != NULL;
    tables = section_mapping(reading, tables, "a mapping of table names");
    if (tables == NULL || tables->children == 0) {
        if (source->tables_named)
            CONFIG_ERROR(reading, "empty-value", node_member(node, "tables")->key_place,
                         "tables: {NAME: {member: \"*/name.csv\"}}",
                         "'tables' names no table");
        source->tables_named = false;
        source->tables = table = arena_alloc(reading->arena, sizeof *table);
        source->table_count = 1;
        *table = above->table;
        table->name = reading->config->name;
        table->place = source->place;
        capture_read(reading, above->capture, &table->capture);
        return;
    }
    source->tables = table = arena_zero(reading->arena, tables->children * sizeof *table);
    for (const struct config_node *member = tables->child; member != NULL; member = member->next)
        table_read(reading, member, above, table++);
    source->table_count = tables->children;
}

/* ---- source ------------------------------------------------------------------------------- */

void
config_source_read(struct reading *reading, const struct config_node *node)
{
    static const char *const inner[] = {"lookup", "contract", NULL};
    static const struct section section = {.table = config_source_options, .inner = inner, .open = true},
                                expect_section = {.table = config_expect_options};
    struct config_source *source = &reading->config->source;
    struct source_values values = {.at_s = -1};
    struct expect_values expected = {0};
    struct above above = {0};
    const struct config_node *expect = node_member(node, "expect");

    source->place = node->key_place;
    section_fill(reading, &section, node, &values);
    if (values.type == NULL && node_member(node, "path") != NULL)
        values.type = "file";
    if ((values.type == NULL || values.type[0] == '\0') &&
        (node->kind == CONFIG_MAPPING || (node->kind == CONFIG_SCALAR && node->text[0] == '\0')))
        CONFIG_ERROR(reading, "missing-key", node->key_place, "type: file", "'type' is missing in 'source'");
    source->extract = (struct config_connector){.type = values.type == NULL ? "" : values.type, .node = node,
                                                .place = node->place};
    source->timezone = values.timezone;
    source->at_s = values.at_s;
    source->parts = values.parts;
    if (expect != NULL) {
        section_fill(reading, &expect_section, expect, &expected);
        source->expect_every_ms = expected.every_ms;
        source->expect_grace_ms = expected.grace_ms;
    }
    above.capture = section_mapping(reading, node_member(node, "capture"), NULL);
    above.table.member = values.member;
    above.table.table = values.table;
    above.table.query = values.query;
    table_or_query(reading, node);
    config_fields_read(reading, node_member(node, "fields"), &above.table.fields, &above.table.field_count);
    config_formats_read(reading, node_member(node, "format"), &above.table.formats, &above.table.format_count);
    config_steps_read(reading, reading->transforms, &above.table.steps, &above.table.step_count);
    config_context_read(reading, reading->context, &above.table.context);
    config_lookups_read(reading, node_member(node, "lookup"), &above.table.lookups, &above.table.lookup_count);
    above.contract = node_member(node, "contract");
    config_contract_read(reading, above.contract, &above.table.contract);
    tables_read(reading, node, &above, source);
    for (uint32_t t = 0; t < source->table_count; t++)
        config_lookups_check(reading, &source->tables[t]);
}
