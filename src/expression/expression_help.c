/* SPDX-License-Identifier: Apache-2.0 */
/* What people can look up about expressions: `daybreak explain expressions`, and the manual. */
#include "expression.h"

#include <stddef.h>

#define FUNCTION(...)
#define HELP(...) {__VA_ARGS__},

const struct expression_help expression_help[] = {
#include "function_list.h"
    {.name = NULL},
};
