/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXTRACT_READER_H
#define EXTRACT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Drives an extract of bytes as the engine does. What comes out is text, so that a test can say what it expects in
 * one string. All
 * texts are to be freed.
 */

/** extract_open(type, options, base_dir, fault): name, value, …, NULL; lists and maps: items separated by '|', maps
 * as name=value.
 * NULL with the fault. */
void *extract_open(const struct daybreak_connector *type, const char *const *options, const char *base_dir,
                   struct daybreak_fault *fault);
void extract_close(const struct daybreak_connector *type, void *self);

/** extract_look(type, self, wait): one whole look, every input abandoned: "NAME TIME[ packed]\n" …, and *wait, when
 * not NULL. */
char *extract_look(const struct daybreak_connector *type, void *self, struct daybreak_wait *wait);
/** extract_take(type, self, name): begin a look and stop at this input; false when the look ends without it. */
bool extract_take(const struct daybreak_connector *type, void *self, const char *name);
/** extract_input(type, self, room): the input given last, read with buffers of ${room} bytes: "[PART]BYTES" for each
 * part, then "end"
 * or "cut: WHAT" or "fault: WHAT". Parts longer than 200 bytes are "[PART]#COUNT:HASH". */
char *extract_input(const struct daybreak_connector *type, void *self, size_t room);
/** extract_hash(bytes, size): what stands for a long part. To be freed. */
char *extract_hash(const char *bytes, size_t size);

/** extract_log(): what was logged since it was asked last: "L phrase\n" …. */
char *extract_log(void);
/** extract_stop(stop): what host->stopping says from now on. */
void extract_stop(bool stop);

#endif
