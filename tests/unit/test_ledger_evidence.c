/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"

static void
three_lines(void)
{
    open_ledger();
    OK(ledger_evidence(ledger, "approve", "I1", "anna", "is right", "{\"n\":3}", &fault));
    OK(ledger_evidence(ledger, "drop", "D7", "ben", NULL, NULL, &fault));
    OK(ledger_evidence(ledger, "reject", "I1", "anna", "", NULL, &fault));
    OK(ledger_evidence_verify(ledger, &fault));
}

/* What ${change} does to the file is found by verifying it. */
static void
found_after(const char *change, const char *what)
{
    three_lines();
    ledger_close(ledger);
    ledger = NULL;
    sql(change);
    open_ledger();
    ck_assert_int_eq(ledger_evidence_verify(ledger, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 70);
    ck_assert_str_eq(fault.what, what);
}

static bool
join_lines(void *context, const struct ledger_evidence *line)
{
    char *text = context;
    size_t have = strlen(text);

    ck_assert_int_eq(line->at_us, T0);
    snprintf(text + have, 200 - have, "%" PRId64 " %s %s %s %s;", line->id, line->verb,
             line->subject, line->actor, line->reason != NULL ? line->reason : "-");
    return true;
}

START_TEST(lines_are_listed_in_order_and_by_subject)
{
    char text[200] = "";

    three_lines();
    reopen();
    OK(ledger_evidence_list(ledger, NULL, join_lines, text, &fault));
    ck_assert_str_eq(text, "1 approve I1 anna is right;2 drop D7 ben -;3 reject I1 anna ;");
    text[0] = '\0';
    OK(ledger_evidence_list(ledger, "D7", join_lines, text, &fault));
    ck_assert_str_eq(text, "2 drop D7 ben -;");
}
END_TEST

START_TEST(nothing_written_verifies)
{
    open_ledger();
    OK(ledger_evidence_verify(ledger, &fault));
}
END_TEST

START_TEST(a_changed_line_is_found)
{
    found_after("UPDATE evidence SET actor = 'carl' WHERE id = 2",
                "evidence line 2 is not what was written");
}
END_TEST

START_TEST(null_and_empty_are_not_the_same)
{
    found_after("UPDATE evidence SET reason = NULL WHERE id = 3",
                "evidence line 3 is not what was written");
}
END_TEST

START_TEST(words_moved_from_one_field_to_the_next_are_found)
{
    found_after("UPDATE evidence SET verb = 'approveI', subject = '1' WHERE id = 1",
                "evidence line 1 is not what was written");
}
END_TEST

START_TEST(a_line_taken_out_is_found)
{
    found_after("DELETE FROM evidence WHERE id = 2", "evidence line 2 is missing");
}
END_TEST

START_TEST(a_line_cut_off_at_the_end_is_found)
{
    found_after("DELETE FROM evidence WHERE id = 3", "evidence line 3 is missing");
}
END_TEST

START_TEST(a_line_added_is_found)
{
    found_after("INSERT INTO evidence SELECT 4, at_us, verb, subject, actor, reason, facts, chain"
                " FROM evidence WHERE id = 3",
                "evidence line 4 is not what was written");
}
END_TEST

START_TEST(a_head_changed_is_found)
{
    found_after("UPDATE note SET value = '3:' || hex(zeroblob(32)) WHERE name = 'ledger.evidence'",
                "evidence line 3 is not what was written");
}
END_TEST

START_TEST(a_damaged_head_is_found)
{
    found_after("UPDATE note SET value = 'x' WHERE name = 'ledger.evidence'",
                "evidence line 0 cannot be found: the head of the chain is damaged");
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        lines_are_listed_in_order_and_by_subject,
        nothing_written_verifies,
        a_changed_line_is_found,
        null_and_empty_are_not_the_same,
        words_moved_from_one_field_to_the_next_are_found,
        a_line_taken_out_is_found,
        a_line_cut_off_at_the_end_is_found,
        a_line_added_is_found,
        a_head_changed_is_found,
        a_damaged_head_is_found,
    };

    return life_run("ledger_evidence", tests, sizeof(tests) / sizeof(tests[0]));
}
