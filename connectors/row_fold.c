/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under loads into tables: which changes of a batch touch the table. Of several changes of a key the last one
 * does; the ones it supersedes are chained behind it, for the history, and for the case that the table
 * refuses the last one.
 */
#include "row_fold.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void *
grow(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes == 0 ? 1 : bytes);

    if (memory == NULL)
        abort();
    return memory;
}

static void
room_make(struct row_fold *fold, uint32_t changes)
{
    if (fold->seed == 0 && getrandom(&fold->seed, sizeof fold->seed, 0) != sizeof fold->seed)
        fold->seed = (uint64_t)(uintptr_t)fold;
    if (changes > fold->room || fold->room == 0) {
        uint32_t room = fold->room < 1024 ? 1024 : fold->room;

        while (room < changes)
            room = room > UINT32_MAX / 2 ? changes : room * 2;
        fold->hash = grow(fold->hash, room * sizeof *fold->hash);
        fold->previous = grow(fold->previous, room * sizeof *fold->previous);
        fold->put = grow(fold->put, room * sizeof *fold->put);
        fold->gone = grow(fold->gone, room * sizeof *fold->gone);
        fold->passed = grow(fold->passed, room * sizeof *fold->passed);
        fold->state = grow(fold->state, room);
        fold->room = room;
        fold->slots = 2;
        while (fold->slots < (uint64_t)room * 2 && fold->slots < (UINT32_C(1) << 31))
            fold->slots *= 2;
        fold->slot = grow(fold->slot, fold->slots * sizeof *fold->slot);
    }
    fold->puts = fold->gones = fold->passeds = 0;
}

static struct daybreak_text
key_cell(const struct row_fold *fold, const struct daybreak_batch *batch, uint32_t key, uint32_t change)
{
    const struct daybreak_view *view = &fold->key[key];
    struct daybreak_span span;

    memcpy(&span, view->data + (size_t)batch->pick[change] * view->stride, sizeof span);
    return (struct daybreak_text){view->base + span.at, span.size};
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
    __extension__ unsigned __int128 product = (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
key_hash(const struct row_fold *fold, const struct daybreak_batch *batch, uint32_t change, uint64_t seed)
{
    uint64_t hash = seed;

    for (uint32_t k = 0; k < fold->keys; k++) {
        struct daybreak_text cell = key_cell(fold, batch, k, change);
        uint64_t word;

        hash = mix(hash, cell.size + UINT64_C(0x7f4a7c15f39cc060));
        while (cell.size >= sizeof word) {
            memcpy(&word, cell.at, sizeof word);
            hash = mix(hash, word);
            cell.at += sizeof word;
            cell.size -= sizeof word;
        }
        word = 0;
        memcpy(&word, cell.at, cell.size);
        hash = mix(hash, word);
    }
    return hash;
}

static bool
key_same(const struct row_fold *fold, const struct daybreak_batch *batch, uint32_t a, uint32_t b)
{
    for (uint32_t k = 0; k < fold->keys; k++) {
        struct daybreak_text left = key_cell(fold, batch, k, a), right = key_cell(fold, batch, k, b);

        if (left.size != right.size || memcmp(left.at, right.at, left.size) != 0)
            return false;
    }
    return true;
}

/* A key without one of its parts names no row. */
static bool
key_whole(const struct row_fold *fold, const struct row_rule *rule, const struct daybreak_batch *batch, uint32_t change)
{
    for (uint32_t k = 0; k < fold->keys; k++)
        if (key_cell(fold, batch, k, change).size == DAYBREAK_NULL) {
            rule->host->refuse(batch, change, "constraint_notnull", "NOT NULL constraint failed: %s.%s", rule->table,
                               batch->column[rule->key[k]].name);
            return false;
        }
    return true;
}

void
row_fold_keys(struct row_fold *fold, const struct row_rule *rule, const struct daybreak_batch *batch)
{
    bool all = rule->history == DAYBREAK_HISTORY_ALL, gone = rule->history == DAYBREAK_HISTORY_GONE;
    uint32_t mask;

    room_make(fold, batch->changes);
    memset(fold->slot, 0, fold->slots * sizeof *fold->slot);
    memset(fold->state, 0, batch->changes);
    mask = fold->slots - 1;
    fold->key = grow(fold->key, rule->keys * sizeof *fold->key);
    fold->keys = rule->keys;
    for (uint32_t k = 0; k < rule->keys; k++)
        rule->host->view(batch, rule->key[k], DAYBREAK_AS_TEXT, &fold->key[k]);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t at;

        fold->previous[i] = NO_CHANGE;
        if ((batch->op[i] == 'd' && !rule->deletes) || !key_whole(fold, rule, batch, i)) {
            fold->state[i] = CHANGE_OUT;
            continue;
        }
        fold->hash[i] = key_hash(fold, batch, i, fold->seed);
        for (at = (uint32_t)fold->hash[i] & mask; fold->slot[at] != 0; at = (at + 1) & mask) {
            uint32_t other = fold->slot[at] - 1;

            if (fold->hash[other] == fold->hash[i] && key_same(fold, batch, other, i)) {
                fold->previous[i] = other;
                fold->state[other] = CHANGE_PASSED;
                break;
            }
        }
        fold->slot[at] = i + 1;
    }
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint8_t state = fold->state[i];

        if (state == CHANGE_PASSED && (all || (gone && batch->op[i] == 'd')))
            fold->passed[fold->passeds++] = i;
        if (state == CHANGE_LAST && batch->op[i] == 'd')
            fold->gone[fold->gones++] = i;
        else if (state == CHANGE_LAST)
            fold->put[fold->puts++] = i;
        if (state == CHANGE_LAST && batch->op[i] == 'd' && rule->marks) { /* the version that stays under the mark */
            uint32_t kept = fold->previous[i];

            while (kept != NO_CHANGE && batch->op[kept] == 'd')
                kept = fold->previous[kept];
            if (kept != NO_CHANGE)
                fold->put[fold->puts++] = kept;
        }
    }
}

void
row_fold_none(struct row_fold *fold, const struct daybreak_batch *batch)
{
    room_make(fold, batch->changes);
    for (uint32_t i = 0; i < batch->changes; i++)
        fold->put[i] = i;
    fold->puts = batch->changes;
}

void
row_fold_fini(struct row_fold *fold)
{
    free(fold->slot);
    free(fold->hash);
    free(fold->previous);
    free(fold->put);
    free(fold->gone);
    free(fold->passed);
    free(fold->state);
    free(fold->key);
    *fold = (struct row_fold){0};
}
