/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "engine/pipeline.h"

/** progress_show: one line on a terminal's stderr, drawn anew at most ten times a second; a bar where the input's size is known. */
void progress_show(struct pipeline *pipeline, const struct daybreak_input *input, int64_t bytes, int64_t rows);
/** progress_clear: the line is gone; called before anything else is printed. */
void progress_clear(void);

#endif
