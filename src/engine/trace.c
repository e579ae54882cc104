/* SPDX-License-Identifier: Apache-2.0 */
/* "Where is order 1042, since when, and why does it look like that?": target, history, dead letters and evidence, in order of time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "change/key.h"
#include "change/memory.h"
#include "engine/feedback.h"
#include "engine/shape.h"
#include "engine/view.h"
#include "record/value.h"
#include "sink/sink.h"
#include "step/step.h"

struct moment {
    int64_t at_us;
    uint32_t order;     /* of things that happened at the same time */
    const char *body;   /* members of the JSON object behind `at`, comma first */
};

struct trace {
    struct view *view;
    struct arena *arena;
    struct moment *moment;
    uint32_t moments, room;
    const char *key, *shown;    /* the key as asked, and as dead letters show it */
    const char *current;        /* JSON of the row, NULL: none */
    struct text unproven;       /* JSON texts, comma between */
    int64_t left_at_us;         /* when the target let it go because of a filter, the last time; DAYBREAK_NO_TIME: not known to */
};

static void
moment_add(struct trace *trace, int64_t at_us, const struct text *body)
{
    if (trace->moments == trace->room) {
        trace->room = trace->room == 0 ? 16 : trace->room * 2;
        trace->moment = memory_grow(trace->moment, trace->room * sizeof *trace->moment);
    }
    trace->moment[trace->moments] = (struct moment){at_us, trace->moments, arena_bytes(trace->arena, body->at, body->size)};
    trace->moments++;
}

static void
unproven(struct trace *trace, const char *what)
{
    if (trace->unproven.size > 0)
        text_char(&trace->unproven, ',');
    json_quote(&trace->unproven, what, strlen(what));
}

static void
member_raw(struct text *body, const char *name, const char *value, size_t size)
{
    text_char(body, ',');
    json_quote(body, name, strlen(name));
    text_char(body, ':');
    text_add(body, value, size);
}

static void
member_text(struct text *body, const char *name, const char *value)
{
    if (value == NULL)
        return;
    text_char(body, ',');
    json_quote(body, name, strlen(name));
    text_char(body, ':');
    json_quote(body, value, strlen(value));
}

/* Members of an object, as they stand in the source. */
static void
member_copy(struct text *body, const struct json_tree *tree, uint32_t object, const char *name)
{
    uint32_t at = json_member(tree, object, name);
    const struct json_node *node = &tree->node[at];

    if (at == 0 || node->kind == JSON_NULL)
        return;
    if (node->kind == JSON_STRING)
        member_raw(body, name, tree->source + node->at - 1, node->size + 2);
    else
        member_raw(body, name, tree->source + node->at, node->size);
}

static int64_t
instant_of(const struct json_tree *tree, uint32_t object, const char *name)
{
    uint32_t at = json_member(tree, object, name);
    int64_t us = DAYBREAK_NO_TIME;

    if (at != 0 && tree->node[at].kind == JSON_STRING)
        value_timestamp(tree->source + tree->node[at].at, tree->node[at].size, &(struct value_type){0}, &us);
    return us;
}

static void
hop(struct trace *trace, const struct json_tree *tree, uint32_t provenance, const char *instant, const char *what,
    const char *const *members)
{
    int64_t at_us = instant_of(tree, provenance, instant);
    struct text body = {0};

    if (at_us == DAYBREAK_NO_TIME)
        return;
    member_text(&body, "what", what);
    for (; *members != NULL; members++)
        member_copy(&body, tree, provenance, *members);
    moment_add(trace, at_us, &body);
    text_fini(&body);
}

/* One version's way: each instant its envelope knows. */
static void
version(struct trace *trace, const struct json_tree *tree, uint32_t provenance, const char *landed)
{
    static const char *const changed[] = {"time_basis", "reason", "actor", "related", NULL};
    static const char *const visible[] = {"source", NULL};
    static const char *const none[] = {NULL};
    static const char *const loaded[] = {"op", "event_id", "batch", "run", "pipeline_version", NULL};
    static const char *const alone[] = {"op", "reason", "actor", "related", "event_id", "batch", "run", "pipeline_version", NULL};
    bool told = instant_of(tree, provenance, "changed_at") != DAYBREAK_NO_TIME;

    hop(trace, tree, provenance, "changed_at", "changed", changed);
    hop(trace, tree, provenance, "visible_at", "visible", visible);
    hop(trace, tree, provenance, "read_at", "read", none);
    hop(trace, tree, provenance, "loaded_at", landed, told ? loaded : alone);
}

/* A delete that a filter brought about: until then the row was in the target. */
static void
leaving(struct trace *trace, const struct json_tree *tree, uint32_t provenance)
{
    static const char why[] = "left by filter ";
    uint32_t reason = json_member(tree, provenance, "reason");
    int64_t at_us = instant_of(tree, provenance, "loaded_at");

    if (reason != 0 && tree->node[reason].kind == JSON_STRING && tree->node[reason].size >= sizeof why - 1 &&
        memcmp(tree->source + tree->node[reason].at, why, sizeof why - 1) == 0 && at_us > trace->left_at_us)
        trace->left_at_us = at_us;
}

static void
target_told(struct trace *trace, const char *table, const char *answer)
{
    struct json_tree tree = {0};
    size_t where;
    uint32_t row, provenance, history;

    if (json_parse(&tree, answer, strlen(answer), &where) != 0) {
        unproven(trace, "the target's answer could not be read");
        return;
    }
    row = json_member(&tree, 0, "row");
    provenance = json_member(&tree, 0, "provenance");
    history = json_member(&tree, 0, "history");
    for (uint32_t i = history == 0 ? 0 : tree.node[history].child; i != 0; i = tree.node[i].next) {
        version(trace, &tree, i, "delivered");
        leaving(trace, &tree, i);
    }
    for (uint32_t i = history == 0 ? 0 : tree.node[history].child; i != 0; i = tree.node[i].next) {
        static const char *const gone[] = {"event_id", "gone_by", NULL};

        hop(trace, &tree, i, "gone_at", "replaced or deleted", gone);
    }
    if (row != 0 && tree.node[row].kind == JSON_OBJECT) {
        trace->current = arena_bytes(trace->arena, tree.source + tree.node[row].at, tree.node[row].size);
        if (provenance != 0 && tree.node[provenance].kind == JSON_OBJECT)
            version(trace, &tree, provenance, "delivered");
        else
            unproven(trace, "the row was there before Daybreak, or was written by another");
    }
    (void)table;
    json_fini(&tree);
}

static bool
evidence_moment(void *context, const struct ledger_evidence *evidence)
{
    struct trace *trace = context;
    struct text body = {0};

    member_text(&body, "what", evidence->verb);
    member_text(&body, "id", evidence->subject);
    member_text(&body, "by", evidence->actor);
    member_text(&body, "reason", evidence->reason);
    moment_add(trace, evidence->at_us, &body);
    text_fini(&body);
    return true;
}

static bool
dead_moment(void *context, const struct ledger_dead *dead)
{
    struct trace *trace = context;
    struct daybreak_fault fault = {0};
    struct text body = {0}, value = {0};
    char id[24] = "D";

    if (dead->key == NULL || strcmp(dead->key, trace->shown) != 0)
        return true;
    id[1 + text_number(dead->id, id + 1)] = '\0';
    member_text(&body, "what", "set aside");
    member_text(&body, "id", id);
    member_text(&body, "state", dead->state);
    member_text(&body, "stage", dead->stage);
    member_text(&body, "reason", dead->reason);
    member_text(&body, "detail", dead->detail);
    member_text(&body, "input", dead->input);
    member_text(&body, "member", dead->member == NULL || dead->member[0] == '\0' ? NULL : dead->member);
    if (dead->line >= 0)
        text_printf(&body, ",\"line\":%lld", (long long)dead->line);
    member_text(&body, "field", dead->field);
    if (dead->value != NULL) {
        json_quote(&value, dead->value, dead->value_size);
        member_raw(&body, "value", value.at, value.size);
    }
    moment_add(trace, dead->at_us, &body);
    text_fini(&body);
    text_fini(&value);
    ledger_evidence_list(trace->view->ledger, id, evidence_moment, trace, &fault);
    return true;
}

static bool
feedback_moment(void *context, const struct feedback *item)
{
    struct trace *trace = context;
    struct text body = {0};
    char id[24];

    if (strcmp(item->key, trace->key) != 0 && strcmp(item->key, trace->shown) != 0)
        return true;
    snprintf(id, sizeof id, "F%lld", (long long)item->id);
    member_text(&body, "what", "feedback");
    member_text(&body, "id", id);
    member_text(&body, "by", item->by);
    member_text(&body, "text", item->text);
    member_text(&body, "state", item->state);
    moment_add(trace, item->said_at_us, &body);
    if (item->answered_at_us != DAYBREAK_NO_TIME) {
        text_clear(&body);
        member_text(&body, "what", "answered");
        member_text(&body, "id", id);
        member_text(&body, "by", item->answered_by);
        member_text(&body, "text", item->answer);
        moment_add(trace, item->answered_at_us, &body);
    }
    text_fini(&body);
    return true;
}

/* The words of a key as typed, one text a key column: a JSON array, "a,b", or the text itself. */
static int
key_words(struct trace *trace, const char *key, size_t count, struct daybreak_text *word, struct daybreak_fault *fault)
{
    struct json_tree tree = {0};
    size_t found = 0, where;

    if (count == 1) {
        word[0] = (struct daybreak_text){arena_text(trace->arena, key), (uint32_t)strlen(key)};
        return 0;
    }
    if (key[0] == '[' && json_parse(&tree, key, strlen(key), &where) == 0) {
        for (uint32_t i = tree.node[0].child; i != 0; i = tree.node[i].next, found++) {
            struct text text = {0};

            json_string(&tree, i, &text);
            if (found < count)
                word[found] = (struct daybreak_text){arena_bytes(trace->arena, text_end(&text), text.size), (uint32_t)text.size};
            text_fini(&text);
        }
    } else {
        for (const char *at = key, *comma;; at = comma + 1, found++) {
            size_t size;

            comma = strchr(at, ',');
            size = comma == NULL ? strlen(at) : (size_t)(comma - at);
            if (found < count)
                word[found] = (struct daybreak_text){arena_bytes(trace->arena, at, size), (uint32_t)size};
            if (comma == NULL) {
                found++;
                break;
            }
        }
    }
    json_fini(&tree);
    if (found == count)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "the key has %zu columns, '%s' has %zu", count, key, found);
    fault_hint(fault, "write a,b or a JSON array: [\"a\",\"b\"]");
    return fault_exit(fault, 64, "usage");
}

static const struct config_field *
field_named(const struct config_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

/* The words in the spelling that keys are known by: 007 of an integer column is 7. */
static int
key_cells(struct trace *trace, const struct config_table *table, const char *key, struct daybreak_text *word,
          struct daybreak_fault *fault)
{
    size_t count = table->capture.key.count;

    if (key_words(trace, key, count, word, fault) != 0)
        return -1;
    for (size_t k = 0; k < count; k++) {
        const struct config_field *field = field_named(table, table->capture.key.item[k]);
        struct value_type type = {0};
        char room[VALUE_ROOM];
        size_t length;

        if (field != NULL && value_type_parse(field->type, &type) && type.type != DAYBREAK_TYPE_TEXT &&
            value_canonical(&type, word[k].at, word[k].size, room, &length))
            word[k] = (struct daybreak_text){arena_bytes(trace->arena, room, length), (uint32_t)length};
    }
    return 0;
}

static int
ask_target(struct trace *trace, struct sink *sink, uint32_t t, const char *key, struct daybreak_fault *fault)
{
    const struct config_table *table = &trace->view->config->source.tables[t];
    size_t count = table->capture.key.count;
    struct daybreak_text word[64];
    struct daybreak_column *column; /* whose types tell how the target's values are to be shown */
    uint32_t columns;
    char *answer;

    if (count == 0 || count > 64) {
        unproven(trace, "this pipeline has no key: rows cannot be found by one");
        return 0;
    }
    if (key_cells(trace, table, key, word, fault) != 0)
        return -1;
    columns = shape_columns(trace->arena, trace->view->config, table, &column);
    shape_key(trace->arena, trace->view->config, table, word);
    if (sink_find(sink, t, column, columns, word, &answer, fault) != 0)
        return -1;
    if (answer == NULL) {
        unproven(trace, "what the target holds: it is a file and is not searched");
        return 0;
    }
    target_told(trace, table->name, answer);
    free(answer);
    return 0;
}

static int
ask_targets(struct trace *trace, const char *key, struct daybreak_fault *fault)
{
    struct view *view = trace->view;
    struct ledger_identity identity;
    struct sink *sink;
    volatile int never = 0;
    int result = 0;

    if (view->config == NULL) {
        unproven(trace, "what the target holds: the pipeline file is gone or has errors");
        return 0;
    }
    if (ledger_identity(view->ledger, view->name, &identity, fault) != 0 || sink_open(view->config, &never, &sink, fault) != 0)
        return -1;
    result = sink_look(sink, view->ledger, &identity, fault);
    for (uint32_t t = 0; t < view->config->source.table_count && result == 0; t++)
        result = ask_target(trace, sink, t, key, fault);
    sink_close(sink);
    return result;
}

/* ---- what a filter took out ------------------------------------------------------------------- */

/* Of one table: the filter that took out the key's last version, and the batches in which that may have been. */
struct absence {
    struct trace *trace;
    const char *table, *filter;
    uint8_t route;
    uint32_t batches;
    int64_t first_us, last_us;
    char input[600];
};

static bool
filter_named(void *context, const struct ledger_route *route)
{
    struct absence *absence = context;

    if (route->number == absence->route && route->filter[0] != '\0')
        absence->filter = arena_text(absence->trace->arena, route->filter);
    return true;
}

static bool
filtered_batch(void *context, const struct daybreak_batch_row *row)
{
    struct absence *absence = context;

    if (row->counts.filtered <= 0 || row->story->table == NULL || strcmp(row->story->table, absence->table) != 0 ||
        row->story->loaded_at < absence->trace->left_at_us)
        return true;
    if (absence->batches++ == 0)
        absence->first_us = row->story->loaded_at;
    absence->last_us = row->story->loaded_at;
    snprintf(absence->input, sizeof absence->input, "%s", row->story->source == NULL ? "" : row->story->source);
    return true;
}

/* The memory knows which filter it was, not when; the batches that counted filtered rows say when it may have been. */
static int
absence_told(struct absence *absence, struct daybreak_fault *fault)
{
    struct trace *trace = absence->trace;
    struct text body = {0}, what = {0};
    char first[CLOCK_TEXT_ROOM], last[CLOCK_TEXT_ROOM];

    if (ledger_routes(trace->view->ledger, filter_named, absence, fault) != 0 ||
        (absence->filter != NULL && ledger_batches(trace->view->ledger, 0, filtered_batch, absence, fault) != 0))
        return -1;
    if (absence->filter == NULL || absence->batches == 0)
        return 0;
    text_printf(&what, "filtered by %s", absence->filter);
    member_text(&body, "what", text_end(&what));
    member_text(&body, "filter", absence->filter);
    if (absence->batches == 1) {
        member_text(&body, "input", absence->input);
    } else {
        clock_text(absence->first_us, first);
        clock_text(absence->last_us, last);
        member_text(&body, "not_before", first);
        member_text(&body, "not_after", last);
        text_clear(&what);
        text_printf(&what,
                    "in which of the %lu batches with filtered rows, from %s to %s, its last version was: the memory knows the "
                    "filter alone",
                    (unsigned long)absence->batches, first, last);
        unproven(trace, text_end(&what));
    }
    moment_add(trace, absence->last_us, &body);
    text_fini(&body);
    text_fini(&what);
    return 0;
}

/* What capture remembers of the key, without touching it. A run may replace the files meanwhile: then what is read does not fit
 * together. */
static int
ask_memory(struct trace *trace, const struct config_table *table, const char *key, struct daybreak_fault *fault)
{
    struct view *view = trace->view;
    struct absence absence = {.trace = trace, .table = table->name};
    struct ledger_checkpoint checkpoint = {0};
    struct memory *memory = NULL;
    struct memory_found found;
    struct daybreak_text word[64];
    struct daybreak_fault why = {0};
    struct text joined = {0};

    if (table->capture.method != CONFIG_DIFF || table->capture.key.count == 0 || table->capture.key.count > 64)
        return 0;
    if (key_cells(trace, table, key, word, fault) != 0 ||
        ledger_checkpoint_get(view->ledger, view->config->sink.handoff, &checkpoint, fault) != 0)
        return -1;
    if (memory_open_still(view->state.memory, table->name, checkpoint.batch, checkpoint.batch > 0, &memory, &why) != 0) {
        struct text what = {0};

        text_printf(&what, "whether a filter took it out: %s", view_running(view) ? "a run is writing the memory" : why.what);
        unproven(trace, text_end(&what));
        text_fini(&what);
        ledger_checkpoint_fini(&checkpoint);
        return 0;
    }
    key_join(word, table->capture.key.count, &joined);
    memory_find(memory, &(struct memory_item){.key = joined.at, .key_size = (uint32_t)joined.size}, 1, &found);
    absence.route = found.there ? found.route : MEMORY_NOWHERE;
    if (memory_sound(memory, &why) != 0)
        unproven(trace, "whether a filter took it out: the memory is damaged");
    memory_close(memory);
    text_fini(&joined);
    ledger_checkpoint_fini(&checkpoint);
    return absence.route == MEMORY_NOWHERE || absence.route == MEMORY_HOME ? 0 : absence_told(&absence, fault);
}

static int
ask_memories(struct trace *trace, const char *key, struct daybreak_fault *fault)
{
    const struct config *config = trace->view->config;

    for (uint32_t t = 0; config != NULL && t < config->source.table_count; t++)
        if (ask_memory(trace, &config->source.tables[t], key, fault) != 0)
            return -1;
    return 0;
}

static int
by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;

    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* "a,b" and arrays as dead letters show them. */
static const char *
shown_key(struct trace *trace, const char *key)
{
    size_t count = trace->view->config == NULL ? 1 : trace->view->config->source.tables[0].capture.key.count;
    struct daybreak_text word[64];
    struct text out = {0};
    const char *copy;

    if (count < 2 || count > 64 || key_words(trace, key, count, word, &(struct daybreak_fault){0}) != 0)
        return key;
    for (size_t k = 0; k < count; k++) {
        text_char(&out, k == 0 ? '[' : ',');
        json_quote(&out, word[k].at, word[k].size);
    }
    text_char(&out, ']');
    copy = arena_bytes(trace->arena, out.at, out.size);
    text_fini(&out);
    return copy;
}

int
view_trace(struct view *view, const char *key, bool *found, struct json *json, struct daybreak_fault *fault)
{
    struct trace trace = {.view = view, .arena = arena_new(), .left_at_us = DAYBREAK_NO_TIME};
    int result = -1;

    if (view->ledger == NULL) {
        fault_set(fault, DAYBREAK_HALT, "pipeline '%s' has not run yet", view->name);
        fault_exit(fault, 66, "no-pipeline");
        goto done;
    }
    trace.key = key;
    trace.shown = shown_key(&trace, key);
    if (ask_targets(&trace, key, fault) != 0 || ask_memories(&trace, key, fault) != 0 ||
        ledger_dead_list(view->ledger, false, dead_moment, &trace, fault) != 0 ||
        feedback_each(view->ledger, 0, feedback_moment, &trace, fault) != 0)
        goto done;
    if (trace.moments > 0)
        qsort(trace.moment, trace.moments, sizeof *trace.moment, by_time);
    *found = trace.current != NULL || trace.moments > 0;
    json_object(json, NULL);
    json_text(json, "pipeline", view->name);
    json_text(json, "key", key);
    json_bool(json, "found", *found);
    if (trace.current == NULL)
        json_null(json, "current");
    else
        json_raw(json, "current", trace.current, strlen(trace.current));
    json_array(json, "timeline");
    for (uint32_t i = 0; i < trace.moments; i++) {
        struct text item = {0};
        char at[CLOCK_TEXT_ROOM];

        clock_text(trace.moment[i].at_us, at);
        text_printf(&item, "{\"at\":\"%s\"", at);
        text_put(&item, trace.moment[i].body);
        text_char(&item, '}');
        json_raw(json, NULL, item.at, item.size);
        text_fini(&item);
    }
    json_close(json);
    text_char(&trace.unproven, ']');
    json_raw(json, "unproven", arena_printf(trace.arena, "[%s", text_end(&trace.unproven)), trace.unproven.size + 1);
    json_close(json);
    result = 0;
done:
    free(trace.moment);
    text_fini(&trace.unproven);
    arena_free(trace.arena);
    return result;
}
