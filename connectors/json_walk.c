/* SPDX-License-Identifier: Apache-2.0 */
/* Under the format `json`: the document around the records. RFC 8259. */
#include "json_walk.h"

#include <stdio.h>
#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Does a number, true, false or null end here? */
static bool
is_behind(char c)
{
    return is_space(c) || c == ',' || c == ']' || c == '}' || c == ':' || c == '"' || c == '{' || c == '[';
}

void
json_walk_begin(struct json_walk *walk, char *const *step, uint32_t steps)
{
    *walk = (struct json_walk){.step = step, .steps = steps, .here = steps == 0, .expect = JSON_A_VALUE};
}

void
json_walk_inside(struct json_walk *walk)
{
    walk->matched = walk->steps;
    walk->here = false;
    walk->found = true;
    walk->depth = walk->steps + 1;
    walk->objects = ((UINT64_C(1) << walk->steps) - 1) << 1;
    walk->expect = JSON_COMMA_OR_END;
}

/* Behind a value: what its container lets follow. */
static void
value_done(struct json_walk *walk)
{
    walk->here = false;
    walk->expect = walk->depth == 0 ? JSON_NOTHING : JSON_COMMA_OR_END;
}

static void
leave(struct json_walk *walk)
{
    walk->objects >>= 1;
    walk->depth--;
    if (walk->matched + 1 > walk->depth) /* the object at depth d lies behind d - 1 steps */
        walk->matched = walk->depth == 0 ? 0 : walk->depth - 1;
    value_done(walk);
}

void
json_walk_end(struct json_walk *walk)
{
    leave(walk);
}

/* Behind the string whose quote stands at ${at}; 0: its end is not there. */
static uint32_t
string_end(const char *block, uint32_t at, uint32_t size, bool *control)
{
    for (at++; at < size; at++) {
        if (block[at] == '"')
            return at + 1;
        if (block[at] == '\\')
            at++;
        else if ((unsigned char)block[at] < 0x20)
            *control = true;
    }
    return 0;
}

uint32_t
json_extent(const char *block, uint32_t at, uint32_t size, bool last)
{
    uint32_t depth = 0;
    bool control = false; /* told by whoever reads the value */

    while (at < size) {
        char c = block[at];

        if (c == '"') {
            at = string_end(block, at, size, &control);
            if (at == 0)
                return 0;
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
        } else if (c == '}' || c == ']') {
            at++;
            depth -= depth > 0;
        } else if (depth == 0) { /* a word or a number */
            while (at < size && !is_behind(block[at]))
                at++;
            return at < size || last ? at : 0;
        } else {
            at++;
            continue;
        }
        if (depth == 0)
            return at;
    }
    return 0;
}

static enum json_walked
broken(struct json_walk *walk, const char *what)
{
    walk->wrong = what;
    return JSON_BROKEN;
}

/* A word or number at ${at}, whole. */
static bool
is_scalar(const char *at, uint32_t size)
{
    if ((size == 4 && (memcmp(at, "true", 4) == 0 || memcmp(at, "null", 4) == 0)) || (size == 5 && memcmp(at, "false", 5) == 0))
        return true;
    for (uint32_t i = 0; i < size; i++)
        if ((at[i] < '0' || at[i] > '9') && at[i] != '-' && at[i] != '+' && at[i] != '.' && at[i] != 'e' && at[i] != 'E')
            return false;
    return size > 0 && (at[0] == '-' || (at[0] >= '0' && at[0] <= '9'));
}

/* An array of objects that is not the one: its name may help. */
static void
seen_note(struct json_walk *walk, const char *block, uint32_t at, uint32_t size)
{
    for (at++; at < size && is_space(block[at]);)
        at++;
    if (walk->depth != 1 || at >= size || block[at] != '{' || walk->seen_count == JSON_WALK_SEEN || walk->name[0] == '\0')
        return;
    memcpy(walk->seen[walk->seen_count++], walk->name, sizeof walk->name);
}

/* The value at ${at}: a bracket is entered, anything else passed. */
static enum json_walked
value_walk(struct json_walk *walk, const char *block, uint32_t *at, uint32_t size, bool last)
{
    char c = block[*at];
    bool control = false, target = walk->here && walk->matched + (walk->steps > 0) == walk->steps;
    uint32_t end;

    if (c == '{' || c == '[') {
        bool step = walk->here && walk->steps > 0;

        if (walk->depth == JSON_WALK_DEPTH)
            return broken(walk, "nested deeper than 64");
        if (target && c == '[' && walk->found)
            return broken(walk, "the array of records comes twice");
        if (target && c != '[')
            step = false;
        if (c == '[' && !target)
            seen_note(walk, block, *at, size);
        walk->matched += step;
        walk->objects = walk->objects << 1 | (c == '{');
        walk->depth++;
        walk->here = false;
        walk->expect = c == '{' ? JSON_NAME_OR_END : JSON_VALUE_OR_END;
        ++*at;
        if (target && c == '[') {
            walk->found = true;
            return JSON_ARRAY;
        }
        return JSON_WALKED;
    }
    if (c == '"') {
        end = string_end(block, *at, size, &control);
    } else {
        end = *at;
        while (end < size && !is_behind(block[end]))
            end++;
        if (end == size && !last)
            end = 0;
        else if (!is_scalar(block + *at, end - *at))
            return broken(walk, "a value is expected");
    }
    if (end == 0)
        return last ? broken(walk, "it is cut off") : JSON_WALKED;
    if (control)
        return broken(walk, "a control character in a string");
    *at = end;
    value_done(walk);
    return JSON_WALKED;
}

static enum json_walked
name_walk(struct json_walk *walk, const char *block, uint32_t *at, uint32_t size, bool last)
{
    bool control = false;
    uint32_t end, length;

    if (block[*at] != '"')
        return broken(walk, "a name is expected");
    end = string_end(block, *at, size, &control);
    if (end == 0)
        return last ? broken(walk, "it is cut off") : JSON_WALKED;
    if (control)
        return broken(walk, "a control character in a name");
    length = end - *at - 2;
    walk->here = walk->steps > walk->matched && walk->matched + 1 == walk->depth && strlen(walk->step[walk->matched]) == length &&
                 memcmp(walk->step[walk->matched], block + *at + 1, length) == 0;
    snprintf(walk->name, sizeof walk->name, "%.*s", (int)(length < 63 ? length : 63), block + *at + 1);
    *at = end;
    walk->expect = JSON_A_COLON;
    return JSON_WALKED;
}

enum json_walked
json_walk(struct json_walk *walk, const char *block, uint32_t *at, uint32_t size, bool last)
{
    for (;;) {
        enum json_walked walked = JSON_WALKED;
        uint32_t before;
        bool object = walk->objects & 1;
        char c;

        while (*at < size && is_space(block[*at]))
            ++*at;
        if (walk->expect == JSON_NOTHING)
            return JSON_OVER;
        if (*at >= size)
            return JSON_WALKED;
        before = *at;
        c = block[*at];
        switch (walk->expect) {
        case JSON_VALUE_OR_END:
            if (c == ']') {
                ++*at;
                leave(walk);
                break;
            } /* fall through */
        case JSON_A_VALUE:
            walked = value_walk(walk, block, at, size, last);
            break;
        case JSON_NAME_OR_END:
            if (c == '}') {
                ++*at;
                leave(walk);
                break;
            } /* fall through */
        case JSON_A_NAME:
            walked = name_walk(walk, block, at, size, last);
            break;
        case JSON_A_COLON:
            if (c != ':')
                return broken(walk, "':' is expected");
            ++*at;
            walk->expect = JSON_A_VALUE;
            break;
        case JSON_COMMA_OR_END:
            if (c != ',' && c != (object ? '}' : ']'))
                return broken(walk, object ? "',' or '}' is expected" : "',' or ']' is expected");
            ++*at;
            if (c == ',')
                walk->expect = object ? JSON_A_NAME : JSON_A_VALUE;
            else
                leave(walk);
            break;
        case JSON_NOTHING:
            break;
        }
        if (walked != JSON_WALKED)
            return walked;
        if (*at == before)
            return JSON_WALKED; /* a token that is not whole */
    }
}
