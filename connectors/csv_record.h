/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSV_RECORD_H
#define CSV_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define CSV_DELIMITER_MAX 16

/* How the file writes its cells. */
struct csv_dialect {
    char delimiter[CSV_DELIMITER_MAX + 1];
    uint32_t delimiter_size;
    int quote, escape;    /* a byte, or -1 */
    bool trim;            /* blanks around a field, and around its quotes, are no part of it */
    bool stop_plain[256]; /* bytes that mean something outside of quotes, and inside */
    bool stop_quoted[256];
};

/** csv_dialect_ready(dialect): fill the tables from the rest. */
void csv_dialect_ready(struct csv_dialect *dialect);

static inline bool
csv_record_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct csv_field {
    uint32_t at, size;  /* as it stands in the file, quotes included, blanks that are trimmed not */
    bool quoted, dirty; /* begins with a quote; its text differs from what stands between the quotes */
    bool nul;
};

/* What the byte looked at belongs to. The values stand in marks. */
enum csv_place { CSV_BEGIN = 'b', CSV_PLAIN = 'p', CSV_QUOTED = 'q' };

enum csv_found {
    CSV_WHOLE,
    CSV_PARTIAL,  /* its end is not in the block */
    CSV_UNCLOSED, /* the part ends inside of quotes */
};

struct csv_record {
    uint32_t start, end, next; /* end: before the line end; next: behind it. PARTIAL: next is how far it was read surely */
    uint32_t lines;            /* line ends from start to next */
    uint32_t fields;           /* all there are; the first `keep` of them are in `field` */
    uint32_t keep, room;
    struct csv_field *field;
    uint32_t quote_line;       /* lines from start to the quote opened last */
    enum csv_place place;      /* PARTIAL: what byte `next` belongs to */
};

/**
 * csv_record_read(dialect, block, at, size, last, place, record): one record, byte by byte, as lenient as Python's csv: a quote inside
 * a cell that did not begin with one is data; text behind a closing quote is added to the cell as it stands. ${place} is CSV_BEGIN, or
 * where an earlier call stopped. ${last}: nothing follows the block.
 */
enum csv_found csv_record_read(const struct csv_dialect *dialect, const char *block, uint32_t at, uint32_t size, bool last,
                               enum csv_place place, struct csv_record *record);

/** csv_field_decode(dialect, block, field, to): the text of a dirty field into ${to} (room field->size); returns its length. */
uint32_t csv_field_decode(const struct csv_dialect *dialect, const char *block, const struct csv_field *field, char *to);

#pragma GCC visibility pop

#endif
