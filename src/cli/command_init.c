/* SPDX-License-Identifier: Apache-2.0 */
/* init: a pipeline file out of a dump, or an example to begin with. What was guessed is told on stderr, with its reasons. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/init_example.h"
#include "cli/progress.h"
#include "config/config.h"
#include "config/finding.h"
#include "engine/guess.h"
#include "engine/lint.h"

#define SHOWN_COLUMNS 80

static const struct cli_option init_options[] = {
    {"from", 0, "FILE", "Guess from this dump: CSV, JSON lines or JSON, also packed or in an archive; a quoted glob takes the newest."},
    {"output", 'o', "FILE", "Write there instead of NAME.yaml in this folder; - is stdout."},
    {"name", 0, "NAME", "Name of the pipeline, its table and its file, instead of what FILE is called."},
    {"key", 'k', "COLUMNS", "The columns that tell one row from another, with commas between, instead of looking for them."},
    {"limit", 0, "N", "Look at no more than N rows."},
    {"force", 'f', NULL, "Write over a file that is there."},
    {NULL, 0, NULL, NULL},
};

/* ---- the words of the call -------------------------------------------------------------------- */

/* What may stand in names of files and tables without a second thought. */
static bool
name_good(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > 200 || name[0] == '.' || name[0] == '-' || strpbrk(name, "/\\{}%*?[]\"'#:&!|>@`, \t") != NULL)
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return text_utf8(name, size);
}

static bool
key_of(struct cli *cli, struct arena *arena, const char *value, struct daybreak_list *key)
{
    const char **item = arena_alloc(arena, (strlen(value) + 2) * sizeof *item);

    *key = (struct daybreak_list){item, 0};
    for (const char *at = value;; at++) {
        size_t size = strcspn(at, ",");

        if (size == 0) {
            cli_usage(cli, "--key names columns with commas between: '%s' has an empty one", value);
            return false;
        }
        item[key->count++] = arena_bytes(arena, at, size);
        at += size;
        if (*at == '\0')
            return true;
    }
}

/* The folder must be there and the file not, before a large dump is read for nothing. */
static int
output_check(struct cli *cli, const char *output, bool force)
{
    const char *slash = strrchr(output, '/');
    struct stat stat;
    char *folder;
    bool there;

    if (strcmp(output, "-") == 0)
        return 0;
    folder = slash == NULL ? memory_text(".") : memory_text(output);
    if (slash != NULL)
        folder[slash == output ? 1 : slash - output] = '\0';
    there = access(folder, W_OK | X_OK) == 0;
    if (!there) {
        fault_set(&cli->fault, DAYBREAK_HALT, "cannot write '%s': folder '%s': %s", output, folder, strerror(errno));
        fault_exit(&cli->fault, 73, "cannot-create");
    } else if (lstat(output, &stat) == 0 && S_ISDIR(stat.st_mode)) {
        fault_set(&cli->fault, DAYBREAK_HALT, "cannot write '%s': it is a folder", output);
        fault_hint(&cli->fault, "name a file in it");
        fault_exit(&cli->fault, 73, "cannot-create");
        there = false;
    } else if (lstat(output, &stat) == 0 && !force) {
        fault_set(&cli->fault, DAYBREAK_HALT, "cannot write '%s': it is there already", output);
        fault_hint(&cli->fault, "--output FILE writes elsewhere, --force writes over it");
        fault_exit(&cli->fault, 73, "file-exists");
        there = false;
    }
    free(folder);
    return there ? 0 : cli_fail(cli);
}

/* ---- writing ------------------------------------------------------------------------------------ */

/* Whole or not at all: aside, then its name; a file that came meanwhile is not overwritten. */
static int
output_write(struct cli *cli, const char *output, const struct text *yaml, bool force)
{
    struct text aside = {0};
    int fd, result = -1;

    text_printf(&aside, "%s.%ld.new", output, (long)getpid());
    fd = open(text_end(&aside), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        fault_set(&cli->fault, DAYBREAK_HALT, "cannot write '%s': %s", output, strerror(errno));
        fault_exit(&cli->fault, 73, "cannot-create");
        text_fini(&aside);
        return cli_fail(cli);
    }
    if (file_write_all(fd, yaml->at, yaml->size, output, &cli->fault) == 0 && file_sync(fd, output, &cli->fault) == 0) {
        result = force ? rename(aside.at, output) : link(aside.at, output);
        if (result != 0) {
            fault_set(&cli->fault, DAYBREAK_HALT, "cannot write '%s': %s", output, strerror(errno));
            fault_exit(&cli->fault, 73, "cannot-create");
        }
    }
    close(fd);
    if (result != 0 || !force)
        unlink(aside.at);
    text_fini(&aside);
    return result == 0 ? 0 : cli_fail(cli);
}

/* The file that was written, as lint sees it. Nothing of a guess may be an error. */
static int
proof(struct cli *cli, const char *output)
{
    struct findings findings;
    struct config *config;
    int status = 0;

    findings_init(&findings);
    config = config_read_all(output, &findings);
    if (config != NULL)
        lint_bind(config, &findings);
    if (findings.errors > 0) {
        struct text told = {0};

        findings_print(&findings, &told, cli->colour);
        if (!cli->as_json)
            fputs(text_end(&told), stderr);
        text_fini(&told);
        fault_set(&cli->fault, DAYBREAK_HALT, "'%s' was written, but lint finds fault with it: %s", output, findings.item[0].message);
        fault_hint(&cli->fault, "this is a fault of init: mend the line, and please report it");
        fault_exit(&cli->fault, 70, "bad-guess");
        status = cli_fail(cli);
    }
    config_free(config);
    findings_fini(&findings);
    return status;
}

/* Only what has rows to show has tests. */
static bool
is_tested(const struct text *yaml)
{
    return strstr(yaml->at, "\ntests:\n") != NULL;
}

/* ---- for programs ------------------------------------------------------------------------------- */

static void
put_one(struct json *json, const char *name, int byte)
{
    char text[2] = {(char)byte, '\0'};

    json_text(json, name, byte < 0 ? NULL : text);
}

static void
put_dialect(struct json *json, const struct guess_dialect *d)
{
    bool csv = strcmp(d->type, "csv") == 0;

    json_object(json, "dialect");
    json_text(json, "type", d->type);
    if (d->path != NULL)
        json_text(json, "path", d->path);
    if (d->record != NULL)
        json_text(json, "record", d->record);
    json_text(json, "encoding", d->encoding_is);
    json_text(json, "encoding_why", d->encoding_why);
    json_bool(json, "encoding_sure", !d->encoding_doubt);
    if (csv) {
        json_text(json, "delimiter", d->delimiter);
        put_one(json, "quote", d->quote);
        put_one(json, "escape", d->escape);
        json_bool(json, "trim", d->trim);
        json_bool(json, "header", d->header);
        json_text(json, "header_why", d->header_why);
        json_int(json, "skip", d->skip);
        json_text(json, "comment", d->comment);
        json_text(json, "decimal", d->comma ? "," : ".");
        json_text(json, "thousands", d->thousands[0] == '\0' ? NULL : d->thousands[0] == ' ' ? "space" : d->thousands);
        json_text(json, "null_text", d->null_text);
        json_text(json, "ragged", d->ragged == NULL ? "invalid" : d->ragged);
        if (d->trailer_starts == NULL) {
            json_null(json, "trailer");
        } else {
            json_object(json, "trailer");
            json_text(json, "starts", d->trailer_starts);
            if (d->trailer_count > 0)
                json_int(json, "count", d->trailer_count);
            json_close(json);
        }
    }
    json_close(json);
}

static void
put_table(struct json *json, const struct guess_table *table)
{
    json_array(json, "columns");
    for (uint32_t c = 0; c < table->columns; c++) {
        json_object(json, NULL);
        json_text(json, "name", table->column[c].name);
        json_text(json, "type", table->column[c].type);
        if (table->column[c].pattern != NULL)
            json_text(json, "pattern", table->column[c].pattern);
        json_text(json, "why", table->column[c].why);
        if (table->column[c].doubt != NULL)
            json_text(json, "doubt", table->column[c].doubt);
        json_close(json);
    }
    json_close(json);
    json_array(json, "key");
    for (size_t k = 0; k < table->key.count; k++)
        json_text(json, NULL, table->key.item[k]);
    json_close(json);
    json_text(json, "key_why", table->key_why);
    if (table->key_doubt != NULL)
        json_text(json, "key_doubt", table->key_doubt);
    json_text(json, "changed_at", table->changed_at);
    json_text(json, "changed_why", table->changed_why);
    json_int(json, "rows", table->rows);
    json_int(json, "bad", table->bad);
    put_dialect(json, &table->dialect);
}

static void
put_json(struct json *json, const struct guess *guess, const char *output)
{
    json_object(json, NULL);
    json_text(json, "file", output);
    json_text(json, "name", guess->name);
    json_text(json, "from", guess->from);
    json_text(json, "path", guess->path);
    json_int(json, "matches", guess->matches);
    json_text(json, "manifest", guess->manifest);
    if (!guess->tables_named)
        put_table(json, &guess->table[0]);
    json_array(json, "tables");
    for (uint32_t t = 0; t < guess->tables; t++) {
        json_object(json, NULL);
        json_text(json, "name", guess->table[t].name);
        json_text(json, "member", guess->table[t].member);
        put_table(json, &guess->table[t]);
        json_close(json);
    }
    json_close(json);
    json_array(json, "notes");
    for (uint32_t i = 0; i < guess->notes; i++)
        json_text(json, NULL, guess->note[i]);
    json_close(json);
    json_close(json);
}

/* ---- for people --------------------------------------------------------------------------------- */

static void
put_cell(struct text *out, const char *text, size_t width)
{
    size_t from = out->size;

    text_printable(text, strlen(text), 60, out);
    text_end(out);
    for (size_t at = text_width(out->at + from); at < width; at++)
        text_char(out, ' ');
}

static void
put_fact(struct cli *cli, struct text *out, const char *what, const char *value, const char *why, const char *doubt)
{
    text_put(out, "  ");
    put_cell(out, what, 12);
    text_put(out, cli_paint(cli, 'b'));
    put_cell(out, value, 24);
    text_put(out, cli_paint(cli, '0'));
    if (why != NULL) {
        text_printf(out, "  %s", cli_paint(cli, 'd'));
        text_printable(why, strlen(why), 200, out);
        text_put(out, cli_paint(cli, '0'));
    }
    while (out->at[out->size - 1] == ' ')
        out->size--;
    text_char(out, '\n');
    if (doubt == NULL)
        return;
    text_printf(out, "%16s%s! ", "", cli_paint(cli, 'y'));
    text_printable(doubt, strlen(doubt), 300, out);
    text_printf(out, "%s\n", cli_paint(cli, '0'));
}

static const char *
shown_byte(const char *delimiter)
{
    return strcmp(delimiter, "\t") == 0 ? "tab" : delimiter;
}

static void
put_format(struct cli *cli, struct text *out, const struct guess_dialect *d)
{
    char value[80];

    if (strcmp(d->type, "csv") == 0) {
        snprintf(value, sizeof value, "csv, '%s' between fields", shown_byte(d->delimiter));
        put_fact(cli, out, "format", value, d->delimiter_why, NULL);
        put_fact(cli, out, "header", d->header ? "yes" : "no", d->header_why,
                 d->header_doubt ? "if the first line is a row: `header: false`, and names for the columns in `fields`" : NULL);
        if (d->quote_why != NULL) {
            snprintf(value, sizeof value, d->quote < 0 ? "none" : d->escape >= 0 ? "%c, escaped by %c" : "%c", d->quote, d->escape);
            put_fact(cli, out, "quotes", value, d->quote_why, NULL);
        }
        if (d->trim)
            put_fact(cli, out, "trimmed", "yes", d->trim_why, NULL);
        if (d->skip > 0) {
            snprintf(value, sizeof value, "%" PRId64 " line%s", d->skip, d->skip == 1 ? "" : "s");
            put_fact(cli, out, "skipped", value, "in front of the rows", NULL);
        }
        if (d->comment != NULL)
            put_fact(cli, out, "comments", d->comment, "lines that begin so have other fields", NULL);
        if (d->comma)
            put_fact(cli, out, "decimal", ",", d->number_why, NULL);
        if (d->thousands[0] != '\0')
            put_fact(cli, out, "thousands", d->thousands[0] == ' ' ? "space" : d->thousands, "digits are grouped in threes", NULL);
        if (d->null_text != NULL)
            put_fact(cli, out, "null", d->null_text, "stands where nothing is known", NULL);
        if (d->ragged != NULL)
            put_fact(cli, out, "ragged", d->ragged, d->ragged_why, NULL);
        if (d->trailer_starts != NULL)
            put_fact(cli, out, "trailer", d->trailer_starts,
                     d->trailer_count > 0 ? "the last line has the number of rows" : "the last line is no row", NULL);
    } else {
        put_fact(cli, out, "format", d->type,
                 d->record != NULL       ? NULL
                 : d->path == NULL     ? "each line is a JSON object"
                 : d->path[0] == '\0' ? "the document is an array of objects"
                                       : NULL, NULL);
        if (d->record != NULL)
            put_fact(cli, out, "record", d->record, "these elements are the records", NULL);
        if (d->path != NULL && d->path[0] != '\0')
            put_fact(cli, out, "records", d->path, "the first array of objects in the document", NULL);
    }
    put_fact(cli, out, "encoding", d->encoding_is, d->encoding_why,
             d->encoding_doubt && d->encoding != NULL ? "look at names with accents; `encoding:` takes every name that `iconv -l` knows"
                                                      : NULL);
}

static void
put_columns(struct cli *cli, struct text *out, const struct guess_table *table)
{
    size_t name = 6, type = 4;

    for (uint32_t c = 0; c < table->columns && c < SHOWN_COLUMNS; c++) {
        name = text_width(table->column[c].name) > name ? text_width(table->column[c].name) : name;
        type = text_width(table->column[c].type) > type ? text_width(table->column[c].type) : type;
    }
    name = name > 40 ? 40 : name;
    text_printf(out, "\n  %s", cli_paint(cli, 'd'));
    put_cell(out, "column", name + 2);
    put_cell(out, "type", type + 2);
    text_printf(out, "because%s\n", cli_paint(cli, '0'));
    for (uint32_t c = 0; c < table->columns && c < SHOWN_COLUMNS; c++) {
        const struct guess_column *column = &table->column[c];

        text_put(out, "  ");
        put_cell(out, column->name, name + 2);
        text_put(out, cli_paint(cli, 'b'));
        put_cell(out, column->type, type + 2);
        text_printf(out, "%s%s", cli_paint(cli, '0'), cli_paint(cli, 'd'));
        text_printable(column->why, strlen(column->why), 160, out);
        if (column->pattern != NULL)
            text_printf(out, "%swritten %s", column->why[0] != '\0' ? ", " : "", column->pattern);
        text_printf(out, "%s\n", cli_paint(cli, '0'));
        if (column->doubt == NULL)
            continue;
        text_printf(out, "%*s%s! ", (int)name + 4, "", cli_paint(cli, 'y'));
        text_printable(column->doubt, strlen(column->doubt), 300, out);
        text_printf(out, "%s\n", cli_paint(cli, '0'));
    }
    if (table->columns > SHOWN_COLUMNS)
        text_printf(out, "  … and %u more columns, all in the file\n", table->columns - SHOWN_COLUMNS);
}

static void
put_table_text(struct cli *cli, struct text *out, const struct guess *guess, const struct guess_table *table)
{
    struct text rows = {0}, key = {0};

    if (guess->tables_named)
        text_printf(out, "\n%s%s%s  %s%s%s\n", cli_paint(cli, 'b'), table->name, cli_paint(cli, '0'), cli_paint(cli, 'd'), table->member,
                    cli_paint(cli, '0'));
    cli_count(&rows, table->rows);
    put_fact(cli, out, "rows", text_end(&rows), NULL, NULL);
    put_format(cli, out, &table->dialect);
    for (size_t k = 0; k < table->key.count; k++)
        text_printf(&key, "%s%s", k > 0 ? ", " : "", table->key.item[k]);
    put_fact(cli, out, "key", table->key.count == 0 ? "none" : text_end(&key), table->key_why, table->key_doubt);
    if (guess->manifest != NULL)
        put_fact(cli, out, "manifest", guess->manifest,
                 "it is right about this dump; a later one about which it is wrong waits for a person", NULL);
    put_fact(cli, out, "changed at", table->changed_at == NULL ? "unknown" : table->changed_at, table->changed_why, NULL);
    put_columns(cli, out, table);
    text_fini(&rows);
    text_fini(&key);
}

static void
put_next(struct cli *cli, struct text *out, const char *output, bool tests)
{
    text_printf(out, "\nnext: %sdaybreak %s %s%s\n", cli_paint(cli, 'b'), tests ? "test" : "lint", output, cli_paint(cli, '0'));
    text_printf(out, "      %sdaybreak run %s --dry-run%s\n", cli_paint(cli, 'b'), output, cli_paint(cli, '0'));
    text_printf(out, "      %sdaybreak run %s%s\n", cli_paint(cli, 'b'), output, cli_paint(cli, '0'));
}

static void
tell(struct cli *cli, const struct guess *guess, const char *output, bool tests)
{
    struct text out = {0};

    if (cli->quiet || cli->as_json)
        return;
    text_printf(&out, "guessed from %s:\n\n", guess->from);
    put_fact(cli, &out, "path", guess->path, guess->path_why, NULL);
    for (uint32_t t = 0; t < guess->tables; t++)
        put_table_text(cli, &out, guess, &guess->table[t]);
    for (uint32_t i = 0; i < guess->notes; i++) {
        text_printf(&out, "%s%s! ", i == 0 ? "\n" : "", cli_paint(cli, 'y'));
        text_printable(guess->note[i], strlen(guess->note[i]), 400, &out);
        text_printf(&out, "%s\n", cli_paint(cli, '0'));
    }
    if (strcmp(output, "-") != 0)
        put_next(cli, &out, output, tests);
    fwrite(out.at, 1, out.size, stderr);
    text_fini(&out);
}

/* ---- the command ---------------------------------------------------------------------------------- */

static void
on_progress(void *context, const struct daybreak_input *input, int64_t bytes, int64_t rows)
{
    const struct cli *cli = context;
    struct daybreak_input shown = *input;

    shown.packed |= bytes < 0; /* then nobody knows how far it is */
    if (cli->terminal && !cli->quiet && !cli->as_json)
        progress_show(NULL, &shown, bytes, rows);
}

static const char *
default_output(struct arena *arena, const struct cli_args *args, const char *from)
{
    char name[201];

    if (cli_has(args, "output"))
        return cli_value(args, "output", NULL);
    if (cli_has(args, "name"))
        snprintf(name, sizeof name, "%s", cli_value(args, "name", NULL));
    else if (from == NULL)
        snprintf(name, sizeof name, "orders");
    else
        guess_name(from, name);
    return arena_printf(arena, "%s.yaml", name);
}

static int
output_put(struct cli *cli, const char *output, const struct text *yaml, bool force)
{
    int status;

    if (strcmp(output, "-") == 0) {
        text_add(&cli->out, yaml->at, yaml->size);
        return 0;
    }
    status = output_write(cli, output, yaml, force);
    return status != 0 ? status : proof(cli, output);
}

static int
example(struct cli *cli, const struct cli_args *args, const char *output)
{
    const char *name = cli_value(args, "name", "orders");
    struct text yaml = {0};
    int status;

    init_example(name, &yaml);
    status = output_put(cli, output, &yaml, cli_has(args, "force"));
    text_fini(&yaml);
    if (status != 0)
        return status;
    json_object(&cli->result, NULL);
    json_text(&cli->result, "file", output);
    json_text(&cli->result, "name", name);
    json_close(&cli->result);
    cli_say(cli, "wrote an example to %s; --from FILE makes one from a dump of your own", output);
    if (strcmp(output, "-") == 0)
        return 0;
    text_printf(&cli->out, "%s\n", cli->summary);
    if (!cli->quiet && !cli->as_json)
        fprintf(stderr, "next: put a dump to drop/%s_20260131.csv, or change the path\n      daybreak lint %s\n      daybreak run %s\n",
                name, output, output);
    return 0;
}

static int
from_file(struct cli *cli, const struct cli_args *args, struct arena *arena, const char *from, const char *output)
{
    struct guess_request request = {.from = from, .output = strcmp(output, "-") == 0 ? "pipeline.yaml" : output,
                                    .name = cli_value(args, "name", NULL), .progress = on_progress, .context = cli};
    struct guess *guess;
    struct text yaml = {0};
    int status;

    if (!cli_number(cli, args, "limit", 0, &request.limit) ||
        (cli_has(args, "key") && !key_of(cli, arena, cli_value(args, "key", ""), &request.key)))
        return 64;
    if (guess_make(&request, &guess, &cli->fault) != 0) {
        progress_clear();
        return cli_fail(cli);
    }
    progress_clear();
    guess_yaml(guess, &yaml);
    text_end(&yaml);
    status = output_put(cli, output, &yaml, cli_has(args, "force"));
    if (status == 0) {
        put_json(&cli->result, guess, output);
        cli_say(cli, "wrote %s: %u table%s, %s", output, guess->tables, guess->tables == 1 ? "" : "s",
                guess->notes > 0 ? "with things to check" : "nothing left open");
        if (!guess->tables_named)
            cli_say(cli, "wrote %s: %u column%s, %s", output, guess->table[0].columns, guess->table[0].columns == 1 ? "" : "s",
                    guess->table[0].key.count > 0 ? "changes are found by key" : "without a key");
        if (strcmp(output, "-") != 0)
            text_printf(&cli->out, "%s\n", cli->summary);
        tell(cli, guess, output, is_tested(&yaml));
    }
    text_fini(&yaml);
    guess_free(guess);
    return status;
}

static int
run_init(struct cli *cli, const struct cli_args *args)
{
    const char *from = cli_value(args, "from", NULL), *name = cli_value(args, "name", NULL), *output;
    struct arena *arena = arena_new();
    int status;

    if (name != NULL && !name_good(name))
        status = cli_usage(cli, "--name takes a word of letters, digits, - _ and ., '%s' is none", name);
    else if (from != NULL && (from[0] == '\0' || strcmp(from, "-") == 0))
        status = cli_usage(cli, "--from takes a file: a dump is read more than once");
    else if (from == NULL && (cli_has(args, "key") || cli_has(args, "limit")))
        status = cli_usage(cli, "--%s needs --from FILE", cli_has(args, "key") ? "key" : "limit");
    else {
        output = default_output(arena, args, from);
        status = output_check(cli, output, cli_has(args, "force"));
        if (status == 0)
            status = from == NULL ? example(cli, args, output) : from_file(cli, args, arena, from, output);
    }
    arena_free(arena);
    return status;
}

const struct cli_command command_init = {
    .verb = "init", .group = "start", .operands = "", .options = init_options, .run = run_init,
    .summary = "Write a pipeline file: guessed from a dump, or an example to begin with.",
    .text = "--from reads the whole dump and guesses how its rows are written (delimiter, quotes, header, encoding, decimal comma, "
            "trailer), the type of each column, the key and the column that says when a row changed, each with the reason. "
            "The file it writes lints and runs as it is, and its comments say what to look at. Where a type would set rows aside or "
            "lose something (leading zeros), the column stays text. Several members of an archive become several tables.\n"
            "Exit 65 when FILE is nothing that can be read, 66 when it is not there, 73 when the pipeline file cannot be written or is "
            "there already."};
