/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who turns the wheel: one pass from cron, or a life as a follower. Both take inputs in time order, wait out what may pass, and leave
 * the rest to the next start.
 */
#include "engine/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/log.h"
#include "engine/alert.h"
#include "engine/inbox.h"
#include "engine/unmatched.h"
#include "sink/sink.h"
#include "source/source.h"

/* A cron pass waits so long for files that are still being written. */
#define UNSETTLED_MS 10000

static volatile int stop;

/* One pipeline of the run. */
struct lane {
    const struct config *config;
    struct pipeline *pipeline;
    struct inbox *inbox;
    struct daybreak_input input;
    struct daybreak_wait wait;
    bool ready;             /* input is there and waits for its turn */
    bool ended;             /* nothing more in this pass */
    bool blocked;           /* an input is held, later ones wait */
    bool ever_matched;
    int64_t taken;          /* inputs of this run */
    int64_t look_at_ms;     /* when to look again, at the latest */
    int64_t failing_since_ms, backoff_ms;
    struct alert *alert;    /* NULL: nobody is told */
    int64_t unsettled_since_ms;
    struct result refused;  /* of a pipeline that could not be opened */
    bool has_refused;
};

static void
on_signal(int number)
{
    (void)number;
    if (stop)
        _exit(128 + number);
    stop = 1;
}

void
run_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

bool
run_stopping(void)
{
    return stop != 0;
}

/* Sleep until a descriptor wakes us, a signal came, or the time is over. */
static void
wait_for(struct pollfd *fds, nfds_t count, int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    sigset_t block, before;

    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &before);
    if (!stop)
        ppoll(fds, count, &time, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
refuse(struct lane *lane, int status, const struct daybreak_fault *fault)
{
    result_init(&lane->refused, lane->config->name, lane->config->source.table_count);
    for (uint32_t t = 0; t < lane->config->source.table_count; t++)
        lane->refused.table_name[t] = lane->config->source.tables[t].name;
    lane->refused.handoff = lane->config->sink.handoff;
    result_status(&lane->refused, status, fault);
    lane->has_refused = true;
    lane->ended = true;
}

static void
lane_open(const struct run_request *request, struct lane *lane)
{
    struct pipeline_options options = {.was = request->was, .resync = request->resync,
                                       .dry_run = request->dry_run, .limit = request->limit, .stop = &stop, .mode = request->mode,
                                       .progress = request->progress};
    struct daybreak_fault fault = {0};
    int64_t began = clock_steady_ms(), backoff = lane->config->sink.backoff_min_ms;
    char holder[STATE_HOLDER_ROOM];
    bool busy;

    for (;;) {
        if (pipeline_open(lane->config, &options, &lane->pipeline, &busy, &fault) == 0)
            break;
        if (fault.kind != DAYBREAK_RETRY || stop ||
            (!request->follow && clock_steady_ms() - began >= lane->config->sink.give_up_ms)) {
            refuse(lane, fault_status(&fault), &fault);
            return;
        }
        LOG_WARN("cannot start yet, trying again: pipeline=%s wait_ms=%lld: %s", lane->config->name, (long long)backoff,
                 fault.what);
        wait_for(NULL, 0, backoff);
        backoff = backoff * 2 < lane->config->sink.backoff_max_ms ? backoff * 2 : lane->config->sink.backoff_max_ms;
        memset(&fault, 0, sizeof fault);
    }
    if (busy) {
        fault_set(&fault, DAYBREAK_HALT, "another run of pipeline '%s' holds its lock", lane->config->name);
        state_holder(lane->config, holder);
        fault_hint(&fault, "%swait for it, or use --skip-if-running to pass over it in silence", holder);
        fault_exit(&fault, 75, "lock-held");
        refuse(lane, request->skip_if_running ? 0 : 75, &fault);
        return;
    }
    if (!request->dry_run)
        lane->inbox = inbox_open(lane->pipeline);
}

/* End this look, so that the next one begins with the first input again. */
static void
look_over(struct lane *lane)
{
    enum daybreak_next next = DAYBREAK_MORE;
    struct daybreak_fault fault = {0};

    while (next == DAYBREAK_MORE &&
           source_look(lane->pipeline->source, &lane->input, &lane->wait, &next, &fault) == 0)
        continue;
    lane->ready = false;
}

/* RETRY waits with backoff; a cron run gives up in the end, a follower never does. Everything else ends the lane. */
static void
failed(const struct run_request *request, struct lane *lane, struct daybreak_fault *fault)
{
    struct pipeline *p = lane->pipeline;
    int64_t now = clock_steady_ms();
    const struct config_sink *sink = &lane->config->sink;

    lane->ready = false;
    if (stop) /* told at the end: the lane has more to do */
        return;
    if (fault->kind != DAYBREAK_RETRY) {
        result_status(&p->result, fault_status(fault), fault);
        lane->ended = true;
        if (request->told != NULL)
            request->told(request->context, &p->result);
        return;
    }
    if (lane->failing_since_ms == 0) {
        lane->failing_since_ms = now;
        lane->backoff_ms = sink->backoff_min_ms;
    } else if (lane->backoff_ms * 2 <= sink->backoff_max_ms) {
        lane->backoff_ms *= 2;
    }
    if (!request->follow && now - lane->failing_since_ms >= sink->give_up_ms) {
        result_status(&p->result, fault->status != 0 ? fault->status : 69, fault);
        lane->ended = true;
        return;
    }
    if (request->follow && now - lane->failing_since_ms >= sink->give_up_ms)
        alert_failing(lane->alert, fault);
    LOG_WARN("route waits: pipeline=%s wait_ms=%lld: %s", lane->config->name, (long long)lane->backoff_ms, fault->what);
    look_over(lane);
    lane->look_at_ms = now + lane->backoff_ms;
}

/* For a resync: the newest input there is, taken before or not. */
static int
look_newest(struct lane *lane, enum daybreak_next *next, struct daybreak_fault *fault)
{
    uint32_t inputs = 0;

    for (;; inputs++) {
        if (source_look(lane->pipeline->source, &lane->input, &lane->wait, next, fault) != 0)
            return -1;
        if (*next != DAYBREAK_MORE)
            break;
        if (source_abilities(lane->pipeline->source) & DAYBREAK_LIVE) /* there is never a newer one */
            return 0;
    }
    for (uint32_t i = 0; i < inputs; i++) {
        if (source_look(lane->pipeline->source, &lane->input, &lane->wait, next, fault) != 0)
            return -1;
        if (*next != DAYBREAK_MORE)
            return fault_set(fault, DAYBREAK_RETRY, "the inputs changed while they were looked at");
    }
    return 0;
}

static bool
is_other(void *context, const struct ledger_input *held)
{
    struct lane *lane = context;

    lane->blocked |= strcmp(held->name, lane->input.name) != 0;
    return !lane->blocked;
}

/* Nothing overtakes a held input but its own better copy: what is skipped of a log would be missing for good. A dump has it all again. */
static int
held_first(struct lane *lane, struct daybreak_fault *fault)
{
    lane->blocked = false;
    if (lane->config->source.tables[0].capture.method == CONFIG_DIFF)
        return 0;
    return ledger_inputs(lane->pipeline->ledger, "held", is_other, lane, fault);
}

/* The next input of a lane, if it has one now. */
static void
lane_look(const struct run_request *request, struct lane *lane)
{
    struct daybreak_fault fault = {0};
    enum daybreak_next next;
    int64_t now = clock_steady_ms();

    if (lane->ended || lane->ready || now < lane->look_at_ms)
        return;
    if ((lane->blocked && request->dry_run) || (request->inputs > 0 && lane->taken >= request->inputs) ||
        (request->limit > 0 && lane->pipeline->limit_left == 0)) {
        lane->ended = !request->follow;
        lane->look_at_ms = now + 1000;
        return;
    }
    if (lane->pipeline->resync ? look_newest(lane, &next, &fault) != 0
                               : pipeline_look(lane->pipeline, &lane->input, &lane->wait, &next, &fault) != 0) {
        failed(request, lane, &fault);
        return;
    }
    if (next == DAYBREAK_MORE) {
        lane->ever_matched = true;
        if (held_first(lane, &fault) != 0) {
            failed(request, lane, &fault);
            return;
        }
        lane->ready = !lane->blocked;
        if (!lane->blocked)
            return;
        look_over(lane);
        lane->ended = !request->follow;
        lane->look_at_ms = now + 1000;
        return;
    }
    lane->ever_matched |= lane->wait.matched > 0;
    lane->look_at_ms = now + lane->wait.wait_ms;
    if (request->follow)
        return;
    if (lane->wait.unsettled > 0 && lane->unsettled_since_ms == 0)
        lane->unsettled_since_ms = now;
    lane->ended = lane->wait.unsettled == 0 || now - lane->unsettled_since_ms > UNSETTLED_MS;
}

/* A target that was made equal to this dump has no use for an older one: what lies there still must not be held as older than the last. */
static void
pass_over(struct lane *lane, int64_t time_us, const char *name)
{
    struct pipeline *p = lane->pipeline;
    enum daybreak_next next = DAYBREAK_MORE;
    struct daybreak_fault fault = {0};
    char state[16];

    look_over(lane);
    while (source_look(p->source, &lane->input, &lane->wait, &next, &fault) == 0 && next == DAYBREAK_MORE) {
        const struct daybreak_input *input = &lane->input;
        struct ledger_input record = {.name = input->name, .fingerprint = input->fingerprint, .digest = "", .bytes = input->bytes,
                                      .order = "", .time_us = input->time_us, .visible_at_us = input->visible_at_us,
                                      .taken_at_us = clock_now_us(), .run = p->run, .state = "skipped",
                                      .reason = "older than the dump that a resync took"};
        int64_t id;

        if ((input->time_us == time_us ? strcmp(input->name, name) < 0 : input->time_us < time_us) &&
            ledger_input_taken(p->ledger, input->name, input->fingerprint, state, &fault) == 0)
            ledger_input_add(p->ledger, &record, &id, &fault);
    }
    if (fault.kind != DAYBREAK_NO_FAULT)
        LOG_WARN("cannot pass over older inputs: pipeline=%s: %s", lane->config->name, fault.what);
    lane->ready = false;
}

static void
lane_take(const struct run_request *request, struct lane *lane)
{
    struct pipeline *p = lane->pipeline;
    struct daybreak_fault fault = {0};
    enum pipeline_outcome outcome = PIPELINE_DONE;
    int64_t time_us = lane->input.time_us;
    char *name = memory_text(lane->input.name);

    if (pipeline_input(p, &lane->input, &outcome, &fault) != 0) {
        free(name);
        failed(request, lane, &fault);
        return;
    }
    if (p->resync && !p->dry_run && outcome == PIPELINE_DONE)
        pass_over(lane, time_us, name);
    free(name);
    lane->ready = false;
    lane->failing_since_ms = 0;
    lane->look_at_ms = 0;
    lane->taken += outcome != PIPELINE_CHANGED;
    if (outcome == PIPELINE_HELD && p->config->source.tables[0].capture.method != CONFIG_DIFF)
        lane->blocked = true;
    if (p->resync)
        lane->ended = true;
    if (request->follow)
        alert_result(lane->alert, &p->result);
    if (request->told != NULL)
        request->told(request->context, &p->result);
    CRASH_POINT("run.input-settled");
}

/* Of all that wait, the one whose input is the oldest. */
static struct lane *
lane_next(struct lane *lanes, uint32_t count)
{
    struct lane *first = NULL;

    for (uint32_t i = 0; i < count; i++)
        if (lanes[i].ready && !lanes[i].ended &&
            (first == NULL || (lanes[i].input.time_us != DAYBREAK_NO_TIME && lanes[i].input.time_us < first->input.time_us)))
            first = &lanes[i];
    return first;
}

/* No new input in time: said once a run, and again by a follower whenever it was up to date in between. */
static void
lane_expect(const struct run_request *request, struct lane *lane)
{
    const struct config_source *source = &lane->config->source;
    struct pipeline *p = lane->pipeline;
    struct daybreak_fault fault = {0};
    char since[CLOCK_TEXT_ROOM];
    int64_t newest, now = clock_now_us();
    struct ledger_input last = {0};
    int found;

    if (source->expect_every_ms == 0)
        return;
    found = ledger_input_last(p->ledger, &last, &fault);
    newest = found == 1 ? last.visible_at_us : p->first_seen_us;
    ledger_input_fini(&last);
    if (now - newest <= (source->expect_every_ms + source->expect_grace_ms) * 1000) {
        p->result.late = false;
        return;
    }
    if (p->result.late)
        return;
    p->result.late = true;
    clock_duration((now - newest) / 1000, since);
    fault_set(&fault, DAYBREAK_HALT, "no new input of pipeline '%s' for %s", lane->config->name, since);
    fault_hint(&fault, "did the export run? source.expect says when one is due");
    fault_exit(&fault, 4, "late");
    if (request->follow)
        LOG_WARN("%s", fault.what);
    result_status(&p->result, 4, &fault);
}

static bool
still_held(void *context, const struct ledger_input *input)
{
    struct result *result = context;
    struct result_held *again;

    for (const struct result_held *held = result->held; held != NULL; held = held->next)
        if (held->id == input->id || (result->rehearsal != NULL && strcmp(held->input, input->name) == 0)) /* held again, by a dry run */
            return true;
    again = result_hold(result, input->id, input->name, input->guard == NULL ? "" : input->guard,
                        input->reason == NULL ? "" : input->reason);
    again->part = again->cut = strcmp(input->state, "cut") == 0;
    result_status(result, 4, NULL);
    return true;
}

static void
lane_end(const struct run_request *request, struct lane *lane)
{
    struct pipeline *p = lane->pipeline;
    struct result *result = p == NULL ? &lane->refused : &p->result;
    struct daybreak_counts totals;
    struct daybreak_fault fault = {0};

    if (p != NULL) {
        char why[256];

        if (sink_end(p->sink, &fault) != 0) {
            result_status(&p->result, fault_status(&fault), &fault);
            memset(&fault, 0, sizeof fault);
        }
        if (stop && !lane->ended && !request->follow) {
            fault_set(&fault, DAYBREAK_RETRY, "the run of pipeline '%s' was stopped by a signal before it was done", lane->config->name);
            fault_hint(&fault, "what landed is whole; the next run goes on from there");
            fault_exit(&fault, 75, "stopped");
            result_status(&p->result, 75, &fault);
            memset(&fault, 0, sizeof fault);
        }
        lane_expect(request, lane);
        /* what waits for a person is told until someone decides; a decision itself is judged by its own input */
        if (strcmp(request->mode, "run") == 0 && (ledger_inputs(p->ledger, "held", still_held, result, &fault) != 0 ||
                                                   ledger_inputs(p->ledger, "cut", still_held, result, &fault) != 0))
            result_status(result, fault_status(&fault), &fault);
        if (!lane->ever_matched && !stop && result->status == 0) {
            struct ledger_input last = {0};

            if (ledger_input_last(p->ledger, &last, &fault) == 0 && result->held == NULL) {
                result->nothing_matched = true;
                fault_set(&fault, DAYBREAK_HALT, "nothing has ever matched the path of pipeline '%s'", lane->config->name);
                unmatched_hint(lane->config, &fault);
                fault_exit(&fault, 66, "no-input");
                result_status(result, 66, &fault);
            }
            ledger_input_fini(&last);
        }
        if (ledger_totals(p->ledger, &totals, &fault) == 0 && !ledger_balanced(&totals, why)) {
            result->balanced = false;
            fault_set(&fault, DAYBREAK_HALT, "the ledger of pipeline '%s' does not balance: %s", lane->config->name, why);
            fault_exit(&fault, 70, "unbalanced");
            result_status(result, 70, &fault);
        }
        if (result->new_dead > 0)
            result_status(result, 3, NULL);
        result->checkpoint = arena_text(result->arena, p->sink->position);
        if (request->follow && stop && (result->status == 3 || result->status == 4))
            result->status = 0;
    }
    result->seconds = (double)(clock_steady_ms() - result->started_ms) / 1000;
    if (request->ended != NULL)
        request->ended(request->context, result);
}

/* Until something happens: a descriptor of a source or an inbox, or the next time to look. */
static void
lanes_wait(struct lane *lanes, uint32_t count)
{
    struct pollfd *fds = memory_zero((count * 2 + 1) * sizeof *fds);
    int64_t now = clock_steady_ms(), until = now + 5000;
    nfds_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (lanes[i].ended)
            continue;
        if (lanes[i].look_at_ms < until)
            until = lanes[i].look_at_ms;
        if (lanes[i].wait.fd >= 0 && lanes[i].failing_since_ms == 0 && lanes[i].wait.size > 0)
            fds[used++] = (struct pollfd){.fd = lanes[i].wait.fd, .events = POLLIN};
        if (inbox_fd(lanes[i].inbox) >= 0)
            fds[used++] = (struct pollfd){.fd = inbox_fd(lanes[i].inbox), .events = POLLIN};
    }
    if (until > now)
        wait_for(fds, used, until - now);
    for (nfds_t k = 0; k < used; k++)
        for (uint32_t i = 0; i < count && fds[k].revents != 0; i++)
            if (!lanes[i].ended && lanes[i].wait.fd == fds[k].fd && lanes[i].wait.size > 0)
                lanes[i].look_at_ms = 0;
    free(fds);
}

int
run_pass(const struct run_request *request)
{
    struct lane *lanes = memory_zero(request->count * sizeof *lanes);
    int status = 0;

    for (uint32_t i = 0; i < request->count; i++) {
        lanes[i].config = request->config[i];
        lanes[i].wait.fd = -1;
        lanes[i].alert = request->dry_run ? NULL : alert_open(request->config[i], request->follow);
        lane_open(request, &lanes[i]);
    }
    while (!stop) {
        bool open = false;
        struct lane *lane;

        for (uint32_t i = 0; i < request->count; i++) {
            if (lanes[i].pipeline != NULL && !request->dry_run && inbox_take(lanes[i].inbox, lanes[i].pipeline)) {
                lanes[i].look_at_ms = 0;
                lanes[i].blocked = false;
            }
            lane_look(request, &lanes[i]);
            open |= !lanes[i].ended;
        }
        if (!open)
            break;
        lane = lane_next(lanes, request->count);
        if (lane != NULL) {
            lane_take(request, lane);
            continue;
        }
        for (uint32_t i = 0; i < request->count && request->follow; i++)
            if (lanes[i].pipeline != NULL && !lanes[i].ended) {
                lane_expect(request, &lanes[i]);
                if (lanes[i].pipeline->result.late)
                    alert_result(lanes[i].alert, &lanes[i].pipeline->result);
            }
        lanes_wait(lanes, request->count);
    }
    for (uint32_t i = 0; i < request->count; i++) {
        struct result *result;

        lane_end(request, &lanes[i]);
        result = lanes[i].pipeline == NULL ? &lanes[i].refused : &lanes[i].pipeline->result;
        status = result_worse(status, result->status);
        inbox_close(lanes[i].inbox);
        alert_result(lanes[i].alert, result);
        pipeline_close(lanes[i].pipeline);
        alert_close(lanes[i].alert); /* with the lock given back: nothing waits for who is told */
        if (lanes[i].has_refused)
            result_fini(&lanes[i].refused);
    }
    free(lanes);
    return status;
}
