/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RETRY_H
#define ENGINE_RETRY_H

#include <stdint.h>

#include "daybreak/connector.h"

struct pipeline;

/**
 * retry_dead(pipeline, id, actor, reason, fault): a dead letter goes the road again, from the stage that set it aside, with today's
 * file: typed, shaped and delivered; its memory entry moves in the same commit. ASIDE with status 1 when a decision was taken
 * before, a newer version landed since, or it is refused again (it then stays dead, loops + 1).
 */
int retry_dead(struct pipeline *pipeline, int64_t id, const char *actor, const char *reason, struct daybreak_fault *fault);

#endif
