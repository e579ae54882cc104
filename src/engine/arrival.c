/* SPDX-License-Identifier: Apache-2.0 */
/* An input arrives: was its content here before, is it older than what was applied, did a person let it through, where does it go on? */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "engine/append.h"
#include "engine/reading.h"
#include "engine/rehearsal.h"
#include "engine/settle.h"
#include "sink/sink.h"
#include "source/source.h"

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
        if (ledger_input_end(p->ledger, r->id, "repeated", NULL, NULL, NULL, 0, -1, fault) != 0)
            goto fail;
        p->result.inputs++;
        p->result.repeated_inputs++;
        *outcome = PIPELINE_DONE;
        ledger_input_fini(&last);
        rehearsal_input(p, r->input, "repeated", NULL);
        if (p->dry_run)
            source_abandon(p->source);
        return p->dry_run || source_finish(p->source, fault) == 0 ? 1 : -1;
    }
    if (!r->approved && !(source_abilities(p->source) & DAYBREAK_LIVE) && (known == 1 || (found == 1 && r->input->time_us != DAYBREAK_NO_TIME &&
                                        last.time_us != DAYBREAK_NO_TIME && r->input->time_us < last.time_us))) {
        snprintf(reason, sizeof reason, "older than the last: %s",
                 known == 1 ? "its content was applied before, and other content since" : last.name);
        rehearsal_input(p, r->input, "held", reason);
        input_hold(r, "older", reason, NULL, "held");
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

int
arrival_begin(struct reading *r, enum pipeline_outcome *outcome, struct daybreak_fault *fault)
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
        ledger_input_add(p->ledger, &record, &r->id, fault) != 0)
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
    if (input_digest(r, fault) != 0)
        return -1;
    found = p->resync ? 0 : known_content(r, outcome, fault);
    if (found != 0)
        return found;
    found = ledger_input_last(p->ledger, &last, fault);
    if (found < 0)
        return -1;
    ledger_input_fini(&last);
    /* nothing was ever finished, and what landed (if anything) came from this very content, not from a dump that it took the place of */
    r->first = !r->append && !r->against_target && found == 0 && strcmp(r->landed_mark, READING_COMPARED) != 0 && !r->landed_end &&
               (r->landed_digest[0] == '\0' || strcmp(r->landed_digest, r->digest) == 0);
    return r->first && passage_resumed(r) ? resume(r, fault) : 0;
}
