/* SPDX-License-Identifier: Apache-2.0 */
/* explain: what is behind a code, an exit status, a figure or a function. Every word has its entry in one table; here they are
 * found and shown. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "cli/command.h"
#include "cli/explain.h"
#include "expression/expression.h"

#define NAMES_MOST 1024

/* A code as it is typed from memory: in any case, with - or _ or a blank. */
static bool
alike(const char *code, const char *asked)
{
    for (; *code != '\0' || *asked != '\0'; code++, asked++) {
        char a = *code == '-' || *code == ' ' ? '_' : *code;
        char b = *asked == '-' || *asked == ' ' ? '_' : (char)tolower((unsigned char)*asked);

        if (a != b)
            return false;
    }
    return true;
}

static void
put_part(struct cli *cli, const char *name, const char *words)
{
    if (words == NULL)
        return;
    text_printf(&cli->out, "  %s%-9s%s", cli_paint(cli, 'd'), name, cli_paint(cli, '0'));
    help_wrapped(&cli->out, words, 11, 80, 11);
}

static void
put_example(struct cli *cli, const char *example)
{
    const char *name = "example";

    while (example != NULL && *example != '\0') {
        size_t size = strcspn(example, "\n");

        text_printf(&cli->out, "  %s%-9s%s%.*s\n", cli_paint(cli, 'd'), name, cli_paint(cli, '0'), (int)size, example);
        name = "";
        example += size + (example[size] == '\n');
    }
}

static void
code_json(struct cli *cli, const struct explain_code *entry, const char *group)
{
    json_object(&cli->result, NULL);
    json_text(&cli->result, "code", entry->code);
    json_text(&cli->result, "group", group);
    json_text(&cli->result, "means", entry->means);
    json_text(&cli->result, "why", entry->why);
    json_text(&cli->result, "todo", entry->todo);
    json_text(&cli->result, "example", entry->example);
    json_close(&cli->result);
}

static void
code_show(struct cli *cli, const struct explain_code *entry, size_t group)
{
    text_printf(&cli->out, "%s%s%s  %s\n", cli_paint(cli, 'b'), entry->code, cli_paint(cli, '0'), explain_groups[group].title);
    put_part(cli, "means", entry->means);
    put_part(cli, "why", entry->why);
    put_part(cli, "to do", entry->todo);
    put_example(cli, entry->example);
    code_json(cli, entry, explain_groups[group].name);
}

/* ---- expressions ---------------------------------------------------------------------------- */

static void
function_show(struct cli *cli, const struct expression_help *help)
{
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, 'b'), help->shape, cli_paint(cli, '0'));
    text_put(&cli->out, "    ");
    help_wrapped(&cli->out, help->help, 4, 80, 4);
    if (help->example != NULL)
        text_printf(&cli->out, "    %s%s%s  →  %s\n", cli_paint(cli, 'd'), help->example, cli_paint(cli, '0'),
                    help->gives == NULL ? "null" : help->gives);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "code", help->name);
    json_text(&cli->result, "group", help->group);
    json_text(&cli->result, "shape", help->shape);
    json_text(&cli->result, "means", help->help);
    json_text(&cli->result, "example", help->example);
    json_text(&cli->result, "gives", help->gives);
    json_close(&cli->result);
}

static void
differences_show(struct cli *cli)
{
    text_put(&cli->out, "\nWhere SQLite would answer otherwise\n");
    for (const struct expression_difference *other = expression_differences; other->what != NULL; other++) {
        text_printf(&cli->out, "%s%s%s\n    here    %s\n    SQLite  %s\n    ", cli_paint(cli, 'b'), other->what,
                    cli_paint(cli, '0'),
                    other->here, other->sqlite);
        help_wrapped(&cli->out, other->why, 4, 80, 4);
        json_object(&cli->result, NULL);
        json_text(&cli->result, "difference", other->what);
        json_text(&cli->result, "here", other->here);
        json_text(&cli->result, "sqlite", other->sqlite);
        json_text(&cli->result, "why", other->why);
        json_close(&cli->result);
    }
}

static void
expressions_show(struct cli *cli)
{
    const char *group = NULL;

    text_put(&cli->out, "Expressions are SQL: literals, columns, operators, CASE, CAST and the functions below. The line under\n"
                        "each is an example and what it gives.\n");
    for (const struct expression_help *first = expression_help; first->name != NULL; first++) {
        bool before = false;

        for (const struct expression_help *help = expression_help; help < first; help++)
            before |= strcmp(help->group, first->group) == 0;
        if (before)
            continue;
        group = first->group;
        text_printf(&cli->out, "\n%c%s\n", toupper((unsigned char)group[0]), group + 1);
        for (const struct expression_help *help = first; help->name != NULL; help++)
            if (strcmp(help->group, group) == 0)
                function_show(cli, help);
    }
    differences_show(cli);
}

/* ---- the verb ------------------------------------------------------------------------------- */

/* Up to the first full stop or colon that ends something. */
static size_t
sentence_size(const char *words)
{
    size_t size = 0;

    while (words[size] != '\0' && !(strchr(".:", words[size]) != NULL && (words[size + 1] == ' ' || words[size + 1] == '\0')))
        size++;
    return size;
}

/* A line a code: what it means, as far as the line goes. */
static void
list_show(struct cli *cli)
{
    struct explain_code entry;

    for (size_t g = 0; explain_groups[g].name != NULL; g++) {
        text_printf(&cli->out, "%s%s%s%s\n", g == 0 ? "" : "\n", cli_paint(cli, 'b'), explain_groups[g].title,
                    cli_paint(cli, '0'));
        for (size_t i = 0; explain_entry(g, i, &entry); i++) {
            size_t size = sentence_size(entry.means);
            bool whole = size <= 54;

            if (!whole)
                size = text_utf8_cut(entry.means, size, 53);
            text_printf(&cli->out, "  %-23s %.*s%s\n", entry.code, (int)size, entry.means, whole ? "" : "…");
            code_json(cli, &entry, explain_groups[g].name);
        }
    }
    text_put(&cli->out, "\nOne of them: daybreak explain CODE. Functions: daybreak explain expressions.\n");
}

static int
not_known(struct cli *cli, const char *asked)
{
    const char *names[NAMES_MOST], *nearest;
    struct explain_code entry;
    size_t count = 0;

    for (size_t g = 0; explain_groups[g].name != NULL; g++)
        for (size_t i = 0; explain_entry(g, i, &entry) && count < NAMES_MOST; i++)
            names[count++] = entry.code;
    for (const struct expression_help *help = expression_help; help->name != NULL && count < NAMES_MOST; help++)
        names[count++] = help->name;
    nearest = text_nearest(asked, names, count);
    cli_usage(cli, "there is no code '%s'", asked);
    if (nearest != NULL)
        fault_hint(&cli->fault, "did you mean `daybreak explain %s`?", nearest);
    else
        fault_hint(&cli->fault, "`daybreak explain` lists all of them");
    return 64;
}

static int
run_explain(struct cli *cli, const struct cli_args *args)
{
    const char *asked = args->operands > 0 ? args->operand[0] : NULL;
    struct explain_code entry;

    json_array(&cli->result, NULL);
    if (asked == NULL) {
        list_show(cli);
    } else if (alike("expressions", asked) || alike("functions", asked)) {
        expressions_show(cli);
    } else {
        for (size_t g = 0; explain_groups[g].name != NULL; g++)
            for (size_t i = 0; explain_entry(g, i, &entry); i++)
                if (alike(entry.code, asked))
                    code_show(cli, &entry, g);
        for (const struct expression_help *help = expression_help; help->name != NULL; help++)
            if (alike(help->name, asked))
                function_show(cli, help);
    }
    json_close(&cli->result);
    if (asked != NULL && cli->out.size == 0)
        return not_known(cli, asked);
    cli_say(cli, "%s", asked == NULL ? "every code there is" : asked);
    return 0;
}

const struct cli_command command_explain = {
    .verb = "explain", .group = "author", .operands = "[CODE]", .most = 1, .run = run_explain,
    .summary = "Explain a code, an exit status, a figure or a function; or list them all.",
    .text = "Codes stand in brackets behind a finding, in \"error\" of --json, and as the reason of a dead letter or a held "
            "input: "
            "daybreak explain max_deletes, daybreak explain 75, daybreak explain round. "
            "`daybreak explain expressions` is the list of functions."};
