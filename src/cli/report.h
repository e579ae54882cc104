/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stddef.h>

#include "cli/cli.h"
#include "config/config.h"
#include "engine/result.h"

/** report_table(cli, result): what a run did, as a table for a terminal. */
void report_table(struct cli *cli, const struct result *result);
/** report_dry(cli, result, config): what a dry run would have done. */
void report_dry(struct cli *cli, const struct result *result, const struct config *config);
/** report_paragraph(cli, result, config): the mail that cron sends: what, how many, the next command to type. On stderr. */
void report_paragraph(struct cli *cli, const struct result *result, const struct config *config);
/** report_sentence(result, sentence, room): the same in one sentence. */
void report_sentence(const struct result *result, char *sentence, size_t room);

#endif
