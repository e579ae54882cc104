/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a record went. The steps say of each change whether it goes on; here that becomes rows that land or do
 * not, counts that balance, and the byte by which the memory knows where the key's last version is, so that its
 * delete, or its leaving, finds the way.
 */
#include "engine/fate.h"

#include <string.h>

#include "base/arena.h"
#include "change/memory.h"
#include "engine/pipeline.h"
#include "engine/route.h"
#include "record/batch.h"

enum verdict {
    VERDICT_GOES,
    VERDICT_LEAVES,   /* filtered, and a mirror holds the version before: goes as a delete */
    VERDICT_ASIDE,
    VERDICT_FILTERED,
};

static uint8_t
was(const struct batch *batch, uint32_t change)
{
    return batch->was == NULL ? MEMORY_NOWHERE : batch->was[change];
}

/* Nothing ever wanted this change: most batches of most pipelines. */
static bool
all_go(const struct pipeline *p, const struct batch *batch)
{
    if (batch->fate != NULL || route_home(p->routes) != MEMORY_HOME)
        return false;
    for (uint32_t i = 0; batch->was != NULL && i < batch->changes; i++)
        if (batch->op[i] == 'd' && !route_here(p->routes, batch->was[i]))
            return false;
    return true;
}

/* A version of it went to the target, and what became of it there was not that it was refused. 1, 0, or -1. */
static int
stands(struct pipeline *p, const struct pipeline_table *table, const struct batch *batch, uint32_t change,
       struct daybreak_fault *fault)
{
    struct daybreak_text key;
    int never;

    if (batch->was == NULL || batch->key == NULL || !route_here(p->routes, batch->was[change]))
        return 0;
    key = batch->key[batch->pick[change]];
    if (!keyset_has(table->change.dead, key.at, key.size))
        return 1;
    never = ledger_dead_undelivered(p->ledger, table->config->name, key.at, key.size, fault);
    return never < 0 ? -1 : !never;
}

static void
remember(struct pipeline_table *table, const struct batch *batch, uint32_t change, uint8_t route)
{
    struct daybreak_text key = batch->key == NULL ? (struct daybreak_text){NULL, DAYBREAK_NULL} : batch->key[batch->pick[change]];

    if (table->change.memory != NULL && key.size != DAYBREAK_NULL)
        memory_route(table->change.memory, &(struct memory_item){.key = key.at, .key_size = key.size, .route = route});
}

static const char *
taken_out_by(const struct pipeline_table *table, const struct batch *batch, uint32_t change)
{
    uint32_t step = batch->fate_step[change];
    const struct config_step *from = step < table->config->step_count ? &table->config->steps[step] : NULL;

    return from == NULL ? "?" : from->name != NULL ? from->name : from->use.type != NULL ? from->use.type : "?";
}

const char *
fate_filter(const struct pipeline *p, const struct pipeline_table *table, const struct batch *batch, uint32_t change)
{
    if (batch->fate != NULL && batch->fate[change] == BATCH_FILTERED)
        return taken_out_by(table, batch, change);
    return route_filter(p->routes, was(batch, change));
}

static int
judge(struct pipeline *p, struct pipeline_table *table, struct batch *batch, uint32_t i, enum verdict *verdict,
      struct daybreak_fault *fault)
{
    enum batch_fate fate = batch->fate == NULL ? BATCH_GOES : (enum batch_fate)batch->fate[i];
    struct daybreak_counts *counts = &batch->counts;
    uint8_t route;
    int result;

    *verdict = VERDICT_GOES;
    if (batch->op[i] == 'd') {
        if (fate != BATCH_ASIDE && (batch->was == NULL || route_here(p->routes, batch->was[i])))
            return 0;
        *verdict = fate == BATCH_ASIDE ? VERDICT_ASIDE : VERDICT_FILTERED;
    } else if (fate == BATCH_GOES) {
        if (route_home(p->routes) != MEMORY_HOME)
            remember(table, batch, i, route_home(p->routes));
        return 0;
    } else if (fate == BATCH_ASIDE) {
        *verdict = VERDICT_ASIDE;
        remember(table, batch, i, was(batch, i)); /* what stands in the target is the version before */
    } else {
        if (route_filtered(p->routes, taken_out_by(table, batch, i), &route, fault) != 0)
            return -1;
        remember(table, batch, i, route);
        *verdict = VERDICT_FILTERED;
        result = p->config->sink.write == DAYBREAK_MIRROR ? stands(p, table, batch, i, fault) : 0;
        if (result < 0)
            return -1;
        if (result > 0) {
            *verdict = VERDICT_LEAVES;
            counts->filtered++;
            counts->copied++;
            return 0;
        }
    }
    counts->delivered--;
    counts->filtered += *verdict == VERDICT_FILTERED;
    counts->dead += *verdict == VERDICT_ASIDE;
    return 0;
}

/* Each of the arrays in the new order; ${place} is where a change now stands. */
static void
reorder(struct batch *batch, const uint32_t *order, const uint32_t *place)
{
    uint32_t n = batch->changes;
    void *old = arena_alloc(batch->arena, (n + 1) * sizeof(struct daybreak_text));

#define MOVE(array)                                                                                \
    if (batch->array != NULL) {                                                                    \
        memcpy(old, batch->array, n * sizeof *batch->array);                                       \
        for (uint32_t i = 0; i < n; i++)                                                           \
            memcpy(&batch->array[i], (char *)old + order[i] * sizeof *batch->array, sizeof *batch->array); \
    }
    MOVE(pick)
    MOVE(op)
    MOVE(position)
    MOVE(before)
    MOVE(was)
    MOVE(fate)
    MOVE(fate_step)
#undef MOVE
    for (uint32_t k = 0; k < batch->stop_count; k++)
        batch->stop[k].change = place[batch->stop[k].change];
}

/* A delete has its key and nothing else; what the row had is kept for the case that the target does not let it go. */
static void
leave(const struct pipeline_table *table, struct batch *batch, uint32_t i, const char *filter)
{
    const struct daybreak_list *key = &table->config->capture.key;
    uint32_t row = batch->pick[i], columns = batch->rows.columns;
    struct daybreak_span *cells = arena_alloc(batch->arena, (columns + 1) * sizeof *cells);

    if (batch->left == NULL)
        batch->left = arena_zero(batch->arena, (batch->changes + batch->taken_out) * sizeof *batch->left);
    memcpy(cells, &batch->rows.spans[(size_t)row * columns], columns * sizeof *cells);
    for (uint32_t column = 0; column < columns; column++) {
        size_t k = 0;

        while (k < key->count && strcmp(batch->layout->name[column], key->item[k]) != 0)
            k++;
        if (k == key->count)
            batch_blank(batch, row, column);
    }
    batch->left[i] = (struct batch_left){arena_printf(batch->arena, "left by filter %s", filter), cells};
    batch->op[i] = 'd';
    batch->fate[i] = BATCH_GOES;
}

int
fate_settle(struct pipeline *p, struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault)
{
    uint32_t n = batch->changes, *order, *place, kept = 0, behind;
    enum verdict *verdict;
    bool leaves = false;

    batch->taken_out = 0;
    if (all_go(p, batch))
        return 0;
    verdict = arena_alloc(batch->arena, (n + 1) * sizeof *verdict);
    order = arena_alloc(batch->arena, (n + 1) * sizeof *order);
    place = arena_alloc(batch->arena, (n + 1) * sizeof *place);
    for (uint32_t i = 0; i < n; i++) {
        if (judge(p, table, batch, i, &verdict[i], fault) != 0)
            return -1;
        if (verdict[i] <= VERDICT_LEAVES)
            order[kept++] = i;
        leaves |= verdict[i] == VERDICT_LEAVES;
    }
    behind = kept;
    for (uint32_t i = 0; i < n; i++)
        if (verdict[i] == VERDICT_ASIDE)
            order[behind++] = i;
    for (uint32_t i = 0; i < n; i++)
        if (verdict[i] == VERDICT_FILTERED)
            order[behind++] = i;
    for (uint32_t i = 0; i < n; i++)
        place[order[i]] = i;
    if (kept < n)
        reorder(batch, order, place);
    batch->changes = kept;
    batch->taken_out = n - kept;
    for (uint32_t i = 0; leaves && i < kept; i++)
        if (verdict[order[i]] == VERDICT_LEAVES)
            leave(table, batch, i, taken_out_by(table, batch, i));
    return leaves ? step_run(&table->plan, batch, fault) : 0; /* a delete passes what makes key columns, and nothing else */
}

void
fate_refused(struct pipeline_table *table, const struct batch *batch)
{
    for (uint32_t k = 0; batch->left != NULL && k < batch->refused_count; k++)
        if (batch->left[batch->refused[k].change].why != NULL)
            remember(table, batch, batch->refused[k].change, was(batch, batch->refused[k].change));
}

int
fate_skipped(struct pipeline *p, struct pipeline_table *table, struct batch *batch, struct daybreak_fault *fault)
{
    uint8_t route;

    if (batch->changes == 0)
        return 0;
    batch_type(batch, batch->pick, batch->changes);
    if (step_run(&table->plan, batch, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < batch->changes; i++) {
        route = route_home(p->routes);
        if (batch->fate != NULL && batch->fate[i] == BATCH_FILTERED &&
            route_filtered(p->routes, taken_out_by(table, batch, i), &route, fault) != 0)
            return -1;
        if (route != MEMORY_HOME)
            remember(table, batch, i, route);
    }
    batch->changes = 0;
    batch_unstep(batch);
    return 0;
}

void
fate_taken_back(struct pipeline *p, struct batch *batch)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < batch->changes; i++) {
        if (!route_here(p->routes, batch->was[i])) {
            batch->counts.filtered--;
            continue;
        }
        batch->pick[kept] = batch->pick[i]; /* positions and old rows are empty, keys stand by row */
        batch->op[kept++] = 'd';
    }
    batch->changes = kept;
    batch->was = NULL;
}
