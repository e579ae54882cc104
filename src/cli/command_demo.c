/* SPDX-License-Identifier: Apache-2.0 */
/* demo: the main job on published dumps, told in five short sections. Each step is this binary started as a user would start it, and
 * each figure is read from what it did; a promise that does not hold ends the demo with 1. */
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/demo_child.h"
#include "cli/demo_folder.h"
#include "cli/demo_look.h"
#include "connector/module.h"

#define WIDTH 78
#define KEY "Domain name"
#define COLUMNS "\"Domain name\", \"Domain type\", \"Organization name\", \"Suborganization name\", City, State, \"Security contact email\""
#define KILLS 3
#define ATTEMPTS 12         /* loads that ended before a kill came are begun anew */
#define LIVE_WAIT_US 20000000
#define IDLE_US 300000      /* a follower that began is at rest after this long */

static const struct cli_option demo_options[] = {
    {"keep", 0, "DIR", "Work in DIR, new or empty, and leave everything there to look at."},
    {NULL, 0, NULL, NULL},
};

/* The demo while it goes. */
struct demo {
    struct cli *cli;
    struct text *out;
    struct daybreak_fault *fault;
    struct demo_folder folder;
    struct demo_child child, follower;
    char self[PATH_MAX];    /* how the user calls this binary */
    char gov[PATH_MAX];     /* the folder of the sections 1, 2, 4 and 5 */
    char killed[PATH_MAX], whole[PATH_MAX];
    int64_t night_us;       /* what the nightly run of a day took, on average */
    bool broken;            /* a promise did not hold */
};

static void
on_stop(int signal)
{
    (void)signal;
    demo_child_stopped = 1;
}

/* ---- how it speaks ----------------------------------------------------------------------------- */

static void
put_heading(struct demo *demo, int number, const char *title)
{
    text_printf(demo->out, "\n%s%d  %s%s\n", cli_paint(demo->cli, 'b'), number, title, cli_paint(demo->cli, '0'));
    cli_flush(demo->cli);
}

/* Words of ${text} in lines of at most WIDTH, each behind ${margin}. */
static void
put_wrapped(struct demo *demo, const char *margin, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t size = column == 0 && *text == ' ' ? strcspn(text, "\n") : strcspn(text, " \n"), shown = 0; /* indented: as it is */

        for (size_t i = 0; i < size; i++)
            shown += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (size > 0) {
            if (column > 0 && column + 1 + shown > WIDTH - strlen(margin)) {
                text_char(demo->out, '\n');
                column = 0;
            }
            if (column == 0)
                text_put(demo->out, margin);
            else
                text_char(demo->out, ' ');
            text_add(demo->out, text, size);
            column += shown + (column > 0);
        }
        text += size;
        if (*text == '\n' && column > 0) {
            text_char(demo->out, '\n');
            column = 0;
        }
        text += *text != '\0';
    }
    if (column > 0)
        text_char(demo->out, '\n');
}

static void
put_label(struct demo *demo, const char *label)
{
    text_printf(demo->out, "   %-12s", label);
}

static void
put_number(struct demo *demo, int64_t number, int width)
{
    struct text text = {0};

    cli_count(&text, number);
    text_printf(demo->out, "%*s", width, text_end(&text));
    text_fini(&text);
}

static void
put_ms(struct text *out, int64_t us)
{
    if (us < 100000)
        text_printf(out, "%.1f ms", (double)us / 1000);
    else
        text_printf(out, "%" PRId64 " ms", (us + 500) / 1000);
}

/* A promise and whether it held. */
static void
put_proof(struct demo *demo, bool held)
{
    text_printf(demo->out, "%s%s%s", cli_paint(demo->cli, held ? 'g' : 'r'), held ? "yes" : "NO", cli_paint(demo->cli, '0'));
    demo->broken = demo->broken || !held;
}

/* ---- what is asked more than once --------------------------------------------------------------- */

static int
bring_and_drop(struct demo *demo, const char *name, const struct demo_night *night, int64_t bytes)
{
    return demo_folder_bring(&demo->folder, name, night, bytes, true, demo->fault) == 0 &&
                   demo_folder_drop(&demo->folder, name, night, demo->fault) == 0
               ? 0
               : -1;
}

/* One pass from cron over what was dropped; the node of its result. */
static uint32_t
pass(struct demo *demo, const char *folder, int expected)
{
    static const char *const words[] = {"--json", "run", "gov.yaml", NULL};

    if (demo_child_call(&demo->child, folder, words, expected, demo->fault) != 0)
        return 0;
    return demo_child_result(&demo->child, demo->fault);
}

/* Of all that a reader of the target can see but the numbers of batches: rows, operations, event ids. */
static int
digest(struct demo *demo, const char *folder, char hex[65], int64_t *rows)
{
    char path[PATH_MAX + 16];
    struct demo_look *look;
    int result;

    snprintf(path, sizeof path, "%s/gov.db", folder);
    look = demo_look_open(path);
    result = demo_look_digest(look, "SELECT " COLUMNS ", _op, _event_id FROM gov ORDER BY 1", hex, rows, demo->fault);
    demo_look_close(look);
    return result;
}

static int64_t
look_number(const char *folder, const char *query)
{
    char path[PATH_MAX + 16];
    struct demo_look *look;
    int64_t number;

    snprintf(path, sizeof path, "%s/gov.db", folder);
    look = demo_look_open(path);
    number = demo_look_number(look, query, 0);
    demo_look_close(look);
    return number;
}

/* Does the child hold the lock of the pipeline: has its run begun? */
static bool
has_begun(const struct demo_child *child, const char *folder)
{
    char path[PATH_MAX + 32], *bytes;
    struct daybreak_fault fault = {0};
    bool begun;
    size_t size;

    snprintf(path, sizeof path, "%s/.daybreak/gov/lock", folder);
    if (file_read(path, 4096, &bytes, &size, &fault) != 0)
        return false;
    begun = size > 4 && strncmp(bytes, "pid ", 4) == 0 && strtol(bytes + 4, NULL, 10) == child->pid;
    free(bytes);
    return begun;
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

    put_heading(demo, 1, "What changed each night");
    put_wrapped(demo, "   ", "Every .gov domain, published once a day as one full dump (fixtures/dotgov, CC0). The pipeline file, gov.yaml:");
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

        if (bring_and_drop(demo, "gov", night, night->bytes) != 0 || (node = pass(demo, demo->gov, 0)) == 0)
            goto failed;
        number[0] = demo_child_number(&demo->child, node, "created");
        number[1] = demo_child_number(&demo->child, node, "updated");
        number[2] = demo_child_number(&demo->child, node, "deleted");
        text_printf(demo->out, "   %-12s", night->day);
        put_number(demo, demo_child_number(&demo->child, node, "read"), 10);
        if (i == 0) {
            text_printf(demo->out, "   %-27s", "the first load");
        } else {
            demo->night_us += demo->child.took_us / (int64_t)(nights - 1);
            for (int k = 0; k < 3; k++)
                put_number(demo, number[k], 10);
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
        put_proof(demo, equal == compared);
        text_char(demo->out, '\n');
    }
    json_int(result, "nights_compared", compared);
    json_int(result, "nights_equal", equal);
    if ((node = pass(demo, demo->gov, 0)) == 0)
        goto failed;
    text_put(demo->out, "   Run once more, nothing is read and nothing written: ");
    put_proof(demo, demo_child_number(&demo->child, node, "read") == 0 && demo_child_number(&demo->child, node, "delivered") == 0);
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

    put_heading(demo, 2, "A dump that was cut off");
    if (digest(demo, demo->gov, before, &before_rows) != 0 || bring_and_drop(demo, "gov", night, part) != 0 ||
        demo_child_call(&demo->child, demo->gov, run, 4, demo->fault) != 0 || digest(demo, demo->gov, after, &after_rows) != 0)
        return -1;
    same = before_rows == after_rows && strcmp(before, after) == 0;
    text_printf(demo->out, "   The dump of %s arrives with ", night->day);
    cli_count(demo->out, part);
    text_put(demo->out, " of its ");
    cli_count(demo->out, night->bytes);
    text_put(demo->out, " bytes.\n   The mail that cron sends:\n\n");
    put_wrapped(demo, "     ", text_end(&demo->child.told));
    text_put(demo->out, "\n");
    put_label(demo, "exit status");
    text_printf(demo->out, "%d, an input is held\n", demo->child.status);
    put_label(demo, "target");
    cli_count(demo->out, after_rows);
    text_printf(demo->out, " rows, SHA-256 %.12s… before, ", before);
    if (same)
        text_put(demo->out, "the same after: ");
    else
        text_printf(demo->out, "%.12s… after: ", after);
    put_proof(demo, same);
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

    if (bring_and_drop(demo, "gov", night, night->bytes) != 0 || (node = pass(demo, demo->gov, 0)) == 0)
        return -1;
    text_put(demo->out, "   The whole dump comes under the same name: ");
    text_printf(demo->out, "%" PRId64 " created, %" PRId64 " updated, %" PRId64 " deleted.\n",
                demo_child_number(&demo->child, node, "created"), demo_child_number(&demo->child, node, "updated"),
                demo_child_number(&demo->child, node, "deleted"));
    put_wrapped(demo, "   ", "It was compared with the last good one, and closes what was held.");
    return 0;
}

/* ---- 3: three kill -9 in mid-load ---------------------------------------------------------------- */

static int
drop_all(struct demo *demo, const char *name)
{
    if (demo_folder_begin(&demo->folder, name, demo->fault) != 0)
        return -1;
    for (size_t i = 0; i + 1 < demo->folder.nights; i++)
        if (bring_and_drop(demo, name, &demo->folder.night[i], demo->folder.night[i].bytes) != 0)
            return -1;
    return 0;
}

/* A chance moment for each kill, in hundredths of what the whole load takes. A killed first load begins anew, so the second blow comes
 * later, to fall among the nights after it; the third is early again, because little is left. */
static int64_t
moment(int kill, int64_t whole_us)
{
    static const int from[KILLS] = {10, 55, 10}, room[KILLS] = {30, 30, 20};
    uint32_t chance = 0;

    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        chance = (uint32_t)demo_child_clock_us();
    return whole_us * from[kill] / 100 + whole_us * room[kill] / 100 * (int64_t)(chance % 1000) / 1000;
}

struct blow {
    int64_t after_us, nights;
};

/* One run, killed at a moment of its load. 1: it hit; 0: the run was faster, or all had landed. */
static int
kill_once(struct demo *demo, int64_t after_us, struct blow *blow)
{
    static const char *const run[] = {"run", "gov.yaml", NULL};

    if (demo_child_start(&demo->child, demo->killed, run, demo->fault) != 0)
        return -1;
    demo_child_nap(after_us - (demo_child_clock_us() - demo->child.started_us));
    while (!demo_child_stopped && !demo_child_ended(&demo->child) && !has_begun(&demo->child, demo->killed))
        demo_child_nap(500);
    after_us = demo_child_clock_us() - demo->child.started_us;
    kill(demo->child.pid, SIGKILL);
    if (demo_child_end(&demo->child, demo->fault) != 0)
        return -1;
    if (demo->child.status != 128 + SIGKILL)
        return 0;
    blow->after_us = after_us;
    blow->nights = look_number(demo->killed, "SELECT count(DISTINCT input) FROM _daybreak_batch");
    return blow->nights < (int64_t)demo->folder.nights - 1;
}

/* Three kills in one load. A load that got to its end too early is begun anew, and the blow that missed comes earlier in it. */
static int
kill_thrice(struct demo *demo, int64_t whole_us, struct blow blow[KILLS])
{
    int64_t span_us[KILLS];

    for (int i = 0; i < KILLS; i++)
        span_us[i] = whole_us;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int hit = 1, kills = 0;

        if (drop_all(demo, "killed") != 0)
            return -1;
        while (kills < KILLS && (hit = kill_once(demo, moment(kills, span_us[kills]), &blow[kills])) == 1)
            kills++;
        if (hit < 0)
            return -1;
        if (kills == KILLS)
            return 0;
        span_us[kills] = span_us[kills] * 3 / 4;
    }
    return fault_set(demo->fault, DAYBREAK_HALT, "cannot hit a load midway: %d loads of %" PRId64 " ms ended before their third kill",
                     ATTEMPTS, whole_us / 1000);
}

static void
tell_blows(struct demo *demo, const struct blow blow[KILLS], int64_t rest_us)
{
    struct json *result = &demo->cli->result;
    size_t nights = demo->folder.nights - 1;

    json_array(result, "kills");
    for (int i = 0; i < KILLS; i++) {
        text_printf(demo->out, "   kill -9      after %5" PRId64 " ms, %" PRId64 " of %zu nights had landed\n", blow[i].after_us / 1000,
                    blow[i].nights, nights);
        json_object(result, NULL);
        json_real(result, "after_ms", (double)blow[i].after_us / 1000);
        json_int(result, "nights_landed", blow[i].nights);
        json_int(result, "nights", (int64_t)nights);
        json_close(result);
    }
    json_close(result);
    text_printf(demo->out, "   next run     after %5" PRId64 " ms, all %zu nights have landed\n", rest_us / 1000, nights);
    cli_flush(demo->cli);
}

static int
tell_kills(struct demo *demo)
{
    static const char *const compare[] = {"--json", "compare", "gov.db#gov", "../killed/gov.db#gov", "--key", KEY, NULL};
    static const char *const verify[] = {"--json", "ledger", "verify", "gov", NULL};
    struct json *result = &demo->cli->result;
    struct blow blow[KILLS] = {0};
    int64_t whole_us, rest_us, rows, rows_killed, equal, missing, extra, different;
    char hex[65], hex_killed[65];
    uint32_t node;
    bool same;

    put_heading(demo, 3, "Three kill -9 in mid-load");
    if (drop_all(demo, "whole") != 0 || pass(demo, demo->whole, 0) == 0)
        return -1;
    whole_us = demo->child.took_us;
    text_printf(demo->out, "   Another target takes all %zu nights in one run: undisturbed %" PRId64 " ms here.\n"
                "   The same again, and the process is killed three times at a chance moment:\n\n", demo->folder.nights - 1,
                whole_us / 1000);
    cli_flush(demo->cli);
    if (kill_thrice(demo, whole_us, blow) != 0 || pass(demo, demo->killed, 0) == 0)
        return -1;
    rest_us = demo->child.took_us;
    tell_blows(demo, blow, rest_us);

    if (demo_child_start(&demo->child, demo->gov, compare, demo->fault) != 0 || demo_child_end(&demo->child, demo->fault) != 0 ||
        (node = demo_child_result(&demo->child, demo->fault)) == 0)
        return -1;
    equal = demo_child_number(&demo->child, node, "equal");
    missing = demo_child_number(&demo->child, node, "missing");
    extra = demo_child_number(&demo->child, node, "extra");
    different = demo_child_number(&demo->child, node, "different");
    same = demo->child.status == 0 && equal > 0 && missing + extra + different == 0;
    text_char(demo->out, '\n');
    put_label(demo, "compare");
    cli_count(demo->out, equal);
    text_printf(demo->out, " rows equal to section 2, %" PRId64 " missing, %" PRId64 " extra, %" PRId64 " other: ", missing, extra,
                different);
    put_proof(demo, same);
    text_char(demo->out, '\n');
    if (digest(demo, demo->gov, hex, &rows) != 0 || digest(demo, demo->killed, hex_killed, &rows_killed) != 0)
        return -1;
    put_label(demo, "event ids");
    text_put(demo->out, "of all rows the same, so each change landed as itself: ");
    put_proof(demo, strcmp(hex, hex_killed) == 0);
    text_char(demo->out, '\n');
    json_object(result, "after_kills");
    json_real(result, "undisturbed_ms", (double)whole_us / 1000);
    json_int(result, "equal", equal);
    json_int(result, "missing", missing);
    json_int(result, "extra", extra);
    json_int(result, "different", different);
    json_bool(result, "event_ids_equal", strcmp(hex, hex_killed) == 0);

    if (demo_child_start(&demo->child, demo->killed, verify, demo->fault) != 0 || demo_child_end(&demo->child, demo->fault) != 0)
        return -1;
    put_label(demo, "ledger");
    text_put(demo->out, "counted anew by `ledger verify`, and balanced: ");
    put_proof(demo, demo->child.status == 0);
    text_char(demo->out, '\n');
    json_bool(result, "balanced", demo->child.status == 0);
    json_close(result);
    return 0;
}

/* ---- 4: a file dropped live ---------------------------------------------------------------------- */

/* From the rename until a reader of the target sees the night. */
static int
live_lag(struct demo *demo, const struct demo_night *night, int64_t *lag_us)
{
    char path[PATH_MAX + 16], query[128];
    struct demo_look *look;
    int64_t began_us;
    bool seen = false;

    snprintf(path, sizeof path, "%s/gov.db", demo->gov);
    snprintf(query, sizeof query, "SELECT count(*) FROM _daybreak_batch WHERE input LIKE '%s%%'", night->day);
    look = demo_look_open(path);
    began_us = demo_child_clock_us();
    if (demo_folder_drop(&demo->folder, "gov", night, demo->fault) != 0) {
        demo_look_close(look);
        return -1;
    }
    do {
        seen = demo_look_number(look, query, 0) > 0;
        *lag_us = demo_child_clock_us() - began_us;
        if (!seen)
            demo_child_nap(200);
    } while (!seen && *lag_us < LIVE_WAIT_US && !demo_child_stopped && !demo_child_ended(&demo->follower));
    demo_look_close(look);
    if (seen)
        return 0;
    return fault_set(demo->fault, DAYBREAK_HALT, "cannot find the night of %s in the target: `run --follow` did not take it", night->day);
}

static int
tell_live(struct demo *demo)
{
    static const char *const follow[] = {"run", "--follow", "gov.yaml", NULL};
    const struct demo_night *night = &demo->folder.night[demo->folder.nights - 1];
    struct json *result = &demo->cli->result;
    int64_t began_us = demo_child_clock_us(), lag_us, stop_us, day_us = INT64_C(86400000000);

    put_heading(demo, 4, "A file dropped live");
    if (demo_folder_bring(&demo->folder, "gov", night, night->bytes, false, demo->fault) != 0 ||
        demo_child_start(&demo->follower, demo->gov, follow, demo->fault) != 0)
        return -1;
    while (!has_begun(&demo->follower, demo->gov) && demo_child_clock_us() - began_us < LIVE_WAIT_US && !demo_child_stopped &&
           !demo_child_ended(&demo->follower))
        demo_child_nap(1000);
    demo_child_nap(IDLE_US);
    if (live_lag(demo, night, &lag_us) != 0) {
        struct daybreak_fault why = {0};

        kill(demo->follower.pid, SIGTERM);
        if (demo_child_end(&demo->follower, &why) == 0 && demo->follower.told.size > 0)
            fault_hint(demo->fault, "it said: %.300s", text_end(&demo->follower.told));
        return -1;
    }
    stop_us = demo_child_clock_us();
    kill(demo->follower.pid, SIGTERM);
    if (demo_child_end(&demo->follower, demo->fault) != 0)
        return -1;
    stop_us = demo_child_clock_us() - stop_us;

    text_printf(demo->out, "   `daybreak run --follow gov.yaml` waits; %s is renamed into drop/.\n   From then until its rows are in the target:\n\n",
                night->day);
    put_label(demo, "live");
    text_printf(demo->out, "%s", cli_paint(demo->cli, 'g'));
    put_ms(demo->out, lag_us);
    text_printf(demo->out, "%s, measured just now by a reader of gov.db\n", cli_paint(demo->cli, '0'));
    put_label(demo, "nightly");
    text_put(demo->out, "12 h on average, 24 h at worst (computed)\n");
    text_put(demo->out, "               how: a file that comes at any time of day waits for the next\n"
                        "               02:10, and then for the run, which took ");
    put_ms(demo->out, demo->night_us);
    text_put(demo->out, " a night above\n");
    put_label(demo, "SIGTERM");
    text_put(demo->out, "ended the follower in ");
    put_ms(demo->out, stop_us);
    text_printf(demo->out, " with exit status %d: ", demo->follower.status);
    put_proof(demo, demo->follower.status == 0);
    text_char(demo->out, '\n');

    json_object(result, "live");
    json_text(result, "night", night->day);
    json_real(result, "lag_ms", (double)lag_us / 1000);
    json_object(result, "nightly");
    json_bool(result, "computed", true);
    json_int(result, "average_ms", (day_us / 2 + demo->night_us) / 1000);
    json_int(result, "worst_ms", (day_us + demo->night_us) / 1000);
    json_close(result);
    json_real(result, "stopped_ms", (double)stop_us / 1000);
    json_int(result, "exit", demo->follower.status);
    json_close(result);
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

    put_heading(demo, 5, "Where is this row, since when, and why?");
    snprintf(path, sizeof path, "%s/gov.db", demo->gov);
    look = demo_look_open(path);
    found = demo_look_text(look, "SELECT \"" KEY "\" FROM gov WHERE _op = 'u' ORDER BY _batch DESC, 1 LIMIT 1", &key);
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
    return tell_nights(demo) == 0 && tell_cut_off(demo) == 0 && tell_kills(demo) == 0 && tell_live(demo) == 0 &&
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
