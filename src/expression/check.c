/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Third station of an expression: every term gets its type, from the leaves up, and what is constant is computed now, so that a
 * constant that cannot be is an error with its place. Owns conversions between types that lose nothing and the names of
 * columns. Which operands an operator takes stands with the operator, calls stand in check_call.c.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arithmetic.h"
#include "base/arena.h"
#include "base/text.h"
#include "call.h"
#include "cast.h"
#include "compare.h"
#include "concat.h"
#include "evaluation.h"
#include "form.h"
#include "like.h"
#include "token.h"

/* ---- errors ------------------------------------------------------------------------------- */

bool
check_error(struct checker *checker, const struct term *term, const char *what, ...)
{
    va_list args;
    char text[sizeof checker->error->what];

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return token_error(checker->error, "expression-type", term->at, term->size, "%s", text);
}

void
check_remedy(struct checker *checker, const char *remedy, ...)
{
    struct expression_error *error = checker->error;
    va_list args;

    va_start(args, remedy);
    vsnprintf(error->suggestion, sizeof error->suggestion, remedy, args);
    va_end(args);
    error->suggestion[text_utf8_cut(error->suggestion, strlen(error->suggestion), sizeof error->suggestion - 2)] = '\0';
}

const char *
check_shown(struct checker *checker, const struct term *term)
{
    if (term->size > 60)
        return "…";
    return arena_bytes(checker->arena, checker->text + term->at, term->size);
}

const char *
check_named(struct checker *checker, const struct value_type *type)
{
    char *text = arena_alloc(checker->arena, 32);

    value_type_text(type, text);
    return text;
}

bool
check_boolean(struct checker *checker, struct term **slot, const char *where)
{
    struct term *term = *slot;
    const char *shown;

    if (term->nothing)
        return check_convert(checker, slot, (struct value_type){.type = DAYBREAK_TYPE_BOOLEAN});
    if (term->type.type == DAYBREAK_TYPE_BOOLEAN)
        return true;
    check_error(checker, term, "%s takes a boolean, not %s", where, check_named(checker, &term->type));
    shown = check_shown(checker, term);
    if (check_is_number(term->type.type))
        check_remedy(checker, "%s <> 0", shown);
    else if (term->type.type == DAYBREAK_TYPE_TEXT)
        check_remedy(checker, "cast(%s as boolean), or compare it: %s = 'yes'", shown, shown);
    else
        check_remedy(checker, "%s IS NOT NULL", shown);
    return false;
}

/* ---- constants ---------------------------------------------------------------------------- */

struct term *
check_null(struct checker *checker, const struct term *at, struct value_type type)
{
    struct term *term = arena_zero(checker->arena, sizeof *term);

    term->at = at->at;
    term->size = at->size;
    term->type = type;
    term->value = (struct cells){.type = type, .nulls = (uint8_t *)cells_null,
                                 .cell = arena_zero(checker->arena, sizeof(value_int128))};
    return term;
}

static bool
is_constant(const struct term *term)
{
    for (uint32_t i = 0; i < term->count; i++)
        if (term->part[i]->kind != TERM_CONSTANT)
            return false;
    return true;
}

/* A quotient of constants keeps the digits it has: 7 / 2 is 3.5. */
static void
quotient_trim(struct term *term)
{
    const struct value_type *a = &term->part[0]->type, *b = &term->part[1]->type;
    uint8_t least = a->type == DAYBREAK_TYPE_DECIMAL ? a->scale : 0;

    if (b->type == DAYBREAK_TYPE_DECIMAL && b->scale > least)
        least = b->scale;
    while (term->type.scale > least && *term->value.decimal % 10 == 0) {
        *term->value.decimal /= 10;
        term->type.scale--;
        term->type.precision--;
    }
}

/* Computes a term all of whose parts are constant. */
static bool
fold(struct checker *checker, struct term *term)
{
    struct evaluation *evaluation = checker->evaluation;
    const uint32_t width = cells_width(term->type.type);
    struct cells out;
    void *cell;

    evaluation->lanes = 1;
    evaluation->any_failed = false;
    evaluation->failed[0] = 0;
    evaluation_term(evaluation, term, NULL, 1, &out);
    if (evaluation->any_failed) {
        evaluation_give(evaluation, &out);
        if (term->kind == TERM_CAST && term->written)
            check_error(checker, term, "%s is no %s", check_shown(checker, term->part[0]), check_named(checker, &term->type));
        else
            check_error(checker, term, "%s", evaluation->failure.detail);
        return false;
    }
    cell = arena_alloc(checker->arena, sizeof(value_int128));
    memcpy(cell, out.cell, width);
    term->value = (struct cells){.type = term->type, .nulls = (uint8_t *)(out.nulls[0] ? cells_null : cells_none), .cell = cell};
    evaluation_give(evaluation, &out);
    if (term->kind == TERM_DIVIDE && term->type.type == DAYBREAK_TYPE_DECIMAL && !term->value.nulls[0])
        quotient_trim(term);
    term->kind = TERM_CONSTANT;
    term->written = false;
    return true;
}

/* ---- conversions -------------------------------------------------------------------------- */

struct value_type
check_decimal(const struct term *term)
{
    struct value_type type = term->type;

    if (type.type != DAYBREAK_TYPE_INTEGER)
        return type;
    type = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 19};
    if (term->kind == TERM_CONSTANT && !term->value.nulls[0]) {
        uint64_t size = *term->value.number < 0 ? 0 - (uint64_t)*term->value.number : (uint64_t)*term->value.number;

        type.precision = 1;
        while (size > 9) {
            size /= 10;
            type.precision++;
        }
    }
    return type;
}

bool
check_convert(struct checker *checker, struct term **slot, struct value_type type)
{
    struct term *term = *slot, *cast;

    type.pattern = NULL;
    type.zone = NULL;
    type.style = (struct value_style){0};
    if (term->nothing) {
        *slot = check_null(checker, term, type);
        return true;
    }
    if (term->type.type == type.type && (type.type != DAYBREAK_TYPE_DECIMAL ||
                                         (term->type.scale == type.scale && term->type.precision <= type.precision)))
        return true;
    cast = arena_zero(checker->arena, sizeof *cast);
    *cast = (struct term){.kind = TERM_CAST, .at = term->at, .size = term->size, .type = type, .count = 1, .depth = term->depth};
    cast->part = arena_alloc(checker->arena, sizeof *cast->part);
    cast->part[0] = term;
    cast->scratch = arena_alloc(checker->arena, sizeof *cast->scratch);
    *slot = cast;
    return cast_check(checker, cast) && (term->kind != TERM_CONSTANT || fold(checker, cast));
}

static uint8_t
larger(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

bool
check_widen(struct check_common *common, const struct term *term)
{
    struct value_type have = common->type, more = term->type;

    if (term->nothing)
        return true;
    if (more.type == DAYBREAK_TYPE_INTEGER)
        common->digits = larger(common->digits, check_decimal(term).precision);
    if (!common->any) {
        common->type = more;
        common->any = true;
        return true;
    }
    if (have.type == more.type && more.type != DAYBREAK_TYPE_DECIMAL)
        return true;
    if (check_is_number(have.type) && check_is_number(more.type)) {
        if (have.type == DAYBREAK_TYPE_REAL || more.type == DAYBREAK_TYPE_REAL) {
            common->type = (struct value_type){.type = DAYBREAK_TYPE_REAL};
            return true;
        }
        if (have.type == DAYBREAK_TYPE_INTEGER)
            have = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = common->digits};
        more = check_decimal(term);
        common->type = arithmetic_capped(larger((uint8_t)(have.precision - have.scale), (uint8_t)(more.precision - more.scale)),
                                         larger(have.scale, more.scale));
        return true;
    }
    if ((have.type == DAYBREAK_TYPE_DATE && more.type == DAYBREAK_TYPE_TIMESTAMP) ||
        (have.type == DAYBREAK_TYPE_TIMESTAMP && more.type == DAYBREAK_TYPE_DATE)) {
        common->type = (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP};
        return true;
    }
    return false;
}

/* ---- columns ------------------------------------------------------------------------------ */

static bool
column_unknown(struct checker *checker, const struct term *term)
{
    static const char *const clocks[] = {"now", "current_date", "current_time", "current_timestamp", "localtimestamp"};
    const struct expression_scope *scope = checker->scope;
    const char **names = arena_alloc(checker->arena, (scope->names + 1) * sizeof *names), *nearest;

    for (uint32_t i = 0; i < scope->names; i++)
        names[i] = scope->name[i].name;
    token_error(checker->error, "unknown-column", term->at, term->size, "there is no column '%s'", term->name);
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++)
        if (strcasecmp(clocks[i], term->name) == 0) {
            check_remedy(checker, "an expression gives the same whenever it is computed, so it knows no clock");
            return false;
        }
    nearest = text_nearest(term->name, names, scope->names);
    if (nearest != NULL)
        check_remedy(checker, "did you mean '%s'?", nearest);
    else if (term->quoted)
        check_remedy(checker, "a text is written in single quotes: '%s'", term->name);
    return false;
}

static bool
column_check(struct checker *checker, struct term *term)
{
    const struct expression_scope *scope = checker->scope;
    uint32_t found = UINT32_MAX, alike = 0;

    for (uint32_t i = 0; i < scope->names; i++)
        if (strcmp(scope->name[i].name, term->name) == 0) {
            found = i;
            alike = 1;
            break;
        }
    if (found == UINT32_MAX)
        for (uint32_t i = 0; i < scope->names; i++)
            if (strcasecmp(scope->name[i].name, term->name) == 0) {
                if (alike++ > 0)
                    return token_error(checker->error, "unknown-column", term->at, term->size,
                                       "'%s' may be the column '%s' or '%s': write it as it is written there", term->name,
                                       scope->name[found].name, scope->name[i].name);
                found = i;
            }
    if (found == UINT32_MAX)
        return column_unknown(checker, term);
    term->column = found;
    term->type = (struct value_type){.type = scope->name[found].type.type, .precision = scope->name[found].type.precision,
                                     .scale = scope->name[found].type.scale};
    checker->reads[found] = 1;
    return true;
}

/* ---- terms -------------------------------------------------------------------------------- */

static bool
kind_check(struct checker *checker, struct term *term)
{
    switch (term->kind) {
    case TERM_CONSTANT:
        return true;
    case TERM_COLUMN:
        return column_check(checker, term);
    case TERM_CAST:
        return cast_check(checker, term);
    case TERM_CALL:
        return call_check(checker, term);
    case TERM_NEGATE:
    case TERM_PLUS:
    case TERM_ADD:
    case TERM_SUBTRACT:
    case TERM_MULTIPLY:
    case TERM_DIVIDE:
    case TERM_MODULO:
        return arithmetic_check(checker, term);
    case TERM_EQUAL:
    case TERM_UNEQUAL:
    case TERM_LESS:
    case TERM_LESS_EQUAL:
    case TERM_GREATER:
    case TERM_GREATER_EQUAL:
    case TERM_SAME:
    case TERM_DISTINCT:
        return compare_check(checker, term);
    case TERM_CONCAT:
        return concat_check(checker, term);
    case TERM_LIKE:
        return like_check(checker, term);
    default:
        return form_check(checker, term);
    }
}

bool
check_term(struct checker *checker, struct term **slot)
{
    struct term *term = *slot;

    for (uint32_t i = 0; i < term->count; i++)
        if (!check_term(checker, &term->part[i]))
            return false;
    if (!kind_check(checker, term))
        return false;
    if (term->kind == TERM_CONSTANT || term->kind == TERM_COLUMN)
        return true;
    if ((term->kind == TERM_CAST || term->kind == TERM_PLUS) && term->compute == NULL) { /* nothing is to be done */
        *slot = term->part[0];
        return true;
    }
    if (term->scratch == NULL)
        term->scratch = arena_alloc(checker->arena, (term->count + 1) * sizeof *term->scratch);
    return !is_constant(term) || fold(checker, term);
}
