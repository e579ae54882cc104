/* SPDX-License-Identifier: Apache-2.0 */
/* What of an input lands when: as it came, or out of the spool once it was compared; and how one goes on that had landed in part. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "change/spool.h"
#include "engine/append.h"
#include "engine/dead.h"
#include "engine/fate.h"
#include "engine/reading.h"
#include "engine/settle.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"

/* An append commits at the latest after so many batches or so long: no commit per record, no night in one transaction. */
#define COMMIT_BATCHES 128
#define COMMIT_MS 1000

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
bool
passage_resumed(const struct reading *r)
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
    if (!passage_resumed(r))
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
bool
passage_landed(struct reading *r, struct batch *batch)
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
    text_clear(&table->change.back_was);
    ledger_add(&table->change.night, &batch->counts);
    return true;
}

static int
commit_maybe(struct reading *r, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    int64_t now = clock_steady_ms();
    bool due, tells = (sink_abilities(p->sink) & DAYBREAK_TELLS) != 0;

    if (r->uncommitted++ == 0)
        r->uncommitted_since_ms = now;
    if (r->append && (source_abilities(p->source) & DAYBREAK_LIVE))
        due = false; /* after a kill nobody can give the rest of it */
    else if (r->append) /* with --limit: when that is reached */
        due = r->uncommitted >= COMMIT_BATCHES || now - r->uncommitted_since_ms >= COMMIT_MS ||
              (p->limit > 0 && r->rows >= p->limit_left);
    else
        due = p->sink->staged_changes >= p->config->commit_max || r->committed || tells; /* what was told has landed */
    if (!due)
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
int
passage_now(struct reading *r, struct batch *batch, struct daybreak_fault *fault)
{
    struct pipeline *p = r->p;
    struct pipeline_table *table = &p->table[batch->table];

    if (r->first && table->config->capture.first == CONFIG_FIRST_SKIP && fate_skipped(p, table, batch, fault) != 0)
        return -1;
    batch->counts.delivered += batch->changes;
    ledger_add(&table->change.night, &batch->counts);
    if (land_batch(p, r->input, batch, fault) != 0)
        return -1;
    dead_asides(p, r->input, table);
    if (r->append)
        append_note(p, batch);
    if (keyset_count(table->change.back) > 0) {
        struct batch *back = batch_new();
        int result = change_taken_back(&table->change, back, fault);

        if (result == 0) {
            fate_taken_back(p, back);
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

/* A compared input: its changes come out of the spool. */
int
passage_spool(struct reading *r, struct daybreak_fault *fault)
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
            if (p->sink->staged_changes >= p->config->commit_max ||
                (p->sink->staged_changes > 0 && (sink_abilities(p->sink) & DAYBREAK_TELLS))) { /* never with the table's last batch, which takes the rest along */
                p->position.mark = READING_COMPARED;
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
            dead_asides(p, r->input, table);
        }
    }
    batch_free(batch);
    return result;
}

/* A batch with nothing but counts, so that every input that ended has its commit. */
int
passage_counts(struct reading *r, uint32_t table, struct daybreak_fault *fault)
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
