/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XML_AUTO_H
#define XML_AUTO_H

#include "xml_record.h"

#define XML_AUTO_MOST 4096 /* columns */

struct xml_node;

/*
 * Records whose columns nobody named: attributes and elements without elements in them, by the way to them with dots between. What stands there
 * more than once in a record is a JSON array of texts, because nothing may be lost that nobody asked to lose. An attribute and an element of one
 * name: the later one met is `@name` or `name.text`.
 */
struct xml_auto {
    struct xml_field *field;     /* columns, in the order met; value, count and nil are of the record at hand */
    const char **name;
    uint32_t fields, field_room;
    struct xml_node *node;       /* node[0] is the record itself */
    uint32_t nodes, node_room;
    uint32_t at;                 /* the innermost element that is open */
    uint32_t depth;              /* of it below the record; 0: the record */
    struct xml_text run;         /* all text of the record */
    bool full;                   /* it has more columns than may be */
};

/** xml_auto_begin(how): another document; columns stay. xml_auto_fini gives all back. */
void xml_auto_begin(struct xml_auto *how);
void xml_auto_fini(struct xml_auto *how);
/** xml_auto_open(how, record, name, attribute, count): an element begins; ${record}: the record itself does. */
void xml_auto_open(struct xml_auto *how, bool record, const char *name, const struct xml_attribute *attribute, int count, struct xml_record *of);
void xml_auto_text(struct xml_auto *how, const char *at, size_t size);
/** xml_auto_close(how, of): the innermost element ends; of the record itself: its fields are then complete until the next one begins. Texts are
 * shown as ${of} shows them. */
void xml_auto_close(struct xml_auto *how, struct xml_record *of);

#endif
