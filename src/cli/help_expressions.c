/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page of expressions, daybreak-expressions(7): the language in words, functions and differences from their tables. */
#include <ctype.h>
#include <string.h>

#include "cli/cli.h"
#include "expression/expression.h"

/* Sections of the language, in the order of the page. A paragraph that begins with a blank is shown as it stands. */
static const struct {
    const char *title;
    const char *paragraph[6];
} sections[] = {
    {"DESCRIPTION",
     {"Every value that a pipeline file takes from a record is an SQL expression: the conditions of filter, when and check, "
      "the columns of set, the values of context. It is compiled once, against the columns known at that point: a wrong name "
      "or type is found by lint, with its place. What only data can show, such as a division by zero, sets the record aside "
      "with the expression, the values it read and why.",
      "An expression gives the same whenever it is computed: it knows no clock and no chance, and sees one record. It has at "
      "most 64 KiB."}},
    {"WORDS",
     {"A column is its name; names with blanks or that are words of SQL stand in double quotes. What a lookup brings is "
      "NAME.COLUMN, the row as it was before is old.COLUMN. Texts stand in single quotes, a quote in them is doubled.",
      " 12  12.50  1e3  0x1f  'text'  'it''s'  x'00ff'  TRUE  FALSE  NULL\n"
      " DATE '2026-01-31'  TIMESTAMP '2026-01-31 02:10'\n"
      " qty  \"unit price\"  crm.ticket",
      "Comments are -- to the end of the line and /* between */."}},
    {"TYPES",
     {"boolean; integer, of 64 bits; decimal(p,s), exact, with p digits of which s stand behind the point, at most 38; real, "
      "a double; text; bytes; date; timestamp, an instant in microseconds. 12.50 is decimal(4,2), 1e3 a real. What has too "
      "many digits or bits fails its record; nothing wraps around or loses digits in silence.",
      "Integers mix with decimals, both with reals, dates with timestamps (as midnight in the source's timezone). Nothing "
      "else does: a text becomes a number by cast(x as integer) only. Texts compare byte by byte."}},
    {"ARITHMETIC",
     {"Digits before (i) and behind the point (s) of the result of two decimals; an integer counts as decimal(19,0), one "
      "that is written down as the digits it has:",
      " a + b, a - b   i = max(ia, ib) + 1   s = max(sa, sb)\n"
      " a * b          i = ia + ib            s = sa + sb\n"
      " a / b          i = ia + sb            s = sa + 6, at most 12 unless sa is more\n"
      " a % b          i = min(ia, ib)        s = max(sa, sb)",
      "Above 38 digits, those behind the point give way down to 6. Where digits must go the value is rounded to the nearest "
      "one, halves away from zero, and once. Two integers give an integer, but a / b gives a decimal. With a real the result "
      "is a real. date + days, date - days and date - date count days; timestamp - timestamp gives seconds as decimal(18,6)."}},
    {"NULLS AND BRANCHES",
     {"A function or operator with a null gives null, but for those that say otherwise. AND and OR know three values. A "
      "filter keeps a record only when its condition is true; a check is breached only when its condition is false.",
      "CASE, coalesce, iif, nullif, AND, OR and IN compute no more than they need: CASE WHEN qty = 0 THEN 0 ELSE total / qty "
      "END never divides by zero."}},
    {"PATTERNS OF DATES",
     {"As in strptime: %Y year, %y its last two digits (69 to 99 are 19xx), %m month, %b %B its English name, %d day, %j day "
      "of the year, %H hour, %I with %p hour of 12, %M minute, %S second, %f fraction, %z offset, %% a percent sign. Writing "
      "knows besides: %a %A weekday, %e day without zero, %F %Y-%m-%d, %T %H:%M:%S, %G %V ISO 8601 year and week, %u weekday "
      "1 to 7 from Monday, %w 0 to 6 from Sunday, %s seconds since 1970."}},
    {"ZONES",
     {"Days, months and years are those of a clock in the source's timezone (UTC where none is set), or of the zone that a "
      "function is given, by its tzdata name. A time on the clock that comes twice is the first one; one that never comes is "
      "moved forward by the gap."}},
    {"REGULAR EXPRESSIONS",
     {"Those of PCRE2, in UTF mode: . is a character, \\p{L} a letter of any script, \\d \\w \\s are ASCII. One match may "
      "take a million steps; more fails the record with match_limit."}},
};

static void
put_paragraph(struct text *out, const char *words)
{
    if (*words != ' ') {
        text_put(out, ".PP\n");
        help_roff(out, words);
        return;
    }
    text_put(out, ".PP\n.nf\n");
    help_roff(out, words);
    text_put(out, ".fi\n");
}

static void
put_functions(struct text *out)
{
    for (const struct expression_help *first = expression_help; first->name != NULL; first++) {
        const struct expression_help *before = expression_help;

        while (before < first && strcmp(before->group, first->group) != 0)
            before++;
        if (before < first)
            continue; /* its group was written there */
        text_put(out, ".SH ");
        for (const char *at = first->group; *at != '\0'; at++)
            text_char(out, (char)toupper((unsigned char)*at));
        text_char(out, '\n');
        for (const struct expression_help *help = first; help->name != NULL; help++) {
            if (strcmp(help->group, first->group) != 0)
                continue;
            text_put(out, ".TP\n.B ");
            help_roff(out, help->shape);
            help_roff(out, help->help);
            text_put(out, ".br\n");
            help_roff(out, help->example);
            text_put(out, ".br\n\\(-> ");
            help_roff(out, help->gives == NULL ? "null" : help->gives);
        }
    }
}

void
help_expressions(struct text *out)
{
    text_put(out, ".TH DAYBREAK\\-EXPRESSIONS 7 \"\" \"daybreak\" \"Miscellanea\"\n.SH NAME\ndaybreak\\-expressions \\- "
                  "expressions in a pipeline file\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        text_printf(out, ".SH %s\n", sections[i].title);
        for (size_t k = 0; k < 6 && sections[i].paragraph[k] != NULL; k++)
            put_paragraph(out, sections[i].paragraph[k]);
    }
    put_functions(out);
    text_put(out, ".SH WHAT SQLITE DOES OTHERWISE\nOn purpose and nowhere else:\n");
    for (const struct expression_difference *other = expression_differences; other->what != NULL; other++) {
        text_put(out, ".TP\n.B ");
        help_roff(out, other->what);
        text_put(out, "here ");
        help_roff(out, other->here);
        text_put(out, ".br\nSQLite: ");
        help_roff(out, other->sqlite);
        text_put(out, ".br\n");
        help_roff(out, other->why);
    }
    text_put(out, ".SH SEE ALSO\n.BR daybreak (1),\n.BR daybreak\\-pipeline (5)\n");
}
