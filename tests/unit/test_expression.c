/* SPDX-License-Identifier: Apache-2.0 */
/* The language of expressions: precedence, three-valued logic, forms and their laziness, and the door to it all. */
#include "expression/expression.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"

#define EXPECT(list) kit_expect(NULL, list, sizeof list / sizeof *list)

/* ---- words and operators ------------------------------------------------------------------ */

START_TEST(literals_have_the_narrowest_type)
{
    static const struct kit_expected list[] = {
        {"12", {NULL}, "12"},
        {"12.50", {NULL}, "12.50"},
        {".5", {NULL}, "0.5"},
        {"5.", {NULL}, "5"},
        {"000.050", {NULL}, "0.050"},
        {"0.0", {NULL}, "0.0"},
        {"1e3", {NULL}, "1000"},
        {"1.5e-3", {NULL}, "0.0015"},
        {"1e400", {NULL}, "error: a real is at most about 1.8e308"},
        {"0x1F", {NULL}, "31"},
        {"-0x1f", {NULL}, "-31"},
        {"0xffffffffffffffff", {NULL}, "-1"},
        {"0x0000000000000000000001", {NULL}, "1"},
        {"0x1ffffffffffffffff", {NULL}, "error: a hexadecimal number has at most 16 digits"},
        {"'it''s'", {NULL}, "it's"},
        {"''", {NULL}, ""},
        {"'''' || ''''''", {NULL}, "'''"},
        {"x'6869' = cast('hi' as bytes)", {NULL}, "true"},
        {"x'6'", {NULL}, "error: x'' holds an even number of hexadecimal digits and nothing else"},
        {"x'6g'", {NULL}, "error: x'' holds an even number of hexadecimal digits and nothing else"},
        {"TRUE", {NULL}, "true"},
        {"false", {NULL}, "false"},
        {"Null", {NULL}, "null"},
        {"DATE '2026-01-31'", {NULL}, "2026-01-31"},
        {"timestamp '2026-01-31 12:00'", {NULL}, "2026-01-31T12:00:00.000000Z"},
        {"9223372036854775807", {NULL}, "9223372036854775807"},
        {"9223372036854775808", {NULL}, "9223372036854775808"}, /* decimal(19,0) */
        {"-9223372036854775808 + 0", {NULL}, "-9223372036854775808"},
        {"- 9223372036854775808 - 1", {NULL}, "error: -9223372036854775808 - 1 is beyond 64 bits"},
        {"-(-9223372036854775808)", {NULL}, "error: -(-9223372036854775808) is beyond 64 bits"},
        {"9223372036854775808 - 1", {NULL}, "9223372036854775807"},
        {"123456789012345678901234567890.12345678", {NULL}, "123456789012345678901234567890.12345678"},
        {"123456789012345678901234567890.123456789", {NULL}, "error: a decimal has at most 38 digits, this one has 39"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(operators_bind_as_in_sqlite)
{
    static const struct kit_expected list[] = {
        {"1 + 2 * 3", {NULL}, "7"},
        {"(1 + 2) * 3", {NULL}, "9"},
        {"10 - 4 - 3", {NULL}, "3"},
        {"7 % 4 * 2", {NULL}, "6"},
        {"2 * 7 % 4", {NULL}, "2"},
        {"100 / 10 / 5", {NULL}, "2"},
        {"-2 + 3", {NULL}, "1"},
        {"2 - -3", {NULL}, "5"},
        {"- - 3", {NULL}, "3"},
        {"+3", {NULL}, "3"},
        {"1 || 2 + 3", {NULL}, "error: cannot add text and integer (cast(1 || 2 as integer))"}, /* || binds tightest */
        {"'a' || 'b' = 'ab'", {NULL}, "true"},
        {"-1 || 'x'", {NULL}, "-1x"},
        {"1 < 2 = TRUE", {NULL}, "true"},  /* < binds tighter than = */
        {"TRUE = 1 < 2", {NULL}, "true"},
        {"1 + 1 < 3", {NULL}, "true"},
        {"NOT 1 = 2", {NULL}, "true"}, /* NOT (1 = 2) */
        {"NOT TRUE OR TRUE", {NULL}, "true"},
        {"NOT (TRUE OR TRUE)", {NULL}, "false"},
        {"TRUE OR TRUE AND FALSE", {NULL}, "true"},
        {"(TRUE OR TRUE) AND FALSE", {NULL}, "false"},
        {"FALSE AND TRUE OR TRUE", {NULL}, "true"},
        {"1 = 1 AND 2 = 2", {NULL}, "true"},
        {"NOT NULL IS NULL", {NULL}, "false"}, /* NOT (NULL IS NULL) */
        {"1 BETWEEN 0 AND 2 AND TRUE", {NULL}, "true"},
        {"1 BETWEEN 0 AND 2 = TRUE", {NULL}, "true"},
        {"5 BETWEEN 1 + 1 AND 2 * 3", {NULL}, "true"},
        {"NOT 5 BETWEEN 1 AND 3", {NULL}, "true"},
        {"1 IN (1, 2) = TRUE", {NULL}, "true"},
        {"'ab' LIKE 'a' || '%'", {NULL}, "true"},
        {"'ab' LIKE 'a%' AND FALSE", {NULL}, "false"},
        {"1 IS NULL = FALSE", {NULL}, "true"},
        {"NULL ISNULL", {NULL}, "true"},
        {"1 NOTNULL", {NULL}, "true"},
        {"NULL NOT NULL", {NULL}, "false"},
        {"1 == 1", {NULL}, "true"},
        {"1 != 2 AND 1 <> 2", {NULL}, "true"},
        {"1 <= 1 AND 1 >= 1 AND NOT 1 < 1 AND NOT 1 > 1", {NULL}, "true"},
        {"2-- a comment\n+ /* one\nmore */ 3 -- the end", {NULL}, "5"},
        {"TIMESTAMP '2026-07-01 12:00:00Z' AT TIME ZONE 'Europe/Berlin' LIKE '2026-07-01_14:00:00%'", {NULL}, "true"},
        {"'abc' REGEXP '^a' AND NOT 'abc' NOT REGEXP '^a'", {NULL}, "true"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(calls_may_be_spelled_as_standards_have_them)
{
    static const struct kit_expected list[] = {
        {"extract(year FROM DATE '2026-01-31')", {NULL}, "2026"},
        {"EXTRACT(Month from DATE '2026-01-31')", {NULL}, "1"},
        {"position('b' IN 'abc')", {NULL}, "2"},
        {"position('a' || 'b' IN 'xab')", {NULL}, "2"},
        {"substring('abcdef' FROM 2 FOR 3)", {NULL}, "bcd"},
        {"substring('abcdef' FROM 4)", {NULL}, "def"},
        {"substring('abcdef', 2, 3)", {NULL}, "bcd"},
        {"trim('  x ')", {NULL}, "x"},
        {"trim(BOTH 'x' FROM 'xxaxx')", {NULL}, "a"},
        {"trim(LEADING 'x' FROM 'xxaxx')", {NULL}, "axx"},
        {"trim(TRAILING 'x' FROM 'xxaxx')", {NULL}, "xxa"},
        {"trim(LEADING FROM '  a ')", {NULL}, "a "},
        {"trim('x' FROM 'xax')", {NULL}, "a"},
        {"trim('xax', 'x')", {NULL}, "a"},
        {"Upper ( 'a' )", {NULL}, "A"},
    };
    EXPECT(list);
}
END_TEST

/* ---- three values ------------------------------------------------------------------------- */

START_TEST(logic_has_three_values)
{
    static const char *const value[] = {"boolean:true", "boolean:false", "boolean"};
    static const char *const and[3][3] = {{"true", "false", "null"}, {"false", "false", "false"}, {"null", "false", "null"}};
    static const char *const or[3][3] = {{"true", "true", "true"}, {"true", "false", "null"}, {"true", "null", "null"}};
    static const char *const not[3] = {"false", "true", "null"};

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            const char *const columns[] = {value[i], value[j], NULL};

            ck_assert_str_eq(kit_over(NULL, "a AND b", columns), and[i][j]);
            ck_assert_str_eq(kit_over(NULL, "a OR b", columns), or[i][j]);
            ck_assert_str_eq(kit_over(NULL, "NOT (NOT a AND NOT b)", columns), or[i][j]);
            ck_assert_str_eq(kit_over(NULL, "a AND b AND a AND b", columns), and[i][j]);
        }
        ck_assert_str_eq(kit_over(NULL, "NOT a", (const char *const[]){value[i], NULL}), not[i]);
        ck_assert_str_eq(kit_over(NULL, "a IS TRUE", (const char *const[]){value[i], NULL}), i == 0 ? "true" : "false");
        ck_assert_str_eq(kit_over(NULL, "a IS NOT TRUE", (const char *const[]){value[i], NULL}), i != 0 ? "true" : "false");
        ck_assert_str_eq(kit_over(NULL, "a IS FALSE", (const char *const[]){value[i], NULL}), i == 1 ? "true" : "false");
        ck_assert_str_eq(kit_over(NULL, "a IS NOT FALSE", (const char *const[]){value[i], NULL}), i != 1 ? "true" : "false");
        ck_assert_str_eq(kit_over(NULL, "a IS NULL", (const char *const[]){value[i], NULL}), i == 2 ? "true" : "false");
        ck_assert_str_eq(kit_over(NULL, "a IS NOT NULL", (const char *const[]){value[i], NULL}), i != 2 ? "true" : "false");
    }
}
END_TEST

START_TEST(null_goes_through_operators_and_not_through_is)
{
    static const struct kit_expected list[] = {
        {"a + 1", {"integer"}, "null"},
        {"a = a", {"integer"}, "null"},
        {"a <> 1", {"integer"}, "null"},
        {"a || 'x'", {"text"}, "null"},
        {"-a", {"decimal(5,2)"}, "null"},
        {"a LIKE '%'", {"text"}, "null"},
        {"'x' LIKE a", {"text"}, "null"},
        {"a IS NOT DISTINCT FROM b", {"integer", "integer"}, "true"},
        {"a IS NOT DISTINCT FROM b", {"integer:1", "integer"}, "false"},
        {"a IS DISTINCT FROM b", {"integer:1", "integer"}, "true"},
        {"a IS DISTINCT FROM b", {"integer:1", "integer:1"}, "false"},
        {"a IS DISTINCT FROM b", {"text:x", "text:y"}, "true"},
        {"a IS b", {"integer", "integer"}, "true"},
        {"a IS 1", {"integer:1"}, "true"},
        {"a IS NOT 1", {"integer"}, "true"},
        {"NULL", {NULL}, "null"},
        {"NULL + 1", {NULL}, "null"},
        {"NULL || 'a'", {NULL}, "null"},
        {"NULL = NULL", {NULL}, "null"},
        {"NULL AND FALSE", {NULL}, "false"},
        {"-NULL", {NULL}, "null"},
        {"cast(NULL as date)", {NULL}, "null"},
        {"a - NULL", {"date:2026-01-01"}, "null"},
        {"upper(NULL)", {NULL}, "null"},
        {"CASE WHEN NULL THEN 1 ELSE 2 END", {NULL}, "2"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(in_is_unsure_when_a_null_is_in_the_list)
{
    static const struct kit_expected list[] = {
        {"a IN (1, 2, 3)", {"integer:2"}, "true"},
        {"a IN (1, 2, 3)", {"integer:4"}, "false"},
        {"a NOT IN (1, 2, 3)", {"integer:4"}, "true"},
        {"a IN (1, 2, 3)", {"integer"}, "null"},
        {"a NOT IN (1, 2, 3)", {"integer"}, "null"},
        {"a IN (1, NULL)", {"integer:1"}, "true"},
        {"a IN (1, NULL)", {"integer:2"}, "null"},
        {"a NOT IN (1, NULL)", {"integer:1"}, "false"},
        {"a NOT IN (1, NULL)", {"integer:2"}, "null"},
        {"a IN (b, c)", {"integer:2", "integer", "integer:2"}, "true"},
        {"a IN (b, c)", {"integer:2", "integer", "integer:3"}, "null"},
        {"a IN (b, 7, c)", {"integer:7", "integer", "integer:3"}, "true"},
        {"a IN (NULL)", {"integer:1"}, "null"},
        {"NULL IN (1, 2)", {NULL}, "null"},
        {"a IN (1.0, 2.5)", {"integer:1"}, "true"},
        {"a IN (1, 2.5, 3.125)", {"decimal(5,2):2.50"}, "true"},
        {"a IN (1, 2.5, 3.125)", {"decimal(5,2):3.12"}, "false"},
        {"a IN (1e0, 2)", {"integer:2"}, "true"},
        {"a IN ('x', 'yy', 'zzz')", {"text:yy"}, "true"},
        {"a IN ('x', 'yy', 'zzz')", {"text:y"}, "false"},
        {"a IN ('1','2','3','4','5','6','7','8','9','10','11')", {"text:10"}, "true"},
        {"a IN ('1','2','3','4','5','6','7','8','9','10','11')", {"text:12"}, "false"},
        {"a IN (10,9,8,7,6,5,4,3,2,1)", {"integer:7"}, "true"},
        {"a IN (10,9,8,7,6,5,4,3,2,1)", {"integer:11"}, "false"},
        {"a IN (1e0,2e0,3e0)", {"real:3"}, "true"},
        {"a IN (TRUE)", {"boolean:true"}, "true"},
        {"a IN (DATE '2026-01-01')", {"date:2026-01-01"}, "true"},
        {"a IN (DATE '2026-01-01', b)", {"date:2026-01-01", "timestamp:2026-01-02"}, "true"},
        {"2 IN (1, a)", {"integer:2"}, "true"},
    };
    EXPECT(list);
}
END_TEST

/* ---- forms -------------------------------------------------------------------------------- */

START_TEST(forms_choose)
{
    static const struct kit_expected list[] = {
        {"CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END", {"integer:2"}, "two"},
        {"CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END", {"integer"}, "many"},
        {"CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END", {"integer:3"}, "null"},
        {"CASE a WHEN NULL THEN 'null' ELSE 'other' END", {"integer"}, "other"},
        {"CASE WHEN a > 1 THEN 'big' WHEN a > 0 THEN 'small' END", {"integer:1"}, "small"},
        {"CASE WHEN a THEN 1 END", {"boolean"}, "null"},
        {"CASE WHEN a THEN 1 ELSE 2.5 END", {"boolean:true"}, "1.0"},
        {"CASE WHEN a THEN 1 WHEN b THEN 2.25 ELSE 3e0 END", {"boolean:true", "boolean:false"}, "1"},
        {"CASE WHEN a THEN DATE '2026-01-31' ELSE TIMESTAMP '2026-01-01' END", {"boolean:true"}, "2026-01-31T00:00:00.000000Z"},
        {"CASE WHEN a THEN NULL ELSE 5 END", {"boolean:false"}, "5"},
        {"iif(a, 'y', 'n')", {"boolean"}, "n"},
        {"iif(a, 'y', 'n')", {"boolean:true"}, "y"},
        {"if(a, 'y')", {"boolean:false"}, "null"},
        {"coalesce(a, b, 'c')", {"text", "text"}, "c"},
        {"coalesce(a, b, 'c')", {"text", "text:b"}, "b"},
        {"coalesce(a, b)", {"text", "text"}, "null"},
        {"coalesce(a, 0)", {"decimal(12,2)"}, "0.00"},
        {"ifnull(a, 7)", {"integer"}, "7"},
        {"nullif(a, '')", {"text:"}, "null"},
        {"nullif(a, '')", {"text:x"}, "x"},
        {"nullif(a, b)", {"integer:1", "integer"}, "1"},
        {"nullif(a, b)", {"integer", "integer:1"}, "null"},
        {"greatest(1, a, 3)", {"integer:2"}, "3"},
        {"least(1, a, 3)", {"integer:-2"}, "-2"},
        {"max(a, 'b')", {"text:c"}, "c"},
        {"min(a, 'b')", {"text:c"}, "b"},
        {"max(a, 1)", {"integer"}, "null"},
        {"max(1, a)", {"integer"}, "null"},
        {"greatest(a, b, c)", {"decimal(5,2):1.50", "integer:2", "decimal(4,1):1.9"}, "2.00"},
        {"least(a)", {"integer:5"}, "5"},
        {"a BETWEEN 1 AND 3", {"integer:3"}, "true"},
        {"a BETWEEN 1 AND 3", {"integer:4"}, "false"},
        {"a NOT BETWEEN 1 AND 3", {"integer:4"}, "true"},
        {"a BETWEEN b AND 3", {"integer:4", "integer"}, "false"}, /* whatever b is */
        {"a BETWEEN b AND 3", {"integer:2", "integer"}, "null"},
        {"a NOT BETWEEN b AND 3", {"integer:4", "integer"}, "true"},
        {"a BETWEEN 1 AND 3", {"integer"}, "null"},
        {"a BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'", {"timestamp:2026-01-31 00:00:00"}, "true"},
        {"a BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'", {"timestamp:2026-01-31 00:00:01"}, "false"},
        {"a BETWEEN 'a' AND 'b'", {"text:az"}, "true"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(what_is_not_looked_at_does_not_fail)
{
    static const struct kit_expected list[] = {
        {"CASE WHEN b = 0 THEN 0 ELSE a / b END", {"integer:7", "integer:0"}, "0.000000"},
        {"CASE b WHEN 0 THEN 0 ELSE a / b END", {"integer:7", "integer:0"}, "0.000000"},
        {"CASE WHEN b <> 0 THEN a / b END", {"integer:7", "integer:0"}, "null"},
        {"CASE WHEN TRUE THEN a WHEN a / b = 1 THEN 2 END", {"integer:7", "integer:0"}, "7"},
        {"iif(b = 0, 0, a / b)", {"integer:7", "integer:0"}, "0.000000"},
        {"b = 0 OR a / b > 1", {"integer:7", "integer:0"}, "true"},
        {"b <> 0 AND a / b > 1", {"integer:7", "integer:0"}, "false"},
        {"b <> 0 AND a / b > 1 AND a > 0", {"integer:7", "integer:0"}, "false"},
        {"a / b > 1 AND b <> 0", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"}, /* from left to right */
        {"coalesce(a, a / b)", {"integer:7", "integer:0"}, "7.000000"},
        {"ifnull(a, a / b)", {"integer:7", "integer:0"}, "7.000000"},
        {"nullif(c, a / b)", {"integer:7", "integer:0", "decimal(5,2)"}, "null"},
        {"nullif(a, a / b)", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"a IN (7, a / b)", {"integer:7", "integer:0"}, "true"},
        {"a IN (a, a / b)", {"integer:7", "integer:0"}, "true"},
        {"a IN (a / b, 7)", {"integer:7", "integer:0"}, "true"},
        {"a IN (8, a / b)", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"c IN (8, a / b)", {"integer:7", "integer:0", "integer"}, "null"},
        {"a BETWEEN 8 AND a / b", {"integer:7", "integer:0"}, "false"},
        {"a BETWEEN 6 AND a / b", {"integer:7", "integer:0"}, "division_by_zero: cannot divide 7 by zero"},
        {"c > 0 AND cast(a as integer) > 0", {"text:x", "integer", "integer:0"}, "false"},
        {"CASE WHEN a REGEXP '^[0-9]+$' THEN cast(a as integer) END", {"text:x12"}, "null"},
        {"CASE WHEN a REGEXP '^[0-9]+$' THEN cast(a as integer) END", {"text:12"}, "12"},
    };
    EXPECT(list);
}
END_TEST

START_TEST(like_is_sqlites)
{
    static const struct kit_expected list[] = {
        {"a LIKE 'abc'", {"text:abc"}, "true"},
        {"a LIKE 'ABC'", {"text:abc"}, "true"}, /* ASCII letters in either case */
        {"a LIKE 'É'", {"text:é"}, "false"},
        {"a LIKE 'é%'", {"text:élan"}, "true"},
        {"a LIKE 'a%'", {"text:abc"}, "true"},
        {"a LIKE 'a%'", {"text:bac"}, "false"},
        {"a LIKE '%c'", {"text:abc"}, "true"},
        {"a LIKE '%c'", {"text:cb"}, "false"},
        {"a LIKE '%b%'", {"text:abc"}, "true"},
        {"a LIKE '%bc%'", {"text:ab"}, "false"},
        {"a LIKE '%'", {"text:"}, "true"},
        {"a LIKE '%%'", {"text:"}, "true"},
        {"a LIKE ''", {"text:"}, "true"},
        {"a LIKE ''", {"text:x"}, "false"},
        {"a LIKE '_'", {"text:é"}, "true"}, /* one character, not one byte */
        {"a LIKE '__'", {"text:é"}, "false"},
        {"a LIKE '_%_'", {"text:x"}, "false"},
        {"a LIKE '_%_'", {"text:xy"}, "true"},
        {"a LIKE 'a%b%c'", {"text:a1b2b3c"}, "true"},
        {"a LIKE 'a%b%c'", {"text:a1b2b3"}, "false"},
        {"a LIKE '%a_c%'", {"text:xxabcxx"}, "true"},
        {"a LIKE '10!%' ESCAPE '!'", {"text:10%"}, "true"},
        {"a LIKE '10!%' ESCAPE '!'", {"text:100"}, "false"},
        {"a LIKE 'a!!b' ESCAPE '!'", {"text:a!b"}, "true"},
        {"a LIKE 'a!_b' ESCAPE '!'", {"text:axb"}, "false"},
        {"a LIKE 'ab!' ESCAPE '!'", {"text:ab!"}, "false"}, /* nothing is escaped: never */
        {"a LIKE 'x%%y' ESCAPE '%'", {"text:x%y"}, "true"}, /* the escape goes before its meaning */
        {"a LIKE '%é%' ESCAPE 'é'", {"text:%"}, "true"},
        {"a NOT LIKE 'a%'", {"text:abc"}, "false"},
        {"a LIKE b", {"text:abc", "text:A%"}, "true"},
        {"a LIKE b ESCAPE c", {"text:a%", "text:a#%", "text:#"}, "true"},
        {"a LIKE b ESCAPE c", {"text:a%", "text:a#%", "text:##"}, "bad_escape: ESCAPE takes one character, not '##'"},
        {"a LIKE b ESCAPE c", {"text:a%", "text:a#%", "text"}, "null"},
        {"a LIKE 'x' ESCAPE 'ab'", {"text:a"}, "error: ESCAPE takes one character, not 'ab'"},
        {"a LIKE 'x' ESCAPE NULL", {"text:a"}, "null"},
        {"a LIKE NULL", {"text:a"}, "null"},
    };
    char columns[2][70000];
    const char *const row[] = {columns[0], columns[1], NULL};

    EXPECT(list);
    /* every % could begin anywhere: the steps are counted */
    snprintf(columns[0], sizeof columns[0], "text:%.*s", 0, "");
    memset(columns[0] + 5, 'a', 60000);
    columns[0][60005] = '\0';
    snprintf(columns[1], sizeof columns[1], "text:%%");
    memset(columns[1] + 6, 'a', 20000);
    memcpy(columns[1] + 20006, "_b%", 4);
    ck_assert_msg(strncmp(kit_over(NULL, "a LIKE b", row), "match_limit: LIKE '%aaa", 23) == 0, "%s", kit_over(NULL, "a LIKE b", row));
}
END_TEST

START_TEST(concatenation_takes_canonical_texts)
{
    static const struct kit_expected list[] = {
        {"a || '-' || b || '-' || c", {"integer:7", "decimal(5,2):1.50", "date:2026-01-31"}, "7-1.50-2026-01-31"},
        {"a || b", {"boolean:true", "real:0.5"}, "true0.5"},
        {"a || ''", {"timestamp:2026-01-31 10:00:00"}, "2026-01-31T10:00:00.000000Z"},
        {"a || b", {"text:", "text:"}, ""},
        {"a || b", {"bytes:ab", "bytes:cd"}, "abcd"},
        {"a || b", {"bytes:ab", "text:cd"}, "error: cannot join bytes with text (hex(a), or cast(a as text))"},
    };
    EXPECT(list);
}
END_TEST

/* ---- the door ----------------------------------------------------------------------------- */

static struct expression *
compile(struct arena *arena, const char *text, const struct expression_name *names, uint32_t count)
{
    struct expression_scope scope = {.name = names, .names = count};
    struct expression_error error = {0};
    struct expression *expression = expression_compile(arena, text, &scope, &error);

    ck_assert_msg(expression != NULL, "%s: %s", text, error.what);
    return expression;
}

static const struct expression_name names[] = {{"id", {.type = DAYBREAK_TYPE_INTEGER}},
                                               {"order date", {.type = DAYBREAK_TYPE_DATE}},
                                               {"crm.ticket", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"price", {.type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2}},
                                               {"Name", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"case", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"date", {.type = DAYBREAK_TYPE_TEXT}},
                                               {"größe", {.type = DAYBREAK_TYPE_INTEGER}}};
#define NAMES (sizeof names / sizeof *names)

START_TEST(names_are_columns_dotted_quoted_and_in_any_case)
{
    static const struct {
        const char *text;
        uint32_t column;
    } cases[] = {{"id", 0},     {"ID", 0},         {"(id)", 0},       {"\"order date\"", 1}, {"crm.ticket", 2}, {"crm.\"ticket\"", 2},
                 {"\"crm.ticket\"", 2}, {"CRM.TICKET", 2}, {"crm . ticket", 2}, {"name", 4},           {"\"case\"", 5},   {"date", 6},
                 {"größe", 7},  {"+id", 0},        {"cast(id as integer)", 0}};
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expression *expression = compile(arena, cases[i].text, names, NAMES);
        uint32_t count;

        ck_assert_msg(expression_column(expression) == cases[i].column, "%s", cases[i].text);
        ck_assert_uint_eq(*expression_reads(expression, &count), cases[i].column);
        ck_assert_uint_eq(count, 1);
        ck_assert_str_eq(expression_text(expression), cases[i].text);
        expression_free(expression);
    }
    arena_free(arena);
}
END_TEST

START_TEST(an_expression_tells_what_it_reads_and_gives)
{
    struct arena *arena = arena_new();
    struct expression *expression = compile(arena, "CASE WHEN price > id THEN crm.ticket ELSE Name || price END", names, NAMES);
    struct daybreak_text value;
    uint32_t count;
    const uint32_t *reads = expression_reads(expression, &count);

    ck_assert_uint_eq(count, 4);
    ck_assert_uint_eq(reads[0], 0);
    ck_assert_uint_eq(reads[1], 2);
    ck_assert_uint_eq(reads[2], 3);
    ck_assert_uint_eq(reads[3], 4);
    ck_assert_int_eq(expression_type(expression)->type, DAYBREAK_TYPE_TEXT);
    ck_assert_uint_eq(expression_column(expression), UINT32_MAX);
    ck_assert(!expression_constant(expression, &value));
    expression_free(expression);

    expression = compile(arena, "price * 3", names, NAMES);
    ck_assert_int_eq(expression_type(expression)->type, DAYBREAK_TYPE_DECIMAL);
    ck_assert_uint_eq(expression_type(expression)->precision, 13);
    ck_assert_uint_eq(expression_type(expression)->scale, 2);
    expression_free(expression);
    expression_free(NULL);
    arena_free(arena);
}
END_TEST

START_TEST(constants_are_known_with_their_canonical_text)
{
    static const struct {
        const char *text, *value;
    } cases[] = {{"'nightly ' || 'export'", "nightly export"}, {"7 / 2", "3.5"}, {"NULL", NULL}, {"cast(NULL as integer)", NULL},
                 {"1 > 2", "false"}, {"DATE '2026-01-31' + 1", "2026-02-01"}, {"''", ""}, {"upper('x') || 1", "X1"},
                 {"CASE WHEN TRUE THEN 2.50 END", "2.50"}, {"coalesce(NULL, 'x')", "x"}};
    struct arena *arena = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expression *expression = compile(arena, cases[i].text, names, NAMES);
        struct daybreak_text value;

        ck_assert_msg(expression_constant(expression, &value), "%s", cases[i].text);
        if (cases[i].value == NULL) {
            ck_assert_uint_eq(value.size, DAYBREAK_NULL);
        } else {
            ck_assert_uint_eq(value.size, strlen(cases[i].value));
            ck_assert_mem_eq(value.at, cases[i].value, value.size);
        }
        expression_free(expression);
    }
    arena_free(arena);
}
END_TEST

#define MANY 3000u

/* Three times as many rows as are computed at once, every seventh null, every eleventh a zero. */
static void
many_rows(struct arena *arena, struct vector input[2])
{
    int64_t *a = arena_alloc(arena, MANY * sizeof *a), *b = arena_alloc(arena, MANY * sizeof *b);
    uint8_t *nulls = arena_zero(arena, MANY);

    for (uint32_t i = 0; i < MANY; i++) {
        a[i] = i;
        b[i] = i % 11 == 0 ? 0 : 1;
        nulls[i] = i % 7 == 0;
    }
    input[0] = (struct vector){.type = {.type = DAYBREAK_TYPE_INTEGER}, .nulls = nulls, .number = a};
    input[1] = (struct vector){.type = {.type = DAYBREAK_TYPE_INTEGER}, .number = b};
}

START_TEST(rows_fail_alone_and_once)
{
    static const struct expression_name two[] = {{"a", {.type = DAYBREAK_TYPE_INTEGER}}, {"b", {.type = DAYBREAK_TYPE_INTEGER}}};
    static const uint32_t steps[] = {1, 2, 3, 700};
    struct arena *arena = arena_new(), *run = arena_new();
    struct expression *expression = compile(arena, "coalesce(a, -1) % b + 10 % b", two, 2);
    struct vector input[2], out;
    uint32_t pick[MANY];

    many_rows(arena, input);
    for (int turn = 0; turn < 5; turn++) { /* all rows, and every 1st, 2nd, 3rd, 700th from the third on */
        struct expression_failures failures = {0};
        uint32_t picked = 0, failed = 0;

        for (uint32_t i = turn == 0 ? 0 : 2; i < MANY; i += turn == 0 ? 1 : steps[turn - 1])
            pick[picked++] = i;
        arena_reset(run);
        expression_run(expression, input, MANY, turn == 0 ? NULL : pick, picked, run, &out, &failures);
        for (uint32_t k = 0; k < picked; k++) {
            const uint32_t i = pick[k];

            ck_assert_uint_eq(out.nulls[i], i % 11 == 0);
            if (i % 11 == 0) {
                ck_assert_uint_lt(failed, failures.count);
                ck_assert_uint_eq(failures.item[failed].row, i);
                ck_assert_str_eq(failures.item[failed].reason, "division_by_zero");
                failed++;
            } else {
                ck_assert_int_eq(out.number[i], 0);
            }
        }
        ck_assert_uint_eq(failures.count, failed);
    }
    expression_free(expression);
    arena_free(arena);
    arena_free(run);
}
END_TEST

START_TEST(lazy_parts_meet_only_their_rows_in_any_number)
{
    static const struct expression_name two[] = {{"a", {.type = DAYBREAK_TYPE_INTEGER}}, {"b", {.type = DAYBREAK_TYPE_INTEGER}}};
    struct arena *arena = arena_new();
    struct expression *expression = compile(arena, "CASE WHEN b = 0 THEN -1 WHEN a % 2 = 0 THEN a / b WHEN a > 5 THEN a * 2 "
                                                   "WHEN b IN (a, 1 / b) THEN 1 ELSE a END", two, 2);
    struct expression_failures failures = {0};
    struct vector input[2], out;

    many_rows(arena, input);
    expression_run(expression, input, MANY, NULL, MANY, arena, &out, &failures);
    ck_assert_uint_eq(failures.count, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        const int64_t a = i;
        int64_t expected = i % 11 == 0 ? -1 : i % 7 == 0 ? 1 : a % 2 == 0 ? a : a > 5 ? a * 2 : 1;

        ck_assert_uint_eq(out.nulls[i], 0);
        ck_assert_msg(out.decimal[i] == expected * (value_int128)1000000, "row %u", i);
    }
    expression_free(expression);
    arena_free(arena);
}
END_TEST

START_TEST(mere_columns_and_constants_are_given_as_they_are)
{
    static const struct expression_name two[] = {{"a", {.type = DAYBREAK_TYPE_INTEGER}}, {"b", {.type = DAYBREAK_TYPE_INTEGER}}};
    static const uint32_t pick[] = {5, 9};
    struct arena *arena = arena_new();
    struct expression *a = compile(arena, "a", two, 2), *b = compile(arena, "b", two, 2), *text = compile(arena, "'x'", two, 2),
                      *null = compile(arena, "NULL", two, 2);
    struct expression_failures failures = {0};
    struct vector input[2], out;

    many_rows(arena, input);
    expression_run(a, input, MANY, NULL, MANY, arena, &out, &failures);
    ck_assert_ptr_eq(out.number, input[0].number);
    ck_assert_ptr_eq(out.nulls, input[0].nulls);
    expression_run(b, input, MANY, pick, 2, arena, &out, &failures);
    ck_assert_ptr_eq(out.number, input[1].number);
    ck_assert_ptr_nonnull(out.nulls); /* always set */
    ck_assert_uint_eq(out.nulls[9], 0);
    expression_run(text, input, MANY, pick, 2, arena, &out, &failures);
    ck_assert_uint_eq(out.text[9].size, 1);
    ck_assert_int_eq(out.text[9].at[0], 'x');
    ck_assert_uint_eq(out.nulls[9], 0);
    expression_run(null, input, MANY, pick, 2, arena, &out, &failures);
    ck_assert_uint_eq(out.nulls[5], 1);
    ck_assert_uint_eq(out.text[5].size, DAYBREAK_NULL);
    expression_run(text, input, MANY, pick, 0, arena, &out, &failures); /* no rows are rows too */
    ck_assert_uint_eq(failures.count, 0);
    expression_free(a);
    expression_free(b);
    expression_free(text);
    expression_free(null);
    arena_free(arena);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("expression");
    TCase *tcase = tcase_create("expression");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, literals_have_the_narrowest_type);
    tcase_add_test(tcase, operators_bind_as_in_sqlite);
    tcase_add_test(tcase, calls_may_be_spelled_as_standards_have_them);
    tcase_add_test(tcase, logic_has_three_values);
    tcase_add_test(tcase, null_goes_through_operators_and_not_through_is);
    tcase_add_test(tcase, in_is_unsure_when_a_null_is_in_the_list);
    tcase_add_test(tcase, forms_choose);
    tcase_add_test(tcase, what_is_not_looked_at_does_not_fail);
    tcase_add_test(tcase, like_is_sqlites);
    tcase_add_test(tcase, concatenation_takes_canonical_texts);
    tcase_add_test(tcase, names_are_columns_dotted_quoted_and_in_any_case);
    tcase_add_test(tcase, an_expression_tells_what_it_reads_and_gives);
    tcase_add_test(tcase, constants_are_known_with_their_canonical_text);
    tcase_add_test(tcase, rows_fail_alone_and_once);
    tcase_add_test(tcase, lazy_parts_meet_only_their_rows_in_any_number);
    tcase_add_test(tcase, mere_columns_and_constants_are_given_as_they_are);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
