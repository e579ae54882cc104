/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * CRASH_POINT("memory.before-rename"): a place where a test may end the process as kill -9 would.
 * DAYBREAK_CRASH_AT=NAME[:N] raises SIGKILL at the Nth passage (first by default);
 * DAYBREAK_CRASH_LIST=FILE appends every name passed for the first time. Both are read once; without
 * them a point costs one predictable branch. Names are folder.what, and scripts find them with grep.
 */
#define CRASH_POINT(name)                                                                          \
    do {                                                                                           \
        if (__builtin_expect(crash_armed != 0, 0))                                                 \
            crash_point(name);                                                                     \
    } while (0)

extern int crash_armed; /* set by crash_init when either variable is there */
void crash_init(void);
void crash_point(const char *name);

#endif
