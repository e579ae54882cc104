/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: JSON that is written piece by piece into a text. */
#include "json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_run.h"
#include "utf8.h"

/* ---- strings ------------------------------------------------------------------------------ */

/* The escape of a byte that json_plain_run stops at; 0: six characters. */
static char
short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\f':
        return 'f';
    case '\r':
        return 'r';
    default:
        return 0;
    }
}

/* ${size} bytes and, behind them, room for the six of the longest escape and the closing quote. */
static char *
put_run(struct text *out, char *to, const char *run, size_t size)
{
    out->size = (size_t)(to - out->at);
    to = text_room(out, size + 8);
    if (size > 0)
        memcpy(to, run, size);
    return to + size;
}

void
json_quote(struct text *out, const char *bytes, size_t size)
{
    size_t i = 0, from = 0, bad;
    char *to = text_room(out, size + 8); /* most texts need no more */

    if (size == 0)
        bytes = ""; /* may be NULL, with which one does not count */
    *to++ = '"';
    while ((i += json_plain_run(bytes + i, size - i)) < size) {
        char c = bytes[i];

        if ((unsigned char)c >= 0x80) {
            size_t length = utf8_char(bytes + i, size - i, &bad);

            if (length > 0) { /* part of the run */
                i += length;
                continue;
            }
            to = put_run(out, to, bytes + from, i - from);
            memcpy(to, "\xef\xbf\xbd", 3);
            to += 3;
            i += bad;
        } else {
            to = put_run(out, to, bytes + from, i - from);
            *to++ = '\\';
            if (short_escape(c) != 0) {
                *to++ = short_escape(c);
            } else {
                memcpy(to, "u00", 3);
                text_hex(&c, 1, to + 3);
                to += 5;
            }
            i++;
        }
        from = i;
    }
    to = put_run(out, to, bytes + from, i - from);
    *to++ = '"';
    *to = '\0';
    out->size = (size_t)(to - out->at);
}

/* ---- structure ---------------------------------------------------------------------------- */

void
json_init(struct json *json, struct text *out, bool pretty)
{
    *json = (struct json){.out = out, .first = true, .pretty = pretty};
}

static void
new_line(struct json *json)
{
    size_t blanks = 2 * (size_t)json->depth;
    char *to = text_room(json->out, 1 + blanks);

    to[0] = '\n';
    memset(to + 1, ' ', blanks);
    json->out->size += 1 + blanks;
}

/* Comma, line and name: what comes before any value. */
static void
begin(struct json *json, const char *name)
{
    if (json->depth > 0) {
        if (!json->first)
            text_char(json->out, ',');
        if (json->pretty)
            new_line(json);
    }
    json->first = false;
    if (name != NULL) {
        json_quote(json->out, name, strlen(name));
        text_add(json->out, ": ", json->pretty ? 2 : 1);
    }
}

static void
open_level(struct json *json, const char *name, bool is_array)
{
    uint64_t bit;

    begin(json, name);
    assert(json->depth < JSON_DEPTH);
    bit = UINT64_C(1) << json->depth++;
    json->arrays = is_array ? json->arrays | bit : json->arrays & ~bit;
    text_char(json->out, is_array ? '[' : '{');
    json->first = true;
}

void
json_object(struct json *json, const char *name)
{
    open_level(json, name, false);
}

void
json_array(struct json *json, const char *name)
{
    open_level(json, name, true);
}

void
json_close(struct json *json)
{
    bool empty = json->first;

    assert(json->depth > 0);
    json->depth--;
    if (json->pretty && !empty)
        new_line(json);
    text_char(json->out, json->arrays >> json->depth & 1 ? ']' : '}');
    json->first = false;
}

/* ---- values ------------------------------------------------------------------------------- */

void
json_text(struct json *json, const char *name, const char *value)
{
    if (value == NULL)
        json_null(json, name);
    else
        json_bytes(json, name, value, strlen(value));
}

void
json_bytes(struct json *json, const char *name, const char *value, size_t size)
{
    begin(json, name);
    json_quote(json->out, value, size);
}

void
json_int(struct json *json, const char *name, int64_t value)
{
    begin(json, name);
    text_int(json->out, value);
}

/* Fifteen digits that read back are the shortest of a normal number; below these only a search tells. */
static int
shortest(double value, char *to, size_t room)
{
    int size = 0;

    for (int digits = fpclassify(value) == FP_SUBNORMAL ? 1 : 15; digits <= 17; digits++) {
        size = snprintf(to, room, "%.*g", digits, value);
        if (strtod(to, NULL) == value)
            break;
    }
    return size;
}

void
json_real(struct json *json, const char *name, double value)
{
    char digits[32];
    int size;

    if (!isfinite(value)) {
        json_null(json, name);
        return;
    }
    size = shortest(value, digits, sizeof(digits));
    for (int i = 0; i < size; i++) /* a library may have set a locale that writes a comma */
        if (strchr("0123456789+-e", digits[i]) == NULL)
            digits[i] = '.';
    json_raw(json, name, digits, (size_t)size);
}

void
json_bool(struct json *json, const char *name, bool value)
{
    begin(json, name);
    text_put(json->out, value ? "true" : "false");
}

void
json_null(struct json *json, const char *name)
{
    begin(json, name);
    text_add(json->out, "null", 4);
}

void
json_raw(struct json *json, const char *name, const char *value, size_t size)
{
    begin(json, name);
    text_add(json->out, value, size);
}
