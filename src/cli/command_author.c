/* SPDX-License-Identifier: Apache-2.0 */
/* What helps to write a pipeline: lint, schema, graph, connectors. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "cli/command.h"
#include "config/config.h"
#include "config/finding.h"
#include "config/option.h"
#include "connector/module.h"
#include "engine/graph.h"
#include "engine/lint.h"
#include "engine/result.h"

/* ---- lint ---------------------------------------------------------------------------------- */

static const struct cli_option lint_options[] = {
    {"strict", 0, NULL, "Exit 1 when there are warnings."},
    {"no-peek", 0, NULL, "Do not look at the inputs that are there."},
    {NULL, 0, NULL, NULL},
};

struct lint_totals {
    size_t files, errors, warnings;
    int status;
    struct text guarantees; /* JSON objects, comma between */
    struct text findings;   /* the same */
};

static void
guarantees_of(struct cli *cli, const struct config *config, struct lint_totals *totals)
{
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        struct text sentence = {0};
        struct json json;

        lint_guarantee(config, t, &sentence);
        text_printf(&cli->out, "%s: %s -> %s: %s\n", config->path, config->source.tables[t].name, config->sink.handoff,
                    text_end(&sentence));
        if (totals->guarantees.size > 0)
            text_char(&totals->guarantees, ',');
        json_init(&json, &totals->guarantees, false);
        json_object(&json, NULL);
        json_text(&json, "pipeline", config->name);
        json_text(&json, "table", config->source.tables[t].name);
        json_text(&json, "handoff", config->sink.handoff);
        json_text(&json, "guarantee", text_end(&sentence));
        json_close(&json);
        text_fini(&sentence);
    }
}

/* What landed before the file was changed keeps the shape it had then. */
static void
older_changes(const struct config *config, struct findings *findings)
{
    struct daybreak_fault fault = {0};
    struct view_status status;
    struct view view;

    if (view_open(config->path, &view, &fault) != 0)
        return;
    if (view_status(&view, &status, &fault) == 0) {
        if (status.older_rows > 0)
            findings_add(findings, FINDING_NOTE, "older-version", config->path, (struct config_place){1, 1},
                         "`daybreak run --resync` compares the source with the target and writes the differences",
                         "%" PRId64 " row%s of the target stand%s as an older version of this file wrote %s", status.older_rows,
                         status.older_rows == 1 ? "" : "s", status.older_rows == 1 ? "s" : "", status.older_rows == 1 ? "it" : "them");
        else if (status.older_rows < 0)
            findings_add(findings, FINDING_NOTE, "older-version", config->path, (struct config_place){1, 1}, NULL,
                         "%" PRId64 " changes landed under an older version of this file; the target cannot say how many of them still stand",
                         status.older_changes);
        view_status_fini(&status);
    }
    view_close(&view);
}

static void
lint_one(struct cli *cli, const struct cli_args *args, const char *path, struct lint_totals *totals)
{
    struct findings findings;
    struct config *config;
    struct text list = {0};
    struct json json;
    const char *items;

    findings_init(&findings);
    config = config_read_all(path, &findings);
    if (config != NULL && lint_bind(config, &findings) == 0 && findings.errors == 0 && !cli_has(args, "no-peek"))
        lint_peek(config, &findings);
    if (config != NULL && findings.errors == 0)
        older_changes(config, &findings);
    findings_print(&findings, &cli->out, cli->colour);
    json_init(&json, &list, false);
    findings_json(&findings, &json);
    items = strchr(text_end(&list), '[') + 1; /* what stands between the brackets joins that of the other files */
    if (items[0] != ']') {
        if (totals->findings.size > 0)
            text_char(&totals->findings, ',');
        text_add(&totals->findings, items, (size_t)(list.at + list.size - 1 - items));
    }
    text_fini(&list);
    if (config != NULL && findings.errors == 0)
        guarantees_of(cli, config, totals);
    totals->files++;
    totals->errors += findings.errors;
    totals->warnings += findings.warnings;
    totals->status = result_worse(totals->status, findings.status == 66 ? 66 : findings.errors > 0 ? 78 : 0);
    config_free(config);
    findings_fini(&findings);
}

static int
run_lint(struct cli *cli, const struct cli_args *args)
{
    struct lint_totals totals = {0};

    for (size_t i = 0; i < args->operands; i++)
        lint_one(cli, args, args->operand[i], &totals);
    text_char(&totals.findings, ']');
    text_char(&totals.guarantees, ']');
    json_object(&cli->result, NULL);
    {
        struct text all = {0};

        text_printf(&all, "[%s", text_end(&totals.findings));
        json_raw(&cli->result, "findings", all.at, all.size);
        text_clear(&all);
        text_printf(&all, "[%s", text_end(&totals.guarantees));
        json_raw(&cli->result, "guarantees", all.at, all.size);
        text_fini(&all);
    }
    json_close(&cli->result);
    text_fini(&totals.findings);
    text_fini(&totals.guarantees);
    cli_say(cli, "%zu file%s, %zu error%s, %zu warning%s", totals.files, totals.files == 1 ? "" : "s", totals.errors,
            totals.errors == 1 ? "" : "s", totals.warnings, totals.warnings == 1 ? "" : "s");
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, totals.errors > 0 ? 'r' : totals.warnings > 0 ? 'y' : 'g'), cli->summary,
                cli_paint(cli, '0'));
    if (totals.status == 0 && totals.warnings > 0 && cli_has(args, "strict"))
        return 1;
    return totals.status;
}

const struct cli_command command_lint = {
    .verb = "lint", .group = "author", .operands = "FILE…", .least = 1, .most = 1000, .options = lint_options,
    .summary = "Check pipeline files and print what each route guarantees.",
    .text = "Every finding is printed at once: file:line:column, the line with a caret, and what to do. Nothing is written. "
            "The newest input that is there is looked at, for columns that the file names and the input has not. "
            "Exit 78 with an error, 0 with warnings only (1 with --strict).",
    .run = run_lint};

/* ---- schema, graph -------------------------------------------------------------------------- */

static int
run_schema(struct cli *cli, const struct cli_args *args)
{
    struct text schema = {0};
    struct json json;

    (void)args;
    json_init(&json, &schema, true);
    config_schema(&json);
    json_raw(&cli->result, NULL, schema.at, schema.size);
    text_add(&cli->out, schema.at, schema.size);
    text_char(&cli->out, '\n');
    cli_say(cli, "the JSON Schema of a pipeline file");
    text_fini(&schema);
    return 0;
}

const struct cli_command command_schema = {
    .verb = "schema", .group = "author", .operands = "", .run = run_schema,
    .summary = "Print the JSON Schema of a pipeline file.",
    .text = "For editors: with the YAML language server, begin the file with\n"
            "# yaml-language-server: $schema=daybreak.schema.json"};

static const struct cli_option graph_options[] = {
    {"dot", 0, NULL, "For Graphviz: daybreak graph --dot FILE | dot -Tsvg > road.svg"},
    {NULL, 0, NULL, NULL},
};

static int
run_graph(struct cli *cli, const struct cli_args *args)
{
    struct config *config;
    struct text dot = {0};

    if (view_config(args->operand[0], &config, &cli->fault) != 0)
        return cli_fail(cli);
    graph_dot(config, &dot);
    if (cli_has(args, "dot"))
        text_add(&cli->out, dot.at, dot.size);
    else
        graph_text(config, &cli->out);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", config->name);
    json_text(&cli->result, "text", text_end(&cli->out));
    json_text(&cli->result, "dot", text_end(&dot));
    json_close(&cli->result);
    cli_say(cli, "the road of pipeline '%s'", config->name);
    text_fini(&dot);
    config_free(config);
    return 0;
}

const struct cli_command command_graph = {
    .verb = "graph", .group = "author", .operands = "FILE", .least = 1, .most = 1, .options = graph_options, .run = run_graph,
    .summary = "Draw the road of a pipeline file, as text or DOT."};

/* ---- connectors ------------------------------------------------------------------------------ */

static const char *const ability_name[] = {"bytes", "records", "resumes", "sees deletes", "sees before", "ordered positions",
                                           "late-commit safe", "transactional", "idempotent", "mirrors", "reads back",
                                           "empty is null", "names every column", "live"};

struct connector_list {
    struct cli *cli;
    const char *wanted;
    size_t found;
};

static void
connector_one(void *context, const char *file, const struct daybreak_connector *c, const struct daybreak_fault *fault)
{
    struct connector_list *list = context;
    struct cli *cli = list->cli;

    if (c == NULL) {
        if (list->wanted == NULL) {
            text_printf(&cli->out, "%s: %s\n", file, fault->what);
            json_object(&cli->result, NULL);
            json_text(&cli->result, "file", file);
            json_text(&cli->result, "error", fault->what);
            json_close(&cli->result);
        }
        return;
    }
    if (list->wanted != NULL && strcmp(list->wanted, c->name) != 0)
        return;
    list->found++;
    text_printf(&cli->out, "%s%-9s %-10s%s %s\n", cli_paint(cli, 'b'), module_role_name[c->role], c->name, cli_paint(cli, '0'),
                c->help == NULL ? "" : c->help);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "role", module_role_name[c->role]);
    json_text(&cli->result, "name", c->name);
    json_text(&cli->result, "help", c->help);
    json_array(&cli->result, "abilities");
    for (size_t i = 0; i < sizeof ability_name / sizeof *ability_name; i++)
        if (c->abilities & (1u << i))
            json_text(&cli->result, NULL, ability_name[i]);
    json_close(&cli->result);
    json_object(&cli->result, "options");
    if (c->options != NULL)
        option_schema_members(c->options, &cli->result);
    json_close(&cli->result);
    json_close(&cli->result);
    if (list->wanted != NULL) {
        text_put(&cli->out, "  abilities:");
        for (size_t i = 0; i < sizeof ability_name / sizeof *ability_name; i++)
            if (c->abilities & (1u << i))
                text_printf(&cli->out, " %s,", ability_name[i]);
        cli->out.at[cli->out.size - 1] = '\n';
        if (c->options != NULL)
            option_help(c->options, &cli->out);
    }
}

static int
run_connectors(struct cli *cli, const struct cli_args *args)
{
    struct connector_list list = {.cli = cli, .wanted = args->operands > 0 ? args->operand[0] : NULL};

    json_array(&cli->result, NULL);
    module_each(connector_one, &list);
    json_close(&cli->result);
    cli_say(cli, "%zu connector%s in '%s'", list.found, list.found == 1 ? "" : "s", module_folder());
    if (list.found > 0 || list.wanted == NULL)
        return 0;
    fault_set(&cli->fault, DAYBREAK_HALT, "there is no connector '%s' in '%s'", list.wanted, module_folder());
    fault_hint(&cli->fault, "daybreak connectors lists them");
    fault_exit(&cli->fault, 66, "no-connector");
    return 66;
}

const struct cli_command command_connectors = {
    .verb = "connectors", .group = "author", .operands = "[NAME]", .most = 1, .run = run_connectors,
    .summary = "List the connectors, or explain one with all its options."};
