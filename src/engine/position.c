/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoint's text: what the engine writes into targets and reads back at the next start. */
#include "engine/position.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"

void
position_write(const struct position *position, struct text *out)
{
    struct json json;

    json_init(&json, out, false);
    json_array(&json, NULL);
    json_text(&json, NULL, position->order);
    json_text(&json, NULL, position->digest);
    json_text(&json, NULL, position->part);
    json_text(&json, NULL, position->mark);
    if (position->files > 0) {
        json_array(&json, NULL);
        for (uint32_t i = 0; i < position->files; i++) {
            const struct position_file *file = &position->file[i];

            json_object(&json, NULL);
            json_text(&json, "id", file->id);
            json_text(&json, "mark", file->mark);
            json_int(&json, "bytes", (int64_t)file->bytes);
            json_text(&json, "head", file->head);
            json_text(&json, "tail", file->tail);
            json_text(&json, "name", file->name);
            json_close(&json);
        }
        json_close(&json);
    }
    json_close(&json);
}

static const char *
text_of(const struct json_tree *tree, uint32_t node, struct arena *arena)
{
    struct text text = {0};
    const char *copy;

    if (node == 0)
        return "";
    json_string(tree, node, &text);
    copy = arena_bytes(arena, text_end(&text), text.size);
    text_fini(&text);
    return copy;
}

static void
member_copy(const struct json_tree *tree, uint32_t node, const char *name, char *to, size_t room)
{
    uint32_t member = json_member(tree, node, name);
    struct text text = {0};

    if (member != 0)
        json_string(tree, member, &text);
    snprintf(to, room, "%s", text_end(&text));
    text_fini(&text);
}

bool
position_read(const char *text, struct arena *arena, struct position *position)
{
    struct json_tree tree = {0};
    const char *part[4] = {"", "", "", ""};
    uint32_t node, i = 0;
    size_t where;

    memset(position, 0, sizeof *position);
    position->order = position->digest = position->part = position->mark = "";
    if (text[0] == '\0')
        return true;
    if (json_parse(&tree, text, strlen(text), &where) != 0 || tree.node[0].kind != JSON_ARRAY) {
        json_fini(&tree);
        return false;
    }
    for (node = tree.node[0].child; node != 0 && i < 4; node = tree.node[node].next)
        part[i++] = text_of(&tree, node, arena);
    position->order = part[0];
    position->digest = part[1];
    position->part = part[2];
    position->mark = part[3];
    if (node != 0 && tree.node[node].kind == JSON_ARRAY) {
        for (uint32_t f = tree.node[node].child; f != 0; f = tree.node[f].next)
            position->room++;
        position->room += 16;
        position->file = arena_zero(arena, position->room * sizeof *position->file);
        for (uint32_t f = tree.node[node].child; f != 0; f = tree.node[f].next) {
            struct position_file *file = &position->file[position->files++];

            member_copy(&tree, f, "id", file->id, sizeof file->id);
            member_copy(&tree, f, "mark", file->mark, sizeof file->mark);
            member_copy(&tree, f, "head", file->head, sizeof file->head);
            member_copy(&tree, f, "tail", file->tail, sizeof file->tail);
            file->bytes = (uint64_t)json_number(&tree, json_member(&tree, f, "bytes"), 0);
            file->name = text_of(&tree, json_member(&tree, f, "name"), arena);
        }
    }
    json_fini(&tree);
    return true;
}

bool
position_finished(const struct position *position)
{
    return strcmp(position->mark, "end") == 0 || position_withheld(position);
}

bool
position_withheld(const struct position *position)
{
    return strcmp(position->mark, "withheld") == 0;
}
