/* SPDX-License-Identifier: Apache-2.0 */
/* What xml makes of documents, whatever the blocks they come in. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format_reader.h"

extern const struct daybreak_connector daybreak_connector;

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TEXT(text) (text), sizeof(text) - 1
#define ORDERS "record", "/orders/order"

struct xml_case {
    const char *name;
    const char *const *options;
    const char *input;
    size_t size;
    const char *expect;
};

static const struct xml_case cases[] = {
    {"children by name", OPTIONS(ORDERS, "names", "id|city"),
     TEXT("<?xml version=\"1.0\"?>\n<orders>\n <order><id>1</id><city>Bonn</city></order>\n <order><city>K\xc3\xb6ln</city><id>2</id><x/></order>\n</orders>\n"),
     "id|city\n1|Bonn\n2|K\xc3\xb6ln\nend\n"},
    {"absent and empty", OPTIONS(ORDERS, "names", "a|b"), TEXT("<orders><order><a/></order><order><b></b></order><order/></orders>"),
     "a|b\n|~\n~|\n~|~\nend\n"},
    {"attributes, inner paths, own text", OPTIONS("record", "//o", "names", "id|cur|city|all|own", "paths", "@id|price/@currency|to/addr/city|price|."),
     TEXT("<x><o id=\"7\">A<price currency=\"EUR\">1<b>2</b>3</price>B<to><addr><city>Ulm</city></addr><city>no</city></to></o></x>"),
     "id|cur|city|all|own\n7|EUR|Ulm|123|A123BUlmno\nend\n"},
    {"entities, references, cdata", OPTIONS(ORDERS, "names", "a|b", "paths", "a|@b"),
     TEXT("<orders><order b=\"&lt;&#228;&quot;\"><a>1 &amp; 2 &#x20AC;<![CDATA[ <raw> & ]]></a></order></orders>"),
     "a|b\n1 & 2 \xe2\x82\xac <raw> & |<\xc3\xa4\"\nend\n"},
    {"comments and instructions are nothing", OPTIONS(ORDERS, "names", "a"),
     TEXT("<!-- a --><orders><?pi x?><order><a>1<!-- <a>9</a> -->2</a></order><!-- --></orders><!-- z -->"), "a\n12\nend\n"},
    {"the first counts", OPTIONS(ORDERS, "names", "a"), TEXT("<orders><order><a>1</a><a>2</a></order></orders>"), "a\n1\nend\n"},
    {"repeated as JSON", OPTIONS(ORDERS, "names", "a|b", "repeated", "json"), TEXT("<orders><order><a>1</a><a>\"2\"\n</a></order></orders>"),
     "a|b\n[\"1\",\"\\\\\"2\\\\\"\\\\n\"]|~\nend\n"},
    {"repeated, joined", OPTIONS(ORDERS, "names", "a", "repeated", "join=; "), TEXT("<orders><order><a>1</a><a/><a>3</a></order></orders>"), "a\n1; ; 3\nend\n"},
    {"one field otherwise", OPTIONS(ORDERS, "names", "a|all", "paths", "a|a", "repeats", "|join=,"), TEXT("<orders><order><a>1</a><a>2</a></order></orders>"),
     "a|all\n1|1,2\nend\n"},
    {"places among siblings", OPTIONS(ORDERS, "names", "one|two|rest", "paths", "a[1]|a[2]|a[position()>1]", "repeated", "join=+"),
     TEXT("<orders><order><a>1</a><b/><a>2</a><a>3</a></order><order><a>4</a></order></orders>"), "one|two|rest\n1|2|2+3\n4|~|~\nend\n"},
    {"white space is kept", OPTIONS(ORDERS, "names", "a"), TEXT("<orders><order><a> x\n  y </a></order></orders>"), "a\n x\\n  y \nend\n"},
    {"white space normalized", OPTIONS(ORDERS, "names", "a|b", "space", "normalize"), TEXT("<orders><order><a> x\r\n \t y </a><b>\n</b></order></orders>"), "a|b\nx y|\nend\n"},
    {"nil is null", OPTIONS(ORDERS, "names", "a"),
     TEXT("<orders xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><order><a xsi:nil=\"true\"/></order><order><a xsi:nil=\"false\"/></order></orders>"),
     "a\n~\n\nend\n"},

    {"around and above", OPTIONS("record", "//planet", "names", "planet|system|host|kind|id", "paths", "name|/system/name[1]|../name|name(..)|../@id"),
     TEXT("<system><name>S</name><name>T</name><star id=\"s1\"><name>A</name><name>A2</name><planet><name>A b</name></planet></star>"
          "<binary><name>AB</name><star><planet><name>x</name></planet><name>late</name></star><planet><name>y</name></planet></binary></system>"),
     "planet|system|host|kind|id\nA b|S|A|star|s1\nx|S|late|star|~\ny|S|AB|binary|~\nend\n"},
    {"from the top, the latest", OPTIONS("record", "//r", "names", "v|day|file", "paths", "v|/f/d/@day|/f/n"),
     TEXT("<f><n>1</n><d day=\"mo\"><r><v>a</v></r></d><n>2</n><d day=\"tu\"><r><v>b</v></r><r><v>c</v></r></d></f>"),
     "v|day|file\na|mo|1\nb|tu|2\nc|tu|2\nend\n"},
    {"a record inside of a record is part of it", OPTIONS("record", "//r", "names", "v|all", "paths", "v|."), TEXT("<x><r><v>1</v><r><v>2</v></r></r><r><v>3</v></r></x>"),
     "v|all\n1|12\n3|3\nend\n"},
    {"any name", OPTIONS("record", "/x/*", "names", "kind|v", "paths", "name()|v"), TEXT("<x><a><v>1</v></a><b><v>2</v></b></x>"), "kind|v\na|1\nb|2\nend\n"},
    {"namespaces", OPTIONS("record", "//o:r", "namespaces", "o=urn:o|p=urn:p", "names", "v|w|any", "paths", "o:v|p:v|v[position()>1]", "repeated", "join=,"),
     TEXT("<x xmlns=\"urn:o\" xmlns:q=\"urn:p\"><r><q:v>p</q:v><v>o</v></r><q:r><v>no</v></q:r></x>"), "v|w|any\no|p|~\nend\n"},
    {"a name without prefix is any namespace's", OPTIONS("record", "//r", "names", "v"), TEXT("<x xmlns=\"urn:o\"><r><v>1</v></r></x>"), "v\n1\nend\n"},
    {"no record", OPTIONS(ORDERS, "names", "a"), TEXT("<orders/>"), "a\nend\n"},
    {"bom", OPTIONS(ORDERS, "names", "a"), TEXT("\xef\xbb\xbf<orders><order><a>1</a></order></orders>"), "a\n1\nend\n"},
    {"other white space behind a DOCTYPE-less prolog", OPTIONS(ORDERS, "names", "a"), TEXT("<?xml version='1.0' encoding='ISO-8859-1'?><orders><order><a>\xc3\xa4</a></order></orders>"),
     "a\n\xc3\xa4\nend\n"},

    {"cut off in a record", OPTIONS(ORDERS, "names", "a"), TEXT("<orders><order><a>1</a></order><order><a>2"),
     "a\n1\ncut: this is no well-formed XML: it is cut off at line 1\n"},
    {"an end that does not fit", OPTIONS(ORDERS, "names", "a"), TEXT("<orders><order><a>1</a></order>\n<order><a>2</b></order></orders>"),
     "a\n1\ncut: this is no well-formed XML: Opening and ending tag mismatch: a line 2 and b at line 2\n"},
    {"empty", OPTIONS(ORDERS, "names", "a"), TEXT(""), "cut: this is no well-formed XML: it is empty at line 1\n"},
    {"a DOCTYPE", OPTIONS(ORDERS, "names", "a"), TEXT("<!DOCTYPE orders SYSTEM \"http://127.0.0.1:1/x.dtd\"><orders/>"),
     "cut: the document has a DOCTYPE, and with it entities could be declared: it is refused\n"},
    {"entities of one's own", OPTIONS(ORDERS, "names", "a"),
     TEXT("<!DOCTYPE o [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><orders><order><a>&b;</a></order></orders>"),
     "cut: the document has a DOCTYPE, and with it entities could be declared: it is refused\n"},
    {"an entity that nobody declared", OPTIONS(ORDERS, "names", "a"), TEXT("<orders><order><a>&x;</a></order></orders>"),
     "cut: this is no well-formed XML: Entity 'x' not defined at line 1\n"},

    {"columns that nobody named", OPTIONS("record", "//o", "space", "normalize"),
     TEXT("<x><n>no</n><o id=\"1\" x=\"y\"><a>1</a><to kind=\"b\"><city zip=\"9\">Ulm</city><x/></to><x>t</x><p>so <b>it</b> is</p></o>"
          "<o><a> 2 </a><a>\"3\"</a><p/></o><o/></x>"),
     "id|x|a|to.kind|to.city.zip|to.city|to.x|x.text|p.b|p\n1|y|1|b|9|Ulm||t|it|so it is\n"
     "~|~|[\"2\",\"\\\\\"3\\\\\"\"]|~|~|~|~|~|~|\n~|~|~|~|~|~|~|~|~|~\nend\n"},
    {"columns that nobody named, nil and of itself", OPTIONS("record", "//o"),
     TEXT("<x xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><o xsi:type=\"q\">v</o><o xsi:nil=\"true\"/><o/></x>"),
     "o\nv\n~\n\nend\n"},
    {"no document", OPTIONS(ORDERS, "names", "a"), TEXT("id,name\n"), "cut: this is no well-formed XML: it does not begin with '<' at line 1\n"},
    {"what looks like another encoding", OPTIONS(ORDERS, "names", "a"), TEXT("\0\0\0<\0\0\0a/>"),
     "cut: this is no well-formed XML: it does not begin with '<' at line 1\n"},
    {"a record that is no path", OPTIONS("record", "order", "names", "a"), TEXT(""),
     "fault: record 'order' cannot be used: it begins with / (from the top) or // (anywhere)\n"},
    {"a prefix that nobody explains", OPTIONS(ORDERS, "names", "a", "paths", "o:a"), TEXT(""),
     "fault: field 'a': path 'o:a' cannot be used: its prefix is not in `namespaces`\n"},
    {"a predicate that is too clever", OPTIONS(ORDERS, "names", "a", "paths", "b[@x='1']"), TEXT(""),
     "fault: field 'a': path 'b[@x='1']' cannot be used: in brackets a number from 1, position()=N or position()>N is understood\n"},
    {"text around the record", OPTIONS(ORDERS, "names", "a", "paths", ".."), TEXT(""),
     "fault: field 'a': path '..' cannot be used: the text of an element around the record is not over when the record ends\n"},
};

START_TEST(a_document_reads_as_expected_in_every_block_size)
{
    const struct xml_case *c = &cases[_i];

    for (uint32_t block = 1; block <= c->size + 1; block++) {
        struct format_reading reading = {.type = &daybreak_connector, .options = c->options, .block_bytes = block};
        char *got = format_read(&reading, c->input, c->size);

        ck_assert_msg(strcmp(got, c->expect) == 0, "%s, block of %u:\n%s-- expected:\n%s", c->name, block, got, c->expect);
        free(got);
    }
}
END_TEST

static const char document[] = "<f><n>1</n>\n<r><v>a</v></r>\n\n <r\n ><v>b</v>\n</r><n>2</n><r><v>c</v></r>\n</f>";

START_TEST(rows_have_their_bytes_and_reading_goes_on_at_every_mark)
{
    static const char *const places[] = {"2:12+15 1|a @2:27:1", "4:30+18 1|b @4:48:2", "6:56+15 2|c @6:71:3"};
    struct format_reading whole = {.type = &daybreak_connector, .options = OPTIONS("record", "/f/r", "names", "n|v", "paths", "/f/n|v"),
                                   .places = true, .marks = true};
    char expect[512];

    snprintf(expect, sizeof expect, "n|v\n%s\n%s\n%s\nend\n", places[0], places[1], places[2]);
    for (uint32_t block = 1; block < sizeof document; block++) {
        char *got;

        whole.block_bytes = block;
        whole.mark = NULL;
        got = format_read(&whole, document, sizeof document - 1);
        ck_assert_msg(strcmp(got, expect) == 0, "block %u:\n%s-- expected\n%s", block, got, expect);
        free(got);
        for (int i = 0; i < 3; i++) {
            char rest[512] = "n|v\n";

            for (int k = i + 1; k < 3; k++)
                snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "%s\n", places[k]);
            snprintf(rest + strlen(rest), sizeof rest - strlen(rest), "end\n");
            whole.mark = strchr(places[i], '@') + 1;
            got = format_read(&whole, document, sizeof document - 1);
            ck_assert_msg(strcmp(got, rest) == 0, "block %u, mark %s:\n%s-- expected\n%s", block, whole.mark, got, rest);
            free(got);
        }
    }
}
END_TEST

START_TEST(a_record_beyond_the_limit_is_one_bad_row)
{
    struct format_reading reading = {.type = &daybreak_connector, .options = OPTIONS("record", "//r", "names", "id|v", "paths", "@id|v"),
                                     .max_record = 256, .block_bytes = 64, .marks = true};
    char *text = malloc(8000), *got;
    size_t size = (size_t)snprintf(text, 8000, "<x><r id='1'><v>a</v></r><r id='2'><v>");

    memset(text + size, 'y', 4000);
    size += 4000;
    size += (size_t)snprintf(text + size, 200, "</v></r><r id='3'><v>c</v></r></x>");
    got = format_read(&reading, text, size);
    ck_assert_msg(strncmp(got, "id|v\n1|a @", 10) == 0 && strstr(got, "\n2|~ !record_too_long") != NULL && strstr(got, "\n3|c @") != NULL &&
                      strstr(got, "end\n") != NULL,
                  "%s", got);
    free(got);
    reading.mark = "1:1:2"; /* behind it */
    got = format_read(&reading, text, size);
    ck_assert_msg(strncmp(got, "id|v\n3|c @", 10) == 0, "%s", got);
    free(got);
    free(text);
}
END_TEST

/* Fields from around a record can be larger than all its bytes. */
START_TEST(small_records_with_much_around_them_come_in_turns)
{
    struct format_reading reading = {.type = &daybreak_connector, .block_bytes = 512,
                                     .options = OPTIONS("record", "//r", "names", "a|b|c", "paths", "/x/@a|/x/@a|../@a")};
    char text[4000], *got;
    size_t size = (size_t)snprintf(text, sizeof text, "<x a='%0200d'>", 7), rows = 0;

    for (int i = 0; i < 300; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "<r/>");
    size += (size_t)snprintf(text + size, sizeof text - size, "</x><!--%0700d-->", 0);
    got = format_read(&reading, text, size);
    for (char *at = got; (at = strstr(at, "7|000")) != NULL; at++)
        rows++;
    ck_assert_uint_eq(rows, 600);
    ck_assert_ptr_nonnull(strstr(got, "end\n"));
    free(got);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("format_xml");
    TCase *tcase = tcase_create("xml");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_document_reads_as_expected_in_every_block_size, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, rows_have_their_bytes_and_reading_goes_on_at_every_mark);
    tcase_add_test(tcase, a_record_beyond_the_limit_is_one_bad_row);
    tcase_add_test(tcase, small_records_with_much_around_them_come_in_turns);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
