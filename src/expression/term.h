/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_TERM_H
#define EXPRESSION_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "cells.h"

struct evaluation;
struct function;
struct term;

/* Limits of one expression; a chain of AND, OR or || is one term of many parts, other chains are as deep as they are long. */
#define TERM_TEXT_MAX (64u << 10)
#define TERMS_MAX 10000u
#define TERM_NESTING_MAX 200u
#define TERM_CHAIN_MAX 1000u

enum term_kind {
    TERM_CONSTANT = 0,
    TERM_COLUMN,
    TERM_CAST,
    TERM_CALL,
    TERM_NEGATE,
    TERM_PLUS,
    /* of two numbers, dates … */
    TERM_ADD, TERM_SUBTRACT, TERM_MULTIPLY, TERM_DIVIDE, TERM_MODULO,
    /* of two comparable values */
    TERM_EQUAL, TERM_UNEQUAL, TERM_LESS, TERM_LESS_EQUAL, TERM_GREATER, TERM_GREATER_EQUAL, TERM_SAME, TERM_DISTINCT,
    TERM_IS_NULL, TERM_IS_TRUE, TERM_IS_FALSE, /* negated: NOT NULL, … */
    TERM_NOT, TERM_AND, TERM_OR,
    TERM_CONCAT,
    TERM_LIKE,     /* text, pattern, [escape] */
    TERM_IN,       /* value, one or more candidates */
    TERM_BETWEEN,  /* value, low, high */
    TERM_CASE,     /* [operand], (when, then)…, [else] */
    TERM_COALESCE,
    TERM_NULLIF,
    TERM_LEAST, TERM_GREATEST,
};

/** The way a term without laziness computes: out has memory of its own at the lanes; out->nulls is 1 where a part is null. Rows
 * that fail become null. ${lane} NULL: lanes 0..lanes. */
typedef void term_compute(struct evaluation *evaluation, struct term *term, const struct cells *in, const uint32_t *lane,
                          uint32_t lanes, struct cells *out);

/* One node. The parser sets kind, place, parts; the checker all the rest, and puts terms that convert in between. */
struct term {
    enum term_kind kind;
    bool negated;          /* IS NOT, NOT IN, NOT LIKE, NOT BETWEEN */
    bool has_operand, has_else;
    bool nothing;          /* a bare NULL: it takes the type that is asked for */
    bool bracketed;
    bool written;          /* a number or text as it stands in the expression, or one with a sign */
    uint16_t depth;
    uint32_t at, size;     /* in the expression's text, brackets around it included */
    uint32_t count;
    struct term **part;
    struct value_type type;
    struct cells value;    /* constants: one cell */
    uint32_t column;       /* index into the scope */
    const char *name;      /* of a call, lower case; of a column as written */
    bool quoted;           /* the name was in double quotes */
    const struct function *function;
    void *state;           /* of the function; of LIKE and IN what is known of a constant pattern or list */
    term_compute *compute;
    struct cells *scratch; /* [count], while its parts are computed */
};

#endif
