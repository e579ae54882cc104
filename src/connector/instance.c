/* SPDX-License-Identifier: Apache-2.0 */
/* A connector's life: options filled from the pipeline file, the host it may call, open and close. */
#include "connector/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/log.h"
#include "config/finding.h"
#include "config/option.h"
#include "connector/module.h"
#include "record/batch.h"
#include "record/value.h"

__attribute__((format(printf, 3, 4))) static void
host_log(const struct daybreak_host *host, char level, const char *phrase, ...)
{
    enum log_level to = level == 'E'   ? LOG_LEVEL_ERROR
                        : level == 'W' ? LOG_LEVEL_WARN
                        : level == 'I' ? LOG_LEVEL_INFO
                                       : LOG_LEVEL_DEBUG;
    va_list args;

    (void)host;
    va_start(args, phrase);
    log_writev(to, phrase, args);
    va_end(args);
}

static void
host_crash_point(const char *name)
{
    if (crash_armed)
        crash_point(name);
}

static bool
host_stopping(const struct daybreak_host *host)
{
    const struct instance *instance = host->context;

    return instance->stop != NULL && *instance->stop != 0;
}

static bool
host_instant(const char *text, const char *zone, int64_t *us)
{
    struct value_type type = {.type = DAYBREAK_TYPE_TIMESTAMP, .zone = zone};

    return value_timestamp(text, strlen(text), &type, us);
}

static const struct daybreak_host host_template = {
    .size = sizeof(struct daybreak_host),
    .fault = fault_set,
    .within = fault_within,
    .hint = fault_hint,
    .log = host_log,
    .reserve = batch_reserve,
    .bad = batch_bad_row,
    .view = batch_view,
    .refuse = batch_refuse,
    .alloc = batch_alloc,
    .crash_point = host_crash_point,
    .stopping = host_stopping,
    .instant = host_instant,
    .give = batch_give,
    .filter = batch_take_out,
};

static const struct daybreak_option *
option_named(const struct daybreak_option *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* The mapping as written, with the engine's extras behind it where the connector knows them and the file is silent. */
static const struct config_node *
node_with_extras(const struct instance_request *request, const struct daybreak_option *options,
                 struct arena *arena)
{
    struct config_node *node = arena_zero(arena, sizeof *node), **end;
    const struct config_node *from;

    node->kind = CONFIG_MAPPING;
    if (request->node != NULL) {
        node->place = request->node->place;
        node->key = request->node->key;
        node->key_place = request->node->key_place;
    }
    end = (struct config_node **)&node->child;
    for (from = request->node == NULL ? NULL : request->node->child; from != NULL; from = from->next) {
        struct config_node *copy = arena_alloc(arena, sizeof *copy);

        *copy = *from;
        copy->next = NULL;
        *end = copy;
        end = (struct config_node **)&copy->next;
        node->children++;
    }
    for (size_t i = 0; i < request->extras; i++) {
        const struct instance_extra *extra = &request->extra[i];
        struct config_node *member, **item_end;

        if (extra->count == 0 || option_named(options, extra->name) == NULL ||
            node_member(request->node, extra->name) != NULL)
            continue;
        member = arena_zero(arena, sizeof *member);
        member->kind = extra->count == 1 ? CONFIG_SCALAR : CONFIG_SEQUENCE;
        member->key = extra->name;
        member->text = extra->item[0];
        item_end = (struct config_node **)&member->child;
        for (size_t k = 0; extra->count > 1 && k < extra->count; k++) {
            struct config_node *item = arena_zero(arena, sizeof *item);

            item->kind = CONFIG_SCALAR;
            item->text = extra->item[k];
            item->quoted = true;
            *item_end = item;
            item_end = (struct config_node **)&item->next;
            member->children++;
        }
        member->quoted = true;
        *end = member;
        end = (struct config_node **)&member->next;
        node->children++;
    }
    return node;
}

/* Keys that are the engine's, but for those the connector declares itself (timezone, at). */
static const char *const *
ignored(const struct instance_request *request, const struct daybreak_option *options,
        struct arena *arena)
{
    size_t count = 0;
    const char **list;

    while (request->ignore != NULL && request->ignore[count] != NULL)
        count++;
    list = arena_alloc(arena, (count + 1) * sizeof *list);
    count = 0;
    for (size_t i = 0; request->ignore != NULL && request->ignore[i] != NULL; i++)
        if (option_named(options, request->ignore[i]) == NULL)
            list[count++] = request->ignore[i];
    list[count] = NULL;
    return list;
}

/* What a connector says about its options goes to where the file has them. */
struct checking {
    const struct config_node *node;
    const char *file;
    struct findings *findings;
    size_t errors;
};

static void
option_is_wrong(void *context, const char *option, const char *what, const char *hint)
{
    struct checking *checking = context;
    const struct config_node *node = checking->node;
    struct config_place place = node->place;

    while (node != NULL && *option != '\0') { /* "trailer.count": as near as the file comes to it */
        char name[64];
        size_t size = strcspn(option, ".");

        snprintf(name, sizeof name, "%.*s", (int)size, option);
        node = node_member(node, name);
        if (node != NULL)
            place = node->kind == CONFIG_SCALAR ? node->place : node->key_place;
        option += size + (option[size] == '.');
    }
    findings_add(checking->findings, FINDING_ERROR, "bad-options", checking->file, place, hint, "%s", what);
    checking->errors++;
}

static size_t
fill(const struct instance_request *request, const struct daybreak_connector *type, void *self,
     struct arena *arena, struct findings *findings)
{
    static const struct daybreak_option none[] = {{.name = NULL}};
    const struct daybreak_option *options = type->options == NULL ? none : type->options;
    const struct config_node *node = node_with_extras(request, options, arena);
    struct checking checking = {.node = node, .file = request->file, .findings = findings};

    checking.errors = option_fill(options, node, self, ignored(request, options, arena), arena, request->file, findings);
    if (checking.errors == 0 && type->check != NULL)
        type->check(self, option_is_wrong, &checking);
    return checking.errors;
}

size_t
instance_check(const struct instance_request *request, struct findings *findings)
{
    const struct daybreak_connector *type;
    struct daybreak_fault fault = {0};
    struct config_place place = {0};
    struct arena *arena;
    void *self;
    size_t errors;

    if (request->node != NULL)
        place = node_member(request->node, "type") != NULL ? node_member(request->node, "type")->place
                                                           : request->node->place;
    if (module_find(request->role, request->name, &type, &fault) != 0) {
        findings_add(findings, FINDING_ERROR, "no-connector", request->file, place,
                     fault.hint[0] != '\0' ? fault.hint : NULL, "%s", fault.what);
        return 1;
    }
    arena = arena_new();
    self = memory_zero(type->self_size + 1);
    errors = fill(request, type, self, arena, findings);
    free(self);
    arena_free(arena);
    return errors;
}

int
instance_open(const struct instance_request *request, struct instance **out, struct daybreak_fault *fault)
{
    const struct daybreak_connector *type;
    struct instance *instance;
    struct findings findings;

    if (module_find(request->role, request->name, &type, fault) != 0)
        return -1;
    instance = memory_zero(sizeof *instance);
    instance->type = type;
    instance->arena = arena_new();
    instance->self = memory_zero(type->self_size + 1);
    instance->host = host_template;
    instance->host.context = instance;
    instance->host.base_dir = arena_text(instance->arena, request->base_dir);
    instance->stop = request->stop;
    findings_init(&findings);
    if (fill(request, type, instance->self, instance->arena, &findings) > 0) {
        const struct finding *first = &findings.item[0];

        fault_set(fault, DAYBREAK_HALT, "%s:%u:%u: %s", request->file, first->place.line,
                  first->place.column, first->message);
        if (first->suggestion != NULL)
            fault_hint(fault, "%s", first->suggestion);
        fault_exit(fault, 78, first->code);
        findings_fini(&findings);
        goto free_instance;
    }
    findings_fini(&findings);
    if (type->open(instance->self, &instance->host, fault) != 0) {
        fault_within(fault, "%s %s", module_role_name[type->role], type->name);
        goto free_instance;
    }
    *out = instance;
    return 0;

free_instance:
    arena_free(instance->arena);
    free(instance->self);
    free(instance);
    return -1;
}

void
instance_close(struct instance *instance)
{
    if (instance == NULL)
        return;
    instance->type->close(instance->self);
    arena_free(instance->arena);
    free(instance->self);
    free(instance);
}
