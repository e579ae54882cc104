/* SPDX-License-Identifier: Apache-2.0 */
/* A dead letter on its way again: its row, kept as JSON by name, becomes a batch of one. */
#include "engine/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "change/memory.h"
#include "engine/lookup_files.h"
#include "engine/pipeline.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/format.h"
#include "step/contract.h"

/* What retrying needs of a letter; texts in the arena. */
struct letter {
    struct arena *arena;
    bool there, open;
    const char *table, *record, *input, *member, *handoff, *stage, *rule;
    size_t record_size;
    bool is_json;
    char op;
    int64_t line, byte, batch;
};

static bool
letter_copy(void *context, const struct ledger_dead *dead)
{
    struct letter *letter = context;

    letter->there = true;
    letter->open = strcmp(dead->state, "dead") == 0;
    letter->table = arena_text(letter->arena, dead->table == NULL ? "" : dead->table);
    letter->input = arena_text(letter->arena, dead->input == NULL ? "" : dead->input);
    letter->member = arena_text(letter->arena, dead->member == NULL ? "" : dead->member);
    letter->stage = arena_text(letter->arena, dead->stage == NULL ? "" : dead->stage);
    letter->rule = arena_text(letter->arena, dead->rule == NULL ? "" : dead->rule);
    letter->record_size = dead->record_size;
    letter->record = dead->record == NULL ? NULL : arena_bytes(letter->arena, dead->record, dead->record_size);
    letter->is_json = dead->record_is_json;
    letter->op = dead->op;
    letter->line = dead->line;
    letter->byte = dead->byte;
    letter->batch = dead->batch;
    return true;
}

/* The row's members become columns, its values the cells of one row. */
static int
batch_of_record(struct pipeline *p, struct pipeline_table *table, const struct letter *letter, struct batch *batch,
                struct daybreak_fault *fault)
{
    struct json_tree tree = {0};
    const char **names;
    int format = format_choose(table->config, letter->member[0] != '\0' ? letter->member : letter->input);
    struct value_style style = format_style(format < 0 ? NULL : &table->config->formats[format]);
    uint32_t count = 0, used = 0;
    size_t where;
    int result = -1;

    if (json_parse(&tree, letter->record, letter->record_size, &where) != 0 || tree.node[0].kind != JSON_OBJECT) {
        json_fini(&tree);
        return fault_set(fault, DAYBREAK_ASIDE, "its row was not kept whole");
    }
    names = arena_alloc(p->arena, (tree.count + 1) * sizeof *names);
    for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
        char *name = arena_bytes(p->arena, tree.source + tree.node[node].name_at, tree.node[node].name_size);

        name[json_unescape(name, tree.node[node].name_size, name)] = '\0';
        names[count++] = name;
    }
    batch->layout = format_layout(p->arena, table->config, NULL, names, count, true, style, fault);
    if (batch->layout == NULL)
        goto done;
    batch->table = table->index;
    batch->rows.columns = count;
    batch_reserve(&batch->rows, 1);
    batch_block(batch, (uint32_t)letter->record_size + 1);
    batch->rows.rows = 1;
    batch->rows.start[0] = 0;
    batch->rows.lines[0] = 0;
    count = 0;
    for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
        const struct json_node *value = &tree.node[node];
        char *to = batch->rows.block + used;
        struct daybreak_span span = {used, DAYBREAK_NULL};

        if (value->kind != JSON_NULL) {
            memcpy(to, tree.source + value->at, value->size);
            span.size = value->escaped ? (uint32_t)json_unescape(to, value->size, to) : value->size;
            used += span.size;
        }
        batch->rows.spans[count++] = span;
    }
    batch->rows.end[0] = used;
    batch->rows.block_size = batch->rows.block_used = used;
    result = 0;
done:
    json_fini(&tree);
    return result;
}

static int
again(struct pipeline *p, int64_t id, const char *actor, const struct ledger_dead *why, struct daybreak_fault *fault)
{
    struct daybreak_fault second = {0};
    const char *shown = why->detail != NULL && why->detail[0] != '\0' ? why->detail : why->reason;

    if (ledger_dead_again(p->ledger, id, actor, why, &second) != 0) {
        *fault = second;
        return -1;
    }
    fault_set(fault, DAYBREAK_ASIDE, "D%lld stays dead: %s", (long long)id, shown);
    return fault_exit(fault, 1, "refused-again");
}

/* Its row is still not what a source may give. */
static int
again_invalid(struct pipeline *p, int64_t id, const char *actor, const struct batch *batch, const struct batch_bad *bad,
              struct daybreak_fault *fault)
{
    struct ledger_dead why = {.stage = "source", .rule = bad->reason, .reason = bad->reason, .detail = bad->detail};

    if (bad->column < batch->rows.columns) {
        struct daybreak_text cell = batch_cell(batch, bad->row, bad->column);

        why.field = batch->layout->name[bad->column];
        why.value = cell.size == DAYBREAK_NULL ? NULL : cell.at;
        why.value_size = cell.size == DAYBREAK_NULL ? 0 : cell.size;
    }
    return again(p, id, actor, &why, fault);
}

/* The cells of such a row were kept, but which of them is missing or too much is for the pipeline file to say. */
static bool
takes_ragged(const struct config_table *table)
{
    for (uint32_t i = 0; i < table->format_count; i++) {
        const struct config_node *ragged = node_member(table->formats[i].node, "ragged");

        if (ragged != NULL && ragged->text != NULL && strcmp(ragged->text, "invalid") != 0)
            return true;
    }
    return false;
}

static bool
origin_take(void *context, const struct daybreak_batch_row *row)
{
    struct pipeline *p = context;
    const char *input = row->story->input, *space = input == NULL ? NULL : strrchr(input, ' ');

    if (space != NULL) {
        p->position.order = arena_bytes(p->position_arena, input, (size_t)(space - input));
        p->position.digest = arena_text(p->position_arena, space + 1);
    }
    return false;
}

/* The envelope tells of the input that the record came with, and so has the event the id it had. */
static int
origin_read(struct pipeline *p, const struct letter *letter, struct daybreak_fault *fault)
{
    return ledger_batches(p->ledger, letter->batch - 1, origin_take, p, fault);
}

/* What the row is to the memory: its key, and what is known of it now. */
static void
remembered(struct pipeline_table *table, struct batch *batch, struct memory_item *item, struct memory_found *found)
{
    if (table->change.memory == NULL || batch->key == NULL)
        return;
    *item = (struct memory_item){.key = batch->key[0].at, .key_size = batch->key[0].size, .route = MEMORY_HOME,
                                 .open = table->change.open, .canon = key_canon(batch, 0, NULL)};
    memory_find(table->change.memory, item, 1, found);
}

/* A row that a mirror should have let go when it left is kept whole, and the memory still has it: it is no deleted key. */
static bool
was_leaving(const struct letter *letter, const struct memory_item *item, const struct memory_found *found)
{
    return letter->op == 'd' && found->there && found->canon == item->canon;
}

static int
outdated(int64_t id, struct daybreak_fault *fault)
{
    fault_set(fault, DAYBREAK_ASIDE, "D%lld is outdated: a newer version of its key was read since", (long long)id);
    fault_hint(fault, "drop it: daybreak dead drop D%lld", (long long)id);
    return fault_exit(fault, 1, "outdated");
}

/* The batch of one becomes a change, as it would have come out of capture. */
static void
change_make(const struct letter *letter, struct batch *batch, int64_t id, char op, const struct memory_found *found)
{
    char position[48];
    size_t size;

    batch_changes(batch, 1);
    batch->changes = 1;
    batch->pick[0] = 0;
    batch->op[0] = op;
    if (found->there) {
        batch->was = arena_zero(batch->arena, 1);
        batch->was[0] = found->route;
    }
    size = text_number(letter->line, position);
    position[size++] = ':';
    size += text_number(letter->byte, position + size);
    batch->position[0] = (struct daybreak_text){arena_bytes(batch->arena, position, size), (uint32_t)size};
    batch->before[0] = (struct daybreak_text){NULL, 0};
    batch->story.part = letter->member;
    snprintf(batch->last, sizeof batch->last, "D%lld", (long long)id);
}

/* Steps, envelope, target, as of the input it came with. 1: staged; 0: it stays dead, and why is told. */
static int
road_again(struct pipeline *p, const struct letter *letter, struct batch *batch, struct ledger_dead *why,
           struct daybreak_fault *fault)
{
    struct daybreak_input input = {.size = sizeof input, .name = letter->input, .time_us = DAYBREAK_NO_TIME,
                                   .visible_at_us = clock_now_us()};
    const char *order = p->position.order, *digest = p->position.digest;
    int result;

    if (origin_read(p, letter, fault) != 0)
        return -1;
    result = land_batch(p, &input, batch, fault);
    p->position.order = order;
    p->position.digest = digest;
    if (result != 0)
        return -1;
    if (batch->stop_count > 0) {
        const struct batch_stop *stop = &batch->stop[0];

        *why = (struct ledger_dead){.stage = "transform", .rule = stop->rule, .reason = stop->reason, .detail = stop->detail,
                                    .field = stop->field, .value = stop->value,
                                    .value_size = stop->value == NULL ? 0 : (uint32_t)strlen(stop->value)};
        return 0;
    }
    if (batch->refused_count > 0) {
        *why = (struct ledger_dead){.stage = "sink", .handoff = p->config->sink.handoff, .rule = batch->refused[0].rule,
                                    .reason = batch->refused[0].rule, .detail = batch->refused[0].reason};
        return 0;
    }
    return 1;
}

/* The letter's own move is provisional until the target has the row. */
static int
letter_move(struct pipeline *p, int64_t id, const char *actor, const char *reason, bool filtered, struct daybreak_fault *fault)
{
    if (ledger_provisional_begin(p->ledger, fault) != 0)
        return -1;
    p->provisional = true;
    if (ledger_dead_retry(p->ledger, id, actor, reason, filtered, p->sink->batch + p->sink->rows, sink_row(p->sink),
                          fault) != 0) {
        ledger_provisional_drop(p->ledger);
        return -1;
    }
    return ledger_provisional_commit(p->ledger, fault);
}

static int
deliver(struct pipeline *p, struct pipeline_table *table, const struct letter *letter, struct batch *batch, int64_t id,
        const char *actor, const char *reason, struct daybreak_fault *fault)
{
    struct memory_item item = {0};
    struct memory_found found = {0};
    struct ledger_dead why = {0};
    bool leaving;
    int staged;

    p->release = true;
    key_make(&table->keys, batch);
    batch_type(batch, NULL, 1);
    if (land_bind(p, table, batch->layout, false, fault) != 0)
        return -1;
    if (strcmp(letter->stage, "source") == 0 && table->contract != NULL && contract_run(table->contract, batch, fault) != 0)
        return -1;
    if (batch_is_bad(batch, 0))
        return again_invalid(p, id, actor, batch, batch_bad_of(batch, 0), fault);
    if (strcmp(letter->rule, "column_count") == 0 && !takes_ragged(table->config)) {
        why = (struct ledger_dead){.stage = "source", .rule = letter->rule, .reason = letter->rule,
                                   .detail = "its number of fields is not that of the header, and `ragged` is neither pad nor cut"};
        return again(p, id, actor, &why, fault);
    }
    remembered(table, batch, &item, &found);
    leaving = was_leaving(letter, &item, &found);
    if (strcmp(letter->stage, "source") != 0 && found.there && !leaving && (letter->op == 'd' || found.canon != item.canon))
        return outdated(id, fault);
    change_make(letter, batch, id, leaving ? 'u' : letter->op != 0 ? letter->op : found.there ? 'u' : 'c', &found);
    if (item.key_size > 0 && batch->op[0] == 'd')
        memory_remove(table->change.memory, &item);
    else if (item.key_size > 0)
        memory_put(table->change.memory, &item);
    staged = road_again(p, letter, batch, &why, fault);
    if (staged == 0) {
        land_rollback(p);
        return again(p, id, actor, &why, fault);
    }
    if (staged < 0)
        return -1;
    if (leaving && batch->left != NULL) { /* that it was filtered is counted already, and its way out too */
        sink_row(p->sink)->filtered--;
        sink_row(p->sink)->copied--;
    }
    if (letter_move(p, id, actor, reason, batch->changes == 0 || (batch->left != NULL && !leaving), fault) != 0)
        return -1;
    return land_commit(p, true, fault);
}

int
retry_dead(struct pipeline *p, int64_t id, const char *actor, const char *reason, struct daybreak_fault *fault)
{
    struct letter letter = {.arena = arena_new()};
    struct pipeline_table *table = NULL;
    struct batch *batch = batch_new();
    int result = -1;

    if (land_forget(p, fault) != 0 || ledger_dead_find(p->ledger, id, letter_copy, &letter, fault) < 0)
        goto done;
    for (uint32_t t = 0; t < p->tables && letter.there; t++)
        if (strcmp(p->table[t].config->name, letter.table) == 0)
            table = &p->table[t];
    if (!letter.there || !letter.open || table == NULL) {
        fault_set(fault, DAYBREAK_ASIDE, !letter.there ? "there is no dead letter D%lld"
                                         : !letter.open ? "D%lld was decided before"
                                                        : "the table of D%lld is no longer in the pipeline file",
                  (long long)id);
        fault_exit(fault, 1, "no-decision");
        goto done;
    }
    if (!letter.is_json || letter.record == NULL) {
        fault_set(fault, DAYBREAK_ASIDE, "D%lld cannot be retried: its row was not kept whole", (long long)id);
        fault_exit(fault, 1, "no-decision");
        goto done;
    }
    pipeline_position_load(p);
    if (lookup_files_begin(p->lookups, NULL, fault) == 0 && batch_of_record(p, table, &letter, batch, fault) == 0)
        result = deliver(p, table, &letter, batch, id, actor, reason, fault);
    if (result != 0) {
        struct daybreak_fault second = {0};

        land_rollback(p);
        if (!p->sink->uncertain && table->change.memory != NULL && memory_revert(table->change.memory, &second) != 0)
            *fault = second;
    }
done:
    batch_free(batch);
    arena_free(letter.arena);
    return result;
}
