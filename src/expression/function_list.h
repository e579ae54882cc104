/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function once, with what people read about it; included where a table is made of it, so it has no guard. FUNCTION gives
 * an entry of function_table, HELP one of expression_help: name, group, shape, one sentence (with what a null does where the
 * result is not null), an example and what it gives. HELP without FUNCTION is a form of the grammar.
 */
#define TEXT_OF DAYBREAK_TYPE_TEXT
#define INTEGER_OF DAYBREAK_TYPE_INTEGER
#define BOOLEAN_OF DAYBREAK_TYPE_BOOLEAN
#define REAL_OF DAYBREAK_TYPE_REAL
#define DATE_OF DAYBREAK_TYPE_DATE
#define TIMESTAMP_OF DAYBREAK_TYPE_TIMESTAMP
#define DECIMAL_OF DAYBREAK_TYPE_DECIMAL
#define BYTES_OF DAYBREAK_TYPE_BYTES

/* ---- text --------------------------------------------------------------------------------- */

HELP("||", "operator", "x || y → text",
     "Texts one behind the other; numbers, dates and the like by their canonical text.",
     "'no. ' || 7", "no. 7")
HELP("+ -", "operator", "x + y, x - y, -x",
     "Exact for integers and decimals: the finer scale, and one digit more before the point; an integer counts as "
     "decimal(19,0), a constant as the digits it has. Dates: date + days, date - date in days, timestamp - timestamp in "
     "seconds. Too large a result fails the row.",
     "12.50 + 1", "13.50")
HELP("*", "operator", "x * y → number",
     "Exact for integers and decimals: decimal(p,s) * decimal(q,t) is decimal(p+q,s+t). Where that is more than 38 digits, "
     "as with + and /, those behind the point give way down to 6, rounded, halves away from zero.",
     "3 * 19.90", "59.70")
HELP("/", "operator", "x / y → decimal or real",
     "A decimal also of two integers: six digits more behind the point than x has, at most 12 (or as many as x), rounded, "
     "halves away from zero; of constants only those it needs. Division by zero fails the row.",
     "7 / 2", "3.5")
HELP("%", "operator", "x % y → number",
     "What is left of a division, with the sign of x; exact for integers and decimals.",
     "-7 % 3", "-1")
HELP("= <> < <= > >=", "operator", "x = y → boolean",
     "Compares values of one kind; texts byte by byte. With a null the result is null.",
     "1.50 = 1.5", "true")
HELP("IS", "operator", "x IS [NOT] NULL | TRUE | FALSE | [NOT] DISTINCT FROM y → boolean",
     "Asks about nulls and never gives one.",
     "NULL IS NOT DISTINCT FROM NULL", "true")
HELP("AND OR NOT", "operator", "a AND b, a OR b, NOT a → boolean",
     "Three-valued: false AND null is false, true OR null is true, else a null makes null. What is decided is not computed "
     "further.",
     "NULL OR 1 < 2", "true")
HELP("IN", "operator", "x [NOT] IN (a, b, …) → boolean",
     "Whether x equals one of these; null when it does not but one of them is null.",
     "'b' IN ('a', 'b')", "true")
HELP("BETWEEN", "operator", "x [NOT] BETWEEN a AND b → boolean", "x >= a AND x <= b.", "5 BETWEEN 1 AND 5", "true")
HELP("LIKE", "operator", "x [NOT] LIKE pattern [ESCAPE c] → boolean",
     "% stands for any text, _ for one character; ASCII letters match in any case.",
     "'Invoice 7' LIKE 'invoice%'", "true")
HELP("REGEXP", "operator", "x [NOT] REGEXP pattern → boolean", "The same as regexp(pattern, x).",
     "'AB-12' REGEXP '^[A-Z]+-[0-9]+$'", "true")
HELP("CAST", "operator", "CAST(x AS type) → type",
     "Another type: a text must be one as a whole; to a decimal is rounded, halves away from zero, to an integer cut. What "
     "does not fit fails the row.",
     "CAST('19.90' AS decimal(6,2))", "19.90")

FUNCTION(.name = "upper", .takes = "t", .least = 1, .gives = TEXT_OF, .run = functions_text_upper)
HELP("upper", "text", "upper(text) → text", "In capitals, one letter for one letter, of every script that has them.",
     "upper('ärger, όχι')", "ÄRGER, ΌΧΙ")
FUNCTION(.name = "lower", .takes = "t", .least = 1, .gives = TEXT_OF, .run = functions_text_lower)
HELP("lower", "text", "lower(text) → text",
     "In small letters, one letter for one letter, of every script that has them.",
     "lower('ÉTÉ Жара')", "été жара")
FUNCTION(.name = "initcap", .takes = "t", .least = 1, .gives = TEXT_OF, .run = functions_text_initcap)
HELP("initcap", "text", "initcap(text) → text", "Each word with a capital first letter and small ones behind.",
     "initcap('JEAN-luc élan')", "Jean-Luc Élan")
FUNCTION(.name = "trim", .takes = "tt", .least = 1, .gives = TEXT_OF, .run = functions_text_trim)
HELP("trim", "text", "trim(text [, characters text]) → text",
     "Without blanks, or without any of these characters, at both ends; also trim(BOTH 'x' FROM text).",
     "trim('--a-b--', '-')", "a-b")
FUNCTION(.name = "ltrim", .takes = "tt", .least = 1, .gives = TEXT_OF, .run = functions_text_ltrim)
HELP("ltrim", "text", "ltrim(text [, characters text]) → text", "As trim, at the beginning only.",
     "ltrim('00420', '0')", "420")
FUNCTION(.name = "rtrim", .takes = "tt", .least = 1, .gives = TEXT_OF, .run = functions_text_rtrim)
HELP("rtrim", "text", "rtrim(text [, characters text]) → text", "As trim, at the end only.",
     "rtrim('1.500', '0')", "1.5")
FUNCTION(.name = "length", .takes = "z", .least = 1, .gives = INTEGER_OF, .run = functions_text_length)
HELP("length", "text", "length(text or bytes) → integer",
     "Number of characters (code points) of a text, of bytes otherwise.",
     "length('naïve')", "5")
FUNCTION(.name = "char_length", .takes = "t", .least = 1, .gives = INTEGER_OF, .run = functions_text_length)
HELP("char_length", "text", "char_length(text) → integer", "The same as length of a text.", "char_length('€')", "1")
FUNCTION(.name = "octet_length", .takes = "z", .least = 1, .gives = INTEGER_OF, .run = functions_text_octet_length)
HELP("octet_length", "text", "octet_length(text or bytes) → integer", "Number of bytes; a text counts as UTF-8.",
     "octet_length('naïve')", "6")
FUNCTION(.name = "substr", .takes = "zii", .least = 2, .gives = TEXT_OF, .check = functions_slice_check_same,
         .run = functions_slice_substr)
HELP("substr", "text", "substr(text or bytes, from integer [, count integer]) → as the first",
     "Characters (or bytes) from a place on, counted from 1, or from the end when negative; a negative count takes those "
     "before.",
     "substr('invoice', -3, 2)", "ic")
FUNCTION(.name = "substring", .takes = "zii", .least = 2, .gives = TEXT_OF, .check = functions_slice_check_same,
         .run = functions_slice_substr)
HELP("substring", "text", "substring(text FROM from [FOR count]) → text", "The same as substr.",
     "substring('2026-01-31' FROM 6 FOR 2)", "01")
FUNCTION(.name = "left", .takes = "ti", .least = 2, .gives = TEXT_OF, .run = functions_slice_left)
HELP("left", "text", "left(text, count integer) → text",
     "The first characters; all but the last ones when the count is negative.",
     "left('invoice', 2)", "in")
FUNCTION(.name = "right", .takes = "ti", .least = 2, .gives = TEXT_OF, .run = functions_slice_right)
HELP("right", "text", "right(text, count integer) → text",
     "The last characters; all but the first ones when the count is negative.",
     "right('DE-10115', 5)", "10115")
FUNCTION(.name = "replace", .takes = "ttt", .least = 3, .gives = TEXT_OF, .run = functions_slice_replace)
HELP("replace", "text", "replace(text, what text, by text) → text",
     "Every occurrence replaced, from the left; an empty one replaces nothing.",
     "replace('1.234.567', '.', '')", "1234567")
FUNCTION(.name = "translate", .takes = "ttt", .least = 3, .gives = TEXT_OF, .run = functions_slice_translate)
HELP("translate", "text", "translate(text, from text, to text) → text",
     "Each character of `from` by the one at its place in `to`; without one it goes.",
     "translate('1.234,50', ',.', '.')", "1234.50")
FUNCTION(.name = "instr", .takes = "zz", .least = 2, .gives = INTEGER_OF, .check = functions_text_check_alike,
         .run = functions_text_instr)
HELP("instr", "text", "instr(text, part text) → integer",
     "At which character the part first stands, from 1; 0 when nowhere.",
     "instr('müller@example.org', '@')", "7")
FUNCTION(.name = "strpos", .takes = "tt", .least = 2, .gives = INTEGER_OF, .run = functions_text_instr)
HELP("strpos", "text", "strpos(text, part text) → integer", "The same as instr.", "strpos('abc', 'c')", "3")
FUNCTION(.name = "position", .takes = "tt", .least = 2, .gives = INTEGER_OF, .run = functions_text_position)
HELP("position", "text", "position(part IN text) → integer", "The same as instr(text, part).",
     "position('c' IN 'abc')", "3")
FUNCTION(.name = "starts_with", .takes = "tt", .least = 2, .gives = BOOLEAN_OF, .run = functions_text_starts_with)
HELP("starts_with", "text", "starts_with(text, part text) → boolean",
     "Whether the text begins with the part, byte for byte.",
     "starts_with('DE-10115', 'DE')", "true")
FUNCTION(.name = "ends_with", .takes = "tt", .least = 2, .gives = BOOLEAN_OF, .run = functions_text_ends_with)
HELP("ends_with", "text", "ends_with(text, part text) → boolean",
     "Whether the text ends with the part, byte for byte.",
     "ends_with('a.csv', '.csv')", "true")
FUNCTION(.name = "contains", .takes = "tt", .least = 2, .gives = BOOLEAN_OF, .run = functions_text_contains)
HELP("contains", "text", "contains(text, part text) → boolean", "Whether the part stands anywhere in the text.",
     "contains('abc', 'b')", "true")
FUNCTION(.name = "lpad", .takes = "tit", .least = 2, .gives = TEXT_OF, .run = functions_slice_lpad)
HELP("lpad", "text", "lpad(text, width integer [, fill text]) → text",
     "Filled up at the left to so many characters; a longer text is cut.",
     "lpad('42', 5, '0')", "00042")
FUNCTION(.name = "rpad", .takes = "tit", .least = 2, .gives = TEXT_OF, .run = functions_slice_rpad)
HELP("rpad", "text", "rpad(text, width integer [, fill text]) → text",
     "Filled up at the right to so many characters; a longer text is cut.",
     "rpad('42', 5, '.')", "42...")
FUNCTION(.name = "repeat", .takes = "ti", .least = 2, .gives = TEXT_OF, .run = functions_slice_repeat)
HELP("repeat", "text", "repeat(text, times integer) → text", "The text so many times over, up to 1 MiB.",
     "repeat('ab', 3)", "ababab")
FUNCTION(.name = "reverse", .takes = "t", .least = 1, .gives = TEXT_OF, .run = functions_slice_reverse)
HELP("reverse", "text", "reverse(text) → text", "Its characters (code points) from the last to the first.",
     "reverse('añb')", "bña")
FUNCTION(.name = "split_part", .takes = "tti", .least = 3, .gives = TEXT_OF, .run = functions_slice_split_part)
HELP("split_part", "text", "split_part(text, separator text, n integer) → text",
     "The n-th part, from 1, or from the end when negative; an empty text where there is none.",
     "split_part('2026/orders/7', '/', 2)", "orders")
FUNCTION(.name = "concat", .takes = "c", .least = 1, .many = true, .sees_nulls = true, .gives = TEXT_OF,
         .run = functions_slice_concat)
HELP("concat", "text", "concat(x, …) → text",
     "All one behind the other by their canonical texts; a null is left out.",
     "concat('a', NULL, 7)", "a7")
FUNCTION(.name = "concat_ws", .takes = "tc", .least = 2, .many = true, .sees_nulls = true, .gives = TEXT_OF,
         .run = functions_slice_concat_ws)
HELP("concat_ws", "text", "concat_ws(separator text, x, …) → text",
     "As concat, with the separator between; a null is left out with its separator, a null separator gives null.",
     "concat_ws(', ', 'Rue 1', NULL, 'Paris')", "Rue 1, Paris")
FUNCTION(.name = "char", .takes = "i", .least = 1, .many = true, .gives = TEXT_OF, .run = functions_text_char)
HELP("char", "text", "char(code integer, …) → text",
     "The characters with these Unicode code points; one that is none fails the row.",
     "char(72, 8364)", "H€")
FUNCTION(.name = "chr", .takes = "i", .least = 1, .gives = TEXT_OF, .run = functions_text_char)
HELP("chr", "text", "chr(code integer) → text", "The same as char of one.", "chr(65)", "A")
FUNCTION(.name = "unicode", .takes = "t", .least = 1, .gives = INTEGER_OF, .run = functions_text_unicode)
HELP("unicode", "text", "unicode(text) → integer",
     "The code point of the first character; null when the text is empty.",
     "unicode('€')", "8364")
FUNCTION(.name = "ascii", .takes = "t", .least = 1, .gives = INTEGER_OF, .run = functions_text_unicode)
HELP("ascii", "text", "ascii(text) → integer", "The same as unicode.", "ascii('A')", "65")
FUNCTION(.name = "hex", .takes = "z", .least = 1, .gives = TEXT_OF, .run = functions_text_hex)
HELP("hex", "text", "hex(text or bytes) → text", "Two hexadecimal digits, in capitals, for each byte.",
     "hex('é')", "C3A9")
FUNCTION(.name = "unhex", .takes = "t", .least = 1, .gives = BYTES_OF, .run = functions_text_unhex)
HELP("unhex", "text", "unhex(text) → bytes", "The bytes of hexadecimal digits; anything else fails the row.",
     "CAST(unhex('4142') AS text)", "AB")
FUNCTION(.name = "json_extract", .takes = "tt", .least = 2, .gives = TEXT_OF, .check = functions_json_check,
         .run = functions_json_extract,
         .release = functions_json_release)
HELP("json_extract", "text", "json_extract(json text, path text) → text",
     "The value at '$.name', '$[0]', '$.a.b[#-1]' and so on; objects and arrays as compact JSON, null when there is nothing. "
     "What is no JSON fails the row.",
     "json_extract('{\"a\": {\"b\": [1, 2.50]}}', '$.a.b[1]')", "2.50")

/* ---- number ------------------------------------------------------------------------------- */

FUNCTION(.name = "abs", .takes = "n", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_same,
         .run = functions_number_abs)
HELP("abs", "number", "abs(number) → number of the same type", "Without its sign.", "abs(-1.50)", "1.50")
FUNCTION(.name = "sign", .takes = "n", .least = 1, .gives = INTEGER_OF, .run = functions_number_sign)
HELP("sign", "number", "sign(number) → integer", "-1, 0 or 1.", "sign(-0.5)", "-1")
FUNCTION(.name = "round", .takes = "ni", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_round,
         .run = functions_number_round)
HELP("round", "number", "round(number [, digits integer]) → number of the same kind",
     "To so many digits behind the point (0 when not said, before it when negative), halves away from zero; a decimal then "
     "has that scale.",
     "round(2.345, 2)", "2.35")
FUNCTION(.name = "trunc", .takes = "ni", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_round,
         .run = functions_number_trunc)
HELP("trunc", "number", "trunc(number [, digits integer]) → number of the same kind", "As round, but towards zero.",
     "trunc(-2.99, 1)", "-2.9")
FUNCTION(.name = "floor", .takes = "n", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_round,
         .run = functions_number_floor)
HELP("floor", "number", "floor(number) → number of the same kind", "The nearest whole number below.",
     "floor(-1.5)", "-2")
FUNCTION(.name = "ceil", .takes = "n", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_round,
         .run = functions_number_ceil)
HELP("ceil", "number", "ceil(number) → number of the same kind", "The nearest whole number above.", "ceil(1.01)", "2")
FUNCTION(.name = "ceiling", .takes = "n", .least = 1, .gives = INTEGER_OF, .check = functions_number_check_round,
         .run = functions_number_ceil)
HELP("ceiling", "number", "ceiling(number) → number of the same kind", "The same as ceil.", "ceiling(-1.5)", "-1")
HELP("mod", "number", "mod(x number, y number) → number", "The same as x % y; division by zero fails the row.",
     "mod(7.5, 2)", "1.5")
FUNCTION(.name = "power", .takes = "rr", .least = 2, .gives = REAL_OF, .run = functions_number_power)
HELP("power", "number", "power(x number, y number) → real", "x to the power of y.", "power(2, 10)", "1024")
FUNCTION(.name = "pow", .takes = "rr", .least = 2, .gives = REAL_OF, .run = functions_number_power)
HELP("pow", "number", "pow(x number, y number) → real", "The same as power.", "pow(9, 0.5)", "3")
FUNCTION(.name = "sqrt", .takes = "r", .least = 1, .gives = REAL_OF, .run = functions_number_sqrt)
HELP("sqrt", "number", "sqrt(number) → real", "The square root; of a negative number the row fails.",
     "sqrt(2.25)", "1.5")
FUNCTION(.name = "exp", .takes = "r", .least = 1, .gives = REAL_OF, .run = functions_number_exp)
HELP("exp", "number", "exp(number) → real", "e to that power.", "exp(0)", "1")
FUNCTION(.name = "ln", .takes = "r", .least = 1, .gives = REAL_OF, .run = functions_number_ln)
HELP("ln", "number", "ln(number) → real", "The natural logarithm; of zero or less the row fails.", "ln(1)", "0")
FUNCTION(.name = "log10", .takes = "r", .least = 1, .gives = REAL_OF, .run = functions_number_log10)
HELP("log10", "number", "log10(number) → real", "The logarithm to base 10; of zero or less the row fails.",
     "log10(1000)", "3")
FUNCTION(.name = "log", .takes = "r", .least = 1, .gives = REAL_OF, .run = functions_number_log10)
HELP("log", "number", "log(number) → real", "The same as log10.", "log(100)", "2")

/* ---- date and time ------------------------------------------------------------------------ */

FUNCTION(.name = "date", .takes = "*t", .least = 1, .gives = DATE_OF, .check = functions_timetext_check_date,
         .run = functions_timetext_date)
HELP("date", "date and time", "date(text, date or timestamp [, zone text]) → date",
     "The day a clock in the zone shows; a text is read as ISO 8601.",
     "date(TIMESTAMP '2026-01-31 23:30:00Z', 'Europe/Paris')", "2026-02-01")
FUNCTION(.name = "timestamp", .takes = "*t", .least = 1, .gives = TIMESTAMP_OF, .check = functions_timetext_check_timestamp,
         .run = functions_timetext_timestamp)
HELP("timestamp", "date and time", "timestamp(text or date [, zone text]) → timestamp",
     "The instant of an ISO 8601 text, or midnight of a date, by a clock in the zone; a text with an offset means that.",
     "timestamp('2026-07-01 12:00', 'Europe/Paris')", "2026-07-01T10:00:00.000000Z")
FUNCTION(.name = "make_date", .takes = "iii", .least = 3, .gives = DATE_OF, .run = functions_time_make_date)
HELP("make_date", "date and time", "make_date(year integer, month integer, day integer) → date",
     "A date from its parts; a day that is not fails the row.",
     "make_date(2024, 2, 29)", "2024-02-29")
#define FIELD(field, shape, help, example, gives_)                                                                      \
    FUNCTION(.name = field, .takes = "w", .least = 1, .gives = INTEGER_OF, .check = functions_time_check_field,         \
             .run = functions_time_field)                                                                               \
    HELP(field, "date and time", shape, help, example, gives_)
FIELD("year", "year(date or timestamp) → integer", "The year.", "year(DATE '2026-01-31')", "2026")
FIELD("quarter", "quarter(date or timestamp) → integer", "1 to 4.", "quarter(DATE '2026-05-01')", "2")
FIELD("month", "month(date or timestamp) → integer", "1 to 12.", "month(DATE '2026-01-31')", "1")
FIELD("week", "week(date or timestamp) → integer", "The ISO 8601 week, 1 to 53; isoyear says of which year.",
      "week(DATE '2027-01-01')", "53")
FIELD("isoyear", "isoyear(date or timestamp) → integer", "The year that the ISO 8601 week belongs to.",
      "isoyear(DATE '2027-01-01')", "2026")
FIELD("day", "day(date or timestamp) → integer", "The day of the month, 1 to 31.", "day(DATE '2026-01-31')", "31")
FIELD("dayofweek", "dayofweek(date or timestamp) → integer", "0 Sunday to 6 Saturday.", "dayofweek(DATE '2026-02-01')", "0")
FIELD("isodow", "isodow(date or timestamp) → integer", "1 Monday to 7 Sunday.", "isodow(DATE '2026-02-01')", "7")
FIELD("dayofyear", "dayofyear(date or timestamp) → integer", "1 to 366.", "dayofyear(DATE '2024-12-31')", "366")
FIELD("hour", "hour(timestamp) → integer", "0 to 23.", "hour(TIMESTAMP '2026-01-31 23:59:58Z')", "23")
FIELD("minute", "minute(timestamp) → integer", "0 to 59.", "minute(TIMESTAMP '2026-01-31 23:59:58Z')", "59")
FIELD("second", "second(timestamp) → integer", "0 to 59, without the fraction.", "second(TIMESTAMP '2026-01-31 23:59:58Z')", "58")
#undef FIELD
FUNCTION(.name = "extract", .takes = "tw", .least = 2, .gives = INTEGER_OF, .check = functions_time_check_field,
         .run = functions_time_field)
HELP("extract", "date and time", "extract(field FROM date or timestamp) → integer",
     "The field of that name: year, quarter, month, …; epoch gives a decimal.",
     "extract(month FROM DATE '2026-01-31')", "1")
FUNCTION(.name = "date_part", .takes = "tw", .least = 2, .gives = INTEGER_OF, .check = functions_time_check_field,
         .run = functions_time_field)
HELP("date_part", "date and time", "date_part('field', date or timestamp) → integer", "The same as extract.",
     "date_part('dow', DATE '2026-02-01')", "0")
FUNCTION(.name = "date_trunc", .takes = "twt", .least = 2, .gives = TIMESTAMP_OF, .check = functions_time_check_trunc,
         .run = functions_time_date_trunc)
HELP("date_trunc", "date and time", "date_trunc('unit', date or timestamp [, zone text]) → as the second",
     "The beginning of its year, quarter, month, week (Monday), day, hour, minute or second, by a clock in the zone.",
     "date_trunc('month', DATE '2026-01-31')", "2026-01-01")
FUNCTION(.name = "date_add", .takes = "witt", .least = 3, .gives = TIMESTAMP_OF, .check = functions_time_check_add,
         .run = functions_time_date_add)
HELP("date_add", "date and time", "date_add(date or timestamp, n integer, 'unit' [, zone text]) → as the first",
     "So many units later; months and years keep the day where the month has it, else its last; days and larger go by the "
     "clock in the zone.",
     "date_add(DATE '2024-01-31', 1, 'month')", "2024-02-29")
FUNCTION(.name = "date_diff", .takes = "twwt", .least = 3, .gives = INTEGER_OF, .check = functions_time_check_diff,
         .run = functions_time_date_diff)
HELP("date_diff", "date and time", "date_diff('unit', from, to [, zone text]) → integer",
     "How many beginnings of the unit lie between the two.",
     "date_diff('month', DATE '2026-01-31', DATE '2026-03-01')", "2")
FUNCTION(.name = "last_day", .takes = "w", .least = 1, .gives = DATE_OF, .run = functions_time_last_day)
HELP("last_day", "date and time", "last_day(date or timestamp) → date", "The last day of its month.",
     "last_day(DATE '2024-02-01')", "2024-02-29")
FUNCTION(.name = "to_date", .takes = "tt", .least = 2, .gives = DATE_OF, .check = functions_timetext_check_read,
         .run = functions_timetext_to_date)
HELP("to_date", "date and time", "to_date(text, 'pattern') → date",
     "Reads a date as the pattern says (%Y %y %m %b %B %d %j …); another text fails the row.",
     "to_date('31.1.2026', '%d.%m.%Y')", "2026-01-31")
FUNCTION(.name = "to_timestamp", .takes = "ttt", .least = 2, .gives = TIMESTAMP_OF, .check = functions_timetext_check_read,
         .run = functions_timetext_to_timestamp)
HELP("to_timestamp", "date and time", "to_timestamp(text, 'pattern' [, zone text]) → timestamp",
     "Reads an instant as the pattern says (besides: %H %I %p %M %S %f %z), by a clock in the zone.",
     "to_timestamp('01/31/2026 11 PM', '%m/%d/%Y %I %p')", "2026-01-31T23:00:00.000000Z")
FUNCTION(.name = "strftime", .takes = "**t", .least = 2, .gives = TEXT_OF, .check = functions_timetext_check_write,
         .run = functions_timetext_strftime)
HELP("strftime", "date and time", "strftime('pattern', date or timestamp [, zone text]) → text",
     "Written as the pattern says: what to_timestamp reads, and %a %A %e %F %T %G %V %u %w %s; the date may also come first.",
     "strftime('%d.%m.%Y', DATE '2026-01-31')", "31.01.2026")
FUNCTION(.name = "to_char", .takes = "**t", .least = 2, .gives = TEXT_OF, .check = functions_timetext_check_write,
         .run = functions_timetext_strftime)
HELP("to_char", "date and time", "to_char(date or timestamp, 'pattern' [, zone text]) → text",
     "The same as strftime.",
     "to_char(DATE '2026-01-31', '%b %y')", "Jan 26")
FUNCTION(.name = "at_zone", .takes = "st", .least = 2, .gives = TEXT_OF, .check = functions_timetext_check_at_zone,
         .run = functions_timetext_at_zone)
HELP("at_zone", "date and time", "at_zone(timestamp, zone text) → text",
     "What a clock in the zone shows, with its offset; also timestamp AT TIME ZONE zone.",
     "at_zone(TIMESTAMP '2026-07-01 10:00Z', 'Europe/Paris')", "2026-07-01T12:00:00.000000+02:00")
FUNCTION(.name = "epoch", .takes = "s", .least = 1, .gives = DECIMAL_OF, .check = functions_time_check_field,
         .run = functions_time_field)
HELP("epoch", "date and time", "epoch(timestamp or date) → decimal(18,6)", "Seconds since 1970-01-01 00:00 UTC.",
     "epoch(TIMESTAMP '1970-01-02 00:00:00.5Z')", "86400.500000")
FUNCTION(.name = "from_epoch", .takes = "n", .least = 1, .gives = TIMESTAMP_OF, .run = functions_timetext_from_epoch)
HELP("from_epoch", "date and time", "from_epoch(seconds number) → timestamp",
     "The instant so many seconds after 1970-01-01 00:00 UTC; milliseconds: from_epoch(x / 1000).",
     "from_epoch(1769904000)", "2026-02-01T00:00:00.000000Z")

/* ---- choice ------------------------------------------------------------------------------- */

HELP("CASE", "choice", "CASE WHEN condition THEN x … [ELSE y] END, CASE v WHEN a THEN x … END",
     "The first that holds, else y or null; the others are not computed.",
     "CASE WHEN 7 % 2 = 0 THEN 'even' ELSE 'odd' END", "odd")
HELP("coalesce", "choice", "coalesce(x, y, …)", "The first that is not null; those behind it are not computed.",
     "coalesce(NULL, 'b', 'c')", "b")
HELP("ifnull", "choice", "ifnull(x, y)", "coalesce of two.", "ifnull(NULL, 0)", "0")
HELP("nullif", "choice", "nullif(x, y)", "Null when both are equal, else x.", "nullif('n/a', 'n/a')", NULL)
HELP("iif", "choice", "iif(condition, x, y)", "CASE WHEN condition THEN x ELSE y END.",
     "iif(2 > 1, 'more', 'less')", "more")
HELP("greatest", "choice", "greatest(x, y, …)", "The largest; null when one is null. Also max(x, y, …).",
     "greatest(1, 2.5, 2)", "2.5")
HELP("least", "choice", "least(x, y, …)", "The smallest; null when one is null. Also min(x, y, …).",
     "least(DATE '2026-01-31', DATE '2025-12-24')", "2025-12-24")

/* ---- pattern ------------------------------------------------------------------------------ */

FUNCTION(.name = "regexp", .takes = "tt", .least = 2, .gives = BOOLEAN_OF, .check = functions_pattern_check_regexp,
         .run = functions_pattern_like,
         .release = functions_pattern_release)
HELP("regexp", "pattern", "regexp(pattern text, x text) → boolean",
     "Whether the regular expression (PCRE2) matches anywhere; \\d and \\w are ASCII, \\p{L} is a letter.",
     "regexp('^\\d{5}$', '10115')", "true")
FUNCTION(.name = "regexp_like", .takes = "ttt", .least = 2, .gives = BOOLEAN_OF, .check = functions_pattern_check_like,
         .run = functions_pattern_like,
         .release = functions_pattern_release)
HELP("regexp_like", "pattern", "regexp_like(x text, pattern text [, 'flags']) → boolean",
     "As regexp, the text first; flags: i any case, m ^ and $ at lines, s . matches line ends, x blanks ignored.",
     "regexp_like('Straße', 'STRASSE|straße', 'i')", "true")
FUNCTION(.name = "regexp_extract", .takes = "ttit", .least = 2, .gives = TEXT_OF, .check = functions_pattern_check_extract,
         .run = functions_pattern_extract,
         .release = functions_pattern_release)
HELP("regexp_extract", "pattern", "regexp_extract(x text, pattern text [, group integer [, 'flags']]) → text",
     "What the first match, or that group of it, is; null when nothing matches.",
     "regexp_extract('order 0042/7', '(\\d+)/(\\d+)', 2)", "7")
FUNCTION(.name = "regexp_replace", .takes = "tttt", .least = 3, .gives = TEXT_OF, .check = functions_pattern_check_replace,
         .run = functions_pattern_replace,
         .release = functions_pattern_release)
HELP("regexp_replace", "pattern", "regexp_replace(x text, pattern text, by text [, 'flags']) → text",
     "Every match replaced; \\1 to \\9 are its groups, \\0 is all of it.",
     "regexp_replace('31.01.2026', '(\\d+)\\.(\\d+)\\.(\\d+)', '\\3-\\2-\\1')", "2026-01-31")

/* ---- hash --------------------------------------------------------------------------------- */

FUNCTION(.name = "sha256", .takes = "*", .least = 1, .gives = TEXT_OF, .check = functions_hash_check_bytes,
         .run = functions_hash_sha256)
HELP("sha256", "hash", "sha256(x) → text", "SHA-256 of bytes or of a canonical text, 64 hexadecimal digits.",
     "sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
FUNCTION(.name = "md5", .takes = "*", .least = 1, .gives = TEXT_OF, .check = functions_hash_check_bytes,
         .run = functions_hash_md5)
HELP("md5", "hash", "md5(x) → text", "MD5, 32 hexadecimal digits, for keys made by other systems; it hides nothing.",
     "md5('abc')", "900150983cd24fb0d6963f7d28e17f72")
FUNCTION(.name = "xxh3", .takes = "*", .least = 1, .gives = TEXT_OF, .check = functions_hash_check_bytes,
         .run = functions_hash_xxh3)
HELP("xxh3", "hash", "xxh3(x) → text",
     "XXH3 of 64 bits, 16 hexadecimal digits: the fastest, for telling texts apart.",
     "xxh3('abc')", "78af5f94892f3950")
FUNCTION(.name = "crc32", .takes = "*", .least = 1, .gives = INTEGER_OF, .check = functions_hash_check_bytes,
         .run = functions_hash_crc32)
HELP("crc32", "hash", "crc32(x) → integer", "The checksum of zip and gzip, 0 to 4294967295.",
     "crc32('abc')", "891568578")

#undef TEXT_OF
#undef INTEGER_OF
#undef BOOLEAN_OF
#undef REAL_OF
#undef DATE_OF
#undef TIMESTAMP_OF
#undef DECIMAL_OF
#undef BYTES_OF
