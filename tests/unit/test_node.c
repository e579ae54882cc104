/* SPDX-License-Identifier: Apache-2.0 */
#include "config/node.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/finding.h"

static struct arena *arena;
static struct findings findings;

static void
setup(void)
{
    arena = arena_new();
    findings_init(&findings);
}

static void
teardown(void)
{
    arena_free(arena);
    findings_fini(&findings);
}

static const struct config_node *
read_text(const char *text)
{
    return node_read(arena, "p.yaml", text, strlen(text), &findings);
}

START_TEST(every_node_knows_its_place)
{
    const struct config_node *root = read_text("name: orders\nsource:\n  path: [a, \"b\"]\n"), *path;

    ck_assert_uint_eq(findings.count, 0);
    ck_assert_int_eq(root->kind, CONFIG_MAPPING);
    ck_assert_uint_eq(root->children, 2);
    ck_assert_str_eq(node_member(root, "name")->text, "orders");
    ck_assert_uint_eq(node_member(root, "name")->place.column, 7);
    path = node_member(node_member(root, "source"), "path");
    ck_assert_uint_eq(path->key_place.line, 3);
    ck_assert_uint_eq(path->key_place.column, 3);
    ck_assert_uint_eq(path->place.column, 9);
    ck_assert_uint_eq(path->children, 2);
    ck_assert(!path->child->quoted);
    ck_assert(path->child->next->quoted);
    ck_assert_ptr_null(path->child->key);
    ck_assert_ptr_null(node_member(root, "nothing"));
    ck_assert_ptr_null(node_member(NULL, "name"));
    ck_assert_ptr_null(node_member(path, "name"));
}
END_TEST

START_TEST(nothing_is_guessed)
{
    const struct config_node *root = read_text("a: yes\nb: 010\nc: ~\nd: null\ne: 1e3\nf:\ng: 2025-01-01\nh: .5\n");
    static const char *const texts[] = {"yes", "010", "~", "null", "1e3", "", "2025-01-01", ".5"};
    const struct config_node *member = root->child;

    for (size_t i = 0; i < 8; i++, member = member->next)
        ck_assert_str_eq(member->text, texts[i]);
    ck_assert_ptr_null(member);
}
END_TEST

START_TEST(columns_count_characters)
{
    const struct config_node *root = read_text("{\"größe\": ä, b: x}");

    ck_assert_uint_eq(node_member(root, "b")->key_place.column, 14);
}
END_TEST

START_TEST(a_byte_order_mark_is_no_content)
{
    ck_assert_str_eq(node_member(read_text("\xef\xbb\xbf" "a: b\r\nc: d\r\n"), "c")->text, "d");
    ck_assert_uint_eq(findings.count, 0);
}
END_TEST

START_TEST(an_empty_file_has_no_tree)
{
    ck_assert_ptr_null(read_text(""));
    ck_assert_ptr_null(read_text("# only a comment\n"));
    ck_assert_uint_eq(findings.count, 0);
}
END_TEST

static const struct {
    const char *text, *code, *message;
    uint32_t line, column;
    bool tree; /* what else is wrong can still be said */
} wrongs[] = {
    {"a: 1\nb: 2\na: 3\n", "duplicate-key", "key 'a' stands twice, first in line 1", 3, 1, true},
    {"x: {y: 1, y: 2}\n", "duplicate-key", "key 'y' stands twice, first in line 1", 1, 11, true},
    {"a: &x 1\n", "anchor", "anchors are not read: '&x'", 1, 4, true},
    {"a: *x\n", "anchor", "aliases are not read: '*x'", 1, 4, true},
    {"a: !!int 1\n", "tag", "tags are not read: 'tag:yaml.org,2002:int'", 1, 4, true},
    {"a: !env X\n", "tag", "tags are not read: '!env'", 1, 4, true},
    {"a: !x {b: c}\n", "tag", "tags are not read: '!x'", 1, 4, true},
    {"%YAML 1.1\n---\na: 1\n", "tag", "directives are not read", 1, 1, true},
    {"a: 1\n---\nb: 2\n", "several-documents", "a second document begins here", 2, 1, true},
    {"a:\n\tb: 1\n", "tab", "a tab indents this line", 2, 1, false},
    {"? [a, b]\n: 1\n", "bad-key", "a key must be a text", 1, 3, true},
    {"'': 1\n", "bad-key", "a key must be a text", 1, 1, true},
    {"a: \"x\\0y\"\n", "bad-text", "a text cannot hold a NUL byte", 1, 4, true},
    {"a: [1, 2\n", "bad-yaml", "this is no YAML: a ',' or ']' is missing before this", 2, 1, false},
    {"a: {b: 1\n", "bad-yaml", "this is no YAML: a ',' or '}' is missing before this", 2, 1, false},
    {"a: b: c\n", "bad-yaml", "this is no YAML: a ': ' cannot stand here", 1, 5, false},
    {"a: 'b\n", "bad-yaml", "this is no YAML: the file ends inside a quoted text", 2, 1, false},
    {"a: @b\n", "bad-yaml", "this is no YAML: no value can begin with this character", 1, 4, false},
    {"a: %Y.csv\n", "bad-yaml", "this is no YAML: no value can begin with this character", 1, 4, false},
    {"a: 1\n b: 2\n", "bad-yaml", "this is no YAML: a ': ' cannot stand here", 2, 3, false},
    {"a: \"\\q\"\n", "bad-yaml", "this is no YAML: no such escape in a \"text\"", 1, 5, false},
    {"a: 1\nb: \x01\n", "bad-yaml", "this is no YAML: control characters are not allowed", 2, 4, false},
    {"a: \xe4\n", "not-utf8", "byte 0xe4 is not UTF-8 here", 1, 4, false},
    {"a: \xc3\xa4\nb: \xc3\xa4\xff\n", "not-utf8", "byte 0xff is not UTF-8 here", 2, 5, false},
};

START_TEST(what_a_file_must_not_hold_is_found_with_its_place)
{
    const struct config_node *root = read_text(wrongs[_i].text);

    ck_assert_msg(findings.count == 1, "%zu findings for %s", findings.count, wrongs[_i].text);
    ck_assert_str_eq(findings.item[0].code, wrongs[_i].code);
    ck_assert_str_eq(findings.item[0].message, wrongs[_i].message);
    ck_assert_uint_eq(findings.item[0].place.line, wrongs[_i].line);
    ck_assert_uint_eq(findings.item[0].place.column, wrongs[_i].column);
    ck_assert_int_eq(findings.status, 78);
    ck_assert_msg((root != NULL) == wrongs[_i].tree, "%s", wrongs[_i].text);
}
END_TEST

START_TEST(all_tabs_are_said_at_once)
{
    ck_assert_ptr_null(read_text("a:\n\tb: 1\n\tc: 2\n  d: 3\n \te: 4\n"));
    ck_assert_uint_eq(findings.count, 3);
    ck_assert_uint_eq(findings.item[2].place.line, 5);
    ck_assert_uint_eq(findings.item[2].place.column, 2);
}
END_TEST

START_TEST(all_duplicates_are_said_at_once)
{
    ck_assert_ptr_nonnull(read_text("a: 1\na: 2\na: 3\nb: {c: 1, c: 2}\n"));
    ck_assert_uint_eq(findings.count, 3);
}
END_TEST

static char *
nested(int depth, char open, char close)
{
    char *text = malloc((size_t)depth * 2 + 1);

    memset(text, open, (size_t)depth);
    memset(text + depth, close, (size_t)depth);
    text[depth * 2] = '\0';
    return text;
}

START_TEST(nesting_ends_at_64)
{
    char *text = nested(64, '[', ']');

    ck_assert_ptr_nonnull(read_text(text));
    ck_assert_uint_eq(findings.count, 0);
    free(text);
    text = nested(65, '[', ']');
    ck_assert_ptr_null(read_text(text));
    ck_assert_str_eq(findings.item[0].message, "nested deeper than 64 levels");
    free(text);
    text = nested(500000, '[', ']'); /* would take the library minutes */
    ck_assert_ptr_null(read_text(text));
    free(text);
}
END_TEST

START_TEST(a_file_has_at_most_one_mebibyte)
{
    char *text = malloc(NODE_FILE_LIMIT + 2);

    memset(text, ' ', NODE_FILE_LIMIT + 1);
    memcpy(text, "a: 1 #", 6);
    ck_assert_ptr_nonnull(node_read(arena, "p.yaml", text, NODE_FILE_LIMIT, &findings));
    ck_assert_ptr_null(node_read(arena, "p.yaml", text, NODE_FILE_LIMIT + 1, &findings));
    ck_assert_str_eq(findings.item[0].message, "the file has more than 1048576 bytes");
    free(text);
}
END_TEST

START_TEST(many_keys_take_no_square_of_time)
{
    struct text text = {0};
    const struct config_node *root;

    for (int i = 0; i < 100000; i++)
        text_printf(&text, "k%d: \n", i);
    root = node_read(arena, "p.yaml", text.at, text.size, &findings);
    ck_assert_uint_eq(root->children, 100000);
    text_fini(&text);
}
END_TEST

START_TEST(no_damage_to_a_file_does_harm)
{
    static const char good[] = "source:\n  path: [a, \"b\\n\", 'c']\n  q: |\n    SELECT\n    1\n# x\nsink: {a: {b: c}, "
                               "d: >-\n  e}\n";
    uint64_t state = 88172645463325252ull;

    for (int i = 0; i < 30000; i++) {
        char *text = malloc(sizeof good - 1);

        memcpy(text, good, sizeof good - 1);
        for (int k = 0; k < 1 + i % 4; k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text[state % (sizeof good - 1)] = (state >> 32) % 3 == 0 ? (char)(state >> 40) : "[]{}:,-&*!|>'\"%@`\t\n "
                "#?"[(state >> 40) % 22];
        }
        node_read(arena, "p.yaml", text, sizeof good - 1, &findings);
        free(text);
        if (i % 100 == 0) {
            teardown();
            setup();
        }
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("node");
    TCase *tcase = tcase_create("node");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_node_knows_its_place);
    tcase_add_test(tcase, nothing_is_guessed);
    tcase_add_test(tcase, columns_count_characters);
    tcase_add_test(tcase, a_byte_order_mark_is_no_content);
    tcase_add_test(tcase, an_empty_file_has_no_tree);
    tcase_add_loop_test(tcase, what_a_file_must_not_hold_is_found_with_its_place, 0, (int)(sizeof wrongs / sizeof *wrongs));
    tcase_add_test(tcase, all_tabs_are_said_at_once);
    tcase_add_test(tcase, all_duplicates_are_said_at_once);
    tcase_add_test(tcase, nesting_ends_at_64);
    tcase_add_test(tcase, a_file_has_at_most_one_mebibyte);
    tcase_add_test(tcase, many_keys_take_no_square_of_time);
    tcase_add_test(tcase, no_damage_to_a_file_does_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
