/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pipeline stands, from its ledger alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/view.h"

static bool
last_run(void *context, const struct ledger_run *run)
{
    struct view_status *status = context;

    status->ran = true;
    snprintf(status->run, sizeof status->run, "%s", run->run);
    snprintf(status->run_state, sizeof status->run_state, "%s", run->state);
    snprintf(status->mode, sizeof status->mode, "%s", run->mode);
    status->started_at_us = run->started_at_us;
    status->ended_at_us = run->ended_at_us;
    status->run_status = run->status;
    return false;
}

static bool
held_input(void *context, const struct ledger_input *input)
{
    struct view_status *status = context;

    if (status->held_inputs++ == 0) {
        status->held_id = input->id;
        status->oldest_held_us = input->visible_at_us;
        snprintf(status->held_input, sizeof status->held_input, "%s", input->name);
        snprintf(status->held_reason, sizeof status->held_reason, "%s", input->reason == NULL ? "" : input->reason);
    }
    return true;
}

struct versions {
    struct view_status *status;
    const char *now;
};

static bool
batch_version(void *context, const struct daybreak_batch_row *row)
{
    struct versions *versions = context;

    if (row->story->pipeline_version != NULL && strcmp(row->story->pipeline_version, versions->now) != 0)
        versions->status->older_changes += row->changes;
    return true;
}

/* A table is as old as the last look that proved it complete, or as the oldest thing that is known and has not landed. */
static void
age(struct view_status *status)
{
    status->as_of_us = status->last_input_us;
    if (status->last_input_us == DAYBREAK_NO_TIME)
        return;
    if (status->held_inputs > 0 && status->oldest_held_us < status->as_of_us)
        status->as_of_us = status->oldest_held_us;
    if (status->dead > 0 && status->oldest_dead_us < status->as_of_us)
        status->as_of_us = status->oldest_dead_us;
}

int
view_status(struct view *view, struct view_status *status, struct daybreak_fault *fault)
{
    struct ledger_checkpoint checkpoint = {0};
    struct ledger_input last = {0};
    int found;

    memset(status, 0, sizeof *status);
    status->run_status = -1;
    status->balanced = true;
    status->as_of_us = status->last_input_us = status->last_ended_us = DAYBREAK_NO_TIME;
    status->totals.size = sizeof status->totals;
    status->running = view_running(view);
    if (view->ledger == NULL)
        return 0;
    if (ledger_runs(view->ledger, 1, last_run, status, fault) != 0 ||
        ledger_totals(view->ledger, &status->totals, fault) != 0 ||
        ledger_dead_count(view->ledger, &status->dead, &status->oldest_dead_us, fault) != 0 ||
        ledger_inputs(view->ledger, "held", held_input, status, fault) != 0)
        return -1;
    status->balanced = ledger_balanced(&status->totals, status->unbalanced);
    found = ledger_input_last(view->ledger, &last, fault);
    if (found < 0)
        return -1;
    if (found == 1) {
        snprintf(status->last_input, sizeof status->last_input, "%s", last.name);
        status->last_input_us = last.time_us != DAYBREAK_NO_TIME ? last.time_us : last.visible_at_us;
        status->last_ended_us = last.ended_at_us;
    }
    if (view->config != NULL && view->config->source.expect_every_ms > 0 && status->ran) {
        const struct config_source *source = &view->config->source;
        int64_t since = found == 1 ? last.visible_at_us : status->started_at_us;

        status->late = clock_now_us() - since > (source->expect_every_ms + source->expect_grace_ms) * 1000;
    }
    ledger_input_fini(&last);
    if (ledger_checkpoint_get(view->ledger, view->config == NULL ? "load" : view->config->sink.handoff, &checkpoint, fault) != 0)
        return -1;
    status->batch = checkpoint.batch;
    status->committed_at_us = checkpoint.committed_at_us;
    status->position = checkpoint.position == NULL ? NULL : strdup(checkpoint.position);
    ledger_checkpoint_fini(&checkpoint);
    if (view->config != NULL) {
        struct versions versions = {status, view->config->version_digest};

        if (ledger_batches(view->ledger, 0, batch_version, &versions, fault) != 0)
            return -1;
        if (status->older_changes > 0 && view_older(view, &status->older_rows, fault) != 0) {
            LOG_WARN("cannot ask the target for rows of older versions: pipeline=%s: %s", view->name, fault->what);
            memset(fault, 0, sizeof *fault);
            status->older_rows = -1; /* a target that is away is no reason to say nothing */
        }
    }
    age(status);
    return 0;
}

void
view_status_fini(struct view_status *status)
{
    free(status->position);
    status->position = NULL;
}
