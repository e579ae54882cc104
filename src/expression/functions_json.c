/* SPDX-License-Identifier: Apache-2.0 */
/* json_extract: one value out of a JSON text, by SQLite's paths. Numbers keep their text. */
#include "functions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"

/* Kept from row to row, so that nothing is allocated for most of them. */
struct json_state {
    struct json_tree tree;
    struct text scratch;
};

/* One step of a path: a member or a place. */
struct step {
    const char *name; /* NULL: a place */
    size_t name_size;
    int64_t place;
    bool from_end;
};

/* The step at ${at}, which goes on behind it; false when it is none. */
static bool
step_read(const char **at, const char *end, struct step *step)
{
    const char *from = *at + 1, *to;

    *step = (struct step){.name = NULL};
    if (**at == '.' && from < end && *from == '"') {
        to = memchr(from + 1, '"', (size_t)(end - from - 1));
        if (to == NULL)
            return false;
        step->name = from + 1;
        step->name_size = (size_t)(to - from - 1);
        *at = to + 1;
        return true;
    }
    if (**at == '.') {
        for (to = from; to < end && *to != '.' && *to != '['; to++)
            ;
        step->name = from;
        step->name_size = (size_t)(to - from);
        *at = to;
        return to > from;
    }
    if (**at != '[')
        return false;
    if (end - from >= 2 && from[0] == '#' && from[1] == '-') {
        step->from_end = true;
        from += 2;
    }
    for (to = from; to < end && *to >= '0' && *to <= '9'; to++)
        if (step->place < INT32_MAX / 16)
            step->place = step->place * 10 + (*to - '0');
    if (to == from || to == end || *to != ']')
        return false;
    *at = to + 1;
    return true;
}

static bool
path_is_good(struct daybreak_text path)
{
    const char *at = path.at, *end = path.at + path.size;
    struct step step;

    if (path.size == 0 || *at++ != '$')
        return false;
    while (at < end)
        if (!step_read(&at, end, &step))
            return false;
    return true;
}

/* The node at the end of a good path; false: there is none. */
static bool
path_walk(struct json_state *state, struct daybreak_text path, uint32_t *node)
{
    const struct json_tree *tree = &state->tree;
    const char *at = path.at + 1, *end = path.at + path.size;

    *node = 0;
    while (at < end) {
        struct step step;

        if (!step_read(&at, end, &step))
            return false;
        if (step.name != NULL) {
            text_clear(&state->scratch);
            text_add(&state->scratch, step.name, step.name_size);
            *node = json_member(tree, *node, text_end(&state->scratch));
        } else {
            uint32_t one = tree->node[*node].child;
            int64_t place = step.place;

            if (tree->node[*node].kind != JSON_ARRAY)
                return false;
            if (step.from_end) {
                int64_t count = 0;

                for (uint32_t item = one; item != 0; item = tree->node[item].next)
                    count++;
                place = count - place;
                if (place < 0)
                    return false;
            }
            while (one != 0 && place-- > 0)
                one = tree->node[one].next;
            *node = one;
        }
        if (*node == 0)
            return false;
    }
    return true;
}

bool
functions_json_check(struct function_check *check)
{
    const struct cells *path = functions_given(check, 1);

    check->state = memory_zero(sizeof(struct json_state));
    if (path == NULL || path_is_good(path->text[0]))
        return true;
    functions_json_release(check->state);
    check->state = NULL;
    function_error(check, 1, "this is no path into a JSON text");
    snprintf(check->error->suggestion, sizeof check->error->suggestion, "paths look like '$.a.b', '$.list[0]', '$.\"a b\"'");
    return false;
}

void
functions_json_release(void *state)
{
    struct json_state *json = state;

    if (json == NULL)
        return;
    json_fini(&json->tree);
    text_fini(&json->scratch);
    free(json);
}

/* The text of an array or object without blanks between. */
static char *
put_compact(char *to, const char *at, size_t size)
{
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (!quoted && (at[i] == ' ' || at[i] == '\t' || at[i] == '\n' || at[i] == '\r'))
            continue;
        *to++ = at[i];
        if (quoted && at[i] == '\\' && i + 1 < size)
            *to++ = at[++i];
        else if (at[i] == '"')
            quoted = !quoted;
    }
    return to;
}

static void
give_node(struct function_call *call, uint32_t lane, struct json_state *state, uint32_t number)
{
    const struct json_node *node = &state->tree.node[number];
    const char *at = state->tree.source + node->at;
    char *to, *start;

    if (node->kind == JSON_NULL) {
        call->out->nulls[lane] = 1;
    } else if (node->kind == JSON_ARRAY || node->kind == JSON_OBJECT) {
        start = function_room(call, node->size);
        to = put_compact(start, at, node->size);
        call->out->text[lane] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    } else if (node->kind == JSON_STRING && node->escaped) {
        text_clear(&state->scratch);
        json_string(&state->tree, number, &state->scratch);
        start = function_room(call, state->scratch.size);
        if (state->scratch.size > 0)
            memcpy(start, state->scratch.at, state->scratch.size);
        call->out->text[lane] = (struct daybreak_text){start, (uint32_t)state->scratch.size};
        function_took(call, start + state->scratch.size);
    } else {
        call->out->text[lane] = (struct daybreak_text){at, node->size};
    }
}

void
functions_json_extract(struct function_call *call)
{
    struct json_state *state = call->state;

    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], path = call->in[1].text[i & call->in[1].mask];
        uint32_t node;
        size_t where;

        if (!path_is_good(path))
            function_fail(call, i, "bad_argument", "%s is no path into a JSON text", function_shown(call, path));
        else if (json_parse(&state->tree, in.at, in.size, &where) != 0)
            function_fail(call, i, "bad_json", "%s is no JSON at byte %zu", function_shown(call, in), where);
        else if (path_walk(state, path, &node))
            give_node(call, i, state, node);
        else
            call->out->nulls[i] = 1;
    }
}
