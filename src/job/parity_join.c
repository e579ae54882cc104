/* SPDX-License-Identifier: Apache-2.0 */
/* Off the road, in the comparison: one partition of both sides, matched by key. Owns the table of keys while it lasts. */
#include "parity_join.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum {
    IN_LEFT = 1,
    IN_RIGHT = 2,
    TWICE_LEFT = 4, /* with different rows */
    TWICE_RIGHT = 8,
    BAD = 16,
};

struct entry {
    uint64_t row[2][2];
    int64_t ordinal[2];
    const char *key, *cells;
    uint32_t key_size, cells_size, hash;
    uint32_t flags;
};

struct table {
    struct arena *arena; /* keys, and A's cells */
    struct entry *entry;
    uint32_t count, room;
    uint32_t *slot; /* index + 1; a power of two, at least twice the room */
    uint32_t slots;
};

#define ENTRY_BYTES ((int64_t)(sizeof(struct entry) + 4 * sizeof(uint32_t)))

static void
table_init(struct table *table, int64_t records)
{
    uint32_t room = 64;

    while (room < records && room < 1u << 30)
        room *= 2;
    *table = (struct table){.arena = arena_new(), .slots = room * 2};
    table->slot = memory_zero(table->slots * sizeof *table->slot);
}

static void
table_fini(struct table *table)
{
    arena_free(table->arena);
    free(table->entry);
    free(table->slot);
}

static void
table_clear(struct table *table)
{
    table->count = 0;
    arena_reset(table->arena);
    memset(table->slot, 0, table->slots * sizeof *table->slot);
}

static void
slots_double(struct table *table)
{
    table->slots *= 2;
    free(table->slot);
    table->slot = memory_zero(table->slots * sizeof *table->slot);
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = table->entry[i].hash & (table->slots - 1);

        while (table->slot[at] != 0)
            at = (at + 1) & (table->slots - 1);
        table->slot[at] = i + 1;
    }
}

/* The entry of a record's key; one that is new has no flags. With ${add} false: NULL when there is none. */
static struct entry *
table_entry(struct table *table, const struct parity_record *record, bool add)
{
    uint32_t mask, at;
    struct entry *entry;

    if (table->count >= table->slots / 2)
        slots_double(table);
    mask = table->slots - 1;
    at = record->hash & mask;
    for (; table->slot[at] != 0; at = (at + 1) & mask) {
        entry = &table->entry[table->slot[at] - 1];
        if (entry->hash == record->hash && entry->key_size == record->key_size &&
            memcmp(entry->key, record->key, record->key_size) == 0)
            return entry;
    }
    if (!add)
        return NULL;
    if (table->count == table->room) {
        table->room = table->room == 0 ? 256 : table->room * 2;
        table->entry = memory_grow(table->entry, table->room * sizeof *table->entry);
    }
    entry = &table->entry[table->count++];
    table->slot[at] = table->count;
    *entry = (struct entry){.hash = record->hash, .key_size = record->key_size};
    entry->key = arena_bytes(table->arena, record->key, record->key_size);
    return entry;
}

/* ---- samples -------------------------------------------------------------------------------------- */

static void
pick(struct parity_picks *picks, int by, const struct entry *entry)
{
    uint32_t at = picks->count;
    struct parity_pick *there = picks->pick;

    if (picks->most == 0 || (at == picks->most && there[at - 1].ordinal[by] <= entry->ordinal[by]))
        return;
    if (there == NULL)
        there = picks->pick = memory_zero(picks->most * sizeof *there);
    if (at == picks->most)
        free(there[--at].key);
    else
        picks->count++;
    for (; at > 0 && there[at - 1].ordinal[by] > entry->ordinal[by]; at--)
        there[at] = there[at - 1];
    there[at] = (struct parity_pick){.ordinal = {entry->ordinal[0], entry->ordinal[1]}, .key_size = entry->key_size};
    there[at].key = memory_need(entry->key_size);
    memcpy(there[at].key, entry->key, entry->key_size);
}

/* ---- first pass ------------------------------------------------------------------------------------- */

static void
note(struct entry *entry, const struct parity_record *record, int side, struct parity_findings *findings)
{
    uint32_t in = side == 0 ? IN_LEFT : IN_RIGHT, twice = side == 0 ? TWICE_LEFT : TWICE_RIGHT;

    if (record->bad) {
        entry->flags |= BAD;
    } else if ((entry->flags & in) == 0) {
        entry->flags |= in;
        entry->row[side][0] = record->row[0];
        entry->row[side][1] = record->row[1];
        entry->ordinal[side] = record->ordinal;
    } else if (entry->row[side][0] == record->row[0] && entry->row[side][1] == record->row[1]) {
        findings->repeated[side]++;
    } else if ((entry->flags & twice) == 0) {
        entry->flags |= twice;
        findings->duplicate[side]++;
    }
}

static void
judge(const struct entry *entry, struct parity_findings *findings)
{
    if ((entry->flags & (BAD | TWICE_LEFT | TWICE_RIGHT)) != 0) {
        findings->unclear++;
    } else if (entry->flags == IN_LEFT) {
        findings->missing++;
        pick(&findings->picks[PARITY_MISSING], 0, entry);
    } else if (entry->flags == IN_RIGHT) {
        findings->extra++;
        pick(&findings->picks[PARITY_EXTRA], 1, entry);
    } else if (memcmp(entry->row[0], entry->row[1], sizeof entry->row[0]) == 0) {
        findings->equal++;
    } else {
        findings->different++;
        for (int side = 0; side < 2; side++) {
            findings->differs[side][entry->ordinal[side] >> 3] |= (uint8_t)(1u << (entry->ordinal[side] & 7));
            if (findings->last[side] < entry->ordinal[side])
                findings->last[side] = entry->ordinal[side];
        }
        pick(&findings->picks[PARITY_CHANGED], 0, entry);
    }
}

/* Each share walks the whole partition again: where a budget is far too small for the data, time is bounded before memory. */
#define SHARES_MOST 64

static uint32_t
shares(int64_t bytes, int64_t memory_bytes)
{
    int64_t count = memory_bytes > 0 ? (bytes + memory_bytes - 1) / memory_bytes : 1;

    return count < 1 ? 1 : count > SHARES_MOST ? SHARES_MOST : (uint32_t)count;
}

/* Upper half of a product instead of a remainder: the slots use the hash's lower bits. */
static bool
in_share(uint32_t hash, uint32_t share, uint32_t of)
{
    return of == 1 || (uint32_t)(((uint64_t)hash * of) >> 32) == share;
}

int
parity_join_rows(struct parity_spool *const spools[2], uint32_t partition, int64_t memory_bytes,
                 struct parity_findings *findings, struct daybreak_fault *fault)
{
    int64_t left = parity_spool_records(spools[0], partition), right = parity_spool_records(spools[1], partition);
    int64_t bytes = parity_spool_bytes(spools[0], partition) + parity_spool_bytes(spools[1], partition);
    uint32_t of = shares((left + right) * ENTRY_BYTES + bytes, memory_bytes);
    struct table table;
    int result = 0;

    if (left + right == 0)
        return 0;
    table_init(&table, (left > right ? left : right) / of);
    for (uint32_t share = 0; share < of && result == 0; share++) {
        for (int side = 0; side < 2 && result == 0; side++) {
            struct parity_walk walk = {0};
            struct parity_record record;
            bool more;

            while ((result = parity_spool_next(spools[side], partition, &walk, &record, &more, fault)) == 0 && more)
                if (in_share(record.hash, share, of))
                    note(table_entry(&table, &record, true), &record, side, findings);
        }
        for (uint32_t i = 0; i < table.count && result == 0; i++)
            judge(&table.entry[i], findings);
        table_clear(&table);
    }
    table_fini(&table);
    return result;
}

/* ---- second pass -------------------------------------------------------------------------------------- */

bool
parity_cell_next(const char **at, const char *end, struct parity_cell *cell)
{
    if (*at == end)
        return false;
    memcpy(&cell->column, *at, 4);
    memcpy(&cell->size, *at + 4, 4);
    cell->at = *at + 8;
    *at += 8 + (size_t)cell->size;
    return true;
}

void
parity_cells_differ(const char *left, uint32_t left_size, const char *right, uint32_t right_size, parity_cell_fn each,
                    void *context)
{
    const char *left_end = left + left_size, *right_end = right + right_size;
    struct parity_cell a, b;
    bool in_a = parity_cell_next(&left, left_end, &a), in_b = parity_cell_next(&right, right_end, &b);

    while (in_a || in_b) {
        if (in_a && (!in_b || a.column < b.column)) {
            each(context, a.column, &a, NULL);
            in_a = parity_cell_next(&left, left_end, &a);
        } else if (!in_a || b.column < a.column) {
            each(context, b.column, NULL, &b);
            in_b = parity_cell_next(&right, right_end, &b);
        } else {
            if (a.size != b.size || memcmp(a.at, b.at, a.size) != 0)
                each(context, a.column, &a, &b);
            in_a = parity_cell_next(&left, left_end, &a);
            in_b = parity_cell_next(&right, right_end, &b);
        }
    }
}

static void
count_column(void *context, uint32_t column, const struct parity_cell *left, const struct parity_cell *right)
{
    struct parity_findings *findings = context;

    (void)left;
    (void)right;
    findings->column[column]++;
}

static char *
copy(const char *bytes, uint32_t size)
{
    char *to = memory_need((size_t)size + 1);

    memcpy(to, bytes, size);
    return to;
}

static void
show(struct parity_picks *picks, const struct entry *entry, const struct parity_record *record)
{
    for (uint32_t i = 0; i < picks->count; i++) {
        struct parity_pick *sample = &picks->pick[i];

        if (sample->ordinal[0] != entry->ordinal[0] || sample->cells[0] != NULL)
            continue;
        sample->cells[0] = copy(entry->cells, entry->cells_size);
        sample->cells_size[0] = entry->cells_size;
        sample->cells[1] = copy(record->cells, record->cells_size);
        sample->cells_size[1] = record->cells_size;
        return;
    }
}

static void
pair(struct parity_findings *findings, const struct entry *entry, const struct parity_record *record)
{
    struct parity_picks *picks = &findings->picks[PARITY_CHANGED];

    findings->compared++;
    parity_cells_differ(entry->cells, entry->cells_size, record->cells, record->cells_size, count_column, findings);
    if (picks->count > 0 && entry->ordinal[0] <= picks->pick[picks->count - 1].ordinal[0])
        show(picks, entry, record);
}

int
parity_join_cells(struct parity_spool *const spools[2], uint32_t partition, int64_t memory_bytes,
                  struct parity_findings *findings, struct daybreak_fault *fault)
{
    int64_t left = parity_spool_records(spools[0], partition);
    uint32_t of = shares(left * ENTRY_BYTES + parity_spool_bytes(spools[0], partition), memory_bytes);
    struct table table;
    int result = 0;

    if (left == 0)
        return 0;
    table_init(&table, left / of);
    for (uint32_t share = 0; share < of && result == 0; share++) {
        struct parity_walk a = {0}, b = {0};
        struct parity_record record;
        struct entry *entry;
        bool more;

        while ((result = parity_spool_next(spools[0], partition, &a, &record, &more, fault)) == 0 && more) {
            if (!in_share(record.hash, share, of))
                continue;
            entry = table_entry(&table, &record, true);
            entry->ordinal[0] = record.ordinal;
            entry->cells = arena_bytes(table.arena, record.cells, record.cells_size);
            entry->cells_size = record.cells_size;
        }
        while (result == 0 && (result = parity_spool_next(spools[1], partition, &b, &record, &more, fault)) == 0 && more)
            if (in_share(record.hash, share, of) && (entry = table_entry(&table, &record, false)) != NULL)
                pair(findings, entry, &record);
        table_clear(&table);
    }
    table_fini(&table);
    return result;
}
