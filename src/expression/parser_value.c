/* SPDX-License-Identifier: Apache-2.0 */
/* Part of the parser: what an expression, or a part of it, begins with: literals, names, calls in all their spellings, CASE,
 * CAST, signs, brackets. */
#include "parser_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "expression.h"
#include "literal.h"

/* ---- literals, names and calls ------------------------------------------------------------ */

static struct term *
parser_literal(struct parser *p, uint32_t at, bool minus)
{
    struct term *term = parser_term(p, TERM_CONSTANT, at);

    if (term == NULL || !literal_read(p->arena, &p->reader, &p->now, minus, term) || !parser_step(p))
        return NULL;
    return parser_close(p, term, NULL);
}

/* NULL, TRUE, FALSE. */
static struct term *
word_literal(struct parser *p)
{
    struct term *term = parser_term(p, TERM_CONSTANT, p->now.at);

    if (term == NULL)
        return NULL;
    literal_word(p->arena, p->now.word, term);
    return parser_step(p) ? parser_close(p, term, NULL) : NULL;
}

/* DATE '…', TIMESTAMP '…'. */
static struct term *
time_literal(struct parser *p)
{
    struct term *term = parser_term(p, TERM_CAST, p->now.at);
    struct parts parts = {0};

    if (term == NULL)
        return NULL;
    term->type.type = p->now.word == WORD_DATE ? DAYBREAK_TYPE_DATE : DAYBREAK_TYPE_TIMESTAMP;
    if (!parser_step(p))
        return NULL;
    struct term *text = parser_literal(p, p->now.at, false);
    if (text == NULL)
        return NULL;
    parser_parts_add(p, &parts, text);
    term->written = true;
    return parser_close(p, term, &parts);
}

/* One step of a name: a bare word or a quoted one, as it is meant. */
static bool
name_take(struct parser *p, struct text *name, bool *quoted)
{
    if (p->now.kind == TOKEN_QUOTED) {
        char *to = text_room(name, p->now.size);

        name->size += token_quoted(p->reader.text, &p->now, to);
        *quoted = true;
    } else if (p->now.kind == TOKEN_NAME) {
        text_add(name, p->reader.text + p->now.at, p->now.size);
    } else {
        return parser_unexpected(p, "a name");
    }
    return parser_step(p);
}

/* a, "a b", a.b. */
static struct term *
column_parse(struct parser *p)
{
    struct term *term = parser_term(p, TERM_COLUMN, p->now.at);
    struct text name = {0};
    bool good = term != NULL && name_take(p, &name, &term->quoted);

    while (good && p->now.kind == TOKEN_DOT) {
        text_char(&name, '.');
        good = parser_step(p) && name_take(p, &name, &term->quoted);
    }
    if (good)
        term->name = arena_text(p->arena, text_end(&name));
    text_fini(&name);
    return good ? parser_close(p, term, NULL) : NULL;
}

/* A text constant that the grammar itself makes: the field of extract. */
static struct term *
text_term(struct parser *p, uint32_t at, uint32_t size)
{
    struct term *term = parser_term(p, TERM_CONSTANT, at);

    if (term != NULL) {
        term->size = size;
        literal_text(p->arena, p->reader.text + at, size, term);
    }
    return term;
}

/* extract(FIELD FROM x) */
static bool
extract_parse(struct parser *p, struct parts *parts)
{
    struct term *field;

    if (p->now.kind != TOKEN_NAME || !parser_is(&p->next, WORD_FROM))
        return parser_list(p, parts);
    field = text_term(p, p->now.at, p->now.size);
    if (field == NULL || !parser_step(p) || !parser_step(p))
        return false;
    parser_parts_add(p, parts, field);
    return parser_part(p, parts, 0) && parser_expect(p, TOKEN_CLOSE, "')'");
}

/* position(a IN x): an IN whose right side has no brackets is none, so the left side must not swallow it. */
static bool
position_parse(struct parser *p, struct parts *parts)
{
    if (!parser_part(p, parts, BIND_ORDER))
        return false;
    if (parser_is(&p->now, WORD_IN))
        return parser_step(p) && parser_part(p, parts, 0) && parser_expect(p, TOKEN_CLOSE, "')'");
    return parser_expect(p, TOKEN_COMMA, "',' or IN") && parser_list(p, parts);
}

/* substring(x FROM n [FOR m]) */
static bool
substring_parse(struct parser *p, struct parts *parts)
{
    if (!parser_part(p, parts, 0))
        return false;
    if (parser_is(&p->now, WORD_FROM)) {
        if (!parser_step(p) || !parser_part(p, parts, 0))
            return false;
        if (parser_is(&p->now, WORD_FOR) && (!parser_step(p) || !parser_part(p, parts, 0)))
            return false;
        return parser_expect(p, TOKEN_CLOSE, "')'");
    }
    if (p->now.kind == TOKEN_COMMA)
        return parser_step(p) && parser_list(p, parts);
    return parser_expect(p, TOKEN_CLOSE, "',' or ')'");
}

/* trim([BOTH|LEADING|TRAILING] [c] FROM x), trim(x [, c]) */
static bool
trim_parse(struct parser *p, struct parts *parts, struct term *term)
{
    bool side = (parser_is(&p->now, WORD_BOTH) || parser_is(&p->now, WORD_LEADING) || parser_is(&p->now, WORD_TRAILING)) &&
                p->next.kind != TOKEN_CLOSE && p->next.kind != TOKEN_COMMA && p->next.kind != TOKEN_CONCAT &&
                p->next.kind != TOKEN_DOT;

    if (side) {
        term->name = p->now.word == WORD_BOTH ? "trim" : p->now.word == WORD_LEADING ? "ltrim" : "rtrim";
        if (!parser_step(p))
            return false;
    }
    if (!parser_is(&p->now, WORD_FROM) || !side) {
        if (!parser_part(p, parts, 0))
            return false;
        if (p->now.kind == TOKEN_COMMA && !side)
            return parser_step(p) && parser_list(p, parts);
        if (p->now.kind == TOKEN_CLOSE && !side)
            return parser_step(p);
    }
    if (!parser_expect_word(p, WORD_FROM, side ? "FROM" : "',', ')' or FROM") || !parser_part(p, parts, 0))
        return false;
    if (parts->count == 2) { /* what is trimmed comes first in a call */
        struct term *what = parts->item[1];

        parts->item[1] = parts->item[0];
        parts->item[0] = what;
    }
    return parser_expect(p, TOKEN_CLOSE, "')'");
}

static struct term *
call_parse(struct parser *p)
{
    struct term *term = parser_term(p, TERM_CALL, p->now.at);
    struct parts parts = {0};
    char *name;
    bool good;

    if (term == NULL)
        return NULL;
    name = arena_bytes(p->arena, p->reader.text + p->now.at, p->now.size);
    for (char *at = name; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + 32);
    term->name = name;
    if (!parser_step(p) || !parser_step(p)) /* the name and the bracket */
        return NULL;
    if (p->now.kind == TOKEN_CLOSE)
        good = parser_step(p);
    else if (p->now.kind == TOKEN_STAR)
        good = parser_unexpected(p, "a value (an expression looks at one record, it does not count)");
    else if (strcmp(name, "extract") == 0)
        good = extract_parse(p, &parts);
    else if (strcmp(name, "position") == 0)
        good = position_parse(p, &parts);
    else if (strcmp(name, "substring") == 0)
        good = substring_parse(p, &parts);
    else if (strcmp(name, "trim") == 0)
        good = trim_parse(p, &parts, term);
    else
        good = parser_list(p, &parts);
    return good ? parser_close(p, term, &parts) : NULL;
}

/* ---- forms with words of their own -------------------------------------------------------- */

static struct term *
case_parse(struct parser *p)
{
    struct term *term = parser_term(p, TERM_CASE, p->now.at);
    struct parts parts = {0};

    if (term == NULL || !parser_step(p))
        return NULL;
    if (!parser_is(&p->now, WORD_WHEN)) {
        if (!parser_part(p, &parts, 0))
            return NULL;
        term->has_operand = true;
    }
    do {
        if (!parser_expect_word(p, WORD_WHEN, "WHEN") || !parser_part(p, &parts, 0) || !parser_expect_word(p, WORD_THEN, "THEN") ||
            !parser_part(p, &parts, 0))
            return NULL;
    } while (parser_is(&p->now, WORD_WHEN));
    if (parser_is(&p->now, WORD_ELSE)) {
        if (!parser_step(p) || !parser_part(p, &parts, 0))
            return NULL;
        term->has_else = true;
    }
    if (!parser_expect_word(p, WORD_END, term->has_else ? "END" : "WHEN, ELSE or END"))
        return NULL;
    return parser_close(p, term, &parts);
}

/* cast(x AS type) */
static struct term *
cast_parse(struct parser *p)
{
    struct term *term = parser_term(p, TERM_CAST, p->now.at);
    struct parts parts = {0};
    uint32_t at, depth = 0;

    if (term == NULL || !parser_step(p) || !parser_expect(p, TOKEN_OPEN, "'('") || !parser_part(p, &parts, 0) ||
        !parser_expect_word(p, WORD_AS, "AS"))
        return NULL;
    at = p->now.at;
    if (p->now.kind != TOKEN_NAME) {
        parser_unexpected(p, "a type");
        return NULL;
    }
    while (p->now.kind != TOKEN_END && !(p->now.kind == TOKEN_CLOSE && depth == 0)) {
        depth += p->now.kind == TOKEN_OPEN;
        depth -= p->now.kind == TOKEN_CLOSE;
        if (!parser_step(p))
            return NULL;
    }
    if (p->now.kind == TOKEN_END) {
        parser_unexpected(p, "')'");
        return NULL;
    }
    if (!literal_type(&p->reader, at, p->end - at, &term->type) || !parser_step(p))
        return NULL;
    return parser_close(p, term, &parts);
}

/* ---- what an expression begins with ------------------------------------------------------- */

static struct term *
sign_parse(struct parser *p)
{
    bool minus = p->now.kind == TOKEN_MINUS;
    uint32_t at = p->now.at;
    struct parts parts = {0};
    struct term *term;

    if (minus && (p->next.kind == TOKEN_INTEGER || p->next.kind == TOKEN_DECIMAL || p->next.kind == TOKEN_REAL))
        return parser_step(p) ? parser_literal(p, at, true) : NULL;
    term = parser_term(p, minus ? TERM_NEGATE : TERM_PLUS, at);
    if (term == NULL || !parser_step(p) || !parser_part(p, &parts, BIND_SIGN))
        return NULL;
    return parser_close(p, term, &parts);
}

/* Subqueries: what people who know SQL try first. */
static struct term *
parser_no_select(struct parser *p)
{
    token_error(p->reader.error, "expression-syntax", p->now.at, p->now.size, "an expression has no %.*s: it sees one record",
                (int)p->now.size, p->reader.text + p->now.at);
    snprintf(p->reader.error->suggestion, sizeof p->reader.error->suggestion, "use a lookup to bring in values of other tables");
    return NULL;
}

static struct term *
bracket_parse(struct parser *p)
{
    uint32_t at = p->now.at;
    struct term *term;

    if (!parser_step(p))
        return NULL;
    term = parser_any(p, 0);
    if (term == NULL || !parser_expect(p, TOKEN_CLOSE, "')'"))
        return NULL;
    term->at = at;
    term->size = p->end - at;
    term->bracketed = true;
    return term;
}

static struct term *
not_parse(struct parser *p)
{
    struct term *term = parser_term(p, TERM_NOT, p->now.at);
    struct parts parts = {0};

    if (term == NULL || !parser_step(p) || !parser_part(p, &parts, BIND_NOT))
        return NULL;
    return parser_close(p, term, &parts);
}

struct term *
parser_value(struct parser *p)
{
    switch (p->now.kind) {
    case TOKEN_INTEGER:
    case TOKEN_DECIMAL:
    case TOKEN_REAL:
    case TOKEN_TEXT:
    case TOKEN_BYTES:
        return parser_literal(p, p->now.at, false);
    case TOKEN_OPEN:
        return bracket_parse(p);
    case TOKEN_MINUS:
    case TOKEN_PLUS:
        return sign_parse(p);
    case TOKEN_QUOTED:
        return column_parse(p);
    case TOKEN_NAME:
        break;
    default:
        parser_unexpected(p, "a value");
        return NULL;
    }
    switch (p->now.word) {
    case WORD_NULL:
    case WORD_TRUE:
    case WORD_FALSE:
        return word_literal(p);
    case WORD_NOT:
        return not_parse(p);
    case WORD_CASE:
        return case_parse(p);
    case WORD_CAST:
        return cast_parse(p);
    case WORD_DATE:
    case WORD_TIMESTAMP:
        if (p->next.kind == TOKEN_TEXT)
            return time_literal(p);
        break;
    case WORD_SELECT:
    case WORD_EXISTS:
        return parser_no_select(p);
    default:
        if (!token_word_is_bare(p->now.word)) {
            parser_unexpected(p, "a value");
            return NULL;
        }
    }
    return p->next.kind == TOKEN_OPEN ? call_parse(p) : column_parse(p);
}
