/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "record/batch.h"
#include "step/step.h"

#define STEPS_MAX 8

/* A table, its input and what becomes of it; made anew for each test. */
static struct arena *arena;
static struct config_table table;
static struct config_step steps[STEPS_MAX];
static struct batch_layout layout;
static struct batch *batch;
static struct step_plan plan;
static struct step_request request;
static struct daybreak_fault fault;

static void
setup(void)
{
    static const char *const names[] = {"id", "qty", "price", "status", "at", "note"};
    static struct value_type types[] = {{.type = DAYBREAK_TYPE_TEXT},
                                        {.type = DAYBREAK_TYPE_INTEGER},
                                        {.type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2},
                                        {.type = DAYBREAK_TYPE_TEXT},
                                        {.type = DAYBREAK_TYPE_TIMESTAMP},
                                        {.type = DAYBREAK_TYPE_TEXT}};
    static const char *const key[] = {"id"};

    arena = arena_new();
    memset(&table, 0, sizeof table);
    memset(steps, 0, sizeof steps);
    table.name = "orders";
    table.steps = steps;
    table.capture.key = (struct daybreak_list){key, 1};
    layout = (struct batch_layout){.columns = 6, .name = names, .type = types, .empty_is_null = true};
    request = (struct step_request){.table = &table, .layout = &layout};
    batch = batch_new();
    memset(&fault, 0, sizeof fault);
}

static void
teardown(void)
{
    step_plan_free(&plan);
    batch_free(batch);
    arena_free(arena);
}

/* ---- the file --------------------------------------------------------------------------------- */

static struct config_step *
step_add(enum config_step_kind kind)
{
    struct config_step *step = &steps[table.step_count++];

    ck_assert_uint_le(table.step_count, STEPS_MAX);
    step->kind = kind;
    step->place = (struct config_place){10 + table.step_count, 3};
    return step;
}

static void
filter(const char *name, const char *keep)
{
    struct config_step *step = step_add(CONFIG_FILTER);

    step->name = name;
    step->keep.text = keep;
}

/* Pairs of column and expression, ended by NULL. */
static void
set(const char *first, ...)
{
    struct config_step *step = step_add(CONFIG_SET);
    va_list args;

    step->set = arena_zero(arena, 16 * sizeof *step->set);
    va_start(args, first);
    for (const char *column = first; column != NULL; column = va_arg(args, const char *)) {
        step->set[step->set_count].column = column;
        step->set[step->set_count++].value.text = va_arg(args, const char *);
    }
    va_end(args);
}

static void
choose(enum config_step_kind kind, const char *name)
{
    struct config_step *step = step_add(kind);
    const char **item = arena_alloc(arena, sizeof *item);

    item[0] = name;
    step->columns = (struct daybreak_list){item, 1};
}

static void
rename_column(const char *old, const char *new)
{
    struct config_step *step = step_add(CONFIG_RENAME);
    const char **name = arena_alloc(arena, sizeof *name), **value = arena_alloc(arena, sizeof *value);

    name[0] = old;
    value[0] = new;
    step->rename = (struct daybreak_map){name, value, 1};
}

/* ---- the input -------------------------------------------------------------------------------- */

/* Rows of cells with a comma between; "~" is null. Ops one a row: the row of a `d` has its key alone. */
static void
rows(const char *ops, const char *text)
{
    char *block;
    uint32_t count = 0, column = 0, from = 0;

    batch_reset(batch);
    batch->layout = &layout;
    batch->rows.columns = layout.columns;
    block = batch_block(batch, (uint32_t)strlen(text) + 1);
    memcpy(block, text, strlen(text) + 1);
    for (uint32_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != ',' && text[i] != ';')
            continue;
        batch_reserve(&batch->rows, count + 1);
        batch->rows.spans[count * layout.columns + column++] =
            (struct daybreak_span){from, i - from == 1 && text[from] == '~' ? DAYBREAK_NULL : i - from};
        from = i + 1;
        if (text[i] == ',')
            continue;
        while (column < layout.columns)
            batch->rows.spans[count * layout.columns + column++] = (struct daybreak_span){0, DAYBREAK_NULL};
        batch->rows.start[count] = batch->rows.end[count] = batch->rows.lines[count] = 0;
        column = 0;
        count++;
    }
    ck_assert_uint_eq(count, strlen(ops));
    batch->rows.rows = count;
    batch_changes(batch, count);
    batch->changes = count;
    for (uint32_t i = 0; i < count; i++) {
        batch->pick[i] = i;
        batch->op[i] = ops[i];
    }
}

static void
make(void)
{
    step_plan_free(&plan);
    ck_assert_msg(step_plan_make(&request, &plan, &fault) == 0, "%s (%s)", fault.what, fault.hint);
}

static void
run(const char *ops, const char *text)
{
    make();
    rows(ops, text);
    batch_type(batch, batch->pick, batch->changes);
    ck_assert_int_eq(step_run(&plan, batch, &fault), 0);
}

/* The plan cannot be made, and why. */
static void
refused(const char *what, const char *hint, const char *code, enum daybreak_fault_kind kind)
{
    ck_assert_int_eq(step_plan_make(&request, &plan, &fault), -1);
    ck_assert_str_eq(fault.what, what);
    if (hint != NULL)
        ck_assert_str_eq(fault.hint, hint);
    ck_assert_str_eq(fault.code, code);
    ck_assert_int_eq(fault.kind, kind);
    ck_assert_int_eq(fault.status, kind == DAYBREAK_HALT ? 78 : 4);
    ck_assert_ptr_null(plan.arena);
}

/* ---- what came of it -------------------------------------------------------------------------- */

/* "id qty note" */
static const char *
columns(void)
{
    static struct text out;

    text_clear(&out);
    for (uint32_t i = 0; i < plan.columns; i++)
        text_printf(&out, "%s%s%s", i == 0 ? "" : " ", plan.column[i].name, plan.column[i].key ? "*" : "");
    return text_end(&out);
}

/* The column of every change that goes, with "|" between; nulls are "~". */
static const char *
values(const char *column)
{
    static struct text out;
    uint32_t at = step_plan_find(&plan, column);

    ck_assert_msg(at != UINT32_MAX, "no column %s", column);
    text_clear(&out);
    for (uint32_t i = 0; i < batch->changes; i++) {
        char room[VALUE_ROOM];
        struct daybreak_text cell = {NULL, DAYBREAK_NULL};

        if (!batch_goes(batch, i))
            continue;
        if (plan.from[at] != UINT32_MAX)
            cell = batch_canonical(batch, batch->pick[i], plan.from[at], room);
        if (out.size > 0)
            text_char(&out, '|');
        if (cell.size == DAYBREAK_NULL)
            text_char(&out, '~');
        else
            text_add(&out, cell.at, cell.size);
    }
    return text_end(&out);
}

/* One letter a change: g f a. */
static const char *
fates(void)
{
    static char out[64];

    for (uint32_t i = 0; i < batch->changes; i++)
        out[i] = batch->fate == NULL ? 'g' : "gfa"[batch->fate[i]];
    out[batch->changes] = '\0';
    return out;
}

/* ---- tests ------------------------------------------------------------------------------------ */

START_TEST(without_expressions_nothing_is_computed)
{
    rename_column("note", "remark");
    choose(CONFIG_DROP, "status");
    table.context.reason.text = "'nightly'";
    table.context.actor.text = "remark";
    make();
    ck_assert_str_eq(columns(), "id* qty price at remark");
    rows("c", "A,1,2.50,new,,x;");
    batch_type(batch, NULL, 0);
    step_run(&plan, batch, &fault);
    ck_assert_uint_eq(batch->made_count, 0);
    ck_assert_ptr_null(batch->fate);
    ck_assert_str_eq(plan.reason.text, "nightly");
    ck_assert_uint_eq(plan.actor.column, 5);
    ck_assert_uint_eq(plan.changed_at.column, UINT32_MAX);
    ck_assert_ptr_null(plan.changed_at.text);
    step_plan_free(&plan);
    memset(&table.context, 0, sizeof table.context);
    make();
    ck_assert_ptr_null(plan.program);
}
END_TEST

START_TEST(set_computes_new_columns_and_replaces_old_ones_in_their_place)
{
    set("total", "qty * price", "status", "upper(status)", "qty", "qty + 1", NULL);
    run("cu", "A,2,2.50,new,,x;B,3,0.10,~,,y;");
    ck_assert_str_eq(columns(), "id* qty price status at note total");
    ck_assert_str_eq(values("total"), "5.00|0.30");
    ck_assert_str_eq(values("status"), "NEW|~");
    ck_assert_str_eq(values("qty"), "3|4");
    ck_assert_ptr_null(batch->fate);
    ck_assert_int_eq(plan.column[1].type, DAYBREAK_TYPE_INTEGER);
    ck_assert_int_eq(plan.column[6].type, DAYBREAK_TYPE_DECIMAL);
    ck_assert_int_eq(plan.column[6].scale, 2);
}
END_TEST

START_TEST(each_set_sees_the_columns_before_it)
{
    set("note", "status", "status", "note", NULL);
    set("both", "note || '/' || status", "price", "'none'", NULL);
    run("c", "A,2,2.50,new,,x;");
    ck_assert_str_eq(values("note"), "new");
    ck_assert_str_eq(values("status"), "x");
    ck_assert_str_eq(values("both"), "new/x");
    ck_assert_str_eq(values("price"), "none");
    ck_assert_int_eq(plan.column[step_plan_find(&plan, "price")].type, DAYBREAK_TYPE_TEXT);
    ck_assert_uint_eq(batch->made_count, 2); /* a mere column is that column */
}
END_TEST

START_TEST(a_filter_keeps_what_is_true_and_nothing_else)
{
    filter("drafts", "status <> 'draft'");
    set("n", "100 / qty", NULL);
    filter("small", "n < 50");
    run("cccccc", "A,1,,new,,;B,4,,draft,,;C,0,,draft,,;D,4,,~,,;E,4,,,,;F,2,,new,,;");
    ck_assert_str_eq(fates(), "ffffgf");
    ck_assert_uint_eq(batch->fate_step[1], 0);
    ck_assert_uint_eq(batch->fate_step[0], 2);
    ck_assert_uint_eq(batch->fate_step[5], 2);
    ck_assert_uint_eq(batch->stop_count, 0); /* C would have divided by zero, had it come so far */
    ck_assert_str_eq(values("id"), "E");
}
END_TEST

START_TEST(a_record_that_cannot_be_computed_is_set_aside_with_all_it_takes)
{
    filter("all", "TRUE");
    set("unit", "price / qty", "code", "cast(note as integer)", NULL);
    set("later", "unit + 1", NULL);
    run("cccc", "A,2,5.00,new,,7;B,0,12.50,new,,8;C,1,1.00,new,,x y;D,,1.00,new,,9;");
    ck_assert_str_eq(fates(), "gaag");
    ck_assert_uint_eq(batch->stop_count, 2);
    ck_assert_uint_eq(batch->stop[0].change, 1);
    ck_assert_uint_eq(batch->stop[0].step, 1);
    ck_assert_str_eq(batch->stop[0].rule, "set unit");
    ck_assert_str_eq(batch->stop[0].reason, "division_by_zero");
    ck_assert_ptr_nonnull(strstr(batch->stop[0].detail, "price / qty: "));
    ck_assert_str_eq(batch->stop[0].field, "unit");
    ck_assert_str_eq(batch->stop[0].value, "{\"qty\":0,\"price\":12.50}");
    ck_assert_uint_eq(batch->stop[1].change, 2);
    ck_assert_str_eq(batch->stop[1].rule, "set code");
    ck_assert_str_eq(batch->stop[1].reason, "bad_cast");
    ck_assert_str_eq(batch->stop[1].value, "{\"note\":\"x y\"}");
    ck_assert_str_eq(values("code"), "7|9");
    ck_assert_ptr_nonnull(strstr(values("later"), "|~"));
}
END_TEST

START_TEST(deletes_are_not_asked_and_have_their_key_alone)
{
    filter("drafts", "status <> 'draft'");
    set("id", "lower(id)", "total", "qty * price", "kind", "'order'", "copy", "id", NULL);
    run("cddc", "A,2,2.50,new,,;B;C;D,1,1.00,draft,,;");
    ck_assert_str_eq(fates(), "gggf");
    ck_assert_str_eq(values("id"), "a|b|c");
    ck_assert_str_eq(values("total"), "5.00|~|~");
    ck_assert_str_eq(values("kind"), "order|~|~");
    ck_assert_str_eq(values("copy"), "A|~|~");
    ck_assert(plan.column[0].key);
}
END_TEST

START_TEST(a_batch_of_deletes_alone_has_all_columns)
{
    set("id", "lower(id)", "total", "qty * price", NULL);
    run("dd", "B;C;");
    ck_assert_str_eq(values("id"), "b|c");
    ck_assert_str_eq(values("total"), "~|~");
    run("c", "X,1,1.00,n,,;");
    ck_assert_str_eq(values("id"), "x");
}
END_TEST

START_TEST(a_key_that_cannot_be_made_of_a_delete_sets_it_aside)
{
    set("id", "cast(id as integer)", NULL);
    run("dcd", "x1;7,1,1.00,n,,;8;");
    ck_assert_str_eq(fates(), "agg");
    ck_assert_str_eq(values("id"), "7|8");
    ck_assert_str_eq(batch->stop[0].value, "{\"id\":\"x1\"}");
}
END_TEST

START_TEST(changes_that_became_deletes_go_once_more)
{
    filter("drafts", "status <> 'draft'");
    set("id", "lower(id)", "total", "qty * price", NULL);
    run("ccc", "A,2,2.50,new,,;B,1,1.00,draft,,;C,3,1.00,new,,;");
    ck_assert_str_eq(fates(), "gfg");
    batch->op[1] = 'd';
    batch->fate[1] = BATCH_GOES;
    ck_assert_int_eq(step_run(&plan, batch, &fault), 0);
    ck_assert_str_eq(values("id"), "a|b|c");
    ck_assert_str_eq(values("total"), "5.00|~|3.00");
    ck_assert_uint_eq(batch->made_count, 2);
}
END_TEST

START_TEST(old_rows_are_computed_and_none_is_taken_out)
{
    filter("drafts", "status <> 'draft'");
    set("unit", "price / qty", NULL);
    make();
    rows("uuu", "A,2,5.00,draft,,;B,0,1.00,new,,;C,4,1.00,new,,;");
    batch_type(batch, NULL, 0);
    ck_assert_int_eq(step_run_old(&plan, batch, &fault), 0);
    ck_assert_str_eq(fates(), "ggg");
    ck_assert_ptr_nonnull(strstr(values("unit"), "|~|"));
    ck_assert_int_eq(memcmp(values("unit"), "2.5", 3), 0);
}
END_TEST

START_TEST(the_context_sees_what_the_transforms_made)
{
    set("total", "qty * price", NULL);
    choose(CONFIG_DROP, "status");
    rename_column("note", "who");
    table.context.changed_at.text = "at";
    table.context.reason.text = "coalesce(who, 'nightly') || ' ' || total";
    table.context.actor.text = "who";
    table.context.related_count = 2;
    table.context.related = (struct config_related[]){{"half", {"total / qty", {0, 0}}}, {"fixed", {"'x'", {0, 0}}}};
    run("cdc", "A,2,2.50,new,2026-01-02,eve;B;C,0,1.00,new,,~;");
    ck_assert_uint_eq(plan.changed_at.column, 4);
    ck_assert_uint_eq(plan.actor.column, 5);
    ck_assert_str_eq(plan.related[1].text, "x");
    ck_assert_str_eq(fates(), "gga"); /* what says where it belongs divides by zero */
    ck_assert_str_eq(batch->stop[0].rule, "context related.half");
    ck_assert_uint_eq(batch->stop[0].step, 3);
    {
        char room[VALUE_ROOM];
        struct daybreak_text reason = batch_canonical(batch, 0, plan.reason.column, room);

        ck_assert_msg(reason.size == 8 && memcmp(reason.at, "eve 5.00", 8) == 0, "%.*s", (int)reason.size, reason.at);
        ck_assert_uint_eq(batch_canonical(batch, 1, plan.reason.column, room).size, DAYBREAK_NULL);
    }
    ck_assert_str_eq(columns(), "id* qty price at who total");
}
END_TEST

START_TEST(known_columns_stay_where_they_were)
{
    static const char *const other[] = {"note", "id", "extra"};
    static struct value_type types[3];
    struct step_plan before;

    set("total", "coalesce(note, '') || '!'", NULL);
    make();
    before = plan;
    memset(&plan, 0, sizeof plan);
    layout = (struct batch_layout){.columns = 3, .name = other, .type = types};
    request.known = &before;
    make();
    step_plan_free(&before);
    request.known = NULL;
    ck_assert_str_eq(columns(), "id* qty price status at note total extra");
    ck_assert_uint_eq(plan.from[0], 1);
    ck_assert_uint_eq(plan.from[1], UINT32_MAX);
    ck_assert_uint_eq(plan.from[6], 3);
    ck_assert_uint_eq(plan.from[7], 2);
}
END_TEST

START_TEST(what_does_not_fit_the_input_holds_it)
{
    set("total", "qty * prise", NULL);
    ck_assert_int_eq(step_plan_make(&request, &plan, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 4);
    ck_assert_str_eq(fault.code, "missing-column");
    ck_assert_msg(strstr(fault.what, "prise") != NULL && strstr(fault.what, "'qty * prise'") != NULL, "%s", fault.what);
    ck_assert_msg(strstr(fault.hint, "price") != NULL, "%s", fault.hint);
    table.step_count = 0;
    memset(steps, 0, sizeof steps);
    filter("x", "qty");
    refused("a filter keeps the records for which `keep` is true, and this is integer, in 'qty'",
            "a comparison, such as qty <> 0 or status = 'new'", "expression-type", DAYBREAK_ASIDE);
    table.step_count = 0;
    memset(steps, 0, sizeof steps);
    table.context.changed_at.text = "qty";
    refused("changed_at must be a timestamp, a date or a text that is written as one, in 'qty'", NULL, "expression-type",
            DAYBREAK_ASIDE);
    table.context.changed_at.text = "'yesterday'";
    refused("this text is no instant, in ''yesterday''", NULL, "expression-type", DAYBREAK_ASIDE);
}
END_TEST

START_TEST(a_key_is_made_of_key_columns_alone)
{
    set("id", "id || '-' || status", NULL);
    refused("key column 'id' can only be made of key columns, and 'status' is none, in 'id || '-' || status'",
            "make another column of it, and leave the key as it is", "key-from-others", DAYBREAK_ASIDE);
    steps[0].set[0].value.text = "'same'";
    refused("key column 'id' would be the same in every record, in ''same''", NULL, "key-from-others", DAYBREAK_ASIDE);
    steps[0].set[0].value.text = "id";
    choose(CONFIG_DROP, "id");
    refused("key column 'id' is dropped by a transform", "a target can only follow rows whose key it holds", "key-dropped",
            DAYBREAK_HALT);
}
END_TEST

START_TEST(transforms_name_columns_that_are_there)
{
    rename_column("statsu", "state");
    refused("cannot rename column 'statsu': the input has none of that name", "did you mean 'status'?", "missing-column",
            DAYBREAK_ASIDE);
    table.step_count = 0;
    memset(steps, 0, sizeof steps);
    rename_column("status", "note");
    refused("two columns would be called 'note' after the transforms", NULL, "duplicate-column", DAYBREAK_ASIDE);
}
END_TEST

/* Every problem at once, and guesses; a name between each. */
static struct text heard;

static void
hear(void *context, const struct step_problem *problem)
{
    ck_assert_ptr_eq(context, &table);
    text_printf(&heard, "%s%s%s@%u+%u", heard.size == 0 ? "" : " ", problem->guessed ? "?" : "", problem->guessed ? problem->what : problem->code,
                problem->at, problem->size);
}

START_TEST(who_listens_hears_of_every_problem)
{
    request.problem = hear;
    request.context = &table;
    text_clear(&heard);
    filter("a", "statsu = 'x'");
    set("b", "qty + ", "c", "note + 1", "d", "b", NULL);
    set("e", "c", NULL);
    table.context.actor.text = "nobody";
    table.context.reason.text = "nobody || 'x'";
    ck_assert_int_eq(step_plan_make(&request, &plan, &fault), -1);
    ck_assert_msg(strstr(text_end(&heard), "unknown-column@0+6") != NULL, "%s", text_end(&heard));
    ck_assert_msg(strstr(text_end(&heard), "expression-syntax@") != NULL, "%s", text_end(&heard));
    ck_assert_msg(strstr(text_end(&heard), "expression-type@") != NULL, "%s", text_end(&heard));
    ck_assert_msg(strstr(text_end(&heard), "unknown-column@0+1") != NULL, "%s", text_end(&heard)); /* `b` is not there before the set */
    ck_assert_msg(strstr(text_end(&heard), "?nobody@0+6") != NULL, "%s", text_end(&heard)); /* a mere column of the context may be missing */
    ck_assert_msg(strstr(text_end(&heard), " unknown-column@0+6") != NULL, "%s", text_end(&heard));
    ck_assert_str_eq(columns(), "id* qty price status at note b c d e");
    text_fini(&heard);
}
END_TEST

START_TEST(an_open_input_may_have_columns_that_it_does_not_show)
{
    static struct config_field field = {.name = "weight", .type = "decimal(8,3)"};

    request.open = true;
    request.problem = hear;
    request.context = &table;
    table.fields = &field;
    table.field_count = 1;
    text_clear(&heard);
    set("total", "weight * 2", "label", "coalesce(colour, 'none')", "both", "colour || weight", NULL);
    choose(CONFIG_DROP, "shape");
    rename_column("size", "extent");
    run("c", "A,2,2.50,new,,x;");
    ck_assert_str_eq(text_end(&heard), "?weight@0+6 ?colour@9+6 ?shape@0+0 ?size@0+0");
    ck_assert_str_eq(columns(), "id* qty price status at note total label both extent");
    ck_assert_str_eq(values("total"), "~");
    ck_assert_str_eq(values("label"), "none");
    ck_assert_str_eq(values("extent"), "~");
    text_clear(&heard);
    set("colour", "lower(colour)", NULL); /* named by an expression before, set now: delivered */
    make();
    ck_assert_str_eq(columns(), "id* qty price status at note colour total label both extent");
    choose(CONFIG_SELECT, "id");
    filter("gone", "colour = 'x' OR size = 'y' OR shape = 'z'");
    step_plan_free(&plan);
    ck_assert_int_eq(step_plan_make(&request, &plan, &fault), -1);
    ck_assert_msg(strstr(text_end(&heard), " unknown-column@") != NULL, "%s", text_end(&heard)); /* select left it out */
    text_fini(&heard);
}
END_TEST

START_TEST(a_plan_of_keys_alone_leaves_out_what_others_make)
{
    static const char *const names[] = {"id"};
    static struct value_type types[1];

    filter("drafts", "status <> 'draft'");
    set("id", "upper(id)", "total", "qty * price", NULL);
    rename_column("note", "remark");
    rename_column("id", "order_id");
    layout = (struct batch_layout){.columns = 1, .name = names, .type = types};
    request.keys_only = true;
    run("d", "a1;");
    ck_assert_str_eq(columns(), "order_id*");
    ck_assert_str_eq(values("order_id"), "A1");
}
END_TEST

START_TEST(many_records_keep_their_rows)
{
    struct text text = {0}, ops = {0};
    char room[VALUE_ROOM];
    uint32_t at;

    for (int i = 0; i < 5000; i++) {
        text_printf(&text, "K%d,%d,1.50,%s,,;", i, i % 7, i % 3 == 0 ? "draft" : "new");
        text_char(&ops, i % 11 == 0 ? 'd' : 'c');
    }
    filter("drafts", "status <> 'draft'");
    set("unit", "cast(30 / qty as integer)", "name", "lower(id) || '/' || qty", NULL);
    run(text_end(&ops), text_end(&text));
    at = step_plan_find(&plan, "name");
    for (uint32_t i = 0; i < batch->changes; i++) {
        bool deleted = batch->op[i] == 'd', draft = i % 3 == 0, zero = i % 7 == 0;
        struct daybreak_text cell;
        char expected[40];

        ck_assert_int_eq(batch->fate == NULL ? BATCH_GOES : batch->fate[i],
                         deleted ? BATCH_GOES : draft ? BATCH_FILTERED : zero ? BATCH_ASIDE : BATCH_GOES);
        cell = batch_canonical(batch, i, plan.from[at], room);
        snprintf(expected, sizeof expected, "k%u/%u", i, i % 7);
        if (deleted || draft || zero)
            ck_assert_uint_eq(cell.size, DAYBREAK_NULL);
        else
            ck_assert_msg(cell.size == strlen(expected) && memcmp(cell.at, expected, cell.size) == 0, "%.*s", (int)cell.size, cell.at);
    }
    text_fini(&text);
    text_fini(&ops);
}
END_TEST

/* ---- handoffs ----------------------------------------------------------------------------------- */

static struct config_handoff handoff[5];
static struct config config;

/* Conditions of handoffs that take in this order; NULL: everything. */
static void
handoffs(uint32_t count, const char *const *when)
{
    memset(handoff, 0, sizeof handoff);
    memset(&config, 0, sizeof config);
    for (uint32_t i = 0; i < count; i++)
        handoff[i] = (struct config_handoff){.name = (const char *const[]){"a", "b", "c", "d", "e"}[i], .when.text = when[i],
                                             .enabled = true, .share = 1};
    config.handoffs = handoff;
    config.handoff_count = count;
    request.config = &config;
}

START_TEST(the_first_handoff_whose_condition_holds_takes_the_record)
{
    handoffs(3, (const char *const[]){"qty > 5", "price > 1", NULL});
    run("ccc", "1,9,9.00,new;2,1,2.00,new;3,~,~,new;");
    ck_assert_uint_eq(batch->takers[0], 1);
    ck_assert_uint_eq(batch->takers[1], 2);
    ck_assert_uint_eq(batch->takers[2], 4);
    ck_assert_uint_eq(batch->breach_count, 0);
    ck_assert_uint_eq(plan.columns, 6); /* nothing of it is seen by a sink */
}
END_TEST

START_TEST(a_copy_is_no_taking_and_what_nobody_takes_says_why)
{
    handoffs(2, (const char *const[]){NULL, "qty > 5"});
    handoff[0].copy = true;
    run("cc", "1,9,9.00,new;2,1,2.00,new;");
    ck_assert_uint_eq(batch->takers[0], 3);
    ck_assert_uint_eq(batch->takers[1], 1);
    ck_assert_uint_eq(batch->breach_count, 1);
    ck_assert_uint_eq(batch->breach[0].change, 1);
    ck_assert_str_eq(batch->breach[0].stage, "route");
    ck_assert_str_eq(batch->breach[0].reason, "no handoff takes it");
    ck_assert_str_eq(batch->breach[0].detail, "no `when` holds: b: qty > 5");
    ck_assert_str_eq(batch->breach[0].value, "{\"b\":{\"qty\":1}}");
}
END_TEST

START_TEST(a_condition_is_not_asked_of_what_another_handoff_took)
{
    handoffs(2, (const char *const[]){"qty = 0", "price / qty > 1"});
    run("ccc", "1,0,9.00,new;2,1,2.00,new;3,2,0.50,new;");
    ck_assert_uint_eq(batch->takers[0], 1);
    ck_assert_uint_eq(batch->takers[1], 2);
    ck_assert_uint_eq(batch->takers[2], 0);
    ck_assert_uint_eq(batch->breach_count, 1);
    ck_assert_uint_eq(batch->breach[0].change, 2);
}
END_TEST

START_TEST(a_condition_that_fails_sets_the_record_aside_at_the_route)
{
    handoffs(2, (const char *const[]){"price / qty > 1", NULL});
    run("cc", "1,0,9.00,new;2,1,2.00,new;");
    ck_assert_uint_eq(batch->takers[0], 0);
    ck_assert_uint_eq(batch->takers[1], 1);
    ck_assert_uint_eq(batch->breach_count, 1);
    ck_assert_str_eq(batch->breach[0].reason, "division_by_zero");
    ck_assert_str_eq(batch->breach[0].stage, "route");
}
END_TEST

START_TEST(what_breaches_the_contract_of_who_takes_it_goes_nowhere_else)
{
    static const char *const required[] = {"note"};
    struct config_check check = {.name = "positive", .test.text = "price >= 0"};

    handoffs(2, (const char *const[]){"qty > 5", NULL});
    handoff[0].contract = (struct config_contract){.required = {required, 1}, .check = &check, .check_count = 1};
    run("cccc", "1,9,1.00,new,~,x;2,9,1.00,new,~,~;3,9,-1.00,new,~,x;4,1,-1.00,new,~,~;");
    ck_assert_uint_eq(batch->takers[0], 1);
    ck_assert_uint_eq(batch->takers[1], 0);
    ck_assert_uint_eq(batch->takers[2], 0);
    ck_assert_uint_eq(batch->takers[3], 2);
    ck_assert_uint_eq(batch->breach_count, 2);
    ck_assert_str_eq(batch->breach[0].reason, "required");
    ck_assert_str_eq(batch->breach[0].detail, "handoff a requires column 'note', which is null");
    ck_assert_str_eq(batch->breach[1].reason, "positive");
    ck_assert_str_eq(batch->breach[1].handoff, "a");
    ck_assert_str_eq(batch->breach[1].value, "{\"price\":-1.00}");
}
END_TEST

START_TEST(deletes_are_asked_by_a_condition_that_names_the_op_and_by_no_other)
{
    handoffs(3, (const char *const[]){"_op = 'd'", "qty > 5", NULL});
    run("dc", "1;2,9,1.00,new;");
    ck_assert_uint_eq(batch->takers[0], 1);
    ck_assert_uint_eq(batch->takers[1], 2);
    handoffs(2, (const char *const[]){"qty > 5", NULL});
    run("d", "1;");
    ck_assert_uint_eq(batch->takers[0], 0);
    ck_assert_uint_eq(batch->breach_count, 0);
}
END_TEST

START_TEST(tables_names_and_switches_say_who_is_asked)
{
    static const char *const others[] = {"customers"};

    handoffs(5, (const char *const[]){NULL, NULL, NULL, "_table = 'orders' AND _reason = 'x'", NULL});
    handoff[0].tables = (struct daybreak_list){others, 1};
    handoff[1].only_by_name = true;
    handoff[2].enabled = false;
    table.context.reason.text = "note";
    run("cc", "1,1,1.00,new,~,x;2,1,1.00,new,~,y;");
    ck_assert_uint_eq(batch->takers[0], 8);
    ck_assert_uint_eq(batch->takers[1], 16);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("step");
    TCase *tcase = tcase_create("step");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, without_expressions_nothing_is_computed);
    tcase_add_test(tcase, set_computes_new_columns_and_replaces_old_ones_in_their_place);
    tcase_add_test(tcase, each_set_sees_the_columns_before_it);
    tcase_add_test(tcase, a_filter_keeps_what_is_true_and_nothing_else);
    tcase_add_test(tcase, a_record_that_cannot_be_computed_is_set_aside_with_all_it_takes);
    tcase_add_test(tcase, deletes_are_not_asked_and_have_their_key_alone);
    tcase_add_test(tcase, a_batch_of_deletes_alone_has_all_columns);
    tcase_add_test(tcase, a_key_that_cannot_be_made_of_a_delete_sets_it_aside);
    tcase_add_test(tcase, changes_that_became_deletes_go_once_more);
    tcase_add_test(tcase, old_rows_are_computed_and_none_is_taken_out);
    tcase_add_test(tcase, the_context_sees_what_the_transforms_made);
    tcase_add_test(tcase, known_columns_stay_where_they_were);
    tcase_add_test(tcase, what_does_not_fit_the_input_holds_it);
    tcase_add_test(tcase, a_key_is_made_of_key_columns_alone);
    tcase_add_test(tcase, transforms_name_columns_that_are_there);
    tcase_add_test(tcase, who_listens_hears_of_every_problem);
    tcase_add_test(tcase, an_open_input_may_have_columns_that_it_does_not_show);
    tcase_add_test(tcase, a_plan_of_keys_alone_leaves_out_what_others_make);
    tcase_add_test(tcase, many_records_keep_their_rows);
    tcase_add_test(tcase, the_first_handoff_whose_condition_holds_takes_the_record);
    tcase_add_test(tcase, a_copy_is_no_taking_and_what_nobody_takes_says_why);
    tcase_add_test(tcase, a_condition_is_not_asked_of_what_another_handoff_took);
    tcase_add_test(tcase, a_condition_that_fails_sets_the_record_aside_at_the_route);
    tcase_add_test(tcase, what_breaches_the_contract_of_who_takes_it_goes_nowhere_else);
    tcase_add_test(tcase, deletes_are_asked_by_a_condition_that_names_the_op_and_by_no_other);
    tcase_add_test(tcase, tables_names_and_switches_say_who_is_asked);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
