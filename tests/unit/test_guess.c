/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/guess_parts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static void
setup(void)
{
    arena = arena_new();
}

static void
teardown(void)
{
    arena_free(arena);
}

/* ---- bytes -------------------------------------------------------------------------------- */

static const char *
encoding_of(const char *bytes, size_t size, bool *doubt)
{
    struct guess_bytes whole = {0}, piecewise = {0};
    struct guess_dialect dialect = {0}, again = {0};
    bool text;

    guess_bytes_add(&whole, bytes, size);
    for (size_t i = 0; i < size; i++)
        guess_bytes_add(&piecewise, bytes + i, 1);
    text = guess_bytes_encoding(&whole, arena, &dialect);
    ck_assert_int_eq(guess_bytes_encoding(&piecewise, arena, &again), text);
    if (!text)
        return "binary";
    ck_assert_str_eq(dialect.encoding_is, again.encoding_is);
    ck_assert_str_eq(dialect.encoding_why, again.encoding_why);
    *doubt = dialect.encoding_doubt;
    return dialect.encoding_is;
}

START_TEST(an_encoding_is_proven_or_said_to_be_a_guess)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *encoding;
        bool doubt;
    } cases[] = {
        {"id,name\n1,plain\n", 15, "UTF-8", false},
        {"id\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", 13, "UTF-8", false},
        {"\xef\xbb\xbfid\n1\n", 8, "UTF-8", false},
        {"\xff\xfei\0d\0\n\0", 8, "UTF-16", false},
        {"\xfe\xff\0i\0d\0\n", 8, "UTF-16", false},
        {"i\0d\0,\0n\0\n\0" "1\0,\0" "2\0", 16, "UTF-16LE", true},
        {"\0i\0d\0,\0n\0\n\0" "1\0,\0" "2", 16, "UTF-16BE", true},
        {"name\nM\xfcller\nStra\xdf" "e\n", 19, "WINDOWS-1252", true},
        {"name\nM\xfcller \x80 5\n", 16, "WINDOWS-1252", true},
        {"name\nM\x81ller\nSt\x94" "cke\nBr\x84uer\n", 26, "IBM850", true},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4 \xff\n", 13, "UTF-8", true}, /* one bad byte among many good ones */
        {"id,n\n1,\0\0\0\0\0\0\0\0x\n", 17, "binary", false},
        {"\x04\x05\x06\x07\x10\x11\x12\x13", 8, "binary", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool doubt = false;

        ck_assert_msg(strcmp(encoding_of(cases[i].bytes, cases[i].size, &doubt), cases[i].encoding) == 0, "case %zu: %s", i,
                      encoding_of(cases[i].bytes, cases[i].size, &doubt));
        ck_assert_msg(doubt == cases[i].doubt, "case %zu", i);
    }
}
END_TEST

START_TEST(what_is_no_rows_is_called_by_its_name)
{
    static const struct {
        const char *text;
        enum guess_kind kind;
        const char *says;
    } cases[] = {
        {"id,name\n1,x\n", GUESS_ROWS, ""},
        {"", GUESS_EMPTY, ""},
        {" \r\n\t\n", GUESS_EMPTY, ""},
        {"{\"a\":1}\n{\"a\":2}\n", GUESS_JSONL, ""},
        {"{\n \"a\": 1\n}\n", GUESS_JSON, ""},
        {"[{\"a\":1}]", GUESS_JSON, ""},
        {"[id],[name]\n1,2\n", GUESS_ROWS, ""},
        {"<?xml version=\"1.0\"?><a/>", GUESS_XML, ""},
        {"<a><b/></a>", GUESS_XML, ""},
        {"<!DOCTYPE HTML><html><title>\n 404 Not Found\n</title>", GUESS_OTHER,
         "an HTML page called '404 Not Found': most likely an error or login page that was saved in place of the data"},
        {"<html><body>no", GUESS_OTHER, "an HTML page: most likely an error or login page that was saved in place of the data"},
        {"-- MySQL dump 10.13\n", GUESS_OTHER, "a dump of SQL statements: export the table as CSV instead"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text says = {0};

        ck_assert_int_eq(guess_bytes_kind(cases[i].text, strlen(cases[i].text), true, &says), cases[i].kind);
        ck_assert_str_eq(text_end(&says), cases[i].says);
        text_fini(&says);
    }
    ck_assert_str_eq(guess_bytes_foreign("SQLite format 3\0", 16), "an SQLite database");
    ck_assert_str_eq(guess_bytes_foreign("PAR1....", 8), "a Parquet file");
    ck_assert_ptr_null(guess_bytes_foreign("id,name", 7));
}
END_TEST

START_TEST(the_records_of_a_json_document_are_found)
{
    static const struct {
        const char *text, *path;
    } cases[] = {
        {"[{\"a\":1}]", ""},
        {"{\"n\":2,\"items\":[{\"a\":1}]}", "items"},
        {"{\"x\":[1,[2]],\"s\":\"[{\",\"data\":{\"list\":[ {\"a\":1}]}}", "data.list"},
        {"{\"a.b\":{\"c\":[{}]}}", "/a.b/c"},
        {"{\"a\":[1,2]}", NULL},
        {"[[{\"a\":1}]]", NULL},
        {"{\"a\":", NULL},
        {"{\"a\\\"b\":[{}]}", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = guess_json_path(cases[i].text, strlen(cases[i].text), arena);

        if (cases[i].path == NULL)
            ck_assert_msg(path == NULL, "case %zu: %s", i, path);
        else
            ck_assert_msg(path != NULL && strcmp(path, cases[i].path) == 0, "case %zu: %s", i, path == NULL ? "none" : path);
    }
}
END_TEST

/* ---- dialects ------------------------------------------------------------------------------- */

/* "DELIMITER quote escape header skip comment ragged: NAME|NAME", defaults left out. */
static const char *
dialect_of(const char *text)
{
    struct guess_dialect d = {0};
    struct guess_names names = {0};
    struct text out = {0};
    const char *result;

    if (!guess_dialect_make(text, strlen(text), true, arena, &d, &names)) {
        return arena_printf(arena, "fixed %u", names.count);
    }
    text_put(&out, strcmp(d.delimiter, "\t") == 0 ? "tab" : d.delimiter);
    if (d.quote != '"')
        text_printf(&out, d.quote < 0 ? " quote=none" : " quote=%c", d.quote);
    if (d.escape >= 0)
        text_printf(&out, " escape=%c", d.escape);
    if (d.trim)
        text_put(&out, " trim");
    if (!d.header)
        text_put(&out, " no-header");
    if (d.skip > 0)
        text_printf(&out, " skip=%d", (int)d.skip);
    if (d.comment != NULL)
        text_printf(&out, " comment=%s", d.comment);
    if (d.ragged != NULL)
        text_printf(&out, " %s", d.ragged);
    text_put(&out, " :");
    for (uint32_t i = 0; i < names.count; i++)
        text_printf(&out, " %s", names.name[i]);
    result = arena_text(arena, text_end(&out));
    text_fini(&out);
    return result;
}

START_TEST(a_dialect_is_what_makes_the_lines_alike)
{
    static const struct {
        const char *text, *dialect;
    } cases[] = {
        {"id,name\n1,a\n2,b\n", ", : id name"},
        {"id;preis\n1;19,90\n2;5,00\n", "; : id preis"},
        {"1,5;2,5;x\n2,5;3,5;y\n", "; no-header : c1 c2 c3"},
        {"id\tname\n1\ta, b\n2\tc, d\n", "tab : id name"},
        {"id|name\n1|a\n2|b\n", "| : id name"},
        {"id||name||qty\n1||a||5\n2||b||6\n", "|| : id name qty"},
        {"id|x|qty\n1||5\n2||6\n", "| : id x qty"},
        {"id\t|\tname\n1\t|\ta\n", "\t|\t : id name"},
        {"id::name\n1::a\n2::b:c\n", ":: : id name"},
        {"id\x1fname\n1\x1f" "a\n", "\x1f : id name"},
        {"root:x:0\nbin:x:1\n", ": no-header : c1 c2 c3"},
        {"id,name\n1,\"a, \"\"b\"\"\"\n2,\"x\ny\"\n", ", : id name"},
        {"id,name\n1,\"say \\\"hi\\\", ok\"\n2,\"x\"\n", ", escape=\\ : id name"},
        {"'id','name'\n'1','a,b'\n'2','c'\n", ", quote=' : id name"},
        {"id,name\n1,O'Neil\n2,D'Arcy\n", ", : id name"},
        {"id,size\n1,\"5\n2,\"7\n3,\"9\n", ", quote=none : id size"},
        {"id,size\n1,5\"\n2,7\"\n", ", : id size"},
        {"id, name, qty\n1, a, 5\n2, b, 6\n", ", trim : id name qty"},
        {"id, name\n1, \"a, x\"\n2, \"b\"\n", ", trim : id name"},
        {"name\nalice\nbob\n", ", : name"},
        {"name\nsmith, john\nbob\nlee, ann, dr\n", "; : name"},
        {"id,name\n", ", : id name"},
        {"id,name", ", : id name"},
        {"a,b\n1,2", ", : a b"},
        /* what stands in front */
        {"Report\nof 2026\n\nid,name,qty\n1,a,2\n2,b,3\n", ", skip=3 : id name qty"},
        {"# made by x\n# today\nid,name\n1,a\n# more\n2,b\n", ", comment=# : id name"},
        {"#id,name\n1,a\n2,b\n", ", : #id name"},
        {"H|20260101\nD|1|a|5\nD|2|b|6\n", "| no-header skip=1 : c1 c2 c3 c4"},
        /* a header or none */
        {"1,2026-01-01,x\n2,2026-01-02,y\n", ", no-header : c1 c2 c3"},
        {"id,name,paid\n1,a,yes\n2,b,no\n", ", : id name paid"},
        {"alice,paris\nbob,rome\n", ", : alice paris"},
        {"x,FR\ny,DE\nz,FR\nx,FR\n", ", no-header : c1 c2"},
        {"country,2019,2020\nFR,12.5,13\nDE,14,15\n", ", : country 2019 2020"},
        {"2019,2020\n2021,2022\n", ", no-header : c1 c2"},
        /* names that cannot be */
        {"id,a,a,\n1,2,3,4\n2,3,4,5\n", ", no-header skip=1 : id a a_2 c4"},
        {"x,y\nr1,1,2\nr2,3,4\nr3,5,6\n", ", no-header skip=1 : row x y"},
        /* ragged lines */
        {"id,name\n1,a,\n2,b,\n3,c,\n", ", cut : id name"},
        {"id,name,note\n1,a\n2,b,x\n3,c\n4,d,y\n5,e\n6,f,z\n7,g,w\n", ", pad : id name note"},
        /* columns by their place */
        {"100  Bundesbank Berlin   1\n200  Postbank Hamburg    2\n300  Sparkasse Ulm       3\n", "fixed 26"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(dialect_of(cases[i].text), cases[i].dialect) == 0, "case %zu\n  text:     %s\n  expected: %s\n  found:    %s", i,
                      cases[i].text, cases[i].dialect, dialect_of(cases[i].text));
}
END_TEST

START_TEST(text_of_no_line_is_no_trouble)
{
    ck_assert_str_eq(dialect_of("\""), ", : \"");
    ck_assert_str_eq(dialect_of("\n\n"), ", :");
    ck_assert_str_eq(dialect_of(",,,,\n,,,,\n"), ", no-header : c1 c2 c3 c4 c5");
}
END_TEST

/* ---- types ------------------------------------------------------------------------------------ */

static struct guess_table *
table_of(const char *const *name, uint32_t columns, const char *const *rows)
{
    struct guess_table *table = arena_zero(arena, sizeof *table);
    struct guess_tally *tally = arena_zero(arena, columns * sizeof *tally);
    uint64_t line = 2;

    table->name = "t";
    table->dialect.type = "csv";
    table->columns = columns;
    table->column = arena_zero(arena, columns * sizeof *table->column);
    for (uint32_t c = 0; c < columns; c++)
        table->column[c].name = name[c];
    for (; *rows != NULL; rows++, line++) {
        const char *at = *rows;

        for (uint32_t c = 0; c < columns; c++) {
            size_t size = strcspn(at, "|");

            guess_tally_add(&tally[c], at, (uint32_t)size, GUESS_PLAIN, line);
            at += size + (at[size] == '|');
        }
    }
    guess_type_table(table, tally, arena);
    return table;
}

static const char *
shown(const struct guess_column *column)
{
    return arena_printf(arena, "%s%s%s%s", column->type, column->pattern != NULL ? " " : "", column->pattern != NULL ? column->pattern : "",
                        column->doubt != NULL ? " ?" : "");
}

START_TEST(a_type_is_what_every_value_has)
{
    static const struct {
        const char *name, *rows[8], *type;
    } cases[] = {
        {"qty", {"1", "22", "-3"}, "integer"},
        {"qty", {"1", "", "3"}, "integer"},
        {"empty", {"", "", ""}, "text"},
        {"code", {"007", "123"}, "text"},
        {"amount", {"007.50", "123.00"}, "text"},
        {"zero", {"0", "10"}, "integer"},
        {"zip", {"80331", "10115"}, "text"},       /* no zero leads, but one may come */
        {"account_no", {"4711", "4712"}, "text"},
        {"phone", {"+491701234567", "+491709999999"}, "text"},
        {"ean", {"4006381333931"}, "text"},
        {"big", {"12345678901234567890"}, "text"},
        {"largest", {"9223372036854775807", "-9223372036854775808"}, "integer"},
        {"price", {"19.90", "5.00"}, "decimal(12,2)"},
        {"price", {"19", "5.25"}, "decimal(12,2)"},
        {"price", {"1234567890123.45"}, "decimal(15,2)"},
        {"price", {"12345678901234567.45"}, "decimal(28,2)"},
        {"rate", {"0.12345"}, "decimal(12,5)"},
        {"rate", {"-.5"}, "decimal(12,1)"},
        {"latitude", {"52.55889892578125", "-3.1"}, "real"},
        {"measure", {"1.5e10", "2.25E-3"}, "real"},
        {"code", {"12E4", "13E5"}, "text"},
        {"size", {"12", "14a", "16"}, "text"},
        {"paid", {"true", "FALSE"}, "boolean"},
        {"paid", {"true", "true"}, "boolean"},
        {"paid", {"yes", "no"}, "boolean"},
        {"paid", {"Y", "N"}, "boolean"},
        {"lang", {"no", "no"}, "text"},            /* Norwegian */
        {"flag", {"1", "0"}, "integer"},
        {"day", {"2026-01-31", "2025-02-28"}, "date"},
        {"day", {"2026-02-30"}, "text"},
        {"at", {"2026-01-31T10:00:00Z", "2026-01-31 10:00:00.5+01:00"}, "timestamp"},
        {"at", {"2026-01-31", "2026-01-31 10:00"}, "timestamp"},
        {"day", {"23.11.2026", "01.02.2026"}, "date %d.%m.%Y"},
        {"day", {"23.11.26", "1.2.26"}, "date %d.%m.%y"},
        {"day", {"11/23/2026", "01/02/2026"}, "date %m/%d/%Y"},
        {"day", {"23/11/2026", "01/02/2026"}, "date %d/%m/%Y"},
        {"day", {"03/04/2026", "01/02/2026"}, "text ?"},
        {"day", {"03-04-2026", "11-12-2026"}, "text ?"},
        {"day", {"23-NOV-2026"}, "date %d-%b-%Y"},
        {"day", {"Nov 23, 2026"}, "date %b %d, %Y"},
        {"at", {"23.11.2026 14:05", "01.12.2026 00:00"}, "timestamp %d.%m.%Y %H:%M"},
        {"at", {"11/23/2026 2:05 PM", "01/12/2026 11:59 AM"}, "timestamp %m/%d/%Y %I:%M %p"},
        {"at", {"20261123140500", "20260101000000"}, "timestamp %Y%m%d%H%M%S"},
        {"order_date", {"20261123", "20260101"}, "date %Y%m%d"},
        {"value", {"20261123", "20260101"}, "integer"},
        {"order_date", {"20261123", "2026111"}, "integer"}, /* no day has seven digits */
        {"at", {"23/Nov/2026:14:05:00 +0100"}, "timestamp %d/%b/%Y:%H:%M:%S %z"},
        {"at", {"2026-11-23 14:05:00 UTC"}, "timestamp %Y-%m-%d %H:%M:%S UTC"},
        {"version", {"1.2.3", "1.2.4"}, "text"},
        {"ip", {"10.0.0.1"}, "text"},
        {"name", {"NULL", "x"}, "text"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct guess_table *table = table_of(&cases[i].name, 1, cases[i].rows);

        ck_assert_msg(strcmp(shown(&table->column[0]), cases[i].type) == 0, "case %zu, %s %s…: expected %s, found %s", i, cases[i].name,
                      cases[i].rows[0], cases[i].type, shown(&table->column[0]));
    }
}
END_TEST

START_TEST(how_numbers_are_written_is_settled_for_the_whole_table)
{
    static const struct {
        const char *rows[6], *types;
    } cases[] = {
        /* comma, thousands: types of a and b */
        {{"19,90|1", "5,00|2"}, ", : decimal(12,2) integer"},
        {{"1.234,50|1.000", "12,00|20.000"}, ", . decimal(12,2) integer"},
        {{"1,234.50|1,000", "12.00|20,000"}, ". , decimal(12,2) integer"},
        {{"1 234,50|1", "12,00|2"}, ", space decimal(12,2) integer"},
        {{"1\xc2\xa0" "234,50|1", "12\xe2\x80\xaf" "000,00|2"}, ", space decimal(12,2) integer"},
        {{"1'234.50|1", "12.00|2"}, ". ' decimal(12,2) integer"},
        {{"1,234|x", "2,500|y"}, ". : text ? text"},            /* a fraction or thousands? */
        {{"1.234|x", "2.500|y"}, ". : decimal(12,3) ? text"},
        {{"1.23.4|x", "1.2.3|y"}, ". : text text"},
        {{"1,23,456|x", "1|y"}, ". : text text"},
        {{"19,90|5.25", "7,10|6.75"}, ". : text ? decimal(12,2)"},  /* the file contradicts itself */
        {{"19,90|5.25", "7,1|x"}, ", : decimal(12,2) text"},
    };
    static const char *const names[] = {"a", "b"};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct guess_table *table = table_of(names, 2, cases[i].rows);
        const struct guess_dialect *d = &table->dialect;
        const char *found = arena_printf(arena, "%c %s %s %s", d->comma ? ',' : '.',
                                         d->thousands[0] == '\0' ? ":" : d->thousands[0] == ' ' ? "space" : d->thousands,
                                         shown(&table->column[0]), shown(&table->column[1]));

        ck_assert_msg(strcmp(found, cases[i].types) == 0, "case %zu: expected %s, found %s", i, cases[i].types, found);
    }
}
END_TEST

START_TEST(one_column_settles_day_and_month_for_the_others)
{
    static const char *const names[] = {"a", "b"};
    static const char *const rows[] = {"03/04/2026|23/11/2026", "01/02/2026|01/12/2026", NULL};
    const struct guess_table *table = table_of(names, 2, rows);

    ck_assert_str_eq(shown(&table->column[0]), "date %d/%m/%Y");
    ck_assert_str_eq(shown(&table->column[1]), "date %d/%m/%Y");
    ck_assert_ptr_nonnull(strstr(table->column[0].why, "in the order that 'b' shows"));
}
END_TEST

START_TEST(a_word_stands_for_null_where_it_cannot_be_a_value)
{
    static const char *const names[] = {"a", "b"};
    static const struct {
        const char *rows[6], *null, *types;
    } cases[] = {
        {{"\\N|x", "5|\\N"}, "\\N", "integer text"},
        {{"NULL|x", "5|y"}, "NULL", "integer text"},
        {{"NA|x", "5|y"}, "NA", "integer text"},
        {{"5|NA", "6|DE"}, NULL, "integer text"},   /* Namibia */
        {{"NA|NA", "6|DE"}, NULL, "text text"},
        {{"-|x", "-5|y"}, "-", "integer text"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct guess_table *table = table_of(names, 2, cases[i].rows);
        const char *null = table->dialect.null_text, *types = arena_printf(arena, "%s %s", table->column[0].type, table->column[1].type);

        ck_assert_msg(strcmp(null == NULL ? "" : null, cases[i].null == NULL ? "" : cases[i].null) == 0, "case %zu: %s", i, null);
        ck_assert_msg(strcmp(types, cases[i].types) == 0, "case %zu: %s", i, types);
    }
}
END_TEST

START_TEST(what_nearly_has_a_type_stays_text_and_says_where_not)
{
    static const char *const names[] = {"qty"};
    const char *rows[32] = {0};
    const struct guess_table *table;

    for (int i = 0; i < 30; i++)
        rows[i] = i == 4 ? "n.a." : "12";
    table = table_of(names, 1, rows);
    ck_assert_str_eq(table->column[0].type, "text");
    ck_assert_str_eq(table->column[0].doubt, "29 of 30 are numbers, but line 6 has 'n.a.': with that type such rows are set aside");
}
END_TEST

START_TEST(blanks_around_numbers_are_trimmed_when_they_are_the_rule)
{
    static const char *const names[] = {"qty"}, *const rows[] = {"  1", " 22", "333", NULL};
    const struct guess_table *table = table_of(names, 1, rows);

    ck_assert(table->dialect.trim);
    ck_assert_str_eq(table->column[0].type, "integer");
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------ */

START_TEST(names_are_taken_apart_whatever_joins_their_words)
{
    static const char *const with[] = {"order_id", "orderId", "OrderID", "ORDER ID", "order-id", "id", "ID2"};

    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        ck_assert_msg(guess_word_in(with[i], "x|id"), "%s", with[i]);
    ck_assert(!guess_word_in("width", "id"));
    ck_assert(!guess_word_in("", "id"));
    ck_assert(guess_word_last("customer_name", "name"));
    ck_assert(!guess_word_last("name_of_customer", "name"));
    ck_assert_int_gt(guess_word_key("id", "orders"), guess_word_key("order_id", "orders"));
    ck_assert_int_gt(guess_word_key("order_id", "orders"), guess_word_key("customer_id", "orders"));
    ck_assert_int_gt(guess_word_key("country_id", "countries"), guess_word_key("region_id", "countries"));
    ck_assert_int_lt(guess_word_key("description", "orders"), 0);
    ck_assert_int_eq(guess_word_changed("updated_at"), 100);
    ck_assert_int_eq(guess_word_changed("lastModified"), 100);
    ck_assert_int_eq(guess_word_changed("created_at"), -1);
    ck_assert_int_eq(guess_word_changed("qty"), 0);
}
END_TEST

START_TEST(a_date_in_a_name_becomes_parts_of_a_pattern)
{
    static const struct {
        const char *path, *pattern, *stem;
    } cases[] = {
        {"drop/orders_20261123.csv.gz", "drop/orders_%Y%m%d.csv.gz", "orders"},
        {"orders-2026-11-23.csv", "orders-%Y-%m-%d.csv", "orders"},
        {"20261123_orders.csv", "%Y%m%d_orders.csv", "orders"},
        {"orders_20261123_0210.csv", "orders_%Y%m%d_%H%M.csv", "orders"},
        {"orders_20261123T021030Z.csv", "orders_%Y%m%dT%H%M%SZ.csv", "orders"},
        {"orders_20261123021030.csv", "orders_%Y%m%d%H%M%S.csv", "orders"},
        {"orders_2026-11-23_02-10-30.csv", "orders_%Y-%m-%d_%H-%M-%S.csv", "orders"},
        {"orders_20261123_0001.csv", "orders_%Y%m%d_0001.csv", "orders_0001"},
        {"orders_23.11.2026.csv", "orders_%d.%m.%Y.csv", "orders"},
        {"orders_23112026.csv", "orders_%d%m%Y.csv", "orders"},
        {"orders_261123.csv", "orders_%y%m%d.csv", "orders"},
        {"orders_2026-11.csv", "orders_%Y-%m.csv", "orders"},
        {"orders_202611.csv", "orders_%Y%m.csv", "orders"},
        {"2026/11/23/orders.csv", "%Y/%m/%d/orders.csv", "orders"},
        {"a_20261101_b_20261130.csv", "a_%Y%m%d_b_*.csv", "a_b"},
        {"orders.csv", NULL, "orders"},
        {"orders_123456.csv", NULL, "orders_123456"},
        {"orders_20261323.csv", NULL, "orders_20261323"},
        {"orders_1764000000.csv", NULL, "orders_1764000000"},
        {"20261123.csv", "%Y%m%d.csv", ""},
        {"Order export (1).csv", NULL, "Order_export__1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool timed;
        const char *why, *pattern = guess_path_pattern(cases[i].path, arena, &timed, &why);
        char stem[201];

        if (cases[i].pattern == NULL)
            ck_assert_msg(pattern == NULL, "%s: %s", cases[i].path, pattern);
        else
            ck_assert_msg(pattern != NULL && strcmp(pattern, cases[i].pattern) == 0, "%s: %s", cases[i].path, pattern);
        guess_path_stem(cases[i].path, stem);
        ck_assert_msg(strcmp(stem, cases[i].stem) == 0, "%s: %s", cases[i].path, stem);
    }
    ck_assert_str_eq(guess_path_literal("50%[a]*.csv", arena), "50??a]?.csv");
    ck_assert_str_eq(guess_path_wider("kev_%Y-%m-%da.csv", arena), "kev_%Y-%m-%d*.csv");
    ck_assert_ptr_null(guess_path_wider("kev_%Y-%m-%d.csv", arena));
    ck_assert_str_eq(guess_path_member("data-2026-11-23/navaids.csv", arena), "*/navaids.csv");
    ck_assert_str_eq(guess_path_member("navaids_2026-11-23.csv", arena), "navaids_*.csv");
    ck_assert_str_eq(guess_path_member("navaids.csv", arena), "navaids.csv");
}
END_TEST

/* ---- keys -------------------------------------------------------------------------------------- */

static void
rows_add(struct guess_keys *keys, int count, int (*value)(int row, int column))
{
    for (int row = 0; row < count; row++) {
        char text[3][16];
        struct daybreak_text cell[3];

        for (int c = 0; c < 3; c++) {
            int number = value(row, c);

            cell[c].size = number < 0 ? DAYBREAK_NULL : (uint32_t)snprintf(text[c], sizeof text[c], "%d", number);
            cell[c].at = text[c];
        }
        guess_keys_row(keys, cell);
    }
}

static int
order_lines(int row, int column)
{
    return column == 0 ? row / 3 : column == 1 ? row % 3 : 7;
}

/* The last row is the first one again; one row in the middle lacks its id. */
static int
mostly_unique(int row, int column)
{
    if (column == 0)
        return row == 5000 ? -1 : row == 9999 ? 0 : row;
    return column == 1 ? row == 9999 ? 0 : row % 10 : 1;
}

START_TEST(columns_that_tell_rows_apart_are_found_alone_and_together)
{
    struct guess_keys *keys = guess_keys_new(3, 0);
    static const uint32_t both[] = {0, 1};
    const uint32_t *const column[] = {both};
    const uint32_t count[] = {2};
    struct guess_keys_answer answer;

    guess_keys_columns(keys);
    rows_add(keys, 3000, order_lines);
    for (uint32_t c = 0; c < 3; c++) {
        guess_keys_ask(keys, c, &answer);
        ck_assert(!answer.counted);
    }
    guess_keys_try(keys, column, count, 1);
    rows_add(keys, 3000, order_lines);
    guess_keys_ask(keys, 0, &answer);
    ck_assert(answer.counted);
    ck_assert_int_eq(answer.twice, 0);
    ck_assert_int_eq(answer.keyless, 0);
    guess_keys_free(keys);
}
END_TEST

START_TEST(a_row_that_comes_again_alike_is_no_second_one)
{
    struct guess_keys *keys = guess_keys_new(3, 0);
    struct guess_keys_answer answer;

    guess_keys_columns(keys);
    rows_add(keys, 10000, mostly_unique);
    guess_keys_ask(keys, 0, &answer);
    ck_assert(answer.counted);
    ck_assert_int_eq(answer.twice, 0);
    ck_assert_int_eq(answer.keyless, 1);
    guess_keys_free(keys);
}
END_TEST

static int
one_twice(int row, int column)
{
    return column == 0 ? row == 39999 ? 17 : row : column == 1 ? row : 0;
}

START_TEST(with_little_memory_every_share_of_the_keys_is_counted)
{
    struct guess_keys *keys = guess_keys_new(3, 200000);
    static const uint32_t first[] = {0};
    const uint32_t *const column[] = {first};
    const uint32_t count[] = {1};
    struct guess_keys_answer answer;

    guess_keys_try(keys, column, count, 1);
    rows_add(keys, 40000, one_twice);
    guess_keys_ask(keys, 0, &answer);
    ck_assert_uint_gt(answer.share, 1);
    for (uint32_t part = 1; part < answer.share; part++) {
        guess_keys_part(keys, part);
        rows_add(keys, 40000, one_twice);
    }
    guess_keys_ask(keys, 0, &answer);
    ck_assert_int_eq(answer.twice, 1);
    guess_keys_free(keys);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("guess");
    TCase *tcase = tcase_create("guess");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_encoding_is_proven_or_said_to_be_a_guess);
    tcase_add_test(tcase, what_is_no_rows_is_called_by_its_name);
    tcase_add_test(tcase, the_records_of_a_json_document_are_found);
    tcase_add_test(tcase, a_dialect_is_what_makes_the_lines_alike);
    tcase_add_test(tcase, text_of_no_line_is_no_trouble);
    tcase_add_test(tcase, a_type_is_what_every_value_has);
    tcase_add_test(tcase, how_numbers_are_written_is_settled_for_the_whole_table);
    tcase_add_test(tcase, one_column_settles_day_and_month_for_the_others);
    tcase_add_test(tcase, a_word_stands_for_null_where_it_cannot_be_a_value);
    tcase_add_test(tcase, what_nearly_has_a_type_stays_text_and_says_where_not);
    tcase_add_test(tcase, blanks_around_numbers_are_trimmed_when_they_are_the_rule);
    tcase_add_test(tcase, names_are_taken_apart_whatever_joins_their_words);
    tcase_add_test(tcase, a_date_in_a_name_becomes_parts_of_a_pattern);
    tcase_add_test(tcase, columns_that_tell_rows_apart_are_found_alone_and_together);
    tcase_add_test(tcase, a_row_that_comes_again_alike_is_no_second_one);
    tcase_add_test(tcase, with_little_memory_every_share_of_the_keys_is_counted);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
