/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that stop a whole input, answered after it was compared and before anything of it lands. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "engine/pipeline.h"
#include "record/batch.h"

static bool
over(const struct config_limit *limit, int64_t value, int64_t of)
{
    if (!limit->set)
        return false;
    return limit->percent ? (double)value > limit->share * (double)of : value > limit->number;
}

static void
limit_text(const struct config_limit *limit, char text[32])
{
    if (limit->percent)
        snprintf(text, 32, "%g %%", limit->share * 100);
    else
        snprintf(text, 32, "%lld", (long long)limit->number);
}

static void
trip(struct guard_verdict *verdict, const struct pipeline_table *table, const char *guard, int64_t value, int64_t of,
     const struct config_limit *limit)
{
    struct text out = {0};
    struct json json;
    char allowed[32] = "";

    if (limit != NULL)
        limit_text(limit, allowed);
    verdict->guard = guard;
    json_init(&json, &out, false);
    json_object(&json, NULL);
    json_text(&json, "table", table->config->name);
    json_text(&json, "guard", guard);
    json_int(&json, "value", value);
    json_int(&json, "of", of);
    if (limit != NULL)
        json_text(&json, "limit", allowed);
    json_int(&json, "read", table->read);
    json_int(&json, "remembered", table->change.before_count);
    json_close(&json);
    snprintf(verdict->evidence, sizeof verdict->evidence, "%s", text_end(&out));
    text_fini(&out);
}

static double
percent(int64_t value, int64_t of)
{
    return of == 0 ? 100 : 100.0 * (double)value / (double)of;
}

void
guard_judge(const struct pipeline_table *table, int64_t absent, struct guard_verdict *verdict)
{
    const struct config_guards *guards = &table->config->capture.guards;
    const struct change *change = &table->change;
    int64_t before = change->before_count, read = table->read, invalid = change->night.invalid;
    static const struct config_limit half = {.set = true, .percent = true, .share = 0.5};
    const struct config_limit *updates =
        guards->max_updates.set ? &guards->max_updates : table->new_columns ? &half : &guards->max_updates;
    char allowed[32];

    verdict->guard = NULL;
    verdict->deletes_only = false;
    if (guards->off)
        return;
    if (table->config->capture.method != CONFIG_DIFF)
        goto invalid_rows;
    if (read == 0 && before > 0) {
        trip(verdict, table, "empty", 0, before, NULL);
        snprintf(verdict->reason, sizeof verdict->reason, "the input has no rows, the last one left %lld", (long long)before);
        return;
    }
    if (before > 0 && guards->min_rows.set &&
        (guards->min_rows.percent ? (double)read < guards->min_rows.share * (double)before : read < guards->min_rows.number)) {
        trip(verdict, table, "min_rows", read, before, &guards->min_rows);
        limit_text(&guards->min_rows, allowed);
        snprintf(verdict->reason, sizeof verdict->reason, "only %lld rows where %lld are remembered (%.1f %%, at least %s)",
                 (long long)read, (long long)before, percent(read, before), allowed);
        return;
    }
    if (over(&guards->max_deletes, absent, before)) {
        trip(verdict, table, "max_deletes", absent, before, &guards->max_deletes);
        limit_text(&guards->max_deletes, allowed);
        snprintf(verdict->reason, sizeof verdict->reason, "it would delete %lld of %lld rows (%.1f %%, at most %s)",
                 (long long)absent, (long long)before, percent(absent, before), allowed);
        return;
    }
    if (over(updates, change->night.updated, before)) {
        trip(verdict, table, "max_updates", change->night.updated, before, updates);
        limit_text(updates, allowed);
        snprintf(verdict->reason, sizeof verdict->reason, "it would update %lld of %lld rows (%.1f %%, at most %s)%s",
                 (long long)change->night.updated, (long long)before, percent(change->night.updated, before), allowed,
                 table->new_columns ? "; a column is new" : "");
        return;
    }
invalid_rows:
    if (invalid > 10 && over(&guards->max_invalid, invalid, read)) {
        trip(verdict, table, "max_invalid", invalid, read, &guards->max_invalid);
        limit_text(&guards->max_invalid, allowed);
        snprintf(verdict->reason, sizeof verdict->reason, "%lld of %lld rows are invalid (%.1f %%, at most %s)",
                 (long long)invalid, (long long)read, percent(invalid, read), allowed);
        return;
    }
    if (table->config->capture.method == CONFIG_DIFF && absent > 0 && change->keyless > guards->max_keyless) {
        trip(verdict, table, "max_keyless", change->keyless, read, NULL);
        verdict->deletes_only = true;
        snprintf(verdict->reason, sizeof verdict->reason,
                 "the key of %lld rows could not be read: %lld deletes are withheld, since any of them may be such a row",
                 (long long)change->keyless, (long long)absent);
    }
}

void
guard_columns(struct pipeline_table *table, const struct batch_layout *layout, bool names_all, struct guard_verdict *verdict)
{
    const char *missing = NULL, *added = NULL;
    struct text out = {0};

    verdict->guard = NULL;
    verdict->deletes_only = false;
    table->new_columns = false;
    if (names_all && layout->columns == 0 && table->config->capture.method == CONFIG_DIFF) {
        trip(verdict, table, "empty", 0, table->change.before_count, NULL);
        snprintf(verdict->reason, sizeof verdict->reason, "the input is empty: not even a header");
        return;
    }
    for (uint32_t i = 0; i < layout->columns; i++) {
        size_t k = 0;

        while (k < table->known.count && strcmp(table->known.item[k], layout->name[i]) != 0)
            k++;
        if (k == table->known.count && table->known.count > 0) {
            table->new_columns = true;
            added = layout->name[i];
        }
    }
    for (size_t k = 0; names_all && k < table->known.count + table->config->field_count; k++) {
        const char *name = k < table->known.count ? table->known.item[k] : table->config->fields[k - table->known.count].name;

        if (missing == NULL && batch_layout_find(layout, name) == UINT32_MAX)
            missing = name;
    }
    if (missing == NULL)
        return;
    verdict->guard = "missing_column";
    if (added != NULL)
        snprintf(verdict->reason, sizeof verdict->reason,
                 "column '%s' is missing and '%s' is new: if it was renamed, add `rename: {%s: %s}` and approve",
                 missing, added, added, missing);
    else
        snprintf(verdict->reason, sizeof verdict->reason, "column '%s' is missing", missing);
    text_put(&out, "{\"guard\":\"missing_column\",\"column\":");
    json_quote(&out, missing, strlen(missing));
    text_char(&out, '}');
    snprintf(verdict->evidence, sizeof verdict->evidence, "%s", text_end(&out));
    text_fini(&out);
}
