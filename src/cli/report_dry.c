/* SPDX-License-Identifier: Apache-2.0 */
/* A dry run in words: what would become of each input, with a few rows of each kind to look at. */
#include "cli/report.h"

#include <inttypes.h>
#include <string.h>

#include "engine/rehearsal.h"

#define SHOWN_COLUMNS 6
#define SHOWN_BYTES 40

static void
put_value(struct text *out, const char *value)
{
    if (value == NULL)
        text_put(out, "null");
    else if (value[0] == '\0')
        text_put(out, "''");
    else
        text_printable(value, strlen(value), SHOWN_BYTES, out);
}

static void
put_cells(struct text *out, const struct rehearsal_sample *sample)
{
    for (uint32_t i = 0; i < sample->cells && i < SHOWN_COLUMNS; i++) {
        const struct rehearsal_cell *cell = &sample->cell[i];

        text_printf(out, "%s%s ", i == 0 ? "  " : ", ", cell->column);
        if (cell->had_before)
            put_value(out, cell->before);
        if (cell->had_before && sample->op != 'd')
            text_put(out, " -> ");
        if (sample->op != 'd')
            put_value(out, cell->after);
    }
    if (sample->cells > SHOWN_COLUMNS)
        text_printf(out, ", and %u more", sample->cells - SHOWN_COLUMNS);
}

static void
put_sample(struct cli *cli, const struct rehearsal_sample *sample)
{
    static const struct {
        char op, colour;
        const char *word;
    } words[] = {{'c', 'g', "create"}, {'u', 'y', "update"}, {'d', 'r', "delete"}, {'r', 'g', "load"}, {'f', 'd', "filtered"},
                 {'x', 'r', "aside"}};
    struct text *out = &cli->out;
    size_t i = 0;

    while (words[i].op != sample->op)
        i++;
    text_printf(out, "    %s%-8s%s ", cli_paint(cli, words[i].colour), words[i].word, cli_paint(cli, '0'));
    if (sample->key != NULL)
        text_printable(sample->key, strlen(sample->key), SHOWN_BYTES, out);
    else
        text_put(out, sample->op == 'x' ? "(no key)" : "-");
    if (sample->op == 'x') {
        if (sample->line >= 0)
            text_printf(out, "  line %" PRId64, sample->line);
        text_printf(out, "  %s", sample->reason == NULL ? "" : sample->reason);
        if (sample->field != NULL) {
            text_printf(out, ": %s ", sample->field);
            put_value(out, sample->value);
        } else if (sample->detail != NULL && sample->detail[0] != '\0') {
            text_put(out, ": ");
            text_printable(sample->detail, strlen(sample->detail), 100, out);
        }
    } else if (sample->op == 'f') {
        text_printf(out, "  by %s", sample->rule == NULL ? "a filter" : sample->rule);
    } else {
        if (sample->reason != NULL)
            text_printf(out, "  %s", sample->reason);
        put_cells(out, sample);
    }
    text_char(out, '\n');
}

static void
put_figures(struct text *out, const struct daybreak_counts *counts)
{
    const struct {
        const char *name;
        int64_t value;
    } figure[] = {{"read", counts->read},         {"unchanged", counts->unchanged}, {"repeated", counts->repeated},
                  {"loaded", counts->loaded},     {"created", counts->created},     {"updated", counts->updated},
                  {"deleted", counts->deleted},   {"filtered", counts->filtered},   {"invalid", counts->invalid},
                  {"set aside", counts->dead > 0 && counts->dead != counts->invalid ? counts->dead : 0}};
    bool any = false;

    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        if (figure[i].value == 0 && i > 0)
            continue;
        text_put(out, any ? "  " : "");
        cli_count(out, figure[i].value);
        text_printf(out, " %s", figure[i].name);
        any = true;
    }
    text_char(out, '\n');
}

static void
put_input(struct cli *cli, const struct result *result, const struct rehearsal_input *input)
{
    const struct {
        const char *outcome, *word;
        char colour;
    } words[] = {{"lands", "would land", 'g'},
                 {"part", "would land as far as it was read", 'g'},
                 {"withheld", "would land without its deletes", 'y'},
                 {"held", "would be held", 'r'},
                 {"repeated", "has the content that was applied last: no changes", 'd'}};
    const struct rehearsal *rehearsal = result->rehearsal;
    struct text *out = &cli->out;
    size_t i = 0;

    while (strcmp(words[i].outcome, input->outcome) != 0)
        i++;
    text_printf(out, "  %s  %s%s%s", input->name, cli_paint(cli, words[i].colour), words[i].word, cli_paint(cli, '0'));
    if (input->reason != NULL)
        text_printf(out, ": %s", input->reason);
    text_char(out, '\n');
    if (strcmp(input->outcome, "repeated") == 0)
        return;
    for (uint32_t t = 0; t < result->tables; t++) {
        if (result->tables > 1)
            text_printf(out, "    %-16s ", result->table_name[t]);
        else
            text_put(out, "    ");
        put_figures(out, &input->table[t]);
    }
    for (const struct rehearsal_guard *guard = rehearsal->guard; guard != NULL; guard = guard->next)
        if (strcmp(guard->input, input->name) == 0)
            text_printf(out, "    %sguard %s%s%s%s: %s\n", cli_paint(cli, 'r'), guard->guard, cli_paint(cli, '0'),
                        result->tables > 1 && guard->table != NULL ? " of table " : "",
                        result->tables > 1 && guard->table != NULL ? guard->table : "", guard->reason);
}

static uint32_t
table_samples(const struct rehearsal *rehearsal, const char *table)
{
    uint32_t count = 0;

    for (const struct rehearsal_sample *sample = rehearsal->sample; sample != NULL; sample = sample->next)
        count += strcmp(sample->table, table) == 0;
    return count;
}

void
report_dry(struct cli *cli, const struct result *result, const struct config *config)
{
    const struct rehearsal *rehearsal = result->rehearsal;
    struct text *out = &cli->out;

    if (rehearsal == NULL) /* it could not even begin; the fault says why */
        return;
    text_printf(out, "%s%s%s  dry run: nothing is written\n", cli_paint(cli, 'b'), result->pipeline, cli_paint(cli, '0'));
    if (rehearsal->input == NULL && result->fault.kind == DAYBREAK_NO_FAULT)
        text_put(out, "  no input that was not taken before\n");
    for (const struct rehearsal_input *input = rehearsal->input; input != NULL; input = input->next)
        put_input(cli, result, input);
    for (uint32_t t = 0; t < result->tables && rehearsal->input != NULL; t++) {
        text_printf(out, "  %s%s%s -> %s %s%s%s\n", cli_paint(cli, 'b'), result->table_name[t], cli_paint(cli, '0'),
                    config == NULL ? "" : config->sink.load.type, rehearsal->target[t], ": ", rehearsal->guarantee[t]);
        if (table_samples(rehearsal, result->table_name[t]) == 0)
            continue;
        for (const char *op = "rcudfx"; *op != '\0'; op++)
            for (const struct rehearsal_sample *sample = rehearsal->sample; sample != NULL; sample = sample->next)
                if (sample->op == *op && strcmp(sample->table, result->table_name[t]) == 0)
                    put_sample(cli, sample);
    }
    if (config != NULL && result->fault.kind == DAYBREAK_NO_FAULT)
        text_printf(out, "  In earnest: %sdaybreak run %s%s\n", cli_paint(cli, 'b'), config->path, cli_paint(cli, '0'));
    cli_flush(cli);
}
