/* SPDX-License-Identifier: Apache-2.0 */
/* The functions by name, for the checker of expressions. */
#include "function.h"

#include "functions.h"

#define FUNCTION(...) {__VA_ARGS__},
#define HELP(...)

const struct function function_table[] = {
#include "function_list.h"
    {.name = NULL},
};
