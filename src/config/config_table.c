/* SPDX-License-Identifier: Apache-2.0 */
/* What each table may say for itself of its input: fields and formats. */
#include "parts.h"

#include <string.h>

/* ---- fields ------------------------------------------------------------------------------- */

struct field_values {
    const char *type, *pattern, *zone, *path;
    struct daybreak_map repeated;
};

const struct daybreak_option config_field_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, type), .preset = "text", .example = "timestamp",
     .help = "text, integer, decimal(P,S), real, boolean, date, timestamp or bytes."},
    {.name = "pattern", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, pattern), .example = "%d.%m.%Y %H:%M",
     .help = "How a date or timestamp is written, if not as ISO 8601: %Y %y %m %b %d %j %H %I %p %M %S %f %z."},
    {.name = "zone", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, zone), .example = "Europe/Paris",
     .help = "The time zone of timestamps without an offset, by its tzdata name; UTC by default."},
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, path), .example = "address/@city",
     .help = "In the fields of an XML format: where in the record it is; the child element of the field's name by default."},
    {.name = "repeated", .type = DAYBREAK_MAP, .at = offsetof(struct field_values, repeated), .example = "{join: \"|\"}",
     .help = "There too: what it is when it comes more than once: first, json or {join: TEXT}."},
    {.name = NULL},
};

/* first, json, join=TEXT */
static const char *
repeated_text(struct arena *arena, const struct daybreak_map *repeated)
{
    if (repeated->count == 0)
        return NULL;
    return repeated->value[0][0] == '\0' && strcmp(repeated->name[0], "join") != 0
               ? repeated->name[0]
               : arena_printf(arena, "%s=%s", repeated->name[0], repeated->value[0]);
}

void
config_fields_read(struct reading *reading, const struct config_node *node, struct config_field **fields, uint32_t *count)
{
    static const struct section section = {.table = config_field_options};
    struct config_field *field;

    *fields = NULL;
    *count = 0;
    node = section_mapping(reading, node, "a mapping of names to types");
    if (node == NULL)
        return;
    *fields = field = arena_zero(reading->arena, (node->children + 1) * sizeof *field);
    for (const struct config_node *member = node->child; member != NULL; member = member->next, field++) {
        struct field_values values = {.type = "text"};

        if (member->kind == CONFIG_SCALAR && member->text[0] != '\0')
            values.type = member->text;
        else if (member->kind == CONFIG_MAPPING)
            section_fill(reading, &section, member, &values);
        else
            option_wrong(member, "a type, or a mapping with type:", reading->file, reading->findings);
        *field = (struct config_field){.name = member->key, .type = values.type, .pattern = values.pattern, .zone = values.zone,
                                       .path = values.path, .repeated = repeated_text(reading->arena, &values.repeated),
                                       .typed = member->kind == CONFIG_SCALAR || node_member(member, "type") != NULL,
                                       .place = member->kind == CONFIG_SCALAR ? member->place : member->key_place};
        (*count)++;
    }
}

/* ---- formats ------------------------------------------------------------------------------ */

struct format_values {
    const char *type, *match, *encoding;
};

const struct daybreak_option config_format_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct format_values, type), .example = "csv",
     .help = "The format connector; without it, what the name's ending says."},
    {.name = "match", .type = DAYBREAK_TEXT, .at = offsetof(struct format_values, match), .example = "*.json",
     .help = "In a list of formats: the file or member names it reads; the first that fits is taken."},
    {.name = "encoding", .type = DAYBREAK_TEXT, .at = offsetof(struct format_values, encoding), .example = "windows-1252",
     .help = "How characters are written, by the names of iconv; UTF-8 without it. A BOM says more than that."},
    {.name = NULL},
};

static void
format_read(struct reading *reading, const struct config_node *node, struct config_connector *format)
{
    static const struct section section = {.table = config_format_options, .open = true};
    struct format_values values = {0};

    *format = (struct config_connector){.place = node->place};
    if (node->kind == CONFIG_SCALAR && node->text[0] != '\0') {
        format->type = node->text;
        return;
    }
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a format's name, or a mapping with type:", reading->file, reading->findings);
        return;
    }
    section_fill(reading, &section, node, &values);
    format->type = values.type;
    format->match = values.match;
    format->node = node;
    if (node_member(node, "fields") == NULL)
        return;
    config_fields_read(reading, node_member(node, "fields"), &format->fields, &format->field_count);
    for (uint32_t i = 0; format->type != NULL && strcmp(format->type, "xml") == 0 && i < format->field_count; i++) {
        struct config_field *field = &format->fields[i];

        if (field->typed && field->path == NULL && node_member(node_member(node, "fields"), field->name)->kind == CONFIG_SCALAR) {
            field->path = field->type; /* fields: {city: address/city} */
            field->type = "text";
            field->typed = false;
        }
    }
}

void
config_formats_read(struct reading *reading, const struct config_node *node, struct config_connector **formats, uint32_t *count)
{
    size_t room = node != NULL && node->kind == CONFIG_SEQUENCE ? node->children : 1;
    struct config_connector *format = arena_zero(reading->arena, (room + 1) * sizeof *format);
    const struct config_connector *before = NULL;

    *formats = format;
    *count = 1;
    if (node == NULL)
        return;
    if (node->kind != CONFIG_SEQUENCE) {
        format_read(reading, node, format);
        return;
    }
    if (node->child == NULL)
        CONFIG_ERROR(reading, "empty-value", node->place, NULL, "the list of formats is empty");
    for (const struct config_node *item = node->child; item != NULL; item = item->next, format++) {
        format_read(reading, item, format);
        if (before != NULL && before->match == NULL)
            CONFIG_WARNING(reading, "no-effect", item->place, "give the earlier ones a match:",
                           "this format is never asked: one before it has no match: and takes everything");
        before = format;
    }
    *count = node->children == 0 ? 1 : node->children;
}
