/* SPDX-License-Identifier: Apache-2.0 */
/* What is about to land, in words that survive a crash. */
#include "sink/intent.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"

#define STORY_TEXTS(X)                                                                             \
    X(pipeline) X(pipeline_id) X(pipeline_version) X(handoff) X(run) X(connector) X(source) X(input) X(part) X(table) \
    X(time_basis) X(trace)
#define STORY_NUMBERS(X) X(batch) X(visible_at) X(read_at) X(ready_at) X(loaded_at)

void
intent_write(const struct daybreak_batch_row *row, uint32_t rows, struct text *out)
{
    struct json json;

    json_init(&json, out, false);
    json_array(&json, NULL);
    for (uint32_t i = 0; i < rows; i++) {
        json_object(&json, NULL);
#define X(name) json_text(&json, #name, row[i].story->name);
        STORY_TEXTS(X)
#undef X
#define X(name) json_int(&json, #name, row[i].story->name);
        STORY_NUMBERS(X)
#undef X
        json_text(&json, "first", row[i].first);
        json_text(&json, "last", row[i].last);
        json_int(&json, "changes", row[i].changes);
        json_object(&json, "counts");
#define X(name) json_int(&json, #name, row[i].counts.name);
        DAYBREAK_COUNTS(X)
#undef X
        json_close(&json);
        json_close(&json);
    }
    json_close(&json);
}

static const char *
text_of(const struct json_tree *tree, uint32_t node, const char *name, struct arena *arena)
{
    uint32_t member = json_member(tree, node, name);
    struct text text = {0};
    const char *copy;

    if (member == 0 || tree->node[member].kind == JSON_NULL)
        return NULL;
    json_string(tree, member, &text);
    copy = arena_bytes(arena, text_end(&text), text.size);
    text_fini(&text);
    return copy;
}

static int64_t
number_of(const struct json_tree *tree, uint32_t node, const char *name)
{
    uint32_t member = json_member(tree, node, name);

    return member == 0 ? 0 : json_number(tree, member, 0);
}

static void
row_read(const struct json_tree *tree, uint32_t node, struct arena *arena, struct daybreak_batch_row *row)
{
    struct daybreak_story *story = arena_zero(arena, sizeof *story);
    uint32_t counts = json_member(tree, node, "counts");

    story->size = sizeof *story;
#define X(name) story->name = text_of(tree, node, #name, arena);
    STORY_TEXTS(X)
#undef X
#define X(name) story->name = number_of(tree, node, #name);
    STORY_NUMBERS(X)
#undef X
    *row = (struct daybreak_batch_row){.size = sizeof *row, .story = story,
                                       .first = text_of(tree, node, "first", arena),
                                       .last = text_of(tree, node, "last", arena),
                                       .changes = number_of(tree, node, "changes")};
    row->counts.size = sizeof row->counts;
#define X(name) row->counts.name = counts == 0 ? 0 : number_of(tree, counts, #name);
    DAYBREAK_COUNTS(X)
#undef X
}

int
intent_read(const char *json, size_t size, struct arena *arena, struct daybreak_batch_row **row, uint32_t *rows)
{
    struct json_tree tree = {0};
    size_t where;
    uint32_t count = 0;

    if (json_parse(&tree, json, size, &where) != 0 || tree.node[0].kind != JSON_ARRAY) {
        json_fini(&tree);
        return -1;
    }
    for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next)
        count++;
    *row = arena_alloc(arena, (count + 1) * sizeof **row);
    *rows = count;
    count = 0;
    for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next)
        row_read(&tree, node, arena, &(*row)[count++]);
    json_fini(&tree);
    return 0;
}
