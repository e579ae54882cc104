/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program over a batch, column by column: each op sees the changes that still go. Deletes go beside them, past all but what
 * makes key columns: nothing else is known of a record that is gone.
 */
#include "program.h"

#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"

#define VALUE_SHOWN 500 /* bytes of one cell in the values of a record that was set aside */

static size_t
cell_bytes(enum daybreak_type type)
{
    switch (type) {
    case DAYBREAK_TYPE_REAL:
        return sizeof(double);
    case DAYBREAK_TYPE_DECIMAL:
        return sizeof(value_int128);
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        return sizeof(struct daybreak_text);
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    return sizeof(int64_t);
}

/* The place of a vector's cells. */
static const void **
cells_of(struct vector *vector)
{
    switch (vector->type.type) {
    case DAYBREAK_TYPE_REAL:
        return (const void **)&vector->real;
    case DAYBREAK_TYPE_DECIMAL:
        return (const void **)&vector->decimal;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        return (const void **)&vector->text;
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    return (const void **)&vector->number;
}

/* Cells that are all null; their values are zero, so that whoever looks at them anyway sees nothing of before. */
static void
nulls_fill(struct step_run *run, struct vector *vector)
{
    size_t rows = run->batch->rows.rows + 1;
    uint8_t *nulls = arena_alloc(run->batch->arena, rows);
    void *cells = arena_zero(run->batch->arena, rows * cell_bytes(vector->type.type));

    memset(nulls, 1, rows);
    vector->nulls = nulls;
    *cells_of(vector) = cells;
    if (vector->text == NULL)
        return;
    for (size_t i = 0; i < rows; i++)
        ((struct daybreak_text *)cells)[i] = (struct daybreak_text){"", DAYBREAK_NULL};
}

const struct vector *
step_run_vector(struct step_run *run, uint32_t column, const struct value_type *type)
{
    struct vector *vector;

    if (column == UINT32_MAX) {
        vector = arena_zero(run->batch->arena, sizeof *vector);
        vector->type = *type;
        nulls_fill(run, vector);
        return vector;
    }
    vector = &run->vector[column];
    if (!run->there[column])
        batch_vector(run->batch, column, run->dense ? NULL : run->row, run->count, vector);
    run->there[column] = true;
    return vector;
}

void
step_filter(struct step_run *run, uint32_t i, uint32_t step)
{
    batch_filter(run->batch, run->change[i], step);
    run->change[i] = UINT32_MAX;
    run->gaps = true;
}

void
step_set_aside(struct step_run *run, uint32_t i, const struct batch_stop *stop)
{
    struct batch_stop own = *stop;

    own.change = run->change[i];
    batch_set_aside(run->batch, &own);
    run->change[i] = UINT32_MAX;
    run->gaps = true;
}

void
step_run_close(struct step_run *run)
{
    uint32_t count = 0;

    if (!run->gaps)
        return;
    for (uint32_t i = 0; i < run->count; i++)
        if (run->change[i] != UINT32_MAX) {
            run->change[count] = run->change[i];
            run->row[count++] = run->row[i];
        }
    run->dense = run->gaps = false;
    run->count = count;
}

/* What one pass computed, into the cells of the other. */
static void
cells_add(struct vector *to, const struct vector *from, const struct step_run *run)
{
    size_t size = cell_bytes(to->type.type);
    char *cells = (char *)*cells_of(to); /* given by this program itself, in the batch's arena */
    const char *more = *cells_of((struct vector *)from);

    for (uint32_t i = 0; i < run->count; i++)
        memcpy(cells + run->row[i] * size, more + run->row[i] * size, size);
}

static void
nulls_add(uint8_t *nulls, const struct vector *cells, const struct step_run *run)
{
    for (uint32_t i = 0; i < run->count; i++)
        nulls[run->row[i]] = cells->nulls == NULL ? 0 : cells->nulls[run->row[i]];
}

void
step_make(struct step_run *run, const struct vector *cells, const struct vector *gone)
{
    struct vector whole = *cells;
    bool some = *cells_of(&whole) != NULL, others = gone != NULL && run->gone != NULL && *cells_of((struct vector *)gone) != NULL;
    uint8_t *nulls;

    if (some && run->dense) {
        batch_make(run->batch, &whole.type, &whole);
        return;
    }
    if (!some && others)
        whole = *gone;
    else if (!some)
        nulls_fill(run, &whole);
    nulls = arena_alloc(run->batch->arena, run->batch->rows.rows + 1);
    memset(nulls, 1, run->batch->rows.rows + 1);
    if (some)
        nulls_add(nulls, cells, run);
    if (others)
        nulls_add(nulls, gone, run->gone);
    if (some && others)
        cells_add(&whole, gone, run->gone);
    whole.nulls = nulls;
    batch_make(run->batch, &whole.type, &whole);
}

static void
cell_json(struct json *json, const char *name, const struct value_type *type, struct daybreak_text cell)
{
    size_t size = cell.size;

    if (cell.size == DAYBREAK_NULL) {
        json_null(json, name);
    } else if (type->type == DAYBREAK_TYPE_INTEGER || type->type == DAYBREAK_TYPE_DECIMAL || type->type == DAYBREAK_TYPE_BOOLEAN) {
        json_raw(json, name, cell.at, size);
    } else if (size <= VALUE_SHOWN) {
        json_bytes(json, name, cell.at, size);
    } else {
        char cut[VALUE_SHOWN + 4];

        size = text_utf8_cut(cell.at, size, VALUE_SHOWN);
        memcpy(cut, cell.at, size);
        memcpy(cut + size, "…", 3);
        json_bytes(json, name, cut, size + 3);
    }
}

const char *
step_values(struct step_run *run, const struct step_formula *formula, uint32_t row)
{
    const struct step_scope *scope = formula->scope;
    struct text out = {0};
    struct json json;
    const char *copy;

    json_init(&json, &out, false);
    json_object(&json, NULL);
    for (uint32_t i = 0; i < formula->read_count; i++) {
        uint32_t name = formula->reads[i], column = scope->column[name];
        struct daybreak_text cell = {"", DAYBREAK_NULL};
        char room[VALUE_ROOM];

        if (column != UINT32_MAX)
            cell = batch_canonical(run->batch, row, column, room);
        cell_json(&json, scope->names.name[name].name, &scope->names.name[name].type, cell);
    }
    json_close(&json);
    copy = arena_bytes(run->batch->arena, out.at, out.size);
    text_fini(&out);
    return copy;
}

static void
run_begin(struct step_run *run, const struct step_plan *plan, struct batch *batch, bool deletes)
{
    size_t columns = plan->layout->columns + plan->program->makes + 1;

    *run = (struct step_run){.plan = plan, .batch = batch};
    run->change = arena_alloc(batch->arena, (batch->changes + 1) * sizeof *run->change);
    run->row = arena_alloc(batch->arena, (batch->changes + 1) * sizeof *run->row);
    run->vector = arena_alloc(batch->arena, columns * sizeof *run->vector);
    run->there = arena_zero(batch->arena, columns * sizeof *run->there);
    run->dense = batch->changes == batch->rows.rows;
    for (uint32_t i = 0; i < batch->changes; i++) {
        if ((batch->op[i] == 'd') != deletes || !batch_goes(batch, i))
            continue;
        run->dense &= batch->pick[i] == i;
        run->change[run->count] = i;
        run->row[run->count++] = batch->pick[i];
    }
    run->dense &= run->count == batch->rows.rows;
}

static int
program_run(const struct step_plan *plan, struct batch *batch, bool old, struct daybreak_fault *fault)
{
    struct step_run run, gone;

    if (plan->program == NULL || plan->program->op == NULL || batch->changes == 0)
        return 0;
    batch->made_count = 0; /* asked again, because changes became deletes, it makes the same columns anew */
    run_begin(&run, plan, batch, false);
    run.old = old;
    if (plan->program->keys_made || plan->program->asks_gone) {
        run_begin(&gone, plan, batch, true);
        gone.old = old;
        run.gone = gone.count > 0 ? &gone : NULL;
    }
    for (const struct step_op *op = plan->program->op; op != NULL; op = op->next)
        if (op->run(op, &run, fault) != 0)
            return fault_within(fault, "%s", op->rule);
    return 0;
}

int
step_run(const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault)
{
    return program_run(plan, batch, false, fault);
}

int
step_run_old(const struct step_plan *plan, struct batch *batch, struct daybreak_fault *fault)
{
    return program_run(plan, batch, true, fault);
}
