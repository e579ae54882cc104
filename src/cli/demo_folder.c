/* SPDX-License-Identifier: Apache-2.0 */
/* Where the demo happens: finds the published dumps, owns a folder, and plays the job that drops them there each night. */
#include "cli/demo_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

#ifndef DAYBREAK_DATA_DIR
#define DAYBREAK_DATA_DIR "/usr/share/daybreak"
#endif

#define AROUND "current-full_"
#define ENDING ".csv.gz"
#define DUMP_MOST (64 << 20)
#define DELIVERED_AGO 3600 /* the dumps of past nights are older than any settle time: a cron run takes them at once */

const char demo_folder_pipeline[] = "source: {path: drop/" AROUND "%Y-%m-%d" ENDING ", at: \"02:10\",\n"
                                    "         capture: {key: [Domain name]}}\n"
                                    "sink: {type: sqlite, path: gov.db}\n";

static int
by_day(const void *a, const void *b)
{
    return strcmp(((const struct demo_night *)a)->day, ((const struct demo_night *)b)->day);
}

static bool
dumps_list(struct demo_folder *folder)
{
    char path[PATH_MAX + 16];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%s/snapshots", folder->dumps);
    dir = opendir(path);
    if (dir == NULL)
        return false;
    folder->nights = 0;
    while ((entry = readdir(dir)) != NULL && folder->nights < DEMO_NIGHTS) {
        struct demo_night *night = &folder->night[folder->nights];
        size_t size = strlen(entry->d_name);
        struct stat st;

        if (size != strlen(AROUND) + 10 + strlen(ENDING) || strncmp(entry->d_name, AROUND, strlen(AROUND)) != 0 ||
            strcmp(entry->d_name + size - strlen(ENDING), ENDING) != 0)
            continue;
        if ((size_t)snprintf(night->path, sizeof night->path, "%s/%s", path, entry->d_name) >= sizeof night->path ||
            stat(night->path, &st) != 0)
            continue;
        snprintf(night->day, sizeof night->day, "%.10s", entry->d_name + strlen(AROUND));
        night->bytes = st.st_size;
        folder->nights++;
    }
    closedir(dir);
    qsort(folder->night, folder->nights, sizeof *folder->night, by_day);
    return folder->nights > 0;
}

/* The caller's word, the build tree's own fixtures, or what was installed. */
static int
dumps_find(struct demo_folder *folder, struct daybreak_fault *fault)
{
    const char *asked = getenv("DAYBREAK_FIXTURES");
    char self[PATH_MAX - 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (asked != NULL && asked[0] != '\0') {
        snprintf(folder->dumps, sizeof folder->dumps, "%s/dotgov", asked);
        if (dumps_list(folder))
            goto found;
    } else {
        self[size < 0 ? 0 : size] = '\0';
        slash = strrchr(self, '/');
        if (slash != NULL) {
            snprintf(folder->dumps, sizeof folder->dumps, "%.*s/fixtures/dotgov", (int)(slash - self), self);
            if (dumps_list(folder))
                goto found;
        }
        snprintf(folder->dumps, sizeof folder->dumps, "%s/fixtures/dotgov", DAYBREAK_DATA_DIR);
        if (dumps_list(folder))
            goto found;
    }
    fault_set(fault, DAYBREAK_HALT, "cannot find the dumps of the demo: no %s*%s in '%s/snapshots'", AROUND, ENDING, folder->dumps);
    fault_hint(fault, "DAYBREAK_FIXTURES names the folder fixtures/ of the source tree");
    return fault_exit(fault, 66, "demo-dumps");

found:
    if (folder->nights >= 4)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot show the demo with %zu dumps in '%s/snapshots': it takes 4", folder->nights, folder->dumps);
    return fault_exit(fault, 66, "demo-dumps");
}

static bool
is_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool empty = true;

    if (dir == NULL)
        return false;
    while ((entry = readdir(dir)) != NULL)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(dir);
    return empty;
}

int
demo_folder_make(struct demo_folder *folder, const char *keep, struct daybreak_fault *fault)
{
    const char *above = getenv("TMPDIR");
    char path[sizeof folder->path], *whole;

    if (dumps_find(folder, fault) != 0)
        return -1;
    folder->keep = keep != NULL;
    if (keep == NULL) {
        if ((size_t)snprintf(path, sizeof path, "%s/daybreak-demo.XXXXXX", above != NULL && above[0] != '\0' ? above : "/tmp") >=
                sizeof path || mkdtemp(path) == NULL) {
            fault_set(fault, DAYBREAK_HALT, "cannot make a folder in '%s': %s", above != NULL && above[0] != '\0' ? above : "/tmp",
                      strerror(errno));
            fault_hint(fault, "TMPDIR or --keep DIR says where the demo may write");
            return fault_exit(fault, 73, "demo-folder");
        }
        snprintf(folder->path, sizeof folder->path, "%s", path);
        return 0;
    }
    if (file_make_dir(keep, fault) != 0)
        return -1;
    if (!is_empty(keep)) {
        fault_set(fault, DAYBREAK_HALT, "cannot use '%s': it is not empty", keep);
        fault_hint(fault, "name a folder that does not exist yet");
        return fault_exit(fault, 73, "demo-folder");
    }
    whole = realpath(keep, NULL); /* may be longer than a folder of the demo can be called */
    if (whole == NULL || strlen(whole) >= sizeof folder->path) {
        fault_set(fault, DAYBREAK_HALT, "cannot open '%s': %s", keep, whole == NULL ? strerror(errno) : "its path is too long");
        free(whole);
        return fault_exit(fault, 73, "demo-folder");
    }
    snprintf(folder->path, sizeof folder->path, "%s", whole);
    free(whole);
    return 0;
}

void
demo_folder_remove(struct demo_folder *folder)
{
    if (folder->path[0] != '\0' && !folder->keep)
        file_remove_tree(folder->path);
    folder->path[0] = '\0';
}

int
demo_folder_begin(const struct demo_folder *folder, const char *name, struct daybreak_fault *fault)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    file_remove_tree(path);
    snprintf(path, sizeof path, "%s/%s/drop", folder->path, name);
    if (file_make_dir(path, fault) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s/gov.yaml", folder->path, name);
    return file_replace(path, demo_folder_pipeline, sizeof demo_folder_pipeline - 1, fault);
}

int
demo_folder_bring(const struct demo_folder *folder, const char *name, const struct demo_night *night, int64_t bytes, bool past,
                  struct daybreak_fault *fault)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - DELIVERED_AGO}};
    char path[PATH_MAX], *dump;
    size_t size;
    int fd;

    if (file_read(night->path, DUMP_MOST, &dump, &size, fault) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s/drop/.arriving", folder->path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot write '%s': %s", path, strerror(errno));
        fault_exit(fault, 73, "demo-folder");
        goto free_dump;
    }
    if (file_write_all(fd, dump, (size_t)bytes < size ? (size_t)bytes : size, path, fault) != 0)
        goto close_file;
    if (past)
        futimens(fd, times);
    close(fd);
    free(dump);
    return 0;

close_file:
    close(fd);
free_dump:
    free(dump);
    return -1;
}

int
demo_folder_drop(const struct demo_folder *folder, const char *name, const struct demo_night *night, struct daybreak_fault *fault)
{
    char from[PATH_MAX], to[PATH_MAX];

    snprintf(from, sizeof from, "%s/%s/drop/.arriving", folder->path, name);
    snprintf(to, sizeof to, "%s/%s/drop/" AROUND "%s" ENDING, folder->path, name, night->day);
    if (rename(from, to) == 0)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot rename '%s' to '%s': %s", from, to, strerror(errno));
    return fault_exit(fault, 73, "demo-folder");
}
