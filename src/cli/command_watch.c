/* SPDX-License-Identifier: Apache-2.0 */
/* For those who look: status, lag, tail, trace, ledger. None of them takes a lock or writes anything. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "cli/command.h"
#include "config/option.h"
#include "engine/feedback.h"
#include "engine/result.h"
#include "engine/run.h"
#include "ledger/hops.h"

static void
json_instant(struct json *json, const char *name, int64_t us)
{
    char text[CLOCK_TEXT_ROOM];

    if (us == DAYBREAK_NO_TIME || us == 0) {
        json_null(json, name);
        return;
    }
    clock_text(us, text);
    json_text(json, name, text);
}

/* ---- status ----------------------------------------------------------------------------------- */

static void
status_json(struct json *json, const struct view *view, const struct view_status *status)
{
    char id[24] = "I";

    json_object(json, NULL);
    json_text(json, "pipeline", view->name);
    json_text(json, "file", view->file[0] == '\0' ? NULL : view->file);
    json_bool(json, "running", status->running);
    json_object(json, "last_run");
    json_text(json, "run", status->ran ? status->run : NULL);
    json_text(json, "mode", status->ran ? status->mode : NULL);
    json_text(json, "state", status->ran ? status->run_state : NULL);
    if (status->run_status < 0)
        json_null(json, "status");
    else
        json_int(json, "status", status->run_status);
    json_instant(json, "started_at", status->ran ? status->started_at_us : DAYBREAK_NO_TIME);
    json_instant(json, "ended_at", status->ran ? status->ended_at_us : DAYBREAK_NO_TIME);
    json_close(json);
    json_int(json, "batch", status->batch);
    json_text(json, "checkpoint", status->position);
    json_instant(json, "committed_at", status->committed_at_us);
    json_object(json, "last_input");
    json_text(json, "name", status->last_input[0] == '\0' ? NULL : status->last_input);
    json_instant(json, "time", status->last_input_us);
    json_close(json);
    json_instant(json, "as_of", status->as_of_us);
    if (status->as_of_us == DAYBREAK_NO_TIME)
        json_null(json, "age_ms");
    else
        json_int(json, "age_ms", (clock_now_us() - status->as_of_us) / 1000);
    json_bool(json, "late", status->late);
    json_int(json, "dead", status->dead);
    json_array(json, "held_inputs");
    if (status->held_id > 0) {
        id[1 + text_number(status->held_id, id + 1)] = '\0';
        json_object(json, NULL);
        json_text(json, "id", id);
        json_text(json, "input", status->held_input);
        json_text(json, "reason", status->held_reason);
        json_close(json);
    }
    json_close(json);
    json_int(json, "held", status->held_inputs);
    json_int(json, "older_version_changes", status->older_changes);
    if (status->older_rows < 0)
        json_null(json, "older_version_rows");
    else
        json_int(json, "older_version_rows", status->older_rows);
#define X(name) json_int(json, "total_" #name, status->totals.name);
    X(read) X(unchanged) X(captured) X(absent) X(invalid) X(filtered) X(delivered)
#undef X
    json_bool(json, "balanced", status->balanced);
    json_close(json);
}

static void
status_text(struct cli *cli, const struct view *view, const struct view_status *status)
{
    struct text *out = &cli->out;
    char when[40], age[CLOCK_TEXT_ROOM];
    bool trouble = !status->balanced || status->held_inputs > 0 || status->dead > 0 || status->late;

    text_printf(out, "%s%s%s  %s%s%s", cli_paint(cli, 'b'), view->name, cli_paint(cli, '0'), cli_paint(cli, trouble ? 'y' : 'g'),
                !status->ran ? "never ran" : status->running ? "running" : "idle", cli_paint(cli, '0'));
    if (view->file[0] != '\0')
        text_printf(out, "  %s%s%s", cli_paint(cli, 'd'), view->file, cli_paint(cli, '0'));
    text_char(out, '\n');
    if (!status->ran)
        return;
    text_printf(out, "  last run    %s, %s", command_when(status->started_at_us, when), status->run_state);
    if (status->run_status >= 0)
        text_printf(out, " with %d", status->run_status);
    text_printf(out, "  (%s)\n", status->run);
    if (status->last_input[0] != '\0')
        text_printf(out, "  last input  %s\n", status->last_input);
    if (status->as_of_us != DAYBREAK_NO_TIME)
        text_printf(out, "  table is    %s old (as of %s)\n", clock_duration((clock_now_us() - status->as_of_us) / 1000, age),
                    command_when(status->as_of_us, when));
    text_put(out, "  in all      ");
    cli_count(out, status->totals.read);
    text_put(out, " read, ");
    cli_count(out, status->totals.captured + status->totals.absent);
    text_put(out, " changes, ");
    cli_count(out, status->totals.delivered);
    text_put(out, " delivered");
    if (status->totals.filtered > 0) {
        text_put(out, ", ");
        cli_count(out, status->totals.filtered);
        text_put(out, " filtered");
    }
    text_char(out, '\n');
    if (status->late)
        text_printf(out, "  %slate%s        an input is overdue (source.expect)\n", cli_paint(cli, 'y'), cli_paint(cli, '0'));
    if (status->dead > 0)
        text_printf(out, "  %sset aside%s   %" PRId64 " dead letter%s: daybreak dead %s\n", cli_paint(cli, 'y'), cli_paint(cli, '0'),
                    status->dead, status->dead == 1 ? "" : "s", view->name);
    if (status->held_inputs > 0)
        text_printf(out, "  %sheld%s        I%" PRId64 " %s: %s\n", cli_paint(cli, 'y'), cli_paint(cli, '0'), status->held_id,
                    status->held_input, status->held_reason);
    if (status->older_rows > 0)
        text_printf(out, "  versions    %" PRId64 " row%s stand%s as an older version of the file wrote %s: `daybreak run --resync` brings the "
                         "target up to it\n", status->older_rows, status->older_rows == 1 ? "" : "s",
                    status->older_rows == 1 ? "s" : "", status->older_rows == 1 ? "it" : "them");
    else if (status->older_rows < 0)
        text_printf(out, "  versions    %" PRId64 " change%s landed under an older version of the file, and stand%s as %s\n",
                    status->older_changes, status->older_changes == 1 ? "" : "s", status->older_changes == 1 ? "s" : "",
                    status->older_changes == 1 ? "it was written" : "they were written");
    if (!status->balanced)
        text_printf(out, "  %sunbalanced%s  %s\n", cli_paint(cli, 'r'), cli_paint(cli, '0'), status->unbalanced);
}

static int
status_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct view_status status;

    (void)args;
    if (view_status(view, &status, &cli->fault) != 0)
        return cli_fail(cli);
    status_json(&cli->result, view, &status);
    status_text(cli, view, &status);
    cli_say(cli, "%s: %s, %" PRId64 " held, %" PRId64 " dead", view->name, status.running ? "running" : "idle", status.held_inputs,
            status.dead);
    view_status_fini(&status);
    return status.balanced ? 0 : 70;
}

static int
run_status(struct cli *cli, const struct cli_args *args)
{
    return command_views(cli, args, 0, status_each);
}

const struct cli_command command_status = {
    .verb = "status", .group = "watch", .operands = "[PIPELINE…]", .most = 1000, .run = run_status,
    .summary = "Where pipelines stand: last run, age of the table, what is held or set aside."};

/* ---- lag ---------------------------------------------------------------------------------------- */

static const struct cli_option lag_options[] = {
    {"since", 0, "DURATION", "Only what landed in the last DURATION, such as 24h or 7d. Default: all that is kept."},
    {NULL, 0, NULL, NULL},
};

static void
lag_text(struct cli *cli, const struct view *view, const struct lag_set *set)
{
    struct text *out = &cli->out;
    char a[CLOCK_TEXT_ROOM], b[CLOCK_TEXT_ROOM], c[CLOCK_TEXT_ROOM], d[CLOCK_TEXT_ROOM];

    text_printf(out, "%s%s%s\n  %-14s %10s %14s %14s %14s %14s\n", cli_paint(cli, 'b'), view->name, cli_paint(cli, '0'), "hop",
                "n", "p50", "p95", "p99", "max");
    for (int hop = 0; hop < LAG_HOPS; hop++) {
        const struct lag *lag = &set->hop[hop];

        if (lag_empty(lag))
            continue;
        text_printf(out, "  %-14s %10" PRId64, lag_hop_name[hop], lag_count(lag));
        if (lag_count(lag) > 0)
            text_printf(out, " %14s %14s %14s %14s", clock_duration(lag_quantile(lag, 0.5), a),
                        clock_duration(lag_quantile(lag, 0.95), b), clock_duration(lag_quantile(lag, 0.99), c),
                        clock_duration(lag_quantile(lag, 1.0), d));
        if (lag->skewed > 0)
            text_printf(out, "  %s%" PRId64 " negative (clock skew), worst %s%s", cli_paint(cli, 'y'), lag->skewed,
                        clock_duration(-lag->skew_worst_ms, a), cli_paint(cli, '0'));
        text_char(out, '\n');
    }
    if (lag_count(&set->hop[LAG_END_TO_END]) == 0)
        text_put(out, "  no change measured yet");
    else
        text_put(out, "  basis         ");
    for (int basis = 0; basis < LAG_BASES; basis++)
        if (set->basis[basis] > 0)
            text_printf(out, " %s %" PRId64, lag_basis_name[basis], set->basis[basis]);
    text_put(out, "\n  not in the figures:");
    for (int kind = LAG_FIRST_LOAD; kind < LAG_KINDS; kind++)
        text_printf(out, "%s %" PRId64 " %s", kind == LAG_FIRST_LOAD ? "" : ",", set->kind[kind], lag_kind_name[kind]);
    text_char(out, '\n');
}

/* How long people wait for an answer. */
static int
feedback_lag(struct cli *cli, const struct view *view)
{
    struct lag *lag = calloc(1, sizeof *lag);
    int64_t waiting = 0;
    int result = -1;

    if (lag == NULL)
        abort();
    if (view->ledger == NULL || feedback_answers(view->ledger, lag, &waiting, &cli->fault) == 0) {
        json_object(&cli->result, "feedback");
        command_lag_json(&cli->result, lag);
        json_int(&cli->result, "waiting", waiting);
        json_close(&cli->result);
        result = 0;
    }
    free(lag);
    return result;
}

static int
lag_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    const char *since = cli_value(args, "since", NULL);
    struct lag_set *set = calloc(1, sizeof *set);
    int64_t from = 0, span, now = clock_now_us();
    enum lag_basis basis;
    int status = 0;

    if (set == NULL)
        return 71;
    if (since != NULL) {
        if (!option_duration(since, &span)) {
            free(set);
            return cli_usage(cli, "'%s' is no duration: 90m, 24h and 7d are", since);
        }
        from = now - span * 1000;
    }
    if (view->ledger != NULL && ledger_lag_sum(view->ledger, from, now + 60 * INT64_C(1000000), set, &cli->fault) != 0) {
        free(set);
        return cli_fail(cli);
    }
    basis = lag_set_basis(set);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
    json_instant(&cli->result, "since", from);
    json_text(&cli->result, "basis", basis == LAG_BASES ? NULL : lag_basis_name[basis]);
    json_object(&cli->result, "hops");
    for (int hop = 0; hop < LAG_HOPS; hop++) {
        json_object(&cli->result, lag_hop_name[hop]);
        command_lag_json(&cli->result, &set->hop[hop]);
        json_close(&cli->result);
    }
    json_close(&cli->result);
    if (feedback_lag(cli, view) != 0) {
        free(set);
        return cli_fail(cli);
    }
    json_object(&cli->result, "bases");
    for (int b = 0; b < LAG_BASES; b++)
        json_int(&cli->result, lag_basis_name[b], set->basis[b]);
    json_close(&cli->result);
    for (int kind = LAG_FIRST_LOAD; kind < LAG_KINDS; kind++)
        json_int(&cli->result, lag_kind_name[kind], set->kind[kind]);
    lag_text(cli, view, set);
    if (view->config != NULL && view->config->lag_within_ms > 0) {
        const struct lag *all = &set->hop[LAG_END_TO_END];
        int64_t reached = lag_quantile(all, view->config->lag_percentile / 100);
        bool met = lag_count(all) == 0 || reached <= view->config->lag_within_ms;
        char promised[CLOCK_TEXT_ROOM];

        json_int(&cli->result, "within_ms", view->config->lag_within_ms);
        json_real(&cli->result, "percentile", view->config->lag_percentile);
        json_bool(&cli->result, "met", met);
        text_printf(&cli->out, "  promised       %g %% within %s: %s%s%s\n", view->config->lag_percentile,
                    clock_duration(view->config->lag_within_ms, promised), cli_paint(cli, met ? 'g' : 'r'),
                    lag_count(all) == 0 ? "nothing to judge yet" : met ? "kept" : "not kept", cli_paint(cli, '0'));
    }
    json_close(&cli->result);
    cli_say(cli, "%s: %" PRId64 " changes measured", view->name, lag_count(&set->hop[LAG_END_TO_END]));
    free(set);
    return status;
}

static int
run_lag(struct cli *cli, const struct cli_args *args)
{
    return command_views(cli, args, 0, lag_each);
}

const struct cli_command command_lag = {
    .verb = "lag", .group = "watch", .operands = "[PIPELINE…]", .most = 1000, .options = lag_options, .run = run_lag,
    .summary = "How old changes are when they land, hop by hop, and on what basis that is known.",
    .text = "production: changed at the source until visible; detection: until read; processing: until ready; delivery: until "
            "committed in the target. end_to_end is all of it; addressable leaves out what the upstream's own schedule adds. "
            "A dump without a change column bounds each change between two looks: such figures are judged by their worse end."};

/* ---- tail --------------------------------------------------------------------------------------- */

static const struct cli_option tail_options[] = {
    {"lines", 'n', "N", "How many batches to begin with. Default 10."},
    {"follow", 'f', NULL, "Go on printing batches as they land."},
    {NULL, 0, NULL, NULL},
};

struct tail {
    struct cli *cli;
    int64_t last, skip, seen;
    const char *pipeline;
};

static bool
tail_count(void *context, const struct daybreak_batch_row *row)
{
    struct tail *tail = context;

    (void)row;
    tail->seen++;
    return true;
}

static bool
tail_row(void *context, const struct daybreak_batch_row *row)
{
    struct tail *tail = context;
    struct cli *cli = tail->cli;
    const struct daybreak_counts *counts = &row->counts;
    char when[40];

    tail->last = row->story->batch;
    if (tail->skip > 0) {
        tail->skip--;
        return true;
    }
    text_printf(&cli->out, "%s%s%s  %s  batch %" PRId64 "  %s%s%s ", cli_paint(cli, 'd'), command_when(row->story->loaded_at, when),
                cli_paint(cli, '0'), tail->pipeline, row->story->batch, row->story->table, row->story->part[0] == '\0' ? "" : " ",
                row->story->part);
    text_printf(&cli->out, " %s: +%" PRId64 " ~%" PRId64 " -%" PRId64, row->story->source, counts->created + counts->loaded,
                counts->updated, counts->deleted);
    if (counts->dead > 0)
        text_printf(&cli->out, " %sdead %" PRId64 "%s", cli_paint(cli, 'r'), counts->dead, cli_paint(cli, '0'));
    text_char(&cli->out, '\n');
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", tail->pipeline);
    json_int(&cli->result, "batch", row->story->batch);
    json_instant(&cli->result, "loaded_at", row->story->loaded_at);
    json_text(&cli->result, "table", row->story->table);
    json_text(&cli->result, "source", row->story->source);
    json_text(&cli->result, "part", row->story->part);
    json_int(&cli->result, "changes", row->changes);
#define X(name) json_int(&cli->result, #name, counts->name);
    DAYBREAK_COUNTS(X)
#undef X
    json_close(&cli->result);
    return true;
}

static int
tail_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct tail tail = {.cli = cli, .pipeline = view->name};
    int64_t lines;

    if (!cli_number(cli, args, "lines", 10, &lines))
        return 64;
    if (view->ledger == NULL)
        return 0;
    if (ledger_batches(view->ledger, 0, tail_count, &tail, &cli->fault) != 0)
        return cli_fail(cli);
    tail.skip = tail.seen > lines ? tail.seen - lines : 0;
    if (ledger_batches(view->ledger, 0, tail_row, &tail, &cli->fault) != 0)
        return cli_fail(cli);
    cli_say(cli, "%s: %" PRId64 " batches in all", view->name, tail.seen);
    if (!cli_has(args, "follow") || cli->as_json)
        return 0;
    run_signals();
    while (!run_stopping()) {
        struct timespec pause = {.tv_nsec = 300000000};

        cli_flush(cli);
        nanosleep(&pause, NULL);
        if (ledger_batches(view->ledger, tail.last, tail_row, &tail, &cli->fault) != 0)
            return cli_fail(cli);
    }
    return 0;
}

static int
run_tail(struct cli *cli, const struct cli_args *args)
{
    if (cli_has(args, "follow") && args->operands != 1)
        return cli_usage(cli, "--follow takes one pipeline");
    return command_views(cli, args, 0, tail_each);
}

const struct cli_command command_tail = {
    .verb = "tail", .group = "watch", .operands = "[PIPELINE…]", .most = 1000, .options = tail_options, .run = run_tail,
    .summary = "The batches that landed last, with their counts; --follow for those to come."};

/* ---- trace -------------------------------------------------------------------------------------- */

static void
put_member(struct text *out, const struct json_tree *tree, uint32_t node)
{
    struct text value = {0};

    if (tree->node[node].kind == JSON_OBJECT || tree->node[node].kind == JSON_ARRAY)
        text_add(&value, tree->source + tree->node[node].at, tree->node[node].size);
    else
        json_string(tree, node, &value);
    text_printable(text_end(&value), value.size, 160, out);
    text_fini(&value);
}

/* Where a change was read, in words: connector and input, then the place in it. False when the member is no such object. */
static bool
put_source(struct text *out, const struct json_tree *tree, uint32_t node)
{
    uint32_t position = json_member(tree, node, "position"), object = json_member(tree, node, "object");
    uint32_t connector = json_member(tree, node, "connector"), name = json_member(tree, node, "name");

    if (tree->node[node].kind != JSON_OBJECT || position == 0 || name == 0 || connector == 0)
        return false;
    put_member(out, tree, connector);
    text_char(out, ' ');
    put_member(out, tree, name);
    text_printf(out, "\n      %-18s", "position");
    put_member(out, tree, position);
    if (object != 0 && tree->node[object].kind == JSON_STRING && tree->node[object].size > 0) {
        text_put(out, " in ");
        put_member(out, tree, object);
    }
    return true;
}

/* The answer as people read it: what holds now, then what happened, in order of time. */
static void
trace_text(struct cli *cli, const char *answer, size_t size)
{
    struct json_tree tree = {0};
    struct text *out = &cli->out;
    uint32_t current, timeline, unproven;
    size_t where;

    if (json_parse(&tree, answer, size, &where) != 0)
        return;
    current = json_member(&tree, 0, "current");
    timeline = json_member(&tree, 0, "timeline");
    unproven = json_member(&tree, 0, "unproven");
    if (tree.node[current].kind == JSON_OBJECT) {
        text_printf(out, "%snow%s\n", cli_paint(cli, 'b'), cli_paint(cli, '0'));
        for (uint32_t i = tree.node[current].child; i != 0; i = tree.node[i].next) {
            text_printf(out, "  %-24.*s ", (int)tree.node[i].name_size, tree.source + tree.node[i].name_at);
            put_member(out, &tree, i);
            text_char(out, '\n');
        }
    } else {
        text_printf(out, "%snow%s\n  the target has no such row\n", cli_paint(cli, 'b'), cli_paint(cli, '0'));
    }
    text_printf(out, "%show it came to be%s\n", cli_paint(cli, 'b'), cli_paint(cli, '0'));
    for (uint32_t i = tree.node[timeline].child; i != 0; i = tree.node[i].next) {
        text_put(out, "  ");
        for (uint32_t k = tree.node[i].child; k != 0; k = tree.node[k].next) {
            bool head = k == tree.node[i].child || k == tree.node[tree.node[i].child].next;

            if (!head) /* on lines of their own: some of them are long */
                text_printf(out, "\n      %-18.*s", (int)tree.node[k].name_size, tree.source + tree.node[k].name_at);
            if (head || !put_source(out, &tree, k))
                put_member(out, &tree, k);
            if (k == tree.node[i].child)
                text_put(out, "  ");
        }
        text_char(out, '\n');
    }
    for (uint32_t i = tree.node[unproven].child; i != 0; i = tree.node[i].next) {
        text_printf(out, "  %snot proven:%s ", cli_paint(cli, 'y'), cli_paint(cli, '0'));
        put_member(out, &tree, i);
        text_char(out, '\n');
    }
    json_fini(&tree);
}

static int
run_trace(struct cli *cli, const struct cli_args *args)
{
    struct view view;
    bool found = false;
    int status;

    if (view_open(args->operand[0], &view, &cli->fault) != 0)
        return cli_fail(cli);
    if (view_trace(&view, args->operand[1], &found, &cli->result, &cli->fault) != 0) {
        text_clear(&cli->result_text);
        status = cli_fail(cli);
    } else if (found) {
        trace_text(cli, cli->result_text.at, cli->result_text.size);
        cli_say(cli, "%s %s is known", view.name, args->operand[1]);
        status = 0;
    } else {
        cli_say(cli, "pipeline '%s' knows nothing of key %s", view.name, args->operand[1]);
        text_printf(&cli->out, "%s\n", cli->summary);
        status = 1;
    }
    view_close(&view);
    return status;
}

const struct cli_command command_trace = {
    .verb = "trace", .group = "watch", .operands = "PIPELINE KEY", .least = 2, .most = 2, .run = run_trace,
    .summary = "Where a record is, since when, and why it looks like that.",
    .text = "A key of several columns is written a,b or as a JSON array. Exit 1 when nothing is known of it."};

/* ---- ledger -------------------------------------------------------------------------------------- */

static int
ledger_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct daybreak_counts counts = {.size = sizeof counts};
    char why[256];
    bool balanced;

    (void)args;
    if (view->ledger != NULL && ledger_totals(view->ledger, &counts, &cli->fault) != 0)
        return cli_fail(cli);
    balanced = ledger_balanced(&counts, why);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
#define X(name) json_int(&cli->result, #name, counts.name);
    DAYBREAK_COUNTS(X)
#undef X
    json_bool(&cli->result, "balanced", balanced);
    json_close(&cli->result);
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, 'b'), view->name, cli_paint(cli, '0'));
    text_printf(&cli->out, "  read %" PRId64 " = unchanged %" PRId64 " + repeated %" PRId64 " + captured %" PRId64 " + invalid %" PRId64
                           "\n", counts.read, counts.unchanged, counts.repeated, counts.captured, counts.invalid);
    text_printf(&cli->out, "  captured %" PRId64 " + absent %" PRId64 " + invalid %" PRId64 " + copied %" PRId64 " = filtered %" PRId64
                           " + delivered %" PRId64 " + held %" PRId64 " + waiting %" PRId64 " + dead %" PRId64 " + closed %" PRId64 "\n",
                counts.captured, counts.absent, counts.invalid, counts.copied, counts.filtered, counts.delivered, counts.held,
                counts.waiting, counts.dead,
                counts.rejected + counts.expired + counts.dropped + counts.superseded + counts.withdrawn + counts.healed);
    text_printf(&cli->out, "  %s%s%s\n", cli_paint(cli, balanced ? 'g' : 'r'), balanced ? "balanced" : why, cli_paint(cli, '0'));
    cli_say(cli, "%s: %s", view->name, balanced ? "balanced" : why);
    return balanced ? 0 : 70;
}

static int
verify_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct view_verify verify;
    int status = 0;

    (void)args;
    memset(&verify, 0, sizeof verify);
    if (view->ledger != NULL && view_verify(view, &verify, &cli->fault) != 0) {
        text_printf(&cli->out, "%s%s%s  %snot proven%s: %s\n", cli_paint(cli, 'b'), view->name, cli_paint(cli, '0'),
                    cli_paint(cli, 'r'), cli_paint(cli, '0'), cli->fault.what);
        status = cli_fail(cli);
    } else {
        text_printf(&cli->out, "%s%s%s  %sproven%s: %" PRId64 " batches, %" PRId64 " lines of evidence", cli_paint(cli, 'b'), view->name,
                    cli_paint(cli, '0'), cli_paint(cli, 'g'), cli_paint(cli, '0'), verify.batches, verify.evidence);
        text_put(&cli->out, verify.target_asked ? ", each batch as the target has it" : "");
        if (verify.not_taken_over > 0)
            text_printf(&cli->out, "; %" PRId64 " more landed as a run was killed, the next run counts them", verify.not_taken_over);
        text_char(&cli->out, '\n');
        cli_say(cli, "%s: the ledger balances, counted anew", view->name);
    }
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
    json_bool(&cli->result, "balanced", status == 0);
    json_int(&cli->result, "batches", verify.batches);
    json_int(&cli->result, "evidence", verify.evidence);
    json_int(&cli->result, "not_taken_over", verify.not_taken_over);
    json_bool(&cli->result, "target_asked", verify.target_asked);
#define X(name) json_int(&cli->result, #name, verify.counts.name);
    DAYBREAK_COUNTS(X)
#undef X
    json_close(&cli->result);
    return status;
}

static int
run_ledger(struct cli *cli, const struct cli_args *args)
{
    if (args->operands > 0 && strcmp(args->operand[0], "verify") == 0)
        return command_views(cli, args, 1, verify_each);
    return command_views(cli, args, 0, ledger_each);
}

const struct cli_command command_ledger = {
    .verb = "ledger", .group = "watch", .operands = "[verify] [PIPELINE…]", .most = 1000, .run = run_ledger,
    .summary = "The equation that proves no record is unaccounted for; verify counts it anew.",
    .text = "verify recounts every batch, follows the chain of evidence, and compares each batch with what the target says of it. "
            "Exit 70 when anything does not hold."};
