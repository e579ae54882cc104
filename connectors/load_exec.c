/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes given to a program: JSON on its stdin, its exit status the answer. One run a change, or one a batch with a line a change.
 * Values never come near a command line or a shell: they are bytes of a file that is its stdin.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <daybreak/connector.h>

#include "exec_child.h"
#include "tell.h"

enum { EACH_RECORD, EACH_BATCH };

#define SAID 600

struct exec {
    const struct daybreak_host *host;
    struct daybreak_list command;
    struct daybreak_map environment;
    int64_t timeout_ms, refused;
    int each;
    struct tell tell;
    char **argv, **env;
    size_t set;               /* of env: those that we set, behind the others */
    char event[64];
};

static const struct daybreak_option options[] = {
    {.name = "command", .type = DAYBREAK_LIST, .at = offsetof(struct exec, command), .required = true, .example = "[./notify.sh, --quiet]",
     .help = "The program and its arguments, executed as they stand in the pipeline file's folder, never by a shell; it reads JSON from stdin."},
    {.name = "each", .type = DAYBREAK_CHOICE, .at = offsetof(struct exec, each), .preset = "record", .choices = "record|batch",
     .help = "record: a run of it for every change; batch: one for all changes of a batch, a line of JSON each; of a batch that "
             "is refused each goes again alone."},
    {.name = "refused", .type = DAYBREAK_INTEGER, .at = offsetof(struct exec, refused), .preset = "65", .min = 1, .max = 255,
     .help = "The exit status that refuses what it was given: a dead letter, with the end of its stderr. 0 takes it, all else is tried again."},
    {.name = "timeout", .type = DAYBREAK_DURATION, .at = offsetof(struct exec, timeout_ms), .preset = "30s", .min = 1, .max = INT64_C(86400000),
     .help = "How long a run may take; then its whole process group is killed, and it is tried again."},
    {.name = "environment", .type = DAYBREAK_MAP, .at = offsetof(struct exec, environment), .secret = true, .example = "{TOKEN: {secret: desk}}",
     .help = "Variables set for the program besides those that daybreak has; DAYBREAK_EVENT_ID names the change."},
    {.name = NULL},
};

/* ---- life ---------------------------------------------------------------------------------- */

static void
exec_check(const void *of, daybreak_wrong_fn wrong, void *context)
{
    const struct exec *exec = of;

    if (exec->command.count == 0 || exec->command.item[0][0] == '\0')
        wrong(context, "command", "it names no program", "command: [./notify.sh, --quiet]");
    else if (exec->command.count == 1 && strchr(exec->command.item[0], ' ') != NULL)
        wrong(context, "command", "a program whose name has a blank in it: no shell takes it apart", "a list, [./notify.sh, --quiet]");
    for (size_t i = 0; i < exec->environment.count; i++)
        if (exec->environment.name[i][0] == '\0' || strchr(exec->environment.name[i], '=') != NULL)
            wrong(context, "environment", "a variable's name is not empty and has no '=' in it", NULL);
}

static char *
joined(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *text = malloc(size);

    if (text == NULL)
        abort(); /* any crash is safe */
    snprintf(text, size, "%s=%s", name, value);
    return text;
}

static bool
is_set_anew(const struct exec *exec, const char *variable)
{
    size_t name = strcspn(variable, "=");

    for (size_t k = 0; k < exec->environment.count; k++)
        if (strlen(exec->environment.name[k]) == name && memcmp(exec->environment.name[k], variable, name) == 0)
            return true;
    return name == 17 && memcmp(variable, "DAYBREAK_EVENT_ID", 17) == 0;
}

static int
exec_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct exec *exec = self;
    size_t ours = 0, count = 0;

    (void)fault;
    exec->host = host;
    tell_open(&exec->tell, host);
    while (environ[ours] != NULL)
        ours++;
    exec->env = calloc(ours + exec->environment.count + 2, sizeof *exec->env);
    exec->argv = calloc(exec->command.count + 1, sizeof *exec->argv);
    if (exec->env == NULL || exec->argv == NULL)
        abort();
    for (size_t i = 0; i < exec->command.count; i++)
        exec->argv[i] = (char *)exec->command.item[i];
    for (size_t i = 0; i < ours; i++)
        if (!is_set_anew(exec, environ[i]))
            exec->env[count++] = environ[i];
    exec->set = count;
    for (size_t i = 0; i < exec->environment.count; i++)
        exec->env[count++] = joined(exec->environment.name[i], exec->environment.value[i]);
    exec->env[count] = exec->event;
    return 0;
}

static void
exec_close(void *self)
{
    struct exec *exec = self;

    for (size_t i = 0; i < exec->environment.count; i++)
        free(exec->env[exec->set + i]);
    free(exec->env);
    free(exec->argv);
    tell_close(&exec->tell);
}

/* ---- a run of it --------------------------------------------------------------------------- */

static int
take_nothing(void *context, const char *at, size_t size)
{
    (void)context;
    (void)at;
    (void)size;
    return 0;
}

static bool
stopping(void *context)
{
    struct exec *exec = context;

    return exec->host->stopping(exec->host);
}

/* 0: it answered with an exit status. */
static int
run(struct exec *exec, int fd, const uint8_t id[16], struct exec_result *result, struct daybreak_fault *fault)
{
    struct exec_request request = {.argv = exec->argv, .environment = exec->env, .folder = exec->host->base_dir,
                                   .within_ms = exec->timeout_ms, .take = take_nothing, .stopping = stopping, .context = exec, .input = fd};
    const char *program = exec->command.item[0];
    char said[SAID];
    int wrong;

    snprintf(exec->event, sizeof exec->event, "DAYBREAK_EVENT_ID=");
    *line_hex(exec->event + strlen(exec->event), id, 16) = '\0';
    exec->host->crash_point("tell.before-run");
    wrong = exec_child_run(&request, result);
    exec->host->crash_point("tell.ran");
    if (wrong != 0)
        return exec->host->fault(fault, DAYBREAK_RETRY, "cannot start '%s': %s", program, strerror(wrong));
    tell_printable(said, sizeof said, result->said, result->said_size);
    switch (result->end) {
    case EXEC_EXITED:
    case EXEC_LEFT:
        return 0;
    case EXEC_NO_START:
        return tell_halt(exec->host, fault, 78, "exec-start", "is it there, and executable? paths are relative to the pipeline file",
                         "cannot execute '%s': %s", program, strerror(result->status));
    case EXEC_LATE:
        return exec->host->fault(fault, DAYBREAK_RETRY, "'%s' took longer than its `timeout` and was ended%s%s", program,
                                 said[0] == '\0' ? "" : ": ", said);
    case EXEC_SIGNALED:
        return exec->host->fault(fault, DAYBREAK_RETRY, "'%s' was ended by signal %d%s%s", program, result->status,
                                 said[0] == '\0' ? "" : ": ", said);
    default:
        return exec->host->fault(fault, DAYBREAK_RETRY, "'%s' was ended because this run is to stop", program);
    }
}

/* 1: refused, 0: taken, -1: neither. */
static int
judge(struct exec *exec, const struct exec_result *result, struct daybreak_fault *fault)
{
    char said[SAID];

    if (result->status == 0)
        return 0;
    if (result->status == exec->refused)
        return 1;
    tell_printable(said, sizeof said, result->said, result->said_size);
    exec->host->fault(fault, DAYBREAK_RETRY, "'%s' ended with exit status %d%s%s", exec->command.item[0], result->status,
                      said[0] == '\0' ? "" : ": ", said);
    exec->host->hint(fault, "0 takes a record, %" PRId64 " refuses it, any other status is tried again", exec->refused);
    return -1;
}

static void
refuse(struct exec *exec, const struct daybreak_batch *batch, uint32_t i, const struct exec_result *result)
{
    char said[SAID];

    tell_printable(said, sizeof said, result->said, result->said_size);
    exec->host->refuse(batch, i, "refused_by_program", "'%s' ended with exit status %d%s%s", exec->command.item[0], result->status,
                       said[0] == '\0' ? "" : ": ", said);
}

static int
put(const struct exec *exec, int fd, const char *at, size_t size, struct daybreak_fault *fault)
{
    while (size > 0) {
        ssize_t done = write(fd, at, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return exec->host->fault(fault, DAYBREAK_RETRY, "cannot keep what '%s' is to read: %s", exec->command.item[0], strerror(errno));
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

/* Changes [from, to) in one run; ${due} says which of them. */
static int
give(struct exec *exec, uint32_t table, const struct daybreak_batch *batch, uint32_t from, uint32_t to, const uint8_t *due,
     struct daybreak_fault *fault)
{
    struct exec_result result;
    uint32_t count = 0;
    const uint8_t *id = NULL;
    int fd = memfd_create("daybreak", MFD_CLOEXEC), verdict = -1;

    if (fd >= 0 && fd < 3) { /* we were started without a standard stream: these numbers are the program's */
        int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        close(fd);
        fd = moved;
    }
    if (fd < 0)
        return exec->host->fault(fault, DAYBREAK_RETRY, "cannot keep what '%s' is to read: %s", exec->command.item[0], strerror(errno));
    for (uint32_t i = from; i < to; i++) {
        size_t size;
        const char *message;

        if (!due[i])
            continue;
        id = id == NULL ? batch->event_id[i] : id;
        count++;
        message = tell_message(&exec->tell, table, i, &size);
        if (put(exec, fd, message, size + 1, fault) != 0) /* its line feed stands behind it */
            goto close_fd;
    }
    if (lseek(fd, 0, SEEK_SET) != 0 || run(exec, fd, id, &result, fault) != 0)
        goto close_fd;
    verdict = judge(exec, &result, fault);
    for (uint32_t i = from; i < to && verdict == 1 && count > 1; i++) /* which of them it does not want shows when each goes alone */
        if (due[i] && give(exec, table, batch, i, i + 1, due, fault) != 0)
            verdict = -1;
    for (uint32_t i = from; i < to && verdict >= 0 && (verdict == 0 || count == 1); i++) {
        if (due[i] && verdict == 0)
            tell_answered(&exec->tell, batch->event_id[i]);
        if (due[i] && verdict == 1)
            refuse(exec, batch, i, &result);
    }
close_fd:
    close(fd);
    return verdict < 0 ? -1 : 0;
}

static int
exec_stage(void *self, uint32_t table, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct exec *exec = self;
    uint8_t *due = exec->host->alloc(batch, batch->changes + (size_t)1);
    bool any = false;

    tell_begin(&exec->tell, table, batch);
    for (uint32_t i = 0; i < batch->changes; i++) {
        due[i] = tell_due(&exec->tell, table, batch, i);
        any |= due[i];
    }
    if (any && exec->each == EACH_BATCH)
        return give(exec, table, batch, 0, batch->changes, due, fault);
    for (uint32_t i = 0; i < batch->changes; i++)
        if (due[i] && give(exec, table, batch, i, i + 1, due, fault) != 0)
            return -1;
    return 0;
}

static int
exec_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    return tell_claim(&exec->tell, claim, now, fault);
}

static int
exec_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    return tell_prepare(&exec->tell, target, targets, false, fault);
}

static int
exec_intend(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    return tell_intend(&exec->tell, commit, mark, fault);
}

static int
exec_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    return tell_commit(&exec->tell, commit, fault);
}

static void
exec_rollback(void *self)
{
    (void)self; /* what was told cannot be taken back; what was answered is not told again */
}

static const char *
exec_state_mark(void *self)
{
    struct exec *exec = self;

    return tell_state_mark(&exec->tell);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "exec",
    .help = "Gives changes to a program: JSON on its stdin, its exit status is the answer.",
    .abilities = DAYBREAK_TELLS,
    .options = options,
    .self_size = sizeof(struct exec),
    .open = exec_open,
    .close = exec_close,
    .check = exec_check,
    .claim = exec_claim,
    .prepare = exec_prepare,
    .stage = exec_stage,
    .intend = exec_intend,
    .commit = exec_commit,
    .rollback = exec_rollback,
    .state_mark = exec_state_mark,
};
