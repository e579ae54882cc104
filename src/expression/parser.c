/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second station of an expression: words to a tree of terms, by precedence climbing (Pratt 1973). Owns operators and their
 * order, and the bounds on depth and number of terms, so that what follows may recurse. Values, names, calls and CASE are next
 * door; whether names exist and types fit is the checker's.
 */
#include "parser.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "expression.h"
#include "parser_parts.h"

/* ---- words -------------------------------------------------------------------------------- */

bool
parser_step(struct parser *p)
{
    p->end = p->now.at + p->now.size;
    p->now = p->next;
    return token_next(&p->reader, &p->next);
}

bool
parser_is(const struct token *token, enum token_word word)
{
    return token->kind == TOKEN_NAME && token->word == word;
}

/* "found 'x'", or the end. */
bool
parser_unexpected(struct parser *p, const char *wanted)
{
    char found[100];

    if (p->now.kind == TOKEN_END)
        return token_error(p->reader.error, "expression-syntax", p->now.at, 0, "%s is missing at the end", wanted);
    snprintf(found, sizeof found, "%.*s", (int)text_utf8_cut(p->reader.text + p->now.at, p->now.size, 60),
             p->reader.text + p->now.at);
    token_error(p->reader.error, "expression-syntax", p->now.at, p->now.size, "expected %s, found %s%s%s", wanted,
                strpbrk(found, "'\"") == NULL ? "'" : "", found, strpbrk(found, "'\"") == NULL ? "'" : "");
    if (p->now.kind == TOKEN_NAME && !token_word_is_bare(p->now.word))
        snprintf(p->reader.error->suggestion, sizeof p->reader.error->suggestion, "a column of that name is written \"%.60s\"",
                 found);
    return false;
}

bool
parser_expect(struct parser *p, enum token_kind kind, const char *wanted)
{
    return p->now.kind == kind ? parser_step(p) : parser_unexpected(p, wanted);
}

bool
parser_expect_word(struct parser *p, enum token_word word, const char *wanted)
{
    return parser_is(&p->now, word) ? parser_step(p) : parser_unexpected(p, wanted);
}

/* ---- terms -------------------------------------------------------------------------------- */

struct term *
parser_term(struct parser *p, enum term_kind kind, uint32_t at)
{
    struct term *term;

    if (++p->terms > TERMS_MAX) {
        token_error(p->reader.error, "expression-limit", at, 1, "an expression has at most 10,000 parts");
        return NULL;
    }
    term = arena_zero(p->arena, sizeof *term);
    term->kind = kind;
    term->at = at;
    term->depth = 1;
    return term;
}

void
parser_parts_add(struct parser *p, struct parts *parts, struct term *part)
{
    if (parts->count == parts->room) {
        struct term **old = parts->item;

        parts->room = parts->room == 0 ? 3 : parts->room * 2;
        parts->item = arena_alloc(p->arena, parts->room * sizeof *parts->item);
        if (parts->count > 0)
            memcpy(parts->item, old, parts->count * sizeof *old);
    }
    parts->item[parts->count++] = part;
}

struct term *
parser_close(struct parser *p, struct term *term, const struct parts *parts)
{
    if (parts != NULL) {
        term->part = parts->item;
        term->count = parts->count;
        for (uint32_t i = 0; i < parts->count; i++)
            if (parts->item[i]->depth >= term->depth)
                term->depth = (uint16_t)(parts->item[i]->depth + 1);
    }
    term->size = p->end - term->at;
    if (term->depth > TERM_CHAIN_MAX) {
        token_error(p->reader.error, "expression-limit", term->at, term->size, "a chain of more than 1,000 operators");
        return NULL;
    }
    return term;
}

bool
parser_part(struct parser *p, struct parts *parts, int bind)
{
    struct term *part = parser_any(p, bind);

    if (part == NULL)
        return false;
    parser_parts_add(p, parts, part);
    return true;
}

bool
parser_list(struct parser *p, struct parts *parts)
{
    do {
        if (!parser_part(p, parts, 0))
            return false;
    } while (p->now.kind == TOKEN_COMMA && parser_step(p));
    return parser_expect(p, TOKEN_CLOSE, parts->count > 0 ? "',' or ')'" : "')'");
}

/* ---- what goes on behind a value ---------------------------------------------------------- */

/* How tightly the operator at hand binds its left side; 0: there is none. */
static int
infix_bind(const struct parser *p)
{
    static const uint8_t bind[] = {
        [TOKEN_PLUS] = BIND_SUM, [TOKEN_MINUS] = BIND_SUM, [TOKEN_STAR] = BIND_PRODUCT, [TOKEN_SLASH] = BIND_PRODUCT,
        [TOKEN_PERCENT] = BIND_PRODUCT, [TOKEN_CONCAT] = BIND_CONCAT, [TOKEN_EQUAL] = BIND_EQUALITY, [TOKEN_UNEQUAL] = BIND_EQUALITY,
        [TOKEN_LESS] = BIND_ORDER, [TOKEN_LESS_EQUAL] = BIND_ORDER, [TOKEN_GREATER] = BIND_ORDER, [TOKEN_GREATER_EQUAL] = BIND_ORDER};

    if (p->now.kind != TOKEN_NAME)
        return p->now.kind < sizeof bind ? bind[p->now.kind] : 0;
    switch (p->now.word) {
    case WORD_OR:
        return BIND_OR;
    case WORD_AND:
        return BIND_AND;
    case WORD_IS:
    case WORD_IN:
    case WORD_LIKE:
    case WORD_BETWEEN:
    case WORD_REGEXP:
    case WORD_ISNULL:
    case WORD_NOTNULL:
    case WORD_NOT:
    case WORD_GLOB:
    case WORD_MATCH:
        return BIND_EQUALITY;
    case WORD_AT:
    case WORD_COLLATE:
        return BIND_ZONE;
    default:
        return 0;
    }
}

/* a AND b AND c, and so OR and ||: one term of many parts. */
static struct term *
chain_parse(struct parser *p, struct term *left, enum term_kind kind, int bind)
{
    struct term *term = parser_term(p, kind, left->at);
    struct parts parts = {0};

    if (term == NULL)
        return NULL;
    parser_parts_add(p, &parts, left);
    do {
        if (!parser_step(p) || !parser_part(p, &parts, bind + 1))
            return NULL;
    } while (infix_bind(p) == bind);
    return parser_close(p, term, &parts);
}

static struct term *
pair_parse(struct parser *p, struct term *left, enum term_kind kind, int bind)
{
    struct term *term = parser_term(p, kind, left->at);
    struct parts parts = {0};

    if (term == NULL || !parser_step(p))
        return NULL;
    parser_parts_add(p, &parts, left);
    return parser_part(p, &parts, bind + 1) ? parser_close(p, term, &parts) : NULL;
}

/* IS [NOT] NULL | TRUE | FALSE | DISTINCT FROM x | x */
static struct term *
is_parse(struct parser *p, struct term *left)
{
    struct term *term = parser_term(p, TERM_SAME, left->at);
    struct parts parts = {0};

    if (term == NULL || !parser_step(p))
        return NULL;
    parser_parts_add(p, &parts, left);
    if (parser_is(&p->now, WORD_NOT)) {
        term->negated = true;
        if (!parser_step(p))
            return NULL;
    }
    if (parser_is(&p->now, WORD_DISTINCT)) {
        if (!parser_step(p) || !parser_expect_word(p, WORD_FROM, "FROM"))
            return NULL;
        term->negated = !term->negated;
    } else {
        term->kind = parser_is(&p->now, WORD_NULL)    ? TERM_IS_NULL
                     : parser_is(&p->now, WORD_TRUE)  ? TERM_IS_TRUE
                     : parser_is(&p->now, WORD_FALSE) ? TERM_IS_FALSE
                                                    : TERM_SAME;
        if (term->kind != TERM_SAME)
            return parser_step(p) ? parser_close(p, term, &parts) : NULL;
    }
    if (!parser_part(p, &parts, BIND_EQUALITY + 1))
        return NULL;
    if (term->negated) {
        term->kind = TERM_DISTINCT;
        term->negated = false;
    }
    return parser_close(p, term, &parts);
}

/* x REGEXP p, x AT TIME ZONE z: calls in other words; ${left} is the argument ${place}. */
static struct term *
as_call(struct parser *p, struct term *left, const char *name, bool turned, int bind)
{
    struct term *term = parser_term(p, TERM_CALL, left->at), *right;
    struct parts parts = {0};

    if (term == NULL)
        return NULL;
    term->name = name;
    right = parser_any(p, bind + 1);
    if (right == NULL)
        return NULL;
    parser_parts_add(p, &parts, turned ? right : left);
    parser_parts_add(p, &parts, turned ? left : right);
    return parser_close(p, term, &parts);
}

static struct term *
negate(struct parser *p, struct term *term)
{
    struct term *not = term == NULL ? NULL : parser_term(p, TERM_NOT, term->at);
    struct parts parts = {0};

    if (not == NULL)
        return NULL;
    parser_parts_add(p, &parts, term);
    return parser_close(p, not, &parts);
}

/* The operators that are words, behind ${left}; NOT before them is part of them. */
static struct term *
word_infix(struct parser *p, struct term *left)
{
    struct term *term;
    struct parts parts = {0};
    bool negated = parser_is(&p->now, WORD_NOT);

    if (negated && !parser_step(p))
        return NULL;
    parser_parts_add(p, &parts, left);
    switch (p->now.kind == TOKEN_NAME ? p->now.word : WORD_NONE) {
    case WORD_NULL:
    case WORD_ISNULL:
    case WORD_NOTNULL:
        if ((p->now.word == WORD_NULL) != negated)
            break;
        term = parser_term(p, TERM_IS_NULL, left->at);
        if (term == NULL)
            return NULL;
        term->negated = p->now.word != WORD_ISNULL;
        return parser_step(p) ? parser_close(p, term, &parts) : NULL;
    case WORD_IN:
        term = parser_term(p, TERM_IN, left->at);
        if (term == NULL || !parser_step(p) || !parser_expect(p, TOKEN_OPEN, "'('"))
            return NULL;
        term->negated = negated;
        return parser_list(p, &parts) ? parser_close(p, term, &parts) : NULL;
    case WORD_BETWEEN:
        term = parser_term(p, TERM_BETWEEN, left->at);
        if (term == NULL || !parser_step(p) || !parser_part(p, &parts, BIND_EQUALITY + 1) ||
            !parser_expect_word(p, WORD_AND, "AND (of BETWEEN)") || !parser_part(p, &parts, BIND_EQUALITY + 1))
            return NULL;
        term->negated = negated;
        return parser_close(p, term, &parts);
    case WORD_LIKE:
        term = parser_term(p, TERM_LIKE, left->at);
        if (term == NULL || !parser_step(p) || !parser_part(p, &parts, BIND_EQUALITY + 1))
            return NULL;
        if (parser_is(&p->now, WORD_ESCAPE) && (!parser_step(p) || !parser_part(p, &parts, BIND_ORDER + 1)))
            return NULL;
        term->negated = negated;
        return parser_close(p, term, &parts);
    case WORD_REGEXP:
        if (!parser_step(p))
            return NULL;
        term = as_call(p, left, "regexp", true, BIND_EQUALITY);
        return negated ? negate(p, term) : term;
    case WORD_GLOB:
    case WORD_MATCH:
        token_error(p->reader.error, "expression-syntax", p->now.at, p->now.size, "there is no %.*s here", (int)p->now.size,
                    p->reader.text + p->now.at);
        snprintf(p->reader.error->suggestion, sizeof p->reader.error->suggestion, "use LIKE 'a%%' or REGEXP '^a'");
        return NULL;
    default:
        break;
    }
    parser_unexpected(p, negated ? "IN, LIKE, BETWEEN, REGEXP or NULL behind NOT" : "an operator");
    return NULL;
}

static struct term *
infix_parse(struct parser *p, struct term *left)
{
    static const uint8_t kind[] = {
        [TOKEN_PLUS] = TERM_ADD, [TOKEN_MINUS] = TERM_SUBTRACT, [TOKEN_STAR] = TERM_MULTIPLY, [TOKEN_SLASH] = TERM_DIVIDE,
        [TOKEN_PERCENT] = TERM_MODULO, [TOKEN_EQUAL] = TERM_EQUAL, [TOKEN_UNEQUAL] = TERM_UNEQUAL, [TOKEN_LESS] = TERM_LESS,
        [TOKEN_LESS_EQUAL] = TERM_LESS_EQUAL, [TOKEN_GREATER] = TERM_GREATER, [TOKEN_GREATER_EQUAL] = TERM_GREATER_EQUAL};

    if (p->now.kind == TOKEN_CONCAT)
        return chain_parse(p, left, TERM_CONCAT, BIND_CONCAT);
    if (p->now.kind != TOKEN_NAME)
        return pair_parse(p, left, (enum term_kind)kind[p->now.kind], infix_bind(p));
    switch (p->now.word) {
    case WORD_OR:
        return chain_parse(p, left, TERM_OR, BIND_OR);
    case WORD_AND:
        return chain_parse(p, left, TERM_AND, BIND_AND);
    case WORD_IS:
        return is_parse(p, left);
    case WORD_AT:
        if (!parser_step(p) || !parser_expect_word(p, WORD_TIME, "TIME ZONE") || !parser_expect_word(p, WORD_ZONE, "ZONE"))
            return NULL;
        return as_call(p, left, "at_zone", false, BIND_ZONE);
    case WORD_COLLATE:
        token_error(p->reader.error, "expression-syntax", p->now.at, p->now.size, 
                    "there is no COLLATE: texts compare byte by byte");
        snprintf(p->reader.error->suggestion, sizeof p->reader.error->suggestion, "compare lower(x) with lower(y)");
        return NULL;
    default:
        return word_infix(p, left);
    }
}

struct term *
parser_any(struct parser *p, int bind)
{
    struct term *left;

    if (p->depth == TERM_NESTING_MAX) {
        token_error(p->reader.error, "expression-limit", p->now.at, p->now.size, "nested more than 200 deep");
        return NULL;
    }
    p->depth++;
    left = parser_value(p);
    while (left != NULL) {
        int next = infix_bind(p);

        if (next == 0 || next < bind)
            break;
        left = infix_parse(p, left);
    }
    p->depth--;
    return left;
}

struct term *
parser_parse(struct arena *arena, const char *text, struct expression_error *error)
{
    struct parser p = {.reader = {.text = text, .error = error}, .arena = arena};
    size_t size = strlen(text);
    struct term *term;

    if (size > TERM_TEXT_MAX) {
        token_error(error, "expression-limit", 0, 0, "an expression is at most 64 KiB long, this one has %zu bytes", size);
        return NULL;
    }
    p.reader.size = (uint32_t)size;
    if (!token_next(&p.reader, &p.now) || !token_next(&p.reader, &p.next))
        return NULL;
    if (p.now.kind == TOKEN_END) {
        token_error(error, "expression-syntax", 0, 0, "the expression is empty");
        return NULL;
    }
    term = parser_any(&p, 0);
    if (term == NULL)
        return NULL;
    if (p.now.kind != TOKEN_END) {
        parser_unexpected(&p, "an operator or the end");
        return NULL;
    }
    return term;
}
