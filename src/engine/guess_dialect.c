/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: how a CSV is written. Every likely way splits a sample, and the one that gives the most lines the same number of
 * cells is taken; quotes, escapes and long delimiters only where they explain more. What names the columns is guess_header.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guess_parts.h"

#define TRY_BYTES (256u << 10)
#define TRY_RECORDS 2000
#define RECORDS 5000

/* alone: what would speak for it, did it not stand alone in some cell. */
static const struct {
    const char *delimiter;
    double bonus;
    char alone;
    const char *says;
} delimiters[] = {
    {",", 1, 0, "comma"},        {";", 1, 0, "semicolon"},  {"\t", 1, 0, "tab"},      {"|", 1, 0, "bar"},
    {"||", 1.5, '|', "two bars"}, {"|~|", 1.5, '|', "|~|"},     {"~|~", 1.5, '|', "~|~"}, {"|^|", 1.5, '|', "|^|"},
    {"^|^", 1.5, '|', "^|^"},     {"\t|\t", 1.5, '|', "tab, bar, tab"}, {" | ", 1.5, '|', "bar between blanks"},
    {"::", 1.5, 0, "two colons"}, {";;", 1.5, ';', "two semicolons"},
    {"^", 0.5, 0, "caret"},      {"~", 0.5, 0, "tilde"},    {"\x1f", 1, 0, "unit separator"},
    {"\x01", 1, 0, "byte 1"},    {"\x02", 1, 0, "byte 2"}, {":", 0, 0, "colon"},
};

#define DELIMITERS (sizeof delimiters / sizeof *delimiters)

/* What one way of writing makes of the sample. */
struct attempt {
    struct guess_style style;
    uint32_t columns; /* of most records */
    double share;     /* of the records that have so many */
    double score;
    bool unclosed;
    uint32_t quoted, escaped, padded, cells;
};

static int
by_number(const void *a, const void *b)
{
    uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

    return one < two ? -1 : one > two;
}

/* The count that most records have. */
static uint32_t
common_count(const struct guess_split *split, uint32_t *records)
{
    uint32_t *counts = memory_need((split->records + 1) * sizeof *counts), best = 0, result = 0;
    size_t from = 0;

    for (size_t i = 0; i < split->records; i++)
        counts[i] = split->record[i].cells;
    qsort(counts, split->records, sizeof *counts, by_number);
    for (size_t i = 1; i <= split->records; i++) {
        if (i < split->records && counts[i] == counts[from])
            continue;
        if (i - from > best || (i - from == best && counts[from] > result)) {
            best = (uint32_t)(i - from);
            result = counts[from];
        }
        from = i;
    }
    free(counts);
    *records = best;
    return result;
}

/* Of the unquoted cells: how many hold ${c}, and how many hold what else might divide cells. */
static void
cells_look(const struct guess_split *split, char c, uint32_t *with, double *impure)
{
    size_t looked = split->cells < 4000 ? split->cells : 4000, others = 0;

    *with = 0;
    for (size_t i = 0; i < looked; i++) {
        const struct guess_cell *cell = &split->cell[i];

        if (cell->quoted)
            continue;
        *with += c != 0 && memchr(split->text + cell->at, c, cell->size) != NULL;
        others += memchr(split->text + cell->at, ';', cell->size) != NULL || memchr(split->text + cell->at, '|', cell->size) != NULL ||
                  memchr(split->text + cell->at, '\t', cell->size) != NULL;
    }
    *impure = looked == 0 ? 0 : (double)others / (double)looked;
}

/* Lines that may well have another number of cells: comments, and what opens and closes a file. */
static size_t
excused(const struct guess_split *split, uint32_t columns)
{
    size_t count = 0;

    if (split->records >= 4)
        count = (split->record[0].cells != columns && split->text[split->record[0].at] != '#') +
                (split->record[split->records - 1].cells != columns && split->text[split->record[split->records - 1].at] != '#');
    for (size_t i = 0; i < split->records; i++)
        count += split->text[split->record[i].at] == '#' && split->record[i].cells != columns;
    return count;
}

static void
attempt_make(struct attempt *attempt, size_t which, int quote, int escape, bool trim, const char *text, size_t size, bool whole,
             struct guess_split *split)
{
    uint32_t same, with;
    double impure;

    memset(attempt, 0, sizeof *attempt);
    memcpy(attempt->style.delimiter, delimiters[which].delimiter, strlen(delimiters[which].delimiter) + 1);
    attempt->style.quote = quote;
    attempt->style.escape = escape;
    attempt->style.trim = trim;
    guess_split_make(&attempt->style, text, size, whole, TRY_RECORDS, split);
    attempt->unclosed = split->unclosed && (whole || split->records == 0);
    attempt->quoted = split->quoted;
    attempt->escaped = split->escaped;
    attempt->padded = split->padded;
    attempt->cells = (uint32_t)split->cells;
    if (split->records == 0)
        return;
    attempt->columns = common_count(split, &same);
    attempt->share = (double)same / (double)(split->records - excused(split, attempt->columns));
    cells_look(split, delimiters[which].alone, &with, &impure);
    attempt->score = attempt->share * 100 + (split->record[0].cells == attempt->columns ? 4 : 0) - impure * 3 +
                     (attempt->columns < 50 ? attempt->columns : 50) * 0.02 + (with > 0 ? 0 : delimiters[which].bonus) -
                     (attempt->unclosed ? 50 : 0);
    if (attempt->columns < 2)
        attempt->score = 0;
}

static bool
has(const char *text, size_t size, const char *part)
{
    return memmem(text, size, part, strlen(part)) != NULL;
}

/* The best of the ways to quote, for one delimiter. */
static void
attempt_delimiter(struct attempt *best, size_t which, const char *text, size_t size, bool whole, struct guess_split *split)
{
    struct attempt other;
    char escaped[GUESS_DELIMITER_MAX + 2] = "\\", padded[GUESS_DELIMITER_MAX + 3];

    attempt_make(best, which, '"', -1, false, text, size, whole, split);
    memcpy(escaped + 1, delimiters[which].delimiter, strlen(delimiters[which].delimiter) + 1);
    if (best->escaped > 0 || has(text, size, escaped)) {
        attempt_make(&other, which, '"', '\\', false, text, size, whole, split);
        if ((best->escaped > 0 && other.share >= best->share) || other.share > best->share + 0.001)
            *best = other;
    }
    snprintf(padded, sizeof padded, "%s \"", delimiters[which].delimiter);
    if (has(text, size, padded)) { /* blanks in front of quotes */
        attempt_make(&other, which, '"', best->style.escape, true, text, size, whole, split);
        if (other.quoted > best->quoted && other.share >= best->share)
            *best = other;
    }
    if (best->quoted == 0 && memchr(text, '\'', size) != NULL) {
        attempt_make(&other, which, '\'', -1, false, text, size, whole, split);
        if (other.quoted * 10 >= other.cells * 3 && other.columns > 0 && !other.unclosed) {
            *best = other;
            return;
        }
    }
    if (memchr(text, '"', size) == NULL)
        return;
    attempt_make(&other, which, -1, -1, false, text, size, whole, split);
    if ((best->unclosed && other.share >= best->share) || other.share > best->share + 0.005)
        *best = other;
}

/* Every line as long as all others, with blanks that align: columns by their place. */
static uint32_t
fixed_width(const struct guess_split *split)
{
    uint32_t width = 0, gaps = 0;

    if (split->records < 3)
        return 0;
    for (size_t i = 0; i < split->records; i++) {
        const char *at = split->text + split->record[i].at;
        uint32_t size = split->record[i].end - split->record[i].at, characters = (uint32_t)text_utf8_count(at, size);

        if (i == 0)
            width = characters;
        if (characters != width)
            return 0;
        gaps += memmem(at, size, "  ", 2) != NULL;
    }
    return width >= 20 && gaps * 2 >= split->records ? width : 0;
}

/* One column: the first delimiter that stands nowhere, so that nothing divides its lines. */
static void
take_single(const char *text, size_t size, struct guess_dialect *dialect)
{
    static const char *const unused[] = {",", ";", "\t", "|", "\x1f"};
    size_t i = 0;

    while (i + 1 < sizeof unused / sizeof *unused && has(text, size, unused[i]))
        i++;
    memcpy(dialect->delimiter, unused[i], strlen(unused[i]) + 1);
    dialect->delimiter_why = "one column: nothing divides the lines alike";
    dialect->quote = has(text, size, "\n\"") || text[0] == '"' ? '"' : -1;
    if (dialect->quote < 0 && memchr(text, '"', size) == NULL)
        dialect->quote = '"';
}

/* Lines that begin with a mark and have another number of cells. */
static const char *
comment_of(const struct guess_split *split, uint32_t columns)
{
    static const char *const marks[] = {"#", "//", "--"};

    for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
        size_t size = strlen(marks[m]), odd = 0, even = 0;

        for (size_t i = 0; i < split->records; i++) {
            const struct guess_record *record = &split->record[i];

            if (record->end - record->at < size || memcmp(split->text + record->at, marks[m], size) != 0)
                continue;
            if (record->cells == columns)
                even++;
            else
                odd++;
        }
        if (odd > 0 && even == 0)
            return marks[m];
    }
    return NULL;
}

static const char *
quote_why(const struct attempt *attempt, struct arena *arena)
{
    if (attempt->style.quote == '\'')
        return arena_printf(arena, "%u of %u fields stand in single quotes", attempt->quoted, attempt->cells);
    if (attempt->style.quote < 0)
        return "with double quotes as quotes the lines would not come out alike";
    return attempt->style.escape >= 0 ? "a backslash makes the next character plain text" : NULL;
}

struct guess_style
guess_dialect_style(const struct guess_dialect *dialect)
{
    struct guess_style style = {.quote = dialect->quote, .escape = dialect->escape, .trim = dialect->trim};

    memcpy(style.delimiter, dialect->delimiter, sizeof style.delimiter);
    return style;
}

bool
guess_dialect_make(const char *text, size_t size, bool whole, struct arena *arena, struct guess_dialect *dialect,
                   struct guess_names *names)
{
    size_t tried = size < TRY_BYTES ? size : TRY_BYTES, chosen = DELIMITERS;
    struct guess_split split = {0};
    struct attempt best = {.score = 0};
    struct guess_style style;
    bool good = true;

    dialect->type = "csv";
    dialect->escape = -1;
    dialect->quote = '"';
    for (size_t i = 0; i < DELIMITERS; i++) {
        struct attempt attempt;

        if (!has(text, tried, delimiters[i].delimiter))
            continue;
        attempt_delimiter(&attempt, i, text, tried, whole && tried == size, &split);
        if (attempt.score <= best.score)
            continue;
        best = attempt;
        chosen = i;
    }
    if (chosen == DELIMITERS || best.share < 0.6 || (chosen == DELIMITERS - 1 && best.share < 1)) {
        best.columns = 1;
        take_single(text, tried, dialect);
    } else {
        memcpy(dialect->delimiter, best.style.delimiter, sizeof dialect->delimiter);
        dialect->quote = best.style.quote;
        dialect->escape = best.style.escape;
        dialect->quote_why = quote_why(&best, arena);
        dialect->trim = best.style.trim || (best.padded > 0 && best.padded * 10 >= (best.cells - best.cells / best.columns) * 9);
        if (dialect->trim)
            dialect->trim_why = best.style.trim ? "blanks stand in front of quotes" : "blanks stand behind the delimiters";
        dialect->delimiter_why = arena_printf(arena, "%s: %u columns in every line", delimiters[chosen].says, best.columns);
        if (best.share < 1)
            dialect->delimiter_why = arena_printf(arena, "%s: %u columns in %.1f %% of the lines", delimiters[chosen].says, best.columns,
                                                  best.share * 100);
    }
    style = guess_dialect_style(dialect);
    guess_split_make(&style, text, size, whole, RECORDS, &split);
    if (best.columns == 1 && fixed_width(&split) > 0) {
        names->count = fixed_width(&split);
        good = false;
    } else {
        dialect->comment = comment_of(&split, best.columns);
        guess_header_make(&split, best.columns, arena, dialect, names);
    }
    guess_split_fini(&split);
    return good;
}
