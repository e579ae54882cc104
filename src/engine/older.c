/* SPDX-License-Identifier: Apache-2.0 */
/* What an older version of the pipeline file left in the target: only the target knows, because a row may have been written anew since. */
#include "engine/view.h"

#include "base/arena.h"
#include "sink/sink.h"
#include "step/step.h"

static int
rows_of(struct sink *sink, const struct config_table *table, uint32_t t, struct arena *arena, int64_t *rows, struct daybreak_fault *fault)
{
    struct daybreak_column *column = arena_zero(arena, (table->capture.key.count + 1) * sizeof *column);
    uint32_t columns = 0;

    for (size_t k = 0; k < table->capture.key.count; k++) {
        const char *name = step_name(table, table->capture.key.item[k]);

        column[columns++] = (struct daybreak_column){.name = name == NULL ? table->capture.key.item[k] : name, .key = true};
    }
    return sink_older(sink, t, column, columns, rows, fault);
}

int
view_older(struct view *view, int64_t *rows, struct daybreak_fault *fault)
{
    struct ledger_identity identity;
    struct arena *arena;
    struct sink *sink;
    volatile int never = 0;
    int64_t all = 0;
    int result;

    *rows = -1;
    if (view->config == NULL || view->ledger == NULL)
        return 0;
    if (ledger_identity(view->ledger, view->name, &identity, fault) != 0 || sink_open(view->config, &never, &sink, fault) != 0)
        return -1;
    arena = arena_new();
    result = sink_look(sink, view->ledger, &identity, fault);
    for (uint32_t t = 0; t < view->config->source.table_count && result == 0 && all >= 0; t++) {
        int64_t some;

        result = rows_of(sink, &view->config->source.tables[t], t, arena, &some, fault);
        all = result != 0 || some < 0 ? -1 : all + some;
    }
    sink_close(sink);
    arena_free(arena);
    if (result == 0)
        *rows = all;
    return result;
}
