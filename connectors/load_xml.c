/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as an XML document a run: a root, and a record element for every change, with attributes and elements as the file names them.
 *
 * What a text holds is escaped, what XML cannot hold at all refuses its record. Names come from the pipeline file, never from data. The
 * story of a change does not fit every schema, so that it is written only when asked for: `envelope: daybreak` puts an element with it
 * behind the others, `none` writes the row alone; a delete has no row, and is then refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

#include "line_write.h"
#include "target_disk.h"
#include "target_file.h"

enum { NULLS_OMIT, NULLS_EMPTY };

#define MEMBER_LIMIT 4096

/* Where a column's value goes in its record: an attribute or an element, of the record itself or of elements inside of it. */
struct xml_member {
    uint32_t column;
    const char *path;           /* "holder", "@id", "plan/@ref", "balance", "." */
    const char *element;        /* behind the parents; size 0: of the parent itself */
    size_t parent_size, element_size;
    bool attribute;
    enum daybreak_type type;
    struct daybreak_view view;  /* of the batch under way */
};

struct xml_table {
    struct target_file *file;
    struct xml_member *member;  /* sorted so that what shares a parent is together */
    uint32_t members;
    bool story;
};

struct xml {
    const struct daybreak_host *host;
    const char *path, *root, *record, *namespace;
    struct daybreak_map fields, root_attributes;
    int nulls;
    bool indent;
    struct target_set target;
    struct xml_table *table;
    uint32_t tables;
    struct line_day day;
    const struct daybreak_batch *batch; /* under way */
    uint32_t change;            /* whose story its record tells; UINT32_MAX: none */
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct xml, path), .required = true, .example = "out/billing_{run}.xml",
     .help = "The file to write, relative to the pipeline file; with {run} or {date} a file a run, with {table} a file a table."},
    {.name = "root", .type = DAYBREAK_TEXT, .at = offsetof(struct xml, root), .preset = "records", .help = "Name of the root element."},
    {.name = "root_attributes", .type = DAYBREAK_MAP, .at = offsetof(struct xml, root_attributes), .example = "{version: \"2\"}",
     .help = "Attributes of the root element."},
    {.name = "record", .type = DAYBREAK_TEXT, .at = offsetof(struct xml, record), .preset = "record",
     .help = "Name of the element that each change becomes."},
    {.name = "namespace", .type = DAYBREAK_TEXT, .at = offsetof(struct xml, namespace), .example = "urn:example:billing",
     .help = "The namespace of all elements, as xmlns of the root."},
    {.name = "fields", .type = DAYBREAK_MAP, .at = offsetof(struct xml, fields),
     .example = "{id: \"@id\", holder: holder, currency: balance/@currency, balance: balance}",
     .help = "Where each column goes: NAME an element, A/B one inside another, @NAME an attribute, A/@NAME one of element A, \".\" the record's own "
             "text. All columns, as elements of their names, when not given; else only these."},
    {.name = "nulls", .type = DAYBREAK_CHOICE, .at = offsetof(struct xml, nulls), .preset = "omit", .choices = "omit|empty",
     .help = "What is null: left out, or an empty element or attribute."},
    {.name = "indent", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct xml, indent), .preset = "true",
     .help = "Whether elements begin lines of their own, indented."},
    {.name = NULL},
};

/* ---- names --------------------------------------------------------------------------------- */

/* An XML name without a colon, of ASCII letters and digits or of any characters beyond ASCII. */
static bool
is_name(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;

        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return false;
    }
    return size > 0 && !(size >= 3 && (at[0] | 32) == 'x' && (at[1] | 32) == 'm' && (at[2] | 32) == 'l');
}

/* Can XML 1.0 hold it, escaped or not? UTF-8 is sound by then; FFFE and FFFF are no characters. */
static bool
is_text(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)at[i];

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
        if (c == 0xef && i + 2 < size && (unsigned char)at[i + 1] == 0xbf && (unsigned char)at[i + 2] >= 0xbe)
            return false;
    }
    return true;
}

/* "a/b/@c", "a", "@c", "."; parents and names are checked. */
static bool
path_read(const char *path, struct xml_member *member)
{
    const char *last = strrchr(path, '/');
    const char *at = path;

    member->path = path;
    member->element = last == NULL ? path : last + 1;
    member->parent_size = last == NULL ? 0 : (size_t)(last - path);
    member->attribute = member->element[0] == '@';
    member->element += member->attribute;
    member->element_size = strlen(member->element);
    if (strcmp(path, ".") == 0) {
        member->element_size = 0;
        return true;
    }
    while (at < path + member->parent_size) {
        size_t size = strcspn(at, "/");

        if (!is_name(at, size))
            return false;
        at += size + 1;
    }
    return is_name(member->element, member->element_size) && !(member->attribute && strcmp(member->element, "xmlns") == 0);
}

static void
xml_check(const void *of, daybreak_wrong_fn wrong, void *context)
{
    const struct xml *xml = of;

    if (!is_name(xml->root, strlen(xml->root)))
        wrong(context, "root", "it is no name of an XML element", NULL);
    if (!is_name(xml->record, strlen(xml->record)))
        wrong(context, "record", "it is no name of an XML element", NULL);
    if (xml->namespace != NULL && (xml->namespace[0] == '\0' || !is_text(xml->namespace, strlen(xml->namespace))))
        wrong(context, "namespace", "it is no namespace", "namespace: \"urn:example:billing\"");
    for (size_t i = 0; i < xml->root_attributes.count; i++)
        if (!is_name(xml->root_attributes.name[i], strlen(xml->root_attributes.name[i])) ||
            !is_text(xml->root_attributes.value[i], strlen(xml->root_attributes.value[i])))
            wrong(context, "root_attributes", "one of them is no XML attribute", NULL);
    for (size_t i = 0; i < xml->fields.count; i++) {
        struct xml_member member;

        if (!path_read(xml->fields.value[i], &member))
            wrong(context, "fields", "one of them goes where nothing can: names are letters, digits, '-', '.' and '_'",
                  "{id: \"@id\", holder: holder, currency: balance/@currency}");
    }
    if (strstr(xml->path, "{run}") == NULL && strstr(xml->path, "{date}") == NULL)
        wrong(context, "path", "an XML file has an end and cannot grow for ever", "put {run} or {date} into its path");
}

/* ---- life ---------------------------------------------------------------------------------- */

static char *
escaped(char *to, const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (at[i]) {
        case '&':
            to = LINE_TEXT(to, "&amp;");
            break;
        case '<':
            to = LINE_TEXT(to, "&lt;");
            break;
        case '>':
            to = LINE_TEXT(to, "&gt;");
            break;
        case '"':
            to = LINE_TEXT(to, "&quot;");
            break;
        case '\t': /* an attribute's are made blanks by who reads it, a CR a line feed: unless they are written as what they are */
            to = LINE_TEXT(to, "&#9;");
            break;
        case '\n':
            to = LINE_TEXT(to, "&#10;");
            break;
        case '\r':
            to = LINE_TEXT(to, "&#13;");
            break;
        default:
            *to++ = at[i];
        }
    }
    return to;
}
#define ESCAPED(size) ((size_t)(size) * 6)

static int
xml_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    size_t size = strlen(xml->root) + 8;
    char *tail;

    xml->host = host;
    if (target_open(&xml->target, host, xml->path, fault) != 0)
        return -1;
    if (!xml->target.whole) {
        target_close(&xml->target);
        TARGET_HALT(host, fault, 78, "xml-grows", "cannot write XML to '%s': an XML file has an end and cannot grow for ever", xml->path);
        return host->hint(fault, "put {run} or {date} into its path");
    }
    tail = malloc(size);
    if (tail == NULL)
        abort(); /* any crash is safe */
    snprintf(tail, size, "</%s>\n", xml->root);
    xml->target.tail = tail;
    return 0;
}

static void
table_fini(struct xml_table *table)
{
    free(table->member);
    table->member = NULL;
    table->members = 0;
}

static void
xml_close(void *self)
{
    struct xml *xml = self;

    for (uint32_t i = 0; i < xml->tables; i++)
        table_fini(&xml->table[i]);
    free(xml->table);
    target_close(&xml->target);
}

static int
xml_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct xml *xml = self;

    return target_claim(&xml->target, claim, now, fault);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void
head_make(const struct xml *xml, struct target_head *head)
{
    size_t room = 256 + LINE_SLACK + strlen(xml->root) + ESCAPED(xml->namespace == NULL ? 0 : strlen(xml->namespace));
    char *text, *to;

    for (size_t i = 0; i < xml->root_attributes.count; i++)
        room += strlen(xml->root_attributes.name[i]) + ESCAPED(strlen(xml->root_attributes.value[i])) + 8;
    text = to = malloc(room);
    if (text == NULL)
        abort();
    to = LINE_TEXT(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    to = line_bytes(to, xml->root, strlen(xml->root));
    if (xml->namespace != NULL) {
        to = LINE_TEXT(to, " xmlns=\"");
        to = escaped(to, xml->namespace, strlen(xml->namespace));
        *to++ = '"';
    }
    for (size_t i = 0; i < xml->root_attributes.count; i++) {
        *to++ = ' ';
        to = line_bytes(to, xml->root_attributes.name[i], strlen(xml->root_attributes.name[i]));
        to = LINE_TEXT(to, "=\"");
        to = escaped(to, xml->root_attributes.value[i], strlen(xml->root_attributes.value[i]));
        *to++ = '"';
    }
    to = LINE_TEXT(to, ">\n");
    *to = '\0';
    *head = (struct target_head){.at = text, .size = (size_t)(to - text)};
}

/* The element that a member stands in or is: of "a/b/@c" it is "a/b", of "a/b" "a/b" too. */
static size_t
element_size(const struct xml_member *member)
{
    return member->attribute ? member->parent_size : strlen(member->path);
}

static bool
is_within(const struct xml_member *member, const char *element, size_t size)
{
    size_t own = element_size(member);

    return size == 0 || (own >= size && memcmp(member->path, element, size) == 0 && (own == size || member->path[size] == '/'));
}

/* Members of one element stand together, its attributes first, then its text, then what is inside of it: in the order of the file
 * otherwise. A stable sort by insertion: there are few. */
static void
members_order(struct xml_member *member, uint32_t count, size_t prefix)
{
    for (uint32_t from = 0; from < count;) {
        const char *path = member[from].path;
        size_t own = element_size(&member[from]), next;
        uint32_t end = from + 1;

        if (own <= prefix) { /* of the element itself */
            from++;
            continue;
        }
        next = prefix + (prefix > 0);
        next += strcspn(path + next, "/");
        if (next > own)
            next = own;
        for (uint32_t k = end; k < count; k++)
            if (is_within(&member[k], path, next)) {
                struct xml_member moved = member[k];

                memmove(&member[end + 1], &member[end], (k - end) * sizeof *member);
                member[end++] = moved;
            }
        members_order(member + from, end - from, next);
        from = end;
    }
    for (uint32_t rank = 2; rank-- > 0;) { /* its text to the front, then its attributes before that */
        uint32_t end = 0;

        for (uint32_t k = 0; k < count; k++)
            if (element_size(&member[k]) == prefix && member[k].attribute == (rank == 0)) {
                struct xml_member moved = member[k];

                memmove(&member[end + 1], &member[end], (k - end) * sizeof *member);
                member[end++] = moved;
            }
    }
}

static int
fields_wrong(const struct xml *xml, const struct daybreak_target *target, const char *name, const char *why, struct daybreak_fault *fault)
{
    return TARGET_HALT(xml->host, fault, 78, "xml-fields", "cannot write table '%s' as XML: '%s' %s", target->table, name, why);
}

static int
members_make(const struct xml *xml, const struct daybreak_target *target, struct xml_table *table, struct daybreak_fault *fault)
{
    bool all = xml->fields.count == 0;
    size_t count = all ? target->columns : xml->fields.count;

    if (count > MEMBER_LIMIT)
        return fields_wrong(xml, target, "fields", "are too many", fault);
    table_fini(table);
    table->member = calloc(count + 1, sizeof *table->member);
    if (table->member == NULL)
        abort();
    for (uint32_t i = 0; i < count; i++) {
        struct xml_member *member = &table->member[i];
        const char *name = all ? target->column[i].name : xml->fields.name[i];
        uint32_t column = 0;

        while (column < target->columns && strcmp(target->column[column].name, name) != 0)
            column++;
        if (column == target->columns)
            return fields_wrong(xml, target, name, "is no column of it", fault);
        if (!path_read(all ? name : xml->fields.value[i], member) || (all && strpbrk(name, "/@") != NULL) || (all && strcmp(name, ".") == 0)) {
            fields_wrong(xml, target, name, "is no name of an XML element", fault);
            return xml->host->hint(fault, "say where it goes: fields: {\"%.40s\": another_name}", name);
        }
        member->column = column;
        member->type = target->column[column].type;
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(table->member[k].path, member->path) == 0)
                return fields_wrong(xml, target, member->path, "would hold two columns", fault);
    }
    table->members = (uint32_t)count;
    for (uint32_t i = 0; i < table->members; i++) /* "." has no element of its own */
        if (table->member[i].element_size == 0)
            table->member[i].path = "";
    members_order(table->member, table->members, 0);
    return 0;
}

static int
xml_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    struct target_head head;
    int result = 0;

    if (xml->table == NULL) {
        xml->table = calloc(targets + (size_t)1, sizeof *xml->table);
        if (xml->table == NULL)
            abort();
        xml->tables = targets;
    }
    head_make(xml, &head);
    for (uint32_t i = 0; i < targets && result == 0; i++) {
        if (target[i].column == NULL)
            continue; /* its columns are not known yet */
        xml->table[i].story = target[i].envelope != DAYBREAK_ENVELOPE_NONE;
        result = target_check_envelope(xml->host, &target[i], false, fault);
        if (result == 0)
            result = members_make(xml, &target[i], &xml->table[i], fault);
        if (result == 0)
            result = target_bind(&xml->target, &target[i], &head, &xml->table[i].file, fault);
    }
    free((char *)head.at);
    return result;
}

/* ---- records ------------------------------------------------------------------------------- */

static inline const struct daybreak_span *
cell_of(const struct xml_member *member, uint32_t row)
{
    return (const struct daybreak_span *)(const void *)(member->view.data + (size_t)row * member->view.stride);
}

static char *
line_break(const struct xml *xml, char *to, int depth)
{
    if (!xml->indent)
        return to;
    *to++ = '\n';
    for (int i = 0; i <= depth; i++)
        to = LINE_TEXT(to, "  ");
    return to;
}

static char *
value_write(const struct xml_member *member, uint32_t row, char *to)
{
    const struct daybreak_span *cell = cell_of(member, row);

    if (cell->size == DAYBREAK_NULL)
        return to;
    if (member->type == DAYBREAK_TYPE_BYTES)
        return line_base64(to, member->view.base + cell->at, cell->size);
    return escaped(to, member->view.base + cell->at, cell->size);
}

/* The story: one empty element with what makes the change unmistakable. */
static char *
story_write(struct xml *xml, char *to)
{
    const struct daybreak_batch *batch = xml->batch;
    uint32_t i = xml->change;
    char text[LINE_INSTANT + LINE_SLACK];
    size_t size = (size_t)(line_instant(text, &xml->day, batch->changed_at[i]) - text);

    to = LINE_TEXT(to, "<daybreak xmlns=\"urn:daybreak:envelope:1\" event_id=\"");
    to = line_hex(to, batch->event_id[i], 16);
    to = LINE_TEXT(to, "\" op=\"");
    *to++ = batch->op[i];
    if (size > 0) {
        to = LINE_TEXT(to, "\" changed_at=\"");
        to = line_bytes(to, text, size);
    }
    to = LINE_TEXT(to, "\" batch=\"");
    to = line_int(to, batch->story->batch);
    to = LINE_TEXT(to, "\" position=\"");
    to = escaped(to, batch->position[i].at, batch->position[i].size);
    if (batch->context[i].size > 0) {
        to = LINE_TEXT(to, "\" context=\"");
        to = escaped(to, batch->context[i].at, batch->context[i].size);
    }
    return LINE_TEXT(to, "\"/>");
}

/* An element, its members given: the first ${size} bytes of their paths lead to it. */
static char *
element_write(struct xml *xml, const struct xml_member *member, uint32_t count, size_t size, const char *name, size_t name_size,
              uint32_t row, int depth, char *to)
{
    uint32_t i = 0;
    bool inner = false;

    *to++ = '<';
    to = line_bytes(to, name, name_size);
    for (; i < count && member[i].attribute && element_size(&member[i]) == size; i++) {
        if (xml->nulls == NULLS_OMIT && cell_of(&member[i], row)->size == DAYBREAK_NULL)
            continue;
        *to++ = ' ';
        to = line_bytes(to, member[i].element, member[i].element_size);
        to = LINE_TEXT(to, "=\"");
        to = value_write(&member[i], row, to);
        *to++ = '"';
    }
    *to++ = '>';
    for (; i < count && element_size(&member[i]) == size; i++)
        to = value_write(&member[i], row, to);
    while (i < count) {
        const char *path = member[i].path;
        size_t begin = size + (size > 0), next = begin + strcspn(path + begin, "/"), own = element_size(&member[i]);
        uint32_t end = i;
        bool any = xml->nulls == NULLS_EMPTY;

        if (next > own)
            next = own;
        while (end < count && is_within(&member[end], path, next)) {
            any |= cell_of(&member[end], row)->size != DAYBREAK_NULL;
            end++;
        }
        if (any) {
            to = line_break(xml, to, depth + 1);
            to = element_write(xml, member + i, end - i, next, path + begin, next - begin, row, depth + 1, to);
            inner = true;
        }
        i = end;
    }
    if (depth == 0 && xml->change != UINT32_MAX) {
        to = line_break(xml, to, 1);
        to = story_write(xml, to);
        inner = true;
    }
    if (inner)
        to = line_break(xml, to, depth);
    to = LINE_TEXT(to, "</");
    to = line_bytes(to, name, name_size);
    *to++ = '>';
    return to;
}

static size_t
record_room(const struct xml *xml, const struct xml_table *table, const struct daybreak_batch *batch, uint32_t i, uint32_t *wrong)
{
    size_t room = 1024 + LINE_SLACK + 2 * strlen(xml->record) + ESCAPED(batch->position[i].size) + ESCAPED(batch->context[i].size);

    *wrong = UINT32_MAX;
    for (uint32_t m = 0; m < table->members; m++) {
        const struct xml_member *member = &table->member[m];
        const struct daybreak_span *cell = cell_of(member, batch->pick[i]);
        size_t depth = 1;

        for (const char *at = member->path; *at != '\0'; at++)
            depth += *at == '/';
        room += 2 * strlen(member->path) + depth * (2 * depth + 16) + 16;
        if (cell->size == DAYBREAK_NULL)
            continue;
        room += member->type == DAYBREAK_TYPE_BYTES ? LINE_BASE64(cell->size) : ESCAPED(cell->size);
        if (member->type == DAYBREAK_TYPE_TEXT && !is_text(member->view.base + cell->at, cell->size))
            *wrong = m;
    }
    return room;
}

static int
xml_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct xml *xml = self;
    struct xml_table *table = &xml->table[target];

    if (target_begin(&xml->target, table->file, batch->story, fault) != 0)
        return -1;
    xml->batch = batch;
    for (uint32_t m = 0; m < table->members; m++)
        xml->host->view(batch, table->member[m].column, DAYBREAK_AS_TEXT, &table->member[m].view);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t wrong;
        size_t room = record_room(xml, table, batch, i, &wrong);
        char *to, *begin;

        if (batch->op[i] == 'd' && !table->story) {
            xml->host->refuse(batch, i, "delete_without_envelope", "a delete has no row, and `envelope: none` writes nothing else");
            continue;
        }
        if (wrong != UINT32_MAX) {
            xml->host->refuse(batch, i, "no_xml_character", "column '%s' has a character that XML cannot hold",
                              batch->column[table->member[wrong].column].name);
            continue;
        }
        if (target_room(&xml->target, table->file, room, &begin, fault) != 0)
            return -1;
        to = begin;
        if (xml->indent)
            to = LINE_TEXT(to, "  ");
        xml->change = table->story ? i : UINT32_MAX;
        to = element_write(xml, table->member, table->members, 0, xml->record, strlen(xml->record), batch->pick[i], 0, to);
        *to++ = '\n';
        table->file->used += (size_t)(to - begin);
    }
    return 0;
}

static int
xml_intend(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    struct xml *xml = self;

    return target_intend(&xml->target, commit, mark, fault);
}

static int
xml_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct xml *xml = self;

    return target_commit(&xml->target, commit, fault);
}

static void
xml_rollback(void *self)
{
    struct xml *xml = self;

    target_rollback(&xml->target);
}

static const char *
xml_state_mark(void *self)
{
    struct xml *xml = self;

    return target_state_mark(&xml->target);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "xml",
    .help = "Writes changes as XML documents, one a run.",
    .options = options,
    .self_size = sizeof(struct xml),
    .open = xml_open,
    .close = xml_close,
    .check = xml_check,
    .claim = xml_claim,
    .prepare = xml_prepare,
    .stage = xml_stage,
    .intend = xml_intend,
    .commit = xml_commit,
    .rollback = xml_rollback,
    .state_mark = xml_state_mark,
};
