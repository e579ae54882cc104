/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: IN. Owns the sorted constants of a list. */
#include "member.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "check.h"
#include "compare.h"
#include "evaluation.h"

#define FEW 8 /* so many are compared one after the other */

struct member {
    union { /* ascending, of the value's type */
        int64_t *number;
        double *real;
        value_int128 *decimal;
        struct daybreak_text *text;
        void *cell;
    };
    uint32_t count;
    bool null; /* a NULL stands in the list */
};

/* ---- order -------------------------------------------------------------------------------- */

static int
number_order(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int
real_order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static int
decimal_order_of(const void *a, const void *b)
{
    const value_int128 x = *(const value_int128 *)a, y = *(const value_int128 *)b;

    return x < y ? -1 : x > y;
}

/* Shorter ones first: most are told apart without a look at their bytes. */
static int
text_order(const void *a, const void *b)
{
    const struct daybreak_text *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->size == 0 ? 0 : memcmp(x->at, y->at, x->size);
}

static int (*order_of(enum daybreak_type type))(const void *, const void *)
{
    switch (type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        return text_order;
    case DAYBREAK_TYPE_DECIMAL:
        return decimal_order_of;
    case DAYBREAK_TYPE_REAL:
        return real_order;
    default:
        return number_order;
    }
}

bool
member_check(struct checker *checker, struct term *term)
{
    const struct value_type *type = &term->part[0]->type;
    const uint32_t width = cells_width(type->type);
    struct member *member = arena_zero(checker->arena, sizeof *member);
    uint32_t left = 1;

    member->cell = arena_alloc(checker->arena, (size_t)term->count * width);
    for (uint32_t n = 1; n < term->count; n++) {
        const struct term *part = term->part[n];

        if (part->kind == TERM_CONSTANT && part->value.nulls[0]) {
            member->null = true;
        } else if (part->kind == TERM_CONSTANT && part->type.type == type->type && part->type.scale == type->scale) {
            memcpy((char *)member->cell + (size_t)member->count * width, part->value.cell, width);
            member->count++;
        } else {
            term->part[left++] = term->part[n];
        }
    }
    term->count = left;
    qsort(member->cell, member->count, width, order_of(type->type));
    term->state = member;
    return true;
}

/* ---- looking up --------------------------------------------------------------------------- */

static bool
text_found(const struct member *member, struct daybreak_text text)
{
    if (member->count > FEW)
        return bsearch(&text, member->text, member->count, sizeof text, text_order) != NULL;
    for (uint32_t n = 0; n < member->count; n++)
        if (text_order(&text, &member->text[n]) == 0)
            return true;
    return false;
}

static bool
number_found(const struct member *member, int64_t number)
{
    bool found = false;

    if (member->count > FEW)
        return bsearch(&number, member->number, member->count, sizeof number, number_order) != NULL;
    for (uint32_t n = 0; n < member->count; n++)
        found |= member->number[n] == number;
    return found;
}

/* Into out->number, for the lanes that are not null. */
static void
constants_find(const struct member *member, const struct cells *value, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    const uint32_t mask = value->mask;

    switch (value->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        EVALUATION_EACH(i, out->number[i] = !out->nulls[i] && text_found(member, value->text[i & mask]););
        break;
    case DAYBREAK_TYPE_DECIMAL:
        EVALUATION_EACH(i, const value_int128 number = value->decimal[i & mask];
                        out->number[i] = bsearch(&number, member->decimal, member->count, sizeof number, decimal_order_of) != NULL;);
        break;
    case DAYBREAK_TYPE_REAL:
        EVALUATION_EACH(i, const double real = value->real[i & mask];
                        out->number[i] = bsearch(&real, member->real, member->count, sizeof real, real_order) != NULL;);
        break;
    default:
        EVALUATION_EACH(i, out->number[i] = number_found(member, value->number[i & mask]););
    }
}

void
member_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    const struct member *member = term->state;
    struct evaluation_slot *lists = evaluation_slot_take(evaluation), *room = evaluation_slot_take(evaluation);
    uint32_t *open = (uint32_t *)lists->cell, count = 0;   /* lanes not decided yet */
    uint8_t *unsure = room->nulls, *nulls = lists->nulls;  /* a null was compared with; of the pair that is compared */
    int64_t *equal = (int64_t *)room->cell;
    struct cells value, part;

    evaluation_term(evaluation, term->part[0], lane, lanes, &value);
    evaluation_take(evaluation, term, out);
    evaluation_nulls(&value, 1, lane, lanes, out->nulls);
    constants_find(member, &value, lane, lanes, out);
    EVALUATION_EACH(i, open[count] = i; unsure[i] = member->null; count += !out->nulls[i] && !out->number[i];);
    for (uint32_t n = 1; n < term->count && count > 0; n++) {
        uint32_t kept = 0;

        evaluation_term(evaluation, term->part[n], open, count, &part);
        evaluation_nulls(&part, 1, open, count, nulls);
        compare_run(TERM_EQUAL, &value, &part, nulls, open, count, equal);
        for (uint32_t k = 0; k < count; k++) {
            const uint32_t i = open[k];

            unsure[i] |= nulls[i];
            out->number[i] = !nulls[i] && equal[i];
            open[kept] = i;
            kept += !out->number[i] && !evaluation->failed[i];
        }
        evaluation_give(evaluation, &part);
        count = kept;
    }
    EVALUATION_EACH(i, out->nulls[i] |= !out->number[i] && unsure[i]; out->number[i] ^= term->negated;);
    evaluation_give(evaluation, &value);
    evaluation_slot_give(evaluation, lists);
    evaluation_slot_give(evaluation, room);
}
