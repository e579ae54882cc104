/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: a member beside the data that says how many rows it has, or its SHA-256. Only what proves true of this dump is taken. */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "guess_parts.h"

/* The only member that is the table; NULL: there are several. */
static const struct guess_part *
data_of(const struct guess_sample *sample, const char *glob)
{
    const struct guess_part *found = NULL;

    for (uint32_t i = 0; i < sample->parts; i++) {
        const char *name = sample->part[i].name;

        while (strncmp(name, "./", 2) == 0)
            name += 2;
        if (!text_glob(glob, name, true))
            continue;
        if (found != NULL)
            return NULL;
        found = &sample->part[i];
    }
    return found;
}

/* The names of a member's path that an option can hold; NULL: they cannot be joined by points. */
static const char *
name_of(const struct json_tree *tree, uint32_t node, const char *above, struct arena *arena)
{
    const struct json_node *n = &tree->node[node];

    if (n->name_size == 0 || memchr(tree->source + n->name_at, '.', n->name_size) != NULL ||
        memchr(tree->source + n->name_at, '\\', n->name_size) != NULL)
        return NULL;
    return arena_printf(arena, "%s%s%.*s", above, above[0] != '\0' ? "." : "", (int)n->name_size, tree->source + n->name_at);
}

static void
look(const struct json_tree *tree, uint32_t object, const char *above, const struct guess_part *data, int64_t rows, struct guess *guess,
     int64_t *said, int depth)
{
    for (uint32_t i = tree->node[object].child; i != 0; i = tree->node[i].next) {
        const struct json_node *node = &tree->node[i];
        const char *name = name_of(tree, i, above, guess->arena);

        if (name == NULL)
            continue;
        if (node->kind == JSON_OBJECT && depth < 4)
            look(tree, i, name, data, rows, guess, said, depth + 1);
        else if (node->kind == JSON_NUMBER && guess->manifest_rows == NULL &&
                 guess_word_in(name, "rows|row|records|record|count|lines")) {
            *said = json_number(tree, i, -1);
            guess->manifest_rows = *said == rows ? name : NULL;
        } else if (node->kind == JSON_STRING && guess->manifest_sha256 == NULL && node->size == 64 && data->sha256[0] != '\0' &&
                   strncasecmp(tree->source + node->at, data->sha256, 64) == 0) {
            guess->manifest_sha256 = name;
        }
    }
}

/* It is of use after all. */
static void
note_drop(struct guess *guess, const char *member)
{
    const char *begin = arena_printf(guess->arena, "member '%s' is passed over", member);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < guess->notes; i++)
        if (strncmp(guess->note[i], begin, strlen(begin)) != 0)
            guess->note[kept++] = guess->note[i];
    guess->notes = kept;
}

void
guess_manifest_find(struct guess *guess, const struct guess_sample *sample)
{
    const struct guess_table *table = &guess->table[0];
    const struct guess_part *data;

    if (guess->tables_named || table->member == NULL || table->key.count == 0 || guess->limited)
        return;
    data = data_of(sample, table->member);
    for (uint32_t i = 0; i < sample->parts && data != NULL && guess->manifest == NULL; i++) {
        const struct guess_part *part = &sample->part[i];
        struct json_tree tree = {0};
        int64_t said = -1;
        size_t where;

        if (part == data || !part->whole || part->head_size == 0 || part->head[0] != '{')
            continue;
        if (json_parse(&tree, part->head, part->head_size, &where) == 0 && tree.node[0].kind == JSON_OBJECT)
            look(&tree, 0, "", data, table->rows, guess, &said, 0);
        json_fini(&tree);
        if (guess->manifest_rows == NULL && guess->manifest_sha256 == NULL) {
            if (said >= 0)
                guess_note(guess, "member '%s' says %lld rows, there are %lld: is this dump whole?", part->name, (long long)said,
                           (long long)table->rows);
            continue;
        }
        note_drop(guess, part->name);
        guess->manifest = guess_path_member(strncmp(part->name, "./", 2) == 0 ? part->name + 2 : part->name, guess->arena);
    }
}
