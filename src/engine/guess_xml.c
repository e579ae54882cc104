/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: what in an XML document are its records, and where in a record each column is. The shape of the document's beginning is made into a
 * tree, by a scanner that wants only tags: whether the document is well-formed is told by the format when it reads it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "guess_parts.h"

#define NODES_MOST 8192
#define DEPTH_MOST 64
#define NONE UINT32_MAX

/* All elements of one name in one place. */
struct node {
    const char *name;
    size_t size;
    bool attribute, inner, words; /* there were elements in it; text beside or instead of them */
    uint32_t parent, depth, child, last, sibling;
    uint32_t count;               /* how many there were */
    uint32_t now, most;           /* in the innermost element around it that is open; at most in one */
};

struct shape {
    struct node *node;
    uint32_t nodes;
    uint32_t open[DEPTH_MOST + 1], depth; /* open[0] is the document */
};

static uint32_t
node_below(struct shape *shape, uint32_t parent, bool attribute, const char *name, size_t size)
{
    uint32_t i = shape->node[parent].child;
    struct node *node;

    while (i != NONE && (shape->node[i].attribute != attribute || shape->node[i].size != size || memcmp(shape->node[i].name, name, size) != 0))
        i = shape->node[i].sibling;
    if (i == NONE && shape->nodes == NODES_MOST)
        return NONE;
    if (i == NONE) {
        i = shape->nodes++;
        shape->node[i] = (struct node){.name = name, .size = size, .attribute = attribute, .parent = parent,
                                       .depth = shape->node[parent].depth + 1, .child = NONE, .last = NONE, .sibling = NONE};
        if (shape->node[parent].child == NONE)
            shape->node[parent].child = i;
        else
            shape->node[shape->node[parent].last].sibling = i;
        shape->node[parent].last = i;
    }
    node = &shape->node[i];
    node->count++;
    if (++node->now > node->most)
        node->most = node->now;
    return i;
}

/* ---- the scanner --------------------------------------------------------------------------- */

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind ${word}; NULL: it does not come any more. */
static const char *
behind(const char *at, const char *end, const char *word)
{
    size_t size = strlen(word);

    for (; (size_t)(end - at) >= size; at++)
        if (memcmp(at, word, size) == 0)
            return at + size;
    return NULL;
}

/* A name without its prefix. */
static const char *
name_take(const char *at, const char *end, const char **name, size_t *size)
{
    const char *from = at;

    for (*name = at; at < end && !is_space(*at) && strchr("=/>\"'<", *at) == NULL; at++)
        if (*at == ':')
            *name = at + 1;
    *size = (size_t)(at - *name);
    return at == from ? NULL : at;
}

/* The attributes of a tag up to its end; NULL: it has none that is there yet. */
static const char *
attributes(struct shape *shape, uint32_t node, const char *at, const char *end, bool *closed)
{
    for (;;) {
        const char *from, *name;
        size_t size;

        while (at < end && is_space(*at))
            at++;
        if (at < end && (*at == '>' || *at == '/')) {
            *closed = *at == '/';
            at += *closed;
            return at < end && *at == '>' ? at + 1 : NULL;
        }
        from = at;
        at = at < end ? name_take(at, end, &name, &size) : NULL;
        if (at == NULL)
            return NULL;
        while (at < end && (is_space(*at) || *at == '='))
            at++;
        if (at >= end || (*at != '"' && *at != '\''))
            return NULL;
        if (strncmp(from, "xmlns", 5) != 0 && strncmp(from, "xsi:", 4) != 0 && node != NONE)
            node_below(shape, node, true, name, size);
        at = memchr(at + 1, *at, (size_t)(end - at - 1));
        if (at == NULL)
            return NULL;
        at++;
    }
}

static void
element_open(struct shape *shape, uint32_t node)
{
    for (uint32_t i = shape->node[node].child; i != NONE; i = shape->node[i].sibling)
        shape->node[i].now = 0;
}

/* As far as the text goes and is understood. False: it has a DOCTYPE. */
static bool
scan(struct shape *shape, const char *at, const char *end)
{
    uint32_t beyond = 0; /* elements that are open and too deep */

    while (at != NULL && at < end) {
        const char *name;
        bool closed = false;
        size_t size;
        uint32_t node = NONE;

        if (*at != '<') {
            const char *next = memchr(at, '<', (size_t)(end - at));

            for (; at < (next == NULL ? end : next); at++)
                if (!is_space(*at) && beyond == 0)
                    shape->node[shape->open[shape->depth]].words = true;
            continue;
        }
        at++;
        if (end - at >= 8 && memcmp(at, "!DOCTYPE", 8) == 0)
            return false;
        if (at < end && *at == '?') {
            at = behind(at, end, "?>");
        } else if (end - at >= 3 && memcmp(at, "!--", 3) == 0) {
            at = behind(at, end, "-->");
        } else if (end - at >= 8 && memcmp(at, "![CDATA[", 8) == 0) {
            shape->node[shape->open[shape->depth]].words |= beyond == 0;
            at = behind(at, end, "]]>");
        } else if (at < end && *at == '/') {
            if (beyond > 0)
                beyond--;
            else if (shape->depth > 0)
                shape->depth--;
            at = behind(at, end, ">");
        } else {
            at = name_take(at, end, &name, &size);
            if (at == NULL || size == 0)
                break;
            if (beyond == 0 && shape->depth < DEPTH_MOST) {
                uint32_t parent = shape->open[shape->depth];

                shape->node[parent].inner = true;
                node = node_below(shape, parent, false, name, size);
            }
            if (node != NONE) {
                element_open(shape, node);
                at = attributes(shape, node, at, end, &closed);
                if (!closed)
                    shape->open[++shape->depth] = node;
            } else {
                at = attributes(shape, NONE, at, end, &closed);
                beyond += !closed;
            }
        }
    }
    return true;
}

/* ---- what it tells ------------------------------------------------------------------------- */

/* Of the elements that come more than once in one element: the outermost, before those with nothing in them; then the most. */
static uint32_t
record_find(const struct shape *shape)
{
    uint32_t best = NONE, root = shape->node[0].child;

    for (uint32_t i = 1; i < shape->nodes; i++) {
        const struct node *node = &shape->node[i], *than = best == NONE ? NULL : &shape->node[best];

        if (node->attribute || node->most < 2 || node->depth < 2)
            continue;
        if (than == NULL || ((node->child != NONE) != (than->child != NONE) ? node->child != NONE
                             : node->depth != than->depth                  ? node->depth < than->depth
                                                                           : node->count > than->count))
            best = i;
    }
    if (best != NONE)
        return best;
    if (root == NONE)
        return NONE;
    for (uint32_t i = shape->node[root].child; i != NONE; i = shape->node[i].sibling) /* one record so far */
        if (!shape->node[i].attribute && shape->node[i].child != NONE)
            return i;
    return root;
}

static void
way_put(const struct shape *shape, uint32_t from, uint32_t to, const char *between, bool at, struct text *out)
{
    const struct node *node = &shape->node[to];

    if (node->parent != from) {
        way_put(shape, from, node->parent, between, at, out);
        text_put(out, between);
    }
    if (at && node->attribute)
        text_char(out, '@');
    text_add(out, node->name, node->size);
}

static bool
is_taken(const struct guess_dialect *d, const char *name)
{
    for (uint32_t i = 0; i < d->ways; i++)
        if (strcmp(d->way[i].name, name) == 0)
            return true;
    return false;
}

/* The column of a node is called as the format calls it when nobody names it. */
static void
way_add(const struct shape *shape, uint32_t record, uint32_t at, bool repeated, struct arena *arena, struct guess_dialect *d)
{
    struct guess_way *way = &((struct guess_way *)(uintptr_t)d->way)[d->ways];
    const struct node *node = &shape->node[at];
    struct text name = {0}, path = {0};

    if (at == record) {
        text_add(&name, node->name, node->size);
        text_char(&path, '.');
    } else {
        way_put(shape, record, at, ".", false, &name);
        way_put(shape, record, at, "/", true, &path);
    }
    while (is_taken(d, text_end(&name))) {
        const char *dot = strrchr(text_end(&name), '.');
        size_t head = dot == NULL ? 0 : (size_t)(dot - name.at) + 1;
        const char *other = node->attribute ? arena_printf(arena, "%.*s@%s", (int)head, name.at, name.at + head)
                                            : arena_printf(arena, "%s.text", text_end(&name));

        text_clear(&name);
        text_put(&name, other);
    }
    *way = (struct guess_way){.name = arena_text(arena, text_end(&name)), .path = arena_text(arena, text_end(&path)), .repeated = repeated};
    d->ways++;
    text_fini(&name);
    text_fini(&path);
}

static void
ways_of(const struct shape *shape, uint32_t record, uint32_t at, bool repeated, struct arena *arena, struct guess_dialect *d)
{
    const struct node *node = &shape->node[at];

    repeated |= at != record && node->most > 1;
    for (uint32_t i = node->child; i != NONE; i = shape->node[i].sibling)
        if (shape->node[i].attribute)
            way_add(shape, record, i, repeated, arena, d);
    for (uint32_t i = node->child; i != NONE; i = shape->node[i].sibling)
        if (!shape->node[i].attribute)
            ways_of(shape, record, i, repeated, arena, d);
    if (node->words || (!node->inner && (at != record || node->child == NONE)))
        way_add(shape, record, at, repeated, arena, d);
}

bool
guess_xml_look(const char *text, size_t size, struct arena *arena, struct guess_dialect *d, struct text *says)
{
    struct shape shape = {.node = calloc(NODES_MOST, sizeof *shape.node), .nodes = 1};
    struct text path = {0};
    uint32_t record;
    bool plain;

    if (shape.node == NULL)
        abort(); /* any crash is safe */
    shape.node[0] = (struct node){.name = "", .child = NONE, .last = NONE, .sibling = NONE, .parent = NONE};
    plain = scan(&shape, text, text + size);
    record = plain ? record_find(&shape) : NONE;
    if (record == NONE) {
        text_put(says, plain ? "an XML document without an element" : "an XML document with a DOCTYPE, which is refused: take it out, or ask for an export without it");
        free(shape.node);
        return false;
    }
    text_char(&path, '/');
    way_put(&shape, 0, record, "/", false, &path);
    d->type = "xml";
    d->record = arena_text(arena, text_end(&path));
    d->way = arena_zero(arena, (shape.nodes + 1) * sizeof *d->way);
    d->ways = 0;
    ways_of(&shape, record, record, false, arena, d);
    text_fini(&path);
    free(shape.node);
    return true;
}

const struct guess_way *
guess_xml_way(const struct guess_dialect *d, const char *column)
{
    for (uint32_t i = 0; i < d->ways; i++)
        if (strcmp(d->way[i].name, column) == 0)
            return &d->way[i];
    return NULL;
}
