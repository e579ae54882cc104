/* SPDX-License-Identifier: Apache-2.0 */
#include "maker_cell.h"

const char *const maker_cell_column[MAKER_COLUMNS] = {"ci", "cj", "cd", "ce", "cr", "cs", "ca", "cn", "cb", "cdt", "cts"};
const char *const maker_cell_type[MAKER_COLUMNS] = {"integer", "integer", "decimal(8,2)", "decimal(9,3)", "real", "text",
                                                      "text",    "text",    "boolean",      "date",         "timestamp"};

static const char *const words[] = {"", "a", "B", "abc", "ABC", "a b", " ab ", "xyz", "Aa%", "_b", "10", "-7", "hello world",
                                    "'", "a-b-c", "aaaa"};
static const char *const letters[] = {"é", "É", "straße", "日本語", "añb", "\xf0\x9f\x98\x80x", "e\xcc\x81", "ΑΣ", "ünï"};
static const char *const extremes[] = {"9223372036854775807", "-9223372036854775808", "9223372036854775806", "4294967296", "-1",
                                       "0", "3037000500"};

const char *
maker_cell_date(struct maker *m)
{
    static const char *const special[] = {"2024-02-29", "2023-12-31", "2000-01-01", "1970-01-01", "1900-03-01", "2100-02-28",
                                          "2021-01-03"};

    if (maker_chance(m, 40))
        return PICK(m, special);
    return PRINT(m, "%04d-%02d-%02d", (int)maker_between(m, 1850, 2150), (int)maker_between(m, 1, 12), (int)maker_between(m, 1, 28));
}

const char *
maker_cell_timestamp(struct maker *m)
{
    return PRINT(m, "%s %02d:%02d:%02d", maker_cell_date(m), (int)maker_between(m, 0, 23), (int)maker_between(m, 0, 59), (int)maker_between(m, 0, 59));
}

const char *
maker_cell_word(struct maker *m, bool ascii)
{
    return ascii || maker_chance(m, 60) ? PICK(m, words) : PICK(m, letters);
}

const char *
maker_cell_extreme(struct maker *m)
{
    return PICK(m, extremes);
}

const char *
maker_cell(struct maker *m, int column)
{
    if (maker_chance(m, 15))
        return NULL;
    switch (column) {
    case 0:
        return PRINT(m, "%lld", (long long)maker_between(m, -12, 12));
    case 1:
        return maker_chance(m, 50) ? PICK(m, extremes) : PRINT(m, "%lld", (long long)maker_between(m, -1000000, 1000000));
    case 2:
        return PRINT(m, "%s%lld.%s", maker_chance(m, 30) ? "-" : "", (long long)maker_between(m, 0, 300),
                     maker_chance(m, 50) ? "00" : maker_chance(m, 50) ? "50" : "25");
    case 3:
        return PRINT(m, "%s%lld.%03d", maker_chance(m, 30) ? "-" : "", (long long)maker_between(m, 0, 40), (int)maker_between(m, 0, 7) * 125);
    case 4:
        return PRINT(m, "%s%lld.%s", maker_chance(m, 30) ? "-" : "", (long long)maker_between(m, 0, 500), maker_chance(m, 50) ? "5" : "0");
    case 5:
        return maker_chance(m, 50) ? PICK(m, words) : PICK(m, letters);
    case 6:
        return PICK(m, words);
    case 7:
        return maker_chance(m, 20) ? PICK(m, words) : PRINT(m, "%lld", (long long)maker_between(m, -99, 99));
    case 8:
        return maker_chance(m, 50) ? "true" : "false";
    case 9:
        return maker_cell_date(m);
    default:
        return maker_cell_timestamp(m);
    }
}
