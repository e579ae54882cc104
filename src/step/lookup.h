/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_LOOKUP_H
#define STEP_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "record/value.h"
#include "record/vector.h"

struct arena;
struct batch;

/*
 * Columns of somewhere else for each record. Rows of a file, or of another table of the input, are filled in by who can read them and kept as a
 * hash by key; a database is asked for each key once. What a lookup answers stays the same for the length of an input: between two of them,
 * lookup_begin and lookup_fill_begin see what is new. One thread at a time.
 */
struct lookup;
struct lookups;

/* A column that a lookup gives. */
struct lookup_column {
    const char *name;           /* "crm.ticket" */
    struct value_type type;
};

/** lookups_new(config, stop): every lookup of a pipeline file, of all its tables, each once; nothing is opened. ${stop} is lent. */
struct lookups *lookups_new(const struct config *config, volatile int *stop);
void lookups_free(struct lookups *lookups);
uint32_t lookups_count(const struct lookups *lookups);
struct lookup *lookups_at(const struct lookups *lookups, uint32_t i);
/** lookups_find(lookups, from): the one that ${from} describes. ${lookups} may be NULL; NULL: there is none. */
struct lookup *lookups_find(const struct lookups *lookups, const struct config_lookup *from);

/**
 * lookup_open(lookup, fault): a database is opened read-only and its query prepared; what columns there are is known from here on. RETRY: it is
 * locked; HALT: it is not there (69), or its query is none (78). Other lookups need nothing but their place in the file.
 */
int lookup_open(struct lookup *lookup, struct daybreak_fault *fault);
/** lookup_known(lookup): its columns are known. */
bool lookup_known(const struct lookup *lookup);
const struct config_lookup *lookup_config(const struct lookup *lookup);
/** lookup_columns(lookup, count): what it gives. lookup_keys(lookup, count): columns of the record that it needs. */
const struct lookup_column *lookup_columns(const struct lookup *lookup, uint32_t *count);
const char *const *lookup_keys(const struct lookup *lookup, uint32_t *count);
/** lookup_takes(lookup, type, what): whether key columns of these types can be looked for; else why not, in ${what}. */
bool lookup_takes(struct lookup *lookup, const struct value_type *type, char what[320]);

/** lookup_begin(lookup, fault): an input begins: a database that changed is asked anew. Nothing for others. */
int lookup_begin(struct lookup *lookup, struct daybreak_fault *fault);
/**
 * lookup_fill_begin(lookup, name): the rows that follow take the place of what there was; ${name} is where they are from. lookup_fill(lookup,
 * batch, fault): rows of a batch that is typed here: bad ones whose key can be read fail only for who asks for them; HALT: a column is missing, or they
 * need more than max_memory. lookup_fill_end: they are all. lookup_filled: the name, "" when nothing was.
 */
void lookup_fill_begin(struct lookup *lookup, const char *name);
int lookup_fill(struct lookup *lookup, struct batch *batch, struct daybreak_fault *fault);
void lookup_fill_end(struct lookup *lookup);
const char *lookup_filled(const struct lookup *lookup);
/** lookup_fill_column(lookup, i): the i-th column that lookup_fill needs; NULL behind the last. */
const char *lookup_fill_column(const struct lookup *lookup, uint32_t i);

/* A row that got no answer. Texts live in the arena of the run. */
struct lookup_failure {
    uint32_t row;
    const char *reason;         /* lookup_none, lookup_many, lookup_value, lookup_failed */
    const char *detail;         /* for people */
    const char *value;          /* JSON of the key columns */
};

struct lookup_failures {
    struct lookup_failure *item;
    uint32_t count, room;
};

/**
 * lookup_run(lookup, key, rows, pick, picked, arena, out, failures, fault):
 * Look for rows ${pick}[0..picked) (NULL: rows 0..picked) of a batch of ${rows}; ${key}[n] holds the cells of the n-th of lookup_keys. Each of ${out} (as
 * many as lookup_columns) is filled row-indexed in ${arena}, null where nothing was found; rows that must not go on are added to ${failures}. A key with a
 * null finds nothing in a file. -1: RETRY or HALT, and nothing is known of any row.
 */
int lookup_run(struct lookup *lookup, const struct vector *key, uint32_t rows, const uint32_t *pick, uint32_t picked, struct arena *arena,
               struct vector *out, struct lookup_failures *failures, struct daybreak_fault *fault);

#endif
