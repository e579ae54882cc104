/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a captured batch to its commit. The order is the promise: dead letters provisional, memory journalled, then the target's one
 * commit, then the ledger's. A kill between any two is told apart at the next start by what the target says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "change/memory.h"
#include "engine/before.h"
#include "engine/dead.h"
#include "engine/fate.h"
#include "engine/lookup_files.h"
#include "engine/pipeline.h"
#include "engine/rehearsal.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"
#include "step/contract.h"

static void
envelope_bind(struct pipeline_table *table)
{
    const struct step_plan *plan = &table->plan;
    const struct config_context *context = &table->config->context;
    const char **texts = arena_alloc(plan->arena, (context->related_count + 1) * sizeof *texts);
    uint32_t *related = arena_alloc(plan->arena, (context->related_count + 1) * sizeof *related);

    for (uint32_t i = 0; i < context->related_count; i++) {
        related[i] = plan->related[i].column;
        texts[i] = plan->related[i].text;
    }
    table->envelope = (struct envelope_plan){
        .changed_at = plan->changed_at.column,
        .reason = plan->reason.column,
        .actor = plan->actor.column,
        .reason_text = plan->reason.text,
        .actor_text = plan->actor.text,
        .related = related,
        .related_text = texts,
    };
}

int
land_bind(struct pipeline *p, struct pipeline_table *table, const struct batch_layout *layout, bool names_all, struct daybreak_fault *fault)
{
    struct step_request request = {.table = table->config, .layout = layout, .zone = p->config->source.timezone,
                                   .known = table->layout == NULL ? NULL : &table->plan, .open = !names_all,
                                   .context_open = p->tables > 1, .config = p->config,
                                   .lookups = lookup_files_all(p->lookups)};
    struct contract *contract;
    struct step_plan plan;

    if (table->layout == layout && table->prepared > 0)
        return 0;
    if (step_plan_make(&request, &plan, fault) != 0)
        return fault_within(fault, "table '%s'", table->config->name);
    if (contract_make(&request, &contract, fault) != 0) {
        step_plan_free(&plan);
        return fault_within(fault, "table '%s'", table->config->name);
    }
    contract_free(table->contract);
    table->contract = contract;
    step_plan_free(&table->plan);
    table->plan = plan;
    table->layout = layout;
    envelope_bind(table);
    if (table->prepared != plan.columns) {
        if (sink_prepare(p->sink, table->index, plan.column, plan.columns, fault) != 0)
            return -1;
        table->prepared = plan.columns;
    }
    return 0;
}

static const char *
basis_of(const struct pipeline_table *table, const struct daybreak_input *input)
{
    if (table->envelope.changed_at != UINT32_MAX)
        return lag_basis_name[LAG_SOURCE_TIME];
    if (table->config->capture.method == CONFIG_DIFF)
        return lag_basis_name[LAG_BOUNDED];
    return lag_basis_name[input->time_us != DAYBREAK_NO_TIME ? LAG_NAME_TIME : LAG_FILE_TIME];
}

static void
story_fill(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table, struct batch *batch)
{
    struct daybreak_story *story = &batch->story;

    story->size = sizeof *story;
    story->pipeline = p->config->name;
    story->pipeline_id = p->identity.id;
    story->pipeline_version = p->config->version_digest;
    story->run = p->run;
    story->connector = source_connector(p->source);
    story->source = input->name;
    story->input = arena_printf(batch->arena, "%s %s", p->position.order, p->position.digest);
    story->table = table->config->name;
    story->time_basis = basis_of(table, input);
    story->trace = p->trace;
    story->visible_at = input->visible_at_us;
    if (story->read_at == 0)
        story->read_at = clock_now_us();
    story->ready_at = clock_now_us();
}

/* Lag of each change of the batch, in the unit that the old job is measured in too. */
static void
lag_note_batch(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table,
               struct batch *batch)
{
    bool backlog = input->visible_at_us < p->first_seen_us;
    bool diff = table->config->capture.method == CONFIG_DIFF;
    bool *refused = NULL;

    if (batch->refused_count > 0)
        refused = arena_zero(batch->arena, batch->changes * sizeof *refused);
    for (uint32_t k = 0; k < batch->refused_count; k++)
        refused[batch->refused[k].change] = true;
    for (uint32_t i = 0; i < batch->changes; i++) {
        if (refused != NULL && refused[i])
            continue;
        struct lag_change change = {.changed_at_us = batch->changed_at[i], .visible_at_us = batch->story.visible_at,
                                    .read_at_us = batch->story.read_at, .ready_at_us = batch->story.ready_at,
                                    .loaded_at_us = batch->story.loaded_at, .since_us = DAYBREAK_NO_TIME};

        if (batch->op[i] == 'r')
            change.kind = p->resync ? LAG_RESYNC : LAG_FIRST_LOAD;
        else
            change.kind = p->release ? LAG_RELEASE : backlog ? LAG_BACKLOG : LAG_NORMAL;
        change.basis = LAG_SOURCE_TIME;
        if (change.changed_at_us == DAYBREAK_NO_TIME && diff) {
            change.basis = LAG_BOUNDED;
            change.since_us = p->last_look_us;
        } else if (change.changed_at_us == DAYBREAK_NO_TIME) {
            change.basis = input->time_us != DAYBREAK_NO_TIME ? LAG_NAME_TIME : LAG_FILE_TIME;
            change.changed_at_us = input->time_us;
        }
        lag_set_note(&p->lag, &change);
    }
}

int
land_batch(struct pipeline *p, const struct daybreak_input *input, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline_table *table = &p->table[batch->table];

    story_fill(p, input, table, batch);
    if (batch->changes > 0) {
        /* whether it fits was settled as the input came; what a dead letter kept has only the columns that were not null */
        if (land_bind(p, table, batch->layout, false, fault) != 0)
            return -1;
        batch->out_columns = table->plan.columns;
        batch->out = table->plan.column;
        batch->out_from = table->plan.from;
        batch_type(batch, batch->pick, batch->changes);
        if (step_run(&table->plan, batch, fault) != 0 || fate_settle(p, table, batch, fault) != 0)
            return -1;
        batch->story.ready_at = clock_now_us();
    }
    if (batch->changes > 0) {
        if (batch->has_before && before_show(table->config, &table->plan, batch, fault) != 0)
            return -1;
        envelope_fill(batch, &table->config->context, &table->envelope, p->position.digest);
    }
    rehearsal_batch(p, input, table, batch);
    if (sink_stage(p->sink, batch, fault) != 0)
        return -1;
    if (batch->changes > 0)
        lag_note_batch(p, input, table, batch);
    dead_stopped(p, input, table, batch);
    if (batch->refused_count > 0) {
        struct daybreak_counts *row = sink_row(p->sink);

        if (p->config->sink.refused == CONFIG_REFUSED_STOP) {
            fault_set(fault, DAYBREAK_HALT, "the target refused a record of table '%s': %s: %s", table->config->name,
                      batch->refused[0].rule, batch->refused[0].reason);
            fault_hint(fault, "on_error.refused is 'stop'; 'dead_letter' would set it aside and go on");
            return fault_exit(fault, 78, "refused");
        }
        row->dead += batch->refused_count;
        row->delivered -= batch->refused_count;
        dead_refused(p, input, table, batch);
        fate_refused(table, batch);
    }
    return 0;
}

int
land_withdrawals(struct pipeline *p, struct pipeline_table *table, struct daybreak_fault *fault)
{
    struct change *change = &table->change;

    for (uint32_t i = 0; i < keyset_count(change->gone); i++) {
        struct daybreak_text key;
        int never;

        keyset_get(change->gone, i, &key);
        never = 1;
        if (!keyset_has(change->missed, key.at, key.size))
            never = ledger_dead_undelivered(p->ledger, table->config->name, key.at, key.size, fault);
        if (never < 0)
            return -1;
        if (never > 0)
            keyset_add(change->withdrawn, key.at, key.size);
    }
    return 0;
}

/* More dead letters than a wrong record or two: a wrong mapping must not file a whole dump. */
static int
too_many_dead(struct pipeline *p, struct daybreak_fault *fault)
{
    int64_t read = p->result.counts.read, dead = p->result.new_dead + dead_count(p->letters), limit;

    for (uint32_t i = 0; i < p->sink->rows; i++)
        read += p->sink->row[i].counts.read;
    limit = (int64_t)(p->config->max_dead_share * (double)read);
    if (limit < p->config->max_dead)
        limit = p->config->max_dead;
    if (dead <= limit)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "%lld records of this run would become dead letters, at most %lld may", (long long)dead,
              (long long)limit);
    fault_hint(fault, "is a field's type or a transform wrong? first reason: %s; raise max_dead if they are meant to be set aside",
               dead_first(p->letters) == NULL ? "?" : dead_first(p->letters)->detail);
    return fault_exit(fault, 78, "max-dead");
}

static void
result_take(struct pipeline *p)
{
    for (uint32_t i = 0; i < p->sink->rows; i++) {
        const struct daybreak_batch_row *row = &p->sink->row[i];

        ledger_add(&p->result.counts, &row->counts);
        for (uint32_t t = 0; t < p->tables; t++)
            if (strcmp(p->table[t].config->name, row->story->table) == 0)
                ledger_add(&p->result.table[t], &row->counts);
    }
    p->result.batches += p->sink->rows;
    p->result.new_dead += dead_count(p->letters);
    if (!p->dry_run) /* nothing arrived anywhere */
        lag_set_merge(&p->result.lag, &p->lag);
}

int
land_commit(struct pipeline *p, bool input_end, struct daybreak_fault *fault)
{
    struct text position = {0};
    int64_t last = p->sink->batch + p->sink->rows;
    int result = -1;

    if (p->sink->rows == 0)
        return 0;
    position_write(&p->position, &position);
    dead_rehearse(p);
    if (too_many_dead(p, fault) != 0 || dead_write(p, input_end, fault) != 0)
        goto done;
    for (uint32_t t = 0; t < p->tables; t++)
        if (p->table[t].change.memory != NULL && memory_journal(p->table[t].change.memory, last, fault) != 0)
            goto done;
    CRASH_POINT("land.journalled");
    if (sink_commit(p->sink, text_end(&position), input_end, &p->lag, fault) != 0)
        goto done;
    if (!p->dry_run)
        LOG_INFO("batch landed: pipeline=%s batch=%lld records=%lld lag_ms=%lld", p->config->name, (long long)last,
             (long long)p->sink->staged_changes, (long long)lag_quantile(&p->lag.hop[LAG_END_TO_END], 1.0));
    result_take(p);
    sink_settled(p->sink);
    p->provisional = false;
    for (uint32_t t = 0; t < p->tables; t++)
        change_landed(&p->table[t].change, input_end);
    if (dead_count(p->letters) > 0 && p->sink->follows)
        LOG_WARN("records were set aside: pipeline=%s records=%lu input=%s: %s", p->config->name, (unsigned long)dead_count(p->letters),
                 dead_first(p->letters)->input, dead_first(p->letters)->reason);
    dead_remember(p);
    dead_clear(p->letters);
    lag_set_clear(&p->lag);
    result = 0;
done:
    text_fini(&position);
    return result;
}

void
land_rollback(struct pipeline *p)
{
    sink_rollback(p->sink);
    dead_clear(p->letters);
    lag_set_clear(&p->lag);
}

int
land_forget(struct pipeline *p, struct daybreak_fault *fault)
{
    if (!p->provisional || p->sink->uncertain)
        return 0;
    if (ledger_unlanded(p->ledger, p->config->sink.handoff, p->sink->batch, fault) != 0)
        return -1;
    p->provisional = false;
    return 0;
}
