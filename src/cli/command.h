/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/cli.h"
#include "engine/view.h"

/* Every command is one table entry in the file of its kind. */
extern const struct cli_command command_run, command_demo, command_doctor, command_init;
extern const struct cli_command command_lint, command_schema, command_graph, command_connectors, command_explain, command_test;
extern const struct cli_command command_status, command_lag, command_tail, command_trace, command_ledger, command_alerts;
extern const struct cli_command command_held, command_approve, command_reject, command_dead, command_feedback;
extern const struct cli_command command_compare, command_connector;
extern const struct cli_command command_version, command_completion, command_man, command_unit, command_cron;

/**
 * command_views(cli, args, from, each, context): every pipeline named from operand ${from} on, or all of this state when none is; ${each}
 * gives an exit status. One result object a pipeline; an array of them when there are several or none was named... see `--json` of
 * DESIGN 14: status and lag give one element a pipeline. Gives the worst status.
 */
int command_views(struct cli *cli, const struct cli_args *args, size_t from,
                  int (*each)(struct cli *cli, const struct cli_args *args, struct view *view));

/** command_when(us, text): an instant for people, "2026-11-24 12:00:05 UTC"; "never" when there is none. */
const char *command_when(int64_t us, char text[40]);
/** command_actor(text): the OS user who asks. */
const char *command_actor(char text[128]);

struct lag;
/** command_lag_json(json, lag): n, p50, p95, p99, max (null with n = 0) and the skew, as members of the object that is open. */
void command_lag_json(struct json *json, const struct lag *lag);

#endif
