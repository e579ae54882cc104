/* SPDX-License-Identifier: Apache-2.0 */
/* Part of the parser: what is written in an expression as a value or as a type. Owns how literals are typed. */
#include "literal.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "cells.h"
#include "expression.h"
#include "term.h"

static void
constant_set(struct arena *arena, struct term *term, enum daybreak_type type)
{
    term->type = (struct value_type){.type = type};
    term->value = (struct cells){.nulls = (uint8_t *)cells_none, .cell = arena_zero(arena, sizeof(value_int128))};
    term->written = true;
}

/* Two's complement, as SQLite reads it. */
static bool
hex_read(const struct token_reader *reader, const struct token *token, bool minus, int64_t *number)
{
    uint64_t value = 0;
    uint32_t digits = 0;

    for (uint32_t i = 2; i < token->size; i++) {
        char c = reader->text[token->at + i];

        digits += digits > 0 || c != '0';
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    *number = (int64_t)(minus ? 0 - value : value);
    return digits <= 16 ||
           token_error(reader->error, "expression-type", token->at, token->size, "a hexadecimal number has at most 16 digits");
}

/* The digits of a number as decimal(p,s) needs them. */
static bool
decimal_read(struct arena *arena, const struct token_reader *reader, const struct token *token, bool minus, struct term *term)
{
    const char *at = reader->text + token->at, *end = at + token->size, *point = memchr(at, '.', token->size);
    uint32_t scale = point == NULL ? 0 : (uint32_t)(end - point - 1), whole;
    value_int128 value;

    while (at < end && *at == '0')
        at++;
    whole = (uint32_t)((point == NULL ? end : point) - (point != NULL && at > point ? point : at));
    if (whole + scale > 38)
        return token_error(reader->error, "expression-type", token->at, token->size,
                           "a decimal has at most 38 digits, this one has %u", whole + scale);
    constant_set(arena, term, DAYBREAK_TYPE_DECIMAL);
    term->type.scale = (uint8_t)scale;
    term->type.precision = (uint8_t)(whole + scale > 0 ? whole + scale : 1);
    if (!value_decimal(reader->text + token->at, token->size, term->type.precision, term->type.scale, &value))
        return token_error(reader->error, "expression-type", token->at, token->size, "cannot read this number");
    *term->value.decimal = minus ? -value : value;
    return true;
}

static bool
integer_read(struct arena *arena, const struct token_reader *reader, const struct token *token, bool minus, struct term *term)
{
    char text[24] = "-";
    int64_t number;

    if (token->size > 2 && (reader->text[token->at + 1] | 0x20) == 'x') {
        constant_set(arena, term, DAYBREAK_TYPE_INTEGER);
        return hex_read(reader, token, minus, term->value.number);
    }
    if (minus && token->size < sizeof text - 1) { /* with its sign: the least integer has no positive counterpart */
        memcpy(text + 1, reader->text + token->at, token->size);
        if (!value_integer(text, token->size + 1, &number))
            return decimal_read(arena, reader, token, minus, term);
    } else if (minus || !value_integer(reader->text + token->at, token->size, &number)) {
        return decimal_read(arena, reader, token, minus, term);
    }
    constant_set(arena, term, DAYBREAK_TYPE_INTEGER);
    *term->value.number = number;
    return true;
}

static bool
bytes_read(struct arena *arena, const struct token_reader *reader, const struct token *token, struct term *term)
{
    uint32_t size = token->size - 3;
    char *bytes = arena_alloc(arena, size / 2 + 1);

    constant_set(arena, term, DAYBREAK_TYPE_BYTES);
    *term->value.text = (struct daybreak_text){bytes, size / 2};
    if (size % 2 != 0 || !text_unhex(reader->text + token->at + 2, size / 2, bytes))
        return token_error(reader->error, "expression-syntax", token->at, token->size,
                           "x'' holds an even number of hexadecimal digits and nothing else");
    return true;
}

bool
literal_read(struct arena *arena, const struct token_reader *reader, const struct token *token, bool minus, struct term *term)
{
    char *text;

    switch (token->kind) {
    case TOKEN_INTEGER:
        return integer_read(arena, reader, token, minus, term);
    case TOKEN_DECIMAL:
        return decimal_read(arena, reader, token, minus, term);
    case TOKEN_REAL:
        constant_set(arena, term, DAYBREAK_TYPE_REAL);
        if (!value_real(reader->text + token->at, token->size, term->value.real))
            return token_error(reader->error, "expression-type", token->at, token->size, "a real is at most about 1.8e308");
        if (minus)
            *term->value.real = -*term->value.real;
        return true;
    case TOKEN_BYTES:
        return bytes_read(arena, reader, token, term);
    default:
        constant_set(arena, term, DAYBREAK_TYPE_TEXT);
        text = arena_alloc(arena, token->size);
        *term->value.text = (struct daybreak_text){text, token_quoted(reader->text, token, text)};
        return true;
    }
}

void
literal_word(struct arena *arena, enum token_word word, struct term *term)
{
    if (word == WORD_NULL) {
        constant_set(arena, term, DAYBREAK_TYPE_TEXT);
        term->value.nulls = (uint8_t *)cells_null;
        term->nothing = true;
        return;
    }
    constant_set(arena, term, DAYBREAK_TYPE_BOOLEAN);
    *term->value.number = word == WORD_TRUE;
}

void
literal_text(struct arena *arena, const char *bytes, uint32_t size, struct term *term)
{
    constant_set(arena, term, DAYBREAK_TYPE_TEXT);
    *term->value.text = (struct daybreak_text){arena_bytes(arena, bytes, size), size};
}

bool
literal_type(const struct token_reader *reader, uint32_t at, uint32_t size, struct value_type *type)
{
    char text[64] = "", *end = text;
    const char *nearest;
    size_t names = 0, word;

    if (size >= sizeof text)
        return token_error(reader->error, "expression-type", at, size, "there is no such type");
    for (uint32_t i = 0; i < size; i++) {
        char c = reader->text[at + i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if (c == '\n' || c == '\t' || c == '\r')
            c = ' ';
        *end++ = c;
    }
    *end = '\0';
    if (value_type_parse(text, type))
        return true;
    word = strcspn(text, "( ");
    if (strncmp(text, "decimal", word) == 0 || strncmp(text, "numeric", word) == 0) {
        token_error(reader->error, "expression-type", at, size,
                    "a decimal is written with its digits, at most 38, and how many of them stand behind the point");
        snprintf(reader->error->suggestion, sizeof reader->error->suggestion, "decimal(12,2)");
        return false;
    }
    token_error(reader->error, "expression-type", at, size, "there is no type '%s'", text);
    text[word] = '\0';
    while (value_type_names[names] != NULL)
        names++;
    nearest = strcmp(text, "varchar") == 0 || strcmp(text, "char") == 0 ? "text"
              : strcmp(text, "datetime") == 0                           ? "timestamp"
                                                                        : text_nearest(text, value_type_names, names);
    if (nearest != NULL)
        snprintf(reader->error->suggestion, sizeof reader->error->suggestion, "did you mean '%s'?", nearest);
    return false;
}
