/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load template: changes as lines of a text file, cells apart by tabs, and the position in its first line.
 *
 *     #daybreak TAB pipeline id TAB handoff TAB epoch TAB released TAB batch TAB position
 *     #batch TAB 1 TAB …counts
 *     c TAB 1 TAB Ann
 *
 * What makes a load trustworthy is one thing: rows and position become durable in one step. Here that step is a rename. A commit writes the
 * old content, the new rows and the new position into a file aside, syncs it, and gives it the name; whoever dies on the way leaves the old
 * file as it was. A database does the same with a transaction. Copying the file makes every commit as dear as the file is long: right for a
 * small table and for learning, wrong for a large one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daybreak/connector.h>

/*
 * One instance. The engine makes it zeroed and fills the fields that the table of options names. Nothing writable may lie outside of it:
 * several instances run at once, each on its own thread.
 */
struct template_load {
    const struct daybreak_host *host;
    const char *path;                       /* option; lent until close */
    char full[PATH_MAX], aside[PATH_MAX], lock[PATH_MAX];
    char *pipeline_id, *handoff, *position; /* of the claim */
    int64_t epoch, released, batch;
    bool found;
    char *staged;                           /* lines that wait for the commit */
    size_t staged_size;
    FILE *stage;                            /* writes them; NULL: nothing is staged */
};

/* The one description of the options: it parses, checks, fills, and writes the manual. */
static const struct daybreak_option options[] = {
    {.name = "path", .type = DAYBREAK_TEXT, .at = offsetof(struct template_load, path), .required = true,
     .help = "The file to write, relative to the pipeline file.", .example = "rows.txt"},
    {.name = NULL},
};

static int
cannot(const struct template_load *load, struct daybreak_fault *fault, const char *what, const char *name)
{
    return load->host->fault(fault, DAYBREAK_HALT, "cannot %s '%s': %s", what, name, strerror(errno));
}

static int
template_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct template_load *load = self;
    bool absolute = load->path[0] == '/';

    load->host = host; /* lent until close */
    if (load->path[0] == '\0' ||
        (size_t)snprintf(load->full, sizeof load->full - 8, "%s%s%s", absolute ? "" : host->base_dir, absolute ? "" : "/", load->path) >=
            sizeof load->full - 8)
        return host->fault(fault, DAYBREAK_HALT, "option 'path' is %s", load->path[0] == '\0' ? "empty" : "too long");
    snprintf(load->aside, sizeof load->aside, "%.*s.new", PATH_MAX - 8, load->full);
    snprintf(load->lock, sizeof load->lock, "%.*s.lock", PATH_MAX - 8, load->full);
    return 0;
}

/* What was staged is forgotten; after a fault, and when nothing is staged, too. */
static void
template_rollback(void *self)
{
    struct template_load *load = self;

    if (load->stage != NULL)
        fclose(load->stage);
    free(load->staged);
    load->stage = NULL;
    load->staged = NULL;
}

static void
template_close(void *self)
{
    struct template_load *load = self;

    template_rollback(self);
    free(load->pipeline_id);
    free(load->handoff);
    free(load->position);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* A field of a line, with what would break the line escaped. */
static void
field_write(FILE *to, const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        switch (at[i]) {
        case '\t':
            fputs("\\t", to);
            break;
        case '\n':
            fputs("\\n", to);
            break;
        case '\r':
            fputs("\\r", to);
            break;
        case '\\':
            fputs("\\\\", to);
            break;
        default:
            fputc(at[i], to);
        }
}

static void
text_write(FILE *to, const char *text)
{
    fputc('\t', to);
    field_write(to, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

/* The next field of a line, undone in place; NULL when there is none. */
static char *
field_read(char **at)
{
    char *from = *at, *to = *at, *begin = *at;

    if (from == NULL)
        return NULL;
    for (; *from != '\t' && *from != '\n' && *from != '\0'; from++) {
        if (*from == '\\' && from[1] != '\0') {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
        } else {
            *to++ = *from;
        }
    }
    *at = *from == '\t' ? from + 1 : NULL;
    *to = '\0';
    return begin;
}

/* One writer at a time; the lock goes with the descriptor. */
static int
lock_take(const struct template_load *load, struct daybreak_fault *fault)
{
    int fd = open(load->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return cannot(load, fault, "open", load->lock);
    if (flock(fd, LOCK_EX) != 0) {
        cannot(load, fault, "lock", load->lock);
        close(fd);
        return -1;
    }
    return fd;
}

/* The first line: where the route stands. NULL without a fault: there is no file yet. What follows is at the file's place. */
static FILE *
head_read(struct template_load *load, const char *pipeline_id, const char *handoff, int64_t number[3], char **position,
          struct daybreak_fault *fault)
{
    FILE *from = fopen(load->full, "re");
    char *line = NULL, *at, *tag, *id, *of;
    size_t room = 0;

    *position = NULL;
    if (from == NULL) {
        if (errno != ENOENT)
            cannot(load, fault, "open", load->full);
        return NULL;
    }
    if (getline(&line, &room, from) <= 0)
        goto foreign;
    at = line;
    tag = field_read(&at);
    id = field_read(&at);
    of = field_read(&at);
    if (strcmp(tag, "#daybreak") != 0 || id == NULL || of == NULL)
        goto foreign;
    if (strcmp(id, pipeline_id) != 0 || strcmp(of, handoff) != 0) {
        load->host->fault(fault, DAYBREAK_HALT, "'%s' is written by pipeline %s, handoff %s", load->full, id, of);
        goto close;
    }
    for (int i = 0; i < 3; i++) {
        char *text = field_read(&at);

        if (text == NULL)
            goto foreign;
        number[i] = strtoll(text, NULL, 10);
    }
    *position = field_read(&at);
    if (*position == NULL)
        goto foreign;
    *position = strdup(*position);
    if (*position == NULL)
        abort(); /* any crash is safe */
    free(line);
    return from;

foreign:
    load->host->fault(fault, DAYBREAK_HALT, "'%s' is no file that this connector wrote", load->full);
    load->host->hint(fault, "give the sink another path");
close:
    free(line);
    fclose(from);
    return NULL;
}

/* A whole new file takes the place of the old: first line, what the old had behind its own, ${more}. The one step that commits. */
static int
file_replace(struct template_load *load, const int64_t number[3], const char *position, FILE *old, const char *more, size_t size,
             struct daybreak_fault *fault)
{
    FILE *to = fopen(load->aside, "we");
    char buffer[65536], *slash = strrchr(load->full, '/');
    size_t got;
    int folder;

    if (to == NULL)
        return cannot(load, fault, "create", load->aside);
    fputs("#daybreak", to);
    text_write(to, load->pipeline_id);
    text_write(to, load->handoff);
    fprintf(to, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, number[0], number[1], number[2]);
    text_write(to, position);
    fputc('\n', to);
    while (old != NULL && (got = fread(buffer, 1, sizeof buffer, old)) > 0)
        fwrite(buffer, 1, got, to);
    if (size > 0)
        fwrite(more, 1, size, to);
    if ((old != NULL && ferror(old)) || ferror(to) || fflush(to) != 0 || fsync(fileno(to)) != 0) { /* a failed fsync is never tried again */
        cannot(load, fault, "write", load->aside);
        fclose(to);
        return -1;
    }
    if (fclose(to) != 0)
        return cannot(load, fault, "write", load->aside);
    load->host->crash_point("template.before-rename"); /* tests kill here: the old file stands */
    if (rename(load->aside, load->full) != 0)
        return cannot(load, fault, "rename", load->aside);
    snprintf(buffer, sizeof buffer, "%.*s", slash == NULL ? 1 : (int)(slash - load->full + 1), slash == NULL ? "." : load->full);
    folder = open(buffer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || fsync(folder) != 0) { /* the new name is durable with its folder only */
        cannot(load, fault, "sync", buffer);
        if (folder >= 0)
            close(folder);
        return -1;
    }
    close(folder);
    return 0;
}

static char *
copy(const char *text)
{
    char *made = strdup(text);

    if (made == NULL)
        abort();
    return made;
}

/* ---- the calls ------------------------------------------------------------------------------- */

/*
 * First contact: where does the route stand? A writer raises the epoch, durably: one that was passed by another sees it at its commit, and
 * stops. read_only looks and leaves no trace.
 */
static int
template_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct template_load *load = self;
    int64_t number[3] = {0};
    char *position = NULL;
    int lock = -1, result = 0;
    FILE *old;

    free(load->pipeline_id);
    free(load->handoff);
    free(load->position);
    load->pipeline_id = copy(claim->pipeline_id);
    load->handoff = copy(claim->handoff);
    load->position = NULL;
    if (!claim->read_only) {
        char *slash = strrchr(load->full, '/');

        *slash = '\0'; /* one folder is made, no more: a path that leads nowhere is a mistake */
        if (mkdir(load->full, 0777) != 0 && errno != EEXIST) {
            cannot(load, fault, "make folder", load->full);
            result = -1;
        }
        *slash = '/';
        if (result != 0 || (lock = lock_take(load, fault)) < 0)
            return -1;
    }
    fault->kind = DAYBREAK_NO_FAULT;
    old = head_read(load, claim->pipeline_id, claim->handoff, number, &position, fault);
    if (old == NULL && fault->kind != DAYBREAK_NO_FAULT)
        result = -1;
    load->found = old != NULL && number[2] > 0;
    load->position = position != NULL ? position : copy("");
    if (result == 0 && !claim->read_only) {
        number[0]++;
        result = file_replace(load, number, load->position, old, "", 0, fault);
    }
    if (old != NULL)
        fclose(old);
    if (lock >= 0)
        close(lock);
    if (result != 0)
        return -1;
    load->epoch = number[0];
    load->released = number[1];
    load->batch = number[2];
    now->epoch = load->epoch;
    now->released = load->released;
    now->batch = load->batch;
    now->position = load->position;
    now->found = load->found;
    return 0;
}

/* Told every table and its columns before the first stage. A text file takes any. */
static int
template_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct template_load *load = self;

    if (targets > 1)
        return load->host->fault(fault, DAYBREAK_HALT, "one file takes one table, not %u", targets);
    (void)target;
    return 0;
}

/* Rows into the open transaction: here lines in memory. A single row that the target will not have: host->refuse, and on. */
static int
template_stage(void *self, uint32_t target, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct template_load *load = self;
    struct daybreak_view *view = load->host->alloc(batch, ((size_t)batch->columns + 1) * sizeof *view); /* ends with the batch */

    (void)target;
    if (load->stage == NULL)
        load->stage = open_memstream(&load->staged, &load->staged_size);
    if (load->stage == NULL)
        return cannot(load, fault, "stage for", load->full);
    for (uint32_t c = 0; c < batch->columns; c++)
        load->host->view(batch, c, DAYBREAK_AS_TEXT, &view[c]); /* once a column, never a cell */
    for (uint32_t i = 0; i < batch->changes; i++) {
        fputc(batch->op[i], load->stage);
        for (uint32_t c = 0; c < batch->columns; c++) {
            const struct daybreak_span *cell = (const struct daybreak_span *)(view[c].data + (size_t)batch->pick[i] * view[c].stride);

            fputc('\t', load->stage);
            if (cell->size == DAYBREAK_NULL)
                fputs("\\N", load->stage);
            else
                field_write(load->stage, view[c].base + cell->at, cell->size);
        }
        fputc('\n', load->stage);
    }
    return ferror(load->stage) ? cannot(load, fault, "stage for", load->full) : 0;
}

/* The counts of a batch live beside its rows: from them the engine's ledger is made anew after any crash. */
static void
batch_write(FILE *to, const struct daybreak_batch_row *row)
{
    const struct daybreak_story *story = row->story;

    fprintf(to, "#batch\t%" PRId64 "\t%" PRId64, story->batch, row->changes);
    text_write(to, story->run);
    text_write(to, story->table);
    text_write(to, story->input);
    text_write(to, story->part);
    text_write(to, row->first);
    text_write(to, row->last);
    fprintf(to, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, story->read_at, story->ready_at, story->loaded_at);
#define X(name) fprintf(to, "\t%" PRId64, row->counts.name);
    DAYBREAK_COUNTS(X)
#undef X
    fputc('\n', to);
}

/*
 * Everything staged becomes durable together with the new position. Epoch, old position and released must be what the target says: a span
 * that is told twice, and a writer that was passed, are refused.
 */
static int
template_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct template_load *load = self;
    int64_t number[3] = {0};
    char *position = NULL;
    int lock = lock_take(load, fault), result = -1;
    FILE *old;

    if (lock < 0)
        return -1;
    fault->kind = DAYBREAK_NO_FAULT;
    old = head_read(load, load->pipeline_id, load->handoff, number, &position, fault);
    if (old == NULL && fault->kind == DAYBREAK_NO_FAULT) {
        load->host->fault(fault, DAYBREAK_HALT, "'%s' is gone", load->full);
    } else if (old != NULL && number[0] != commit->epoch) {
        load->host->fault(fault, DAYBREAK_HALT, "another run has taken over: epoch %" PRId64 ", ours is %" PRId64, number[0], commit->epoch);
        fault->status = 75; /* the one status that says so */
    } else if (old != NULL && (strcmp(position, commit->old_position) != 0 || number[1] != commit->released_old)) {
        load->host->fault(fault, DAYBREAK_HALT, "'%s' stands at '%s', not at '%s'", load->full, position, commit->old_position);
    } else if (old != NULL) {
        if (load->stage == NULL)
            load->stage = open_memstream(&load->staged, &load->staged_size);
        for (uint32_t i = 0; load->stage != NULL && i < commit->batches; i++)
            batch_write(load->stage, &commit->batch[i]);
        if (load->stage == NULL || fflush(load->stage) != 0) {
            cannot(load, fault, "stage for", load->full);
        } else {
            number[1] = commit->released_new;
            if (commit->batches > 0)
                number[2] = commit->batch[commit->batches - 1].story->batch;
            result = file_replace(load, number, commit->new_position, old, load->staged, load->staged_size, fault);
        }
    }
    if (old != NULL)
        fclose(old);
    free(position);
    close(lock);
    if (result == 0)
        template_rollback(load); /* what was staged is in the file now */
    return result;
}

/* The batches that landed, as the target has them. */
static int
template_audit(void *self, const char *pipeline_id, daybreak_audit_fn each, void *context, struct daybreak_fault *fault)
{
    struct template_load *load = self;
    int64_t number[3];
    char *position, *line = NULL;
    size_t room = 0;
    bool more = true;
    FILE *old;

    fault->kind = DAYBREAK_NO_FAULT;
    old = head_read(load, pipeline_id, load->handoff, number, &position, fault);
    if (old == NULL)
        return fault->kind == DAYBREAK_NO_FAULT ? 0 : -1;
    while (more && getline(&line, &room, old) > 0) {
        struct daybreak_story story = {.size = sizeof story, .pipeline_id = pipeline_id, .handoff = load->handoff};
        struct daybreak_batch_row row = {.size = sizeof row, .story = &story, .counts = {.size = sizeof row.counts}};
        char *at = line, *field[9];
        int64_t *const instant[] = {&story.read_at, &story.ready_at, &story.loaded_at};

        if (strncmp(line, "#batch\t", 7) != 0)
            continue;
        for (int i = 0; i < 9; i++)
            field[i] = field_read(&at);
        for (int i = 0; i < 3; i++)
            *instant[i] = at == NULL ? 0 : strtoll(field_read(&at), NULL, 10);
#define X(name) row.counts.name = at == NULL ? 0 : strtoll(field_read(&at), NULL, 10);
        DAYBREAK_COUNTS(X)
#undef X
        if (field[8] == NULL)
            continue;
        story.batch = strtoll(field[1], NULL, 10);
        row.changes = strtoll(field[2], NULL, 10);
        story.run = field[3];
        story.table = field[4];
        story.input = field[5];
        story.part = field[6];
        row.first = field[7];
        row.last = field[8];
        more = each(context, &row);
    }
    free(line);
    free(position);
    fclose(old);
    return 0;
}

/* The one symbol that is exported. */
const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "template",
    .help = "Changes as lines of a text file, the position in its first line.",
    .abilities = DAYBREAK_TRANSACTIONAL,
    .options = options,
    .self_size = sizeof(struct template_load),
    .open = template_open,
    .close = template_close,
    .claim = template_claim,
    .prepare = template_prepare,
    .stage = template_stage,
    .commit = template_commit,
    .rollback = template_rollback,
    .audit = template_audit,
};
