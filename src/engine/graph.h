/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_GRAPH_H
#define ENGINE_GRAPH_H

#include "base/text.h"
#include "config/config.h"

/* The road of one pipeline file as a picture: what it reads, what finds the changes, what reshapes them, where they land. */
void graph_text(const struct config *config, struct text *out);
/** graph_dot: for Graphviz (`dot -Tsvg`). */
void graph_dot(const struct config *config, struct text *out);

#endif
