/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "record/batch.h"
#include "record/vector.h"

static struct batch *batch;
static const char *const names[] = {"id", "qty", "price", "raw"};
static struct value_type types[4];
static struct batch_layout layout = {.columns = 4, .name = names, .type = types, .empty_is_null = true};

static void
setup(void)
{
    types[0] = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
    types[1] = (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
    types[2] = (struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2};
    types[3] = (struct value_type){.type = DAYBREAK_TYPE_BYTES};
    batch = batch_new();
    batch->layout = &layout;
    batch->rows.columns = 4;
}

static void
teardown(void)
{
    batch_free(batch);
}

/* Rows of cells with a comma between; "~" is null. Every row is a change. */
static void
fill(const char *text)
{
    char *block = batch_block(batch, (uint32_t)strlen(text) + 1);
    uint32_t rows = 0, column = 0, from = 0;

    memcpy(block, text, strlen(text) + 1);
    for (uint32_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != ',' && text[i] != ';')
            continue;
        batch_reserve(&batch->rows, rows + 1);
        batch->rows.spans[rows * 4 + column++] =
            (struct daybreak_span){from, i - from == 1 && text[from] == '~' ? DAYBREAK_NULL : i - from};
        from = i + 1;
        if (text[i] == ',')
            continue;
        batch->rows.start[rows] = batch->rows.end[rows] = batch->rows.lines[rows] = 0;
        column = 0;
        rows++;
    }
    batch->rows.rows = rows;
    batch_changes(batch, rows);
    batch->changes = rows;
    for (uint32_t i = 0; i < rows; i++) {
        batch->pick[i] = i;
        batch->op[i] = 'c';
    }
}

static struct daybreak_text
shown(uint32_t row, uint32_t column, char room[VALUE_ROOM])
{
    return batch_canonical(batch, row, column, room);
}

#define SHOWN(row, column, text)                                                                        \
    do {                                                                                                \
        char room[VALUE_ROOM];                                                                          \
        struct daybreak_text is = shown(row, column, room);                                             \
        ck_assert_msg(is.size == strlen(text) && memcmp(is.at, text, is.size) == 0, "row %u: '%.*s', not '%s'", (unsigned)(row), \
                      is.size == DAYBREAK_NULL ? 4 : (int)is.size, is.size == DAYBREAK_NULL ? "null" : is.at, text);            \
    } while (0)

/* The text of a change as a load sees it. */
static struct daybreak_text
viewed(uint32_t column, uint32_t row)
{
    struct daybreak_view view;
    struct daybreak_span span;

    batch_view(batch_face(batch), column, DAYBREAK_AS_TEXT, &view);
    memcpy(&span, view.data + (size_t)row * view.stride, sizeof span);
    return (struct daybreak_text){view.base + span.at, span.size};
}

START_TEST(made_columns_are_numbered_behind_those_of_the_input)
{
    int64_t number[] = {7, 8};
    value_int128 decimal[] = {1990, -5};
    uint8_t nulls[] = {0, 1};
    struct value_type money = {.type = DAYBREAK_TYPE_DECIMAL, .precision = 10, .scale = 2}, whole = {.type = DAYBREAK_TYPE_INTEGER};

    fill("a,1,2.50,x;b,2,3.50,y;");
    ck_assert_uint_eq(batch_make(batch, &whole, &(struct vector){.number = number}), 4);
    ck_assert_uint_eq(batch_make(batch, &money, &(struct vector){.decimal = decimal, .nulls = nulls}), 5);
    ck_assert_int_eq(batch_column_type(batch, 4)->type, DAYBREAK_TYPE_INTEGER);
    ck_assert_int_eq(batch_column_type(batch, 5)->scale, 2);
    ck_assert_int_eq(batch_column_type(batch, 1)->type, DAYBREAK_TYPE_INTEGER);
    SHOWN(0, 4, "7");
    SHOWN(1, 4, "8");
    SHOWN(0, 5, "19.90");
    ck_assert(!batch_null(batch, 0, 5));
    ck_assert(batch_null(batch, 1, 5));
    ck_assert(!batch_null(batch, 1, 4));
    ck_assert_uint_eq(shown(1, 5, (char[VALUE_ROOM]){0}).size, DAYBREAK_NULL);
}
END_TEST

START_TEST(many_made_columns_stay_where_they_were_put)
{
    int64_t number[40];
    struct value_type whole = {.type = DAYBREAK_TYPE_INTEGER};

    fill("a,1,2.50,x;");
    for (uint32_t i = 0; i < 40; i++) {
        number[i] = i * i;
        ck_assert_uint_eq(batch_make(batch, &whole, &(struct vector){.number = &number[i]}), 4 + i);
    }
    SHOWN(0, 4, "0");
    SHOWN(0, 4 + 39, "1521");
    batch_unstep(batch);
    ck_assert_uint_eq(batch->made_count, 0);
    ck_assert_uint_eq(batch_make(batch, &whole, &(struct vector){.number = &number[3]}), 4);
    SHOWN(0, 4, "9");
}
END_TEST

START_TEST(a_load_sees_made_columns_like_all_others)
{
    static const struct daybreak_column columns[] = {{.name = "total", .type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2},
                                                     {.name = "sku", .type = DAYBREAK_TYPE_TEXT},
                                                     {.name = "id", .type = DAYBREAK_TYPE_TEXT},
                                                     {.name = "gone", .type = DAYBREAK_TYPE_TEXT},
                                                     {.name = "at", .type = DAYBREAK_TYPE_TIMESTAMP}};
    static const uint32_t from[] = {4, 5, 0, UINT32_MAX, 6};
    static const char far_away[] = "elsewhere";
    struct daybreak_text sku[] = {{"UPPER", 5}, {NULL, DAYBREAK_NULL}, {far_away, 9}, {"", 0}};
    uint8_t nulls[] = {0, 1, 0, 0}, all[] = {1, 0, 1, 1};
    value_int128 total[] = {1, 22, 333, 4444};
    int64_t at[] = {0, 86400000000, 0, 0};
    struct daybreak_view view;

    fill("a,1,2.50,x;b,2,3.50,y;c,3,4.50,z;d,4,5.50,~;");
    batch_make(batch, &(struct value_type){.type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2}, &(struct vector){.decimal = total});
    batch_make(batch, &types[0], &(struct vector){.text = sku, .nulls = nulls});
    batch_make(batch, &(struct value_type){.type = DAYBREAK_TYPE_TIMESTAMP}, &(struct vector){.number = at, .nulls = all});
    batch->out = columns;
    batch->out_columns = 5;
    batch->out_from = from;
    ck_assert_int_eq(memcmp(viewed(0, 3).at, "44.44", 5), 0);
    ck_assert_int_eq(memcmp(viewed(1, 0).at, "UPPER", 5), 0);
    ck_assert_uint_eq(viewed(1, 1).size, DAYBREAK_NULL);
    ck_assert_uint_eq(viewed(1, 2).size, 9);
    ck_assert_int_eq(memcmp(viewed(1, 2).at, far_away, 9), 0);
    ck_assert_uint_eq(viewed(1, 3).size, 0);
    ck_assert_int_eq(memcmp(viewed(2, 2).at, "c", 1), 0);
    ck_assert_uint_eq(viewed(3, 2).size, DAYBREAK_NULL);
    ck_assert_uint_eq(viewed(4, 0).size, DAYBREAK_NULL);
    ck_assert_int_eq(memcmp(viewed(4, 1).at, "1970-01-02T00:00:00.000000Z", 27), 0);
    batch_view(batch_face(batch), 0, DAYBREAK_AS_INTEGER, &view);
    ck_assert_ptr_null(view.nulls);
    ck_assert_int_eq(*(const int64_t *)(view.data + 2 * view.stride), 333);
    batch_view(batch_face(batch), 4, DAYBREAK_AS_INTEGER, &view);
    ck_assert(view.nulls[0] && !view.nulls[1]);
    ck_assert_int_eq(batch_instant(batch, 1, 6), 86400000000);
    ck_assert_int_eq(batch_instant(batch, 0, 6), DAYBREAK_NO_TIME);
    ck_assert_int_eq(batch_instant(batch, 0, 5), DAYBREAK_NO_TIME);
}
END_TEST

START_TEST(only_changes_are_viewed)
{
    static const uint32_t from[] = {4};
    static const struct daybreak_column column = {.name = "t", .type = DAYBREAK_TYPE_TEXT};
    struct daybreak_text text[] = {{(const char *)1, 7}, {"seen", 4}}; /* nobody may look at the first */

    fill("a,1,2.50,x;b,2,3.50,y;");
    batch_make(batch, &types[0], &(struct vector){.text = text});
    batch->out = &column;
    batch->out_columns = 1;
    batch->out_from = from;
    batch->changes = 1;
    batch->pick[0] = 1;
    ck_assert_uint_eq(viewed(0, 1).size, 4);
    ck_assert_int_eq(memcmp(viewed(0, 1).at, "seen", 4), 0);
}
END_TEST

START_TEST(a_column_is_a_vector_of_the_rows_asked_for)
{
    static const uint32_t some[] = {0, 2};
    struct vector vector;

    fill("a,1,2.50,x;b,2,3.50,y;~,,~,~;,4,5.50,w;");
    batch_vector(batch, 0, NULL, 4, &vector);
    ck_assert_int_eq(vector.type.type, DAYBREAK_TYPE_TEXT);
    ck_assert_uint_eq(vector.text[1].size, 1);
    ck_assert_int_eq(vector.text[1].at[0], 'b');
    ck_assert_uint_eq(vector.text[2].size, DAYBREAK_NULL);
    ck_assert(vector.nulls[2] && !vector.nulls[0]);
    ck_assert(!vector.nulls[3]);
    ck_assert_uint_eq(vector.text[3].size, 0);
    batch_vector(batch, 0, some, 1, &vector);
    ck_assert_ptr_null(vector.nulls);
    batch_vector(batch, 1, some, 2, &vector);
    ck_assert_int_eq(vector.number[0], 1);
    ck_assert(vector.nulls[2]);
    batch_vector(batch, 2, some, 2, &vector);
    ck_assert(vector.decimal[0] == 250 && vector.number == NULL);
    ck_assert(vector.nulls[2]);
}
END_TEST

START_TEST(a_made_column_is_the_vector_it_was_made_of)
{
    double real[] = {0.5};
    struct vector vector;

    fill("a,1,2.50,x;");
    batch_make(batch, &(struct value_type){.type = DAYBREAK_TYPE_REAL}, &(struct vector){.real = real});
    batch_vector(batch, 4, NULL, 1, &vector);
    ck_assert_ptr_eq(vector.real, real);
    ck_assert_ptr_null(vector.nulls);
    ck_assert_int_eq(vector.type.type, DAYBREAK_TYPE_REAL);
}
END_TEST

START_TEST(a_decimal_viewed_as_a_number_is_a_decimal_vector_still)
{
    static const uint32_t from[] = {2};
    static const struct daybreak_column column = {.name = "price", .type = DAYBREAK_TYPE_DECIMAL, .precision = 12, .scale = 2};
    struct daybreak_view view;
    struct vector vector;

    fill("a,1,2.50,x;");
    batch->out = &column;
    batch->out_columns = 1;
    batch->out_from = from;
    batch_view(batch_face(batch), 0, DAYBREAK_AS_INTEGER, &view);
    ck_assert_int_eq(*(const int64_t *)view.data, 250);
    batch_vector(batch, 2, NULL, 1, &vector);
    ck_assert(vector.number == NULL && vector.decimal[0] == 250);
}
END_TEST

START_TEST(fates_are_kept_for_those_that_do_not_go)
{
    fill("a,1,2.50,x;b,2,3.50,y;c,3,4.50,z;");
    ck_assert(batch_goes(batch, 0) && batch->fate == NULL);
    batch_filter(batch, 1, 4);
    for (uint32_t i = 0; i < 40; i++) /* the list grows */
        batch_set_aside(batch, &(struct batch_stop){.change = 2, .step = 5, .rule = "set total", .reason = "overflow"});
    ck_assert(batch_goes(batch, 0) && !batch_goes(batch, 1) && !batch_goes(batch, 2));
    ck_assert_int_eq(batch->fate[1], BATCH_FILTERED);
    ck_assert_uint_eq(batch->fate_step[1], 4);
    ck_assert_int_eq(batch->fate[2], BATCH_ASIDE);
    ck_assert_uint_eq(batch->fate_step[2], 5);
    ck_assert_uint_eq(batch->stop_count, 40);
    ck_assert_str_eq(batch->stop[39].rule, "set total");
    batch_unstep(batch);
    ck_assert(batch_goes(batch, 1) && batch->stop_count == 0 && batch->fate_step == NULL);
    batch_filter(batch, 0, 0);
    batch_reset(batch);
    ck_assert(batch->fate == NULL && batch->made_count == 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tcase = tcase_create("batch");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, made_columns_are_numbered_behind_those_of_the_input);
    tcase_add_test(tcase, many_made_columns_stay_where_they_were_put);
    tcase_add_test(tcase, a_load_sees_made_columns_like_all_others);
    tcase_add_test(tcase, only_changes_are_viewed);
    tcase_add_test(tcase, a_column_is_a_vector_of_the_rows_asked_for);
    tcase_add_test(tcase, a_made_column_is_the_vector_it_was_made_of);
    tcase_add_test(tcase, a_decimal_viewed_as_a_number_is_a_decimal_vector_still);
    tcase_add_test(tcase, fates_are_kept_for_those_that_do_not_go);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
