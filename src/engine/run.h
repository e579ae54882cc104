/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "engine/pipeline.h"

/* What a run was asked to do. */
struct run_request {
    const struct config *const *config;
    uint32_t count;
    bool follow, resync, dry_run, skip_if_running;
    int64_t limit;              /* at most so many rows a pipeline; 0: all */
    int64_t inputs;             /* at most so many inputs a pipeline; 0: all */
    const char *was;
    const char *mode;           /* run | follow | resync | decide */
    void (*progress)(struct pipeline *pipeline, const struct daybreak_input *input, int64_t bytes, int64_t rows);
    void (*ended)(void *context, const struct result *result); /* once a pipeline, with what it did */
    /* follower: once an input (or a failure) is settled, with the result so far */
    void (*told)(void *context, const struct result *result);
    void *context;
};

/** run_pass(request, fault): one pass over all pipelines, inputs in time order across them, or with ${follow} a life until SIGTERM.
 * Returns the exit status; results are given to request->ended. */
int run_pass(const struct run_request *request);

/** run_signals(): SIGTERM and SIGINT ask a run to end between two commits; a second one ends the process at once. */
void run_signals(void);
bool run_stopping(void);

#endif
