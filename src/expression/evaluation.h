/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_EVALUATION_H
#define EXPRESSION_EVALUATION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "cells.h"
#include "expression.h"
#include "term.h"

struct arena;
struct zone;

/* Memory for the cells of one term, or for four lists of lanes; kept from run to run. */
struct evaluation_slot {
    struct evaluation_slot *next; /* of those that are free */
    struct evaluation_slot *all;
    uint8_t nulls[CELLS_MAX];
    value_int128 cell[CELLS_MAX];
};

/* A run, and what is kept between runs: one an expression, one thread at a time. */
struct evaluation {
    struct evaluation_slot *free, *all;
    const struct zone *zone;         /* the scope's; NULL: UTC */
    struct arena *arena;             /* of the run: its texts, its failures */
    const struct vector *input;
    const uint32_t *pick;            /* [lanes] rows of the lanes; NULL: first + lane */
    uint32_t first, lanes;
    const struct term *root;         /* its cells go into `into` at once; NULL: they go where all do */
    struct cells into;
    struct expression_failures *failures; /* NULL: while constants are folded, and then the last one is in `failure` */
    struct expression_failure failure;
    char *room, *room_end;           /* where texts are made */
    bool any_failed;
    uint8_t failed[CELLS_MAX];       /* these lanes have failed: they are reported, and not computed where that is cheap to avoid */
};

/* The head of a term_compute. */
#define EVALUATION_COMPUTE(name)                                                                                        \
    static void name(struct evaluation *evaluation, struct term *term, const struct cells *in, const uint32_t *lane,   \
                     uint32_t lanes, struct cells *out)

/* CODE for every lane i of lane[0..lanes), or of 0..lanes where lane is NULL; written twice, because the second loop is the one
 * that vectorises. */
#define EVALUATION_EACH(i, ...)                                   \
    do {                                                          \
        if (lane == NULL) {                                       \
            for (uint32_t i = 0; i < lanes; i++) {                \
                __VA_ARGS__                                       \
            }                                                     \
        } else {                                                  \
            for (uint32_t lane_i = 0; lane_i < lanes; lane_i++) { \
                const uint32_t i = lane[lane_i];                  \
                __VA_ARGS__                                       \
            }                                                     \
        }                                                         \
    } while (0)

/** evaluation_chunk(evaluation): the root over lanes 0..evaluation->lanes, its cells in evaluation->into; failed lanes are null.
 * */
void evaluation_chunk(struct evaluation *evaluation);
void evaluation_fini(struct evaluation *evaluation);

/** evaluation_term(evaluation, term, lane, lanes, out): the cells of ${term} at those lanes; evaluation_give gives back what it
 * took. */
void evaluation_term(struct evaluation *evaluation, struct term *term, const uint32_t *lane, uint32_t lanes, struct cells *out);
/** evaluation_take(evaluation, term, out): memory of its own for the cells of ${term}, nulls not set. */
void evaluation_take(struct evaluation *evaluation, const struct term *term, struct cells *out);
void evaluation_give(struct evaluation *evaluation, struct cells *cells);
struct evaluation_slot *evaluation_slot_take(struct evaluation *evaluation);
void evaluation_slot_give(struct evaluation *evaluation, struct evaluation_slot *slot);
/** evaluation_nulls(in, count, lane, lanes, nulls): nulls where any of ${in} is null. */
void evaluation_nulls(const struct cells *in, uint32_t count, const uint32_t *lane, uint32_t lanes, uint8_t *nulls);
/** evaluation_present(nulls, lane, lanes, room): the lanes that are not null, in ${room} (CELLS_MAX); ${lane} itself when all
 * are. */
const uint32_t *evaluation_present(const uint8_t *nulls, const uint32_t *lane, uint32_t *lanes, uint32_t *room);
/** evaluation_every(): 0, 1, 2, … CELLS_MAX - 1: the list of all lanes, for those who want one. */
const uint32_t *evaluation_every(void);
/** evaluation_copy(out, from, lane, lanes): cells of ${from} into ${out}, nulls too; same type. */
void evaluation_copy(struct cells *out, const struct cells *from, const uint32_t *lane, uint32_t lanes);

/** evaluation_fail(evaluation, lane, out, reason, detail, …): the row of this lane cannot be computed; its cell of ${out} becomes
 * null. */
void evaluation_fail(struct evaluation *evaluation, uint32_t lane, struct cells *out, const char *reason, const char *detail, ...)
    __attribute__((format(printf, 5, 6)));
void evaluation_vfail(struct evaluation *evaluation, uint32_t lane, const char *reason, const char *detail, va_list args)
    __attribute__((format(printf, 4, 0)));
/** evaluation_shown(evaluation, cells, lane): a value as messages show it: its canonical text, texts in quotes and cut at 80
 * bytes. */
const char *evaluation_shown(struct evaluation *evaluation, const struct cells *cells, uint32_t lane);
const char *evaluation_text_shown(struct evaluation *evaluation, struct daybreak_text text);

char *evaluation_room_more(struct evaluation *evaluation, size_t bytes);
/** evaluation_room(evaluation, bytes): where a text may be written; then evaluation->room = its end. */
static inline char *
evaluation_room(struct evaluation *evaluation, size_t bytes)
{
    return bytes <= (size_t)(evaluation->room_end - evaluation->room) ? evaluation->room : evaluation_room_more(evaluation, bytes);
}

#endif
