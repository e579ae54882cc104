/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct daybreak_fault fault;

START_TEST(setting_tells_the_whole_story_anew)
{
    memset(&fault, 'x', sizeof(fault));
    ck_assert_int_eq(fault_set(&fault, DAYBREAK_RETRY, "cannot open '%s': %s", "a.csv", "no such file"), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_RETRY);
    ck_assert_int_eq(fault.status, 0);
    ck_assert_str_eq(fault.code, "");
    ck_assert_str_eq(fault.hint, "");
    ck_assert_str_eq(fault.what, "cannot open 'a.csv': no such file");
}
END_TEST

START_TEST(where_goes_in_front_and_the_rest_stays)
{
    fault_set(&fault, DAYBREAK_HALT, "disk is full");
    ck_assert_int_eq(fault_exit(&fault, 74, "disk-full"), -1);
    ck_assert_int_eq(fault_hint(&fault, "free %d bytes", 5), -1);
    ck_assert_int_eq(fault_within(&fault, "writing '%s'", "orders"), -1);
    fault_within(&fault, "run %d", 7);
    ck_assert_str_eq(fault.what, "run 7: writing 'orders': disk is full");
    ck_assert_str_eq(fault.hint, "free 5 bytes");
    ck_assert_str_eq(fault.code, "disk-full");
    ck_assert_int_eq(fault.status, 74);
}
END_TEST

START_TEST(a_fault_may_be_told_with_its_own_words)
{
    fault_set(&fault, DAYBREAK_RETRY, "timeout");
    fault_hint(&fault, "wait");
    fault_set(&fault, DAYBREAK_HALT, "gave up: %s", fault.what);
    ck_assert_str_eq(fault.what, "gave up: timeout");
    fault_hint(&fault, "%s?", fault.what);
    fault_within(&fault, "%s", fault.hint);
    ck_assert_str_eq(fault.what, "gave up: timeout?: gave up: timeout");
}
END_TEST

/* Characters of 1, 2, 3 and 4 bytes, so that the room ends at each place of one. */
START_TEST(a_long_story_is_cut_between_characters)
{
    static const char *const letters[] = {"x", "é", "€", "😀"};
    char text[3 * DAYBREAK_WHAT_MAX] = "";
    size_t letter = strlen(letters[_i / 4]), size = (size_t)(_i % 4);

    memset(text, '.', size);
    while (size + letter < sizeof(text)) {
        memcpy(text + size, letters[_i / 4], letter);
        size += letter;
    }
    text[size] = '\0';
    fault_set(&fault, DAYBREAK_HALT, "%s", text);
    ck_assert_uint_ge(strlen(fault.what), DAYBREAK_WHAT_MAX - 4);
    ck_assert(text_utf8(fault.what, strlen(fault.what)));
    fault_hint(&fault, "%s", text);
    ck_assert_uint_ge(strlen(fault.hint), DAYBREAK_HINT_MAX - 4);
    ck_assert(text_utf8(fault.hint, strlen(fault.hint)));
    fault_within(&fault, "%s", text);
    ck_assert_uint_ge(strlen(fault.what), DAYBREAK_WHAT_MAX - 5);
    ck_assert(text_utf8(fault.what, strlen(fault.what)));
    fault_set(&fault, DAYBREAK_HALT, "%s", text);
    fault_within(&fault, "here");
    ck_assert_ptr_eq(strstr(fault.what, "here: "), fault.what);
    ck_assert(text_utf8(fault.what, strlen(fault.what)));
    fault_exit(&fault, 1, text);
    ck_assert_uint_lt(strlen(fault.code), sizeof(fault.code));
}
END_TEST

START_TEST(the_exit_status_is_its_own_or_that_of_its_kind)
{
    static const struct {
        enum daybreak_fault_kind kind;
        int status;
    } kinds[] = {{DAYBREAK_RETRY, 69}, {DAYBREAK_ASIDE, 3}, {DAYBREAK_HALT, 78}};

    for (size_t i = 0; i < 3; i++) {
        fault_set(&fault, kinds[i].kind, "x");
        ck_assert_int_eq(fault_status(&fault), kinds[i].status);
        fault_exit(&fault, 75, "busy");
        ck_assert_int_eq(fault_status(&fault), 75);
    }
    memset(&fault, 0, sizeof(fault));
    ck_assert_int_eq(fault_status(&fault), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fault");
    TCase *tcase = tcase_create("fault");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, setting_tells_the_whole_story_anew);
    tcase_add_test(tcase, where_goes_in_front_and_the_rest_stays);
    tcase_add_test(tcase, a_fault_may_be_told_with_its_own_words);
    tcase_add_loop_test(tcase, a_long_story_is_cut_between_characters, 0, 16);
    tcase_add_test(tcase, the_exit_status_is_its_own_or_that_of_its_kind);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
