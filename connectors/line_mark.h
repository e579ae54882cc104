/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart points of text formats, as text: "LINE:BYTE[:ROWS][~STATE]". LINE (from 1) and BYTE are where the next record begins in
 * the part, in decoded bytes; ROWS is how many rows came before it, where a trailer will be asked for that; STATE is there when BYTE
 * lies inside a record that was too long: what the byte belongs to, so that its rest is passed over. Marks are ordered by BYTE.
 */
#ifndef LINE_MARK_H
#define LINE_MARK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct line_mark {
    uint64_t line, byte, rows;
    bool counted; /* rows is known */
    char state;   /* 0: byte is the beginning of a record */
};

static inline bool
line_mark_number(const char **text, uint64_t *number)
{
    const char *at = *text;

    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*at - '0'), number))
            return false;
    if (at == *text)
        return false;
    *text = at;
    return true;
}

/** line_mark_read(text, mark): false when ${text} is no mark. */
static inline bool
line_mark_read(const char *text, struct line_mark *mark)
{
    *mark = (struct line_mark){0};
    if (!line_mark_number(&text, &mark->line) || *text++ != ':' || !line_mark_number(&text, &mark->byte))
        return false;
    if (*text == ':') {
        text++;
        if (!line_mark_number(&text, &mark->rows))
            return false;
        mark->counted = true;
    }
    if (*text == '~' && text[1] != '\0') {
        mark->state = text[1];
        text += 2;
    }
    return *text == '\0' && mark->line > 0;
}

/** line_mark_write(mark, to, room): false when it does not fit. */
static inline bool
line_mark_write(const struct line_mark *mark, char *to, size_t room)
{
    char rows[24] = "", state[4] = "";
    int size;

    if (mark->counted)
        snprintf(rows, sizeof rows, ":%" PRIu64, mark->rows);
    if (mark->state != 0)
        snprintf(state, sizeof state, "~%c", mark->state);
    size = snprintf(to, room, "%" PRIu64 ":%" PRIu64 "%s%s", mark->line, mark->byte, rows, state);
    return size > 0 && (size_t)size < room;
}

/** line_mark_compare(a, b): by BYTE; what is no mark, as the empty one, stands at the beginning. */
static inline int
line_mark_compare(const char *a, const char *b)
{
    struct line_mark left, right;

    if (!line_mark_read(a, &left))
        left.byte = 0;
    if (!line_mark_read(b, &right))
        right.byte = 0;
    return (left.byte > right.byte) - (left.byte < right.byte);
}

/* Memory running out ends the process: every crash is safe. */
static inline void *
line_grow(void *old, size_t bytes)
{
    void *grown = realloc(old, bytes > 0 ? bytes : 1);

    if (grown == NULL)
        abort();
    return grown;
}

#endif
