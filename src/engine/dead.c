/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is set aside on its way, until the batch that counts it lands. A letter is written before the target's
 * commit and becomes final with the ledger's; a kill between the two is told apart by what the target says.
 */
#include "engine/dead.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/pipeline.h"
#include "engine/rehearsal.h"
#include "engine/route.h"
#include "record/batch.h"
#include "sink/sink.h"

struct letter {
    struct ledger_dead dead;
    struct letter *next;
};

struct dead_letters {
    struct arena *arena;
    struct letter *first, **end;
    uint32_t count;
};

struct dead_letters *
dead_new(void)
{
    struct dead_letters *letters = memory_zero(sizeof *letters);

    letters->arena = arena_new();
    letters->end = &letters->first;
    return letters;
}

void
dead_free(struct dead_letters *letters)
{
    if (letters == NULL)
        return;
    arena_free(letters->arena);
    free(letters);
}

void
dead_clear(struct dead_letters *letters)
{
    letters->first = NULL;
    letters->end = &letters->first;
    letters->count = 0;
    arena_reset(letters->arena);
}

uint32_t
dead_count(const struct dead_letters *letters)
{
    return letters->count;
}

const struct ledger_dead *
dead_first(const struct dead_letters *letters)
{
    return letters->first == NULL ? NULL : &letters->first->dead;
}

static struct ledger_dead *
letter_new(struct pipeline *p, const struct daybreak_input *input, const struct pipeline_table *table)
{
    struct letter *letter = arena_zero(p->letters->arena, sizeof *letter);

    *p->letters->end = letter;
    p->letters->end = &letter->next;
    p->letters->count++;
    letter->dead.pipeline = p->config->name;
    letter->dead.table = table->config->name;
    letter->dead.batch = p->sink->batch + p->sink->rows;
    letter->dead.at_us = clock_now_us();
    letter->dead.input = arena_text(p->letters->arena, input->name);
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
dead_asides(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table)
{
    struct asides *asides = &table->change.asides;

    for (uint32_t i = 0; i < asides->count; i++) {
        const struct aside *aside = &asides->item[i];
        struct ledger_dead *dead = letter_new(p, input, table);

        dead->stage = "source";
        dead->rule = keep(p, aside->reason);
        dead->reason = keep(p, aside->reason);
        dead->detail = keep(p, aside->detail);
        dead->key = key_shown(p, table, aside->key, aside->key_size);
        dead->key_bytes = keep_bytes(p, aside->key, aside->key_size);
        dead->key_size = aside->key_size;
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

/* What the record is to the target: a key of which no version stands there is still to be created. */
static char
op_of(struct pipeline *p, const struct pipeline_table *table, const struct batch *batch, uint32_t change,
      const struct ledger_dead *dead)
{
    struct daybreak_fault fault = {0};
    char op = batch->op[change];

    if (op == 'd')
        return op;
    if (table->change.memory != NULL && batch->was != NULL && !route_here(p->routes, batch->was[change]))
        return op == 'u' ? 'c' : op;
    if (p->resync)
        return op == 'r' ? 'u' : op;
    if (op != 'u' || dead->key_size == 0 || !keyset_has(table->change.dead, dead->key_bytes, dead->key_size))
        return op;
    return ledger_dead_undelivered(p->ledger, dead->table, dead->key_bytes, dead->key_size, &fault) == 1 ? 'c' : op;
}

/* A number that ends where the next position may begin. */
static int64_t
digits(const char *at, const char *end)
{
    int64_t value;

    return value_integer(at, (size_t)(end - at), &value) ? value : -1;
}

/* A change as the source gave it: its key, its place, and the whole row for a retry (also of a row that was to leave). */
static struct ledger_dead *
letter_of_change(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table, const struct batch *batch,
                 uint32_t change)
{
    struct ledger_dead *dead = letter_new(p, input, table);
    struct daybreak_text position = batch->position[change];
    const struct daybreak_span *left = batch->left == NULL ? NULL : batch->left[change].cell;
    uint32_t row = batch->pick[change];
    struct text record = {0};
    struct json json;

    if (batch->key != NULL && batch->key[row].size != DAYBREAK_NULL) {
        dead->key = key_shown(p, table, batch->key[row].at, batch->key[row].size);
        dead->key_bytes = keep_bytes(p, batch->key[row].at, batch->key[row].size);
        dead->key_size = batch->key[row].size;
    }
    dead->member = keep(p, batch->story.part);
    if (position.size > 0) {
        const char *colon = memchr(position.at, ':', position.size);

        dead->line = digits(position.at, colon == NULL ? position.at + position.size : colon);
        dead->byte = colon == NULL ? -1 : digits(colon + 1, position.at + position.size);
    }
    json_init(&json, &record, false);
    json_object(&json, NULL);
    for (uint32_t column = 0; column < batch->rows.columns; column++) {
        struct daybreak_text cell = batch_cell(batch, row, column);

        if (left != NULL)
            cell = (struct daybreak_text){batch->rows.block + left[column].at, left[column].size};
        if (cell.size != DAYBREAK_NULL)
            json_bytes(&json, batch->layout->name[column], cell.at, cell.size);
    }
    json_close(&json);
    dead->record = keep_bytes(p, record.at, (uint32_t)record.size);
    dead->record_size = (uint32_t)record.size;
    dead->record_is_json = true;
    dead->op = op_of(p, table, batch, change, dead);
    text_fini(&record);
    return dead;
}

static void
event_id_keep(struct pipeline *p, struct ledger_dead *dead, const uint8_t id[16])
{
    char hex[33];

    text_hex(id, 16, hex);
    hex[32] = '\0';
    dead->event_id = keep(p, hex);
}

void
dead_stopped(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table, const struct batch *batch)
{
    for (uint32_t k = 0; k < batch->stop_count; k++) {
        const struct batch_stop *stop = &batch->stop[k];
        struct ledger_dead *dead = letter_of_change(p, input, table, batch, stop->change);
        struct daybreak_text key = {dead->key_bytes == NULL ? "" : dead->key_bytes, dead->key_size};
        uint8_t id[16];

        dead->stage = "transform"; /* no handoff has it yet */
        dead->rule = keep(p, stop->rule);
        dead->reason = keep(p, stop->reason);
        dead->detail = keep(p, stop->detail);
        dead->field = keep(p, stop->field);
        dead->value = keep(p, stop->value);
        dead->value_size = stop->value == NULL ? 0 : (uint32_t)strlen(stop->value);
        envelope_event_id(p->config->name, p->position.digest, batch->story.part, batch->position[stop->change], key,
                          batch->op[stop->change], id);
        event_id_keep(p, dead, id);
    }
}

void
dead_refused(struct pipeline *p, const struct daybreak_input *input, struct pipeline_table *table, const struct batch *batch)
{
    for (uint32_t k = 0; k < batch->refused_count; k++) {
        const struct batch_refusal *refusal = &batch->refused[k];
        struct ledger_dead *dead = letter_of_change(p, input, table, batch, refusal->change);

        dead->handoff = p->config->sink.handoff;
        dead->stage = "sink";
        dead->rule = keep(p, refusal->rule);
        dead->reason = keep(p, refusal->rule);
        dead->detail = keep(p, refusal->reason);
        event_id_keep(p, dead, batch->event_id[refusal->change]);
    }
}

/* Older letters of the keys that this input told of. */
static int
closings_write(struct pipeline *p, const struct pipeline_table *table, enum ledger_key said, bool last,
               struct daybreak_fault *fault)
{
    const struct change *change = &table->change;
    const struct keyset *keys = said == LEDGER_KEY_GONE      ? change->gone
                                : said == LEDGER_KEY_CHANGED ? change->healed
                                                             : change->same;
    struct daybreak_counts *counts = sink_row(p->sink);
    int64_t batch = p->sink->batch + p->sink->rows;

    for (uint32_t i = 0; i < keyset_count(keys); i++) {
        struct daybreak_text key;
        int result;

        keyset_get(keys, i, &key);
        if (!change_closes(change, key, last) || (said != LEDGER_KEY_GONE && keyset_has(change->ambiguous, key.at, key.size)))
            continue; /* later, earlier, or its row looked good until another came */
        if (said == LEDGER_KEY_GONE && keyset_has(change->withdrawn, key.at, key.size))
            result = ledger_dead_withdraw_key(p->ledger, table->config->name, key.at, key.size, batch, counts, fault);
        else
            result = ledger_dead_close_key(p->ledger, table->config->name, key.at, key.size, said, batch, counts, fault);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int
all_write(struct pipeline *p, bool last, struct daybreak_fault *fault)
{
    for (uint32_t t = 0; t < p->tables; t++)
        for (int said = LEDGER_KEY_GONE; said <= LEDGER_KEY_SAME; said++)
            if (closings_write(p, &p->table[t], (enum ledger_key)said, last, fault) != 0)
                return -1;
    for (const struct letter *letter = p->letters->first; letter != NULL; letter = letter->next)
        if (ledger_dead_add(p->ledger, &letter->dead, NULL, fault) != 0)
            return -1;
    return 0;
}

int
dead_write(struct pipeline *p, bool last, struct daybreak_fault *fault)
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
    if (all_write(p, last, fault) != 0) {
        ledger_provisional_drop(p->ledger);
        return -1;
    }
    CRASH_POINT("land.before-provisional");
    if (ledger_provisional_commit(p->ledger, fault) != 0)
        return -1;
    CRASH_POINT("land.provisional");
    return 0;
}

void
dead_remember(struct pipeline *p)
{
    for (const struct letter *letter = p->letters->first; letter != NULL; letter = letter->next)
        for (uint32_t t = 0; letter->dead.key_size > 0 && t < p->tables; t++)
            if (strcmp(p->table[t].config->name, letter->dead.table) == 0)
                keyset_add(p->table[t].change.dead, letter->dead.key_bytes, letter->dead.key_size);
}

void
dead_rehearse(struct pipeline *p)
{
    for (const struct letter *letter = p->letters->first; letter != NULL; letter = letter->next)
        rehearsal_letter(p, &letter->dead);
}
