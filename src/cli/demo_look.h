/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DEMO_LOOK_H
#define CLI_DEMO_LOOK_H

#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"

/* A reader of the demo's target, as any program of the user's would be: it never writes, and never moves the target's journal. */
struct demo_look;

/** demo_look_open(path): NULL when there is no such database (yet). */
struct demo_look *demo_look_open(const char *path);
void demo_look_close(struct demo_look *look);
/** demo_look_number(look, query): the one number of a query; ${otherwise} when there is none, or its table is not there (yet). */
int64_t demo_look_number(struct demo_look *look, const char *query, int64_t otherwise);
/** demo_look_text(look, query, out): the one text of a query is appended; -1 when there is none. */
int demo_look_text(struct demo_look *look, const char *query, struct text *out);
/** demo_look_digest(look, query, hex, rows): SHA-256 over every cell of a query, with its length; equal results have equal digests. */
int demo_look_digest(struct demo_look *look, const char *query, char hex[65], int64_t *rows, struct daybreak_fault *fault);

#endif
