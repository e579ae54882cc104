/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_READER_H
#define FILE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"
#include "file_match.h"
#include "file_open.h"
#include "file_stream.h"

/*
 * One opened file as its parts: itself, with its compression taken off, or the members of its archive. Faults as for
 * file_stream:
 * ASIDE says that the input is cut.
 */
struct file_reader;

/** file_reader_open(file, host, limits, select, reader, fault): ${file} and ${select}, which members are wanted, are lent. */
int file_reader_open(const struct file_open *file, const struct daybreak_host *host, const struct file_limits *limits,
                     const struct file_select *select, struct file_reader **reader, struct daybreak_fault *fault);
void file_reader_close(struct file_reader *reader);
/** file_reader_next(reader, part, found, fault): its next part, the name ("" for the file itself) lent until the next call;
 * *found false: there is no more, and what there was is complete. */
int file_reader_next(struct file_reader *reader, struct daybreak_part *part, bool *found, struct daybreak_fault *fault);
/** file_reader_read: *got 0 only at the end of the part, which is then proven. file_reader_seek: plain files only. */
int file_reader_read(struct file_reader *reader, char *to, size_t room, size_t *got, struct daybreak_fault *fault);
int file_reader_seek(struct file_reader *reader, uint64_t offset, struct daybreak_fault *fault);

#endif
