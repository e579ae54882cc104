/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "cli/demo_child.h"
#include "cli/demo_folder.h"

#define DEMO_KEY "Domain name"
#define DEMO_COLUMNS "\"Domain name\", \"Domain type\", \"Organization name\", \"Suborganization name\", City, State, \"Security contact email\""
#define DEMO_WAIT_US 20000000 /* for a follower to take what was dropped */

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

/* ---- how it speaks ---- */
void demo_heading(struct demo *demo, int number, const char *title);
/** demo_wrapped(demo, margin, text): words in lines, each behind ${margin}; a line that begins with a blank stays as it is. */
void demo_wrapped(struct demo *demo, const char *margin, const char *text);
void demo_label(struct demo *demo, const char *label);
void demo_number(struct demo *demo, int64_t number, int width);
void demo_ms(struct text *out, int64_t us);
/** demo_proof(demo, held): a promise and whether it held; one that did not ends the demo with 1. */
void demo_proof(struct demo *demo, bool held);

/* ---- what is asked more than once ---- */
int demo_bring(struct demo *demo, const char *name, const struct demo_night *night, int64_t bytes);
/** demo_pass(demo, folder, expected): one pass from cron over what was dropped; the node of its result, 0 when it failed. */
uint32_t demo_pass(struct demo *demo, const char *folder, int expected);
/** demo_digest(demo, folder, hex, rows): of all that a reader of the target can see but the numbers of batches. */
int demo_digest(struct demo *demo, const char *folder, char hex[65], int64_t *rows);
int64_t demo_ask(const char *folder, const char *query);
/** demo_begun(child, folder): does the child hold the lock of the pipeline: has its run begun? */
bool demo_begun(const struct demo_child *child, const char *folder);

/* ---- the two sections that kill and wait ---- */
int demo_tell_kills(struct demo *demo);
int demo_tell_live(struct demo *demo);

#endif
