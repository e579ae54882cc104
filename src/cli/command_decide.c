/* SPDX-License-Identifier: Apache-2.0 */
/* Where people decide: held inputs and dead letters. A decision is taken by whoever holds the lock: this process, or the run that has it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/report.h"
#include "engine/inbox.h"
#include "engine/pipeline.h"
#include "engine/result.h"
#include "engine/run.h"

static const struct cli_option decide_options[] = {
    {"pipeline", 'p', "PIPELINE", "The pipeline, by name or file, where several have the same number."},
    {"reason", 0, "TEXT", "Why; kept as evidence."},
    {NULL, 0, NULL, NULL},
};

static const struct cli_option list_options[] = {
    {"pipeline", 'p', "PIPELINE", "Only this pipeline, by name or file."},
    {NULL, 0, NULL, NULL},
};

/* "I3" or "D7". */
static bool
id_parse(const char *text, char *kind, int64_t *id)
{
    char *end;

    *kind = (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 32 : text[0]);
    if (*kind != 'I' && *kind != 'D' && *kind != 'H')
        return false;
    *id = strtoll(text + 1, &end, 10);
    return end != text + 1 && *end == '\0' && *id > 0;
}

struct seek {
    char kind;
    int64_t id;
    bool found, open;
};

static bool
seek_input(void *context, const struct ledger_input *input)
{
    struct seek *seek = context;

    if (input->id != seek->id)
        return true;
    seek->found = true;
    seek->open = strcmp(input->state, "held") == 0;
    return false;
}

static bool
seek_dead(void *context, const struct ledger_dead *dead)
{
    struct seek *seek = context;

    seek->found = true;
    seek->open = strcmp(dead->state, "dead") == 0;
    return true;
}

static int
seek_in(struct view *view, struct seek *seek, struct daybreak_fault *fault)
{
    seek->found = seek->open = false;
    if (view->ledger == NULL)
        return 0;
    if (seek->kind == 'I')
        return ledger_inputs(view->ledger, NULL, seek_input, seek, fault);
    return ledger_dead_find(view->ledger, seek->id, seek_dead, seek, fault) < 0 ? -1 : 0;
}

/* The pipeline that has this number: the one that was named, or the only one of this state where it is open. */
static int
view_of_id(struct cli *cli, const struct cli_args *args, const char *word, struct view *view, char *kind, int64_t *id)
{
    const char *named = cli_value(args, "pipeline", NULL);
    char **names = NULL, *only = NULL;
    size_t count = 1, open = 0, found = 0;
    struct seek seek;
    int status = 0;

    if (!id_parse(word, kind, id))
        return cli_usage(cli, "'%s' is no number of something held or set aside: I3 is an input, D7 a dead letter", word);
    seek = (struct seek){.kind = *kind, .id = *id};
    if (named != NULL)
        return view_open(named, view, &cli->fault) == 0 ? 0 : cli_fail(cli);
    if (view_names(&names, &count, &cli->fault) != 0)
        return cli_fail(cli);
    for (size_t i = 0; i < count && status == 0; i++) {
        if (view_open(names[i], view, &cli->fault) != 0 || seek_in(view, &seek, &cli->fault) != 0) {
            status = cli_fail(cli);
            break;
        }
        view_close(view);
        if (seek.open && open++ == 0)
            only = names[i];
        if (seek.found && found++ == 0 && only == NULL)
            only = names[i];
    }
    if (status == 0 && (open > 1 || (open == 0 && found > 1)))
        status = cli_usage(cli, "several pipelines have a %s: name one with --pipeline", word);
    if (status == 0 && found == 0) {
        fault_set(&cli->fault, DAYBREAK_ASIDE, "there is no %s", word);
        fault_hint(&cli->fault, *kind == 'D' ? "daybreak dead lists them" : "daybreak held lists them");
        fault_exit(&cli->fault, 1, "no-decision");
        status = 1;
    }
    if (status == 0 && view_open(only, view, &cli->fault) != 0)
        status = cli_fail(cli);
    view_names_free(names, count);
    return status;
}

struct after {
    struct cli *cli;
    const struct config *config;
};

static void
on_delivered(void *context, const struct result *result)
{
    struct after *after = context;

    if (result->status != 0 && !after->cli->as_json)
        report_paragraph(after->cli, result, after->config);
    if (!after->cli->as_json && after->cli->terminal)
        report_table(after->cli, result);
}

struct waiting {
    int64_t id;
    char name[PATH_MAX]; /* "": the input was taken */
};

static bool
still_waits(void *context, const struct ledger_input *input)
{
    struct waiting *waiting = context;

    if (input->id == waiting->id)
        snprintf(waiting->name, sizeof waiting->name, "%s", input->name);
    return input->id != waiting->id;
}

/* By this process, which holds the lock; an input that was let through is then taken at once. */
static int
decide_here(struct cli *cli, struct view *view, struct pipeline *p, const struct inbox_letter *letter)
{
    struct after after = {cli, view->config};
    const struct config *config = view->config;
    struct run_request request = {.config = &config, .count = 1, .mode = "decide", .inputs = 1, .ended = on_delivered,
                                  .context = &after};
    struct waiting waiting = {0};
    struct daybreak_fault fault = {0};
    char answer[2048];
    bool freed;
    int status = inbox_act(p, letter, answer, sizeof answer, &freed);

    pipeline_close(p);
    if (status != 0) {
        fault_set(&cli->fault, DAYBREAK_ASIDE, "%s", answer);
        return fault_exit(&cli->fault, status, "no-decision"), status;
    }
    cli_say(cli, "%s", answer);
    text_printf(&cli->out, "%s\n", answer);
    cli_flush(cli);
    if (!freed || strcmp(letter->verb, "approve") != 0)
        return 0;
    status = run_pass(&request);
    waiting.id = letter->id;
    if (ledger_inputs(view->ledger, "approved", still_waits, &waiting, &fault) == 0 && waiting.name[0] != '\0')
        LOG_WARN("%s: '%s' is not there any more as it was when it was held; nothing of it landed", answer, waiting.name);
    return status;
}

static int
decide(struct cli *cli, struct view *view, const struct inbox_letter *letter)
{
    struct pipeline_options options = {.mode = "decide"};
    struct pipeline *p;
    char answer[2048];
    bool busy;
    int status;

    if (view->config == NULL) {
        fault_set(&cli->fault, DAYBREAK_HALT, "the file of pipeline '%s' is gone or has errors: '%s'", view->name, view->file);
        fault_hint(&cli->fault, "name the file with --pipeline");
        return fault_exit(&cli->fault, 78, "no-file"), 78;
    }
    if (pipeline_open(view->config, &options, &p, &busy, &cli->fault) != 0)
        return cli_fail(cli);
    if (!busy)
        return decide_here(cli, view, p, letter);
    if (inbox_send(&view->state, letter, answer, sizeof answer, &status, &cli->fault) != 0)
        return cli_fail(cli);
    if (status != 0) {
        fault_set(&cli->fault, DAYBREAK_ASIDE, "%s", answer);
        return fault_exit(&cli->fault, status, "no-decision"), status;
    }
    cli_say(cli, "%c%" PRId64 ": %s", letter->kind, letter->id, answer);
    text_printf(&cli->out, "%s\n", cli->summary);
    return 0;
}

static int
decide_all(struct cli *cli, const struct cli_args *args, size_t from, const char *verb, const char *kinds)
{
    int status = 0;

    json_array(&cli->result, NULL);
    for (size_t i = from; i < args->operands; i++) {
        struct inbox_letter letter = {0};
        struct view view;
        int one;

        one = view_of_id(cli, args, args->operand[i], &view, &letter.kind, &letter.id);
        if (one == 0 && strchr(kinds, letter.kind) == NULL) {
            one = cli_usage(cli, "`%s` is not for %s", verb, args->operand[i]);
            view_close(&view);
        } else if (one == 0) {
            snprintf(letter.verb, sizeof letter.verb, "%s", verb);
            snprintf(letter.reason, sizeof letter.reason, "%s", cli_value(args, "reason", ""));
            command_actor(letter.actor);
            one = decide(cli, &view, &letter);
            view_close(&view);
        }
        json_object(&cli->result, NULL);
        json_text(&cli->result, "id", args->operand[i]);
        json_text(&cli->result, "verb", verb);
        json_int(&cli->result, "status", one);
        json_text(&cli->result, "answer", one == 0 ? cli->summary : cli->fault.what);
        json_close(&cli->result);
        status = status == 0 ? one : result_worse(status, one);
    }
    json_close(&cli->result);
    return status;
}

/* ---- held ------------------------------------------------------------------------------------- */

struct held_list {
    struct cli *cli;
    const char *pipeline;
    int64_t only;       /* 0: all */
    size_t count;
};

static bool
held_one(void *context, const struct ledger_input *input)
{
    struct held_list *list = context;
    struct cli *cli = list->cli;
    char id[24] = "I", when[40], at[CLOCK_TEXT_ROOM];

    if (list->only > 0 ? input->id != list->only : strcmp(input->state, "held") != 0)
        return true;
    list->count++;
    id[1 + text_number(input->id, id + 1)] = '\0';
    json_object(&cli->result, NULL);
    json_text(&cli->result, "id", id);
    json_text(&cli->result, "kind", "input");
    json_text(&cli->result, "pipeline", list->pipeline);
    json_null(&cli->result, "handoff");
    json_text(&cli->result, "input", input->name);
    json_null(&cli->result, "by");
    json_text(&cli->result, "reason", input->reason);
    json_text(&cli->result, "guard", input->guard);
    json_text(&cli->result, "state", input->state);
    clock_text(input->taken_at_us, at);
    json_text(&cli->result, "since", at);
    if (input->evidence != NULL && input->evidence[0] != '\0')
        json_raw(&cli->result, "evidence", input->evidence, strlen(input->evidence));
    else
        json_null(&cli->result, "evidence");
    json_close(&cli->result);
    if (list->only == 0) {
        text_printf(&cli->out, "%s%-5s%s %-16s %s: %s\n", cli_paint(cli, 'b'), id, cli_paint(cli, '0'), list->pipeline, input->name,
                    input->reason == NULL ? "" : input->reason);
        return true;
    }
    text_printf(&cli->out, "%s%s%s  input %s of pipeline %s, %s\n", cli_paint(cli, 'b'), id, cli_paint(cli, '0'), input->name,
                list->pipeline, input->state);
    text_printf(&cli->out, "  reason    %s\n  guard     %s\n  since     %s\n", input->reason == NULL ? "" : input->reason,
                input->guard == NULL ? "" : input->guard, command_when(input->taken_at_us, when));
    if (input->evidence != NULL && input->evidence[0] != '\0')
        text_printf(&cli->out, "  evidence  %s\n", input->evidence);
    if (strcmp(input->state, "held") == 0)
        text_printf(&cli->out, "  approve   reads it again%s\n"
                               "  reject    leaves the target as it is; the input is not asked about again\n"
                               "  neither   the next good input replaces it\n",
                    input->guard != NULL && (strcmp(input->guard, "unreadable") == 0 || strcmp(input->guard, "missing_table") == 0)
                        ? ", which helps only when the file was mended"
                        : " and lets it through although the guard tripped");
    return true;
}

static int
held_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct held_list list = {.cli = cli, .pipeline = view->name};
    char kind;

    if (args->operands > 1 && id_parse(args->operand[1], &kind, &list.only) && kind != 'I')
        list.only = -1;
    if (view->ledger != NULL && ledger_inputs(view->ledger, NULL, held_one, &list, &cli->fault) != 0)
        return cli_fail(cli);
    return list.count > 0 ? 0 : -1;
}

/* Over one pipeline or all of the state, with the list inside the object that DESIGN 14 names. */
static int
list_views(struct cli *cli, const struct cli_args *args, const char *name,
           int (*each)(struct cli *cli, const struct cli_args *args, struct view *view), bool *any)
{
    const char *named = cli_value(args, "pipeline", NULL);
    char **names = NULL;
    size_t count = 1;
    int status = 0;

    *any = false;
    if (named == NULL && view_names(&names, &count, &cli->fault) != 0)
        return cli_fail(cli);
    json_object(&cli->result, NULL);
    json_array(&cli->result, name);
    for (size_t i = 0; i < count; i++) {
        struct view view;
        int one;

        if (view_open(named != NULL ? named : names[i], &view, &cli->fault) != 0) {
            status = result_worse(status, cli_fail(cli));
            continue;
        }
        one = each(cli, args, &view);
        *any |= one == 0;
        status = one > 0 ? result_worse(status, one) : status;
        view_close(&view);
    }
    json_close(&cli->result);
    json_close(&cli->result);
    if (named == NULL)
        view_names_free(names, count);
    return status;
}

static int
run_held(struct cli *cli, const struct cli_args *args)
{
    bool any, show = args->operands > 0;
    int64_t id;
    char kind;
    int status;

    if (show && (strcmp(args->operand[0], "show") != 0 || args->operands != 2 || !id_parse(args->operand[1], &kind, &id)))
        return cli_usage(cli, "`held` lists, `held show I3` explains one");
    status = list_views(cli, args, "held", held_each, &any);
    if (status != 0 || any) {
        cli_say(cli, "%s", any ? "held inputs" : "");
        return status;
    }
    cli_say(cli, show ? "there is no such input" : "nothing is held");
    text_printf(&cli->out, "%s\n", cli->summary);
    return show ? 1 : 0;
}

const struct cli_command command_held = {
    .verb = "held", .group = "decide", .operands = "[show ID]", .most = 2, .options = list_options, .run = run_held,
    .summary = "What waits for a person's decision; show explains one."};

static int
run_approve(struct cli *cli, const struct cli_args *args)
{
    return decide_all(cli, args, 0, "approve", "I");
}

static int
run_reject(struct cli *cli, const struct cli_args *args)
{
    if (cli_value(args, "reason", NULL) == NULL)
        return cli_usage(cli, "--reason is missing: why is it rejected?");
    return decide_all(cli, args, 0, "reject", "I");
}

const struct cli_command command_approve = {
    .verb = "approve", .group = "decide", .operands = "ID…", .least = 1, .most = 1000, .options = decide_options, .run = run_approve,
    .summary = "Let a held input through, although its guard tripped.",
    .text = "It is taken at once when no run is going on, else by the run that is. A decision is taken once: a second one is exit 1."};

const struct cli_command command_reject = {
    .verb = "reject", .group = "decide", .operands = "ID…", .least = 1, .most = 1000, .options = decide_options, .run = run_reject,
    .summary = "Turn a held input down: the target stays as it is."};

/* ---- dead ------------------------------------------------------------------------------------- */

struct dead_list {
    struct cli *cli;
    const char *pipeline;
    bool whole;
    size_t count;
};

static void
json_bytes_or_null(struct json *json, const char *name, const char *at, uint32_t size)
{
    if (at == NULL)
        json_null(json, name);
    else
        json_bytes(json, name, at, size);
}

static void
dead_json(struct json *json, const char *pipeline, const struct ledger_dead *dead)
{
    char id[24] = "D", at[CLOCK_TEXT_ROOM];

    id[1 + text_number(dead->id, id + 1)] = '\0';
    json_object(json, NULL);
    json_text(json, "id", id);
    json_text(json, "pipeline", pipeline);
    json_text(json, "handoff", dead->handoff);
    json_text(json, "table", dead->table);
    json_text(json, "stage", dead->stage);
    json_text(json, "rule", dead->rule);
    json_text(json, "reason", dead->reason);
    json_text(json, "detail", dead->detail);
    json_text(json, "key", dead->key);
    json_text(json, "input", dead->input);
    json_text(json, "member", dead->member);
    if (dead->line >= 0)
        json_int(json, "line", dead->line);
    else
        json_null(json, "line");
    if (dead->byte >= 0)
        json_int(json, "byte", dead->byte);
    else
        json_null(json, "byte");
    json_text(json, "field", dead->field);
    json_bytes_or_null(json, "value", dead->value, dead->value_size);
    json_text(json, "state", dead->state);
    json_int(json, "loops", dead->loops);
    json_bytes_or_null(json, "record", dead->record, dead->record_size);
    clock_text(dead->at_us, at);
    json_text(json, "at", at);
    json_close(json);
}

/* The columns that an expression read, as people write them: qty = 0, sku = 'A 1', note is null. */
static void
values_text(struct text *out, const struct ledger_dead *dead)
{
    struct json_tree tree = {0};
    struct text name = {0}, value = {0};
    bool first = true;
    size_t where;

    if (dead->value == NULL || json_parse(&tree, dead->value, dead->value_size, &where) != 0) {
        json_fini(&tree);
        text_printable(dead->value == NULL ? "" : dead->value, dead->value_size, 500, out);
        return;
    }
    for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
        const struct json_node *member = &tree.node[node];

        text_clear(&name);
        text_add(&name, tree.source + member->name_at, member->name_size);
        text_put(out, first ? "" : ", ");
        text_printable(text_end(&name), name.size, 60, out);
        first = false;
        if (member->kind == JSON_NULL) {
            text_put(out, " is null");
            continue;
        }
        text_clear(&value);
        json_string(&tree, node, &value);
        text_put(out, member->kind == JSON_STRING ? " = '" : " = ");
        text_printable(text_end(&value), value.size, 100, out);
        text_put(out, member->kind == JSON_STRING ? "'" : "");
    }
    json_fini(&tree);
    text_fini(&name);
    text_fini(&value);
}

static void
dead_text(struct dead_list *list, const struct ledger_dead *dead)
{
    struct cli *cli = list->cli;
    struct text *out = &cli->out;
    bool computed = strcmp(dead->stage, "transform") == 0;
    char when[40];

    text_printf(out, "%sD%-5" PRId64 "%s %-14s %-16s", cli_paint(cli, 'b'), dead->id, cli_paint(cli, '0'), list->pipeline,
                dead->reason == NULL ? "" : dead->reason);
    if (dead->key != NULL)
        text_printf(out, " key %s", dead->key);
    if (computed) {
        text_printf(out, " %s", dead->rule == NULL ? "" : dead->rule);
        if (dead->value != NULL && strcmp(dead->value, "{}") != 0) {
            text_put(out, ", ");
            values_text(out, dead);
        }
    } else if (dead->field != NULL) {
        text_printf(out, " field %s", dead->field);
    }
    if (dead->value != NULL && !computed) {
        text_put(out, " = ");
        text_printable(dead->value, dead->value_size, 60, out);
    }
    text_printf(out, "  %s%s%s", dead->input == NULL ? "" : dead->input, dead->member == NULL || dead->member[0] == '\0' ? "" : " ",
                dead->member == NULL ? "" : dead->member);
    if (dead->line >= 0)
        text_printf(out, ":%" PRId64, dead->line);
    text_char(out, '\n');
    if (!list->whole)
        return;
    text_printf(out, "  stage     %s%s%s\n", dead->stage, dead->handoff == NULL ? "" : ", handoff ",
                dead->handoff == NULL ? "" : dead->handoff);
    if (computed) {
        text_printf(out, "  in        %s\n  values    ", dead->rule == NULL ? "" : dead->rule);
        values_text(out, dead);
        text_char(out, '\n');
    }
    text_printf(out, "  detail    %s\n  state     %s, since %s\n", dead->detail == NULL ? "" : dead->detail, dead->state,
                command_when(dead->at_us, when));
    if (dead->loops > 0)
        text_printf(out, "  retried   %" PRId64 " time%s\n", dead->loops, dead->loops == 1 ? "" : "s");
    if (dead->record != NULL) {
        text_put(out, "  record    ");
        text_printable(dead->record, dead->record_size, 2000, out);
        text_char(out, '\n');
    }
}

static bool
dead_one(void *context, const struct ledger_dead *dead)
{
    struct dead_list *list = context;

    list->count++;
    dead_json(&list->cli->result, list->pipeline, dead);
    dead_text(list, dead);
    return true;
}

static int
dead_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct dead_list list = {.cli = cli, .pipeline = view->name, .whole = args->operands > 1};

    if (view->ledger == NULL)
        return -1;
    for (size_t i = 1; i < args->operands; i++) {
        int64_t id;
        char kind;

        if (!id_parse(args->operand[i], &kind, &id) || kind != 'D')
            return cli_usage(cli, "'%s' is no dead letter: D7 is", args->operand[i]);
        if (ledger_dead_find(view->ledger, id, dead_one, &list, &cli->fault) < 0)
            return cli_fail(cli);
    }
    if (!list.whole && ledger_dead_list(view->ledger, true, dead_one, &list, &cli->fault) != 0)
        return cli_fail(cli);
    return list.count > 0 ? 0 : -1;
}

static int
run_dead(struct cli *cli, const struct cli_args *args)
{
    struct cli_args own = *args;
    const char *verb = args->operands > 0 ? args->operand[0] : "";
    const char *as_option[CLI_OPTIONS];
    bool any;
    int status;

    if (strcmp(verb, "retry") == 0 || strcmp(verb, "drop") == 0) {
        if (args->operands < 2)
            return cli_usage(cli, "`dead %s` needs the numbers: D7 D8", verb);
        return decide_all(cli, args, 1, verb, "D");
    }
    if (args->operands == 1 && strcmp(verb, "show") != 0) { /* dead PIPELINE */
        memcpy(as_option, args->value, sizeof as_option);
        memcpy(own.value, as_option, sizeof as_option);
        own.value[0] = args->operand[0];
        own.operands = 0;
    } else if (args->operands == 1 || (args->operands > 1 && strcmp(verb, "show") != 0)) {
        return cli_usage(cli, "`dead` lists, `dead show|retry|drop D7…` acts on some");
    }
    status = list_views(cli, &own, "dead", dead_each, &any);
    if (status != 0)
        return status;
    cli_say(cli, any ? "dead letters" : own.operands > 1 ? "there is no such dead letter" : "nothing is set aside");
    if (!any)
        text_printf(&cli->out, "%s\n", cli->summary);
    return any || own.operands < 2 ? 0 : 1;
}

const struct cli_command command_dead = {
    .verb = "dead", .group = "decide", .operands = "[PIPELINE | show|retry|drop ID…]", .most = 1000, .options = decide_options,
    .run = run_dead, .summary = "Records that were set aside, with the reason; retry sends them the road again.",
    .text = "A later good row of the same key heals its dead letter by itself. retry types, shapes and delivers it anew with today's "
            "file; drop closes it for good."};
