/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: what the values of one column have in common. Counts alone: what they mean is decided when all rows were seen. */
#include <string.h>

#include "guess_parts.h"
#include "record/value.h"

const char *const guess_tally_nulls[GUESS_NULLS] = {"\\N", "NULL", "null", "(null)", "NA", "N/A", "n/a", "None", "-", "NaN", "nan"};

/* ---- numbers ------------------------------------------------------------------------------ */

#define GROUPS_MAX 14

/* Digits between marks, as a number might be written. */
struct number {
    const char *at;
    size_t size;
    bool minus, plus, exponent;
    uint32_t group[GROUPS_MAX];
    char mark[GROUPS_MAX]; /* behind group i; ' ' for blanks of all kinds */
    uint32_t groups;
    char first;            /* its first digit */
};

/* The mark at ${at}: '.', ',', ''' or ' '; 0: none. U+00A0 and U+202F are blanks that keep numbers together. */
static char
mark_at(const char *at, size_t left, size_t *size)
{
    *size = 1;
    if (*at == '.' || *at == ',' || *at == ' ' || *at == '\'')
        return *at;
    if (left >= 2 && memcmp(at, "\xc2\xa0", 2) == 0) {
        *size = 2;
        return ' ';
    }
    if (left >= 3 && memcmp(at, "\xe2\x80\xaf", 3) == 0) {
        *size = 3;
        return ' ';
    }
    return '\0';
}

static bool
exponent_at(const char *at, size_t left)
{
    size_t i = 1;

    if (left < 2 || (*at | 0x20) != 'e')
        return false;
    i += at[i] == '-' || at[i] == '+';
    if (i == left || left - i > 4)
        return false;
    for (; i < left; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

static bool
number_take(const char *at, size_t size, struct number *number)
{
    size_t i = 0;

    number->groups = 0;
    number->exponent = false;
    number->minus = size > 0 && at[0] == '-';
    number->plus = size > 0 && at[0] == '+';
    i = number->minus || number->plus;
    number->at = at + i;
    number->size = size - i;
    number->first = i < size ? at[i] : '\0';
    for (;;) {
        uint32_t digits = 0;
        size_t mark_size;
        char mark;

        for (; i < size && at[i] >= '0' && at[i] <= '9'; i++)
            digits++;
        if (number->groups == GROUPS_MAX)
            return false;
        number->group[number->groups++] = digits;
        if (i == size)
            return digits > 0;
        if (exponent_at(at + i, size - i)) {
            number->exponent = true;
            return digits > 0;
        }
        mark = mark_at(at + i, size - i, &mark_size);
        if (mark == '\0' || (digits == 0 && number->groups > 1))
            return false;
        number->mark[number->groups - 1] = mark;
        i += mark_size;
    }
}

/* Groups 1 to ${last} have three digits each, the one in front one to three, and no zero leads. */
static bool
well_grouped(const struct number *number, uint32_t last)
{
    if (number->group[0] < 1 || number->group[0] > 3 || number->first == '0')
        return false;
    for (uint32_t i = 1; i <= last; i++)
        if (number->group[i] != 3 || (i > 1 && number->mark[i - 1] != number->mark[0]))
            return false;
    return true;
}

static void
note_most(uint32_t *most, uint32_t value)
{
    if (value > *most)
        *most = value;
}

static void
add_integer(struct guess_tally *tally, const struct number *number, const char *at, size_t size)
{
    int64_t value;

    note_most(&tally->digits, number->group[0]);
    if (number->group[0] > 1 && number->first == '0')
        tally->zeros++;
    if (!value_integer(at, size, &value)) {
        tally->wide++;
    } else {
        if (tally->integers == 0 || value < tally->least)
            tally->least = value;
        if (tally->integers == 0 || value > tally->most)
            tally->most = value;
    }
    tally->integers++;
}

/* Digits from the first that is no zero. */
static uint32_t
significant_of(const struct number *number)
{
    size_t i = 0;
    uint32_t digits = 0;

    while (i < number->size && (number->at[i] < '1' || number->at[i] > '9'))
        i++;
    for (; i < number->size; i++)
        digits += number->at[i] >= '0' && number->at[i] <= '9';
    return digits;
}

static const struct {
    char mark;
    uint8_t place;
} group_place[] = {{',', 0}, {'.', 1}, {' ', 2}, {'\'', 3}};

/* false: it is no number. */
static bool
add_number(struct guess_tally *tally, const char *at, size_t size)
{
    struct number number;
    uint32_t last, front = 0;

    if (size > 80 || !number_take(at, size, &number))
        return false;
    last = number.groups - 1;
    if (number.exponent) {
        if (last != 1 || number.mark[0] != '.' || number.group[0] == 0)
            return false; /* 12E4 is as likely a code */
        tally->exponent++;
        return true;
    }
    tally->plus += number.plus;
    if (last == 0) {
        add_integer(tally, &number, at, size);
        return true;
    }
    if (last == 1 && (number.mark[0] == '.' || number.mark[0] == ',')) {
        bool point = number.mark[0] == '.', either = well_grouped(&number, 1);

        if (number.group[0] > 1 && number.first == '0')
            tally->zeros++;
        tally->point += point;
        tally->comma += !point;
        tally->either_point += point && either;
        tally->either_comma += !point && either;
        note_most(point ? &tally->point_scale : &tally->comma_scale, number.group[1]);
        note_most(&tally->digits, number.group[0]);
        note_most(&tally->grouped_digits, either ? number.group[0] + 3 : 0);
        note_most(&tally->significant, significant_of(&number));
        return true;
    }
    if (!well_grouped(&number, number.mark[last - 1] == number.mark[0] ? last : last - 1) ||
        (number.mark[last - 1] != number.mark[0] && (number.mark[last - 1] == ' ' || number.mark[last - 1] == '\'' || last < 2)))
        return false;
    for (uint32_t i = 0; i <= last; i++)
        front += i < last || number.mark[last - 1] == number.mark[0] ? number.group[i] : 0;
    for (size_t i = 0; i < sizeof group_place / sizeof *group_place; i++)
        if (group_place[i].mark == number.mark[0])
            tally->group[group_place[i].place]++;
    note_most(&tally->grouped_digits, front);
    if (number.mark[last - 1] != number.mark[0]) {
        note_most(&tally->group_scale, number.group[last]);
        tally->group_point += number.mark[last - 1] == '.';
        tally->group_comma += number.mark[last - 1] == ',';
    }
    return true;
}

/* ---- words -------------------------------------------------------------------------------- */

static void
add_word(struct guess_tally *tally, const char *at, size_t size)
{
    static const char *const words[4][2] = {{"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}};
    char word[6];

    for (size_t i = 0; i < size; i++)
        word[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] | 0x20 : at[i]);
    for (uint32_t pair = 0; pair < 4; pair++)
        for (uint32_t which = 0; which < 2; which++)
            if (strlen(words[pair][which]) == size && memcmp(words[pair][which], word, size) == 0) {
                tally->words[pair]++;
                tally->words_seen |= 1u << (2 * pair + which);
            }
}

static bool
is_null_word(struct guess_tally *tally, const char *at, size_t size)
{
    for (uint32_t i = 0; i < GUESS_NULLS; i++)
        if (strlen(guess_tally_nulls[i]) == size && memcmp(guess_tally_nulls[i], at, size) == 0) {
            tally->token[i]++;
            return true;
        }
    return false;
}

/* ---- a value ------------------------------------------------------------------------------ */

static void
note_text(char to[48], const char *at, size_t size)
{
    size = text_utf8_cut(at, size, 47);
    memcpy(to, at, size);
    to[size] = '\0';
}

static void
note_odd(struct guess_tally *tally, int which, const char *at, size_t size, uint64_t line)
{
    if (tally->odd_line[which] != 0)
        return;
    tally->odd_line[which] = line;
    note_text(tally->odd[which], at, size);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void
guess_tally_add(struct guess_tally *tally, const char *at, uint32_t size, enum guess_written written, uint64_t line)
{
    char c;
    bool number = false, date = false;

    if (size == DAYBREAK_NULL) {
        tally->null++;
        return;
    }
    if (size == 0) {
        tally->empty++;
        return;
    }
    if (size <= 6 && written == GUESS_PLAIN && is_null_word(tally, at, size))
        return;
    if (tally->values++ == 0)
        note_text(tally->first, at, size);
    tally->bytes += size;
    note_most(&tally->longest, size);
    tally->strings += written == GUESS_STRING;
    tally->nested += written == GUESS_NESTED;
    if (is_blank(at[0]) || is_blank(at[size - 1])) { /* what it would be without them */
        tally->blanks++;
        for (; size > 0 && is_blank(at[0]); size--)
            at++;
        while (size > 0 && is_blank(at[size - 1]))
            size--;
    }
    c = size > 0 ? at[0] : '\0';
    if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == ',')
        number = add_number(tally, at, size);
    if (size > 0 && size <= 5)
        add_word(tally, at, size);
    date = guess_times_add(&tally->times, at, size);
    if (date)
        tally->dates++;
    else
        note_odd(tally, 1, at, size, line);
    if (!number)
        note_odd(tally, 0, at, size, line);
}
