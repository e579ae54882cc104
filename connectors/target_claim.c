/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a life finds of the lives before it: files as their marks say they stood, tails that were torn, whole files not yet named,
 * and strangers. Nothing is cut or removed here that is not proven ours.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "target_disk.h"
#include "target_file.h"
#include "target_parts.h"

/* ---- what a claim finds ------------------------------------------------------------------- */

static bool
note_is_ours(const struct target_set *set, const struct target_note *note, const struct stat *st, int64_t from)
{
    return strcmp(note->owner, set->owner) == 0 && note->inode == (uint64_t)st->st_ino && note->from <= from &&
           (!note->this_boot || (int64_t)st->st_size <= note->reach);
}

int
target_replaced(const struct target_set *set, const char *path, const char *how, struct daybreak_fault *fault)
{
    TARGET_HALT(set->host, fault, 78, "target-changed", "cannot go on in '%s': %s", path, how);
    return set->host->hint(fault, "was it edited, rotated or restored? put back what was there, or give the sink another path to "
                                  "begin a new file");
}

static int
foreign_bytes(const struct target_set *set, const struct target_file *file, int64_t bytes, struct daybreak_fault *fault)
{
    TARGET_HALT(set->host, fault, 78, "target-exists", "cannot write to '%s': it holds %" PRId64
                " bytes that this pipeline did not write", file->full, bytes);
    return set->host->hint(fault, "give the sink another path, or `existing: adopt` to append behind them");
}

/* A file as the mark says it stood: the same one, nothing of it altered, and what is behind it ours to cut. */
static int
file_reopen(struct target_set *set, struct target_file *file, bool *there, struct daybreak_fault *fault)
{
    const char *path = target_place(set, file);
    struct target_note note;
    struct stat st;
    uint8_t tail[16];
    bool noted;

    if (target_open_file(set->host, path, &file->fd, &st, fault) != 0)
        return -1;
    *there = file->fd >= 0;
    if (!*there)
        return 0;
    if ((uint64_t)st.st_ino != file->mark.inode)
        return target_replaced(set, path, "it is another file than the one this pipeline wrote", fault);
    if ((int64_t)st.st_size < file->mark.length)
        return target_replaced(set, path, "it is shorter than what was committed to it", fault);
    if (target_tail(set->host, file->fd, path, file->mark.length, tail, fault) != 0)
        return -1;
    if (memcmp(tail, file->mark.tail, sizeof tail) != 0)
        return target_replaced(set, path, "its content is not what was committed to it", fault);
    file->mark.device = (uint64_t)st.st_dev; /* devices are numbered anew at a boot: inode and content say enough */
    file->length = file->pushed = file->mark.length;
    noted = !set->whole && target_note_read(file->beside, &note) && strcmp(note.owner, set->owner) == 0;
    if ((int64_t)st.st_size > file->mark.length) {
        if (!set->whole && !(noted && note_is_ours(set, &note, &st, file->mark.length))) {
            TARGET_HALT(set->host, fault, 78, "target-foreign", "cannot go on in '%s': behind its first %" PRId64
                        " bytes there are %" PRId64 " that this pipeline did not write", path, file->mark.length,
                        (int64_t)st.st_size - file->mark.length);
            return set->host->hint(fault, "take them out, or give the sink another path to begin a new file");
        }
        set->host->log(set->host, 'W', "torn tail of a killed run was cut: target=%s bytes=%" PRId64, path,
                       (int64_t)st.st_size - file->mark.length);
        set->host->crash_point("target.before-cut");
        if (target_cut(set->host, file->fd, path, file->mark.length, fault) != 0)
            return -1;
        set->host->crash_point("target.cut");
    }
    if (noted && unlink(file->beside) != 0 && errno != ENOENT)
        return target_cannot(set->host, fault, "remove", file->beside);
    return 0;
}

/* The empty file that tells readers the whole one is there. */
static int
marker_make(const struct target_set *set, const struct target_file *file, struct daybreak_fault *fault)
{
    char *path;
    int fd, result = 0;

    if (set->done[0] == '\0')
        return 0;
    path = target_join(file->full, set->done, "", "");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        result = target_cannot(set->host, fault, "create", path);
    else
        close(fd);
    if (result == 0)
        result = target_sync_folder(set->host, path, fault);
    free(path);
    return result;
}

/* The file is whole: from now on it has its name. The ledger knows, so that this can be done again after a kill. */
int
target_file_publish(struct target_set *set, struct target_file *file, struct daybreak_fault *fault)
{
    set->host->crash_point("target.before-publish");
    if (target_publish(set->host, file->beside, file->full, fault) != 0)
        return -1;
    set->host->crash_point("target.published");
    if (marker_make(set, file, fault) != 0)
        return -1;
    set->host->crash_point("target.marked");
    target_file_close(file);
    file->mark.state = TARGET_NONE;
    file->mark.length = 0;
    return 0;
}

/* Its run is over, but nobody was there to end it: what it ends with is written now. Torn by a kill it is cut, and written again. */
static int
tail_add(const struct target_set *set, const struct target_file *file, struct daybreak_fault *fault)
{
    size_t size = set->tail == NULL ? 0 : strlen(set->tail), done = 0;

    while (done < size) {
        ssize_t more = pwrite(file->fd, set->tail + done, size - done, (off_t)file->mark.length + (off_t)done);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return target_cannot(set->host, fault, "write", file->beside);
        done += (size_t)more;
    }
    set->host->crash_point("target.tail-written");
    return size == 0 ? 0 : target_sync(set->host, file->fd, file->beside, fault);
}

/* What the last life left whole, perhaps renamed already. */
static int
file_end(struct target_set *set, struct target_file *file, struct daybreak_fault *fault)
{
    struct stat st;
    bool there, named;

    if (file_reopen(set, file, &there, fault) != 0)
        return -1;
    if (there && file->mark.state == TARGET_ASIDE && tail_add(set, file, fault) != 0)
        return -1;
    if (there)
        return target_file_publish(set, file, fault);
    named = lstat(file->full, &st) == 0 && (uint64_t)st.st_ino == file->mark.inode;
    if (!named && file->mark.state != TARGET_ENDS)
        return target_replaced(set, file->beside, "it is gone", fault);
    if (!named) /* named after the ledger knew, and then taken by a reader that looks for no marker */
        set->host->log(set->host, 'W', "whole file was taken before its commit was recorded: target=%s", file->full);
    if (named && (target_sync_folder(set->host, file->full, fault) != 0 || marker_make(set, file, fault) != 0))
        return -1;
    file->mark.state = TARGET_NONE;
    file->mark.length = 0;
    return 0;
}

/* As file_resume would find it, by a run that must leave no trace: what it would end, cut or name stays as it is. */
static int
file_look(struct target_set *set, struct target_file *file, struct daybreak_fault *fault)
{
    const char *path;
    uint8_t tail[16];
    struct stat st;
    int fd, result = 0;

    target_paths(set, file);
    path = target_place(set, file);
    if (file->mark.state == TARGET_ENDS || (file->mark.state == TARGET_ASIDE && file->mark.at_end)) {
        file->mark.state = TARGET_NONE; /* its run is over: the next lines begin another file */
        file->mark.length = 0;
        return 0;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno != ENOENT)
        return target_cannot(set->host, fault, "open", path);
    if (fd < 0)
        return target_replaced(set, path, "it is gone", fault);
    if (fstat(fd, &st) != 0)
        result = target_cannot(set->host, fault, "look at", path);
    else if ((uint64_t)st.st_ino != file->mark.inode)
        result = target_replaced(set, path, "it is another file than the one this pipeline wrote", fault);
    else if ((int64_t)st.st_size < file->mark.length)
        result = target_replaced(set, path, "it is shorter than what was committed to it", fault);
    else if (target_tail(set->host, fd, path, file->mark.length, tail, fault) != 0)
        result = -1;
    else if (memcmp(tail, file->mark.tail, sizeof tail) != 0)
        result = target_replaced(set, path, "its content is not what was committed to it", fault);
    close(fd);
    return result;
}

int
target_meet_look(const struct target_set *set, const struct target_file *file, bool adopt, struct daybreak_fault *fault)
{
    struct target_note note;
    struct stat st;

    if (stat(file->full, &st) != 0)
        return errno == ENOENT ? 0 : target_cannot(set->host, fault, "look at", file->full);
    if (!S_ISREG(st.st_mode))
        return TARGET_HALT(set->host, fault, 78, "target-exists", "cannot write to '%s': it is no regular file", file->full);
    if (st.st_size == 0 || adopt ||
        (target_note_read(file->beside, &note) && note.from == 0 && note_is_ours(set, &note, &st, note.from)))
        return 0;
    return foreign_bytes(set, file, (int64_t)st.st_size, fault);
}

static int
file_resume(struct target_set *set, struct target_file *file, struct daybreak_fault *fault)
{
    bool there;

    if (set->rehearses)
        return file_look(set, file, fault);
    target_paths(set, file);
    if (file->mark.state == TARGET_ENDS || (file->mark.state == TARGET_ASIDE && file->mark.at_end))
        return file_end(set, file, fault); /* its run is over */
    if (file_reopen(set, file, &there, fault) != 0)
        return -1;
    return there ? 0 : target_replaced(set, target_place(set, file), "it is gone", fault);
}

/* The first contact with a growing file. What is in it already is somebody else's, unless a life of ours was killed before its
 * first commit. */
int
target_meet(struct target_set *set, struct target_file *file, const struct target_head *head, bool adopt,
            struct daybreak_fault *fault)
{
    struct target_note note;
    struct stat st;
    char last;

    if (target_open_file(set->host, file->full, &file->fd, &st, fault) != 0)
        return -1;
    if (file->fd < 0) {
        if (target_make_folders(set->host, file->full, fault) != 0 ||
            target_make_file(set->host, file->full, &file->fd, &st, fault) != 0)
            return -1;
        set->host->crash_point("target.made");
        file->fresh = true;
    }
    file->mark.length = (int64_t)st.st_size;
    if (target_note_read(file->beside, &note) && note.from <= (int64_t)st.st_size && note_is_ours(set, &note, &st, note.from)) {
        file->mark.length = note.from;
        if (target_cut(set->host, file->fd, file->full, note.from, fault) != 0)
            return -1;
    }
    if (file->mark.length > 0 && !adopt)
        return foreign_bytes(set, file, file->mark.length, fault);
    if (file->mark.length > 0) {
        char *begin = target_grow(NULL, head->size + 1);
        bool same = pread(file->fd, begin, head->size, 0) == (ssize_t)head->size && memcmp(begin, head->at, head->size) == 0;

        free(begin);
        if (!same)
            return TARGET_HALT(set->host, fault, 78, "target-columns",
                               "cannot append to '%s': its first line does not name these columns",
                               file->full);
        if (pread(file->fd, &last, 1, (off_t)file->mark.length - 1) != 1 || last != '\n')
            return TARGET_HALT(set->host, fault, 78, "target-open-line", "cannot append to '%s': its last line has no end",
                               file->full);
    }
    file->mark.state = TARGET_GROWS;
    file->mark.device = (uint64_t)st.st_dev;
    file->mark.inode = (uint64_t)st.st_ino;
    file->length = file->pushed = file->mark.length;
    return target_tail(set->host, file->fd, file->full, file->mark.length, file->mark.tail, fault);
}

/* Does the pattern still mean this file? A sink that was given another path begins a new one. */
static bool
is_current(const struct target_set *set, const struct target_mark_file *mark)
{
    char *name;
    bool same;

    if (set->whole != (mark->state != TARGET_GROWS) || set->per_table != (mark->table[0] != '\0'))
        return false;
    if (set->whole)
        return true;
    name = target_name_fill(set, mark->table, "", "", 1);
    same = strcmp(name, mark->path) == 0;
    free(name);
    return same;
}

/* Whose asides and notes these are: two pipelines may share a folder, two handoffs of one too. */
static void
owner_write(const char *pipeline_id, const char *handoff, char owner[17])
{
    char *both = target_join(pipeline_id, "/", handoff, "");

    snprintf(owner, 17, "%016" PRIx64, (uint64_t)XXH3_64bits(both, strlen(both)));
    free(both);
}

/* Asides of ours that no mark knows: of lives killed before their first commit. */
static int
sweep(struct target_set *set, struct daybreak_fault *fault)
{
    bool absolute = set->pattern[0] == '/';
    char *pattern = absolute ? target_copy(set->pattern) : target_join(set->host->base_dir, "/", set->pattern, "");
    char *folder = target_folder(pattern), *tail = target_join(".", set->owner, ".part", "");
    /* else the next file of that name finds it */
    DIR *dir = set->whole && strpbrk(folder, "{}") == NULL ? opendir(folder) : NULL;
    const struct dirent *entry;
    int result = 0;

    while (dir != NULL && result == 0 && (entry = readdir(dir)) != NULL) {
        size_t size = strlen(entry->d_name), end = strlen(tail);
        bool known = false;

        if (entry->d_name[0] != '.' || size <= end || strcmp(entry->d_name + size - end, tail) != 0)
            continue;
        for (uint32_t i = 0; i < set->files; i++)
            known |= set->file[i]->fd >= 0 && strcmp(target_name(set->file[i]->beside), entry->d_name) == 0;
        if (!known && unlinkat(dirfd(dir), entry->d_name, 0) != 0 && errno != ENOENT)
            result = target_cannot(set->host, fault, "remove", entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    free(pattern);
    free(folder);
    free(tail);
    return result;
}

int
target_claim(struct target_set *set, const struct daybreak_claim *claim, struct daybreak_checkpoint *now,
             struct daybreak_fault *fault)
{
    const struct daybreak_checkpoint *state = claim->state;
    struct target_mark mark = {0};
    int result = -1;

    owner_write(claim->pipeline_id, claim->handoff, set->owner);
    set->read_only = claim->read_only;
    set->rehearses = claim->read_only && claim->size > offsetof(struct daybreak_claim, rehearses) && claim->rehearses;
    if (claim->state_mark != NULL && claim->state_mark[0] != '\0' && !target_mark_read(claim->state_mark, &mark)) {
        TARGET_HALT(set->host, fault, 78, "state-damaged", "cannot read what the state says of '%s'", set->pattern);
        goto done;
    }
    free(set->position);
    set->position = target_copy(mark.intended ? mark.position : state->position);
    set->epoch = state->epoch + !claim->read_only;
    *now = (struct daybreak_checkpoint){.size = sizeof *now, .epoch = set->epoch, .position = set->position,
                                        .released = mark.intended ? mark.released : state->released,
                                        .batch = mark.intended ? mark.batch : state->batch};
    now->found = now->batch > 0;
    set->batch = now->batch;
    if (mark.done != NULL) {
        free(set->done);
        set->done = target_copy(mark.done);
    }
    for (uint32_t i = 0; i < mark.files && (!claim->read_only || set->rehearses); i++) {
        struct target_file *file;

        if (!is_current(set, &mark.file[i])) {
            set->host->log(set->host, 'I', "sink has another path now, the old file is left as it is: target=%s",
                           mark.file[i].path);
            continue;
        }
        file = target_add(set, "");
        target_mark_file_fini(&file->mark);
        file->mark = mark.file[i];
        mark.file[i] = (struct target_mark_file){0};
        if (file_resume(set, file, fault) != 0)
            goto done;
    }
    result = claim->read_only ? 0 : sweep(set, fault);
done:
    target_mark_fini(&mark);
    set->broken = result != 0; /* nothing on disk is touched again */
    return result;
}

