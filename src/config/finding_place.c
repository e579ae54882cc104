/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a byte of a scalar's value back to its place in the file: YAML's quotes, escapes and folded lines are walked along both.
 * The value is known already, so nothing is parsed a second time; where both do not go together (they always should), the
 * scalar's own place is the answer.
 */
#include "config/finding.h"

#include <string.h>

/* A place in the file that moves on. */
struct walk {
    const char *at, *end;
    struct config_place place;
};

static void
step(struct walk *walk)
{
    if (*walk->at == '\n') {
        walk->place.line++;
        walk->place.column = 1;
    } else if (walk->at + 1 == walk->end || ((unsigned char)walk->at[1] & 0xc0) != 0x80) {
        walk->place.column++;
    }
    walk->at++;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
spaces_skip(struct walk *walk)
{
    while (walk->at < walk->end && is_space(*walk->at))
        step(walk);
}

/* Is there a line end before anything else but blanks? */
static bool
line_ends(const struct walk *walk)
{
    const char *at = walk->at;

    while (at < walk->end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at < walk->end && *at == '\n';
}

/* To the first byte of the scalar's content: behind its quote, or on the first line of a block. Gives its style: ' " | or 0 for
 * plain. */
static char
enter(struct walk *walk)
{
    char style = walk->at < walk->end ? *walk->at : 0;

    if (style == '\'' || style == '"') {
        step(walk);
        return style;
    }
    if (style != '|' && style != '>')
        return 0;
    while (walk->at < walk->end && *walk->at != '\n')
        step(walk);
    spaces_skip(walk);
    return '|';
}

/* Bytes of the file that one escape of a "text" takes, and of the value that it makes. */
static void
escape(const struct walk *walk, size_t *taken, size_t *made)
{
    char kind = walk->end - walk->at > 1 ? walk->at[1] : 0;
    size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    uint32_t code = 0;

    *taken = 2 + digits;
    *made = kind == 'N' || kind == '_' ? 2 : kind == 'L' || kind == 'P' ? 3 : 1;
    for (size_t i = 0; i < digits && walk->at + 2 + i < walk->end; i++) {
        char c = walk->at[2 + i];

        code = code << 4 | (uint32_t)(c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0');
    }
    if (digits > 0)
        *made = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* One character, escape or line end further in both; how many bytes of the value it was, 0 when they do not go together. */
static size_t
both(struct walk *walk, char style, const char *text)
{
    size_t taken = 1, made = 1;

    if (is_space(*text) && line_ends(walk)) { /* a folded line end: a blank, or one line end less than there are */
        while (is_space(text[made]) && *text == '\n')
            made++;
        spaces_skip(walk);
        return made;
    }
    if (walk->at == walk->end)
        return 0;
    if (style == '"' && *walk->at == '\\')
        escape(walk, &taken, &made);
    else if (style == '\'' && *walk->at == '\'')
        taken = 2;
    else if (*walk->at != *text)
        return 0;
    for (size_t i = 0; i < taken && walk->at < walk->end; i++)
        step(walk);
    return made;
}

/* Past what makes nothing of the value: a line of a "text" that goes on behind a backslash. */
static void
joined_lines_skip(struct walk *walk, char style)
{
    while (style == '"' && walk->end - walk->at > 1 && *walk->at == '\\' && (walk->at[1] == '\n' || walk->at[1] == '\r')) {
        step(walk);
        spaces_skip(walk);
    }
}

struct config_place
finding_place(const struct findings *findings, struct config_place place, const char *text, size_t at)
{
    struct walk walk = {.at = findings->source, .place = {1, 1}};
    size_t done = 0;
    char style;

    if (findings->source == NULL || place.line == 0)
        return place;
    walk.end = walk.at + findings->source_size;
    if (findings->source_size >= 3 && memcmp(walk.at, "\xef\xbb\xbf", 3) == 0)
        walk.at += 3;
    while (walk.at < walk.end &&
           (walk.place.line < place.line || (walk.place.line == place.line && walk.place.column < place.column)))
        step(&walk);
    style = enter(&walk);
    joined_lines_skip(&walk, style);
    while (done < at) {
        size_t made = both(&walk, style, text + done);

        if (made == 0)
            return place;
        done += made;
        joined_lines_skip(&walk, style);
    }
    if (!is_space(text[at]) && text[at] != '\0')
        spaces_skip(&walk); /* the next line's indentation */
    return walk.place;
}
