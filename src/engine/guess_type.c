/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: types out of counts. A column gets a type only when every value of it has that type and nothing is lost by it; what
 * nearly has one stays text, and the doubt says how nearly and where not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "guess_parts.h"
#include "record/value.h"

/* What is decided for the whole table before its columns. */
struct reading_of {
    struct guess_table *table;
    const struct guess_tally *tally;
    struct arena *arena;
    int null_word;      /* index, -1: none */
    bool undecided;     /* nothing tells whether a comma or a point stands in front of fractions */
    char order;         /* of days and months, as another column settles it; 0 */
    const char *order_of;
};

static const char *
count_text(struct arena *arena, int64_t count)
{
    char digits[24], *to = arena_alloc(arena, 40);
    size_t size = text_number(count, digits), at = 0;

    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0 && digits[i - 1] != '-')
            to[at++] = ',';
        to[at++] = digits[i];
    }
    to[at] = '\0';
    return to;
}

static int64_t
words_unread(const struct reading_of *r, const struct guess_tally *tally)
{
    int64_t count = 0;

    for (int i = 0; i < GUESS_NULLS; i++)
        count += i == r->null_word ? 0 : tally->token[i];
    return count;
}

/* How many values are numbers, written this way. */
static int64_t
numbers_fit(const struct guess_tally *t, bool comma, char group)
{
    int64_t fit = t->integers + (comma ? t->comma : t->point);

    if (group == ',' && !comma)
        fit += t->group[0] + t->either_comma;
    else if (group == '.' && comma)
        fit += t->group[1] + t->either_point;
    else if (group == ' ')
        fit += t->group[2] - (comma ? t->group_point : t->group_comma);
    else if (group == '\'')
        fit += t->group[3] - (comma ? t->group_point : t->group_comma);
    return fit;
}

static int64_t
numbers_best(const struct guess_tally *t)
{
    static const struct {
        bool comma;
        char group;
    } ways[] = {{false, ','}, {true, '.'}, {false, ' '}, {true, ' '}, {false, '\''}, {true, '\''}};
    int64_t best = 0;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (numbers_fit(t, ways[i].comma, ways[i].group) > best)
            best = numbers_fit(t, ways[i].comma, ways[i].group);
    return best + t->exponent;
}

static int64_t
words_best(const struct guess_tally *t)
{
    int64_t best = 0;

    for (int i = 0; i < 4; i++)
        best = t->words[i] > best ? t->words[i] : best;
    return best;
}

static bool
seems_typed(const struct guess_tally *t)
{
    return t->values > 0 && (numbers_best(t) == t->values || t->dates == t->values || words_best(t) == t->values);
}

/* The text that stands for null: one that databases write in any case, others only where all their columns are typed without them. */
static void
null_word_find(struct reading_of *r)
{
    int64_t most = 0;

    r->null_word = -1;
    for (int i = 0; i < GUESS_NULLS; i++) {
        int64_t count = 0;
        bool typed = true;

        for (uint32_t c = 0; c < r->table->columns; c++) {
            count += r->tally[c].token[i];
            typed &= r->tally[c].token[i] == 0 || seems_typed(&r->tally[c]);
        }
        if (count > most && (i < 4 || typed)) {
            most = count;
            r->null_word = i;
        }
    }
    if (r->null_word >= 0)
        r->table->dialect.null_text = guess_tally_nulls[r->null_word];
}

/* ---- how numbers are written ---------------------------------------------------------------- */

static void
number_style_find(struct reading_of *r)
{
    struct guess_dialect *dialect = &r->table->dialect;
    uint32_t points = 0, commas = 0, grouped[4] = {0}, either_point = 0, either_comma = 0;
    const char *shown = NULL;

    for (uint32_t c = 0; c < r->table->columns; c++) {
        const struct guess_tally *t = &r->tally[c];
        bool point, comma;

        if (t->values == 0 || numbers_best(t) < t->values)
            continue;
        point = t->point > t->either_point || t->group[0] > 0 || t->group_point > 0 || t->exponent > 0;
        comma = t->comma > t->either_comma || t->group[1] > 0 || t->group_comma > 0;
        points += point && !comma;
        commas += comma && !point;
        for (int g = 0; g < 4; g++)
            grouped[g] += t->group[g] > 0;
        either_point += t->either_point > 0;
        either_comma += t->either_comma > 0;
        if (comma && !point && shown == NULL)
            shown = t->first;
    }
    r->undecided = points == 0 && commas == 0;
    dialect->comma = commas > points;
    if (dialect->comma)
        dialect->number_why = arena_printf(r->arena, "numbers have a decimal comma, such as %s", shown);
    if (grouped[2] > 0)
        memcpy(dialect->thousands, " ", 2);
    else if (grouped[3] > 0)
        memcpy(dialect->thousands, "'", 2);
    else if (dialect->comma && (grouped[1] > 0 || either_point > 0))
        memcpy(dialect->thousands, ".", 2);
    else if (!dialect->comma && (grouped[0] > 0 || (points > 0 && either_comma > 0)))
        memcpy(dialect->thousands, ",", 2);
}

/* Columns of fixed width that were joined by delimiters: what would be a number stands between blanks. */
static void
trim_find(struct reading_of *r)
{
    struct guess_dialect *dialect = &r->table->dialect;

    for (uint32_t c = 0; c < r->table->columns && !dialect->trim; c++) {
        const struct guess_tally *t = &r->tally[c];

        if (t->blanks * 10 < t->values || t->blanks == 0 || !seems_typed(t))
            continue;
        dialect->trim = true;
        dialect->trim_why = arena_printf(r->arena, "values such as those of '%s' stand between blanks", r->table->column[c].name);
    }
}

/* ---- days and months -------------------------------------------------------------------------- */

/* The one layout that all values follow. ${other}: a second one that differs in which number is the month, and all follow it too; -1. */
static int
layout_of(const struct guess_tally *t, int64_t values, int *other)
{
    int found = -1;

    *other = -1;
    for (uint32_t i = 0; i < t->times.layouts; i++) {
        if (t->times.fits[i] < values)
            continue;
        if (found < 0)
            found = (int)i;
        else if (*other < 0 && guess_times_order(t->times.layout[i]) != '\0' &&
                 guess_times_order(t->times.layout[i]) != guess_times_order(t->times.layout[found]))
            *other = (int)i;
    }
    return found;
}

static void
order_find(struct reading_of *r)
{
    int votes = 0;

    for (uint32_t c = 0; c < r->table->columns; c++) {
        const struct guess_tally *t = &r->tally[c];
        int other, layout = t->values > 0 ? layout_of(t, t->values, &other) : -1;
        char order = layout >= 0 && other < 0 ? guess_times_order(t->times.layout[layout]) : '\0';

        if (order == '\0')
            continue;
        votes += order == 'd' ? 1 : -1;
        r->order_of = r->table->column[c].name;
    }
    r->order = votes > 0 ? 'd' : votes < 0 ? 'm' : '\0';
}

/* ---- one column ---------------------------------------------------------------------------------- */

static void
settle(struct guess_column *column, const char *type, const char *why)
{
    column->type = type;
    column->why = why;
}

static const char *
day_text(struct arena *arena, int64_t us, bool dated)
{
    char text[VALUE_ROOM];
    size_t size = value_write_timestamp(us, text);

    return arena_bytes(arena, text, dated ? 10 : size > 19 ? 19 : size);
}

static bool
take_time(struct reading_of *r, struct guess_column *column, const struct guess_tally *t)
{
    const struct guess_times *times = &t->times;
    char pattern[GUESS_LAYOUT_ROOM], second[GUESS_LAYOUT_ROOM];
    int other, at = layout_of(t, t->values, &other);
    const char *settled = "";
    uint16_t layout;
    bool dated;

    if (at < 0)
        return false;
    if (other >= 0 && r->order != '\0') {
        if (guess_times_order(times->layout[other]) == r->order)
            at = other;
        settled = arena_printf(r->arena, ", in the order that '%s' shows", r->order_of);
    }
    layout = times->layout[at];
    dated = guess_times_dated(layout);
    if (guess_times_compact(layout) &&
        (guess_word_code(column->name) || (t->values < 20 && !guess_word_in(column->name, "date|day|datum|tag|dt|at|on|time|created|"
                                                                                         "updated|from|to|until|since|valid|birth|dob"))))
        return false;
    if (other >= 0 && r->order == '\0') {
        guess_times_pattern(times->layout[at], pattern);
        guess_times_pattern(times->layout[other], second);
        settle(column, "text", arena_printf(r->arena, "dates such as %s, but no day is above 12", t->first));
        column->doubt = arena_printf(r->arena, "day or month first? write {type: %s, pattern: \"%s\"} or \"%s\"",
                                     dated ? "date" : "timestamp", pattern, second);
        return true;
    }
    if (guess_times_pattern(layout, pattern) != NULL)
        column->pattern = arena_text(r->arena, pattern);
    settle(column, dated ? "date" : "timestamp",
           arena_printf(r->arena, "%s%s to %s%s%s", column->pattern != NULL ? "" : "ISO 8601, ",
                        day_text(r->arena, times->least_us[at], dated), day_text(r->arena, times->most_us[at], dated),
                        settled, column->pattern != NULL && strstr(pattern, "%y") != NULL ? "; years below 69 are 20xx" : ""));
    return true;
}

static const char *
decimal_type(struct arena *arena, uint32_t front, uint32_t scale)
{
    uint32_t need = front + scale, precision;

    precision = need + 2 <= 12 ? 12 : need <= 15 ? 15 : need + 2 <= 18 ? 18 : need + 2 <= 28 ? 28 : 38;
    return arena_printf(arena, "decimal(%u,%u)", precision, scale);
}

/* Every mark in these numbers groups thousands: they are whole. */
static bool
all_grouped(const struct guess_tally *t, const struct guess_dialect *dialect)
{
    return (dialect->comma ? t->comma : t->point) == 0 && t->group_scale == 0;
}

static bool
take_number(struct reading_of *r, struct guess_column *column, const struct guess_tally *t)
{
    const struct guess_dialect *dialect = &r->table->dialect;
    int64_t fit = numbers_fit(t, dialect->comma, dialect->thousands[0]) + (dialect->comma ? 0 : t->exponent);
    uint32_t scale = dialect->comma ? t->comma_scale : t->point_scale, digits = t->digits;

    if (fit < t->values) {
        if (numbers_best(t) < t->values)
            return false;
        settle(column, "text", arena_printf(r->arena, "numbers such as %s", t->first));
        if (t->either_comma == t->comma && t->comma > 0 && r->undecided)
            column->doubt = "a fraction, or thousands? three digits stand behind every comma: decimal: \",\" says the first";
        else
            column->doubt = dialect->comma ? "fractions stand behind a comma elsewhere in this file"
                                           : "fractions stand behind a point elsewhere in this file";
        return true;
    }
    if (t->zeros > 0) {
        settle(column, "text", arena_printf(r->arena, "digits with leading zeros in %s of %s: a number would lose them",
                                            count_text(r->arena, t->zeros), count_text(r->arena, t->values)));
        return true;
    }
    if (t->plus > 0 && t->integers == t->values) {
        settle(column, "text", "digits behind a plus: a number would lose it");
        return true;
    }
    if (t->exponent > 0) {
        settle(column, "real", "numbers with an exponent");
        return true;
    }
    if (t->wide > 0) {
        settle(column, "text", arena_printf(r->arena, "up to %u digits: more than an integer holds", t->digits));
        return true;
    }
    if (t->integers == t->values || (scale == 0 && t->group_scale == 0) || (dialect->thousands[0] != '\0' && all_grouped(t, dialect))) {
        if (guess_word_code(column->name)) {
            settle(column, "text", "digits, but the name says that they are no quantity");
            return true;
        }
        settle(column, "integer", t->integers < t->values ? arena_printf(r->arena, "whole numbers such as %s", t->first)
                                  : t->least == t->most   ? arena_printf(r->arena, "always %" PRId64, t->least)
                                                          : arena_printf(r->arena, "%" PRId64 " to %" PRId64, t->least, t->most));
        return true;
    }
    if (t->group_scale > scale)
        scale = t->group_scale;
    if (dialect->thousands[0] != '\0' && t->grouped_digits > digits)
        digits = t->grouped_digits;
    if (scale > 9 && t->significant <= 17) {
        settle(column, "real", arena_printf(r->arena, "up to %u digits behind the point: a measured number", scale));
        return true;
    }
    if (digits + scale > 38) {
        settle(column, "text", arena_printf(r->arena, "up to %u digits: more than a decimal holds", digits + scale));
        return true;
    }
    settle(column, decimal_type(r->arena, digits, scale),
           arena_printf(r->arena, "up to %u digit%s in front of the %s and %u behind", digits, digits == 1 ? "" : "s",
                        dialect->comma ? "comma" : "point", scale));
    if (!dialect->comma && r->undecided && t->either_point == t->point && t->integers == 0 && scale == 3)
        column->doubt = "three digits stand behind every point: read as fractions, not as thousands";
    return true;
}

static bool
take_word(struct guess_column *column, const struct guess_tally *t)
{
    static const char *const pairs[] = {"true and false", "yes and no", "Y and N", "T and F"};

    for (uint32_t pair = 0; pair < 4; pair++) {
        if (t->words[pair] < t->values)
            continue;
        if (pair > 0 && (t->words_seen >> 2 * pair & 3) != 3)
            continue; /* a lone "no" may be Norway */
        settle(column, "boolean", (t->words_seen >> 2 * pair & 3) == 3    ? pairs[pair]
                                  : (t->words_seen >> 2 * pair & 3) == 1 ? "always true"
                                                                         : "always false");
        return true;
    }
    return false;
}

/* It is text; but was it nearly something else? */
static void
take_text(struct reading_of *r, struct guess_column *column, const struct guess_tally *t)
{
    int64_t all = t->values + words_unread(r, t), numbers = numbers_best(t);
    int64_t best = numbers > t->dates ? numbers : t->dates;
    int which = numbers > t->dates ? 0 : 1;

    if (t->blanks > 0 && t->blanks * 2 > t->values)
        column->why = arena_printf(r->arena, "up to %u bytes, with blanks around", t->longest);
    else
        column->why = arena_printf(r->arena, "up to %u byte%s", t->longest, t->longest == 1 ? "" : "s");
    column->type = "text";
    if (t->strings > 0 || t->zeros > 0 || t->plus > 0 || best < 10 || best * 10 < all * 9 || (best == all && t->blanks == 0))
        return;
    if (t->blanks > 0 && best == all)
        column->doubt = arena_printf(r->arena, "%s of %s are %s with blanks around: `trim: true` in the format takes them off",
                                     count_text(r->arena, t->blanks), count_text(r->arena, all), which == 0 ? "numbers" : "dates");
    else if (t->odd_line[which] > 0)
        column->doubt = arena_printf(r->arena, "%s of %s are %s, but line %" PRIu64 " has '%s': with that type such rows are set aside",
                                     count_text(r->arena, best), count_text(r->arena, all), which == 0 ? "numbers" : "dates",
                                     t->odd_line[which], t->odd[which]);
    else
        column->doubt = arena_printf(r->arena, "%s of %s are %s, the others words such as NA", count_text(r->arena, best),
                                     count_text(r->arena, all), which == 0 ? "numbers" : "dates");
}

static void
column_settle(struct reading_of *r, struct guess_column *column, const struct guess_tally *t)
{
    column->pattern = column->doubt = NULL;
    column->type = "text";
    if (t->values == 0) {
        column->why = "never filled";
        return;
    }
    if (t->nested > 0) {
        column->why = "objects or arrays, kept as compact JSON";
        return;
    }
    if (t->strings > 0 && t->strings < t->values) {
        column->why = "sometimes a text, sometimes a number or true|false";
        return;
    }
    if (words_unread(r, t) == 0 && (t->blanks == 0 || r->table->dialect.trim)) {
        if (t->strings == 0 && take_word(column, t))
            return;
        if (take_time(r, column, t))
            return;
        if (t->strings == 0 && take_number(r, column, t))
            return;
    }
    take_text(r, column, t);
    if (t->strings > 0 && numbers_best(t) == t->values)
        column->why = arena_printf(r->arena, "digits, but written as text: up to %u bytes", t->longest);
}

void
guess_type_table(struct guess_table *table, const struct guess_tally *tally, struct arena *arena)
{
    struct reading_of r = {.table = table, .tally = tally, .arena = arena, .null_word = -1};

    if (strcmp(table->dialect.type, "csv") == 0) {
        null_word_find(&r);
        number_style_find(&r);
        trim_find(&r);
    }
    order_find(&r);
    for (uint32_t c = 0; c < table->columns; c++)
        column_settle(&r, &table->column[c], &tally[c]);
}

/* ---- when did a row change? ------------------------------------------------------------------------ */

bool
guess_type_instants(const struct guess_column *column, const struct guess_tally *tally, int64_t *least_us, int64_t *most_us)
{
    if (strcmp(column->type, "date") != 0 && strcmp(column->type, "timestamp") != 0)
        return false;
    for (uint32_t i = 0; i < tally->times.layouts; i++) {
        char pattern[GUESS_LAYOUT_ROOM];
        const char *text = guess_times_pattern(tally->times.layout[i], pattern);

        if ((text == NULL) != (column->pattern == NULL) || (text != NULL && strcmp(text, column->pattern) != 0) ||
            tally->times.fits[i] < tally->values)
            continue;
        *least_us = tally->times.least_us[i];
        *most_us = tally->times.most_us[i];
        return true;
    }
    return false;
}

#define DAY_US INT64_C(86400000000)

void
guess_type_changed(struct guess_table *table, const struct guess_tally *tally, int64_t now_us, struct arena *arena)
{
    int64_t best_us = INT64_MIN, least, most;
    int best = 0;
    const struct guess_column *found = NULL, *other = NULL;

    for (uint32_t c = 0; c < table->columns; c++) {
        const struct guess_column *column = &table->column[c];
        int score = guess_word_changed(column->name);

        if (!guess_type_instants(column, &tally[c], &least, &most))
            continue;
        other = other == NULL ? column : other;
        if (score == 0 && strcmp(column->type, "timestamp") == 0 && most > now_us - DAY_US * 3 / 2 && most <= now_us + DAY_US)
            score = 20;
        if (score > 0)
            score += strcmp(column->type, "timestamp") == 0 ? 10 : 0;
        if (score <= 0 || score < best || (score == best && most <= best_us))
            continue;
        best = score;
        best_us = most;
        found = column;
        table->changed_zoneless = tally[c].times.zoneless > 0;
    }
    if (found == NULL) {
        table->changed_why = other == NULL ? "no column holds times"
                                           : arena_printf(arena, "no column says when a row changed ('%s' is another time)", other->name);
        return;
    }
    table->changed_at = found->name;
    table->changed_why = best >= 100 ? arena_printf(arena, "its name says so; the newest is %s", day_text(arena, best_us, false))
                                     : arena_printf(arena, "the newest is %s, close to the dump itself", day_text(arena, best_us, false));
    if (best < 100 && best >= 30)
        table->changed_why = arena_printf(arena, "its name allows it; the newest is %s", day_text(arena, best_us, false));
}
