/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_APPEND_H
#define ENGINE_APPEND_H

#include "engine/pipeline.h"

struct batch;
struct source_start;

/* Files that grow at their end: each is known again by the bytes that were taken of it, whatever its name is now. */

/** append_begin(pipeline, input, digest, fault): find the file among those taken so far (or begin with it); its id goes to ${digest}. */
int append_begin(struct pipeline *pipeline, const struct daybreak_input *input, char digest[33], struct daybreak_fault *fault);
/** append_start: where reading goes on. */
void append_start(struct pipeline *pipeline, const struct daybreak_input *input, const char *digest, struct source_start *start);
/** append_note(pipeline, batch): everything up to the end of ${batch} is staged; the position says so with the next commit. */
void append_note(struct pipeline *pipeline, const struct batch *batch);
/** append_unreadable(pipeline, input, id, reason, fault): `unreadable: dead_letter`: the input is one dead letter, the next one goes on. */
int append_unreadable(struct pipeline *pipeline, const struct daybreak_input *input, int64_t id, const char *reason,
                      struct daybreak_fault *fault);

#endif
