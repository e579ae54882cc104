/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_POSITION_H
#define ENGINE_POSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct arena;

/* A file that is only written to at its end, as far as it was taken. Known again by its content, not by its name. */
struct position_file {
    char id[33];             /* of its first bytes when it was first seen: the input's digest in event ids */
    char mark[64];           /* restart point; its byte is `bytes` */
    uint64_t bytes;          /* taken so far */
    char head[48], tail[48]; /* "N HEX": XXH3-128 of the first and of the last N bytes (up to 4096) of what was taken */
    const char *name;        /* where it was seen last */
};

/*
 * How far a route is durably done, as one text: [order, digest, part, mark] and, for files that grow, what was taken of
 * each. `mark` is "end" when the input was finished, "withheld" when all but its deletes was.
 */
struct position {
    const char *order, *digest, *part, *mark;
    struct position_file *file;
    uint32_t files, room;
};

void position_write(const struct position *position, struct text *out);
/** position_read(text, arena, position): texts in ${arena}; false when it is none ("" is the empty position). */
bool position_read(const char *text, struct arena *arena, struct position *position);
bool position_finished(const struct position *position);
/** position_withheld(position): the input was finished but for its deletes, which wait for a person. */
bool position_withheld(const struct position *position);

#endif
