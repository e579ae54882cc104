/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a captured batch to its commit. The order is the promise: dead letters provisional, memory journalled, then the target's one
 * commit, then the ledger's. A kill between any two is told apart at the next start by what the target says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "change/memory.h"
#include "engine/before.h"
#include "engine/pipeline.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"

/* Dead letters of what is staged, and the keys whose older ones end with it. */
struct letter {
    struct ledger_dead dead;
    struct letter *next;
};

struct closing {
    uint32_t table;
    struct daybreak_text key;
    bool good_row;
    struct closing *next;
};

struct letters {
    struct arena *arena;
    struct letter *first, **end;
    struct closing *closings;
    uint32_t count;
};

struct letters *
letters_new(void)
{
    struct letters *letters = memory_zero(sizeof *letters);

    letters->arena = arena_new();
    letters->end = &letters->first;
    return letters;
}

void
letters_free(struct letters *letters)
{
    if (letters == NULL)
        return;
    arena_free(letters->arena);
    free(letters);
}

void
letters_clear(struct letters *letters)
{
    letters->first = NULL;
    letters->end = &letters->first;
    letters->closings = NULL;
    letters->count = 0;
    arena_reset(letters->arena);
}

uint32_t
letters_count(const struct letters *letters)
{
    return letters->count;
}

static struct ledger_dead *
letter_new(struct pipeline *p)
{
    struct letter *letter = arena_zero(p->letters->arena, sizeof *letter);

    *p->letters->end = letter;
    p->letters->end = &letter->next;
    p->letters->count++;
    letter->dead.pipeline = p->config->name;
    letter->dead.batch = p->sink->batch + p->sink->rows;
    letter->dead.at_us = clock_now_us();
    letter->dead.line = letter->dead.byte = -1;
    return &letter->dead;
}

static const char *
keep(struct pipeline *p, const char *text)
{
    return text == NULL ? NULL : arena_text(p->letters->arena, text);
}

static const char *
keep_bytes(struct pipeline *p, const char *at, uint32_t size)
{
    return at == NULL ? NULL : arena_bytes(p->letters->arena, at, size);
}

static const char *
key_shown(struct pipeline *p, const struct pipeline_table *table, const char *key, uint32_t size)
{
    struct text out = {0};
    const char *copy;

    if (size == 0 || table->config->capture.key.count == 0)
        return NULL;
    key_show(key, size, table->config->capture.key.count, &out);
    copy = keep_bytes(p, text_end(&out), (uint32_t)out.size);
    text_fini(&out);
    return copy;
}

void
land_asides(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table)
{
    struct asides *asides = &table->change.asides;

    for (uint32_t i = 0; i < asides->count; i++) {
        const struct aside *aside = &asides->item[i];
        struct ledger_dead *dead = letter_new(p);

        dead->table = table->config->name;
        dead->stage = "source";
        dead->rule = keep(p, aside->reason);
        dead->reason = keep(p, aside->reason);
        dead->detail = keep(p, aside->detail);
        dead->key = key_shown(p, table, aside->key, aside->key_size);
        dead->key_bytes = keep_bytes(p, aside->key, aside->key_size);
        dead->key_size = aside->key_size;
        dead->input = keep(p, input->name);
        dead->member = aside->member == NULL ? "" : keep(p, aside->member);
        dead->line = aside->line;
        dead->byte = aside->byte;
        dead->field = keep(p, aside->field);
        dead->value = keep_bytes(p, aside->value, aside->value_size);
        dead->value_size = aside->value_size;
        dead->record = keep_bytes(p, aside->record, aside->record_size);
        dead->record_size = aside->record_size;
        dead->record_is_json = aside->record != NULL && aside->record_size > 1 && aside->record[aside->record_size - 1] == '}';
        dead->op = strcmp(aside->reason, "again") == 0 ? 'c' : 0;
    }
    asides_clear(asides);
}

/* What the record is to the target: a key of which no version ever arrived is still to be created there. */
static char
refused_op(struct pipeline *p, const struct pipeline_table *table, const struct ledger_dead *dead, char op)
{
    struct daybreak_fault fault = {0};

    if (p->resync)
        return op == 'r' ? 'u' : op;
    if (op != 'u' || dead->key_size == 0 || !keyset_has(table->change.dead, dead->key_bytes, dead->key_size))
        return op;
    return ledger_dead_undelivered(p->ledger, dead->table, dead->key_bytes, dead->key_size, &fault) == 1 ? 'c' : op;
}

/* What the target refused: the row as it would have been delivered, and the target's words. */
static void
refused(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table, struct batch *batch)
{
    for (uint32_t k = 0; k < batch->refused_count; k++) {
        const struct batch_refusal *refusal = &batch->refused[k];
        uint32_t row = batch->pick[refusal->change];
        struct ledger_dead *dead = letter_new(p);
        struct text record = {0};
        struct json json;
        char hex[33];

        dead->handoff = p->config->sink.handoff;
        dead->table = table->config->name;
        dead->stage = "sink";
        dead->rule = keep(p, refusal->rule);
        dead->reason = keep(p, refusal->rule);
        dead->detail = keep(p, refusal->reason);
        if (batch->key != NULL && batch->key[row].size != DAYBREAK_NULL) {
            dead->key = key_shown(p, table, batch->key[row].at, batch->key[row].size);
            dead->key_bytes = keep_bytes(p, batch->key[row].at, batch->key[row].size);
            dead->key_size = batch->key[row].size;
        }
        dead->input = keep(p, input->name);
        dead->member = keep(p, batch->story.part);
        if (batch->position[refusal->change].size > 0) {
            const char *at = batch->position[refusal->change].at, *end = at + batch->position[refusal->change].size;
            const char *colon = memchr(at, ':', (size_t)(end - at));

            dead->line = strtoll(at, NULL, 10);
            dead->byte = colon == NULL ? -1 : strtoll(colon + 1, NULL, 10);
        }
        json_init(&json, &record, false);
        json_object(&json, NULL);
        for (uint32_t column = 0; column < batch->rows.columns; column++) {
            struct daybreak_text cell = batch_cell(batch, row, column);

            if (cell.size != DAYBREAK_NULL)
                json_bytes(&json, batch->layout->name[column], cell.at, cell.size);
        }
        json_close(&json);
        dead->record = keep_bytes(p, record.at, (uint32_t)record.size);
        dead->record_size = (uint32_t)record.size;
        dead->record_is_json = true;
        dead->op = refused_op(p, table, dead, batch->op[refusal->change]);
        text_hex(batch->event_id[refusal->change], 16, hex);
        hex[32] = '\0';
        dead->event_id = keep(p, hex);
        text_fini(&record);
    }
}

static uint32_t
context_column(const struct step_plan *plan, const char *name)
{
    uint32_t at = name == NULL ? UINT32_MAX : step_plan_find(plan, name);

    return at == UINT32_MAX ? UINT32_MAX : plan->from[at];
}

static void
envelope_bind(struct pipeline *p, struct pipeline_table *table)
{
    const struct config_context *context = &table->config->context;
    uint32_t *related = arena_alloc(p->arena, (context->related_count + 1) * sizeof *related);

    for (uint32_t i = 0; i < context->related_count; i++)
        related[i] = context_column(&table->plan, context->related[i].column);
    table->envelope = (struct envelope_plan){
        .changed_at = context_column(&table->plan, context->changed_at),
        .reason = context->reason_is_text ? UINT32_MAX : context_column(&table->plan, context->reason),
        .actor = context->actor_is_text ? UINT32_MAX : context_column(&table->plan, context->actor),
        .reason_text = context->reason_is_text ? context->reason : NULL,
        .actor_text = context->actor_is_text ? context->actor : NULL,
        .related = related,
    };
}

int
land_bind(struct pipeline *p, struct pipeline_table *table, const struct batch_layout *layout, struct daybreak_fault *fault)
{
    struct step_plan plan;

    if (table->layout == layout && table->prepared > 0)
        return 0;
    if (step_plan_make(p->arena, table->config, layout, table->layout == NULL ? NULL : &table->plan, &plan, fault) != 0)
        return fault_within(fault, "table '%s'", table->config->name);
    table->plan = plan;
    table->layout = layout;
    envelope_bind(p, table);
    if (table->prepared != plan.columns) {
        if (sink_prepare(p->sink, table->index, plan.column, plan.columns, fault) != 0)
            return -1;
        table->prepared = plan.columns;
    }
    return 0;
}

static const char *
basis_of(const struct pipeline_table *table, const struct daybreak_input *input)
{
    if (table->envelope.changed_at != UINT32_MAX)
        return lag_basis_name[LAG_SOURCE_TIME];
    if (table->config->capture.method == CONFIG_DIFF)
        return lag_basis_name[LAG_BOUNDED];
    return lag_basis_name[input->time_us != DAYBREAK_NO_TIME ? LAG_NAME_TIME : LAG_FILE_TIME];
}

static void
story_fill(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table, struct batch *batch)
{
    struct daybreak_story *story = &batch->story;

    story->size = sizeof *story;
    story->pipeline = p->config->name;
    story->pipeline_id = p->identity.id;
    story->pipeline_version = p->config->version_digest;
    story->run = p->run;
    story->connector = source_connector(p->source);
    story->source = input->name;
    story->input = arena_printf(batch->arena, "%s %s", p->position.order, p->position.digest);
    story->table = table->config->name;
    story->time_basis = basis_of(table, input);
    story->trace = p->trace;
    story->visible_at = input->visible_at_us;
    if (story->read_at == 0)
        story->read_at = clock_now_us();
    story->ready_at = clock_now_us();
}

/* Lag of each change of the batch, in the unit that the old job is measured in too. */
static void
lag_note_batch(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table,
               struct batch *batch)
{
    bool backlog = input->visible_at_us < p->first_seen_us;
    bool diff = table->config->capture.method == CONFIG_DIFF;
    bool *refused = NULL;

    if (batch->refused_count > 0)
        refused = arena_zero(batch->arena, batch->changes * sizeof *refused);
    for (uint32_t k = 0; k < batch->refused_count; k++)
        refused[batch->refused[k].change] = true;
    for (uint32_t i = 0; i < batch->changes; i++) {
        if (refused != NULL && refused[i])
            continue;
        struct lag_change change = {.changed_at_us = batch->changed_at[i], .visible_at_us = batch->story.visible_at,
                                    .read_at_us = batch->story.read_at, .ready_at_us = batch->story.ready_at,
                                    .loaded_at_us = batch->story.loaded_at, .since_us = DAYBREAK_NO_TIME};

        if (batch->op[i] == 'r')
            change.kind = p->resync ? LAG_RESYNC : LAG_FIRST_LOAD;
        else
            change.kind = p->release ? LAG_RELEASE : backlog ? LAG_BACKLOG : LAG_NORMAL;
        change.basis = LAG_SOURCE_TIME;
        if (change.changed_at_us == DAYBREAK_NO_TIME && diff) {
            change.basis = LAG_BOUNDED;
            change.since_us = p->last_look_us;
        } else if (change.changed_at_us == DAYBREAK_NO_TIME) {
            change.basis = input->time_us != DAYBREAK_NO_TIME ? LAG_NAME_TIME : LAG_FILE_TIME;
            change.changed_at_us = input->time_us;
        }
        lag_set_note(&p->lag, &change);
    }
}

int
land_batch(struct pipeline *p, const struct daybreak_input *input, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline_table *table = &p->table[batch->table];

    story_fill(p, input, table, batch);
    if (batch->changes > 0) {
        if (land_bind(p, table, batch->layout, fault) != 0)
            return -1;
        batch->out_columns = table->plan.columns;
        batch->out = table->plan.column;
        batch->out_from = table->plan.from;
        batch_type(batch, batch->pick, batch->changes);
        if (batch->has_before)
            before_show(table->config, batch);
        envelope_fill(batch, &table->config->context, &table->envelope, p->position.digest);
    }
    if (sink_stage(p->sink, batch, fault) != 0)
        return -1;
    if (batch->changes > 0)
        lag_note_batch(p, input, table, batch);
    if (batch->refused_count > 0) {
        struct daybreak_counts *row = sink_row(p->sink);

        if (p->config->sink.refused == CONFIG_REFUSED_STOP) {
            fault_set(fault, DAYBREAK_HALT, "the target refused a record of table '%s': %s: %s", table->config->name,
                      batch->refused[0].rule, batch->refused[0].reason);
            fault_hint(fault, "on_error.refused is 'stop'; 'dead_letter' would set it aside and go on");
            return fault_exit(fault, 78, "refused");
        }
        row->dead += batch->refused_count;
        row->delivered -= batch->refused_count;
        refused(p, input, table, batch);
    }
    return 0;
}

int
land_withdrawals(struct pipeline *p, struct pipeline_table *table, struct daybreak_fault *fault)
{
    struct change *change = &table->change;

    for (uint32_t i = 0; i < keyset_count(change->gone); i++) {
        struct daybreak_text key;
        int never;

        keyset_get(change->gone, i, &key);
        never = 1;
        if (!keyset_has(change->missed, key.at, key.size))
            never = ledger_dead_undelivered(p->ledger, table->config->name, key.at, key.size, fault);
        if (never < 0)
            return -1;
        if (never > 0)
            keyset_add(change->withdrawn, key.at, key.size);
    }
    return 0;
}

static int
letters_write(struct pipeline *p, struct daybreak_fault *fault)
{
    bool closing = false;

    for (uint32_t t = 0; t < p->tables; t++)
        closing |= keyset_count(p->table[t].change.healed) > 0 || keyset_count(p->table[t].change.same) > 0 ||
                   keyset_count(p->table[t].change.gone) > 0;
    if (p->letters->count == 0 && !closing)
        return 0;
    if (ledger_provisional_begin(p->ledger, fault) != 0)
        return -1;
    p->provisional = true;
    for (uint32_t t = 0; t < p->tables; t++)
        for (int said = LEDGER_KEY_GONE; said <= LEDGER_KEY_SAME; said++) {
            const struct change *change = &p->table[t].change;
            struct keyset *keys = said == LEDGER_KEY_GONE ? change->gone : said == LEDGER_KEY_CHANGED ? change->healed : change->same;

            for (uint32_t i = 0; i < keyset_count(keys); i++) {
                struct daybreak_text key;

                keyset_get(keys, i, &key);
                if (said != LEDGER_KEY_GONE && keyset_has(change->ambiguous, key.at, key.size))
                    continue; /* its row looked good until another came */
                if (said == LEDGER_KEY_GONE && keyset_has(change->withdrawn, key.at, key.size)
                        ? ledger_dead_withdraw_key(p->ledger, p->table[t].config->name, key.at, key.size,
                                                   p->sink->batch + p->sink->rows, sink_row(p->sink), fault) != 0
                        : ledger_dead_close_key(p->ledger, p->table[t].config->name, key.at, key.size, (enum ledger_key)said,
                                                p->sink->batch + p->sink->rows, sink_row(p->sink), fault) != 0)
                    goto drop;
            }
        }
    for (const struct letter *letter = p->letters->first; letter != NULL; letter = letter->next)
        if (ledger_dead_add(p->ledger, &letter->dead, NULL, fault) != 0)
            goto drop;
    CRASH_POINT("land.before-provisional");
    if (ledger_provisional_commit(p->ledger, fault) != 0)
        return -1;
    CRASH_POINT("land.provisional");
    return 0;

drop:
    ledger_provisional_drop(p->ledger);
    return -1;
}

/* More dead letters than a wrong record or two: a wrong mapping must not file a whole dump. */
static int
too_many_dead(struct pipeline *p, struct daybreak_fault *fault)
{
    int64_t read = p->result.counts.read, dead = p->result.new_dead + p->letters->count, limit;

    for (uint32_t i = 0; i < p->sink->rows; i++)
        read += p->sink->row[i].counts.read;
    limit = (int64_t)(p->config->max_dead_share * (double)read);
    if (limit < p->config->max_dead)
        limit = p->config->max_dead;
    if (dead <= limit)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "%lld records of this run would become dead letters, at most %lld may", (long long)dead,
              (long long)limit);
    fault_hint(fault, "is a field's type or a transform wrong? first reason: %s; raise max_dead if they are meant to be set aside",
               p->letters->first == NULL ? "?" : p->letters->first->dead.detail);
    return fault_exit(fault, 78, "max-dead");
}

static void
result_take(struct pipeline *p)
{
    for (uint32_t i = 0; i < p->sink->rows; i++) {
        const struct daybreak_batch_row *row = &p->sink->row[i];

        ledger_add(&p->result.counts, &row->counts);
        for (uint32_t t = 0; t < p->tables; t++)
            if (strcmp(p->table[t].config->name, row->story->table) == 0)
                ledger_add(&p->result.table[t], &row->counts);
    }
    p->result.batches += p->sink->rows;
    p->result.new_dead += p->letters->count;
    lag_set_merge(&p->result.lag, &p->lag);
}

/* A later input of the same run may heal them. */
static void
dead_remember(struct pipeline *p)
{
    for (const struct letter *letter = p->letters->first; letter != NULL; letter = letter->next)
        for (uint32_t t = 0; letter->dead.key_size > 0 && t < p->tables; t++)
            if (strcmp(p->table[t].config->name, letter->dead.table) == 0)
                keyset_add(p->table[t].change.dead, letter->dead.key_bytes, letter->dead.key_size);
}

int
land_commit(struct pipeline *p, bool input_end, struct daybreak_fault *fault)
{
    struct text position = {0};
    int64_t last = p->sink->batch + p->sink->rows;
    int result = -1;

    if (p->sink->rows == 0)
        return 0;
    position_write(&p->position, &position);
    if (too_many_dead(p, fault) != 0 || letters_write(p, fault) != 0)
        goto done;
    for (uint32_t t = 0; t < p->tables; t++)
        if (p->table[t].change.memory != NULL && memory_journal(p->table[t].change.memory, last, fault) != 0)
            goto done;
    CRASH_POINT("land.journalled");
    if (sink_commit(p->sink, text_end(&position), input_end, &p->lag, fault) != 0)
        goto done;
    LOG_INFO("batch landed: pipeline=%s batch=%lld records=%lld lag_ms=%lld", p->config->name, (long long)last,
             (long long)p->sink->staged_changes, (long long)lag_quantile(&p->lag.hop[LAG_END_TO_END], 1.0));
    result_take(p);
    sink_settled(p->sink);
    p->provisional = false;
    for (uint32_t t = 0; t < p->tables; t++) {
        if (p->table[t].change.memory != NULL)
            memory_landed(p->table[t].change.memory);
        keyset_clear(p->table[t].change.healed);
        keyset_clear(p->table[t].change.same);
        keyset_clear(p->table[t].change.gone);
    }
    if (p->letters->count > 0 && p->sink->follows)
        LOG_WARN("records were set aside: pipeline=%s records=%lu input=%s: %s", p->config->name, (unsigned long)p->letters->count,
                 p->letters->first->dead.input == NULL ? "" : p->letters->first->dead.input, p->letters->first->dead.reason);
    dead_remember(p);
    letters_clear(p->letters);
    lag_set_clear(&p->lag);
    result = 0;
done:
    text_fini(&position);
    return result;
}

void
land_rollback(struct pipeline *p)
{
    sink_rollback(p->sink);
    letters_clear(p->letters);
    lag_set_clear(&p->lag);
}

int
land_forget(struct pipeline *p, struct daybreak_fault *fault)
{
    if (!p->provisional || p->sink->uncertain)
        return 0;
    if (ledger_unlanded(p->ledger, p->config->sink.handoff, p->sink->batch, fault) != 0)
        return -1;
    p->provisional = false;
    return 0;
}
