/* SPDX-License-Identifier: Apache-2.0 */
/* --help, the manual pages and shell completions, all written from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "config/config.h"

static const char *const first_steps[][2] = {
    {"demo", "see it work, on data of its own"},
    {"init --from drop/orders.csv", "write a pipeline file for your data"},
    {"run --dry-run orders.yaml", "see what it would do"},
    {"run orders.yaml", "do it"},
    {"doctor orders.yaml", "see what may stop it at night"},
};

static const char *const group_title[][2] = {
    {"start", "Start"},   {"author", "Write a pipeline"}, {"run", "Run"},   {"watch", "Watch"},
    {"decide", "Decide"}, {"compare", "Compare"},         {"ship", "Ship"},
};

void
help_wrapped(struct text *out, const char *words, size_t indent, size_t width, size_t column)
{
    while (*words != '\0') {
        size_t size = strcspn(words, " \n");

        if (column + size > width) {
            if (out->size > 0 && out->at[out->size - 1] == ' ')
                out->size--; /* no blank at the end of a line */
            text_char(out, '\n');
            for (size_t i = 0; i < indent; i++)
                text_char(out, ' ');
            column = indent;
        }
        text_add(out, words, size);
        column += size;
        words += size;
        if (*words == '\n') {
            text_char(out, '\n');
            for (size_t i = 0; i < indent; i++)
                text_char(out, ' ');
            column = indent;
            words++;
        }
        while (*words == ' ') {
            words++;
            if (*words != '\0' && *words != '\n') {
                text_char(out, ' ');
                column++;
            }
        }
    }
    text_char(out, '\n');
}

static size_t
option_usage(const struct cli_option *option, char *to, size_t room)
{
    int size = option->letter != 0 ? snprintf(to, room, "-%c, --%s", option->letter, option->name)
                                   : snprintf(to, room, "    --%s", option->name);

    if (option->value != NULL)
        size += snprintf(to + size, room - (size_t)size, " %s", option->value);
    return (size_t)size;
}

static void
put_options(const struct cli_option *option, struct text *out)
{
    for (; option != NULL && option->name != NULL; option++) {
        char usage[80];

        option_usage(option, usage, sizeof usage);
        text_printf(out, "  %-26s", usage);
        if (strlen(usage) > 25)
            text_printf(out, "\n%28s", "");
        help_wrapped(out, option->help, 28, 80, 28);
    }
}

void
help_overview(struct text *out)
{
    text_put(out, "daybreak moves nightly batch flows to continuous ones, one job at a time and with proof.\n\n"
                  "usage: daybreak [-C DIR] [--state DIR] [--json] [-q|-v] COMMAND\n\nFirst steps\n");
    for (size_t i = 0; i < sizeof first_steps / sizeof *first_steps; i++)
        text_printf(out, "  daybreak %-32s%s\n", first_steps[i][0], first_steps[i][1]);
    for (size_t g = 0; g < sizeof group_title / sizeof *group_title; g++) {
        text_printf(out, "\n%s\n", group_title[g][1]);
        for (size_t i = 0; cli_commands[i] != NULL; i++) {
            const struct cli_command *command = cli_commands[i];
            int wide;

            if (strcmp(command->group, group_title[g][0]) != 0)
                continue;
            wide = (int)(strlen(command->verb) + 1 + text_width(command->operands));
            text_printf(out, "  %s %s", command->verb, command->operands);
            if (wide > 27)
                text_printf(out, "\n%31s", "");
            else
                text_printf(out, "%*s", 29 - wide, "");
            help_wrapped(out, command->summary, 31, 80, 31);
        }
    }
    text_put(out, "\nOptions of every command\n");
    put_options(cli_global, out);
    text_put(out, "\nMore: daybreak COMMAND --help; of a code or an exit status: daybreak explain 75.\n");
}

void
help_command(const struct cli_command *command, struct text *out)
{
    text_printf(out, "usage: daybreak %s%s%s%s\n\n", command->verb,
                command->options != NULL && command->options[0].name != NULL ? " [OPTION…]" : "",
                command->operands[0] == '\0' ? "" : " ", command->operands);
    help_wrapped(out, command->summary, 0, 80, 0);
    if (command->text != NULL) {
        text_char(out, '\n');
        help_wrapped(out, command->text, 0, 80, 0);
    }
    if (command->options != NULL && command->options[0].name != NULL) {
        text_put(out, "\nOptions\n");
        put_options(command->options, out);
    }
    text_put(out, "\nOptions of every command: daybreak --help\n");
}

void
help_roff(struct text *out, const char *words)
{
    bool first = true;

    for (; *words != '\0'; words++) {
        if (first && (*words == '.' || *words == '\''))
            text_put(out, "\\&");
        first = *words == '\n';
        if (*words == '\\')
            text_put(out, "\\e");
        else if (*words == '-')
            text_put(out, "\\-");
        else
            text_char(out, *words);
    }
    text_char(out, '\n');
}

static void
roff_options(struct text *out, const struct cli_option *option)
{
    for (; option != NULL && option->name != NULL; option++) {
        text_put(out, ".TP\n.B ");
        if (option->letter != 0)
            text_printf(out, "\\-%c\\fR,\\fB ", option->letter);
        text_put(out, "\\-\\-");
        for (const char *c = option->name; *c != '\0'; c++)
            text_printf(out, "%s%c", *c == '-' ? "\\" : "", *c);
        text_printf(out, " \\fI%s\\fR\n", option->value == NULL ? "" : option->value);
        help_roff(out, option->help);
    }
}

void
help_manual(struct text *out)
{
    text_put(out, ".TH DAYBREAK 1 \"\" \"daybreak\" \"User Commands\"\n.SH NAME\n"
                  "daybreak \\- nightly batch flows become continuous, with proof\n.SH SYNOPSIS\n.B daybreak\n"
                  "[\\fB\\-C\\fR \\fIDIR\\fR] [\\fB\\-\\-state\\fR \\fIDIR\\fR] [\\fB\\-\\-json\\fR] \\fICOMMAND\\fR\n"
                  ".SH DESCRIPTION\nA pipeline file says where records come from, how changes are found and where they land:\n"
                  ".BR daybreak\\-pipeline (5).\nThe result of a command is printed on standard output, messages on standard "
                  "error. From cron a run that went well prints nothing.\n.SH OPTIONS\n");
    roff_options(out, cli_global);
    text_put(out, ".SH COMMANDS\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        const struct cli_command *command = cli_commands[i];

        text_printf(out, ".SS \"%s %s\"\n", command->verb, command->operands);
        help_roff(out, command->summary);
        if (command->text != NULL) {
            text_put(out, ".PP\n");
            help_roff(out, command->text);
        }
        roff_options(out, command->options);
    }
    text_put(out, ".SH EXIT STATUS\n");
    for (const struct explain_code *status = explain_exits; status->code != NULL; status++) {
        text_printf(out, ".TP\n%s\n", status->code);
        help_roff(out, status->means);
    }
    text_put(out, ".PP\nEvery code of a message, a dead letter or a held input: \\fBdaybreak explain\\fR \\fICODE\\fR.\n");
    text_put(out, ".SH FILES\n.TP\n.I .daybreak/NAME/\nLock, ledger and memory of pipeline NAME. No cache: back it up together "
                  "with the target.\n.SH SEE ALSO\n.BR daybreak\\-pipeline (5),\n.BR daybreak\\-expressions (7)\n");
}

static const char *
type_name(const struct daybreak_option *option)
{
    static const char *const name[] = {
        [DAYBREAK_TEXT] = "text",       [DAYBREAK_BOOLEAN] = "true | false", [DAYBREAK_INTEGER] = "number",
        [DAYBREAK_DURATION] = "duration", [DAYBREAK_SIZE] = "size",          [DAYBREAK_PERCENT] = "percentage",
        [DAYBREAK_CHOICE] = "choice",   [DAYBREAK_LIST] = "list",            [DAYBREAK_MAP] = "mapping",
        [DAYBREAK_TIME] = "time of day"};

    return option->type == DAYBREAK_CHOICE ? option->choices : name[option->type];
}

void
help_manual_pipeline(struct text *out)
{
    text_put(out, ".TH DAYBREAK\\-PIPELINE 5 \"\" \"daybreak\" \"File Formats\"\n.SH NAME\n"
                  "daybreak\\-pipeline \\- a pipeline file\n.SH DESCRIPTION\n"
                  "YAML with the keys below. Values are taken as written and typed by their key.\n.PP\n.nf\n"
                  "source: {path: drop/orders_%Y%m%d.csv.gz, capture: {key: id}}\n"
                  "sink: {type: sqlite, path: orders.db}\n.fi\n");
    for (const struct config_section *section = config_sections; section->path != NULL; section++) {
        text_printf(out, ".SH %s\n", section->path[0] == '\0' ? "TOP LEVEL" : section->path);
        for (const struct daybreak_option *option = section->table; option->name != NULL; option++) {
            text_printf(out, ".TP\n\\fB%s\\fR: %s%s%s\n", option->name, type_name(option),
                        option->preset != NULL && option->preset[0] != '\0' ? ", default " : "",
                        option->preset == NULL ? "" : option->preset);
            help_roff(out, option->help == NULL ? "" : option->help);
        }
    }
    text_put(out, ".PP\nOptions of connectors: \\fBdaybreak connectors NAME\\fR.\n.SH SEE ALSO\n.BR daybreak (1),\n.BR daybreak\\-expressions (7)\n");
}

bool
help_completion(const char *shell, struct text *out)
{
    bool bash = strcmp(shell, "bash") == 0;

    if (!bash && strcmp(shell, "zsh") != 0 && strcmp(shell, "fish") != 0)
        return false;
    if (strcmp(shell, "fish") == 0) {
        for (size_t i = 0; cli_commands[i] != NULL; i++) {
            text_printf(out, "complete -c daybreak -n __fish_use_subcommand -f -a %s -d '%s'\n", cli_commands[i]->verb,
                        cli_commands[i]->summary);
            for (const struct cli_option *o = cli_commands[i]->options; o != NULL && o->name != NULL; o++)
                text_printf(out, "complete -c daybreak -n '__fish_seen_subcommand_from %s' -l %s%s\n", cli_commands[i]->verb,
                            o->name, o->value == NULL ? "" : " -r");
        }
        return true;
    }
    if (!bash)
        text_put(out, "#compdef daybreak\nautoload -U +X bashcompinit && bashcompinit\n");
    text_put(out, "_daybreak() {\n    local word=${COMP_WORDS[COMP_CWORD]} verb= i\n"
                  "    for ((i = 1; i < COMP_CWORD; i++)); do case ${COMP_WORDS[i]} in -*) ;; *) verb=${COMP_WORDS[i]}; break;; "
                  "esac; done\n    case $verb in\n    '') COMPREPLY=($(compgen -W '");
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        text_printf(out, "%s%s", i == 0 ? "" : " ", cli_commands[i]->verb);
    for (const struct cli_option *o = cli_global; o->name != NULL; o++)
        text_printf(out, " --%s", o->name);
    text_put(out, "' -- \"$word\"));;\n");
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        text_printf(out, "    %s) COMPREPLY=($(compgen -f -W '", cli_commands[i]->verb);
        for (const struct cli_option *o = cli_commands[i]->options; o != NULL && o->name != NULL; o++)
            text_printf(out, "--%s ", o->name);
        text_put(out, "--help' -- \"$word\"));;\n");
    }
    text_put(out, "    esac\n}\ncomplete -o filenames -F _daybreak daybreak\n");
    return true;
}
