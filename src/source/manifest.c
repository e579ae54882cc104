/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the road: what a sender says about its data, read leniently in form and strictly in meaning. Owns the text and what was made of
 * it; judges nothing.
 */
#include "source/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"

#define PIECE "{member}"
#define SUM_DIGITS 64

/* One line, cut in two. */
struct line {
    const char *name, *value;
    bool listed;             /* as sha256sum and wc list files: the value first */
    enum manifest_kind kind; /* of a listed one */
};

struct manifest {
    struct arena *arena;
    struct json_tree tree; /* of JSON: its count is above 0 */
    struct line *line;
    uint32_t lines, room;
};

/* ---- lines -------------------------------------------------------------------------------- */

static bool
all_of(const char *text, const char *set)
{
    return text[0] != '\0' && text[strspn(text, set)] == '\0';
}

static bool
is_sum(const char *text)
{
    return strlen(text) == SUM_DIGITS && all_of(text, "0123456789abcdefABCDEF");
}

static bool
is_count(const char *text)
{
    return all_of(text, "0123456789");
}

static bool
is_of_kind(enum manifest_kind kind, const char *text)
{
    return kind == MANIFEST_SHA256 ? is_sum(text) : is_count(text);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut the blanks off both ends, in place. */
static char *
trimmed(char *text)
{
    size_t size;

    while (is_blank(*text))
        text++;
    size = strlen(text);
    while (size > 0 && is_blank(text[size - 1]))
        text[--size] = '\0';
    return text;
}

/* SHA256 (orders.csv) = 9f86… */
static bool
line_tagged(char *text, struct line *line)
{
    char *end = strrchr(text, ')');

    if (strncmp(text, "SHA256 (", 8) != 0 || end == NULL || end < text + 8)
        return false;
    *end++ = '\0';
    end += strspn(end, " =");
    *line = (struct line){.name = text + 8, .value = end, .listed = true, .kind = MANIFEST_SHA256};
    return is_sum(end);
}

static bool
line_read(char *text, struct line *line)
{
    size_t first = strcspn(text, " \t=:");
    char *rest;

    if (line_tagged(text, line))
        return true;
    if (first == 0 || text[first] == '\0')
        return false;
    rest = text + first + strspn(text + first, " \t=:");
    text[first] = '\0';
    if ((is_sum(text) || is_count(text)) && !is_count(rest)) { /* the value stands first; a star marks a file read as bytes */
        *line = (struct line){.name = rest + (*rest == '*'), .value = text, .listed = true,
                              .kind = is_sum(text) ? MANIFEST_SHA256 : MANIFEST_ROWS};
        return line->name[0] != '\0';
    }
    *line = (struct line){.name = text, .value = rest};
    return rest[0] != '\0';
}

static int
lines_read(struct manifest *manifest, char *text, struct daybreak_fault *fault)
{
    uint64_t number = 0;

    for (char *next; text != NULL; text = next) {
        struct line line;
        char *at;

        number++;
        next = strchr(text, '\n');
        if (next != NULL)
            *next++ = '\0';
        at = trimmed(text);
        if (at[0] == '\0' || at[0] == '#')
            continue;
        if (!line_read(at, &line))
            return fault_set(fault, DAYBREAK_ASIDE, "it is no JSON, and its line %llu is no name with a value",
                             (unsigned long long)number);
        if (manifest->lines == manifest->room) {
            manifest->room = manifest->room == 0 ? 16 : manifest->room * 2;
            manifest->line = memory_grow(manifest->line, manifest->room * sizeof *manifest->line);
        }
        manifest->line[manifest->lines++] = line;
    }
    return manifest->lines > 0 ? 0 : fault_set(fault, DAYBREAK_ASIDE, "it is empty");
}

/* ---- life --------------------------------------------------------------------------------- */

struct manifest *
manifest_new(const char *text, size_t size, struct daybreak_fault *fault)
{
    struct manifest *manifest = memory_zero(sizeof *manifest);
    size_t space = 0, where;
    char *copy;
    int result;

    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        size -= 3;
    }
    manifest->arena = arena_new();
    copy = arena_bytes(manifest->arena, text, size);
    while (space < size && (is_blank(copy[space]) || copy[space] == '\n'))
        space++;
    if (!text_utf8(copy, size)) {
        result = fault_set(fault, DAYBREAK_ASIDE, "it is no text in UTF-8");
    } else if (space < size && (copy[space] == '{' || copy[space] == '[')) {
        result = json_parse(&manifest->tree, copy, size, &where);
        if (result != 0)
            fault_set(fault, DAYBREAK_ASIDE, "it is no JSON: byte %zu is wrong", where + 1);
    } else {
        result = lines_read(manifest, copy, fault);
    }
    if (result == 0)
        return manifest;
    manifest_free(manifest);
    return NULL;
}

void
manifest_free(struct manifest *manifest)
{
    if (manifest == NULL)
        return;
    json_fini(&manifest->tree);
    free(manifest->line);
    arena_free(manifest->arena);
    free(manifest);
}

/* ---- names -------------------------------------------------------------------------------- */

static const char *
plain_name(const char *name)
{
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    return name;
}

/* Which of the names this is; MANIFEST_NAMES: none of them. */
static uint32_t
name_of(const struct manifest_names *names, const char *name)
{
    uint32_t i = 0;

    while (i < MANIFEST_NAMES && (names->name[i] == NULL || strcmp(names->name[i], plain_name(name)) != 0))
        i++;
    return i;
}

/* ---- JSON --------------------------------------------------------------------------------- */

static const char *
node_name(const struct json_tree *tree, uint32_t node, struct text *room)
{
    const struct json_node *of = &tree->node[node];
    size_t size;
    char *to;

    text_clear(room);
    to = text_room(room, of->name_size + 1);
    size = json_unescape(tree->source + of->name_at, of->name_size, to);
    room->size += size;
    return text_end(room);
}

/* The texts by which an element of an array may be told from others. */
static const char *const telling[] = {"name", "file", "path", "member", "filename", "table", NULL};

static const char *
element_name(const struct json_tree *tree, uint32_t element, uint32_t which, struct text *room)
{
    uint32_t member = tree->node[element].kind == JSON_OBJECT ? json_member(tree, element, telling[which]) : 0;

    text_clear(room);
    if (member == 0 || tree->node[member].kind != JSON_STRING)
        return NULL;
    json_string(tree, member, room);
    return text_end(room);
}

/* The child of ${node} that has one of the names, the earliest of them; 0: none has. */
static uint32_t
child_of(const struct json_tree *tree, uint32_t node, const struct manifest_names *names, uint32_t *by)
{
    bool array = tree->node[node].kind == JSON_ARRAY;
    struct text room = {0};
    uint32_t best = 0;

    *by = MANIFEST_NAMES;
    for (uint32_t child = tree->node[node].child; child != 0; child = tree->node[child].next)
        for (uint32_t i = 0; telling[i] != NULL; i++) {
            const char *name = array ? element_name(tree, child, i, &room) : node_name(tree, child, &room);
            uint32_t which = name == NULL ? MANIFEST_NAMES : name_of(names, name);

            if (which < *by) {
                *by = which;
                best = child;
            }
            if (!array)
                break;
        }
    text_fini(&room);
    return best;
}

/* The next name of a path, which may be all that is left of it: names may hold points. */
static uint32_t
step_into(const struct json_tree *tree, uint32_t node, const char **path)
{
    uint32_t child = json_member(tree, node, *path);
    size_t size = strcspn(*path, ".");
    char name[256];

    if (child != 0 || size >= sizeof name) {
        *path += strlen(*path);
        return child;
    }
    memcpy(name, *path, size);
    name[size] = '\0';
    *path += size + ((*path)[size] == '.');
    return json_member(tree, node, name);
}

/* From the root along ${path} to where names part: *node, with what is left of the path. False: there is no such place. */
static bool
walk(const struct json_tree *tree, const char **path, uint32_t *node)
{
    for (*node = 0; **path != '\0' && tree->node[*node].kind == JSON_OBJECT && strncmp(*path, PIECE, sizeof PIECE - 1) != 0;) {
        *node = step_into(tree, *node, path);
        if (*node == 0)
            return false;
    }
    return true;
}

static enum manifest_found
tree_find(const struct json_tree *tree, const char *path, const struct manifest_names *names, struct text *value, uint32_t *by)
{
    uint32_t node;
    bool own = false;

    if (!walk(tree, &path, &node))
        return MANIFEST_MISSING;
    if (tree->node[node].kind == JSON_OBJECT || tree->node[node].kind == JSON_ARRAY) { /* here names part */
        if (tree->node[node].child == 0)
            return MANIFEST_MISSING;
        node = child_of(tree, node, names, by);
        if (node == 0)
            return MANIFEST_OTHERS;
        own = true;
        if (strncmp(path, PIECE, sizeof PIECE - 1) == 0)
            path += sizeof PIECE - 1;
        path += *path == '.';
        while (*path != '\0' && tree->node[node].kind == JSON_OBJECT) {
            node = step_into(tree, node, &path);
            if (node == 0)
                return MANIFEST_MISSING;
        }
    }
    if (*path != '\0' || tree->node[node].kind == JSON_NULL || tree->node[node].kind == JSON_OBJECT ||
        tree->node[node].kind == JSON_ARRAY)
        return MANIFEST_MISSING;
    json_string(tree, node, value);
    return own ? MANIFEST_OWN : MANIFEST_SHARED;
}

/* ---- asking ------------------------------------------------------------------------------- */

static enum manifest_found
lines_find(const struct manifest *manifest, enum manifest_kind kind, const char *path, const struct manifest_names *names,
           struct text *value, uint32_t *by)
{
    const struct line *best = NULL;
    bool others = false;

    for (uint32_t i = 0; i < manifest->lines; i++)
        if (!manifest->line[i].listed && strcmp(manifest->line[i].name, path) == 0) {
            text_put(value, manifest->line[i].value);
            return MANIFEST_SHARED;
        }
    for (uint32_t i = 0; i < manifest->lines; i++) {
        const struct line *line = &manifest->line[i];
        uint32_t which = is_of_kind(kind, line->value) ? name_of(names, line->name) : MANIFEST_NAMES;

        others |= line->listed && line->kind == kind;
        if (which < *by) {
            *by = which;
            best = line;
        }
    }
    if (best == NULL)
        return others ? MANIFEST_OTHERS : MANIFEST_MISSING;
    text_put(value, best->value);
    return MANIFEST_OWN;
}

enum manifest_found
manifest_find(const struct manifest *manifest, enum manifest_kind kind, const char *path, const struct manifest_names *names,
              struct text *value, uint32_t *by)
{
    *by = MANIFEST_NAMES;
    text_clear(value);
    return manifest->tree.count > 0 ? tree_find(&manifest->tree, path, names, value, by)
                                    : lines_find(manifest, kind, path, names, value, by);
}

void
manifest_each(const struct manifest *manifest, enum manifest_kind kind, const char *path, bool (*each)(void *context, const char *name),
              void *context)
{
    const struct json_tree *tree = &manifest->tree;
    struct text room = {0};
    uint32_t node;

    for (uint32_t i = 0; i < manifest->lines; i++)
        if (manifest->line[i].listed && manifest->line[i].kind == kind && !each(context, plain_name(manifest->line[i].name)))
            return;
    if (tree->count == 0 || !walk(tree, &path, &node))
        return;
    for (uint32_t child = tree->node[node].kind == JSON_OBJECT || tree->node[node].kind == JSON_ARRAY ? tree->node[node].child : 0;
         child != 0; child = tree->node[child].next) {
        const char *name = NULL;

        if (tree->node[node].kind == JSON_OBJECT)
            name = node_name(tree, child, &room);
        for (uint32_t i = 0; name == NULL && telling[i] != NULL; i++)
            name = element_name(tree, child, i, &room);
        if (name != NULL && !each(context, plain_name(name)))
            break;
    }
    text_fini(&room);
}
