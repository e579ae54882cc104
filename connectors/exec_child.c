/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of the exec extract: one program, from fork to its end. Between us and the program stands a keeper, a process of ours that does nothing
 * but wait for whichever ends first: the program, whose end it tells, or we, and then the program's whole group is killed. Between fork and
 * exec only calls are made that are safe there.
 */
#include "exec_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 200 /* so often somebody asks whether we are to end */
#define PIECE 65536

/* What the keeper tells. */
struct told {
    enum exec_end end;
    int status;
};

enum { OUT, ERR, TOLD, LIFE, PIPES };

struct child {
    const struct exec_request *request;
    struct exec_result *result;
    int pipe[PIPES][2];
    pid_t keeper;
    struct told told;
    bool out_open, told_open;
    char piece[PIECE];
};

static int64_t
steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
tell(int fd, enum exec_end end, int status)
{
    struct told told;

    memset(&told, 0, sizeof told);
    told.end = end;
    told.status = status;
    while (write(fd, &told, sizeof told) < 0 && errno == EINTR)
        ;
}

/* ---- the program's side -------------------------------------------------------------------- */

static _Noreturn void
become(const struct exec_request *request, int pipes[PIPES][2])
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;
    int input;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should somebody kill the keeper */
    setsid();
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &normal, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); /* also what we were given ourselves */
    input = request->input > 0 ? request->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input >= 0 && dup2(input, 0) >= 0 && dup2(pipes[OUT][1], 1) >= 0 && dup2(pipes[ERR][1], 2) >= 0 &&
        (request->folder == NULL || request->folder[0] == '\0' || chdir(request->folder) == 0))
        execvpe(request->argv[0], request->argv, request->environment);
    tell(pipes[TOLD][1], EXEC_NO_START, errno);
    _exit(127);
}

/* Waits for one byte or the end of it: true for the byte that says that all is well. */
static bool
well(int life)
{
    char byte;
    ssize_t got;

    do
        got = read(life, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

static _Noreturn void
keep(const struct exec_request *request, int pipes[PIPES][2])
{
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    struct pollfd until[2];
    siginfo_t how = {0};
    pid_t program = fork();

    if (program == 0)
        become(request, pipes);
    setsid(); /* what a terminal sends to its jobs is for us to judge */
    sigaction(SIGTERM, &ignored, NULL);
    sigaction(SIGINT, &ignored, NULL);
    sigaction(SIGHUP, &ignored, NULL);
    sigaction(SIGPIPE, &ignored, NULL);
    if (program < 0) {
        tell(pipes[TOLD][1], EXEC_NO_START, errno);
        _exit(1);
    }
    /* Nothing of ours may stay open here: a lock that a keeper holds is no lock. */
    dup2(pipes[TOLD][1], 0);
    dup2(pipes[LIFE][0], 1);
    close_range(2, ~0u, 0);
    until[0] = (struct pollfd){.fd = 1, .events = POLLIN};
    until[1] = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, program, 0), .events = POLLIN};
    for (;;) {
        int ready = poll(until, 2, until[1].fd < 0 ? 50 : -1);

        if (ready > 0 && until[0].revents != 0)
            break; /* before the program: it is to end */
        /* not taken away yet: its number stays its own, and that of its group */
        if (waitid(P_PID, (id_t)program, &how, WEXITED | WNOWAIT | WNOHANG) == 0 && how.si_pid == program) {
            tell(0, how.si_code == CLD_EXITED ? EXEC_EXITED : EXEC_SIGNALED, how.si_status);
            break;
        }
    }
    if (!well(1)) {
        kill(-program, SIGKILL);
        kill(program, SIGKILL);
    }
    waitpid(program, NULL, 0);
    _exit(0);
}

/* ---- our side ------------------------------------------------------------------------------ */

static void
pipes_close(struct child *child)
{
    for (int i = 0; i < PIPES; i++)
        for (int side = 0; side < 2; side++)
            if (child->pipe[i][side] >= 0) {
                close(child->pipe[i][side]);
                child->pipe[i][side] = -1;
            }
}

static void
pipe_drop(struct child *child, int which, int side)
{
    close(child->pipe[which][side]);
    child->pipe[which][side] = -1;
}

/* Numbers up to 2 are the program's stdin, stdout and stderr, also where we were started without. */
static bool
above_standard(int pipe[2])
{
    for (int side = 0; side < 2; side++) {
        int moved = pipe[side];

        if (moved > 2)
            continue;
        moved = fcntl(pipe[side], F_DUPFD_CLOEXEC, 3);
        if (moved < 0)
            return false;
        close(pipe[side]);
        pipe[side] = moved;
    }
    return true;
}

static int
child_start(struct child *child)
{
    int wrong = 0;

    memset(child->pipe, -1, sizeof child->pipe);
    for (int i = 0; i < PIPES; i++)
        if (pipe2(child->pipe[i], O_CLOEXEC) != 0 || !above_standard(child->pipe[i])) {
            wrong = errno;
            pipes_close(child);
            return wrong;
        }
    child->keeper = fork();
    if (child->keeper == 0)
        keep(child->request, child->pipe);
    if (child->keeper < 0) {
        wrong = errno;
        pipes_close(child);
        return wrong;
    }
    pipe_drop(child, OUT, 1);
    pipe_drop(child, ERR, 1);
    pipe_drop(child, TOLD, 1);
    pipe_drop(child, LIFE, 0);
    for (int i = 0; i < LIFE; i++)
        fcntl(child->pipe[i][0], F_SETFL, O_NONBLOCK);
    child->out_open = child->told_open = true;
    return 0;
}

/* The end of what it says is kept. */
static void
said(struct exec_result *result, const char *at, size_t size)
{
    if (size > EXEC_STDERR_MAX) {
        at += size - EXEC_STDERR_MAX;
        size = EXEC_STDERR_MAX;
    }
    if (result->said_size + size > EXEC_STDERR_MAX) {
        size_t drop = result->said_size + size - EXEC_STDERR_MAX;

        memmove(result->said, result->said + drop, result->said_size - drop);
        result->said_size -= drop;
    }
    memcpy(result->said + result->said_size, at, size);
    result->said_size += size;
}

/* What stands in its pipes now; false when it must be ended. */
static bool
drain(struct child *child)
{
    ssize_t got = 0;

    while (child->pipe[ERR][0] >= 0 && (got = read(child->pipe[ERR][0], child->piece, PIECE)) > 0)
        said(child->result, child->piece, (size_t)got);
    if (got == 0 && child->pipe[ERR][0] >= 0)
        pipe_drop(child, ERR, 0);
    for (int pieces = 0; child->out_open && pieces < 64; pieces++) { /* and then the clock is looked at again */
        int wrong;

        got = read(child->pipe[OUT][0], child->piece, PIECE);
        if (got < 0)
            break;
        child->out_open = got > 0;
        wrong = got == 0 ? 0 : child->request->take(child->request->context, child->piece, (size_t)got);
        if (wrong != 0) {
            child->told = (struct told){wrong == EFBIG ? EXEC_TOO_MUCH : EXEC_NOT_KEPT, wrong};
            return false;
        }
    }
    while (child->told_open) {
        struct told told;

        got = read(child->pipe[TOLD][0], &told, sizeof told);
        if (got < 0)
            break;
        child->told_open = got > 0;
        if (got == sizeof told && child->told.end == EXEC_RUNS) /* that it cannot start is told before it ends for that */
            child->told = told;
    }
    return true;
}

static void
watch(struct child *child)
{
    const struct exec_request *request = child->request;
    int64_t until = steady_ms() + request->within_ms;

    for (;;) {
        int64_t left = until - steady_ms();
        struct pollfd fds[] = {{.fd = child->out_open ? child->pipe[OUT][0] : -1, .events = POLLIN},
                               {.fd = child->pipe[ERR][0], .events = POLLIN},
                               {.fd = child->told_open ? child->pipe[TOLD][0] : -1, .events = POLLIN}};

        if (request->stopping(request->context)) {
            child->told = (struct told){EXEC_STOPPED, 0};
            return;
        }
        if (left <= 0) {
            child->told = (struct told){child->told.end == EXEC_RUNS ? EXEC_LATE : EXEC_LEFT, 0};
            return;
        }
        poll(fds, 3, left < LOOK_MS ? (int)left : LOOK_MS);
        if (!drain(child))
            return;
        if (!child->out_open && child->told.end != EXEC_RUNS)
            return;
        if (!child->out_open && !child->told_open) { /* the keeper itself was killed, and the program with it */
            child->told = (struct told){EXEC_SIGNALED, SIGKILL};
            return;
        }
    }
}

int
exec_child_run(const struct exec_request *request, struct exec_result *result)
{
    struct child *child = malloc(sizeof *child);
    int wrong;

    if (child == NULL)
        abort(); /* any crash is safe */
    *result = (struct exec_result){0};
    child->request = request;
    child->result = result;
    child->told = (struct told){EXEC_RUNS, 0};
    wrong = child_start(child);
    if (wrong == 0) {
        watch(child);
        if (child->told_open && (child->told.end == EXEC_EXITED || child->told.end == EXEC_SIGNALED))
            while (write(child->pipe[LIFE][1], "", 1) < 0 && errno == EINTR) /* what it left behind on purpose may live on */
                ;
        pipe_drop(child, LIFE, 1);
        while (waitpid(child->keeper, NULL, 0) < 0 && errno == EINTR)
            ;
        if (child->pipe[ERR][0] >= 0) {
            ssize_t got;

            while ((got = read(child->pipe[ERR][0], child->piece, PIECE)) > 0)
                said(result, child->piece, (size_t)got);
        }
        pipes_close(child);
        result->end = child->told.end;
        result->status = child->told.status;
    }
    free(child);
    return wrong;
}
