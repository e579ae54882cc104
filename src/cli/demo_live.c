/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's fourth section: a dump dropped while a follower waits, and how long it took. */
#include "cli/demo.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "cli/demo_look.h"

#define IDLE_US 300000      /* a follower that began is at rest after this long */

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
    } while (!seen && *lag_us < DEMO_WAIT_US && !demo_child_stopped && !demo_child_ended(&demo->follower));
    demo_look_close(look);
    if (seen)
        return 0;
    return fault_set(demo->fault, DAYBREAK_HALT, "cannot find the night of %s in the target: `run --follow` did not take it", night->day);
}

int
demo_tell_live(struct demo *demo)
{
    static const char *const follow[] = {"run", "--follow", "gov.yaml", NULL};
    const struct demo_night *night = &demo->folder.night[demo->folder.nights - 1];
    struct json *result = &demo->cli->result;
    int64_t began_us = demo_child_clock_us(), lag_us, stop_us, day_us = INT64_C(86400000000);

    demo_heading(demo, 4, "A file dropped live");
    if (demo_folder_bring(&demo->folder, "gov", night, night->bytes, false, demo->fault) != 0 ||
        demo_child_start(&demo->follower, demo->gov, follow, demo->fault) != 0)
        return -1;
    while (!demo_begun(&demo->follower, demo->gov) && demo_child_clock_us() - began_us < DEMO_WAIT_US && !demo_child_stopped &&
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
    demo_label(demo, "live");
    text_printf(demo->out, "%s", cli_paint(demo->cli, 'g'));
    demo_ms(demo->out, lag_us);
    text_printf(demo->out, "%s, measured just now by a reader of gov.db\n", cli_paint(demo->cli, '0'));
    demo_label(demo, "nightly");
    text_put(demo->out, "12 h on average, 24 h at worst (computed)\n");
    text_put(demo->out, "               how: a file that comes at any time of day waits for the next\n"
                        "               02:10, and then for the run, which took ");
    demo_ms(demo->out, demo->night_us);
    text_put(demo->out, " a night above\n");
    demo_label(demo, "SIGTERM");
    text_put(demo->out, "ended the follower in ");
    demo_ms(demo->out, stop_us);
    text_printf(demo->out, " with exit status %d: ", demo->follower.status);
    demo_proof(demo, demo->follower.status == 0);
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
