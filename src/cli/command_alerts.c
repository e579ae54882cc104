/* SPDX-License-Identifier: Apache-2.0 */
/* What was told to whom, and whether telling works. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "cli/command.h"
#include "engine/alert.h"
#include "engine/result.h"

static void
line_show(void *context, const struct alert_line *line)
{
    struct cli *cli = context;
    char when[40], at[CLOCK_TEXT_ROOM];

    json_object(&cli->result, NULL);
    json_text(&cli->result, "event", line->event);
    json_text(&cli->result, "way", line->way);
    json_text(&cli->result, "to", line->to);
    json_int(&cli->result, "count", line->count);
    json_bool(&cli->result, "pending", line->pending);
    json_int(&cli->result, "tries", line->tries);
    clock_text(line->since_us, at);
    json_text(&cli->result, "since", at);
    if (line->told_us > 0)
        clock_text(line->told_us, at);
    json_text(&cli->result, "told_at", line->told_us > 0 ? at : NULL);
    json_text(&cli->result, "text", line->text);
    json_close(&cli->result);
    text_printf(&cli->out, "  %-12s %-8s %-24s %s%s\n", line->event, line->way, line->to, line->pending ? "to be told" : "told ",
                line->pending ? "" : command_when(line->told_us, when));
    if (line->tries > 0)
        text_printf(&cli->out, "    tried %" PRId64 " time%s without success\n", line->tries, line->tries == 1 ? "" : "s");
}

/* No file, no ways: nobody can be told. */
static int
no_ways(struct cli *cli, const struct view *view)
{
    if (view->config == NULL) {
        fault_set(&cli->fault, DAYBREAK_HALT, "the file of pipeline '%s' is gone or has errors: '%s'", view->name, view->file);
        return fault_exit(&cli->fault, 78, "no-file"), 78;
    }
    if (view->config->alert_count > 0)
        return 0;
    fault_set(&cli->fault, DAYBREAK_HALT, "pipeline '%s' tells nobody: its file has no `alerts`", view->name);
    fault_hint(&cli->fault, "alerts: [{events: [failed], mail: {to: [you@example.org]}}]");
    return fault_exit(&cli->fault, 1, "no-alerts"), 1;
}

static int
list_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    (void)args;
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, 'b'), view->name, cli_paint(cli, '0'));
    json_array(&cli->result, "alerts");
    if (view->config != NULL)
        alert_book(view->config, line_show, cli);
    json_close(&cli->result);
    json_close(&cli->result);
    return 0;
}

static int
test_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    int status = no_ways(cli, view);
    uint32_t told = 0;

    (void)args;
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
    json_array(&cli->result, "alerts");
    for (uint32_t i = 0; view->config != NULL && i < view->config->alert_count; i++) {
        struct daybreak_fault fault = {0};
        struct alert_way way;
        bool well = alert_test(view->config, i, &fault) == 0;

        alert_way_name(&view->config->alerts[i], &way);
        told += well;
        json_object(&cli->result, NULL);
        json_text(&cli->result, "way", way.kind);
        json_text(&cli->result, "to", way.to);
        json_bool(&cli->result, "told", well);
        json_text(&cli->result, "error", well ? NULL : fault.what);
        json_close(&cli->result);
        text_printf(&cli->out, "%s: %s %s: %s%s%s%s\n", view->name, way.kind, way.to, cli_paint(cli, well ? 'g' : 'r'), well ? "told" : "not told",
                    cli_paint(cli, '0'), "");
        if (well)
            continue;
        text_printf(&cli->out, "  %s\n", fault.what);
        cli->fault = fault;
        fault_exit(&cli->fault, 69, "alert-not-told");
        status = 69;
    }
    json_close(&cli->result);
    json_close(&cli->result);
    if (view->config != NULL && view->config->alert_count > 0)
        cli_say(cli, "%s: %" PRIu32 " of %" PRIu32 " told", view->name, told, view->config->alert_count);
    return status;
}

static int
run_alerts(struct cli *cli, const struct cli_args *args)
{
    if (args->operands > 0 && strcmp(args->operand[0], "test") == 0)
        return command_views(cli, args, 1, test_each);
    return command_views(cli, args, 0, list_each);
}

const struct cli_command command_alerts = {
    .verb = "alerts", .group = "watch", .operands = "[test] [PIPELINE…]", .most = 1000, .run = run_alerts,
    .summary = "What was told to whom; test tells every way of the pipeline file a marked test.",
    .text = "test says of each way whether it was told, and ends with 69 when one could not be, with 1 when the file has no `alerts`."};
