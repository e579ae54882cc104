/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as a file's country writes them: a decimal comma, marks between groups of digits. Strict, because 1.234 is two numbers, and
 * a row that is set aside does less harm than one that is a thousand times too large.
 */
#include "record/value.h"

#include <string.h>

#include "digits.h"

/* Bytes of the mark between groups that stands at ${at}; 0: none does. */
static size_t
group_mark(char thousands, const char *at, const char *end)
{
    static const struct {
        char of;
        const char *also;
    } wide[] = {{' ', "\xc2\xa0"}, {' ', "\xe2\x80\xaf"}, {' ', "\xe2\x80\x89"}, {'\'', "\xe2\x80\x99"}};

    if (thousands == '\0' || digit_of(*at) <= 9)
        return 0;
    if (*at == thousands)
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t size = strlen(wide[i].also);

        if (wide[i].of == thousands && (size_t)(end - at) >= size && memcmp(at, wide[i].also, size) == 0)
            return size;
    }
    return 0;
}

bool
value_plain(struct value_style style, const char *at, size_t size, char *to, size_t *length)
{
    const char *end = at + size, *mark = NULL;
    const char *const room = to + VALUE_ROOM;
    char *const begin = to;
    size_t mark_size = 0;
    unsigned run = 0; /* digits since the last mark */

    if (at < end && (*at == '-' || *at == '+'))
        *to++ = *at++;
    for (const char *first = at; at < end && to < room;) {
        size_t here;

        if (digit_of(*at) <= 9) {
            *to++ = *at++;
            run++;
            continue;
        }
        here = group_mark(style.thousands, at, end);
        if (here == 0)
            break;
        if (mark == NULL ? run < 1 || run > 3 || *first == '0' : run != 3 || here != mark_size || memcmp(at, mark, here) != 0)
            return false;
        mark = at;
        mark_size = here;
        at += here;
        run = 0;
    }
    if ((mark != NULL && run != 3) || (size_t)(end - at) > (size_t)(room - to))
        return false;
    if (style.comma && memchr(at, '.', (size_t)(end - at)) != NULL)
        return false;
    for (; at < end; at++)
        *to++ = style.comma && *at == ',' ? '.' : *at;
    *length = (size_t)(to - begin);
    return true;
}
