/* SPDX-License-Identifier: Apache-2.0 */
/* Part of the checker: the types of forms, and those forms that need no laziness with their loops. */
#include "form.h"

#include "check.h"
#include "compare.h"
#include "evaluation.h"
#include "member.h"

EVALUATION_COMPUTE(not_compute)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, out->number[i] = !in->number[i & in->mask];);
}

EVALUATION_COMPUTE(is_null_compute)
{
    const uint8_t wanted = !term->negated;

    (void)evaluation;
    EVALUATION_EACH(i, out->number[i] = in->nulls[i & in->mask] == wanted; out->nulls[i] = 0;);
}

/* IS [NOT] TRUE, IS [NOT] FALSE. */
EVALUATION_COMPUTE(is_boolean_compute)
{
    const int64_t wanted = term->kind == TERM_IS_TRUE;

    (void)evaluation;
    EVALUATION_EACH(i, out->number[i] = (!in->nulls[i & in->mask] && in->number[i & in->mask] == wanted) != term->negated;
                    out->nulls[i] = 0;);
}

/* greatest, least: null when any part is, as max and min of SQLite. */
EVALUATION_COMPUTE(extreme_compute)
{
    const enum term_kind better = term->kind == TERM_GREATEST ? TERM_GREATER : TERM_LESS;
    struct evaluation_slot *slot = evaluation_slot_take(evaluation), *nulls = evaluation_slot_take(evaluation);
    int64_t *is_better = (int64_t *)slot->cell;
    struct cells best = *out;

    best.nulls = nulls->nulls; /* what is copied is not null, and must not say so for lanes where another part is */
    evaluation_copy(&best, &in[0], lane, lanes);
    for (uint32_t n = 1; n < term->count; n++) {
        uint32_t *chosen = (uint32_t *)nulls->cell, count = 0;

        compare_run(better, &in[n], &best, out->nulls, lane, lanes, is_better);
        EVALUATION_EACH(i, chosen[count] = i; count += !out->nulls[i] && is_better[i];);
        evaluation_copy(&best, &in[n], chosen, count);
    }
    evaluation_slot_give(evaluation, slot);
    evaluation_slot_give(evaluation, nulls);
}

/* ---- types -------------------------------------------------------------------------------- */

/* The part behind ${n} that can come out of the form: WHEN and THEN go in pairs, ELSE stands alone. */
static uint32_t
next_result(const struct term *term, uint32_t n, uint32_t step)
{
    if (n + step < term->count)
        return n + step;
    return term->has_else && n + 1 < term->count ? n + 1 : term->count;
}

/* What can come out gets one type. */
static bool
results_check(struct checker *checker, struct term *term, uint32_t first, uint32_t step, const char *name)
{
    struct check_common common = {0};

    for (uint32_t n = first; n < term->count; n = next_result(term, n, step))
        if (!check_widen(&common, term->part[n])) {
            check_error(checker, term->part[n], "%s gives both %s and %s", name, check_named(checker, &common.type),
                        check_named(checker, &term->part[n]->type));
            check_remedy(checker, "cast(%s as %s)", check_shown(checker, term->part[n]), check_named(checker, &common.type));
            return false;
        }
    term->type = common.type; /* text, when all are bare NULLs */
    for (uint32_t n = first; n < term->count; n = next_result(term, n, step))
        if (!check_convert(checker, &term->part[n], common.type))
            return false;
    return true;
}

static bool
case_check(struct checker *checker, struct term *term)
{
    const uint32_t first = term->has_operand, whens = term->count - first - term->has_else;

    if (term->has_operand) {
        if (!compare_group(checker, term, term->count - term->has_else, 2))
            return false;
    } else {
        for (uint32_t n = 0; n < whens; n += 2)
            if (!check_boolean(checker, &term->part[n], term->name == NULL ? "WHEN" : term->name))
                return false;
    }
    return results_check(checker, term, first + 1, 2, term->name == NULL ? "CASE" : term->name);
}

bool
form_check(struct checker *checker, struct term *term)
{
    term->type = (struct value_type){.type = DAYBREAK_TYPE_BOOLEAN};
    switch (term->kind) {
    case TERM_NOT:
        term->compute = not_compute;
        return check_boolean(checker, &term->part[0], "NOT");
    case TERM_AND:
    case TERM_OR:
        for (uint32_t n = 0; n < term->count; n++)
            if (!check_boolean(checker, &term->part[n], term->kind == TERM_AND ? "AND" : "OR"))
                return false;
        return true;
    case TERM_IS_NULL:
        term->compute = is_null_compute;
        return true;
    case TERM_IS_TRUE:
    case TERM_IS_FALSE:
        term->compute = is_boolean_compute;
        return check_boolean(checker, &term->part[0], term->kind == TERM_IS_TRUE ? "IS TRUE" : "IS FALSE");
    case TERM_BETWEEN:
        return compare_group(checker, term, 3, 1);
    case TERM_IN:
        return compare_group(checker, term, term->count, 1) && member_check(checker, term);
    case TERM_NULLIF:
        if (!compare_group(checker, term, 2, 1))
            return false;
        term->type = term->part[0]->type;
        return true;
    case TERM_CASE:
        return case_check(checker, term);
    case TERM_COALESCE:
        return results_check(checker, term, 0, 1, term->name);
    default: /* TERM_LEAST, TERM_GREATEST */
        term->compute = extreme_compute;
        return results_check(checker, term, 0, 1, term->name);
    }
}
