/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "daybreak/connector.h"

struct batch;
struct proof;

/*
 * The first station: what is there, opened and cut into batches of records. Owns the extract connector and one format connector
 * a table; decides nothing about what is new. source_look and its like run while no other thread reads; source_read belongs to the
 * reading thread between source_start and the batch whose `next` ends the input.
 */
struct source;

/** source_open(config, stop, source, fault): loads and opens the extract; formats are opened with the first part that needs one. */
int source_open(const struct config *config, volatile int *stop, struct source **source, struct daybreak_fault *fault);
void source_close(struct source *source);
const char *source_connector(const struct source *source);
uint32_t source_abilities(const struct source *source);

/** source_look(source, input, wait, next, fault): the next complete input of this look (MORE), or IDLE at its end. */
int source_look(struct source *source, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
                struct daybreak_fault *fault);
/** source_digest: XXH3-128 of the input as it lies there. */
int source_digest(struct source *source, uint8_t digest[16], struct daybreak_fault *fault);

/* Where reading begins: at the part `part` behind `mark`; both "" for the beginning. */
struct source_start {
    const char *part, *mark;
    bool growing;   /* a plain file that is only written to at its end: its last line without a line end waits */
};
void source_start(struct source *source, const struct daybreak_input *input, const struct source_start *start);

/**
 * source_read(source, batch, fault): the next records into ${batch}: at most one block, of one table, with layout, flags of bad rows, marks and
 * story.part. batch->next is MORE, PART_END (its rows are the last of that part), INPUT_END (no rows) or INPUT_CUT (rows before the cut,
 * which may be none; batch->cut says why). -1 only for RETRY and HALT.
 */
int source_read(struct source *source, struct batch *batch, struct daybreak_fault *fault);

/** source_probe(source, offset, to, size, got, fault): bytes of the input as they lie there, before source_start; only where the extract resumes. */
int source_probe(struct source *source, uint64_t offset, char *to, size_t size, size_t *got, struct daybreak_fault *fault);
/** source_decodes(source): the part read now goes through another encoding: offsets in it are not those of the file. */
bool source_decodes(const struct source *source);
/** source_changed: the input was altered while it was read. source_finish: it is durably done (`after` acts). source_abandon: it is not. */
bool source_changed(struct source *source);
int source_finish(struct source *source, struct daybreak_fault *fault);
void source_abandon(struct source *source);

/** source_proof: what was read of the input, part by part, and the manifests among its members; kept where a guard asks for it. After the last
 * batch, until the next source_start. source_beside(source, beside, to, room, got, next, fault): what stands beside the input, as the extract
 * has it; IDLE of an extract that cannot know. */
const struct proof *source_proof(const struct source *source);
int source_beside(struct source *source, struct daybreak_beside *beside, char *to, size_t room, size_t *got, enum daybreak_next *next,
                  struct daybreak_fault *fault);
/** source_manifest_named(manifest, name): this member is such a manifest. */
bool source_manifest_named(const struct config_manifest *manifest, const char *name);
/** source_evidence(source): what else the extract has to say of the input given last; "" where there is nothing. Lent until the next look. */
const char *source_evidence(struct source *source);
/** source_mark: the restart point behind a row. source_compare: <0 0 >0 as mark a stands before, at or behind mark b. */
int source_mark(struct source *source, const struct batch *batch, uint32_t row, char to[64], struct daybreak_fault *fault);
int source_compare(struct source *source, uint32_t table, const char *mark_a, const char *mark_b);
/** source_parts_seen(source, table): how many parts of this input were read for that table. */
uint32_t source_parts_seen(const struct source *source, uint32_t table);
/** source_names_all(source, table): its format's header names every column, so that one not named is gone. */
bool source_names_all(const struct source *source, uint32_t table);
/** source_options(config, …): what lint needs to check the options of the source's connectors. */
size_t source_check(const struct config *config, struct findings *findings);

#endif
