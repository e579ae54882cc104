/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_ZIP_H
#define FILE_ZIP_H

#include "daybreak/connector.h"
#include "file_open.h"

/**
 * file_zip_end(file, host, members, empty, fault): how many members the end record of a zip (APPNOTE 4.3.16, or
 * 4.3.14 for large ones)
 * says there are; *empty: the record is all there is. ASIDE when the file does not end with one. libarchive stops in
 * silence at a
 * damaged entry of the directory, so someone must count.
 */
int file_zip_end(const struct file_open *file, const struct daybreak_host *host, int64_t *members, bool *empty,
                 struct daybreak_fault *fault);

#endif
