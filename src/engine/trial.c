/* SPDX-License-Identifier: Apache-2.0 */
/* A test of a pipeline file: the same pipeline between a source and a target in memory, and what came out held against what was expected. */
#include "engine/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "connector/module.h"
#include "engine/pipeline.h"
#include "engine/trial_parts.h"

/* ---- nights ------------------------------------------------------------------------------- */

static const struct config_test_cell *
cell_of(const struct config_test_row *row, const char *column)
{
    for (uint32_t i = 0; i < row->cells; i++)
        if (strcmp(row->cell[i].column, column) == 0)
            return &row->cell[i];
    return NULL;
}

static bool
is_delete(const struct config_test_row *row)
{
    const struct config_test_cell *op = cell_of(row, "_op");

    return op != NULL && op->value != NULL && strcmp(op->value, "d") == 0;
}

static bool
same_key(const struct daybreak_list *key, const struct config_test_row *a, const struct config_test_row *b)
{
    for (size_t k = 0; k < key->count; k++) {
        const struct config_test_cell *x = cell_of(a, key->item[k]), *y = cell_of(b, key->item[k]);

        if (x == NULL || y == NULL || x->value == NULL || y->value == NULL || strcmp(x->value, y->value) != 0)
            return false;
    }
    return key->count > 0;
}

/* A line of JSON; an empty value of a column that is no text is null, as in a CSV. */
static void
line_put(struct text *to, const struct config_table *table, const struct config_test_row *row)
{
    struct json json;

    json_init(&json, to, false);
    json_object(&json, NULL);
    for (uint32_t i = 0; i < row->cells; i++) {
        const struct config_test_cell *cell = &row->cell[i];
        bool blank = cell->value != NULL && cell->value[0] == '\0', typed = false;

        for (uint32_t f = 0; blank && f < table->field_count; f++)
            typed |= strcmp(table->fields[f].name, cell->column) == 0 && strcmp(table->fields[f].type, "text") != 0;
        if (strcmp(cell->column, "_op") == 0)
            continue;
        if (cell->value == NULL || typed)
            json_null(&json, cell->column);
        else
            json_text(&json, cell->column, cell->value);
    }
    json_close(&json);
    text_char(to, '\n');
}

/* What each night holds: all rows that stand then. A row whose key the night has already, and a delete, begin the next one. */
struct calendar {
    struct text *night;
    uint32_t nights;
    const struct config_test_row **standing;
    bool *fresh;                      /* came or went this night */
    uint32_t rows;
    bool touched;
};

static void
night_end(struct calendar *calendar, const struct config_table *table)
{
    struct text *night = &calendar->night[calendar->nights++];

    for (uint32_t i = 0; i < calendar->rows; i++) {
        if (calendar->standing[i] != NULL)
            line_put(night, table, calendar->standing[i]);
        calendar->fresh[i] = false;
    }
    calendar->touched = false;
}

static void
nights_make(struct trial *trial, const struct config_table *table, struct calendar *calendar)
{
    const struct config_test *test = trial->test;
    const struct daybreak_list *key = &table->capture.key;

    calendar->night = arena_zero(trial->arena, (test->inputs + 3) * sizeof *calendar->night);
    calendar->standing = arena_zero(trial->arena, (test->inputs + 1) * sizeof *calendar->standing);
    calendar->fresh = arena_zero(trial->arena, test->inputs + 1);
    night_end(calendar, table); /* an empty one first: what comes after it is new, and no first load */
    for (uint32_t i = 0; i < test->inputs; i++) {
        const struct config_test_row *row = &test->input[i];
        uint32_t at = 0;

        while (at < calendar->rows && (calendar->standing[at] == NULL || !same_key(key, calendar->standing[at], row)))
            at++;
        if (calendar->touched && (is_delete(row) || (at < calendar->rows && calendar->fresh[at])))
            night_end(calendar, table);
        if (at == calendar->rows && !is_delete(row))
            calendar->rows++;
        if (at < calendar->rows) {
            calendar->standing[at] = is_delete(row) ? NULL : row;
            calendar->fresh[at] = true;
        }
        calendar->touched = true;
    }
    if (calendar->touched)
        night_end(calendar, table);
}

static void
one_input(struct trial *trial, const struct config_table *table, struct calendar *calendar)
{
    calendar->night = arena_zero(trial->arena, sizeof *calendar->night);
    for (uint32_t i = 0; i < trial->test->inputs; i++)
        line_put(&calendar->night[0], table, &trial->test->input[i]);
    calendar->nights = 1;
}

/* ---- columns ------------------------------------------------------------------------------ */

struct columns {
    struct config_field *field;
    uint32_t fields;
};

static void
column_add(struct columns *columns, const struct config_field *field)
{
    for (uint32_t i = 0; i < columns->fields; i++)
        if (strcmp(columns->field[i].name, field->name) == 0)
            return;
    columns->field[columns->fields++] = *field;
}

static bool
is_key(const struct config_table *table, const char *name)
{
    for (size_t i = 0; i < table->capture.key.count; i++)
        if (strcmp(table->capture.key.item[i], name) == 0)
            return true;
    return false;
}

/* An empty night names no column, so all that the file and the test know are named before: what has no type is text. */
static void
columns_all(struct trial *trial, const struct config_table *table, struct columns *columns)
{
    const struct config_connector *format = &table->formats[0];
    uint32_t room = format->field_count + table->field_count + (uint32_t)table->capture.key.count;

    for (uint32_t i = 0; i < trial->test->inputs; i++)
        room += trial->test->input[i].cells;
    columns->field = arena_zero(trial->arena, (room + 1) * sizeof *columns->field);
    for (int keys = 1; keys >= 0; keys--) { /* those of the key first, as people write a record */
        for (uint32_t i = 0; i < format->field_count; i++)
            if (!keys || is_key(table, format->fields[i].name))
                column_add(columns, &format->fields[i]);
        for (uint32_t i = 0; i < table->field_count; i++)
            if (!keys || is_key(table, table->fields[i].name))
                column_add(columns, &table->fields[i]);
        for (size_t i = 0; i < table->capture.key.count; i++)
            column_add(columns, &(struct config_field){.name = table->capture.key.item[i], .type = "text"});
    }
    for (uint32_t i = 0; i < trial->test->inputs; i++)
        for (uint32_t c = 0; c < trial->test->input[i].cells; c++)
            if (strcmp(trial->test->input[i].cell[c].column, "_op") != 0)
                column_add(columns, &(struct config_field){.name = trial->test->input[i].cell[c].column, .type = "text"});
}

/* ---- the pipeline between them ------------------------------------------------------------ */

/* The pipeline with other ends; everything between them is as it is. */
static void
config_between(struct trial *trial, struct config *config, uint32_t tried, const char **part)
{
    struct config_table *tables = arena_zero(trial->arena, (trial->config->source.table_count + 1) * sizeof *tables);

    *config = *trial->config;
    config->source.extract = (struct config_connector){.type = TRIAL_CONNECTOR, .place = trial->config->source.extract.place};
    config->source.parts = 1;
    config->source.expect_every_ms = 0;
    config->source.tables = tables;
    config->sink.load = (struct config_connector){.type = TRIAL_CONNECTOR, .place = trial->config->sink.load.place};
    config->sink.existing = DAYBREAK_EXISTING_REFUSE;
    config->sink.envelope = DAYBREAK_ENVELOPE_DAYBREAK;
    config->sink.refused = CONFIG_REFUSED_DEAD;
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *from = &trial->config->source.tables[t];
        struct config_connector *format = arena_zero(trial->arena, sizeof *format);

        struct columns columns = {0};

        tables[t] = *from;
        columns_all(trial, from, &columns);
        *format = (struct config_connector){.type = "jsonl", .fields = columns.field, .field_count = t == tried ? columns.fields : 0};
        tables[t].formats = format;
        tables[t].format_count = 1;
        tables[t].member = from->name;
        tables[t].record = NULL;
        tables[t].capture.first = CONFIG_FIRST_LOAD;
        tables[t].capture.guards.off = true;
        tables[t].capture.guards.manifest = NULL;
        part[t] = from->name;
    }
}

/* What was set aside: what is told of it, and the row as it was read. */
static bool
dead_take(void *context, const struct ledger_dead *dead)
{
    struct trial *trial = context;
    struct trial_record *record = arena_zero(trial->arena, sizeof *record);
    const struct {
        const char *column, *value;
    } told[] = {{"_stage", dead->stage}, {"_rule", dead->rule}, {"_reason", dead->reason}, {"_detail", dead->detail}, {"_field", dead->field}};
    struct json_tree tree = {0};
    struct text name = {0}, value = {0};
    size_t where;

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        trial_cell_add(trial->arena, record, told[i].column, told[i].value);
    if (dead->record != NULL && dead->record_is_json && json_parse(&tree, dead->record, dead->record_size, &where) == 0)
        for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
            text_clear(&name);
            text_clear(&value);
            text_add(&name, tree.source + tree.node[node].name_at, tree.node[node].name_size);
            json_string(&tree, node, &value);
            trial_cell_add(trial->arena, record, text_end(&name), tree.node[node].kind == JSON_NULL ? NULL : text_end(&value));
        }
    json_fini(&tree);
    text_fini(&name);
    text_fini(&value);
    trial_add(&trial->dead, record);
    return true;
}

static int
inputs_take(struct trial *trial, struct pipeline *p, struct daybreak_fault *fault)
{
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next;
    enum pipeline_outcome outcome;

    for (;;) {
        if (pipeline_look(p, &input, &wait, &next, fault) != 0)
            return -1;
        if (next != DAYBREAK_MORE)
            break;
        if (pipeline_input(p, &input, &outcome, fault) != 0)
            return -1;
        if (outcome == PIPELINE_HELD) {
            trial->stopped = arena_text(trial->arena, p->result.held == NULL ? "it is held" : p->result.held->reason);
            break;
        }
    }
    trial->filtered = p->result.counts.filtered;
    return ledger_dead_list(p->ledger, true, dead_take, trial, fault);
}

int
trial_run(struct trial *trial, const char *state, struct daybreak_fault *fault)
{
    const struct config *from = trial->config;
    const char **part = arena_zero(trial->arena, (from->source.table_count + 1) * sizeof *part);
    struct calendar calendar = {0};
    struct trial_inputs inputs = {.part = part};
    struct pipeline_options options = {.mode = "run"};
    struct pipeline *pipeline;
    struct config config;
    volatile int never = 0;
    bool busy;
    int result;

    if (trial->test->table != NULL)
        while (inputs.filled < from->source.table_count && strcmp(from->source.tables[inputs.filled].name, trial->test->table) != 0)
            inputs.filled++;
    if (inputs.filled == from->source.table_count) {
        trial_differs(trial, "there is no table '%s'", trial->test->table);
        return 0;
    }
    config_between(trial, &config, inputs.filled, part);
    if (config.source.tables[inputs.filled].capture.method == CONFIG_APPEND || config.source.tables[inputs.filled].capture.key.count == 0)
        one_input(trial, &config.source.tables[inputs.filled], &calendar);
    else
        nights_make(trial, &config.source.tables[inputs.filled], &calendar);
    inputs.input = calendar.night;
    inputs.count = calendar.nights;
    module_add(&trial_source);
    module_add(&trial_target);
    trial_source_give(&inputs);
    trial_target_take(trial->arena, &trial->delivered);
    state_root_set(state);
    options.stop = &never;
    result = pipeline_open(&config, &options, &pipeline, &busy, fault);
    if (result == 0) {
        result = inputs_take(trial, pipeline, fault);
        pipeline_close(pipeline);
    }
    for (uint32_t i = 0; i < calendar.nights; i++)
        text_fini(&calendar.night[i]);
    if (result == 0)
        trial_compare(trial);
    return result;
}
