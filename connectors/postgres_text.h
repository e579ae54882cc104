/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_TEXT_H
#define POSTGRES_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A text that grows; zeroed it is empty. What it holds may be bytes as well. */
struct postgres_text {
    char *at; /* ends with a NUL that size does not count; NULL: nothing was put yet */
    size_t size, room;
};

void postgres_text_fini(struct postgres_text *text);
/** postgres_text_clear(text): empty again, its memory kept; always gives a text that may be read. */
void postgres_text_clear(struct postgres_text *text);
/** postgres_text_need(text, bytes): room for so many more bytes behind the end; where they go. */
char *postgres_text_need(struct postgres_text *text, size_t bytes);
void postgres_text_add(struct postgres_text *text, const char *at, size_t size);
void postgres_text_put(struct postgres_text *text, const char *plain);
void postgres_text_format(struct postgres_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** postgres_text_name(text, before, name): ${before}"name", an identifier as SQL quotes it. */
void postgres_text_name(struct postgres_text *text, const char *before, const char *name);
/** postgres_text_quote(text, value): 'value', right whatever standard_conforming_strings says. */
void postgres_text_quote(struct postgres_text *text, const char *value);

/** postgres_text_memory(bytes): zeroed; running out ends the process, as everywhere. */
void *postgres_text_memory(size_t bytes);
void *postgres_text_grow(void *old, size_t bytes);
/** postgres_text_copy(text): a copy of its own; NULL gives "". */
char *postgres_text_copy(const char *text);

#endif
