/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: what went wrong, in words, and what the caller may do next. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* Into ${to}, cut at its room but never in the middle of a character. */
static void
copy_cut(char *to, size_t room, const char *text, size_t size)
{
    size = text_utf8_cut(text, size, room - 1);
    memmove(to, text, size);
    to[size] = '\0';
}

/* Formatted apart first: the arguments may be texts of the fault itself. */
__attribute__((format(printf, 3, 0))) static size_t
format_to(char *to, size_t room, const char *format, va_list args)
{
    int size = vsnprintf(to, room, format, args);

    if (size < 0)
        return 0;
    return (size_t)size < room ? (size_t)size : text_utf8_cut(to, room - 1, room - 2);
}

int
fault_set(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
{
    char story[DAYBREAK_WHAT_MAX + 1];
    va_list args;
    size_t size;

    va_start(args, what);
    size = format_to(story, sizeof(story), what, args);
    va_end(args);
    fault->kind = kind;
    fault->status = 0;
    fault->code[0] = '\0';
    fault->hint[0] = '\0';
    copy_cut(fault->what, sizeof(fault->what), story, size);
    return -1;
}

int
fault_exit(struct daybreak_fault *fault, int status, const char *code)
{
    fault->status = status;
    copy_cut(fault->code, sizeof(fault->code), code, strlen(code));
    return -1;
}

int
fault_within(struct daybreak_fault *fault, const char *where, ...)
{
    char story[2 * DAYBREAK_WHAT_MAX + 2];
    va_list args;
    size_t size, old = strnlen(fault->what, sizeof(fault->what));

    va_start(args, where);
    size = format_to(story, DAYBREAK_WHAT_MAX, where, args);
    va_end(args);
    memcpy(story + size, ": ", 2);
    memcpy(story + size + 2, fault->what, old);
    copy_cut(fault->what, sizeof(fault->what), story, size + 2 + old);
    return -1;
}

int
fault_hint(struct daybreak_fault *fault, const char *hint, ...)
{
    char advice[DAYBREAK_HINT_MAX + 1];
    va_list args;
    size_t size;

    va_start(args, hint);
    size = format_to(advice, sizeof(advice), hint, args);
    va_end(args);
    copy_cut(fault->hint, sizeof(fault->hint), advice, size);
    return -1;
}

int
fault_status(const struct daybreak_fault *fault)
{
    if (fault->status != 0)
        return fault->status;
    switch (fault->kind) {
    case DAYBREAK_RETRY:
        return 69;
    case DAYBREAK_ASIDE:
        return 3;
    case DAYBREAK_HALT:
        return 78;
    case DAYBREAK_NO_FAULT:
        return 0;
    }
    return 70; /* a kind this side does not know */
}
