/* SPDX-License-Identifier: Apache-2.0 */
/* test: the tests of pipeline files, each through the whole engine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "cli/command.h"
#include "engine/result.h"
#include "engine/trial.h"
#include "engine/view.h"

static const struct cli_option test_options[] = {
    {"only", 0, "TEXT", "Run only the tests whose name holds TEXT."},
    {NULL, 0, NULL, NULL},
};

struct test_totals {
    uint32_t passed, failed;
    int status;
};

/* State that nobody keeps: in memory where there is such a place, so that syncs cost nothing. */
static int
folder_make(char path[64], struct daybreak_fault *fault)
{
    snprintf(path, 64, "%s/daybreak-test.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(path) != NULL)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot make a folder for the state of a test in '%s'", path);
    return fault_exit(fault, 73, "no-folder");
}

static void
test_tell(struct cli *cli, const struct trial *trial, int64_t us)
{
    const char *at = text_end((struct text *)&trial->differences);
    bool held = trial->different == 0;

    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", trial->config->name);
    json_text(&cli->result, "name", trial->test->name);
    json_bool(&cli->result, "ok", held);
    json_real(&cli->result, "ms", (double)us / 1000);
    json_array(&cli->result, "differences");
    text_printf(&cli->out, "%s%s%s  %s  %s(%.1f ms)%s\n", cli_paint(cli, held ? 'g' : 'r'), held ? "ok  " : "FAIL", cli_paint(cli, '0'),
                trial->test->name, cli_paint(cli, 'd'), (double)us / 1000, cli_paint(cli, '0'));
    while (*at != '\0') {
        size_t size = strcspn(at, "\n");

        json_bytes(&cli->result, NULL, at, size);
        text_printf(&cli->out, "        %.*s\n", (int)size, at);
        at += size + (at[size] == '\n');
    }
    json_close(&cli->result);
    json_close(&cli->result);
}

static int
test_one(struct cli *cli, const struct config *config, const struct config_test *test, struct test_totals *totals)
{
    struct trial trial = {.config = config, .test = test, .arena = arena_new()};
    int64_t from_us = clock_now_us();
    char folder[64];
    int result = folder_make(folder, &cli->fault);

    if (result == 0) {
        result = trial_run(&trial, folder, &cli->fault);
        file_remove_tree(folder);
    }
    if (result == 0) {
        test_tell(cli, &trial, clock_now_us() - from_us);
        totals->passed += trial.different == 0;
        totals->failed += trial.different > 0;
    } else {
        fault_within(&cli->fault, "%s:%u: test '%s'", config->path, test->place.line, test->name);
        totals->status = result_worse(totals->status, fault_status(&cli->fault));
    }
    text_fini(&trial.differences);
    arena_free(trial.arena);
    return result;
}

static int
run_test(struct cli *cli, const struct cli_args *args)
{
    const char *only = cli_value(args, "only", NULL);
    struct test_totals totals = {0};

    json_object(&cli->result, NULL);
    json_array(&cli->result, "tests");
    for (size_t i = 0; i < args->operands && totals.status == 0; i++) {
        struct config *config;

        if (view_config(args->operand[i], &config, &cli->fault) != 0) {
            totals.status = fault_status(&cli->fault);
            break;
        }
        if (args->operands > 1)
            text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, 'b'), args->operand[i], cli_paint(cli, '0'));
        for (uint32_t t = 0; t < config->test_count && totals.status == 0; t++)
            if (only == NULL || strstr(config->tests[t].name, only) != NULL)
                test_one(cli, config, &config->tests[t], &totals);
        config_free(config);
    }
    json_close(&cli->result);
    json_int(&cli->result, "passed", totals.passed);
    json_int(&cli->result, "failed", totals.failed);
    json_close(&cli->result);
    cli_say(cli, "%" PRIu32 " passed, %" PRIu32 " failed", totals.passed, totals.failed);
    if (totals.status != 0)
        return totals.status;
    if (totals.passed + totals.failed == 0) {
        cli_say(cli, only == NULL ? "there are no tests: nothing was checked" : "no test has such a name: nothing was checked");
        totals.failed = 1;
    }
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, totals.failed > 0 ? 'r' : 'g'), cli->summary, cli_paint(cli, '0'));
    return totals.failed > 0 ? 1 : 0;
}

const struct cli_command command_test = {
    .verb = "test", .group = "author", .operands = "FILE…", .least = 1, .most = 1000, .options = test_options,
    .summary = "Run the tests of pipeline files.",
    .text = "Each test of `tests:` goes through the whole engine, from a source in memory to a target in memory; inputs and targets of the "
            "pipeline are not touched, only what it looks up is read where it is. `input` is a list of records: one whose key came "
            "before is a newer version of it, `_op: d` deletes. `expect` names a handoff (the only sink's is `load`) with the records "
            "that must reach it, in order and no others, of each only the columns that are given: those of the target, and _op, _reason, "
            "_actor, _changed_at and _related.NAME. `dead` names records that must be set aside (their columns, and _stage, _rule, "
            "_reason, _field, _detail), `filtered` how many a filter takes out. A plain null is null. Exit 1 when a test does not hold, "
            "checked nothing, or there is none.",
    .run = run_test};
