/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "config/node.h"

struct arena;
struct findings;
struct json;

/*
 * A pipeline file, read into what never changes afterwards: names, values and where they stand. Types of fields are texts here,
 * connectors are names with their option nodes: engine/lint.c binds them.
 */

enum config_method { CONFIG_DIFF, CONFIG_APPEND, CONFIG_WATERMARK, CONFIG_TRIGGERS, CONFIG_LOG };
enum config_first { CONFIG_FIRST_LOAD, CONFIG_FIRST_SKIP };
enum config_unreadable { CONFIG_UNREADABLE_HOLD, CONFIG_UNREADABLE_DEAD };
enum config_again { CONFIG_AGAIN_ALLOW, CONFIG_AGAIN_DEAD };
enum config_refused { CONFIG_REFUSED_DEAD, CONFIG_REFUSED_STOP, CONFIG_REFUSED_NAME };

/* A percentage (of something the guard names) or an absolute number. */
struct config_limit {
    bool set, percent;
    double share;    /* 0..1 when percent */
    int64_t number;
};

struct config_guards {
    struct config_limit max_deletes, min_rows, max_invalid, max_updates; /* 20% 50% 5% none */
    int64_t max_keyless;                                                 /* 0 */
    enum config_unreadable unreadable;
};

struct config_capture {
    enum config_method method;
    bool method_set;
    struct daybreak_list key, ignore, cursor;
    bool before;
    enum config_first first;
    enum config_again again;
    int64_t late_ms;
    struct config_guards guards;
    struct config_place key_place, ignore_place, method_place;
};

struct config_field {
    const char *name, *type;     /* "decimal(12,2)"; of a mapping {type: date, pattern: "%d.%m.%Y"} the type */
    const char *pattern, *zone;  /* NULL when not given */
    struct config_place place;
};

/* A connector as the file names it; its own options are read later from the node by connector/. */
struct config_connector {
    const char *type;            /* NULL: what extension and content say */
    const char *match;           /* of a format list: glob; NULL: always */
    const struct config_node *node;
    struct config_field *fields; /* of a format list's entry */
    uint32_t field_count;
    struct config_place place;
};

enum config_step_kind { CONFIG_RENAME, CONFIG_DROP, CONFIG_SELECT };

struct config_step {
    enum config_step_kind kind;
    struct daybreak_map rename;  /* old: new */
    struct daybreak_list columns;
    struct config_place place;
};

struct config_related {
    const char *name, *column;
};

/* Columns of the envelope; NULL when the file does not say. A quoted text 'nightly export' is a constant. */
struct config_context {
    const char *changed_at, *reason, *actor;
    bool reason_is_text, actor_is_text;
    struct config_related *related;
    uint32_t related_count;
    struct config_place place;
};

/* One table of the source, everything inherited from above filled in. Without `tables` there is exactly one. */
struct config_table {
    const char *name;            /* the key under tables, else the pipeline's name */
    const char *member, *table, *query, *record;
    struct config_connector *formats; /* at least one */
    uint32_t format_count;
    struct config_field *fields;
    uint32_t field_count;
    struct config_capture capture;
    struct config_step *steps;
    uint32_t step_count;
    struct config_context context;
    struct config_place place;
};

struct config_source {
    struct config_connector extract;  /* path, settle, after and the rest are options of the connector `file` */
    const char *timezone;             /* tzdata name, "UTC" */
    int64_t at_s;                     /* seconds since midnight, -1: not given */
    int64_t parts;                    /* 1 */
    int64_t expect_every_ms, expect_grace_ms; /* 0: nothing expected */
    struct config_table *tables;
    uint32_t table_count;
    bool tables_named;                /* `tables:` was written */
    struct config_place place;
};

struct config_sink {
    const char *handoff;              /* "load" */
    struct config_connector load;
    const char *table;                /* as written, {table} not yet replaced; NULL: not given */
    enum daybreak_write write;
    bool write_set;
    enum daybreak_existing existing;
    enum daybreak_history history;
    enum daybreak_envelope envelope;
    bool mark_deletes;
    int64_t keep_ms;
    const char *prefix, *done;
    enum config_refused refused;
    const char *refused_to;
    int64_t backoff_min_ms, backoff_max_ms, give_up_ms;
    struct config_place place, write_place;
};

struct config {
    const char *path, *dir;           /* of the file; dir is absolute */
    const char *name, *description;
    const char *owner_team, *owner_contact;
    char version_digest[33];          /* XXH3-128 of the file's bytes, hex */
    bool strict;
    int64_t backlog_bytes, commit_max, max_record, max_dead; /* max_dead: at least this many; share below */
    double max_dead_share;
    int64_t lag_within_ms;            /* 0: no target */
    double lag_percentile;            /* 99 */
    struct config_source source;
    struct config_sink sink;
    struct arena *arena;              /* owns all of it */
};

extern const char *const config_source_keys[]; /* the engine's own keys under source, NULL-ended */
extern const char *const config_sink_keys[]; /* and under sink */

/**
 * config_read(path, findings): the pipeline file ${path}, or NULL when it holds an error; every finding of the whole
 * file is added to ${findings} either way, warnings too. A file that cannot be opened is one finding with status 66.
 * config_free gives all memory back, node trees included.
 */
struct config *config_read(const char *path, struct findings *findings);
/** config_read_all(path, findings): what could be read of a file with errors too, so that what only connectors know is
 * found fault with in the same look; NULL when that is not even a source. For lint: nothing may run from it. */
struct config *config_read_all(const char *path, struct findings *findings);
void config_free(struct config *config);

enum config_shape {
    CONFIG_SHAPE_MAPPING,
    CONFIG_SHAPE_OR_TEXT, /* or one text */
    CONFIG_SHAPE_OR_LIST, /* or one text, or a list of mappings */
    CONFIG_SHAPE_ITEMS,   /* a list of mappings with one key each */
};

/* What may stand where in a pipeline file, for schema and manuals; ends with path NULL. */
struct config_section {
    const char *path; /* "source.capture"; "" is the top level; "source.tables.*": each of its members */
    const struct daybreak_option *table; /* never NULL, may be empty */
    const char *help;
    bool open;        /* a connector's options stand here too */
    enum config_shape shape;
    const char *same; /* path of the section that describes this one too; NULL */
};
extern const struct config_section config_sections[];
/** config_schema(json): the JSON Schema (draft 2020-12) of a pipeline file, from the same tables that read it. */
void config_schema(struct json *json);

#endif
