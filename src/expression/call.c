/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: calls. Owns how arguments meet what a function takes, and what is said when they do not. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "arithmetic.h"
#include "base/arena.h"
#include "base/text.h"
#include "check.h"
#include "evaluation.h"
#include "form.h"
#include "function.h"
#include "token.h"

/* ---- running ------------------------------------------------------------------------------ */

EVALUATION_COMPUTE(call_compute)
{
    struct function_call call = {.in = in, .arguments = term->count, .lanes = lanes, .out = out, .state = term->state,
                                 .zone = evaluation->zone, .room = evaluation->room, .room_end = evaluation->room_end,
                                 .evaluation = evaluation};
    struct evaluation_slot *slot = NULL;

    if (term->function->sees_nulls) {
        EVALUATION_EACH(i, out->nulls[i] = evaluation->failed[i];); /* what has failed before is not looked at again */
        slot = evaluation->any_failed ? evaluation_slot_take(evaluation) : NULL;
    } else {
        slot = evaluation_slot_take(evaluation);
    }
    if (slot != NULL)
        lane = evaluation_present(out->nulls, lane, &call.lanes, (uint32_t *)slot->cell);
    call.lane = lane == NULL ? evaluation_every() : lane;
    if (call.lanes > 0)
        term->function->run(&call);
    evaluation->room = call.room;
    evaluation->room_end = call.room_end;
    if (slot != NULL)
        evaluation_slot_give(evaluation, slot);
}

/* ---- forms that look like calls ----------------------------------------------------------- */

static const struct form {
    const char *name;
    enum term_kind kind;
    uint32_t least, most;
    const char *shape;
} forms[] = {
    {"coalesce", TERM_COALESCE, 1, UINT32_MAX, "coalesce(a, b, …)"},
    {"ifnull", TERM_COALESCE, 2, 2, "ifnull(a, b)"},
    {"nullif", TERM_NULLIF, 2, 2, "nullif(a, b)"},
    {"iif", TERM_CASE, 2, 3, "iif(condition, then [, else])"},
    {"if", TERM_CASE, 2, 3, "if(condition, then [, else])"},
    {"greatest", TERM_GREATEST, 1, UINT32_MAX, "greatest(a, b, …)"},
    {"least", TERM_LEAST, 1, UINT32_MAX, "least(a, b, …)"},
    {"max", TERM_GREATEST, 2, UINT32_MAX, "max(a, b, …)"},
    {"min", TERM_LEAST, 2, UINT32_MAX, "min(a, b, …)"},
    {"mod", TERM_MODULO, 2, 2, "mod(a, b)"},
};

static bool
count_wrong(struct checker *checker, const struct term *term, uint32_t least, uint32_t most, const char *shape)
{
    char wanted[48];

    if (most == UINT32_MAX)
        snprintf(wanted, sizeof wanted, "at least %u", least);
    else if (least == most)
        snprintf(wanted, sizeof wanted, "%u", least);
    else
        snprintf(wanted, sizeof wanted, "%u to %u", least, most);
    check_error(checker, term, "%s takes %s argument%s, not %u", term->name, wanted,
                least == 1 && (most == 1 || most == UINT32_MAX) ? "" : "s", term->count);
    if (shape != NULL)
        check_remedy(checker, "%s", shape);
    return false;
}

static bool
form_of_call(struct checker *checker, struct term *term, const struct form *form)
{
    if (term->count < form->least || term->count > form->most) {
        count_wrong(checker, term, form->least, form->most, form->shape);
        if (term->count == 1 && form->most == UINT32_MAX)
            check_remedy(checker, "%s compares the values of one record; it knows no others", form->shape);
        return false;
    }
    term->kind = form->kind;
    term->has_else = form->kind == TERM_CASE && term->count == 3;
    return form->kind == TERM_MODULO ? arithmetic_check(checker, term) : form_check(checker, term);
}

/* ---- functions ---------------------------------------------------------------------------- */

static const char *
shape_of(const char *name)
{
    for (const struct expression_help *help = expression_help; help->name != NULL; help++)
        if (strcmp(help->name, name) == 0)
            return help->shape;
    return NULL;
}

static bool
unknown(struct checker *checker, const struct term *term)
{
    const size_t room = sizeof forms / sizeof *forms;
    const char **names, *nearest;
    size_t count = 0;

    for (const struct function *function = function_table; function->name != NULL; function++)
        count++;
    names = arena_alloc(checker->arena, (count + room) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = function_table[i].name;
    for (size_t i = 0; i < room; i++)
        names[count++] = forms[i].name;
    nearest = text_nearest(term->name, names, count);
    token_error(checker->error, "unknown-function", term->at, (uint32_t)strlen(term->name), "there is no function '%s'",
                term->name);
    if (strcmp(term->name, "now") == 0 || strcmp(term->name, "random") == 0)
        check_remedy(checker, "an expression gives the same whenever it is computed, so it knows no clock and no chance");
    else if (strcmp(term->name, "count") == 0 || strcmp(term->name, "sum") == 0 || strcmp(term->name, "avg") == 0)
        check_remedy(checker, "an expression sees one record; a lookup with `many` counts and sums");
    else if (nearest != NULL)
        check_remedy(checker, "did you mean '%s'?", nearest);
    else
        check_remedy(checker, "`daybreak explain expressions` lists the functions");
    return false;
}

/* What a letter of `takes` stands for. */
static const char *
letter_name(char letter)
{
    switch (letter) {
    case 't':
        return "text";
    case 'z':
        return "text or bytes";
    case 'b':
        return "a boolean";
    case 'i':
        return "an integer";
    case 'n':
    case 'r':
        return "a number";
    case 'm':
        return "an integer or a decimal";
    case 'd':
        return "a date";
    case 's':
        return "a timestamp";
    case 'w':
        return "a date or a timestamp";
    default:
        return "bytes";
    }
}

/* The type an argument gets by its letter; false: it does not fit. */
static bool
letter_type(char letter, const struct term *term, struct value_type *type)
{
    const enum daybreak_type have = term->type.type;

    *type = term->type;
    switch (letter) {
    case 't':
        *type = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
        return have == DAYBREAK_TYPE_TEXT || term->nothing;
    case 'c':
        *type = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
        return have != DAYBREAK_TYPE_BYTES;
    case 'z':
        return have == DAYBREAK_TYPE_TEXT || have == DAYBREAK_TYPE_BYTES;
    case 'b':
        *type = (struct value_type){.type = DAYBREAK_TYPE_BOOLEAN};
        return have == DAYBREAK_TYPE_BOOLEAN || term->nothing;
    case 'i':
        *type = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
        return have == DAYBREAK_TYPE_INTEGER || term->nothing;
    case 'n':
        if (term->nothing)
            *type = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
        return check_is_number(have) || term->nothing;
    case 'r':
        *type = (struct value_type){.type = DAYBREAK_TYPE_REAL};
        return check_is_number(have) || term->nothing;
    case 'm':
        if (have != DAYBREAK_TYPE_DECIMAL)
            *type = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 19};
        return have == DAYBREAK_TYPE_INTEGER || have == DAYBREAK_TYPE_DECIMAL || term->nothing;
    case 'd':
        *type = (struct value_type){.type = DAYBREAK_TYPE_DATE};
        return have == DAYBREAK_TYPE_DATE || term->nothing;
    case 's':
        *type = (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP};
        return have == DAYBREAK_TYPE_DATE || have == DAYBREAK_TYPE_TIMESTAMP || term->nothing;
    case 'w':
        if (term->nothing)
            *type = (struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP};
        return have == DAYBREAK_TYPE_DATE || have == DAYBREAK_TYPE_TIMESTAMP || term->nothing;
    case 'y':
        *type = (struct value_type){.type = DAYBREAK_TYPE_BYTES};
        return have == DAYBREAK_TYPE_BYTES || term->nothing;
    default:
        return true;
    }
}

static bool
argument_wrong(struct checker *checker, const struct term *term, const struct term *argument, char letter)
{
    const char *shown = check_shown(checker, argument);
    const bool text = argument->type.type == DAYBREAK_TYPE_TEXT;

    if (letter == 'c')
        check_error(checker, argument, "%s takes values that have a text, not bytes", term->name);
    else
        check_error(checker, argument, "%s takes %s here, not %s", term->name, letter_name(letter),
                    check_named(checker, &argument->type));
    switch (letter) {
    case 't':
    case 'z':
        check_remedy(checker, "cast(%s as text)", shown);
        break;
    case 'i':
    case 'n':
    case 'r':
    case 'm':
        if (text || argument->type.type == DAYBREAK_TYPE_BOOLEAN || check_is_number(argument->type.type))
            check_remedy(checker, "cast(%s as integer)", shown);
        break;
    case 'd':
    case 's':
    case 'w':
        if (text && argument->written)
            check_remedy(checker, "%s %s", letter == 's' ? "TIMESTAMP" : "DATE", shown);
        else if (text || argument->type.type == DAYBREAK_TYPE_TIMESTAMP)
            check_remedy(checker, "cast(%s as %s)", shown, letter == 's' ? "timestamp" : "date");
        break;
    case 'y':
        check_remedy(checker, "cast(%s as bytes)", shown);
        break;
    default:
        break;
    }
    return false;
}

/* The function's own look at types and constants. */
static bool
function_check(struct checker *checker, struct term *term)
{
    const struct function *function = term->function;
    struct function_check check = {.function = function, .arguments = term->count, .gives = {.type = function->gives},
                                   .zone = checker->scope->zone, .arena = checker->arena, .error = checker->error};
    const struct cells **constant = arena_zero(checker->arena, (term->count + 1) * sizeof *constant);
    struct value_type *type = arena_alloc(checker->arena, (term->count + 1) * sizeof *type);
    bool good;

    for (uint32_t i = 0; i < term->count; i++) {
        type[i] = term->part[i]->type;
        if (term->part[i]->kind == TERM_CONSTANT)
            constant[i] = &term->part[i]->value;
    }
    check.type = type;
    check.constant = constant;
    good = function->check == NULL || function->check(&check);
    if (function->release != NULL && check.state != NULL) {
        struct check_state *state = arena_alloc(checker->arena, sizeof *state);

        *state = (struct check_state){.next = checker->states, .release = function->release, .state = check.state};
        checker->states = state;
    }
    if (!good) {
        const struct term *wrong = check.wrong < term->count ? term->part[check.wrong] : term;

        checker->error->at = wrong->at;
        checker->error->size = wrong->size;
        return false;
    }
    for (uint32_t i = 0; i < term->count; i++)
        if (!check_convert(checker, &term->part[i], type[i]))
            return false;
    term->type = check.gives;
    term->state = check.state;
    return true;
}

bool
call_check(struct checker *checker, struct term *term)
{
    const struct function *function;
    size_t letters;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, term->name) == 0)
            return form_of_call(checker, term, &forms[i]);
    function = function_find(term->name, strlen(term->name));
    if (function == NULL)
        return unknown(checker, term);
    letters = strlen(function->takes);
    if (term->count < function->least || (!function->many && term->count > letters))
        return count_wrong(checker, term, function->least, function->many ? UINT32_MAX : (uint32_t)letters,
                           shape_of(function->name));
    for (uint32_t i = 0; i < term->count; i++) {
        const char letter = function->takes[i < letters ? i : letters - 1];
        struct value_type type;

        if (!letter_type(letter, term->part[i], &type))
            return argument_wrong(checker, term, term->part[i], letter);
        if (!(term->part[i]->nothing && (letter == '*' || letter == 'z')) && !check_convert(checker, &term->part[i], type))
            return false;
    }
    term->function = function;
    term->compute = call_compute;
    return function_check(checker, term);
}
