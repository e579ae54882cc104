/* SPDX-License-Identifier: Apache-2.0 */
/* What people say of a record, to whoever owns it: said, answered, closed, and how long that took. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "cli/command.h"
#include "engine/feedback.h"
#include "engine/inbox.h"
#include "engine/pipeline.h"
#include "engine/result.h"

static const struct cli_option feedback_options[] = {
    {"pipeline", 'p', "PIPELINE", "The pipeline, by name or file, where several have the same number."},
    {"text", 't', "TEXT", "What there is to say: the feedback, the answer, or why it is closed."},
    {"all", 0, NULL, "list: closed ones too."},
    {NULL, 0, NULL, NULL},
};

struct listing {
    struct cli *cli;
    const char *pipeline;
    bool all;
    size_t count;
};

static void
instant(struct json *json, const char *name, int64_t us)
{
    char at[CLOCK_TEXT_ROOM];

    clock_text(us, at);
    json_text(json, name, us == DAYBREAK_NO_TIME ? NULL : at);
}

static bool
feedback_show(void *context, const struct feedback *item)
{
    struct listing *list = context;
    struct cli *cli = list->cli;
    int64_t until = item->answered_at_us != DAYBREAK_NO_TIME ? item->answered_at_us
                    : item->closed_at_us != DAYBREAK_NO_TIME ? item->closed_at_us
                                                             : clock_now_us();
    char id[24], took[CLOCK_TEXT_ROOM], when[40];

    if (!list->all && strcmp(item->state, "closed") == 0)
        return true;
    list->count++;
    snprintf(id, sizeof id, "F%" PRId64, item->id);
    json_object(&cli->result, NULL);
    json_text(&cli->result, "id", id);
    json_text(&cli->result, "pipeline", list->pipeline);
    json_text(&cli->result, "key", item->key);
    json_text(&cli->result, "state", item->state);
    json_text(&cli->result, "text", item->text);
    json_text(&cli->result, "by", item->by);
    instant(&cli->result, "at", item->said_at_us);
    json_text(&cli->result, "answer", item->answer);
    json_text(&cli->result, "answered_by", item->answered_by);
    instant(&cli->result, "answered_at", item->answered_at_us);
    json_text(&cli->result, "closed_by", item->closed_by);
    json_text(&cli->result, "closed_for", item->closed_for);
    instant(&cli->result, "closed_at", item->closed_at_us);
    json_int(&cli->result, "waited_ms", (until - item->said_at_us) / 1000);
    if (item->trace == NULL)
        json_null(&cli->result, "trace");
    else
        json_raw(&cli->result, "trace", item->trace, strlen(item->trace));
    json_close(&cli->result);
    text_printf(&cli->out, "%s%-4s%s %-16s %-9s %s: %s\n", cli_paint(cli, 'b'), id, cli_paint(cli, '0'), list->pipeline, item->state, item->key,
                item->text);
    text_printf(&cli->out, "     %s, %s, %s %s\n", item->by, command_when(item->said_at_us, when),
                item->answered_at_us == DAYBREAK_NO_TIME && item->closed_at_us == DAYBREAK_NO_TIME ? "waits for" : "waited for",
                clock_duration((until - item->said_at_us) / 1000, took));
    if (item->answer != NULL)
        text_printf(&cli->out, "     %s answered: %s\n", item->answered_by, item->answer);
    return true;
}

static int
list_each(struct cli *cli, const struct cli_args *args, struct view *view)
{
    struct listing list = {.cli = cli, .pipeline = view->name, .all = cli_has(args, "all")};
    struct lag lag = {0};
    int64_t waiting = 0;
    int status = 0;

    json_object(&cli->result, NULL);
    json_text(&cli->result, "pipeline", view->name);
    json_array(&cli->result, "feedback");
    if (view->ledger != NULL && (feedback_each(view->ledger, 0, feedback_show, &list, &cli->fault) != 0 ||
                                 feedback_answers(view->ledger, &lag, &waiting, &cli->fault) != 0))
        status = cli_fail(cli);
    json_close(&cli->result);
    json_int(&cli->result, "waiting", waiting);
    json_object(&cli->result, "answer_ms");
    command_lag_json(&cli->result, &lag);
    json_close(&cli->result);
    json_close(&cli->result);
    if (list.count == 0)
        text_printf(&cli->out, "%s: no feedback%s\n", view->name, list.all ? "" : " that is open");
    return status;
}

/* By this process when no run holds the lock, else by that run. */
static int
deliver(struct cli *cli, struct view *view, const struct inbox_letter *letter, char *answer, size_t room)
{
    struct pipeline_options options = {.mode = "decide"};
    struct pipeline *p;
    bool busy, freed;
    int status;

    if (view->config == NULL) {
        fault_set(&cli->fault, DAYBREAK_HALT, "the file of pipeline '%s' is gone or has errors: '%s'", view->name, view->file);
        fault_hint(&cli->fault, "name the file with --pipeline");
        return fault_exit(&cli->fault, 78, "no-file"), 78;
    }
    if (pipeline_open(view->config, &options, &p, &busy, &cli->fault) != 0)
        return cli_fail(cli);
    if (!busy) {
        status = inbox_act(p, letter, answer, room, &freed);
        pipeline_close(p);
    } else if (inbox_send(&view->state, letter, answer, room, &status, &cli->fault) != 0) {
        return cli_fail(cli);
    }
    if (status != 0) {
        fault_set(&cli->fault, DAYBREAK_ASIDE, "%s", answer);
        return fault_exit(&cli->fault, status, "no-feedback"), status;
    }
    cli_say(cli, "%s: %s", view->name, answer);
    text_printf(&cli->out, "%s\n", cli->summary);
    return 0;
}

static bool
text_given(struct cli *cli, const struct cli_args *args, struct inbox_letter *letter)
{
    const char *text = cli_value(args, "text", "");

    if (text[strspn(text, " \t\r\n")] == '\0') {
        cli_usage(cli, "what is there to say? --text TEXT");
        return false;
    }
    if (strlen(text) >= sizeof letter->reason || !text_utf8(text, strlen(text))) {
        cli_usage(cli, "--text is UTF-8 and has at most %zu bytes", sizeof letter->reason - 1);
        return false;
    }
    snprintf(letter->reason, sizeof letter->reason, "%s", text);
    command_actor(letter->actor);
    return true;
}

static void
result_show(struct cli *cli, const char *id, const char *answer, int status)
{
    json_object(&cli->result, NULL);
    json_text(&cli->result, "id", status == 0 ? id : NULL);
    json_text(&cli->result, "answer", status == 0 ? answer : cli->fault.what);
    json_close(&cli->result);
}

static int
add(struct cli *cli, const struct cli_args *args)
{
    struct inbox_letter letter = {.verb = "add", .kind = 'F', .id = 1};
    struct text facts = {0}, trace = {0};
    struct json json, told;
    char answer[2048] = "", id[24];
    struct daybreak_fault fault = {0};
    struct view view;
    bool found = false;
    int status;

    if (args->operands != 3)
        return cli_usage(cli, "feedback add takes a pipeline and the key of a record");
    if (!text_given(cli, args, &letter))
        return 64;
    if (view_open(args->operand[1], &view, &cli->fault) != 0)
        return cli_fail(cli);
    json_init(&told, &trace, false);
    if (view_trace(&view, args->operand[2], &found, &told, &fault) != 0) {
        cli->fault = fault;
        status = cli_fail(cli);
        goto done;
    }
    json_init(&json, &facts, false);
    json_object(&json, NULL);
    json_text(&json, "key", args->operand[2]);
    if (found && trace.size + 1024 < sizeof letter.facts)
        json_raw(&json, "trace", trace.at, trace.size);
    else
        json_null(&json, "trace");
    json_close(&json);
    if (facts.size >= sizeof letter.facts) {
        status = cli_usage(cli, "the key is too long");
        goto done;
    }
    snprintf(letter.facts, sizeof letter.facts, "%s", text_end(&facts));
    status = deliver(cli, &view, &letter, answer, sizeof answer);
    if (status == 0 && !found)
        text_printf(&cli->out, "nothing is known of key %s: is it spelt right?\n", args->operand[2]);
    if (status == 0)
        feedback_tell(view.config, answer, args->operand[2], letter.reason, letter.actor);
    snprintf(id, sizeof id, "%.*s", (int)strcspn(answer, " "), answer);
    result_show(cli, answer[0] == 'F' ? id : NULL, answer, status);
done:
    text_fini(&facts);
    text_fini(&trace);
    view_close(&view);
    return status;
}

static bool
is_there(void *context, const struct feedback *item)
{
    (void)item;
    *(bool *)context = true;
    return false;
}

/* The pipeline that has this feedback: the one that was named, or the only one of this state. */
static int
view_of(struct cli *cli, const struct cli_args *args, const char *word, int64_t id, struct view *view)
{
    const char *named = cli_value(args, "pipeline", NULL);
    char **names = NULL, *only = NULL;
    size_t count = 0, found = 0;
    int status = 0;

    if (named != NULL)
        return view_open(named, view, &cli->fault) == 0 ? 0 : cli_fail(cli);
    if (view_names(&names, &count, &cli->fault) != 0)
        return cli_fail(cli);
    for (size_t i = 0; i < count && status == 0; i++) {
        bool there = false;

        if (view_open(names[i], view, &cli->fault) != 0) {
            status = cli_fail(cli);
            break;
        }
        if (view->ledger != NULL && feedback_each(view->ledger, id, is_there, &there, &cli->fault) != 0)
            status = cli_fail(cli);
        view_close(view);
        found += there;
        if (there)
            only = names[i];
    }
    if (status == 0 && found > 1)
        status = cli_usage(cli, "several pipelines have a %s: name one with --pipeline", word);
    if (status == 0 && found == 0) {
        fault_set(&cli->fault, DAYBREAK_ASIDE, "there is no %s", word);
        fault_hint(&cli->fault, "daybreak feedback list shows them");
        fault_exit(&cli->fault, 1, "no-feedback");
        status = 1;
    }
    if (status == 0 && view_open(only, view, &cli->fault) != 0)
        status = cli_fail(cli);
    view_names_free(names, count);
    return status;
}

static int
step(struct cli *cli, const struct cli_args *args, const char *verb)
{
    struct inbox_letter letter = {.kind = 'F'};
    char answer[2048] = "", *end;
    struct view view;
    const char *word;
    int status;

    if (args->operands != 2)
        return cli_usage(cli, "feedback %s takes the number of a feedback, such as F1", verb);
    word = args->operand[1];
    letter.id = word[0] == 'F' || word[0] == 'f' ? strtoll(word + 1, &end, 10) : 0;
    if (letter.id <= 0 || *end != '\0')
        return cli_usage(cli, "'%s' is no number of a feedback: F1 is", word);
    snprintf(letter.verb, sizeof letter.verb, "%s", verb);
    if (strcmp(verb, "close") == 0 && !cli_has(args, "text"))
        command_actor(letter.actor);
    else if (!text_given(cli, args, &letter))
        return 64;
    status = view_of(cli, args, word, letter.id, &view);
    if (status != 0)
        return status;
    status = deliver(cli, &view, &letter, answer, sizeof answer);
    result_show(cli, word, answer, status);
    view_close(&view);
    return status;
}

static int
run_feedback(struct cli *cli, const struct cli_args *args)
{
    const char *verb = args->operands == 0 ? "list" : args->operand[0];

    if (strcmp(verb, "add") == 0)
        return add(cli, args);
    if (strcmp(verb, "answer") == 0 || strcmp(verb, "close") == 0)
        return step(cli, args, verb);
    if (strcmp(verb, "list") != 0)
        return cli_usage(cli, "feedback add, list, answer or close: not '%s'", verb);
    if (cli_has(args, "pipeline")) {
        struct cli_args one = *args;
        const char *name = cli_value(args, "pipeline", NULL);

        one.operand = &name;
        one.operands = 1;
        return command_views(cli, &one, 0, list_each);
    }
    return command_views(cli, args, args->operands == 0 ? 0 : 1, list_each);
}

const struct cli_command command_feedback = {
    .verb = "feedback", .group = "decide", .operands = "add PIPELINE KEY | list [PIPELINE…] | answer ID | close ID", .most = 1000,
    .options = feedback_options, .run = run_feedback,
    .summary = "Say something about a record to whoever owns it; see it answered and closed.",
    .text = "add --text TEXT keeps what is said together with where the record came from, and tells the owner as `alerts` says. The time until "
            "an answer is a lag like any other: list shows it. Each step is a line of evidence. answer --text TEXT and close take F1. Exit 1 when there is no such feedback, or it is closed."};
