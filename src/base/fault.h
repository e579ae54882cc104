/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "daybreak/connector.h"

/**
 * fault_set(fault, kind, what, …):
 * Fill ${fault} with a new story; any older one is overwritten. Always returns -1. ${fault} may not
 * be NULL. The text is cut at its room, never overrun.
 */
int fault_set(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/** fault_exit(fault, status, code): name the sysexits status and the stable code of what was just set. Returns -1. */
int fault_exit(struct daybreak_fault *fault, int status, const char *code);

/** fault_within(fault, where, …): put "where: " in front of the story. Always returns -1. */
int fault_within(struct daybreak_fault *fault, const char *where, ...)
    __attribute__((format(printf, 2, 3)));

/** fault_hint(fault, hint, …): say what the person can do. Always returns -1. */
int fault_hint(struct daybreak_fault *fault, const char *hint, ...)
    __attribute__((format(printf, 2, 3)));

/** fault_status(fault): the exit status that fits: its own, else 69 for RETRY, 3 for ASIDE, 78 for HALT. */
int fault_status(const struct daybreak_fault *fault);

#endif
