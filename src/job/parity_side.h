/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_SIDE_H
#define JOB_PARITY_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"
#include "parity_bytes.h"
#include "parity_columns.h"

#define PARITY_RECORD_MAX (64u << 20)

/* One row; cells by the number of their column, those from `cells` on are null. Lent until the next call. */
struct parity_row {
    const struct daybreak_text *cell; /* size DAYBREAK_NULL: null */
    uint32_t cells;
    const char *bad; /* why it cannot be read; what could be read of it is in the cells */
    bool skip;       /* asked: this row only has to be passed over, its cells may be anything */
};

/* One dump or table as rows. */
struct parity_side {
    const struct parity_request *request;
    struct parity_columns *columns;
    int which;
    const char *name; /* as the request has it */

    const struct parity_reader *reader;
    void *self; /* the reader's */
    struct parity_bytes *bytes; /* NULL: an SQLite table */

    struct daybreak_text *cell; /* one for each column this side knows */
    const struct parity_name **column;
    uint32_t cells, room;
};

/* What csv, jsonl and table each give. begin is called for every content, with the first row not yet read. */
struct parity_reader {
    bool nulls; /* it can tell null from empty */
    bool fixed; /* its columns are known before the first row */
    int (*begin)(struct parity_side *side, struct daybreak_fault *fault);
    int (*next)(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault);
    void (*close)(struct parity_side *side);
};

extern const struct parity_reader parity_csv, parity_jsonl, parity_table;

/** parity_side_open(side, request, columns, which, fault): to its first row; parity_side_close also after it
 * failed. */
int parity_side_open(struct parity_side *side, const struct parity_request *request, struct parity_columns *columns, int which,
                     struct daybreak_fault *fault);
void parity_side_close(struct parity_side *side);
/** parity_side_rewind(side, fault): to the first row again; the very same rows follow, or a fault says why not. */
int parity_side_rewind(struct parity_side *side, struct daybreak_fault *fault);
int parity_side_next(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault);
/** parity_side_finish(side, fault): after the last row: that nothing changed meanwhile. */
int parity_side_finish(struct parity_side *side, struct daybreak_fault *fault);
/** parity_side_estimate(side): about how many bytes of text its rows have. */
int64_t parity_side_estimate(const struct parity_side *side);

/** parity_side_column(side, name, size, id, fault): for readers: the number of a column, its cell made. */
int parity_side_column(struct parity_side *side, const char *name, size_t size, uint32_t *id, struct daybreak_fault *fault);
/** parity_side_keys(side, have, count, fault): for readers with a header: that all key columns are there. */
int parity_side_keys(const struct parity_side *side, const char *const *have, size_t count, struct daybreak_fault *fault);

/* ---- text that readers look at ---------------------------------------------------------------- */

/* A piece of the content: at[begin..end), always with one '\n' behind it that is not its own. */
struct parity_window {
    char *at;
    size_t begin, end, room;
    bool last; /* nothing follows */
};

void parity_window_begin(struct parity_window *window);
/** parity_window_more(window, bytes, fault): at least one more byte behind end, or last. Moves at[begin]. */
int parity_window_more(struct parity_window *window, struct parity_bytes *bytes, struct daybreak_fault *fault);
void parity_window_fini(struct parity_window *window);

/* ---- SQLite ------------------------------------------------------------------------------------ */

/** parity_table_split(side, path, table): FILE#TABLE, or a FILE that is an SQLite file (then ${table} is NULL). ${path} is
 * malloc'ed when this gives true. */
bool parity_table_split(const char *side, char **path, const char **table);

#endif
