/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target files between claim and close: which there are, what is written to them, and the two steps of their commit. What a claim
 * finds on disk is judged here too. Owns the open files, their buffers, the mark, and the pump that writes full buffers.
 */
#include "target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line_write.h"
#include "target_disk.h"
#include "target_parts.h"
#include "target_pump.h"

#define BUFFER ((size_t)1 << 20)
#define PUSH (INT64_C(8) << 20) /* written back early in pieces of this size, so that the sync of a commit is short */

/* ---- a table's file ----------------------------------------------------------------------- */

static int
target_check(const struct target_set *set, const struct daybreak_target *target, struct daybreak_fault *fault)
{
    if (target->write != DAYBREAK_APPEND) {
        TARGET_HALT(set->host, fault, 78, "write-append", "cannot %s into '%s': lines of a file cannot be replaced",
                    target->write == DAYBREAK_MIRROR ? "mirror" : "upsert", set->pattern);
        return set->host->hint(fault, "files take `write: append`: every change is a line");
    }
    if (target->done != NULL && target->done[0] != '\0' && !set->whole) {
        TARGET_HALT(set->host, fault, 78, "done-needs-run", "cannot mark '%s' as done: it grows for ever", set->pattern);
        return set->host->hint(fault, "put {run} or {date} into its path, so that there is a whole file to mark");
    }
    if (target->done != NULL && (strchr(target->done, '/') != NULL || !target_mark_clean(target->done)))
        return TARGET_HALT(set->host, fault, 78, "bad-done", "cannot mark '%s' as done: '%s' is no suffix of a file",
                           set->pattern, target->done);
    if (set->per_table && (strchr(target->table, '/') != NULL || target->table[0] == '.' || target->table[0] == '\0' ||
                           !target_mark_clean(target->table)))
        return TARGET_HALT(set->host, fault, 78, "bad-table", "cannot name a file after table '%s'", target->table);
    return 0;
}

int
target_check_envelope(const struct daybreak_host *host, const struct daybreak_target *target, bool messages,
                      struct daybreak_fault *fault)
{
    if (target->envelope == DAYBREAK_ENVELOPE_DAYBREAK || target->envelope == DAYBREAK_ENVELOPE_NONE ||
        (messages && target->envelope != DAYBREAK_ENVELOPE_SIDE))
        return 0;
    if (target->envelope == DAYBREAK_ENVELOPE_SIDE)
        TARGET_HALT(host, fault, 78, "envelope-side", "cannot keep the envelope of '%s' at its side: a file has no second table",
                    target->table);
    else
        TARGET_HALT(host, fault, 78, "envelope", "cannot write '%s' with `envelope: %s`: that is the form of a JSON message",
                    target->table, target->envelope == DAYBREAK_ENVELOPE_DEBEZIUM ? "debezium" : "cloudevents");
    return host->hint(fault, "files take `envelope: daybreak` or `envelope: none`");
}

int
target_bind(struct target_set *set, const struct daybreak_target *target, const struct target_head *head,
            struct target_file **out, struct daybreak_fault *fault)
{
    const char *table = set->per_table ? target->table : "";
    struct target_file *file = target_find(set, table);

    if (target_check(set, target, fault) != 0 || target_pump_wait(set->pump, fault) != 0)
        return -1;
    free(set->done);
    set->done = target_copy(target->done == NULL ? "" : target->done);
    if (file == NULL)
        file = target_add(set, table);
    if (!set->whole && file->mark.state == TARGET_NONE && !set->read_only) {
        free(file->mark.path);
        file->mark.path = target_name_fill(set, table, "", "", 1);
        target_paths(set, file);
        if (target_meet(set, file, head, target->existing == DAYBREAK_EXISTING_ADOPT, fault) != 0) {
            target_file_close(file);
            file->mark.state = TARGET_NONE;
            return -1;
        }
        file->mark.shape = head->shape;
    }
    if (!set->whole && file->mark.state == TARGET_NONE && set->rehearses) {
        free(file->mark.path);
        file->mark.path = target_name_fill(set, table, "", "", 1);
        target_paths(set, file);
        if (target_meet_look(set, file, target->existing == DAYBREAK_EXISTING_ADOPT, fault) != 0)
            return -1;
        file->mark.shape = head->shape;
    }
    if (file->mark.shape != head->shape && (file->mark.length > 0 || file->length > 0 || file->used > 0)) {
        if (file->bound != NULL && strcmp(file->bound, target->table) != 0) {
            TARGET_HALT(set->host, fault, 78, "target-columns",
                        "cannot write tables '%s' and '%s' to one file '%s': their columns differ",
                        file->bound, target->table, set->pattern);
            return set->host->hint(fault, "put {table} into its path");
        }
        TARGET_HALT(set->host, fault, 78, "target-columns",
                    "cannot go on in '%s': its lines have other columns than table '%s' has now",
                    target_place(set, file), target->table);
        return set->host->hint(fault, set->whole ? "run again: the file so far is then closed, and a new one begun"
                                                 : "move the file away and give the sink another path, or {run} in it");
    }
    file->mark.shape = head->shape;
    free(file->head);
    file->head = target_join("", "", "", head->size > 0 ? head->at : "");
    file->head_size = head->size;
    free(file->bound);
    file->bound = target_copy(target->table);
    *out = file;
    return 0;
}

/* A new whole file, aside until its last commit. */
static int
aside_make(struct target_set *set, struct target_file *file, const struct daybreak_story *story, struct daybreak_fault *fault)
{
    struct line_day day = {.known = false};
    char date[LINE_INSTANT + 1] = "", *marker;
    struct stat st;
    bool taken;

    if (story->run == NULL || !target_mark_clean(story->run) || strchr(story->run, '/') != NULL)
        return TARGET_HALT(set->host, fault, 70, "bad-run", "cannot name a file after run '%s'",
                           story->run == NULL ? "" : story->run);
    file->mark.serial = strcmp(file->mark.run, story->run) == 0 ? file->mark.serial + 1 : 1;
    free(file->mark.run);
    file->mark.run = target_copy(story->run);
    line_instant(date, &day, story->loaded_at);
    date[10] = '\0';
    free(file->mark.path);
    file->mark.path = target_name_fill(set, file->mark.table, story->run, date, file->mark.serial);
    target_paths(set, file);
    marker = target_join(file->full, set->done, "", "");
    taken = lstat(file->full, &st) == 0 || (set->done[0] != '\0' && lstat(marker, &st) == 0);
    free(marker);
    if (taken) {
        file->mark.serial--;
        TARGET_HALT(set->host, fault, 78, "target-exists", "cannot write '%s': it is there already, or its marker is",
                    file->full);
        return set->host->hint(fault, "nothing is ever overwritten: move it away, or put {run} into the path");
    }
    if (unlink(file->beside) != 0 && errno != ENOENT) /* of a life of ours that was killed before its first commit */
        return target_cannot(set->host, fault, "remove", file->beside);
    if (target_make_folders(set->host, file->full, fault) != 0 ||
        target_make_file(set->host, file->beside, &file->fd, &st, fault) != 0)
        return -1;
    set->host->crash_point("target.made");
    file->mark.device = (uint64_t)st.st_dev;
    file->mark.inode = (uint64_t)st.st_ino;
    file->mark.length = file->length = file->pushed = 0;
    file->fresh = true;
    return 0;
}

static int
refuse_broken(const struct target_set *set, struct daybreak_fault *fault)
{
    TARGET_HALT(set->host, fault, 74, "target-uncertain", "cannot write to '%s': what became of the last write is not known",
                set->pattern);
    return set->host->hint(fault, "run again: the next start tells what landed and what did not");
}

int
target_begin(struct target_set *set, struct target_file *file, const struct daybreak_story *story, struct daybreak_fault *fault)
{
    char *to;

    if (set->broken)
        return refuse_broken(set, fault);
    if (file->fd < 0 && aside_make(set, file, story, fault) != 0)
        return -1;
    if (file->handed || file->length > 0 || file->used > 0 || file->head_size == 0)
        return 0;
    if (target_room(set, file, file->head_size, &to, fault) != 0)
        return -1;
    memcpy(to, file->head, file->head_size);
    file->used += file->head_size;
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Nobody else has written: what lies there is what we wrote. */
static int
undisturbed(const struct target_set *set, const struct target_file *file, bool named, struct daybreak_fault *fault)
{
    const char *path = target_place(set, file);
    struct stat st, by_name;

    if (fstat(file->fd, &st) != 0)
        return target_cannot(set->host, fault, "look at", path);
    if ((int64_t)st.st_size != file->length)
        return target_replaced(set, path, "somebody else writes to it", fault);
    if (named && (stat(path, &by_name) != 0 || by_name.st_ino != st.st_ino))
        return target_replaced(set, path, "it was moved or replaced while it was written", fault);
    return 0;
}

/* Before bytes go behind the mark of a growing file, the note says so. */
static int
note_reach(struct target_set *set, struct target_file *file, size_t more, struct daybreak_fault *fault)
{
    struct target_note note = {.device = file->mark.device, .inode = file->mark.inode, .from = file->mark.length,
                               .reach = file->length + (int64_t)more};

    memcpy(note.owner, set->owner, sizeof note.owner);
    if (file->note_fd >= 0)
        return target_note_move(set->host, file->note_fd, file->beside, &note, fault);
    if (target_note_make(set->host, file->beside, &note, &file->note_fd, fault) != 0)
        return -1;
    set->host->crash_point("target.noted");
    return 0;
}

/* On the pump's thread, or on the instance's own while nothing is under way there. */
static int
write_out(struct target_set *set, struct target_file *file, const char *bytes, size_t size, struct daybreak_fault *fault)
{
    size_t done = 0;

    if (undisturbed(set, file, false, fault) != 0 || (!set->whole && note_reach(set, file, size, fault) != 0))
        return -1;
    set->host->crash_point("target.before-write");
    while (done < size) {
        ssize_t more = write(file->fd, bytes + done, size - done);

        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0)
            return target_cannot(set->host, fault, "write", target_place(set, file));
        done += (size_t)more;
        file->length += more;
    }
    set->host->crash_point("target.written");
    if (file->length - file->pushed >= PUSH) { /* a hint: what fails here fails again in the sync of the commit */
        sync_file_range(file->fd, file->pushed, file->length - file->pushed, SYNC_FILE_RANGE_WRITE);
        file->pushed = file->length;
    }
    return 0;
}

int
target_flush(struct target_set *set, struct target_file *file, size_t bytes, struct daybreak_fault *fault)
{
    if (file->used > 0) {
        file->handed = true;
        if (target_pump_give(&set->pump, set, file, write_out, fault) != 0)
            return -1;
    }
    if (file->room < bytes) {
        file->room = bytes < BUFFER ? BUFFER : bytes;
        file->buffer = target_grow(file->buffer, file->room);
    }
    return 0;
}

/* ---- the commit --------------------------------------------------------------------------- */

static const char *
mark_compose(struct target_set *set, const struct daybreak_commit *commit)
{
    struct target_mark mark = {.intended = commit != NULL, .done = set->done};
    size_t size;
    FILE *out;

    mark.file = target_grow(NULL, (set->files + (size_t)1) * sizeof *mark.file);
    for (uint32_t i = 0; i < set->files; i++)
        mark.file[mark.files++] = commit != NULL ? set->file[i]->next : set->file[i]->mark;
    if (commit != NULL) {
        mark.batch = commit->batches > 0 ? commit->batch[commit->batches - 1].story->batch : set->batch;
        mark.released = commit->released_new;
        mark.position = (char *)commit->new_position;
    }
    free(set->mark);
    set->mark = NULL;
    out = open_memstream(&set->mark, &size);
    if (out == NULL)
        abort();
    target_mark_write(&mark, out);
    if (fclose(out) != 0)
        abort(); /* of a memory stream: no memory */
    free(mark.file);
    return set->mark;
}

/* Everything of a file on disk, and how it will stand with the commit. */
static int
file_intend(struct target_set *set, struct target_file *file, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    const char *path = target_place(set, file);

    file->next = file->mark;
    if (file->fd < 0)
        return 0;
    if (file->used > 0 && write_out(set, file, file->buffer, file->used, fault) != 0)
        return -1;
    file->used = 0;
    file->handed = false;
    if (set->whole && commit->file_end && set->tail != NULL && write_out(set, file, set->tail, strlen(set->tail), fault) != 0)
        return -1;
    if (file->length != file->mark.length || file->mark.state == TARGET_NONE) {
        if (undisturbed(set, file, true, fault) != 0 || target_sync(set->host, file->fd, path, fault) != 0 ||
            target_tail(set->host, file->fd, path, file->length, file->next.tail, fault) != 0)
            return -1;
    }
    if (file->fresh && target_sync_folder(set->host, path, fault) != 0)
        return -1;
    file->fresh = false;
    file->next.state = !set->whole ? TARGET_GROWS : commit->file_end ? TARGET_ENDS : TARGET_ASIDE;
    file->next.at_end = set->whole && commit->input_end;
    file->next.length = file->length;
    return 0;
}

int
target_intend(struct target_set *set, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    bool any = commit->batches > 0;

    *mark = NULL;
    if (set->broken)
        return refuse_broken(set, fault);
    if (strcmp(commit->old_position, set->position) != 0 || commit->epoch != set->epoch) {
        TARGET_HALT(set->host, fault, 75, "target-passed", "cannot commit to '%s': it stands elsewhere than this run believes",
                    set->pattern);
        return set->host->hint(fault, "run again: the next start tells where it stands");
    }
    for (uint32_t i = 0; i < set->files; i++)
        any |= set->whole && set->file[i]->fd >= 0;
    if (!any)
        return 0;
    set->host->crash_point("target.before-sync");
    if (target_pump_wait(set->pump, fault) != 0)
        return -1; /* nothing was told to be durable: a rollback cuts what was written */
    for (uint32_t i = 0; i < set->files; i++)
        if (file_intend(set, set->file[i], commit, fault) != 0) {
            set->broken = true;
            return -1;
        }
    set->host->crash_point("target.synced");
    set->intended = true;
    *mark = mark_compose(set, commit);
    return 0;
}

int
target_commit(struct target_set *set, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    const char *mark;

    if (!set->intended && target_intend(set, commit, &mark, fault) != 0)
        return -1;
    for (uint32_t i = 0; i < set->files && set->intended; i++) {
        struct target_file *file = set->file[i];

        file->mark = file->next;
        if (file->mark.state == TARGET_ENDS && target_file_publish(set, file, fault) != 0) {
            set->broken = true;
            return -1;
        }
    }
    set->intended = false;
    if (commit->batches > 0)
        set->batch = commit->batch[commit->batches - 1].story->batch;
    if (strcmp(set->position, commit->new_position) != 0) {
        free(set->position);
        set->position = target_copy(commit->new_position);
    }
    return 0;
}

const char *
target_state_mark(struct target_set *set)
{
    return mark_compose(set, NULL);
}

/* ---- the way back ------------------------------------------------------------------------- */

static void
file_rollback(struct target_set *set, struct target_file *file)
{
    struct stat st;

    file->used = 0;
    file->handed = false;
    if (file->fd < 0)
        return;
    if (file->mark.state == TARGET_NONE) { /* an aside without a commit */
        if (unlink(file->beside) != 0)
            set->host->log(set->host, 'W', "cannot remove: target=%s: %s", file->beside, strerror(errno));
        target_file_close(file);
        file->mark.serial--;
        return;
    }
    if (file->length == file->mark.length)
        return;
    if (fstat(file->fd, &st) != 0 || (int64_t)st.st_size != file->length || ftruncate(file->fd, (off_t)file->mark.length) != 0)
        set->broken = true; /* the next claim says what is there */
    file->length = file->pushed = file->mark.length;
}

void
target_rollback(struct target_set *set)
{
    struct daybreak_fault gone = {0};

    target_pump_wait(set->pump, &gone); /* what it failed at is rolled back here */
    if (set->intended)
        set->broken = true; /* the ledger may hold the intended mark: only the next claim can tell */
    for (uint32_t i = 0; i < set->files && !set->broken; i++)
        file_rollback(set, set->file[i]);
}

void
target_close(struct target_set *set)
{
    struct daybreak_fault fault = {0};

    target_rollback(set);
    target_pump_free(set->pump);
    for (uint32_t i = 0; i < set->files; i++) {
        struct target_file *file = set->file[i];

        if (!set->broken && file->note_fd >= 0 &&
            (target_sync(set->host, file->fd, file->full, &fault) != 0 || unlink(file->beside) != 0 ||
             target_sync_folder(set->host, file->beside, &fault) != 0)) /* a cut is durable before its note is gone */
            set->host->log(set->host, 'W', "cannot remove: target=%s", file->beside);
        target_file_free(file);
    }
    free(set->file);
    free(set->tail);
    free(set->done);
    free(set->position);
    free(set->mark);
    *set = (struct target_set){0};
}
