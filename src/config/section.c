/* SPDX-License-Identifier: Apache-2.0 */
/* A mapping of the pipeline file: its own options, what is read elsewhere, what is known but not built, what a connector owns. */
#include "parts.h"

#include <string.h>

static bool
is_listed(const char *const *list, const char *key)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

static bool
is_option(const struct daybreak_option *table, const char *key)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, key) == 0)
            return true;
    return false;
}

/* `KEY:` with nothing behind it. */
static bool
is_blank(const struct config_node *node)
{
    return node != NULL && node->kind == CONFIG_SCALAR && node->text[0] == '\0' && !node->quoted;
}

static struct config_node *
copy_shallow(struct arena *arena, const struct config_node *node)
{
    struct config_node *copy = arena_alloc(arena, sizeof *copy);

    *copy = *node;
    copy->next = NULL;
    return copy;
}

/* Only what the table knows: the rest is a connector's, and checked against its table later. */
static const struct config_node *
own_members(struct arena *arena, const struct section *section, const struct config_node *node)
{
    struct config_node *own = copy_shallow(arena, node);
    const struct config_node **end = &own->child;

    own->child = NULL;
    own->children = 0;
    for (const struct config_node *member = node->child; member != NULL; member = member->next) {
        struct config_node *copy;

        if (!is_option(section->table, member->key))
            continue;
        copy = copy_shallow(arena, member);
        *end = copy;
        end = &copy->next;
        own->children++;
    }
    return own;
}

void
section_fill(struct reading *reading, const struct section *section, const struct config_node *node, void *values)
{
    const char **ignore;
    size_t count = 0;

    if (section_mapping(reading, node, NULL) == NULL && !is_blank(node))
        node = NULL; /* said so: defaults are enough to go on with */
    for (const char *const *key = section->inner; key != NULL && *key != NULL; key++)
        count++;
    for (const char *const *key = section->not_yet; key != NULL && *key != NULL; key++)
        count++;
    ignore = arena_alloc(reading->arena, (count + 1) * sizeof *ignore);
    count = 0;
    for (const char *const *key = section->inner; key != NULL && *key != NULL; key++)
        ignore[count++] = *key;
    for (const char *const *key = section->not_yet; key != NULL && *key != NULL; key++)
        ignore[count++] = *key;
    ignore[count] = NULL;
    for (const struct config_node *member = node == NULL ? NULL : node->child; member != NULL; member = member->next)
        if (is_listed(section->not_yet, member->key))
            CONFIG_ERROR(reading, "not-yet", member->key_place, NULL, "'%s' is not built yet in this version", member->key);
    if (node != NULL && node->kind == CONFIG_MAPPING && section->open)
        node = own_members(reading->arena, section, node);
    option_fill(section->table, node, values, ignore, reading->arena, reading->file, reading->findings);
}

const struct config_node *
section_mapping(struct reading *reading, const struct config_node *node, const char *what)
{
    if (node == NULL || node->kind == CONFIG_MAPPING)
        return node;
    if (!is_blank(node))
        option_wrong(node, what == NULL ? "a mapping" : what, reading->file, reading->findings);
    return NULL;
}

const struct config_node *
section_merge(struct arena *arena, const struct config_node *above, const struct config_node *own)
{
    struct config_node *merged;
    const struct config_node **end;

    if (above == NULL || above->kind != CONFIG_MAPPING)
        return own == NULL ? above : own;
    if (own == NULL)
        return above;
    if (own->kind != CONFIG_MAPPING)
        return own;
    merged = copy_shallow(arena, own);
    merged->child = NULL;
    merged->children = 0;
    end = &merged->child;
    for (const struct config_node *member = own->child; member != NULL; member = member->next) {
        const struct config_node *other = node_member(above, member->key);
        struct config_node *copy =
            copy_shallow(arena, other != NULL && other->kind == CONFIG_MAPPING ? section_merge(arena, other, member) : member);

        *end = copy;
        end = &copy->next;
        merged->children++;
    }
    for (const struct config_node *member = above->child; member != NULL; member = member->next) {
        struct config_node *copy;

        if (node_member(own, member->key) != NULL)
            continue;
        copy = copy_shallow(arena, member);
        *end = copy;
        end = &copy->next;
        merged->children++;
    }
    return merged;
}

bool
section_name(struct reading *reading, const char *name, struct config_place place, const char *what)
{
    size_t size = strlen(name);
    bool good = size > 0 && size <= 200 && name[0] != '.' && strchr(name, '/') == NULL;

    for (const char *at = name; *at != '\0'; at++)
        good &= (unsigned char)*at >= 0x20 && *at != 0x7f;
    if (!good)
        CONFIG_ERROR(reading, "bad-name", place, "no '/', no '.' in front, no control characters, at most 200 bytes",
                     "'%s' cannot name a %s", name, what);
    return good;
}

void
limit_read(struct reading *reading, const struct config_node *node, const char *name, const char *preset,
           struct config_limit *limit)
{
    const struct config_node *member = node_member(node, name);
    const char *text = member != NULL && member->kind == CONFIG_SCALAR ? member->text : preset;
    size_t size = text == NULL ? 0 : strlen(text);

    *limit = (struct config_limit){0};
    if (text == NULL)
        return;
    limit->set = true;
    limit->percent = size > 0 && text[size - 1] == '%';
    if (limit->percent ? !option_percent(text, &limit->share) : !option_size(text, &limit->number))
        option_wrong(member, "a percentage such as 20% or a number such as 1000", reading->file, reading->findings);
}
