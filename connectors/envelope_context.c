/* SPDX-License-Identifier: Apache-2.0 */
/* The context of a change, ready-made by the engine as one object, taken apart into members of the envelope. */
#include "envelope_context.h"

#include <string.h>

#include "line_write.h"

/* Behind the JSON value that begins at ${at}; NULL when it has no end. */
static const char *
value_end(const char *at, const char *end)
{
    int depth = 0;

    while (at < end) {
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++)
                at += *at == '\\';
            if (at >= end)
                return NULL;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0)
                return at;
            depth--;
        } else if (*at == ',' && depth == 0) {
            return at;
        }
        at++;
    }
    return depth == 0 ? at : NULL;
}

/* The value of a top-level member of a compact object, or null. */
static struct daybreak_text
member_of(struct daybreak_text object, const char *name)
{
    static const struct daybreak_text none = {"null", 4};
    size_t size = strlen(name);
    const char *at, *end;

    if (object.size <= 2)
        return none;
    end = object.at + object.size - 1;
    for (at = object.at + 1; at < end;) {
        const char *key = at + 1, *key_end = memchr(key, '"', (size_t)(end - key)), *value, *stop;

        if (*at != '"' || key_end == NULL || end - key_end < 3 || key_end[1] != ':')
            break;
        value = key_end + 2;
        stop = value_end(value, end);
        if (stop == NULL)
            break;
        if ((size_t)(key_end - key) == size && memcmp(key, name, size) == 0)
            return (struct daybreak_text){value, (uint32_t)(stop - value)};
        at = stop + 1;
    }
    return none;
}

/* Behind the text that begins at ${at} with a quote; NULL when it has no end. */
static const char *
text_end(const char *at, const char *end)
{
    for (at++; (at = memchr(at, '"', (size_t)(end - at))) != NULL; at++) {
        const char *slash = at;

        while (slash[-1] == '\\')
            slash--;
        if ((at - slash) % 2 == 0)
            return at + 1;
    }
    return NULL;
}

/*
 * The engine writes its members in one order, texts first: {"reason":"…","actor":"…","related":{…}}, none of them always. So a context is
 * taken apart in one step along it. False: it is written otherwise.
 */
static bool
context_split(struct daybreak_text context, struct daybreak_text value[3])
{
    static const struct {
        const char *at;
        uint32_t size;
    } name[] = {{"\"reason\":", 9}, {"\"actor\":", 8}, {"\"related\":", 10}};
    const char *at = context.at + 1, *end = context.at + context.size - 1;

    for (size_t i = 0; i < 3; i++) {
        const char *stop;

        value[i] = (struct daybreak_text){"null", 4};
        if ((size_t)(end - at) <= name[i].size || memcmp(at, name[i].at, name[i].size) != 0)
            continue;
        at += name[i].size;
        stop = i == 2 ? end : *at == '"' ? text_end(at, end) : NULL;
        if (stop == NULL || (i == 2 && *at != '{'))
            return false;
        value[i] = (struct daybreak_text){at, (uint32_t)(stop - at)};
        at = stop < end && *stop == ',' ? stop + 1 : stop;
    }
    return at == end;
}

void
envelope_context_make(struct envelope_piece *piece, struct daybreak_text context)
{
    static const struct daybreak_text name[] = {{",\"reason\":", 10}, {",\"actor\":", 9}, {",\"related\":", 11}};
    struct daybreak_text value[3];

    piece->size = 0;
    envelope_piece_room(piece, context.size + 64);
    if (context.size <= 2 || !context_split(context, value)) {
        value[0] = member_of(context, "reason");
        value[1] = member_of(context, "actor");
        value[2] = member_of(context, "related");
    }
    for (size_t i = 0; i < 3; i++) {
        char *to = envelope_piece_room(piece, 16 + value[i].size);
        char *begin = to;

        to = line_bytes(to, name[i].at, name[i].size);
        to = line_bytes(to, value[i].at, value[i].size);
        piece->size += (size_t)(to - begin);
    }
}
