/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_RECORD_H
#define CHANGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"

struct aside;
struct batch;

/* A change as it lies in the spool: op, where it stood, its key, the old row, and its cells as read. */
struct change_record {
    char op;
    uint16_t layout;
    uint32_t table;
    int64_t line, byte;
    uint64_t raw, canon; /* of the row, for the memory */
    uint8_t was;         /* where the key's version before it went */
    struct daybreak_text key, before, member;
    uint32_t columns;
    const char *cells; /* columns times: uint32_t size (DAYBREAK_NULL), then bytes */
    size_t cells_size;
};

/** record_write(batch, row, op, layout, canon, was, before, out): a row of ${batch}; record_write_delete: a key alone. Appended to ${out}. */
void record_write(const struct batch *batch, uint32_t row, char op, uint16_t layout, uint64_t canon, uint8_t was,
                  struct daybreak_text before, struct text *out);
void record_write_delete(struct daybreak_text key, uint8_t was, struct daybreak_text before, uint16_t layout, uint32_t table,
                         struct text *out);
/** record_read(bytes, size, record): texts are lent from ${bytes}; false when it is no record. */
bool record_read(const char *bytes, size_t size, struct change_record *record);
/** record_cell(at, end, cell): the cell at *at, which moves behind it; false at the end. */
bool record_cell(const char **at, const char *end, struct daybreak_text *cell);

#endif
