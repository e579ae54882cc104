/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of the evaluator: the lazy forms. Each narrows the lanes from part to part, so that no part is computed for a row that
 * has been decided, and none of its failures can reach such a row.
 */
#include "form.h"

#include <string.h>

#include "compare.h"
#include "evaluation.h"
#include "member.h"

/* Lists of lanes in one slot. */
struct lists {
    struct evaluation_slot *slot;
    uint32_t *open;   /* not decided yet; NULL: all of the form's */
    uint32_t *chosen;
};

static struct lists
lists_take(struct evaluation *evaluation)
{
    struct evaluation_slot *slot = evaluation_slot_take(evaluation);
    uint32_t *room = (uint32_t *)slot->cell;

    return (struct lists){.slot = slot, .open = room, .chosen = room + CELLS_MAX};
}

/* AND, OR: the first FALSE (TRUE) decides; a null leaves it open. */
static void
logic_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    const int64_t deciding = term->kind == TERM_OR;
    struct lists lists = lists_take(evaluation);
    struct cells part;

    evaluation_take(evaluation, term, out);
    EVALUATION_EACH(i, out->number[i] = !deciding; out->nulls[i] = 0;);
    for (uint32_t n = 0; n < term->count && lanes > 0; n++) {
        uint32_t kept = 0;

        evaluation_term(evaluation, term->part[n], lane, lanes, &part);
        EVALUATION_EACH(i, const uint8_t null = part.nulls[i & part.mask];
                        const bool decided = !null && part.number[i & part.mask] == deciding;
                        out->nulls[i] = (out->nulls[i] | null) & !decided;
                        out->number[i] = decided ? deciding : !deciding;
                        lists.open[kept] = i;
                        kept += !decided && !evaluation->failed[i];);
        evaluation_give(evaluation, &part);
        if (kept < lanes) {
            lane = lists.open;
            lanes = kept;
        }
    }
    evaluation_slot_give(evaluation, lists.slot);
}

static void
case_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    const uint32_t first = term->has_operand, whens = term->count - term->has_else;
    struct lists lists = lists_take(evaluation);
    struct evaluation_slot *room = evaluation_slot_take(evaluation);
    struct cells operand = {0}, part;

    if (term->has_operand)
        evaluation_term(evaluation, term->part[0], lane, lanes, &operand);
    evaluation_take(evaluation, term, out);
    for (uint32_t n = first; n < whens && lanes > 0; n += 2) {
        const int64_t *is;
        const uint8_t *null;
        uint32_t mask, count = 0, kept = 0;

        evaluation_term(evaluation, term->part[n], lane, lanes, &part);
        is = part.number;
        null = part.nulls;
        mask = part.mask;
        if (term->has_operand) {
            const struct cells pair[2] = {operand, part};

            evaluation_nulls(pair, 2, lane, lanes, room->nulls);
            compare_run(TERM_EQUAL, &operand, &part, room->nulls, lane, lanes, (int64_t *)room->cell);
            is = (int64_t *)room->cell;
            null = room->nulls;
            mask = UINT32_MAX;
        }
        EVALUATION_EACH(i, const bool taken = !null[i & mask] && is[i & mask] != 0;
                        lists.chosen[count] = i;
                        lists.open[kept] = i;
                        count += taken;
                        kept += !taken;);
        evaluation_give(evaluation, &part);
        if (count > 0) {
            const uint32_t *chosen = lane == NULL && count == lanes ? NULL : lists.chosen;

            evaluation_term(evaluation, term->part[n + 1], chosen, count, &part);
            evaluation_copy(out, &part, chosen, count);
            evaluation_give(evaluation, &part);
        }
        if (kept < lanes) {
            lane = lists.open;
            lanes = kept;
        }
    }
    if (term->has_else && lanes > 0) {
        evaluation_term(evaluation, term->part[term->count - 1], lane, lanes, &part);
        evaluation_copy(out, &part, lane, lanes);
        evaluation_give(evaluation, &part);
    } else {
        EVALUATION_EACH(i, out->nulls[i] = 1;);
    }
    evaluation_give(evaluation, &operand);
    evaluation_slot_give(evaluation, room);
    evaluation_slot_give(evaluation, lists.slot);
}

static void
coalesce_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    struct lists lists = lists_take(evaluation);
    struct cells part;

    evaluation_take(evaluation, term, out);
    for (uint32_t n = 0; n < term->count && lanes > 0; n++) {
        uint32_t kept = 0;

        evaluation_term(evaluation, term->part[n], lane, lanes, &part);
        evaluation_copy(out, &part, lane, lanes);
        EVALUATION_EACH(i, lists.open[kept] = i; kept += part.nulls[i & part.mask] && !evaluation->failed[i];);
        evaluation_give(evaluation, &part);
        if (kept < lanes) {
            lane = lists.open;
            lanes = kept;
        }
    }
    evaluation_slot_give(evaluation, lists.slot);
}

/* nullif(a, b): b only where a is something. */
static void
nullif_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    struct lists lists = lists_take(evaluation);
    struct evaluation_slot *room = evaluation_slot_take(evaluation);
    int64_t *equal = (int64_t *)room->cell;
    struct cells part, other;

    evaluation_term(evaluation, term->part[0], lane, lanes, &part);
    evaluation_take(evaluation, term, out);
    evaluation_copy(out, &part, lane, lanes);
    lane = evaluation_present(out->nulls, lane, &lanes, lists.open);
    evaluation_term(evaluation, term->part[1], lane, lanes, &other);
    evaluation_nulls(&other, 1, lane, lanes, room->nulls);
    compare_run(TERM_EQUAL, out, &other, room->nulls, lane, lanes, equal);
    EVALUATION_EACH(i, out->nulls[i] = !room->nulls[i] && equal[i];);
    evaluation_give(evaluation, &part);
    evaluation_give(evaluation, &other);
    evaluation_slot_give(evaluation, room);
    evaluation_slot_give(evaluation, lists.slot);
}

/* x BETWEEN a AND b is x >= a AND x <= b, and as lazy. */
static void
between_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    struct lists lists = lists_take(evaluation);
    struct evaluation_slot *room = evaluation_slot_take(evaluation);
    int64_t *within = (int64_t *)room->cell;
    struct cells pair[2];
    const uint32_t *all = lane;
    const uint32_t every = lanes;

    evaluation_term(evaluation, term->part[0], lane, lanes, &pair[0]);
    evaluation_take(evaluation, term, out);
    EVALUATION_EACH(i, out->number[i] = 1; out->nulls[i] = 0;);
    for (uint32_t n = 1; n < 3 && lanes > 0; n++) {
        uint32_t kept = 0;

        evaluation_term(evaluation, term->part[n], lane, lanes, &pair[1]);
        evaluation_nulls(pair, 2, lane, lanes, room->nulls);
        compare_run(n == 1 ? TERM_GREATER_EQUAL : TERM_LESS_EQUAL, &pair[0], &pair[1], room->nulls, lane, lanes, within);
        EVALUATION_EACH(i, const bool outside = !room->nulls[i] && !within[i];
                        out->nulls[i] = (out->nulls[i] | room->nulls[i]) & !outside;
                        out->number[i] = !outside;
                        lists.open[kept] = i;
                        kept += !outside && !evaluation->failed[i];);
        evaluation_give(evaluation, &pair[1]);
        if (kept < lanes) {
            lane = lists.open;
            lanes = kept;
        }
    }
    if (term->negated) {
        lane = all;
        lanes = every;
        EVALUATION_EACH(i, out->number[i] = !out->number[i];);
    }
    evaluation_give(evaluation, &pair[0]);
    evaluation_slot_give(evaluation, room);
    evaluation_slot_give(evaluation, lists.slot);
}

void
form_run(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out)
{
    switch (term->kind) {
    case TERM_AND:
    case TERM_OR:
        logic_run(evaluation, term, lane, lanes, out);
        return;
    case TERM_CASE:
        case_run(evaluation, term, lane, lanes, out);
        return;
    case TERM_COALESCE:
        coalesce_run(evaluation, term, lane, lanes, out);
        return;
    case TERM_NULLIF:
        nullif_run(evaluation, term, lane, lanes, out);
        return;
    case TERM_BETWEEN:
        between_run(evaluation, term, lane, lanes, out);
        return;
    default:
        member_run(evaluation, term, lane, lanes, out);
    }
}
