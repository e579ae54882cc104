/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_GUESS_H
#define ENGINE_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"

struct arena;

/*
 * What a dump looks like to someone who never saw it: its dialect, encoding, types, key and change column, each with the reason. All
 * of it is read, once for the bytes, once for the types and once more with what was guessed, through the very readers that a run
 * uses. Wherever a guess would set rows aside or change a value, the column stays text and the doubt is told.
 */
struct guess_request {
    const char *from;          /* a file, or a glob: then the last in name order is looked at */
    const char *output;        /* where the pipeline file will lie: its paths are relative to that folder */
    const char *name;          /* of the pipeline; NULL: what the file's name says */
    struct daybreak_list key;  /* the key as the person knows it; empty: find one */
    int64_t limit;             /* rows looked at; 0: all */
    int64_t memory_bytes;      /* for finding keys; 0: a quarter of a GiB */
    volatile int *stop;
    void (*progress)(void *context, const struct daybreak_input *input, int64_t bytes, int64_t rows);
    void *context;
};

#define GUESS_DELIMITER_MAX 16

/* Where a column of an XML record is. */
struct guess_way {
    const char *name, *path;
    bool repeated;             /* more than one in a record */
};

/* How the rows are written. Options at their defaults are not written into a pipeline file. */
struct guess_dialect {
    const char *type;          /* "csv", "jsonl", "json" or "xml" */
    const char *path;          /* of json: to the array of records; "" when the document is one */
    const char *record;        /* of xml: which elements are records */
    const struct guess_way *way;
    uint32_t ways;
    const char *encoding;      /* NULL: UTF-8, or what a byte order mark says */
    const char *encoding_is;   /* for people and programs: never NULL */
    const char *encoding_why;
    bool encoding_doubt;       /* nothing in the file proves it */
    char delimiter[GUESS_DELIMITER_MAX + 1];
    const char *delimiter_why;
    int quote, escape;         /* -1: none */
    const char *quote_why;     /* NULL: as always */
    bool trim;                 /* blanks around are no part of a field */
    const char *trim_why;
    bool header;
    const char *header_why;
    bool header_doubt;         /* nothing proves it */
    int64_t skip;              /* lines before the header */
    const char *comment;       /* NULL: none */
    bool comma;                /* decimal comma */
    char thousands[4];         /* one of , . ' and a blank; "": none */
    const char *number_why;
    const char *null_text;     /* NULL: none */
    const char *trailer_starts;
    uint32_t trailer_count;    /* the field, from 1; 0: none */
    const char *ragged;        /* NULL: invalid; pad or cut */
    const char *ragged_why;
};

struct guess_column {
    const char *name;
    const char *type;          /* as `fields` has it: "decimal(12,2)" */
    const char *pattern;       /* of a date or timestamp that is not ISO 8601; NULL */
    const char *path;          /* in an XML record; NULL */
    bool repeated;             /* there may be more than one of it */
    const char *why;
    const char *doubt;         /* what a person should look at; NULL: nothing */
};

struct guess_table {
    const char *name;
    const char *member;        /* a glob; NULL: the file itself, or all members */
    struct guess_dialect dialect;
    struct guess_column *column;
    uint32_t columns;
    struct daybreak_list key;  /* empty: none, and it is captured as append */
    const char *key_why, *key_doubt; /* doubt: NULL when all is well */
    const char *changed_at, *changed_why; /* NULL: no column says when a row changed; why then says so */
    bool changed_zoneless;     /* its times have no offset */
    int64_t rows, bad;         /* looked at; of these, not readable */
    int64_t keyless;           /* rows without the key */
    const char *bad_why;       /* the first of them */
    const struct daybreak_text *sample; /* cells of some rows, as read */
    uint32_t samples;
    const char *clash;         /* a column that has the name of one of the envelope's; NULL */
    const struct daybreak_map *rename; /* columns whose names differ only in case; NULL */
};

struct guess {
    struct arena *arena;       /* owns all of it */
    const char *from;          /* the file that was looked at */
    const char *name;
    const char *path, *path_why; /* as the pipeline file has it */
    const char *at;            /* the time of day it was written, "02:53"; NULL where the name tells */
    uint32_t matches;          /* inputs that `path` matches now */
    bool packed;
    bool tables_named;         /* several members: source.tables */
    struct guess_table *table;
    uint32_t tables;
    const char *manifest, *manifest_rows, *manifest_sha256; /* a member that says what the data must be; NULL: none */
    bool limited;              /* not all rows were looked at */
    const char **note;         /* what else a person should know */
    uint32_t notes;
};

/** guess_make(request, guess, fault): 66: no such file, 65: it cannot be read or is nothing that is read here, 64: a name that is
 * not there. The guess is the caller's, to be given to guess_free. */
int guess_make(const struct guess_request *request, struct guess **guess, struct daybreak_fault *fault);
void guess_free(struct guess *guess);
/** guess_yaml(guess, out): the pipeline file, with comments, and a test made of rows that are there. */
void guess_yaml(const struct guess *guess, struct text *out);
/** guess_name(from, name): what a pipeline that reads this path would be called: the name without folder, time and endings; room 201. */
void guess_name(const char *from, char name[201]);

#endif
