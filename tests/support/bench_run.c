/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_run COMMAND…: runs it, its stdout thrown away, and prints "WALL CPU MEMORY": seconds on the clock, seconds of processor time of
 * it and all its children, and the peak of resident memory of the largest of them in bytes. Ends with the command's status.
 *
 * The child is spawned, not forked with our pages in it: what getrusage calls its peak begins with what exec gave it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static double
seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
    extern char **environ;
    struct timespec from, to;
    struct rusage usage;
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_run COMMAND...\n");
        return 64;
    }
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
        return 71;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (posix_spawnp(&child, argv[1], &actions, NULL, argv + 1, environ) != 0) {
        fprintf(stderr, "bench_run: cannot run '%s'\n", argv[1]);
        return 69;
    }
    if (wait4(child, &status, 0, &usage) != child)
        return 71;
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.4f %.4f %ld\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss * 1024);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
