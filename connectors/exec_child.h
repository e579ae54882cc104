/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXEC_STDERR_MAX 4096 /* what is kept of what it says, from the end */

/* How a program ended, or why it was ended. */
enum exec_end {
    EXEC_RUNS = 0,
    EXEC_EXITED,     /* with `status` */
    EXEC_SIGNALED,   /* by signal `status` */
    EXEC_NO_START,   /* it cannot be executed: errno `status` */
    EXEC_LATE,       /* its time was over */
    EXEC_STOPPED,    /* we are to end */
    EXEC_TOO_MUCH,   /* it printed more than may be */
    EXEC_NOT_KEPT,   /* what it printed could not be taken: errno `status` */
    EXEC_LEFT,       /* it ended, and what it left behind held its output open until its time was over */
};

struct exec_request {
    char *const *argv;        /* NULL-ended */
    char *const *environment; /* NULL-ended */
    const char *folder;       /* where it runs */
    int64_t within_ms;
    /* Each piece of what it prints: 0, or an errno that ends it; EFBIG is EXEC_TOO_MUCH. */
    int (*take)(void *context, const char *at, size_t size);
    bool (*stopping)(void *context);
    void *context;
    int input;                /* what it reads as its stdin; 0 or less: nothing */
};

struct exec_result {
    enum exec_end end;
    int status;
    char said[EXEC_STDERR_MAX]; /* the end of its stderr */
    size_t said_size;
};

/**
 * exec_child_run(request, result): the program from its start to its end, in a session of its own; without `input` its stdin is empty. Never a shell. When
 * it is ended before its time its whole process group is, and so it is when this process dies, however it dies: a keeper between the two sees
 * to that. 0, or the errno of why no process could be had (nothing was started).
 */
int exec_child_run(const struct exec_request *request, struct exec_result *result);

#endif
