/* SPDX-License-Identifier: Apache-2.0 */
/* What travels with a change beside its cells: who it is, when and why it changed, who did it, what it belongs to. */
#include "change/envelope.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "record/batch.h"

/* A part of the message that an event id is the hash of: its length, then its bytes. */
static char *
part_write(char *to, const void *bytes, size_t size)
{
    uint64_t length = size;

    memcpy(to, &length, sizeof length); /* x86-64 and arm64 are little endian; configure refuses others */
    if (size > 0)
        memcpy(to + sizeof length, bytes, size);
    return to + sizeof length + size;
}

static void
part_add(struct text *out, const char *text)
{
    size_t size = strlen(text);

    part_write(text_room(out, size + sizeof(uint64_t)), text, size);
    out->size += size + sizeof(uint64_t);
}

/* What the events of a batch have in common. */
static void
message_begin(struct text *message, const char *pipeline, const char *digest, const char *part)
{
    part_add(message, pipeline);
    part_add(message, digest);
    part_add(message, part);
}

/* One buffer and one hash an event: fed piece by piece the same hash is eight times as dear. */
static void
id_write(struct text *message, struct daybreak_text position, struct daybreak_text key, char op, uint8_t id[16])
{
    char *to = text_room(message, 3 * sizeof(uint64_t) + position.size + key.size + 1);
    XXH128_canonical_t canonical;

    to = part_write(to, position.at, position.size);
    to = part_write(to, key.at, key.size);
    to = part_write(to, &op, 1);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(message->at, (size_t)(to - message->at)));
    memcpy(id, canonical.digest, 16);
}

void
envelope_event_id(const char *pipeline, const char *digest, const char *part, struct daybreak_text position,
                  struct daybreak_text key, char op, uint8_t id[16])
{
    struct text message = {0};

    message_begin(&message, pipeline, digest, part);
    id_write(&message, position, key, op, id);
    text_fini(&message);
}

static bool
cell_some(const struct batch *batch, uint32_t row, uint32_t column, char room[VALUE_ROOM], struct daybreak_text *cell)
{
    if (column == UINT32_MAX)
        return false;
    *cell = batch_canonical((struct batch *)batch, row, column, room);
    return cell->size != DAYBREAK_NULL && cell->size > 0;
}

static void
member(struct text *out, size_t from, const char *name, struct daybreak_text value)
{
    text_char(out, out->size == from ? '{' : ',');
    text_put(out, name);
    json_quote(out, value.at, value.size);
}

/* "name": once a batch, not once a row. */
static const char **
related_names(struct batch *batch, const struct config_context *context)
{
    const char **name = arena_alloc(batch->arena, (context->related_count + 1) * sizeof *name);
    struct text quoted = {0};

    for (uint32_t i = 0; i < context->related_count; i++) {
        text_clear(&quoted);
        json_quote(&quoted, context->related[i].name, strlen(context->related[i].name));
        text_char(&quoted, ':');
        name[i] = arena_text(batch->arena, text_end(&quoted));
    }
    text_fini(&quoted);
    return name;
}

/* {"reason":…,"actor":…,"related":{…}} behind what stands in ${out}: nothing when none of it is there. */
static void
context_add(const struct batch *batch, uint32_t row, const struct config_context *context, const struct envelope_plan *plan,
            const char *const *name, struct text *out)
{
    char room[VALUE_ROOM];
    struct daybreak_text cell;
    size_t from = out->size;
    bool related = false;

    if (plan->reason_text != NULL)
        member(out, from, "\"reason\":", (struct daybreak_text){plan->reason_text, (uint32_t)strlen(plan->reason_text)});
    else if (cell_some(batch, row, plan->reason, room, &cell))
        member(out, from, "\"reason\":", cell);
    if (plan->actor_text != NULL)
        member(out, from, "\"actor\":", (struct daybreak_text){plan->actor_text, (uint32_t)strlen(plan->actor_text)});
    else if (cell_some(batch, row, plan->actor, room, &cell))
        member(out, from, "\"actor\":", cell);
    for (uint32_t i = 0; i < context->related_count; i++) {
        if (plan->related_text[i] != NULL)
            cell = (struct daybreak_text){plan->related_text[i], (uint32_t)strlen(plan->related_text[i])};
        else if (!cell_some(batch, row, plan->related[i], room, &cell))
            continue;
        if (related)
            text_char(out, ',');
        else
            text_put(out, out->size == from ? "{\"related\":{" : ",\"related\":{");
        related = true;
        text_put(out, name[i]);
        json_quote(out, cell.at, cell.size);
    }
    if (related)
        text_char(out, '}');
    if (out->size > from)
        text_char(out, '}');
}

/* A row that left was not changed by anybody: its own reason and actor tell of another thing. */
static void
left_add(const char *why, struct text *out)
{
    text_put(out, "{\"reason\":");
    json_quote(out, why, strlen(why));
    text_char(out, '}');
}

/* Contexts stand side by side, so that a row costs no memory of its own. */
static void
contexts_write(struct batch *batch, const struct config_context *context, const struct envelope_plan *plan)
{
    const char **name = related_names(batch, context);
    struct text all = {0};
    const char *at;

    for (uint32_t i = 0; i < batch->changes; i++) {
        size_t from = all.size;

        if (batch->left != NULL && batch->left[i].why != NULL)
            left_add(batch->left[i].why, &all);
        else if (batch->op[i] != 'd')
            context_add(batch, batch->pick[i], context, plan, name, &all);
        batch->context[i].size = (uint32_t)(all.size - from);
    }
    at = arena_bytes(batch->arena, all.at, all.size);
    for (uint32_t i = 0; i < batch->changes; i++) {
        batch->context[i].at = batch->context[i].size == 0 ? NULL : at;
        at += batch->context[i].size;
    }
    text_fini(&all);
}

static int64_t
changed_at(const struct batch *batch, uint32_t row, uint32_t column)
{
    static const struct value_type iso = {.type = DAYBREAK_TYPE_TIMESTAMP};
    int64_t instant = DAYBREAK_NO_TIME;
    struct daybreak_text cell;
    char room[VALUE_ROOM];

    if (column == UINT32_MAX || batch_null(batch, row, column))
        return DAYBREAK_NO_TIME;
    if (batch_column_type(batch, column)->type != DAYBREAK_TYPE_TEXT)
        return batch_instant(batch, row, column);
    cell = batch_canonical((struct batch *)batch, row, column, room);
    return value_timestamp(cell.at, cell.size, &iso, &instant) ? instant : DAYBREAK_NO_TIME;
}

void
envelope_fill(struct batch *batch, const struct config_context *context, const struct envelope_plan *plan,
              const char *digest)
{
    static const struct daybreak_text none = {"", 0};
    struct text message = {0};
    size_t common;

    message_begin(&message, batch->story.pipeline, digest, batch->story.part);
    common = message.size;
    batch_changes(batch, batch->changes);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];
        bool keyed = batch->key != NULL && batch->key[row].size != DAYBREAK_NULL;

        message.size = common;
        id_write(&message, batch->position[i], keyed ? batch->key[row] : none, batch->op[i], batch->event_id[i]);
        batch->changed_at[i] = batch->op[i] == 'd' ? DAYBREAK_NO_TIME : changed_at(batch, row, plan->changed_at);
        batch->context[i] = (struct daybreak_text){NULL, 0};
    }
    text_fini(&message);
    if (plan->reason_text != NULL || plan->actor_text != NULL || plan->reason != UINT32_MAX || plan->actor != UINT32_MAX ||
        context->related_count > 0 || batch->left != NULL)
        contexts_write(batch, context, plan);
}
