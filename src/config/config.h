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

/* Where a sender says how many rows there are, and what they hash to. */
struct config_manifest {
    const char *member, *file; /* exactly one of them */
    const char *rows, *sha256; /* at least one of them */
    int64_t wait_ms;           /* for a file */
    struct config_place place;
};

struct config_guards {
    struct config_limit max_deletes, min_rows, max_invalid, max_updates; /* 20% 50% 5% none */
    int64_t max_keyless;                                                 /* 0 */
    enum config_unreadable unreadable;
    const struct config_manifest *manifest;                              /* NULL: there is none */
    bool off;                                                            /* of a test: what a night holds is what was written down */
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
    const char *path;            /* where a format finds it in a record; NULL: by its name */
    const char *repeated;        /* first, json or join=TEXT, when it comes more than once there; NULL: as the format says */
    bool typed;                  /* the type was written; otherwise it is text */
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

/* An SQL expression as the file has it; text NULL: not given. finding_place tells where in the file a byte of it stands. */
struct config_expression {
    const char *text;
    struct config_place place;
};

/* A column and what it shall hold. */
struct config_set {
    const char *column;
    struct config_expression value;
    struct config_place place;   /* of the column's name */
};

enum config_lookup_from { CONFIG_FROM_FILE, CONFIG_FROM_SQLITE, CONFIG_FROM_INPUT };
enum config_none { CONFIG_NONE_DEAD, CONFIG_NONE_NULL };
enum config_many { CONFIG_MANY_DEAD, CONFIG_MANY_FIRST, CONFIG_MANY_FOLD };
enum config_fold_kind { CONFIG_FOLD_SUM, CONFIG_FOLD_MIN, CONFIG_FOLD_MAX, CONFIG_FOLD_COUNT };

struct config_fold {
    const char *column;
    enum config_fold_kind kind;
    struct config_place place;
};

/* Columns of somewhere else for each record: NAME.COLUMN from there on. */
struct config_lookup {
    const char *name;
    enum config_lookup_from from;
    struct config *file;         /* CONFIG_FROM_FILE: the file as if it were the one table of a pipeline's source */
    const char *path, *query;    /* CONFIG_FROM_SQLITE; the path as written */
    struct config_field *fields; /* CONFIG_FROM_SQLITE: types of the query's columns that it does not say itself */
    uint32_t field_count;
    const char *table;           /* CONFIG_FROM_INPUT: another table of the source */
    struct daybreak_map on;      /* record column: its column; not of a query */
    struct daybreak_list take;   /* not of a query */
    enum config_none none;
    enum config_many many;
    struct config_fold *fold;    /* CONFIG_MANY_FOLD */
    uint32_t fold_count;
    int64_t max_memory;          /* bytes */
    struct config_place place, from_place, query_place, on_place, take_place; /* of the name, of the values */
};

/* A condition by its name, which is the reason of what does not meet it. */
struct config_check {
    const char *name;
    struct config_expression test;
    struct config_place place;
};

/* What a row or payload must satisfy. */
struct config_contract {
    struct daybreak_list required;
    struct config_check *check;
    uint32_t check_count;
    struct config_place place, required_place;
};

enum config_step_kind { CONFIG_RENAME, CONFIG_DROP, CONFIG_SELECT, CONFIG_FILTER, CONFIG_SET, CONFIG_LOOKUP, CONFIG_USE };

struct config_step {
    enum config_step_kind kind;
    struct daybreak_map rename;  /* old: new */
    struct daybreak_list columns;
    const char *name;            /* of a filter */
    struct config_expression keep;
    struct config_set *set;      /* in file order; each sees the columns before the first of them */
    uint32_t set_count;
    const struct config_lookup *lookup;
    struct config_connector use; /* a transform module */
    struct config_place place;
};

struct config_related {
    const char *name;
    struct config_expression value;
};

/* What the envelope says of a change, made of the columns behind the transforms. */
struct config_context {
    struct config_expression changed_at, reason, actor;
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
    struct config_lookup *lookups;    /* before contract and comparison */
    uint32_t lookup_count;
    struct config_contract contract;  /* a row that breaches it is invalid */
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

enum config_tls { CONFIG_TLS_TRY, CONFIG_TLS_REQUIRE, CONFIG_TLS_OFF };

/* Who is told of what, in exactly one way: a command, a webhook, or mail. */
struct config_alert {
    uint32_t events;                  /* one bit each, as in config_alert_events */
    struct daybreak_list command, mail_to;
    const char *webhook, *sign;
    const char *mail_from, *mail_server, *mail_user, *mail_password;
    enum config_tls mail_tls;
    int64_t every_ms, repeat_ms, timeout_ms;
    struct config_place place;
};

enum config_timeout { CONFIG_TIMEOUT_ALERT, CONFIG_TIMEOUT_REJECT, CONFIG_TIMEOUT_APPROVE };
enum config_order { CONFIG_ORDER_LATEST, CONFIG_ORDER_EVERY };

/* A record that comes here waits for a person. */
struct config_hold {
    bool set;
    const char *by;                   /* a label; a Unix group of that name limits who decides */
    int64_t within_ms;                /* 0: no end */
    enum config_timeout on_timeout;
    const char *on_approve, *on_reject; /* handoffs; NULL: its own target, rejected for good */
    struct daybreak_list show;        /* columns, looked-up ones too, for whoever decides */
    const char *decisions;            /* glob of CSV files with decisions; NULL */
    struct config_place place;
};

/* A declared passage of records to their next owner. */
struct config_handoff {
    const char *name, *owner;
    struct config_expression when;    /* text NULL: takes everything */
    bool copy, only_by_name, enabled;
    double share;                     /* 0..1: so much of what `when` takes, by a hash of the key; the rest goes to otherwise */
    const char *otherwise;
    struct daybreak_list tables;      /* empty: all */
    struct config_contract contract;
    struct daybreak_list context;     /* parts of the envelope that must be there: reason, actor, changed_at, related.NAME */
    struct config_hold hold;
    enum config_order order;
    bool order_set;
    int64_t outcome_within_ms, outcome_sample;
    const char *outcome_verify;       /* NULL: none */
    bool lands;                       /* it has a target: ${view}->sink */
    struct config *view;              /* the pipeline as if its one sink were this handoff's */
    struct config_place place;
};

struct config_test_cell {
    const char *column, *value;  /* value NULL: null */
    struct config_place place;
};

/* A record as a test writes it. */
struct config_test_row {
    struct config_test_cell *cell;
    uint32_t cells;
    struct config_place place;
};

/* What must reach a handoff; by the names `dead` and `filtered` what must be set aside, or left out. */
struct config_test_expect {
    const char *name;
    struct config_test_row *row;
    uint32_t rows;
    int64_t number;              /* of `filtered: N`; -1: records are given */
    struct config_place place;
};

struct config_test {
    const char *name, *table;    /* table NULL: the first */
    struct config_test_row *input;
    uint32_t inputs;
    struct config_test_expect *expect;
    uint32_t expects;
    struct config_place place;
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
    struct config_sink sink;          /* the one there is; with handoffs: the spool, which has no connector */
    struct config_handoff *handoffs;  /* none: everything goes to the sink */
    uint32_t handoff_count;
    struct config_alert *alerts;
    uint32_t alert_count;
    struct config_test *tests;
    uint32_t test_count;
    struct arena *arena;              /* owns all of it */
};

extern const char *const config_alert_events[]; /* NULL-ended */
extern const char *const config_source_keys[]; /* the engine's own keys under source, NULL-ended */
extern const char *const config_sink_keys[]; /* and under sink */
#define CONFIG_SPOOL "(spool)"        /* where a pipeline with handoffs lands first; no handoff can have this name */
#define CONFIG_HANDOFFS_MAX 64

/** config_handoff_find(config, name): its index, UINT32_MAX when there is none. */
uint32_t config_handoff_find(const struct config *config, const char *name);

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
    CONFIG_SHAPE_LIST,    /* a list of mappings, each as the section, or another one, says */
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
