/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include "daybreak/connector.h"
#include "file_beside.h"
#include "../support/extract_reader.h"

#define TYPE (&daybreak_connector)
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define HOUR_AGO (time(NULL) - 3600)

static char base[64];

/* ---- a folder to look at ------------------------------------------------------------------ */

static void
base_make(void)
{
    snprintf(base, sizeof base, "/tmp/extract_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
}

static int
remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void
base_remove(void)
{
    nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
in_base(const char *name)
{
    static char path[4][PATH_MAX];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], PATH_MAX, "%s/%s", base, name);
    return path[turn];
}

static void
folder(const char *name)
{
    ck_assert_int_eq(mkdir(in_base(name), 0777), 0);
}

static void
aged(const char *name, time_t at)
{
    struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};

    ck_assert_int_eq(utimensat(AT_FDCWD, in_base(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void
put_now(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(in_base(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void
put(const char *name, const void *bytes, size_t size)
{
    unlink(in_base(name)); /* emptying a file that is there makes some file systems write it to the disk at once */
    put_now(name, bytes, size);
    aged(name, HOUR_AGO);
}

static void
put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static void *
open_with(const char *const *options)
{
    struct daybreak_fault fault = {0};
    void *self = extract_open(TYPE, options, base, &fault);

    ck_assert_msg(self != NULL, "%s", fault.what);
    return self;
}

static void
looks_like(void *self, const char *expected)
{
    char *seen = extract_look(TYPE, self, NULL);

    ck_assert_str_eq(seen, expected);
    free(seen);
}

static void
logged(const char *expected)
{
    char *text = extract_log();

    ck_assert_str_eq(text, expected);
    free(text);
}

/* A file of this content, read by an extract of its own. To be freed. */
static char *
read_as(const char *name, const void *bytes, size_t size, size_t room, const char *const *options)
{
    const char *all[20] = {"path", name};
    char *text;
    void *self;

    for (size_t i = 0; options != NULL && options[i] != NULL; i++)
        all[i + 2] = options[i];
    put(name, bytes, size);
    self = open_with(all);
    ck_assert(extract_take(TYPE, self, name));
    text = extract_input(TYPE, self, room);
    extract_close(TYPE, self);
    return text;
}

static void
reads_as(const char *name, const void *bytes, size_t size, const char *expected)
{
    char *text = read_as(name, bytes, size, 65536, NULL);

    ck_assert_str_eq(text, expected);
    free(text);
}

/* ---- content ------------------------------------------------------------------------------ */

struct bytes {
    char *at;
    size_t size;
};

static const char rows[] = "id,name\n1,one\n2,two\n";

/* Text that compresses, but not to nothing. */
static struct bytes
long_text(size_t size)
{
    struct bytes text = {malloc(size), size};
    uint64_t state = 88172645463325252u;

    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.at[i] = i % 37 == 36 ? '\n' : (char)('a' + state % (i % 3 == 0 ? 26 : 3));
    }
    return text;
}

static struct bytes
gzip(const void *bytes, size_t size)
{
    z_stream stream = {0};
    struct bytes out = {malloc(size + size / 100 + 100), size + size / 100 + 100};

    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)out.at;
    stream.avail_out = (uInt)out.size;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.size = stream.total_out;
    deflateEnd(&stream);
    return out;
}

static struct bytes
joined(struct bytes a, struct bytes b)
{
    struct bytes both = {malloc(a.size + b.size), a.size + b.size};

    memcpy(both.at, a.at, a.size);
    memcpy(both.at + a.size, b.at, b.size);
    free(a.at);
    free(b.at);
    return both;
}

struct member {
    const char *name;
    const char *text;  /* NULL: see kind */
    size_t size;
    unsigned kind;     /* 0: a regular file */
    const char *link;
    bool hard;
};

/* An archive, or with format "raw" the first member compressed. */
static struct bytes
archived(const char *format, const char *filter, const struct member *member, size_t members)
{
    struct bytes out = {malloc(4 << 20), 0};
    struct archive *archive = archive_write_new();

    if (strcmp(format, "raw") == 0)
        archive_write_set_format_raw(archive);
    else
        ck_assert_int_eq(archive_write_set_format_by_name(archive, format), ARCHIVE_OK);
    if (filter != NULL)
        ck_assert_int_eq(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(archive, 1);
    ck_assert_int_eq(archive_write_open_memory(archive, out.at, 4 << 20, &out.size), ARCHIVE_OK);
    for (size_t i = 0; i < members; i++) {
        struct archive_entry *entry = archive_entry_new();

        archive_entry_set_pathname(entry, member[i].name);
        archive_entry_set_filetype(entry, member[i].kind == 0 ? AE_IFREG : member[i].kind);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, 1700000000, 0);
        archive_entry_set_size(entry, (la_int64_t)member[i].size);
        if (member[i].link != NULL && member[i].hard)
            archive_entry_set_hardlink(entry, member[i].link);
        else if (member[i].link != NULL)
            archive_entry_set_symlink(entry, member[i].link);
        ck_assert_int_eq(archive_write_header(archive, entry), ARCHIVE_OK);
        if (member[i].size > 0)
            ck_assert_int_eq(archive_write_data(archive, member[i].text, member[i].size), (la_ssize_t)member[i].size);
        archive_entry_free(entry);
    }
    ck_assert_int_eq(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    return out;
}

/* libarchive cannot write it. */
static struct bytes
nothing_in_lz4(void)
{
    struct bytes out = {malloc(15), 15};

    memcpy(out.at, "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0\x05\x5d\xcc\x02", 15);
    return out;
}

static struct bytes
archived_rows(const char *format, const char *filter)
{
    const struct member member[] = {{.name = "./data/", .kind = AE_IFDIR},
                                    {.name = "./data/a.csv", .text = rows, .size = sizeof rows - 1},
                                    {.name = "data/b.csv", .text = "id\n7\n", .size = 5}};

    return archived(format, filter, member, 3);
}

/* ---- which files, in which order ---------------------------------------------------------- */

START_TEST(globs_take_files_in_name_order)
{
    void *self = open_with(OPTIONS("path", "drop/[ab]*.csv|drop/c?.csv"));

    folder("drop");
    put_text("drop/b1.csv", "b");
    put_text("drop/a2.csv", "a");
    put_text("drop/a10.csv", "a");
    put_text("drop/c1.csv", "c");
    put_text("drop/c12.csv", "c");
    put_text("drop/d.csv", "d");
    looks_like(self, "drop/a10.csv -\ndrop/a2.csv -\ndrop/b1.csv -\ndrop/c1.csv -\n");
    looks_like(self, "drop/a10.csv -\ndrop/a2.csv -\ndrop/b1.csv -\ndrop/c1.csv -\n");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_file_that_two_patterns_take_is_given_once)
{
    struct daybreak_wait wait;
    void *self = open_with(OPTIONS("path", "*.csv|a*"));
    char *seen;

    put_text("a.csv", "a");
    seen = extract_look(TYPE, self, &wait);
    ck_assert_str_eq(seen, "a.csv -\n");
    ck_assert_uint_eq(wait.matched, 1);
    ck_assert_uint_eq(wait.unsettled, 0);
    ck_assert(!wait.proves);
    free(seen);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(times_in_names_order_inputs)
{
    void *self = open_with(OPTIONS("path", "*_%Y%m%d.csv|%y-%j/%H%M%S_*.csv", "at", "02:10"));

    folder("24-060"); /* 29 February */
    put_text("a_20240302.csv", "a");
    put_text("b_20240301.csv", "b");
    put_text("12345678_20240229.csv", "c");
    put_text("24-060/120000_x.csv", "d");
    put_text("24-060/000000_x.csv", "d");
    looks_like(self, "24-060/000000_x.csv 2024-02-29T00:00:00\n12345678_20240229.csv 2024-02-29T02:10:00\n"
                     "24-060/120000_x.csv 2024-02-29T12:00:00\nb_20240301.csv 2024-03-01T02:10:00\n"
                     "a_20240302.csv 2024-03-02T02:10:00\n");
    logged("");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(times_are_those_of_the_zone)
{
    void *self = open_with(OPTIONS("path", "%Y%m%d.csv", "at", "02:10", "timezone", "Test/Ahead"));

    put_text("20240302.csv", "a");
    looks_like(self, "20240302.csv 2024-03-02T01:10:00\n");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_day_that_is_none_is_no_match_and_said_once)
{
    void *self = open_with(OPTIONS("path", "x_%Y%m%d.csv"));

    put_text("x_20230229.csv", "a");
    put_text("x_20231301.csv", "a");
    put_text("x_2023.csv", "a");
    looks_like(self, "");
    looks_like(self, "");
    logged("I its %-parts are no date, so it does not match: input=x_20230229.csv\n");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(folders_may_be_globs_of_any_depth)
{
    void *self = open_with(OPTIONS("path", "**/n*.csv|[xy]/%Y/m.csv"));

    folder("x");
    folder("x/2024");
    folder("x/deep");
    put_text("n1.csv", "1");
    put_text("x/n2.csv", "2");
    put_text("x/deep/n3.csv", "3");
    put_text("x/2024/m.csv", "4");
    ck_assert_int_eq(symlink("deep", in_base("x/again")), 0);
    looks_like(self, "n1.csv -\nx/deep/n3.csv -\nx/n2.csv -\nx/2024/m.csv 2024-01-01T00:00:00\n");
    logged("W not a regular file, passed over: input=x/again kind=link\n");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(absolute_paths_and_percent_signs_are_names)
{
    char path[PATH_MAX], expected[PATH_MAX];
    void *self;

    snprintf(path, sizeof path, "%s/100%%%%*.csv", base);
    snprintf(expected, sizeof expected, "%s/100%%.csv -\n", base);
    self = open_with(OPTIONS("path", path));
    put_text("100%.csv", "1");
    looks_like(self, expected);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(only_regular_files_are_inputs)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct daybreak_wait wait;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    void *self = open_with(OPTIONS("path", "d/*.csv"));
    char *seen;

    folder("d");
    folder("d/folder.csv");
    put_text("real", "1");
    ck_assert_int_eq(symlink("../real", in_base("d/link.csv")), 0);
    ck_assert_int_eq(symlink("nowhere", in_base("d/loose.csv")), 0);
    ck_assert_int_eq(mkfifo(in_base("d/pipe.csv"), 0666), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", in_base("d/socket.csv"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    seen = extract_look(TYPE, self, &wait);
    ck_assert_str_eq(seen, "");
    ck_assert_uint_eq(wait.matched, 0);
    free(seen);
    seen = extract_log();
    for (size_t i = 0; i < 5; i++) {
        static const char *const lines[] = {
            "W not a regular file, passed over: input=d/folder.csv kind=folder\n", "d/link.csv kind=link\n",
            "d/loose.csv kind=link\n", "d/pipe.csv kind=fifo\n", "d/socket.csv kind=socket\n"};

        ck_assert_msg(strstr(seen, lines[i]) != NULL, "%s in %s", lines[i], seen);
    }
    free(seen);
    looks_like(self, "");
    logged("");
    close(fd);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(files_under_way_and_markers_are_no_inputs_unless_asked_for)
{
    void *all = open_with(OPTIONS("path", "d/*")), *parts = open_with(OPTIONS("path", "d/*.part|d/.*"));

    folder("d");
    put_text("d/a.csv", "1");
    put_text("d/a.csv.done", "");
    put_text("d/b.csv.part", "1");
    put_text("d/.c.csv.Xy12", "1");
    put_text("d/d.csv~", "1");
    put_text("d/e.csv.TMP", "1");
    looks_like(all, "d/a.csv -\n");
    looks_like(parts, "d/.c.csv.Xy12 -\nd/b.csv.part -\n");
    extract_close(TYPE, all);
    extract_close(TYPE, parts);
}
END_TEST

START_TEST(what_is_not_there_matches_nothing)
{
    struct daybreak_wait wait;
    void *self = open_with(OPTIONS("path", "no/such/*.csv|nor.csv|/nonexistent/folder/x"));
    char *seen = extract_look(TYPE, self, &wait);

    ck_assert_str_eq(seen, "");
    ck_assert_uint_eq(wait.matched, 0);
    free(seen);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_fingerprint_is_of_one_state)
{
    void *self = open_with(OPTIONS("path", "a.csv"));
    char before[200];

    put_text("a.csv", "1");
    for (int i = 0; i < 3; i++) {
        struct daybreak_input input = {.size = sizeof input};
        struct daybreak_wait wait = {.size = sizeof wait};
        struct daybreak_fault fault = {0};
        enum daybreak_next next;

        ck_assert_int_eq(TYPE->next_input(self, &input, &wait, &next, &fault), 0);
        ck_assert_int_eq(next, DAYBREAK_MORE);
        ck_assert_int_eq(input.bytes, i < 2 ? 1 : 2);
        if (i == 1)
            ck_assert_str_eq(input.fingerprint, before);
        if (i == 2)
            ck_assert_str_ne(input.fingerprint, before);
        snprintf(before, sizeof before, "%s", input.fingerprint);
        ck_assert(!extract_take(TYPE, self, "none"));
        if (i == 1)
            put_text("a.csv", "12");
    }
    extract_close(TYPE, self);
}
END_TEST

/* ---- complete or not ---------------------------------------------------------------------- */

static void
looks_settled(void *self, const char *expected, unsigned unsettled)
{
    struct daybreak_wait wait;
    char *seen = extract_look(TYPE, self, &wait);

    ck_assert_str_eq(seen, expected);
    ck_assert_uint_eq(wait.unsettled, unsettled);
    ck_assert_int_le(wait.wait_ms, 1000);
    ck_assert_int_gt(wait.wait_ms, 0);
    free(seen);
}

START_TEST(a_file_written_to_just_now_is_waited_for)
{
    void *self = open_with(OPTIONS("path", "*.csv"));

    put_now("a.csv", "1", 1);
    looks_settled(self, "", 1);
    aged("a.csv", time(NULL) - 3);
    looks_settled(self, "a.csv -\n", 0);
    put_now("a.csv", "12", 2);
    looks_settled(self, "", 1);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(settle_zero_waits_for_nothing)
{
    void *self = open_with(OPTIONS("path", "*.csv", "settle", "0s"));

    put_now("a.csv", "1", 1);
    put_now("b.csv", "1", 1);
    aged("b.csv", time(NULL) + 3600);
    looks_settled(self, "a.csv -\nb.csv -\n", 0);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_file_from_the_future_is_judged_by_our_clock)
{
    void *self = open_with(OPTIONS("path", "*.csv", "settle", "40")); /* ms */
    struct timespec pause = {.tv_nsec = 60000000};

    put_now("a.csv", "1", 1);
    aged("a.csv", time(NULL) + 3600);
    looks_settled(self, "", 1);
    nanosleep(&pause, NULL); /* there is no other way to be unchanged for a while */
    looks_settled(self, "a.csv -\n", 0);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_marker_completes_at_once)
{
    void *self = open_with(OPTIONS("path", "*.csv"));

    put_now("a.csv", "1", 1);
    put_now("b.csv", "1", 1);
    put("b.csv.done", "", 0); /* of yesterday's b */
    put_now("a.csv.done", "", 0);
    looks_settled(self, "a.csv -\n", 1);
    extract_close(TYPE, self);
}
END_TEST

static bool
wakes(void *self, int timeout_ms)
{
    struct daybreak_wait wait;
    char *seen = extract_look(TYPE, self, &wait);
    struct pollfd fd = {.fd = wait.fd, .events = POLLIN};

    free(seen);
    ck_assert_int_ge(wait.fd, 0);
    return poll(&fd, 1, timeout_ms) == 1;
}

START_TEST(a_rename_into_place_wakes_and_completes_at_once)
{
    void *self = open_with(OPTIONS("path", "d/*.csv"));
    struct daybreak_input input = {.size = sizeof input};
    struct daybreak_wait wait = {.size = sizeof wait};
    struct daybreak_fault fault = {0};
    enum daybreak_next next;
    struct timespec now;

    folder("d");
    free(extract_look(TYPE, self, NULL)); /* the first look does not watch */
    ck_assert(!wakes(self, 0));
    put_now("a.tmp", "1", 1);
    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_int_eq(rename(in_base("a.tmp"), in_base("d/a.csv")), 0);
    ck_assert_int_eq(TYPE->next_input(self, &input, &wait, &next, &fault), 0);
    ck_assert_int_eq(next, DAYBREAK_MORE);
    ck_assert_int_ge(input.visible_at_us, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    ck_assert(!extract_take(TYPE, self, "none"));
    ck_assert(!wakes(self, 0));
    put_now("b.tmp", "1", 1);
    ck_assert_int_eq(rename(in_base("b.tmp"), in_base("d/b.csv")), 0);
    ck_assert(!wakes(self, 0)); /* the look took the event, and b with it */
    looks_settled(self, "d/a.csv -\nd/b.csv -\n", 0);
    put_now("c.tmp", "1", 1);
    ck_assert(!wakes(self, 0)); /* nothing of it is in a watched folder */
    ck_assert_int_eq(rename(in_base("c.tmp"), in_base("d/c.csv")), 0);
    looks_settled(self, "d/a.csv -\nd/b.csv -\nd/c.csv -\n", 0);
    put_now("d/c.csv", "12", 2); /* written to after all */
    looks_settled(self, "d/a.csv -\nd/b.csv -\n", 1);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_follower_is_woken_by_what_matters)
{
    void *self = open_with(OPTIONS("path", "d/*/x.csv"));
    struct daybreak_wait wait;
    struct pollfd fd = {.events = POLLIN};

    free(extract_look(TYPE, self, &wait));
    ck_assert_int_eq(wait.fd, -1);
    ck_assert_int_eq(wait.wait_ms, 1);
    free(extract_look(TYPE, self, &wait));
    fd.fd = wait.fd;
    ck_assert_int_eq(poll(&fd, 1, 0), 0);
    folder("d"); /* the folder itself was not there yet */
    ck_assert_int_eq(poll(&fd, 1, 1000), 1);
    free(extract_look(TYPE, self, NULL));
    free(extract_look(TYPE, self, NULL)); /* that the one above is watched no longer, is an event too */
    ck_assert_int_eq(poll(&fd, 1, 0), 0);
    folder("d/new");
    ck_assert_int_eq(poll(&fd, 1, 1000), 1);
    free(extract_look(TYPE, self, NULL));
    put_now("d/new/x.csv", "1", 1);
    ck_assert_int_eq(poll(&fd, 1, 1000), 1);
    looks_settled(self, "", 1);
    put_now("d/new/x.csv.done", "", 0);
    ck_assert_int_eq(poll(&fd, 1, 1000), 1);
    looks_settled(self, "d/new/x.csv -\n", 0);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(growing_files_are_given_while_they_grow_and_packed_ones_are_not)
{
    struct bytes packed = gzip(rows, sizeof rows - 1);
    void *self = open_with(OPTIONS("path", "*.log", "growing", "true"));
    struct daybreak_fault fault = {0};
    struct daybreak_part part = {.size = sizeof part};
    enum daybreak_next next;
    char buffer[64];
    size_t got;
    FILE *file;

    put_now("a.log", "one\n", 4);
    put_now("b.log", packed.at, packed.size);
    looks_settled(self, "a.log -\n", 1);
    ck_assert(extract_take(TYPE, self, "a.log"));
    file = fopen(in_base("a.log"), "a");
    fputs("two\n", file);
    fclose(file);
    ck_assert_int_eq(TYPE->next_part(self, &part, &next, &fault), 0);
    ck_assert_int_eq(TYPE->read(self, buffer, sizeof buffer, &got, &next, &fault), 0);
    ck_assert_uint_eq(got, 8);
    ck_assert_int_eq(TYPE->read(self, buffer, sizeof buffer, &got, &next, &fault), 0);
    ck_assert_int_eq(next, DAYBREAK_PART_END);
    ck_assert_int_eq(TYPE->seek(self, 5, &fault), 0);
    ck_assert_int_eq(TYPE->read(self, buffer, sizeof buffer, &got, &next, &fault), 0);
    ck_assert_uint_eq(got, 3);
    ck_assert_int_eq(next, DAYBREAK_MORE);
    ck_assert(memcmp(buffer, "wo\n", 3) == 0);
    free(packed.at);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(files_of_one_time_are_one_input_when_all_are_there)
{
    void *self = open_with(OPTIONS("path", "*_%Y%m%d.csv*", "parts", "2"));
    struct bytes packed = gzip("b\n", 2);
    char *text;

    put_text("a_20240101.csv", "a\n");
    put_text("a_20240102.csv", "a\n");
    put("b_20240102.csv.gz", packed.at, packed.size);
    looks_like(self, "a_20240102.csv 2024-01-02T00:00:00 packed\n");
    logged("I waits for the other parts of its time: input=a_20240101.csv here=1 parts=2\n");
    ck_assert(extract_take(TYPE, self, "a_20240102.csv"));
    text = extract_input(TYPE, self, 100);
    ck_assert_str_eq(text, "[a_20240102.csv]a\n[b_20240102.csv.gz]b\nend");
    free(text);
    put_text("c_20240102.csv", "c\n");
    ck_assert(!extract_take(TYPE, self, "none"));
    ck_assert(extract_take(TYPE, self, "a_20240102.csv"));
    text = extract_input(TYPE, self, 100);
    ck_assert_str_eq(text, "cut: 3 files have the time of 'a_20240102.csv', and source.parts is 2");
    free(text);
    free(packed.at);
    extract_close(TYPE, self);
}
END_TEST

/* ---- what is in them ---------------------------------------------------------------------- */

START_TEST(plain_files_are_read_as_they_are)
{
    struct bytes text = long_text(3000000);
    char expected[100], *hash = extract_hash(text.at, text.size);

    snprintf(expected, sizeof expected, "[]%send", hash);
    reads_as("a.csv", rows, sizeof rows - 1, "[]id,name\n1,one\n2,two\nend");
    reads_as("empty.csv", "", 0, "[]end");
    reads_as("long.csv", text.at, text.size, expected);
    free(hash);
    free(text.at);
}
END_TEST

START_TEST(every_filter_is_taken_off_whatever_the_name)
{
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2", "lz4"};
    static const char *const names[] = {"f.csv.gz", "f.csv.zst", "f.csv.xz", "f.csv.bz2", "f.csv.lz4"};
    struct bytes text = long_text(700000);
    struct member member = {.name = "x", .text = text.at, .size = text.size}, none = {.name = "x"};
    struct bytes packed = archived("raw", filters[_i], &member, 1);
    struct bytes empty = _i == 4 ? nothing_in_lz4() : archived("raw", filters[_i], &none, 1);
    char expected[100], *hash = extract_hash(text.at, text.size), *seen;

    snprintf(expected, sizeof expected, "[]%send", hash);
    reads_as(names[_i], packed.at, packed.size, expected);
    reads_as("named.csv", packed.at, packed.size, expected);
    seen = read_as("small.csv", packed.at, packed.size, 7, NULL);
    ck_assert_str_eq(seen, expected);
    free(seen);
    reads_as(names[_i], empty.at, empty.size, "[]end");
    free(hash);
    free(empty.at);
    free(packed.at);
    free(text.at);
}
END_TEST

/* The text that says an input is cut must say so, and where it begins. */
static void
is_cut(const char *name, const void *bytes, size_t size, const char *context)
{
    char *text = read_as(name, bytes, size, 4096, NULL), *cut = strstr(text, "cut: ");

    ck_assert_msg(cut != NULL, "%s, %zu bytes: %s", context, size, text);
    ck_assert_msg(strstr(cut, name) != NULL, "%s, %zu bytes: %s", context, size, text);
    free(text);
}

START_TEST(a_truncated_stream_is_cut_wherever_it_ends)
{
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2", "lz4"};
    static const char *const names[] = {"f.csv.gz", "f.csv.zst", "f.csv.xz", "f.csv.bz2", "f.csv.lz4"};
    struct bytes text = long_text(500);
    struct member member = {.name = "x", .text = text.at, .size = text.size};
    struct bytes packed = archived("raw", filters[_i], &member, 1);

    for (size_t size = 0; size < packed.size; size++)
        is_cut(names[_i], packed.at, size, filters[_i]);
    free(packed.at);
    free(text.at);
}
END_TEST

/* zstd is not here: the frames that can be written here carry no checksum. */
START_TEST(a_flipped_bit_is_never_taken_for_the_content)
{
    static const char *const filters[] = {"gzip", "xz", "bzip2", "lz4"};
    static const char *const names[] = {"f.csv.gz", "f.csv.xz", "f.csv.bz2", "f.csv.lz4"};
    struct bytes text = long_text(400);
    struct member member = {.name = "x", .text = text.at, .size = text.size};
    struct bytes packed = archived("raw", filters[_i], &member, 1);
    char expected[100], *hash = extract_hash(text.at, text.size);

    snprintf(expected, sizeof expected, "[]%send", hash);
    for (size_t at = 0; at < packed.size; at++) {
        char *seen;

        packed.at[at] ^= (char)(1 << at % 8);
        seen = read_as(names[_i], packed.at, packed.size, 4096, NULL);
        ck_assert_msg(strstr(seen, "cut: ") != NULL || strcmp(seen, expected) == 0, "%s, byte %zu: %s", filters[_i], at, seen);
        free(seen);
        packed.at[at] ^= (char)(1 << at % 8);
    }
    free(hash);
    free(packed.at);
    free(text.at);
}
END_TEST

START_TEST(gzip_may_have_many_members)
{
    struct bytes text = long_text(600000);
    struct bytes packed = gzip(text.at, 100);
    char expected[100], *hash = extract_hash(text.at, text.size);

    for (size_t at = 100; at < text.size; at += 44100) /* their ends fall everywhere in a block */
        packed = joined(packed, gzip(text.at + at, text.size - at < 44100 ? text.size - at : 44100));
    packed = joined(packed, gzip("", 0));
    snprintf(expected, sizeof expected, "[]%send", hash);
    reads_as("m.csv.gz", packed.at, packed.size, expected);
    free(hash);
    free(packed.at);
    free(text.at);
}
END_TEST

START_TEST(gzip_says_what_is_wrong_with_it)
{
    struct bytes packed = gzip(rows, sizeof rows - 1), longer = joined(gzip(rows, sizeof rows - 1), gzip("", 0));
    char expected[200], *seen;

    snprintf(expected, sizeof expected, "cut: cannot read 'a.gz': its gzip data is cut off at byte %zu", packed.size - 1);
    reads_as("a.gz", packed.at, packed.size - 1, expected);
    packed.at[packed.size - 5] ^= 1;
    seen = read_as("a.gz", packed.at, packed.size, 100, NULL);
    ck_assert_msg(strncmp(seen, "cut: cannot read 'a.gz': its gzip data is bad before byte ", 58) == 0, "%s", seen);
    ck_assert_msg(strstr(seen, ": its bytes do not match its checksum and length") != NULL, "%s", seen);
    free(seen);
    longer.at[packed.size + 1] = 'x';
    snprintf(expected, sizeof expected, "cut: cannot read 'a.gz': what follows its gzip data at byte %zu is none", packed.size);
    reads_as("a.gz", longer.at, longer.size, expected);
    reads_as("a.gz", "", 0, "cut: cannot read 'a.gz': its name promises gzip data, and it is empty");
    reads_as("a.gz", "id\n1\n", 5,
             "cut: cannot read 'a.gz': its name promises gzip data, which its bytes are not, or it is cut off");
    free(packed.at);
    free(longer.at);
}
END_TEST

START_TEST(what_follows_a_stream_is_not_lost_in_silence)
{
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2", "lz4"};
    struct member member = {.name = "x", .text = rows, .size = sizeof rows - 1};
    struct bytes packed = joined(archived("raw", filters[_i], &member, 1), (struct bytes){strdup("garbage"), 7});

    is_cut("f.csv", packed.at, packed.size, filters[_i]);
    free(packed.at);
}
END_TEST

START_TEST(archives_give_their_members)
{
    static const char *const formats[] = {"ustar", "pax", "gnutar", "v7tar", "zip", "7zip"};
    static const char *const expected[] = {"[data/a.csv]id,name\n1,one\n2,two\n[data/b.csv]id\n7\nend"};
    struct bytes archive = archived_rows(formats[_i], NULL);
    char *seen;

    reads_as("a.bin", archive.at, archive.size, expected[0]);
    seen = read_as("a.bin", archive.at, archive.size, 3, OPTIONS("member", "./*b.csv"));
    ck_assert_str_eq(seen, "[data/b.csv]id\n7\nend");
    free(seen);
    seen = read_as("a.bin", archive.at, archive.size, 3, OPTIONS("member", "*/a.csv"));
    ck_assert_str_eq(seen, "[data/a.csv]id,name\n1,one\n2,two\nend");
    free(seen);
    free(archive.at);
}
END_TEST

START_TEST(members_are_given_besides_by_their_whole_name_or_its_last_part)
{
    static const struct member member[] = {{.name = "m.json", .text = "{}", .size = 2},
                                           {.name = "data/a.csv", .text = "id\n1\n", .size = 5},
                                           {.name = "data/m.json", .text = "[]", .size = 2},
                                           {.name = "data/b.txt", .text = "no", .size = 2}};
    struct bytes archive = archived("ustar", "gzip", member, 4);
    char *seen = read_as("a.tgz", archive.at, archive.size, 9, OPTIONS("member", "*.csv", "beside", "m.json"));

    ck_assert_str_eq(seen, "[m.json]{}[data/a.csv]id\n1\n[data/m.json][]end");
    free(seen);
    seen = read_as("a.tgz", archive.at, archive.size, 9, OPTIONS("member", "*.csv", "beside", "data/*.json|x"));
    ck_assert_str_eq(seen, "[data/a.csv]id\n1\n[data/m.json][]end");
    free(seen);
    free(archive.at);
}
END_TEST

START_TEST(tars_may_be_compressed)
{
    static const char *const filters[] = {"gzip", "zstd", "xz", "bzip2", "lz4"};
    static const char *const names[] = {"a.tgz", "a.tar.zst", "a.txz", "a.tar.bz2", "a.bin"};
    struct bytes archive = archived_rows("pax", filters[_i]);

    reads_as(names[_i], archive.at, archive.size, "[data/a.csv]id,name\n1,one\n2,two\n[data/b.csv]id\n7\nend");
    for (size_t size = 0; size < archive.size; size += 1 + size / 16)
        is_cut(_i == 4 ? "a.lz4" : names[_i], archive.at, size, filters[_i]);
    free(archive.at);
}
END_TEST

/* A tar may be cut in the zeros behind its end mark; every other byte is missed. */
START_TEST(a_truncated_archive_is_cut_wherever_it_ends)
{
    static const char *const formats[] = {"ustar", "pax", "zip", "7zip"};
    static const char *const names[] = {"a.tar", "a.tar", "a.zip", "a.7z"};
    struct bytes archive = archived_rows(formats[_i], NULL);
    size_t needed = archive.size;

    if (_i < 2) {
        while (archive.at[needed - 1] == 0)
            needed--;
        needed = (needed + 511) / 512 * 512 + 1024;
    }
    for (size_t size = 0; size < needed; size += size % 512 < 8 || _i >= 2 ? 1 : 63)
        is_cut(names[_i], archive.at, size, formats[_i]);
    if (_i < 2)
        reads_as("a.tar", archive.at, needed, "[data/a.csv]id,name\n1,one\n2,two\n[data/b.csv]id\n7\nend");
    free(archive.at);
}
END_TEST

START_TEST(a_member_passed_over_does_not_hide_a_cut_tar)
{
    struct bytes archive = archived_rows("ustar", NULL);
    char *seen = read_as("a.tar", archive.at, 512 * 5, 100, OPTIONS("member", "*a.csv"));

    ck_assert_str_eq(seen, "[data/a.csv]id,name\n1,one\n2,two\n"
                           "cut: cannot read 'a.tar': its tar archive is cut off: its end mark is missing");
    free(seen);
    free(archive.at);
}
END_TEST

START_TEST(a_second_tar_behind_the_first_is_not_lost_in_silence)
{
    struct bytes archive = joined(archived_rows("ustar", NULL), archived_rows("ustar", NULL));
    char *seen = read_as("a.tar", archive.at, archive.size, 100, NULL);

    ck_assert_msg(strstr(seen, "7\ncut: cannot read 'a.tar': its tar archive ends at byte ") != NULL, "%s", seen);
    free(seen);
    free(archive.at);
}
END_TEST

START_TEST(empty_archives_end_without_parts)
{
    struct bytes zip = archived("zip", NULL, NULL, 0), seven = archived("7zip", NULL, NULL, 0);
    char zeros[10240] = {0};
    struct bytes packed = gzip(zeros, sizeof zeros);

    reads_as("a.zip", zip.at, zip.size, "end");
    reads_as("a.7z", seven.at, seven.size, "end");
    reads_as("a.tar", zeros, sizeof zeros, "end");
    reads_as("a.tar.gz", packed.at, packed.size, "end");
    free(zip.at);
    free(seven.at);
    free(packed.at);
}
END_TEST

START_TEST(a_flipped_bit_in_an_archive_is_noticed)
{
    static const char *const formats[] = {"zip", "7zip"};
    static const char *const names[] = {"a.zip", "a.7z"};
    struct bytes text = long_text(300);
    struct member member = {.name = "x.csv", .text = text.at, .size = text.size};
    struct bytes archive = archived(formats[_i], NULL, &member, 1);
    char expected[100], *hash = extract_hash(text.at, text.size);
    size_t cuts = 0;

    snprintf(expected, sizeof expected, "[x.csv]%send", hash);
    for (size_t at = 0; at < archive.size; at++) {
        char *seen, *text_at;

        archive.at[at] ^= (char)(1 << at % 8);
        seen = read_as(names[_i], archive.at, archive.size, 4096, NULL);
        text_at = strchr(seen, ']'); /* nothing proves a name */
        ck_assert_msg(strstr(seen, "cut: ") != NULL || (text_at != NULL && strcmp(text_at, strchr(expected, ']')) == 0),
                      "byte %zu: %s", at, seen);
        cuts += strstr(seen, "cut: ") != NULL;
        free(seen);
        archive.at[at] ^= (char)(1 << at % 8);
    }
    ck_assert_uint_gt(cuts, archive.size / 2);
    free(hash);
    free(archive.at);
    free(text.at);
}
END_TEST

START_TEST(unsafe_members_hold_the_input)
{
    static const struct {
        struct member member;
        const char *expected;
    } cases[] = {
        {{.name = "l.csv", .kind = AE_IFLNK, .link = "/etc/passwd"}, "unsafe member 'l.csv' in 'a.bin': it is a link"},
        {{.name = "h.csv", .link = "a.csv", .hard = true}, "unsafe member 'h.csv' in 'a.bin': it is a link"},
        {{.name = "p.csv", .kind = AE_IFIFO}, "unsafe member 'p.csv' in 'a.bin': it is a FIFO"},
        {{.name = "c.csv", .kind = AE_IFCHR}, "unsafe member 'c.csv' in 'a.bin': it is no regular file"},
        {{.name = "/abs.csv", .text = "1", .size = 1},
         "unsafe member '/abs.csv' in 'a.bin': its name leads out of the archive"},
        {{.name = "a/../../x.csv", .text = "1", .size = 1},
         "unsafe member 'a/../../x.csv' in 'a.bin': its name leads out of the archive"},
    };
    const struct member member[] = {{.name = "a.csv", .text = "1\n", .size = 2}, cases[_i].member,
                                    {.name = "b.csv", .text = "2\n", .size = 2}};
    struct bytes archive = archived("pax", _i % 2 ? "gzip" : NULL, member, 3);
    char expected[300];

    snprintf(expected, sizeof expected, "[a.csv]1\ncut: %s", cases[_i].expected);
    reads_as("a.bin", archive.at, archive.size, expected);
    if (_i < 4) { /* one that nobody asks for is nobody's harm */
        char *seen = read_as("a.bin", archive.at, archive.size, 100, OPTIONS("member", "[ab].csv"));

        ck_assert_str_eq(seen, "[a.csv]1\n[b.csv]2\nend");
        free(seen);
    }
    free(archive.at);
}
END_TEST

START_TEST(a_member_that_comes_twice_holds_the_input)
{
    const struct member member[] = {{.name = "a.csv", .text = "1\n", .size = 2}, {.name = "./a.csv", .text = "2\n", .size = 2}};
    struct bytes archive = archived("ustar", NULL, member, 2);

    reads_as("a.tar", archive.at, archive.size, "[a.csv]1\ncut: cannot read 'a.tar': its member 'a.csv' is there twice");
    free(archive.at);
}
END_TEST

START_TEST(packed_data_in_packed_data_is_said_to_be_so)
{
    struct bytes once = gzip(rows, sizeof rows - 1), twice = gzip(once.at, once.size);
    const struct member member[] = {{.name = "a.csv.gz", .text = once.at, .size = once.size}};
    struct bytes archive = archived("ustar", NULL, member, 1);

    reads_as("a.gz", twice.at, twice.size, "cut: cannot read 'a.gz': its gzip data holds gzip data");
    reads_as("a.tar", archive.at, archive.size,
             "[a.csv.gz]cut: cannot read member 'a.csv.gz' of 'a.tar': it is gzip data itself");
    reads_as("a.rar", "Rar!\x1a\x07\x01\x00", 8, "cut: cannot read 'a.rar': it is a RAR archive, which is not read here");
    free(archive.at);
    free(twice.at);
    free(once.at);
}
END_TEST

START_TEST(names_of_members_are_text_whatever_they_are)
{
    const struct member member[] = {{.name = "caf\xc3\xa9.csv", .text = "1\n", .size = 2},
                                    {.name = "caf\xe9\n.csv", .text = "2\n", .size = 2}};
    struct bytes tar = archived("ustar", NULL, member, 2), zip = archived("zip", NULL, member, 1);

    reads_as("a.tar", tar.at, tar.size, "[caf\xc3\xa9.csv]1\n[caf\\xe9\\x0a.csv]2\nend");
    reads_as("a.zip", zip.at, zip.size, "[caf\xc3\xa9.csv]1\nend");
    free(tar.at);
    free(zip.at);
}
END_TEST

START_TEST(an_encrypted_zip_says_so)
{
    struct member member = {.name = "a.csv", .text = rows, .size = sizeof rows - 1};
    struct bytes zip = archived("zip", NULL, &member, 1);

    for (size_t at = 0; at + 4 < zip.size; at++) { /* the flag, in both descriptions of the member */
        if (memcmp(zip.at + at, "PK\3\4", 4) == 0)
            zip.at[at + 6] |= 1;
        if (memcmp(zip.at + at, "PK\1\2", 4) == 0)
            zip.at[at + 8] |= 1;
    }
    reads_as("a.zip", zip.at, zip.size, "cut: cannot read member 'a.csv' of 'a.zip': it is encrypted");
    free(zip.at);
}
END_TEST

START_TEST(bounds_hold)
{
    static char zeros[1 << 20];
    struct bytes packed = {NULL, 0}, one;
    struct member member[3] = {{.name = "a", .text = "12345", .size = 5}, {.name = "b"}, {.name = "c"}};
    struct bytes tar = archived("ustar", NULL, member, 3);
    char *seen;

    memset(zeros, 'x', sizeof zeros);
    one = gzip(zeros, sizeof zeros);
    packed = (struct bytes){malloc(one.size * 66), one.size * 66};
    for (size_t i = 0; i < 66; i++)
        memcpy(packed.at + i * one.size, one.at, one.size);
    seen = read_as("a.gz", packed.at, packed.size, 1 << 20, OPTIONS("max_ratio", "500"));
    ck_assert_msg(strstr(seen, " unfold to more than 500 times as many") != NULL, "%s", seen);
    free(seen);
    seen = read_as("a.gz", packed.at, packed.size, 1 << 20, OPTIONS("max_ratio", "1100"));
    ck_assert_msg(strstr(seen, "end") != NULL, "%s", seen);
    free(seen);
    seen = read_as("a.gz", packed.at, packed.size, 1 << 20, OPTIONS("max_member", "1000000"));
    ck_assert_str_eq(seen, "[]cut: cannot read 'a.gz': it holds more than 1000000 bytes");
    free(seen);
    seen = read_as("a.tar", tar.at, tar.size, 100, OPTIONS("max_member", "4"));
    ck_assert_str_eq(seen, "[a]cut: cannot read member 'a' of 'a.tar': it is larger than 4 bytes");
    free(seen);
    seen = read_as("a.tar", tar.at, tar.size, 100, OPTIONS("max_members", "2"));
    ck_assert_str_eq(seen, "[a]12345[b]cut: cannot read 'a.tar': it has more than 2 members");
    free(seen);
    free(tar.at);
    free(one.at);
    free(packed.at);
}
END_TEST

/* ---- while it is read, and after ---------------------------------------------------------- */

static void
digest_of(void *self, uint8_t digest[16])
{
    struct daybreak_fault fault = {0};

    ck_assert_msg(TYPE->digest(self, digest, &fault) == 0, "%s", fault.what);
}

START_TEST(a_digest_is_of_the_content_alone)
{
    void *self = open_with(OPTIONS("path", "*.csv"));
    uint8_t a[16], b[16], c[16];
    char hex[33];

    put_text("a.csv", "1,2,3\n");
    put_text("b.csv", "1,2,3\n");
    put_text("c.csv", "");
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, a);
    ck_assert(extract_take(TYPE, self, "b.csv"));
    digest_of(self, b);
    ck_assert(extract_take(TYPE, self, "c.csv"));
    digest_of(self, c);
    ck_assert_mem_eq(a, b, 16);
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", c[i]);
    ck_assert_str_eq(hex, "99aa06d3014798d86001c324468d497f"); /* as published for XXH3-128 of nothing */
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_digest_is_the_same_however_much_was_read_before)
{
    static const size_t pieces[] = {0, 1, 700, 5000, 100000}; /* of 40000 bytes; a file is known by its first 1024 */
    void *self = open_with(OPTIONS("path", "*.csv"));
    static char bytes[40001], buffer[100000];
    uint8_t before[16], after[16];

    for (size_t i = 0; i < sizeof bytes - 1; i++)
        bytes[i] = (char)('a' + i * i % 23);
    put_text("a.csv", bytes);
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, before);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct daybreak_part part = {.size = sizeof part};
        struct daybreak_fault fault = {0};
        enum daybreak_next next;
        size_t got;

        extract_close(TYPE, self);
        self = open_with(OPTIONS("path", "*.csv"));
        ck_assert(extract_take(TYPE, self, "a.csv"));
        ck_assert_int_eq(TYPE->next_part(self, &part, &next, &fault), 0);
        if (pieces[i] > 0)
            ck_assert_int_eq(TYPE->read(self, buffer, pieces[i], &got, &next, &fault), 0);
        digest_of(self, after);
        ck_assert_mem_eq(before, after, 16);
    }
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_digest_ends_soon_when_told_to)
{
    void *self = open_with(OPTIONS("path", "*.csv"));
    struct daybreak_fault fault = {0};
    uint8_t digest[16];

    put_text("a.csv", "1,2,3\n");
    ck_assert(extract_take(TYPE, self, "a.csv"));
    extract_stop(true);
    ck_assert_int_eq(TYPE->digest(self, digest, &fault), -1);
    extract_stop(false);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_str_eq(fault.what, "stopped while reading 'a.csv'");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(altered_in_place_is_noticed_and_replaced_is_not_an_alteration)
{
    void *self = open_with(OPTIONS("path", "a.csv"));
    struct stat before;
    uint8_t digest[16];
    char *seen;
    int fd;

    put_text("a.csv", "old\n");
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, digest);
    ck_assert(!TYPE->changed_since(self));
    put_text("b.csv", "new\n");
    ck_assert_int_eq(rename(in_base("b.csv"), in_base("a.csv")), 0); /* the old one lives on in our descriptor */
    seen = extract_input(TYPE, self, 100);
    ck_assert_str_eq(seen, "[]old\nend");
    free(seen);
    ck_assert(!TYPE->changed_since(self));
    TYPE->abandon(self);

    ck_assert(!extract_take(TYPE, self, "none"));
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, digest);
    ck_assert_int_eq(chmod(in_base("a.csv"), 0600), 0);
    ck_assert(!TYPE->changed_since(self));
    ck_assert_int_eq(stat(in_base("a.csv"), &before), 0);
    fd = open(in_base("a.csv"), O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pwrite(fd, "N", 1, 0), 1);
    close(fd);
    aged("a.csv", before.st_mtim.tv_sec); /* someone sets the time back: the bytes still tell */
    ck_assert(TYPE->changed_since(self));
    aged("a.csv", time(NULL) - 60);
    ck_assert(TYPE->changed_since(self));
    extract_close(TYPE, self);
}
END_TEST

START_TEST(what_is_gone_or_altered_before_it_is_read_is_tried_again_later)
{
    void *self = open_with(OPTIONS("path", "*.csv"));
    struct daybreak_fault fault = {0};
    uint8_t digest[16];

    put_text("a.csv", "old\n");
    looks_like(self, "a.csv -\n"); /* from now on it is opened only when it is read */
    ck_assert(extract_take(TYPE, self, "a.csv"));
    unlink(in_base("a.csv"));
    ck_assert_int_eq(TYPE->digest(self, digest, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_str_eq(fault.what, "cannot read 'a.csv': it was altered or taken away before it was read");
    ck_assert_int_eq(symlink("/etc/passwd", in_base("a.csv")), 0);
    ck_assert_int_eq(TYPE->digest(self, digest, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    extract_close(TYPE, self);
}
END_TEST

START_TEST(packed_files_cannot_be_sought_in)
{
    struct bytes packed = gzip(rows, sizeof rows - 1);
    void *self = open_with(OPTIONS("path", "*.gz"));
    struct daybreak_part part = {.size = sizeof part};
    struct daybreak_fault fault = {0};
    enum daybreak_next next;

    put("a.gz", packed.at, packed.size);
    ck_assert(extract_take(TYPE, self, "a.gz"));
    ck_assert_int_eq(TYPE->next_part(self, &part, &next, &fault), 0);
    ck_assert_int_eq(TYPE->seek(self, 5, &fault), -1);
    ck_assert_str_eq(fault.what, "cannot go to a place in 'a.gz': it is packed");
    free(packed.at);
    extract_close(TYPE, self);
}
END_TEST

static void
done_with(void *self, const char *name)
{
    struct daybreak_fault fault = {0};
    uint8_t digest[16];

    ck_assert(extract_take(TYPE, self, name));
    digest_of(self, digest);
    ck_assert_msg(TYPE->finish(self, &fault) == 0, "%s", fault.what);
    ck_assert(!extract_take(TYPE, self, "none"));
}

static bool
there(const char *name)
{
    struct stat stat;

    return lstat(in_base(name), &stat) == 0;
}

START_TEST(after_says_what_becomes_of_a_file)
{
    void *keep = open_with(OPTIONS("path", "a.csv")), *gone = open_with(OPTIONS("path", "a.csv", "after", "delete"));
    void *move = open_with(OPTIONS("path", "*.csv", "after", "move=old/done/"));

    put_text("a.csv", "1");
    put_text("a.csv.done", "");
    done_with(keep, "a.csv");
    ck_assert(there("a.csv"));
    done_with(gone, "a.csv");
    ck_assert(!there("a.csv") && !there("a.csv.done"));
    for (int i = 0; i < 3; i++) {
        put_text("a.csv", "1");
        put_text("a.csv.done", "");
        done_with(move, "a.csv");
        ck_assert(!there("a.csv") && !there("a.csv.done"));
        ck_assert(there(i == 0 ? "old/done/a.csv" : i == 1 ? "old/done/a.csv.1" : "old/done/a.csv.2"));
        ck_assert(there(i == 0 ? "old/done/a.csv.done" : "old/done/a.csv.1.done"));
    }
    extract_close(TYPE, keep);
    extract_close(TYPE, gone);
    extract_close(TYPE, move);
}
END_TEST

START_TEST(what_took_its_name_meanwhile_is_left_alone)
{
    void *self = open_with(OPTIONS("path", "a.csv", "after", "delete"));
    struct daybreak_fault fault = {0};
    uint8_t digest[16];

    put_text("a.csv", "1");
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, digest);
    put_text("b.csv", "2");
    ck_assert_int_eq(rename(in_base("b.csv"), in_base("a.csv")), 0);
    ck_assert_int_eq(TYPE->finish(self, &fault), 0);
    ck_assert(there("a.csv"));
    extract_close(TYPE, self);
}
END_TEST

START_TEST(moved_files_are_not_found_again)
{
    void *self = open_with(OPTIONS("path", "**/*.csv", "after", "move=d/done"));

    folder("d");
    put_text("d/a.csv", "1");
    done_with(self, "d/a.csv");
    looks_like(self, "");
    ck_assert(there("d/done/a.csv"));
    logged("");
    extract_close(TYPE, self);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_stops_with_its_reason)
{
    void *self = open_with(OPTIONS("path", "a.csv", "after", "move=file/done"));
    struct daybreak_fault fault = {0};
    uint8_t digest[16];

    put_text("file", "1");
    put_text("a.csv", "1");
    ck_assert(extract_take(TYPE, self, "a.csv"));
    digest_of(self, digest);
    ck_assert_int_eq(TYPE->finish(self, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_str_eq(fault.what, "cannot move 'a.csv', which is done: Not a directory");
    ck_assert(there("a.csv"));
    extract_close(TYPE, self);
}
END_TEST

START_TEST(what_stands_beside_a_file_has_a_name_made_of_its)
{
    static const struct {
        const char *asked, *name, *found;
    } cases[] = {
        {"{name}.json", "drop/o_1.csv.gz", "drop/o_1.csv.gz.json"}, {"{stem}.json", "drop/o_1.csv.gz", "drop/o_1.json"},
        {"{stem}.json", "o.v2.csv", "o.v2.json"},                   {"{stem}", "o.tar.zst", "o"},
        {"{stem}.x", "o.GZ", "o.x"},                                {"{stem}.x", ".hidden", ".hidden.x"},
        {"{stem}.x", "o", "o.x"},                                   {"SHA256SUMS", "drop/o.csv", "drop/SHA256SUMS"},
        {"../meta/{stem}-{name}", "d/o.csv", "d/../meta/o-o.csv"},  {"/proofs/{name}", "d/o.csv", "/proofs/o.csv"},
    };
    char name[PATH_MAX], large[PATH_MAX + 1];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert(file_beside_name(cases[i].asked, cases[i].name, name));
        ck_assert_str_eq(name, cases[i].found);
    }
    memset(large, 'x', PATH_MAX);
    large[PATH_MAX] = '\0';
    ck_assert(!file_beside_name("{name}", large, name));
    ck_assert(!file_beside_name(large, "a", name));
    ck_assert(!file_beside_name("{stem}{stem}", large + PATH_MAX / 2, name));
}
END_TEST

START_TEST(what_stands_beside_is_read_and_so_is_the_file_as_it_lies_there)
{
    struct bytes packed = gzip(rows, sizeof rows - 1);
    struct daybreak_beside beside = {.size = sizeof beside, .name = "{stem}.json"};
    struct daybreak_fault fault = {0};
    enum daybreak_next next;
    char bytes[100];
    size_t got;
    void *self;

    folder("d");
    put("d/a.csv.gz", packed.at, packed.size);
    put_text("d/a.json", "{\"rows\": 2}");
    self = open_with(OPTIONS("path", "d/*.gz"));
    ck_assert(extract_take(TYPE, self, "d/a.csv.gz"));
    ck_assert_int_eq(TYPE->beside(self, &beside, bytes, 7, &got, &next, &fault), 0);
    ck_assert_int_eq(next, DAYBREAK_MORE);
    ck_assert_str_eq(beside.file_name, "a.csv.gz");
    ck_assert_str_eq(beside.found, "d/a.json");
    ck_assert(got == 7 && memcmp(bytes, "{\"rows\"", 7) == 0);
    beside.offset = 11;
    ck_assert_int_eq(TYPE->beside(self, &beside, bytes, 7, &got, &next, &fault), 0);
    ck_assert(next == DAYBREAK_PART_END && got == 0);
    beside = (struct daybreak_beside){.size = sizeof beside, .name = "{name}.json"};
    ck_assert_int_eq(TYPE->beside(self, &beside, bytes, 7, &got, &next, &fault), 0);
    ck_assert(next == DAYBREAK_IDLE && got == 0);
    ck_assert_str_eq(beside.found, "d/a.csv.gz.json");
    beside = (struct daybreak_beside){.size = sizeof beside, .file = 1, .name = "{stem}.json"};
    ck_assert_int_eq(TYPE->beside(self, &beside, bytes, 7, &got, &next, &fault), 0);
    ck_assert(next == DAYBREAK_INPUT_END && got == 0);
    beside = (struct daybreak_beside){.size = sizeof beside};
    ck_assert_int_eq(TYPE->beside(self, &beside, bytes, sizeof bytes, &got, &next, &fault), 0);
    ck_assert(next == DAYBREAK_MORE && got == packed.size && memcmp(bytes, packed.at, got) == 0);
    ck_assert_str_eq(beside.found, "d/a.csv.gz");
    ck_assert_int_eq(symlink("a.csv.gz", in_base("d/a.link")), 0);
    ck_assert_int_eq(mkdir(in_base("d/a.dir"), 0777), 0);
    for (int i = 0; i < 2; i++) { /* neither a link nor a folder says anything */
        beside = (struct daybreak_beside){.size = sizeof beside, .name = i == 0 ? "{stem}.link" : "{stem}.dir"};
        ck_assert_int_eq(TYPE->beside(self, &beside, bytes, 7, &got, &next, &fault), 0);
        ck_assert_int_eq(next, DAYBREAK_IDLE);
    }
    extract_close(TYPE, self);
    free(packed.at);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    static const struct {
        const char *name, *value, *what;
    } cases[] = {
        {"path", "", "source.path names no file"},
        {"path", "d/", "source.path 'd/' is no name of a file"},
        {"path", "%Y%Q.csv", "source.path '%Y%Q.csv': of the %-parts, %Y %y %m %d %H %M %S %j and %% are known"},
        {"path", "%m%d.csv", "source.path '%m%d.csv': its %-parts tell no year: %Y or %y is missing"},
        {"path", "%Y%d.csv", "source.path '%Y%d.csv': its %-parts tell a day of no month: %m is missing"},
        {"path", "%Y%m%H.csv", "source.path '%Y%m%H.csv': its %-parts tell a time of no day: %d or %j is missing"},
        {"path", "%Y%m%d%M.csv", "source.path '%Y%m%d%M.csv': its %-parts tell minutes of no hour: %H is missing"},
        {"parts", "2", "source.parts is 2 and source.path 'a.csv' tells no time"},
        {"timezone", "Mars/Olympus", "source.timezone 'Mars/Olympus' is not known here"},
        {"after", "burn", "source.after is keep, delete, or {move: FOLDER}"},
        {"after", "move=", "source.after is keep, delete, or {move: FOLDER}"},
        {"after", "keep|delete", "source.after is keep, delete, or {move: FOLDER}"},
    };
    struct daybreak_fault fault = {0};
    const char *const options[] = {"path", "a.csv", cases[_i].name, cases[_i].value, NULL};

    ck_assert_ptr_null(extract_open(TYPE, options, base, &fault));
    ck_assert_str_eq(fault.what, cases[_i].what);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("extract_file");
    TCase *look = tcase_create("look"), *read = tcase_create("read"), *after = tcase_create("after");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(look, base_make, base_remove);
    tcase_add_test(look, globs_take_files_in_name_order);
    tcase_add_test(look, a_file_that_two_patterns_take_is_given_once);
    tcase_add_test(look, times_in_names_order_inputs);
    tcase_add_test(look, times_are_those_of_the_zone);
    tcase_add_test(look, a_day_that_is_none_is_no_match_and_said_once);
    tcase_add_test(look, folders_may_be_globs_of_any_depth);
    tcase_add_test(look, absolute_paths_and_percent_signs_are_names);
    tcase_add_test(look, only_regular_files_are_inputs);
    tcase_add_test(look, files_under_way_and_markers_are_no_inputs_unless_asked_for);
    tcase_add_test(look, what_is_not_there_matches_nothing);
    tcase_add_test(look, a_fingerprint_is_of_one_state);
    tcase_add_test(look, a_file_written_to_just_now_is_waited_for);
    tcase_add_test(look, settle_zero_waits_for_nothing);
    tcase_add_test(look, a_file_from_the_future_is_judged_by_our_clock);
    tcase_add_test(look, a_marker_completes_at_once);
    tcase_add_test(look, a_rename_into_place_wakes_and_completes_at_once);
    tcase_add_test(look, a_follower_is_woken_by_what_matters);
    tcase_add_test(look, growing_files_are_given_while_they_grow_and_packed_ones_are_not);
    tcase_add_test(look, files_of_one_time_are_one_input_when_all_are_there);
    suite_add_tcase(suite, look);

    tcase_add_checked_fixture(read, base_make, base_remove);
    tcase_set_timeout(read, 120);
    tcase_add_test(read, plain_files_are_read_as_they_are);
    tcase_add_loop_test(read, every_filter_is_taken_off_whatever_the_name, 0, 5);
    tcase_add_loop_test(read, a_truncated_stream_is_cut_wherever_it_ends, 0, 5);
    tcase_add_loop_test(read, a_flipped_bit_is_never_taken_for_the_content, 0, 4);
    tcase_add_test(read, gzip_may_have_many_members);
    tcase_add_test(read, gzip_says_what_is_wrong_with_it);
    tcase_add_loop_test(read, what_follows_a_stream_is_not_lost_in_silence, 0, 5);
    tcase_add_loop_test(read, archives_give_their_members, 0, 6);
    tcase_add_test(read, members_are_given_besides_by_their_whole_name_or_its_last_part);
    tcase_add_loop_test(read, tars_may_be_compressed, 0, 5);
    tcase_add_loop_test(read, a_truncated_archive_is_cut_wherever_it_ends, 0, 4);
    tcase_add_test(read, a_member_passed_over_does_not_hide_a_cut_tar);
    tcase_add_test(read, a_second_tar_behind_the_first_is_not_lost_in_silence);
    tcase_add_test(read, empty_archives_end_without_parts);
    tcase_add_loop_test(read, a_flipped_bit_in_an_archive_is_noticed, 0, 2);
    tcase_add_loop_test(read, unsafe_members_hold_the_input, 0, 6);
    tcase_add_test(read, a_member_that_comes_twice_holds_the_input);
    tcase_add_test(read, packed_data_in_packed_data_is_said_to_be_so);
    tcase_add_test(read, names_of_members_are_text_whatever_they_are);
    tcase_add_test(read, an_encrypted_zip_says_so);
    tcase_add_test(read, bounds_hold);
    suite_add_tcase(suite, read);

    tcase_add_checked_fixture(after, base_make, base_remove);
    tcase_add_test(after, a_digest_is_of_the_content_alone);
    tcase_add_test(after, a_digest_is_the_same_however_much_was_read_before);
    tcase_add_test(after, a_digest_ends_soon_when_told_to);
    tcase_add_test(after, altered_in_place_is_noticed_and_replaced_is_not_an_alteration);
    tcase_add_test(after, what_is_gone_or_altered_before_it_is_read_is_tried_again_later);
    tcase_add_test(after, packed_files_cannot_be_sought_in);
    tcase_add_test(after, after_says_what_becomes_of_a_file);
    tcase_add_test(after, what_took_its_name_meanwhile_is_left_alone);
    tcase_add_test(after, moved_files_are_not_found_again);
    tcase_add_test(after, a_folder_that_cannot_be_made_stops_with_its_reason);
    tcase_add_test(after, what_stands_beside_a_file_has_a_name_made_of_its);
    tcase_add_test(after, what_stands_beside_is_read_and_so_is_the_file_as_it_lies_there);
    tcase_add_loop_test(after, wrong_options_are_refused, 0, 12);
    suite_add_tcase(suite, after);

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
