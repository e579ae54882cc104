/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_BATCH_H
#define RECORD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "record/value.h"

struct arena;

/* A row that could not be read or is not what it should be. Texts live in the batch. */
struct batch_bad {
    uint32_t row;
    uint32_t column;     /* UINT32_MAX: no single one */
    const char *reason;  /* stable_snake_case */
    const char *detail;
};

/* A change set aside on its way: a dead letter to be. */
struct batch_refusal {
    uint32_t change;
    const char *rule, *reason;
};

/*
 * What moves together: columns over one byte block, the changes found in it, and an arena that ends with it. The format fills
 * `rows`; change/ fills the changes; the sink reads `face`. One thread at a time owns a batch.
 */
struct batch {
    struct daybreak_rows rows;          /* as the format left it */
    uint32_t rows_room, spans_room;     /* rows and cells there is room for */
    uint32_t block_capacity;
    struct arena *arena;

    uint32_t table;                     /* index into the pipeline's tables */
    const struct batch_layout *layout;  /* names and types of rows.columns; lent from the source */
    uint8_t *flag;                      /* [rows] BATCH_BAD or 0; NULL while no row is bad */
    struct batch_bad *bad;
    uint32_t bad_count, bad_room;
    uint64_t *raw_hash;                 /* [rows], made by change/; may be NULL */
    const struct key_binding *binding;  /* how change/ bound the layout when it made the hashes */
    struct daybreak_text *key;          /* [rows], encoded; of batches out of the spool, where row i is change i, too */

    /* what change/ found, dense */
    uint32_t changes, changes_room;
    uint32_t *pick;
    char *op;
    uint8_t (*event_id)[16];
    int64_t *changed_at;
    struct daybreak_text *position, *context, *before;
    bool has_before;

    /* the columns as the sink sees them: after the steps; out_from is UINT32_MAX where this input has none */
    uint32_t out_columns;
    const struct daybreak_column *out;
    const uint32_t *out_from;

    struct batch_refusal *refused;
    uint32_t refused_count, refused_room;

    struct daybreak_story story;
    struct daybreak_counts counts;
    char first[64], last[64];           /* marks */
    enum daybreak_next next;            /* what follows this batch in its part */
    struct daybreak_fault *cut;         /* in the arena: why the input was cut */
    struct batch_native *native;        /* [rows.columns] converted cells */
    bool typed;                         /* all rows are converted */
    struct daybreak_batch face;         /* what a load sees; batch_face fills it */
};

#define BATCH_BAD 1

/* Columns of an input as its format names them, bound to declared types. */
struct batch_layout {
    uint32_t columns;
    const char *const *name;
    const struct value_type *type;
    bool empty_is_null;                 /* of typed cells */
    bool comma;                         /* numbers have a decimal comma */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch);
/** batch_reset(batch): as new, memory kept for the next block. */
void batch_reset(struct batch *batch);
/** batch_block(batch, size): room for ${size} bytes of input and as much again for decoded text; keeps nothing of the old content. */
char *batch_block(struct batch *batch, uint32_t size);
void batch_reserve(struct daybreak_rows *rows, uint32_t count);  /* host->reserve */
void batch_bad_row(struct daybreak_rows *rows, uint32_t row, uint32_t column, const char *reason, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));                       /* host->bad */
bool batch_is_bad(const struct batch *batch, uint32_t row);
/** batch_bad_of(batch, row): the first reason why the row is bad; NULL when it is not. */
const struct batch_bad *batch_bad_of(const struct batch *batch, uint32_t row);
/** batch_changes(batch, count): room for ${count} changes in all arrays, those there are kept. */
void batch_changes(struct batch *batch, uint32_t count);
/** batch_cell(batch, row, column): a cell's text as read; size DAYBREAK_NULL when it is null by its span. */
struct daybreak_text batch_cell(const struct batch *batch, uint32_t row, uint32_t column);
/** batch_null(batch, row, column): null by span or, for typed columns of formats that say so, because empty. */
bool batch_null(const struct batch *batch, uint32_t row, uint32_t column);
/**
 * batch_type(batch, row, count): convert every typed column of rows ${row}[0..count) (NULL: all rows); a cell that does not parse makes its
 * row bad (`bad_decimal`, `bad_timestamp`, …). What is converted here is what batch_view shows later. Once all rows are, it does nothing.
 */
void batch_type(struct batch *batch, const uint32_t *row, uint32_t count);
/** batch_canonical(batch, row, column, to): the canonical text of a cell, typed by then or converted now; into ${to}
 * (room VALUE_ROOM) for typed columns. size DAYBREAK_NULL: null, or it does not parse. */
struct daybreak_text batch_canonical(struct batch *batch, uint32_t row, uint32_t column, char *to);
/** batch_instant(batch, row, column): µs of a timestamp or date column, DAYBREAK_NO_TIME when null; typed by then. */
int64_t batch_instant(const struct batch *batch, uint32_t row, uint32_t column);
/** batch_line, batch_byte, batch_position: where a row stands in its part; "line:byte" into ${to} (room 48), returning its length. */
uint64_t batch_line(const struct batch *batch, uint32_t row);
uint64_t batch_byte(const struct batch *batch, uint32_t row);
int batch_position(const struct batch *batch, uint32_t row, char *to);
/** batch_face(batch): what loads see of it; batch_view, batch_refuse and batch_alloc work on it. */
const struct daybreak_batch *batch_face(struct batch *batch);
void batch_view(const struct daybreak_batch *face, uint32_t column, enum daybreak_as as, struct daybreak_view *view);
void batch_refuse(const struct daybreak_batch *face, uint32_t i, const char *rule, const char *reason, ...)
    __attribute__((format(printf, 4, 5)));
void *batch_alloc(const struct daybreak_batch *face, size_t bytes);

#endif
