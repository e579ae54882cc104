/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: a sample of text into records as one way of writing CSV would have it. Only to compare ways with each other: rows that
 * count are read by the format itself. A quote opens a cell only at its beginning, as there.
 */
#include <stdlib.h>
#include <string.h>

#include "guess_parts.h"

static struct guess_record *
record_new(struct guess_split *split)
{
    if (split->records == split->records_room) {
        split->records_room = split->records_room == 0 ? 256 : split->records_room * 2;
        split->record = memory_grow(split->record, split->records_room * sizeof *split->record);
    }
    return &split->record[split->records];
}

static void
cell_add(struct guess_split *split, uint32_t at, uint32_t size, bool quoted)
{
    if (split->cells == split->cells_room) {
        split->cells_room = split->cells_room == 0 ? 2048 : split->cells_room * 2;
        split->cell = memory_grow(split->cell, split->cells_room * sizeof *split->cell);
    }
    split->quoted += quoted;
    split->cell[split->cells++] = (struct guess_cell){at, size, quoted};
}

static bool
ends_cell(const struct guess_style *style, size_t delimiter, const char *text, size_t at, size_t size)
{
    return at >= size || text[at] == '\n' || text[at] == '\r' ||
           (at + delimiter <= size && memcmp(text + at, style->delimiter, delimiter) == 0);
}

/* Behind the closing quote of the cell whose text begins at ${at}; ${size} when there is none. */
static size_t
quoted_end(const struct guess_style *style, size_t delimiter, const char *text, size_t at, size_t size, uint32_t *lines,
           struct guess_split *split)
{
    for (; at < size; at++) {
        if (text[at] == '\n') {
            ++*lines;
        } else if (style->escape >= 0 && (unsigned char)text[at] == style->escape) {
            at++;
        } else if ((unsigned char)text[at] == style->quote) {
            if (at + 1 < size && (unsigned char)text[at + 1] == style->quote) {
                at++;
                continue;
            }
            if (text[at - 1] == '\\' && !ends_cell(style, delimiter, text, at + 1, size))
                split->escaped++;
            return at + 1;
        }
    }
    split->unclosed = true;
    return size;
}

void
guess_split_make(const struct guess_style *style, const char *text, size_t size, bool whole, size_t most, struct guess_split *split)
{
    size_t delimiter = strlen(style->delimiter), at = 0;
    uint32_t line = 0;

    split->text = text;
    split->cells = split->records = 0;
    split->unclosed = false;
    split->quoted = split->escaped = split->padded = 0;
    while (at < size && split->records < most) {
        struct guess_record *record;
        uint32_t first = (uint32_t)split->cells, lines = 0;
        size_t begin = at;

        if (text[at] == '\n' || text[at] == '\r') { /* a blank line */
            line += text[at] == '\n' || at + 1 == size || text[at + 1] != '\n';
            at++;
            continue;
        }
        for (;;) {
            size_t from = at, end;
            bool quoted;

            split->padded += at > begin && at < size && text[at] == ' ';
            while (style->trim && from < size && text[from] == ' ')
                from++;
            quoted = style->quote >= 0 && from < size && (unsigned char)text[from] == style->quote;
            if (quoted)
                at = quoted_end(style, delimiter, text, from + 1, size, &lines, split);
            while (!ends_cell(style, delimiter, text, at, size))
                at += style->escape >= 0 && (unsigned char)text[at] == style->escape && at + 1 < size ? 2 : 1;
            at = at < size ? at : size;
            for (end = at; style->trim && end > from && text[end - 1] == ' ';)
                end--;
            from = from < end ? from : end;
            if (quoted && end - from >= 2 && (unsigned char)text[end - 1] == style->quote)
                cell_add(split, (uint32_t)from + 1, (uint32_t)(end - from - 2), true);
            else
                cell_add(split, (uint32_t)from, (uint32_t)(end - from), false);
            if (at >= size || text[at] == '\n' || text[at] == '\r')
                break;
            at += delimiter;
        }
        if (at >= size && !whole)
            break; /* nobody knows where it ends */
        record = record_new(split);
        *record = (struct guess_record){.at = (uint32_t)begin, .end = (uint32_t)at, .cell = first,
                                        .cells = (uint32_t)split->cells - first, .line = line};
        split->records++;
        line += lines;
        if (at < size) {
            at += text[at] == '\r' && at + 1 < size && text[at + 1] == '\n' ? 2 : 1;
            line++;
        }
    }
}

void
guess_split_fini(struct guess_split *split)
{
    free(split->cell);
    free(split->record);
    *split = (struct guess_split){0};
}

char *
guess_split_text(const struct guess_split *split, const struct guess_style *style, const struct guess_cell *cell,
                 struct arena *arena)
{
    char *text = arena_bytes(arena, split->text + cell->at, cell->size), *to = text;

    for (uint32_t i = 0; i < cell->size; i++) {
        if ((style->escape >= 0 && (unsigned char)text[i] == style->escape && i + 1 < cell->size) ||
            (cell->quoted && (unsigned char)text[i] == style->quote && i + 1 < cell->size &&
             (unsigned char)text[i + 1] == style->quote))
            i++;
        *to++ = text[i];
    }
    *to = '\0';
    return text;
}
