/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- growing ------------------------------------------------------------------------------ */

START_TEST(an_empty_text_is_empty)
{
    struct text text = {0};

    ck_assert_str_eq(text_end(&text), "");
    ck_assert_uint_eq(text.size, 0);
    text_add(&text, NULL, 0);
    ck_assert_str_eq(text_end(&text), "");
    text_clear(&text);
    text_fini(&text);
    ck_assert_ptr_null(text.at);
    text_clear(&text);
}
END_TEST

START_TEST(pieces_come_together)
{
    struct text text = {0};

    text_put(&text, "a=");
    text_int(&text, -12);
    text_char(&text, ' ');
    text_add(&text, "bcd", 2);
    ck_assert_str_eq(text.at, "a=-12 bc"); /* NUL-ended without asking */
    text_printf(&text, "%s-%05d", "x", 42);
    memcpy(text_room(&text, 3), "yz!", 3);
    text.size += 3;
    ck_assert_str_eq(text_end(&text), "a=-12 bcx-00042yz!");
    text_clear(&text);
    ck_assert_str_eq(text_end(&text), "");
    ck_assert_uint_gt(text.room, 0);
    text_fini(&text);
}
END_TEST

START_TEST(a_text_grows_by_any_step)
{
    struct text text = {0};
    size_t step = (size_t)_i * 7 + 1, good = 0;

    while (text.size < 100000) {
        char *to = text_room(&text, step);

        for (size_t i = 0; i < step; i++)
            to[i] = (char)('a' + (text.size + i) % 26);
        text.size += step;
    }
    text_end(&text);
    ck_assert_uint_lt(text.size, text.room);
    while (good < text.size && text.at[good] == (char)('a' + good % 26))
        good++;
    ck_assert_uint_eq(good, text.size);
    text_fini(&text);
}
END_TEST

START_TEST(a_format_of_any_length_fits)
{
    struct text text = {0};
    char expected[301];

    for (int length = 0; length <= 300; length++) {
        memset(expected, '.', (size_t)length);
        expected[length] = '\0';
        text_fini(&text);
        text_printf(&text, "%s", expected);
        ck_assert_uint_eq(text.size, (size_t)length);
        ck_assert_str_eq(text.at, expected);
    }
    text_fini(&text);
}
END_TEST

/* ---- digits ------------------------------------------------------------------------------- */

static void
ck_number(int64_t value)
{
    char expected[32], digits[25];
    size_t size;

    memset(digits, '#', sizeof(digits));
    size = text_number(value, digits);
    ck_assert_int_eq(digits[size], '#');
    digits[size] = '\0';
    snprintf(expected, sizeof(expected), "%" PRId64, value);
    ck_assert_str_eq(digits, expected);
}

START_TEST(numbers_are_written_as_the_library_writes_them)
{
    int64_t power = 1;

    for (int digits = 0; digits < 18; digits++, power *= 10)
        for (int64_t off = -1; off <= 1; off++) {
            ck_number(power + off);
            ck_number(-power + off);
        }
    for (int64_t value = -1000; value <= 1000; value++)
        ck_number(value * 7919);
    ck_number(INT64_MAX);
    ck_number(INT64_MIN);
}
END_TEST

START_TEST(hex_goes_both_ways)
{
    uint8_t bytes[256], back[256];
    char hex[512];

    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    text_hex(bytes, 256, hex);
    ck_assert_int_eq(memcmp(hex, "000102", 6), 0);
    ck_assert_int_eq(memcmp(hex + 506, "fdfeff", 6), 0);
    ck_assert(text_unhex(hex, 256, back));
    ck_assert_int_eq(memcmp(bytes, back, 256), 0);
    ck_assert(text_unhex("aBcD", 2, back));
    ck_assert(back[0] == 0xab && back[1] == 0xcd);
    ck_assert(!text_unhex("0g", 1, back));
    ck_assert(!text_unhex("g0", 1, back));
    ck_assert(!text_unhex("0", 1, back)); /* ends too early */
    ck_assert(!text_unhex("", 1, back));
    ck_assert(text_unhex("", 0, back));
}
END_TEST

/* ---- UTF-8 -------------------------------------------------------------------------------- */

/* The slow and plain reading of RFC 3629: decode, encode again, compare. */
static bool
utf8_plainly(const unsigned char *at, size_t size)
{
    size_t i = 0;

    while (i < size) {
        unsigned c = at[i], need = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        uint32_t code = need == 1 ? c : need == 2 ? c & 31 : need == 3 ? c & 15 : c & 7;

        if (c == 0 || need == 0 || need > size - i)
            return false;
        for (unsigned k = 1; k < need; k++) {
            if (at[i + k] >> 6 != 2)
                return false;
            code = code << 6 | (at[i + k] & 63u);
        }
        if ((need == 2 && code < 0x80) || (need == 3 && code < 0x800) || (need == 4 && code < 0x10000) ||
            code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        i += need;
    }
    return true;
}

START_TEST(every_short_sequence_is_judged_by_rfc_3629)
{
    unsigned char at[4];
    uint32_t wrong = 0;

    for (uint32_t word = 0; word < 1 << 16; word++) {
        at[0] = (unsigned char)word;
        at[1] = (unsigned char)(word >> 8);
        for (int third = 0; third < 256; third += third > 0xbe && third < 0xff ? 0x40 : 1) {
            at[2] = (unsigned char)third;
            wrong += text_utf8((char *)at, 3) != utf8_plainly(at, 3);
        }
        wrong += text_utf8((char *)at, 2) != utf8_plainly(at, 2);
    }
    for (uint32_t first = 0xe0; first < 256; first++)
        for (uint32_t word = 0; word < 1 << 16; word += 3) {
            at[0] = (unsigned char)first;
            at[1] = (unsigned char)word;
            at[2] = (unsigned char)(word >> 8);
            at[3] = (unsigned char)(word * 37 >> 4);
            wrong += text_utf8((char *)at, 4) != utf8_plainly(at, 4);
            at[3] = 0x80;
            wrong += text_utf8((char *)at, 4) != utf8_plainly(at, 4);
        }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* What is long is looked at 32 bytes at a time: the same sequences across the edge of two such pieces. */
START_TEST(a_long_text_is_judged_like_a_short_one)
{
    unsigned char text[300];
    uint32_t wrong = 0;

    memset(text, 'a', sizeof text);
    for (uint32_t first = 0x70; first < 256; first++)
        for (uint32_t word = 0; word < 1 << 16; word += word >> 8 > 0x7e && word >> 8 < 0xc2 ? 1 : 9) {
            unsigned char *at = text + 256 - 32 * (word & 1) - _i;

            at[0] = (unsigned char)first;
            at[1] = (unsigned char)(word >> 8);
            at[2] = (unsigned char)word;
            at[3] = word & 2 ? 0x80 : (unsigned char)(word * 37 >> 4);
            wrong += text_utf8((char *)text, sizeof text) != utf8_plainly(at, 5);
            memset(at, 'a', 4);
        }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* A good or bad piece at every place of texts around the widths that are looked at at once. */
START_TEST(a_flaw_is_found_at_every_place)
{
    static const struct {
        const char *piece;
        size_t size;
        bool good;
    } pieces[] = {{"\0", 1, false},       {"\x80", 1, false}, {"\xff", 1, false},     {"é", 2, true},
                  {"\xc3", 1, false},     {"€", 3, true},     {"😀", 4, true},        {"\xf0\x9f\x98", 3, false},
                  {"\xed\xa0\x80", 3, false}, {"\x7f", 1, true},  {"\xc0\x80", 2, false}, {"\x01", 1, true}};
    uint32_t wrong = 0;

    for (size_t size = 4; size < 360; size++) {
        char *text = malloc(size); /* exactly, so that a sanitizer sees a step too far */

        ck_assert_ptr_nonnull(text);
        for (size_t at = 0; at + pieces[_i].size <= size; at++) {
            memset(text, 'a', size);
            memcpy(text + at, pieces[_i].piece, pieces[_i].size);
            wrong += text_utf8(text, size) != pieces[_i].good;
        }
        free(text);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert(text_utf8("", 0));
    ck_assert(text_utf8(NULL, 0));
}
END_TEST

START_TEST(a_cut_does_not_split_a_character)
{
    static const char text[] = "aé€😀";
    static const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    for (size_t limit = 0; limit < 12; limit++)
        ck_assert_uint_eq(text_utf8_cut(text, 10, limit), cuts[limit]);
    ck_assert_uint_eq(text_utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5); /* no UTF-8: cut anywhere */
    ck_assert_uint_eq(text_utf8_cut("", 0, 0), 0);
}
END_TEST

START_TEST(what_would_confuse_a_terminal_is_escaped)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain é € 😀", "plain é € 😀"},
        {"a\tb\n\x1b[0m\x7f", "a\\x09b\\x0a\\x1b[0m\\x7f"},
        {"\xc2\x85\xc2\x9b", "\\xc2\\x85\\xc2\\x9b"},
        {"\xe2\x80\xae" "abc\xe2\x81\xa6", "\\xe2\\x80\\xaeabc\\xe2\\x81\\xa6"},
        {"\xd8\x9c\xe2\x80\xa8\xe2\x80\x8f", "\\xd8\\x9c\\xe2\\x80\\xa8\\xe2\\x80\\x8f"},
        {"a\xff\xc3", "a\\xff\\xc3"},
        {"\xe2\x82", "\\xe2\\x82"},
    };
    struct text out = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text_clear(&out);
        text_printable(cases[i].text, strlen(cases[i].text), SIZE_MAX, &out);
        ck_assert_str_eq(text_end(&out), cases[i].shown);
    }
    text_clear(&out);
    text_printable("a\0b", 3, 100, &out);
    ck_assert_str_eq(text_end(&out), "a\\x00b");
    text_fini(&out);
}
END_TEST

START_TEST(what_is_too_long_is_shown_cut)
{
    struct text out = {0};

    text_printable("abcdef", 6, 6, &out);
    text_char(&out, '|');
    text_printable("abcdef", 6, 5, &out);
    text_char(&out, '|');
    text_printable("aé", 3, 2, &out);
    text_char(&out, '|');
    text_printable("a\n", 2, 4, &out); /* an escape is whole or not there */
    text_char(&out, '|');
    text_printable("x", 1, 0, &out);
    ck_assert_str_eq(text_end(&out), "abcdef|abcde…|a…|a…|…");
    text_fini(&out);
}
END_TEST

/* ---- names -------------------------------------------------------------------------------- */

static const struct glob {
    const char *pattern, *name;
    bool crossing, within; /* with and without `slash` */
} globs[] = {
    {"", "", true, true},
    {"", "a", false, false},
    {"*", "", true, true},
    {"*", "a/b", true, false},
    {"*.csv", "orders.csv", true, true},
    {"*.csv", "a/orders.csv", true, false},
    {"*.csv", "orders.csv.gz", false, false},
    {"*/navaids.csv", "2025/02/navaids.csv", true, false},
    {"*/navaids.csv", "2025/navaids.csv", true, true},
    {"a*b*c", "a/b/c", true, false},
    {"a*b*c", "axbybzc", true, true},
    {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false, false},
    {"**", "ab", true, true},
    {"a*/b*/c*", "a1/b2/c3", true, true},
    {"a*/b*/c*", "a1/x/b2/c3", true, false},
    {"?", "a", true, true},
    {"?", "é", true, true},
    {"??", "é", false, false},
    {"?", "/", true, false},
    {"?", "\xff", true, true},
    {"a?c", "abc", true, true},
    {"a?c", "ac", false, false},
    {"[a-c]x", "bx", true, true},
    {"[a-c]x", "dx", false, false},
    {"[!a-c]x", "dx", true, true},
    {"[^a-c]x", "bx", false, false},
    {"[]]", "]", true, true},
    {"[a-]", "-", true, true},
    {"[!a]", "/", true, false},
    {"[à-ü]", "é", true, true},
    {"[0-9][0-9]", "42", true, true},
    {"[abc", "[abc", true, true}, /* never closed: it is itself */
    {"x[", "x[", true, true},
    {"orders_*_[0-9].csv", "orders_a_b_7.csv", true, true},
    {"É*", "École", true, true},
    {"a*", "b", false, false},
    {"*é", "café", true, true},
};

START_TEST(a_pattern_takes_what_it_says)
{
    ck_assert_int_eq(text_glob(globs[_i].pattern, globs[_i].name, true), globs[_i].crossing);
    ck_assert_int_eq(text_glob(globs[_i].pattern, globs[_i].name, false), globs[_i].within);
}
END_TEST

/* Backtracking that went wild would not come to an end here. */
START_TEST(a_hostile_pattern_is_answered_in_time)
{
    char name[5001], pattern[2002];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 1000; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    pattern[2000] = 'b';
    pattern[2001] = '\0';
    ck_assert(!text_glob(pattern, name, true));
    ck_assert(!text_glob(pattern, name, false));
}
END_TEST

START_TEST(a_slip_finds_the_word_that_was_meant)
{
    static const char *const choices[] = {"order_id", "customer_id", "qty", "unit_price", NULL, "on", "id"};
    static const struct {
        const char *word, *meant;
    } cases[] = {
        {"oder_id", "order_id"},  {"order_di", "order_id"},   {"ORDER_ID", "order_id"},  {"qyt", "qty"},
        {"qt", "qty"},            {"unitprice", "unit_price"}, {"cutsomer_id", "customer_id"},
        {"order_id", "order_id"}, {"zzz", NULL},              {"", NULL},                {"x", NULL},
        {"shipment", NULL},       {"customer", "customer_id"}, {"ids", "id"},
    };
    char long_word[100];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *nearest = text_nearest(cases[i].word, choices, 7);

        if (cases[i].meant == NULL)
            ck_assert_msg(nearest == NULL, "'%s' is not '%s'", cases[i].word, nearest);
        else
            ck_assert_msg(nearest != NULL && strcmp(nearest, cases[i].meant) == 0, "'%s' is '%s', not '%s'",
                          cases[i].word, cases[i].meant, nearest == NULL ? "nothing" : nearest);
    }
    memset(long_word, 'a', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    ck_assert_ptr_null(text_nearest(long_word, choices, 7));
    ck_assert_ptr_null(text_nearest("qty", (const char *const[]){long_word}, 1));
    ck_assert_ptr_null(text_nearest("qty", NULL, 0));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 30); /* sanitizers */
    tcase_add_test(tcase, an_empty_text_is_empty);
    tcase_add_test(tcase, pieces_come_together);
    tcase_add_loop_test(tcase, a_text_grows_by_any_step, 0, 20);
    tcase_add_test(tcase, a_format_of_any_length_fits);
    tcase_add_test(tcase, numbers_are_written_as_the_library_writes_them);
    tcase_add_test(tcase, hex_goes_both_ways);
    tcase_add_test(tcase, every_short_sequence_is_judged_by_rfc_3629);
    tcase_add_loop_test(tcase, a_long_text_is_judged_like_a_short_one, 0, 5);
    tcase_add_loop_test(tcase, a_flaw_is_found_at_every_place, 0, 12);
    tcase_add_test(tcase, a_cut_does_not_split_a_character);
    tcase_add_test(tcase, what_would_confuse_a_terminal_is_escaped);
    tcase_add_test(tcase, what_is_too_long_is_shown_cut);
    tcase_add_loop_test(tcase, a_pattern_takes_what_it_says, 0, (int)(sizeof(globs) / sizeof(globs[0])));
    tcase_add_test(tcase, a_hostile_pattern_is_answered_in_time);
    tcase_add_test(tcase, a_slip_finds_the_word_that_was_meant);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
