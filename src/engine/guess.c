/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: the order of it. Bytes, then members and dialects, then all rows as text, then all rows with their types; what a person
 * should know is collected on the way. Writes nothing.
 */
#include "engine/guess.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "guess_parts.h"

void
guess_note(struct guess *guess, const char *note, ...)
{
    const char **notes = arena_alloc(guess->arena, (guess->notes + 1) * sizeof *notes);
    struct text text = {0};
    char *room;
    va_list args;

    va_start(args, note);
    room = text_room(&text, 1024);
    vsnprintf(room, 1024, note, args);
    va_end(args);
    if (guess->notes > 0)
        memcpy(notes, guess->note, guess->notes * sizeof *notes);
    notes[guess->notes++] = arena_text(guess->arena, room);
    guess->note = notes;
    text_fini(&text);
}

/* ---- the file --------------------------------------------------------------------------------- */

static bool
is_glob(const char *path)
{
    struct stat stat;

    return strpbrk(path, "*?[") != NULL && lstat(path, &stat) != 0;
}

static int
file_check(const char *path, struct daybreak_fault *fault)
{
    struct stat stat;

    if (lstat(path, &stat) != 0) {
        int error = errno;

        fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", path, strerror(error));
        if (error == EACCES)
            return fault_exit(fault, 77, "no-permission");
        if (path[0] != '/')
            fault_hint(fault, "the path is relative to the current folder");
        return fault_exit(fault, 66, "no-file");
    }
    if (S_ISDIR(stat.st_mode)) {
        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': it is a folder", path);
        fault_hint(fault, "name a file of it, or all of a kind: --from '%s%s*.csv'", path, path[strlen(path) - 1] == '/' ? "" : "/");
        return fault_exit(fault, 65, "is-folder");
    }
    if (S_ISLNK(stat.st_mode)) {
        char *whole = realpath(path, NULL);

        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': it is a link, and runs read no links", path);
        fault_hint(fault, whole == NULL ? "it leads nowhere" : "name the file it leads to: %s", whole);
        free(whole);
        return fault_exit(fault, 65, "is-link");
    }
    if (!S_ISREG(stat.st_mode)) {
        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': it is no regular file", path);
        return fault_exit(fault, 65, "no-regular-file");
    }
    if (access(path, R_OK) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", path, strerror(errno));
        return fault_exit(fault, 77, "no-permission");
    }
    return 0;
}

static const char *
folder_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? "." : arena_bytes(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

/* ---- the path ----------------------------------------------------------------------------------- */

static void
path_literal(struct guess *guess, const char *base)
{
    guess->path = guess_path_literal(base, guess->arena);
    guess->path_why = "the name holds no date: whenever this file is written anew, it is the next dump";
    guess->matches = 1;
}

/* A glob as it was given, seen from where the pipeline file will lie. */
static const char *
glob_relative(const char *glob, const char *folder, struct arena *arena)
{
    const char *wild = strpbrk(glob, "*?[");
    char *here, *to;
    const char *result = glob;

    while (strncmp(result, "./", 2) == 0)
        result += 2;
    if (glob[0] == '/')
        return glob;
    here = realpath(".", NULL);
    to = realpath(folder, NULL);
    if (here != NULL && to != NULL && strcmp(here, to) != 0) {
        while (wild > glob && wild[-1] != '/')
            wild--;
        /* a name in the folder in front of the first wildcard, which is there */
        result = guess_path_relative(arena_printf(arena, "%.*sx", (int)(wild - glob), glob), folder, arena);
        result = arena_printf(arena, "%.*s%s", (int)strlen(result) - 1, result, wild);
    }
    free(here);
    free(to);
    return result;
}

static void
path_make(struct guess *guess, const struct guess_request *request, const struct guess_sample *sample)
{
    struct arena *arena = guess->arena;
    const char *folder = folder_of(request->output, arena), *base = guess_path_relative(sample->name, folder, arena), *pattern, *wider;
    const char *why = "";
    char clock[CLOCK_TEXT_ROOM];
    bool timed, found, glob = is_glob(request->from);

    pattern = guess_path_pattern(base, arena, &timed, &why);
    if (pattern != NULL) {
        guess->matches = guess_sample_matches(pattern, folder, base, &found);
        wider = guess_path_wider(pattern, arena);
        if (wider != NULL) {
            bool also;
            uint32_t more = guess_sample_matches(wider, folder, base, &also);

            if (also && (more > guess->matches || !found)) {
                pattern = wider;
                guess->matches = more;
                found = true;
            }
        }
        if (!found)
            pattern = NULL;
    }
    if (glob) {
        const char *given = glob_relative(request->from, folder, arena);
        uint32_t all = guess_sample_matches(given, folder, base, &found);

        if (pattern == NULL || all != guess->matches) {
            guess->path = given;
            guess->path_why = "as you gave it: each file is one dump, in the order of their names";
            guess->matches = all;
            return;
        }
    }
    if (pattern == NULL) {
        path_literal(guess, base);
        return;
    }
    guess->path = pattern;
    guess->path_why = why;
    if (!timed && sample->visible_at_us != DAYBREAK_NO_TIME) {
        clock_text(sample->visible_at_us, clock);
        guess->at = arena_printf(arena, "%.5s", clock + 11);
    }
}

/* ---- what the target asks for --------------------------------------------------------------------- */

static void
clash_find(struct guess_table *table)
{
    static const char *const ours[] = {"_event_id", "_op", "_changed_at", "_batch", "_position", "_context"};

    for (uint32_t c = 0; c < table->columns; c++)
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            if (strcasecmp(table->column[c].name, ours[i]) == 0)
                table->clash = table->column[c].name;
}

#define SQL_NAME 64 /* bytes that a column's name may have in a target */

static bool
is_taken(const struct guess_table *table, uint32_t before, const char *name)
{
    for (uint32_t k = 0; k < before; k++)
        if (strcasecmp(table->column[k].name, name) == 0)
            return true;
    return false;
}

/* Names that differ only in case are one name to SQL, and very long ones are none. */
static void
rename_find(struct guess *guess, struct guess_table *table)
{
    const char **old = NULL, **new = NULL;
    struct daybreak_map *map;
    size_t count = 0;

    if (table->columns > 1000)
        return; /* a table of SQL hardly has so many */
    for (uint32_t c = 0; c < table->columns; c++) {
        const char *name = table->column[c].name;
        size_t size = strlen(name);

        if (size <= SQL_NAME && !is_taken(table, c, name))
            continue;
        if (old == NULL) {
            old = arena_alloc(guess->arena, table->columns * sizeof *old);
            new = arena_alloc(guess->arena, table->columns * sizeof *new);
        }
        old[count] = name;
        for (uint32_t n = c + 1;; n += table->columns) {
            size_t k = 0;

            new[count] = arena_printf(guess->arena, "%.*s_%u", (int)text_utf8_cut(name, size, SQL_NAME - 8), name, n);
            while (k < count && strcasecmp(new[k], new[count]) != 0)
                k++;
            if (k == count && !is_taken(table, table->columns, new[count]))
                break;
        }
        count++;
    }
    if (count == 0)
        return;
    map = arena_alloc(guess->arena, sizeof *map);
    *map = (struct daybreak_map){old, new, count};
    table->rename = map;
    guess_note(guess, "table '%s' has names that differ only in case or are too long for SQL: '%.80s' is renamed to '%s'",
               table->name, old[0], new[0]);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static void
tables_tell(struct guess *guess, const struct guess_sample *sample, struct guess_pass *pass)
{
    int64_t now_us = sample->visible_at_us != DAYBREAK_NO_TIME ? sample->visible_at_us : clock_now_us();

    for (uint32_t t = 0; t < guess->tables; t++) {
        struct guess_table *table = &guess->table[t];

        guess_type_changed(table, pass[t].tally, now_us, guess->arena);
        clash_find(table);
        rename_find(guess, table);
        if (table->dialect.type != NULL && table->rows == 0)
            guess_note(guess, "%s%s has no rows: types cannot be told", guess->tables_named ? "table " : "the file",
                       guess->tables_named ? table->name : "");
        if (table->bad > 0)
            guess_note(guess, "%" PRId64 " of %" PRId64 " rows%s%s cannot be read and will be set aside: %s", table->bad, table->rows,
                       guess->tables_named ? " of " : "", guess->tables_named ? table->name : "", table->bad_why);
    }
    if (guess->limited || sample->cut_short)
        guess_note(guess, "not all rows were looked at: the guesses are as good as those that were");
    if (guess->matches > 1)
        guess_note(guess, "%u files match now: the first run takes them one after another, the oldest first", guess->matches);
}

static int
rows_learn(const struct guess_request *request, struct guess *guess, const struct guess_sample *sample, struct daybreak_fault *fault)
{
    struct guess_pass *pass = memory_zero(guess->tables * sizeof *pass);
    int result = guess_pass_rows(request, guess, pass, fault);

    if (result == 0) {
        result = guess_prove(request, guess, pass, fault);
        if (result != 0 && fault->kind == DAYBREAK_ASIDE) { /* what was taken for a trailer was none */
            bool any = false;

            for (uint32_t t = 0; t < guess->tables; t++) {
                any |= guess->table[t].dialect.trailer_starts != NULL;
                guess->table[t].dialect.trailer_starts = NULL;
            }
            if (any) {
                *fault = (struct daybreak_fault){0};
                result = guess_prove(request, guess, pass, fault);
            }
        }
    }
    if (result == 0) {
        path_make(guess, request, sample);
        tables_tell(guess, sample, pass);
        guess_manifest_find(guess, sample);
    } else if (fault->kind == DAYBREAK_ASIDE) {
        fault->kind = DAYBREAK_HALT;
        if (strstr(fault->what, guess->from) == NULL)
            fault_within(fault, "cannot read '%s'", guess->from);
        fault_exit(fault, 65, "unreadable-input");
    }
    for (uint32_t t = 0; t < guess->tables; t++)
        guess_pass_fini(&pass[t]);
    free(pass);
    return result;
}

int
guess_make(const struct guess_request *request, struct guess **out, struct daybreak_fault *fault)
{
    bool glob = is_glob(request->from);
    struct arena *arena = arena_new();
    struct guess *guess = arena_zero(arena, sizeof *guess);
    struct guess_sample sample = {.parts = 0};
    char name[201];
    int result;

    guess->arena = arena;
    result = glob ? 0 : file_check(request->from, fault);
    if (result == 0)
        result = guess_sample_read(request, glob ? request->from : guess_path_literal(request->from, arena), arena, &sample, fault);
    if (result != 0)
        goto failed;
    guess->from = sample.name;
    guess->packed = sample.packed;
    guess_name(sample.name, name);
    guess->name = arena_text(arena, request->name != NULL ? request->name : name);
    result = guess_group_make(guess, &sample, fault);
    if (result == 0)
        result = rows_learn(request, guess, &sample, fault);
    guess_sample_fini(&sample);
    if (result == 0) {
        *out = guess;
        return 0;
    }
failed:
    arena_free(arena);
    return -1;
}

void
guess_free(struct guess *guess)
{
    if (guess != NULL)
        arena_free(guess->arena);
}
