/* SPDX-License-Identifier: Apache-2.0 */
#ifndef XML_RECORD_H
#define XML_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xml_path.h"

enum xml_repeated { XML_FIRST, XML_JSON, XML_JOIN, XML_MANY }; /* MANY: as it is, and JSON when there are more than one */

/* A text that grows. */
struct xml_text {
    char *at;
    size_t size, room;
};

void xml_text_add(struct xml_text *text, const char *at, size_t size);
void xml_text_fini(struct xml_text *text);

/* A column: where it is read from, and what is there of it for the record at hand. */
struct xml_field {
    struct xml_path path;
    enum xml_repeated repeated;
    char *join;           /* between values, of XML_JOIN */
    struct xml_text value;
    uint32_t count;       /* values met; 0: null */
    bool nil;             /* the one that counts said xsi:nil */
};

struct xml_level;

/*
 * Where a document stands: the elements that are open, and what the fields took of them. Told of each element and text by the parser; says
 * when a record is whole. Nothing of a document is kept but the way down to where it stands.
 */
struct xml_record {
    struct xml_path record;
    struct xml_field *field;
    uint32_t fields, words;         /* words: of a set of fields, 64 a word */
    uint32_t *around, arounds;      /* fields that begin above the record */
    bool plain;                     /* a child's name says which fields may begin there, and nothing else does: */
    struct {
        const char *name;
        uint64_t fields;
    } first[64];                    /* names met, by their address */
    bool counts;                    /* some path asks the how-many-eth of its name an element is */
    bool normalize;                 /* white space as XPath's normalize-space() */
    struct xml_level *level;        /* level[0] is the document */
    uint32_t depth, room;
    uint32_t inside;                /* the level of the record that is open; 0: none */
    struct xml_text run;            /* text of what is being taken, outermost first */
    uint32_t taking;                /* elements that are taken */
    struct xml_text space;          /* room for a text without its white space */
    bool skip;                      /* the record that is open is too long: nothing of it is kept */
};

struct xml_attribute {
    const char *name, *uri, *value;
    size_t size;
};

/** xml_record_begin(record, key, context): a document begins. ${key} gives the one pointer that a name has in all that is told of it. */
void xml_record_begin(struct xml_record *record, const char *(*key)(void *context, const char *name), void *context);
void xml_record_fini(struct xml_record *record);
/** xml_record_open(record, name, uri, attribute, count): an element begins; true when it is a record. */
bool xml_record_open(struct xml_record *record, const char *name, const char *uri, const struct xml_attribute *attribute, int count);
/** xml_record_text(record, at, size): text inside of the innermost element. */
void xml_record_text(struct xml_record *record, const char *at, size_t size);
/** xml_record_late(record, f): the level of the element around the record that has just ended from which field ${f} is still to come: it may
 * stand behind the record; 0: nothing is to come. xml_record_around(record, level, f, at, size): what came of it, asked when that
 * element has just ended. */
uint32_t xml_record_late(const struct xml_record *record, uint32_t f);
bool xml_record_around(const struct xml_record *record, uint32_t level, uint32_t f, const char **at, size_t *size);
/** xml_record_shown(record, at, size): a text as it is given: without its white space where that was asked for. Lent until the next one. */
void xml_record_shown(struct xml_record *record, const char **at, size_t *size);
/** xml_record_value(record, field, at, size, nil): one more text of the field, as it is shown. */
void xml_record_value(struct xml_record *record, struct xml_field *field, const char *at, size_t size, bool nil);
/** xml_record_close(record): the innermost element ends; true when it was a record, whose fields are then complete until the next call. */
bool xml_record_close(struct xml_record *record);

#endif
