/* SPDX-License-Identifier: Apache-2.0 */
/* From answers to columns of the batch: what none and many mean, and how the values of a found row get to the rows that asked. */
#include "step/lookup.h"

#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "lookup_parts.h"

static const char *
key_json(const struct lookup *lookup, const struct vector *key, uint32_t row, struct arena *arena)
{
    struct text out = {0};
    const char *copy;

    text_char(&out, '{');
    for (uint32_t k = 0; k < lookup->keys; k++) {
        if (k > 0)
            text_char(&out, ',');
        json_quote(&out, lookup->key[k], strlen(lookup->key[k]));
        text_char(&out, ':');
        lookup_cell_show(&key[k], row, true, &out);
    }
    text_char(&out, '}');
    copy = arena_bytes(arena, out.at, out.size);
    text_fini(&out);
    return copy;
}

/* "customer_id = 'C9' and region = 3" in the names of the other side, or, for a query, of the record. */
static void
key_text(const struct lookup *lookup, const struct vector *key, uint32_t row, struct text *out)
{
    for (uint32_t k = 0; k < lookup->keys; k++) {
        text_printf(out, "%s%s = ", k == 0 ? "" : " and ", lookup->query != NULL ? lookup->key[k] : lookup->from->on.value[k]);
        lookup_cell_show(&key[k], row, false, out);
    }
}

static const char *
where(const struct lookup *lookup)
{
    if (lookup->query != NULL)
        return lookup->from->path;
    return lookup->from->from == CONFIG_FROM_INPUT ? lookup->from->table : lookup_table_name(lookup->table);
}

static struct lookup_failure *
failure_add(struct lookup_failures *failures, struct arena *arena)
{
    if (failures->count == failures->room) {
        uint32_t room = failures->room == 0 ? 16 : failures->room * 2;
        struct lookup_failure *wider = arena_alloc(arena, room * sizeof *wider);

        if (failures->count > 0)
            memcpy(wider, failures->item, failures->count * sizeof *wider);
        failures->item = wider;
        failures->room = room;
    }
    return &failures->item[failures->count++];
}

static void
fail(const struct lookup *lookup, const struct vector *key, uint32_t row, const struct lookup_answer *answer, struct arena *arena,
     struct lookup_failures *failures)
{
    struct lookup_failure *failure = failure_add(failures, arena);
    struct text out = {0};

    *failure = (struct lookup_failure){.row = row, .value = key_json(lookup, key, row, arena)};
    if (answer->bad != NULL) {
        failure->reason = answer->bad->reason;
        key_text(lookup, key, row, &out);
        text_printf(&out, " in %s: %s", where(lookup), answer->bad->detail);
    } else if (answer->count == 0) {
        failure->reason = "lookup_none";
        text_printf(&out, lookup->query != NULL ? "the query finds nothing in %s for " : "nothing in %s has ", where(lookup));
        key_text(lookup, key, row, &out);
    } else {
        failure->reason = "lookup_many";
        if (lookup->query != NULL)
            text_printf(&out, "the query finds more than one row in %s for ", where(lookup));
        else
            text_printf(&out, "%u rows of %s have ", answer->count, where(lookup));
        key_text(lookup, key, row, &out);
        text_put(&out, "; `many` says which of them is meant");
    }
    failure->detail = arena_text(arena, text_end(&out));
    text_fini(&out);
}

/* An out vector before its first cell. */
static void
out_begin(struct vector *out, const struct value_type *type, uint32_t rows, struct arena *arena)
{
    size_t count = (size_t)rows + 1;

    *out = (struct vector){.type = *type, .nulls = arena_alloc(arena, count)};
    switch (type->type) {
    case DAYBREAK_TYPE_TEXT:
    case DAYBREAK_TYPE_BYTES:
        out->text = arena_alloc(arena, count * sizeof *out->text);
        break;
    case DAYBREAK_TYPE_DECIMAL:
        out->decimal = arena_alloc(arena, count * sizeof *out->decimal);
        break;
    case DAYBREAK_TYPE_REAL:
        out->real = arena_alloc(arena, count * sizeof *out->real);
        break;
    case DAYBREAK_TYPE_BOOLEAN:
    case DAYBREAK_TYPE_INTEGER:
    case DAYBREAK_TYPE_TIMESTAMP:
    case DAYBREAK_TYPE_DATE:
        out->number = arena_alloc(arena, count * sizeof *out->number);
        break;
    }
}

static struct daybreak_text
text_kept(struct daybreak_text text, struct arena *arena)
{
    if (text.size > 0)
        text.at = arena_bytes(arena, text.at, text.size);
    return text;
}

/* One column of the answers. The vectors are this run's own, made by out_begin. */
static void
gather(const struct lookup *lookup, uint32_t column, const struct lookup_answer *answer, const uint32_t *row, uint32_t count,
       struct arena *arena, const struct vector *out)
{
    enum daybreak_type type = out->type.type;
    uint8_t *nulls = (uint8_t *)out->nulls;

    for (uint32_t i = 0; i < count; i++) {
        bool there = answer[i].cell != NULL && !answer[i].null[column];
        const union lookup_cell *cell = there ? &answer[i].cell[column] : NULL;
        uint32_t r = row[i];

        nulls[r] = !there;
        if (type == DAYBREAK_TYPE_TEXT || type == DAYBREAK_TYPE_BYTES) {
            struct daybreak_text text = there ? cell->text : (struct daybreak_text){"", DAYBREAK_NULL};

            /* what a database answered may be forgotten before the batch ends */
            ((struct daybreak_text *)out->text)[r] = there && lookup->query != NULL ? text_kept(text, arena) : text;
        } else if (type == DAYBREAK_TYPE_DECIMAL) {
            ((value_int128 *)out->decimal)[r] = there ? cell->decimal : 0;
        } else if (type == DAYBREAK_TYPE_REAL) {
            ((double *)out->real)[r] = there ? cell->real : 0;
        } else {
            ((int64_t *)out->number)[r] = there ? cell->number : 0;
        }
    }
}

static bool
must_fail(const struct lookup *lookup, const struct lookup_answer *answer)
{
    return answer->bad != NULL || (answer->count == 0 && lookup->from->none == CONFIG_NONE_DEAD) ||
           (answer->count > 1 && lookup->from->many == CONFIG_MANY_DEAD);
}

int
lookup_run(struct lookup *lookup, const struct vector *key, uint32_t rows, const uint32_t *pick, uint32_t picked, struct arena *arena,
           struct vector *out, struct lookup_failures *failures, struct daybreak_fault *fault)
{
    struct lookup_answer answer[LOOKUP_GROUP];
    uint32_t row[LOOKUP_GROUP];
    int result = 0;

    for (uint32_t c = 0; c < lookup->columns; c++)
        out_begin(&out[c], &lookup->column[c].type, rows, arena);
    for (uint32_t from = 0; from < picked && result == 0; from += LOOKUP_GROUP) {
        uint32_t count = picked - from < LOOKUP_GROUP ? picked - from : LOOKUP_GROUP;

        for (uint32_t i = 0; i < count; i++)
            row[i] = pick == NULL ? from + i : pick[from + i];
        result = lookup->query != NULL ? lookup_query_find(lookup->query, key, row, count, answer, fault)
                                       : lookup_table_find(lookup->table, key, row, count, answer, fault);
        for (uint32_t i = 0; i < count && result == 0; i++)
            if (must_fail(lookup, &answer[i])) {
                fail(lookup, key, row[i], &answer[i], arena, failures);
                answer[i].cell = NULL;
            }
        for (uint32_t c = 0; c < lookup->columns && result == 0; c++)
            gather(lookup, c, answer, row, count, arena, &out[c]);
    }
    if (lookup->query != NULL)
        lookup_query_pause(lookup->query);
    return result == 0 ? 0 : fault_within(fault, "lookup '%s'", lookup->from->name);
}
