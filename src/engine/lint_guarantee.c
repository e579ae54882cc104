/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each route promises (source × capture × sink × write), and whether a file asks for more than its connectors say they can do. Both come
 * from one place, the abilities, and from two tables: demands of a file, each with what it needs, and sentences of a promise.
 */
#include "engine/lint_guarantee.h"

#include <string.h>

#include "connector/module.h"
#include "engine/lint.h"

/* One table on its way to the sink, as far as promises go. */
struct route {
    const struct config *config;
    const struct config_table *table;
    const struct daybreak_connector *source, *load; /* NULL: there is none of that name */
    bool diff;             /* deletes are found by absence, and every key's last row is remembered */
    bool deletes;          /* seen at all */
    bool stale;            /* a row may stay that the handoff does not take any more */
    bool late;             /* a commit that comes late may be missed */
};

static const struct daybreak_connector *
connector_of(enum daybreak_role role, const char *name)
{
    const struct daybreak_connector *connector;
    struct daybreak_fault fault = {0};

    return name != NULL && module_find(role, name, &connector, &fault) == 0 ? connector : NULL;
}

static bool
can(const struct daybreak_connector *connector, uint32_t ability)
{
    return connector != NULL && (connector->abilities & ability) != 0;
}

static bool
filters(const struct config_table *table)
{
    for (uint32_t i = 0; i < table->step_count; i++)
        if (table->steps[i].kind == CONFIG_FILTER || table->steps[i].kind == CONFIG_USE)
            return true;
    return false;
}

static void
route_make(const struct config *config, uint32_t t, struct route *route)
{
    const struct config_table *table = &config->source.tables[t];

    *route = (struct route){.config = config, .table = table, .source = connector_of(DAYBREAK_EXTRACT, config->source.extract.type),
                            .load = connector_of(DAYBREAK_LOAD, config->sink.load.type), .diff = table->capture.method == CONFIG_DIFF};
    route->deletes = route->diff || table->capture.method >= CONFIG_TRIGGERS || can(route->source, DAYBREAK_SEES_DELETES);
    /* a row that leaves by a filter is missed where nobody remembers that it was there */
    route->stale = config->sink.write != DAYBREAK_APPEND && (!route->deletes || (!route->diff && filters(table)));
    route->late = table->capture.method == CONFIG_WATERMARK && table->capture.late_ms == 0 && !can(route->source, DAYBREAK_LATE_SAFE);
}

/* ---- demands --------------------------------------------------------------------------------- */

static bool
wants_records(const struct route *route)
{
    return route->table->capture.method >= CONFIG_WATERMARK;
}

static bool
wants_before(const struct route *route)
{
    return route->table->capture.before && !route->diff;
}

static bool
wants_log(const struct route *route)
{
    return route->table->capture.method == CONFIG_LOG && can(route->source, DAYBREAK_GIVES_RECORDS);
}

static bool
wants_replaced(const struct route *route)
{
    return route->config->sink.write != DAYBREAK_APPEND;
}

static bool
wants_adopted(const struct route *route)
{
    return route->config->sink.existing == DAYBREAK_EXISTING_ADOPT && route->diff;
}

static bool
wants_gone(const struct route *route)
{
    return route->config->sink.write == DAYBREAK_MIRROR && route->config->sink.write_set && !route->deletes &&
           route->table->capture.key.count > 0 && can(route->load, DAYBREAK_MIRRORS); /* else there is worse to say */
}

static bool
strict_once(const struct route *route)
{
    return route->config->strict && can(route->load, DAYBREAK_TELLS);
}

static bool
strict_stale(const struct route *route)
{
    return route->config->strict && route->stale;
}

static bool
strict_late(const struct route *route)
{
    return route->config->strict && route->late;
}

/* Where in the file a demand stands. */
enum demand_place { AT_CAPTURE, AT_WRITE, AT_SINK };

/* What a file asks for, and what a connector must be able to do for it: "ASKED: connector 'NAME' CANNOT". */
static const struct demand {
    bool (*wants)(const struct route *route);
    enum daybreak_role role; /* whose ability; 0: there is none that would help */
    uint32_t needs;
    enum demand_place place;
    enum finding_severity severity;
    const char *code, *asked, *cannot, *remedy;
} demands[] = {
    {wants_records, DAYBREAK_EXTRACT, DAYBREAK_GIVES_RECORDS, AT_CAPTURE, FINDING_ERROR, "capture-unsupported",
     "this method of capture needs a table source", "gives files", "use diff or append"},
    {wants_log, DAYBREAK_EXTRACT, DAYBREAK_SEES_DELETES | DAYBREAK_ORDERED, AT_CAPTURE, FINDING_ERROR, "capture-unsupported",
     "capture by log needs deletes, and positions in order", "does not give them", "use diff, watermark or triggers"},
    {wants_before, DAYBREAK_EXTRACT, DAYBREAK_SEES_BEFORE, AT_CAPTURE, FINDING_ERROR, "no-before",
     "`before: true` needs `method: diff`, or a source that sees old rows", "does not see old rows",
     "method: diff remembers them; or leave `before` out"},
    {wants_replaced, DAYBREAK_LOAD, DAYBREAK_MIRRORS, AT_WRITE, FINDING_ERROR, "no-mirror",
     "mirror and upsert replace rows", "only appends: it can neither replace nor delete a row", "write: append"},
    {wants_adopted, DAYBREAK_LOAD, DAYBREAK_READS_BACK, AT_SINK, FINDING_ERROR, "no-adopt",
     "`existing: adopt` compares the source with the table", "cannot read its target back", "existing: refuse"},
    {wants_gone, 0, 0, AT_WRITE, FINDING_WARNING, "no-deletes",
     "a mirror deletes what the source deleted, and this capture does not see deletes: rows may stay for ever", NULL,
     "method: diff finds them; `write: upsert` does not promise them"},
    {strict_once, 0, 0, AT_SINK, FINDING_ERROR, "weak-guarantee",
     "`strict: true` refuses this route: at least once, for what is told cannot be taken back", NULL,
     "a file or a database as sink, or no `strict`"},
    {strict_stale, 0, 0, AT_SINK, FINDING_ERROR, "weak-guarantee", "`strict: true` refuses this route: it may leave stale rows", NULL,
     "method: diff, or write: append"},
    {strict_late, 0, 0, AT_CAPTURE, FINDING_ERROR, "weak-guarantee",
     "`strict: true` refuses this route: a commit that comes late may be missed", NULL, "late: 30s, or as long as a commit may take"},
};

static struct config_place
place_of(const struct route *route, enum demand_place place)
{
    const struct config *config = route->config;

    if (place == AT_CAPTURE)
        return route->table->capture.method_place.line > 0 ? route->table->capture.method_place : config->source.place;
    return place == AT_WRITE && config->sink.write_place.line > 0 ? config->sink.write_place : config->sink.place;
}

void
lint_demands(const struct config *config, struct findings *findings)
{
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        struct route route;

        route_make(config, t, &route);
        for (size_t i = 0; i < sizeof demands / sizeof *demands; i++) {
            const struct demand *demand = &demands[i];
            const struct daybreak_connector *who = demand->role == DAYBREAK_EXTRACT ? route.source : route.load;

            if (!demand->wants(&route))
                continue;
            if (demand->role == 0)
                findings_add(findings, demand->severity, demand->code, config->path, place_of(&route, demand->place), demand->remedy, "%s",
                             demand->asked);
            else if (who != NULL && (who->abilities & demand->needs) != demand->needs) /* one that is not there was told already */
                findings_add(findings, demand->severity, demand->code, config->path, place_of(&route, demand->place), demand->remedy,
                             "%s: connector '%s' %s", demand->asked, who->name, demand->cannot);
        }
    }
}

/* ---- the promise ----------------------------------------------------------------------------- */

/* By enum config_method: what is seen of the source. */
static const char *const seen[] = {
    [CONFIG_DIFF] = "creates, updates and deletes are found, states between two dumps are not seen",
    [CONFIG_APPEND] = "every row that was appended, later changes of it and deletes are not seen",
    [CONFIG_WATERMARK] = "the last state of each changed row; states between two looks are not seen",
    [CONFIG_TRIGGERS] = "every create, update and delete, in the order of the source",
    [CONFIG_LOG] = "every create, update and delete, in the order of their commits",
};

static const char *
landing(const struct route *route)
{
    const struct config_node *path = node_member(route->config->sink.load.node, "path");

    if (can(route->load, DAYBREAK_TELLS))
        return "at least once: what is told cannot be taken back; told again after a lost answer, it has the same event id";
    if (can(route->load, DAYBREAK_TRANSACTIONAL))
        return "effectively once: rows and position land in one commit of the target";
    if (path != NULL && path->text != NULL && (strstr(path->text, "{run}") != NULL || strstr(path->text, "{date}") != NULL))
        return "effectively once: each file is written aside and gets its name when it is whole";
    return "effectively once at rest: a torn end is cut at the next start; who reads along may see rows of a commit that is not finished";
}

bool
lint_guarantee(const struct config *config, uint32_t t, struct text *out)
{
    struct route route;

    route_make(config, t, &route);
    text_printf(out, "%s; %s", landing(&route), seen[route.table->capture.method]);
    if (route.table->capture.method == CONFIG_WATERMARK && !route.deletes)
        text_put(out, "; deletes are not seen");
    if (route.late)
        text_put(out, "; a commit that comes late may be missed");
    if (route.stale)
        text_put(out, "; may leave stale rows");
    return !route.stale && !route.late && !can(route.load, DAYBREAK_TELLS);
}
