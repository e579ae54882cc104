/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/** clock_now_us(): Unix µs, UTC. DAYBREAK_NOW_US=N (tests) freezes it at N. clock_set_us: test clock, 0 ends it. */
int64_t clock_now_us(void);
void clock_set_us(int64_t now_us);
/** clock_steady_ms(): CLOCK_BOOTTIME; for every timeout, backoff and wait. */
int64_t clock_steady_ms(void);

#define CLOCK_TEXT_ROOM 32
/** clock_text(us, text): RFC 3339 UTC with µs, "2025-02-20T03:53:00.000000Z", into ${text}; returns its length. */
int clock_text(int64_t us, char text[CLOCK_TEXT_ROOM]);
/** clock_duration(ms, text): for people: "850 ms", "12 s", "4 min 10 s", "14 h 5 min", "3 d 2 h"; returns ${text}. */
char *clock_duration(int64_t ms, char text[CLOCK_TEXT_ROOM]);

#endif
