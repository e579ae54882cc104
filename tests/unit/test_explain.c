/* SPDX-License-Identifier: Apache-2.0 */
/* Every code that the sources can say has an entry, and every entry is one that they can say. */
#include <check.h>
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "change/change.h"
#include "cli/explain.h"
#include "config/finding.h"

/* Calls that name a code. Its argument is the first with a text in it, which may be `full ? "disk-full" : "io-error"`. */
static const char *const calls[] = {
    "fault_exit", "postgres_wire_exit", "sqlite_file_exit", "target_fault_exit", "TARGET_HALT", "halt", "findings_add", "CONFIG_ERROR",
    "CONFIG_WARNING",
    "CONFIG_NOTE", "bad", "batch_bad_row", "evaluation_fail", "function_fail", "trip", "change_set_aside", "asides_add",
    "bad_say", "tell_halt",
    "token_error", "wrong_type", "problem_say", "findings_add_wide",
};

/* Of these the first text is for people, or the call is a function's own beginning. */
static const char *const not_codes[] = {"path", NULL};

static struct keyset *said; /* all codes found */
static uint32_t files;

static bool
is_code(const char *text)
{
    if (!islower((unsigned char)text[0]))
        return false;
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0' || strcmp(text, "duplicate key") == 0;
}

/* Behind a text that begins at ${at}, which is put into ${to}. */
static const char *
text_read(const char *at, char to[256])
{
    size_t size = 0;

    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (size < 255)
            to[size++] = *at;
    }
    to[size] = '\0';
    return *at == '"' ? at + 1 : at;
}

/* The arguments of a call, from behind its bracket. */
static void
call_read(const char *at)
{
    int depth = 1;
    bool any = false;
    char text[256];

    while (*at != '\0' && depth > 0) {
        if (*at == '"') {
            at = text_read(at, text);
            if (!is_code(text))
                return; /* a sentence: the code, if any, was named by a variable */
            keyset_add(said, text, (uint32_t)strlen(text));
            any = true;
            continue;
        }
        if (*at == '\'') {
            at += at[1] == '\\' ? 4 : 3;
            continue;
        }
        depth += (*at == '(') - (*at == ')');
        if (*at == ',' && depth == 1 && any)
            return;
        at++;
    }
}

static void
file_read_codes(const char *path)
{
    struct daybreak_fault fault = {0};
    char *source, text[256];
    size_t size;

    ck_assert_msg(file_read(path, 4 << 20, &source, &size, &fault) == 0, "%s", fault.what);
    files++;
    for (const char *at = source; *at != '\0'; at++) {
        if (at[0] == '/' && at[1] == '*') {
            at = strstr(at, "*/");
            if (at == NULL)
                break;
            continue;
        }
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
            size_t length = strlen(calls[i]);

            if ((at == source || (!isalnum((unsigned char)at[-1]) && at[-1] != '_')) && strncmp(at, calls[i], length) == 0 &&
                at[length] == '(')
                call_read(at + length + 1);
        }
        for (int k = 0; k < 2; k++) { /* designated: .code = "…", ->reason = "…" */
            static const char *const member[] = {"code = \"", "reason = \""};
            size_t length = strlen(member[k]);

            if (at > source && (at[-1] == '.' || at[-1] == '>') && strncmp(at, member[k], length) == 0) {
                text_read(at + length - 1, text);
                if (is_code(text))
                    keyset_add(said, text, (uint32_t)strlen(text));
            }
        }
        if (*at == '"') {
            char *end = (char *)text_read(at, text);

            at = end - 1;
        } else if (*at == '\'') {
            at += at[1] == '\\' ? 3 : 2;
        }
    }
    free(source);
}

static void
folder_read(const char *folder)
{
    struct dirent **entry;
    int count = scandir(folder, &entry, NULL, alphasort);

    ck_assert_msg(count >= 0, "no folder %s", folder);
    for (int i = 0; i < count; i++) {
        const char *name = entry[i]->d_name;
        char path[4096];
        struct stat st;

        snprintf(path, sizeof path, "%s/%s", folder, name);
        if (name[0] != '.' && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                folder_read(path);
            else if (strlen(name) > 2 && strcmp(name + strlen(name) - 2, ".c") == 0 && strncmp(name, "explain_", 8) != 0 &&
                     strncmp(name, "template_", 9) != 0 /* an example: its words are whose it becomes */ &&
                     strcmp(name, "finding_codes.c") != 0)
                file_read_codes(path);
        }
        free(entry[i]);
    }
    free(entry);
}

static void
sources_read(void)
{
    const char *top = getenv("top_srcdir");
    char path[4096];

    said = keyset_new();
    files = 0;
    if (top == NULL)
        top = ".";
    snprintf(path, sizeof path, "%s/src", top);
    folder_read(path);
    snprintf(path, sizeof path, "%s/connectors", top);
    folder_read(path);
    ck_assert_uint_gt(files, 100);
}

START_TEST(every_code_that_is_said_is_explained)
{
    struct text missing = {0};

    sources_read();
    ck_assert_uint_gt(keyset_count(said), 150);
    for (uint32_t i = 0; i < keyset_count(said); i++) {
        struct daybreak_text key;
        char code[256];
        bool known;

        keyset_get(said, i, &key);
        snprintf(code, sizeof code, "%.*s", (int)key.size, key.at);
        known = explain_has(code);
        for (size_t k = 0; not_codes[k] != NULL; k++)
            known |= strcmp(code, not_codes[k]) == 0;
        if (!known)
            text_printf(&missing, " %s", code);
    }
    ck_assert_msg(missing.size == 0, "no entry in src/cli/explain_*.c or src/config/finding_codes.c:%s", text_end(&missing));
    text_fini(&missing);
    keyset_free(said);
}
END_TEST

static void
table_check(const struct explain_code *table)
{
    for (const struct explain_code *entry = table; entry->code != NULL; entry++) {
        size_t size = strlen(entry->means);

        ck_assert_msg(size > 10 && isupper((unsigned char)entry->means[0]) + (strstr(entry->means, "compare") == entry->means) +
                                           (entry->means[0] == '`') > 0, "%s: %s", entry->code, entry->means);
        ck_assert_msg(strchr(".)", entry->means[size - 1]) != NULL, "%s is no sentence: %s", entry->code, entry->means);
        ck_assert_msg(entry->todo == NULL || strlen(entry->todo) > 5, "%s", entry->code);
        for (const struct explain_code *other = table; other < entry; other++)
            ck_assert_msg(strcmp(entry->code, other->code) != 0, "%s stands twice", entry->code);
    }
}

START_TEST(every_entry_is_a_sentence_and_stands_once)
{
    table_check(explain_exits);
    table_check(explain_guards);
    table_check(explain_records);
    table_check(explain_runs);
    table_check(explain_targets);
    table_check(explain_tools);
    table_check(explain_counts);
}
END_TEST

START_TEST(every_example_belongs_to_a_code)
{
    for (const struct explain_example *example = explain_examples; example->code != NULL; example++) {
        const struct finding_code *code = finding_codes;

        while (code->code != NULL && strcmp(code->code, example->code) != 0)
            code++;
        ck_assert_msg(code->code != NULL, "no finding is called %s", example->code);
    }
}
END_TEST

static bool
is_said(const char *code)
{
    return keyset_has(said, code, (uint32_t)strlen(code));
}

/* Codes of the tables of faults that nothing says any more would only mislead. Records' and guards' are made of parts, too. */
START_TEST(no_fault_is_explained_that_nobody_says)
{
    const struct explain_code *const tables[] = {explain_runs, explain_targets, explain_tools};

    sources_read();
    for (size_t t = 0; t < 3; t++)
        for (const struct explain_code *entry = tables[t]; entry->code != NULL; entry++)
            ck_assert_msg(is_said(entry->code), "nothing says %s any more", entry->code);
    keyset_free(said);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("explain");
    TCase *tcase = tcase_create("codes");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, every_code_that_is_said_is_explained);
    tcase_add_test(tcase, every_entry_is_a_sentence_and_stands_once);
    tcase_add_test(tcase, every_example_belongs_to_a_code);
    tcase_add_test(tcase, no_fault_is_explained_that_nobody_says);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
