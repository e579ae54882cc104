/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_ARCHIVE_H
#define FILE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "daybreak/connector.h"
#include "file_match.h"
#include "file_stream.h"

/*
 * The members of a tar, zip or 7-Zip archive, one after another. Nothing is ever unpacked to a disk: a member's name
 * is data, and
 * one that could mean harm elsewhere cuts the input. Faults as for file_stream.
 */
struct file_archive;

/** file_archive_open(stream, file, …): a tar is read out of ${stream}; zip and 7-Zip lie in ${file} itself, and
 * ${stream} is NULL. Both
 * are lent until it is closed. */
int file_archive_open(struct file_stream *stream, const struct file_open *file, const struct daybreak_host *host,
                      const struct file_limits *limits, struct file_archive **archive, struct daybreak_fault *fault);
void file_archive_close(struct file_archive *archive);
/**
 * file_archive_next(archive, select, part, found, fault): the next regular member that ${select} takes, its name lent until the next call; *found false: the archive is complete, which is proven.
 */
int file_archive_next(struct file_archive *archive, const struct file_select *select, struct daybreak_part *part, bool *found,
                      struct daybreak_fault *fault);
/** file_archive_read: *got 0 only at the end of the member, whose length and checksum are then proven. */
int file_archive_read(struct file_archive *archive, char *to, size_t room, size_t *got, struct daybreak_fault *fault);

#endif
