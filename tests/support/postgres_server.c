/* SPDX-License-Identifier: Apache-2.0 */
/* For tests with a database server of their own. */
#include "postgres_server.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

int
postgres_server(const char *verb, const char *dir)
{
    const char *top = getenv("top_srcdir");
    char script[4096];
    char *const argv[] = {"bash", script, (char *)verb, (char *)dir, NULL};
    int status;
    pid_t child;

    snprintf(script, sizeof script, "%s/tests/support/postgres.sh", top == NULL ? "." : top);
    if (posix_spawnp(&child, "bash", NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status);
}
