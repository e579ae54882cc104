/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `postgres`: the position that lives with the rows, and what the target remembers of every batch, in the
 * tables and columns that every SQL target of ours has. Each transaction begins with the route's row of
 * `_daybreak_checkpoint`, locked: two writers of a route take turns, and the one that was passed sees it before it writes.
 */
#include "postgres_position.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const tables_sql[] = {
    "_daybreak_checkpoint(pipeline_id text NOT NULL, handoff text NOT NULL, epoch bigint NOT NULL, position text NOT NULL,"
    " released bigint NOT NULL, batch bigint NOT NULL, committed_at bigint, PRIMARY KEY(pipeline_id, handoff)) WITH (fillfactor = 50)",
    "_daybreak_batch(batch bigint NOT NULL, pipeline_id text NOT NULL, pipeline text, handoff text NOT NULL, run text, pipeline_version text,"
    " connector text, source text, input text, part text, first text, last text, changes bigint, created bigint, updated bigint,"
    " deleted bigint, loaded bigint, read bigint, unchanged bigint, repeated bigint, captured bigint, absent bigint, invalid bigint,"
    " copied bigint, filtered bigint, held bigint, waiting bigint, dead bigint, read_at bigint, ready_at bigint, loaded_at bigint,"
    " time_basis text, PRIMARY KEY(pipeline_id, handoff, batch))",
    "_daybreak_story(batch bigint NOT NULL, pipeline_id text NOT NULL, handoff text NOT NULL, table_name text, visible_at bigint, trace text,"
    " delivered bigint, rejected bigint, expired bigint, dropped bigint, superseded bigint, withdrawn bigint, healed bigint,"
    " PRIMARY KEY(pipeline_id, handoff, batch))",
    "_daybreak_table(name text NOT NULL PRIMARY KEY, created boolean NOT NULL, pipeline_id text NOT NULL, pipeline text NOT NULL,"
    " handoff text NOT NULL, prefix text NOT NULL)",
};

void
postgres_position_fini(struct postgres_position *position)
{
    free(position->pipeline);
    free(position->pipeline_id);
    free(position->handoff);
    free(position->held);
    *position = (struct postgres_position){0};
}

static void
hold(struct postgres_position *position, const char *text)
{
    char *copy = postgres_text_copy(text);

    free(position->held);
    position->held = copy;
    position->now.position = copy;
}

int64_t
postgres_position_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* One statement over a table of ours: ${sql} has one %s for the schema's name in front of each. */
static int
ask(struct postgres_wire *wire, const char *sql, const char *const *texts, int count, PGresult **result, struct daybreak_fault *fault)
{
    struct postgres_text whole = {0};
    int status;

    for (const char *mark; (mark = strstr(sql, "_daybreak_")) != NULL; sql = mark + 10) {
        postgres_text_add(&whole, sql, (size_t)(mark - sql));
        postgres_text_name(&whole, "", wire->schema);
        postgres_text_put(&whole, "._daybreak_");
    }
    postgres_text_put(&whole, sql);
    status = postgres_wire_ask(wire, whole.at, texts, count, result, fault);
    postgres_text_fini(&whole);
    return status;
}

/* The rows it touched, or -1. */
static int
change(struct postgres_wire *wire, const char *sql, const char *const *texts, int count, struct daybreak_fault *fault)
{
    PGresult *result;
    int rows;

    if (ask(wire, sql, texts, count, &result, fault) != 0)
        return -1;
    rows = (int)strtol(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return rows;
}

/* ---- the claim ---------------------------------------------------------------------------- */

static int
tables_there(struct postgres_wire *wire, bool *there, struct daybreak_fault *fault)
{
    const char *const texts[] = {wire->schema};
    PGresult *result;

    if (postgres_wire_ask(wire, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
                                "c.relname IN ('_daybreak_checkpoint', '_daybreak_batch', '_daybreak_story', '_daybreak_table')",
                          texts, 1, &result, fault) != 0)
        return -1;
    *there = postgres_position_number(result, 0, 0) == 4;
    PQclear(result);
    return 0;
}

static int
tables_make(struct postgres_wire *wire, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    int status;

    postgres_text_put(&sql, "SELECT pg_advisory_xact_lock(1147238722);"); /* two first runs at once */
    if (wire->place->schema != NULL) {
        postgres_text_name(&sql, "CREATE SCHEMA IF NOT EXISTS ", wire->schema);
        postgres_text_put(&sql, ";");
    }
    for (size_t i = 0; i < sizeof tables_sql / sizeof tables_sql[0]; i++) {
        postgres_text_name(&sql, "CREATE TABLE IF NOT EXISTS ", wire->schema);
        postgres_text_format(&sql, ".%s;", tables_sql[i]);
    }
    status = postgres_wire_run(wire, sql.at, fault);
    postgres_text_fini(&sql);
    return status;
}

/* The id that pipeline ${was} had when it fed this handoff; "" none. Two of them cannot be told apart. */
static int
id_named(struct postgres_wire *wire, const struct daybreak_claim *claim, char id[128], struct daybreak_fault *fault)
{
    const char *const texts[] = {claim->was, claim->handoff, claim->pipeline_id};
    PGresult *result;
    int found;

    id[0] = '\0';
    if (ask(wire, "SELECT DISTINCT pipeline_id FROM _daybreak_table WHERE pipeline = $1 AND handoff = $2 AND pipeline_id <> $3", texts, 3,
            &result, fault) != 0)
        return -1;
    found = PQntuples(result);
    if (found == 1)
        snprintf(id, 128, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    if (found <= 1)
        return 0;
    wire->host->fault(fault, DAYBREAK_HALT, "'%s' is fed by %d pipelines that were called '%s'", wire->shown, found, claim->was);
    return postgres_wire_exit(fault, 78, "was");
}

/* What the pipeline called `was` had becomes ours. A checkpoint of ours that never moved gives way, but not its epoch: whoever holds it stays
 * fenced. One that moved stays, and then nothing is taken: a table of the other is refused when it is prepared. */
static int
take_over(struct postgres_wire *wire, const struct daybreak_claim *claim, struct daybreak_fault *fault)
{
    static const char *const before[] = {
        "UPDATE _daybreak_checkpoint SET epoch = greatest(epoch, coalesce((SELECT o.epoch FROM _daybreak_checkpoint o WHERE o.pipeline_id = $1 "
        "AND o.handoff = $2), 0)) WHERE pipeline_id = $3 AND handoff = $2",
        "DELETE FROM _daybreak_checkpoint WHERE pipeline_id = $1 AND handoff = $2 AND batch = 0 AND position = '' AND $3 <> ''",
    };
    static const char *const rest[] = {
        "UPDATE _daybreak_batch SET pipeline_id = $1 WHERE pipeline_id = $3 AND handoff = $2",
        "UPDATE _daybreak_story SET pipeline_id = $1 WHERE pipeline_id = $3 AND handoff = $2",
        "UPDATE _daybreak_table SET pipeline_id = $1 WHERE pipeline_id = $3 AND handoff = $2",
    };
    char old[128];
    const char *const texts[] = {claim->pipeline_id, claim->handoff, old};
    int taken;

    if (id_named(wire, claim, old, fault) != 0)
        return -1;
    if (old[0] == '\0')
        return 0;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        if (change(wire, before[i], texts, 3, fault) < 0)
            return -1;
    taken = change(wire, "UPDATE _daybreak_checkpoint c SET pipeline_id = $1 WHERE pipeline_id = $3 AND handoff = $2 AND NOT EXISTS (SELECT 1 "
                         "FROM _daybreak_checkpoint o WHERE o.pipeline_id = $1 AND o.handoff = $2)", texts, 3, fault);
    if (taken <= 0)
        return taken;
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (change(wire, rest[i], texts, 3, fault) < 0)
            return -1;
    return 0;
}

static void
checkpoint_take(struct postgres_position *position, const PGresult *result)
{
    position->now = (struct daybreak_checkpoint){.size = sizeof position->now};
    hold(position, "");
    if (PQntuples(result) == 0)
        return;
    position->now.epoch = postgres_position_number(result, 0, 0);
    hold(position, PQgetvalue(result, 0, 1));
    position->now.released = postgres_position_number(result, 0, 2);
    position->now.batch = postgres_position_number(result, 0, 3);
    position->now.found = position->now.batch > 0 || position->held[0] != '\0'; /* a claim alone has written nothing */
}

static int
epoch_raise(struct postgres_wire *wire, struct postgres_position *position, const struct daybreak_claim *claim, struct daybreak_fault *fault)
{
    const char *const texts[] = {claim->pipeline_id, claim->handoff, claim->pipeline};
    PGresult *result;

    if (ask(wire, "INSERT INTO _daybreak_checkpoint AS c (pipeline_id, handoff, epoch, position, released, batch) VALUES($1, $2, 1, '', 0, 0) "
                  "ON CONFLICT (pipeline_id, handoff) DO UPDATE SET epoch = c.epoch + 1 RETURNING epoch, position, released, batch",
            texts, 2, &result, fault) != 0)
        return -1;
    checkpoint_take(position, result);
    PQclear(result);
    return change(wire, "UPDATE _daybreak_table SET pipeline = $3 WHERE pipeline_id = $1 AND pipeline <> $3 AND handoff = $2", texts, 3, fault) < 0
               ? -1
               : 0;
}

static int
claim_look(struct postgres_wire *wire, struct postgres_position *position, const struct daybreak_claim *claim, struct daybreak_fault *fault)
{
    static const char *const sql = "SELECT epoch, position, released, batch FROM _daybreak_checkpoint WHERE pipeline_id = $1 AND handoff = $2";
    const char *texts[] = {claim->pipeline_id, claim->handoff};
    PGresult *result;
    char old[128];

    position->now = (struct daybreak_checkpoint){.size = sizeof position->now};
    hold(position, "");
    if (tables_there(wire, &position->there, fault) != 0)
        return -1;
    if (!position->there)
        return 0;
    if (ask(wire, sql, texts, 2, &result, fault) != 0)
        return -1;
    checkpoint_take(position, result);
    PQclear(result);
    if (position->now.found || claim->was == NULL)
        return 0;
    if (id_named(wire, claim, old, fault) != 0)
        return -1;
    if (old[0] == '\0')
        return 0;
    texts[0] = old;
    if (ask(wire, sql, texts, 2, &result, fault) != 0)
        return -1;
    checkpoint_take(position, result);
    PQclear(result);
    free(position->pipeline_id); /* a writer would be the feeder of its tables from now on */
    position->pipeline_id = postgres_text_copy(old);
    return 0;
}

/* A writer of this route that is gone without its server knowing, or hangs between two statements, still holds the route's row. */
static int
idlers_end(struct postgres_wire *wire, int *ended, struct daybreak_fault *fault)
{
    const char *const texts[] = {wire->label};
    PGresult *result;

    if (postgres_wire_ask(wire, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND datname = "
                                "current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'",
                          texts, 1, &result, fault) != 0)
        return -1;
    *ended = (int)postgres_position_number(result, 0, 0);
    PQclear(result);
    if (*ended > 0)
        wire->host->log(wire->host, 'W', "ended a writer of this route that held it and did nothing: target=%s", wire->shown);
    return 0;
}

static int
claim_once(struct postgres_wire *wire, struct postgres_position *position, const struct daybreak_claim *claim, struct daybreak_fault *fault)
{
    if (tables_there(wire, &position->there, fault) != 0 || postgres_wire_run(wire, "BEGIN", fault) != 0)
        return -1;
    if ((!position->there && tables_make(wire, fault) != 0) || (claim->was != NULL && take_over(wire, claim, fault) != 0) ||
        epoch_raise(wire, position, claim, fault) != 0)
        return -1;
    wire->host->crash_point("load_postgres.before-claim");
    return postgres_wire_run(wire, "COMMIT", fault);
}

int
postgres_position_claim(struct postgres_wire *wire, struct postgres_position *position, const struct daybreak_claim *claim,
                        struct daybreak_fault *fault)
{
    int ended = 0;

    postgres_position_fini(position);
    position->pipeline = postgres_text_copy(claim->pipeline);
    position->pipeline_id = postgres_text_copy(claim->pipeline_id);
    position->handoff = postgres_text_copy(claim->handoff);
    if (claim->read_only)
        return claim_look(wire, position, claim, fault);
    while (claim_once(wire, position, claim, fault) != 0) {
        struct daybreak_fault aside = {0};
        bool busy = strcmp(wire->state, "55P03") == 0;

        if (postgres_wire_alive(wire) && postgres_wire_in(wire) && postgres_wire_run(wire, "ROLLBACK", &aside) != 0)
            return -1;
        if (!busy || ended > 0 || idlers_end(wire, &ended, &aside) != 0 || ended == 0)
            return -1;
        *fault = (struct daybreak_fault){0};
    }
    wire->host->crash_point("load_postgres.claimed");
    position->there = position->claimed = true;
    return 0;
}

/* ---- the commit --------------------------------------------------------------------------- */

static int
checkpoint_lock(struct postgres_wire *wire, const struct postgres_position *position, PGresult **result, struct daybreak_fault *fault)
{
    const char *const texts[] = {position->pipeline_id, position->handoff};

    return ask(wire, "SELECT epoch, position, released FROM _daybreak_checkpoint WHERE pipeline_id = $1 AND handoff = $2 FOR UPDATE", texts, 2,
               result, fault);
}

static int
passed(struct postgres_wire *wire, const struct postgres_position *position, const char *old, int64_t released, struct daybreak_fault *fault)
{
    PGresult *result;
    int64_t epoch;

    if (checkpoint_lock(wire, position, &result, fault) != 0)
        return -1;
    if (PQntuples(result) == 0) {
        wire->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': the checkpoint of pipeline '%s' is no longer there", wire->shown,
                          position->pipeline);
    } else if ((epoch = postgres_position_number(result, 0, 0)) != position->now.epoch) {
        wire->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': its epoch is %lld, ours is %lld", wire->shown, (long long)epoch,
                          (long long)position->now.epoch);
    } else if (strcmp(PQgetvalue(result, 0, 1), old) != 0 || postgres_position_number(result, 0, 2) != released) {
        wire->host->fault(fault, DAYBREAK_HALT, "the checkpoint of '%s' is not where this run left it", wire->shown);
    } else {
        PQclear(result);
        return 0;
    }
    PQclear(result);
    wire->host->hint(fault, "nothing of this run landed behind it; run again when the other is done");
    return postgres_wire_exit(fault, 75, "passed");
}

int
postgres_position_check(struct postgres_wire *wire, const struct postgres_position *position, struct daybreak_fault *fault)
{
    return passed(wire, position, position->held, position->now.released, fault);
}

#define BATCH_TEXTS 45

struct values {
    const char *text[BATCH_TEXTS];
    char number[BATCH_TEXTS][24];
    int count;
};

static void
value_text(struct values *values, const char *text)
{
    values->text[values->count++] = text;
}

static void
value_number(struct values *values, int64_t number)
{
    snprintf(values->number[values->count], sizeof values->number[0], "%" PRId64, number);
    values->text[values->count] = values->number[values->count];
    values->count++;
}

static void
value_instant(struct values *values, int64_t instant)
{
    if (instant == DAYBREAK_NO_TIME)
        value_text(values, NULL);
    else
        value_number(values, instant);
}

static int
insert(struct postgres_wire *wire, const char *table, const struct values *values, struct daybreak_fault *fault)
{
    struct postgres_text sql = {0};
    int rows;

    postgres_text_format(&sql, "INSERT INTO %s VALUES(", table);
    for (int i = 1; i <= values->count; i++)
        postgres_text_format(&sql, "%s$%d", i == 1 ? "" : ",", i);
    postgres_text_put(&sql, ")");
    rows = change(wire, sql.at, values->text, values->count, fault);
    postgres_text_fini(&sql);
    return rows < 0 ? -1 : 0;
}

static int
batch_write(struct postgres_wire *wire, const struct postgres_position *position, const struct daybreak_batch_row *row, struct daybreak_fault *fault)
{
    const struct daybreak_story *story = row->story;
    const struct daybreak_counts *c = &row->counts;
    const char *text[] = {position->pipeline_id, story->pipeline, position->handoff, story->run,  story->pipeline_version,
                          story->connector,      story->source,   story->input,      story->part, row->first,
                          row->last};
    int64_t number[] = {row->changes, c->created, c->updated, c->deleted, c->loaded,   c->read,   c->unchanged, c->repeated,
                        c->captured,  c->absent,  c->invalid, c->copied,  c->filtered, c->held,   c->waiting,   c->dead};
    int64_t closed[] = {c->delivered, c->rejected, c->expired, c->dropped, c->superseded, c->withdrawn, c->healed};
    struct values values = {.count = 0};

    value_number(&values, story->batch);
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        value_text(&values, text[i]);
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
        value_number(&values, number[i]);
    value_instant(&values, story->read_at);
    value_instant(&values, story->ready_at);
    value_instant(&values, story->loaded_at);
    value_text(&values, story->time_basis);
    if (insert(wire, "_daybreak_batch", &values, fault) != 0)
        return -1;
    values.count = 0;
    value_number(&values, story->batch);
    value_text(&values, position->pipeline_id);
    value_text(&values, position->handoff);
    value_text(&values, story->table);
    value_instant(&values, story->visible_at);
    value_text(&values, story->trace);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        value_number(&values, closed[i]);
    return insert(wire, "_daybreak_story", &values, fault);
}

int
postgres_position_move(struct postgres_wire *wire, const struct postgres_position *position, const struct daybreak_commit *commit,
                       struct daybreak_fault *fault)
{
    const struct daybreak_story *last = commit->batches == 0 ? NULL : commit->batch[commit->batches - 1].story;
    struct values values = {.count = 0};
    int moved;

    for (uint32_t i = 0; i < commit->batches; i++)
        if (batch_write(wire, position, &commit->batch[i], fault) != 0)
            return -1;
    value_text(&values, commit->new_position);
    value_number(&values, commit->released_new);
    value_number(&values, last == NULL ? position->now.batch : last->batch);
    value_instant(&values, last == NULL ? DAYBREAK_NO_TIME : last->loaded_at);
    value_text(&values, position->pipeline_id);
    value_text(&values, position->handoff);
    value_number(&values, commit->epoch);
    value_text(&values, commit->old_position);
    value_number(&values, commit->released_old);
    moved = change(wire, "UPDATE _daybreak_checkpoint SET position = $1, released = $2, batch = $3, committed_at = coalesce($4, committed_at) "
                         "WHERE pipeline_id = $5 AND handoff = $6 AND epoch = $7 AND position = $8 AND released = $9",
                   values.text, values.count, fault);
    if (moved < 0)
        return -1;
    if (moved == 1)
        return 0;
    if (passed(wire, position, commit->old_position, commit->released_old, fault) != 0)
        return -1;
    wire->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': the epoch of this commit is %lld", wire->shown, (long long)commit->epoch);
    return postgres_wire_exit(fault, 75, "passed");
}

void
postgres_position_moved(struct postgres_position *position, const struct daybreak_commit *commit)
{
    hold(position, commit->new_position);
    position->now.released = commit->released_new;
    if (commit->batches > 0)
        position->now.batch = commit->batch[commit->batches - 1].story->batch;
    position->now.found = true;
}

int
postgres_position_landed(struct postgres_wire *wire, const struct postgres_position *position, const struct daybreak_commit *commit,
                         bool *landed, struct daybreak_fault *fault)
{
    PGresult *result;
    int64_t batch = commit->batches > 0 ? commit->batch[commit->batches - 1].story->batch : position->now.batch;
    const char *const texts[] = {position->pipeline_id, position->handoff};
    int ended, status;

    /* the lost transaction holds the row until it has ended, one way or the other; one that waits for a word that never comes is ended */
    if (idlers_end(wire, &ended, fault) != 0)
        return -1;
    status = ask(wire, "SELECT epoch, position, released, batch FROM _daybreak_checkpoint WHERE pipeline_id = $1 AND handoff = $2 FOR UPDATE",
                 texts, 2, &result, fault);
    if (status != 0)
        return -1;
    *landed = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 1), commit->new_position) == 0 &&
              postgres_position_number(result, 0, 2) == commit->released_new && postgres_position_number(result, 0, 3) == batch;
    PQclear(result);
    return 0;
}

/* ---- the audit ---------------------------------------------------------------------------- */

static void
row_read(const PGresult *result, int at_row, struct daybreak_story *story, struct daybreak_batch_row *row)
{
    struct daybreak_counts *c = &row->counts;
    int64_t *number[] = {&row->changes, &c->created,  &c->updated,  &c->deleted,    &c->loaded,    &c->read,
                         &c->unchanged, &c->repeated, &c->captured, &c->absent,     &c->invalid,   &c->copied,
                         &c->filtered,  &c->held,     &c->waiting,  &c->dead,       &c->delivered, &c->rejected,
                         &c->expired,   &c->dropped,  &c->superseded, &c->withdrawn, &c->healed};
    int64_t *instant[] = {&story->visible_at, &story->read_at, &story->ready_at, &story->loaded_at};
    const char **text[] = {&story->pipeline_id, &story->pipeline, &story->handoff, &story->run,  &story->pipeline_version,
                           &story->connector,   &story->source,   &story->input,   &story->part, &row->first,
                           &row->last,          &story->time_basis, &story->table, &story->trace};
    int at = 0;

    *story = (struct daybreak_story){.size = sizeof *story};
    *row = (struct daybreak_batch_row){.size = sizeof *row, .story = story, .counts = {.size = sizeof row->counts}};
    story->batch = postgres_position_number(result, at_row, at++);
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        *text[i] = PQgetvalue(result, at_row, at++);
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
        *number[i] = postgres_position_number(result, at_row, at++);
    for (size_t i = 0; i < sizeof instant / sizeof instant[0]; i++, at++)
        *instant[i] = PQgetisnull(result, at_row, at) ? DAYBREAK_NO_TIME : postgres_position_number(result, at_row, at);
}

int
postgres_position_audit(struct postgres_wire *wire, const struct postgres_position *position, const char *pipeline_id,
                        daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    static const char *const sql =
        "SELECT b.batch, b.pipeline_id, b.pipeline, b.handoff, b.run, b.pipeline_version, b.connector, b.source, b.input, b.part, b.first,"
        " b.last, b.time_basis, s.table_name, s.trace, b.changes, b.created, b.updated, b.deleted, b.loaded, b.read, b.unchanged,"
        " b.repeated, b.captured, b.absent, b.invalid, b.copied, b.filtered, b.held, b.waiting, b.dead, s.delivered, s.rejected,"
        " s.expired, s.dropped, s.superseded, s.withdrawn, s.healed, s.visible_at, b.read_at, b.ready_at, b.loaded_at"
        " FROM _daybreak_batch b LEFT JOIN _daybreak_story s USING(pipeline_id, handoff, batch)"
        " WHERE b.pipeline_id = $1 AND ($2::text IS NULL OR b.handoff = $2) AND b.batch > $3 ORDER BY b.handoff, b.batch LIMIT 10000";
    char after[24] = "-1";
    const char *const texts[] = {pipeline_id, position->handoff, after};
    bool goes_on = true;
    int rows = 0;

    if (!position->there)
        return 0;
    do { /* of one handoff, so pages follow each other by batch */
        PGresult *result;

        if (ask(wire, sql, texts, 3, &result, fault) != 0)
            return -1;
        rows = PQntuples(result);
        for (int i = 0; i < rows && goes_on; i++) {
            struct daybreak_story story;
            struct daybreak_batch_row row;

            row_read(result, i, &story, &row);
            goes_on = each(context, &row);
        }
        if (rows > 0)
            snprintf(after, sizeof after, "%s", PQgetvalue(result, rows - 1, 0));
        PQclear(result);
    } while (goes_on && rows == 10000);
    return 0;
}
