/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lookups are from, opened and read before an input's first row is. Owns a source for each file, and for each other table that one
 * of the input's own is looked up in; remembers which state of it was read.
 */
#include "engine/lookup_files.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "record/batch.h"
#include "source/source.h"

#define UNSETTLED_MS 10000 /* so long a file that is being written is waited for */
#define NAP_MS 250
#define TRIES 3            /* of a file that is altered while it is read */

struct lookup_file {
    struct lookup *lookup;
    struct config config;  /* what its source reads */
    struct source *source;
    bool amid;             /* in the middle of a look: the next call would go on with it */
    char *name, *fingerprint; /* of what was read; NULL: nothing yet */
};

struct lookup_files {
    const struct config *config;
    volatile int *stop;
    struct lookups *lookups;
    struct lookup_file *file;
    uint32_t count;
};

/* ---- open and close ------------------------------------------------------------------------------ */

/* The pipeline's own source with one table alone, or the file as the lookup describes it. */
static void
config_for(const struct config *config, const struct config_lookup *from, struct config *own)
{
    if (from->from == CONFIG_FROM_FILE) {
        *own = *from->file;
        return;
    }
    *own = *config;
    for (uint32_t t = 0; t < config->source.table_count; t++)
        if (strcmp(config->source.tables[t].name, from->table) == 0)
            own->source.tables = &config->source.tables[t];
    own->source.table_count = 1;
}

struct lookup_files *
lookup_files_new(const struct config *config, volatile int *stop)
{
    struct lookup_files *files = memory_zero(sizeof *files);

    files->config = config;
    files->stop = stop;
    files->lookups = lookups_new(config, stop);
    files->count = lookups_count(files->lookups);
    files->file = memory_zero((files->count + 1) * sizeof *files->file);
    for (uint32_t i = 0; i < files->count; i++) {
        files->file[i].lookup = lookups_at(files->lookups, i);
        if (lookup_config(files->file[i].lookup)->from != CONFIG_FROM_SQLITE)
            config_for(config, lookup_config(files->file[i].lookup), &files->file[i].config);
    }
    return files;
}

void
lookup_files_free(struct lookup_files *files)
{
    if (files == NULL)
        return;
    for (uint32_t i = 0; i < files->count; i++) {
        source_close(files->file[i].source);
        free(files->file[i].name);
        free(files->file[i].fingerprint);
    }
    free(files->file);
    lookups_free(files->lookups);
    free(files);
}

const struct lookups *
lookup_files_all(const struct lookup_files *files)
{
    return files == NULL ? NULL : files->lookups;
}

/* ---- finding ------------------------------------------------------------------------------------- */

/* What is wanted of a source that may have many inputs. */
struct wanted {
    const struct daybreak_input *input; /* this one; NULL: the newest */
    char *name, *fingerprint;           /* found */
    uint32_t matched, unsettled;
    int64_t wait_ms;
};

static bool
is_same(const struct daybreak_input *input, const char *name, const char *fingerprint)
{
    return strcmp(input->name, name) == 0 && strcmp(input->fingerprint, fingerprint) == 0;
}

static void
found(struct wanted *wanted, const struct daybreak_input *input)
{
    free(wanted->name);
    free(wanted->fingerprint);
    wanted->name = memory_text(input->name);
    wanted->fingerprint = memory_text(input->fingerprint);
}

static int
look_on(struct lookup_file *file, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
        struct daybreak_fault *fault)
{
    file->amid = false; /* after a fault, too, a new look begins */
    if (source_look(file->source, input, wait, next, fault) != 0)
        return -1;
    file->amid = *next == DAYBREAK_MORE;
    return 0;
}

/* A whole look, from its beginning: which of what is there is wanted. */
static int
look(struct lookup_file *file, struct wanted *wanted, struct daybreak_fault *fault)
{
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next;

    free(wanted->name);
    free(wanted->fingerprint);
    wanted->name = wanted->fingerprint = NULL;
    while (file->amid)
        if (look_on(file, &input, &wait, &next, fault) != 0)
            return -1;
    for (;;) {
        if (look_on(file, &input, &wait, &next, fault) != 0)
            return -1;
        if (next != DAYBREAK_MORE)
            break;
        if (wanted->input == NULL || is_same(&input, wanted->input->name, wanted->input->fingerprint))
            found(wanted, &input);
    }
    wanted->matched = wait.matched;
    wanted->unsettled = wait.unsettled;
    wanted->wait_ms = wait.wait_ms;
    return 0;
}

/* Once more up to that one: the source reads the input that it gave last. 1: it is at hand, 0: it is gone or another by now. */
static int
take(struct lookup_file *file, const struct wanted *wanted, struct daybreak_input *input, struct daybreak_fault *fault)
{
    struct daybreak_wait wait;
    enum daybreak_next next;

    for (;;) {
        if (look_on(file, input, &wait, &next, fault) != 0)
            return -1;
        if (next != DAYBREAK_MORE)
            return 0;
        if (is_same(input, wanted->name, wanted->fingerprint))
            return 1;
    }
}

static void
nap(volatile int *stop, int64_t ms)
{
    int64_t until = clock_steady_ms() + ms, now;

    while ((stop == NULL || !*stop) && (now = clock_steady_ms()) < until)
        poll(NULL, 0, (int)(until - now < NAP_MS ? until - now : NAP_MS));
}

static const char *
path_of(const struct lookup_file *file)
{
    const struct config_node *path = node_member(file->config.source.extract.node, "path");

    return path == NULL || path->text == NULL ? "its files" : path->text;
}

static int
not_there(const struct lookup_file *file, const struct wanted *wanted, struct daybreak_fault *fault)
{
    bool once = file->name != NULL;

    if (wanted->input != NULL)
        return fault_set(fault, DAYBREAK_RETRY, "'%s' is not there any more", wanted->input->name);
    if (wanted->unsettled > 0) {
        fault_set(fault, DAYBREAK_RETRY, "'%s' is still being written", path_of(file));
        return fault_exit(fault, 69, "lookup-file");
    }
    fault_set(fault, once ? DAYBREAK_RETRY : DAYBREAK_HALT, "there is no file '%s'", path_of(file));
    fault_hint(fault, "the path is relative to the pipeline file, which lies in %s", file->config.dir);
    return fault_exit(fault, once ? 69 : 66, "lookup-missing");
}

static int
find(const struct lookup_files *files, struct lookup_file *file, struct wanted *wanted, struct daybreak_fault *fault)
{
    int64_t until = clock_steady_ms() + UNSETTLED_MS;

    for (;;) {
        if (look(file, wanted, fault) != 0)
            return -1;
        if (wanted->name != NULL)
            return 0;
        if (wanted->unsettled == 0 || clock_steady_ms() >= until || (files->stop != NULL && *files->stop))
            return not_there(file, wanted, fault);
        nap(files->stop, wanted->wait_ms < 50 ? 50 : wanted->wait_ms);
    }
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static int
rows_read(struct lookup_file *file, const struct daybreak_input *input, struct daybreak_fault *fault)
{
    struct source_start start = {.part = "", .mark = ""};
    struct batch *batch = batch_new();
    enum daybreak_next next;
    int result = 0;

    source_start(file->source, input, &start);
    lookup_fill_begin(file->lookup, input->name);
    do {
        batch_reset(batch);
        result = source_read(file->source, batch, fault);
        next = batch->next;
        if (result == 0 && next == DAYBREAK_INPUT_CUT) {
            result = fault_set(fault, DAYBREAK_HALT, "'%s' cannot be read to its end: %s", input->name, batch->cut->what);
            if (batch->cut->hint[0] != '\0')
                fault_hint(fault, "%s", batch->cut->hint);
            fault_exit(fault, 78, "lookup-file");
        } else if (result == 0) {
            result = lookup_fill(file->lookup, batch, fault);
        }
    } while (result == 0 && next != DAYBREAK_INPUT_END);
    if (result == 0 && source_parts_seen(file->source, 0) == 0) {
        result = fault_set(fault, DAYBREAK_HALT, "'%s' has no member that fits", input->name);
        fault_exit(fault, 78, "lookup-file");
    }
    lookup_fill_end(file->lookup);
    batch_free(batch);
    return result;
}

static void
forget(struct lookup_file *file)
{
    free(file->fingerprint);
    file->fingerprint = NULL;
}

static int
file_begin(const struct lookup_files *files, struct lookup_file *file, const struct daybreak_input *input, struct daybreak_fault *fault)
{
    bool of_input = lookup_config(file->lookup)->from == CONFIG_FROM_INPUT;
    struct wanted wanted = {.input = of_input ? input : NULL};
    struct daybreak_input at_hand;
    int result = -1;

    for (int tries = 0; result != 0; tries++) {
        int taken;

        if (tries == TRIES) {
            fault_set(fault, DAYBREAK_RETRY, "'%s' is altered again and again while it is read", path_of(file));
            fault_exit(fault, 69, "lookup-file");
            break;
        }
        if (find(files, file, &wanted, fault) != 0)
            break;
        if (file->fingerprint != NULL && strcmp(wanted.name, file->name) == 0 && strcmp(wanted.fingerprint, file->fingerprint) == 0) {
            result = 0;
            break;
        }
        taken = take(file, &wanted, &at_hand, fault);
        if (taken < 0)
            break;
        if (taken == 0)
            continue;
        forget(file);
        if (rows_read(file, &at_hand, fault) != 0) {
            source_abandon(file->source);
            break;
        }
        if (!source_changed(file->source)) {
            free(file->name);
            file->name = memory_text(wanted.name);
            file->fingerprint = memory_text(wanted.fingerprint);
            result = 0;
        }
        source_abandon(file->source);
    }
    free(wanted.name);
    free(wanted.fingerprint);
    return result;
}

int
lookup_files_begin(struct lookup_files *files, const struct daybreak_input *input, struct daybreak_fault *fault)
{
    for (uint32_t i = 0; i < files->count; i++) {
        struct lookup_file *file = &files->file[i];
        const struct config_lookup *from = lookup_config(file->lookup);

        if (lookup_open(file->lookup, fault) != 0)
            return -1;
        if (from->from == CONFIG_FROM_SQLITE ? lookup_begin(file->lookup, fault) != 0
                                             : (file->source == NULL && source_open(&file->config, files->stop, &file->source, fault) != 0) ||
                                                   file_begin(files, file, input, fault) != 0)
            return fault_within(fault, "lookup '%s'", from->name);
    }
    return 0;
}

/* ---- for lint ------------------------------------------------------------------------------------------- */

static const struct batch_layout *
layout_copy(const struct batch_layout *from, struct arena *arena)
{
    struct batch_layout *layout = arena_zero(arena, sizeof *layout);
    const char **name = arena_alloc(arena, (from->columns + 1) * sizeof *name);

    for (uint32_t i = 0; i < from->columns; i++)
        name[i] = arena_text(arena, from->name[i]);
    layout->columns = from->columns;
    layout->name = name;
    return layout;
}

const struct batch_layout *
lookup_files_peek(const struct config *config, struct lookup *lookup, struct arena *arena, const char **name, struct daybreak_fault *fault)
{
    struct source_start start = {.part = "", .mark = ""};
    const struct batch_layout *layout = NULL;
    struct lookup_file file = {.lookup = lookup};
    struct wanted wanted = {.input = NULL};
    struct batch *batch = batch_new();
    struct daybreak_input input;

    config_for(config, lookup_config(lookup), &file.config);
    *name = NULL;
    if (source_open(&file.config, NULL, &file.source, fault) != 0)
        goto done;
    if (look(&file, &wanted, fault) != 0)
        goto close;
    if (wanted.name == NULL) {
        not_there(&file, &wanted, fault);
        goto close;
    }
    if (take(&file, &wanted, &input, fault) != 1)
        goto close;
    *name = arena_text(arena, input.name);
    source_start(file.source, &input, &start);
    for (int blocks = 0; blocks < 64 && layout == NULL; blocks++) {
        batch_reset(batch);
        if (source_read(file.source, batch, fault) != 0)
            break;
        if (batch->next == DAYBREAK_INPUT_CUT) {
            *fault = *batch->cut;
            break;
        }
        if (batch->layout != NULL)
            layout = layout_copy(batch->layout, arena);
        if (batch->next == DAYBREAK_INPUT_END)
            break;
    }
    source_abandon(file.source);
close:
    source_close(file.source);
done:
    free(wanted.name);
    free(wanted.fingerprint);
    batch_free(batch);
    return layout;
}
