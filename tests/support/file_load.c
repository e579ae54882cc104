/* SPDX-License-Identifier: Apache-2.0 */
/* A sink in miniature: what it does around a load that has no transactions, and nothing else. */
#include "file_load.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"

static struct file_ledger *reached; /* of the one load under test: the host's crash points have no context */

struct file_ledger *
file_ledger_new(void)
{
    struct file_ledger *ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (ledger == MAP_FAILED)
        abort();
    return ledger;
}

void
file_ledger_free(struct file_ledger *ledger)
{
    munmap(ledger, sizeof *ledger);
}

void
file_ledger_reach(struct file_ledger *ledger)
{
    if (++ledger->passed == ledger->kill_at)
        raise(SIGKILL);
}

/* ---- host --------------------------------------------------------------------------------- */

static void
host_log(const struct daybreak_host *host, char level, const char *phrase, ...)
{
    (void)host;
    (void)level;
    (void)phrase;
}

static void
host_crash_point(const char *name)
{
    (void)name;
    file_ledger_reach(reached);
}

static bool
host_stopping(const struct daybreak_host *host)
{
    (void)host;
    return true; /* a file that is locked is given up at once */
}

/* ---- life --------------------------------------------------------------------------------- */

static void
option_set(void *self, const char *name, const char *value)
{
    for (const struct daybreak_option *option = daybreak_connector.options; option->name != NULL; option++) {
        char *field = (char *)self + option->at;

        if (strcmp(option->name, name) != 0)
            continue;
        if (option->type == DAYBREAK_TEXT) {
            *(const char **)(void *)field = value;
        } else if (option->type == DAYBREAK_BOOLEAN) {
            *(bool *)(void *)field = strcmp(value, "true") == 0;
        } else if (option->type == DAYBREAK_CHOICE) {
            const char *choice = option->choices;
            int index = 0;

            for (; strncmp(choice, value, strlen(value)) != 0; index++) {
                choice = strchr(choice, '|');
                if (choice == NULL)
                    abort();
                choice++;
            }
            *(int *)(void *)field = index;
        } else {
            abort();
        }
        return;
    }
    abort();
}

int
file_load_open(struct file_load *load, const char *dir, struct file_ledger *ledger, const char *const *options)
{
    memset(load, 0, sizeof *load);
    load->host = (struct daybreak_host){
        .size = sizeof load->host, .context = load, .fault = fault_set, .within = fault_within, .hint = fault_hint,
        .log = host_log, .reserve = batch_reserve, .bad = batch_bad_row, .view = batch_view, .refuse = batch_refuse,
        .alloc = batch_alloc, .base_dir = load->dir, .crash_point = host_crash_point, .stopping = host_stopping};
    snprintf(load->dir, sizeof load->dir, "%s", dir);
    load->ledger = reached = ledger;
    load->run = "R1";
    load->self = memory_zero(daybreak_connector.self_size);
    for (const struct daybreak_option *option = daybreak_connector.options; option->name != NULL; option++)
        if (option->preset != NULL)
            option_set(load->self, option->name, option->preset);
    for (; options != NULL && options[0] != NULL; options += 2)
        option_set(load->self, options[0], options[1]);
    if (daybreak_connector.open(load->self, &load->host, &load->fault) == 0)
        return 0;
    free(load->self);
    load->self = NULL;
    return -1;
}

int
file_load_claim(struct file_load *load)
{
    struct file_ledger *ledger = load->ledger;
    struct daybreak_checkpoint state = {.size = sizeof state, .epoch = ledger->epoch, .position = ledger->position,
                                        .released = ledger->released, .batch = ledger->batch, .found = ledger->epoch > 0};
    const char *mark = ledger->intended[0] != '\0' ? ledger->intended : ledger->mark;
    struct daybreak_claim claim = {.size = sizeof claim, .pipeline = "orders", .pipeline_id = "0123456789abcdef0123456789abcdef",
                                   .handoff = "load", .state_mark = mark[0] == '\0' ? NULL : mark, .state = &state};

    if (daybreak_connector.claim(load->self, &claim, &load->now, &load->fault) != 0)
        return -1;
    load->epoch = load->now.epoch;
    load->batch = load->now.batch;
    snprintf(load->position, sizeof load->position, "%s", load->now.position);
    file_ledger_reach(ledger);
    snprintf(ledger->mark, sizeof ledger->mark, "%s", daybreak_connector.state_mark(load->self));
    snprintf(ledger->position, sizeof ledger->position, "%s", load->position);
    ledger->batch = load->batch;
    ledger->epoch = load->epoch;
    ledger->intended[0] = '\0';
    return 0;
}

int
file_load_prepare(struct file_load *load, uint32_t count)
{
    return daybreak_connector.prepare(load->self, load->target, count, &load->fault);
}

int
file_load_stage(struct file_load *load, uint32_t target, struct batch *batch)
{
    struct daybreak_story *story = &batch->story;

    load->staged[load->batches++] = batch;
    *story = (struct daybreak_story){
        .size = sizeof *story, .pipeline = "orders", .pipeline_id = "0123456789abcdef0123456789abcdef", .pipeline_version = "v1",
        .handoff = "load", .run = load->run, .connector = "file", .source = "drop/a\"b.csv", .input = "i", .part = "",
        .table = "orders", .time_basis = "source_time", .trace = "00-1-2-01", .batch = load->batch + load->batches,
        .visible_at = INT64_C(1740110400000000), .read_at = INT64_C(1740110400123456), .ready_at = DAYBREAK_NO_TIME,
        .loaded_at = INT64_C(1740110401000001)};
    return daybreak_connector.stage(load->self, target, batch_face(batch), &load->fault);
}

static void
forget(struct file_load *load)
{
    for (uint32_t i = 0; i < load->batches; i++)
        batch_free(load->staged[i]);
    load->batches = 0;
}

static int
commit(struct file_load *load, const struct daybreak_commit *commit)
{
    struct file_ledger *ledger = load->ledger;
    const char *mark;

    if (daybreak_connector.intend(load->self, commit, &mark, &load->fault) != 0)
        return -1;
    file_ledger_reach(ledger);
    if (mark != NULL)
        snprintf(ledger->intended, sizeof ledger->intended, "%s", mark);
    file_ledger_reach(ledger);
    if (daybreak_connector.commit(load->self, commit, &load->fault) != 0)
        return -1;
    file_ledger_reach(ledger);
    load->batch += load->batches;
    if (commit->new_position != load->position)
        snprintf(load->position, sizeof load->position, "%s", commit->new_position);
    snprintf(ledger->mark, sizeof ledger->mark, "%s", daybreak_connector.state_mark(load->self));
    snprintf(ledger->position, sizeof ledger->position, "%s", load->position);
    ledger->batch = load->batch;
    ledger->intended[0] = '\0';
    file_ledger_reach(ledger);
    forget(load);
    return 0;
}

int
file_load_commit(struct file_load *load, const char *position, bool input_end, bool file_end)
{
    struct daybreak_batch_row row[64];
    struct daybreak_commit what = {.size = sizeof what, .old_position = load->position, .new_position = position,
                                   .epoch = load->epoch, .batch = row, .batches = load->batches, .input_end = input_end,
                                   .run = load->run, .file_end = file_end};

    for (uint32_t i = 0; i < load->batches; i++)
        row[i] = (struct daybreak_batch_row){.size = sizeof row[i], .story = &load->staged[i]->story, .first = "", .last = "",
                                             .changes = load->staged[i]->changes};
    return commit(load, &what);
}

int
file_load_end(struct file_load *load)
{
    struct daybreak_commit what = {.size = sizeof what, .old_position = load->position, .new_position = load->position,
                                   .epoch = load->epoch, .input_end = true, .run = "", .file_end = true};

    return commit(load, &what);
}

void
file_load_rollback(struct file_load *load)
{
    daybreak_connector.rollback(load->self);
    forget(load);
}

void
file_load_close(struct file_load *load)
{
    if (load->self != NULL)
        daybreak_connector.close(load->self);
    free(load->self);
    load->self = NULL;
    forget(load);
}

/* ---- batches ------------------------------------------------------------------------------ */

struct batch *
file_batch(const struct daybreak_column *column, uint32_t columns, const char *ops, const char *const *cells)
{
    struct batch *batch = batch_new();
    struct batch_layout *layout = arena_zero(batch->arena, sizeof *layout);
    struct value_type *type = arena_zero(batch->arena, (columns + 1) * sizeof *type);
    const char **name = arena_zero(batch->arena, (columns + 1) * sizeof *name);
    uint32_t rows = (uint32_t)strlen(ops), size = 0;
    char *block, text[48];

    for (uint32_t i = 0; i < rows * columns; i++)
        size += cells[i] == NULL ? 0 : (uint32_t)strlen(cells[i]);
    block = batch_block(batch, size + 1);
    batch->rows.columns = columns;
    batch_reserve(&batch->rows, rows);
    size = 0;
    for (uint32_t i = 0; i < rows * columns; i++) {
        struct daybreak_span *span = &batch->rows.spans[i];

        *span = (struct daybreak_span){size, cells[i] == NULL ? DAYBREAK_NULL : (uint32_t)strlen(cells[i])};
        if (cells[i] != NULL) {
            memcpy(block + size, cells[i], span->size);
            size += span->size;
        }
    }
    batch->rows.rows = rows;
    for (uint32_t i = 0; i < columns; i++) {
        name[i] = column[i].name;
        type[i] = (struct value_type){.type = column[i].type, .precision = column[i].precision, .scale = column[i].scale};
    }
    layout->columns = columns;
    layout->name = name;
    layout->type = type;
    layout->empty_is_null = true;
    batch->layout = layout;
    batch->out_columns = columns;
    batch->out = column;
    batch_changes(batch, rows);
    batch->changes = rows;
    for (uint32_t i = 0; i < rows; i++) {
        batch->pick[i] = i;
        batch->op[i] = ops[i];
        memset(batch->event_id[i], (int)(i + 0xa0), 16);
        batch->changed_at[i] = ops[i] == 'd' ? DAYBREAK_NO_TIME : INT64_C(1740110400000000) + i;
        snprintf(text, sizeof text, "%u:%u", i + 2, i * 100);
        batch->position[i] = (struct daybreak_text){arena_text(batch->arena, text), (uint32_t)strlen(text)};
        batch->context[i] = (struct daybreak_text){NULL, 0};
    }
    batch_type(batch, batch->pick, rows);
    return batch;
}

/* ---- files -------------------------------------------------------------------------------- */

void
file_dir(char dir[512])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(dir, 512, "%s/daybreak_load_XXXXXX", tmp == NULL ? P_tmpdir : tmp);
    if (mkdtemp(dir) == NULL)
        abort();
}

void
file_dir_remove(const char *dir)
{
    DIR *open = opendir(dir);
    struct dirent *entry;

    while (open != NULL && (entry = readdir(open)) != NULL) {
        char path[1024];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_type == DT_DIR)
            file_dir_remove(path);
        else
            unlink(path);
    }
    if (open != NULL)
        closedir(open);
    rmdir(dir);
}

char *
file_text(const char *dir, const char *name)
{
    char path[1024], *text = NULL;
    size_t size = 0;
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    do {
        text = memory_grow(text, size + 65536 + 1);
        got = read(fd, text + size, 65536);
        size += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    text[size] = '\0';
    close(fd);
    return text;
}

static void
put(const char *dir, const char *name, const char *text, int how)
{
    char path[1024];
    int fd;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0644);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        abort();
    close(fd);
}

void
file_put(const char *dir, const char *name, const char *text)
{
    put(dir, name, text, O_TRUNC);
}

void
file_append(const char *dir, const char *name, const char *text)
{
    put(dir, name, text, O_APPEND);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

char *
file_list(const char *dir)
{
    struct dirent **entry;
    int count = scandir(dir, &entry, NULL, by_name);
    char *list = memory_text("");

    for (int i = 0; i < count; i++) {
        if (strcmp(entry[i]->d_name, ".") != 0 && strcmp(entry[i]->d_name, "..") != 0) {
            list = memory_grow(list, strlen(list) + strlen(entry[i]->d_name) + 2);
            snprintf(list + strlen(list), strlen(entry[i]->d_name) + 2, "%s%s", list[0] == '\0' ? "" : " ", entry[i]->d_name);
        }
        free(entry[i]);
    }
    if (count >= 0)
        free(entry);
    return list;
}
