/* SPDX-License-Identifier: Apache-2.0 */
/* The demo's hands: starts this binary as a user would, waits, and reads what it said. It owns the processes it started. */
#include "cli/demo_child.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"

#define WORDS 24
#define SAID (8 << 20) /* more than any step of the demo says */

extern char **environ;

volatile sig_atomic_t demo_child_stopped;

int64_t
demo_child_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
demo_child_nap(int64_t us)
{
    struct timespec rest = {us / 1000000, us % 1000000 * 1000};

    while (us > 0 && nanosleep(&rest, &rest) != 0 && errno == EINTR && !demo_child_stopped) {}
}

/* What the caller set for other runs must not reach into the demo's: its state is its own, and nothing is made to fail by a test's wish. */
static char **
environment(void)
{
    static const char *const foreign[] = {"DAYBREAK_STATE=", "DAYBREAK_NOW_US=", "DAYBREAK_CRASH_AT=", "DAYBREAK_CRASH_LIST="};
    size_t count = 0, kept = 0;
    char **own;

    while (environ[count] != NULL)
        count++;
    own = memory_need((count + 1) * sizeof *own);
    for (size_t i = 0; i < count; i++) {
        bool keep = true;

        for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
            keep = keep && strncmp(environ[i], foreign[k], strlen(foreign[k])) != 0;
        if (keep)
            own[kept++] = environ[i];
    }
    own[kept] = NULL;
    return own;
}

static void
outputs_close(struct demo_child *child)
{
    if (child->out > 0)
        close(child->out);
    if (child->err > 0)
        close(child->err);
    child->out = child->err = 0;
}

int
demo_child_start(struct demo_child *child, const char *folder, const char *const *words, struct daybreak_fault *fault)
{
    const char *argv[WORDS] = {"daybreak", "-C", folder};
    posix_spawn_file_actions_t actions;
    char **own;
    int error, count = 3;

    for (; *words != NULL && count < WORDS - 1; words++)
        argv[count++] = *words;
    text_clear(&child->said);
    text_clear(&child->told);
    json_fini(&child->answer);
    child->status = -1;
    child->out = memfd_create("daybreak demo: stdout", MFD_CLOEXEC);
    child->err = memfd_create("daybreak demo: stderr", MFD_CLOEXEC);
    if (child->out < 0 || child->err < 0) {
        fault_set(fault, DAYBREAK_RETRY, "cannot make a file in memory: %s", strerror(errno));
        outputs_close(child);
        return -1;
    }
    own = environment();
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0 /* O_RDONLY */, 0);
    posix_spawn_file_actions_adddup2(&actions, child->out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child->err, STDERR_FILENO);
    child->started_us = demo_child_clock_us();
    error = posix_spawn(&child->pid, "/proc/self/exe", &actions, NULL, (char *const *)argv, own);
    posix_spawn_file_actions_destroy(&actions);
    free(own);
    if (error != 0) {
        child->pid = 0;
        outputs_close(child);
        return fault_set(fault, DAYBREAK_RETRY, "cannot start 'daybreak %s': %s", argv[3], strerror(error));
    }
    return 0;
}

static void
output_read(int fd, struct text *text)
{
    off_t at = 0;

    while (at < SAID) {
        ssize_t got = pread(fd, text_room(text, 65536), 65536, at);

        if (got <= 0)
            break;
        text->size += (size_t)got;
        at += got;
    }
    text_end(text);
}

bool
demo_child_ended(const struct demo_child *child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid;
}

int
demo_child_end(struct demo_child *child, struct daybreak_fault *fault)
{
    int how;

    while (waitpid(child->pid, &how, 0) < 0) {
        if (errno != EINTR) {
            child->pid = 0;
            outputs_close(child);
            return fault_set(fault, DAYBREAK_RETRY, "cannot wait for a step of the demo: %s", strerror(errno));
        }
        if (demo_child_stopped)
            kill(child->pid, SIGTERM);
    }
    child->took_us = demo_child_clock_us() - child->started_us;
    child->pid = 0;
    child->status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    output_read(child->out, &child->said);
    output_read(child->err, &child->told);
    outputs_close(child);
    if (!demo_child_stopped)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "the demo was stopped by a signal");
    return fault_exit(fault, 130, "stopped");
}

int
demo_child_call(struct demo_child *child, const char *folder, const char *const *words, int expected,
                struct daybreak_fault *fault)
{
    if (demo_child_start(child, folder, words, fault) != 0 || demo_child_end(child, fault) != 0)
        return -1;
    if (child->status == expected)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "'daybreak %s %s' ended with %d instead of %d: %.400s%.400s", words[0],
              words[1] == NULL ? "" : words[1], child->status, expected, text_end(&child->told), text_end(&child->said));
    return fault_exit(fault, 70, "demo");
}

uint32_t
demo_child_result(struct demo_child *child, struct daybreak_fault *fault)
{
    uint32_t node = 0;
    size_t where = 0;

    json_fini(&child->answer);
    if (json_parse(&child->answer, child->said.at, child->said.size, &where) == 0)
        node = json_member(&child->answer, 0, "result");
    if (node != 0)
        return node;
    fault_set(fault, DAYBREAK_HALT, "a step's --json cannot be read at byte %zu: %.400s%.400s", where, text_end(&child->said),
              text_end(&child->told));
    fault_exit(fault, 70, "demo");
    return 0;
}

int64_t
demo_child_number(const struct demo_child *child, uint32_t node, const char *name)
{
    uint32_t member = json_member(&child->answer, node, name);

    return member == 0 ? -1 : json_number(&child->answer, member, -1);
}

void
demo_child_fini(struct demo_child *child)
{
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {}
    }
    outputs_close(child);
    json_fini(&child->answer);
    text_fini(&child->said);
    text_fini(&child->told);
    *child = (struct demo_child){0};
}
