/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of loads: rows and position land together, once, also when told twice, killed between, or passed by another writer. The kit plays
 * the engine and its ledger; what a target holds it asks of the load itself, and of a load that cannot read back, of the files it left.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "kit_batch.h"

#define AT_LEAST_ONCE "it tells everything at once and at least once: a receiver knows a message again by its event id"

/* What the engine's ledger would know: all that lives on when a writer dies. */
struct memory {
    int64_t epoch, batch;
    bool found;
    unsigned lives; /* each is a run of its own */
    char position[64], mark[8192];
};

/* One life of a writer. */
struct writer {
    struct kit *kit;
    struct instance *instance;
    struct memory *memory;
    struct kit_table table;
    struct daybreak_target target;
    struct daybreak_checkpoint now;
    char position[64], run[24];
    struct daybreak_batch_row row[8];
    struct batch *batch[8];
    uint32_t rows;
};

static bool
transactional(const struct kit *kit)
{
    return (kit->type->abilities & DAYBREAK_TRANSACTIONAL) != 0;
}

/* What it is told is out at once, as with every message; neither it nor its target can take it back. */
static bool
at_least_once(const struct kit *kit)
{
    return (kit->type->abilities & DAYBREAK_TELLS) != 0;
}

static void
writer_close(struct writer *writer)
{
    for (uint32_t i = 0; i < writer->rows; i++)
        batch_free(writer->batch[i]);
    writer->rows = 0;
    instance_close(writer->instance);
    writer->instance = NULL;
}

/* Opens, claims and prepares, as a run does. */
static int
writer_open(struct writer *writer, struct kit *kit, struct memory *memory, const char *table, struct daybreak_fault *fault)
{
    static const char *const columns[][2] = {{"id", "text"}, {"name", "text"}, {"qty", "integer"}, {"price", "decimal(12,2)"},
                                             {"at", "timestamp"}, {"open", "boolean"}};
    struct daybreak_checkpoint state = {.size = sizeof state, .epoch = memory->epoch, .batch = memory->batch, .found = memory->found,
                                        .position = memory->position};
    struct daybreak_claim claim = {.size = sizeof claim, .pipeline = "kit", .pipeline_id = "kit-id", .handoff = "load", .state = &state,
                                   .state_mark = memory->mark[0] == '\0' ? NULL : memory->mark};

    *writer = (struct writer){.kit = kit, .memory = memory, .now = {.size = sizeof writer->now, .position = ""}};
    snprintf(writer->run, sizeof writer->run, "run-%u", ++memory->lives);
    writer->instance = kit_try(kit, NULL, fault);
    if (writer->instance == NULL)
        return -1;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        kit_table_add(&writer->table, columns[i][0], columns[i][1], i == 0);
    if (kit->type->claim(writer->instance->self, &claim, &writer->now, fault) != 0)
        return fault_within(fault, "claim");
    snprintf(writer->position, sizeof writer->position, "%s", writer->now.position == NULL ? "" : writer->now.position);
    writer->target = (struct daybreak_target){
        .size = sizeof writer->target, .table = table, .column = writer->table.column, .columns = writer->table.columns,
        .write = kit->type->abilities & DAYBREAK_MIRRORS ? DAYBREAK_MIRROR : DAYBREAK_APPEND, .prefix = "", .keep_ms = 86400000,
        .first_run = !writer->now.found};
    memory->epoch = writer->now.epoch;
    if (!transactional(kit)) { /* the ledger keeps what the claim settled */
        const char *mark = kit->type->state_mark(writer->instance->self);

        snprintf(memory->mark, sizeof memory->mark, "%s", mark == NULL ? "" : mark);
        snprintf(memory->position, sizeof memory->position, "%s", writer->position);
        memory->batch = writer->now.batch;
    }
    return kit->type->prepare(writer->instance->self, &writer->target, 1, fault) == 0 ? 0 : fault_within(fault, "prepare");
}

static int
writer_stage(struct writer *writer, const struct kit_row *row, uint32_t count, uint32_t *refused, struct daybreak_fault *fault)
{
    struct batch *batch = kit_batch(&writer->table, row, count, writer->now.batch + writer->rows + 1);

    batch->story.run = writer->run;
    if (writer->kit->type->stage(writer->instance->self, 0, batch_face(batch), fault) != 0) {
        batch_free(batch);
        return fault_within(fault, "stage");
    }
    if (refused != NULL)
        *refused = batch->refused_count;
    writer->batch[writer->rows] = batch;
    writer->row[writer->rows++] = (struct daybreak_batch_row){
        .size = sizeof writer->row[0], .story = &batch->story, .first = "1", .last = "2", .changes = count,
        .counts = {.size = sizeof writer->row[0].counts, .read = count, .captured = count,
                   .delivered = (int64_t)count - batch->refused_count, .dead = batch->refused_count}};
    return 0;
}

/* ${killed}: end right before the second half of a commit. */
static int
writer_commit_from(struct writer *writer, const char *from, const char *position, bool killed, struct daybreak_fault *fault)
{
    const struct daybreak_connector *type = writer->kit->type;
    struct daybreak_commit commit = {.size = sizeof commit, .old_position = from, .new_position = position, .epoch = writer->now.epoch,
                                     .batch = writer->row, .batches = writer->rows, .input_end = true, .run = writer->run, .file_end = true};
    struct memory *memory = writer->memory;
    const char *mark = NULL;

    if (!transactional(writer->kit) && type->intend != NULL) {
        if (type->intend(writer->instance->self, &commit, &mark, fault) != 0)
            return fault_within(fault, "intend");
        if (mark != NULL)
            snprintf(memory->mark, sizeof memory->mark, "%s", mark);
    }
    if (killed)
        return 0;
    if (type->commit(writer->instance->self, &commit, fault) != 0)
        return fault_within(fault, "commit");
    writer->now.batch += writer->rows;
    memory->batch = writer->now.batch;
    memory->found = true;
    snprintf(memory->position, sizeof memory->position, "%s", position);
    snprintf(writer->position, sizeof writer->position, "%s", position);
    if (!transactional(writer->kit)) {
        mark = type->state_mark(writer->instance->self);
        snprintf(memory->mark, sizeof memory->mark, "%s", mark == NULL ? "" : mark);
    }
    for (uint32_t i = 0; i < writer->rows; i++)
        batch_free(writer->batch[i]);
    writer->rows = 0;
    return 0;
}

static int
writer_commit(struct writer *writer, const char *position, struct daybreak_fault *fault)
{
    char from[64];

    snprintf(from, sizeof from, "%s", writer->position);
    return writer_commit_from(writer, from, position, false, fault);
}

static void
writer_rollback(struct writer *writer)
{
    writer->kit->type->rollback(writer->instance->self);
    for (uint32_t i = 0; i < writer->rows; i++)
        batch_free(writer->batch[i]);
    writer->rows = 0;
}

/* ---- what the target holds --------------------------------------------------------------------- */

struct scanned {
    struct text out;
    uint32_t columns;
    int64_t rows;
};

static bool
scan_row(void *context, const struct daybreak_text *cell, bool ours)
{
    struct scanned *scanned = context;

    for (uint32_t i = 0; i < scanned->columns; i++)
        kit_cell_write(&cell[i], &scanned->out);
    text_put(&scanned->out, ours ? "\n" : "foreign\n");
    scanned->rows++;
    return true;
}

static int
name_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Names and bytes of the files in the folder, but for hidden ones: locks, notes, what is not whole yet. */
static void
files_write(const char *path, struct text *out, int depth)
{
    struct dirent **entry;
    int found = depth > 6 ? -1 : scandir(path, &entry, NULL, name_order);

    for (int i = 0; i < found; i++) {
        char name[PATH_MAX + 256], *bytes;
        struct daybreak_fault fault = {0};
        struct stat st;
        size_t size;

        snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && lstat(name, &st) == 0) {
            if (S_ISDIR(st.st_mode)) {
                files_write(name, out, depth + 1);
            } else if (S_ISREG(st.st_mode) && st.st_size > 0 && file_read(name, 64 << 20, &bytes, &size, &fault) == 0) {
                text_printf(out, "%s:\n", entry[i]->d_name);
                text_add(out, bytes, size);
                free(bytes);
            }
        }
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
}

/* NULs are passed over. */
static size_t
times(struct text *text, const char *word)
{
    size_t count = 0;

    for (const char *at = text_end(text), *end = at + text->size; (at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL; at++)
        count++;
    return count;
}

/* The rows that are there; of a load that cannot read back, the words of them that are in its files, which occur nowhere else. */
static bool
content(struct writer *writer, struct text *out, struct daybreak_fault *fault)
{
    static const char *const word[] = {"alpha-first", "alpha-changed", "beta", "delta-second"};
    const struct daybreak_connector *type = writer->kit->type;
    struct scanned scanned = {.columns = writer->table.columns};

    text_clear(out);
    if (type->abilities & DAYBREAK_READS_BACK) {
        if (type->scan(writer->instance->self, 0, scan_row, &scanned, fault) != 0) {
            text_fini(&scanned.out);
            return false;
        }
        text_add(out, text_end(&scanned.out), scanned.out.size);
        text_fini(&scanned.out);
        return true;
    }
    files_write(writer->kit->dir, &scanned.out, 0);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) /* what else is in the files, a position perhaps, may change */
        for (size_t n = times(&scanned.out, word[i]); n > 0; n--)
            text_printf(out, "%s\n", word[i]);
    text_fini(&scanned.out);
    return true;
}

static bool
unchanged(struct writer *writer, struct text *before, struct text *now, struct daybreak_fault *fault)
{
    return content(writer, now, fault) && now->size == before->size && memcmp(text_end(now), text_end(before), now->size) == 0;
}

static const struct kit_row first_rows[] = {
    {'c', {"K1", "alpha-first", "1", "19.90", "2026-01-31T12:00:00Z", "true"}, {0}},
    {'c', {"K2", "beta, \"quoted\"\nline", "-5", "0.01", NULL, "false"}, {0}},
    {'c', {"K3", NULL, NULL, NULL, NULL, NULL}, {0}},
};
static const struct kit_row second_rows[] = {
    {'c', {"K4", "delta-second", "4", "4.00", "2026-02-01T00:00:00Z", "true"}, {0}},
};

/* A target of its own: the first rows landed at position "p1". */
static bool
begin(struct kit *kit, struct writer *writer, struct memory *memory, struct text *before)
{
    struct daybreak_fault fault = {0};

    *writer = (struct writer){0};
    *memory = (struct memory){0};
    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return false;
    if (writer_open(writer, kit, memory, "kit", &fault) != 0)
        kit_skip(kit, "it cannot begin: %.400s", fault.what);
    else if (writer_stage(writer, first_rows, 3, NULL, &fault) != 0 || writer_commit(writer, "p1", &fault) != 0)
        kit_fail(kit, "it cannot land three rows: %.400s", fault.what);
    else if (!content(writer, before, &fault))
        kit_fail(kit, "it cannot read its target back: %.400s", fault.what);
    else
        return true;
    writer_close(writer);
    return false;
}

int
kit_exercise_load(struct kit *kit, struct instance *instance, uint64_t seed, struct text *out, struct daybreak_fault *fault)
{
    struct writer writer;
    struct memory memory = {0};
    struct kit own = *kit;
    struct scanned scanned = {0};
    int result = -1;

    (void)instance; /* a load is bound to one route: each round has a folder and an instance of its own */
    snprintf(own.dir, sizeof own.dir, "%.4000s/own%llu", kit->dir, (unsigned long long)seed);
    if (file_make_dir(own.dir, fault) != 0)
        return -1;
    if (writer_open(&writer, &own, &memory, "kit", fault) == 0 && writer_stage(&writer, first_rows, 3, NULL, fault) == 0 &&
        writer_commit(&writer, "p1", fault) == 0 && writer_stage(&writer, second_rows, 1, NULL, fault) == 0 &&
        writer_commit(&writer, "p2", fault) == 0) {
        scanned.columns = writer.table.columns;
        result = kit->type->abilities & DAYBREAK_READS_BACK ? kit->type->scan(writer.instance->self, 0, scan_row, &scanned, fault) : 0;
        text_printf(out, "%s%s\n", text_end(&scanned.out), writer.position);
    }
    text_fini(&scanned.out);
    writer_close(&writer);
    file_remove_tree(own.dir);
    return result;
}

/* ---- properties ------------------------------------------------------------------------------- */

static void
property_lands(struct kit *kit)
{
    struct writer writer, next = {0};
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};

    if (!begin(kit, &writer, &memory, &before))
        return;
    writer_close(&writer);
    if (writer_open(&next, kit, &memory, "kit", &fault) != 0)
        kit_fail(kit, "the next life cannot begin: %.400s", fault.what);
    else if (strcmp(next.position, "p1") != 0 || next.now.batch != 1 || !next.now.found)
        kit_fail(kit, "after a commit at 'p1' of batch 1 the next life finds '%s' of batch %lld%s", next.position, (long long)next.now.batch,
                 next.now.found ? "" : ", and `found` says nothing was ever there");
    else if (!unchanged(&next, &before, &after, &fault))
        kit_fail(kit, "the next life finds other rows than were committed: %.300s", fault.what);
    else if (before.size > 0 && (kit->type->abilities & DAYBREAK_READS_BACK) && (times(&after, "alpha-first") != 1 || times(&after, "\n") != 3))
        kit_fail(kit, "of three rows %zu are there", times(&after, "\n"));
    kit_pass(kit, "rows and position of a commit are what the next life finds");
    writer_close(&next);
    text_fini(&before);
    text_fini(&after);
}

/* The same span again, as after a lost answer. */
static void
property_twice(struct kit *kit)
{
    struct writer writer, next = {0};
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};
    bool refused;

    if (!begin(kit, &writer, &memory, &before))
        return;
    if (at_least_once(kit)) {
        kit_skip(kit, AT_LEAST_ONCE);
        goto close;
    }
    refused = writer_stage(&writer, first_rows, 3, NULL, &fault) != 0 || writer_commit_from(&writer, "", "p1", false, &fault) != 0;
    if (refused)
        writer_rollback(&writer);
    writer_close(&writer);
    fault = (struct daybreak_fault){0};
    if (writer_open(&next, kit, &memory, "kit", &fault) != 0)
        kit_fail(kit, "after a span was told twice the next life cannot begin: %.400s", fault.what);
    else if (!content(&next, &after, &fault))
        kit_fail(kit, "it cannot read its target back: %.400s", fault.what);
    else if (after.size != before.size || memcmp(text_end(&after), text_end(&before), before.size) != 0)
        kit_fail(kit, "a span that was told twice landed twice: commit compares the old position");
    else if (before.size == 0)
        kit_skip(kit, "nobody can see what its target holds");
    else if (strcmp(next.position, "p1") != 0)
        kit_fail(kit, "after a span was told twice the position is '%s', not 'p1'", next.position);
    kit_pass(kit, "a span that is told twice %s", refused ? "is refused the second time" : "lands once");
close:
    writer_close(&writer);
    writer_close(&next);
    text_fini(&before);
    text_fini(&after);
}

static void
property_epoch(struct kit *kit)
{
    struct writer old, new = {0};
    struct memory memory, other;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};

    if (!begin(kit, &old, &memory, &before))
        return;
    other = memory;
    if (!transactional(kit)) {
        kit_skip(kit, "its target holds no epoch: the ledger's lock keeps a second writer away");
    } else if (writer_open(&new, kit, &other, "kit", &fault) != 0) {
        kit_skip(kit, "a second writer cannot begin beside the first: %.300s", fault.what);
    } else if (new.now.epoch <= old.now.epoch) {
        kit_fail(kit, "a second claim gave epoch %lld after %lld: each writer raises it", (long long)new.now.epoch, (long long)old.now.epoch);
    } else if (writer_stage(&old, second_rows, 1, NULL, &fault) == 0 && writer_commit(&old, "p2", &fault) == 0) {
        kit_fail(kit, "a writer with an old epoch was not refused");
    } else {
        writer_rollback(&old);
        if (!kit_fault_sane(kit, &fault, "a commit with an old epoch")) {
            ;
        } else if (!unchanged(&new, &before, &after, &fault)) {
            kit_fail(kit, "a writer with an old epoch was refused, and its rows are there all the same");
        } else if (writer_stage(&new, second_rows, 1, NULL, &fault) != 0 || writer_commit(&new, "p2", &fault) != 0) {
            kit_fail(kit, "after the old writer was refused the new one cannot commit: %.300s", fault.what);
        }
    }
    kit_pass(kit, "a writer with an old epoch is refused, the new one goes on");
    writer_close(&old);
    writer_close(&new);
    text_fini(&before);
    text_fini(&after);
}

static void
property_rollback(struct kit *kit)
{
    struct writer writer;
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};

    if (!begin(kit, &writer, &memory, &before))
        return;
    if (at_least_once(kit)) {
        kit_skip(kit, AT_LEAST_ONCE);
        goto close;
    }
    if (writer_stage(&writer, second_rows, 1, NULL, &fault) != 0)
        kit_fail(kit, "%.400s", fault.what);
    writer_rollback(&writer);
    writer_rollback(&writer); /* nothing is staged: nothing happens */
    if (!unchanged(&writer, &before, &after, &fault))
        kit_fail(kit, "what was staged and rolled back is there: %.300s", fault.what);
    else if (writer_stage(&writer, second_rows, 1, NULL, &fault) != 0 || writer_commit(&writer, "p2", &fault) != 0)
        kit_fail(kit, "after a rollback nothing can be committed: %.300s", fault.what);
    else if (!content(&writer, &after, &fault))
        kit_fail(kit, "it cannot read its target back: %.400s", fault.what);
    else if (after.size > 0 && times(&after, "delta-second") != 1)
        kit_fail(kit, "after rollback and commit the row is there %zu times", times(&after, "delta-second"));
    kit_pass(kit, "what is rolled back is gone, and the next commit lands");
close:
    writer_close(&writer);
    text_fini(&before);
    text_fini(&after);
}

/* A child stages, perhaps intends, and is killed. ${told}: it got as far as to have its mark in the ledger. */
static bool
killed(struct kit *kit, struct memory *memory, bool told)
{
    int pipes[2], status;
    pid_t child;
    bool good;

    if (pipe(pipes) != 0)
        return false;
    child = fork();
    if (child < 0) {
        close(pipes[0]);
        close(pipes[1]);
        return false;
    }
    if (child == 0) {
        struct daybreak_fault fault = {0};
        struct writer writer;
        char from[64];

        if (writer_open(&writer, kit, memory, "kit", &fault) != 0 || writer_stage(&writer, second_rows, 1, NULL, &fault) != 0)
            _exit(1);
        snprintf(from, sizeof from, "%s", writer.position);
        if (told && writer_commit_from(&writer, from, "p2", true, &fault) != 0)
            _exit(1);
        if (write(pipes[1], memory, sizeof *memory) != (ssize_t)sizeof *memory)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    close(pipes[1]);
    good = read(pipes[0], memory, sizeof *memory) == (ssize_t)sizeof *memory; /* less than a pipe's buffer: one write */
    close(pipes[0]);
    return waitpid(child, &status, 0) == child && good && WIFSIGNALED(status);
}

static void
property_kill(struct kit *kit)
{
    struct writer writer, next = {0};
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};
    bool intends;

    if (!begin(kit, &writer, &memory, &before))
        return;
    intends = !transactional(kit) && kit->type->intend != NULL;
    writer_close(&writer);
    if (!killed(kit, &memory, false)) {
        kit_fail(kit, "a second life could not stage");
    } else if (writer_open(&next, kit, &memory, "kit", &fault) != 0) {
        kit_fail(kit, "after a kill between stage and commit the next life cannot begin: %.400s", fault.what);
    } else if (strcmp(next.position, "p1") != 0) {
        kit_fail(kit, "after a kill between stage and commit the position is '%s', not 'p1'", next.position);
    } else if (at_least_once(kit)) {
        kit_skip(kit, "the position is unmoved; " AT_LEAST_ONCE);
    } else if (!unchanged(&next, &before, &after, &fault)) {
        kit_fail(kit, "rows of a writer that was killed before its commit are there");
    }
    writer_close(&next);
    if (at_least_once(kit)) {
        ;
    } else if (kit->result.verdict == KIT_PASS && intends) {
        if (!killed(kit, &memory, true))
            kit_fail(kit, "a third life could not intend");
        else if (writer_open(&next, kit, &memory, "kit", &fault) != 0)
            kit_fail(kit, "after a kill between intend and commit the next life cannot begin: %.400s", fault.what);
        else if (strcmp(next.position, "p2") != 0)
            kit_fail(kit, "after a kill between intend and commit the position is '%s', not 'p2'", next.position);
        else if (!content(&next, &after, &fault) || (after.size > 0 && times(&after, "delta-second") != 1))
            kit_fail(kit, "after a kill between intend and commit the row is there %zu times", times(&after, "delta-second"));
    } else if (kit->result.verdict == KIT_PASS) {
        if (writer_open(&next, kit, &memory, "kit", &fault) != 0 || writer_stage(&next, second_rows, 1, NULL, &fault) != 0 ||
            writer_commit(&next, "p2", &fault) != 0)
            kit_fail(kit, "after a kill the span cannot be told again: %.400s", fault.what);
        else if (!content(&next, &after, &fault) || (after.size > 0 && times(&after, "delta-second") != 1))
            kit_fail(kit, "after a kill and a second telling the row is there %zu times", times(&after, "delta-second"));
    }
    kit_pass(kit, intends ? "killed between stage and commit: nothing landed; behind intend: all of it, once"
                          : "killed between stage and commit: nothing landed, and told again it lands once");
    writer_close(&next);
    text_fini(&before);
    text_fini(&after);
}

static void
property_mirror(struct kit *kit)
{
    static const struct kit_row changes[] = {
        {'u', {"K1", "alpha-changed", "2", "1.00", NULL, "false"}, {0}},
        {'d', {"K2", NULL, NULL, NULL, NULL, NULL}, {0}},
        {'c', {"K5", "first version", "1", "1.00", NULL, NULL}, {0}},
        {'u', {"K5", "last version", "2", "2.00", NULL, NULL}, {0}},
        {'d', {"K9", NULL, NULL, NULL, NULL, NULL}, {0}}, /* never there */
    };
    struct writer writer;
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};

    if (!begin(kit, &writer, &memory, &before))
        return;
    if (!(kit->type->abilities & DAYBREAK_MIRRORS))
        kit_skip(kit, "it appends: it does not claim to replace or delete a row");
    else if (!(kit->type->abilities & DAYBREAK_READS_BACK))
        kit_skip(kit, "it cannot be read back");
    else if (writer_stage(&writer, changes, 5, NULL, &fault) != 0 || writer_commit(&writer, "p2", &fault) != 0)
        kit_fail(kit, "%.400s", fault.what);
    else if (!content(&writer, &after, &fault))
        kit_fail(kit, "it cannot read its target back: %.400s", fault.what);
    else if (times(&after, "alpha-first") != 0 || times(&after, "alpha-changed") != 1)
        kit_fail(kit, "a row that changed is not there once as it is now");
    else if (times(&after, "beta") != 0)
        kit_fail(kit, "a deleted row is there still");
    else if (times(&after, "first version") != 0 || times(&after, "last version") != 1)
        kit_fail(kit, "of two versions of a key in one batch not the last one stands");
    else if (times(&after, "\n") != 3)
        kit_fail(kit, "the mirror has %zu rows, not 3", times(&after, "\n"));
    kit_pass(kit, "changes and deletes leave exactly the rows of now");
    writer_close(&writer);
    text_fini(&before);
    text_fini(&after);
}

/* Texts that have a meaning somewhere, and lengths. What is taken comes back as it was; what is not is refused alone. */
static void
property_hostile(struct kit *kit)
{
    static const char *const words[] = {"", " ", "'", "\"", "'; DROP TABLE kit; --", "\\N", "\\", "NULL", "null", "\t", "a\nb\r\nc", "\x01\x1f\x7f",
                                        "\xf0\x9f\x8c\x85", "\xe2\x80\xae", "{\"a\":1}", "<a>&amp;</a>", "%s%n", "=1+1", ",,,", "0x00"};
    struct writer writer;
    struct memory memory;
    struct text before = {0}, after = {0};
    struct daybreak_fault fault = {0};
    const uint32_t count = sizeof words / sizeof *words;
    struct kit_row *row;
    uint32_t refused = 0;
    char *huge;

    if (!begin(kit, &writer, &memory, &before))
        return;
    row = arena_zero(kit->arena, (count + 2) * sizeof *row);
    huge = arena_alloc(kit->arena, (4u << 20) + 1);
    memset(huge, 'h', 4u << 20);
    huge[4u << 20] = '\0';
    for (uint32_t i = 0; i < count + 1; i++) {
        row[i].op = 'c';
        row[i].cell[0] = arena_printf(kit->arena, "H%u", i);
        row[i].cell[1] = i < count ? words[i] : huge;
        row[i].cell[2] = "9223372036854775807";
        row[i].cell[3] = "-9999999999.99";
        row[i].cell[4] = "9999-12-31T23:59:59.999999Z";
    }
    row[count] = (struct kit_row){'c', {"H'\"\n,", huge, "-9223372036854775808", "0", "0001-01-01T00:00:00Z", NULL}, {0}};
    if (writer_stage(&writer, row, count + 1, &refused, &fault) != 0)
        kit_fail(kit, "a row that it does not want makes the batch fail, host->refuse sets it aside alone: %.300s", fault.what);
    else if (writer_commit(&writer, "p2", &fault) != 0)
        kit_fail(kit, "%.400s", fault.what);
    else if (!content(&writer, &after, &fault))
        kit_fail(kit, "it cannot read its target back: %.400s", fault.what);
    else if ((kit->type->abilities & DAYBREAK_READS_BACK) && times(&after, "\n") != 3 + count + 1 - refused)
        kit_fail(kit, "of %u hostile rows %u were refused, and %zu are there", count + 1, refused, times(&after, "\n") - 3);
    for (uint32_t i = 0; kit->type->abilities & DAYBREAK_READS_BACK && refused == 0 && i < count + 1; i++) {
        struct text cell = {0};

        kit_cell_write(&(struct daybreak_text){row[i].cell[0], (uint32_t)strlen(row[i].cell[0])}, &cell);
        kit_cell_write(&(struct daybreak_text){row[i].cell[1], (uint32_t)strlen(row[i].cell[1])}, &cell);
        if (strstr(text_end(&after), text_end(&cell)) == NULL)
            kit_fail(kit, "text %u of the hostile ones does not come back as it was", i);
        text_fini(&cell);
    }
    kit_pass(kit, "%u hostile rows: %u refused, the others landed%s", count + 1, refused,
             kit->type->abilities & DAYBREAK_READS_BACK ? " and come back as they were" : "");
    writer_close(&writer);
    text_fini(&before);
    text_fini(&after);
}

const struct kit_property kit_load[] = {
    {"lands", property_lands, 20, 0},       {"twice", property_twice, 20, 0},   {"epoch", property_epoch, 20, 0},
    {"rollback", property_rollback, 20, 0}, {"kill", property_kill, 20, 0},     {"mirror", property_mirror, 20, 0},
    {"hostile", property_hostile, 30, 0},   {NULL, NULL, 0, 0},
};
