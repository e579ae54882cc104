/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the conformance kit have in common. Everything here runs in the child that tries one property. */
#ifndef CONNECTOR_KIT_PARTS_H
#define CONNECTOR_KIT_PARTS_H

#include <limits.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "connector/instance.h"
#include "connector/kit.h"
#include "daybreak/connector.h"

struct kit {
    const struct kit_request *request;
    const struct daybreak_connector *type; /* NULL until kit_load */
    struct arena *arena;
    char dir[PATH_MAX];                    /* the child's own empty folder */
    struct kit_result result;
};

struct kit_property {
    const char *name;
    void (*run)(struct kit *kit);
    unsigned seconds;       /* of CPU; the wall clock gets three times as long */
    unsigned memory_mib;    /* 0: the usual */
};

/* By role; each ends with name NULL. Those of every role come first. */
extern const struct kit_property kit_common[], kit_extract[], kit_format[], kit_load[], kit_transform[];

/** kit_fail, kit_skip, kit_pass(kit, …): the verdict and its sentence. The first failure stands. kit_fail gives -1. */
int kit_fail(struct kit *kit, const char *what, ...) __attribute__((format(printf, 2, 3)));
void kit_skip(struct kit *kit, const char *why, ...) __attribute__((format(printf, 2, 3)));
void kit_pass(struct kit *kit, const char *what, ...) __attribute__((format(printf, 2, 3)));

/** kit_loaded(kit): the module is loaded; otherwise the property is skipped. */
bool kit_loaded(struct kit *kit);
/** kit_open(kit, options): an instance with the request's options (${options} NULL) or others; NULL with the property skipped. */
struct instance *kit_open(struct kit *kit, const struct config_node *options);
/** kit_try(kit, options, fault): the same without a verdict. */
struct instance *kit_try(const struct kit *kit, const struct config_node *options, struct daybreak_fault *fault);
/** kit_files(kit): the request's files are made in the child's folder. */
int kit_files(struct kit *kit);
/** kit_random(state): reproducible numbers. */
uint64_t kit_random(uint64_t *state);
/** kit_fault_sane(kit, fault, doing): a call that gave -1 must have said what and which kind; else the property fails. */
bool kit_fault_sane(struct kit *kit, const struct daybreak_fault *fault, const char *doing);

/**
 * kit_exercise(kit, instance, seed, out): what the module is for, once: everything it reads or makes of the sample, as text. The same ${seed} gives
 * the same text, on any thread. Loads write into a target named by the seed. -1 with the fault.
 */
int kit_exercise(struct kit *kit, struct instance *instance, uint64_t seed, struct text *out, struct daybreak_fault *fault);
int kit_exercise_extract(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault);
int kit_exercise_format(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault);
int kit_exercise_load(struct kit *kit, struct instance *instance, uint64_t seed, struct text *out, struct daybreak_fault *fault);
int kit_exercise_transform(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault);

#endif
