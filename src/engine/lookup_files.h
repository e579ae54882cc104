/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LOOKUP_FILES_H
#define ENGINE_LOOKUP_FILES_H

#include "config/config.h"
#include "step/lookup.h"

struct batch_layout;

/*
 * Lookups meet the source here: files are found and read through a source of their own, tables of an input through a second look at
 * that input; the rows go into the lookup. Databases are only told that an input begins.
 */
struct lookup_files;

/** lookup_files_new(config, stop): every lookup of the pipeline; nothing is opened before it is needed. */
struct lookup_files *lookup_files_new(const struct config *config, volatile int *stop);
void lookup_files_free(struct lookup_files *files);
const struct lookups *lookup_files_all(const struct lookup_files *files);
/**
 * lookup_files_begin(files, input, fault): an input begins, or (NULL) something is done again without one: databases are opened, and what changed since
 * the last time is read anew: of a file the newest that is complete, of another table this very input. A file that is being written is waited for, ten
 * seconds at most. RETRY: one is not there for now; HALT: it cannot be read, or was never there.
 */
int lookup_files_begin(struct lookup_files *files, const struct daybreak_input *input, struct daybreak_fault *fault);

/** lookup_files_peek(config, lookup, arena, name, fault): the columns of the newest file of a lookup, for lint; NULL where there is none, or it has none. Lives
 * as long as ${arena}. */
struct arena;
const struct batch_layout *lookup_files_peek(const struct config *config, struct lookup *lookup, struct arena *arena, const char **name,
                                             struct daybreak_fault *fault);

#endif
