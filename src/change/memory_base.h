/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_MEMORY_BASE_H
#define CHANGE_MEMORY_BASE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "change/memory_parts.h"

/* What reader and writer of a base agree on. */

#define MEMORY_BASE_MAGIC UINT64_C(0x3153414259414244)
#define MEMORY_LINE 64u
#define MEMORY_LINES (MEMORY_BLOCK / MEMORY_LINE)
#define MEMORY_PLACES 12u
#define MEMORY_PLACES_WIDE 10u
#define MEMORY_LINE_USED 60u
#define MEMORY_LINE_OVER 61u /* a key of this line stands in the next */

static inline uint64_t
memory_base_table_bytes(uint64_t entry_blocks, uint64_t line_blocks)
{
    return (entry_blocks + line_blocks) * sizeof(uint64_t) + entry_blocks * sizeof(uint16_t);
}

/* Of the whole file. */
static inline uint64_t
memory_base_bytes(uint64_t entry_blocks, uint64_t line_blocks)
{
    return (1 + entry_blocks + line_blocks) * MEMORY_BLOCK + memory_base_table_bytes(entry_blocks, line_blocks);
}

static inline uint64_t
memory_line_of(uint64_t hash, uint64_t lines)
{
    return (uint64_t)((unsigned __int128)hash * lines >> 64);
}

static inline uint64_t
memory_place_read(const uint8_t *line, uint32_t i, bool wide)
{
    uint64_t offset = 0;

    if (wide)
        memcpy(&offset, line + MEMORY_PLACES_WIDE + 5 * i, 5);
    else
        memcpy(&offset, line + MEMORY_PLACES + 4 * i, 4);
    return offset;
}

static inline void
memory_place_write(uint8_t *line, uint32_t i, bool wide, uint64_t offset)
{
    if (wide)
        memcpy(line + MEMORY_PLACES_WIDE + 5 * i, &offset, 5);
    else
        memcpy(line + MEMORY_PLACES + 4 * i, &offset, 4);
}

#endif
