/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTOR_KIT_H
#define CONNECTOR_KIT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/node.h"
#include "daybreak/connector.h"

struct arena;
struct findings;

enum kit_verdict { KIT_PASS, KIT_FAIL, KIT_SKIP };

/* What one module is tried with. Lent for the run. */
struct kit_request {
    enum daybreak_role role;
    const char *name;
    const struct config_node *options; /* mapping; NULL: presets */
    const struct config_node *files;   /* mapping of path to content, made in an empty folder: relative paths of options begin there */
    const struct config_node *columns; /* transforms: mapping of name to type, the first is the key; NULL: the kit's own */
    const struct config_node *rows;    /* transforms: list of mappings; NULL: the kit's own */
    const char *sample;                /* formats: what is read; NULL: the one of the kit's own that gives most rows */
    size_t sample_size;
    bool closed;                       /* formats: an input says itself where it ends, so that a shorter one is CUT */
};

struct kit_result {
    enum kit_verdict verdict;
    char property[24]; /* stable */
    char detail[600];  /* what was tried, what went wrong, why it was skipped */
};

/**
 * kit_read(path, arena, request, findings): the keys options, files, sample, closed, columns, rows of a YAML file into ${request}; what is
 * wrong with it is a finding. kit_option(arena, request, name, value): one option more, in front of those of the file. Everything lives
 * in the arena.
 */
void kit_read(const char *path, struct arena *arena, struct kit_request *request, struct findings *findings);
void kit_option(struct arena *arena, struct kit_request *request, const char *name, const char *value);

/**
 * kit_run(request, each, context, fault): every property of the role, each in a child process of its own that has an empty folder and
 * limits on time, memory and files, so that a module that crashes or hangs fails one property and no more. The module is loaded there
 * alone. Returns the number of properties that failed, -1 when no child can be made.
 */
int kit_run(const struct kit_request *request, void (*each)(void *context, const struct kit_result *result), void *context,
            struct daybreak_fault *fault);

#endif
