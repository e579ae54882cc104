/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The careful reader: every dialect, every oddity, one byte after the other. The scanner is the fast one; where both can read a
 * record they agree, and where it cannot, it asks here.
 */
#include "csv_record.h"

#include <string.h>

#include "line_mark.h"

void
csv_dialect_ready(struct csv_dialect *dialect)
{
    static const unsigned char always[] = {'\n', '\r', '\0'};

    memset(dialect->stop_plain, 0, sizeof dialect->stop_plain);
    memset(dialect->stop_quoted, 0, sizeof dialect->stop_quoted);
    for (size_t i = 0; i < sizeof always; i++)
        dialect->stop_plain[always[i]] = dialect->stop_quoted[always[i]] = true;
    dialect->stop_plain[(unsigned char)dialect->delimiter[0]] = true;
    if (dialect->quote >= 0)
        dialect->stop_quoted[dialect->quote] = true;
    if (dialect->escape >= 0)
        dialect->stop_plain[dialect->escape] = dialect->stop_quoted[dialect->escape] = true;
}

/* What one call looks at and how far it is. */
struct reader {
    const struct csv_dialect *dialect;
    const char *block;
    uint32_t at, size;
    bool last;
    uint32_t firm; /* what lies before is not trimmed: an escaped blank, a closing quote */
    struct csv_field field;
    struct csv_record *record;
};

enum step { STEP_ON, STEP_FIELD, STEP_RECORD, STEP_PARTIAL, STEP_UNCLOSED };

/* 1: a delimiter stands here, 0: none, -1: the block ends within what may be one. */
static int
delimiter_at(const struct reader *reader)
{
    const struct csv_dialect *dialect = reader->dialect;
    uint32_t left = reader->size - reader->at;

    if (reader->block[reader->at] != dialect->delimiter[0])
        return 0;
    if (dialect->delimiter_size == 1)
        return 1;
    if (left < dialect->delimiter_size)
        return !reader->last && memcmp(reader->block + reader->at, dialect->delimiter, left) == 0 ? -1 : 0;
    return memcmp(reader->block + reader->at, dialect->delimiter, dialect->delimiter_size) == 0;
}

/* Pass over the escape and what it makes a plain character: CRLF counts as one. */
static enum step
escape_pass(struct reader *reader)
{
    uint32_t left = reader->size - reader->at;
    const char *next = reader->block + reader->at + 1;

    if (left == 1) {
        if (!reader->last)
            return STEP_PARTIAL;
        reader->at++; /* it escapes nothing: data */
        return STEP_ON;
    }
    if (*next == '\r' && left == 2 && !reader->last)
        return STEP_PARTIAL;
    if (*next == '\0')
        reader->field.nul = true;
    reader->field.dirty = true;
    reader->record->lines += *next == '\n' || *next == '\r';
    reader->at += *next == '\r' && left > 2 && next[1] == '\n' ? 3 : 2;
    reader->firm = reader->at;
    return STEP_ON;
}

/* At a byte inside of quotes that means something. */
static enum step
quoted_step(struct reader *reader, enum csv_place *place)
{
    const struct csv_dialect *dialect = reader->dialect;
    int c = (unsigned char)reader->block[reader->at];
    bool more = reader->at + 1 < reader->size;

    if (c == dialect->escape)
        return escape_pass(reader);
    if (c == dialect->quote) {
        if (!more && !reader->last)
            return STEP_PARTIAL;
        if (more && (unsigned char)reader->block[reader->at + 1] == c) {
            reader->field.dirty = true;
            reader->at += 2;
            return STEP_ON;
        }
        reader->at++;
        *place = CSV_PLAIN;
        return STEP_ON;
    }
    if (c == '\r') {
        if (!more && !reader->last)
            return STEP_PARTIAL;
        reader->record->lines += !(more && reader->block[reader->at + 1] == '\n');
    } else if (c == '\n') {
        reader->record->lines++;
    } else {
        reader->field.nul = true;
    }
    reader->at++;
    return STEP_ON;
}

/* At a byte outside of quotes that means something. */
static enum step
plain_step(struct reader *reader)
{
    int c = (unsigned char)reader->block[reader->at], here;
    bool more = reader->at + 1 < reader->size;

    if (c == '\n')
        return STEP_RECORD;
    if (c == '\r')
        return more || reader->last ? STEP_RECORD : STEP_PARTIAL;
    if (c == reader->dialect->escape)
        return escape_pass(reader);
    here = delimiter_at(reader);
    if (here != 0)
        return here > 0 ? STEP_FIELD : STEP_PARTIAL;
    if (c == '\0')
        reader->field.nul = true;
    reader->at++;
    return STEP_ON;
}

/* Over the blanks in front of a field. PARTIAL: where they end is not in the block. */
static enum step
blanks_pass(struct reader *reader)
{
    while (reader->at < reader->size && csv_record_blank(reader->block[reader->at])) {
        int here = delimiter_at(reader);

        if (here != 0)
            return here > 0 ? STEP_ON : STEP_PARTIAL;
        reader->at++;
    }
    return reader->at < reader->size || reader->last ? STEP_ON : STEP_PARTIAL;
}

/* Where the field's text ends, which is read up to reader->at. */
static inline uint32_t
field_end(const struct reader *reader)
{
    uint32_t end = reader->at;

    if (!reader->dialect->trim)
        return end;
    while (end > reader->field.at && end > reader->firm && csv_record_blank(reader->block[end - 1]))
        end--;
    return end;
}

static void
field_keep(struct reader *reader)
{
    struct csv_record *record = reader->record;

    reader->field.size = field_end(reader) - reader->field.at;
    if (record->fields < record->keep) {
        if (record->fields == record->room) {
            record->room = record->room == 0 ? 64 : record->room * 2;
            record->field = line_grow(record->field, record->room * sizeof *record->field);
        }
        record->field[record->fields] = reader->field;
    }
    record->fields++;
}

/* One field from reader->at to its end, which is then reader->at. */
static enum step
field_read(struct reader *reader, enum csv_place *place)
{
    const struct csv_dialect *dialect = reader->dialect;
    enum step step = STEP_ON;
    uint32_t closed = UINT32_MAX;

    if (dialect->trim && *place == CSV_BEGIN && blanks_pass(reader) != STEP_ON)
        return STEP_PARTIAL;
    reader->field = (struct csv_field){.at = reader->at};
    reader->firm = reader->at;
    if (*place == CSV_BEGIN) {
        if (reader->at == reader->size)
            return reader->last ? STEP_RECORD : STEP_PARTIAL;
        *place = CSV_PLAIN;
        if (dialect->quote >= 0 && (unsigned char)reader->block[reader->at] == dialect->quote) {
            reader->field.quoted = true;
            reader->record->quote_line = reader->record->lines;
            *place = CSV_QUOTED;
            reader->at++;
        }
    }
    while (step == STEP_ON) {
        const bool *stop = *place == CSV_QUOTED ? dialect->stop_quoted : dialect->stop_plain;
        bool inside = *place == CSV_QUOTED;

        while (reader->at < reader->size && !stop[(unsigned char)reader->block[reader->at]])
            reader->at++;
        if (reader->at == reader->size) {
            if (!reader->last)
                return STEP_PARTIAL;
            if (inside)
                return STEP_UNCLOSED;
            step = STEP_RECORD;
        } else {
            step = inside ? quoted_step(reader, place) : plain_step(reader);
        }
        if (inside && *place == CSV_PLAIN)
            closed = reader->firm = reader->at;
    }
    if (closed != UINT32_MAX && closed != field_end(reader))
        reader->field.dirty = true; /* text behind the closing quote */
    return step;
}

enum csv_found
csv_record_read(const struct csv_dialect *dialect, const char *block, uint32_t at, uint32_t size, bool last,
                enum csv_place place, struct csv_record *record)
{
    struct reader reader = {.dialect = dialect, .block = block, .at = at, .size = size, .last = last, .record = record};
    enum step step;

    record->start = at;
    record->lines = record->fields = record->quote_line = 0;
    while ((step = field_read(&reader, &place)) == STEP_FIELD) {
        field_keep(&reader);
        reader.at += dialect->delimiter_size;
        place = CSV_BEGIN;
    }
    record->next = reader.at;
    record->place = place;
    if (step == STEP_PARTIAL)
        return CSV_PARTIAL;
    if (step == STEP_UNCLOSED)
        return CSV_UNCLOSED;
    field_keep(&reader);
    record->end = reader.at;
    if (reader.at < size) {
        record->next++;
        if (block[reader.at] == '\r' && record->next < size && block[record->next] == '\n')
            record->next++;
        record->lines++;
    }
    return CSV_WHOLE;
}

uint32_t
csv_field_decode(const struct csv_dialect *dialect, const char *block, const struct csv_field *field, char *to)
{
    uint32_t at = field->at + (field->quoted ? 1 : 0), end = field->at + field->size, size = 0;
    bool inside = field->quoted;

    while (at < end) {
        int c = (unsigned char)block[at];

        if (c == dialect->escape && at + 1 < end) {
            at++;
            if (block[at] == '\r' && at + 1 < end && block[at + 1] == '\n')
                to[size++] = block[at++];
        } else if (inside && c == dialect->quote) {
            at++;
            if (at == end)
                break;
            if ((unsigned char)block[at] != c) {
                inside = false;
                continue;
            }
        }
        to[size++] = block[at++];
    }
    return size;
}
