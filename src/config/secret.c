/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: where they are, and their way into the options that name them. A value is put in as one finished scalar,
 * so that nothing in it can be taken for YAML, and its node is marked hidden, so that no message shows it.
 */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_LIMIT 65536
#define SECRETS_LIMIT 1000

struct secret_values {
    const char *env, *file, *credential;
};

const struct daybreak_option config_secret_options[] = {
    {.name = "env", .type = DAYBREAK_TEXT, .at = offsetof(struct secret_values, env),
     .help = "Name of the environment variable that holds it.", .example = "PG_DSN"},
    {.name = "file", .type = DAYBREAK_TEXT, .at = offsetof(struct secret_values, file),
     .help = "Path of the file that holds it, relative to the pipeline file; one line end at its end is no part of it."},
    {.name = "credential", .type = DAYBREAK_TEXT, .at = offsetof(struct secret_values, credential),
     .help = "Name of a credential of the service manager: a file in $CREDENTIALS_DIRECTORY."},
    {.name = NULL},
};

/* A secret of the file, found when first asked for. */
struct secret {
    const struct config_node *node;
    struct secret_values values;
    bool sound, used, asked;
    const char *value;
};

struct vault {
    struct reading *reading;
    struct secret *secret;
    size_t count;
};

/* The whole file without its last line end; NULL with a reason. */
static const char *
file_value(struct arena *arena, const char *path, char why[128])
{
    char *bytes, *value = NULL;
    struct stat status;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        snprintf(why, 128, "%s", strerror(errno));
        return NULL;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(why, 128, "it is no file");
        goto close_fd;
    }
    bytes = memory_need(SECRET_LIMIT + 1);
    while (size <= SECRET_LIMIT) {
        ssize_t got = read(fd, bytes + size, SECRET_LIMIT + 1 - size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            snprintf(why, 128, "%s", strerror(errno));
        if (got <= 0) {
            if (got == 0)
                value = bytes;
            break;
        }
        size += (size_t)got;
    }
    if (size > SECRET_LIMIT)
        snprintf(why, 128, "it has more than %d bytes", SECRET_LIMIT);
    if (value != NULL && memchr(bytes, '\0', size) != NULL) {
        snprintf(why, 128, "it holds a NUL byte");
        value = NULL;
    }
    if (value != NULL) {
        if (size > 0 && bytes[size - 1] == '\n')
            size--;
        if (size > 0 && bytes[size - 1] == '\r')
            size--;
        value = arena_bytes(arena, bytes, size);
    }
    explicit_bzero(bytes, SECRET_LIMIT + 1);
    free(bytes);
close_fd:
    close(fd);
    return value;
}

static const char *
secret_value(struct vault *vault, struct secret *secret)
{
    struct reading *reading = vault->reading;
    const struct secret_values *values = &secret->values;
    const char *folder, *path, *value;
    char why[128] = "";

    if (values->env != NULL) {
        value = getenv(values->env);
        if (value == NULL)
            CONFIG_ERROR(reading, "secret-missing", secret->node->place, NULL,
                         "secret '%s' is not there: the environment has no variable '%s'", secret->node->key, values->env);
        return value == NULL ? NULL : arena_text(reading->arena, value);
    }
    if (values->credential != NULL) {
        folder = getenv("CREDENTIALS_DIRECTORY");
        if (folder == NULL) {
            CONFIG_ERROR(reading, "secret-missing", secret->node->place, "LoadCredential= of the service unit gives it",
                         "secret '%s' is not there: $CREDENTIALS_DIRECTORY is not set", secret->node->key);
            return NULL;
        }
        path = arena_printf(reading->arena, "%s/%s", folder, values->credential);
    } else {
        path = values->file[0] == '/' ? values->file : arena_printf(reading->arena, "%s/%s", reading->config->dir, values->file);
    }
    value = file_value(reading->arena, path, why);
    if (value == NULL)
        CONFIG_ERROR(reading, "secret-missing", secret->node->place, NULL, "secret '%s' is not there: cannot read '%s': %s",
                     secret->node->key, path, why);
    return value;
}

static void
vault_open(struct vault *vault, const struct config_node *node)
{
    static const struct section section = {.table = config_secret_options};
    struct reading *reading = vault->reading;

    node = section_mapping(reading, node, "a mapping of names, each with env:, file: or credential:");
    if (node == NULL)
        return;
    if (node->children > SECRETS_LIMIT) {
        CONFIG_ERROR(reading, "out-of-bounds", node->key_place, NULL, "at most %d secrets can be named", SECRETS_LIMIT);
        return;
    }
    vault->secret = arena_zero(reading->arena, (node->children + 1) * sizeof *vault->secret);
    for (const struct config_node *member = node->child; member != NULL; member = member->next) {
        struct secret *secret = &vault->secret[vault->count++];
        size_t raised = reading->findings->raised;
        int places;

        secret->node = member;
        section_fill(reading, &section, member, &secret->values);
        places = (secret->values.env != NULL) + (secret->values.file != NULL) + (secret->values.credential != NULL);
        if (reading->findings->raised == raised && places != 1)
            CONFIG_ERROR(reading, "bad-secret", member->key_place, "NAME: {env: VARIABLE}",
                         "secret '%s' must have exactly one of env, file and credential", member->key);
        if (secret->values.credential != NULL && strchr(secret->values.credential, '/') != NULL)
            CONFIG_ERROR(reading, "bad-secret", member->key_place, NULL, "a credential is a name without '/': '%s'",
                         secret->values.credential);
        secret->sound = reading->findings->raised == raised;
    }
}

/* The scalar that stands for {secret: NAME}. */
static struct config_node *
secret_use(struct vault *vault, const struct config_node *node)
{
    const char *name = node->child->text;
    struct config_node *scalar = arena_zero(vault->reading->arena, sizeof *scalar);
    const char **known;
    const char *nearest;

    *scalar = (struct config_node){.kind = CONFIG_SCALAR, .text = "", .quoted = true, .hidden = true, .key = node->key,
                                   .place = node->place, .key_place = node->key_place};
    for (size_t i = 0; i < vault->count; i++) {
        struct secret *secret = &vault->secret[i];

        if (strcmp(secret->node->key, name) != 0)
            continue;
        secret->used = true;
        if (!secret->asked && secret->sound)
            secret->value = secret_value(vault, secret);
        secret->asked = true;
        scalar->text = secret->value == NULL ? "?" : secret->value; /* not empty: one finding says it all */
        return scalar;
    }
    known = arena_alloc(vault->reading->arena, (vault->count + 1) * sizeof *known);
    for (size_t i = 0; i < vault->count; i++)
        known[i] = vault->secret[i].node->key;
    nearest = text_nearest(name, known, vault->count);
    CONFIG_ERROR(vault->reading, "unknown-secret", node->child->place,
                 nearest != NULL ? arena_printf(vault->reading->arena, "did you mean '%s'?", nearest)
                                 : arena_printf(vault->reading->arena, "secrets: {%s: {env: VARIABLE}}", name),
                 "there is no secret '%s'", name);
    scalar->text = "?";
    return scalar;
}

static bool
is_secret(const struct config_node *node)
{
    return node->kind == CONFIG_MAPPING && node->children == 1 && strcmp(node->child->key, "secret") == 0 &&
           node->child->kind == CONFIG_SCALAR;
}

/* Which options may be secrets, from a node down. */
enum reach {
    REACH_NONE,    /* the engine's own keys: anywhere there {secret: …} is a mapping where a value should be */
    REACH_ALL,     /* an option of a connector */
    REACH_SOURCE,  /* below this: all but the engine's keys */
    REACH_SINK,
    REACH_FORMAT,  /* one, or a list of them */
    REACH_TABLES,
    REACH_TABLE,
    REACH_STEPS,   /* the list of transforms, and one of them */
    REACH_USE,
    REACH_ALERTS,  /* the list of alerts, and one of them */
    REACH_MAIL,
    REACH_LOOKUP,  /* one, or a list of them */
};

static bool
is_listed(const char *const *list, const char *key)
{
    while (*list != NULL && strcmp(*list, key) != 0)
        list++;
    return *list != NULL;
}

/* How far the reach goes for a member of a node that has ${reach}. */
static enum reach
reach_below(enum reach reach, const char *key)
{
    static const char *const format_keys[] = {"type", "match", "fields", "encoding", NULL};

    switch (reach) {
    case REACH_SOURCE:
        if (strcmp(key, "tables") == 0)
            return REACH_TABLES;
        if (strcmp(key, "format") == 0)
            return REACH_FORMAT;
        if (strcmp(key, "lookup") == 0)
            return REACH_LOOKUP;
        return is_listed(config_source_keys, key) ? REACH_NONE : REACH_ALL;
    case REACH_SINK:
        return is_listed(config_sink_keys, key) ? REACH_NONE : REACH_ALL;
    case REACH_FORMAT:
        return is_listed(format_keys, key) ? REACH_NONE : REACH_ALL;
    case REACH_TABLES:
        return REACH_TABLE;
    case REACH_TABLE:
        return strcmp(key, "format") == 0       ? REACH_FORMAT
               : strcmp(key, "transforms") == 0 ? REACH_STEPS
               : strcmp(key, "lookup") == 0     ? REACH_LOOKUP
                                                : REACH_NONE;
    case REACH_STEPS:
        return strcmp(key, "use") == 0 ? REACH_USE : strcmp(key, "lookup") == 0 ? REACH_LOOKUP : REACH_NONE;
    case REACH_USE:
        return strcmp(key, "type") == 0 ? REACH_NONE : REACH_ALL;
    case REACH_ALERTS:
        return strcmp(key, "webhook") == 0 || strcmp(key, "sign") == 0 ? REACH_ALL : strcmp(key, "mail") == 0 ? REACH_MAIL : REACH_NONE;
    case REACH_MAIL:
        return strcmp(key, "user") == 0 || strcmp(key, "password") == 0 || strcmp(key, "server") == 0 ? REACH_ALL : REACH_NONE;
    case REACH_LOOKUP:
        return strcmp(key, "from") == 0 ? REACH_SOURCE : REACH_NONE;
    case REACH_NONE:
    case REACH_ALL:
        break;
    }
    return reach;
}

/* A copy of ${node}, its members likewise; depth is bounded by the reader. */
static struct config_node *
copy_tree(struct vault *vault, const struct config_node *node, enum reach reach)
{
    struct config_node *copy;
    const struct config_node **end;

    if (reach == REACH_ALL && is_secret(node))
        return secret_use(vault, node);
    copy = arena_alloc(vault->reading->arena, sizeof *copy);
    *copy = *node;
    copy->next = NULL;
    if (node->kind == CONFIG_SCALAR && strstr(node->text, "${") != NULL)
        CONFIG_ERROR(vault->reading, "interpolation", node->place,
                     "name it under secrets: {NAME: {env: VARIABLE}} and write {secret: NAME} here", "${…} is not replaced");
    end = &copy->child;
    for (const struct config_node *child = node->child; child != NULL; child = child->next) {
        struct config_node *under = copy_tree(vault, child, child->key == NULL ? reach : reach_below(reach, child->key));

        *end = under;
        end = &under->next;
    }
    return copy;
}

const struct config_node *
secret_resolve(struct reading *reading, const struct config_node *root)
{
    struct vault vault = {.reading = reading};
    struct config_node *copy = arena_alloc(reading->arena, sizeof *copy);
    const struct config_node **end = &copy->child;

    vault_open(&vault, node_member(root, "secrets"));
    *copy = *root;
    for (const struct config_node *member = root->child; member != NULL; member = member->next) {
        enum reach reach = strcmp(member->key, "source") == 0       ? REACH_SOURCE
                           : strcmp(member->key, "sink") == 0       ? REACH_SINK
                           : strcmp(member->key, "alerts") == 0     ? REACH_ALERTS
                           : strcmp(member->key, "transforms") == 0 ? REACH_STEPS
                                                                    : REACH_NONE;
        struct config_node *under = copy_tree(&vault, member, reach);

        *end = under;
        end = &under->next;
    }
    for (size_t i = 0; i < vault.count; i++)
        if (!vault.secret[i].used)
            CONFIG_WARNING(reading, "unused-secret", vault.secret[i].node->key_place, NULL, "no option uses secret '%s'",
                           vault.secret[i].node->key);
    return copy;
}
