/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: values of one type as values of another. Owns which casts there are and how each fails. */
#include "cast.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "check.h"
#include "decimal.h"
#include "evaluation.h"
#include "record/zone.h"

__extension__ typedef unsigned __int128 uint128;

#define DAY_US INT64_C(86400000000)
#define FIRST_US (INT64_C(-719162) * DAY_US)             /* 0001-01-01 */
#define LAST_US (INT64_C(2932897) * DAY_US - INT64_C(1)) /* the last of 9999 */

static void
does_not_fit(struct evaluation *evaluation, const struct cells *in, uint32_t i, struct cells *out)
{
    char type[32];

    value_type_text(&out->type, type);
    if (!out->nulls[i]) /* a null lane may hold anything */
        evaluation_fail(evaluation, i, out, "overflow", "%s does not fit %s", evaluation_shown(evaluation, in, i), type);
}

static void
bad_text(struct evaluation *evaluation, const struct cells *in, uint32_t i, struct cells *out)
{
    char type[32];

    value_type_text(&out->type, type);
    evaluation_fail(evaluation, i, out, "bad_cast", "cannot cast %s to %s", evaluation_shown(evaluation, in, i), type);
}

/* ---- from text ---------------------------------------------------------------------------- */

/* With more digits behind the point than are kept. */
static bool
decimal_rounded(struct daybreak_text text, const struct value_type *type, value_int128 *value)
{
    if (memchr(text.at, '.', text.size) == NULL && memchr(text.at, 'e', text.size) == NULL &&
        memchr(text.at, 'E', text.size) == NULL)
        return false;
    for (unsigned scale = type->scale + 1u; scale <= DECIMAL_DIGITS; scale++)
        if (value_decimal(text.at, text.size, DECIMAL_DIGITS, (uint8_t)scale, value))
            return decimal_rescale(*value, scale, type->scale, type->precision, value);
    return false;
}

EVALUATION_COMPUTE(text_boolean)
{
    (void)term;
    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_boolean(text.at, text.size, &out->number[i]))
                        bad_text(evaluation, in, i, out););
}

EVALUATION_COMPUTE(text_integer)
{
    (void)term;
    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_integer(text.at, text.size, &out->number[i]))
                        bad_text(evaluation, in, i, out););
}

EVALUATION_COMPUTE(text_decimal)
{
    const struct value_type *type = &term->type;

    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_decimal(text.at, text.size, type->precision, type->scale, &out->decimal[i]) &&
                        !decimal_rounded(text, type, &out->decimal[i]))
                        bad_text(evaluation, in, i, out););
}

EVALUATION_COMPUTE(text_real)
{
    (void)term;
    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_real(text.at, text.size, &out->real[i]))
                        bad_text(evaluation, in, i, out););
}

EVALUATION_COMPUTE(text_date)
{
    (void)term;
    EVALUATION_EACH(i, int32_t days = 0; const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_date(text.at, text.size, NULL, &days))
                        bad_text(evaluation, in, i, out);
                    out->number[i] = days;);
}

EVALUATION_COMPUTE(text_timestamp)
{
    const struct value_type type = {.type = DAYBREAK_TYPE_TIMESTAMP,
                                    .zone = evaluation->zone == NULL ? NULL : zone_name(evaluation->zone)};

    (void)term;
    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !value_timestamp(text.at, text.size, &type, &out->number[i]))
                        bad_text(evaluation, in, i, out););
}

EVALUATION_COMPUTE(bytes_text)
{
    (void)term;
    EVALUATION_EACH(i, const struct daybreak_text text = in->text[i & in->mask];
                    if (!out->nulls[i] && !text_utf8(text.at, text.size))
                        bad_text(evaluation, in, i, out);
                    out->text[i] = text;);
}

/* ---- to text ------------------------------------------------------------------------------ */

static size_t
write_boolean(int64_t value, char *to)
{
    memcpy(to, value ? "true" : "false", 5);
    return value ? 4 : 5;
}

static size_t
write_date(int64_t days, char *to)
{
    return value_write_date((int32_t)days, to);
}

#define TO_TEXT(name, call)                                                        \
    EVALUATION_COMPUTE(name)                                                       \
    {                                                                              \
        const uint32_t mask = in->mask;                                            \
                                                                                   \
        (void)term;                                                                \
        EVALUATION_EACH(i, if (out->nulls[i]) continue;                            \
                        char *to = evaluation_room(evaluation, VALUE_ROOM);        \
                        const size_t size = call;                                  \
                        out->text[i] = (struct daybreak_text){to, (uint32_t)size}; \
                        evaluation->room = to + size;);                            \
    }
TO_TEXT(boolean_text, write_boolean(in->number[i & mask], to))
TO_TEXT(integer_text, text_number(in->number[i & mask], to))
TO_TEXT(decimal_text, value_write_decimal(in->decimal[i & mask], in->type.scale, to))
TO_TEXT(real_text, value_write_real(in->real[i & mask], to))
TO_TEXT(date_text, write_date(in->number[i & mask], to))
TO_TEXT(timestamp_text, value_write_timestamp(in->number[i & mask], to))

/* ---- between numbers ---------------------------------------------------------------------- */

EVALUATION_COMPUTE(integer_boolean)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, out->number[i] = in->number[i & in->mask] != 0;);
}

/* The same cells are of the other type too: boolean as integer, text as bytes. */
EVALUATION_COMPUTE(relabel)
{
    struct cells from = *in;

    (void)evaluation;
    (void)term;
    from.type = out->type;
    evaluation_copy(out, &from, lane, lanes);
}

EVALUATION_COMPUTE(integer_decimal)
{
    const unsigned whole = term->type.precision - term->type.scale;
    const value_int128 step = decimal_power[term->type.scale], limit = decimal_power[whole < 19 ? whole : 19];
    const uint32_t mask = in->mask;

    if (whole >= 19)
        EVALUATION_EACH(i, out->decimal[i] = in->number[i & mask] * step;);
    else
        EVALUATION_EACH(i, const int64_t value = in->number[i & mask];
                        /* wraps where it does not fit */
                        out->decimal[i] = (value_int128)((uint128)(value_int128)value * (uint128)step);
                        if (value >= limit || value <= -limit)
                            does_not_fit(evaluation, in, i, out););
}

EVALUATION_COMPUTE(integer_real)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, out->real[i] = (double)in->number[i & in->mask];);
}

EVALUATION_COMPUTE(decimal_decimal)
{
    const unsigned from = in->type.scale, to = term->type.scale, precision = term->type.precision;
    const value_int128 limit = decimal_power[precision];
    const uint32_t mask = in->mask;

    if (from == to)
        EVALUATION_EACH(i, const value_int128 value = in->decimal[i & mask]; out->decimal[i] = value;
                        if (value >= limit || value <= -limit)
                            does_not_fit(evaluation, in, i, out););
    else
        EVALUATION_EACH(i, if (!out->nulls[i] && !decimal_rescale(in->decimal[i & mask], from, to, precision, &out->decimal[i]))
                               does_not_fit(evaluation, in, i, out););
}

EVALUATION_COMPUTE(decimal_integer)
{
    const value_int128 step = decimal_power[in->type.scale];

    (void)term;
    EVALUATION_EACH(i, value_int128 value = in->decimal[i & in->mask];
                    if (out->nulls[i])
                        continue;
                    if (value == (int64_t)value && step == (int64_t)step)
                        value = (int64_t)value / (int64_t)step;
                    else
                        value /= step;
                    out->number[i] = (int64_t)value;
                    if (value != (int64_t)value)
                        does_not_fit(evaluation, in, i, out););
}

EVALUATION_COMPUTE(decimal_to_real)
{
    (void)evaluation;
    (void)term;
    EVALUATION_EACH(i, if (!out->nulls[i]) out->real[i] = decimal_real(in->decimal[i & in->mask], in->type.scale););
}

EVALUATION_COMPUTE(real_integer)
{
    (void)term;
    EVALUATION_EACH(i, const double value = in->real[i & in->mask];
                    if (value >= -9223372036854775808.0 && value < 9223372036854775808.0)
                        out->number[i] = (int64_t)value;
                    else
                        does_not_fit(evaluation, in, i, out););
}

EVALUATION_COMPUTE(real_decimal)
{
    EVALUATION_EACH(i, if (!out->nulls[i] &&
                           !decimal_of_real(in->real[i & in->mask], term->type.scale, term->type.precision, &out->decimal[i]))
                           does_not_fit(evaluation, in, i, out););
}

/* ---- between dates and timestamps --------------------------------------------------------- */

static int64_t
floored(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

EVALUATION_COMPUTE(date_timestamp)
{
    const struct zone *zone = evaluation->zone;

    (void)term;
    EVALUATION_EACH(i, if (out->nulls[i]) continue;
                    const int64_t second = in->number[i & in->mask] * 86400;
                    out->number[i] = (zone == NULL ? second : zone_utc(zone, second)) * 1000000;
                    if (out->number[i] < FIRST_US || out->number[i] > LAST_US)
                        does_not_fit(evaluation, in, i, out););
}

EVALUATION_COMPUTE(timestamp_date)
{
    const struct zone *zone = evaluation->zone;

    (void)term;
    EVALUATION_EACH(i, if (out->nulls[i]) continue;
                    const int64_t second = floored(in->number[i & in->mask], 1000000);
                    out->number[i] = floored(zone == NULL ? second : zone_local(zone, second), 86400);
                    if (out->number[i] < FIRST_US / DAY_US || out->number[i] > LAST_US / DAY_US)
                        does_not_fit(evaluation, in, i, out););
}

/* ---- types -------------------------------------------------------------------------------- */

#define T DAYBREAK_TYPE_TEXT
#define B DAYBREAK_TYPE_BOOLEAN
#define I DAYBREAK_TYPE_INTEGER
#define M DAYBREAK_TYPE_DECIMAL
#define R DAYBREAK_TYPE_REAL
#define Y DAYBREAK_TYPE_BYTES
#define S DAYBREAK_TYPE_TIMESTAMP
#define D DAYBREAK_TYPE_DATE

static term_compute *const casts[8][8] = {
    [T] = {[B] = text_boolean, [I] = text_integer, [M] = text_decimal, [R] = text_real, [Y] = relabel, [S] = text_timestamp,
           [D] = text_date},
    [B] = {[T] = boolean_text, [I] = relabel},
    [I] = {[T] = integer_text, [B] = integer_boolean, [M] = integer_decimal, [R] = integer_real},
    [M] = {[T] = decimal_text, [I] = decimal_integer, [M] = decimal_decimal, [R] = decimal_to_real},
    [R] = {[T] = real_text, [I] = real_integer, [M] = real_decimal},
    [Y] = {[T] = bytes_text},
    [S] = {[T] = timestamp_text, [D] = timestamp_date},
    [D] = {[T] = date_text, [S] = date_timestamp}};

static bool
no_cast(struct checker *checker, const struct term *term)
{
    const enum daybreak_type from = term->part[0]->type.type, to = term->type.type;
    const char *shown = check_shown(checker, term->part[0]);

    check_error(checker, term, "there is no cast from %s to %s", check_named(checker, &term->part[0]->type),
                check_named(checker, &term->type));
    if (to == B && check_is_number(from))
        check_remedy(checker, "%s <> 0", shown);
    else if (from == B && check_is_number(to))
        check_remedy(checker, "CASE WHEN %s THEN 1 ELSE 0 END", shown);
    else if (from == S && check_is_number(to))
        check_remedy(checker, "epoch(%s)", shown);
    else if (to == S && check_is_number(from))
        check_remedy(checker, "from_epoch(%s)", shown);
    else if (from == D && check_is_number(to))
        check_remedy(checker, "%s - DATE '1970-01-01'", shown);
    else if (to == D && check_is_number(from))
        check_remedy(checker, "DATE '1970-01-01' + %s", shown);
    return false;
}

bool
cast_check(struct checker *checker, struct term *term)
{
    const struct value_type *from = &term->part[0]->type, *to = &term->type;

    if (term->part[0]->nothing)
        return check_convert(checker, &term->part[0], *to);
    if (from->type == to->type &&
        (to->type != M || (from->scale == to->scale && from->precision == to->precision)))
        return true;
    term->compute = casts[from->type][to->type];
    return term->compute != NULL || no_cast(checker, term);
}
