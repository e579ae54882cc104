/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESULT_H
#define ENGINE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "daybreak/connector.h"
#include "ledger/hops.h"

struct arena;
struct rehearsal;

/* An input that waits for a person, as `run --json` tells it. */
struct result_held {
    int64_t id;
    const char *input, *reason, *guard;
    bool part;                   /* rows of it landed before it was found bad, and stay */
    bool cut;                    /* of a first load: there is nothing to decide, the next good input is compared with them */
    struct result_held *next;
};

/* What one run did with one pipeline: the `result` of `run --json`. */
struct result {
    struct arena *arena;
    const char *pipeline;
    char run[40];
    int64_t inputs, repeated_inputs, batches;
    struct daybreak_counts counts;
    const char **table_name;
    const char **handoff_table;
    struct daybreak_counts *table;
    uint32_t tables;
    const char *handoff;
    int64_t started_ms;
    double seconds;
    const char *checkpoint;
    struct lag_set lag;
    struct result_held *held;
    int64_t new_dead;
    bool balanced, late, nothing_matched;
    int status;                  /* exit status so far: result_status folds */
    struct daybreak_fault fault; /* of the worst status */
    struct rehearsal *rehearsal; /* of a dry run: what it would have done; NULL of all others */
};

void result_init(struct result *result, const char *pipeline, uint32_t tables);
void result_fini(struct result *result);
/** result_status(result, status, fault): the first of 70, 78, 74, 73, 69, 77, 75, 4, 66, 3 that applies stays. ${fault} may be NULL. */
void result_status(struct result *result, int status, const struct daybreak_fault *fault);
/** result_worse(a, b): which of two exit statuses is told. */
int result_worse(int a, int b);
struct result_held *result_hold(struct result *result, int64_t id, const char *input, const char *guard, const char *reason);
/** result_counts_json(counts, json): every count by its name, into the object that is open. */
void result_counts_json(const struct daybreak_counts *counts, struct json *json);
/** result_json(result, json, name): the object of DESIGN 11. */
void result_json(const struct result *result, struct json *json, const char *name);

#endif
