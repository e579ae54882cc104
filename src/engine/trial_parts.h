/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TRIAL_PARTS_H
#define ENGINE_TRIAL_PARTS_H

#include "engine/trial.h"

/** trial_differs(trial, what, …): a line about what is not as expected. */
void trial_differs(struct trial *trial, const char *what, ...) __attribute__((format(printf, 2, 3)));
/** trial_compare(trial): what came out against what the test expects, into trial->differences. */
void trial_compare(struct trial *trial);

#endif
