/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTORS_ENVELOPE_FOREIGN_H
#define CONNECTORS_ENVELOPE_FOREIGN_H

#include <daybreak/connector.h>

#include "envelope_piece.h"

#define ENVELOPE_FOREIGN_SOURCE "/daybreak/" /* the pipeline's name follows, as in a URI */

void envelope_foreign_debezium(struct envelope_piece *piece, const struct daybreak_story *story);
void envelope_foreign_cloudevents(struct envelope_piece *piece, const struct daybreak_story *story);
/** envelope_foreign_type(op): what CloudEvents call it. */
const char *envelope_foreign_type(char op);

#endif
