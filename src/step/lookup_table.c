/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a file or of another table of the input, kept whole in memory for a lookup: key texts, wanted cells, and an index for every
 * set of types they are looked for with. Owns all of it, within max_memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "lookup_parts.h"
#include "record/batch.h"

struct made_index {
    struct lookup_index *index;
    struct made_index *next;
};

struct lookup_table {
    struct lookup *lookup;
    char *name;
    struct arena *arena;        /* texts */
    size_t texts;               /* bytes of them */
    uint32_t rows, room;
    struct daybreak_text *key;
    union lookup_cell *cell;
    uint8_t *null;
    const struct lookup_bad **bad;
    bool any_bad;
    int64_t keyless;            /* rows whose key cannot be read */
    struct made_index *index;
    /* the layout under way */
    const struct batch_layout *layout;
    uint32_t column[128];       /* of the layout, for on and take */
};

struct lookup_table *
lookup_table_new(struct lookup *lookup)
{
    struct lookup_table *table = memory_zero(sizeof *table);

    table->lookup = lookup;
    table->arena = arena_new();
    table->name = memory_text("");
    return table;
}

static void
indexes_free(struct lookup_table *table)
{
    while (table->index != NULL) {
        struct made_index *next = table->index->next;

        lookup_index_free(table->index->index);
        free(table->index);
        table->index = next;
    }
}

void
lookup_table_free(struct lookup_table *table)
{
    if (table == NULL)
        return;
    indexes_free(table);
    free(table->name);
    free(table->key);
    free(table->cell);
    free(table->null);
    free(table->bad);
    arena_free(table->arena);
    free(table);
}

void
lookup_table_clear(struct lookup_table *table, const char *name)
{
    char *copy = memory_text(name);

    indexes_free(table);
    free(table->name);
    table->name = copy;
    arena_free(table->arena);
    table->arena = arena_new();
    table->texts = 0;
    table->rows = 0;
    table->keyless = 0;
    table->any_bad = false;
    table->layout = NULL;
}

const char *
lookup_table_name(const struct lookup_table *table)
{
    return table->name;
}

static int
columns_bind(struct lookup_table *table, const struct batch_layout *layout, struct daybreak_fault *fault)
{
    const char *name;

    for (uint32_t i = 0; (name = lookup_fill_column(table->lookup, i)) != NULL; i++) {
        const char *nearest;
        uint32_t c = batch_layout_find(layout, name);

        if (c == UINT32_MAX) {
            nearest = text_nearest(name, layout->name, layout->columns);
            fault_set(fault, DAYBREAK_HALT, "%s has no column '%s'", table->name, name);
            if (nearest != NULL)
                fault_hint(fault, "did you mean '%s'?", nearest);
            return fault_exit(fault, 78, "unknown-column");
        }
        table->column[i] = c;
    }
    table->layout = layout;
    return 0;
}

static size_t
row_bytes(const struct lookup *lookup)
{
    return lookup->keys * sizeof(struct daybreak_text) + lookup->columns * (sizeof(union lookup_cell) + 1) +
           sizeof(struct lookup_bad *);
}

static int
too_much(const struct lookup_table *table, struct daybreak_fault *fault)
{
    fault_set(fault, DAYBREAK_HALT, "%s needs more than %lld MiB in memory", table->name,
              (long long)(table->lookup->from->max_memory >> 20));
    fault_hint(fault, "raise max_memory, take fewer columns, or put it into a database and ask that with a query");
    return fault_exit(fault, 78, "lookup-memory");
}

/* Room for so many more rows; false: beyond max_memory. */
static bool
rows_reserve(struct lookup_table *table, uint32_t more)
{
    const struct lookup *lookup = table->lookup;
    size_t limit = (size_t)lookup->from->max_memory, room = table->room;

    if ((uint64_t)table->rows + more > UINT32_MAX / 2)
        return false;
    while (room < (size_t)table->rows + more)
        room = room == 0 ? 1024 : room + room / 2;
    if (((size_t)table->rows + more) * row_bytes(lookup) + table->texts > limit)
        return false;
    if (room == table->room)
        return true;
    table->key = memory_grow(table->key, (room * lookup->keys + 1) * sizeof *table->key);
    table->cell = memory_grow(table->cell, (room * lookup->columns + 1) * sizeof *table->cell);
    table->null = memory_grow(table->null, room * lookup->columns + 1);
    table->bad = memory_grow(table->bad, room * sizeof(struct lookup_bad *));
    table->room = (uint32_t)room;
    return true;
}

static struct daybreak_text
text_kept(struct lookup_table *table, struct daybreak_text text)
{
    if (text.size == DAYBREAK_NULL)
        return (struct daybreak_text){"", DAYBREAK_NULL};
    table->texts += text.size;
    return (struct daybreak_text){arena_bytes(table->arena, text.at, text.size), text.size};
}

static union lookup_cell
cell_of(struct lookup_table *table, const struct vector *vector, uint32_t row, bool *null)
{
    union lookup_cell cell = {.decimal = 0};

    *null = vector->nulls != NULL && vector->nulls[row];
    if (*null)
        return cell;
    switch (vector->type.type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        cell.text = text_kept(table, vector->text[row]);
        *null = cell.text.size == DAYBREAK_NULL;
        return cell;
    case DAYBREAK_TYPE_DECIMAL:
        cell.decimal = vector->decimal[row];
        return cell;
    case DAYBREAK_TYPE_REAL:
        cell.real = vector->real[row];
        return cell;
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        break;
    }
    cell.number = vector->number[row];
    return cell;
}

/* A row that is bad but has a key: who asks for it is told why. */
static const struct lookup_bad *
bad_of(struct lookup_table *table, const struct batch *batch, uint32_t row)
{
    const struct batch_bad *why = batch_bad_of(batch, row);
    struct lookup_bad *bad = arena_alloc(table->arena, sizeof *bad);

    bad->reason = "lookup_value";
    bad->detail = arena_printf(table->arena, "line %llu: %s", (unsigned long long)batch_line(batch, row),
                               why == NULL ? "the row is invalid" : why->detail);
    table->any_bad = true;
    return bad;
}

/* The row's key into the room behind the last row; false: it cannot be read. */
static bool
key_read(struct lookup_table *table, struct batch *batch, uint32_t row, bool bad)
{
    uint32_t keys = table->lookup->keys;

    for (uint32_t k = 0; k < keys; k++) {
        char room[VALUE_ROOM];
        struct daybreak_text cell = batch_canonical(batch, row, table->column[k], room);

        if (bad && cell.size == DAYBREAK_NULL)
            return false; /* whether it is null or unreadable, nobody can ask for it */
        table->key[(size_t)table->rows * keys + k] = text_kept(table, cell);
    }
    return true;
}

int
lookup_table_add(struct lookup_table *table, struct batch *batch, struct daybreak_fault *fault)
{
    struct lookup *lookup = table->lookup;
    uint32_t rows = batch->rows.rows;
    struct vector *vector;

    if (batch->layout != table->layout && batch->layout != NULL && columns_bind(table, batch->layout, fault) != 0)
        return -1;
    if (rows == 0 || batch->layout == NULL)
        return 0;
    if (!rows_reserve(table, rows))
        return too_much(table, fault);
    batch_type(batch, NULL, rows);
    vector = arena_zero(batch->arena, (lookup->columns + 1) * sizeof *vector);
    for (uint32_t c = 0; c < lookup->columns; c++)
        batch_vector(batch, table->column[lookup->keys + c], NULL, rows, &vector[c]);
    for (uint32_t row = 0; row < rows; row++) {
        size_t at = (size_t)table->rows * lookup->columns;
        bool bad = batch->bad_count > 0 && batch_is_bad(batch, row);

        if (!key_read(table, batch, row, bad)) {
            table->keyless++;
            continue;
        }
        table->bad[table->rows] = bad ? bad_of(table, batch, row) : NULL;
        for (uint32_t c = 0; c < lookup->columns; c++) {
            bool null = true;

            if (!bad)
                table->cell[at + c] = cell_of(table, &vector[c], row, &null);
            table->null[at + c] = null;
        }
        table->rows++;
    }
    return (size_t)table->rows * row_bytes(lookup) + table->texts > (size_t)lookup->from->max_memory ? too_much(table, fault) : 0;
}

void
lookup_table_end(struct lookup_table *table)
{
    if (table->keyless > 0)
        LOG_WARN("rows of a lookup have no key that can be read, nothing will find them: lookup=%s file=%s rows=%lld",
                 table->lookup->from->name, table->name, (long long)table->keyless);
    LOG_INFO("lookup was read: lookup=%s file=%s rows=%lu", table->lookup->from->name, table->name, (unsigned long)table->rows);
}

static struct lookup_index *
index_for(struct lookup_table *table, const struct vector *key, struct daybreak_fault *fault)
{
    const struct lookup *lookup = table->lookup;
    struct lookup_rows rows = {.lookup = lookup, .rows = table->rows, .key = table->key, .cell = table->cell, .null = table->null,
                               .bad = table->any_bad ? table->bad : NULL};
    size_t used = (size_t)table->rows * row_bytes(lookup) + table->texts, room = (size_t)lookup->from->max_memory;
    struct value_type type[64];
    struct made_index *made;

    for (made = table->index; made != NULL; made = made->next) {
        if (lookup_index_fits(made->index, key))
            return made->index;
        used += lookup_index_bytes(made->index);
    }
    for (uint32_t k = 0; k < lookup->keys; k++)
        type[k] = key[k].type;
    made = memory_zero(sizeof *made);
    if (lookup_index_make(&rows, type, used < room ? room - used : 0, &made->index, fault) != 0) {
        free(made);
        too_much(table, fault);
        return NULL;
    }
    made->next = table->index;
    table->index = made;
    return made->index;
}

int
lookup_table_find(struct lookup_table *table, const struct vector *key, const uint32_t *row, uint32_t count,
                  struct lookup_answer *answer, struct daybreak_fault *fault)
{
    struct lookup_index *index = index_for(table, key, fault);

    if (index == NULL)
        return -1;
    lookup_index_find(index, key, row, count, answer);
    return 0;
}
