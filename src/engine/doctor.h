/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_DOCTOR_H
#define ENGINE_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct arena;

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

/* One thing that was looked at. */
struct doctor_check {
    const char *name;          /* stable, snake_case */
    const char *pipeline;      /* NULL: of the machine */
    enum doctor_level level;
    const char *found;
    const char *advice;        /* NULL: nothing to do */
    int status;                /* of a FAIL: 1, or what a run would answer */
};

/*
 * What is not as pipelines need it on this machine, before a run finds out at night. Everything is only looked at. Texts live
 * in the
 * arena.
 */
struct doctor {
    struct arena *arena;
    /* in front of /etc, /proc and /usr: $DAYBREAK_DOCTOR_ROOT, for tests and for images of other machines */
    const char *root;
    const char *pipeline;      /* whose checks follow; NULL: the machine's */
    struct doctor_check *check;
    uint32_t count, room;
};

void doctor_init(struct doctor *doctor);
void doctor_fini(struct doctor *doctor);
/** doctor_note(doctor, level, status, name, advice, found, …): ${advice} may be NULL and is copied, like all texts. */
void doctor_note(struct doctor *doctor, enum doctor_level level, int status, const char *name, const char *advice,
                 const char *found, ...)
    __attribute__((format(printf, 6, 7)));
/** doctor_bytes(bytes, text): for people: "1.5 GiB". */
const char *doctor_bytes(int64_t bytes, char text[32]);

/** doctor_machine(doctor): libraries, modules, clock, time zones, limits, where temporary files go. */
void doctor_machine(struct doctor *doctor);
/** doctor_cron(doctor, file): the crontab lines that name daybreak: of ${file}, or (NULL) of this user and the machine. */
void doctor_cron(struct doctor *doctor, const char *file);
/** doctor_pipeline(doctor, config): state, inputs and target of one pipeline: who may write, how much room, on what, who is at
 * it. */
void doctor_pipeline(struct doctor *doctor, const struct config *config);

/* ---- what is judged of a figure, so that it can be tried with one that no test machine has ---- */

/** doctor_version(doctor, library, version, least, sound, why): below ${least} it fails, below ${sound} it is a warning. */
void doctor_version(struct doctor *doctor, const char *library, const char *version, const char *least, const char *sound,
                    const char *why);
/** doctor_clock(doctor, state, status): as adjtimex tells. */
void doctor_clock(struct doctor *doctor, int state, int status);
/** doctor_filesystem(doctor, name, path, magic, state): what holds for a folder on it; ${state}: it is the state's. */
void doctor_filesystem(struct doctor *doctor, const char *name, const char *path, uint32_t magic, bool state);
/** doctor_space(doctor, name, path, free, inodes, need): bytes and files that still go there; -1 unknown. */
void doctor_space(struct doctor *doctor, const char *name, const char *path, int64_t free, int64_t inodes, int64_t need);
/** doctor_limit(doctor, name, what, value, fail, warn, advice): a limit of the process; -1: none. */
void doctor_limit(struct doctor *doctor, const char *name, const char *what, int64_t value, int64_t fail, int64_t warn,
                  const char *advice);

#endif
