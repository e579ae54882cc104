/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road, in the comparison: JSON lines, one object a line, any members in any order. Numbers and literals
 * are their text, arrays and objects compact JSON with escapes written one way. Owns the window and what had to be
 * decoded.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "parity_side.h"

struct jsonl {
    struct parity_window window;
    struct json_tree tree;
    struct text decoded;  /* of this row; cells in it are set at the row's end, since it moves */
    struct text name;
    uint32_t *later;      /* columns whose cell lies in decoded, from .at = its offset */
    uint32_t later_count;
    uint32_t *follows;    /* which column came behind this one the last time */
    uint64_t *given;      /* the row that gave this column last */
    uint32_t room;
    uint64_t row;
    bool any;             /* a line was an object */
};

static void
make_room(struct parity_side *side, struct jsonl *json)
{
    uint32_t old = json->room;

    if (side->cells <= old)
        return;
    json->room = side->room;
    json->later = memory_grow(json->later, json->room * sizeof *json->later);
    json->follows = memory_grow(json->follows, json->room * sizeof *json->follows);
    json->given = memory_grow(json->given, json->room * sizeof *json->given);
    for (uint32_t i = old; i < json->room; i++) {
        json->follows[i] = 0;
        json->given[i] = 0;
    }
}

/* Members mostly come in the order of the row before. */
static int
column_of(struct parity_side *side, struct jsonl *json, uint32_t before, const char *name, size_t size, uint32_t *id,
          struct daybreak_fault *fault)
{
    uint32_t guess = before < json->room ? json->follows[before] : 0;

    if (memchr(name, '\\', size) != NULL) {
        text_clear(&json->name);
        size = json_unescape(name, size, text_room(&json->name, size));
        name = json->name.at;
    }
    if (guess < side->cells && side->column[guess] != NULL && side->column[guess]->size == size &&
        memcmp(side->column[guess]->name, name, size) == 0) {
        *id = guess;
        return 0;
    }
    if (parity_side_column(side, name, size, id, fault) != 0)
        return -1;
    make_room(side, json);
    json->follows[before] = *id;
    return 0;
}

/* Blanks between tokens go, strings are decoded and written anew. */
static void
compact(const char *at, size_t size, struct text *out)
{
    const char *end = at + size;

    while (at < end) {
        const char *start = at;

        if (*at == '"') {
            char *plain;

            for (at++; *at != '"'; at++)
                if (*at == '\\')
                    at++;
            plain = memory_need((size_t)(at - start));
            json_quote(out, plain, json_unescape(start + 1, (size_t)(at - start - 1), plain));
            free(plain);
            at++;
        } else if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
            at++;
        } else {
            text_char(out, *at++);
        }
    }
}

static void
set_cell(struct parity_side *side, struct jsonl *json, uint32_t id, const struct json_node *node)
{
    const char *at = json->tree.source + node->at;
    size_t start = json->decoded.size;

    if (node->kind == JSON_NULL) {
        side->cell[id] = (struct daybreak_text){NULL, DAYBREAK_NULL};
    } else if (node->kind == JSON_ARRAY || node->kind == JSON_OBJECT || (node->kind == JSON_STRING && node->escaped)) {
        if (node->kind == JSON_STRING)
            json->decoded.size += json_unescape(at, node->size, text_room(&json->decoded, node->size));
        else
            compact(at, node->size, &json->decoded);
        side->cell[id] = (struct daybreak_text){(const char *)start, (uint32_t)(json->decoded.size - start)};
        json->later[json->later_count++] = id;
    } else {
        side->cell[id] = (struct daybreak_text){at, node->size};
    }
}

static int
read_line(struct parity_side *side, struct jsonl *json, const char *line, size_t size, struct parity_row *row,
          struct daybreak_fault *fault)
{
    size_t where;

    for (uint32_t i = 0; i < side->cells; i++)
        side->cell[i] = (struct daybreak_text){NULL, DAYBREAK_NULL};
    json->row++;
    if (json_parse(&json->tree, line, size, &where) != 0 || json->tree.node[0].kind != JSON_OBJECT) {
        if (!json->any) { /* not one good line yet: it is no JSON lines at all */
            fault_set(fault, DAYBREAK_HALT, "cannot read '%s': its first line is no JSON object",
                      parity_bytes_name(side->bytes));
            fault_hint(fault, "JSON lines have one whole object a line");
            return fault_exit(fault, 65, "no_json_lines");
        }
        row->bad = "the line is no JSON object";
        return 0;
    }
    json->any = true;
    text_clear(&json->decoded);
    json->later_count = 0;
    for (uint32_t at = json->tree.node[0].child, before = 0, id; at != 0; at = json->tree.node[at].next, before = id) {
        const struct json_node *node = &json->tree.node[at];

        if (column_of(side, json, before, line + node->name_at, node->name_size, &id, fault) != 0)
            return -1;
        if (json->given[id] == json->row) {
            row->bad = "one member comes twice";
            continue;
        }
        json->given[id] = json->row;
        set_cell(side, json, id, node);
    }
    for (uint32_t i = 0; i < json->later_count; i++) {
        struct daybreak_text *cell = &side->cell[json->later[i]];

        cell->at = json->decoded.at + (size_t)cell->at;
    }
    return 0;
}

static int
jsonl_next(struct parity_side *side, struct parity_row *row, bool *more, struct daybreak_fault *fault)
{
    struct jsonl *json = side->self;
    struct parity_window *window = &json->window;
    size_t seen = 0; /* bytes of this line that hold no line end */

    for (;;) {
        char *line = window->at + window->begin, *end = memchr(line + seen, '\n', window->end - window->begin - seen);

        if (end == NULL && !window->last) {
            seen = window->end - window->begin;
            if (parity_window_more(window, side->bytes, fault) != 0)
                return -1;
            continue;
        }
        *more = window->begin < window->end;
        if (!*more)
            return 0;
        if (end == NULL)
            end = window->at + window->end;
        window->begin = (size_t)(end - window->at) + (end < window->at + window->end);
        while (line < end && (*line == ' ' || *line == '\t' || *line == '\r'))
            line++;
        seen = 0;
        if (line < end && row->skip)
            return 0;
        if (line < end)
            return read_line(side, json, line, (size_t)(end - line), row, fault);
    }
}

static int
jsonl_begin(struct parity_side *side, struct daybreak_fault *fault)
{
    struct jsonl *json = side->self;

    (void)fault;
    if (json == NULL) {
        json = side->self = memory_zero(sizeof *json);
        for (size_t k = 0; k < side->request->key.count; k++) { /* so that every row has cells for the key */
            uint32_t id;

            if (parity_side_column(side, side->request->key.item[k], strlen(side->request->key.item[k]), &id, fault) != 0)
                return -1;
        }
        make_room(side, json);
    }
    parity_window_begin(&json->window);
    return 0;
}

static void
jsonl_close(struct parity_side *side)
{
    struct jsonl *json = side->self;

    if (json == NULL)
        return;
    parity_window_fini(&json->window);
    json_fini(&json->tree);
    text_fini(&json->decoded);
    text_fini(&json->name);
    free(json->later);
    free(json->follows);
    free(json->given);
    free(json);
}

const struct parity_reader parity_jsonl = {.nulls = true, .fixed = false, .begin = jsonl_begin, .next = jsonl_next,
                                           .close = jsonl_close};
