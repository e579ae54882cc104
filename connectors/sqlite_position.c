/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under the load `sqlite`: the position that lives with the rows, and what the target remembers of every
 * batch. Everything here is in tables of ours; `_daybreak_batch` has the columns that people query,
 * `_daybreak_story` what else the ledger needs to be rebuilt.
 */
#include "sqlite_position.h"

#include <stdlib.h>
#include <string.h>

static const char *const tables_sql =
    "CREATE TABLE IF NOT EXISTS _daybreak_checkpoint(pipeline_id TEXT NOT NULL, handoff TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " position TEXT NOT NULL, released INTEGER NOT NULL, batch INTEGER NOT NULL, committed_at INTEGER,"
    " PRIMARY KEY(pipeline_id, handoff));"
    "CREATE TABLE IF NOT EXISTS _daybreak_batch(batch INTEGER NOT NULL, pipeline_id TEXT NOT NULL, pipeline TEXT, "
    "handoff TEXT NOT NULL,"
    " run TEXT, pipeline_version TEXT, connector TEXT, source TEXT, input TEXT, part TEXT, first TEXT, last TEXT, "
    "changes INTEGER,"
    " created INTEGER, updated INTEGER, deleted INTEGER, loaded INTEGER, read INTEGER, unchanged INTEGER, repeated INTEGER,"
    " captured INTEGER, absent INTEGER, invalid INTEGER, copied INTEGER, filtered INTEGER, held INTEGER, waiting "
    "INTEGER, dead INTEGER,"
    " read_at INTEGER, ready_at INTEGER, loaded_at INTEGER, time_basis TEXT, PRIMARY KEY(pipeline_id, handoff, batch)) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS _daybreak_story(batch INTEGER NOT NULL, pipeline_id TEXT NOT NULL, handoff TEXT NOT "
    "NULL, table_name TEXT,"
    " visible_at INTEGER, trace TEXT, delivered INTEGER, rejected INTEGER, expired INTEGER, dropped INTEGER, superseded "
    "INTEGER,"
    " withdrawn INTEGER, healed INTEGER, PRIMARY KEY(pipeline_id, handoff, batch)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS _daybreak_table(name TEXT NOT NULL COLLATE NOCASE PRIMARY KEY, created INTEGER NOT NULL,"
    " pipeline_id TEXT NOT NULL, pipeline TEXT NOT NULL, handoff TEXT NOT NULL, prefix TEXT NOT NULL) WITHOUT ROWID;";

void
sqlite_position_fini(struct sqlite_position *position)
{
    free(position->pipeline);
    free(position->pipeline_id);
    free(position->handoff);
    free(position->held);
    *position = (struct sqlite_position){0};
}

static void
hold(struct sqlite_position *position, const char *text)
{
    char *copy = sqlite_file_text(text);

    free(position->held);
    position->held = copy;
    position->now.position = copy;
}

static const char *
text_at(sqlite3_stmt *query, int column)
{
    const char *text = (const char *)sqlite3_column_text(query, column);

    return text == NULL ? "" : text;
}

/* ---- the claim ---------------------------------------------------------------------------- */

/* The id that pipeline ${name} had when it fed this handoff; "" none. Two of them cannot be told apart. */
static int
id_named(struct sqlite_file *file, const struct daybreak_claim *claim, char id[128], struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(file,
                                            "SELECT DISTINCT pipeline_id FROM _daybreak_table WHERE pipeline = ?1 AND "
                                            "handoff = ?2 "
                                            "AND pipeline_id <> ?3",
                                            fault);
    int step, found = 0;

    id[0] = '\0';
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, claim->was);
    sqlite_file_bind(query, 2, claim->handoff);
    sqlite_file_bind(query, 3, claim->pipeline_id);
    while ((step = sqlite_file_step(file, query, fault)) == 1) {
        sqlite3_snprintf(128, id, "%s", text_at(query, 0));
        found++;
    }
    sqlite3_finalize(query);
    if (step < 0)
        return -1;
    if (found <= 1)
        return 0;
    file->host->fault(fault, DAYBREAK_HALT, "'%s' is fed by %d pipelines that were called '%s'", file->shown, found,
                      claim->was);
    return sqlite_file_exit(fault, 78, "was");
}

static int
run_with(struct sqlite_file *file, const char *sql, const char *a, const char *b, const char *c,
         struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(file, sql, fault);
    const char *text[] = {a, b, c};
    int step;

    if (query == NULL)
        return -1;
    for (int i = 0; i < sqlite3_bind_parameter_count(query); i++)
        sqlite_file_bind(query, i + 1, text[i]);
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    return step < 0 ? -1 : 0;
}

/*
 * What the pipeline called `was` had becomes ours. A checkpoint of ours that never moved gives way, but not its
 * epoch: whoever holds it stays fenced. One that moved stays, and then nothing is taken: a table of the other is
 * refused when it is prepared.
 */
static int
take_over(struct sqlite_file *file, const struct daybreak_claim *claim, struct daybreak_fault *fault)
{
    static const char *const unclaim[] = {
        ("UPDATE _daybreak_checkpoint SET epoch = max(epoch, coalesce((SELECT o.epoch FROM _daybreak_checkpoint o"
         " WHERE o.pipeline_id = ?1 AND o.handoff = ?2), 0)) WHERE pipeline_id = ?3 AND handoff = ?2"),
        "DELETE FROM _daybreak_checkpoint WHERE pipeline_id = ?1 AND handoff = ?2 AND batch = 0 AND position = ''",
        "UPDATE OR IGNORE _daybreak_checkpoint SET pipeline_id = ?1 WHERE pipeline_id = ?3 AND handoff = ?2",
    };
    static const char *const rest[] = {
        "UPDATE _daybreak_batch SET pipeline_id = ?1 WHERE pipeline_id = ?3 AND handoff = ?2",
        "UPDATE _daybreak_story SET pipeline_id = ?1 WHERE pipeline_id = ?3 AND handoff = ?2",
        "UPDATE _daybreak_table SET pipeline_id = ?1 WHERE pipeline_id = ?3 AND handoff = ?2",
    };
    char old[128];

    if (id_named(file, claim, old, fault) != 0)
        return -1;
    if (old[0] == '\0')
        return 0;
    for (size_t i = 0; i < sizeof unclaim / sizeof unclaim[0]; i++)
        if (run_with(file, unclaim[i], claim->pipeline_id, claim->handoff, old, fault) != 0)
            return -1;
    if (sqlite3_changes(file->db) == 0)
        return 0;
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        if (run_with(file, rest[i], claim->pipeline_id, claim->handoff, old, fault) != 0)
            return -1;
    return 0;
}

static int
checkpoint_take(struct sqlite_file *file, struct sqlite_position *position, sqlite3_stmt *query,
                struct daybreak_fault *fault)
{
    int step = sqlite_file_step(file, query, fault);

    if (step < 0)
        return -1;
    position->now = (struct daybreak_checkpoint){.size = sizeof position->now};
    hold(position, "");
    if (step == 0)
        return 0;
    position->now.epoch = sqlite3_column_int64(query, 0);
    hold(position, text_at(query, 1));
    position->now.released = sqlite3_column_int64(query, 2);
    position->now.batch = sqlite3_column_int64(query, 3);
    position->now.found = position->now.batch > 0 || position->held[0] != '\0'; /* a claim alone has written nothing */
    return 0;
}

static int
epoch_raise(struct sqlite_file *file, struct sqlite_position *position, const struct daybreak_claim *claim,
            struct daybreak_fault *fault)
{
    sqlite3_stmt *query;
    int result;

    if (run_with(file,
                 "INSERT INTO _daybreak_checkpoint(pipeline_id, handoff, epoch, position, released, batch) VALUES(?1, "
                 "?2, 0, '', 0, 0) "
                 "ON CONFLICT DO NOTHING",
                 claim->pipeline_id, claim->handoff, NULL, fault) != 0 ||
        run_with(file, "UPDATE _daybreak_table SET pipeline = ?1 WHERE pipeline_id = ?2 AND pipeline <> ?1",
                 claim->pipeline,
                 claim->pipeline_id, NULL, fault) != 0)
        return -1;
    query = sqlite_file_query(file,
                              "UPDATE _daybreak_checkpoint SET epoch = epoch + 1 WHERE pipeline_id = ?1 AND handoff = ?2 "
                              "RETURNING epoch, position, released, batch",
                              fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, claim->pipeline_id);
    sqlite_file_bind(query, 2, claim->handoff);
    result = checkpoint_take(file, position, query, fault);
    sqlite3_finalize(query);
    return result;
}

static int
claim_look(struct sqlite_file *file, struct sqlite_position *position, const struct daybreak_claim *claim,
           struct daybreak_fault *fault)
{
    sqlite3_stmt *query;
    char old[128];
    int step;

    position->now = (struct daybreak_checkpoint){.size = sizeof position->now};
    hold(position, "");
    if (file->db == NULL)
        return 0;
    query = sqlite_file_query(file, "SELECT 1 FROM sqlite_schema WHERE name = '_daybreak_table'", fault);
    if (query == NULL)
        return -1;
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    if (step <= 0)
        return step;
    query = sqlite_file_query(file, "SELECT epoch, position, released, batch FROM _daybreak_checkpoint WHERE pipeline_id "
                                    "= ?1 AND handoff = ?2",
                              fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, claim->pipeline_id);
    sqlite_file_bind(query, 2, claim->handoff);
    step = checkpoint_take(file, position, query, fault);
    if (step == 0 && !position->now.found && claim->was != NULL) {
        step = id_named(file, claim, old, fault);
        sqlite3_reset(query);
        sqlite_file_bind(query, 1, old);
        if (step == 0 && old[0] != '\0') {
            step = checkpoint_take(file, position, query, fault);
            free(position->pipeline_id); /* a writer would be the feeder of its tables from now on */
            position->pipeline_id = sqlite_file_text(old);
        }
    }
    sqlite3_finalize(query);
    return step;
}

int
sqlite_position_claim(struct sqlite_file *file, struct sqlite_position *position, const struct daybreak_claim *claim,
                      struct daybreak_fault *fault)
{
    sqlite_position_fini(position);
    position->pipeline = sqlite_file_text(claim->pipeline);
    position->pipeline_id = sqlite_file_text(claim->pipeline_id);
    position->handoff = sqlite_file_text(claim->handoff);
    if (claim->read_only)
        return claim_look(file, position, claim, fault);
    if (sqlite_file_begin(file, fault) != 0)
        return -1;
    if (sqlite_file_exec(file, tables_sql, fault) != 0 || (claim->was != NULL && take_over(file, claim, fault) != 0) ||
        epoch_raise(file, position, claim, fault) != 0) {
        sqlite_file_rollback(file);
        return -1;
    }
    file->host->crash_point("load_sqlite.before-claim");
    if (sqlite_file_commit(file, fault) != 0)
        return -1;
    file->host->crash_point("load_sqlite.claimed");
    sqlite_file_settle(file, position->now.batch > 0);
    position->claimed = true;
    return 0;
}

/* ---- the commit --------------------------------------------------------------------------- */

static int
passed(struct sqlite_file *file, const struct sqlite_position *position, const char *old, int64_t released,
       struct daybreak_fault *fault)
{
    sqlite3_stmt *query = sqlite_file_query(
        file, "SELECT epoch, position, released FROM _daybreak_checkpoint WHERE pipeline_id = ?1 AND handoff = ?2", fault);
    int step;

    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, position->pipeline_id);
    sqlite_file_bind(query, 2, position->handoff);
    step = sqlite_file_step(file, query, fault);
    if (step < 0) {
        sqlite3_finalize(query);
        return -1;
    }
    if (step == 1 && sqlite3_column_int64(query, 0) == position->now.epoch && strcmp(text_at(query, 1), old) == 0 &&
        sqlite3_column_int64(query, 2) == released) {
        sqlite3_finalize(query);
        return 0;
    }
    if (step == 0)
        file->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': the checkpoint of pipeline '%s' is no longer "
                                                "there",
                          file->shown, position->pipeline);
    else if (sqlite3_column_int64(query, 0) != position->now.epoch)
        file->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': its epoch is %lld, ours is %lld", file->shown,
                          (long long)sqlite3_column_int64(query, 0), (long long)position->now.epoch);
    else
        file->host->fault(fault, DAYBREAK_HALT, "the checkpoint of '%s' is not where this run left it", file->shown);
    sqlite3_finalize(query);
    file->host->hint(fault, "nothing of this run landed behind it; run again when the other is done");
    return sqlite_file_exit(fault, 75, "passed");
}

int
sqlite_position_check(struct sqlite_file *file, const struct sqlite_position *position, struct daybreak_fault *fault)
{
    return passed(file, position, position->held, position->now.released, fault);
}

static void
bind_instant(sqlite3_stmt *query, int at, int64_t instant)
{
    if (instant == DAYBREAK_NO_TIME)
        sqlite3_bind_null(query, at);
    else
        sqlite3_bind_int64(query, at, instant);
}

static int
batch_write(struct sqlite_file *file, const struct sqlite_position *position, sqlite3_stmt *batch, sqlite3_stmt *rest,
            const struct daybreak_batch_row *row, struct daybreak_fault *fault)
{
    const struct daybreak_story *story = row->story;
    const struct daybreak_counts *c = &row->counts;
    const char *text[] = {position->pipeline_id, story->pipeline, position->handoff, story->run,  story->pipeline_version,
                          story->connector,      story->source,   story->input,      story->part, row->first,
                          row->last};
    int64_t number[] = {row->changes, c->created, c->updated, c->deleted, c->loaded,   c->read,   c->unchanged, c->repeated,
                        c->captured,  c->absent,  c->invalid, c->copied,  c->filtered, c->held,   c->waiting,   c->dead};
    int64_t closed[] = {c->delivered, c->rejected, c->expired, c->dropped, c->superseded, c->withdrawn, c->healed};
    int at = 1;

    sqlite3_bind_int64(batch, at++, story->batch);
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        sqlite_file_bind(batch, at++, text[i]);
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
        sqlite3_bind_int64(batch, at++, number[i]);
    bind_instant(batch, at++, story->read_at);
    bind_instant(batch, at++, story->ready_at);
    bind_instant(batch, at++, story->loaded_at);
    sqlite_file_bind(batch, at, story->time_basis);
    if (sqlite_file_step(file, batch, fault) < 0)
        return -1;
    sqlite3_reset(batch);
    at = 1;
    sqlite3_bind_int64(rest, at++, story->batch);
    sqlite_file_bind(rest, at++, position->pipeline_id);
    sqlite_file_bind(rest, at++, position->handoff);
    sqlite_file_bind(rest, at++, story->table);
    bind_instant(rest, at++, story->visible_at);
    sqlite_file_bind(rest, at++, story->trace);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        sqlite3_bind_int64(rest, at++, closed[i]);
    if (sqlite_file_step(file, rest, fault) < 0)
        return -1;
    sqlite3_reset(rest);
    return 0;
}

static int
batches_write(struct sqlite_file *file, const struct sqlite_position *position, const struct daybreak_commit *commit,
              struct daybreak_fault *fault)
{
    sqlite3_stmt *batch = sqlite_file_query(
        file, "INSERT INTO _daybreak_batch VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", fault);
    sqlite3_stmt *rest =
        batch == NULL ? NULL : sqlite_file_query(file, "INSERT INTO _daybreak_story VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                                                 fault);
    int result = rest == NULL ? -1 : 0;

    for (uint32_t i = 0; i < commit->batches && result == 0; i++)
        result = batch_write(file, position, batch, rest, &commit->batch[i], fault);
    sqlite3_finalize(batch);
    sqlite3_finalize(rest);
    return result;
}

int
sqlite_position_move(struct sqlite_file *file, const struct sqlite_position *position, const struct daybreak_commit *commit,
                     struct daybreak_fault *fault)
{
    const struct daybreak_story *last = commit->batches == 0 ? NULL : commit->batch[commit->batches - 1].story;
    sqlite3_stmt *query;
    int step;

    if (batches_write(file, position, commit, fault) != 0)
        return -1;
    query = sqlite_file_query(file,
                              "UPDATE _daybreak_checkpoint SET position = ?1, released = ?2, batch = ?3, committed_at = ?4 "
                              "WHERE pipeline_id = ?5 AND handoff = ?6 AND epoch = ?7 AND position = ?8 AND released = ?9",
                              fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, commit->new_position);
    sqlite3_bind_int64(query, 2, commit->released_new);
    sqlite3_bind_int64(query, 3, last == NULL ? position->now.batch : last->batch);
    if (last != NULL)
        bind_instant(query, 4, last->loaded_at);
    sqlite_file_bind(query, 5, position->pipeline_id);
    sqlite_file_bind(query, 6, position->handoff);
    sqlite3_bind_int64(query, 7, commit->epoch);
    sqlite_file_bind(query, 8, commit->old_position);
    sqlite3_bind_int64(query, 9, commit->released_old);
    step = sqlite_file_step(file, query, fault);
    sqlite3_finalize(query);
    if (step < 0)
        return -1;
    if (sqlite3_changes(file->db) == 1)
        return 0;
    if (passed(file, position, commit->old_position, commit->released_old, fault) != 0)
        return -1;
    file->host->fault(fault, DAYBREAK_HALT, "another run took over '%s': the epoch of this commit is %lld", file->shown,
                      (long long)commit->epoch);
    return sqlite_file_exit(fault, 75, "passed");
}

void
sqlite_position_moved(struct sqlite_position *position, const struct daybreak_commit *commit)
{
    hold(position, commit->new_position);
    position->now.released = commit->released_new;
    if (commit->batches > 0)
        position->now.batch = commit->batch[commit->batches - 1].story->batch;
    position->now.found = true;
}

/* ---- the audit ---------------------------------------------------------------------------- */

static int64_t
instant_at(sqlite3_stmt *query, int column)
{
    return sqlite3_column_type(query, column) == SQLITE_NULL ? DAYBREAK_NO_TIME : sqlite3_column_int64(query, column);
}

static void
row_read(sqlite3_stmt *query, struct daybreak_story *story, struct daybreak_batch_row *row)
{
    struct daybreak_counts *c = &row->counts;
    int64_t *number[] = {&row->changes, &c->created,  &c->updated,  &c->deleted,    &c->loaded,    &c->read,
                         &c->unchanged, &c->repeated, &c->captured, &c->absent,     &c->invalid,   &c->copied,
                         &c->filtered,  &c->held,     &c->waiting,  &c->dead,       &c->delivered, &c->rejected,
                         &c->expired,   &c->dropped,  &c->superseded, &c->withdrawn, &c->healed};
    const char **text[] = {&story->pipeline_id, &story->pipeline, &story->handoff, &story->run,  &story->pipeline_version,
                           &story->connector,   &story->source,   &story->input,   &story->part, &row->first,
                           &row->last,          &story->time_basis, &story->table, &story->trace};
    int at = 0;

    *story = (struct daybreak_story){.size = sizeof *story};
    *row = (struct daybreak_batch_row){.size = sizeof *row, .story = story, .counts = {.size = sizeof row->counts}};
    story->batch = sqlite3_column_int64(query, at++);
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        *text[i] = text_at(query, at++);
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
        *number[i] = sqlite3_column_int64(query, at++);
    story->visible_at = instant_at(query, at++);
    story->read_at = instant_at(query, at++);
    story->ready_at = instant_at(query, at++);
    story->loaded_at = instant_at(query, at);
}

int
sqlite_position_audit(struct sqlite_file *file, const struct sqlite_position *position, const char *pipeline_id,
                      daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    static const char *const sql =
        "SELECT b.batch, b.pipeline_id, b.pipeline, b.handoff, b.run, b.pipeline_version, b.connector, b.source, "
        "b.input, b.part, b.first,"
        " b.last, b.time_basis, s.table_name, s.trace, b.changes, b.created, b.updated, b.deleted, b.loaded, b.read, "
        "b.unchanged,"
        " b.repeated, b.captured, b.absent, b.invalid, b.copied, b.filtered, b.held, b.waiting, b.dead, s.delivered, "
        "s.rejected,"
        " s.expired, s.dropped, s.superseded, s.withdrawn, s.healed, s.visible_at, b.read_at, b.ready_at, b.loaded_at"
        " FROM _daybreak_batch b LEFT JOIN _daybreak_story s USING(pipeline_id, handoff, batch)"
        " WHERE b.pipeline_id = ?1 AND (?2 IS NULL OR b.handoff = ?2) ORDER BY b.handoff, b.batch";
    sqlite3_stmt *query;
    int step;

    if (file->db == NULL || (file->read_only && !position->now.found))
        return 0;
    query = sqlite_file_query(file, sql, fault);
    if (query == NULL)
        return -1;
    sqlite_file_bind(query, 1, pipeline_id);
    sqlite_file_bind(query, 2, position->handoff);
    while ((step = sqlite_file_step(file, query, fault)) == 1) {
        struct daybreak_story story;
        struct daybreak_batch_row row;

        row_read(query, &story, &row);
        if (!each(context, &row)) {
            step = 0;
            break;
        }
    }
    sqlite3_finalize(query);
    return step;
}
