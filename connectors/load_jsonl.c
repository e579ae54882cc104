/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as lines of JSON: each with its whole envelope, in a form that others read, or the row alone.
 *
 * `envelope: none` writes the row after the change and nothing else. A delete has no such row, and its key alone would look like
 * a short row: it is refused and becomes a dead letter, so that nothing is lost in silence.
 */
#include <stdlib.h>
#include <string.h>

#include <daybreak/connector.h>

#include "envelope_json.h"
#include "target_disk.h"
#include "target_file.h"

struct jsonl_table {
    struct envelope_json envelope;
    struct target_file *file;
    bool made;
};

struct jsonl {
    const struct daybreak_host *host;
    const char *path;
    struct target_set target;
    struct jsonl_table *table;
    uint32_t tables;
};

static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct jsonl, path), .required = true,
     .help = "The file to write, relative to the pipeline file; with {run} or {date} a file a run, with {table} a file a table.",
     .example = "out/orders_{run}.jsonl"},
    {.name = NULL},
};

static int
jsonl_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    jsonl->host = host;
    return target_open(&jsonl->target, host, jsonl->path, fault);
}

static void
jsonl_close(void *self)
{
    struct jsonl *jsonl = self;

    for (uint32_t i = 0; i < jsonl->tables; i++)
        if (jsonl->table[i].made)
            envelope_json_fini(&jsonl->table[i].envelope);
    free(jsonl->table);
    target_close(&jsonl->target);
}

static int
jsonl_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    return target_claim(&jsonl->target, claim, now, fault);
}

static int
jsonl_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    static const struct target_head none = {.at = "", .size = 0, .shape = 0};
    struct jsonl *jsonl = self;

    if (jsonl->table == NULL) {
        jsonl->table = calloc(targets + (size_t)1, sizeof *jsonl->table);
        if (jsonl->table == NULL)
            abort(); /* any crash is safe */
        jsonl->tables = targets;
    }
    for (uint32_t i = 0; i < targets; i++) {
        struct jsonl_table *table = &jsonl->table[i];

        if (target[i].column == NULL)
            continue; /* its columns are not known yet */
        if (target_check_envelope(jsonl->host, &target[i], true, fault) != 0 ||
            target_bind(&jsonl->target, &target[i], &none, &table->file, fault) != 0)
            return -1;
        if (!table->made)
            envelope_json_init(&table->envelope, jsonl->host, target[i].envelope);
        table->made = true;
        envelope_json_columns(&table->envelope, target[i].column, target[i].columns);
    }
    return 0;
}

static int
jsonl_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;
    struct jsonl_table *table = &jsonl->table[target];
    struct envelope_json *envelope = &table->envelope;
    char *to;

    if (target_begin(&jsonl->target, table->file, batch->story, fault) != 0)
        return -1;
    envelope_json_begin(envelope, batch);
    for (uint32_t i = 0; i < batch->changes; i++) {
        if (envelope->form == DAYBREAK_ENVELOPE_NONE && batch->op[i] == 'd') {
            jsonl->host->refuse(batch, i, "delete_without_envelope",
                                "a delete has no row, and `envelope: none` writes nothing else");
            continue;
        }
        if (target_room(&jsonl->target, table->file, envelope_json_room(envelope, i), &to, fault) != 0)
            return -1;
        table->file->used += (size_t)(envelope_json_write(envelope, i, to) - to);
    }
    return 0;
}

static int
jsonl_intend(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    return target_intend(&jsonl->target, commit, mark, fault);
}

static int
jsonl_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct jsonl *jsonl = self;

    return target_commit(&jsonl->target, commit, fault);
}

static void
jsonl_rollback(void *self)
{
    struct jsonl *jsonl = self;

    target_rollback(&jsonl->target);
}

static const char *
jsonl_state_mark(void *self)
{
    struct jsonl *jsonl = self;

    return target_state_mark(&jsonl->target);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "jsonl",
    .help = "Appends changes to a file, one JSON object a line, each with its envelope.",
    .options = options,
    .self_size = sizeof(struct jsonl),
    .open = jsonl_open,
    .close = jsonl_close,
    .claim = jsonl_claim,
    .prepare = jsonl_prepare,
    .stage = jsonl_stage,
    .intend = jsonl_intend,
    .commit = jsonl_commit,
    .rollback = jsonl_rollback,
    .state_mark = jsonl_state_mark,
};
