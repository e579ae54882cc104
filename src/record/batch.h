/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_BATCH_H
#define RECORD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "record/value.h"

struct arena;
struct vector;

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

/* What the steps made of a change. */
enum batch_fate {
    BATCH_GOES = 0,
    BATCH_FILTERED, /* a filter took it out */
    BATCH_ASIDE,    /* it could not be computed: a dead letter of stage transform */
};

/* Why a change was set aside by a step; one each. Texts live in the batch or longer. */
struct batch_stop {
    uint32_t change;
    uint32_t step;       /* index of the transform in the pipeline file; their number: the context */
    const char *rule;    /* "set total", "filter drafts", "lookup crm", "context reason" */
    const char *reason;  /* stable_snake_case */
    const char *detail;  /* for people: the expression and what was wrong */
    const char *field;   /* the column that was to be made; may be NULL */
    const char *value;   /* JSON object of the columns the expression read; may be NULL */
    const char *stage;   /* NULL: transform; route and contract stand among the breaches */
    const char *handoff; /* whose contract it is; NULL: of none */
};

/* A delete that the source has not made: its row is there, but not for this target any more. */
struct batch_left {
    const char *why;                    /* "left by filter drafts"; NULL: this change is none of these */
    const struct daybreak_span *cell;   /* [rows.columns] what its row had, and the delete has not */
};

/* What a transform module says of the batch at hand. */
struct batch_taking {
    struct daybreak_cells *cells;       /* [columns] those given have a size */
    uint32_t columns;
    uint8_t *filtered;                  /* [changes of the face] */
    uint32_t changes;
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
    uint64_t *shaped;                   /* [rows] hash of what a row is to the target, where it is compared with that; NULL: it is not */
    struct daybreak_text *key;          /* [rows], encoded; of batches out of the spool, where row i is change i, too */

    /* what change/ found, dense */
    uint32_t changes, changes_room;
    uint32_t *pick;
    char *op;
    uint8_t (*event_id)[16];
    int64_t *changed_at;
    struct daybreak_text *position, *context, *before;
    bool has_before;
    uint8_t *was;                       /* [changes] where the key's last version went, as its memory says; NULL: nowhere, or nobody remembers */
    struct batch_left *left;            /* [changes + taken_out] NULL: there is none */
    uint32_t taken_out;                 /* changes that stand behind "changes": set aside or filtered, as fate says; deletes among them were filtered */

    /* what the steps made of the changes; all NULL and 0 when each of them goes on as it is */
    uint8_t *fate;                      /* [changes] enum batch_fate; NULL: all go on */
    uint16_t *fate_step;                /* [changes] index of the transform that said so; its filter has the name */
    struct batch_stop *stop;            /* of each change that is BATCH_ASIDE, none of those filtered */
    uint32_t stop_count, stop_room;
    uint64_t *takers;                   /* [changes] the handoffs that take it, a bit each; NULL: the pipeline has none. Of deletes: those that name _op */
    struct batch_stop *breach;          /* what no handoff takes, and what a handoff's contract refuses; the change itself may go elsewhere */
    uint32_t breach_count, breach_room;

    /* the columns as the sink sees them: after the steps; out_from is a column of the layout, or one made (from rows.columns on), and
     * UINT32_MAX where this input has none */
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
    struct batch_native *made;          /* [made_count] columns that steps made */
    uint32_t made_count, made_room;
    bool typed;                         /* all rows are converted */
    struct batch_taking *taking;        /* while a transform module is at work */
    struct daybreak_batch face;         /* what a load sees; batch_face fills it */
};

#define BATCH_BAD 1

/* Columns of an input as its format names them, bound to declared types. */
struct batch_layout {
    uint32_t columns;
    const char *const *name;
    const struct value_type *type;
    bool empty_is_null;                 /* of typed cells */
    struct value_style style;           /* of its numbers */
};

/** batch_layout_find(layout, name): the column of that name, UINT32_MAX when there is none. */
uint32_t batch_layout_find(const struct batch_layout *layout, const char *name);

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
/** batch_blank(batch, row, column): the cell, of a column of the layout, is null from now on. */
void batch_blank(struct batch *batch, uint32_t row, uint32_t column);
/**
 * batch_make(batch, type, cells): a column that the format did not give: native cells, row-indexed, lent until the batch ends. Its number
 * (rows.columns + k) stands wherever a column does: in out_from, for batch_view, batch_vector, batch_canonical, batch_instant and batch_null.
 * Every row that a change picks is defined, null where nothing was computed.
 */
uint32_t batch_make(struct batch *batch, const struct value_type *type, const struct vector *cells);
/** batch_column_type(batch, column): of a column of the layout or a made one. */
const struct value_type *batch_column_type(const struct batch *batch, uint32_t column);
/**
 * batch_vector(batch, column, pick, picked, vector): a column as native cells for rows ${pick}[0..picked) (NULL: 0..picked), lent until the batch
 * ends. A typed column of the layout is typed by then, or typed now for these rows.
 */
void batch_vector(struct batch *batch, uint32_t column, const uint32_t *pick, uint32_t picked, struct vector *vector);
/** batch_filter(batch, change, step): a filter takes the change out. batch_set_aside(batch, stop): it could not be computed; texts of ${stop} are
 * lent until the batch ends. Both once a change, when all changes are known. */
void batch_filter(struct batch *batch, uint32_t change, uint32_t step);
void batch_set_aside(struct batch *batch, const struct batch_stop *stop);
/** batch_breach(batch, stop): a handoff does not get the change. */
void batch_breach(struct batch *batch, const struct batch_stop *stop);
/** batch_unstep(batch): what the steps made of it is gone: columns, fates and stops. */
void batch_unstep(struct batch *batch);
/** batch_goes(batch, change): neither filtered nor set aside. */
bool batch_goes(const struct batch *batch, uint32_t change);
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
/** batch_give, batch_take_out: host->give and host->filter, into batch->taking; nothing happens without one, or beyond its bounds. */
void batch_give(const struct daybreak_batch *face, uint32_t column, const struct daybreak_cells *cells);
void batch_take_out(const struct daybreak_batch *face, uint32_t i);

#endif
