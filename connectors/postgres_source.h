/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSTGRES_SOURCE_H
#define POSTGRES_SOURCE_H

#include "postgres_wire.h"

/* A table or query of the source, and how its cells are shown. */
struct postgres_source {
    const struct daybreak_want *want; /* lent */
    char *at;                         /* "schema"."table", or the query in brackets */
    struct daybreak_column *column;   /* as pull gives them */
    uint32_t *type;                   /* [columns] type oids of the source */
    uint32_t columns;
};

/* One row on its way into a batch. */
struct postgres_filler {
    const struct daybreak_host *host;
    struct daybreak_rows *rows;
    size_t bytes; /* of text so far */
};

/** postgres_source_open(wire, source, want, fault): what columns it has. A table or a key that is not there is a HALT. */
int postgres_source_open(struct postgres_wire *wire, struct postgres_source *source, const struct daybreak_want *want, struct daybreak_fault *fault);
void postgres_source_fini(struct postgres_source *source);
/** postgres_source_column(source, name): its number, or columns when there is none of that name. */
uint32_t postgres_source_column(const struct postgres_source *source, const char *name);

enum postgres_part { POSTGRES_WHOLE, POSTGRES_KEYS };
/** postgres_source_begin(wire, source, part, where, fault): begins to read rows: all cells or only keys; ${where}: SQL behind FROM, or "". */
int postgres_source_begin(struct postgres_wire *wire, const struct postgres_source *source, enum postgres_part part, const char *where,
                          struct daybreak_fault *fault);
/** postgres_source_row(wire, source, filler, op, fault): the next row: 1, 0 at the end, -1. */
int postgres_source_row(struct postgres_wire *wire, const struct postgres_source *source, struct postgres_filler *filler, char op,
                        struct daybreak_fault *fault);

/** postgres_source_reserve(filler, columns): room for one more row; its number. postgres_source_cell(filler, cell, at, size): text into it. */
uint32_t postgres_source_reserve(struct postgres_filler *filler, uint32_t columns);
void postgres_source_cell(struct postgres_filler *filler, struct daybreak_span *cell, const char *at, uint32_t size);
/** postgres_source_plain(source, column, filler, cell, text, size): a value as the server writes it, in the form a batch reads. */
void postgres_source_plain(const struct postgres_source *source, uint32_t column, struct postgres_filler *filler, struct daybreak_span *cell,
                           const char *text, uint32_t size);

#endif
