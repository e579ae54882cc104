/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor says of figures that no test machine has. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "engine/doctor.h"

static struct doctor doctor;

static void
setup(void)
{
    doctor_init(&doctor);
}

static void
teardown(void)
{
    doctor_fini(&doctor);
}

/* The check noted last. */
static const struct doctor_check *
last(enum doctor_level level)
{
    const struct doctor_check *check = &doctor.check[doctor.count - 1];

    ck_assert_uint_gt(doctor.count, 0);
    ck_assert_msg(check->level == level, "%s: %s is %d, not %d", check->name, check->found, check->level, level);
    ck_assert_msg(level == DOCTOR_OK || check->advice != NULL, "%s: %s: and what now?", check->name, check->found);
    return check;
}

START_TEST(versions_are_compared_as_numbers)
{
    static const struct {
        const char *version;
        enum doctor_level level;
    } version[] = {{"3.36.9", DOCTOR_FAIL}, {"3.9.99", DOCTOR_FAIL},  {"3.37.0", DOCTOR_WARN}, {"3.37", DOCTOR_WARN},
                   {"3.40.0", DOCTOR_OK},   {"3.100.1", DOCTOR_OK},   {"4", DOCTOR_OK},        {"", DOCTOR_FAIL},
                   {"3.40.0 2022-11-16", DOCTOR_OK}};

    for (size_t i = 0; i < sizeof version / sizeof *version; i++) {
        doctor_version(&doctor, "sqlite", version[i].version, "3.37.0", "3.40.0", "it has a fault");
        last(version[i].level);
    }
    doctor_version(&doctor, "sqlite", "3.30", "3.37.0", "3.40.0", "it has a fault");
    ck_assert_str_eq(last(DOCTOR_FAIL)->advice, "daybreak needs sqlite 3.37.0 or newer");
    doctor_version(&doctor, "sqlite", "3.38", "3.37.0", "3.40.0", "it has a fault");
    ck_assert_str_eq(last(DOCTOR_WARN)->advice, "it has a fault");
    ck_assert_str_eq(last(DOCTOR_WARN)->found, "3.38, before 3.40.0");
}
END_TEST

START_TEST(a_clock_is_synchronised_or_not)
{
    doctor_clock(&doctor, TIME_OK, 0);
    last(DOCTOR_OK);
    doctor_clock(&doctor, TIME_OK, STA_UNSYNC);
    ck_assert_str_eq(last(DOCTOR_WARN)->found, "the system clock is not synchronised");
    doctor_clock(&doctor, TIME_ERROR, 0);
    last(DOCTOR_WARN);
}
END_TEST

START_TEST(a_file_system_is_good_or_says_what_it_does_not_keep)
{
    doctor_filesystem(&doctor, "state_filesystem", "/srv", 0xef53, true);
    ck_assert_str_eq(last(DOCTOR_OK)->found, "'/srv' is on ext4");
    doctor_filesystem(&doctor, "state_filesystem", "/srv", 0x6969, true);
    ck_assert_str_eq(last(DOCTOR_FAIL)->found, "'/srv' is on NFS");
    ck_assert_int_eq(last(DOCTOR_FAIL)->status, 78);
    doctor_filesystem(&doctor, "state_filesystem", "/srv", 0x65735546, true);
    ck_assert_str_eq(last(DOCTOR_FAIL)->found, "'/srv' is on FUSE");
    doctor_filesystem(&doctor, "target_filesystem", "/srv", 0x6969, false);
    last(DOCTOR_WARN);
    doctor_filesystem(&doctor, "state_filesystem", "/run", 0x01021994, true);
    ck_assert_str_eq(last(DOCTOR_WARN)->found, "'/run' is on tmpfs, in memory");
    doctor_filesystem(&doctor, "state_filesystem", "/", 0x794c7630, true);
    ck_assert_ptr_nonnull(strstr(last(DOCTOR_WARN)->advice, "--state DIR"));
    doctor_filesystem(&doctor, "state_filesystem", "/mnt/stick", 0x4d44, true);
    last(DOCTOR_WARN);
    doctor_filesystem(&doctor, "state_filesystem", "/x", 0x12345678, true);
    ck_assert_str_eq(last(DOCTOR_OK)->found, "'/x' is on a file system of kind 0x12345678");
}
END_TEST

START_TEST(room_is_compared_with_what_may_be_needed)
{
    const int64_t GiB = INT64_C(1) << 30;

    doctor_space(&doctor, "target_space", "/srv", 10 * GiB, -1, GiB);
    ck_assert_str_eq(last(DOCTOR_OK)->found, "'/srv' has 10 GiB left");
    doctor_space(&doctor, "target_space", "/srv", 3 * GiB / 2, 1000, GiB);
    ck_assert_str_eq(last(DOCTOR_WARN)->found, "'/srv' has 1.5 GiB left, the largest input may need 1.0 GiB");
    doctor_space(&doctor, "target_space", "/srv", GiB / 2, 1000, GiB);
    ck_assert_ptr_nonnull(strstr(last(DOCTOR_FAIL)->advice, "74"));
    doctor_space(&doctor, "target_space", "/srv", 1 << 20, 1000, 0);
    last(DOCTOR_WARN);
    doctor_space(&doctor, "target_space", "/srv", 10 * GiB, 3, 0);
    ck_assert_str_eq(last(DOCTOR_FAIL)->found, "'/srv' has room for 3 more files");
    doctor_space(&doctor, "target_space", "/srv", INT64_MAX, -1, INT64_MAX / 4);
    last(DOCTOR_OK);
    doctor_space(&doctor, "target_space", "/srv", -1, -1, 0);
    ck_assert_int_eq(doctor.check[doctor.count - 1].level, DOCTOR_WARN);
}
END_TEST

START_TEST(a_limit_may_be_none)
{
    doctor_limit(&doctor, "open_files", "open files", -1, 64, 256, "raise it");
    ck_assert_str_eq(last(DOCTOR_OK)->found, "open files: no limit");
    doctor_limit(&doctor, "open_files", "open files", 1024, 64, 256, "raise it");
    last(DOCTOR_OK);
    doctor_limit(&doctor, "open_files", "open files", 255, 64, 256, "raise it");
    ck_assert_str_eq(last(DOCTOR_WARN)->found, "open files: 255");
    doctor_limit(&doctor, "open_files", "open files", 63, 64, 256, "raise it");
    last(DOCTOR_FAIL);
}
END_TEST

START_TEST(what_is_found_is_shown_without_control_characters)
{
    doctor_note(&doctor, DOCTOR_WARN, 0, "cron", "mind it", "a line \x1b[31mwith %s", "a\tcolour\n");
    ck_assert_ptr_null(strpbrk(last(DOCTOR_WARN)->found, "\x1b\n"));
}
END_TEST

static void
crontab(const char *text)
{
    char path[] = "/tmp/daybreak.XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    doctor_cron(&doctor, path);
    unlink(path);
}

static bool
noted(const char *name)
{
    for (uint32_t i = 0; i < doctor.count; i++)
        if (strcmp(doctor.check[i].name, name) == 0)
            return true;
    return false;
}

START_TEST(lines_are_taken_apart_as_cron_does)
{
    crontab("# 0 2 * * * daybreak run a.yaml\n\nMAILTO = 'me'\n0 2 * * *\n@daily\n0 2 * * * nothing\n");
    ck_assert_str_eq(last(DOCTOR_OK)->name, "cron");
    crontab("0 2 * * * echo 'daybreak run /nonexistent/x.yaml'\n"); /* a text, no call */
    ck_assert(!noted("cron_file"));
    crontab("0 2 * * * cd '/tmp' && nice -n 5 daybreak -C /tmp run \"/nonexistent/a b.yaml\" && echo fine > /dev/null\n");
    ck_assert(noted("cron_file") && noted("cron_path"));
    ck_assert(!noted("cron_silenced")); /* another command's */
    ck_assert(!noted("cron_program"));
    crontab("0 2 * * * cd /nonexistent/daybreak && /nonexistent/bin/daybreak run a.yaml\n");
    for (uint32_t i = 0; i < doctor.count; i++)
        ck_assert(strcmp(doctor.check[i].name, "cron_program") != 0 || strstr(doctor.check[i].found, "program /nonexistent/bin/daybreak"));
    ck_assert(noted("cron_program"));
}
END_TEST

/* Whatever stands in a crontab, nothing worse than a finding comes of it. */
START_TEST(any_bytes_may_stand_in_a_crontab)
{
    static const char alphabet[] = "daybreak run*/,-%\\'\"=;|&<> \t\nPATH@0159.yaml-C\x01\xff";
    uint64_t dice = (uint64_t)_i * 0x9e3779b97f4a7c15u + 1;
    char text[600];

    for (size_t i = 0; i + 1 < sizeof text; i++) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        text[i] = alphabet[dice % (sizeof alphabet - 1)];
        if (i % 60 == 0 && i + 30 < sizeof text) {
            memcpy(text + i, "0 2 * * * daybreak run ", 23);
            i += 22;
        }
    }
    text[sizeof text - 1] = '\0';
    crontab(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor");
    TCase *tcase = tcase_create("judges");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, versions_are_compared_as_numbers);
    tcase_add_test(tcase, a_clock_is_synchronised_or_not);
    tcase_add_test(tcase, a_file_system_is_good_or_says_what_it_does_not_keep);
    tcase_add_test(tcase, room_is_compared_with_what_may_be_needed);
    tcase_add_test(tcase, a_limit_may_be_none);
    tcase_add_test(tcase, what_is_found_is_shown_without_control_characters);
    tcase_add_test(tcase, lines_are_taken_apart_as_cron_does);
    tcase_add_loop_test(tcase, any_bytes_may_stand_in_a_crontab, 0, 200);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
