/* SPDX-License-Identifier: Apache-2.0 */
#include "../support/ledger_life.h"

static uint8_t
number_of(const char *handoffs, const char *filter)
{
    uint8_t number = 0;

    OK(ledger_route_number(ledger, handoffs, filter, &number, &fault));
    return number;
}

static bool
join_routes(void *context, const struct ledger_route *route)
{
    char *text = context;
    size_t have = strlen(text);

    snprintf(text + have, 200 - have, "%u %s %s;", route->number, route->handoffs, route->filter);
    return true;
}

START_TEST(a_route_keeps_its_number)
{
    char text[200] = "";

    open_ledger();
    ck_assert_uint_eq(number_of("[\"load\"]", ""), 1);
    ck_assert_uint_eq(number_of("[]", "drafts"), 2);
    ck_assert_uint_eq(number_of("[]", "tests"), 3);
    ck_assert_uint_eq(number_of("[\"load\",\"copy\"]", ""), 4);
    reopen();
    ck_assert_uint_eq(number_of("[]", "drafts"), 2);
    ck_assert_uint_eq(number_of("[\"load\"]", ""), 1);
    OK(ledger_routes(ledger, join_routes, text, &fault));
    ck_assert_str_eq(text, "1 [\"load\"] ;2 [] drafts;3 [] tests;4 [\"load\",\"copy\"] ;");
}
END_TEST

START_TEST(a_byte_has_room_for_254_ways_and_nowhere)
{
    char name[24];
    uint8_t number = 0;

    open_ledger();
    for (int i = 1; i < LEDGER_ROUTES; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        ck_assert_uint_eq(number_of("[]", name), (uint8_t)i);
    }
    ck_assert_int_eq(ledger_route_number(ledger, "[]", "one more", &number, &fault), -1);
    ck_assert_int_eq(fault.kind, DAYBREAK_HALT);
    ck_assert_int_eq(fault.status, 78);
    ck_assert_str_eq(fault.code, "routes_full");
    ck_assert_str_eq(fault.what, "records of this pipeline went 255 different ways (sets of handoffs, filters), and no more can "
                                 "be told apart");
    ck_assert_uint_eq(number_of("[]", "f7"), 7);
}
END_TEST

/* Before there were routes all went to the one handoff: that is what keys without a route say. */
START_TEST(a_ledger_of_before_has_its_handoff_as_the_first_route)
{
    char text[200] = "";

    open_ledger();
    one_dead();
    ledger_close(ledger);
    ledger = NULL;
    sql("DROP TABLE route; PRAGMA user_version = 1");
    open_ledger();
    OK(ledger_routes(ledger, join_routes, text, &fault));
    ck_assert_str_eq(text, "1 [\"load\"] ;");
    ck_assert_uint_eq(number_of("[]", "drafts"), 2);
}
END_TEST

START_TEST(a_ledger_nothing_ever_landed_in_has_no_route_yet)
{
    char text[200] = "";

    open_ledger();
    ledger_close(ledger);
    ledger = NULL;
    sql("DROP TABLE route; PRAGMA user_version = 1");
    open_ledger();
    OK(ledger_routes(ledger, join_routes, text, &fault));
    ck_assert_str_eq(text, "");
    ck_assert_uint_eq(number_of("[\"load\"]", ""), 1);
}
END_TEST

int
main(void)
{
    const TTest *const tests[] = {
        a_route_keeps_its_number,
        a_byte_has_room_for_254_ways_and_nowhere,
        a_ledger_of_before_has_its_handoff_as_the_first_route,
        a_ledger_nothing_ever_landed_in_has_no_route_yet,
    };

    return life_run("ledger_route", tests, sizeof(tests) / sizeof(tests[0]));
}
