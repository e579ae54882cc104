/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: JSON read strictly (RFC 8259) into a flat array of nodes. Owns the array, not the text. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "json_run.h"
#include "utf8.h"

/* ---- tokens ------------------------------------------------------------------------------- */

struct scan {
    const char *source;
    size_t at, size; /* at: where the fault is when a function says false */
};

static bool
is_digit(const struct scan *scan)
{
    return scan->at < scan->size && scan->source[scan->at] >= '0' && scan->source[scan->at] <= '9';
}

static bool
is_char(const struct scan *scan, char c)
{
    return scan->at < scan->size && scan->source[scan->at] == c;
}

static void
skip_space(struct scan *scan)
{
    while (scan->at < scan->size && scan->source[scan->at] <= ' ' &&
           (is_char(scan, ' ') || is_char(scan, '\n') || is_char(scan, '\r') || is_char(scan, '\t')))
        scan->at++;
}

static bool
scan_digits(struct scan *scan)
{
    if (!is_digit(scan))
        return false;
    while (is_digit(scan))
        scan->at++;
    return true;
}

static bool
scan_number(struct scan *scan)
{
    if (is_char(scan, '-'))
        scan->at++;
    if (is_char(scan, '0'))
        scan->at++;
    else if (!scan_digits(scan))
        return false;
    if (is_char(scan, '.')) {
        scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    if (is_char(scan, 'e') || is_char(scan, 'E')) {
        scan->at++;
        if (is_char(scan, '+') || is_char(scan, '-'))
            scan->at++;
        if (!scan_digits(scan))
            return false;
    }
    return true;
}

static bool
scan_word(struct scan *scan, const char *word)
{
    for (; *word != '\0'; word++, scan->at++)
        if (!is_char(scan, *word))
            return false;
    return true;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
scan_escape(struct scan *scan)
{
    scan->at++;
    if (scan->at == scan->size)
        return false;
    switch (scan->source[scan->at]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->at++;
        return true;
    case 'u':
        scan->at++;
        for (int i = 0; i < 4; i++, scan->at++)
            if (scan->at == scan->size || hex_value(scan->source[scan->at]) < 0)
                return false;
        return true;
    default:
        return false;
    }
}

/* From the opening quote to behind the closing one. */
static bool
scan_string(struct scan *scan, uint32_t *at, uint32_t *size, bool *escaped)
{
    size_t from = ++scan->at, bad;

    *escaped = false;
    while ((scan->at += json_plain_run(scan->source + scan->at, scan->size - scan->at)) < scan->size) {
        unsigned char c = (unsigned char)scan->source[scan->at];

        if (c == '"') {
            *at = (uint32_t)from;
            *size = (uint32_t)(scan->at - from);
            scan->at++;
            return true;
        }
        if (c == '\\') {
            *escaped = true;
            if (!scan_escape(scan))
                return false;
        } else if (c < 0x20) {
            return false;
        } else {
            size_t length = utf8_char(scan->source + scan->at, scan->size - scan->at, &bad);

            if (length == 0)
                return false;
            scan->at += length;
        }
    }
    return false;
}

/* ---- the tree ----------------------------------------------------------------------------- */

static uint32_t
node_new(struct json_tree *tree)
{
    if (tree->count == tree->room) {
        uint64_t room = tree->room < 16 ? 16 : (uint64_t)tree->room * 2;

        tree->room = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX; /* a value is a byte at least */
        tree->node = memory_grow(tree->node, (size_t)tree->room * sizeof(*tree->node));
    }
    memset(&tree->node[tree->count], 0, sizeof(*tree->node));
    return tree->count++;
}

/* The arrays and objects that are open, outermost first; last: the newest child of each. */
struct levels {
    uint32_t node[JSON_DEPTH], last[JSON_DEPTH];
    int depth;
};

static bool
is_object(const struct json_tree *tree, const struct levels *levels)
{
    return levels->depth > 0 && tree->node[levels->node[levels->depth - 1]].kind == JSON_OBJECT;
}

static void
attach(struct json_tree *tree, struct levels *levels, uint32_t child)
{
    uint32_t *last;

    if (levels->depth == 0)
        return;
    last = &levels->last[levels->depth - 1];
    if (*last == 0)
        tree->node[levels->node[levels->depth - 1]].child = child;
    else
        tree->node[*last].next = child;
    *last = child;
}

static bool
scan_scalar(struct scan *scan, struct json_node *node)
{
    switch (scan->source[scan->at]) {
    case '"':
        node->kind = JSON_STRING;
        return scan_string(scan, &node->at, &node->size, &node->escaped);
    case 'n':
        node->kind = JSON_NULL;
        return scan_word(scan, "null");
    case 'f':
        node->kind = JSON_FALSE;
        return scan_word(scan, "false");
    case 't':
        node->kind = JSON_TRUE;
        return scan_word(scan, "true");
    default:
        node->kind = JSON_NUMBER;
        return scan_number(scan);
    }
}

/* Member name (in an object) and value, or the opening of one. */
static bool
scan_item(struct scan *scan, struct json_tree *tree, struct levels *levels)
{
    uint32_t name_at = 0, name_size = 0, index;
    bool escaped, in_object = is_object(tree, levels);
    struct json_node *node;

    if (in_object) {
        if (!is_char(scan, '"') || !scan_string(scan, &name_at, &name_size, &escaped))
            return false;
        skip_space(scan);
        if (!is_char(scan, ':'))
            return false;
        scan->at++;
        skip_space(scan);
    }
    if (scan->at == scan->size)
        return false;
    index = node_new(tree);
    attach(tree, levels, index);
    node = &tree->node[index];
    node->name_at = name_at;
    node->name_size = name_size;
    node->at = (uint32_t)scan->at;
    if (is_char(scan, '[') || is_char(scan, '{')) {
        if (levels->depth == JSON_DEPTH)
            return false;
        node->kind = is_char(scan, '[') ? JSON_ARRAY : JSON_OBJECT;
        levels->node[levels->depth] = index;
        levels->last[levels->depth++] = 0;
        scan->at++;
        return true;
    }
    if (!scan_scalar(scan, node))
        return false;
    if (node->kind != JSON_STRING)
        node->size = (uint32_t)scan->at - node->at;
    return true;
}

/* Closes what ends here; true with ${more} when another item follows, false: neither ',' nor the end. */
static bool
scan_after(struct scan *scan, struct json_tree *tree, struct levels *levels, bool *more)
{
    *more = false;
    while (levels->depth > 0) {
        struct json_node *open = &tree->node[levels->node[levels->depth - 1]];
        bool fresh = levels->last[levels->depth - 1] == 0;

        skip_space(scan);
        if (is_char(scan, open->kind == JSON_ARRAY ? ']' : '}')) {
            scan->at++;
            open->size = (uint32_t)scan->at - open->at;
            levels->depth--;
        } else if (fresh) { /* just opened: its first item */
            *more = true;
            return true;
        } else if (is_char(scan, ',')) {
            scan->at++;
            skip_space(scan);
            *more = true;
            return true;
        } else {
            return false;
        }
    }
    return true;
}

static bool
scan_all(struct scan *scan, struct json_tree *tree)
{
    struct levels levels = {.depth = 0};
    bool more = true;

    skip_space(scan);
    while (more)
        if (!scan_item(scan, tree, &levels) || !scan_after(scan, tree, &levels, &more))
            return false;
    skip_space(scan);
    return scan->at == scan->size;
}

int
json_parse(struct json_tree *tree, const char *source, size_t size, size_t *where)
{
    struct scan scan = {.source = source, .size = size};

    tree->source = source;
    tree->count = 0;
    if (size < UINT32_MAX && scan_all(&scan, tree))
        return 0;
    tree->count = 0;
    *where = scan.at;
    return -1;
}

void
json_fini(struct json_tree *tree)
{
    free(tree->node);
    memset(tree, 0, sizeof(*tree));
}

/* ---- asking ------------------------------------------------------------------------------- */

static bool
is_name(const char *at, size_t size, const char *name, size_t name_size)
{
    struct text plain = {0};
    bool same;

    if (memchr(at, '\\', size) == NULL)
        return size == name_size && memcmp(at, name, size) == 0;
    plain.size = json_unescape(at, size, text_room(&plain, size));
    same = plain.size == name_size && memcmp(plain.at, name, name_size) == 0;
    text_fini(&plain);
    return same;
}

uint32_t
json_member(const struct json_tree *tree, uint32_t node, const char *name)
{
    size_t size = strlen(name);
    uint32_t found = 0;

    if (node >= tree->count || tree->node[node].kind != JSON_OBJECT)
        return 0;
    for (uint32_t at = tree->node[node].child; at != 0; at = tree->node[at].next)
        if (is_name(tree->source + tree->node[at].name_at, tree->node[at].name_size, name, size))
            found = at; /* of a name that comes twice the last one holds, as everywhere */
    return found;
}

void
json_string(const struct json_tree *tree, uint32_t node, struct text *out)
{
    const struct json_node *at;

    if (node >= tree->count)
        return;
    at = &tree->node[node];
    if (at->kind == JSON_ARRAY || at->kind == JSON_OBJECT)
        return;
    if (at->escaped) {
        char *to = text_room(out, at->size);
        size_t size = json_unescape(tree->source + at->at, at->size, to);

        to[size] = '\0';
        out->size += size;
    } else {
        text_add(out, tree->source + at->at, at->size);
    }
}

int64_t
json_number(const struct json_tree *tree, uint32_t node, int64_t otherwise)
{
    const char *at, *end;
    int64_t value = 0;
    bool negative;

    if (node >= tree->count || tree->node[node].kind != JSON_NUMBER)
        return otherwise;
    at = tree->source + tree->node[node].at;
    end = at + tree->node[node].size;
    negative = *at == '-';
    for (at += negative; at < end; at++) {
        int digit = *at - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) /* below zero there is room for one more */
            return otherwise;
    }
    if (!negative && value == INT64_MIN)
        return otherwise;
    return negative ? value : -value;
}

/* ---- escapes ------------------------------------------------------------------------------ */

/* The four digits at ${at}, or -1. */
static long
hex4(const char *at, size_t size)
{
    long value = 0;

    if (size < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static size_t
put_code(char *to, unsigned long code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* \u at ${at}, behind the 'u': bytes read go to ${used}, bytes written are given back. */
static size_t
unescape_unicode(const char *at, size_t size, char *to, size_t *used)
{
    long code = hex4(at, size), low;

    if (code < 0) { /* it was not scanned before; as any other letter it stands for itself */
        *used = 0;
        *to = 'u';
        return 1;
    }
    *used = 4;
    if (code >= 0xd800 && code <= 0xdbff && size >= 10 && at[4] == '\\' && at[5] == 'u' &&
        (low = hex4(at + 6, 4)) >= 0xdc00 && low <= 0xdfff) {
        *used = 10;
        return put_code(to, 0x10000 + ((unsigned long)code - 0xd800) * 0x400 + ((unsigned long)low - 0xdc00));
    }
    return put_code(to, code >= 0xd800 && code <= 0xdfff ? 0xfffd : (unsigned long)code);
}

size_t
json_unescape(const char *at, size_t size, char *to)
{
    size_t i = 0, given = 0;

    while (i < size) {
        const char *slash = memchr(at + i, '\\', size - i);
        size_t run = slash == NULL ? size - i : (size_t)(slash - at) - i, used;

        memmove(to + given, at + i, run);
        given += run;
        i += run;
        if (i == size)
            break;
        if (++i == size) {
            to[given++] = '\\';
            break;
        }
        switch (at[i++]) {
        case 'b':
            to[given++] = '\b';
            break;
        case 'f':
            to[given++] = '\f';
            break;
        case 'n':
            to[given++] = '\n';
            break;
        case 'r':
            to[given++] = '\r';
            break;
        case 't':
            to[given++] = '\t';
            break;
        case 'u':
            given += unescape_unicode(at + i, size - i, to + given, &used);
            i += used;
            break;
        default: /* quote, backslash and slash stand for themselves */
            to[given++] = at[i - 1];
        }
    }
    return given;
}
