/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and row hashes: computed on the reading thread, so that the comparing one only looks them up. */
#include "change/key.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/json.h"
#include "config/config.h"
#include "record/batch.h"

void
key_maker_init(struct key_maker *maker, const struct config_table *table, const uint8_t secret[16])
{
    memset(maker, 0, sizeof *maker);
    maker->table = table;
    memcpy(maker->secret, secret, sizeof maker->secret);
    memcpy(&maker->seed, secret, sizeof maker->seed);
    maker->arena = arena_new();
}

void
key_maker_fini(struct key_maker *maker)
{
    arena_free(maker->arena);
}

static bool
in_list(const struct daybreak_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], name) == 0)
            return true;
    return false;
}

/* Raw bytes mean the same cells only under the same names, types and format options. */
static uint64_t
raw_seed(const struct key_maker *maker, const struct batch_layout *layout)
{
    XXH3_state_t *state = XXH3_createState();
    uint64_t seed;

    XXH3_64bits_reset_withSeed(state, maker->seed);
    for (uint32_t i = 0; i < layout->columns; i++) {
        const struct value_type *type = &layout->type[i];
        uint8_t kind[3] = {(uint8_t)type->type, type->precision, type->scale};

        XXH3_64bits_update(state, layout->name[i], strlen(layout->name[i]) + 1);
        XXH3_64bits_update(state, kind, sizeof kind);
        if (type->pattern != NULL)
            XXH3_64bits_update(state, type->pattern, strlen(type->pattern) + 1);
        if (type->zone != NULL)
            XXH3_64bits_update(state, type->zone, strlen(type->zone) + 1);
    }
    for (uint32_t i = 0; i < maker->table->format_count; i++) {
        const struct config_node *node = maker->table->formats[i].node;

        for (node = node == NULL ? NULL : node->child; node != NULL; node = node->next) {
            XXH3_64bits_update(state, node->key, node->key == NULL ? 0 : strlen(node->key) + 1);
            if (node->text != NULL)
                XXH3_64bits_update(state, node->text, strlen(node->text) + 1);
        }
    }
    seed = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return seed == 0 ? 1 : seed;
}

static void
layout_bind(struct key_maker *maker, const struct batch_layout *layout)
{
    const struct config_capture *capture = &maker->table->capture;
    bool any_ignored = false;

    if (maker->layout == layout)
        return;
    maker->layout = layout;
    maker->column = arena_alloc(maker->arena, (capture->key.count + 1) * sizeof *maker->column);
    maker->ignored = arena_zero(maker->arena, layout->columns + 1);
    maker->name_seed = arena_alloc(maker->arena, (layout->columns + 1) * sizeof *maker->name_seed);
    for (uint32_t i = 0; i < layout->columns; i++) {
        maker->name_seed[i] =
            XXH3_64bits_withSeed(layout->name[i], strlen(layout->name[i]), maker->seed ^ UINT64_C(0x9e3779b97f4a7c15));
        maker->ignored[i] = in_list(&capture->ignore, layout->name[i]);
        any_ignored |= maker->ignored[i];
        for (size_t k = 0; k < capture->key.count; k++)
            if (strcmp(capture->key.item[k], layout->name[i]) == 0) {
                maker->column[k] = i;
                maker->ignored[i] = true;
            }
    }
    maker->raw_seed = any_ignored ? 0 : raw_seed(maker, layout);
}

uint64_t
key_hash(const struct key_maker *maker, const char *key, uint32_t size)
{
    return XXH3_64bits_withSeed(key, size, maker->seed);
}

static size_t
put_varint(char *to, uint32_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        to[size++] = (char)(value | 0x80);
        value >>= 7;
    }
    to[size++] = (char)value;
    return size;
}

void
key_join(const struct daybreak_text *cells, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        char *to = text_room(out, cells[i].size + 8);
        size_t size = count == 1 ? 0 : put_varint(to, cells[i].size);

        memcpy(to + size, cells[i].at, cells[i].size);
        out->size += size + cells[i].size;
    }
}

bool
key_split(const char *key, uint32_t size, size_t count, struct daybreak_text *cells)
{
    uint32_t at = 0;

    if (count == 1) {
        cells[0] = (struct daybreak_text){key, size};
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t length = 0, shift = 0;

        do {
            if (at >= size || shift > 28)
                return false;
            length |= (uint32_t)(key[at] & 0x7f) << shift;
            shift += 7;
        } while (key[at++] & 0x80);
        if (length > size - at)
            return false;
        cells[i] = (struct daybreak_text){key + at, length};
        at += length;
    }
    return at == size;
}

void
key_show(const char *key, uint32_t size, size_t count, struct text *out)
{
    struct daybreak_text cells[64];

    if (count == 1 || count > 64 || !key_split(key, size, count, cells)) {
        text_add(out, key, size);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        text_char(out, i == 0 ? '[' : ',');
        json_quote(out, cells[i].at, cells[i].size);
    }
    text_char(out, ']');
}

/* One key column's canonical text; false when it is null, empty, or does not parse. */
static bool
key_cell(struct batch *batch, uint32_t row, uint32_t column, char *room, struct daybreak_text *cell)
{
    *cell = batch_canonical(batch, row, column, room);
    return cell->size != DAYBREAK_NULL && cell->size > 0;
}

static struct daybreak_text
key_of(struct key_maker *maker, struct batch *batch, uint32_t row)
{
    size_t count = maker->table->capture.key.count;
    const enum daybreak_type first = batch->layout->type[maker->column[0]].type;
    struct daybreak_text cell[64], none = {"", DAYBREAK_NULL};
    char room[64][VALUE_ROOM];
    struct text joined = {0};
    char *copy;

    if (count == 1 && (first == DAYBREAK_TYPE_TEXT || first == DAYBREAK_TYPE_BYTES)) {
        cell[0] = batch_cell(batch, row, maker->column[0]);
        return cell[0].size == DAYBREAK_NULL || cell[0].size == 0 ? none : cell[0];
    }
    for (size_t k = 0; k < count && k < 64; k++)
        if (!key_cell(batch, row, maker->column[k], room[k], &cell[k]))
            return none;
    key_join(cell, count < 64 ? count : 64, &joined);
    copy = arena_bytes(batch->arena, joined.at, joined.size);
    none = (struct daybreak_text){copy, (uint32_t)joined.size};
    text_fini(&joined);
    return none;
}

void
key_make(struct key_maker *maker, struct batch *batch)
{
    const struct daybreak_rows *rows = &batch->rows;
    size_t count = rows->rows + 1;

    if (batch->layout == NULL || rows->rows == 0)
        return;
    layout_bind(maker, batch->layout);
    batch->raw_hash = arena_alloc(batch->arena, count * sizeof *batch->raw_hash);
    if (maker->raw_seed == 0) {
        memset(batch->raw_hash, 0, count * sizeof *batch->raw_hash);
    } else {
        for (uint32_t r = 0; r < rows->rows; r++)
            batch->raw_hash[r] = XXH3_64bits_withSeed(rows->block + rows->start[r], rows->end[r] - rows->start[r],
                                                      maker->raw_seed);
    }
    if (maker->table->capture.key.count == 0)
        return;
    batch->key_hash = arena_alloc(batch->arena, count * sizeof *batch->key_hash);
    batch->key = arena_alloc(batch->arena, count * sizeof *batch->key);
    for (uint32_t r = 0; r < rows->rows; r++) {
        batch->key[r] = key_of(maker, batch, r);
        if (batch->key[r].size == DAYBREAK_NULL || batch->key[r].size > UINT16_MAX) {
            bool bad = batch_is_bad(batch, r), wide = batch->key[r].size != DAYBREAK_NULL;

            batch->key[r].size = DAYBREAK_NULL;
            batch->key_hash[r] = 0;
            if (!bad)
                batch_bad_row(&batch->rows, r, maker->column[0], wide ? "key_too_long" : "missing_key",
                              wide ? "the key has more than 65535 bytes" : "the key is null, empty or no value of its type");
            continue;
        }
        batch->key_hash[r] = key_hash(maker, batch->key[r].at, batch->key[r].size);
    }
}

uint64_t
key_canon_cell(const struct key_maker *maker, const char *name, struct daybreak_text text)
{
    uint64_t seed = XXH3_64bits_withSeed(name, strlen(name), maker->seed ^ UINT64_C(0x9e3779b97f4a7c15));

    return text.size == DAYBREAK_NULL ? 0 : XXH3_64bits_withSeed(text.at, text.size, seed);
}

uint64_t
key_canon(const struct key_maker *maker, struct batch *batch, uint32_t row)
{
    const struct batch_layout *layout = batch->layout;
    uint64_t sum = 0;

    for (uint32_t column = 0; column < layout->columns; column++) {
        char room[VALUE_ROOM];
        struct daybreak_text cell;

        if (maker->ignored[column])
            continue;
        cell = batch_canonical(batch, row, column, room);
        if (cell.size != DAYBREAK_NULL)
            sum += XXH3_64bits_withSeed(cell.at, cell.size, maker->name_seed[column]);
    }
    return sum;
}
