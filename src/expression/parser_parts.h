/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_PARSER_PARTS_H
#define EXPRESSION_PARSER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "term.h"
#include "token.h"

struct arena;

/* How tightly an operator binds. */
enum { BIND_OR = 1, BIND_AND, BIND_NOT, BIND_EQUALITY, BIND_ORDER, BIND_SUM, BIND_PRODUCT, BIND_CONCAT, BIND_ZONE, BIND_SIGN };

struct parser {
    struct token_reader reader;
    struct arena *arena;
    struct token now, next;
    uint32_t end; /* of the token before now */
    uint32_t terms, depth;
};

/* The parts of a term while they are found. */
struct parts {
    struct term **item;
    uint32_t count, room;
};

/* All of them: false or NULL with the reader's error set. */
bool parser_step(struct parser *p);
bool parser_is(const struct token *token, enum token_word word);
/** parser_unexpected(p, wanted): what stands at hand is not ${wanted}. Returns false. */
bool parser_unexpected(struct parser *p, const char *wanted);
bool parser_expect(struct parser *p, enum token_kind kind, const char *wanted);
bool parser_expect_word(struct parser *p, enum token_word word, const char *wanted);
struct term *parser_term(struct parser *p, enum term_kind kind, uint32_t at);
void parser_parts_add(struct parser *p, struct parts *parts, struct term *part);
/** parser_close(p, term, parts): a term is whole: it ends where the last token did. */
struct term *parser_close(struct parser *p, struct term *term, const struct parts *parts);
/** parser_part(p, parts, bind): one more part, of operators that bind at least so tightly. */
bool parser_part(struct parser *p, struct parts *parts, int bind);
/** parser_list(p, parts): a, b, …) with the bracket open; the closing one is taken. */
bool parser_list(struct parser *p, struct parts *parts);
/** parser_value(p): a value and nothing behind it. parser_any(p, bind): with the operators behind it that bind at least so
 * tightly. */
struct term *parser_value(struct parser *p);
struct term *parser_any(struct parser *p, int bind);

#endif
