/* SPDX-License-Identifier: Apache-2.0 */
/* The batches that loads and transforms are tried with. */
#include "kit_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

bool
kit_table_add(struct kit_table *table, const char *name, const char *type, bool key)
{
    uint32_t i = table->columns;

    if (i == KIT_COLUMNS_MOST || !value_type_parse(type, &table->type[i]))
        return false;
    table->name[i] = name;
    table->column[i] = (struct daybreak_column){.name = name, .type = table->type[i].type, .precision = table->type[i].precision,
                                                .scale = table->type[i].scale, .key = key};
    table->columns++;
    return true;
}

struct batch *
kit_batch(const struct kit_table *table, const struct kit_row *row, uint32_t count, int64_t number)
{
    struct batch *batch = batch_new();
    struct batch_layout *layout = arena_zero(batch->arena, sizeof *layout);
    size_t size = 0;
    uint32_t at = 0;

    for (uint32_t r = 0; r < count; r++)
        for (uint32_t c = 0; c < table->columns; c++)
            size += row[r].cell[c] == NULL ? 0 : row[r].size[c] > 0 ? row[r].size[c] : strlen(row[r].cell[c]);
    batch_block(batch, (uint32_t)size + 1);
    batch->rows.block_size = batch->rows.block_used = (uint32_t)size;
    batch->rows.columns = table->columns;
    batch->rows.line = 1;
    *layout = (struct batch_layout){.columns = table->columns, .name = table->name, .type = table->type, .empty_is_null = true};
    batch->layout = layout;
    batch_reserve(&batch->rows, count);
    batch_changes(batch, count);
    for (uint32_t r = 0; r < count; r++) {
        char text[80];
        int length;

        batch->rows.start[r] = at;
        batch->rows.lines[r] = r;
        for (uint32_t c = 0; c < table->columns; c++) {
            const char *cell = row[r].cell[c];
            uint32_t bytes = cell == NULL ? 0 : row[r].size[c] > 0 ? row[r].size[c] : (uint32_t)strlen(cell);

            if (bytes > 0)
                memcpy(batch->rows.block + at, cell, bytes);
            batch->rows.spans[(size_t)r * table->columns + c] = (struct daybreak_span){at, cell == NULL ? DAYBREAK_NULL : bytes};
            at += bytes;
        }
        batch->rows.end[r] = at;
        batch->pick[r] = r;
        batch->op[r] = row[r].op;
        memset(batch->event_id[r], 0, 16);
        batch->event_id[r][0] = (uint8_t)number;
        batch->event_id[r][14] = (uint8_t)(r >> 8);
        batch->event_id[r][15] = (uint8_t)r;
        batch->changed_at[r] = row[r].op == 'd' ? DAYBREAK_NO_TIME : INT64_C(1740000000000000) + r;
        length = snprintf(text, sizeof text, "{\"reason\":\"row %u\"}", r);
        batch->context[r] = (struct daybreak_text){arena_bytes(batch->arena, text, (size_t)length), (uint32_t)length};
        length = snprintf(text, sizeof text, "%u:%u", r + 1, batch->rows.start[r]);
        batch->position[r] = (struct daybreak_text){arena_bytes(batch->arena, text, (size_t)length), (uint32_t)length};
    }
    batch->rows.rows = batch->changes = count;
    batch->out_columns = table->columns;
    batch->out = table->column;
    batch->story = (struct daybreak_story){
        .size = sizeof batch->story, .pipeline = "kit", .pipeline_id = "kit-id", .pipeline_version = "v1", .handoff = "load", .run = "run-1",
        .connector = "kit", .source = "kit", .input = "1 abc", .part = "", .table = "kit", .time_basis = "source_time",
        .trace = "00-00000000000000000000000000000001-0000000000000001-01", .batch = number, .visible_at = INT64_C(1750000000000000),
        .read_at = INT64_C(1750000001000000), .ready_at = INT64_C(1750000002000000), .loaded_at = INT64_C(1750000003000000)};
    batch_type(batch, batch->pick, batch->changes);
    return batch;
}

void
kit_cell_write(const struct daybreak_text *cell, struct text *out)
{
    if (cell->size == DAYBREAK_NULL)
        text_char(out, '~');
    else
        json_quote(out, cell->at, cell->size);
    text_char(out, '|');
}
