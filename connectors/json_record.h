/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_RECORD_H
#define JSON_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <daybreak/connector.h>

#include "jsonl_value.h"

#define JSON_COLUMNS_MAX 4096
#define JSON_NO_COLUMN UINT32_MAX

/*
 * JSON objects as rows. Columns are those that were named first, then members in the order in which they first appear in the part; a
 * record that brings a new one begins a feed of its own, and only a good record can bring one.
 *
 * Strings are their text, numbers and true|false as written, null and missing are null, arrays compact JSON with order and number text
 * kept. An object inside of one is compact JSON too or, with `dotted`, its members are columns of their own (`address.city`), unless
 * a column of the object's own name was asked for. A member that comes twice makes the row bad. Speed comes from the order of the
 * members: each column remembers which one followed it last.
 */
struct json_record {
    const struct daybreak_host *host;
    bool dotted;
    struct json_column *column;
    const char **names;     /* lent by whoever asks for the columns */
    uint32_t columns, columns_room;
    uint32_t named;         /* columns that were asked for, the first ones */
    uint32_t first;         /* the column that began a record last */
    uint32_t *slot;         /* open addressing over the names: column + 1 */
    uint32_t slots;
    struct json_arrival *arrival;
    uint32_t arrivals, arrivals_room;
    bool flooded;           /* more columns than may be */
    uint64_t record;        /* numbers them, to see members that come twice */
    char *path;             /* of the member inside of objects that is being read */
    uint32_t path_size, path_room;
    uint32_t depth;
};

/* What is wrong with a record that is JSON. */
struct json_blemish {
    const char *reason;     /* NULL: nothing */
    uint32_t column;
    char detail[160];
};

enum json_found {
    JSON_ROW,
    JSON_WRONG, /* no JSON, or no object: text.wrong at text.at */
    JSON_NEW,   /* brings new columns, while there are rows without them */
};

/** json_record_begin(record, names): a part begins; ${names} are the columns that are there even when no record has them. */
void json_record_begin(struct json_record *record, const struct daybreak_list *names);
void json_record_fini(struct json_record *record);
/** json_record_room(record, rows, room): room for one more row; ${room} is how many there is room for, zero before the first. */
void json_record_room(const struct json_record *record, struct daybreak_rows *rows, uint32_t *room);
/**
 * json_record_read(record, rows, text, behind, blemish): the object at text->at becomes row rows->rows (which the caller counts), start and
 * end filled; when JSON_WRONG with what cells could be read. ${behind} is the byte that must follow it after blanks; 0: whatever.
 */
enum json_found json_record_read(struct json_record *record, struct daybreak_rows *rows, struct jsonl_text *text, char behind,
                                 struct json_blemish *blemish);

#endif
