/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part of checker and evaluator: LIKE. A pattern is made ready once when it is constant; those of only one run of fixed text
 * take one look at a value. All others go by the two-pointer walk that returns to the last %, with a limit on its steps.
 */
#include "like.h"

#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "check.h"
#include "evaluation.h"

#define STEPS_MAX (16u << 20) /* of one match: some hundredths of a second */
#define ANY_CHARACTER 256
#define ANY_TEXT 257

enum like_shape { LIKE_SAME, LIKE_BEGINS, LIKE_ENDS, LIKE_HOLDS, LIKE_WALK, LIKE_NEVER };

/* A pattern made ready: bytes in lower case, and what is no byte. */
struct like {
    enum like_shape shape;
    uint16_t *item;
    uint32_t items;
    char *fixed;      /* of the shapes but LIKE_WALK */
    uint32_t size;
    uint32_t room;    /* of both */
    struct arena *arena;
};

static inline unsigned char
folded(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool
is_same(const char *text, const char *fixed, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (folded(text[i]) != (unsigned char)fixed[i])
            return false;
    return true;
}

/* ---- patterns ----------------------------------------------------------------------------- */

/* The shape of a pattern in which no _ stands and % only at its ends. */
static void
shape_find(struct like *like)
{
    uint32_t first = 0, last = like->items;
    bool before = false, behind = false;

    while (first < last && like->item[first] == ANY_TEXT) {
        before = true;
        first++;
    }
    while (last > first && like->item[last - 1] == ANY_TEXT) {
        behind = true;
        last--;
    }
    like->shape = before ? (behind || first == last ? LIKE_HOLDS : LIKE_ENDS) : behind ? LIKE_BEGINS : LIKE_SAME;
    like->size = last - first;
    for (uint32_t i = first; i < last; i++) {
        if (like->item[i] >= ANY_CHARACTER) {
            like->shape = LIKE_WALK;
            return;
        }
        like->fixed[i - first] = (char)like->item[i];
    }
}

static void
pattern_ready(struct like *like, struct daybreak_text pattern, struct daybreak_text escape)
{
    if (pattern.size > like->room) {
        like->room = pattern.size + 64;
        like->item = arena_alloc(like->arena, like->room * sizeof *like->item);
        like->fixed = arena_alloc(like->arena, like->room);
    }
    like->items = 0;
    for (uint32_t i = 0; i < pattern.size; i++) {
        char c = pattern.at[i];

        if (escape.size > 0 && pattern.size - i >= escape.size && memcmp(pattern.at + i, escape.at, escape.size) == 0) {
            i += escape.size;
            if (i == pattern.size) { /* nothing follows that it could escape: no text is like that */
                like->shape = LIKE_NEVER;
                return;
            }
            like->item[like->items++] = folded(pattern.at[i]);
        } else if (c == '%') {
            if (like->items == 0 || like->item[like->items - 1] != ANY_TEXT)
                like->item[like->items++] = ANY_TEXT;
        } else if (c == '_') {
            like->item[like->items++] = ANY_CHARACTER;
        } else {
            like->item[like->items++] = folded(c);
        }
    }
    shape_find(like);
}

/* ---- matching ----------------------------------------------------------------------------- */

static uint32_t
character(const char *at, uint32_t left)
{
    size_t bad, size = utf8_char(at, left, &bad);

    return (uint32_t)(size == 0 ? bad : size);
}

/* 1, 0, or -1: too many steps. */
static int
walk(const struct like *like, struct daybreak_text text)
{
    uint32_t at = 0, item = 0, again_at = 0, again_item = UINT32_MAX, steps = 0;

    for (;;) {
        if (++steps > STEPS_MAX)
            return -1;
        if (item < like->items && like->item[item] == ANY_TEXT) {
            if (++item == like->items)
                return 1;
            again_item = item;
            again_at = at;
            continue;
        }
        if (at < text.size && item < like->items &&
            (like->item[item] == ANY_CHARACTER || like->item[item] == folded(text.at[at]))) {
            at += like->item[item] == ANY_CHARACTER ? character(text.at + at, text.size - at) : 1;
            item++;
            continue;
        }
        if (at == text.size && item == like->items)
            return 1;
        if (again_item == UINT32_MAX || again_at == text.size)
            return 0;
        again_at += character(text.at + again_at, text.size - again_at); /* the last % takes one more */
        at = again_at;
        item = again_item;
    }
}

static int
holds(const struct like *like, struct daybreak_text text)
{
    if (like->size == 0)
        return 1;
    for (uint32_t i = 0; text.size >= like->size && i <= text.size - like->size; i++)
        if (folded(text.at[i]) == (unsigned char)like->fixed[0] && is_same(text.at + i, like->fixed, like->size))
            return 1;
    return 0;
}

static int
match(const struct like *like, struct daybreak_text text)
{
    switch (like->shape) {
    case LIKE_SAME:
        return text.size == like->size && is_same(text.at, like->fixed, like->size);
    case LIKE_BEGINS:
        return text.size >= like->size && is_same(text.at, like->fixed, like->size);
    case LIKE_ENDS:
        return text.size >= like->size && is_same(text.at + (text.size - like->size), like->fixed, like->size);
    case LIKE_HOLDS:
        if ((uint64_t)text.size * like->size <= STEPS_MAX)
            return holds(like, text);
        return walk(like, text);
    case LIKE_WALK:
        return walk(like, text);
    default:
        return 0;
    }
}

static void
like_lane(struct evaluation *evaluation, struct term *term, const struct cells *in, uint32_t i, struct cells *out)
{
    struct like *like = term->state;
    int matched;

    if (!term->written) { /* the pattern comes from the record */
        const struct daybreak_text escape = term->count > 2 ? in[2].text[i & in[2].mask] : (struct daybreak_text){0};

        if (term->count > 2 && (escape.size == 0 || character(escape.at, escape.size) != escape.size)) {
            evaluation_fail(evaluation, i, out, "bad_escape", "ESCAPE takes one character, not %s",
                            evaluation_shown(evaluation, &in[2], i));
            return;
        }
        pattern_ready(like, in[1].text[i & in[1].mask], escape);
    }
    matched = match(like, in[0].text[i & in[0].mask]);
    if (matched < 0)
        evaluation_fail(evaluation, i, out, "match_limit", "LIKE %s takes too many steps", evaluation_shown(evaluation, &in[1], i));
    out->number[i] = (matched == 1) != term->negated;
}

EVALUATION_COMPUTE(like_compute)
{
    struct like *like = term->state;

    if (!term->written) {
        like->arena = evaluation->arena;
        like->room = 0;
    }
    EVALUATION_EACH(i, if (!out->nulls[i]) like_lane(evaluation, term, in, i, out););
}

bool
like_check(struct checker *checker, struct term *term)
{
    struct term **part = term->part;
    struct like *like = arena_zero(checker->arena, sizeof *like);

    for (uint32_t i = 0; i < term->count; i++) {
        if (part[i]->type.type != DAYBREAK_TYPE_TEXT) {
            check_error(checker, part[i], "LIKE compares texts, not %s", check_named(checker, &part[i]->type));
            check_remedy(checker, "cast(%s as text)", check_shown(checker, part[i]));
            return false;
        }
        if (!check_convert(checker, &part[i], (struct value_type){.type = DAYBREAK_TYPE_TEXT}))
            return false;
    }
    if (term->count > 2 && part[2]->kind == TERM_CONSTANT && !part[2]->value.nulls[0]) {
        const struct daybreak_text escape = *part[2]->value.text;

        if (escape.size == 0 || character(escape.at, escape.size) != escape.size)
            return check_error(checker, part[2], "ESCAPE takes one character, not %s", check_shown(checker, part[2]));
    }
    term->type = (struct value_type){.type = DAYBREAK_TYPE_BOOLEAN};
    term->state = like;
    term->compute = like_compute;
    term->written = part[1]->kind == TERM_CONSTANT && !part[1]->value.nulls[0] &&
                    (term->count < 3 || (part[2]->kind == TERM_CONSTANT && !part[2]->value.nulls[0]));
    if (term->written) {
        like->arena = checker->arena;
        pattern_ready(like, *part[1]->value.text, term->count > 2 ? *part[2]->value.text : (struct daybreak_text){0});
    }
    return true;
}
