/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipeline's life in a process: lock, ledger, source, sink, the claim that says where the route stands, and the memory that is
 * folded up to there.
 */
#include "engine/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "change/memory.h"
#include "engine/guard_manifest.h"
#include "engine/lookup_files.h"
#include "engine/rehearsal.h"
#include "engine/dead.h"
#include "engine/ring.h"
#include "engine/route.h"
#include "engine/settle.h"
#include "sink/sink.h"
#include "source/source.h"
#include "step/contract.h"

#define DRY_TRIES 20

void
pipeline_position_load(struct pipeline *p)
{
    arena_reset(p->position_arena);
    if (!position_read(p->sink->position, p->position_arena, &p->position))
        LOG_WARN("the checkpoint's position is not ours, the source is read from its beginning: position=%s",
                 p->sink->position);
}

/* W3C trace context: one trace a run. */
static void
trace_draw(char trace[56])
{
    uint8_t bytes[24];
    char hex[49];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        memset(bytes, 1, sizeof bytes);
    text_hex(bytes, sizeof bytes, hex);
    snprintf(trace, 56, "00-%.32s-%.16s-01", hex, hex + 32);
}

static bool
dead_key(void *context, const char *key, uint32_t size)
{
    keyset_add(context, key, size);
    return true;
}

/* A table that came into the file only now has no memory yet; one that an input finished has. */
static int
memory_needed(struct pipeline *p, const char *table, bool *needed, struct daybreak_fault *fault)
{
    char note[300], *columns;

    *needed = false;
    if (p->resync || p->sink->batch == 0 || p->sink->position[0] == '\0')
        return 0;
    snprintf(note, sizeof note, "columns:%s", table);
    if (ledger_note_get(p->ledger, note, &columns, fault) != 0)
        return -1;
    *needed = columns[0] != '\0';
    free(columns);
    return 0;
}

/* A dry run keeps what does not fit into memory outside of the state. */
static const char *
scratch(void)
{
    const char *folder = getenv("TMPDIR");

    return folder == NULL || folder[0] == '\0' ? "/tmp" : folder;
}

static int
tables_open(struct pipeline *p, struct daybreak_fault *fault)
{
    p->table = memory_zero(p->config->source.table_count * sizeof *p->table);
    for (uint32_t t = 0; t < p->config->source.table_count; t++) {
        struct pipeline_table *table = &p->table[t];
        bool needed;

        table->config = &p->config->source.tables[t];
        table->index = t;
        key_maker_init(&table->keys_ahead, table->config, p->identity.secret);
        key_maker_init(&table->keys, table->config, p->identity.secret);
        p->tables = t + 1;
        if (memory_needed(p, table->config->name, &needed, fault) != 0)
            return -1;
        if (change_open(&table->change, p->config, t, p->state.memory, p->dry_run ? scratch() : NULL, p->sink->batch, needed,
                        fault) != 0)
            return fault_within(fault, "memory of table '%s'", table->config->name);
        table->change.open = step_computes(table->config) || route_home(p->routes) != MEMORY_HOME;
        table->change.taken = route_taken(p->routes);
        if (ledger_dead_keys(p->ledger, table->config->name, dead_key, table->change.dead, fault) != 0)
            return -1;
    }
    return 0;
}

static int
identity_check(struct pipeline *p, struct daybreak_fault *fault)
{
    if (ledger_identity(p->ledger, p->config->name, &p->identity, fault) != 0)
        return -1;
    p->first_seen_us = p->identity.created_at_us;
    if (strcmp(p->identity.name, p->config->name) == 0)
        return 0;
    if (p->was != NULL && strcmp(p->was, p->identity.name) == 0)
        return ledger_rename(p->ledger, p->config->name, fault);
    fault_set(fault, DAYBREAK_HALT, "the state '%s' belongs to pipeline '%s', not to '%s'", p->state.dir, p->identity.name,
              p->config->name);
    fault_hint(fault, "after renaming it: daybreak run --was %s %s", p->identity.name, p->config->path);
    return fault_exit(fault, 78, "other-pipeline");
}

/* Who only looks, by name, finds the file through this note. */
static int
file_note(struct pipeline *p, struct daybreak_fault *fault)
{
    char path[PATH_MAX];

    if (realpath(p->config->path, path) == NULL)
        return 0;
    return ledger_note_set(p->ledger, "file", path, fault);
}

static int
last_look(struct pipeline *p, struct daybreak_fault *fault)
{
    struct ledger_input last = {0};
    int found = ledger_input_last(p->ledger, &last, fault);

    if (found < 0)
        return -1;
    p->last_look_us = found == 0 ? DAYBREAK_NO_TIME
                      : last.time_us != DAYBREAK_NO_TIME ? last.time_us
                                                         : last.visible_at_us;
    ledger_input_fini(&last);
    return 0;
}

/* The state, to be written by this process alone; or what it says, in memory, for a dry run that leaves all as it is. */
static int
state_open(struct pipeline *p, bool *busy, struct daybreak_fault *fault)
{
    char root[PATH_MAX];

    state_root(p->config->dir, root);
    if (state_paths(&p->state, root, p->config->name, fault) != 0)
        return -1;
    if (p->dry_run)
        return ledger_copy(p->state.ledger, &p->ledger, fault);
    if (state_make(&p->state, fault) != 0 || state_lock(&p->state, busy, fault) != 0)
        return -1;
    if (*busy)
        return 0;
    CRASH_POINT("pipeline.locked");
    return ledger_open(p->state.ledger, true, &p->ledger, fault);
}

static int
open_once(const struct config *config, const struct pipeline_options *options, struct pipeline **out, bool *busy,
          struct daybreak_fault *fault)
{
    struct pipeline *p = memory_zero(sizeof *p);

    *busy = false;
    *out = NULL;
    p->config = config;
    p->stop = options->stop;
    p->was = options->was;
    p->resync = options->resync;
    p->dry_run = options->dry_run;
    p->limit = p->limit_left = options->limit;
    p->progress = options->progress;
    p->state.lock = -1;
    p->arena = arena_new();
    p->position_arena = arena_new();
    p->letters = dead_new();
    result_init(&p->result, config->name, config->source.table_count);
    p->result.handoff = config->sink.handoff;
    for (uint32_t t = 0; t < config->source.table_count; t++)
        p->result.table_name[t] = config->source.tables[t].name;
    trace_draw(p->trace);
    if (state_open(p, busy, fault) != 0)
        goto fail;
    if (*busy) {
        pipeline_close(p);
        return 0;
    }
    if (identity_check(p, fault) != 0 ||
        ledger_run_begin(p->ledger, options->mode, config->version_digest, p->run, fault) != 0)
        goto fail;
    if (file_note(p, fault) != 0)
        goto fail;
    snprintf(p->result.run, sizeof p->result.run, "%s", p->run);
    if (source_open(config, p->stop, &p->source, fault) != 0 || sink_open(config, p->stop, &p->sink, fault) != 0)
        goto fail;
    p->lookups = lookup_files_new(config, p->stop);
    p->sink->follows = strcmp(options->mode, "follow") == 0;
    p->sink->rehearses = p->dry_run;
    CRASH_POINT("pipeline.before-claim");
    if (sink_claim(p->sink, p->ledger, &p->identity, options->was, options->resync, fault) != 0) {
        fault_within(fault, "sink");
        goto fail;
    }
    CRASH_POINT("pipeline.claimed");
    pipeline_position_load(p);
    if (route_open(p->ledger, config->sink.handoff, &p->routes, fault) != 0 || tables_open(p, fault) != 0 || settle_again(p, fault) != 0 || last_look(p, fault) != 0)
        goto fail;
    p->ring = ring_new();
    rehearsal_begin(p);
    *out = p;
    return 0;

fail:
    result_status(&p->result, fault_status(fault), fault);
    pipeline_close(p);
    return -1;
}

int
pipeline_open(const struct config *config, const struct pipeline_options *options, struct pipeline **out, bool *busy,
              struct daybreak_fault *fault)
{
    for (int tries = 1;; tries++) {
        const struct timespec pause = {.tv_nsec = 100000000};
        struct state state;
        char root[PATH_MAX];

        if (open_once(config, options, out, busy, fault) == 0)
            return 0;
        state_root(config->dir, root);
        /* a dry run reads ledger, target and memory one after the other, while the run that holds the lock may move all three */
        if (!options->dry_run || tries == DRY_TRIES || (options->stop != NULL && *options->stop) ||
            state_paths(&state, root, config->name, &(struct daybreak_fault){0}) != 0 || !state_running(&state))
            return -1;
        nanosleep(&pause, NULL);
        memset(fault, 0, sizeof *fault);
    }
}

void
pipeline_close(struct pipeline *p)
{
    if (p == NULL)
        return;
    ring_free(p->ring);
    for (uint32_t t = 0; t < p->tables; t++) {
        change_close(&p->table[t].change);
        step_plan_free(&p->table[t].plan);
        contract_free(p->table[t].contract);
        key_maker_fini(&p->table[t].keys_ahead);
        key_maker_fini(&p->table[t].keys);
        free(p->table[t].known_note);
    }
    free(p->table);
    if (p->sink != NULL) {
        struct daybreak_fault fault = {0};

        if (sink_end(p->sink, &fault) != 0)
            LOG_ERROR("cannot end the run's files: pipeline=%s: %s", p->config->name, fault.what);
    }
    sink_close(p->sink);
    source_close(p->source);
    lookup_files_free(p->lookups);
    if (p->ledger != NULL && p->run[0] != '\0') {
        struct daybreak_fault fault = {0};
        struct text out = {0};
        struct json json;

        json_init(&json, &out, false);
        result_json(&p->result, &json, NULL);
        if (ledger_run_end(p->ledger, p->run, p->result.status, text_end(&out), &fault) != 0)
            LOG_WARN("cannot record the end of the run: run=%s: %s", p->run, fault.what);
        text_fini(&out);
    }
    ledger_close(p->ledger);
    state_unlock(&p->state);
    dead_free(p->letters);
    route_close(p->routes);
    result_fini(&p->result);
    arena_free(p->position_arena);
    arena_free(p->arena);
    free(p);
}

/* What is made when it is asked for may be again what it was two runs ago, and then that is the newest. Taken: what waits for a person, was
 * rejected by one, or is what was applied last. */
static int
live_again(struct pipeline *p, const struct daybreak_input *input, const char *state, int *taken, struct daybreak_fault *fault)
{
    struct ledger_input last = {0};
    int found;

    if (strcmp(state, "held") == 0 || strcmp(state, "rejected") == 0)
        return 0;
    found = ledger_input_last(p->ledger, &last, fault);
    if (found < 0)
        return -1;
    *taken = found == 1 && strcmp(last.fingerprint, input->fingerprint) == 0;
    if (*taken && !p->dry_run) {
        p->result.inputs++;
        p->result.repeated_inputs++;
        p->last_look_us = input->visible_at_us;
    }
    ledger_input_fini(&last);
    return 0;
}

int
pipeline_look(struct pipeline *p, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
              struct daybreak_fault *fault)
{
    if (p->unsettled && settle_again(p, fault) != 0)
        return -1;
    p->unsettled = false;
    for (;;) {
        char state[16];
        bool awaited;
        int taken;

        if (source_look(p->source, input, wait, next, fault) != 0)
            return -1;
        if (*next != DAYBREAK_MORE)
            return 0;
        taken = ledger_input_taken(p->ledger, input->name, input->fingerprint, state, fault);
        if (taken < 0)
            return -1;
        if (taken == 1 && (source_abilities(p->source) & DAYBREAK_LIVE) && live_again(p, input, state, &taken, fault) != 0)
            return -1;
        if (taken == 0 && guard_manifest_awaited(p, input, &awaited, fault) != 0)
            return -1;
        if (taken == 0 && awaited) { /* nor does anything overtake it: the look ends, and begins anew */
            while (*next == DAYBREAK_MORE)
                if (source_look(p->source, input, wait, next, fault) != 0)
                    return -1;
            wait->unsettled++;
            return 0;
        }
        if (taken == 0)
            return 0;
        if (p->dry_run || (strcmp(state, "done") != 0 && strcmp(state, "repeated") != 0))
            source_abandon(p->source);
        else if (source_finish(p->source, fault) != 0) /* it may be that a life ended before this */
            return -1;
    }
}
