/* SPDX-License-Identifier: Apache-2.0 */
/* Files as targets: what a commit promises, whatever ends the process, and what is never touched. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "file_load.h"
#include "target_mark.h"

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ROW(...) ((const char *const[]){__VA_ARGS__})

static const struct daybreak_column columns[] = {{.name = "id", .type = DAYBREAK_TYPE_TEXT, .key = true}};

static char dir[512];
static struct file_ledger *ledger;
static struct file_load load;

static void
setup(void)
{
    file_dir(dir);
    ledger = file_ledger_new();
}

static void
teardown(void)
{
    file_load_close(&load);
    file_ledger_free(ledger);
    file_dir_remove(dir);
}

static int
begin(const char *path, const char *run)
{
    if (file_load_open(&load, dir, ledger, OPTIONS("path", path)) != 0)
        return -1;
    load.run = run;
    load.target[0] = (struct daybreak_target){.size = sizeof load.target[0], .table = "orders", .column = columns, .columns = 1,
                                              .write = DAYBREAK_APPEND, .envelope = DAYBREAK_ENVELOPE_NONE, .prefix = ""};
    load.target[1] = load.target[0];
    load.target[1].table = "parts";
    return file_load_claim(&load);
}

static void
start(const char *path, const char *run)
{
    ck_assert_msg(begin(path, run) == 0, "%s", load.fault.what);
    ck_assert_msg(file_load_prepare(&load, 1) == 0, "%s", load.fault.what);
}

static void
stage(uint32_t target, const char *id)
{
    ck_assert_msg(file_load_stage(&load, target, file_batch(columns, 1, "c", ROW(id))) == 0, "%s", load.fault.what);
}

static void
land(const char *id, const char *position, bool input_end, bool file_end)
{
    stage(0, id);
    ck_assert_msg(file_load_commit(&load, position, input_end, file_end) == 0, "%s", load.fault.what);
}

static void
expect(const char *name, const char *text)
{
    char *found = file_text(dir, name);

    if (text == NULL) {
        ck_assert_ptr_null(found);
        return;
    }
    ck_assert_msg(found != NULL, "'%s' is not there", name);
    ck_assert_str_eq(found, text);
    free(found);
}

static void
expect_files(const char *names)
{
    char *list = file_list(dir);

    ck_assert_str_eq(list, names);
    free(list);
}

static void
refused(const char *what, const char *hint)
{
    ck_assert_int_eq(load.fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(load.fault.status, 78);
    ck_assert_msg(strstr(load.fault.what, what) != NULL, "'%s' is not in '%s'", what, load.fault.what);
    ck_assert_msg(strstr(load.fault.hint, hint) != NULL, "'%s' is not in '%s'", hint, load.fault.hint);
}

#define A "{\"id\":\"a\"}\n"
#define B "{\"id\":\"b\"}\n"
#define C "{\"id\":\"c\"}\n"

/* ---- one growing file --------------------------------------------------------------------- */

START_TEST(a_growing_file_goes_on_where_it_ended)
{
    char deep[600], *list;

    start("deep/er/out.jsonl", "R1");
    land("a", "p1", true, false);
    file_load_close(&load);
    start("deep/er/out.jsonl", "R2");
    ck_assert_int_eq(load.now.batch, 1);
    ck_assert_str_eq(load.now.position, "p1");
    ck_assert(load.now.found);
    land("b", "p2", false, false);
    land("c", "p3", true, false);
    ck_assert_int_eq(file_load_end(&load), 0);
    file_load_close(&load);
    expect("deep/er/out.jsonl", A B C);
    snprintf(deep, sizeof deep, "%s/deep/er", dir);
    list = file_list(deep);
    ck_assert_str_eq(list, "out.jsonl");
    free(list);
}
END_TEST

START_TEST(what_was_rolled_back_was_never_there)
{
    char *big = memory_need((2 << 20) + 1);

    memset(big, 'x', 2 << 20);
    big[2 << 20] = '\0';
    start("out.jsonl", "R1");
    land("a", "p1", false, false);
    stage(0, big); /* more than the buffer: it is on disk already */
    stage(0, big);
    file_load_rollback(&load);
    expect("out.jsonl", A);
    land("b", "p2", true, false);
    stage(0, big);
    stage(0, big);
    file_load_close(&load); /* the end of a life that failed is no kill */
    expect("out.jsonl", A B);
    expect_files("out.jsonl");
    free(big);
}
END_TEST

START_TEST(an_empty_file_is_taken_and_a_full_one_is_refused)
{
    file_put(dir, "out.jsonl", "");
    start("out.jsonl", "R1");
    land("a", "p1", true, false);
    file_load_close(&load);
    expect("out.jsonl", A);
    memset(ledger, 0, sizeof *ledger);
    ck_assert_int_eq(begin("out.jsonl", "R2"), 0);
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    refused("it holds 11 bytes that this pipeline did not write", "`existing: adopt`");
    expect("out.jsonl", A);
}
END_TEST

START_TEST(adopt_appends_behind_what_is_there)
{
    file_put(dir, "out.jsonl", "old\n");
    ck_assert_int_eq(begin("out.jsonl", "R1"), 0);
    load.target[0].existing = DAYBREAK_EXISTING_ADOPT;
    ck_assert_int_eq(file_load_prepare(&load, 1), 0);
    land("a", "p1", true, false);
    file_load_close(&load);
    start("out.jsonl", "R2"); /* from now on it is ours */
    land("b", "p2", true, false);
    expect("out.jsonl", "old\n" A B);
}
END_TEST

START_TEST(adopt_wants_a_whole_last_line)
{
    file_put(dir, "out.jsonl", "old");
    ck_assert_int_eq(begin("out.jsonl", "R1"), 0);
    load.target[0].existing = DAYBREAK_EXISTING_ADOPT;
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    refused("its last line has no end", "");
    file_load_close(&load);
    expect("out.jsonl", "old");
}
END_TEST

enum foreign { APPENDED, SHORTER, ALTERED, REPLACED, GONE };

static const struct {
    enum foreign how;
    const char *what;
} foreigns[] = {
    {APPENDED, "behind its first 11 bytes there are 3 that this pipeline did not write"},
    {SHORTER, "it is shorter than what was committed to it"},
    {ALTERED, "its content is not what was committed to it"},
    {REPLACED, "it is another file than the one this pipeline wrote"},
    {GONE, "it is gone"},
};

START_TEST(a_file_that_somebody_touched_is_a_halt_and_is_left_alone)
{
    const char *left = NULL;
    char from[600], to[600];

    start("out.jsonl", "R1");
    land("a", "p1", true, false);
    file_load_close(&load);
    snprintf(from, sizeof from, "%s/new", dir);
    snprintf(to, sizeof to, "%s/out.jsonl", dir);
    switch (foreigns[_i].how) {
    case APPENDED:
        file_append(dir, "out.jsonl", left = "ho\n");
        left = A "ho\n";
        break;
    case SHORTER:
        file_put(dir, "out.jsonl", left = "{\"id\":\"a\"}");
        break;
    case ALTERED:
        file_put(dir, "out.jsonl", left = B);
        break;
    case REPLACED:
        file_put(dir, "new", left = A);
        ck_assert_int_eq(rename(from, to), 0);
        break;
    case GONE:
        unlink(to);
        break;
    }
    ck_assert_int_eq(begin("out.jsonl", "R2"), -1);
    refused(foreigns[_i].what, "give the sink another path");
    file_load_close(&load);
    expect("out.jsonl", left);
    start("other.jsonl", "R3"); /* the way out: the position stays, the file is a new one */
    ck_assert_str_eq(load.now.position, "p1");
    land("b", "p2", true, false);
    file_load_close(&load);
    expect("out.jsonl", left);
    expect("other.jsonl", B);
}
END_TEST

START_TEST(somebody_who_writes_along_is_noticed_and_nothing_of_his_is_lost)
{
    start("out.jsonl", "R1");
    land("a", "p1", false, false);
    file_append(dir, "out.jsonl", "his\n");
    stage(0, "b");
    ck_assert_int_eq(file_load_commit(&load, "p2", true, false), -1);
    refused("somebody else writes to it", "put back what was there");
    file_load_close(&load);
    expect("out.jsonl", A "his\n");
}
END_TEST

START_TEST(a_file_moved_away_while_it_is_written_is_noticed)
{
    char from[600], to[600];

    start("out.jsonl", "R1");
    snprintf(from, sizeof from, "%s/out.jsonl", dir);
    snprintf(to, sizeof to, "%s/out.1", dir);
    ck_assert_int_eq(rename(from, to), 0);
    stage(0, "b");
    ck_assert_int_eq(file_load_commit(&load, "p2", true, false), -1);
    refused("it was moved or replaced while it was written", "put back what was there");
}
END_TEST

START_TEST(a_full_disk_leaves_the_file_as_it_was)
{
    struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    char *big = memory_need((2 << 20) + 1);

    memset(big, 'x', 2 << 20);
    big[2 << 20] = '\0';
    signal(SIGXFSZ, SIG_IGN);
    start(_i == 0 ? "out.jsonl" : "o_{run}.jsonl", "R1");
    land("a", "p1", false, false);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    stage(0, big);
    if (file_load_stage(&load, 0, file_batch(columns, 1, "c", ROW(big))) == 0) /* the full buffer is written behind it */
        ck_assert_int_eq(file_load_commit(&load, "p2", true, false), -1);
    ck_assert_int_eq(load.fault.status, 74);
    ck_assert_str_eq(load.fault.code, "disk-full");
    file_load_rollback(&load);
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    land("b", "p2", true, true);
    expect(_i == 0 ? "out.jsonl" : "o_R1.jsonl", A B);
    free(big);
}
END_TEST

START_TEST(a_commit_from_another_position_is_refused)
{
    start("out.jsonl", "R1");
    land("a", "p1", false, false);
    snprintf(load.position, sizeof load.position, "p0");
    stage(0, "b");
    ck_assert_int_eq(file_load_commit(&load, "p2", true, false), -1);
    ck_assert_int_eq(load.fault.status, 75);
}
END_TEST

START_TEST(two_processes_take_turns)
{
    struct file_load second = load;

    start("out.jsonl", "R1");
    second = load;
    memset(&load, 0, sizeof load);
    ck_assert_int_eq(begin("out.jsonl", "R2"), 0);
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    ck_assert_int_eq(load.fault.kind, DAYBREAK_RETRY);
    ck_assert_int_eq(load.fault.status, 75);
    file_load_close(&load);
    load = second;
    load.host.base_dir = load.dir;
}
END_TEST

START_TEST(a_path_says_what_it_means)
{
    static const struct {
        const char *path, *what;
    } cases[] = {
        {"out/{day}.jsonl", "cannot write to 'out/{day}.jsonl': '{day}.jsonl' is none of {run}, {date}, {table}"},
        {"out/", "cannot write to 'out/': it names no file"},
        {"", "cannot write to '': it names no file"},
        {"a\nb", "cannot write to 'a\nb': it names no file"},
    };

    ck_assert_int_eq(begin(cases[_i].path, "R1"), -1);
    refused(cases[_i].what, "");
}
END_TEST

START_TEST(a_growing_file_has_no_marker)
{
    ck_assert_int_eq(begin("out.jsonl", "R1"), 0);
    load.target[0].done = ".done";
    ck_assert_int_eq(file_load_prepare(&load, 1), -1);
    refused("cannot mark 'out.jsonl' as done: it grows for ever", "put {run} or {date} into its path");
}
END_TEST

START_TEST(tables_share_a_file_or_have_their_own)
{
    ck_assert_int_eq(begin(_i == 0 ? "out.jsonl" : "{table}.jsonl", "R1"), 0);
    ck_assert_int_eq(file_load_prepare(&load, 2), 0);
    stage(0, "a");
    stage(1, "b");
    stage(0, "c");
    ck_assert_int_eq(file_load_commit(&load, "p1", true, false), 0);
    file_load_close(&load);
    ck_assert_int_eq(begin(_i == 0 ? "out.jsonl" : "{table}.jsonl", "R2"), 0);
    ck_assert_int_eq(file_load_prepare(&load, 2), 0);
    stage(1, "b");
    ck_assert_int_eq(file_load_commit(&load, "p2", true, false), 0);
    file_load_close(&load);
    if (_i == 0) {
        expect_files("out.jsonl");
        expect("out.jsonl", A B C B);
    } else {
        expect_files("orders.jsonl parts.jsonl");
        expect("orders.jsonl", A C);
        expect("parts.jsonl", B B);
    }
}
END_TEST

/* ---- a file a run ------------------------------------------------------------------------- */

START_TEST(a_whole_file_has_its_name_when_the_run_ends)
{
    char *list;

    start("o_{run}.jsonl", "R1");
    land("a", "p1", true, false);
    land("b", "p2", true, false);
    list = file_list(dir);
    ck_assert_int_eq(strncmp(list, ".o_R1.jsonl.", 12), 0);
    ck_assert_ptr_nonnull(strstr(list, ".part"));
    free(list);
    ck_assert_msg(file_load_end(&load) == 0, "%s", load.fault.what);
    expect_files("o_R1.jsonl");
    ck_assert_msg(file_load_end(&load) == 0, "%s", load.fault.what); /* again: nothing */
    file_load_close(&load);
    start("o_{run}.jsonl", "R2");
    land("c", "p3", true, false);
    ck_assert_int_eq(file_load_end(&load), 0);
    file_load_close(&load);
    expect_files("o_R1.jsonl o_R2.jsonl");
    expect("o_R1.jsonl", A B);
    expect("o_R2.jsonl", C);
}
END_TEST

START_TEST(a_follower_gives_a_file_an_input)
{
    start("o_{run}.jsonl", "R1");
    land("a", "p1", false, false);
    land("b", "p2", true, true);
    expect_files("o_R1.jsonl");
    land("c", "p3", true, true);
    file_load_close(&load);
    expect_files("o_R1.2.jsonl o_R1.jsonl");
    expect("o_R1.jsonl", A B);
    expect("o_R1.2.jsonl", C);
}
END_TEST

START_TEST(the_marker_comes_behind_the_name)
{
    ck_assert_int_eq(begin("o_{run}.jsonl", "R1"), 0);
    load.target[0].done = ".done";
    ck_assert_int_eq(file_load_prepare(&load, 1), 0);
    land("a", "p1", true, true);
    expect_files("o_R1.jsonl o_R1.jsonl.done");
}
END_TEST

START_TEST(a_date_stands_for_the_day_of_the_load)
{
    start("{date}/o.jsonl", "R1");
    land("a", "p1", true, true);
    expect("2025-02-21/o.jsonl", A);
}
END_TEST

START_TEST(a_name_that_is_taken_is_never_overwritten)
{
    file_put(dir, _i == 0 ? "o_R1.jsonl" : "o_R1.jsonl.done", "mine\n");
    ck_assert_int_eq(begin("o_{run}.jsonl", "R1"), 0);
    load.target[0].done = ".done";
    ck_assert_int_eq(file_load_prepare(&load, 1), 0);
    ck_assert_int_eq(file_load_stage(&load, 0, file_batch(columns, 1, "c", ROW("a"))), -1);
    refused("it is there already, or its marker is", "nothing is ever overwritten");
    file_load_close(&load);
    expect(_i == 0 ? "o_R1.jsonl" : "o_R1.jsonl.done", "mine\n");
    expect_files(_i == 0 ? "o_R1.jsonl" : "o_R1.jsonl.done");
}
END_TEST

START_TEST(a_name_taken_meanwhile_is_not_overwritten_either)
{
    char path[600];

    start("o_{run}.jsonl", "R1");
    stage(0, "a");
    file_put(dir, "o_R1.jsonl", "mine\n");
    ck_assert_int_eq(file_load_commit(&load, "p1", true, true), -1);
    refused("a file is there that this pipeline did not write", "move it away and run again");
    file_load_close(&load);
    expect("o_R1.jsonl", "mine\n");
    snprintf(path, sizeof path, "%s/o_R1.jsonl", dir);
    ck_assert_int_eq(unlink(path), 0);
    start("o_{run}.jsonl", "R2"); /* the commit had happened: it is ended now */
    ck_assert_str_eq(load.now.position, "p1");
    ck_assert_int_eq(load.now.batch, 1);
    expect("o_R1.jsonl", A);
}
END_TEST

START_TEST(an_aside_without_a_commit_is_gone_with_its_run)
{
    start("o_{run}.jsonl", "R1");
    stage(0, "a");
    file_load_rollback(&load);
    expect_files("");
    land("b", "p1", true, true);
    expect_files("o_R1.jsonl");
    expect("o_R1.jsonl", B);
}
END_TEST

START_TEST(an_input_that_broke_off_goes_on_in_its_file)
{
    start("o_{run}.jsonl", "R1");
    land("a", "p1", false, false);
    file_load_close(&load);
    start("o_{run}.jsonl", "R2");
    land("b", "p2", true, false);
    ck_assert_int_eq(file_load_end(&load), 0);
    expect_files("o_R1.jsonl");
    expect("o_R1.jsonl", A B);
}
END_TEST

/* ---- kill --------------------------------------------------------------------------------- */

#define COMMITS 3

/*
 * One life: as many of the commits as are still to be done, the same whenever they are made. The second has a row larger than the
 * buffer, so that the file is written before its commit. Gives 0 when all is done.
 */
static int
life(const char *path, bool follow, const char *run, const char *big)
{
    if (begin(path, run) != 0)
        return 1;
    load.target[0].done = strchr(path, '{') != NULL ? ".done" : NULL;
    if (file_load_prepare(&load, 1) != 0)
        return 2;
    for (int64_t k = load.now.batch / 2; k < COMMITS; k++) {
        char position[16], id[16];
        bool input_end = k > 0;

        snprintf(position, sizeof position, "p%d", (int)k + 1);
        snprintf(id, sizeof id, "%d", (int)k);
        if (k > 0 && (load.position[0] != 'p' || strtoll(load.position + 1, NULL, 10) != k))
            return 3;
        if (file_load_stage(&load, 0, file_batch(columns, 1, "c", ROW(id))) != 0 ||
            file_load_stage(&load, 0, file_batch(columns, 1, "cc", ROW(k == 1 ? big : "small", id))) != 0 ||
            file_load_commit(&load, position, input_end, input_end && follow) != 0)
            return 4;
    }
    if (!follow && file_load_end(&load) != 0)
        return 5;
    file_load_close(&load);
    return 0;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that readers may see, in the order it was made: every file begins with the number of its first commit. */
static char *
seen(void)
{
    char *list = file_list(dir), *all = memory_text(""), *rest = list, *name, *text[32];
    size_t count = 0;

    while ((name = strsep(&rest, " ")) != NULL && count < 32)
        if (name[0] != '.' && name[0] != '\0')
            text[count++] = file_text(dir, name);
    qsort(text, count, sizeof *text, by_text);
    for (size_t i = 0; i < count; i++) {
        all = memory_grow(all, strlen(all) + strlen(text[i]) + 1);
        memcpy(all + strlen(all), text[i], strlen(text[i]) + 1);
        free(text[i]);
    }
    free(list);
    return all;
}

static const struct {
    const char *path;
    bool follow;
} routes[] = {{"out.jsonl", false}, {"o_{run}.jsonl", false}, {"o_{run}.jsonl", true}, {"o.jsonl", true}};

/* Killed at passage ${first} and, in the next life, at passage ${second} (0: never). Gives false when ${first} was never
 * reached. */
static bool
killed_lives(int route, int first, int second, const char *big, const char *expected)
{
    char *found, *list;
    int status = 0;

    memset(ledger, 0, sizeof *ledger);
    for (int at = 1; at <= 3; at++) {
        char run[8];
        pid_t pid;

        snprintf(run, sizeof run, "R%d", at);
        ledger->passed = 0;
        ledger->kill_at = at == 1 ? first : at == 2 ? second : 0;
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            int result = life(routes[route].path, routes[route].follow, run, big);

            if (result != 0)
                fprintf(stderr, "killed at %d, %d: life %d: %d: %s\n", first, second, at, result, load.fault.what);
            _exit(result);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            ck_assert_int_eq(WEXITSTATUS(status), 0);
            break;
        }
        ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    }
    ck_assert(WIFEXITED(status));
    found = seen();
    ck_assert_msg(strcmp(found, expected) == 0, "killed at %d, %d: a record was lost or doubled (%zu bytes, not %zu)", first,
                  second, strlen(found), strlen(expected));
    free(found);
    list = file_list(dir);
    ck_assert_msg(list[0] != '.' && strstr(list, " .") == NULL, "killed at %d, %d: left behind: %s", first, second, list);
    free(list);
    return ledger->passed > 0 && !(first > 0 && ledger->kill_at == first);
}

START_TEST(a_kill_anywhere_loses_and_doubles_nothing)
{
    char *big = memory_need((1 << 20) + 300001), *expected;
    int first;

    memset(big, 'x', (1 << 20) + 300000);
    big[(1 << 20) + 300000] = '\0';
    ck_assert_int_eq(life(routes[_i].path, routes[_i].follow, "R1", big), 0);
    expected = seen();
    ck_assert_uint_gt(strlen(expected), 1 << 20);
    file_dir_remove(dir);
    for (first = 1; first < 1000; first++) {
        bool reached;

        file_dir(dir);
        reached = killed_lives(_i, first, first % 7 + (first % 5) * 3, big, expected);
        file_dir_remove(dir);
        if (!reached)
            break;
    }
    ck_assert_int_gt(first, 25);
    ck_assert_int_lt(first, 1000);
    file_dir(dir);
    free(expected);
    free(big);
}
END_TEST

START_TEST(bytes_appended_to_a_torn_tail_are_not_cut)
{
    char *big = memory_need((2 << 20) + 1), *before, *after;
    int status;
    pid_t pid;

    memset(big, 'x', 2 << 20);
    big[2 << 20] = '\0';
    pid = fork();
    if (pid == 0) {
        start("out.jsonl", "R1");
        land("a", "p1", false, false);
        stage(0, big);
        stage(0, "b");
        stage(0, big); /* gives the first two away to be written */
        ck_assert_int_eq(file_load_prepare(&load, 1), 0); /* waits until they are: nothing is under way when the kill comes */
        raise(SIGKILL);
    }
    waitpid(pid, &status, 0);
    ck_assert(WIFSIGNALED(status));
    if (_i == 1)
        file_append(dir, "out.jsonl", "his\n");
    before = file_text(dir, "out.jsonl");
    ck_assert_uint_gt(strlen(before), 2 << 20);
    if (_i == 0) {
        start("out.jsonl", "R2");
        expect("out.jsonl", A);
    } else {
        ck_assert_int_eq(begin("out.jsonl", "R2"), -1);
        refused("that this pipeline did not write", "take them out");
        after = file_text(dir, "out.jsonl");
        ck_assert_str_eq(before, after);
        free(after);
    }
    free(before);
    free(big);
}
END_TEST

/* ---- the mark ----------------------------------------------------------------------------- */

START_TEST(a_mark_reads_back_as_written)
{
    struct target_mark_file files[2] = {
        {.state = TARGET_GROWS, .device = UINT64_MAX, .inode = 7, .length = INT64_MAX, .tail = {0xff, 1}, .shape = 9, .table = "",
         .run = "", .path = "a b.jsonl"},
        {.state = TARGET_ENDS, .at_end = true, .serial = 3, .table = "t", .run = "R", .path = "p"}};
    struct target_mark mark = {.intended = _i == 1, .batch = 5, .released = 2, .position = "{\"a\":\"\\t\"}\tb\nc",
                               .done = ".done", .file = files, .files = 2}, back;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    target_mark_write(&mark, out);
    fclose(out);
    ck_assert(target_mark_read(text, &back));
    ck_assert(back.intended == mark.intended);
    ck_assert_uint_eq(back.files, 2);
    ck_assert_str_eq(back.done, ".done");
    if (_i == 1) {
        ck_assert_str_eq(back.position, mark.position);
        ck_assert_int_eq(back.batch, 5);
        ck_assert_int_eq(back.released, 2);
    }
    ck_assert_uint_eq(back.file[0].device, UINT64_MAX);
    ck_assert_int_eq(back.file[0].length, INT64_MAX);
    ck_assert_mem_eq(back.file[0].tail, files[0].tail, 16);
    ck_assert_str_eq(back.file[0].path, "a b.jsonl");
    ck_assert_int_eq(back.file[1].state, TARGET_ENDS);
    ck_assert(back.file[1].at_end);
    ck_assert_int_eq(back.file[1].serial, 3);
    target_mark_fini(&back);
    for (size_t cut = 0; cut < size; cut++) { /* what is cut short never reads as something else that crashes */
        char end = text[cut];

        text[cut] = '\0';
        target_mark_read(text, &back);
        target_mark_fini(&back);
        text[cut] = end;
    }
    free(text);
}
END_TEST

static const char *const broken_marks[] = {
    "", "daybreak files 2\n", "daybreak files 1", "daybreak files 1\nfile\n", "daybreak files 1\nfile\t9\t0\t1\t1\t1\n",
    "daybreak files 1\ncommit\t1\t0\n", "daybreak files 1\nposition\tx", "daybreak files 1\nelse\t1\n",
    "daybreak files 1\nfile\t1\t0\t1\t1\t99999999999999999999\t00000000000000000000000000000000\t0\t0\t\t\tp\n",
    "daybreak files 1\nfile\t1\t0\t1\t1\t1\t0000000000000000000000000000000g\t0\t0\t\t\tp\n",
};

START_TEST(a_damaged_mark_is_a_halt)
{
    struct target_mark mark;

    ck_assert(!target_mark_read(broken_marks[_i], &mark));
    target_mark_fini(&mark);
    if (_i == 0)
        return;
    snprintf(ledger->mark, sizeof ledger->mark, "%s", broken_marks[_i]);
    ck_assert_int_eq(begin("out.jsonl", "R1"), -1);
    refused("cannot read what the state says of 'out.jsonl'", "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("target_file");
    TCase *tcase = tcase_create("target_file"), *kill = tcase_create("kill");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, kill);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_checked_fixture(kill, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_set_timeout(kill, 600);
    tcase_add_test(tcase, a_growing_file_goes_on_where_it_ended);
    tcase_add_test(tcase, what_was_rolled_back_was_never_there);
    tcase_add_test(tcase, an_empty_file_is_taken_and_a_full_one_is_refused);
    tcase_add_test(tcase, adopt_appends_behind_what_is_there);
    tcase_add_test(tcase, adopt_wants_a_whole_last_line);
    tcase_add_loop_test(tcase, a_file_that_somebody_touched_is_a_halt_and_is_left_alone, 0,
                        (int)(sizeof foreigns / sizeof *foreigns));
    tcase_add_test(tcase, somebody_who_writes_along_is_noticed_and_nothing_of_his_is_lost);
    tcase_add_test(tcase, a_file_moved_away_while_it_is_written_is_noticed);
    tcase_add_loop_test(tcase, a_full_disk_leaves_the_file_as_it_was, 0, 2);
    tcase_add_test(tcase, a_commit_from_another_position_is_refused);
    tcase_add_test(tcase, two_processes_take_turns);
    tcase_add_loop_test(tcase, a_path_says_what_it_means, 0, 4);
    tcase_add_test(tcase, a_growing_file_has_no_marker);
    tcase_add_loop_test(tcase, tables_share_a_file_or_have_their_own, 0, 2);
    tcase_add_test(tcase, a_whole_file_has_its_name_when_the_run_ends);
    tcase_add_test(tcase, a_follower_gives_a_file_an_input);
    tcase_add_test(tcase, the_marker_comes_behind_the_name);
    tcase_add_test(tcase, a_date_stands_for_the_day_of_the_load);
    tcase_add_loop_test(tcase, a_name_that_is_taken_is_never_overwritten, 0, 2);
    tcase_add_test(tcase, a_name_taken_meanwhile_is_not_overwritten_either);
    tcase_add_test(tcase, an_aside_without_a_commit_is_gone_with_its_run);
    tcase_add_test(tcase, an_input_that_broke_off_goes_on_in_its_file);
    tcase_add_loop_test(tcase, a_mark_reads_back_as_written, 0, 2);
    tcase_add_loop_test(tcase, a_damaged_mark_is_a_halt, 0, (int)(sizeof broken_marks / sizeof *broken_marks));
    tcase_add_loop_test(kill, a_kill_anywhere_loses_and_doubles_nothing, 0, 4);
    tcase_add_loop_test(kill, bytes_appended_to_a_torn_tail_are_not_cut, 0, 2);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
