/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_EXPRESSION_H
#define EXPRESSION_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "record/value.h"
#include "record/vector.h"

struct arena;
struct text;

/*
 * SQL scalar expressions: compiled once, typed against the columns known at that point, evaluated over a batch column by column.
 * What a compile can know (names, types, a constant that does not parse) is an error with its place; what only data can show
 * (overflow, division by zero, a failed CAST) fails single rows. Nothing else of this folder is seen from outside.
 */

/* A name an expression may use: a column ("qty", "order date" written "order date" in double quotes), a looked-up one
 * ("crm.ticket", given whole), or one of the engine's ("_op", "old.qty"). Names compare exactly; where none fits, ASCII case is
 * ignored if that leaves one. */
struct expression_name {
    const char *name;
    struct value_type type;
};

struct expression_scope {
    const struct expression_name *name;
    uint32_t names;
    const char *zone;       /* tzdata name in which dates are cut from timestamps and local texts are read; NULL: UTC */
};

/* Why a text is no expression here, and which bytes of it. */
struct expression_error {
    uint32_t at, size;
    const char *code;       /* "expression-syntax", "unknown-column", "unknown-function", "expression-type", "expression-limit" */
    char what[320];         /* lower case, no full stop */
    char suggestion[128];   /* did-you-mean or remedy; empty when there is none */
};

/* A row that could not be computed. Texts live in the arena of the run. */
struct expression_failure {
    uint32_t row;
    const char *reason;     /* stable_snake_case: overflow, division_by_zero, bad_cast, match_limit, … */
    const char *detail;     /* for people: "cannot divide 12.50 by zero" */
};

struct expression_failures {
    struct expression_failure *item;
    uint32_t count, room;
};

struct expression;

/**
 * expression_compile(arena, text, scope, error): the expression ${text}, in ${arena} (with copies of what it needs of text and scope); NULL
 * with ${error} filled. At most 64 KiB of text, 10,000 nodes, nesting 200. An expression that is a mere column or constant costs nothing a row.
 */
struct expression *expression_compile(struct arena *arena, const char *text, const struct expression_scope *scope,
                                      struct expression_error *error);
/** expression_free(expression): what an arena cannot give back (compiled patterns). NULL does nothing. */
void expression_free(struct expression *expression);
/** expression_type(expression): the type of its values. The type of a bare NULL is text. */
const struct value_type *expression_type(const struct expression *expression);
const char *expression_text(const struct expression *expression);
/** expression_reads(expression, count): the names it uses, as indices into the scope, ascending, each once. */
const uint32_t *expression_reads(const struct expression *expression, uint32_t *count);
/** expression_column(expression): the name it is, when it is a mere column; else UINT32_MAX. */
uint32_t expression_column(const struct expression *expression);
/** expression_constant(expression, value): when it reads no name and cannot fail, true, and its canonical text in ${value} (size DAYBREAK_NULL:
 * null), lent as long as the expression. */
bool expression_constant(const struct expression *expression, struct daybreak_text *value);

/**
 * expression_run(expression, input, rows, pick, picked, arena, out, failures):
 * Compute rows ${pick}[0..picked) (NULL: rows 0..picked) of a batch of ${rows}. ${input}[n] is the vector of name n of the scope;
 * only those of expression_reads are looked at. ${out} is filled row-indexed in ${arena}, its nulls always set, its texts lie there, in the
 * input or in the expression; rows that fail are null there and are added to ${failures} (grown in ${arena}; one failure a row). Branches
 * are lazy: CASE, AND, OR, IN, coalesce, nullif, iif never fail for what SQL would not look at. One thread at a time an expression.
 */
void expression_run(struct expression *expression, const struct vector *input, uint32_t rows, const uint32_t *pick, uint32_t picked,
                    struct arena *arena, struct vector *out, struct expression_failures *failures);

/* What people can look up: `daybreak explain expressions` and the manual. */
struct expression_help {
    const char *name;       /* "round" */
    const char *group;      /* "text", "number", "date and time", "choice", "hash", "pattern", "operator" */
    const char *shape;      /* "round(number [, digits integer]) → number of the same type" */
    const char *help;       /* one sentence, with what a null does when that is not null */
    const char *example;    /* an expression without columns … */
    const char *gives;      /* … and its canonical text (NULL: null): a test computes each */
};
extern const struct expression_help expression_help[]; /* ends with name NULL; functions and operators */

/* Where an expression deliberately is not what SQLite would answer. */
struct expression_difference {
    const char *what, *here, *sqlite, *why;
};
extern const struct expression_difference expression_differences[]; /* ends with what NULL */

#endif
