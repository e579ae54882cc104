/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MAKER_CELL_H
#define MAKER_CELL_H

#include "expression_maker.h"

/* Chance, and random values as texts in the maker's arena. */

/** maker_random(maker, below): 0 to ${below} - 1 (splitmix64). */
static inline uint64_t
maker_random(struct maker *maker, uint64_t below)
{
    uint64_t mixed = maker->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % below;
}

static inline bool
maker_chance(struct maker *maker, unsigned percent)
{
    return maker_random(maker, 100) < percent;
}

static inline int64_t
maker_between(struct maker *maker, int64_t low, int64_t high)
{
    return low + (int64_t)maker_random(maker, (uint64_t)(high - low) + 1);
}

#define PICK(maker, list) (list)[maker_random((maker), sizeof(list) / sizeof *(list))]
#define PRINT(maker, ...) arena_printf((maker)->arena, __VA_ARGS__)

/* Columns that expressions read: ci small integer, cj any integer, cd decimal(8,2), ce decimal(9,3), cr real, cs text, ca ASCII
 * text, cn text of integers and of others, cb boolean, cdt date, cts timestamp of whole seconds. */
#define MAKER_COLUMNS 11
extern const char *const maker_cell_column[MAKER_COLUMNS], *const maker_cell_type[MAKER_COLUMNS];

/** maker_cell(maker, column): a value of a column, NULL for null. */
const char *maker_cell(struct maker *maker, int column);
/** maker_cell_word(maker, ascii): a short text. */
const char *maker_cell_word(struct maker *maker, bool ascii);
/** maker_cell_extreme(maker): an integer where something turns. */
const char *maker_cell_extreme(struct maker *maker);
const char *maker_cell_date(struct maker *maker);
const char *maker_cell_timestamp(struct maker *maker);

#endif
