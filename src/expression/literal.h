/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_LITERAL_H
#define EXPRESSION_LITERAL_H

#include <stdbool.h>
#include <stdint.h>

#include "token.h"

struct arena;
struct term;
struct value_type;

/** literal_read(arena, reader, token, minus, term): the constant a number, text or bytes token writes, its type the narrowest
 * that holds it: 12 integer (decimal(n,0) beyond 64 bits), 12.50 decimal(4,2), 1e3 real, 0x0c integer, 'text', x'0a' bytes.
 * False with the reader's error. */
bool literal_read(struct arena *arena, const struct token_reader *reader, const struct token *token, bool minus, struct term *term);
/** literal_word(arena, word, term): NULL, TRUE or FALSE. */
void literal_word(struct arena *arena, enum token_word word, struct term *term);
void literal_text(struct arena *arena, const char *bytes, uint32_t size, struct term *term);
/** literal_type(reader, at, size, type): the type those bytes of the text name: "decimal(12,2)"; false with the reader's error.
 * */
bool literal_type(const struct token_reader *reader, uint32_t at, uint32_t size, struct value_type *type);

#endif
