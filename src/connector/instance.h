/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTOR_INSTANCE_H
#define CONNECTOR_INSTANCE_H

#include "daybreak/connector.h"
#include "config/node.h"

struct arena;
struct findings;

/* One opened connector: its type, its self and the host it sees. Stays on one thread. */
struct instance {
    const struct daybreak_connector *type;
    void *self;
    struct daybreak_host host;
    struct arena *arena;
    volatile int *stop;      /* lent: host->stopping asks it */
};

/* A value the engine adds to what the file says, such as `names` of a headerless csv. */
struct instance_extra {
    const char *name;
    const char *const *item; /* a list; one item for a scalar */
    size_t count;
};

struct instance_request {
    enum daybreak_role role;
    const char *name;
    const struct config_node *node;     /* mapping with its options; NULL: presets */
    const char *const *ignore;          /* keys of the mapping that are the engine's, NULL-ended */
    const struct instance_extra *extra; /* given only where the connector has such an option and the file does not set it */
    size_t extras;
    const char *file;                   /* the pipeline file, for messages */
    const char *base_dir;
    volatile int *stop;
};

/**
 * instance_check(request, findings): options as lint sees them, nothing opened. Returns the number of errors added.
 * instance_open(request, instance, fault): load, fill, open. A wrong option is HALT (78) with its place. instance_close(NULL) does
 * nothing.
 */
size_t instance_check(const struct instance_request *request, struct findings *findings);
int instance_open(const struct instance_request *request, struct instance **instance, struct daybreak_fault *fault);
void instance_close(struct instance *instance);

#endif
