/* SPDX-License-Identifier: Apache-2.0 */
/* The transforms that are SQL: filter and set; and the envelope's values, which are computed like a set behind all of them. */
#include "program.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* All texts that one column gets in one batch: a view of them counts in 32 bits. */
#define COLUMN_BYTES_MAX (UINT64_C(1) << 30)
#define SHOWN_MAX 200 /* of an expression, in a message about one record */

/* ---- running ---------------------------------------------------------------------------------- */

static struct batch_stop
stop_of(const struct step_op *op, struct step_run *run, uint32_t i, const char *reason, const char *detail)
{
    const char *text = op->formula->from->text;
    size_t size = strlen(text), shown = size <= SHOWN_MAX ? size : text_utf8_cut(text, size, SHOWN_MAX);
    struct arena *arena = run->batch->arena;

    return (struct batch_stop){.step = op->step, .rule = op->rule, .reason = reason, .field = op->field,
                               .detail = arena_printf(arena, "%.*s%s: %s", (int)shown, text, shown < size ? "…" : "", detail),
                               .value = step_values(run, op->formula, run->row[i])};
}

static void
failures_take_out(const struct step_op *op, struct step_run *run, const struct expression_failures *failures)
{
    uint32_t *at;

    if (failures->count == 0 || run->old)
        return;
    at = arena_alloc(run->batch->arena, (run->batch->rows.rows + 1) * sizeof *at);
    for (uint32_t i = 0; i < run->count; i++)
        at[run->row[i]] = i;
    for (uint32_t f = 0; f < failures->count; f++) {
        const struct expression_failure *failure = &failures->item[f];
        struct batch_stop stop = stop_of(op, run, at[failure->row], failure->reason, failure->detail);

        step_set_aside(run, at[failure->row], &stop);
    }
}

static void
compute(const struct step_op *op, struct step_run *run, struct vector *out)
{
    const struct step_formula *formula = op->formula;
    struct expression_failures failures = {0};
    struct vector *input = formula->scope->input;

    for (uint32_t i = 0; i < formula->read_count; i++) {
        uint32_t name = formula->reads[i];

        input[name] = *step_run_vector(run, formula->scope->column[name], &formula->scope->names.name[name].type);
    }
    expression_run(formula->expression, input, run->batch->rows.rows, run->dense ? NULL : run->row, run->count, run->batch->arena,
                   out, &failures);
    failures_take_out(op, run, &failures);
}

static int
filter_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    struct vector keep;

    (void)fault;
    if (run->count == 0 || run->old)
        return 0;
    compute(op, run, &keep);
    for (uint32_t i = 0; i < run->count; i++)
        if (run->change[i] != UINT32_MAX && ((keep.nulls != NULL && keep.nulls[run->row[i]]) || keep.number[run->row[i]] == 0))
            step_filter(run, i, op->step);
    step_run_close(run);
    return 0;
}

/* What one record would take of the room that all texts of a column have in a batch. */
static void
texts_bound(const struct step_op *op, struct step_run *run, const struct vector *cells)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t row = run->row[i], size = cells->nulls != NULL && cells->nulls[row] ? 0 : cells->text[row].size;
        struct batch_stop stop;

        if (bytes + size <= COLUMN_BYTES_MAX) {
            bytes += size;
            continue;
        }
        if (run->old || run->change[i] == UINT32_MAX)
            continue;
        stop = stop_of(op, run, i, "text_too_long", "the texts of this column would take more than 1 GiB in one batch");
        step_set_aside(run, i, &stop);
    }
}

static void
values(const struct step_op *op, struct step_run *run, struct vector *cells)
{
    *cells = (struct vector){.type = *expression_type(op->formula->expression)};
    if (run == NULL || run->count == 0)
        return;
    compute(op, run, cells);
    if (cells->text != NULL)
        texts_bound(op, run, cells);
    step_run_close(run);
}

static int
set_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    struct vector cells, gone;

    (void)fault;
    values(op, run, &cells);
    values(op, op->key ? run->gone : NULL, &gone);
    step_make(run, &cells, &gone);
    return 0;
}

/* ---- building --------------------------------------------------------------------------------- */

static void
wrong_type(struct step_build *build, const struct step_formula *formula, const char *code, const char *suggestion, const char *what)
{
    struct step_problem problem = {.expression = formula->from, .size = (uint32_t)strlen(formula->from->text),
                                   .place = formula->from->place, .code = code, .suggestion = suggestion, .what = what};

    step_problem_say(build, &problem);
}

void
step_filter_build(struct step_build *build, const struct config_step *step)
{
    struct step_formula *formula;
    struct step_op *op;
    char type[32];

    if (build->request->keys_only)
        return;
    formula = step_formula_make(build, step_scope_make(build), &step->keep);
    if (formula == NULL)
        return;
    value_type_text(expression_type(formula->expression), type);
    if (expression_type(formula->expression)->type != DAYBREAK_TYPE_BOOLEAN) {
        wrong_type(build, formula, "expression-type", "a comparison, such as qty <> 0 or status = 'new'",
                   arena_printf(build->arena, "a filter keeps the records for which `keep` is true, and this is %s", type));
        return;
    }
    op = step_op_add(build, arena_printf(build->arena, "filter %s", step->name));
    op->formula = formula;
    op->run = filter_run;
}

/* What a key column becomes must follow from the key alone: of a record that is gone nothing else is known. */
static bool
key_alone(struct step_build *build, const struct step_formula *formula, const char *column)
{
    for (uint32_t i = 0; i < formula->read_count; i++)
        if (formula->scope->key[formula->reads[i]] == STEP_NO_KEY) {
            wrong_type(build, formula, "key-from-others", "make another column of it, and leave the key as it is",
                       arena_printf(build->arena, "key column '%s' can only be made of key columns, and '%s' is none", column,
                                    formula->scope->names.name[formula->reads[i]].name));
            return false;
        }
    if (formula->read_count > 0 || build->request->table->capture.key.count > 1)
        return true;
    wrong_type(build, formula, "key-from-others", NULL,
               arena_printf(build->arena, "key column '%s' would be the same in every record", column));
    return false;
}

/* The column that holds the values: another one where the expression only names it, else one that is made. */
static uint32_t
value_column(struct step_build *build, struct step_formula *formula, const char *rule, const char *field, bool key)
{
    uint32_t name = expression_column(formula->expression);
    struct step_op *op;

    /* a key column is there in deletes too, where all else that is made of a record is null */
    if (name != UINT32_MAX && (key || formula->scope->key[name] == STEP_NO_KEY))
        return formula->scope->column[name];
    op = step_op_add(build, rule);
    op->field = field;
    op->formula = formula;
    op->run = set_run;
    op->key = key;
    build->program->keys_made |= key;
    return step_column_next(build);
}

void
step_set_build(struct step_build *build, const struct config_step *step)
{
    const struct step_scope *scope = step_scope_make(build);
    struct step_formula **formula = arena_zero(build->arena, (step->set_count + 1) * sizeof *formula);

    for (uint32_t i = 0; i < step->set_count; i++) { /* each sees the columns as they were before the first */
        uint32_t at = step_slot_find(build, step->set[i].column);

        if (build->request->keys_only && (at == UINT32_MAX || build->slot[at].key == STEP_NO_KEY))
            continue;
        formula[i] = step_formula_make(build, scope, &step->set[i].value);
    }
    for (uint32_t i = 0; i < step->set_count; i++) {
        const struct config_set *set = &step->set[i];
        struct step_slot slot = {.name = set->column, .source = set->column, .kept = true, .key = STEP_NO_KEY};
        uint32_t at;

        if (formula[i] == NULL && build->request->keys_only)
            continue;
        at = step_slot_find(build, set->column);
        if (at != UINT32_MAX && build->slot[at].hidden && build->slot[at].source == NULL) {
            struct step_problem problem = {.place = set->place, .code = "duplicate-name", .what = arena_printf(
                build->arena, "'%s' is a column that was looked up: set one of another name from it", set->column)};

            step_problem_say(build, &problem);
            continue;
        }
        if (at != UINT32_MAX) {
            slot.source = build->slot[at].source;
            slot.key = build->slot[at].key;
        }
        if (formula[i] != NULL && (slot.key == STEP_NO_KEY || key_alone(build, formula[i], set->column))) {
            slot.type = *expression_type(formula[i]->expression);
            slot.column = value_column(build, formula[i], arena_printf(build->arena, "set %s", set->column), set->column,
                                       slot.key != STEP_NO_KEY);
        } else {
            slot.column = UINT32_MAX; /* said so: so that what follows is not found fault with, too */
        }
        if (at != UINT32_MAX)
            build->slot[at] = slot;
        else
            step_slot_add(build, &slot);
    }
}

static void
context_value(struct step_build *build, const struct step_scope *scope, const struct config_expression *from, const char *rule,
              bool instant, struct step_value *value)
{
    struct step_formula *formula;
    struct daybreak_text constant;
    enum daybreak_type type;
    uint32_t column;

    *value = (struct step_value){NULL, UINT32_MAX};
    if (from->text == NULL || build->request->keys_only)
        return;
    formula = step_formula_make(build, scope, from);
    if (formula == NULL)
        return;
    type = expression_type(formula->expression)->type;
    if (instant && type != DAYBREAK_TYPE_TIMESTAMP && type != DAYBREAK_TYPE_DATE && type != DAYBREAK_TYPE_TEXT) {
        wrong_type(build, formula, "expression-type", "from seconds since 1970: from_epoch(n)",
                   "changed_at must be a timestamp, a date or a text that is written as one");
        return;
    }
    if (expression_constant(formula->expression, &constant)) {
        int64_t us;

        if (constant.size == DAYBREAK_NULL || constant.size == 0)
            return;
        if (instant && !value_timestamp(constant.at, constant.size, &(struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP}, &us)) {
            wrong_type(build, formula, "expression-type", "name the column that holds it", "this text is no instant");
            return;
        }
        if (!instant) {
            value->text = arena_bytes(build->arena, constant.at, constant.size);
            return;
        }
    }
    column = expression_column(formula->expression); /* deletes have no context: a key column may stand for itself */
    value->column = column != UINT32_MAX ? formula->scope->column[column] : value_column(build, formula, rule, NULL, false);
}

void
step_context_build(struct step_build *build, struct step_plan *plan)
{
    const struct config_context *context = &build->request->table->context;
    const struct step_scope *scope;
    struct step_value *related = arena_alloc(build->arena, (context->related_count + 1) * sizeof *related);

    build->step = build->request->table->step_count;
    build->open |= build->request->context_open;
    build->in_context = true;
    scope = step_scope_make(build);
    context_value(build, scope, &context->changed_at, "context changed_at", true, &plan->changed_at);
    context_value(build, scope, &context->reason, "context reason", false, &plan->reason);
    context_value(build, scope, &context->actor, "context actor", false, &plan->actor);
    for (uint32_t i = 0; i < context->related_count; i++)
        context_value(build, scope, &context->related[i].value,
                      arena_printf(build->arena, "context related.%s", context->related[i].name), false, &related[i]);
    plan->related = related;
}
