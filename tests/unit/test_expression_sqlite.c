/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that expressions mean what SQLite means by them: random expressions over random rows, computed by both.
 * DAYBREAK_SEED=N tries another seed, DAYBREAK_EXPRESSIONS=N more or fewer of them than go with every build.
 */
#include "expression/expression.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"
#include "expression_maker.h"
#include "maker_cell.h"
#include "record/value.h"

#define ROWS 10
#define TABLE_LIFE 50 /* expressions over the same rows */

/* ---- the differences ---------------------------------------------------------------------- */

static const char *
of_sqlite(sqlite3 *db, const char *expression)
{
    static char text[200];
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT %s", expression);

    snprintf(text, sizeof text, "error");
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        const unsigned char *value = sqlite3_column_text(statement, 0);

        snprintf(text, sizeof text, "%s", value == NULL ? "null" : (const char *)value);
    }
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return text;
}

START_TEST(every_difference_is_one)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (const struct expression_difference *other = expression_differences; other->what != NULL; other++) {
        const char *here = kit(other->what), *there = of_sqlite(db, other->what);

        ck_assert_str_ne(other->here, other->sqlite);
        ck_assert_msg(strcmp(here, other->here) == 0, "%s gives\n  %s, not\n  %s", other->what, here, other->here);
        if (strcmp(there, "error") == 0)
            continue; /* a function that this SQLite was built without */
        ck_assert_msg(strcmp(there, other->sqlite) == 0, "%s gives in SQLite\n  %s, not\n  %s", other->what, there,
                      other->sqlite);
        ck_assert_uint_gt(strlen(other->why), 0);
    }
    sqlite3_close(db);
}
END_TEST

START_TEST(every_rule_names_a_difference)
{
    for (int rule = 0; rule < MAKER_RULES; rule++) {
        const struct expression_difference *other = expression_differences;

        while (other->what != NULL && strcmp(other->what, maker_rule_entry[rule]) != 0)
            other++;
        ck_assert_msg(other->what != NULL, "%s", maker_rule_entry[rule]);
    }
}
END_TEST

/* ---- both sides --------------------------------------------------------------------------- */

struct trial {
    struct maker maker;
    uint64_t seed;
    sqlite3 *db;
    struct arena *table, *run; /* of the rows, of one expression */
    struct expression_name name[MAKER_COLUMNS];
    struct vector input[MAKER_COLUMNS];
    const char *cell[MAKER_COLUMNS][ROWS];
    int64_t compared, failed, refused;
};

static void
run_sql(sqlite3 *db, const char *sql)
{
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

static void
bind_cell(sqlite3_stmt *insert, int column, const char *cell)
{
    if (cell == NULL)
        sqlite3_bind_null(insert, column + 1);
    else if (column <= 1)
        sqlite3_bind_int64(insert, column + 1, strtoll(cell, NULL, 10));
    else if (column <= 4)
        sqlite3_bind_double(insert, column + 1, strtod(cell, NULL));
    else if (column == 8)
        sqlite3_bind_int(insert, column + 1, cell[0] == 't');
    else
        sqlite3_bind_text(insert, column + 1, cell, -1, SQLITE_STATIC);
}

/* New rows on both sides. Columns without a type keep what they are given. */
static void
table_fill(struct trial *trial)
{
    struct maker maker = trial->maker;
    sqlite3_stmt *insert;

    arena_reset(trial->table);
    maker.arena = trial->table;
    run_sql(trial->db, "DELETE FROM t");
    ck_assert_int_eq(sqlite3_prepare_v2(trial->db, "INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &insert, NULL),
                     SQLITE_OK);
    for (int row = 0; row < ROWS; row++) {
        for (int column = 0; column < MAKER_COLUMNS; column++) {
            trial->cell[column][row] = maker_cell(&maker, column);
            bind_cell(insert, column, trial->cell[column][row]);
        }
        ck_assert_int_eq(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    trial->maker.state = maker.state;
    for (int column = 0; column < MAKER_COLUMNS; column++)
        kit_fill(trial->table, &trial->name[column].type, trial->cell[column], ROWS, &trial->input[column]);
}

static void
trial_start(struct trial *trial, uint64_t seed)
{
    memset(trial, 0, sizeof *trial);
    trial->seed = seed;
    trial->maker.state = seed;
    trial->table = arena_new();
    trial->run = arena_new();
    trial->maker.arena = trial->run;
    ck_assert_int_eq(sqlite3_open(":memory:", &trial->db), SQLITE_OK);
    trial->maker.math = strcmp(of_sqlite(trial->db, "floor(sqrt(4))"), "error") != 0;
    run_sql(trial->db, "CREATE TABLE t(ci, cj, cd, ce, cr, cs, ca, cn, cb, cdt, cts)");
    for (int column = 0; column < MAKER_COLUMNS; column++) {
        trial->name[column].name = maker_cell_column[column];
        ck_assert(value_type_parse(maker_cell_type[column], &trial->name[column].type));
    }
}

static void
trial_end(struct trial *trial)
{
    sqlite3_close(trial->db);
    arena_free(trial->table);
    arena_free(trial->run);
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* What a row that fails may be put down to. */
static bool
failure_rule(struct maker *maker, const char *reason)
{
    static const struct {
        const char *reason;
        enum maker_rule rule;
    } rules[] = {{"division_by_zero", RULE_ZERO}, {"overflow", RULE_OVERFLOW}, {"bad_cast", RULE_CAST},
                 {"bad_argument", RULE_DEFINED}};

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].reason, reason) == 0) {
            maker->used[rules[i].rule] = true;
            return true;
        }
    return false;
}

static bool
near(double a, double b)
{
    return a == b || fabs(a - b) <= 2e-6 + 1e-9 * fmax(fabs(a), fabs(b)); /* a quotient keeps six digits behind the point */
}

/* Whether a cell is what SQLite gives. */
static bool
agrees(struct trial *trial, const struct vector *out, uint32_t row, sqlite3_stmt *theirs)
{
    const bool null = sqlite3_column_type(theirs, 0) == SQLITE_NULL;
    const char *text;
    char *shown;
    uint32_t size;

    if (out->nulls[row] || null)
        return out->nulls[row] && null;
    switch (out->type.type) {
    case DAYBREAK_TYPE_BOOLEAN:
        trial->maker.used[RULE_BOOLEAN] = true;
        return sqlite3_column_type(theirs, 0) == SQLITE_INTEGER && sqlite3_column_int64(theirs, 0) == out->number[row];
    case DAYBREAK_TYPE_INTEGER:
        if (sqlite3_column_type(theirs, 0) == SQLITE_FLOAT) /* it went through an overflow and came back */
            return near(sqlite3_column_double(theirs, 0), (double)out->number[row]);
        return sqlite3_column_int64(theirs, 0) == out->number[row];
    case DAYBREAK_TYPE_REAL:
        return near(sqlite3_column_double(theirs, 0), out->real[row]);
    case DAYBREAK_TYPE_DECIMAL:
        trial->maker.used[RULE_POINT] = true;
        text = kit_cell(trial->run, out, row, &size);
        return near(sqlite3_column_double(theirs, 0), strtod(text, NULL));
    case DAYBREAK_TYPE_TIMESTAMP: /* 2026-01-31T10:00:00.000000Z is 2026-01-31 10:00:00 there */
        shown = (char *)kit_cell(trial->run, out, row, &size);
        shown[10] = ' ';
        size = 19;
        text = shown;
        break;
    default:
        text = kit_cell(trial->run, out, row, &size);
        break;
    }
    return sqlite3_column_bytes(theirs, 0) == (int)size && memcmp(sqlite3_column_text(theirs, 0), text, size) == 0;
}

static void
complain(struct trial *trial, struct made made, uint32_t row, const char *ours, const char *theirs)
{
    fprintf(stderr, "seed %" PRIu64 ": the expression\n  %s\nas SQLite has it\n  %s\nover the row\n ", trial->seed, made.ours,
            made.theirs);
    for (int column = 0; column < MAKER_COLUMNS; column++)
        fprintf(stderr, " %s=%s", maker_cell_column[column], trial->cell[column][row] == NULL ? "null" : trial->cell[column][row]);
    fprintf(stderr, "\ngives here\n  %s\nin SQLite\n  %s\n", ours, theirs);
    ck_abort_msg("seed %" PRIu64 ": %s gives %s, in SQLite %s", trial->seed, made.ours, ours, theirs);
}

/* A constant part that fails is an error before there is a row. */
static bool
constant_failed(const struct expression_error *error)
{
    static const char *const says[] = {"cannot divide", "is beyond", "has more than", "does not fit", "outside the years",
                                       "too many digits",
                                       "cannot cast",   "square root", "no date"};

    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (strstr(error->what, says[i]) != NULL)
            return true;
    return false;
}

static void
try_one(struct trial *trial)
{
    struct maker *maker = &trial->maker;
    struct made made = maker_make(maker, (enum maker_kind)maker_random(maker, MAKER_KINDS), 1 + (int)maker_random(maker, 4));
    struct expression_scope scope = {.name = trial->name, .names = MAKER_COLUMNS};
    struct expression_failures failures = {0};
    struct expression_error error = {0};
    struct expression *ours = expression_compile(trial->run, made.ours, &scope, &error);
    sqlite3_stmt *theirs = NULL;
    struct vector out;
    uint32_t size;
    char *sql;

    if (ours == NULL) {
        if (!constant_failed(&error))
            complain(trial, made, 0, error.what, "?");
        trial->refused++;
        return;
    }
    sql = arena_printf(trial->run, "SELECT %s FROM t ORDER BY rowid", made.theirs);
    if (sqlite3_prepare_v2(trial->db, sql, -1, &theirs, NULL) != SQLITE_OK)
        complain(trial, made, 0, "?", sqlite3_errmsg(trial->db));
    expression_run(ours, trial->input, ROWS, NULL, ROWS, trial->run, &out, &failures);
    for (uint32_t i = 0; i < failures.count; i++)
        if (!failure_rule(maker, failures.item[i].reason))
            complain(trial, made, failures.item[i].row, failures.item[i].detail, "?");
    for (uint32_t row = 0; row < ROWS; row++) {
        int step = sqlite3_step(theirs);
        bool failed = false;

        if (step != SQLITE_ROW && strcmp(sqlite3_errmsg(trial->db), "integer overflow") == 0)
            break; /* abs() of the least integer ends the whole statement there, also where its value is not needed */
        for (uint32_t i = 0; i < failures.count; i++)
            failed |= failures.item[i].row == row;
        if (failed) {
            trial->failed++;
            continue;
        }
        if (step != SQLITE_ROW)
            complain(trial, made, row, "a value", sqlite3_errmsg(trial->db));
        trial->compared++;
        if (!agrees(trial, &out, row, theirs)) {
            const char *here = kit_cell(trial->run, &out, row, &size), *there = (const char *)sqlite3_column_text(theirs, 0);

            complain(trial, made, row, here == NULL ? "null" : here, there == NULL ? "null" : there);
        }
    }
    sqlite3_finalize(theirs);
    expression_free(ours);
}

static int64_t
number_of(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL || text[0] == '\0' ? otherwise : strtoll(text, NULL, 10);
}

/* 100,000 results are compared: 4 seeds, 2,750 expressions each, 10 rows each, but those that fail. */
START_TEST(random_expressions_give_what_sqlite_gives)
{
    int64_t expressions = number_of("DAYBREAK_EXPRESSIONS", 2750);
    struct trial trial;

    trial_start(&trial, (uint64_t)number_of("DAYBREAK_SEED", 20260131) + (uint64_t)_i);
    for (int64_t i = 0; i < expressions; i++) {
        if (i % TABLE_LIFE == 0)
            table_fill(&trial);
        arena_reset(trial.run);
        try_one(&trial);
    }
    printf("seed %" PRIu64 ": %" PRId64 " results compared, %" PRId64 " rows failed here, %" PRId64 " expressions were none\n",
           trial.seed,
           trial.compared, trial.failed, trial.refused);
    if (expressions >= 1000) {
        ck_assert_int_gt(trial.compared, expressions * ROWS * 9 / 10); /* rules pass over little */
        for (int rule = 0; rule < MAKER_RULES; rule++)
            ck_assert_msg(trial.maker.used[rule], "the rule '%s' was never needed",
                          maker_rule_entry[rule]);
    }
    trial_end(&trial);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("expressions and SQLite");
    TCase *tcase = tcase_create("expressions and SQLite");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, every_difference_is_one);
    tcase_add_test(tcase, every_rule_names_a_difference);
    tcase_add_loop_test(tcase, random_expressions_give_what_sqlite_gives, 0, 4);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
