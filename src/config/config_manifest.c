/* SPDX-License-Identifier: Apache-2.0 */
/* The guard that holds an input against what its sender says of it: where that stands, and which places of it count. */
#include "parts.h"

#include <string.h>

const struct daybreak_option config_manifest_options[] = {
    {.name = "member", .type = DAYBREAK_TEXT, .at = offsetof(struct config_manifest, member), .example = "manifest.json",
     .help = "The manifest is this member of the same archive, before or behind the data: a glob over its name or the last part of it. It is no "
             "data itself."},
    {.name = "file", .type = DAYBREAK_TEXT, .at = offsetof(struct config_manifest, file), .example = "\"{stem}.json\"",
     .help = "The manifest is this file in the folder of the data: {name} stands for the data file's name, {stem} for it without its endings."},
    {.name = "rows", .type = DAYBREAK_TEXT, .at = offsetof(struct config_manifest, rows), .example = "rows",
     .help = "Where the manifest has the number of rows: names with points between, {member} for the data's own name; a number, or numbers by the "
             "names of members."},
    {.name = "sha256", .type = DAYBREAK_TEXT, .at = offsetof(struct config_manifest, sha256), .example = "\"files.{member}.sha256\"",
     .help = "Where it has the SHA-256 of the data's bytes; the lines of sha256sum are found by the names in them."},
    {.name = "wait", .type = DAYBREAK_DURATION, .at = offsetof(struct config_manifest, wait_ms), .preset = "10m", .max = INT64_MAX,
     .help = "file: how long an input waits for its manifest before it is held without."},
    {.name = NULL},
};

/* {name} and {stem} alone may stand in braces. */
static bool
braces_known(const char *file)
{
    for (const char *at = file; *at != '\0'; at++)
        if (*at == '}' || (*at == '{' && strncmp(at, "{name}", 6) != 0 && strncmp(at, "{stem}", 6) != 0))
            return false;
        else if (*at == '{')
            at += 5;
    return true;
}

const struct config_manifest *
config_manifest_read(struct reading *reading, const struct config_node *node)
{
    static const struct section section = {.table = config_manifest_options};
    struct config_manifest *manifest;
    size_t raised = reading->findings->raised;

    if (node == NULL)
        return NULL;
    manifest = arena_zero(reading->arena, sizeof *manifest);
    manifest->place = node->key_place;
    section_fill(reading, &section, node, manifest);
    if (reading->findings->raised > raised)
        return NULL;
    for (const struct config_node *member = node->child; member != NULL; member = member->next)
        if (member->kind == CONFIG_SCALAR && member->text[0] == '\0')
            option_wrong(member, "a text", reading->file, reading->findings);
    if (manifest->member != NULL && manifest->file != NULL)
        CONFIG_ERROR(reading, "not-together", node_member(node, "file")->key_place, "keep the one that says where the manifest is",
                     "'member' and 'file' exclude each other");
    else if (manifest->member == NULL && manifest->file == NULL)
        CONFIG_ERROR(reading, "missing-key", node->key_place, "member: manifest.json, or file: \"{stem}.json\"",
                     "'manifest' needs member or file: where it is");
    if (manifest->rows == NULL && manifest->sha256 == NULL)
        CONFIG_ERROR(reading, "missing-key", node->key_place, "rows: rows", "'manifest' needs rows or sha256: what it says");
    if (manifest->file != NULL && !braces_known(manifest->file))
        CONFIG_ERROR(reading, "bad-name", node_member(node, "file")->place, "known in braces: {name}, {stem}",
                     "'file' of the manifest has braces around something else: '%s'", manifest->file);
    return reading->findings->raised > raised ? NULL : manifest;
}
