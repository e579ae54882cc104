/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ROUTE_H
#define ENGINE_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

struct ledger;

/*
 * Where records went, by the byte that the memory keeps for their key: a set of handoffs, or a filter. Read once
 * from the ledger; a route that was never seen gets its number there before any memory has it.
 */
struct routes;

/** route_open(ledger, handoff, routes, fault): as seen by ${handoff}, which is the first route of a state that
 * begins with it. ${ledger} is lent. */
int route_open(struct ledger *ledger, const char *handoff, struct routes **routes, struct daybreak_fault *fault);
void route_close(struct routes *routes);
/** route_home(routes): the number of what the handoff alone took. route_filtered(routes, name, number, fault):
 * of what filter ${name} took out. */
uint8_t route_home(const struct routes *routes);
int route_filtered(struct routes *routes, const char *name, uint8_t *number, struct daybreak_fault *fault);
/** route_here(routes, number): did the handoff take what went there? route_taken(routes): [256] did any
 * handoff? A number that nobody knows any more counts as taken: a delete too many does no harm, one too few
 * leaves a row. */
bool route_here(const struct routes *routes, uint8_t number);
const bool *route_taken(const struct routes *routes);
/** route_filter(routes, number): the filter that took out what went there; NULL: none did. */
const char *route_filter(const struct routes *routes, uint8_t number);

#endif
