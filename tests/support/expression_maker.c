/* SPDX-License-Identifier: Apache-2.0 */
#include "expression_maker.h"

#include <string.h>

#include "maker_cell.h"

const char *const maker_rule_entry[MAKER_RULES] = {
    [RULE_BOOLEAN] = "1 < 2",
    [RULE_DIVIDE] = "7 / 2",
    [RULE_ZERO] = "1 / 0",
    [RULE_OVERFLOW] = "9223372036854775807 + 1",
    [RULE_CAST] = "cast('12 apples' as integer)",
    [RULE_DEFINED] = "sqrt(-1)",
    [RULE_POINT] = "12.50",
    [RULE_POINT_TEXT] = "'a' || 1.50",
    [RULE_EXACT] = "0.1 + 0.2 = 0.3",
    [RULE_SIZE] = "cast(2.999 as decimal(5,2))",
    [RULE_ROUND] = "round(5)",
    [RULE_LETTERS] = "upper('é')",
    [RULE_HEX] = "hex(NULL) || 'x'",
    [RULE_REPLACE] = "replace('a', '', NULL)",
    [RULE_DATES] = "strftime('%Y', '2026-01-31')",
};

/* What the place asks of an expression that is put there. */
struct need {
    int depth;
    int products; /* that may still be multiplied within each other: doubles stay exact */
    bool exact;   /* compared, rounded or shown: no quotient, no root */
    bool ascii;   /* a text without other letters */
    bool big;     /* integers of any size */
};

/* ---- wordings ----------------------------------------------------------------------------- */

static struct made
same(const char *text)
{
    return (struct made){.ours = text, .theirs = text};
}

/* One wording for both; %1 to %3 in it stand for what was made before. */
static const char *
filled(struct maker *m, const char *form, const char *const part[3])
{
    size_t size = 1;
    char *text, *to;

    for (const char *at = form; *at != '\0'; at++)
        size += *at == '%' && at[1] >= '1' && at[1] <= '3' ? strlen(part[at[1] - '1']) : 1;
    text = to = arena_alloc(m->arena, size);
    for (const char *at = form; *at != '\0'; at++) {
        if (*at == '%' && at[1] >= '1' && at[1] <= '3') {
            const char *one = part[*++at - '1'];

            memcpy(to, one, strlen(one));
            to += strlen(one);
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    return text;
}

static struct made
bracketed(struct maker *m, struct made made)
{
    return made.open ? (struct made){.ours = PRINT(m, "(%s)", made.ours), .theirs = PRINT(m, "(%s)", made.theirs)} : made;
}

static struct made
form3(struct maker *m, const char *ours, const char *theirs, struct made a, struct made b, struct made c)
{
    struct made part[3] = {bracketed(m, a), bracketed(m, b), bracketed(m, c)};
    const char *const our_part[3] = {part[0].ours, part[1].ours, part[2].ours};
    const char *const their_part[3] = {part[0].theirs, part[1].theirs, part[2].theirs};

    return (struct made){.ours = filled(m, ours, our_part), .theirs = filled(m, theirs, their_part)};
}

static struct made
form(struct maker *m, const char *both, struct made a, struct made b)
{
    return form3(m, both, both, a, b, same(""));
}

/* As form, but both have to find out how the parts group. */
static struct made
form_open(struct maker *m, const char *both, struct made a, struct made b)
{
    const char *const our_part[3] = {a.ours, b.ours, ""}, *const their_part[3] = {a.theirs, b.theirs, ""};

    return (struct made){.ours = filled(m, both, our_part), .theirs = filled(m, both, their_part), .open = both[0] != '('};
}

/* In two wordings, or in one (theirs is empty) whose result is only looked at otherwise. */
static struct made
other(struct maker *m, enum maker_rule rule, const char *ours, const char *theirs, struct made a, struct made b)
{
    m->used[rule] = true;
    return form3(m, ours, *theirs == '\0' ? ours : theirs, a, b, same(""));
}

/* ---- what every kind has ------------------------------------------------------------------ */

static struct made make(struct maker *m, enum maker_kind kind, struct need need);

static struct need
deeper(struct need need)
{
    need.depth--;
    return need;
}

/* As deeper, for what is looked at and not passed on. */
static struct need
looked_at(struct need need)
{
    return (struct need){.depth = need.depth - 1, .products = need.products, .exact = true};
}

static struct made
any_of(struct maker *m, enum maker_kind kind, struct need need)
{
    struct made a = make(m, kind, deeper(need)), b = make(m, kind, deeper(need));
    struct made c = maker_chance(m, 30) ? make(m, kind, deeper(need)) : same("NULL");

    switch (maker_random(m, 7)) {
    case 0:
        return form3(m, "coalesce(%1, %2, %3)", "coalesce(%1, %2, %3)", a, b, c);
    case 1:
        return form(m, "ifnull(%1, %2)", a, b);
    case 2:
        return form3(m, "iif(%3, %1, %2)", "iif(%3, %1, %2)", a, b, make(m, MAKER_BOOLEAN, looked_at(need)));
    case 3:
        return form3(m, "CASE WHEN %3 THEN %1 END", "CASE WHEN %3 THEN %1 END", a, b, make(m, MAKER_BOOLEAN, looked_at(need)));
    case 4:
        return form3(m, "CASE %3 WHEN 1 THEN %1 WHEN NULL THEN NULL WHEN 2 THEN %2 ELSE %1 END",
                     "CASE %3 WHEN 1 THEN %1 WHEN NULL THEN NULL WHEN 2 THEN %2 ELSE %1 END", a, b,
                         make(m, MAKER_INTEGER, looked_at(need)));
    case 5:
        need.exact = true;
        return form(m, "nullif(%1, %2)", make(m, kind, deeper(need)), make(m, kind, deeper(need)));
    default:
        need.exact = true;
        a = make(m, kind, deeper(need));
        b = make(m, kind, deeper(need));
        return form3(m, maker_chance(m, 50) ? "max(%1, %2)" : "greatest(%1, %2)", "max(%1, %2)", a, b, c);
    }
}

/* ---- numbers ------------------------------------------------------------------------------ */

static struct made
integer_leaf(struct maker *m, struct need need)
{
    if (need.big && maker_chance(m, 40))
        return maker_chance(m, 60) ? same("cj") : same(maker_cell_extreme(m));
    if (maker_chance(m, 60))
        return same("ci");
    return same(PRINT(m, "%lld", (long long)maker_between(m, -9, 9)));
}

static struct made
integer_made(struct maker *m, struct need need)
{
    static const char *const operators[] = {"%1 + %2", "%1 - %2", "%1 * %2", "%1 % %2", "(%1 + %2)", "(%1 - %2)", "(%1 * %2)",
                                            "(%1 % %2)"};
    struct need look = looked_at(need), product = deeper(need);
    const char *operator;

    switch (maker_random(m, 13)) {
    case 0:
    case 1:
    case 2: /* without brackets both must group alike */
        operator = PICK(m, operators);
        if (strchr(operator, '*') != NULL) {
            if (need.products == 0)
                return integer_leaf(m, need);
            product.products = need.products - 1;
        }
        return form_open(m, operator, make(m, MAKER_INTEGER, product), make(m, MAKER_INTEGER, product));
    case 3:
        return form_open(m, maker_chance(m, 50) ? "(-(%1))" : "- %1", make(m, MAKER_INTEGER, deeper(need)), same(""));
    case 4:
        return form(m, maker_chance(m, 50) ? "abs(%1)" : "sign(%1)", make(m, MAKER_INTEGER, deeper(need)), same(""));
    case 5:
        return form(m, "length(%1)", make(m, MAKER_TEXT, look), same(""));
    case 6:
        return form(m, maker_chance(m, 50) ? "instr(%1, %2)" : "unicode(%1)", make(m, MAKER_TEXT, look), make(m, MAKER_TEXT, look));
    case 7:
        return form(m, "cast(%1 as integer)", make(m, maker_chance(m, 50) ? MAKER_DECIMAL : MAKER_REAL, look), same(""));
    case 8:
        return same("cast(cn as integer)");
    case 9:
        m->used[RULE_ROUND] = true;
        return form3(m, "mod(%1, %2)", "((%1) % (%2))", make(m, MAKER_INTEGER, look), make(m, MAKER_INTEGER, look), same(""));
    case 10:
        return other(m, RULE_DATES, PICK(m, ((const char *const[]){"year(%1)", "extract(year FROM %1)"})),
                     "cast(strftime('%Y', %1) as integer)",
                     make(m, maker_chance(m, 50) ? MAKER_DATE : MAKER_TIMESTAMP, look), same(""));
    case 11: {
        static const char *const field[][2] = {{"month(%1)", "cast(strftime('%m', %1) as integer)"},
                                               {"day(%1)", "cast(strftime('%d', %1) as integer)"},
                                               {"dayofyear(%1)", "cast(strftime('%j', %1) as integer)"},
                                               {"dayofweek(%1)", "cast(strftime('%w', %1) as integer)"},
                                               {"hour(%1)", "cast(strftime('%H', %1) as integer)"},
                                               {"minute(%1)", "cast(strftime('%M', %1) as integer)"},
                                               {"second(%1)", "cast(strftime('%S', %1) as integer)"}};
        size_t which = maker_random(m, sizeof field / sizeof *field);

        return other(m, RULE_DATES, field[which][0], field[which][1], make(m, which < 4 ? MAKER_DATE : MAKER_TIMESTAMP, look),
                     same(""));
    }
    default:
        return other(m, RULE_DATES, maker_chance(m, 50) ? "(%1 - %2)" : "date_diff('day', %2, %1)",
                     "cast(julianday(%1) - julianday(%2) as integer)",
                     make(m, MAKER_DATE, look), make(m, MAKER_DATE, look));
    }
}

static struct made
decimal_leaf(struct maker *m)
{
    if (maker_chance(m, 65))
        return same(maker_chance(m, 60) ? "cd" : "ce");
    return same(PRINT(m, "%lld.%s", (long long)maker_between(m, -20, 20), maker_chance(m, 50) ? "25" : "5"));
}

static struct made
decimal_made(struct maker *m, struct need need)
{
    struct need look = looked_at(need), product = deeper(need);
    enum maker_kind kind = maker_chance(m, 70) ? MAKER_DECIMAL : MAKER_INTEGER;

    switch (maker_random(m, 10)) {
    case 0:
    case 1:
        return form(m, maker_chance(m, 50) ? "(%1 + %2)" : "(%1 - %2)", make(m, MAKER_DECIMAL, deeper(need)),
                    make(m, kind, deeper(need)));
    case 2:
    case 3:
        if (need.products == 0)
            return decimal_leaf(m);
        product.products = need.products - 1;
        product.exact = true; /* a factor of a quotient has too few digits left to compare */
        return form(m, "(%1 * %2)", make(m, MAKER_DECIMAL, product), make(m, kind, product));
    case 4:
        return form(m, maker_chance(m, 50) ? "abs(%1)" : "(- %1)", make(m, MAKER_DECIMAL, deeper(need)), same(""));
    case 5: {
        /* tenths are no exact doubles, so they are not rounded or compared again */
        struct made digits = same(need.exact ? "0" : PRINT(m, "%d", (int)maker_between(m, 0, 4)));

        m->used[RULE_EXACT] |= !need.exact;
        return other(m, RULE_ROUND, "round(%1, %2)", "round(%1, %2)", make(m, MAKER_DECIMAL, look), digits);
    }
    case 6:
        if (m->math)
            return other(m, RULE_ROUND, PICK(m, ((const char *const[]){"floor(%1)", "ceil(%1)", "trunc(%1)"})), "",
                         make(m, MAKER_DECIMAL, look), same(""));
        return other(m, RULE_ROUND, "round(%1)", "round(%1)", make(m, MAKER_DECIMAL, look), same(""));
    case 7:
        return other(m, RULE_SIZE, "cast(%1 as decimal(20,4))", "cast(%1 as real)",
                     maker_chance(m, 50) ? make(m, MAKER_INTEGER, look) : decimal_leaf(m),
                     same(""));
    case 8:
        return other(m, RULE_SIZE, maker_chance(m, 50) ? "cast(cn as decimal(8,2))" : "cast(cr as decimal(14,4))", "", same(""),
                     same(""));
    default:
        if (need.exact)
            return decimal_leaf(m);
        need.exact = true; /* and so has a part of a quotient */
        return other(m, RULE_DIVIDE, "(%1 / %2)", "((%1) * 1.0 / (%2))", make(m, kind, deeper(need)),
                     make(m, maker_chance(m, 50) ? MAKER_DECIMAL : MAKER_INTEGER, deeper(need)));
    }
}

static struct made
real_made(struct maker *m, struct need need)
{
    struct need product = deeper(need);
    enum maker_kind kind = maker_chance(m, 60) ? MAKER_REAL : maker_chance(m, 50) ? MAKER_INTEGER : MAKER_DECIMAL;

    switch (maker_random(m, 6)) {
    case 0:
    case 1:
        return form(m, maker_chance(m, 50) ? "(%1 + %2)" : "(%1 - %2)", make(m, MAKER_REAL, deeper(need)), make(m, kind, deeper(need)));
    case 2:
        if (need.products == 0)
            return same("cr");
        product.products = need.products - 1;
        product.exact = true; /* a factor of a quotient has too few digits left to compare */
        return form(m, "(%1 * %2)", make(m, MAKER_REAL, product), make(m, kind, product));
    case 3:
        return form(m, maker_chance(m, 50) ? "abs(%1)" : "(- %1)", make(m, MAKER_REAL, deeper(need)), same(""));
    case 4:
        return form(m, "cast(%1 as real)", make(m, maker_chance(m, 50) ? MAKER_INTEGER : MAKER_DECIMAL, deeper(need)), same(""));
    default:
        if (need.exact)
            return same("cr");
        need.exact = true;
        if (m->math && maker_chance(m, 50))
            return form(m, "sqrt(%1)", make(m, MAKER_REAL, deeper(need)), same(""));
        return form(m, "(%1 / %2)", make(m, MAKER_REAL, deeper(need)), make(m, MAKER_REAL, deeper(need)));
    }
}

/* ---- texts -------------------------------------------------------------------------------- */

static struct made
text_leaf(struct maker *m, struct need need)
{
    const char *word;

    if (maker_chance(m, 60))
        return same(need.ascii || maker_chance(m, 40) ? "ca" : maker_chance(m, 80) ? "cs" : "cn");
    word = maker_cell_word(m, need.ascii);
    return same(strcmp(word, "'") == 0 ? "''''" : PRINT(m, "'%s'", word));
}

static struct made
text_made(struct maker *m, struct need need)
{
    struct need look = looked_at(need), ascii = deeper(need);
    struct made a = make(m, MAKER_TEXT, deeper(need)), small;

    look.depth = look.depth > 2 ? 2 : look.depth;
    switch (maker_random(m, 13)) {
    case 0:
        ascii.ascii = true;
        return other(m, RULE_LETTERS, maker_chance(m, 50) ? "upper(%1)" : "lower(%1)", "", make(m, MAKER_TEXT, ascii), same(""));
    case 1:
        return form(m, PICK(m, ((const char *const[]){"trim(%1)", "ltrim(%1)", "rtrim(%1)"})), a, same(""));
    case 2:
        return form(m, PICK(m, ((const char *const[]){"trim(%1, %2)", "ltrim(%1, %2)", "rtrim(%1, %2)"})), a,
                    make(m, MAKER_TEXT, deeper(need)));
    case 3:
        return form3(m, "substr(%1, %2, %3)", "substr(%1, %2, %3)", a, make(m, MAKER_INTEGER, look),
                     make(m, MAKER_INTEGER, look));
    case 4:
        return form(m, maker_chance(m, 50) ? "substr(%1, %2)" : "substring(%1, %2)", a, make(m, MAKER_INTEGER, look));
    case 5:
        m->used[RULE_REPLACE] = true;
        return form3(m, "replace(%1, %2, %3)", "iif(%3 IS NULL, NULL, replace(%1, %2, %3))", a,
                     make(m, MAKER_TEXT, deeper(need)), text_leaf(m, need));
    case 6:
    case 7:
        return form_open(m, maker_chance(m, 50) ? "(%1 || %2)" : "%1 || %2", a,
                         maker_chance(m, 70) ? make(m, MAKER_TEXT, deeper(need)) : same("ci"));
    case 8:
        return form(m, "cast(%1 as text)", make(m, MAKER_INTEGER, looked_at(need)), same(""));
    case 9:
        small = same(maker_chance(m, 60) ? "cd" : "ce");
        return other(m, RULE_POINT_TEXT, maker_chance(m, 50) ? "('' || %1)" : "cast(%1 as text)",
                     small.ours[1] == 'd' ? "iif(%1 IS NULL, NULL, printf('%.2f', %1))"
                         : "iif(%1 IS NULL, NULL, printf('%.3f', %1))", small, same(""));
    case 10:
        return other(m, RULE_HEX, "hex(%1)", "iif(%1 IS NULL, NULL, hex(%1))", text_leaf(m, need), same(""));
    case 11:
        small = same(PRINT(m, "%d", (int)maker_between(m, 1, 6)));
        return maker_chance(m, 50) ? form3(m, "left(%1, %2)", "substr(%1, 1, %2)", a, small, same(""))
                             : form3(m, "right(%1, %2)", "substr(%1, -%2)", a, small, same(""));
    default:
        return maker_chance(m, 50) ? form3(m, "concat(%1, %2)", "(ifnull(%1, '') || ifnull(%2, ''))", a,
                                     make(m, MAKER_TEXT, deeper(need)), same(""))
                             : same(PRINT(m, "char(%d, %d)", (int)maker_between(m, 33, 126), (int)maker_between(m, 33, 126)));
    }
}

/* ---- conditions --------------------------------------------------------------------------- */

static struct made
compared(struct maker *m, struct need need)
{
    static const char *const operators[] = {"(%1 = %2)", "(%1 == %2)", "(%1 <> %2)", "(%1 != %2)", "(%1 < %2)", "(%1 <= %2)",
                                            "(%1 > %2)", "(%1 >= %2)"};
    enum maker_kind kind = (enum maker_kind)maker_random(m, MAKER_KINDS), with = kind;
    struct need look = looked_at(need);

    if (kind <= MAKER_REAL && maker_chance(m, 40))
        with = (enum maker_kind)maker_random(m, MAKER_REAL + 1); /* numbers of two types */
    look.big = kind == MAKER_INTEGER && with == MAKER_INTEGER;
    switch (maker_random(m, 7)) {
    case 0:
    case 1:
    case 2:
        return form(m, PICK(m, operators), make(m, kind, look), make(m, with, look));
    case 3:
        return form3(m, maker_chance(m, 50) ? "(%1 IS NOT DISTINCT FROM %2)" : "(%1 IS %2)", "(%1 IS (%2))", make(m, kind, look),
                     make(m, with, look), same(""));
    case 4:
        return form3(m, maker_chance(m, 50) ? "(%1 IS DISTINCT FROM %2)" : "(%1 IS NOT %2)", "(%1 IS NOT (%2))", make(m, kind, look),
                     make(m, with, look), same(""));
    case 5: {
        struct made value = make(m, kind, look), low = make(m, with, look), high = make(m, kind, look);
        const char *both = maker_chance(m, 50) ? "(%1 BETWEEN %2 AND %3)" : "(%1 NOT BETWEEN %2 AND %3)";

        return form3(m, both, both, value, low, high);
    }
    default: {
        struct made value = make(m, kind, look), one = make(m, with, look), two = make(m, kind, look);
        static const char *const lists[] = {"(%1 IN (%2, %3))", "(%1 NOT IN (%2, %3))", "(%1 IN (%2))", "(%1 IN (%2, NULL, %3))"};
        const char *both = PICK(m, lists);

        return form3(m, both, both, value, one, two);
    }
    }
}

static struct made
like_made(struct maker *m, struct need need)
{
    static const char *const patterns[] = {"'%'", "'a%'", "'%B%'", "'_'", "'__%'", "'%é'", "''", "'A_c'", "'%a%b%'", "'%_a'",
                                           "'日%'"};
    static const char *const escaped[] = {"'%!%%'", "'!_b'", "'a!!'", "'%!%'"};
    struct made text = make(m, MAKER_TEXT, looked_at(need));

    if (maker_chance(m, 25))
        return form(m, maker_chance(m, 50) ? "(%1 LIKE %2 ESCAPE '!')" : "(%1 NOT LIKE %2 ESCAPE '!')", text, same(PICK(m, escaped)));
    return form(m, maker_chance(m, 60) ? "(%1 LIKE %2)" : "(%1 NOT LIKE %2)", text,
                maker_chance(m, 70) ? same(PICK(m, patterns)) : make(m, MAKER_TEXT, looked_at(need)));
}

static struct made
boolean_made(struct maker *m, struct need need)
{
    static const char *const asks[] = {"(%1 IS NULL)", "(%1 IS NOT NULL)", "(%1 ISNULL)", "(%1 NOTNULL)"};
    static const char *const truths[] = {"(%1 IS TRUE)", "(%1 IS NOT TRUE)", "(%1 IS FALSE)", "(%1 IS NOT FALSE)"};
    struct need look = looked_at(need);

    switch (maker_random(m, 10)) {
    case 0:
    case 1:
    case 2:
        return compared(m, need);
    case 3:
        return like_made(m, need);
    case 4:
        return form(m, PICK(m, asks), make(m, (enum maker_kind)maker_random(m, MAKER_KINDS), deeper(need)), same(""));
    case 5:
        return form(m, PICK(m, truths), make(m, MAKER_BOOLEAN, look), same(""));
    case 6:
        return form_open(m, maker_chance(m, 50) ? "NOT %1" : "(NOT (%1))", make(m, MAKER_BOOLEAN, look), same(""));
    case 7:
        return maker_chance(m, 50) ? form3(m, "contains(%1, %2)", "(instr(%1, %2) > 0)", make(m, MAKER_TEXT, look),
                                     make(m, MAKER_TEXT, look), same(""))
                             : form3(m, "starts_with(%1, %2)", "(substr(%1, 1, length(%2)) = (%2))", make(m, MAKER_TEXT, look),
                                     make(m, MAKER_TEXT, look),
                                     same(""));
    default:
        return form_open(m, PICK(m, ((const char *const[]){"%1 AND %2", "%1 OR %2", "(%1 AND %2)", "(%1 OR %2)"})),
                         make(m, MAKER_BOOLEAN, look),
                    make(m, MAKER_BOOLEAN, look));
    }
}

/* ---- dates -------------------------------------------------------------------------------- */

static struct made
date_made(struct maker *m, struct need need)
{
    struct need look = looked_at(need);

    look.products = 0;
    look.depth = look.depth > 1 ? 1 : look.depth;
    switch (maker_random(m, 5)) {
    case 0:
        return other(m, RULE_DATES, "last_day(%1)", "date(%1, 'start of month', '+1 month', '-1 day')",
                     make(m, MAKER_DATE, deeper(need)), same(""));
    case 1:
        return maker_chance(m, 50) ? other(m, RULE_DATES, "date_trunc('month', %1)", "date(%1, 'start of month')",
                                     make(m, MAKER_DATE, deeper(need)), same(""))
                             : other(m, RULE_DATES, "date_trunc('year', %1)", "date(%1, 'start of year')",
                                     make(m, MAKER_DATE, deeper(need)), same(""));
    case 2:
        return other(m, RULE_DATES, "(%1 + %2)", "date(%1, (%2) || ' days')", make(m, MAKER_DATE, deeper(need)),
                     make(m, MAKER_INTEGER, look));
    case 3:
        return other(m, RULE_DATES, "date_add(%1, %2, 'week')", "date(%1, ((%2) * 7) || ' days')",
                     make(m, MAKER_DATE, deeper(need)),
                     make(m, MAKER_INTEGER, look));
    default:
        return other(m, RULE_DATES, "date(%1)", "date(%1)", make(m, MAKER_TIMESTAMP, deeper(need)), same(""));
    }
}

static struct made
timestamp_made(struct maker *m, struct need need)
{
    static const char *const units[][2] = {{"date_add(%1, %2, 'hour')", "datetime(%1, (%2) || ' hours')"},
                                           {"date_add(%1, %2, 'minute')", "datetime(%1, (%2) || ' minutes')"},
                                           {"date_add(%1, %2, 'second')", "datetime(%1, (%2) || ' seconds')"},
                                           {"date_add(%1, %2, 'day')", "datetime(%1, (%2) || ' days')"}};
    struct need look = looked_at(need);
    size_t unit = maker_random(m, sizeof units / sizeof *units);

    look.products = 0;
    look.depth = look.depth > 1 ? 1 : look.depth;
    if (maker_chance(m, 30))
        return other(m, RULE_DATES, "timestamp(%1)", "datetime(%1)", make(m, MAKER_DATE, deeper(need)), same(""));
    if (maker_chance(m, 20))
        return other(m, RULE_DATES, "date_trunc('day', %1)", "datetime(%1, 'start of day')",
                     make(m, MAKER_TIMESTAMP, deeper(need)), same(""));
    return other(m, RULE_DATES, units[unit][0], units[unit][1], make(m, MAKER_TIMESTAMP, deeper(need)),
                 make(m, MAKER_INTEGER, look));
}

/* ---- all of them -------------------------------------------------------------------------- */

static struct made
leaf(struct maker *m, enum maker_kind kind, struct need need)
{
    const char *text;

    switch (kind) {
    case MAKER_INTEGER:
        return integer_leaf(m, need);
    case MAKER_DECIMAL:
        return decimal_leaf(m);
    case MAKER_REAL:
        return same(maker_chance(m, 70) ? "cr" : maker_chance(m, 50) ? "25e-1" : "4e0");
    case MAKER_TEXT:
        return text_leaf(m, need);
    case MAKER_BOOLEAN:
        return same(maker_chance(m, 80) ? "cb" : maker_chance(m, 50) ? "TRUE" : "FALSE");
    case MAKER_DATE:
        if (maker_chance(m, 75))
            return same("cdt");
        text = maker_cell_date(m);
        return (struct made){.ours = PRINT(m, "DATE '%s'", text), .theirs = PRINT(m, "'%s'", text)};
    default:
        if (maker_chance(m, 75))
            return same("cts");
        text = maker_cell_timestamp(m);
        return (struct made){.ours = PRINT(m, "TIMESTAMP '%s'", text), .theirs = PRINT(m, "'%s'", text)};
    }
}

static struct made
make(struct maker *m, enum maker_kind kind, struct need need)
{
    static const char *const null[MAKER_KINDS] = {"integer", "decimal(8,2)", "real", "text", "boolean", "date", "timestamp"};

    if (maker_chance(m, 3)) /* a bare NULL has no type, which its place may need */
        return (struct made){.ours = PRINT(m, "cast(NULL as %s)", null[kind]), .theirs = "NULL"};
    if (need.depth <= 0 || maker_chance(m, 15))
        return leaf(m, kind, need);
    if (maker_chance(m, 15))
        return any_of(m, kind, need);
    switch (kind) {
    case MAKER_INTEGER:
        return integer_made(m, need);
    case MAKER_DECIMAL:
        return decimal_made(m, need);
    case MAKER_REAL:
        return real_made(m, need);
    case MAKER_TEXT:
        return text_made(m, need);
    case MAKER_BOOLEAN:
        return boolean_made(m, need);
    case MAKER_DATE:
        return date_made(m, need);
    default:
        return timestamp_made(m, need);
    }
}

struct made
maker_make(struct maker *m, enum maker_kind kind, int depth)
{
    return make(m, kind, (struct need){.depth = depth, .products = 1, .big = kind == MAKER_INTEGER && maker_chance(m, 40)});
}
