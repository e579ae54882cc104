/* SPDX-License-Identifier: Apache-2.0 */
/* What a source promises of its rows, asked of all of them. Owns its expressions; the columns that lookups give live as long as a batch. */
#include "step/contract.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "lookup_parts.h"
#include "program.h"

#define SHOWN_MAX 200 /* of an expression or a value, in a message about one row */

struct contract_lookup {
    struct lookup *lookup;
    uint32_t keys, columns;
    uint32_t *key;              /* columns: of the layout, or made before */
    struct value_type *type;
    uint32_t first;             /* its own first column */
};

struct contract_check {
    const struct config_check *from;
    const struct step_formula *formula;
    uint32_t column;            /* of the layout: the one it is about, UINT32_MAX when it reads none or several */
};

struct contract {
    struct arena *arena;
    const struct batch_layout *layout;
    uint32_t made;              /* columns of the lookups */
    struct contract_lookup *lookup;
    uint32_t lookups;
    uint32_t *required;         /* columns of the layout */
    const char **required_name;
    uint32_t required_count;
    struct contract_check *check;
    uint32_t checks;
    struct step_program program; /* owns the formulas */
};

/* One batch. */
struct contract_pass {
    const struct contract *contract;
    struct batch *batch;
    struct vector *vector;      /* [layout->columns + made] */
    bool *there;
    uint32_t *row;              /* those that are good still */
    uint32_t rows;
};

bool
contract_wanted(const struct config_table *table)
{
    return table->lookup_count > 0 || table->contract.required.count > 0 || table->contract.check_count > 0;
}

const struct batch_layout *
contract_layout(const struct contract *contract)
{
    return contract->layout;
}

/* ---- building ------------------------------------------------------------------------------------ */

/* The slots that the lookups of the source make, taken from the ops they would be among the transforms. */
static void
lookups_bind(struct step_build *build, struct contract *contract)
{
    const struct config_table *table = build->request->table;

    contract->lookup = arena_zero(contract->arena, (table->lookup_count + 1) * sizeof *contract->lookup);
    for (uint32_t i = 0; i < table->lookup_count; i++) {
        struct contract_lookup *bound = &contract->lookup[contract->lookups];
        uint32_t before = build->program->makes;

        if (!step_lookup_bind(build, &table->lookups[i], &bound->lookup, &bound->key, &bound->type))
            continue;
        lookup_keys(bound->lookup, &bound->keys);
        bound->columns = build->program->makes - before;
        bound->first = build->request->layout->columns + before;
        contract->lookups++;
    }
    contract->made = build->program->makes;
}

static void
required_bind(struct step_build *build, struct contract *contract)
{
    const struct config_contract *from = &build->request->table->contract;

    contract->required = arena_alloc(contract->arena, (from->required.count + 1) * sizeof *contract->required);
    contract->required_name = arena_alloc(contract->arena, (from->required.count + 1) * sizeof *contract->required_name);
    for (size_t i = 0; i < from->required.count; i++) {
        const char *name = from->required.item[i], *nearest;
        uint32_t at = step_slot_need(build, name, from->required_place);
        const char **names;
        size_t count = 0;

        if (at != UINT32_MAX) {
            contract->required[contract->required_count] = build->slot[at].column;
            contract->required_name[contract->required_count++] = name;
            continue;
        }
        names = arena_alloc(build->arena, (build->slots + 1) * sizeof *names);
        for (uint32_t k = 0; k < build->slots; k++)
            names[count++] = build->slot[k].name;
        nearest = text_nearest(name, names, count);
        step_problem_say(build, &(struct step_problem){
            .place = from->required_place, .code = "contract-column",
            .what = arena_printf(build->arena, "the contract requires column '%s', which the input does not have", name),
            .suggestion = nearest == NULL ? NULL : arena_printf(build->arena, "did you mean '%s'?", nearest)});
    }
}

static void
checks_bind(struct step_build *build, struct contract *contract)
{
    const struct config_contract *from = &build->request->table->contract;
    const struct step_scope *scope = step_scope_make(build);

    contract->check = arena_zero(contract->arena, (from->check_count + 1) * sizeof *contract->check);
    for (uint32_t i = 0; i < from->check_count; i++) {
        struct contract_check *check = &contract->check[contract->checks];
        struct step_formula *formula = step_formula_make(build, scope, &from->check[i].test);
        char type[32];

        if (formula == NULL)
            continue;
        value_type_text(expression_type(formula->expression), type);
        if (expression_type(formula->expression)->type != DAYBREAK_TYPE_BOOLEAN) {
            step_problem_say(build, &(struct step_problem){
                .expression = formula->from, .size = (uint32_t)strlen(formula->from->text), .place = formula->from->place,
                .code = "expression-type", .suggestion = "a comparison, such as total >= 0",
                .what = arena_printf(build->arena, "check '%s' must be true or false, and this is %s", from->check[i].name, type)});
            continue;
        }
        *check = (struct contract_check){.from = &from->check[i], .formula = formula, .column = UINT32_MAX};
        if (formula->read_count == 1 && formula->scope->column[formula->reads[0]] < build->request->layout->columns)
            check->column = formula->scope->column[formula->reads[0]];
        contract->checks++;
    }
}

int
contract_make(const struct step_request *request, struct contract **out, struct daybreak_fault *fault)
{
    struct contract *contract;
    struct step_build build = {.request = request, .open = request->open, .fault = fault};

    *out = NULL;
    if (!contract_wanted(request->table))
        return 0;
    contract = memory_zero(sizeof *contract);
    contract->arena = build.arena = arena_new();
    contract->layout = request->layout;
    build.program = &contract->program;
    step_layout_slots(&build);
    lookups_bind(&build, contract);
    required_bind(&build, contract);
    checks_bind(&build, contract);
    *out = contract;
    if (build.problems == 0)
        return 0;
    contract_free(contract);
    *out = NULL;
    return request->problem == NULL ? -1 : fault_set(fault, DAYBREAK_ASIDE, "the contract does not fit the columns");
}

void
contract_free(struct contract *contract)
{
    if (contract == NULL)
        return;
    for (struct step_formula *formula = contract->program.formula; formula != NULL; formula = formula->next)
        expression_free(formula->expression);
    arena_free(contract->arena);
    free(contract);
}

/* ---- running -------------------------------------------------------------------------------------- */

static const struct vector *
vector_of(struct contract_pass *pass, uint32_t column, const struct value_type *type)
{
    struct batch *batch = pass->batch;
    struct vector *vector;

    if (column == UINT32_MAX) { /* a column that only other rows of the input have */
        uint8_t *nulls = arena_alloc(batch->arena, batch->rows.rows + 1);

        vector = arena_zero(batch->arena, sizeof *vector);
        memset(nulls, 1, batch->rows.rows + 1);
        *vector = (struct vector){.type = *type, .nulls = nulls};
        vector->number = arena_zero(batch->arena, (batch->rows.rows + 1) * sizeof(value_int128));
        vector->real = (const double *)vector->number;
        vector->decimal = (const value_int128 *)vector->number;
        vector->text = (const struct daybreak_text *)vector->number;
        return vector;
    }
    vector = &pass->vector[column];
    if (!pass->there[column])
        batch_vector(batch, column, NULL, batch->rows.rows, vector);
    pass->there[column] = true;
    return vector;
}

/* Rows that became bad are asked no more. */
static void
rows_close_up(struct contract_pass *pass)
{
    uint32_t count = 0;

    if (pass->batch->bad_count == 0)
        return;
    for (uint32_t i = 0; i < pass->rows; i++)
        if (!batch_is_bad(pass->batch, pass->row[i]))
            pass->row[count++] = pass->row[i];
    pass->rows = count;
}

static int
look_up(struct contract_pass *pass, const struct contract_lookup *bound, struct daybreak_fault *fault)
{
    struct batch *batch = pass->batch;
    struct vector *key = arena_alloc(batch->arena, (bound->keys + 1) * sizeof *key);
    struct lookup_failures failures = {0};
    uint32_t columns = pass->contract->layout->columns;

    for (uint32_t k = 0; k < bound->keys; k++)
        key[k] = *vector_of(pass, bound->key[k], &bound->type[k]);
    if (lookup_run(bound->lookup, key, batch->rows.rows, pass->row, pass->rows, batch->arena, &pass->vector[bound->first], &failures,
                   fault) != 0)
        return -1;
    for (uint32_t c = 0; c < bound->columns; c++)
        pass->there[bound->first + c] = true;
    for (uint32_t f = 0; f < failures.count; f++)
        batch_bad_row(&batch->rows, failures.item[f].row, bound->keys == 1 && bound->key[0] < columns ? bound->key[0] : UINT32_MAX,
                      failures.item[f].reason, "lookup %s: %s", lookup_config(bound->lookup)->name, failures.item[f].detail);
    rows_close_up(pass);
    return 0;
}

static void
require(struct contract_pass *pass, uint32_t i)
{
    uint32_t column = pass->contract->required[i];
    static const struct value_type unknown = {.type = DAYBREAK_TYPE_TEXT};
    const struct vector *vector = vector_of(pass, column, &unknown);

    for (uint32_t k = 0; k < pass->rows; k++) {
        uint32_t row = pass->row[k];
        bool null = vector->nulls != NULL && vector->nulls[row], text = vector->type.type == DAYBREAK_TYPE_TEXT;

        if (null || (text && vector->text[row].size == 0))
            batch_bad_row(&pass->batch->rows, row, column < pass->contract->layout->columns ? column : UINT32_MAX, "required",
                          "column '%s' is required, and is %s", pass->contract->required_name[i], null ? "null" : "empty");
    }
    rows_close_up(pass);
}

/* total = -3.00, status = 'new': what the check saw. */
static void
values_put(struct contract_pass *pass, const struct step_formula *formula, uint32_t row, struct text *out)
{
    for (uint32_t i = 0; i < formula->read_count; i++) {
        uint32_t name = formula->reads[i], column = formula->scope->column[name];
        const struct expression_name *read = &formula->scope->names.name[name];

        text_printf(out, "%s%s = ", i == 0 ? "" : ", ", read->name);
        lookup_cell_show(vector_of(pass, column, &read->type), row, false, out);
    }
}

static void
breach(struct contract_pass *pass, const struct contract_check *check, uint32_t row, const char *why)
{
    const char *test = check->from->test.text;
    size_t size = strlen(test), shown = size <= SHOWN_MAX ? size : text_utf8_cut(test, size, SHOWN_MAX);
    struct text values = {0};

    values_put(pass, check->formula, row, &values);
    batch_bad_row(&pass->batch->rows, row, check->column, check->from->name, "%.*s%s: %s; %.600s", (int)shown, test,
                  shown < size ? "…" : "", why, text_end(&values));
    text_fini(&values);
}

static void
check_run(struct contract_pass *pass, const struct contract_check *check)
{
    const struct step_formula *formula = check->formula;
    struct expression_failures failures = {0};
    struct vector *input = formula->scope->input, out;

    if (pass->rows == 0)
        return;
    for (uint32_t i = 0; i < formula->read_count; i++) {
        uint32_t name = formula->reads[i];

        input[name] = *vector_of(pass, formula->scope->column[name], &formula->scope->names.name[name].type);
    }
    expression_run(formula->expression, input, pass->batch->rows.rows, pass->rows == pass->batch->rows.rows ? NULL : pass->row,
                   pass->rows, pass->batch->arena, &out, &failures);
    for (uint32_t f = 0; f < failures.count; f++)
        breach(pass, check, failures.item[f].row, failures.item[f].detail);
    for (uint32_t i = 0; i < pass->rows; i++) {
        uint32_t row = pass->row[i];

        if ((out.nulls == NULL || !out.nulls[row]) && out.number[row] == 0)
            breach(pass, check, row, "does not hold");
    }
    rows_close_up(pass);
}

int
contract_run(struct contract *contract, struct batch *batch, struct daybreak_fault *fault)
{
    struct contract_pass pass = {.contract = contract, .batch = batch};
    size_t columns = contract->layout->columns + contract->made + 1;

    if (batch->rows.rows == 0)
        return 0;
    batch_type(batch, NULL, batch->rows.rows);
    pass.vector = arena_zero(batch->arena, columns * sizeof *pass.vector);
    pass.there = arena_zero(batch->arena, columns * sizeof *pass.there);
    pass.row = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *pass.row);
    for (uint32_t row = 0; row < batch->rows.rows; row++)
        pass.row[pass.rows++] = row;
    rows_close_up(&pass);
    for (uint32_t i = 0; i < contract->lookups; i++)
        if (look_up(&pass, &contract->lookup[i], fault) != 0)
            return -1;
    for (uint32_t i = 0; i < contract->required_count; i++)
        require(&pass, i);
    for (uint32_t i = 0; i < contract->checks; i++)
        check_run(&pass, &contract->check[i]);
    return 0;
}
