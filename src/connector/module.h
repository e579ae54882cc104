/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTOR_MODULE_H
#define CONNECTOR_MODULE_H

#include "daybreak/connector.h"

/**
 * module_folder_set(dir): look for modules in ${dir} alone (--connectors). Otherwise $DAYBREAK_CONNECTORS, then the folder
 * `connectors` beside the binary (a build tree), then the folder they are installed to.
 */
void module_folder_set(const char *dir);
const char *module_folder(void);

/**
 * module_find(role, name, connector, fault): the connector ${name} of ${role}, from ROLE_NAME.so. Loaded once a process and never
 * unloaded. The file must be regular, owned by root, the caller or the owner of this binary, and not writable by others; this is
 * checked on the very descriptor that is then loaded. ABI number, struct size, role, name and the calls of its role are checked
 * too. HALT (78) otherwise; the hint lists the modules that are there.
 */
int module_find(enum daybreak_role role, const char *name, const struct daybreak_connector **connector,
                struct daybreak_fault *fault);

/** module_add(connector): a connector of this binary's own, found by its name before any file is; lent for ever. Twice does nothing. */
void module_add(const struct daybreak_connector *connector);

/** module_each(each, context): every loadable module of the folder, by role then name; those that fail their checks are given with
 * ${connector} NULL and the fault. */
void module_each(void (*each)(void *context, const char *file, const struct daybreak_connector *connector,
                              const struct daybreak_fault *fault),
                 void *context);

extern const char *const module_role_name[]; /* by enum daybreak_role: "extract", "format", "load", "transform" */

#endif
