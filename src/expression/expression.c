/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of this folder: an expression compiled and run. A text becomes tokens, a tree, a typed tree with its constants
 * folded; that is run over the rows of a batch, CELLS_MAX at a time.
 */
#include "expression.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "check.h"
#include "evaluation.h"
#include "parser.h"
#include "record/zone.h"
#include "term.h"
#include "token.h"

struct expression {
    const char *text;
    struct term *root;
    struct value_type type;
    uint32_t *read;
    uint32_t reads;
    struct daybreak_text constant; /* canonical */
    struct evaluation evaluation;
    struct check_state *states;
};

static char no_room[1]; /* where texts are made before the first is */

/* ---- compiling ---------------------------------------------------------------------------- */

/* The names that were met, as a list. */
static void
reads_list(struct arena *arena, struct expression *expression, const uint8_t *met, uint32_t names)
{
    expression->read = arena_alloc(arena, (names + 1) * sizeof *expression->read);
    for (uint32_t i = 0; i < names; i++)
        if (met[i])
            expression->read[expression->reads++] = i;
}

static void
constant_write(struct expression *expression)
{
    const struct cells *value = &expression->root->value;
    const char *shown;

    if (value->nulls[0]) {
        expression->constant = (struct daybreak_text){NULL, DAYBREAK_NULL};
    } else if (expression->type.type == DAYBREAK_TYPE_TEXT || expression->type.type == DAYBREAK_TYPE_BYTES) {
        expression->constant = *value->text;
    } else {
        struct cells typed = *value;

        typed.type = expression->type;
        shown = evaluation_shown(&expression->evaluation, &typed, 0);
        expression->constant = (struct daybreak_text){shown, (uint32_t)strlen(shown)};
    }
}

struct expression *
expression_compile(struct arena *arena, const char *text, const struct expression_scope *scope, struct expression_error *error)
{
    struct expression *expression = arena_zero(arena, sizeof *expression);
    struct checker checker = {.arena = arena, .scope = scope, .error = error, .evaluation = &expression->evaluation};

    expression->text = arena_text(arena, text);
    checker.text = expression->text;
    checker.reads = arena_zero(arena, scope->names + 1);
    expression->evaluation.arena = arena;
    expression->evaluation.room = expression->evaluation.room_end = no_room;
    if (scope->zone != NULL) {
        expression->evaluation.zone = zone_find(scope->zone);
        if (expression->evaluation.zone == NULL) {
            token_error(error, "expression-type", 0, 0, "there is no time zone '%s'", scope->zone);
            return NULL;
        }
    }
    expression->root = parser_parse(arena, expression->text, error);
    if (expression->root == NULL || !check_term(&checker, &expression->root)) {
        expression->states = checker.states;
        expression_free(expression);
        return NULL;
    }
    expression->states = checker.states;
    expression->type = expression->root->type;
    reads_list(arena, expression, checker.reads, scope->names);
    if (expression->root->kind == TERM_CONSTANT)
        constant_write(expression);
    return expression;
}

void
expression_free(struct expression *expression)
{
    if (expression == NULL)
        return;
    for (struct check_state *state = expression->states; state != NULL; state = state->next)
        state->release(state->state);
    expression->states = NULL;
    evaluation_fini(&expression->evaluation);
}

const struct value_type *
expression_type(const struct expression *expression)
{
    return &expression->type;
}

const char *
expression_text(const struct expression *expression)
{
    return expression->text;
}

const uint32_t *
expression_reads(const struct expression *expression, uint32_t *count)
{
    *count = expression->reads;
    return expression->read;
}

uint32_t
expression_column(const struct expression *expression)
{
    return expression->root->kind == TERM_COLUMN ? expression->root->column : UINT32_MAX;
}

bool
expression_constant(const struct expression *expression, struct daybreak_text *value)
{
    if (expression->root->kind != TERM_CONSTANT)
        return false;
    *value = expression->constant;
    return true;
}

/* ---- running ------------------------------------------------------------------------------ */

/* Memory for a result of ${rows} rows. */
static struct cells
result_take(struct expression *expression, uint32_t rows, struct arena *arena, struct vector *out)
{
    struct cells cells = {.type = expression->type, .mask = UINT32_MAX, .nulls = arena_alloc(arena, rows),
                          .cell = arena_alloc(arena, (size_t)rows * cells_width(expression->type.type))};

    *out = (struct vector){.type = expression->type, .nulls = cells.nulls};
    switch (expression->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        out->text = cells.text;
        break;
    case DAYBREAK_TYPE_DECIMAL:
        out->decimal = cells.decimal;
        break;
    case DAYBREAK_TYPE_REAL:
        out->real = cells.real;
        break;
    default:
        out->number = cells.number;
    }
    return cells;
}

static void
constant_run(const struct expression *expression, const uint32_t *pick, uint32_t picked, struct cells *result)
{
    struct cells value = expression->root->value;
    struct daybreak_text nothing = {NULL, DAYBREAK_NULL};
    const uint32_t *lane = pick, lanes = picked; /* rows instead of lanes, for once */

    value.type = expression->type;
    if (value.nulls[0] && (value.type.type == DAYBREAK_TYPE_TEXT || value.type.type == DAYBREAK_TYPE_BYTES))
        value.text = &nothing;
    evaluation_copy(result, &value, lane, lanes);
}

/* Where the next rows lie that can be computed where they are, or how many are gathered. */
static bool
rows_follow(const uint32_t *pick, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (pick[i] != pick[0] + i)
            return false;
    return true;
}

static void
gathered_run(struct evaluation *evaluation, const uint32_t *pick, struct cells *result)
{
    struct evaluation_slot *slot = evaluation_slot_take(evaluation);
    const size_t width = cells_width(result->type.type);
    const char *from = (const char *)slot->cell;
    char *to = result->cell;

    evaluation->pick = pick;
    evaluation->into = (struct cells){.type = result->type, .mask = UINT32_MAX, .nulls = slot->nulls, .cell = slot->cell};
    evaluation_chunk(evaluation);
    for (uint32_t i = 0; i < evaluation->lanes; i++) {
        result->nulls[pick[i]] = slot->nulls[i];
        memcpy(to + width * pick[i], from + width * i, width);
    }
    evaluation_slot_give(evaluation, slot);
}

void
expression_run(struct expression *expression, const struct vector *input, uint32_t rows, const uint32_t *pick, uint32_t picked,
               struct arena *arena, struct vector *out, struct expression_failures *failures)
{
    struct evaluation *evaluation = &expression->evaluation;
    struct cells result;

    if (expression->root->kind == TERM_COLUMN) {
        *out = input[expression->root->column];
        out->type = expression->type;
        if (out->nulls == NULL)
            out->nulls = arena_zero(arena, rows);
        return;
    }
    result = result_take(expression, rows, arena, out);
    if (expression->root->kind == TERM_CONSTANT) {
        constant_run(expression, pick, picked, &result);
        return;
    }
    evaluation->arena = arena;
    evaluation->input = input;
    evaluation->root = expression->root;
    evaluation->failures = failures;
    evaluation->room = evaluation->room_end = no_room;
    for (uint32_t done = 0; done < picked; done += evaluation->lanes) {
        evaluation->lanes = picked - done < CELLS_MAX ? picked - done : CELLS_MAX;
        if (pick != NULL && !rows_follow(pick + done, evaluation->lanes)) {
            gathered_run(evaluation, pick + done, &result);
            continue;
        }
        evaluation->pick = NULL;
        evaluation->first = pick == NULL ? done : pick[done];
        evaluation->into = (struct cells){.type = result.type, .mask = UINT32_MAX, .nulls = result.nulls + evaluation->first,
                                          .cell = (char *)result.cell + (size_t)evaluation->first * cells_width(result.type.type)};
        evaluation_chunk(evaluation);
    }
}
