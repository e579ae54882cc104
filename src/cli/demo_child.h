/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DEMO_CHILD_H
#define CLI_DEMO_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "base/text.h"
#include "daybreak/connector.h"

/* One step of the demo: this very binary, started as a user would start it. Zeroed before the first start. */
struct demo_child {
    pid_t pid;          /* 0: none is running */
    int out, err;       /* files in memory: neither fills up, so nothing waits for a reader */
    int status;         /* how it ended: its exit status, or 128 and the signal */
    int64_t started_us, took_us;
    struct text said;   /* its stdout */
    struct text told;   /* its stderr */
    struct json_tree answer; /* of --json; what it reads is in said */
};

/* Set by the signal that asks the demo to stop; every wait below ends then. */
extern volatile sig_atomic_t demo_child_stopped;

/** demo_child_clock_us(): µs that only go forward. */
int64_t demo_child_clock_us(void);
/** demo_child_nap(us): sleep, or less when a signal asks to stop. */
void demo_child_nap(int64_t us);
/** demo_child_start(child, folder, words, fault): `daybreak -C FOLDER WORDS…`; ${words} ends with NULL. */
int demo_child_start(struct demo_child *child, const char *folder, const char *const *words, struct daybreak_fault *fault);
/** demo_child_end(child, fault): wait until it ended, and read what it said. */
int demo_child_end(struct demo_child *child, struct daybreak_fault *fault);
/** demo_child_ended(child): did it end by itself? Waits for nothing; demo_child_end is still to be called. */
bool demo_child_ended(const struct demo_child *child);
/** demo_child_call(child, folder, words, expected, fault): start and end; another exit status than ${expected} is a fault. */
int demo_child_call(struct demo_child *child, const char *folder, const char *const *words, int expected,
                    struct daybreak_fault *fault);
/** demo_child_result(child, fault): the node of `result` in its --json, or 0 with the fault. */
uint32_t demo_child_result(struct demo_child *child, struct daybreak_fault *fault);
/** demo_child_number(child, node, name): a number in an object of its answer; -1 when it is not there. */
int64_t demo_child_number(const struct demo_child *child, uint32_t node, const char *name);
/** demo_child_fini(child): ends it by force when it still runs. */
void demo_child_fini(struct demo_child *child);

#endif
