/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind all transforms and the envelope: which handoffs take a record. The first whose `when` holds takes it and nobody behind that one is
 * asked, so that a condition never fails for a record that is not its own; a copy is no taking. What takes it has a contract.
 */
#include "program.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

enum { NAME_OP, NAME_TABLE, NAME_REASON, NAME_CHANGED_AT, NAMES };

static const char *const name_text[NAMES] = {"_op", "_table", "_reason", "_changed_at"};

struct taker_check {
    const struct config_check *from;
    struct step_formula *formula;
};

struct taker {
    const struct config_handoff *handoff;
    uint32_t number;
    uint32_t otherwise;         /* UINT32_MAX: those behind it */
    struct step_formula *when;  /* NULL: everything */
    bool asks_op;               /* deletes are asked, too */
    uint32_t *required;
    const struct value_type **required_type;
    const char **required_name;
    uint32_t required_count;
    struct step_value *context; /* [handoff->context.count] */
    struct taker_check *check;
    uint32_t checks;
};

struct takers {
    const struct config_table *table;
    struct taker *taker;
    uint32_t count;
};

struct names {
    const struct config_table *table;
    struct step_value reason, changed_at;
    bool used[NAMES];
};

/* One pass over the changes of a batch, deletes or all others. */
struct taking {
    const struct takers *takers;
    struct step_run *run;
    uint32_t *at;               /* of a row: which of run->row it is */
    uint32_t *left, lefts;      /* rows that nobody took yet, ascending */
    uint32_t *mine, mines;      /* of these, those that the taker at hand takes */
};

/* ---- running ---------------------------------------------------------------------------------- */

static void
text_cells(struct step_run *run, int name, const struct names *names, struct vector *cells)
{
    struct batch *batch = run->batch;
    struct daybreak_text *text = arena_zero(batch->arena, (batch->rows.rows + 1) * sizeof *text);
    uint8_t *nulls = arena_zero(batch->arena, batch->rows.rows + 1);

    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t row = run->row[i];

        if (name == NAME_OP) {
            text[row] = (struct daybreak_text){&batch->op[run->change[i]], 1};
        } else if (name == NAME_TABLE) {
            text[row] = (struct daybreak_text){names->table->name, (uint32_t)strlen(names->table->name)};
        } else if (names->reason.text != NULL) {
            text[row] = (struct daybreak_text){names->reason.text, (uint32_t)strlen(names->reason.text)};
        } else if (names->reason.column != UINT32_MAX) {
            char room[VALUE_ROOM];
            struct daybreak_text cell = batch_canonical(batch, row, names->reason.column, room);

            text[row] = cell.size == DAYBREAK_NULL ? (struct daybreak_text){"", DAYBREAK_NULL}
                                                   : (struct daybreak_text){arena_bytes(batch->arena, cell.at, cell.size), cell.size};
        } else {
            text[row] = (struct daybreak_text){"", DAYBREAK_NULL};
        }
        nulls[row] = text[row].size == DAYBREAK_NULL;
    }
    cells->text = text;
    cells->nulls = nulls;
}

static void
instant_cells(struct step_run *run, const struct names *names, struct vector *cells)
{
    struct batch *batch = run->batch;
    int64_t *number = arena_zero(batch->arena, (batch->rows.rows + 1) * sizeof *number);
    uint8_t *nulls = arena_zero(batch->arena, batch->rows.rows + 1);
    uint32_t column = names->changed_at.column;

    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t row = run->row[i];
        char room[VALUE_ROOM];
        struct daybreak_text cell = column == UINT32_MAX ? (struct daybreak_text){"", DAYBREAK_NULL}
                                                         : batch_canonical(batch, row, column, room);

        nulls[row] = cell.size == DAYBREAK_NULL ||
                     !value_timestamp(cell.at, cell.size, &(struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP}, &number[row]);
    }
    cells->number = number;
    cells->nulls = nulls;
}

static int
names_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    const struct names *names = op->state;

    (void)fault;
    for (int name = 0; name < NAMES; name++) {
        struct vector cells = {.type = {.type = name == NAME_CHANGED_AT ? DAYBREAK_TYPE_TIMESTAMP : DAYBREAK_TYPE_TEXT}}, gone = cells;

        if (!names->used[name])
            continue;
        if (name == NAME_CHANGED_AT)
            instant_cells(run, names, &cells);
        else
            text_cells(run, name, names, &cells);
        if (run->gone != NULL && name <= NAME_TABLE)
            text_cells(run->gone, name, names, &gone);
        step_make(run, &cells, run->gone != NULL && name <= NAME_TABLE ? &gone : NULL);
    }
    return 0;
}

static void
breach(struct taking *taking, uint32_t row, const struct batch_stop *stop)
{
    struct batch_stop own = *stop;

    own.change = taking->run->change[taking->at[row]];
    batch_breach(taking->run->batch, &own);
}

static void
evaluate(struct taking *taking, const struct step_formula *formula, const uint32_t *row, uint32_t rows, struct vector *out,
         struct expression_failures *failures)
{
    struct vector *input = formula->scope->input;
    struct batch *batch = taking->run->batch;

    for (uint32_t i = 0; i < formula->read_count; i++) {
        uint32_t name = formula->reads[i];

        input[name] = *step_run_vector(taking->run, formula->scope->column[name], &formula->scope->names.name[name].type);
    }
    expression_run(formula->expression, input, batch->rows.rows, row, rows, batch->arena, out, failures);
}

static bool
holds(const struct vector *out, uint32_t row)
{
    return (out->nulls == NULL || !out->nulls[row]) && out->number[row] != 0;
}

/* Those of ${from} that the marks do not name, in place; all of them keep their order. */
static uint32_t
without(uint32_t *from, uint32_t count, const uint8_t *mark)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        if (!mark[from[i]])
            from[kept++] = from[i];
    return kept;
}

/* Always the same keys: a hash of the key alone, spread over ten thousand. */
static bool
shared(const struct taking *taking, const struct taker *taker, uint32_t row)
{
    const struct batch *batch = taking->run->batch;
    struct daybreak_text key = batch->key == NULL ? (struct daybreak_text){"", 0} : batch->key[row];

    if (key.size == DAYBREAK_NULL)
        key.size = 0;
    return (double)(XXH3_64bits_withSeed(key.at, key.size, 0x73686172) % 10000) < taker->handoff->share * 10000;
}

static void
take(struct taking *taking, const struct taker *taker, bool deletes)
{
    struct batch *batch = taking->run->batch;
    struct expression_failures failures = {0};
    uint8_t *mark = NULL;
    struct vector out;

    taking->mines = 0;
    if (taking->lefts == 0)
        return;
    if (taker->when != NULL)
        evaluate(taking, taker->when, taking->left, taking->lefts, &out, &failures);
    if (failures.count > 0)
        mark = arena_zero(batch->arena, batch->rows.rows + 1);
    for (uint32_t f = 0; f < failures.count; f++) {
        uint32_t row = failures.item[f].row;

        mark[row] = 1;
        if (!deletes)
            breach(taking, row, &(struct batch_stop){.stage = "route", .rule = "when", .reason = failures.item[f].reason,
                .detail = arena_printf(batch->arena, "when of handoff %s: %.200s: %s", taker->handoff->name, taker->handoff->when.text,
                                       failures.item[f].detail),
                .value = step_values(taking->run, taker->when, row)});
    }
    if (mark != NULL)
        taking->lefts = without(taking->left, taking->lefts, mark);
    for (uint32_t i = 0; i < taking->lefts; i++)
        if (taker->when == NULL || holds(&out, taking->left[i]))
            taking->mine[taking->mines++] = taking->left[i];
    if (taking->mines > 0 && !taker->handoff->copy) {
        mark = arena_zero(batch->arena, batch->rows.rows + 1);
        for (uint32_t i = 0; i < taking->mines; i++)
            mark[taking->mine[i]] = taker->handoff->share >= 1 || shared(taking, taker, taking->mine[i]) || taker->otherwise != UINT32_MAX;
        taking->lefts = without(taking->left, taking->lefts, mark);
    }
}

static void
required_ask(struct taking *taking, const struct taker *taker, uint8_t *bad)
{
    struct batch *batch = taking->run->batch;

    for (uint32_t k = 0; k < taker->required_count; k++) {
        const struct vector *cells = step_run_vector(taking->run, taker->required[k], taker->required_type[k]);

        for (uint32_t i = 0; i < taking->mines; i++) {
            uint32_t row = taking->mine[i];
            bool null = cells->nulls != NULL && cells->nulls[row];

            if (bad[row] || (!null && (cells->text == NULL || cells->text[row].size > 0)))
                continue;
            bad[row] = 1;
            breach(taking, row, &(struct batch_stop){.stage = "contract", .handoff = taker->handoff->name, .rule = "required",
                .reason = "required", .field = taker->required_name[k],
                .detail = arena_printf(batch->arena, "handoff %s requires column '%s', which is %s", taker->handoff->name,
                                       taker->required_name[k], null ? "null" : "empty")});
        }
    }
}

static void
context_ask(struct taking *taking, const struct taker *taker, uint8_t *bad)
{
    struct batch *batch = taking->run->batch;

    for (size_t k = 0; k < taker->handoff->context.count; k++)
        for (uint32_t i = 0; i < taking->mines && taker->context[k].text == NULL; i++) {
            uint32_t row = taking->mine[i];
            struct daybreak_text cell = {"", DAYBREAK_NULL};
            char room[VALUE_ROOM];

            if (bad[row])
                continue;
            if (taker->context[k].column != UINT32_MAX)
                cell = batch_canonical(batch, row, taker->context[k].column, room);
            if (cell.size != DAYBREAK_NULL && cell.size > 0)
                continue;
            bad[row] = 1;
            breach(taking, row, &(struct batch_stop){.stage = "contract", .handoff = taker->handoff->name, .rule = "context",
                .reason = "context", .field = taker->handoff->context.item[k],
                .detail = arena_printf(batch->arena, "handoff %s requires '%s' of the envelope, and there is none", taker->handoff->name,
                                       taker->handoff->context.item[k])});
        }
}

static void
checks_ask(struct taking *taking, const struct taker *taker, uint8_t *bad)
{
    struct batch *batch = taking->run->batch;

    for (uint32_t c = 0; c < taker->checks; c++) {
        const struct taker_check *check = &taker->check[c];
        struct expression_failures failures = {0};
        struct vector out;

        taking->mines = without(taking->mine, taking->mines, bad);
        if (taking->mines == 0)
            return;
        evaluate(taking, check->formula, taking->mine, taking->mines, &out, &failures);
        for (uint32_t f = 0; f < failures.count; f++) {
            bad[failures.item[f].row] = 1;
            breach(taking, failures.item[f].row, &(struct batch_stop){.stage = "contract", .handoff = taker->handoff->name,
                .rule = check->from->name, .reason = check->from->name,
                .detail = arena_printf(batch->arena, "%.200s: %s", check->from->test.text, failures.item[f].detail),
                .value = step_values(taking->run, check->formula, failures.item[f].row)});
        }
        for (uint32_t i = 0; i < taking->mines; i++) {
            uint32_t row = taking->mine[i];

            if (bad[row] || (out.nulls != NULL && out.nulls[row]) || out.number[row] != 0)
                continue;
            bad[row] = 1;
            breach(taking, row, &(struct batch_stop){.stage = "contract", .handoff = taker->handoff->name, .rule = check->from->name,
                .reason = check->from->name, .detail = arena_printf(batch->arena, "%.200s: does not hold", check->from->test.text),
                .value = step_values(taking->run, check->formula, row)});
        }
    }
}

static void
contract_ask(struct taking *taking, const struct taker *taker)
{
    struct batch *batch = taking->run->batch;
    uint8_t *bad;

    if (taking->mines == 0 || (taker->required_count == 0 && taker->checks == 0 && taker->handoff->context.count == 0))
        return;
    bad = arena_zero(batch->arena, batch->rows.rows + 1);
    required_ask(taking, taker, bad);
    context_ask(taking, taker, bad);
    checks_ask(taking, taker, bad);
    taking->mines = without(taking->mine, taking->mines, bad);
}

/* What takes the rest of a shared handoff is asked for its own contract only. */
static void
share_out(struct taking *taking, const struct taker *taker)
{
    const struct takers *takers = taking->takers;
    struct batch *batch = taking->run->batch;
    struct taking others = *taking;
    uint32_t kept = 0;

    others.mine = arena_alloc(batch->arena, (taking->mines + 1) * sizeof *others.mine);
    others.mines = 0;
    for (uint32_t i = 0; i < taking->mines; i++) {
        uint32_t row = taking->mine[i];

        if (shared(taking, taker, row))
            taking->mine[kept++] = row;
        else
            others.mine[others.mines++] = row;
    }
    taking->mines = kept;
    if (taker->otherwise == UINT32_MAX)
        return;
    contract_ask(&others, &takers->taker[taker->otherwise]);
    for (uint32_t i = 0; i < others.mines; i++)
        batch->takers[taking->run->change[taking->at[others.mine[i]]]] |= UINT64_C(1) << taker->otherwise;
}

/* Nobody wanted it: every condition, and what it saw. */
static void
none_takes(struct taking *taking, uint32_t row)
{
    const struct takers *takers = taking->takers;
    struct batch *batch = taking->run->batch;
    struct text detail = {0}, value = {0};
    bool any = false;

    text_char(&value, '{');
    for (uint32_t h = 0; h < takers->count; h++) {
        const struct taker *taker = &takers->taker[h];

        if (taker->when == NULL)
            continue;
        text_printf(&detail, "%s%s: %.200s", detail.size == 0 ? "" : "; ", taker->handoff->name, taker->handoff->when.text);
        text_put(&value, any ? "," : "");
        json_quote(&value, taker->handoff->name, strlen(taker->handoff->name));
        text_char(&value, ':');
        text_put(&value, step_values(taking->run, taker->when, row));
        any = true;
    }
    text_char(&value, '}');
    breach(taking, row, &(struct batch_stop){.stage = "route", .rule = "no handoff takes it", .reason = "no handoff takes it",
        .detail = arena_printf(batch->arena, "no `when` holds: %.2000s", detail.size == 0 ? "every handoff is only_by_name, disabled or for other tables"
                                                                                       : text_end(&detail)),
        .value = arena_bytes(batch->arena, value.at, value.size)});
    text_fini(&detail);
    text_fini(&value);
}

static void
pass(const struct takers *takers, struct step_run *run, bool deletes)
{
    struct batch *batch = run->batch;
    struct taking taking = {.takers = takers, .run = run};

    if (run->count == 0)
        return;
    taking.at = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *taking.at);
    taking.left = arena_alloc(batch->arena, (run->count + 1) * sizeof *taking.left);
    taking.mine = arena_alloc(batch->arena, (run->count + 1) * sizeof *taking.mine);
    for (uint32_t i = 0; i < run->count; i++) {
        taking.at[run->row[i]] = i;
        taking.left[taking.lefts++] = run->row[i];
    }
    for (uint32_t h = 0; h < takers->count; h++) {
        const struct taker *taker = &takers->taker[h];

        if (taker->handoff->only_by_name || !taker->handoff->enabled || (deletes && !taker->asks_op) ||
            (taker->when == NULL && taker->handoff->when.text != NULL))
            continue;
        if (taker->handoff->tables.count > 0) {
            size_t t = 0;

            while (t < taker->handoff->tables.count && strcmp(taker->handoff->tables.item[t], takers->table->name) != 0)
                t++;
            if (t == taker->handoff->tables.count)
                continue;
        }
        take(&taking, taker, deletes);
        if (taker->handoff->share < 1 && !deletes)
            share_out(&taking, taker);
        if (!deletes)
            contract_ask(&taking, taker);
        for (uint32_t i = 0; i < taking.mines; i++)
            batch->takers[run->change[taking.at[taking.mine[i]]]] |= UINT64_C(1) << h;
    }
    for (uint32_t i = 0; i < taking.lefts && !deletes; i++)
        none_takes(&taking, taking.left[i]);
}

static int
takers_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    (void)fault;
    if (run->old)
        return 0;
    run->batch->takers = arena_zero(run->batch->arena, (run->batch->changes + 1) * sizeof *run->batch->takers);
    run->batch->breach_count = 0;
    pass(op->state, run, false);
    if (run->gone != NULL)
        pass(op->state, run->gone, true);
    return 0;
}

/* ---- building --------------------------------------------------------------------------------- */

static bool
names_one(const struct config *config, const char *name)
{
    for (uint32_t h = 0; h < config->handoff_count; h++) {
        const struct config_handoff *handoff = &config->handoffs[h];

        if (handoff->when.text != NULL && strstr(handoff->when.text, name) != NULL)
            return true;
        for (uint32_t c = 0; c < handoff->contract.check_count; c++)
            if (strstr(handoff->contract.check[c].test.text, name) != NULL)
                return true;
    }
    return false;
}

/* What only the engine knows of a change, as columns that no sink sees. */
static void
names_build(struct step_build *build, const struct step_plan *plan)
{
    struct names *names = arena_zero(build->arena, sizeof *names);
    struct step_op *op = NULL;

    names->table = build->request->table;
    names->reason = plan->reason;
    names->changed_at = plan->changed_at;
    for (int name = 0; name < NAMES; name++) {
        struct step_slot slot = {.name = name_text[name], .kept = true, .hidden = true, .key = STEP_NO_KEY,
                                 .type = {.type = name == NAME_CHANGED_AT ? DAYBREAK_TYPE_TIMESTAMP : DAYBREAK_TYPE_TEXT}};

        if (!names_one(build->request->config, name_text[name]) || step_slot_find(build, name_text[name]) != UINT32_MAX)
            continue;
        if (op == NULL) {
            op = step_op_add(build, "handoffs");
            op->run = names_run;
            op->state = names;
        }
        names->used[name] = true;
        slot.column = step_column_next(build);
        step_slot_add(build, &slot);
    }
}

static struct step_formula *
condition(struct step_build *build, const struct step_scope *scope, const struct config_expression *from, const char *what)
{
    struct step_formula *formula = step_formula_make(build, scope, from);
    char type[32];

    if (formula == NULL)
        return NULL;
    value_type_text(expression_type(formula->expression), type);
    if (expression_type(formula->expression)->type == DAYBREAK_TYPE_BOOLEAN)
        return formula;
    step_problem_say(build, &(struct step_problem){
        .expression = from, .size = (uint32_t)strlen(from->text), .place = from->place, .code = "expression-type",
        .suggestion = "a comparison, such as total > 10000",
        .what = arena_printf(build->arena, "%s must be true or false, and this is %s", what, type)});
    return NULL;
}

static void
required_build(struct step_build *build, struct taker *taker)
{
    const struct config_contract *from = &taker->handoff->contract;

    taker->required = arena_alloc(build->arena, (from->required.count + 1) * sizeof *taker->required);
    taker->required_type = arena_alloc(build->arena, (from->required.count + 1) * sizeof *taker->required_type);
    taker->required_name = arena_alloc(build->arena, (from->required.count + 1) * sizeof *taker->required_name);
    for (size_t i = 0; i < from->required.count; i++) {
        const char *name = from->required.item[i];
        uint32_t at = step_slot_need(build, name, from->required_place);
        struct value_type *type;

        if (at == UINT32_MAX) {
            const char **names = arena_alloc(build->arena, (build->slots + 1) * sizeof *names), *nearest;
            size_t count = 0;

            for (uint32_t k = 0; k < build->slots; k++)
                if (build->slot[k].kept)
                    names[count++] = build->slot[k].name;
            nearest = text_nearest(name, names, count);
            step_problem_say(build, &(struct step_problem){
                .place = from->required_place, .code = "contract-column",
                .what = arena_printf(build->arena, "the contract of handoff '%s' requires column '%s', which is not there",
                                     taker->handoff->name, name),
                .suggestion = nearest == NULL ? NULL : arena_printf(build->arena, "did you mean '%s'?", nearest)});
            continue;
        }
        type = arena_alloc(build->arena, sizeof *type);
        *type = build->slot[at].type;
        taker->required[taker->required_count] = build->slot[at].column;
        taker->required_type[taker->required_count] = type;
        taker->required_name[taker->required_count++] = name;
    }
}

/* Parts of the envelope that a contract asks for: where the values stand. */
static void
context_build(struct step_build *build, const struct step_plan *plan, struct taker *taker)
{
    const struct config_context *context = &build->request->table->context;

    taker->context = arena_alloc(build->arena, (taker->handoff->context.count + 1) * sizeof *taker->context);
    for (size_t k = 0; k < taker->handoff->context.count; k++) {
        const char *name = taker->handoff->context.item[k];
        bool given = true;

        taker->context[k] = (struct step_value){NULL, UINT32_MAX};
        if (strcmp(name, "reason") == 0) {
            taker->context[k] = plan->reason;
            given = context->reason.text != NULL;
        } else if (strcmp(name, "actor") == 0) {
            taker->context[k] = plan->actor;
            given = context->actor.text != NULL;
        } else if (strcmp(name, "changed_at") == 0) {
            taker->context[k] = plan->changed_at;
            given = context->changed_at.text != NULL;
        } else {
            given = false;
            for (uint32_t r = 0; r < context->related_count; r++)
                if (strcmp(context->related[r].name, name + strlen("related.")) == 0) {
                    taker->context[k] = plan->related[r];
                    given = true;
                }
        }
        if (!given)
            step_problem_say(build, &(struct step_problem){
                .place = taker->handoff->place, .code = "contract-context", .suggestion = "say it under `context:`",
                .what = arena_printf(build->arena, "the contract of handoff '%s' requires '%s' of the envelope, which the file never fills",
                                     taker->handoff->name, name)});
    }
}

static void
taker_build(struct step_build *build, const struct step_plan *plan, const struct step_scope *scope, struct taker *taker)
{
    const struct config_handoff *handoff = taker->handoff;

    if (handoff->when.text != NULL)
        taker->when = condition(build, scope, &handoff->when, arena_printf(build->arena, "`when` of handoff '%s'", handoff->name));
    for (uint32_t i = 0; taker->when != NULL && i < taker->when->read_count; i++)
        taker->asks_op |= strcmp(taker->when->scope->names.name[taker->when->reads[i]].name, "_op") == 0;
    build->program->asks_gone |= taker->asks_op;
    required_build(build, taker);
    context_build(build, plan, taker);
    taker->check = arena_zero(build->arena, (handoff->contract.check_count + 1) * sizeof *taker->check);
    for (uint32_t c = 0; c < handoff->contract.check_count; c++) {
        const struct config_check *check = &handoff->contract.check[c];
        struct step_formula *formula = condition(build, scope, &check->test, arena_printf(build->arena, "check '%s'", check->name));

        if (formula != NULL)
            taker->check[taker->checks++] = (struct taker_check){check, formula};
    }
}

/* Does the handoff see records of this table? */
static bool
sees(const struct config_handoff *handoff, const struct config_table *table)
{
    for (size_t t = 0; t < handoff->tables.count; t++)
        if (strcmp(handoff->tables.item[t], table->name) == 0)
            return true;
    return handoff->tables.count == 0;
}

void
step_takers_build(struct step_build *build, const struct step_plan *plan)
{
    const struct config *config = build->request->config;
    const struct step_scope *scope;
    struct takers *takers;
    struct step_op *op;

    if (config == NULL || config->handoff_count == 0 || build->request->keys_only)
        return;
    build->in_context = false;
    names_build(build, plan);
    scope = step_scope_make(build);
    takers = arena_zero(build->arena, sizeof *takers);
    takers->table = build->request->table;
    takers->count = config->handoff_count;
    takers->taker = arena_zero(build->arena, takers->count * sizeof *takers->taker);
    for (uint32_t h = 0; h < takers->count; h++) {
        takers->taker[h] = (struct taker){.handoff = &config->handoffs[h], .number = h, .otherwise = UINT32_MAX};
        if (config->handoffs[h].otherwise != NULL)
            takers->taker[h].otherwise = config_handoff_find(config, config->handoffs[h].otherwise);
        if (sees(&config->handoffs[h], build->request->table))
            taker_build(build, plan, scope, &takers->taker[h]);
    }
    op = step_op_add(build, "handoffs");
    op->run = takers_run;
    op->state = takers;
}
