/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what would go wrong at night on this machine, asked by day. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "cli/command.h"
#include "engine/doctor.h"
#include "engine/result.h"

static const struct cli_option doctor_options[] = {
    {"crontab", 0, "FILE", "Look at this crontab instead of the machine's."},
    {"all", 0, NULL, "Show what is fine, too."},
    {NULL, 0, NULL, NULL},
};

static const char *const level_name[] = {"ok", "warn", "fail"};

/* Under the name of its pipeline, or as one of the machine. */
static void
check_put(struct cli *cli, const struct doctor_check *check, const char **about, bool all)
{
    static const char colour[] = {'g', 'y', 'r'};

    json_object(&cli->result, NULL);
    json_text(&cli->result, "name", check->name);
    json_text(&cli->result, "pipeline", check->pipeline);
    json_text(&cli->result, "status", level_name[check->level]);
    json_text(&cli->result, "found", check->found);
    json_text(&cli->result, "advice", check->advice);
    json_close(&cli->result);
    if (check->level == DOCTOR_OK && !all)
        return;
    if (*about == NULL || strcmp(*about, check->pipeline == NULL ? "this machine" : check->pipeline) != 0) {
        *about = check->pipeline == NULL ? "this machine" : check->pipeline;
        text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, 'b'), *about, cli_paint(cli, '0'));
    }
    text_printf(&cli->out, "  %s%-4s%s  %-17s  ", cli_paint(cli, colour[check->level]), level_name[check->level],
                cli_paint(cli, '0'), check->name);
    help_wrapped(&cli->out, check->found, 27, 100, 27);
    if (check->advice != NULL) {
        text_put(&cli->out, "                        -> ");
        help_wrapped(&cli->out, check->advice, 27, 100, 27);
    }
}

/* One pipeline by its file or name. A file that cannot be read is a finding of its own, and the others go on. */
static void
pipeline_look(struct doctor *doctor, const char *name)
{
    struct daybreak_fault fault = {0};
    struct config *config = NULL;
    struct view view;

    if (access(name, F_OK) == 0 || strchr(name, '/') != NULL) {
        if (view_config(name, &config, &fault) != 0)
            doctor_note(doctor, DOCTOR_FAIL, fault_status(&fault), "pipeline_file", fault.hint[0] == '\0' ? NULL : fault.hint,
                        "%s", fault.what);
    } else if (view_open(name, &view, &fault) == 0) {
        config = view.config;
        view.config = NULL;
        if (config == NULL)
            doctor_note(doctor, DOCTOR_WARN, 0, "pipeline_file", "name the file: daybreak doctor FILE",
                        "the file of pipeline '%s' is gone or has errors: %s", view.name,
                        view.file[0] == '\0' ? "never noted" : view.file);
        view_close(&view);
    } else if (view_config(name, &config, &fault) != 0) { /* its state cannot be read, or the file cannot: the latter first */
        doctor_note(doctor, DOCTOR_FAIL, fault_status(&fault), "pipeline_file", fault.hint[0] == '\0' ? NULL : fault.hint, "%s",
                    fault.what);
    }
    if (config == NULL)
        return;
    doctor->pipeline = config->name;
    doctor_note(doctor, DOCTOR_OK, 0, "pipeline_file", NULL, "'%s' can be run", config->path);
    doctor_pipeline(doctor, config);
    config_free(config);
}

static int
run_doctor(struct cli *cli, const struct cli_args *args)
{
    struct daybreak_fault none = {0};
    struct doctor doctor;
    char **names = NULL;
    size_t count = 0, level[3] = {0};
    const char *about = NULL;
    int status = 0;

    doctor_init(&doctor);
    doctor_machine(&doctor);
    doctor_cron(&doctor, cli_value(args, "crontab", NULL));
    for (size_t i = 0; i < args->operands; i++)
        pipeline_look(&doctor, args->operand[i]);
    if (args->operands == 0 && view_names(&names, &count, &none) == 0)
        for (size_t i = 0; i < count; i++)
            pipeline_look(&doctor, names[i]);
    view_names_free(names, count);
    json_object(&cli->result, NULL);
    json_array(&cli->result, "checks");
    for (uint32_t i = 0; i < doctor.count; i++) {
        const struct doctor_check *check = &doctor.check[i];

        check_put(cli, check, &about, cli_has(args, "all") || args->operands > 0);
        level[check->level]++;
        if (check->level == DOCTOR_FAIL)
            status = result_worse(status, check->status == 0 ? 1 : check->status);
    }
    json_close(&cli->result);
    json_close(&cli->result);
    cli_say(cli, "%zu checks: %zu ok, %zu warning%s, %zu failed", (size_t)doctor.count, level[0], level[1], level[1] == 1 ? ""
            : "s", level[2]);
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, level[2] > 0 ? 'r' : level[1] > 0 ? 'y' : 'g'), cli->summary,
                cli_paint(cli, '0'));
    doctor_fini(&doctor);
    return status;
}

const struct cli_command command_doctor = {
    .verb = "doctor", .group = "start", .operands = "[FILE…]", .most = 1000, .options = doctor_options, .run = run_doctor,
    .summary = "Look for what would stop a pipeline on this machine, and say what to do.",
    .text = "Permissions, free space and file systems of state and target, who holds the lock, the clock, crontab lines, "
            "limits, versions with "
            "known faults. Without FILE: the machine, and every pipeline of this state. Nothing is written. Exit 0 with "
            "warnings only, "
            "1 with a failure; 66, 77 and 78 where a run would answer that."};
