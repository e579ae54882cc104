/* SPDX-License-Identifier: Apache-2.0 */
/* Off the road, in the comparison: the names of columns, one number for both sides. */
#include "parity_columns.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

static bool
listed(const struct daybreak_list *list, const char *name, size_t size)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->item[i]) == size && memcmp(list->item[i], name, size) == 0)
            return true;
    return false;
}

static uint32_t *
find(const struct parity_columns *columns, const char *name, size_t size)
{
    uint32_t mask = columns->room * 2 - 1;
    uint32_t at = (uint32_t)XXH3_64bits(name, size) & mask;

    while (columns->slot[at] != 0) {
        const struct parity_name *there = columns->entry[columns->slot[at] - 1];

        if (there->size == size && memcmp(there->name, name, size) == 0)
            break;
        at = (at + 1) & mask;
    }
    return &columns->slot[at];
}

static void
grow(struct parity_columns *columns)
{
    columns->room = columns->room == 0 ? 32 : columns->room * 2;
    columns->entry = memory_grow(columns->entry, columns->room * sizeof(struct parity_name *));
    free(columns->slot);
    columns->slot = memory_zero((size_t)columns->room * 2 * sizeof *columns->slot);
    for (uint32_t i = 0; i < columns->count; i++)
        *find(columns, columns->entry[i]->name, columns->entry[i]->size) = i + 1;
}

static uint32_t
add(struct parity_columns *columns, const char *name, size_t size)
{
    const struct parity_request *request = columns->request;
    struct parity_name *entry = arena_zero(columns->arena, sizeof *entry);

    if (columns->count == columns->room)
        grow(columns);
    entry->name = arena_bytes(columns->arena, name, size);
    entry->size = (uint32_t)size;
    entry->key = listed(&request->key, name, size);
    entry->compared = !entry->key && !listed(&request->ignore, name, size) &&
                      (request->columns.count == 0 || listed(&request->columns, name, size));
    columns->entry[columns->count++] = entry;
    *find(columns, name, size) = columns->count;
    return columns->count - 1;
}

void
parity_columns_init(struct parity_columns *columns, const struct parity_request *request)
{
    *columns = (struct parity_columns){.request = request, .arena = arena_new()};
    pthread_mutex_init(&columns->lock, NULL);
    grow(columns);
    for (size_t i = 0; i < request->key.count; i++)
        add(columns, request->key.item[i], strlen(request->key.item[i]));
}

void
parity_columns_fini(struct parity_columns *columns)
{
    arena_free(columns->arena);
    free(columns->entry);
    free(columns->slot);
    pthread_mutex_destroy(&columns->lock);
}

int
parity_columns_id(struct parity_columns *columns, int side, const char *name, size_t size, uint32_t *id,
                  const struct parity_name **entry, struct daybreak_fault *fault)
{
    uint32_t at;
    bool full;

    pthread_mutex_lock(&columns->lock);
    at = *find(columns, name, size);
    full = at == 0 && columns->count >= PARITY_COLUMNS_MAX;
    if (!full) {
        at = at != 0 ? at - 1 : add(columns, name, size);
        columns->entry[at]->seen[side] = true;
        *id = at;
        *entry = columns->entry[at];
    }
    pthread_mutex_unlock(&columns->lock);
    if (!full)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "there are more than %d columns", PARITY_COLUMNS_MAX);
    return fault_exit(fault, 65, "too_many_columns");
}

/* ---- what the request named and nobody has -------------------------------------------------- */

static int
unknown(const char *what, const char *name, const char *where, const char *const *have, size_t count,
        struct daybreak_fault *fault)
{
    const char *meant = text_nearest(name, have, count);
    struct text list = {0};

    fault_set(fault, DAYBREAK_HALT, "%s has %s '%s'", where, what, name);
    for (size_t i = 0; i < count && i < 20; i++) {
        if (i > 0)
            text_put(&list, ", ");
        text_printable(have[i], strlen(have[i]), 40, &list);
    }
    if (count > 20)
        text_put(&list, ", …");
    if (meant != NULL)
        fault_hint(fault, "did you mean '%s'? its columns: %s", meant, text_end(&list));
    else
        fault_hint(fault, "its columns: %s", text_end(&list));
    text_fini(&list);
    return fault_exit(fault, 64, "unknown_column");
}

int
parity_columns_lacks(const char *key, const char *const *have, size_t count, const char *side,
                     struct daybreak_fault *fault)
{
    struct text where = {0};

    text_printf(&where, "'%s'", side);
    unknown("no key column", key, text_end(&where), have, count, fault);
    text_fini(&where);
    return -1;
}

int
parity_columns_check(struct parity_columns *columns, struct daybreak_fault *fault)
{
    const struct daybreak_list *lists[] = {&columns->request->columns, &columns->request->ignore};
    const char **have = memory_need((columns->count + 1) * sizeof *have);
    size_t count = 0;
    int result = 0;

    for (uint32_t i = 0; i < columns->count; i++)
        if (columns->entry[i]->seen[0] || columns->entry[i]->seen[1])
            have[count++] = columns->entry[i]->name;
    for (int l = 0; l < 2 && result == 0; l++)
        for (size_t i = 0; i < lists[l]->count && result == 0; i++) {
            uint32_t at = *find(columns, lists[l]->item[i], strlen(lists[l]->item[i]));

            if (at == 0 || !(columns->entry[at - 1]->seen[0] || columns->entry[at - 1]->seen[1]))
                result = unknown("a column", lists[l]->item[i], "neither side", have, count, fault);
        }
    free(have);
    return result;
}
