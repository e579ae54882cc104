/* SPDX-License-Identifier: Apache-2.0 */
/* Capture for one table: its state, what both methods share, and the way back from the spool to batches. */
#include "change/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "change/diff.h"
#include "change/memory.h"
#include "change/record.h"
#include "change/spool.h"
#include "record/batch.h"

#define TAKE_ROWS 16384
#define TAKE_BYTES (1u << 20)

int
change_open(struct change *change, const struct config *config, uint32_t index, const char *state_dir, const char *still,
            int64_t landed, bool needed, struct daybreak_fault *fault)
{
    const struct config_table *table = &config->source.tables[index];

    memset(change, 0, sizeof *change);
    change->config = config;
    change->table = table;
    change->index = index;
    change->night.size = sizeof change->night;
    if (table->capture.method == CONFIG_DIFF || table->capture.again == CONFIG_AGAIN_DEAD) {
        if ((still == NULL ? memory_open : memory_open_still)(state_dir, table->name, landed, needed, &change->memory, fault) != 0)
            return -1;
        change->spool = spool_new(still == NULL ? state_dir : still);
    }
    asides_init(&change->asides);
    change->ambiguous = keyset_new();
    change->kept = keyset_new();
    change->settled = keyset_new();
    change->dead = keyset_new();
    change->met = keyset_new();
    change->missed = keyset_new();
    change->healed = keyset_new();
    change->same = keyset_new();
    change->gone = keyset_new();
    change->withdrawn = keyset_new();
    change->staged = keyset_new();
    change->closed = keyset_new();
    change->pending = keyset_new();
    change->back = keyset_new();
    return 0;
}

void
change_close(struct change *change)
{
    memory_close(change->memory);
    spool_free(change->spool);
    if (change->asides.arena != NULL)
        asides_fini(&change->asides);
    keyset_free(change->ambiguous);
    keyset_free(change->kept);
    keyset_free(change->settled);
    keyset_free(change->dead);
    keyset_free(change->met);
    keyset_free(change->missed);
    keyset_free(change->healed);
    keyset_free(change->same);
    keyset_free(change->gone);
    keyset_free(change->withdrawn);
    keyset_free(change->staged);
    keyset_free(change->closed);
    keyset_free(change->pending);
    keyset_free(change->back);
    text_fini(&change->back_was);
    memset(change, 0, sizeof *change);
}

void
change_begin(struct change *change, bool first)
{
    change->first = first;
    memset(&change->night, 0, sizeof change->night);
    change->night.size = sizeof change->night;
    change->keyless = 0;
    change->layout_count = 0;
    change->held_record = NULL;
    change->reaching = NULL;
    asides_clear(&change->asides);
    keyset_clear(change->ambiguous);
    keyset_clear(change->kept);
    keyset_clear(change->settled);
    keyset_clear(change->met);
    keyset_clear(change->missed);
    keyset_clear(change->healed);
    keyset_clear(change->same);
    keyset_clear(change->gone);
    keyset_clear(change->withdrawn);
    keyset_clear(change->staged);
    keyset_clear(change->closed);
    keyset_clear(change->pending);
    keyset_clear(change->back);
    text_clear(&change->back_was);
    if (change->spool != NULL)
        spool_clear(change->spool);
    if (change->memory != NULL) {
        change->before_count = memory_count(change->memory);
        memory_look(change->memory);
    }
}

void
change_compare_with_target(struct change *change, const bool *reaching)
{
    change->reaching = reaching;
    change->before_count = memory_count(change->memory);
    memory_look(change->memory);
}

struct daybreak_counts *
change_counts(struct change *change, struct batch *batch)
{
    return change->first || change->table->capture.method != CONFIG_DIFF ? &batch->counts : &change->night;
}

void
change_set_aside(struct change *change, struct batch *batch, uint32_t row, const char *reason, const char *detail)
{
    struct daybreak_counts *counts = change_counts(change, batch);

    asides_add(&change->asides, batch, row, reason, detail);
    counts->invalid++;
    counts->dead++;
}

void
change_mark(struct batch *batch, uint32_t row, char op, uint8_t was)
{
    uint32_t i = batch->changes;

    batch_changes(batch, i + 1);
    batch->pick[i] = row;
    batch->op[i] = op;
    if (was != MEMORY_NOWHERE && batch->was == NULL)
        batch->was = arena_zero(batch->arena, batch->rows.rows + 1);
    if (batch->was != NULL)
        batch->was[i] = was;
    batch->changes++;
}

/* "line:byte" of every change, side by side: none is longer than that of the last row. */
static void
positions_write(struct batch *batch)
{
    char last[48], *to;
    size_t most = (size_t)batch_position(batch, batch->rows.rows - 1, last);

    to = arena_alloc(batch->arena, batch->changes * most + 1);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t size = (uint32_t)batch_position(batch, batch->pick[i], to);

        batch->position[i] = (struct daybreak_text){to, size};
        to += size;
    }
}

void
change_remember(struct change *change, const struct batch *batch, uint32_t row, struct memory_item *item, struct text *room)
{
    struct json json;

    if (change->table->capture.before) {
        json_init(&json, room, false);
        json_object(&json, NULL);
        for (uint32_t column = 0; column < batch->rows.columns; column++) {
            struct daybreak_text cell = batch_cell(batch, row, column);

            if (cell.size == DAYBREAK_NULL)
                json_null(&json, batch->layout->name[column]);
            else
                json_bytes(&json, batch->layout->name[column], cell.at, cell.size);
        }
        json_close(&json);
        item->row = room->at;
        item->row_size = (uint32_t)room->size;
    }
    item->open = change->open;
    memory_put(change->memory, item);
}

void
change_good(struct change *change, struct daybreak_text key, bool same)
{
    if (keyset_count(change->dead) == 0 || key.size == DAYBREAK_NULL || !keyset_has(change->dead, key.at, key.size))
        return;
    keyset_add(change->met, key.at, key.size);
    keyset_add(same ? change->same : change->healed, key.at, key.size);
}

/* Event rows: every good one is a change. With `again: dead_letter` a key that came before is none. */
static void
append_capture(struct change *change, struct batch *batch)
{
    uint32_t rows = batch->rows.rows;

    batch_type(batch, NULL, rows);
    batch->counts.read += rows;
    batch_changes(batch, rows);
    for (uint32_t row = 0; row < rows; row++) {
        if (batch->bad_count > 0 && batch_is_bad(batch, row)) {
            change_set_aside(change, batch, row, NULL, NULL);
            continue;
        }
        if (change->memory != NULL && change->table->capture.key.count > 0) {
            struct memory_item item = {.key = batch->key[row].at, .key_size = batch->key[row].size,
                                       .route = MEMORY_HOME, .open = change->open, .raw = batch->raw_hash[row]};
            struct memory_found found;

            memory_find(change->memory, &item, 1, &found);
            batch->counts.captured++;
            batch->counts.created++;
            if (found.there && (change->taken == NULL || change->taken[found.route])) {
                asides_add(&change->asides, batch, row, "again", "a record with this key was delivered before");
                batch->counts.dead++;
                continue;
            }
            memory_put(change->memory, &item);
        } else {
            batch->counts.captured++;
            batch->counts.created++;
        }
        change_mark(batch, row, change->resync ? 'r' : 'c', MEMORY_NOWHERE);
    }
}

int
change_capture(struct change *change, struct batch *batch, struct daybreak_fault *fault)
{
    if (batch->rows.rows == 0)
        return 0;
    change->last_layout = batch->layout;
    if (change->table->capture.method != CONFIG_DIFF)
        append_capture(change, batch);
    else if (diff_capture(change, batch, fault) != 0)
        return -1;
    positions_write(batch);
    return 0;
}

struct absent_state {
    struct change *change;
    struct daybreak_fault *fault;
    int64_t count;
    int result;
};

static uint16_t
absent_layout(struct change *change)
{
    for (uint32_t i = 0; i < change->layout_count; i++)
        if (change->layout[i] == change->last_layout)
            return (uint16_t)i;
    if (change->layout_count == sizeof change->layout / sizeof *change->layout)
        change->layout_count--;
    change->layout[change->layout_count] = change->last_layout;
    return (uint16_t)change->layout_count++;
}

static bool
absent_one(void *context, const struct memory_item *item)
{
    struct absent_state *state = context;
    struct change *change = state->change;
    struct daybreak_text key = {item->key, item->key_size}, before = {item->row, item->row_size};
    struct text record = {0};
    uint64_t index;

    record_write_delete(key, item->route, before, absent_layout(change), change->index, &record);
    state->result = spool_add(change->spool, record.at, record.size, &index, state->fault);
    text_fini(&record);
    if (keyset_has(change->dead, key.at, key.size))
        keyset_add(change->gone, key.at, key.size);
    state->count++;
    return state->result == 0;
}

int
change_absent(struct change *change, int64_t *absent, struct daybreak_fault *fault)
{
    struct absent_state state = {.change = change, .fault = fault};

    if (change->table->capture.method == CONFIG_DIFF && change->before_count > 0)
        memory_unseen(change->memory, absent_one, &state);
    if (state.result != 0 || (change->memory != NULL && memory_sound(change->memory, fault) != 0))
        return -1;
    *absent = state.count;
    return 0;
}

bool
change_missing(const struct change *change, uint32_t i, struct daybreak_text *key)
{
    struct memory_item item = {0};
    struct memory_found found;

    keyset_get(change->dead, i, key);
    if (change->last_layout == NULL || keyset_has(change->met, key->at, key->size))
        return false;
    item.key = key->at;
    item.key_size = key->size;
    memory_find(change->memory, &item, 1, &found);
    return !found.there;
}

int
change_miss(struct change *change, struct daybreak_text key, struct daybreak_fault *fault)
{
    struct absent_state state = {.change = change, .fault = fault};
    struct memory_item item = {.key = key.at, .key_size = key.size};

    keyset_add(change->missed, key.at, key.size);
    absent_one(&state, &item);
    return state.result;
}

int
change_withhold_absent(struct change *change, struct daybreak_fault *fault)
{
    uint64_t from = keyset_count(change->pending), to = from;
    const char *bytes;
    size_t size;

    spool_rewind(change->spool);
    for (;;) { /* deletes stand behind all other records; voided ones keep their index */
        if (spool_next(change->spool, &bytes, &size, fault) != 0)
            return -1;
        if (bytes == NULL)
            break;
        to++;
    }
    for (uint64_t index = from; index < from + to; index++)
        spool_void(change->spool, index);
    keyset_clear(change->gone);
    keyset_clear(change->withdrawn);
    return 0;
}

/* A spooled record becomes row ${row} of the batch; its texts stand one after the other in the block. */
static bool
take_row(struct change *change, struct batch *batch, const struct change_record *record, uint32_t *used)
{
    struct daybreak_rows *rows = &batch->rows;
    const struct batch_layout *layout = batch->layout;
    uint32_t row = rows->rows, columns = layout->columns;
    struct daybreak_span *spans;
    const char *at = record->cells;
    struct daybreak_text cell;

    batch_reserve(rows, row + 1);
    spans = &rows->spans[(size_t)row * columns];
    for (uint32_t column = 0; column < columns; column++)
        spans[column] = (struct daybreak_span){0, DAYBREAK_NULL};
    rows->start[row] = *used;
    if (record->op == 'd') {
        struct daybreak_text cells[64];
        size_t count = change->table->capture.key.count;

        if (count > 64 || !key_split(record->key.at, record->key.size, count, cells))
            return false;
        for (size_t k = 0; k < count; k++)
            for (uint32_t column = 0; column < columns; column++)
                if (strcmp(layout->name[column], change->table->capture.key.item[k]) == 0) {
                    memcpy(rows->block + *used, cells[k].at, cells[k].size);
                    spans[column] = (struct daybreak_span){*used, cells[k].size};
                    *used += cells[k].size;
                }
    } else {
        for (uint32_t column = 0; column < columns; column++) {
            if (!record_cell(&at, record->cells + record->cells_size, &cell))
                return false;
            spans[column].size = cell.size;
            if (cell.size == DAYBREAK_NULL)
                continue;
            memcpy(rows->block + *used, cell.at, cell.size);
            spans[column].at = *used;
            *used += cell.size;
        }
    }
    rows->end[row] = *used;
    rows->lines[row] = 0;
    rows->rows++;
    return true;
}

/* The change goes into the batch, and what it makes of its key into the memory, staged. */
static void
take_change(struct change *change, struct batch *batch, const struct change_record *record)
{
    uint32_t i = batch->changes, row = batch->rows.rows - 1;
    struct memory_item item = {.key = record->key.at, .key_size = record->key.size, .route = MEMORY_HOME,
                               .raw = record->raw, .canon = record->canon};
    struct text whole = {0};
    char position[48];
    size_t size = 0;

    batch_changes(batch, i + 1);
    batch->pick[i] = row;
    batch->op[i] = record->op;
    batch->key[i] = (struct daybreak_text){arena_bytes(batch->arena, record->key.at, record->key.size), record->key.size};
    if (record->line >= 0) {
        size = text_number(record->line, position);
        position[size++] = ':';
        size += text_number(record->byte, position + size);
    }
    batch->position[i] = (struct daybreak_text){arena_bytes(batch->arena, position, size), (uint32_t)size};
    batch->before[i] = (struct daybreak_text){
        record->before.size == 0 ? NULL : arena_bytes(batch->arena, record->before.at, record->before.size),
        record->before.size};
    batch->has_before |= record->before.size > 0;
    batch->was[i] = record->was;
    if (keyset_count(change->dead) > 0 && keyset_has(change->dead, record->key.at, record->key.size))
        keyset_add(change->staged, record->key.at, record->key.size);
    batch->changes++;
    if (record->op == 'd')
        memory_remove(change->memory, &item);
    else
        change_remember(change, batch, row, &item, &whole);
    text_fini(&whole);
}

int
change_more(struct change *change, bool *more, struct daybreak_fault *fault)
{
    if (change->held_record == NULL && spool_next(change->spool, &change->held_record, &change->held_size, fault) != 0)
        return -1;
    *more = change->held_record != NULL;
    return 0;
}

int
change_take(struct change *change, struct batch *batch, struct daybreak_fault *fault)
{
    struct change_record record;
    const char *member = NULL;
    uint32_t used = 0;

    batch_reset(batch);
    batch->table = change->index;
    batch->key = arena_alloc(batch->arena, TAKE_ROWS * sizeof *batch->key);
    batch->was = arena_alloc(batch->arena, TAKE_ROWS);
    for (;;) {
        if (change->held_record == NULL) {
            if (spool_next(change->spool, &change->held_record, &change->held_size, fault) != 0)
                return -1;
            if (change->held_record == NULL)
                break;
        }
        if (!record_read(change->held_record, change->held_size, &record))
            return fault_set(fault, DAYBREAK_HALT, "the spool of table '%s' holds what is no record", change->table->name);
        if (batch->layout != NULL &&
            (batch->layout != change->layout[record.layout] || batch->changes == TAKE_ROWS ||
             used + change->held_size > TAKE_BYTES ||
             (record.op != 'd' && (member == NULL || strlen(member) != record.member.size ||
                                   memcmp(member, record.member.at, record.member.size) != 0))))
            break;
        if (batch->layout == NULL) {
            if (change->layout[record.layout] == NULL)
                return fault_set(fault, DAYBREAK_HALT, "the columns of table '%s' are not known", change->table->name);
            batch->layout = change->layout[record.layout];
            batch->rows.columns = batch->layout->columns;
            batch_block(batch, change->held_size > TAKE_BYTES ? (uint32_t)change->held_size : TAKE_BYTES);
        }
        if (member == NULL && record.op != 'd')
            batch->story.part = member = arena_bytes(batch->arena, record.member.at, record.member.size);
        if (!take_row(change, batch, &record, &used))
            return fault_set(fault, DAYBREAK_HALT, "the spool of table '%s' holds a torn record", change->table->name);
        take_change(change, batch, &record);
        change->held_record = NULL;
    }
    if (batch->story.part == NULL)
        batch->story.part = "";
    batch->rows.block_size = batch->rows.block_used = used;
    return 0;
}

void
change_withdraw(const struct change *change, struct batch *batch)
{
    uint32_t kept = 0;

    if (keyset_count(change->withdrawn) == 0)
        return;
    for (uint32_t i = 0; i < batch->changes; i++) {
        struct daybreak_text key = batch->key[batch->pick[i]];

        if (batch->op[i] == 'd' && keyset_has(change->withdrawn, key.at, key.size))
            continue;
        batch->pick[kept] = batch->pick[i]; /* keys stand by row, all else by change */
        batch->op[kept] = batch->op[i];
        batch->position[kept] = batch->position[i];
        batch->before[kept] = batch->before[i];
        batch->was[kept] = batch->was[i];
        kept++;
    }
    batch->changes = kept;
}

bool
change_closes(const struct change *change, struct daybreak_text key, bool last)
{
    if (keyset_count(change->closed) > 0 && keyset_has(change->closed, key.at, key.size))
        return false;
    return last || change->first || change->table->capture.method != CONFIG_DIFF || keyset_has(change->staged, key.at, key.size);
}

void
change_landed(struct change *change, bool last)
{
    struct daybreak_text key;

    if (change->memory != NULL)
        memory_landed(change->memory);
    for (uint32_t i = 0; !last && i < keyset_count(change->staged); i++) {
        keyset_get(change->staged, i, &key);
        keyset_add(change->closed, key.at, key.size);
    }
    keyset_clear(change->staged);
    if (!last && !change->first && change->table->capture.method == CONFIG_DIFF)
        return; /* the rest of what the input said lands with a later commit */
    keyset_clear(change->closed);
    keyset_clear(change->healed);
    keyset_clear(change->same);
    keyset_clear(change->gone);
}

void
change_take_back(struct change *change, const struct memory_item *item, uint8_t route)
{
    if (keyset_add(change->back, item->key, item->key_size))
        text_char(&change->back_was, (char)route);
}

int
change_taken_back(struct change *change, struct batch *batch, struct daybreak_fault *fault)
{
    uint32_t used = 0;

    batch_reset(batch);
    batch->table = change->index;
    batch->story.part = "";
    if (keyset_count(change->back) == 0)
        return 0;
    batch->layout = change->last_layout;
    batch->rows.columns = batch->layout->columns;
    batch->key = arena_alloc(batch->arena, (keyset_count(change->back) + 1) * sizeof *batch->key);
    batch->was = (uint8_t *)arena_bytes(batch->arena, change->back_was.at, change->back_was.size);
    for (uint32_t i = 0; i < keyset_count(change->back); i++) {
        struct change_record record = {.op = 'd', .line = -1, .byte = -1};

        keyset_get(change->back, i, &record.key);
        used += record.key.size;
    }
    batch_block(batch, used + 1);
    used = 0;
    for (uint32_t i = 0; i < keyset_count(change->back); i++) {
        struct change_record record = {.op = 'd', .line = -1, .byte = -1};

        keyset_get(change->back, i, &record.key);
        if (!take_row(change, batch, &record, &used))
            return fault_set(fault, DAYBREAK_HALT, "a key of table '%s' cannot be taken apart", change->table->name);
        batch_changes(batch, batch->changes + 1); /* the memory was undone when it was found */
        batch->pick[batch->changes] = batch->rows.rows - 1;
        batch->op[batch->changes] = 'd';
        batch->key[batch->changes] = (struct daybreak_text){
            arena_bytes(batch->arena, record.key.at, record.key.size), record.key.size};
        batch->position[batch->changes] = batch->before[batch->changes] = (struct daybreak_text){NULL, 0};
        batch->changes++;
    }
    batch->rows.block_size = batch->rows.block_used = used;
    keyset_clear(change->back);
    text_clear(&change->back_was);
    return 0;
}

int
change_drop(struct change *change, struct daybreak_fault *fault)
{
    asides_clear(&change->asides);
    keyset_clear(change->staged);
    keyset_clear(change->closed);
    keyset_clear(change->healed);
    keyset_clear(change->same);
    keyset_clear(change->gone);
    keyset_clear(change->withdrawn);
    keyset_clear(change->pending);
    keyset_clear(change->back);
    text_clear(&change->back_was);
    if (change->spool != NULL)
        spool_clear(change->spool);
    memset(&change->night, 0, sizeof change->night);
    change->night.size = sizeof change->night;
    return change->memory == NULL ? 0 : memory_revert(change->memory, fault);
}
