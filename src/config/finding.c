/* SPDX-License-Identifier: Apache-2.0 */
/* What lint has to say, kept in the order of the file and shown with the line it is about. */
#include "config/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define SHOWN_COLUMNS 110 /* of a source line; longer ones are shown around the caret */

void
findings_init(struct findings *findings)
{
    memset(findings, 0, sizeof *findings);
}

void
findings_fini(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->item[i].code);
        free(findings->item[i].file);
        free(findings->item[i].message);
        free(findings->item[i].suggestion);
    }
    free(findings->item);
    free(findings->source);
    free(findings->source_file);
    memset(findings, 0, sizeof *findings);
}

void
findings_source(struct findings *findings, const char *file, char *bytes, size_t size)
{
    free(findings->source);
    free(findings->source_file);
    findings->source = bytes;
    findings->source_size = size;
    findings->source_file = memory_text(file);
}

/* ---- lines of the source ------------------------------------------------------------------ */

struct line {
    const char *at;
    size_t size;
};

/* Line ${number}, from 1, without its end; false when the source has none. */
static bool
line_find(const struct findings *findings, const char *file, uint32_t number, struct line *line)
{
    const char *at = findings->source, *end;

    if (at == NULL || number == 0 || findings->source_file == NULL || strcmp(file, findings->source_file) != 0)
        return false;
    end = at + findings->source_size;
    if (findings->source_size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (; number > 1; number--) {
        while (at < end && *at != '\n' && *at != '\r')
            at++;
        if (at == end)
            return false;
        at += *at == '\r' && end - at > 1 && at[1] == '\n' ? 2 : 1;
    }
    line->at = at;
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    line->size = (size_t)(at - line->at);
    return true;
}

static bool
is_first_byte(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* Byte offset of a column, counted in characters from 1. */
static size_t
column_offset(const struct line *line, uint32_t column)
{
    size_t at = 0;

    while (column > 1 && at < line->size) {
        at++;
        while (at < line->size && !is_first_byte(line->at[at]))
            at++;
        column--;
    }
    return at;
}

static bool
ends_word(const struct line *line, size_t at)
{
    char c = line->at[at], next = at + 1 < line->size ? line->at[at + 1] : ' ';

    return c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || (c == ' ' && next == '#') || (c == ':' && next == ' ');
}

/* Characters of the word, quoted text or key that begins at byte ${at}. */
static uint32_t
word_width(const struct line *line, size_t at)
{
    size_t end = at;
    uint32_t width = 0;

    if (at < line->size && (line->at[at] == '"' || line->at[at] == '\'')) {
        end++;
        while (end < line->size && line->at[end] != line->at[at])
            end += line->at[end] == '\\' && line->at[at] == '"' && end + 1 < line->size ? 2 : 1;
        end += end < line->size;
    } else {
        while (end < line->size && !ends_word(line, end))
            end++;
        while (end > at && line->at[end - 1] == ' ')
            end--;
    }
    for (; at < end; at++)
        width += is_first_byte(line->at[at]);
    return width == 0 ? 1 : width;
}

/* ${width} characters from ${column} on, but no more than the line has. */
static uint32_t
width_within(const struct line *line, uint32_t column, uint32_t width)
{
    uint32_t left = 0;

    for (size_t at = column_offset(line, column); at < line->size; at++)
        left += is_first_byte(line->at[at]);
    return left == 0 ? 1 : width < left ? width : left;
}

/* ---- adding ------------------------------------------------------------------------------- */

static int
place_order(const struct finding *a, const struct finding *b)
{
    if (strcmp(a->file, b->file) != 0)
        return 0; /* files stay in the order in which they came */
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    return a->place.column < b->place.column ? -1 : a->place.column > b->place.column;
}

/* Tables that inherit the same lines find the same faults in them. */
static bool
said_already(const struct findings *findings, size_t at, const struct finding *finding, const char *message)
{
    for (; at > 0; at--) {
        const struct finding *before = &findings->item[at - 1];

        if (strcmp(before->file, finding->file) != 0 || place_order(before, finding) != 0)
            return false;
        if (strcmp(before->code, finding->code) == 0 && strcmp(before->message, message) == 0)
            return true;
    }
    return false;
}

static void __attribute__((format(printf, 8, 0), nonnull(8)))
add(struct findings *findings, enum finding_severity severity, const char *code, const char *file, struct config_place place,
    uint32_t width, const char *suggestion, const char *message, va_list args)
{
    struct finding finding = {.severity = severity, .place = place, .width = 1, .code = (char *)code, .file = (char *)file};
    struct text text = {0};
    struct line line;
    va_list again;
    size_t at = findings->count;
    int size;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, message, args);
    text_room(&text, (size_t)(size < 0 ? 0 : size) + 1);
    vsnprintf(text.at, (size_t)(size < 0 ? 0 : size) + 1, message, again);
    va_end(again);
    text.size = size < 0 ? 0 : (size_t)size;

    findings->raised += severity == FINDING_ERROR;
    while (at > 0 && place_order(&findings->item[at - 1], &finding) > 0)
        at--;
    if (said_already(findings, at, &finding, text_end(&text))) {
        text_fini(&text);
        return;
    }
    if (severity == FINDING_ERROR) {
        findings->errors++;
        if (findings->status == 0)
            findings->status = 78;
    } else if (severity == FINDING_WARNING) {
        findings->warnings++;
    }
    if (findings->count >= FINDINGS_SHOWN) {
        findings->hidden++;
        text_fini(&text);
        return;
    }
    if (findings->count == findings->room) {
        findings->room = findings->room == 0 ? 16 : findings->room * 2;
        findings->item = memory_grow(findings->item, findings->room * sizeof *findings->item);
    }
    if (line_find(findings, file, place.line, &line))
        finding.width = width > 0 ? width_within(&line, place.column, width) : word_width(&line, column_offset(&line, place.column));
    finding.code = memory_text(code);
    finding.file = memory_text(file);
    finding.message = memory_text(text_end(&text));
    finding.suggestion = suggestion == NULL ? NULL : memory_text(suggestion);
    memmove(&findings->item[at + 1], &findings->item[at], (findings->count - at) * sizeof *findings->item);
    findings->item[at] = finding;
    findings->count++;
    text_fini(&text);
}

void
findings_add(struct findings *findings, enum finding_severity severity, const char *code, const char *file,
             struct config_place place, const char *suggestion, const char *message, ...)
{
    va_list args;

    va_start(args, message);
    add(findings, severity, code, file, place, 0, suggestion, message, args);
    va_end(args);
}

void
findings_add_wide(struct findings *findings, enum finding_severity severity, const char *code, const char *file,
                  struct config_place place, uint32_t width, const char *suggestion, const char *message, ...)
{
    va_list args;

    va_start(args, message);
    add(findings, severity, code, file, place, width, suggestion, message, args);
    va_end(args);
}

/* ---- showing ------------------------------------------------------------------------------ */

static const char *const severity_name[] = {
    [FINDING_ERROR] = "error", [FINDING_WARNING] = "warning", [FINDING_NOTE] = "note"};
static const char *const severity_colour[] = {
    [FINDING_ERROR] = "\033[31m", [FINDING_WARNING] = "\033[33m", [FINDING_NOTE] = "\033[36m"};

/* No bad bytes, no C1 controls, no characters that are invisible or turn the direction of the text around. */
static bool
is_shown(const char *at, size_t size)
{
    unsigned char second = size > 1 ? (unsigned char)at[1] : 0, third = size > 2 ? (unsigned char)at[2] : 0;

    if (!text_utf8(at, size) || (at[0] == '\xc2' && second < 0xa0))
        return false;
    if (size != 3 || at[0] != '\xe2')
        return true;
    return !(second == 0x80 && ((third >= 0x8b && third <= 0x8f) || (third >= 0xa8 && third <= 0xae))) &&
           !(second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

/* The line with the caret under ${finding}; nothing a terminal would obey gets through, each character takes one column. */
static void
line_print(const struct findings *findings, const struct finding *finding, struct text *out, const char *colour)
{
    uint32_t first = 1, width = finding->width, column = 1;
    struct line line;
    size_t at;

    if (!line_find(findings, finding->file, finding->place.line, &line))
        return;
    if (finding->place.column > SHOWN_COLUMNS - 30)
        first = finding->place.column - 40;
    at = column_offset(&line, first);
    text_put(out, "  ");
    for (column = first; at < line.size && column < first + SHOWN_COLUMNS; column++) {
        size_t size = 1;

        while (at + size < line.size && !is_first_byte(line.at[at + size]))
            size++;
        if ((unsigned char)line.at[at] < 0x20 || line.at[at] == 0x7f)
            text_char(out, line.at[at] == '\t' ? ' ' : '?');
        else if (!is_shown(line.at + at, size))
            text_char(out, '?');
        else
            text_add(out, line.at + at, size);
        at += size;
    }
    text_put(out, "\n  ");
    for (uint32_t i = first; i < finding->place.column; i++)
        text_char(out, ' ');
    if (finding->place.column + width > first + SHOWN_COLUMNS)
        width = first + SHOWN_COLUMNS - finding->place.column;
    text_put(out, colour);
    for (uint32_t i = 0; i < width; i++)
        text_char(out, '^');
    text_put(out, colour[0] == '\0' ? "\n" : "\033[0m\n");
}

void
findings_print(const struct findings *findings, struct text *out, bool colour)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];
        const char *paint = colour ? severity_colour[finding->severity] : "";

        text_printable(finding->file, strlen(finding->file), SIZE_MAX, out);
        if (finding->place.line != 0)
            text_printf(out, ":%u:%u", finding->place.line, finding->place.column);
        text_printf(out, ": %s%s%s: ", paint, severity_name[finding->severity], colour ? "\033[0m" : "");
        text_printable(finding->message, strlen(finding->message), SIZE_MAX, out);
        text_printf(out, " [%s]\n", finding->code);
        line_print(findings, finding, out, paint);
        if (finding->suggestion != NULL) {
            text_put(out, "  help: ");
            text_printable(finding->suggestion, strlen(finding->suggestion), SIZE_MAX, out);
            text_char(out, '\n');
        }
    }
    if (findings->hidden > 0)
        text_printf(out, "and %zu more findings\n", findings->hidden);
}

void
findings_json(const struct findings *findings, struct json *json)
{
    json_array(json, "findings");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];

        json_object(json, NULL);
        json_text(json, "severity", severity_name[finding->severity]);
        json_text(json, "code", finding->code);
        json_text(json, "message", finding->message);
        json_text(json, "file", finding->file);
        if (finding->place.line == 0) {
            json_null(json, "line");
            json_null(json, "column");
        } else {
            json_int(json, "line", finding->place.line);
            json_int(json, "column", finding->place.column);
        }
        json_text(json, "suggestion", finding->suggestion);
        json_close(json);
    }
    json_close(json);
}
