/* SPDX-License-Identifier: Apache-2.0 */
#include "expression_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/value.h"

#define KIT_COLUMNS 8
#define KIT_ROWS 4

static _Noreturn void
kit_abort(const char *what, const char *thing)
{
    fprintf(stderr, "expression_kit: %s: %s\n", what, thing);
    abort();
}

static bool
cell_read(const struct value_type *type, const char *cell, int64_t *number, double *real, value_int128 *decimal)
{
    size_t size = strlen(cell);
    int32_t days;

    switch (type->type) {
    case DAYBREAK_TYPE_BOOLEAN:
        return value_boolean(cell, size, number);
    case DAYBREAK_TYPE_INTEGER:
        return value_integer(cell, size, number);
    case DAYBREAK_TYPE_TIMESTAMP:
        return value_timestamp(cell, size, type, number);
    case DAYBREAK_TYPE_REAL:
        return value_real(cell, size, real);
    case DAYBREAK_TYPE_DECIMAL:
        return value_decimal(cell, size, type->precision, type->scale, decimal);
    case DAYBREAK_TYPE_DATE:
        if (!value_date(cell, size, type, &days))
            return false;
        *number = days;
        return true;
    default:
        return true;
    }
}

void
kit_fill(struct arena *arena, const struct value_type *type, const char *const *cells, uint32_t rows, struct vector *vector)
{
    uint8_t *nulls = arena_zero(arena, rows);
    int64_t *number = arena_zero(arena, rows * sizeof *number);
    double *real = arena_zero(arena, rows * sizeof *real);
    value_int128 *decimal = arena_zero(arena, rows * sizeof *decimal);
    struct daybreak_text *text = arena_zero(arena, rows * sizeof *text);
    bool any = false;

    for (uint32_t i = 0; i < rows; i++) {
        nulls[i] = cells[i] == NULL;
        any |= cells[i] == NULL;
        text[i] = (struct daybreak_text){cells[i], cells[i] == NULL ? DAYBREAK_NULL : (uint32_t)strlen(cells[i])};
        if (cells[i] != NULL && !cell_read(type, cells[i], &number[i], &real[i], &decimal[i]))
            kit_abort("no such value", cells[i]);
    }
    *vector = (struct vector){.type = *type, .nulls = any ? nulls : NULL};
    switch (type->type) {
    case DAYBREAK_TYPE_REAL:
        vector->real = real;
        break;
    case DAYBREAK_TYPE_DECIMAL:
        vector->decimal = decimal;
        break;
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        vector->text = text;
        break;
    default:
        vector->number = number;
        break;
    }
}

const char *
kit_cell(struct arena *arena, const struct vector *vector, uint32_t row, uint32_t *size)
{
    char to[VALUE_ROOM + 1];
    size_t length;

    if (vector->nulls != NULL && vector->nulls[row])
        return NULL;
    switch (vector->type.type) {
    case DAYBREAK_TYPE_BOOLEAN:
        length = (size_t)snprintf(to, sizeof to, "%s", vector->number[row] ? "true" : "false");
        break;
    case DAYBREAK_TYPE_INTEGER:
        length = text_number(vector->number[row], to);
        break;
    case DAYBREAK_TYPE_REAL:
        length = value_write_real(vector->real[row], to);
        break;
    case DAYBREAK_TYPE_DECIMAL:
        length = value_write_decimal(vector->decimal[row], vector->type.scale, to);
        break;
    case DAYBREAK_TYPE_DATE:
        length = value_write_date((int32_t)vector->number[row], to);
        break;
    case DAYBREAK_TYPE_TIMESTAMP:
        length = value_write_timestamp(vector->number[row], to);
        break;
    default:
        *size = vector->text[row].size;
        return arena_bytes(arena, vector->text[row].at, vector->text[row].size);
    }
    *size = (uint32_t)length;
    return arena_bytes(arena, to, length);
}

/* The result of one row as text. */
static const char *
outcome(struct arena *arena, const struct vector *out, const struct expression_failures *failures, uint32_t row)
{
    const char *text;
    uint32_t size;

    for (uint32_t i = 0; i < failures->count; i++)
        if (failures->item[i].row == row)
            return arena_printf(arena, "%s: %s", failures->item[i].reason, failures->item[i].detail);
    text = kit_cell(arena, out, row, &size);
    return text == NULL ? "null" : text;
}

const char *
kit_over(const char *zone, const char *expression, const char *const *columns)
{
    static const char *const names[KIT_COLUMNS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    static const uint32_t pick[] = {1, 2};
    static struct arena *kept[2];
    static int turn;
    struct expression_name name[KIT_COLUMNS];
    struct vector input[KIT_COLUMNS], out, again;
    struct expression_scope scope = {.name = name, .zone = zone};
    struct expression_failures failures = {0}, more = {0};
    struct expression_error error = {0};
    struct expression *compiled;
    struct arena *arena, *life = arena_new();
    const char *result;

    turn = !turn;
    if (kept[turn] == NULL)
        kept[turn] = arena_new();
    arena = kept[turn];
    arena_reset(arena);
    for (; columns != NULL && columns[scope.names] != NULL; scope.names++) {
        const char *column = columns[scope.names], *colon = strchr(column, ':');
        const char *value = colon == NULL ? NULL : colon + 1, *cells[KIT_ROWS] = {NULL, value, value, NULL};
        char *type_text = arena_text(arena, column);
        struct value_type type;

        type_text[strcspn(type_text, ":")] = '\0';
        if (scope.names == KIT_COLUMNS || !value_type_parse(type_text, &type))
            kit_abort("no such column", column);
        name[scope.names] = (struct expression_name){names[scope.names], type};
        kit_fill(arena, &type, cells, KIT_ROWS, &input[scope.names]);
    }
    compiled = expression_compile(life, expression, &scope, &error);
    if (compiled == NULL) {
        result = arena_printf(arena, "error: %s%s%s%s", error.what, error.suggestion[0] == '\0' ? "" : " (", error.suggestion,
                              error.suggestion[0] == '\0' ? "" : ")");
    } else {
        expression_run(compiled, input, KIT_ROWS, pick, 2, arena, &out, &failures);
        result = outcome(arena, &out, &failures, 1);
        if (strcmp(result, outcome(arena, &out, &failures, 2)) != 0)
            kit_abort("two rows with the same values differ", expression);
        expression_run(compiled, input, KIT_ROWS, NULL, KIT_ROWS, arena, &again, &more);
        if (strcmp(result, outcome(arena, &again, &more, 1)) != 0)
            kit_abort("with and without a pick the result differs", expression);
        expression_free(compiled);
    }
    arena_free(life);
    return result;
}

const char *
kit(const char *expression)
{
    return kit_over(NULL, expression, NULL);
}
