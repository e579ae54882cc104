/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a file is written, out of what the pipeline file says about it. Lint asks for all that is wrong, and it is the same that keeps
 * a part from being opened: options are judged here and nowhere else.
 */
#include "csv_options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATOR_ROOM 64 /* more than any delimiter, so that one too long is seen to be */

struct judge {
    daybreak_wrong_fn wrong;
    void *context;
};

static void __attribute__((format(printf, 4, 5)))
say(const struct judge *judge, const char *option, const char *hint, const char *what, ...)
{
    char text[400];
    va_list args;

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    judge->wrong(judge->context, option, text, hint);
}

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool
is_none(const char *text)
{
    return !is_set(text) || strcasecmp(text, "none") == 0;
}

static bool
holds_line_end(const char *text)
{
    return strpbrk(text, "\r\n") != NULL;
}

static bool
begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_blank(int c)
{
    return c == ' ' || c == '\t';
}

/* ---- delimiter, quote, escape ------------------------------------------------------------- */

/* \xHH at ${at}: its byte, or -1. */
static int
hex_byte(const char *at)
{
    char digits[3] = {0};
    char *end;
    long byte;

    if (at[0] != '\\' || at[1] != 'x' || at[2] == '\0' || at[3] == '\0')
        return -1;
    memcpy(digits, at + 2, 2);
    byte = strtol(digits, &end, 16);
    return *end == '\0' && digits[0] != '+' && digits[0] != '-' && digits[0] != ' ' ? (int)byte : -1;
}

/* What YAML leaves as it stands outside of double quotes: \t and \xHH, each wherever it comes; tab is a word for it. */
static uint32_t
delimiter_read(const char *text, char to[SEPARATOR_ROOM])
{
    uint32_t size = 0;

    if (text == NULL)
        text = ",";
    if (strcasecmp(text, "tab") == 0)
        text = "\t";
    while (*text != '\0' && size < SEPARATOR_ROOM) {
        int byte = hex_byte(text);

        if (byte >= 0) {
            to[size++] = (char)byte;
            text += 4;
        } else if (text[0] == '\\' && text[1] == 't') {
            to[size++] = '\t';
            text += 2;
        } else {
            to[size++] = *text++;
        }
    }
    return size;
}

/* The byte of quote or escape; -1: none. */
static int
byte_read(const char *text)
{
    return is_none(text) ? -1 : (unsigned char)text[0];
}

static void
byte_check(const struct judge *judge, const char *name, const char *text)
{
    if (!is_none(text) && (text[1] != '\0' || holds_line_end(text)))
        say(judge, name, NULL, "cannot use %s '%s': it must be one byte and no line end", name, text);
}

static void
delimiter_check(const struct judge *judge, const struct csv *csv)
{
    const char *written = csv->delimiter == NULL ? "," : csv->delimiter;
    char delimiter[SEPARATOR_ROOM];
    uint32_t size = delimiter_read(csv->delimiter, delimiter);
    int quote = byte_read(csv->quote), escape = byte_read(csv->escape);
    size_t blanks = 0;

    if (size == 0 || size > CSV_DELIMITER_MAX || memchr(delimiter, '\n', size) != NULL || memchr(delimiter, '\r', size) != NULL ||
        memchr(delimiter, '\0', size) != NULL) {
        say(judge, "delimiter", NULL, "cannot use delimiter '%s': it must be 1 to %d bytes, and neither line end nor NUL", written,
            CSV_DELIMITER_MAX);
        return;
    }
    if (quote >= 0 && memchr(delimiter, quote, size) != NULL)
        say(judge, "delimiter", "quote: none reads quotes as plain text",
            size == 1 ? "cannot use delimiter '%s': it is the quote too" : "cannot use delimiter '%s': it holds the quote", written);
    if (escape >= 0 && escape != quote && memchr(delimiter, escape, size) != NULL)
        say(judge, "delimiter", NULL,
            size == 1 ? "cannot use delimiter '%s': it is the escape too" : "cannot use delimiter '%s': it holds the escape", written);
    while (blanks < size && delimiter[blanks] == ' ')
        blanks++;
    if (csv->trim && blanks == size)
        say(judge, "trim", NULL, "cannot trim where the delimiter is a blank: no blank would belong to a field");
    if (csv->trim && (is_blank(quote) || is_blank(escape)))
        say(judge, "trim", NULL, "cannot trim where the %s is a blank", is_blank(quote) ? "quote" : "escape");
}

/* ---- what stands in the file besides rows ------------------------------------------------- */

/* The number of a field, from 1; 0: it is none. */
static uint32_t
field_number(const char *text)
{
    char *end;
    long field;

    if (text[0] < '0' || text[0] > '9')
        return 0;
    field = strtol(text, &end, 10);
    return *end == '\0' && field <= CSV_COLUMNS_MAX ? (uint32_t)field : 0;
}

static void
trailer_check(const struct judge *judge, const struct csv *csv, const char **starts)
{
    bool counts = false;

    *starts = NULL;
    for (size_t i = 0; i < csv->trailer.count; i++) {
        const char *name = csv->trailer.name[i], *value = csv->trailer.value[i];

        if (strcmp(name, "starts") == 0) {
            *starts = value;
            if (holds_line_end(value))
                say(judge, "trailer.starts", NULL, "cannot use trailer.starts: it holds a line end, and a trailer is one line");
        } else if (strcmp(name, "count") == 0) {
            counts = true;
            if (field_number(value) == 0)
                say(judge, "trailer.count", NULL, "cannot use trailer.count '%s': it is the number of a field, from 1", value);
        } else {
            char option[80];

            snprintf(option, sizeof option, "trailer.%.64s", name);
            say(judge, option, "known here: starts, count", "unknown key '%s' in trailer", name);
        }
    }
    if (csv->trailer.count > 0 && !is_set(*starts))
        say(judge, counts ? "trailer.count" : "trailer", "trailer: {starts: \"TRAILER|\", count: 2}",
            "trailer needs starts: how its line begins");
}

static void
lines_check(const struct judge *judge, const struct csv *csv)
{
    int quote = byte_read(csv->quote);
    char delimiter[SEPARATOR_ROOM + 1];
    const char *starts;

    delimiter[delimiter_read(csv->delimiter, delimiter)] = '\0';
    trailer_check(judge, csv, &starts);
    if (!is_set(csv->comment))
        return;
    if (holds_line_end(csv->comment))
        say(judge, "comment", NULL, "cannot use comment: it holds a line end");
    if ((unsigned char)csv->comment[0] == quote)
        say(judge, "comment", NULL, "cannot use comment '%s': a record whose first field is quoted would be one", csv->comment);
    if (is_set(delimiter) && begins_with(csv->comment, delimiter))
        say(judge, "comment", NULL, "cannot use comment '%s': a record whose first field is empty would be one", csv->comment);
    if (is_set(starts) && begins_with(csv->comment, starts))
        say(judge, "comment", NULL, "cannot use comment '%s': the trailer begins so", csv->comment);
}

/* ---- what stands in a field --------------------------------------------------------------- */

/* The character between groups of digits; 0: none. Types read it, so that a cell stays as it stands in the file. */
static char
thousands_of(const char *text)
{
    if (!is_set(text))
        return '\0';
    if (strcasecmp(text, "space") == 0)
        return ' ';
    return text[1] == '\0' && strchr(".,' ", text[0]) != NULL ? text[0] : '\0';
}

static void
text_check(const struct judge *judge, const struct csv *csv)
{
    const char *null = csv->null_text;
    size_t size = null == NULL ? 0 : strlen(null);
    char delimiter[SEPARATOR_ROOM + 1];

    delimiter[delimiter_read(csv->delimiter, delimiter)] = '\0';
    if (size > 0 && (unsigned char)null[0] == byte_read(csv->quote))
        say(judge, "null_text", NULL, "cannot use null_text '%s': a field that begins with the quote is text", null);
    if (size > 0 && ((is_set(delimiter) && strstr(null, delimiter) != NULL) || holds_line_end(null)))
        say(judge, "null_text", NULL, "cannot use null_text '%s': no field can be that, it holds the delimiter or a line end", null);
    if (size > 0 && csv->trim && (is_blank(null[0]) || is_blank(null[size - 1])))
        say(judge, "null_text", NULL, "cannot use null_text '%s': with trim no field begins or ends with a blank", null);
    if (is_set(csv->thousands) && strcasecmp(csv->thousands, "none") != 0 && thousands_of(csv->thousands) == 0)
        say(judge, "thousands", "thousands: \".\"", "cannot use thousands '%s': it is one of . , ' space none", csv->thousands);
    if (thousands_of(csv->thousands) == (csv->decimal == 0 ? '.' : ','))
        say(judge, "thousands", "decimal: \",\" with thousands: \".\", or the other way round",
            "cannot use thousands '%s': it is the decimal point too", csv->thousands);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void
csv_options_check(const struct csv *csv, daybreak_wrong_fn wrong, void *context)
{
    const struct judge judge = {wrong, context};

    byte_check(&judge, "quote", csv->quote);
    byte_check(&judge, "escape", csv->escape);
    delimiter_check(&judge, csv);
    lines_check(&judge, csv);
    text_check(&judge, csv);
}

void
csv_options_make(struct csv *csv)
{
    struct csv_dialect *dialect = &csv->dialect;
    char delimiter[SEPARATOR_ROOM];

    dialect->delimiter_size = delimiter_read(csv->delimiter, delimiter);
    memcpy(dialect->delimiter, delimiter, dialect->delimiter_size);
    dialect->quote = byte_read(csv->quote);
    dialect->escape = byte_read(csv->escape);
    if (dialect->escape == dialect->quote)
        dialect->escape = -1; /* an escape that is the quote is a doubled quote */
    dialect->trim = csv->trim;
    csv_dialect_ready(dialect);
    for (size_t i = 0; i < csv->trailer.count; i++)
        if (strcmp(csv->trailer.name[i], "starts") == 0)
            csv->trailer_starts = csv->trailer.value[i];
        else
            csv->trailer_count = field_number(csv->trailer.value[i]);
    csv->trailer_size = csv->trailer_starts == NULL ? 0 : (uint32_t)strlen(csv->trailer_starts);
    csv->comment_size = is_set(csv->comment) ? (uint32_t)strlen(csv->comment) : 0;
    csv->null_size = csv->null_text == NULL ? 0 : (uint32_t)strlen(csv->null_text);
    csv->scans = dialect->delimiter_size == 1 && dialect->escape < 0;
}
