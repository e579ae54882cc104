/* SPDX-License-Identifier: Apache-2.0 */
/* What option tables say about themselves: JSON Schema for editors, lines for people. */
#include "config/option.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define DURATION_PATTERN "^(0|([0-9]+([.][0-9]+)?(ms|s|min|m|h|d|w))+)$"
#define SIZE_PATTERN "^[0-9]+([.][0-9]+)?(B|k|K|kB|KB|M|MB|G|GB|T|TB|KiB|MiB|GiB|TiB)?$"
#define PERCENT_PATTERN "^([0-9]+([.][0-9]+)? *%|0([.][0-9]+)?|1([.]0+)?)$"
#define TIME_PATTERN "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"

/* The types a YAML reader may make of a value that is written without quotes. */
static void
types_put(struct json *json, const char *one, const char *two, const char *three)
{
    json_array(json, "type");
    json_text(json, NULL, one);
    json_text(json, NULL, two);
    if (three != NULL)
        json_text(json, NULL, three);
    json_close(json);
}

static void
text_schema(struct json *json)
{
    types_put(json, "string", "number", "boolean");
}

static void
choices_schema(struct json *json, const char *choices)
{
    json_array(json, "enum");
    while (choices != NULL) {
        const char *end = strchrnul(choices, '|');

        json_bytes(json, NULL, choices, (size_t)(end - choices));
        choices = *end == '\0' ? NULL : end + 1;
    }
    json_close(json);
}

static void
type_schema(const struct daybreak_option *option, struct json *json)
{
    switch (option->type) {
    case DAYBREAK_TEXT:
        text_schema(json);
        break;
    case DAYBREAK_BOOLEAN:
        json_array(json, "enum");
        json_bool(json, NULL, true);
        json_bool(json, NULL, false);
        json_text(json, NULL, "yes");
        json_text(json, NULL, "no");
        json_close(json);
        break;
    case DAYBREAK_INTEGER:
        json_text(json, "type", "integer");
        if (option->min != 0 || option->max != 0) {
            json_int(json, "minimum", option->min);
            if (option->max >= option->min)
                json_int(json, "maximum", option->max);
        }
        break;
    case DAYBREAK_DURATION:
        types_put(json, "string", "integer", NULL);
        json_text(json, "pattern", DURATION_PATTERN);
        json_int(json, "maximum", 0); /* a number without a unit is no duration but 0 */
        break;
    case DAYBREAK_SIZE:
        types_put(json, "string", "integer", NULL);
        json_text(json, "pattern", SIZE_PATTERN);
        json_int(json, "minimum", 0);
        break;
    case DAYBREAK_PERCENT:
        types_put(json, "string", "number", NULL);
        json_text(json, "pattern", PERCENT_PATTERN);
        json_int(json, "minimum", 0);
        json_int(json, "maximum", 1);
        break;
    case DAYBREAK_TIME:
        json_text(json, "type", "string");
        json_text(json, "pattern", TIME_PATTERN);
        break;
    case DAYBREAK_CHOICE:
        choices_schema(json, option->choices);
        break;
    case DAYBREAK_LIST:
        types_put(json, "string", "number", "array");
        json_object(json, "items");
        text_schema(json);
        json_close(json);
        break;
    case DAYBREAK_MAP:
        types_put(json, "object", "string", NULL);
        json_object(json, "additionalProperties");
        text_schema(json);
        json_close(json);
        break;
    }
}

void
option_schema_members(const struct daybreak_option *table, struct json *json)
{
    for (const struct daybreak_option *option = table; option->name != NULL; option++) {
        json_object(json, option->name);
        if (option->help != NULL)
            json_text(json, "description", option->help);
        type_schema(option, json);
        if (option->preset != NULL && option->type == DAYBREAK_BOOLEAN)
            json_bool(json, "default", strcasecmp(option->preset, "true") == 0 || strcasecmp(option->preset, "yes") == 0);
        else if (option->preset != NULL && option->type == DAYBREAK_INTEGER)
            json_raw(json, "default", option->preset, strlen(option->preset));
        else if (option->preset != NULL && !option->secret)
            json_text(json, "default", option->preset);
        if (option->secret)
            json_bool(json, "writeOnly", true);
        json_close(json);
    }
}

void
option_schema_required(const struct daybreak_option *table, struct json *json)
{
    const struct daybreak_option *option = table;

    while (option->name != NULL && !option->required)
        option++;
    if (option->name == NULL)
        return;
    json_array(json, "required");
    for (; option->name != NULL; option++)
        if (option->required)
            json_text(json, NULL, option->name);
    json_close(json);
}

void
option_schema(const struct daybreak_option *table, struct json *json)
{
    json_object(json, "properties");
    option_schema_members(table, json);
    json_close(json);
}

static const char *const type_name[] = {
    [DAYBREAK_TEXT] = "text",         [DAYBREAK_BOOLEAN] = "true|false", [DAYBREAK_INTEGER] = "number",
    [DAYBREAK_DURATION] = "duration", [DAYBREAK_SIZE] = "size",          [DAYBREAK_PERCENT] = "percentage",
    [DAYBREAK_CHOICE] = "choice",     [DAYBREAK_LIST] = "list",          [DAYBREAK_MAP] = "mapping",
    [DAYBREAK_TIME] = "time of day",
};

void
option_help(const struct daybreak_option *table, struct text *out)
{
    int name_width = 4, type_width = 4;

    for (const struct daybreak_option *option = table; option->name != NULL; option++) {
        const char *type = option->type == DAYBREAK_CHOICE ? option->choices : type_name[option->type];

        if ((int)strlen(option->name) > name_width)
            name_width = (int)strlen(option->name);
        if ((int)strlen(type) > type_width && strlen(type) <= 24)
            type_width = (int)strlen(type);
    }
    for (const struct daybreak_option *option = table; option->name != NULL; option++) {
        const char *type = option->type == DAYBREAK_CHOICE ? option->choices : type_name[option->type];

        text_printf(out, "  %-*s  %-*s  %s", name_width, option->name, type_width, type,
                    option->help == NULL ? "" : option->help);
        if (option->required)
            text_put(out, " Required.");
        if (option->secret)
            text_put(out, " Never shown.");
        else if (option->preset != NULL && option->preset[0] != '\0')
            text_printf(out, " Default: %s.", option->preset);
        if (option->example != NULL && !option->secret)
            text_printf(out, " Example: %s", option->example);
        text_char(out, '\n');
    }
}
