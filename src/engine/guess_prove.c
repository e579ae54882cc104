/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing, the second pass over all rows: with the types that came of the first, so that no row will be set aside by a guess, and
 * with the keys that are left to choose from, counted to the last row.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "guess_parts.h"

/* ---- candidates ----------------------------------------------------------------------------- */

#define KEY_NAMED 25   /* a score from which a name is one of a key */
#define KEY_SURE 60
#define KEY_NONE (-20) /* below: unique by chance, as measures and times are */

/* Names of what tells apart rows that share an id: order lines, versions, places. */
static bool
tells_apart(const char *name)
{
    return guess_word_in(name, "line|lineno|pos|position|seq|sequence|item|row|part|version|revision|rev|lang|language|locale|year|month|"
                               "date|day|site|plant|store|warehouse|currency|country|zeile|werk|lager|nr|no|number|id|code|key");
}

static uint32_t
single_find(const struct guess_table *table, const struct guess_pass *pass, int64_t tolerated, int least, int *score)
{
    uint32_t best = UINT32_MAX;

    *score = least - 1;
    for (uint32_t c = 0; c < pass->tallies && c < table->columns; c++) {
        struct guess_keys_answer answer = {.counted = false};
        int own = guess_keys_score(table, pass->tally, c);

        if (own <= *score || pass->tally[c].values == 0 || pass->tally[c].null + pass->tally[c].empty > tolerated)
            continue;
        guess_keys_ask(pass->keys, c, &answer);
        if (!answer.counted || answer.twice + answer.keyless > tolerated)
            continue;
        best = c;
        *score = own;
    }
    return best;
}

static void
try_add(struct guess_try *tries, uint32_t *count, uint32_t room, const struct guess_try *try)
{
    for (uint32_t i = 0; i < *count; i++)
        if (tries[i].columns == try->columns && memcmp(tries[i].column, try->column, try->columns * sizeof *try->column) == 0)
            return;
    if (*count < room)
        tries[(*count)++] = *try;
}

static int
average_of(const struct guess_try *try)
{
    return try->score + (int)try->columns * 100;
}

static bool
joins(const struct guess_table *table, const struct guess_try *try, uint32_t column)
{
    bool with = false, told = true;

    for (uint32_t i = 0; i < try->columns; i++) {
        with |= try->column[i] == column;
        told &= try->column[i] == column || tells_apart(table->column[try->column[i]].name);
    }
    return with && told;
}

/* Columns that may be the key, the preferred first. */
static uint32_t
tries_find(const struct guess_table *table, const struct guess_pass *pass, struct guess_try *tries, uint32_t room)
{
    struct guess_try several[64], single;
    uint32_t count = 0, severals, near, column;
    int score;

    if (table->rows == 0) { /* nothing but names */
        for (uint32_t c = 0; c < table->columns; c++) {
            int own = guess_word_key(table->column[c].name, table->name) + (c == 0 ? 15 : 0);

            if (own >= KEY_SURE && (count == 0 || own > tries[0].score)) {
                tries[0] = (struct guess_try){.column = {c}, .columns = 1, .score = own};
                count = 1;
            }
        }
        return count;
    }
    column = single_find(table, pass, 0, KEY_NAMED, &score);
    if (column != UINT32_MAX) {
        tries[0] = (struct guess_try){.column = {column}, .columns = 1, .score = score};
        return 1;
    }
    severals = guess_keys_pick(pass->keys, table, pass->tally, several, 64);
    near = table->rows < 50 ? UINT32_MAX : single_find(table, pass, table->rows / 50, KEY_SURE, &score);
    single = (struct guess_try){.column = {near}, .columns = 1, .score = score};
    for (uint32_t i = 0; near != UINT32_MAX && i < severals; i++)
        if (several[i].columns == 2 && joins(table, &several[i], near))
            try_add(tries, &count, room, &several[i]);
    if (near != UINT32_MAX) {
        try_add(tries, &count, room, &single);
        return count;
    }
    for (uint32_t i = 0; i < severals && count + 2 < room; i++)
        if (average_of(&several[i]) >= 40)
            try_add(tries, &count, room, &several[i]);
    column = single_find(table, pass, 0, KEY_NONE, &score);
    if (column != UINT32_MAX && (column == 0 || table->rows >= 50)) { /* few rows differ in many columns */
        single = (struct guess_try){.column = {column}, .columns = 1, .score = score};
        try_add(tries, &count, room, &single);
    }
    for (uint32_t i = 0; i < severals && table->rows >= 200; i++)
        try_add(tries, &count, room, &several[i]);
    return count;
}

/* ---- the pass ----------------------------------------------------------------------------------- */

#define TRIES 12
#define SHARES 64  /* passes at most for keys that memory does not hold */
#define AGAIN 4    /* passes until no value contradicts its column's type */
#define SAMPLES 2
#define SAMPLE_CELL 120

struct misfit {
    int64_t count;
    uint64_t line;
    const char *detail;
};

struct proof {
    struct guess_try tries[TRIES];
    const uint32_t *column[TRIES];
    uint32_t columns[TRIES];
    uint32_t count;
    bool given;             /* the person said it */
    struct misfit *misfit;  /* by column */
    struct daybreak_text *sample;
    uint32_t samples;
    int64_t rows;
};

struct second {
    struct guess *guess;
    struct guess_pass *pass;
    struct proof *proof;    /* by table */
};

static bool
may_be_shown(const struct guess_table *table, const struct proof *proof, const struct guess_row *row)
{
    for (uint32_t c = 0; c < table->columns; c++)
        if (row->cell[c].size != DAYBREAK_NULL && row->cell[c].size > SAMPLE_CELL)
            return false;
    for (uint32_t i = 0; proof->count > 0 && i < proof->tries[0].columns; i++)
        if (row->cell[proof->tries[0].column[i]].size == DAYBREAK_NULL || row->cell[proof->tries[0].column[i]].size == 0)
            return false;
    return true;
}

static void
sample_keep(struct guess *guess, struct proof *proof, const struct guess_row *row, uint32_t columns)
{
    struct daybreak_text *cell;

    if (proof->sample == NULL)
        proof->sample = arena_zero(guess->arena, SAMPLES * (columns + 1) * sizeof *proof->sample);
    cell = proof->sample + (size_t)proof->samples++ * columns;
    for (uint32_t c = 0; c < columns; c++) {
        cell[c] = row->cell[c];
        if (cell[c].size != DAYBREAK_NULL)
            cell[c].at = arena_bytes(guess->arena, cell[c].at, cell[c].size);
    }
}

static bool
second_row(void *context, const struct guess_row *row)
{
    struct second *second = context;
    struct guess_table *table = &second->guess->table[row->table];
    struct proof *proof = &second->proof[row->table];
    bool typed = row->bad != NULL && row->bad_column != UINT32_MAX && strncmp(row->bad, "bad_", 4) == 0;

    proof->rows++;
    if (typed && proof->misfit != NULL) {
        struct misfit *misfit = &proof->misfit[row->bad_column];

        if (misfit->count++ == 0) {
            misfit->line = row->line;
            misfit->detail = arena_text(second->guess->arena, row->bad_detail);
        }
    } else if (row->bad != NULL && !typed) {
        return true;
    }
    guess_keys_row(second->pass[row->table].keys, row->cell);
    if (proof->samples < SAMPLES && row->bad == NULL && may_be_shown(table, proof, row))
        sample_keep(second->guess, proof, row, table->columns);
    return true;
}

/* A column whose values do not all have its type is text. true: there was one. */
static bool
misfits_mend(struct guess *guess, struct proof *proof)
{
    bool any = false;

    for (uint32_t t = 0; t < guess->tables; t++)
        for (uint32_t c = 0; c < guess->table[t].columns; c++) {
            struct guess_column *column = &guess->table[t].column[c];
            const struct misfit *misfit = &proof[t].misfit[c];

            if (misfit->count == 0)
                continue;
            column->doubt = arena_printf(guess->arena, "%" PRId64 " value%s no %s; line %" PRIu64 ": %s", misfit->count,
                                         misfit->count == 1 ? " is" : "s are", column->type, misfit->line, misfit->detail);
            column->type = "text";
            column->pattern = NULL;
            any = true;
        }
    return any;
}

static void
proofs_begin(struct guess *guess, struct guess_pass *pass, struct proof *proof)
{
    for (uint32_t t = 0; t < guess->tables; t++) {
        if (proof[t].misfit == NULL)
            proof[t].misfit = memory_need((guess->table[t].columns + 1) * sizeof *proof[t].misfit);
        memset(proof[t].misfit, 0, (guess->table[t].columns + 1) * sizeof *proof[t].misfit);
        proof[t].rows = proof[t].samples = 0;
        guess_keys_try(pass[t].keys, proof[t].column, proof[t].columns, proof[t].count);
    }
}

static int
typed_pass(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct proof *proof,
           struct daybreak_fault *fault)
{
    struct second second = {guess, pass, proof};

    for (int i = 0; i < AGAIN; i++) {
        proofs_begin(guess, pass, proof);
        if (guess_read(request, guess, true, second_row, &second, fault) != 0)
            return -1;
        if (!misfits_mend(guess, proof))
            break;
    }
    return 0;
}

/* The shares of the keys that memory did not hold at once. */
static int
other_shares(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct proof *proof,
             struct daybreak_fault *fault)
{
    struct second second = {guess, pass, proof};
    struct guess_keys_answer answer;
    uint32_t share = 1;

    for (uint32_t t = 0; t < guess->tables; t++)
        if (proof[t].count > 0) {
            guess_keys_ask(pass[t].keys, 0, &answer);
            share = answer.share > share ? answer.share : share;
        }
    for (uint32_t part = 1; part < share && part < SHARES; part++) {
        for (uint32_t t = 0; t < guess->tables; t++) {
            guess_keys_part(pass[t].keys, part);
            proof[t].rows = 0; /* the same rows once more */
        }
        if (guess_read(request, guess, false, second_row, &second, fault) != 0)
            return -1;
    }
    if (share > SHARES)
        guess_note(guess, "keys were compared for %u of %u shares of the rows: all together would take too long", SHARES, share);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------------------------ */

static const char *
grouped(struct arena *arena, int64_t count)
{
    char digits[24], *to = arena_alloc(arena, 40);
    size_t size = text_number(count, digits), at = 0;

    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            to[at++] = ',';
        to[at++] = digits[i];
    }
    to[at] = '\0';
    return to;
}

static void
key_take(struct guess *guess, struct guess_table *table, const struct proof *proof, uint32_t which,
         const struct guess_keys_answer *answer)
{
    const struct guess_try *try = &proof->tries[which];
    const char **item = arena_alloc(guess->arena, (try->columns + 1) * sizeof *item);
    const char *rows = grouped(guess->arena, proof->rows), *named;

    for (uint32_t i = 0; i < try->columns; i++)
        item[i] = table->column[try->column[i]].name;
    table->key = (struct daybreak_list){item, try->columns};
    table->keyless = answer->keyless;
    named = proof->given                                                 ? ", as you said"
            : try->columns == 1 && try->score >= KEY_SURE                 ? "; its name says so too"
            : try->columns == 1 && try->score < KEY_NAMED && proof->rows > 0 ? "; nothing else tells that it is a key"
                                                                          : "";
    if (proof->rows == 0)
        table->key_why = proof->given ? "as you said; there is no row to prove it" : "its name says so; there is no row to prove it";
    else if (try->columns > 1)
        table->key_why = arena_printf(guess->arena, "together they are different in all %s rows%s%s", rows,
                                      proof->given ? "" : ", no column is alone", named);
    else
        table->key_why = proof->rows == 1 ? arena_printf(guess->arena, "the only row has it%s", named)
                                          : arena_printf(guess->arena, "different in all %s rows, never empty%s", rows, named);
    if (proof->rows > 0 && proof->rows < 10 && !proof->given)
        table->key_doubt = "so few rows prove little";
    if (answer->twice + answer->keyless > 0) {
        table->key_why = arena_printf(guess->arena, "different in %s of %s rows%s",
                                      grouped(guess->arena, proof->rows - answer->twice - answer->keyless), rows, named);
        table->key_doubt = answer->twice > 0 && answer->keyless > 0
                               ? arena_printf(guess->arena, "%s rows have the key of another row and %s have none: they are set aside",
                                              grouped(guess->arena, answer->twice), grouped(guess->arena, answer->keyless))
                           : answer->twice > 0 ? arena_printf(guess->arena, "%s row%s the key of another, different row: both are set aside",
                                                              grouped(guess->arena, answer->twice), answer->twice == 1 ? " has" : "s have")
                                               : arena_printf(guess->arena, "%s row%s no key: %s set aside",
                                                              grouped(guess->arena, answer->keyless), answer->keyless == 1 ? " has" : "s have",
                                                              answer->keyless == 1 ? "it is" : "they are");
    }
    if (!answer->counted) {
        table->key_why = "as you said";
        table->key_doubt = "many rows have no key of their own by it: they are set aside";
    }
    if (guess->limited)
        table->key_doubt = "only the rows looked at prove it";
}

static void
key_settle(struct guess *guess, uint32_t t, const struct guess_pass *pass, const struct proof *proof)
{
    struct guess_table *table = &guess->table[t];
    struct guess_keys_answer answer;

    for (uint32_t i = 0; i < proof->count; i++) {
        guess_keys_ask(pass->keys, i, &answer);
        if (answer.counted && answer.twice == 0 && answer.keyless == 0) {
            key_take(guess, table, proof, i, &answer);
            return;
        }
    }
    for (uint32_t i = 0; i < proof->count; i++) {
        guess_keys_ask(pass->keys, i, &answer);
        if (proof->given || (answer.counted && proof->tries[i].columns == 1 && proof->tries[i].score >= KEY_SURE && proof->rows >= 50 &&
                             (answer.twice + answer.keyless) * 50 <= proof->rows)) {
            key_take(guess, table, proof, i, &answer);
            return;
        }
    }
    table->key_why = "no column, and no few columns together, are different in every row: rows are only appended";
    table->key_doubt = "without a key a dump that comes again whole is appended again whole";
}

static int
given_find(const struct guess_request *request, const struct guess_table *table, struct guess_try *try, struct daybreak_fault *fault)
{
    const char **names = memory_need((table->columns + 1) * sizeof *names);

    for (uint32_t c = 0; c < table->columns; c++)
        names[c] = table->column[c].name;
    *try = (struct guess_try){.columns = 0};
    for (size_t k = 0; k < request->key.count; k++) {
        uint32_t c = 0;
        const char *nearest;

        while (c < table->columns && strcmp(names[c], request->key.item[k]) != 0)
            c++;
        if (c < table->columns) {
            try->column[try->columns++] = c;
            continue;
        }
        nearest = text_nearest(request->key.item[k], names, table->columns);
        fault_set(fault, DAYBREAK_HALT, "--key: table '%s' has no column '%s'", table->name, request->key.item[k]);
        if (nearest != NULL)
            fault_hint(fault, "did you mean '%s'?", nearest);
        free(names);
        return fault_exit(fault, 64, "unknown-column");
    }
    free(names);
    return 0;
}

int
guess_prove(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct daybreak_fault *fault)
{
    struct proof *proof = memory_zero(guess->tables * sizeof *proof);
    int result = 0;

    if (request->key.count > 4) {
        free(proof);
        fault_set(fault, DAYBREAK_HALT, "--key takes at most 4 columns");
        return fault_exit(fault, 64, "usage");
    }
    for (uint32_t t = 0; t < guess->tables && result == 0; t++) {
        proof[t].given = request->key.count > 0;
        proof[t].count = 1;
        if (proof[t].given)
            result = given_find(request, &guess->table[t], &proof[t].tries[0], fault);
        else
            proof[t].count = tries_find(&guess->table[t], &pass[t], proof[t].tries, TRIES);
        for (uint32_t i = 0; i < proof[t].count; i++) {
            proof[t].column[i] = proof[t].tries[i].column;
            proof[t].columns[i] = proof[t].tries[i].columns;
        }
    }
    if (result == 0)
        result = typed_pass(request, guess, pass, proof, fault);
    if (result == 0)
        result = other_shares(request, guess, pass, proof, fault);
    for (uint32_t t = 0; t < guess->tables; t++) {
        if (result == 0) {
            key_settle(guess, t, &pass[t], &proof[t]);
            guess->table[t].rows = proof[t].rows;
            guess->table[t].sample = proof[t].sample;
            guess->table[t].samples = proof[t].samples;
        }
        free(proof[t].misfit);
    }
    free(proof);
    return result;
}
