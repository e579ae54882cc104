/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_ZONE_H
#define RECORD_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

/**
 * zone_find(name): a time zone by its tzdata name, read once from the system's compiled files (TZif, RFC 8536) and
 * kept as long as the process lives; NULL when there is none of that name or its file is damaged. `$TZDIR` names
 * another folder. Any thread.
 */
const struct zone *zone_find(const char *name);
const char *zone_name(const struct zone *zone);
/**
 * zone_utc(zone, local_s): the Unix second of a wall clock time, given as if it were UTC. A time that comes twice
 * (clocks go back) is its first occurrence; one that never comes (clocks go forward) is moved forward by the gap. Any
 * thread.
 */
int64_t zone_utc(const struct zone *zone, int64_t local_s);
/** zone_local(zone, utc_s): the other way: what a wall clock there shows at a Unix second, given as if it were UTC. Every
 * instant has one. Any thread. */
int64_t zone_local(const struct zone *zone, int64_t utc_s);
/** zone_parse(bytes, size, name): a zone from the bytes of a TZif file, NULL when they are none; zone_free gives it back. */
struct zone *zone_parse(const char *bytes, size_t size, const char *name);
void zone_free(struct zone *zone);

#endif
