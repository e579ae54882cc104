/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups, whatever they are from: which there are, their columns, and when they see what is new. */
#include "step/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "lookup_parts.h"
#include "record/batch.h"

struct lookups {
    struct lookup **item;
    uint32_t count, room;
};

static struct lookup *
lookup_new(const struct config *config, const struct config_lookup *from, volatile int *stop)
{
    struct lookup *lookup = memory_zero(sizeof *lookup);

    lookup->config = config;
    lookup->from = from;
    lookup->stop = stop;
    lookup->arena = arena_new();
    if (from->from == CONFIG_FROM_SQLITE)
        lookup->query = lookup_query_new(lookup);
    else
        lookup->table = lookup_table_new(lookup);
    return lookup;
}

static void
lookup_free(struct lookup *lookup)
{
    lookup_query_free(lookup->query);
    lookup_table_free(lookup->table);
    arena_free(lookup->arena);
    free(lookup);
}

static void
add(struct lookups *lookups, const struct config *config, const struct config_lookup *from, volatile int *stop)
{
    if (lookups_find(lookups, from) != NULL) /* tables inherit transforms */
        return;
    if (lookups->count == lookups->room) {
        lookups->room = lookups->room == 0 ? 8 : lookups->room * 2;
        lookups->item = memory_grow(lookups->item, lookups->room * sizeof(struct lookup *));
    }
    lookups->item[lookups->count++] = lookup_new(config, from, stop);
}

struct lookups *
lookups_new(const struct config *config, volatile int *stop)
{
    struct lookups *lookups = memory_zero(sizeof *lookups);

    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        for (uint32_t i = 0; i < table->lookup_count; i++)
            add(lookups, config, &table->lookups[i], stop);
        for (uint32_t i = 0; i < table->step_count; i++)
            if (table->steps[i].kind == CONFIG_LOOKUP)
                add(lookups, config, table->steps[i].lookup, stop);
    }
    return lookups;
}

void
lookups_free(struct lookups *lookups)
{
    if (lookups == NULL)
        return;
    for (uint32_t i = 0; i < lookups->count; i++)
        lookup_free(lookups->item[i]);
    free(lookups->item);
    free(lookups);
}

uint32_t
lookups_count(const struct lookups *lookups)
{
    return lookups == NULL ? 0 : lookups->count;
}

struct lookup *
lookups_at(const struct lookups *lookups, uint32_t i)
{
    return lookups->item[i];
}

struct lookup *
lookups_find(const struct lookups *lookups, const struct config_lookup *from)
{
    for (uint32_t i = 0; i < lookups_count(lookups); i++)
        if (lookups->item[i]->from == from)
            return lookups->item[i];
    return NULL;
}

/* ---- columns ------------------------------------------------------------------------------------ */

static const struct config_fold *
fold_of(const struct config_lookup *from, const char *column)
{
    for (uint32_t i = 0; i < from->fold_count; i++)
        if (strcmp(from->fold[i].column, column) == 0)
            return &from->fold[i];
    return NULL;
}

/* The type of many rows that became one. */
static int
fold_type(const struct config_fold *fold, struct value_type *type, struct daybreak_fault *fault)
{
    char text[32];

    if (fold->kind == CONFIG_FOLD_COUNT) {
        *type = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
        return 0;
    }
    if (fold->kind != CONFIG_FOLD_SUM)
        return 0;
    if (type->type == DAYBREAK_TYPE_DECIMAL) {
        type->precision = 38;
        return 0;
    }
    if (type->type == DAYBREAK_TYPE_INTEGER || type->type == DAYBREAK_TYPE_REAL)
        return 0;
    value_type_text(type, text);
    fault_set(fault, DAYBREAK_HALT, "column '%s' is %s, and only numbers have a sum", fold->column, text);
    fault_hint(fault, "say its type in `from`: fields: {%s: \"decimal(12,2)\"}", fold->column);
    return fault_exit(fault, 78, "lookup-type");
}

static int
name_check(const char *const *names, uint32_t at, struct daybreak_fault *fault)
{
    if (strchr(names[at], '.') != NULL || names[at][0] == '\0') {
        fault_set(fault, DAYBREAK_HALT, "column '%s' has a dot in its name, and a looked-up column is NAME.COLUMN", names[at]);
        fault_hint(fault, "give it another name in the query: … AS name");
        return fault_exit(fault, 78, "bad-column");
    }
    for (uint32_t k = 0; k < at; k++)
        if (strcmp(names[k], names[at]) == 0) {
            fault_set(fault, DAYBREAK_HALT, "the query gives two columns called '%s'", names[at]);
            fault_hint(fault, "give one of them another name: … AS name");
            return fault_exit(fault, 78, "duplicate-name");
        }
    return 0;
}

static int
folds_check(const struct lookup *lookup, const char *const *names, uint32_t count, struct daybreak_fault *fault)
{
    const struct config_lookup *from = lookup->from;

    for (uint32_t i = 0; i < from->fold_count; i++) {
        uint32_t k = 0;

        while (k < count && strcmp(names[k], from->fold[i].column) != 0)
            k++;
        if (k < count)
            continue;
        fault_set(fault, DAYBREAK_HALT, "'many' names column '%s', which the query does not give", from->fold[i].column);
        if (text_nearest(from->fold[i].column, names, count) != NULL)
            fault_hint(fault, "did you mean '%s'?", text_nearest(from->fold[i].column, names, count));
        return fault_exit(fault, 78, "unknown-column");
    }
    for (uint32_t k = 0; from->many == CONFIG_MANY_FOLD && k < count; k++)
        if (fold_of(from, names[k]) == NULL) {
            fault_set(fault, DAYBREAK_HALT, "'many' does not say what becomes of column '%s'", names[k]);
            fault_hint(fault, "%s: min", names[k]);
            return fault_exit(fault, 78, "missing-key");
        }
    return 0;
}

int
lookup_shape(struct lookup *lookup, const char *const *names, const struct value_type *types, uint32_t count, struct daybreak_fault *fault)
{
    struct lookup_column *column = arena_zero(lookup->arena, (count + 1) * sizeof *column);
    enum config_fold_kind *folds = arena_zero(lookup->arena, (count + 1) * sizeof *folds);
    struct value_type *found = arena_zero(lookup->arena, (count + 1) * sizeof *found);

    for (uint32_t i = 0; i < count; i++)
        if (name_check(names, i, fault) != 0)
            return -1;
    if (folds_check(lookup, names, count, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        const struct config_fold *fold = fold_of(lookup->from, names[i]);

        found[i] = types[i];
        found[i].pattern = NULL; /* what it was written like ends here */
        found[i].style = (struct value_style){0};
        column[i] = (struct lookup_column){arena_printf(lookup->arena, "%s.%s", lookup->from->name, names[i]), found[i]};
        if (fold == NULL)
            continue;
        folds[i] = fold->kind;
        if (fold_type(fold, &column[i].type, fault) != 0)
            return -1;
    }
    lookup->column = column;
    lookup->columns = count;
    lookup->found = found;
    lookup->fold = lookup->from->many == CONFIG_MANY_FOLD ? folds : NULL;
    lookup->known = true;
    return 0;
}

static const struct config_field *
field_of(const struct config_table *table, const char *name)
{
    for (uint32_t k = 0; k < table->format_count; k++)
        for (uint32_t i = 0; i < table->formats[k].field_count; i++)
            if (strcmp(table->formats[k].fields[i].name, name) == 0)
                return &table->formats[k].fields[i];
    for (uint32_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

/* The one table that the rows are read as. */
static const struct config_table *
table_of(const struct lookup *lookup)
{
    const struct config_source *source = lookup->from->from == CONFIG_FROM_FILE ? &lookup->from->file->source : &lookup->config->source;
    uint32_t t = 0;

    while (lookup->from->from == CONFIG_FROM_INPUT && t + 1 < source->table_count &&
           strcmp(source->tables[t].name, lookup->from->table) != 0)
        t++;
    return &source->tables[t];
}

/* Files and inputs say what they have before they are read: the columns that are wanted, typed as declared. */
static int
table_open(struct lookup *lookup, struct daybreak_fault *fault)
{
    const struct config_lookup *from = lookup->from;
    struct value_type *types = arena_zero(lookup->arena, (from->take.count + 1) * sizeof *types);

    for (size_t i = 0; i < from->take.count; i++) {
        const struct config_field *field = field_of(table_of(lookup), from->take.item[i]);

        if (field != NULL && !value_type_parse(field->type, &types[i])) {
            fault_set(fault, DAYBREAK_HALT, "field '%s' has no known type: '%s'", field->name, field->type);
            return fault_exit(fault, 78, "unknown-type");
        }
    }
    lookup->key = arena_alloc(lookup->arena, (from->on.count + 1) * sizeof *lookup->key);
    for (size_t i = 0; i < from->on.count; i++)
        lookup->key[i] = from->on.name[i];
    lookup->keys = (uint32_t)from->on.count;
    return lookup_shape(lookup, from->take.item, types, (uint32_t)from->take.count, fault);
}

int
lookup_open(struct lookup *lookup, struct daybreak_fault *fault)
{
    if (lookup->known || (lookup->query != NULL ? lookup_query_open(lookup->query, fault) : table_open(lookup, fault)) == 0)
        return 0;
    return fault_within(fault, "lookup '%s'", lookup->from->name);
}

bool
lookup_known(const struct lookup *lookup)
{
    return lookup->known;
}

const struct config_lookup *
lookup_config(const struct lookup *lookup)
{
    return lookup->from;
}

const struct lookup_column *
lookup_columns(const struct lookup *lookup, uint32_t *count)
{
    *count = lookup->columns;
    return lookup->column;
}

const char *const *
lookup_keys(const struct lookup *lookup, uint32_t *count)
{
    *count = lookup->keys;
    return lookup->key;
}

bool
lookup_takes(struct lookup *lookup, const struct value_type *type, char what[320])
{
    const struct config_table *table;

    if (lookup->query != NULL)
        return true;
    table = table_of(lookup);
    for (uint32_t k = 0; k < lookup->keys; k++) {
        const struct config_field *field = field_of(table, lookup->from->on.value[k]);
        struct value_type own;
        char mine[32], its[32];
        bool numbers;

        if (field == NULL || !value_type_parse(field->type, &own))
            continue; /* it is read as what it is compared with */
        numbers = (own.type == DAYBREAK_TYPE_INTEGER || own.type == DAYBREAK_TYPE_DECIMAL) &&
                  (type[k].type == DAYBREAK_TYPE_INTEGER || type[k].type == DAYBREAK_TYPE_DECIMAL);
        if (own.type == type[k].type || numbers)
            continue;
        value_type_text(&type[k], mine);
        value_type_text(&own, its);
        snprintf(what, 320, "column '%.60s' is %s, and '%.60s' of lookup '%.60s' is %s: they are never equal", lookup->key[k], mine,
                 lookup->from->on.value[k], lookup->from->name, its);
        return false;
    }
    return true;
}

/* ---- what is new ---------------------------------------------------------------------------------- */

int
lookup_begin(struct lookup *lookup, struct daybreak_fault *fault)
{
    return lookup->query == NULL ? 0 : lookup_query_begin(lookup->query, fault);
}

void
lookup_fill_begin(struct lookup *lookup, const char *name)
{
    lookup_table_clear(lookup->table, name);
}

int
lookup_fill(struct lookup *lookup, struct batch *batch, struct daybreak_fault *fault)
{
    return lookup_table_add(lookup->table, batch, fault);
}

void
lookup_fill_end(struct lookup *lookup)
{
    lookup_table_end(lookup->table);
}

const char *
lookup_filled(const struct lookup *lookup)
{
    return lookup->table == NULL ? "" : lookup_table_name(lookup->table);
}

const char *
lookup_fill_column(const struct lookup *lookup, uint32_t i)
{
    const struct config_lookup *from = lookup->from;

    if (i < from->on.count)
        return from->on.value[i];
    return i - from->on.count < from->take.count ? from->take.item[i - from->on.count] : NULL;
}
