/* SPDX-License-Identifier: Apache-2.0 */
/* A load that keeps what it is given in memory, change by change, for a test to look at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "engine/trial.h"
#include "record/value.h"

static _Thread_local struct arena *kept_in;
static _Thread_local struct trial_list *kept;

struct shelf {
    const struct daybreak_host *host;
    struct arena *arena;
    struct trial_list *list, staged;
    const struct daybreak_target *target;
    uint32_t targets;
    char position[4096];
    int64_t batch;
};

void
trial_target_take(struct arena *arena, struct trial_list *list)
{
    kept_in = arena;
    kept = list;
}

void
trial_add(struct trial_list *list, struct trial_record *record)
{
    if (list->end == NULL)
        list->end = &list->first;
    *list->end = record;
    list->end = &record->next;
    list->count++;
}

void
trial_cell_add(struct arena *arena, struct trial_record *record, const char *column, const char *value)
{
    if (record->cells % 16 == 0) {
        struct trial_cell *wider = arena_alloc(arena, (record->cells + 16) * sizeof *wider);

        if (record->cells > 0)
            memcpy(wider, record->cell, record->cells * sizeof *wider);
        record->cell = wider;
    }
    record->cell[record->cells++] = (struct trial_cell){arena_text(arena, column), value == NULL ? NULL : arena_text(arena, value)};
}

static int
shelf_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct shelf *shelf = self;

    (void)fault;
    shelf->host = host;
    shelf->arena = kept_in;
    shelf->list = kept;
    return 0;
}

static void
shelf_close(void *self)
{
    (void)self;
}

static int
shelf_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct shelf *shelf = self;

    (void)claim;
    (void)fault;
    now->epoch = 1;
    now->position = shelf->position;
    now->batch = shelf->batch;
    now->found = shelf->batch > 0;
    return 0;
}

static int
shelf_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct shelf *shelf = self;

    (void)fault;
    shelf->target = target;
    shelf->targets = targets;
    return 0;
}

static const char *
piece(struct shelf *shelf, const char *at, uint32_t size)
{
    return size == DAYBREAK_NULL ? NULL : arena_bytes(shelf->arena, at, size);
}

/* {"reason":…,"actor":…,"related":{NAME:…}} as cells of their own. */
static void
context_add(struct shelf *shelf, struct trial_record *record, struct daybreak_text context)
{
    static const char *const name[] = {"reason", "actor"};
    struct json_tree tree = {0};
    struct text text = {0};
    size_t where;

    if (context.size == 0 || json_parse(&tree, context.at, context.size, &where) != 0) {
        json_fini(&tree);
        return;
    }
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        uint32_t node = json_member(&tree, 0, name[i]);
        char column[16];

        if (node == 0)
            continue;
        text_clear(&text);
        json_string(&tree, node, &text);
        snprintf(column, sizeof column, "_%s", name[i]);
        trial_cell_add(shelf->arena, record, column, text_end(&text));
    }
    for (uint32_t node = json_member(&tree, 0, "related") == 0 ? 0 : tree.node[json_member(&tree, 0, "related")].child; node != 0;
         node = tree.node[node].next) {
        struct text column = {0};

        text_put(&column, "_related.");
        text_add(&column, tree.source + tree.node[node].name_at, tree.node[node].name_size);
        text_clear(&text);
        json_string(&tree, node, &text);
        trial_cell_add(shelf->arena, record, text_end(&column), text_end(&text));
        text_fini(&column);
    }
    text_fini(&text);
    json_fini(&tree);
}

static int
shelf_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct shelf *shelf = self;
    struct daybreak_view *view = arena_alloc(shelf->arena, (batch->columns + 1) * sizeof *view);

    (void)target;
    (void)fault;
    for (uint32_t c = 0; c < batch->columns; c++)
        shelf->host->view(batch, c, DAYBREAK_AS_TEXT, &view[c]);
    for (uint32_t i = 0; i < batch->changes; i++) {
        struct trial_record *record = arena_zero(shelf->arena, sizeof *record);
        char op[2] = {batch->op[i], '\0'}, instant[VALUE_ROOM + 1];

        trial_cell_add(shelf->arena, record, "_op", op);
        trial_cell_add(shelf->arena, record, "_table", batch->story->table);
        for (uint32_t c = 0; c < batch->columns; c++) {
            const struct daybreak_span *cell =
                (const struct daybreak_span *)(const void *)(view[c].data + (size_t)batch->pick[i] * view[c].stride);

            if (batch->op[i] != 'd' || batch->column[c].key)
                trial_cell_add(shelf->arena, record, batch->column[c].name, piece(shelf, view[c].base + cell->at, cell->size));
        }
        if (batch->changed_at[i] != DAYBREAK_NO_TIME) {
            instant[value_write_timestamp(batch->changed_at[i], instant)] = '\0';
            trial_cell_add(shelf->arena, record, "_changed_at", instant);
        }
        context_add(shelf, record, batch->context[i]);
        trial_add(&shelf->staged, record);
    }
    return 0;
}

static int
shelf_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct shelf *shelf = self;

    (void)fault;
    for (struct trial_record *record = shelf->staged.first, *next; record != NULL; record = next) {
        next = record->next;
        record->next = NULL;
        trial_add(shelf->list, record);
    }
    shelf->staged = (struct trial_list){0};
    snprintf(shelf->position, sizeof shelf->position, "%s", commit->new_position);
    if (commit->batches > 0)
        shelf->batch = commit->batch[commit->batches - 1].story->batch;
    return 0;
}

static void
shelf_rollback(void *self)
{
    struct shelf *shelf = self;

    shelf->staged = (struct trial_list){0};
}

static int
shelf_audit(void *self, const char *pipeline_id, daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    (void)self;
    (void)pipeline_id;
    (void)each;
    (void)context;
    (void)fault;
    return 0;
}

const struct daybreak_connector trial_target = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = TRIAL_CONNECTOR,
    .help = "What a test looks at.",
    .abilities = DAYBREAK_TRANSACTIONAL | DAYBREAK_IDEMPOTENT | DAYBREAK_MIRRORS,
    .self_size = sizeof(struct shelf),
    .open = shelf_open,
    .close = shelf_close,
    .claim = shelf_claim,
    .prepare = shelf_prepare,
    .stage = shelf_stage,
    .commit = shelf_commit,
    .rollback = shelf_rollback,
    .audit = shelf_audit,
};
