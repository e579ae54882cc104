/* SPDX-License-Identifier: Apache-2.0 */
/* Under the format `xml`, where no fields are named: the shape of the records met so far, as a tree, and the texts of the one at hand. */
#include "xml_auto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XSI "http://www.w3.org/2001/XMLSchema-instance"
#define NONE UINT32_MAX

struct xml_node {
    char *name;
    const char *seen;        /* the same in the dictionary of the parser at hand */
    bool attribute;
    uint32_t parent, child, sibling, hint; /* hint: the child met last */
    uint32_t column;         /* NONE: it never had a text of its own */
    /* of the record at hand */
    size_t run;
    bool inner, words, nil;  /* it has elements in it; text beside them */
};

static void *
grow(void *old, size_t size)
{
    void *grown = realloc(old, size);

    if (grown == NULL)
        abort(); /* any crash is safe */
    return grown;
}

void
xml_auto_begin(struct xml_auto *how)
{
    for (uint32_t i = 0; i < how->nodes; i++)
        how->node[i].seen = NULL;
    how->depth = how->at = 0;
    how->run.size = 0;
}

void
xml_auto_fini(struct xml_auto *how)
{
    for (uint32_t i = 0; i < how->nodes; i++)
        free(how->node[i].name);
    for (uint32_t i = 0; i < how->fields; i++) {
        free((void *)(uintptr_t)how->name[i]);
        xml_text_fini(&how->field[i].value);
    }
    free(how->node);
    free(how->field);
    free(how->name);
    xml_text_fini(&how->run);
    memset(how, 0, sizeof *how);
}

/* ---- shape --------------------------------------------------------------------------------- */

static uint32_t
node_new(struct xml_auto *how, uint32_t parent, bool attribute, const char *name)
{
    size_t size = strlen(name) + 1;

    if (how->nodes == how->node_room) {
        how->node_room = how->node_room == 0 ? 64 : how->node_room * 2;
        how->node = grow(how->node, how->node_room * sizeof *how->node);
    }
    how->node[how->nodes] = (struct xml_node){.name = memcpy(grow(NULL, size), name, size), .seen = name, .attribute = attribute, .parent = parent,
                                              .child = NONE, .sibling = NONE, .hint = NONE, .column = NONE};
    return how->nodes++;
}

static bool
is_named(struct xml_node *node, bool attribute, const char *name)
{
    if (node->attribute != attribute || (node->seen != NULL && node->seen != name) || (node->seen == NULL && strcmp(node->name, name) != 0))
        return false;
    node->seen = name;
    return true;
}

/* Below ${parent}; NONE when there are too many. Records are alike: mostly it is the one behind the last. */
static uint32_t
node_below(struct xml_auto *how, uint32_t parent, bool attribute, const char *name)
{
    uint32_t last = NONE, hint = how->node[parent].hint, found;

    if (hint != NONE) {
        hint = how->node[hint].sibling;
        if (hint != NONE && is_named(&how->node[hint], attribute, name))
            return how->node[parent].hint = hint;
    }
    for (found = how->node[parent].child; found != NONE && !is_named(&how->node[found], attribute, name); found = how->node[found].sibling)
        last = found;
    if (found == NONE) {
        if (how->nodes == 4 * XML_AUTO_MOST) {
            how->full = true;
            return NONE;
        }
        found = node_new(how, parent, attribute, name);
        if (last == NONE)
            how->node[parent].child = found;
        else
            how->node[last].sibling = found;
    }
    return how->node[parent].hint = found;
}

/* The way to a node with dots between; of the record itself, its own name. */
static void
way(const struct xml_auto *how, uint32_t at, struct xml_text *to)
{
    if (at != 0 && how->node[at].parent != 0) {
        way(how, how->node[at].parent, to);
        xml_text_add(to, ".", 1);
    }
    xml_text_add(to, how->node[at].name, strlen(how->node[at].name));
}

static bool
is_taken(const struct xml_auto *how, const char *name)
{
    for (uint32_t i = 0; i < how->fields; i++)
        if (strcmp(how->name[i], name) == 0)
            return true;
    return false;
}

static void
column_new(struct xml_auto *how, uint32_t at)
{
    struct xml_text name = {0}, other = {0};

    if (how->fields == XML_AUTO_MOST) {
        how->full = true;
        return;
    }
    if (how->fields == how->field_room) {
        how->field_room = how->field_room == 0 ? 32 : how->field_room * 2;
        how->field = grow(how->field, how->field_room * sizeof *how->field);
        how->name = grow(how->name, how->field_room * sizeof *how->name);
    }
    way(how, at, &name);
    xml_text_add(&name, "", 1);
    while (is_taken(how, name.at)) {
        const char *dot = how->node[at].attribute ? strrchr(name.at, '.') : NULL;
        size_t head = dot == NULL ? 0 : (size_t)(dot - name.at) + 1;

        other.size = 0;
        xml_text_add(&other, name.at, how->node[at].attribute ? head : name.size - 1);
        xml_text_add(&other, how->node[at].attribute ? "@" : ".text", how->node[at].attribute ? 1 : 5);
        xml_text_add(&other, name.at + (how->node[at].attribute ? head : name.size - 1), how->node[at].attribute ? name.size - head : 1);
        name.size = 0;
        xml_text_add(&name, other.at, other.size);
    }
    xml_text_fini(&other);
    how->field[how->fields] = (struct xml_field){.repeated = XML_MANY};
    how->name[how->fields] = name.at;
    how->node[at].column = how->fields++;
}

/* ---- a record ------------------------------------------------------------------------------ */

static void
take(struct xml_auto *how, uint32_t node, const char *at, size_t size, bool nil, struct xml_record *of)
{
    if (how->node[node].column == NONE)
        column_new(how, node);
    if (how->node[node].column != NONE)
        xml_record_value(of, &how->field[how->node[node].column], at, size, nil);
}

void
xml_auto_open(struct xml_auto *how, bool record, const char *name, const struct xml_attribute *attribute, int count, struct xml_record *of)
{
    struct xml_node *node;
    uint32_t at = 0;

    if (record) {
        if (how->nodes == 0)
            node_new(how, NONE, false, name);
        how->depth = 0;
        how->run.size = 0;
        for (uint32_t i = 0; i < how->fields; i++) {
            how->field[i].count = 0;
            how->field[i].nil = false;
        }
    } else {
        how->node[how->at].inner = true;
        how->depth++;
        at = how->full ? NONE : node_below(how, how->at, false, name);
        if (at == NONE) { /* the document is refused for it */
            how->depth--;
            return;
        }
    }
    how->at = at;
    node = &how->node[at];
    node->run = how->run.size;
    node->inner = node->words = node->nil = false;
    node->hint = NONE;
    for (int i = 0; i < count; i++) {
        bool nil = attribute[i].uri != NULL && strcmp(attribute[i].uri, XSI) == 0;
        uint32_t below;

        if (nil) {
            how->node[at].nil |= strcmp(attribute[i].name, "nil") == 0 && attribute[i].size > 0 &&
                                 (attribute[i].value[0] == 't' || attribute[i].value[0] == '1');
            continue;
        }
        below = node_below(how, at, true, attribute[i].name);
        if (below != NONE)
            take(how, below, attribute[i].value, attribute[i].size, false, of);
    }
}

void
xml_auto_text(struct xml_auto *how, const char *at, size_t size)
{
    struct xml_node *node = &how->node[how->at];

    for (size_t i = 0; !node->words && i < size; i++)
        node->words = (unsigned char)at[i] > ' ';
    xml_text_add(&how->run, at, size);
}

void
xml_auto_close(struct xml_auto *how, struct xml_record *of)
{
    uint32_t at = how->at;
    const struct xml_node *node = &how->node[at];

    if (how->full)
        return;
    /* a record whose attributes say all, and elements that only hold elements, have no text of their own */
    if (node->words || (!node->inner && (at != 0 || node->child == NONE)))
        take(how, at, how->run.at == NULL ? "" : how->run.at + node->run, how->run.size - node->run, node->nil, of);
    if (at == 0) {
        for (uint32_t i = 0; i < how->fields; i++)
            if (how->field[i].count > 1)
                xml_text_add(&how->field[i].value, "]", 1);
        return;
    }
    how->at = how->node[at].parent;
    how->depth--;
}
