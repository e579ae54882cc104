/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: a test for the pipeline file, made of rows that are there. They come in as JSON lines, whatever the file is, so numbers are
 * written plainly; dates stay as they are, since their pattern belongs to the field.
 */
#include <stdio.h>
#include <string.h>

#include "guess_parts.h"
#include "record/value.h"

#define TESTED_TABLES 10
#define TESTED_COLUMNS 200

/* A cell as its type writes it; NULL: it is text, nothing is there, or (of what comes in) the file's own way of writing will be read. */
static const char *
canonical(const struct guess *guess, const struct guess_table *table, uint32_t column, const struct daybreak_text *cell, bool comes_in)
{
    struct value_type type;
    char text[VALUE_ROOM];
    size_t size;

    if (cell->size == DAYBREAK_NULL || cell->size == 0 || !value_type_parse(table->column[column].type, &type) ||
        type.type == DAYBREAK_TYPE_TEXT || (comes_in && (type.type == DAYBREAK_TYPE_DATE || type.type == DAYBREAK_TYPE_TIMESTAMP)))
        return NULL;
    type.pattern = table->column[column].pattern;
    type.style = (struct value_style){.comma = table->dialect.comma, .thousands = table->dialect.thousands[0]};
    if (type.type == DAYBREAK_TYPE_INTEGER)
        type.style.comma = false;
    else if (type.type != DAYBREAK_TYPE_DECIMAL && type.type != DAYBREAK_TYPE_REAL)
        type.style = (struct value_style){.comma = false};
    return value_canonical(&type, cell->at, cell->size, text, &size) ? arena_bytes(guess->arena, text, size) : NULL;
}

static const char *
name_behind(const struct guess_table *table, const char *name)
{
    for (size_t i = 0; table->rename != NULL && i < table->rename->count; i++)
        if (strcmp(table->rename->name[i], name) == 0)
            return table->rename->value[i];
    return name;
}

/* What comes in is all of a row that is filled; what is expected its key and whatever has a type. */
static void
put_row(struct text *out, const struct guess *guess, const struct guess_table *table, const struct daybreak_text *cell, bool comes_in)
{
    bool first = true;

    text_char(out, '{');
    for (uint32_t c = 0; c < table->columns; c++) {
        const char *text = canonical(guess, table, c, &cell[c], comes_in), *name = table->column[c].name;
        bool key = false;

        for (size_t k = 0; k < table->key.count; k++)
            key |= strcmp(table->key.item[k], name) == 0;
        if (cell[c].size == DAYBREAK_NULL || cell[c].size == 0 || (!comes_in && !key && text == NULL))
            continue;
        text_put(out, first ? "" : ", ");
        guess_yaml_scalar(out, comes_in ? name : name_behind(table, name));
        text_put(out, ": ");
        guess_yaml_quoted(out, text != NULL ? text : cell[c].at, text != NULL ? strlen(text) : cell[c].size);
        first = false;
    }
    text_char(out, '}');
}

static void
put_test(struct text *out, const struct guess *guess, const struct guess_table *table)
{
    text_printf(out, "  - name: %s arrive%s as the dump has %s\n", table->samples == 1 ? "a row" : "rows", table->samples == 1 ? "s" : "",
                table->samples == 1 ? "it" : "them");
    if (guess->tables_named) {
        text_put(out, "    table: ");
        guess_yaml_scalar(out, table->name);
        text_char(out, '\n');
    }
    text_put(out, "    input:\n");
    for (uint32_t i = 0; i < table->samples; i++) {
        text_put(out, "      - ");
        put_row(out, guess, table, table->sample + (size_t)i * table->columns, true);
        text_char(out, '\n');
    }
    text_put(out, "    expect:\n      load:\n");
    for (uint32_t i = 0; i < table->samples; i++) {
        text_put(out, "        - ");
        put_row(out, guess, table, table->sample + (size_t)i * table->columns, false);
        text_char(out, '\n');
    }
}

void
guess_tests_put(const struct guess *guess, struct text *out)
{
    bool any = false;

    for (uint32_t t = 0; t < guess->tables && t < TESTED_TABLES; t++) {
        const struct guess_table *table = &guess->table[t];

        if (table->key.count == 0 || table->samples == 0 || table->columns > TESTED_COLUMNS)
            continue;
        if (!any)
            text_put(out, "\n# `daybreak test` sends these rows down the road. They are real ones of the file: change what may not be "
                          "shown.\ntests:\n");
        any = true;
        put_test(out, guess, table);
    }
}
