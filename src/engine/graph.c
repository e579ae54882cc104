/* SPDX-License-Identifier: Apache-2.0 */
/* One pipeline drawn: as text for a terminal, as DOT for everything else. Both from the same list of stations. */
#include "engine/graph.h"

#include <string.h>

#include "engine/lint.h"
#include "sink/sink.h"

static const char *const methods[] = {"diff", "append", "watermark", "triggers", "log"};
static const char *const writes[] = {"mirror", "upsert", "append"};
static const char *const steps[] = {[CONFIG_RENAME] = "rename", [CONFIG_DROP] = "drop", [CONFIG_SELECT] = "select",
                                    [CONFIG_FILTER] = "filter", [CONFIG_SET] = "set", [CONFIG_LOOKUP] = "lookup", [CONFIG_USE] = "use"};

static const char *
path_of(const struct config_connector *connector)
{
    const struct config_node *path = node_member(connector->node, "path");

    if (path == NULL)
        return "";
    return path->kind == CONFIG_SEQUENCE && path->child != NULL ? path->child->text : path->text == NULL ? "" : path->text;
}

static void
source_label(const struct config *config, struct text *out)
{
    text_printf(out, "%s %s", config->source.extract.type, path_of(&config->source.extract));
}

static void
capture_label(const struct config_table *table, struct text *out)
{
    text_put(out, methods[table->capture.method]);
    for (size_t i = 0; i < table->capture.key.count; i++)
        text_printf(out, "%s%s", i == 0 ? " by " : ", ", table->capture.key.item[i]);
}

static void
steps_label(const struct config_table *table, struct text *out)
{
    for (uint32_t i = 0; i < table->step_count; i++) {
        const struct config_step *step = &table->steps[i];

        text_printf(out, "%s%s", i == 0 ? "" : ", ", steps[step->kind]);
        for (size_t k = 0; k < step->rename.count; k++)
            text_printf(out, "%s%s to %s", k == 0 ? " " : ", ", step->rename.name[k], step->rename.value[k]);
        for (size_t k = 0; k < step->columns.count; k++)
            text_printf(out, "%s%s", k == 0 ? " " : ", ", step->columns.item[k]);
        for (uint32_t k = 0; k < step->set_count; k++)
            text_printf(out, "%s%s", k == 0 ? " " : ", ", step->set[k].column);
        if (step->kind == CONFIG_FILTER)
            text_printf(out, " %s", step->name);
    }
}

static void
sink_label(const struct config *config, uint32_t table, struct text *out)
{
    char name[256];

    sink_table_name(config, table, name);
    text_printf(out, "%s %s, table %s (%s)", config->sink.load.type, path_of(&config->sink.load), name,
                writes[config->sink.write]);
}

void
graph_text(const struct config *config, struct text *out)
{
    text_printf(out, "%s\n", config->name);
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        if (t == 0) {
            text_put(out, "  source   ");
            source_label(config, out);
            text_char(out, '\n');
        }
        if (config->source.tables_named)
            text_printf(out, "  table    %s%s%s\n", table->name, table->member == NULL ? "" : " from ",
                        table->member == NULL ? "" : table->member);
        text_put(out, "   └► capture  ");
        capture_label(table, out);
        if (table->step_count > 0) {
            text_put(out, "\n   └► steps    ");
            steps_label(table, out);
        }
        text_printf(out, "\n   └► handoff  %s", config->sink.handoff);
        text_put(out, "\n   └► sink     ");
        sink_label(config, t, out);
        text_put(out, "\n      promise  ");
        lint_guarantee(config, t, out);
        text_char(out, '\n');
    }
}

/* A label of DOT: quotes and backslashes escaped. */
static void
dot_label(struct text *out, struct text *label)
{
    const char *at = text_end(label);

    for (; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            text_char(out, '\\');
        text_char(out, *at);
    }
    text_clear(label);
}

static void
dot_node(struct text *out, const char *id, uint32_t table, const char *shape, const char *title, struct text *label)
{
    text_printf(out, "    %s%u [shape=%s, label=\"%s\\n", id, table, shape, title);
    dot_label(out, label);
    text_put(out, "\"];\n");
}

void
graph_dot(const struct config *config, struct text *out)
{
    struct text label = {0};

    text_put(out, "digraph pipeline {\n    rankdir=LR;\n    node [fontname=\"sans-serif\", fontsize=11];\n    label=\"");
    text_put(&label, config->name);
    dot_label(out, &label);
    text_put(out, "\";\n");
    source_label(config, &label);
    dot_node(out, "source", 0, "folder", "source", &label);
    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        capture_label(table, &label);
        dot_node(out, "capture", t, "box", config->source.tables_named ? table->name : "capture", &label);
        if (table->step_count > 0) {
            steps_label(table, &label);
            dot_node(out, "steps", t, "box", "transforms", &label);
        }
        sink_label(config, t, &label);
        dot_node(out, "sink", t, "cylinder", config->sink.handoff, &label);
        text_printf(out, "    source0 -> capture%u -> ", t);
        if (table->step_count > 0)
            text_printf(out, "steps%u -> ", t);
        text_printf(out, "sink%u;\n", t);
    }
    text_put(out, "}\n");
    text_fini(&label);
}
