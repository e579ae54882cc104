/* SPDX-License-Identifier: Apache-2.0 */
/* Between the evaluator and the functions: what a function may call. */
#include "function.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "evaluation.h"
#include "token.h"

const struct function *
function_find(const char *name, size_t size)
{
    for (const struct function *function = function_table; function->name != NULL; function++)
        if (strlen(function->name) == size && strncasecmp(function->name, name, size) == 0)
            return function;
    return NULL;
}

bool
function_error(struct function_check *check, uint32_t argument, const char *what, ...)
{
    char text[sizeof check->error->what];
    va_list args;

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    check->wrong = argument;
    return token_error(check->error, "expression-type", 0, 0, "%s", text); /* the caller knows the place */
}

void
function_fail(struct function_call *call, uint32_t lane, const char *reason, const char *detail, ...)
{
    va_list args;

    call->out->nulls[lane] = 1;
    va_start(args, detail);
    evaluation_vfail(call->evaluation, lane, reason, detail, args);
    va_end(args);
}

const char *
function_shown(struct function_call *call, struct daybreak_text text)
{
    return evaluation_text_shown(call->evaluation, text);
}

bool
function_fits(struct function_call *call, uint32_t lane, uint64_t size, uint64_t limit)
{
    if (size <= limit)
        return true;
    function_fail(call, lane, "text_too_long", "a text of %llu bytes: at most %llu MiB can be made here", (unsigned long long)size,
                  (unsigned long long)(limit >> 20));
    return false;
}

char *
function_room_more(struct function_call *call, size_t bytes)
{
    char *room = evaluation_room_more(call->evaluation, bytes);

    call->room = room;
    call->room_end = call->evaluation->room_end;
    return room;
}
