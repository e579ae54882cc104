/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_STORED_H
#define LEDGER_STORED_H

#include <stdbool.h>

#include "daybreak/connector.h"

/* Where a record stands that is stored by itself: dead, held, waiting. One that passes straight
 * through has no state; its batch has. */
enum stored_state {
    STORED_PENDING, /* set aside in a batch that has not landed: "provisional" */
    STORED_HELD,
    STORED_WAITING,
    STORED_RELEASED,
    STORED_DELIVERED,
    STORED_CONFIRMED,
    STORED_MISSED,
    STORED_REJECTED,
    STORED_EXPIRED,
    STORED_DEAD,
    STORED_DROPPED,
    STORED_SUPERSEDED,
    STORED_WITHDRAWN,
    STORED_HEALED,
    STORED_FILTERED, /* retried, and a filter of today's file takes it out */
    STORED_STATES,
};

enum stored_verb {
    STORED_HOLD,
    STORED_REFUSE,
    STORED_PARK,
    STORED_DIVERT,
    STORED_APPROVE,
    STORED_REJECT,
    STORED_EXPIRE,
    STORED_FREE,
    STORED_DELIVER,
    STORED_CONFIRM,
    STORED_MISS,
    STORED_RETRY,
    STORED_DROP,
    STORED_SUPERSEDE,
    STORED_WITHDRAW,
    STORED_HEAL,
    STORED_FILTER,
    STORED_VERBS,
};

extern const char *const stored_state_name[STORED_STATES];           /* "provisional", "held", … */
extern const char *const stored_verb_name[STORED_VERBS]; /* "hold", "refuse", … */

/** stored_state_of(name, state): false when no state is called so. */
bool stored_state_of(const char *name, enum stored_state *state);
/** stored_move(state, verb, fault): the one function that moves: ${state} becomes what the table says;
 * a move that is not in it is ASIDE status 1 and changes nothing. */
int stored_move(enum stored_state *state, enum stored_verb verb, struct daybreak_fault *fault);
/** stored_may(state, verb): whether it would move; for lists of allowed actions. */
bool stored_may(enum stored_state state, enum stored_verb verb);

#endif
