/* SPDX-License-Identifier: Apache-2.0 */
/* `tests:` of a pipeline file: records that come in, and what must become of them. Values are taken as written; a plain null is none. */
#include "parts.h"

#include <string.h>

struct test_values {
    const char *name, *table;
};

const struct daybreak_option config_test_options[] = {
    {.name = "name", .type = DAYBREAK_TEXT, .at = offsetof(struct test_values, name), .required = true, .example = "a big order waits",
     .help = "What the test shows, in a few words."},
    {.name = "table", .type = DAYBREAK_TEXT, .at = offsetof(struct test_values, table),
     .help = "The table of the source that the records are of, when it has several; the first by default."},
    {.name = NULL},
};

static bool
is_null(const struct config_node *node)
{
    return !node->quoted && (strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0);
}

static void
row_read(struct reading *reading, const struct config_node *node, struct config_test_row *row)
{
    struct config_test_cell *cell = arena_zero(reading->arena, (node->children + 1) * sizeof *cell);

    row->cell = cell;
    row->place = node->place;
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a mapping of columns to values", reading->file, reading->findings);
        return;
    }
    for (const struct config_node *member = node->child; member != NULL; member = member->next) {
        if (member->kind != CONFIG_SCALAR) {
            option_wrong(member, "one value", reading->file, reading->findings);
            continue;
        }
        *cell++ = (struct config_test_cell){member->key, is_null(member) ? NULL : member->text, member->place};
        row->cells++;
    }
}

static void
rows_read(struct reading *reading, const struct config_node *node, const char *what, struct config_test_row **rows, uint32_t *count)
{
    if (node->kind != CONFIG_SEQUENCE) {
        option_wrong(node, what, reading->file, reading->findings);
        return;
    }
    *rows = arena_zero(reading->arena, (node->children + 1) * sizeof **rows);
    for (const struct config_node *item = node->child; item != NULL; item = item->next)
        row_read(reading, item, &(*rows)[(*count)++]);
}

static void
expect_read(struct reading *reading, const struct config_node *node, struct config_test *test)
{
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a mapping of handoffs (or dead, filtered) to lists of records", reading->file, reading->findings);
        return;
    }
    test->expect = arena_zero(reading->arena, (node->children + 1) * sizeof *test->expect);
    for (const struct config_node *member = node->child; member != NULL; member = member->next) {
        struct config_test_expect *expect = &test->expect[test->expects++];

        expect->name = member->key;
        expect->place = member->key_place;
        expect->number = -1;
        if (strcmp(member->key, "filtered") == 0 && member->kind == CONFIG_SCALAR) {
            const char *digit = member->text;

            for (expect->number = 0; *digit >= '0' && *digit <= '9' && expect->number < 1000000; digit++)
                expect->number = expect->number * 10 + (*digit - '0');
            if (*digit != '\0' || digit == member->text)
                option_wrong(member, "how many records filters take out", reading->file, reading->findings);
            continue;
        }
        rows_read(reading, member, "a list of records", &expect->row, &expect->rows);
    }
}

static void
test_read(struct reading *reading, const struct config_node *node, struct config_test *test)
{
    static const char *const inner[] = {"input", "expect", NULL};
    static const struct section section = {.table = config_test_options, .inner = inner};
    struct test_values values = {0};
    const struct config_node *input, *expect;

    test->place = node->place;
    if (node->kind != CONFIG_MAPPING) {
        option_wrong(node, "a test: {name: …, input: [records], expect: {HANDOFF: [records]}}", reading->file, reading->findings);
        return;
    }
    section_fill(reading, &section, node, &values);
    test->name = values.name == NULL ? "" : values.name;
    test->table = values.table;
    input = node_member(node, "input");
    expect = node_member(node, "expect");
    if (input == NULL || expect == NULL)
        CONFIG_ERROR(reading, "missing-key", node->place, NULL, "a test needs %s", input == NULL ? "input: the records that come in"
                                                                                                : "expect: what must become of them");
    if (input != NULL)
        rows_read(reading, input, "a list of records", &test->input, &test->inputs);
    if (expect != NULL)
        expect_read(reading, expect, test);
}

void
config_tests_read(struct reading *reading, const struct config_node *node)
{
    struct config *config = reading->config;

    if (node == NULL)
        return;
    if (node->kind != CONFIG_SEQUENCE) {
        option_wrong(node, "a list of tests", reading->file, reading->findings);
        return;
    }
    config->tests = arena_zero(reading->arena, (node->children + 1) * sizeof *config->tests);
    for (const struct config_node *item = node->child; item != NULL; item = item->next)
        test_read(reading, item, &config->tests[config->test_count++]);
}
