/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of expressions, asserted: apart from the kit, which programs without Check use too. */
#include "expression_kit.h"

#include <check.h>
#include <string.h>

static const char *
shown(const char *column)
{
    return column == NULL ? "-" : column;
}

void
kit_expect(const char *zone, const struct kit_expected *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *gives = kit_over(zone, list[i].expression, list[i].columns);

        ck_assert_msg(strcmp(gives, list[i].gives) == 0, "%s over %s, %s, %s gives\n  %s, not\n  %s", list[i].expression,
                      shown(list[i].columns[0]), shown(list[i].columns[1]), shown(list[i].columns[2]), gives, list[i].gives);
    }
}
