/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/state.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_dead_letter_is_retried_and_delivered)
{
    struct daybreak_fault fault = {0};
    enum state state = STATE_PENDING;

    ck_assert_int_eq(state_move(&state, STATE_REFUSE, &fault), 0);
    ck_assert_int_eq(state, STATE_DEAD);
    ck_assert_int_eq(state_move(&state, STATE_RETRY, &fault), 0);
    ck_assert_int_eq(state_move(&state, STATE_DELIVER, &fault), 0);
    ck_assert_int_eq(state, STATE_DELIVERED);
}
END_TEST

START_TEST(confirmed_is_final)
{
    struct daybreak_fault fault = {0};
    enum state state = STATE_CONFIRMED;

    ck_assert_int_eq(state_move(&state, STATE_APPROVE, &fault), -1);
    ck_assert_int_eq(state, STATE_CONFIRMED);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 1);
    ck_assert_str_eq(fault.what, "cannot approve a record that is confirmed");
}
END_TEST

START_TEST(what_is_provisional_cannot_be_decided_on)
{
    ck_assert(!state_may(STATE_PENDING, STATE_DROP));
    ck_assert(!state_may(STATE_PENDING, STATE_RETRY));
    ck_assert(!state_may(STATE_PENDING, STATE_APPROVE));
}
END_TEST

START_TEST(what_is_closed_moves_no_more)
{
    static const enum state closed[] = {STATE_REJECTED,   STATE_EXPIRED,   STATE_DROPPED,
                                        STATE_SUPERSEDED, STATE_WITHDRAWN, STATE_HEALED};

    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        for (int verb = 0; verb < STATE_VERBS; verb++)
            ck_assert(!state_may(closed[i], (enum state_verb)verb));
}
END_TEST

START_TEST(every_state_is_found_by_its_name)
{
    enum state state;

    for (int i = 0; i < STATES; i++) {
        ck_assert(state_of(state_name[i], &state));
        ck_assert_int_eq(state, i);
    }
    ck_assert(!state_of("asleep", &state));
    ck_assert(!state_of(NULL, &state));
    for (int i = 0; i < STATE_VERBS; i++)
        ck_assert_ptr_nonnull(state_verb_name[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("state");
    TCase *tcase = tcase_create("state");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_dead_letter_is_retried_and_delivered);
    tcase_add_test(tcase, confirmed_is_final);
    tcase_add_test(tcase, what_is_provisional_cannot_be_decided_on);
    tcase_add_test(tcase, what_is_closed_moves_no_more);
    tcase_add_test(tcase, every_state_is_found_by_its_name);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
