/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XML_PATH_H
#define XML_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#define XML_STEPS_MAX 32

/* One element on a path. */
struct xml_step {
    char *name;           /* NULL: any */
    const char *key;      /* the same in the dictionary of the parser at hand, in which a name stands once */
    const char *uri;      /* its namespace, lent from the option; NULL: any */
    uint32_t from, to;    /* which of its siblings of that name, from 1 */
};

enum xml_take { XML_TEXT, XML_ATTRIBUTE, XML_NAME };

/*
 * A path as XPath writes it, as far as a stream can follow it: of a record (`/a/b`, `//b`), or of a field: relative to the record (`name`,
 * `a/b`, `@id`, `a/@id`, `.`), to an element around it (`../name`, `../@id`, `name(..)`), or from the top (`/a/name`).
 */
struct xml_path {
    bool absolute;        /* begins with / */
    bool anywhere;        /* begins with // */
    uint32_t up;          /* how many .. it begins with */
    enum xml_take take;
    char *attribute;      /* of XML_ATTRIBUTE */
    const char *attribute_key; /* as key, without its prefix */
    struct xml_step step[XML_STEPS_MAX];
    uint32_t steps;
};

/** xml_path_read(text, spaces, record, path, wrong): the path ${text}; false with ${wrong} saying why it is none. ${record}: only elements may
 * be meant. xml_path_fini gives it back, also one that could not be read. */
bool xml_path_read(const char *text, const struct daybreak_map *spaces, bool record, struct xml_path *path, const char **wrong);
void xml_path_fini(struct xml_path *path);

#endif
