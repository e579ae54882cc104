/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/fault.h"

static char folder[64], path[128];
static struct daybreak_fault fault;

#define OK(call) ck_assert_msg((call) == 0, "%s", fault.what)

static const char *
in_folder(const char *name)
{
    static char full[4][256];
    static int turn;
    char *to = full[turn++ % 4];

    snprintf(to, 256, "%s/%s", folder, name);
    return to;
}

static void
setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/daybreak.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/file", folder);
    memset(&fault, 0, sizeof(fault));
}

static int
remove_one(const char *name, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(name);
}

static void
teardown(void)
{
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int
files_in_folder(void)
{
    DIR *dir = opendir(folder);
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2; /* "." and ".." */
}

static void
ck_holds(const char *expected, size_t expected_size)
{
    char *bytes;
    size_t size;

    OK(file_read(path, 1 << 20, &bytes, &size, &fault));
    ck_assert_uint_eq(size, expected_size);
    ck_assert_int_eq(memcmp(bytes, expected, size + 1), 0); /* NUL included */
    free(bytes);
}

START_TEST(what_is_replaced_is_read_back)
{
    struct stat about;

    OK(file_replace(path, "first", 5, &fault));
    ck_holds("first", 5);
    OK(file_replace(path, "a\0b", 3, &fault));
    ck_holds("a\0b", 3);
    OK(file_replace(path, NULL, 0, &fault));
    ck_holds("", 0);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 07777, 0600);
    ck_assert_int_eq(files_in_folder(), 1); /* nothing lies beside it */
}
END_TEST

START_TEST(a_name_without_a_folder_is_in_the_working_one)
{
    ck_assert_int_eq(chdir(folder), 0);
    OK(file_replace("file", "x", 1, &fault));
    ck_assert_int_eq(chdir("/"), 0);
    ck_holds("x", 1);
}
END_TEST

/* Old or new, never a piece, wherever it ends. */
START_TEST(a_killed_replacement_leaves_the_old_or_the_new)
{
    static const char *const points[] = {"base.before-replace", "base.before-replace-sync"};
    int status;
    pid_t child;

    OK(file_replace(path, "old", 3, &fault));
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setenv("DAYBREAK_CRASH_AT", points[_i], 1);
        crash_init();
        file_replace(path, "new", 3, &fault);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_holds(_i == 0 ? "old" : "new", 3);
    OK(file_replace(path, "next", 4, &fault)); /* what lies there is in nobody's way */
    ck_holds("next", 4);
}
END_TEST

START_TEST(a_replacement_that_cannot_be_says_so_and_leaves_nothing)
{
    ck_assert_int_eq(file_replace(in_folder("none/file"), "x", 1, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault_status(&fault), 73);
    ck_assert_ptr_eq(strstr(fault.what, "cannot create a file beside '"), fault.what);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(file_replace(path, "x", 1, &fault), -1); /* over a folder */
    ck_assert_int_eq(fault_status(&fault), 73);
    ck_assert_ptr_eq(strstr(fault.what, "cannot replace '"), fault.what);
    ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(a_replacement_that_stops_half_way_changes_nothing)
{
    struct rlimit few = {.rlim_cur = 4, .rlim_max = RLIM_INFINITY};
    int status;
    pid_t child;

    OK(file_replace(path, "old", 3, &fault));
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &few) == 0 && file_replace(path, "longer", 6, &fault) == -1 &&
                      strstr(fault.what, "File too large") != NULL && fault_status(&fault) == 74
                  ? 0
                  : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_holds("old", 3);
    ck_assert_int_eq(files_in_folder(), 1);
}
END_TEST

START_TEST(the_limit_of_reading_is_exact)
{
    char *bytes = NULL;
    size_t size = 7;

    OK(file_replace(path, "12345", 5, &fault));
    OK(file_read(path, 5, &bytes, &size, &fault));
    ck_assert_uint_eq(size, 5);
    free(bytes);
    bytes = NULL;
    ck_assert_int_eq(file_read(path, 4, &bytes, &size, &fault), -1);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(size, 5);
    ck_assert_int_eq(fault_status(&fault), 74);
    ck_assert_ptr_nonnull(strstr(fault.what, "it has more than 4 bytes"));
    ck_assert_int_eq(file_read(path, 0, &bytes, &size, &fault), -1);
    OK(file_replace(path, "", 0, &fault));
    OK(file_read(path, 0, &bytes, &size, &fault));
    ck_assert_str_eq(bytes, "");
    free(bytes);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    char *bytes;
    size_t size;

    ck_assert_int_eq(file_read(path, 100, &bytes, &size, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 66);
    ck_assert_ptr_nonnull(strstr(fault.what, "/file': No such file or directory"));
    ck_assert_int_eq(file_read(folder, 100, &bytes, &size, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 74);
    ck_assert_ptr_nonnull(strstr(fault.what, "Is a directory"));
}
END_TEST

START_TEST(a_file_without_a_length_is_read_to_its_end)
{
    char *bytes;
    size_t size;

    OK(file_read("/proc/self/status", 1 << 20, &bytes, &size, &fault));
    ck_assert_uint_gt(size, 100);
    ck_assert_ptr_eq(strstr(bytes, "Name:"), bytes);
    free(bytes);
}
END_TEST

START_TEST(a_fifo_that_nobody_writes_does_not_block)
{
    char *bytes;
    size_t size;

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    OK(file_read(path, 100, &bytes, &size, &fault));
    ck_assert_uint_eq(size, 0);
    free(bytes);
}
END_TEST

static void *
drain(void *fd)
{
    static char piece[777];
    size_t sum = 0;
    ssize_t got;

    while ((got = read(*(int *)fd, piece, sizeof(piece))) > 0)
        sum += (size_t)got;
    return (void *)sum;
}

START_TEST(a_non_blocking_pipe_gets_every_byte)
{
    static char bytes[1 << 20];
    pthread_t reader;
    void *sum;
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    OK(file_write_all(ends[1], bytes, sizeof(bytes), "pipe", &fault));
    close(ends[1]);
    ck_assert_int_eq(pthread_join(reader, &sum), 0);
    ck_assert_uint_eq((size_t)sum, sizeof(bytes));
    close(ends[0]);
}
END_TEST

START_TEST(a_full_disk_may_be_tried_again)
{
    int fd = open("/dev/full", O_WRONLY);

    if (fd < 0)
        return; /* no such device here */
    ck_assert_int_eq(file_write_all(fd, "x", 1, "out.csv", &fault), -1);
    close(fd);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_int_eq(fault_status(&fault), 74);
    ck_assert_str_eq(fault.code, "disk-full");
    ck_assert_str_eq(fault.what, "cannot write 'out.csv': No space left on device");
    ck_assert_str_eq(fault.hint, "free some space on its file system");
}
END_TEST

START_TEST(a_failed_write_or_sync_halts)
{
    ck_assert_int_eq(file_write_all(-1, "x", 1, "out.csv", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault_status(&fault), 74);
    ck_assert_int_eq(file_sync(-1, "out.csv", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_str_eq(fault.code, "sync-failed");
    ck_assert_str_eq(fault.what, "cannot sync 'out.csv': Bad file descriptor");
    OK(file_sync_dir(folder, &fault));
    ck_assert_int_eq(file_sync_dir(path, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 73);
}
END_TEST

START_TEST(folders_are_made_with_their_parents)
{
    static const char *const names[] = {"a/b/c", "a/b/c/", "a//b///c", "./a/./b/c"};
    struct stat about;

    OK(file_make_dir(in_folder(names[_i]), &fault));
    OK(file_make_dir(in_folder(names[_i]), &fault));
    ck_assert_int_eq(stat(in_folder("a/b/c"), &about), 0);
    ck_assert(S_ISDIR(about.st_mode));
    ck_assert_uint_eq(about.st_mode & 0777, 0700);
    ck_assert_int_eq(chdir(folder), 0);
    OK(file_make_dir("d", &fault));
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(stat(in_folder("d"), &about), 0);
    OK(file_make_dir("/", &fault));
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_named)
{
    OK(file_replace(path, "x", 1, &fault));
    ck_assert_int_eq(file_make_dir(path, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 73);
    ck_assert_ptr_nonnull(strstr(fault.what, "/file': Not a directory"));
    ck_assert_int_eq(file_make_dir(in_folder("file/x"), &fault), -1);
    ck_assert_ptr_nonnull(strstr(fault.what, "/file': Not a directory"));
    ck_assert_int_eq(symlink("nowhere", in_folder("link")), 0);
    ck_assert_int_eq(file_make_dir(in_folder("link"), &fault), -1);
    ck_assert_int_eq(file_make_dir("", &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 73);
}
END_TEST

START_TEST(a_lock_has_one_holder_until_it_ends)
{
    int first = -1, second = -7;
    bool busy = true;
    pid_t child;

    OK(file_lock(path, &first, &busy, &fault));
    ck_assert(!busy);
    ck_assert_int_ge(first, 0);
    ck_assert_int_eq(fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    OK(file_lock(path, &second, &busy, &fault)); /* this process again */
    ck_assert(busy);
    ck_assert_int_eq(second, -1);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool taken = true;

        _exit(file_lock(path, &second, &taken, &fault) == 0 && taken ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &second, 0), child);
    ck_assert_int_eq(second, 0);
    close(first);
    OK(file_lock(path, &first, &busy, &fault));
    ck_assert(!busy);
    close(first);
}
END_TEST

START_TEST(a_lock_ends_with_a_killed_holder_and_says_who_has_it)
{
    char *bytes, expected[32];
    int lock = -1, status, ends[2];
    size_t size;
    bool busy;
    pid_t child;
    char go;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (file_lock(path, &lock, &busy, &fault) != 0 || write(ends[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ends[0], &go, 1), 1);
    OK(file_read(path, 1000, &bytes, &size, &fault));
    snprintf(expected, sizeof(expected), "pid %ld\n", (long)child);
    ck_assert_ptr_eq(strstr(bytes, expected), bytes);
    ck_assert_ptr_nonnull(strstr(bytes, "since 2"));
    free(bytes);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    OK(file_lock(path, &lock, &busy, &fault));
    ck_assert(!busy);
    close(lock);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_lock_that_cannot_be_opened_is_a_fault)
{
    int lock = -7;
    bool busy;

    ck_assert_int_eq(file_lock(in_folder("none/lock"), &lock, &busy, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 73);
    ck_assert_int_eq(symlink("elsewhere", path), 0); /* a link would let another choose the file */
    ck_assert_int_eq(file_lock(path, &lock, &busy, &fault), -1);
    ck_assert_int_eq(lock, -7);
}
END_TEST

START_TEST(a_file_system_is_asked)
{
    ck_assert_int_gt(file_free_bytes("/tmp"), 0);
    ck_assert_int_eq(file_free_bytes(path), -1);
    ck_assert(!file_is_network(path)); /* unknown is no network */
    ck_assert(!file_is_network("/proc"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = tcase_create("file");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_replaced_is_read_back);
    tcase_add_test(tcase, a_name_without_a_folder_is_in_the_working_one);
    tcase_add_loop_test(tcase, a_killed_replacement_leaves_the_old_or_the_new, 0, 2);
    tcase_add_test(tcase, a_replacement_that_cannot_be_says_so_and_leaves_nothing);
    tcase_add_test(tcase, a_replacement_that_stops_half_way_changes_nothing);
    tcase_add_test(tcase, the_limit_of_reading_is_exact);
    tcase_add_test(tcase, what_cannot_be_read_is_named);
    tcase_add_test(tcase, a_file_without_a_length_is_read_to_its_end);
    tcase_add_test(tcase, a_fifo_that_nobody_writes_does_not_block);
    tcase_add_test(tcase, a_non_blocking_pipe_gets_every_byte);
    tcase_add_test(tcase, a_full_disk_may_be_tried_again);
    tcase_add_test(tcase, a_failed_write_or_sync_halts);
    tcase_add_loop_test(tcase, folders_are_made_with_their_parents, 0, 4);
    tcase_add_test(tcase, a_folder_that_cannot_be_made_is_named);
    tcase_add_test(tcase, a_lock_has_one_holder_until_it_ends);
    tcase_add_test(tcase, a_lock_ends_with_a_killed_holder_and_says_who_has_it);
    tcase_add_test(tcase, a_lock_that_cannot_be_opened_is_a_fault);
    tcase_add_test(tcase, a_file_system_is_asked);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
