/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rows of a dump are changes, by key and row hash against the memory. Raw bytes are compared first: an equal row costs one
 * lookup. Only rows whose bytes differ are typed and compared by their cells, so that another spelling of the same values is no change.
 */
#include "change/diff.h"

#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "change/memory.h"
#include "change/record.h"
#include "change/spool.h"
#include "record/batch.h"

#define GROUP 64

static struct memory_item
item_of(const struct batch *batch, uint32_t row)
{
    return (struct memory_item){.key = batch->key[row].at,
                                .key_size = batch->key[row].size == DAYBREAK_NULL ? 0 : batch->key[row].size,
                                .route = MEMORY_HOME,
                                .raw = batch->raw_hash[row]};
}

/* A row that is bad keeps its key's last good version: the key counts as seen. */
static void
bad_row(struct change *change, struct batch *batch, uint32_t row)
{
    struct memory_item item = item_of(batch, row);
    struct memory_found found;

    change_set_aside(change, batch, row, NULL, NULL);
    if (item.key_size == 0) {
        change->keyless++;
        return;
    }
    if (keyset_count(change->dead) > 0 && keyset_has(change->dead, item.key, item.key_size))
        keyset_add(change->met, item.key, item.key_size);
    memory_find(change->memory, &item, 1, &found);
    if (found.there && !memory_see(change->memory, found.ref))
        keyset_add(change->kept, item.key, item.key_size);
}

static uint16_t
layout_number(struct change *change, const struct batch_layout *layout)
{
    for (uint32_t i = change->layout_count; i > 0; i--)
        if (change->layout[i - 1] == layout)
            return (uint16_t)(i - 1);
    if (change->layout_count == sizeof change->layout / sizeof *change->layout)
        change->layout_count--; /* formats bind few layouts an input; the last place is reused for the newest */
    change->layout[change->layout_count] = layout;
    return (uint16_t)change->layout_count++;
}

static void
count_op(struct daybreak_counts *counts, char op, int64_t by)
{
    counts->captured += by;
    if (op == 'c')
        counts->created += by;
    else if (op == 'u')
        counts->updated += by;
    else if (op == 'r')
        counts->loaded += by;
    else
        counts->deleted += by;
}

/* The row is a new version of its key: into the spool, where the memory learns of it as it lands, or into this batch. */
static int
version(struct change *change, struct batch *batch, uint32_t row, char op, struct memory_item *item,
        const struct memory_found *found, struct daybreak_fault *fault)
{
    struct daybreak_text before = {found->row, found->there ? found->row_size : 0};
    uint8_t was = found->there ? found->route : MEMORY_NOWHERE;
    struct text bytes = {0};
    uint64_t index;

    if (!change->first) {
        int result;

        record_write(batch, row, op, layout_number(change, batch->layout), item->canon, was, before, &bytes);
        result = spool_add(change->spool, bytes.at, bytes.size, &index, fault);
        text_fini(&bytes);
        if (result != 0)
            return -1;
        keyset_add(change->pending, item->key, item->key_size);
        if (found->there)
            memory_see(change->memory, found->ref);
    } else {
        change_mark(batch, row, op, was);
        change_remember(change, batch, row, item, &bytes);
        text_fini(&bytes);
    }
    count_op(change_counts(change, batch), op, 1);
    return 0;
}

/* The spooled first row of an ambiguous key becomes a dead letter of its own. */
static int
spooled_aside(struct change *change, uint32_t index, struct daybreak_fault *fault)
{
    const struct batch_layout *layout;
    struct change_record record;
    struct aside aside = {.table = change->index, .reason = "duplicate key",
                          .detail = "the key comes again with other values"};
    struct text json_text = {0}, member = {0};
    struct json json;
    const char *bytes, *at;
    size_t size;

    if (spool_get(change->spool, index, &bytes, &size, fault) != 0)
        return -1;
    if (record_read(bytes, size, &record)) {
        layout = change->layout[record.layout];
        json_init(&json, &json_text, false);
        json_object(&json, NULL);
        at = record.cells;
        for (uint32_t i = 0; i < record.columns && i < layout->columns; i++) {
            struct daybreak_text cell;

            if (!record_cell(&at, record.cells + record.cells_size, &cell))
                break;
            if (cell.size != DAYBREAK_NULL)
                json_bytes(&json, layout->name[i], cell.at, cell.size);
        }
        json_close(&json);
        text_add(&member, record.member.at, record.member.size);
        aside.member = text_end(&member);
        aside.line = record.line;
        aside.byte = record.byte;
        aside.key = record.key.at;
        aside.key_size = record.key.size;
        aside.record = json_text.at;
        aside.record_size = (uint32_t)json_text.size;
        count_op(&change->night, record.op, -1);
        asides_push(&change->asides, &aside);
    }
    spool_void(change->spool, index);
    text_fini(&json_text);
    text_fini(&member);
    return 0;
}

/* Of a first load: the first row is in this batch still, or staged with an earlier one and must be taken back; ${route}: where it went. Set
 * aside it is a dead letter already: false. */
static bool
loaded_aside(struct change *change, struct batch *batch, const struct memory_item *item, uint8_t route)
{
    struct aside aside = {.table = change->index, .reason = "duplicate key", .line = -1, .byte = -1,
                          .key = item->key, .key_size = item->key_size,
                          .detail = "the key comes again with other values; the row that had landed was taken back"};

    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];

        if (batch->key[row].size != item->key_size || memcmp(batch->key[row].at, item->key, item->key_size) != 0)
            continue;
        asides_add(&change->asides, batch, row, "duplicate key", "the key comes again with other values");
        count_op(&batch->counts, batch->op[i], -1);
        memmove(&batch->pick[i], &batch->pick[i + 1], (batch->changes - i - 1) * sizeof *batch->pick);
        memmove(&batch->op[i], &batch->op[i + 1], batch->changes - i - 1);
        if (batch->was != NULL)
            memmove(&batch->was[i], &batch->was[i + 1], batch->changes - i - 1);
        batch->changes--;
        return true;
    }
    count_op(&batch->counts, 'r', -1);
    if (route == MEMORY_NOWHERE)
        return false;
    change_take_back(change, item, route);
    asides_push(&change->asides, &aside);
    return true;
}

/* The key came before in this input with other values: no version of it can be trusted, the last good one stays. */
static int
ambiguous(struct change *change, struct batch *batch, uint32_t row, const struct memory_item *item,
          const struct memory_found *found, uint32_t spooled, struct daybreak_fault *fault)
{
    struct daybreak_counts *counts = change_counts(change, batch);
    bool letter = true;

    keyset_add(change->ambiguous, item->key, item->key_size);
    change_set_aside(change, batch, row, "duplicate key", "the key comes again with other values");
    if (spooled != UINT32_MAX) {
        if (spooled_aside(change, spooled, fault) != 0)
            return -1;
    } else if (change->first && change->table->capture.first != CONFIG_FIRST_SKIP) {
        letter = loaded_aside(change, batch, item, found->route);
        if (found->staged)
            memory_undo(change->memory, item);
        else /* it landed with an earlier commit of this very load */
            memory_remove(change->memory, item);
    } else { /* it was equal to the last good version, which says nothing any more */
        struct aside aside = {.table = change->index, .reason = "duplicate key", .line = -1, .byte = -1,
                              .member = batch->story.part, .key = item->key, .key_size = item->key_size,
                              .detail = "a row equal to the last good version; the key comes again with other values"};

        asides_push(&change->asides, &aside);
        counts->unchanged--;
    }
    counts->invalid++;
    counts->dead += letter;
    return 0;
}

/* What this input said of the key before: 1 and its hash, 0 nothing, -1 fault. */
static int
said_before(struct change *change, const struct memory_item *item, const struct memory_found *found, uint32_t *spooled,
            uint64_t *canon, struct daybreak_fault *fault)
{
    struct change_record record;
    const char *bytes;
    size_t size;

    *spooled = change->first ? UINT32_MAX : keyset_index(change->pending, item->key, item->key_size);
    if (*spooled == UINT32_MAX) {
        if (found->seen && keyset_has(change->kept, item->key, item->key_size) &&
            !keyset_has(change->settled, item->key, item->key_size))
            return 0; /* only a bad row did, and that says nothing of its values */
        *canon = found->canon;
        return found->there && found->seen;
    }
    if (spool_get(change->spool, *spooled, &bytes, &size, fault) != 0)
        return -1;
    if (!record_read(bytes, size, &record))
        return fault_set(fault, DAYBREAK_HALT, "the spool of table '%s' holds a torn record", change->table->name);
    *canon = record.canon;
    return 1;
}

/* Has the row the values that are remembered? Of the target itself only those are known that reach it, or what the row becomes there. */
static bool
same_values(const struct change *change, struct batch *batch, uint32_t row, uint64_t canon, const struct memory_found *found)
{
    if (!found->there)
        return false;
    if (change->reaching != NULL)
        canon = batch->shaped != NULL ? batch->shaped[row] : key_canon(batch, row, change->reaching);
    return found->canon == canon;
}

/* One row whose bytes alone did not settle it. Typed before. */
static int
look_closer(struct change *change, struct batch *batch, uint32_t row, struct daybreak_fault *fault)
{
    struct daybreak_counts *counts = change_counts(change, batch);
    struct memory_item item = item_of(batch, row);
    struct memory_found found;
    uint32_t spooled;
    uint64_t canon = 0;
    bool same;
    int before;

    if (batch_is_bad(batch, row)) {
        bad_row(change, batch, row);
        return 0;
    }
    if (keyset_has(change->ambiguous, item.key, item.key_size)) {
        change_set_aside(change, batch, row, "duplicate key", "the key comes again with other values");
        return 0;
    }
    item.canon = key_canon(batch, row, NULL);
    memory_find(change->memory, &item, 1, &found);
    before = said_before(change, &item, &found, &spooled, &canon, fault);
    if (before < 0)
        return -1;
    if (before > 0) {
        if (canon != item.canon)
            return ambiguous(change, batch, row, &item, &found, spooled, fault);
        counts->repeated++;
        return 0;
    }
    same = same_values(change, batch, row, item.canon, &found);
    change_good(change, batch->key[row], same && change->reaching == NULL); /* what the target itself has was not refused */
    if (same) {
        if (memory_see(change->memory, found.ref))
            keyset_add(change->settled, item.key, item.key_size);
        counts->unchanged++;
        if (change->reaching != NULL) { /* from now on all of its columns are known */
            struct text whole = {0};

            item.route = found.route;
            change_remember(change, batch, row, &item, &whole);
            text_fini(&whole);
        } else if (item.raw != 0 && item.raw != found.raw) {
            item.row = found.row; /* other bytes for the same values: tomorrow they are equal at first sight */
            item.row_size = found.row_size;
            item.route = found.route;
            memory_put(change->memory, &item);
        }
        return 0;
    }
    if (change->first && change->table->capture.first == CONFIG_FIRST_SKIP) {
        struct text whole = {0};

        change_remember(change, batch, row, &item, &whole);
        text_fini(&whole);
        counts->unchanged++;
        if (change->open) /* for the engine to find out whether a filter would have taken it out */
            change_mark(batch, row, 'r', MEMORY_NOWHERE);
        return 0;
    }
    return version(change, batch, row, change->first || change->resync ? 'r' : found.there ? 'u' : 'c', &item, &found,
                   fault);
}

/* The rows whose bytes do not settle it, into ${again}; gives their number. Some rows at a time, so that what is asked and found of them
 * never leaves the nearest cache. */
static uint32_t
first_sight(struct change *change, struct batch *batch, struct daybreak_counts *counts, uint32_t *again)
{
    const uint32_t rows = batch->rows.rows;
    const bool dead_keys = keyset_count(change->dead) > 0;
    struct memory_item item[GROUP];
    struct memory_found found[GROUP];
    uint32_t closer = 0;

    for (uint32_t i = 0; i < GROUP; i++) /* what no row changes; an item written whole and read at once would wait for itself */
        item[i] = (struct memory_item){.route = MEMORY_HOME};
    for (uint32_t from = 0; from < rows; from += GROUP) {
        uint32_t count = rows - from < GROUP ? rows - from : GROUP;

        for (uint32_t i = 0; i < count; i++) {
            const struct daybreak_text *key = &batch->key[from + i];

            item[i].key = key->at;
            item[i].key_size = key->size == DAYBREAK_NULL ? 0 : key->size;
            item[i].raw = batch->raw_hash[from + i];
        }
        memory_find(change->memory, item, count, found);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t row = from + i;

            if (batch->bad_count > 0 && batch_is_bad(batch, row)) {
                bad_row(change, batch, row);
            } else if (found[i].there && found[i].raw == item[i].raw && item[i].raw != 0 &&
                       !memory_see(change->memory, found[i].ref)) {
                counts->unchanged++;
                if (dead_keys)
                    change_good(change, batch->key[row], true);
            } else {
                again[closer++] = row;
            }
        }
    }
    return closer;
}

int
diff_capture(struct change *change, struct batch *batch, struct daybreak_fault *fault)
{
    struct daybreak_counts *counts = change_counts(change, batch);
    uint32_t *again = arena_alloc(batch->arena, (batch->rows.rows + 1) * sizeof *again), closer;

    counts->read += batch->rows.rows;
    closer = first_sight(change, batch, counts, again);
    if (closer == 0)
        return 0;
    batch_type(batch, again, closer);
    for (uint32_t i = 0; i < closer; i++)
        if (look_closer(change, batch, again[i], fault) != 0)
            return -1;
    return 0;
}
