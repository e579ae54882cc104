/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSV_ROWS_H
#define CSV_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#include "csv_record.h"
#include "csv_scan.h"
#include "line_mark.h"

#pragma GCC visibility push(hidden)

#define CSV_COLUMNS_MAX 4096

enum csv_stage { CSV_STAGE_START, CSV_STAGE_HEADER, CSV_STAGE_ROWS, CSV_STAGE_TRAILED };
enum csv_ragged { CSV_RAGGED_INVALID, CSV_RAGGED_PAD, CSV_RAGGED_CUT };

/* What one step at the beginning of a record came to. */
enum csv_step {
    CSV_STEP_ON,
    CSV_STEP_WAIT,   /* the block holds no more */
    CSV_STEP_FULL,   /* the rows must be taken away first */
    CSV_STEP_CUT,    /* the part is no whole one */
    CSV_STEP_RESCAN, /* what the scanner saw from here on was seen wrongly: a line was no record */
};

struct csv {
    /* options */
    const char *delimiter, *quote, *escape, *null_text, *comment;
    bool header, trim;
    struct daybreak_list names_given;
    int64_t skip;
    int ragged;
    int decimal; /* which character, and which one between groups of digits, for whoever reads the declared types */
    const char *thousands;
    struct daybreak_map trailer;

    const struct daybreak_host *host;
    struct csv_dialect dialect;
    struct csv_scan scan;
    struct csv_record record;
    bool scans;                /* the scanner knows this dialect */
    bool watches;              /* the beginning of each record must be looked at */
    uint32_t null_size, comment_size;
    const char *trailer_starts;
    uint32_t trailer_size, trailer_count; /* trailer_count: the field, from 1, 0: none */

    /* the part */
    enum csv_stage stage;
    int64_t skip_left;
    char **names;
    uint32_t columns;
    struct line_mark mark;     /* where to go on; byte 0: at the beginning */
    char swallow;              /* place in a record whose rest is passed over, 'c': in a comment, 0: none */
    uint64_t swallow_line;     /* where its quote opened */
    uint64_t rows_before;      /* rows of the part given before this feed */
    uint32_t rows_fed;         /* and in it */
    bool rows_known;

    /* this feed */
    uint32_t at, line;         /* the first byte not taken, and line ends before it */
    uint32_t behind, behind_line; /* behind the last row */
};

/* The fault is the reason why the part is cut; a feed that gives INPUT_CUT succeeds. */
#define CSV_CUT(csv, fault, ...) ((csv)->host->fault((fault), DAYBREAK_HALT, __VA_ARGS__), CSV_STEP_CUT)

/** csv_begins_with(rows, at, prefix, size): 1: the text at ${at} begins with ${prefix}, 0: not, -1: the block ends before that is known. */
int csv_begins_with(const struct daybreak_rows *rows, uint32_t at, const char *prefix, uint32_t size);

/** csv_line_pass(csv, rows): behind the end of the line at csv->at: ON, or WAIT when it is not in the block. */
enum csv_step csv_line_pass(struct csv *csv, const struct daybreak_rows *rows);

/** csv_trailer_at(csv, rows): 1: the trailer stands at csv->at, 0: not, -1: the block ends before that is known. */
int csv_trailer_at(const struct csv *csv, const struct daybreak_rows *rows);

/** csv_idle_pass(csv, rows): to the beginning of the next record, over blank lines and comments. WAIT: there is none in the block. */
enum csv_step csv_idle_pass(struct csv *csv, const struct daybreak_rows *rows);

/** csv_rows_take(csv, rows, fault): every whole record of the block from csv->at on. ON is never the answer. */
enum csv_step csv_rows_take(struct csv *csv, struct daybreak_rows *rows, struct daybreak_fault *fault);

#pragma GCC visibility pop

#endif
