/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dry run has to tell. It goes the road of a real run, over a copy of the state that is kept in memory and past a
 * target that is
 * only looked at; here is noted what would have landed, with a few rows of each kind.
 */
#include "engine/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "connector/instance.h"
#include "engine/dead.h"
#include "engine/fate.h"
#include "engine/lint.h"
#include "engine/pipeline.h"
#include "record/batch.h"
#include "sink/sink.h"

static const char kinds[] = "cudrfx";

static const char *
keep(struct pipeline *p, const char *text)
{
    return text == NULL ? NULL : arena_text(p->result.arena, text);
}

static const char *
keep_bytes(struct pipeline *p, const char *at, size_t size)
{
    return arena_bytes(p->result.arena, at, size);
}

void
rehearsal_begin(struct pipeline *p)
{
    struct rehearsal *rehearsal;

    if (!p->dry_run)
        return;
    rehearsal = arena_zero(p->result.arena, sizeof *rehearsal);
    rehearsal->input_end = &rehearsal->input;
    rehearsal->guard_end = &rehearsal->guard;
    rehearsal->sample_end = &rehearsal->sample;
    rehearsal->guarantee = arena_zero(p->result.arena, (p->tables + 1) * sizeof *rehearsal->guarantee);
    rehearsal->target = arena_zero(p->result.arena, (p->tables + 1) * sizeof *rehearsal->target);
    rehearsal->told = arena_zero(p->result.arena, (p->tables + 1) * sizeof *rehearsal->told);
    rehearsal->taken = arena_zero(p->result.arena, (p->tables + 1) * sizeof *rehearsal->taken);
    for (uint32_t t = 0; t < p->tables; t++) {
        struct text sentence = {0};
        char name[256];

        lint_guarantee(p->config, t, &sentence);
        rehearsal->guarantee[t] = keep(p, text_end(&sentence));
        text_fini(&sentence);
        sink_table_name(p->config, t, name);
        rehearsal->target[t] = keep(p, name);
    }
    p->result.rehearsal = rehearsal;
}

static struct rehearsal_sample *
sample_new(struct pipeline *p, const char *table, uint32_t index, char op)
{
    struct rehearsal *rehearsal = p->result.rehearsal;
    uint8_t *taken = &rehearsal->taken[index][strchr(kinds, op) - kinds];
    struct rehearsal_sample *sample;

    if (*taken == REHEARSAL_SAMPLES)
        return NULL;
    ++*taken;
    sample = arena_zero(p->result.arena, sizeof *sample);
    sample->table = table;
    sample->op = op;
    sample->line = -1;
    *rehearsal->sample_end = sample;
    rehearsal->sample_end = &sample->next;
    return sample;
}

static bool
wants(const struct rehearsal *rehearsal, uint32_t index, char op)
{
    const char *kind = strchr(kinds, op);

    return kind != NULL && rehearsal->taken[index][kind - kinds] < REHEARSAL_SAMPLES;
}

/* The row as it stands in the target now, under the names it has there; false where the target cannot be asked or has no such
 * row. */
static bool
row_of_target(struct pipeline *p, const struct pipeline_table *table, struct batch *batch, uint32_t i, struct text *row)
{
    const struct daybreak_connector *load = p->sink->load->type;
    struct daybreak_text key[64];
    char room[64][VALUE_ROOM];
    struct daybreak_fault fault = {0};
    struct json_tree tree = {0};
    uint32_t keys = 0, node;
    char *answer = NULL;
    size_t where;

    if (!(load->abilities & DAYBREAK_READS_BACK) || load->find == NULL || p->result.rehearsal->moved)
        return false;
    for (uint32_t c = 0; c < batch->out_columns; c++) {
        if (!batch->out[c].key)
            continue;
        if (keys == 64 || batch->out_from[c] == UINT32_MAX)
            return false;
        key[keys] = batch_canonical(batch, batch->pick[i], batch->out_from[c], room[keys]);
        if (key[keys].size == DAYBREAK_NULL)
            return false;
        keys++;
    }
    if (keys == 0)
        return false;
    if (load->find(p->sink->load->self, table->index, key, &answer, &fault) != 0) {
        LOG_INFO("cannot look at the target's row: pipeline=%s: %s", p->config->name, fault.what);
        return false;
    }
    if (answer != NULL && json_parse(&tree, answer, strlen(answer), &where) == 0) {
        node = json_member(&tree, 0, "row");
        if (node != 0 && tree.node[node].kind == JSON_OBJECT)
            text_add(row, answer + tree.node[node].at, tree.node[node].size);
    }
    json_fini(&tree);
    free(answer);
    return row->size > 0;
}

/* The text of a member of the row before, in the spelling of its column; false: the row has no such member. */
static bool
cell_before(struct pipeline *p, const struct json_tree *row, const struct daybreak_column *column, const char **text)
{
    struct value_type type = {.type = column->type, .precision = column->precision, .scale = column->scale};
    uint32_t node = json_member(row, 0, column->name);
    char room[VALUE_ROOM];
    struct text cell = {0};
    size_t length;

    if (node == 0)
        return false;
    *text = NULL;
    if (row->node[node].kind == JSON_NULL)
        return true;
    json_string(row, node, &cell);
    text_end(&cell);
    if (type.type != DAYBREAK_TYPE_TEXT && type.type != DAYBREAK_TYPE_BYTES &&
        value_canonical(&type, cell.at, cell.size, room, &length))
        *text = keep_bytes(p, room, length);
    else
        *text = keep_bytes(p, cell.at, cell.size);
    text_fini(&cell);
    return true;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of an update what differs, of all else the whole row. */
static void
sample_cells(struct pipeline *p, struct batch *batch, uint32_t i, const struct json_tree *before, struct rehearsal_sample *sample)
{
    char op = batch->op[i];

    sample->cell = arena_zero(p->result.arena, (batch->out_columns + 1) * sizeof *sample->cell);
    for (uint32_t c = 0; c < batch->out_columns; c++) {
        struct rehearsal_cell *cell = &sample->cell[sample->cells];
        const char *old = NULL;
        bool had = before != NULL && cell_before(p, before, &batch->out[c], &old);

        if (batch->out[c].key && sample->key != NULL)
            continue;
        *cell = (struct rehearsal_cell){.column = keep(p, batch->out[c].name), .before = old, .had_before = had};
        if (op != 'd' && batch->out_from[c] != UINT32_MAX) {
            char room[VALUE_ROOM];
            struct daybreak_text now = batch_canonical(batch, batch->pick[i], batch->out_from[c], room);

            cell->after = now.size == DAYBREAK_NULL ? NULL : keep_bytes(p, now.at, now.size);
        }
        if (op == 'd' ? !had : op == 'u' && had && same_text(old, cell->after))
            continue;
        sample->cells++;
    }
}

static const char *
key_of(struct pipeline *p, const struct pipeline_table *table, struct batch *batch, uint32_t i)
{
    uint32_t row = batch->pick[i];
    struct text shown = {0};
    const char *key;

    if (batch->key == NULL || table->config->capture.key.count == 0 || batch->key[row].size == DAYBREAK_NULL)
        return NULL;
    key_show(batch->key[row].at, batch->key[row].size, table->config->capture.key.count, &shown);
    key = keep_bytes(p, text_end(&shown), shown.size);
    text_fini(&shown);
    return key;
}

void
rehearsal_batch(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table, struct batch *batch)
{
    struct rehearsal *rehearsal = p->result.rehearsal;

    if (rehearsal == NULL)
        return;
    for (uint32_t i = 0; i < batch->changes + batch->taken_out; i++) {
        bool filtered = i >= batch->changes && (batch->fate == NULL || batch->fate[i] != BATCH_ASIDE);
        char op = filtered ? 'f' : batch->op[i];
        struct json_tree before = {0};
        struct rehearsal_sample *sample;
        struct text row = {0};
        size_t where;
        bool known;

        /* a letter tells of those */
        if (!wants(rehearsal, table->index, op) || (batch->fate != NULL && batch->fate[i] == BATCH_ASIDE))
            continue;
        sample = sample_new(p, table->config->name, table->index, op);
        sample->input = keep(p, input->name);
        sample->key = key_of(p, table, batch, i);
        if (filtered) {
            sample->rule = keep(p, fate_filter(p, table, batch, i));
            continue;
        }
        if (batch->left != NULL)
            sample->reason = keep(p, batch->left[i].why);
        if (batch->has_before && batch->before[i].size > 0) /* else the array was never filled */
            text_add(&row, batch->before[i].at, batch->before[i].size);
        else if (op == 'u' || op == 'd' || p->resync)
            row_of_target(p, table, batch, i, &row);
        known = row.size > 0 && json_parse(&before, row.at, row.size, &where) == 0;
        sample_cells(p, batch, i, known ? &before : NULL, sample);
        json_fini(&before);
        text_fini(&row);
    }
}

void
rehearsal_letter(struct pipeline *p, const struct ledger_dead *dead)
{
    struct rehearsal *rehearsal = p->result.rehearsal;
    struct rehearsal_sample *sample;
    uint32_t t = 0;

    if (rehearsal == NULL)
        return;
    while (t < p->tables && (dead->table == NULL || strcmp(p->table[t].config->name, dead->table) != 0))
        t++;
    if (t == p->tables || !wants(rehearsal, t, 'x'))
        return;
    sample = sample_new(p, p->table[t].config->name, t, 'x');
    sample->input = keep(p, dead->input);
    sample->key = keep(p, dead->key);
    sample->stage = keep(p, dead->stage);
    sample->rule = keep(p, dead->rule);
    sample->reason = keep(p, dead->reason);
    sample->detail = keep(p, dead->detail);
    sample->field = keep(p, dead->field);
    sample->value = dead->value == NULL ? NULL : keep_bytes(p, dead->value, dead->value_size);
    sample->line = dead->line;
}

void
rehearsal_guard(struct pipeline *p, const struct daybreak_input *input, const char *table, const struct guard_verdict *verdict)
{
    struct rehearsal *rehearsal = p->result.rehearsal;
    struct rehearsal_guard *guard;

    if (rehearsal == NULL)
        return;
    guard = arena_zero(p->result.arena, sizeof *guard);
    *guard = (struct rehearsal_guard){.input = keep(p, input->name), .table = table, .guard = keep(p, verdict->guard),
                                      .reason = keep(p, verdict->reason), .evidence = keep(p, verdict->evidence)};
    *rehearsal->guard_end = guard;
    rehearsal->guard_end = &guard->next;
}

static void
counts_subtract(struct daybreak_counts *from, const struct daybreak_counts *what)
{
#define X(name) from->name -= what->name;
    DAYBREAK_COUNTS(X)
#undef X
}

void
rehearsal_input(struct pipeline *p, const struct daybreak_input *input, const char *outcome, const char *reason)
{
    struct rehearsal *rehearsal = p->result.rehearsal;
    struct rehearsal_input *told;

    if (rehearsal == NULL)
        return;
    dead_rehearse(p);
    told = arena_zero(p->result.arena, sizeof *told);
    told->name = keep(p, input->name);
    told->outcome = outcome;
    told->reason = keep(p, reason);
    told->table = arena_zero(p->result.arena, (p->tables + 1) * sizeof *told->table);
    for (uint32_t t = 0; t < p->tables; t++) { /* what it brought to the result, and what of it is staged still */
        told->table[t] = p->result.table[t];
        counts_subtract(&told->table[t], &rehearsal->told[t]);
        rehearsal->told[t] = p->result.table[t];
        for (uint32_t i = 0; i < p->sink->rows; i++)
            if (strcmp(p->sink->row[i].story->table, p->table[t].config->name) == 0)
                ledger_add(&told->table[t], &p->sink->row[i].counts);
    }
    rehearsal->moved |= strcmp(outcome, "held") != 0 && strcmp(outcome, "repeated") != 0;
    *rehearsal->input_end = told;
    rehearsal->input_end = &told->next;
}

/* ---- as JSON ------------------------------------------------------------------------------- */

static void
sample_json(const struct rehearsal_sample *sample, struct json *json)
{
    static const char *const word[] = {"created", "updated", "deleted", "loaded", "filtered", "set aside"};
    char op[2] = {sample->op, '\0'};

    json_object(json, NULL);
    json_text(json, "table", sample->table);
    json_text(json, "what", word[strchr(kinds, sample->op) - kinds]);
    json_text(json, "op", sample->op == 'f' || sample->op == 'x' ? NULL : op);
    json_text(json, "key", sample->key);
    json_text(json, "input", sample->input);
    json_array(json, "columns");
    for (uint32_t i = 0; i < sample->cells; i++) {
        json_object(json, NULL);
        json_text(json, "name", sample->cell[i].column);
        if (sample->cell[i].had_before)
            json_text(json, "old", sample->cell[i].before);
        if (sample->op != 'd')
            json_text(json, "new", sample->cell[i].after);
        json_close(json);
    }
    json_close(json);
    if (sample->op == 'f')
        json_text(json, "rule", sample->rule);
    if (sample->op == 'd')
        json_text(json, "reason", sample->reason);
    if (sample->op == 'x') {
        json_text(json, "stage", sample->stage);
        json_text(json, "rule", sample->rule);
        json_text(json, "reason", sample->reason);
        json_text(json, "detail", sample->detail);
        json_text(json, "field", sample->field);
        json_text(json, "value", sample->value);
        json_int(json, "line", sample->line);
    }
    json_close(json);
}

void
rehearsal_json(const struct result *result, struct json *json)
{
    const struct rehearsal *rehearsal = result->rehearsal;

    json_bool(json, "dry_run", true);
    json_array(json, "rehearsed");
    for (const struct rehearsal_input *input = rehearsal->input; input != NULL; input = input->next) {
        json_object(json, NULL);
        json_text(json, "input", input->name);
        json_text(json, "outcome", input->outcome);
        json_text(json, "reason", input->reason);
        json_array(json, "tables");
        for (uint32_t t = 0; t < result->tables; t++) {
            json_object(json, NULL);
            json_text(json, "name", result->table_name[t]);
            result_counts_json(&input->table[t], json);
            json_close(json);
        }
        json_close(json);
        json_close(json);
    }
    json_close(json);
    json_array(json, "guards");
    for (const struct rehearsal_guard *guard = rehearsal->guard; guard != NULL; guard = guard->next) {
        json_object(json, NULL);
        json_text(json, "input", guard->input);
        json_text(json, "table", guard->table);
        json_text(json, "guard", guard->guard);
        json_text(json, "reason", guard->reason);
        if (guard->evidence != NULL && guard->evidence[0] == '{')
            json_raw(json, "evidence", guard->evidence, strlen(guard->evidence));
        else
            json_null(json, "evidence");
        json_close(json);
    }
    json_close(json);
    json_array(json, "samples");
    for (const struct rehearsal_sample *sample = rehearsal->sample; sample != NULL; sample = sample->next)
        sample_json(sample, json);
    json_close(json);
    json_array(json, "guarantees");
    for (uint32_t t = 0; t < result->tables; t++) {
        json_object(json, NULL);
        json_text(json, "table", result->table_name[t]);
        json_text(json, "handoff", result->handoff);
        json_text(json, "target", rehearsal->target[t]);
        json_text(json, "guarantee", rehearsal->guarantee[t]);
        json_close(json);
    }
    json_close(json);
}
