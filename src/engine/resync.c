/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the target holds, as the memory a dump is compared with. The target knows its rows by the names after the transforms and
 * by canonical texts; the plan leads each column back to the source's name, under which capture hashes it. Where transforms
 * compute there is no way back: then each row of the dump goes through them, and what it becomes is compared.
 */
#include "engine/resync.h"

#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "change/memory.h"
#include "connector/instance.h"
#include "record/batch.h"
#include "sink/sink.h"

struct seed {
    struct pipeline_table *table;
    const struct key_binding *binding;
    uint32_t key[64];           /* column of the plan by place in the key */
    struct text joined;
    int64_t rows, keyless;
};

/* The text a source cell of this type would have: a database gives 19.9 for the decimal 19.90, and 1 for true. */
static struct daybreak_text
canonical(const struct value_type *type, struct daybreak_text cell, char room[VALUE_ROOM])
{
    struct value_type plain = *type;
    size_t length;

    plain.style = (struct value_style){0}; /* whatever the dump writes, a database has a point */
    if (cell.size == DAYBREAK_NULL || type->type == DAYBREAK_TYPE_TEXT || type->type == DAYBREAK_TYPE_BYTES)
        return cell;
    return value_canonical(&plain, cell.at, cell.size, room, &length) ? (struct daybreak_text){room, (uint32_t)length} : cell;
}

/* What a column adds to the hash of a row in the target's own terms. */
static uint64_t
shaped_cell(const struct pipeline_table *table, uint32_t i, struct daybreak_text cell)
{
    const struct daybreak_column *column = &table->plan.column[i];
    struct value_type type = {.type = column->type, .precision = column->precision, .scale = column->scale};
    char room[VALUE_ROOM];

    return key_canon_cell(&table->keys, column->name, canonical(&type, cell, room));
}

/* Is the column one to compare? Not the key, not what this input does not have, not what is delivered but never compared. */
static bool
compared(const struct step_plan *plan, const struct key_binding *binding, uint32_t i)
{
    uint32_t from = plan->from[i];

    return from != UINT32_MAX && !plan->column[i].key && (from >= plan->layout->columns || !binding->ignored[from]);
}

static bool
seed_row(void *context, const struct daybreak_text *cell, bool ours)
{
    struct seed *seed = context;
    struct pipeline_table *table = seed->table;
    const struct step_plan *plan = &table->plan;
    const struct batch_layout *layout = plan->layout;
    size_t keys = table->config->capture.key.count;
    char room[VALUE_ROOM], key_room[64][VALUE_ROOM];
    struct daybreak_text key[64];
    struct memory_item item = {.route = MEMORY_HOME};
    bool shaped = step_computes(table->config);

    (void)ours;
    seed->rows++;
    for (size_t k = 0; k < keys; k++) {
        uint32_t column = seed->key[k];

        key[k] = canonical(&layout->type[plan->from[column]], cell[column], key_room[k]);
        if (key[k].size == DAYBREAK_NULL || key[k].size == 0) {
            seed->keyless++;
            return true;
        }
    }
    for (uint32_t i = 0; i < plan->columns; i++) {
        uint32_t from = plan->from[i];

        if (!compared(plan, seed->binding, i))
            continue;
        item.canon += shaped ? shaped_cell(table, i, cell[i])
                             : key_canon_cell(&table->keys, layout->name[from], canonical(&layout->type[from], cell[i], room));
    }
    text_clear(&seed->joined);
    key_join(key, keys, &seed->joined);
    item.key = seed->joined.at;
    item.key_size = (uint32_t)seed->joined.size;
    memory_put(table->change.memory, &item);
    return true;
}

/* Which columns of the source the target can tell us about; the others are not compared this time. */
static const bool *
reaching(struct pipeline *p, const struct pipeline_table *table)
{
    const struct step_plan *plan = &table->plan;
    bool *reaches = arena_zero(p->arena, plan->layout->columns + 1);

    for (uint32_t i = 0; i < plan->columns; i++)
        if (plan->from[i] < plan->layout->columns)
            reaches[plan->from[i]] = true;
    return reaches;
}

int
resync_seed(struct pipeline *p, struct pipeline_table *table, const struct batch *batch, struct daybreak_fault *fault)
{
    const struct daybreak_connector *load = p->sink->load->type;
    const struct daybreak_list *key = &table->config->capture.key;
    struct seed seed = {.table = table, .binding = batch->binding};
    int result;

    if (!(load->abilities & DAYBREAK_READS_BACK) || table->config->capture.method != CONFIG_DIFF || key->count == 0 || key->count > 64) {
        fault_set(fault, DAYBREAK_HALT, "table '%s' cannot be compared with its target", table->config->name);
        fault_hint(fault, "that needs `capture: {method: diff}` with a key, and a target that can be read back, such as sqlite");
        return fault_exit(fault, 78, "no-resync");
    }
    for (size_t k = 0; k < key->count; k++) {
        uint32_t column = 0;

        while (column < table->plan.columns &&
               (table->plan.from[column] >= table->plan.layout->columns || !table->plan.column[column].key ||
                strcmp(table->plan.layout->name[table->plan.from[column]], key->item[k]) != 0))
            column++;
        if (column == table->plan.columns) {
            fault_set(fault, DAYBREAK_HALT, "key column '%s' does not reach the target as it is", key->item[k]);
            fault_hint(fault, "a transform makes another key of it, which does not lead back to the source's rows; empty the target and its "
                              "state to load it anew");
            return fault_exit(fault, 78, "no-resync");
        }
        seed.key[k] = column;
    }
    if (memory_clear(table->change.memory, fault) != 0)
        return -1;
    result = load->scan(p->sink->load->self, table->index, seed_row, &seed, fault);
    text_fini(&seed.joined);
    if (result != 0)
        return fault_within(fault, "reading table '%s' back", p->sink->target[table->index].table);
    if (seed.keyless > 0 || memory_count(table->change.memory) != seed.rows) {
        fault_set(fault, DAYBREAK_HALT, "the target's table '%s' has %lld rows, but %lld keys", p->sink->target[table->index].table,
                  (long long)seed.rows, (long long)memory_count(table->change.memory));
        fault_hint(fault, "is %s its key? rows without a key, or with the same one, cannot be followed", key->item[0]);
        return fault_exit(fault, 78, "target-keys");
    }
    change_compare_with_target(&table->change, reaching(p, table));
    return 0;
}

int
resync_shape(struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault)
{
    const struct step_plan *plan = &table->plan;

    if (!step_computes(table->config) || batch->layout != plan->layout)
        return 0;
    batch_type(batch, NULL, 0);
    batch_changes(batch, batch->rows.rows);
    for (uint32_t row = 0; row < batch->rows.rows; row++) {
        if (batch_is_bad(batch, row))
            continue;
        batch->pick[batch->changes] = row;
        batch->op[batch->changes++] = 'u';
    }
    if (step_run(plan, batch, fault) != 0)
        return -1;
    batch->shaped = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *batch->shaped);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint64_t sum = 0;

        for (uint32_t column = 0; column < plan->columns; column++) {
            char room[VALUE_ROOM];

            if (compared(plan, batch->binding, column))
                sum += shaped_cell(table, column, batch_canonical(batch, batch->pick[i], plan->from[column], room));
        }
        /* what a filter takes out, or what cannot be computed, is not what the target has */
        batch->shaped[batch->pick[i]] = batch_goes(batch, i) ? sum : ~sum;
    }
    batch->changes = 0; /* which of them are changes is for capture to say */
    batch_unstep(batch);
    return 0;
}
