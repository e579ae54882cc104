/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and row hashes, by whichever thread has less to do. */
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
    memcpy(&maker->seed, secret, sizeof maker->seed);
    maker->arena = arena_new();
}

void
key_maker_fini(struct key_maker *maker)
{
    arena_free(maker->arena);
    text_fini(&maker->joined);
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
    struct key_binding *binding;
    bool any_ignored = false;

    if (maker->binding != NULL && maker->binding->layout == layout)
        return;
    binding = arena_alloc(maker->arena, sizeof *binding);
    binding->layout = layout;
    binding->column = arena_zero(maker->arena, (capture->key.count + 1) * sizeof *binding->column);
    binding->ignored = arena_zero(maker->arena, layout->columns + 1);
    binding->name_seed = arena_alloc(maker->arena, (layout->columns + 1) * sizeof *binding->name_seed);
    for (uint32_t i = 0; i < layout->columns; i++) {
        binding->name_seed[i] =
            XXH3_64bits_withSeed(layout->name[i], strlen(layout->name[i]), maker->seed ^ UINT64_C(0x9e3779b97f4a7c15));
        binding->ignored[i] = in_list(&capture->ignore, layout->name[i]);
        any_ignored |= binding->ignored[i];
        for (size_t k = 0; k < capture->key.count; k++)
            if (strcmp(capture->key.item[k], layout->name[i]) == 0) {
                binding->column[k] = i;
                binding->ignored[i] = true;
            }
    }
    binding->raw_seed = any_ignored ? 0 : raw_seed(maker, layout);
    maker->binding = binding;
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

static void
cell_join(struct daybreak_text cell, bool alone, struct text *out)
{
    char *to = text_room(out, cell.size + 8);
    size_t size = alone ? 0 : put_varint(to, cell.size);

    memcpy(to + size, cell.at, cell.size);
    out->size += size + cell.size;
}

void
key_join(const struct daybreak_text *cells, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++)
        cell_join(cells[i], count == 1, out);
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

/* Is the text of an integer the one that its canonical text would be? Nearly all are, and then the key is the cell itself. */
static bool
plain_integer(const char *at, uint32_t size)
{
    uint32_t minus = size > 0 && at[0] == '-', i = minus;
    uint64_t eight;

    if (size == minus || size - minus > 18 || at[minus] == '0')
        return size == 1 && at[0] == '0';
    for (; size - i >= sizeof eight; i += sizeof eight) { /* each byte's high half is 3, also with 6 added: 0 to 9 */
        memcpy(&eight, at + i, sizeof eight);
        if (((eight | (eight + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0)) != UINT64_C(0x3030303030303030))
            return false;
    }
    for (; i < size; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

/* The key of a row; size DAYBREAK_NULL when a part of it is null, empty, or does not parse. */
static struct daybreak_text
key_of(struct key_maker *maker, struct batch *batch, uint32_t row)
{
    static const struct daybreak_text none = {"", DAYBREAK_NULL};
    size_t count = maker->table->capture.key.count;
    const uint32_t *column = maker->binding->column;
    const enum daybreak_type first = batch->layout->type[column[0]].type;
    struct text *joined = &maker->joined;
    struct daybreak_text cell = batch_cell(batch, row, column[0]);

    if (count == 1 && (first == DAYBREAK_TYPE_TEXT || first == DAYBREAK_TYPE_BYTES))
        return cell.size == DAYBREAK_NULL || cell.size == 0 ? none : cell;
    if (count == 1 && first == DAYBREAK_TYPE_INTEGER && cell.size != DAYBREAK_NULL && plain_integer(cell.at, cell.size))
        return cell;
    text_clear(joined);
    for (size_t k = 0; k < count; k++) {
        char room[VALUE_ROOM];

        cell = batch_canonical(batch, row, column[k], room);
        if (cell.size == DAYBREAK_NULL || cell.size == 0)
            return none;
        cell_join(cell, count == 1, joined);
    }
    return (struct daybreak_text){arena_bytes(batch->arena, joined->at, joined->size), (uint32_t)joined->size};
}

void
key_make(struct key_maker *maker, struct batch *batch)
{
    const struct daybreak_rows *rows = &batch->rows;
    size_t count = rows->rows + 1;

    if (batch->layout == NULL || rows->rows == 0)
        return;
    layout_bind(maker, batch->layout);
    batch->binding = maker->binding;
    batch->raw_hash = arena_alloc(batch->arena, count * sizeof *batch->raw_hash);
    if (maker->binding->raw_seed == 0) {
        memset(batch->raw_hash, 0, count * sizeof *batch->raw_hash);
    } else {
        for (uint32_t r = 0; r < rows->rows; r++)
            batch->raw_hash[r] = XXH3_64bits_withSeed(rows->block + rows->start[r], rows->end[r] - rows->start[r],
                                                      maker->binding->raw_seed);
    }
    if (maker->table->capture.key.count == 0)
        return;
    batch->key = arena_alloc(batch->arena, count * sizeof *batch->key);
    for (uint32_t r = 0; r < rows->rows; r++) {
        batch->key[r] = key_of(maker, batch, r);
        if (batch->key[r].size == DAYBREAK_NULL || batch->key[r].size > UINT16_MAX) {
            bool bad = batch_is_bad(batch, r), wide = batch->key[r].size != DAYBREAK_NULL;

            batch->key[r].size = DAYBREAK_NULL;
            if (!bad)
                batch_bad_row(&batch->rows, r, maker->binding->column[0], wide ? "key_too_long" : "missing_key",
                              wide ? "the key has more than 65535 bytes" : "the key is null, empty or no value of its type");
        }
    }
}

uint64_t
key_canon_cell(const struct key_maker *maker, const char *name, struct daybreak_text text)
{
    uint64_t seed = XXH3_64bits_withSeed(name, strlen(name), maker->seed ^ UINT64_C(0x9e3779b97f4a7c15));

    return text.size == DAYBREAK_NULL ? 0 : XXH3_64bits_withSeed(text.at, text.size, seed);
}

uint64_t
key_canon(struct batch *batch, uint32_t row, const bool *only)
{
    const struct batch_layout *layout = batch->layout;
    const struct key_binding *binding = batch->binding;
    uint64_t sum = 0;

    for (uint32_t column = 0; column < layout->columns; column++) {
        char room[VALUE_ROOM];
        struct daybreak_text cell;

        if (binding->ignored[column] || (only != NULL && !only[column]))
            continue;
        cell = batch_canonical(batch, row, column, room);
        if (cell.size != DAYBREAK_NULL)
            sum += XXH3_64bits_withSeed(cell.at, cell.size, binding->name_seed[column]);
    }
    return sum;
}
