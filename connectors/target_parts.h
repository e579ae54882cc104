/* SPDX-License-Identifier: Apache-2.0 */
/* What target files share among themselves and show to nobody else. */
#ifndef CONNECTORS_TARGET_PARTS_H
#define CONNECTORS_TARGET_PARTS_H

#include "target_file.h"

void *target_grow(void *memory, size_t size); /* realloc that never fails */
/** target_name_fill(set, table, run, date, serial): the pattern with its braces filled in; the second file of a run is called
 * NAME.2.EXTENSION. malloc'ed. */
char *target_name_fill(const struct target_set *set, const char *table, const char *run, const char *date, int64_t serial);
/** target_paths(set, file): where it lies, and what lies beside it, of mark.path. */
void target_paths(const struct target_set *set, struct target_file *file);
struct target_file *target_find(const struct target_set *set, const char *table);
struct target_file *target_add(struct target_set *set, const char *table);
void target_file_close(struct target_file *file);
void target_file_free(struct target_file *file);
/** target_place(set, file): what is open on disk: the aside of a whole file, else the file itself. */
const char *target_place(const struct target_set *set, const struct target_file *file);

/** target_replaced(set, path, how, fault): the HALT for a file that is not as we left it. */
int target_replaced(const struct target_set *set, const char *path, const char *how, struct daybreak_fault *fault);
/** target_file_publish(set, file, fault): the file is whole: from now on it has its name, and its marker. */
int target_file_publish(struct target_set *set, struct target_file *file, struct daybreak_fault *fault);
/** target_meet(set, file, head, adopt, fault): the first contact with a growing file. */
int target_meet(struct target_set *set, struct target_file *file, const struct target_head *head, bool adopt,
                struct daybreak_fault *fault);
/** target_meet_look: would it be refused? Nothing is made, cut or locked. */
int target_meet_look(const struct target_set *set, const struct target_file *file, bool adopt, struct daybreak_fault *fault);

#endif
