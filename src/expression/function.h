/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_FUNCTION_H
#define EXPRESSION_FUNCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cells.h"
#include "expression.h"

struct arena;
struct evaluation; /* a run: evaluate.c's */
struct zone;

/*
 * How a function plugs in: one entry of function_table. The compiler checks arguments against `takes`, converts what converts
 * without loss, asks `check` where there is one, and folds calls whose arguments are all constant; so functions are
 * deterministic. The evaluator calls `run` once for many lanes. What is evaluated lazily, or takes any comparable types, is a
 * form of the checker and not in function_table, but has its line in expression_help like the operators: coalesce, ifnull,
 * nullif, iif (and if), greatest and least (and max, min: of two or more arguments; null when one is, as in SQLite), case,
 * cast, in, between, like, is distinct from. Written forms become calls: x REGEXP p is regexp(p, x), extract(f FROM x) is
 * extract('f', x), position(a IN x) is position(a, x), x AT TIME ZONE z is at_zone(x, z), substring(x FROM n [FOR m]) is
 * substring(x, n [, m]), trim([BOTH|LEADING|TRAILING] [c] FROM x) is trim|ltrim|rtrim(x [, c]).
 */
struct function_check;
struct function_call;

/*
 * Letters of `takes`, one an argument; the last one goes on where `many` is set.
 *   t text               z text or bytes, as it is        c anything, by its canonical text: becomes text
 *   i integer            n integer, decimal or real, as it is
 *   r real (integers and decimals are converted)          m decimal (integers become decimal(19,0))
 *   b boolean            y bytes                          * any type, as it is
 *   d date               w date or timestamp, as it is    s timestamp (a date becomes its midnight in the scope's zone)
 * A bare NULL fits every letter.
 */
struct function {
    const char *name;      /* lower case */
    const char *takes;     /* "tii" */
    uint8_t least;         /* arguments that must be there; at most strlen(takes), or any number with `many` */
    bool many;
    bool sees_nulls;       /* run also gets lanes with null arguments; else null in, null out, and run never meets one */
    enum daybreak_type gives;  /* its type, where check does not say otherwise (decimals: check must) */
    /** check(check): what `takes` cannot say: result type from argument types, constants that must be there or be valid, state
     * for run. False after function_error. NULL: nothing to say. Called once a call site. */
    bool (*check)(struct function_check *check);
    /** run(call): give call->out for each lane of call->lane[0..lanes). */
    void (*run)(struct function_call *call);
    /** release(state): what the arena cannot give back of check->state. */
    void (*release)(void *state);
};
extern const struct function function_table[]; /* ends with name NULL */

/* Compile time: one call site. */
struct function_check {
    const struct function *function;
    uint32_t arguments;
    struct value_type *type;             /* [arguments]; check may change one to what it wants: it is then converted (integer →
                                            decimal → real, date → timestamp, anything → text) */
    const struct cells *const *constant; /* [arguments]: its value (lane 0, perhaps null) where it is constant, else NULL */
    struct value_type gives;             /* preset: {.type = function->gives}; decimals need precision (1 to 38) and scale */
    const char *zone;                    /* the scope's zone by name, NULL: UTC */
    struct arena *arena;                 /* lives as long as the expression */
    void *state;                         /* for run; NULL at first */
    /* of function_error */
    struct expression_error *error;
    uint32_t wrong;                      /* argument, or UINT32_MAX for the whole call */
};

/* Run time. out->nulls is 0 at the lanes of lane; set it to 1 where the result is null. */
struct function_call {
    const struct cells *in;    /* [arguments]: in[n].text[i & in[n].mask] */
    uint32_t arguments;
    const uint32_t *lane;      /* ascending */
    uint32_t lanes;
    struct cells *out;         /* one cell a lane: out->text[i]; texts may point into arguments and static memory */
    void *state;
    const struct zone *zone;   /* the scope's; NULL: UTC */
    char *room, *room_end;     /* of function_room */
    struct evaluation *evaluation;
};

#define FUNCTION_TEXT_MAX (16u << 20) /* bytes of a text a function may give; repeat, lpad and their like: FUNCTION_GROWN_MAX */
#define FUNCTION_GROWN_MAX (1u << 20)

/** function_error(check, argument, what, …): the story why this call is none (UINT32_MAX: no single argument is wrong); code
 * expression-type unless check->error->code is set afterwards; a remedy may be written to check->error->suggestion afterwards.
 * Returns false. */
bool function_error(struct function_check *check, uint32_t argument, const char *what, ...) __attribute__((format(printf, 3, 4)));
/** function_fail(call, lane, reason, detail, …): this lane cannot be computed; reason is static, stable_snake_case. Its result
 * becomes null. */
void function_fail(struct function_call *call, uint32_t lane, const char *reason, const char *detail, ...)
    __attribute__((format(printf, 4, 5)));
/** function_shown(call, text): a value as messages show it: in quotes, control characters escaped, cut at 80 bytes; lives as long
 * as the run. */
const char *function_shown(struct function_call *call, struct daybreak_text text);
/** function_fits(call, lane, size, limit): whether a text of ${size} bytes may be made; else the lane fails with text_too_long.
 * */
bool function_fits(struct function_call *call, uint32_t lane, uint64_t size, uint64_t limit);

char *function_room_more(struct function_call *call, size_t bytes);
/** function_room(call, bytes): where a text may be written that lives as long as the run's results; function_took(call, end) says
 * how far it was written, what is left is given again. */
static inline char *
function_room(struct function_call *call, size_t bytes)
{
    return bytes <= (size_t)(call->room_end - call->room) ? call->room : function_room_more(call, bytes);
}

static inline void
function_took(struct function_call *call, const char *end)
{
    call->room = (char *)end;
}

/** function_find(name, size): the entry of that name in any ASCII case, or NULL. */
const struct function *function_find(const char *name, size_t size);

#endif
