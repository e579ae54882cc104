/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of expressions at their edges; those of times, patterns and hashes have files of their own. */
#include "expression/expression.h"

#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/text.h"
#include "expression/function.h"
#include "expression/letters.h"
#include "expression_kit.h"

#define EXPECT(list) kit_expect(NULL, list, sizeof list / sizeof *list)

/* ---- the table ---------------------------------------------------------------------------- */

START_TEST(every_example_gives_what_the_table_says)
{
    size_t count = 0;

    for (const struct expression_help *help = expression_help; help->name != NULL; help++, count++) {
        const char *gives = kit(help->example), *says = help->gives == NULL ? "null" : help->gives;

        ck_assert_msg(strcmp(gives, says) == 0, "%s: %s gives\n  %s, the table says\n  %s", help->name, help->example, gives,
                      says);
    }
    ck_assert_uint_gt(count, 80);
}
END_TEST

START_TEST(every_function_has_a_line_for_people)
{
    static const char *const groups[] = {"operator", "text", "number", "date and time", "choice", "pattern", "hash"};

    for (const struct function *function = function_table; function->name != NULL; function++) {
        const struct expression_help *help = expression_help;

        while (help->name != NULL && strcmp(help->name, function->name) != 0)
            help++;
        ck_assert_msg(help->name != NULL, "%s", function->name);
        ck_assert_msg(strncmp(help->shape, function->name, strlen(function->name)) == 0, "%s", help->shape);
        ck_assert_msg(strstr(help->example, function->name) != NULL, "the example of %s does not call it", function->name);
        ck_assert_msg(function->least <= strlen(function->takes) && function->run != NULL, "%s", function->name);
        for (const struct function *other = function_table; other < function; other++)
            ck_assert_str_ne(other->name, function->name);
    }
    for (const struct expression_help *help = expression_help; help->name != NULL; help++) {
        size_t group = 0, length = strlen(help->help);

        while (group < sizeof groups / sizeof *groups && strcmp(groups[group], help->group) != 0)
            group++;
        ck_assert_msg(group < sizeof groups / sizeof *groups, "%s is of no group", help->name);
        ck_assert_msg(length > 0 && help->help[length - 1] == '.', "%s: no sentence", help->name);
        ck_assert_msg(help->shape[0] != '\0' && help->example[0] != '\0', "%s", help->name);
    }
}
END_TEST

START_TEST(a_null_argument_makes_a_null)
{
    static const char *const not_so[] = {"concat", "concat_ws"}; /* their tests say what they make of it */

    for (const struct function *function = function_table; function->name != NULL; function++) {
        size_t arguments = strlen(function->takes);
        struct text call = {0};

        if (strcmp(function->name, not_so[0]) == 0 || strcmp(function->name, not_so[1]) == 0)
            continue;
        text_printf(&call, "%s(", function->name);
        for (size_t i = 0; i < arguments; i++)
            text_put(&call, i == 0 ? "NULL" : ", NULL");
        text_char(&call, ')');
        /* those that need a constant word or pattern say so, and never crash */
        if (strncmp(kit(text_end(&call)), "error: ", 7) != 0)
            ck_assert_msg(strcmp(kit(text_end(&call)), "null") == 0, "%s gives %s", text_end(&call), kit(text_end(&call)));
        text_fini(&call);
    }
}
END_TEST

/* ---- text --------------------------------------------------------------------------------- */

START_TEST(case_is_changed_letter_by_letter_in_every_script)
{
    static const struct kit_expected list[] = {
        {"upper(a)", {"text:"}, ""},
        {"upper(a)", {"text"}, "null"},
        {"upper(a)", {"text:abc xyz{|}`@[09"}, "ABC XYZ{|}`@[09"},
        {"lower(a)", {"text:ABC XYZ{|}`@[09"}, "abc xyz{|}`@[09"},
        {"upper(a)", {"text:a long text of plain ASCII, of more than eight bytes"},
         "A LONG TEXT OF PLAIN ASCII, OF MORE THAN EIGHT BYTES"},
        {"upper(a)", {"text:stra\xc3\x9f" "e"}, "STRA\xc3\x9f" "E"},
        {"upper(a)", {"text:ÿ µ ı ſ đ ŋ"}, "Ÿ Μ I S Đ Ŋ"},
        {"lower(a)", {"text:İ Ÿ ΑΣ ЁЖ Ǆ"}, "i ÿ ασ ёж ǆ"},
        {"upper(a)", {"text:ωκεανός щука"}, "ΩΚΕΑΝΌΣ ЩУКА"},
        {"upper(a)", {"text:e\xcc\x81t\xc3\xa9"}, "E\xcc\x81T\xc3\x89"}, /* a combining accent stays on its letter */
        {"lower(upper(a))", {"text:grüße 日本 \xf0\x9f\x98\x80 \xf0\x90\x90\xa8"}, "grüße 日本 \xf0\x9f\x98\x80 \xf0\x90\x90\xa8"},
        {"upper(a)", {"text:a\xff" "b\xc3"}, "A\xff" "B\xc3"}, /* what is no UTF-8 stays as it is */
        {"initcap(a)", {"text:o'neil mc-DONALD x1y émile"}, "O'Neil Mc-Donald X1y Émile"},
        {"initcap(a)", {"text:  двА слОва"}, "  Два Слова"},
        {"initcap(a)", {"text:e\xcc\x81TE"}, "E\xcc\x81te"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(letters_are_those_of_the_c_library)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    if (locale == (locale_t)0)
        return; /* nothing to compare with */
    for (unsigned code = 0; code < 0x530; code++) { /* Latin, Greek, Cyrillic; newer letters depend on the library's age */
        if (code == 0x130 || code == 0x131 || code == 0x1e9e)
            continue; /* the two of Turkish are a matter of taste */
        ck_assert_msg(letters_upper(code) == towupper_l((wint_t)code, locale), "U+%04X", code);
        ck_assert_msg(letters_lower(code) == towlower_l((wint_t)code, locale), "U+%04X", code);
    }
    freelocale(locale);
}
END_TEST

START_TEST(blanks_and_other_ends_are_trimmed)
{
    static const struct kit_expected list[] = {
        {"trim(a)", {"text:  a b  "}, "a b"},
        {"trim(a)", {"text:   "}, ""},
        {"trim(a)", {"text:"}, ""},
        {"trim(a)", {"text:\ta\n"}, "\ta\n"}, /* blanks are U+0020, as in SQL */
        {"ltrim(a)", {"text:  a "}, "a "},
        {"rtrim(a)", {"text:  a "}, "  a"},
        {"trim(a, b)", {"text:-+a-b+-", "text:+-"}, "a-b"},
        {"trim(a, b)", {"text:abc", "text:"}, "abc"},
        {"trim(a, b)", {"text:aaa", "text:a"}, ""},
        {"trim(a, b)", {"text:abc", "text"}, "null"},
        {"trim(a, b)", {"text:éüaéü", "text:éü"}, "a"},
        {"trim(a, b)", {"text:\xc3\xa9" "a", "text:\xc3\xa8"}, "\xc3\xa9" "a"}, /* characters, not their first bytes */
        {"ltrim(a, ' \t')", {"text: \t a"}, "a"},
        {"rtrim(a, b)", {"text:aéé", "text:é"}, "a"},
        {"trim(BOTH 'x' FROM a)", {"text:xaxx"}, "a"},
        {"trim(LEADING FROM a)", {"text:  a "}, "a "},
        {"trim(TRAILING 'x' FROM a)", {"text:xaxx"}, "xa"},
        {"trim(a)", {"integer:5"}, "error: trim takes text here, not integer (cast(a as text))"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(lengths_count_characters_or_bytes)
{
    static const struct kit_expected list[] = {
        {"length(a)", {"text:"}, "0"},
        {"length(a)", {"text:naïve"}, "5"},
        {"length(a)", {"text:日本語 text of more than eight bytes 日本語"}, "37"},
        {"length(a)", {"text:e\xcc\x81"}, "2"}, /* a combining mark is a code point of its own */
        {"length(a)", {"text:\xf0\x9f\x98\x80"}, "1"},
        {"length(a)", {"bytes:naïve"}, "6"},
        {"length(a)", {"text:\x80\x80" "a"}, "2"},
        {"octet_length(a)", {"text:naïve"}, "6"},
        {"octet_length(a)", {"text"}, "null"},
        {"char_length(a)", {"text:€"}, "1"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(texts_are_cut_as_sqlite_cuts_them)
{
    static const struct kit_expected list[] = {
        {"substr(a, 2)", {"text:hello"}, "ello"},
        {"substr(a, 2, 3)", {"text:hello"}, "ell"},
        {"substr(a, -3)", {"text:hello"}, "llo"},
        {"substr(a, -3, 2)", {"text:hello"}, "ll"},
        {"substr(a, 0)", {"text:hello"}, "hello"},
        {"substr(a, 0, 3)", {"text:hello"}, "he"},
        {"substr(a, -7, 3)", {"text:hello"}, "h"},
        {"substr(a, 4, -2)", {"text:hello"}, "el"},
        {"substr(a, -1, -2)", {"text:hello"}, "ll"},
        {"substr(a, 0, -2)", {"text:hello"}, ""},
        {"substr(a, 9)", {"text:hello"}, ""},
        {"substr(a, 2, 0)", {"text:hello"}, ""},
        {"substr(a, 2, 3)", {"text:àéîõü"}, "éîõ"},
        {"substr(a, -2)", {"text:àéîõü"}, "õü"},
        {"substr(a, 2, 2)", {"bytes:éa"}, "\xa9" "a"},
        {"substr(a, b, c)", {"text:hello", "integer:9223372036854775807", "integer:9223372036854775807"}, ""},
        {"substr(a, b, c)", {"text:hello", "integer:-9223372036854775808", "integer:99"}, ""},
        {"substr(a, b, c)", {"text:hello", "integer:2", "integer:9223372036854775807"}, "ello"},
        {"substr(a, b, c)", {"text:hello", "integer:3", "integer:-9223372036854775808"}, "he"},
        {"substr(a, b)", {"text:hello", "integer"}, "null"},
        {"substring(a FROM 2 FOR 2)", {"text:hello"}, "el"},
        {"substring(a FROM 4)", {"text:hello"}, "lo"},
        {"substr(a, '2')", {"text:hello"}, "error: substr takes an integer here, not text (cast('2' as integer))"},
        {"left(a, b)", {"text:héllo", "integer:2"}, "hé"},
        {"left(a, b)", {"text:héllo", "integer:-2"}, "hél"},
        {"left(a, b)", {"text:héllo", "integer:-9"}, ""},
        {"left(a, b)", {"text:héllo", "integer:99"}, "héllo"},
        {"left(a, b)", {"text:héllo", "integer:0"}, ""},
        {"right(a, b)", {"text:héllo", "integer:4"}, "éllo"},
        {"right(a, b)", {"text:héllo", "integer:-4"}, "o"},
        {"right(a, b)", {"text:héllo", "integer:-9"}, ""},
        {"right(a, b)", {"text:héllo", "integer:99"}, "héllo"},
        {"right(a, b)", {"text:héllo", "integer:0"}, ""},
        {"split_part(a, b, 1)", {"text:a,b,,d", "text:,"}, "a"},
        {"split_part(a, b, 3)", {"text:a,b,,d", "text:,"}, ""},
        {"split_part(a, b, 4)", {"text:a,b,,d", "text:,"}, "d"},
        {"split_part(a, b, 5)", {"text:a,b,,d", "text:,"}, ""},
        {"split_part(a, b, -1)", {"text:a,b,,d", "text:,"}, "d"},
        {"split_part(a, b, -4)", {"text:a,b,,d", "text:,"}, "a"},
        {"split_part(a, b, -5)", {"text:a,b,,d", "text:,"}, ""},
        {"split_part(a, b, 2)", {"text:a::b", "text:::"}, "b"},
        {"split_part(a, b, 1)", {"text:abc", "text:"}, "abc"},
        {"split_part(a, b, 2)", {"text:abc", "text:"}, ""},
        {"split_part(a, b, 1)", {"text:", "text:,"}, ""},
        {"split_part(a, ',', b)", {"text:abc", "integer:0"},
         "bad_argument: split_part counts from 1, or from -1 for the last part: there is no part 0"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(texts_are_searched_and_replaced)
{
    static const struct kit_expected list[] = {
        {"instr(a, b)", {"text:héllo", "text:l"}, "3"},
        {"instr(a, b)", {"text:héllo", "text:x"}, "0"},
        {"instr(a, b)", {"text:héllo", "text:"}, "1"},
        {"instr(a, b)", {"text:", "text:x"}, "0"},
        {"instr(a, b)", {"text:", "text:"}, "1"},
        {"instr(a, b)", {"bytes:éab", "bytes:a"}, "3"},
        {"instr(a, b)", {"bytes:éab", "text:a"}, "error: instr needs two texts or two bytes, not one of each"},
        {"strpos(a, b)", {"text:abc", "text:c"}, "3"},
        {"position(b IN a)", {"text:héllo", "text:o"}, "5"},
        {"position(b IN a)", {"text:héllo", "text:"}, "1"},
        {"starts_with(a, b)", {"text:héllo", "text:hé"}, "true"},
        {"starts_with(a, b)", {"text:héllo", "text:HÉ"}, "false"},
        {"starts_with(a, b)", {"text:a", "text:abc"}, "false"},
        {"starts_with(a, b)", {"text:", "text:"}, "true"},
        {"ends_with(a, b)", {"text:héllo", "text:llo"}, "true"},
        {"ends_with(a, b)", {"text:llo", "text:héllo"}, "false"},
        {"contains(a, b)", {"text:héllo", "text:él"}, "true"},
        {"contains(a, b)", {"text:héllo", "text"}, "null"},
        {"replace(a, b, c)", {"text:aaaa", "text:aa", "text:b"}, "bb"},
        {"replace(a, b, c)", {"text:abc", "text:", "text:x"}, "abc"},
        {"replace(a, b, c)", {"text:abc", "text:b", "text:"}, "ac"},
        {"replace(a, b, c)", {"text:abc", "text:b", "text:longer"}, "alongerc"},
        {"replace(a, b, c)", {"text:abc", "text:abc", "text:"}, ""},
        {"replace(a, b, c)", {"text:abc", "text:x", "text:y"}, "abc"},
        {"translate(a, b, c)", {"text:hello", "text:elo", "text:aX"}, "haXX"},
        {"translate(a, b, c)", {"text:äöü", "text:äöü", "text:aou"}, "aou"},
        {"translate(a, b, c)", {"text:abc", "text:abc", "text:€"}, "€"},
        {"translate(a, b, c)", {"text:abc", "text:aa", "text:xy"}, "xbc"},
        {"translate(a, b, c)", {"text:abc", "text:", "text:xy"}, "abc"},
        {"translate(a, 'elo', 'aX')", {"text:héllo"}, "héXX"},
        {"translate(a, 'aab', 'xyz')", {"text:aabbc"}, "xxzzc"},
        {"translate(a, 'é', 'e')", {"text:été"}, "ete"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(texts_are_built_within_limits)
{
    static const struct kit_expected list[] = {
        {"lpad(a, b)", {"text:ab", "integer:4"}, "  ab"},
        {"lpad(a, b, c)", {"text:ab", "integer:7", "text:xyz"}, "xyzxyab"},
        {"rpad(a, b, c)", {"text:ab", "integer:7", "text:xyz"}, "abxyzxy"},
        {"lpad(a, b, c)", {"text:é", "integer:4", "text:äö"}, "äöäé"},
        {"lpad(a, b, c)", {"text:hello", "integer:2", "text:x"}, "he"},
        {"rpad(a, b, c)", {"text:hello", "integer:2", "text:x"}, "he"},
        {"lpad(a, b, c)", {"text:hello", "integer:-1", "text:x"}, ""},
        {"lpad(a, b, c)", {"text:hi", "integer:9", "text:"}, "hi"},
        {"lpad(a, b, c)", {"text:", "integer:3", "text:x"}, "xxx"},
        {"lpad(a, b)", {"text:x", "integer:9223372036854775807"},
         "text_too_long: a text of 9223372036854775806 bytes: at most 1 MiB can be made here"},
        {"length(rpad(a, b, c))", {"text:x", "integer:1048576", "text:xy"}, "1048576"},
        {"repeat(a, b)", {"text:ab", "integer:3"}, "ababab"},
        {"repeat(a, b)", {"text:ab", "integer:0"}, ""},
        {"repeat(a, b)", {"text:ab", "integer:-5"}, ""},
        {"repeat(a, b)", {"text:", "integer:9223372036854775807"}, ""},
        {"repeat(a, b)", {"text:ab", "integer:600000"}, "text_too_long: a text of 1200000 bytes: at most 1 MiB can be made here"},
        {"repeat(a, b)", {"text:ab", "integer:9223372036854775807"},
         "text_too_long: a text of 9223372036854775807 bytes: at most 1 MiB can be made here"},
        {"length(replace(repeat(a, 100000), a, repeat('y', 200)))", {"text:x"},
         "text_too_long: a text of 20000000 bytes: at most 16 MiB can be made here"},
        {"reverse(a)", {"text:añ€\xf0\x9f\x98\x80"}, "\xf0\x9f\x98\x80€ña"},
        {"reverse(a)", {"text:"}, ""},
        {"concat(a, b, c)", {"text:a", "text", "integer:7"}, "a7"},
        {"concat(a)", {"text"}, ""},
        {"concat(a, b, c)", {"date:2026-01-31", "decimal(5,2):1.50", "boolean:true"}, "2026-01-311.50true"},
        {"concat_ws(a, b, c, d)", {"text:, ", "text:x", "text", "text:y"}, "x, y"},
        {"concat_ws(a, b, c)", {"text:, ", "text", "text"}, ""},
        {"concat_ws(a, b, c)", {"text", "text:x", "text:y"}, "null"},
        {"concat_ws(a, b, c)", {"text:-", "text:", "text:"}, "-"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(code_points_and_hex_have_edges)
{
    static const struct kit_expected list[] = {
        {"char(a)", {"integer:8364"}, "€"},
        {"char(a, b)", {"integer:1114111", "integer:65"}, "\xf4\x8f\xbf\xbf" "A"},
        {"char(a)", {"integer:0"}, "bad_argument: there is no character 0"},
        {"char(a)", {"integer:-1"}, "bad_argument: there is no character -1"},
        {"char(a)", {"integer:55296"}, "bad_argument: there is no character 55296"},
        {"char(a)", {"integer:1114112"}, "bad_argument: there is no character 1114112"},
        {"chr(a)", {"integer:233"}, "é"},
        {"unicode(a)", {"text:\xf0\x9f\x98\x80x"}, "128512"},
        {"unicode(a)", {"text:"}, "null"},
        {"unicode(a)", {"text:\xff"}, "65533"},
        {"ascii(a)", {"text:A"}, "65"},
        {"hex(a)", {"text:é~"}, "C3A97E"},
        {"hex(a)", {"text:"}, ""},
        {"hex(unhex(a))", {"text:00ffAb"}, "00FFAB"},
        {"length(unhex(a))", {"text:"}, "0"},
        {"unhex(a)", {"text:0"}, "bad_argument: '0' is no hex text"},
        {"unhex(a)", {"text:0x"}, "bad_argument: '0x' is no hex text"},
        {"hex(a)", {"integer:5"}, "error: hex takes text or bytes here, not integer (cast(a as text))"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(json_is_looked_into)
{
    static const struct kit_expected list[] = {
        {"json_extract(a, '$.a.b')", {"text:{\"a\": {\"b\": \"x\\u00e9\\n\"}}"}, "xé\n"},
        {"json_extract(a, '$')", {"text: { \"a b\" : [ 1 , \"x \\\" y\" ] } "}, "{\"a b\":[1,\"x \\\" y\"]}"},
        {"json_extract(a, '$.\"a b\"[1]')", {"text:{\"a b\": [1, \"x\"]}"}, "x"},
        {"json_extract(a, '$[#-1]')", {"text:[1, 2, 3.50]"}, "3.50"},
        {"json_extract(a, '$[#-4]')", {"text:[1, 2, 3]"}, "null"},
        {"json_extract(a, '$[3]')", {"text:[1, 2, 3]"}, "null"},
        {"json_extract(a, '$.a')", {"text:[1]"}, "null"},
        {"json_extract(a, '$[0]')", {"text:{\"0\": 1}"}, "null"},
        {"json_extract(a, '$.a')", {"text:{\"a\": null}"}, "null"},
        {"json_extract(a, '$.a')", {"text:{\"a\": true}"}, "true"},
        {"json_extract(a, '$.n')", {"text:{\"n\": 12345678901234567890.10}"}, "12345678901234567890.10"},
        {"json_extract(a, '$.a')", {"text:"}, "bad_json: '' is no JSON at byte 0"},
        {"json_extract(a, '$.a')", {"text:{\"a\": 1"}, "bad_json: '{\"a\": 1' is no JSON at byte 7"},
        {"json_extract(a, b)", {"text:{}", "text:a.b"}, "bad_argument: 'a.b' is no path into a JSON text"},
        {"json_extract(a, b)", {"text:{\"k\": 5}", "text:$.k"}, "5"},
        {"json_extract(a, '$..a')", {"text:{}"}, "error: this is no path into a JSON text (paths look like '$.a.b', "
                                                 "'$.list[0]', '$.\"a b\"')"},
        {"json_extract(a, '$[x]')", {"text:{}"}, "error: this is no path into a JSON text (paths look like '$.a.b', "
                                                 "'$.list[0]', '$.\"a b\"')"},
        {"json_extract(a, '$.a')", {"text"}, "null"},
    };

    EXPECT(list);
}
END_TEST

/* ---- number ------------------------------------------------------------------------------- */

START_TEST(numbers_round_away_from_zero_and_keep_their_kind)
{
    static const struct kit_expected list[] = {
        {"round(a)", {"decimal(4,1):2.5"}, "3"},
        {"round(a)", {"decimal(4,1):-2.5"}, "-3"},
        {"round(a)", {"decimal(4,1):2.4"}, "2"},
        {"round(a)", {"decimal(2,1):9.9"}, "10"},
        {"round(a, 1)", {"decimal(4,2):1.25"}, "1.3"},
        {"round(a, 1)", {"decimal(4,2):-1.25"}, "-1.3"},
        {"round(a, 1)", {"decimal(4,2):-0.04"}, "0.0"},
        {"round(a, 9)", {"decimal(4,2):1.25"}, "1.25"},
        {"round(a, -1)", {"decimal(5,2):115.00"}, "120"},
        {"round(a, -2)", {"decimal(5,2):949.99"}, "900"},
        {"round(a, -3)", {"decimal(5,2):499.99"}, "0"},
        {"round(a, -3)", {"decimal(5,2):500.00"}, "1000"},
        {"round(a, b)", {"decimal(5,2):115.25", "integer:1"}, "115.30"},
        {"round(a, b)", {"decimal(5,2):115.25", "integer:-1"}, "120.00"},
        {"round(a, b)", {"decimal(5,2):115.25", "integer:-9223372036854775808"}, "0.00"},
        {"round(a, b)", {"decimal(5,2):115.25", "integer:9223372036854775807"}, "115.25"},
        {"round(a, b)", {"decimal(5,2):115.25", "integer"}, "null"},
        {"round(a, -1)", {"decimal(38,0):99999999999999999999999999999999999999"}, "overflow: the result has too many digits"},
        {"round(a)", {"decimal(38,38):0.99999999999999999999999999999999999999"}, "1"},
        {"round(a, -38)", {"decimal(38,0):50000000000000000000000000000000000000"}, "overflow: the result has too many digits"},
        {"round(a, -38)", {"decimal(38,0):49999999999999999999999999999999999999"}, "0"},
        {"round(a)", {"integer:7"}, "7"},
        {"round(a, -1)", {"integer:-15"}, "-20"},
        {"round(a, -1)", {"integer:9223372036854775807"}, "overflow: the result has too many digits"},
        {"round(a, -19)", {"integer:9223372036854775807"}, "overflow: the result has too many digits"},
        {"round(a, -20)", {"integer:9223372036854775807"}, "0"},
        {"round(a)", {"real:0.49999999999999994"}, "0"},
        {"round(a)", {"real:-2.5"}, "-3"},
        {"round(a, 2)", {"real:2.675"}, "2.68"}, /* as it is written, not as it is stored */
        {"round(a, 2)", {"real:1.005"}, "1.01"},
        {"round(a, 2)", {"real:-1.005"}, "-1.01"},
        {"round(a, 3)", {"real:1234567.0005"}, "1234567.001"},
        {"round(a, 2)", {"real:1e300"}, "1e+300"},
        {"round(a, 300)", {"real:0.1"}, "0.1"},
        {"round(a, -2)", {"real:1250"}, "1300"},
        {"round(a, -400)", {"real:1e300"}, "0"},
        {"trunc(a)", {"decimal(4,1):-2.9"}, "-2"},
        {"trunc(a, 1)", {"decimal(4,2):9.99"}, "9.9"},
        {"trunc(a, -1)", {"integer:-19"}, "-10"},
        {"trunc(a)", {"real:-2.9"}, "-2"},
        {"trunc(a, 2)", {"real:0.29"}, "0.29"}, /* 0.29 * 100 is below 29 */
        {"trunc(a, 8)", {"real:1.57e-7"}, "1.5e-07"},
        {"trunc(a, 2)", {"real:-1.999"}, "-1.99"},
        {"trunc(a, 3)", {"real:1e20"}, "100000000000000000000"},
        {"floor(a)", {"decimal(4,2):-0.01"}, "-1"},
        {"floor(a)", {"decimal(4,2):99.99"}, "99"},
        {"floor(a)", {"real:-0.5"}, "-1"},
        {"floor(a)", {"integer:-7"}, "-7"},
        {"ceil(a)", {"decimal(4,2):99.01"}, "100"},
        {"ceil(a)", {"decimal(4,2):-0.99"}, "0"},
        {"ceiling(a)", {"real:1.0000000001"}, "2"},
        {"round(a, 1.5)", {"decimal(4,2):1.25"}, "error: round takes an integer here, not decimal(2,1) (cast(1.5 as integer))"},
    };

    EXPECT(list);
}
END_TEST

START_TEST(numbers_have_signs_rests_and_powers)
{
    static const struct kit_expected list[] = {
        {"abs(a)", {"integer:-7"}, "7"},
        {"abs(a)", {"integer:-9223372036854775808"}, "overflow: abs(-9223372036854775808) is beyond 64 bits"},
        {"abs(a)", {"decimal(38,0):-99999999999999999999999999999999999999"}, "99999999999999999999999999999999999999"},
        {"abs(a)", {"real:-0.5"}, "0.5"},
        {"abs(a)", {"text:-7"}, "error: abs takes a number here, not text (cast(a as integer))"},
        {"sign(a)", {"integer:-7"}, "-1"},
        {"sign(a)", {"decimal(4,2):0.00"}, "0"},
        {"sign(a)", {"real:1e-300"}, "1"},
        {"mod(a, b)", {"integer:-7", "integer:3"}, "-1"},
        {"mod(a, b)", {"integer:-9223372036854775808", "integer:-1"}, "0"},
        {"mod(a, b)", {"decimal(6,2):7.50", "integer:2"}, "1.50"},
        {"mod(a, b)", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"power(a, b)", {"integer:2", "integer:10"}, "1024"},
        {"power(a, b)", {"integer:2", "integer:-1"}, "0.5"},
        {"power(a, b)", {"real:0", "real:0"}, "1"},
        {"power(a, b)", {"real:0", "real:-1"}, "division_by_zero: zero has no negative power"},
        {"power(a, b)", {"real:-8", "real:0.5"}, "bad_argument: a negative number has only whole powers"},
        {"power(a, b)", {"real:10", "real:400"}, "overflow: the result is too large for a real"},
        {"sqrt(a)", {"decimal(4,2):2.25"}, "1.5"},
        {"sqrt(a)", {"real:0"}, "0"},
        {"sqrt(a)", {"integer:-1"}, "bad_argument: cannot take the square root of -1"},
        {"exp(a)", {"integer:0"}, "1"},
        {"exp(a)", {"integer:1000"}, "overflow: the result is too large for a real"},
        {"exp(a)", {"integer:-1000"}, "0"},
        {"ln(a)", {"integer:0"}, "bad_argument: cannot take the logarithm of 0"},
        {"log10(a)", {"integer:1000"}, "3"},
        {"log(a)", {"real:-0.5"}, "bad_argument: cannot take the logarithm of -0.5"},
        {"power(a, b)", {"integer", "integer:2"}, "null"},
    };

    EXPECT(list);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("functions");
    TCase *tcase = tcase_create("functions");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_example_gives_what_the_table_says);
    tcase_add_test(tcase, every_function_has_a_line_for_people);
    tcase_add_test(tcase, a_null_argument_makes_a_null);
    tcase_add_test(tcase, case_is_changed_letter_by_letter_in_every_script);
    tcase_add_test(tcase, letters_are_those_of_the_c_library);
    tcase_add_test(tcase, blanks_and_other_ends_are_trimmed);
    tcase_add_test(tcase, lengths_count_characters_or_bytes);
    tcase_add_test(tcase, texts_are_cut_as_sqlite_cuts_them);
    tcase_add_test(tcase, texts_are_searched_and_replaced);
    tcase_add_test(tcase, texts_are_built_within_limits);
    tcase_add_test(tcase, code_points_and_hex_have_edges);
    tcase_add_test(tcase, json_is_looked_into);
    tcase_add_test(tcase, numbers_round_away_from_zero_and_keep_their_kind);
    tcase_add_test(tcase, numbers_have_signs_rests_and_powers);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
