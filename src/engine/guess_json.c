/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: where in a JSON document its records are: the first array of objects, by the names that lead to it. */
#include <string.h>

#include "guess_parts.h"

#define DEPTH 16

struct walk {
    const char *at, *end;
    struct {
        const char *name; /* the member that the value at this depth belongs to */
        size_t size;
        bool object;
    } level[DEPTH];
    int depth;
};

static void
blanks_pass(struct walk *walk)
{
    while (walk->at < walk->end && (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\n' || *walk->at == '\r'))
        walk->at++;
}

/* Behind the string that begins at ${at}. */
static bool
string_pass(struct walk *walk)
{
    for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++)
        walk->at += *walk->at == '\\';
    if (walk->at >= walk->end)
        return false;
    walk->at++;
    return true;
}

static const char *
path_text(const struct walk *walk, struct arena *arena)
{
    struct text text = {0};
    const char *result;
    char between = '.';

    for (int i = 1; i <= walk->depth; i++) {
        if (walk->level[i].name == NULL)
            return NULL; /* an array inside of an array */
        if (memchr(walk->level[i].name, '\\', walk->level[i].size) != NULL || walk->level[i].size == 0)
            return NULL;
        if (memchr(walk->level[i].name, '.', walk->level[i].size) != NULL || walk->level[1].name[0] == '$')
            between = '/';
    }
    for (int i = 1; i <= walk->depth; i++) {
        if (between == '/' || i > 1)
            text_char(&text, between);
        text_add(&text, walk->level[i].name, walk->level[i].size);
    }
    result = arena_text(arena, text_end(&text));
    text_fini(&text);
    return result;
}

const char *
guess_json_path(const char *text, size_t size, struct arena *arena)
{
    struct walk walk = {.at = text, .end = text + size};
    bool named = false; /* behind a member's name and its colon */

    for (;;) {
        blanks_pass(&walk);
        if (walk.at >= walk.end)
            return NULL;
        switch (*walk.at) {
        case '{':
            if (++walk.depth == DEPTH)
                return NULL;
            walk.level[walk.depth].object = true;
            walk.level[walk.depth].name = NULL;
            walk.at++;
            named = false;
            break;
        case '[':
            walk.at++;
            blanks_pass(&walk);
            if (walk.at < walk.end && *walk.at == '{')
                return path_text(&walk, arena);
            if (++walk.depth == DEPTH)
                return NULL;
            walk.level[walk.depth].object = false;
            walk.level[walk.depth].name = NULL;
            named = false;
            break;
        case '}':
        case ']':
            if (walk.depth-- == 0)
                return NULL;
            walk.at++;
            named = false;
            break;
        case '"': {
            const char *from = walk.at + 1;

            if (!string_pass(&walk))
                return NULL;
            if (walk.depth == 0 || !walk.level[walk.depth].object || named) {
                named = false;
                break;
            }
            walk.level[walk.depth].name = from;
            walk.level[walk.depth].size = (size_t)(walk.at - 1 - from);
            blanks_pass(&walk);
            if (walk.at >= walk.end || *walk.at++ != ':')
                return NULL;
            named = true;
            break;
        }
        case ',':
            walk.at++;
            named = false;
            break;
        default: /* a number, true, false, null */
            if (strchr("-0123456789tfn", *walk.at) == NULL || *walk.at == '\0')
                return NULL;
            while (walk.at < walk.end && strchr(",]} \t\r\n", *walk.at) == NULL)
                walk.at++;
            named = false;
        }
    }
}
