/* SPDX-License-Identifier: Apache-2.0 */
/* One remembered version as bytes: the same in base, overlay and journal. */
#include <string.h>

#include "change/memory_parts.h"

size_t
memory_varint_write(uint8_t *to, uint64_t value)
{
    size_t size = 0;

    while (value >= 0x80) {
        to[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    to[size++] = (uint8_t)value;
    return size;
}

static size_t
varint_read(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < 5 && at + i < end; i++) {
        *value |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80)
            return i + 1;
    }
    return 0;
}

size_t
memory_varint_read(const uint8_t *at, const uint8_t *end, uint32_t *value)
{
    uint64_t wide;
    size_t size = varint_read(at, end, &wide);

    if (size == 0 || wide > UINT32_MAX)
        return 0;
    *value = (uint32_t)wide;
    return size;
}

bool
memory_entry_long(const uint8_t *at, size_t room, struct memory_entry *entry)
{
    const uint8_t *start = at, *end = at + room;
    uint64_t tag;
    size_t size = varint_read(at, end, &tag);

    if (size == 0 || tag >> 2 == 0)
        return false;
    at += size;
    entry->key_size = (uint32_t)(tag >> 2);
    entry->route = MEMORY_HOME;
    entry->row_size = 0;
    if (tag & 2) {
        if (at == end)
            return false;
        entry->route = *at++;
    }
    if (tag & 1) {
        size = memory_varint_read(at, end, &entry->row_size);
        if (size == 0)
            return false;
        at += size;
    }
    if ((uint64_t)(end - at) < UINT64_C(16) + entry->key_size + entry->row_size)
        return false;
    memcpy(&entry->raw, at, 8);
    memcpy(&entry->canon, at + 8, 8);
    entry->key = (const char *)at + 16;
    entry->row = tag & 1 ? entry->key + entry->key_size : NULL;
    entry->size = (size_t)(at - start) + 16 + entry->key_size + entry->row_size;
    return true;
}

static bool
routed(const struct memory_item *item)
{
    return item->open || item->route != MEMORY_HOME;
}

static uint64_t
tag_of(const struct memory_item *item)
{
    return (uint64_t)item->key_size << 2 | (routed(item) ? 2u : 0) | (item->row_size > 0 ? 1u : 0);
}

size_t
memory_entry_size(const struct memory_item *item)
{
    uint8_t scratch[10];
    size_t size = memory_varint_write(scratch, tag_of(item)) + 16 + item->key_size + routed(item);

    if (item->row_size > 0)
        size += memory_varint_write(scratch, item->row_size) + item->row_size;
    return size;
}

uint8_t *
memory_entry_write(uint8_t *to, const struct memory_item *item)
{
    to += memory_varint_write(to, tag_of(item));
    if (routed(item))
        *to++ = item->route;
    if (item->row_size > 0)
        to += memory_varint_write(to, item->row_size);
    memcpy(to, &item->raw, 8);
    memcpy(to + 8, &item->canon, 8);
    to += 16;
    memcpy(to, item->key, item->key_size);
    to += item->key_size;
    if (item->row_size > 0)
        memcpy(to, item->row, item->row_size);
    return to + item->row_size;
}

bool
memory_entry_route(uint8_t *at, uint8_t route)
{
    if ((at[0] & 2) == 0)
        return false;
    while (*at >= 0x80)
        at++;
    at[1] = route;
    return true;
}
