/* SPDX-License-Identifier: Apache-2.0 */
/* What a run has to say for itself. */
#include "engine/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "engine/rehearsal.h"
#include "ledger/ledger.h"

void
result_init(struct result *result, const char *pipeline, uint32_t tables)
{
    memset(result, 0, sizeof *result);
    result->arena = arena_new();
    result->pipeline = pipeline;
    result->tables = tables;
    result->table_name = arena_zero(result->arena, (tables + 1) * sizeof *result->table_name);
    result->table = arena_zero(result->arena, (tables + 1) * sizeof *result->table);
    result->counts.size = sizeof result->counts;
    result->started_ms = clock_steady_ms();
    result->balanced = true;
}

void
result_fini(struct result *result)
{
    arena_free(result->arena);
}

int
result_worse(int a, int b)
{
    static const int order[] = {70, 78, 74, 73, 69, 77, 75, 4, 66, 3};

    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return a != 0 ? a : b;
}

void
result_status(struct result *result, int status, const struct daybreak_fault *fault)
{
    int worse = result_worse(result->status, status);

    if (fault != NULL && (worse != result->status || result->fault.kind == DAYBREAK_NO_FAULT))
        result->fault = *fault;
    result->status = worse;
}

struct result_held *
result_hold(struct result *result, int64_t id, const char *input, const char *guard, const char *reason)
{
    struct result_held *held = arena_zero(result->arena, sizeof *held), **end = &result->held;

    held->id = id;
    held->input = arena_text(result->arena, input);
    held->guard = arena_text(result->arena, guard);
    held->reason = arena_text(result->arena, reason);
    while (*end != NULL)
        end = &(*end)->next;
    *end = held;
    return held;
}

void
result_counts_json(const struct daybreak_counts *counts, struct json *json)
{
    json_int(json, "read", counts->read);
    json_int(json, "unchanged", counts->unchanged);
    json_int(json, "repeated", counts->repeated);
    json_int(json, "captured", counts->captured);
    json_int(json, "created", counts->created);
    json_int(json, "updated", counts->updated);
    json_int(json, "deleted", counts->deleted);
    json_int(json, "loaded", counts->loaded);
    json_int(json, "absent", counts->absent);
    json_int(json, "invalid", counts->invalid);
    json_int(json, "copied", counts->copied);
    json_int(json, "filtered", counts->filtered);
    json_int(json, "delivered", counts->delivered);
    json_int(json, "held", counts->held);
    json_int(json, "waiting", counts->waiting);
    json_int(json, "dead", counts->dead);
    json_object(json, "closed");
    json_int(json, "rejected", counts->rejected);
    json_int(json, "expired", counts->expired);
    json_int(json, "dropped", counts->dropped);
    json_int(json, "superseded", counts->superseded);
    json_int(json, "withdrawn", counts->withdrawn);
    json_int(json, "healed", counts->healed);
    json_close(json);
}

/* The run's lag from end to end over its delivered normal changes; null figures where there are none. */
static void
lag_json(const struct lag_set *lag, struct json *json)
{
    static const struct { const char *name; double quantile; } at[] = {{"p50", 0.50}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1.0}};
    const struct lag *hop = &lag->hop[LAG_END_TO_END];
    enum lag_basis basis = lag_set_basis(lag);
    int64_t n = lag_count(hop);

    json_object(json, "lag_ms");
    json_text(json, "basis", basis == LAG_BASES ? NULL : lag_basis_name[basis]);
    json_int(json, "n", n);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++)
        if (n == 0)
            json_null(json, at[i].name);
        else
            json_int(json, at[i].name, lag_quantile(hop, at[i].quantile));
    json_int(json, "backlog", lag->kind[LAG_BACKLOG]);
    json_close(json);
}

void
result_json(const struct result *result, struct json *json, const char *name)
{
    char id[24] = "I";

    json_object(json, name);
    json_text(json, "pipeline", result->pipeline);
    json_text(json, "run", result->rehearsal == NULL ? result->run : NULL);
    json_int(json, "inputs", result->inputs);
    json_int(json, "repeated_inputs", result->repeated_inputs);
    result_counts_json(&result->counts, json);
    json_int(json, "batches", result->batches);
    json_real(json, "seconds", result->seconds);
    json_text(json, "checkpoint", result->checkpoint);
    lag_json(&result->lag, json);
    json_array(json, "tables");
    for (uint32_t t = 0; t < result->tables; t++) {
        json_object(json, NULL);
        json_text(json, "name", result->table_name[t]);
        result_counts_json(&result->table[t], json);
        json_close(json);
    }
    json_close(json);
    json_array(json, "handoffs");
    json_object(json, NULL);
    json_text(json, "name", result->handoff);
    json_int(json, "delivered", result->counts.delivered);
    json_int(json, "held", result->counts.held);
    json_int(json, "waiting", result->counts.waiting);
    json_int(json, "dead", result->counts.dead);
    json_close(json);
    json_close(json);
    json_array(json, "held_inputs");
    for (const struct result_held *held = result->held; held != NULL; held = held->next) {
        id[1 + text_number(held->id, id + 1)] = '\0';
        json_object(json, NULL);
        json_text(json, "id", held->id > 0 ? id : NULL); /* a dry run files nothing */
        json_text(json, "input", held->input);
        json_text(json, "guard", held->guard);
        json_text(json, "reason", held->reason);
        json_close(json);
    }
    json_close(json);
    json_bool(json, "balanced", result->balanced);
    if (result->rehearsal != NULL)
        rehearsal_json(result, json);
    json_close(json);
}
