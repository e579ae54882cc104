/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pipeline's state lies, and who may write it. */
#include "engine/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

static char given[PATH_MAX];

void
state_root_set(const char *dir)
{
    snprintf(given, sizeof given, "%s", dir);
}

void
state_root(const char *dir_of_file, char root[PATH_MAX])
{
    const char *from = getenv("DAYBREAK_STATE");

    if (given[0] != '\0')
        snprintf(root, PATH_MAX, "%s", given);
    else if (from != NULL && from[0] != '\0')
        snprintf(root, PATH_MAX, "%s", from);
    else if ((size_t)snprintf(root, PATH_MAX, "%s/.daybreak", dir_of_file) >= PATH_MAX)
        root[0] = '\0';
}

int
state_paths(struct state *state, const char *root, const char *name, struct daybreak_fault *fault)
{
    int size;

    state->lock = -1;
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL || strlen(name) > 200)
        return fault_set(fault, DAYBREAK_HALT, "'%s' is no name for a pipeline: no '/', no '.' in front, at most 200 bytes",
                         name);
    size = snprintf(state->dir, sizeof state->dir, "%s/%s", root, name);
    if (root[0] == '\0' || size >= (int)sizeof state->dir - 32)
        return fault_set(fault, DAYBREAK_HALT, "the path of the state is too long: '%s/%s'", root, name);
    snprintf(state->ledger, sizeof state->ledger, "%.*s/ledger.db", size, state->dir);
    snprintf(state->memory, sizeof state->memory, "%.*s/memory", size, state->dir);
    snprintf(state->inbox, sizeof state->inbox, "%.*s/inbox", size, state->dir);
    return 0;
}

int
state_make(struct state *state, struct daybreak_fault *fault)
{
    if (file_make_dir(state->memory, fault) != 0 || file_make_dir(state->inbox, fault) != 0)
        return fault_within(fault, "making the state folder");
    if (file_is_network(state->dir) && getenv("DAYBREAK_STATE_ANYWHERE") == NULL) {
        fault_set(fault, DAYBREAK_HALT, "the state '%s' lies on a network file system", state->dir);
        fault_hint(fault, "locks and syncs cannot be trusted there: use --state with a local folder");
        return fault_exit(fault, 78, "state-on-network");
    }
    return 0;
}

int
state_lock(struct state *state, bool *busy, struct daybreak_fault *fault)
{
    char path[PATH_MAX + 8];

    snprintf(path, sizeof path, "%s/lock", state->dir);
    return file_lock(path, &state->lock, busy, fault);
}

bool
state_running(const struct state *state)
{
    char path[PATH_MAX + 8];
    bool held;
    int fd;

    snprintf(path, sizeof path, "%s/lock", state->dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

void
state_holder(const struct config *config, char text[STATE_HOLDER_ROOM])
{
    struct daybreak_fault fault = {0};
    char root[PATH_MAX], path[PATH_MAX + 8], *sign;
    struct state state;
    const char *since;
    size_t size;
    long pid;

    text[0] = '\0';
    state_root(config->dir, root);
    if (state_paths(&state, root, config->name, &fault) != 0)
        return;
    snprintf(path, sizeof path, "%s/lock", state.dir);
    if (file_read(path, 4096, &sign, &size, &fault) != 0)
        return;
    since = strstr(sign, "since ");
    pid = strncmp(sign, "pid ", 4) == 0 ? strtol(sign + 4, NULL, 10) : 0;
    if (pid > 0 && since != NULL && (kill((pid_t)pid, 0) == 0 || errno == EPERM)) /* else the sign is of a run that is over */
        snprintf(text, STATE_HOLDER_ROOM, "process %ld has held it since %.19s UTC: ", pid, since + 6);
    free(sign);
}

void
state_unlock(struct state *state)
{
    if (state->lock >= 0)
        close(state->lock);
    state->lock = -1;
}
