/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML into a tree of nodes that know their place, through the event API. What would let a file say one thing and mean another
 * (anchors, tags, duplicate keys, tabs, a second document) is refused here, once for every reader behind it.
 */
#include "config/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/text.h"
#include "config/finding.h"

/* A mapping or sequence that is still open. */
struct frame {
    struct config_node *node;
    const struct config_node **end; /* where the next child is hung */
    const char *key;                /* of a mapping: read, its value not yet */
    struct config_place key_place;
};

struct reader {
    struct arena *arena;
    const char *path;
    const char *bytes;
    size_t size;
    struct findings *findings;
    struct frame frame[NODE_DEPTH_LIMIT + 1];
    size_t depth;
    struct config_node *root;
    bool several;
};

static struct config_place
place_of(yaml_mark_t mark)
{
    return (struct config_place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* ---- what is no YAML ---------------------------------------------------------------------- */

/* The place of a byte; lines as libyaml counts them. */
static struct config_place
place_at(const struct reader *reader, size_t at)
{
    struct config_place place = {1, 1};

    for (size_t i = 0; i < at && i < reader->size; i++) {
        if (reader->bytes[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)reader->bytes[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

static bool
is_utf8(struct reader *reader)
{
    size_t good = 0;

    if (text_utf8(reader->bytes, reader->size))
        return true;
    for (size_t size = 1; size <= 4 && good + size <= reader->size;) { /* character by character to the first bad byte */
        if (text_utf8(reader->bytes + good, size)) {
            good += size;
            size = 1;
        } else {
            size++;
        }
    }
    findings_add(reader->findings, FINDING_ERROR, "not-utf8", reader->path, place_at(reader, good),
                 "save the file with the encoding UTF-8", "byte 0x%02x is not UTF-8 here", (unsigned char)reader->bytes[good]);
    return false;
}

/* Every line that is indented with a tab; true when there is one. */
static bool
tabs_find(struct reader *reader)
{
    struct config_place place = {1, 1};
    bool indent = true, found = false;

    for (size_t i = 0; i < reader->size; i++) {
        char c = reader->bytes[i];

        if (c == '\t' && indent) {
            findings_add(reader->findings, FINDING_ERROR, "tab", reader->path, place, "indent with blanks",
                         "a tab indents this line");
            found = true;
        }
        if (c == '\n') {
            place = (struct config_place){place.line + 1, 1};
            indent = true;
        } else {
            indent = indent && c == ' ';
            place.column++;
        }
    }
    return found;
}

/* Whether character ${index} of the file, as libyaml counts them, is a tab. */
static bool
is_tab(const struct reader *reader, size_t index)
{
    size_t at = 0;

    for (; at < reader->size; at++)
        if (((unsigned char)reader->bytes[at] & 0xc0) != 0x80 && index-- == 0)
            break;
    return at < reader->size && reader->bytes[at] == '\t';
}

/* What people meant when libyaml says this. */
static const struct {
    const char *problem, *says, *hint;
} problems[] = {
    {"mapping values are not allowed in this context", "a ': ' cannot stand here",
     "put a text that holds ': ' in quotes, or check how the line is indented"},
    {"did not find expected key", "a key should begin here", "check how the line is indented"},
    {"could not find expected ':'", "a ':' is missing after the key", "write KEY: VALUE, with a blank after the ':'"},
    {"did not find expected '-' indicator", "a '- ' should begin here", "all items of a list are indented alike"},
    {"did not find expected ',' or '}'", "a ',' or '}' is missing before this",
     "put a text that holds ',', '[' or '{' in quotes"},
    {"did not find expected ',' or ']'", "a ',' or ']' is missing before this",
     "put a text that holds ',', '[' or '{' in quotes"},
    {"found unexpected end of stream", "the file ends inside a quoted text", "close the quote"},
    {"found character that cannot start any token", "no value can begin with this character", "put the text in quotes"},
    {"found unknown escape character", "no such escape in a \"text\"", "write \\\\ for a backslash, or use 'single quotes'"},
    {"block sequence entries are not allowed in this context", "a '- ' cannot stand here",
     "begin the list on the line below its key"},
    {"did not find expected node content", "a value is missing here", "put the text in quotes"},
};

static void
problem_add(struct reader *reader, const yaml_parser_t *parser)
{
    const char *problem = parser->problem == NULL ? "it cannot be read" : parser->problem, *hint = NULL;
    struct config_place place = place_of(parser->problem_mark);

    if (is_tab(reader, parser->problem_mark.index) && tabs_find(reader))
        return;
    if (parser->error == YAML_READER_ERROR) /* control characters: the mark is not set */
        place = place_at(reader, parser->problem_offset);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (strcmp(problems[i].problem, problem) == 0) {
            problem = problems[i].says;
            hint = problems[i].hint;
            break;
        }
    findings_add(reader->findings, FINDING_ERROR, "bad-yaml", reader->path, place, hint, "this is no YAML: %s", problem);
}

/* ---- the tree ----------------------------------------------------------------------------- */

static void
refuse_marks(struct reader *reader, const yaml_char_t *anchor, const yaml_char_t *tag, struct config_place place)
{
    if (anchor != NULL)
        findings_add(reader->findings, FINDING_ERROR, "anchor", reader->path, place, "write the value where it is used",
                     "anchors are not read: '&%s'", (const char *)anchor);
    if (tag != NULL)
        findings_add(reader->findings, FINDING_ERROR, "tag", reader->path, place,
                     "leave it out: the key says what type its value has",
                     "tags are not read: '%s'", (const char *)tag);
}

static struct config_node *
node_new(struct reader *reader, enum config_node_kind kind, struct config_place place)
{
    struct config_node *node = arena_zero(reader->arena, sizeof *node);

    node->kind = kind;
    node->place = place;
    node->text = kind == CONFIG_SCALAR ? "" : NULL;
    return node;
}

/* Hang ${node} where it belongs. A scalar may turn out to be a key. */
static void
node_take(struct reader *reader, struct config_node *node)
{
    struct frame *frame = reader->depth == 0 ? NULL : &reader->frame[reader->depth - 1];

    if (frame == NULL) {
        if (reader->root == NULL)
            reader->root = node;
        return;
    }
    if (frame->node->kind == CONFIG_MAPPING && frame->key == NULL) {
        if (node->kind != CONFIG_SCALAR || node->text[0] == '\0')
            findings_add(reader->findings, FINDING_ERROR, "bad-key", reader->path, node->place,
                         "a text that begins with '{' or '[' goes in quotes", "a key must be a text");
        frame->key = node->kind == CONFIG_SCALAR ? node->text : "";
        frame->key_place = node->place;
        return;
    }
    if (frame->node->kind == CONFIG_MAPPING) {
        node->key = frame->key;
        node->key_place = frame->key_place;
        frame->key = NULL;
    }
    *frame->end = node;
    frame->end = &node->next;
    frame->node->children++;
}

static void
scalar_take(struct reader *reader, const yaml_event_t *event)
{
    struct config_node *node = node_new(reader, CONFIG_SCALAR, place_of(event->start_mark));
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;

    refuse_marks(reader, event->data.scalar.anchor, event->data.scalar.tag, node->place);
    if (memchr(text, '\0', size) != NULL)
        findings_add(reader->findings, FINDING_ERROR, "bad-text", reader->path, node->place, NULL,
                     "a text cannot hold a NUL byte");
    node->text = arena_bytes(reader->arena, text, size);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node_take(reader, node);
}

/* False when it is nested too deep to go on. */
static bool
open_take(struct reader *reader, enum config_node_kind kind, const yaml_event_t *event)
{
    struct config_node *node = node_new(reader, kind, place_of(event->start_mark));

    if (kind == CONFIG_MAPPING)
        refuse_marks(reader, event->data.mapping_start.anchor, event->data.mapping_start.tag, node->place);
    else
        refuse_marks(reader, event->data.sequence_start.anchor, event->data.sequence_start.tag, node->place);
    if (reader->depth == NODE_DEPTH_LIMIT) {
        findings_add(reader->findings, FINDING_ERROR, "too-deep", reader->path, node->place, NULL,
                     "nested deeper than %d levels", NODE_DEPTH_LIMIT);
        return false;
    }
    node_take(reader, node);
    reader->frame[reader->depth++] = (struct frame){.node = node, .end = &node->child};
    return true;
}

static int
key_order(const void *a, const void *b)
{
    const struct config_node *left = *(const struct config_node *const *)a, *right = *(const struct config_node *const *)b;
    int order = strcmp(left->key, right->key);

    if (order != 0)
        return order;
    if (left->key_place.line != right->key_place.line)
        return left->key_place.line < right->key_place.line ? -1 : 1;
    return left->key_place.column < right->key_place.column ? -1 : left->key_place.column > right->key_place.column;
}

static void
duplicates_find(struct reader *reader, const struct config_node *mapping)
{
    const struct config_node **member = memory_need((mapping->children + 1) * sizeof *member);
    size_t count = 0;

    for (const struct config_node *child = mapping->child; child != NULL; child = child->next)
        member[count++] = child;
    qsort(member, count, sizeof *member, key_order);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(member[i]->key, member[first]->key) != 0) {
            first = i;
            continue;
        }
        if (member[i]->key[0] != '\0')
            findings_add(reader->findings, FINDING_ERROR, "duplicate-key", reader->path, member[i]->key_place, "keep one of them",
                         "key '%s' stands twice, first in line %u", member[i]->key, member[first]->key_place.line);
    }
    free(member);
}

/* One event; false ends the reading. */
static bool
event_take(struct reader *reader, const yaml_event_t *event)
{
    struct config_place place = place_of(event->start_mark);

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (event->data.document_start.version_directive != NULL ||
            event->data.document_start.tag_directives.start != event->data.document_start.tag_directives.end)
            findings_add(reader->findings, FINDING_ERROR, "tag", reader->path, place, "leave the line out",
                         "directives are not read");
        if (reader->root != NULL) {
            findings_add(reader->findings, FINDING_ERROR, "several-documents", reader->path, place,
                         "put it into a file of its own", "a second document begins here");
            return false;
        }
        return true;
    case YAML_ALIAS_EVENT:
        findings_add(reader->findings, FINDING_ERROR, "anchor", reader->path, place,
                     "write the value where it is used; a text that begins with '*' goes in quotes",
                     "aliases are not read: '*%s'", (const char *)event->data.alias.anchor);
        node_take(reader, node_new(reader, CONFIG_SCALAR, place));
        return true;
    case YAML_SCALAR_EVENT:
        scalar_take(reader, event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        return open_take(reader, CONFIG_SEQUENCE, event);
    case YAML_MAPPING_START_EVENT:
        return open_take(reader, CONFIG_MAPPING, event);
    case YAML_MAPPING_END_EVENT:
        duplicates_find(reader, reader->frame[reader->depth - 1].node);
        reader->depth--;
        return true;
    case YAML_SEQUENCE_END_EVENT:
        reader->depth--;
        return true;
    case YAML_STREAM_END_EVENT:
        return false;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

const struct config_node *
node_read(struct arena *arena, const char *path, const char *bytes, size_t size, struct findings *findings)
{
    struct reader *reader;
    const struct config_node *root;
    size_t raised = findings->raised;
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;

    if (size > NODE_FILE_LIMIT) {
        findings_add(findings, FINDING_ERROR, "too-big", path, (struct config_place){0, 0}, NULL,
                     "the file has more than %d bytes", NODE_FILE_LIMIT);
        return NULL;
    }
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    reader = memory_zero(sizeof *reader);
    *reader = (struct reader){.arena = arena, .path = path, .bytes = bytes, .size = size, .findings = findings};
    if (!is_utf8(reader)) {
        free(reader);
        return NULL;
    }
    if (yaml_parser_initialize(&parser) == 0)
        abort(); /* out of memory */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    while (more) {
        if (yaml_parser_parse(&parser, &event) == 0) {
            problem_add(reader, &parser);
            break;
        }
        more = event_take(reader, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    root = findings->raised > raised && reader->depth > 0 ? NULL : reader->root;
    free(reader);
    return root;
}

const struct config_node *
node_member(const struct config_node *node, const char *key)
{
    if (node == NULL || node->kind != CONFIG_MAPPING)
        return NULL;
    for (node = node->child; node != NULL; node = node->next)
        if (strcmp(node->key, key) == 0)
            return node;
    return NULL;
}
