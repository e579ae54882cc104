/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "config/finding.h"

static struct findings findings;
static struct config *config;
static char folder[32];
static char path[64];

static void
write_file(const char *name, const char *text, size_t size)
{
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    fclose(file);
}

static struct config *
read_text(const char *text)
{
    config_free(config);
    findings_fini(&findings);
    findings_init(&findings);
    write_file("orders.yaml", text, strlen(text));
    config = config_read(path, &findings);
    return config;
}

static struct config *
need(const char *text)
{
    struct text out = {0};

    read_text(text);
    findings_print(&findings, &out, false);
    ck_assert_msg(config != NULL && findings.count == 0, "%s", text_end(&out));
    text_fini(&out);
    return config;
}

static void
setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    findings_init(&findings);
}

static void
teardown(void)
{
    static const char *const names[] = {"orders.yaml", "secret.txt", "other.yml"};

    config_free(config);
    config = NULL;
    findings_fini(&findings);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

#define SINK "sink: {type: sqlite, path: out.db}\n"
#define SOURCE "source: {path: x.csv, capture: {key: id}}\n"

START_TEST(three_lines_are_a_pipeline)
{
    const struct config *c = need("source: {path: drop/orders_%Y%m%d.csv.gz, capture: {key: id}}\n" SINK);
    const struct config_table *table = &c->source.tables[0];

    ck_assert_str_eq(c->name, "orders");
    ck_assert_int_eq(c->dir[0], '/');
    ck_assert_uint_eq(strspn(c->version_digest, "0123456789abcdef"), 32);
    ck_assert_str_eq(c->source.extract.type, "file");
    ck_assert_str_eq(node_member(c->source.extract.node, "path")->text, "drop/orders_%Y%m%d.csv.gz");
    ck_assert_str_eq(c->source.timezone, "UTC");
    ck_assert_int_eq(c->source.at_s, -1);
    ck_assert_int_eq(c->source.parts, 1);
    ck_assert_uint_eq(c->source.table_count, 1);
    ck_assert(!c->source.tables_named);
    ck_assert_str_eq(table->name, "orders");
    ck_assert_uint_eq(table->format_count, 1);
    ck_assert_ptr_null(table->formats[0].type);
    ck_assert_int_eq(table->capture.method, CONFIG_DIFF);
    ck_assert(!table->capture.method_set);
    ck_assert_uint_eq(table->capture.key.count, 1);
    ck_assert_str_eq(table->capture.key.item[0], "id");
    ck_assert_uint_eq(table->capture.key_place.line, 1);
    ck_assert(table->capture.guards.max_deletes.percent && table->capture.guards.max_deletes.share == 0.2);
    ck_assert(table->capture.guards.min_rows.percent && table->capture.guards.min_rows.share == 0.5);
    ck_assert(table->capture.guards.max_invalid.percent && table->capture.guards.max_invalid.share == 0.05);
    ck_assert(!table->capture.guards.max_updates.set);
    ck_assert_int_eq(table->capture.guards.max_keyless, 0);
    ck_assert_ptr_null(table->capture.guards.manifest);
    ck_assert_str_eq(c->sink.handoff, "load");
    ck_assert_str_eq(c->sink.load.type, "sqlite");
    ck_assert_int_eq(c->sink.write, DAYBREAK_MIRROR);
    ck_assert(!c->sink.write_set);
    ck_assert_ptr_null(c->sink.table);
    ck_assert_int_eq(c->sink.keep_ms, INT64_C(90) * 86400000);
    ck_assert_str_eq(c->sink.prefix, "");
    ck_assert_int_eq(c->sink.backoff_min_ms, 250);
    ck_assert_int_eq(c->sink.backoff_max_ms, 30000);
    ck_assert_int_eq(c->sink.give_up_ms, 300000);
    ck_assert_int_eq(c->sink.refused, CONFIG_REFUSED_DEAD);
    ck_assert_int_eq(c->backlog_bytes, 1 << 30);
    ck_assert_int_eq(c->commit_max, 1000000);
    ck_assert_int_eq(c->max_record, 16 << 20);
    ck_assert_int_eq(c->max_dead, 1000);
    ck_assert(c->max_dead_share == 0.01);
    ck_assert_int_eq(c->lag_within_ms, 0);
    ck_assert(c->lag_percentile == 99);
}
END_TEST

START_TEST(everything_that_can_be_said_is_taken)
{
    const struct config *c = need("version: 1\nname: night\ndescription: Nightly\nowner: {team: ops, contact: "
                                  "o@e.org}\nstrict: true\n"
                                  "backlog: 2GiB\nmax_dead: 50\ncommit_max: 10k\nmax_record: 1MiB\nlag: {within: 5m, "
                                  "percentile: 99.9}\n"
                                  "source:\n  type: file\n  path: [a/*.csv, b/*.csv]\n  at: \"02:10\"\n  timezone: "
                                  "Europe/Paris\n  parts: 3\n"
                                  "  settle: 2s\n  after: {move: done/}\n  member: '*/x.csv'\n  expect: {every: 1d, grace: 2h}\n"
                                  "  format: {type: csv, delimiter: ;}\n"
                                  "  fields: {qty: integer, price: \"decimal(12,2)\", day: {type: date, pattern: "
                                  "\"%d.%m.%Y\"}, t: {type: timestamp, zone: Asia/Tokyo}}\n"
                                  "  capture:\n    method: diff\n    key: [a, b]\n    ignore: [c]\n    before: true\n  "
                                  "  first: skip\n"
                                  "    guards: {max_deletes: 500, min_rows: 10%, max_invalid: 0%, max_updates: 30%, "
                                  "max_keyless: 2, unreadable: dead_letter, manifest: {file: \"{stem}.json\", rows: n, wait: 1m}}\n"
                                  "transforms:\n- rename: {x: y}\n- drop: [n]\n- select: [a, b, y]\n"
                                  "context: {changed_at: t, reason: \"'nightly ''export'''\", actor: '\"Changed By\"', "
                                  "related: {customer: b}}\n"
                                  "sink: {type: sqlite, path: o.db, table: 'o_{table}', write: upsert, existing: "
                                  "adopt, deletes: mark, history: all,\n"
                                  "  keep: 30d, prefix: db_, envelope: side, done: .done, on_error: {refused: stop, "
                                  "backoff: 1s..1m, give_up: 1h}}\n");
    const struct config_table *table = &c->source.tables[0];

    ck_assert_str_eq(c->name, "night");
    ck_assert_str_eq(c->owner_contact, "o@e.org");
    ck_assert(c->strict);
    ck_assert_int_eq(c->max_dead, 50);
    ck_assert(c->max_dead_share == 0);
    ck_assert_int_eq(c->commit_max, 10000);
    ck_assert_int_eq(c->lag_within_ms, 300000);
    ck_assert(c->lag_percentile == 99.9);
    ck_assert_int_eq(c->source.at_s, 7800);
    ck_assert_int_eq(c->source.parts, 3);
    ck_assert_int_eq(c->source.expect_every_ms, 86400000);
    ck_assert_int_eq(c->source.expect_grace_ms, 7200000);
    ck_assert_str_eq(table->member, "*/x.csv");
    ck_assert_str_eq(table->formats[0].type, "csv");
    ck_assert_str_eq(node_member(table->formats[0].node, "delimiter")->text, ";");
    ck_assert_uint_eq(table->field_count, 4);
    ck_assert_str_eq(table->fields[1].type, "decimal(12,2)");
    ck_assert_str_eq(table->fields[2].pattern, "%d.%m.%Y");
    ck_assert_str_eq(table->fields[3].zone, "Asia/Tokyo");
    ck_assert(table->capture.method_set && table->capture.before && table->capture.first == CONFIG_FIRST_SKIP);
    ck_assert(!table->capture.guards.max_deletes.percent && table->capture.guards.max_deletes.number == 500);
    ck_assert(table->capture.guards.max_invalid.set && table->capture.guards.max_invalid.share == 0);
    ck_assert(table->capture.guards.max_updates.set && table->capture.guards.max_updates.percent);
    ck_assert_int_eq(table->capture.guards.unreadable, CONFIG_UNREADABLE_DEAD);
    ck_assert_str_eq(table->capture.guards.manifest->file, "{stem}.json");
    ck_assert_str_eq(table->capture.guards.manifest->rows, "n");
    ck_assert_ptr_null(table->capture.guards.manifest->sha256);
    ck_assert_int_eq(table->capture.guards.manifest->wait_ms, 60000);
    ck_assert_uint_eq(table->step_count, 3);
    ck_assert_int_eq(table->steps[0].kind, CONFIG_RENAME);
    ck_assert_str_eq(table->steps[0].rename.value[0], "y");
    ck_assert_int_eq(table->steps[1].kind, CONFIG_DROP);
    ck_assert_int_eq(table->steps[2].kind, CONFIG_SELECT);
    ck_assert_uint_eq(table->steps[2].columns.count, 3);
    ck_assert_str_eq(table->context.changed_at.text, "t");
    ck_assert_str_eq(table->context.reason.text, "'nightly ''export'''");
    ck_assert_str_eq(table->context.actor.text, "\"Changed By\"");
    ck_assert_uint_eq(table->context.related_count, 1);
    ck_assert_str_eq(table->context.related[0].value.text, "b");
    ck_assert_str_eq(c->sink.table, "o_{table}");
    ck_assert(c->sink.write_set && c->sink.write == DAYBREAK_UPSERT && c->sink.write_place.line > 0);
    ck_assert(c->sink.existing == DAYBREAK_EXISTING_ADOPT && c->sink.mark_deletes && c->sink.history == DAYBREAK_HISTORY_ALL);
    ck_assert(c->sink.envelope == DAYBREAK_ENVELOPE_SIDE && c->sink.refused == CONFIG_REFUSED_STOP);
    ck_assert_str_eq(c->sink.done, ".done");
    ck_assert_int_eq(c->sink.backoff_max_ms, 60000);
}
END_TEST

START_TEST(tables_take_from_above_what_they_do_not_set)
{
    const struct config *c = need("source:\n  path: x.tar.gz\n  format: {type: csv, quote: none}\n  fields: {a: integer}\n"
                                  "  capture: {key: [id], ignore: [t], guards: {max_deletes: 10%, min_rows: 1}}\n"
                                  "  tables:\n    one: {member: '*/one.csv'}\n"
                                  "    two: {member: '*/two.csv', key: [k, l], format: jsonl, fields: {b: date}, "
                                  "transforms: [{drop: x}]}\n"
                                  "    three: {member: '*/3.csv', capture: {method: append, key: q, guards: {min_rows: "
                                  "5}}, context: {reason: r}}\n"
                                  "transforms: [{rename: {a: z}}]\ncontext: {changed_at: t, reason: \"'x'\"}\n" SINK);
    const struct config_table *one = &c->source.tables[0], *two = one + 1, *three = one + 2;

    ck_assert(c->source.tables_named);
    ck_assert_uint_eq(c->source.table_count, 3);
    ck_assert_str_eq(one->name, "one");
    ck_assert_str_eq(one->capture.key.item[0], "id");
    ck_assert_uint_eq(one->field_count, 1);
    ck_assert_int_eq(one->steps[0].kind, CONFIG_RENAME);
    ck_assert(one->capture.guards.max_deletes.share == 0.1 && one->capture.guards.min_rows.number == 1);
    ck_assert_uint_eq(two->capture.key.count, 2);
    ck_assert_str_eq(two->capture.ignore.item[0], "t");
    ck_assert_str_eq(two->formats[0].type, "jsonl");
    ck_assert_str_eq(two->fields[0].name, "b");
    ck_assert_uint_eq(two->step_count, 1);
    ck_assert_int_eq(two->steps[0].kind, CONFIG_DROP);
    ck_assert_ptr_eq(three->formats, one->formats);
    ck_assert_ptr_eq(three->fields, one->fields);
    ck_assert_int_eq(three->capture.method, CONFIG_APPEND);
    ck_assert_str_eq(three->capture.key.item[0], "q");
    ck_assert(three->capture.guards.max_deletes.share == 0.1 && three->capture.guards.min_rows.number == 5);
    ck_assert_str_eq(three->context.changed_at.text, "t");
    ck_assert_str_eq(three->context.reason.text, "r");
    ck_assert_str_eq(one->context.reason.text, "'x'");
    ck_assert_int_eq(c->sink.write, DAYBREAK_APPEND); /* not all of them are diffs */
}
END_TEST

START_TEST(a_format_may_be_a_list)
{
    const struct config *c = need("source: {path: x.zip, format: [{match: '*.xml', type: xml, record: /a/b, fields: "
                                  "{x: integer}}, {match: '*.json', type: jsonl}, csv]}\n" SINK);
    const struct config_table *table = &c->source.tables[0];

    ck_assert_uint_eq(table->format_count, 3);
    ck_assert_str_eq(table->formats[0].match, "*.xml");
    ck_assert_uint_eq(table->formats[0].field_count, 1);
    ck_assert_ptr_null(table->formats[2].match);
    ck_assert_str_eq(table->formats[2].type, "csv");
    ck_assert_int_eq(table->capture.method, CONFIG_APPEND);
}
END_TEST

START_TEST(the_name_comes_from_the_file)
{
    write_file("other.yml", SOURCE SINK, strlen(SOURCE SINK));
    config = config_read(path, &findings);
    ck_assert_str_eq(config->name, "other");
    ck_assert_str_eq(config->path, path);
}
END_TEST

START_TEST(the_digest_is_of_the_bytes)
{
    char first[33];

    snprintf(first, sizeof first, "%s", need(SOURCE SINK)->version_digest);
    ck_assert_str_eq(need(SOURCE SINK)->version_digest, first);
    ck_assert_str_ne(need(SOURCE SINK "#\n")->version_digest, first);
}
END_TEST

START_TEST(a_missing_file_is_status_66)
{
    ck_assert_ptr_null(config_read("/nowhere/at/all.yaml", &findings));
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_str_eq(findings.item[0].code, "no-file");
    ck_assert_str_eq(findings.item[0].message, "cannot read the pipeline file: No such file or directory");
    ck_assert_int_eq(findings.status, 66);
    findings_fini(&findings);
    ck_assert_ptr_null(config_read(folder, &findings));
    ck_assert_int_eq(findings.status, 66);
}
END_TEST

START_TEST(reading_again_with_the_same_findings_fails_again)
{
    ck_assert_ptr_null(read_text(SOURCE));
    ck_assert_ptr_null(config_read(path, &findings));
    ck_assert_uint_eq(findings.count, 1);
}
END_TEST

static const struct {
    const char *text, *code, *message, *suggestion;
    uint32_t line, column;
} wrongs[] = {
    {"", "missing-key", "the file is empty", "source: and sink: are all it needs", 1, 1},
    {"[a]\n", "wrong-type", "a pipeline file is a mapping with source: and sink:",
     "`daybreak init` writes an example to begin with", 1, 1},
    {SOURCE, "missing-key", "'sink' is missing", "sink: {type: sqlite, path: out.db}", 1, 1},
    {SINK, "missing-key", "'source' is missing", "source: {type: file, path: drop/orders_%Y%m%d.csv.gz}", 1, 1},
    {"soruce: 1\n" SOURCE SINK, "unknown-key", "unknown key 'soruce'", "did you mean 'source'?", 1, 1},
    {"target: 1\n" SOURCE SINK, "unknown-key", "unknown key 'target'", "did you mean 'sink'?", 1, 1},
    {"version: 2\n" SOURCE SINK, "bad-version", "this daybreak reads version 1 of the pipeline file, not 2", NULL, 1, 10},
    {"version: one\n" SOURCE SINK, "wrong-type", "'version' must be a whole number, not 'one'", NULL, 1, 10},
    {"name: a/b\n" SOURCE SINK, "bad-name", "'a/b' cannot name a pipeline",
     "no '/', no '.' in front, no control characters, at most 200 bytes", 1, 7},
    {"name: .x\n" SOURCE SINK, "bad-name", "'.x' cannot name a pipeline",
     "no '/', no '.' in front, no control characters, at most 200 bytes", 1, 7},
    {"handoffs: {a: b}\n" SOURCE, "wrong-type", "'handoffs' must be a list of handoffs, not a mapping", NULL, 1, 11},
    {"handoffs: [a]\n" SOURCE SINK, "duplicate-key", "a pipeline has `sink` or `handoffs`, not both", "keep one of them", 1, 1},
    {"handoffs: [{name: a, to: {type: b}, whn: x}]\n" SOURCE, "unknown-key", "unknown key 'whn'", "did you mean 'when'?", 1, 37},
    {"handoffs: [{name: a, when: x, hold: {by: b, on_approve: c}}, {name: d, to: {type: e}}]\n" SOURCE, "unknown-handoff",
     "on_approve of handoff 'a' names 'c', and there is no handoff of that name", NULL, 1, 12},
    {"handoffs: [{name: a, hold: {by: b}}]\n" SOURCE, "handoff-target",
     "handoff 'a' has no target: it needs `to` or `hold.on_approve`", "to: {type: sqlite, path: out.db}", 1, 12},
    {"handoffs: [{name: a, tables: [x], to: {type: b}}]\n" SOURCE, "unknown-table", "the source has no table 'x'", NULL, 1, 30},
    {"handoffs: [{name: a, contract: {context: [who]}, to: {type: b}}]\n" SOURCE, "unknown-choice",
     "'who' is no part of the envelope that a contract can ask for", "reason, actor, changed_at or related.NAME", 1, 42},
    {"alerts: [a]\n" SOURCE SINK, "wrong-type", "an alert is a mapping", "{events: [failed], command: [./page.sh]}", 1, 10},
    {"tests: [a]\n" SOURCE SINK, "wrong-type", "an item must be a test: {name: …, input: [records], expect: {HANDOFF: [records]}}, not 'a'", NULL, 1, 9},
    {"replaces: {job: x}\n" SOURCE SINK, "not-yet", "'replaces' is not built yet in this version", NULL, 1, 1},
    {"max_dead: lots\n" SOURCE SINK, "wrong-type",
     "'max_dead' must be a percentage such as 20% or a number such as 1000, not 'lots'", NULL, 1, 11},
    {"max_record: 2GiB\n" SOURCE SINK, "out-of-bounds", "'max_record' must be at most 1GiB, not '2GiB'", NULL, 1, 13},
    {"commit_max: 0\n" SOURCE SINK, "out-of-bounds", "'commit_max' must be at least 1, not '0'", NULL, 1, 13},
    {"lag: {percentile: 0}\n" SOURCE SINK, "wrong-type", "'percentile' must be a number above 0 and up to 100, not '0'",
     NULL, 1, 19},
    {"lag: 5m\n" SOURCE SINK, "wrong-type", "'lag' must be a mapping, not '5m'", NULL, 1, 6},
    {"source: x.csv\n" SINK, "wrong-type", "'source' must be a mapping, not 'x.csv'", NULL, 1, 9},
    {"source:\n" SINK, "missing-key", "'type' is missing in 'source'", "type: file", 1, 1},
    {"source: {url: x}\n" SINK, "missing-key", "'type' is missing in 'source'", "type: file", 1, 1},
    {"source: {path: x, at: 2am}\n" SINK, "wrong-type", "'at' must be a time of day such as 02:10, not '2am'", NULL, 1, 23},
    {"source: {path: x, parts: 0}\n" SINK, "out-of-bounds", "'parts' must be at least 1, not '0'", NULL, 1, 26},
    {"source: {path: x, expect: {grace: 1h}}\n" SINK, "missing-key", "'every' is missing in 'expect'", "every: 1d", 1, 19},
    {"source: {path: x, format: []}\n" SINK, "empty-value", "the list of formats is empty", NULL, 1, 27},
    {"source: {path: x, format: [[a]]}\n" SINK, "wrong-type",
     "an item must be a format's name, or a mapping with type:, not a list", NULL, 1, 28},
    {"source: {path: x, format: {type: [a]}}\n" SINK, "wrong-type", "'type' must be one value, not a list", NULL, 1, 34},
    {"source: {path: x, fields: [a]}\n" SINK, "wrong-type", "'fields' must be a mapping of names to types, not a list",
     NULL, 1, 27},
    {"source: {path: x, fields: {a: }}\n" SINK, "empty-value",
     "'a' must be a type, or a mapping with type:, it is empty", NULL, 1, 28},
    {"source: {path: x, fields: {a: {type: date, patern: x}}}\n" SINK, "unknown-key", "unknown key 'patern' in 'a'",
     "did you mean 'pattern'?", 1, 44},
    {"source: {path: x, capture: diff}\n" SINK, "wrong-type", "'capture' must be a mapping, not 'diff'", NULL, 1, 28},
    {"source: {path: x, capture: {method: dif}}\n" SINK, "unknown-choice",
     "'method' may be diff, append, watermark, triggers or log, not 'dif'", "did you mean 'diff'?", 1, 37},
    {"source: {path: x, capture: {keys: a}}\n" SINK, "unknown-key", "unknown key 'keys' in 'capture'",
     "did you mean 'key'?", 1, 29},
    {"source: {path: x, capture: {key: [a, b, a]}}\n" SINK, "duplicate-name", "'key' names column 'a' twice", NULL, 1, 34},
    {"source: {path: x, capture: {key: []}}\n" SINK, "empty-value", "'key' names no column", "leave the key out", 1, 29},
    {"source: {path: x, capture: {key: }}\n" SINK, "empty-value", "'key' holds an empty column name", NULL, 1, 29},
    {"source: {path: x, capture: {key: a, cursor: t}}\n" SINK, "not-together",
     "'cursor' is for `method: watermark` only", NULL, 1, 37},
    {"source: {path: x, capture: {key: a, again: dead_letter}}\n" SINK, "not-together",
     "'again' is for `method: append` only", NULL, 1, 37},
    {"source: {path: x, capture: {again: dead_letter}}\n" SINK, "needs-key",
     "`again: dead_letter` needs a key to know a row again", "key: [columns that make a row unique]", 1, 29},
    {"source: {path: x, capture: {deletes: {sweep: 1d}}}\n" SINK, "not-yet",
     "'deletes' is not built yet in this version", NULL, 1, 29},
    {"source: {path: x, capture: {guards: {manifest: x}}}\n" SINK, "wrong-type", "'manifest' must be a mapping, not 'x'", NULL, 1, 48},
    {"source: {path: x, capture: {guards: {manifest: {rows: r}}}}\n" SINK, "missing-key",
     "'manifest' needs member or file: where it is", "member: manifest.json, or file: \"{stem}.json\"", 1, 38},
    {"source: {path: x, capture: {guards: {manifest: {member: m}}}}\n" SINK, "missing-key",
     "'manifest' needs rows or sha256: what it says", "rows: rows", 1, 38},
    {"source: {path: x, capture: {guards: {manifest: {member: m, file: f, rows: r}}}}\n" SINK, "not-together",
     "'member' and 'file' exclude each other", "keep the one that says where the manifest is", 1, 60},
    {"source: {path: x, capture: {guards: {manifest: {file: \"{x}\", rows: r}}}}\n" SINK, "bad-name",
     "'file' of the manifest has braces around something else: '{x}'", "known in braces: {name}, {stem}", 1, 55},
    {"source: {path: x, capture: {guards: {max_deletes: 120%}}}\n" SINK, "wrong-type",
     "'max_deletes' must be a percentage such as 20% or a number such as 1000, not '120%'", NULL, 1, 51},
    {"source: {path: x, capture: {guards: {max_keyless: -1}}}\n" SINK, "out-of-bounds",
     "'max_keyless' must be at least 0, not '-1'", NULL, 1, 51},
    {"source: {path: x, tables: {}}\n" SINK, "empty-value", "'tables' names no table",
     "tables: {NAME: {member: \"*/name.csv\"}}", 1, 19},
    {"source: {path: x, tables: {a/b: {member: x}}}\n" SINK, "bad-name", "'a/b' cannot name a table",
     "no '/', no '.' in front, no control characters, at most 200 bytes", 1, 28},
    {"source: {path: x, tables: {a: {membr: x}}}\n" SINK, "unknown-key", "unknown key 'membr' in 'a'",
     "did you mean 'member'?", 1, 32},
    {"source: {path: x, tables: {a: {contract: x}}}\n" SINK, "wrong-type", "'contract' must be a mapping, not 'x'",
     NULL, 1, 42},
    {"source: {path: x, tables: {a: {key: x, capture: {key: y}}}}\n" SINK, "not-together",
     "the key is also in 'capture'", "keep one of them", 1, 32},
    {"source: {type: db, table: a, query: b}\n" SINK, "not-together", "'table' and 'query' exclude each other",
     "keep one of them", 1, 30},
    {SOURCE "transforms: {drop: x}\n" SINK, "wrong-type",
     "'transforms' must be a list, each item one transform, not a mapping", NULL, 2, 13},
    {SOURCE "transforms: [{drop: x, select: y}]\n" SINK, "wrong-type",
     "a transform is one of lookup, filter, set, rename, drop, select and use, with what it takes", "- rename: {old: new}", 2, 14},
    {SOURCE "transforms: [{filter: x > 1}]\n" SINK, "wrong-type",
     "a filter has a name, under which what it leaves out is counted, and what it keeps",
     "filter: {name: drafts, keep: \"status <> 'draft'\"}", 2, 23},
    {SOURCE "transforms: [{filter: {keep: x > 1}}]\n" SINK, "missing-key", "'name' is missing in 'filter'", "name: drafts", 2, 15},
    {SOURCE "transforms: [{filter: {name: a}}]\n" SINK, "missing-key", "'keep' is missing in 'filter'",
     "keep: \"status <> 'draft'\"", 2, 15},
    {SOURCE "transforms: [{filter: {name: a, keep: ' '}}]\n" SINK, "empty-value", "'keep' needs an expression", NULL, 2, 33},
    {SOURCE "transforms: [{filter: {name: a/b, keep: x}}]\n" SINK, "bad-name", "'a/b' cannot name a filter",
     "no '/', no '.' in front, no control characters, at most 200 bytes", 2, 30},
    {SOURCE "transforms: [{filter: {name: b, nam: a, keep: x}}]\n" SINK, "unknown-key", "unknown key 'nam' in 'filter'", "did you mean 'name'?", 2, 33},
    {SOURCE "transforms: [{filter: {name: a, keep: x}}, {filter: {name: a, keep: y}}]\n" SINK, "duplicate-name",
     "two filters are called 'a'", NULL, 2, 45},
    {SOURCE "transforms: [{set: x}]\n" SINK, "wrong-type", "'set' must be a mapping {COLUMN: expression}, not 'x'", NULL, 2, 20},
    {SOURCE "transforms: [{set: {}}]\n" SINK, "empty-value", "'set' names no column", NULL, 2, 15},
    {SOURCE "transforms: [{set: {a: }}]\n" SINK, "empty-value", "'a' needs an expression", NULL, 2, 21},
    {SOURCE "transforms: [{set: {a: [b]}}]\n" SINK, "wrong-type", "'a' must be a text, not a list", NULL, 2, 24},
    {SOURCE "transforms: [{slect: x}]\n" SINK, "unknown-key", "unknown key 'slect'", "did you mean 'select'?", 2, 15},
    {SOURCE "transforms: [{rename: {a: x, b: x}}]\n" SINK, "duplicate-name", "column 'x' would be there twice", NULL, 2, 15},
    {SOURCE "transforms: [{rename: {a: }}]\n" SINK, "empty-value", "column 'a' needs a new name", NULL, 2, 15},
    {SOURCE "transforms: [{rename: a}]\n" SINK, "wrong-type", "'rename' must be a mapping {old: new}, not 'a'", NULL, 2, 23},
    {SOURCE "transforms: [{drop: []}]\n" SINK, "empty-value", "'drop' names no column", NULL, 2, 15},
    {SOURCE "transforms: [{drop: [a, a]}]\n" SINK, "duplicate-name", "column 'a' is named twice", NULL, 2, 15},
    {SOURCE "context: {changed_at: }\n" SINK, "empty-value", "'changed_at' needs an expression", NULL, 2, 11},
    {SOURCE "context: {related: {t: }}\n" SINK, "empty-value", "'t' needs an expression", NULL, 2, 21},
    {SOURCE "context: {actr: a}\n" SINK, "unknown-key", "unknown key 'actr' in 'context'", "did you mean 'actor'?", 2, 11},
    {SOURCE "sink: {path: x}\n", "missing-key", "'type' is missing in 'sink'", "type: sqlite", 2, 1},
    {SOURCE "sink:\n", "missing-key", "'type' is missing in 'sink'", "type: sqlite", 2, 1},
    {SOURCE "sink: sqlite\n", "wrong-type", "'sink' must be a mapping, not 'sqlite'", NULL, 2, 7},
    {SOURCE "sink: {type: a, write: miror}\n", "unknown-choice", "'write' may be mirror, upsert or append, not 'miror'",
     "did you mean 'mirror'?", 2, 24},
    {SOURCE "sink: {type: a, outcome: {}}\n", "not-yet", "'outcome' is not built yet in this version", NULL, 2, 17},
    {SOURCE "sink: {type: a, on_error: {refused: fulfilment}}\n", "unknown-choice",
     "'refused' may be dead_letter or stop, not 'fulfilment'",
     "another handoff can only be named among handoffs", 2, 37},
    {SOURCE "sink: {type: a, on_error: {backoff: 1m..1s}}\n", "wrong-type",
     "'backoff' must be a range of durations such as 250ms..30s, not '1m..1s'", NULL, 2, 37},
    {SOURCE "sink: {type: a, path: \"${HOME}/x\"}\n", "interpolation", "${…} is not replaced",
     "name it under secrets: {NAME: {env: VARIABLE}} and write {secret: NAME} here", 2, 23},
    {SOURCE "sink: {type: a, dsn: {secret: pg}}\n", "unknown-secret", "there is no secret 'pg'",
     "secrets: {pg: {env: VARIABLE}}", 2, 31},
    {"secrets: {pgg: {env: HOME}}\n" SOURCE "sink: {type: a, dsn: {secret: pgg}, x: {secret: pg}}\n", "unknown-secret",
     "there is no secret 'pg'", "did you mean 'pgg'?", 3, 49},
    {"secrets: {pg: {}}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n", "bad-secret",
     "secret 'pg' must have exactly one of env, file and credential", "NAME: {env: VARIABLE}", 1, 11},
    {"secrets: {pg: {env: NO_SUCH_VARIABLE}}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n", "secret-missing",
     "secret 'pg' is not there: the environment has no variable 'NO_SUCH_VARIABLE'", NULL, 1, 15},
    {"secrets: {pg: {credential: ../x}}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n", "bad-secret",
     "a credential is a name without '/': '../x'", NULL, 1, 11},
    {"secrets: {pg: {env: HOME}}\nname: {secret: pg}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n", "wrong-type",
     "'name' must be one value, not a mapping", NULL, 2, 7},
};

START_TEST(what_is_wrong_is_said_once_with_place_and_remedy)
{
    const struct finding *finding = &findings.item[0];
    size_t known = 0;
    struct text out = {0};

    ck_assert_ptr_null(read_text(wrongs[_i].text));
    finding = &findings.item[0];
    findings_print(&findings, &out, false);
    ck_assert_msg(findings.count == 1, "%s", text_end(&out));
    ck_assert_str_eq(finding->message, wrongs[_i].message);
    ck_assert_str_eq(finding->code, wrongs[_i].code);
    ck_assert_pstr_eq(finding->suggestion, wrongs[_i].suggestion);
    ck_assert_uint_eq(finding->place.line, wrongs[_i].line);
    ck_assert_uint_eq(finding->place.column, wrongs[_i].column);
    ck_assert_int_eq(findings.status, 78);
    while (finding_codes[known].code != NULL && strcmp(finding_codes[known].code, finding->code) != 0)
        known++;
    ck_assert_ptr_nonnull(finding_codes[known].code); /* `explain` knows it */
    text_fini(&out);
}
END_TEST

/* Where the bytes of a scalar that it does not write as they are stand in the file. */
static void
stands_at(const char *text, const char *value, const char *byte, uint32_t line, uint32_t column)
{
    struct config_place place;
    const struct config_table *table;

    need(text);
    table = &config->source.tables[0];
    ck_assert_str_eq(table->steps[0].keep.text, value);
    place = finding_place(&findings, table->steps[0].keep.place, value, (size_t)(strstr(value, byte) - value));
    ck_assert_msg(place.line == line && place.column == column, "%s: %u:%u, not %u:%u", text, place.line, place.column, line, column);
}

START_TEST(a_byte_of_an_expression_is_found_in_the_file)
{
    const char *head = SOURCE SINK "transforms:\n- filter: {name: f, keep: ";
    static const struct {
        const char *written, *value, *byte;
        uint32_t line, column;
    } cases[] = {
        {"qty > x}", "qty > x", "x", 4, 33},
        {"'qty > x'}", "qty > x", "x", 4, 34},
        {"\"qty > x\"}", "qty > x", "x", 4, 34},
        {"'a = ''ä'' OR x'}", "a = 'ä' OR x", "x", 4, 41},
        {"\"a = '\\u00e4\\t' OR x\"}", "a = 'ä\t' OR x", "x", 4, 46},
        {"\"a = 1\n    OR x\"}", "a = 1 OR x", "x", 5, 8},
        {"\"a = 1 \\\n    OR x\"}", "a = 1 OR x", "OR", 5, 5},
        {"a = 1\n\n    OR x}", "a = 1\nOR x", "OR", 6, 5},
        {"\"\\x41\\U0001F600 + x\"}", "A\xf0\x9f\x98\x80 + x", "x", 4, 45},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text = {0};

        text_printf(&text, "%s%s\n", head, cases[i].written);
        stands_at(text_end(&text), cases[i].value, cases[i].byte, cases[i].line, cases[i].column);
        text_fini(&text);
    }
    stands_at(SOURCE SINK "transforms:\n- filter:\n    name: f\n    keep: |\n      a = 1\n        OR x\n", "a = 1\n  OR x\n", "OR", 8, 9);
    stands_at(SOURCE SINK "transforms:\n- filter:\n    name: f\n    keep: >-\n      a = 1\n      OR x\n\n", "a = 1 OR x", "x", 8, 10);
    stands_at("\xef\xbb\xbf" SOURCE SINK "transforms: [{filter: {keep: a, name: f}}]\n", "a", "a", 3, 30);
}
END_TEST

START_TEST(filters_and_sets_keep_their_order_and_places)
{
    const struct config *c = need(SOURCE SINK "transforms:\n- filter: {name: drafts, keep: \"status <> 'draft'\"}\n"
                                  "- set: {total: qty * price, qty: 1, b: \"'x'\"}\n- drop: [z]\n");
    const struct config_table *table = &c->source.tables[0];

    ck_assert_uint_eq(table->step_count, 3);
    ck_assert_int_eq(table->steps[0].kind, CONFIG_FILTER);
    ck_assert_str_eq(table->steps[0].name, "drafts");
    ck_assert_str_eq(table->steps[0].keep.text, "status <> 'draft'");
    ck_assert_uint_eq(table->steps[0].keep.place.column, 32);
    ck_assert_int_eq(table->steps[1].kind, CONFIG_SET);
    ck_assert_uint_eq(table->steps[1].set_count, 3);
    ck_assert_str_eq(table->steps[1].set[0].column, "total");
    ck_assert_str_eq(table->steps[1].set[0].value.text, "qty * price");
    ck_assert_uint_eq(table->steps[1].set[0].place.column, 9);
    ck_assert_uint_eq(table->steps[1].set[0].value.place.column, 16);
    ck_assert_str_eq(table->steps[1].set[1].value.text, "1");
    ck_assert_str_eq(table->steps[1].set[2].value.text, "'x'");
    ck_assert_int_eq(table->steps[2].kind, CONFIG_DROP);
}
END_TEST

START_TEST(all_findings_of_a_file_come_at_once)
{
    ck_assert_ptr_null(read_text("version: 3\nnam: x\nsource:\n  path: x\n  at: noon\n  capture: {method: dif, guards: "
                                 "{min_rows: few}}\n"
                                 "transforms: [{filter: x}, {drp: y}]\nsink: {typ: sqlite, write: miror}\nsource: "
                                 "1\nlag: {within: 5}\n"));
    ck_assert_uint_eq(findings.errors, 11);
    for (size_t i = 1; i < findings.count; i++)
        ck_assert_uint_le(findings.item[i - 1].place.line, findings.item[i].place.line);
}
END_TEST

START_TEST(lint_is_given_what_could_be_read)
{
    const char *text = "nam: x\nsource: {path: x, capture: {key: id}, fields: {a: intger}}\n";

    ck_assert_ptr_null(read_text(text));
    config = config_read_all(path, &findings);
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(config->source.tables[0].fields[0].type, "intger"); /* a type is for lint to judge */
    ck_assert_ptr_null(config->sink.load.type);
    read_text("sink: {type: sqlite}\n");
    ck_assert_ptr_null(config_read_all(path, &findings));
}
END_TEST

START_TEST(inherited_faults_are_said_once)
{
    ck_assert_ptr_null(read_text("source: {path: x, capture: {key: id, first: lod}, tables: {a: {member: a}, b: "
                                 "{member: b}, c: {member: c}}}\n" SINK));
    ck_assert_uint_eq(findings.count, 1);
}
END_TEST

START_TEST(a_format_behind_one_that_takes_all_is_a_warning)
{
    ck_assert_ptr_nonnull(read_text("source: {path: x, format: [csv, {match: '*.x', type: jsonl}]}\n" SINK));
    ck_assert_uint_eq(findings.warnings, 1);
    ck_assert_str_eq(findings.item[0].code, "no-effect");
    ck_assert_int_eq(findings.status, 0);
}
END_TEST

START_TEST(secrets_reach_the_options_and_no_message)
{
    const struct config_node *dsn;
    struct text out = {0};

    setenv("TEST_DSN", "host=db {secret: x} ${Y}", 1);
    write_file("secret.txt", "from: [file\n", 12);
    need("secrets: {pg: {env: TEST_DSN}, f: {file: secret.txt}}\nsource: {path: x, user: {secret: f}, format: {type: "
         "csv, key: {secret: f}}}\n"
         "sink: {type: postgres, dsn: {secret: pg}}\n");
    dsn = node_member(config->sink.load.node, "dsn");
    ck_assert_int_eq(dsn->kind, CONFIG_SCALAR);
    ck_assert_str_eq(dsn->text, "host=db {secret: x} ${Y}");
    ck_assert(dsn->hidden);
    ck_assert_str_eq(node_member(config->source.extract.node, "user")->text, "from: [file");
    ck_assert_str_eq(node_member(config->source.tables[0].formats[0].node, "key")->text, "from: [file");
    ck_assert_ptr_null(read_text("secrets: {pg: {env: TEST_DSN}}\nsource: {path: x, parts: {secret: pg}}\nsink: {type: "
                                 "{secret: pg}, write: {secret: pg},"
                                 " keep: {secret: pg}, on_error: {backoff: {secret: pg}, refused: {secret: pg}}}\n"));
    findings_print(&findings, &out, false);
    ck_assert_msg(strstr(text_end(&out), "host=db") == NULL, "%s", text_end(&out));
    ck_assert_msg(strstr(text_end(&out), "'write' must be one value, not a mapping") != NULL, "%s", text_end(&out));
    text_fini(&out);
}
END_TEST

START_TEST(an_unused_secret_is_a_warning_and_not_looked_up)
{
    ck_assert_ptr_nonnull(read_text("secrets: {pg: {env: NO_SUCH_VARIABLE}}\n" SOURCE SINK));
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_str_eq(findings.item[0].message, "no option uses secret 'pg'");
}
END_TEST

START_TEST(a_file_secret_that_cannot_be_read_says_why)
{
    ck_assert_ptr_null(read_text("secrets: {pg: {file: nothing.txt}}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n"));
    ck_assert_ptr_nonnull(strstr(findings.item[0].message, "nothing.txt': No such file or directory"));
    ck_assert_ptr_null(read_text("secrets: {pg: {file: .}}\n" SOURCE "sink: {type: a, dsn: {secret: pg}}\n"));
    ck_assert_ptr_nonnull(strstr(findings.item[0].message, "it is no file"));
}
END_TEST

START_TEST(more_columns_than_a_transform_plans_for_are_refused)
{
    struct text text = {0};

    text_put(&text, SOURCE SINK "transforms:\n- rename: {");
    for (int i = 0; i < 600; i++)
        text_printf(&text, "c%d: d%d, ", i, i);
    text_put(&text, "}\n");
    ck_assert_ptr_null(read_text(text_end(&text)));
    ck_assert_str_eq(findings.item[0].message, "'rename' takes at most 512 columns at once");
    text_fini(&text);
}
END_TEST

START_TEST(the_schema_knows_every_section)
{
    struct text out = {0};
    struct json_tree tree = {0};
    struct json json;
    uint32_t source, capture;
    size_t where;

    json_init(&json, &out, true);
    config_schema(&json);
    ck_assert_int_eq(json_parse(&tree, text_end(&out), out.size, &where), 0);
    source = json_member(&tree, json_member(&tree, 0, "properties"), "source");
    capture = json_member(&tree, json_member(&tree, source, "properties"), "capture");
    ck_assert_uint_ne(json_member(&tree, json_member(&tree, capture, "properties"), "guards"), 0);
    ck_assert_uint_eq(json_member(&tree, source, "additionalProperties"), 0); /* connectors' options */
    ck_assert_uint_ne(json_member(&tree, capture, "additionalProperties"), 0);
    ck_assert_ptr_nonnull(strstr(text_end(&out), "\"$ref\": \"#/properties/source/properties/capture\""));
    json_fini(&tree);
    text_fini(&out);
    for (const struct config_section *section = config_sections; section->path != NULL; section++) {
        ck_assert_ptr_nonnull(section->table);
        ck_assert_ptr_nonnull(section->help);
    }
}
END_TEST

START_TEST(the_engines_keys_are_those_of_the_tables)
{
    for (const struct config_section *section = config_sections; section->path != NULL; section++) {
        const char *const *keys = strcmp(section->path, "source") == 0 ? config_source_keys : strcmp(section->path,
            "sink") == 0 ? config_sink_keys : NULL;

        for (const struct daybreak_option *option = section->table; keys != NULL && option->name != NULL; option++) {
            size_t i = 0;

            while (keys[i] != NULL && strcmp(keys[i], option->name) != 0)
                i++;
            ck_assert_msg(keys[i] != NULL, "%s.%s", section->path, option->name);
        }
    }
}
END_TEST

START_TEST(no_damage_to_a_file_does_harm)
{
    static const char good[] = "name: x\nsecrets: {s: {env: HOME}}\nsource: {path: x, format: [{type: csv, match: a}, "
                               "jsonl], fields: {a: {type: date}},\n"
                               "  capture: {key: [a], guards: {min_rows: 5}}, tables: {t: {key: b, context: {reason: r}}}}\n"
                               "transforms: [{rename: {a: b}}]\ncontext: {reason: \"'x'\", related: {a: b}}\nsink: "
                               "{type: a, d: {secret: s}, on_error: {refused: stop}}\n";
    uint64_t state = 88172645463325252ull;

    for (int i = 0; i < 3000; i++) {
        char text[sizeof good];

        memcpy(text, good, sizeof good);
        for (int k = 0; k < 1 + i % 4; k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text[state % (sizeof good - 1)] = "[]{}:,-&*!|>'\"%@`\n #?abkst"[(state >> 40) % 27];
        }
        read_text(text);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config");
    TCase *tcase = tcase_create("config");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, three_lines_are_a_pipeline);
    tcase_add_test(tcase, everything_that_can_be_said_is_taken);
    tcase_add_test(tcase, tables_take_from_above_what_they_do_not_set);
    tcase_add_test(tcase, a_format_may_be_a_list);
    tcase_add_test(tcase, the_name_comes_from_the_file);
    tcase_add_test(tcase, the_digest_is_of_the_bytes);
    tcase_add_test(tcase, a_missing_file_is_status_66);
    tcase_add_test(tcase, reading_again_with_the_same_findings_fails_again);
    tcase_add_loop_test(tcase, what_is_wrong_is_said_once_with_place_and_remedy, 0, (int)(sizeof wrongs / sizeof *wrongs));
    tcase_add_test(tcase, all_findings_of_a_file_come_at_once);
    tcase_add_test(tcase, lint_is_given_what_could_be_read);
    tcase_add_test(tcase, inherited_faults_are_said_once);
    tcase_add_test(tcase, a_format_behind_one_that_takes_all_is_a_warning);
    tcase_add_test(tcase, secrets_reach_the_options_and_no_message);
    tcase_add_test(tcase, an_unused_secret_is_a_warning_and_not_looked_up);
    tcase_add_test(tcase, a_file_secret_that_cannot_be_read_says_why);
    tcase_add_test(tcase, more_columns_than_a_transform_plans_for_are_refused);
    tcase_add_test(tcase, filters_and_sets_keep_their_order_and_places);
    tcase_add_test(tcase, a_byte_of_an_expression_is_found_in_the_file);
    tcase_add_test(tcase, the_schema_knows_every_section);
    tcase_add_test(tcase, the_engines_keys_are_those_of_the_tables);
    tcase_add_test(tcase, no_damage_to_a_file_does_harm);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
