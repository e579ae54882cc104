/* SPDX-License-Identifier: Apache-2.0 */
/* What a table makes of its records: transforms in their order, and the envelope's context. Expressions are kept as texts that
 * know their place. */
#include "parts.h"

#include <string.h>

#define COLUMNS_LIMIT 512 /* of one transform: more are a list that somebody should not have to read */

/* ---- transforms --------------------------------------------------------------------------- */

struct step_values {
    struct daybreak_map rename, set;
    struct daybreak_list drop, select;
};

const struct daybreak_option config_step_options[] = {
    {.name = "rename", .type = DAYBREAK_MAP, .at = offsetof(struct step_values, rename),
     .help = "Give columns other names: {old: new}.",
     .example = "{cust_name: customer_name}"},
    {.name = "drop", .type = DAYBREAK_LIST, .at = offsetof(struct step_values, drop), .help = "Leave these columns out.",
     .example = "[internal_note]"},
    {.name = "select", .type = DAYBREAK_LIST, .at = offsetof(struct step_values, select), .help = "Leave all other columns out."},
    {.name = "set", .type = DAYBREAK_MAP, .at = offsetof(struct step_values, set),
     .help = "Compute columns: {COLUMN: expression}. A column that is there is replaced, a new one comes last; each expression sees the "
             "columns as they were before the first. A record that cannot be computed is set aside.",
     .example = "{total: \"qty * unit_price\", sku: upper(trim(sku))}"},
    {.name = NULL},
};

struct filter_values {
    const char *name, *keep;
};

const struct daybreak_option config_filter_options[] = {
    {.name = "name", .type = DAYBREAK_TEXT, .at = offsetof(struct filter_values, name), .required = true, .example = "drafts",
     .help = "What the records that are left out are counted under."},
    {.name = "keep", .type = DAYBREAK_TEXT, .at = offsetof(struct filter_values, keep), .required = true,
     .example = "\"status <> 'draft'\"",
     .help = "A condition: records for which it is true go on, all others (null, too) end here, counted as filtered; a mirror "
             "deletes a row that leaves. After a change of it: run --resync."},
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
rename_read(struct reading *reading, const struct config_node *verb, struct config_step *step)
{
    if (verb->kind != CONFIG_MAPPING) {
        option_wrong(verb, "a mapping {old: new}", reading->file, reading->findings);
        return;
    }
    names_check(reading, verb, step->rename.value, step->rename.count, "would be there");
    for (size_t i = 0; i < step->rename.count; i++)
        if (step->rename.value[i][0] == '\0')
            CONFIG_ERROR(reading, "empty-value", verb->key_place, NULL, "column '%s' needs a new name", step->rename.name[i]);
}

/* The text of an expression; an empty one is none. */
static struct config_expression
expression_read(struct reading *reading, const struct config_node *member)
{
    bool blank = member->text[strspn(member->text, " \t\n")] == '\0';

    if (blank)
        CONFIG_ERROR(reading, "empty-value", member->key_place, NULL, "'%s' needs an expression", member->key);
    return (struct config_expression){blank ? NULL : member->text, member->place};
}

static void
set_read(struct reading *reading, const struct config_node *verb, struct config_step *step)
{
    struct config_set *set;

    if (verb->kind != CONFIG_MAPPING) {
        option_wrong(verb, "a mapping {COLUMN: expression}", reading->file, reading->findings);
        return;
    }
    if (verb->children == 0)
        CONFIG_ERROR(reading, "empty-value", verb->key_place, NULL, "'set' names no column");
    if (verb->children > COLUMNS_LIMIT)
        CONFIG_ERROR(reading, "out-of-bounds", verb->key_place, "write two transforms", "'set' takes at most %d columns at once",
                     COLUMNS_LIMIT);
    step->set = set = arena_zero(reading->arena, (verb->children + 1) * sizeof *set);
    for (const struct config_node *member = verb->child; member != NULL; member = member->next) {
        *set = (struct config_set){.column = member->key, .value = expression_read(reading, member), .place = member->key_place};
        step->set_count += set->value.text != NULL;
        set += set->value.text != NULL;
    }
}

static void
filter_read(struct reading *reading, const struct config_node *verb, struct config_step *step)
{
    static const struct section section = {.table = config_filter_options};
    struct filter_values values = {0};

    if (verb->kind != CONFIG_MAPPING) {
        CONFIG_ERROR(reading, "wrong-type", verb->kind == CONFIG_SCALAR && verb->text[0] != '\0' ? verb->place : verb->key_place,
                     "filter: {name: drafts, keep: \"status <> 'draft'\"}",
                     "a filter has a name, under which what it leaves out is counted, and what it keeps");
        return;
    }
    section_fill(reading, &section, verb, &values);
    if (values.name != NULL && values.name[0] != '\0')
        section_name(reading, values.name, node_member(verb, "name")->place, "filter");
    step->name = values.name;
    if (values.keep != NULL && node_member(verb, "keep")->text != NULL)
        step->keep = expression_read(reading, node_member(verb, "keep"));
}

struct use_values {
    const char *type;
};

const struct daybreak_option config_use_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct use_values, type), .required = true, .example = "mask",
     .help = "The transform module; its options stand beside it. `daybreak connectors` lists what there is."},
    {.name = NULL},
};

static void
use_read(struct reading *reading, const struct config_node *verb, struct config_step *step)
{
    static const struct section section = {.table = config_use_options, .open = true};
    struct use_values values = {0};

    step->use = (struct config_connector){.node = verb, .place = verb->key_place};
    if (verb->kind != CONFIG_MAPPING) {
        CONFIG_ERROR(reading, "wrong-type", verb->key_place, "use: {type: mask, columns: [email]}",
                     "a transform module is named by its type, with its options beside it");
        return;
    }
    section_fill(reading, &section, verb, &values);
    step->use.type = values.type;
    if (node_member(verb, "type") != NULL)
        step->use.place = node_member(verb, "type")->place;
}

static void
step_read(struct reading *reading, const struct config_node *item, struct config_step *step)
{
    static const char *const inner[] = {"filter", "lookup", "use", NULL};
    static const struct section section = {.table = config_step_options, .inner = inner};
    const struct config_node *verb = item->child;
    size_t raised = reading->findings->raised;
    struct step_values values = {0};

    if (item->kind != CONFIG_MAPPING || item->children != 1) {
        CONFIG_ERROR(reading, "wrong-type", item->place, "- rename: {old: new}",
                     "a transform is one of lookup, filter, set, rename, drop, select and use, with what it takes");
        return;
    }
    section_fill(reading, &section, item, &values);
    if (reading->findings->raised > raised)
        return;
    step->place = verb->key_place;
    if (strcmp(verb->key, "filter") == 0) {
        step->kind = CONFIG_FILTER;
        filter_read(reading, verb, step);
    } else if (strcmp(verb->key, "use") == 0) {
        step->kind = CONFIG_USE;
        use_read(reading, verb, step);
    } else if (strcmp(verb->key, "lookup") == 0) {
        struct config_lookup *lookup = arena_zero(reading->arena, sizeof *lookup);

        step->kind = CONFIG_LOOKUP;
        step->lookup = lookup;
        config_lookup_read(reading, verb, lookup);
    } else if (strcmp(verb->key, "set") == 0) {
        step->kind = CONFIG_SET;
        set_read(reading, verb, step);
    } else if (strcmp(verb->key, "rename") == 0) {
        step->kind = CONFIG_RENAME;
        step->rename = values.rename;
        rename_read(reading, verb, step);
    } else {
        step->kind = strcmp(verb->key, "drop") == 0 ? CONFIG_DROP : CONFIG_SELECT;
        step->columns = step->kind == CONFIG_DROP ? values.drop : values.select;
        if (step->columns.count == 0 || step->columns.item[0][0] == '\0')
            CONFIG_ERROR(reading, "empty-value", verb->key_place, NULL, "'%s' names no column", verb->key);
        names_check(reading, verb, step->columns.item, step->columns.count, "is named");
    }
}

/* What a filter left out is counted, and told, under its name. */
static void
filters_check(struct reading *reading, const struct config_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (steps[i].kind == CONFIG_FILTER && steps[k].kind == CONFIG_FILTER && steps[i].name != NULL &&
                steps[k].name != NULL && strcmp(steps[i].name, steps[k].name) == 0) {
                CONFIG_ERROR(reading, "duplicate-name", steps[i].place, NULL, "two filters are called '%s'", steps[i].name);
                break;
            }
}

void
config_steps_read(struct reading *reading, const struct config_node *node, struct config_step **steps, uint32_t *count)
{
    struct config_step *step;
    size_t raised = reading->findings->raised;

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
    if (*count > UINT16_MAX)
        CONFIG_ERROR(reading, "out-of-bounds", node->key_place, NULL, "more than %d transforms", UINT16_MAX);
    if (reading->findings->raised == raised)
        filters_check(reading, *steps, *count);
    else
        *count = 0; /* half of them would be found fault with for what the other half does */
}

/* ---- context ------------------------------------------------------------------------------ */

struct context_values {
    const char *changed_at, *reason, *actor;
    struct daybreak_map related;
};

const struct daybreak_option config_context_options[] = {
    {.name = "changed_at", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, changed_at), .example = "updated_at",
     .help = "When the source changed the row: a column, or an expression that gives a timestamp, a date or a text written as one."},
    {.name = "reason", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, reason),
     .example = "coalesce(change_reason, 'nightly export')",
     .help = "Why: an expression, such as a column or a 'text' in single quotes."},
    {.name = "actor", .type = DAYBREAK_TEXT, .at = offsetof(struct context_values, actor), .example = "updated_by",
     .help = "Who: an expression."},
    {.name = "related", .type = DAYBREAK_MAP, .at = offsetof(struct context_values, related),
     .example = "{customer: customer_id}",
     .help = "References to other records: a name, and the expression that gives the reference."},
    {.name = NULL},
};

static void
context_expression(struct reading *reading, const struct config_node *node, const char *name, const char *value,
                   struct config_expression *expression)
{
    if (value != NULL)
        *expression = expression_read(reading, node_member(node, name));
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
    context_expression(reading, node, "changed_at", values.changed_at, &context->changed_at);
    context_expression(reading, node, "reason", values.reason, &context->reason);
    context_expression(reading, node, "actor", values.actor, &context->actor);
    related = node_member(node, "related");
    if (values.related.count == 0 || related == NULL)
        return;
    if (related->kind != CONFIG_MAPPING) {
        if (related->text[0] != '\0')
            option_wrong(related, "a mapping {name: expression}", reading->file, reading->findings);
        return;
    }
    context->related = arena_zero(reading->arena, related->children * sizeof *context->related);
    for (const struct config_node *member = related->child; member != NULL; member = member->next) {
        struct config_expression value = expression_read(reading, member);

        if (value.text != NULL)
            context->related[context->related_count++] = (struct config_related){member->key, value};
    }
}
