/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: global options, the verb, and the one answer that is printed at the end. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "connector/module.h"
#include "engine/state.h"

#ifndef DAYBREAK_VERSION
#define DAYBREAK_VERSION "0"
#endif

const struct cli_option cli_global[] = {
    {"directory", 'C', "DIR", "Work in DIR, as if started there."},
    {"state", 0, "DIR", "Keep state in DIR instead of .daybreak beside the pipeline file ($DAYBREAK_STATE)."},
    {"connectors", 0, "DIR", "Look for connector modules in DIR alone ($DAYBREAK_CONNECTORS)."},
    {"json", 0, NULL, "Print one JSON object {command, ok, summary, result, error}."},
    {"quiet", 'q', NULL, "Only errors."},
    {"verbose", 'v', NULL, "Say what happens; twice for every detail."},
    {"no-color", 0, NULL, "No colours, also with NO_COLOR set or TERM=dumb."},
    {"help", 'h', NULL, "Explain the command."},
    {"version", 0, NULL, "Print the version."},
    {NULL, 0, NULL, NULL},
};

bool
cli_has(const struct cli_args *args, const char *name)
{
    return cli_value(args, name, NULL) != NULL;
}

const char *
cli_value(const struct cli_args *args, const char *name, const char *otherwise)
{
    for (size_t i = 0; args->options != NULL && args->options[i].name != NULL; i++)
        if (strcmp(args->options[i].name, name) == 0)
            return args->value[i] == NULL ? otherwise : args->value[i];
    return otherwise;
}

bool
cli_number(struct cli *cli, const struct cli_args *args, const char *name, int64_t otherwise, int64_t *number)
{
    const char *value = cli_value(args, name, NULL);
    char *end;

    *number = otherwise;
    if (value == NULL)
        return true;
    errno = 0;
    *number = strtoll(value, &end, 10);
    if (errno == 0 && end != value && *end == '\0' && *number >= 0)
        return true;
    cli_usage(cli, "--%s takes a whole number, '%s' is none", name, value);
    return false;
}

int
cli_usage(struct cli *cli, const char *what, ...)
{
    char text[DAYBREAK_WHAT_MAX];
    va_list args;

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    fault_set(&cli->fault, DAYBREAK_HALT, "%s", text);
    fault_hint(&cli->fault, "daybreak %s%s--help", cli->command == NULL ? "" : cli->command->verb, cli->command == NULL ? "" : " ");
    fault_exit(&cli->fault, 64, "usage");
    return 64;
}

int
cli_fail(struct cli *cli)
{
    return fault_status(&cli->fault);
}

void
cli_say(struct cli *cli, const char *what, ...)
{
    va_list args;

    va_start(args, what);
    vsnprintf(cli->summary, sizeof cli->summary, what, args);
    va_end(args);
}

void
cli_flush(struct cli *cli)
{
    if (!cli->as_json && cli->out.size > 0) {
        fwrite(cli->out.at, 1, cli->out.size, stdout);
        fflush(stdout);
    }
    text_clear(&cli->out);
}

const char *
cli_paint(const struct cli *cli, char colour)
{
    if (!cli->colour)
        return "";
    switch (colour) {
    case 'r':
        return "\033[31m";
    case 'g':
        return "\033[32m";
    case 'y':
        return "\033[33m";
    case 'd':
        return "\033[2m";
    case 'b':
        return "\033[1m";
    default:
        return "\033[0m";
    }
}

void
cli_count(struct text *out, int64_t number)
{
    char digits[24], *at = digits;
    size_t size = text_number(number, digits);

    if (number < 0) {
        text_char(out, '-');
        at++;
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            text_char(out, ',');
        text_char(out, at[i]);
    }
}

static const struct cli_option *
option_find(const struct cli_option *table, const char *name, size_t size, char letter)
{
    for (; table != NULL && table->name != NULL; table++)
        if (letter != 0 ? table->letter == letter : strlen(table->name) == size && strncmp(table->name, name, size) == 0)
            return table;
    return NULL;
}

/* What the global options say, before the verb is known. */
struct globals {
    bool json, quiet, help, version, no_colour;
    int verbose;
};

static int
global_set(struct cli *cli, struct globals *globals, const struct cli_option *option, const char *value)
{
    if (strcmp(option->name, "directory") == 0) {
        if (chdir(value) != 0) {
            fault_set(&cli->fault, DAYBREAK_HALT, "cannot work in '%s': %s", value, strerror(errno));
            fault_exit(&cli->fault, 66, "no-folder");
            return 66;
        }
    } else if (strcmp(option->name, "state") == 0) {
        state_root_set(value);
    } else if (strcmp(option->name, "connectors") == 0) {
        module_folder_set(value);
    } else if (strcmp(option->name, "json") == 0) {
        globals->json = cli->as_json = true;
    } else if (strcmp(option->name, "quiet") == 0) {
        globals->quiet = true;
    } else if (strcmp(option->name, "verbose") == 0) {
        globals->verbose++;
    } else if (strcmp(option->name, "no-color") == 0) {
        globals->no_colour = true;
    } else if (strcmp(option->name, "help") == 0) {
        globals->help = true;
    } else {
        globals->version = true;
    }
    return 0;
}

/* The first command with an option of that name. */
static const struct cli_command *
option_owner(const char *name)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++)
        if (option_find(cli_commands[i]->options, name, strlen(name), 0) != NULL)
            return cli_commands[i];
    return NULL;
}

static int
no_option(struct cli *cli, const char *word, const char *name, size_t size)
{
    const struct cli_command *owner;
    const char *names[CLI_OPTIONS + 16];
    size_t count = 0;
    char asked[64];
    const char *nearest;

    for (const struct cli_option *o = cli->command == NULL ? NULL : cli->command->options; o != NULL && o->name != NULL; o++)
        names[count++] = o->name;
    for (const struct cli_option *o = cli_global; o->name != NULL; o++)
        names[count++] = o->name;
    snprintf(asked, sizeof asked, "%.*s", (int)(size < 60 ? size : 60), name);
    nearest = text_nearest(asked, names, count);
    owner = cli->command == NULL ? option_owner(asked) : NULL;
    cli_usage(cli, "there is no option '%s'%s", word, owner == NULL ? "" : " for all commands");
    if (owner != NULL)
        fault_hint(&cli->fault, "options of a command stand behind it: daybreak %s %s", owner->verb, word);
    else if (nearest != NULL)
        fault_hint(&cli->fault, "did you mean --%s?", nearest);
    return 64;
}

/* What is given again stands behind what was given, on a line of its own. */
static char *
again(char *old, const char *before, const char *value)
{
    struct text both = {0};

    text_printf(&both, "%s\n%s", before, value);
    text_end(&both);
    free(old);
    return both.at;
}

/* One word that begins with a dash, and its value where it takes one; *at moves behind them. */
static int
option_take(struct cli *cli, struct globals *globals, struct cli_args *args, int argc, char **argv, int *at)
{
    const char *word = argv[*at], *name = word + (word[1] == '-' ? 2 : 1), *equals, *value = NULL;
    const struct cli_option *own = cli->command == NULL ? NULL : cli->command->options, *option;
    size_t size;
    bool global;

    if (word[1] != '-' && word[2] != '\0' && option_find(cli_global, NULL, 0, word[1]) != NULL &&
        option_find(cli_global, NULL, 0, word[1])->value == NULL) { /* -vv, -qv */
        for (const char *letter = word + 1; *letter != '\0'; letter++) {
            option = option_find(cli_global, NULL, 0, *letter);
            if (option == NULL || option->value != NULL)
                return no_option(cli, word, name, strlen(name));
            global_set(cli, globals, option, "");
        }
        ++*at;
        return 0;
    }
    equals = word[1] == '-' ? strchr(name, '=') : NULL;
    size = equals == NULL ? strlen(name) : (size_t)(equals - name);
    option = word[1] == '-' ? option_find(own, name, size, 0) : option_find(own, NULL, 0, word[1]);
    global = option == NULL;
    if (global)
        option = word[1] == '-' ? option_find(cli_global, name, size, 0) : option_find(cli_global, NULL, 0, word[1]);
    if (option == NULL)
        return no_option(cli, word, name, size);
    ++*at;
    if (option->value != NULL) {
        if (equals != NULL)
            value = equals + 1;
        else if (word[1] != '-' && word[2] != '\0')
            value = word + 2;
        else if (*at < argc)
            value = argv[(*at)++];
        else
            return cli_usage(cli, "--%s needs a value: --%s %s", option->name, option->name, option->value);
    } else if (equals != NULL || (word[1] != '-' && word[2] != '\0')) {
        return cli_usage(cli, "--%s takes no value", option->name);
    }
    if (global)
        return global_set(cli, globals, option, value);
    if (args->value[option - own] != NULL && option->value != NULL) {
        size_t end = strlen(option->value);

        if (end < 3 || strcmp(option->value + end - 3, "…") != 0)
            return cli_usage(cli, "--%s was given twice", option->name);
        value = args->more[option - own] = again(args->more[option - own], args->value[option - own], value);
    }
    args->value[option - own] = value == NULL ? "" : value;
    return 0;
}

static const struct cli_command *
command_find(struct cli *cli, const char *verb)
{
    const char *names[64], *nearest;
    size_t count = 0;

    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        if (strcmp(cli_commands[i]->verb, verb) == 0)
            return cli_commands[i];
        if (count < 64)
            names[count++] = cli_commands[i]->verb;
    }
    nearest = text_nearest(verb, names, count);
    cli_usage(cli, "there is no command '%s'", verb);
    if (access(verb, F_OK) == 0)
        fault_hint(&cli->fault, "the command comes first: daybreak run %s", verb);
    else if (nearest != NULL)
        fault_hint(&cli->fault, "did you mean `daybreak %s`?", nearest);
    else
        fault_hint(&cli->fault, "daybreak --help lists them");
    return NULL;
}

static int
parse(struct cli *cli, struct globals *globals, struct cli_args *args, int argc, char **argv)
{
    bool plain = false; /* behind "--" */
    int at = 1, status;

    while (at < argc) {
        const char *word = argv[at];

        if (!plain && strcmp(word, "--") == 0) {
            plain = true;
            at++;
        } else if (!plain && word[0] == '-' && word[1] != '\0') {
            status = option_take(cli, globals, args, argc, argv, &at);
            if (status != 0)
                return status;
        } else if (cli->command == NULL) {
            cli->command = command_find(cli, word);
            if (cli->command == NULL)
                return 64;
            args->options = cli->command->options;
            at++;
        } else {
            args->operand[args->operands++] = word;
            at++;
        }
    }
    if (cli->command == NULL || globals->help || globals->version)
        return 0;
    if (args->operands < cli->command->least)
        return cli_usage(cli, "`daybreak %s` needs %s", cli->command->verb, cli->command->operands);
    if (args->operands > cli->command->most)
        return cli_usage(cli, "'%s' is one word too many", args->operand[cli->command->most]);
    return 0;
}

/* No message leaves a person alone: one that has no advice of its own says where there is some. */
static void
hint_need(struct daybreak_fault *fault)
{
    if (fault->kind != DAYBREAK_NO_FAULT && fault->hint[0] == '\0' && fault->code[0] != '\0' && explain_has(fault->code))
        fault_hint(fault, "daybreak explain %s", fault->code);
}

static void
answer_json(struct cli *cli, int status, struct text *out)
{
    struct json json;

    json_init(&json, out, false);
    json_object(&json, NULL);
    json_text(&json, "command", cli->command == NULL ? NULL : cli->command->verb);
    json_bool(&json, "ok", status == 0);
    json_text(&json, "summary", cli->summary[0] != '\0' ? cli->summary : cli->fault.what);
    if (cli->result_text.size > 0)
        json_raw(&json, "result", cli->result_text.at, cli->result_text.size);
    else
        json_null(&json, "result");
    if (cli->fault.kind == DAYBREAK_NO_FAULT) {
        json_null(&json, "error");
    } else {
        json_object(&json, "error");
        json_int(&json, "status", status);
        json_text(&json, "code", cli->fault.code[0] == '\0' ? NULL : cli->fault.code);
        json_text(&json, "message", cli->fault.what);
        json_text(&json, "hint", cli->fault.hint[0] == '\0' ? NULL : cli->fault.hint);
        json_close(&json);
    }
    json_close(&json);
    text_char(out, '\n');
}

static int
answer(struct cli *cli, int status)
{
    struct text out = {0};

    hint_need(&cli->fault);
    if (cli->as_json) {
        answer_json(cli, status, &out);
        text_clear(&cli->out);
        text_add(&cli->out, out.at, out.size);
        text_fini(&out);
    } else if (cli->fault.kind != DAYBREAK_NO_FAULT) {
        fflush(stdout);
        if (cli->out.size > 0)
            fwrite(cli->out.at, 1, cli->out.size, stdout);
        fflush(stdout);
        text_clear(&cli->out);
        fprintf(stderr, "%sdaybreak: %s%s\n", cli_paint(cli, 'r'), cli->fault.what, cli_paint(cli, '0'));
        if (cli->fault.hint[0] != '\0')
            fprintf(stderr, "  %s\n", cli->fault.hint);
    }
    if (cli->out.size > 0 && fwrite(cli->out.at, 1, cli->out.size, stdout) != cli->out.size)
        status = status == 0 ? 74 : status;
    if (fflush(stdout) != 0 && status == 0) {
        fprintf(stderr, "daybreak: cannot write the result: %s\n", strerror(errno));
        status = 74;
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct cli cli = {.terminal = isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)};
    struct globals globals = {0};
    struct cli_args args = {0};
    const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    int status;

    crash_init();
    args.operand = calloc((size_t)argc + 1, sizeof *args.operand);
    if (args.operand == NULL)
        return 71;
    json_init(&cli.result, &cli.result_text, false);
    status = parse(&cli, &globals, &args, argc, argv);
    cli.quiet = globals.quiet;
    cli.colour = cli.terminal && !globals.no_colour && (no_colour == NULL || no_colour[0] == '\0') &&
                 (term == NULL || strcmp(term, "dumb") != 0);
    log_level_set(globals.quiet          ? LOG_LEVEL_ERROR
                  : globals.verbose > 1  ? LOG_LEVEL_DEBUG
                  : globals.verbose == 1 ? LOG_LEVEL_INFO
                                         : LOG_LEVEL_WARN);
    if (status == 0 && globals.version) {
        text_put(&cli.out, "daybreak " DAYBREAK_VERSION "\n");
    } else if (status == 0 && (cli.command == NULL || globals.help)) {
        if (cli.command == NULL)
            help_overview(&cli.out);
        else
            help_command(cli.command, &cli.out);
        if (argc == 1)
            status = 64;
        cli.as_json = false;
    } else if (status == 0) {
        status = cli.command->run(&cli, &args);
    }
    status = answer(&cli, status);
    text_fini(&cli.out);
    text_fini(&cli.result_text);
    for (size_t i = 0; i < CLI_OPTIONS; i++)
        free(args.more[i]);
    free(args.operand);
    return status;
}
