/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing, the first pass over all rows: every cell as text. Counts what types and keys are made of, and finds the trailer, which is the
 * one row behind which there is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fault.h"
#include "guess_parts.h"

/* ---- rows ---------------------------------------------------------------------------------- */

struct first {
    const struct guess_request *request;
    struct guess *guess;
    struct guess_pass *pass;
};

static void
row_count(struct guess *guess, struct guess_pass *pass, const struct guess_row *row)
{
    struct guess_table *table = &guess->table[row->table];

    table->rows++;
    if (row->bad != NULL) {
        if (table->bad++ == 0)
            table->bad_why = arena_printf(guess->arena, "line %" PRIu64 ": %s", row->line, row->bad_detail);
        return;
    }
    for (uint32_t c = 0; c < pass->tallies; c++)
        guess_tally_add(&pass->tally[c], row->cell[c].at, row->cell[c].size, row->written[c], row->line);
    guess_keys_row(pass->keys, row->cell);
}

static void
hold(struct guess_held *held, const struct guess_row *row, uint32_t cells)
{
    size_t at = 0;

    if (cells > held->room) {
        held->room = cells;
        held->cell = memory_grow(held->cell, cells * sizeof *held->cell);
        held->written = memory_grow(held->written, cells * sizeof *held->written);
    }
    text_clear(&held->bytes);
    for (uint32_t c = 0; c < cells; c++)
        if (row->cell[c].size != DAYBREAK_NULL)
            text_add(&held->bytes, row->cell[c].at, row->cell[c].size);
    text_add(&held->bytes, row->raw, row->raw_size);
    if (row->bad != NULL)
        text_put(&held->bytes, row->bad_detail);
    text_end(&held->bytes);
    held->row = *row;
    for (uint32_t c = 0; c < cells; c++) {
        held->cell[c] = row->cell[c];
        held->written[c] = row->written[c];
        if (row->cell[c].size == DAYBREAK_NULL)
            continue;
        held->cell[c].at = held->bytes.at + at;
        at += row->cell[c].size;
    }
    held->row.raw = held->bytes.at + at;
    at += row->raw_size;
    held->row.bad_detail = held->bytes.at + at;
    held->row.cell = held->cell;
    held->row.written = held->written;
    held->cells = cells;
    held->there = true;
}

static void
held_count(struct guess *guess, struct guess_pass *pass)
{
    struct guess_held *held = &pass->held;

    if (!held->there)
        return;
    while (held->cells < pass->tallies) { /* columns that came later */
        if (held->cells == held->room) {
            held->room += 16;
            held->cell = memory_grow(held->cell, held->room * sizeof *held->cell);
            held->written = memory_grow(held->written, held->room * sizeof *held->written);
        }
        held->cell[held->cells] = (struct daybreak_text){"", DAYBREAK_NULL};
        held->written[held->cells++] = GUESS_PLAIN;
    }
    held->row.cell = held->cell;
    held->row.written = held->written;
    row_count(guess, pass, &held->row);
    held->there = false;
}

static void
tallies_grow(struct guess_pass *pass, const struct guess_table *table, const struct guess_request *request)
{
    if (pass->tallies < table->columns) {
        pass->tally = memory_grow(pass->tally, table->columns * sizeof *pass->tally);
        memset(pass->tally + pass->tallies, 0, (table->columns - pass->tallies) * sizeof *pass->tally);
        for (; pass->tallies < table->columns; pass->tallies++)
            pass->tally[pass->tallies].null = table->rows;
    }
    if (pass->keys == NULL) {
        pass->keys = guess_keys_new(table->columns, request->memory_bytes);
        pass->keyed = table->columns;
        guess_keys_columns(pass->keys);
    }
}

static bool
first_row(void *context, const struct guess_row *row)
{
    struct first *first = context;
    struct guess_pass *pass = &first->pass[row->table];

    tallies_grow(pass, &first->guess->table[row->table], first->request);
    held_count(first->guess, pass);
    if (row->last)
        hold(&pass->held, row, pass->tallies);
    else
        row_count(first->guess, pass, row);
    return true;
}

/* ---- trailers ------------------------------------------------------------------------------- */

static bool
is_trailer_word(const char *at, size_t size)
{
    static const char *const words[] = {"trailer", "trl", "trail", "tr", "tlr", "footer", "ftr", "eof", "end", "total", "totals", "sum",
                                        "count", "rows", "records", "99", "999", "9999", "zz", "t", "z", "#eof", "9"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == size && strncasecmp(words[i], at, size) == 0)
            return true;
    return false;
}

/* The whole number that a field is, -1: none. */
static int64_t
number_of(const char *at, size_t size)
{
    int64_t value = 0;

    if (size == 0 || size > 15)
        return -1;
    for (size_t i = 0; i < size; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* "(12 rows affected)": its number is the rows. */
static bool
is_rows_said(const char *at, size_t size, int64_t rows)
{
    size_t i = 0, digits = 0;

    if (size < 8 || size > 60)
        return false;
    i += at[0] == '(';
    while (i + digits < size && at[i + digits] >= '0' && at[i + digits] <= '9')
        digits++;
    return number_of(at + i, digits) == rows && (memmem(at, size, "row", 3) != NULL || memmem(at, size, "record", 6) != NULL);
}

/* Is the last row no data? Rows that look like others stay rows. */
static void
trailer_find(struct guess *guess, uint32_t t, struct guess_held *held)
{
    struct guess_table *table = &guess->table[t];
    struct guess_dialect *dialect = &table->dialect;
    struct guess_style style = guess_dialect_style(dialect);
    struct guess_split split = {0};
    uint32_t filled = 0, count = 0, numbers = 0;
    const struct guess_cell *cell;
    bool odd;

    if (!held->there || strcmp(dialect->type, "csv") != 0 || held->row.raw_size > 1000 || held->row.raw_size == 0)
        return;
    guess_split_make(&style, held->row.raw, held->row.raw_size, true, 1, &split);
    if (split.records == 0)
        goto done;
    cell = split.cell;
    odd = split.record[0].cells != table->columns;
    for (uint32_t i = 0; i < split.record[0].cells; i++) {
        int64_t number = number_of(split.text + cell[i].at, cell[i].size);

        filled += cell[i].size > 0;
        numbers += i > 0 && number >= 0;
        if (number == table->rows && count == 0 && (i > 0 || odd))
            count = i + 1;
    }
    if (odd && split.record[0].cells == 1 && is_rows_said(held->row.raw, held->row.raw_size, table->rows)) {
        dialect->trailer_starts = arena_bytes(guess->arena, held->row.raw, held->row.raw[0] == '(' ? 1 : 0);
        if (dialect->trailer_starts[0] == '\0')
            dialect->trailer_starts = NULL; /* it begins with the number itself */
        else
            held->there = false;
    } else if (cell[0].size > 0 && split.record[0].cells > 1 &&
               ((odd && count > 1) || (is_trailer_word(split.text + cell[0].at, cell[0].size) &&
                                       (odd || count > 1 || (numbers > 0 && filled <= 3 && filled < table->columns))))) {
        dialect->trailer_starts = arena_printf(guess->arena, "%.*s%s", (int)(cell[0].at + cell[0].size + cell[0].quoted),
                                               held->row.raw, style.delimiter);
        dialect->trailer_count = count > 1 ? count : 0;
        held->there = false;
        if (count <= 1 && numbers > 0)
            guess_note(guess, "the trailer '%.*s' has no field with the number of rows, %" PRId64 ": its number is not checked",
                       (int)(held->row.raw_size < 60 ? held->row.raw_size : 60), held->row.raw, table->rows);
    }
done:
    guess_split_fini(&split);
}

/* ---- after it -------------------------------------------------------------------------------- */

void
guess_pass_fini(struct guess_pass *pass)
{
    free(pass->tally);
    guess_keys_free(pass->keys);
    free(pass->held.cell);
    free(pass->held.written);
    text_fini(&pass->held.bytes);
    *pass = (struct guess_pass){.tally = NULL};
}

static void
forget(struct guess *guess, struct guess_pass *pass)
{
    for (uint32_t t = 0; t < guess->tables; t++) {
        guess_pass_fini(&pass[t]);
        guess->table[t].rows = guess->table[t].bad = 0;
    }
}

/* A quote opened somewhere and never closed: perhaps none of them are quotes. */
static bool
quotes_off(struct guess *guess)
{
    bool changed = false;

    for (uint32_t t = 0; t < guess->tables; t++) {
        struct guess_dialect *dialect = &guess->table[t].dialect;

        if (strcmp(dialect->type, "csv") != 0 || dialect->quote < 0)
            continue;
        dialect->quote = -1;
        if (dialect->header)
            guess->table[t].columns = 0; /* their names are read anew */
        dialect->quote_why = "a quote is opened and never closed: they are read as plain characters";
        changed = true;
    }
    return changed;
}

/* Columns that came after the first row were in no key. */
static bool
columns_came(const struct guess *guess, const struct guess_pass *pass)
{
    bool came = false;

    for (uint32_t t = 0; t < guess->tables; t++)
        came |= pass[t].keys != NULL && pass[t].keyed < guess->table[t].columns;
    return came;
}

int
guess_pass_rows(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct daybreak_fault *fault)
{
    struct first first = {request, guess, pass};
    int result = guess_read(request, guess, false, first_row, &first, fault);

    if (result != 0 && fault->kind == DAYBREAK_ASIDE && strstr(fault->what, "never closed") != NULL && quotes_off(guess)) {
        struct daybreak_fault again = {0};

        forget(guess, pass);
        result = guess_read(request, guess, false, first_row, &first, &again);
        if (result == 0)
            *fault = (struct daybreak_fault){0};
    }
    if (result == 0 && columns_came(guess, pass)) {
        forget(guess, pass);
        result = guess_read(request, guess, false, first_row, &first, fault);
    }
    for (uint32_t t = 0; t < guess->tables && result == 0; t++) {
        tallies_grow(&pass[t], &guess->table[t], request); /* a table without a row */
        if (!guess->limited)
            trailer_find(guess, t, &pass[t].held);
        held_count(guess, &pass[t]);
        guess_type_table(&guess->table[t], pass[t].tally, guess->arena);
    }
    return result;
}
