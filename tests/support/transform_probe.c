/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transform module that does what its rows say, for tests of what the engine makes of it: each way to give a cell, to take a change
 * out, to set one aside, and to be wrong.
 */
#include <daybreak/connector.h>

#include <string.h>

enum probe_column { PROBE_TEXT, PROBE_INTEGER, PROBE_DECIMAL, PROBE_REAL, PROBE_TIMESTAMP, PROBE_DATE, PROBE_BOOLEAN, PROBE_COLUMNS };
enum probe_breaks { PROBE_NEVER, PROBE_SILENT, PROBE_FORM, PROBE_RETRY, PROBE_KEY, PROBE_TWICE, PROBE_TYPE };

struct probe {
    const struct daybreak_host *host;
    const char *column;
    int breaks;
    uint32_t from, columns;
    struct daybreak_column gives[PROBE_COLUMNS];
};

static const struct daybreak_option options[] = {
    {.name = "column", .type = DAYBREAK_TEXT, .at = offsetof(struct probe, column), .required = true, .help = "The column that says what to do."},
    {.name = "breaks", .type = DAYBREAK_CHOICE, .at = offsetof(struct probe, breaks), .preset = "never",
     .choices = "never|silent|form|retry|key|twice|type", .help = "What it does wrong as a whole."},
    {.name = NULL},
};

static int
probe_open(void *of, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct probe *probe = of;

    (void)fault;
    probe->host = host;
    return 0;
}

static void
probe_close(void *of)
{
    (void)of;
}

static int
probe_gives(void *of, const struct daybreak_column *column, uint32_t columns, const struct daybreak_column **gives, uint32_t *count,
            struct daybreak_fault *fault)
{
    static const struct daybreak_column all[PROBE_COLUMNS] = {
        {.name = "t", .type = DAYBREAK_TYPE_TEXT},       {.name = "i", .type = DAYBREAK_TYPE_INTEGER},
        {.name = "d", .type = DAYBREAK_TYPE_DECIMAL, .precision = 5, .scale = 2},
        {.name = "r", .type = DAYBREAK_TYPE_REAL},       {.name = "at", .type = DAYBREAK_TYPE_TIMESTAMP},
        {.name = "day", .type = DAYBREAK_TYPE_DATE},     {.name = "b", .type = DAYBREAK_TYPE_BOOLEAN},
    };
    struct probe *probe = of;

    probe->from = 0;
    while (probe->from < columns && strcmp(column[probe->from].name, probe->column) != 0)
        probe->from++;
    if (probe->from == columns)
        return probe->host->fault(fault, DAYBREAK_ASIDE, "there is no column '%s' to do as it says", probe->column);
    memcpy(probe->gives, all, sizeof all);
    for (uint32_t i = 0; i < columns && probe->breaks == PROBE_KEY; i++)
        if (column[i].key)
            probe->gives[PROBE_TEXT].name = column[i].name;
    if (probe->breaks == PROBE_TWICE)
        probe->gives[PROBE_INTEGER].name = "t";
    if (probe->breaks == PROBE_TYPE)
        probe->gives[PROBE_DECIMAL].precision = 0;
    probe->columns = columns;
    *gives = probe->gives;
    *count = PROBE_COLUMNS;
    return 0;
}

static bool
says(struct daybreak_text text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.at, word, text.size) == 0;
}

static int
probe_apply(void *of, struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    const struct probe *probe = of;
    size_t rows = (size_t)batch->rows + 1;
    struct daybreak_text *text = probe->host->alloc(batch, rows * sizeof *text), *at = probe->host->alloc(batch, rows * sizeof *at);
    int64_t *number = probe->host->alloc(batch, rows * sizeof *number), *cents = probe->host->alloc(batch, rows * sizeof *cents);
    int64_t *truth = probe->host->alloc(batch, rows * sizeof *truth), *day = probe->host->alloc(batch, rows * sizeof *day);
    double *real = probe->host->alloc(batch, rows * sizeof *real);
    uint8_t *nulls = probe->host->alloc(batch, rows);
    struct daybreak_cells none = {.size = sizeof none};
    struct daybreak_view view;

    if (probe->breaks == PROBE_RETRY)
        return probe->host->fault(fault, DAYBREAK_RETRY, "not now");
    if (probe->breaks == PROBE_SILENT)
        return 0;
    probe->host->view(batch, probe->from, DAYBREAK_AS_TEXT, &view);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];
        const struct daybreak_span *span = (const struct daybreak_span *)(view.data + (size_t)row * view.stride);
        struct daybreak_text word = {view.base + span->at, span->size == DAYBREAK_NULL ? 0 : span->size};

        nulls[row] = span->size == DAYBREAK_NULL || says(word, "null");
        text[row] = (struct daybreak_text){batch->op + i, 1};
        at[row] = (struct daybreak_text){"2026-01-31T12:00:00+01:00", 25};
        number[row] = batch->changes;
        cents[row] = -1234;
        real[row] = 0.5;
        day[row] = 31;
        truth[row] = 1;
        if (says(word, "filter"))
            probe->host->filter(batch, i);
        if (says(word, "refuse"))
            probe->host->refuse(batch, i, "told_so", "row %u said so", i);
        if (says(word, "both")) {
            probe->host->filter(batch, i);
            probe->host->refuse(batch, i, "told_so", "twice");
        }
        if (says(word, "utf8"))
            text[row] = (struct daybreak_text){"\xff", 1};
        if (says(word, "wide"))
            cents[row] = 100000;
        if (says(word, "time"))
            at[row] = (struct daybreak_text){"soon", 4};
        if (says(word, "day"))
            day[row] = INT64_MAX;
        if (says(word, "truth"))
            truth[row] = 2;
        if (says(word, "infinite"))
            real[row] = __builtin_inf();
    }
    probe->host->filter(batch, batch->changes); /* of what is not there nothing is believed */
    probe->host->give(batch, PROBE_COLUMNS, &none);
    none.text = text;
    none.nulls = nulls;
    probe->host->give(batch, PROBE_TEXT, &none);
    probe->host->give(batch, PROBE_INTEGER, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .number = number});
    probe->host->give(batch, PROBE_DECIMAL, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .number = cents});
    probe->host->give(batch, PROBE_REAL, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .real = real});
    probe->host->give(batch, PROBE_TIMESTAMP, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .text = at});
    probe->host->give(batch, PROBE_DATE, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .number = day});
    probe->host->give(batch, PROBE_BOOLEAN, &(struct daybreak_cells){.size = sizeof none, .nulls = nulls, .number = truth});
    if (probe->breaks == PROBE_FORM)
        probe->host->give(batch, PROBE_TEXT, &(struct daybreak_cells){.size = sizeof none, .number = number});
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_TRANSFORM,
    .name = "probe",
    .help = "Does what its rows say, for tests.",
    .self_size = sizeof(struct probe),
    .options = options,
    .open = probe_open,
    .close = probe_close,
    .apply = probe_apply,
    .gives = probe_gives,
};
