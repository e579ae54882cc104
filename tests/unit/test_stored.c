/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/stored.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_dead_letter_is_retried_and_delivered)
{
    struct daybreak_fault fault = {0};
    enum stored_state state = STORED_PENDING;

    ck_assert_int_eq(stored_move(&state, STORED_REFUSE, &fault), 0);
    ck_assert_int_eq(state, STORED_DEAD);
    ck_assert_int_eq(stored_move(&state, STORED_RETRY, &fault), 0);
    ck_assert_int_eq(stored_move(&state, STORED_DELIVER, &fault), 0);
    ck_assert_int_eq(state, STORED_DELIVERED);
}
END_TEST

START_TEST(confirmed_is_final)
{
    struct daybreak_fault fault = {0};
    enum stored_state state = STORED_CONFIRMED;

    ck_assert_int_eq(stored_move(&state, STORED_APPROVE, &fault), -1);
    ck_assert_int_eq(state, STORED_CONFIRMED);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 1);
    ck_assert_str_eq(fault.what, "cannot approve a record that is confirmed");
}
END_TEST

START_TEST(what_is_provisional_cannot_be_decided_on)
{
    ck_assert(!stored_may(STORED_PENDING, STORED_DROP));
    ck_assert(!stored_may(STORED_PENDING, STORED_RETRY));
    ck_assert(!stored_may(STORED_PENDING, STORED_APPROVE));
}
END_TEST

START_TEST(what_is_closed_moves_no_more)
{
    static const enum stored_state closed[] = {STORED_REJECTED,   STORED_EXPIRED,   STORED_DROPPED,
                                        STORED_SUPERSEDED, STORED_WITHDRAWN, STORED_HEALED,
                                        STORED_FILTERED};

    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
        for (int verb = 0; verb < STORED_VERBS; verb++)
            ck_assert(!stored_may(closed[i], (enum stored_verb)verb));
}
END_TEST

START_TEST(every_state_is_found_by_its_name)
{
    enum stored_state state;

    for (int i = 0; i < STORED_STATES; i++) {
        ck_assert(stored_state_of(stored_state_name[i], &state));
        ck_assert_int_eq(state, i);
    }
    ck_assert(!stored_state_of("asleep", &state));
    ck_assert(!stored_state_of(NULL, &state));
    for (int i = 0; i < STORED_VERBS; i++)
        ck_assert_ptr_nonnull(stored_verb_name[i]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stored");
    TCase *tcase = tcase_create("stored");
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
