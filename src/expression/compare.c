/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: comparisons. Owns which types compare and how, for operators and forms alike. */
#include "compare.h"

#include <string.h>

#include "check.h"
#include "decimal.h"
#include "evaluation.h"

/* ---- two values --------------------------------------------------------------------------- */

int
compare_texts(struct daybreak_text a, struct daybreak_text b)
{
    const uint32_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);

    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

static inline bool
same_text(struct daybreak_text a, struct daybreak_text b)
{
    return a.size == b.size && (a.size == 0 || (a.at[0] == b.at[0] && memcmp(a.at, b.at, a.size) == 0));
}

/* Exact, beyond 2^53 too. */
static int
integer_real(int64_t a, double b)
{
    int64_t whole;

    if (b >= 9223372036854775808.0)
        return -1;
    if (b < -9223372036854775808.0)
        return 1;
    whole = (int64_t)b;
    if (a != whole)
        return a < whole ? -1 : 1;
    return b > (double)whole ? -1 : b < (double)whole;
}

static int
reals(double a, double b)
{
    return a < b ? -1 : a > b;
}

/* Numbers of two types. */
static int
mixed(const struct cells *a, uint32_t i, const struct cells *b, uint32_t j)
{
    switch (a->type.type) {
    case DAYBREAK_TYPE_INTEGER:
        return b->type.type == DAYBREAK_TYPE_REAL ? integer_real(a->number[i], b->real[j])
                                                  : decimal_order(a->number[i], 0, b->decimal[j], b->type.scale);
    case DAYBREAK_TYPE_DECIMAL:
        return b->type.type == DAYBREAK_TYPE_REAL      ? reals(decimal_real(a->decimal[i], a->type.scale), b->real[j])
               : b->type.type == DAYBREAK_TYPE_INTEGER ? decimal_order(a->decimal[i], a->type.scale, b->number[j], 0)
                                                       : decimal_order(a->decimal[i], a->type.scale, b->decimal[j], b->type.scale);
    default:
        return b->type.type == DAYBREAK_TYPE_INTEGER ? -integer_real(b->number[j], a->real[i])
                                                     : reals(a->real[i], decimal_real(b->decimal[j], b->type.scale));
    }
}

/* ---- columns ------------------------------------------------------------------------------ */

/* Which of below, equal, above a comparison takes, one bit each. */
static const uint8_t takes[] = {[TERM_EQUAL] = 2, [TERM_UNEQUAL] = 5, [TERM_LESS] = 1, [TERM_LESS_EQUAL] = 3, [TERM_GREATER] = 4,
                                [TERM_GREATER_EQUAL] = 6};

#define COMPARE_LOOPS(member)                                                        \
    switch (kind) {                                                                  \
    case TERM_EQUAL:                                                                 \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] == b->member[i & b_mask];); \
        return;                                                                      \
    case TERM_UNEQUAL:                                                               \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] != b->member[i & b_mask];); \
        return;                                                                      \
    case TERM_LESS:                                                                  \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] < b->member[i & b_mask];);  \
        return;                                                                      \
    case TERM_LESS_EQUAL:                                                            \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] <= b->member[i & b_mask];); \
        return;                                                                      \
    case TERM_GREATER:                                                               \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] > b->member[i & b_mask];);  \
        return;                                                                      \
    default:                                                                         \
        EVALUATION_EACH(i, to[i] = a->member[i & a_mask] >= b->member[i & b_mask];); \
        return;                                                                      \
    }

static void
texts_run(enum term_kind kind, const struct cells *a, const struct cells *b, const uint8_t *nulls, const uint32_t *lane,
          uint32_t lanes, int64_t *to)
{
    const uint32_t a_mask = a->mask, b_mask = b->mask;
    const struct daybreak_text *x = a->text, *y = b->text;
    const unsigned taken = takes[kind];

    if (kind == TERM_EQUAL || kind == TERM_UNEQUAL)
        EVALUATION_EACH(i, to[i] = (!nulls[i] && same_text(x[i & a_mask], y[i & b_mask])) == (kind == TERM_EQUAL););
    else
        EVALUATION_EACH(i, if (!nulls[i]) {
            const int order = compare_texts(x[i & a_mask], y[i & b_mask]);

            to[i] = taken >> (order < 0 ? 0 : order == 0 ? 1 : 2) & 1;
        });
}

void
compare_run(enum term_kind kind, const struct cells *a, const struct cells *b, const uint8_t *nulls, const uint32_t *lane,
            uint32_t lanes, int64_t *to)
{
    const uint32_t a_mask = a->mask, b_mask = b->mask;
    const unsigned taken = takes[kind];

    if (a->type.type == b->type.type)
        switch (a->type.type) {
        case DAYBREAK_TYPE_TEXT:
        case DAYBREAK_TYPE_BYTES:
            texts_run(kind, a, b, nulls, lane, lanes, to);
            return;
        case DAYBREAK_TYPE_REAL:
            COMPARE_LOOPS(real)
        case DAYBREAK_TYPE_DECIMAL:
            if (a->type.scale == b->type.scale)
                COMPARE_LOOPS(decimal)
            break;
        default:
            COMPARE_LOOPS(number)
        }
    EVALUATION_EACH(i, if (!nulls[i]) to[i] = taken >> (mixed(a, i & a_mask, b, i & b_mask) + 1) & 1;);
}

EVALUATION_COMPUTE(compare_compute)
{
    (void)evaluation;
    compare_run(term->kind, &in[0], &in[1], out->nulls, lane, lanes, out->number);
}

/* IS [NOT] DISTINCT FROM: never null itself. */
EVALUATION_COMPUTE(same_compute)
{
    const int64_t same = term->kind == TERM_SAME;

    (void)evaluation;
    compare_run(same ? TERM_EQUAL : TERM_UNEQUAL, &in[0], &in[1], out->nulls, lane, lanes, out->number);
    EVALUATION_EACH(i, if (out->nulls[i]) {
        out->number[i] = (in[0].nulls[i & in[0].mask] == in[1].nulls[i & in[1].mask]) == same;
        out->nulls[i] = 0;
    });
}

/* ---- types -------------------------------------------------------------------------------- */

static bool
is_time(enum daybreak_type type)
{
    return type == DAYBREAK_TYPE_DATE || type == DAYBREAK_TYPE_TIMESTAMP;
}

static void
incomparable_remedy(struct checker *checker, const struct term *a, const struct term *b)
{
    const bool turned = b->type.type == DAYBREAK_TYPE_TEXT;
    const struct term *text = turned ? b : a, *other = turned ? a : b;
    const char *shown = check_shown(checker, text);

    if (text->type.type != DAYBREAK_TYPE_TEXT) {
        if (a->type.type == DAYBREAK_TYPE_BOOLEAN && check_is_number(b->type.type))
            check_remedy(checker, "a boolean is a condition by itself: %s, NOT %s", check_shown(checker, a),
                         check_shown(checker, a));
        return;
    }
    if (other->type.type == DAYBREAK_TYPE_BYTES)
        return;
    if (text->written && is_time(other->type.type))
        check_remedy(checker, "%s %s", other->type.type == DAYBREAK_TYPE_DATE ? "DATE" : "TIMESTAMP", shown);
    else if (other->written && check_is_number(other->type.type))
        check_remedy(checker, "'%s', or cast(%s as %s)", check_shown(checker, other), shown, check_named(checker, &other->type));
    else if (text->written && text->kind == TERM_CONSTANT && check_is_number(other->type.type))
        check_remedy(checker, "write the number without quotes");
    else
        check_remedy(checker, "cast(%s as %s)", shown, check_named(checker, &other->type));
}

static bool
comparable(const struct term *a, const struct term *b)
{
    const enum daybreak_type x = a->type.type, y = b->type.type;

    return x == y || (check_is_number(x) && check_is_number(y)) || (is_time(x) && is_time(y));
}

/* A constant number in the shape of what it is compared with, where that loses nothing: then the loops are of one type. */
static bool
constant_fit(struct checker *checker, struct term **slot, const struct term *other)
{
    const struct term *term = *slot;
    struct value_type type = check_decimal(term);

    if (term->kind != TERM_CONSTANT || term->value.nulls[0] || !check_is_number(term->type.type))
        return true;
    if (other->type.type == DAYBREAK_TYPE_REAL && term->type.type == DAYBREAK_TYPE_INTEGER && type.precision <= 15)
        return check_convert(checker, slot, other->type);
    if (other->type.type != DAYBREAK_TYPE_DECIMAL || term->type.type == DAYBREAK_TYPE_REAL || type.scale > other->type.scale ||
        type.precision + other->type.scale - type.scale > DECIMAL_DIGITS)
        return true;
    type.precision = (uint8_t)(type.precision + other->type.scale - type.scale);
    type.scale = other->type.scale;
    return check_convert(checker, slot, type);
}

bool
compare_group(struct checker *checker, struct term *term, uint32_t parts, uint32_t step)
{
    struct term **part = term->part;
    bool stamps = part[0]->type.type == DAYBREAK_TYPE_TIMESTAMP;

    for (uint32_t n = 1; n < parts && part[0]->nothing; n += step) /* a bare NULL is what the first other is */
        if (!part[n]->nothing || n + step >= parts)
            if (!check_convert(checker, &part[0], part[n]->type))
                return false;
    for (uint32_t n = 1; n < parts; n += step) {
        if (part[n]->nothing && !check_convert(checker, &part[n], part[0]->type))
            return false;
        if (!comparable(part[0], part[n])) {
            check_error(checker, term->count == 2 ? term : part[n], "cannot compare %s with %s", check_named(checker, &part[0]->type),
                        check_named(checker, &part[n]->type));
            incomparable_remedy(checker, part[0], part[n]);
            return false;
        }
        stamps |= part[n]->type.type == DAYBREAK_TYPE_TIMESTAMP;
    }
    for (uint32_t n = 0; n < parts; n += n == 0 ? 1 : step) {
        if (stamps && part[n]->type.type == DAYBREAK_TYPE_DATE) {
            if (!check_convert(checker, &part[n], (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP}))
                return false;
        } else if (n > 0 ? !constant_fit(checker, &part[n], part[0]) : parts == 2 && !constant_fit(checker, &part[0], part[1])) {
            return false;
        }
    }
    return true;
}

bool
compare_check(struct checker *checker, struct term *term)
{
    term->type = (struct value_type){.type = DAYBREAK_TYPE_BOOLEAN};
    term->compute = term->kind == TERM_SAME || term->kind == TERM_DISTINCT ? same_compute : compare_compute;
    return compare_group(checker, term, 2, 1);
}
