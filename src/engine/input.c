/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input from its first byte to its commit. The reading thread gives batches; this one compares, judges and lands. Whatever stops
 * it, the input is then either wholly accounted for or as if it had never been looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "change/memory.h"
#include "change/spool.h"
#include "engine/append.h"
#include "engine/pipeline.h"
#include "engine/resync.h"
#include "engine/ring.h"
#include "engine/settle.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"

/* An append commits at the latest after so many batches or so long: no commit per record, no night in one transaction. */
#define COMMIT_BATCHES 128
#define COMMIT_MS 1000

/* The mark of an input that was compared and has landed in part. */
#define COMPARED "landing"

/* The input under way. */
struct reading {
    struct pipeline *p;
    const struct daybreak_input *input;
    int64_t id;
    bool approved;      /* a person let it through: guards are not asked */
    bool deletes_only;  /* its rows were taken before, its deletes withheld until now */
    bool first;         /* nothing was there before: rows land as they come */
    bool append;
    bool against_target; /* compared with the target itself, not with what is remembered of it */
    bool committed;     /* something of it landed already */
    const char *landed_digest, *landed_part, *landed_mark; /* how far the target was; "" when that was the end of an input */
    bool landed_end;
    bool skipping;      /* this one had landed in part when the run before was ended; up to that place it lands no more */
    int64_t rows, uncommitted_since_ms;
    uint32_t uncommitted;
    char digest[33];
    char order[600];
    bool spooled_counts_told;
};

static void *
reader_main(void *context)
{
    struct pipeline *p = context;
    struct batch *batch;
    int64_t rows = 0;

    while ((batch = ring_free_batch(p->ring)) != NULL) {
        struct daybreak_fault fault = {0};
        enum daybreak_next next;

        if (source_read(p->source, batch, &fault) != 0) {
            ring_give(p->ring, batch, &fault);
            return NULL;
        }
        batch->story.read_at = clock_now_us();
        rows += batch->rows.rows;
        if (p->limit > 0 && rows >= p->limit) { /* of a dry run, which keeps no mark */
            batch->rows.rows -= (uint32_t)(rows - p->limit);
            batch->next = DAYBREAK_INPUT_END;
        }
        next = batch->next;
        if (batch->rows.rows > 0) {
            if (p->all_land) { /* landing is the slower half then, comparing the faster one */
                key_make(&p->table[batch->table].keys, batch);
                batch_type(batch, NULL, 0);
            }
            if (source_mark(p->source, batch, 0, batch->first, &fault) != 0 ||
                source_mark(p->source, batch, batch->rows.rows - 1, batch->last, &fault) != 0) {
                ring_give(p->ring, batch, &fault);
                return NULL;
            }
        }
        ring_give(p->ring, batch, NULL);
        if (next == DAYBREAK_INPUT_END || next == DAYBREAK_INPUT_CUT)
            return NULL;
    }
    return NULL;
}

static int
reader_start(struct pipeline *p, struct daybreak_fault *fault)
{
    ring_reset(p->ring);
    if (pthread_create(&p->reader, NULL, reader_main, p) != 0)
        return fault_set(fault, DAYBREAK_RETRY, "cannot start the reading thread");
    p->reading = true;
    return 0;
}

static void
reader_join(struct pipeline *p)
{
    if (!p->reading)
        return;
    ring_stop(p->ring);
    pthread_join(p->reader, NULL);
    ring_reset(p->ring);
    p->reading = false;
}

static void
hold(struct reading *r, const char *guard, const char *reason, const char *evidence, const char *state)
{
    struct pipeline *p = r->p;
    struct daybreak_fault fault = {0};
    struct result_held *held;

    if (!p->dry_run &&
        ledger_input_end(p->ledger, r->id, state, guard, reason, evidence, r->rows, p->sink->batch, &fault) != 0)
        LOG_ERROR("cannot record the held input: input=%s: %s", r->input->name, fault.what);
    held = result_hold(&p->result, r->id, r->input->name, guard, reason);
    held->part = r->committed;
    held->cut = strcmp(state, "cut") == 0;
    if (p->sink->follows)
        LOG_WARN("input is %s: pipeline=%s input=%s id=I%lld: %s", held->cut ? "cut off" : "held", p->config->name, r->input->name,
                 (long long)r->id, reason);
    result_status(&p->result, 4, NULL);
}

/* Nothing of it lands. */
static int
give_up(struct reading *r, struct daybreak_fault *fault)
{
    struct daybreak_fault second = {0};

    reader_join(r->p);
    land_rollback(r->p);
    source_abandon(r->p->source);
    if (r->p->sink->uncertain) /* it may have landed: what is remembered of it stays for the next start */
        return -1;
    for (uint32_t t = 0; t < r->p->tables; t++)
        if (change_drop(&r->p->table[t].change, fault->kind == DAYBREAK_NO_FAULT ? fault : &second) != 0)
            return -1;
    pipeline_position_load(r->p);
    return fault->kind == DAYBREAK_NO_FAULT ? 0 : -1;
}

/* What the input is called from now on. The connector hashed what was read on the way, so that it need not be read twice. */
static int
digest_take(struct reading *r, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    uint8_t digest[16];

    if (r->digest[0] != '\0')
        return 0;
    if (source_digest(p->source, digest, fault) != 0)
        return -1;
    text_hex(digest, 16, r->digest);
    r->digest[32] = '\0';
    p->position.digest = arena_text(p->position_arena, r->digest);
    return p->dry_run ? 0 : ledger_input_digest(p->ledger, r->id, r->digest, r->order, fault);
}

static int
cut_off(struct reading *r, const struct daybreak_fault *why, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    const struct config_guards *guards = &r->p->table[0].config->capture.guards;
    const char *guard = why->code[0] != '\0' ? "missing_column" : "unreadable";
    struct text reason = {0};
    int result;

    reader_join(r->p);
    if (digest_take(r, fault) != 0)
        return -1;
    text_put(&reason, why->what);
    if (why->hint[0] != '\0')
        text_printf(&reason, " (%s)", why->hint);
    result = give_up(r, fault);
    if (result == 0 && guards->unreadable == CONFIG_UNREADABLE_DEAD && !r->committed) {
        result = append_unreadable(r->p, r->input, r->id, text_end(&reason), fault);
        *outcome = PIPELINE_DONE;
    } else if (result == 0) {
        hold(r, guard, text_end(&reason), NULL, r->committed && !r->append ? "cut" : "held");
        *outcome = PIPELINE_HELD;
    }
    text_fini(&reason);
    return result;
}

/* A batch whose layout is new to this input: drift is judged before anything of it is compared. */
static int
columns_check(struct reading *r, struct batch *batch, struct guard_verdict *verdict, struct daybreak_fault *fault)
{
    struct pipeline_table *table = &r->p->table[batch->table];

    verdict->guard = NULL;
    if (batch->layout == NULL || (table->layout == batch->layout && table->prepared > 0))
        return 0;
    if (r->append && batch->layout->columns == 0) /* a file so young that it has no header yet */
        return 0;
    if (!r->approved) {
        guard_columns(table, batch->layout, source_names_all(r->p->source, batch->table), verdict);
        if (verdict->guard != NULL)
            return 0;
    }
    return land_bind(r->p, table, batch->layout, fault);
}

/* What a batch of a compared input accounts for by itself: each part that lands balances, and a part that has landed is known. */
static void
own_counts(struct batch *batch, struct daybreak_counts *rest)
{
    struct daybreak_counts *own = &batch->counts;

    for (uint32_t i = 0; i < batch->changes; i++) {
        own->created += batch->op[i] == 'c';
        own->updated += batch->op[i] == 'u';
        own->loaded += batch->op[i] == 'r';
        own->deleted += batch->op[i] == 'd';
    }
    own->absent = own->deleted;
    own->read = own->captured = own->created + own->updated + own->loaded;
    rest->created -= own->created;
    rest->updated -= own->updated;
    rest->loaded -= own->loaded;
    rest->deleted -= own->deleted;
    rest->absent -= own->absent;
    rest->read -= own->read;
    rest->captured -= own->captured;
}

/* Had it landed in part when the run before was ended? */
static bool
is_resumed(const struct reading *r)
{
    return !r->append && !r->against_target && r->landed_digest[0] != '\0' && strcmp(r->landed_digest, r->digest) == 0;
}

/* Of an input that had landed in part when its run was ended, what landed is read again as unchanged; it is not counted again. */
static int
rest_counts(struct reading *r, struct pipeline_table *table, struct daybreak_counts *rest, struct daybreak_fault *fault)
{
    struct daybreak_counts landed = {.size = sizeof landed};
    bool same;

    *rest = table->change.night;
    rest->delivered = 0;
    if (!is_resumed(r))
        return 0;
    if (settle_landed(r->p, table->config->name, &landed, &same, fault) != 0)
        return -1;
    if (landed.read > landed.captured) { /* this table had landed to its end: what was set aside, too */
        asides_clear(&table->change.asides);
        rest->read = rest->captured;
        rest->unchanged = rest->repeated = rest->invalid = rest->dead = 0;
    } else if (rest->unchanged >= landed.captured) {
        rest->read -= landed.captured;
        rest->unchanged -= landed.captured;
    }
    return 0;
}

/* A first load that landed in part is read from its beginning again, so that what comes twice is seen; what landed lands no more. */
static bool
landed_before(struct reading *r, struct batch *batch)
{
    struct pipeline_table *table = &r->p->table[batch->table];
    bool there = strcmp(batch->story.part == NULL ? "" : batch->story.part, r->landed_part) == 0;
    int beyond = there ? source_compare(r->p->source, batch->table, batch->last, r->landed_mark) : -1;

    if (!r->skipping)
        return false;
    r->skipping = beyond < 0;
    if (beyond > 0)
        return false;
    asides_clear(&table->change.asides);
    keyset_clear(table->change.back);
    ledger_add(&table->change.night, &batch->counts);
    return true;
}

static int
commit_maybe(struct reading *r, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    int64_t now = clock_steady_ms();

    if (r->uncommitted++ == 0)
        r->uncommitted_since_ms = now;
    if (r->append ? r->uncommitted < COMMIT_BATCHES && now - r->uncommitted_since_ms < COMMIT_MS
                  : p->sink->staged_changes < p->config->commit_max && !r->committed)
        return 0;
    p->position.part = arena_text(p->position_arena, batch->story.part);
    p->position.mark = arena_text(p->position_arena, batch->last);
    if (land_commit(p, false, fault) != 0)
        return -1;
    r->committed = true;
    r->uncommitted = 0;
    return 0;
}

/* First load and append: the batch lands as it came. */
static int
land_now(struct reading *r, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct pipeline_table *table = &p->table[batch->table];

    batch->counts.delivered += batch->changes;
    ledger_add(&table->change.night, &batch->counts);
    if (land_batch(p, r->input, batch, fault) != 0)
        return -1;
    land_asides(p, r->input, table);
    if (r->append)
        append_note(p, batch);
    if (keyset_count(table->change.back) > 0) {
        struct batch *back = batch_new();
        int result = change_taken_back(&table->change, back, fault);

        if (result == 0) {
            back->counts.delivered -= back->changes;
            ledger_add(&table->change.night, &back->counts);
            result = land_batch(p, r->input, back, fault);
        }
        batch_free(back);
        if (result != 0)
            return -1;
    }
    return commit_maybe(r, batch, fault);
}

/* What would land as it came, of a dry run. */
static int
count_only(struct batch *batch, struct pipeline_table *table)
{
    ledger_add(&table->change.night, &batch->counts);
    asides_clear(&table->change.asides);
    return 0;
}

/* A compared input: its changes come out of the spool. */
static int
land_spool(struct reading *r, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct batch *batch = batch_new();
    int result = 0;

    for (uint32_t t = 0; t < p->tables && result == 0; t++) {
        struct pipeline_table *table = &p->table[t];
        struct daybreak_counts rest;
        bool first = true;

        if (table->change.spool == NULL)
            continue;
        spool_rewind(table->change.spool);
        result = rest_counts(r, table, &rest, fault);
        if (result == 0)
            result = land_withdrawals(p, table, fault);
        while (result == 0) {
            uint32_t taken;
            bool more = false;

            if (change_more(&table->change, &more, fault) != 0)
                result = -1;
            if (result != 0 || (!more && !first))
                break;
            if (p->sink->staged_changes >= p->config->commit_max) { /* never with the table's last batch, which takes the rest along */
                p->position.mark = COMPARED;
                result = land_commit(p, false, fault);
                r->committed = true;
            }
            if (result == 0)
                result = change_take(&table->change, batch, fault);
            if (result != 0)
                break;
            taken = batch->changes;
            own_counts(batch, &rest);
            change_withdraw(&table->change, batch);
            batch->counts.delivered = batch->changes;
            batch->counts.withdrawn += taken - batch->changes;
            result = land_batch(p, r->input, batch, fault);
            first = false;
        }
        if (result == 0) { /* with the table's last batch: its other rows, and what was set aside */
            ledger_add(sink_row(p->sink), &rest);
            land_asides(p, r->input, table);
        }
    }
    batch_free(batch);
    return result;
}

/* A batch with nothing but counts, so that every input that ended has its commit. */
static int
land_counts(struct reading *r, uint32_t table, struct daybreak_fault *fault)
{
    struct batch *batch = batch_new();
    int result;

    batch->table = table;
    batch->story.part = "";
    snprintf(batch->last, sizeof batch->last, "end");
    result = land_batch(r->p, r->input, batch, fault);
    batch_free(batch);
    return result;
}

/* A dry run ends here: what would land is counted, nothing does. */
static int
told_only(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;

    for (uint32_t t = 0; t < p->tables; t++) {
        struct daybreak_counts night = p->table[t].change.night;

        night.delivered = night.captured + night.absent;
        ledger_add(&p->result.table[t], &night);
        ledger_add(&p->result.counts, &night);
    }
    p->result.inputs++;
    *outcome = PIPELINE_DONE;
    return give_up(r, fault);
}

struct approval {
    int64_t id;
    bool deletes_only;
};

static bool
approval_of(void *context, const struct ledger_input *input)
{
    struct approval *approval = context;

    if (input->id == approval->id)
        approval->deletes_only = input->guard != NULL && strcmp(input->guard, "max_keyless") == 0;
    return true;
}

/* Rows that were counted and set aside when the deletes were withheld are not counted again now that these are let through. */
static void
forget_rows(struct pipeline_table *table)
{
    struct daybreak_counts *night = &table->change.night;

    asides_clear(&table->change.asides);
    night->read = night->captured;
    night->unchanged = night->repeated = night->invalid = night->dead = 0;
}

/* Rows that were only ever set aside, and that the input no longer has: nobody else would ever close their dead letters. */
static int
miss_dead(struct pipeline *p, struct pipeline_table *table, int64_t *absent, struct daybreak_fault *fault)
{
    struct change *change = &table->change;

    for (uint32_t i = 0; i < keyset_count(change->dead); i++) {
        struct daybreak_text key;
        int open;

        if (!change_missing(change, i, &key))
            continue;
        open = ledger_dead_open(p->ledger, table->config->name, key.at, key.size, fault);
        if (open < 0 || (open > 0 && change_miss(change, key, fault) != 0))
            return -1;
        *absent += open;
    }
    return 0;
}

/* Whole and read: judge, then land what is left and say that the input is done. */
static int
finish(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct guard_verdict verdict = {0}, withheld = {0};

    if (r->skipping) {
        fault_set(fault, DAYBREAK_HALT, "'%s' has landed up to '%s', and has no such place any more", r->input->name, r->landed_mark);
        fault_hint(fault, "compare it with the target: daybreak run --resync");
        return fault_exit(fault, 78, "place-lost");
    }

    for (uint32_t t = 0; t < p->tables; t++) {
        struct pipeline_table *table = &p->table[t];
        int64_t absent = 0;

        if (source_parts_seen(p->source, t) == 0 && !r->append && p->limit == 0) {
            snprintf(verdict.reason, sizeof verdict.reason, "table '%s' is missing", table->config->name);
            if (give_up(r, fault) != 0)
                return -1;
            hold(r, "missing_table", verdict.reason, NULL, r->committed ? "cut" : "held");
            *outcome = PIPELINE_HELD;
            return 0;
        }
        if (!r->first && p->limit == 0 && change_absent(&table->change, &absent, fault) != 0)
            return -1;
        if (p->limit == 0) /* a part of an input has too few rows by itself */
            guard_judge(table, absent, &verdict);
        if (verdict.guard != NULL && p->tables > 1) {
            char reason[sizeof verdict.reason];

            snprintf(reason, sizeof reason, "%s", verdict.reason);
            snprintf(verdict.reason, sizeof verdict.reason, "table '%.100s': %.400s", table->config->name, reason);
        }
        if (verdict.guard != NULL && !r->approved && verdict.deletes_only) {
            if (change_withhold_absent(&table->change, fault) != 0)
                return -1;
            if (withheld.guard == NULL)
                withheld = verdict;
            absent = 0;
        } else if (verdict.guard != NULL && !r->approved) {
            if (give_up(r, fault) != 0)
                return -1;
            hold(r, verdict.guard, verdict.reason, verdict.evidence, r->committed && !r->append ? "cut" : "held");
            *outcome = PIPELINE_HELD;
            return 0;
        }
        if (!r->first && !r->append && p->limit == 0 && verdict.guard == NULL && miss_dead(p, table, &absent, fault) != 0)
            return -1;
        table->change.night.absent = absent;
        table->change.night.deleted = absent;
        if (r->deletes_only)
            forget_rows(table);
    }
    if (withheld.guard != NULL) {
        result_hold(&p->result, r->id, r->input->name, withheld.guard, withheld.reason);
        result_status(&p->result, 4, NULL);
    }
    if (p->dry_run)
        return told_only(r, outcome, fault);
    if (!r->first && !r->append && land_spool(r, fault) != 0)
        return -1;
    if (p->sink->rows == 0 && land_counts(r, 0, fault) != 0)
        return -1;
    p->position.part = "";
    p->position.mark = withheld.guard == NULL ? "end" : "withheld";
    if (settle_intend(p, &withheld, fault) != 0 || land_commit(p, true, fault) != 0)
        return -1;
    r->committed = p->unsettled = true;
    for (uint32_t t = 0; t < p->tables; t++)
        if (p->table[t].change.memory != NULL && memory_settle(p->table[t].change.memory, r->first, fault) != 0)
            return -1;
    if (settle_input(p, r->id, &withheld, r->rows, fault) != 0)
        return -1;
    p->unsettled = false;
    p->last_look_us = r->input->time_us != DAYBREAK_NO_TIME ? r->input->time_us : r->input->visible_at_us;
    p->result.inputs++;
    *outcome = withheld.guard == NULL ? PIPELINE_DONE : PIPELINE_HELD;
    if (withheld.guard == NULL)
        return source_finish(p->source, fault);
    source_abandon(p->source);
    return 0;
}

/* Every batch of the reader, until the input ends one way or the other. */
static int
drive(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct guard_verdict verdict;
    struct batch *batch;
    enum daybreak_next next;

    do {
        if (p->stop != NULL && *p->stop)
            return fault_set(fault, DAYBREAK_RETRY, "stopped while reading '%s'", r->input->name);
        if (ring_take(p->ring, &batch, fault) != 0)
            return -1;
        next = batch->next;
        if (next == DAYBREAK_INPUT_CUT) {
            struct daybreak_fault why = *batch->cut;

            ring_return(p->ring, batch);
            return cut_off(r, &why, outcome, fault);
        }
        if (columns_check(r, batch, &verdict, fault) != 0) {
            struct daybreak_fault why = *fault;

            ring_return(p->ring, batch);
            if (fault->kind != DAYBREAK_ASIDE)
                return -1;
            memset(fault, 0, sizeof *fault);
            return cut_off(r, &why, outcome, fault);
        }
        if (verdict.guard != NULL) {
            ring_return(p->ring, batch);
            reader_join(p);
            if (digest_take(r, fault) != 0 || give_up(r, fault) != 0)
                return -1;
            hold(r, verdict.guard, verdict.reason, verdict.evidence, r->committed && !r->append ? "cut" : "held");
            *outcome = PIPELINE_HELD;
            return 0;
        }
        if (batch->rows.rows > 0) {
            struct pipeline_table *table = &p->table[batch->table];
            int result;

            table->read += batch->rows.rows;
            r->rows += batch->rows.rows;
            if (!p->all_land)
                key_make(&table->keys, batch);
            result = r->against_target && !table->seeded ? resync_seed(p, table, batch, fault) : 0;
            table->seeded = true;
            if (result == 0)
                result = change_capture(&table->change, batch, fault);
            if (result == 0 && (r->first || r->append) && !landed_before(r, batch))
                result = p->dry_run ? count_only(batch, table) : land_now(r, batch, fault);
            if (result != 0) {
                ring_return(p->ring, batch);
                return -1;
            }
            if (p->progress != NULL)
                p->progress(p, r->input, (int64_t)batch_byte(batch, batch->rows.rows - 1), r->rows);
        }
        ring_return(p->ring, batch);
    } while (next != DAYBREAK_INPUT_END);
    pthread_join(p->reader, NULL);
    p->reading = false;
    if (digest_take(r, fault) != 0)
        return -1;
    if (source_changed(p->source) && !r->append) {
        *outcome = PIPELINE_CHANGED;
        LOG_WARN("input was altered while it was read, nothing of it was taken: input=%s", r->input->name);
        return give_up(r, fault);
    }
    return finish(r, outcome, fault);
}

static void
order_text(const struct daybreak_input *input, char order[600])
{
    char instant[CLOCK_TEXT_ROOM] = "-";
    const char *name = strrchr(input->name, '/') == NULL ? input->name : strrchr(input->name, '/') + 1;

    if (input->time_us != DAYBREAK_NO_TIME)
        clock_text(input->time_us, instant);
    snprintf(order, 600, "%s %.500s", instant, name);
}

/* Content seen before, or older than what was applied: 1 when the input is settled by that, 0 to go on. */
static int
known_content(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct ledger_input last = {0};
    char order[512], reason[700];
    int64_t same = 0;
    int found = ledger_input_last(p->ledger, &last, fault), known, touched = 0;

    if (found < 0)
        return -1;
    known = found == 0 ? 0 : ledger_input_by_digest(p->ledger, r->digest, &same, order, fault);
    if (known < 0)
        goto fail;
    if (known == 1 && !r->approved) { /* a folder that was moved or restored is no folder of older dumps */
        touched = ledger_input_unchanged(p->ledger, r->input->name, r->digest, fault);
        if (touched < 0)
            goto fail;
    }
    if (known == 1 && (touched == 1 || strcmp(last.digest, r->digest) == 0)) {
        if (!p->dry_run && ledger_input_end(p->ledger, r->id, "repeated", NULL, NULL, NULL, 0, -1, fault) != 0)
            goto fail;
        p->result.inputs++;
        p->result.repeated_inputs++;
        *outcome = PIPELINE_DONE;
        ledger_input_fini(&last);
        if (p->dry_run)
            source_abandon(p->source);
        return p->dry_run || source_finish(p->source, fault) == 0 ? 1 : -1;
    }
    if (!r->approved && (known == 1 || (found == 1 && r->input->time_us != DAYBREAK_NO_TIME &&
                                        last.time_us != DAYBREAK_NO_TIME && r->input->time_us < last.time_us))) {
        snprintf(reason, sizeof reason, "older than the last: %s",
                 known == 1 ? "its content was applied before, and other content since" : last.name);
        hold(r, "older", reason, NULL, "held");
        source_abandon(p->source);
        *outcome = PIPELINE_HELD;
        ledger_input_fini(&last);
        return 1;
    }
    ledger_input_fini(&last);
    return 0;

fail:
    ledger_input_fini(&last);
    return -1;
}

/* Must its content be known before it is read? Not when no input of its size was ever applied: then it is new, and nothing of it lands
 * before it was compared to its end. 1, 0, or -1. */
static int
digest_first(struct reading *r, struct daybreak_fault *fault)
{
    struct ledger_input last = {0};
    int found;
    bool older;

    if (r->append || r->against_target || r->approved || r->p->resync)
        return 1;
    found = ledger_input_last(r->p->ledger, &last, fault);
    if (found < 0)
        return -1;
    older = r->input->time_us != DAYBREAK_NO_TIME && last.time_us != DAYBREAK_NO_TIME && r->input->time_us < last.time_us;
    ledger_input_fini(&last);
    return found == 0 || older ? 1 : ledger_input_same_size(r->p->ledger, r->input->bytes, fault);
}

/* With the same pipeline file what landed would land the same; with another one it is compared, and differences land. */
static int
resume(struct reading *r, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;

    for (uint32_t t = 0; t < p->tables; t++) {
        struct daybreak_counts landed = {.size = sizeof landed};
        bool same;

        if (settle_landed(p, p->table[t].config->name, &landed, &same, fault) != 0)
            return -1;
        if (!same)
            return 0;
    }
    r->skipping = true;
    return 0;
}

static int
begin(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct ledger_input record = {.name = r->input->name, .fingerprint = r->input->fingerprint, .digest = "",
                                  .bytes = r->input->bytes, .order = r->order, .time_us = r->input->time_us,
                                  .visible_at_us = r->input->visible_at_us, .taken_at_us = clock_now_us(), .run = p->run};
    struct ledger_input last = {0};
    char state[16];
    int found;

    order_text(r->input, r->order);
    if (ledger_input_taken(p->ledger, r->input->name, r->input->fingerprint, state, fault) < 0 ||
        (!p->dry_run && ledger_input_add(p->ledger, &record, &r->id, fault) != 0))
        return -1;
    r->approved = strcmp(state, "approved") == 0;
    if (r->approved) {
        struct approval approval = {.id = r->id};

        if (ledger_inputs(p->ledger, "approved", approval_of, &approval, fault) != 0)
            return -1;
        r->deletes_only = approval.deletes_only;
    }
    p->release = r->approved;
    r->append = p->table[0].config->capture.method != CONFIG_DIFF;
    if (r->append && !r->input->packed)
        return append_begin(p, r->input, r->digest, fault);
    r->against_target = !r->append && (p->resync || (p->config->sink.existing == DAYBREAK_EXISTING_ADOPT && p->sink->batch == 0));
    found = digest_first(r, fault);
    if (found <= 0)
        return found;
    if (digest_take(r, fault) != 0)
        return -1;
    found = p->resync ? 0 : known_content(r, outcome, fault);
    if (found != 0)
        return found;
    found = ledger_input_last(p->ledger, &last, fault);
    if (found < 0)
        return -1;
    ledger_input_fini(&last);
    /* nothing was ever finished, and what landed (if anything) came from this very content, not from a dump that it took the place of */
    r->first = !r->append && !r->against_target && found == 0 && strcmp(r->landed_mark, COMPARED) != 0 && !r->landed_end &&
               (r->landed_digest[0] == '\0' || strcmp(r->landed_digest, r->digest) == 0);
    return r->first && is_resumed(r) ? resume(r, fault) : 0;
}

static int
input_take(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct source_start start = {.part = "", .mark = ""};
    int result;

    if (p->resync && p->table[0].config->capture.method != CONFIG_DIFF) {
        fault_set(fault, DAYBREAK_HALT, "only a source captured by diff can be compared with its target");
        return fault_exit(fault, 78, "no-resync");
    }
    if (land_forget(p, fault) != 0)
        return -1;
    pipeline_position_load(p);
    r->landed_end = position_finished(&p->position);
    r->landed_digest = arena_text(p->arena, r->landed_end ? "" : p->position.digest);
    r->landed_part = arena_text(p->arena, p->position.part);
    r->landed_mark = arena_text(p->arena, p->position.mark);
    result = begin(r, outcome, fault);
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (r->append)
        append_start(p, r->input, r->digest, &start);
    p->position.order = arena_text(p->position_arena, r->order);
    p->position.digest = arena_text(p->position_arena, r->digest);
    for (uint32_t t = 0; t < p->tables; t++) {
        struct pipeline_table *table = &p->table[t];

        table->read = 0;
        table->seeded = false;
        settle_columns(p, table);
        change_begin(&table->change, r->first);
        table->change.resync = p->resync;
        if (table->change.last_layout == NULL)
            table->change.last_layout = table->layout;
    }
    p->all_land = r->first || r->append;
    source_start(p->source, r->input, &start);
    if (reader_start(p, fault) != 0 || drive(r, outcome, fault) != 0) {
        give_up(r, fault);
        return -1;
    }
    return 0;
}

int
pipeline_input(struct pipeline *p, const struct daybreak_input *input, enum pipeline_outcome *outcome,
               struct daybreak_fault *fault)
{
    struct daybreak_input own = *input; /* the source forgets its names as soon as the input is given up, and a hold comes after */
    struct reading r = {.p = p, .input = &own};
    char *name = memory_text(input->name), *fingerprint = memory_text(input->fingerprint);
    int result;

    own.name = name;
    own.fingerprint = fingerprint;
    result = input_take(&r, outcome, fault);
    free(name);
    free(fingerprint);
    return result;
}
