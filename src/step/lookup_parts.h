/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_LOOKUP_PARTS_H
#define STEP_LOOKUP_PARTS_H

#include <stdint.h>

#include "base/text.h"
#include "step/lookup.h"

/* What was found is kept row by row in cells of one size, so that all columns of a row lie side by side. */
union lookup_cell {
    int64_t number;
    double real;
    value_int128 decimal;
    struct daybreak_text text;
};

/* Why what was found cannot be used. */
struct lookup_bad {
    const char *reason, *detail;
};

struct lookup_answer {
    uint32_t count;             /* rows that were found; of a database at most a bit more than one has to know */
    const struct lookup_bad *bad;
    const union lookup_cell *cell; /* [columns], when count > 0 and bad is NULL */
    const uint8_t *null;        /* [columns] */
};

struct lookup_table;
struct lookup_query;

struct lookup {
    const struct config *config;
    const struct config_lookup *from;
    volatile int *stop;
    struct arena *arena;        /* names */
    bool known;
    struct lookup_column *column;
    uint32_t columns;
    const char **key;
    uint32_t keys;
    enum config_fold_kind *fold; /* [columns], of CONFIG_MANY_FOLD */
    struct value_type *found;   /* [columns] types as found, before they are folded */
    struct lookup_table *table; /* files and inputs */
    struct lookup_query *query; /* databases */
};

#define LOOKUP_GROUP 256        /* rows that are looked for together */

/* ---- lookup.c ---------------------------------------------------------------------------------- */
/** lookup_shape(lookup, names, types, count, fault): its columns are known: names without the lookup's own, and types as found. */
int lookup_shape(struct lookup *lookup, const char *const *names, const struct value_type *types, uint32_t count, struct daybreak_fault *fault);

/* ---- lookup_cell.c ----------------------------------------------------------------------------- */
/** lookup_cell_fold(lookup, column, into, null, rows, cell, is_null): one more row folded into the ${rows} before; false: the sum overflows. */
bool lookup_cell_fold(const struct lookup *lookup, uint32_t column, union lookup_cell *into, uint8_t *null, uint32_t rows,
                      const union lookup_cell *cell, bool is_null);
/** lookup_cell_key(out, vector, row, alone): a native cell as bytes that are equal for equal values of one type; false: it is null. */
bool lookup_cell_key(struct text *out, const struct vector *vector, uint32_t row, bool alone);
/** lookup_cell_part(out, bytes, size, alone): the same for bytes as they are. */
void lookup_cell_part(struct text *out, const void *bytes, uint32_t size, bool alone);
/** lookup_cell_show(vector, row, json, out): as JSON or for people, cut. */
void lookup_cell_show(const struct vector *vector, uint32_t row, bool json, struct text *out);

/* ---- lookup_table.c ------------------------------------------------------------------------------ */
struct lookup_table *lookup_table_new(struct lookup *lookup);
void lookup_table_free(struct lookup_table *table);
void lookup_table_clear(struct lookup_table *table, const char *name);
int lookup_table_add(struct lookup_table *table, struct batch *batch, struct daybreak_fault *fault);
void lookup_table_end(struct lookup_table *table);
const char *lookup_table_name(const struct lookup_table *table);
bool lookup_table_takes(const struct lookup_table *table, const struct value_type *type, char what[320]);
/** lookup_table_find(table, key, row, count, answer, fault): answers lent until the table is cleared. */
int lookup_table_find(struct lookup_table *table, const struct vector *key, const uint32_t *row, uint32_t count,
                      struct lookup_answer *answer, struct daybreak_fault *fault);

/* ---- lookup_index.c: the rows of a table by key --------------------------------------------------- */
struct lookup_index;
/* What an index needs of the rows it is made of. */
struct lookup_rows {
    const struct lookup *lookup;
    uint32_t rows;
    const struct daybreak_text *key; /* [rows * keys] canonical or raw text; size DAYBREAK_NULL: null */
    const union lookup_cell *cell;   /* [rows * columns] */
    const uint8_t *null;
    const struct lookup_bad *const *bad; /* [rows]; NULL: none is */
};
/** lookup_index_make(rows, type, room, fault): ${type}: of the key columns that will be looked for. More than ${room} bytes: HALT. */
int lookup_index_make(const struct lookup_rows *rows, const struct value_type *type, size_t room, struct lookup_index **index,
                      struct daybreak_fault *fault);
void lookup_index_free(struct lookup_index *index);
size_t lookup_index_bytes(const struct lookup_index *index);
bool lookup_index_fits(const struct lookup_index *index, const struct vector *key);
void lookup_index_find(struct lookup_index *index, const struct vector *key, const uint32_t *row, uint32_t count,
                       struct lookup_answer *answer);

/* ---- lookup_query.c ---------------------------------------------------------------------------------- */
struct lookup_query *lookup_query_new(struct lookup *lookup);
void lookup_query_free(struct lookup_query *query);
int lookup_query_open(struct lookup_query *query, struct daybreak_fault *fault);
int lookup_query_begin(struct lookup_query *query, struct daybreak_fault *fault);
/** lookup_query_find: as above; answers are lent until the next call. lookup_query_pause(query): no transaction stays open while nothing is asked. */
int lookup_query_find(struct lookup_query *query, const struct vector *key, const uint32_t *row, uint32_t count,
                      struct lookup_answer *answer, struct daybreak_fault *fault);
void lookup_query_pause(struct lookup_query *query);

/* ---- lookup_cache.c: what a database answered, within bounds ------------------------------------------- */
struct lookup_cache;
struct lookup_cache *lookup_cache_new(size_t bytes);
void lookup_cache_free(struct lookup_cache *cache);
void lookup_cache_clear(struct lookup_cache *cache);
/** lookup_cache_find(cache, key, size, hash): NULL: not remembered. Lent, as that of lookup_cache_add, until the next lookup_cache_turn. */
const struct lookup_answer *lookup_cache_find(struct lookup_cache *cache, const char *key, uint32_t size, uint64_t hash);
/** lookup_cache_add(cache, key, size, hash, answer, columns, types): a copy of the answer is kept. */
const struct lookup_answer *lookup_cache_add(struct lookup_cache *cache, const char *key, uint32_t size, uint64_t hash,
                                             const struct lookup_answer *answer, uint32_t columns, const struct lookup_column *column);
/** lookup_cache_turn(cache): where the bounds are reached, what was not asked for lately is forgotten. */
void lookup_cache_turn(struct lookup_cache *cache);

#endif
