/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSV_SCAN_H
#define CSV_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#pragma GCC visibility push(hidden)

/* Bytes looked at in one go: what is found in them still lies in the nearest cache when rows are made of it. */
#define CSV_SCAN_WINDOW 16384

enum csv_scan_how { CSV_SCAN_SCALAR = 0, CSV_SCAN_SSE2, CSV_SCAN_AVX2 };

struct csv_list {
    uint32_t *at;
    uint32_t count, room;
};

/*
 * Finds where cells and records end, 64 bytes at a time: each byte's place inside or outside of quotes is the running xor of the
 * quotes before it (a carry-less multiplication by all ones, Langdale and Lemire 2019). That is exact for RFC 4180 as long as every
 * quote opens a field, closes one or is doubled inside one; at anything else, and at a NUL, it stops and says `odd`: the record in
 * progress is for the reader byte by byte. Cells are counted from the first not yet forgotten.
 */
struct csv_scan {
    char delimiter, quote;
    bool quoting;
    void (*run)(struct csv_scan *scan, const char *block, uint32_t limit, uint32_t size);

    uint32_t at;             /* the next byte to look at */
    bool odd;
    uint64_t in_quote;       /* all ones inside of quotes */
    uint64_t begins, closed; /* 1: the byte before ended a cell; was a quote that closed */

    struct csv_list cell;    /* at[0] is the byte before the first cell, at[1 + i] the byte that ends cell i */
    struct csv_list record;  /* the cells that end a record */
    struct csv_list quoted;  /* the cells that begin with a quote */
    struct csv_list doubled; /* the cells with doubled quotes, once for each */
    struct csv_list soft;    /* bytes that end a line inside of quotes */
};

/** csv_scan_best(void): the fastest way this machine knows; DAYBREAK_CPU=scalar or sse2 in the environment holds it back. */
enum csv_scan_how csv_scan_best(void);

/** csv_scan_init(scan, delimiter, quote, how): quote -1: no quoting. A way that this build does not have becomes scalar. */
void csv_scan_init(struct csv_scan *scan, char delimiter, int quote, enum csv_scan_how how);
void csv_scan_fini(struct csv_scan *scan);

/** csv_scan_begin(scan, at): forget all, a record begins at byte ${at} of the block. */
void csv_scan_begin(struct csv_scan *scan, uint32_t at);

/**
 * csv_scan_window(scan, block, limit, size): look at the next CSV_SCAN_WINDOW bytes, at most to ${limit}. ${limit} is ${size}, the
 * bytes in the block, or one less when the last byte is a CR that an LF may still follow.
 */
void csv_scan_window(struct csv_scan *scan, const char *block, uint32_t limit, uint32_t size);

/** csv_scan_forget(scan, cells): the first ${cells} cells are done with, and all records. */
void csv_scan_forget(struct csv_scan *scan, uint32_t cells);

/** csv_scan_spans(cell, count, span): the raw text of ${count} cells that end at cell[1..count], the first beginning behind cell[0]. */
void csv_scan_spans(const uint32_t *cell, uint32_t count, struct daybreak_span *span);

#pragma GCC visibility pop

#endif
