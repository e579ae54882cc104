/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of transforms: the same for a batch as for its rows one by one, every column given, nothing believed of odd cells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit_batch.h"

/* The columns and rows that were given, or the kit's own. */
static bool
table_make(struct kit *kit, struct kit_table *table, struct kit_row **rows, uint32_t *count)
{
    static const char *const columns[][2] = {{"id", "text"},       {"name", "text"},    {"email", "text"}, {"qty", "integer"},
                                             {"price", "decimal(12,2)"}, {"at", "timestamp"}, {"day", "date"},   {"open", "boolean"},
                                             {"ratio", "real"}};
    static const struct kit_row own[] = {
        {'c', {"1", "Ann", "ann@example.org", "1", "19.90", "2026-01-31T12:00:00Z", "2026-01-31", "true", "0.5"}, {0}},
        {'u', {"2", "B\xc3\xa9""a", "", "-3", "0.00", NULL, NULL, "false", "-1e30"}, {0}},
        {'r', {"3", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL}, {0}},
        {'c', {"4", "a,\"b\"\nc", "no mail", "9223372036854775807", "-9999999999.99", "0001-01-01T00:00:00Z", "9999-12-31", "true", "0"}, {0}},
    };

    *table = (struct kit_table){0};
    for (const struct config_node *c = kit->request->columns == NULL ? NULL : kit->request->columns->child; c != NULL; c = c->next)
        if (!kit_table_add(table, c->key, c->text == NULL ? "" : c->text, table->columns == 0)) {
            kit_fail(kit, "column '%.100s' of the kit's file has no known type: '%.100s'", c->key, c->text == NULL ? "" : c->text);
            return false;
        }
    if (table->columns == 0)
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            kit_table_add(table, columns[i][0], columns[i][1], i == 0);
    *count = 0;
    *rows = arena_zero(kit->arena, (64 + 1) * sizeof **rows);
    for (const struct config_node *r = kit->request->rows == NULL ? NULL : kit->request->rows->child; r != NULL && *count < 64; r = r->next) {
        struct kit_row *row = &(*rows)[(*count)++];

        row->op = 'c';
        for (uint32_t c = 0; c < table->columns; c++) {
            const struct config_node *cell = node_member(r, table->name[c]);

            row->cell[c] = cell == NULL || (!cell->quoted && cell->text != NULL && strcmp(cell->text, "null") == 0) ? NULL : cell->text;
        }
    }
    for (size_t i = 0; *count == 0 && kit->request->columns == NULL && i < sizeof own / sizeof *own; i++)
        (*rows)[i] = own[i];
    if (*count == 0 && kit->request->columns == NULL)
        *count = sizeof own / sizeof *own;
    if (*count == 0)
        kit_skip(kit, "columns without rows");
    return *count > 0;
}

static bool
column_valid(const struct daybreak_column *column)
{
    return column->name != NULL && column->name[0] != '\0' && column->type <= DAYBREAK_TYPE_DATE &&
           (column->type != DAYBREAK_TYPE_DECIMAL || (column->precision >= 1 && column->precision <= 38 && column->scale <= column->precision));
}

/* What the module says of one batch, in the order of the changes. */
static int
apply(struct kit *kit, struct instance *instance, const struct kit_table *table, const struct kit_row *row, uint32_t rows, struct text *out,
      struct daybreak_fault *fault)
{
    const struct daybreak_connector *type = instance->type;
    const struct daybreak_column *gives = NULL;
    struct batch_taking taking = {0};
    struct batch *batch;
    uint32_t count = 0;
    int result = -1;

    if (type->gives != NULL && type->gives(instance->self, table->column, table->columns, &gives, &count, fault) != 0)
        return fault_within(fault, "gives");
    for (uint32_t i = 0; i < count; i++) {
        if (count > 4096 || !column_valid(&gives[i]))
            return kit_fail(kit, "gives declares a column without name or type");
        for (uint32_t k = 0; k < table->columns; k++)
            if (table->column[k].key && strcmp(table->name[k], gives[i].name) == 0)
                return kit_fail(kit, "gives declares the key column '%s': a key must stay", gives[i].name);
    }
    batch = kit_batch(table, row, rows, 1);
    taking = (struct batch_taking){.columns = count, .changes = rows, .cells = arena_zero(batch->arena, (count + 1) * sizeof *taking.cells),
                                   .filtered = arena_zero(batch->arena, rows + 1)};
    batch->taking = &taking;
    batch_face(batch);
    batch->face.event_id = NULL;
    batch->face.changed_at = NULL;
    batch->face.context = NULL;
    if (type->apply(instance->self, &batch->face, fault) != 0) {
        fault_within(fault, "apply");
        goto free_batch;
    }
    for (uint32_t i = 0; i < rows; i++) {
        if (taking.filtered[i])
            text_put(out, "filtered ");
        for (uint32_t r = 0; r < batch->refused_count; r++)
            if (batch->refused[r].change == i)
                text_printf(out, "refused %s ", batch->refused[r].rule);
        for (uint32_t c = 0; c < count; c++) {
            const struct daybreak_cells *cells = &taking.cells[c];
            int forms = (cells->text != NULL) + (cells->number != NULL) + (cells->real != NULL);

            if (forms != 1) {
                kit_fail(kit, forms == 0 ? "apply did not give column '%s' that gives declared" : "column '%s' came in two forms", gives[c].name);
                fault_set(fault, DAYBREAK_HALT, "%s", kit->result.detail);
                goto free_batch;
            }
            if (taking.filtered[i])
                continue;
            if (cells->nulls != NULL && cells->nulls[i])
                text_put(out, "~|");
            else if (cells->text != NULL)
                kit_cell_write(&cells->text[i], out);
            else if (cells->number != NULL)
                text_printf(out, "%lld|", (long long)cells->number[i]);
            else
                text_printf(out, "%a|", cells->real[i]);
        }
        text_char(out, '\n');
    }
    result = 0;
free_batch:
    batch->taking = NULL;
    batch_free(batch);
    return result;
}

int
kit_exercise_transform(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault)
{
    struct kit_table table;
    struct kit_row *rows;
    uint32_t count;

    if (!table_make(kit, &table, &rows, &count))
        return fault_set(fault, DAYBREAK_HALT, "%s", kit->result.detail);
    return apply(kit, instance, &table, rows, count, out, fault);
}

static void
property_blocks(struct kit *kit)
{
    struct instance *instance = kit_open(kit, NULL);
    struct text whole = {0}, pieces = {0};
    struct daybreak_fault fault = {0};
    struct kit_table table;
    struct kit_row *rows, *many;
    uint32_t count;

    if (instance == NULL)
        return;
    if (!table_make(kit, &table, &rows, &count))
        goto close;
    many = arena_zero(kit->arena, (size_t)count * 500 * sizeof *many);
    for (uint32_t i = 0; i < count * 500; i++)
        many[i] = rows[i % count];
    if (apply(kit, instance, &table, rows, count, &whole, &fault) != 0)
        kit_fail(kit, "%.450s", fault.what);
    for (uint32_t i = 0; i < count && kit->result.verdict == KIT_PASS; i++)
        if (apply(kit, instance, &table, &rows[i], 1, &pieces, &fault) != 0)
            kit_fail(kit, "a batch of one row: %.400s", fault.what);
    if (pieces.size != whole.size || memcmp(text_end(&pieces), text_end(&whole), whole.size) != 0)
        kit_fail(kit, "a batch gives other cells than its rows one by one");
    text_clear(&pieces);
    if (kit->result.verdict == KIT_PASS && apply(kit, instance, &table, many, count * 500, &pieces, &fault) != 0)
        kit_fail(kit, "a batch of %u rows: %.400s", count * 500, fault.what);
    for (uint32_t i = 0; i < 500 && kit->result.verdict == KIT_PASS; i++)
        if (pieces.size != whole.size * 500 || memcmp(pieces.at + i * whole.size, text_end(&whole), whole.size) != 0)
            kit_fail(kit, "a batch of %u rows gives other cells than a small one", count * 500);
    kit_pass(kit, "%u rows give the same alone, together and %u at once", count, count * 500);
close:
    instance_close(instance);
    text_fini(&whole);
    text_fini(&pieces);
}

static void
property_empty(struct kit *kit)
{
    struct instance *instance = kit_open(kit, NULL);
    struct text out = {0};
    struct daybreak_fault fault = {0};
    struct kit_table table;
    struct kit_row *rows;
    uint32_t count;

    if (instance == NULL)
        return;
    if (table_make(kit, &table, &rows, &count)) {
        if (apply(kit, instance, &table, rows, 0, &out, &fault) != 0)
            kit_fail(kit, "a batch without changes: %.400s", fault.what);
        kit_pass(kit, "a batch without changes is none");
    }
    instance_close(instance);
    text_fini(&out);
}

static void
property_hostile(struct kit *kit)
{
    static const char *const words[] = {"", " ", "'\"`", "\\", "\t\n\r", "\xf0\x9f\x8c\x85", "\xe2\x80\xae_abc", "\x01\x7f", "%s%n%d", "-", "@", "e\xcc\x81"};
    struct instance *instance = kit_open(kit, NULL);
    struct text out = {0};
    struct daybreak_fault fault = {0};
    struct kit_table table;
    struct kit_row *rows;
    uint32_t count, made = 0;
    char *huge;

    if (instance == NULL)
        return;
    if (!table_make(kit, &table, &rows, &count))
        goto close;
    huge = arena_alloc(kit->arena, (1u << 20) + 1);
    memset(huge, 'h', 1u << 20);
    huge[1u << 20] = '\0';
    for (size_t w = 0; w <= sizeof words / sizeof *words; w++, made++) {
        struct kit_row row = rows[w % count];

        for (uint32_t c = 1; c < table.columns; c++)
            if (table.type[c].type == DAYBREAK_TYPE_TEXT)
                row.cell[c] = w == sizeof words / sizeof *words ? huge : words[w];
        if (apply(kit, instance, &table, &row, 1, &out, &fault) != 0) {
            kit_fail(kit, "a cell that it does not want makes the batch fail, host->refuse sets it aside alone: %.300s", fault.what);
            break;
        }
    }
    kit_pass(kit, "%u rows of hostile texts", made);
close:
    instance_close(instance);
    text_fini(&out);
}

const struct kit_property kit_transform[] = {
    {"blocks", property_blocks, 20, 0}, {"empty", property_empty, 10, 0}, {"hostile", property_hostile, 20, 0}, {NULL, NULL, 0, 0},
};
