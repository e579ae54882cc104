/* SPDX-License-Identifier: Apache-2.0 */
/* Columns between two transforms, the names expressions see there, and the ops that come of it. */
#include "program.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#define GUESSES_MAX 1000 /* names of one expression that no layout has */

uint32_t
step_slot_find(const struct step_build *build, const char *name)
{
    for (uint32_t i = 0; i < build->slots; i++)
        if (build->slot[i].kept && strcmp(build->slot[i].name, name) == 0)
            return i;
    return UINT32_MAX;
}

uint32_t
step_slot_add(struct step_build *build, const struct step_slot *slot)
{
    if (build->slots == build->room) {
        uint32_t room = build->room == 0 ? 32 : build->room * 2;
        struct step_slot *wider = arena_alloc(build->arena, room * sizeof *wider);

        if (build->slots > 0)
            memcpy(wider, build->slot, build->slots * sizeof *wider);
        build->slot = wider;
        build->room = room;
    }
    build->slot[build->slots] = *slot;
    return build->slots++;
}

/* The type that the file declares for a column of the input. */
static struct value_type
declared_type(const struct config_table *table, const char *name)
{
    const struct config_field *field = NULL;
    struct value_type type = {.type = DAYBREAK_TYPE_TEXT};

    for (uint32_t i = 0; i < table->field_count && field == NULL; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            field = &table->fields[i];
    for (uint32_t k = 0; k < table->format_count; k++)
        for (uint32_t i = 0; i < table->formats[k].field_count; i++)
            if (strcmp(table->formats[k].fields[i].name, name) == 0)
                field = &table->formats[k].fields[i];
    if (field != NULL && !value_type_parse(field->type, &type))
        type = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
    return type;
}

static uint32_t
key_number(const struct config_table *table, const char *name)
{
    for (size_t k = 0; k < table->capture.key.count; k++)
        if (strcmp(table->capture.key.item[k], name) == 0)
            return (uint32_t)k;
    return STEP_NO_KEY;
}

/* May the input have a column of this name that the layout does not show? */
static bool
may_be_there(const struct step_build *build, const char *name)
{
    if (!build->open || build->selected || name[0] == '\0')
        return false;
    for (uint32_t i = 0; i < build->slots; i++)
        if (build->slot[i].source != NULL && strcmp(build->slot[i].source, name) == 0)
            return false; /* it has another name by now, or is dropped */
    return true;
}

uint32_t
step_slot_need(struct step_build *build, const char *name, struct config_place place)
{
    uint32_t at = step_slot_find(build, name);
    struct step_slot slot = {.name = name, .source = name, .column = UINT32_MAX, .kept = true};
    struct step_problem problem = {.place = place, .code = "unknown-column", .guessed = true};

    if (at != UINT32_MAX && build->slot[at].hidden && build->slot[at].source != NULL) { /* an expression named it before */
        build->slot[at].hidden = false;
        build->slot[at].name = name;
    }
    if (at != UINT32_MAX || !may_be_there(build, name))
        return at;
    slot.type = declared_type(build->request->table, name);
    slot.key = key_number(build->request->table, name);
    problem.what = name;
    step_problem_say(build, &problem);
    return step_slot_add(build, &slot);
}

const struct step_scope *
step_scope_make(struct step_build *build)
{
    struct step_scope *scope = arena_zero(build->arena, sizeof *scope);
    struct expression_name *name = arena_alloc(build->arena, (build->slots + 1) * sizeof *name);
    uint32_t count = 0;

    scope->column = arena_alloc(build->arena, (build->slots + 1) * sizeof *scope->column);
    scope->key = arena_alloc(build->arena, (build->slots + 1) * sizeof *scope->key);
    scope->input = arena_zero(build->arena, (build->slots + 1) * sizeof *scope->input);
    for (uint32_t i = 0; i < build->slots; i++) {
        const struct step_slot *slot = &build->slot[i];

        if (!slot->kept)
            continue;
        name[count] = (struct expression_name){slot->name, slot->type};
        scope->column[count] = slot->column;
        scope->key[count++] = slot->key;
    }
    scope->names = (struct expression_scope){.name = name, .names = count, .zone = build->request->zone};
    return scope;
}

/* The name that the offending bytes of an expression write: bare, or "quoted" with doubled quotes. */
static const char *
name_at(struct step_build *build, const char *text, const struct expression_error *error)
{
    const char *at = text + error->at;
    size_t size = error->size, to = 0;
    char *name;

    if (error->at + size > strlen(text))
        return "";
    if (size < 2 || at[0] != '"')
        return arena_bytes(build->arena, at, size);
    name = arena_alloc(build->arena, size);
    for (size_t i = 1; i + 1 < size; i++) {
        i += at[i] == '"' && i + 2 < size && at[i + 1] == '"';
        name[to++] = at[i];
    }
    name[to] = '\0';
    return name;
}

static void
formula_problem(struct step_build *build, const struct step_scope *scope, const struct config_expression *from,
                const struct expression_error *error)
{
    struct step_problem problem = {.expression = from, .at = error->at, .size = error->size, .place = from->place,
                                   .code = error->code, .what = error->what,
                                   .suggestion = error->suggestion[0] == '\0' ? NULL : error->suggestion};

    for (uint32_t i = 0; i < scope->names.names; i++)
        if (strcmp(scope->names.name[i].name, from->text) == 0) { /* "Order ID" without its quotes */
            problem.at = 0;
            problem.size = (uint32_t)strlen(from->text);
            problem.suggestion = arena_printf(build->arena, "a column with such a name goes in double quotes, inside single ones: '\"%s\"'",
                                              from->text);
        }
    if (problem.suggestion == NULL && build->in_context && strpbrk(from->text, "'(\"") == NULL && strchr(from->text, ' ') != NULL)
        problem.suggestion = arena_printf(build->arena, "a text goes in single quotes, inside double ones: \"'%s'\"", from->text);
    step_problem_say(build, &problem);
}

/* A name that the scope has not, but the input may have: from now on a slot has it. False: it cannot be there. */
static bool
guess(struct step_build *build, const struct config_expression *from, const struct expression_error *error)
{
    const char *name = name_at(build, from->text, error);
    struct step_slot slot = {.name = name, .source = name, .column = UINT32_MAX, .kept = true, .hidden = true};
    struct step_problem problem = {.expression = from, .at = error->at, .size = error->size, .place = from->place,
                                   .code = error->code, .what = name, .guessed = true,
                                   .suggestion = error->suggestion[0] == '\0' ? NULL : error->suggestion};

    if (step_slot_find(build, name) != UINT32_MAX) /* by another expression of the same transform */
        return true;
    if (!may_be_there(build, name) && !(build->in_context && error->size == strlen(from->text)))
        return false;
    step_problem_say(build, &problem);
    slot.type = declared_type(build->request->table, name);
    slot.key = key_number(build->request->table, name);
    step_slot_add(build, &slot); /* hidden: only what a transform names itself reaches the sink */
    return true;
}

struct step_formula *
step_formula_make(struct step_build *build, const struct step_scope *scope, const struct config_expression *from)
{
    struct expression_error error = {0};
    struct expression *expression;
    struct step_formula *formula;

    if (build->blind) /* what a lookup or a module gives is not known, and so is what this reads */
        return NULL;
    expression = expression_compile(build->arena, from->text, &scope->names, &error);
    for (uint32_t guesses = 0; expression == NULL; guesses++) {
        if (strcmp(error.code, "unknown-column") != 0 || guesses == GUESSES_MAX || !guess(build, from, &error)) {
            formula_problem(build, scope, from, &error);
            return NULL;
        }
        memset(&error, 0, sizeof error);
        scope = step_scope_make(build);
        expression = expression_compile(build->arena, from->text, &scope->names, &error);
    }
    formula = arena_zero(build->arena, sizeof *formula);
    formula->from = from;
    formula->expression = expression;
    formula->scope = scope;
    formula->reads = expression_reads(expression, &formula->read_count);
    formula->next = build->program->formula;
    build->program->formula = formula;
    return formula;
}

struct step_op *
step_op_add(struct step_build *build, const char *rule)
{
    struct step_op *op = arena_zero(build->arena, sizeof *op);

    op->step = build->step;
    op->rule = rule;
    if (build->op == NULL)
        build->program->op = op;
    else
        build->op->next = op;
    build->op = op;
    return op;
}

uint32_t
step_column_next(struct step_build *build)
{
    build->op->makes++;
    return build->request->layout->columns + build->program->makes++;
}

void
step_problem_say(struct step_build *build, const struct step_problem *problem)
{
    if (!problem->guessed)
        build->problems++;
    if (build->request->problem != NULL) {
        build->request->problem(build->request->context, problem);
        return;
    }
    if (problem->guessed || build->problems > 1)
        return;
    if (problem->expression != NULL && strcmp(problem->expression->text, problem->what) != 0)
        fault_set(build->fault, DAYBREAK_ASIDE, "%s, in '%.300s'", problem->what, problem->expression->text);
    else
        fault_set(build->fault, DAYBREAK_ASIDE, "%s", problem->what);
    if (problem->suggestion != NULL)
        fault_hint(build->fault, "%s", problem->suggestion);
    fault_exit(build->fault, 4, strcmp(problem->code, "unknown-column") == 0 ? "missing-column" : problem->code);
    if (strcmp(problem->code, "key-dropped") == 0) { /* whatever the input has */
        build->fault->kind = DAYBREAK_HALT;
        build->fault->status = 78;
    }
}
