/* SPDX-License-Identifier: Apache-2.0 */
/* demo: the main job on published dumps, told in five short sections. Each step is this binary started as a user would start it, and
 * each figure is read from what it did; a promise that does not hold ends the demo with 1. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/demo.h"
#include "cli/demo_look.h"
#include "connector/module.h"

static const struct cli_option demo_options[] = {
    {"keep", 0, "DIR", "Work in DIR, new or empty, and leave everything there to look at."},
    {NULL, 0, NULL, NULL},
};

static void
on_stop(int signal)
{
    (void)signal;
    demo_child_stopped = 1;
}

/* ---- 1: what changed each night ----------------------------------------------------------------- */

/* What expected.json beside the dumps says of one night, counted by other means than ours; -1 where it says nothing. */
static int64_t
published(const struct json_tree *tree, const char *day, const char *name)
{
    uint32_t at = json_member(tree, json_member(tree, json_member(tree, 0, "tables"), "domains"), "pairs");
    int64_t number = -1;

    for (at = at == 0 ? 0 : tree->node[at].child; at != 0; at = tree->node[at].next) {
        uint32_t to = json_member(tree, at, "to"), count = json_member(tree, at, name);

        if (to != 0 && count != 0 && tree->node[to].size == strlen(day) &&
            memcmp(tree->source + tree->node[to].at, day, strlen(day)) == 0)
            number = json_number(tree, count, -1);
    }
    return number;
}

static int
tell_nights(struct demo *demo)
{
    static const char *const names[] = {"insert", "update", "delete"};
    struct json *result = &demo->cli->result;
    struct json_tree counted = {0};
    char path[PATH_MAX + 16], *bytes = NULL;
    struct daybreak_fault none = {0};
    int64_t equal = 0, compared = 0;
    size_t size = 0, where, nights = demo->folder.nights - 2;
    uint32_t node;

    demo_heading(demo, 1, "What changed each night");
    demo_wrapped(demo, "   ", "Every .gov domain, published once a day as one full dump (fixtures/dotgov, CC0). The pipeline file, gov.yaml:");
    for (const char *line = demo_folder_pipeline; *line != '\0'; line += strcspn(line, "\n") + 1)
        text_printf(demo->out, "     %s%.*s%s\n", cli_paint(demo->cli, 'd'), (int)strcspn(line, "\n"), line, cli_paint(demo->cli, '0'));
    text_put(demo->out, "   One `daybreak run gov.yaml` a night, as cron would start it:\n\n");
    text_printf(demo->out, "   %s%-12s %9s %9s %9s %9s %11s%s\n", cli_paint(demo->cli, 'd'), "night", "rows", "created", "updated",
                "deleted", "took", cli_paint(demo->cli, '0'));
    cli_flush(demo->cli);

    snprintf(path, sizeof path, "%s/expected.json", demo->folder.dumps);
    if (file_read(path, 1 << 20, &bytes, &size, &none) != 0 || json_parse(&counted, bytes, size, &where) != 0)
        size = 0;
    json_array(result, "nights");
    for (size_t i = 0; i < nights; i++) {
        const struct demo_night *night = &demo->folder.night[i];
        int64_t number[3];

        if (demo_bring(demo, "gov", night, night->bytes) != 0 || (node = demo_pass(demo, demo->gov, 0)) == 0)
            goto failed;
        number[0] = demo_child_number(&demo->child, node, "created");
        number[1] = demo_child_number(&demo->child, node, "updated");
        number[2] = demo_child_number(&demo->child, node, "deleted");
        text_printf(demo->out, "   %-12s", night->day);
        demo_number(demo, demo_child_number(&demo->child, node, "read"), 10);
        if (i == 0) {
            text_printf(demo->out, "   %-27s", "the first load");
        } else {
            demo->night_us += demo->child.took_us / (int64_t)(nights - 1);
            for (int k = 0; k < 3; k++)
                demo_number(demo, number[k], 10);
            if (size > 0) {
                bool same = true;

                for (int k = 0; k < 3; k++)
                    same = same && published(&counted, night->day, names[k]) == number[k];
                compared++;
                equal += same;
            }
        }
        text_printf(demo->out, "%9" PRId64 " ms\n", (demo->child.took_us + 500) / 1000);
        cli_flush(demo->cli);
        json_object(result, NULL);
        json_text(result, "night", night->day);
        json_int(result, "read", demo_child_number(&demo->child, node, "read"));
        json_int(result, "loaded", demo_child_number(&demo->child, node, "loaded"));
        json_int(result, "created", number[0]);
        json_int(result, "updated", number[1]);
        json_int(result, "deleted", number[2]);
        json_real(result, "took_ms", (double)demo->child.took_us / 1000);
        json_close(result);
    }
    json_close(result);
    text_char(demo->out, '\n');
    if (compared > 0) {
        text_printf(demo->out, "   As counted by other means (expected.json): %" PRId64 " of %" PRId64 " nights: ", equal, compared);
        demo_proof(demo, equal == compared);
        text_char(demo->out, '\n');
    }
    json_int(result, "nights_compared", compared);
    json_int(result, "nights_equal", equal);
    if ((node = demo_pass(demo, demo->gov, 0)) == 0)
        goto failed;
    text_put(demo->out, "   Run once more, nothing is read and nothing written: ");
    demo_proof(demo, demo_child_number(&demo->child, node, "read") == 0 && demo_child_number(&demo->child, node, "delivered") == 0);
    text_char(demo->out, '\n');
    json_fini(&counted);
    free(bytes);
    return 0;

failed:
    json_fini(&counted);
    free(bytes);
    return -1;
}

/* ---- 2: a dump that was cut off ------------------------------------------------------------------ */

static int
tell_cut_off(struct demo *demo)
{
    static const char *const run[] = {"run", "gov.yaml", NULL};
    const struct demo_night *night = &demo->folder.night[demo->folder.nights - 2];
    int64_t part = night->bytes * 3 / 5, before_rows, after_rows;
    struct json *result = &demo->cli->result;
    char before[65], after[65];
    uint32_t node;
    bool same;

    demo_heading(demo, 2, "A dump that was cut off");
    if (demo_digest(demo, demo->gov, before, &before_rows) != 0 || demo_bring(demo, "gov", night, part) != 0 ||
        demo_child_call(&demo->child, demo->gov, run, 4, demo->fault) != 0 || demo_digest(demo, demo->gov, after, &after_rows) != 0)
        return -1;
    same = before_rows == after_rows && strcmp(before, after) == 0;
    text_printf(demo->out, "   The dump of %s arrives with ", night->day);
    cli_count(demo->out, part);
    text_put(demo->out, " of its ");
    cli_count(demo->out, night->bytes);
    text_put(demo->out, " bytes.\n   The mail that cron sends:\n\n");
    demo_wrapped(demo, "     ", text_end(&demo->child.told));
    text_put(demo->out, "\n");
    demo_label(demo, "exit status");
    text_printf(demo->out, "%d, an input is held\n", demo->child.status);
    demo_label(demo, "target");
    cli_count(demo->out, after_rows);
    text_printf(demo->out, " rows, SHA-256 %.12s… before, ", before);
    if (same)
        text_put(demo->out, "the same after: ");
    else
        text_printf(demo->out, "%.12s… after: ", after);
    demo_proof(demo, same);
    text_char(demo->out, '\n');
    cli_flush(demo->cli);

    json_object(result, "cut_off");
    json_text(result, "night", night->day);
    json_int(result, "bytes", part);
    json_int(result, "bytes_whole", night->bytes);
    json_int(result, "exit", demo->child.status);
    json_text(result, "mail", text_end(&demo->child.told));
    json_text(result, "sha256_before", before);
    json_text(result, "sha256_after", after);
    json_bool(result, "untouched", same);
    json_close(result);

    if (demo_bring(demo, "gov", night, night->bytes) != 0 || (node = demo_pass(demo, demo->gov, 0)) == 0)
        return -1;
    text_put(demo->out, "   The whole dump comes under the same name: ");
    text_printf(demo->out, "%" PRId64 " created, %" PRId64 " updated, %" PRId64 " deleted.\n",
                demo_child_number(&demo->child, node, "created"), demo_child_number(&demo->child, node, "updated"),
                demo_child_number(&demo->child, node, "deleted"));
    demo_wrapped(demo, "   ", "It was compared with the last good one, and closes what was held.");
    return 0;
}

/* ---- 5: one trace, and what to type next --------------------------------------------------------- */

static int
tell_trace(struct demo *demo)
{
    const char *words[] = {"trace", "gov", NULL, NULL};
    struct text key = {0};
    char path[PATH_MAX + 16];
    struct demo_look *look;
    int found;

    demo_heading(demo, 5, "Where is this row, since when, and why?");
    snprintf(path, sizeof path, "%s/gov.db", demo->gov);
    look = demo_look_open(path);
    found = demo_look_text(look, "SELECT \"" DEMO_KEY "\" FROM gov WHERE _op = 'u' ORDER BY _batch DESC, 1 LIMIT 1", &key);
    demo_look_close(look);
    if (found != 0)
        return fault_set(demo->fault, DAYBREAK_HALT, "cannot find an updated row in the demo's target");
    words[2] = text_end(&key);
    text_printf(demo->out, "   %s$ daybreak trace gov %s%s\n", cli_paint(demo->cli, 'd'), words[2], cli_paint(demo->cli, '0'));
    found = demo_child_call(&demo->child, demo->gov, words, 0, demo->fault);
    if (found == 0) {
        for (const char *line = text_end(&demo->child.said); *line != '\0';) {
            size_t size = strcspn(line, "\n");

            text_printf(demo->out, "   %.*s\n", (int)size, line);
            line += size + (line[size] == '\n');
        }
        json_text(&demo->cli->result, "traced", words[2]);
    }
    text_fini(&key);
    return found;
}

static void
tell_next(struct demo *demo)
{
    text_printf(demo->out, "\n%sYour own files, next%s\n", cli_paint(demo->cli, 'b'), cli_paint(demo->cli, '0'));
    text_put(demo->out, "   What changed between two of your dumps; writes nothing:\n");
    text_printf(demo->out, "     %s compare MONDAY.csv.gz TUESDAY.csv.gz --key ID\n", demo->self);
    text_put(demo->out, "   The three lines of section 1 with your path and key, as orders.yaml:\n");
    text_printf(demo->out, "     %s lint orders.yaml && %s run orders.yaml\n", demo->self, demo->self);
    text_put(demo->out, "   Each night from cron, or as it happens with `run --follow`:\n");
    text_printf(demo->out, "     %s cron orders.yaml\n", demo->self);
}

/* "daybreak" where the shell finds this very binary, else its path. */
static void
self_name(char name[PATH_MAX])
{
    const char *path = getenv("PATH");
    char self[PATH_MAX], here[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    struct stat own, found;

    snprintf(name, PATH_MAX, "daybreak");
    if (size <= 0 || stat("/proc/self/exe", &own) != 0)
        return;
    self[size] = '\0';
    while (path != NULL && *path != '\0') {
        size_t part = strcspn(path, ":");
        char there[PATH_MAX];

        if ((size_t)snprintf(there, sizeof there, "%.*s/daybreak", (int)part, path) < sizeof there && stat(there, &found) == 0 &&
            (found.st_mode & S_IXUSR) != 0) {
            if (found.st_dev == own.st_dev && found.st_ino == own.st_ino)
                return;
            break; /* another daybreak is the one the shell would take */
        }
        path += part + (path[part] == ':');
    }
    if (getcwd(here, sizeof here) != NULL && strncmp(self, here, strlen(here)) == 0 && self[strlen(here)] == '/')
        snprintf(name, PATH_MAX, "%s%s", strchr(self + strlen(here) + 1, '/') == NULL ? "./" : "", self + strlen(here) + 1);
    else
        snprintf(name, PATH_MAX, "%s", self);
}

static int
tell(struct demo *demo)
{
    if (demo_folder_begin(&demo->folder, "gov", demo->fault) != 0)
        return -1;
    return tell_nights(demo) == 0 && tell_cut_off(demo) == 0 && demo_tell_kills(demo) == 0 && demo_tell_live(demo) == 0 &&
                   tell_trace(demo) == 0
               ? 0
               : -1;
}

static int
demo_run(struct cli *cli, const struct cli_args *args)
{
    struct demo demo = {.cli = cli, .out = &cli->out, .fault = &cli->fault};
    struct sigaction stop = {.sa_handler = on_stop};
    int64_t began_us = demo_child_clock_us();
    char took[CLOCK_TEXT_ROOM], modules[PATH_MAX];
    int status;

    if (realpath(module_folder(), modules) != NULL) /* the steps work elsewhere, and know nothing of --connectors */
        setenv("DAYBREAK_CONNECTORS", modules, 1);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    if (demo_folder_make(&demo.folder, cli_value(args, "keep", NULL), &cli->fault) != 0)
        return cli_fail(cli);
    snprintf(demo.gov, sizeof demo.gov, "%s/gov", demo.folder.path);
    snprintf(demo.killed, sizeof demo.killed, "%s/killed", demo.folder.path);
    snprintf(demo.whole, sizeof demo.whole, "%s/whole", demo.folder.path);
    self_name(demo.self);
    text_printf(&cli->out, "%sThe main job on real dumps.%s Every figure is measured now, on this machine.\n", cli_paint(cli, 'b'),
                cli_paint(cli, '0'));
    json_object(&cli->result, NULL);
    json_text(&cli->result, "folder", demo.folder.keep ? demo.folder.path : NULL);
    status = tell(&demo);
    demo_child_fini(&demo.follower);
    demo_child_fini(&demo.child);
    if (status != 0) {
        text_clear(&cli->result_text); /* half a result is none */
        json_init(&cli->result, &cli->result_text, false);
        status = cli_fail(cli);
    } else {
        int64_t took_us = demo_child_clock_us() - began_us;

        tell_next(&demo);
        status = demo.broken ? 1 : 0;
        json_real(&cli->result, "seconds", (double)took_us / 1e6);
        json_bool(&cli->result, "held", !demo.broken);
        json_close(&cli->result);
        clock_duration(took_us / 1000, took);
        text_char(&cli->out, '\n');
        if (demo.broken)
            text_printf(&cli->out, "%sNot every promise held: see NO above.%s\n", cli_paint(cli, 'r'), cli_paint(cli, '0'));
        text_printf(&cli->out, "Took %s. ", took);
        if (demo.folder.keep)
            text_printf(&cli->out, "All of it is in %s\n", demo.folder.path);
        else
            text_put(&cli->out, "Its folder is gone again; --keep DIR leaves it.\n");
        cli_say(cli, "%s in %s", demo.broken ? "not every promise held" : "every promise held", took);
    }
    demo_folder_remove(&demo.folder);
    return status;
}

const struct cli_command command_demo = {
    .verb = "demo", .group = "start", .operands = "", .least = 0, .most = 0, .options = demo_options, .run = demo_run,
    .summary = "See the main job on real dumps, with every figure measured: under 90 s.",
    .text = "Nightly dumps of every .gov domain become a table that follows them: what changed each night, a dump that was cut off, three "
            "kill -9 in mid-load, a file dropped live, and the story of one row. It works in a folder of its own under $TMPDIR and "
            "removes it; nothing else is touched.\n"
            "The dumps are fixtures/dotgov of the source tree, or what was installed; $DAYBREAK_FIXTURES names another fixtures folder.\n"
            "Exit: 0 every promise held, 1 one did not, 66 no dumps were found."};
