/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LOAD_WRITER_H
#define LOAD_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Drives a load as the engine does: claim, prepare, stage, commit, with real batches made of a few lines of
 * text. One writer is one run of one pipeline with one table.
 */
struct load_writer {
    const struct daybreak_connector *type;
    void *self;                       /* NULL: not open */
    struct daybreak_host host;
    struct daybreak_target target;    /* may be changed before load_writer_columns */
    const char *pipeline, *pipeline_id, *handoff, *was;
    struct daybreak_checkpoint now;   /* as the claim gave it, then as the last commit left it */
    char position[128];               /* now.position */
    int64_t loaded_at;                /* of the next batch */
    struct load_writer_inner *inner;
    char refused[4096];               /* of the last stage: "CHANGE RULE: REASON\n", in their order */
};

/** load_writer_open(writer, type, options, base_dir, fault): options are name, value, …, NULL; what is not
 * given has its preset. */
int load_writer_open(struct load_writer *writer, const struct daybreak_connector *type, const char *const *options,
                     const char *base_dir, struct daybreak_fault *fault);
void load_writer_close(struct load_writer *writer);
int load_writer_claim(struct load_writer *writer, bool read_only, struct daybreak_fault *fault);

/** load_writer_columns(writer, columns, fault): "id:text:key,qty:integer,price:decimal(12,2)"; prepares the target. */
int load_writer_columns(struct load_writer *writer, const char *columns, struct daybreak_fault *fault);
/** load_writer_stage(writer, rows, fault): one batch, a line a change: "OP CELL|CELL|…", ~ for null, cells as
 * a format would give them. A delete gives its row, too; the engine leaves all but the key null, so write ~
 * there. */
int load_writer_stage(struct load_writer *writer, const char *rows, struct daybreak_fault *fault);
int load_writer_commit(struct load_writer *writer, const char *position, bool input_end, struct daybreak_fault *fault);
void load_writer_rollback(struct load_writer *writer);

/** load_writer_scan(writer, fault): the target read back, "CELL|CELL|…[ foreign]\n" a row, ~ for null; to be
 * freed, NULL on a fault. */
char *load_writer_scan(struct load_writer *writer, struct daybreak_fault *fault);

#endif
