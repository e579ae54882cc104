/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_TOKEN_H
#define EXPRESSION_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

struct expression_error;

/* The words of an expression's text. */
enum token_kind {
    TOKEN_END = 0,
    TOKEN_NAME,    /* a bare word; `word` says whether the grammar knows it */
    TOKEN_QUOTED,  /* "a name" */
    TOKEN_TEXT,    /* 'text' */
    TOKEN_BYTES,   /* x'0a' */
    TOKEN_INTEGER, /* 12, 0x0c */
    TOKEN_DECIMAL, /* 12.50 */
    TOKEN_REAL,    /* 1e3 */
    TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_DOT,
    TOKEN_PLUS, TOKEN_MINUS, TOKEN_STAR, TOKEN_SLASH, TOKEN_PERCENT, TOKEN_CONCAT,
    TOKEN_EQUAL, TOKEN_UNEQUAL, TOKEN_LESS, TOKEN_LESS_EQUAL, TOKEN_GREATER, TOKEN_GREATER_EQUAL,
};

#define TOKEN_WORDS(X)                                                                                                  \
    X(AND) X(AS) X(AT) X(BETWEEN) X(BOTH) X(CASE) X(CAST) X(COLLATE) X(DATE) X(DISTINCT) X(ELSE) X(END) X(ESCAPE)       \
    X(EXISTS) X(FALSE) X(FOR) X(FROM) X(GLOB) X(IN) X(IS) X(ISNULL) X(LEADING) X(LIKE) X(MATCH) X(NOT) X(NOTNULL) X(NULL)\
    X(OR) X(REGEXP) X(SELECT) X(THEN) X(TIME) X(TIMESTAMP) X(TRAILING) X(TRUE) X(WHEN) X(ZONE)

enum token_word {
    WORD_NONE = 0,
#define X(word) WORD_##word,
    TOKEN_WORDS(X)
#undef X
};

struct token {
    enum token_kind kind;
    enum token_word word;
    uint32_t at, size; /* in the text, quotes included */
};

struct token_reader {
    const char *text;
    uint32_t size, at;
    struct expression_error *error;
};

/** token_next(reader, token): the next word, TOKEN_END behind the last; false with the reader's error set. Blanks, -- and
 * slash-star comments are passed. */
bool token_next(struct token_reader *reader, struct token *token);
/** token_quoted(text, token, to): what stands between its quotes, doubled ones single, into ${to} (room token->size); the length.
 * */
uint32_t token_quoted(const char *text, const struct token *token, char *to);
/** token_error(error, code, at, size, what, …): fill an error. Returns false. */
bool token_error(struct expression_error *error, const char *code, uint32_t at, uint32_t size, const char *what, ...)
    __attribute__((format(printf, 5, 6)));
/** token_word_is_bare(word): whether a word the grammar knows may still be a column's name as it stands. */
bool token_word_is_bare(enum token_word word);

#endif
