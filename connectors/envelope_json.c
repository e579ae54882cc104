/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON envelope. Number text is copied as it stands, so that 19.90 stays 19.90. Bytes are base64. What is not known is null;
 * every line has every member of the envelope, in one order.
 */
#include "envelope_json.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces ------------------------------------------------------------------------------- */

static char *
piece_room(struct envelope_piece *piece, size_t more)
{
    size_t need = piece->size + more + LINE_SLACK;

    if (need > piece->room) {
        piece->room = need * 2;
        piece->at = realloc(piece->at, piece->room);
        if (piece->at == NULL)
            abort(); /* any crash is safe, and a branch nobody tests is not */
    }
    return piece->at + piece->size;
}

static void
piece_add(struct envelope_piece *piece, const char *text)
{
    size_t size = strlen(text);

    memcpy(piece_room(piece, size), text, size);
    piece->size += size;
}

static void
piece_bytes(struct envelope_piece *piece, const char *at, size_t size)
{
    memcpy(piece_room(piece, size), at, size);
    piece->size += size;
}

/* A text as JSON string; NULL is null. */
static void
piece_text(struct envelope_piece *piece, const char *text)
{
    char *to, *end;

    if (text == NULL) {
        piece_add(piece, "null");
        return;
    }
    to = piece_room(piece, strlen(text) * 6 + 2);
    end = envelope_json_text(to, text, strlen(text));
    piece->size += (size_t)(end - to);
}

static void
piece_instant(struct envelope_piece *piece, const char *name, struct line_day *day, int64_t us)
{
    char text[LINE_INSTANT + 2 + LINE_SLACK];
    char *end = line_instant(text + 1, day, us);

    piece_add(piece, name);
    if (end == text + 1) {
        piece_add(piece, "null");
        return;
    }
    text[0] = *end = '"';
    piece_bytes(piece, text, (size_t)(end + 1 - text));
}

static void
piece_clear(struct envelope_piece *piece)
{
    piece->size = 0;
    piece_room(piece, 0);
}

static void
piece_fini(struct envelope_piece *piece)
{
    free(piece->at);
    *piece = (struct envelope_piece){0};
}

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

/* ---- the context, ready-made by the engine ------------------------------------------------- */

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

/* Reasons are mostly one constant text: rows with the same context as the row before share the piece. */
static void
context_make(struct envelope_json *e, struct daybreak_text context)
{
    static const struct daybreak_text name[] = {{",\"reason\":", 10}, {",\"actor\":", 9}, {",\"related\":", 11}};
    struct daybreak_text value[3];
    struct envelope_piece *piece = &e->context;

    if (e->context_made && e->last_context.size == context.size &&
        (context.size == 0 || memcmp(e->last_context.at, context.at, context.size) == 0))
        return;
    piece->size = 0;
    piece_room(piece, context.size + 64);
    if (context.size <= 2 || !context_split(context, value)) {
        value[0] = member_of(context, "reason");
        value[1] = member_of(context, "actor");
        value[2] = member_of(context, "related");
    }
    for (size_t i = 0; i < 3; i++) {
        char *to = piece_room(piece, 16 + value[i].size);
        char *begin = to;

        to = line_bytes(to, name[i].at, name[i].size);
        to = line_bytes(to, value[i].at, value[i].size);
        piece->size += (size_t)(to - begin);
    }
    e->last_context = context;
    e->context_made = true;
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
        piece_fini(&e->column[i].name);
    free(e->column);
    e->column = NULL;
    e->columns = 0;
}

void
envelope_json_fini(struct envelope_json *e)
{
    columns_fini(e);
    piece_fini(&e->before_position);
    piece_fini(&e->behind_changed_at);
    piece_fini(&e->behind_no_time);
    piece_fini(&e->context);
    piece_fini(&e->trace);
    piece_fini(&e->outer);
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
        piece_text(&to->name, column[i].name);
        piece_add(&to->name, ":");
        piece_room(&to->name, 0);
        e->keys += to->key;
        e->constant += (to->key ? 2 : 1) * (to->name.size + 8); /* comma, quotes or null, rounding */
    }
}

/* What stands behind the time of a change: a change without one of its own is only known to lie between two looks. */
static void
behind_make(struct envelope_json *e, struct envelope_piece *piece, const struct daybreak_story *story, const char *basis)
{
    piece_clear(piece);
    piece_instant(piece, ",\"visible_at\":", &e->day, story->visible_at);
    piece_instant(piece, ",\"read_at\":", &e->day, story->read_at);
    piece_instant(piece, ",\"ready_at\":", &e->day, story->ready_at);
    piece_instant(piece, ",\"loaded_at\":", &e->day, story->loaded_at);
    piece_add(piece, ",\"time_basis\":");
    piece_text(piece, basis);
    piece_room(piece, 0);
}

/*
 * Debezium's change event without its schema: before, after, op, ts_ms, source. What of our envelope has no place there
 * stands in source, where Debezium lets a connector put its own.
 */
static void
debezium_begin(struct envelope_json *e, const struct daybreak_story *story)
{
    struct envelope_piece *piece = &e->outer;
    char number[24];

    piece_clear(piece);
    piece_add(piece, ",\"ts_ms\":");
    piece_bytes(piece, number, (size_t)(line_int(number, story->loaded_at / 1000) - number));
    piece_add(piece, ",\"source\":{\"version\":");
    piece_text(piece, story->pipeline_version);
    piece_add(piece, ",\"connector\":\"daybreak\",\"name\":");
    piece_text(piece, story->pipeline);
    piece_add(piece, ",\"db\":\"\",\"table\":");
    piece_text(piece, story->table);
    piece_add(piece, ",\"file\":");
    piece_text(piece, story->source);
    piece_add(piece, ",\"object\":");
    piece_text(piece, story->part == NULL ? "" : story->part);
    piece_room(piece, 0);
}

/* RFC 3986: everything but unreserved characters by its bytes. */
static void
piece_uri(struct envelope_piece *piece, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++) {
        char code[3] = {'%'};

        if (strchr(plain, *text) != NULL) {
            piece_bytes(piece, text, 1);
        } else {
            line_hex(code + 1, &(uint8_t){(uint8_t)*text}, 1);
            piece_bytes(piece, code, sizeof code);
        }
    }
}

/* CloudEvents 1.0 in JSON, structured: its attributes around our envelope, which is the data. */
static void
cloudevents_begin(struct envelope_json *e, const struct daybreak_story *story)
{
    struct envelope_piece *piece = &e->outer;

    piece_clear(piece);
    piece_add(piece, "{\"specversion\":\"1.0\",\"datacontenttype\":\"application/json\",\"source\":\"/daybreak/");
    piece_uri(piece, story->pipeline);
    if (story->trace != NULL) {
        piece_add(piece, "\",\"traceparent\":\"");
        piece_add(piece, story->trace);
    }
    piece_add(piece, "\",\"id\":\"");
    piece_room(piece, 0);
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
        debezium_begin(e, story);
        return;
    }
    if (e->form == DAYBREAK_ENVELOPE_CLOUDEVENTS)
        cloudevents_begin(e, story);
    piece_clear(piece);
    piece_add(piece, ",\"pipeline\":");
    piece_text(piece, story->pipeline);
    piece_add(piece, ",\"pipeline_version\":");
    piece_text(piece, story->pipeline_version);
    piece_add(piece, ",\"run\":");
    piece_text(piece, story->run);
    piece_add(piece, ",\"batch\":");
    piece_bytes(piece, number, (size_t)(line_int(number, story->batch) - number));
    piece_add(piece, ",\"source\":{\"connector\":");
    piece_text(piece, story->connector);
    piece_add(piece, ",\"name\":");
    piece_text(piece, story->source);
    piece_add(piece, ",\"object\":");
    piece_text(piece, story->part != NULL && story->part[0] != '\0' ? story->part : story->table);
    piece_add(piece, ",\"position\":");
    piece_room(piece, 0);

    behind_make(e, &e->behind_changed_at, story, story->time_basis);
    behind_make(e, &e->behind_no_time, story,
                story->time_basis != NULL && strcmp(story->time_basis, "source_time") == 0 ? "bounded" : story->time_basis);

    piece = &e->trace;
    piece_clear(piece);
    piece_add(piece, ",\"trace\":");
    piece_text(piece, story->trace);
    piece_add(piece, e->form == DAYBREAK_ENVELOPE_CLOUDEVENTS ? "}}\n" : "}\n");
    piece_room(piece, 0);
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
    char *end;

    to = line_padded(to, e->outer.at, e->outer.size);
    to = line_hex(to, batch->event_id[i], 16);
    to = LINE_TEXT(to, "\",\"type\":\"daybreak.");
    switch (batch->op[i]) {
    case 'c':
        to = LINE_TEXT(to, "created\"");
        break;
    case 'u':
        to = LINE_TEXT(to, "updated\"");
        break;
    case 'd':
        to = LINE_TEXT(to, "deleted\"");
        break;
    default:
        to = LINE_TEXT(to, "loaded\"");
    }
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
