/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JOB_PARITY_H
#define JOB_PARITY_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

struct arena;

/*
 * Parity: are two dumps or tables the same rows? Independent of the road: it shares no reading, transforming or
 * loading code with a pipeline, so that a fault there cannot hide itself here.
 *
 * A side is a FILE (CSV or JSON lines, also as .gz .zst .xz .bz2 .lz4, or members of a tar, zip or 7z), or a table
 * of an SQLite file: FILE#TABLE. Rows are matched by their key columns and compared column by column, by name, as
 * text: a column that one side does not have is null there. CSV has no null, so when either side is CSV an empty
 * text and null are equal; otherwise they differ. JSON numbers compare as written, arrays and objects as compact
 * JSON; SQLite integers and reals by their shortest text, a blob as x'6869'.
 */
enum parity_verdict {
    PARITY_EQUAL = 0,
    PARITY_DIFFERENT = 1,
    PARITY_INCONCLUSIVE = 2, /* bad rows, keys that come twice with different rows, or a limit: no word on the whole */
};

enum parity_class { PARITY_MISSING, PARITY_EXTRA, PARITY_CHANGED }; /* only in A; only in B; in both, not alike */
#define PARITY_CLASSES 3

struct parity_request {
    const char *side[2];
    struct daybreak_list key;     /* at least one */
    struct daybreak_list ignore;  /* not compared */
    struct daybreak_list columns; /* when any: only these are compared */
    const char *member;           /* glob over the members of an archive, '*' also matches '/'; NULL: it must have one */
    const char *encoding[2];      /* NULL: UTF-8, or UTF-16 when its byte order mark says so */
    int delimiter;                /* of CSV; -1: the first of , ; tab | whose header has the key columns */
    int quote;                    /* -1: none */
    bool no_header;               /* the columns are called 1, 2, 3, … */
    uint32_t samples;             /* at most so many of each class */
    int64_t limit;                /* read no more than this many rows a side; 0: all */
    int64_t memory_bytes;         /* what is beyond goes into unlinked temporary files */
};

struct parity_column {
    const char *name;
    int64_t different; /* rows in both sides whose value differs */
    bool seen[2];      /* whether that side has the column at all */
};

/* Texts of samples are cut around their first difference; size DAYBREAK_NULL: null. */
struct parity_value {
    const char *column;
    struct daybreak_text side[2];
};

struct parity_sample {
    enum parity_class class;
    int64_t row[2];                 /* data rows from 1; 0: not there */
    const struct daybreak_text *key; /* in the order of request.key */
    const struct parity_value *value; /* the columns that differ */
    uint32_t values;
};

struct parity_bad {
    int side;
    int64_t row;
    const char *reason;
};

struct parity_result {
    struct arena *arena; /* owns all below */
    enum parity_verdict verdict;
    int64_t rows[2];      /* all that were read */
    int64_t bad[2];       /* of these, could not be read */
    int64_t repeated[2];  /* of these, came again exactly alike */
    int64_t duplicate[2]; /* keys that came with different rows */
    bool limited[2];      /* there were more rows than the limit */
    int64_t equal, missing, extra, different; /* keys */
    int64_t unclear;      /* keys on which nothing can be said: duplicate, or of a bad row */
    const struct parity_column *column; /* the compared ones: most different first, then by name */
    uint32_t columns;
    const struct parity_sample *sample; /* by class, then in the order of the dump */
    uint32_t samples;
    const struct parity_bad *bads; /* the first of each side */
    uint32_t bad_count;
};

/**
 * parity_compare(request, result, fault): read both sides at once (two threads), and those rows that differ once
 * more. The result is the caller's, to be given to parity_fini. Exact: keys are compared byte by byte, rows by a
 * 128-bit hash with a secret drawn for this call. Faults carry the status: 64 a wrong name, 65 unreadable
 * (truncated, damaged, changed while read), 66 not there, 74 no space.
 */
int parity_compare(const struct parity_request *request, struct parity_result *result, struct daybreak_fault *fault);
void parity_fini(struct parity_result *result);

#endif
