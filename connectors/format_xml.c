/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of an XML document as rows, through libxml2's push parser: a document is parsed as it comes and never held. Of the block only
 * what no record needs any more is given back as taken, so that each row has its own bytes: the parser is ahead of that, and is given
 * no byte twice.
 *
 * Refused: every DOCTYPE, and so every entity but the five that XML itself has; nothing is ever fetched. What is not well-formed cuts the
 * input off where it is, because nobody can say what comes behind it. Text comes as UTF-8: whoever gives the bytes has seen to what the
 * declaration says.
 *
 * Marks are "LINE:BYTE:ROWS" of line_mark.h. What surrounds a record is known only to who read it, so reading goes on at the beginning of
 * the part, and ROWS records are passed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include <daybreak/connector.h>

#include "line_mark.h"
#include "xml_auto.h"
#include "xml_record.h"

#define CHUNK 16384         /* bytes the parser is given at once */
#define HELD_MOST (4u << 20)
#define RUN_MOST (64u << 20)

struct held_cell {
    size_t at;                 /* in the held text */
    uint32_t size;
    uint32_t late;             /* the level of the element around it that still brings it; 0: none */
};

/* A record that is whole, and waits for room in the block or for what stands behind it in an element around it. */
struct held {
    uint64_t from, to, line;   /* its bytes in the part */
    struct held_cell *cell;
    uint32_t cells, late;      /* late: cells that are still to come */
    uint32_t room;
};

struct xml {
    const char *record_path;
    struct daybreak_list names, paths, repeats;
    struct daybreak_map namespaces, repeated;
    int space;

    const struct daybreak_host *host;
    struct xml_record record;
    bool automatic;            /* no field is named: */
    struct xml_auto how;
    uint32_t given;            /* columns of the rows fed last */
    const char **name_of;      /* lent by columns */
    xmlParserCtxtPtr parser;
    struct xml_attribute *attribute;
    int attributes_room;

    const struct daybreak_rows *rows; /* while a block is fed */
    uint64_t first;            /* byte of the part that the parser calls its first: a BOM is no data */
    uint64_t fed;              /* the parser was given all bytes of the part up to here */
    uint64_t from, from_line;  /* where the record that is open begins */
    uint64_t seen, seen_line;  /* line ends were counted up to here */
    uint64_t passed, pass;     /* records met; those to pass over after a mark */
    struct held *held;
    uint32_t helds, held_at, held_room;
    uint32_t late;             /* held records with cells to come */
    struct xml_text held_text;
    bool doctype;
    bool broken, ended;        /* the parser gave up; it was told that nothing follows */
    char wrong[256];
};

static const struct daybreak_option options[] = {
    {.name = "record", .type = DAYBREAK_TEXT, .at = offsetof(struct xml, record_path), .required = true, .example = "//order",
     .help = "The elements that are records: /orders/order from the top, or //order anywhere."},
    {.name = "namespaces", .type = DAYBREAK_MAP, .at = offsetof(struct xml, namespaces), .example = "{o: \"urn:example:orders\"}",
     .help = "Prefixes that paths use, and what they stand for; a name without prefix is any namespace's."},
    {.name = "repeated", .type = DAYBREAK_MAP, .at = offsetof(struct xml, repeated), .example = "{join: \"|\"}",
     .help = "What a field is when its element comes more than once: first (the default), json (an array of texts), or {join: TEXT}."},
    {.name = "space", .type = DAYBREAK_CHOICE, .at = offsetof(struct xml, space), .choices = "keep|normalize", .preset = "keep",
     .help = "White space of texts: as it stands, or trimmed and one blank for each run of it, as XPath's normalize-space()."},
    {.name = "names", .type = DAYBREAK_LIST, .at = offsetof(struct xml, names),
     .help = "The columns; the fields of the pipeline stand for it. None: attributes and elements that hold no elements, found as they come, with "
             "the way to them as name (address.city)."},
    {.name = "paths", .type = DAYBREAK_LIST, .at = offsetof(struct xml, paths),
     .help = "Where each column is read, in the order of names; an empty one is the child element of the column's name. The fields of the "
             "pipeline stand for it: fields: {id: \"@id\", city: address/city}."},
    {.name = "repeats", .type = DAYBREAK_LIST, .at = offsetof(struct xml, repeats),
     .help = "For each column first, json or join=TEXT; an empty one is what `repeated` says. The fields of the pipeline stand for it."},
    {.name = NULL},
};

/* ---- life --------------------------------------------------------------------------------- */

static void
xml_close(void *self)
{
    struct xml *xml = self;

    if (xml->parser != NULL)
        xmlFreeParserCtxt(xml->parser);
    xml_record_fini(&xml->record);
    xml_auto_fini(&xml->how);
    free(xml->name_of);
    free(xml->attribute);
    for (uint32_t i = 0; i < xml->held_room; i++)
        free(xml->held[i].cell);
    free(xml->held);
    xml_text_fini(&xml->held_text);
}

static int
refuse(const struct xml *xml, struct daybreak_fault *fault, const char *what, const char *text, const char *why)
{
    xml->host->fault(fault, DAYBREAK_HALT, "%s '%s' cannot be used: %s", what, text, why);
    fault->status = 78;
    return -1;
}

static bool
repeat_read(const char *kind, const char *text, struct xml_field *field)
{
    if (strcmp(kind, "first") == 0)
        field->repeated = XML_FIRST;
    else if (strcmp(kind, "json") == 0)
        field->repeated = XML_JSON;
    else if (strcmp(kind, "join") == 0)
        field->repeated = XML_JOIN;
    else
        return false;
    free(field->join);
    field->join = line_grow(NULL, strlen(text) + 1);
    memcpy(field->join, text, strlen(text) + 1);
    return true;
}

static int
field_open(struct xml *xml, size_t i, struct daybreak_fault *fault)
{
    struct xml_field *field = &xml->record.field[i];
    const char *path = i < xml->paths.count && xml->paths.item[i][0] != '\0' ? xml->paths.item[i] : xml->names.item[i];
    const char *repeat = i < xml->repeats.count ? xml->repeats.item[i] : "", *wrong = "";

    if (!xml_path_read(path, &xml->namespaces, false, &field->path, &wrong)) {
        refuse(xml, fault, "path", path, wrong);
        return xml->host->within(fault, "field '%s'", xml->names.item[i]);
    }
    if (xml->repeated.count > 1 || (xml->repeated.count == 1 && !repeat_read(xml->repeated.name[0], xml->repeated.value[0], field)))
        return refuse(xml, fault, "repeated:", xml->repeated.count == 0 ? "" : xml->repeated.name[0], "it is first, json or {join: TEXT}");
    if (repeat[0] != '\0' && !repeat_read(strncmp(repeat, "join=", 5) == 0 ? "join" : repeat, strncmp(repeat, "join=", 5) == 0 ? repeat + 5 : "", field)) {
        refuse(xml, fault, "repeated:", repeat, "it is first, json or {join: TEXT}");
        return xml->host->within(fault, "field '%s'", xml->names.item[i]);
    }
    return 0;
}

static int
xml_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    const char *wrong = "";

    xml->host = host;
    if (xml->names.count > 4096) {
        host->fault(fault, DAYBREAK_HALT, "more than 4096 fields are named");
        fault->status = 78;
        return -1;
    }
    if (!xml_path_read(xml->record_path, &xml->namespaces, true, &xml->record.record, &wrong)) {
        xml_path_fini(&xml->record.record);
        return refuse(xml, fault, "record", xml->record_path, wrong);
    }
    xml->automatic = xml->names.count == 0;
    xml->record.fields = xml->automatic ? 0 : (uint32_t)xml->names.count;
    xml->record.field = calloc(xml->names.count + 1, sizeof *xml->record.field);
    xml->name_of = calloc(xml->names.count + 1, sizeof *xml->name_of);
    if (xml->record.field == NULL || xml->name_of == NULL)
        abort(); /* any crash is safe */
    xml->record.normalize = xml->space == 1;
    for (size_t i = 0; i < xml->record.fields; i++) {
        xml->name_of[i] = xml->names.item[i];
        if (field_open(xml, i, fault) != 0) {
            xml_close(xml);
            return -1;
        }
    }
    return 0;
}

static int
xml_columns(void *self, const char *const **names, uint32_t *count, struct daybreak_fault *fault)
{
    const struct xml *xml = self;

    (void)fault;
    *names = (const char *const *)(xml->automatic ? xml->how.name : xml->name_of);
    *count = xml->automatic ? xml->given : xml->record.fields;
    return 0;
}

/* ---- rows --------------------------------------------------------------------------------- */

/* Line ends of the block up to byte ${to} of the part. */
static uint64_t
line_at(struct xml *xml, uint64_t to)
{
    const struct daybreak_rows *rows = xml->rows;
    const char *at = rows->block + (xml->seen - rows->byte), *end = rows->block + (to - rows->byte);

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        xml->seen_line++;
        at++;
    }
    if (to > xml->seen)
        xml->seen = to;
    return xml->seen_line;
}

static bool
is_null(const struct xml_field *field)
{
    return field->count == 0 || (field->nil && (field->repeated == XML_FIRST || (field->repeated == XML_MANY && field->count == 1)));
}

static uint32_t
fields_of(const struct xml *xml)
{
    return xml->automatic ? xml->how.fields : xml->record.fields;
}

static const struct xml_field *
field_of(const struct xml *xml, uint32_t f)
{
    return xml->automatic ? &xml->how.field[f] : &xml->record.field[f];
}

static struct held *
held_new(struct xml *xml)
{
    struct held *held;

    if (xml->helds == xml->held_room) {
        uint32_t room = xml->held_room == 0 ? 64 : xml->held_room * 2;

        xml->held = line_grow(xml->held, room * sizeof *xml->held);
        memset(xml->held + xml->held_room, 0, (room - xml->held_room) * sizeof *xml->held);
        xml->held_room = room;
    }
    held = &xml->held[xml->helds++];
    held->cells = fields_of(xml);
    if (held->room < held->cells) {
        held->room = held->cells + (xml->automatic ? 16 : 0);
        held->cell = line_grow(held->cell, held->room * sizeof *held->cell);
    }
    return held;
}

/* The record that has just ended. Its texts are the fields' until the next one begins. */
static void
record_hold(struct xml *xml, uint64_t to)
{
    struct held *held = held_new(xml);

    held->from = xml->from;
    held->line = xml->from_line;
    held->to = to;
    held->late = 0;
    for (uint32_t f = 0; f < held->cells; f++) {
        const struct xml_field *field = field_of(xml, f);

        held->cell[f] = (struct held_cell){xml->held_text.size, (uint32_t)field->value.size,
                                           xml->automatic ? 0 : xml_record_late(&xml->record, f)};
        held->late += held->cell[f].late > 0;
        if (is_null(field))
            held->cell[f].size = DAYBREAK_NULL;
        else
            xml_text_add(&xml->held_text, field->value.at, field->value.size);
    }
    xml->late += held->late > 0;
}

/* The element of ${level} has just ended: whoever waited for a child of it knows now. */
static void
late_fill(struct xml *xml, uint32_t level)
{
    for (uint32_t i = xml->held_at; i < xml->helds; i++) {
        struct held *held = &xml->held[i];

        for (uint32_t f = 0; held->late > 0 && f < xml->record.fields; f++) {
            const char *at;
            size_t size;

            if (held->cell[f].late != level)
                continue;
            held->cell[f].late = 0;
            if (xml_record_around(&xml->record, level, f, &at, &size)) {
                xml_record_shown(&xml->record, &at, &size);
                held->cell[f].at = xml->held_text.size;
                held->cell[f].size = (uint32_t)size;
                xml_text_add(&xml->held_text, at, size);
            }
            if (--held->late == 0)
                xml->late--;
        }
    }
}

static size_t
held_size(const struct held *held)
{
    size_t size = 0;

    for (uint32_t f = 0; f < held->cells; f++)
        size += held->cell[f].size == DAYBREAK_NULL ? 0 : held->cell[f].size;
    return size;
}

/* Held records into the block, as far as there is room. ${all}: those too that wait for what may stand behind them, without it. */
static void
rows_give(struct xml *xml, struct daybreak_rows *rows, bool all)
{
    uint32_t fields = rows->columns, most = (rows->block_size * 2u + 65536u) / (fields + 1) + 1; /* memory for cells stays in proportion */

    while (xml->held_at < xml->helds && rows->rows < most) {
        const struct held *held = &xml->held[xml->held_at];
        size_t size = held_size(held);
        uint32_t row = rows->rows;

        if (size > rows->block_room - rows->block_used || (held->late > 0 && !all))
            break;
        if (row % 1024 == 0)
            xml->host->reserve(rows, row + 1024);
        for (uint32_t f = 0; f < fields; f++) {
            static const struct held_cell nothing = {.size = DAYBREAK_NULL}; /* a column that came later */
            const struct held_cell *cell = f < held->cells ? &held->cell[f] : &nothing;

            rows->spans[(size_t)row * fields + f] = (struct daybreak_span){rows->block_used, cell->size};
            if (cell->size == DAYBREAK_NULL || cell->size == 0)
                continue;
            memcpy(rows->block + rows->block_used, xml->held_text.at + cell->at, cell->size);
            rows->block_used += cell->size;
        }
        xml->late -= held->late > 0;
        rows->start[row] = (uint32_t)(held->from - rows->byte);
        rows->end[row] = (uint32_t)(held->to - rows->byte);
        rows->lines[row] = (uint32_t)(held->line - rows->line);
        rows->rows++;
        xml->held_at++;
    }
    if (xml->held_at == xml->helds) {
        xml->helds = xml->held_at = 0;
        xml->held_text.size = 0;
    }
}

/* The byte of the part at which the parser stands. */
static uint64_t
parsed(const struct xml *xml)
{
    uint64_t at = xml->first + (uint64_t)xmlByteConsumed(xml->parser);

    return at < xml->fed ? at : xml->fed;
}

/* ---- what the parser says ----------------------------------------------------------------- */

static void
on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces, const xmlChar **namespace,
         int count, int defaulted, const xmlChar **attributes)
{
    struct xml *xml = context;
    uint64_t at;
    bool record;

    (void)prefix;
    (void)namespaces;
    (void)namespace;
    (void)defaulted;
    if (count > xml->attributes_room) {
        xml->attributes_room = count * 2;
        xml->attribute = line_grow(xml->attribute, (size_t)xml->attributes_room * sizeof *xml->attribute);
    }
    for (int i = 0; i < count; i++) /* name, prefix, URI, value, end */
        xml->attribute[i] = (struct xml_attribute){(const char *)attributes[5 * i], (const char *)attributes[5 * i + 2],
                                                   (const char *)attributes[5 * i + 3],
                                                   (size_t)(attributes[5 * i + 4] - attributes[5 * i + 3])};
    record = xml_record_open(&xml->record, (const char *)name, (const char *)uri, xml->attribute, count);
    if (xml->automatic && xml->record.inside > 0 && !xml->record.skip)
        xml_auto_open(&xml->how, record, (const char *)name, xml->attribute, count, &xml->record);
    if (!record)
        return;
    at = parsed(xml);
    while (at > xml->rows->byte && xml->rows->block[at - xml->rows->byte] != '<') /* no value holds one */
        at--;
    xml->from = at;
    xml->from_line = line_at(xml, at);
}

static void
on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct xml *xml = context;
    uint64_t to;
    bool record;

    (void)name;
    (void)prefix;
    (void)uri;
    if (xml->automatic && xml->record.inside > 0 && !xml->record.skip)
        xml_auto_close(&xml->how, &xml->record);
    record = xml_record_close(&xml->record);
    if (xml->late > 0)
        late_fill(xml, xml->record.depth + 1);
    if (!record || xml->passed++ < xml->pass)
        return;
    to = parsed(xml);
    record_hold(xml, to);
}

static void
on_text(void *context, const xmlChar *at, int size)
{
    struct xml *xml = context;

    if (!xml->automatic)
        xml_record_text(&xml->record, (const char *)at, (size_t)size);
    else if (xml->record.inside > 0 && !xml->record.skip)
        xml_auto_text(&xml->how, (const char *)at, (size_t)size);
}

static void
on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    struct xml *xml = context;

    (void)name;
    (void)external;
    (void)system;
    xml->doctype = true;
    xmlStopParser(xml->parser);
}

static void
on_error(void *context, xmlErrorPtr error)
{
    struct xml *xml = context;
    size_t size;

    if (xml->wrong[0] != '\0' || error->level < XML_ERR_FATAL)
        return;
    snprintf(xml->wrong, sizeof xml->wrong, "%s", error->message == NULL ? "it is no XML" : error->message);
    size = strlen(xml->wrong);
    while (size > 0 && (xml->wrong[size - 1] == '\n' || xml->wrong[size - 1] == ' '))
        xml->wrong[--size] = '\0';
}

static const char *
name_key(void *context, const char *name)
{
    xmlParserCtxtPtr parser = context;

    return (const char *)xmlDictLookup(parser->dict, (const xmlChar *)name, -1);
}

static int
xml_begin(void *self, const struct daybreak_part *part, const char *mark, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .endElementNs = on_end, .characters = on_text,
                         .ignorableWhitespace = on_text, .cdataBlock = on_text, .internalSubset = on_doctype, .serror = on_error};
    struct line_mark at = {0};

    (void)part;
    if (mark != NULL && mark[0] != '\0' && (!line_mark_read(mark, &at) || !at.counted))
        return xml->host->fault(fault, DAYBREAK_HALT, "cannot go on at mark '%s': it is none of xml", mark);
    if (xml->parser != NULL)
        xmlFreeParserCtxt(xml->parser);
    xml->parser = xmlCreatePushParserCtxt(&sax, xml, NULL, 0, NULL);
    if (xml->parser == NULL)
        abort(); /* no memory: any crash is safe */
    xmlCtxtUseOptions(xml->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOWARNING);
    xml_record_begin(&xml->record, name_key, xml->parser);
    xml_auto_begin(&xml->how);
    xml->first = xml->fed = xml->seen = 0;
    xml->seen_line = 1;
    xml->passed = 0;
    xml->pass = at.rows;
    xml->helds = xml->held_at = xml->late = 0;
    xml->held_text.size = 0;
    xml->doctype = xml->broken = xml->ended = false;
    xml->wrong[0] = '\0';
    return 0;
}

/* ---- a block ------------------------------------------------------------------------------ */

static int
cut(struct xml *xml, enum daybreak_next *next, struct daybreak_fault *fault)
{
    *next = DAYBREAK_INPUT_CUT;
    if (xml->doctype) {
        xml->host->fault(fault, DAYBREAK_HALT, "the document has a DOCTYPE, and with it entities could be declared: it is refused");
        xml->host->hint(fault, "take the <!DOCTYPE …> out, or ask for an export without it");
        return 0;
    }
    xml->host->fault(fault, DAYBREAK_HALT, "this is no well-formed XML: %s at line %d", xml->wrong[0] == '\0' ? "it is cut off" : xml->wrong,
                     xml->parser->input == NULL ? 0 : xml->parser->input->line);
    return 0;
}

/* Bytes of the block, as many as are of use now. */
static void
parse(struct xml *xml, const struct daybreak_rows *rows)
{
    uint64_t stop = rows->byte + rows->block_size;

    while (!xml->broken && xml->fed < stop && xml->held_text.size < HELD_MOST && xml->helds - xml->held_at < 65536) {
        uint64_t size = stop - xml->fed < CHUNK ? stop - xml->fed : CHUNK;
        const char *at = rows->block + (xml->fed - rows->byte), *nul = memchr(at, '\0', size);

        /* bytes are UTF-8 by now: the parser, too, would guess at others by such beginnings */
        if (xml->fed == xml->first && memchr("< \t\r\n\xef", at[0], 6) == NULL)
            snprintf(xml->wrong, sizeof xml->wrong, "it does not begin with '<'");
        else if (nul == at)
            snprintf(xml->wrong, sizeof xml->wrong, "it has a NUL byte in it");
        if (nul != NULL)
            size = (uint64_t)(nul - at);
        xml->broken = xml->wrong[0] != '\0';
        if (xml->broken)
            break;
        xml->fed += size;
        xmlParseChunk(xml->parser, at, (int)size, 0);
        if (xml->record.run.size > RUN_MOST || xml->how.run.size > RUN_MOST)
            snprintf(xml->wrong, sizeof xml->wrong, "a text that a field takes is longer than %u MiB", RUN_MOST >> 20);
        else if (xml->how.full)
            snprintf(xml->wrong, sizeof xml->wrong, "its records have more than %u columns: name those that are wanted in fields", XML_AUTO_MOST);
        xml->broken = !xml->parser->wellFormed || xml->doctype || xml->wrong[0] != '\0';
    }
    if (!xml->broken && rows->last && xml->fed == stop && !xml->ended) {
        xmlParseChunk(xml->parser, "", 0, 1);
        xml->broken = !xml->parser->wellFormed || xml->doctype;
        xml->ended = true;
        if (xml->broken) /* the parser's own word for it is misleading */
            snprintf(xml->wrong, sizeof xml->wrong, "%s", stop == xml->first ? "it is empty" : "it is cut off");
    }
}

/* One row of a record that is longer than may be; the rest of it is passed over. */
static void
record_too_long(struct xml *xml, struct daybreak_rows *rows)
{
    xml->host->reserve(rows, 1);
    for (uint32_t f = 0; f < rows->columns; f++) {
        const struct xml_field *field = field_of(xml, f);
        bool there = !is_null(field) && field->value.size <= rows->block_room - rows->block_used;

        rows->spans[f] = (struct daybreak_span){rows->block_used, there ? (uint32_t)field->value.size : DAYBREAK_NULL};
        if (!there)
            continue;
        memcpy(rows->block + rows->block_used, field->value.at, field->value.size);
        rows->block_used += (uint32_t)field->value.size;
    }
    rows->start[0] = (uint32_t)(xml->from - rows->byte);
    rows->end[0] = rows->block_size;
    rows->lines[0] = (uint32_t)(xml->from_line - rows->line);
    xml->host->bad(rows, 0, UINT32_MAX, "record_too_long", "is longer than %u bytes", rows->block_size - rows->start[0]);
    rows->rows = 1;
    xml->record.skip = true;
    xml->passed++;
}

static int
xml_feed(void *self, struct daybreak_rows *rows, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    uint64_t taken;

    *next = DAYBREAK_MORE;
    rows->rows = rows->consumed = 0;
    xml->rows = rows;
    if (xml->fed == 0) {
        xml->first = xml->fed = xml->seen = rows->byte;
        xml->seen_line = rows->line;
    }
    parse(xml, rows);
    rows->columns = xml->given = fields_of(xml);
    rows_give(xml, rows, xml->ended || xml->broken || rows->overlong || xml->held_text.size >= HELD_MOST || xml->helds - xml->held_at >= 65536);
    if (rows->rows == 0 && xml->helds > 0 && rows->last)
        return xml->host->fault(fault, DAYBREAK_HALT, "the fields of a record take %zu bytes, more than %u can be taken at once",
                                held_size(&xml->held[xml->held_at]), rows->block_room - rows->block_size);
    if (rows->overlong && rows->rows == 0 && xml->record.inside > 0 && !xml->record.skip && xml->passed >= xml->pass && !xml->broken)
        record_too_long(xml, rows);
    /* the first byte that a row may still need */
    if (xml->held_at < xml->helds)
        taken = xml->held[xml->held_at].from;
    else if (xml->ended || xml->record.skip)
        taken = xml->fed;
    else if (xml->record.inside > 0 && xml->passed >= xml->pass)
        taken = xml->from;
    else
        taken = parsed(xml);
    if (rows->overlong && rows->rows == 0 && taken <= rows->byte) /* text that nobody wants, in a piece too short for the parser */
        taken = xml->fed;
    if (taken < rows->byte)
        taken = rows->byte;
    line_at(xml, taken);
    rows->consumed = (uint32_t)(taken - rows->byte);
    rows->next_line = xml->seen_line;
    if (xml->helds > 0)
        return 0;
    if (xml->broken)
        return cut(xml, next, fault);
    if (xml->ended)
        *next = DAYBREAK_PART_END;
    return 0;
}

static int
xml_mark(void *self, const struct daybreak_rows *rows, uint32_t row, char *to, size_t room, struct daybreak_fault *fault)
{
    const struct xml *xml = self;
    uint64_t waiting = xml->helds - xml->held_at;
    struct line_mark mark = {.line = rows->line + rows->lines[row], .byte = rows->byte + rows->end[row],
                             .rows = xml->passed - waiting - (rows->rows - row - 1), .counted = true};

    if (!line_mark_write(&mark, to, room))
        return xml->host->fault(fault, DAYBREAK_HALT, "cannot write a mark into %zu bytes", room);
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_FORMAT,
    .name = "xml",
    .help = "Elements of an XML document, read as it comes.",
    .abilities = DAYBREAK_EMPTY_IS_NULL,
    .options = options,
    .self_size = sizeof(struct xml),
    .open = xml_open,
    .close = xml_close,
    .begin = xml_begin,
    .feed = xml_feed,
    .columns = xml_columns,
    .mark = xml_mark,
    .compare = line_mark_compare,
};
