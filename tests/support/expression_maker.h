/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_MAKER_H
#define EXPRESSION_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * Random expressions of a wanted type, in two wordings: ours, and SQLite's for the same thing. Where the two differ on purpose
 * the wording of SQLite's is changed so that it computes what we mean; each such place is a rule that names its entry of
 * expression_differences.
 */
enum maker_kind { MAKER_INTEGER, MAKER_DECIMAL, MAKER_REAL, MAKER_TEXT, MAKER_BOOLEAN, MAKER_DATE, MAKER_TIMESTAMP, MAKER_KINDS };

enum maker_rule {
    RULE_BOOLEAN, RULE_DIVIDE, RULE_ZERO, RULE_OVERFLOW, RULE_CAST, RULE_DEFINED, RULE_POINT, RULE_POINT_TEXT, RULE_EXACT, RULE_SIZE,
    RULE_ROUND, RULE_LETTERS, RULE_HEX, RULE_REPLACE, RULE_DATES, MAKER_RULES,
};
extern const char *const maker_rule_entry[MAKER_RULES]; /* `what` of the entry */

struct maker {
    uint64_t state;      /* of the generator */
    struct arena *arena; /* of the expression at hand */
    bool math;           /* SQLite has floor, ceil, trunc, sqrt */
    bool used[MAKER_RULES];
};

struct made {
    const char *ours, *theirs;
    bool open; /* an operator without brackets around: only put where any grouping has the same types */
};

/** maker_make(maker, kind, depth): an expression of that kind, at most so deep. */
struct made maker_make(struct maker *maker, enum maker_kind kind, int depth);

#endif
