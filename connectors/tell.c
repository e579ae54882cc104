/* SPDX-License-Identifier: Apache-2.0 */
/* What loads that tell have in common: where they stand, whom they had an answer of, and how a change reads as a message. */
#include "tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MARK_HEAD "daybreak told 1\n"

static void *
need(void *memory, size_t size)
{
    void *more = realloc(memory, size > 0 ? size : 1);

    if (more == NULL)
        abort(); /* any crash is safe */
    return more;
}

static char *
copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(need(NULL, size), text, size);
}

int
tell_halt(const struct daybreak_host *host, struct daybreak_fault *fault, int status, const char *code, const char *hint,
          const char *what, ...)
{
    char text[DAYBREAK_WHAT_MAX];
    va_list list;

    va_start(list, what);
    vsnprintf(text, sizeof text, what, list);
    va_end(list);
    host->fault(fault, DAYBREAK_HALT, "%s", text);
    fault->status = status;
    snprintf(fault->code, sizeof fault->code, "%s", code);
    return hint == NULL ? -1 : host->hint(fault, "%s", hint);
}

/* ---- life ---------------------------------------------------------------------------------- */

void
tell_open(struct tell *tell, const struct daybreak_host *host)
{
    *tell = (struct tell){.host = host, .position = copy(""), .mark = copy("")};
}

void
tell_close(struct tell *tell)
{
    for (uint32_t i = 0; i < tell->tables; i++) {
        if (tell->table[i].made)
            envelope_json_fini(&tell->table[i].envelope);
        free(tell->table[i].key);
    }
    free(tell->table);
    free(tell->position);
    free(tell->mark);
    free(tell->answered);
    free(tell->buffer);
    *tell = (struct tell){0};
}

/* ---- where it stands ----------------------------------------------------------------------- */

int
tell_claim(struct tell *tell, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    const struct daybreak_checkpoint *state = claim->state;
    const char *mark = claim->state_mark == NULL ? "" : claim->state_mark, *position = state->position == NULL ? "" : state->position;
    size_t head = sizeof MARK_HEAD - 1;

    tell->epoch = state->epoch + !claim->read_only;
    tell->batch = state->batch;
    tell->released = state->released;
    if (mark[0] != '\0') { /* a commit that the ledger knew of: it has happened */
        char *end;

        if (strncmp(mark, MARK_HEAD, head) != 0)
            goto damaged;
        tell->batch = strtoll(mark + head, &end, 10);
        if (*end != ' ')
            goto damaged;
        tell->released = strtoll(end + 1, &end, 10);
        if (*end != '\n')
            goto damaged;
        position = end + 1;
    }
    free(tell->position);
    tell->position = copy(position);
    *now = (struct daybreak_checkpoint){.size = sizeof *now, .epoch = tell->epoch, .position = tell->position, .batch = tell->batch,
                                        .released = tell->released, .found = tell->batch > 0};
    return 0;

damaged:
    return tell_halt(tell->host, fault, 78, "state-damaged", NULL, "cannot read what the state says of what was told");
}

static const char *
mark_make(struct tell *tell, int64_t batch, int64_t released, const char *position)
{
    size_t room = sizeof MARK_HEAD + 64 + strlen(position);

    tell->mark = need(tell->mark, room);
    snprintf(tell->mark, room, MARK_HEAD "%" PRId64 " %" PRId64 "\n%s", batch, released, position);
    return tell->mark;
}

static int64_t
last_batch(const struct tell *tell, const struct daybreak_commit *commit)
{
    return commit->batches > 0 ? commit->batch[commit->batches - 1].story->batch : tell->batch;
}

int
tell_intend(struct tell *tell, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    *mark = NULL;
    if (commit->epoch != tell->epoch || strcmp(commit->old_position, tell->position) != 0)
        return tell_halt(tell->host, fault, 75, "target-passed", "run again: the next start tells where it stands",
                         "cannot commit what was told: it stands elsewhere than this run believes");
    if (commit->batches > 0)
        *mark = mark_make(tell, last_batch(tell, commit), commit->released_new, commit->new_position);
    return 0;
}

int
tell_commit(struct tell *tell, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    (void)fault;
    tell->batch = last_batch(tell, commit);
    tell->released = commit->released_new;
    if (strcmp(tell->position, commit->new_position) != 0) {
        free(tell->position);
        tell->position = copy(commit->new_position);
    }
    if (tell->answers > 0)
        memset(tell->answered, 0, tell->slots * sizeof *tell->answered);
    tell->answers = 0;
    return 0;
}

const char *
tell_state_mark(struct tell *tell)
{
    return mark_make(tell, tell->batch, tell->released, tell->position);
}

/* ---- what was answered --------------------------------------------------------------------- */

static const uint8_t nobody[16];

/* Its slot, or the empty one where it would be; ids are hashes already. */
static size_t
slot_of(const struct tell *tell, const uint8_t id[16])
{
    uint64_t word;
    size_t slot;

    memcpy(&word, id, sizeof word);
    for (slot = (size_t)word & (tell->slots - 1); memcmp(tell->answered[slot], nobody, 16) != 0; slot = (slot + 1) & (tell->slots - 1))
        if (memcmp(tell->answered[slot], id, 16) == 0)
            break;
    return slot;
}

void
tell_answered(struct tell *tell, const uint8_t id[16])
{
    if ((tell->answers + 1) * 2 > tell->slots) {
        struct tell grown = *tell;

        grown.slots = tell->slots == 0 ? 1024 : tell->slots * 2;
        grown.answered = need(NULL, grown.slots * sizeof *grown.answered);
        memset(grown.answered, 0, grown.slots * sizeof *grown.answered);
        for (size_t i = 0; i < tell->slots; i++)
            if (memcmp(tell->answered[i], nobody, 16) != 0)
                memcpy(grown.answered[slot_of(&grown, tell->answered[i])], tell->answered[i], 16);
        free(tell->answered);
        tell->answered = grown.answered;
        tell->slots = grown.slots;
    }
    memcpy(tell->answered[slot_of(tell, id)], id, 16);
    tell->answers++;
}

/* ---- messages ------------------------------------------------------------------------------ */

int
tell_prepare(struct tell *tell, const struct daybreak_target *target, uint32_t targets, bool bare, struct daybreak_fault *fault)
{
    if (tell->table == NULL) {
        tell->table = need(NULL, (targets + (size_t)1) * sizeof *tell->table);
        memset(tell->table, 0, (targets + (size_t)1) * sizeof *tell->table);
        tell->tables = targets;
    }
    for (uint32_t i = 0; i < targets; i++) {
        struct tell_table *table = &tell->table[i];

        if (target[i].column == NULL)
            continue; /* its columns are not known yet */
        if (target[i].write != DAYBREAK_APPEND)
            return tell_halt(tell->host, fault, 78, "write-append", "write: append: each change is told",
                             "cannot replace rows of '%s': what was told cannot be taken back", target[i].table);
        if (target[i].envelope == DAYBREAK_ENVELOPE_SIDE)
            return tell_halt(tell->host, fault, 78, "envelope-side", "envelope: daybreak, cloudevents, debezium or none",
                             "cannot keep the envelope of '%s' at its side: a message has no second table", target[i].table);
        if (!table->made)
            envelope_json_init(&table->envelope, tell->host, bare ? DAYBREAK_ENVELOPE_DAYBREAK : target[i].envelope);
        table->made = true;
        envelope_json_columns(&table->envelope, target[i].column, target[i].columns);
        table->key = need(table->key, (target[i].columns + (size_t)1) * sizeof *table->key);
        table->keys = 0;
        for (uint32_t c = 0; c < target[i].columns; c++)
            if (target[i].column[c].key)
                table->key[table->keys++] = c;
    }
    return 0;
}

void
tell_begin(struct tell *tell, uint32_t table, const struct daybreak_batch *batch)
{
    envelope_json_begin(&tell->table[table].envelope, batch);
}

bool
tell_due(struct tell *tell, uint32_t table, const struct daybreak_batch *batch, uint32_t i)
{
    if (tell->table[table].envelope.form == DAYBREAK_ENVELOPE_NONE && batch->op[i] == 'd') {
        tell->host->refuse(batch, i, "delete_without_envelope", "a delete has no row, and `envelope: none` writes nothing else");
        return false;
    }
    return tell->answers == 0 || memcmp(tell->answered[slot_of(tell, batch->event_id[i])], nobody, 16) == 0;
}

const char *
tell_message(struct tell *tell, uint32_t table, uint32_t i, size_t *size)
{
    struct envelope_json *envelope = &tell->table[table].envelope;
    size_t room = envelope_json_room(envelope, i);

    if (room > tell->room) {
        tell->room = room * 2;
        tell->buffer = need(tell->buffer, tell->room);
    }
    *size = (size_t)(envelope_json_write(envelope, i, tell->buffer) - tell->buffer) - 1;
    return tell->buffer;
}

uint32_t
tell_lane(const struct tell *tell, uint32_t number, const struct daybreak_batch *batch, uint32_t i, uint32_t lanes)
{
    const struct tell_table *table = &tell->table[number];
    uint64_t hash = 0;

    if (lanes < 2 || table->keys == 0)
        return lanes < 2 ? 0 : i % lanes; /* without keys there is no order to keep */
    for (uint32_t k = 0; k < table->keys; k++) {
        const struct daybreak_view *view = &table->envelope.column[table->key[k]].view;
        const struct daybreak_span *cell =
            (const struct daybreak_span *)(const void *)(view->data + (size_t)batch->pick[i] * view->stride);

        if (cell->size != DAYBREAK_NULL)
            hash = XXH3_64bits_withSeed(view->base + cell->at, cell->size, hash + 1);
    }
    return (uint32_t)(hash % lanes);
}

void
tell_printable(char *to, size_t room, const char *at, size_t size)
{
    size_t used = 0;

    while (size > 0 && (at[size - 1] == '\n' || at[size - 1] == '\r' || at[size - 1] == ' '))
        size--;
    for (size_t i = 0; i < size && used + 5 < room;) {
        uint8_t byte = (uint8_t)at[i];
        size_t more = byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 && byte < 0xf0 ? 2 : byte >= 0xc2 && byte < 0xe0 ? 1 : 0;
        bool sound = byte >= 0x20 && byte != 0x7f && (byte < 0x80 || more > 0) && i + more < size;

        for (size_t k = 1; k <= more && sound; k++)
            sound = ((uint8_t)at[i + k] & 0xc0) == 0x80;
        /* of three and four bytes: no overlong forms, no surrogates, nothing beyond the last character */
        if (sound && more >= 2) {
            uint8_t next = (uint8_t)at[i + 1];

            sound = !(byte == 0xe0 && next < 0xa0) && !(byte == 0xed && next > 0x9f) && !(byte == 0xf0 && next < 0x90) &&
                    !(byte == 0xf4 && next > 0x8f);
        }
        /* C1 controls too */
        if (sound && byte == 0xc2 && (uint8_t)at[i + 1] < 0xa0)
            sound = false;
        if (!sound) {
            to[used++] = byte == '\n' || byte == '\t' ? ' ' : '?';
            i++;
            continue;
        }
        memcpy(to + used, at + i, more + 1);
        used += more + 1;
        i += more + 1;
    }
    to[used] = '\0';
}
