/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: the places where a test ends the process as kill -9 would. */
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "log.h"

int crash_armed;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char *crash_at;      /* name of the point, NULL: none */
static uint64_t crash_left; /* passages until it happens */
static char *list_path;     /* NULL: none */
static char **passed;       /* names passed so far */
static size_t passed_count;

static void
forget(void)
{
    for (size_t i = 0; i < passed_count; i++)
        free(passed[i]);
    free(passed);
    free(crash_at);
    free(list_path);
    passed = NULL;
    passed_count = 0;
    crash_at = list_path = NULL;
    crash_left = 0;
    crash_armed = 0;
}

void
crash_init(void)
{
    const char *at = getenv("DAYBREAK_CRASH_AT"), *list = getenv("DAYBREAK_CRASH_LIST");

    pthread_mutex_lock(&turn);
    forget();
    if (at != NULL && at[0] != '\0') {
        char *colon, *end;

        crash_at = memory_text(at);
        crash_left = 1;
        colon = strrchr(crash_at, ':');
        if (colon != NULL) {
            *colon = '\0';
            errno = 0;
            crash_left = strtoull(colon + 1, &end, 10);
            if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || errno != 0 || crash_left == 0) {
                LOG_ERROR("cannot crash at '%s': behind ':' goes a number from 1", at);
                free(crash_at);
                crash_at = NULL;
            }
        }
    }
    if (list != NULL && list[0] != '\0')
        list_path = memory_text(list);
    crash_armed = crash_at != NULL || list_path != NULL;
    pthread_mutex_unlock(&turn);
}

/* One line in one write, so that processes that share the list do not mix. */
static void
list_add(const char *name)
{
    size_t size = strlen(name);
    char *line = memory_need(size + 1);
    int fd = open(list_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    memcpy(line, name, size);
    line[size] = '\n';
    if (fd < 0 || write(fd, line, size + 1) != (ssize_t)(size + 1))
        LOG_ERROR("cannot list a crash point in '%s': %s", list_path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(line);
}

static bool
passed_before(const char *name)
{
    for (size_t i = 0; i < passed_count; i++)
        if (strcmp(passed[i], name) == 0)
            return true;
    passed = memory_grow(passed, (passed_count + 1) * sizeof(*passed));
    passed[passed_count++] = memory_text(name); /* a module's name goes when the module goes */
    return false;
}

void
crash_point(const char *name)
{
    pthread_mutex_lock(&turn);
    if (list_path != NULL && !passed_before(name))
        list_add(name);
    if (crash_at != NULL && strcmp(crash_at, name) == 0 && --crash_left == 0) {
        raise(SIGKILL);
        for (;;) /* the signal may reach another thread first; this one goes no further */
            pause();
    }
    pthread_mutex_unlock(&turn);
}
