/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an expression, over rows that hold the edges of every type. Behind a first NUL come bytes for the text columns.
 * Nothing may crash, hang or grow without end; and what comes out must be what its type says, twice the same.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expression_kit.h"
#include "record/value.h"

#define ROWS 6

static const struct {
    const char *name, *type;
    const char *cell[ROWS];
} columns[] = {
    {"i", "integer", {"0", "-1", "9223372036854775807", "-9223372036854775808", NULL, "42"}},
    {"j", "integer", {"3", "0", "-1", "2", "1000000", NULL}},
    {"n", "decimal(12,2)", {"0.00", "19.90", "-9999999999.99", "9999999999.99", NULL, "0.01"}},
    {"w", "decimal(38,10)", {"9999999999999999999999999999.9999999999", "-0.0000000001", "0", NULL, "1.5",
                             "-9999999999999999999999999999.9999999999"}},
    {"r", "real", {"0", "-2.5", "1.7976931348623157e308", "5e-324", NULL, "1e10"}},
    {"t", "text", {"", "Straße", "a,b;c", NULL, " x ", "{\"a\": [1, 2.50]}"}},
    {"u", "text", {"%", "[a-z]+", "2024-02-29", "12", "Europe/Paris", NULL}},
    {"b", "boolean", {"true", "false", NULL, "true", "false", "true"}},
    {"d", "date", {"0001-01-01", "9999-12-31", "2024-02-29", NULL, "1970-01-01", "2025-03-30"}},
    {"z", "timestamp", {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2025-03-30T01:00:00Z", "2025-10-26T00:30:00Z",
                        NULL, "1969-12-31T23:59:59Z"}},
    {"y", "bytes", {"", "\xff\x01", "abc", NULL, "a", "b"}},
};

#define COLUMNS (sizeof columns / sizeof *columns)
#define T 5 /* the text columns among them */
#define U 6

static void
need(bool truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "not true: %s\n", what);
    abort();
}

static void
check_cell(const struct vector *out, uint32_t row)
{
    value_int128 most = 1;

    switch (out->type.type) {
    case DAYBREAK_TYPE_BOOLEAN:
        need(out->number[row] == 0 || out->number[row] == 1, "a boolean is 0 or 1");
        break;
    case DAYBREAK_TYPE_REAL:
        need(isfinite(out->real[row]), "a real is finite");
        break;
    case DAYBREAK_TYPE_DECIMAL:
        for (int i = 0; i < out->type.precision; i++)
            most *= 10;
        need(out->decimal[row] < most && out->decimal[row] > -most, "a decimal has no more digits than its type");
        break;
    case DAYBREAK_TYPE_DATE:
        need(out->number[row] >= value_days(1, 1, 1) && out->number[row] <= value_days(9999, 12, 31),
             "a date is of the years 1 to 9999");
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        need(out->number[row] >= value_days(1, 1, 1) * INT64_C(86400000000) &&
             out->number[row] < (value_days(9999, 12, 31) + 1) * INT64_C(86400000000),
             "a timestamp is of the years 1 to 9999");
        break;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        need(out->text[row].size != DAYBREAK_NULL, "a text that is not null has a size");
        for (uint32_t i = 0; i < out->text[row].size; i += 4096) /* is it there? */
            most += out->text[row].at[i];
        break;
    default:
        break;
    }
}

static bool
same_cell(struct arena *arena, const struct vector *a, const struct vector *b, uint32_t row)
{
    uint32_t a_size = 0, b_size = 0;
    const char *x = kit_cell(arena, a, row, &a_size), *y = kit_cell(arena, b, row, &b_size);

    return x == NULL || y == NULL ? x == y : a_size == b_size && memcmp(x, y, a_size) == 0;
}

static void
run(struct expression *expression, const struct vector *input, struct arena *arena)
{
    static const uint32_t pick[] = {0, 2, 3, 5};
    struct expression_failures failures = {0}, again = {0};
    struct vector out, picked;
    struct daybreak_text constant;
    uint32_t count, last = 0, size;
    const uint32_t *reads = expression_reads(expression, &count);

    for (uint32_t i = 0; i < count; i++) {
        need(reads[i] < COLUMNS && (i == 0 || reads[i] > last), "names that are read ascend");
        last = reads[i];
    }
    expression_run(expression, input, ROWS, NULL, ROWS, arena, &out, &failures);
    need(out.type.type == expression_type(expression)->type, "the type is as said");
    for (uint32_t row = 0; row < ROWS; row++)
        if (!out.nulls[row])
            check_cell(&out, row);
    for (uint32_t i = 0; i < failures.count; i++) {
        need(failures.item[i].row < ROWS && out.nulls[failures.item[i].row], "a row that fails is null");
        need(failures.item[i].reason[0] != '\0' && failures.item[i].detail[0] != '\0', "a failure has a reason and a detail");
        for (uint32_t k = 0; k < i; k++)
            need(failures.item[k].row != failures.item[i].row, "a row fails once");
    }
    expression_run(expression, input, ROWS, pick, 4, arena, &picked, &again);
    for (uint32_t i = 0; i < 4; i++)
        need(same_cell(arena, &out, &picked, pick[i]), "with and without a pick the results are the same");
    if (expression_constant(expression, &constant)) {
        const char *text = kit_cell(arena, &out, 0, &size);

        need(failures.count == 0 && (text == NULL) == (constant.size == DAYBREAK_NULL), "a constant does not fail");
        need(text == NULL || (constant.size == size && memcmp(constant.at, text, size) == 0), "a constant is what is computed");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(), *life = arena_new();
    const char *text = arena_bytes(life, (const char *)data, size);
    struct expression_name name[COLUMNS];
    struct expression_scope scope = {.name = name, .names = COLUMNS, .zone = size % 2 == 0 ? NULL : "Europe/Paris"};
    struct vector input[COLUMNS];
    struct expression_error error = {0};
    struct expression *expression;
    const size_t length = strlen(text);

    for (size_t i = 0; i < COLUMNS; i++) {
        name[i].name = columns[i].name;
        need(value_type_parse(columns[i].type, &name[i].type), "the columns have types");
        kit_fill(arena, &name[i].type, columns[i].cell, ROWS, &input[i]);
    }
    if (length + 1 < size) { /* rows 0 and 2 of the texts */
        struct daybreak_text *t = (struct daybreak_text *)input[T].text, *u = (struct daybreak_text *)input[U].text;
        uint32_t rest = (uint32_t)(size - length - 1), half = rest / 2;

        t[0] = t[2] = (struct daybreak_text){text + length + 1, rest};
        u[0] = (struct daybreak_text){text + length + 1, half};
        u[2] = (struct daybreak_text){text + length + 1 + half, rest - half};
    }
    expression = expression_compile(life, text, &scope, &error);
    if (expression != NULL) {
        run(expression, input, arena);
    } else {
        need(error.what[0] != '\0' && error.code != NULL, "an error says what is wrong");
        need(error.at <= length && error.size <= length - error.at, "an error lies in the text");
    }
    expression_free(expression);
    arena_free(arena);
    arena_free(life);
    return 0;
}
