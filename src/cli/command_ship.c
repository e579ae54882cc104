/* SPDX-License-Identifier: Apache-2.0 */
/* What takes a pipeline to where it runs: crontab line, systemd unit, completions, manual, version. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/fault.h"
#include "cli/command.h"
#include "connector/module.h"

#ifndef DAYBREAK_VERSION
#define DAYBREAK_VERSION "0"
#endif

static int
run_version(struct cli *cli, const struct cli_args *args)
{
    (void)args;
    text_printf(&cli->out, "daybreak %s\nconnector ABI %d, SQLite %s, connectors in %s\n", DAYBREAK_VERSION, DAYBREAK_ABI,
                sqlite3_libversion(), module_folder());
    json_object(&cli->result, NULL);
    json_text(&cli->result, "version", DAYBREAK_VERSION);
    json_int(&cli->result, "abi", DAYBREAK_ABI);
    json_text(&cli->result, "sqlite", sqlite3_libversion());
    json_text(&cli->result, "connectors", module_folder());
    json_close(&cli->result);
    cli_say(cli, "daybreak %s", DAYBREAK_VERSION);
    return 0;
}

const struct cli_command command_version = {.verb = "version", .group = "start", .operands = "", .run = run_version,
                                            .summary = "Print the version, the ABI and where connectors are."};

static int
run_completion(struct cli *cli, const struct cli_args *args)
{
    if (!help_completion(args->operand[0], &cli->out))
        return cli_usage(cli, "completions are written for bash, zsh and fish, not for '%s'", args->operand[0]);
    json_text(&cli->result, NULL, text_end(&cli->out));
    cli_say(cli, "completions for %s", args->operand[0]);
    return 0;
}

const struct cli_command command_completion = {
    .verb = "completion", .group = "ship", .operands = "bash|zsh|fish", .least = 1, .most = 1, .run = run_completion,
    .summary = "Print the completions of a shell.", .text = "For bash: eval \"$(daybreak completion bash)\""};

static int
run_man(struct cli *cli, const struct cli_args *args)
{
    if (args->operands > 0 && strcmp(args->operand[0], "pipeline") == 0)
        help_manual_pipeline(&cli->out);
    else if (args->operands > 0 && strcmp(args->operand[0], "expressions") == 0)
        help_expressions(&cli->out);
    else if (args->operands > 0)
        return cli_usage(cli, "there is no page '%s': there are pipeline and expressions", args->operand[0]);
    else
        help_manual(&cli->out);
    json_text(&cli->result, NULL, text_end(&cli->out));
    cli_say(cli, "a manual page");
    return 0;
}

const struct cli_command command_man = {
    .verb = "man", .group = "ship", .operands = "[pipeline|expressions]", .most = 1, .run = run_man,
    .summary = "Print a manual page: daybreak(1), daybreak-pipeline(5) or daybreak-expressions(7).", .text = "To read it: daybreak man | man -l -"};

/* The words that start this very binary on that very file, from anywhere. */
static int
whole_paths(struct cli *cli, const char *file, char binary[PATH_MAX], char path[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", binary, PATH_MAX - 1);

    if (size > 0)
        binary[size] = '\0';
    else
        snprintf(binary, PATH_MAX, "daybreak");
    if (realpath(file, path) != NULL)
        return 0;
    fault_set(&cli->fault, DAYBREAK_HALT, "cannot find '%s': %s", file, strerror(errno));
    fault_exit(&cli->fault, 66, "no-file");
    return 66;
}

/* For sh: in single quotes where it needs them. */
static void
put_shell(struct text *out, const char *word, bool cron)
{
    if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] == '\0') {
        text_put(out, word);
        return;
    }
    text_char(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            text_put(out, "'\\''");
        else if (*word == '%' && cron)
            text_put(out, "\\%");
        else
            text_char(out, *word);
    }
    text_char(out, '\'');
}

static const struct cli_option cron_options[] = {
    {"every", 0, "MINUTES", "How often to look, in minutes from 1 to 59. Default 5."},
    {NULL, 0, NULL, NULL},
};

static int
run_cron(struct cli *cli, const struct cli_args *args)
{
    char binary[PATH_MAX], path[PATH_MAX];
    int64_t every;

    if (!cli_number(cli, args, "every", 5, &every))
        return 64;
    if (every < 1 || every > 59)
        return cli_usage(cli, "--every takes 1 to 59 minutes");
    if (whole_paths(cli, args->operand[0], binary, path) != 0)
        return 66;
    text_printf(&cli->out, "*/%lld * * * * ", (long long)every);
    put_shell(&cli->out, binary, true);
    text_put(&cli->out, " run ");
    put_shell(&cli->out, path, true);
    text_put(&cli->out, " --skip-if-running\n");
    json_text(&cli->result, NULL, text_end(&cli->out));
    cli_say(cli, "a line for `crontab -e`");
    return 0;
}

const struct cli_command command_cron = {
    .verb = "cron", .group = "ship", .operands = "FILE", .least = 1, .most = 1, .options = cron_options, .run = run_cron,
    .summary = "Print a crontab line that runs a pipeline.",
    .text = "A run that went well prints nothing, so cron sends mail only when a person is needed."};

static int
run_unit(struct cli *cli, const struct cli_args *args)
{
    char binary[PATH_MAX], path[PATH_MAX], dir[PATH_MAX];
    char *slash;

    if (whole_paths(cli, args->operand[0], binary, path) != 0)
        return 66;
    snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash != NULL)
        *slash = '\0';
    text_printf(&cli->out,
                "[Unit]\nDescription=Daybreak pipeline %s\nAfter=network-online.target\n\n[Service]\nType=exec\n"
                "ExecStart=%s run --follow %s\nRestart=on-failure\nRestartPreventExitStatus=64 66 70 77 78\nRestartSec=5\n"
                "UMask=0077\nNoNewPrivileges=yes\nProtectSystem=strict\nReadWritePaths=%s\nPrivateTmp=yes\nPrivateDevices=yes\n"
                "ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\nProtectClock=yes\n"
                "ProtectHostname=yes\nRestrictSUIDSGID=yes\nRestrictRealtime=yes\nRestrictNamespaces=yes\nLockPersonality=yes\n"
                "MemoryDenyWriteExecute=yes\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\nSystemCallArchitectures=native\n"
                "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\nCapabilityBoundingSet=\n\n"
                "[Install]\nWantedBy=multi-user.target\n",
                path, binary, path, dir);
    json_text(&cli->result, NULL, text_end(&cli->out));
    cli_say(cli, "a systemd unit; add every folder the pipeline writes to ReadWritePaths");
    return 0;
}

const struct cli_command command_unit = {
    .verb = "unit", .group = "ship", .operands = "FILE", .least = 1, .most = 1, .run = run_unit,
    .summary = "Print a hardened systemd unit that follows a pipeline.",
    .text = "Set User= to who owns the files, and add every folder outside the pipeline's own that it writes to ReadWritePaths=."};
