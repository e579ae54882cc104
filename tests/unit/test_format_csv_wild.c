/* SPDX-License-Identifier: Apache-2.0 */
/* CSV as people write it: every option, in blocks of every size, and what cannot be meant. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format_reader.h"

extern const struct daybreak_connector daybreak_connector;

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT(text) (text), sizeof(text) - 1

struct wild_case {
    const char *name;
    const char *const *options;
    const char *input;
    size_t size;
    const char *expect;
};

static const struct wild_case cases[] = {
    /* quotes and escapes */
    {"single quotes, doubled", OPTIONS("quote", "'"), TEXT("a,b\n'it''s','x\n,y'\nO'Brien,\"2\"\n"),
     "a|b\nit's|x\\n,y\nO'Brien|\"2\"\nend\n"},
    {"single quotes, escaped", OPTIONS("quote", "'", "escape", "\\"), TEXT("a,b\n'it\\'s',\\N\n'\\\\',''''\n"),
     "a|b\nit's|N\n\\\\|'\nend\n"},
    {"an escape before a delimiter and a line end", OPTIONS("escape", "\\"), TEXT("a,b\n1\\,2,3\\\r\n4\n"), "a|b\n1,2|3\\r\\n4\nend\n"},
    {"an escape without quotes", OPTIONS("quote", "none", "escape", "\\"), TEXT("a,b\n\"1\\,2,3\\\n4\"\n"), "a|b\n\"1,2|3\\n4\"\nend\n"},
    {"an escape that is the quote is the usual doubling", OPTIONS("escape", "\""), TEXT("a,b\n\"1\"\"\",2\n"), "a|b\n1\"|2\nend\n"},
    {"no quotes: a quote is a character", OPTIONS("quote", "none"), TEXT("a,b\n\"1,2\n3\",\"\n"), "a|b\n\"1|2\n3\"|\"\nend\n"},

    /* delimiters */
    {"a tab, a bar, a tab", OPTIONS("delimiter", "\t|\t"), TEXT("a\t|\tb\t|\tc\n1\t|\t\t|\t3\n\"4\t|\t4\"\t|\t5|5\t|\t6\t\n"),
     "a|b|c\n1||3\n4\t\\|\t4|5\\|5|6\t\nend\n"},
    {"the same, as plain YAML leaves it", OPTIONS("delimiter", "\\t|\\t"), TEXT("a\t|\tb\n1\t|\t2\n"), "a|b\n1|2\nend\n"},
    {"a unit separator by its number", OPTIONS("delimiter", "\\x1f"), TEXT("a\x1f" "b\n1,5\x1f\"2\x1f\"\n"), "a|b\n1,5|2\x1f\nend\n"},
    {"two bars, one of them in a field", OPTIONS("delimiter", "||"), TEXT("a||b\r\n1|||2\r\n|||\r\n"), "a|b\n1|\\|2\n|\\|\nend\n"},
    {"many bytes, no header", OPTIONS("delimiter", "<=>", "header", "false", "names", "x|y"), TEXT("1<=>2\n<=<=>>\n"),
     "x|y\n1|2\n<=|>\nend\n"},
    {"a row cut within a delimiter", OPTIONS("delimiter", "||"), TEXT("a||b\n1|"), "a|b\n1\\||~ !column_count: has 1 field, the header 2\nend\n"},

    /* blanks around fields */
    {"blanks around quotes", OPTIONS("trim", "true"), TEXT("a , \"b\" , c\n 1 , \"x, y\" ,\t3\n\"4\"  ,  5  5  ,\" 6 \"\n"),
     "a|b|c\n1|x, y|3\n4|5  5| 6 \nend\n"},
    {"blanks without trim are data", NULL, TEXT("a,b\n 1 , \"x\" \n"), "a|b\n 1 | \"x\" \nend\n"},
    {"a field of blanks is empty, a line of blanks is none", OPTIONS("trim", "true"), TEXT("a,b\n  \n 1,  \n\t \r\n  ,2\n   "),
     "a|b\n1|\n|2\nend\n"},
    {"a column of blanks", OPTIONS("trim", "true"), TEXT("a\n 1 \n \t\n\"\"\n \" \" \n2"), "a\n1\n\n \n2\nend\n"},
    {"tabs as delimiters are no blanks", OPTIONS("trim", "true", "delimiter", "tab"), TEXT("a\tb\tc\n\t 2 \t\n 1\t\" 2\"\t3 \n"),
     "a|b|c\n|2|\n1| 2|3\nend\n"},
    {"an escaped blank stays", OPTIONS("trim", "true", "escape", "\\"), TEXT("a,b\n1\\  , \\ 2\n\"3\" x , 4 \\\\ \n"),
     "a|b\n1 | 2\n3 x|4 \\\\\nend\n"},
    {"null behind blanks", OPTIONS("trim", "true", "null_text", "NULL"), TEXT("a,b\n NULL , \"NULL\"\nNULL, NULL\n"),
     "a|b\n~|NULL\n~|~\nend\n"},
    {"blanks around a delimiter of several", OPTIONS("trim", "true", "delimiter", " | "), TEXT("a | b\n1  |  \"2 | 2\" \n | \n"),
     "a|b\n1|2 \\| 2\n|\nend\n"},

    /* what is around the rows */
    {"skip, comment, no header", OPTIONS("skip", "2", "comment", "--", "header", "false", "names", "x|y"),
     TEXT("Report \"of\n2026-01-01\n-- from here\n1,2\n--\n-,--\n"), "x|y\n1|2\n-|--\nend\n"},
    {"a comment within the header's place", OPTIONS("comment", "#"), TEXT("#a,b\n\n#\na,b\n1,2#3\n"), "a|b\n1|2#3\nend\n"},
    {"pad and no header", OPTIONS("ragged", "pad", "header", "false", "names", "x|y|z"), TEXT("1\n1,2\n\"1\",2,3\n"),
     "x|y|z\n1|~|~\n1|2|~\n1|2|3\nend\n"},
    {"cut with quotes in the surplus", OPTIONS("ragged", "cut"), TEXT("a,b\n1,2,\"3\n,\",4\n5,6\n"), "a|b\n1|2\n5|6\nend\n"},
    {"all line ends in one file", NULL, TEXT("a,b\r1,2\r\n3,4\n5,6\r\r\n\n7,8"), "a|b\n1|2\n3|4\n5|6\n7|8\nend\n"},
    {"the end of file of DOS", NULL, TEXT("a,b\r\n1,2\r\n\x1a"), "a|b\n1|2\nend\n"},
    {"the end of file of DOS, one column", NULL, TEXT("a\r\n1\r\n\x1a"), "a\n1\nend\n"},
    {"only the last byte is an end of file", NULL, TEXT("a\n\x1a\n1\x1a"), "a\n\x1a\n1\x1a\nend\n"},

    /* trailers */
    {"a trailer with bars among bars", OPTIONS("delimiter", "|", "trailer", "starts=TRAILER|count=2"), TEXT("a|b\n1|2\n3|4\nTRAILER|0002\n"),
     "a|b\n1|2\n3|4\nend\n"},
    {"a trailer that is cut otherwise than rows", OPTIONS("trailer", "starts=TRAILER;|count=2"), TEXT("a,b\n1,2\n3,4\nTRAILER; 2 ;2026\n"),
     "a|b\n1|2\n3|4\nend\n"},
    {"and counts otherwise", OPTIONS("trailer", "starts=TOTAL:|count=2"), TEXT("a,b\n1,2\nTOTAL: 20\n"),
     "a|b\n1|2\ncut: the trailer in line 3 says 20 rows, there are 1\n"},
    {"a third field that is not there", OPTIONS("trailer", "starts=T;|count=3"), TEXT("a,b\n1,2\nT;1\n"),
     "a|b\n1|2\ncut: the trailer in line 3 has 1 field, its count should be field 3\n"},
    {"a trailer in quotes", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("\"a\",\"b\"\n\"1\",\"2\"\n\"TR\",\"3\"\n\"TRL\",\"2\"\n"),
     "a|b\n1|2\nTR|3\nend\n"},
    {"a trailer that looks like a comment", OPTIONS("comment", "#", "trailer", "starts=#END|count=2"), TEXT("#E\na,b\n1,2\n# x\n#END,1\n#\n\n"),
     "a|b\n1|2\nend\n"},
    {"a row of the trailer's beginning", OPTIONS("trailer", "starts=TRL"), TEXT("a,b\nTR,1\nTRLX,2\n"), "a|b\nTR|1\nend\n"},
    {"a trailer and no header", OPTIONS("header", "false", "names", "x|y", "trailer", "starts=99|count=2"), TEXT("1,2\n99,1\n"), "x|y\n1|2\nend\n"},
    {"invalid rows are counted", OPTIONS("trailer", "starts=T|count=2"), TEXT("a,b\n1\n2,3,4\nT,2\n"),
     "a|b\n1|~ !column_count: has 1 field, the header 2\n2|3 !column_count: has 3 fields, the header 2\nend\n"},
    {"two trailers", OPTIONS("trailer", "starts=T"), TEXT("a,b\nT\nT\n"), "cut: line 3 stands behind the trailer\n"},
    {"a count beyond all numbers", OPTIONS("trailer", "starts=T|count=2"), TEXT("a,b\nT,99999999999999999999\n"),
     "cut: field 2 of the trailer in line 2 is no number of rows\n"},
    {"a trailer that is cut off", OPTIONS("trailer", "starts=TRL|count=2"), TEXT("a,b\n1,2\nTR"),
     "a|b\n1|2\nTR|~ !column_count: has 1 field, the header 2\ncut: the trailer is missing: no line begins with 'TRL'\n"},

    /* a quote that is never closed */
    {"unclosed, single", OPTIONS("quote", "'"), TEXT("a,b\n1,2\n3,'4\n5,6\n"), "a|b\n1|2\ncut: the quote opened in line 3 is never closed\n"},
    {"unclosed, escaped", OPTIONS("escape", "\\"), TEXT("a,b\n1,2\n3,\"4\\\"\n5,6\n"), "a|b\n1|2\ncut: the quote opened in line 3 is never closed\n"},
    {"unclosed, long delimiter", OPTIONS("delimiter", "||"), TEXT("a||b\n1||2\n3||\"4||\n"), "a|b\n1|2\ncut: the quote opened in line 3 is never closed\n"},
    {"unclosed, trimmed", OPTIONS("trim", "true"), TEXT("a,b\n1,2\n3, \"4 \n"), "a|b\n1|2\ncut: the quote opened in line 3 is never closed\n"},
    {"unclosed, before the trailer", OPTIONS("trailer", "starts=T"), TEXT("a,b\n1,2\n3,\"4\nT\n"),
     "a|b\n1|2\ncut: the quote opened in line 3 is never closed\n"},

    /* NUL bytes */
    {"nul, escaped", OPTIONS("escape", "\\"), TEXT("a,b\n1,\\\0\n"), "a|b\n1|~ !nul_byte@1: field 'b' holds a NUL byte\nend\n"},
    {"nul, long delimiter", OPTIONS("delimiter", "||"), TEXT("a||b\n\0||2\n"), "a|b\n~|2 !nul_byte@0: field 'a' holds a NUL byte\nend\n"},
    {"nul, no quotes", OPTIONS("quote", "none"), TEXT("a,b\n1,\"\0\n"), "a|b\n1|~ !nul_byte@1: field 'b' holds a NUL byte\nend\n"},
    {"nul, trimmed", OPTIONS("trim", "true"), TEXT("a,b\n1, \0 \n"), "a|b\n1|~ !nul_byte@1: field 'b' holds a NUL byte\nend\n"},
    {"nul in single quotes", OPTIONS("quote", "'"), TEXT("a,b\n1,'\0'\n"), "a|b\n1|~ !nul_byte@1: field 'b' holds a NUL byte\nend\n"},
};

static char *
read_csv(const char *const *options, const char *input, size_t size, uint32_t block)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = options, .block_bytes = block};

    return format_read(&reading, input, size);
}

START_TEST(a_file_reads_the_same_wherever_its_blocks_end)
{
    const struct wild_case *c = &cases[_i];

    for (int how = 0; how < 3; how++) {
        static const char *const cpu[] = {"scalar", "sse2", "any"};

        setenv("DAYBREAK_CPU", cpu[how], 1);
        for (uint32_t block = 1; block <= c->size + 1; block++) {
            char *got = read_csv(c->options, c->input, c->size, block);

            ck_assert_msg(strcmp(got, c->expect) == 0, "%s, block of %u, %s:\n%s-- expected:\n%s", c->name, block, cpu[how], got,
                          c->expect);
            free(got);
        }
    }
}
END_TEST

/* ---- places and marks --------------------------------------------------------------------- */

/* Every way of writing one and the same table. */
static const struct {
    const char *const *options;
    const char *input;
} styles[] = {
    {OPTIONS("quote", "'"), "id,t\n1,'a,\n''b'\n2,c\n3,'d'\n"},
    {OPTIONS("escape", "\\"), "id,t\n1,a\\,\\\n'b\n2,c\n3,\"d\"\n"},
    {OPTIONS("delimiter", "\t|\t"), "id\t|\tt\n1\t|\t\"a,\n'b\"\n2\t|\tc\n3\t|\td\n"},
    {OPTIONS("trim", "true", "comment", "#"), " id , t\n 1 , \"a,\n'b\" \n#\n2, c\n\n  \n3 , \"d\"\n"},
    {OPTIONS("skip", "1", "header", "false", "names", "id|t", "trailer", "starts=T|count=2"), "x\n1,\"a,\n'b\"\n2,c\n3,d\nT,3\n"},
};

START_TEST(reading_goes_on_at_every_mark_of_every_style)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = styles[_i].options};
    const char *input = styles[_i].input;
    char *all = format_read(&reading, input, strlen(input)), *marked;

    ck_assert_str_eq(all, "id|t\n1|a,\\n'b\n2|c\n3|d\nend\n");
    reading.marks = true;
    marked = format_read(&reading, input, strlen(input));
    reading.marks = false;
    for (int row = 1; row <= 3; row++) {
        static const char *const rest[] = {"id|t\n2|c\n3|d\nend\n", "id|t\n3|d\nend\n", "id|t\nend\n"};
        char mark[64], *line = marked, *at;

        for (int i = 0; i < row; i++)
            line = strchr(line, '\n') + 1;
        at = strstr(line, " @") + 2;
        snprintf(mark, sizeof mark, "%.*s", (int)strcspn(at, "\n"), at);
        reading.mark = mark;
        for (uint32_t block = 1; block <= strlen(input) + 1; block++) {
            char *got;

            reading.block_bytes = block;
            got = format_read(&reading, input, strlen(input));
            ck_assert_msg(strcmp(got, rest[row - 1]) == 0, "style %d, mark %s, block of %u:\n%s", _i, mark, block, got);
            free(got);
        }
    }
    free(marked);
    free(all);
}
END_TEST

/* ---- too long ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *const *options;
    const char *before, *fill, *after;
    const char *expect; /* with "LONG" where the row stands that is too long */
} giants[] = {
    {"plain", NULL, "a,b\n1,2\n3,", "y", "\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"quoted", NULL, "a,b\n1,2\n3,\"", "y,\n\"\"", "\"\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"single quotes", OPTIONS("quote", "'"), "a,b\n1,2\n3,'", "y\n''", "'\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"escapes", OPTIONS("escape", "\\"), "a,b\n1,2\n3,\"", "\\\"\\\n", "\"\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"escapes outside of quotes", OPTIONS("escape", "\\"), "a,b\n1,2\n3,", "\\,\\\n", "\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"no quotes", OPTIONS("quote", "none"), "a,b\n1,2\n3,", "\"", "\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"long delimiter", OPTIONS("delimiter", "||"), "a||b\n1||2\n3||", "|x", "\n5||6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"blanks", OPTIONS("trim", "true"), "a,b\n1,2\n3,", " ", "\n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"a line of blanks", OPTIONS("trim", "true"), "a,b\n1,2\n", " ", "\n5,6\n", "a|b\n1|2\n~|~LONG\n5|6\nend\n"},
    {"blanks in quotes", OPTIONS("trim", "true"), "a,b\n1,2\n3, \"", " ", " \" \n5,6\n", "a|b\n1|2\n3|~LONG\n5|6\nend\n"},
    {"a comment", OPTIONS("comment", "#"), "a,b\n1,2\n#", "\"", "\n5,6\n", "a|b\n1|2\n5|6\nend\n"},
    {"never closed, single", OPTIONS("quote", "'"), "a,b\n1,2\n3,'", "y\n", "\n5,6\n",
     "a|b\n1|2\n3|~LONG\ncut: the quote opened in line 3 is never closed\n"},
    {"never closed, escaped", OPTIONS("escape", "\\"), "a,b\n1,2\n3,\"", "\\\"", "\n5,6\n",
     "a|b\n1|2\n3|~LONG\ncut: the quote opened in line 3 is never closed\n"},
    {"never closed, long delimiter", OPTIONS("delimiter", "||"), "a||b\n1||2\n3||\"", "||", "\n5||6\n",
     "a|b\n1|2\n3|~LONG\ncut: the quote opened in line 3 is never closed\n"},
};

static void
giant_check(size_t i, size_t fill_bytes, uint32_t block, uint32_t max_record)
{
    size_t before = strlen(giants[i].before), unit = strlen(giants[i].fill), after = strlen(giants[i].after);
    size_t size = before + fill_bytes / unit * unit + after, used = 0;
    struct format_reading reading = {.type = &daybreak_connector, .options = giants[i].options, .block_bytes = block,
                                     .max_record = max_record};
    char *input = malloc(size + 1), *got, expect[256];
    const char *mark = strstr(giants[i].expect, "LONG");

    memcpy(input, giants[i].before, before);
    for (used = before; used < size - after; used += unit)
        memcpy(input + used, giants[i].fill, unit);
    memcpy(input + used, giants[i].after, after);
    snprintf(expect, sizeof expect, "%.*s", (int)(mark == NULL ? strlen(giants[i].expect) : (size_t)(mark - giants[i].expect)),
             giants[i].expect);
    if (mark != NULL)
        snprintf(expect + strlen(expect), sizeof expect - strlen(expect), " !record_too_long: is longer than %u bytes%s", max_record,
                 mark + 4);
    got = format_read(&reading, input, size);
    ck_assert_msg(strcmp(got, expect) == 0, "%s, %zu bytes, block of %u:\n%.600s-- expected:\n%s", giants[i].name, size, block, got,
                  expect);
    free(got);
    free(input);
}

START_TEST(a_record_that_is_too_long_is_one_bad_row_in_every_style)
{
    for (size_t fill = 70; fill < 300; fill += 13)
        for (uint32_t block = 20; block <= 64; block++)
            giant_check((size_t)_i, fill, block, 64);
}
END_TEST

START_TEST(a_field_of_20_MiB_is_one_bad_row_in_every_style)
{
    giant_check((size_t)_i, 20u << 20, 256u << 10, 16u << 20);
}
END_TEST

/* ---- options that cannot be meant --------------------------------------------------------- */

static const struct {
    const char *const *options;
    const char *expect; /* each finding as OPTION: WHAT */
} impossible[] = {
    {OPTIONS("delimiter", "\""), "delimiter: cannot use delimiter '\"': it is the quote too\n"},
    {OPTIONS("delimiter", "\"|\""), "delimiter: cannot use delimiter '\"|\"': it holds the quote\n"},
    {OPTIONS("delimiter", "\\", "escape", "\\"), "delimiter: cannot use delimiter '\\': it is the escape too\n"},
    {OPTIONS("delimiter", ""), "delimiter: cannot use delimiter '': it must be 1 to 16 bytes, and neither line end nor NUL\n"},
    {OPTIONS("delimiter", "a\nb"), "delimiter: cannot use delimiter 'a\nb': it must be 1 to 16 bytes, and neither line end nor NUL\n"},
    {OPTIONS("delimiter", "\\x00"), "delimiter: cannot use delimiter '\\x00': it must be 1 to 16 bytes, and neither line end nor NUL\n"},
    {OPTIONS("delimiter", "12345678901234567"),
     "delimiter: cannot use delimiter '12345678901234567': it must be 1 to 16 bytes, and neither line end nor NUL\n"},
    {OPTIONS("quote", "''"), "quote: cannot use quote '''': it must be one byte and no line end\n"},
    {OPTIONS("quote", "\xe2\x80\x9c"), "quote: cannot use quote '\xe2\x80\x9c': it must be one byte and no line end\n"},
    {OPTIONS("escape", "\\\\"), "escape: cannot use escape '\\\\': it must be one byte and no line end\n"},
    {OPTIONS("trim", "true", "delimiter", "  "), "trim: cannot trim where the delimiter is a blank: no blank would belong to a field\n"},
    {OPTIONS("trim", "true", "quote", " "), "trim: cannot trim where the quote is a blank\n"},
    {OPTIONS("comment", "\"#"), "comment: cannot use comment '\"#': a record whose first field is quoted would be one\n"},
    {OPTIONS("comment", ",#"), "comment: cannot use comment ',#': a record whose first field is empty would be one\n"},
    {OPTIONS("comment", "#\n"), "comment: cannot use comment: it holds a line end\n"},
    {OPTIONS("comment", "#E", "trailer", "starts=#"), "comment: cannot use comment '#E': the trailer begins so\n"},
    {OPTIONS("trailer", "count=2"), "trailer.count: trailer needs starts: how its line begins\n"},
    {OPTIONS("trailer", "starts="), "trailer: trailer needs starts: how its line begins\n"},
    {OPTIONS("trailer", "starts=T|count=two"), "trailer.count: cannot use trailer.count 'two': it is the number of a field, from 1\n"},
    {OPTIONS("trailer", "starts=T|count=-1"), "trailer.count: cannot use trailer.count '-1': it is the number of a field, from 1\n"},
    {OPTIONS("trailer", "starts=T|rows=2"), "trailer.rows: unknown key 'rows' in trailer\n"},
    {OPTIONS("null_text", "\"\""), "null_text: cannot use null_text '\"\"': a field that begins with the quote is text\n"},
    {OPTIONS("null_text", "a,b"), "null_text: cannot use null_text 'a,b': no field can be that, it holds the delimiter or a line end\n"},
    {OPTIONS("null_text", " -", "trim", "true"), "null_text: cannot use null_text ' -': with trim no field begins or ends with a blank\n"},
    {OPTIONS("thousands", "x"), "thousands: cannot use thousands 'x': it is one of . , ' space none\n"},
    {OPTIONS("thousands", "."), "thousands: cannot use thousands '.': it is the decimal point too\n"},
    {OPTIONS("thousands", ",", "decimal", ","), "thousands: cannot use thousands ',': it is the decimal point too\n"},
    /* all at once */
    {OPTIONS("quote", "ab", "trailer", "count=0", "thousands", "."),
     "quote: cannot use quote 'ab': it must be one byte and no line end\n"
     "trailer.count: cannot use trailer.count '0': it is the number of a field, from 1\n"
     "trailer.count: trailer needs starts: how its line begins\n"
     "thousands: cannot use thousands '.': it is the decimal point too\n"},
};

static void
said_add(void *context, const char *option, const char *what, const char *hint)
{
    ck_assert(hint == NULL || hint[0] != '\0');
    fprintf(context, "%s: %s\n", option, what);
}

static int
open_nothing(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    (void)self;
    (void)host;
    (void)fault;
    return 0;
}

static void
close_nothing(void *self)
{
    (void)self;
}

START_TEST(what_cannot_be_meant_is_said_and_never_opened)
{
    struct daybreak_connector unopened = daybreak_connector; /* lint asks about options and opens nothing */
    struct daybreak_fault fault = {0};
    char *text, *first;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    void *self;

    unopened.open = open_nothing;
    unopened.close = close_nothing;
    self = format_self(&unopened, impossible[_i].options, &fault);
    ck_assert_ptr_nonnull(self);
    daybreak_connector.check(self, said_add, out);
    fclose(out);
    ck_assert_str_eq(text, impossible[_i].expect);
    format_self_free(&unopened, self);
    ck_assert_ptr_null(format_self(&daybreak_connector, impossible[_i].options, &fault));
    first = strstr(text, ": ") + 2;
    ck_assert_int_eq(strncmp(first, fault.what, strlen(fault.what)), 0);
    free(text);
}
END_TEST

START_TEST(what_is_unusual_is_not_impossible)
{
    const char *const *const fine[] = {
        OPTIONS("thousands", ".", "decimal", ","), OPTIONS("thousands", "space"), OPTIONS("thousands", " "), OPTIONS("thousands", "'"),
        OPTIONS("thousands", "none"), OPTIONS("thousands", ","), OPTIONS("decimal", ","), OPTIONS("escape", "\""),
        OPTIONS("quote", "NONE", "delimiter", "\""), OPTIONS("comment", "#", "trailer", "starts=#END"), OPTIONS("null_text", ""),
        OPTIONS("trim", "true", "delimiter", "\\t"),
    };

    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        struct daybreak_fault fault = {0};
        void *self = format_self(&daybreak_connector, fine[i], &fault);

        ck_assert_msg(self != NULL, "%zu: %s", i, fault.what);
        format_self_free(&daybreak_connector, self);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("format_csv_wild");
    TCase *tcase = tcase_create("wild");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_file_reads_the_same_wherever_its_blocks_end, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(tcase, reading_goes_on_at_every_mark_of_every_style, 0, (int)(sizeof styles / sizeof *styles));
    tcase_add_loop_test(tcase, a_record_that_is_too_long_is_one_bad_row_in_every_style, 0, (int)(sizeof giants / sizeof *giants));
    tcase_add_loop_test(tcase, a_field_of_20_MiB_is_one_bad_row_in_every_style, 0, (int)(sizeof giants / sizeof *giants));
    tcase_add_loop_test(tcase, what_cannot_be_meant_is_said_and_never_opened, 0, (int)(sizeof impossible / sizeof *impossible));
    tcase_add_test(tcase, what_is_unusual_is_not_impossible);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
