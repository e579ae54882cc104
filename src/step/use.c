/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transform module among the transforms. The plan owns its instance: it is told what columns there are at its place, and says which it
 * gives. What it gives is checked like any input: cells that are none of their type set their record aside.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "connector/instance.h"
#include "program.h"

static const char *const use_keys[] = {"type", NULL};

struct use {
    struct instance *instance;
    const struct daybreak_column *column; /* what it sees */
    uint32_t *from;                       /* columns of the batch */
    uint32_t columns;
    const char **name;                    /* what it gives */
    struct value_type *type;
    uint32_t gives;
};

/* ---- building ------------------------------------------------------------------------------------ */

static void
use_release(void *state)
{
    struct use *use = state;

    instance_close(use->instance);
}

static void
problem_say(struct step_build *build, const struct config_step *step, const char *code, const char *suggestion, const char *what)
{
    step_problem_say(build, &(struct step_problem){.place = step->use.place, .code = code, .what = what, .suggestion = suggestion});
}

static void
fault_say(struct step_build *build, const struct config_step *step, const struct daybreak_fault *fault)
{
    problem_say(build, step, fault->code[0] == '\0' ? "module-refused" : arena_text(build->arena, fault->code),
                fault->hint[0] == '\0' ? NULL : arena_text(build->arena, fault->hint), arena_text(build->arena, fault->what));
}

/* Every column at this point, looked-up ones too; of those that the input lacks here but may have, the ones that are declared. */
static void
columns_show(struct step_build *build, struct use *use)
{
    const struct config_table *table = build->request->table;
    struct daybreak_column *column;

    for (uint32_t i = 0; i < table->field_count; i++)
        step_slot_need(build, table->fields[i].name, table->fields[i].place);
    column = arena_zero(build->arena, (build->slots + 1) * sizeof *column);
    use->from = arena_alloc(build->arena, (build->slots + 1) * sizeof *use->from);
    for (uint32_t i = 0; i < build->slots; i++) {
        const struct step_slot *slot = &build->slot[i];

        if (!slot->kept)
            continue;
        column[use->columns] = (struct daybreak_column){.name = slot->name, .type = slot->type.type, .precision = slot->type.precision,
                                                        .scale = slot->type.scale, .key = slot->key != STEP_NO_KEY};
        use->from[use->columns++] = slot->column;
    }
    use->column = column;
}

static bool
type_valid(const struct daybreak_column *column)
{
    if (column->type > DAYBREAK_TYPE_DATE)
        return false;
    return column->type != DAYBREAK_TYPE_DECIMAL || (column->precision >= 1 && column->precision <= 38 && column->scale <= column->precision);
}

/* What is wrong with a column that it would give; NULL: nothing. */
static const char *
wrong_with(struct step_build *build, const struct use *use, const struct daybreak_column *column, uint32_t before)
{
    uint32_t at;

    if (column->name == NULL || column->name[0] == '\0' || !type_valid(column))
        return "a column without a name or type";
    for (uint32_t i = 0; i < before; i++)
        if (strcmp(use->name[i], column->name) == 0)
            return arena_printf(build->arena, "column '%s' twice", column->name);
    at = step_slot_find(build, column->name);
    if (at == UINT32_MAX)
        return NULL;
    if (build->slot[at].key != STEP_NO_KEY)
        return arena_printf(build->arena, "key column '%s': of a record that is gone nothing but its key is known, and it must stay",
                            column->name);
    return build->slot[at].hidden ? arena_printf(build->arena, "'%s', which was looked up", column->name) : NULL;
}

static bool
gives_bind(struct step_build *build, const struct config_step *step, struct use *use)
{
    const struct daybreak_connector *type = use->instance->type;
    const struct daybreak_column *gives = NULL;
    struct daybreak_fault fault = {0};
    uint32_t count = 0;

    if (type->gives != NULL && type->gives(use->instance->self, use->column, use->columns, &gives, &count, &fault) != 0) {
        if (build->request->problem == NULL || !build->open) /* whoever only looks may not know of all columns yet */
            fault_say(build, step, &fault);
        return false;
    }
    use->name = arena_alloc(build->arena, (count + 1) * sizeof *use->name);
    use->type = arena_zero(build->arena, (count + 1) * sizeof *use->type);
    for (uint32_t i = 0; i < count; i++) {
        const char *wrong = wrong_with(build, use, &gives[i], i);

        if (wrong != NULL) {
            problem_say(build, step, "module-refused", NULL, arena_printf(build->arena, "transform '%s' would give %s", type->name, wrong));
            return false;
        }
        use->name[i] = arena_text(build->arena, gives[i].name);
        use->type[i] = (struct value_type){.type = gives[i].type, .precision = gives[i].precision, .scale = gives[i].scale};
    }
    use->gives = count;
    return true;
}

static void
slots_put(struct step_build *build, const struct use *use)
{
    for (uint32_t i = 0; i < use->gives; i++) {
        struct step_slot slot = {.name = use->name[i], .source = use->name[i], .type = use->type[i], .kept = true, .key = STEP_NO_KEY,
                                 .column = step_column_next(build)};
        uint32_t at = step_slot_find(build, use->name[i]);

        if (at == UINT32_MAX) {
            step_slot_add(build, &slot);
            continue;
        }
        slot.source = build->slot[at].source;
        build->slot[at] = slot;
    }
}

static int use_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault);

void
step_use_build(struct step_build *build, const struct config_step *step)
{
    const struct config *config = build->request->config;
    struct instance_request request = {.role = DAYBREAK_TRANSFORM, .name = step->use.type, .node = step->use.node, .ignore = use_keys,
                                       .file = config->path, .base_dir = config->dir};
    struct use *use = arena_zero(build->arena, sizeof *use);
    struct daybreak_fault fault = {0};
    struct step_op *op;

    if (build->request->keys_only || build->blind)
        return;
    if (instance_open(&request, &use->instance, &fault) != 0) {
        fault_say(build, step, &fault);
        build->blind = true; /* what it gives is not known */
        return;
    }
    columns_show(build, use);
    op = step_op_add(build, arena_printf(build->arena, "use %s", use->instance->type->name));
    op->run = use_run;
    op->state = use;
    op->release = use_release;
    if (gives_bind(build, step, use))
        slots_put(build, use);
    else
        build->blind = true;
}

/* ---- running --------------------------------------------------------------------------------------- */

/* A batch of the changes that go, as the module sees it; the engine's own look is put back behind. */
struct shown {
    uint32_t columns;
    const struct daybreak_column *column;
    const uint32_t *from;
};

static struct daybreak_batch *
face_show(const struct use *use, struct step_run *run, struct shown *before)
{
    struct batch *batch = run->batch;
    struct daybreak_text *position = arena_alloc(batch->arena, (run->count + 1) * sizeof *position);
    char *op = arena_alloc(batch->arena, run->count + 1);

    *before = (struct shown){batch->out_columns, batch->out, batch->out_from};
    batch->out_columns = use->columns;
    batch->out = use->column;
    batch->out_from = use->from;
    batch_face(batch);
    for (uint32_t i = 0; i < run->count; i++) {
        op[i] = batch->op[run->change[i]];
        position[i] = batch->position[run->change[i]];
    }
    batch->face.changes = run->count;
    batch->face.pick = run->row;
    batch->face.op = op;
    batch->face.position = position;
    batch->face.event_id = NULL;
    batch->face.changed_at = NULL;
    batch->face.context = NULL;
    batch->face.before = NULL;
    return &batch->face;
}

/* One text as a value of the column's type; false: it is none. */
static bool
text_take(const struct value_type *type, struct daybreak_text text, struct vector *to, uint32_t row)
{
    int32_t days;

    switch (type->type) {
    case DAYBREAK_TYPE_TEXT:
        ((struct daybreak_text *)to->text)[row] = text;
        return text_utf8(text.at, text.size);
    case DAYBREAK_TYPE_BYTES:
        ((struct daybreak_text *)to->text)[row] = text;
        return true;
    case DAYBREAK_TYPE_DECIMAL:
        return value_decimal(text.at, text.size, type->precision, type->scale, &((value_int128 *)to->decimal)[row]);
    case DAYBREAK_TYPE_REAL:
        return value_real(text.at, text.size, &((double *)to->real)[row]);
    case DAYBREAK_TYPE_BOOLEAN:
        return value_boolean(text.at, text.size, &((int64_t *)to->number)[row]);
    case DAYBREAK_TYPE_INTEGER:
        return value_integer(text.at, text.size, &((int64_t *)to->number)[row]);
    case DAYBREAK_TYPE_TIMESTAMP:
        return value_timestamp(text.at, text.size, type, &((int64_t *)to->number)[row]);
    case DAYBREAK_TYPE_DATE:
        if (!value_date(text.at, text.size, type, &days))
            return false;
        ((int64_t *)to->number)[row] = days;
        return true;
    }
    return false;
}

static bool
number_take(const struct value_type *type, int64_t number, struct vector *to, uint32_t row)
{
    const int64_t first_us = INT64_C(-62135596800000000), end_us = INT64_C(253402300800000000); /* years 1 to 9999 */
    const int64_t day_us = INT64_C(86400000000);
    uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number, limit = 1;

    switch (type->type) {
    case DAYBREAK_TYPE_DECIMAL:
        for (uint8_t i = 0; i < type->precision && i < 19; i++)
            limit *= 10;
        ((value_int128 *)to->decimal)[row] = number;
        return type->precision >= 19 || size < limit;
    case DAYBREAK_TYPE_BOOLEAN:
        ((int64_t *)to->number)[row] = number != 0;
        return number == 0 || number == 1;
    case DAYBREAK_TYPE_TIMESTAMP:
        ((int64_t *)to->number)[row] = number;
        return number >= first_us && number < end_us;
    case DAYBREAK_TYPE_DATE:
        ((int64_t *)to->number)[row] = number;
        return number >= first_us / day_us && number < end_us / day_us;
    default:
        ((int64_t *)to->number)[row] = number;
        return true;
    }
}

/* Which of the three forms the cells must have for a column of that type. */
static bool
form_fits(const struct value_type *type, const struct daybreak_cells *cells)
{
    bool plain = type->type == DAYBREAK_TYPE_TEXT || type->type == DAYBREAK_TYPE_BYTES, real = type->type == DAYBREAK_TYPE_REAL;

    if (cells->size == 0 || (cells->text != NULL) + (cells->number != NULL) + (cells->real != NULL) != 1)
        return false;
    return cells->text != NULL || (real ? cells->real != NULL : !plain && cells->number != NULL);
}

static void
vector_begin(const struct value_type *type, struct arena *arena, uint32_t rows, struct vector *to)
{
    size_t count = (size_t)rows + 1;

    *to = (struct vector){.type = *type, .nulls = arena_alloc(arena, count)};
    if (type->type == DAYBREAK_TYPE_TEXT || type->type == DAYBREAK_TYPE_BYTES)
        to->text = arena_alloc(arena, count * sizeof *to->text);
    else if (type->type == DAYBREAK_TYPE_DECIMAL)
        to->decimal = arena_zero(arena, count * sizeof *to->decimal);
    else if (type->type == DAYBREAK_TYPE_REAL)
        to->real = arena_zero(arena, count * sizeof *to->real);
    else
        to->number = arena_zero(arena, count * sizeof *to->number);
}

/* Nothing of what it gave is believed unseen. The text is cut for people. */
static void
cell_refuse(const struct step_op *op, struct step_run *run, uint32_t i, uint32_t column, struct daybreak_text text)
{
    const struct use *use = op->state;
    struct batch_stop stop = {.step = op->step, .rule = op->rule, .reason = "module_value", .field = use->name[column]};
    struct text shown = {0};
    char type[32];

    if (run->old || run->change[i] == UINT32_MAX)
        return;
    value_type_text(&use->type[column], type);
    text_printable(text.at, text.size, 80, &shown);
    stop.detail = arena_printf(run->batch->arena, "it gave '%s' for column '%s', which is no %s", text_end(&shown), use->name[column], type);
    text_fini(&shown);
    step_set_aside(run, i, &stop);
}

static void
column_take(const struct step_op *op, struct step_run *run, uint32_t column, const struct daybreak_cells *cells, struct vector *to)
{
    const struct use *use = op->state;
    const struct value_type *type = &use->type[column];
    uint8_t *nulls;

    vector_begin(type, run->batch->arena, run->batch->rows.rows, to);
    nulls = (uint8_t *)to->nulls; /* made just now */
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t row = run->row[i];
        struct daybreak_text text = {"", 0};
        bool good;

        nulls[row] = (cells->nulls != NULL && cells->nulls[row]) || (cells->text != NULL && cells->text[row].size == DAYBREAK_NULL);
        if (to->text != NULL)
            ((struct daybreak_text *)to->text)[row] = (struct daybreak_text){"", DAYBREAK_NULL};
        if (nulls[row])
            continue;
        if (cells->text != NULL) {
            text = cells->text[row];
            good = text_take(type, text, to, row);
        } else if (cells->real != NULL) {
            ((double *)to->real)[row] = cells->real[row];
            good = cells->real[row] - cells->real[row] == 0; /* neither infinite nor none */
        } else {
            good = number_take(type, cells->number[row], to, row);
        }
        if (good)
            continue;
        nulls[row] = 1;
        if (to->text != NULL)
            ((struct daybreak_text *)to->text)[row] = (struct daybreak_text){"", DAYBREAK_NULL};
        cell_refuse(op, run, i, column, text);
    }
}

/* What it said of single changes. */
static void
words_take(const struct step_op *op, struct step_run *run, const struct batch_taking *taking, uint32_t refused_before)
{
    struct batch *batch = run->batch;

    for (uint32_t r = refused_before; r < batch->refused_count && !run->old; r++) {
        const struct batch_refusal *refusal = &batch->refused[r];
        struct batch_stop stop = {.step = op->step, .rule = op->rule, .reason = refusal->rule, .detail = refusal->reason};

        if (refusal->change < run->count && run->change[refusal->change] != UINT32_MAX)
            step_set_aside(run, refusal->change, &stop);
    }
    batch->refused_count = refused_before;
    for (uint32_t i = 0; i < run->count && !run->old; i++)
        if (taking->filtered[i] && run->change[i] != UINT32_MAX)
            step_filter(run, i, op->step);
}

static int
use_run(const struct step_op *op, struct step_run *run, struct daybreak_fault *fault)
{
    const struct use *use = op->state;
    struct batch *batch = run->batch;
    struct vector *made = arena_zero(batch->arena, (use->gives + 1) * sizeof *made);
    uint32_t refused_before = batch->refused_count;
    struct batch_taking taking = {.columns = use->gives, .changes = run->count};
    struct shown before;
    int result;

    for (uint32_t c = 0; c < use->gives; c++)
        made[c].type = use->type[c];
    if (run->count > 0) {
        taking.cells = arena_zero(batch->arena, (use->gives + 1) * sizeof *taking.cells);
        taking.filtered = arena_zero(batch->arena, run->count + 1);
        batch->taking = &taking;
        result = use->instance->type->apply(use->instance->self, face_show(use, run, &before), fault);
        batch->taking = NULL;
        batch->out_columns = before.columns;
        batch->out = before.column;
        batch->out_from = before.from;
        if (result != 0)
            return -1;
        words_take(op, run, &taking, refused_before);
        for (uint32_t c = 0; c < use->gives; c++) {
            if (!form_fits(&use->type[c], &taking.cells[c])) {
                fault_set(fault, DAYBREAK_HALT, "it did not give column '%s' in a form of its type", use->name[c]);
                return fault_exit(fault, 70, "module-broken");
            }
            column_take(op, run, c, &taking.cells[c], &made[c]);
        }
        step_run_close(run);
    }
    for (uint32_t c = 0; c < use->gives; c++)
        step_make(run, &made[c], NULL);
    return 0;
}
