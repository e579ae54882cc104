/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include "daybreak/connector.h"

/* A file of a template: its name and text, in both of which `template` stands for the connector's name. */
struct template_file {
    const char *name, *text; /* name NULL ends a list */
};

/** template_files(role): what a new connector of the role begins with, compiled in from connectors/template. */
const struct template_file *template_files(enum daybreak_role role);
/** template_name(role, name, file, to): the file's name for a connector of that name. */
void template_name(enum daybreak_role role, const char *name, const char *file, char to[128]);
/** template_write(role, name, folder, fault): the folder, new, with its files. Status 73 when it cannot be made or is there already. */
int template_write(enum daybreak_role role, const char *name, const char *folder, struct daybreak_fault *fault);

#endif
