/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_UNMATCHED_H
#define ENGINE_UNMATCHED_H

#include "config/config.h"

/** unmatched_hint(config, fault): why nothing matches source.path, as far as the folders can tell: which of them is not there,
 * what it is called
 * instead, what lies in it. */
void unmatched_hint(const struct config *config, struct daybreak_fault *fault);

#endif
