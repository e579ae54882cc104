/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the format `xml`, read. Decides nothing about documents. */
#include "xml_path.h"

#include <stdlib.h>
#include <string.h>

static char *
copy(const char *at, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        abort(); /* any crash is safe */
    memcpy(text, at, size);
    text[size] = '\0';
    return text;
}

/* A letter of a name; what is beyond ASCII is taken for one. */
static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           (unsigned char)c >= 0x80;
}

static size_t
name_size(const char *at)
{
    size_t size = 0;

    if ((*at >= '0' && *at <= '9') || *at == '-' || *at == '.')
        return 0;
    while (is_letter(at[size]))
        size++;
    return size;
}

static bool
wrong_is(const char **wrong, const char *what)
{
    *wrong = what;
    return false;
}

/* "[2]", "[position()>1]", "[position()=1]" behind a name. */
static bool
predicate(const char **at, struct xml_step *step, const char **wrong)
{
    const char *to = *at + 1;
    bool above = false;
    uint32_t number = 0;

    if (strncmp(to, "position()", 10) == 0) {
        to += 10;
        while (*to == ' ')
            to++;
        above = *to == '>';
        if (*to != '>' && *to != '=')
            return wrong_is(wrong, "in brackets a number, position()=N or position()>N is understood");
        to++;
        while (*to == ' ')
            to++;
    }
    while (*to >= '0' && *to <= '9' && number < 100000000)
        number = number * 10 + (uint32_t)(*to++ - '0');
    if (*to != ']' || (number == 0 && !above))
        return wrong_is(wrong, "in brackets a number from 1, position()=N or position()>N is understood");
    step->from = above ? number + 1 : number;
    step->to = above ? UINT32_MAX : number;
    *at = to + 1;
    return true;
}

/* PREFIX:NAME, NAME or *. */
static bool
element(const char **at, const struct daybreak_map *spaces, struct xml_step *step, const char **wrong)
{
    size_t size = name_size(*at);

    *step = (struct xml_step){.from = 1, .to = UINT32_MAX};
    if (size > 0 && (*at)[size] == ':') {
        size_t i = 0;

        while (i < spaces->count && (strlen(spaces->name[i]) != size || memcmp(spaces->name[i], *at, size) != 0))
            i++;
        if (i == spaces->count)
            return wrong_is(wrong, "its prefix is not in `namespaces`");
        step->uri = spaces->value[i];
        *at += size + 1;
        size = name_size(*at);
    }
    if (**at == '*') {
        ++*at;
    } else if (size == 0) {
        return wrong_is(wrong, "a name is expected");
    } else {
        step->name = copy(*at, size);
        *at += size;
    }
    return **at != '[' || predicate(at, step, wrong);
}

/* name(), name(.), name(..), name(../..) */
static bool
name_of(const char *at, struct xml_path *path, const char **wrong)
{
    path->take = XML_NAME;
    while (strncmp(at, "..", 2) == 0) {
        path->up++;
        at += 2;
        at += *at == '/';
    }
    at += *at == '.' && path->up == 0;
    return strcmp(at, ")") == 0 || wrong_is(wrong, "name() takes nothing, . or ..");
}

/* Behind the last step: 1; behind a /, to go on: 0; neither: -1. */
static int
between(const char **at, const char **wrong)
{
    if (**at == '\0')
        return 1;
    if (**at != '/') {
        wrong_is(wrong, "a / is expected between two steps");
        return -1;
    }
    ++*at;
    return 0;
}

bool
xml_path_read(const char *text, const struct daybreak_map *spaces, bool record, struct xml_path *path, const char **wrong)
{
    const char *at = text;
    int over = 0;

    memset(path, 0, sizeof *path);
    if (strncmp(at, "name(", 5) == 0 && !record)
        return name_of(at + 5, path, wrong);
    if (strncmp(at, "//", 2) == 0) {
        path->anywhere = true;
        at += 2;
    } else if (*at == '/') {
        path->absolute = true;
        at++;
    }
    if (record && !path->anywhere && !path->absolute)
        return wrong_is(wrong, "it begins with / (from the top) or // (anywhere)");
    if (!record && path->anywhere)
        return wrong_is(wrong, "// is for records; a field has one place");
    while (!record && !path->absolute && over == 0 && strncmp(at, "..", 2) == 0) {
        path->up++;
        at += 2;
        over = between(&at, wrong);
    }
    if (!record && !path->absolute && path->up == 0 && strcmp(at, ".") == 0)
        return true;
    while (over == 0) {
        if (!record && *at == '@') {
            size_t size = name_size(at + 1);

            if (size == 0 || at[1 + size] != '\0')
                return wrong_is(wrong, "an attribute's name ends a path");
            path->take = XML_ATTRIBUTE;
            path->attribute = copy(at + 1, size);
            over = 1;
        } else if (!record && strcmp(at, "text()") == 0 && path->steps > 0) {
            over = 1;
        } else {
            if (path->steps == XML_STEPS_MAX)
                return wrong_is(wrong, "it has more than 32 steps");
            if (!element(&at, spaces, &path->step[path->steps++], wrong))
                return false;
            over = between(&at, wrong);
        }
    }
    if (over < 0)
        return false;
    if (path->up > 0 && path->take == XML_TEXT && path->steps == 0)
        return wrong_is(wrong, "the text of an element around the record is not over when the record ends");
    if (path->up > 0 && path->steps > 1)
        return wrong_is(wrong, "of an element around the record its own attributes and children can be had");
    return true;
}

void
xml_path_fini(struct xml_path *path)
{
    for (uint32_t i = 0; i < path->steps; i++)
        free(path->step[i].name);
    free(path->attribute);
    memset(path, 0, sizeof *path);
}
