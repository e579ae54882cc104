/* SPDX-License-Identifier: Apache-2.0 */
/* Exact decimals against schoolbook arithmetic on digits, at random and at the edges. */
#include "expression/decimal.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a second opinion: natural numbers as decimal digits, lowest first -------------------- */

#define DIGITS 200

struct natural {
    uint8_t digit[DIGITS];
};

static struct natural
natural_of(value_int128 value)
{
    struct natural n = {{0}};

    for (int i = 0; value != 0; i++) {
        int digit = (int)(value % 10);

        n.digit[i] = (uint8_t)(digit < 0 ? -digit : digit);
        value /= 10;
    }
    return n;
}

static int
natural_order(const struct natural *a, const struct natural *b)
{
    for (int i = DIGITS - 1; i >= 0; i--)
        if (a->digit[i] != b->digit[i])
            return a->digit[i] < b->digit[i] ? -1 : 1;
    return 0;
}

static void
natural_add(struct natural *a, const struct natural *b)
{
    int carry = 0;

    for (int i = 0; i < DIGITS; i++) {
        int sum = a->digit[i] + b->digit[i] + carry;

        a->digit[i] = (uint8_t)(sum % 10);
        carry = sum / 10;
    }
}

static void
natural_subtract(struct natural *a, const struct natural *b) /* a >= b */
{
    int borrow = 0;

    for (int i = 0; i < DIGITS; i++) {
        int left = a->digit[i] - b->digit[i] - borrow;

        borrow = left < 0;
        a->digit[i] = (uint8_t)(left + 10 * borrow);
    }
}

static struct natural
natural_shift(const struct natural *a, int by) /* times 10^by, cut when negative */
{
    struct natural n = {{0}};

    for (int i = 0; i < DIGITS; i++)
        if (i - by >= 0 && i - by < DIGITS)
            n.digit[i] = a->digit[i - by];
    return n;
}

static struct natural
natural_product(const struct natural *a, const struct natural *b)
{
    struct natural n = {{0}};

    for (int i = 0; i < DIGITS; i++)
        for (int k = 0; k < b->digit[i]; k++) {
            struct natural shifted = natural_shift(a, i);

            natural_add(&n, &shifted);
        }
    return n;
}

/* a / b to the nearest, halves up. */
static struct natural
natural_quotient(const struct natural *a, const struct natural *b)
{
    struct natural n = {{0}}, left = *a, twice, one = {{1}};

    for (int i = DIGITS / 2 - 1; i >= 0; i--) {
        struct natural step = natural_shift(b, i);

        while (natural_order(&left, &step) >= 0) {
            natural_subtract(&left, &step);
            n.digit[i]++;
        }
    }
    twice = left;
    natural_add(&twice, &left);
    if (natural_order(&twice, b) >= 0)
        natural_add(&n, &one);
    return n;
}

static const char *
natural_text(const struct natural *n, bool minus)
{
    static char text[4][DIGITS + 2];
    static int turn;
    char *at = text[turn = (turn + 1) % 4], *start = at;
    int i = DIGITS - 1;

    while (i > 0 && n->digit[i] == 0)
        i--;
    if (minus && !(i == 0 && n->digit[0] == 0))
        *at++ = '-';
    for (; i >= 0; i--)
        *at++ = (char)('0' + n->digit[i]);
    *at = '\0';
    return start;
}

static const char *
text_of(value_int128 value)
{
    static char text[4][VALUE_ROOM];
    static int turn;

    turn = (turn + 1) % 4;
    text[turn][value_write_decimal(value, 0, text[turn])] = '\0';
    return text[turn];
}

/* Whether ${good} and ${result} say what ${n} does. */
static void
agree(bool good, value_int128 result, const struct natural *n, bool minus, unsigned precision, const char *what)
{
    const char *expected = natural_text(n, minus);
    const bool fits = strlen(expected) - (expected[0] == '-') <= precision;

    ck_assert_msg(good == fits, "%s: %s, precision %u: %s", what, expected, precision, good ? "taken" : "refused");
    if (good)
        ck_assert_msg(strcmp(text_of(result), expected) == 0, "%s: %s, not %s", what, text_of(result), expected);
}

/* ---- random numbers of all lengths -------------------------------------------------------- */

static uint64_t seed = 20261124;

static uint64_t
chance(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

/* Any number of digits is as likely as any other; now and then a power of ten or a neighbour of one, or a half. */
static value_int128
number(void)
{
    const unsigned digits = (unsigned)chance(DECIMAL_DIGITS + 1);
    value_int128 value = 0;

    for (unsigned i = 0; i < digits; i++)
        value = value * 10 + (value_int128)chance(10);
    switch (chance(8)) {
    case 0:
        value = decimal_power[digits] - (value_int128)chance(2);
        break;
    case 1:
        value = digits > 0 ? 5 * decimal_power[digits - 1] - (value_int128)chance(2) : 0;
        break;
    default:
        break;
    }
    if (value >= decimal_power[DECIMAL_DIGITS])
        value = decimal_power[DECIMAL_DIGITS] - 1;
    return chance(2) ? -value : value;
}

#define TIMES 3000

START_TEST(rescaling_rounds_halves_away_from_zero)
{
    for (int i = 0; i < TIMES; i++) {
        const value_int128 value = number();
        const unsigned from = (unsigned)chance(39), to = (unsigned)chance(39), precision = 1 + (unsigned)chance(38);
        struct natural n = natural_of(value), ten = natural_of(1);
        value_int128 result = 0;
        bool good = decimal_rescale(value, from, to, precision, &result);

        if (to >= from) {
            n = natural_shift(&n, (int)(to - from));
        } else {
            ten = natural_shift(&ten, (int)(from - to));
            n = natural_quotient(&n, &ten);
        }
        agree(good, result, &n, value < 0, precision, "rescale");
    }
}
END_TEST

START_TEST(products_are_rounded_once_from_the_exact_value)
{
    for (int i = 0; i < TIMES; i++) {
        const value_int128 a = number(), b = number();
        const unsigned drop = (unsigned)chance(77), precision = 1 + (unsigned)chance(38);
        struct natural x = natural_of(a), y = natural_of(b), n = natural_product(&x, &y), ten = natural_of(1);
        value_int128 result = 0;
        bool good = decimal_product(a, b, drop, precision, &result);

        ten = natural_shift(&ten, (int)drop);
        n = natural_quotient(&n, &ten);
        agree(good, result, &n, (a < 0) != (b < 0), precision, "product");
    }
}
END_TEST

START_TEST(quotients_are_rounded_once_from_the_exact_value)
{
    for (int i = 0; i < TIMES; i++) {
        const value_int128 a = number(), b = number();
        const int shift = (int)chance(70) - 20;
        const unsigned precision = 1 + (unsigned)chance(38);
        struct natural x = natural_of(a), y = natural_of(b), n;
        value_int128 result = 0;
        bool good;

        if (b == 0)
            continue;
        good = decimal_quotient(a, b, shift, precision, &result);
        if (shift >= 0)
            x = natural_shift(&x, shift);
        else
            y = natural_shift(&y, -shift);
        n = natural_quotient(&x, &y);
        agree(good, result, &n, (a < 0) != (b < 0), precision, "quotient");
    }
}
END_TEST

START_TEST(sums_are_rounded_once_from_the_exact_value)
{
    for (int i = 0; i < TIMES; i++) {
        const value_int128 a = number(), b = number();
        const unsigned a_scale = (unsigned)chance(39), b_scale = (unsigned)chance(39), most = a_scale > b_scale ? a_scale : b_scale;
        const unsigned scale = (unsigned)chance(most + 1), precision = 1 + (unsigned)chance(38);
        struct natural x = natural_of(a), y = natural_of(b), ten = natural_of(1), n;
        bool minus = a < 0, good;
        value_int128 result = 0;

        good = decimal_sum(a, a_scale, b, b_scale, scale, precision, &result);
        x = natural_shift(&x, (int)(most - a_scale));
        y = natural_shift(&y, (int)(most - b_scale));
        if ((a < 0) == (b < 0)) {
            natural_add(&x, &y);
        } else if (natural_order(&x, &y) >= 0) {
            natural_subtract(&x, &y);
        } else {
            n = y;
            natural_subtract(&n, &x);
            x = n;
            minus = b < 0;
        }
        ten = natural_shift(&ten, (int)(most - scale));
        n = natural_quotient(&x, &ten);
        agree(good, result, &n, minus, precision, "sum");
    }
}
END_TEST

START_TEST(order_and_rest_look_through_scales)
{
    for (int i = 0; i < TIMES; i++) {
        const value_int128 a = number(), b = number();
        const unsigned a_scale = (unsigned)chance(39), b_scale = (unsigned)chance(39), most = a_scale > b_scale ? a_scale : b_scale;
        struct natural x = natural_of(a), y = natural_of(b);
        int order;

        x = natural_shift(&x, (int)(most - a_scale));
        y = natural_shift(&y, (int)(most - b_scale));
        order = natural_order(&x, &y);
        if ((a < 0) != (b < 0))
            order = a < b ? -1 : 1;
        else if (a < 0)
            order = -order;
        ck_assert_int_eq(decimal_order(a, a_scale, b, b_scale), order);
        if (b != 0) {
            for (int shift = DIGITS / 2 - 1; shift >= 0; shift--) {
                struct natural step = natural_shift(&y, shift);

                while (natural_order(&x, &step) >= 0)
                    natural_subtract(&x, &step);
            }
            ck_assert_str_eq(text_of(decimal_rest(a, a_scale, b, b_scale)), natural_text(&x, a < 0));
        }
    }
}
END_TEST

START_TEST(reals_come_by_their_shortest_text)
{
    static const struct {
        double real;
        unsigned scale, precision;
        const char *text; /* NULL: does not fit */
    } cases[] = {{2.675, 2, 5, "268"},
                 {-2.675, 2, 5, "-268"},
                 {0.1 + 0.2, 17, 38, "30000000000000004"},
                 {0.1 + 0.2, 2, 3, "30"},
                 {1e22, 0, 38, "10000000000000000000000"},
                 {1e22, 0, 22, NULL},
                 {1e37, 2, 38, NULL},
                 {1e38, 0, 38, NULL},
                 {9.99e37, 0, 38, "99900000000000000000000000000000000000"},
                 {5e-39, 38, 38, "1"},
                 {4e-39, 38, 38, "0"},
                 {1e-300, 38, 38, "0"},
                 {-5e-324, 10, 38, "0"},
                 {1.2345678901234567e-25, 38, 38, "12345678901235"},
                 {0.0, 5, 10, "0"},
                 {-0.0, 5, 10, "0"},
                 {99.995, 2, 4, NULL},
                 {99.994, 2, 4, "9999"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        value_int128 result = 0;
        bool good = decimal_of_real(cases[i].real, cases[i].scale, cases[i].precision, &result);

        ck_assert_msg(good == (cases[i].text != NULL), "%g", cases[i].real);
        if (good)
            ck_assert_str_eq(text_of(result), cases[i].text);
    }
    for (int i = 0; i < TIMES; i++) { /* there and back: the text says it exactly */
        const value_int128 value = number();
        const unsigned scale = (unsigned)chance(39);
        char text[VALUE_ROOM];
        double real = -1;

        ck_assert(value_real(text, value_write_decimal(value, (uint8_t)scale, text), &real));
        ck_assert_msg(decimal_real(value, scale) == real, "%s, scale %u", text_of(value), scale);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("decimal");
    TCase *tcase = tcase_create("decimal");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, rescaling_rounds_halves_away_from_zero);
    tcase_add_test(tcase, products_are_rounded_once_from_the_exact_value);
    tcase_add_test(tcase, quotients_are_rounded_once_from_the_exact_value);
    tcase_add_test(tcase, sums_are_rounded_once_from_the_exact_value);
    tcase_add_test(tcase, order_and_rest_look_through_scales);
    tcase_add_test(tcase, reals_come_by_their_shortest_text);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
