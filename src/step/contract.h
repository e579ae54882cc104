/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STEP_CONTRACT_H
#define STEP_CONTRACT_H

#include "config/config.h"
#include "step/step.h"

struct batch;
struct contract;

/*
 * The source's lookups and contract of a table, asked of every row before it is compared. A row without an answer, or that breaches the
 * contract, is bad: its key counts as seen, the last good version stays, the guards count it.
 */

/** contract_wanted(table): it has a contract, or lookups of the source. */
bool contract_wanted(const struct config_table *table);
/** contract_make(request, contract, fault): for the layout of ${request}, as step_plan_make; NULL where the table wants none. */
int contract_make(const struct step_request *request, struct contract **contract, struct daybreak_fault *fault);
void contract_free(struct contract *contract);
const struct batch_layout *contract_layout(const struct contract *contract);
/**
 * contract_run(contract, batch, fault): rows that breach it become bad, those that are bad already are not asked. Reasons: lookup_none, lookup_many
 * and their like; `required`, with the column; the name of a check that is false, or that cannot be computed. A check that is null holds, as in
 * SQL. Types the rows. Faults are those of lookups.
 */
int contract_run(struct contract *contract, struct batch *batch, struct daybreak_fault *fault);

#endif
