/* SPDX-License-Identifier: Apache-2.0 */
/* Under the format `xml`: which elements are records, and what of their surroundings and insides the fields want. */
#include "xml_record.h"

#include <stdlib.h>
#include <string.h>

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* How many children of one name an element had so far. */
struct xml_sibling {
    const char *name, *uri; /* lent from the parser's dictionary */
    uint32_t count;
};

struct xml_level {
    const char *name, *uri;
    uint32_t count;         /* the how-many-eth child of its name it is */
    struct xml_sibling *sibling;
    uint32_t siblings, siblings_room;
    uint64_t *alive;        /* fields whose path leads from the record through here */
    uint64_t *taken;        /* fields that take this element's text; all zero: none */
    bool takes, nil;
    size_t run;             /* where its text begins in record->run */
    struct xml_text *around; /* [fields]: of this element, for records inside of it */
    bool *around_some;
};

static void *
grow(void *old, size_t size)
{
    void *grown = realloc(old, size > 0 ? size : 1);

    if (grown == NULL)
        abort(); /* any crash is safe */
    return grown;
}

void
xml_text_add(struct xml_text *text, const char *at, size_t size)
{
    if (text->size + size > text->room) {
        text->room = (text->size + size) * 2;
        text->at = grow(text->at, text->room);
    }
    if (size > 0)
        memcpy(text->at + text->size, at, size);
    text->size += size;
}

void
xml_text_fini(struct xml_text *text)
{
    free(text->at);
    *text = (struct xml_text){0};
}

/* ---- levels ------------------------------------------------------------------------------- */

static void
levels_room(struct xml_record *record)
{
    uint32_t room = record->room == 0 ? 32 : record->room * 2;

    if (record->depth + 1 < record->room)
        return;
    record->level = grow(record->level, room * sizeof *record->level);
    memset(record->level + record->room, 0, (room - record->room) * sizeof *record->level);
    for (uint32_t i = record->room; i < room; i++) {
        struct xml_level *level = &record->level[i];

        level->alive = grow(NULL, record->words * sizeof *level->alive);
        level->taken = grow(NULL, record->words * sizeof *level->taken);
        level->around = grow(NULL, record->fields * sizeof *level->around);
        level->around_some = grow(NULL, record->fields * sizeof *level->around_some);
        memset(level->alive, 0, record->words * sizeof *level->alive);
        memset(level->taken, 0, record->words * sizeof *level->taken);
        memset(level->around, 0, record->fields * sizeof *level->around);
        memset(level->around_some, 0, record->fields * sizeof *level->around_some);
    }
    record->room = room;
}

static void
path_begin(struct xml_record *record, struct xml_path *path, const char *(*key)(void *context, const char *name), void *context)
{
    for (uint32_t i = 0; i < path->steps; i++) {
        path->step[i].key = path->step[i].name == NULL ? NULL : key(context, path->step[i].name);
        record->counts |= path->step[i].from > 1 || path->step[i].to < UINT32_MAX;
    }
    if (path->attribute != NULL)
        path->attribute_key = key(context, strchr(path->attribute, ':') == NULL ? path->attribute : strchr(path->attribute, ':') + 1);
}

void
xml_record_begin(struct xml_record *record, const char *(*key)(void *context, const char *name), void *context)
{
    record->words = (record->fields + 63) / 64;
    path_begin(record, &record->record, key, context);
    if (record->around == NULL)
        record->around = grow(NULL, record->fields * sizeof *record->around);
    record->arounds = 0;
    memset(record->first, 0, sizeof record->first);
    record->plain = !record->counts && record->words == 1;
    for (uint32_t f = 0; f < record->fields; f++) {
        struct xml_path *path = &record->field[f].path;

        path_begin(record, path, key, context);
        record->plain &= !record->counts && (path->steps == 0 || path->step[0].uri == NULL);
        if (path->absolute || path->up > 0)
            record->around[record->arounds++] = f;
    }
    record->depth = record->inside = record->taking = 0;
    record->run.size = 0;
    record->skip = false;
    levels_room(record);
    record->level[0].siblings = 0;
    record->level[0].takes = false;
    memset(record->level[0].alive, 0, record->words * sizeof *record->level[0].alive);
    memset(record->level[0].around_some, 0, record->fields * sizeof *record->level[0].around_some);
}

void
xml_record_fini(struct xml_record *record)
{
    for (uint32_t i = 0; i < record->room; i++) {
        struct xml_level *level = &record->level[i];

        free(level->sibling);
        free(level->alive);
        free(level->taken);
        for (uint32_t f = 0; f < record->fields; f++)
            xml_text_fini(&level->around[f]);
        free(level->around);
        free(level->around_some);
    }
    free(record->level);
    free(record->around);
    for (uint32_t f = 0; f < record->fields; f++) {
        xml_path_fini(&record->field[f].path);
        free(record->field[f].join);
        xml_text_fini(&record->field[f].value);
    }
    free(record->field);
    xml_path_fini(&record->record);
    xml_text_fini(&record->run);
    xml_text_fini(&record->space);
    memset(record, 0, sizeof *record);
}

/* ---- what matches ------------------------------------------------------------------------- */

/* The how-many-eth child of its name this is. */
static uint32_t
sibling_count(struct xml_level *parent, const char *name, const char *uri)
{
    for (uint32_t i = 0; i < parent->siblings; i++)
        if (parent->sibling[i].name == name && parent->sibling[i].uri == uri)
            return ++parent->sibling[i].count;
    if (parent->siblings == parent->siblings_room) {
        parent->siblings_room = parent->siblings_room == 0 ? 16 : parent->siblings_room * 2;
        parent->sibling = grow(parent->sibling, parent->siblings_room * sizeof *parent->sibling);
    }
    parent->sibling[parent->siblings++] = (struct xml_sibling){name, uri, 1};
    return 1;
}

static bool
step_fits(const struct xml_step *step, const char *name, const char *uri, uint32_t count)
{
    return (step->key == NULL || step->key == name) && (step->uri == NULL || (uri != NULL && strcmp(step->uri, uri) == 0)) &&
           count >= step->from && count <= step->to;
}

/* Do the open elements spell the path's last steps? */
static bool
path_fits(const struct xml_record *record, const struct xml_path *path)
{
    uint32_t depth = record->depth;

    if (path->steps > depth || (path->absolute && path->steps != depth))
        return false;
    for (uint32_t i = 0; i < path->steps; i++) {
        const struct xml_level *level = &record->level[depth - path->steps + 1 + i];

        if (!step_fits(&path->step[i], level->name, level->uri, level->count))
            return false;
    }
    return true;
}

/* ---- values ------------------------------------------------------------------------------- */

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
normalized(struct xml_record *record, const char **at, size_t *size)
{
    const char *from = *at, *end = from + *size;
    struct xml_text *to = &record->space;
    bool gap = false, odd = *size > 0 && (is_space(from[0]) || is_space(end[-1]));

    for (const char *c = from; !odd && c < end; c++) /* most texts are as they should be */
        odd = is_space(*c) && (*c != ' ' || is_space(c[1]));
    if (!odd)
        return;
    to->size = 0;
    for (; from < end; from++) {
        if (is_space(*from)) {
            gap = to->size > 0;
            continue;
        }
        if (gap)
            xml_text_add(to, " ", 1);
        gap = false;
        xml_text_add(to, from, 1);
    }
    *at = to->at;
    *size = to->size;
}

static void
json_add(struct xml_text *to, const char *at, size_t size)
{
    static const char digit[] = "0123456789abcdef";

    xml_text_add(to, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)at[i];
        char escape[6] = {'\\', (char)byte, '0', '0', digit[byte >> 4], digit[byte & 15]};

        if (byte == '"' || byte == '\\') {
            xml_text_add(to, escape, 2);
        } else if (byte < 0x20) {
            escape[1] = byte == '\n' ? 'n' : byte == '\t' ? 't' : byte == '\r' ? 'r' : 'u';
            xml_text_add(to, escape, escape[1] == 'u' ? 6 : 2);
        } else {
            xml_text_add(to, at + i, 1);
        }
    }
    xml_text_add(to, "\"", 1);
}

void
xml_record_value(struct xml_record *record, struct xml_field *field, const char *at, size_t size, bool nil)
{
    if (field->repeated == XML_FIRST && field->count > 0)
        return;
    if (record->normalize)
        normalized(record, &at, &size);
    if (field->count == 0) {
        field->value.size = 0;
        field->nil = nil;
    }
    if (field->repeated == XML_MANY && field->count == 1) { /* the first one was not known to be one of many */
        struct xml_text alone = field->value;

        field->value = (struct xml_text){0};
        xml_text_add(&field->value, "[", 1);
        json_add(&field->value, alone.at, alone.size);
        xml_text_fini(&alone);
    }
    if (field->repeated == XML_JSON || (field->repeated == XML_MANY && field->count > 0)) {
        xml_text_add(&field->value, field->count == 0 ? "[" : ",", 1);
        json_add(&field->value, at, size);
    } else {
        if (field->count > 0)
            xml_text_add(&field->value, field->join, strlen(field->join));
        xml_text_add(&field->value, at, size);
    }
    field->count++;
}

/* Of an element around records: the first that is met, or the latest where the path is from the top. */
static void
around_take(struct xml_level *level, uint32_t f, bool latest, const char *at, size_t size)
{
    if (level->around_some[f] && !latest)
        return;
    level->around[f].size = 0;
    xml_text_add(&level->around[f], at, size);
    level->around_some[f] = true;
}

static const struct xml_attribute *
attribute_find(const struct xml_attribute *attribute, int count, const char *key)
{
    for (int i = 0; i < count; i++)
        if (attribute[i].name == key)
            return &attribute[i];
    return NULL;
}

static bool
is_nil(const struct xml_attribute *attribute, int count)
{
    for (int i = 0; i < count; i++)
        if (attribute[i].uri != NULL && strcmp(attribute[i].name, "nil") == 0 && strcmp(attribute[i].uri, XSI) == 0)
            return (attribute[i].size == 4 && memcmp(attribute[i].value, "true", 4) == 0) ||
                   (attribute[i].size == 1 && attribute[i].value[0] == '1');
    return false;
}

/* ---- elements ----------------------------------------------------------------------------- */

static void
take(struct xml_record *record, struct xml_level *level, uint32_t f)
{
    level->taken[f / 64] |= UINT64_C(1) << f % 64;
    if (!level->takes)
        record->taking++;
    level->takes = true;
}

/* Paths that begin at an element around, or at the top. */
static void
open_around(struct xml_record *record, uint32_t count, const struct xml_attribute *attribute, int attributes)
{
    struct xml_level *level = &record->level[record->depth];

    for (uint32_t i = 0; i < record->arounds; i++) {
        uint32_t f = record->around[i];
        const struct xml_path *path = &record->field[f].path;
        const struct xml_attribute *found;

        if (path->absolute) {
            if (!path_fits(record, path))
                continue;
            if (path->take == XML_TEXT)
                take(record, level, f);
            else if ((found = attribute_find(attribute, attributes, path->attribute_key)) != NULL)
                around_take(&record->level[0], f, true, found->value, found->size);
        } else if (record->inside > 0) {
            continue;
        } else if (path->up > 0 && path->take == XML_ATTRIBUTE) {
            struct xml_level *whose = path->steps == 0 ? level : level - 1;

            if ((path->steps == 0 || step_fits(&path->step[0], level->name, level->uri, count)) &&
                (found = attribute_find(attribute, attributes, path->attribute_key)) != NULL)
                around_take(whose, f, false, found->value, found->size);
        } else if (path->up > 0 && path->take == XML_TEXT && record->depth > 1 &&
                   step_fits(&path->step[0], level->name, level->uri, count)) {
            take(record, level, f);
        }
    }
}

/* Which fields of the record may begin at a child of this name: records have few names, and ask for each of them again and again. */
static uint64_t
fields_first(struct xml_record *record, const char *name, uint64_t alive)
{
    size_t slot = ((uintptr_t)name >> 3) % (sizeof record->first / sizeof *record->first);

    if (record->first[slot].name != name) {
        record->first[slot].name = name;
        record->first[slot].fields = 0;
        for (uint64_t left = alive; left != 0; left &= left - 1) {
            const struct xml_step *step = &record->field[__builtin_ctzll(left)].path.step[0];

            if (step->key == NULL || step->key == name)
                record->first[slot].fields |= left & -left;
        }
    }
    return record->first[slot].fields;
}

/* Paths that begin at the record. ${at} is the step that this element may be. */
static void
open_inside(struct xml_record *record, uint32_t count, const struct xml_attribute *attribute, int attributes)
{
    struct xml_level *level = &record->level[record->depth], *parent = level - 1;
    uint32_t at = record->depth - record->inside - 1;

    for (uint32_t w = 0; w < record->words; w++)
        for (uint64_t left = at == 0 && record->plain ? fields_first(record, level->name, parent->alive[w]) : parent->alive[w]; left != 0; left &= left - 1) {
            uint32_t f = w * 64 + (uint32_t)__builtin_ctzll(left);
            struct xml_field *field = &record->field[f];
            const struct xml_attribute *found;

            if (!step_fits(&field->path.step[at], level->name, level->uri, count))
                continue;
            if (at + 1 < field->path.steps)
                level->alive[w] |= UINT64_C(1) << f % 64;
            else if (field->path.take == XML_TEXT)
                take(record, level, f);
            else if ((found = attribute_find(attribute, attributes, field->path.attribute_key)) != NULL)
                xml_record_value(record, field, found->value, found->size, false);
        }
}

static void
open_record(struct xml_record *record, const struct xml_attribute *attribute, int attributes)
{
    struct xml_level *level = &record->level[record->depth];

    record->inside = record->depth;
    for (uint32_t f = 0; f < record->fields; f++) {
        struct xml_field *field = &record->field[f];
        const struct xml_attribute *found;

        field->count = 0;
        field->nil = false;
        if (field->path.absolute || field->path.up > 0 || field->path.take == XML_NAME)
            continue;
        if (field->path.steps > 0)
            level->alive[f / 64] |= UINT64_C(1) << f % 64;
        else if (field->path.take == XML_TEXT)
            take(record, level, f);
        else if ((found = attribute_find(attribute, attributes, field->path.attribute_key)) != NULL)
            xml_record_value(record, field, found->value, found->size, false);
    }
}

bool
xml_record_open(struct xml_record *record, const char *name, const char *uri, const struct xml_attribute *attribute, int attributes)
{
    struct xml_level *level;
    uint32_t count = record->counts ? sibling_count(&record->level[record->depth], name, uri) : 1;

    levels_room(record);
    record->depth++;
    level = &record->level[record->depth];
    level->name = name;
    level->uri = uri;
    level->count = count;
    level->siblings = 0;
    level->takes = false;
    level->nil = is_nil(attribute, attributes);
    level->run = record->run.size;
    memset(level->alive, 0, record->words * sizeof *level->alive);
    if (record->skip)
        return false;
    memset(level->taken, 0, record->words * sizeof *level->taken);
    if (record->arounds > 0)
        memset(level->around_some, 0, record->fields * sizeof *level->around_some);
    if (record->inside > 0)
        open_inside(record, count, attribute, attributes);
    open_around(record, count, attribute, attributes);
    if (record->inside > 0 || !path_fits(record, &record->record))
        return false;
    open_record(record, attribute, attributes);
    return true;
}

void
xml_record_text(struct xml_record *record, const char *at, size_t size)
{
    if (record->taking > 0 && !record->skip)
        xml_text_add(&record->run, at, size);
}

/* The text of an element that is over goes to whoever took it. */
static void
close_taken(struct xml_record *record, struct xml_level *level)
{
    const char *at = record->run.at == NULL ? "" : record->run.at + level->run;
    size_t size = record->run.size - level->run;

    for (uint32_t w = 0; w < record->words; w++)
        for (uint64_t left = level->taken[w]; left != 0; left &= left - 1) {
            uint32_t f = w * 64 + (uint32_t)__builtin_ctzll(left);
            struct xml_field *field = &record->field[f];

            if (field->path.absolute)
                around_take(&record->level[0], f, true, at, size);
            else if (field->path.up > 0)
                around_take(level - 1, f, false, at, size);
            else
                xml_record_value(record, field, at, size, level->nil);
        }
    if (--record->taking == 0)
        record->run.size = 0;
}

/* What a record has from around it. */
static void
around_fill(struct xml_record *record)
{
    for (uint32_t f = 0; f < record->fields; f++) {
        struct xml_field *field = &record->field[f];
        const struct xml_path *path = &field->path;
        const struct xml_level *level;

        if (!path->absolute && path->up == 0 && path->take != XML_NAME)
            continue;
        if (path->up >= record->inside)
            continue; /* there is no such element */
        level = path->absolute ? &record->level[0] : &record->level[record->inside - path->up];
        if (path->take == XML_NAME)
            xml_record_value(record, field, level->name, strlen(level->name), false);
        else if (level->around_some[f])
            xml_record_value(record, field, level->around[f].at == NULL ? "" : level->around[f].at, level->around[f].size, false);
    }
}

uint32_t
xml_record_late(const struct xml_record *record, uint32_t f)
{
    const struct xml_field *field = &record->field[f];
    uint32_t inside = record->depth + 1; /* it has just ended */

    if (field->count > 0 || field->path.up == 0 || field->path.up >= inside || field->path.take == XML_NAME || field->path.steps == 0)
        return 0;
    return inside - field->path.up;
}

bool
xml_record_around(const struct xml_record *record, uint32_t level, uint32_t f, const char **at, size_t *size)
{
    const struct xml_level *around = &record->level[level];

    *at = around->around[f].at;
    *size = around->around[f].size;
    return around->around_some[f];
}

void
xml_record_shown(struct xml_record *record, const char **at, size_t *size)
{
    if (record->normalize)
        normalized(record, at, size);
}

bool
xml_record_close(struct xml_record *record)
{
    struct xml_level *level = &record->level[record->depth];
    bool whole = record->inside == record->depth;

    if (record->skip) {
        if (whole) {
            record->skip = false;
            record->inside = 0;
            record->taking = 0;
            record->run.size = level->run;
            for (uint32_t i = 0; i < record->depth; i++) /* what is taken around it goes on, without its text */
                record->taking += record->level[i].takes;
        }
        record->depth--;
        return false;
    }
    if (level->takes)
        close_taken(record, level);
    if (whole) {
        around_fill(record);
        for (uint32_t f = 0; f < record->fields; f++)
            if (record->field[f].repeated == XML_JSON && record->field[f].count > 0)
                xml_text_add(&record->field[f].value, "]", 1);
        record->inside = 0;
    }
    record->depth--;
    return whole;
}
