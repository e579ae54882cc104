/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing: the rows of an input as a run would read them: the config that the guess stands for is made in memory, and source/ does the
 * rest. Nothing is claimed, written or remembered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "config/config.h"
#include "guess_parts.h"
#include "record/batch.h"
#include "source/source.h"

#define TIME_MS 600000

/* ---- the config ----------------------------------------------------------------------------- */

struct nodes {
    struct arena *arena;
    struct config_node *node, *last;
};

static struct config_node *
node_add(struct nodes *nodes, const char *key, enum config_node_kind kind, const char *text)
{
    struct config_node *node = arena_zero(nodes->arena, sizeof *node);

    *node = (struct config_node){.kind = kind, .key = key, .text = text, .quoted = true};
    if (nodes->last == NULL)
        nodes->node->child = node;
    else
        nodes->last->next = node;
    nodes->last = node;
    nodes->node->children++;
    return node;
}

static void
node_put(struct nodes *nodes, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        node_add(nodes, key, CONFIG_SCALAR, text);
}

static struct nodes
mapping_new(struct arena *arena, struct config_node *node)
{
    if (node == NULL)
        node = arena_zero(arena, sizeof *node);
    node->kind = CONFIG_MAPPING;
    return (struct nodes){.arena = arena, .node = node};
}

static const struct config_node *
format_node(struct arena *arena, const struct guess_dialect *d)
{
    struct nodes nodes = mapping_new(arena, NULL), trailer;

    node_put(&nodes, "encoding", d->encoding);
    node_put(&nodes, "path", d->path);
    node_put(&nodes, "record", d->record);
    if (strcmp(d->type, "csv") != 0)
        return nodes.node;
    node_put(&nodes, "delimiter", guess_yaml_delimiter(d, arena));
    node_put(&nodes, "quote", d->quote < 0 ? "none" : arena_printf(arena, "%c", d->quote));
    if (d->escape >= 0)
        node_put(&nodes, "escape", arena_printf(arena, "%c", d->escape));
    node_put(&nodes, "header", d->header ? "true" : "false");
    if (d->skip > 0)
        node_put(&nodes, "skip", arena_printf(arena, "%lld", (long long)d->skip));
    node_put(&nodes, "comment", d->comment);
    node_put(&nodes, "ragged", d->ragged);
    node_put(&nodes, "null_text", d->null_text);
    node_put(&nodes, "thousands", d->thousands[0] == ' ' ? "space" : d->thousands);
    if (d->trim)
        node_put(&nodes, "trim", "true");
    if (d->comma)
        node_put(&nodes, "decimal", ",");
    if (d->trailer_starts == NULL)
        return nodes.node;
    trailer = mapping_new(arena, node_add(&nodes, "trailer", CONFIG_MAPPING, NULL));
    node_put(&trailer, "starts", d->trailer_starts);
    if (d->trailer_count > 0)
        node_put(&trailer, "count", arena_printf(arena, "%u", d->trailer_count));
    return nodes.node;
}

static void
table_make(struct arena *arena, const struct guess_table *table, bool typed, struct config_table *config)
{
    bool named = typed || !table->dialect.header || strcmp(table->dialect.type, "csv") != 0;

    config->name = table->name;
    config->member = table->member;
    config->formats = arena_zero(arena, sizeof *config->formats);
    config->format_count = 1;
    config->formats[0].type = table->dialect.type;
    config->formats[0].node = format_node(arena, &table->dialect);
    if (!named)
        return;
    config->fields = arena_zero(arena, (table->columns + 1) * sizeof *config->fields);
    config->field_count = table->columns;
    for (uint32_t c = 0; c < table->columns; c++) {
        const struct guess_column *column = &table->column[c];

        config->fields[c] = (struct config_field){.name = column->name, .type = typed ? column->type : "text", .pattern = typed ? column->pattern : NULL,
                                                  .path = column->path, .repeated = column->repeated ? "json" : NULL};
    }
}

static struct config *
config_make(struct arena *arena, const struct guess *guess, bool typed)
{
    struct config *config = arena_zero(arena, sizeof *config);
    struct nodes extract = mapping_new(arena, NULL);
    bool all = guess->table[0].member == NULL;

    node_put(&extract, "type", "file");
    node_put(&extract, "path", guess_path_literal(guess->from, arena));
    node_put(&extract, "settle", "0s");
    if (!all && !guess->tables_named)
        node_put(&extract, "member", guess->table[0].member);
    *config = (struct config){.path = "init", .dir = ".", .name = guess->name, .max_record = 16 << 20, .arena = arena};
    config->source.extract = (struct config_connector){.type = "file", .node = extract.node};
    config->source.timezone = "UTC";
    config->source.parts = 1;
    config->source.tables_named = guess->tables_named;
    config->source.table_count = guess->tables;
    config->source.tables = arena_zero(arena, (guess->tables + 1) * sizeof *config->source.tables);
    for (uint32_t t = 0; t < guess->tables; t++)
        table_make(arena, &guess->table[t], typed, &config->source.tables[t]);
    return config;
}

/* ---- columns ----------------------------------------------------------------------------------- */

/* The table's columns for those of the batch; new ones are added. */
struct columns {
    const struct batch_layout *layout;
    uint32_t *to;
};

/* Of an XML record: what the beginning of the document did not have is taken for an element. */
static void
column_place(struct arena *arena, const struct guess_dialect *d, struct guess_column *column)
{
    const struct guess_way *way = guess_xml_way(d, column->name);
    char *path;

    if (d->record == NULL)
        return;
    if (way != NULL) {
        column->path = way->path;
        column->repeated = way->repeated;
        return;
    }
    column->path = path = arena_printf(arena, "%s", column->name);
    for (; *path != '\0'; path++)
        if (*path == '.')
            *path = '/';
}

static uint32_t
column_named(struct guess *guess, struct guess_table *table, const char *name, uint32_t hint)
{
    struct guess_column *column;

    if (hint < table->columns && strcmp(table->column[hint].name, name) == 0)
        return hint;
    for (uint32_t c = 0; c < table->columns; c++)
        if (strcmp(table->column[c].name, name) == 0)
            return c;
    column = arena_zero(guess->arena, (table->columns + 1) * sizeof *column);
    if (table->columns > 0)
        memcpy(column, table->column, table->columns * sizeof *column);
    column[table->columns] = (struct guess_column){.name = arena_text(guess->arena, name), .type = "text", .why = ""};
    column_place(guess->arena, &table->dialect, &column[table->columns]);
    table->column = column;
    return table->columns++;
}

static void
columns_bind(struct guess *guess, uint32_t table, const struct batch_layout *layout, struct columns *columns)
{
    if (columns->layout == layout)
        return;
    columns->layout = layout;
    columns->to = memory_grow(columns->to, (layout->columns + 1) * sizeof *columns->to);
    for (uint32_t c = 0; c < layout->columns; c++)
        columns->to[c] = column_named(guess, &guess->table[table], layout->name[c], c);
}

/* How a cell of JSON lines was written: its text stands in the block without its quotes. */
static enum guess_written
written_as(const struct batch *batch, struct daybreak_span span, bool json)
{
    if (!json || span.size == DAYBREAK_NULL)
        return GUESS_PLAIN;
    if (span.size > 0 && (batch->rows.block[span.at] == '{' || batch->rows.block[span.at] == '[') &&
        !(span.at > 0 && batch->rows.block[span.at - 1] == '"'))
        return GUESS_NESTED;
    return span.at >= batch->rows.block_size || (span.at > 0 && batch->rows.block[span.at - 1] == '"') ? GUESS_STRING : GUESS_PLAIN;
}

/* ---- rows -------------------------------------------------------------------------------------- */

struct reading_rows {
    const struct guess_request *request;
    struct guess *guess;
    struct columns *columns; /* by table */
    struct daybreak_text *cell;
    enum guess_written *written;
    uint32_t room;
    guess_row_fn each;
    void *context;
    int64_t rows;
};

static void
cells_ready(struct reading_rows *reading, uint32_t count)
{
    if (count <= reading->room)
        return;
    reading->room = count + 64;
    reading->cell = memory_grow(reading->cell, reading->room * sizeof *reading->cell);
    reading->written = memory_grow(reading->written, reading->room * sizeof *reading->written);
}

static bool
batch_each(struct reading_rows *reading, struct batch *batch)
{
    const struct guess_table *table = &reading->guess->table[batch->table];
    struct columns *columns = &reading->columns[batch->table];
    bool json = strncmp(table->dialect.type, "json", 4) == 0;

    columns_bind(reading->guess, batch->table, batch->layout, columns);
    cells_ready(reading, table->columns);
    for (uint32_t row = 0; row < batch->rows.rows; row++) {
        const struct batch_bad *bad = batch_is_bad(batch, row) ? batch_bad_of(batch, row) : NULL;
        struct guess_row given = {.table = batch->table, .cell = reading->cell, .written = reading->written,
                                  .line = batch_line(batch, row), .last = row + 1 == batch->rows.rows,
                                  .raw = batch->rows.block + batch->rows.start[row],
                                  .raw_size = batch->rows.end[row] - batch->rows.start[row], .bad_column = UINT32_MAX};

        if (reading->request->limit > 0 && reading->rows == reading->request->limit) {
            reading->guess->limited = true;
            return false;
        }
        reading->rows++;
        for (uint32_t c = 0; c < table->columns; c++) {
            reading->cell[c] = (struct daybreak_text){"", DAYBREAK_NULL};
            reading->written[c] = GUESS_PLAIN;
        }
        for (uint32_t c = 0; c < batch->layout->columns; c++) {
            uint32_t to = columns->to[c];

            reading->cell[to] = batch_cell(batch, row, c);
            reading->written[to] = written_as(batch, batch->rows.spans[(size_t)row * batch->rows.columns + c], json);
        }
        if (bad != NULL) {
            given.bad = bad->reason;
            given.bad_detail = bad->detail;
            given.bad_column = bad->column < batch->layout->columns ? columns->to[bad->column] : UINT32_MAX;
        }
        if (!reading->each(reading->context, &given))
            return false;
    }
    return true;
}

static int
rows_read(struct reading_rows *reading, struct source *source, const struct daybreak_input *input, bool typed, struct daybreak_fault *fault)
{
    int64_t until_ms = clock_steady_ms() + TIME_MS;
    struct batch *batch = batch_new();
    int result = 0;

    for (bool more = true; more && result == 0;) {
        batch_reset(batch);
        result = source_read(source, batch, fault);
        if (result != 0 || batch->next == DAYBREAK_INPUT_END)
            break;
        if (batch->layout != NULL && typed)
            batch_type(batch, NULL, batch->rows.rows);
        if (batch->layout != NULL)
            more = batch_each(reading, batch);
        if (batch->next == DAYBREAK_INPUT_CUT) {
            *fault = *batch->cut;
            fault->kind = DAYBREAK_ASIDE;
            result = -1;
        }
        if (reading->request->progress != NULL)
            reading->request->progress(reading->request->context, input, (int64_t)(batch->rows.byte + batch->rows.consumed), reading->rows);
        if (result == 0 && more && clock_steady_ms() > until_ms) {
            reading->guess->limited = true;
            more = false;
        }
    }
    batch_free(batch);
    return result;
}

int
guess_read(const struct guess_request *request, struct guess *guess, bool typed, guess_row_fn each, void *context,
           struct daybreak_fault *fault)
{
    struct reading_rows reading = {.request = request, .guess = guess, .each = each, .context = context};
    struct source_start start = {.part = "", .mark = ""};
    struct arena *arena = arena_new();
    struct source *source;
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next;
    volatile int never = 0;
    int result;

    if (source_open(config_make(arena, guess, typed), request->stop == NULL ? &never : request->stop, &source, fault) != 0) {
        arena_free(arena);
        return -1;
    }
    reading.columns = memory_zero((guess->tables + 1) * sizeof *reading.columns);
    result = source_look(source, &input, &wait, &next, fault);
    if (result == 0 && next != DAYBREAK_MORE) {
        fault_set(fault, DAYBREAK_HALT, "'%s' is gone", guess->from);
        result = fault_exit(fault, 66, "no-file");
    }
    if (result == 0) {
        source_start(source, &input, &start);
        result = rows_read(&reading, source, &input, typed, fault);
    }
    if (result == 0 && source_changed(source)) {
        fault_set(fault, DAYBREAK_RETRY, "'%s' was written to while it was read", guess->from);
        result = fault_hint(fault, "wait until it is complete, then ask again");
    }
    source_close(source);
    for (uint32_t t = 0; t < guess->tables; t++)
        free(reading.columns[t].to);
    free(reading.columns);
    free(reading.cell);
    free(reading.written);
    arena_free(arena);
    return result;
}
