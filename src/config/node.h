/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct findings;

struct config_place {
    uint32_t line, column; /* from 1; 0: not in the file */
};

enum config_node_kind { CONFIG_SCALAR, CONFIG_SEQUENCE, CONFIG_MAPPING };

/* YAML as read, before anything is known about its meaning. Plain scalars are texts; nothing is guessed. */
struct config_node {
    enum config_node_kind kind;
    const char *text;            /* scalars, NUL-ended; "" for an empty one */
    bool quoted;
    bool hidden;                 /* came out of a secret: never printed */
    const char *key;             /* when it is a member of a mapping */
    struct config_place place, key_place;
    const struct config_node *child, *next;
    uint32_t children;
};

#define NODE_FILE_LIMIT 1048576
#define NODE_DEPTH_LIMIT 64

/** node_read(arena, path, bytes, size, findings): the one document in ${bytes}; NULL when it is empty, and NULL with
 * findings when it is no YAML, over 1 MiB or nested deeper than 64. Duplicate keys, anchors, aliases, tags and a
 * second document are findings too, but the tree is given, so that whatever else is wrong can be said at the same
 * time. */
const struct config_node *node_read(struct arena *arena, const char *path, const char *bytes, size_t size,
                                    struct findings *findings);
/** node_member(node, key): NULL when there is none, or ${node} is NULL or no mapping. */
const struct config_node *node_member(const struct config_node *node, const char *key);

#endif
