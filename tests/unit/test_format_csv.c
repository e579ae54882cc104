/* SPDX-License-Identifier: Apache-2.0 */
/* What csv makes of bytes, whatever the blocks they come in and whichever way they are scanned. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_scan.h"
#include "format_reader.h"

extern const struct daybreak_connector daybreak_connector;

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT(text) (text), sizeof(text) - 1

struct csv_case {
    const char *name;
    const char *const *options;
    const char *input;
    size_t size;
    const char *expect;
};

static const struct csv_case cases[] = {
    /* the csv-spectrum kinds */
    {"simple", NULL, TEXT("a,b,c\n1,2,3\n"), "a|b|c\n1|2|3\nend\n"},
    {"simple crlf", NULL, TEXT("a,b,c\r\n1,2,3\r\n"), "a|b|c\n1|2|3\nend\n"},
    {"simple cr", NULL, TEXT("a,b,c\r1,2,3\r4,5,6\r"), "a|b|c\n1|2|3\n4|5|6\nend\n"},
    {"mixed line ends", NULL, TEXT("a,b\r\n1,2\n3,4\r5,6\r\n"), "a|b\n1|2\n3|4\n5|6\nend\n"},
    {"comma in quotes", NULL, TEXT("first,last,address\nJohn,Doe,\"120 any st., Anytown\"\n"),
     "first|last|address\nJohn|Doe|120 any st., Anytown\nend\n"},
    {"empty", NULL, TEXT("a,b,c\n1,\"\",\"\"\n2,3,4\n,,\n"), "a|b|c\n1||\n2|3|4\n||\nend\n"},
    {"escaped quotes", NULL, TEXT("a,b\n1,\"ha \"\"ha\"\" ha\"\n3,\"\"\"\"\n\"\"\"x\",\"y\"\"\"\n"),
     "a|b\n1|ha \"ha\" ha\n3|\"\n\"x|y\"\nend\n"},
    {"json in a field", NULL, TEXT("key,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"coordinates\"\": [102.0, 0.5]}\"\n"),
     "key|val\n1|{\"type\": \"Point\", \"coordinates\": [102.0, 0.5]}\nend\n"},
    {"newlines", NULL, TEXT("a,b,c\n1,2,3\n\"Once upon \na time\",5,6\n7,8,9\n"),
     "a|b|c\n1|2|3\nOnce upon \\na time|5|6\n7|8|9\nend\n"},
    {"newlines crlf", NULL, TEXT("a,b,c\r\n1,2,3\r\n\"Once upon \r\na time\",5,\"6\r\"\r\n7,8,9\r\n"),
     "a|b|c\n1|2|3\nOnce upon \\r\\na time|5|6\\r\n7|8|9\nend\n"},
    {"quotes and newlines", NULL, TEXT("a,b\n1,\"ha \n\"\"ha\"\" \nha\"\n3,4\n"), "a|b\n1|ha \\n\"ha\" \\nha\n3|4\nend\n"},
    {"utf8", NULL, TEXT("a,b\n1,\xca\xa4\n\xc3\xa9,\"\xe2\x82\xac\"\n"), "a|b\n1|\xca\xa4\n\xc3\xa9|\xe2\x82\xac\nend\n"},
    {"location coordinates", NULL, TEXT("x,point\n1,\"37\xc2\xb0 46' 29.74\"\"N\"\n"),
     "x|point\n1|37\xc2\xb0 46' 29.74\"N\nend\n"},
    {"no last newline", NULL, TEXT("a,b\n1,2\n3,4"), "a|b\n1|2\n3|4\nend\n"},
    {"no last newline, quoted", NULL, TEXT("a,b\n1,2\n3,\"4\""), "a|b\n1|2\n3|4\nend\n"},
    {"no last newline, empty field", NULL, TEXT("a,b\n1,2\n3,"), "a|b\n1|2\n3|\nend\n"},
    {"bom", NULL, TEXT("\xef\xbb\xbf\"a\",b\n1,2\n"), "a|b\n1|2\nend\n"},
    {"bom without header", OPTIONS("header", "false"), TEXT("\xef\xbb\xbf" "1,2\n"), "c1|c2\n1|2\nend\n"},
    {"blank lines", NULL, TEXT("\n\r\na,b\n\n1,2\n\r\n\r\n3,4\n\n"), "a|b\n1|2\n3|4\nend\n"},
    {"blank lines of one column", NULL, TEXT("a\n1\n\n2\n\"\"\n\r\n3\n"), "a\n1\n2\n\n3\nend\n"},
    {"a field of blanks is a field", NULL, TEXT("a\n \n"), "a\n \nend\n"},
    {"empty file", NULL, TEXT(""), "\nend\n"},
    {"header only", NULL, TEXT("a,b\n"), "a|b\nend\n"},
    {"header only, no newline", NULL, TEXT("a,b"), "a|b\nend\n"},
    {"quoted header", NULL, TEXT("\"a \"\"x\"\"\",\"b\nc\"\n1,2\n"), "a \"x\"|b\\nc\n1|2\nend\n"},

    /* what is bad, and what is kept of it */
    {"too few fields", NULL, TEXT("a,b,c\n1,2\n4,5,6\n"),
     "a|b|c\n1|2|~ !column_count: has 2 fields, the header 3\n4|5|6\nend\n"},
    {"one field", NULL, TEXT("a,b\n\"1\"\n"), "a|b\n1|~ !column_count: has 1 field, the header 2\nend\n"},
    {"too many fields", NULL, TEXT("a,b\n1,\"2\",3,4\n5,6\n"),
     "a|b\n1|2 !column_count: has 4 fields, the header 2\n5|6\nend\n"},
    {"pad", OPTIONS("ragged", "pad"), TEXT("a,b,c\n1\n1,2,3,4\n"),
     "a|b|c\n1|~|~\n1|2|3 !column_count: has 4 fields, the header 3\nend\n"},
    {"cut", OPTIONS("ragged", "cut"), TEXT("a,b\n1,2,3\n1\n"),
     "a|b\n1|2\n1|~ !column_count: has 1 field, the header 2\nend\n"},
    {"nul byte", NULL, TEXT("a,b\n1,2\n3,x\0y\n5,6\n"), "a|b\n1|2\n3|~ !nul_byte@1: field 'b' holds a NUL byte\n5|6\nend\n"},
    {"nul byte in quotes", NULL, TEXT("a,b\n\"\0\",\"2\"\n5,6\n"), "a|b\n~|2 !nul_byte@0: field 'a' holds a NUL byte\n5|6\nend\n"},
    {"unclosed quote", NULL, TEXT("a,b\n1,2\n\n3,\"4\n5,6\n"), "a|b\n1|2\ncut: the quote opened in line 4 is never closed\n"},
    {"unclosed quote, later line", NULL, TEXT("a,b\n\"1\n\",\"2\n"), "cut: the quote opened in line 3 is never closed\n"},
    {"unclosed quote in the header", NULL, TEXT("a,\"b\n1,2\n"), "cut: the quote opened in line 1 is never closed\n"},
    {"quote inside a field", NULL, TEXT("a,b\n5\" disk,2\n3,x\"y\"\"z\n5,6\n"), "a|b\n5\" disk|2\n3|x\"y\"\"z\n5|6\nend\n"},
    {"text behind a closing quote", NULL, TEXT("a,b\n\"1\"x,2\n\"3\" ,\"4\"\"\"y\"z\n5,6\n"),
     "a|b\n1x|2\n3 |4\"y\"z\n5|6\nend\n"},
    {"empty name", NULL, TEXT("a,,c\n1,2,3\n"), "fault: column 2 has no name in the header\n"},
    {"name twice", NULL, TEXT("a,b,\"a\"\n1,2,3\n"), "fault: column 'a' comes twice in the header\n"},
    {"nul in a name", NULL, TEXT("a,b\0c\n1,2\n"), "fault: the name of column 2 in the header holds a NUL byte\n"},

    /* options */
    {"semicolon", OPTIONS("delimiter", ";"), TEXT("a;b\n1,5;\"2;3\"\n"), "a|b\n1,5|2;3\nend\n"},
    {"tab by name", OPTIONS("delimiter", "tab"), TEXT("a\tb\n1\t2\n"), "a|b\n1|2\nend\n"},
    {"tab by escape", OPTIONS("delimiter", "\\t"), TEXT("a\tb\n1\t2\n"), "a|b\n1|2\nend\n"},
    {"delimiter of two", OPTIONS("delimiter", "||"), TEXT("a||b\n1|x||\"2||3\"\n||\n5||6"), "a|b\n1\\|x|2\\|\\|3\n|\n5|6\nend\n"},
    {"delimiter of three that ends in a prefix", OPTIONS("delimiter", "ab!"), TEXT("x1ab!x2\n1ab!2ab\naab!b!ab"),
     "x1|x2\n1|2ab\na|b!ab\nend\n"},
    {"delimiter beyond ASCII", OPTIONS("delimiter", "\xc2\xa6"), TEXT("a\xc2\xa6" "b\n1\xc2\xa6\xc2\xb0\n"), "a|b\n1|\xc2\xb0\nend\n"},
    {"other quote", OPTIONS("quote", "'"), TEXT("a,b\n'1,''x',\"2\"\n"), "a|b\n1,'x|\"2\"\nend\n"},
    {"no quote", OPTIONS("quote", "none"), TEXT("a,b\n\"1,2\"\n\"3\",4\n"), "a|b\n\"1|2\"\n\"3\"|4\nend\n"},
    {"escape", OPTIONS("escape", "\\"), TEXT("a,b\n\"1\\\"x\",2\\,3\n4\\\n5,\"6\\\r\n\"\n\\\\,\"\"\"\"\n"),
     "a|b\n1\"x|2,3\n4\\n5|6\\r\\n\n\\\\|\"\nend\n"},
    {"escape at the end", OPTIONS("escape", "\\"), TEXT("a,b\n1,2\\"), "a|b\n1|2\\\\\nend\n"},
    {"no header", OPTIONS("header", "false"), TEXT("1,2,3\n4,5,6\n7\n"),
     "c1|c2|c3\n1|2|3\n4|5|6\n7|~|~ !column_count: has 1 field, 3 are named\nend\n"},
    {"no header, names", OPTIONS("header", "false", "names", "x|y"), TEXT("1,2\n3,4\n"), "x|y\n1|2\n3|4\nend\n"},
    {"names are the header's where there is one", OPTIONS("names", "x|y"), TEXT("b,a\n1,2\n"), "b|a\n1|2\nend\n"},
    {"no header, no file", OPTIONS("header", "false", "names", "x|y"), TEXT(""), "x|y\nend\n"},
    {"null text", OPTIONS("null_text", "NULL"), TEXT("a,b\nNULL,\"NULL\"\nNULLS,\n1,NULL\r\n\"x\"\"\",NULL\n5,NULL"),
     "a|b\n~|NULL\nNULLS|\n1|~\nx\"|~\n5|~\nend\n"},
    {"null text empty", OPTIONS("null_text", ""), TEXT("a,b\n,\"\"\n1,\r\n\"\",\n"), "a|b\n~|\n1|~\n|~\nend\n"},
    {"null text with escape", OPTIONS("null_text", "\\N", "escape", "\\"), TEXT("a,b\n\\N,\\NN\n"), "a|b\n~|NN\nend\n"},
    {"skip", OPTIONS("skip", "2"), TEXT("report \"of\r\n\r\na,b\n1,2\n"), "a|b\n1|2\nend\n"},
    {"skip more than there is", OPTIONS("skip", "9"), TEXT("x\ny\n"), "\nend\n"},
    {"comment", OPTIONS("comment", "#"), TEXT("# it's \"one\na,b\n#\"x,\n1,2\n# \"\n3,\"#4\n# 5\"\n#,\n#"),
     "a|b\n1|2\n3|#4\\n# 5\nend\n"},
    {"comment of two bytes", OPTIONS("comment", "//"), TEXT("a,b\n/1,2\n//x,\"\n/,/\n"), "a|b\n/1|2\n/|/\nend\n"},
    {"trailer", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\n1,2\n3,4\n5\nTRL, 3 \n"),
     "a|b\n1|2\n3|4\n5|~ !column_count: has 1 field, the header 2\nend\n"},
    {"trailer without newline", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\n1,2\nTRL,\"1\""), "a|b\n1|2\nend\n"},
    {"trailer and blank lines", OPTIONS("trailer", "starts=T"), TEXT("a,b\n1,2\nT;\n\n\n"), "a|b\n1|2\nend\n"},
    {"trailer of no rows", OPTIONS("trailer", "starts=T|count=2", "header", "false"), TEXT("T,0\n"), "\nend\n"},
    {"trailer count", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\n1,2\nTRL,2\n"),
     "a|b\n1|2\ncut: the trailer in line 3 says 2 rows, there are 1\n"},
    {"trailer without number", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\nTRL,x\n"),
     "cut: field 2 of the trailer in line 2 is no number of rows\n"},
    {"trailer too short", OPTIONS("trailer", "starts=TRL|count=3"), TEXT("a,b\nTRL,x\n"),
     "cut: the trailer in line 2 has 2 fields, its count should be field 3\n"},
    {"trailer missing", OPTIONS("trailer", "starts=TRL"), TEXT("a,b\n1,2\n"),
     "a|b\n1|2\ncut: the trailer is missing: no line begins with 'TRL'\n"},
    {"trailer missing in an empty file", OPTIONS("trailer", "starts=TRL"), TEXT(""),
     "cut: the trailer is missing: no line begins with 'TRL'\n"},
    {"rows behind the trailer", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\n1,2\nTRL,1\n3,4\n"),
     "a|b\n1|2\ncut: line 4 stands behind the trailer\n"},

    /* options that cannot be */
    {"delimiter is the quote", OPTIONS("delimiter", "\""), TEXT(""), "fault: cannot use delimiter '\"': it is the quote too\n"},
    {"no delimiter", OPTIONS("delimiter", ""), TEXT(""),
     "fault: cannot use delimiter '': it must be 1 to 16 bytes, and neither line end nor NUL\n"},
    {"long quote", OPTIONS("quote", "xy"), TEXT(""), "fault: cannot use quote 'xy': it must be one byte and no line end\n"},
    {"trailer key", OPTIONS("trailer", "start=T"), TEXT(""), "fault: unknown key 'start' in trailer\n"},
    {"trailer without starts", OPTIONS("trailer", "count=2"), TEXT(""), "fault: trailer needs starts: how its line begins\n"},
    {"trailer count 0", OPTIONS("trailer", "starts=T|count=0"), TEXT(""),
     "fault: cannot use trailer.count '0': it is the number of a field, from 1\n"},
    {"null text in quotes", OPTIONS("null_text", "\"\""), TEXT(""),
     "fault: cannot use null_text '\"\"': a field that begins with the quote is text\n"},
};

static char *
read_csv(const char *const *options, const char *input, size_t size, uint32_t block)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = options, .block_bytes = block};

    return format_read(&reading, input, size);
}

START_TEST(a_case_reads_as_expected_in_every_block_size)
{
    const struct csv_case *c = &cases[_i];

    for (int how = 0; how < 3; how++) {
        static const char *const cpu[] = {"scalar", "sse2", "any"};

        setenv("DAYBREAK_CPU", cpu[how], 1);
        for (uint32_t block = 1; block <= c->size + 1; block++) {
            char *got = read_csv(c->options, c->input, c->size, block);

            ck_assert_msg(strcmp(got, c->expect) == 0, "%s, block of %u, %s:\n%s-- expected:\n%s", c->name, block,
                          cpu[how], got, c->expect);
            free(got);
        }
    }
}
END_TEST

/* ---- ways to scan ------------------------------------------------------------------------- */

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t
any(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % below;
}

/* Bytes that look like csv gone wrong: mostly the bytes that mean something, in runs of any length. */
static size_t
hostile(char *to, size_t room, int kind)
{
    static const char *const piece[] = {",", ",", "\n", "\r\n", "\r", "\"", "\"\"", "\",\"", "\"\n", ",\"", "a", "bc",
                                        "0123456789", "x\"y", "\xc3\xa9", " ", "\"abc\"", "\"a,b\"", "\"a\nb\"",
                                        "\"a\"\"b\"", ",1.5,", "some longer text that fills a vector, and more", "#", "T", "\t", " \"a\" ",
                                        "\"T,", "\x1a", "  \n"};
    size_t size = 0, count = sizeof piece / sizeof *piece, most = any((uint32_t)room) + 1;

    while (size + 64 < most) {
        const char *p = piece[any((uint32_t)count)];

        if (kind == 0) { /* mostly good */
            static const char *const good[] = {"abc", ",", ",", "\"q,q\"", ",", "\n", "a longer text", "12,\"\"", "\"x\"\"\""};

            p = any(40) == 0 ? p : good[any(sizeof good / sizeof *good)];
        } else if (kind == 2 && any(50) == 0) {
            to[size++] = '\0';
            continue;
        }
        memcpy(to + size, p, strlen(p));
        size += strlen(p);
    }
    return size;
}

static bool
same_list(const struct csv_list *a, const struct csv_list *b, uint32_t more)
{
    return a->count == b->count && (a->count + more == 0 || memcmp(a->at, b->at, (a->count + more) * sizeof *a->at) == 0);
}

START_TEST(all_ways_to_scan_find_the_same)
{
    char *text = malloc(60000);

    for (int round = 0; round < 3000; round++) {
        size_t size = hostile(text, round % 20 == 0 ? 60000 : 700, round % 3);
        char *exact = malloc(size + 1); /* so that a byte read too far is seen */
        int quote = round % 7 == 0 ? -1 : '"';
        struct csv_scan scan[3];

        memcpy(exact, text, size);
        exact = realloc(exact, size > 0 ? size : 1);
        for (int how = 0; how < 3; how++) {
            csv_scan_init(&scan[how], ',', quote, (enum csv_scan_how)how);
            csv_scan_begin(&scan[how], 0);
        }
        while (scan[0].at < size && !scan[0].odd)
            for (int how = 0; how < 3; how++) {
                csv_scan_window(&scan[how], exact, (uint32_t)size, (uint32_t)size);
                ck_assert_uint_eq(scan[how].at, scan[0].at);
                ck_assert_int_eq(scan[how].odd, scan[0].odd);
                ck_assert(same_list(&scan[how].cell, &scan[0].cell, 1));
                ck_assert(same_list(&scan[how].record, &scan[0].record, 0));
                ck_assert(same_list(&scan[how].quoted, &scan[0].quoted, 0));
                ck_assert(same_list(&scan[how].doubled, &scan[0].doubled, 0));
                ck_assert(same_list(&scan[how].soft, &scan[0].soft, 0));
            }
        for (int how = 0; how < 3; how++)
            csv_scan_fini(&scan[how]);
        free(exact);
    }
    free(text);
}
END_TEST

/* An escape that never comes keeps the scanner out: what it gives must be what is read byte by byte. */
START_TEST(the_scanner_reads_as_the_careful_reader_does)
{
    static const char *const plain[] = {"header", "false", "names", "a|b|c", NULL};
    static const char *const careful[] = {"header", "false", "names", "a|b|c", "escape", "\x01", NULL};
    static const char *const plain_more[] = {"null_text", "bc", "header", "false", "names", "a", "comment", "#", "trailer",
                                             "starts=T|count=2", "ragged", "pad", NULL};
    static const char *const careful_more[] = {"null_text", "bc", "header", "false", "names", "a", "comment", "#",
                                               "trailer", "starts=T|count=2", "ragged", "pad", "escape", "\x01", NULL};
    static const char *const plain_trim[] = {"trim", "true", "null_text", "bc", "header", "false", "names", "a|b|c", "trailer",
                                             "starts=T", NULL};
    static const char *const careful_trim[] = {"trim", "true", "null_text", "bc", "header", "false", "names", "a|b|c", "trailer",
                                               "starts=T", "escape", "\x01", NULL};
    static const char *const plain_one[] = {"trim", "true", "header", "false", "names", "a", "ragged", "cut", "comment", "#", NULL};
    static const char *const careful_one[] = {"trim", "true", "header", "false", "names", "a", "ragged", "cut", "comment", "#",
                                              "escape", "\x01", NULL};
    static const char *const *const fast_of[] = {plain, plain, plain_trim, plain_more, plain, plain_trim, plain_one, plain_more};
    static const char *const *const slow_of[] = {careful, careful, careful_trim, careful_more, careful, careful_trim, careful_one,
                                                 careful_more};
    static const char *const cpu[] = {"scalar", "sse2", "any"};
    char *text = malloc(60000);

    for (int round = 0; round < 3200; round++) {
        size_t size = hostile(text, round % 20 == 0 ? 60000 : 900, round % 3);
        struct format_reading fast = {.type = &daybreak_connector, .options = fast_of[round % 8], .places = true, .marks = true};
        struct format_reading slow = fast;
        char *expect, *got;

        slow.options = slow_of[round % 8];
        fast.block_bytes = round % 5 == 0 ? 0 : any((uint32_t)size + 10) + 40;
        slow.block_bytes = fast.block_bytes;
        setenv("DAYBREAK_CPU", cpu[round / 8 % 3], 1);
        got = format_read(&fast, text, size);
        expect = format_read(&slow, text, size);
        if (strcmp(got, expect) != 0) {
            FILE *out = fopen("csv-differs.txt", "w");

            fwrite(text, 1, size, out);
            fclose(out);
        }
        ck_assert_str_eq(got, expect);
        free(got);
        free(expect);
    }
    free(text);
}
END_TEST

/* ---- places and marks --------------------------------------------------------------------- */

static char *
read_marked(const char *input, const char *const *options, const char *mark, uint32_t block)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = options, .mark = mark, .places = true,
                                     .marks = true, .block_bytes = block};

    return format_read(&reading, input, strlen(input));
}

START_TEST(rows_know_their_line_and_byte)
{
    char *got = read_marked("a,b\r\n1,\"x\r\ny\"\r\n\r\n\"3\",\"\n\n\"\n5\"6,7", NULL, NULL, 0);

    ck_assert_str_eq(got, "a|b\n"
                          "2:5+8 1|x\\r\\ny @5:17\n"
                          "5:17+8 3|\\n\\n @8:26\n"
                          "8:26+5 5\"6|7 @8:31\n"
                          "end\n");
    free(got);
}
END_TEST

START_TEST(reading_goes_on_at_a_mark)
{
    static const char input[] = "id,note\n1,a\n2,\"b\nb\"\n\n3,c\n4,\"d\"\"d\"\n";
    static const struct { const char *mark, *rest; } mark[] = {
        {"3:12", "id|note\n3:12+7 2|b\\nb @6:21\n6:21+3 3|c @7:25\n7:25+8 4|d\"d @8:34\nend\n"},
        {"6:21", "id|note\n6:21+3 3|c @7:25\n7:25+8 4|d\"d @8:34\nend\n"},
        {"8:34", "id|note\nend\n"},
    };

    for (size_t i = 0; i < sizeof mark / sizeof *mark; i++)
        for (uint32_t block = 1; block < sizeof input; block += 5) {
            char *got = read_marked(input, NULL, mark[i].mark, 64);

            ck_assert_str_eq(got, mark[i].rest);
            free(got);
        }
}
END_TEST

START_TEST(a_mark_in_front_of_a_trailer_counts_the_rows_before)
{
    static const char *const options[] = {"trailer", "starts=T|count=2", NULL};
    static const char input[] = "a,b\n1,2\n3,4\nT,2\n";
    char *got = read_marked(input, options, NULL, 0);

    ck_assert_str_eq(got, "a|b\n2:4+3 1|2 @3:8:1\n3:8+3 3|4 @4:12:2\nend\n");
    free(got);
    got = read_marked(input, options, "4:12:2", 0);
    ck_assert_str_eq(got, "a|b\nend\n");
    free(got);
    got = read_marked(input, options, "3:8:1", 0);
    ck_assert_str_eq(got, "a|b\n3:8+3 3|4 @4:12:2\nend\n");
    free(got);
    got = read_marked(input, options, "3:8", 0);
    ck_assert_str_eq(got, "a|b\n3:8+3 3|4 @4:12\ncut: cannot check the trailer in line 4: reading went on in the middle, "
                          "at a mark that holds no number of rows\n");
    free(got);
}
END_TEST

START_TEST(a_mark_that_is_none_is_a_fault)
{
    static const char *const bad[] = {"x", "1", "1:", "0:5", "1:2:", "1:2~", "1:2x", "1:99999999999999999999", "-1:2"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expect[128], *got = read_marked("a,b\n1,2\n", NULL, bad[i], 0);

        snprintf(expect, sizeof expect, "fault: cannot go on at mark '%s': it is none of csv\n", bad[i]);
        ck_assert_str_eq(got, expect);
        free(got);
    }
}
END_TEST

START_TEST(marks_are_ordered_by_byte)
{
    ck_assert_int_lt(daybreak_connector.compare("9:99", "2:100"), 0);
    ck_assert_int_gt(daybreak_connector.compare("1:100:3", "9:99:7"), 0);
    ck_assert_int_eq(daybreak_connector.compare("3:99:3", "3:99"), 0);
    ck_assert_int_lt(daybreak_connector.compare("", "1:1"), 0);
}
END_TEST

START_TEST(a_growing_file_keeps_its_unfinished_line)
{
    struct format_reading reading = {.type = &daybreak_connector, .growing = true};
    char *got = format_read(&reading, TEXT("a,b\n1,2\n3,4"));

    ck_assert_str_eq(got, "a|b\n1|2\nwait\n");
    free(got);
    got = format_read(&reading, TEXT("a,b\r\n1,2\r"));
    ck_assert_str_eq(got, "wait\n");
    free(got);
}
END_TEST

/* ---- too long ----------------------------------------------------------------------------- */

static char *
long_input(const char *before, char fill, size_t size, const char *after)
{
    size_t front = strlen(before), back = strlen(after);
    char *input = malloc(front + size + back + 1);

    memcpy(input, before, front);
    memset(input + front, fill, size);
    memcpy(input + front + size, after, back + 1);
    return input;
}

START_TEST(a_record_that_is_too_long_is_one_bad_row)
{
    static const struct { const char *before, *after; char fill; const char *expect; } record[] = {
        {"a,b,c\n1,2,3\n4,", ",x\n7,8,9\n", 'y',
         "a|b|c\n1|2|3\n4|~|~ !record_too_long: is longer than 64 bytes\n7|8|9\nend\n"},
        {"a,b,c\n1,2,3\n4,\"", "\"\"\n\",x\n7,8,9\n", '\n',
         "a|b|c\n1|2|3\n4|~|~ !record_too_long: is longer than 64 bytes\n7|8|9\nend\n"},
        {"a,b,c\n1,2,3\n4,\"", "", 'q',
         "a|b|c\n1|2|3\n4|~|~ !record_too_long: is longer than 64 bytes\ncut: the quote opened in line 3 is never closed\n"},
        {"a,b,c\n1,2,3\n#", "\n7,8,9\n", '"', "a|b|c\n1|2|3\n7|8|9\nend\n"},
        {"a,b,c", "\n", 'x', "fault: the header is longer than 64 bytes\n"},
    };

    for (size_t i = 0; i < sizeof record / sizeof *record; i++)
        for (size_t size = 70; size < 400; size += 7)
            for (uint32_t block = 16; block <= 64; block++) {
                char *input = long_input(record[i].before, record[i].fill, size, record[i].after);
                struct format_reading reading = {.type = &daybreak_connector, .options = OPTIONS("comment", "#"),
                                                 .block_bytes = block, .max_record = 64};
                char *got = format_read(&reading, input, strlen(input));

                ck_assert_msg(strcmp(got, record[i].expect) == 0, "%zu, %zu bytes, block of %u:\n%s-- expected:\n%s", i,
                              size, block, got, record[i].expect);
                free(got);
                free(input);
            }
}
END_TEST

START_TEST(reading_goes_on_inside_a_record_that_was_too_long)
{
    char *input = long_input("a,b\n1,2\n3,\"", '\n', 100, "\"\n5,6\n");
    struct format_reading reading = {.type = &daybreak_connector, .block_bytes = 64, .max_record = 64, .marks = true};
    char *got = format_read(&reading, input, strlen(input));

    ck_assert_str_eq(got, "a|b\n1|2 @3:8\n3|~ !record_too_long: is longer than 64 bytes @64:72~q\n5|6 @105:117\nend\n");
    free(got);
    reading.mark = "64:72~q";
    got = format_read(&reading, input, strlen(input));
    ck_assert_str_eq(got, "a|b\n5|6 @105:117\nend\n");
    free(got);
    free(input);
}
END_TEST

START_TEST(a_record_may_be_wider_than_many_windows)
{
    size_t columns = 4000, size = 0;
    char *input = malloc(columns * 40), *got, *at;
    uint32_t cells = 0;

    for (size_t i = 0; i < columns; i++)
        size += (size_t)snprintf(input + size, columns * 40 - size, "column_%zu%s", i, i + 1 < columns ? "," : "\n");
    for (size_t i = 0; i < columns; i++)
        size += (size_t)snprintf(input + size, columns * 40 - size, "\"cell %zu \"\"%s", i, i + 1 < columns ? "\"," : "\"\n");
    got = read_csv(NULL, input, size, 1000);
    at = strchr(got, '\n') + 1;
    for (; *at != '\n'; at++)
        cells += *at == '|';
    ck_assert_uint_eq(cells, columns - 1);
    ck_assert_ptr_nonnull(strstr(got, "|cell 3998 \"|cell 3999 \"\nend\n"));
    free(got);
    free(input);
}
END_TEST

START_TEST(a_header_has_at_most_4096_columns)
{
    char *input = long_input("a", ',', 4096, "\n"), *got = read_csv(NULL, input, strlen(input), 0);

    ck_assert_str_eq(got, "fault: the header has 4097 columns, at most 4096 can be\n");
    free(got);
    free(input);
}
END_TEST

START_TEST(short_rows_of_a_wide_header_do_not_take_memory_without_bound)
{
    struct daybreak_fault fault = {0};
    struct daybreak_part part = {.size = sizeof part, .name = ""};
    void *self = format_self(&daybreak_connector, NULL, &fault);
    size_t head = 0, size = 1u << 20;
    char *block = malloc(size * 2);
    enum daybreak_next next;
    struct format_rows of = {.rows = {.size = sizeof of.rows}};

    for (int i = 0; i < 2000; i++)
        head += (size_t)snprintf(block + head, size - head, "c%d%s", i, i < 1999 ? "," : "\n");
    for (size_t i = head; i < size; i++)
        block[i] = i % 2 == 0 ? 'x' : '\n';
    block[size - 1] = '\n';
    ck_assert_int_eq(daybreak_connector.begin(self, &part, NULL, &fault), 0);
    of.rows.block = block;
    of.rows.block_size = of.rows.block_used = (uint32_t)size;
    of.rows.block_room = (uint32_t)size * 2;
    of.rows.line = 1;
    of.rows.last = true;
    ck_assert_int_eq(daybreak_connector.feed(self, &of.rows, &next, &fault), 0);
    ck_assert_int_eq(next, DAYBREAK_MORE);
    ck_assert_uint_gt(of.rows.rows, 500);
    ck_assert_uint_lt((uint64_t)of.rows.rows * of.rows.columns, 3u << 20);
    ck_assert_uint_lt(of.rows.consumed, of.rows.block_size);
    format_rows_fini(&of);
    format_self_free(&daybreak_connector, self);
    free(block);
}
END_TEST

/* ---- real rows ---------------------------------------------------------------------------- */

START_TEST(real_rows_read_as_published)
{
    static const char input[] =
        "\"id\",\"airport_ref\",\"airport_ident\",\"type\",\"description\",\"frequency_mhz\"\n"
        "70518,6528,\"00CA\",\"CTAF\",\"CTAF\",122.9\n"
        "307581,6589,\"01FL\",\"ARCAL\",,122.9\n"
        "62398,1640,\"AYMO\",\"CTAF\",\"MOMOTE \"\"CTAF\"\"\",127.1\n";
    static const char expect[] = "id|airport_ref|airport_ident|type|description|frequency_mhz\n"
                                 "70518|6528|00CA|CTAF|CTAF|122.9\n"
                                 "307581|6589|01FL|ARCAL||122.9\n"
                                 "62398|1640|AYMO|CTAF|MOMOTE \"CTAF\"|127.1\n"
                                 "end\n";

    for (uint32_t block = 1; block < sizeof input; block++) {
        char *got = read_csv(NULL, input, sizeof input - 1, block);

        ck_assert_str_eq(got, expect);
        free(got);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("format_csv");
    TCase *tcase = tcase_create("cases");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_case_reads_as_expected_in_every_block_size, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, all_ways_to_scan_find_the_same);
    tcase_add_test(tcase, the_scanner_reads_as_the_careful_reader_does);
    tcase_add_test(tcase, rows_know_their_line_and_byte);
    tcase_add_test(tcase, reading_goes_on_at_a_mark);
    tcase_add_test(tcase, a_mark_in_front_of_a_trailer_counts_the_rows_before);
    tcase_add_test(tcase, a_mark_that_is_none_is_a_fault);
    tcase_add_test(tcase, marks_are_ordered_by_byte);
    tcase_add_test(tcase, a_growing_file_keeps_its_unfinished_line);
    tcase_add_test(tcase, a_record_that_is_too_long_is_one_bad_row);
    tcase_add_test(tcase, reading_goes_on_inside_a_record_that_was_too_long);
    tcase_add_test(tcase, a_record_may_be_wider_than_many_windows);
    tcase_add_test(tcase, a_header_has_at_most_4096_columns);
    tcase_add_test(tcase, short_rows_of_a_wide_header_do_not_take_memory_without_bound);
    tcase_add_test(tcase, real_rows_read_as_published);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
