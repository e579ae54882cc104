/* SPDX-License-Identifier: Apache-2.0 */
/* connector: a module of one's own, begun (new) and tried (test). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/template.h"
#include "config/finding.h"
#include "connector/kit.h"
#include "connector/module.h"

static const struct cli_option connector_options[] = {
    {"role", 0, "ROLE", "new: extract, format, load or transform. test: only the connector of this role."},
    {"with", 0, "FILE", "test: a YAML file with options, files, sample, closed, columns, rows."},
    {"option", 0, "NAME=VALUE…", "test: an option of the connector, before what FILE says; may be given again."},
    {"sample", 0, "FILE", "test: what a format is tried with."},
    {NULL, 0, NULL, NULL},
};

static enum daybreak_role
role_named(const char *name)
{
    for (int role = DAYBREAK_EXTRACT; name != NULL && role <= DAYBREAK_TRANSFORM; role++)
        if (strcmp(module_role_name[role], name) == 0)
            return (enum daybreak_role)role;
    return 0;
}

/* ---- test ------------------------------------------------------------------------------------ */

struct kit_totals {
    struct cli *cli;
    size_t passed, failed, skipped;
};

static void
result_tell(void *context, const struct kit_result *result)
{
    static const char *const word[] = {"pass", "FAIL", "skip"}, *const json_word[] = {"pass", "fail", "skipped"};
    struct kit_totals *totals = context;
    struct cli *cli = totals->cli;
    struct text shown = {0};

    text_printable(result->detail, strlen(result->detail), 500, &shown);
    text_printf(&cli->out, "%s%s%s  %-9s %s\n", cli_paint(cli, "gry"[result->verdict]), word[result->verdict], cli_paint(cli, '0'),
                result->property, text_end(&shown));
    json_object(&cli->result, NULL);
    json_text(&cli->result, "property", result->property);
    json_text(&cli->result, "result", json_word[result->verdict]);
    json_text(&cli->result, "detail", result->detail);
    json_close(&cli->result);
    totals->passed += result->verdict == KIT_PASS;
    totals->failed += result->verdict == KIT_FAIL;
    totals->skipped += result->verdict == KIT_SKIP;
    text_fini(&shown);
    cli_flush(cli);
}

/* --option lines, the last first, so that the first ends in front. */
static int
options_take(struct cli *cli, const struct cli_args *args, struct arena *arena, struct kit_request *request)
{
    const char *at = cli_value(args, "option", "");

    while (*at != '\0') {
        size_t size = strcspn(at, "\n");
        char *line = arena_bytes(arena, at, size), *equals = strchr(line, '=');

        if (equals == NULL || equals == line)
            return cli_usage(cli, "--option takes NAME=VALUE, '%s' is none", line);
        *equals = '\0';
        kit_option(arena, request, line, equals + 1);
        at += size + (at[size] == '\n');
    }
    return 0;
}

static int
test_one(struct cli *cli, struct kit_request *request, enum daybreak_role role, const char *name, struct kit_totals *totals)
{
    int result;

    request->role = role;
    request->name = name;
    text_printf(&cli->out, "%s%s %s%s\n", cli_paint(cli, 'b'), module_role_name[role], name, cli_paint(cli, '0'));
    json_object(&cli->result, NULL);
    json_text(&cli->result, "role", module_role_name[role]);
    json_text(&cli->result, "name", name);
    json_array(&cli->result, "properties");
    result = kit_run(request, result_tell, totals, &cli->fault);
    json_close(&cli->result);
    json_close(&cli->result);
    return result < 0 ? cli_fail(cli) : 0;
}

/* MODULE: a name, ROLE_NAME, or the path of ROLE_NAME.so, whose folder is then that of all modules. Gives the role it says, 0: none. */
static enum daybreak_role
module_named(struct cli *cli, struct arena *arena, const char *module, const char **name)
{
    const char *base = strrchr(module, '/') == NULL ? module : strrchr(module, '/') + 1;
    size_t size = strlen(base);
    bool file = size > 3 && strcmp(base + size - 3, ".so") == 0;

    if (file || base != module) {
        char *folder = base == module ? arena_text(arena, ".") : arena_bytes(arena, module, (size_t)(base - module));
        char *whole = realpath(folder, NULL);

        if (!file || whole == NULL || access(module, R_OK) != 0) {
            free(whole);
            fault_set(&cli->fault, DAYBREAK_HALT, "cannot read module '%s': %s", module, file ? strerror(errno) : "a module ends in .so");
            fault_exit(&cli->fault, 66, "no-connector");
            return 0;
        }
        module_folder_set(whole); /* a child of the kit works elsewhere */
        free(whole);
        size -= 3;
    }
    *name = arena_bytes(arena, base, size);
    for (int role = DAYBREAK_EXTRACT; role <= DAYBREAK_TRANSFORM; role++) {
        size_t prefix = strlen(module_role_name[role]);

        if (strncmp(*name, module_role_name[role], prefix) == 0 && (*name)[prefix] == '_' && (*name)[prefix + 1] != '\0') {
            *name += prefix + 1;
            return (enum daybreak_role)role;
        }
    }
    if (file) {
        fault_set(&cli->fault, DAYBREAK_HALT, "'%s' does not say its role: a module's file is ROLE_NAME.so", module);
        fault_hint(&cli->fault, "such as format_%s.so", *name);
        fault_exit(&cli->fault, 64, "usage");
    }
    return 0;
}

/* Children of the kit work in folders of their own: where modules lie must not depend on that. */
static void
folder_settle(void)
{
    char *whole = realpath(module_folder(), NULL);

    if (whole != NULL)
        module_folder_set(whole);
    free(whole);
}

static int
test_module(struct cli *cli, const struct cli_args *args, struct arena *arena, struct kit_request *request)
{
    struct kit_totals totals = {.cli = cli};
    const char *module = args->operand[1], *name = NULL, *wanted = cli_value(args, "role", NULL);
    enum daybreak_role role = module_named(cli, arena, module, &name), only = role_named(wanted);
    size_t tried = 0;
    int status = 0;

    if (cli->fault.what[0] != '\0')
        return cli_fail(cli);
    if (wanted != NULL && only == 0)
        return cli_usage(cli, "--role is extract, format, load or transform, not '%s'", wanted);
    folder_settle();
    json_object(&cli->result, NULL);
    json_array(&cli->result, "modules");
    for (int r = DAYBREAK_EXTRACT; r <= DAYBREAK_TRANSFORM && status == 0; r++) {
        char *path = arena_printf(arena, "%s/%s_%s.so", module_folder(), module_role_name[r], name);

        if ((role != 0 && role != (enum daybreak_role)r) || (only != 0 && only != (enum daybreak_role)r) || access(path, F_OK) != 0)
            continue;
        status = test_one(cli, request, (enum daybreak_role)r, name, &totals);
        tried++;
    }
    json_close(&cli->result);
    json_int(&cli->result, "passed", (int64_t)totals.passed);
    json_int(&cli->result, "failed", (int64_t)totals.failed);
    json_int(&cli->result, "skipped", (int64_t)totals.skipped);
    json_close(&cli->result);
    if (status != 0)
        return status;
    if (tried == 0) {
        fault_set(&cli->fault, DAYBREAK_HALT, "there is no connector '%s' in '%s'", module, module_folder());
        fault_hint(&cli->fault, "daybreak connectors lists them; a file is given as ./ROLE_NAME.so");
        return fault_exit(&cli->fault, 66, "no-connector"), 66;
    }
    cli_say(cli, "%zu passed, %zu failed, %zu skipped", totals.passed, totals.failed, totals.skipped);
    text_printf(&cli->out, "%s%s%s\n", cli_paint(cli, totals.failed > 0 ? 'r' : 'g'), cli->summary, cli_paint(cli, '0'));
    return totals.failed > 0 ? 1 : 0;
}

static int
run_test(struct cli *cli, const struct cli_args *args)
{
    const char *with = cli_value(args, "with", NULL), *sample = cli_value(args, "sample", NULL);
    struct arena *arena = arena_new();
    struct kit_request request = {0};
    struct findings findings;
    char *bytes = NULL;
    int status = 0;

    findings_init(&findings);
    if (with != NULL)
        kit_read(with, arena, &request, &findings);
    if (findings.errors > 0) {
        findings_print(&findings, &cli->out, cli->colour);
        fault_set(&cli->fault, DAYBREAK_HALT, "%s:%u: %s", with, findings.item[0].place.line, findings.item[0].message);
        fault_exit(&cli->fault, 65, "bad-kit-file");
        status = 65;
    } else if (sample != NULL && file_read(sample, 16u << 20, &bytes, &request.sample_size, &cli->fault) != 0) {
        status = cli_fail(cli);
    } else {
        request.sample = bytes == NULL ? request.sample : bytes;
        status = options_take(cli, args, arena, &request);
        if (status == 0)
            status = test_module(cli, args, arena, &request);
    }
    findings_fini(&findings);
    free(bytes);
    arena_free(arena);
    return status;
}

/* ---- new ------------------------------------------------------------------------------------- */

static int
run_new(struct cli *cli, const struct cli_args *args)
{
    const char *name = args->operand[1], *wanted = cli_value(args, "role", NULL);
    enum daybreak_role role = role_named(wanted);
    char folder[128];

    if (wanted == NULL || role == 0)
        return cli_usage(cli, "`daybreak connector new` needs --role extract, format, load or transform");
    if (strlen(name) > 40 || name[0] < 'a' || name[0] > 'z' || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return cli_usage(cli, "'%s' is no name of a connector: a-z first, then a-z, 0-9 and _, at most 40", name);
    snprintf(folder, sizeof folder, "%s_%s", module_role_name[role], name);
    if (template_write(role, name, folder, &cli->fault) != 0)
        return cli_fail(cli);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "folder", folder);
    json_text(&cli->result, "role", wanted);
    json_text(&cli->result, "name", name);
    json_array(&cli->result, "files");
    for (size_t i = 0; template_files(role)[i].name != NULL; i++) {
        char file[128];

        template_name(role, name, template_files(role)[i].name, file);
        json_text(&cli->result, NULL, file);
        text_printf(&cli->out, "%s/%s\n", folder, file);
    }
    json_close(&cli->result);
    json_close(&cli->result);
    cli_say(cli, "folder '%s' is a %s that works: cd %s && make check", folder, wanted, folder);
    text_printf(&cli->out, "%s\n", cli->summary);
    return 0;
}

static int
run_connector(struct cli *cli, const struct cli_args *args)
{
    if (strcmp(args->operand[0], "new") == 0)
        return run_new(cli, args);
    if (strcmp(args->operand[0], "test") == 0)
        return run_test(cli, args);
    return cli_usage(cli, "`daybreak connector` is new or test, not '%s'", args->operand[0]);
}

const struct cli_command command_connector = {
    .verb = "connector", .group = "author", .operands = "new|test NAME", .least = 2, .most = 2, .options = connector_options,
    .run = run_connector, .summary = "Begin a connector of your own, or try one: is it what the engine needs?",
    .text = "`new NAME --role ROLE` writes a folder ROLE_NAME with a connector that builds outside of Daybreak's tree and passes its tests: "
            "source, Makefile, a kit file, a pipeline, README.\n"
            "`test MODULE` tries a module, a name or the path of ROLE_NAME.so, in child processes with limits on time, memory and files, and "
            "prints each property with pass, FAIL, or skip and why. `--with FILE` is a YAML file: `options` as in a pipeline file; `files`, a "
            "mapping of paths to contents that are made in an empty folder, where relative paths of options begin; for formats `sample`, the "
            "text that is read, and `closed: true` when an input says itself where it ends; for transforms `columns`, names and types with "
            "the key first, and `rows`. Exit 1 when a property fails."};
