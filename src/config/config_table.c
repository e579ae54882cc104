/* SPDX-License-Identifier: Apache-2.0 */
/* What each table may say for itself: fields, formats, transforms, context. */
#include "parts.h"

#include <string.h>

#define COLUMNS_LIMIT 512 /* of one transform; the steps plan with arrays of this size */

/* ---- fields ------------------------------------------------------------------------------- */

struct field_values {
    const char *type, *pattern, *zone;
};

const struct daybreak_option config_field_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, type), .required = true, .example = "timestamp",
     .help = "text, integer, decimal(P,S), real, boolean, date, timestamp or bytes."},
    {.name = "pattern", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, pattern), .example = "%d.%m.%Y %H:%M",
     .help = "How a date or timestamp is written, if not as ISO 8601: %Y %y %m %b %d %j %H %I %p %M %S %f %z."},
    {.name = "zone", .type = DAYBREAK_TEXT, .at = offsetof(struct field_values, zone), .example = "Europe/Paris",
     .help = "The time zone of timestamps without an offset, by its tzdata name; UTC by default."},
    {.name = NULL},
};

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
                                       .place = member->kind == CONFIG_SCALAR ? member->place : member->key_place};
        (*count)++;
    }
}

/* ---- formats ------------------------------------------------------------------------------ */

struct format_values {
    const char *type, *match;
};

const struct daybreak_option config_format_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct format_values, type), .example = "csv",
     .help = "The format connector; without it, what the name's ending says."},
    {.name = "match", .type = DAYBREAK_TEXT, .at = offsetof(struct format_values, match), .example = "*.json",
     .help = "In a list of formats: the file or member names it reads; the first that fits is taken."},
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
    if (node_member(node, "fields") != NULL)
        config_fields_read(reading, node_member(node, "fields"), &format->fields, &format->field_count);
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

/* ---- transforms --------------------------------------------------------------------------- */

struct step_values {
    struct daybreak_map rename;
    struct daybreak_list drop, select;
};

const struct daybreak_option config_step_options[] = {
    {.name = "rename", .type = DAYBREAK_MAP, .at = offsetof(struct step_values, rename),
     .help = "Give columns other names: {old: new}.",
     .example = "{cust_name: customer_name}"},
    {.name = "drop", .type = DAYBREAK_LIST, .at = offsetof(struct step_values, drop), .help = "Leave these columns out.",
     .example = "[internal_note]"},
    {.name = "select", .type = DAYBREAK_LIST, .at = offsetof(struct step_values, select), .help = "Leave all other columns out."},
    {.name = NULL},
};

static void
names_check(struct reading *reading, const struct config_node *node, const char *const *name, size_t count, const char *what)
{
    if (count > COLUMNS_LIMIT)
        CONFIG_ERROR(reading, "out-of-bounds", node->key_place, "write two transforms", "'%s' takes at most %d columns at once",
                     node->key, COLUMNS_LIMIT);
    for (size_t i = 0; i < count && i < COLUMNS_LIMIT; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(name[i], name[k]) == 0) {
                CONFIG_ERROR(reading, "duplicate-name", node->key_place, NULL, "column '%s' %s twice", name[i], what);
                break;
            }
}

static void
step_read(struct reading *reading, const struct config_node *item, struct config_step *step)
{
    static const char *const not_yet[] = {"lookup", "filter", "set", "use", NULL};
    static const struct section section = {.table = config_step_options, .not_yet = not_yet};
    const struct config_node *verb = item->child;
    size_t raised = reading->findings->raised;
    struct step_values values = {0};

    if (item->kind != CONFIG_MAPPING || item->children != 1) {
        CONFIG_ERROR(reading, "wrong-type", item->place, "- rename: {old: new}",
                     "a transform is one of rename, drop and select with what it takes");
        return;
    }
    section_fill(reading, &section, item, &values);
    if (reading->findings->raised > raised)
        return;
    step->place = verb->key_place;
    if (values.rename.count > 0 || strcmp(verb->key, "rename") == 0) {
        step->kind = CONFIG_RENAME;
        step->rename = values.rename;
        if (verb->kind != CONFIG_MAPPING)
            option_wrong(verb, "a mapping {old: new}", reading->file, reading->findings);
        else
            names_check(reading, verb, values.rename.value, values.rename.count, "would be there");
        for (size_t i = 0; i < values.rename.count && verb->kind == CONFIG_MAPPING; i++)
            if (values.rename.value[i][0] == '\0')
                CONFIG_ERROR(reading, "empty-value", verb->key_place, NULL, "column '%s' needs a new name",
                             values.rename.name[i]);
        return;
    }
    step->kind = strcmp(verb->key, "drop") == 0 ? CONFIG_DROP : CONFIG_SELECT;
    step->columns = step->kind == CONFIG_DROP ? values.drop : values.select;
    if (step->columns.count == 0 || step->columns.item[0][0] == '\0')
        CONFIG_ERROR(reading, "empty-value", verb->key_place, NULL, "'%s' names no column", verb->key);
    names_check(reading, verb, step->columns.item, step->columns.count, "is named");
}

void
config_steps_read(struct reading *reading, const struct config_node *node, struct config_step **steps, uint32_t *count)
{
    struct config_step *step;

    *steps = NULL;
    *count = 0;
    if (node == NULL || (node->kind == CONFIG_SCALAR && node->text[0] == '\0'))
        return;
    if (node->kind != CONFIG_SEQUENCE) {
        option_wrong(node, "a list, each item one transform", reading->file, reading->findings);
        return;
    }
    *steps = step = arena_zero(reading->arena, (node->children + 1) * sizeof *step);
    for (const struct config_node *item = node->child; item != NULL; item = item->next)
        step_read(reading, item, step++);
    *count = node->children;
}

/* ---- context ------------------------------------------------------------------------------ */

struct context_values {
    const char *changed_at, *reason, *actor;
    struct daybreak_map related;
};

const struct daybreak_option config_context_options[] = {
    {.name = "changed_at", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, changed_at), .example = "updated_at",
     .help = "The column that says when the source changed the row."},
    {.name = "reason", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, reason), .example = "\"'nightly export'\"",
     .help = "Why: a column, or a text in single quotes inside the YAML quotes."},
    {.name = "actor", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, actor), .example = "updated_by",
     .help = "Who: a column or a 'text'."},
    {.name = "related", .type = DAYBREAK_MAP, .at = offsetof(struct context_values, related),
     .example = "{customer: customer_id}",
     .help = "References to other records: a name, and the column that holds the reference."},
    {.name = NULL},
};

static bool
is_name_byte(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80 ||
           (!first && ((c >= '0' && c <= '9') || c == '$'));
}

/* The inside of a 'text' or "name" with doubled quotes; NULL when ${text} is none from end to end. */
static const char *
unquote(struct arena *arena, const char *text, char quote)
{
    size_t size = strlen(text), to = 0;
    char *out;

    if (size < 2 || text[0] != quote || text[size - 1] != quote)
        return NULL;
    out = arena_alloc(arena, size);
    for (size_t i = 1; i < size - 1; i++) {
        if (text[i] == quote && (text[++i] != quote || i == size - 1))
            return NULL;
        out[to++] = text[i];
    }
    out[to] = '\0';
    return out;
}

/* A column's name as SQL writes it, or, where ${is_text} is there, a 'text'. NULL: neither, and said so. */
static const char *
column_read(struct reading *reading, const struct config_node *member, bool *is_text)
{
    const char *text = member->text, *inner;

    if (text[0] == '\0') {
        CONFIG_ERROR(reading, "empty-value", member->key_place, NULL, "'%s' names no column", member->key);
        return NULL;
    }
    inner = unquote(reading->arena, text, '\'');
    if (inner != NULL && is_text != NULL) {
        *is_text = true;
        return inner;
    }
    if (inner != NULL) {
        CONFIG_ERROR(reading, "bad-column", member->place, NULL, "'%s' must be a column, not a text", member->key);
        return NULL;
    }
    inner = unquote(reading->arena, text, '"');
    if (inner != NULL && inner[0] != '\0')
        return inner;
    for (size_t i = 0; text[i] != '\0'; i++)
        if (!is_name_byte(text[i], i == 0)) {
            if (strpbrk(text, "('|") == NULL && (member->quoted || strpbrk(text, "+*/<>=.") == NULL))
                CONFIG_ERROR(reading, "bad-column", member->place,
                             is_text == NULL ? "a column with such a name goes in double quotes, inside single "
                                               "ones: '\"Order ID\"'"
                                             : "a text is written \"'like this'\", a column with such a name '\"Order ID\"'",
                             "'%s' must be a column%s: '%s'", member->key, is_text == NULL ? "" : " or a 'text'", text);
            else
                CONFIG_ERROR(reading, "not-yet", member->place,
                             is_text == NULL ? "name a column" : "name a column, or write a text as \"'like this'\"",
                             "expressions are not built yet in this version: '%s'", text);
            return NULL;
        }
    return text;
}

void
config_context_read(struct reading *reading, const struct config_node *node, struct config_context *context)
{
    static const struct section section = {.table = config_context_options};
    const struct config_node *related;
    struct context_values values = {0};

    memset(context, 0, sizeof *context);
    if (node == NULL)
        return;
    context->place = node->key_place;
    section_fill(reading, &section, node, &values);
    if (values.changed_at != NULL)
        context->changed_at = column_read(reading, node_member(node, "changed_at"), NULL);
    if (values.reason != NULL)
        context->reason = column_read(reading, node_member(node, "reason"), &context->reason_is_text);
    if (values.actor != NULL)
        context->actor = column_read(reading, node_member(node, "actor"), &context->actor_is_text);
    related = node_member(node, "related");
    if (values.related.count == 0 || related == NULL)
        return;
    if (related->kind != CONFIG_MAPPING) {
        if (related->text[0] != '\0')
            option_wrong(related, "a mapping {name: column}", reading->file, reading->findings);
        return;
    }
    context->related = arena_zero(reading->arena, related->children * sizeof *context->related);
    for (const struct config_node *member = related->child; member != NULL; member = member->next) {
        const char *column = column_read(reading, member, NULL);

        if (column != NULL)
            context->related[context->related_count++] = (struct config_related){member->key, column};
    }
}
