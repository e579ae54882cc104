/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an expression is deliberately not what SQLite would answer: an example, what it gives here, what SQLite gives, and why.
 * Everything else that both know gives the same, which a test with random expressions proves; it may only pass over what one of
 * these says.
 */
#include "expression.h"

#include <stddef.h>

const struct expression_difference expression_differences[] = {
    {"1 < 2", "true", "1", "conditions are booleans, not numbers"},
    {"NOT 5", "error: NOT takes a boolean, not integer (5 <> 0)", "0", "and so a number is no condition"},
    {"true = 1", "error: cannot compare boolean with integer (a boolean is a condition by itself: true, NOT true)", "1",
     "nor a boolean a number"},
    {"'5' + 1", "error: cannot add text and integer (texts are joined with ||)", "6", "a text is never silently a number"},
    {"1 = '1'", "error: cannot compare integer with text ('1', or cast('1' as integer))", "0",
     "values of two kinds are never equal, which is seldom what was meant"},
    {"length(12345)", "error: length takes text or bytes here, not integer (cast(12345 as text))", "5",
     "nor a number silently a text, but for ||"},
    {"coalesce(1, 'one')", "error: coalesce gives both integer and text (cast('one' as integer))", "1", "a column has one type"},
    {"cast('12 apples' as integer)", "error: cannot cast '12 apples' to integer", "12",
     "a text is a value of the type as a whole, or its row fails: half a number is a wrong number"},
    {"cast('yes' as boolean)", "true", "0", "booleans have words"},
    {"cast(1e300 as integer)", "error: 1e+300 does not fit integer", "9223372036854775807", "what does not fit fails its row"},
    {"9223372036854775807 + 1", "error: 9223372036854775807 + 1 is beyond 64 bits", "9.22337203685478e+18",
     "an integer never becomes a nearby real"},
    {"1 / 0", "error: cannot divide 1 by zero", "null", "a division by zero fails its row, instead of being taken for a value "
                                                        "that is not there"},
    {"7 / 2", "3.5", "3", "a division of integers keeps its fraction; cast(7 / 2 as integer) cuts it"},
    {"7.5 % 2", "1.5", "1.0", "a rest is exact, and not that of whole numbers"},
    {"12.50", "12.50", "12.5", "a number with a point is an exact decimal and keeps its digits"},
    {"'a' || 1.50", "a1.50", "a1.5", "also in a text"},
    {"0.1 + 0.2 = 0.3", "true", "0", "and decimals are added exactly"},
    {"cast(2.999 as decimal(5,2))", "3.00", "2.999", "a decimal has a size, and is rounded to it"},
    {"'a' || 1e3", "a1000", "a1000.0", "a real that is whole is written without a point"},
    {"round(5)", "5", "5.0", "rounding, floor, ceil, trunc and mod keep the type of the number"},
    {"round(1250, -2)", "1300", "1250.0", "digits before the point can be rounded too"},
    {"sqrt(-1)", "error: cannot take the square root of -1", "null",
     "a function of a number it is not defined for fails its row"},
    {"upper('é')", "É", "é", "upper and lower know the letters of every script"},
    {"hex(NULL) || 'x'", "null", "x", "a function of null gives null"},
    {"replace('a', '', NULL)", "null", "a", "whichever argument it is"},
    {"hex(char(55296))", "error: there is no character 55296", "EDA080", "a text is always UTF-8"},
    {"date('2026-13-01')", "error: '2026-13-01' is no date", "null", "what is no date fails its row"},
    {"strftime('%Y', '2026-01-31')", "error: strftime writes a date or a timestamp by a pattern", "2026",
     "dates are a type of their own, not texts"},
    {"json_extract('[1.50]', '$[0]')", "1.50", "1.5", "a number in JSON keeps its text"},
    {"'abc' REGEXP 'b'", "true", "error", "SQLite knows the operator, but brings no function for it"},
    {.what = NULL},
};
