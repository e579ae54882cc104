/* SPDX-License-Identifier: Apache-2.0 */
/* run: one pass from cron, or a life as a follower; and how a run speaks: silent when all is well, one paragraph when not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "engine/result.h"
#include "engine/run.h"

static const struct cli_option run_options[] = {
    {"follow", 'f', NULL, "Go on: wake when an input is complete, until SIGTERM."},
    {"inputs", 0, "N", "Take at most N inputs a pipeline."},
    {"resync", 0, NULL, "Compare the newest input with the target itself and write only the differences."},
    {"dry-run", 'n', NULL, "Show what would be captured, routed and written, with samples; touch nothing."},
    {"limit", 0, "N", "Read at most N rows a pipeline. What compares whole dumps takes it only with --dry-run; the others go on behind "
     "them in the next run."},
    {"skip-if-running", 0, NULL, "Exit 0 in silence when another run of it holds the lock."},
    {"was", 0, "NAME", "The pipeline was called NAME before: take over its target and state."},
    {NULL, 0, NULL, NULL},
};

/* What the callbacks of a run need. */
struct telling {
    struct cli *cli;
    const struct config *const *config;
    uint32_t count;
    bool follow, several, dry;
    struct daybreak_counts *told;   /* by pipeline, of a follower: what was said already */
};

static const struct config *
config_of(const struct telling *telling, const char *pipeline, uint32_t *index)
{
    for (uint32_t i = 0; i < telling->count; i++)
        if (strcmp(telling->config[i]->name, pipeline) == 0) {
            *index = i;
            return telling->config[i];
        }
    return NULL;
}

/* A follower says a line about each input that brought something. */
static void
on_told(void *context, const struct result *result)
{
    struct telling *telling = context;
    struct cli *cli = telling->cli;
    const struct daybreak_counts *now = &result->counts;
    struct daybreak_counts *before;
    char when[40];
    uint32_t i;

    progress_clear();
    if (!telling->follow || config_of(telling, result->pipeline, &i) == NULL)
        return;
    before = &telling->told[i];
    if (now->captured + now->absent + now->invalid == before->captured + before->absent + before->invalid)
        return;
    if (cli->terminal && !cli->quiet && !cli->as_json) {
        text_printf(&cli->out, "%s%s%s %s:", cli_paint(cli, 'd'), command_when(clock_now_us(), when) + 11, cli_paint(cli, '0'),
                    result->pipeline);
        if (now->loaded > before->loaded)
            text_printf(&cli->out, " %" PRId64 " loaded", now->loaded - before->loaded);
        text_printf(&cli->out, " %" PRId64 " created, %" PRId64 " updated, %" PRId64 " deleted", now->created - before->created,
                    now->updated - before->updated, now->deleted - before->deleted);
        if (now->dead > before->dead)
            text_printf(&cli->out, ", %s%" PRId64 " dead%s", cli_paint(cli, 'r'), now->dead - before->dead, cli_paint(cli, '0'));
        text_char(&cli->out, '\n');
        cli_flush(cli);
    }
    *before = *now;
}

static void
on_ended(void *context, const struct result *result)
{
    struct telling *telling = context;
    struct cli *cli = telling->cli;
    const struct config *config;
    uint32_t i;

    progress_clear();
    config = config_of(telling, result->pipeline, &i);
    result_json(result, &cli->result, NULL);
    if (result_worse(cli->fault.status, result->status) != cli->fault.status && result->fault.kind != DAYBREAK_NO_FAULT)
        cli->fault = result->fault;
    if (!cli->as_json && !cli->quiet && telling->dry) /* what a dry run would do is its result */
        report_dry(cli, result, config);
    else if (!cli->as_json && cli->terminal && !cli->quiet)
        report_table(cli, result);
    if (!cli->as_json && result->status != 0 && (!telling->dry || result->rehearsal == NULL || result->fault.kind != DAYBREAK_NO_FAULT))
        report_paragraph(cli, result, config);
    report_sentence(result, cli->summary, sizeof cli->summary);
}

static int
configs_read(struct cli *cli, const struct cli_args *args, struct config **config, uint32_t *count)
{
    int status = 0;

    for (size_t i = 0; i < args->operands; i++) {
        struct daybreak_fault fault = {0};

        if (view_config(args->operand[i], &config[*count], &fault) != 0) {
            if (args->operands > 1 && !cli->as_json) /* told at once, the others go on */
                LOG_ERROR("%s%s%s", fault.what, fault.hint[0] == '\0' ? "" : "; ", fault.hint);
            else if (result_worse(status, fault_status(&fault)) != status || status == 0)
                cli->fault = fault;
            status = result_worse(status, fault_status(&fault));
            continue;
        }
        for (uint32_t k = 0; k < *count; k++)
            if (strcmp(config[k]->name, config[*count]->name) == 0) {
                cli_usage(cli, "'%s' and '%s' are both called '%s'", config[k]->path, config[*count]->path, config[k]->name);
                status = 64;
            }
        ++*count;
    }
    return status;
}

/* Of a dump that is compared as a whole a part says nothing about what is gone, so it may only be looked at. */
static bool
limit_fits(struct cli *cli, const struct run_request *request, struct config *const *config, uint32_t count)
{
    if (request->limit > 0 && !request->dry_run)
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t t = 0; t < config[i]->source.table_count; t++)
                if (config[i]->source.tables[t].capture.method == CONFIG_DIFF) {
                    cli_usage(cli, "--limit reads a part of a dump, and pipeline '%s' compares whole ones", config[i]->name);
                    fault_hint(&cli->fault, "to look at its first rows: daybreak run --dry-run --limit %lld %s",
                               (long long)request->limit, config[i]->path);
                    return false;
                }
    return true;
}

static int
run_run(struct cli *cli, const struct cli_args *args)
{
    struct config **config = memory_zero((args->operands + 1) * sizeof *config);
    struct telling telling = {.cli = cli, .follow = cli_has(args, "follow"), .several = args->operands > 1};
    struct run_request request = {
        .follow = telling.follow, .resync = cli_has(args, "resync"), .dry_run = cli_has(args, "dry-run"),
        .skip_if_running = cli_has(args, "skip-if-running"), .was = cli_value(args, "was", NULL),
        .ended = on_ended, .told = on_told, .context = &telling};
    uint32_t count = 0;
    int status;

    request.mode = request.follow ? "follow" : request.resync ? "resync" : "run";
    if (!cli_number(cli, args, "inputs", 0, &request.inputs) || !cli_number(cli, args, "limit", 0, &request.limit)) {
        free(config);
        return 64;
    }
    if (request.limit > 0 && request.follow) {
        free(config);
        return cli_usage(cli, "--limit is for one pass: it does not go with --follow");
    }
    if (request.dry_run && request.follow) {
        free(config);
        return cli_usage(cli, "--dry-run is one pass: it does not go with --follow");
    }
    if (request.resync && request.follow) {
        free(config);
        return cli_usage(cli, "--resync is one pass: it does not go with --follow");
    }
    status = configs_read(cli, args, config, &count);
    if (status == 64 || count == 0)
        goto done;
    if (!limit_fits(cli, &request, config, count)) {
        status = 64;
        goto done;
    }
    request.config = telling.config = (const struct config *const *)config;
    request.count = telling.count = count;
    telling.told = memory_zero(count * sizeof *telling.told);
    if (cli->terminal && !cli->quiet && !cli->as_json) {
        request.progress = progress_show;
        log_line_hook(progress_clear);
    }
    telling.dry = request.dry_run;
    run_signals();
    if (telling.several)
        json_array(&cli->result, NULL);
    status = result_worse(status, run_pass(&request));
    if (telling.several)
        json_close(&cli->result);
    if (!cli->as_json && cli->fault.kind != DAYBREAK_NO_FAULT && (args->operands == count || telling.several)) {
        cli_flush(cli);
        memset(&cli->fault, 0, sizeof cli->fault); /* the paragraph said it */
    }
    free(telling.told);
done:
    for (uint32_t i = 0; i < count; i++)
        config_free(config[i]);
    free(config);
    return status;
}

const struct cli_command command_run = {
    .verb = "run", .group = "run", .operands = "FILE…", .least = 1, .most = 1000, .options = run_options, .run = run_run,
    .summary = "Take what is new to where it belongs, once or with --follow for good.",
    .text = "From cron a run that went well prints nothing; otherwise one paragraph says what, how many, and what to type next. "
            "On a terminal it shows its progress and a table. Several files run side by side, their inputs in order of time.\n"
            "--dry-run goes the whole road of a run, over a copy of the state in memory and past a target that is only looked at: what each "
            "input would bring, a few rows of each kind, guards that would trip, what the target would refuse a table for. It takes no lock "
            "and ends as the run would; with --json the result has dry_run, rehearsed, guards, samples and guarantees besides. What the "
            "target would say of single rows only a run finds out.\n"
            "Exit: 0 done and balanced, 3 new dead letters, 4 an input is held or late, 66 nothing has ever matched, "
            "69 target unreachable, 75 another run holds the lock, 78 the file is invalid or a person must look."};
