/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: + - * / % and signs, their types and their loops. */
#include "arithmetic.h"

#include <math.h>
#include <stdio.h>

#include "check.h"
#include "decimal.h"
#include "evaluation.h"

#define DAY_FIRST (-719162) /* 0001-01-01 */
#define DAY_LAST 2932896    /* 9999-12-31 */

__extension__ typedef unsigned __int128 uint128;

/* ---- integers and reals ------------------------------------------------------------------- */

static void
out_of_range(struct evaluation *evaluation, const struct term *term, const struct cells *in, uint32_t i, struct cells *out,
             const char *where)
{
    static const char sign[] = {[TERM_ADD] = '+', [TERM_SUBTRACT] = '-', [TERM_MULTIPLY] = '*', [TERM_DIVIDE] = '/',
                                [TERM_MODULO] = '%'};

    if (out->nulls[i])
        return; /* what a null lane holds is no value */
    if (term->count == 1)
        evaluation_fail(evaluation, i, out, "overflow", "-(%s) %s", evaluation_shown(evaluation, &in[0], i), where);
    else
        evaluation_fail(evaluation, i, out, "overflow", "%s %c %s %s", evaluation_shown(evaluation, &in[0], i), sign[term->kind],
                        evaluation_shown(evaluation, &in[1], i), where);
}

static void
by_zero(struct evaluation *evaluation, const struct cells *in, uint32_t i, struct cells *out)
{
    evaluation_fail(evaluation, i, out, "division_by_zero", "cannot divide %s by zero", evaluation_shown(evaluation, in, i));
}

#define INTEGER_LIMIT "is beyond 64 bits"
#define REAL_LIMIT "is beyond the range of a real"
#define DECIMAL_LIMIT "has more than 38 digits"

/* The loop of an integer operation that can only overflow. */
#define INTEGER_LOOP(name, operation)                                                       \
    EVALUATION_COMPUTE(name)                                                                \
    {                                                                                       \
        const int64_t *a = in[0].number, *b = in[1].number;                                 \
        const uint32_t a_mask = in[0].mask, b_mask = in[1].mask;                            \
        int64_t *to = out->number;                                                          \
                                                                                            \
        EVALUATION_EACH(i, if (operation(a[i & a_mask], b[i & b_mask], &to[i]))             \
                               out_of_range(evaluation, term, in, i, out, INTEGER_LIMIT);); \
    }
INTEGER_LOOP(integer_add, __builtin_add_overflow)
INTEGER_LOOP(integer_subtract, __builtin_sub_overflow)
INTEGER_LOOP(integer_multiply, __builtin_mul_overflow)

EVALUATION_COMPUTE(integer_modulo)
{
    const uint32_t a_mask = in[0].mask, b_mask = in[1].mask;

    (void)term;
    EVALUATION_EACH(i, const int64_t by = in[1].number[i & b_mask];
                    if (out->nulls[i])
                        continue;
                    if (by == 0)
                        by_zero(evaluation, &in[0], i, out);
                    else /* the least integer has no quotient by -1, but every integer the rest 0 */
                        out->number[i] = by == -1 ? 0 : in[0].number[i & a_mask] % by;);
}

EVALUATION_COMPUTE(integer_negate)
{
    EVALUATION_EACH(i, if (__builtin_sub_overflow(INT64_C(0), in[0].number[i & in[0].mask], &out->number[i]))
                           out_of_range(evaluation, term, in, i, out, INTEGER_LIMIT););
}

#define REAL_LOOP(name, operation)                                                                            \
    EVALUATION_COMPUTE(name)                                                                                  \
    {                                                                                                         \
        const double *x = in[0].real, *y = in[1].real;                                                        \
        const uint32_t x_mask = in[0].mask, y_mask = in[1].mask;                                              \
        double *to = out->real;                                                                               \
                                                                                                              \
        EVALUATION_EACH(i, const double a = x[i & x_mask]; const double b = y[i & y_mask]; to[i] = operation; \
                        if (!isfinite(to[i])) out_of_range(evaluation, term, in, i, out, REAL_LIMIT););       \
    }
REAL_LOOP(real_add, a + b)
REAL_LOOP(real_subtract, a - b)
REAL_LOOP(real_multiply, a *b)

EVALUATION_COMPUTE(real_divide)
{
    const uint32_t a_mask = in[0].mask, b_mask = in[1].mask;
    const bool rest = term->kind == TERM_MODULO;

    EVALUATION_EACH(i, const double by = in[1].real[i & b_mask];
                    if (out->nulls[i])
                        continue;
                    if (by == 0) {
                        by_zero(evaluation, &in[0], i, out);
                        continue;
                    }
                    out->real[i] = rest ? fmod(in[0].real[i & a_mask], by) : in[0].real[i & a_mask] / by;
                    if (!isfinite(out->real[i]))
                        out_of_range(evaluation, term, in, i, out, REAL_LIMIT););
}

EVALUATION_COMPUTE(real_negate)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, out->real[i] = -in[0].real[i & in[0].mask];);
}

/* ---- decimals ----------------------------------------------------------------------------- */

/* Unsigned, because a lane that is null may hold anything; what is not null cannot overflow, its type says so. */
#define DECIMAL_LOOP(name, operation)                                                                         \
    EVALUATION_COMPUTE(name)                                                                                  \
    {                                                                                                         \
        const value_int128 *a = in[0].decimal, *b = in[1].decimal;                                            \
        const uint32_t a_mask = in[0].mask, b_mask = in[1].mask;                                              \
        value_int128 *to = out->decimal;                                                                      \
                                                                                                              \
        (void)evaluation;                                                                                     \
        (void)term;                                                                                           \
        EVALUATION_EACH(i, to[i] = (value_int128)((uint128)a[i & a_mask] operation(uint128) b[i & b_mask]);); \
    }
DECIMAL_LOOP(decimal_add, +)
DECIMAL_LOOP(decimal_subtract, -)
DECIMAL_LOOP(decimal_multiply, *)

/* Sums and products whose digits do not all fit, and what is divided: each looked at. */
EVALUATION_COMPUTE(decimal_slow)
{
    const unsigned a_scale = in[0].type.scale, b_scale = in[1].type.scale, scale = out->type.scale, precision = out->type.precision;
    const int shift = (int)scale - (int)a_scale + (int)b_scale;

    EVALUATION_EACH(i, const value_int128 a = in[0].decimal[i & in[0].mask]; const value_int128 b = in[1].decimal[i & in[1].mask];
                    bool good = true;
                    if (out->nulls[i])
                        continue;
                    switch (term->kind) {
                    case TERM_ADD:
                    case TERM_SUBTRACT:
                        good = decimal_sum(a, a_scale, term->kind == TERM_ADD ? b : -b, b_scale, scale, precision, &out->decimal[i]);
                        break;
                    case TERM_MULTIPLY:
                        good = decimal_product(a, b, a_scale + b_scale - scale, precision, &out->decimal[i]);
                        break;
                    default:
                        if (b == 0)
                            by_zero(evaluation, &in[0], i, out);
                        else if (term->kind == TERM_MODULO)
                            out->decimal[i] = decimal_rest(a, a_scale, b, b_scale);
                        else
                            good = decimal_quotient(a, b, shift, precision, &out->decimal[i]);
                    }
                    if (!good)
                        out_of_range(evaluation, term, in, i, out, DECIMAL_LIMIT););
}

EVALUATION_COMPUTE(decimal_negate)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, out->decimal[i] = (value_int128)(0 - (uint128)in[0].decimal[i & in[0].mask]););
}

/* ---- dates -------------------------------------------------------------------------------- */

EVALUATION_COMPUTE(date_shift)
{
    const bool turned = in[0].type.type != DAYBREAK_TYPE_DATE; /* 3 + day */
    const struct cells *date = &in[turned], *days = &in[!turned];
    const bool minus = term->kind == TERM_SUBTRACT;

    EVALUATION_EACH(i, const int64_t day = date->number[i & date->mask];
                    const int64_t by = days->number[i & days->mask];
                    int64_t result;
                    if (minus ? __builtin_sub_overflow(day, by, &result) : __builtin_add_overflow(day, by, &result))
                        result = INT64_MAX;
                    out->number[i] = result;
                    if (result < DAY_FIRST || result > DAY_LAST)
                        out_of_range(evaluation, term, in, i, out, "lies outside the years 1 to 9999"););
}

EVALUATION_COMPUTE(time_between)
{
    const bool seconds = term->type.type == DAYBREAK_TYPE_DECIMAL;

    (void)evaluation;
    EVALUATION_EACH(i, const uint64_t a = (uint64_t)in[0].number[i & in[0].mask];
                    const uint64_t b = (uint64_t)in[1].number[i & in[1].mask];
                    const int64_t between = (int64_t)(a - b);
                    if (seconds)
                        out->decimal[i] = between; /* microseconds: six digits behind the point */
                    else
                        out->number[i] = between;);
}

/* ---- types -------------------------------------------------------------------------------- */

struct value_type
arithmetic_capped(unsigned whole, unsigned scale)
{
    struct value_type type = {.type = DAYBREAK_TYPE_DECIMAL, .precision = DECIMAL_DIGITS, .scale = (uint8_t)scale};

    if (whole + scale <= DECIMAL_DIGITS) {
        type.precision = (uint8_t)(whole + scale > 0 ? whole + scale : 1);
    } else {
        const unsigned least = scale < 6 ? scale : 6, left = whole < DECIMAL_DIGITS ? DECIMAL_DIGITS - whole : 0;

        type.scale = (uint8_t)(left > least ? left : least);
    }
    return type;
}

static unsigned
most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* Decimals, at least one of them; or two integers that are divided. */
static bool
decimal_check(struct checker *checker, struct term *term)
{
    const struct value_type a = check_decimal(term->part[0]), b = check_decimal(term->part[1]);
    const unsigned a_whole = a.precision - a.scale, b_whole = b.precision - b.scale;
    unsigned whole, scale = most(a.scale, b.scale);
    bool fits;

    switch (term->kind) {
    case TERM_MULTIPLY:
        whole = a_whole + b_whole;
        scale = a.scale + b.scale;
        term->compute = decimal_multiply;
        break;
    case TERM_DIVIDE:
        whole = a_whole + b.scale;
        scale = most(a.scale, a.scale + 6u < 12 ? a.scale + 6u : 12);
        break;
    case TERM_MODULO:
        whole = a_whole < b_whole ? a_whole : b_whole;
        break;
    default:
        whole = most(a_whole, b_whole) + 1;
        term->compute = term->kind == TERM_ADD ? decimal_add : decimal_subtract;
    }
    term->type = arithmetic_capped(whole, scale);
    fits = whole + scale <= DECIMAL_DIGITS;
    if (!fits || term->compute == NULL)
        term->compute = decimal_slow;
    for (int n = 0; n < 2; n++) {
        struct value_type type = n == 0 ? a : b;

        if (fits && (term->kind == TERM_ADD || term->kind == TERM_SUBTRACT)) { /* of one scale, so that the loop only adds */
            type.precision = (uint8_t)(type.precision + scale - type.scale);
            type.scale = (uint8_t)scale;
        }
        if (!check_convert(checker, &term->part[n], type))
            return false;
    }
    return true;
}

/* The one of the operands that is no number, said with what makes it one. */
static bool
no_numbers(struct checker *checker, struct term *term)
{
    const struct value_type *a = &term->part[0]->type, *b = &term->part[1]->type;
    const struct term *wrong = check_is_number(a->type) ? term->part[1] : term->part[0];
    const struct value_type *other = wrong == term->part[0] ? b : a;
    const char *names[2] = {check_named(checker, a), check_named(checker, b)};

    switch (term->kind) {
    case TERM_ADD:
        check_error(checker, term, "cannot add %s and %s", names[0], names[1]);
        break;
    case TERM_SUBTRACT:
        check_error(checker, term, "cannot subtract %s from %s", names[1], names[0]);
        break;
    case TERM_MULTIPLY:
        check_error(checker, term, "cannot multiply %s by %s", names[0], names[1]);
        break;
    default:
        check_error(checker, term, "cannot divide %s by %s", names[0], names[1]);
    }
    switch (wrong->type.type) {
    case DAYBREAK_TYPE_TEXT:
        if (term->kind == TERM_ADD && (other->type == DAYBREAK_TYPE_TEXT || wrong->written))
            check_remedy(checker, "texts are joined with ||");
        else
            check_remedy(checker, "cast(%s as %s)", check_shown(checker, wrong),
                         check_is_number(other->type) ? check_named(checker, other) : "integer");
        break;
    case DAYBREAK_TYPE_BOOLEAN:
        check_remedy(checker, "cast(%s as integer)", check_shown(checker, wrong));
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        if (check_is_number(other->type))
            check_remedy(checker, "date_add(%s, %s, 'day')", check_shown(checker, wrong),
                         check_shown(checker, wrong == term->part[0] ? term->part[1] : term->part[0]));
        break;
    default:
        break;
    }
    return false;
}

/* Sums and differences with dates and timestamps in them. */
static bool
time_check(struct checker *checker, struct term *term)
{
    const enum daybreak_type a = term->part[0]->type.type, b = term->part[1]->type.type;
    const bool a_time = a == DAYBREAK_TYPE_DATE || a == DAYBREAK_TYPE_TIMESTAMP;
    const bool b_time = b == DAYBREAK_TYPE_DATE || b == DAYBREAK_TYPE_TIMESTAMP;

    if (term->kind == TERM_SUBTRACT && a_time && b_time) {
        term->compute = time_between;
        if (a == DAYBREAK_TYPE_DATE && b == DAYBREAK_TYPE_DATE) {
            term->type = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
            return true;
        }
        term->type = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 18, .scale = 6};
        return check_convert(checker, &term->part[0], (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP}) &&
               check_convert(checker, &term->part[1], (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP});
    }
    if ((a == DAYBREAK_TYPE_DATE && b == DAYBREAK_TYPE_INTEGER && (term->kind == TERM_ADD || term->kind == TERM_SUBTRACT)) ||
        (b == DAYBREAK_TYPE_DATE && a == DAYBREAK_TYPE_INTEGER && term->kind == TERM_ADD)) {
        term->type = (struct value_type){.type = DAYBREAK_TYPE_DATE};
        term->compute = date_shift;
        return true;
    }
    return no_numbers(checker, term);
}

static bool
sign_check(struct checker *checker, struct term *term)
{
    struct term *part = term->part[0];

    if (part->nothing) {
        if (!check_convert(checker, &term->part[0], (struct value_type){.type = DAYBREAK_TYPE_INTEGER}))
            return false;
        part = term->part[0];
    }
    if (!check_is_number(part->type.type)) {
        check_error(checker, term, "a sign stands before a number, not before %s", check_named(checker, &part->type));
        if (part->type.type == DAYBREAK_TYPE_TEXT)
            check_remedy(checker, "%scast(%s as integer)", term->kind == TERM_NEGATE ? "-" : "", check_shown(checker, part));
        return false;
    }
    term->type = part->type;
    term->compute = term->kind == TERM_PLUS                    ? NULL
                    : part->type.type == DAYBREAK_TYPE_INTEGER ? integer_negate
                    : part->type.type == DAYBREAK_TYPE_DECIMAL ? decimal_negate
                                                               : real_negate;
    return true;
}

bool
arithmetic_check(struct checker *checker, struct term *term)
{
    static term_compute *const integer[] = {[TERM_ADD] = integer_add, [TERM_SUBTRACT] = integer_subtract,
                                            [TERM_MULTIPLY] = integer_multiply, [TERM_MODULO] = integer_modulo};
    static term_compute *const real[] = {[TERM_ADD] = real_add, [TERM_SUBTRACT] = real_subtract, [TERM_MULTIPLY] = real_multiply,
                                         [TERM_DIVIDE] = real_divide, [TERM_MODULO] = real_divide};
    enum daybreak_type a, b;

    if (term->kind == TERM_NEGATE || term->kind == TERM_PLUS)
        return sign_check(checker, term);
    for (int n = 0; n < 2; n++) /* a bare NULL is what the other is */
        if (term->part[n]->nothing) {
            const struct term *other = term->part[!n];
            const bool days = other->nothing || other->type.type == DAYBREAK_TYPE_DATE;

            if (!check_convert(checker, &term->part[n], days ? (struct value_type){.type = DAYBREAK_TYPE_INTEGER} : other->type))
                return false;
        }
    a = term->part[0]->type.type;
    b = term->part[1]->type.type;
    if (!check_is_number(a) || !check_is_number(b))
        return time_check(checker, term);
    if (a == DAYBREAK_TYPE_REAL || b == DAYBREAK_TYPE_REAL) {
        term->type = (struct value_type){.type = DAYBREAK_TYPE_REAL};
        term->compute = real[term->kind];
        return check_convert(checker, &term->part[0], term->type) && check_convert(checker, &term->part[1], term->type);
    }
    if (a == DAYBREAK_TYPE_INTEGER && b == DAYBREAK_TYPE_INTEGER && term->kind != TERM_DIVIDE) {
        term->type = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
        term->compute = integer[term->kind];
        return true;
    }
    return decimal_check(checker, term);
}
