/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road, in the comparison: a CSV reader of its own, RFC 4180 byte by byte. CR, LF and CRLF end a line, a
 * blank line is no row; a quote inside of an unquoted field is text, text behind a closing quote is not. Owns the
 * window and the header.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "parity_side.h"

struct csv {
    struct parity_window window;
    char delimiter;
    int quote;
    bool stop[256]; /* ends an unquoted field */

    uint32_t *id; /* field → number of its column */
    uint32_t fields;
    bool headed;  /* the first content named the columns */

    struct daybreak_text *field; /* of the record just read */
    bool *doubled;
    uint32_t found, field_room;
    bool stray, unclosed;
};

enum found { FOUND_RECORD, FOUND_MORE, FOUND_END };

static void
dialect(struct csv *csv, char delimiter, int quote)
{
    csv->delimiter = delimiter;
    csv->quote = quote;
    memset(csv->stop, 0, sizeof csv->stop);
    csv->stop[(unsigned char)delimiter] = csv->stop['\n'] = csv->stop['\r'] = true;
}

static void
keep(struct csv *csv, const char *from, const char *to, bool doubled)
{
    if (csv->found == csv->field_room) {
        csv->field_room = csv->field_room == 0 ? 64 : csv->field_room * 2;
        csv->field = memory_grow(csv->field, csv->field_room * sizeof *csv->field);
        csv->doubled = memory_grow(csv->doubled, csv->field_room * sizeof *csv->doubled);
    }
    csv->field[csv->found] = (struct daybreak_text){from, (uint32_t)(to - from)};
    csv->doubled[csv->found++] = doubled;
}

/* From behind an opening quote to the closing one; NULL when it is not in the window. */
static const char *
closing(const struct csv *csv, const char *at, const char *end, bool *doubled)
{
    *doubled = false;
    while ((at = memchr(at, csv->quote, (size_t)(end - at))) != NULL) {
        if (at + 1 == end)
            return csv->window.last ? at : NULL;
        if (at[1] != (char)csv->quote)
            return at;
        *doubled = true;
        at += 2;
    }
    return NULL;
}

/* One record at the window's begin, which moves behind it only when it is whole. */
static enum found
scan(struct csv *csv)
{
    struct parity_window *window = &csv->window;
    const char *at = window->at + window->begin, *end = window->at + window->end;

    while (at < end && (*at == '\n' || *at == '\r'))
        at++;
    window->begin = (size_t)(at - window->at);
    csv->found = 0;
    csv->stray = csv->unclosed = false;
    if (at == end)
        return window->last ? FOUND_END : FOUND_MORE;
    for (;;) {
        const char *start = at, *stop;
        bool doubled = false;

        if (at < end && (unsigned char)*at == csv->quote && csv->quote >= 0) {
            start++;
            stop = closing(csv, start, end, &doubled);
            if (stop == NULL && !window->last)
                return FOUND_MORE;
            csv->unclosed = stop == NULL;
            if (stop == NULL)
                stop = end;
            at = stop < end ? stop + 1 : end;
            if (!csv->stop[(unsigned char)*at]) { /* the '\n' behind the window stops it at the latest */
                csv->stray = true;
                while (!csv->stop[(unsigned char)*at])
                    at++;
            }
        } else {
            while (!csv->stop[(unsigned char)*at])
                at++;
            stop = at;
        }
        if (at == end && !window->last)
            return FOUND_MORE;
        keep(csv, start, stop, doubled);
        if (at == end || *at != csv->delimiter)
            break;
        at++;
    }
    if (at < end) /* of CRLF the LF is skipped as a blank line */
        at++;
    window->begin = (size_t)(at - window->at);
    return FOUND_RECORD;
}

static int
record(struct parity_side *side, struct csv *csv, bool *more, struct daybreak_fault *fault)
{
    enum found found;

    while ((found = scan(csv)) == FOUND_MORE)
        if (parity_window_more(&csv->window, side->bytes, fault) != 0)
            return -1;
    *more = found == FOUND_RECORD;
    return 0;
}

/* Doubled quotes become one, in place: the record will not be scanned again. */
static void
undouble(const struct csv *csv, uint32_t i)
{
    char *base = csv->window.at + (csv->field[i].at - csv->window.at);
    uint32_t size = 0;

    for (uint32_t k = 0; k < csv->field[i].size; k++) {
        base[size++] = base[k];
        if (base[k] == (char)csv->quote)
            k++;
    }
    csv->field[i].size = size;
}

/* ---- the header --------------------------------------------------------------------------------- */

static bool
has_keys(const struct csv *csv, const struct daybreak_list *key)
{
    for (size_t k = 0; k < key->count; k++) {
        uint32_t i = 0;

        while (i < csv->found && (strlen(key->item[k]) != csv->field[i].size ||
                                  memcmp(key->item[k], csv->field[i].at, csv->field[i].size) != 0))
            i++;
        if (i == csv->found)
            return false;
    }
    return true;
}

/* The header is looked at with each delimiter until one shows the key columns; none does: the comma's view is reported. */
static int
header_record(struct parity_side *side, struct csv *csv, bool *more, struct daybreak_fault *fault)
{
    static const char choices[] = {',', ';', '\t', '|', ','};
    const struct parity_request *request = side->request;

    if (request->delimiter >= 0 || request->no_header || csv->headed)
        return record(side, csv, more, fault);
    for (size_t i = 0; i < sizeof choices; i++) {
        size_t begin;

        dialect(csv, choices[i], request->quote);
        if (record(side, csv, more, fault) != 0)
            return -1;
        if (!*more || i + 1 == sizeof choices || has_keys(csv, &request->key))
            break;
        begin = (size_t)(csv->field[0].at - csv->window.at); /* back to its beginning, a quote included */
        csv->window.begin = begin > 0 && csv->window.at[begin - 1] == (char)csv->quote ? begin - 1 : begin;
    }
    return 0;
}

static int
refuse(const struct parity_side *side, struct daybreak_fault *fault, const char *cause)
{
    fault_set(fault, DAYBREAK_HALT, "cannot read '%s': %s", parity_bytes_name(side->bytes), cause);
    return fault_exit(fault, 65, "bad_header");
}

static bool
among(const uint32_t *id, uint32_t count, uint32_t wanted)
{
    for (uint32_t i = 0; i < count; i++)
        if (id[i] == wanted)
            return true;
    return false;
}

/* The columns of a later member may be in another order, but must be the same. */
static int
bind(struct parity_side *side, struct csv *csv, const char *const *names, struct daybreak_fault *fault)
{
    uint32_t *id = memory_need(csv->found * sizeof *id);
    int result = parity_side_keys(side, names, csv->found, fault);

    if (result == 0 && csv->headed && csv->found != csv->fields)
        result = refuse(side, fault, "its columns are not those of the members before it");
    for (uint32_t i = 0; i < csv->found && result == 0; i++) {
        result = parity_side_column(side, names[i], strlen(names[i]), &id[i], fault);
        if (result == 0 && among(id, i, id[i]))
            result = refuse(side, fault, "two columns of its header have one name");
        else if (result == 0 && csv->headed && !among(csv->id, csv->fields, id[i]))
            result = refuse(side, fault, "its columns are not those of the members before it");
    }
    if (result != 0) {
        free(id);
        return -1;
    }
    free(csv->id);
    csv->id = id;
    csv->fields = csv->found;
    csv->headed = true;
    return 0;
}

static int
header(struct parity_side *side, struct csv *csv, struct daybreak_fault *fault)
{
    struct text *name;
    const char **names;
    size_t begin = csv->window.begin;
    uint32_t count;
    bool more;
    int result;

    if (header_record(side, csv, &more, fault) != 0)
        return -1;
    if (!more)
        return refuse(side, fault, "it is empty: there is not even a header");
    if (csv->stray || csv->unclosed)
        return refuse(side, fault, "the quotes of its header do not fit");
    count = csv->found;
    if (count > PARITY_COLUMNS_MAX)
        return refuse(side, fault, "its header has too many columns");
    name = memory_zero(count * sizeof *name);
    names = memory_zero(count * sizeof *names);
    for (uint32_t i = 0; i < count; i++) {
        if (csv->doubled[i] && !side->request->no_header)
            undouble(csv, i);
        if (side->request->no_header)
            text_int(&name[i], (int64_t)i + 1);
        else
            text_add(&name[i], csv->field[i].at, csv->field[i].size);
        names[i] = text_end(&name[i]);
    }
    result = bind(side, csv, names, fault);
    for (uint32_t i = 0; i < count; i++)
        text_fini(&name[i]);
    free(name);
    free(names);
    if (side->request->no_header) /* the first record is a row; it is still in the window, which only moved to its front */
        csv->window.begin = begin;
    return result;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static int
csv_begin(struct parity_side *side, struct daybreak_fault *fault)
{
    struct csv *csv = side->self;

    if (csv == NULL) {
        const struct parity_request *request = side->request;

        csv = side->self = memory_zero(sizeof *csv);
        dialect(csv, request->delimiter >= 0 ? (char)request->delimiter : ',', request->quote);
    }
    parity_window_begin(&csv->window);
    return header(side, csv, fault);
}

static int
csv_next(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault)
{
    struct csv *csv = side->self;
    uint32_t count;

    if (record(side, csv, more, fault) != 0)
        return -1;
    if (!*more || row->skip)
        return 0;
    count = csv->found < csv->fields ? csv->found : csv->fields;
    for (uint32_t i = 0; i < count; i++) {
        if (csv->doubled[i])
            undouble(csv, i);
        side->cell[csv->id[i]] = csv->field[i];
    }
    for (uint32_t i = count; i < csv->fields; i++)
        side->cell[csv->id[i]] = (struct daybreak_text){NULL, DAYBREAK_NULL};
    if (csv->unclosed)
        row->bad = "a quote is never closed";
    else if (csv->stray)
        row->bad = "text behind a closing quote";
    else if (csv->found != csv->fields)
        row->bad = csv->found < csv->fields ? "fewer fields than columns" : "more fields than columns";
    return 0;
}

static void
csv_close(struct parity_side *side)
{
    struct csv *csv = side->self;

    if (csv == NULL)
        return;
    parity_window_fini(&csv->window);
    free(csv->id);
    free(csv->field);
    free(csv->doubled);
    free(csv);
}

const struct parity_reader parity_csv = {.nulls = false, .fixed = true, .begin = csv_begin, .next = csv_next, .close = csv_close};
