/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about texts that are no expressions: the code, the bytes, the sentence, the remedy; and the limits. */
#include "expression/expression.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static const struct expression_name names[] = {{"qty", {.type = DAYBREAK_TYPE_INTEGER}},
                                               {"price", {.type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2}},
                                               {"status", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"zip", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"paid", {.type = DAYBREAK_TYPE_BOOLEAN}},
                                               {"day", {.type = DAYBREAK_TYPE_DATE}},
                                               {"at", {.type = DAYBREAK_TYPE_TIMESTAMP}},
                                               {"raw", {.type = DAYBREAK_TYPE_BYTES}},
                                               {"rate", {.type = DAYBREAK_TYPE_REAL}},
                                               {"crm.ticket", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"Total", {.type = DAYBREAK_TYPE_INTEGER}},
                                               {"TOTAL", {.type = DAYBREAK_TYPE_INTEGER}}};
static const struct expression_scope scope = {.name = names, .names = sizeof names / sizeof *names};

/* An expression in which « and » stand around the bytes that are wrong, and what is said of them. */
struct wrong {
    const char *marked, *code, *what, *suggestion;
};

static void
expect(const struct wrong *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct expression_error error = {0};
        struct arena *arena = arena_new();
        const char *open = strstr(list[i].marked, "«"), *close = strstr(list[i].marked, "»");
        char text[400];
        uint32_t at, size;

        ck_assert_ptr_nonnull(open);
        ck_assert_ptr_nonnull(close);
        at = (uint32_t)(open - list[i].marked);
        size = (uint32_t)(close - open - 2);
        snprintf(text, sizeof text, "%.*s%.*s%s", (int)at, list[i].marked, (int)size, open + 2, close + 2);
        ck_assert_msg(expression_compile(arena, text, &scope, &error) == NULL, "%s is taken", text);
        ck_assert_msg(strcmp(error.what, list[i].what) == 0, "%s\n  %s, not\n  %s", text, error.what, list[i].what);
        ck_assert_msg(strcmp(error.code, list[i].code) == 0, "%s\n  %s, not\n  %s", text, error.code, list[i].code);
        ck_assert_msg(strcmp(error.suggestion, list[i].suggestion) == 0, "%s\n  %s, not\n  %s", text, error.suggestion, list[i].suggestion);
        ck_assert_msg(error.at == at && error.size == size, "%s: %u+%u, not %u+%u", text, error.at, error.size, at, size);
        arena_free(arena);
    }
}
#define EXPECT(list) expect(list, sizeof list / sizeof *list)

#define SYNTAX "expression-syntax"
#define COLUMN "unknown-column"
#define FUNCTION "unknown-function"
#define TYPE "expression-type"

START_TEST(the_grammar_says_what_it_wanted)
{
    static const struct wrong list[] = {
        {"«»", SYNTAX, "the expression is empty", ""},
        {"«»  -- nothing", SYNTAX, "the expression is empty", ""},
        {"qty +«»", SYNTAX, "a value is missing at the end", ""},
        {"(qty + 1«»", SYNTAX, "')' is missing at the end", ""},
        {"qty «price»", SYNTAX, "expected an operator or the end, found 'price'", ""},
        {"qty + «)»", SYNTAX, "expected a value, found ')'", ""},
        {"qty «)»", SYNTAX, "expected an operator or the end, found ')'", ""},
        {"upper(status «zip»)", SYNTAX, "expected ',' or ')', found 'zip'", ""},
        {"upper(«,»status)", SYNTAX, "expected a value, found ','", ""},
        {"status = «'new»", SYNTAX, "this text is not closed: a ' is missing", ""},
        {"«\"status»", SYNTAX, "this name is not closed: a \" is missing", ""},
        {"qty «/*» 2", SYNTAX, "this comment is not closed: */ is missing", ""},
        {"qty «&» 1", SYNTAX, "there is no operator '&' here", ""},
        {"qty «<<» 1", SYNTAX, "there is no operator '<<' here", ""},
        {"status «->» 'x'", SYNTAX, "there is no operator '->' here", ""},
        {"qty «!» 1", SYNTAX, "there is no operator '!' here", ""},
        {"qty «;»", SYNTAX, "an expression is one value: it ends without ';'", ""},
        {"qty «:»:text", SYNTAX, "':' has no meaning here", "cast(x as type)"},
        {"«:»qty", SYNTAX, "':' has no meaning here", "cast(x as type)"},
        {"«?»", SYNTAX, "'?' has no meaning here", ""},
        {"«{»{ qty }}", SYNTAX, "'{' has no meaning here", ""},
        {"qty + «12ab»", SYNTAX, "'12ab' is neither a number nor a name", ""},
        {"«0x»", SYNTAX, "there are no digits behind 0x", ""},
        {"qty «\001»", SYNTAX, "there is a control character (0x01)", ""},
        {"«select» qty", SYNTAX, "an expression has no select: it sees one record", "use a lookup to bring in values of other tables"},
        {"qty IN («SELECT» 1)", SYNTAX, "an expression has no SELECT: it sees one record", "use a lookup to bring in values of other tables"},
        {"NOT «exists»(1)", SYNTAX, "an expression has no exists: it sees one record", "use a lookup to bring in values of other tables"},
        {"«end» > 3", SYNTAX, "expected a value, found 'end'", "a column of that name is written \"end\""},
        {"CASE qty «END»", SYNTAX, "expected WHEN, found 'END'", "a column of that name is written \"END\""},
        {"CASE WHEN paid «ELSE» 1 END", SYNTAX, "expected THEN, found 'ELSE'", "a column of that name is written \"ELSE\""},
        {"CASE WHEN paid THEN 1«»", SYNTAX, "WHEN, ELSE or END is missing at the end", ""},
        {"qty BETWEEN 1 «OR» 2", SYNTAX, "expected AND (of BETWEEN), found 'OR'", "a column of that name is written \"OR\""},
        {"qty IN «1»", SYNTAX, "expected '(', found '1'", ""},
        {"qty IN («)»", SYNTAX, "expected a value, found ')'", ""},
        {"qty NOT «=» 1", SYNTAX, "expected IN, LIKE, BETWEEN, REGEXP or NULL behind NOT, found '='", ""},
        {"qty IS DISTINCT «1»", SYNTAX, "expected FROM, found '1'", ""},
        {"status «GLOB» 'a*'", SYNTAX, "there is no GLOB here", "use LIKE 'a%' or REGEXP '^a'"},
        {"status «COLLATE» NOCASE", SYNTAX, "there is no COLLATE: texts compare byte by byte", "compare lower(x) with lower(y)"},
        {"count(«*»)", SYNTAX, "expected a value (an expression looks at one record, it does not count), found '*'", ""},
        {"cast(qty «,» text)", SYNTAX, "expected AS, found ','", ""},
        {"cast(qty as «'text'»)", SYNTAX, "expected a type, found 'text'", ""},
        {"crm.«»", SYNTAX, "a name is missing at the end", ""},
        {"crm«.1»", SYNTAX, "expected an operator or the end, found '.1'", ""},
    };
    EXPECT(list);
}
END_TEST

START_TEST(names_that_are_not_there_come_with_those_that_are)
{
    static const struct wrong list[] = {
        {"«qyt» > 3", COLUMN, "there is no column 'qyt'", "did you mean 'qty'?"},
        {"«crm.tiket»", COLUMN, "there is no column 'crm.tiket'", "did you mean 'crm.ticket'?"},
        {"1 + «crm»", COLUMN, "there is no column 'crm'", ""},
        {"status = «\"delivered\"»", COLUMN, "there is no column 'delivered'", "a text is written in single quotes: 'delivered'"},
        {"«total» > 1", COLUMN, "'total' may be the column 'Total' or 'TOTAL': write it as it is written there", ""},
        {"«current_date»", COLUMN, "there is no column 'current_date'",
         "an expression gives the same whenever it is computed, so it knows no clock"},
        {"«uper»(status)", FUNCTION, "there is no function 'uper'", "did you mean 'upper'?"},
        {"«coalese»(status, 'x')", FUNCTION, "there is no function 'coalese'", "did you mean 'coalesce'?"},
        {"1 + «now»()", FUNCTION, "there is no function 'now'",
         "an expression gives the same whenever it is computed, so it knows no clock and no chance"},
        {"«sum»(qty)", FUNCTION, "there is no function 'sum'", "an expression sees one record; a lookup with `many` counts and sums"},
        {"«frobnicate»(1)", FUNCTION, "there is no function 'frobnicate'", "`daybreak explain expressions` lists the functions"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(types_that_do_not_mix_come_with_a_remedy)
{
    static const struct wrong list[] = {
        {"paid AND «qty»", TYPE, "AND takes a boolean, not integer", "qty <> 0"},
        {"«status» OR paid", TYPE, "OR takes a boolean, not text", "cast(status as boolean), or compare it: status = 'yes'"},
        {"NOT «day»", TYPE, "NOT takes a boolean, not date", "day IS NOT NULL"},
        {"CASE WHEN «price» THEN 1 END", TYPE, "WHEN takes a boolean, not decimal(12,2)", "price <> 0"},
        {"iif(«qty», 1, 2)", TYPE, "iif takes a boolean, not integer", "qty <> 0"},
        {"paid AND «(status = qty)»", TYPE, "cannot compare text with integer", "cast(status as integer)"},
        {"«zip = 1234»", TYPE, "cannot compare text with integer", "'1234', or cast(zip as integer)"},
        {"«qty = zip»", TYPE, "cannot compare integer with text", "cast(zip as integer)"},
        {"«price > '10'»", TYPE, "cannot compare decimal(12,2) with text", "write the number without quotes"},
        {"«day >= '2026-01-01'»", TYPE, "cannot compare date with text", "DATE '2026-01-01'"},
        {"«'2026-01-01' < at»", TYPE, "cannot compare text with timestamp", "TIMESTAMP '2026-01-01'"},
        {"«day = zip»", TYPE, "cannot compare date with text", "cast(zip as date)"},
        {"«paid = 1»", TYPE, "cannot compare boolean with integer", "a boolean is a condition by itself: paid, NOT paid"},
        {"«raw = status»", TYPE, "cannot compare bytes with text", ""},
        {"qty IN (1, «'2'»)", TYPE, "cannot compare integer with text", "write the number without quotes"},
        {"qty BETWEEN 1 AND «zip»", TYPE, "cannot compare integer with text", "cast(zip as integer)"},
        {"CASE qty WHEN «'a'» THEN 1 END", TYPE, "cannot compare integer with text", "write the number without quotes"},
        {"«qty + zip»", TYPE, "cannot add integer and text", "cast(zip as integer)"},
        {"«status + zip»", TYPE, "cannot add text and text", "texts are joined with ||"},
        {"«price * zip»", TYPE, "cannot multiply decimal(12,2) by text", "cast(zip as decimal(12,2))"},
        {"«qty - paid»", TYPE, "cannot subtract boolean from integer", "cast(paid as integer)"},
        {"«day / 2»", TYPE, "cannot divide date by integer", ""},
        {"«at + 1»", TYPE, "cannot add timestamp and integer", "date_add(at, 1, 'day')"},
        {"«day + day»", TYPE, "cannot add date and date", ""},
        {"«day + 1.5»", TYPE, "cannot add date and decimal(2,1)", ""},
        {"«-zip»", TYPE, "a sign stands before a number, not before text", "-cast(zip as integer)"},
        {"«raw || status»", TYPE, "cannot join bytes with text", "hex(raw), or cast(raw as text)"},
        {"«qty» LIKE '1%'", TYPE, "LIKE compares texts, not integer", "cast(qty as text)"},
        {"coalesce(status, «0»)", TYPE, "coalesce gives both text and integer", "cast(0 as text)"},
        {"CASE WHEN paid THEN 1 ELSE «'x'» END", TYPE, "CASE gives both integer and text", "cast('x' as integer)"},
        {"greatest(qty, «day»)", TYPE, "greatest gives both integer and date", "cast(day as integer)"},
        {"upper(«qty»)", TYPE, "upper takes text here, not integer", "cast(qty as text)"},
        {"round(«zip», 2)", TYPE, "round takes a number here, not text", "cast(zip as integer)"},
        {"«nullif(qty)»", TYPE, "nullif takes 2 arguments, not 1", "nullif(a, b)"},
        {"«max(qty)»", TYPE, "max takes at least 2 arguments, not 1",
         "max(a, b, …) compares the values of one record; it knows no others"},
        {"«coalesce()»", TYPE, "coalesce takes at least 1 argument, not 0", "coalesce(a, b, …)"},
        {"cast(zip as «varchar(20)»)", TYPE, "there is no type 'varchar(20)'", "did you mean 'text'?"},
        {"cast(zip as «intger»)", TYPE, "there is no type 'intger'", "did you mean 'integer'?"},
        {"cast(zip as «decimal»)", TYPE, "a decimal is written with its digits, at most 38, and how many of them stand behind the point",
         "decimal(12,2)"},
        {"cast(zip as «decimal(39,2)»)", TYPE, "a decimal is written with its digits, at most 38, and how many of them stand behind the point",
         "decimal(12,2)"},
        {"«cast(day as integer)»", TYPE, "there is no cast from date to integer", "day - DATE '1970-01-01'"},
        {"«cast(qty as timestamp)»", TYPE, "there is no cast from integer to timestamp", "from_epoch(qty)"},
        {"«cast(price as boolean)»", TYPE, "there is no cast from decimal(12,2) to boolean", "price <> 0"},
        {"«cast(paid as real)»", TYPE, "there is no cast from boolean to real", "CASE WHEN paid THEN 1 ELSE 0 END"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(constants_that_cannot_be_are_errors_in_their_place)
{
    static const struct wrong list[] = {
        {"qty + «1 / 0»", TYPE, "cannot divide 1 by zero", ""},
        {"coalesce(qty, «9223372036854775807 + 1»)", TYPE, "9223372036854775807 + 1 is beyond 64 bits", ""},
        {"day > «DATE '2026-02-30'»", TYPE, "'2026-02-30' is no date", ""},
        {"at > «TIMESTAMP 'today'»", TYPE, "'today' is no timestamp", ""},
        {"«cast('abc' as integer)» + qty", TYPE, "cannot cast 'abc' to integer", ""},
        {"price = «cast(1000 as decimal(3,1))»", TYPE, "1000 does not fit decimal(3,1)", ""},
        {"status LIKE 'x' ESCAPE «'ab'»", TYPE, "ESCAPE takes one character, not 'ab'", ""},
    };
    EXPECT(list);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------- */

/* ${before} ${times} times, ${middle}, and ${behind} as often. */
static char *
repeated(const char *before, const char *middle, const char *behind, size_t times)
{
    const size_t first = strlen(before), last = strlen(behind), size = strlen(middle);
    char *text = malloc(times * (first + last) + size + 1), *at = text;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < times; i++, at += first)
        memcpy(at, before, first);
    memcpy(at, middle, size);
    at += size;
    for (size_t i = 0; i < times; i++, at += last)
        memcpy(at, behind, last);
    *at = '\0';
    return text;
}

/* Compiles and runs ${text} over one row; takes it over. */
static void
limit(char *text, const char *what)
{
    static const int64_t one[1] = {1};
    static const struct daybreak_text word[1] = {{"x", 1}};
    struct vector input[sizeof names / sizeof *names] = {{.type = {.type = DAYBREAK_TYPE_INTEGER}, .number = one},
                                                         [2] = {.type = {.type = DAYBREAK_TYPE_TEXT}, .text = word},
                                                         [4] = {.type = {.type = DAYBREAK_TYPE_BOOLEAN}, .number = one}};
    struct arena *arena = arena_new();
    struct expression_error error = {0};
    struct expression *expression = expression_compile(arena, text, &scope, &error);

    if (what == NULL) {
        struct expression_failures failures = {0};
        struct vector out;

        ck_assert_msg(expression != NULL, "%.60s…: %s", text, error.what);
        expression_run(expression, input, 1, NULL, 1, arena, &out, &failures);
        ck_assert_uint_eq(failures.count, 0);
    } else {
        ck_assert_msg(expression == NULL, "%.60s… is taken", text);
        ck_assert_str_eq(error.code, "expression-limit");
        ck_assert_str_eq(error.what, what);
        ck_assert_uint_le(error.at + error.size, strlen(text));
    }
    expression_free(expression);
    arena_free(arena);
    free(text);
}

START_TEST(depth_length_and_parts_are_bounded)
{
    static const char deep[] = "nested more than 200 deep", chain[] = "a chain of more than 1,000 operators";

    limit(repeated("(", "qty", ")", 190), NULL);
    limit(repeated("(", "qty", ")", 201), deep);
    limit(repeated("(", "qty", "", 60000), deep);
    limit(repeated("- ", "qty", "", 190), NULL);
    limit(repeated("- ", "qty", "", 30000), deep);
    limit(repeated("NOT ", "paid", "", 10000), deep);
    limit(repeated("upper(", "status", ")", 150), NULL);
    limit(repeated("upper(", "status", ")", 5000), deep);
    limit(repeated("CASE WHEN paid THEN ", "qty", " END", 90), NULL);
    limit(repeated("CASE WHEN paid THEN ", "qty", " END", 2000), deep);
    limit(repeated("qty-", "qty", "", 900), NULL);
    limit(repeated("qty-", "qty", "", 1200), chain);
    limit(repeated("paid AND ", "paid", "", 4000), NULL); /* one term of many parts */
    limit(repeated("status || ", "status", "", 4000), NULL);
    limit(repeated("paid OR ", "paid", "", 4000), NULL);
}
END_TEST

START_TEST(texts_end_at_64_kib_and_10000_parts)
{
    char *text = repeated("", "qty -- ", "x", 65536 - 7);

    ck_assert_uint_eq(strlen(text), 65536);
    limit(text, NULL);
    text = repeated("", "qty -- ", "x", 65536 - 6);
    limit(text, "an expression is at most 64 KiB long, this one has 65537 bytes");
    limit(repeated("", "coalesce(qty,qty)", "", 1), NULL);
    limit(repeated("", "paid OR qty IN (0", ",2", 9998), "an expression has at most 10,000 parts"); /* before the bracket is missed */
}
END_TEST

START_TEST(no_text_is_too_strange)
{
    static const char *const texts[] = {
        "\xff", "'\xff'", "\"\xff\"", "\xc3", "'\xc3(", "(((((((((", "))))", "'", "\"", "x'", "--", "/*", "1e", "1e+",
        ".", "..", "a..b", "0x", "CASE", "CASE WHEN", "CAST(", "CAST(1 AS", "CAST(1 AS (", "1 BETWEEN", "1 IN",
        "1 IN (", "IS", "NOT", "- -", "f(", "f(,)", "DATE", "DATE '", "TIMESTAMP ''", "DATE ''", "trim(", "trim(both",
        "trim(both)", "extract(", "extract(x from", "position(", "substring(", "substring(1 from", "1 AT",
        "1 AT TIME", "1 AT TIME ZONE", "a.b.c.d.e", "\"\"", "'' || \"\"", "\t\n\r\f", "1\n+\n", "%", "||", "1 || ",
        "NULL NULL", "coalesce(NULL)", "greatest(NULL, NULL)", "CASE NULL WHEN NULL THEN NULL END",
        "nullif(NULL, NULL)", "NULL BETWEEN NULL AND NULL", "NULL IN (NULL, NULL)", "NULL LIKE NULL ESCAPE NULL", "NULL || NULL",
        "-NULL % NULL"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena *arena = arena_new();
        struct expression_error error = {0};
        struct expression *expression = expression_compile(arena, texts[i], &scope, &error);

        if (expression == NULL) {
            ck_assert_msg(error.what[0] != '\0' && error.code != NULL, "%s", texts[i]);
            ck_assert_msg(error.at + error.size <= strlen(texts[i]), "%s: %u+%u", texts[i], error.at, error.size);
        }
        expression_free(expression);
        arena_free(arena);
    }
}
END_TEST

START_TEST(zones_are_known_or_said_so)
{
    const struct expression_scope nowhere = {.name = names, .names = scope.names, .zone = "Europe/Atlantis"};
    struct arena *arena = arena_new();
    struct expression_error error = {0};

    ck_assert_ptr_null(expression_compile(arena, "qty", &nowhere, &error));
    ck_assert_str_eq(error.what, "there is no time zone 'Europe/Atlantis'");
    arena_free(arena);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("expression errors");
    TCase *tcase = tcase_create("expression errors");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, the_grammar_says_what_it_wanted);
    tcase_add_test(tcase, names_that_are_not_there_come_with_those_that_are);
    tcase_add_test(tcase, types_that_do_not_mix_come_with_a_remedy);
    tcase_add_test(tcase, constants_that_cannot_be_are_errors_in_their_place);
    tcase_add_test(tcase, depth_length_and_parts_are_bounded);
    tcase_add_test(tcase, texts_end_at_64_kib_and_10000_parts);
    tcase_add_test(tcase, no_text_is_too_strange);
    tcase_add_test(tcase, zones_are_known_or_said_so);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
