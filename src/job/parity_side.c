/* SPDX-License-Identifier: Apache-2.0 */
/* Off the road, in the comparison: what a side is (its content decides), and its rows whatever that is. */
#include "parity_side.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/fault.h"

#define WINDOW_BYTES (1u << 20)

/* ---- columns ---------------------------------------------------------------------------------- */

int
parity_side_column(struct parity_side *side, const char *name, size_t size, uint32_t *id, struct daybreak_fault *fault)
{
    const struct parity_name *entry;

    if (parity_columns_id(side->columns, side->which, name, size, id, &entry, fault) != 0)
        return fault_within(fault, "'%s'", side->name);
    if (*id >= side->room) {
        side->room = *id + 32;
        side->cell = memory_grow(side->cell, side->room * sizeof *side->cell);
        side->column = memory_grow(side->column, side->room * sizeof(struct parity_name *));
    }
    for (; side->cells <= *id; side->cells++) {
        side->cell[side->cells] = (struct daybreak_text){NULL, DAYBREAK_NULL};
        side->column[side->cells] = NULL; /* known to the other side only */
    }
    side->column[*id] = entry;
    return 0;
}

int
parity_side_keys(const struct parity_side *side, const char *const *have, size_t count, struct daybreak_fault *fault)
{
    const struct daybreak_list *key = &side->request->key;

    for (size_t k = 0; k < key->count; k++) {
        size_t i = 0;

        while (i < count && strcmp(have[i], key->item[k]) != 0)
            i++;
        if (i == count)
            return parity_columns_lacks(key->item[k], have, count, side->name, fault);
    }
    return 0;
}

/* ---- the window --------------------------------------------------------------------------------- */

void
parity_window_begin(struct parity_window *window)
{
    if (window->at == NULL) {
        window->room = WINDOW_BYTES;
        window->at = memory_need(window->room + 1);
    }
    window->begin = window->end = 0;
    window->last = false;
    window->at[0] = '\n';
}

int
parity_window_more(struct parity_window *window, struct parity_bytes *bytes, struct daybreak_fault *fault)
{
    size_t got;

    memmove(window->at, window->at + window->begin, window->end - window->begin);
    window->end -= window->begin;
    window->begin = 0;
    if (window->room - window->end < WINDOW_BYTES / 2) {
        if (window->end > PARITY_RECORD_MAX) {
            fault_set(fault, DAYBREAK_HALT, "cannot read '%s': a row is longer than %u MiB", parity_bytes_name(bytes),
                      PARITY_RECORD_MAX >> 20);
            fault_hint(fault, "is there a quote that is never closed? --quote none switches quoting off");
            return fault_exit(fault, 65, "row_too_long");
        }
        window->room *= 2;
        window->at = memory_grow(window->at, window->room + 1);
    }
    if (parity_bytes_read(bytes, window->at + window->end, window->room - window->end, &got, fault) != 0)
        return -1;
    window->end += got;
    window->last = got == 0;
    window->at[window->end] = '\n';
    return 0;
}

void
parity_window_fini(struct parity_window *window)
{
    free(window->at);
    *window = (struct parity_window){0};
}

/* ---- a side --------------------------------------------------------------------------------------- */

/* JSON lines begin with '{'; an empty file tells nothing, so its name does. */
static int
sniff(struct parity_side *side, struct daybreak_fault *fault)
{
    char start[4096];
    size_t got, at = 0;
    bool more;

    if (parity_bytes_next(side->bytes, &more, fault) != 0 ||
        parity_bytes_read(side->bytes, start, sizeof start, &got, fault) != 0)
        return -1;
    while (at < got && (start[at] == ' ' || start[at] == '\t' || start[at] == '\r' || start[at] == '\n'))
        at++;
    if (memchr(start, '\0', got) != NULL) {
        fault_set(fault, DAYBREAK_HALT, "cannot read '%s': it is no text", parity_bytes_name(side->bytes));
        fault_hint(fault, "a side is CSV or JSON lines, also packed, or FILE#TABLE of an SQLite file");
        return fault_exit(fault, 65, "no_text");
    }
    if (at < got && start[at] == '[') {
        fault_set(fault, DAYBREAK_HALT, "cannot read '%s': it is a JSON array", parity_bytes_name(side->bytes));
        fault_hint(fault, "make it JSON lines: one object a line");
        return fault_exit(fault, 65, "no_json_lines");
    }
    if (at == got)
        side->reader = strcasestr(parity_bytes_name(side->bytes), "json") != NULL ? &parity_jsonl : &parity_csv;
    else
        side->reader = start[at] == '{' ? &parity_jsonl : &parity_csv;
    return parity_bytes_rewind(side->bytes, fault);
}

int
parity_side_open(struct parity_side *side, const struct parity_request *request, struct parity_columns *columns, int which,
                 struct daybreak_fault *fault)
{
    const char *table;
    char *path;
    bool more;

    *side = (struct parity_side){.request = request, .columns = columns, .which = which, .name = request->side[which]};
    if (parity_table_split(side->name, &path, &table)) {
        free(path); /* the reader splits it again */
        side->reader = &parity_table;
        return side->reader->begin(side, fault);
    }
    if (parity_bytes_open(side->name, request->member, request->encoding[which], &side->bytes, fault) != 0 ||
        sniff(side, fault) != 0 || parity_bytes_next(side->bytes, &more, fault) != 0)
        return -1;
    return side->reader->begin(side, fault);
}

void
parity_side_close(struct parity_side *side)
{
    if (side->reader != NULL)
        side->reader->close(side);
    parity_bytes_close(side->bytes);
    free(side->cell);
    free(side->column);
    *side = (struct parity_side){0};
}

int
parity_side_rewind(struct parity_side *side, struct daybreak_fault *fault)
{
    bool more;

    if (side->bytes != NULL &&
        (parity_bytes_rewind(side->bytes, fault) != 0 || parity_bytes_next(side->bytes, &more, fault) != 0))
        return -1;
    return side->reader->begin(side, fault);
}

int
parity_side_next(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault)
{
    for (;;) {
        row->bad = NULL;
        if (side->reader->next(side, row, more, fault) != 0)
            return -1;
        row->cell = side->cell;
        row->cells = side->cells;
        if (*more || side->bytes == NULL)
            return 0;
        if (parity_bytes_next(side->bytes, more, fault) != 0)
            return -1;
        if (!*more)
            return 0;
        if (side->reader->begin(side, fault) != 0)
            return -1;
    }
}

int
parity_side_finish(struct parity_side *side, struct daybreak_fault *fault)
{
    return side->bytes != NULL ? parity_bytes_unchanged(side->bytes, fault) : 0; /* a table is read in one transaction */
}

int64_t
parity_side_estimate(const struct parity_side *side)
{
    return side->bytes != NULL ? parity_bytes_estimate(side->bytes) : 64 << 20;
}
