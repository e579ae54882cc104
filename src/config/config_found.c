/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where a pipeline file should: advice for a path with a typing error, a folder, or data given in its place. */
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_SHOWN 5
#define NAMES_MOST 1000

static bool
ends_with(const char *name, const char *ending)
{
    size_t size = strlen(name), end = strlen(ending);

    return size > end && strcmp(name + size - end, ending) == 0;
}

static int
is_pipeline(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml"));
}

bool
config_found_data(const char *path)
{
    static const char *const endings[] = {".csv", ".tsv", ".jsonl", ".ndjson", ".gz", ".zip", ".zst", ".xz", ".bz2", ".tar", ".tgz",
                                          ".db", ".sqlite", ".parquet", ".xlsx", ".xml", ".dat"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, endings[i]))
            return true;
    return false;
}

/* The nearest of the pipeline files in a folder to a name, or the first few of them. */
static bool
others_put(struct text *out, const char *folder, const char *shown, const char *name)
{
    struct dirent **entry;
    int count = scandir(folder, &entry, is_pipeline, alphasort);
    const char *names[NAMES_MOST], *nearest;
    size_t known = 0;

    for (int i = 0; i < count && known < NAMES_MOST; i++)
        names[known++] = entry[i]->d_name;
    nearest = name == NULL || known == 0 ? NULL : text_nearest(name, names, known);
    if (nearest != NULL) {
        text_printf(out, "did you mean '%s%s'?", shown, nearest);
    } else if (known > 0) {
        text_put(out, "there ");
        text_put(out, known == 1 ? "is" : "are");
        for (size_t i = 0; i < known && i < NAMES_SHOWN; i++) {
            text_put(out, i == 0 ? " " : ", ");
            text_put(out, shown);
            text_put(out, names[i]);
        }
        if (known > NAMES_SHOWN)
            text_printf(out, " and %zu more", known - NAMES_SHOWN);
    }
    for (int i = 0; i < count; i++)
        free(entry[i]);
    if (count >= 0)
        free(entry);
    return known > 0;
}

void
config_found_advice(const char *path, int error, struct text *out)
{
    struct text folder = {0}, shown = {0};
    const char *slash = strrchr(path, '/');

    if (error == EACCES || error == EPERM) {
        text_put(out, "may this user read it?");
        return;
    }
    if (error == EISDIR) {
        text_put(&folder, path);
        if (strcmp(path, ".") != 0) {
            text_put(&shown, path);
            if (slash == NULL || slash[1] != '\0')
                text_char(&shown, '/');
        }
        slash = NULL;
    } else {
        text_add(&folder, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
        text_add(&shown, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
        if (folder.size == 0)
            text_char(&folder, '.');
    }
    if (!others_put(out, text_end(&folder), text_end(&shown), error == EISDIR ? NULL : slash == NULL ? path : slash + 1))
        text_put(out, "`daybreak init` writes one, `daybreak init --from DATA` one for your data");
    text_fini(&folder);
    text_fini(&shown);
}
