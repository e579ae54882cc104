/* SPDX-License-Identifier: Apache-2.0 */
/* What a module is tried with: a small YAML file, options of the command line, files that are made for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/finding.h"
#include "connector/module.h"
#include "kit_parts.h"

static void
verdict_set(struct kit *kit, enum kit_verdict verdict, const char *what, va_list args)
{
    if (kit->result.verdict == KIT_FAIL || (kit->result.verdict == KIT_SKIP && verdict == KIT_PASS))
        return;
    kit->result.verdict = verdict;
    vsnprintf(kit->result.detail, sizeof kit->result.detail, what, args);
}

int
kit_fail(struct kit *kit, const char *what, ...)
{
    va_list args;

    va_start(args, what);
    verdict_set(kit, KIT_FAIL, what, args);
    va_end(args);
    return -1;
}

void
kit_skip(struct kit *kit, const char *why, ...)
{
    va_list args;

    va_start(args, why);
    verdict_set(kit, KIT_SKIP, why, args);
    va_end(args);
}

void
kit_pass(struct kit *kit, const char *what, ...)
{
    va_list args;

    va_start(args, what);
    verdict_set(kit, KIT_PASS, what, args);
    va_end(args);
}

uint64_t
kit_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 (Steele, Lea, Flood 2014) */

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

bool
kit_fault_sane(struct kit *kit, const struct daybreak_fault *fault, const char *doing)
{
    if (fault->kind < DAYBREAK_RETRY || fault->kind > DAYBREAK_HALT)
        kit_fail(kit, "%s gave -1 without a fault: host->fault says what may be done next", doing);
    else if (fault->what[0] == '\0')
        kit_fail(kit, "%s gave a fault that says nothing", doing);
    else
        return true;
    return false;
}

/* ---- the file ------------------------------------------------------------------------------- */

static const struct config_node *
mapping_of(const struct config_node *file, const char *key, const char *path, struct findings *findings)
{
    const struct config_node *node = node_member(file, key);

    if (node != NULL && node->kind != CONFIG_MAPPING) {
        findings_add(findings, FINDING_ERROR, "wrong-type", path, node->place, NULL, "'%s' is a mapping", key);
        return NULL;
    }
    return node;
}

static bool
is_true(const struct config_node *file, const char *key)
{
    const struct config_node *node = node_member(file, key);

    return node != NULL && node->text != NULL && strcmp(node->text, "true") == 0;
}

void
kit_read(const char *path, struct arena *arena, struct kit_request *request, struct findings *findings)
{
    static const char *const keys[] = {"options", "files", "columns", "sample", "closed", "rows"};
    struct daybreak_fault fault = {0};
    const struct config_node *file, *node;
    char *bytes;
    size_t size;

    if (file_read(path, 1 << 20, &bytes, &size, &fault) != 0) {
        findings_add(findings, FINDING_ERROR, "no-file", path, (struct config_place){0}, NULL, "%s", fault.what);
        return;
    }
    findings_source(findings, path, bytes, size);
    file = node_read(arena, path, bytes, size, findings);
    for (node = file == NULL ? NULL : file->child; node != NULL; node = node->next) {
        size_t i = 0;

        while (i < 6 && (node->key == NULL || strcmp(keys[i], node->key) != 0))
            i++;
        if (i == 6)
            findings_add(findings, FINDING_ERROR, "unknown-key", path, node->key_place, text_nearest(node->key == NULL ? "" : node->key, keys, 6),
                         "unknown key '%s'", node->key == NULL ? "" : node->key);
    }
    request->options = mapping_of(file, "options", path, findings);
    request->files = mapping_of(file, "files", path, findings);
    request->columns = mapping_of(file, "columns", path, findings);
    request->rows = node_member(file, "rows");
    node = node_member(file, "sample");
    if (node != NULL) {
        request->sample = node->text == NULL ? "" : node->text;
        request->sample_size = strlen(request->sample);
    }
    request->closed = is_true(file, "closed");
}

void
kit_option(struct arena *arena, struct kit_request *request, const char *name, const char *value)
{
    struct config_node *all = arena_zero(arena, sizeof *all), *one = arena_zero(arena, sizeof *one), **end;

    if (request->options != NULL)
        *all = *request->options;
    all->kind = CONFIG_MAPPING;
    one->kind = CONFIG_SCALAR;
    one->key = arena_text(arena, name);
    one->text = arena_text(arena, value);
    one->quoted = true;
    all->child = one;
    all->children = 1;
    end = (struct config_node **)&one->next;
    for (const struct config_node *from = request->options == NULL ? NULL : request->options->child; from != NULL; from = from->next) {
        struct config_node *copy;

        if (strcmp(from->key, name) == 0)
            continue;
        copy = arena_alloc(arena, sizeof *copy);
        *copy = *from;
        copy->next = NULL;
        *end = copy;
        end = (struct config_node **)&copy->next;
        all->children++;
    }
    request->options = all;
}

/* ---- an instance ----------------------------------------------------------------------------- */

bool
kit_loaded(struct kit *kit)
{
    struct daybreak_fault fault = {0};

    if (kit->type == NULL && module_find(kit->request->role, kit->request->name, &kit->type, &fault) != 0)
        kit_skip(kit, "it does not load");
    return kit->type != NULL;
}

struct instance *
kit_try(const struct kit *kit, const struct config_node *options, struct daybreak_fault *fault)
{
    struct instance_request request = {.role = kit->request->role, .name = kit->request->name, .file = "options", .base_dir = kit->dir,
                                       .node = options == NULL ? kit->request->options : options};
    struct instance *instance = NULL;

    return instance_open(&request, &instance, fault) == 0 ? instance : NULL;
}

struct instance *
kit_open(struct kit *kit, const struct config_node *options)
{
    struct daybreak_fault fault = {0};
    struct instance *instance;

    if (!kit_loaded(kit))
        return NULL;
    instance = kit_try(kit, options, &fault);
    if (instance == NULL)
        kit_skip(kit, "it does not open: %.400s", fault.what);
    return instance;
}

/* "in/a.txt": the folders on the way are made. */
static int
file_make(struct kit *kit, const char *name, const char *content)
{
    struct daybreak_fault fault = {0};
    char path[PATH_MAX + 256], *slash;
    int fd, result;

    if (name[0] == '/' || strstr(name, "..") != NULL || strlen(name) > 200)
        return kit_fail(kit, "file '%.200s' is not inside the kit's folder", name);
    snprintf(path, sizeof path, "%s/%s", kit->dir, name);
    slash = strrchr(path, '/');
    *slash = '\0';
    if (file_make_dir(path, &fault) != 0)
        return kit_fail(kit, "%.400s", fault.what);
    *slash = '/';
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return kit_fail(kit, "cannot make '%.200s': %s", name, strerror(errno));
    result = file_write_all(fd, content, strlen(content), name, &fault);
    close(fd);
    return result == 0 ? 0 : kit_fail(kit, "%.400s", fault.what);
}

int
kit_files(struct kit *kit)
{
    for (const struct config_node *file = kit->request->files == NULL ? NULL : kit->request->files->child; file != NULL; file = file->next)
        if (file_make(kit, file->key, file->text == NULL ? "" : file->text) != 0)
            return -1;
    return 0;
}
