/* SPDX-License-Identifier: Apache-2.0 */
/* Rows set aside, kept with all a person needs to mend them until the batch that counts them lands. */
#include "change/aside.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "record/batch.h"

#define VALUE_LIMIT 4096
#define RECORD_LIMIT (64u << 10) /* of the JSON kept for a retry; a longer row is kept as its first bytes */

void
asides_init(struct asides *asides)
{
    memset(asides, 0, sizeof *asides);
    asides->arena = arena_new();
}

void
asides_clear(struct asides *asides)
{
    asides->count = 0;
    arena_reset(asides->arena);
}

void
asides_fini(struct asides *asides)
{
    arena_free(asides->arena);
    free(asides->item);
}

static struct aside *
next(struct asides *asides)
{
    if (asides->count == asides->room) {
        asides->room = asides->room == 0 ? 64 : asides->room * 2;
        asides->item = memory_grow(asides->item, asides->room * sizeof *asides->item);
    }
    return &asides->item[asides->count++];
}

static const char *
keep(struct asides *asides, const char *at, uint32_t size)
{
    return at == NULL ? NULL : arena_bytes(asides->arena, at, size);
}

void
asides_push(struct asides *asides, const struct aside *from)
{
    struct aside *aside = next(asides);

    *aside = *from;
    aside->reason = arena_text(asides->arena, from->reason);
    aside->detail = arena_text(asides->arena, from->detail);
    aside->key = keep(asides, from->key, from->key_size);
    aside->member = from->member == NULL ? NULL : arena_text(asides->arena, from->member);
    aside->field = from->field == NULL ? NULL : arena_text(asides->arena, from->field);
    aside->value = keep(asides, from->value, from->value_size);
    aside->record = keep(asides, from->record, from->record_size);
}

static void
record_json(const struct batch *batch, uint32_t row, struct text *out)
{
    struct json json;

    json_init(&json, out, false);
    json_object(&json, NULL);
    for (uint32_t column = 0; column < batch->rows.columns && batch->layout != NULL; column++) {
        struct daybreak_text cell = batch_cell(batch, row, column);

        if (cell.size != DAYBREAK_NULL)
            json_bytes(&json, batch->layout->name[column], cell.at, cell.size);
    }
    json_close(&json);
}

void
asides_add(struct asides *asides, const struct batch *batch, uint32_t row, const char *reason, const char *detail)
{
    const struct batch_bad *bad = reason == NULL ? batch_bad_of(batch, row) : NULL;
    struct aside *aside = next(asides);
    struct text record = {0};

    *aside = (struct aside){.table = batch->table,
                            .reason = arena_text(asides->arena, reason != NULL ? reason
                                                                : bad != NULL  ? bad->reason
                                                                               : "invalid"),
                            .detail = arena_text(asides->arena, reason != NULL ? detail
                                                                : bad != NULL  ? bad->detail
                                                                               : ""),
                            .member = arena_text(asides->arena, batch->story.part),
                            .line = (int64_t)batch_line(batch, row),
                            .byte = (int64_t)batch_byte(batch, row)};
    if (batch->key != NULL && batch->key[row].size != DAYBREAK_NULL) {
        aside->key = keep(asides, batch->key[row].at, batch->key[row].size);
        aside->key_size = batch->key[row].size;
    }
    if (bad != NULL && bad->column < batch->rows.columns && batch->layout != NULL) {
        struct daybreak_text cell = batch_cell(batch, row, bad->column);

        aside->field = arena_text(asides->arena, batch->layout->name[bad->column]);
        if (cell.size != DAYBREAK_NULL) {
            aside->value_size = cell.size <= VALUE_LIMIT
                                    ? cell.size
                                    : (uint32_t)text_utf8_cut(cell.at, cell.size, VALUE_LIMIT);
            aside->value = keep(asides, cell.at, aside->value_size);
        }
    } else {
        uint32_t size = batch->rows.end[row] - batch->rows.start[row];

        aside->value_size = size < VALUE_LIMIT ? size : VALUE_LIMIT;
        aside->value = keep(asides, batch->rows.block + batch->rows.start[row], aside->value_size);
    }
    record_json(batch, row, &record);
    aside->record_size = record.size < RECORD_LIMIT ? (uint32_t)record.size : RECORD_LIMIT;
    aside->record = keep(asides, record.at, aside->record_size);
    text_fini(&record);
}
