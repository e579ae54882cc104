/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "daybreak/connector.h"

/* One option of a command. The tables parse the command line and write --help, the manual and the shell completions. */
struct cli_option {
    const char *name;   /* without the dashes; NULL ends a table */
    char letter;        /* 0: none */
    const char *value;  /* what its value is called, NULL for a switch; with … at its end it may be given again: values, a line each */
    const char *help;
};

#define CLI_OPTIONS 24

/* A command line, taken apart. */
struct cli_args {
    const struct cli_option *options;
    const char *value[CLI_OPTIONS]; /* by place in the table; NULL: not given; "" for a switch */
    char *more[CLI_OPTIONS];        /* owned: the values of what was given again */
    const char **operand;
    size_t operands;
};

struct cli;

struct cli_command {
    const char *verb;
    const char *group;      /* start author run watch decide compare ship, as --help groups them */
    const char *operands;   /* "FILE…" */
    const char *summary;    /* one line */
    const char *text;       /* paragraphs for --help and the manual; may be NULL */
    const struct cli_option *options;
    size_t least, most;     /* operands */
    int (*run)(struct cli *cli, const struct cli_args *args);
};

/* One call of daybreak: what is printed at its end, once. */
struct cli {
    const struct cli_command *command;
    bool as_json, quiet, terminal, colour;
    struct text out;        /* the result for people, on stdout */
    struct text result_text;
    struct json result;     /* the `result` of --json; open for one value */
    char summary[1024];     /* one sentence */
    struct daybreak_fault fault;
};

extern const struct cli_command *const cli_commands[]; /* NULL-ended, in the order of --help */
extern const struct cli_option cli_global[];

/** cli_has, cli_value: was an option given; its value, or ${otherwise}. The name must be in the command's table. */
bool cli_has(const struct cli_args *args, const char *name);
const char *cli_value(const struct cli_args *args, const char *name, const char *otherwise);
/** cli_number(cli, args, name, otherwise, number): a whole number from 0; false with the fault set when it is none. */
bool cli_number(struct cli *cli, const struct cli_args *args, const char *name, int64_t otherwise, int64_t *number);

/** cli_usage(cli, what, …): the call's words are wrong: fault with status 64, which it gives. */
int cli_usage(struct cli *cli, const char *what, ...) __attribute__((format(printf, 2, 3)));
/** cli_fail(cli): the exit status of cli->fault. */
int cli_fail(struct cli *cli);
/** cli_say(cli, what, …): the summary. */
void cli_say(struct cli *cli, const char *what, ...) __attribute__((format(printf, 2, 3)));
/** cli_flush(cli): what is in out goes to stdout now (followers, tail). Nothing with --json. */
void cli_flush(struct cli *cli);
/** cli_paint(cli, colour): an escape sequence, "" where there is no colour: 'r'ed 'g'reen 'y'ellow 'd'im 'b'old '0' ends. */
const char *cli_paint(const struct cli *cli, char colour);
/** cli_count(out, number): with thin groups: 1,234,567. */
void cli_count(struct text *out, int64_t number);

/* help.c: all of it from the tables above */
/** help_wrapped(out, words, indent, width, column): words from ${column} on, broken at ${width} and indented, with a line end behind them. */
void help_wrapped(struct text *out, const char *words, size_t indent, size_t width, size_t column);
/** help_roff(out, words): words for a manual page: dashes are dashes, no line begins with a dot; with a line end behind them. */
void help_roff(struct text *out, const char *words);
void help_overview(struct text *out);
void help_command(const struct cli_command *command, struct text *out);
void help_manual(struct text *out);
void help_manual_pipeline(struct text *out);
void help_expressions(struct text *out);
bool help_completion(const char *shell, struct text *out);

#endif
