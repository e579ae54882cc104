/* SPDX-License-Identifier: Apache-2.0 */
/* Batches out of cells, as the engine would hand them to a load or a transform. */
#ifndef CONNECTOR_KIT_BATCH_H
#define CONNECTOR_KIT_BATCH_H

#include "kit_parts.h"
#include "record/batch.h"

#define KIT_COLUMNS_MOST 32

struct kit_row {
    char op;
    const char *cell[KIT_COLUMNS_MOST]; /* as a file would have them; NULL: null */
    uint32_t size[KIT_COLUMNS_MOST];    /* 0: up to the NUL */
};

struct kit_table {
    struct daybreak_column column[KIT_COLUMNS_MOST];
    struct batch_layout layout;
    const char *name[KIT_COLUMNS_MOST];
    struct value_type type[KIT_COLUMNS_MOST];
    char type_text[KIT_COLUMNS_MOST][32];
    uint32_t columns;
};

/** kit_table_add(table, name, type, key): false when the type is none or there are too many. */
bool kit_table_add(struct kit_table *table, const char *name, const char *type, bool key);
/** kit_batch(table, row, count, number): a batch of these rows as changes, typed; to be freed with batch_free. Envelope fields that the
 * engine fills are filled. */
struct batch *kit_batch(const struct kit_table *table, const struct kit_row *row, uint32_t count, int64_t number);
/** kit_cell_write(cell, out): quoted, ~ for null. */
void kit_cell_write(const struct daybreak_text *cell, struct text *out);

#endif
