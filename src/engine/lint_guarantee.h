/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LINT_GUARANTEE_H
#define ENGINE_LINT_GUARANTEE_H

#include "config/config.h"
#include "config/finding.h"

/** lint_demands(config, findings): what the file asks of its connectors and they do not say they can do, at its place with a way out. Once
 * defaults that depend on connectors are set. */
void lint_demands(const struct config *config, struct findings *findings);

#endif
