/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups of a pipeline file, of transforms and source alike: where their columns come from, by what, and what none and many mean. */
#include "parts.h"

#include <string.h>

#define LOOKUP_COLUMNS 64 /* of one lookup, on either side */

struct lookup_values {
    const char *name, *table, *query;
    struct daybreak_map on, many;
    struct daybreak_list take;
    int none;
    int64_t max_memory;
};

const struct daybreak_option config_lookup_options[] = {
    {.name = "name", .type = DAYBREAK_TEXT, .at = offsetof(struct lookup_values, name), .required = true, .example = "crm",
     .help = "Its columns are NAME.COLUMN from there on, and are delivered only through `set`."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct lookup_values, table), .example = "regions",
     .help = "With `from: input`: which other table of the source."},
    {.name = "query", .type = DAYBREAK_TEXT, .at = offsetof(struct lookup_values, query),
     .example = "\"SELECT id AS ticket FROM accounts WHERE id = :customer_id\"",
     .help = "From a database: one SELECT; :column stands for the record's value. What an input asks twice is answered once: later commits change "
             "nothing for that key before the next input."},
    {.name = "on", .type = DAYBREAK_MAP, .at = offsetof(struct lookup_values, on), .example = "{customer_id: id}",
     .help = "From a file or the input: which columns must be equal, {record column: its column}. A column of the file without a type is read as "
             "what it is compared with."},
    {.name = "take", .type = DAYBREAK_LIST, .at = offsetof(struct lookup_values, take), .example = "[segment]",
     .help = "From a file or the input: which of its columns are wanted."},
    {.name = "none", .type = DAYBREAK_CHOICE, .at = offsetof(struct lookup_values, none), .preset = "dead_letter",
     .choices = "dead_letter|null", .help = "When nothing is found: set the record aside, or go on with nulls."},
    {.name = "many", .type = DAYBREAK_MAP, .at = offsetof(struct lookup_values, many), .preset = "dead_letter",
     .example = "{amount: sum}",
     .help = "When more than one row is found: dead_letter, first, or how each column becomes one: {COLUMN: sum|min|max|count}."},
    {.name = "max_memory", .type = DAYBREAK_SIZE, .at = offsetof(struct lookup_values, max_memory), .preset = "256MiB",
     .min = 1 << 16, .max = INT64_C(1) << 40,
     .help = "A file that needs more is refused; of a database, so much of what was found is remembered."},
    {.name = NULL},
};

struct from_values {
    const char *type, *path, *table;
};

const struct daybreak_option config_from_options[] = {
    {.name = "type", .type = DAYBREAK_TEXT, .at = offsetof(struct from_values, type), .example = "sqlite",
     .help = "file, sqlite or input. With a path alone it is file."},
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct from_values, path), .example = "customers.csv",
     .help = "The file, relative to the pipeline file; of a glob the newest by the time in its name, else the last by name."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct from_values, table),
     .help = "With `type: input`: which other table of the source."},
    {.name = NULL},
};

/* A lookup while it is read. */
struct lookup_reading {
    struct reading *reading;
    const struct config_node *node, *from;
    struct lookup_values values;
    struct config_lookup *lookup;
};

static struct config_place
place_of(const struct config_node *node, struct config_place otherwise)
{
    return node == NULL ? otherwise : node->place;
}

static void
refuse_member(struct lookup_reading *r, const struct config_node *node, const char *name, const char *why)
{
    const struct config_node *member = node_member(node, name);

    if (member != NULL)
        CONFIG_ERROR(r->reading, "not-together", member->key_place, NULL, "'%s' %s", name, why);
}

static void
need_member(struct lookup_reading *r, const char *name, const char *example)
{
    if (node_member(r->node, name) == NULL)
        CONFIG_ERROR(r->reading, "missing-key", r->lookup->place, example, "'%s' is missing in lookup '%s'", name,
                     r->lookup->name);
}

/* ---- from --------------------------------------------------------------------------------- */

/* What means something to the source of a pipeline, and nothing to the file of a lookup. */
static const char *const not_of_a_file[] = {"capture", "tables", "expect", "lookup", "contract", "parts", "query",
                                            "table",   "after",  "at",     NULL};

static const struct config_node *
without(struct arena *arena, const struct config_node *node, const char *const *names)
{
    struct config_node *copy = arena_alloc(arena, sizeof *copy);
    const struct config_node **end = &copy->child;

    *copy = *node;
    copy->child = NULL;
    copy->children = 0;
    for (const struct config_node *member = node->child; member != NULL; member = member->next) {
        const char *const *name = names;
        struct config_node *kept;

        while (*name != NULL && strcmp(*name, member->key) != 0)
            name++;
        if (*name != NULL)
            continue;
        kept = arena_alloc(arena, sizeof *kept);
        *kept = *member;
        kept->next = NULL;
        *end = kept;
        end = &kept->next;
        copy->children++;
    }
    return copy;
}

/* The file is read as a pipeline's source would be: any archive, any format, fields with types. */
static void
file_read(struct lookup_reading *r)
{
    struct reading inner = *r->reading;
    const struct config *config = r->reading->config;
    struct config *file = arena_zero(r->reading->arena, sizeof *file);

    for (const char *const *name = not_of_a_file; *name != NULL; name++)
        refuse_member(r, r->from, *name, "has no meaning for the file of a lookup: it is read as it is, and left where it is");
    file->arena = config->arena;
    file->path = config->path;
    file->dir = config->dir;
    file->name = r->lookup->name;
    file->max_record = config->max_record;
    inner.config = file;
    inner.transforms = inner.context = NULL;
    config_source_read(&inner, without(r->reading->arena, r->from, not_of_a_file));
    if (node_member(r->from, "timezone") == NULL)
        file->source.timezone = config->source.timezone;
    r->lookup->file = file;
}

static void
database_read(struct lookup_reading *r)
{
    static const char *const inner[] = {"fields", NULL};
    static const struct section section = {.table = config_from_options, .inner = inner};
    struct config_lookup *lookup = r->lookup;
    struct from_values values = {0};

    section_fill(r->reading, &section, r->from, &values);
    refuse_member(r, r->from, "table", "is for `type: input`: a query says itself what it reads");
    lookup->path = values.path == NULL ? "" : values.path;
    if (values.path == NULL)
        CONFIG_ERROR(r->reading, "missing-key", r->from->key_place, "path: crm.db", "'path' is missing in 'from'");
    else if (values.path[0] == '\0')
        CONFIG_ERROR(r->reading, "empty-value", node_member(r->from, "path")->key_place, NULL, "'path' must not be empty");
    config_fields_read(r->reading, node_member(r->from, "fields"), &lookup->fields, &lookup->field_count);
}

static void
input_read(struct lookup_reading *r)
{
    static const struct section section = {.table = config_from_options};
    struct from_values values = {0};

    r->lookup->table = r->values.table;
    if (r->from->kind == CONFIG_SCALAR)
        return;
    section_fill(r->reading, &section, r->from, &values);
    refuse_member(r, r->from, "path", "is for `type: file` and `type: sqlite`: the input is what the source reads");
    if (values.table != NULL && r->values.table != NULL)
        CONFIG_ERROR(r->reading, "not-together", node_member(r->node, "table")->key_place, "keep one of them",
                     "the table is also in 'from'");
    else if (values.table != NULL)
        r->lookup->table = values.table;
}

/* Which of the three it is; false after saying that it is none. */
static bool
from_kind(struct lookup_reading *r)
{
    static const char *const words[] = {"file", "sqlite", "input"};
    const struct config_node *type = r->from->kind == CONFIG_MAPPING ? node_member(r->from, "type") : r->from;
    const char *nearest;

    if (r->from->kind == CONFIG_SEQUENCE || (r->from->kind == CONFIG_SCALAR && strcmp(r->from->text, "input") != 0)) {
        option_wrong(r->from, "a mapping such as {type: file, path: customers.csv}, or input", r->reading->file,
                     r->reading->findings);
        return false;
    }
    if (type == NULL && node_member(r->from, "path") == NULL) {
        CONFIG_ERROR(r->reading, "missing-key", r->from->key_place, "type: file", "'type' is missing in 'from'");
        return false;
    }
    r->lookup->from = CONFIG_FROM_FILE;
    if (type == NULL)
        return true;
    for (int i = 0; i < 3 && type->kind == CONFIG_SCALAR; i++)
        if (strcmp(type->text, words[i]) == 0) {
            r->lookup->from = (enum config_lookup_from)i;
            return true;
        }
    nearest = type->kind == CONFIG_SCALAR ? text_nearest(type->text, words, 3) : NULL;
    CONFIG_ERROR(r->reading, "unknown-choice", type->place,
                 nearest == NULL ? NULL : arena_printf(r->reading->arena, "did you mean '%s'?", nearest),
                 "a lookup is from a file, sqlite or the input, not '%s'", type->kind == CONFIG_SCALAR ? type->text : "");
    return false;
}

/* ---- columns ------------------------------------------------------------------------------ */

static void
name_check(struct lookup_reading *r)
{
    const struct config_node *member = node_member(r->node, "name");
    const char *name = r->lookup->name;
    bool good = name[0] != '\0' && (name[0] < '0' || name[0] > '9');

    for (const char *at = name; *at != '\0'; at++)
        good &= (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_';
    if (!good && member != NULL && name[0] != '\0')
        CONFIG_ERROR(r->reading, "bad-name", member->place, "letters, digits and _, no digit in front",
                     "'%s' cannot name a lookup: its columns are written NAME.COLUMN", name);
}

static void
columns_check(struct lookup_reading *r, const char *key, const char *const *column, size_t count)
{
    const struct config_node *member = node_member(r->node, key);

    if (member == NULL)
        return;
    if (count == 0)
        CONFIG_ERROR(r->reading, "empty-value", member->key_place, NULL, "'%s' names no column", key);
    if (count > LOOKUP_COLUMNS)
        CONFIG_ERROR(r->reading, "out-of-bounds", member->key_place, "write two lookups", "'%s' takes at most %d columns", key,
                     LOOKUP_COLUMNS);
    for (size_t i = 0; i < count; i++) {
        if (column[i][0] == '\0')
            CONFIG_ERROR(r->reading, "empty-value", member->key_place, NULL, "'%s' holds an empty column name", key);
        for (size_t k = 0; k < i && i < LOOKUP_COLUMNS && column[i][0] != '\0'; k++)
            if (strcmp(column[i], column[k]) == 0)
                CONFIG_ERROR(r->reading, "duplicate-name", member->place, NULL, "'%s' names column '%s' twice", key, column[i]);
    }
}

/* on and take, which only rows without a query need. */
static void
matching_read(struct lookup_reading *r)
{
    const struct config_node *on = node_member(r->node, "on"), *take = node_member(r->node, "take");
    struct config_lookup *lookup = r->lookup;

    refuse_member(r, r->node, "query", "is for a lookup from a database: a file has `on` and `take`");
    need_member(r, "on", "on: {customer_id: id}");
    need_member(r, "take", "take: [segment]");
    lookup->on = r->values.on;
    lookup->take = r->values.take;
    lookup->on_place = place_of(on, lookup->place);
    lookup->take_place = place_of(take, lookup->place);
    if (on != NULL && on->kind != CONFIG_MAPPING) {
        option_wrong(on, "a mapping {record column: its column}", r->reading->file, r->reading->findings);
        lookup->on.count = 0;
    } else {
        columns_check(r, "on", lookup->on.value, lookup->on.count);
    }
    columns_check(r, "take", lookup->take.item, lookup->take.count);
    for (size_t i = 0; i < lookup->take.count; i++)
        if (strchr(lookup->take.item[i], '.') != NULL)
            CONFIG_ERROR(r->reading, "bad-column", lookup->take_place, NULL,
                         "column '%s' has a dot in its name, and a looked-up column is NAME.COLUMN", lookup->take.item[i]);
}

static bool
taken(const struct config_lookup *lookup, const char *column)
{
    for (size_t i = 0; i < lookup->take.count; i++)
        if (strcmp(lookup->take.item[i], column) == 0)
            return true;
    return false;
}

static void
fold_read(struct lookup_reading *r, const struct config_node *member)
{
    static const char *const words[] = {"sum", "min", "max", "count"};
    struct config_fold *fold = &r->lookup->fold[r->lookup->fold_count];
    const char *nearest;
    size_t i = 0;

    while (i < 4 && (member->kind != CONFIG_SCALAR || strcmp(member->text, words[i]) != 0))
        i++;
    if (i == 4) {
        nearest = member->kind == CONFIG_SCALAR ? text_nearest(member->text, words, 4) : NULL;
        CONFIG_ERROR(r->reading, "unknown-choice", member->place,
                     nearest == NULL ? NULL : arena_printf(r->reading->arena, "did you mean '%s'?", nearest),
                     "many rows of '%s' become one by sum, min, max or count, not '%s'", member->key,
                     member->kind == CONFIG_SCALAR ? member->text : "");
        return;
    }
    *fold = (struct config_fold){.column = member->key, .kind = (enum config_fold_kind)i, .place = member->key_place};
    r->lookup->fold_count++;
    if (r->lookup->from != CONFIG_FROM_SQLITE && r->lookup->take.count > 0 && !taken(r->lookup, member->key)) {
        nearest = text_nearest(member->key, r->lookup->take.item, r->lookup->take.count);
        CONFIG_ERROR(r->reading, "unknown-column", member->key_place,
                     nearest == NULL ? NULL : arena_printf(r->reading->arena, "did you mean '%s'?", nearest),
                     "'%s' is none of the columns in 'take'", member->key);
    }
}

/* dead_letter, first, or {COLUMN: how}. */
static void
many_read(struct lookup_reading *r)
{
    static const char *const words[] = {"dead_letter", "first"};
    const struct config_node *many = node_member(r->node, "many");
    struct config_lookup *lookup = r->lookup;
    const char *nearest;

    lookup->many = CONFIG_MANY_DEAD;
    if (many == NULL || many->kind == CONFIG_SEQUENCE)
        return; /* option_fill said so */
    if (many->kind == CONFIG_SCALAR) {
        if (strcmp(many->text, "first") == 0)
            lookup->many = CONFIG_MANY_FIRST;
        if (lookup->many == CONFIG_MANY_FIRST || strcmp(many->text, "dead_letter") == 0)
            return;
        nearest = text_nearest(many->text, words, 2);
        CONFIG_ERROR(r->reading, "unknown-choice", many->place,
                     nearest == NULL ? "many: {COLUMN: sum}" : arena_printf(r->reading->arena, "did you mean '%s'?", nearest),
                     "'many' may be dead_letter, first or {COLUMN: sum|min|max|count}, not '%s'", many->text);
        return;
    }
    lookup->many = CONFIG_MANY_FOLD;
    lookup->fold = arena_zero(r->reading->arena, (many->children + 1) * sizeof *lookup->fold);
    for (const struct config_node *member = many->child; member != NULL; member = member->next)
        fold_read(r, member);
    if (many->children == 0)
        CONFIG_ERROR(r->reading, "empty-value", many->key_place, NULL, "'many' names no column");
    for (size_t i = 0; i < lookup->take.count && lookup->fold_count == many->children; i++) {
        uint32_t k = 0;

        while (k < lookup->fold_count && strcmp(lookup->fold[k].column, lookup->take.item[i]) != 0)
            k++;
        if (k == lookup->fold_count)
            CONFIG_ERROR(r->reading, "missing-key", many->key_place,
                         arena_printf(r->reading->arena, "%s: min", lookup->take.item[i]),
                         "'many' does not say what becomes of column '%s'", lookup->take.item[i]);
    }
}

/* ---- a lookup ----------------------------------------------------------------------------- */

void
config_lookup_read(struct reading *reading, const struct config_node *node, struct config_lookup *lookup)
{
    static const char *const inner[] = {"from", NULL};
    static const struct section section = {.table = config_lookup_options, .inner = inner};
    struct lookup_reading r = {.reading = reading, .node = node, .from = node_member(node, "from"), .lookup = lookup};
    const struct config_node *name = node_member(node, "name");
    struct config_place here = node->key_place.line > 0 ? node->key_place : node->place;

    *lookup = (struct config_lookup){.name = "", .place = here};
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a mapping such as {name: crm, from: {type: sqlite, path: crm.db}, query: \"SELECT …\"}",
                     reading->file, reading->findings);
        return;
    }
    section_fill(reading, &section, node, &r.values);
    lookup->name = r.values.name == NULL ? "" : r.values.name;
    lookup->place = place_of(name, here);
    lookup->none = r.values.none == 1 ? CONFIG_NONE_NULL : CONFIG_NONE_DEAD;
    lookup->max_memory = r.values.max_memory;
    name_check(&r);
    if (r.from == NULL) {
        CONFIG_ERROR(reading, "missing-key", here, "from: {type: file, path: customers.csv}", "'from' is missing in lookup '%s'",
                     lookup->name);
        return;
    }
    lookup->from_place = r.from->place;
    if (!from_kind(&r))
        return;
    if (lookup->from != CONFIG_FROM_INPUT)
        refuse_member(&r, node, "table", "is for `from: input`");
    if (lookup->from == CONFIG_FROM_SQLITE) {
        refuse_member(&r, node, "on", "is for files: a query says it with :column in its WHERE");
        refuse_member(&r, node, "take", "is for files: a query names its columns itself");
        need_member(&r, "query", "query: \"SELECT name FROM customers WHERE id = :customer_id\"");
        lookup->query = r.values.query == NULL ? "" : r.values.query;
        lookup->query_place = place_of(node_member(node, "query"), here);
        database_read(&r);
    } else {
        matching_read(&r);
        if (lookup->from == CONFIG_FROM_FILE)
            file_read(&r);
        else
            input_read(&r);
        if (lookup->from == CONFIG_FROM_INPUT && lookup->table == NULL)
            CONFIG_ERROR(reading, "missing-key", lookup->from_place, "table: regions", "'table' is missing in lookup '%s'",
                         lookup->name);
    }
    many_read(&r);
}

void
config_lookups_read(struct reading *reading, const struct config_node *node, struct config_lookup **lookups, uint32_t *count)
{
    struct config_lookup *lookup;
    size_t raised = reading->findings->raised;

    *lookups = NULL;
    *count = 0;
    if (node == NULL || (node->kind == CONFIG_SCALAR && node->text[0] == '\0'))
        return;
    if (node->kind == CONFIG_SCALAR) {
        option_wrong(node, "a list of lookups", reading->file, reading->findings);
        return;
    }
    *count = node->kind == CONFIG_SEQUENCE ? node->children : 1;
    *lookups = lookup = arena_zero(reading->arena, (*count + 1) * sizeof *lookup);
    if (node->kind == CONFIG_MAPPING)
        config_lookup_read(reading, node, lookup);
    for (const struct config_node *item = node->kind == CONFIG_SEQUENCE ? node->child : NULL; item != NULL; item = item->next)
        config_lookup_read(reading, item, lookup++);
    if (reading->findings->raised > raised)
        *count = 0; /* nothing can be opened that is half a description */
}

/* ---- all of a table ----------------------------------------------------------------------- */

static const struct config_lookup *
lookup_at(const struct config_table *table, uint32_t i)
{
    return i < table->lookup_count ? &table->lookups[i] : table->steps[i - table->lookup_count].lookup;
}

void
config_lookups_check(struct reading *reading, const struct config_table *table)
{
    const struct config_source *source = &reading->config->source;

    for (uint32_t i = 0; i < table->lookup_count + table->step_count; i++) {
        const struct config_lookup *lookup = lookup_at(table, i);
        const char *names[64], *nearest;
        size_t count = 0;
        bool there = false;

        if (lookup == NULL)
            continue;
        for (uint32_t k = 0; k < i; k++) {
            const struct config_lookup *other = lookup_at(table, k);

            if (other != NULL && other != lookup && lookup->name[0] != '\0' && strcmp(other->name, lookup->name) == 0)
                CONFIG_ERROR(reading, "duplicate-name", lookup->place, NULL, "two lookups are called '%s'", lookup->name);
        }
        if (lookup->from != CONFIG_FROM_INPUT || lookup->table == NULL)
            continue;
        for (uint32_t t = 0; t < source->table_count && source->tables_named; t++) {
            there |= strcmp(source->tables[t].name, lookup->table) == 0;
            if (count < 64 && &source->tables[t] != table)
                names[count++] = source->tables[t].name;
        }
        nearest = text_nearest(lookup->table, names, count);
        if (strcmp(lookup->table, table->name) == 0)
            CONFIG_ERROR(reading, "unknown-table", lookup->from_place, NULL,
                         "lookup '%s' of table '%s' is from the table itself: it needs another one of the same input",
                         lookup->name, table->name);
        else if (!there)
            CONFIG_ERROR(reading, "unknown-table", lookup->from_place,
                         nearest == NULL ? "name the tables of an input under source.tables"
                                         : arena_printf(reading->arena, "did you mean '%s'?", nearest),
                         "lookup '%s' is from table '%s', which the source does not have", lookup->name, lookup->table);
    }
}
