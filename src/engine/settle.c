/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an input in the ledger. The target's position says first that all of an input landed; a life that ended before the ledger
 * heard of it is made up for at the next start, so that no row is read, counted or set aside a second time.
 */
#include "engine/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "record/batch.h"
#include "sink/sink.h"

static void
note_name(char note[300], const char *kind, const struct pipeline_table *table)
{
    snprintf(note, 300, "%s:%s", kind, table->config->name);
}

void
settle_columns(struct pipeline *p, struct pipeline_table *table)
{
    struct daybreak_fault fault = {0};
    char note[300], *value, *at;
    size_t count = 0;
    const char **items;

    note_name(note, "columns", table);
    if (ledger_note_get(p->ledger, note, &value, &fault) != 0)
        return;
    if (table->known_note != NULL && strcmp(table->known_note, value) == 0) { /* a follower takes thousands of inputs */
        free(value);
        return;
    }
    for (at = value; *at != '\0'; at++)
        count += *at == '\n';
    items = arena_alloc(p->arena, (count + 1) * sizeof *items);
    count = 0;
    for (at = value; *at != '\0';) {
        char *end = strchr(at, '\n');

        items[count++] = arena_bytes(p->arena, at, end == NULL ? strlen(at) : (size_t)(end - at));
        if (end == NULL)
            break;
        at = end + 1;
    }
    table->known = (struct daybreak_list){items, count};
    free(table->known_note);
    table->known_note = value;
}

/* Most nights have the columns of the night before. */
static bool
columns_known(const struct pipeline_table *table)
{
    if (table->known.count != table->layout->columns)
        return false;
    for (uint32_t i = 0; i < table->layout->columns; i++)
        if (strcmp(table->known.item[i], table->layout->name[i]) != 0)
            return false;
    return true;
}

static int
columns_write(struct pipeline *p, const char *kind, const char *before, struct daybreak_fault *fault)
{
    for (uint32_t t = 0; t < p->tables; t++) {
        const struct pipeline_table *table = &p->table[t];
        struct text value = {0};
        char note[300];
        int result;

        if (table->layout == NULL || columns_known(table))
            continue;
        text_put(&value, before);
        for (uint32_t i = 0; i < table->layout->columns; i++) {
            text_put(&value, table->layout->name[i]);
            text_char(&value, '\n');
        }
        note_name(note, kind, table);
        result = ledger_note_set(p->ledger, note, text_end(&value), fault);
        text_fini(&value);
        if (result != 0)
            return -1;
    }
    return 0;
}

int
settle_intend(struct pipeline *p, const struct guard_verdict *withheld, struct daybreak_fault *fault)
{
    struct text note = {0};
    char number[32];
    int result;

    snprintf(number, sizeof number, "%lld\n", (long long)(p->sink->batch + p->sink->rows));
    result = columns_write(p, "columns landing", number, fault);
    if (result != 0 || withheld->guard == NULL)
        return result;
    text_put(&note, number);
    text_printf(&note, "%s\n%s", withheld->reason, withheld->evidence);
    result = ledger_note_set(p->ledger, "withheld landing", text_end(&note), fault);
    text_fini(&note);
    return result;
}

/* Why the deletes of what is now the target's last batch were withheld. */
static int
withheld_landed(struct pipeline *p, struct guard_verdict *withheld, struct daybreak_fault *fault)
{
    char *value, *end;

    if (ledger_note_get(p->ledger, "withheld landing", &value, fault) != 0)
        return -1;
    withheld->guard = "max_keyless";
    if (strtoll(value, &end, 10) == p->sink->batch && *end == '\n') {
        char *evidence = strchr(end + 1, '\n');

        snprintf(withheld->reason, sizeof withheld->reason, "%.*s",
                 evidence == NULL ? (int)strlen(end + 1) : (int)(evidence - end - 1), end + 1);
        snprintf(withheld->evidence, sizeof withheld->evidence, "%s", evidence == NULL ? "" : evidence + 1);
    }
    free(value);
    return 0;
}

/* The columns that were to be known with the batch that is now the target's last. */
static int
columns_landed(struct pipeline *p, struct daybreak_fault *fault)
{
    for (uint32_t t = 0; t < p->tables; t++) {
        char note[300], *value, *end;
        int result = 0;

        note_name(note, "columns landing", &p->table[t]);
        if (ledger_note_get(p->ledger, note, &value, fault) != 0)
            return -1;
        if (strtoll(value, &end, 10) == p->sink->batch && *end == '\n') {
            note_name(note, "columns", &p->table[t]);
            result = ledger_note_set(p->ledger, note, end + 1, fault);
        }
        free(value);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int
ended(struct pipeline *p, int64_t id, const struct guard_verdict *withheld, int64_t rows, struct daybreak_fault *fault)
{
    if (withheld->guard == NULL
            ? ledger_input_end(p->ledger, id, "done", NULL, NULL, NULL, rows, p->sink->batch, fault) != 0
            : ledger_input_end(p->ledger, id, "held", withheld->guard, withheld->reason, withheld->evidence, rows, p->sink->batch,
                               fault) != 0)
        return -1;
    return ledger_input_supersede(p->ledger, id, fault); /* withheld or not: what was held before is older than what landed now */
}

int
settle_input(struct pipeline *p, int64_t id, const struct guard_verdict *withheld, int64_t rows, struct daybreak_fault *fault)
{
    if (ledger_provisional_begin(p->ledger, fault) != 0)
        return -1;
    if (columns_write(p, "columns", "", fault) != 0 || ended(p, id, withheld, rows, fault) != 0) {
        ledger_provisional_drop(p->ledger);
        return -1;
    }
    return ledger_provisional_commit(p->ledger, fault);
}

/* The input that the position names, if the ledger still has it under way. */
struct unsettled {
    struct pipeline *p;
    int64_t id, batches, rows;
    const char *landed;     /* what its batches say they are of */
};

static bool
is_unsettled(void *context, const struct ledger_input *input)
{
    struct unsettled *unsettled = context;
    const struct position *position = &unsettled->p->position;
    bool approved = strcmp(input->state, "approved") == 0;

    /* one whose withheld deletes were let through since has yet to land them */
    if ((approved && !position_withheld(position)) || strcmp(input->state, "reading") == 0)
        if (strcmp(input->order, position->order) == 0 && (input->digest[0] == '\0' || strcmp(input->digest, position->digest) == 0))
            unsettled->id = input->id;
    return true;
}

static bool
add_rows(void *context, const struct daybreak_batch_row *row)
{
    struct unsettled *unsettled = context;

    /* a dead letter that was retried stands at the same position, and is no part of the input */
    if (row->story->input != NULL && strcmp(row->story->input, unsettled->landed) == 0 && (row->last == NULL || row->last[0] != 'D')) {
        unsettled->batches++;
        unsettled->rows += row->counts.read;
    }
    return true;
}

int
settle_again(struct pipeline *p, struct daybreak_fault *fault)
{
    struct unsettled unsettled = {.p = p};
    struct guard_verdict withheld = {0};
    struct ledger_input last = {0};
    int64_t after = 0;
    int found;

    if (!position_finished(&p->position))
        return 0;
    found = ledger_input_last(p->ledger, &last, fault);
    if (found == 1)
        after = last.last_batch;
    ledger_input_fini(&last);
    if (found < 0)
        return -1;
    if (found == 1 && after >= p->sink->batch) /* the last that landed was settled: this is the same content once more */
        return 0;
    if (ledger_inputs(p->ledger, NULL, is_unsettled, &unsettled, fault) != 0)
        return -1;
    if (unsettled.id == 0)
        return 0;
    unsettled.landed = arena_printf(p->arena, "%s %s", p->position.order, p->position.digest);
    if (ledger_batches(p->ledger, after, add_rows, &unsettled, fault) != 0)
        return -1;
    if (unsettled.batches == 0)
        return 0;
    if (position_withheld(&p->position) && withheld_landed(p, &withheld, fault) != 0)
        return -1;
    if (ledger_provisional_begin(p->ledger, fault) != 0)
        return -1;
    if (columns_landed(p, fault) != 0 || ended(p, unsettled.id, &withheld, unsettled.rows, fault) != 0) {
        ledger_provisional_drop(p->ledger);
        return -1;
    }
    LOG_INFO("input had landed before its run was ended: pipeline=%s input_id=%lld", p->config->name, (long long)unsettled.id);
    return ledger_provisional_commit(p->ledger, fault);
}

struct landed {
    const struct pipeline *p;
    const char *input, *table;
    struct daybreak_counts *counts;
    bool same;
};

static bool
add_landed(void *context, const struct daybreak_batch_row *row)
{
    struct landed *landed = context;
    const struct daybreak_story *story = row->story;

    if (story->input == NULL || strcmp(story->input, landed->input) != 0 || (row->last != NULL && row->last[0] == 'D'))
        return true;
    landed->same &= story->pipeline_version != NULL && strcmp(story->pipeline_version, landed->p->config->version_digest) == 0;
    if (story->table != NULL && strcmp(story->table, landed->table) == 0)
        ledger_add(landed->counts, &row->counts);
    return true;
}

int
settle_landed(struct pipeline *p, const char *table, struct daybreak_counts *counts, bool *same, struct daybreak_fault *fault)
{
    struct landed landed = {.p = p, .table = table, .counts = counts, .same = true,
                            .input = arena_printf(p->arena, "%s %s", p->position.order, p->position.digest)};
    struct ledger_input last = {0};
    int64_t after = 0;
    int found = ledger_input_last(p->ledger, &last, fault);

    if (found == 1)
        after = last.last_batch;
    ledger_input_fini(&last);
    if (found < 0 || ledger_batches(p->ledger, after, add_landed, &landed, fault) != 0)
        return -1;
    *same = landed.same;
    return 0;
}
