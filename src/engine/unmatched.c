/* SPDX-License-Identifier: Apache-2.0 */
/* A path that matches nothing: walked along its folders until one is not there, or up to the files that have other names. */
#include "engine/unmatched.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "config/node.h"

#define NAMES_MOST 2000
#define NAMES_SHOWN 3

/* What lies in a folder. */
struct listing {
    const char *name[NAMES_MOST];
    size_t count;
    struct dirent **entry;
    int entries;
};

static void
listing_read(const char *folder, struct listing *listing)
{
    listing->count = 0;
    listing->entries = scandir(folder, &listing->entry, NULL, alphasort);
    for (int i = 0; i < listing->entries && listing->count < NAMES_MOST; i++)
        if (listing->entry[i]->d_name[0] != '.')
            listing->name[listing->count++] = listing->entry[i]->d_name;
}

static void
listing_fini(struct listing *listing)
{
    for (int i = 0; i < listing->entries; i++)
        free(listing->entry[i]);
    if (listing->entries >= 0)
        free(listing->entry);
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
names_hint(const char *folder, const char *last, const struct listing *listing, struct daybreak_fault *fault)
{
    const char *nearest = text_nearest(last, listing->name, listing->count);
    struct text shown = {0};

    if (listing->count == 0) {
        fault_hint(fault, "'%s' is empty: did the export run, and does it write there?", folder);
        return;
    }
    for (size_t i = 0; i < listing->count && i < NAMES_SHOWN; i++) {
        text_put(&shown, i == 0 ? "" : ", ");
        text_printable(listing->name[i], strlen(listing->name[i]), 60, &shown);
    }
    if (listing->count > NAMES_SHOWN)
        text_printf(&shown, " and %zu more", listing->count - NAMES_SHOWN);
    if (nearest != NULL)
        fault_hint(fault, "in '%s' nothing is called '%s': did you mean '%s'?", folder, last, nearest);
    else
        fault_hint(fault, "in '%s' nothing is called '%s': there %s %s", folder, last, listing->count == 1 ? "is" : "are",
                   text_end(&shown));
    text_fini(&shown);
}

void
unmatched_hint(const struct config *config, struct daybreak_fault *fault)
{
    const struct config_node *node = node_member(config->source.extract.node, "path");
    char folder[PATH_MAX], next[2 * PATH_MAX];
    struct listing listing;
    const char *at;

    fault_hint(fault, "is source.path relative to %s?", config->dir);
    if (node == NULL || node->kind != CONFIG_SCALAR || node->hidden || strlen(node->text) >= PATH_MAX / 2 ||
        strlen(config->dir) >= PATH_MAX / 2)
        return;
    snprintf(folder, sizeof folder, "%s", node->text[0] == '/' ? "" : config->dir);
    for (at = node->text + strspn(node->text, "/");;) { /* folder by folder, as far as the path is plain */
        size_t size = strcspn(at, "/");
        char part[PATH_MAX];
        bool last = at[size] == '\0' || at[size + strspn(at + size, "/")] == '\0';

        snprintf(part, sizeof part, "%.*s", (int)size, at);
        snprintf(next, sizeof next, "%s/%s", folder, part);
        if (last && is_folder(next)) {
            listing_read(next, &listing);
            fault_hint(fault, "'%s' is a folder: name the files in it, such as %.200s/%s", next, node->text,
                       listing.count > 0 ? listing.name[0] : "*.csv");
            listing_fini(&listing);
            return;
        }
        if (last || strpbrk(part, "*?[%") != NULL) {
            listing_read(folder[0] == '\0' ? "/" : folder, &listing);
            names_hint(folder[0] == '\0' ? "/" : folder, at, &listing, fault);
            listing_fini(&listing);
            return;
        }
        if (!is_folder(next)) {
            const char *nearest;

            listing_read(folder[0] == '\0' ? "/" : folder, &listing);
            nearest = text_nearest(part, listing.name, listing.count);
            if (nearest != NULL)
                fault_hint(fault, "there is no folder '%s': did you mean '%s'?", next, nearest);
            else
                fault_hint(fault, "there is no folder '%s'; source.path is relative to the pipeline file", next);
            listing_fini(&listing);
            return;
        }
        if (snprintf(folder, sizeof folder, "%s", next) >= (int)sizeof folder)
            return;
        at += size + strspn(at + size, "/");
    }
}
