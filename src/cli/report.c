/* SPDX-License-Identifier: Apache-2.0 */
/* A run's result in words. */
#include "cli/report.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/explain.h"
#include "ledger/ledger.h"

void
report_sentence(const struct result *result, char *sentence, size_t room)
{
    const struct daybreak_counts *counts = &result->counts;
    int size = snprintf(sentence, room, "%s: %s%" PRId64 " input%s, %" PRId64 " rows read, %" PRId64 " created, %" PRId64
                        " updated, %" PRId64 " deleted",
                        result->pipeline, result->rehearsal == NULL ? "" : "dry run, nothing written: ", result->inputs, result->inputs == 1 ? "" : "s", counts->read, counts->created,
                        counts->updated, counts->deleted);

    if (counts->loaded > 0)
        size += snprintf(sentence + size, room - (size_t)size, ", %" PRId64 " loaded", counts->loaded);
    if (counts->dead > 0)
        size += snprintf(sentence + size, room - (size_t)size, ", %" PRId64 " dead", counts->dead);
    if (result->held != NULL)
        snprintf(sentence + size, room - (size_t)size, ", an input is held");
}

static void
figure(struct text *out, const char *name, int64_t value)
{
    if (value == 0)
        return;
    text_put(out, "  ");
    cli_count(out, value);
    text_printf(out, " %s", name);
}

static void
table_lag(struct cli *cli, const struct lag_set *lag)
{
    const struct lag *hop = &lag->hop[LAG_END_TO_END];
    char p50[CLOCK_TEXT_ROOM], p99[CLOCK_TEXT_ROOM];

    if (lag_count(hop) == 0)
        return;
    text_printf(&cli->out, "  lag      p50 %s  p99 %s  (%" PRId64 " changes, %s)\n", clock_duration(lag_quantile(hop, 0.5), p50),
                clock_duration(lag_quantile(hop, 0.99), p99), lag_count(hop),
                lag_set_basis(lag) == LAG_BASES ? "no basis" : lag_basis_name[lag_set_basis(lag)]);
}

void
report_table(struct cli *cli, const struct result *result)
{
    const struct daybreak_counts *counts = &result->counts;
    struct text *out = &cli->out;

    text_printf(out, "%s%s%s  %" PRId64 " input%s in %.1f s", cli_paint(cli, 'b'), result->pipeline, cli_paint(cli, '0'),
                result->inputs, result->inputs == 1 ? "" : "s", result->seconds);
    if (result->repeated_inputs > 0)
        text_printf(out, " (%" PRId64 " with the content applied last)", result->repeated_inputs);
    text_char(out, '\n');
    if (counts->read > 0) {
        text_put(out, "  rows   ");
        figure(out, "read", counts->read);
        figure(out, "unchanged", counts->unchanged);
        figure(out, "repeated", counts->repeated);
        figure(out, "invalid", counts->invalid);
        text_char(out, '\n');
    }
    if (counts->captured + counts->absent != 0) {
        text_put(out, "  changes");
        figure(out, "loaded", counts->loaded);
        figure(out, "created", counts->created);
        figure(out, "updated", counts->updated);
        figure(out, "deleted", counts->deleted);
        text_char(out, '\n');
    }
    if (counts->delivered != 0 || counts->dead != 0 || counts->filtered != 0) {
        text_put(out, "  landed ");
        figure(out, "delivered", counts->delivered);
        figure(out, "filtered", counts->filtered);
        figure(out, "dead", counts->dead);
        figure(out, "healed", counts->healed);
        figure(out, "superseded", counts->superseded);
        text_char(out, '\n');
    }
    table_lag(cli, &result->lag);
    if (!result->balanced)
        text_printf(out, "  %sthe ledger does not balance%s\n", cli_paint(cli, 'r'), cli_paint(cli, '0'));
    cli_flush(cli);
}

/* How one gets back here from a mail: the folder of the file, or the state that was named. */
static void
put_command(struct text *out, const struct config *config)
{
    char here[PATH_MAX];

    text_put(out, "daybreak ");
    if (config != NULL && (getcwd(here, sizeof here) == NULL || strcmp(here, config->dir) != 0))
        text_printf(out, "-C %s ", config->dir);
}

/* A reason that begins with the input's own name is told without it: the sentence has it already. */
static const char *
reason_of(const struct result_held *held)
{
    char named[PATH_MAX + 32];
    size_t size = (size_t)snprintf(named, sizeof named, "cannot read '%s': ", held->input);

    return size < sizeof named && strncmp(held->reason, named, size) == 0 ? held->reason + size : held->reason;
}

/* A hint begins small, as the end of a message; here it is a sentence of its own, unless it is a command to type. */
static void
put_advice(struct text *out, const char *hint)
{
    bool command = strncmp(hint, "daybreak ", 9) == 0;

    text_printf(out, " %c%s%s", command ? hint[0] : toupper((unsigned char)hint[0]), hint + 1, hint[strlen(hint) - 1] == '?' ? "" : ".");
}

void
report_paragraph(struct cli *cli, const struct result *result, const struct config *config)
{
    const struct result_held *held = result->held;
    struct text out = {0};

    if (result->fault.kind != DAYBREAK_NO_FAULT) {
        text_printf(&out, "%s.", result->fault.what);
        if (result->fault.hint[0] == '\0' && result->fault.code[0] != '\0' && explain_has(result->fault.code))
            text_printf(&out, " More: `daybreak explain %s`.", result->fault.code);
        else if (result->fault.hint[0] != '\0')
            put_advice(&out, result->fault.hint);
        text_char(&out, '\n');
    }
    for (; held != NULL && result->rehearsal == NULL; held = held->next) {
        text_printf(&out, "pipeline '%s' holds input %s: %s. ", result->pipeline, held->input, reason_of(held));
        if (strcmp(held->guard, "max_keyless") == 0)
            text_put(&out, "Its creates and updates landed, its deletes did not.");
        else if (held->cut)
            text_put(&out, "What was read of it before landed and stays, nothing was deleted; the next good input is compared with that.");
        else if (config != NULL && config->source.tables[0].capture.method != CONFIG_DIFF)
            text_printf(&out, "%s Later inputs wait until someone decides, or a good copy stands under its name.",
                        held->part ? "What was read of it before landed and stays." : "Nothing of it landed.");
        else
            text_put(&out, "Nothing of it landed, the target is as it was; the next good input replaces it.");
        if (held->id > 0 && !held->cut) {
            /* let through, it would only be held again */
            bool cut = strcmp(held->guard, "unreadable") == 0 || strcmp(held->guard, "missing_table") == 0;
            bool mend = strcmp(held->guard, "missing_column") == 0;

            text_put(&out, " To look: `");
            put_command(&out, config);
            text_printf(&out, "held show I%" PRId64 "`. %s: `", held->id,
                        cut    ? "To turn it down"
                        : mend ? "When the pipeline file is mended, let it through"
                               : "To let it through");
            put_command(&out, config);
            text_printf(&out, cut ? "reject I%" PRId64 " --reason TEXT`." : "approve I%" PRId64 "`.", held->id);
        }
        text_char(&out, '\n');
    }
    if (result->new_dead > 0 && result->rehearsal == NULL) {
        text_printf(&out, "pipeline '%s' set %" PRId64 " record%s aside, the rest landed. To look: `", result->pipeline,
                    result->new_dead, result->new_dead == 1 ? "" : "s");
        put_command(&out, config);
        text_printf(&out, "dead %s`.\n", result->pipeline);
    }
    if (out.size > 0)
        fprintf(stderr, "%sdaybreak:%s %s", cli_paint(cli, 'r'), cli_paint(cli, '0'), text_end(&out));
    text_fini(&out);
}
