/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REAL_TEXT_H
#define REAL_TEXT_H

#include <stddef.h>

#define REAL_TEXT_ROOM 64

/** real_text(value, room): the shortest digits that read back the same, plain from 1e-6 up to 1e21: the form a batch gives; how many bytes. */
size_t real_text(double value, char *room);

#endif
