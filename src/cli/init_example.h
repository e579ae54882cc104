/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_INIT_EXAMPLE_H
#define CLI_INIT_EXAMPLE_H

#include "base/text.h"

/** init_example(name, out): a pipeline file to begin with, for who has no dump at hand. */
void init_example(const char *name, struct text *out);

#endif
