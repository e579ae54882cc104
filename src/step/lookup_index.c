/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a lookup's table by key: open addressing over 32-bit numbers of entries, each with the answer ready. Keys are compared as
 * values of the type they are looked for with, so 007 is found by an integer 7 and not by a text 7. Rows are lent from the table.
 */
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/fault.h"
#include "lookup_parts.h"

#define GROUP 32

struct entry {
    uint64_t hash;
    const char *key;
    uint32_t size;
    struct lookup_answer answer;
};

struct lookup_index {
    const struct lookup *lookup;
    struct value_type *type;    /* [keys] */
    uint32_t *slot;             /* number of an entry + 1 */
    uint32_t mask, entries;
    struct entry *entry;
    union lookup_cell *cell;    /* [entries * columns], of folded rows */
    uint8_t *null;
    struct arena *arena;        /* keys that are no text of the table */
    struct text key;            /* one while it is made */
    size_t bytes;
};

/* The types alone: how a column was written does not matter once it is a value. */
static bool
same_value_type(const struct value_type *a, const struct value_type *b)
{
    return a->type == b->type && (a->type != DAYBREAK_TYPE_DECIMAL || a->scale == b->scale);
}

bool
lookup_index_fits(const struct lookup_index *index, const struct vector *key)
{
    for (uint32_t k = 0; k < index->lookup->keys; k++)
        if (!same_value_type(&index->type[k], &key[k].type))
            return false;
    return true;
}

size_t
lookup_index_bytes(const struct lookup_index *index)
{
    return index->bytes;
}

/* A text of the table as a value of the type it is looked for with; false: it is none, and nothing can be equal to it. */
static bool
part_add(struct text *out, const struct value_type *type, struct daybreak_text text, bool alone)
{
    struct value_type plain = {.type = type->type, .zone = type->zone};
    value_int128 decimal;
    int64_t number;
    int32_t days;
    double real;

    if (text.size == DAYBREAK_NULL)
        return false;
    switch (type->type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        lookup_cell_part(out, text.at, text.size, alone);
        return true;
    case DAYBREAK_TYPE_DECIMAL:
        if (!value_decimal(text.at, text.size, 38, type->scale, &decimal))
            return false;
        lookup_cell_part(out, &decimal, sizeof decimal, alone);
        return true;
    case DAYBREAK_TYPE_REAL:
        if (!value_real(text.at, text.size, &real))
            return false;
        real = real == 0 ? 0 : real;
        lookup_cell_part(out, &real, sizeof real, alone);
        return true;
    case DAYBREAK_TYPE_INTEGER: /* 7.00 is 7 */
        if (!value_decimal(text.at, text.size, 19, 0, &decimal) || decimal > INT64_MAX || decimal < INT64_MIN)
            return false;
        number = (int64_t)decimal;
        break;
    case DAYBREAK_TYPE_BOOLEAN:
        if (!value_boolean(text.at, text.size, &number))
            return false;
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        if (!value_timestamp(text.at, text.size, &plain, &number))
            return false;
        break;
    case DAYBREAK_TYPE_DATE:
        if (!value_date(text.at, text.size, &plain, &days))
            return false;
        number = days;
        break;
    default:
        return false;
    }
    lookup_cell_part(out, &number, sizeof number, alone);
    return true;
}

/* The slot of a key: its entry's, or the empty one where it would go. */
static uint32_t
slot_of(const struct lookup_index *index, const char *key, uint32_t size, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & index->mask;

    while (index->slot[at] != 0) {
        const struct entry *entry = &index->entry[index->slot[at] - 1];

        if (entry->hash == hash && entry->size == size && memcmp(entry->key, key, size) == 0)
            break;
        at = (at + 1) & index->mask;
    }
    return at;
}

static void
fold(struct lookup_index *index, const struct lookup_rows *rows, struct entry *entry, uint32_t row)
{
    static const struct lookup_bad overflow = {"lookup_value", "the sum is too large for its type"};
    uint32_t columns = index->lookup->columns;
    size_t to = (size_t)(entry - index->entry) * columns, from = (size_t)row * columns;

    for (uint32_t c = 0; c < columns; c++)
        if (!lookup_cell_fold(index->lookup, c, &index->cell[to + c], &index->null[to + c], entry->answer.count, &rows->cell[from + c],
                              rows->null[from + c]))
            entry->answer.bad = &overflow;
}

/* One row more for its entry. */
static void
row_take(struct lookup_index *index, const struct lookup_rows *rows, struct entry *entry, uint32_t row)
{
    const struct lookup_bad *bad = rows->bad == NULL ? NULL : rows->bad[row];
    uint32_t columns = index->lookup->columns;
    bool first = entry->answer.count == 0;

    if (bad != NULL && (first || index->lookup->from->many != CONFIG_MANY_FIRST))
        entry->answer.bad = bad;
    if (index->cell != NULL) {
        if (bad == NULL)
            fold(index, rows, entry, row);
        entry->answer.cell = &index->cell[(size_t)(entry - index->entry) * columns];
        entry->answer.null = &index->null[(size_t)(entry - index->entry) * columns];
    } else if (first) {
        entry->answer.cell = &rows->cell[(size_t)row * columns];
        entry->answer.null = &rows->null[(size_t)row * columns];
    }
    entry->answer.count++;
}

int
lookup_index_make(const struct lookup_rows *rows, const struct value_type *type, size_t room, struct lookup_index **out,
                  struct daybreak_fault *fault)
{
    const struct lookup *lookup = rows->lookup;
    struct lookup_index *index;
    uint32_t slots = 16, keys = lookup->keys, columns = lookup->columns;
    bool folds = lookup->fold != NULL, plain = keys == 1 && (type[0].type == DAYBREAK_TYPE_TEXT || type[0].type == DAYBREAK_TYPE_BYTES);
    size_t bytes;

    while (slots / 4 * 3 < rows->rows)
        slots *= 2;
    bytes = slots * sizeof(uint32_t) + (size_t)rows->rows * (sizeof(struct entry) + (plain ? 0 : 32 * keys) +
                                                             (folds ? columns * (sizeof(union lookup_cell) + 1) : 0));
    if (bytes > room) {
        fault_set(fault, DAYBREAK_HALT, "an index of %u rows needs %zu bytes", rows->rows, bytes);
        return fault_exit(fault, 78, "lookup-memory");
    }
    index = memory_zero(sizeof *index);
    index->lookup = lookup;
    index->bytes = bytes;
    index->mask = slots - 1;
    index->slot = memory_zero(slots * sizeof *index->slot);
    index->entry = memory_need(((size_t)rows->rows + 1) * sizeof *index->entry);
    index->type = memory_need((keys + 1) * sizeof *index->type);
    memcpy(index->type, type, keys * sizeof *type);
    index->arena = arena_new();
    if (folds) {
        index->cell = memory_zero(((size_t)rows->rows * columns + 1) * sizeof *index->cell);
        index->null = memory_zero((size_t)rows->rows * columns + 1);
    }
    for (uint32_t row = 0; row < rows->rows; row++) {
        const struct daybreak_text *part = &rows->key[(size_t)row * keys];
        struct daybreak_text key = part[0];
        struct entry *entry;
        uint64_t hash;
        uint32_t at, k = 0;

        text_clear(&index->key);
        while (!plain && k < keys && part_add(&index->key, &type[k], part[k], keys == 1))
            k++;
        if (plain ? key.size == DAYBREAK_NULL : k < keys)
            continue;
        if (!plain)
            key = (struct daybreak_text){index->key.at, (uint32_t)index->key.size};
        hash = XXH3_64bits(key.at, key.size);
        at = slot_of(index, key.at, key.size, hash);
        if (index->slot[at] == 0) {
            entry = &index->entry[index->entries];
            *entry = (struct entry){.hash = hash, .size = key.size,
                                    .key = plain ? key.at : arena_bytes(index->arena, key.at, key.size)};
            index->slot[at] = ++index->entries;
        }
        entry = &index->entry[index->slot[at] - 1];
        row_take(index, rows, entry, row);
    }
    *out = index;
    return 0;
}

void
lookup_index_free(struct lookup_index *index)
{
    if (index == NULL)
        return;
    free(index->slot);
    free(index->entry);
    free(index->type);
    free(index->cell);
    free(index->null);
    text_fini(&index->key);
    arena_free(index->arena);
    free(index);
}

/* Some rows at a time, each step for all of them: what one needs next is fetched from memory while the others are looked at. */
void
lookup_index_find(struct lookup_index *index, const struct vector *key, const uint32_t *row, uint32_t count,
                  struct lookup_answer *answer)
{
    const struct lookup *lookup = index->lookup;
    bool plain = lookup->keys == 1 && (key->type.type == DAYBREAK_TYPE_TEXT || key->type.type == DAYBREAK_TYPE_BYTES);

    for (uint32_t from = 0; from < count; from += GROUP) {
        uint32_t group = count - from < GROUP ? count - from : GROUP;
        size_t at[GROUP + 1];
        const struct entry *likely[GROUP];
        bool some[GROUP];
        uint64_t hash[GROUP];

        text_clear(&index->key);
        for (uint32_t i = 0; i < group; i++) {
            uint32_t r = row[from + i];

            at[i] = index->key.size;
            some[i] = true;
            if (plain) {
                some[i] = (key->nulls == NULL || !key->nulls[r]) && key->text[r].size != DAYBREAK_NULL;
                hash[i] = some[i] ? XXH3_64bits(key->text[r].at, key->text[r].size) : 0;
            } else {
                for (uint32_t k = 0; k < lookup->keys && some[i]; k++)
                    some[i] = lookup_cell_key(&index->key, &key[k], r, lookup->keys == 1);
                hash[i] = some[i] ? XXH3_64bits(index->key.at + at[i], index->key.size - at[i]) : 0;
            }
            __builtin_prefetch(&index->slot[(uint32_t)hash[i] & index->mask]);
        }
        at[group] = index->key.size;
        for (uint32_t i = 0; i < group; i++) {
            uint32_t number = index->slot[(uint32_t)hash[i] & index->mask];

            likely[i] = number == 0 ? NULL : &index->entry[number - 1];
            __builtin_prefetch(likely[i]);
        }
        for (uint32_t i = 0; i < group; i++) {
            if (likely[i] == NULL || likely[i]->hash != hash[i])
                continue;
            __builtin_prefetch(likely[i]->key);
            __builtin_prefetch(likely[i]->answer.cell);
        }
        for (uint32_t i = 0; i < group; i++) {
            struct daybreak_text own = plain ? key->text[row[from + i]]
                                             : (struct daybreak_text){index->key.at + at[i], (uint32_t)(at[i + 1] - at[i])};
            uint32_t found = some[i] ? index->slot[slot_of(index, own.at, own.size, hash[i])] : 0;

            answer[from + i] = found == 0 ? (struct lookup_answer){0} : index->entry[found - 1].answer;
        }
    }
}
