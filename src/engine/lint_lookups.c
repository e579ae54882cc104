/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups before they are needed: what a query or a file would say. A database or file that is not there is a warning: it may come. */
#include "engine/lint_lookups.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "engine/lint.h"
#include "engine/lookup_files.h"
#include "record/batch.h"
#include "source/source.h"

/* What opening said, at the place that it is about. */
static void
fault_add(const struct config *config, const struct config_lookup *from, const struct daybreak_fault *fault, struct findings *findings)
{
    bool passes = fault->kind == DAYBREAK_RETRY || strcmp(fault->code, "lookup-missing") == 0;
    bool of_query = strcmp(fault->code, "lookup-query") == 0 || strcmp(fault->code, "duplicate-name") == 0;

    findings_add(findings, passes ? FINDING_WARNING : FINDING_ERROR, fault->code[0] == '\0' ? "lookup-file" : fault->code, config->path,
                 of_query && from->query_place.line > 0 ? from->query_place : from->from_place,
                 fault->hint[0] == '\0' ? NULL : fault->hint, "%s", fault->what);
}

struct lookups *
lint_lookups(const struct config *config, struct findings *findings)
{
    struct lookups *lookups = lookups_new(config, NULL);

    for (uint32_t i = 0; i < lookups_count(lookups); i++) {
        struct lookup *lookup = lookups_at(lookups, i);
        const struct config_lookup *from = lookup_config(lookup);
        size_t errors = findings->errors;
        struct daybreak_fault fault = {0};

        if (from->from == CONFIG_FROM_FILE) {
            source_check(from->file, findings);
            lint_fields(from->file, &from->file->source.tables[0], findings);
        } else if (from->from == CONFIG_FROM_SQLITE) {
            lint_types(config, from->fields, from->field_count, findings);
        }
        if (findings->errors == errors && lookup_open(lookup, &fault) != 0)
            fault_add(config, from, &fault, findings);
    }
    return lookups;
}

void
lint_lookups_peek(const struct config *config, const struct lookups *lookups, struct findings *findings)
{
    struct arena *arena = arena_new();

    for (uint32_t i = 0; i < lookups_count(lookups); i++) {
        struct lookup *lookup = lookups_at(lookups, i);
        const struct config_lookup *from = lookup_config(lookup);
        const struct batch_layout *layout;
        struct daybreak_fault fault = {0};
        const char *name, *column;

        if (from->from == CONFIG_FROM_SQLITE || !lookup_known(lookup))
            continue;
        layout = lookup_files_peek(config, lookup, arena, &name, &fault);
        if (layout == NULL) {
            if (from->from == CONFIG_FROM_FILE && fault.kind != DAYBREAK_NO_FAULT)
                fault_add(config, from, &fault, findings);
            continue;
        }
        for (uint32_t k = 0; (column = lookup_fill_column(lookup, k)) != NULL; k++) {
            const char *nearest;

            if (batch_layout_find(layout, column) != UINT32_MAX)
                continue;
            nearest = text_nearest(column, layout->name, layout->columns);
            findings_add(findings, FINDING_ERROR, "unknown-column", config->path, k < from->on.count ? from->on_place : from->take_place,
                         nearest == NULL ? NULL : arena_printf(arena, "did you mean '%s'?", nearest),
                         "lookup '%s': %s has no column '%s'", from->name, name, column);
        }
    }
    arena_free(arena);
}
