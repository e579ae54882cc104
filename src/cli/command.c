/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands, and what several of them share. */
#include "cli/command.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "engine/result.h"
#include "ledger/lag.h"

const struct cli_command *const cli_commands[] = {
    &command_init,    &command_demo,       &command_doctor,  &command_version,
    &command_lint,    &command_schema,     &command_graph,   &command_test, &command_connectors, &command_connector, &command_explain,
    &command_run,
    &command_status,  &command_lag,        &command_tail,    &command_trace,      &command_ledger, &command_alerts,
    &command_held,    &command_approve,    &command_reject,  &command_dead, &command_feedback,
    &command_compare,
    &command_cron,    &command_unit,       &command_completion, &command_man,
    NULL,
};

int
command_views(struct cli *cli, const struct cli_args *args, size_t from,
              int (*each)(struct cli *cli, const struct cli_args *args, struct view *view))
{
    char **names = NULL;
    size_t count = args->operands > from ? args->operands - from : 0;
    bool all = count == 0;
    int status = 0;

    if (all && view_names(&names, &count, &cli->fault) != 0)
        return cli_fail(cli);
    json_array(&cli->result, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *name = all ? names[i] : args->operand[from + i];
        struct view view;
        int one;

        if (view_open(name, &view, &cli->fault) != 0) {
            one = cli_fail(cli);
        } else {
            one = each(cli, args, &view);
            view_close(&view);
        }
        status = result_worse(status, one);
    }
    json_close(&cli->result);
    if (all)
        view_names_free(names, count);
    return status;
}

const char *
command_when(int64_t us, char text[40])
{
    char full[CLOCK_TEXT_ROOM];

    if (us == DAYBREAK_NO_TIME) {
        snprintf(text, 40, "never");
        return text;
    }
    clock_text(us, full);
    snprintf(text, 40, "%.10s %.8s UTC", full, full + 11);
    return text;
}

const char *
command_actor(char text[128])
{
    const struct passwd *user = getpwuid(getuid());

    if (user != NULL)
        snprintf(text, 128, "%s", user->pw_name);
    else
        snprintf(text, 128, "uid %u", (unsigned)getuid());
    return text;
}

void
command_lag_json(struct json *json, const struct lag *lag)
{
    static const struct { const char *name; double at; } quantile[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1.0}};

    json_int(json, "n", lag_count(lag));
    for (size_t i = 0; i < sizeof quantile / sizeof *quantile; i++)
        if (lag_count(lag) == 0)
            json_null(json, quantile[i].name);
        else
            json_int(json, quantile[i].name, lag_quantile(lag, quantile[i].at));
    json_int(json, "skewed", lag->skewed);
    json_int(json, "skew_worst_ms", lag->skew_worst_ms);
}
