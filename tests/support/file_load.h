/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_FILE_LOAD_H
#define SUPPORT_FILE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "record/batch.h"

/*
 * Drives a load without transactions as the sink does, with real batches and a ledger of three texts that lies in shared memory,
 * so that it survives a child that is killed. The module's objects are linked; its one symbol is daybreak_connector.
 */
struct file_ledger {
    char mark[16384], intended[16384], position[256]; /* "" for none */
    int64_t epoch, batch, released;
    int64_t kill_at, passed; /* the passage of a crash point that ends the process; 0: none */
};

struct file_load {
    struct daybreak_host host;
    struct file_ledger *ledger;
    void *self;
    char dir[512];
    const char *run;
    struct daybreak_target target[2];
    struct batch *staged[64];     /* since the last commit */
    uint32_t batches;
    int64_t epoch, batch;
    char position[256];
    struct daybreak_checkpoint now; /* what the last claim answered */
    struct daybreak_fault fault;
};

struct file_ledger *file_ledger_new(void);
void file_ledger_free(struct file_ledger *ledger);
/** file_ledger_reach(ledger): a crash point of the sink's own. */
void file_ledger_reach(struct file_ledger *ledger);

/** file_load_open(load, dir, ledger, options): module opened in ${dir}; options: names and values, NULL-ended; the fault is in
 * load->fault. */
int file_load_open(struct file_load *load, const char *dir, struct file_ledger *ledger, const char *const *options);
int file_load_claim(struct file_load *load);
/** file_load_prepare(load, target, count): the first ${count} of load->target, whose columns are set by the caller. */
int file_load_prepare(struct file_load *load, uint32_t count);
/** file_load_stage(load, target, batch): takes over ${batch}, numbers it. */
int file_load_stage(struct file_load *load, uint32_t target, struct batch *batch);
int file_load_commit(struct file_load *load, const char *position, bool input_end, bool file_end);
/** file_load_end(load): the run's end, as sink_end. */
int file_load_end(struct file_load *load);
void file_load_rollback(struct file_load *load);
void file_load_close(struct file_load *load);

/** file_batch(column, columns, ops, cells): a change a character of ${ops}; cells row by row, NULL for null. Event ids, positions
 * and instants count up. */
struct batch *file_batch(const struct daybreak_column *column, uint32_t columns, const char *ops, const char *const *cells);

/** file_dir(dir): a new empty folder. file_dir_remove: with what is in it. */
void file_dir(char dir[512]);
void file_dir_remove(const char *dir);
/** file_text(dir, name): content, malloc'ed; NULL when it is not there. file_put: written anew; file_append: behind what
 * is there. */
char *file_text(const char *dir, const char *name);
void file_put(const char *dir, const char *name, const char *text);
void file_append(const char *dir, const char *name, const char *text);
/** file_list(dir): names of all files, hidden ones too, sorted, blanks between; malloc'ed. */
char *file_list(const char *dir);

#endif
