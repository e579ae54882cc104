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

static void
part_add(struct text *out, const void *bytes, size_t size)
{
    uint64_t length = size;
    char *to = text_room(out, size + sizeof length);

    memcpy(to, &length, sizeof length); /* x86-64 and arm64 are little endian; configure refuses others */
    if (size > 0)
        memcpy(to + sizeof length, bytes, size);
    out->size += size + sizeof length;
}

static void
id_write(const struct text *message, uint8_t id[16])
{
    XXH128_hash_t hash = XXH3_128bits(message->at, message->size);
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(id, canonical.digest, 16);
}

static void
prefix_add(struct text *out, const char *pipeline, const char *digest, const char *part)
{
    part_add(out, pipeline, strlen(pipeline));
    part_add(out, digest, strlen(digest));
    part_add(out, part, strlen(part));
}

void
envelope_event_id(const char *pipeline, const char *digest, const char *part, struct daybreak_text position,
                  struct daybreak_text key, char op, uint8_t id[16])
{
    struct text message = {0};

    prefix_add(&message, pipeline, digest, part);
    part_add(&message, position.at, position.size);
    part_add(&message, key.at, key.size);
    part_add(&message, &op, 1);
    id_write(&message, id);
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
member(struct text *out, const char *name, struct daybreak_text value)
{
    text_char(out, out->size == 0 ? '{' : ',');
    json_quote(out, name, strlen(name));
    text_char(out, ':');
    json_quote(out, value.at, value.size);
}

/* {"reason":…,"actor":…,"related":{…}}: empty when none of it is there. */
static void
context_write(const struct batch *batch, uint32_t row, const struct config_context *context,
              const struct envelope_plan *plan, struct text *out)
{
    char room[VALUE_ROOM];
    struct daybreak_text cell;
    bool related = false;

    text_clear(out);
    if (plan->reason_text != NULL)
        member(out, "reason", (struct daybreak_text){plan->reason_text, (uint32_t)strlen(plan->reason_text)});
    else if (cell_some(batch, row, plan->reason, room, &cell))
        member(out, "reason", cell);
    if (plan->actor_text != NULL)
        member(out, "actor", (struct daybreak_text){plan->actor_text, (uint32_t)strlen(plan->actor_text)});
    else if (cell_some(batch, row, plan->actor, room, &cell))
        member(out, "actor", cell);
    for (uint32_t i = 0; i < context->related_count; i++) {
        if (!cell_some(batch, row, plan->related[i], room, &cell))
            continue;
        if (!related) {
            text_char(out, out->size == 0 ? '{' : ',');
            text_put(out, "\"related\":{");
        } else {
            text_char(out, ',');
        }
        related = true;
        json_quote(out, context->related[i].name, strlen(context->related[i].name));
        text_char(out, ':');
        json_quote(out, cell.at, cell.size);
    }
    if (related)
        text_char(out, '}');
    if (out->size > 0)
        text_char(out, '}');
}

static int64_t
changed_at(const struct batch *batch, uint32_t row, uint32_t column)
{
    static const struct value_type iso = {.type = DAYBREAK_TYPE_TIMESTAMP};
    int64_t instant = DAYBREAK_NO_TIME;
    struct daybreak_text cell;

    if (column == UINT32_MAX || batch_null(batch, row, column))
        return DAYBREAK_NO_TIME;
    if (batch->layout->type[column].type != DAYBREAK_TYPE_TEXT)
        return batch_instant(batch, row, column);
    cell = batch_cell(batch, row, column);
    return value_timestamp(cell.at, cell.size, &iso, &instant) ? instant : DAYBREAK_NO_TIME;
}

void
envelope_fill(struct batch *batch, const struct config_context *context, const struct envelope_plan *plan,
              const char *digest)
{
    struct text message = {0}, json = {0};
    bool any_context = plan->reason_text != NULL || plan->actor_text != NULL || plan->reason != UINT32_MAX ||
                       plan->actor != UINT32_MAX || context->related_count > 0;
    size_t prefix;

    prefix_add(&message, batch->story.pipeline, digest, batch->story.part);
    prefix = message.size;
    batch_changes(batch, batch->changes);
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t row = batch->pick[i];
        static const struct daybreak_text none = {"", 0};

        message.size = prefix;
        part_add(&message, batch->position[i].at, batch->position[i].size);
        part_add(&message, batch->key == NULL ? none.at : batch->key[row].at,
                 batch->key == NULL || batch->key[row].size == DAYBREAK_NULL ? 0 : batch->key[row].size);
        part_add(&message, &batch->op[i], 1);
        id_write(&message, batch->event_id[i]);
        batch->changed_at[i] = batch->op[i] == 'd' ? DAYBREAK_NO_TIME : changed_at(batch, row, plan->changed_at);
        batch->context[i] = (struct daybreak_text){NULL, 0};
        if (any_context && batch->op[i] != 'd') {
            context_write(batch, row, context, plan, &json);
            if (json.size > 0)
                batch->context[i] =
                    (struct daybreak_text){arena_bytes(batch->arena, json.at, json.size), (uint32_t)json.size};
        }
    }
    text_fini(&message);
    text_fini(&json);
}
