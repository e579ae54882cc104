/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_VALUE_H
#define RECORD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "base/text.h"

/* How a file writes its numbers: 19,90 instead of 19.90, and what may stand between groups of three digits. */
struct value_style {
    bool comma;
    char thousands;       /* . , ' or a blank, which stands for the no-break ones too; 0: nothing may */
};

/* A declared type: what `fields` writes as text, integer, decimal(12,2), timestamp, … */
struct value_type {
    enum daybreak_type type;
    uint8_t precision, scale;
    const char *pattern;  /* date and timestamp: strptime-like layout "%d.%m.%Y %H:%M"; NULL: ISO 8601 / RFC 3339 */
    const char *zone;     /* tzdata name for timestamps without offset; NULL: UTC */
    struct value_style style; /* of integers, decimals and reals, as the input has them */
};

__extension__ typedef __int128 value_int128; /* decimals: unscaled value */

/** value_type_parse(text, type): "decimal(12,2)", "integer", …; false when it is none. bigint, int, boolean|bool, text|string,
 * decimal|numeric, real|double|float, bytes|blob, timestamp, date are understood; a decimal needs its (p,s). */
bool value_type_parse(const char *text, struct value_type *type);
void value_type_text(const struct value_type *type, char text[32]);
extern const char *const value_type_names[]; /* NULL-ended, for did-you-mean */

/*
 * Parsers: false when the text is not wholly of that type or out of range. Blanks around are refused (the caller's policy
 * trims). None allocates. Integers: optional sign, digits. Decimals: optional sign, digits, optional fraction; more fraction
 * digits than the scale are refused unless they are zeros; exponent forms (JSON 1e3) are taken when exact. Booleans: true
 * false t f yes no y n 1 0, any case. Timestamps: RFC 3339 and ISO 8601 with ' ' or 'T', seconds optional, fraction to 9 digits
 * (beyond µs it is cut), offset Z, ±HH, ±HHMM, ±HH:MM or none (then UTC or type->zone); dates alone mean
 * midnight. Leap second 60 is taken as the next second. Years 0001 to 9999.
 */
bool value_boolean(const char *at, size_t size, int64_t *value);
bool value_integer(const char *at, size_t size, int64_t *value);
bool value_decimal(const char *at, size_t size, uint8_t precision, uint8_t scale, value_int128 *unscaled);
bool value_real(const char *at, size_t size, double *value);
bool value_date(const char *at, size_t size, const struct value_type *type, int32_t *days);
bool value_timestamp(const char *at, size_t size, const struct value_type *type, int64_t *us);

/** value_pattern_valid(pattern): whether ${pattern} names a whole date and only conversions that are known: %Y %y %m %b
 * %B %d %j %H %I %p %M %S %f (a fraction) %z (Z, +HH, +HHMM, +HH:MM) %%. Day, month and hour may have one digit; English
 * names in any case. */
bool value_pattern_valid(const char *pattern);

/* Writers: into ${to} (room VALUE_ROOM), no NUL, returning the length. The canonical texts of DESIGN 8. */
#define VALUE_ROOM 64
size_t value_write_decimal(value_int128 unscaled, uint8_t scale, char *to);
size_t value_write_real(double value, char *to); /* shortest text that reads back the same */
size_t value_write_date(int32_t days, char *to);
size_t value_write_timestamp(int64_t us, char *to);

/** value_days(y, m, d): days since 1970-01-01, proleptic Gregorian (Hinnant's algorithm). value_civil is its inverse. */
int32_t value_days(int year, int month, int day);
void value_civil(int32_t days, int *year, int *month, int *day);
/** value_plain(style, at, size, to, length): a number of that style as digits with a point, in ${to} (room VALUE_ROOM). False when it has a mark that
 * is none of the style, is grouped otherwise than in threes behind one to three digits that do not begin with 0, or is
 * too long for a number. */
bool value_plain(struct value_style style, const char *at, size_t size, char *to, size_t *length);
/** value_canonical(type, at, size, to): the canonical text of a raw cell (numbers without leading zeros or plus, decimals with
 * exactly their scale, instants in UTC, booleans true|false) into ${to} (room VALUE_ROOM); 0 and false when it does not
 * parse. Text and bytes are their own canonical form and are not given here. */
bool value_canonical(const struct value_type *type, const char *at, size_t size, char *to, size_t *length);

#endif
