/* SPDX-License-Identifier: Apache-2.0 */
/* What came out of a trial, held against what its test expects: in order, column by column, only what was named. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "engine/trial_parts.h"
#include "record/value.h"

#define SHOWN 80 /* bytes of a value */

void
trial_differs(struct trial *trial, const char *what, ...)
{
    char line[1024];
    va_list args;

    va_start(args, what);
    vsnprintf(line, sizeof line, what, args);
    va_end(args);
    text_put(&trial->differences, line);
    text_char(&trial->differences, '\n');
    trial->different++;
}

static void
shown(const char *value, struct text *to)
{
    text_clear(to);
    if (value == NULL) {
        text_put(to, "null");
        return;
    }
    text_char(to, '\'');
    text_printable(value, strlen(value), SHOWN, to);
    text_char(to, '\'');
    text_end(to);
}

static const struct trial_cell *
cell_find(const struct trial_record *record, const char *column)
{
    for (uint32_t i = 0; i < record->cells; i++)
        if (strcmp(record->cell[i].column, column) == 0)
            return &record->cell[i];
    return NULL;
}

/* 12000 and 12000.00, 1 and true, 2026-01-05 and 2026-01-05T00:00:00.000000Z are one value, as far as what came out shows what it is. */
static bool
same_value(const char *expected, const char *found)
{
    static const struct value_type types[] = {{.type = DAYBREAK_TYPE_DECIMAL, .precision = 38, .scale = 12}, {.type = DAYBREAK_TYPE_TIMESTAMP}};
    char a[VALUE_ROOM], b[VALUE_ROOM];
    size_t a_size, b_size;

    if (expected == NULL || found == NULL)
        return expected == found;
    if (strcmp(expected, found) == 0)
        return true;
    if (found[0] == '0' && found[1] >= '0' && found[1] <= '9')
        return false; /* a text of digits */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (value_canonical(&types[i], found, strlen(found), b, &b_size) && value_canonical(&types[i], expected, strlen(expected), a, &a_size))
            return a_size == b_size && memcmp(a, b, a_size) == 0;
    return false;
}

static void
record_show(const struct trial_record *record, struct text *to)
{
    struct text value = {0};
    bool some = false;

    text_clear(to);
    text_char(to, '{');
    for (uint32_t i = 0; i < record->cells && to->size < 400; i++) {
        if (record->cell[i].column[0] == '_' && strcmp(record->cell[i].column, "_op") != 0 && strcmp(record->cell[i].column, "_reason") != 0)
            continue;
        shown(record->cell[i].value, &value);
        text_printf(to, "%s%s: %s", some ? ", " : "", record->cell[i].column, text_end(&value));
        some = true;
    }
    text_put(to, to->size < 400 ? "}" : ", …}");
    text_end(to);
    text_fini(&value);
}

static void
column_missing(struct trial *trial, const char *place, uint32_t number, const struct config_test_cell *cell, const struct trial_record *record)
{
    const char **names = arena_alloc(trial->arena, (record->cells + 1) * sizeof *names), *nearest;

    for (uint32_t i = 0; i < record->cells; i++)
        names[i] = record->cell[i].column;
    nearest = text_nearest(cell->column, names, record->cells);
    trial_differs(trial, "%s, record %u: it has no column '%s'%s%s%s", place, number, cell->column, nearest == NULL ? "" : "; did you mean '",
                  nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static void
list_compare(struct trial *trial, const struct config_test_expect *expect, const struct trial_list *list)
{
    const struct trial_record *record = list->first;
    struct text a = {0}, b = {0};

    if (list->count != expect->rows)
        trial_differs(trial, "%s: %u record%s expected, %u came", expect->name, expect->rows, expect->rows == 1 ? "" : "s", list->count);
    for (uint32_t i = 0; i < expect->rows || record != NULL; i++, record = record == NULL ? NULL : record->next) {
        const struct config_test_row *row = i < expect->rows ? &expect->row[i] : NULL;

        if (row == NULL) {
            record_show(record, &a);
            trial_differs(trial, "%s: not expected: %s", expect->name, text_end(&a));
            continue;
        }
        if (record == NULL) {
            trial_differs(trial, "%s, record %u: missing (line %u of the file)", expect->name, i + 1, row->place.line);
            continue;
        }
        for (uint32_t c = 0; c < row->cells; c++) {
            const struct config_test_cell *cell = &row->cell[c];
            const struct trial_cell *found = cell_find(record, cell->column);

            if (found == NULL && (cell->value == NULL || cell->column[0] == '_')) {
                if (cell->value != NULL) {
                    shown(cell->value, &a);
                    trial_differs(trial, "%s, record %u: it has no %s, expected %s", expect->name, i + 1, cell->column, text_end(&a));
                }
            } else if (found == NULL) {
                column_missing(trial, expect->name, i + 1, cell, record);
            } else if (!same_value(cell->value, found->value)) {
                shown(found->value, &a);
                shown(cell->value, &b);
                trial_differs(trial, "%s, record %u: %s is %s, expected %s", expect->name, i + 1, cell->column, text_end(&a), text_end(&b));
            }
        }
    }
    text_fini(&a);
    text_fini(&b);
}

/* What was set aside without being expected explains most of what is missing elsewhere. */
static void
dead_tell(struct trial *trial)
{
    for (const struct trial_record *record = trial->dead.first; record != NULL; record = record->next) {
        const struct trial_cell *detail = cell_find(record, "_detail"), *reason = cell_find(record, "_reason"), *stage = cell_find(record, "_stage");

        trial_differs(trial, "set aside (%s): %s", stage == NULL || stage->value == NULL ? "" : stage->value,
                      detail != NULL && detail->value != NULL ? detail->value : reason != NULL && reason->value != NULL ? reason->value : "");
    }
}

void
trial_compare(struct trial *trial)
{
    const struct config_test *test = trial->test;
    bool dead_named = false;

    if (trial->stopped != NULL)
        trial_differs(trial, "the input was held: %s", trial->stopped);
    for (uint32_t i = 0; i < test->expects; i++) {
        const struct config_test_expect *expect = &test->expect[i];

        trial->checks++;
        if (strcmp(expect->name, "dead") == 0) {
            dead_named = true;
            list_compare(trial, expect, &trial->dead);
        } else if (strcmp(expect->name, "filtered") == 0) {
            int64_t number = expect->number < 0 ? expect->rows : expect->number;

            if (number != trial->filtered)
                trial_differs(trial, "filtered: %" PRId64 " expected, %" PRId64 " were taken out", number, trial->filtered);
        } else if (strcmp(expect->name, trial->config->sink.handoff) == 0) {
            list_compare(trial, expect, &trial->delivered);
        } else {
            trial_differs(trial, "there is no handoff '%s': this pipeline has '%s'", expect->name, trial->config->sink.handoff);
        }
    }
    if (trial->checks == 0 || test->inputs == 0)
        trial_differs(trial, "it checks nothing: %s", test->inputs == 0 ? "no record comes in" : "expect names no handoff");
    if (trial->different > 0 && !dead_named)
        dead_tell(trial);
}
