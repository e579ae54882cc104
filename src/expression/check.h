/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_CHECK_H
#define EXPRESSION_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "expression.h"
#include "term.h"

struct arena;
struct evaluation;

/* A function's state that the arena cannot give back. */
struct check_state {
    struct check_state *next;
    void (*release)(void *state);
    void *state;
};

struct checker {
    struct arena *arena;
    const char *text;
    const struct expression_scope *scope;
    struct expression_error *error;
    struct evaluation *evaluation; /* constants are folded with it */
    uint8_t *reads;                /* [scope->names] */
    struct check_state *states;
};

/** check_term(checker, slot): bind names, type and fold the term in ${slot}, which may then be another; false with the error set.
 * */
bool check_term(struct checker *checker, struct term **slot);

/** check_error(checker, term, what, …): the term is of the wrong type. Returns false. check_remedy, afterwards: what to write
 * instead. */
bool check_error(struct checker *checker, const struct term *term, const char *what, ...) __attribute__((format(printf, 3, 4)));
void check_remedy(struct checker *checker, const char *remedy, ...) __attribute__((format(printf, 2, 3)));
/** check_shown(checker, term): the term's own text for a remedy; "…" when it is long. */
const char *check_shown(struct checker *checker, const struct term *term);
/** check_named(checker, type): "decimal(12,2)", in the arena. */
const char *check_named(struct checker *checker, const struct value_type *type);
/** check_convert(checker, slot, type): the term in ${slot} as ${type}, by a cast put in between where it is another one. */
bool check_convert(struct checker *checker, struct term **slot, struct value_type type);
/* The type that several terms have in common, while they are looked at. */
struct check_common {
    struct value_type type;
    bool any;        /* a term with a type was there */
    uint8_t digits;  /* of integers */
};
/** check_widen(common, term): widen to what ${term} gives; false: they do not mix. A bare NULL mixes with all. */
bool check_widen(struct check_common *common, const struct term *term);
/** check_boolean(checker, slot, where): it must be a boolean: "AND takes a boolean, not integer". */
bool check_boolean(struct checker *checker, struct term **slot, const char *where);
/** check_decimal(term): the decimal type that holds what it gives: integers decimal(19,0), integer constants as many digits as
 * they have. */
struct value_type check_decimal(const struct term *term);
/** check_null(checker, at, type): a constant null of that type in the place of ${at}. */
struct term *check_null(struct checker *checker, const struct term *at, struct value_type type);
static inline bool
check_is_number(enum daybreak_type type)
{
    return type == DAYBREAK_TYPE_INTEGER || type == DAYBREAK_TYPE_DECIMAL || type == DAYBREAK_TYPE_REAL;
}

#endif
