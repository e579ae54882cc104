/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's third section: a load that is killed three times, and what is there afterwards. */
#include "cli/demo.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include "base/fault.h"

#define KILLS 3
#define ATTEMPTS 12         /* loads that ended before a kill came are begun anew */

static int
drop_all(struct demo *demo, const char *name)
{
    if (demo_folder_begin(&demo->folder, name, demo->fault) != 0)
        return -1;
    for (size_t i = 0; i + 1 < demo->folder.nights; i++)
        if (demo_bring(demo, name, &demo->folder.night[i], demo->folder.night[i].bytes) != 0)
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
    while (!demo_child_stopped && !demo_child_ended(&demo->child) && !demo_begun(&demo->child, demo->killed))
        demo_child_nap(500);
    after_us = demo_child_clock_us() - demo->child.started_us;
    kill(demo->child.pid, SIGKILL);
    if (demo_child_end(&demo->child, demo->fault) != 0)
        return -1;
    if (demo->child.status != 128 + SIGKILL)
        return 0;
    blow->after_us = after_us;
    blow->nights = demo_ask(demo->killed, "SELECT count(DISTINCT input) FROM _daybreak_batch");
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

int
demo_tell_kills(struct demo *demo)
{
    static const char *const compare[] = {"--json", "compare", "gov.db#gov", "../killed/gov.db#gov", "--key", DEMO_KEY, NULL};
    static const char *const verify[] = {"--json", "ledger", "verify", "gov", NULL};
    struct json *result = &demo->cli->result;
    struct blow blow[KILLS] = {0};
    int64_t whole_us, rest_us, rows, rows_killed, equal, missing, extra, different;
    char hex[65], hex_killed[65];
    uint32_t node;
    bool same;

    demo_heading(demo, 3, "Three kill -9 in mid-load");
    if (drop_all(demo, "whole") != 0 || demo_pass(demo, demo->whole, 0) == 0)
        return -1;
    whole_us = demo->child.took_us;
    text_printf(demo->out, "   Another target takes all %zu nights in one run: undisturbed %" PRId64 " ms here.\n"
                "   The same again, and the process is killed three times at a chance moment:\n\n", demo->folder.nights - 1,
                whole_us / 1000);
    cli_flush(demo->cli);
    if (kill_thrice(demo, whole_us, blow) != 0 || demo_pass(demo, demo->killed, 0) == 0)
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
    demo_label(demo, "compare");
    cli_count(demo->out, equal);
    text_printf(demo->out, " rows equal to section 2, %" PRId64 " missing, %" PRId64 " extra, %" PRId64 " other: ", missing, extra,
                different);
    demo_proof(demo, same);
    text_char(demo->out, '\n');
    if (demo_digest(demo, demo->gov, hex, &rows) != 0 || demo_digest(demo, demo->killed, hex_killed, &rows_killed) != 0)
        return -1;
    demo_label(demo, "event ids");
    text_put(demo->out, "of all rows the same, so each change landed as itself: ");
    demo_proof(demo, strcmp(hex, hex_killed) == 0);
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
    demo_label(demo, "ledger");
    text_put(demo->out, "counted anew by `ledger verify`, and balanced: ");
    demo_proof(demo, demo->child.status == 0);
    text_char(demo->out, '\n');
    json_bool(result, "balanced", demo->child.status == 0);
    json_close(result);
    return 0;
}
