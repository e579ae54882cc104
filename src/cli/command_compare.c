/* SPDX-License-Identifier: Apache-2.0 */
/* `daybreak compare`: the words of the call, and the comparison as a block for people or as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "cli/command.h"
#include "config/option.h"
#include "engine/view.h"
#include "job/parity.h"
#include "sink/sink.h"

#define SAMPLES 10
#define MEMORY_BYTES ((int64_t)256 << 20)
#define SHOWN_BYTES 160

static const struct cli_option compare_options[] = {
    {"key", 'k', "COLUMNS", "The columns that tell one row from another: a,b or a JSON array. Required."},
    {"ignore", 0, "COLUMNS", "Leave these columns out of the comparison."},
    {"columns", 0, "COLUMNS", "Compare these columns alone."},
    {"member", 0, "GLOB", "Which members of an archive are the table; * also matches /. Plain files are taken as they are."},
    {"delimiter", 0, "C", "What separates CSV fields, or tab. Otherwise the first of , ; tab | that shows the key columns."},
    {"quote", 0, "C", "The character around CSV fields, none to switch quoting off (default \")."},
    {"no-header", 0, NULL, "The first CSV record is a row: the columns are called 1, 2, 3, …"},
    {"encoding", 0, "NAME", "Encoding of the files (default UTF-8); A,B when the two sides differ."},
    {"samples", 0, "N", "Show at most N keys of each class (default 10)."},
    {"limit", 0, "N", "Read only the first N rows of each side. What is left out makes the result inconclusive."},
    {"memory", 0, "SIZE", "Keep no more than this in memory (default 256MiB); the rest goes into temporary files ($TMPDIR)."},
    {NULL, 0, NULL, NULL},
};

/* ---- the words of the call -------------------------------------------------------------------- */

static bool
list_of_json(struct arena *arena, const char *value, struct daybreak_list *list)
{
    struct json_tree tree = {0};
    size_t where, count = 0;
    const char **item;
    bool good = json_parse(&tree, value, strlen(value), &where) == 0 && tree.node[0].kind == JSON_ARRAY;

    item = arena_zero(arena, (good ? tree.count : 1) * sizeof *item);
    for (uint32_t at = good ? tree.node[0].child : 0; at != 0; at = tree.node[at].next) {
        struct text text = {0};

        good = good && tree.node[at].kind == JSON_STRING;
        json_string(&tree, at, &text);
        item[count++] = arena_bytes(arena, text_end(&text), text.size);
        text_fini(&text);
    }
    *list = (struct daybreak_list){item, count};
    json_fini(&tree);
    return good;
}

static bool
list_of(struct cli *cli, const struct cli_args *args, struct arena *arena, const char *name, struct daybreak_list *list)
{
    const char *value = cli_value(args, name, NULL), **item;
    size_t count = 0;
    char *rest;

    *list = (struct daybreak_list){NULL, 0};
    if (value == NULL)
        return true;
    if (value[0] == '[' && !list_of_json(arena, value, list)) {
        cli_usage(cli, "--%s takes names as a,b or a JSON array of texts", name);
        return false;
    }
    if (value[0] != '[') {
        item = arena_zero(arena, (strlen(value) + 1) * sizeof *item);
        rest = arena_text(arena, value);
        while (rest != NULL)
            item[count++] = strsep(&rest, ",");
        *list = (struct daybreak_list){item, count};
    }
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k <= i; k++)
            if (list->item[i][0] == '\0' || (k < i && strcmp(list->item[i], list->item[k]) == 0)) {
                cli_usage(cli, "--%s has %s", name, list->item[i][0] == '\0' ? "an empty name" : "one name twice");
                return false;
            }
    return true;
}

/* A single byte; ${none} for the word none, ${otherwise} when not given. */
static bool
byte_of(struct cli *cli, const struct cli_args *args, const char *name, int otherwise, int *byte)
{
    const char *value = cli_value(args, name, NULL);

    *byte = otherwise;
    if (value == NULL)
        return true;
    if (strcmp(value, "tab") == 0 || strcmp(value, "\\t") == 0)
        *byte = '\t';
    else if (strcmp(name, "quote") == 0 && strcmp(value, "none") == 0)
        *byte = -1;
    else if (strlen(value) == 1 && value[0] != '\n' && value[0] != '\r')
        *byte = (unsigned char)value[0];
    else
        return cli_usage(cli, "--%s takes one character, '%s' is none", name, value) == 0;
    return true;
}

static void
encodings(const struct cli_args *args, struct arena *arena, struct parity_request *request)
{
    const char *value = cli_value(args, "encoding", NULL);
    char *left, *comma;

    if (value == NULL)
        return;
    left = arena_text(arena, value);
    comma = strchr(left, ',');
    request->encoding[0] = request->encoding[1] = left;
    if (comma != NULL) {
        *comma = '\0';
        request->encoding[1] = comma + 1;
    }
}

static bool
is_pipeline_file(const char *word)
{
    size_t size = strlen(word);

    return (size > 5 && strcmp(word + size - 5, ".yaml") == 0) || (size > 4 && strcmp(word + size - 4, ".yml") == 0);
}

/* The table where a pipeline's rows live, as FILE#TABLE; ${wanted} NULL: its only one. */
static bool
target_of(struct cli *cli, struct arena *arena, const struct config *config, const char *wanted, const char **side)
{
    const struct config_node *path = node_member(config->sink.load.node, "path");
    uint32_t table = 0;
    char name[256];

    if (strcmp(config->sink.load.type, "sqlite") != 0 || path == NULL) {
        cli_usage(cli, "pipeline '%s' writes %s: only a table can be a side; name the file with what it was made from", config->name,
                  config->sink.load.type);
        return false;
    }
    while (wanted != NULL && table < config->source.table_count && strcmp(config->source.tables[table].name, wanted) != 0)
        table++;
    if (table == config->source.table_count || (wanted == NULL && config->source.table_count > 1)) {
        cli_usage(cli, "pipeline '%s' has several tables: write %s#TABLE, such as %s#%s", config->name, config->name, config->name,
                  config->source.tables[0].name);
        return false;
    }
    sink_table_name(config, table, name);
    *side = path->text[0] == '/' ? arena_printf(arena, "%s#%s", path->text, name)
                                 : arena_printf(arena, "%s/%s#%s", config->dir, path->text, name);
    return true;
}

/* A side may name a pipeline, in this state or by its file: then its target is meant. Files come first. */
static bool
side_of(struct cli *cli, struct arena *arena, const char *word, const char **side)
{
    const char *hash = strrchr(word, '#'), *wanted = hash == NULL ? NULL : hash + 1;
    const char *name = hash == NULL ? word : arena_bytes(arena, word, (size_t)(hash - word));
    struct daybreak_fault fault = {0};
    struct view view;
    bool good;

    *side = word;
    if (access(word, F_OK) == 0 ? !is_pipeline_file(word) : access(name, F_OK) == 0 && !is_pipeline_file(name))
        return true;
    if (view_open(name, &view, &fault) != 0) {
        if (fault.status == 66 || strchr(name, '/') != NULL)
            return true; /* no pipeline either: reading it says what is wrong */
        cli->fault = fault;
        return false;
    }
    good = view.config != NULL;
    if (good)
        good = target_of(cli, arena, view.config, wanted, side);
    else
        cli_usage(cli, "the file of pipeline '%s' is gone or has errors: its target is not known", name);
    view_close(&view);
    return good;
}

static bool
request_of(struct cli *cli, const struct cli_args *args, struct arena *arena, struct parity_request *request)
{
    const char *memory = cli_value(args, "memory", NULL);
    int64_t samples;

    *request = (struct parity_request){.side = {args->operand[0], args->operand[1]},
                                       .member = cli_value(args, "member", NULL),
                                       .no_header = cli_has(args, "no-header"),
                                       .memory_bytes = MEMORY_BYTES};
    if (!cli_has(args, "key")) {
        cli_usage(cli, "--key is required: the columns that tell one row from another");
        return false;
    }
    if (memory != NULL && (!option_size(memory, &request->memory_bytes) || request->memory_bytes < 4 << 20)) {
        cli_usage(cli, "--memory takes a size of at least 4MiB, '%s' is none", memory);
        return false;
    }
    if (!list_of(cli, args, arena, "key", &request->key) || !list_of(cli, args, arena, "ignore", &request->ignore) ||
        !list_of(cli, args, arena, "columns", &request->columns) ||
        !byte_of(cli, args, "delimiter", -1, &request->delimiter) || !byte_of(cli, args, "quote", '"', &request->quote) ||
        !cli_number(cli, args, "samples", SAMPLES, &samples) || !cli_number(cli, args, "limit", 0, &request->limit))
        return false;
    if (request->key.count == 0) {
        cli_usage(cli, "--key names no column");
        return false;
    }
    if (samples > 10000) {
        cli_usage(cli, "--samples takes at most 10000");
        return false;
    }
    request->samples = (uint32_t)samples;
    if (!side_of(cli, arena, args->operand[0], &request->side[0]) || !side_of(cli, arena, args->operand[1], &request->side[1]))
        return false;
    encodings(args, arena, request);
    return true;
}

/* ---- for programs ----------------------------------------------------------------------------------- */

static const char *const class_name[] = {"missing", "extra", "different"};

static void
put_value(struct json *json, const char *name, struct daybreak_text text)
{
    if (text.size == DAYBREAK_NULL)
        json_null(json, name);
    else
        json_bytes(json, name, text.at, text.size);
}

static void
put_sample(struct json *json, const struct parity_request *request, const struct parity_sample *sample)
{
    json_object(json, NULL);
    json_text(json, "class", class_name[sample->class]);
    json_object(json, "key");
    for (size_t k = 0; k < request->key.count; k++)
        put_value(json, request->key.item[k], sample->key[k]);
    json_close(json);
    if (sample->row[0] > 0)
        json_int(json, "row_left", sample->row[0]);
    if (sample->row[1] > 0)
        json_int(json, "row_right", sample->row[1]);
    if (sample->class == PARITY_CHANGED) {
        json_object(json, "columns");
        for (uint32_t i = 0; i < sample->values; i++) {
            json_object(json, sample->value[i].column);
            put_value(json, "left", sample->value[i].side[0]);
            put_value(json, "right", sample->value[i].side[1]);
            json_close(json);
        }
        json_close(json);
    }
    json_close(json);
}

static void
put_json(struct json *json, const struct parity_request *request, const struct parity_result *result)
{
    static const char *const verdict[] = {"equal", "different", "inconclusive"};
    static const char *const names[][2] = {{"bad_left", "bad_right"}, {"repeated_left", "repeated_right"},
                                           {"duplicate_keys_left", "duplicate_keys_right"}, {"limited_left", "limited_right"}};

    json_object(json, NULL);
    json_text(json, "left", request->side[0]);
    json_text(json, "right", request->side[1]);
    json_text(json, "verdict", verdict[result->verdict]);
    json_int(json, "rows_left", result->rows[0]);
    json_int(json, "rows_right", result->rows[1]);
    json_int(json, "equal", result->equal);
    json_int(json, "missing", result->missing);
    json_int(json, "extra", result->extra);
    json_int(json, "different", result->different);
    json_int(json, "unclear", result->unclear);
    for (int s = 0; s < 2; s++) {
        json_int(json, names[0][s], result->bad[s]);
        json_int(json, names[1][s], result->repeated[s]);
        json_int(json, names[2][s], result->duplicate[s]);
        json_bool(json, names[3][s], result->limited[s]);
    }
    json_object(json, "columns");
    for (uint32_t i = 0; i < result->columns && result->column[i].different > 0; i++)
        json_int(json, result->column[i].name, result->column[i].different);
    json_close(json);
    for (int s = 0; s < 2; s++) {
        json_array(json, s == 0 ? "columns_only_left" : "columns_only_right");
        for (uint32_t i = 0; i < result->columns; i++)
            if (result->column[i].seen[s] && !result->column[i].seen[1 - s])
                json_text(json, NULL, result->column[i].name);
        json_close(json);
    }
    json_array(json, "samples");
    for (uint32_t i = 0; i < result->samples; i++)
        put_sample(json, request, &result->sample[i]);
    json_close(json);
    json_array(json, "bad_rows");
    for (uint32_t i = 0; i < result->bad_count; i++) {
        json_object(json, NULL);
        json_text(json, "side", result->bads[i].side == 0 ? "left" : "right");
        json_int(json, "row", result->bads[i].row);
        json_text(json, "reason", result->bads[i].reason);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

/* ---- for people --------------------------------------------------------------------------------------- */

static void
pad(struct text *out, size_t size, size_t width)
{
    while (size++ < width)
        text_char(out, ' ');
}

static void
put_count(struct text *out, int64_t count, size_t width)
{
    struct text number = {0};

    cli_count(&number, count);
    pad(out, text_width(text_end(&number)), width);
    text_put(out, text_end(&number));
    text_fini(&number);
}

static void
put_class(struct cli *cli, const char *name, int64_t count, int64_t of, const char *note)
{
    struct text *out = &cli->out;

    text_put(out, name);
    pad(out, strlen(name), 11);
    put_count(out, count, 14);
    if (count > 0 && count < of && (double)count * 100 / (double)of < 0.1)
        text_put(out, "   <0.1 %");
    else if (of > 0)
        text_printf(out, "%8.1f %%", count < of && count * 1000 > of * 999 ? 99.9 : (double)count * 100 / (double)of);
    if (note[0] != '\0')
        text_printf(out, "  %s%s%s", cli_paint(cli, 'd'), note, cli_paint(cli, '0'));
    text_char(out, '\n');
}

static void
put_cell(struct text *out, struct daybreak_text value)
{
    if (value.size == DAYBREAK_NULL) {
        text_put(out, "null");
        return;
    }
    text_char(out, '\'');
    text_printable(value.at, value.size, SHOWN_BYTES, out);
    text_char(out, '\'');
}

static void
put_sample_text(struct cli *cli, const struct parity_request *request, const struct parity_sample *sample)
{
    struct text *out = &cli->out;

    text_printf(out, "%s%-9s%s ", cli_paint(cli, 'y'), class_name[sample->class], cli_paint(cli, '0'));
    for (size_t k = 0; k < request->key.count; k++) {
        text_printf(out, "%s%s = ", k > 0 ? ", " : "", request->key.item[k]);
        put_cell(out, sample->key[k]);
    }
    text_printf(out, "  %s(row ", cli_paint(cli, 'd'));
    if (sample->row[0] > 0)
        text_printf(out, "%" PRId64 " of A%s", sample->row[0], sample->row[1] > 0 ? ", " : "");
    if (sample->row[1] > 0)
        text_printf(out, "%" PRId64 " of B", sample->row[1]);
    text_printf(out, ")%s\n", cli_paint(cli, '0'));
    for (uint32_t i = 0; i < sample->values; i++) {
        text_put(out, "          ");
        text_printable(sample->value[i].column, strlen(sample->value[i].column), 60, out);
        text_put(out, ": ");
        put_cell(out, sample->value[i].side[0]);
        text_put(out, " → ");
        put_cell(out, sample->value[i].side[1]);
        text_char(out, '\n');
    }
}

static void
put_columns(struct cli *cli, const struct parity_result *result)
{
    struct text *out = &cli->out;
    size_t width = 6;

    for (uint32_t i = 0; i < result->columns && result->column[i].different > 0; i++)
        if (text_width(result->column[i].name) > width)
            width = text_width(result->column[i].name);
    if (width > 60)
        width = 60;
    for (uint32_t i = 0; i < result->columns && result->column[i].different > 0; i++) {
        size_t before;

        if (i == 0) {
            text_put(out, "\ncolumn");
            pad(out, 6, width);
            text_put(out, "     different\n");
        }
        before = out->size;
        text_printable(result->column[i].name, strlen(result->column[i].name), 60, out);
        pad(out, text_width(text_end(out) + before), width);
        put_count(out, result->column[i].different, 14);
        text_char(out, '\n');
    }
    for (int s = 0; s < 2; s++)
        for (uint32_t i = 0, shown = 0; i < result->columns; i++)
            if (result->column[i].seen[s] && !result->column[i].seen[1 - s]) {
                text_put(out, shown++ > 0 ? ", " : s == 0 ? "\ncolumns only in A: " : "\ncolumns only in B: ");
                text_printable(result->column[i].name, strlen(result->column[i].name), 60, out);
            }
    if (out->size > 0 && out->at[out->size - 1] != '\n')
        text_char(out, '\n');
}

static void
put_doubts(struct cli *cli, const struct parity_result *result)
{
    struct text *out = &cli->out;

    for (int s = 0; s < 2; s++) {
        char side = s == 0 ? 'A' : 'B';

        if (result->repeated[s] > 0)
            text_printf(out, "rows that came again exactly alike in %c: %" PRId64 "\n", side, result->repeated[s]);
        if (result->duplicate[s] > 0)
            text_printf(out, "%sduplicate keys in %c: %" PRId64 "%s\n", cli_paint(cli, 'y'), side, result->duplicate[s],
                        cli_paint(cli, '0'));
        if (result->bad[s] > 0)
            text_printf(out, "%sbad rows in %c: %" PRId64 "%s\n", cli_paint(cli, 'y'), side, result->bad[s], cli_paint(cli, '0'));
        for (uint32_t i = 0; i < result->bad_count; i++)
            if (result->bads[i].side == s)
                text_printf(out, "          row %" PRId64 ": %s\n", result->bads[i].row, result->bads[i].reason);
        if (result->limited[s])
            text_printf(out, "%sonly the first %" PRId64 " rows of %c were read%s\n", cli_paint(cli, 'y'), result->rows[s], side,
                        cli_paint(cli, '0'));
    }
}

static void
put_block(struct cli *cli, const struct parity_request *request, const struct parity_result *result)
{
    struct text *out = &cli->out;
    int64_t keys = result->equal + result->different + result->missing + result->extra + result->unclear;

    for (int s = 0; s < 2; s++) {
        text_printf(out, "%s%c%s          ", cli_paint(cli, 'b'), s == 0 ? 'A' : 'B', cli_paint(cli, '0'));
        put_count(out, result->rows[s], 14);
        text_put(out, " rows     ");
        text_printable(request->side[s], strlen(request->side[s]), 200, out);
        text_char(out, '\n');
    }
    put_class(cli, "equal", result->equal, keys, "");
    put_class(cli, "different", result->different, keys, "");
    put_class(cli, "missing", result->missing, keys, "only in A");
    put_class(cli, "extra", result->extra, keys, "only in B");
    if (result->unclear > 0)
        put_class(cli, "unclear", result->unclear, keys, "duplicate key or bad row");
    put_columns(cli, result);
    if (result->samples > 0)
        text_char(out, '\n');
    for (uint32_t i = 0; i < result->samples; i++)
        put_sample_text(cli, request, &result->sample[i]);
    if (result->verdict == PARITY_INCONCLUSIVE || result->repeated[0] + result->repeated[1] > 0)
        text_char(out, '\n');
    put_doubts(cli, result);
}

static void
say(struct cli *cli, const struct parity_result *result)
{
    int64_t bad = result->bad[0] + result->bad[1], duplicate = result->duplicate[0] + result->duplicate[1];
    struct text why = {0};

    if (bad > 0)
        text_printf(&why, "%" PRId64 " bad row%s", bad, bad == 1 ? "" : "s");
    if (duplicate > 0)
        text_printf(&why, "%s%" PRId64 " duplicate key%s", why.size > 0 ? ", " : "", duplicate, duplicate == 1 ? "" : "s");
    if (result->limited[0] || result->limited[1])
        text_printf(&why, "%snot all rows were read", why.size > 0 ? ", " : "");
    if (result->verdict == PARITY_EQUAL)
        cli_say(cli, "equal: %" PRId64 " key%s on both sides", result->equal, result->equal == 1 ? "" : "s");
    else if (result->verdict == PARITY_DIFFERENT)
        cli_say(cli, "not equal: %" PRId64 " different, %" PRId64 " missing, %" PRId64 " extra, %" PRId64 " equal",
                result->different, result->missing, result->extra, result->equal);
    else
        cli_say(cli, "inconclusive (%s): %" PRId64 " different, %" PRId64 " missing, %" PRId64 " extra, %" PRId64 " equal",
                text_end(&why), result->different, result->missing, result->extra, result->equal);
    text_fini(&why);
}

static int
run_compare(struct cli *cli, const struct cli_args *args)
{
    static const char paint[] = {'g', 'r', 'y'};
    struct arena *arena = arena_new();
    struct parity_request request;
    struct parity_result result;
    int status;

    if (!request_of(cli, args, arena, &request) || parity_compare(&request, &result, &cli->fault) != 0) {
        arena_free(arena);
        return cli_fail(cli);
    }
    say(cli, &result);
    put_json(&cli->result, &request, &result);
    put_block(cli, &request, &result);
    text_printf(&cli->out, "\n%s%s%s\n", cli_paint(cli, paint[result.verdict]), cli->summary, cli_paint(cli, '0'));
    status = (int)result.verdict;
    parity_fini(&result);
    arena_free(arena);
    return status;
}

const struct cli_command command_compare = {
    .verb = "compare", .group = "compare", .operands = "A B", .least = 2, .most = 2, .options = compare_options,
    .summary = "Are two dumps or tables the same rows? No pipeline needed.",
    .text = "A and B are each a FILE (CSV or JSON lines, its content decides; also as .gz .zst .xz .bz2 .lz4 or "
            "members of a tar, zip or 7z archive) or FILE#TABLE of an SQLite file, or a pipeline, whose target table is "
            "meant (PIPELINE#TABLE where it has several). Rows are matched by the key "
            "columns and compared by name, as text, exactly: nothing is trimmed, folded or rounded. missing is "
            "only in A, extra only in B. A column that one side does not have is null there.\n"
            "CSV has no null: when either side is CSV, null and the empty text are equal; otherwise they differ, "
            "and a JSON member that is not there is null. JSON numbers compare as written, arrays and objects as "
            "compact JSON; SQLite numbers by their shortest text, a blob as x'6869'. The columns Daybreak keeps "
            "beside its rows (_event_id, _op, …) are left out.\n"
            "A row that comes again exactly alike counts once. Exit 0 equal, 1 different, 2 inconclusive (bad "
            "rows, a key with different rows on one side, a limit), 64 a name that is not there, 65 unreadable "
            "(cut off, damaged), 66 no such file.",
    .run = run_compare};
