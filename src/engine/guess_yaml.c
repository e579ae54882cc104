/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: the guess as a pipeline file. Each line that was guessed says why; what a person may want next stands there as a comment. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "guess_parts.h"

#define COMMENT_AT 44
#define SQL_COLUMNS 1900 /* SQLite's limit is 2000, and Daybreak adds some */

/* ---- scalars ------------------------------------------------------------------------------ */

static bool
is_word(const char *text)
{
    static const char *const special[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};

    if (text[0] == '\0' || strchr("0123456789-%", text[0]) != NULL)
        return false;
    for (const char *at = text; *at != '\0'; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || strchr("_./%-", *at) != NULL))
            return false;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (strcasecmp(text, special[i]) == 0)
            return false;
    return true;
}

void
guess_yaml_quoted(struct text *out, const char *text, size_t size)
{
    text_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else if (c == '\n')
            text_put(out, "\\n");
        else if (c == '\t')
            text_put(out, "\\t");
        else if (c < 0x20 || c == 0x7f)
            text_printf(out, "\\x%02x", c);
        else
            text_char(out, (char)c);
    }
    text_char(out, '"');
}

void
guess_yaml_scalar(struct text *out, const char *text)
{
    if (is_word(text))
        text_put(out, text);
    else
        guess_yaml_quoted(out, text, strlen(text));
}

/* A column as an expression names it: quoted unless it is a plain word that means nothing else in SQL. */
static void
put_column(struct text *out, const char *name)
{
    static const char words[] = "|date|time|timestamp|case|when|then|else|end|and|or|not|null|in|is|like|between|cast|true|false|as|from|"
                                "select|where|order|group|by|left|right|interval|current_date|current_timestamp|distinct|escape|";
    char word[70];
    bool plain = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_' || (name[0] >= 'A' && name[0] <= 'Z');

    for (const char *at = name; *at != '\0'; at++)
        plain &= (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_';
    snprintf(word, sizeof word, "|%.60s|", name);
    if (plain && strcasestr(words, word) == NULL) {
        text_put(out, name);
        return;
    }
    text_put(out, "'\"");
    for (const char *at = name; *at != '\0'; at++)
        text_printf(out, "%s%c", *at == '"' ? "\"" : *at == '\'' ? "'" : "", *at);
    text_put(out, "\"'");
}

static void
put_list(struct text *out, const struct daybreak_list *list)
{
    text_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        text_put(out, i > 0 ? ", " : "");
        guess_yaml_scalar(out, list->item[i]);
    }
    text_char(out, ']');
}

/* ---- lines -------------------------------------------------------------------------------- */

static void
put_indent(struct text *out, int indent)
{
    for (int i = 0; i < indent; i++)
        text_char(out, ' ');
}

/* The line that began at ${from} gets its comments and ends. */
static void
end_line(struct text *out, size_t from, const char *why, const char *doubt)
{
    size_t width = text_utf8_count(out->at + from, out->size - from);

    if ((why != NULL && why[0] != '\0') || doubt != NULL) {
        while (width++ < COMMENT_AT)
            text_char(out, ' ');
        text_put(out, " # ");
        if (why != NULL)
            text_printable(why, strlen(why), 400, out);
        if (doubt != NULL) {
            text_put(out, why != NULL && why[0] != '\0' ? "; CHECK: " : "CHECK: ");
            text_printable(doubt, strlen(doubt), 400, out);
        }
    }
    text_char(out, '\n');
}

static void
put_option(struct text *out, int indent, const char *key, const char *value, const char *why)
{
    size_t from = out->size;

    put_indent(out, indent);
    text_printf(out, "%s: ", key);
    guess_yaml_scalar(out, value);
    end_line(out, from, why, NULL);
}

/* A value that is its own YAML. */
static void
put_plain(struct text *out, int indent, const char *key, const char *value, const char *why)
{
    size_t from = out->size;

    put_indent(out, indent);
    text_printf(out, "%s: %s", key, value);
    end_line(out, from, why, NULL);
}

const char *
guess_yaml_delimiter(const struct guess_dialect *d, struct arena *arena)
{
    struct text text = {0};
    const char *result;

    if (strcmp(d->delimiter, "\t") == 0)
        return "tab";
    for (const char *at = d->delimiter; *at != '\0'; at++)
        if (*at == '\t')
            text_put(&text, "\\t");
        else if ((unsigned char)*at < 0x20 || *at == 0x7f)
            text_printf(&text, "\\x%02x", (unsigned char)*at);
        else
            text_char(&text, *at);
    result = arena_text(arena, text_end(&text));
    text_fini(&text);
    return result;
}

/* ---- format ------------------------------------------------------------------------------- */

static void
put_format(struct text *out, int indent, const struct guess_dialect *d, struct arena *arena)
{
    char one[2] = "";

    put_indent(out, indent);
    text_put(out, "format:\n");
    indent += 2;
    put_option(out, indent, "type", d->type, NULL);
    if (d->encoding != NULL)
        put_option(out, indent, "encoding", d->encoding, d->encoding_why);
    if (d->path != NULL && d->path[0] != '\0')
        put_option(out, indent, "path", d->path, "where the array of records is");
    if (d->record != NULL)
        put_option(out, indent, "record", d->record, "these elements are the records");
    if (strcmp(d->type, "csv") != 0)
        return;
    put_option(out, indent, "delimiter", guess_yaml_delimiter(d, arena), d->delimiter_why);
    one[0] = (char)d->quote;
    if (d->quote != '"')
        put_option(out, indent, "quote", d->quote < 0 ? "none" : one, d->quote_why);
    one[0] = (char)d->escape;
    if (d->escape >= 0)
        put_option(out, indent, "escape", one, d->quote_why);
    put_plain(out, indent, "header", d->header ? "true" : "false", d->header_why);
    if (d->trim)
        put_plain(out, indent, "trim", "true", d->trim_why);
    if (d->skip > 0)
        put_plain(out, indent, "skip", arena_printf(arena, "%lld", (long long)d->skip), "lines in front that are no rows");
    if (d->comment != NULL)
        put_option(out, indent, "comment", d->comment, "lines that begin so are no rows");
    if (d->comma)
        put_option(out, indent, "decimal", ",", d->number_why);
    if (d->thousands[0] != '\0')
        put_option(out, indent, "thousands", d->thousands[0] == ' ' ? "space" : d->thousands, "digits are grouped in threes");
    if (d->null_text != NULL)
        put_option(out, indent, "null_text", d->null_text, "stands for null; in text columns an empty field then stays empty");
    if (d->ragged != NULL)
        put_option(out, indent, "ragged", d->ragged, d->ragged_why);
    if (d->trailer_starts != NULL) {
        size_t from = out->size;

        put_indent(out, indent);
        text_put(out, "trailer: {starts: ");
        guess_yaml_quoted(out, d->trailer_starts, strlen(d->trailer_starts));
        if (d->trailer_count > 0)
            text_printf(out, ", count: %u", d->trailer_count);
        text_char(out, '}');
        end_line(out, from, d->trailer_count > 0 ? "the last line proves the file whole: that field is the number of rows"
                                                 : "the last line proves the file whole", NULL);
    }
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_format(const struct guess_dialect *a, const struct guess_dialect *b)
{
    return strcmp(a->type, b->type) == 0 && same_text(a->path, b->path) && same_text(a->record, b->record) && same_text(a->encoding, b->encoding) &&
           strcmp(a->delimiter, b->delimiter) == 0 &&
           a->quote == b->quote && a->escape == b->escape && a->header == b->header && a->skip == b->skip &&
           a->trim == b->trim && same_text(a->comment, b->comment) && a->comma == b->comma && strcmp(a->thousands, b->thousands) == 0 &&
           same_text(a->null_text, b->null_text) && same_text(a->ragged, b->ragged) &&
           same_text(a->trailer_starts, b->trailer_starts) && a->trailer_count == b->trailer_count;
}

/* ---- tables ------------------------------------------------------------------------------- */

static void
put_fields(struct text *out, int indent, const struct guess_table *table)
{
    put_indent(out, indent);
    text_put(out, "fields:\n");
    for (uint32_t c = 0; c < table->columns; c++) {
        const struct guess_column *column = &table->column[c];
        size_t from = out->size;

        put_indent(out, indent + 2);
        guess_yaml_scalar(out, column->name);
        text_put(out, ": ");
        if (column->pattern != NULL || column->path != NULL) {
            text_printf(out, "{type: %s", column->type);
            if (strchr(column->type, ',') != NULL) { /* a comma ends a value in braces */
                out->size -= strlen(column->type);
                guess_yaml_quoted(out, column->type, strlen(column->type));
            }
            if (column->path != NULL) {
                text_put(out, ", path: ");
                guess_yaml_quoted(out, column->path, strlen(column->path));
            }
            if (column->repeated)
                text_put(out, ", repeated: json");
            if (column->pattern != NULL) {
                text_put(out, ", pattern: ");
                guess_yaml_quoted(out, column->pattern, strlen(column->pattern));
            }
            text_char(out, '}');
        } else {
            guess_yaml_scalar(out, column->type);
        }
        end_line(out, from, column->why, column->doubt);
    }
}

static void
put_key(struct text *out, int indent, const struct guess_table *table)
{
    size_t from = out->size;

    put_indent(out, indent);
    text_put(out, "key: ");
    put_list(out, &table->key);
    end_line(out, from, table->key_why, table->key_doubt);
}

static void
put_no_key(struct text *out, int indent, const struct guess_table *table)
{
    put_indent(out, indent);
    text_printf(out, "# %s; CHECK: %s\n", table->key_why, table->key_doubt);
    put_indent(out, indent);
    text_put(out, "# key: [COLUMN]\n");
}

/* A column that may change although nothing else did. */
static void
put_ignore(struct text *out, const struct guess_table *table)
{
    size_t from = out->size;
    bool key = false;

    for (size_t k = 0; k < table->key.count; k++)
        key |= table->changed_at != NULL && strcmp(table->key.item[k], table->changed_at) == 0;
    text_put(out, "    # ignore: [");
    if (table->changed_at != NULL && !key)
        guess_yaml_scalar(out, table->changed_at);
    else
        text_put(out, "COLUMN");
    text_char(out, ']');
    end_line(out, from, "delivered, but a row in which nothing else differs is no change", NULL);
}

static void
put_capture(struct text *out, const struct guess *guess, const struct guess_table *table)
{
    text_put(out, "  capture:\n");
    if (table->key.count == 0) {
        size_t from = out->size;

        text_put(out, "    method: append");
        end_line(out, from, "every row of every input is a new one", NULL);
        put_no_key(out, 4, table);
        return;
    }
    {
        size_t from = out->size;

        text_put(out, "    method: diff");
        end_line(out, from, "each dump is compared with the last: created, updated, deleted", NULL);
    }
    put_key(out, 4, table);
    put_ignore(out, table);
    if (guess->manifest != NULL) {
        size_t from = out->size;

        text_put(out, "    guards: {manifest: {member: ");
        guess_yaml_scalar(out, guess->manifest);
        if (guess->manifest_rows != NULL) {
            text_put(out, ", rows: ");
            guess_yaml_scalar(out, guess->manifest_rows);
        }
        if (guess->manifest_sha256 != NULL) {
            text_put(out, ", sha256: ");
            guess_yaml_scalar(out, guess->manifest_sha256);
        }
        text_put(out, "}}");
        end_line(out, from, "it is right about this dump; a later one about which it is wrong waits for a person", NULL);
    }
    if (guess->manifest != NULL)
        return;
    {
        size_t from = out->size;

        if (table->keyless > 0)
            text_printf(out, "    # guards: {max_keyless: %lld}", (long long)table->keyless);
        else
            text_put(out, "    # guards: {max_deletes: 20%, min_rows: 50%}");
        end_line(out, from, table->keyless > 0 ? "a row without a key may be any row: more than this many hold back deletes"
                                               : "the defaults: a dump beyond them waits for a person", NULL);
    }
}

static void
put_changed(struct text *out, int indent, const struct guess_table *table)
{
    size_t from = out->size;

    put_indent(out, indent);
    text_put(out, "changed_at: ");
    put_column(out, table->changed_at);
    end_line(out, from, table->changed_why, NULL);
}

static void
put_rename(struct text *out, int indent, const struct guess_table *table)
{
    if (table->rename == NULL)
        return;
    put_indent(out, indent);
    text_put(out, "transforms:\n");
    put_indent(out, indent + 2);
    text_put(out, "- rename: {");
    for (size_t i = 0; i < table->rename->count; i++) {
        text_put(out, i > 0 ? ", " : "");
        guess_yaml_scalar(out, table->rename->name[i]);
        text_put(out, ": ");
        guess_yaml_scalar(out, table->rename->value[i]);
    }
    text_put(out, "}  # names that differ only in case, or are very long, cannot be in SQL\n");
}

static void
put_tables(struct text *out, const struct guess *guess, bool common)
{
    if (common)
        put_format(out, 2, &guess->table[0].dialect, guess->arena);
    text_put(out, "  tables:\n");
    for (uint32_t t = 0; t < guess->tables; t++) {
        const struct guess_table *table = &guess->table[t];

        text_put(out, "    ");
        guess_yaml_scalar(out, table->name);
        text_put(out, ":\n");
        put_option(out, 6, "member", table->member, NULL);
        if (!common)
            put_format(out, 6, &table->dialect, guess->arena);
        if (table->key.count > 0)
            put_key(out, 6, table);
        else
            put_no_key(out, 6, table);
        put_fields(out, 6, table);
        put_rename(out, 6, table);
        if (table->changed_at != NULL) {
            text_put(out, "      context:\n");
            put_changed(out, 8, table);
        }
    }
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void
put_sink(struct text *out, const struct guess *guess)
{
    bool keyed = true, wide = false;
    const char *clash = NULL;
    size_t from;

    for (uint32_t t = 0; t < guess->tables; t++) {
        keyed &= guess->table[t].key.count > 0;
        wide |= guess->table[t].columns > SQL_COLUMNS;
        clash = clash == NULL ? guess->table[t].clash : clash;
    }
    text_put(out, "\nsink:\n");
    if (wide) {
        from = out->size;
        text_put(out, "  type: jsonl");
        end_line(out, from, "there are more columns than a table of SQLite has", NULL);
        text_printf(out, "  path: \"out/%s%s.jsonl\"\n", guess->name, guess->tables_named ? "_{table}" : "");
        return;
    }
    text_put(out, "  type: sqlite\n  path: ");
    {
        struct text path = {0};

        text_printf(&path, "out/%s.db", guess->name);
        guess_yaml_scalar(out, text_end(&path));
        text_fini(&path);
    }
    text_put(out, "\n  table: ");
    if (guess->tables_named)
        text_put(out, "\"{table}\"");
    else
        guess_yaml_scalar(out, arena_bytes(guess->arena, guess->name, text_utf8_cut(guess->name, strlen(guess->name), 60)));
    text_char(out, '\n');
    from = out->size;
    if (keyed)
        text_put(out, "  write: mirror");
    else
        text_put(out, "  write: append");
    end_line(out, from, keyed ? "the table holds exactly the rows of the newest dump; upsert never deletes, append keeps every change"
                              : "every change is a row of its own", NULL);
    if (clash != NULL) {
        from = out->size;
        text_put(out, "  prefix: db_");
        end_line(out, from, "Daybreak's own columns beside each row: the input has some of that name without it", NULL);
    }
    text_printf(out, "# Other targets: `daybreak connectors` lists them. Every change as a line of JSON:\n"
                     "# sink: {type: jsonl, path: \"out/%s_{run}.jsonl\"}\n",
                guess->name);
}

static bool
zoneless(const struct guess *guess)
{
    for (uint32_t t = 0; t < guess->tables; t++)
        if (guess->table[t].changed_at != NULL && guess->table[t].changed_zoneless)
            return true;
    return false;
}

void
guess_yaml(const struct guess *guess, struct text *out)
{
    bool common = true, commented = false;
    size_t from;

    for (uint32_t t = 1; t < guess->tables; t++)
        common &= same_format(&guess->table[0].dialect, &guess->table[t].dialect);
    text_put(out, "# Made by `daybreak init --from ");
    text_printable(guess->from, strlen(guess->from), 300, out);
    text_put(out, "`. Every line is a guess that was checked against that file;\n"
                  "# the comments say what it rests on. Change what you know better, then `daybreak lint` this file.\n");
    for (uint32_t i = 0; i < guess->notes; i++) {
        text_put(out, "# Note: ");
        text_printable(guess->note[i], strlen(guess->note[i]), 400, out);
        text_char(out, '\n');
    }
    text_put(out, "version: 1\nname: ");
    guess_yaml_scalar(out, guess->name);
    text_put(out, "\n# owner: {team: TEAM, contact: MAIL}\n\nsource:\n  type: file\n");
    from = out->size;
    text_put(out, "  path: ");
    guess_yaml_scalar(out, guess->path);
    end_line(out, from, guess->path_why, NULL);
    if (guess->at != NULL) {
        from = out->size;
        text_printf(out, "  # at: \"%s\"", guess->at);
        end_line(out, from, "time of day the dump is cut, 00:00 without it (this file was written at that time, UTC)", NULL);
        commented = true;
    }
    if (commented || zoneless(guess)) {
        from = out->size;
        text_put(out, "  # timezone: Europe/Paris");
        end_line(out, from, zoneless(guess) ? "of times without an offset, which are UTC otherwise, of names and of at"
                                            : "of at and of names; UTC without it", NULL);
    }
    text_put(out, "  # expect: {every: 1d, grace: 2h}");
    from = out->size - strlen("  # expect: {every: 1d, grace: 2h}");
    end_line(out, from, "be told when no new file came in time", NULL);
    if (guess->tables_named) {
        put_tables(out, guess, common);
    } else {
        const struct guess_table *table = &guess->table[0];

        if (table->member != NULL)
            put_option(out, 2, "member", table->member, "other members of the archive are left alone");
        put_format(out, 2, &table->dialect, guess->arena);
        put_fields(out, 2, table);
        put_capture(out, guess, table);
        if (table->rename != NULL) {
            text_char(out, '\n');
            put_rename(out, 0, table);
        }
        if (table->changed_at != NULL) {
            text_put(out, "\ncontext:\n");
            put_changed(out, 2, table);
        } else {
            from = out->size + 1;
            text_put(out, "\n# context: {changed_at: COLUMN}");
            end_line(out, from, table->changed_why, NULL);
        }
    }
    put_sink(out, guess);
    guess_tests_put(guess, out);
}
