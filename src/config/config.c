/* SPDX-License-Identifier: Apache-2.0 */
/* A pipeline file from its first byte to a config: the file itself, the top level, and who reads which part. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "parts.h"

#define MAX_DEAD_LEAST 1000

struct top_values {
    int64_t version;
    const char *name, *description, *max_dead;
    bool strict;
    int64_t backlog_bytes, commit_max, max_record;
};

const struct daybreak_option config_top_options[] = {
    {.name = "version", .type = DAYBREAK_INTEGER, .at = offsetof(struct top_values, version), .preset = "1",
     .help = "Version of the pipeline file; there is only 1."},
    {.name = "name", .type = DAYBREAK_TEXT, .at = offsetof(struct top_values, name),
     .help = "Name of the pipeline, of its state and, if the sink does not say, of its table; the file's name by default.",
     .example = "orders"},
    {.name = "description", .type = DAYBREAK_TEXT, .at = offsetof(struct top_values, description),
     .help = "What flows here, in a sentence."},
    {.name = "strict", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct top_values, strict), .preset = "false",
     .help = "Refuse routes that promise less than effectively once, or may leave stale rows."},
    {.name = "backlog", .type = DAYBREAK_SIZE, .at = offsetof(struct top_values, backlog_bytes), .preset = "1GiB", .min = 1 << 20,
     .max = INT64_MAX, .help = "How much may wait for a target before the source waits too."},
    {.name = "max_dead", .type = DAYBREAK_TEXT, .at = offsetof(struct top_values, max_dead), .preset = "1%",
     .help = "More dead letters than this stop the run: a number, or a percentage of what it read and at least 1000.",
     .example = "5000"},
    {.name = "commit_max", .type = DAYBREAK_SIZE, .at = offsetof(struct top_values, commit_max), .preset = "1M", .min = 1,
     .max = INT64_MAX, .help = "The changes of one input land in one commit up to this many."},
    {.name = "max_record", .type = DAYBREAK_SIZE, .at = offsetof(struct top_values, max_record), .preset = "16MiB", .min = 4096,
     .max = INT64_C(1) << 30, .help = "A record with more bytes is invalid."},
    {.name = NULL},
};

struct owner_values {
    const char *team, *contact;
};

const struct daybreak_option config_owner_options[] = {
    {.name = "team", .type = DAYBREAK_TEXT, .at = offsetof(struct owner_values, team), .help = "Who answers for this pipeline.",
     .example = "order-ops"},
    {.name = "contact", .type = DAYBREAK_TEXT, .at = offsetof(struct owner_values, contact), .help = "How to reach them.",
     .example = "order-ops@example.org"},
    {.name = NULL},
};

struct lag_values {
    int64_t within_ms;
    const char *percentile;
};

const struct daybreak_option config_lag_options[] = {
    {.name = "within", .type = DAYBREAK_DURATION, .at = offsetof(struct lag_values, within_ms), .min = 1, .max = INT64_MAX,
     .help = "The promise: a change is delivered this soon after it happened.", .example = "5m"},
    {.name = "percentile", .type = DAYBREAK_TEXT, .at = offsetof(struct lag_values, percentile), .preset = "99",
     .help = "For how many of a hundred changes it is kept."},
    {.name = NULL},
};

static const char *const top_inner[] = {"source", "sink", "owner", "lag", "transforms", "context", "secrets", "tests", "alerts",
                                        "handoffs", NULL};
static const char *const top_not_yet[] = {"replaces", "process", NULL};

/* ---- the file ----------------------------------------------------------------------------- */

/* All of it, but no more than one byte above the limit. NULL: errno says why. */
static char *
file_bytes(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), error = 0;
    char *bytes;

    *size = 0;
    if (fd < 0)
        return NULL;
    bytes = memory_need(NODE_FILE_LIMIT + 1);
    while (*size <= NODE_FILE_LIMIT) {
        ssize_t got = read(fd, bytes + *size, NODE_FILE_LIMIT + 1 - *size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            error = errno;
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
    close(fd);
    if (error == 0)
        return memory_grow(bytes, *size + 1);
    free(bytes);
    errno = error;
    return NULL;
}

/* The absolute folder of a file. */
static const char *
folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? arena_text(arena, ".") : arena_bytes(arena, path, slash == path ? 1 : (size_t)(slash - path));
    char *whole = realpath(folder, NULL);
    const char *result = arena_text(arena, whole == NULL ? folder : whole);

    free(whole);
    return result;
}

static const char *
name_of(struct arena *arena, const char *path)
{
    const char *base = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    size_t size = strlen(base);

    if (size > 5 && strcmp(base + size - 5, ".yaml") == 0)
        size -= 5;
    else if (size > 4 && strcmp(base + size - 4, ".yml") == 0)
        size -= 4;
    return arena_bytes(arena, base, size);
}

/* ---- the top level ------------------------------------------------------------------------ */

static void
top_read(struct reading *reading)
{
    static const struct section section = {.table = config_top_options, .inner = top_inner, .not_yet = top_not_yet};
    const struct config_node *member = node_member(reading->root, "version");
    struct config *config = reading->config;
    struct top_values values = {0};
    struct config_limit dead;

    section_fill(reading, &section, reading->root, &values);
    if (values.version != 1)
        CONFIG_ERROR(reading, "bad-version", member == NULL ? reading->root->place : member->place, NULL,
                     "this daybreak reads version 1 of the pipeline file, not %lld", (long long)values.version);
    config->name = values.name == NULL ? name_of(reading->arena, config->path) : values.name;
    member = node_member(reading->root, "name");
    if (!section_name(reading, config->name, member == NULL ? reading->root->place : member->place, "pipeline"))
        config->name = "pipeline"; /* so that reading can go on */
    config->description = values.description;
    config->strict = values.strict;
    config->backlog_bytes = values.backlog_bytes;
    config->commit_max = values.commit_max;
    config->max_record = values.max_record;
    limit_read(reading, reading->root, "max_dead", "1%", &dead);
    config->max_dead_share = dead.percent ? dead.share : 0;
    config->max_dead = dead.percent ? MAX_DEAD_LEAST : dead.number;
}

static void
owner_read(struct reading *reading)
{
    static const struct section section = {.table = config_owner_options};
    struct owner_values values = {0};

    section_fill(reading, &section, node_member(reading->root, "owner"), &values);
    reading->config->owner_team = values.team;
    reading->config->owner_contact = values.contact;
}

static void
lag_read(struct reading *reading)
{
    static const struct section section = {.table = config_lag_options};
    const struct config_node *node = node_member(reading->root, "lag");
    const struct config_node *member = node_member(node, "percentile");
    struct lag_values values = {0};

    section_fill(reading, &section, node, &values);
    reading->config->lag_within_ms = values.within_ms;
    if (!option_number(values.percentile, &reading->config->lag_percentile) || reading->config->lag_percentile <= 0 ||
        reading->config->lag_percentile > 100) {
        reading->config->lag_percentile = 99;
        option_wrong(member, "a number above 0 and up to 100", reading->file, reading->findings);
    }
}

static void
part_missing(struct reading *reading, const char *name, const char *example)
{
    CONFIG_ERROR(reading, "missing-key", reading->root->place, example, "'%s' is missing", name);
}

static void
root_read(struct reading *reading)
{
    const struct config_node *source = node_member(reading->root, "source"), *sink = node_member(reading->root, "sink");
    const struct config_node *handoffs = node_member(reading->root, "handoffs");

    reading->transforms = node_member(reading->root, "transforms");
    reading->context = node_member(reading->root, "context");
    top_read(reading);
    owner_read(reading);
    lag_read(reading);
    config_alerts_read(reading, node_member(reading->root, "alerts"));
    if (source == NULL)
        part_missing(reading, "source", "source: {type: file, path: drop/orders_%Y%m%d.csv.gz}");
    else
        config_source_read(reading, source);
    if (sink != NULL && handoffs != NULL)
        CONFIG_ERROR(reading, "duplicate-key", handoffs->key_place, "keep one of them", "a pipeline has `sink` or `handoffs`, not both");
    else if (sink != NULL)
        config_sink_read(reading, sink);
    else if (handoffs != NULL)
        config_handoffs_read(reading, handoffs);
    else
        part_missing(reading, "sink", "sink: {type: sqlite, path: out.db}");
    config_tests_read(reading, node_member(reading->root, "tests"));
    for (uint32_t i = 0; i < reading->config->handoff_count; i++) {
        struct config *view = reading->config->handoffs[i].view;
        struct config_sink own = view->sink;

        *view = *reading->config;
        view->sink = own;
        view->handoffs = NULL;
        view->handoff_count = 0;
    }
}

struct config *
config_read_all(const char *path, struct findings *findings)
{
    struct reading reading = {.file = path, .findings = findings};
    size_t raised = findings->raised, size;
    struct config_place none = {0, 0}, top = {1, 1};
    struct config *config;
    XXH128_canonical_t digest;
    struct arena *arena;
    char *bytes;

    bytes = file_bytes(path, &size);
    if (bytes == NULL) {
        int error = errno;
        struct text advice = {0};

        config_found_advice(path, error, &advice);
        findings_add(findings, FINDING_ERROR, "no-file", path, none, text_end(&advice), "cannot read the pipeline file: %s",
                     strerror(error));
        findings->status = 66;
        text_fini(&advice);
        return NULL;
    }
    if (config_found_data(path)) {
        struct text advice = {0};

        text_printf(&advice, "`daybreak init --from %s` writes a pipeline file for it", path);
        findings_add(findings, FINDING_ERROR, "wrong-type", path, none, text_end(&advice), "this is data, and no pipeline file");
        findings->status = 78;
        text_fini(&advice);
        free(bytes);
        return NULL;
    }
    findings_source(findings, path, bytes, size);
    arena = arena_new();
    config = arena_zero(arena, sizeof *config);
    config->arena = reading.arena = arena;
    reading.config = config;
    config->path = reading.file = arena_text(arena, path);
    config->dir = folder_of(arena, path);
    XXH128_canonicalFromHash(&digest, XXH3_128bits(bytes, size));
    text_hex(digest.digest, sizeof digest.digest, config->version_digest);

    reading.root = node_read(arena, path, bytes, size, findings);
    if (reading.root != NULL && reading.root->kind != CONFIG_MAPPING) {
        if (reading.root->kind == CONFIG_SCALAR && reading.root->text[0] == '\0')
            reading.root = NULL;
        else
            findings_add(findings, FINDING_ERROR, "wrong-type", path, reading.root->place, "`daybreak init` writes an example to begin with",
                         "a pipeline file is a mapping with source: and sink:");
    } else if (reading.root != NULL) {
        reading.root = secret_resolve(&reading, reading.root);
        root_read(&reading);
    }
    if (reading.root == NULL && findings->raised == raised)
        findings_add(findings, FINDING_ERROR, "missing-key", path, top, "source: and sink: are all it needs",
                     "the file is empty");
    if (findings->raised == raised || config->source.table_count > 0)
        return config;
    arena_free(arena);
    return NULL;
}

struct config *
config_read(const char *path, struct findings *findings)
{
    size_t raised = findings->raised;
    struct config *config = config_read_all(path, findings);

    if (findings->raised == raised)
        return config;
    config_free(config);
    return NULL;
}

void
config_free(struct config *config)
{
    if (config != NULL)
        arena_free(config->arena);
}
