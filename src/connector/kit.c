/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance kit: every property of a module is tried in a child process of its own. This file owns the children: their folders,
 * limits and answers. A child that dies, hangs or takes too much has failed its property; the others go on.
 */
#include "connector/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "kit_parts.h"

#define KIT_MEMORY_MIB 1024
#define KIT_DISK_BYTES ((rlim_t)512 << 20)
#define KIT_FILES 256

static void
limit(int what, rlim_t most)
{
    struct rlimit old;

    if (getrlimit(what, &old) != 0)
        return;
    if (old.rlim_max != RLIM_INFINITY && most >= old.rlim_max)
        most = old.rlim_max;
    else
        old.rlim_max = what == RLIMIT_CPU ? most + 1 : most; /* first the signal that says what was too much */
    setrlimit(what, &(struct rlimit){most, old.rlim_max});
}

/* What is mapped already: little, or the huge shadow of a sanitizer. */
static rlim_t
mapped_bytes(void)
{
    unsigned long long pages = 0;
    FILE *from = fopen("/proc/self/statm", "re");

    if (from != NULL && fscanf(from, "%llu", &pages) != 1)
        pages = 0;
    if (from != NULL)
        fclose(from);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* What the module prints is nobody's; what a sanitizer or the loader says is kept beside it. */
static void
settle_in(const struct kit *kit, const struct kit_property *property)
{
    char path[PATH_MAX + 16];
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), words;

    setpgid(0, 0);
    snprintf(path, sizeof path, "%s.words", kit->dir);
    words = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    if (words >= 0) {
        dup2(words, STDERR_FILENO);
        close(words);
    }
    signal(SIGPIPE, SIG_IGN); /* as the engine does */
    limit(RLIMIT_CPU, property->seconds);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, KIT_DISK_BYTES);
    limit(RLIMIT_NOFILE, KIT_FILES);
    limit(RLIMIT_AS, mapped_bytes() + ((rlim_t)(property->memory_mib == 0 ? KIT_MEMORY_MIB : property->memory_mib) << 20));
}

static _Noreturn void
child_run(struct kit *kit, const struct kit_property *property, int answer)
{
    struct daybreak_fault fault = {0};

    settle_in(kit, property);
    kit->arena = arena_new();
    if (chdir(kit->dir) != 0)
        kit_fail(kit, "the kit cannot work in '%s': %s", kit->dir, strerror(errno));
    else
        property->run(kit);
    file_write_all(answer, &kit->result, sizeof kit->result, "answer", &fault);
    _exit(0);
}

/* Reads the whole answer, or says after ${until_ms} that there is none. */
static bool
answer_read(int fd, int64_t until_ms, struct kit_result *result)
{
    size_t got = 0;

    while (got < sizeof *result) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - clock_steady_ms();
        ssize_t size;
        int ready;

        if (left_ms <= 0)
            return false;
        ready = poll(&wait, 1, left_ms > 1000000 ? 1000000 : (int)left_ms);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready <= 0)
            continue;
        size = read(fd, (char *)result + got, sizeof *result - got);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return false;
        got += (size_t)size;
    }
    result->detail[sizeof result->detail - 1] = '\0'; /* the module shares the child's memory: nothing of it is believed */
    if (result->verdict > KIT_SKIP)
        result->verdict = KIT_FAIL;
    return true;
}

/* The last line that says something: of a sanitizer, an assert or an abort. */
static void
words_of(const char *dir, struct text *out)
{
    struct daybreak_fault fault = {0};
    char path[PATH_MAX + 16], *bytes;
    const char *best = NULL;
    size_t size;

    snprintf(path, sizeof path, "%s.words", dir);
    if (file_read(path, 1 << 20, &bytes, &size, &fault) != 0)
        return;
    for (char *at = bytes; *at != '\0';) {
        char *end = at + strcspn(at, "\n");
        bool more = *end != '\0';

        *end = '\0';
        if (*at != '\0' && (best == NULL || strstr(at, "ERROR") != NULL || strstr(at, "ssert") != NULL))
            best = at;
        at = end + more;
    }
    if (best != NULL) {
        text_put(out, ": ");
        text_printable(best, strlen(best), 200, out);
    }
    free(bytes);
}

static void
how_it_ended(const struct kit *kit, const struct kit_property *property, bool late, int status, struct kit_result *result)
{
    struct text words = {0};

    result->verdict = KIT_FAIL;
    words_of(kit->dir, &words);
    if (late)
        snprintf(result->detail, sizeof result->detail, "it was not done after %u s", property->seconds * 3);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        snprintf(result->detail, sizeof result->detail, "it took more than %u s of CPU", property->seconds);
    else if (WIFSIGNALED(status))
        snprintf(result->detail, sizeof result->detail, "the module ended its process by signal %d (%s)%.300s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)), text_end(&words));
    else
        snprintf(result->detail, sizeof result->detail, "the module ended its process with status %d%.300s", WEXITSTATUS(status),
                 text_end(&words));
    text_fini(&words);
}

static int
try_one(const struct kit_request *request, const char *root, const struct kit_property *property, struct kit_result *result,
        struct daybreak_fault *fault)
{
    struct kit kit = {.request = request};
    int pipes[2], status = 0;
    char words[PATH_MAX + 16];
    bool answered;
    pid_t child;

    snprintf(kit.result.property, sizeof kit.result.property, "%s", property->name);
    snprintf(kit.dir, sizeof kit.dir, "%.4000s/%s", root, property->name);
    *result = kit.result;
    if (file_make_dir(kit.dir, fault) != 0)
        return -1;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return fault_set(fault, DAYBREAK_HALT, "cannot make a pipe: %s", strerror(errno));
    fflush(NULL);
    child = fork();
    if (child < 0) {
        close(pipes[0]);
        close(pipes[1]);
        return fault_set(fault, DAYBREAK_RETRY, "cannot fork: %s", strerror(errno));
    }
    if (child == 0) {
        close(pipes[0]);
        child_run(&kit, property, pipes[1]);
    }
    setpgid(child, child); /* whoever is first */
    close(pipes[1]);
    answered = answer_read(pipes[0], clock_steady_ms() + (int64_t)property->seconds * 3000, result);
    if (!answered) {
        struct pollfd hung = {.fd = pipes[0], .events = POLLIN};
        bool late = poll(&hung, 1, 0) == 0; /* an end of file would be readable */

        kill(-child, SIGKILL);
        waitpid(child, &status, 0);
        *result = kit.result;
        how_it_ended(&kit, property, late, status, result);
    } else {
        kill(-child, SIGKILL); /* and whatever it may have started */
        waitpid(child, &status, 0);
        memcpy(result->property, kit.result.property, sizeof result->property);
    }
    close(pipes[0]);
    file_remove_tree(kit.dir);
    snprintf(words, sizeof words, "%s.words", kit.dir);
    unlink(words);
    return 0;
}

int
kit_run(const struct kit_request *request, void (*each)(void *context, const struct kit_result *result), void *context,
        struct daybreak_fault *fault)
{
    static const struct kit_property *const of_role[] = {[DAYBREAK_EXTRACT] = kit_extract, [DAYBREAK_FORMAT] = kit_format,
                                                         [DAYBREAK_LOAD] = kit_load, [DAYBREAK_TRANSFORM] = kit_transform};
    const struct kit_property *const table[] = {kit_common, of_role[request->role]};
    const char *tmp = getenv("TMPDIR");
    char root[PATH_MAX];
    int failed = 0;

    snprintf(root, sizeof root, "%.4000s/daybreak-kit.XXXXXX", tmp == NULL || tmp[0] == '\0' ? "/tmp" : tmp);
    if (mkdtemp(root) == NULL) {
        fault_set(fault, DAYBREAK_HALT, "cannot make a folder '%s': %s", root, strerror(errno));
        return fault_exit(fault, 73, "no-folder");
    }
    for (size_t t = 0; t < 2 && failed >= 0; t++)
        for (const struct kit_property *property = table[t]; property->name != NULL; property++) {
            struct kit_result result;

            if (try_one(request, root, property, &result, fault) != 0) {
                failed = -1;
                break;
            }
            failed += result.verdict == KIT_FAIL;
            each(context, &result);
        }
    file_remove_tree(root);
    return failed;
}
