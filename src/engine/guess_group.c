/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: which members of an input are tables. Members whose names differ in numbers alone and whose first lines are alike are one
 * table; what is no rows is passed over, and told. A file that is no archive is one member without a name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fault.h"
#include "guess_parts.h"

#define TABLES_MAX 100

/* Members that are one table. */
struct group {
    uint32_t first;           /* the member it was made from */
    enum guess_kind kind;
    const char *glob, *wide;  /* wide: any numbers in the name */
    struct guess_bytes bytes; /* evidence of all of them */
    struct guess_dialect dialect;
    struct guess_names names;
    const char *line;         /* the first, as it lies there */
    size_t line_size;
    uint32_t members;
};

struct groups {
    struct guess *guess;
    const struct guess_sample *sample;
    struct group group[TABLES_MAX];
    uint32_t count, beyond;
    struct text passed;       /* the first reason why a member is no table */
    uint32_t passed_count;
    bool workbook;            /* what is zipped is a spreadsheet */
};

static void
evidence_add(struct guess_bytes *to, const struct guess_bytes *from)
{
    if (to->size == 0)
        memcpy(to->head, from->head, sizeof to->head);
    to->size += from->size;
    to->characters += from->characters;
    to->broken += from->broken;
    to->zero[0] += from->zero[0];
    to->zero[1] += from->zero[1];
    to->control += from->control;
    for (int i = 0x80; i < 0x100; i++)
        to->high[i] += from->high[i];
}

static void
first_line(const struct guess_part *part, const char **line, size_t *size)
{
    const char *end = memchr(part->head, '\n', part->head_size);

    *line = part->head;
    *size = end == NULL ? part->head_size : (size_t)(end - part->head);
}

/* Digits that may differ from member to member. */
static const char *
widen(const char *glob, struct arena *arena)
{
    char *wide = arena_text(arena, glob);
    size_t to = 0;

    for (const char *at = glob; *at != '\0'; at++) {
        if (*at >= '0' && *at <= '9') {
            if (to == 0 || wide[to - 1] != '*')
                wide[to++] = '*';
            continue;
        }
        wide[to++] = *at;
    }
    wide[to] = '\0';
    return wide;
}

static bool
first_line_same(const struct group *group, const struct guess_part *part)
{
    const char *line;
    size_t size;

    first_line(part, &line, &size);
    return size == group->line_size && memcmp(line, group->line, size) == 0;
}

/* Whether it is more of a table that is known. JSON lines bring their names with every line. */
static struct group *
group_of(struct groups *groups, const struct guess_part *part, const char *glob, const char *wide)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        struct group *group = &groups->group[i];
        bool named = group->kind == GUESS_ROWS && group->dialect.header;

        if (strcmp(group->glob, glob) == 0) {
            bool json_like = group->kind != GUESS_ROWS && part->head_size > 0 && part->head[0] == group->line[0];

            if (named ? first_line_same(group, part) : group->kind == GUESS_ROWS || json_like)
                return group;
        } else if (strcmp(group->wide, wide) == 0 && named && first_line_same(group, part)) {
            group->glob = group->wide;
            return group;
        }
    }
    return NULL;
}

/* Prose that lies beside data. */
static bool
is_prose(const struct guess_part *part, const struct guess_names *names)
{
    static const char *const endings[] = {".csv", ".tsv", ".psv", ".txt", ".dat", ".lst", ".out"};
    const char *base = strrchr(part->name, '/') == NULL ? part->name : strrchr(part->name, '/') + 1;
    size_t size = strlen(base);

    if (part->name[0] == '\0' || names->count > 1)
        return false;
    if (strncasecmp(base, "readme", 6) == 0 || strncasecmp(base, "licen", 5) == 0 || strncasecmp(base, "notice", 6) == 0)
        return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (size > strlen(endings[i]) && strcasecmp(base + size - strlen(endings[i]), endings[i]) == 0)
            return false;
    return true;
}

static void
pass_over(struct groups *groups, const struct guess_part *part, const char *why)
{
    if (groups->passed_count++ == 0) {
        if (part->name[0] != '\0')
            text_printf(&groups->passed, "%s is ", part->name);
        else
            text_put(&groups->passed, "it is ");
        text_put(&groups->passed, why);
    }
    if (part->name[0] != '\0' && groups->passed_count <= 8)
        guess_note(groups->guess, "member '%s' is passed over: it is %s", part->name, why);
    if (strncmp(part->name, "xl/", 3) == 0)
        groups->workbook = true;
}

/* One line that is an object with an array of objects in it is a document, unless its name says that it is JSON lines. */
static bool
is_one_document(const struct groups *groups, const struct guess_part *part, struct text *text)
{
    const char *name = part->name[0] != '\0' ? part->name : groups->sample->name, *end = memchr(text_end(text), '\n', text->size);

    if (strstr(name, ".jsonl") != NULL || strstr(name, ".ndjson") != NULL ||
        (end != NULL && strspn(end, " \t\r\n") < (size_t)(text->at + text->size - end)))
        return false;
    return guess_json_path(text_end(text), text->size, groups->guess->arena) != NULL;
}

static void
part_take(struct groups *groups, uint32_t index)
{
    struct guess_part *part = &groups->sample->part[index];
    struct arena *arena = groups->guess->arena;
    const char *glob = part->name[0] == '\0' ? "" : guess_path_member(part->name, arena), *foreign;
    const char *wide = widen(glob, arena);
    struct group *group = group_of(groups, part, glob, wide);
    struct text text = {0}, says = {0};
    enum guess_kind kind;

    if (group != NULL) {
        evidence_add(&group->bytes, &part->bytes);
        group->members++;
        return;
    }
    foreign = guess_bytes_foreign(part->head, part->head_size);
    group = &groups->group[groups->count];
    if (groups->count == TABLES_MAX) {
        groups->beyond++;
        return;
    }
    memset(group, 0, sizeof *group);
    if (foreign != NULL || !guess_bytes_encoding(&part->bytes, arena, &group->dialect)) {
        pass_over(groups, part, foreign != NULL ? foreign : part->bytes.size == 0 ? "empty" : "no text, but bytes of some other kind");
        return;
    }
    guess_bytes_decode(group->dialect.encoding, part->head, part->head_size, part->whole, &text);
    kind = guess_bytes_kind(text_end(&text), text.size, part->whole, &says);
    if (kind == GUESS_JSONL && part->whole && is_one_document(groups, part, &text))
        kind = GUESS_JSON;
    if (kind == GUESS_JSON) {
        group->dialect.path = guess_json_path(text_end(&text), text.size, arena);
        if (group->dialect.path == NULL) {
            text_put(&says, "a JSON document without an array of objects");
            kind = GUESS_OTHER;
        }
    }
    if (kind == GUESS_XML && !guess_xml_look(text_end(&text), text.size, arena, &group->dialect, &says))
        kind = GUESS_OTHER;
    if (kind == GUESS_EMPTY || kind == GUESS_OTHER) {
        pass_over(groups, part, kind == GUESS_EMPTY ? "empty" : text_end(&says));
    } else if (kind == GUESS_ROWS &&
               !guess_dialect_make(text_end(&text), text.size, part->whole, arena, &group->dialect, &group->names)) {
        text_printf(&says, "a file of fixed-width records: every line has %u characters and no delimiter divides them",
                    group->names.count);
        pass_over(groups, part, text_end(&says));
    } else if (kind == GUESS_ROWS && is_prose(part, &group->names)) {
        pass_over(groups, part, "prose");
    } else {
        if (kind == GUESS_JSONL || kind == GUESS_JSON)
            group->dialect.type = kind == GUESS_JSON ? "json" : "jsonl";
        group->first = index;
        group->kind = kind;
        group->glob = glob;
        group->wide = wide;
        group->members = 1;
        group->bytes = part->bytes;
        first_line(part, &group->line, &group->line_size);
        groups->count++;
    }
    text_fini(&text);
    text_fini(&says);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Does the glob take a member of another table? Then only the name itself will do. */
static const char *
member_of(const struct groups *groups, uint32_t index)
{
    const struct group *group = &groups->group[index];

    for (uint32_t i = 0; i < groups->sample->parts; i++) {
        const char *name = groups->sample->part[i].name;

        while (strncmp(name, "./", 2) == 0)
            name += 2;
        if (!text_glob(group->glob, name, true) || i == group->first)
            continue;
        if (group->members > 1 && (strcmp(guess_path_member(groups->sample->part[i].name, groups->guess->arena), group->glob) == 0 ||
                                   group->glob == group->wide))
            continue;
        name = groups->sample->part[group->first].name;
        while (strncmp(name, "./", 2) == 0)
            name += 2;
        return guess_path_literal(name, groups->guess->arena);
    }
    return group->glob;
}

static const char *
table_name(const struct groups *groups, uint32_t index)
{
    char stem[201];
    const char *name;

    guess_path_stem(groups->sample->part[groups->group[index].first].name, stem);
    if (groups->group[index].glob == groups->group[index].wide) /* part-01, part-02 */
        for (size_t size = strlen(stem); size > 1 && strchr("0123456789_-.", stem[size - 1]) != NULL; size--)
            stem[size - 1] = '\0';
    name = arena_text(groups->guess->arena, stem[0] == '\0' ? "table" : stem);
    for (uint32_t i = 0, n = 2; i < index; i++)
        if (strcmp(groups->guess->table[i].name, name) == 0) {
            name = arena_printf(groups->guess->arena, "%s_%u", stem[0] == '\0' ? "table" : stem, n++);
            i = (uint32_t)-1;
        }
    return name;
}

static void
table_make(const struct groups *groups, uint32_t index)
{
    struct guess *guess = groups->guess;
    const struct group *group = &groups->group[index];
    struct guess_table *table = &guess->table[index];
    bool archive = groups->sample->part[group->first].name[0] != '\0';

    table->dialect = group->dialect;
    guess_bytes_encoding(&group->bytes, guess->arena, &table->dialect);
    table->name = guess->tables_named ? table_name(groups, index) : guess->name;
    table->member = archive ? member_of(groups, index) : NULL;
    table->columns = group->dialect.header ? 0 : group->names.count; /* a header's names come as the format reads them */
    table->column = arena_zero(guess->arena, (table->columns + 1) * sizeof *table->column);
    for (uint32_t c = 0; c < table->columns; c++)
        table->column[c] = (struct guess_column){.name = group->names.name[c], .type = "text", .why = ""};
}

static int
nothing(struct groups *groups, struct daybreak_fault *fault)
{
    const char *name = groups->sample->name;

    if (groups->workbook)
        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': it is an Excel workbook", name);
    else if (groups->sample->parts == 0)
        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': the archive has no files", name);
    else
        fault_set(fault, DAYBREAK_HALT, "cannot guess from '%s': %s%s", name, text_end(&groups->passed),
                  groups->passed_count > 1 ? "; nor are its other members rows" : "");
    fault_hint(fault, "init reads CSV, JSON lines and JSON, also as .gz .zst .xz .bz2 and in tar, zip and 7z archives%s",
               groups->workbook ? ": save the sheet as CSV" : "");
    return fault_exit(fault, 65, "nothing-to-guess");
}

int
guess_group_make(struct guess *guess, const struct guess_sample *sample, struct daybreak_fault *fault)
{
    struct groups *groups = memory_zero(sizeof *groups);
    int result = 0;

    groups->guess = guess;
    groups->sample = sample;
    for (uint32_t i = 0; i < sample->parts; i++)
        part_take(groups, i);
    if (groups->passed_count > 8)
        guess_note(guess, "%u more members are passed over", groups->passed_count - 8);
    if (groups->beyond + sample->more > 0)
        guess_note(guess, "%u more members were not looked at: at most %d tables are guessed", groups->beyond + sample->more, TABLES_MAX);
    if (groups->count == 0) {
        result = nothing(groups, fault);
    } else {
        guess->tables = groups->count;
        guess->tables_named = groups->count > 1;
        guess->table = arena_zero(guess->arena, guess->tables * sizeof *guess->table);
        for (uint32_t i = 0; i < guess->tables; i++)
            table_make(groups, i);
    }
    text_fini(&groups->passed);
    free(groups);
    return result;
}
