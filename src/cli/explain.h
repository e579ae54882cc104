/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A word that a person can meet in a message, in JSON, in a dead letter or as an exit status, and what is behind it. What a
 * pipeline
 * file can be told has its own table, finding_codes. A test reads the sources for codes that stand in neither.
 */
struct explain_code {
    const char *code;
    const char *means;    /* a sentence or two */
    const char *why;      /* why it is so; may be NULL */
    const char *todo;     /* what to do; NULL: nothing */
    const char *example;  /* a command or a piece of a file; may be NULL */
};

/* Each ends with code NULL. */
extern const struct explain_code explain_exits[];     /* exit statuses */
extern const struct explain_code explain_guards[];    /* what holds a whole input */
extern const struct explain_code explain_records[];   /* why a record was set aside */
extern const struct explain_code explain_runs[];      /* what stops a run: source, state, disk, decisions */
extern const struct explain_code explain_targets[];   /* what a target says */
extern const struct explain_code explain_tools[];     /* compare, init, demo, doctor */
extern const struct explain_code explain_counts[];    /* the figures of a run and the basis of a lag */

/* How a pipeline file is written right, by the code of the finding; ends with code NULL. */
struct explain_example {
    const char *code, *example;
};
extern const struct explain_example explain_examples[];

/* The tables as groups, ended by name NULL. */
struct explain_group {
    const char *name, *title;
};
extern const struct explain_group explain_groups[];

/** explain_entry(group, i, entry): entry ${i} of a group; false behind its last. */
bool explain_entry(size_t group, size_t i, struct explain_code *entry);
/** explain_has(code): `daybreak explain CODE` has an answer. */
bool explain_has(const char *code);

#endif
