/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the target holds, as the memory a dump is compared with. The target knows its rows by the names after the transforms and by
 * canonical texts; the plan leads each column back to the source's name, under which capture hashes it.
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

    plain.comma = false; /* whatever the dump writes, a database has a point */
    if (cell.size == DAYBREAK_NULL || type->type == DAYBREAK_TYPE_TEXT || type->type == DAYBREAK_TYPE_BYTES)
        return cell;
    return value_canonical(&plain, cell.at, cell.size, room, &length) ? (struct daybreak_text){room, (uint32_t)length} : cell;
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
    struct memory_item item = {0};

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

        if (from == UINT32_MAX || plan->column[i].key || seed->binding->ignored[from])
            continue;
        item.canon += key_canon_cell(&table->keys, layout->name[from], canonical(&layout->type[from], cell[i], room));
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
        if (plan->from[i] != UINT32_MAX)
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
               (table->plan.from[column] == UINT32_MAX ||
                strcmp(table->plan.layout->name[table->plan.from[column]], key->item[k]) != 0))
            column++;
        if (column == table->plan.columns)
            return fault_set(fault, DAYBREAK_HALT, "key column '%s' does not reach the target", key->item[k]);
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
