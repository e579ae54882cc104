/* SPDX-License-Identifier: Apache-2.0 */
/* Under the connectors `postgres`: SQL texts built piece by piece, with names and values quoted in one place. */
#include "postgres_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
postgres_text_grow(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes == 0 ? 1 : bytes);

    if (memory == NULL)
        abort();
    return memory;
}

void *
postgres_text_memory(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);

    if (memory == NULL)
        abort();
    return memory;
}

char *
postgres_text_copy(const char *text)
{
    char *copy = strdup(text == NULL ? "" : text);

    if (copy == NULL)
        abort();
    return copy;
}

void
postgres_text_fini(struct postgres_text *text)
{
    free(text->at);
    *text = (struct postgres_text){0};
}

char *
postgres_text_need(struct postgres_text *text, size_t bytes)
{
    if (text->room - text->size <= bytes) {
        size_t room = text->room < 256 ? 256 : text->room;

        while (room - text->size <= bytes)
            room *= 2;
        text->at = postgres_text_grow(text->at, room);
        text->room = room;
    }
    return text->at + text->size;
}

void
postgres_text_clear(struct postgres_text *text)
{
    postgres_text_need(text, 0);
    text->size = 0;
    text->at[0] = '\0';
}

void
postgres_text_add(struct postgres_text *text, const char *at, size_t size)
{
    memcpy(postgres_text_need(text, size), at, size);
    text->size += size;
    text->at[text->size] = '\0';
}

void
postgres_text_put(struct postgres_text *text, const char *plain)
{
    postgres_text_add(text, plain, strlen(plain));
}

void
postgres_text_format(struct postgres_text *text, const char *format, ...)
{
    va_list list;
    int size;

    va_start(list, format);
    size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (size < 0)
        abort();
    va_start(list, format);
    vsnprintf(postgres_text_need(text, (size_t)size), (size_t)size + 1, format, list);
    va_end(list);
    text->size += (size_t)size;
}

static void
quoted(struct postgres_text *text, const char *value, char quote)
{
    postgres_text_add(text, &quote, 1);
    for (; *value != '\0'; value++) {
        if (*value == quote || (quote == '\'' && *value == '\\'))
            postgres_text_add(text, value, 1);
        postgres_text_add(text, value, 1);
    }
    postgres_text_add(text, &quote, 1);
}

void
postgres_text_name(struct postgres_text *text, const char *before, const char *name)
{
    postgres_text_put(text, before);
    quoted(text, name, '"');
}

void
postgres_text_quote(struct postgres_text *text, const char *value)
{
    if (strchr(value, '\\') != NULL)
        postgres_text_put(text, " E");
    quoted(text, value, '\'');
}
