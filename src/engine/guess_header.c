/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: where the data of a CSV begins, whether its first line names the columns, and what they are called if it does not. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guess_parts.h"

#define LOOKED 300   /* records compared with the first one */
#define PREAMBLE 50  /* records that may stand before it */

struct header {
    const struct guess_split *split;
    const struct guess_style style;
    uint32_t columns;      /* that most records have */
    const char *comment;
    struct arena *arena;
};

static bool
is_comment(const struct header *h, const struct guess_record *record)
{
    size_t size = h->comment == NULL ? 0 : strlen(h->comment);

    return size > 0 && record->end - record->at >= size && memcmp(h->split->text + record->at, h->comment, size) == 0;
}

static const struct guess_cell *
cell_of(const struct header *h, const struct guess_record *record, uint32_t column)
{
    return column < record->cells ? &h->split->cell[record->cell + column] : NULL;
}

/* A number, a date, a truth value: what no name is. */
static bool
is_typed(const struct header *h, const struct guess_cell *cell)
{
    struct guess_tally tally = {0};

    guess_tally_add(&tally, h->split->text + cell->at, cell->size, GUESS_PLAIN, 1);
    return tally.values == 1 && (tally.odd_line[0] == 0 || tally.dates == 1 || tally.words[0] + tally.words[1] > 0);
}

/* 1900 to 2100: years do name columns. */
static bool
is_year(const struct header *h, const struct guess_cell *cell)
{
    const char *at = h->split->text + cell->at;

    return cell->size == 4 && (memcmp(at, "19", 2) == 0 || memcmp(at, "20", 2) == 0) && at[2] >= '0' && at[2] <= '9' &&
           at[3] >= '0' && at[3] <= '9';
}

static bool
is_name(const struct header *h, const struct guess_cell *cell)
{
    const char *at = h->split->text + cell->at;

    if (cell->size == 0 || cell->size > 80 || is_typed(h, cell))
        return false;
    for (uint32_t i = 0; i < cell->size; i++)
        if (at[i] == '\n' || at[i] == '@' || (at[i] == '/' && i + 1 < cell->size && at[i + 1] == '/'))
            return false;
    return true;
}

static bool
all_names(const struct header *h, const struct guess_record *record)
{
    for (uint32_t i = 0; i < record->cells; i++)
        if (!is_name(h, cell_of(h, record, i)))
            return false;
    return record->cells > 0;
}

static bool
same_cell(const struct header *h, const struct guess_cell *a, const struct guess_cell *b)
{
    return a->size == b->size && memcmp(h->split->text + a->at, h->split->text + b->at, a->size) == 0;
}

/* Votes of one column: does its first cell differ from what stands below it as a name does? */
static int
vote(const struct header *h, size_t first, uint32_t column)
{
    const struct guess_cell *name = cell_of(h, &h->split->record[first], column);
    uint32_t typed = 0, filled = 0, again = 0, years = 0, alike = 0;
    const struct guess_cell *above = NULL;

    for (size_t i = first + 1; i < h->split->records && i <= first + LOOKED; i++) {
        const struct guess_cell *cell = cell_of(h, &h->split->record[i], column);

        if (cell == NULL || cell->size == 0 || is_comment(h, &h->split->record[i]))
            continue;
        filled++;
        typed += is_typed(h, cell);
        years += is_year(h, cell);
        again += same_cell(h, cell, name);
        alike += above != NULL && same_cell(h, cell, above);
        above = cell;
    }
    if (name->size == 0)
        return -2;
    if (is_typed(h, name))
        return is_year(h, name) && years == 0 ? 0 : -6;
    if (filled > 0 && typed * 10 >= filled * 9)
        return 6;
    if (again > 0)
        return -3;
    return !is_name(h, name) ? -1 : alike > 2 ? 2 : 1; /* values come again, but never this one */
}

static bool
decide(const struct header *h, size_t first, struct guess_dialect *dialect)
{
    const struct guess_record *record = &h->split->record[first];
    int sum = 0, most = 0;

    for (uint32_t i = 0; i < record->cells; i++) {
        int votes = vote(h, first, i);

        sum += votes;
        most = votes > most ? votes : most;
    }
    dialect->header_why = sum <= 0   ? "the first line looks like the others"
                          : most > 1 ? "the first line has names where the others have values"
                                     : "assumed: the first line has no value, but nothing in the others proves it";
    dialect->header_doubt = sum > 0 && most <= 1;
    return sum > 0;
}

/* ---- names -------------------------------------------------------------------------------- */

static bool
taken(const char *const *name, uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(name[i], text) == 0)
            return true;
    return false;
}

/* The name, or one like it that no column has yet. */
static const char *
name_free(struct arena *arena, const char *const *name, uint32_t count, const char *text)
{
    const char *result = text;

    for (uint32_t i = 2; taken(name, count, result); i++)
        result = arena_printf(arena, "%s_%u", text, i);
    return result;
}

static void
names_number(struct arena *arena, uint32_t count, struct guess_names *names)
{
    names->name = arena_alloc(arena, (count + 1) * sizeof *names->name);
    names->count = count;
    names->own = true;
    for (uint32_t i = 0; i < count; i++)
        names->name[i] = arena_printf(arena, "c%u", i + 1);
}

/* The header's names as they stand; where they cannot be (empty, or twice) they are mended and `fields` must say them. */
static void
names_take(const struct header *h, const struct guess_record *record, uint32_t before, struct guess_names *names)
{
    uint32_t count = record->cells + before;

    names->name = arena_alloc(h->arena, (count + 1) * sizeof *names->name);
    names->own = before > 0;
    for (names->count = 0; names->count < count; names->count++) {
        uint32_t i = names->count;
        const char *text = i < before ? "row" : guess_split_text(h->split, &h->style, cell_of(h, record, i - before), h->arena);
        bool bad = text[0] == '\0' || !text_utf8(text, strlen(text));

        if (bad)
            text = arena_printf(h->arena, "c%u", i + 1);
        names->own |= bad || taken(names->name, i, text);
        names->name[i] = name_free(h->arena, names->name, i, text);
    }
}

/* ---- ragged lines ----------------------------------------------------------------------------- */

static bool
surplus_empty(const struct header *h, size_t from, uint32_t columns, uint32_t *longer, uint32_t *shorter)
{
    bool empty = true;

    *longer = *shorter = 0;
    for (size_t i = from; i < h->split->records; i++) {
        const struct guess_record *record = &h->split->record[i];

        if (is_comment(h, record))
            continue;
        *longer += record->cells > columns;
        *shorter += record->cells < columns;
        for (uint32_t k = columns; k < record->cells; k++)
            empty &= cell_of(h, record, k)->size == 0;
    }
    return empty;
}

static void
ragged_find(const struct header *h, size_t from, struct guess_dialect *dialect, uint32_t columns)
{
    uint32_t longer, shorter;
    bool empty = surplus_empty(h, from, columns, &longer, &shorter);
    size_t records = h->split->records - from;

    if (longer > 0 && empty && shorter == 0) {
        dialect->ragged = "cut";
        dialect->ragged_why = arena_printf(h->arena, "%u lines end with a delimiter too many", longer);
    } else if (shorter >= 3 && longer == 0 && shorter * 50 >= records) {
        dialect->ragged = "pad";
        dialect->ragged_why = arena_printf(h->arena, "%u lines leave out fields at their end", shorter);
    }
}

/* ---- the beginning ------------------------------------------------------------------------------ */

/* The first record that is as most are, and so are those behind it. */
static size_t
first_record(const struct header *h)
{
    const struct guess_split *split = h->split;

    for (size_t i = 0; i < split->records && i < PREAMBLE; i++) {
        size_t same = 0, looked = 0;

        if (split->record[i].cells != h->columns || is_comment(h, &split->record[i]))
            continue;
        for (size_t k = i; k < split->records && k < i + 10; k++) {
            looked += !is_comment(h, &split->record[k]);
            same += split->record[k].cells == h->columns;
        }
        if (same * 10 >= looked * 6)
            return i;
    }
    return 0;
}

static bool
anything_before(const struct header *h, size_t first)
{
    for (size_t i = 0; i < first; i++)
        if (!is_comment(h, &h->split->record[i]))
            return true;
    return false;
}

void
guess_header_make(const struct guess_split *split, uint32_t columns, struct arena *arena, struct guess_dialect *dialect,
                  struct guess_names *names)
{
    struct header h = {.split = split, .style = guess_dialect_style(dialect), .columns = columns, .comment = dialect->comment,
                       .arena = arena};
    size_t first = first_record(&h), header = first;
    const struct guess_record *record;
    uint32_t longer, shorter, before = 0;

    *names = (struct guess_names){.count = 0};
    dialect->header = true;
    if (split->records == 0)
        return;
    /* a header with one name more or less than the lines below have cells */
    if (first > 0 && !is_comment(&h, &split->record[first - 1]) && split->record[first - 1].cells > 1 &&
        (split->record[first - 1].cells + 1 == columns || split->record[first - 1].cells == columns + 1) &&
        all_names(&h, &split->record[first - 1]) && !all_names(&h, &split->record[first]))
        header = first - 1;
    record = &split->record[header];
    dialect->header = header < first || decide(&h, first, dialect);
    if (header < first)
        dialect->header_why = "the first line has names where the others have values";
    dialect->skip = anything_before(&h, header) ? record->line : 0;
    if (!dialect->header) {
        names_number(arena, columns, names);
        ragged_find(&h, header, dialect, columns);
        return;
    }
    if (record->cells + 1 == columns && !surplus_empty(&h, header + 1, record->cells, &longer, &shorter))
        before = 1; /* the first column is one of row names, without a name of its own */
    names_take(&h, record, before, names);
    ragged_find(&h, header + 1, dialect, names->count);
    if (names->own) {
        dialect->header = false;
        dialect->skip = record->line + 1;
        dialect->header_why = before > 0 ? "the header has one name less than the lines have fields: the names stand in fields instead"
                                         : "the header has names that are empty or come twice: the names stand in fields instead";
    }
}
