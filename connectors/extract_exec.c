/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extract: what a program prints. Each run of it is one input: run to its end, and only when that was a good one (exit status 0, in time) is
 * a byte of it read, so that of a program that fails halfway nothing lands. What it printed is kept in a file without a name until the input
 * is durably done: given again after a sink failed, gone with this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <daybreak/connector.h>

#include "exec_child.h"

#define AGAIN_MS 1000 /* what was printed and could not be landed is given again after so long */
#define SAID_SHOWN 600

extern char **environ;

struct exec {
    struct daybreak_list command;
    struct daybreak_map environment;
    int64_t timeout_ms, every_ms, max_output;

    const struct daybreak_host *host;
    char **argv, **env;
    char *name;                 /* as the input is called */

    bool ran, good;             /* at all; and the last one ended well */
    int64_t started_ms, clock_us, ended_us; /* when: steady, and of the day */
    bool kept;                  /* its input is not done */
    bool given, part_given;     /* in this look; its one part */
    int fd;                     /* what it printed */
    uint64_t size, at;
    XXH3_state_t *hash;
    char fingerprint[40];
    uint8_t digest[16];
    struct exec_result result;
    char said[EXEC_STDERR_MAX + 1];
};

static const struct daybreak_option options[] = {
    {.name = "command", .type = DAYBREAK_LIST, .at = offsetof(struct exec, command), .required = true,
     .example = "[./export.sh, --since, yesterday]",
     .help = "The program and its arguments, executed as they stand in the pipeline file's folder; no shell is between, unless it is the "
             "program: [sh, -c, 'a | b']."},
    {.name = "timeout", .type = DAYBREAK_DURATION, .at = offsetof(struct exec, timeout_ms), .preset = "1h", .min = 1, .max = INT64_C(31536000000),
     .help = "How long a run may take. Then its whole process group is killed, and nothing of it lands."},
    {.name = "environment", .type = DAYBREAK_MAP, .at = offsetof(struct exec, environment), .example = "{ORACLE_SID: ERP, LANG: C}",
     .help = "Variables set for the program besides those that daybreak has."},
    {.name = "every", .type = DAYBREAK_DURATION, .at = offsetof(struct exec, every_ms), .preset = "1m", .min = 1, .max = INT64_C(31536000000),
     .help = "A follower runs it so often, from start to start; a single run of the pipeline runs it once."},
    {.name = "max_output", .type = DAYBREAK_SIZE, .at = offsetof(struct exec, max_output), .preset = "64GiB", .min = 1, .max = INT64_MAX,
     .help = "The most that a run may print; more ends it like its time limit."},
    {.name = NULL},
};

static void *
need(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);

    if (memory == NULL)
        abort(); /* any crash is safe */
    return memory;
}

static char *
joined(const char *a, const char *between, const char *b)
{
    size_t size = strlen(a) + strlen(between) + strlen(b) + 1;
    char *text = need(size);

    snprintf(text, size, "%s%s%s", a, between, b);
    return text;
}

static int64_t
clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void
exec_check(const void *of, daybreak_wrong_fn wrong, void *context)
{
    const struct exec *exec = of;

    if (exec->command.count == 0 || exec->command.item[0][0] == '\0')
        wrong(context, "command", "it names no program", "command: [./export.sh, --full]");
    else if (exec->command.count == 1 && strchr(exec->command.item[0], ' ') != NULL)
        wrong(context, "command", "a program whose name has a blank in it: no shell takes it apart",
              "a list, [./export.sh, --full], or a shell of your own: [sh, -c, './export.sh --full | sort']");
    for (size_t i = 0; i < exec->environment.count; i++)
        if (exec->environment.name[i][0] == '\0' || strchr(exec->environment.name[i], '=') != NULL)
            wrong(context, "environment", "a variable's name is not empty and has no '=' in it", NULL);
}

/* Ours, but for those that are set anew. */
static void
environment_make(struct exec *exec)
{
    size_t ours = 0, count = 0;

    while (environ[ours] != NULL)
        ours++;
    exec->env = need((ours + exec->environment.count + 1) * sizeof *exec->env);
    for (size_t i = 0; i < ours; i++) {
        size_t name = strcspn(environ[i], "="), k = 0;

        while (k < exec->environment.count && (strlen(exec->environment.name[k]) != name || memcmp(exec->environment.name[k], environ[i], name) != 0))
            k++;
        if (k == exec->environment.count)
            exec->env[count++] = joined(environ[i], "", "");
    }
    for (size_t i = 0; i < exec->environment.count; i++)
        exec->env[count++] = joined(exec->environment.name[i], "=", exec->environment.value[i]);
    exec->env[count] = NULL;
}

static int
exec_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    (void)fault;
    exec->host = host;
    exec->fd = -1;
    exec->argv = need((exec->command.count + 1) * sizeof *exec->argv);
    for (size_t i = 0; i < exec->command.count; i++)
        exec->argv[i] = joined(exec->command.item[i], "", "");
    exec->argv[exec->command.count] = NULL;
    environment_make(exec);
    exec->name = joined(exec->argv[0], "", "");
    exec->hash = XXH3_createState();
    if (exec->hash == NULL)
        abort(); /* any crash is safe */
    return 0;
}

static void
output_drop(struct exec *exec)
{
    if (exec->fd >= 0)
        close(exec->fd);
    exec->fd = -1;
    exec->kept = false;
}

static void
exec_close(void *self)
{
    struct exec *exec = self;

    output_drop(exec);
    for (size_t i = 0; exec->argv[i] != NULL; i++)
        free(exec->argv[i]);
    for (size_t i = 0; exec->env[i] != NULL; i++)
        free(exec->env[i]);
    free(exec->argv);
    free(exec->env);
    free(exec->name);
    XXH3_freeState(exec->hash);
}

/* ---- a run of it --------------------------------------------------------------------------- */

/* A file without a name: nobody else can read it, and no crash leaves it behind. */
static int
output_open(struct exec *exec, struct daybreak_fault *fault)
{
    const char *folder = getenv("TMPDIR");
    char *path;

    if (folder == NULL || folder[0] == '\0')
        folder = "/var/tmp"; /* /tmp may be memory */
    exec->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (exec->fd < 0) { /* not every file system can */
        path = joined(folder, "/", "daybreak-exec-XXXXXX");
        exec->fd = mkostemp(path, O_CLOEXEC);
        if (exec->fd >= 0)
            unlink(path);
        free(path);
    }
    if (exec->fd >= 0)
        return 0;
    exec->host->fault(fault, DAYBREAK_RETRY, "cannot keep what '%s' prints in '%s': %s", exec->name, folder, strerror(errno));
    exec->host->hint(fault, "TMPDIR names another folder");
    fault->status = 73;
    return -1;
}

static int
output_take(void *context, const char *at, size_t size)
{
    struct exec *exec = context;

    if (size > (uint64_t)exec->max_output - exec->size)
        return EFBIG;
    exec->size += size;
    XXH3_128bits_update(exec->hash, at, size);
    while (size > 0) {
        ssize_t put = write(exec->fd, at, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put == 0 || errno == EFBIG ? ENOSPC : errno; /* EFBIG is the word for max_output */
        at += put;
        size -= (size_t)put;
    }
    return 0;
}

static bool
stopping(void *context)
{
    struct exec *exec = context;

    return exec->host->stopping(exec->host);
}

/* How many bytes of ${at} are one letter of UTF-8; 0: they are none. */
static size_t
letter(const unsigned char *at, size_t left)
{
    size_t size = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;

    if (size == 0 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

/* What it said, as text: a program may say anything. */
static void
said_keep(struct exec *exec)
{
    size_t size = exec->result.said_size, from = 0;

    while (size == EXEC_STDERR_MAX && from < 3 && ((unsigned char)exec->result.said[from] & 0xc0) == 0x80)
        from++; /* the end of a letter whose beginning is not kept */
    memcpy(exec->said, exec->result.said + from, size - from);
    size -= from;
    exec->said[size] = '\0';
    for (size_t i = 0; i < size;) {
        size_t whole = letter((const unsigned char *)exec->said + i, size - i);

        if (whole == 0 || ((unsigned char)exec->said[i] < ' ' && exec->said[i] != '\n' && exec->said[i] != '\t') || exec->said[i] == 0x7f)
            exec->said[i] = '?';
        i += whole == 0 ? 1 : whole;
    }
}

/* Its last words, on one line. */
static void
last_words(const struct exec *exec, char words[SAID_SHOWN + 1])
{
    size_t size = strlen(exec->said), from, to = 0;

    while (size > 0 && (unsigned char)exec->said[size - 1] <= ' ')
        size--;
    from = size > SAID_SHOWN ? size - SAID_SHOWN : 0;
    while (from > 0 && from < size && ((unsigned char)exec->said[from] & 0xc0) == 0x80) /* not in the middle of a letter */
        from++;
    for (; from < size; from++) {
        char c = exec->said[from];

        if (c == '\n' && to > 0 && words[to - 1] != ' ')
            words[to++] = ' ';
        else if (c != '\n')
            words[to++] = c;
    }
    words[to] = '\0';
}

static int
ending(const struct exec *exec, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = exec->host;
    const struct exec_result *result = &exec->result;
    char words[SAID_SHOWN + 1];
    const char *colon;

    last_words(exec, words);
    colon = words[0] == '\0' ? "" : ": ";
    switch (result->end) {
    case EXEC_EXITED:
        return host->fault(fault, DAYBREAK_ASIDE, "'%s' ended with exit status %d%s%s", exec->name, result->status, colon, words);
    case EXEC_SIGNALED:
        return host->fault(fault, DAYBREAK_ASIDE, "'%s' was ended by signal %d (%s)%s%s", exec->name, result->status,
                           sigabbrev_np(result->status) == NULL ? "unknown" : sigabbrev_np(result->status), colon, words);
    case EXEC_LATE:
        return host->fault(fault, DAYBREAK_ASIDE, "'%s' did not end within %" PRId64 " ms and was killed%s%s", exec->name, exec->timeout_ms,
                           colon, words);
    case EXEC_LEFT:
        return host->fault(fault, DAYBREAK_ASIDE, "'%s' ended, and what it started held its output open for %" PRId64 " ms%s%s", exec->name,
                           exec->timeout_ms, colon, words);
    case EXEC_TOO_MUCH:
        return host->fault(fault, DAYBREAK_ASIDE, "'%s' printed more than %" PRId64 " bytes (max_output) and was killed%s%s", exec->name,
                           exec->max_output, colon, words);
    default:
        return 0;
    }
}

/* What it printed gets its name by its content; what failed, by how it did: the same failure every minute is one thing to look at. */
static void
output_name(struct exec *exec)
{
    static const char digits[] = "0123456789abcdef";
    struct daybreak_fault why = {0};
    XXH128_canonical_t canonical;
    size_t to = 0;

    if (!exec->good) {
        ending(exec, &why);
        XXH3_128bits_reset_withSeed(exec->hash, 1);
        XXH3_128bits_update(exec->hash, why.what, strlen(why.what));
        exec->fingerprint[to++] = '!';
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(exec->hash));
    memcpy(exec->digest, canonical.digest, 16);
    for (size_t i = 0; i < 16; i++) {
        exec->fingerprint[to++] = digits[exec->digest[i] >> 4];
        exec->fingerprint[to++] = digits[exec->digest[i] & 15];
    }
    exec->fingerprint[to] = '\0';
}

static int
program_run(struct exec *exec, struct daybreak_fault *fault)
{
    const struct daybreak_host *host = exec->host;
    struct exec_request request = {.argv = exec->argv, .environment = exec->env, .folder = host->base_dir, .within_ms = exec->timeout_ms,
                                   .take = output_take, .stopping = stopping, .context = exec};
    int wrong;

    output_drop(exec);
    if (output_open(exec, fault) != 0)
        return -1;
    exec->size = 0;
    XXH3_128bits_reset(exec->hash);
    exec->started_ms = clock_us(CLOCK_MONOTONIC) / 1000;
    exec->clock_us = clock_us(CLOCK_REALTIME);
    host->crash_point("exec.before-run");
    wrong = exec_child_run(&request, &exec->result);
    host->crash_point("exec.after-run");
    if (wrong != 0) {
        output_drop(exec);
        return host->fault(fault, DAYBREAK_RETRY, "cannot start '%s': %s", exec->name, strerror(wrong));
    }
    said_keep(exec);
    if (exec->result.end == EXEC_NO_START) {
        output_drop(exec);
        host->fault(fault, DAYBREAK_HALT, "cannot execute '%s': %s", exec->name, strerror(exec->result.status));
        host->hint(fault, strchr(exec->name, '/') == NULL ? "it is looked for along PATH; a program beside the pipeline file is ./NAME"
                                                          : "it runs in the pipeline file's folder, must be there and be executable");
        fault->status = 78;
        return -1;
    }
    if (exec->result.end == EXEC_STOPPED) {
        output_drop(exec);
        return host->fault(fault, DAYBREAK_RETRY, "stopped while '%s' was running; it was killed, and nothing of it landed", exec->name);
    }
    if (exec->result.end == EXEC_NOT_KEPT) {
        output_drop(exec);
        host->fault(fault, DAYBREAK_RETRY, "cannot keep what '%s' prints: %s", exec->name, strerror(exec->result.status));
        fault->status = 74;
        return -1;
    }
    exec->ran = exec->kept = true;
    exec->good = exec->result.end == EXEC_EXITED && exec->result.status == 0;
    exec->ended_us = clock_us(CLOCK_REALTIME);
    output_name(exec);
    if (exec->good && exec->said[0] != '\0') {
        char words[SAID_SHOWN + 1];

        last_words(exec, words);
        host->log(host, 'I', "program says: input=%s: %s", exec->name, words);
    }
    return 0;
}

/* ---- inputs -------------------------------------------------------------------------------- */

static int
exec_next_input(void *self, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct exec *exec = self;
    int64_t left = exec->ran ? exec->started_ms + exec->every_ms - clock_us(CLOCK_MONOTONIC) / 1000 : 0;

    exec->at = 0;
    exec->part_given = false;
    if (!exec->given && left <= 0 && program_run(exec, fault) != 0)
        return -1;
    if (!exec->given && exec->kept) {
        exec->given = true;
        *input = (struct daybreak_input){.size = sizeof *input, .name = exec->name, .fingerprint = exec->fingerprint,
                                         .time_us = DAYBREAK_NO_TIME, .visible_at_us = exec->ended_us, .bytes = (int64_t)exec->size,
                                         .packed = true};
        *next = DAYBREAK_MORE;
        return 0;
    }
    exec->given = false;
    if (left < 1)
        left = 1;
    *wait = (struct daybreak_wait){.size = sizeof *wait, .fd = -1, .wait_ms = exec->kept && left > AGAIN_MS ? AGAIN_MS : left,
                                   .clock_us = exec->clock_us, .proves = exec->good, .matched = 1};
    *next = DAYBREAK_IDLE;
    return 0;
}

static int
exec_digest(void *self, uint8_t digest[16], struct daybreak_fault *fault)
{
    const struct exec *exec = self;

    (void)fault;
    memcpy(digest, exec->digest, 16);
    return 0;
}

static int
exec_next_part(void *self, struct daybreak_part *part, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct exec *exec = self;

    *next = DAYBREAK_INPUT_END;
    if (exec->part_given)
        return 0;
    exec->part_given = true;
    if (!exec->good) {
        *next = DAYBREAK_INPUT_CUT;
        ending(exec, fault);
        return 0;
    }
    *part = (struct daybreak_part){.size = sizeof *part, .name = "", .bytes = (int64_t)exec->size, .time_us = DAYBREAK_NO_TIME};
    *next = DAYBREAK_MORE;
    return 0;
}

static int
exec_read(void *self, char *buffer, size_t room, size_t *got, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct exec *exec = self;
    ssize_t read;

    *got = 0;
    do
        read = pread(exec->fd, buffer, room, (off_t)exec->at);
    while (read < 0 && errno == EINTR);
    if (read < 0 || (read == 0 && exec->at < exec->size))
        return exec->host->fault(fault, DAYBREAK_RETRY, "cannot read what '%s' printed: %s", exec->name,
                                 read < 0 ? strerror(errno) : "it is shorter than it was");
    exec->at += (uint64_t)read;
    *got = (size_t)read;
    *next = read == 0 ? DAYBREAK_PART_END : DAYBREAK_MORE;
    return 0;
}

static bool
exec_changed_since(void *self)
{
    (void)self;
    return false; /* nobody else has it */
}

static int
exec_finish(void *self, struct daybreak_fault *fault)
{
    (void)fault;
    output_drop(self);
    return 0;
}

static void
exec_abandon(void *self)
{
    (void)self; /* it is given again, until its next run is due */
}

static const char *
exec_evidence(void *self)
{
    const struct exec *exec = self;

    return exec->said;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_EXTRACT,
    .name = "exec",
    .help = "What a program prints: each run of it is one input, of which nothing lands unless it ends well.",
    .abilities = DAYBREAK_GIVES_BYTES | DAYBREAK_LIVE,
    .options = options,
    .self_size = sizeof(struct exec),
    .open = exec_open,
    .close = exec_close,
    .next_input = exec_next_input,
    .digest = exec_digest,
    .next_part = exec_next_part,
    .read = exec_read,
    .changed_since = exec_changed_since,
    .finish = exec_finish,
    .abandon = exec_abandon,
    .check = exec_check,
    .evidence = exec_evidence,
};
