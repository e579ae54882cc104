/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows land. The order of every landing: dead letters provisional (engine), memory journalled (engine), intent for loads
 * without transactions, the target's commit, then the ledger's. Whatever is interrupted is told by the target at the next claim.
 */
#include "sink/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/text.h"
#include "connector/instance.h"
#include "ledger/ledger.h"
#include "record/batch.h"
#include "sink/intent.h"

#define INTENT_NOTE "intent"

int
sink_open(const struct config *config, volatile int *stop, struct sink **out, struct daybreak_fault *fault)
{
    struct sink *sink = memory_zero(sizeof *sink);
    struct instance_request request = {
        .role = DAYBREAK_LOAD, .name = config->sink.load.type, .node = config->sink.load.node,
        .ignore = config_sink_keys, .file = config->path, .base_dir = config->dir, .stop = stop};

    sink->config = config;
    sink->settings = &config->sink;
    if (instance_open(&request, &sink->load, fault) != 0) {
        free(sink);
        return -1;
    }
    sink->targets = config->source.table_count;
    sink->target = memory_zero(sink->targets * sizeof *sink->target);
    sink->pending = arena_new();
    *out = sink;
    return 0;
}

void
sink_close(struct sink *sink)
{
    if (sink == NULL)
        return;
    instance_close(sink->load);
    for (uint32_t i = 0; i < sink->targets; i++) {
        free((void *)sink->target[i].column);
        free((void *)sink->target[i].table);
    }
    free(sink->target);
    arena_free(sink->pending);
    free(sink->row);
    free(sink->position);
    free(sink);
}

uint32_t
sink_abilities(const struct sink *sink)
{
    return sink->load->type->abilities;
}

bool
sink_transactional(const struct sink *sink)
{
    return (sink->load->type->abilities & DAYBREAK_TRANSACTIONAL) != 0;
}

const char *
sink_connector(const struct sink *sink)
{
    return sink->load->type->name;
}

void
sink_table_name(const struct config *config, uint32_t table, char name[256])
{
    const char *written = config->sink.table, *from = config->source.tables[table].name;
    struct text out = {0};

    if (written == NULL)
        written = config->source.tables_named ? "{table}" : config->name;
    while (*written != '\0') {
        if (strncmp(written, "{table}", 7) == 0) {
            text_put(&out, from);
            written += 7;
        } else {
            text_char(&out, *written++);
        }
    }
    snprintf(name, 256, "%s", text_end(&out));
    text_fini(&out);
}

/* Batches the target has and the ledger has not: the crash was between the two commits. */
struct rebuild {
    struct sink *sink;
    struct daybreak_fault *fault;
    int result;
};

static bool
rebuild_row(void *context, const struct daybreak_batch_row *row)
{
    struct rebuild *rebuild = context;
    struct sink *sink = rebuild->sink;

    rebuild->result = ledger_count(sink->ledger, sink->settings->handoff, NULL, row, 1, NULL, rebuild->fault);
    return rebuild->result == 0;
}

static int
ledger_catch_up(struct sink *sink, int64_t known, struct daybreak_fault *fault)
{
    struct rebuild rebuild = {.sink = sink, .fault = fault};
    struct daybreak_batch_row *row;
    struct arena *arena;
    uint32_t rows;
    char *note;

    if (ledger_unlanded(sink->ledger, sink->settings->handoff, sink->batch, fault) != 0)
        return -1;
    if (known >= sink->batch)
        return 0;
    if (sink_transactional(sink) && sink->load->type->audit != NULL) {
        if (sink->load->type->audit(sink->load->self, sink->pipeline_id, rebuild_row, &rebuild, fault) != 0)
            return -1;
        return rebuild.result;
    }
    if (ledger_note_get(sink->ledger, INTENT_NOTE, &note, fault) != 0)
        return -1;
    arena = arena_new();
    if (intent_read(note, strlen(note), arena, &row, &rows) == 0)
        for (uint32_t i = 0; i < rows && rebuild.result == 0; i++)
            if (row[i].story->batch <= sink->batch)
                rebuild_row(&rebuild, &row[i]);
    arena_free(arena);
    free(note);
    return rebuild.result;
}

/* State and target tell different stories: one of them was lost, replaced or restored. */
static int
disagree(const struct sink *sink, const struct daybreak_checkpoint *now, const struct ledger_checkpoint *cached,
         struct daybreak_fault *fault)
{
    if (!now->found && cached->found && cached->batch > 0) {
        fault_set(fault, DAYBREAK_HALT, "the target knows nothing of pipeline '%s', but its state says that batch %lld landed",
                  sink->config->name, (long long)cached->batch);
        fault_hint(fault, "was the target replaced or restored? `daybreak run --resync` compares source and target");
        return fault_exit(fault, 78, "target-lost");
    }
    if (now->batch < cached->batch) {
        fault_set(fault, DAYBREAK_HALT, "the target stands at batch %lld, the state at %lld: the target is older than its state",
                  (long long)now->batch, (long long)cached->batch);
        fault_hint(fault, "was the target restored from a copy? `daybreak run --resync` compares source and target");
        return fault_exit(fault, 78, "target-older");
    }
    return 0;
}

/* From here on both count alike again. */
static int
agree_anew(struct sink *sink, const struct ledger_checkpoint *cached, struct daybreak_fault *fault)
{
    char number[24];

    /* whatever the target has of batches that the ledger does not count: it is compared anew, and what was set aside is set aside again */
    if (ledger_unlanded(sink->ledger, sink->settings->handoff, cached->batch, fault) != 0)
        return -1;
    if (sink->batch == cached->batch)
        return 0;
    if (sink->batch < cached->batch)
        sink->batch = cached->batch;
    snprintf(number, sizeof number, "%lld", (long long)sink->batch);
    return ledger_note_set(sink->ledger, SINK_VERIFY_AFTER, number, fault);
}

int
sink_claim(struct sink *sink, struct ledger *ledger, const struct ledger_identity *identity, const char *was,
           bool resync, struct daybreak_fault *fault)
{
    struct ledger_checkpoint cached = {0}, settled;
    struct daybreak_checkpoint now = {.size = sizeof now, .position = ""}, state;
    struct daybreak_claim claim = {.size = sizeof claim, .pipeline = sink->config->name, .pipeline_id = identity->id,
                                   .handoff = sink->settings->handoff, .read_only = sink->rehearses, .rehearses = sink->rehearses,
                                   .was = was == NULL && resync ? sink->config->name : was};
    int result = -1;

    sink->ledger = ledger;
    sink->pipeline_id = identity->id;
    if (ledger_checkpoint_get(ledger, sink->settings->handoff, &cached, fault) != 0)
        return -1;
    state = (struct daybreak_checkpoint){.size = sizeof state, .epoch = cached.epoch, .released = cached.released,
                                         .batch = cached.batch, .found = cached.found,
                                         .position = cached.position == NULL ? "" : cached.position};
    claim.state = &state;
    claim.state_mark = cached.intended_mark != NULL ? cached.intended_mark : cached.state_mark;
    if (sink->load->type->claim(sink->load->self, &claim, &now, fault) != 0)
        goto done;
    free(sink->position);
    sink->position = memory_text(now.position == NULL ? "" : now.position);
    sink->epoch = now.epoch;
    sink->released = now.released;
    sink->batch = now.batch;
    sink->first_run = !now.found;
    if (resync ? agree_anew(sink, &cached, fault) != 0
               : disagree(sink, &now, &cached, fault) != 0 || ledger_catch_up(sink, cached.batch, fault) != 0)
        goto done;
    settled = (struct ledger_checkpoint){
        .found = true, .epoch = now.epoch, .released = now.released, .batch = sink->batch,
        .committed_at_us = cached.committed_at_us, .position = sink->position,
        .state_mark = sink_transactional(sink) || sink->rehearses ? NULL : (char *)sink->load->type->state_mark(sink->load->self)};
    result = ledger_checkpoint_put(ledger, sink->settings->handoff, &settled, fault);
done:
    ledger_checkpoint_fini(&cached);
    return result;
}

int
sink_prepare(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns,
             struct daybreak_fault *fault)
{
    struct daybreak_target *target = &sink->target[table];
    struct daybreak_column *copy = memory_need((columns + 1) * sizeof *copy);
    char name[256];

    memcpy(copy, column, columns * sizeof *copy);
    free((void *)target->column);
    free((void *)target->table);
    sink_table_name(sink->config, table, name);
    *target = (struct daybreak_target){
        .size = sizeof *target, .table = memory_text(name), .column = copy, .columns = columns,
        .write = sink->settings->write, .existing = sink->settings->existing, .history = sink->settings->history,
        .envelope = sink->settings->envelope, .mark_deletes = sink->settings->mark_deletes,
        .first_run = sink->first_run, .keep_ms = sink->settings->keep_ms,
        .prefix = sink->settings->prefix == NULL ? "" : sink->settings->prefix, .done = sink->settings->done};
    for (uint32_t i = 0; i < sink->targets; i++)
        if (sink->target[i].column == NULL)
            sink->target[i].table = sink->target[i].table == NULL ? memory_text("") : sink->target[i].table;
    return sink->load->type->prepare(sink->load->self, sink->target, sink->targets, fault);
}

int
sink_look(struct sink *sink, struct ledger *ledger, const struct ledger_identity *identity, struct daybreak_fault *fault)
{
    struct daybreak_checkpoint now = {.size = sizeof now, .position = ""}, state = {.size = sizeof state, .position = ""};
    struct daybreak_claim claim = {.size = sizeof claim, .pipeline = sink->config->name, .pipeline_id = identity->id,
                                   .handoff = sink->settings->handoff, .state = &state, .read_only = true};

    sink->ledger = ledger;
    sink->pipeline_id = identity->id;
    if (sink->load->type->claim(sink->load->self, &claim, &now, fault) != 0)
        return -1;
    sink->batch = now.batch;
    sink->first_run = !now.found;
    return 0;
}

int
sink_audit(struct sink *sink, daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    return sink->load->type->audit(sink->load->self, sink->pipeline_id, each, context, fault);
}

int
sink_find(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns,
          const struct daybreak_text *key, char **json, struct daybreak_fault *fault)
{
    *json = NULL;
    if (!(sink_abilities(sink) & DAYBREAK_READS_BACK))
        return 0;
    if (sink_prepare(sink, table, column, columns, fault) != 0)
        return -1;
    return sink->load->type->find(sink->load->self, table, key, json, fault);
}

int
sink_older(struct sink *sink, uint32_t table, const struct daybreak_column *column, uint32_t columns, int64_t *rows,
           struct daybreak_fault *fault)
{
    *rows = -1;
    if (sink->load->type->older == NULL)
        return 0;
    if (sink_prepare(sink, table, column, columns, fault) != 0)
        return -1;
    return sink->load->type->older(sink->load->self, table, sink->config->version_digest, rows, fault);
}

static const char *
keep(struct sink *sink, const char *text)
{
    return text == NULL ? NULL : arena_text(sink->pending, text);
}

/* The batch itself is used again; what the commit tells of it is kept. */
static void
row_keep(struct sink *sink, const struct batch *batch)
{
    struct daybreak_story *story = arena_alloc(sink->pending, sizeof *story);
    const struct daybreak_story *from = &batch->story;

    if (sink->rows == sink->room) {
        sink->room = sink->room == 0 ? 16 : sink->room * 2;
        sink->row = memory_grow(sink->row, sink->room * sizeof *sink->row);
    }
    *story = *from;
    story->pipeline = keep(sink, from->pipeline);
    story->pipeline_id = keep(sink, from->pipeline_id);
    story->pipeline_version = keep(sink, from->pipeline_version);
    story->handoff = keep(sink, from->handoff);
    story->run = keep(sink, from->run);
    story->connector = keep(sink, from->connector);
    story->source = keep(sink, from->source);
    story->input = keep(sink, from->input);
    story->part = keep(sink, from->part == NULL ? "" : from->part);
    story->table = keep(sink, from->table);
    story->time_basis = keep(sink, from->time_basis);
    story->trace = keep(sink, from->trace);
    sink->row[sink->rows++] =
        (struct daybreak_batch_row){.size = sizeof *sink->row, .story = story, .first = keep(sink, batch->first),
                                    .last = keep(sink, batch->last), .changes = batch->changes, .counts = batch->counts};
}

int
sink_stage(struct sink *sink, struct batch *batch, struct daybreak_fault *fault)
{
    if (sink->uncertain) {
        fault_set(fault, DAYBREAK_HALT, "what became of the last commit is not known");
        fault_hint(fault, "run again: the next start asks the target");
        return fault_exit(fault, 74, "commit-uncertain");
    }
    batch->story.batch = sink->batch + sink->rows + 1;
    batch->story.handoff = sink->settings->handoff;
    batch->story.loaded_at = clock_now_us();
    if (batch->changes > 0) {
        sink->open = !sink->rehearses;
        if (sink->open && sink->load->type->stage(sink->load->self, batch->table, batch_face(batch), fault) != 0)
            return fault_within(fault, "writing table '%s'", sink->target[batch->table].table);
    }
    row_keep(sink, batch);
    sink->staged_changes += batch->changes;
    return 0;
}

struct daybreak_counts *
sink_row(struct sink *sink)
{
    return &sink->row[sink->rows - 1].counts;
}

void
sink_rollback(struct sink *sink)
{
    if ((sink->open || sink->rows > 0) && !sink->rehearses)
        sink->load->type->rollback(sink->load->self);
    sink_settled(sink);
}

/* One ledger transaction between the two halves of the load's commit. With it the commit has happened: what is then left to do
 * the next claim does, too. A load that cannot say what its commit will leave gets the note alone. */
static int
intend(struct sink *sink, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    const struct daybreak_connector *load = sink->load->type;
    const char *mark = NULL;
    struct text note = {0};
    int result = -1;

    if (load->intend != NULL && load->intend(sink->load->self, commit, &mark, fault) != 0)
        return -1;
    intent_write(sink->row, sink->rows, &note);
    CRASH_POINT("sink.before-intend");
    if (ledger_provisional_begin(sink->ledger, fault) == 0) {
        if (ledger_note_set(sink->ledger, INTENT_NOTE, text_end(&note), fault) == 0 &&
            (mark == NULL || ledger_checkpoint_intend(sink->ledger, sink->settings->handoff, mark, fault) == 0))
            result = ledger_provisional_commit(sink->ledger, fault);
        else
            ledger_provisional_drop(sink->ledger);
    }
    text_fini(&note);
    return result;
}

/* Did it land? A fault that says RETRY has changed nothing, unless the commit had ${begun} to count. All else is told by the target, at
 * the next start; until then what was written down for the commit stays as it is. */
static int
not_known(struct sink *sink, int64_t batch, bool begun, struct daybreak_fault *fault)
{
    sink->uncertain = begun || fault->kind != DAYBREAK_RETRY;
    if (sink->uncertain)
        fault->kind = DAYBREAK_HALT;
    return fault_within(fault, "committing batch %lld", (long long)batch);
}

int
sink_commit(struct sink *sink, const char *position, bool input_end, const struct lag_set *lags,
            struct daybreak_fault *fault)
{
    struct daybreak_commit commit = {
        .size = sizeof commit, .old_position = sink->position, .new_position = position, .epoch = sink->epoch,
        .released_old = sink->released, .released_new = sink->released, .batch = sink->row, .batches = sink->rows,
        .input_end = input_end, .run = sink->rows == 0 ? "" : sink->row[sink->rows - 1].story->run,
        .file_end = input_end && sink->follows};
    struct ledger_checkpoint checkpoint;
    int64_t batch = sink->batch + sink->rows;
    const char *mark = NULL;

    if (sink->rows == 0)
        return 0;
    if (!sink_transactional(sink) && !sink->rehearses && intend(sink, &commit, fault) != 0)
        return not_known(sink, batch, false, fault);
    CRASH_POINT("sink.before-commit");
    if (!sink->rehearses && sink->load->type->commit(sink->load->self, &commit, fault) != 0)
        return not_known(sink, batch, !sink_transactional(sink), fault);
    CRASH_POINT("sink.committed");
    free(sink->position);
    sink->position = memory_text(position);
    sink->batch = batch;
    sink->committed_at_us = clock_now_us();
    if (!sink_transactional(sink) && !sink->rehearses)
        mark = sink->load->type->state_mark(sink->load->self);
    checkpoint = (struct ledger_checkpoint){.found = true, .epoch = sink->epoch, .released = sink->released, .batch = batch,
                                            .committed_at_us = sink->committed_at_us, .position = sink->position,
                                            .state_mark = (char *)mark};
    if (ledger_count(sink->ledger, sink->settings->handoff, &checkpoint, sink->row, sink->rows, lags, fault) != 0)
        return not_known(sink, batch, true, fault);
    CRASH_POINT("sink.counted");
    sink->at_end = input_end && !sink->follows;
    return 0;
}

int
sink_end(struct sink *sink, struct daybreak_fault *fault)
{
    const struct daybreak_connector *load = sink->load->type;
    struct daybreak_commit commit = {
        .size = sizeof commit, .old_position = sink->position, .new_position = sink->position, .epoch = sink->epoch,
        .released_old = sink->released, .released_new = sink->released, .input_end = true, .run = "", .file_end = true};
    struct ledger_checkpoint checkpoint;
    const char *mark;

    if (!sink->at_end || sink->uncertain || sink->rehearses || load->intend == NULL) /* nothing may be said of a commit that is not known */
        return 0;
    sink->at_end = false;
    if (load->intend(sink->load->self, &commit, &mark, fault) != 0)
        return fault_within(fault, "ending the run");
    if (mark == NULL)
        return 0;
    if (ledger_checkpoint_intend(sink->ledger, sink->settings->handoff, mark, fault) != 0)
        return -1;
    CRASH_POINT("sink.before-end");
    if (load->commit(sink->load->self, &commit, fault) != 0)
        return fault_within(fault, "ending the run");
    CRASH_POINT("sink.ended");
    checkpoint = (struct ledger_checkpoint){.found = true, .epoch = sink->epoch, .released = sink->released, .batch = sink->batch,
                                            .committed_at_us = sink->committed_at_us, .position = sink->position,
                                            .state_mark = (char *)load->state_mark(sink->load->self)};
    return ledger_checkpoint_put(sink->ledger, sink->settings->handoff, &checkpoint, fault);
}

void
sink_settled(struct sink *sink)
{
    sink->open = false;
    sink->rows = 0;
    sink->staged_changes = 0;
    arena_reset(sink->pending);
}
