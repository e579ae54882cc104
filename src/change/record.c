/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a change in the spool. It never leaves the process, so it is not made for other machines. */
#include "change/record.h"

#include <string.h>

#include "record/batch.h"

struct head {
    char op;
    uint8_t was;
    uint16_t layout;
    uint32_t table;
    int64_t line, byte;
    uint64_t raw, canon;
    uint32_t key, before, member, columns;
};

static void
put(struct text *out, const void *bytes, size_t size)
{
    if (size > 0)
        text_add(out, bytes, size);
}

static uint32_t
some(struct daybreak_text text)
{
    return text.size == DAYBREAK_NULL ? 0 : text.size;
}

void
record_write(const struct batch *batch, uint32_t row, char op, uint16_t layout, uint64_t canon, uint8_t was,
             struct daybreak_text before, struct text *out)
{
    uint32_t columns = batch->rows.columns;
    struct head head = {.op = op,
                        .was = was,
                        .layout = layout,
                        .table = batch->table,
                        .line = (int64_t)batch_line(batch, row),
                        .byte = (int64_t)batch_byte(batch, row),
                        .raw = batch->raw_hash[row],
                        .canon = canon,
                        .key = some(batch->key[row]),
                        .before = some(before),
                        .member = (uint32_t)strlen(batch->story.part),
                        .columns = columns};

    put(out, &head, sizeof head);
    put(out, batch->key[row].at, head.key);
    put(out, before.at, head.before);
    put(out, batch->story.part, head.member);
    for (uint32_t column = 0; column < columns; column++) {
        struct daybreak_text cell = batch_cell(batch, row, column);

        put(out, &cell.size, sizeof cell.size);
        put(out, cell.at, some(cell));
    }
}

void
record_write_delete(struct daybreak_text key, uint8_t was, struct daybreak_text before, uint16_t layout,
                    uint32_t table, struct text *out)
{
    struct head head = {.op = 'd', .was = was, .layout = layout, .table = table, .line = -1, .byte = -1, .key = key.size,
                        .before = some(before)};

    put(out, &head, sizeof head);
    put(out, key.at, key.size);
    put(out, before.at, head.before);
}

bool
record_read(const char *bytes, size_t size, struct change_record *record)
{
    struct head head;

    if (size < sizeof head)
        return false;
    memcpy(&head, bytes, sizeof head);
    if ((uint64_t)head.key + head.before + head.member > size - sizeof head)
        return false;
    bytes += sizeof head;
    size -= sizeof head;
    *record = (struct change_record){.op = head.op, .layout = head.layout, .table = head.table, .line = head.line,
                                     .byte = head.byte, .raw = head.raw, .was = head.was,
                                     .canon = head.canon, .columns = head.columns};
    record->key = (struct daybreak_text){bytes, head.key};
    record->before = (struct daybreak_text){bytes + head.key, head.before};
    record->member = (struct daybreak_text){bytes + head.key + head.before, head.member};
    record->cells = bytes + head.key + head.before + head.member;
    record->cells_size = size - head.key - head.before - head.member;
    return true;
}

bool
record_cell(const char **at, const char *end, struct daybreak_text *cell)
{
    uint32_t size;

    if ((size_t)(end - *at) < sizeof size)
        return false;
    memcpy(&size, *at, sizeof size);
    *at += sizeof size;
    if (size != DAYBREAK_NULL && size > (size_t)(end - *at))
        return false;
    *cell = (struct daybreak_text){*at, size};
    *at += size == DAYBREAK_NULL ? 0 : size;
    return true;
}
