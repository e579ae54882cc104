/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables at work: parse, check, fill. The same tables describe themselves in another file. */
#include "config/option.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/text.h"
#include "config/finding.h"

/* ---- one value ---------------------------------------------------------------------------- */

static bool
boolean_read(const char *text, bool *value)
{
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0)
        *value = true;
    else if (strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0)
        *value = false;
    else
        return false;
    return true;
}

static bool
integer_read(const char *text, int64_t *value)
{
    bool minus = *text == '-';
    int64_t number = 0;

    text += *text == '-' || *text == '+';
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        int digit = *text - '0';

        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, minus ? -digit : digit, &number))
            return false;
    }
    *value = number;
    return *text == '\0';
}

/* ---- findings ----------------------------------------------------------------------------- */

/* One filling: what every step of it needs. */
struct filling {
    const struct config_node *node;
    struct arena *arena;
    const char *file;
    struct findings *findings;
    size_t errors;
};

/* What other tools call our keys. */
static const struct {
    const char *other, *ours;
} synonyms[] = {
    {"input", "source"},        {"from", "source"},          {"output", "sink"},    {"target", "sink"},
    {"destination", "sink"},    {"to", "sink"},              {"steps", "transforms"}, {"processors", "transforms"},
    {"primary_key", "key"},     {"keys", "key"},             {"columns", "fields"}, {"schema", "fields"},
    {"file", "path"},           {"separator", "delimiter"},  {"sep", "delimiter"},  {"mode", "write"},
    {"charset", "encoding"},    {"tz", "timezone"},          {"on_conflict", "write"},
    {"delim", "delimiter"},     {"field_separator", "delimiter"}, {"ifs", "delimiter"}, {"quotechar", "quote"},
    {"quote_char", "quote"},    {"escapechar", "escape"},    {"escape_char", "escape"}, {"skiprows", "skip"},
    {"skip_rows", "skip"},      {"skip_lines", "skip"},      {"skip_header", "skip"}, {"comment_char", "comment"},
    {"null", "null_text"},      {"nullstr", "null_text"},    {"null_string", "null_text"}, {"na_values", "null_text"},
    {"null_padding", "ragged"}, {"allow_ragged", "ragged"},  {"decimal_separator", "decimal"}, {"decimal_point", "decimal"},
    {"thousands_separator", "thousands"}, {"group_separator", "thousands"}, {"skipinitialspace", "trim"}, {"strip", "trim"},
    {"footer", "trailer"},      {"has_header", "header"},    {"headers", "header"}, {"codepage", "encoding"},
};

static const char *
meant(const char *key, const char *const *known, size_t count)
{
    const char *nearest = text_nearest(key, known, count);

    for (size_t i = 0; nearest == NULL && i < sizeof synonyms / sizeof *synonyms; i++)
        for (size_t k = 0; strcmp(synonyms[i].other, key) == 0 && k < count; k++)
            if (strcmp(synonyms[i].ours, known[k]) == 0)
                nearest = known[k];
    return nearest;
}

static void
words_put(struct text *out, const char *const *word, size_t count, const char *last)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_put(out, i + 1 == count ? last : ", ");
        text_put(out, word[i]);
    }
}

/* A key that is none of ${known}; the first ${visible} of them are named when nothing is near. */
static void
unknown_add(struct filling *filling, const struct config_node *member, const char *const *known, size_t visible, size_t count)
{
    const char *nearest = meant(member->key, known, count);
    struct text hint = {0}, says = {0};

    if (nearest != NULL) {
        text_printf(&hint, "did you mean '%s'?", nearest);
    } else {
        text_put(&hint, count == 0 ? "nothing can stand here" : "known here: ");
        words_put(&hint, known, visible == 0 ? count : visible, ", ");
    }
    text_printf(&says, "unknown key '%s'", member->key);
    if (filling->node->key != NULL)
        text_printf(&says, " in '%s'", filling->node->key);
    findings_add(filling->findings, FINDING_ERROR, "unknown-key", filling->file, member->key_place, text_end(&hint), "%s",
                 text_end(&says));
    text_fini(&hint);
    text_fini(&says);
    filling->errors++;
}

void
option_wrong(const struct config_node *member, const char *expected, const char *file, struct findings *findings)
{
    struct config_place place = member->place;
    const char *code = "wrong-type";
    struct text says = {0};

    if (member->key == NULL)
        text_put(&says, "an item");
    else
        text_printf(&says, "'%s'", member->key);
    text_printf(&says, " must be %s", expected);
    if (member->kind != CONFIG_SCALAR) {
        text_put(&says, member->kind == CONFIG_SEQUENCE ? ", not a list" : ", not a mapping");
    } else if (member->hidden) {
        text_put(&says, "; its secret is not");
    } else if (member->text[0] == '\0') {
        code = "empty-value";
        text_put(&says, ", it is empty");
        if (member->key_place.line != 0)
            place = member->key_place;
    } else {
        text_printf(&says, ", not '%s'", member->text);
    }
    findings_add(findings, FINDING_ERROR, code, file, place, NULL, "%s", text_end(&says));
    text_fini(&says);
}

static void
wrong(struct filling *filling, const struct daybreak_option *option, const struct config_node *member, const char *expected)
{
    struct config_node shown = *member;

    shown.hidden |= option->secret;
    option_wrong(&shown, expected, filling->file, filling->findings);
    filling->errors++;
}

struct unit {
    const char *name;
    int64_t size;
};

/* A bound as one would write it in the file. */
static void
bound_put(struct text *out, enum daybreak_option_type type, int64_t bound)
{
    static const struct unit durations[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    static const struct unit sizes[] = {{"GiB", INT64_C(1) << 30}, {"MiB", INT64_C(1) << 20}, {"KiB", INT64_C(1) << 10}, {"", 1}};
    const struct unit *unit = durations, *end = durations + sizeof durations / sizeof *durations;

    if (type == DAYBREAK_SIZE) {
        unit = sizes;
        end = sizes + sizeof sizes / sizeof *sizes;
    } else if (type != DAYBREAK_DURATION) {
        text_int(out, bound);
        return;
    }
    while (unit + 1 < end && (bound < unit->size || bound % unit->size != 0))
        unit++;
    text_int(out, bound / unit->size);
    text_put(out, bound == 0 && type == DAYBREAK_DURATION ? "" : unit->name);
}

static void
bounds_check(struct filling *filling, const struct daybreak_option *option, const struct config_node *member, int64_t value)
{
    struct text bound = {0};

    if ((option->min == 0 && option->max == 0) || (value >= option->min && (value <= option->max || option->max < option->min)))
        return;
    text_put(&bound, value < option->min ? "at least " : "at most ");
    bound_put(&bound, option->type, value < option->min ? option->min : option->max);
    findings_add(filling->findings, FINDING_ERROR, "out-of-bounds", filling->file, member->place, NULL,
                 "'%s' must be %s, not '%s'",
                 option->name, text_end(&bound), option->secret || member->hidden ? "what is written" : member->text);
    text_fini(&bound);
    filling->errors++;
}

/* ---- filling ------------------------------------------------------------------------------ */

#define CHOICES_MAX 32

/* Words of "keep|delete|move" into ${word}; their number. */
static size_t
choices_split(const char *choices, struct arena *arena, const char *word[CHOICES_MAX])
{
    size_t count = 0;

    while (choices != NULL && count < CHOICES_MAX) {
        const char *end = strchrnul(choices, '|');

        word[count++] = arena_bytes(arena, choices, (size_t)(end - choices));
        choices = *end == '\0' ? NULL : end + 1;
    }
    return count;
}

static void
choice_fill(struct filling *filling, const struct daybreak_option *option, const struct config_node *member, int *field)
{
    const char *word[CHOICES_MAX], *nearest;
    size_t count = choices_split(option->choices, filling->arena, word);
    struct text says = {0}, hint = {0};

    for (size_t i = 0; i < count; i++)
        if (strcmp(word[i], member->text) == 0) {
            *field = (int)i;
            return;
        }
    text_put(&says, count == 1 ? "can only be " : "may be ");
    words_put(&says, word, count, " or ");
    nearest = text_nearest(member->text, word, count);
    if (nearest != NULL)
        text_printf(&hint, "did you mean '%s'?", nearest);
    if (option->secret || member->hidden)
        findings_add(filling->findings, FINDING_ERROR, "unknown-choice", filling->file, member->place, NULL, "'%s' %s",
                     option->name,
                     text_end(&says));
    else
        findings_add(filling->findings, FINDING_ERROR, "unknown-choice", filling->file, member->place,
                     nearest == NULL ? NULL : text_end(&hint), "'%s' %s, not '%s'", option->name, text_end(&says), member->text);
    text_fini(&says);
    text_fini(&hint);
    filling->errors++;
}

static void
list_fill(struct filling *filling, const struct daybreak_option *option, const struct config_node *member,
          struct daybreak_list *list)
{
    const struct config_node *item = member->kind == CONFIG_SEQUENCE ? member->child : member;
    size_t count = member->kind == CONFIG_SEQUENCE ? member->children : 1, i = 0;
    const char **texts;

    if (member->kind == CONFIG_MAPPING) {
        wrong(filling, option, member, "a text or a list of texts");
        return;
    }
    texts = arena_alloc(filling->arena, (count + 1) * sizeof *texts);
    for (; i < count; i++, item = item->next) {
        if (item->kind != CONFIG_SCALAR) {
            wrong(filling, option, item, "a text");
            return;
        }
        texts[i] = arena_text(filling->arena, item->text);
    }
    texts[count] = NULL;
    *list = (struct daybreak_list){texts, count};
}

static void
map_fill(struct filling *filling, const struct daybreak_option *option, const struct config_node *member,
         struct daybreak_map *map)
{
    const struct config_node *item = member->child;
    size_t count = member->kind == CONFIG_MAPPING ? member->children : 1;
    const char **names, **values;

    if (member->kind == CONFIG_SEQUENCE) {
        wrong(filling, option, member, "a mapping");
        return;
    }
    names = arena_alloc(filling->arena, (count + 1) * sizeof *names);
    values = arena_alloc(filling->arena, (count + 1) * sizeof *values);
    if (member->kind == CONFIG_SCALAR) {
        names[0] = arena_text(filling->arena, member->text);
        values[0] = "";
    }
    for (size_t i = 0; member->kind == CONFIG_MAPPING && i < count; i++, item = item->next) {
        if (item->kind != CONFIG_SCALAR) {
            wrong(filling, option, item, "a text");
            return;
        }
        names[i] = arena_text(filling->arena, item->key);
        values[i] = arena_text(filling->arena, item->text);
    }
    *map = (struct daybreak_map){names, values, count};
}

static void
whole_fill(struct filling *filling, const struct daybreak_option *option, const struct config_node *member, int64_t *field)
{
    const char *expected = "a whole number";
    int64_t value = 0;
    bool good = false;

    switch (option->type) {
    case DAYBREAK_DURATION:
        expected = "a duration such as 250ms, 2s, 5m, 1h or 3d";
        good = option_duration(member->text, &value);
        break;
    case DAYBREAK_SIZE:
        expected = "a size such as 4096, 16MiB or 1M";
        good = option_size(member->text, &value);
        break;
    case DAYBREAK_TIME:
        expected = "a time of day such as 02:10";
        good = option_time(member->text, &value);
        break;
    default:
        good = integer_read(member->text, &value);
        break;
    }
    if (!good) {
        wrong(filling, option, member, expected);
        return;
    }
    bounds_check(filling, option, member, value);
    *field = value;
}

static void
field_fill(struct filling *filling, const struct daybreak_option *option, const struct config_node *member, void *field)
{
    if (option->type == DAYBREAK_LIST) {
        list_fill(filling, option, member, field);
        return;
    }
    if (option->type == DAYBREAK_MAP) {
        map_fill(filling, option, member, field);
        return;
    }
    if (member->kind != CONFIG_SCALAR) {
        wrong(filling, option, member, "one value");
        return;
    }
    switch (option->type) {
    case DAYBREAK_TEXT:
        *(const char **)field = arena_text(filling->arena, member->text);
        break;
    case DAYBREAK_BOOLEAN:
        if (!boolean_read(member->text, field))
            wrong(filling, option, member, "true or false");
        break;
    case DAYBREAK_PERCENT:
        if (!option_percent(member->text, field))
            wrong(filling, option, member, "a percentage such as 20% or 0.2");
        break;
    case DAYBREAK_CHOICE:
        choice_fill(filling, option, member, field);
        break;
    default:
        whole_fill(filling, option, member, field);
        break;
    }
}

/* A default as one would write it: lists and mappings in YAML, all else as it stands. */
static void
preset_fill(struct filling *filling, const struct daybreak_option *option, void *field)
{
    struct config_node scalar = {.kind = CONFIG_SCALAR, .text = option->preset, .key = option->name, .quoted = true};
    const struct config_node *node = &scalar;

    if ((option->type == DAYBREAK_LIST && option->preset[0] == '[') || (option->type == DAYBREAK_MAP && option->preset[0] == '{'))
        node = node_read(filling->arena, filling->file, option->preset, strlen(option->preset), filling->findings);
    if (node != NULL)
        field_fill(filling, option, node, field);
}

static bool
is_empty(const struct config_node *member)
{
    return member->kind == CONFIG_SCALAR ? member->text[0] == '\0' : member->children == 0;
}

static void
missing_add(struct filling *filling, const struct daybreak_option *option)
{
    const struct config_node *node = filling->node;
    struct config_place place = node->key_place.line != 0 ? node->key_place : node->place;
    const char *suggestion = NULL;
    struct text hint = {0};

    if (option->example != NULL) {
        text_printf(&hint, "%s: %s", option->name, option->example);
        suggestion = text_end(&hint);
    }
    if (node->key != NULL)
        findings_add(filling->findings, FINDING_ERROR, "missing-key", filling->file, place, suggestion,
                     "'%s' is missing in '%s'", option->name, node->key);
    else
        findings_add(filling->findings, FINDING_ERROR, "missing-key", filling->file, place, suggestion,
                     "'%s' is missing", option->name);
    text_fini(&hint);
    filling->errors++;
}

static void
unknown_find(struct filling *filling, const struct daybreak_option *table, const char *const *ignore)
{
    const char **known;
    size_t count = 0, visible;

    for (const struct daybreak_option *option = table; option->name != NULL; option++)
        count++;
    for (const char *const *key = ignore; key != NULL && *key != NULL; key++)
        count++;
    known = arena_alloc(filling->arena, (count + 1) * sizeof *known);
    count = 0;
    for (const struct daybreak_option *option = table; option->name != NULL; option++)
        known[count++] = option->name;
    visible = count;
    for (const char *const *key = ignore; key != NULL && *key != NULL; key++)
        known[count++] = *key;
    for (const struct config_node *member = filling->node->child; member != NULL; member = member->next) {
        size_t i = 0;

        while (i < count && strcmp(known[i], member->key) != 0)
            i++;
        if (i < count || member->key[0] == '\0') /* a key that is no text was a finding before */
            continue;
        unknown_add(filling, member, known, visible, count);
    }
}

size_t
option_fill(const struct daybreak_option *table, const struct config_node *node, void *self, const char *const *ignore,
            struct arena *arena, const char *file, struct findings *findings)
{
    struct filling filling = {.node = node, .arena = arena, .file = file, .findings = findings};

    if (node != NULL && node->kind != CONFIG_MAPPING) {
        struct config_node *empty = arena_alloc(arena, sizeof *empty);

        if (!is_empty(node)) {
            option_wrong(node, "a mapping", file, findings);
            return 1;
        }
        *empty = *node; /* `KEY:` with nothing behind it */
        empty->kind = CONFIG_MAPPING;
        node = filling.node = empty;
    }
    if (node != NULL)
        unknown_find(&filling, table, ignore);
    for (const struct daybreak_option *option = table; option->name != NULL; option++) {
        const struct config_node *member = node_member(node, option->name);
        void *field = (char *)self + option->at;

        if (option->preset != NULL)
            preset_fill(&filling, option, field);
        if (member != NULL && option->required && is_empty(member)) {
            findings_add(findings, FINDING_ERROR, "empty-value", file, member->key_place, NULL,
                         "'%s' must not be empty", option->name);
            filling.errors++;
        } else if (member != NULL) {
            field_fill(&filling, option, member, field);
        } else if (option->required && node != NULL) {
            missing_add(&filling, option);
        }
    }
    return filling.errors;
}
