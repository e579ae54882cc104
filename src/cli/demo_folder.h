/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DEMO_FOLDER_H
#define CLI_DEMO_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

#define DEMO_NIGHTS 31

/* One published dump. */
struct demo_night {
    char day[11];   /* 2026-08-03 */
    char path[PATH_MAX];
    int64_t bytes;
};

/* What the demo works on and where: published dumps, read only, and a folder of its own. */
struct demo_folder {
    char dumps[PATH_MAX]; /* fixtures/dotgov */
    char path[PATH_MAX - 64];
    bool keep;
    struct demo_night night[DEMO_NIGHTS];
    size_t nights;
};

/** demo_folder_make(folder, keep, fault): finds the dumps, makes the folder: ${keep}, which must be new or empty, or one to be removed. */
int demo_folder_make(struct demo_folder *folder, const char *keep, struct daybreak_fault *fault);
/** demo_folder_remove(folder): unless it is to be kept. */
void demo_folder_remove(struct demo_folder *folder);
/** demo_folder_begin(folder, name, fault): an empty folder ${name} in it with the pipeline file and a drop/; an older one goes. */
int demo_folder_begin(const struct demo_folder *folder, const char *name, struct daybreak_fault *fault);
/** demo_folder_bring(folder, name, night, bytes, past, fault): the first ${bytes} of a dump lie aside in NAME/drop, not yet under their
 * name: what a copying job has done when only its rename is left. With ${past} the file is as old as if it had come an hour ago. */
int demo_folder_bring(const struct demo_folder *folder, const char *name, const struct demo_night *night, int64_t bytes, bool past,
                      struct daybreak_fault *fault);
/** demo_folder_drop(folder, name, night, fault): the rename. */
int demo_folder_drop(const struct demo_folder *folder, const char *name, const struct demo_night *night,
                     struct daybreak_fault *fault);

/** demo_folder_pipeline: the pipeline file of the demo, as it is written and shown. */
extern const char demo_folder_pipeline[];

#endif
