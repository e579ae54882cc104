/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_MANIFEST_H
#define SOURCE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "daybreak/connector.h"

#define MANIFEST_MAX (1u << 20) /* bytes of one */

/*
 * What a sender says about its data: JSON, or lines. Lines are `name value` (also with = or : between), `SUM  name` as sha256sum writes
 * them, `SHA256 (name) = SUM`, and `COUNT name` as wc does; blank ones and those that begin with # say nothing.
 */
struct manifest;

/** manifest_new(text, size, fault): ${text} is lent for the call. NULL, with a fault of kind ASIDE, when it is neither. */
struct manifest *manifest_new(const char *text, size_t size, struct daybreak_fault *fault);
void manifest_free(struct manifest *manifest);

enum manifest_kind { MANIFEST_ROWS, MANIFEST_SHA256 };

/* By what names a manifest may know a piece of data; NULL: not by this one. The first that it has is meant. */
#define MANIFEST_NAMES 5
struct manifest_names {
    const char *name[MANIFEST_NAMES];
};

enum manifest_found {
    MANIFEST_MISSING, /* there is no such place in it */
    MANIFEST_SHARED,  /* one value, for all that the manifest speaks for */
    MANIFEST_OWN,     /* the value of this piece */
    MANIFEST_OTHERS,  /* values of others, by name, and none of this one */
};

/**
 * manifest_find(manifest, kind, path, names, value, by): the text that stands at ${path}, names with points between, into ${value}; *by is the number of
 * the name it was found by. A part {member} of the path, and an object at its end, is looked into by the names; so is an array of objects,
 * in which the one is meant that has such a name as a text. Of lines ${path} is a name, or those of ${kind} are looked through.
 */
enum manifest_found manifest_find(const struct manifest *manifest, enum manifest_kind kind, const char *path,
                                  const struct manifest_names *names, struct text *value, uint32_t *by);

/** manifest_each(manifest, kind, path, each, context): every name that ${path} has a value for by name; false from ${each} ends it. */
void manifest_each(const struct manifest *manifest, enum manifest_kind kind, const char *path, bool (*each)(void *context, const char *name),
                   void *context);

#endif
