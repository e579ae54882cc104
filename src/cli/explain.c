/* SPDX-License-Identifier: Apache-2.0 */
/* All tables of codes as one list of groups, in the order in which they are shown. */
#include "cli/explain.h"

#include <stddef.h>
#include <string.h>

#include "config/finding.h"

static const struct explain_code *const table[] = {
    explain_exits,
    NULL /* finding_codes */, explain_guards, explain_records, explain_runs, explain_targets, explain_tools, explain_counts,
};

const struct explain_group explain_groups[] = {
    {"exit", "Exit statuses"},
    {"file", "What lint and run say of a pipeline file"},
    {"guard", "What holds an input"},
    {"record", "Why a record was set aside"},
    {"run", "What stops a run"},
    {"target", "What a target says"},
    {"tool", "compare, init, demo"},
    {"figure", "Figures of a run"},
    {NULL, NULL},
};

static const char *
example_of(const char *code)
{
    const struct explain_example *example = explain_examples;

    while (example->code != NULL && strcmp(example->code, code) != 0)
        example++;
    return example->example;
}

bool
explain_entry(size_t group, size_t i, struct explain_code *entry)
{
    if (table[group] != NULL) {
        *entry = table[group][i];
        return entry->code != NULL;
    }
    if (finding_codes[i].code == NULL)
        return false;
    *entry = (struct explain_code){.code = finding_codes[i].code, .means = finding_codes[i].help,
                                   .example = example_of(finding_codes[i].code)};
    return true;
}

bool
explain_has(const char *code)
{
    struct explain_code entry;

    for (size_t group = 0; explain_groups[group].name != NULL; group++)
        for (size_t i = 0; explain_entry(group, i, &entry); i++)
            if (strcmp(entry.code, code) == 0)
                return true;
    return false;
}
