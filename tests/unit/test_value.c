/* SPDX-License-Identifier: Apache-2.0 */
#include "record/value.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
canonical(const char *type_text, const char *text)
{
    static char out[VALUE_ROOM + 1];
    struct value_type type;
    size_t length;

    ck_assert_msg(value_type_parse(type_text, &type), "%s", type_text);
    if (!value_canonical(&type, text, strlen(text), out, &length)) {
        ck_assert_uint_eq(length, 0);
        return "refused";
    }
    ck_assert_uint_le(length, VALUE_ROOM);
    out[length] = '\0';
    return out;
}

static const struct {
    const char *type, *text, *canonical;
} cells[] = {
    {"boolean", "true", "true"}, {"boolean", "F", "false"}, {"boolean", "YES", "true"}, {"bool", "n", "false"}, {"bool",
        "1", "true"},
    {"boolean", "0", "false"}, {"boolean", "2", "refused"}, {"boolean", "", "refused"}, {"boolean", "truex", "refused"},
    {"boolean", " true", "refused"},
    {"integer", "0", "0"}, {"integer", "-0", "0"}, {"integer", "+7", "7"}, {"integer", "007", "7"}, {"integer", "", "refused"},
    {"integer", "-", "refused"}, {"integer", "1 ", "refused"}, {"integer", "1.0", "refused"}, {"integer", "1e3", "refused"},
    {"integer", "0x10", "refused"}, {"int", "9223372036854775807", "9223372036854775807"}, {"int",
        "9223372036854775808", "refused"},
    {"bigint", "-9223372036854775808", "-9223372036854775808"}, {"bigint", "-9223372036854775809", "refused"},
    {"int", "99999999999999999999", "refused"}, {"int", "0000000000000000000000000042", "42"}, {"int", "--1", "refused"},
    {"decimal(12,2)", "19.90", "19.90"}, {"decimal(12,2)", "19.9", "19.90"}, {"decimal(12,2)", "-0.1", "-0.10"},
    {"decimal(12,2)", "19.900", "19.90"}, {"decimal(12,2)", "19.901", "refused"}, {"decimal(12,2)", ".5", "0.50"},
    {"decimal(12,2)", "5.", "5.00"}, {"decimal(12,2)", ".", "refused"}, {"decimal(12,2)", "",
        "refused"}, {"decimal(12,2)", "+1", "1.00"},
    {"decimal(12,2)", "-0", "0.00"}, {"decimal(12,2)", "9999999999.99", "9999999999.99"}, {"decimal(12,2)",
        "10000000000", "refused"},
    {"decimal(12,2)", "1e3", "1000.00"}, {"decimal(12,2)", "1.5E-1", "0.15"}, {"decimal(12,2)", "1e-3", "refused"},
    {"decimal(12,2)", "100e-3", "0.10"}, {"decimal(12,2)", "1e99999999999", "refused"}, {"decimal(12,2)",
        "0e99999999999", "0.00"},
    {"decimal(12,2)", "1e", "refused"}, {"decimal(12,2)", "1,5", "refused"}, {"decimal(12,2)", "1.2.3", "refused"},
    {"decimal(12,2)", "000000000000000000000000000000000000000000000001.50", "1.50"}, {"decimal(12,2)", "nan", "refused"},
    {"decimal(2,2)", "0.99", "0.99"}, {"decimal(2,2)", "1", "refused"}, {"decimal(1,0)", "9", "9"}, {"decimal(1,0)",
        "10", "refused"},
    {"decimal(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"},
    {"decimal(38,0)", "100000000000000000000000000000000000000", "refused"},
    {"decimal(38,38)", "-0.00000000000000000000000000000000000001", "-0.00000000000000000000000000000000000001"},
    {"decimal(38,10)", "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"},
    {"decimal(38,10)", "12345678901234567890123456789", "refused"}, {"decimal(20,2)", "999999999999999999.99",
                                                                     "999999999999999999.99"},
    {"decimal(20,2)", "1000000000000000000", "refused"}, {"decimal(20,0)", "10000000000000000000", "10000000000000000000"},
    {"decimal(19,19)", "0.1234567890123456789", "0.1234567890123456789"},
    {"decimal(18,18)", "0.123456789012345678", "0.123456789012345678"},
    {"decimal(12,2)", "0.00000000000000000000000000000000000000000000000000", "0.00"},
    {"decimal(12,2)", "1.00000000000000000000000000000000000000000000000001", "refused"},
    {"real", "1", "1"}, {"real", "1.50", "1.5"}, {"real", "-0.0", "-0"}, {"real", "0.1", "0.1"}, {"real", "1e21", "1e+21"},
    {"real", "123456789012345680000", "123456789012345680000"}, {"real", "1e-7", "1e-07"}, {"real", "0.000001", "0.000001"},
    {"real", "1e400", "refused"}, {"real", "1e-400", "0"}, {"real", "inf", "refused"}, {"real", "nan",
        "refused"}, {"real", "0x1p3", "refused"},
    {"real", "5e-324", "5e-324"}, {"real", "1.7976931348623157e308", "1.7976931348623157e+308"}, {"double",
        "0.30000000000000004", "0.30000000000000004"},
    {"float", "2.2250738585072014e-308", "2.2250738585072014e-308"}, {"real", "9007199254740993", "9007199254740992"},
    {"real", "", "refused"}, {"real", " 1", "refused"}, {"real", "1_0", "refused"}, {"real", "100", "100"}, {"real",
        "1234.5678", "1234.5678"},
    {"date", "2024-02-29", "2024-02-29"}, {"date", "2023-02-29", "refused"}, {"date", "1900-02-29", "refused"}, {"date",
        "2000-02-29", "2000-02-29"},
    {"date", "0001-01-01", "0001-01-01"}, {"date", "0000-12-31", "refused"}, {"date", "9999-12-31",
        "9999-12-31"}, {"date", "2024-13-01", "refused"},
    {"date", "2024-00-01", "refused"}, {"date", "2024-04-31", "refused"}, {"date", "2024-4-1", "refused"}, {"date",
        "2024-04-01 ", "refused"},
    {"date", "", "refused"}, {"date", "2024/04/01", "refused"}, {"date", "1969-12-31", "1969-12-31"},
    {"timestamp", "2025-02-20T03:53:00Z", "2025-02-20T03:53:00.000000Z"}, {"timestamp", "2025-02-20 03:53",
        "2025-02-20T03:53:00.000000Z"},
    {"timestamp", "2025-02-20", "2025-02-20T00:00:00.000000Z"}, {"timestamp", "2025-02-20t03:53:00.1z",
                                                                 "2025-02-20T03:53:00.100000Z"},
    {"timestamp", "2025-02-20T03:53:00.123456789Z", "2025-02-20T03:53:00.123456Z"}, {"timestamp",
        "2025-02-20T03:53:00.1234567891Z", "refused"},
    {"timestamp", "2025-02-20T03:53:00.", "refused"}, {"timestamp", "2025-02-20T03:53:00+01", "2025-02-20T02:53:00.000000Z"},
    {"timestamp", "2025-02-20T03:53:00+0130", "2025-02-20T02:23:00.000000Z"}, {"timestamp", "2025-02-20T03:53:00-05:00",
        "2025-02-20T08:53:00.000000Z"},
    {"timestamp", "2025-02-20T03:53+01:00", "2025-02-20T02:53:00.000000Z"}, {"timestamp", "2025-02-20T03:53:00+24:00", "refused"},
    {"timestamp", "2025-02-20T03:53:00+01:60", "refused"}, {"timestamp", "2025-02-20T03:53:00+1",
                                                            "refused"}, {"timestamp", "2025-02-20T24:00:00", "refused"},
    {"timestamp", "2025-02-20T23:60:00", "refused"}, {"timestamp", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
    {"timestamp", "2016-12-31T23:59:61Z", "refused"}, {"timestamp", "2025-02-20T", "refused"}, {"timestamp",
        "2025-02-20T03", "refused"},
    {"timestamp", "2025-02-20 03:53:00 ", "refused"}, {"timestamp", "0001-01-01T00:00:00+01:00", "refused"},
    {"timestamp", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"}, {"timestamp",
        "9999-12-31T23:59:59-00:01", "refused"},
    {"timestamp", "0001-01-01", "0001-01-01T00:00:00.000000Z"}, {"timestamp", "1969-12-31T23:59:59.5Z",
                                                                 "1969-12-31T23:59:59.500000Z"},
    {"timestamp", "2025-02-20T03:53:0Z", "refused"}, {"timestamp", "2025-02-20X03:53:00Z", "refused"}, {"timestamp",
        "2025-02-20T03:53:00ZZ", "refused"},
    {"text", "x", "refused"}, {"bytes", "x", "refused"},
};

START_TEST(a_cell_has_one_canonical_text_or_none)
{
    ck_assert_msg(strcmp(canonical(cells[_i].type, cells[_i].text), cells[_i].canonical) == 0,
                  "%s '%s': '%s', not '%s'", cells[_i].type,
                  cells[_i].text, canonical(cells[_i].type, cells[_i].text), cells[_i].canonical);
}
END_TEST

START_TEST(what_is_canonical_stays_as_it_is)
{
    char once[VALUE_ROOM + 1];

    if (strcmp(cells[_i].canonical, "refused") == 0)
        return;
    snprintf(once, sizeof once, "%s", canonical(cells[_i].type, cells[_i].text));
    ck_assert_str_eq(canonical(cells[_i].type, once), once);
}
END_TEST

START_TEST(types_are_read_with_their_other_names_and_digits)
{
    static const struct {
        const char *text, *reads;
    } types[] = {{"text", "text"}, {"STRING", "text"}, {"int", "integer"}, {"BigInt", "integer"}, {"bool", "boolean"},
                 {"numeric( 38 , 0 )", "decimal(38,0)"},
                 {"decimal(12,2)", "decimal(12,2)"}, {"decimal(5)", "decimal(5,0)"}, {"double", "real"}, {"blob",
                     "bytes"}, {" date ", "date"}};
    static const char *const wrong[] = {"", "decimal", "decimal(0,0)", "decimal(39,1)", "decimal(2,3)", "decimal(2,3",
                                        "decimal(2 3)", "decimal()",
                                        "integer(4)", "varchar", "dat", "dates", "decimal(12,2)x",
                                        "decimal(-1,2)", "decimal(999999999999,1)"};
    struct value_type type;
    char text[32];

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        ck_assert_msg(value_type_parse(types[i].text, &type), "%s", types[i].text);
        value_type_text(&type, text);
        ck_assert_str_eq(text, types[i].reads);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!value_type_parse(wrong[i], &type), "%s", wrong[i]);
    for (size_t i = 0; value_type_names[i] != NULL; i++)
        ck_assert(value_type_parse(value_type_names[i], &type) || strcmp(value_type_names[i], "decimal") == 0 ||
                  strcmp(value_type_names[i], "numeric") == 0);
}
END_TEST

START_TEST(days_and_civil_dates_are_inverse_over_all_years)
{
    int year, month, day;
    int32_t expected = value_days(1, 1, 1);

    ck_assert_int_eq(value_days(1970, 1, 1), 0);
    ck_assert_int_eq(value_days(2000, 3, 1), 11017);
    for (int y = 1; y <= 9999; y++)
        for (int m = 1; m <= 12; m++) {
            static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
            int length = lengths[m - 1] + (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0));

            ck_assert_int_eq(value_days(y, m, 1), expected);
            value_civil(expected + length - 1, &year, &month, &day);
            ck_assert(year == y && month == m && day == length);
            expected += length;
        }
}
END_TEST

static const struct {
    const char *pattern, *text, *reads;
} patterns[] = {
    {"%d.%m.%Y %H:%M", "20.02.2025 03:53", "2025-02-20T03:53:00.000000Z"}, {"%d.%m.%Y %H:%M", "1.2.2025 3:05",
        "2025-02-01T03:05:00.000000Z"},
    {"%Y%m%d%H%M%S", "20250220035301", "2025-02-20T03:53:01.000000Z"}, {"%d-%b-%y", "20-FEB-25", "2025-02-20T00:00:00.000000Z"},
    {"%d %B %Y", "1 May 2025", "2025-05-01T00:00:00.000000Z"}, {"%B %d, %Y", "september 9, 1999", "1999-09-09T00:00:00.000000Z"},
    {"%b %d %Y", "Sep 9 1999", "1999-09-09T00:00:00.000000Z"}, {"%y%m%d", "690101", "1969-01-01T00:00:00.000000Z"},
    {"%y%m%d", "680101", "2068-01-01T00:00:00.000000Z"}, {"%Y%j", "2024366", "2024-12-31T00:00:00.000000Z"}, {"%Y%j",
        "2023366", "refused"},
    {"%Y-%m-%d %H:%M:%S.%f", "2025-02-20 03:53:01.25", "2025-02-20T03:53:01.250000Z"},
    {"%Y-%m-%d %H:%M:%S %z", "2025-02-20 03:53:01 +01:00", "2025-02-20T02:53:01.000000Z"},
    {"%m/%d/%Y %I:%M %p", "12/31/2024 12:05 AM", "2024-12-31T00:05:00.000000Z"}, {"%m/%d/%Y %I:%M %p",
        "12/31/2024 12:05 pm", "2024-12-31T12:05:00.000000Z"},
    {"%m/%d/%Y %I:%M %p", "12/31/2024 13:05 pm", "refused"}, {"100%% %Y-%m-%d", "100% 2025-02-20", "2025-02-20T00:00:00.000000Z"},
    {"%d.%m.%Y", "31.02.2025", "refused"}, {"%d.%m.%Y", "20.02.2025 ", "refused"}, {"%d.%m.%Y", "20.02.202", "refused"},
    {"%d.%m.%Y", "", "refused"}, {"%H:%M", "03:53", "refused"}, {"%Q%Y", "2025", "refused"}, {"%Y-%m-%d%", "2025-02-20",
        "refused"},
};

#define NBSP "\xc2\xa0"
#define NARROW "\xe2\x80\xaf"

static const struct {
    const char *type;
    bool comma;
    char thousands;
    const char *text, *reads;
} styles[] = {
    {"decimal(12,2)", true, 0, "1234,5", "1234.50"}, {"decimal(12,2)", true, 0, "-,5", "-0.50"},
    {"decimal(12,2)", true, 0, "1234.5", "refused"}, {"decimal(12,2)", true, 0, "1.234,5", "refused"},
    {"decimal(12,2)", true, 0, "1,2,3", "refused"}, {"decimal(12,2)", true, 0, "", "refused"},
    {"decimal(12,2)", true, '.', "1.234,56", "1234.56"}, {"decimal(12,2)", true, '.', "1234,56", "1234.56"},
    {"decimal(12,2)", true, '.', "-1.234.567,8", "-1234567.80"}, {"decimal(12,2)", true, '.', "+12.345", "12345.00"},
    {"decimal(12,2)", true, '.', "1.23.4", "refused"}, {"decimal(12,2)", true, '.', "1.23", "refused"},
    {"decimal(12,2)", true, '.', "1.2345", "refused"}, {"decimal(12,2)", true, '.', "1234.567", "refused"},
    {"decimal(12,2)", true, '.', "1.234.56", "refused"}, {"decimal(12,2)", true, '.', "1..234", "refused"},
    {"decimal(12,2)", true, '.', ".123", "refused"}, {"decimal(12,2)", true, '.', "1.234.", "refused"},
    {"decimal(12,2)", true, '.', "1.234,567.8", "refused"}, {"decimal(12,2)", true, '.', "0.123", "refused"},
    {"decimal(12,2)", true, '.', "0.000", "refused"}, {"decimal(12,2)", true, '.', "0", "0.00"},
    {"decimal(12,2)", true, '.', "0,50", "0.50"}, {"decimal(12,2)", true, '.', "1.234 ", "refused"},
    {"decimal(12,2)", true, '.', "1 234", "refused"}, {"decimal(12,2)", true, '.', "-", "refused"},
    {"decimal(12,2)", false, ',', "1,234.50", "1234.50"}, {"decimal(12,2)", false, ',', "1,234,567", "1234567.00"},
    {"decimal(12,2)", false, ',', "12,34,567", "refused"}, {"decimal(12,2)", false, ',', "1.234,5", "refused"},
    {"decimal(12,2)", false, ',', "1,23", "refused"}, {"decimal(12,2)", false, ',', ",123", "refused"},
    {"decimal(12,2)", true, ' ', "1 234,56", "1234.56"}, {"decimal(12,2)", true, ' ', "1" NBSP "234,56", "1234.56"},
    {"decimal(12,2)", true, ' ', "-1" NARROW "234" NARROW "567,56", "-1234567.56"},
    {"decimal(12,2)", true, ' ', "1" NARROW "234 567", "refused"}, {"decimal(12,2)", true, ' ', "1  234", "refused"},
    {"decimal(12,2)", true, ' ', " 1", "refused"}, {"decimal(12,2)", true, ' ', "1 ", "refused"},
    {"decimal(12,2)", true, ' ', "1" NBSP, "refused"}, {"decimal(12,2)", true, ' ', "1\xc2", "refused"},
    {"decimal(12,2)", false, '\'', "1'234'567.5", "1234567.50"}, {"decimal(12,2)", false, '\'', "1\xe2\x80\x99" "234", "1234.00"},
    {"integer", false, '.', "1.234", "1234"}, {"integer", false, '.', "-12.345.678", "-12345678"},
    {"integer", false, '.', "1.5", "refused"}, {"integer", false, '.', "1.234,0", "refused"},
    {"integer", false, '.', "9.223.372.036.854.775.807", "9223372036854775807"},
    {"integer", false, '.', "9.223.372.036.854.775.808", "refused"}, {"integer", false, ' ', "1 000", "1000"},
    {"integer", false, '.', "1000.000", "refused"}, {"integer", false, '.', "007", "7"}, {"integer", false, '.', "007.000", "refused"},
    {"real", true, '.', "1.234,5e3", "1234500"}, {"real", true, '.', "1.234e3", "1234000"}, {"real", true, 0, "0,1", "0.1"},
    {"real", true, 0, "1e-3", "0.001"}, {"real", true, '.', "1e1.000", "refused"},
    {"decimal(38,0)", false, ',', "99,999,999,999,999,999,999,999,999,999,999,999,999", "99999999999999999999999999999999999999"},
    {"decimal(38,0)", false, ',', "1,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000,000", "refused"},
    {"decimal(38,0)", true, 0, "00000000000000000000000000000000000000000000000000000000000000001", "refused"},
};

START_TEST(numbers_are_read_as_their_file_writes_them)
{
    struct value_type type;
    char out[VALUE_ROOM + 1] = "refused";
    size_t length, size = strlen(styles[_i].text);
    char *text = malloc(size + (size == 0)); /* the sanitizer sees one byte too many */

    memcpy(text, styles[_i].text, size);
    ck_assert(value_type_parse(styles[_i].type, &type));
    type.style = (struct value_style){styles[_i].comma, styles[_i].thousands};
    if (value_canonical(&type, text, size, out, &length))
        out[length] = '\0';
    ck_assert_msg(strcmp(out, styles[_i].reads) == 0, "'%s': %s", styles[_i].text, out);
    free(text);
}
END_TEST

START_TEST(a_pattern_reads_what_it_shows)
{
    struct value_type type = {.type = DAYBREAK_TYPE_TIMESTAMP, .pattern = patterns[_i].pattern};
    char out[VALUE_ROOM + 1] = "refused";
    size_t length;

    if (value_canonical(&type, patterns[_i].text, strlen(patterns[_i].text), out, &length))
        out[length] = '\0';
    ck_assert_msg(strcmp(out, patterns[_i].reads) == 0, "%s of '%s': %s", patterns[_i].pattern, patterns[_i].text, out);
}
END_TEST

START_TEST(a_pattern_names_a_whole_date)
{
    ck_assert(value_pattern_valid("%d.%m.%Y"));
    ck_assert(value_pattern_valid("%y%j"));
    ck_assert(value_pattern_valid("%d-%b-%Y %H:%M:%S.%f%z %%"));
    ck_assert(!value_pattern_valid("%d.%m"));
    ck_assert(!value_pattern_valid("%H:%M"));
    ck_assert(!value_pattern_valid("%d.%m.%Y%"));
    ck_assert(!value_pattern_valid("%d.%m.%Y %Q"));
    ck_assert(!value_pattern_valid(""));
}
END_TEST

START_TEST(a_date_may_have_a_pattern_too)
{
    struct value_type type = {.type = DAYBREAK_TYPE_DATE, .pattern = "%d.%m.%Y"};
    int32_t days;

    ck_assert(value_date("01.01.1970", 10, &type, &days));
    ck_assert_int_eq(days, 0);
    ck_assert(!value_date("1970-01-01", 10, &type, &days));
}
END_TEST

START_TEST(a_zone_gives_local_times_their_instant)
{
    struct value_type type = {.type = DAYBREAK_TYPE_TIMESTAMP, .zone = "Europe/Paris"};
    char out[VALUE_ROOM + 1];
    size_t length;

    ck_assert(value_canonical(&type, "2025-07-01 12:00", 16, out, &length));
    ck_assert_msg(strncmp(out, "2025-07-01T10:00:00.000000Z", length) == 0, "%.*s", (int)length, out);
    ck_assert(value_canonical(&type, "2025-07-01 12:00Z", 17, out, &length)); /* an offset of its own counts more */
    ck_assert(strncmp(out, "2025-07-01T12:00:00.000000Z", length) == 0);
    type.zone = "Europe/Nowhere";
    ck_assert(!value_canonical(&type, "2025-07-01 12:00", 16, out, &length));
    ck_assert(value_canonical(&type, "2025-07-01 12:00Z", 17, out, &length));
}
END_TEST

static uint64_t
random64(void)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

START_TEST(reals_read_back_the_same_and_no_shorter_text_would)
{
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random64();
        char text[VALUE_ROOM + 1], shorter[40];
        double value, again;
        size_t length;

        if (i % 2 == 0)
            memcpy(&value, &bits, 8);
        else
            value = (double)(int64_t)(bits >> (bits & 63)) / (i % 3 == 0 ? 100.0 : 1000000.0);
        if (!isfinite(value))
            continue;
        length = value_write_real(value, text);
        text[length] = '\0';
        ck_assert_msg(value_real(text, length, &again) && memcmp(&again, &value, 8) == 0, "%a: %s", value, text);
        ck_assert_msg(strtod(text, NULL) == value, "%a: %s", value, text);
        if (value != 0 && fabs(value) >= DBL_MIN) {
            int digits = 0;

            for (const char *at = text; *at != '\0' && *at != 'e'; at++)
                digits += (*at >= '1' && *at <= '9') || (*at == '0' && digits > 0);
            while (digits > 0 && strchr(text, 'e') == NULL && strchr(text, '.') == NULL &&
                   digits == (int)strspn(text + (*text == '-'), "0123456789") &&
                   text[strlen(text) - 1] == '0') { /* zeros that only fill up a whole number */
                text[strlen(text) - 1] = '\0';
                digits--;
            }
            snprintf(shorter, sizeof shorter, "%.*e", digits - 2 < 0 ? 0 : digits - 2, value);
            ck_assert_msg(digits == 1 || strtod(shorter, NULL) != value, "%a: %s has a shorter form %s", value, text, shorter);
        }
    }
}
END_TEST

START_TEST(reals_are_what_the_c_library_reads)
{
    for (int i = 0; i < 200000; i++) {
        char text[64];
        double value;

        snprintf(text, sizeof text, "%s%llu.%llue%d", i % 3 == 0 ? "-" : "",
                 (unsigned long long)(random64() >> (random64() & 63)),
                 (unsigned long long)(random64() >> (random64() & 63)), (int)(random64() % 61) - 30);
        ck_assert(value_real(text, strlen(text), &value));
        ck_assert_msg(value == strtod(text, NULL), "%s: %a, not %a", text, value, strtod(text, NULL));
    }
}
END_TEST

START_TEST(decimals_come_back_as_they_were)
{
    for (int i = 0; i < 200000; i++) {
        uint8_t precision = (uint8_t)(1 + random64() % 38), scale = (uint8_t)(random64() % (precision + 1u));
        value_int128 limit = 1, value, again;
        char text[VALUE_ROOM];
        size_t length;

        for (int k = 0; k < precision; k++)
            limit *= 10;
        value = (value_int128)(((unsigned __int128)random64() << 64 | random64()) >> (random64() % 127 + 1)) % limit;
        if (i % 2 == 0)
            value = -value;
        length = value_write_decimal(value, scale, text);
        ck_assert_msg(value_decimal(text, length, precision, scale, &again), "%.*s as decimal(%u,%u)", (int)length,
                      text, precision, scale);
        ck_assert_msg(again == value, "%.*s as decimal(%u,%u)", (int)length, text, precision, scale);
        if (precision > 1 && precision > scale) { /* one digit less than it needs */
            uint8_t needs = 0;

            for (value_int128 v = value < 0 ? -value : value; v != 0; v /= 10)
                needs++;
            if (needs > 1 && needs > scale)
                ck_assert(!value_decimal(text, length, (uint8_t)(needs - 1), scale, &again));
        }
    }
}
END_TEST

START_TEST(no_text_of_random_bytes_does_harm)
{
    static const char *const types[] = {"boolean", "integer", "decimal(38,10)", "decimal(12,2)", "real", "date", "timestamp"};
    static const char alphabet[] = "0123456789.-+eETZ: tf";

    for (int i = 0; i < 300000; i++) {
        char *text = malloc(40), out[VALUE_ROOM];
        size_t size = random64() % 40, length;
        struct value_type type;

        for (size_t k = 0; k < size; k++)
            text[k] = i % 4 == 0 ? (char)random64() : alphabet[random64() % (sizeof alphabet - 1)];
        text = realloc(text, size + (size == 0)); /* the sanitizer sees one byte too many */
        ck_assert(value_type_parse(types[i % 7], &type));
        if (i % 14 == 13)
            type.pattern = "%d.%m.%Y%H:%M%z";
        if (i % 3 == 0 && i % 7 > 0 && i % 7 < 5)
            type.style = (struct value_style){i % 2 == 0, "., '\0"[i % 5]};
        if (value_canonical(&type, text, size, out, &length))
            ck_assert(length > 0 && length <= VALUE_ROOM);
        free(text);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("value");
    TCase *tcase = tcase_create("value");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_cell_has_one_canonical_text_or_none, 0, (int)(sizeof cells / sizeof *cells));
    tcase_add_loop_test(tcase, what_is_canonical_stays_as_it_is, 0, (int)(sizeof cells / sizeof *cells));
    tcase_add_test(tcase, types_are_read_with_their_other_names_and_digits);
    tcase_add_test(tcase, days_and_civil_dates_are_inverse_over_all_years);
    tcase_add_loop_test(tcase, numbers_are_read_as_their_file_writes_them, 0, (int)(sizeof styles / sizeof *styles));
    tcase_add_loop_test(tcase, a_pattern_reads_what_it_shows, 0, (int)(sizeof patterns / sizeof *patterns));
    tcase_add_test(tcase, a_pattern_names_a_whole_date);
    tcase_add_test(tcase, a_date_may_have_a_pattern_too);
    tcase_add_test(tcase, a_zone_gives_local_times_their_instant);
    tcase_add_test(tcase, reals_read_back_the_same_and_no_shorter_text_would);
    tcase_add_test(tcase, reals_are_what_the_c_library_reads);
    tcase_add_test(tcase, decimals_come_back_as_they_were);
    tcase_add_test(tcase, no_text_of_random_bytes_does_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
