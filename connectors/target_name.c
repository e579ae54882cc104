/* SPDX-License-Identifier: Apache-2.0 */
/* Target files and what they are called. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target_disk.h"
#include "target_file.h"
#include "target_parts.h"

void *
target_grow(void *memory, size_t size)
{
    void *more = realloc(memory, size);

    if (more == NULL)
        abort(); /* any crash is safe */
    return more;
}

/* ---- names -------------------------------------------------------------------------------- */

int
target_open(struct target_set *set, const struct daybreak_host *host, const char *pattern, struct daybreak_fault *fault)
{
    static const char *const known[] = {"{run}", "{date}", "{table}"};
    const char *at = pattern;

    *set = (struct target_set){.host = host, .pattern = pattern};
    if (pattern[0] == '\0' || pattern[strlen(pattern) - 1] == '/' || !target_mark_clean(pattern))
        return TARGET_HALT(host, fault, 78, "bad-path", "cannot write to '%s': it names no file", pattern);
    while ((at = strpbrk(at, "{}")) != NULL) {
        size_t i = 0;

        while (i < 3 && strncmp(at, known[i], strlen(known[i])) != 0)
            i++;
        if (i == 3) {
            TARGET_HALT(host, fault, 78, "bad-path", "cannot write to '%s': '%.20s' is none of {run}, {date}, {table}",
                        pattern, at);
            return -1;
        }
        set->whole |= i < 2;
        set->per_table |= i == 2;
        at += strlen(known[i]);
    }
    set->done = target_copy("");
    set->position = target_copy("");
    return 0;
}

/* The pattern with its braces filled in; the second file of a run is called NAME.2.EXTENSION. */
char *
target_name_fill(const struct target_set *set, const char *table, const char *run, const char *date, int64_t serial)
{
    size_t room = strlen(set->pattern) * 2 + 64, used = 0;
    char *name;
    const char *dot;

    room += (strlen(table) + strlen(run) + strlen(date)) * strlen(set->pattern); /* at most that many braces */
    name = target_grow(NULL, room);
    for (const char *at = set->pattern; *at != '\0';) {
        const char *value = strncmp(at, "{run}", 5) == 0     ? run
                            : strncmp(at, "{date}", 6) == 0  ? date
                            : strncmp(at, "{table}", 7) == 0 ? table
                                                             : NULL;

        if (value == NULL) {
            name[used++] = *at++;
            continue;
        }
        memcpy(name + used, value, strlen(value));
        used += strlen(value);
        at = strchr(at, '}') + 1;
    }
    name[used] = '\0';
    dot = strrchr(target_name(name), '.');
    if (serial > 1) {
        size_t before = dot == NULL || dot == target_name(name) ? used : (size_t)(dot - name);
        char *end = target_copy(name + before);

        snprintf(name + before, room - before, ".%" PRId64 "%s", serial, end);
        free(end);
    }
    return name;
}

/* Where a file lies, and what lies beside it: .NAME.OWNER.part while a whole one is written, .NAME.writing for a growing one. */
void
target_paths(const struct target_set *set, struct target_file *file)
{
    bool absolute = file->mark.path[0] == '/';
    char *folder, *tail;

    free(file->full);
    free(file->beside);
    file->full = absolute ? target_copy(file->mark.path) : target_join(set->host->base_dir, "/", file->mark.path, "");
    folder = target_folder(file->full);
    tail = set->whole ? target_join(".", set->owner, ".part", "") : target_copy(".writing");
    file->beside = target_join(folder, "/.", target_name(file->full), tail);
    free(folder);
    free(tail);
}

struct target_file *
target_find(const struct target_set *set, const char *table)
{
    for (uint32_t i = 0; i < set->files; i++)
        if (strcmp(set->file[i]->mark.table, table) == 0)
            return set->file[i];
    return NULL;
}

struct target_file *
target_add(struct target_set *set, const char *table)
{
    struct target_file *file = target_grow(NULL, sizeof *file);

    *file = (struct target_file){.fd = -1, .note_fd = -1};
    file->mark.table = target_copy(table);
    file->mark.run = target_copy("");
    file->mark.path = target_copy("");
    set->file = target_grow(set->file, (set->files + (size_t)1) * sizeof *set->file);
    set->file[set->files++] = file;
    return file;
}

void
target_file_close(struct target_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    if (file->note_fd >= 0)
        close(file->note_fd);
    file->fd = file->note_fd = -1;
    file->used = 0;
    file->length = file->pushed = 0;
    file->fresh = false;
}

void
target_file_free(struct target_file *file)
{
    target_file_close(file);
    target_mark_file_fini(&file->mark);
    free(file->head);
    free(file->bound);
    free(file->full);
    free(file->beside);
    free(file->buffer);
    free(file);
}

/* What is open on disk: the aside of a whole file, else the file itself. */
const char *
target_place(const struct target_set *set, const struct target_file *file)
{
    return set->whole ? file->beside : file->full;
}
