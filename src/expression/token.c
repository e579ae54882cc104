/* SPDX-License-Identifier: Apache-2.0 */
/* First station of an expression: its text cut into words. Owns the spelling of names, numbers, quotes and comments, nothing of
 * the grammar. */
#include "token.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/utf8.h"
#include "expression.h"

static const char *const word_name[] = {
    [WORD_NONE] = "",
#define X(word) [WORD_##word] = #word,
    TOKEN_WORDS(X)
#undef X
};

bool
token_error(struct expression_error *error, const char *code, uint32_t at, uint32_t size, const char *what, ...)
{
    va_list args;

    *error = (struct expression_error){.at = at, .size = size, .code = code};
    va_start(args, what);
    vsnprintf(error->what, sizeof error->what, what, args);
    va_end(args);
    /* never half a character at the cut */
    error->what[text_utf8_cut(error->what, strlen(error->what), sizeof error->what - 2)] = '\0';
    return false;
}

bool
token_word_is_bare(enum token_word word)
{
    switch (word) {
    case WORD_NONE: /* these mean something only before something else */
    case WORD_AT:
    case WORD_BOTH:
    case WORD_DATE:
    case WORD_ESCAPE:
    case WORD_FOR:
    case WORD_GLOB:
    case WORD_LEADING:
    case WORD_MATCH:
    case WORD_REGEXP:
    case WORD_TIME:
    case WORD_TIMESTAMP:
    case WORD_TRAILING:
    case WORD_ZONE:
        return true;
    default:
        return false;
    }
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool
is_name(char c)
{
    return is_name_start(c) || is_digit(c) || c == '$';
}

static char
look(const struct token_reader *reader, uint32_t ahead)
{
    return reader->size - reader->at > ahead ? reader->text[reader->at + ahead] : '\0';
}

/* Bytes of the character there, so that a message shows it whole. */
static uint32_t
char_size(const struct token_reader *reader, uint32_t at)
{
    size_t bad, size = utf8_char(reader->text + at, reader->size - at, &bad);

    return (uint32_t)(size == 0 ? bad : size);
}

static bool
pass_blanks(struct token_reader *reader)
{
    for (;;) {
        char c = look(reader, 0);

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            reader->at++;
        } else if (c == '-' && look(reader, 1) == '-') {
            while (reader->at < reader->size && reader->text[reader->at] != '\n')
                reader->at++;
        } else if (c == '/' && look(reader, 1) == '*') {
            uint32_t start = reader->at;

            reader->at += 2;
            while (look(reader, 0) != '\0' && !(look(reader, 0) == '*' && look(reader, 1) == '/'))
                reader->at++;
            if (look(reader, 0) == '\0')
                return token_error(reader->error, "expression-syntax", start, 2, "this comment is not closed: */ is missing");
            reader->at += 2;
        } else {
            return true;
        }
    }
}

/* From the opening quote to the closing one; a doubled quote stands for one. */
static bool
read_quoted(struct token_reader *reader, char quote, struct token *token)
{
    for (;;) {
        reader->at++;
        if (reader->at >= reader->size)
            return token_error(reader->error, "expression-syntax", token->at, reader->size - token->at,
                               quote == '"' ? "this name is not closed: a \" is missing" : "this text is not closed: a ' is missing");
        if (reader->text[reader->at] != quote)
            continue;
        reader->at++;
        if (look(reader, 0) != quote)
            break;
    }
    token->size = reader->at - token->at;
    if (!text_utf8(reader->text + token->at, token->size))
        return token_error(reader->error, "expression-syntax", token->at, token->size, "this %s is not valid UTF-8",
                           quote == '"' ? "name" : "text");
    return true;
}

static bool
read_number(struct token_reader *reader, struct token *token)
{
    token->kind = TOKEN_INTEGER;
    if (look(reader, 0) == '0' && (look(reader, 1) | 0x20) == 'x') {
        reader->at += 2;
        while (strchr("0123456789abcdefABCDEF", look(reader, 0)) != NULL && look(reader, 0) != '\0')
            reader->at++;
        if (reader->at - token->at == 2)
            return token_error(reader->error, "expression-syntax", token->at, 2, "there are no digits behind 0x");
        goto end;
    }
    while (is_digit(look(reader, 0)))
        reader->at++;
    if (look(reader, 0) == '.') {
        token->kind = TOKEN_DECIMAL;
        reader->at++;
        while (is_digit(look(reader, 0)))
            reader->at++;
    }
    if ((look(reader, 0) | 0x20) == 'e') {
        uint32_t sign = look(reader, 1) == '+' || look(reader, 1) == '-';

        if (is_digit(look(reader, 1 + sign))) {
            token->kind = TOKEN_REAL;
            reader->at += 1 + sign;
            while (is_digit(look(reader, 0)))
                reader->at++;
        }
    }
end:
    if (is_name(look(reader, 0))) {
        while (is_name(look(reader, 0)))
            reader->at++;
        return token_error(reader->error, "expression-syntax", token->at, reader->at - token->at,
                           "'%.*s' is neither a number nor a name", (int)(reader->at - token->at < 80 ? reader->at - token->at : 80),
                           reader->text + token->at);
    }
    return true;
}

static bool
read_name(struct token_reader *reader, struct token *token)
{
    token->kind = TOKEN_NAME;
    while (is_name(look(reader, 0)))
        reader->at++;
    token->size = reader->at - token->at;
    if (!text_utf8(reader->text + token->at, token->size))
        return token_error(reader->error, "expression-syntax", token->at, token->size, "this name is not valid UTF-8");
    for (unsigned i = 1; i < sizeof word_name / sizeof *word_name; i++)
        if (strlen(word_name[i]) == token->size && strncasecmp(word_name[i], reader->text + token->at, token->size) == 0)
            token->word = (enum token_word)i;
    return true;
}

static bool
read_sign(struct token_reader *reader, struct token *token)
{
    static const struct {
        char sign[3];
        enum token_kind kind;
    } known[] = {/* the longer first */
                 {"||", TOKEN_CONCAT}, {"==", TOKEN_EQUAL},   {"!=", TOKEN_UNEQUAL}, {"<>", TOKEN_UNEQUAL}, {"<=", TOKEN_LESS_EQUAL},
                 {">=", TOKEN_GREATER_EQUAL},                 {"(", TOKEN_OPEN},     {")", TOKEN_CLOSE},    {",", TOKEN_COMMA},
                 {".", TOKEN_DOT},     {"+", TOKEN_PLUS},     {"-", TOKEN_MINUS},    {"*", TOKEN_STAR},     {"/", TOKEN_SLASH},
                 {"%", TOKEN_PERCENT}, {"=", TOKEN_EQUAL},    {"<", TOKEN_LESS},     {">", TOKEN_GREATER}};
    static const char *const foreign[] = {"<<", ">>", "->"};
    uint32_t size;

    for (unsigned i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (look(reader, 0) == foreign[i][0] && look(reader, 1) == foreign[i][1])
            return token_error(reader->error, "expression-syntax", token->at, 2, "there is no operator '%s' here", foreign[i]);
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        size = (uint32_t)strlen(known[i].sign);
        if (look(reader, 0) == known[i].sign[0] && (size == 1 || look(reader, 1) == known[i].sign[1])) {
            token->kind = known[i].kind;
            token->size = size;
            reader->at += size;
            return true;
        }
    }
    size = char_size(reader, token->at);
    if (strchr("&|~^!", look(reader, 0)) != NULL)
        return token_error(reader->error, "expression-syntax", token->at, size, "there is no operator '%c' here", look(reader, 0));
    if (look(reader, 0) == ';')
        return token_error(reader->error, "expression-syntax", token->at, size, "an expression is one value: it ends without ';'");
    if ((unsigned char)look(reader, 0) < 0x20 || look(reader, 0) == 0x7f)
        return token_error(reader->error, "expression-syntax", token->at, size, "there is a control character (0x%02x)",
                           (unsigned char)look(reader, 0));
    token_error(reader->error, "expression-syntax", token->at, size, "'%.*s' has no meaning here", (int)size,
                reader->text + token->at);
    if (look(reader, 0) == ':')
        snprintf(reader->error->suggestion, sizeof reader->error->suggestion, "cast(x as type)");
    return false;
}

bool
token_next(struct token_reader *reader, struct token *token)
{
    char c;

    if (!pass_blanks(reader))
        return false;
    *token = (struct token){.at = reader->at};
    if (reader->at >= reader->size)
        return true;
    c = look(reader, 0);
    if (c == '\'' || c == '"') {
        token->kind = c == '"' ? TOKEN_QUOTED : TOKEN_TEXT;
        return read_quoted(reader, c, token);
    }
    if (is_digit(c) || (c == '.' && is_digit(look(reader, 1)))) {
        if (!read_number(reader, token))
            return false;
    } else if ((c | 0x20) == 'x' && look(reader, 1) == '\'') {
        token->kind = TOKEN_BYTES;
        reader->at++;
        if (!read_quoted(reader, '\'', token))
            return false;
    } else if (is_name_start(c)) {
        if (!read_name(reader, token))
            return false;
    } else {
        return read_sign(reader, token);
    }
    token->size = reader->at - token->at;
    return true;
}

uint32_t
token_quoted(const char *text, const struct token *token, char *to)
{
    const char *at = text + token->at, *end = at + token->size - 1;
    uint32_t size = 0;
    char quote = *end;

    at = memchr(at, quote, token->size);
    for (at++; at < end; at++) {
        to[size++] = *at;
        if (*at == quote)
            at++;
    }
    return size;
}
