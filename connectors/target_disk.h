/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What target files ask of the file system. Every call checks every result; a failed fsync is never tried again. Faults: 74 full
 * or failing disk, 73 what cannot be made, 75 RETRY while another holds the file, 78 what is not as it should be.
 */
#ifndef CONNECTORS_TARGET_DISK_H
#define CONNECTORS_TARGET_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <daybreak/connector.h>

#define TARGET_TAIL 4096 /* bytes at the end of a file that are remembered by their hash */

/* A HALT with its exit status and stable code; gives -1. */
#define TARGET_HALT(host, fault, status, code, ...)                                                                            \
    ((host)->fault(fault, DAYBREAK_HALT, __VA_ARGS__), target_fault_exit(fault, status, code))
int target_fault_exit(struct daybreak_fault *fault, int status, const char *code);
/** target_cannot(host, fault, verb, path): "cannot VERB 'PATH': CAUSE" of errno, with the status that fits it. */
int target_cannot(const struct daybreak_host *host, struct daybreak_fault *fault, const char *verb, const char *path);

/** target_copy, target_join: malloc'ed, never NULL. */
char *target_copy(const char *text);
char *target_join(const char *a, const char *b, const char *c, const char *d);
/** target_folder(path): its folder, "." when it has none; malloc'ed. target_name(path): behind the last slash. */
char *target_folder(const char *path);
const char *target_name(const char *path);

int target_make_folders(const struct daybreak_host *host, const char *path, struct daybreak_fault *fault);
/** target_sync(host, fd, path, fault): data and length of the file. target_sync_folder(host, path, fault): of the folder of
 * ${path}. */
int target_sync(const struct daybreak_host *host, int fd, const char *path, struct daybreak_fault *fault);
int target_sync_folder(const struct daybreak_host *host, const char *path, struct daybreak_fault *fault);
/** target_open_file(host, path, fd, st, fault): open for appending, locked by us; a regular file or a HALT. *fd is -1 when
 * there is none. */
int target_open_file(const struct daybreak_host *host, const char *path, int *fd, struct stat *st, struct daybreak_fault *fault);
/** target_make_file(host, path, fd, st, fault): new, 0644 without the umask; one that is there is a HALT. */
int target_make_file(const struct daybreak_host *host, const char *path, int *fd, struct stat *st, struct daybreak_fault *fault);
/** target_tail(host, fd, path, length, tail, fault): hash of the last TARGET_TAIL of the first ${length} bytes. */
int target_tail(const struct daybreak_host *host, int fd, const char *path, int64_t length, uint8_t tail[16],
                struct daybreak_fault *fault);
int target_cut(const struct daybreak_host *host, int fd, const char *path, int64_t length, struct daybreak_fault *fault);
/** target_publish(host, from, to, fault): rename that never replaces, then its folder is synced. */
int target_publish(const struct daybreak_host *host, const char *from, const char *to, struct daybreak_fault *fault);

/*
 * The note beside a growing file: it is there exactly while bytes that are not committed may stand behind the mark, and says
 * whose, in which file, and how far they may reach. It is synced when it is made, not when the reach moves: after a power cut
 * (another boot) the reach is not believed.
 */
struct target_note {
    char owner[17];
    uint64_t device, inode;
    int64_t from;   /* durable length when it was made */
    int64_t reach;
    bool this_boot;
};

int target_note_make(const struct daybreak_host *host, const char *path, const struct target_note *note, int *fd,
                     struct daybreak_fault *fault);
int target_note_move(const struct daybreak_host *host, int fd, const char *path, const struct target_note *note,
                     struct daybreak_fault *fault);
/** target_note_read(path, note): false when there is none, or none that can be read. */
bool target_note_read(const char *path, struct target_note *note);

#endif
