/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CSV_OPTIONS_H
#define CSV_OPTIONS_H

#include "csv_rows.h"

#pragma GCC visibility push(hidden)

/** csv_options_check(csv, wrong, context): whatever cannot be about the options of ${csv}, one call of ${wrong} each. */
void csv_options_check(const struct csv *csv, daybreak_wrong_fn wrong, void *context);
/** csv_options_make(csv): the dialect, trailer and the like out of options in which nothing is wrong. */
void csv_options_make(struct csv *csv);

#pragma GCC visibility pop

#endif
