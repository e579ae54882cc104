/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_BESIDE_H
#define FILE_BESIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "daybreak/connector.h"
#include "file_look.h"
#include "file_open.h"

/** file_beside_own(name): without its folder. */
const char *file_beside_own(const char *name);
/**
 * file_beside_name(asked, name, to): what stands beside the file ${name}, in its folder: ${asked} with {name} and {stem} filled in. The stem is the name
 * without what says how it is packed, and without one more ending. false: it would be too long.
 */
bool file_beside_name(const char *asked, const char *name, char to[PATH_MAX]);
/** file_beside_read(look, host, name, offset, to, room, got, there, fault): bytes of a regular file ${name}; *there false: there is none. */
int file_beside_read(const struct file_look *look, const struct daybreak_host *host, const char *name, uint64_t offset, char *to,
                     size_t room, size_t *got, bool *there, struct daybreak_fault *fault);

#endif
