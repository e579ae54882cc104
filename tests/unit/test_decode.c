/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings in pieces of any size give what they give at once. */
#include "source/decode.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
    const char *encoding;
    const char *input;
    size_t size;
    const char *expect;
} cases[] = {
    {"ISO-8859-1", BYTES("caf\xe9 \xff\xfe"), "caf\xc3\xa9 \xc3\xbf\xc3\xbe"},
    {"windows-1252", BYTES("\x80 1\xa0" "234 \x93q\x94"), "\xe2\x82\xac 1\xc2\xa0" "234 \xe2\x80\x9cq\xe2\x80\x9d"},
    {"CP1252", BYTES("a\x81z"), "a\xffz"}, /* one of five that it does not have */
    {"UTF-16LE", BYTES("a\0,\0\xe9\0\x3d\xd8\x00\xde\n\0"), "a,\xc3\xa9\xf0\x9f\x98\x80\n"},
    {"UTF-16BE", BYTES("\0a\0,\0\xe9\xd8\x3d\xde\x00\0\n"), "a,\xc3\xa9\xf0\x9f\x98\x80\n"},
    {"UTF-16", BYTES("\xfe\xff\0a\0\xe9"), "a\xc3\xa9"},
    {"UTF-16", BYTES("\xff\xfe" "a\0\xe9\0"), "a\xc3\xa9"},
    {"UTF-16LE", BYTES("\xff\xfe" "a\0\xff\xfe"), "a\xef\xbb\xbf"}, /* in front it is no data, further on it is */
    {"UTF-16LE", BYTES("a\0\0\xd8" "b\0c\0"), "a\xff" "bc"},      /* half a pair does not shift what follows */
    {"UTF-16BE", BYTES("\0a\xdc\0\0b\0c"), "a\xff" "bc"},
    {"UTF-16", BYTES("\xfe\xff\0a\xdc\0\0b\0c"), "a\xff" "bc"},
    {"UTF-16LE", BYTES("a\0b"), "a\xff"},                          /* half a character at the end */
    {"UTF-16LE", BYTES("a\0\x3d\xd8"), "a\xff"},
    {"UTF-32LE", BYTES("a\0\0\0\0\0\x11\0b\0\0\0"), "a\xff" "b"},
    {"SHIFT_JIS", BYTES("\x93\xfa\x96{,\xb1"), "\xe6\x97\xa5\xe6\x9c\xac,\xef\xbd\xb1"},
    {"EUC-JP", BYTES("\xc6\xfc\xcb\xdc,\x8f\xb0\xa1"), "\xe6\x97\xa5\xe6\x9c\xac,\xe4\xb8\x82"},
    {"GB18030", BYTES("\xc4\xe3,\x81\x30\x81\x30"), "\xe4\xbd\xa0,\xc2\x80"},
    {"ISO-2022-JP", BYTES("a\x1b$B\x46|\x4b\\\x1b(B,b"), "a\xe6\x97\xa5\xe6\x9c\xac,b"},
    {"CP437", BYTES("\x82\xe1"), "\xc3\xa9\xc3\x9f"},
    {"IBM037", BYTES("\xc1\xf1\x40"), "A1 "},
};

static size_t
decode_in_pieces(size_t i, size_t first, size_t piece, size_t room, char *to)
{
    struct decode *decode = decode_new(cases[i].encoding);
    size_t at = 0, out = 0, idle = 0;

    ck_assert_msg(decode != NULL, "%s", cases[i].encoding);
    while (idle < 3) {
        size_t size = at < first ? first - at : piece, taken = 0, got;

        if (size > cases[i].size - at)
            size = cases[i].size - at;
        got = decode_push(decode, cases[i].input + at, size, at + size == cases[i].size, to + out, room, &taken);
        ck_assert_uint_le(got, room);
        ck_assert_uint_le(taken, size);
        at += taken;
        out += got;
        idle = got == 0 && taken == 0 ? idle + 1 : 0;
    }
    ck_assert_uint_eq(at, cases[i].size);
    decode_free(decode);
    return out;
}

START_TEST(pieces_of_any_size_give_the_same)
{
    size_t expect = strlen(cases[_i].expect);

    for (size_t first = 0; first <= cases[_i].size; first++)
        for (size_t piece = 1; piece <= cases[_i].size; piece++)
            for (size_t room = DECODE_ROOM; room < DECODE_ROOM + 6; room++) {
                char to[256];
                size_t got = decode_in_pieces((size_t)_i, first, piece, room, to);

                ck_assert_msg(got == expect && memcmp(to, cases[_i].expect, got) == 0, "%s, %zu then %zu, room %zu: %.*s",
                              cases[_i].encoding, first, piece, room, (int)got, to);
            }
}
END_TEST

START_TEST(too_little_room_does_nothing)
{
    struct decode *decode = decode_new("latin1");
    char to[DECODE_ROOM];
    size_t taken = 9;

    ck_assert_uint_eq(decode_push(decode, "abc", 3, true, to, DECODE_ROOM - 1, &taken), 0);
    ck_assert_uint_eq(taken, 0);
    decode_free(decode);
}
END_TEST

START_TEST(only_whole_names_are_known)
{
    ck_assert(decode_known("windows-1252") && decode_known("latin1") && decode_known("UTF-16") && decode_known("utf8"));
    ck_assert(!decode_known("windows-1252//IGNORE"));
    ck_assert(!decode_known("")); /* the C library would take that of the locale */
    ck_assert(!decode_known("klingon"));
    ck_assert_ptr_null(decode_new("utf-8"));
    ck_assert_ptr_null(decode_new("klingon"));
}
END_TEST

START_TEST(what_has_wide_characters_is_known_to)
{
    static const struct {
        const char *encoding;
        bool wide;
    } of[] = {{"UTF-16LE", true}, {"UTF-16", true}, {"UCS-2", true}, {"UTF-32BE", true}, {"windows-1252", false},
              {"SHIFT_JIS", false}, {"ISO-2022-JP", false}, {"IBM037", false}};

    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct decode *decode = decode_new(of[i].encoding);

        ck_assert_msg(decode_wide(decode) == of[i].wide, "%s", of[i].encoding);
        decode_free(decode);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("decode");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120); /* a machine may have much else to do */
    tcase_add_loop_test(tcase, pieces_of_any_size_give_the_same, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, too_little_room_does_nothing);
    tcase_add_test(tcase, only_whole_names_are_known);
    tcase_add_test(tcase, what_has_wide_characters_is_known_to);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
