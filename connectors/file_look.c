/* SPDX-License-Identifier: Apache-2.0 */
/* Of the file extract: which files are there, what time their names tell, and which of them are complete. */
#include "file_look.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "file_match.h"
#include "file_memory.h"
#include "file_open.h"

#define ENTRIES_MAX 1000000
#define DEPTH_MAX 64
#define SAID_MAX 4096
#define SETTLE_STEP_MS 10

/* One pattern on its way through the folders. */
struct walk {
    struct file_look *look;
    size_t pattern;
    char path[PATH_MAX]; /* where it lies; the name as configured begins at name_at */
    size_t size, name_at;
    struct daybreak_fault *fault;
};

int64_t
file_steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
file_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
file_look_open(struct file_look *look, const struct file_wanted *wanted)
{
    *look = (struct file_look){.wanted = wanted};
    file_watch_init(&look->watch, wanted->growing);
}

static void
entries_free(struct file_entry *entry, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(entry[i].name);
    free(entry);
}

void
file_look_close(struct file_look *look)
{
    file_watch_close(&look->watch);
    entries_free(look->entry, look->entries);
    free(look->ready);
    free(look->said);
}

bool
file_look_path(const struct file_look *look, const char *name, char *to)
{
    const char *base = name[0] == '/' ? "" : look->wanted->host->base_dir, *between = name[0] == '/' ? "" : "/";

    return snprintf(to, PATH_MAX, "%s%s%s", base, between, name) < PATH_MAX;
}

bool
file_look_once(struct file_look *look, const char *what)
{
    uint64_t hash = XXH3_64bits(what, strlen(what));

    for (size_t i = 0; i < look->said_count; i++)
        if (look->said[i] == hash)
            return false;
    if (look->said_count == SAID_MAX)
        return false; /* enough was said */
    if (look->said == NULL)
        look->said = file_need(NULL, SAID_MAX * sizeof *look->said);
    look->said[look->said_count++] = hash;
    return true;
}

/* ---- one file ----------------------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
    const struct file_entry *one = a, *two = b;
    int order = strcmp(one->name, two->name);

    return order != 0 ? order : one->pattern < two->pattern ? -1 : one->pattern > two->pattern;
}

static int
by_name_alone(const void *a, const void *b)
{
    return strcmp(((const struct file_entry *)a)->name, ((const struct file_entry *)b)->name);
}

/* NAME.done, not older than what it stands for: the instant it came, or DAYBREAK_NO_TIME. */
static int64_t
marker_at_us(const char *path, const struct file_identity *identity)
{
    char marker[PATH_MAX];
    struct stat stat;
    struct file_identity of;

    if (snprintf(marker, sizeof marker, "%s.done", path) >= (int)sizeof marker || lstat(marker, &stat) != 0)
        return DAYBREAK_NO_TIME;
    file_identity_of(&stat, &of);
    return of.mtime_ns < identity->mtime_ns ? DAYBREAK_NO_TIME : of.mtime_ns / 1000;
}

static bool
is_plain(struct file_look *look, const char *path, struct file_entry *entry)
{
    struct daybreak_fault fault = {0};
    struct file_open file;

    if (entry->packed < 0 && file_open(&file, look->wanted->host, path, entry->name, &fault) == FILE_OPENED) {
        if (file_identity_same(&file.identity, &entry->identity))
            entry->packed = file.kind != FILE_PLAIN;
        file_close(&file);
    }
    return entry->packed == 0;
}

/* Is it complete? Sets what is known of it by that. */
static void
settle(struct file_look *look, const char *path, struct file_entry *entry)
{
    const struct file_wanted *wanted = look->wanted;
    int64_t now_ms = file_steady_ms(), quiet_ms, left_ms, at_us;
    struct file_entry *before = NULL;

    if (look->befores > 0)
        before = bsearch(entry, look->before, look->befores, sizeof *entry, by_name_alone);
    entry->same_since_ms = now_ms;
    if (before != NULL && file_identity_same(&before->identity, &entry->identity)) {
        entry->same_since_ms = before->same_since_ms;
        entry->packed = before->packed;
        entry->complete = before->complete;
        entry->visible_at_us = before->visible_at_us;
    }
    if (file_watch_arrived(&look->watch, &entry->identity, &at_us) || entry->complete) {
        if (!entry->complete)
            entry->visible_at_us = at_us;
        entry->complete = true;
        return;
    }
    at_us = marker_at_us(path, &entry->identity);
    entry->visible_at_us = at_us != DAYBREAK_NO_TIME ? at_us : entry->identity.mtime_ns / 1000;
    /* Its own clock says how long it has been quiet; where that one runs ahead of ours, ours counts. */
    quiet_ms = file_now_us() / 1000 - entry->identity.mtime_ns / 1000000;
    if (quiet_ms < now_ms - entry->same_since_ms)
        quiet_ms = now_ms - entry->same_since_ms;
    left_ms = wanted->settle_ms - quiet_ms;
    entry->complete = at_us != DAYBREAK_NO_TIME || left_ms <= 0 || (wanted->growing && is_plain(look, path, entry));
    if (entry->complete)
        return;
    look->unsettled++;
    if (left_ms < look->settle_left_ms)
        look->settle_left_ms = left_ms < SETTLE_STEP_MS ? SETTLE_STEP_MS : left_ms;
}

/* Where files were moved to is no place to find them again. */
static bool
set_apart(const struct walk *walk)
{
    struct stat apart, here;
    const char *dir = walk->look->wanted->apart;

    return dir != NULL && stat(dir, &apart) == 0 && stat(walk->path, &here) == 0 && apart.st_dev == here.st_dev &&
           apart.st_ino == here.st_ino;
}

static void
skip(struct walk *walk, mode_t mode)
{
    const char *what = S_ISLNK(mode)    ? "link"
                       : S_ISDIR(mode)  ? "folder"
                       : S_ISFIFO(mode) ? "fifo"
                       : S_ISSOCK(mode) ? "socket"
                                        : "device";
    const struct daybreak_host *host = walk->look->wanted->host;

    if (!(S_ISDIR(mode) && set_apart(walk)) && file_look_once(walk->look, walk->path))
        host->log(host, 'W', "not a regular file, passed over: input=%s kind=%s", walk->path + walk->name_at, what);
}

static int
entry_add(struct walk *walk, const struct file_time *time, bool timed)
{
    struct file_look *look = walk->look;
    const struct file_wanted *wanted = look->wanted;
    const char *name = walk->path + walk->name_at;
    struct file_entry *entry;
    char text[FILE_TIME_ROOM];
    int64_t time_us = DAYBREAK_NO_TIME;
    struct stat stat;

    if (lstat(walk->path, &stat) != 0)
        return 0; /* gone again */
    if (!S_ISREG(stat.st_mode)) {
        skip(walk, stat.st_mode);
        return 0;
    }
    if (timed && !(file_time_text(time, wanted->at_s, text) && wanted->host->instant(text, wanted->timezone, &time_us))) {
        if (file_look_once(look, walk->path))
            wanted->host->log(wanted->host, 'I', "its %%-parts are no date, so it does not match: input=%s", name);
        return 0;
    }
    if (look->entries == ENTRIES_MAX)
        return wanted->host->fault(walk->fault, DAYBREAK_HALT, "cannot look at '%s': more than %d files match",
                                   wanted->path.item[walk->pattern], ENTRIES_MAX);
    if (look->entries == look->entries_room) {
        look->entries_room = look->entries_room == 0 ? 64 : look->entries_room * 2;
        look->entry = file_need(look->entry, look->entries_room * sizeof *look->entry);
    }
    entry = &look->entry[look->entries++];
    *entry = (struct file_entry){.name = file_text(name), .time_us = time_us, .pattern = walk->pattern, .packed = -1};
    file_identity_of(&stat, &entry->identity);
    settle(look, walk->path, entry);
    return 0;
}

/* ---- folders ------------------------------------------------------------------------------ */

static bool
ends(const char *text, const char *ending)
{
    size_t size = strlen(text), length = strlen(ending);

    return size >= length && strcasecmp(text + size - length, ending) == 0;
}

/* Names of files under way and of markers, unless the pattern asks for just these. */
static bool
passing(const char *pattern, const char *name, bool final)
{
    static const char *const endings[] = {".done", ".tmp",       ".temp",       ".part", ".partial",
                                          ".filepart", ".crdownload", ".writing", ".swp",  "~"};

    if (name[0] == '.' && pattern[0] != '.')
        return true;
    for (size_t i = 0; final && i < sizeof endings / sizeof *endings; i++)
        if (ends(name, endings[i]))
            return !ends(pattern, endings[i]);
    return false;
}

static bool
path_add(struct walk *walk, const char *name, size_t size)
{
    bool slash = walk->size > walk->name_at && walk->path[walk->size - 1] != '/';

    if (walk->size + slash + size >= sizeof walk->path)
        return false;
    if (slash)
        walk->path[walk->size++] = '/';
    memcpy(walk->path + walk->size, name, size);
    walk->size += size;
    walk->path[walk->size] = '\0';
    return true;
}

static void
path_cut(struct walk *walk, size_t size)
{
    walk->size = size;
    walk->path[size] = '\0';
}

static int walk_on(struct walk *walk, const char *rest, const struct file_time *time, bool timed, int depth);

/* A folder that may be listed, or NULL: with a fault when it should have been. */
static DIR *
folder_open(struct walk *walk)
{
    const struct daybreak_host *host = walk->look->wanted->host;
    const char *path = walk->size == 0 ? "." : walk->path;
    int error;
    DIR *dir;

    file_watch_folder(&walk->look->watch, path); /* before it is listed, so that nothing falls in between */
    dir = opendir(path);
    if (dir != NULL)
        return dir;
    error = errno;
    if (error == ENOENT || error == ENOTDIR || error == ELOOP)
        return NULL;
    host->fault(walk->fault, error == EACCES || error == EPERM ? DAYBREAK_HALT : DAYBREAK_RETRY,
                "cannot list folder '%s': %s", path, strerror(error));
    if (error == EACCES || error == EPERM) {
        walk->fault->status = 77;
        host->hint(walk->fault, "the user that runs daybreak must be allowed to read it");
    }
    return NULL;
}

/* Every name of a folder that one wild part of the pattern takes. */
static int
walk_wild(struct walk *walk, const char *part, const char *rest, const struct file_time *time, bool timed, int depth)
{
    bool any_depth = strcmp(part, "**") == 0;
    size_t size = walk->size;
    struct dirent *found;
    int result = 0;
    DIR *dir;

    if (any_depth && rest != NULL && walk_on(walk, rest, time, timed, depth + 1) != 0)
        return -1;
    dir = folder_open(walk);
    if (dir == NULL)
        return walk->fault->kind == DAYBREAK_NO_FAULT ? 0 : -1;
    while (result == 0 && (errno = 0, found = readdir(dir)) != NULL) {
        struct file_time here = *time;
        const char *name = found->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || passing(part, name, rest == NULL) ||
            !file_match(part, name, &here) || !path_add(walk, name, strlen(name)))
            continue;
        if (rest == NULL) {
            result = entry_add(walk, &here, timed);
        } else if (found->d_type == DT_DIR || found->d_type == DT_UNKNOWN || found->d_type == DT_LNK) {
            struct stat stat;

            if (lstat(walk->path, &stat) == 0 && S_ISLNK(stat.st_mode))
                skip(walk, stat.st_mode);
            else if (S_ISDIR(stat.st_mode) && !set_apart(walk))
                result = any_depth ? walk_wild(walk, part, rest, &here, timed, depth + 1)
                                   : walk_on(walk, rest, &here, timed, depth + 1);
        }
        path_cut(walk, size);
    }
    if (result == 0 && found == NULL && errno != 0)
        result = walk->look->wanted->host->fault(walk->fault, DAYBREAK_RETRY, "cannot list folder '%s': %s", walk->path,
                                                 strerror(errno));
    closedir(dir);
    return result;
}

/* The rest of a pattern below walk->path. */
static int
walk_on(struct walk *walk, const char *rest, const struct file_time *time, bool timed, int depth)
{
    size_t size = walk->size, length = strcspn(rest, "/");
    const char *behind = rest[length] == '\0' ? NULL : rest + length + strspn(rest + length, "/");
    char part[NAME_MAX + 1];
    struct stat stat;
    int result = 0;

    if (depth > DEPTH_MAX || length >= sizeof part)
        return 0;
    memcpy(part, rest, length);
    part[length] = '\0';
    if (strcmp(part, "**") == 0 && behind == NULL)
        behind = "*";
    if (file_match_wild(part))
        return walk_wild(walk, part, behind, time, timed, depth);
    if (behind == NULL)
        file_watch_folder(&walk->look->watch, walk->size == 0 ? "." : walk->path);
    if (!path_add(walk, part, length))
        return 0;
    if (behind == NULL)
        result = entry_add(walk, time, timed);
    else if (lstat(walk->path, &stat) == 0)
        result = walk_on(walk, behind, time, timed, depth + 1);
    else if (size > 0) { /* not there yet: its coming is seen in the folder above */
        path_cut(walk, size);
        file_watch_folder(&walk->look->watch, walk->path);
    }
    path_cut(walk, size);
    return result;
}

static int
walk_pattern(struct file_look *look, size_t pattern, struct daybreak_fault *fault)
{
    const char *text = look->wanted->path.item[pattern];
    struct walk walk = {.look = look, .pattern = pattern, .fault = fault};
    struct file_time time = {0};
    bool timed;

    file_match_problem(text, &timed);
    if (text[0] == '/') {
        walk.path[walk.size++] = '/';
        text += strspn(text, "/");
    } else {
        walk.size = strlen(look->wanted->host->base_dir);
        if (walk.size + 2 >= sizeof walk.path)
            return look->wanted->host->fault(fault, DAYBREAK_HALT, "cannot look at '%s': its path is too long", text);
        memcpy(walk.path, look->wanted->host->base_dir, walk.size);
        walk.path[walk.size++] = '/';
        walk.name_at = walk.size;
    }
    path_cut(&walk, walk.size);
    return walk_on(&walk, text, &time, timed, 0);
}

static int
by_time(const void *a, const void *b)
{
    const struct file_entry *one = *(struct file_entry *const *)a, *two = *(struct file_entry *const *)b;

    if (one->time_us != two->time_us)
        return one->time_us < two->time_us ? -1 : 1;
    return strcmp(one->name, two->name);
}

int
file_look_now(struct file_look *look, struct daybreak_fault *fault)
{
    size_t kept = 0;
    int result = 0;

    look->before = look->entry;
    look->befores = look->entries;
    look->entry = NULL;
    look->entries = look->entries_room = look->readies = 0;
    look->unsettled = 0;
    look->settle_left_ms = INT64_MAX;
    if (look->looks++ == 1) /* whoever looks a second time waits for something */
        file_watch_open(&look->watch);
    file_watch_begin(&look->watch);
    for (size_t i = 0; i < look->wanted->path.count && result == 0; i++)
        result = walk_pattern(look, i, fault);
    if (result != 0) { /* as if it had not been begun; what arrived meanwhile is still known as such */
        entries_free(look->entry, look->entries);
        look->entry = look->before;
        look->entries = look->entries_room = look->befores;
        look->before = NULL;
        look->befores = 0;
        return -1;
    }
    file_watch_end(&look->watch);
    entries_free(look->before, look->befores);
    look->before = NULL;
    look->befores = 0;
    if (look->entries > 1)
        qsort(look->entry, look->entries, sizeof *look->entry, by_name);
    for (size_t i = 0; i < look->entries; i++) {
        if (kept > 0 && strcmp(look->entry[kept - 1].name, look->entry[i].name) == 0) {
            look->unsettled -= !look->entry[i].complete; /* two patterns took it */
            free(look->entry[i].name);
        } else {
            look->entry[kept++] = look->entry[i];
        }
    }
    look->entries = kept;
    look->ready = file_need(look->ready, (look->entries + 1) * sizeof *look->ready);
    for (size_t i = 0; i < look->entries; i++)
        if (look->entry[i].complete)
            look->ready[look->readies++] = &look->entry[i];
    if (look->readies > 1)
        qsort(look->ready, look->readies, sizeof *look->ready, by_time);
    return 0;
}
