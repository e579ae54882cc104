/* SPDX-License-Identifier: Apache-2.0 */
/* Where a pipeline's state, inputs and target lie: who may write there, how much room there is, on what, and who is at it. */
#include "engine/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "config/finding.h"
#include "config/node.h"
#include "engine/state.h"
#include "ledger/ledger.h"
#include "source/source.h"

#define MINUTE_US (INT64_C(60) * 1000000)
#define SKEW_US (5 * MINUTE_US)
#define UNPACKED 10 /* times the bytes of a packed input, as a guess */

/* What a folder's owner is called, and its rights: "owned by root, mode 755". */
static const char *
rights(struct doctor *doctor, const struct stat *st)
{
    const struct passwd *user = getpwuid(st->st_uid);

    return user == NULL ? arena_printf(doctor->arena, "owned by uid %u, mode %03o", (unsigned)st->st_uid, st->st_mode & 07777)
                        : arena_printf(doctor->arena, "owned by %s, mode %03o", user->pw_name, st->st_mode & 07777);
}

/* The folder itself, or the nearest above it that is there; it is what a mkdir would ask. */
static const char *
nearest_there(struct doctor *doctor, const char *path, struct stat *st)
{
    char *at = arena_text(doctor->arena, path);

    for (;;) {
        char *slash;

        if (stat(at, st) == 0)
            return at;
        slash = strrchr(at, '/');
        if (slash == NULL)
            return stat(".", st) == 0 ? "." : at;
        if (slash == at)
            return stat("/", st) == 0 ? "/" : at;
        *slash = '\0';
    }
}

/* May this user make and write files in ${path}, which need not be there yet? */
static bool
folder_look(struct doctor *doctor, const char *name, const char *path, const char *what)
{
    struct stat st;
    const char *there = nearest_there(doctor, path, &st);
    bool same = strcmp(there, path) == 0;

    if (!S_ISDIR(st.st_mode)) {
        doctor_note(doctor, DOCTOR_FAIL, 73, name, "a file stands where a folder must be: move it away",
                    "%s '%s': '%s' is no folder", what, path, there);
        return false;
    }
    if (eaccess(there, W_OK | X_OK) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, 77, name,
                    errno == EROFS ? "its file system is mounted read-only"
                                   : arena_printf(doctor->arena,
                                                  "give this user the right to write there (chown or chmod '%s')", there),
                    same ? "%s '%s' cannot be written: it is %s" : "%s '%s' cannot be made: the folder above it is %s", what, path,
                    rights(doctor, &st));
        return false;
    }
    doctor_note(doctor, DOCTOR_OK, 0, name, NULL, same ? "%s '%s' can be written" : "%s '%s' can be made", what, path);
    return true;
}

static void
filesystem_look(struct doctor *doctor, const char *name, const char *path, bool state)
{
    struct statfs about;
    struct stat st;
    const char *there = nearest_there(doctor, path, &st);

    if (statfs(there, &about) == 0)
        doctor_filesystem(doctor, name, there, (uint32_t)about.f_type, state);
}

static void
space_look(struct doctor *doctor, const char *name, const char *path, int64_t need)
{
    struct statvfs about;
    struct stat st;
    const char *there = nearest_there(doctor, path, &st);
    int64_t inodes = -1;

    if (statvfs(there, &about) == 0 && about.f_files > 0)
        inodes = (int64_t)about.f_favail;
    doctor_space(doctor, name, there, file_free_bytes(there), inodes, need);
}

/* ---- the state ----------------------------------------------------------------------------- */

static void
lock_look(struct doctor *doctor, const struct state *state)
{
    const char *path = arena_printf(doctor->arena, "%s/lock", state->dir);
    struct daybreak_fault fault = {0};
    char *sign = NULL, since[40] = "an unknown time";
    const char *at;
    long pid = 0;
    size_t size;

    if (!state_running(state)) {
        doctor_note(doctor, DOCTOR_OK, 0, "state_lock", NULL, "no run holds the lock");
        return;
    }
    if (file_read(path, 4096, &sign, &size, &fault) == 0) {
        if (strncmp(sign, "pid ", 4) == 0)
            pid = strtol(sign + 4, NULL, 10);
        at = strstr(sign, "since ");
        if (at != NULL)
            snprintf(since, sizeof since, "%.19s UTC", at + 6);
        free(sign);
    }
    if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
        doctor_note(doctor, DOCTOR_WARN, 0, "state_lock",
                    "look for it where this folder is mounted too: in another container, or on another machine",
                    "the lock is held since %s by process %ld, which this machine does not show", since, pid);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "state_lock", NULL, "a run holds the lock: process %ld, since %s", pid, since);
}

/* Each file of the state: one that another user made (root, once) stops the next run in the middle of the night. */
static bool
state_files_look(struct doctor *doctor, const struct state *state)
{
    const char *const path[] = {state->dir, state->memory, state->inbox, state->ledger,
                                arena_printf(doctor->arena, "%s/lock", state->dir)};
    struct stat st;

    for (size_t i = 0; i < sizeof path / sizeof *path; i++)
        if (stat(path[i], &st) == 0 && eaccess(path[i], S_ISDIR(st.st_mode) ? R_OK | W_OK | X_OK : R_OK | W_OK) != 0) {
            doctor_note(doctor, DOCTOR_FAIL, 77, "state_files",
                        "chown the state to the user who runs the pipeline, or run as its owner",
                        "'%s' cannot be written: it is %s", path[i], rights(doctor, &st));
            return false;
        }
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        if (stat(path[i], &st) != 0)
            continue;
        if (st.st_uid != geteuid()) {
            doctor_note(doctor, DOCTOR_WARN, 0, "state_files",
                        "run always as one user: what root makes here the others cannot write",
                        "'%s' belongs to somebody else: it is %s", path[i], rights(doctor, &st));
            return true;
        }
        if (S_ISDIR(st.st_mode) && (st.st_mode & 0077) != 0) {
            doctor_note(doctor, DOCTOR_WARN, 0, "state_files",
                        arena_printf(doctor->arena, "chmod 700 '%s': it holds rows that were set aside", path[i]),
                        "'%s' is open to others: it is %s", path[i], rights(doctor, &st));
            return true;
        }
    }
    doctor_note(doctor, DOCTOR_OK, 0, "state_files", NULL, "the files of the state are this user's");
    return true;
}

static void
ledger_look(struct doctor *doctor, const struct state *state, const struct config *config)
{
    struct ledger_checkpoint checkpoint = {0};
    struct daybreak_fault fault = {0};
    struct ledger_identity identity;
    struct ledger *ledger;
    char when[CLOCK_TEXT_ROOM];

    if (access(state->ledger, F_OK) != 0) {
        doctor_note(doctor, DOCTOR_OK, 0, "ledger", NULL, "the pipeline has not run yet");
        return;
    }
    if (ledger_copy(state->ledger, &ledger, &fault) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, fault_status(&fault), "ledger", fault.hint[0] == '\0' ? NULL : fault.hint, "%s",
                    fault.what);
        return;
    }
    if (ledger_identity(ledger, config->name, &identity, &fault) == 0 && strcmp(identity.name, config->name) != 0)
        doctor_note(doctor, DOCTOR_FAIL, 78, "ledger", arena_printf(doctor->arena,
                                                                    "after renaming it: daybreak run --was %s %s",
                                                                    identity.name, config->path),
                    "the state '%s' belongs to pipeline '%s'", state->dir, identity.name);
    else if (ledger_checkpoint_get(ledger, config->sink.handoff, &checkpoint, &fault) == 0 &&
             checkpoint.committed_at_us > clock_now_us() + SKEW_US) {
        clock_text(checkpoint.committed_at_us, when);
        doctor_note(doctor, DOCTOR_FAIL, 1, "ledger", "set the clock: what lands now would seem older than what is there",
                    "the last commit was at %.19s UTC, which has not come yet", when);
    } else {
        doctor_note(doctor, DOCTOR_OK, 0, "ledger", NULL, "the ledger can be read");
    }
    ledger_checkpoint_fini(&checkpoint);
    ledger_close(ledger);
}

static void
inbox_look(struct doctor *doctor, const struct state *state)
{
    struct dirent **entry;
    int found = scandir(state->inbox, &entry, NULL, alphasort);
    uint32_t letters = 0;

    for (int i = 0; i < found; i++) {
        size_t size = strlen(entry[i]->d_name);

        letters += entry[i]->d_name[0] != '.' && size > 5 && strcmp(entry[i]->d_name + size - 5, ".json") == 0;
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
    if (letters > 0 && !state_running(state))
        doctor_note(doctor, DOCTOR_WARN, 0, "decisions", "they are acted on by the next run", "%u decision%s not been acted on",
                    letters, letters == 1 ? " has" : "s have");
}

/* ---- inputs -------------------------------------------------------------------------------- */

struct inputs {
    int64_t largest, newest_us;
    uint32_t count;
};

/* The folder that a pattern looks in: all before the first part that is not plain. */
static const char *
pattern_folder(struct doctor *doctor, const struct config *config, const char *pattern, const char *special)
{
    size_t plain = strcspn(pattern, special);
    char *path;

    while (plain > 0 && pattern[plain - 1] != '/')
        plain--;
    path = pattern[0] == '/' ? arena_bytes(doctor->arena, pattern, plain)
                             : arena_printf(doctor->arena, "%s/%.*s", config->dir, (int)plain, pattern);
    while (strlen(path) > 1 && path[strlen(path) - 1] == '/')
        path[strlen(path) - 1] = '\0';
    return path;
}

static void
inputs_count(struct doctor *doctor, const struct config *config, struct inputs *inputs)
{
    struct daybreak_fault fault = {0};
    struct daybreak_wait wait = {0};
    struct daybreak_input input;
    enum daybreak_next next;
    struct source *source;
    volatile int never = 0;
    char bytes[32];

    if (source_open(config, &never, &source, &fault) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, fault_status(&fault), "inputs", fault.hint[0] == '\0' ? NULL : fault.hint, "%s",
                    fault.what);
        return;
    }
    while (source_look(source, &input, &wait, &next, &fault) == 0 && next == DAYBREAK_MORE) {
        int64_t size = input.bytes < 0 ? 0 : input.packed ? input.bytes * UNPACKED : input.bytes;

        inputs->count++;
        inputs->largest = size > inputs->largest ? size : inputs->largest;
        if (input.visible_at_us > inputs->newest_us)
            inputs->newest_us = input.visible_at_us;
    }
    source_close(source);
    if (fault.kind != DAYBREAK_NO_FAULT)
        doctor_note(doctor, DOCTOR_FAIL, fault_status(&fault), "inputs", fault.hint[0] == '\0' ? NULL : fault.hint, "%s",
                    fault.what);
    else if (inputs->count == 0 && wait.unsettled == 0)
        doctor_note(doctor, DOCTOR_WARN, 0, "inputs", arena_printf(doctor->arena, "is source.path right? it is relative to %s",
                                                                   config->dir),
                    "nothing matches the path now");
    else
        doctor_note(doctor, DOCTOR_OK, 0, "inputs", NULL, "%u input%s match%s, the largest of %s as read", inputs->count,
                    inputs->count == 1 ? "" : "s",
                    inputs->count == 1 ? "es" : "", doctor_bytes(inputs->largest, bytes));
    if (inputs->newest_us > clock_now_us() + SKEW_US)
        doctor_note(doctor, DOCTOR_WARN, 0, "input_clock",
                    "compare the clocks of this machine and of the one that writes the files",
                    "the newest input was written %" PRId64 " minutes from now",
                    (inputs->newest_us - clock_now_us()) / MINUTE_US);
}

/* Whether a file of the folder can be read says more than the folder's own rights. */
static void
source_folder_look(struct doctor *doctor, const struct config *config, const char *pattern)
{
    const char *folder = pattern_folder(doctor, config, pattern, "*?[%"), *after = NULL, *path;
    const struct config_node *what = node_member(config->source.extract.node, "after");
    struct dirent **entry;
    struct stat st;
    uint32_t closed = 0;
    const char *one = "";
    int found;

    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        doctor_note(doctor, DOCTOR_FAIL, 66, "source_folder",
                    arena_printf(doctor->arena, "source.path is relative to the pipeline file, in %s", config->dir),
                    "there is no folder '%s'", folder);
        return;
    }
    if (eaccess(folder, R_OK | X_OK) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, 77, "source_folder",
                    arena_printf(doctor->arena, "give this user the right to read '%s'", folder),
                    "'%s' cannot be read: it is %s", folder, rights(doctor, &st));
        return;
    }
    if (what != NULL && what->kind == CONFIG_SCALAR && strcmp(what->text, "delete") == 0)
        after = "delete";
    else if (what != NULL && node_member(what, "move") != NULL)
        after = "move";
    if (after != NULL && eaccess(folder, W_OK) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, 77, "source_folder", "let this user write there, or set `after: keep`",
                    "`after: %s` cannot be done in '%s': it is %s", after, folder, rights(doctor, &st));
        return;
    }
    found = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        path = arena_printf(doctor->arena, "%s/%s", folder, entry[i]->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && eaccess(path, R_OK) != 0) {
            one = closed == 0 ? path : one;
            closed++;
        }
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
    if (closed > 0)
        doctor_note(doctor, DOCTOR_FAIL, 77, "source_folder",
                    "let the program that writes them give this user the right to read them",
                    "%u file%s cannot be read, such as '%s'", closed, closed == 1 ? "" : "s", one);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "source_folder", NULL, "'%s' can be read", folder);
}

/* ---- the target ---------------------------------------------------------------------------- */

static void
target_look(struct doctor *doctor, const struct config *config, int64_t largest)
{
    const struct config_node *node = node_member(config->sink.load.node, "path");
    const char *folder, *path;
    struct stat st;

    if (node == NULL || node->kind != CONFIG_SCALAR || node->hidden)
        return;
    path = node->text[0] == '/' ? node->text : arena_printf(doctor->arena, "%s/%s", config->dir, node->text);
    folder = pattern_folder(doctor, config, node->text, "{");
    if (strchr(node->text, '{') == NULL && stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode)) {
            doctor_note(doctor, DOCTOR_FAIL, 73, "target_file", "let sink.path name a file", "'%s' is no file", path);
            return;
        }
        if (eaccess(path, W_OK) != 0) {
            doctor_note(doctor, DOCTOR_FAIL, 77, "target_file", "chown it to the user who runs the pipeline",
                        "'%s' cannot be written: it is %s", path,
                        rights(doctor, &st));
            return;
        }
    }
    if (!folder_look(doctor, "target_folder", folder, "the target's folder"))
        return;
    filesystem_look(doctor, "target_filesystem", folder, false);
    space_look(doctor, "target_space", folder, largest * 2);
}

/* ---- secrets ------------------------------------------------------------------------------- */

static void
secret_look(struct doctor *doctor, const struct config *config, const struct config_node *secret)
{
    const struct config_node *file = node_member(secret, "file");
    const char *path;
    struct stat st;

    if (file == NULL || file->kind != CONFIG_SCALAR)
        return;
    path = file->text[0] == '/' ? file->text : arena_printf(doctor->arena, "%s/%s", config->dir, file->text);
    if (stat(path, &st) != 0)
        doctor_note(doctor, DOCTOR_FAIL, 1, "secrets", NULL, "secret '%s': cannot find '%s': %s", secret->key, path,
                    strerror(errno));
    else if (st.st_mode & 0007)
        doctor_note(doctor, DOCTOR_FAIL, 1, "secrets", arena_printf(doctor->arena, "chmod 600 '%s'", path),
                    "secret '%s': everybody may read '%s': it is %s",
                    secret->key, path, rights(doctor, &st));
    else if (st.st_mode & 0070)
        doctor_note(doctor, DOCTOR_WARN, 0, "secrets", arena_printf(doctor->arena, "chmod 600 '%s'", path),
                    "secret '%s': a group may read '%s': it is %s",
                    secret->key, path, rights(doctor, &st));
    else
        doctor_note(doctor, DOCTOR_OK, 0, "secrets", NULL, "secret '%s' is this user's alone", secret->key);
}

/* The config keeps values, not where they came from: the file is looked at once more. */
static void
secrets_look(struct doctor *doctor, const struct config *config)
{
    struct daybreak_fault fault = {0};
    const struct config_node *secrets;
    struct findings findings;
    char *bytes;
    size_t size;

    if (file_read(config->path, NODE_FILE_LIMIT, &bytes, &size, &fault) != 0)
        return;
    findings_init(&findings);
    secrets = node_member(node_read(doctor->arena, config->path, bytes, size, &findings), "secrets");
    for (const struct config_node *secret = secrets == NULL ? NULL : secrets->child; secret != NULL; secret = secret->next)
        secret_look(doctor, config, secret);
    findings_fini(&findings);
    free(bytes);
}

/* Times of day in the file are UTC unless it says otherwise; the export's are the local ones as a rule. */
static void
zone_look(struct doctor *doctor, const struct config *config)
{
    time_t now = (time_t)(clock_now_us() / 1000000);
    struct tm local;

    if (config->source.at_s < 0 || strcmp(config->source.timezone, "UTC") != 0 || localtime_r(&now, &local) == NULL ||
        local.tm_gmtoff == 0)
        return;
    doctor_note(doctor, DOCTOR_WARN, 0, "time_zone", "set source.timezone when the export goes by local time",
                "source.at %02d:%02d is read as UTC, and this machine is %+.1f h from it", (int)(config->source.at_s / 3600),
                (int)(config->source.at_s / 60 % 60), (double)local.tm_gmtoff / 3600);
}

void
doctor_pipeline(struct doctor *doctor, const struct config *config)
{
    const struct config_node *path = node_member(config->source.extract.node, "path");
    struct daybreak_fault fault = {0};
    struct inputs inputs = {.newest_us = INT64_MIN};
    struct state state;
    char root[PATH_MAX];

    doctor->pipeline = arena_text(doctor->arena, config->name);
    if (path != NULL && path->kind == CONFIG_SCALAR && !path->hidden)
        source_folder_look(doctor, config, path->text);
    inputs_count(doctor, config, &inputs);
    zone_look(doctor, config);
    state_root(config->dir, root);
    if (state_paths(&state, root, config->name, &fault) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, 78, "state_folder", NULL, "%s", fault.what);
    } else {
        if (folder_look(doctor, "state_folder", state.dir, "the state's folder") && state_files_look(doctor, &state)) {
            ledger_look(doctor, &state, config);
            lock_look(doctor, &state);
            inbox_look(doctor, &state);
        }
        filesystem_look(doctor, "state_filesystem", state.dir, true);
        space_look(doctor, "state_space", state.dir, inputs.largest / 2);
    }
    target_look(doctor, config, inputs.largest);
    secrets_look(doctor, config);
    doctor->pipeline = NULL;
}
