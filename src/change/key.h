/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_KEY_H
#define CHANGE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "base/text.h"

struct arena;
struct batch;
struct batch_layout;
struct config_table;

/*
 * How a row is known again. The key of one column is its canonical text as it is; of several, each column's size as a
 * varint, then its text. Hashes are XXH3_64, seeded by a secret drawn per state, so that nobody can craft a row that hides a change.
 */
struct key_maker {
    const struct config_table *table;
    uint64_t seed;
    const struct key_binding *binding; /* of the layout met last; older ones stay as long as the maker */
    struct arena *arena;
    struct text joined;                /* a key of several columns while it is put together */
};

/* What depends on a layout. Never changes once made, so that the comparing thread may use it while the reading one goes on. */
struct key_binding {
    const struct batch_layout *layout;
    uint32_t *column;        /* [key.count] */
    bool *ignored;           /* [layout.columns] not compared: listed in `ignore`, or a key column */
    uint64_t *name_seed;     /* [layout.columns] */
    uint64_t raw_seed;       /* of raw bytes under this layout; 0: raw bytes say nothing (columns are ignored) */
};

void key_maker_init(struct key_maker *maker, const struct config_table *table, const uint8_t secret[16]);
void key_maker_fini(struct key_maker *maker);

/** key_make(maker, batch): fills key, raw_hash and the binding of every row. A key that cannot be read, is null or empty has size
 * DAYBREAK_NULL and makes a good row bad (`missing_key`). One thread at a time. */
void key_make(struct key_maker *maker, struct batch *batch);
/** key_canon(batch, row, only): hash of the row's typed cells by name; columns in any order, null ones left out. Rows typed and key_make called
 * before. ${only} (may be NULL) says by column which are taken. */
uint64_t key_canon(struct batch *batch, uint32_t row, const bool *only);
/** key_canon_cell(maker, name, text): what one cell adds to it; for rows that come from elsewhere (adopt). */
uint64_t key_canon_cell(const struct key_maker *maker, const char *name, struct daybreak_text text);
/** key_join(maker, cells, out): encode canonical texts of the key columns, in key order. key_split: the reverse; false when it is none. */
void key_join(const struct daybreak_text *cells, size_t count, struct text *out);
bool key_split(const char *key, uint32_t size, size_t count, struct daybreak_text *cells);
/** key_show(key, size, count, out): for people and JSON fields: the text itself, or a JSON array of texts. */
void key_show(const char *key, uint32_t size, size_t count, struct text *out);

#endif
