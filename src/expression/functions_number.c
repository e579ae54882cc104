/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of numbers. Integers stay integers and decimals exact decimals; what has no exact answer (roots, logarithms,
 * powers) is a real. Halves round away from zero, and a real is rounded as the digits that people see of it, so that
 * round(2.675, 2) is 2.68.
 */
#include "functions.h"

#include <math.h>

#include "base/arena.h"
#include "decimal.h"

static bool
is_number(const struct value_type *type)
{
    return type->type == DAYBREAK_TYPE_INTEGER || type->type == DAYBREAK_TYPE_DECIMAL || type->type == DAYBREAK_TYPE_REAL;
}

/* The result is what the first argument is; a bare null counts as an integer. */
bool
functions_number_check_same(struct function_check *check)
{
    check->gives = is_number(&check->type[0]) ? check->type[0] : (struct value_type){.type = DAYBREAK_TYPE_INTEGER};
    return true;
}

static void
too_large(struct function_call *call, uint32_t lane)
{
    function_fail(call, lane, "overflow", "the result has too many digits");
}

static void
give_real(struct function_call *call, uint32_t lane, double value)
{
    if (isfinite(value))
        call->out->real[lane] = value;
    else
        function_fail(call, lane, "overflow", "the result is too large for a real");
}

/* ---- sign and size ------------------------------------------------------------------------ */

void
functions_number_abs(struct function_call *call)
{
    const struct cells *in = &call->in[0];

    EACH_LANE(call, i) {
        if (in->type.type == DAYBREAK_TYPE_REAL) {
            call->out->real[i] = fabs(in->real[i & in->mask]);
        } else if (in->type.type == DAYBREAK_TYPE_DECIMAL) {
            value_int128 value = in->decimal[i & in->mask];

            call->out->decimal[i] = value < 0 ? -value : value;
        } else {
            int64_t value = in->number[i & in->mask];

            if (value == INT64_MIN)
                function_fail(call, i, "overflow", "abs(-9223372036854775808) is beyond 64 bits");
            else
                call->out->number[i] = value < 0 ? -value : value;
        }
    }
}

void
functions_number_sign(struct function_call *call)
{
    const struct cells *in = &call->in[0];

    EACH_LANE(call, i) {
        if (in->type.type == DAYBREAK_TYPE_REAL)
            call->out->number[i] = (in->real[i & in->mask] > 0) - (in->real[i & in->mask] < 0);
        else if (in->type.type == DAYBREAK_TYPE_DECIMAL)
            call->out->number[i] = (in->decimal[i & in->mask] > 0) - (in->decimal[i & in->mask] < 0);
        else
            call->out->number[i] = (in->number[i & in->mask] > 0) - (in->number[i & in->mask] < 0);
    }
}

/* ---- rounding ----------------------------------------------------------------------------- */

enum way { ROUND, TRUNCATE, FLOOR, CEILING };

/* ${value} to a multiple of 10^drop, divided by it; drop at most 38. */
static value_int128
without_digits(value_int128 value, unsigned drop, enum way way)
{
    value_int128 power = decimal_power[drop], whole = value / power, rest = value % power;

    switch (way) {
    case ROUND:
        if (rest < 0 ? rest <= -power / 2 : rest >= power / 2) /* every power from 10 on is even */
            whole += rest == 0 ? 0 : rest < 0 ? -1 : 1;
        break;
    case FLOOR:
        whole -= rest < 0;
        break;
    case CEILING:
        whole += rest > 0;
        break;
    case TRUNCATE:
        break;
    }
    return whole;
}

/* To a multiple of 10^drop, written with ${back} of these digits as zeros again: 1234 to hundreds is 1200. */
static bool
at_digits(value_int128 value, int64_t drop, int64_t back, enum way way, value_int128 *result)
{
    /* beyond all digits it is less than a half */
    *result = drop > DECIMAL_DIGITS ? 0 : without_digits(value, (unsigned)drop, way);
    if (*result == 0)
        return true;
    if (back >= DECIMAL_DIGITS || !decimal_within(*result, DECIMAL_DIGITS - (unsigned)back))
        return false;
    *result *= decimal_power[back];
    return true;
}

/* Of a real, the digits behind the point that stay. */
static double
real_at_digits(double value, int64_t digits, enum way way)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    value_int128 unscaled;

    if (digits <= 0) {
        if (digits < -308)
            return copysign(0, value);
        if (digits < 0) {
            double by = pow(10, (double)-digits);

            return (way == ROUND ? round(value / by) : trunc(value / by)) * by;
        }
        return way == ROUND ? round(value) : way == TRUNCATE ? trunc(value) : way == FLOOR ? floor(value) : ceil(value);
    }
    if (digits <= 15 && fabs(value) * power[digits] < 4e15) {
        double scaled = fabs(value) * power[digits], whole = floor(scaled), rest = scaled - whole;

        /* far from where it turns the product's own error cannot matter; division gives the nearest real to the decimal */
        if (way == ROUND && fabs(rest - 0.5) > 0.01)
            return copysign((rest < 0.5 ? whole : whole + 1) / power[digits], value);
        if (way == TRUNCATE && rest > 0.01 && rest < 0.99)
            return copysign(whole / power[digits], value);
    }
    if (way == TRUNCATE) { /* so many digits behind the point that all of its shortest text are among them */
        unsigned fine = fabs(value) < 1e7 ? 30 : 20;

        if (digits >= fine || fabs(value) >= 1e17 || !decimal_of_real(value, fine, DECIMAL_DIGITS, &unscaled))
            return value;
        return decimal_real(without_digits(unscaled, fine - (unsigned)digits, TRUNCATE), (unsigned)digits);
    }
    if (digits >= DECIMAL_DIGITS || !decimal_of_real(value, (unsigned)digits, DECIMAL_DIGITS, &unscaled))
        return value; /* too large to have such digits */
    return decimal_real(unscaled, (unsigned)digits);
}

/*
 * round(x [, digits]), trunc(x [, digits]): a decimal has as many digits behind the point as are written down; where they come
 * from a column, it keeps its own and those beyond become zeros. One digit more in front, for 9.99 that becomes 10.0.
 */
bool
functions_number_check_round(struct function_check *check)
{
    const struct cells *digits = functions_given(check, 1);
    unsigned precision, scale;

    functions_number_check_same(check);
    if (check->gives.type != DAYBREAK_TYPE_DECIMAL)
        return true;
    precision = check->gives.precision;
    scale = check->gives.scale;
    if (check->arguments == 1 || (digits != NULL && digits->number[0] < scale)) {
        unsigned keep = check->arguments == 1 || digits->number[0] < 0 ? 0 : (unsigned)digits->number[0];

        precision = precision - scale + keep;
        scale = keep;
    } else if (digits != NULL) {
        return true; /* nothing to round */
    }
    check->gives.precision = (uint8_t)(precision < DECIMAL_DIGITS ? precision + 1 : DECIMAL_DIGITS);
    check->gives.scale = (uint8_t)scale;
    return true;
}

static inline void
round_lane(struct function_call *call, uint32_t i, int64_t digits, enum way way)
{
    const struct cells *in = &call->in[0];
    unsigned scale = call->out->type.scale;
    value_int128 result;

    if (digits > 1000 || digits < -1000)
        digits = digits > 0 ? 1000 : -1000;
    if (in->type.type == DAYBREAK_TYPE_REAL) {
        give_real(call, i, real_at_digits(in->real[i & in->mask], digits, way));
    } else if (in->type.type == DAYBREAK_TYPE_DECIMAL) {
        if (digits > (int64_t)scale)
            digits = scale;
        if (at_digits(in->decimal[i & in->mask], in->type.scale - digits, scale - digits, way, &result) &&
            decimal_within(result, call->out->type.precision))
            call->out->decimal[i] = result;
        else
            too_large(call, i);
    } else if (digits >= 0) {
        call->out->number[i] = in->number[i & in->mask];
    } else if (at_digits(in->number[i & in->mask], -digits, -digits, way, &result) && result >= INT64_MIN &&
               result <= INT64_MAX) {
        call->out->number[i] = (int64_t)result;
    } else {
        too_large(call, i);
    }
}

static inline void
round_run(struct function_call *call, enum way way)
{
    if (call->arguments == 1) {
        EACH_LANE(call, i)
            round_lane(call, i, 0, way);
    } else {
        EACH_LANE(call, i)
            round_lane(call, i, call->in[1].number[i & call->in[1].mask], way);
    }
}

void
functions_number_round(struct function_call *call)
{
    round_run(call, ROUND);
}

void
functions_number_trunc(struct function_call *call)
{
    round_run(call, TRUNCATE);
}

void
functions_number_floor(struct function_call *call)
{
    round_run(call, FLOOR);
}

void
functions_number_ceil(struct function_call *call)
{
    round_run(call, CEILING);
}

/* ---- roots, powers, logarithms ------------------------------------------------------------- */

/* ${f} of a real that must be at least ${least}, or above it. */
static inline void
real_run(struct function_call *call, double (*f)(double), double least, bool above, const char *verb)
{
    EACH_LANE(call, i) {
        double value = call->in[0].real[i & call->in[0].mask];

        if (value < least || (above && value == least)) {
            char text[VALUE_ROOM];

            function_fail(call, i, "bad_argument", "cannot take the %s of %.*s", verb, (int)value_write_real(value, text), text);
        } else {
            give_real(call, i, f(value));
        }
    }
}

void
functions_number_sqrt(struct function_call *call)
{
    real_run(call, sqrt, 0, false, "square root");
}

void
functions_number_ln(struct function_call *call)
{
    real_run(call, log, 0, true, "logarithm");
}

void
functions_number_log10(struct function_call *call)
{
    real_run(call, log10, 0, true, "logarithm");
}

void
functions_number_exp(struct function_call *call)
{
    EACH_LANE(call, i)
        give_real(call, i, exp(call->in[0].real[i & call->in[0].mask]));
}

void
functions_number_power(struct function_call *call)
{
    EACH_LANE(call, i) {
        double base = call->in[0].real[i & call->in[0].mask], exponent = call->in[1].real[i & call->in[1].mask];

        if (base == 0 && exponent < 0)
            function_fail(call, i, "division_by_zero", "zero has no negative power");
        else if (base < 0 && trunc(exponent) != exponent)
            function_fail(call, i, "bad_argument", "a negative number has only whole powers");
        else
            give_real(call, i, pow(base, exponent));
    }
}
