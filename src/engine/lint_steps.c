/* SPDX-License-Identifier: Apache-2.0 */
/* Transforms and context against columns: those the file declares, or those of an input that is there. Every error with its
 * place in the file. */
#include "engine/lint_steps.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "connector/module.h"
#include "engine/shape.h"
#include "record/batch.h"
#include "step/contract.h"

enum look { LOOK_BIND, LOOK_UNSEEN, LOOK_SEEN };

struct listener {
    const struct config *config;
    const struct lookups *lookups;
    const struct batch_layout *layout;
    struct findings *findings;
    enum look look;
    /* the last name that nothing is known of, but one that is known looks like it; taken for a text, it may be why the rest
     * does not fit */
    const struct config_expression *in;
    struct config_place place;
    uint32_t width;
    const char *name, *nearest;
};

/* Characters, for the caret. */
static uint32_t
width_of(const char *text, uint32_t size)
{
    uint32_t width = 0;

    for (uint32_t i = 0; i < size && text[i] != '\0'; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* A name of the input that nothing is known of. */
static void
guessed(struct listener *to, const struct step_problem *problem, struct config_place place, uint32_t width)
{
    const char *nearest = text_nearest(problem->what, to->layout->name, to->layout->columns);
    enum finding_severity severity = to->look == LOOK_SEEN || nearest != NULL ? FINDING_WARNING : FINDING_NOTE;
    char hint[300];

    if (nearest != NULL) {
        to->in = problem->expression;
        to->place = place;
        to->width = width;
        to->name = problem->what;
        to->nearest = nearest;
    }
    if (to->look == LOOK_BIND)
        return; /* perhaps the input has it */
    if (nearest != NULL)
        snprintf(hint, sizeof hint, "did you mean '%.200s'?", nearest);
    findings_add_wide(to->findings, severity, "unknown-column", to->config->path, place, width, nearest == NULL ? NULL : hint,
                      to->look == LOOK_SEEN ? "the newest input has no column '%s' where it was looked at"
                                            : "no input is there yet: '%s' is taken for a text column of it",
                      problem->what);
}

static void
listen(void *context, const struct step_problem *problem)
{
    struct listener *to = context;
    const struct config_expression *expression = problem->expression;
    struct config_place place = problem->place;
    enum finding_severity severity = FINDING_ERROR;
    uint32_t width = 0;

    if (expression != NULL) {
        place = finding_place(to->findings, expression->place, expression->text, problem->at);
        width = width_of(expression->text + problem->at, problem->size);
    }
    if (problem->guessed) {
        guessed(to, problem, place, width);
        return;
    }
    if (expression == NULL && (strcmp(problem->code, "unknown-column") == 0 || strcmp(problem->code, "duplicate-column") == 0)) {
        if (to->look != LOOK_SEEN)
            return;
        severity = FINDING_WARNING; /* the next input may be another one */
    }
    if (expression != NULL && expression == to->in && strcmp(problem->code, "expression-type") == 0) {
        char hint[400];

        snprintf(hint, sizeof hint, "did you mean '%.200s'? a column '%.60s' would need a type under `fields`", to->nearest, to->name);
        findings_add_wide(to->findings, FINDING_ERROR, "unknown-column", to->config->path, to->place, to->width, hint,
                          "nothing is known of '%s', and a text does not fit here: %s", to->name, problem->what);
        return;
    }
    findings_add_wide(to->findings, severity, problem->code, to->config->path, place, width == 0 && expression != NULL ? 1 : width,
                      problem->suggestion, "%s", problem->what);
}

/* The `set` that made a column, by the name it had there. */
static const struct config_set *
set_of(const struct config_table *table, const char *column)
{
    for (uint32_t i = table->step_count; i > 0; i--) {
        const struct config_step *step = &table->steps[i - 1];

        for (uint32_t k = 0; k < step->set_count; k++)
            if (strcmp(step->set[k].column, column) == 0)
                return &step->set[k];
        for (size_t k = 0; k < step->rename.count; k++)
            if (strcmp(step->rename.value[k], column) == 0) {
                column = step->rename.name[k];
                break;
            }
    }
    return NULL;
}

/* Products have many digits; what is said of declared fields holds for what is made of them too. */
static void
wide_decimals(const struct listener *to, const struct config_table *table, const struct step_plan *plan)
{
    const char *load = to->config->sink.load.type;

    for (uint32_t i = 0; load != NULL && strcmp(load, "sqlite") == 0 && i < plan->columns; i++) {
        const struct daybreak_column *column = &plan->column[i];
        const struct config_set *set = set_of(table, column->name);
        char hint[100];

        if (set == NULL || column->type != DAYBREAK_TYPE_DECIMAL || column->precision <= 15)
            continue;
        snprintf(hint, sizeof hint, "cast(… as decimal(15,%u)) makes it a number there",
                 (unsigned)(column->scale < 15 ? column->scale : 15));
        findings_add(to->findings, FINDING_NOTE, "wide-decimal", to->config->path, set->place, hint,
                     "column '%s' may have %u digits: SQLite keeps it as TEXT, so that no digit is lost", column->name,
                     (unsigned)column->precision);
    }
}

/* Whether two keys can become one is not to be seen from here; what would happen then is. */
static void
made_keys(const struct listener *to, const struct config_table *table, const struct step_plan *plan)
{
    const struct daybreak_connector *load;
    struct daybreak_fault fault = {0};

    if (to->config->sink.load.type == NULL || module_find(DAYBREAK_LOAD, to->config->sink.load.type, &load, &fault) != 0 ||
        !(load->abilities & DAYBREAK_MIRRORS))
        return;
    for (size_t k = 0; k < table->capture.key.count; k++) {
        uint32_t at = plan->key[k];
        const struct config_set *set = at == UINT32_MAX ? NULL : set_of(table, plan->column[at].name);

        if (set != NULL && plan->from[at] >= plan->layout->columns && plan->from[at] != UINT32_MAX)
            findings_add(to->findings, FINDING_NOTE, "made-key", to->config->path, set->place, NULL,
                         "key column '%s' is computed: of two records whose keys become the same the later one stands in the target, "
                         "the delete of either deletes it, and --resync cannot compare",
                         plan->column[at].name);
    }
}

static void
plan_look(struct listener *to, const struct config_table *table, bool open, struct step_plan *plan)
{
    struct step_request request = {.table = table, .layout = to->layout, .zone = to->config->source.timezone, .open = open,
                                   .context_open = to->config->source.table_count > 1, .config = to->config, .lookups = to->lookups,
                                   .problem = listen, .context = to};
    struct daybreak_fault fault = {0};
    struct contract *contract;

    step_plan_make(&request, plan, &fault); /* what is wrong was said one by one */
    contract_make(&request, &contract, &fault);
    contract_free(contract);
}

static void
look_declared(const struct config *config, const struct lookups *lookups, const struct config_table *table, enum look look,
              struct findings *findings)
{
    struct arena *arena = arena_new();
    struct listener to = {.config = config, .lookups = lookups, .layout = shape_declared(arena, table), .findings = findings, .look = look};
    struct step_plan plan;

    plan_look(&to, table, true, &plan);
    if (look == LOOK_BIND) {
        wide_decimals(&to, table, &plan);
        made_keys(&to, table, &plan);
    }
    step_plan_free(&plan);
    arena_free(arena);
}

void
lint_steps_bind(const struct config *config, const struct lookups *lookups, const struct config_table *table, struct findings *findings)
{
    look_declared(config, lookups, table, LOOK_BIND, findings);
}

void
lint_steps_unseen(const struct config *config, const struct lookups *lookups, const struct config_table *table, struct findings *findings)
{
    look_declared(config, lookups, table, LOOK_UNSEEN, findings);
}

void
lint_steps_seen(const struct config *config, const struct lookups *lookups, const struct config_table *table,
                const struct batch_layout *layout, bool names_all, struct step_plan *plan, struct findings *findings)
{
    struct listener to = {.config = config, .lookups = lookups, .layout = layout, .findings = findings, .look = LOOK_SEEN};

    plan_look(&to, table, !names_all, plan);
}
