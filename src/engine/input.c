/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One input from its first byte to its commit. The reading thread gives batches; this one compares, judges and lands. Whatever stops
 * it, the input is then either wholly accounted for or as if it had never been looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "change/memory.h"
#include "engine/append.h"
#include "engine/guard_manifest.h"
#include "engine/lookup_files.h"
#include "engine/reading.h"
#include "engine/rehearsal.h"
#include "engine/resync.h"
#include "engine/ring.h"
#include "engine/settle.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"
#include "step/contract.h"

void
input_hold(struct reading *r, const char *guard, const char *reason, const char *evidence, const char *state)
{
    struct pipeline *p = r->p;
    struct daybreak_fault fault = {0};
    struct result_held *held;

    if (ledger_input_end(p->ledger, r->id, state, guard, reason, evidence, r->rows, p->sink->batch, &fault) != 0)
        LOG_ERROR("cannot record the held input: input=%s: %s", r->input->name, fault.what);
    held = result_hold(&p->result, p->dry_run ? 0 : r->id, r->input->name, guard, reason);
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
int
input_digest(struct reading *r, struct daybreak_fault *fault)
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
    return ledger_input_digest(p->ledger, r->id, r->digest, r->order, fault);
}

static int
cut_off(struct reading *r, const struct daybreak_fault *why, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    const struct config_guards *guards = &r->p->table[0].config->capture.guards;
    const char *guard = why->code[0] != '\0' ? "missing_column" : "unreadable";
    struct text reason = {0}, evidence = {0};
    const char *said;
    int result;

    reader_join(r->p);
    if (input_digest(r, fault) != 0)
        return -1;
    text_put(&reason, why->what);
    if (why->hint[0] != '\0')
        text_printf(&reason, " (%s)", why->hint);
    said = source_evidence(r->p->source);
    if (said[0] != '\0') {
        struct json json;

        json_init(&json, &evidence, false);
        json_object(&json, NULL);
        json_text(&json, "stderr", said);
        json_close(&json);
    }
    result = give_up(r, fault);
    if (result == 0 && guards->unreadable == CONFIG_UNREADABLE_DEAD && !r->committed) {
        result = append_unreadable(r->p, r->input, r->id, text_end(&reason), fault);
        *outcome = PIPELINE_DONE;
    } else if (result == 0) {
        rehearsal_input(r->p, r->input, "held", text_end(&reason));
        input_hold(r, guard, text_end(&reason), evidence.size == 0 ? NULL : text_end(&evidence), r->committed && !r->append ? "cut" : "held");
        *outcome = PIPELINE_HELD;
    }
    text_fini(&reason);
    text_fini(&evidence);
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
    return land_bind(r->p, table, batch->layout, source_names_all(r->p->source, batch->table), fault);
}

/* A guard tripped: nothing of the input lands. A dry run shows what would if somebody let it through. */
static int
guarded(struct reading *r, const struct guard_verdict *verdict, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    if (r->p->dry_run && !r->first && !r->append && passage_spool(r, fault) != 0)
        return -1;
    rehearsal_input(r->p, r->input, "held", verdict->reason);
    if (give_up(r, fault) != 0)
        return -1;
    input_hold(r, verdict->guard, verdict->reason, verdict->evidence, r->committed && !r->append ? "cut" : "held");
    *outcome = PIPELINE_HELD;
    return 0;
}

/* --limit: what was read of a log has landed, and the next run goes on behind it. */
static int
limited(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;

    if (land_commit(p, false, fault) != 0)
        return -1;
    p->result.inputs++;
    rehearsal_input(p, r->input, "part", NULL);
    *outcome = PIPELINE_DONE;
    source_abandon(p->source);
    return 0;
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
    struct guard_verdict verdict = {0}, withheld = {0}, tripped = {0};
    bool whole = p->limit == 0 || p->limit_left > 0;

    if (r->skipping) {
        fault_set(fault, DAYBREAK_HALT, "'%s' has landed up to '%s', and has no such place any more", r->input->name, r->landed_mark);
        fault_hint(fault, "compare it with the target: daybreak run --resync");
        return fault_exit(fault, 78, "place-lost");
    }

    if (whole && !r->approved && (!r->append || r->input->packed)) { /* a file that grows is what it is so far */
        if (guard_manifest_judge(p, r->input, &verdict, fault) != 0)
            return -1;
        if (verdict.guard != NULL) {
            rehearsal_guard(p, r->input, p->table[0].config->name, &verdict);
            if (!p->dry_run)
                return guarded(r, &verdict, outcome, fault);
            tripped = verdict;
        }
    }
    for (uint32_t t = 0; t < p->tables; t++) {
        struct pipeline_table *table = &p->table[t];
        int64_t absent = 0;

        if (source_parts_seen(p->source, t) == 0 && !r->append && whole) {
            snprintf(verdict.reason, sizeof verdict.reason, "table '%s' is missing", table->config->name);
            rehearsal_input(p, r->input, "held", verdict.reason);
            if (give_up(r, fault) != 0)
                return -1;
            input_hold(r, "missing_table", verdict.reason, NULL, r->committed ? "cut" : "held");
            *outcome = PIPELINE_HELD;
            return 0;
        }
        if (!r->first && whole && change_absent(&table->change, &absent, fault) != 0)
            return -1;
        if (whole) /* a part of an input has too few rows by itself */
            guard_judge(table, absent, &verdict);
        if (verdict.guard != NULL && p->tables > 1) {
            char reason[sizeof verdict.reason];

            snprintf(reason, sizeof reason, "%s", verdict.reason);
            snprintf(verdict.reason, sizeof verdict.reason, "table '%.100s': %.400s", table->config->name, reason);
        }
        if (verdict.guard != NULL && !r->approved)
            rehearsal_guard(p, r->input, table->config->name, &verdict);
        if (verdict.guard != NULL && !r->approved && verdict.deletes_only) {
            if (change_withhold_absent(&table->change, fault) != 0)
                return -1;
            if (withheld.guard == NULL)
                withheld = verdict;
            absent = 0;
        } else if (verdict.guard != NULL && !r->approved) {
            if (!p->dry_run) /* which shows what the other tables would do, too */
                return guarded(r, &verdict, outcome, fault);
            tripped = tripped.guard == NULL ? verdict : tripped;
        }
        if (!r->first && !r->append && whole && verdict.guard == NULL && miss_dead(p, table, &absent, fault) != 0)
            return -1;
        table->change.night.absent = absent;
        table->change.night.deleted = absent;
        if (r->deletes_only)
            forget_rows(table);
    }
    if (tripped.guard != NULL)
        return guarded(r, &tripped, outcome, fault);
    if (withheld.guard != NULL) {
        result_hold(&p->result, p->dry_run ? 0 : r->id, r->input->name, withheld.guard, withheld.reason);
        result_status(&p->result, 4, NULL);
    }
    if (!r->first && !r->append && passage_spool(r, fault) != 0)
        return -1;
    if (p->sink->rows == 0 && passage_counts(r, 0, fault) != 0)
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
    rehearsal_input(p, r->input, withheld.guard == NULL ? "lands" : "withheld", withheld.guard == NULL ? NULL : withheld.reason);
    if (withheld.guard == NULL && !p->dry_run)
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
            uint32_t table_of = batch->table;

            ring_return(p->ring, batch);
            reader_join(p);
            if (input_digest(r, fault) != 0)
                return -1;
            rehearsal_guard(p, r->input, p->table[table_of].config->name, &verdict);
            rehearsal_input(p, r->input, "held", verdict.reason);
            if (give_up(r, fault) != 0)
                return -1;
            input_hold(r, verdict.guard, verdict.reason, verdict.evidence, r->committed && !r->append ? "cut" : "held");
            *outcome = PIPELINE_HELD;
            return 0;
        }
        if (batch->rows.rows > 0) {
            struct pipeline_table *table = &p->table[batch->table];
            int result;

            table->read += batch->rows.rows;
            r->rows += batch->rows.rows;
            if (batch->binding == NULL) /* the reading thread had no time for it */
                key_make(&table->keys, batch);
            result = table->contract == NULL ? 0 : contract_run(table->contract, batch, fault);
            if (result == 0 && r->against_target && !table->seeded)
                result = resync_seed(p, table, batch, fault);
            table->seeded = true;
            if (result == 0 && r->against_target)
                result = resync_shape(table, batch, fault);
            if (result == 0)
                result = change_capture(&table->change, batch, fault);
            if (result == 0 && (r->first || r->append) && !passage_landed(r, batch))
                result = passage_now(r, batch, fault);
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
    p->limit_left -= p->limit_left > r->rows ? r->rows : p->limit_left;
    if (p->limit > 0 && p->limit_left == 0 && r->append)
        return limited(r, outcome, fault);
    if (input_digest(r, fault) != 0)
        return -1;
    if (source_changed(p->source) && !r->append) {
        *outcome = PIPELINE_CHANGED;
        LOG_WARN("input was altered while it was read, nothing of it was taken: input=%s", r->input->name);
        return give_up(r, fault);
    }
    return finish(r, outcome, fault);
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
    r->landed_digest = memory_text(r->landed_end ? "" : p->position.digest);
    r->landed_part = memory_text(p->position.part);
    r->landed_mark = memory_text(p->position.mark);
    result = arrival_begin(r, outcome, fault);
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (lookup_files_begin(p->lookups, r->input, fault) != 0) {
        source_abandon(p->source);
        return -1;
    }
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
    free(r.landed_digest);
    free(r.landed_part);
    free(r.landed_mark);
    free(name);
    free(fingerprint);
    return result;
}
