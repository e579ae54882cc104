/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"

/* ---- inputs ------------------------------------------------------------------------------- */

START_TEST(an_input_is_taken_once)
{
    char state[16];
    int64_t id;

    open_ledger();
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 0);
    ck_assert_str_eq(state, "");
    id = input_taken("a.csv", "d1", "1", 100);
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 0);
    ck_assert_str_eq(state, "reading");
    reopen(); /* killed while it was read: the same one again */
    ck_assert_int_eq(input_taken("a.csv", "", "", 100), id);
    OK(ledger_input_end(ledger, id, "done", NULL, NULL, NULL, 10, 3, &fault));
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 1);
    ck_assert_str_eq(state, "done");
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "g", state, &fault), 0);
    ck_assert_int_eq(ledger_input_end(ledger, id, "held", NULL, NULL, NULL, -1, -1, &fault), -1);
    ck_assert_str_eq(fault.what, "I1 is done and cannot become held");
    ck_assert_int_eq(fault.status, 1);
}
END_TEST

START_TEST(only_applied_inputs_are_found_by_content)
{
    struct ledger_input last;
    char order[512];
    int64_t a, b, id = 0;

    open_ledger();
    ck_assert_int_eq(ledger_input_last(ledger, &last, &fault), 0);
    a = input_taken("a.csv", "d1", "1 a.csv", 100);
    ck_assert_int_eq(ledger_input_by_digest(ledger, "d1", &id, order, &fault), 0);
    ck_assert_int_eq(ledger_input_same_size(ledger, 100, &fault), 0);
    OK(ledger_input_end(ledger, a, "done", NULL, NULL, NULL, 10, 3, &fault));
    ck_assert_int_eq(ledger_input_by_digest(ledger, "d1", &id, order, &fault), 1);
    ck_assert_int_eq(id, a);
    ck_assert_str_eq(order, "1 a.csv");
    ck_assert_int_eq(ledger_input_same_size(ledger, 100, &fault), 1);
    ck_assert_int_eq(ledger_input_by_digest(ledger, "", &id, order, &fault), 0);
    b = input_taken("b.csv", "", "2 b.csv", 200);
    OK(ledger_input_digest(ledger, b, "d2", NULL, &fault));
    OK(ledger_input_end(ledger, b, "done", NULL, NULL, NULL, 12, 5, &fault));
    ck_assert_int_eq(ledger_input_by_digest(ledger, "d2", &id, order, &fault), 1);
    ck_assert_int_eq(ledger_input_last(ledger, &last, &fault), 1);
    ck_assert_int_eq(last.id, b);
    ck_assert_str_eq(last.name, "b.csv");
    ck_assert_str_eq(last.order, "2 b.csv");
    ck_assert_str_eq(last.state, "done");
    ck_assert_str_eq(last.run, "r");
    ck_assert_ptr_null(last.guard);
    ck_assert_int_eq(last.rows, 12);
    ck_assert_int_eq(last.time_us, DAYBREAK_NO_TIME);
    ledger_input_fini(&last);
}
END_TEST

static bool
join_inputs(void *context, const struct ledger_input *input)
{
    char *text = context;
    size_t have = strlen(text);

    snprintf(text + have, 200 - have, "I%" PRId64 " %s;", input->id, input->state);
    return true;
}

START_TEST(a_held_input_is_decided_once_and_stays_approved_under_a_kill)
{
    char text[200] = "", state[16];
    int64_t id;

    open_ledger();
    id = input_taken("a.csv", "d1", "1", 100);
    OK(ledger_input_end(ledger, id, "held", "max_deletes", "30 % would go", "{\"n\":3}", 10, -1,
                        &fault));
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 1);
    OK(ledger_input_decide(ledger, id, "approved", "me", "is right", &fault));
    ck_assert_int_eq(ledger_input_decide(ledger, id, "rejected", "you", "no", &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_ASIDE);
    ck_assert_int_eq(fault.status, 1);
    ck_assert_str_eq(fault.what, "cannot reject input I1: it is approved");
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 0);
    ck_assert_str_eq(state, "approved");
    ck_assert_int_eq(input_taken("a.csv", "d1", "1", 100), id);
    reopen();
    ck_assert_int_eq(ledger_input_taken(ledger, "a.csv", "f", state, &fault), 0);
    ck_assert_str_eq(state, "approved");
    OK(ledger_input_end(ledger, id, "done", NULL, NULL, NULL, 10, 4, &fault));
    OK(ledger_inputs(ledger, NULL, join_inputs, text, &fault));
    ck_assert_str_eq(text, "I1 done;");
    ck_assert_int_eq(ledger_input_decide(ledger, 9, "approved", "me", "", &fault), -1);
    ck_assert_str_eq(fault.what, "there is no input I9");
}
END_TEST

START_TEST(a_good_input_supersedes_the_held_ones)
{
    char text[200] = "";
    int64_t a, b;

    open_ledger();
    a = input_taken("a.csv", "d1", "1", 100);
    OK(ledger_input_end(ledger, a, "held", "min_rows", "few rows", NULL, -1, -1, &fault));
    b = input_taken("b.csv", "d2", "2", 100);
    OK(ledger_input_end(ledger, b, "done", NULL, NULL, NULL, 10, 1, &fault));
    OK(ledger_input_supersede(ledger, b, &fault));
    OK(ledger_inputs(ledger, NULL, join_inputs, text, &fault));
    ck_assert_str_eq(text, "I1 superseded;I2 done;");
    text[0] = '\0';
    OK(ledger_inputs(ledger, "held", join_inputs, text, &fault));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_good_input_leaves_the_newer_ones_held)
{
    char text[200] = "";
    int64_t a, b, c;

    open_ledger();
    a = input_taken("a.csv", "d1", "1", 100);
    OK(ledger_input_end(ledger, a, "held", "min_rows", "few rows", NULL, -1, -1, &fault));
    b = input_taken("b.csv", "d2", "2", 100);
    OK(ledger_input_end(ledger, b, "held", "min_rows", "few rows", NULL, -1, -1, &fault));
    OK(ledger_input_decide(ledger, a, "approved", "me", "", &fault));
    OK(ledger_input_end(ledger, a, "done", NULL, NULL, NULL, 10, 1, &fault));
    OK(ledger_input_supersede(ledger, a, &fault));
    OK(ledger_inputs(ledger, NULL, join_inputs, text, &fault));
    ck_assert_str_eq(text, "I1 done;I2 held;");
    text[0] = '\0';
    OK(ledger_input_decide(ledger, b, "approved", "me", "", &fault));
    c = input_taken("c.csv", "d3", "3", 100);
    OK(ledger_input_end(ledger, c, "done", NULL, NULL, NULL, 10, 2, &fault));
    OK(ledger_input_supersede(ledger, c, &fault));
    OK(ledger_inputs(ledger, NULL, join_inputs, text, &fault));
    ck_assert_str_eq(text, "I1 done;I2 superseded;I3 done;");
}
END_TEST

START_TEST(a_touched_file_is_unchanged_until_other_content_came_under_its_name)
{
    int64_t a, b;

    open_ledger();
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d1", &fault), 0);
    a = input_taken("a.csv", "d1", "1", 100);
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d1", &fault), 0);
    OK(ledger_input_end(ledger, a, "done", NULL, NULL, NULL, 10, 1, &fault));
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d1", &fault), 1);
    ck_assert_int_eq(ledger_input_unchanged(ledger, "b.csv", "d1", &fault), 0);
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d2", &fault), 0);
    OK(ledger_input_add(ledger,
                        &(struct ledger_input){.name = "a.csv", .fingerprint = "g", .digest = "d2", .bytes = 9, .order = "1",
                                               .time_us = DAYBREAK_NO_TIME, .run = "r"},
                        &b, &fault));
    OK(ledger_input_end(ledger, b, "done", NULL, NULL, NULL, 10, 2, &fault));
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d1", &fault), 0);
    ck_assert_int_eq(ledger_input_unchanged(ledger, "a.csv", "d2", &fault), 1);
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        an_input_is_taken_once,
        only_applied_inputs_are_found_by_content,
        a_held_input_is_decided_once_and_stays_approved_under_a_kill,
        a_good_input_supersedes_the_held_ones,
        a_good_input_leaves_the_newer_ones_held,
        a_touched_file_is_unchanged_until_other_content_came_under_its_name,
    };

    return life_run("ledger_input", tests, sizeof(tests) / sizeof(tests[0]));
}
