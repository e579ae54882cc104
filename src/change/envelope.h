/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_ENVELOPE_H
#define CHANGE_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "daybreak/connector.h"

struct batch;

/* Columns of the envelope bound to a layout: UINT32_MAX where the file names none or the input has none. */
struct envelope_plan {
    uint32_t changed_at, reason, actor;
    const char *reason_text, *actor_text; /* constants */
    const uint32_t *related;              /* [context.related_count] */
    const char *const *related_text;      /* the same: constants, or NULL */
};

/**
 * envelope_fill(batch, context, plan, digest): event ids, changed_at and context of every change. An event id is XXH3-128 over
 * pipeline name, input digest, part, position in the part, key and op, each with its length in front (8 bytes, little
 * endian), so that the same change has the same id on any machine. Columns of the plan are those of the batch, made ones too; rows are typed before.
 */
void envelope_fill(struct batch *batch, const struct config_context *context, const struct envelope_plan *plan, const char *digest);
/** envelope_event_id(pipeline, digest, part, position, key, op, id): the same for one change. */
void envelope_event_id(const char *pipeline, const char *digest, const char *part, struct daybreak_text position,
                       struct daybreak_text key, char op, uint8_t id[16]);

#endif
