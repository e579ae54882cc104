/* SPDX-License-Identifier: Apache-2.0 */
/* What loads that tell remember and show: where they stand, who answered, what an answer may look like. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tell.h"

static int
host_fault(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
{
    va_list list;

    fault->kind = kind;
    va_start(list, what);
    vsnprintf(fault->what, sizeof fault->what, what, list);
    va_end(list);
    return -1;
}

static int
host_hint(struct daybreak_fault *fault, const char *hint, ...)
{
    va_list list;

    va_start(list, hint);
    vsnprintf(fault->hint, sizeof fault->hint, hint, list);
    va_end(list);
    return -1;
}

static const struct daybreak_host host = {.size = sizeof host, .fault = host_fault, .hint = host_hint};
static struct tell tell;
static struct daybreak_fault fault;

static void
setup(void)
{
    memset(&fault, 0, sizeof fault);
    tell_open(&tell, &host);
}

static void
teardown(void)
{
    tell_close(&tell);
}

static void
claim(const char *mark, struct daybreak_checkpoint *now)
{
    static const struct daybreak_checkpoint state = {.size = sizeof state, .epoch = 3, .batch = 7, .released = 1, .position = "seven"};
    const struct daybreak_claim asked = {.size = sizeof asked, .pipeline = "p", .pipeline_id = "1", .handoff = "load", .state = &state,
                                         .state_mark = mark};

    ck_assert_msg(tell_claim(&tell, &asked, now, &fault) == 0, "%s", fault.what);
}

START_TEST(a_commit_that_the_ledger_heard_of_has_happened)
{
    struct daybreak_story story = {.size = sizeof story, .batch = 9};
    struct daybreak_batch_row row = {.size = sizeof row, .story = &story};
    struct daybreak_commit commit = {.size = sizeof commit, .old_position = "seven", .new_position = "nine\nin two lines", .epoch = 4,
                                     .released_new = 2, .batch = &row, .batches = 1};
    struct daybreak_checkpoint now;
    const char *mark;
    char kept[200];

    claim(NULL, &now);
    ck_assert_int_eq(now.batch, 7);
    ck_assert_int_eq(now.epoch, 4);
    ck_assert_str_eq(now.position, "seven");
    ck_assert_int_eq(tell_intend(&tell, &commit, &mark, &fault), 0);
    snprintf(kept, sizeof kept, "%s", mark);
    teardown(); /* a kill between the two halves */
    setup();
    claim(kept, &now);
    ck_assert_int_eq(now.batch, 9);
    ck_assert_int_eq(now.released, 2);
    ck_assert_str_eq(now.position, "nine\nin two lines");
}
END_TEST

START_TEST(a_commit_from_elsewhere_is_refused)
{
    struct daybreak_commit commit = {.size = sizeof commit, .old_position = "six", .new_position = "eight", .epoch = 4};
    struct daybreak_checkpoint now;
    const char *mark;

    claim(NULL, &now);
    ck_assert_int_eq(tell_intend(&tell, &commit, &mark, &fault), -1);
    ck_assert_str_eq(fault.what, "cannot commit what was told: it stands elsewhere than this run believes");
    ck_assert_int_eq(fault.status, 75);
}
END_TEST

START_TEST(a_mark_of_something_else_is_damage)
{
    static const char *const marks[] = {"daybreak told 2\n1 1\nx", "daybreak told 1\nx", "daybreak told 1\n1 x", "garbage"};
    const struct daybreak_checkpoint state = {.size = sizeof state, .position = ""};
    const struct daybreak_claim asked = {.size = sizeof asked, .state = &state, .state_mark = marks[_i]};
    struct daybreak_checkpoint now;

    ck_assert_int_eq(tell_claim(&tell, &asked, &now, &fault), -1);
    ck_assert_str_eq(fault.code, "state-damaged");
}
END_TEST

START_TEST(who_answered_is_not_told_again_until_the_commit)
{
    static const char op[] = "cccc";
    enum { MANY = 5000 };
    struct daybreak_commit commit = {.size = sizeof commit, .new_position = "eight"};
    static uint8_t id[MANY][16];
    struct tell_table table = {0};
    struct daybreak_batch batch = {.size = sizeof batch, .op = op, .event_id = id};

    tell.table = &table; /* its form is not asked for a change that is no delete */
    for (uint32_t i = 0; i < MANY; i++) { /* many share their first bytes: the table must look further */
        id[i][0] = (uint8_t)(i % 3);
        memcpy(id[i] + 8, &i, sizeof i);
        id[i][15] = 1;
    }
    for (uint32_t i = 1; i < MANY; i++)
        tell_answered(&tell, id[i]);
    ck_assert(tell_due(&tell, 0, &batch, 0));
    for (uint32_t i = 1; i < 4; i++)
        ck_assert(!tell_due(&tell, 0, &batch, i));
    ck_assert_int_eq(tell_commit(&tell, &commit, &fault), 0);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert(tell_due(&tell, 0, &batch, i));
    tell.table = NULL;
}
END_TEST

static const struct {
    const char *said, *shown;
} answers[] = {
    {"no such customer\r\n", "no such customer"},
    {"two\nlines\tand more  ", "two lines and more"},
    {"bell\a escape\x1b[31m", "bell? escape?[31m"},
    {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x85", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x85"},
    {"bad \xff \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xc2\x85", "bad ? ?? ??? ???? ??"},
    {"cut \xe2\x82", "cut ??"},
    {"", ""},
};

START_TEST(an_answer_is_shown_as_one_line_of_text)
{
    char shown[200];

    tell_printable(shown, sizeof shown, answers[_i].said, strlen(answers[_i].said));
    ck_assert_str_eq(shown, answers[_i].shown);
}
END_TEST

START_TEST(a_long_answer_is_cut_between_characters)
{
    char said[400], shown[64];

    for (size_t i = 0; i + 3 <= sizeof said; i += 3)
        memcpy(said + i, "\xe2\x82\xac", 3);
    tell_printable(shown, sizeof shown, said, sizeof said / 3 * 3);
    ck_assert_uint_lt(strlen(shown), sizeof shown);
    ck_assert_uint_eq(strlen(shown) % 3, 0);
    ck_assert_uint_gt(strlen(shown), 50);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tell");
    TCase *tcase = tcase_create("tell");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_commit_that_the_ledger_heard_of_has_happened);
    tcase_add_test(tcase, a_commit_from_elsewhere_is_refused);
    tcase_add_loop_test(tcase, a_mark_of_something_else_is_damage, 0, 4);
    tcase_add_test(tcase, who_answered_is_not_told_again_until_the_commit);
    tcase_add_loop_test(tcase, an_answer_is_shown_as_one_line_of_text, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tcase, a_long_answer_is_cut_between_characters);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
