/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/* Every call checks every result; a failed fsync is never retried. Faults carry status 73/74. */

/** file_write_all(fd, bytes, size, name, fault): the full write loop; EINTR and short writes go on. */
int file_write_all(int fd, const void *bytes, size_t size, const char *name, struct daybreak_fault *fault);
/** file_sync(fd, name, fault), file_sync_dir(path, fault): fsync of a file, of the folder ${path}. */
int file_sync(int fd, const char *name, struct daybreak_fault *fault);
int file_sync_dir(const char *path, struct daybreak_fault *fault);
/** file_replace(path, bytes, size, fault): aside (0600, O_EXCL), fsync, rename, fsync of the folder. */
int file_replace(const char *path, const void *bytes, size_t size, struct daybreak_fault *fault);
/** file_read(path, limit, bytes, size, fault): whole file, malloc'ed, NUL added; more than ${limit} bytes is a fault.
 * No such file: status 66. */
int file_read(const char *path, size_t limit, char **bytes, size_t *size, struct daybreak_fault *fault);
/** file_make_dir(path, fault): 0700, parents too; fine when it is there. */
int file_make_dir(const char *path, struct daybreak_fault *fault);
/** file_remove_tree(path): the folder and all in it, links themselves and not what they point to; what cannot be removed stays. */
void file_remove_tree(const char *path);
/** file_lock(path, fd, busy, fault): flock(LOCK_EX|LOCK_NB) on a file that is never unlinked; pid, boot id and start time
 * are written inside for people. Held by another: 0 with ${busy} true and no descriptor. */
int file_lock(const char *path, int *fd, bool *busy, struct daybreak_fault *fault);
/** file_is_network(path): true on NFS, CIFS, 9p and FUSE, where neither locks nor fsync can be trusted. */
bool file_is_network(const char *path);
/** file_free_bytes(path): what an unprivileged writer may still use there; -1 unknown. */
int64_t file_free_bytes(const char *path);

#endif
