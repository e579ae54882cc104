/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTORS_ENVELOPE_CONTEXT_H
#define CONNECTORS_ENVELOPE_CONTEXT_H

#include <daybreak/connector.h>

#include "envelope_piece.h"

/** envelope_context_make(piece, context): `,"reason":…,"actor":…,"related":…` of the JSON ${context}, null for what it does not say. */
void envelope_context_make(struct envelope_piece *piece, struct daybreak_text context);

#endif
