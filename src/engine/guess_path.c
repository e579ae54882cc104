/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: what names of files say. Where a name holds a date, %-parts take its place, so that tomorrow's file is found too. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guess_parts.h"
#include "record/value.h"

/* ---- dates in names ----------------------------------------------------------------------- */

/* A date found in a name: which bytes, and what stands for them. */
struct stamp {
    size_t size;
    char pattern[40];
    bool timed; /* with a time of day */
};

static bool
digits_at(const char *at, unsigned count, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *value = *value * 10 + (unsigned)(at[i] - '0');
    }
    return true;
}

static bool
is_date(unsigned year, unsigned month, unsigned day)
{
    int y, m, d;

    if (year < 1970 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    value_civil(value_days((int)year, (int)month, (int)day), &y, &m, &d);
    return y == (int)year && m == (int)month && d == (int)day;
}

/* One way to write a day: digits and the separators between them, as the pattern has them; '-' stands for one of - _ . or nothing. */
static const struct way {
    const char *pattern;
    bool open; /* its separators may be left out */
} ways[] = {
    {"%Y-%m-%d", true}, {"%d-%m-%Y", false}, {"%m-%d-%Y", false}, {"%d%m%Y", false}, {"%Y%j", false}, {"%y%m%d", false}, {"%Y-%m", true},
};

/* Reads the digits of ${way} at ${at}, all separators being ${separator} (0: none). */
static bool
way_take(const struct way *way, const char *at, char separator, struct stamp *stamp)
{
    unsigned year = 0, month = 1, day = 1, of_year = 1;
    size_t size = 0, to = 0;

    for (const char *p = way->pattern; *p != '\0'; p++) {
        unsigned value, digits = *p == 'Y' ? 4 : *p == 'j' ? 3 : 2;

        if (*p == '-') {
            if (separator == 0)
                continue;
            if (at[size] != separator)
                return false;
            stamp->pattern[to++] = separator;
            size++;
            continue;
        }
        if (*p == '%')
            continue;
        if (!digits_at(at + size, digits, &value))
            return false;
        size += digits;
        year = *p == 'Y' ? value : *p == 'y' ? 2000 + value : year;
        month = *p == 'm' ? value : month;
        day = *p == 'd' ? value : day;
        of_year = *p == 'j' ? value : of_year;
        stamp->pattern[to++] = '%';
        stamp->pattern[to++] = *p;
    }
    stamp->pattern[to] = '\0';
    stamp->size = size;
    stamp->timed = false;
    return is_date(year, month, day) && of_year >= 1 && of_year <= 366 && (strchr(way->pattern, 'y') == NULL || year < 2050) &&
           (strchr(way->pattern, 'j') == NULL || year >= 2000);
}

/* Behind a whole day: "T0210", "_02-10-30", "021030". */
static void
time_take(const char *at, struct stamp *stamp)
{
    size_t lead = strchr("T_-.t ", at[0]) != NULL && at[0] != '\0', size, to = strlen(stamp->pattern);
    unsigned hour, minute, second;
    char separator;

    if (!digits_at(at + lead, 2, &hour) || hour > 23)
        return;
    separator = strchr("-_.:h", at[lead + 2]) != NULL ? at[lead + 2] : '\0';
    size = lead + 2 + (separator != '\0');
    if (!digits_at(at + size, 2, &minute) || minute > 59)
        return;
    size += 2;
    to += (size_t)snprintf(stamp->pattern + to, sizeof stamp->pattern - to, "%.*s%%H%.1s%%M", (int)lead, at,
                           separator == '\0' ? "" : at + lead + 2);
    if ((separator == '\0' || at[size] == separator) && digits_at(at + size + (separator != '\0'), 2, &second) && second <= 60) {
        size += 2u + (separator != '\0');
        snprintf(stamp->pattern + to, sizeof stamp->pattern - to, "%.1s%%S", separator == '\0' ? "" : at + lead + 2);
    }
    if (isdigit((unsigned char)at[size]) || /* more digits than a time has: it is none; _0001 numbers the files of a day */
        (size == lead + 4 && hour == 0 && lead > 0 && (at[0] | 0x20) != 't')) {
        stamp->pattern[strcspn(stamp->pattern, "H") - 1] = '\0';
        stamp->pattern[strlen(stamp->pattern) - lead] = '\0';
        return;
    }
    stamp->size += size;
    stamp->timed = true;
}

static bool
stamp_at(const char *at, const struct way *way, struct stamp *stamp)
{
    static const char separators[] = {'-', '_', '.', '\0'};
    bool whole = strchr(way->pattern, 'd') != NULL || strchr(way->pattern, 'j') != NULL;

    for (size_t i = 0; i < sizeof separators; i++) {
        if (separators[i] == '\0' && strchr(way->pattern, '-') != NULL && !way->open)
            continue;
        if (!way_take(way, at, separators[i], stamp))
            continue;
        if (whole)
            time_take(at + stamp->size, stamp);
        if (!isdigit((unsigned char)at[stamp->size]))
            return true;
    }
    return false;
}

/* The first date of one component, by the surest way of writing that finds one. */
static bool
stamp_find(const char *name, size_t size, size_t *from, struct stamp *stamp)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t i = 0; i < size; i++)
            if ((i == 0 || !isdigit((unsigned char)name[i - 1])) && isdigit((unsigned char)name[i]) &&
                stamp_at(name + i, &ways[w], stamp) && i + stamp->size <= size) {
                *from = i;
                return true;
            }
    return false;
}

/* ---- patterns ------------------------------------------------------------------------------- */

static void
put_literal(struct text *out, const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text_char(out, strchr("*?[%", at[i]) != NULL && at[i] != '\0' ? '?' : at[i]);
}

static const char *
keep(struct text *text, struct arena *arena)
{
    const char *result = arena_text(arena, text_end(text));

    text_fini(text);
    return result;
}

const char *
guess_path_literal(const char *path, struct arena *arena)
{
    struct text out = {0};

    put_literal(&out, path, strlen(path));
    return keep(&out, arena);
}

/* One component with its date as %-parts and further ones as *; false: it has none. */
static bool
put_component(struct text *out, const char *at, size_t size, bool *timed)
{
    struct stamp stamp;
    size_t from;
    bool found = false;

    while (size > 0 && stamp_find(at, size, &from, &stamp)) {
        put_literal(out, at, from);
        text_put(out, found ? "*" : stamp.pattern);
        *timed |= !found && stamp.timed;
        found = true;
        at += from + stamp.size;
        size -= from + stamp.size;
    }
    put_literal(out, at, size);
    return found;
}

/* Folders YYYY/MM/DD. */
static bool
put_tree(struct text *out, const char *at, size_t *size)
{
    unsigned year, month, day;

    if (!digits_at(at, 4, &year) || at[4] != '/' || !digits_at(at + 5, 2, &month) || at[7] != '/' || !digits_at(at + 8, 2, &day) ||
        (at[10] != '/' && at[10] != '\0') || !is_date(year, month, day))
        return false;
    text_put(out, "%Y/%m/%d");
    *size = 10;
    return true;
}

const char *
guess_path_pattern(const char *path, struct arena *arena, bool *timed, const char **why)
{
    struct text out = {0};
    bool found = false;

    *timed = false;
    for (const char *at = path; *at != '\0';) {
        size_t size = strcspn(at, "/");

        if (put_tree(&out, at, &size))
            found = true;
        else if (size > 0 && strncmp(at, "..", size) != 0)
            found |= put_component(&out, at, size, timed);
        else
            text_add(&out, at, size);
        at += size;
        for (; *at == '/'; at++)
            text_char(&out, '/');
    }
    if (!found) {
        text_fini(&out);
        return NULL;
    }
    *why = "the name holds a date: each file is one dump, in the order of their dates";
    return keep(&out, arena);
}

const char *
guess_path_wider(const char *pattern, struct arena *arena)
{
    const char *last = strrchr(pattern, '%'), *behind;
    size_t size;

    if (last == NULL || last[1] == '\0')
        return NULL;
    behind = last + 2;
    size = strcspn(behind, "._-/ *");
    return size == 0 ? NULL : arena_printf(arena, "%.*s*%s", (int)(behind - pattern), pattern, behind + size);
}

/* ---- folders ----------------------------------------------------------------------------------- */

static const char *
folder_of(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? "." : arena_bytes(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

const char *
guess_path_relative(const char *path, const char *folder, struct arena *arena)
{
    const char *base = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1, *result;
    char *of = realpath(folder_of(path, arena), NULL), *to = realpath(folder, NULL);
    struct text out = {0};
    size_t same = 0, i = 0;

    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (of == NULL || to == NULL) {
        result = arena_text(arena, path);
        goto done;
    }
    for (;; i++) { /* the common folders */
        bool end_of = of[i] == '/' || of[i] == '\0', end_to = to[i] == '/' || to[i] == '\0';

        if (end_of && end_to)
            same = i;
        if (of[i] != to[i] || of[i] == '\0')
            break;
    }
    if (path[0] == '/' && to[same] != '\0') { /* it was given absolutely and lies elsewhere */
        result = arena_text(arena, path);
        goto done;
    }
    if (same <= 1 && to[1] != '\0') {
        result = arena_printf(arena, "%s%s%s", of, of[1] == '\0' ? "" : "/", base);
        goto done;
    }
    for (const char *up = to + same; *up != '\0'; up++)
        if (*up == '/' && up[1] != '\0')
            text_put(&out, "../");
    if (of[same] != '\0' && of[same + 1] != '\0')
        text_printf(&out, "%s/", of + same + (of[same] == '/'));
    text_put(&out, base);
    result = keep(&out, arena);
done:
    free(of);
    free(to);
    return result;
}

/* ---- names ------------------------------------------------------------------------------------- */

static size_t
without_endings(const char *name, size_t size)
{
    static const char *const endings[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".zip", ".tar", ".tgz", ".7z", ".csv", ".tsv", ".psv",
                                          ".txt", ".dat", ".jsonl", ".ndjson", ".json", ".xml", ".out", ".lst", ".log", ".done"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);

        if (size > length && strncasecmp(name + size - length, endings[i], length) == 0) {
            size -= length;
            i = (size_t)-1;
        }
    }
    return size;
}

void
guess_path_stem(const char *name, char to[201])
{
    const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
    size_t size = without_endings(base, strlen(base)), used = 0, from;
    struct stamp stamp;

    while (size > 0) {
        bool found = stamp_find(base, size, &from, &stamp);
        size_t take = found ? from : size;

        for (size_t i = 0; i < take && used < 200; i++) {
            unsigned char c = (unsigned char)base[i];

            to[used++] = isalnum(c) || c >= 0x80 || strchr("_-.", c) != NULL ? (char)c : '_';
        }
        while (used > 0 && strchr("_-.", to[used - 1]) != NULL)
            used--;
        if (!found)
            break;
        base += from + stamp.size;
        size -= from + stamp.size;
        if (size == 1 && isalnum((unsigned char)*base)) /* 2025-06-09a */
            size = 0;
    }
    used = text_utf8_cut(to, used, 60); /* it names a table too */
    to[used] = '\0';
    from = strspn(to, "_-.");
    memmove(to, to + from, used - from + 1);
}

void
guess_name(const char *from, char name[201])
{
    guess_path_stem(from, name);
    if (name[0] == '\0')
        snprintf(name, 201, "%s", "pipeline");
}

const char *
guess_path_member(const char *name, struct arena *arena)
{
    const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;
    struct text out = {0};
    bool timed = false;
    char *text;
    size_t to = 0;

    if (base > name)
        text_put(&out, "*/");
    put_component(&out, base, strlen(base), &timed);
    text = arena_text(arena, text_end(&out));
    text_fini(&out);
    for (size_t i = 0; text[i] != '\0'; i++) { /* a member's time is nothing: any digits will do */
        if (text[i] != '%') {
            text[to++] = text[i];
            continue;
        }
        i++;
        if (to == 0 || text[to - 1] != '*')
            text[to++] = '*';
        while (text[i + 1] != '\0' && (text[i + 1] == '%' || (text[i + 2] == '%' && strchr("-_.T", text[i + 1]) != NULL)))
            i += text[i + 1] == '%' ? 2 : 1;
    }
    text[to] = '\0';
    return text;
}
