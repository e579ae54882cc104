/* SPDX-License-Identifier: Apache-2.0 */
/* Which format reads a part, and what its columns are. */
#include "source/format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "config/finding.h"
#include "connector/instance.h"
#include "record/batch.h"
#include "source/decode.h"
#include "source/source.h"

static const char *const format_keys[] = {"type", "match", "fields", "encoding", NULL};

static bool
ends_with(const char *name, size_t size, const char *ending)
{
    size_t length = strlen(ending);

    return size > length && strncasecmp(name + size - length, ending, length) == 0;
}

const char *
format_guess(const char *name)
{
    static const char *const packed[] = {".gz", ".zst", ".xz", ".bz2", ".lz4", ".tar", ".tgz", ".zip"};
    size_t size = strlen(name);

    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(name, size, packed[i])) {
            size -= strlen(packed[i]);
            i = (size_t)-1;
        }
    if (ends_with(name, size, ".jsonl") || ends_with(name, size, ".ndjson"))
        return "jsonl";
    if (ends_with(name, size, ".json"))
        return "json";
    if (ends_with(name, size, ".xml"))
        return "xml";
    return "csv";
}

int
format_choose(const struct config_table *table, const char *name)
{
    const char *base = strrchr(name, '/') == NULL ? name : strrchr(name, '/') + 1;

    for (uint32_t i = 0; i < table->format_count; i++)
        if (table->formats[i].match == NULL || text_glob(table->formats[i].match, name, true) ||
            text_glob(table->formats[i].match, base, true))
            return (int)i;
    return -1;
}

int
format_open(const struct config *config, const struct config_table *table, const struct config_connector *format,
            const char *name, volatile int *stop, struct instance **instance, struct daybreak_fault *fault)
{
    uint32_t count = format->field_count > 0 ? format->field_count : table->field_count;
    const struct config_field *fields = format->field_count > 0 ? format->fields : table->fields;
    const char **names = memory_need((count + 1) * 3 * sizeof *names), **paths = names + count, **repeats = paths + count;
    struct instance_extra extra[] = {{.name = "names", .item = names, .count = count},
                                     {.name = "paths", .item = paths, .count = count},
                                     {.name = "repeats", .item = repeats, .count = count},
                                     {.name = "record", .item = &table->record, .count = 1}};
    struct instance_request request = {
        .role = DAYBREAK_FORMAT, .name = format->type == NULL ? format_guess(name) : format->type,
        .node = format->node, .ignore = format_keys, .extra = extra, .extras = table->record == NULL ? 3 : 4, .file = config->path,
        .base_dir = config->dir, .stop = stop};
    int result;

    for (uint32_t i = 0; i < count; i++) {
        names[i] = fields[i].name;
        paths[i] = fields[i].path == NULL ? "" : fields[i].path;
        repeats[i] = fields[i].repeated == NULL ? "" : fields[i].repeated;
    }
    result = instance_open(&request, instance, fault);
    free(names);
    return result;
}

/* The field that says a column's type: that of a format before that of the table, if it says one. */
static const struct config_field *
field_named(const struct config_table *table, const char *name)
{
    const struct config_field *found = NULL;

    for (uint32_t k = 0; k < table->format_count && found == NULL; k++)
        for (uint32_t i = 0; i < table->formats[k].field_count && found == NULL; i++)
            if (strcmp(table->formats[k].fields[i].name, name) == 0)
                found = &table->formats[k].fields[i];
    for (uint32_t i = 0; i < table->field_count && (found == NULL || !found->typed); i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return found;
}

static bool
same_names(const struct batch_layout *layout, const char *const *names, uint32_t count)
{
    if (layout == NULL || layout->columns != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layout->name[i], names[i]) != 0)
            return false;
    return true;
}

/* What the header says instead: another name, all names in one (a wrong delimiter), or no text at all. */
static void
key_advice(const char *key, const char *const *names, uint32_t count, struct daybreak_fault *fault)
{
    static const char *const delimiters[] = {";", "\t", "|", ",", ":"};
    const char *nearest = text_nearest(key, names, count);
    struct text shown = {0}, first = {0};
    size_t i = 0;

    text_printable(names[0], strlen(names[0]), 60, &first);
    while (i < sizeof delimiters / sizeof *delimiters && strstr(names[0], delimiters[i]) == NULL)
        i++;
    if (!text_utf8(names[0], strlen(names[0])) || strpbrk(names[0], "\1\2\3\4\5\6\7\10\16\17\20\21\22\33\34\35\36\37") != NULL) {
        fault_hint(fault, "its first line is no text: is the file packed, encrypted, or of another kind?");
    } else if (count == 1 && i < sizeof delimiters / sizeof *delimiters) {
        fault_hint(fault, "its header is one column '%s': is the delimiter '%s'? format: {type: csv, delimiter: \"%s\"}", text_end(&first),
                   delimiters[i][0] == '\t' ? "\\t" : delimiters[i], delimiters[i][0] == '\t' ? "\\t" : delimiters[i]);
    } else if (nearest != NULL) {
        fault_hint(fault, "did you mean '%s'? then write key: [%s]", nearest, nearest);
    } else {
        for (uint32_t c = 0; c < count && c < 8; c++) {
            text_put(&shown, c == 0 ? "" : ", ");
            text_printable(names[c], strlen(names[c]), 40, &shown);
        }
        fault_hint(fault, "source.capture.key names the key columns; its columns are %s%s", text_end(&shown), count > 8 ? ", …" : "");
    }
    text_fini(&shown);
    text_fini(&first);
}

static int
key_check(const struct config_table *table, const char *const *names, uint32_t count, struct daybreak_fault *fault)
{
    for (size_t k = 0; k < table->capture.key.count; k++) {
        uint32_t i = 0;

        while (i < count && strcmp(names[i], table->capture.key.item[k]) != 0)
            i++;
        if (i == count && count > 0) {
            fault_set(fault, DAYBREAK_ASIDE, "key column '%s' is missing", table->capture.key.item[k]);
            key_advice(table->capture.key.item[k], names, count, fault);
            return fault_exit(fault, 4, "missing-column");
        }
    }
    return 0;
}

struct value_style
format_style(const struct config_connector *format)
{
    const struct config_node *node = format == NULL ? NULL : format->node;
    const struct config_node *decimal = node_member(node, "decimal"), *thousands = node_member(node, "thousands");
    const char *mark = thousands == NULL || thousands->text == NULL ? "" : thousands->text;

    return (struct value_style){.comma = decimal != NULL && decimal->text != NULL && strcmp(decimal->text, ",") == 0,
                                .thousands = strcasecmp(mark, "space") == 0 ? ' ' : strcasecmp(mark, "none") == 0 ? '\0' : mark[0]};
}

/* What of it concerns a column: only fractions have a decimal comma. */
static struct value_style
style_of(enum daybreak_type type, struct value_style style)
{
    if (type == DAYBREAK_TYPE_INTEGER)
        return (struct value_style){.thousands = style.thousands};
    return type == DAYBREAK_TYPE_DECIMAL || type == DAYBREAK_TYPE_REAL ? style : (struct value_style){0};
}

struct batch_layout *
format_layout(struct arena *arena, const struct config_table *table, struct batch_layout *old,
              const char *const *names, uint32_t count, bool empty_is_null, struct value_style style,
              struct daybreak_fault *fault)
{
    struct batch_layout *layout;
    struct value_type *types;
    const char **copies;

    if (same_names(old, names, count) && old->empty_is_null == empty_is_null && old->style.comma == style.comma &&
        old->style.thousands == style.thousands)
        return old;
    if (key_check(table, names, count, fault) != 0)
        return NULL;
    layout = arena_zero(arena, sizeof *layout);
    types = arena_zero(arena, (count + 1) * sizeof *types);
    copies = arena_alloc(arena, (count + 1) * sizeof *copies);
    for (uint32_t i = 0; i < count; i++) {
        const struct config_field *field = field_named(table, names[i]);

        copies[i] = arena_text(arena, names[i]);
        if (field == NULL)
            continue; /* zero is text */
        if (!value_type_parse(field->type, &types[i])) {
            fault_set(fault, DAYBREAK_HALT, "field '%s' has no known type: '%s'", field->name, field->type);
            return NULL;
        }
        types[i].pattern = field->pattern;
        types[i].zone = field->zone;
        types[i].style = style_of(types[i].type, style);
    }
    layout->columns = count;
    layout->name = copies;
    layout->type = types;
    layout->empty_is_null = empty_is_null;
    layout->style = style;
    return layout;
}

size_t
source_check(const struct config *config, struct findings *findings)
{
    struct instance_request extract = {
        .role = DAYBREAK_EXTRACT, .name = config->source.extract.type, .node = config->source.extract.node,
        .ignore = config_source_keys, .file = config->path, .base_dir = config->dir};
    size_t errors = instance_check(&extract, findings);

    for (uint32_t t = 0; t < config->source.table_count; t++) {
        const struct config_table *table = &config->source.tables[t];

        if (t > 0 && table->formats == config->source.tables[0].formats)
            continue; /* inherited: said once */
        for (uint32_t i = 0; i < table->format_count; i++) {
            const struct config_connector *format = &table->formats[i];
            struct instance_extra record = {.name = "record", .item = &table->record, .count = 1};
            struct instance_request request = {.role = DAYBREAK_FORMAT, .name = format->type, .node = format->node,
                                               .ignore = format_keys, .extra = &record, .extras = table->record != NULL,
                                               .file = config->path, .base_dir = config->dir};
            const struct config_node *encoding = node_member(format->node, "encoding");

            if (format->type != NULL)
                errors += instance_check(&request, findings);
            if (encoding != NULL && !decode_known(encoding->text)) {
                findings_add(findings, FINDING_ERROR, "unknown-encoding", config->path, encoding->place,
                             "`iconv -l` lists the encodings of this system",
                             "encoding '%s' is not known here", encoding->text);
                errors++;
            }
        }
    }
    return errors;
}
