/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Writing. Numbers travel as text, exactly. Text that is not UTF-8 is written with U+FFFD. */
#define JSON_DEPTH 64 /* of what is written and of what is read */

struct json {
    struct text *out;
    uint64_t arrays; /* one bit a level: it is an array */
    int depth;
    bool first;     /* no comma needed before the next item */
    bool pretty;    /* two blanks a level */
};

void json_init(struct json *json, struct text *out, bool pretty);
void json_object(struct json *json, const char *name); /* opens; name NULL inside arrays and at the top */
void json_array(struct json *json, const char *name);
void json_close(struct json *json); /* the innermost object or array */
void json_text(struct json *json, const char *name, const char *value); /* NULL value: null */
void json_bytes(struct json *json, const char *name, const char *value, size_t size);
void json_int(struct json *json, const char *name, int64_t value);
void json_real(struct json *json, const char *name, double value); /* shortest that reads back; not finite: null */
void json_bool(struct json *json, const char *name, bool value);
void json_null(struct json *json, const char *name);
void json_raw(struct json *json, const char *name, const char *value, size_t size); /* already JSON */
/** json_quote(out, bytes, size): "…" with escapes of RFC 8259, nothing above U+001F escaped but quote and backslash. */
void json_quote(struct text *out, const char *bytes, size_t size);

/* Reading: a strict RFC 8259 scanner over a whole text into a flat array of nodes, at most JSON_DEPTH deep. */
enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    enum json_kind kind;
    uint32_t at, size;   /* of the value in the source; strings without their quotes, still escaped */
    uint32_t name_at, name_size; /* member name, still escaped */
    uint32_t next;       /* index of the next sibling, 0: none */
    uint32_t child;      /* first child, 0: none */
    bool escaped;        /* the string holds a backslash */
};

struct json_tree {
    const char *source; /* lent */
    struct json_node *node;
    uint32_t count, room;
};

/** json_parse(tree, source, size, where): 0, or -1 with the byte offset of the fault in ${where}. Node 0 is the root. */
int json_parse(struct json_tree *tree, const char *source, size_t size, size_t *where);
void json_fini(struct json_tree *tree);
/** json_member(tree, node, name): index of the member, 0 when there is none. */
uint32_t json_member(const struct json_tree *tree, uint32_t node, const char *name);
/** json_string(tree, node, out): the decoded text of a string, or the number's or literal's text, appended to ${out}. */
void json_string(const struct json_tree *tree, uint32_t node, struct text *out);
int64_t json_number(const struct json_tree *tree, uint32_t node, int64_t otherwise);
/** json_unescape(at, size, to): decode a scanned string into ${to} (never longer); returns the length. Lone surrogates
 * become U+FFFD. ${to} may be ${at}. */
size_t json_unescape(const char *at, size_t size, char *to);

#endif
