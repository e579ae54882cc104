/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: which columns tell one row from another. Sets of 64-bit hashes, one a candidate, each key with the hash of its whole
 * row, so that a row that comes again exactly alike is no second one. A candidate that comes to nothing is given up early; when
 * memory is at its end, all sets keep half of the keys (by their highest bits) and further passes look at the other halves.
 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "guess_parts.h"

#define MEMORY_BYTES (INT64_C(256) << 20)
#define SAMPLE_ROWS 20000
#define SAMPLE_BYTES (64u << 20)
#define EARLY_ROWS 1000 /* before that nothing is given up */

struct entry {
    uint64_t key, row;
};

struct try {
    const uint32_t *column; /* NULL: the column that its number is */
    uint32_t columns;
    struct entry *slot;     /* key 0: empty */
    size_t slots, used;
    int64_t twice, keyless;
    bool given_up;
};

struct guess_keys {
    uint32_t columns;
    int64_t memory, used_bytes;
    struct try *try;
    uint32_t tries;
    uint32_t share, part;
    int64_t rows;
    uint64_t *hash;         /* of the row's cells; 0: nothing there */
    uint64_t *sample;       /* [sample_rows][columns] */
    uint64_t *sample_row;
    uint32_t sample_rows, sample_room;
};

/* ---- sets --------------------------------------------------------------------------------- */

static bool
in_part(const struct guess_keys *keys, uint64_t key)
{
    return keys->share == 1 || (key >> 32) % keys->share == keys->part;
}

static void
try_give_up(struct guess_keys *keys, struct try *try)
{
    keys->used_bytes -= (int64_t)(try->slots * sizeof *try->slot);
    free(try->slot);
    try->slot = NULL;
    try->slots = try->used = 0;
    try->given_up = true;
}

static void
put(struct try *try, struct entry entry)
{
    size_t at = (size_t)entry.key & (try->slots - 1);

    while (try->slot[at].key != 0)
        at = (at + 1) & (try->slots - 1);
    try->slot[at] = entry;
    try->used++;
}

/* The same entries, as far as they are in the part looked at, in ${slots} places. */
static void
try_rebuild(struct guess_keys *keys, struct try *try, size_t slots)
{
    struct entry *old = try->slot;
    size_t count = try->slots;

    keys->used_bytes += ((int64_t)slots - (int64_t)count) * (int64_t)sizeof *old;
    try->slot = memory_zero(slots * sizeof *try->slot);
    try->slots = slots;
    try->used = 0;
    for (size_t i = 0; i < count; i++)
        if (old[i].key != 0 && in_part(keys, old[i].key))
            put(try, old[i]);
    free(old);
}

static void
try_grow(struct guess_keys *keys, struct try *try)
{
    size_t slots = try->slots == 0 ? 1024 : try->slots * 2;

    if (keys->used_bytes + (int64_t)(slots * sizeof *try->slot) > keys->memory && try->slots > 1024) {
        keys->share *= 2; /* what is kept is exact for its share of the keys */
        for (uint32_t i = 0; i < keys->tries; i++)
            if (keys->try[i].slot != NULL)
                try_rebuild(keys, &keys->try[i], keys->try[i].slots);
        if (try->used * 10 < try->slots * 6)
            return;
    }
    try_rebuild(keys, try, slots);
}

static void
try_add(struct guess_keys *keys, struct try *try, uint64_t key, uint64_t row)
{
    size_t at;

    key += key == 0;
    if (!in_part(keys, key))
        return;
    if (try->used * 10 >= try->slots * 6) {
        try_grow(keys, try);
        if (!in_part(keys, key))
            return;
    }
    for (at = (size_t)key & (try->slots - 1); try->slot[at].key != 0; at = (at + 1) & (try->slots - 1))
        if (try->slot[at].key == key) {
            try->twice += try->slot[at].row != row;
            return;
        }
    try->slot[at] = (struct entry){key, row};
    try->used++;
}

/* ---- life --------------------------------------------------------------------------------- */

static void
tries_free(struct guess_keys *keys)
{
    for (uint32_t i = 0; i < keys->tries; i++)
        free(keys->try[i].slot);
    free(keys->try);
    keys->try = NULL;
    keys->tries = 0;
    keys->used_bytes = 0;
}

struct guess_keys *
guess_keys_new(uint32_t columns, int64_t memory_bytes)
{
    struct guess_keys *keys = memory_zero(sizeof *keys);
    size_t room = SAMPLE_BYTES / ((columns + 1) * sizeof *keys->sample);

    keys->columns = columns;
    keys->memory = memory_bytes > 0 ? memory_bytes : MEMORY_BYTES;
    keys->share = 1;
    keys->hash = memory_need((columns + 1) * sizeof *keys->hash);
    keys->sample_room = (uint32_t)(room < SAMPLE_ROWS ? room : SAMPLE_ROWS);
    return keys;
}

void
guess_keys_free(struct guess_keys *keys)
{
    if (keys == NULL)
        return;
    tries_free(keys);
    free(keys->hash);
    free(keys->sample);
    free(keys->sample_row);
    free(keys);
}

void
guess_keys_try(struct guess_keys *keys, const uint32_t *const *column, const uint32_t *count, uint32_t tries)
{
    tries_free(keys);
    keys->try = memory_zero((tries + 1) * sizeof *keys->try);
    keys->tries = tries;
    keys->rows = 0;
    keys->share = 1;
    keys->part = 0;
    for (uint32_t i = 0; i < tries; i++) {
        keys->try[i].column = column == NULL ? NULL : column[i];
        keys->try[i].columns = column == NULL ? 1 : count[i];
    }
}

void
guess_keys_columns(struct guess_keys *keys)
{
    guess_keys_try(keys, NULL, NULL, keys->columns);
}

void
guess_keys_part(struct guess_keys *keys, uint32_t part)
{
    keys->part = part;
    keys->rows = 0;
    for (uint32_t i = 0; i < keys->tries; i++) {
        struct try *try = &keys->try[i];

        try->keyless = 0;
        try->used = 0;
        if (try->slots > 0)
            memset(try->slot, 0, try->slots * sizeof *try->slot);
    }
}

/* ---- rows --------------------------------------------------------------------------------- */

static void
sample_keep(struct guess_keys *keys, uint64_t row)
{
    if (keys->sample == NULL) {
        keys->sample = memory_need(((size_t)keys->sample_room * keys->columns + 1) * sizeof *keys->sample);
        keys->sample_row = memory_need(((size_t)keys->sample_room + 1) * sizeof *keys->sample_row);
    }
    memcpy(keys->sample + (size_t)keys->sample_rows * keys->columns, keys->hash, keys->columns * sizeof *keys->hash);
    keys->sample_row[keys->sample_rows++] = row;
}

/* The hash of some cells of a row; 0: one of them is not there. */
static uint64_t
key_of(const uint64_t *hash, const uint32_t *column, uint32_t columns)
{
    uint64_t key = 0;

    for (uint32_t i = 0; i < columns; i++) {
        if (hash[column[i]] == 0)
            return 0;
        key = key * UINT64_C(0x9e3779b97f4a7c15) + hash[column[i]];
        key ^= key >> 29;
    }
    return key + (key == 0);
}

void
guess_keys_row(struct guess_keys *keys, const struct daybreak_text *cell)
{
    uint64_t row = 0;
    bool any = false;

    for (uint32_t i = 0; i < keys->tries && !any; i++)
        any = !keys->try[i].given_up;
    if (!any && (keys->sample_rows == keys->sample_room || keys->sample_rows < keys->rows))
        return;
    for (uint32_t c = 0; c < keys->columns; c++) {
        bool there = cell[c].size != DAYBREAK_NULL && cell[c].size > 0;

        keys->hash[c] = there ? XXH3_64bits(cell[c].at, cell[c].size) : 0;
        keys->hash[c] += there && keys->hash[c] == 0;
        row = (row ^ keys->hash[c]) * UINT64_C(0x9fb21c651e98df25);
        row ^= row >> 32;
    }
    if (keys->sample_rows == keys->rows && keys->sample_rows < keys->sample_room)
        sample_keep(keys, row);
    keys->rows++;
    for (uint32_t i = 0; i < keys->tries; i++) {
        struct try *try = &keys->try[i];
        uint64_t key;

        if (try->given_up)
            continue;
        key = try->column == NULL ? keys->hash[i] : key_of(keys->hash, try->column, try->columns);
        if (key == 0)
            try->keyless++;
        else
            try_add(keys, try, key, row);
        if (keys->rows >= EARLY_ROWS && (try->twice + try->keyless) * 50 > keys->rows)
            try_give_up(keys, try);
    }
}

void
guess_keys_ask(const struct guess_keys *keys, uint32_t which, struct guess_keys_answer *answer)
{
    const struct try *try = &keys->try[which];

    *answer = (struct guess_keys_answer){.counted = !try->given_up, .twice = try->twice, .keyless = try->keyless, .share = keys->share};
}

/* ---- several columns together --------------------------------------------------------------- */

int
guess_keys_score(const struct guess_table *table, const struct guess_tally *tally, uint32_t column)
{
    const struct guess_tally *t = &tally[column];
    const char *type = table->column[column].type;
    int score = guess_word_key(table->column[column].name, table->name) + (column == 0 ? 15 : column == 1 ? 5 : 0);
    uint64_t length = t->values > 0 ? t->bytes / (uint64_t)t->values : 0;

    if (strcmp(type, "date") == 0)
        score -= 30;
    else if (strcmp(type, "timestamp") == 0)
        score -= 50;
    else if (strcmp(type, "boolean") == 0)
        score -= 100;
    else if (strncmp(type, "decimal", 7) == 0 || strcmp(type, "real") == 0)
        score -= 80;
    if (guess_word_changed(table->column[column].name) > 0)
        score -= 100;
    if (t->nested > 0)
        score -= 100;
    return score - (length > 200 ? 80 : length > 64 ? 40 : 0);
}

static int
by_hash(const void *a, const void *b)
{
    const struct entry *one = a, *two = b;

    return one->key != two->key ? (one->key < two->key ? -1 : 1) : one->row < two->row ? -1 : one->row > two->row;
}

static bool
unique_in_sample(const struct guess_keys *keys, const struct guess_try *try, struct entry *room)
{
    for (uint32_t r = 0; r < keys->sample_rows; r++) {
        room[r].key = key_of(keys->sample + (size_t)r * keys->columns, try->column, try->columns);
        room[r].row = keys->sample_row[r];
        if (room[r].key == 0)
            return false;
    }
    qsort(room, keys->sample_rows, sizeof *room, by_hash);
    for (uint32_t r = 1; r < keys->sample_rows; r++)
        if (room[r].key == room[r - 1].key && room[r].row != room[r - 1].row)
            return false;
    return true;
}

static int
by_score(const void *a, const void *b)
{
    return ((const struct guess_try *)b)->score - ((const struct guess_try *)a)->score;
}

/* Columns that may be part of a key, the likeliest first; at most ${room}. */
static uint32_t
parts_find(const struct guess_table *table, const struct guess_tally *tally, struct guess_try *parts, uint32_t room)
{
    struct guess_try *all = memory_zero((table->columns + 1) * sizeof *all);
    uint32_t count = 0;

    for (uint32_t c = 0; c < table->columns; c++) {
        const struct guess_tally *t = &tally[c];
        int score = guess_keys_score(table, tally, c);

        if (t->values == 0 || t->empty > 0 || t->null > 0 || score < -60)
            continue;
        all[count].column[0] = c;
        all[count].columns = 1;
        all[count++].score = score - (int)(c < 40 ? c : 40); /* keys stand in front */
    }
    qsort(all, count, sizeof *all, by_score);
    count = count < room ? count : room;
    memcpy(parts, all, count * sizeof *parts);
    free(all);
    return count;
}

/* Does a smaller one that was found already do it? */
static bool
has_smaller(const struct guess_try *tries, uint32_t count, const struct guess_try *try)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t same = 0;

        for (uint32_t a = 0; a < tries[i].columns; a++)
            for (uint32_t b = 0; b < try->columns; b++)
                same += tries[i].column[a] == try->column[b];
        if (same == tries[i].columns)
            return true;
    }
    return false;
}

uint32_t
guess_keys_pick(const struct guess_keys *keys, const struct guess_table *table, const struct guess_tally *tally,
                struct guess_try *tries, uint32_t room)
{
    struct guess_try parts[12], *found = memory_zero(1024 * sizeof *found);
    uint32_t count = parts_find(table, tally, parts, 12), founds = 0;
    struct entry *sorted = memory_need((keys->sample_rows + 1) * sizeof *sorted);

    for (uint32_t size = 2; size <= 4; size++) { /* every way to take so many of them, as bits of a number */
        uint32_t before = founds, of = size == 2 ? count : size == 3 && count > 10 ? 10 : size == 4 && count > 8 ? 8 : count;

        for (uint32_t bits = 1; bits < 1u << of && founds < 1000; bits++) {
            struct guess_try try = {.columns = 0};

            if ((uint32_t)__builtin_popcount(bits) != size)
                continue;
            for (uint32_t i = 0; i < of; i++)
                if (bits & 1u << i) {
                    try.column[try.columns++] = parts[i].column[0];
                    try.score += parts[i].score;
                }
            try.score = try.score / (int)size - (int)size * 100;
            if (!has_smaller(found, before, &try) && unique_in_sample(keys, &try, sorted))
                found[founds++] = try;
        }
    }
    free(sorted);
    qsort(found, founds, sizeof *found, by_score);
    founds = founds < room ? founds : room;
    memcpy(tries, found, founds * sizeof *tries);
    free(found);
    for (uint32_t i = 0; i < founds; i++) /* as they stand in the file */
        for (uint32_t a = 1; a < tries[i].columns; a++)
            for (uint32_t b = a; b > 0 && tries[i].column[b - 1] > tries[i].column[b]; b--) {
                uint32_t other = tries[i].column[b];

                tries[i].column[b] = tries[i].column[b - 1];
                tries[i].column[b - 1] = other;
            }
    return founds;
}
