/* SPDX-License-Identifier: Apache-2.0 */
#include "job/parity.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[] = "/tmp/test_parity_XXXXXX";
static struct daybreak_fault fault;
static struct parity_result result;

static const char *const id_key[] = {"id"};

static const char *
path(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *to = paths[next++ % 8];

    snprintf(to, sizeof paths[0], "%s/%s", folder, name);
    return to;
}

static const char *
put_bytes(const char *name, const void *bytes, size_t size)
{
    const char *to = path(name);
    FILE *file = fopen(to, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    return to;
}

static const char *
put(const char *name, const char *text)
{
    return put_bytes(name, text, strlen(text));
}

static const char *
put_table(const char *name, const char *sql)
{
    sqlite3 *db;

    unlink(path(name));
    ck_assert_int_eq(sqlite3_open(path(name), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    return path(name);
}

static const char *
put_tar(const char *name, const char *const member[][2], size_t count)
{
    struct archive *archive = archive_write_new();
    const char *to = path(name);

    archive_write_set_format_pax_restricted(archive);
    archive_write_add_filter_gzip(archive);
    ck_assert_int_eq(archive_write_open_filename(archive, to), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        size_t size = strlen(member[i][1]);

        archive_entry_set_pathname(entry, member[i][0]);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (la_int64_t)size);
        ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
        ck_assert_int_eq(archive_write_data(archive, member[i][1], size), (int)size);
        archive_entry_free(entry);
    }
    ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    return to;
}

static struct parity_request
ask(const char *left, const char *right)
{
    return (struct parity_request){.side = {left, right}, .key = {id_key, 1}, .delimiter = -1, .quote = '"', .samples = 10,
                                   .memory_bytes = 64 << 20};
}

static void
run(const struct parity_request *request)
{
    parity_fini(&result);
    fault = (struct daybreak_fault){0};
    ck_assert_msg(parity_compare(request, &result, &fault) == 0, "%s", fault.what);
}

static void
compare(const char *left, const char *right)
{
    struct parity_request request = ask(left, right);

    run(&request);
}

static void
refuses(const struct parity_request *request, int status, const char *what)
{
    fault = (struct daybreak_fault){0};
    ck_assert_int_eq(parity_compare(request, &result, &fault), -1);
    ck_assert_int_eq(fault.status, status);
    ck_assert_msg(strstr(fault.what, what) != NULL, "'%s' is not in '%s'", what, fault.what);
}

static void
counts(int64_t equal, int64_t missing, int64_t extra, int64_t different, int64_t unclear)
{
    ck_assert_int_eq(result.equal, equal);
    ck_assert_int_eq(result.missing, missing);
    ck_assert_int_eq(result.extra, extra);
    ck_assert_int_eq(result.different, different);
    ck_assert_int_eq(result.unclear, unclear);
}

static int64_t
column(const char *name)
{
    for (uint32_t i = 0; i < result.columns; i++)
        if (strcmp(result.column[i].name, name) == 0)
            return result.column[i].different;
    return -1;
}

static void
setup(void)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
teardown(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    parity_fini(&result);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
    closedir(dir);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- what is compared ------------------------------------------------------------------------- */

START_TEST(order_of_rows_and_columns_does_not_matter)
{
    compare(put("a.csv", "id,name,city\n1,Ann,Lyon\n2,\"Bob, B\",Metz\n"),
            put("b.csv", "\xef\xbb\xbf" "city,id,name\r\nMetz,2,\"Bob, B\"\r\nLyon,1,Ann"));
    counts(2, 0, 0, 0, 0);
    ck_assert_int_eq(result.verdict, PARITY_EQUAL);
}
END_TEST

START_TEST(differences_are_counted_by_class_and_column)
{
    compare(put("a.csv", "id,name,city\n1,Ann,Lyon\n2,Bob,Metz\n3,Cid,Brest\n4,Dan,Nice\n"),
            put("b.csv", "id,name,city\n5,Eve,Pau\n4,Dan,Nice \n3,Kid,Lille\n1,Ann,Lyon\n"));
    counts(1, 1, 1, 2, 0);
    ck_assert_int_eq(result.verdict, PARITY_DIFFERENT);
    ck_assert_int_eq(column("city"), 2);
    ck_assert_int_eq(column("name"), 1);
    ck_assert_str_eq(result.column[0].name, "city");
    ck_assert_uint_eq(result.samples, 4);
    ck_assert_int_eq(result.sample[0].class, PARITY_MISSING);
    ck_assert_str_eq(result.sample[0].key[0].at, "2");
    ck_assert_int_eq(result.sample[0].row[0], 2);
    ck_assert_int_eq(result.sample[1].class, PARITY_EXTRA);
    ck_assert_int_eq(result.sample[1].row[1], 1);
    ck_assert_str_eq(result.sample[2].key[0].at, "3");
    ck_assert_uint_eq(result.sample[2].values, 2);
    ck_assert_str_eq(result.sample[3].value[0].side[1].at, "Nice ");
}
END_TEST

START_TEST(composite_keys_do_not_run_into_each_other)
{
    static const char *const key[] = {"part", "plant"};
    struct parity_request request = ask(put("a.csv", "part|plant|n\n1|23|x\n12|3|y\n"),
                                        put("b.csv", "part;plant;n\n12;3;x\n1;23;y\n"));

    request.key = (struct daybreak_list){key, 2};
    run(&request);
    counts(0, 0, 0, 2, 0);
    ck_assert_str_eq(result.sample[0].key[0].at, "1");
    ck_assert_str_eq(result.sample[0].key[1].at, "23");
}
END_TEST

START_TEST(ignored_columns_do_not_count)
{
    static const char *const stamp[] = {"at"}, *const name[] = {"name"}, *const wrong[] = {"nam"};
    struct parity_request request = ask(put("a.csv", "id,name,at\n1,Ann,1\n"), put("b.csv", "id,name,at\n1,Ann,2\n"));

    run(&request);
    counts(0, 0, 0, 1, 0);
    request.ignore = (struct daybreak_list){stamp, 1};
    run(&request);
    counts(1, 0, 0, 0, 0);
    request.ignore.count = 0;
    request.columns = (struct daybreak_list){name, 1};
    run(&request);
    counts(1, 0, 0, 0, 0);
    request.columns = (struct daybreak_list){wrong, 1};
    refuses(&request, 64, "neither side has a column 'nam'");
    ck_assert_ptr_nonnull(strstr(fault.hint, "did you mean 'name'?"));
}
END_TEST

START_TEST(a_column_of_one_side_differs_where_it_has_a_value)
{
    compare(put("a.csv", "id,x\n1,a\n2,\n"), put("b.csv", "id\n1\n2\n"));
    counts(1, 0, 0, 1, 0);
    ck_assert_int_eq(column("x"), 1);
    ck_assert(result.column[0].seen[0] && !result.column[0].seen[1]);
}
END_TEST

START_TEST(quotes_follow_rfc_4180)
{
    compare(put("a.csv", "id,x\n1,\"say \"\"hi\"\"\"\n2,\"two\r\nlines\"\n3,5\" pipe\n\n4,\"\"\n"),
            put("b.jsonl", "{\"id\":1,\"x\":\"say \\\"hi\\\"\"}\n{\"id\":2,\"x\":\"two\\r\\nlines\"}\n"
                           "{\"id\":3,\"x\":\"5\\\" pipe\"}\n"
                           "{\"id\":4}\n"));
    counts(4, 0, 0, 0, 0);
}
END_TEST

START_TEST(quotes_can_be_switched_off)
{
    struct parity_request request = ask(put("a.csv", "id,x\n1,\"a\n2,b\"\n"), put("b.csv", "id,x\n1,\"a\n2,b\"\n"));

    request.quote = -1;
    run(&request);
    counts(2, 0, 0, 0, 0);
}
END_TEST

START_TEST(without_header_columns_are_numbers)
{
    static const char *const second[] = {"2"};
    struct parity_request request = ask(put("a.csv", "x,1\ny,2\n"), put("b.csv", "x,1\nz,2\n"));

    request.no_header = true;
    request.key = (struct daybreak_list){second, 1};
    run(&request);
    counts(1, 0, 0, 1, 0);
    ck_assert_int_eq(column("1"), 1);
}
END_TEST

START_TEST(other_encodings_become_utf_8)
{
    struct parity_request request = ask(put("a.csv", "id,x\n1,M\xfcnchen\n"), put("b.csv", "id,x\n1,M\xc3\xbcnchen\n"));

    run(&request);
    counts(0, 0, 0, 1, 0);
    request.encoding[0] = "ISO-8859-1";
    run(&request);
    counts(1, 0, 0, 0, 0);
    request.encoding[0] = "no-such";
    refuses(&request, 64, "'no-such' is no encoding");
    request = ask(put_bytes("c.csv", "\xff\xfei\0d\0\n\0" "1\0\n\0", 12), put("d.csv", "id\n1\n"));
    run(&request);
    counts(1, 0, 0, 0, 0);
}
END_TEST

/* ---- typed sides --------------------------------------------------------------------------------- */

START_TEST(null_and_empty_differ_only_between_typed_sides)
{
    const char *json = put("a.jsonl", "{\"id\":\"1\",\"x\":null}\n{\"id\":\"2\",\"x\":\"\"}\n{\"id\":\"3\"}\n");
    const char *other = put("b.jsonl", "{\"id\":\"1\"}\n{\"id\":\"2\",\"x\":null}\n{\"x\":\"\",\"id\":\"3\"}\n");

    compare(json, other);
    counts(1, 0, 0, 2, 0);
    ck_assert_uint_eq(result.sample[0].value[0].side[1].size, DAYBREAK_NULL);
    compare(json, put("c.csv", "id,x\n1,\n2,\n3,\n"));
    counts(3, 0, 0, 0, 0);
}
END_TEST

START_TEST(json_numbers_compare_as_written_and_arrays_compact)
{
    compare(put("a.jsonl", "{\"id\":1,\"x\":19.90,\"y\":[ 1, {\"a\" : \"\\u00e9\"} ]}\r\n\r\n"),
            put("b.jsonl", "{\"y\":[1,{\"a\":\"\xc3\xa9\"}],\"id\":1,\"x\":19.9}"));
    counts(0, 0, 0, 1, 0);
    ck_assert_int_eq(column("x"), 1);
    ck_assert_int_eq(column("y"), 0);
}
END_TEST

START_TEST(a_table_compares_with_a_file_and_with_a_table)
{
    char side[300];

    put_table("a.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, x REAL, y TEXT, z BLOB);"
                      "INSERT INTO t VALUES(1, 0.1, 'one', x'00ff'), (2, -2.5, NULL, NULL), (3, 1e100, '', NULL);"
                      "CREATE TABLE u(id INTEGER, n INTEGER)");
    snprintf(side, sizeof side, "%s#t", path("a.db"));
    compare(side, put("b.csv", "id,x,y,z\n1,0.1,one,x'00ff'\n2,-2.5,,\n3,1e+100,,\n"));
    counts(3, 0, 0, 0, 0);
    compare(side, put_table("c.db", "CREATE TABLE only(y, x, id, z); INSERT INTO only VALUES('one', 0.1, 1, x'00ff'),"
                                    "('', -2.5, 2, NULL), ('', 1e100, 3, NULL)"));
    counts(2, 0, 0, 1, 0); /* NULL is not '' here */
}
END_TEST

START_TEST(a_table_that_is_not_there_is_named)
{
    char side[300];
    struct parity_request request;

    put_table("a.db", "CREATE TABLE orders(id); CREATE TABLE parts(id)");
    request = ask(path("a.db"), path("a.db"));
    refuses(&request, 64, "has more than one table");
    snprintf(side, sizeof side, "%s#order", path("a.db"));
    request = ask(side, side);
    refuses(&request, 66, "has no table 'order'");
    ck_assert_str_eq(fault.hint, "did you mean 'orders'?");
}
END_TEST

START_TEST(columns_daybreak_keeps_beside_its_rows_are_left_out)
{
    put_table("a.db", "CREATE TABLE t(id, x, _event_id, _op, _changed_at, _batch, _position, _context);"
                      "INSERT INTO t VALUES('1', 'a', x'01', 'c', 5, 1, '2:3', NULL); CREATE TABLE _daybreak_batch(batch);"
                      "CREATE VIEW t_provenance AS SELECT id FROM t");
    compare(put("b.csv", "id,x\n1,a\n"), path("a.db"));
    counts(1, 0, 0, 0, 0);
}
END_TEST

/* ---- doubts ------------------------------------------------------------------------------------- */

START_TEST(a_duplicate_key_is_inconclusive_unless_its_rows_are_alike)
{
    compare(put("a.csv", "id,x\n1,a\n2,b\n2,c\n1,a\n"), put("b.csv", "id,x\n1,a\n2,b\n"));
    counts(1, 0, 0, 0, 1);
    ck_assert_int_eq(result.duplicate[0], 1);
    ck_assert_int_eq(result.repeated[0], 1);
    ck_assert_int_eq(result.verdict, PARITY_INCONCLUSIVE);
    compare(put("c.csv", "id,x\n1,a\n1,a\n"), put("d.csv", "id,x\n1,a\n"));
    counts(1, 0, 0, 0, 0);
    ck_assert_int_eq(result.verdict, PARITY_EQUAL);
    compare(put("e.csv", "id,x\n1,a\n"), put("f.csv", "id,x\n1,a\n3,b\n3,c\n"));
    counts(1, 0, 0, 0, 1);
    ck_assert_int_eq(result.duplicate[1], 1);
}
END_TEST

START_TEST(a_ragged_row_is_bad_but_its_key_was_seen)
{
    compare(put("a.csv", "id,x,y\n1,a,b\n2,a\n3,a,b,c\n,a,b\n4,\"a\"b,c\n"),
            put("b.csv", "id,x,y\n1,a,b\n2,a,b\n3,a,b\n4,ab,c\n"));
    counts(1, 0, 0, 0, 3);
    ck_assert_int_eq(result.bad[0], 4);
    ck_assert_uint_eq(result.bad_count, 4);
    ck_assert_int_eq(result.bads[0].row, 2);
    ck_assert_str_eq(result.bads[0].reason, "fewer fields than columns");
    ck_assert_str_eq(result.bads[1].reason, "more fields than columns");
    ck_assert_str_eq(result.bads[2].reason, "its key is empty");
    ck_assert_str_eq(result.bads[3].reason, "text behind a closing quote");
    ck_assert_int_eq(result.verdict, PARITY_INCONCLUSIVE);
}
END_TEST

START_TEST(an_open_quote_at_the_end_is_a_bad_row)
{
    compare(put("a.csv", "id,x\n1,a\n2,\"b\n"), put("b.csv", "id,x\n1,a\n2,b\n"));
    counts(1, 0, 0, 0, 1);
    ck_assert_str_eq(result.bads[0].reason, "a quote is never closed");
}
END_TEST

START_TEST(a_line_that_is_no_object_is_bad)
{
    struct parity_request request;

    compare(put("a.jsonl", "{\"id\":1}\n[2]\n{\"id\":3,\"id\":4}\n{\"id\":5\n"), put("b.jsonl", "{\"id\":1}\n"));
    ck_assert_int_eq(result.equal, 1);
    ck_assert_int_eq(result.bad[0], 3);
    ck_assert_int_eq(result.verdict, PARITY_INCONCLUSIVE);
    request = ask(put("c.json", "{\n  \"id\": 1\n}\n"), path("b.jsonl"));
    refuses(&request, 65, "its first line is no JSON object");
}
END_TEST

START_TEST(a_limit_is_inconclusive_when_it_left_rows_out)
{
    struct parity_request request = ask(put("a.csv", "id\n1\n2\n3\n"), put("b.csv", "id\n1\n2\n"));

    request.limit = 2;
    run(&request);
    counts(2, 0, 0, 0, 0);
    ck_assert(result.limited[0] && !result.limited[1]);
    ck_assert_int_eq(result.verdict, PARITY_INCONCLUSIVE);
}
END_TEST

/* ---- what is packed -------------------------------------------------------------------------------- */

static size_t
gzip(const char *text, char *to, size_t room)
{
    z_stream z = {0};

    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

START_TEST(a_gzip_of_several_members_is_one_file)
{
    char packed[512];
    size_t size = gzip("id,x\n1,a\n2,", packed, sizeof packed);

    size += gzip("b\n3,c\n", packed + size, sizeof packed - size);
    compare(put_bytes("a.csv.gz", packed, size), put("b.csv", "id,x\n3,c\n2,b\n1,a\n"));
    counts(3, 0, 0, 0, 0);
}
END_TEST

START_TEST(a_gzip_cut_anywhere_or_changed_is_unreadable)
{
    char packed[512];
    size_t size = gzip("id,x\n1,a\n2,b\n", packed, sizeof packed);
    struct parity_request request = ask(path("a.csv.gz"), put("b.csv", "id,x\n1,a\n2,b\n"));

    for (size_t cut = 2; cut < size; cut++) {
        put_bytes("a.csv.gz", packed, cut);
        refuses(&request, 65, "is cut off");
    }
    packed[size - 6] ^= 1;
    put_bytes("a.csv.gz", packed, size);
    refuses(&request, 65, "the gzip is damaged at byte");
    packed[size - 6] ^= 1;
    packed[size] = 'x';
    put_bytes("a.csv.gz", packed, size + 1);
    refuses(&request, 65, "is followed by something else");
}
END_TEST

START_TEST(members_are_chosen_by_glob_and_read_as_one)
{
    static const char *const members[][2] = {{"./d/regions.csv", "id,x\n9,z\n"},
                                             {"d/navaids_1.csv", "id,x\n1,a\n"},
                                             {"d/navaids_2.csv", "x,id\nb,2\n"}};
    static const char *const odd[][2] = {{"n_1.csv", "id,x\n1,a\n"}, {"n_2.csv", "id,y\n2,b\n"}};
    struct parity_request request = ask(put_tar("a.tar.gz", members, 3), put("b.csv", "id,x\n1,a\n2,b\n"));

    refuses(&request, 64, "has more than one member");
    request.member = "*/navaids*.csv";
    run(&request);
    counts(2, 0, 0, 0, 0);
    request.member = "d/reg*";
    run(&request);
    counts(0, 1, 2, 0, 0);
    request.member = "none*";
    refuses(&request, 66, "no member matches 'none*'");
    request = ask(put_tar("c.tar.gz", odd, 2), path("b.csv"));
    request.member = "*";
    refuses(&request, 65, "its columns are not those of the members before it");
}
END_TEST

START_TEST(what_is_no_dump_is_refused_with_its_reason)
{
    struct parity_request request = ask(path("none.csv"), put("b.csv", "id\n1\n"));

    refuses(&request, 66, "none.csv'");
    request.side[0] = folder;
    refuses(&request, 65, "it is a folder");
    request.side[0] = put_bytes("n.bin", "a\0b", 3);
    refuses(&request, 65, "it is no text");
    request.side[0] = put("e.csv", "");
    refuses(&request, 65, "it is empty");
    request.side[0] = put("t.csv", "id,x,id\n");
    refuses(&request, 65, "two columns of its header have one name");
    request.side[0] = put("k.csv", "ID,x\n1,2\n");
    refuses(&request, 64, "has no key column 'id'");
}
END_TEST

START_TEST(a_pipe_is_read_twice)
{
    int ends[2];
    char name[64];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "id,x\n1,a\n", 9), 9);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    compare(name, put("b.csv", "id,x\n1,b\n"));
    counts(0, 0, 0, 1, 0);
    close(ends[0]);
}
END_TEST

/* ---- size ------------------------------------------------------------------------------------------- */

/* Long rows, many keys: through windows, partitions, temporary files and shares. */
START_TEST(a_tiny_budget_gives_the_same_answer)
{
    static const int64_t budgets[] = {64 << 20, 1 << 20, 64 << 10};
    struct parity_request request = ask(path("a.csv"), path("b.csv"));
    FILE *left = fopen(request.side[0], "w"), *right = fopen(request.side[1], "w");
    enum { ROWS = 6000 };

    fputs("id,a,b\n", left);
    fputs("id,b,a\n", right);
    for (int i = 0; i < ROWS; i++) {
        int back = ROWS - 1 - i;

        if (i % 100 != 1)
            fprintf(left, "key %d,\"%*d\n\",%d\n", i, 1 + i % 700, i, i);
        if (back % 100 != 2)
            fprintf(right, "key %d,%d,\"%*d\n\"\n", back, back % 10 == 5 ? -back : back, 1 + back % 700,
                    back % 50 == 6 ? 0 : back);
    }
    fclose(left);
    fclose(right);
    request.memory_bytes = budgets[_i];
    run(&request);
    counts(ROWS - 60 - 60 - 600 - 120, 60, 60, 720, 0);
    ck_assert_int_eq(column("a"), 120);
    ck_assert_int_eq(column("b"), 600);
    ck_assert_uint_eq(result.samples, 30);
    ck_assert_str_eq(result.sample[0].key[0].at, "key 2");
    ck_assert_str_eq(result.sample[10].key[0].at, "key 5901"); /* the first of B */
    ck_assert_str_eq(result.sample[20].key[0].at, "key 5");
    ck_assert_uint_eq(result.sample[20].values, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("parity");
    TCase *tcase = tcase_create("parity");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, order_of_rows_and_columns_does_not_matter);
    tcase_add_test(tcase, differences_are_counted_by_class_and_column);
    tcase_add_test(tcase, composite_keys_do_not_run_into_each_other);
    tcase_add_test(tcase, ignored_columns_do_not_count);
    tcase_add_test(tcase, a_column_of_one_side_differs_where_it_has_a_value);
    tcase_add_test(tcase, quotes_follow_rfc_4180);
    tcase_add_test(tcase, quotes_can_be_switched_off);
    tcase_add_test(tcase, without_header_columns_are_numbers);
    tcase_add_test(tcase, other_encodings_become_utf_8);
    tcase_add_test(tcase, null_and_empty_differ_only_between_typed_sides);
    tcase_add_test(tcase, json_numbers_compare_as_written_and_arrays_compact);
    tcase_add_test(tcase, a_table_compares_with_a_file_and_with_a_table);
    tcase_add_test(tcase, a_table_that_is_not_there_is_named);
    tcase_add_test(tcase, columns_daybreak_keeps_beside_its_rows_are_left_out);
    tcase_add_test(tcase, a_duplicate_key_is_inconclusive_unless_its_rows_are_alike);
    tcase_add_test(tcase, a_ragged_row_is_bad_but_its_key_was_seen);
    tcase_add_test(tcase, an_open_quote_at_the_end_is_a_bad_row);
    tcase_add_test(tcase, a_line_that_is_no_object_is_bad);
    tcase_add_test(tcase, a_limit_is_inconclusive_when_it_left_rows_out);
    tcase_add_test(tcase, a_gzip_of_several_members_is_one_file);
    tcase_add_test(tcase, a_gzip_cut_anywhere_or_changed_is_unreadable);
    tcase_add_test(tcase, members_are_chosen_by_glob_and_read_as_one);
    tcase_add_test(tcase, what_is_no_dump_is_refused_with_its_reason);
    tcase_add_test(tcase, a_pipe_is_read_twice);
    tcase_add_loop_test(tcase, a_tiny_budget_gives_the_same_answer, 0, 3);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
