/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON envelope. Number text is copied as it stands, so that 19.90 stays 19.90. Bytes are base64. What is not known is null;
 * every line has every member of the envelope, in one order.
 */
#include "envelope_json.h"

#include <stdlib.h>
#include <string.h>

#include "envelope_context.h"
#include "envelope_foreign.h"

/* ---- strings ------------------------------------------------------------------------------ */

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH EVERY(0x80)

/* Is one of eight bytes a quote, a backslash or a control character? */
static inline uint64_t
special(uint64_t word)
{
    uint64_t quote = word ^ EVERY('"'), slash = word ^ EVERY('\\');

    return (((word - EVERY(0x20)) & ~word) | ((quote - EVERY(1)) & ~quote) | ((slash - EVERY(1)) & ~slash)) & HIGH;
}

static inline uint64_t
word_of(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static char *
escaped(char *to, const char *at, size_t size)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)at[i];

        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '\\';
        switch (byte) {
        case '"':
        case '\\':
            *to++ = (char)byte;
            break;
        case '\n':
            *to++ = 'n';
            break;
        case '\r':
            *to++ = 'r';
            break;
        case '\t':
            *to++ = 't';
            break;
        default:
            to = LINE_TEXT(to, "u00");
            *to++ = digit[byte >> 4];
            *to++ = digit[byte & 15];
        }
    }
    return to;
}

char *
envelope_json_text(char *to, const char *at, size_t size)
{
    size_t done = 0;

    *to++ = '"';
    for (; size - done >= 8; done += 8) {
        uint64_t word = word_of(at + done);

        if (special(word))
            goto slow;
        memcpy(to + done, &word, sizeof word);
    }
    if (done > 0 && done < size) { /* the last eight bytes again, most of them known to be plain */
        uint64_t word = word_of(at + size - 8);

        if (special(word))
            goto slow;
        memcpy(to + size - 8, &word, sizeof word);
        done = size;
    }
    for (; done < size; done++) {
        uint8_t byte = (uint8_t)at[done];

        if (byte < 0x20 || byte == '"' || byte == '\\')
            goto slow;
        to[done] = (char)byte;
    }
    to += size;
    *to++ = '"';
    return to;

slow:
    to = escaped(to + done, at + done, size - done);
    *to++ = '"';
    return to;
}

/* ---- life --------------------------------------------------------------------------------- */

void
envelope_json_init(struct envelope_json *e, const struct daybreak_host *host, enum daybreak_envelope form)
{
    *e = (struct envelope_json){.host = host, .form = form};
}

static void
columns_fini(struct envelope_json *e)
{
    for (uint32_t i = 0; i < e->columns; i++)
        envelope_piece_fini(&e->column[i].name);
    free(e->column);
    e->column = NULL;
    e->columns = 0;
}

void
envelope_json_fini(struct envelope_json *e)
{
    columns_fini(e);
    envelope_piece_fini(&e->before_position);
    envelope_piece_fini(&e->behind_changed_at);
    envelope_piece_fini(&e->behind_no_time);
    envelope_piece_fini(&e->context);
    envelope_piece_fini(&e->trace);
    envelope_piece_fini(&e->outer);
}

void
envelope_json_columns(struct envelope_json *e, const struct daybreak_column *column, uint32_t count)
{
    columns_fini(e);
    e->column = calloc(count + (size_t)1, sizeof *e->column);
    if (e->column == NULL)
        abort();
    e->columns = count;
    e->keys = 0;
    e->constant = 1024;
    for (uint32_t i = 0; i < count; i++) {
        struct envelope_column *to = &e->column[i];

        to->type = column[i].type;
        to->key = column[i].key;
        envelope_piece_text(&to->name, column[i].name);
        envelope_piece_add(&to->name, ":");
        envelope_piece_room(&to->name, 0);
        e->keys += to->key;
        e->constant += (to->key ? 2 : 1) * (to->name.size + 8); /* comma, quotes or null, rounding */
    }
}

/* Reasons are mostly one constant text: rows with the same context as the row before share the piece. */
static inline void
context_make(struct envelope_json *e, struct daybreak_text context)
{
    if (e->context_made && e->last_context.size == context.size &&
        (context.size == 0 || memcmp(e->last_context.at, context.at, context.size) == 0))
        return;
    envelope_context_make(&e->context, context);
    e->last_context = context;
    e->context_made = true;
}

/* What stands behind the time of a change: a change without one of its own is only known to lie between two looks. */
static void
behind_make(struct envelope_json *e, struct envelope_piece *piece, const struct daybreak_story *story, const char *basis)
{
    envelope_piece_clear(piece);
    envelope_piece_instant(piece, ",\"visible_at\":", &e->day, story->visible_at);
    envelope_piece_instant(piece, ",\"read_at\":", &e->day, story->read_at);
    envelope_piece_instant(piece, ",\"ready_at\":", &e->day, story->ready_at);
    envelope_piece_instant(piece, ",\"loaded_at\":", &e->day, story->loaded_at);
    envelope_piece_add(piece, ",\"time_basis\":");
    envelope_piece_text(piece, basis);
    envelope_piece_room(piece, 0);
}

void
envelope_json_begin(struct envelope_json *e, const struct daybreak_batch *batch)
{
    const struct daybreak_story *story = batch->story;
    struct envelope_piece *piece = &e->before_position;
    char number[24];

    e->batch = batch;
    e->context_made = false; /* its text ended with the batch before */
    for (uint32_t i = 0; i < e->columns; i++)
        e->host->view(batch, i, DAYBREAK_AS_TEXT, &e->column[i].view);
    if (e->form == DAYBREAK_ENVELOPE_NONE)
        return;
    if (e->form == DAYBREAK_ENVELOPE_DEBEZIUM) {
        envelope_foreign_debezium(&e->outer, story);
        return;
    }
    if (e->form == DAYBREAK_ENVELOPE_CLOUDEVENTS)
        envelope_foreign_cloudevents(&e->outer, story);
    envelope_piece_clear(piece);
    envelope_piece_add(piece, ",\"pipeline\":");
    envelope_piece_text(piece, story->pipeline);
    envelope_piece_add(piece, ",\"pipeline_version\":");
    envelope_piece_text(piece, story->pipeline_version);
    envelope_piece_add(piece, ",\"run\":");
    envelope_piece_text(piece, story->run);
    envelope_piece_add(piece, ",\"batch\":");
    envelope_piece_bytes(piece, number, (size_t)(line_int(number, story->batch) - number));
    envelope_piece_add(piece, ",\"source\":{\"connector\":");
    envelope_piece_text(piece, story->connector);
    envelope_piece_add(piece, ",\"name\":");
    envelope_piece_text(piece, story->source);
    envelope_piece_add(piece, ",\"object\":");
    envelope_piece_text(piece, story->part != NULL && story->part[0] != '\0' ? story->part : story->table);
    envelope_piece_add(piece, ",\"position\":");
    envelope_piece_room(piece, 0);

    behind_make(e, &e->behind_changed_at, story, story->time_basis);
    behind_make(e, &e->behind_no_time, story,
                story->time_basis != NULL && strcmp(story->time_basis, "source_time") == 0 ? "bounded" : story->time_basis);

    piece = &e->trace;
    envelope_piece_clear(piece);
    envelope_piece_add(piece, ",\"trace\":");
    envelope_piece_text(piece, story->trace);
    envelope_piece_add(piece, e->form == DAYBREAK_ENVELOPE_CLOUDEVENTS ? "}}\n" : "}\n");
    envelope_piece_room(piece, 0);
}

/* ---- a row -------------------------------------------------------------------------------- */

static inline const struct daybreak_span *
cell_of(const struct daybreak_view *view, uint32_t row)
{
    return (const struct daybreak_span *)(const void *)(view->data + (size_t)row * view->stride);
}

static inline size_t
before_size(const struct daybreak_batch *batch, uint32_t i)
{
    return batch->before == NULL ? 0 : batch->before[i].size;
}

size_t
envelope_json_room(const struct envelope_json *e, uint32_t i)
{
    const struct daybreak_batch *batch = e->batch;
    uint32_t row = batch->pick[i];
    size_t cells = 0, keys = 0;

    for (uint32_t c = 0; c < e->columns; c++) {
        uint32_t size = cell_of(&e->column[c].view, row)->size;

        if (size == DAYBREAK_NULL)
            continue;
        cells += size;
        if (e->column[c].key)
            keys += size;
    }
    return e->constant + (cells + keys) * 6 + (size_t)batch->position[i].size * 6 + batch->context[i].size +
           before_size(batch, i) + e->before_position.size + e->behind_changed_at.size + e->trace.size + e->outer.size;
}

/* JSON has no infinities: what a real may say and JSON may not goes as text. */
static inline bool
is_number(const char *at, uint32_t size)
{
    return size > 0 && ((at[0] >= '0' && at[0] <= '9') || (at[0] == '-' && size > 1 && at[1] >= '0' && at[1] <= '9'));
}

static inline char *
value_write(char *to, enum daybreak_type type, const char *at, uint32_t size)
{
    if (size == DAYBREAK_NULL)
        return LINE_TEXT(to, "null");
    switch (type) {
    case DAYBREAK_TYPE_TEXT:
        return envelope_json_text(to, at, size);
    case DAYBREAK_TYPE_REAL:
        if (!is_number(at, size))
            return envelope_json_text(to, at, size);
        return line_bytes(to, at, size);
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_DECIMAL:
        return line_bytes(to, at, size);
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        *to++ = '"';
        to = line_bytes(to, at, size);
        *to++ = '"';
        return to;
    case DAYBREAK_TYPE_BYTES:
        break;
    }
    *to++ = '"';
    to = line_base64(to, at, size);
    *to++ = '"';
    return to;
}

static char *
row_write(const struct envelope_json *e, uint32_t row, bool keys_only, char *to)
{
    char between = '{';

    for (uint32_t c = 0; c < e->columns; c++) {
        const struct envelope_column *column = &e->column[c];
        const struct daybreak_span *cell = cell_of(&column->view, row);

        if (keys_only && !column->key)
            continue;
        *to++ = between;
        between = ',';
        to = line_padded(to, column->name.at, column->name.size);
        to = value_write(to, column->type, column->view.base + cell->at, cell->size);
    }
    if (between == '{')
        *to++ = '{';
    *to++ = '}';
    return to;
}

static char *
instant_write(struct envelope_json *e, int64_t us, char *to)
{
    char *end = line_instant(to + 1, &e->day, us);

    if (end == to + 1)
        return LINE_TEXT(to, "null");
    *to = *end = '"';
    return end + 1;
}

static char *
old_and_new(struct envelope_json *e, uint32_t i, char *to)
{
    const struct daybreak_batch *batch = e->batch;
    uint32_t row = batch->pick[i];

    to = LINE_TEXT(to, "\"before\":");
    if (before_size(batch, i) > 0)
        to = line_bytes(to, batch->before[i].at, batch->before[i].size);
    else if (e->form == DAYBREAK_ENVELOPE_DEBEZIUM && batch->op[i] == 'd' && e->keys > 0)
        to = row_write(e, row, true, to); /* as Debezium does where a database tells no more of it than the key */
    else
        to = LINE_TEXT(to, "null");
    to = LINE_TEXT(to, ",\"after\":");
    return batch->op[i] != 'd' ? row_write(e, row, false, to) : LINE_TEXT(to, "null");
}

static char *
debezium_write(struct envelope_json *e, uint32_t i, char *to)
{
    const struct daybreak_batch *batch = e->batch;
    int64_t at_us = batch->changed_at[i] == DAYBREAK_NO_TIME ? batch->story->visible_at : batch->changed_at[i];

    *to++ = '{';
    to = old_and_new(e, i, to);
    to = LINE_TEXT(to, ",\"op\":\"");
    *to++ = batch->op[i];
    *to++ = '"';
    to = line_padded(to, e->outer.at, e->outer.size);
    to = LINE_TEXT(to, ",\"snapshot\":");
    to = batch->op[i] == 'r' ? LINE_TEXT(to, "\"true\"") : LINE_TEXT(to, "\"false\"");
    to = LINE_TEXT(to, ",\"ts_ms\":");
    to = line_int(to, at_us / 1000);
    to = LINE_TEXT(to, ",\"pos\":");
    to = envelope_json_text(to, batch->position[i].at, batch->position[i].size);
    to = LINE_TEXT(to, ",\"event_id\":\"");
    to = line_hex(to, batch->event_id[i], 16);
    to = LINE_TEXT(to, "\"");
    context_make(e, batch->context[i]);
    to = line_padded(to, e->context.at, e->context.size);
    return LINE_TEXT(to, "}}\n");
}

static char *
cloudevents_head(struct envelope_json *e, uint32_t i, char *to)
{
    const struct daybreak_batch *batch = e->batch;
    int64_t at_us = batch->changed_at[i] == DAYBREAK_NO_TIME ? batch->story->visible_at : batch->changed_at[i];
    const char *type = envelope_foreign_type(batch->op[i]);
    char *end;

    to = line_padded(to, e->outer.at, e->outer.size);
    to = line_hex(to, batch->event_id[i], 16);
    to = LINE_TEXT(to, "\",\"type\":\"");
    to = line_bytes(to, type, strlen(type));
    *to++ = '"';
    end = line_instant(to + 9, &e->day, at_us); /* the attribute is left out where there is no such instant */
    if (end > to + 9) {
        memcpy(to, ",\"time\":\"", 9);
        to = end;
        *to++ = '"';
    }
    return LINE_TEXT(to, ",\"data\":");
}

char *
envelope_json_write(struct envelope_json *e, uint32_t i, char *to)
{
    const struct daybreak_batch *batch = e->batch;
    uint32_t row = batch->pick[i];
    const struct envelope_piece *behind;

    if (e->form == DAYBREAK_ENVELOPE_NONE) {
        to = row_write(e, row, false, to);
        *to++ = '\n';
        return to;
    }
    if (e->form == DAYBREAK_ENVELOPE_DEBEZIUM)
        return debezium_write(e, i, to);
    if (e->form == DAYBREAK_ENVELOPE_CLOUDEVENTS)
        to = cloudevents_head(e, i, to);
    to = LINE_TEXT(to, "{\"event_id\":\"");
    to = line_hex(to, batch->event_id[i], 16);
    to = LINE_TEXT(to, "\",\"op\":\"");
    *to++ = batch->op[i];
    *to++ = '"';
    to = line_padded(to, e->before_position.at, e->before_position.size);
    to = envelope_json_text(to, batch->position[i].at, batch->position[i].size);
    to = LINE_TEXT(to, "},\"key\":");
    to = e->keys > 0 ? row_write(e, row, true, to) : LINE_TEXT(to, "null");
    *to++ = ',';
    to = old_and_new(e, i, to);
    to = LINE_TEXT(to, ",\"changed_at\":");
    to = instant_write(e, batch->changed_at[i], to);
    behind = batch->changed_at[i] == DAYBREAK_NO_TIME ? &e->behind_no_time : &e->behind_changed_at;
    to = line_padded(to, behind->at, behind->size);
    context_make(e, batch->context[i]);
    to = line_padded(to, e->context.at, e->context.size);
    return line_padded(to, e->trace.at, e->trace.size);
}
