/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSON_WALK_H
#define JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define JSON_WALK_DEPTH 64
#define JSON_WALK_SEEN 8

/* What may stand next, outside of the records. */
enum json_expect {
    JSON_A_VALUE,
    JSON_VALUE_OR_END, /* behind [ */
    JSON_NAME_OR_END,  /* behind { */
    JSON_A_NAME,
    JSON_A_COLON,
    JSON_COMMA_OR_END,
    JSON_NOTHING,      /* the document is over */
};

enum json_walked {
    JSON_WALKED,       /* to the end of the block: more of it is needed */
    JSON_ARRAY,        /* stands behind the [ of the array that was looked for */
    JSON_OVER,         /* the document is over; what stands at `at` is behind it */
    JSON_BROKEN,       /* wrong says what is no JSON at `at` */
};

/*
 * The way through one JSON document to the array of records, and from there to the end: checks the grammar around the records, keeps
 * nothing but where it stands, so a document may be of any size. Records themselves are read by others.
 */
struct json_walk {
    char *const *step;     /* names on the way to the array; lent */
    uint32_t steps;
    uint32_t matched;      /* how many of them lie on the way to where it stands */
    bool here;             /* the value that comes is the next step's */
    bool found;            /* the array was met */
    uint64_t objects;      /* one bit a level, the innermost lowest */
    uint32_t depth;
    enum json_expect expect;
    const char *wrong;
    char seen[JSON_WALK_SEEN][64]; /* arrays of objects that were passed, for whoever asks for another */
    uint32_t seen_count;
    char name[64];         /* of the member that comes, cut */
};

void json_walk_begin(struct json_walk *walk, char *const *step, uint32_t steps);
/** json_walk_inside(walk): as it stands behind a record, where a part goes on at a mark. */
void json_walk_inside(struct json_walk *walk);
/** json_walk_end(walk): at the ] of the array; it stands behind it then. */
void json_walk_end(struct json_walk *walk);
/**
 * json_walk(walk, block, at, size, last): from ${at} on, as far as it goes; a token that is not whole is left for the next block unless
 * it is the ${last}. Whoever is given JSON_ARRAY goes on behind the ] with json_walk_end.
 */
enum json_walked json_walk(struct json_walk *walk, const char *block, uint32_t *at, uint32_t size, bool last);

/**
 * json_extent(block, at, size): where the value that begins at ${at} ends, 0 when its end is not in the block. Brackets are only counted and
 * strings passed over: whether it is JSON is asked of it afterwards.
 */
uint32_t json_extent(const char *block, uint32_t at, uint32_t size, bool last);

#pragma GCC visibility pop

#endif
